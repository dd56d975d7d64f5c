"""From the append of an event to its delivery to 1, 100 and 1 000 WebSocket subscribers of one server process."""

import asyncio
import time

from tests.benchmarks.crowd import Crowd, Publisher, crowd, live_server
from tests.benchmarks.harness import Report, Row, Scale, quantile, say, short
from tests.benchmarks.server import BenchServer

NAME = "delivery"
EVENTS_PER_SECOND = 5
P99_MS_MAX = 100
WAVE = 100  # events written at once; fits a subscriber's buffer, so that all are delivered live


async def latency(listening: Crowd, publisher: Publisher, events: int) -> Row:
    """Events at a steady pace: how long after it was written, and after its writer was answered, each one arrived."""
    answered: dict[int, float] = {}
    began = time.monotonic()
    for number in range(events):
        await asyncio.sleep(max(0.0, began + number / EVENTS_PER_SECOND - time.monotonic()))
        sequence = await publisher.publish()
        answered[sequence] = time.time()
    await listening.until(sequence)
    found = {sequence: one for sequence, one in (await listening.take()).items() if sequence in answered}
    written = [(at - stamp) * 1_000 for stamp, arrivals in found.values() for at in arrivals]
    after = [(at - answered[sequence]) * 1_000 for sequence, (_, arrivals) in found.items() for at in arrivals]
    return {
        "events_per_second": EVENTS_PER_SECOND,
        "deliveries": len(written),
        "from_append_p50_ms": short(quantile(written, 0.5)),
        "from_append_p99_ms": short(quantile(written, 0.99)),
        "from_answer_p50_ms": short(quantile(after, 0.5)),
        "from_answer_p99_ms": short(quantile(after, 0.99)),
    }


async def sustained(listening: Crowd, publisher: Publisher, size: int, waves: int) -> float:
    """Deliveries per second while waves of events are written as fast as they come."""
    spent = 0.0
    for _ in range(waves):
        sequences = await asyncio.gather(*[publisher.publish() for _ in range(WAVE)])
        await asyncio.gather(listening.until(max(sequences)))
        found = await listening.take()
        spent += max(max(arrivals) for _, arrivals in found.values()) - min(stamp for stamp, _ in found.values())
    return waves * WAVE * size / spent


async def measure(bench: BenchServer, size: int, events: int, waves: int) -> Row:
    """One crowd on a server of its own."""
    async with live_server(bench) as (server, publisher), crowd(server, size) as listening:
        await latency(listening, publisher, 3)  # the first events find nothing cached
        row = await latency(listening, publisher, events)
        per_second = await sustained(listening, publisher, size, waves) if size > 1 else None
    return {"subscribers": size, **row, "sustained_per_second": per_second and short(per_second)}


async def run(bench: BenchServer, scale: Scale) -> Report:
    """Small crowds first."""
    events, waves = scale.count(50, 5), scale.count(3, 1)
    sizes = (1, 200) if scale.quick else (1, 100, 1_000)
    report = Report(name=NAME, settings={"events": events, "waves": waves, "wave": WAVE})
    for size in sizes:
        row = await measure(bench, size, events, waves)
        say(f"{NAME}: {row}")
        report.measured.append(row)
    few, most = report.measured[0], report.measured[-1]
    p99 = most["from_append_p99_ms"]
    report.ratios[f"p99 of {sizes[-1]} subscribers/p99 of 1"] = p99 / few["from_append_p99_ms"]
    report.aim(f"p99 from append to delivery at {sizes[-1]} subscribers, ms", p99, P99_MS_MAX, at_most=True)
    return report
