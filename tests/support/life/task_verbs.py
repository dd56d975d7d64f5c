"""Verbs of tasks, by anybody on anything."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.status import PRIORITY_OF_WEIGHT, ApprovalPolicy
from app.domain.tasks.triage import Mark
from tests.support.life import queue_rules, task_rules, triage_rules
from tests.support.life.cast import draft_of, new_task
from tests.support.life.stage import NOWHERE, Stage, keys, names, people
from tests.support.life.things import Answer, Task

drafts = st.fixed_dictionaries(
    {
        "draft": st.sampled_from((False, False, True)),
        "manual": st.sampled_from((False, False, True)),
        "max_attempts": st.sampled_from((3, 1, 2)),
        "priority": st.sampled_from((20, 10, 30, 40)),
        "needs": st.sampled_from((frozenset(), frozenset({"gpu"}))),
    }
)
changes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"policy": st.sampled_from(("manual", "none"))}),
    st.just({"policy": "manual"}),
    st.fixed_dictionaries({"max_attempts": st.sampled_from((1, 2, 3, 11))}),
    st.fixed_dictionaries({"priority": st.sampled_from((10, 40))}),
    st.just({}),
)
# What cannot be undone happens more rarely, or little else would.
certainty = st.sampled_from((False, False, True))
new_names = st.sampled_from(("e", "f", "e", "f", "a"))


def some_manual(stage: Stage) -> bool:
    """Whether any task needs approval."""
    return any(task.policy == "manual" for world in stage.cast.worlds.values() for task in world.tasks.values())


class TaskVerbs(Stage):
    """createTask to cancelTask, dependencies, what queues a run, triage."""

    @rule(who=people, id=new_names, placed=st.booleans(), wanted=drafts)
    def create_task(self, who: str, id: str, placed: bool, wanted: dict[str, Any]) -> None:
        task = new_task(id, place=self.cast.workspace if placed else None, **wanted)
        self.create(who, task)

    @rule(who=people, parent=names, id=new_names, placed=st.booleans(), wanted=drafts)
    def create_child_task(self, who: str, parent: str, id: str, placed: bool, wanted: dict[str, Any]) -> None:
        task = new_task(id, place=self.cast.workspace if placed else None, **wanted)
        self.act(
            self.services.task_graph.create_child(self.viewer(who), parent, draft_of(task)),
            lambda _: task_rules.create_child(self.world(who), self.cast.user(who), parent, task),
        )

    @rule(who=people, id=names, change=changes)
    def update_task(self, who: str, id: str, change: dict[str, Any]) -> None:
        self.change(who, id, change)

    @rule(who=people, id=names, sure=certainty)
    def delete_task(self, who: str, id: str, sure: bool) -> None:
        if not sure:
            return
        self.act(
            self.services.task_changes.delete(self.viewer(who), id),
            lambda _: task_rules.delete(self.world(who), self.cast.user(who), id),
        )

    @precondition(some_manual)
    @rule(who=people, id=names)
    def reject_task(self, who: str, id: str) -> None:
        self.reject(who, id)

    @rule(who=people, id=names, sure=certainty)
    def cancel_task(self, who: str, id: str, sure: bool) -> None:
        if not sure:
            return
        self.cancel(who, id)

    @rule(who=people, id=names, blocker=names)
    def add_dependency(self, who: str, id: str, blocker: str) -> None:
        self.depend(who, id, blocker)

    @precondition(lambda self: any(world.edges for world in self.cast.worlds.values()))
    @rule(who=people, edge=st.integers(0, 3))
    def remove_dependency(self, who: str, edge: int) -> None:
        known = sorted(self.world(who).edges)
        id, blocker = known[edge] if edge < len(known) else ("a", "b")
        self.act(
            self.services.task_graph.remove_dependency(self.viewer(who), id, blocker),
            lambda _: task_rules.undepend(self.world(who), self.cast.user(who), id, blocker),
        )

    @rule(who=people, id=names, action=st.sampled_from(("enqueue", "start")), key=keys)
    def queue_a_run(self, who: str, id: str, action: str, key: str | None) -> None:
        self.queue(who, id, action, key)

    @rule(who=people, id=names, action=st.sampled_from(("start", "publish", "enqueue")), key=keys)
    def start_or_publish(self, who: str, id: str, action: str, key: str | None) -> None:
        self.queue(who, id, action, key)

    @precondition(some_manual)
    @rule(who=people, id=names, key=keys)
    def approve_task(self, who: str, id: str, key: str | None) -> None:
        self.queue(who, id, "approve", key)

    @rule(who=people, id=names, what=st.sampled_from(Mark))
    def mark(self, who: str, id: str, what: Mark) -> None:
        self.put_mark(who, id, what)

    def create(self, who: str, task: Task) -> None:
        """A new root."""
        self.act(
            self.services.tasks.create(self.viewer(who), draft_of(task)),
            lambda _: task_rules.create(self.world(who), self.cast.user(who), task),
        )

    def cancel(self, who: str, id: str) -> None:
        """Cancel a tree."""
        self.act(
            self.services.tasks.cancel(self.viewer(who), id, reason="enough"),
            lambda _: task_rules.cancel(self.world(who), self.cast.user(who), id),
        )

    def put_mark(self, who: str, id: str, what: Mark) -> None:
        """Read, dismiss or archive."""
        self.act(
            self.services.triage.mark(self.viewer(who), id, what),
            lambda _: triage_rules.mark(self.world(who), self.cast.user(who), id, what.value),
        )

    def change(self, who: str, id: str, change: dict[str, Any]) -> None:
        """Set fields of a task."""
        patch = TaskPatch(
            approval_policy=ApprovalPolicy(change["policy"]) if "policy" in change else None,
            max_attempts=change.get("max_attempts"),
            priority=PRIORITY_OF_WEIGHT[change["priority"]] if "priority" in change else None,
        )
        self.act(
            self.services.task_changes.update(self.viewer(who), id, patch),
            lambda _: task_rules.update(self.world(who), self.cast.user(who), id, **change),
        )

    def reject(self, who: str, id: str) -> None:
        """Decide against a task."""
        self.act(
            self.services.task_changes.reject(self.viewer(who), id),
            lambda _: task_rules.reject(self.world(who), self.cast.user(who), id),
        )

    def depend(self, who: str, id: str, blocker: str) -> None:
        """Let a task wait for another."""
        self.act(
            self.services.task_graph.add_dependency(self.viewer(who), id, blocker),
            lambda _: task_rules.depend(self.world(who), self.cast.user(who), id, blocker),
        )

    def queue(self, who: str, id: str, action: str, key: str | None) -> None:
        """Get a run queued; the answer names the run the rules name."""
        tasks, viewer = self.services.tasks, self.viewer(who)
        expected: tuple[str, ...] = ()

        def work_out(told: object) -> Answer:
            nonlocal expected
            run = getattr(told, "run", None)
            answer = queue_rules.enqueue(
                self.world(who), self.cast.user(who), id, action, key, NOWHERE if run is None else str(run.id)
            )
            expected = answer.runs
            return answer

        asked = (
            tasks.approve(viewer, id, key=key)
            if action == "approve"
            else tasks.enqueue(viewer, id, action=action, key=key)
        )
        told = self.act(asked, work_out)
        if told is not None:
            run = getattr(told, "run", None)
            assert (() if run is None else (str(run.id),)) == expected
