"""From rows to what the tasks API sends of whole tasks: summaries, details and trees."""

from app.loaders.task_detail import TaskDetail, TaskTree
from app.loaders.task_list import TaskSummary
from app.storage.rows.task import RunRow
from app.storage.rows.task_list import DependencyRow, TreeNodeRow
from app.web.rest.tasks import dto, shapes


def summary(found: TaskSummary) -> shapes.TaskSummary:
    """A task in a list."""
    row = found.task
    return shapes.TaskSummary(
        id=row.id,
        identifier=row.identifier,
        scope=row.scope,
        workspace_id=dto.text(row.workspace_id),
        parent_task_id=row.parent_task_id,
        network_channel=row.network_channel,
        title=row.title,
        status=row.status,
        priority=row.priority,
        max_attempts=row.max_attempts,
        draft=dto.is_draft(row),
        approval_policy=row.approval_policy,
        approval_state=row.approval_state,
        owner=dto.owner(row),
        created_by=dto.actor(row.created_by),
        origin=dto.origin(row.origin),
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
        last_activity_at=found.last_activity_at,
        child_count=row.child_count or None,
        dependency_count=len(found.dependencies) or None,
        dependencies=tuple(map(dependency_reference, found.dependencies)) or None,
        active_run=None if found.active_run is None else dto.run_summary(found.active_run, row),
    )


def detail(found: TaskDetail) -> shapes.TaskDetail:
    """A task with all that belongs to it."""
    edges = found.summary.dependencies
    return shapes.TaskDetail(
        summary=summary(found.summary),
        task=dto.task(found.summary.task),
        children=tuple(map(summary, found.children)) or None,
        dependencies=tuple(map(dependency, edges)) or None,
        dependency_references=tuple(map(dependency_reference, edges)) or None,
        runs=tuple(map(dto.run, found.runs)) or None,
        events=tuple(map(dto.event, found.events)) or None,
    )


def dependency(row: DependencyRow) -> shapes.Dependency:
    """An edge."""
    return shapes.Dependency(
        task_id=row.task_id,
        depends_on_task_id=row.depends_on.id,
        kind=shapes.DependencyKind(row.kind),
        created_at=row.created_at,
    )


def dependency_reference(row: DependencyRow) -> shapes.DependencyReference:
    """An edge with the task at its end."""
    return shapes.DependencyReference(
        task_id=row.task_id,
        depends_on_task_id=row.depends_on.id,
        kind=shapes.DependencyKind(row.kind),
        created_at=row.created_at,
        depends_on=dto.reference(row.depends_on),
    )


def tree(found: TaskTree, active: dict[str, RunRow]) -> shapes.Tree:
    """A task and all its descendants, with the runs that have not ended by task."""
    return shapes.Tree(
        root=_node(found.root, active),
        descendants=tuple(_node(node, active) for node in found.descendants) or None,
    )


def _node(row: TreeNodeRow, active: dict[str, RunRow]) -> shapes.TreeNode:
    run = active.get(row.task.id)
    return shapes.TreeNode(
        task=dto.reference(row.task),
        depth=row.depth,
        last_activity_at=row.last_activity_at,
        parent_task_id=row.parent_task_id,
        child_count=row.child_count or None,
        active_run=None if run is None else dto.run_summary(run, row.task),
    )
