"""A worker in 20 lines: it counts the words in the title of each global task."""

import os

from app.worker import RunContext, Worker

worker = Worker(os.environ["TASKLOOM_URL"], os.environ["TASKLOOM_KEY"], agent_name="word-counter")


@worker.handler
async def handle(run: RunContext) -> dict[str, int]:
    """Return a result to complete the run, raise an error to fail it."""
    words = run.task.title.split()
    for done, word in enumerate(words, start=1):
        await run.progress(done / len(words), f"counted {word!r}")
    return {"words": len(words)}


worker.run_forever()
