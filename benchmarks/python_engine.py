#!/usr/bin/env python3
"""Time the Python engine layer by layer: one dream step, forward to its layer and back to the picture.

    python3 benchmarks/python_engine.py                   # one 224x224 tile to inception_4c_output
    python3 benchmarks/python_engine.py --target prob     # the whole network
    python3 benchmarks/python_engine.py --engine simd     # the machine-code engine, in the same columns

One row a layer: millions of multiply-adds of its convolution, seconds forward and backward, and nanoseconds
for each multiply-add. A layer without a convolution has no such number. conv1 goes backward to the picture.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time

import timing


def main() -> None:
    options = arguments()
    start = time.perf_counter()
    engine = timing.make_engine(options.engine, options.size, options.size, options.jobs, options.model)
    made = time.perf_counter() - start
    picture = timing.open_picture()
    passes = [timing.time_layers(engine, picture, options.target) for _ in range(options.repeat)]
    forward = [statistics.median(column) for column in zip(*(one[0] for one in passes))]
    backward = [statistics.median(column) for column in zip(*(one[1] for one in passes))]
    found = timing.layers(engine.shapes, options.target)
    print(f"{engine.name}, {options.jobs} jobs, {options.size}x{options.size} to {options.target}\n")
    print(table(found, forward, backward))
    print(f"\nweights read and engine made in {made:.2f} s; peak memory {peak_memory():.0f} MB")
    engine.close()


def table(found: list[timing.Layer], forward: list[float], backward: list[float]) -> str:
    """The rows, then the totals."""
    lines = [f"{'layer':28}{'M mul-add':>10}{'forward s':>11}{'ns each':>9}{'backward s':>12}{'ns each':>9}"]
    for layer, there, back in zip(found, forward, backward):
        lines.append(row(layer.name, layer.multiply_adds, there, back))
    lines.append(row("all layers", sum(x.multiply_adds for x in found), sum(forward), sum(backward)))
    return "\n".join(lines)


def row(name: str, work: int, forward: float, backward: float) -> str:
    def each(seconds: float) -> str:
        return f"{seconds / work * 1e9:.2f}" if work else ""
    return (f"{name:28}{work / 1e6:>10.1f}{forward:>11.4f}{each(forward):>9}"
            f"{backward:>12.4f}{each(backward):>9}")


def peak_memory() -> float:
    """The largest this process and its ended children have been, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024           # macOS counts bytes, Linux kilobytes
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(x).ru_maxrss for x in who) * unit / 1e6


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("python", "simd"), default="python")
    parser.add_argument("--target", default=timing.TARGET, metavar="LAYER")
    parser.add_argument("--size", type=int, default=224, metavar="PIXELS")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="passes; medians count")
    parser.add_argument("--model", default=timing.MODEL, metavar="FILE")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N")
    return parser.parse_args()


if __name__ == "__main__":
    main()
