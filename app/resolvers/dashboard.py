"""Root fields about the work as a whole: read the dashboard, or watch it."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

import strawberry

from app.graph.context import Info
from app.graph.inputs.dashboard import TaskDashboardFilter, dashboard_filter
from app.graph.types.dashboard import TaskDashboard
from app.loaders.dashboard import WatchedDashboard, task_dashboard
from app.resolvers.outcome import shown
from app.resolvers.places import visible_place

Filter = Annotated[TaskDashboardFilter | None, strawberry.argument(description="Which tasks it is about.")]


@strawberry.type
class DashboardQueries:
    """Reads."""

    @strawberry.field(description="The work you may see, in numbers.")
    async def task_dashboard(self, info: Info, filter: Filter = None) -> TaskDashboard:
        """One statement, however many tasks there are."""
        return shown(TaskDashboard, await task_dashboard(info.context.loaders.reader, dashboard_filter(filter)))


@strawberry.type
class DashboardSubscriptions:
    """Live."""

    @strawberry.subscription(description="The dashboard now, and again when it changes, at most twice a second.")
    async def task_dashboard(self, info: Info, filter: Filter = None) -> AsyncIterator[TaskDashboard]:
        """Computed once for all who watch the same."""
        wanted = dashboard_filter(filter)
        place = await visible_place(info, wanted.workspace_id)
        watched = WatchedDashboard(info.context.loaders.reader, wanted, place)
        return cast("AsyncIterator[TaskDashboard]", await info.context.streams.views.watch(watched))
