"""What the page shows and what is worked on: one thing at a time, in pieces, by the main thread.

HTTP's threads ask (`Studio.ask`) and are answered between two pieces; what happens is told to listeners, one for each
open page. The newest dream takes the place of the one before. Pages that are left stop the work after a moment.
"""

from __future__ import annotations

import array
import base64
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import Decoded, DeepDreamError, Extras, Held, Picture, UsageError

from . import controls
from .zoom import Zoom, written

GRACE = 5.0                     # seconds without an open page after which work pauses; reloading takes less
LARGEST_AREA = 64_000_000       # pixels of a picture that is dropped: 192 MB
VIEW = 1280                     # pixels of the longer side of the photograph as the page shows it
LIVE = 1024                     # the same of a dream while it goes on
FRAME_EVERY = 1 / 15            # seconds between frames of a dream, and
FRAME_SHARE = 6                 # so many times as long as one takes to be made
THUMB = 144                     # pixels
PENALISED = 0.2                 # penalties of them, which count more in small pictures
MOST_THUMB_STEPS = 24
MOST_RESULTS, LARGEST_RESULTS = 24, 256 * 2 ** 20
MOST_WAITING = 64
LIVE_QUALITY = Extras(quality=80, subsampling="4:2:0")
VIEW_QUALITY = Extras(quality=92)
SHIPPED = "cat_dog224.bmp"
MACHINE = "--model", "--input-order", "--input-mean", "--input-scale", "--engine", "-j", "--jobs"


NOT_BARE = {"help", *(mode.name for mode in deepdream.MODES)}       # words that a command line takes for something else


class Busy(Exception):
    """Too much is asked at once, or the page is ending."""


class Asked:
    """A question to the main thread, and its answer."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function, self.arguments = function, arguments
        self.done = threading.Event()
        self.answer: Any = None
        self.error: BaseException | None = None


class Listener:
    """What one open page has not been told yet. Of live pictures only the newest is kept: a slow line sees fewer."""

    def __init__(self) -> None:
        self.news: deque[tuple[str, str]] = deque(maxlen=256)
        self.frame: tuple[str, str] | None = None
        self.changed = threading.Condition()

    def put(self, kind: str, data: str) -> None:
        with self.changed:
            if kind == "frame":
                self.frame = kind, data
            else:
                if self.frame:          # what was seen before it, so that the order is right
                    self.news.append(self.frame)
                    self.frame = None
                self.news.append((kind, data))
            self.changed.notify()

    def next(self, timeout: float) -> tuple[str, str] | None:
        with self.changed:
            self.changed.wait_for(lambda: self.news or self.frame, timeout)
            if self.news:
                return self.news.popleft()
            found, self.frame = self.frame, None
            return found


class Result(NamedTuple):
    """A dream that is done, and all that its file needs to say how it was made; or as far as it was when it was
    stopped, which no recipe makes again."""
    number: int
    picture: Picture
    source: Decoded
    photograph: Held
    settings: dict[str, Any]
    files: Mapping[str, str]
    resolved: dict[str, Any]
    kind: str = "dream"
    finished: bool = True


class Studio:
    """See above. Methods named in server.ROUTES are called by the main thread, the others say who may call them."""

    def __init__(self, options: SimpleNamespace) -> None:
        self.options = options
        self.changed = threading.Condition()
        self.waiting: deque[Asked] = deque()
        self.listeners: list[Listener] = []
        self.left = 0.0                         # when the last page was left; 0: there is one, or never was
        self.ended = False
        self.network: deepdream.Network | None = None
        self.exact: deepdream.Network | None = None         # see need_network
        self.files: dict[str, Held] = {}        # photograph, guide, mask
        self.shipped: Held | None = None        # the photograph that the page began with, where none was named
        self.seen: dict[int, Decoded] = {}      # the photograph as decoded for a size
        self.number = 0                         # of photographs
        self.sides = 0, 0                       # of the photograph as it is, upright
        self.view = b""                         # the photograph as pages show it, JPEG
        self.work: Dream | Zoom | None = None
        self.thumbs: dict[str, str] = {}        # by preset; "": the photograph, as small
        self.background: Iterator[None] | None = None
        self.results: list[Result] = []
        self.results_so_far = 0
        self.notes: list[str] = []
        self.last_frame = ""
        self.writing: Iterator[tuple[int, bytes]] | None = None     # a recording
        self.recording_told: dict[str, Any] = {}
        self.recorded: tuple[bytes, str, str] | None = None

    # The main thread

    def begin(self) -> None:
        """Read the photograph and the network."""
        path = self.options.input or deepdream.data_file(SHIPPED)
        name = "stdin" if path == "-" else os.path.basename(path)
        data, _ = deepdream.read_picture_file(path, name if path == "-" else path)
        self.take("photograph", name, data)
        path, reason = deepdream.choose_model(self.options.model)
        model = deepdream.model_as_wished(path, self.options)
        self.network = deepdream.Network(model, self.options.engine, self.options.jobs, self.note)
        self.network.pass_on(filter(None, (self.network.model.note, self.network.choice.note)))
        deepdream.teller(self.options)(f"model: {path} ({reason}); engine: {self.network.choice.name}")
        self.begin_thumbs()

    def run(self) -> None:
        """Work until Ctrl-C."""
        while True:
            with self.changed:
                if not (self.waiting or self.writing or self.busy() or self.background and self.listeners):
                    self.changed.wait(0.5)      # and not longer: where Ctrl-C cannot interrupt a wait it comes after it
                asked = self.waiting.popleft() if self.waiting else None
            if asked:
                self.reply(asked)
            elif self.writing:
                self.advance_writing()
            elif self.busy():
                if self.abandoned():
                    assert self.work
                    self.work.paused = True
                    self.tell_work()
                else:
                    self.advance()
            elif self.background and self.listeners:
                self.advance_thumbs()

    def busy(self) -> bool:
        return self.work is not None and not self.work.paused

    def abandoned(self) -> bool:
        left = self.left                # once: a page that comes back puts a 0 there at any moment
        return bool(left) and time.monotonic() - left > GRACE

    def reply(self, asked: Asked) -> None:
        try:
            asked.answer = asked.function(*asked.arguments)
        except Exception as error:      # whatever it is, whoever asked has to know, and others still are served
            asked.error = error
        finally:
            asked.done.set()

    def advance(self) -> None:
        """One piece of the work."""
        work = self.work
        assert work
        try:
            going = work.advance()
        except Exception as error:
            self.work = None
            self.tell("problem", {"text": plain_text(error)})
            self.tell_work()
            return
        if not going and self.work is work:
            self.work = None
            self.tell_work()

    def close(self) -> None:
        """Let go of everything; whoever waits is told that it is over."""
        self.ended = True
        with self.changed:
            waiting, self.waiting = list(self.waiting), deque()
        for asked in waiting:
            asked.error = Busy("the page is ending")
            asked.done.set()
        for network in filter(None, (self.network, self.exact)):
            network.close()

    # Other threads

    def ask(self, what: str, *arguments: Any) -> Any:
        """Have the main thread call a method; returns what that returns, or raises what it raises."""
        asked = Asked(getattr(self, what), arguments)
        with self.changed:
            if self.ended or len(self.waiting) >= MOST_WAITING:
                raise Busy("too much is asked at once; try again")
            self.waiting.append(asked)
            self.changed.notify()
        while not asked.done.wait(1.0):
            if self.ended and not asked.done.wait(1.0):
                raise Busy("the page is ending")
        if asked.error:
            raise known(asked.error)
        return asked.answer

    def listen(self, most: int) -> Listener | None:
        """A new page; None if there are too many."""
        listener = Listener()
        with self.changed:
            if len(self.listeners) >= most:
                return None
            self.listeners.append(listener)
            self.left = 0.0
        try:
            self.ask("greet", listener)
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        with self.changed:
            if listener in self.listeners:
                self.listeners.remove(listener)
            if not self.listeners:
                self.left = time.monotonic()

    def tell(self, kind: str, data: Any) -> None:
        """Tell all pages."""
        text = json.dumps(data)
        if kind == "frame":
            self.last_frame = text
        for listener in list(self.listeners):
            listener.put(kind, text)

    def note(self, text: str) -> None:
        """What the user should know; pages that come later are told, too. Not that presets grow other layers in other
        networks: the page shows which."""
        if text.startswith("--preset "):
            return
        self.notes.append(text)
        deepdream.teller(self.options)(text)
        self.tell("note", {"text": text})

    def command(self, order: dict[str, Any]) -> dict[str, Any]:
        """The command line for these settings, and what is wrong with them. Any thread."""
        words = self.words(order.get("settings", {}), dict(self.files), str(order.get("format", "png")))
        try:
            controls.parsed(words)
        except (UsageError, DeepDreamError) as error:
            return {"command": controls.command(words), "error": str(error)}
        return {"command": controls.command(words), "error": ""}

    # Routes: what pages are told

    def greet(self, listener: Listener) -> None:
        """All that a page has to know which is opened, or reloaded, now."""
        def put(kind: str, data: Any) -> None:
            listener.put(kind, json.dumps(data))

        put("photograph", self.photograph_told())
        for note in self.notes[-3:]:
            put("note", {"text": note})
        for preset, jpeg in self.thumbs.items():
            put("thumb", {"preset": preset, "jpeg": jpeg, "photograph": self.number})
        put("results", self.results_told())
        if self.last_frame:
            listener.put("frame", self.last_frame)
        put("work", self.work_told())

    def about(self) -> dict[str, Any]:
        """What does not change while the page is open."""
        from .. import objectives, presets
        network = self.need_network()
        layers = [{"name": row.name, "short": short(row.name, network), "channels": row.channels}
                  for row in objectives.layers_table(network)[1:] if row.named and row.height * row.width > 1]
        classes, groups = [], dict[str, int]()
        if network.model.labels:
            table = objectives.labels_table(network)
            classes = [{"number": row.number, "label": row.label, "known": row.known, "groups": row.groups}
                       for row in table]
            for row in table:
                for group in row.groups:
                    groups[group] = groups.get(group, 0) + row.known
        return {"version": deepdream.__version__, "program": controls.command([]), "engine": network.choice.name,
                "model": os.path.basename(network.model.path), "layer": network.model.layer, "layers": layers,
                "classes": classes, "groups": [group for group, count in groups.items() if count],
                "example": network.model.labels[int(example(network))] if network.model.labels else "",
                "presets": [preset_told(row, network) for row in in_order(presets.ROWS, network)],
                "controls": controls.described(), "zoom": Zoom.described(),
                "cores": self.options.jobs or deepdream.available_cores()}

    def photograph_told(self) -> dict[str, Any]:
        width, height = self.sides
        return {"number": self.number, "name": str(self.files["photograph"]), "width": width,
                "height": height, "shipped": self.files["photograph"] is self.shipped,
                "guide": str(self.files.get("guide", "")), "mask": str(self.files.get("mask", ""))}

    def results_told(self) -> list[dict[str, Any]]:
        return [{"number": result.number, "width": result.picture.width, "height": result.picture.height,
                 "settings": result.settings, "photograph": str(result.photograph), "kind": result.kind,
                 "finished": result.finished,
                 "png": output_name(result.photograph, "png"),
                 "commands": {format: controls.command(self.words(result.settings, result.files, format))
                              for format in ("png", "jpg")}} for result in self.results]

    def work_told(self) -> dict[str, Any]:
        return self.work.told() if self.work else {"kind": ""}

    def tell_work(self) -> None:
        self.tell("work", self.work_told())

    # Routes: pictures

    def take(self, purpose: str, name: str, data: bytes) -> dict[str, Any]:
        """A picture file from the page: the photograph, a guide or a mask."""
        if purpose not in ("photograph", "guide", "mask"):
            raise ValueError("expected as=photograph, guide or mask")
        if not data:
            if purpose == "photograph":
                raise DeepDreamError("the file is empty; give another one")
            self.files.pop(purpose, None)
            self.tell("photograph", self.photograph_told())
            return self.photograph_told()
        held = Held.named(controls.file_name(name, purpose), data)
        data, row = deepdream.read_picture_file(held, str(held))
        about = row.function(row.describe, str(held))(data, str(held))
        if about.width * about.height > LARGEST_AREA:
            raise DeepDreamError(f"{held}: {about.width} x {about.height} pixels; expected {LARGEST_AREA // 10 ** 6} "
                                 "million at most; make it smaller first")
        if purpose != "photograph":
            deepdream.read_file(held, tell=lambda note: None)
            self.files[purpose] = held
            if self.network:
                self.tell("photograph", self.photograph_told())
                if purpose == "guide":
                    self.begin_thumbs(("guided",))
            return self.photograph_told()
        decoded = deepdream.read_file(held, deepdream.WHITE, lambda note: None, VIEW)
        self.files["photograph"], self.seen = held, {VIEW: decoded}
        self.sides = (about.height, about.width) if about.orientation > 4 else (about.width, about.height)
        self.view = jpeg(self.brought_to(deepdream.as_picture(decoded), VIEW), VIEW_QUALITY)
        if not self.number and self.options.input is None:
            self.shipped = held
        self.number += 1
        self.files.pop("mask", None)
        self.work, self.last_frame = None, ""
        if self.network:
            self.tell("photograph", self.photograph_told())
            self.tell_work()
            self.begin_thumbs()
        return self.photograph_told()

    def decoded(self, longest: int) -> Decoded:
        """The photograph as read for that size; kept, since it takes time and is asked for again."""
        if longest not in self.seen:
            if len(self.seen) > 1:
                del self.seen[next(key for key in self.seen if key != VIEW)]
            self.seen[longest] = deepdream.read_file(self.files["photograph"], deepdream.WHITE, lambda note: None,
                                                     longest)
        return self.seen[longest]

    def brought_to(self, picture: Picture, longest: int) -> Picture:
        size = deepdream.size_within(picture.width, picture.height, longest)
        if size == (picture.width, picture.height):
            return picture
        return deepdream.shrink(picture, *size, self.any_engine())

    def any_engine(self) -> deepdream.Engine | None:
        """An engine for work on pictures, if there is one."""
        network = self.network
        if network is None:
            return None
        side = max(224, network.model.smallest)
        return network.engine_in_use() if network.engines else network.engine(side, side)

    def need_network(self, exact: bool = False) -> deepdream.Network:
        """exact: one without short cuts, as the command line takes for some dreams."""
        if self.network is None:
            raise Busy("the network is still being read")
        if not exact:
            return self.network
        if self.exact is None:
            self.exact = deepdream.Network(self.network.model, self.options.engine, self.options.jobs, self.note, True)
        return self.exact

    def file(self, purpose: str) -> Held:
        if purpose not in self.files:
            raise ValueError(f"there is no {purpose[:20]!a}")
        return self.files[purpose]

    def picture(self, number: str, format: str) -> tuple[bytes, str, str]:
        """(a file, its type, its name): of a result or, without a number, of what there is now."""
        if format not in ("png", "jpg"):
            raise ValueError("expected format=png or jpg")
        row = next(row for row in deepdream.FORMATS if f".{format}" in row.extensions)
        kind = "image/png" if format == "png" else "image/jpeg"
        held = self.files["photograph"]
        encode = row.function(row.write, str(held))
        if not number:
            if self.work is None:
                raise ValueError("nothing is being dreamed")
            return encode(self.work.picture(), VIEW_QUALITY), kind, output_name(held, format)
        result = next((result for result in self.results if str(result.number) == number), None)
        if result is None:
            raise ValueError(f"there is no result {number[:10]!a} any more")
        options = controls.parsed(self.words(result.settings, result.files, format))
        output: Any = SimpleNamespace(format=row, name=output_name(result.photograph, format, result.kind))
        extras = deepdream.extras_for(options, output, result.source)
        if not result.finished:
            return encode(result.picture, extras), kind, output.name
        text = deepdream.recipe_text(options, self.need_network(), output, **result.resolved)
        return encode(result.picture, extras._replace(comment=text)), kind, output.name

    # Routes: work

    def words(self, settings: Any, files: Mapping[str, str], format: str = "png") -> list[str]:
        """The words of the command line for these settings, as the page shows it and as it is carried out."""
        if not isinstance(settings, dict):
            raise UsageError("settings: expected an object of options")
        given = self.options.given
        machine = [word for flag, text in given if flag in MACHINE for word in (flag, text)]
        words = controls.words_for(settings, {name: str(file) for name, file in files.items()})
        photograph = str(files["photograph"])
        source = [photograph]
        if self.without_picture(settings, files["photograph"] is self.shipped):
            source = []
        elif photograph in NOT_BARE:
            source = ["-i", photograph]
        return [*source, *machine, *words, "--no-octaves", "-o", output_name(photograph, format)]

    def without_picture(self, settings: dict[str, Any], shipped: bool) -> bool:
        """Whether a command line should not name the photograph: it is the one that is taken then, or noise is."""
        from .. import presets
        preset = presets.PRESETS.get(str(settings.get("preset")))
        return bool(settings.get("noise")) or shipped and not (preset and preset.noise)

    def start(self, order: dict[str, Any]) -> dict[str, Any]:
        """A new dream."""
        settings = order.get("settings", {})
        words = self.words(settings, dict(self.files))
        self.work, self.last_frame = None, ""
        try:
            self.work = Dream(self, settings, controls.parsed(words))
        finally:
            self.tell_work()
        return {"command": controls.command(words), **self.work.told()}

    def zoom(self, order: dict[str, Any]) -> dict[str, Any]:
        """The endless dream."""
        network = self.need_network()
        self.work, self.last_frame = None, ""
        try:
            self.work = Zoom(self, network, order)
        finally:
            self.tell_work()
        return self.work.told()

    def working(self, kind: type) -> Any:
        if self.work is None or not isinstance(self.work, kind):
            raise ValueError("nothing of that kind is going on")
        return self.work

    def steer(self, order: dict[str, Any]) -> dict[str, Any]:
        self.working(Zoom).steer(order)
        return self.work_told()

    def record(self, order: dict[str, Any]) -> dict[str, Any]:
        self.working(Zoom).record(order)
        self.tell_work()
        return self.work_told()

    def write_recording(self, frames: list[bytes], width: int, height: int, delay: float, format: str) -> None:
        self.writing, self.recorded = written(frames, width, height, delay, format), None
        self.recording_told = {"frames": len(frames), "format": format, "seconds": round(delay * len(frames), 1)}

    def advance_writing(self) -> None:
        assert self.writing
        try:
            done, data = next(self.writing)
        except Exception as error:
            self.writing = None
            self.tell("problem", {"text": plain_text(error)})
            return
        if data:
            format = self.recording_told["format"]
            name = os.path.splitext(self.files["photograph"])[0] + f"_zoom.{format}"
            self.writing, self.recorded = None, (data, f"image/{format}", name)
        if data or done % 5 == 0:
            self.tell("recording", {**self.recording_told, "done": done, "bytes": len(data)})

    def recording(self) -> tuple[bytes, str, str]:
        if self.recorded is None:
            raise ValueError("nothing was recorded")
        return self.recorded

    def pause(self, order: dict[str, Any]) -> dict[str, Any]:
        self.working(object).paused = True
        self.tell_work()
        return self.work_told()

    def go(self, order: dict[str, Any]) -> dict[str, Any]:
        self.working(object).go()
        self.tell_work()
        return self.work_told()

    def step(self, order: dict[str, Any]) -> dict[str, Any]:
        self.working(object).go(one_step=True)
        return self.work_told()

    def stop(self, order: dict[str, Any]) -> dict[str, Any]:
        work = self.work
        if isinstance(work, Zoom):
            work.record({"on": False})
        if work and work.begun:
            self.results_so_far += 1
            unfinished = Result(self.results_so_far, work.picture(), Decoded(0, 0, bytearray()),
                                self.files["photograph"], getattr(work, "settings", {}), dict(self.files), {},
                                work.kind, False)
            self.keep(unfinished)
        self.work, self.last_frame = None, ""
        self.tell_work()
        return self.work_told()

    def keep(self, result: Result) -> None:
        """One more result; the oldest make room."""
        self.results.append(result)
        while len(self.results) > MOST_RESULTS or (len(self.results) > 1 and sum(
                len(kept.picture.pixels) for kept in self.results) > LARGEST_RESULTS):
            del self.results[0]
        self.tell("results", self.results_told())

    # Small pictures of what presets make of the photograph

    def begin_thumbs(self, only: tuple[str, ...] = ()) -> None:
        if not only:
            self.thumbs = {}
        self.background = self.thumb_steps(only)

    def advance_thumbs(self) -> None:
        assert self.background
        try:
            next(self.background)
        except StopIteration:
            self.background = None
        except Exception as error:
            self.background = None
            self.note(f"the small pictures could not be made: {plain_text(error)}")

    def thumb_steps(self, only: tuple[str, ...]) -> Iterator[None]:
        """Work in small pieces; what is quick first."""
        from .. import dreams, gallery, objectives, presets, scales
        network = self.need_network()
        number = self.number
        small = self.brought_to(deepdream.as_picture(self.decoded(VIEW)), THUMB)
        if min(small.width, small.height) < network.model.smallest:
            small = gallery.enlarged(small, network.model.smallest)

        def keep(preset: str, picture: Picture) -> None:
            self.thumbs[preset] = as_text(jpeg(picture, VIEW_QUALITY))
            self.tell("thumb", {"preset": preset, "jpeg": self.thumbs[preset], "photograph": number})

        keep("", small)
        if isinstance(self.any_engine(), deepdream.PythonEngine):
            return                  # it would take minutes for each, and whoever asks for something has to wait
        slow = {row.name for row in presets.ROWS if row.wants or row.plan.move.rule == "lbfgs"}
        for row in sorted(in_order(presets.ROWS, network), key=lambda row: row.name in slow):
            if only and row.name not in only or row.name in self.thumbs:
                continue
            more: list[objectives.Term] = []
            if row.wants == "guide":
                if "guide" not in self.files:
                    continue
                more.append(objectives.Guide(network, deepdream.as_picture(
                    deepdream.read_file(self.files["guide"], tell=lambda note: None))))
            elif row.wants == "class":
                more.append(objectives.parse_class(example(network), network))
            plan = presets.fitting(row.planned(network, more), network, small.width, small.height)
            most = MOST_THUMB_STEPS // 5 if row.plan.move.rule == "lbfgs" else MOST_THUMB_STEPS
            plan = gallery.small(plan)._replace(stages=tuple(fewer(stage, most) for stage in plan.stages),
                                                tiles=scales.Tiles("whole", edge=row.plan.tiles.edge),
                                                penalties=tuple((name, PENALISED * weight)
                                                                for name, weight in plan.penalties))
            picture = small
            for done in dreams.dream_steps(network, small, plan):
                picture = done.picture
                yield
            keep(row.name, gallery.fitted(picture, small))


class Dream:
    """A dream on the photograph, as `deepdream dream` with these options makes it: see deepdream.run_dream."""
    kind = "dream"

    def __init__(self, studio: Studio, settings: dict[str, Any], options: SimpleNamespace) -> None:
        self.studio, self.settings = studio, settings
        self.network = studio.need_network(deepdream.wants_exact(options))
        self.photograph = studio.files["photograph"]
        self.files = {**{name: str(file) for name, file in studio.files.items()}, "photograph": self.photograph}
        for name in ("guide", "mask"):
            if getattr(options, name):
                setattr(options, name, studio.files[name])
        noise = deepdream.resolve("wishes:noise")(options) if deepdream.wants_plan(options) else None
        self.source = Decoded(noise.width, noise.height, bytearray()) if noise else studio.decoded(options.size)
        picture = noise or deepdream.as_picture(self.source)
        size = deepdream.size_within(picture.width, picture.height, options.size)
        if size != (picture.width, picture.height):
            picture = deepdream.shrink(picture, *size, self.network.engine(options.tile, options.tile),
                                       deepdream.is_endless(options))
        if noise is None:       # the pixels are in the studio's hands
            self.source = self.source._replace(pixels=bytearray())
        self.steps, self.progress, self.resolved = deepdream.prepare_dream(options, self.network, picture)
        self.each = getattr(self.progress, "yields", None) or self.progress.tiles       # pieces of a step, by octave
        self.now = picture
        self.paused = self.one_step = False
        self.seconds = 0.0                      # worked so far
        self.first = 0.0, 0.0                   # the same, and how much was done, after the first piece: it is longer
        self.next_frame = 0.0
        self.place = 0, 0
        self.begun = False                      # whether there is anything to see

    def advance(self) -> bool:
        """One tile. Returns whether there is more to do."""
        began = time.monotonic()
        done = next(self.steps, None)
        if done is None:
            self.finish()
            return False
        self.now, self.begun = done.picture, True
        self.progress.tile_done(done)
        self.seconds += time.monotonic() - began
        if not self.first[1]:
            self.first = self.seconds, self.progress.done
        self.place = done.octave, done.step
        if done.octave_done or done.tile + 1 >= self.each[done.octave]:
            if self.one_step:
                self.one_step, self.paused = False, True
            if time.monotonic() >= self.next_frame or self.paused:
                self.show()
            if self.paused:
                self.studio.tell_work()
        return True

    def show(self) -> None:
        """A live picture to all pages."""
        if not self.studio.listeners:
            return
        began = time.monotonic()
        picture = self.studio.brought_to(self.picture(), LIVE)
        self.studio.tell("frame", {**self.told(), "jpeg": as_text(jpeg(picture, LIVE_QUALITY))})
        cost = time.monotonic() - began
        self.next_frame = time.monotonic() + max(FRAME_EVERY, FRAME_SHARE * cost)

    def picture(self) -> Picture:
        """As it is now, in bytes."""
        picture = self.now
        if isinstance(picture.pixels, array.array):
            return Picture(picture.width, picture.height, self.network.engine_in_use().as_bytes(picture.pixels))
        return picture

    def told(self) -> dict[str, Any]:
        """How far it is."""
        progress, (octave, step) = self.progress, self.place
        sizes = progress.sizes
        share = min(progress.done / progress.total, 1.0) if progress.total else 0.0
        worked, pieces = self.seconds - self.first[0], progress.done - self.first[1]
        left = worked / pieces * (progress.total - progress.done) if worked > 0.2 and pieces else None
        return {"kind": self.kind, "paused": self.paused, "octave": octave + 1, "octaves": len(sizes), "step": step + 1,
                "steps": self.steps_of(octave), "width": sizes[octave][0], "height": sizes[octave][1],
                "share": round(share, 4), "left": None if left is None else round(left, 1), "settings": self.settings}

    def steps_of(self, octave: int) -> int:
        plan = getattr(self.progress, "plan", None)
        return plan.stage(octave).steps if plan else self.progress.steps

    def go(self, one_step: bool = False) -> None:
        self.paused, self.one_step = False, one_step

    def finish(self) -> None:
        studio = self.studio
        self.now = self.now.rounded()
        studio.results_so_far += 1
        self.next_frame, self.paused = 0.0, False
        self.show()
        studio.keep(Result(studio.results_so_far, self.now, self.source, self.photograph, self.settings, self.files,
                           self.resolved))
        studio.tell("done", {"number": studio.results_so_far, "seconds": round(self.seconds, 1)})


# ---- Small things ----------------------------------------------------------------------------------------------------

def jpeg(picture: Picture, extras: Extras) -> bytes:
    return deepdream.resolve("formats.jpeg:encode")(picture, extras)


def as_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plain_text(error: BaseException) -> str:
    """What is to be said of an error: one line."""
    if isinstance(error, MemoryError):
        return "out of memory; use a smaller --size or --tile"
    if isinstance(error, (DeepDreamError, UsageError, ValueError)):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__}: {error}; this is a fault of deepdream"


def known(error: BaseException) -> Exception:
    """An error that HTTP has an answer for."""
    return error if isinstance(error, (Busy, UsageError, DeepDreamError, ValueError, MemoryError)) else (
        DeepDreamError(plain_text(error)))


def output_name(photograph: str, format: str, kind: str = "dream") -> str:
    return f"{os.path.splitext(photograph)[0]}_{kind}.{format}"


def short(name: str, network: deepdream.Network) -> str:
    from ..gallery import short
    return short(name, network)


def in_order(rows: Iterable[Any], network: deepdream.Network) -> list[Any]:
    """Presets as the page shows them: our own first, those last that need something beside the photograph, and none
    that this network has not the layers or classes for."""
    return [row for row in sorted(rows, key=lambda row: (row.wants != "", row.origin != "ours"))
            if possible(row, network)]


def example(network: deepdream.Network) -> str:
    """A class that a preset shows before the user has named one: a goldfish, where the network knows it."""
    from .. import gallery, objectives
    known = [row for row in objectives.labels_table(network) if row.known]
    return str(next((row.number for row in known if row.label == gallery.EXAMPLE), known[0].number if known else 0))


def possible(row: Any, network: deepdream.Network) -> bool:
    try:
        row.layers_of(network)
    except DeepDreamError:
        return False
    return row.wants != "class" or bool(network.model.labels)


def fewer(stage: Any, most: int) -> Any:
    """A stage of at most so many steps, small ones larger instead."""
    share = min(max(stage.steps / most, 1.0), max(2.5 / stage.step[0], 1.0))
    return stage._replace(steps=min(stage.steps, most), step=(stage.step[0] * share, stage.step[1] * share))


def preset_told(row: Any, network: deepdream.Network) -> dict[str, Any]:
    """A preset, and where it puts the sliders."""
    stage, plan = row.plan.stages[0], row.plan
    layers = [short(network.name(text.partition("*")[0]), network) for text in row.layers_of(network)]
    return {"name": row.name, "line": row.line, "origin": row.origin, "wants": row.wants, "values": {
        "steps": stage.steps, "step_size": stage.step[0], "octaves": plan.scales.octaves,
        "octave_scale": float(Fraction(str(plan.scales.factor))), "layer": ", ".join(layers)}}
