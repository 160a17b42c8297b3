"""From the options of `deepdream dream` to a Plan: what a preset says, or else the original, with each option on top.

check() finds what makes no sense together before any work; noise() is what a dream without a picture begins with;
plan() needs the network, whose layers and classes the options name.
"""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any

import deepdream
from deepdream import Picture, UsageError

from . import ascent, dreams, objectives, penalties, presets, scales
from .ascent import Move, Stage
from .dreams import Plan
from .presets import PRESETS, Preset
from .scales import Scales, Tiles

SMALLEST = 200          # pixels of the shorter side, for the smallest octave of a picture that keeps its size
CELL_JITTER = 8         # pixels, where one cell grows: half of one of inception_4a to 4e
WAVES = 0.05            # Lucid's step, where waves move
DEFAULT_NOISE = "normal"
NOISE_SIZE = "224x224"  # where a preset begins with noise

ORIGINAL = Preset("", "", "", Plan())


def chosen(options: SimpleNamespace) -> Preset:
    """The preset's row; without --preset that of the original."""
    name = options.preset
    if name is None:
        return ORIGINAL
    if name not in PRESETS:
        from . import moving
        near = deepdream.nearest(name, PRESETS)
        if name in moving.MOVING:
            raise UsageError(f"--preset {name}: that is one of deepdream animate; add the word animate")
        raise UsageError(f"--preset {name!r}: no such preset; " + (f"did you mean {' or '.join(near)}?" if near else
                         f"there are {', '.join(PRESETS)}"))
    return PRESETS[name]


# ---- Before the work -------------------------------------------------------------------------------------------------

def check(options: SimpleNamespace) -> None:
    """UsageError for options that make no sense together, as far as that can be known without the network."""
    given, preset, flags = options.texts, chosen(options), dict(options.given)
    grown = explicit_terms(options)

    def refuse(words: str, why: str) -> None:
        raise UsageError(f"{words}: {why}")

    if preset.wants and not grown:
        refuse(f"--preset {preset.name}", "it needs a class: add --class goldfish; deepdream labels lists them"
               if preset.wants == "class" else "it needs a second picture: add --guide FILE")
    if options.guide_layer and not options.guide:
        refuse("--guide-layer", "it is the layer at which a --guide is followed; add one")
    if options.seamless and options.edge not in (None, "wrap"):
        refuse(f"--seamless --edge {options.edge}", "--seamless is --edge wrap; leave one of them out")
    if preset.plan.scales.c89 and deepdream.is_endless(options):
        refuse("--preset c89 " + ("--seamless" if options.seamless else "--edge wrap"), "its enlargement makes a seam; "
               "leave the preset out")
    if options.keep_colors and options.match_colors:
        refuse("--keep-colors --match-colors", "choose one of them")
    shift = options.shift or ("random" if "jitter" in given else preset.plan.move.shift)
    if "jitter" in given and shift != "random":
        refuse(f"--jitter --shift {shift}", "only random shifts have a --jitter")
    tiles = options.tiles or preset.plan.tiles.kind
    if "overlap" in given and tiles not in ("feather", "whole"):
        refuse("--overlap", f"tiles of kind {tiles} do not overlap, or by half; add --tiles feather")
    if "noise" in given and options.input is not None:
        refuse("--noise", "a dream begins with a picture or with noise, not with both")
    kind = options.scales or (preset.plan.scales.kind if preset.name else "")
    more = {"octaves"} if options.octaves != 1 else set()
    if kind == "single" and (wrong := (more | {"octave_scale", "max_size"}) & given.keys()):
        refuse(f"--{min(wrong).replace('_', '-')}", "there is but one octave where --scales is single"
               + f", as of --preset {preset.name}" * (options.scales is None))
    if kind == "shrink" and "--max-size" in flags:
        refuse("--max-size", "a dream that shrinks keeps the picture's size; --size brings it down")
    if kind in ("grow", "single") and options.carry:
        refuse("--carry", "only octaves that shrink first have detail to carry; add --scales shrink")
    if preset.plan.scales.c89 and (floating(options) or kind != "grow"):
        refuse("--preset c89", "its enlargement works on bytes; leave out " + ("--scales" if kind != "grow" else
               "--fourier, --floats, --rule and --clip"))
    if options.fourier and ("blur" in given or options.clip):
        refuse("--fourier " + ("--blur" if "blur" in given else "--clip"), "waves are neither blurred nor clipped; "
               "leave one of them out")
    if grown and not ("layer" in options.texts or options.maximize):
        for name in ("measure", "border"):
            if getattr(options, name):
                refuse(f"--{name}", "it says how layers count; add --layer or --maximize")
    layers = [options.layer] * ("layer" in given) + list(options.maximize or ())
    if options.border and layers and all("@" in text for text in layers):
        refuse("--border", "a single cell has none; leave it out")
    if options.stage and (wrong := {"steps", "step_size", "blur"} & given.keys()):
        refuse(f"--stage --{min(wrong).replace('_', '-')}", "--stage says that of each octave; leave the other out")
    penalties_of(options)
    for text in options.stage or ():
        if options.fourier and stage(text).blur != (0.0, 0.0):
            refuse("--fourier --stage", "waves are not blurred; leave out what stands behind the second :")


def floating(options: SimpleNamespace) -> bool:
    """Whether options keep a picture from being rounded after each step."""
    return (options.floats or options.fourier or options.rule in dreams.REMEMBERING
            or options.clip in ("end", "contrast"))


def explicit_terms(options: SimpleNamespace) -> bool:
    return bool("layer" in options.texts or options.maximize or getattr(options, "class") or options.guide
                or options.caricature)


def wants_cell(options: SimpleNamespace) -> bool:
    """Whether one cell of a layer shall grow, 4d:7@3,5, and no preset says how.

    Cells are counted from the left upper corner of what the network sees, so one is a place in the picture only where
    that is the whole picture, hardly moved. Little jitter rather than none, as Lucid: a silent cell may wake.
    """
    return not options.preset and any("@" in text for text in (options.layer or "", *(options.maximize or ())))


def stays(options: SimpleNamespace) -> bool:
    """Whether there may be a single octave."""
    return not {"octaves", "octave_scale", "max_size"} & options.texts.keys()


def penalties_of(options: SimpleNamespace) -> tuple[tuple[str, float], ...]:
    found = tuple(map(penalty, options.penalty or ()))
    names = [name for name, _ in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"--penalty {twice[0]}: given twice; expected it once")
    return found


def penalty(text: str) -> tuple[str, float]:
    """NAME=WEIGHT"""
    name, _, number = text.partition("=")
    if name not in penalties.PENALTIES:
        raise UsageError(f"--penalty {text!r}: expected NAME=WEIGHT, NAME one of {', '.join(penalties.PENALTIES)}")
    weight = deepdream.as_number(number)
    if not 0.0 <= weight <= 1e9:
        raise UsageError(f"--penalty {text!r}: expected a number from 0 behind the =, such as {name}=0.1")
    return name, weight


def stage(text: str) -> Stage:
    """STEPS:SIZE[:BLUR]"""
    steps, *rest = text.split(":")
    try:
        if not 1 <= len(rest) <= 2:
            raise ValueError("expected two or three parts")
        return Stage(deepdream.whole(1, 100000)(steps), pair(deepdream.step_size(rest[0])),
                     pair(deepdream.schedule(rest[1]) if rest[1:] else 0.0))
    except ValueError as error:
        raise UsageError(f"--stage {text!r}: {error}, as in 190:11:2.5,0.78 (steps, step size, blur)") from None


def noise(options: SimpleNamespace) -> Picture | None:
    """What the dream begins with, if that is no picture: as --noise says, or a preset that begins with noise."""
    preset = chosen(options)
    if options.noise is None and (options.input is not None or not preset.noise):
        return None
    match = re.fullmatch(r"(?:(.*):)?(\d+)x(\d+)", options.noise or NOISE_SIZE, re.DOTALL)
    assert match        # its parser saw to that
    kind = match[1] or preset.noise or ("grey" if options.fourier else DEFAULT_NOISE)
    if kind not in presets.NOISES:
        raise UsageError(f"--noise {options.noise!r}: expected {' or '.join(presets.NOISES)} before the :")
    return presets.NOISES[kind](int(match[2]), int(match[3]), options.seed)


# ---- The plan --------------------------------------------------------------------------------------------------------

def plan(options: SimpleNamespace, network: deepdream.Network, width: int, height: int) -> Plan:
    """The plan for a picture of that size."""
    preset = chosen(options)
    made = preset._replace(border=options.border or preset.border).planned(network, terms(options, network, preset))
    tell = deepdream.teller(options)
    made = made._replace(
        scales=scales_of(options, preset, width, height, network.model.smallest),
        move=move_of(options, made.move),
        stages=tuple(map(stage, options.stage or ())) or tuple(stage_of(options, stage) for stage in made.stages),
        penalties=penalties_of(options) or made.penalties,
        rounded=made.rounded and not floating(options),
        seed=options.seed, strength=options.strength, seconds=options.until or 0.0,
        colors="keep" if options.keep_colors else "match" if options.match_colors else "",
        mask=other_picture(options.mask, tell) if options.mask else None)
    made = made._replace(tiles=tiles_of(options, made))
    if min(width, height) < network.model.smallest and made.tiles.kind == "whole" and not (
            "tiles" in options.texts or wants_cell(options)):
        made = made._replace(tiles=made.tiles._replace(kind="grid"))    # of tiles that go beyond the picture's edges
    if wants_cell(options) and made.tiles.kind == "whole" and width * height > made.tiles.limit:
        raise UsageError("--maximize with @: a cell is a place in a picture that is seen as a whole, for which "
                         f"{width}x{height} is too large; --size {math.isqrt(made.tiles.limit)} brings it down")
    if made.scales.kind != "grow" and "--max-size" in dict(options.given):
        raise UsageError("--max-size: this dream keeps the picture's size; --size brings it down, --scales grow "
                         "enlarges it")
    dreams.check(made)
    sizes = scales.sizes(made.scales, width, height)
    if len(options.stage or ()) > len(sizes):
        network.pass_on([f"--stage is given {len(options.stage)} times, and the octaves are {len(sizes)}: the last "
                         "stages are not used"])
    if any(getattr(term, "place", None) for term in made.terms) and max(map(max, sizes)) <= made.tiles.size:
        network.pass_on([f"classes have places, but the network sees {made.tiles.size} pixels at a time and so all of "
                         f"the picture; --tile {max(32, max(sizes[-1]) // 2)} lets it see parts"])
    return made if options.border else presets.fitting(made, network, width, height)


def terms(options: SimpleNamespace, network: deepdream.Network, preset: Preset) -> list[objectives.Term]:
    """What the options say shall grow; none: what the preset says."""
    how, border = options.measure or preset.how, options.border or preset.border
    found: list[objectives.Term] = []
    layers = [options.layer] if "layer" in options.texts else []
    found += [objectives.parse_layer(text, network, how, border) for text in layers + list(options.maximize or ())]
    found += [objectives.parse_class(text, network, 1.0, options.seed) for text in getattr(options, "class") or ()]
    if options.guide:
        found.append(objectives.Guide(network, other_picture(options.guide, deepdream.teller(options)),
                                      options.guide_layer or ""))
    if options.caricature:
        found.append(objectives.parse_caricature(options.caricature, network))
    avoided = [objectives.parse_class(text, network, -1.0, options.seed) for text in options.avoid or ()]
    if (avoided or options.measure) and not found:
        found += [objectives.parse_layer(text, network, how, border)
                  for text in (preset.layers and preset.layers_of(network)) or (network.model.layer,)]
    if options.border and not found and not preset.layers:
        found.append(objectives.parse_layer(network.model.layer, network, how, border))
    weights: dict[Any, float] = {}
    for term in found + avoided:
        if not isinstance(term, objectives.Classes):
            return found + avoided
        for number, weight in term.weights.items():
            weights[number, term.place] = weights.get((number, term.place), 0.0) + weight
    if found and not any(weights.values()):
        raise deepdream.DeepDreamError("--class, --avoid: they cancel each other, so that nothing grows")
    return found + avoided


def other_picture(path: str, tell: Any) -> Picture:
    return deepdream.as_picture(deepdream.read_file(path, deepdream.WHITE, tell))


def scales_of(options: SimpleNamespace, preset: Preset, width: int, height: int, least: int) -> Scales:
    given, made = options.texts, preset.plan.scales
    kind = options.scales or (made.kind if preset.name else "single" if wants_cell(options) and stays(options) else
                              "grow" if max(width, height) < deepdream.KEEPS_SIZE else "shrink")
    if not preset.name and kind == "shrink":
        made = made._replace(octaves=64, smallest=SMALLEST)
    if "octaves" in given:
        made = made._replace(octaves=options.octaves, smallest=least)
    if "octave_scale" in given:
        made = made._replace(factor=options.octave_scale)
    if "max_size" in given:
        made = made._replace(largest=options.max_size)
    return made._replace(kind=kind, carry=options.carry or made.carry, smallest=max(made.smallest, least),
                         wrap=deepdream.is_endless(options))


def move_of(options: SimpleNamespace, move: Move) -> Move:
    given = options.texts
    if options.fourier:
        move = move._replace(space="fourier", rule="adam")
    if wants_cell(options):
        move = move._replace(shift="random", jitter=CELL_JITTER)
    if options.rule:
        move = move._replace(rule=options.rule)
    if options.smooth:
        move = move._replace(smooth="" if options.smooth == "no" else options.smooth)
    if options.shift:
        move = move._replace(shift=options.shift)
    if "jitter" in given:
        move = move._replace(shift="random", jitter=options.jitter)
    if "pixel_noise" in given:
        move = move._replace(noise=options.pixel_noise)
    return move._replace(clip=options.clip or move.clip)


def stage_of(options: SimpleNamespace, stage: Stage) -> Stage:
    given = options.texts
    if "steps" in given:
        stage = stage._replace(steps=options.steps)
    if "step_size" in given:
        stage = stage._replace(step=pair(options.step_size))
    elif options.fourier:
        stage = stage._replace(step=(WAVES, WAVES))
    if "blur" in given:
        stage = stage._replace(blur=pair(options.blur))
    return stage


def pair(value: Any) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value, value)


def tiles_of(options: SimpleNamespace, made: Plan) -> Tiles:
    """Growing dreams see the picture's other side beyond its edges, as the original; others without a preset not."""
    tiles = made.tiles
    if options.preset is None:
        tiles = tiles._replace(edge="wrap" if made.scales.kind == "grow" else "reflect")
    if options.seamless or options.edge:
        tiles = tiles._replace(edge=options.edge or "wrap")
    if "overlap" in options.texts:
        tiles = tiles._replace(overlap=options.overlap)
    if "tile" in options.texts:
        tiles = tiles._replace(size=options.tile)
    if wants_cell(options):
        tiles = tiles._replace(kind="whole")
    if any("@" in text for text in getattr(options, "class") or ()):
        tiles = tiles._replace(kind="crop")
    return tiles._replace(kind=options.tiles or tiles.kind)


# ---- Progress --------------------------------------------------------------------------------------------------------

PIECE = 224 * 224       # pixels


class PlanProgress(deepdream.Progress):
    """DreamProgress for plans: octaves differ in how long a tile takes."""

    def __init__(self, network: deepdream.Network, made: Plan, picture: Picture, quiet: bool):
        self.plan, self.sizes = made, scales.sizes(made.scales, picture.width, picture.height)
        work = dreams.Work(network, picture, made)
        tiles = [work.tiles(*size, (1, 1)) for size in self.sizes]
        lbfgs = made.move.rule == "lbfgs"
        self.yields = [made.move.evaluations + 1 if lbfgs else len(row) for row in tiles]      # in a step
        steps = [made.stage(octave).steps for octave in range(len(tiles))]
        times = made.move.evaluations + 1 if lbfgs else 1
        self.costs = [times * sum(tile.width * tile.height for tile in row) / PIECE for row in tiles]
        totals = [cost * count for cost, count in zip(self.costs, steps)]
        self.before = [sum(totals[:octave]) for octave in range(len(totals))]
        super().__init__(sum(totals), "tile of 224x224", quiet)
        if len(self.sizes) < made.scales.octaves < 64 and made.scales.kind != "single":
            self.say(f"octaves: {len(self.sizes)} instead of {made.scales.octaves}, as the next would be too "
                     + ("large" if made.scales.kind == "grow" else "small"))
        several = ", ".join(map(str, steps if len(set(steps)) > 1 else steps[:1]))
        self.say("octaves " + " ".join(f"{w}x{h}" for w, h in self.sizes) + f"; steps in each: {several}; tiles: "
                 f"{made.tiles.kind}, {sum(map(len, tiles))} for a step in each")

    def tile_done(self, done: deepdream.DreamStep) -> None:
        octave = done.octave
        part = min((done.tile + 1) / self.yields[octave], 1.0)
        amount = self.before[octave] + self.costs[octave] * (done.step + part)
        where = f"octave {octave + 1} of {len(self.sizes)}, step {done.step + 1}, tile {done.tile + 1}"
        if self.plan.seconds:       # it is not known what it leaves out
            if not self.quiet:
                self.line.show(f"{deepdream.duration(max(self.plan.seconds - self.seconds(), 0.0))} left, {where}")
        else:
            self.piece_done(where, amount)

    def octave_done(self, done: deepdream.DreamStep) -> None:
        self.say(f"octave {done.octave + 1} of {len(self.sizes)} done, {done.picture.width}x{done.picture.height}, "
                 f"{deepdream.duration(self.seconds())} so far")


RULES = (*ascent.RULES, *dreams.REMEMBERING)
