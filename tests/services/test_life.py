"""The life of tasks under random verbs of several people and agents: what is stored is what the rules say.

A failure prints its steps and a `reproduce_failure` line; nothing is kept between runs, so that each draws new lives.
More and longer ones: `pytest tests/services/test_life.py --hypothesis-profile=thorough --timeout=3600`.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.db.engine import Database
from app.services.registry import Services
from tests.support.life.journeys import Journeys

LIVES, STEPS = 12, 30


@pytest.mark.parametrize("part", range(4))
async def test_whatever_anybody_does_the_rules_hold(db: Database, services: Services, part: int) -> None:
    class Life(Journeys):
        """All verbs, on this database."""

    Life.db, Life.services, Life.loop = db, services, asyncio.get_running_loop()
    thorough = settings.get_current_profile_name() == "thorough"
    drawn = settings(
        max_examples=LIVES * (50 if thorough else 1),
        stateful_step_count=60 if thorough else STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        # Shrinking may take minutes; a failure must be told before the test's time is over.
        phases=(Phase.explicit, Phase.generate, Phase.shrink) if thorough else (Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, Life, settings=drawn)
