"""The agent session of a worker: registered once, replaced when the server no longer knows it, ended at the end."""

from typing import Final

import structlog

from app.worker.client import GraphQLClient, payload
from app.worker.documents import CLAIM, END, REGISTER, SESSION_STATE
from app.worker.errors import ClientError, Refused
from app.worker.hold import Claim
from app.worker.options import Options

log = structlog.get_logger(__name__)

CLAIM_SECONDS: Final = 10.0
END_SECONDS: Final = 3.0
CLAIMS_MAX: Final = 100


class AgentSession:
    """Who this worker is for the server."""

    def __init__(self, client: GraphQLClient, options: Options) -> None:
        self._client = client
        self._options = options
        self.id = ""
        self.registered_at = "0"

    async def register(self) -> None:
        """Introduce the worker, however long the server is away; `registered_at` is the place in the event log."""
        asked = {
            "agentName": self._options.agent_name,
            "workspaceId": self._options.workspace_id,
            "capabilities": self._options.capabilities,
            "maxConcurrency": self._options.concurrency,
        }
        answer = payload(await self._client.query(REGISTER, {"input": asked}))
        self.id = answer["agentSession"]["id"]
        self.registered_at = answer["sequence"]
        log.info("session.registered", agent_session_id=self.id, agent_name=self._options.agent_name)

    async def claim(self, most: int) -> list[Claim]:
        """Up to so many runs. A session that cannot claim any more is replaced by a new one."""
        asked = {"agentSessionId": self.id, "limit": min(most, CLAIMS_MAX), "leaseSeconds": self._options.lease_seconds}
        try:
            answer = payload(await self._client.send(CLAIM, {"input": asked}, within=CLAIM_SECONDS))
        except Refused as no:
            if no.code not in ("CONFLICT", "NOT_FOUND"):
                raise
            if await self._active():
                # Runs whose claim was answered into a broken line still count; their leases end by themselves.
                log.info("claim.session_full", agent_session_id=self.id)
                return []
            await self.register()
            # What was queued before the new session existed wakes nobody any more: ask again at once.
            return await self.claim(most)
        return [Claim.of(one, session_id=self.id, workspace_id=self._options.workspace_id) for one in answer["claims"]]

    async def end(self) -> None:
        """Say goodbye; if that fails, the leases end by themselves all the same."""
        if not self.id:
            return
        try:
            payload(await self._client.send(END, {"input": {"agentSessionId": self.id}}, within=END_SECONDS))
            log.info("session.ended", agent_session_id=self.id)
        except ClientError as problem:
            log.warning("session.not_ended", agent_session_id=self.id, reason=str(problem))

    async def _active(self) -> bool:
        found = (await self._client.send(SESSION_STATE, {"id": self.id}, within=CLAIM_SECONDS))["agentSession"]
        return found is not None and found["state"] == "ACTIVE"
