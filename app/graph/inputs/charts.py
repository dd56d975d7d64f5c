"""Inputs and payloads of charts."""

import strawberry

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.scalars import JSON
from app.graph.types.chart import Chart


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
