"""Root fields about charts."""

from typing import Annotated

import strawberry

from app.graph.context import Info
from app.graph.inputs.charts import CreateChartInput, CreateChartPayload
from app.graph.scalars import BigInt
from app.graph.types.chart import Chart
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem


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
