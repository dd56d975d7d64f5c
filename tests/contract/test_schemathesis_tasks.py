"""Generated calls of the tasks API: no failure on our side, and no answer that /openapi.json does not describe."""

import asyncio

import pytest
from schemathesis import GenerationMode

from app.main import App
from tests.contract.caller import Caller
from tests.contract.fuzz import SEED, Fuzz, described_by, unmet
from tests.contract.published import OPERATIONS
from tests.contract.world import world
from tests.support.listening import listening


@pytest.mark.slow
@pytest.mark.timeout(120)  # 20 s where nothing else runs
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sound", "broken"])
async def test_generated_calls_get_answers_that_are_described(app: App, mode: GenerationMode) -> None:
    async with listening(app) as server:
        caller = Caller(server)
        operations = await asyncio.to_thread(described_by, server, "/api/")
        operations = [one for one in operations if not one.path.startswith("/api/v1/")]
        found = []
        for operation in operations:
            one = Fuzz(operation=operation, mode=mode, world=await world(caller), key=server.key)
            await asyncio.to_thread(one.run)
            found.append(one)
        await caller.http.aclose()
    problems = [problem for one in found for problem in one.problems]
    assert not problems, f"seed {SEED}:\n" + "\n".join(problems)
    assert {one.id for one in found} == set(OPERATIONS)
    if mode is GenerationMode.POSITIVE:
        assert unmet(found) == []
