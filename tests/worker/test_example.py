"""The worker of the README is the one that works."""

import sys

from tests.support.server import REPOSITORY, Program, ServerProcess
from tests.worker.office import CREATE, Office

EXAMPLE = REPOSITORY / "examples" / "worker.py"


def test_it_has_at_most_twenty_lines() -> None:
    code = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(code) <= 20


def test_the_documentation_shows_it_as_it_is() -> None:
    _, _, code = EXAMPLE.read_text(encoding="utf-8").partition('"""\n\n')
    assert f"```python\n{code}```" in (REPOSITORY / "docs" / "worker.md").read_text(encoding="utf-8")


async def test_it_counts_words(server: ServerProcess, office: Office) -> None:
    worker = Program(sys.executable, str(EXAMPLE), env={"TASKLOOM_URL": server.url, "TASKLOOM_KEY": server.key})
    await worker.start()
    try:
        asked = {"input": {"title": "Count these four words", "scope": "GLOBAL"}}
        task = (await office.client.send(CREATE, asked))["createTask"]["task"]
        run_id = await office.again(task["id"])
        await office.event(run_id, "TASK_RUN_COMPLETED")
        assert (await office.run(run_id))["result"] == {"words": 4}
        assert await worker.terminate() == 0, worker.output
    finally:
        await worker.close()
