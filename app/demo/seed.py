"""Set the stage, once: tables from real files, an operational and a snapshot workspace on them, and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.demo.data import CARS, WEATHER, Dataset, rows_of
from app.demo.stories import Place
from app.demo.voice import Voice
from app.worker import GraphQLClient, Unavailable
from app.worker.backoff import Backoff
from app.worker.client import payload
from app.worker.documents import ERRORS
from app.worker.tables import NewTable, Table, find_table, put_table

WORKSPACES: Final = """
query DemoWorkspaces($after: String) {
  workspaces(first: 100, after: $after) {
    nodes { id title status mode charts { title } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

CREATE_WORKSPACE: Final = f"""
mutation CreateWorkspace($input: CreateWorkspaceInput!) {{
  createWorkspace(input: $input) {{ workspace {{ id }} {ERRORS} }}
}}
"""

CREATE_ARTIFACT: Final = f"""
mutation CreateArtifact($input: CreateArtifactInput!) {{
  createArtifact(input: $input) {{ artifact {{ id }} {ERRORS} }}
}}
"""

CREATE_CHART: Final = f"""
mutation CreateChart($input: CreateChartInput!) {{
  createChart(input: $input) {{ chart {{ id }} {ERRORS} }}
}}
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workspace of the demo: its table, its mode and its charts."""

    place: Place
    dataset: Dataset
    mode: str
    description: str
    charts: Sequence[Mapping[str, Any]]


def chart(kind: str, title: str, x: str, *measures: tuple[str, str, str], **more: Any) -> Json:
    """A chart spec of version 1; a measure is column, aggregate and label."""
    y = [{"column": column, "agg": aggregate, "label": label} for column, aggregate, label in measures]
    return {"v": 1, "kind": kind, "title": title, "x": {"column": x}, "y": y, **more}


SCENES: Final = (
    Scene(
        place=Place.WEATHER,
        dataset=WEATHER,
        mode="OPERATIONAL",
        description="Four years of daily weather in Seattle: a live table.",
        charts=(
            chart("donut", "Days by kind of weather", "weather", ("*", "count", "Days")),
            chart(
                "bar",
                "Temperature by kind of weather",
                "weather",
                ("temp_max", "avg", "Mean high, °C"),
                ("temp_min", "avg", "Mean low, °C"),
            ),
        ),
    ),
    Scene(
        place=Place.CARS,
        dataset=CARS,
        mode="SNAPSHOT",
        description="Cars of 1970 to 1982: a copy of a table, made once.",
        charts=(
            chart(
                "line",
                "Fuel use over the years",
                "Year",
                ("Miles_per_Gallon", "avg", "Miles per gallon"),
                group={"column": "Origin"},
            ),
            chart("bar", "Power by number of cylinders", "Cylinders", ("Horsepower", "avg", "Mean horsepower")),
        ),
    ),
)


class Stage:
    """Sets the scenes on one server."""

    def __init__(self, client: GraphQLClient, voice: Voice) -> None:
        self._client = client
        self._voice = voice

    async def set(self) -> dict[Place, str]:
        """The ids of the demo's workspaces; what is missing is made, however often the server goes away meanwhile."""
        backoff = Backoff()
        while True:
            try:
                found = await self._existing()
                return {scene.place: await self._scene(scene, found.get(scene.place)) for scene in SCENES}
            except Unavailable as gone:
                self._voice.say(f"waits: {gone}")
            await backoff.pause()

    async def _existing(self) -> dict[str, Json]:
        """The active workspaces of the caller by title."""
        found: dict[str, Json] = {}
        after: str | None = None
        while True:
            page = (await self._client.query(WORKSPACES, {"after": after}))["workspaces"]
            found |= {place["title"]: place for place in page["nodes"] if place["status"] == "ACTIVE"}
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def _scene(self, scene: Scene, existing: Json | None) -> str:
        id: str = existing["id"] if existing else await self._workspace(scene)
        titles = {one["title"] for one in existing["charts"]} if existing else set()
        for spec in scene.charts:
            if spec["title"] not in titles:
                payload(await self._client.send(CREATE_CHART, {"input": {"workspaceId": id, "spec": spec}}))
                self._voice.say(f"chart    {spec['title']}")
        return id

    async def _workspace(self, scene: Scene) -> str:
        table = await self._table(scene.dataset)
        asked: Json = {"title": str(scene.place), "mode": scene.mode, "description": scene.description}
        if scene.mode == "OPERATIONAL":
            asked |= {"backingTableName": table.name, "backingTableScope": "TENANT"}
        else:
            content = {"name": table.name, "kind": "TABLE", "tableId": table.id}
            made = payload(await self._client.send(CREATE_ARTIFACT, {"input": content}))
            asked |= {"artifactId": made["artifact"]["id"], "rowIdColumn": scene.dataset.primary_key[0]}
        id: str = payload(await self._client.send(CREATE_WORKSPACE, {"input": asked}))["workspace"]["id"]
        self._voice.say(f"opened   workspace {scene.place} ({scene.mode.lower()})")
        return id

    async def _table(self, dataset: Dataset) -> Table:
        rows = rows_of(dataset)
        wanted = NewTable(name=dataset.table, columns=dataset.columns, primary_key=dataset.primary_key)
        existing = await find_table(self._client, wanted)
        if existing is not None and existing.row_count >= len(rows):
            return existing
        bar = Progress(
            TextColumn("demo seed   {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._voice.console,
            disable=not self._voice.console.is_terminal,
        )
        with bar:
            shown = bar.add_task(f"import   {dataset.file}", total=len(rows))
            table = await put_table(
                self._client, wanted, rows, written=lambda count: bar.update(shown, completed=count)
            )
        self._voice.say(f"imported {dataset.file}: {table.row_count} rows into {table.name}")
        return table
