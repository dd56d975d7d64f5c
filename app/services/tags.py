"""Tags: words of the tenant that stand on workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from app.clock import Now
from app.db.engine import Database
from app.db.errors import Duplicate
from app.db.tx import Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, NotFound, ServiceUnavailable
from app.domain.ids import parse_uuid, uuid7
from app.domain.invalid import InvalidInput, require_sound
from app.domain.problems import Problem, shown
from app.domain.sharing.tag import (
    COLOR_LENGTH_MAX,
    DESCRIPTION_LENGTH_MAX,
    NAMESPACE_LENGTH_MAX,
    TAGS_MAX,
    tag_attributes,
    tag_name,
    tag_slug,
    tag_text,
)
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.presence import present
from app.services.workspaces import workspace_event
from app.storage import events, tags, workspaces
from app.storage.rows.share import TagRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.tags import TagColumns

RETRIES_MAX: Final = 3
# Members of a tag that null clears; a null name is no change.
CLEARABLE: Final = ("namespace", "color", "description", "attributes")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDraft:
    """A tag as its creator describes it, or what is to become of one.

    `given` names the members that were sent: of an update, others stay as they are.
    """

    name: str | None = None
    namespace: str | None = None
    color: str | None = None
    description: str | None = None
    attributes: object = None
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChanged:
    """A tag after a change, or as it was when it was deleted; no sequence where nothing changed."""

    tag: TagRow
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A workspace after its tags were set; no sequence where it bore them already."""

    workspace: WorkspaceRow
    sequence: int | None


class Tags:
    """The use cases of tags. Everybody makes them; only their creator and administrators change or delete them."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def create(self, viewer: Viewer, draft: TagDraft) -> TagChanged:
        """A new tag; refused where its namespace has one of that slug."""
        require(viewer, Action.WRITE, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
        new = _columns(draft)
        try:
            async with self._db.transaction() as tx:
                tag = await tags.insert(tx, viewer.tenant_id, uuid7(self._now()), new, viewer.user_id)
                sequence = await events.append(tx, viewer.tenant_id, [_tag_event(EventType.TAG_CREATED, viewer, tag)])
        except Duplicate as problem:
            raise _taken(new) from problem
        return TagChanged(tag=tag, sequence=sequence)

    async def update(self, viewer: Viewer, tag_id: str, draft: TagDraft) -> TagChanged:
        """Set what was given; what is there already changes nothing."""
        id = known_id(tag_id, "tag")
        wanted = None
        try:
            async with self._db.transaction() as tx:
                tag = await self._locked(tx, viewer, id)
                before = _columns_of(tag)
                wanted = _columns(draft, before)
                if wanted == before:
                    return TagChanged(tag=tag, sequence=None)
                tag = await tags.update(tx, viewer.tenant_id, id, wanted)
                sequence = await events.append(tx, viewer.tenant_id, [_tag_event(EventType.TAG_UPDATED, viewer, tag)])
        except Duplicate as problem:
            assert wanted is not None
            raise _taken(wanted) from problem
        return TagChanged(tag=tag, sequence=sequence)

    async def delete(self, viewer: Viewer, tag_id: str) -> TagChanged:
        """Remove a tag, also from the workspaces it stands on."""
        id = known_id(tag_id, "tag")
        async with self._db.transaction() as tx:
            tag = await self._locked(tx, viewer, id)
            await tags.delete(tx, viewer.tenant_id, id)
            sequence = await events.append(tx, viewer.tenant_id, [_tag_event(EventType.TAG_DELETED, viewer, tag)])
        return TagChanged(tag=tag, sequence=sequence)

    async def set_on_workspace(
        self, viewer: Viewer, workspace_id: str, tag_ids: Sequence[str], tag_names: Sequence[str]
    ) -> Tagged:
        """Let exactly these tags stand on a workspace, archived or not; unknown names become tags."""
        place = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WRITE)
        names = _names(tag_names)
        ids = _ids(tag_ids)
        async with self._db.transaction() as tx:
            row = present(await workspaces.lock(tx, viewer.tenant_id, place.id))
            chosen, made = await self._find_or_make(tx, viewer, ids, names)
            if len(chosen) > TAGS_MAX:
                raise BadInput(f"{len(chosen)} tags; at most {TAGS_MAX} are allowed.", field="tagIds", limit=TAGS_MAX)
            if frozenset(chosen) == await tags.linked(tx, viewer.tenant_id, row.id):
                return Tagged(workspace=row, sequence=None)
            await tags.link(tx, viewer.tenant_id, row.id, chosen)
            facts = [_tag_event(EventType.TAG_CREATED, viewer, tag) for tag in made]
            named = [str(id) for id in chosen]
            facts.append(workspace_event(EventType.WORKSPACE_TAGS_SET, viewer, row, None, tagIds=named))
            sequence = await events.append(tx, viewer.tenant_id, facts)
        return Tagged(workspace=row, sequence=sequence)

    async def _find_or_make(
        self, tx: Tx, viewer: Viewer, ids: Sequence[UUID | None], names: dict[str, str]
    ) -> tuple[list[UUID], list[TagRow]]:
        """The tags of a set, and those of them that are new; what somebody else makes or deletes meanwhile is met by
        looking again.
        """
        wanted = [id for id in ids if id is not None]
        made: list[TagRow] = []
        for _ in range(RETRIES_MAX):
            found = await tags.hold(tx, viewer.tenant_id, wanted, list(names))
            known = {tag.id for tag in found}
            require_sound(
                [
                    Problem(("tagIds", at), "value_error", "There is no such tag.")
                    for at, id in enumerate(ids)
                    if id not in known
                ]
            )
            by_slug = _by_slug(found)
            missing = [(uuid7(self._now()), name, slug) for slug, name in names.items() if slug not in by_slug]
            if not missing:
                return list(dict.fromkeys([*wanted, *(by_slug[slug].id for slug in names)])), made
            made += await tags.insert_names(tx, viewer.tenant_id, missing, viewer.user_id)
        raise ServiceUnavailable("The tags are changing too quickly; try again.")

    async def _locked(self, tx: Tx, viewer: Viewer, id: UUID) -> TagRow:
        tag = await tags.lock(tx, viewer.tenant_id, id)
        bound = None
        if tag is not None:
            bound = TenantWide(tenant_id=viewer.tenant_id, creator_id=tag.created_by, creator_writes_only=True)
        require(viewer, Action.WRITE, bound, what="tag", id=id)
        if tag is None:
            raise NotFound("The tag was deleted a moment ago.", reason="tag_not_found")
        return tag


def _by_slug(found: Sequence[TagRow]) -> dict[str, TagRow]:
    """Of tags with one slug the one without a namespace, else that of the first namespace."""
    best: dict[str, TagRow] = {}
    for tag in sorted(found, key=lambda tag: tag.namespace or ""):
        best.setdefault(tag.slug, tag)
    return best


def _names(given: Sequence[str]) -> dict[str, str]:
    """The names by slug, the first spelling of each; InvalidInput names every one that is no name."""
    _require_few(given, "tagNames")
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for at, text in enumerate(given):
        try:
            name = tag_name(text, f"tagNames.{at}")
        except BadInput as problem:
            problems.append(Problem(("tagNames", at), "value_error", problem.message))
        else:
            names.setdefault(tag_slug(name), name)
    require_sound(problems)
    return names


def _ids(given: Sequence[str]) -> list[UUID | None]:
    """The ids in their order; None for what is no id of ours and so names no tag."""
    _require_few(given, "tagIds")
    problems = [
        Problem(("tagIds", at), "value_error", f"There is no tag {shown(text)}.")
        for at, text in enumerate(given)
        if parse_uuid(text) is None
    ]
    if problems:
        raise InvalidInput(problems)
    return [parse_uuid(text) for text in given]


def _require_few(given: Sequence[str], field: str) -> None:
    if len(given) > TAGS_MAX:
        raise BadInput(f"{len(given)} tags; at most {TAGS_MAX} are allowed.", field=field, limit=TAGS_MAX)


def _columns(draft: TagDraft, before: TagColumns | None = None) -> TagColumns:
    """What a tag is made of, checked; members of `before` that are not given stay."""
    name = before.name if before is not None and draft.name is None else tag_name(draft.name or "", "name")
    checked = {
        "namespace": tag_text(draft.namespace, "namespace", NAMESPACE_LENGTH_MAX),
        "color": tag_text(draft.color, "color", COLOR_LENGTH_MAX),
        "description": tag_text(draft.description, "description", DESCRIPTION_LENGTH_MAX),
        "attributes": tag_attributes(draft.attributes),
    }
    if before is not None:
        checked |= {member: getattr(before, member) for member in CLEARABLE if member not in draft.given}
    return TagColumns(name=name, slug=tag_slug(name), **checked)  # type: ignore[arg-type]  # attributes are never None


def _columns_of(tag: TagRow) -> TagColumns:
    return TagColumns(
        name=tag.name,
        slug=tag.slug,
        namespace=tag.namespace,
        color=tag.color,
        description=tag.description,
        attributes=orjson.dumps(tag.attributes).decode(),
    )


def _taken(wanted: TagColumns) -> Conflict:
    place = "without a namespace" if wanted.namespace is None else f"in the namespace {wanted.namespace!r}"
    return Conflict(
        f"There is a tag {place} that is called like {wanted.name!r} already; use it, or choose another name.",
        field="name",
        reason="tag_exists",
    )


def _tag_event(type: EventType, viewer: Viewer, tag: TagRow) -> events.NewEvent:
    return events.NewEvent(
        type=type,
        payload={"tagId": str(tag.id), "name": tag.name, "slug": tag.slug, "namespace": tag.namespace},
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref=f"tags.{type.value.partition('.')[2]}"),
    )
