"""The calling agent: a live agent session of the credential's user, named by headers (tasks API, section 2.2)."""

from typing import Final

from app.domain.errors import Forbidden, NotFound, Unauthenticated
from app.domain.ids import parse_uuid
from app.web.rest.call import Call

SESSION: Final = "X-AGH-Session-ID"
AGENT: Final = "X-AGH-Agent"
WORKSPACE: Final = "X-AGH-Workspace-ID"
ACTIVE: Final = "active"
# Name, whether it must be there, and what it says: for the description of the routes.
HEADERS: Final = {
    SESSION: "The agent session, as `registerAgentSession` gave it.",
    AGENT: "The name with which it was registered.",
    WORKSPACE: "The workspace the caller believes to be in; refused if the session is in another.",
}
OPTIONAL_HEADERS: Final = frozenset({WORKSPACE})


async def require_agent(call: Call) -> None:
    """Know the calling agent, or Unauthenticated; Forbidden for the wrong workspace."""
    headers = call.request.headers
    id, name = headers.get(SESSION, "").strip(), headers.get(AGENT, "").strip()
    if not id or not name:
        raise Unauthenticated(f"Send {SESSION} and {AGENT}: who registered with `registerAgentSession` has both.")
    session_id = parse_uuid(id)
    unknown = Unauthenticated(f"There is no active agent session {id[:140]!r} of yours; register a new one.")
    if session_id is None:
        raise unknown
    try:
        session = await call.services.access.agent_session(call.viewer, session_id)
    except NotFound as problem:
        raise unknown from problem
    if session.state != ACTIVE:
        raise unknown
    if session.agent_name != name:
        raise Unauthenticated(f"The agent session belongs to another agent than {name[:140]!r}.")
    place = headers.get(WORKSPACE, "").strip()
    if place and parse_uuid(place) != session.workspace_id:
        raise Forbidden(f"The agent session is not in the workspace that {WORKSPACE} names.")
    call.agent = session
