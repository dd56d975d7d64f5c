"""The GraphQL documents of the worker kit: everything it knows about the server."""

from typing import Final

ERRORS: Final = "userErrors { code message field }"

REGISTER: Final = f"""
mutation RegisterWorker($input: RegisterAgentSessionInput!) {{
  registerAgentSession(input: $input) {{ agentSession {{ id }} sequence {ERRORS} }}
}}
"""

END: Final = f"""
mutation EndWorker($input: EndAgentSessionInput!) {{
  endAgentSession(input: $input) {{ agentSession {{ id }} {ERRORS} }}
}}
"""

SESSION_STATE: Final = """
query WorkerSession($id: ID!) {
  agentSession(id: $id) { state }
}
"""

CLAIM: Final = f"""
mutation ClaimRuns($input: ClaimRunsInput!) {{
  claimRuns(input: $input) {{
    claims {{
      run {{ id attempt metadata }}
      task {{ id identifier title description metadata maxAttempts }}
      lease {{ leaseEpoch }}
    }}
    {ERRORS}
  }}
}}
"""

HEARTBEAT: Final = f"""
mutation HeartbeatRuns($input: HeartbeatRunsInput!) {{
  heartbeatRuns(input: $input) {{ results {{ runId leaseUntil leaseLost cancelRequested }} {ERRORS} }}
}}
"""

COMPLETE: Final = f"""
mutation CompleteRun($input: CompleteClaimedRunInput!) {{
  completeClaimedRun(input: $input) {{ run {{ status }} {ERRORS} }}
}}
"""

FAIL: Final = f"""
mutation FailRun($input: FailClaimedRunInput!) {{
  failClaimedRun(input: $input) {{ run {{ status }} {ERRORS} }}
}}
"""

RELEASE: Final = f"""
mutation ReleaseRun($input: ReleaseRunInput!) {{
  releaseRun(input: $input) {{ run {{ status }} {ERRORS} }}
}}
"""

REPORT: Final = f"""
mutation ReportRun($input: ReportRunInput!) {{
  reportRun(input: $input) {{ run {{ status }} {ERRORS} }}
}}
"""

RUN_STATE: Final = """
query RunState($id: ID!) {
  run(id: $id) { status attempt agentSession { id } }
}
"""

WORK_EVENTS: Final = """
subscription WorkToDo($filter: EventFilter, $after: BigInt) {
  events(filter: $filter, after: $after) { cursor type }
}
"""

# What may make a run claimable. A run that is released or expires is queued again.
WORK_EVENT_TYPES: Final = (
    "TASK_RUN_ENQUEUED",
    "TASK_RUN_RELEASED",
    "TASK_RUN_LEASE_EXPIRED",
    "TASK_UNBLOCKED",
    "TASK_APPROVED",
    "TASK_PUBLISHED",
)
