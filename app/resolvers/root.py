"""The schema: its root types, its scalars and its way of reading rows."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.graph.relation import read_attribute
from app.graph.scalars import SCALARS
from app.resolvers.agent_sessions import AgentSessionQueries
from app.resolvers.artifacts import ArtifactMutations, ArtifactQueries
from app.resolvers.cells import CellMutations
from app.resolvers.charts import ChartMutations, ChartSubscriptions
from app.resolvers.dashboard import DashboardQueries, DashboardSubscriptions
from app.resolvers.dispatch import DispatchMutations, DispatchQueries
from app.resolvers.events import EventQueries, EventSubscriptions
from app.resolvers.forced import DeadLetterQueries, ForcedMutations
from app.resolvers.identity import IdentityMutations, IdentityQueries
from app.resolvers.inbox import InboxMutations, InboxQueries, InboxSubscriptions
from app.resolvers.nodes import NodeQueries
from app.resolvers.run_operations import RunOperationMutations
from app.resolvers.shares import ShareMutations, ShareQueries
from app.resolvers.tables import TableMutations, TableQueries
from app.resolvers.tags import TagMutations, TagQueries
from app.resolvers.task_changes import TaskChangeMutations
from app.resolvers.tasks import TaskMutations, TaskQueries
from app.resolvers.threads import ThreadMutations, ThreadQueries
from app.resolvers.workers import WorkerMutations
from app.resolvers.workspace_life import WorkspaceLifeMutations
from app.resolvers.workspaces import WorkspaceMutations, WorkspaceQueries


@strawberry.type(description="Everything that can be read.")
class Query(
    NodeQueries,
    TaskQueries,
    DispatchQueries,
    DeadLetterQueries,
    AgentSessionQueries,
    DashboardQueries,
    InboxQueries,
    EventQueries,
    IdentityQueries,
    WorkspaceQueries,
    ShareQueries,
    TagQueries,
    ThreadQueries,
    TableQueries,
    ArtifactQueries,
):
    """The root of queries."""


@strawberry.type(description="Everything that can be changed.")
class Mutation(
    TaskChangeMutations,
    RunOperationMutations,
    TaskMutations,
    DispatchMutations,
    ForcedMutations,
    InboxMutations,
    WorkerMutations,
    IdentityMutations,
    WorkspaceMutations,
    WorkspaceLifeMutations,
    ShareMutations,
    TagMutations,
    ThreadMutations,
    TableMutations,
    ArtifactMutations,
    ChartMutations,
    CellMutations,
):
    """The root of mutations."""


@strawberry.type(description="Everything that can be watched.")
class Subscription(EventSubscriptions, DashboardSubscriptions, InboxSubscriptions, ChartSubscriptions):
    """The root of subscriptions."""


def build_schema(*, suggestions: bool = True) -> strawberry.Schema:
    """The schema that runs; `suggestions` off hides names of fields in error messages."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(
            scalar_map=SCALARS,
            default_resolver=read_attribute,
            disable_field_suggestions=not suggestions,
        ),
    )
