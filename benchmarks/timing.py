"""What the benchmarks share: opening the network, counting its layers, one dream step, timing layer by layer.

Standard library only. A layer here is a run of operations that write one buffer: Conv2D, BiasAdd and Relu.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import deepdream  # noqa: E402
import inception_graph  # noqa: E402

OPERATIONS = inception_graph.OPERATIONS
MODEL = str(ROOT / "InceptionV1.pb")
PICTURE = str(ROOT / "cat_dog224.bmp")
TARGET = "inception_4c_output"       # what a dream looks at by default
LAST = "prob"
MEAN_BGR = (104.0, 116.7, 122.7)


class Layer(NamedTuple):
    """Operations start..stop-1 of the table; multiply_adds of one pass forward (0 where there are none)."""

    name: str
    start: int
    stop: int
    multiply_adds: int


def load_weights(path: str = MODEL) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Weights as the engines take them: operand -> (shape, flat float32 view)."""
    return deepdream.load_model(path).weights


def open_picture(path: str = PICTURE) -> Any:
    return deepdream.read_picture(path)


def make_engine(name: str, height: int, width: int, jobs: int, path: str = MODEL) -> Any:
    """Our 'python' or 'simd' engine on the whole network, or 'simd-exact', without fewer multiplications."""
    engine: Any = deepdream.PythonEngine
    if name != "python":
        from deepdream_extras import simd
        engine = simd.SimdEngine
    return engine(OPERATIONS, load_weights(path), height, width, jobs, exact=name != "simd")


def numbers(about: str, most: int) -> list[int]:
    """The program's arguments, whole numbers above 0, so many at most; --help shows `about`."""
    words = sys.argv[1:]
    if words in (["-h"], ["--help"]):
        print(about)
        sys.exit(0)
    if len(words) > most or not all(word.isdecimal() and int(word) for word in words):
        print(f"{' '.join(words)}: expected at most {most} whole numbers above 0; see --help", file=sys.stderr)
        sys.exit(2)
    return [int(word) for word in words]


def some_of(*known: str) -> Callable[[str], list[str]]:
    """For argparse: names with commas between them, each one of `known`."""
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r}; expected some of {','.join(known)}")
        return names
    return parse


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stop_after(name: str) -> int:
    """The `stop` that makes an engine go as far as operation `name`."""
    return [operation[0] for operation in OPERATIONS].index(name) + 1


def network_input(picture: Any) -> array:
    """A picture less the mean, flat float32 [h, w, c]."""
    return array("f", [value - MEAN_BGR[i % 3] for i, value in enumerate(picture.pixels)])


def tile(engine: Any, picture: Any) -> bytes:
    """As many pixels as the engine takes: the picture again and again, from its left upper corner on."""
    stretch = 3 * picture.width
    rows = [bytes(picture.pixels[i:i + stretch]) for i in range(0, stretch * picture.height, stretch)]
    return b"".join((rows[i % len(rows)] * engine.width)[:3 * engine.width] for i in range(engine.height))


def dream_step(engine: Any, picture: Any, target: str = TARGET) -> None:
    """All that one tile costs, from the picture's bytes to the picture's bytes; it is as large as the tile."""
    stop = stop_after(target)
    engine.load_tile(picture.pixels)
    engine.forward(stop)
    engine.seed({target: None})
    engine.backward(stop)
    engine.ascend(1.5)
    picture.pixels[:] = engine.store_tile()


def layers(shapes: dict[str, tuple[int, ...]], target: str) -> list[Layer]:
    """The layers up to `target`, for an engine with these buffer shapes."""
    operands = {operand: shape for operand, _, shape in inception_graph.WEIGHTS}
    found: list[Layer] = []
    operations = OPERATIONS[:stop_after(target)]
    for i, (name, kind, inputs, buffer, _, _) in enumerate(operations):
        work = 0
        if kind in ("Conv2D", "MatMul"):
            height, width, _ = shapes[buffer]
            work = height * width * math.prod(operands[inputs[1]])
        if found and operations[i - 1][3] == buffer:
            last = found.pop()
            found.append(Layer(name, last.start, i + 1, last.multiply_adds + work))
        else:
            found.append(Layer(name, i, i + 1, work))
    return found


def time_layers(engine: Any, picture: Any, target: str) -> tuple[list[float], list[float]]:
    """Seconds of each layer in one pass forward and one back, called layer by layer; in the layers' order."""
    found = layers(engine.shapes, target)
    engine.load_tile(tile(engine, picture))
    forward = [seconds(engine.forward, layer.stop, layer.start) for layer in found]
    engine.seed({target: None})
    backward = [seconds(engine.backward, layer.stop, layer.start) for layer in reversed(found)]
    return forward, backward[::-1]


def seconds(work: Callable[..., Any], *arguments: Any) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start
