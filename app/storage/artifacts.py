"""Statements about artifacts: made once, read for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.grid import ArtifactRow, ArtifactVersionRow
from app.storage.statements import composed

INSERT: Final = composed(
    """
    INSERT INTO artifacts AS a (tenant_id, id, name, kind, workspace_id, run_id, created_by)
    VALUES (:tenant_id, :id, :name, :kind, :workspace_id, :run_id, :created_by)
    RETURNING {artifact:a}
    """
)
INSERT_VERSION: Final = composed(
    """
    INSERT INTO artifact_versions (tenant_id, id, artifact_id, version, content, metadata, row_count, created_by)
    VALUES (:tenant_id, :id, :artifact_id, :version, CAST(:content AS jsonb), CAST(:metadata AS jsonb), :row_count,
            :created_by)
    """
)
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {artifact:a} FROM artifacts a
     WHERE a.tenant_id = :tenant_id AND a.id = ANY (CAST(:ids AS uuid[])) AND {visible:a}
    """
)
VISIBLE_BY_RUN: Final = composed(
    """
    SELECT asked.run_id AS of_id, {artifact:made}
      FROM unnest(CAST(:run_ids AS uuid[])) AS asked(run_id)
      CROSS JOIN LATERAL (
          SELECT a.* FROM artifacts a
           WHERE a.tenant_id = :tenant_id AND a.run_id = asked.run_id AND {visible:a}
           ORDER BY a.created_at, a.id
           LIMIT CAST(:most AS int)
      ) made
     ORDER BY asked.run_id, made.created_at, made.id
    """
)
VERSIONS: Final = composed(
    """
    SELECT {artifact_version:v} FROM artifact_versions v
     WHERE v.tenant_id = :tenant_id AND v.artifact_id = ANY (CAST(:artifact_ids AS uuid[]))
     ORDER BY v.version DESC
    """
)
CONTENTS: Final = composed(
    """
    SELECT v.id, v.content FROM artifact_versions v
     WHERE v.tenant_id = :tenant_id AND v.id = ANY (CAST(:ids AS uuid[]))
    """
)
# One version, or the newest, and the columns of its content if it is a table.
VERSION: Final = composed(
    """
    SELECT {artifact_version:v}, v.content -> 'columns' AS column_list FROM artifact_versions v
     WHERE v.tenant_id = :tenant_id AND v.artifact_id = :artifact_id
       AND (CAST(:version AS int) IS NULL OR v.version = :version)
     ORDER BY v.version DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArtifact:
    """An artifact that is made."""

    id: UUID
    name: str
    kind: str
    workspace_id: UUID | None
    created_by: UUID | None
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version that is made; content and metadata are JSON text."""

    id: UUID
    artifact_id: UUID
    version: int
    content: str | None
    metadata: str
    row_count: int | None
    created_by: UUID | None


async def insert(tx: Tx, tenant_id: UUID, new: NewArtifact) -> ArtifactRow:
    """A new artifact, as yet without a version."""
    row = await tx.fetchrow(
        INSERT,
        tenant_id=tenant_id,
        id=new.id,
        name=new.name,
        kind=new.kind,
        workspace_id=new.workspace_id,
        run_id=new.run_id,
        created_by=new.created_by,
    )
    assert row is not None
    return ArtifactRow.of(row)


async def insert_version(tx: Tx, tenant_id: UUID, new: NewVersion) -> None:
    """A new version of an artifact."""
    await tx.fetch(
        INSERT_VERSION,
        tenant_id=tenant_id,
        id=new.id,
        artifact_id=new.artifact_id,
        version=new.version,
        content=new.content,
        metadata=new.metadata,
        row_count=new.row_count,
        created_by=new.created_by,
    )


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[ArtifactRow]:
    """The artifacts among the ids that the user may see."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return ArtifactRow.all(rows)


async def visible_by_run(
    db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID], *, most: int
) -> list[tuple[UUID, ArtifactRow]]:
    """`(run, artifact)` for what runs made and the user may see, oldest first, at most so many each."""
    rows = await db.fetch(VISIBLE_BY_RUN, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids, most=most)
    return list(zip((row["of_id"] for row in rows), ArtifactRow.all(rows), strict=True))


async def versions(db: Database, tenant_id: UUID, artifact_ids: Sequence[UUID]) -> list[ArtifactVersionRow]:
    """The versions of artifacts, newest first, without their contents."""
    rows = await db.fetch(VERSIONS, tenant_id=tenant_id, artifact_ids=artifact_ids)
    return ArtifactVersionRow.all(rows)


async def contents(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[tuple[UUID, object]]:
    """The contents of versions."""
    return [(row["id"], row["content"]) for row in await db.fetch(CONTENTS, tenant_id=tenant_id, ids=ids)]


async def version(
    db: Database, tenant_id: UUID, artifact_id: UUID, number: int | None
) -> tuple[ArtifactVersionRow, list[dict[str, Any]] | None] | None:
    """A version, or the newest, with the columns of a table; None where there is none."""
    row = await db.fetchrow(VERSION, tenant_id=tenant_id, artifact_id=artifact_id, version=number)
    return None if row is None else (ArtifactVersionRow.of(row), row["column_list"])
