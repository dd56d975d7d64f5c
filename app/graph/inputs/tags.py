"""Inputs and payloads of tags."""

import strawberry
from strawberry import UNSET

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.tag import Tag
from app.services.tags import CLEARABLE, TagDraft


@strawberry.input(description="A tag to make.")
class CreateTagInput(MutationInput):
    """What it is called, and what is kept about it."""

    name: str = strawberry.field(description="1 to 64 characters; its slug must be new in its namespace.")
    namespace: str | None = strawberry.field(default=None, description="What kind of tag it is; at most 64 characters.")
    color: str | None = strawberry.field(default=None, description="At most 32 characters.")
    description: str | None = strawberry.field(default=None, description="At most 1000 characters.")
    attributes: JSON | None = strawberry.field(default=None, description="An object of at most 16 KiB.")

    def to_draft(self) -> TagDraft:
        """The words of the services."""
        return TagDraft(
            name=self.name,
            namespace=self.namespace,
            color=self.color,
            description=self.description,
            attributes=self.attributes,
        )


@strawberry.type(description="The answer to createTag.")
class CreateTagPayload(RecordedPayload):
    """The new tag."""

    tag: Tag | None = strawberry.field(default=None, description="The new tag.")


@strawberry.input(description="Changes to a tag; absent members stay as they are.")
class UpdateTagInput(MutationInput):
    """Which tag, and what is to change."""

    tag_id: strawberry.ID = strawberry.field(description="The tag; yours, or any for an administrator.")
    name: str | None = strawberry.field(default=None, description="Also makes its slug; null is no change.")
    namespace: str | None = strawberry.field(default=UNSET, description="Null clears it.")
    color: str | None = strawberry.field(default=UNSET, description="Null clears it.")
    description: str | None = strawberry.field(default=UNSET, description="Null clears it.")
    attributes: JSON | None = strawberry.field(default=UNSET, description="Replaces what is there; null is {}.")

    def to_draft(self) -> TagDraft:
        """The words of the services."""
        given = {member: getattr(self, member) for member in CLEARABLE if getattr(self, member) is not UNSET}
        return TagDraft(name=self.name, given=frozenset(given), **given)


@strawberry.type(description="The answer to updateTag.")
class UpdateTagPayload(RecordedPayload):
    """The tag after the change."""

    tag: Tag | None = strawberry.field(default=None, description="The tag, after the change.")


@strawberry.input(description="A tag to delete, also from the workspaces it stands on.")
class DeleteTagInput(MutationInput):
    """Which tag."""

    tag_id: strawberry.ID = strawberry.field(description="The tag; yours, or any for an administrator.")


@strawberry.type(description="The answer to deleteTag.")
class DeleteTagPayload(RecordedPayload):
    """What is gone."""

    tag_id: strawberry.ID | None = strawberry.field(default=None, description="The tag that is gone.")
