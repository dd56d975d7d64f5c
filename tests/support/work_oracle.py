"""Dashboard, inbox and list worked out in plain Python, task by task: what the database has to agree with."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.tasks.dashboard import Dashboard
from app.domain.tasks.inbox import Inbox
from app.storage.rows.dashboard import ActiveRunRow
from app.storage.rows.inbox import InboxItemRow
from tests.support.work import Run, Task

TASK_STATES = ("completed", "pending", "in_progress", "ready", "blocked", "failed", "canceled", "draft")
RUN_STATES = ("queued", "claimed", "starting", "running", "completed", "failed", "canceled")
OPEN = ("running", "starting", "claimed", "queued")
LANES = ("my_work", "approvals", "failed_runs", "blocked", "archived")
NEVER = datetime.min.replace(tzinfo=UTC)
Given = dict[str, Any]


def whole_ms(span: timedelta) -> int:
    """Cut to milliseconds; nothing is negative."""
    return max(0, span // timedelta(milliseconds=1))


def passes(task: Task, given: Given) -> bool:
    """Whether the viewer sees the task and it passes the filter."""
    search = (given.get("search") or "").lower()
    checks: dict[str, Callable[[Any], bool]] = {
        "scope": lambda wanted: (task.workspace_id is None) == (wanted == "global"),
        "workspace_id": lambda wanted: task.workspace_id == wanted,
        "owner_kind": lambda wanted: task.owner is not None and wanted == "human",
        "owner_ref": lambda wanted: task.owner == wanted,
        "network_channel": lambda wanted: task.channel == wanted,
        "origin_kind": lambda wanted: task.origin == wanted,
        "statuses": lambda wanted: task.status in wanted,
        "priorities": lambda wanted: task.priority in wanted,
        "approval_state": lambda wanted: task.approval == wanted,
        "parent_task_id": lambda wanted: task.parent_id == wanted,
        "search": lambda _: search in task.title.lower() or search in (task.identifier or "").lower(),
        "without_drafts": lambda wanted: not wanted or bool(given.get("statuses")) or task.status != "draft",
    }
    return task.place != "foreign" and all(checks[name](wanted) for name, wanted in given.items() if wanted is not None)


def moved(run: Run) -> datetime:
    """When a run moved last."""
    return max(at for at in (run.queued_at, run.claimed_at, run.started_at, run.ended_at) if at is not None)


def since(run: Run) -> datetime:
    """When an open run entered its state."""
    claimed = run.claimed_at or run.queued_at
    return {"queued": run.queued_at, "running": run.started_at or claimed}.get(run.status, claimed)


def is_stuck(run: Run, now: datetime) -> bool:
    """Claimed or starting for 5 minutes, running for 30."""
    minutes = {"claimed": 5, "starting": 5, "running": 30}.get(run.status)
    return minutes is not None and now - since(run) >= timedelta(minutes=minutes)


def latency(spans: Sequence[timedelta]) -> dict[str, int]:
    """Samples, average, maximum."""
    found = [whole_ms(span) for span in spans]
    return {
        "samples": len(found),
        "average_ms": sum(found) // len(found) if found else 0,
        "maximum_ms": max(found, default=0),
    }


def dashboard_of(tasks: Sequence[Task], given: Given, now: datetime) -> dict[str, Any]:
    """Section 14 of the tasks API, number by number."""
    mine = [task for task in tasks if passes(task, given)]
    pairs = [
        (run, task)
        for task in mine
        for run in task.runs
        if given.get("network_channel") in (None, run.channel) and given.get("origin_kind") in (None, run.origin)
    ]
    runs = [run for run, _ in pairs]
    by_task = {state: sum(task.status == state for task in mine) for state in TASK_STATES}
    by_run = {state: sum(run.status == state for run in runs) for state in RUN_STATES}
    active = sum(by_run[state] for state in OPEN)
    approvals = sum(task.status == "blocked" and task.approval == "pending" for task in mine)
    waiting = sum(task.status == "blocked" and bool(task.blockers) for task in mine)
    stops = sum(task.forced_stops for task in mine)
    stuck = sum(is_stuck(run, now) for run in runs)
    orphans = sum(run.status in OPEN[:3] and run.session in ("ended", "unknown") for run in runs)
    queue = queue_of([run for run in runs if run.status == "queued"], now)
    health = "warn" if stuck or orphans or queue["backlog_warning"] else "ok"
    times = [at for task in mine for at in (task.created_at, task.updated_at, task.closed_at) if at is not None]
    times += [moved(run) for run in runs] + [run.heartbeat_at for run in runs if run.heartbeat_at is not None]
    age = whole_ms(now - max(times)) if times else 0
    stale = active > 0 and age > 120_000
    return {
        "totals": {
            **{f"{state}_tasks": count for state, count in by_task.items()},
            **{f"{state}_runs": count for state, count in by_run.items()},
            "tasks_total": len(mine),
            "runs_total": len(runs),
            "active_runs": active,
            "awaiting_approval_tasks": approvals,
            "dependency_blocked_tasks": waiting,
        },
        "cards": {
            "in_progress": {
                "tasks": by_task["in_progress"],
                "active_runs": active,
                **{f"{state}_runs": by_run[state] for state in OPEN},
                "health_status": health,
            },
            "blocked": {
                "tasks": by_task["blocked"],
                "awaiting_approval": approvals,
                "awaiting_dependencies": waiting,
                "health_status": "warn" if by_task["blocked"] else "ok",
            },
            "failed": {
                "tasks": by_task["failed"],
                "failed_runs": by_run["failed"],
                "forced_stops": stops,
                "health_status": "warn" if by_task["failed"] or by_run["failed"] or stops else "ok",
            },
            "latency": {
                "claim_latency_ms": latency([run.claimed_at - run.queued_at for run in runs if run.claimed_at]),
                "start_latency_ms": latency(
                    [run.started_at - (run.claimed_at or run.queued_at) for run in runs if run.started_at]
                ),
            },
        },
        "status_breakdown": [
            {"status": state, "count": count, "share_percent": int(count * 100 / len(mine) + 0.5)}
            for state, count in by_task.items()
            if count
        ],
        "queue": queue,
        "health": {
            "status": health,
            "stuck_runs": stuck,
            "active_orphan_runs": orphans,
            "queue_backlog": queue["backlog_warning"],
        },
        "active_runs": {
            "total": active,
            **{state: by_run[state] for state in OPEN},
            "items": items_of([(run, task) for run, task in pairs if run.is_open], now),
        },
        "freshness": {
            "observed_at": now,
            "latest_activity_at": max(times, default=None),
            "age_ms": age,
            "stale_after_ms": 120_000,
            "has_live_work": active > 0,
            "status": "stale" if stale else "current" if times else "empty",
            "stale": stale,
        },
    }


def queue_of(queued: Sequence[Run], now: datetime) -> dict[str, Any]:
    """What waits, by channel."""
    channels = sorted({run.channel or "" for run in queued})
    oldest = min((run.queued_at for run in queued), default=None)
    late = oldest is not None and whole_ms(now - oldest) >= 600_000
    return {
        "total": len(queued),
        "depth": [
            {
                "network_channel": channel or None,
                "count": sum((run.channel or "") == channel for run in queued),
                "oldest_queued_at": (first := min(r.queued_at for r in queued if (r.channel or "") == channel)),
                "oldest_queue_age_ms": whole_ms(now - first),
            }
            for channel in channels
        ],
        "oldest_queued_at": oldest,
        "oldest_queue_age_ms": whole_ms(now - oldest) if oldest else 0,
        "backlog_threshold_ms": 600_000,
        "backlog_warning": late,
        "backlog_status": "warn" if late else "ok",
    }


def items_of(pairs: Sequence[tuple[Run, Task]], now: datetime) -> list[dict[str, Any]]:
    """The first four: the furthest, the last moved, the highest id."""
    ordered = sorted(pairs, key=lambda pair: pair[0].id.int, reverse=True)
    ordered.sort(key=lambda pair: moved(pair[0]), reverse=True)
    ordered.sort(key=lambda pair: OPEN.index(pair[0].status))
    return [
        {
            "run": run.id,
            "task": task.id,
            "last_activity_at": moved(run),
            "age_ms": whole_ms(now - since(run)),
            "stuck": is_stuck(run, now),
            "health_status": "warn" if is_stuck(run, now) else "ok",
        }
        for run, task in ordered[:4]
    ]


def told(found: Dashboard[ActiveRunRow]) -> dict[str, Any]:
    """A dashboard in the oracle's words."""
    plain = asdict(found)
    del plain["good_seconds"]
    plain["status_breakdown"] = list(plain["status_breakdown"])
    plain["queue"]["depth"] = list(plain["queue"]["depth"])
    plain["active_runs"]["items"] = [
        {
            "run": item.run.id,
            "task": item.task.id,
            "last_activity_at": item.last_activity_at,
            "age_ms": item.age_ms,
            "stuck": item.stuck,
            "health_status": item.health_status,
        }
        for item in found.active_runs.items
    ]
    return plain


def is_read(task: Task) -> bool:
    """Whether the viewer has seen the latest that happened."""
    return task.mark is not None and (task.mark.archived or task.activity <= task.mark.seen_at)


def lane_of(task: Task, me: str) -> str | None:
    """The first lane that fits."""
    run = task.latest
    if task.mark is not None and task.mark.archived:
        return "archived"
    if task.status == "blocked" and task.policy == "manual" and task.approval == "pending":
        return "approvals"
    if run is not None and run.status == "failed":
        return "failed_runs"
    if task.status == "blocked":
        return "blocked"
    claimed = run is not None and run.is_open and run.claimed_by == me
    if task.status not in ("draft", "completed", "failed", "canceled") and (task.owner == me or claimed):
        return "my_work"
    return None


def reason_of(task: Task) -> str | None:
    """Why it waits for somebody."""
    if task.policy == "manual" and task.approval in ("pending", "rejected"):
        return "awaiting_approval" if task.approval == "pending" else "approval_rejected"
    if task.latest is not None and task.latest.status == "failed":
        return "latest_run_failed"
    return "awaiting_dependencies" if task.status == "blocked" else None


def inbox_of(tasks: Sequence[Task], me: str, given: Given) -> dict[str, Any]:
    """Section 15 of the tasks API: given may hold lane, unread and limit besides the filter of tasks."""
    rest = dict(given)
    only, unread, limit = rest.pop("lane", None), rest.pop("unread", False), rest.pop("limit", None)
    kept = [
        task
        for task in tasks
        if passes(task, rest)
        and lane_of(task, me) in (LANES if only is None else (only,))
        and not (is_read(task) and task.mark is not None and task.mark.dismissed)
        and not (unread and is_read(task))
    ]
    kept.sort(key=lambda task: task.id)
    kept.sort(key=lambda task: (not is_read(task), task.activity, task.priority), reverse=True)
    groups = []
    for lane in LANES if only is None else (only,):
        own = [task for task in kept if lane_of(task, me) == lane]
        groups.append(
            {
                "lane": lane,
                "count": len(own),
                "unread_count": sum(not is_read(task) for task in own),
                "items": [
                    (task.id, task.latest.id if task.latest else None, task.activity, is_read(task), reason_of(task))
                    for task in own[:limit]
                ],
            }
        )
    return {
        "total": len(kept),
        "unread_total": sum(not is_read(task) for task in kept),
        "archived_total": sum(lane_of(task, me) == "archived" for task in kept),
        "groups": groups,
    }


def inbox_told(found: Inbox[InboxItemRow]) -> dict[str, Any]:
    """An inbox in the oracle's words."""
    return {
        "total": found.total,
        "unread_total": found.unread_total,
        "archived_total": found.archived_total,
        "groups": [
            {
                "lane": group.lane,
                "count": group.count,
                "unread_count": group.unread_count,
                "items": [
                    (i.task.id, i.run.id if i.run else None, i.latest_activity_at, i.triage.read, i.blocking_reason)
                    for i in group.items
                ],
            }
            for group in found.groups
        ],
    }


def listed(tasks: Sequence[Task], given: Given) -> list[str]:
    """The ids of a list by latest activity."""
    kept = sorted((task for task in tasks if passes(task, given)), key=lambda task: task.id, reverse=True)
    kept.sort(key=lambda task: (task.activity, task.updated_at, task.created_at), reverse=True)
    return [task.id for task in kept]
