"""`taskloom documents`: all that a worker sends, and nothing else is needed."""

import json
import pkgutil
from importlib import import_module
from pathlib import Path

from click.testing import CliRunner
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

import app.worker
from app.cli.documents import command
from app.settings import Settings
from app.worker import GraphQLClient, RunContext
from tests.support.server import running_server
from tests.worker.office import Office, at_work, worker_of


def is_operation(text: object) -> bool:
    """Whether a constant is a document that a server could run."""
    try:
        return isinstance(text, str) and isinstance(parse(text).definitions[0], OperationDefinitionNode)
    except GraphQLSyntaxError:
        return False


def listed() -> dict[str, str]:
    """What the command prints."""
    done = CliRunner().invoke(command)
    assert done.exit_code == 0
    found: dict[str, str] = json.loads(done.output)
    return found


def test_every_document_of_the_worker_kit_is_listed() -> None:
    modules = [import_module(f"app.worker.{found.name}") for found in pkgutil.iter_modules(app.worker.__path__)]
    # `{ … }` alone is a selection that others contain.
    sent = {text for module in modules for text in vars(module).values() if is_operation(text) and text[0] == "\n"}
    assert set(listed().values()) == sent


async def test_a_worker_works_where_nothing_but_the_list_is_run(dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(listed()), encoding="utf-8")
    guard = {"TRUSTED_DOCUMENTS": str(file), "TRUSTED_DOCUMENTS_MODE": "only"}
    assert Settings.read(guard).trusted_only

    async def handle(run: RunContext) -> str:
        return run.task.title

    async with running_server(tmp_path / "open", database_url=dsn) as server:
        guard["TASKLOOM_BOOTSTRAP_KEY"] = server.key
        async with (
            running_server(tmp_path / "guarded", database_url=dsn, env=guard) as guarded,
            GraphQLClient(server.url, server.key) as client,
        ):
            office = Office(client, "listed")
            async with at_work(worker_of(guarded, office, handler=handle)):
                run_id = await office.start("by the list")
                await office.event(run_id, "TASK_RUN_COMPLETED")
            assert (await office.run(run_id))["result"] == "by the list"
            assert "trusted_document.refused" not in guarded.output
