"""Batched reads of users."""

from collections.abc import Sequence
from uuid import UUID

from app.loaders.reader import Reader, in_key_order
from app.storage import identity
from app.storage.rows.identity import UserRow


async def user_by_id(reader: Reader, ids: Sequence[UUID]) -> list[UserRow | None]:
    """Users of the viewer's tenant."""
    rows = await identity.users_by_id(reader.db, reader.viewer.tenant_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))
