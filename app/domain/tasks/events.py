"""The words of the event log: published names (tasks API, section 12.1) and those of workspaces."""

from enum import StrEnum


class EventType(StrEnum):
    """What happened; the GraphQL name is the value in upper case with `_` for `.`."""

    TASK_CREATED = "task.created"
    TASK_UPDATED = "task.updated"
    TASK_DELETED = "task.deleted"
    TASK_PUBLISHED = "task.published"
    TASK_APPROVED = "task.approved"
    TASK_REJECTED = "task.rejected"
    TASK_CANCELED = "task.canceled"
    TASK_UNBLOCKED = "task.unblocked"
    TASK_BLOCKED = "task.blocked"
    TASK_PAUSED = "task.paused"
    TASK_RESUMED = "task.resumed"
    TASK_DISCARDED = "task.discarded"
    TASK_CHILD_CREATED = "task.child_created"
    TASK_DEPENDENCY_ADDED = "task.dependency_added"
    TASK_DEPENDENCY_REMOVED = "task.dependency_removed"
    TASK_RUN_ENQUEUED = "task.run_enqueued"
    TASK_RUN_OFFERED = "task.run_offered"
    TASK_RUN_CLAIMED = "task.run_claimed"
    TASK_RUN_STARTING = "task.run_starting"
    TASK_RUN_SESSION_BOUND = "task.run_session_bound"
    TASK_RUN_STARTED = "task.run_started"
    TASK_RUN_COMPLETED = "task.run_completed"
    TASK_RUN_FAILED = "task.run_failed"
    TASK_RUN_CANCELED = "task.run_canceled"
    TASK_RUN_FORCE_STOPPED = "task.run_force_stopped"
    TASK_RUN_RECOVERED = "task.run_recovered"
    TASK_RUN_REJECTED = "task.run_rejected"
    TASK_RUN_LEASE_EXTENDED = "task.run_lease_extended"
    TASK_RUN_LEASE_EXPIRED = "task.run_lease_expired"
    TASK_RUN_RELEASED = "task.run_released"
    TASK_RUN_REPORTED = "task.run_reported"
    DISPATCH_PAUSED = "dispatch.paused"
    DISPATCH_RESUMED = "dispatch.resumed"
    TABLE_CREATED = "table.created"
    TABLE_ROWS_IMPORTED = "table.rows_imported"
    TABLE_DELETED = "table.deleted"
    ARTIFACT_CREATED = "artifact.created"
    WORKSPACE_CREATED = "workspace.created"
    WORKSPACE_UPDATED = "workspace.updated"
    WORKSPACE_ARCHIVED = "workspace.archived"
    WORKSPACE_RESTORED = "workspace.restored"
    WORKSPACE_DELETED = "workspace.deleted"
    WORKSPACE_SHARED = "workspace.shared"
    WORKSPACE_SHARE_REVOKED = "workspace.share_revoked"
    WORKSPACE_SHARE_CLEARED = "workspace.share_cleared"
    WORKSPACE_TAGS_SET = "workspace.tags_set"
    WORKSPACE_CELL_UPDATED = "workspace.cell_updated"
    WORKSPACE_CHART_CREATED = "workspace.chart_created"
    WORKSPACE_CHART_UPDATED = "workspace.chart_updated"
    WORKSPACE_CHART_DELETED = "workspace.chart_deleted"
    WORKSPACE_TASK_ATTACHED = "workspace.task_attached"
    WORKSPACE_TASK_UPDATED = "workspace.task_updated"
    WORKSPACE_TASK_DETACHED = "workspace.task_detached"
    WORKSPACE_THREAD_CREATED = "workspace.thread_created"
    WORKSPACE_MESSAGE_POSTED = "workspace.message_posted"
    TAG_CREATED = "tag.created"
    TAG_UPDATED = "tag.updated"
    TAG_DELETED = "tag.deleted"
    AGENT_SESSION_REGISTERED = "agent_session.registered"
    AGENT_SESSION_ENDED = "agent_session.ended"


DESCRIPTIONS: dict[EventType, str] = {
    EventType.TASK_CREATED: "A task exists.",
    EventType.TASK_UPDATED: "Fields of a task changed; the payload names them.",
    EventType.TASK_DELETED: "A task and what belonged to it are gone.",
    EventType.TASK_PUBLISHED: "A draft became a real task.",
    EventType.TASK_APPROVED: "A person approved a task.",
    EventType.TASK_REJECTED: "A person rejected a task.",
    EventType.TASK_CANCELED: "A task was canceled, for good.",
    EventType.TASK_UNBLOCKED: "The last open dependency of a task was resolved.",
    EventType.TASK_BLOCKED: "A task waits for a dependency again.",
    EventType.TASK_PAUSED: "No run of a task and its descendants is claimed any more.",
    EventType.TASK_RESUMED: "Runs of a task and its descendants are claimed again.",
    EventType.TASK_DISCARDED: "A failed task was taken off the dead letters.",
    EventType.TASK_CHILD_CREATED: "A child was added to a task.",
    EventType.TASK_DEPENDENCY_ADDED: "A task waits for one more task.",
    EventType.TASK_DEPENDENCY_REMOVED: "A task waits for one task less.",
    EventType.TASK_RUN_ENQUEUED: "A run is queued.",
    EventType.TASK_RUN_OFFERED: "A queued run no longer waits for its time, its key or the end of a pause.",
    EventType.TASK_RUN_CLAIMED: "A worker holds a run under a lease.",
    EventType.TASK_RUN_STARTING: "A held run is being started.",
    EventType.TASK_RUN_SESSION_BOUND: "A session was bound to a run.",
    EventType.TASK_RUN_STARTED: "A run is running.",
    EventType.TASK_RUN_COMPLETED: "A run ended well; the payload holds its result.",
    EventType.TASK_RUN_FAILED: "A run ended with an error.",
    EventType.TASK_RUN_CANCELED: "A run was canceled.",
    EventType.TASK_RUN_FORCE_STOPPED: "The session of a canceled run was stopped by force.",
    EventType.TASK_RUN_RECOVERED: "A run was put right after a restart.",
    EventType.TASK_RUN_REJECTED: "A run could not be started.",
    EventType.TASK_RUN_LEASE_EXTENDED: "A heartbeat pushed the end of a lease.",
    EventType.TASK_RUN_LEASE_EXPIRED: "A lease ended without an answer; the run is queued again or failed.",
    EventType.TASK_RUN_RELEASED: "A worker gave a run back.",
    EventType.TASK_RUN_REPORTED: "A worker reported progress.",
    EventType.DISPATCH_PAUSED: "No run of the tenant is claimed any more.",
    EventType.DISPATCH_RESUMED: "Runs of the tenant are claimed again.",
    EventType.TABLE_CREATED: "A table exists.",
    EventType.TABLE_ROWS_IMPORTED: "Rows were imported into a table.",
    EventType.TABLE_DELETED: "A table is gone.",
    EventType.ARTIFACT_CREATED: "An artifact exists.",
    EventType.WORKSPACE_CREATED: "A workspace exists.",
    EventType.WORKSPACE_UPDATED: "Fields of a workspace changed.",
    EventType.WORKSPACE_ARCHIVED: "A workspace is frozen.",
    EventType.WORKSPACE_RESTORED: "A frozen workspace is active again.",
    EventType.WORKSPACE_DELETED: "A workspace is gone; the last event of its log, seen by its owner.",
    EventType.WORKSPACE_SHARED: "Who may read a workspace, or until when, was set; only its owner sees this.",
    EventType.WORKSPACE_SHARE_REVOKED: "The share of a workspace ended; only its owner sees this.",
    EventType.WORKSPACE_SHARE_CLEARED: (
        "The share of a workspace was removed, or a recipient left it; only its owner sees this."
    ),
    EventType.WORKSPACE_TAGS_SET: "The tags of a workspace changed.",
    EventType.WORKSPACE_CELL_UPDATED: "A cell of a workspace has a new value.",
    EventType.WORKSPACE_CHART_CREATED: "A workspace has a new chart.",
    EventType.WORKSPACE_CHART_UPDATED: "A chart changed.",
    EventType.WORKSPACE_CHART_DELETED: "A chart is gone.",
    EventType.WORKSPACE_TASK_ATTACHED: "A task was bound to a workspace.",
    EventType.WORKSPACE_TASK_UPDATED: "Whether the runs of a bound task may change a workspace was said anew.",
    EventType.WORKSPACE_TASK_DETACHED: "A task is no longer bound to a workspace.",
    EventType.WORKSPACE_THREAD_CREATED: "A conversation on a workspace was begun; only its author sees this.",
    EventType.WORKSPACE_MESSAGE_POSTED: (
        "A message was posted and opened a turn; the payload holds ids alone, and only the author sees this."
    ),
    EventType.TAG_CREATED: "A tag exists.",
    EventType.TAG_UPDATED: "A tag changed.",
    EventType.TAG_DELETED: "A tag is gone, also from the workspaces it stood on.",
    EventType.AGENT_SESSION_REGISTERED: "A worker introduced itself.",
    EventType.AGENT_SESSION_ENDED: "A worker said goodbye.",
}

# After these the rows of a table are others; the payload names it as `tableId`.
TABLE_CHANGES: frozenset[EventType] = frozenset({EventType.WORKSPACE_CELL_UPDATED, EventType.TABLE_ROWS_IMPORTED})
# With whom a workspace is shared is its owner's affair: recipients need not know each other.
OWNERS_ONLY: frozenset[EventType] = frozenset(
    {EventType.WORKSPACE_SHARED, EventType.WORKSPACE_SHARE_REVOKED, EventType.WORKSPACE_SHARE_CLEARED}
)
# Conversations are their authors' own: these are seen by whoever caused them.
AUTHORS_ONLY: frozenset[EventType] = frozenset({EventType.WORKSPACE_THREAD_CREATED, EventType.WORKSPACE_MESSAGE_POSTED})
# After these somebody may read what they could not, or may not read what they could.
CHANGES_RIGHTS: frozenset[EventType] = OWNERS_ONLY | {EventType.WORKSPACE_DELETED}
