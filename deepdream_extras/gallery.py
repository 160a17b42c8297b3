"""A sheet of small dreams of one picture, under each the options that make it: which layer, channel, class, preset does
what?"""

from __future__ import annotations

import array
import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import Picture, UsageError

from . import dreams, font, objectives, presets, scales
from .ascent import Move, Stage
from .dreams import Plan
from .presets import PRESETS
from .scales import Scales, Tiles

MARGIN, WHITE = 8, 255
QUICK = Plan(move=Move(shift="random"), stages=(Stage(10, (2.0, 2.0)),),
             scales=Scales("shrink", octaves=3, smallest=96), tiles=Tiles("whole", edge="reflect"), rounded=False)
# Classes and channels: from the picture too, but with more of it for the network to do
STRONG = QUICK._replace(stages=(Stage(20, (2.5, 2.5)),))
MOST_LAYERS, MOST_CLASSES = 15, 24


class Shot(NamedTuple):
    """One of the sheet's pictures: what is written under it, the plan, what it begins with."""
    text: str
    plan: Plan
    picture: Picture


def run(options: SimpleNamespace) -> int:
    wishes = [name for name in ("layers", "layer", "classes", "presets") if getattr(options, name)]
    if len(wishes) > 1:
        raise UsageError("gallery: choose one of " + " and ".join(f"--{name}" for name in wishes))
    if "channels" in options.texts and not options.layer:
        raise UsageError("--channels: of which layer? add --layer NAME")
    output = deepdream.open_output(options, deepdream.output_path(options))
    deepdream.check_apart(options, [output])
    deepdream.tell_unheard(options, [output.format.obeys])
    source = deepdream.input_file(options, options.size)
    extras = deepdream.extras_for(options, output, source)
    with deepdream.open_network(options) as network:
        picture, shots = prepared(options, network, source)
        progress = deepdream.Progress(sum(work(shot) for shot in shots), "tile of 224x224", options.quiet)
        progress.say(f"{len(shots)} dream{'s' * (len(shots) > 1)} of {picture.width}x{picture.height} pixels")
        try:
            made = (elsewhere if options.on else here)(options, network, shots, progress)
            results = [("the picture", picture), *((shot.text, fitted(one, picture)) for shot, one in zip(shots, made))]
        finally:
            progress.line.clear()
        sheet = laid_out(results, picture.width, picture.height)
        progress.written(output, sheet, output.write(sheet, extras))
    if options.show and not output.takes_stdout:
        deepdream.resolve("show:draw")(sheet)
    return 0


def prepared(options: SimpleNamespace, network: deepdream.Network,
             source: deepdream.Decoded) -> tuple[Picture, list[Shot]]:
    """The picture at the size of the sheet's dreams, and what these are."""
    picture = deepdream.as_picture(source)
    size = deepdream.size_within(picture.width, picture.height, options.size)
    picture = deepdream.shrink(picture, *size) if size != (picture.width, picture.height) else picture
    if min(size) < network.model.smallest:
        picture = enlarged(picture, network.model.smallest)
    return picture, make_shots(options, network, picture)


def here(options: SimpleNamespace, network: deepdream.Network, shots: list[Shot],
         progress: deepdream.Progress) -> list[Picture]:
    done, results = 0.0, []
    for number, shot in enumerate(shots):
        steps = sum(counted(shot))
        for at, step in enumerate(dreams.dream_steps(network, shot.picture, shot.plan), 1):
            progress.piece_done(f"{number + 1} of {len(shots)}: {shot.text}", done + work(shot) * min(at / steps, 1.0))
            result = step.picture
        done += work(shot)
        results.append(result)
    return results


def elsewhere(options: SimpleNamespace, network: deepdream.Network, shots: list[Shot],
              progress: deepdream.Progress) -> list[Picture]:
    """The same on other machines: each dreams some of the cells; see many.py."""
    from . import many
    if options.input == "-":
        raise UsageError("--on: the picture is read again by each worker; expected a file, not -")
    pool = many.elsewhere(options.on)
    words = many.words_of(options) + (["-i", options.input] if options.input else [])
    tasks = (many.Task(str(number), words, "cell", {"cell": number}) for number in range(len(shots)))
    made = dict[int, Picture]()
    try:
        for task, answer in many.run_tasks(tasks, pool, network.model.path, options.engine):
            if "error" in answer:
                raise deepdream.DeepDreamError(answer["error"])
            number, (width, height) = int(task.name), answer["size"]
            made[number] = Picture(width, height, bytearray(answer["pixels"]))
            progress.piece_done(f"{len(made)} of {len(shots)}: {shots[number].text}", sum(map(work, map(
                shots.__getitem__, made))))
    finally:
        pool.stop()
    return [made[number] for number in range(len(shots))]


def cell(options: SimpleNamespace, more: dict[str, Any]) -> dict[str, Any]:
    """One of a sheet's dreams, on a worker."""
    picture, shots = prepared(options, options.network, deepdream.input_file(options, options.size))
    shot = shots[more["cell"]]
    result = dreams.dream(options.network, shot.picture, shot.plan)
    return {"size": (result.width, result.height), "pixels": bytes(result.pixels)}


NARROWEST = 16      # times as long as wide: narrower strips are brought to that


def enlarged(picture: Picture, least: int) -> Picture:
    factor, longest = least / min(picture.width, picture.height), NARROWEST * least
    return scales.resize(picture, (min(math.ceil(picture.width * factor), longest),
                                   min(math.ceil(picture.height * factor), longest))).rounded()


def counted(shot: Shot) -> list[int]:
    """The yields of each octave, about."""
    sizes = scales.sizes(shot.plan.scales, shot.picture.width, shot.picture.height)
    each = shot.plan.move.evaluations + 1 if shot.plan.move.rule == "lbfgs" else 1
    return [shot.plan.stage(octave).steps * each for octave in range(len(sizes))]


def work(shot: Shot) -> float:
    """How much the network has to do, about: in steps of 224 x 224 pixels."""
    sizes = scales.sizes(shot.plan.scales, shot.picture.width, shot.picture.height)
    return sum(w * h / 224 ** 2 * steps for (w, h), steps in zip(sizes, counted(shot)))


# ---- What there is to see --------------------------------------------------------------------------------------------

def make_shots(options: SimpleNamespace, network: deepdream.Network, picture: Picture) -> list[Shot]:
    if options.layer:
        shots = channel_shots(network, picture, network.name(options.layer), options.channels)
    elif options.classes:
        shots = class_shots(network, picture)
    elif options.presets:
        shots = preset_shots(options, network, picture)
    else:
        shots = layer_shots(network, picture)
    for number, shot in enumerate(shots):
        plan = shot.plan._replace(seed=options.seed)
        if options.steps:
            plan = plan._replace(stages=tuple(stage._replace(steps=options.steps) for stage in plan.stages))
        shots[number] = shot._replace(plan=plan)
    return shots


def layer_shots(network: deepdream.Network, picture: Picture) -> list[Shot]:
    """The ends of the network's blocks and, before the first, its convolutions; no more than MOST_LAYERS."""
    rows = [row for row in objectives.layers_table(network)[1:] if row.named and row.height * row.width > 1]
    blocks = [row.name for row in rows if row.kind.startswith("Concat")]
    if not blocks:         # no Inception: what all that follows goes through
        narrow = deepdream.resolve("networks:bottlenecks")(network.model)
        blocks = [row.name for row in rows if row.name in narrow and "Pool" not in row.kind]
    names = [row.name for row in rows]
    first = [name for name in names[:names.index(blocks[0])] if "_output" not in name] if blocks else names
    if blocks:
        kinds = {row.name: row.kind for row in rows}
        first = [name for name in first if kinds[name] == "Relu" and "reduce" not in name][:3]
    names = first + blocks
    step = max(1, math.ceil(len(names) / MOST_LAYERS))
    return [Shot(f"--layer {short(name, network)}", QUICK._replace(terms=(objectives.Layer(name),)), picture)
            for name in names[::step]]


def short(name: str, network: deepdream.Network) -> str:
    """4c for inception_4c_output, where that is understood."""
    core = deepdream.layer_core(name) if name.endswith("_output") else ""
    try:
        return core if core and network.name(core) == name else name
    except deepdream.DeepDreamError:
        return name


def channel_shots(network: deepdream.Network, picture: Picture, layer: str, count: int) -> list[Shot]:
    """The channels that are most active in the picture."""
    activations, (h, w, c) = objectives.features(network, picture, layer, math.prod(network.model.size()))
    sums = [math.fsum(activations[i::c]) for i in range(c)]
    best = sorted(range(c), key=lambda i: (-sums[i], i))[:count]
    return [Shot(f"--maximize {short(layer, network)}:{i}",
                 STRONG._replace(terms=(objectives.Layer(layer, 1.0, "mean", (i,)),)), picture) for i in best]


def class_shots(network: deepdream.Network, picture: Picture) -> list[Shot]:
    """Known classes, spread over all of them."""
    rows = sorted(row for row in objectives.labels_table(network) if row.known)
    count = min(len(rows), MOST_CLASSES)
    shots = []
    for row in (rows[i * len(rows) // count] for i in range(count)):
        name = row.label.split(",")[0]
        shots.append(Shot(f"--class '{name}'" if " " in name else f"--class {name}",
                          STRONG._replace(terms=(objectives.parse_class(str(row.number), network),)), picture))
    return shots


EXAMPLE = "goldfish"


def preset_shots(options: SimpleNamespace, network: deepdream.Network, picture: Picture) -> list[Shot]:
    """Each preset; those that want a class get a known one, those that want a guide the shipped picture."""
    shots = []
    for row in PRESETS.values():
        text, more = f"--preset {row.name}", list[objectives.Term]()
        if row.wants == "class":
            if not network.model.labels:
                continue
            known = [label for label in objectives.labels_table(network) if label.known]
            name = next((label for label in known if label.label == EXAMPLE), known[0])
            more = [objectives.parse_class(str(name.number), network)]
            text += f" --class {name.label.split(',')[0]}"
        elif row.wants == "guide":
            shipped = deepdream.read_picture(deepdream.data_file("cat_dog224.bmp"))
            more = [objectives.Guide(network, shipped)]
            text += " --guide cat_dog224.bmp"
        start = presets.NOISES[row.noise](*NOISE_SIZE, options.seed) if row.noise else picture
        plan = presets.fitting(row.planned(network, more), network, start.width, start.height)
        shots.append(Shot(text, small(plan), start))
    return shots


NOISE_SIZE = 224, 224


def small(plan: Plan) -> Plan:
    """The plan for a thumbnail: growing ends after two octaves."""
    if plan.scales.kind == "grow":
        plan = plan._replace(scales=plan.scales._replace(octaves=min(plan.scales.octaves, 2)))
    return plan


# ---- The sheet -------------------------------------------------------------------------------------------------------

def fitted(picture: Picture, like: Picture) -> Picture:
    """The picture brought within the size of another, in bytes."""
    factor = min(like.width / picture.width, like.height / picture.height, 1.0)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if size == (picture.width, picture.height):
        return picture.rounded() if isinstance(picture.pixels, array.array) else picture
    return scales.resize(picture, size).rounded()


def laid_out(results: list[tuple[str, Picture]], width: int, height: int) -> Picture:
    """All of them in a grid about as wide as high, with their texts."""
    texts = [font.wrapped(text, width) for text, _ in results]
    high = height + max(map(len, texts)) * font.HEIGHT + 4
    columns = min(len(results), max(1, round(math.sqrt(len(results) * (high + MARGIN) / (width + MARGIN) * 4 / 3))))
    rows = -(-len(results) // columns)
    sheet = Picture(MARGIN + columns * (width + MARGIN), MARGIN + rows * (high + MARGIN))
    sheet.pixels = bytearray([WHITE]) * len(sheet.pixels)
    for number, ((_, picture), lines) in enumerate(zip(results, texts)):
        x, y = MARGIN + number % columns * (width + MARGIN), MARGIN + number // columns * (high + MARGIN)
        deepdream.paste_tile(sheet, picture.pixels, x + (width - picture.width) // 2, y, picture.width, picture.height)
        for line, text in enumerate(lines):
            font.write(sheet, x, y + height + 4 + line * font.HEIGHT, text)
    return sheet
