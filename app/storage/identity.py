"""Statements about users, API keys and agent sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Record, Tx
from app.storage.rows.identity import AgentSessionRow, ApiKeyRow, UserRow
from app.storage.statements import composed

# The one statement without a tenant: a credential's digest is what names the tenant.
VIEWER_BY_DIGEST: Final = composed(
    """
    SELECT k.tenant_id, k.id AS api_key_id, k.scopes, k.expires_at <= now() AS expired,
           k.revoked_at IS NOT NULL AS revoked, u.id AS user_id, u.email, u.role
      FROM api_keys k JOIN users u ON u.tenant_id = k.tenant_id AND u.id = k.user_id
     WHERE k.key_hash = :digest
    """
)
TOUCH_KEYS: Final = composed(
    """
    UPDATE api_keys k SET last_used_at = now()
      FROM unnest(CAST(:tenant_ids AS uuid[]), CAST(:ids AS uuid[])) AS used(tenant_id, id)
     WHERE k.tenant_id = used.tenant_id AND k.id = used.id
    """
)
INSERT_USER: Final = composed(
    """
    INSERT INTO users AS u (tenant_id, id, email, first_name, last_name, role)
    VALUES (:tenant_id, :id, :email, :first_name, :last_name, :role)
    ON CONFLICT (tenant_id, email) DO NOTHING
    RETURNING {user:u}
    """
)
USER_BY_EMAIL: Final = composed("SELECT {user:u} FROM users u WHERE u.tenant_id = :tenant_id AND u.email = :email")
USERS_BY_ID: Final = composed(
    "SELECT {user:u} FROM users u WHERE u.tenant_id = :tenant_id AND u.id = ANY (CAST(:ids AS uuid[]))"
)
INSERT_KEY: Final = composed(
    """
    INSERT INTO api_keys AS k (tenant_id, id, user_id, name, prefix, key_hash, scopes, expires_at)
    VALUES (:tenant_id, :id, :user_id, :name, :prefix, :digest, CAST(:scopes AS text[]), :expires_at)
    RETURNING {api_key:k}
    """
)
KEY_BY_ID: Final = composed(
    "SELECT {api_key:k} FROM api_keys k WHERE k.tenant_id = :tenant_id AND k.id = :id FOR UPDATE"
)
REVOKE_KEY: Final = composed(
    """
    UPDATE api_keys k SET revoked_at = coalesce(k.revoked_at, now())
     WHERE k.tenant_id = :tenant_id AND k.id = :id
    RETURNING {api_key:k}
    """
)
INSERT_SESSION: Final = composed(
    """
    INSERT INTO agent_sessions AS s
           (tenant_id, id, user_id, agent_name, workspace_id, capabilities, max_concurrency, state)
    VALUES (:tenant_id, :id, :user_id, :agent_name, :workspace_id, CAST(:capabilities AS text[]), :max_concurrency,
            'active')
    RETURNING {agent_session:s}
    """
)
SESSIONS_BY_ID: Final = composed(
    """
    SELECT {agent_session:s} FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST(:ids AS uuid[]))
    """
)
END_SESSION: Final = composed(
    """
    UPDATE agent_sessions s SET state = 'ended', ended_at = now()
     WHERE s.tenant_id = :tenant_id AND s.id = :id AND s.state = 'active'
    RETURNING {agent_session:s}
    """
)


async def viewer_by_digest(db: Database, digest: bytes) -> Record | None:
    """Key, user and tenant behind a credential."""
    return await db.fetchrow(VIEWER_BY_DIGEST, digest=digest)


async def touch_keys(db: Database, used: Sequence[tuple[UUID, UUID]]) -> None:
    """Note the last use of keys, many at once."""
    await db.fetch(TOUCH_KEYS, tenant_ids=[t for t, _ in used], ids=[i for _, i in used])


async def insert_user(
    tx: Tx, tenant_id: UUID, id: UUID, email: str, first_name: str | None, last_name: str | None, role: str
) -> UserRow | None:
    """A new user, or None where the address is taken."""
    row = await tx.fetchrow(
        INSERT_USER,
        tenant_id=tenant_id,
        id=id,
        email=email,
        first_name=first_name,
        last_name=last_name,
        role=role,
    )
    return UserRow.of(row) if row else None


async def user_by_email(tx: Tx, tenant_id: UUID, email: str) -> UserRow | None:
    """The user with that address."""
    row = await tx.fetchrow(USER_BY_EMAIL, tenant_id=tenant_id, email=email)
    return UserRow.of(row) if row else None


async def users_by_id(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[UserRow]:
    """The users that exist among the ids."""
    return UserRow.all(await db.fetch(USERS_BY_ID, tenant_id=tenant_id, ids=ids))


async def insert_key(
    tx: Tx,
    tenant_id: UUID,
    id: UUID,
    *,
    user_id: UUID,
    name: str,
    prefix: str,
    digest: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> ApiKeyRow:
    """A new key; only its digest is stored."""
    row = await tx.fetchrow(
        INSERT_KEY,
        tenant_id=tenant_id,
        id=id,
        user_id=user_id,
        name=name,
        prefix=prefix,
        digest=digest,
        scopes=scopes,
        expires_at=expires_at,
    )
    assert row is not None
    return ApiKeyRow.of(row)


async def key_by_id(tx: Tx, tenant_id: UUID, id: UUID) -> ApiKeyRow | None:
    """The key, locked."""
    row = await tx.fetchrow(KEY_BY_ID, tenant_id=tenant_id, id=id)
    return ApiKeyRow.of(row) if row else None


async def revoke_key(tx: Tx, tenant_id: UUID, id: UUID) -> ApiKeyRow:
    """The key, revoked; a second time changes nothing."""
    row = await tx.fetchrow(REVOKE_KEY, tenant_id=tenant_id, id=id)
    assert row is not None
    return ApiKeyRow.of(row)


async def insert_session(
    tx: Tx,
    tenant_id: UUID,
    id: UUID,
    *,
    user_id: UUID,
    agent_name: str,
    workspace_id: UUID | None,
    capabilities: Sequence[str],
    max_concurrency: int,
) -> AgentSessionRow:
    """A new, active agent session."""
    row = await tx.fetchrow(
        INSERT_SESSION,
        tenant_id=tenant_id,
        id=id,
        user_id=user_id,
        agent_name=agent_name,
        workspace_id=workspace_id,
        capabilities=capabilities,
        max_concurrency=max_concurrency,
    )
    assert row is not None
    return AgentSessionRow.of(row)


async def sessions_by_id(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[AgentSessionRow]:
    """The agent sessions that exist among the ids."""
    return AgentSessionRow.all(await db.fetch(SESSIONS_BY_ID, tenant_id=tenant_id, ids=ids))


async def end_session(tx: Tx, tenant_id: UUID, id: UUID) -> AgentSessionRow | None:
    """The session, ended; None if it had ended before."""
    row = await tx.fetchrow(END_SESSION, tenant_id=tenant_id, id=id)
    return AgentSessionRow.of(row) if row else None
