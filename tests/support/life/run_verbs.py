"""Verbs of runs that people carry out by hand, and of time itself."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.domain.tasks.lease import REAPER_BATCH
from app.storage import leases
from tests.support.life import lease_rules, operator_rules, stored
from tests.support.life.cast import OUTSIDER, OWNER
from tests.support.life.stage import Stage, people, places, some_claimed, some_leased, some_queued, some_run
from tests.support.life.things import Answer, Run


class RunVerbs(Stage):
    """claimRun to cancelRun; leases that end, and the sweep that finds them."""

    @precondition(some_queued)
    @rule(who=people, at=places)
    def claim_run(self, who: str, at: int) -> None:
        id, _ = self.run_at(at, "queued")
        self.by_hand("claim", who, id)

    @precondition(some_run)
    @rule(who=people, at=places)
    def start_run(self, who: str, at: int) -> None:
        id, _ = self.run_at(at, "claimed", "starting")
        self.by_hand("start", who, id)

    @precondition(some_run)
    @rule(who=people, at=places, session=places)
    def attach_run_session(self, who: str, at: int, session: int) -> None:
        id, _ = self.run_at(at, "claimed")
        self.attach(who, id, self.session_at(session)[1])

    @precondition(some_claimed)
    @rule(who=people, at=places, outcome=st.sampled_from(("completed", "failed")))
    def finish_run(self, who: str, at: int, outcome: str) -> None:
        self.finish(who, self.run_at(at, "running", "starting")[0], outcome)

    @precondition(some_run)
    @rule(who=people, at=places)
    def cancel_run(self, who: str, at: int) -> None:
        id, _ = self.run_at(at, "claimed", "running", "queued")
        self.cancel_by_hand(who, id)

    @precondition(some_leased)
    @rule(at=st.integers(0, 2))
    def let_a_lease_end(self, at: int) -> None:
        live = [(n, r) for n in (OWNER, OUTSIDER) for r in self.world(n).runs.values() if r.is_held and r.holder]
        if at < len(live):
            self.age(*live[at])

    @precondition(some_leased)
    @rule()
    def sweep(self) -> None:
        self.take_back()

    def by_hand(self, verb: str, who: str, id: str) -> None:
        """`claim` or `start`."""
        operations, viewer = self.services.run_operations, self.viewer(who)
        rules = operator_rules.claim if verb == "claim" else operator_rules.start
        self.act(
            operations.claim(viewer, id) if verb == "claim" else operations.start(viewer, id),
            lambda _: rules(self.world(who), self.cast.user(who), id),
        )

    def cancel_by_hand(self, who: str, id: str) -> None:
        """End an open run."""
        self.act(
            self.services.tasks.cancel_run(self.viewer(who), id),
            lambda _: operator_rules.cancel(self.world(who), self.cast.user(who), id),
        )

    def attach(self, who: str, id: str, session_id: str) -> None:
        """Bind an agent session to a run."""
        self.act(
            self.services.run_operations.attach_session(self.viewer(who), id, session_id),
            lambda _: operator_rules.attach(self.world(who), self.cast.user(who), id, session_id),
        )

    def finish(self, who: str, id: str, outcome: str) -> None:
        """Complete or fail by hand."""
        operations, viewer = self.services.run_operations, self.viewer(who)
        self.act(
            operations.complete(viewer, id, {"by": "hand"})
            if outcome == "completed"
            else operations.fail(viewer, id, "broken"),
            lambda _: operator_rules.finish(self.world(who), self.cast.user(who), id, outcome),
        )

    def age(self, name: str, run: Run) -> None:
        """Let the lease of a run end."""
        self.wait(stored.age(self.db, self.viewer(name).tenant_id, run.id))
        run.lease = "late"
        self.world(name).tasks[run.task].nudges += 1
        self.compare()

    def take_back(self) -> None:
        """One sweep over all tenants."""

        def work_out(_: object) -> Answer:
            for name in (OWNER, OUTSIDER):
                world = self.world(name)
                lease_rules.sweep(world, [r for r in world.runs.values() if r.is_held and r.lease == "late"])
            return Answer()

        self.act(self._sweep(), work_out)

    async def _sweep(self) -> None:
        for name in (OWNER, OUTSIDER):
            await leases.expire(self.db, self.viewer(name).tenant_id, most=REAPER_BATCH)
