"""The stage of a life: a verb is carried out, worked out by the rules, and everything that is stored is compared."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import TaskloomError
from app.services.registry import Services
from tests.support.life import stored, triage_rules
from tests.support.life.cast import COLLEAGUE, OUTSIDER, OWNER, Cast, gather_cast
from tests.support.life.things import Answer, Refused, Run
from tests.support.life.world import World

Told = TypeVar("Told")
STEP_SECONDS_MAX = 20
NOWHERE = str(UUID(int=7))

# The owner acts most often, and mostly on what the verb is for, so that most verbs are allowed.
people = st.sampled_from((OWNER, OWNER, OWNER, OWNER, OWNER, COLLEAGUE, COLLEAGUE, OUTSIDER))
names = st.sampled_from(("a", "b", "c", "d", "e"))
keys = st.sampled_from((None, None, None, "k", "l"))
places = st.sampled_from((0, 0, 0, 0, 1, 1, 2, 99))
epochs = st.sampled_from((None, 0, 0, 0, -1))


def some_run(stage: "Stage") -> bool:
    """Whether any run exists."""
    return any(world.runs for world in stage.cast.worlds.values())


def some_queued(stage: "Stage") -> bool:
    """Whether any run waits to be claimed."""
    return any(run.status == "queued" for world in stage.cast.worlds.values() for run in world.runs.values())


def some_claimed(stage: "Stage") -> bool:
    """Whether any run was ever claimed."""
    return any(run.by or run.epoch for world in stage.cast.worlds.values() for run in world.runs.values())


def some_leased(stage: "Stage") -> bool:
    """Whether an agent holds any run."""
    return any(run.is_held and run.holder for world in stage.cast.worlds.values() for run in world.runs.values())


def differences(held: object, expected: object) -> str:
    """Where what is stored departs from what the rules say."""
    if isinstance(held, dict) and isinstance(expected, dict):
        parts = {key for key in held.keys() | expected.keys() if held.get(key) != expected.get(key)}
        return "; ".join(f"{key}: {differences(held.get(key), expected.get(key))}" for key in sorted(parts, key=str))
    if isinstance(held, list) and isinstance(expected, list):
        same = next((at for at, (a, b) in enumerate(zip(held, expected, strict=False)) if a != b), len(expected))
        return f"from place {same} on stored {held[same:]}, by the rules {expected[same:]}"
    return f"stored {held!r}, by the rules {expected!r}"


def _worked_out(rule: Callable[[Any], Answer], told: object) -> Answer | Refused:
    try:
        return rule(told)
    except Refused as refusal:
        return refusal


class Stage(RuleBasedStateMachine):
    """What all verbs need; a subclass is given where to play."""

    db: ClassVar[Database]
    services: ClassVar[Services]
    loop: ClassVar[asyncio.AbstractEventLoop]
    numbers: ClassVar[Iterator[int]] = count()
    cast: Cast
    last_sequence: dict[str, int]
    known_events: dict[str, int]

    @initialize()
    def curtain(self) -> None:
        """A new cast."""
        self.cast = self.wait(gather_cast(self.db, self.services, next(self.numbers)))
        self.last_sequence = dict.fromkeys((OWNER, OUTSIDER), 0)
        self.known_events = dict.fromkeys((OWNER, OUTSIDER), 0)
        self.compare()

    def wait(self, work: Coroutine[Any, Any, Told]) -> Told:
        """The outcome of what runs on the loop of the database."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(STEP_SECONDS_MAX)

    def viewer(self, who: str) -> Viewer:
        """The person as the services know it."""
        return self.cast.people[who]

    def world(self, who: str) -> World:
        """Where the person lives."""
        return self.cast.worlds[who]

    def run_at(self, at: int, *fit: str) -> tuple[str, Run | None]:
        """A run of any tenant: those whose status fits the verb first, then what is open, the newest before older."""
        known = [run for name in (OWNER, OUTSIDER) for run in reversed(self.world(name).runs.values())]
        known.sort(key=lambda run: (run.status not in fit, not run.is_open))
        run = known[at] if at < len(known) else None
        return (NOWHERE, None) if run is None else (run.id, run)

    def session_at(self, at: int, run: Run | None = None) -> tuple[str, str]:
        """An agent session with who registered it; the first is the one that holds the run, if one does."""
        sessions = list(self.cast.sessions)
        sessions.sort(key=lambda pair: run is None or pair[1] != run.holder)
        return sessions[at] if at < len(sessions) else (OWNER, NOWHERE)

    def act(self, work: Coroutine[Any, Any, Told], rule: Callable[[Any], Answer]) -> Told | None:
        """Do it, work it out, compare; the rule gets what the caller was told, to learn ids from."""
        told, refusal = None, None
        try:
            told = self.wait(work)
        except TaskloomError as problem:
            refusal = problem
        answer = _worked_out(rule, told)
        if isinstance(answer, Refused):
            assert type(refusal) is answer.kind, f"should be {answer.kind.__name__}, was {refusal!r}, told {told}"
            self.compare()
            return None
        assert refusal is None, f"should have been done, was {refusal!r}"
        sequences = self.compare()
        if answer.event is not None:
            world, log = next((w, log) for w, log in sequences if answer.event in w.log)
            at = next(at for at, event in enumerate(world.log) if event is answer.event)
            assert getattr(told, "sequence", log[at]) == log[at], "the sequence is that of another event"
        else:
            assert getattr(told, "sequence", None) is None, "nothing happened"
        return told

    def compare(self) -> list[tuple[World, list[int]]]:
        """All that is stored equals what the rules say."""
        found = []
        for name in (OWNER, OUTSIDER):
            world, tenant_id = self.world(name), self.viewer(name).tenant_id
            held, sequences = self.wait(stored.snapshot(self.db, tenant_id))
            expected = world.snapshot()
            for part, value in expected.items():
                assert held[part] == value, f"{name}'s {part}: {differences(held[part], value)}"
            self._compare_marks(world, self.wait(stored.marks(self.db, tenant_id)))
            self._compare_order(name, sequences)
            found.append((world, sequences))
        return found

    def _compare_marks(self, world: World, held: dict[tuple[str, str], tuple[bool, bool, bool]]) -> None:
        expected = triage_rules.shown(world)
        assert held.keys() == expected.keys()
        for key, (archived, dismissed, read) in expected.items():
            assert held[key] == (archived, dismissed, held[key][2] if read is None else read), f"mark {key}"

    def _compare_order(self, name: str, sequences: list[int]) -> None:
        """What is new stands behind all that was there."""
        fresh = [sequence for sequence in sequences if sequence > self.last_sequence[name]]
        assert sequences == sorted(set(sequences))
        assert len(fresh) == len(sequences) - self.known_events[name], "an event appeared before the end"
        self.known_events[name] = len(sequences)
        self.last_sequence[name] = max([self.last_sequence[name], *sequences])
