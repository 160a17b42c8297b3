"""What a dream makes grow: terms that add up, each with a weight (negative: makes it shrink).

    network = deepdream.load()
    terms = [Layer("inception_4c_output"), parse_class("goldfish*3", network), Guide(network, picture)]
    engine = network.engine(224, 224)
    engine.load_tile(tile)
    backward(engine, terms)                 # all of them in one pass
    engine.ascend(1.5)                      # or engine.gradient(engine.input.name)

A term looks at the activations of some layers and says what their gradient is; the engine carries that down to the
picture. Shapes are (h, w, c), activations flat float32 [h, w, c]; x counts a layer's columns, y its rows, from 0.
"""

from __future__ import annotations

import array
import contextlib
import difflib
import functools
import math
import random
import re
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle, repeat
from operator import add, mul
from typing import Any, NamedTuple, Protocol

import deepdream
from deepdream import DeepDreamError, Factors

Shape = deepdream.Shape         # (h, w, c)
Read = Callable[[str], array.array]


class Term(Protocol):
    """What `backward` asks of a term."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The operations that it looks at."""

    def seeds(self, read: Read, shapes: Mapping[str, Shape], value: bool = False) -> tuple[float, dict[str, Any]]:
        """(the term's value, the gradient at each layer as Engine.seed takes it), the weight in both.

        read(layer) is the layer's activations, not to be changed. The value may be NaN where it was not asked for.
        """


# ---- Several terms, one pass -----------------------------------------------------------------------------------------

def backward(engine: Any, terms: Sequence[Term], value: bool = False) -> float:
    """Forward from the picture in the engine, then the gradient of the sum of the terms down to it, in one pass.

    Returns that sum if `value` says so, which costs some ms, else NaN. Terms may look at the same layer, and at one
    whose place another layer takes later in the pass (the convolution under a ReLU).
    """
    stop, read, kept = forward(engine, terms)
    total = 0.0
    seeds: dict[str, Any] = {}
    for term in terms:
        worth, shares = term.seeds(read, engine.shapes, value)
        total += worth
        for layer, share in shares.items():
            seeds[layer] = both(seeds[layer], share, read, layer, engine.shapes) if layer in seeds else share
    for layer in kept & seeds.keys():
        seeds[layer] = as_values(seeds[layer], read, layer)
    engine.seed(seeds)
    engine.backward(stop)
    return total if value else math.nan


def look_at_input(engine: Any, terms: Sequence[Term], tile: Any) -> None:
    """Show the terms that compare with the input picture what was at this place: `tile`, levels of the engine's size.

    To be called before the tile of the picture as it is now is loaded, whenever the place has changed. It costs a
    forward pass if there are such terms (Caricature), nothing if there are none.
    """
    curious = [term for term in terms if isinstance(term, Caricature)]
    if curious:
        engine.load_tile(tile)
        _, read, _ = forward(engine, curious)
        for term in curious:
            term.remember(read)


def forward(engine: Any, terms: Sequence[Term]) -> tuple[int, Read, set[str]]:
    """(first operation that was not run, how to read a layer, the layers that a later operation has overwritten).

    The pass halts at these, so that they can be read.
    """
    layers = dict.fromkeys(layer for term in terms for layer in term.layers)
    if not layers:
        raise ValueError("no terms: nothing to make grow")
    numbers = sorted(number_of(engine, layer) for layer in layers)
    start, stop = 0, numbers[-1] + 1
    kept: dict[str, array.array] = {}
    for number in numbers:
        op = engine.operations[number]
        if any(later.y is op.y for later in engine.operations[number + 1:stop]):
            engine.forward(number + 1, start)
            start, kept[op.name] = number + 1, engine.read(op.name)
    engine.forward(stop, start)
    return stop, functools.cache(lambda layer: kept[layer] if layer in kept else engine.read(layer)), set(kept)


def number_of(engine: Any, layer: str) -> int:
    if layer not in engine.numbers:
        near = deepdream.nearest(layer, list(engine.numbers))
        raise DeepDreamError(f"{layer}: no such layer for pictures of {engine.width} x {engine.height}; "
                             + (f"did you mean {' or '.join(near)}?" if near else "`deepdream layers` lists them"))
    return engine.numbers[layer]


def both(one: Any, other: Any, read: Read, layer: str, shapes: Mapping[str, Shape]) -> Any:
    """The sum of two gradients at one layer."""
    if all(seed is None or isinstance(seed, Factors) for seed in (one, other)):
        ones = [1.0] * shapes[layer][2]
        return Factors(map(add, one or ones, other or ones))
    return array.array("f", map(add, as_values(one, read, layer), as_values(other, read, layer)))


def as_values(seed: Any, read: Read, layer: str) -> Any:
    """A gradient as numbers, one for each activation."""
    if seed is None:
        return read(layer)
    return array.array("f", map(mul, read(layer), cycle(seed))) if isinstance(seed, Factors) else seed


# ---- Layers, channels, neurons ---------------------------------------------------------------------------------------

class How(NamedTuple):
    """A row of HOWS: which number is made of activations a."""
    power: int              # of a in it
    gradient: float         # factor of a ** (power - 1)
    mean: bool              # whether it is divided by the number of activations


HOWS = {
    "norm": How(2, 1.0, False),             # sum of a^2 / 2: google's, the original's
    "sum": How(1, 1.0, False),              # sum of a: sigmoidprime.com (Inception-v3)
    "mean": How(1, 1.0, True),              # the mean of a: Lucid's for a channel or a neuron
    "square": How(2, 2.0, True),            # the mean of a^2: Keras' deep_dream.py, with border=2
}


class Layer(NamedTuple):
    """Activations a of a layer, of some of its channels, or of one neuron: weight * what HOWS makes of them.

    at: (x, y), the only cell that counts. border: so many cells at each side that do not count, as seams show there
    first; the gradient reaches the pixels under them all the same.
    A mean is taken over the chosen channels and *all* cells of the layer, border included (but over one cell for `at`):
    so a border changes which cells count and not how much each of them weighs, as in Keras' deep_dream.py, whose
    c * sum(a[2:-2, 2:-2]^2) / (C*H*W) is Layer(name, c, "square", border=2).
    """
    name: str
    weight: float = 1.0
    how: str = "norm"
    channels: tuple[int, ...] | None = None         # None: all
    at: tuple[int, int] | None = None
    border: int = 0

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.name,)

    def seeds(self, read: Read, shapes: Mapping[str, Shape], value: bool = False) -> tuple[float, dict[str, Any]]:
        how, (h, w, c) = HOWS[self.how], shapes[self.name]
        counted = self.channels_of(c)
        factor = self.weight * how.gradient
        if how.mean:
            factor /= len(counted) * (1 if self.at else h * w)
        line = tuple(factor if i in counted else 0.0 for i in range(c))
        spans = self.spans(h, w, c)
        seed: Any
        if how.power == 1:
            seed = constant(h * w * c, tuple(spans), line)
        elif spans == [(0, h * w * c)]:
            seed = None if set(line) == {1.0} else Factors(line)
        else:
            a, seed = read(self.name), array.array("f", bytes(4 * h * w * c))
            for start, end in spans:
                seed[start:end] = (a[start:end] if set(line) == {1.0} else
                                   array.array("f", map(mul, a[start:end], cycle(line))))
        if not value:
            return math.nan, {self.name: seed}
        # The gradient g of a sum of powers has a * g = power * sum.
        a = read(self.name)
        gradient = a if seed is None else map(mul, a, cycle(seed)) if isinstance(seed, Factors) else seed
        return sum(map(mul, a, gradient)) / how.power, {self.name: seed}

    def channels_of(self, c: int) -> set[int] | range:
        if self.channels is None:
            return range(c)
        if not self.channels or not all(0 <= i < c for i in self.channels):
            raise DeepDreamError(f"{self.name}: no channels {', '.join(map(str, self.channels))}; they go from 0 to "
                                 f"{c - 1}")
        return set(self.channels)

    def spans(self, h: int, w: int, c: int) -> list[tuple[int, int]]:
        """(start, end) of what counts, in one piece where it is."""
        if self.at:
            x, y = self.at
            if not (0 <= x < w and 0 <= y < h):
                raise DeepDreamError(f"{self.name}@{x},{y}: the layer has {w} x {h} cells for this picture; x goes "
                                     f"from 0 to {w - 1}, y to {h - 1}")
            return [((y * w + x) * c, (y * w + x + 1) * c)]
        edge = self.border
        if not edge:
            return [(0, h * w * c)]
        if not 0 < edge < (min(h, w) + 1) // 2:
            raise DeepDreamError(f"{self.name}: a border of {edge} leaves nothing of {w} x {h} cells; choose "
                                 f"{(min(h, w) - 1) // 2} or less")
        return [((y * w + edge) * c, (y * w + w - edge) * c) for y in range(edge, h - edge)]


def layers_of(settings: Mapping[str, Any], how: str = "sum") -> tuple[Layer, ...]:
    """Terms from a dictionary, as sigmoidprime.com's `dream` takes it: name of a layer -> None or "all", or channels.

    plan = presets.PRESETS["article"].planned(network, layers_of({"inception_4b_output": (3,)}))
    picture = dreams.dream(network, scales.uniform_noise(250, 250), plan)
    """
    return tuple(Layer(name, how=how, channels=None if chosen in (None, "all") else tuple(chosen))
                 for name, chosen in settings.items())


@functools.lru_cache(maxsize=8)
def constant(size: int, spans: tuple[tuple[int, int], ...], line: tuple[float, ...]) -> array.array:
    """`line` over and over in the spans, 0 elsewhere: the same in every step, and not to be changed."""
    values, pattern = array.array("f", bytes(4 * size)), array.array("f", line)
    for start, end in spans:
        values[start:end] = pattern * ((end - start) // len(line))
    return values


# ---- Classes ---------------------------------------------------------------------------------------------------------

class Classes(NamedTuple):
    """The sum of weight * logit over classes. Logits, what goes into the Softmax, are deepdraw's choice and better than
    probabilities, which can also grow by making all other classes less likely.

    A network that ends in a global average has one logit per class for pictures of any size. One that ends in layers
    for maps of one size has more for larger pictures, one for each place of such a map; their mean counts.
    """
    layer: str                      # logits_layer(network) says which
    weights: Mapping[int, float]
    place: tuple[float, float] | None = None        # around which crops see it: shares of the width and the height

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def seeds(self, read: Read, shapes: Mapping[str, Shape], value: bool = False) -> tuple[float, dict[str, Any]]:
        h, w, c = shapes[self.layer]
        cell = array.array("f", bytes(4 * c))
        for number, weight in self.weights.items():
            cell[number] = weight / (h * w)
        worth = math.nan
        if value:
            logits = read(self.layer)
            worth = math.fsum(weight * math.fsum(logits[number::c]) / (h * w)
                              for number, weight in self.weights.items())
        return worth, {self.layer: cell * (h * w)}


# Indices of ILSVRC2012, after the table of class groups of github.com/spikelynch/deepdream (2015), which goes wrong in
# three places: 7 is a cock, 389 a fish, 330 to 388 are mammals too. The cats are ours.
GROUPS = {
    "fish": "0-6,389-397", "birds": "7-24,80-100,127-146", "amphibians": "25-32", "reptiles": "33-68",
    "arachnids": "69-79", "mammals": "101-106,269-299,330-388", "invertebrates": "107-117,327-329",
    "crustacea": "118-126", "seamammals": "147-150", "dogs": "151-268", "cats": "281-293", "insects": "300-326",
    "objects": "398-921,999", "food": "922-969", "landscapes": "970-980", "people": "981-983", "plants": "984-990",
    "fungi": "991-998",
}


def groups(labels: Sequence[str]) -> dict[str, str]:
    """GROUPS for a network of ImageNet's 1000 classes, none for others."""
    standard = len(labels) == 1000 and labels[0].startswith("tench") and labels[999].startswith("toilet tissue")
    return GROUPS if standard else {}


def logits_layer(model: deepdream.Model) -> str:
    """What the Softmax at the end takes in; the end itself where there is no Softmax."""
    return logits_row(model)[0]


def logits_row(model: deepdream.Model) -> deepdream.Row:
    rows = {row[0]: row for row in model.operations}
    output = rows[model.output]
    return written_by(model, output[2][0], output) if output[1] == "Softmax" else output


def written_by(model: deepdream.Model, name: str, reader: deepdream.Row) -> deepdream.Row:
    """The operation whose result `reader` finds under the name of an operation or of the buffer that several share."""
    before = model.operations[:model.operations.index(reader)]
    return [row for row in before if name in (row[0], row[3])][-1]


def unlearned(model: deepdream.Model) -> frozenset[int]:
    """The classes that the network cannot answer, as its last weights say.

    Softmax compares: what counts for class k is by how much its weights w_k exceed the mean over the classes, and its
    bias that of the biases. Features behind a ReLU are never negative. So where no weight of a class exceeds the mean
    and its bias does not either, its logit is below the mean logit whatever the picture is. Nearly so is enough: the
    excess (as a Euclidean norm) below 1% of the largest that a class has. In the shipped network 769 classes that were
    never drawn have weights 0 and a bias of -10, where the others have about 6 and 0.
    """
    found = classifier(model)
    if not found:
        return frozenset()
    weights, biases = found
    c = len(biases)
    excess = [0.0] * c
    for at in range(0, len(weights), c):
        row = weights[at:at + c]
        mean = math.fsum(row) / c
        excess = list(map(add, excess, [(v - mean) ** 2 if v > mean else 0.0 for v in row]))
    least = 1e-4 * max(excess)
    mean = math.fsum(biases) / c
    return frozenset(k for k in range(c) if excess[k] <= least and biases[k] <= mean)


def classifier(model: deepdream.Model) -> tuple[Sequence[float], Sequence[float]] | None:
    """(weights [..., classes], biases) behind the logits, or None where no single operation makes them."""
    row = logits_row(model)
    biases: list[float] | None = None
    while row[1] in ("BiasAdd", "AvgPool"):
        operands = [model.weights[i][1] for i in row[2] if i in model.weights]
        if operands:
            biases = list(map(add, operands[0], biases or repeat(0.0)))
        row = written_by(model, row[2][0], row)
    if row[1] not in ("MatMul", "Conv2D"):
        return None
    shape, weights = next(model.weights[i] for i in row[2] if i in model.weights)
    if "layout" in row[5]:
        shape, weights = deepdream.resolve("networks:in_order")((shape, weights), row[5]["layout"])
    return weights, biases or [0.0] * shape[-1]


# ---- Guide -----------------------------------------------------------------------------------------------------------

MOST_PRODUCTS = 2 ** 20         # dot products at a time: 4 MB


class Guide:
    """Make each place of the picture more like the place of a guide picture that it is most like already: google's.

    With x_n the activations of cell n and y_m those of the guide's cell m, the value is weight * the sum over n of the
    largest dot product x_n . y_m, and the gradient at x_n is weight * that y_m, the first of several equal ones.

    The dot products are a 1 x 1 convolution whose weights are the guide's vectors, so the engine computes them; no more
    than MOST_PRODUCTS are held at a time. A guide whose area is above `area` (that of the pictures that the network
    classifies, google's advice; 0: any) is shrunk to that; the picture and the layer may have any size.
    """

    def __init__(self, network: deepdream.Network, guide: deepdream.Picture, layer: str = "", weight: float = 1.0,
                 area: int | None = None):
        if not layer:
            layer = GUIDE_LAYER if GUIDE_LAYER in network.numbers else deepdream.resolve("networks:as_deep")(
                GUIDE_LAYER, network.model)
        self.name, self.weight = network.name(layer), weight
        vectors, (h, w, c) = features(network, guide, self.name, math.prod(network.model.size()) if area is None
                                      else area)
        self.count, self.c = h * w, c
        self.vectors = [array.array("f", map(mul, vectors[i:i + c], repeat(weight))) for i in range(0, len(vectors), c)]
        kernel = array.array("f")
        for i in range(c):
            kernel += vectors[i::c]
        self.size = 0                                                       # cells at a time
        self.kernel: dict[str, deepdream.Weight] = {"guide": ((1, 1, c, self.count), memoryview(kernel))}
        python = network.choice.make is deepdream.PythonEngine
        self.settings = "python" if python else "auto", network.jobs
        self.products: deepdream.Network | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.name,)

    def seeds(self, read: Read, shapes: Mapping[str, Shape], value: bool = False) -> tuple[float, dict[str, Any]]:
        activations, (h, w, c) = read(self.name), shapes[self.name]
        engine = self.engine(h * w)
        total, seed = 0.0, array.array("f")
        for at in range(0, h * w, self.size):
            cells = activations[at * c:(at + self.size) * c]
            engine.write("cells", cells + array.array("f", bytes(4 * (self.size * c - len(cells)))))
            engine.forward(2)
            products = engine.read("products")
            for i in range(0, len(cells) // c * self.count, self.count):
                row = products[i:i + self.count].tolist()
                largest = max(row)
                total += largest
                seed += self.vectors[row.index(largest)]
        return self.weight * total, {self.name: seed}

    def engine(self, cells: int) -> Any:
        """What computes the dot products of up to `cells` cells with all of the guide's."""
        size = max(min(cells, MOST_PRODUCTS // self.count), 1)
        if not self.products or size != self.size:
            self.close()
            self.size = size
            table: tuple[deepdream.Row, ...] = (
                ("cells", "Placeholder", (), "cells", (1, size, self.c), {}),
                ("products", "Conv2D", ("cells", "guide"), "products", (1, size, self.count), {}))
            model = deepdream.Model("", table, self.kernel, [], deepdream.Input("cells"), "products", smallest=1)
            engine, jobs = self.settings
            self.products = deepdream.Network(model, engine, jobs, tell=lambda note: None)
        return self.products.engine(1, size)

    def close(self) -> None:
        """Let go of tensors and threads; a later call starts them again."""
        if self.products:
            self.products.close()


GUIDE_LAYER = "inception_3b_output"     # google's


def features(network: deepdream.Network, picture: deepdream.Picture, layer: str,
             area: int = 0) -> tuple[array.array, Shape]:
    """(activations, shape) of a layer for a picture, shrunk to `area` pixels if it has more (0: never), enlarged if it
    is too small for the network. Of a narrow strip, which would become more than twice as
    many pixels then, the long side is brought down."""
    width, height = picture.width, picture.height
    scale = min(1.0, math.sqrt(area / (width * height))) if area else 1.0
    least, usual = network.model.smallest, math.prod(network.model.size())
    needed = least / min(width, height)
    scale, narrow = max(scale, needed), needed > scale
    wide, high = max(least, round(width * scale)), max(least, round(height * scale))
    longest = 2 * max(area or width * height, usual) // min(wide, high)
    strip = narrow and max(wide, high) > longest
    if strip:
        wide, high = min(wide, longest), min(high, longest)
    levels = picture.pixels
    if (wide, high) != (width, height):
        fit = deepdream.Fit(width, height, high, wide, cut=not strip)
        levels = fit.forward(fit.part(levels))
    known = (high, wide) in network.engines
    activations = network.forward(deepdream.Picture(wide, high, levels), layer)
    shape = network.shape(layer)
    if not known:
        network.engines.pop((high, wide)).close()
    return activations, shape


# ---- Caricature ------------------------------------------------------------------------------------------------------

FLOOR, NOT_ZERO = 0.1, 1e-6     # Lucid's


class Caricature:
    """Make what a layer sees in the input picture stronger: Lucid's (tensorflow/lucid, recipes/caricature.py).

    With y the layer's activations for the input, x those now, d = x . y and c = d / (|x| + 1e-6), which is the cosine
    between them but for the constant |y|, the value is weight * d * max(c, 0.1) ** power, and the gradient
        weight * c ** power * ((power + 1) * y - power * c * x / |x|)   where c > 0.1,
        weight * 0.1 ** power * y                                       elsewhere.
    power 0, Lucid's default, is the dot product alone; a higher one wants the direction of y rather than just more.
    What the input was at the place that is dreamed on has to be shown first: look_at_input.
    """

    def __init__(self, layer: str, weight: float = 1.0, power: float = 0.0):
        self.name, self.weight, self.power = layer, weight, power
        self.input = array.array("f")

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.name,)

    def remember(self, read: Read) -> None:
        """Take the activations of this pass for those of the input."""
        self.input = read(self.name)
        if self.weight != 1.0:
            self.pull = array.array("f", map(mul, self.input, repeat(self.weight)))
        else:
            self.pull = self.input

    def seeds(self, read: Read, shapes: Mapping[str, Shape], value: bool = False) -> tuple[float, dict[str, Any]]:
        if len(self.input) != math.prod(shapes[self.name]):
            raise ValueError(f"{self.name}: look_at_input first, with the input's part of this size")
        if not self.power and not value:
            return math.nan, {self.name: self.pull}
        x, p = read(self.name), self.power
        product = sum(map(mul, x, self.input))
        length = math.sqrt(sum(map(mul, x, x)))
        c = product / (length + NOT_ZERO)
        strength = self.weight * max(c, FLOOR) ** p
        seed = self.pull
        if p and c > FLOOR:
            of_y, of_x = strength * (p + 1.0), -strength * p * c / length
            seed = array.array("f", [of_y * v + of_x * u for v, u in zip(self.input, x)])
        elif p:
            seed = array.array("f", map(mul, self.input, repeat(strength)))
        return product * strength, {self.name: seed}


# ---- Terms from texts ------------------------------------------------------------------------------------------------

LAYER_FORM = re.compile(r"([^:@]+)(?::([^@]*))?(?:@(\d{1,9}),(\d{1,9}))?")


def parse_layer(text: str, network: deepdream.Network, how: str = "norm", border: int = 0) -> Layer:
    """NAME[:CHANNELS][@X,Y][*WEIGHT]: inception_4c_output, inception_4b_output:12,40-44*0.5, conv2_3x3:7@3,4.

    A border is not for a single cell.
    """
    what, weight = split_weight(text)
    match = LAYER_FORM.fullmatch(what)
    if not match:
        raise DeepDreamError(f"{text or 'nothing'}: not a layer; expected NAME, NAME:CHANNELS or NAME:CHANNELS@X,Y and "
                             "perhaps *WEIGHT, such as inception_4b_output:12,40-44*0.5")
    name, channels, x, y = match.groups()
    name = network.name(name.strip())
    at = (int(x), int(y)) if x else None
    if channels is None:
        return Layer(name, weight, how, None, at, 0 if at else border)
    count = network.model.operations[network.number(name)][4][2]
    return Layer(name, weight, how, tuple(numbers_of(channels, count, name + ":")), at, 0 if at else border)


def parse_caricature(text: str, network: deepdream.Network) -> Caricature:
    """NAME[^POWER][*WEIGHT]: inception_4c_output, inception_4c_output^2*0.5. The power is 0 where there is none."""
    what, weight = split_weight(text)
    name, hat, number = what.partition("^")
    power = deepdream.as_number(number) if hat else 0.0
    if not 0.0 <= power <= 100.0:
        raise DeepDreamError(f"{text}: {number.strip() or 'nothing'} behind the ^ is no power; expected a number from "
                             "0 to 100, such as 2")
    return Caricature(network.name(name.strip()), weight, power)


NEVER: weakref.WeakKeyDictionary[deepdream.Network, frozenset[int]] = weakref.WeakKeyDictionary()  # takes 0.15 s


PLACE = re.compile(r"(.*)@\s*(0?\.\d+|0|1|1\.0*)\s*,\s*(0?\.\d+|0|1|1\.0*)\s*")
RANDOM = "random"           # a name: every class that the network knows, for or against it by chance (spikelynch)


def parse_class(text: str, network: deepdream.Network, sign: float = 1.0, seed: int = 0) -> Classes:
    """NAME[@X,Y][*WEIGHT], NAME an index, indices (1,5-9), a label or an unambiguous part of one, a group ("birds"),
    or "random": all classes, each with +1 or -1 by Random(seed).

    Several classes share the weight, so that a group counts as much as a class. sign: -1 for what is to be avoided.
    Of a group only the classes that the network knows count; a class asked for that it does not know gets a note.
    """
    model = network.model
    deepdream.check_classes(model)
    name, weight = split_weight(text)
    place = None
    if "@" in name:
        found = PLACE.fullmatch(name)
        if not found:
            raise DeepDreamError(f"{text}: what stands behind @ is no place; expected two shares of the picture's width"
                                 " and height, such as @0.3,0.7")
        name, place = found[1].strip(), (float(found[2]), float(found[3]))
    if not name:
        raise DeepDreamError(f"{text or 'nothing'}: not a class; expected an index, a label, a part of one or a group")
    known_groups, count = groups(model.labels), len(model.labels)
    if network not in NEVER:
        NEVER[network] = unlearned(model)
    never = NEVER[network]
    if name.lower() == RANDOM:
        numbers = random.Random(seed)
        return Classes(logits_layer(model), {i: sign * weight * numbers.choice((-1.0, 1.0)) for i in range(count)
                                             if i not in never}, place)
    if name.lower() in known_groups:
        group = numbers_of(known_groups[name.lower()], count)
        wanted = [i for i in group if i not in never]
        if not wanted:
            raise DeepDreamError(f"{name}: the network has not learned any of these {len(group)} classes; "
                                 f"`deepdream labels` lists those that it knows")
        if len(wanted) < len(group):
            network.pass_on([f"{name}: {len(wanted)} of its {len(group)} classes, those that the network knows"])
    elif re.fullmatch(r"[\d,\- ]+", name):
        wanted = numbers_of(name, count)
    else:
        wanted = [class_called(name, model.labels, never, known_groups)]
        if not called(name, model.labels[wanted[0]]):
            network.pass_on([f"{name}: class {wanted[0]} ({model.labels[wanted[0]]})"])
    network.pass_on(f"{i} ({model.labels[i]}): the network has not learned this class, so nothing or little will come "
                    "of it; `deepdream labels` lists those that it knows" for i in wanted if i in never)
    return Classes(logits_layer(model), {i: sign * weight / len(wanted) for i in wanted}, place)


def class_called(name: str, labels: Sequence[str], never: frozenset[int], known_groups: Iterable[str]) -> int:
    """The class of that name; of several the only one that the network knows. A name that is nearly that of a group,
    such as its singular, is not taken for a class that happens to have it."""
    near = difflib.get_close_matches(name.lower(), list(known_groups), 1, 0.75)
    if near and not any(called(name, label) for label in labels):
        raise DeepDreamError(f"{name}: not the name of a single class; did you mean all {near[0]}? "
                             f"`deepdream labels {near[0]}` lists them")
    try:
        return deepdream.find_class(labels, name)
    except DeepDreamError as error:
        with contextlib.suppress(DeepDreamError):
            return deepdream.find_class(["" if i in never else label for i, label in enumerate(labels)], name)
        several = " (for several classes give the option several times)" if "," in name else ""
        raise DeepDreamError(f"{error}{several}") from None


def called(name: str, label: str) -> bool:
    """Whether that is the label, or one of the names in it."""
    return deepdream.words_of(name) in map(deepdream.words_of, (label, *label.split(",")))


def split_weight(text: str) -> tuple[str, float]:
    """NAME*WEIGHT as (NAME, WEIGHT); the weight is 1 where there is none."""
    what, star, number = text.rpartition("*")
    if not star:
        return text.strip(), 1.0
    weight = deepdream.as_number(number)
    if not math.isfinite(weight):
        raise DeepDreamError(f"{text}: {number.strip() or 'nothing'} behind the * is no weight; expected a number such "
                             "as 0.5 or -2")
    return what.strip(), weight


def numbers_of(text: str, count: int, of: str = "") -> list[int]:
    """12,40-44 as numbers below `count`, each once, in order."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise DeepDreamError(f"{of}{text}: {part.strip() or 'nothing'} is neither a number nor a range; expected "
                                 "such as 12,40-44")
        if last >= count:
            raise DeepDreamError(f"{of}{text}: no {last} there; numbers go from 0 to {count - 1}")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


# ---- Lists for users -------------------------------------------------------------------------------------------------

class LayerRow(NamedTuple):
    """A layer as `deepdream layers` shows it."""
    name: str
    kind: str
    height: int                             # at the size of the pictures that the network classifies
    width: int
    channels: int
    sees: tuple[int, int] | None            # (down, across): pixels that one cell depends on; None: the whole picture
    stride: tuple[int, int] | None          # pixels from one cell to the next
    named: bool                             # the last operation of its buffer: the one that people mean


def layers_table(network: deepdream.Network) -> list[LayerRow]:
    return layer_rows(network.model)


def layer_rows(model: deepdream.Model) -> list[LayerRow]:
    """A row for every operation, in order. The first is the picture.

    A cell sees s + (k - 1) * j pixels, where it is made of k cells that see s pixels and lie j pixels apart; strides
    multiply j. Of several inputs the largest counts; but a factor for each channel (squeeze and excitation), which is
    made of the whole map, does not.
    """
    last = {row[3]: row[0] for row in model.operations}
    rows: dict[str, LayerRow] = {}          # by name and, the last of each, by buffer
    table = []
    for name, kind, inputs, buffer, (h, w, c), parameters in model.operations:
        before = [rows[i] for i in inputs if i in rows]
        before = before[:1] if kind == "Mul" and (before[1].height, before[1].width) == (1, 1) else before
        shapes = [model.weights[i][0] for i in inputs if i in model.weights]
        kernel = shapes[0][:2] if kind in ("Conv2D", "MatMul") else parameters.get("ksize", (1, 1))
        sees, stride = ((1, 1), (1, 1)) if not before else (None, None)
        fields = [row.sees for row in before if row.sees]
        whole = kind == "AvgPool" and "ksize" not in parameters or (
            kind == "MatMul" and (len(shapes[0]) != 4 or shapes[0][2] != before[0].channels))
        if before and len(fields) == len(before) and not whole:
            apart, step = before[0].stride or (1, 1), parameters.get("stride", (1, 1))
            down, across = map(max, zip(*fields))
            holes = parameters.get("dilation", (1, 1))
            sees = down + (kernel[0] - 1) * holes[0] * apart[0], across + (kernel[1] - 1) * holes[1] * apart[1]
            stride = apart[0] * step[0], apart[1] * step[1]
        row = LayerRow(name, kind, h, w, c, sees, stride, last[buffer] == name)
        rows[name] = rows[buffer] = row
        table.append(row)
    return table


class LabelRow(NamedTuple):
    """A class as `deepdream labels` shows it."""
    number: int
    label: str
    known: bool             # see unlearned
    groups: tuple[str, ...]


def labels_table(network: deepdream.Network, pattern: str = "") -> list[LabelRow]:
    """The classes, those that the network knows first; with `pattern` those whose label has it, or of the group."""
    model = network.model
    deepdream.check_classes(model)
    never, count = unlearned(model), len(model.labels)
    members = {name: set(numbers_of(text, count)) for name, text in groups(model.labels).items()}
    wanted = pattern.strip().lower()
    rows = [LabelRow(i, label, i not in never, tuple(name for name, group in members.items() if i in group))
            for i, label in enumerate(model.labels)]
    rows = [row for row in rows if wanted == str(row.number)
            or (wanted in row.groups if wanted in members else wanted in row.label.lower())]
    if not rows:
        words = {word.strip() for label in model.labels for word in re.split("[, ]", label.lower())} | members.keys()
        near = deepdream.nearest(wanted, sorted(words - {""}))
        raise DeepDreamError(f"{pattern}: no class has that in its name" + (f"; did you mean {' or '.join(near)}?"
                             if near else "; without it all are listed"))
    return sorted(rows, key=lambda row: not row.known)
