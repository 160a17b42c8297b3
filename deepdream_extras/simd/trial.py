"""What a trial of machine code computes: a small network of every kind of layer, forwards and backwards, and pictures.

    >>> wrong("avx2")       # what differs from the Python engine; "" if all is right

It runs on two threads, so that they wait for each other, and once waits for nothing.
"""

from __future__ import annotations

import array
import math
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import deepdream

from .engine import SimdEngine
from .tape import DONE, END, NOT_YET, PATIENCE, PHASE, THREADS, driver_function

TOLERANCE = 1e-3            # |difference| / |reference|; measured: 1e-6
HEIGHT, WIDTH = 19, 21

# name, kind, layers that it reads, channels, shape of its weights, parameters; BiasAdd and Relu write where they read
NETWORK: tuple[tuple[str, str, tuple[str, ...], int, tuple[int, ...], dict[str, Any]], ...] = (
    ("data", "Placeholder", (), 3, (), {}),
    ("strided", "Conv2D", ("data",), 19, (5, 5, 3, 19), {"stride": (2, 2)}),
    ("strided_bias", "BiasAdd", ("strided",), 19, (19,), {}),
    ("strided_relu", "Relu", ("strided",), 19, (), {}),
    ("smooth", "Conv2D", ("strided",), 16, (1, 1, 19, 16), {}),
    ("tiled", "Conv2D", ("smooth",), 16, (3, 3, 16, 16), {}),    # with fewer multiplications
    ("tiled_bias", "BiasAdd", ("tiled",), 16, (16,), {}),
    ("tiled_relu", "Relu", ("tiled",), 16, (), {}),
    ("sparse", "MaxPool", ("tiled",), 16, (), {"ksize": (3, 3), "stride": (2, 2)}),
    ("halved", "MaxPool", ("strided",), 19, (), {"ksize": (3, 3), "stride": (2, 2)}),
    ("normed", "LRN", ("halved",), 19, (), {"depth_radius": 2, "alpha": 0.1, "beta": 0.75, "bias": 1.0}),
    ("point", "Conv2D", ("normed",), 17, (1, 1, 19, 17), {"stride": (1, 1)}),
    ("point_bias", "BiasAdd", ("point",), 17, (17,), {}),
    ("point_relu", "Relu", ("point",), 17, (), {}),
    ("square", "Conv2D", ("normed",), 8, (3, 3, 19, 8), {"stride": (1, 1)}),
    ("square_bias", "BiasAdd", ("square",), 8, (8,), {}),
    ("square_relu", "Relu", ("square",), 8, (), {}),
    ("pooled", "MaxPool", ("normed",), 19, (), {"ksize": (3, 3), "stride": (1, 1)}),
    ("apart", "Conv2D", ("pooled",), 19, (3, 3, 1, 19), {"groups": 19, "padding": ((1, 1), (1, 1))}),
    ("scaled", "Scale", ("apart",), 19, (19,), {}),
    ("cut", "Relu6", ("scaled",), 19, (), {}),
    ("even", "Conv2D", ("cut",), 16, (1, 1, 19, 16), {}),
    ("leaky", "LeakyRelu", ("even",), 16, (), {"alpha": 0.1}),
    ("shuffled", "Shuffle", ("leaky",), 16, (), {"groups": 4}),
    ("grouped", "Conv2D", ("shuffled",), 24, (3, 3, 4, 24), {"groups": 4, "dilation": (2, 2)}),
    ("wide", "Conv2D", ("normed",), 24, (1, 1, 19, 24), {}),
    ("sum", "Add", ("grouped", "wide"), 24, (), {}),
    ("bounded", "Clip", ("sum",), 24, (), {"low": -0.5, "high": 0.75}),
    ("framed", "Pad", ("bounded",), 24, (), {"padding": ((1, 0), (0, 1))}),
    ("narrowed", "AvgPool", ("framed",), 24, (), {"ksize": (2, 2), "padding": "VALID"}),
    ("squeezed", "AvgPool", ("narrowed",), 24, (), {}),
    ("excited", "Sigmoid", ("squeezed",), 24, (), {}),
    ("weighed", "Mul", ("narrowed", "excited"), 24, (), {}),
    ("levelled", "LayerNorm", ("narrowed",), 24, (), {"epsilon": 1e-3}),
    ("bent", "Gelu", ("levelled",), 24, (), {}),
    ("part", "Slice", ("narrowed",), 9, (), {"part": (5, 9)}),
    ("joined", "ConcatV2", ("point", "square", "pooled", "weighed", "sparse", "part", "bent"), 117, (), {}),
    ("mean", "AvgPool", ("joined",), 117, (), {}),
    ("scores", "MatMul", ("mean",), 21, (1, 1, 117, 21), {"layout": "ochw"}),
    ("prob", "Softmax", ("scores",), 21, (), {}),
)


def numbers(count: int, scale: float) -> array.array:
    """As good as random, and the same everywhere."""
    return array.array("f", [scale * math.sin(1.7 * i * i + 0.3 * i + 1.0) for i in range(count)])


def network() -> tuple[list[tuple], dict[str, tuple]]:
    """The table and its weights, as engines take them."""
    operations, weights = [], {}
    for name, kind, inputs, channels, shape, parameters in NETWORK:
        if shape:
            weights["of " + name] = shape, numbers(math.prod(shape), 1.5 * math.prod(shape[:-1]) ** -0.5)
            inputs = *inputs, "of " + name
        where = inputs[0] if kind in ("BiasAdd", "Relu") else name
        operations.append((name, kind, inputs, where, (0, 0, channels), parameters))
    return operations, weights


def wrong(name: str) -> str:
    operations, weights = network()
    slow: Any = deepdream.PythonEngine(operations, weights, HEIGHT, WIDTH)
    fast: Any = SimdEngine(operations, weights, HEIGHT, WIDTH, 2, instruction_set=name)
    fast.exact_below = 0
    try:
        for (what, value), (_, expected) in zip(passes(fast), passes(slow)):
            off = difference(value, expected)
            if not off <= TOLERANCE:    # nor if it is no number
                return f"{what}: off by {off:.1g}"
        return "" if waits(fast) else "threads do not wait"
    finally:
        fast.close()
        slow.close()


def difference(values: Any, expected: Any) -> float:
    """|values - expected| / |expected|"""
    square = math.fsum((v - e) ** 2 for v, e in zip(values, expected))
    return math.sqrt(square / (math.fsum(e * e for e in expected) or 1.0))


def passes(engine: Any) -> Iterator[tuple[str, Any]]:
    """(what it is, numbers) of all that is compared."""
    tile = bytearray(int(128.0 + v) for v in numbers(3 * HEIGHT * WIDTH, 127.0))
    places, count = {row[0]: number for number, row in enumerate(NETWORK)}, len(NETWORK)
    engine.load_tile(tile)
    yield "a picture", engine.store_tile()
    engine.forward(count)
    for name, kind, *_ in NETWORK:
        if kind not in ("BiasAdd", "Relu"):
            yield name, engine.read(name)
    engine.seed({"prob": numbers(21, 9.0), "joined": deepdream.Factors(numbers(117, 1.0)), "halved": None})
    for stop, layer in ((count, "normed"), (places["normed"] + 1, "data")):
        engine.backward(stop, places[layer] + 1)
        yield f"gradient of {layer}", engine.gradient(layer)
    yield "mean gradient", [engine.ascend(1.5)]
    yield "a step", engine.store_tile(False)
    levels = engine.as_floats(tile)
    yield "levels", levels
    yield "rounded levels", engine.as_bytes(levels)
    for pixels in (tile, levels):
        picture = deepdream.Picture(WIDTH, HEIGHT, pixels)
        yield "an enlarged picture", engine.upscale(picture, Fraction(7, 5), False).pixels
    fit = deepdream.Fit(WIDTH, HEIGHT, 12)
    part = fit.part(levels)
    yield "a fitted picture", engine.fit(fit, part)
    engine.fool(fit, numbers(3 * 12 * 12, 1.0), part, 0.5)
    yield "a moved picture", part


def waits(engine: SimdEngine) -> bool:
    """Whether a thread that waits in vain comes back after its time. It ends the engine's threads."""
    tape, state = next(iter(engine.tapes.values())), array.array("q", engine.threads.states[0])
    engine.close()
    struct.pack_into("<q", tape.memory, DONE, -1)
    state[PHASE // 8], state[END // 8], state[THREADS // 8] = tape.first, tape.end, 1
    state[PATIENCE // 8] //= 20    # a millisecond
    return driver_function(engine.set)(state.buffer_info()[0]) == NOT_YET
