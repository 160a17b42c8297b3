#!/usr/bin/env python3
"""Time what an animation does between dreams: each distortion, all of them in a row, optical flow; beside a dream step.

    python3 benchmarks/animation.py                     # the machine-code engine at 640x480, on all cores
    python3 benchmarks/animation.py --jobs 1 --only roll
    python3 benchmarks/animation.py --python --size 96x64       # plain Python; slow

A dream step is one of the whole picture to inception_4c_output and back, as large as the picture. Times are of the
clock and of the processor, all threads together; medians of rounds in which all rows take turns. What a distortion
computes once for all frames (swirl, regions: where each pixel comes from) is computed beforehand.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from array import array
from collections.abc import Callable

import timing

import deepdream
from deepdream_extras import distortions, flow


def main() -> None:
    options = arguments()
    width, height = map(int, options.size.split("x"))
    engine = timing.make_engine("python" if options.python else "simd", height, width, options.jobs)
    levels = timing.tile(engine, timing.open_picture())
    picture = deepdream.Picture(width, height, array("f", list(levels)))
    step = deepdream.Picture(width, height, bytearray(levels))
    rows: dict[str, Callable[[], object]] = {"a dream step": lambda: timing.dream_step(engine, step)}
    names = [row.name for row in distortions.ROWS]
    chains = {name: [name] for name in names} | {"all of them": names}

    def distorting(chain: list[distortions.Chosen]) -> Callable[[], object]:
        return lambda: distortions.distort(picture, chain, 1, 30.0, random.Random(1), engine)

    rows |= {name: distorting(distortions.chosen(texts)) for name, texts in chains.items()}
    moved = distortions.distort(picture, [distortions.parse("rotate:1")], 0, 30.0, random.Random(1), engine)
    motion = flow.flow(picture, moved, engine)
    rows["optical flow"] = lambda: flow.flow(picture, moved, engine)
    rows["carry along it"] = lambda: flow.carry(picture, motion, engine)
    rows["is it a cut?"] = lambda: flow.is_cut(picture, moved)
    rows = {name: work for name, work in rows.items() if options.only in name or name == "a dream step"}

    for work in rows.values():
        work()
    clock: dict[str, list[float]] = {name: [] for name in rows}
    processor: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(options.repeat):
        for name, work in rows.items():
            at = time.perf_counter(), time.process_time()
            work()
            clock[name].append(time.perf_counter() - at[0])
            processor[name].append(time.process_time() - at[1])
    print(f"{engine.name}, {options.jobs} threads, {width} x {height}: milliseconds, and parts of a dream step")
    whole = statistics.median(clock["a dream step"]), statistics.median(processor["a dream step"])
    print(f"{'':18}{'clock':>10}{'':>8}{'processor':>12}")
    for name in rows:
        own = statistics.median(clock[name]), statistics.median(processor[name])
        print(f"{name:18}{1000 * own[0]:10.1f}{own[0] / whole[0]:8.3f}{1000 * own[1]:12.1f}{own[1] / whole[1]:8.3f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--jobs", type=int, default=timing.processors(), metavar="N", help="threads (default: all)")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="rounds")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name has this in it")
    parser.add_argument("--python", action="store_true", help="the Python engine")
    return parser.parse_args()


if __name__ == "__main__":
    main()
