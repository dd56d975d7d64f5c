"""Inputs and payloads of charts."""

import strawberry

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.chart import Chart
from app.graph.types.workspace import Workspace
from app.services.charts import ChartPatch


@strawberry.input(description="A chart to make in a workspace.")
class CreateChartInput(MutationInput):
    """Where, and what it draws."""

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    spec: JSON = strawberry.field(
        description="Version 1: {kind, x: {column}, y: [{column, agg, label}], group: {column}, filters,"
        " sort: {by, order}, limit, theme, title, subtitle}; kind, x and y are required."
    )


@strawberry.type(description="The answer to createChart; all that is wrong with a spec is told at once.")
class CreateChartPayload(RecordedPayload):
    """The new chart."""

    chart: Chart | None = strawberry.field(default=None, description="The new chart, behind the others.")


@strawberry.input(description="Changes to a chart; absent members stay as they are.")
class UpdateChartInput(MutationInput):
    """Which chart, and what is to change."""

    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace that the chart is expected in, if that is to be checked."
    )
    chart_id: strawberry.ID = strawberry.field(description="The chart.")
    spec: JSON | None = strawberry.field(default=None, description="A whole spec in place of the one that is there.")
    spec_patch: JSON | None = strawberry.field(
        default=None,
        description="A JSON merge patch (RFC 7396) on the stored spec: objects merge, arrays are replaced, null removes"
        " a key; v cannot be patched. Give either this or spec.",
    )
    collapsed: bool | None = strawberry.field(
        default=None, description="Whether it is shown small; makes no new version of the spec."
    )

    def to_patch(self) -> ChartPatch:
        """The words of the services."""
        return ChartPatch(spec=self.spec, spec_patch=self.spec_patch, collapsed=self.collapsed)


@strawberry.type(description="The answer to updateChart; all that is wrong with a spec is told at once.")
class UpdateChartPayload(RecordedPayload):
    """The chart after the change."""

    chart: Chart | None = strawberry.field(default=None, description="The chart, after the change.")


@strawberry.input(description="A new place for a chart.")
class MoveChartInput(MutationInput):
    """Which chart, where to."""

    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace that the chart is expected in, if that is to be checked."
    )
    chart_id: strawberry.ID = strawberry.field(description="The chart.")
    position: int = strawberry.field(description="From 0; beyond the last place means the last place.")


@strawberry.type(description="The answer to moveChart.")
class MoveChartPayload(RecordedPayload):
    """The chart in its new place."""

    chart: Chart | None = strawberry.field(default=None, description="The chart; its spec has no new version.")
    workspace: Workspace | None = strawberry.field(
        default=None, description="Its workspace, whose charts are in their new order."
    )


@strawberry.input(description="A chart to delete.")
class DeleteChartInput(MutationInput):
    """Which chart."""

    workspace_id: strawberry.ID | None = strawberry.field(
        default=None, description="The workspace that the chart is expected in, if that is to be checked."
    )
    chart_id: strawberry.ID = strawberry.field(description="The chart; its artifact stays with all versions.")


@strawberry.type(description="The answer to deleteChart.")
class DeleteChartPayload(RecordedPayload):
    """The workspace without the chart."""

    deleted_chart_id: strawberry.ID | None = strawberry.field(default=None, description="The chart that is gone.")
    workspace: Workspace | None = strawberry.field(default=None, description="The workspace it stood in.")
