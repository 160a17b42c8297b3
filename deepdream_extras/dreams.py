"""Dreams of four choices: what is maximised, what is penalised, how the picture moves, how scales follow each other.

    network = deepdream.load()
    plan = Plan(terms=(Layer("inception_4c_output"),), move=Move(shift="random"), stages=(Stage(10),),
                scales=Scales("shrink", octaves=4, near=True, resize="corners"), tiles=Tiles("whole"), rounded=False)
    picture = dream(network, picture, plan)

is google's notebook. objectives.py has the terms, penalties.py the penalties, ascent.py Move and Stage, scales.py
Scales and Tiles; presets.py has the classic systems as plans, and Plan() is the original's dream, byte for byte.

There are two kinds of step. Where tiles go one after the other, each is cut out of the picture, moved and put back, and
the next one sees that. Where they go together, their gradients are gathered, and then the whole picture moves: so with
tiles that overlap, and with whatever remembers earlier steps (Adam, L-BFGS). Either way the network's memory is that of
one tile. All that is random comes from Random(seed), in the order of the steps: same plan, engine, picture, same bytes.
"""

from __future__ import annotations

import array
import math
import random
import time
from collections.abc import Iterator
from operator import mul, sub
from typing import Any, NamedTuple, Protocol

import deepdream
from deepdream import DeepDreamError, DreamStep, Picture

from . import ascent, fourier, objectives, penalties, scales
from .ascent import Move, Stage
from .scales import Scales, Size, Tile, Tiles


class Plan(NamedTuple):
    """All that makes one dream of a picture different from another."""
    terms: tuple[objectives.Term, ...] = ()             # what grows: objectives.py; (): the model's own layer
    penalties: tuple[tuple[str, float], ...] = ()       # what shrinks: (name in PENALTIES, weight)
    move: Move = Move()
    stages: tuple[Stage, ...] = (Stage(),)              # one for each octave; the last goes on for those that follow
    scales: Scales = Scales()
    tiles: Tiles = Tiles()
    rounded: bool = True                                # to bytes after every tile or step, as the original
    seed: int = 0
    mask: Picture | None = None                         # where the picture moves: white fully, black not at all
    strength: float = 1.0                               # of the dream, against the input, in what comes out
    colors: str = ""                                    # of COLORS
    seconds: float = 0.0                                # about how long, by more or fewer steps and octaves; 0: any

    def stage(self, octave: int) -> Stage:
        return self.stages[min(octave, len(self.stages) - 1)]


ORIGINAL = Plan()
COLORS = {"": "as dreamed", "keep": "the input's, only light and shade are dreamed",
          "match": "the input's mean and deviation"}
REMEMBERING = "adam", "lbfgs"


def dream(network: deepdream.Network, picture: Picture, plan: Plan = ORIGINAL) -> Picture:
    """Dream on a copy of `picture` and return the last octave; dream_steps does the same bit by bit."""
    for done in dream_steps(network, picture, plan):
        picture = done.picture
    return picture.rounded()


def dream_steps(network: deepdream.Network, picture: Picture, plan: Plan = ORIGINAL) -> Iterator[DreamStep]:
    """Dream on a copy of `picture`, one tile each time the next DreamStep is asked for.

    Where tiles go together the picture changes with the last of them only, and mean_gradient is 0 for the others; an
    evaluation of L-BFGS counts as a tile, its rounds as steps.
    """
    check(plan)
    work = Work(network, picture, plan)
    sizes = scales.sizes(plan.scales, picture.width, picture.height)
    inputs = scales.bases(plan.scales, picture, work.linear)
    counts = work.counts(sizes, inputs[0])
    now = work.form(Picture(*sizes[0], inputs[0].pixels[:]))
    for octave, size in enumerate(sizes):
        if not counts[octave] and plan.scales.kind == "grow":
            break
        now = work.enter(octave, size, now, inputs)
        stage = plan.stage(octave)._replace(steps=counts[octave])
        steps = work.together(now, stage) if work.gathers else work.one_by_one(now, stage)
        for step, tile, mean, step_done in steps:
            if step_done and step == stage.steps - 1:
                break
            yield DreamStep(octave, step, tile, work.shown(now), mean, False, step_done)
        else:       # no time for a single step
            step, tile, mean = 0, 0, 0.0
        now = work.form(scales.leave(plan.scales, octave, now, inputs, work.linear))
        yield DreamStep(octave, step, tile, work.finished(now), mean, True, True)


def check(plan: Plan) -> None:
    """Raise DeepDreamError for choices that there are not, or that do not go together."""
    for what, choice, known in (
            ("rule", plan.move.rule, (*ascent.RULES, *REMEMBERING)), ("shift", plan.move.shift, ascent.SHIFTS),
            ("filter", plan.move.smooth, ("", *ascent.FILTERS)), ("clip", plan.move.clip, ascent.CLIPS),
            ("space", plan.move.space, ("", "fourier")), ("scales", plan.scales.kind, scales.KINDS),
            ("carry", plan.scales.carry, scales.CARRIES), ("resize", plan.scales.resize, ("", *scales.RESIZERS)),
            ("tiles", plan.tiles.kind, scales.TILINGS), ("edge", plan.tiles.edge, scales.EDGES),
            ("colors", plan.colors, COLORS), *(("penalty", name, penalties.PENALTIES) for name, _ in plan.penalties)):
        if choice not in known:
            raise DeepDreamError(f"{what} {choice!r}: not known; expected {' or '.join(filter(None, known))}")
    if plan.tiles.kind in ("spiral", "crop") and (plan.move.rule in REMEMBERING or plan.move.space):
        raise DeepDreamError(f"{plan.move.rule} with tiles of kind {plan.tiles.kind}: it has to see the whole picture; "
                             "choose whole, feather or grid")
    if plan.move.rule == "lbfgs" and not (plan.penalties or plan.move.space):
        raise DeepDreamError("lbfgs without a penalty: there is no best picture to be found, only ever larger levels; "
                             "add one, such as continuity or mean-color")
    if plan.tiles.kind != "crop" and any(getattr(term, "place", None) for term in plan.terms):
        raise DeepDreamError(f"a class at a place with tiles of kind {plan.tiles.kind}: these see the whole picture "
                             "alike; choose crop")
    if plan.move.space and plan.rounded:
        raise DeepDreamError("a picture of waves cannot be rounded after each step; choose rounded=False")
    if not plan.stages or any(stage.steps < 1 for stage in plan.stages):
        raise DeepDreamError("a stage of no steps; expected 1 at least")


def check_places(network: deepdream.Network, plan: Plan, width: int, height: int) -> None:
    """Raise DeepDreamError for cells, borders and channels that a term's layer has not, at the smallest octave."""
    placed = [term for term in plan.terms if isinstance(term, objectives.Layer) and (term.at or term.border)]
    if placed:
        engine = Work(network, Picture(width, height), plan).network.engine_in_use()
        for term in placed:
            deepdream.check_reaches(network, engine, term.name)
            term.spans(*engine.shapes[term.name])


Done = Iterator[tuple[int, int, float, bool]]       # step, tile, mean |g|, whether it was the step's last


class Work:
    """What the steps of one dream share."""

    def __init__(self, network: deepdream.Network, picture: Picture, plan: Plan) -> None:
        self.network, self.plan, self.input = network, plan, picture
        self.terms = plan.terms or (objectives.Layer(network.name(network.model.layer)),)
        placed = [term for term in self.terms if getattr(term, "place", None)]
        # of a step's crops: what each is for; classes that have a place of their own get one each, as deepdraw mixes
        self.shares = [tuple(term for term in self.terms if term is one or term not in placed)
                       for one in placed] or [self.terms]
        self.places = [getattr(term, "place", None) for term in placed] or [None]
        self.curious = any(hasattr(term, "remember") for term in self.terms)
        self.numbers = random.Random(plan.seed)
        self.gathers = plan.tiles.kind == "feather" or plan.move.rule in REMEMBERING or bool(plan.move.space)
        self.whole: tuple[Size, Picture] | None = None          # (size, the input brought to it)
        self.strengths: Picture | None = None                   # the mask at the size of this octave
        move = plan.move
        self.by_engine = not (move.rule != "mean" or move.smooth or move.noise or move.clip != "step" or plan.penalties
                              or plan.mask)
        first = scales.sizes(plan.scales, picture.width, picture.height)[0]
        engine = self.network.engine(*self.tile_size(*first)[::-1])     # for `linear`, from the beginning on
        for layer in (layer for term in self.terms for layer in term.layers):
            deepdream.check_reaches(self.network, engine, layer)

    def linear(self, linear_map: scales.Separable, levels: scales.Levels) -> array.array:
        """See scales.Linear: by the engine that was used last, whatever its size."""
        return self.network.engine_in_use().fit(linear_map, levels)

    # From octave to octave

    def enter(self, octave: int, size: Size, picture: Picture, inputs: list[Picture]) -> Picture:
        """The picture that an octave begins with; what depends on its size is made anew."""
        plan = self.plan
        self.whole = None
        if octave and plan.scales.kind == "grow" and not plan.scales.resize and not plan.scales.wrap:
            engine = self.network.engine(*self.tile_size(*size)[::-1])
            picture = engine.upscale(picture, deepdream.exact(plan.scales.factor), plan.scales.c89)
        else:
            picture = self.form(scales.enter(plan.scales, octave, size, picture, inputs, self.linear))
        if plan.mask:
            self.strengths = Picture(*size, scales.strengths(plan.mask, size, self.linear))
        return picture

    def form(self, picture: Picture) -> Picture:
        """The picture in bytes or in floats, as the plan wants it."""
        floats = isinstance(picture.pixels, array.array)
        if self.plan.rounded and floats:
            levels = deepdream.round_half_up(scales.clipped(picture.pixels))
            return Picture(picture.width, picture.height, levels)
        return picture if self.plan.rounded or floats else Picture(picture.width, picture.height,
                                                                   scales.as_floats(picture.pixels))

    def original(self, size: Size) -> Picture:
        """The input at the size of this octave, enlarged as the dream is."""
        if not self.whole or self.whole[0] != size:
            self.whole = size, scales.resize(self.input, size, self.plan.scales.how, self.linear, self.plan.scales.wrap)
        return self.whole[1]

    def shown(self, picture: Picture) -> Picture:
        """The picture as others may see it: within 0 .. 255."""
        if self.plan.move.clip == "step" or self.plan.rounded:
            return picture
        seen = ascent.contrast(picture.pixels) if self.plan.move.clip == "contrast" else picture.pixels
        return Picture(picture.width, picture.height, scales.clipped(seen))

    def finished(self, picture: Picture) -> Picture:
        """The picture as it comes out: the input's colours, as much of the input as is wanted."""
        plan, size = self.plan, (picture.width, picture.height)
        picture = self.shown(picture)
        changes = plan.colors or plan.strength != 1.0 or (plan.mask and plan.move.space)
        if not changes:
            return Picture(*size, scales.clipped(picture.pixels)) if not plan.rounded else picture
        original, levels = self.original(size).pixels, scales.as_floats(picture.pixels)
        if plan.colors:
            levels = (scales.keep_colors if plan.colors == "keep" else scales.match_colors)(levels, original)
        if plan.strength != 1.0:
            levels = scales.blended(levels, original, plan.strength)
        if plan.mask and plan.move.space:
            assert self.strengths
            levels = scales.plus(original, map(mul, self.strengths.pixels, map(sub, levels, original)))
        return Picture(*size, levels)

    # Tiles

    def tile_size(self, width: int, height: int) -> Size:
        """The size of the network's input for a picture of this size."""
        tiles, least = self.plan.tiles, self.network.model.smallest
        if self.is_whole(width, height):
            return width, height
        if tiles.kind in ("feather", "whole"):
            return min(tiles.size, max(width, least)), min(tiles.size, max(height, least))
        return tiles.size, tiles.size

    def is_whole(self, width: int, height: int) -> bool:
        return self.plan.tiles.kind == "whole" and width * height <= self.plan.tiles.limit

    def tiles(self, width: int, height: int, shift: Size) -> list[Tile]:
        """The tiles of one step."""
        tiles, (wide, high) = self.plan.tiles, self.tile_size(width, height)
        wrap = tiles.edge == "wrap"
        if self.is_whole(width, height):
            if not wrap:        # what the tile leaves out stays as it is
                x, y = (max(-side // 3, min(side // 3, by)) for by, side in zip(shift, (width, height)))
                shift = x, y
            return [Tile(*shift, wide, high)]
        if tiles.kind == "spiral":
            return list(scales.spiral(width, height, tiles.size))
        if tiles.kind == "crop":
            return [scales.crop(width, height, tiles.size, self.numbers, place) for place in self.places]
        if tiles.kind == "grid" and not self.gathers:
            return scales.grid(width, height, tiles.size, shift, wrap)
        overlap = 0.0 if tiles.kind == "grid" else tiles.overlap
        return scales.feathered(width, height, wide, high, overlap, shift, wrap)

    def show_input(self, picture: Picture, tile: Tile, roll: Size) -> None:
        """Let terms that compare with the input see it at this place."""
        if self.curious:
            levels = self.cut(self.original((picture.width, picture.height)), tile, roll)
            objectives.look_at_input(self.network.engine(tile.height, tile.width), self.terms, levels)

    def cut(self, picture: Picture, tile: Tile, roll: Size = (0, 0)) -> scales.Levels:
        levels = scales.cut(picture, tile, self.plan.tiles.edge)
        return scales.rolled(levels, tile.width, tile.height, *roll) if roll != (0, 0) else levels

    def penalised(self, gradient: array.array, levels: scales.Levels, picture: Picture, tile: Tile,
                  roll: Size) -> tuple[float, array.array]:
        """(value of the penalties, the gradient less theirs) at the levels of a tile."""
        value, engine = 0.0, self.network.engine_in_use()
        for name, weight in self.plan.penalties:
            more: dict[str, Any] = {}
            if name == "input":
                more["original"] = self.cut(self.original((picture.width, picture.height)), tile, roll)
            elif name == "mean-color":
                means = self.network.model.input.mean
                more["mean"] = means[::-1] if self.network.model.input.order == "RGB" else means
            worth, slope = penalties.by_engine(name, engine, levels, tile.height, tile.width, **more)
            value += weight * worth
            gradient = scales.plus(gradient, slope, -weight)
        return value, gradient

    # One tile after the other

    def one_by_one(self, picture: Picture, stage: Stage) -> Done:
        move = self.plan.move
        for step in range(stage.steps):
            moved = ascent.shift(move, step, picture.width, picture.height, self.numbers)
            roll = moved if self.plan.tiles.kind == "spiral" else (0, 0)      # inside of each tile
            tiles = self.tiles(picture.width, picture.height, moved)
            for number, tile in enumerate(tiles):
                if self.plan.tiles.kind == "crop":
                    self.terms = self.shares[number]
                mean = self.move_tile(picture, tile, roll, stage, step)
                yield step, number, mean, number == len(tiles) - 1

    def move_tile(self, picture: Picture, tile: Tile, roll: Size, stage: Stage, step: int) -> float:
        """One step on one tile of the picture; returns the mean |g|."""
        engine, (size, sigma) = self.network.engine(tile.height, tile.width), stage.at(step)
        self.show_input(picture, tile, roll)
        levels = self.cut(picture, tile, roll)
        if self.by_engine:
            engine.load_tile(levels)
            objectives.backward(engine, self.terms)
            mean = engine.ascend(size)
            levels = engine.store_tile(self.plan.rounded and not sigma)
        else:
            levels, mean = self.moved(picture, tile, roll, levels, size, (step + 1) / stage.steps)
        if roll != (0, 0):
            levels = scales.rolled(levels, tile.width, tile.height, -roll[0], -roll[1])
        if sigma:
            levels = self.blurred(levels, tile.width, tile.height, sigma, picture)
        if self.plan.rounded and isinstance(levels, array.array):
            levels = deepdream.round_half_up(scales.clipped(levels))
        scales.paste(picture, levels, tile, self.plan.tiles.edge)
        return mean

    def moved(self, picture: Picture, tile: Tile, roll: Size, levels: scales.Levels, size: float,
              progress: float) -> tuple[array.array, float]:
        """(the levels of a tile after a step, mean |g|), by whatever rule."""
        move, engine = self.plan.move, self.network.engine(tile.height, tile.width)
        noise = ascent.pixel_noise(len(levels), move.noise, self.numbers) if move.noise else None
        levels = scales.plus(levels, noise) if noise else scales.as_floats(levels)
        engine.load_tile(levels)
        objectives.backward(engine, self.terms)
        _, gradient = self.penalised(ascent.level_gradient(engine), levels, picture, tile, roll)
        mean = ascent.mean_absolute(gradient)
        if move.smooth:
            gradient = self.smoothed(gradient, tile.width, tile.height, progress, picture)
        change = ascent.RULES[move.rule](gradient, size)
        if self.strengths:
            change = array.array("f", map(mul, change, self.cut(self.strengths, tile, roll)))
        levels = scales.plus(levels, change)
        if noise:
            levels = scales.minus(levels, noise)
        if move.clip == "step":
            engine.load_tile(levels)        # which clips in machine code
            levels = engine.store_tile(False)
        return levels, mean

    # All tiles together

    def together(self, picture: Picture, stage: Stage) -> Done:
        return (self.rounds if self.plan.move.rule == "lbfgs" else self.whole_steps)(picture, stage)

    def whole_steps(self, picture: Picture, stage: Stage) -> Done:
        move, (width, height) = self.plan.move, (picture.width, picture.height)
        space = self.space(picture)
        values = space.start(picture.pixels)
        rule = ascent.Adam() if move.rule == "adam" else ascent.RULES[move.rule]
        for step in range(stage.steps):
            size, sigma = stage.at(step)
            shift = ascent.shift(move, step, width, height, self.numbers)
            noise = ascent.pixel_noise(len(values), move.noise, self.numbers) if move.noise else None
            levels = space.levels(values)
            tiles = self.tiles(width, height, shift)
            gradient = Picture(width, height, array.array("f", bytes(4 * len(values))))
            seen = Picture(width, height, scales.plus(levels, noise) if noise else levels)
            for number, tile in enumerate(tiles):
                self.add_gradient(seen, tile, gradient, False)
                if number < len(tiles) - 1:
                    yield step, number, 0.0, False
            change = gradient.pixels
            mean = ascent.mean_absolute(change)
            if move.smooth:
                change = self.smoothed(change, width, height, (step + 1) / stage.steps, picture)
            change = rule(space.pull(change), size)
            if self.strengths and not move.space:
                change = array.array("f", map(mul, change, self.strengths.pixels))
            values = scales.plus(values, change)
            if not move.space:
                values = self.tidied(values, picture, sigma)
            picture.pixels = space.levels(values)
            if self.plan.rounded:
                picture.pixels = self.form(picture).pixels
                values = scales.as_floats(picture.pixels)
            yield step, len(tiles) - 1, mean, True

    def rounds(self, picture: Picture, stage: Stage) -> Done:
        """L-BFGS: each step is a round of some evaluations, begun without a memory, as in Keras' deep_dream.py."""
        move, (width, height) = self.plan.move, (picture.width, picture.height)
        for step in range(stage.steps):
            shift = ascent.shift(move, step, width, height, self.numbers)
            tiles = self.tiles(width, height, shift)
            noise = ascent.pixel_noise(len(picture.pixels), move.noise, self.numbers) if move.noise else None
            levels = scales.plus(picture.pixels, noise) if noise else scales.as_floats(picture.pixels)
            space = self.space(Picture(width, height, levels))
            point = array.array("d", space.start(levels))
            search = ascent.lbfgs(point, move.evaluations)
            mean, number, answer = 0.0, 0, None
            try:
                while True:
                    point = search.send(answer) if answer else next(search)
                    here = Picture(width, height, space.levels(array.array("f", point)))
                    gradient = Picture(width, height, array.array("f", bytes(4 * len(point))))
                    value = math.fsum([self.add_gradient(here, tile, gradient, True) for tile in tiles])
                    mean = mean or ascent.mean_absolute(gradient.pixels)
                    answer = -value, array.array("d", ascent.scaled(space.pull(gradient.pixels), -1.0))
                    yield step, number, 0.0, False
                    number += 1
            except StopIteration as end:
                levels = space.levels(array.array("f", end.value.x))
            if noise:
                levels = scales.minus(levels, noise)
            picture.pixels = self.tidied(levels, picture, stage.at(step)[1])
            picture.pixels = self.form(picture).pixels
            yield step, number, mean, True

    def add_gradient(self, picture: Picture, tile: Tile, total: Picture, value: bool) -> float:
        """Add a tile's gradient to the picture's; returns the objective's value, as far as the tile counts."""
        engine = self.network.engine(tile.height, tile.width)
        self.show_input(picture, tile, (0, 0))
        levels = self.cut(picture, tile)
        engine.load_tile(levels)
        worth = objectives.backward(engine, self.terms, value)
        less, gradient = self.penalised(ascent.level_gradient(engine), levels, picture, tile, (0, 0))
        scales.add_tile(total, gradient, tile, self.plan.tiles.edge, engine.fit)
        counts = (math.fsum(tile.columns) * math.fsum(tile.rows) / (tile.width * tile.height)) if tile.columns else 1.0
        return (worth - less) * counts

    def tidied(self, levels: array.array, picture: Picture, sigma: float) -> array.array:
        """Levels of the whole picture, clipped and blurred."""
        if self.plan.move.clip == "step":
            levels = scales.clipped(levels)
        return self.blurred(levels, picture.width, picture.height, sigma, picture) if sigma else levels

    def blurred(self, levels: scales.Levels, width: int, height: int, sigma: float, picture: Picture) -> array.array:
        def blur(seen: scales.Levels, wide: int, high: int) -> array.array:
            return ascent.blurred(seen, wide, high, sigma, self.linear)

        return scales.around(blur, levels, width, height, self.margin(math.ceil(4.0 * sigma), width, height, picture))

    def smoothed(self, gradient: array.array, width: int, height: int, progress: float, picture: Picture
                 ) -> array.array:
        name = self.plan.move.smooth

        def smooth(seen: array.array, wide: int, high: int) -> array.array:
            return ascent.FILTERS[name](seen, wide, high, progress, self.linear)

        return scales.around(smooth, gradient, width, height, self.margin(ascent.REACH[name], width, height, picture))

    def margin(self, reach: int, width: int, height: int, picture: Picture) -> int:
        """How far beyond the edges of a tile the picture's other side is to be seen: not at all but if the tile is all
        of a picture that wraps."""
        return reach if self.plan.scales.wrap and (width, height) == (picture.width, picture.height) else 0

    def space(self, picture: Picture) -> Space:
        if self.plan.move.space:
            return fourier.Waves(picture.width, picture.height, self.linear)
        if self.strengths and self.plan.move.rule == "lbfgs":
            return Masked(picture.pixels, self.strengths.pixels)
        return Pixels()

    # Time

    def counts(self, sizes: list[Size], picture: Picture) -> list[int]:
        """The steps of each octave: the plan's, or as many as there is time for."""
        steps = [self.plan.stage(octave).steps for octave in range(len(sizes))]
        if not self.plan.seconds:
            return steps
        each = 1 if self.plan.move.rule != "lbfgs" else self.plan.move.evaluations + 1
        began = time.monotonic()
        cost = self.rehearsal(picture) * each
        areas = [sum(tile.width * tile.height for tile in self.tiles(*size, (0, 0))) for size in sizes]
        left = self.plan.seconds - (time.monotonic() - began)
        return scales.within(max(left, 0.0), [cost * area for area in areas], steps)

    def rehearsal(self, picture: Picture) -> float:
        """Seconds for a pixel of the network's input: of the first tile, the second time, when all is prepared."""
        state = self.numbers.getstate()
        copy = self.form(Picture(picture.width, picture.height, picture.pixels[:]))
        if self.plan.mask:
            size = picture.width, picture.height
            self.strengths = Picture(*size, scales.strengths(self.plan.mask, size, self.linear))
        seconds = 0.0
        tile = self.tiles(copy.width, copy.height, (0, 0))[0]
        for _ in range(2):
            began = time.monotonic()
            if self.gathers:
                self.add_gradient(copy, tile, Picture(copy.width, copy.height, scales.as_floats(copy.pixels)), False)
            else:
                self.move_tile(copy, tile, (0, 0), self.plan.stage(0), 0)
            seconds = time.monotonic() - began
        self.numbers.setstate(state)
        return seconds / (tile.width * tile.height)


# ---- Spaces ----------------------------------------------------------------------------------------------------------

class Space(Protocol):
    """What moves where the whole picture moves: numbers that levels are made of. See fourier.Waves."""
    def start(self, levels: Any) -> array.array: ...
    def levels(self, values: array.array) -> array.array: ...
    def pull(self, gradient: array.array) -> array.array: ...


class Pixels:
    """The levels themselves."""

    def start(self, levels: Any) -> array.array:
        return scales.as_floats(levels)

    def levels(self, values: array.array) -> array.array:
        return values

    def pull(self, gradient: array.array) -> array.array:
        return gradient


class Masked:
    """levels = those at the start + root * values, root^2 a strength: so that a step along the gradient by value moves
    each level by its strength, and L-BFGS still has a value and its exact gradient."""

    def __init__(self, levels: Any, strengths: array.array) -> None:
        self.base = scales.as_floats(levels)
        self.root = array.array("f", map(math.sqrt, strengths))

    def start(self, levels: Any) -> array.array:
        return array.array("f", bytes(4 * len(self.base)))

    def levels(self, values: array.array) -> array.array:
        return scales.plus(self.base, map(mul, self.root, values))

    def pull(self, gradient: array.array) -> array.array:
        return array.array("f", map(mul, gradient, self.root))
