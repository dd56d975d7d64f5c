"""Several verbs in a row that belong together, so that lives come far in few steps; each is compared like any other."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.domain.tasks.triage import Mark
from tests.support.life.agent_verbs import AgentVerbs
from tests.support.life.cast import OWNER, new_task
from tests.support.life.run_verbs import RunVerbs
from tests.support.life.stage import some_claimed, some_leased, some_queued
from tests.support.life.task_verbs import TaskVerbs, changes
from tests.support.life.things import Run

ids = st.sampled_from(("a", "b", "c", "d"))
keys = st.sampled_from((None, "k", "l"))
WAITS = ((("b", "a"), ("d", "a")), (("d", "b"),), (("d", "a"),), (("d", "b"), ("a", "b")))
ends = st.sampled_from(("completed", "failed", "released", "expired", "canceled", "completed", "failed"))


class Journeys(TaskVerbs, RunVerbs, AgentVerbs):
    """What usually happens to a task."""

    @rule(id=ids, key=keys, end=ends, regret=st.booleans())
    def an_agent_works_on_a_task(self, id: str, key: str | None, end: str, regret: bool) -> None:
        self.queue(OWNER, id, "enqueue", key)
        self.claim_by_whoever_may(id)
        self.end_by_agent(id, end)
        task = self.world(OWNER).tasks.get(id)
        if regret and task is not None and task.status in ("completed", "failed"):
            self.cancel(OWNER, id)

    @precondition(some_queued)
    @rule(id=ids)
    def an_agent_takes_a_task(self, id: str) -> None:
        self.claim_by_whoever_may(id)

    @precondition(some_leased)
    @rule(id=ids, end=ends)
    def an_agent_is_done(self, id: str, end: str) -> None:
        self.end_by_agent(id, end)

    @precondition(some_leased)
    @rule(change=changes, end=ends | st.just("released"), then=st.sampled_from(("nothing", "claimed", "queued")))
    def a_task_changes_while_an_agent_has_it(self, change: dict[str, Any], end: str, then: str) -> None:
        held = [run for run in self.world(OWNER).runs.values() if run.is_held and run.holder]
        if held:
            self.change(OWNER, held[0].task, change)
            self.end_by_agent(held[0].task, end)
            if then == "claimed":
                self.claim_by_whoever_may(held[0].task)
            elif then == "queued":
                self.queue(OWNER, held[0].task, "enqueue", None)

    @rule(id=ids, key=keys, bound=st.booleans())
    def a_person_begins_a_task(self, id: str, key: str | None, bound: bool) -> None:
        self.queue(OWNER, id, "start", key)
        run = self.open_run(id)
        if run is not None:
            self.by_hand("claim", OWNER, run.id)
            if bound:
                self.attach(OWNER, run.id, self.session_at(3)[1])

    @precondition(some_claimed)
    @rule(id=ids, outcome=st.sampled_from(("completed", "failed")))
    def a_person_is_done(self, id: str, outcome: str) -> None:
        run = self.open_run(id)
        if run is not None:
            self.by_hand("start", OWNER, run.id)
            self.finish(OWNER, run.id, outcome)

    @rule(pairs=st.sampled_from(WAITS))
    def tasks_wait_for_others(self, pairs: tuple[tuple[str, str], ...]) -> None:
        for pair in pairs:
            if pair not in self.world(OWNER).edges:
                self.depend(OWNER, *pair)

    @rule(id=st.sampled_from(("e", "f")), key=keys, last=st.sampled_from(("publish", "start", "enqueue")))
    def a_draft_is_approved(self, id: str, key: str | None, last: str) -> None:
        task = new_task(id, draft=True, manual=True)
        if id not in self.world(OWNER).tasks:
            self.create(OWNER, task)
            self.queue(OWNER, id, "publish", key)
        self.queue(OWNER, id, "approve", key)
        self.queue(OWNER, id, last, key)

    @rule(ids=st.permutations(("a", "b", "d")), urgent=st.sampled_from((40, 10)), session=st.sampled_from((1, 0)))
    def agents_take_what_is_most_urgent(self, ids: list[str], urgent: int, session: int) -> None:
        for id in ids:
            self.queue(OWNER, id, "enqueue", None)
        self.change(OWNER, ids[1], {"priority": urgent})
        self.claim(None, session, 2, frozenset(), 0)

    @rule(id=ids, marks=st.lists(st.sampled_from(Mark), min_size=2, max_size=3), between=st.booleans())
    def an_inbox_is_worked_through(self, id: str, marks: list[Mark], between: bool) -> None:
        for mark in marks:
            self.put_mark(OWNER, id, mark)
            if between:
                self.queue(OWNER, id, "enqueue", None)

    @rule(id=ids, key=keys, decision=st.sampled_from(("approve", "reject", "later", "approve")))
    def a_task_needs_approval(self, id: str, key: str | None, decision: str) -> None:
        self.change(OWNER, id, {"policy": "manual"})
        if decision == "approve":
            self.queue(OWNER, id, "approve", key)
        elif decision == "reject":
            self.reject(OWNER, id)

    def open_run(self, id: str) -> Run | None:
        """The open run of a task of the owner's tenant."""
        task = self.world(OWNER).tasks.get(id)
        return None if task is None else self.world(OWNER).open_run(task)

    def claim_by_whoever_may(self, id: str) -> None:
        """Every session of the place asks, until one holds the task's run."""
        task = self.world(OWNER).tasks.get(id)
        for at, (_, session_id) in enumerate(self.cast.sessions):
            session = self.world(OWNER).sessions.get(session_id)
            run = self.open_run(id)
            if task is not None and session is not None and session.place == task.place and run and not run.is_held:
                self.claim(None, at, 1, frozenset(), 0)

    def end_by_agent(self, id: str, end: str) -> None:
        """The holder of the task's run completes, fails or releases it, or loses it to time or to a person."""
        run = self.open_run(id)
        who, session_id = self.session_at(0, run)
        if run is None or run.holder is None:
            return
        if end == "canceled":
            self.cancel_by_hand(OWNER, run.id)
            self.beat(who, session_id, run.id, run.epoch)
        elif end == "expired":
            self.age(OWNER, run)
            self.take_back()
        elif end == "released":
            self.give_back(who, session_id, run.id, run.epoch)
        else:
            self.end_claimed(who, session_id, run.id, run.epoch, end)
