"""Pictures that move: dream a frame, distort it, dream again.

    deepdream animate photo.jpg --distort zoom:0.05 -o zoom.gif
    deepdream animate -i clip.y4m --flow -o dream.y4m       # a video: each frame is mixed with the last dream

    network, noise = deepdream.load(), scales.uniform_noise(250, 250)
    for number, frame in enumerate(animate(network, noise, 50, ["zoom:0.02"])):
        deepdream.write_picture(f"{number:02d}.png", frame)

is sigmoidprime.com's zoom_dream. Between frames the picture stays in floats; what is written is rounded. Everything
random in a frame comes from the seed and the frame's number, so to go on after an interruption takes no more than the
last picture. distortions.py has the distortions, flow.py what follows the motion of a video, frames.py files; here is
the loop, what --key and --through do to options from frame to frame, and the mode.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import random
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from operator import mul
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import DeepDreamError, DreamStep, Picture, UsageError

from . import dreams, frames, moving, objectives, recipe, scales, wishes
from .ascent import Move, Stage
from .dreams import Plan
from .scales import Scales, Tiles

STEPS, OCTAVES = 4, 2       # of a frame
FIRST = 3                   # times as many steps in a frame that has no frame before it
DEFAULT_FRAMES = 60         # of a picture
FPS = 15                    # frames a second, where nothing else is said
USUAL = "zoom"              # the preset of a picture, where nothing is said of how it moves
FRAME = Plan(move=Move(shift="random"), stages=(Stage(STEPS),), scales=Scales("shrink", OCTAVES, resize="triangle"),
             tiles=Tiles("whole", edge="reflect"), rounded=False)


# ---- The loop --------------------------------------------------------------------------------------------------------

class Look(NamedTuple):
    """How one frame is made."""
    plan: Plan
    chain: Sequence[Any] = ()       # distortions.Chosen: what is done to the frame before
    blend: float = 0.5              # of videos: how much the new frame counts against the last dream


class Loop:
    """The feedback: `steps` makes the next frame, which then is `picture`, in floats.

    looks(number, first): how frame `number` is made; `first` where there is nothing before it to go on from, at the
    beginning and where a video is cut. steady: ties each frame to the mean and the deviation of the first.
    flow: carries the last dream along with what moves in the video.
    """

    def __init__(self, network: deepdream.Network, looks: Callable[[int, bool], Look], fps: float = 30.0,
                 seed: int = 0, steady: bool = False, flow: bool = False) -> None:
        self.network, self.looks, self.fps, self.seed, self.steady, self.flow = network, looks, fps, seed, steady, flow
        self.number = 0                             # of the next frame
        self.picture: Picture | None = None         # the last dream
        self.seen: Picture | None = None            # the frame of the video that it was made from
        self.anchor: list[float] = []               # mean and deviation of the first: blue, green, red
        self.cuts = 0

    def steps(self, given: Picture | None = None) -> Iterator[DreamStep]:
        """Make the next frame. given: what the first one begins with; of a video its frame, each time."""
        before, seed = self.picture, (self.seed << 32) + self.number
        first = before is None or self.is_cut(given)
        look = self.looks(self.number, first)
        if first:
            assert given
            start = given
        else:
            assert before
            start = self.mixed(self.distorted(before, look.chain, seed), given, look.blend)
        for done in dreams.dream_steps(self.network, start, look.plan._replace(seed=seed)):
            yield done
        picture = Picture(start.width, start.height, scales.as_floats(done.picture.pixels))
        if self.steady and self.anchor:
            picture.pixels = tied(picture.pixels, self.anchor, self.engine())
        self.anchor = self.anchor or statistics(picture.pixels)
        self.cuts += first and before is not None
        self.number, self.picture, self.seen = self.number + 1, picture, given

    def distorted(self, picture: Picture, chain: Sequence[Any], seed: int) -> Picture:
        if not chain:
            return picture
        from . import distortions
        return distortions.distort(picture, chain, self.number, self.fps, random.Random(seed + (1 << 31)),
                                   self.engine())

    def rounded(self) -> Picture:
        """The frame in bytes."""
        assert self.picture
        return Picture(self.picture.width, self.picture.height, self.engine().as_bytes(self.picture.pixels))

    def engine(self) -> deepdream.Engine:
        """Any: what distortions and flow do depends on no size."""
        return (self.network.engine_in_use() if self.network.engines else
                self.network.engine(*self.network.model.size()))

    def mixed(self, dream: Picture, given: Picture | None, blend: float) -> Picture:
        """The video's new frame with (1 - blend) of the last dream.

        Without flow that is gordicaleksa's and DeepDreamVideo's blend of pictures. With flow it is what the dream had
        added to its frame that is carried along and laid on the new frame (DeepDreamAnim): so where the flow is wrong
        the new frame stays sharp.
        """
        if given is None:
            return dream
        levels = scales.as_floats(given.pixels)
        if self.flow and self.seen:
            from . import flow
            engine = self.engine()
            motion = flow.flow(self.seen, given, engine)
            added = scales.minus(dream.pixels, scales.as_floats(self.seen.pixels))
            added = flow.carry(Picture(given.width, given.height, added), motion, engine).pixels
        else:
            added = scales.minus(dream.pixels, levels)
        return Picture(given.width, given.height, scales.clipped(scales.plus(levels, added, 1.0 - blend)))

    def is_cut(self, given: Picture | None) -> bool:
        if given is None or self.seen is None:
            return False
        from . import flow
        return flow.is_cut(self.seen, given)


def animate(network: deepdream.Network, picture: Picture | Iterable[Picture], count: int | None = 60,
            distort: Sequence[str] = ("zoom:0.05",), plan: Plan = FRAME, fps: float = 30.0, seed: int = 0,
            steady: bool = False, first: int = FIRST, blend: float = 0.5, flow: bool = False) -> Iterator[Picture]:
    """Frames, in floats, each dreamed as `plan` says on the one before, distorted; the first from `picture` itself.

    picture: may also be the frames of a video, each of which is mixed with the last dream; then count may be None.
    distort: as on the command line; amounts are those of a frame at 30 frames a second. first: times as many steps in
    the first frame. blend, flow: see Loop.
    """
    from . import distortions
    chain = [distortions.parse(text) for text in distort]
    looks = [Look(plan, chain, blend), Look(longer(plan, first), chain, blend)]
    loop = Loop(network, lambda number, first: looks[first], fps, seed, steady, flow)
    stream = [picture] if isinstance(picture, Picture) else picture
    given = iter(stream) if not isinstance(picture, Picture) else itertools.chain(stream, itertools.repeat(None))
    for one in itertools.islice(given, count):
        for _ in loop.steps(one):
            pass
        assert loop.picture
        yield loop.picture


def longer(plan: Plan, times: float) -> Plan:
    return plan._replace(stages=tuple(stage._replace(steps=max(round(stage.steps * times), 1))
                                      for stage in plan.stages))


def statistics(levels: Any) -> list[float]:
    """Mean and deviation of blue, green and red, one after the other."""
    found: list[float] = []
    for channel in (levels[c::3] for c in range(3)):
        mean = math.fsum(channel) / len(channel)
        square = math.fsum(map(mul, channel, channel)) / len(channel)
        found += [mean, math.sqrt(max(square - mean * mean, 0.0))]
    return found


def tied(levels: Any, anchor: Sequence[float], engine: Any = None) -> Any:
    """Levels with the mean and deviation of `anchor`: see statistics."""
    from . import planes
    now, matrix = statistics(levels), []
    for c in range(3):
        (mean, deviation), (wanted, width) = now[2 * c:2 * c + 2], anchor[2 * c:2 * c + 2]
        factor = width / deviation if deviation else 1.0
        matrix.append([factor * (c == i) for i in range(3)] + [wanted - mean * factor])
    return scales.clipped(planes.work_for(engine).recoloured(levels, matrix))


# ---- From frame to frame ---------------------------------------------------------------------------------------------
# What options say may change: by keyframes, and by classes that follow each other. For each frame they become options
# of a still picture, and those a plan, as for `deepdream dream`.

NEVER_KEYED = {"seed", "noise", "stage", "until"}
KEYED = ({deepdream.option_name(row) for row in deepdream.WISHES} - NEVER_KEYED
         | {"layer", "scales", "octaves", "octave_scale", "steps", "step_size", "distort", "blend"})


class Key(NamedTuple):
    frame: int
    value: Any


class Timeline:
    """The look of each frame of pictures of a size."""

    def __init__(self, options: SimpleNamespace, network: deepdream.Network, width: int, height: int) -> None:
        self.options, self.network, self.size = options, network, (width, height)
        self.keys = keyframes(options)
        self.made: dict[str, Plan] = {}         # the last plan, by what decided over it

    def check(self) -> None:
        """Raise DeepDreamError now for layers, classes and places that later frames name and that there are not."""
        turns = range(0, self.options.each * len(self.options.through or ()), self.options.each)
        for number in sorted({0} | {key.frame for row in self.keys.values() for key in row} | set(turns)):
            dreams.check_places(self.network, self.look(number, False).plan, *self.size)

    def look(self, number: int, first: bool) -> Look:
        options = at_frame(self.options, self.keys, number)
        plan = self.plan(still_options(options, number))
        if first:
            plan = longer(plan, options.first_steps / plan.stages[0].steps if options.first_steps else FIRST)
        return Look(plan, options.distort or (), options.blend)

    def plan(self, options: SimpleNamespace) -> Plan:
        what = repr(sorted((name, repr(getattr(options, name, None))) for name in KEYED | {"class"}))
        if what not in self.made:
            for term in itertools.chain.from_iterable(plan.terms for plan in self.made.values()):
                if isinstance(term, objectives.Guide):
                    term.close()
            plan = wishes.plan(options, self.network, *self.size)
            stage = plan.stages[-1]
            self.made = {what: plan._replace(seconds=0.0, stages=(stage._replace(steps=options.steps),))}
        return self.made[what]


def still_options(options: SimpleNamespace, number: int) -> SimpleNamespace:
    """Options of `deepdream dream` for a frame: its size is kept, and some defaults are other ones."""
    own = SimpleNamespace(**{**vars(options), "texts": dict(options.texts), "floats": True, "until": None,
                             "stage": None})
    if own.octaves is None:
        own.octaves = 1 if own.scales == "single" else OCTAVES
    own.steps = own.steps or STEPS
    own.scales = own.scales or ("single" if own.octaves == 1 else "shrink")
    own.texts |= {"scales": own.scales, "steps": str(own.steps)}
    if own.scales == "shrink":
        own.texts["octaves"] = str(own.octaves)
    elif own.octaves == 1:
        own.texts.pop("octaves", None)
    if own.preset is None:
        own.shift, own.tiles = own.shift or "random", own.tiles or "whole"
    if own.through:
        setattr(own, "class", [*(getattr(own, "class") or ()), *through(own.through, own.each, number)])
    return own


def through(names: Sequence[str], each: int, number: int) -> list[str]:
    """The classes of a frame, out of a list that is gone through again and again, `each` frames a class.

    In the last quarter of its frames a class gives way to the next.
    """
    turn, at = divmod(number, each)
    fade = max(each // 4, 1)
    part = max(at - (each - fade), 0) / fade
    found: list[str] = []
    for text, share in ((names[turn % len(names)], 1.0 - part), (names[(turn + 1) % len(names)], part)):
        if share and not (found and len(names) == 1):
            name, weight = objectives.split_weight(text)
            found.append(f"{name}*{weight * (share if len(names) > 1 else 1.0)}")
    return found


def keyframes(options: SimpleNamespace) -> dict[str, list[Key]]:
    """--key by option, in the order of frames; UsageError for what is none."""
    rows = deepdream.rows_by_name("animate")
    found: dict[str, list[Key]] = {}
    for text in options.key or ():
        frame, colon, rest = text.partition(":")
        word, equals, value_text = rest.partition("=")
        name = word.removeprefix("--").replace("-", "_")
        if not (colon and equals and frame.isdecimal() and len(frame) < 10):
            raise UsageError(f"--key {text!r}: expected FRAME:OPTION=VALUE, such as 30:step-size=4")
        if name not in KEYED or name not in rows:
            near = deepdream.nearest(name, [key for key in KEYED if key in rows])
            raise UsageError(f"--key {text!r}: {word} is no option that can change from frame to frame"
                             + (f"; did you mean {' or '.join(near).replace('_', '-')}?" if near else ""))
        row, keys = rows[name], found.setdefault(name, [])
        try:
            value = parsed(row, value_text)
        except (ValueError, DeepDreamError) as error:
            raise UsageError(f"--key {text!r}: {error}") from None
        old = next((key for key in keys if key.frame == int(frame)), None)
        if old and not row.repeats:
            raise UsageError(f"--key {text!r}: {word} has a key at frame {frame} already")
        if old:
            if name != "distort" and split_any(value)[0] in {split_any(other)[0] for other in old.value}:
                raise UsageError(f"--key {text!r}: {split_any(value)[0]} is given twice at frame {frame}; expected it"
                                 " once")
            old.value.append(value)
        else:
            keys.append(Key(int(frame), [value] if row.repeats else value))
    for name, keys in found.items():
        keys.sort(key=lambda key: key.frame)
        if keys[0].frame and name in options.texts:
            keys.insert(0, Key(0, getattr(options, name)))
    return found


def parsed(row: deepdream.Option, text: str) -> Any:
    if row.parser is None:
        if text not in ("yes", "no"):
            raise ValueError("expected yes or no")
        return text == "yes"
    value = row.parser(text)
    return parse_distortion(value) if row.flags == "--distort" else value


def parse_distortion(text: str) -> Any:
    from . import distortions
    try:
        return distortions.parse(text)
    except (ValueError, DeepDreamError) as error:
        raise UsageError(f"--distort {text!r}: {error}") from None


def at_frame(options: SimpleNamespace, keys: dict[str, list[Key]], number: int) -> SimpleNamespace:
    """The options of a frame: numbers between two keys lie between them, names are those of the key before."""
    own = SimpleNamespace(**{**vars(options), "texts": dict(options.texts)})
    for name, row in keys.items():
        before = [key for key in row if key.frame <= number]
        if not before:
            continue
        after = row[len(before):]
        value = before[-1].value
        if after:
            part = (number - before[-1].frame) / (after[0].frame - before[-1].frame)
            value = between(value, after[0].value, part)
        if isinstance(value, list) and name != "distort":
            value = [text for text in value if split_any(text)[1]] or value[:1]
        setattr(own, name, value)
        own.texts[name] = str(value)
        if value is False or value == []:
            own.texts.pop(name)
    return own


def between(one: Any, other: Any, part: float) -> Any:
    """`part` of the way from one value of an option to another; the first where nothing lies between."""
    if isinstance(one, (bool, str)) or one is None or other is None:
        return one
    if isinstance(one, list):
        if one and not isinstance(one[0], str):
            return chain_between(one, other, part)
        return weights_between(one, other, part)
    if isinstance(one, tuple) or isinstance(other, tuple):
        pairs = [value if isinstance(value, tuple) else (value, value) for value in (one, other)]
        return tuple(a + (b - a) * part for a, b in zip(*pairs))
    if isinstance(one, Fraction):
        return Fraction(one + (other - one) * Fraction(part)).limit_denominator(1000)
    value = one + (other - one) * part
    return round(value) if isinstance(one, int) and isinstance(other, int) else value


def weights_between(one: list[str], other: list[str], part: float) -> list[str]:
    """Terms such as goldfish*0.5: the weights of those that are in both lists; the others of the first."""
    to = dict(map(split_any, other))
    found = []
    for text in one:
        name, weight, sign = (*split_any(text), "=" if "=" in text and "*" not in text else "*")
        found.append(f"{name}{sign}{weight + (to[name] - weight) * part}" if name in to else text)
    return found


def split_any(text: str) -> tuple[str, float]:
    """NAME*WEIGHT or, of penalties, NAME=WEIGHT."""
    name, equals, number = text.partition("=")
    if equals:
        return name, wishes.penalty(text)[1]
    return objectives.split_weight(text)


def chain_between(one: list[Any], other: list[Any], part: float) -> list[Any]:
    """Distortions: numbers of those of the same name in the same place; where the names differ the first list."""
    if [chosen.name for chosen in one] != [chosen.name for chosen in other]:
        return one
    found = []
    for a, b in zip(one, other):
        values = {key: between(value, b.values[key], part)
                  if key in b.values and isinstance(value, (int, float)) and isinstance(b.values[key], (int, float))
                  else value for key, value in a.values.items()}
        found.append(a._replace(values=values))
    return found


# ---- The mode --------------------------------------------------------------------------------------------------------

def run(options: SimpleNamespace) -> int:
    options = moving.expanded(options)
    check(options)
    sinks = frames.opened(options)
    deepdream.tell_unheard(options, (sink.obeys for sink in sinks))
    with contextlib.closing(start(options)) as source:
        make(options, sinks, source)
    return 0


def make(options: SimpleNamespace, sinks: list[frames.Sink], source: frames.Source) -> None:
    if not source.moving and options.flow:
        raise UsageError("--flow: nothing moves in a picture; give a video")
    if not source.moving and ("--blend" in dict(options.given) or "blend" in keyframes(options)):
        raise UsageError("--blend: a picture is dreamed on once, at the beginning; give a video")
    count = frames_shown(options, source)
    if count and options.crossfade >= count:
        raise UsageError(f"--crossfade {options.crossfade}: expected fewer than there are frames, which are {count}")
    if late := too_late(options, frames_made(options, source)):
        raise UsageError(late)
    if not (source.moving or options.distort):
        deepdream.teller(options)(f"the picture comes nearer from frame to frame (--preset {USUAL}), as nothing else is"
                                  " said")
        options = moving.expanded(options, USUAL)
        options.distort = [parse_distortion(text) for text in options.distort]
    if options.on and not source.moving:
        raise UsageError("--on: here each frame stands on the one before; only the scenes of a video can be shared out")
    if options.on and (named := {"guide", "mask"} & keyframes(options).keys()):
        raise UsageError(f"--on: the files of --key {min(named)} do not go to other machines; leave one of them out")
    frames.check_apart(options, sinks, source.files)
    with deepdream.open_network(options) as network:
        Work(options, sinks, source, network).run()


def check(options: SimpleNamespace) -> None:
    """UsageError for options that make no sense together."""
    if options.preset == "c89":
        raise UsageError("--preset c89: it enlarges the picture, and frames keep their size; choose another")
    if options.ping_pong and options.crossfade:
        raise UsageError("--ping-pong --crossfade: either makes a loop; choose one of them")
    if "each" in options.texts and not (options.through or options.taken):
        raise UsageError("--each: of what? add --through CLASS, twice at least")
    if options.distort:
        options.distort = [parse_distortion(text) for text in options.distort]
    wishes.check(still_options(at_frame(options, keyframes(options), 0), 0))


def frames_shown(options: SimpleNamespace, source: frames.Source) -> int | None:
    """How many there will be; None: as many as a video has, whose length does not show before its end."""
    if not source.moving:
        return options.frames or DEFAULT_FRAMES
    return min(filter(None, (options.frames, source.length)), default=None)


def frames_made(options: SimpleNamespace, source: frames.Source) -> int | None:
    """The same with those that --crossfade makes parts of others; a video has no more than it has."""
    shown = frames_shown(options, source)
    return shown if source.moving or shown is None else shown + options.crossfade


def too_late(options: SimpleNamespace, count: int | None) -> str:
    """What of the options begins when all `count` frames are made; "" if nothing does, or nobody knows."""
    if count is None:
        return ""
    keys = [(int(text.partition(":")[0]), f"--key {text}") for text in options.key or ()]
    chains = [options.distort or (), *(key.value for key in keyframes(options).get("distort", ()))]
    keys += [(one.values["first"], f"first={one.values['first']} of --distort {one.name}") for one in
             itertools.chain.from_iterable(chains)]
    return next((f"{what}: there is no such frame, the last of {count} is {count - 1}; leave it out, or make more"
                 " --frames" for frame, what in keys if frame >= count), "")


def start(options: SimpleNamespace) -> frames.Source:
    """What the frames begin with, or are made of."""
    noise = wishes.noise(options)
    if noise:
        return frames.Source(deepdream.Decoded(noise.width, noise.height, bytearray()), iter([noise]), length=1)
    return frames.source(options)


class Work:
    """One run of the mode."""

    def __init__(self, options: SimpleNamespace, sinks: list[frames.Sink], source: frames.Source,
                 network: deepdream.Network) -> None:
        self.options, self.sinks, self.source, self.network = options, sinks, source, network
        self.tell = deepdream.teller(options)
        self.size = deepdream.size_within(source.first.width, source.first.height, options.size)
        self.rate = Fraction(options.fps or source.rate or FPS)
        self.total = frames_made(options, source)
        self.timeline = Timeline(options, network, *self.size)
        self.loop = Loop(network, self.timeline.look, float(self.rate), options.seed, options.steady, options.flow)
        self.plain = not (options.crossfade or options.reverse)         # frames are shown as they come
        self.shown = 0                  # frames that went out
        self.ended = 0.0                # seconds until the last frame was done
        self.failed: Exception | None = None        # where an output took no more; the others are finished
        self.finished = False
        self.reel: frames.Reel | None = None
        self.journal: frames.Journal | None = None
        self.progress: deepdream.Progress

    def run(self) -> None:
        given = self.pictures()
        first = next(given, None)
        if first is None:
            raise DeepDreamError(f"{self.options.input}: a video without a frame; expected one at least")
        self.introduce()
        state = self.find_state(first)
        self.progress = deepdream.Progress(self.total or 0, "frame", self.options.quiet)
        sinks = self.sinks[:]
        try:
            for sink in sinks:
                self.begin(sink)
            given = self.go_on(state, first, given) if state else itertools.chain([first], given)
            whole = (self.make_elsewhere if self.options.on else self.make_frames)(given)
            self.progress.say(self.finish(whole))
            if whole and not self.total and (late := too_late(self.options, self.loop.number)):
                self.tell(late)
            if self.failed:
                raise self.failed
        except (KeyboardInterrupt, DeepDreamError, OSError) as error:
            self.progress.line.clear()
            text = self.finish(False) if self.kept() and not self.finished else ""
            if isinstance(error, KeyboardInterrupt):
                error.args = (text,) if text else ()
            elif text:
                self.tell(text)
            raise
        finally:
            self.progress.line.clear()
            for sink in sinks:
                sink.give_up()          # nothing where it is finished
            if self.reel:
                self.reel.close()
            if self.journal and not os.path.exists(self.journal.path):
                deepdream.remove(self.journal.path + "-frames")         # nothing says what they are
        if self.options.show and not any(sink.takes_stdout for sink in self.sinks) and self.loop.picture:
            deepdream.resolve("show:draw")(self.loop.rounded())

    def pictures(self) -> Iterator[Picture | None]:
        """What each frame is made of: those of a video; else the picture, and then nothing."""
        for picture in self.source.frames:
            if self.size != (picture.width, picture.height):
                engine = (self.network.engine(*self.size[::-1]) if min(self.size) >= self.network.model.smallest else
                          self.loop.engine())
                picture = deepdream.shrink(picture, *self.size, engine, deepdream.is_endless(self.options))
            yield picture
        while not self.source.moving:
            yield None

    def introduce(self) -> None:
        self.timeline.check()
        first, usual = self.timeline.look(0, True), self.timeline.look(1, False)
        width, height = self.size
        if self.size != (self.source.first.width, self.source.first.height):
            self.tell(f"frames are brought to {width}x{height} pixels first; --size 0 keeps them as they are")
        options, total = self.options, self.total
        count, long = counted(total, "frame") if total else "frames", ""
        if total:
            shown = total - min(options.crossfade, total // 2)
            shown += max(shown - 2, 0) * options.ping_pong          # see frames.order
            long = f", {shown} are shown" * (shown != total) + f", which is {float(shown / self.rate):.3g} s"
        self.tell(f"{count} of {width}x{height} pixels, {float(self.rate):.4g} a second{long}")
        octaves = " ".join(f"{w}x{h}" for w, h in scales.sizes(usual.plan.scales, width, height))
        self.tell(f"each is dreamed at {octaves} with {counted(usual.plan.stages[0].steps, 'step')}, the first"
                  f"{' and those after a cut' if self.source.moving else ''} with {first.plan.stages[0].steps}, as"
                  " nothing is before it; --steps, --first-steps and --octaves change that")

    def begin(self, sink: frames.Sink) -> None:
        options = self.options
        extras = deepdream.extras_for(options, sink, self.source.first)         # type: ignore[arg-type]
        comment = deepdream.recipe_text(options, self.network, sink, **self.resolved())      # type: ignore[arg-type]
        sink.begin(*self.size, self.rate, extras._replace(comment=comment, loop=options.loop))

    def resolved(self) -> dict[str, Any]:
        """What options became, for recipes: nothing where a preset or a frame's own default decides."""
        options = self.options
        names = {*map(deepdream.option_name, deepdream.WISHES), *deepdream.Recipe._fields, "each"}
        chain = [chosen.text() for chosen in options.distort or ()]
        return {**dict.fromkeys(names - options.texts.keys()), "distort": chain or None}

    # Unfinished work

    def find_state(self, first: Picture) -> frames.State | None:
        """Where an interrupted run has come to, if that is to be gone on with."""
        options, path = self.options, frames.state_path(self.sinks)
        if path is None:
            if options.resume:
                raise UsageError("--resume: what goes into a pipe cannot be gone on with; add an -o FILE")
        else:
            self.journal = frames.Journal(path, self.identity(first))
        state = self.journal.read() if self.journal and options.resume else None
        if state and self.total and state.number > self.total:
            raise DeepDreamError(f"{path}: has {counted(state.number, 'frame')} already; expected as many --frames at"
                                 " least; or begin anew, without --resume")
        films = any(isinstance(sink, frames.Film) for sink in self.sinks)
        if options.resume and not state and any(sink.was_there for sink in self.sinks):
            raise DeepDreamError(f"{path}: is not there, so the work was finished, or never begun; leave --resume out"
                                 " to make it anew")
        if self.journal and not options.resume and os.path.exists(self.journal.path):
            self.tell(f"beginning anew; --resume would go on with what {self.journal.path} has kept")
        if films or not self.plain or options.ping_pong:
            kept = self.journal.path + "-frames" if self.journal else None
            if state and len(state.lengths) != state.number:
                raise DeepDreamError(f"{path}: begun with other outputs, which kept no frames; give what was given"
                                     " then, or begin anew, without --resume")
            self.reel = frames.Reel(kept, *self.size, state.lengths if state else ())
        if state:
            if state.engine != self.network.choice.name:
                self.tell(f"begun with the engine {state.engine}: its rounding differs a little from that of"
                          f" {self.network.choice.name}")
        elif options.resume:
            self.tell(f"nothing to go on with ({path} is not there): beginning")
        return state

    def identity(self, first: Picture) -> str:
        """All that decides over the frames, as JSON."""
        rows = recipe.rows_of("animate")
        resolved = self.resolved()
        values = {name: recipe.stored(self.options, name, row, resolved) for name, row in rows.items()
                  if name not in NOT_DECIDING}
        known = {"version": deepdream.__version__, "picture": zlib.crc32(bytes(memoryview(first.pixels).cast("B"))),
                 "model": recipe.sha256(self.network.model.path), **values}
        return json.dumps(known, sort_keys=False)

    def go_on(self, state: frames.State, first: Picture, given: Iterator[Picture | None]) -> Iterator[Picture | None]:
        """Take up the state; returns what the frames that follow are made of. first, given: as at the beginning."""
        loop = self.loop
        loop.number, loop.picture, loop.anchor = state.number, state.picture, state.anchor
        self.progress.total -= state.number
        self.tell(f"going on after {counted(state.number, 'frame')}")
        if self.source.moving:
            loop.seen = first
            for _ in range(state.number - 1):
                loop.seen = next(given, None)
        if self.plain:
            for sink in self.sinks:
                if isinstance(sink, frames.Stills):
                    sink.count = state.number
                else:
                    assert self.reel
                    for number in range(state.number):
                        sink.add(self.reel[number])
            self.shown = state.number
        return given

    # Frames

    def make_frames(self, given: Iterator[Picture | None]) -> bool:
        """Make all that are wanted; False where the time was over before."""
        loop, options, begun = self.loop, self.options, self.loop.number
        while not self.total or loop.number < self.total:
            if options.until and loop.number > begun and self.progress.seconds() > options.until:
                self.progress.say(f"the time is over after {counted(loop.number, 'frame')}")
                return False
            one = next(given, None)
            if one is None and self.source.moving:
                break
            for done in loop.steps(one):
                self.tell_step(done)
            self.frame_done(loop.rounded())
            self.keep_state()
        return True

    def make_elsewhere(self, given: Iterator[Picture | None]) -> bool:
        """make_frames by other machines, scene by scene; see many.py."""
        from . import many
        options, loop, waiting = self.options, self.loop, dict[int, dict[str, Any]]()
        pool = many.elsewhere(options.on)
        model = self.network.model.path
        try:
            if options.steady and not loop.anchor:          # all scenes need it
                for _ in loop.steps(next(given)):
                    pass
                self.frame_done(loop.rounded())
            for task, answer in many.run_tasks(self.scenes(given), pool, model, options.engine):
                if "error" in answer:
                    raise DeepDreamError(answer["error"])
                waiting[task.more["number"]] = answer
                while answer := waiting.pop(loop.number, {}):
                    for pixels in answer["frames"]:
                        loop.number += 1
                        self.frame_done(Picture(*self.size, bytearray(pixels)))
                    loop.picture, loop.anchor = Picture(*self.size, array("f", answer["last"])), answer["anchor"]
                    self.keep_state()
                if options.until and self.progress.seconds() > options.until:
                    self.progress.say(f"the time is over after {counted(loop.number, 'frame')}")
                    return False
        finally:
            pool.stop()
        return True

    def scenes(self, given: Iterator[Picture | None]) -> Iterator[Any]:
        """The film in parts that do not need each other: from cut to cut or, where a frame takes nothing of the last
        dream, some frames each."""
        from . import flow, many
        loop, options = self.loop, self.options
        words, number, seen = many.words_of(options), loop.number, loop.seen
        alone = options.blend == 1.0 and "blend" not in self.timeline.keys
        more: dict[str, Any] = {}
        for one in itertools.islice(given, None if self.total is None else self.total - number):
            assert one
            first = seen is None or flow.is_cut(seen, one)
            if more and (first or alone and len(more["frames"]) == ALONE):
                yield many.Task(f"frame {more['number'] + 1}", words, "scene", more)
                more = {}
            if not more:
                before = None if first else loop.picture if number == loop.number else seen
                more = {"number": number, "frames": [], "size": self.size, "rate": str(self.rate), "first": first,
                        "anchor": loop.anchor, "seen": None if first else bytes(seen.pixels),           # type: ignore
                        "before": scales.as_floats(before.pixels).tobytes() if before else b""}
            more["frames"].append(bytes(one.pixels))
            number, seen = number + 1, one
        if more:
            yield many.Task(f"frame {more['number'] + 1}", words, "scene", more)

    def tell_step(self, done: DreamStep) -> None:
        """How far a frame is, and how long all will take if others take as long as those before."""
        progress, left = self.progress, ""
        if self.total and progress.done > progress.skipped:
            each = (self.ended - progress.first) / (progress.done - progress.skipped)
            seconds = each * (progress.total - progress.done) - (progress.seconds() - self.ended)
            left = f"{deepdream.duration(max(seconds, 0.0))} left, "
        if not progress.quiet:
            progress.line.show(f"{left}frame {self.loop.number + 1}, octave {done.octave + 1}, step {done.step + 1}")

    def frame_done(self, picture: Picture) -> None:
        with frames.undisturbed():
            if self.reel:
                self.reel.add(picture)
            if self.plain:
                self.show(picture)
        if self.total:
            self.progress.piece_done(f"frame {self.loop.number} of {self.total}")
        self.ended = self.progress.seconds()

    def keep_state(self) -> None:
        assert self.loop.picture
        if self.journal:
            with frames.undisturbed():
                self.journal.write(frames.State(self.loop.number, self.loop.picture, self.loop.anchor,
                                                self.reel.lengths if self.reel else [], self.network.choice.name))
        if self.failed:
            raise self.failed

    def show(self, picture: Picture) -> None:
        for sink in self.sinks[:]:
            try:
                sink.add(picture)
            except (DeepDreamError, OSError) as error:
                self.failed = self.failed or error
                self.sinks.remove(sink)
                sink.give_up()
        self.shown += 1

    def kept(self) -> int:
        """How many frames are done and can be had again: all of them, unless a disk was too full for the last."""
        return min(self.loop.number, len(self.reel.lengths)) if self.reel else self.loop.number

    def finish(self, whole: bool) -> str:
        """Let out what has waited, and make files of what there is; says which."""
        options, texts = self.options, list[str]()
        shown = frames.order(self.kept(), options.crossfade, options.reverse, options.ping_pong)
        for one, other, part in shown[self.shown:]:
            assert self.reel
            with frames.undisturbed():
                self.show(frames.mixed(self.reel[one], self.reel[other], part))
        with frames.undisturbed():
            self.finished = True
            for sink in self.sinks:
                try:
                    texts.append(sink.finish())
                except (DeepDreamError, OSError) as error:
                    self.failed = self.failed or error
            if self.journal and whole and not self.failed:
                self.journal.remove()
            elif self.journal and os.path.exists(self.journal.path):
                texts.append("--resume goes on")
        return "; ".join(texts) + (f", after {deepdream.duration(self.progress.seconds())}" if whole else "")


ALONE = 8           # frames of a task, where each stands alone


def scene(options: SimpleNamespace, more: dict[str, Any]) -> dict[str, Any]:
    """Some frames of a film, on a worker."""
    options = moving.expanded(options)
    check(options)
    width, height = more["size"]
    timeline = Timeline(options, options.network, width, height)
    loop = Loop(options.network, timeline.look, float(Fraction(more["rate"])), options.seed, options.steady,
                options.flow)
    loop.number, loop.anchor = more["number"], list(more["anchor"])
    if not more["first"]:
        loop.picture = Picture(width, height, array("f", more["before"]))
        loop.seen = Picture(width, height, bytearray(more["seen"]))
    made = []
    for pixels in more["frames"]:
        for _ in loop.steps(Picture(width, height, bytearray(pixels))):
            pass
        made.append(bytes(loop.rounded().pixels))
    assert loop.picture
    return {"frames": made, "last": scales.as_floats(loop.picture.pixels).tobytes(),
            "anchor": loop.anchor}


# Options that do not change the frames, only how many there are, their order and how they are written.
NOT_DECIDING = {"frames", "loop", "reverse", "ping_pong", "crossfade", "quality", "subsampling", "dither", "until"}


def counted(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
