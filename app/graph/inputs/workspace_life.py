"""Inputs and payloads of the life of a workspace, of its share and of its tags."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.share import WorkspaceShare
from app.graph.types.tag import Tag
from app.graph.types.workspace import Workspace
from app.services.shares import ShareDraft
from app.services.workspace_life import WorkspacePatch


@strawberry.input(description="Changes to a workspace; absent members stay as they are.")
class UpdateWorkspaceInput(MutationInput):
    """Which workspace, and what is to change."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    title: str | None = strawberry.field(default=None, description="1 to 255 characters; null is no change.")
    description: str | None = strawberry.field(default=UNSET, description="Null clears it.")
    renderer_config: JSON | None = strawberry.field(
        default=UNSET, description="An object of at most 64 KiB; replaces what is there, null is {}."
    )

    def to_patch(self) -> WorkspacePatch:
        """The words of the services."""
        sets_description, sets_config = self.description is not UNSET, self.renderer_config is not UNSET
        return WorkspacePatch(
            title=self.title,
            sets_description=sets_description,
            description=self.description if sets_description else None,
            sets_config=sets_config,
            config=self.renderer_config if sets_config else None,
        )


@strawberry.type(description="The answer to updateWorkspace.")
class UpdateWorkspacePayload(RecordedPayload):
    """The workspace after the change."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, after the change.")


@strawberry.input(description="A workspace to freeze.")
class ArchiveWorkspaceInput(MutationInput):
    """Which workspace."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")


@strawberry.type(description="The answer to archiveWorkspace.")
class ArchiveWorkspacePayload(RecordedPayload):
    """The workspace, frozen."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, archived.")


@strawberry.input(description="A frozen workspace to use again.")
class RestoreWorkspaceInput(MutationInput):
    """Which workspace."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")


@strawberry.type(description="The answer to restoreWorkspace.")
class RestoreWorkspacePayload(RecordedPayload):
    """The workspace, in use."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace, active.")


@strawberry.input(description="A workspace to delete, for good.")
class DeleteWorkspaceInput(MutationInput):
    """Which workspace."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace; active or archived.")


@strawberry.type(description="The answer to deleteWorkspace.")
class DeleteWorkspacePayload(RecordedPayload):
    """What is gone."""

    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="The workspace that is gone.")


@strawberry.input(description="A share that replaces the one a workspace has.")
class ShareWorkspaceInput(MutationInput):
    """Whom to share with, and until when."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    recipient_user_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Users of your tenant, at most 200; repetitions and you yourself are left out. None: nobody reads.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends by itself, in the future; absent for never."
    )

    def to_draft(self) -> ShareDraft:
        """The words of the services."""
        return ShareDraft(recipient_user_ids=self.recipient_user_ids, expires_at=self.expires_at)


@strawberry.type(description="What the mutations of a share answer.")
class SharePayload(RecordedPayload):
    """The workspace and its share."""

    workspace: Workspace | None = strawberry.field(
        default=None, description="The workspace; null for somebody who left it."
    )
    share: WorkspaceShare | None = strawberry.field(default=None, description="Its share, after the change.")


@strawberry.type(description="The answer to shareWorkspace.")
class ShareWorkspacePayload(SharePayload):
    """The new share."""


@strawberry.input(description="A share to end.")
class RevokeWorkspaceShareInput(MutationInput):
    """Of which workspace."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")


@strawberry.type(description="The answer to revokeWorkspaceShare.")
class RevokeWorkspaceSharePayload(SharePayload):
    """The ended share."""


@strawberry.input(description="A share to remove, or to leave.")
class ClearWorkspaceShareInput(MutationInput):
    """Of which workspace."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace; yours, or shared with you.")


@strawberry.type(description="The answer to clearWorkspaceShare.")
class ClearWorkspaceSharePayload(SharePayload):
    """What is left of the share."""


@strawberry.input(description="The tags that are to stand on a workspace, and no others.")
class SetWorkspaceTagsInput(MutationInput):
    """Which workspace, which tags."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace; active or archived.")
    tag_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="Tags of your tenant.")
    tag_names: list[str] = strawberry.field(
        default_factory=list, description="Tags by name; unknown ones are made. At most 50 tags in all."
    )


@strawberry.type(description="The answer to setWorkspaceTags.")
class SetWorkspaceTagsPayload(RecordedPayload):
    """The workspace with its tags."""

    workspace: Workspace | None = strawberry.field(default=None, description="The workspace.")
    tags: list[Tag] = strawberry.field(default_factory=list, description="Its tags, after the change.")
