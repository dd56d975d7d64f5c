"""What the workspaces API sends and takes of charts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from app.domain.charts.filters import Op
from app.domain.charts.spec import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    MEASURES_MAX,
    SPEC_VERSION,
    Agg,
    Kind,
    SortBy,
    SortOrder,
    Theme,
)
from app.web.rest.shape import Between, Json, JsonObject, Length, Like

Words = Annotated[str | None, Length(0, 255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartField:
    """A column."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMeasure:
    """What is measured, and how."""

    agg: Agg
    column: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSort:
    """The order of result rows."""

    by: SortBy = SortBy.X
    order: SortOrder = SortOrder.ASC


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFilter:
    """A condition; all of them must hold."""

    column: str
    op: Op
    value: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """What a chart draws, version 1; it compiles to an ECharts option."""

    kind: Kind
    x: ChartField
    y: Annotated[tuple[ChartMeasure, ...], Length(1, MEASURES_MAX)]
    v: Annotated[int, Between(SPEC_VERSION, SPEC_VERSION)] = SPEC_VERSION
    title: Words = None
    subtitle: Words = None
    group: ChartField | None = None
    filters: tuple[ChartFilter, ...] = ()
    sort: ChartSort | None = None
    limit: Annotated[int, Between(1, LIMIT_MAX)] = LIMIT_DEFAULT
    theme: Theme = Theme.AUTO


# Read by the domain, which tells of all that is wrong at once and takes no unknown key.
RawSpec = Annotated[Json, Like(ChartSpec)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of a workspace's rows; `rendererConfig` is the compiled ECharts option without data."""

    id: UUID
    workspace_id: UUID
    artifact_id: UUID | None
    chart_spec_version: int
    spec: RawSpec
    renderer_config: JsonObject
    title: str | None
    position: int
    collapsed: bool
    created_by: UUID | None
    last_edited_by: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartList:
    """The charts of a workspace, in their order."""

    items: tuple[Chart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartDataRow:
    """A point, bar or slice."""

    x: Json
    y: float | None
    group: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    """What a chart shows now."""

    chart_id: UUID
    x_column: str
    group_column: str | None
    y_label: str | None
    rows: tuple[Annotated[Json, Like(ChartDataRow)], ...]
    truncated: bool
