"""The data of charts: one statement each, on connections of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import LANES, Lane
from app.db.errors import StatementTimeout
from app.domain.charts.filters import parse_filters
from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import make_plan
from app.domain.charts.shape import ChartData, shape_rows
from app.domain.errors import ServiceUnavailable
from app.domain.invalid import accepted
from app.loaders.reader import Reader
from app.storage import aggregate
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import ChartRow

SECONDS_MAX: Final = LANES[Lane.CHARTS].statement_ms_max // 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnData(ChartData):
    """The data of a chart, and under which version of its spec."""

    chart_id: UUID
    chart_spec_version: int


async def chart_data(reader: Reader, chart: ChartRow, table: TableRow | None, filters: Sequence[object]) -> DrawnData:
    """What the chart shows now, with a caller's filters on top; a spec whose columns are gone is refused."""
    extra = accepted(parse_filters(list(filters), ("filters",)))
    spec = accepted(parse_spec(chart.spec, ("spec",)))
    plan = accepted(make_plan(spec, () if table is None else table.column_list, extra))
    # A spec without columns fits no table: a plan proves that there is one.
    assert table is not None
    try:
        rows = await aggregate.chart_rows(reader.db, table.source, plan)
    except StatementTimeout as problem:
        raise ServiceUnavailable(
            f"The chart took longer than {SECONDS_MAX} s and was stopped; narrow it with filters, or try again.",
            reason="chart_timeout",
        ) from problem
    data = shape_rows(plan, rows)
    return DrawnData(
        chart_id=chart.id,
        chart_spec_version=chart.chart_spec_version,
        x_column=data.x_column,
        group_column=data.group_column,
        y_label=data.y_label,
        rows=data.rows,
        truncated=data.truncated,
    )
