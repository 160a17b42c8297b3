"""The endless dream: each frame is the one before, a little nearer and turned, with one step of dreaming on top.

It has to be quick before all. So there is one scale, a step or two for a frame, and where a step of the whole picture
takes too long for ten frames a second, a part of it around a random place in the middle is moved instead: what is there
fills the picture soon. Speeds are by the second, whatever the rate of frames.
"""

from __future__ import annotations

import array
import io
import random
import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import deepdream
from deepdream import Extras, Picture

if TYPE_CHECKING:
    from .studio import Studio

WANTED = 1 / 12                 # seconds a frame may take before smaller parts are dreamed
FASTEST = 1 / 30                # seconds a frame takes at least
SLOWEST = 1 / 8                 # where frames take longer, it moves less in a second, for dreams need their steps
STEADY = 0.03                   # so much of what its mean colour has gone away from the photograph's comes back
PARTS = 1.0, 0.8, 0.64, 0.5     # of the sides: what is moved by a step
LONGEST = 900                   # frames of a recording
LARGEST = 192 * 2 ** 20         # bytes of it before it is written
MOST_WISHES = 16
AMOUNTS = {                     # name: default, least, most, step, what it is
    "zoom": (25, -50, 200, 5, "nearer by so many percent in a second; below 0 it goes away"),
    "turn": (6, -90, 90, 1, "degrees in a second, counter-clockwise"),
    "step_size": (2.0, 0.25, 8.0, 0.25, "how strongly each frame dreams"),
    "steps": (1, 1, 4, 1, "steps in each frame: more dream, fewer frames"),
    "each": (8, 2, 60, 1, "seconds until the next of several layers or classes takes over"),
    "size": (320, 128, 640, 32, "pixels of the longer side; smaller is faster"),
}


class Zoom:
    """Begun on the photograph, steered while it goes on."""
    kind = "zoom"

    def __init__(self, studio: Studio, network: deepdream.Network, order: dict[str, Any]) -> None:
        self.studio, self.network = studio, network
        self.amounts: dict[str, float] = {name: row[0] for name, row in AMOUNTS.items()}
        self.layers: list[str] = []
        self.classes: list[str] = []
        self.terms: list[tuple[str, Any]] = []
        self.random = random.Random(0)
        self.steer(order)
        size = int(self.amounts["size"])
        self.frame = self.first(studio.brought_to(deepdream.as_picture(studio.decoded(size)), size))
        self.colour = mean_colour(self.frame)
        self.paused = self.one_step = False
        self.number, self.part, self.each, self.which = 0, 0, WANTED, 0
        self.shown = self.last = self.changed = time.monotonic()
        self.frames: list[bytes] = []           # of the recording, compressed
        self.recording, self.began, self.format = False, 0.0, "gif"

    @staticmethod
    def described() -> dict[str, Any]:
        return {name: {"default": row[0], "low": row[1], "high": row[2], "step": row[3], "help": row[4]}
                for name, row in AMOUNTS.items()}

    def first(self, picture: Picture) -> Picture:
        """The first frame, in floats."""
        from .. import gallery, scales
        least = self.network.model.smallest
        if min(picture.width, picture.height) < least:
            picture = gallery.enlarged(picture, least)
        return Picture(picture.width, picture.height, scales.as_floats(picture.pixels))

    def steer(self, order: dict[str, Any]) -> None:
        """New amounts, layers, classes; ValueError or DeepDreamError for what makes no sense, and all stays."""
        amounts = dict(self.amounts)
        for name, value in order.items():
            if name in AMOUNTS:
                _, least, most, _, _ = AMOUNTS[name]
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
                    raise ValueError(f"{name}: expected a number from {least:g} to {most:g}")
                amounts[name] = float(value)
        layers, classes = (wished(order.get(name, getattr(self, name)), name) for name in ("layers", "classes"))
        if (layers, classes) != (self.layers, self.classes) or not self.terms:
            self.terms = self.parsed(layers, classes)
        self.amounts, self.layers, self.classes = amounts, layers, classes

    def parsed(self, layers: list[str], classes: list[str]) -> list[tuple[str, Any]]:
        """(what to call it, a term) of what grows, one after the other."""
        from .. import objectives
        network = self.network
        found: list[tuple[str, Any]] = [(text, objectives.parse_layer(text, network)) for text in layers]
        found += [(text, objectives.parse_class(text, network)) for text in classes]
        return found or [("", objectives.Layer(network.name(network.model.layer)))]

    @property
    def begun(self) -> bool:
        return self.number > 0

    # A frame

    def advance(self) -> bool:
        """One frame. It never ends by itself."""
        if self.number:
            self.frame = self.moved(self.frame)
        self.dream()
        self.number += 1
        self.show()
        if self.one_step:
            self.one_step, self.paused = False, True
            self.studio.tell_work()
        return True

    def moved(self, picture: Picture) -> Picture:
        """Nearer and turned, as far as a frame takes."""
        from .. import distortions
        chain = []
        if zoom := self.amounts["zoom"]:
            chain.append(distortions.parse(f"zoom:{1.0 - (1.0 + zoom / 100.0) ** (-1.0 / distortions.RATE):.6f}"))
        if turn := self.amounts["turn"]:
            chain.append(distortions.parse(f"rotate:{turn / distortions.RATE:.6f}"))
        away = [STEADY * (wanted - now) for wanted, now in zip(self.colour, mean_colour(picture))]
        if max(map(abs, away)) > 0.01:
            chain.append(distortions.parse("color:hue=0,blue={:.3f},green={:.3f},red={:.3f}".format(*away)))
        return distortions.distort(picture, chain, self.number, 1.0 / min(self.each, SLOWEST), self.random,
                                   self.network.engine_in_use()) if chain else picture

    def dream(self) -> None:
        from .. import dreams, scales
        from ..ascent import Move, Stage
        now = time.monotonic()
        if now - self.changed > self.amounts["each"]:
            self.which, self.changed = self.which + 1, now
        picture, part = self.frame, PARTS[self.part]
        _, term = self.terms[self.which % len(self.terms)]
        least = self.network.model.smallest
        wide, high = (max(round(side * part) // 8 * 8, min(side, least)) if part < 1.0 else side
                      for side in (picture.width, picture.height))
        plan = dreams.Plan(terms=(term,), move=Move(shift="random"), scales=scales.Scales("single"),
                           tiles=scales.Tiles("whole", edge="reflect"), rounded=False)
        work = dreams.Work(self.network, picture, plan)
        size = self.amounts["step_size"] * 10.0 * min(max(self.each, FASTEST), SLOWEST)
        for _ in range(int(self.amounts["steps"])):
            if part < 1.0:
                x, y = (int(self.random.triangular(0, side - tile + 1)) for side, tile in (
                    (picture.width, wide), (picture.height, high)))
            else:
                x, y = (self.random.randint(-16, 16) for _ in range(2))
            work.move_tile(picture, scales.Tile(x, y, wide, high), (0, 0), Stage(1, (size, size)), 0)

    def show(self) -> None:
        """Tell pages and the recording; wait a little where the machine is faster than the eye."""
        from .studio import LIVE_QUALITY, as_text, jpeg
        picture = self.picture()
        if self.recording:
            self.frames.append(zlib.compress(picture.pixels, 1))
            if len(self.frames) >= LONGEST or sum(map(len, self.frames)) > LARGEST:
                self.record({"on": False})
        if self.studio.listeners:
            self.studio.tell("frame", {**self.told(), "jpeg": as_text(jpeg(picture, LIVE_QUALITY))})
        now = time.monotonic()
        took = now - self.last
        if took < FASTEST:
            time.sleep(FASTEST - took)
        now = time.monotonic()
        self.each += 0.2 * (min(now - self.last, 2.0) - self.each)
        self.last = now
        if self.number % 6 == 0:
            if self.each > WANTED and self.part < len(PARTS) - 1:
                self.part += 1
            elif self.each < WANTED / 2.5 and self.part:
                self.part -= 1

    def picture(self) -> Picture:
        frame = self.frame
        assert isinstance(frame.pixels, array.array)
        engine = self.studio.any_engine()
        assert engine
        return Picture(frame.width, frame.height, engine.as_bytes(frame.pixels))

    def told(self) -> dict[str, Any]:
        return {"kind": self.kind, "paused": self.paused, "number": self.number, "width": self.frame.width,
                "height": self.frame.height, "rate": round(1.0 / self.each, 1), "part": PARTS[self.part],
                "now": self.terms[self.which % len(self.terms)][0], "amounts": self.amounts, "layers": self.layers,
                "classes": self.classes, "recording": len(self.frames) if self.recording else None}

    def go(self, one_step: bool = False) -> None:
        self.paused, self.one_step, self.last = False, one_step, time.monotonic()

    # Recording

    def record(self, order: dict[str, Any]) -> None:
        """{"on": true, "format": "gif" or "png"} begins, {"on": false} ends; then the file is written."""
        if order.get("on"):
            if order.get("format", "gif") not in ("gif", "png"):
                raise ValueError("expected format gif or png")
            self.frames, self.recording, self.began = [], True, time.monotonic()
            self.format = order.get("format", "gif")
        elif self.recording:
            self.recording = False
            seconds = time.monotonic() - self.began
            if self.frames:
                self.studio.write_recording(self.frames, self.frame.width, self.frame.height,
                                            seconds / len(self.frames), self.format)
            self.frames = []


def mean_colour(picture: Picture) -> list[float]:
    """Blue, green, red, about: of each 31st pixel."""
    samples = [picture.pixels[c::93] for c in range(3)]
    return [sum(levels) / len(levels) for levels in samples]


def wished(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_WISHES or not all(
            isinstance(one, str) and 0 < len(one) <= 100 for one in value):
        raise ValueError(f"{name}: expected a list of at most {MOST_WISHES} names")
    return value


def written(frames: list[bytes], width: int, height: int, delay: float, format: str) -> Iterator[tuple[int, bytes]]:
    """A GIF or APNG file of these frames, each a compressed picture: (how many are written, b""), then all of it."""
    sink = io.BytesIO()
    if format == "gif":
        delay = max(delay, 0.02)
    animation = deepdream.resolve(f"formats.{format}:Animation")(sink, width, height, round(delay, 3), Extras())
    for number, frame in enumerate(frames):
        animation.add(Picture(width, height, bytearray(zlib.decompress(frame))))
        yield number + 1, b""
    animation.close()
    yield len(frames), sink.getvalue()
