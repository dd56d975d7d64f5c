"""Plans as PostgreSQL makes them for a statement, and questions about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.db.engine import Database, Lane
from app.db.statement import Statement

Node = dict[str, Any]
PLAN_MODES = ("force_custom_plan", "force_generic_plan")


@dataclass(frozen=True, slots=True)
class Plan:
    """The nodes of a plan."""

    root: Node

    def nodes(self) -> Iterator[Node]:
        """Every node, parents first."""
        return _below(self.root)

    def part(self, name: str) -> "Plan":
        """The part that stands for a CTE."""
        return Plan(next(node for node in self.nodes() if node.get("Subplan Name") == f"CTE {name}"))

    def scans(self, relation: str) -> list[Node]:
        """The nodes that read a relation; of a partitioned one, its partitions."""
        return [node for node in self.nodes() if _is_of(node, relation) and "Scan" in node["Node Type"]]

    def read_whole(self) -> set[str]:
        """The relations that are read from end to end."""
        return {node["Relation Name"] for node in self.nodes() if node["Node Type"] == "Seq Scan"}

    def kinds(self) -> set[str]:
        """The types of its nodes."""
        return {node["Node Type"] for node in self.nodes()}


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _below(child)


def _is_of(node: Node, relation: str) -> bool:
    name = node.get("Relation Name", "")
    return bool(name == relation or (relation == "events" and name.startswith("events_")))


async def plan_of(db: Database, lane: Lane, statement: Statement, mode: str, **given: object) -> Plan:
    """The plan on a connection of the lane, made for these values or for any."""
    values = ", ".join(literal(value) for value in statement.arguments(given))
    async with db.connection(lane) as connection:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE guarded AS {statement.sql}")
        try:
            found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE guarded({values})")
        finally:
            await connection.execute("DEALLOCATE guarded")
            await connection.execute("RESET plan_cache_mode")
    return Plan(orjson.loads(found)[0]["Plan"])


def literal(value: object) -> str:
    """A value as SQL text; test data holds no quotes."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case list() | tuple():
            return "'{" + ",".join("NULL" if item is None else str(item) for item in value) + "}'"
        case _:
            return f"'{value}'"


def looked_up(scans: Sequence[Node], index: str, key: str) -> bool:
    """Whether every scan is a look-up by the whole key: its condition names the key's last column."""
    return all(
        node["Node Type"].startswith("Index") and node["Index Name"] == index and f"({key} = " in node["Index Cond"]
        for node in scans
    )


def without_sort(plan: Plan) -> bool:
    """Whether rows come in order by themselves."""
    return not any("Sort" in kind for kind in plan.kinds())


def conditions(scans: Sequence[Node]) -> set[str]:
    """The conditions by which indexes are read."""
    return {node.get("Index Cond", "") for node in scans}
