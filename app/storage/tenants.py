"""Statements about tenants: each has a schema for its data and a sequence for its log."""

from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.storage.names import data_schema
from app.storage.statements import composed

INSERT: Final = composed(
    "INSERT INTO tenants (tenant_id, name) VALUES (:tenant_id, :name) ON CONFLICT (name) DO NOTHING RETURNING tenant_id"
)
BY_NAME: Final = composed("SELECT tenant_id FROM tenants WHERE name = :name")
ANY_USER: Final = composed("SELECT EXISTS (SELECT FROM users) AS found")
LOCK_BOOTSTRAP: Final = composed("SELECT pg_advisory_xact_lock(7022)")


async def lock_bootstrap(tx: Tx) -> None:
    """Let one process at a time decide whether the first user exists."""
    await tx.fetch(LOCK_BOOTSTRAP)


async def any_user(tx: Tx) -> bool:
    """Whether anybody exists at all, in any tenant; asked only to bootstrap."""
    row = await tx.fetchrow(ANY_USER)
    return row is not None and bool(row["found"])


async def find_or_make(tx: Tx, tenant_id: UUID, name: str) -> UUID:
    """The tenant of that name; made with this id, its schema and its log's sequence, if there is none."""
    made = await tx.fetchrow(INSERT, tenant_id=tenant_id, name=name)
    if made is None:
        found = await tx.fetchrow(BY_NAME, name=name)
        assert found is not None
        known: UUID = found["tenant_id"]
        return known
    schema = data_schema(tenant_id)
    await tx.run(f"CREATE SCHEMA {schema}")
    await tx.run(f"CREATE SEQUENCE {schema}.event_sequence AS bigint")
    return tenant_id
