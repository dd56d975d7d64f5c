"""Generated calls of the workspaces API: no failure on our side, and no answer that /openapi.json does not describe."""

import asyncio

import pytest
from schemathesis import GenerationMode

from tests.contract.fuzz import SEED, Fuzz, described_by, unmet
from tests.contract.published_workspaces import OPERATIONS
from tests.contract.workspaces_caller import WorkspacesCaller
from tests.contract.workspaces_world import workspaces_world


@pytest.mark.slow
@pytest.mark.timeout(180)  # 20 s where nothing else runs
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sound", "broken"])
async def test_generated_calls_get_answers_that_are_described(client: WorkspacesCaller, mode: GenerationMode) -> None:
    operations = await asyncio.to_thread(described_by, client.server, "/api/v1/")
    found = []
    for operation in operations:
        one = Fuzz(operation=operation, mode=mode, world=await workspaces_world(client), key=client.server.key)
        await asyncio.to_thread(one.run)
        found.append(one)
    problems = [problem for one in found for problem in one.problems]
    assert not problems, f"seed {SEED}:\n" + "\n".join(problems)
    assert {one.id for one in found} == {operation["operationId"] for operation in OPERATIONS.values()}
    if mode is GenerationMode.POSITIVE:
        assert unmet(found) == []
