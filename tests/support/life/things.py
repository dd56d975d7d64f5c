"""What the model knows of tasks, runs, agent sessions, marks and events."""

from dataclasses import dataclass, field

from app.domain.errors import TaskloomError

CLOSED = ("completed", "failed", "canceled")
HELD = ("claimed", "starting", "running")


class Refused(Exception):
    """The rules say no, with this class of error; nothing changes."""

    def __init__(self, kind: type[TaskloomError]) -> None:
        super().__init__(kind.__name__)
        self.kind = kind


@dataclass(slots=True, kw_only=True)
class Task:
    """A task; `moves` rises with what counts as activity, `nudges` with what may or may not."""

    id: str
    place: str | None
    parent: str | None
    path: tuple[str, ...]
    status: str
    policy: str
    approval: str
    priority: int = 20
    max_attempts: int = 3
    needs: frozenset[str] = frozenset()
    moves: int = 0
    nudges: int = 0


@dataclass(slots=True, kw_only=True)
class Run:
    """A run: its `holder` is an agent session, `by` is whoever claimed it, its `lease` is none, live or late."""

    id: str
    task: str
    attempt: int
    action: str
    key: str | None
    status: str = "queued"
    holder: str | None = None
    by: str | None = None
    session: str | None = None
    lease: str = "none"
    epoch: int = 0
    started: bool = False
    fraction: float | None = None
    transcript: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status not in CLOSED

    @property
    def is_held(self) -> bool:
        """Whether somebody has it."""
        return self.status in HELD

    def let_go(self) -> None:
        """Back to the queue, as the same attempt."""
        self.status, self.lease, self.started = "queued", "none", False
        self.holder = self.by = self.session = None


@dataclass(slots=True, kw_only=True)
class Session:
    """An agent session."""

    id: str
    user: str
    place: str | None
    offers: frozenset[str]
    most: int
    state: str = "active"


@dataclass(slots=True, kw_only=True)
class Mark:
    """What a user did with a task in the inbox, and where the task's activity stood then."""

    archived: bool
    dismissed: bool
    moves: int
    nudges: int


@dataclass(slots=True, kw_only=True)
class Event:
    """One entry of the log; None stands for a status that the event does not say."""

    type: str
    task: str
    run: str | None
    actor: str
    status: str | None = None
    task_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller is told: the runs, and the event whose sequence the answer carries."""

    runs: tuple[str, ...] = ()
    event: Event | None = None
    facts: dict[str, object] = field(default_factory=dict)
