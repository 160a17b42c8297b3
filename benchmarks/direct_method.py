#!/usr/bin/env python3
"""A dream step by the direct method and with fewer multiplications, beside the direct method's floor.

    python3 benchmarks/direct_method.py [threads [rounds]]

The floor is how long the multiply-adds of a step take by the direct method at the processor's peak (peak.py): no
program that does all of them is faster. The three take turns, and medians of all rounds and the best ones are printed:
ratios last longer than milliseconds. With one thread, what counts is its processor time, which other programs disturb
less. Then the convolutions one by one: seconds of both, and what share of the peak the direct method's multiply-adds
come to; above 100% there were fewer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import peak
import timing

ROUNDS = 500_000    # of the chains of multiply-adds: about a millisecond


def main(threads: int = 1, rounds: int = 20) -> None:
    from deepdream_extras import simd
    clock = time.thread_time if threads == 1 else time.perf_counter
    picture, weights = timing.open_picture(), timing.load_weights()
    engines = [simd.SimdEngine(timing.OPERATIONS, weights, 224, 224, threads, exact=exact) for exact in (True, False)]
    found = timing.layers(engines[0].shapes, timing.TARGET)
    tape, operations = peak.tape_of_chains(engines[0].set, threads, ROUNDS)
    floor = 4 * sum(layer.multiply_adds for layer in found) / operations    # in runs of that tape, forward and back
    works: list[Callable[[], Any]] = [
        *(lambda engine=engine: timing.dream_step(engine, picture) for engine in engines),
        lambda: engines[0].threads.run(tape)]
    times: list[list[float]] = [[], [], []]
    for number in range(rounds + 2):
        for work, seen in zip(works, times):
            start = clock()
            work()
            if number >= 2:
                seen.append(clock() - start)
    which = "processor" if threads == 1 else "wall"
    print(f"a step, {threads} threads, {engines[0].name}, milliseconds of {which} time")
    found_by: dict[str, Callable[[list[float]], float]] = {"medians": statistics.median, "the best": min}
    for name, choose in found_by.items():
        direct, fewer, chains = map(choose, times)
        least = chains * floor
        print(f"{name}: direct {1e3 * direct:.1f}, fewer multiplications {1e3 * fewer:.1f} ({fewer / direct:.2f}), "
              f"the floor {1e3 * least:.1f}: {direct / least:.2f} and {fewer / least:.2f} of it")
    rate = operations / min(times[2])
    passes = [[timing.time_layers(engine, picture, timing.TARGET) for engine in engines] for _ in range(rounds)]
    print(f"\n{'milliseconds, the best of all rounds':36} forward: direct, fewer   backward: direct, fewer")
    for i, layer in enumerate(found):
        if layer.multiply_adds:
            text = f"{layer.name:36}"
            for way in (0, 1):
                for engine in (0, 1):
                    best = min(both[engine][way][i] for both in passes)
                    text += f" {1e3 * best:6.2f} {2 * layer.multiply_adds / best / rate:5.0%}"
            print(text)


if __name__ == "__main__":
    main(*timing.numbers(__doc__, 2))
