"""Turns: runs of tasks that change the same workspace go one at a time, by a concurrency key that the tasks share."""

from collections.abc import Collection
from uuid import UUID

from app.db.tx import Tx
from app.domain.errors import Conflict
from app.domain.tasks.workspace_key import is_workspace_key, shared_keys
from app.services.admission import Admission
from app.storage import task_graph, workspace_keys
from app.storage.rows.task import TaskRow


class WorkspaceTurns:
    """Keeps the keys as the bindings are; the admission is told after the commit."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def lock(self, tx: Tx, tenant_id: UUID) -> None:
        """Before a binding is changed that changes its workspace, or did."""
        await workspace_keys.lock(tx, tenant_id)

    async def renew(
        self, tx: Tx, tenant_id: UUID, workspace_id: UUID, task_ids: Collection[str], *, joins: bool = False
    ) -> dict[str, str | None]:
        """The keys that are right now that bindings of these tasks changed; `joins` says that there are more of them.

        Nobody is joined to what is under way: that two held runs would change one workspace is a Conflict, as is a
        task with a key of its own, which could not keep its runs apart from those of others.
        """
        pairs = await workspace_keys.around(tx, tenant_id, task_ids, workspace_id)
        group = {*task_ids, *(task for task, _ in pairs)}
        tasks = await task_graph.lock_tasks(tx, tenant_id, group)
        await task_graph.lock_open_runs(tx, tenant_id, group)
        wanted = {id: key for id, key in shared_keys(group, pairs).items() if _may_have(tasks.get(id), key)}
        moved = {id: key for id, key in wanted.items() if tasks[id].concurrency_key != key}
        if not moved:
            return wanted
        known = {key for key in wanted.values() if key is not None}
        before = {tasks[id].concurrency_key for id in moved} - {None}
        touched = known | {key for key in before if key is not None}
        await workspace_keys.lock_keys(tx, tenant_id, touched)
        await workspace_keys.set_keys(tx, tenant_id, wanted)
        if joins and await workspace_keys.most_held(tx, tenant_id, known) > 1:
            raise Conflict(
                "Two runs that would change this workspace are under way; bind the task when one of them has ended.",
                field="taskId",
                reason="workspace_busy",
            )
        tx.afterwards.append(lambda: self._admission.look(tenant_id, touched))
        return wanted


def _may_have(task: TaskRow | None, key: str | None) -> bool:
    """Whether the key is ours to set; Conflict where it has to be set and is not."""
    if task is None:
        return False
    if task.concurrency_key is None or is_workspace_key(task.concurrency_key):
        return True
    if key is not None:
        raise Conflict(
            f"The task has the concurrency key {task.concurrency_key!r}; clear it first: runs that change a workspace"
            " go one at a time, by a key of the workspace.",
            field="taskId",
            reason="task_has_concurrency_key",
        )
    return False
