"""Verbs of agents: whoever registered a session acts under it, and now and then somebody else tries to."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.services.leases import Claimed, Heartbeat
from app.services.reports import Report
from tests.support.life import lease_rules
from tests.support.life.cast import COLLEAGUE, OUTSIDER, OWNER
from tests.support.life.stage import Stage, epochs, places, some_claimed, some_queued
from tests.support.life.things import HELD, Answer, Run

# None: who registered the session.
callers = st.sampled_from((None, None, None, None, None, OWNER, COLLEAGUE, OUTSIDER))
# Five sessions and one that is unknown.
sessions = st.integers(0, 5)


class AgentVerbs(Stage):
    """claimNextRun, claimRuns, heartbeat, complete, fail, release, report, end of a session."""

    @precondition(some_queued)
    @rule(by=callers, session=sessions)
    def claim_next_run(self, by: str | None, session: int) -> None:
        self.claim(by, session, 1, frozenset(), 0)

    @rule(
        by=callers,
        session=sessions,
        limit=st.integers(1, 3),
        offered=st.sampled_from((frozenset(), frozenset({"gpu"}))),
        floor=st.sampled_from((0, 20, 41)),
    )
    def claim_runs(self, by: str | None, session: int, limit: int, offered: frozenset[str], floor: int) -> None:
        self.claim(by, session, limit, offered, floor)

    @precondition(some_claimed)
    @rule(by=callers, at=places, session=places, epoch=epochs)
    def heartbeat(self, by: str | None, at: int, session: int, epoch: int | None) -> None:
        self.beat(*self.under(by, at, session, epoch))

    @precondition(some_claimed)
    @rule(by=callers, at=places, session=places, epoch=epochs, outcome=st.sampled_from(("completed", "failed")))
    def finish_claimed_run(self, by: str | None, at: int, session: int, epoch: int | None, outcome: str) -> None:
        self.end_claimed(*self.under(by, at, session, epoch), outcome)

    @precondition(some_claimed)
    @rule(by=callers, at=places, session=places, epoch=epochs)
    def release_run(self, by: str | None, at: int, session: int, epoch: int | None) -> None:
        self.give_back(*self.under(by, at, session, epoch))

    @precondition(some_claimed)
    @rule(
        by=callers,
        at=places,
        session=places,
        epoch=epochs,
        fraction=st.sampled_from((None, 0.5, 1.0)),
        more=st.sampled_from((None, "x")),
    )
    def report_run(
        self, by: str | None, at: int, session: int, epoch: int | None, fraction: float | None, more: str | None
    ) -> None:
        who, session_id, run_id, asked = self.under(by, at, session, epoch)
        said = Report(fraction=fraction, transcript_append=more)
        self.act(
            self.services.leases.report(self.viewer(who), session_id, run_id, said, epoch=asked),
            lambda _: lease_rules.report(
                self.world(who), self.cast.user(who), session_id, run_id, asked, fraction, more
            ),
        )

    @rule(session=st.sampled_from((3, 0)), sure=st.sampled_from((False, False, False, True)))
    def end_agent_session(self, session: int, sure: bool) -> None:
        who, session_id = self.session_at(session)
        if sure:
            self.act(
                self.services.agent_sessions.end(self.viewer(who), session_id),
                lambda _: lease_rules.end_session(self.world(who), self.cast.user(who), session_id),
            )

    def under(self, by: str | None, at: int, session: int, epoch: int | None) -> tuple[str, str, str, int | None]:
        """Who acts under which session on which run, and the epoch they send: the right one and so much."""
        run_id, run = self.run_at(at, *HELD)
        who, session_id = self.session_at(session, run)
        return by or who, session_id, run_id, _epoch(run, epoch)

    def beat(self, who: str, session_id: str, run_id: str, epoch: int | None) -> None:
        """A heartbeat; what it is told is what the rules say."""
        facts: dict[str, object] = {}

        def work_out(_: object) -> Answer:
            answer = lease_rules.heartbeat(self.world(who), self.cast.user(who), session_id, run_id, epoch)
            facts.update(answer.facts)
            return answer

        told = self.act(self.services.leases.heartbeat(self.viewer(who), session_id, run_id, epoch=epoch), work_out)
        if told is not None:
            assert isinstance(told, Heartbeat)
            assert facts == {"lease_lost": told.lease_lost, "cancel_requested": told.cancel_requested}

    def end_claimed(self, who: str, session_id: str, run_id: str, epoch: int | None, outcome: str) -> None:
        """Complete or fail under a lease."""
        leases, viewer = self.services.leases, self.viewer(who)
        self.act(
            leases.complete(viewer, session_id, run_id, epoch=epoch, result=[1])
            if outcome == "completed"
            else leases.fail(viewer, session_id, run_id, epoch=epoch, error="broken"),
            lambda _: lease_rules.finish(self.world(who), self.cast.user(who), session_id, run_id, epoch, outcome),
        )

    def give_back(self, who: str, session_id: str, run_id: str, epoch: int | None) -> None:
        """Release under a lease."""
        self.act(
            self.services.leases.release(self.viewer(who), session_id, run_id, epoch=epoch, reason="tired"),
            lambda _: lease_rules.release(self.world(who), self.cast.user(who), session_id, run_id, epoch),
        )

    def claim(self, by: str | None, session: int, limit: int, offered: frozenset[str], floor: int) -> None:
        """Claim; the runs are those that the rules hand out, in their order."""
        owner, session_id = self.session_at(session)
        who = by or owner
        expected = Answer()

        def work_out(_: object) -> Answer:
            nonlocal expected
            expected = lease_rules.claim(self.world(who), self.cast.user(who), session_id, limit, offered, floor)
            return expected

        told = self.act(
            self.services.leases.claim(
                self.viewer(who), session_id, limit=limit, offered=sorted(offered), priority_min=floor
            ),
            work_out,
        )
        if told is not None:
            assert isinstance(told, Claimed)
            assert tuple(str(moved.run.id) for moved in told.runs) == expected.runs
            assert told.busy == expected.facts["busy"]


def _epoch(run: Run | None, step: int | None) -> int | None:
    return None if step is None else max(0, (0 if run is None else run.epoch) + step)
