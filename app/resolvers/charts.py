"""Root fields about charts."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

import strawberry

from app.domain.access.policy import unknown
from app.domain.errors import NotFound
from app.graph.context import Info
from app.graph.inputs.charts import (
    CreateChartInput,
    CreateChartPayload,
    DeleteChartInput,
    DeleteChartPayload,
    MoveChartInput,
    MoveChartPayload,
    UpdateChartInput,
    UpdateChartPayload,
)
from app.graph.scalars import BigInt, known_sequence
from app.graph.types.chart import Chart, ChartData, DataFilters
from app.graph.types.workspace import Workspace
from app.loaders.watched_chart import WatchedChart
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem
from app.services.access import known_id


@strawberry.type
class ChartMutations:
    """Writes."""

    @strawberry.mutation(description="Make a chart of a workspace's rows.")
    async def create_chart(
        self, info: Info, input: Annotated[CreateChartInput, strawberry.argument(description="Workspace and spec.")]
    ) -> CreateChartPayload:
        """Behind the others."""

        async def work() -> CreateChartPayload:
            made = await info.context.services.charts.create(info.context.viewer, input.workspace_id, input.spec)
            return CreateChartPayload(chart=shown(Chart, made.chart), sequence=BigInt(made.sequence))

        return await each_problem(CreateChartPayload, info, input, work())

    @strawberry.mutation(description="Change what a chart draws; each accepted spec is a new version of its artifact.")
    async def update_chart(
        self, info: Info, input: Annotated[UpdateChartInput, strawberry.argument(description="Chart and changes.")]
    ) -> UpdateChartPayload:
        """What is there already changes nothing."""

        async def work() -> UpdateChartPayload:
            charts, viewer = info.context.services.charts, info.context.viewer
            done = await charts.update(viewer, input.chart_id, input.to_patch(), workspace_id=input.workspace_id)
            return UpdateChartPayload(chart=shown(Chart, done.chart), sequence=known_sequence(done.sequence))

        return await each_problem(UpdateChartPayload, info, input, work())

    @strawberry.mutation(description="Put a chart in another place; those between step aside.")
    async def move_chart(
        self, info: Info, input: Annotated[MoveChartInput, strawberry.argument(description="Chart and place.")]
    ) -> MoveChartPayload:
        """All charts of the workspace stand one behind another."""

        async def work() -> MoveChartPayload:
            charts, viewer = info.context.services.charts, info.context.viewer
            done = await charts.move(viewer, input.chart_id, input.position, workspace_id=input.workspace_id)
            return MoveChartPayload(
                chart=shown(Chart, done.chart),
                workspace=shown(Workspace, done.workspace),
                sequence=known_sequence(done.sequence),
            )

        return await each_problem(MoveChartPayload, info, input, work())

    @strawberry.mutation(description="Delete a chart; those behind it move up.")
    async def delete_chart(
        self, info: Info, input: Annotated[DeleteChartInput, strawberry.argument(description="Which one.")]
    ) -> DeleteChartPayload:
        """Its artifact is kept."""

        async def work() -> DeleteChartPayload:
            charts, viewer = info.context.services.charts, info.context.viewer
            done = await charts.delete(viewer, input.chart_id, workspace_id=input.workspace_id)
            return DeleteChartPayload(
                deleted_chart_id=strawberry.ID(str(done.chart.id)),
                workspace=shown(Workspace, done.workspace),
                sequence=known_sequence(done.sequence),
            )

        return await each_problem(DeleteChartPayload, info, input, work())


@strawberry.type
class ChartSubscriptions:
    """Live."""

    @strawberry.subscription(
        description="What a chart shows now, and again when the rows of its table or its spec change, at most twice a"
        " second, whoever changes them and in whichever workspace."
    )
    async def chart_data(
        self,
        info: Info,
        chart_id: Annotated[strawberry.ID, strawberry.argument(description="The chart.")],
        filters: DataFilters = None,
    ) -> AsyncIterator[ChartData]:
        """Computed once for all who watch the same; it ends with the chart and with the right to read it."""
        loaders = info.context.loaders
        chart = await loaders.chart_by_id.load(known_id(chart_id, "chart"))
        place = None if chart is None else await loaders.workspace_by_id.load(chart.workspace_id)
        if chart is None or place is None:
            raise NotFound(f"There is no chart {chart_id[:140]!r}.", id=chart_id[:140], reason=unknown("chart"))
        watched = WatchedChart(loaders.reader, chart, place.table_id, filters or ())
        return cast("AsyncIterator[ChartData]", await info.context.streams.views.watch(watched))
