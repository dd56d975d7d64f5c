"""The kinds of viewers, and what each of them may read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.db.engine import Database
from app.domain.access.viewer import UserRole, Viewer
from tests.support.people import make_viewer


class Who(StrEnum):
    """Kinds of viewers; the administrator and the stranger were given nothing."""

    OWNER = "owner"
    RECIPIENT = "recipient"
    REVOKED = "revoked"
    STRANGER = "stranger"
    ADMINISTRATOR = "administrator"
    OTHER_TENANT = "other_tenant"


class Realm(StrEnum):
    """Whose a text or an id is."""

    # Everybody's of the tenant.
    TENANT = "tenant"
    # Of the workspace that is shared.
    PLACE = "place"
    # Of a workspace that is not shared.
    HIDDEN = "hidden"
    # The owner's alone: conversations.
    OWN = "own"
    # The recipient's alone.
    GUEST = "guest"
    # Of the other tenant.
    ELSEWHERE = "elsewhere"


COLLEAGUES: Final = frozenset({Who.OWNER, Who.RECIPIENT, Who.REVOKED, Who.STRANGER, Who.ADMINISTRATOR})
READERS: Final = {
    Realm.TENANT: COLLEAGUES,
    Realm.PLACE: frozenset({Who.OWNER, Who.RECIPIENT}),
    Realm.HIDDEN: frozenset({Who.OWNER}),
    Realm.OWN: frozenset({Who.OWNER}),
    Realm.GUEST: frozenset({Who.RECIPIENT}),
    Realm.ELSEWHERE: frozenset({Who.OTHER_TENANT}),
}
# Those to whom the shared workspace is as unknown as a random id.
SHUT_OUT: Final = (Who.REVOKED, Who.STRANGER, Who.ADMINISTRATOR, Who.OTHER_TENANT)


@dataclass(frozen=True, slots=True)
class People:
    """The viewers by kind."""

    by_kind: dict[Who, Viewer]

    def __getitem__(self, who: Who) -> Viewer:
        """The viewer of a kind."""
        return self.by_kind[who]


async def make_people(db: Database) -> People:
    """One viewer of each kind."""
    admins = (Who.OWNER, Who.ADMINISTRATOR, Who.OTHER_TENANT)
    return People(
        {
            who: await make_viewer(
                db,
                tenant="other" if who is Who.OTHER_TENANT else "acme",
                email=f"{who.value}@example.com",
                role=UserRole.ADMIN if who in admins else UserRole.MEMBER,
            )
            for who in Who
        }
    )
