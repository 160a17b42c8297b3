"""Well-known networks as tables of operations, written from their papers' descriptions, with random weights.

    network = tables.NETWORKS["vgg16"]()
    network.operations, network.weights     # as engines and frameworks.py take them
    network.size, network.target            # its own picture size; the last map, what a dream step goes up to

Batch normalisation is folded into convolutions where one comes before it, as whoever reads a file does. For measuring
and for comparing engines with frameworks: weights are a row of random numbers again and again, which takes no time.
"""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

VALID: dict[str, Any] = {"padding": "VALID"}


class Network:
    """A table that grows. Every method appends operations and returns the buffer that holds the result."""

    def __init__(self, size: int) -> None:
        dice = random.Random(size)
        self.noise = [dice.gauss(0.0, 1.0) for _ in range(65_521)]
        self.operations: list[tuple] = [("data", "Placeholder", (), "data", (size, size, 3), {})]
        self.weights: dict[str, tuple[tuple[int, ...], Any]] = {}
        self.channels = {"data": 3}
        self.size, self.target = size, ""

    def weight(self, shape: tuple[int, ...], scale: float) -> str:
        name, count = f"w{len(self.weights)}", math.prod(shape)
        numbers = array("f", [scale * v for v in self.noise])
        self.weights[name] = shape, memoryview((numbers * -(-count // len(numbers)))[:count])
        return name

    def add(self, kind: str, inputs: tuple[str, ...], channels: int, in_place: bool = False, **parameters: Any) -> str:
        name = f"{kind}_{len(self.operations)}"
        buffer = inputs[0] if in_place else name
        self.operations.append((name, kind, inputs, buffer, (0, 0, channels), parameters))
        self.channels[buffer] = channels
        return buffer

    def conv(self, x: str, kh: int, kw: int, co: int, act: str = "Relu", bias: bool = True, groups: int = 1,
             kind: str = "Conv2D", **parameters: Any) -> str:
        ci = self.channels[x] // groups
        if groups > 1:
            parameters["groups"] = groups
        y = self.add(kind, (x, self.weight((kh, kw, ci, co), (2.0 / (kh * kw * ci)) ** 0.5)), co, **parameters)
        if bias:
            self.add("BiasAdd", (y, self.weight((co,), 0.1)), co, True)
        return self.add(act, (y,), co, True) if act else y

    def pool(self, x: str, kind: str = "MaxPool", size: int = 3, stride: int = 2, padding: Any = "SAME") -> str:
        return self.add(kind, (x,), self.channels[x], ksize=(size, size), stride=(stride, stride), padding=padding)

    def concat(self, *parts: str) -> str:
        return self.add("ConcatV2", parts, sum(self.channels[x] for x in parts))

    def sum(self, a: str, b: str, act: str = "") -> str:
        y = self.add("Add", (a, b), self.channels[a])
        return self.add(act, (y,), self.channels[y], True) if act else y

    def norm(self, x: str) -> str:
        """Batch normalisation before a convolution, which cannot be folded, and ReLU."""
        y = self.add("Scale", (x, self.weight((self.channels[x],), 1.0)), self.channels[x])
        self.add("BiasAdd", (y, self.weight((self.channels[x],), 0.1)), self.channels[x], True)
        return self.add("Relu", (y,), self.channels[x], True)

    def classes(self, x: str) -> Network:
        """The end of most: mean, matrix, softmax. x becomes the target."""
        self.target = [row[0] for row in self.operations if row[3] == x][-1]
        x = self.add("AvgPool", (x,), self.channels[x])
        self.add("Softmax", (self.conv(x, 1, 1, 1000, "", kind="MatMul"),), 1000)
        return self


def vgg16() -> Network:
    net, x = Network(224), "data"
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x = net.conv(x, 3, 3, channels)
        net.target = net.operations[-1][0]
        x = net.pool(x, size=2, padding="VALID")
    x = net.conv(net.conv(x, 7, 7, 4096, kind="MatMul"), 1, 1, 4096, kind="MatMul")
    net.add("Softmax", (net.conv(x, 1, 1, 1000, "", kind="MatMul"),), 1000)
    return net


def inception_v3() -> Network:
    net, two = Network(299), VALID | {"stride": (2, 2)}
    conv, concat, pool = net.conv, net.concat, net.pool

    def mean(x: str) -> str:
        return pool(x, "AvgPool", stride=1)

    x = conv(conv(conv("data", 3, 3, 32, **two), 3, 3, 32, **VALID), 3, 3, 64)
    x = conv(conv(pool(x, padding="VALID"), 1, 1, 80), 3, 3, 192, **VALID)
    x = pool(x, padding="VALID")
    for co in (32, 64, 64):
        x = concat(conv(x, 1, 1, 64), conv(conv(x, 1, 1, 48), 5, 5, 64),
                   conv(conv(conv(x, 1, 1, 64), 3, 3, 96), 3, 3, 96), conv(mean(x), 1, 1, co))
    x = concat(conv(x, 3, 3, 384, **two), conv(conv(conv(x, 1, 1, 64), 3, 3, 96), 3, 3, 96, **two),
               pool(x, padding="VALID"))
    for c in (128, 160, 160, 192):
        long = conv(conv(conv(x, 1, 1, c), 7, 1, c), 1, 7, c)
        x = concat(conv(x, 1, 1, 192), conv(conv(conv(x, 1, 1, c), 1, 7, c), 7, 1, 192),
                   conv(conv(long, 7, 1, c), 1, 7, 192), conv(mean(x), 1, 1, 192))
    x = concat(conv(conv(x, 1, 1, 192), 3, 3, 320, **two),
               conv(conv(conv(conv(x, 1, 1, 192), 1, 7, 192), 7, 1, 192), 3, 3, 192, **two), pool(x, padding="VALID"))
    for _ in range(2):
        a, b = conv(x, 1, 1, 384), conv(conv(x, 1, 1, 448), 3, 3, 384)
        x = concat(conv(x, 1, 1, 320), concat(conv(a, 1, 3, 384), conv(a, 3, 1, 384)),
                   concat(conv(b, 1, 3, 384), conv(b, 3, 1, 384)), conv(mean(x), 1, 1, 192))
    return net.classes(x)


def resnet50() -> Network:
    net = Network(224)
    x = net.conv("data", 7, 7, 64, stride=(2, 2), padding=((3, 3), (3, 3)))
    x = net.pool(x, padding=((1, 1), (1, 1)))
    for c, count, first in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for stride in (first,) + (1,) * (count - 1):
            y = net.conv(net.conv(x, 1, 1, c, stride=(stride, stride)), 3, 3, c)
            y = net.conv(y, 1, 1, 4 * c, "")
            if net.channels[x] != 4 * c:
                x = net.conv(x, 1, 1, 4 * c, "", stride=(stride, stride))
            x = net.sum(x, y, "Relu")
    return net.classes(x)


def mobilenet_v2() -> Network:
    net, act = Network(224), "Relu6"
    two: dict[str, Any] = {"stride": (2, 2), "padding": ((0, 1), (0, 1))}
    x = net.conv("data", 3, 3, 32, act, **two)
    for widen, co, count, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                    (6, 160, 3, 2), (6, 320, 1, 1)):
        for stride in (first,) + (1,) * (count - 1):
            c = widen * net.channels[x]
            y = net.conv(x, 1, 1, c, act) if widen > 1 else x
            y = net.conv(y, 3, 3, c, act, groups=c, **(two if stride > 1 else {}))
            y = net.conv(y, 1, 1, co, "")
            x = net.sum(x, y) if stride == 1 and net.channels[x] == co else y
    return net.classes(net.conv(x, 1, 1, 1280, act))


def densenet121() -> Network:
    net = Network(224)
    x = net.pool(net.conv("data", 7, 7, 64, stride=(2, 2), padding=((3, 3), (3, 3))), padding=((1, 1), (1, 1)))
    for count in (6, 12, 24, 16):
        for _ in range(count):
            x = net.concat(x, net.conv(net.conv(net.norm(x), 1, 1, 128), 3, 3, 32, "", False))
        if count != 16:
            x = net.conv(net.norm(x), 1, 1, net.channels[x] // 2, "", False)
            x = net.pool(x, "AvgPool", 2, 2, "VALID")
    return net.classes(net.norm(x))


def xception() -> Network:
    net = Network(299)

    def separable(x: str, co: int, act: str = "") -> str:
        return net.conv(net.conv(x, 3, 3, net.channels[x], "", False, net.channels[x]), 1, 1, co, act)

    def relu(x: str) -> str:
        return net.add("Relu", (x,), net.channels[x])

    x = net.conv(net.conv("data", 3, 3, 32, stride=(2, 2), **VALID), 3, 3, 64, **VALID)
    for co in (128, 256, 728):
        y = separable(separable(x if co == 128 else relu(x), co, "Relu"), co)
        x = net.sum(net.pool(y), net.conv(x, 1, 1, co, "", stride=(2, 2)))
    for _ in range(8):
        x = net.sum(separable(separable(separable(relu(x), 728, "Relu"), 728, "Relu"), 728), x)
    y = separable(separable(relu(x), 728, "Relu"), 1024)
    x = net.sum(net.pool(y), net.conv(x, 1, 1, 1024, "", stride=(2, 2)))
    return net.classes(separable(separable(x, 1536, "Relu"), 2048, "Relu"))


def shufflenet() -> Network:
    net, groups = Network(224), 3
    x = net.pool(net.conv("data", 3, 3, 24, stride=(2, 2), padding=((1, 1), (1, 1))), padding=((1, 1), (1, 1)))
    for co, count in ((240, 4), (480, 8), (960, 4)):
        for first in (True,) + (False,) * (count - 1):
            c = co // 4
            y = net.conv(x, 1, 1, c, groups=groups if net.channels[x] > 24 else 1)
            y = net.add("Shuffle", (y,), c, groups=groups)
            y = net.conv(y, 3, 3, c, "", groups=c, stride=(2, 2) if first else (1, 1), padding=((1, 1), (1, 1)))
            y = net.conv(y, 1, 1, co - first * net.channels[x], "", groups=groups)
            if first:
                x = net.concat(net.pool(x, "AvgPool", padding=((1, 1), (1, 1))), y)
                net.add("Relu", (x,), co, True)
            else:
                x = net.sum(x, y, "Relu")
    return net.classes(x)


def alexnet() -> Network:
    net = Network(227)
    norm: dict[str, Any] = {"depth_radius": 2, "alpha": 2e-5, "beta": 0.75, "bias": 1.0}
    x = net.pool(net.add("LRN", (net.conv("data", 11, 11, 96, stride=(4, 4), **VALID),), 96, **norm), padding="VALID")
    x = net.pool(net.add("LRN", (net.conv(x, 5, 5, 256, groups=2),), 256, **norm), padding="VALID")
    x = net.conv(net.conv(net.conv(x, 3, 3, 384), 3, 3, 384, groups=2), 3, 3, 256, groups=2)
    net.target = net.operations[-1][0]
    x = net.conv(net.conv(net.pool(x, padding="VALID"), 6, 6, 4096, kind="MatMul"), 1, 1, 4096, kind="MatMul")
    net.add("Softmax", (net.conv(x, 1, 1, 1000, "", kind="MatMul"),), 1000)
    return net


NETWORKS = {made.__name__: made for made in (vgg16, inception_v3, resnet50, mobilenet_v2, densenet121, xception,
                                             shufflenet, alexnet)}


def multiply_adds(operations: Any, weights: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    """Of the convolutions and matrix products of a table, forward, once."""
    total = 0
    for name, kind, inputs, *_ in operations:
        if kind in ("Conv2D", "MatMul"):
            height, width, _ = shapes[name]
            total += height * width * math.prod(next(weights[x][0] for x in inputs if x in weights))
    return total
