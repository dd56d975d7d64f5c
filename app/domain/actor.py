"""Who acts and through which door: recorded on every task, run and event (tasks API, section 2.3)."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of being acts."""

    HUMAN = "human"
    AGENT_SESSION = "agent_session"
    AUTOMATION = "automation"
    EXTENSION = "extension"
    NETWORK_PEER = "network_peer"
    DAEMON = "daemon"


class OriginKind(StrEnum):
    """Through which door a call came."""

    CLI = "cli"
    WEB = "web"
    UDS = "uds"
    HTTP = "http"
    AUTOMATION = "automation"
    EXTENSION = "extension"
    NETWORK = "network"
    AGENT_SESSION = "agent_session"
    DAEMON = "daemon"


class OwnerKind(StrEnum):
    """What kind of being a task may belong to."""

    HUMAN = "human"
    AGENT_SESSION = "agent_session"
    AUTOMATION = "automation"
    EXTENSION = "extension"
    NETWORK_PEER = "network_peer"
    POOL = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Kind and reference of whoever acts."""

    kind: ActorKind
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Door and name of the operation that caused something."""

    kind: OriginKind
    ref: str


REAPER: Actor = Actor(kind=ActorKind.DAEMON, ref="scheduler")
REAPER_ORIGIN: Origin = Origin(kind=OriginKind.DAEMON, ref="daemon.scheduler")
