"""Charts and their data."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.graph.context import Info
from app.graph.relation import related, value
from app.graph.scalars import JSON
from app.graph.types.artifact import Artifact, ArtifactVersion
from app.graph.types.node import Node
from app.graph.types.user import User
from app.loaders.chart_data import DrawnData, chart_data
from app.storage.rows.workspace import ChartRow

if TYPE_CHECKING:
    from app.graph.types.workspace import Workspace

DataFilters = Annotated[
    list[JSON] | None,
    strawberry.argument(description="More conditions {column, op, value}, joined with those of the spec by AND."),
]


@strawberry.type(description="A point, bar or slice.")
class ChartDataRow:
    """One row of chart data."""

    x: JSON | None = value("The category or the horizontal value.")
    y: float | None = value("The measured value.")
    group: JSON | None = value("The value of the group, or the name of the measure where there are several.")


@strawberry.type(description="What a chart shows now.")
class ChartData:
    """The rows and their names."""

    chart_id: strawberry.ID = value("The chart.")
    chart_spec_version: int = value("The version of the spec that it was drawn by.")
    x_column: str = value("The column on x.")
    group_column: str | None = value("The column that splits into series.")
    y_label: str | None = value("What y is; null where there are several measures.")
    truncated: bool = value("Whether more rows existed than the spec's limit.")
    chart: Annotated["Chart", strawberry.lazy("app.graph.types.chart")] | None = related(
        lambda x: x.chart_by_id, lambda row: row.chart_id, "The chart as it is now; null if it was deleted just now."
    )

    @strawberry.field(description="In the order of the spec.")
    def rows(root: strawberry.Parent[DrawnData]) -> list[ChartDataRow]:
        """Points, bars or slices."""
        return [
            ChartDataRow(x=cast("JSON | None", row["x"]), y=row["y"], group=cast("JSON | None", row["group"]))
            for row in root.rows
        ]


@strawberry.type(description="A chart of a workspace's rows.")
class Chart(Node):
    """A chart."""

    title: str | None = value("The spec's title.")
    spec: JSON = value("What it draws, with defaults filled in.")
    renderer_config: JSON = value("The compiled ECharts option, without data.")
    option: JSON = value("The same as rendererConfig.")
    position: int = value("Its place among the charts of the workspace, from 0.")
    collapsed: bool = value("Whether it is shown small.")
    chart_spec_version: int = value("The version of its artifact that holds the spec.")
    artifact_id: strawberry.ID = value("The artifact behind it.")
    created_at: datetime = value("When it was made.")
    updated_at: datetime = value("When it changed last.")
    artifact: Artifact | None = related(
        lambda x: x.artifact_by_id, lambda row: row.artifact_id, "The artifact behind it, with every version."
    )
    versions: list[ArtifactVersion] = related(
        lambda x: x.versions_by_artifact,
        lambda row: row.artifact_id,
        "The versions of its spec, newest first; to go back to one, give its chart_spec to updateChart.",
    )
    created_by: User | None = related(lambda x: x.user_by_id, lambda row: row.created_by, "Who made it.")
    last_edited_by: User | None = related(
        lambda x: x.user_by_id, lambda row: row.last_edited_by, "Who changed its spec last."
    )
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda row: row.workspace_id, "The workspace it stands in."
    )

    @strawberry.field(description="What it shows now.")
    async def data(root: strawberry.Parent[ChartRow], info: Info, filters: DataFilters = None) -> ChartData:
        """One statement, stopped after 10 s."""
        loaders = info.context.loaders
        table = await loaders.shown_by_workspace.load(root.workspace_id)
        found = await chart_data(loaders.reader, root, table, filters or ())
        return cast("ChartData", found)

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, ChartRow)
