#!/usr/bin/env python3
"""What a dream step would take on machines with more cores than this one: measured units, simulated threads.

    python3 benchmarks/cores.py [height width]

Each phase of the step's tapes (deepdream_extras/simd/tape.py) is timed on one thread; its units get shares of that by
their multiply-adds. Then N threads take them as the driver does: first those meant for them, then others'; the phase
ends with its last unit. What the end of a phase costs is measured with two threads where there are two processors, and
taken to grow by EACH with every further thread, which is what adding to one number in turns costs about.

Left out: that all cores share memory and its bandwidth, and that clocks fall when many are busy. So this says where the
plan stops, at the latest; a real machine may stop before.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Any

import timing

CORES = 1, 2, 4, 8, 16, 32, 64
EACH = 5e-8             # seconds a thread
REPEATS = 7


def best(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def barrier(engine: Any) -> float:
    """Seconds that the end of a phase costs two threads."""
    from deepdream_extras.simd import tape
    unit = next(unit for one in engine.tapes.values() for phase in one.phases for unit in phase
                if unit.cost == min(u.cost for u in phase))
    seconds = []
    for count in (1, 201):
        many = tape.Tape(engine.set, 2)
        for _ in range(count):
            many.add([unit], [("x", 0, 1)], [("x", 0, 1)])
        many.finish()
        threads = tape.Threads(engine.set, 2)
        seconds.append(best(lambda: threads.run(many), 20))
        alone = tape.Threads(engine.set, 1)
        seconds.append(best(lambda: alone.run(many), 20))
        threads.close()
        alone.close()
    return max((seconds[2] - seconds[0] - (seconds[3] - seconds[1])) / 200, 0.0)


def unit_times(engine: Any) -> list[list[tuple[float, float]]]:
    """Of each phase of the engine's two tapes the units as (place, seconds), the largest first."""
    from deepdream_extras.simd import tape
    empty = tape.Tape(engine.set, 1).finish()
    nothing = best(lambda: engine.threads.run(empty), 50)
    found = []
    for key in [key for key in engine.tapes if key[0] in ("forward", "backward")]:
        for phase in engine.tapes[key].phases:
            alone = tape.Tape(engine.set, 1)
            alone.add(phase, [], [])
            alone.finish()
            seconds = max(best(lambda: engine.threads.run(alone)) - nothing, 1e-7)
            total = sum(unit.cost or 1.0 for unit in phase)
            found.append([(unit.place, seconds * (unit.cost or 1.0) / total) for unit in phase])
    return found


def simulated(phases: list[list[tuple[float, float]]], threads: int, end: float) -> float:
    """Seconds of all phases, as so many threads would share out their units."""
    total = 0.0
    for phase in phases:
        shares: list[list[float]] = [[] for _ in range(threads)]
        for place, seconds in phase:
            shares[min(int(place * threads), threads - 1)].append(seconds)
        for share in shares:
            share.sort()                                    # the largest is taken first, from the end
        free = [(0.0, thread) for thread in range(threads)]
        last = 0.0
        for _ in phase:
            now, thread = heapq.heappop(free)
            share = next(shares[(thread + i) % threads] for i in range(threads) if shares[(thread + i) % threads])
            now += share.pop()
            last = max(last, now)
            heapq.heappush(free, (now, thread))
        total += last + (end + EACH * (threads - 2) if threads > 1 else 0.0)
    return total


def main(height: int = 224, width: int = 224) -> None:
    from deepdream_extras import simd
    weights = timing.load_weights()
    end = 0.0
    print(f"a dream step of {width} x {height}; simulated from one thread's times")
    print(f"{'threads':>8} {'ms':>8} {'speed-up':>9} {'of all cores':>13}")
    first = 0.0
    for threads in CORES:
        engine = simd.SimdEngine(timing.OPERATIONS, weights, height, width, 1)
        engine.planner.jobs = threads           # plans as for so many, and walks with one
        picture = timing.deepdream.Picture(width, height, bytearray(timing.tile(engine, timing.open_picture())))
        timing.dream_step(engine, picture)
        if threads == 1 and timing.processors() > 1:
            end = barrier(engine)
        phases = unit_times(engine)
        seconds = simulated(phases, threads, end)
        first = first or seconds
        print(f"{threads:8} {1e3 * seconds:8.2f} {first / seconds:9.1f} {first / seconds / threads:13.0%}")
        engine.close()
    print(f"{len(phases)} phases; the end of one costs two threads {1e6 * end:.1f} us")


if __name__ == "__main__":
    main(*timing.numbers(__doc__, 2))
