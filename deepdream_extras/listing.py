"""The modes that list: presets, layers, labels."""

from __future__ import annotations

import time
from types import SimpleNamespace

import deepdream
from deepdream import Picture, answer

from . import families, moving, objectives, scales
from .presets import ROWS, Preset


def presets(options: SimpleNamespace) -> int:
    """One line for each, with how long it takes on the picture where that can be told at once; those that move last."""
    picture = deepdream.input_picture(options)
    with deepdream.open_network(options) as network:
        pace = seconds_per_pixel(network)
    wide = max(len(row.name) for row in (*ROWS, *moving.ROWS))
    lines = []
    for row in ROWS:
        how_long = f"; about {deepdream.duration(pace * pixels(row, picture) + 0.5)}" if pace else ""
        wants = f"; wants --{row.wants}" if row.wants else ""
        lines.append(f"{row.name:<{wide}}  {row.line} ({row.origin}{wants}{how_long})")
    lines += [f"{row.name:<{wide}}  {row.line} ({row.origin}; deepdream animate)" for row in moving.ROWS]
    answer("\n".join(lines))
    return 0


def seconds_per_pixel(network: deepdream.Network) -> float:
    """Of a step to the model's own layer, measured; 0 where that alone would take long."""
    if network.choice.make is deepdream.PythonEngine:
        return 0.0
    size = network.model.size()
    engine = network.engine(*size)
    engine.load_tile(bytearray(3 * size[0] * size[1]))
    terms = [objectives.Layer(network.name(network.model.layer))]
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        objectives.backward(engine, terms)
        engine.ascend(1.5)
        best = min(best, time.perf_counter() - began)
    return best / (size[0] * size[1])


DEEPER = 1.45       # a step to the classes takes as many times as long as one to the usual layer


def pixels(row: Preset, picture: Picture) -> float:
    """How many pixels go through the network in a dream, those of a class counted as what they cost."""
    plan, size = row.plan, (picture.width, picture.height)
    if row.noise:
        size = 224, 224
    total = 0.0
    for octave, (width, height) in enumerate(scales.sizes(plan.scales, *size)):
        each = float(width * height)
        if plan.tiles.kind == "crop":
            each = plan.tiles.size ** 2
        elif plan.tiles.kind == "spiral":
            each = sum(1 for _ in scales.spiral(width, height, plan.tiles.size)) * plan.tiles.size ** 2
        elif plan.tiles.kind == "grid":
            each = -(-width // plan.tiles.size) * -(-height // plan.tiles.size) * plan.tiles.size ** 2
        elif each > plan.tiles.limit:
            each /= (1.0 - plan.tiles.overlap) ** 2
        evaluations = plan.move.evaluations + 1 if plan.move.rule == "lbfgs" else 1
        total += each * plan.stage(octave).steps * evaluations
    return total * (DEEPER if row.wants == "class" else 1.0)


# What the shipped network's layers make of pictures: seen in sheets of `deepdream gallery` and in docs/dreams.png.
SHOWN = {
    "conv1_7x7_s2": "edges, hard light and shade",
    "conv2_3x3": "thick outlines, flat bright colours",
    "inception_3a_output": "dark dots and rims, strokes of colour",
    "inception_3b_output": "eyes with dark rims in all that is round",
    "inception_4a_output": "eyes in fur, foxes, heads of birds",
    "inception_4b_output": "round heads, beaks, birds on thin legs, toadstools",
    "inception_4c_output": "puppies, foxes and cats; firs and stars in empty skies",
    "inception_4d_output": "green-eyed cats, parrots, mallards; pointed firs and tents",
    "inception_4e_output": "spaniels, kittens, ducks; fountains and arcades",
    "inception_5a_output": "one large animal; spires, arches, water",
    "inception_5b_output": "faint patches in the colours of things",
    "loss3_classifier": "what --class names",
}


def layers(options: SimpleNamespace) -> int:
    with deepdream.open_network(options) as network:
        rows = objectives.layers_table(network)
        height, width = network.model.size()
        wants = [f"pictures: {families.input_wanted(network.model)}; dreams on: {network.model.layer}; classes: "
                 f"{len(network.model.labels) or 'none'}"]
        wanted = options.pattern.replace("/", "_").lower()
        found = [row for row in rows if wanted in row.name.lower()]
        if not found:
            found = [rows[network.number(options.pattern)]]     # or says which are near
        shown = SHOWN if network.model.path == deepdream.data_file("InceptionV1.pb") else {}
    lines = []
    wide = max(len(row.name) for row in rows)
    for row in found:
        if row.named or options.all:
            sees = "all" if row.sees is None else f"{row.sees[1]} x {row.sees[0]}"
            cells = f"{row.width} x {row.height}"
            line = f"{row.name:<{wide}}  {row.kind:<11}  {cells:>9}  {row.channels:>8}  {sees:>9}"
            lines.append(f"{line}  {shown[row.name]}" if row.name in shown else line)
    head = f"{'layer':<{wide}}  {'kind':<11}  {'cells':>9}  {'channels':>8}  {'sees':>9}" + "  shows" * bool(shown)
    answer("\n".join([head, *lines, f"(cells: of a picture of {width} x {height} pixels; sees: pixels that one cell "
                                    "depends on; deepdream gallery shows on your picture what they do)", *wants]))
    return 0


def labels(options: SimpleNamespace) -> int:
    with deepdream.open_network(options) as network:
        rows = objectives.labels_table(network, options.pattern)
    known = sum(row.known for row in rows)
    lines = [f"{row.number:3d}  {row.label}" + (f"  [{', '.join(row.groups)}]" if row.groups else "") for row in rows]
    if known < len(rows):
        lines.insert(known, f"not learned by this network ({len(rows) - known}):")
    answer("\n".join(lines))
    return 0
