"""Frames on their way in and out: animated GIF, APNG, Y4M, folders, numbered files; what was made of them so far.

    source(options)             what -i names: a picture, or a video of whatever kind, frame by frame
    opened(options)             where -o says that frames go, tried before the work
    order(12, crossfade=4)      which frame is shown when
    Journal                     the state of unfinished work, from which --resume goes on

Formats take frames one by one (the classes Animation of deepdream_extras/formats). A file takes its name only when
it is whole; what goes into a pipe goes there at once.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import mmap
import os
import re
import stat
import sys
import tempfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import Decoded, DeepDreamError, Extras, Format, Output, Picture

MOVING = {"GIF": "formats.gif", "PNG": "formats.png", "Y4M": "formats.y4m"}     # the modules that have an Animation
PATTERN = re.compile(r"%(0[1-9])?d")        # %d, %05d
FRAME_NAME = "frame_%05d"                   # in folders, as PNG or what --format says


# ---- In --------------------------------------------------------------------------------------------------------------

class Source(NamedTuple):
    """What is read. A picture is a source of one frame that is not moving."""
    first: Decoded                      # its size and colour profile; pixels only where it is not moving
    frames: Iterator[Picture]
    moving: bool = False
    rate: Fraction | None = None        # frames a second, where the file says so
    length: int | None = None           # in frames, where that can be told before
    files: Sequence[str] = ()           # that are read
    file: Any = None                    # that is open as long as frames come

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def source(options: SimpleNamespace) -> Source:
    """What -i names."""
    path = options.input
    if path is not None and os.path.isdir(path):
        return of_files(options, pictures_in(path))
    if path not in (None, "-") and not os.path.exists(path) and pattern_in(path):
        return of_files(options, matching(path))
    if path == "-" and os.isatty(0):
        raise DeepDreamError("stdin: that is a terminal; expected a picture or a video from a file or a pipe")
    if path is None:
        return still(deepdream.input_file(options, options.size))
    return of_file(options, path)


def still(decoded: Decoded) -> Source:
    return Source(decoded, iter([deepdream.as_picture(decoded)]), length=1)


def names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise DeepDreamError(f"{folder}: {error.strerror or error}; expected an existing folder") from None


def pictures_in(folder: str) -> list[str]:
    """Their paths, in natural order."""
    names = sorted(filter(readable_name, names_in(folder)), key=natural)
    files = [path for name in names if not os.path.isdir(path := os.path.join(folder, name))]
    if not files:
        raise DeepDreamError(f"{folder}: a folder without pictures; expected files that end with .png, .jpg and the"
                             " like")
    return files


def readable_name(name: str) -> bool:
    known = [extension for row in deepdream.FORMATS for extension in row.extensions]
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in (*known, *FOREIGN)


FOREIGN = ".webp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".jp2", ".qoi"        # by Pillow, or a line that says so


def natural(name: str) -> list[Any]:
    """A key that sorts 2 before 10, wherever the numbers are."""
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower())]


def pattern_in(path: str) -> bool:
    """Whether the name, not its folder, has exactly one place for a number."""
    return len(PATTERN.findall(os.path.basename(path))) == 1


def name_of(pattern: str, number: int) -> str:
    """The file of a pattern with this number; a % elsewhere, as in 100%/%d.png, is an ordinary letter."""
    folder, name = os.path.split(pattern)
    return os.path.join(folder, PATTERN.sub(lambda place: place[0] % number, name))


def numbered(pattern: str) -> re.Pattern[str]:
    """What the files of a pattern are called, without their folder."""
    before, after = re.split(PATTERN.pattern.replace("(", "(?:"), os.path.basename(pattern))
    return re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")


def matching(pattern: str) -> list[str]:
    """The files of a pattern, by their numbers."""
    folder, form = os.path.dirname(pattern), numbered(pattern)
    found = [(int(match[1]), match[0]) for name in names_in(folder or ".")
             if (match := form.fullmatch(name))]
    if not found:
        raise DeepDreamError(f"{pattern}: there is no such file; expected one at least, such as"
                             f" {os.path.basename(name_of(pattern, 1))}")
    return [os.path.join(folder, name) for _, name in sorted(found)]


def of_files(options: SimpleNamespace, files: list[str]) -> Source:
    """Each file a frame, read when it is its turn; that they have one size is found out at once."""
    background, tell = options.background or deepdream.WHITE, deepdream.teller(options)
    size = size_seen(*deepdream.read_picture_file(files[0], files[0]), files[0])

    def check(path: str, found: tuple[int, int]) -> None:
        if found != size:
            raise DeepDreamError(f"{path}: {found[0]} x {found[1]} pixels; expected {size[0]} x {size[1]}, as"
                                 f" {files[0]}; give all frames one size")

    def frame(path: str) -> Decoded:
        data, row = deepdream.read_picture_file(path, path)
        check(path, size_seen(data, row, path))
        return deepdream.decoded_file(data, row, path, background, tell, options.size)

    for path in files[1:options.frames]:
        if size_by_beginning(path) != size:         # or what follows says another one, or what is wrong
            check(path, size_seen(*deepdream.read_picture_file(path, path), path))
    first = frame(files[0])

    def frames() -> Iterator[Picture]:
        for path in files:
            decoded = first if path == files[0] else frame(path)
            yield Picture(decoded.width, decoded.height, decoded.pixels[:])

    return Source(first, frames(), len(files) > 1, None, len(files), files)


BEGINNING = 2 ** 16     # bytes of a file that most often say how large the picture is


def size_by_beginning(path: str) -> tuple[int, int] | None:
    """Width and height of the picture in a file; None where its first bytes do not say it."""
    try:
        with open(path, "rb") as file:
            data = file.read(BEGINNING)
        return size_seen(data, deepdream.format_by_content(data, path), path)
    except (OSError, DeepDreamError):
        return None


def size_seen(data: bytes, row: Format, name: str) -> tuple[int, int]:
    return shown_size(row.function(row.describe, name)(data, name))


def shown_size(decoded: Decoded) -> tuple[int, int]:
    """Width and height of a picture that may lie on its side, see formats.upright."""
    sides = decoded.width, decoded.height
    return sides[::-1] if decoded.orientation > 4 else sides


@contextlib.contextmanager
def named_reading(name: str) -> Iterator[None]:
    """The system's errors, with the name of what cannot be read."""
    try:
        yield
    except OSError as error:
        raise DeepDreamError(f"{name}: cannot be read ({error.strerror or error}); expected a picture or a video, a"
                             " folder of frames or numbered ones such as in/%04d.png") from None


FIRST = 32      # bytes of a file that tell what it is, and more


class Begun(io.RawIOBase):
    """A stream of whose bytes the first were read already: they come once more."""

    def __init__(self, start: bytes, file: Any) -> None:
        self.start, self.file = start, file

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.file.fileno()

    def readinto(self, buffer: Any) -> int:
        if not self.start:
            return self.file.readinto1(buffer)
        count = min(len(buffer), len(self.start))
        buffer[:count], self.start = self.start[:count], self.start[count:]
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


def of_file(options: SimpleNamespace, path: str) -> Source:
    """One file: a video, or a picture."""
    name = "stdin" if path == "-" else path
    with contextlib.ExitStack() as opened, named_reading(name):
        file = opened.enter_context(open(0 if path == "-" else path, "rb", closefd=path != "-"))
        start = file.peek(FIRST)
        if len(start) < FIRST:          # of a pipe so far
            start = file.read(FIRST)
            file = io.BufferedReader(Begun(start, file))
        if deepdream.format_by_content(start, name).name == "Y4M":
            found = of_y4m(file, name)
            opened.pop_all()            # it is read on and on
            return found
        data, row = deepdream.read_stream(file, name)       # once: a pipe, as <(cat photo.png), has it no second time
    if row.name in MOVING and (delays := deepdream.resolve(MOVING[row.name] + ":delays")(data, name))[1:]:
        return of_animation(options, data, name, row, delays)
    return still(deepdream.decoded_file(data, row, name, options.background or deepdream.WHITE,
                                        deepdream.teller(options), options.size))


def of_y4m(file: Any, name: str) -> Source:
    from .formats import y4m
    header = y4m.read_header(file, name)
    count = None
    with contextlib.suppress(OSError):      # a pipe has no length
        there = os.fstat(file.fileno())
        if stat.S_ISREG(there.st_mode):
            count = (there.st_size - file.tell()) // (len("FRAME\n") + sum(y4m.plane_sizes(header)))

    first = Decoded(header.width, header.height, bytearray(), aspect=header.aspect)
    return Source(first, y4m.read_frames(file, name, header), True, header.rate, count, file=file)


def of_animation(options: SimpleNamespace, data: bytes, name: str, row: Format, delays: list[float]) -> Source:
    first = row.function(row.describe, name)(data, name)
    width, height = shown_size(first)
    first = first._replace(width=width, height=height)
    seconds = sum(delays)
    rate = Fraction(len(delays) / seconds).limit_denominator(1001) if seconds else None
    if max(delays) - min(delays) > 0.0101 and rate:         # GIF: 1/15 s is 0.06 s and 0.07 s
        deepdream.teller(options)(f"{name}: its frames are shown for {min(delays):.3g} to {max(delays):.3g} s, now each"
                                  f" for {float(1 / rate):.3g} s")

    def frames() -> Iterator[Picture]:
        for decoded, _ in deepdream.resolve(MOVING[row.name] + ":frames")(data, name):
            yield deepdream.as_picture(deepdream.as_seen(decoded, row, name, options.background or deepdream.WHITE,
                                                         deepdream.teller(options)))

    return Source(first, frames(), True, rate, len(delays))


# ---- Out -------------------------------------------------------------------------------------------------------------

class Stills:
    """Frames as files of their own, numbered from 0."""

    def __init__(self, options: SimpleNamespace, pattern: str) -> None:
        self.pattern, self.name, self.ordinary, self.takes_stdout = pattern, pattern, True, False
        self.path = name_of(pattern, 0)         # the first, for checks
        self.output = deepdream.open_output(options, self.path)
        self.format, self.count = self.output.format, 0
        self.obeys = " ".join(set(self.format.obeys.split()) - {"loop"})        # each is a picture of its own
        folder, form = os.path.dirname(pattern) or ".", numbered(pattern)
        self.there = sorted(int(match[1]) for name in names_in(folder) if (match := form.fullmatch(name)))
        self.was_there = bool(self.there)

    def begin(self, width: int, height: int, rate: Fraction, extras: Extras) -> None:
        self.extras, self.count = extras, 0

    def add(self, picture: Picture) -> None:
        deepdream.write_whole(name_of(self.pattern, self.count), self.output.encode(picture, self.extras))
        self.count += 1

    def give_up(self) -> None:
        pass

    def finish(self) -> str:
        left = sum(number >= self.count for number in self.there)
        return f"{self.pattern}: {self.count} pictures" + (f"; {left} of higher numbers were there before" if left
                                                           else "")


class Film:
    """An animation in one file. What cannot be renamed, such as a pipe, is written to at once."""

    def __init__(self, options: SimpleNamespace, path: str) -> None:
        special = deepdream.open_descriptor(path) is not None or os.path.exists(path) and not os.path.isfile(path)
        wanted = options.format or (deepdream.format_named("y4m") if special else None)
        source = None
        with contextlib.suppress(OSError, ValueError):
            source = os.stat(0 if options.input == "-" else options.input or deepdream.data_file("cat_dog224.bmp"))
        if wanted is None and os.path.splitext(path)[1].lower() not in WRITABLE:
            raise DeepDreamError(f"{path}: no kind of animation; expected a name that ends with"
                                 f" {', '.join(WRITABLE[:-1])} or {WRITABLE[-1]}, a folder such as frames/, or numbered"
                                 " pictures such as frames/%05d.jpg")
        self.output = Output(path, source, wanted)
        self.path, self.name, self.ordinary = path, self.output.name, self.output.ordinary
        self.takes_stdout, self.format, self.count = self.output.takes_stdout, self.output.format, 0
        self.was_there = self.ordinary and os.path.exists(path)
        if self.format.name not in MOVING:
            raise DeepDreamError(f"{self.name}: {self.format.name} is no kind of animation; expected --format gif, png"
                                 " or y4m")
        self.make = self.format.function(MOVING[self.format.name] + ":Animation", self.name)
        self.obeys = self.format.obeys
        self.file: Any = None
        self.animation: Any = None

    def begin(self, width: int, height: int, rate: Fraction, extras: Extras) -> None:
        self.count = 0
        with named(self.name):
            if self.ordinary:
                self.file = temporary_beside(self.path)
            else:
                descriptor = self.output.descriptor
                self.file = open(self.path if descriptor is None else os.dup(descriptor), "wb")     # noqa: SIM115
            self.animation = self.make(self.file, width, height, 1 / rate, extras)

    def add(self, picture: Picture) -> None:
        with named(self.name):
            self.animation.add(picture)
            self.count += 1
            if not self.ordinary:
                self.file.flush()

    def give_up(self) -> None:
        with contextlib.suppress(OSError):
            if self.animation is not None:
                self.animation.give_up()
        with contextlib.suppress(OSError):
            if self.file is not None:
                self.file.close()

    def finish(self) -> str:
        with named(self.name), self.file:
            self.animation.close()
            self.file.flush()
            size = self.file.seek(0, os.SEEK_END) if self.ordinary else 0
            if size:
                with mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
                    deepdream.write_whole(self.path, view)
        amount = f", {size / 1e6:.1f} MB" if size >= 1e6 else f", {size / 1e3:.0f} kB" if size else ""
        return f"{self.name}: {self.count} frame{'s' * (self.count != 1)}{amount}"


def temporary_beside(path: str) -> Any:
    """A temporary file on the same disk or, in a folder that takes no new files, where temporary files go."""
    try:
        return tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(path)))
    except OSError:
        return tempfile.TemporaryFile()


@contextlib.contextmanager
def named(name: str) -> Iterator[None]:
    """The system's errors, with the name of what cannot be written; but for pipes that nobody reads any more."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise deepdream.unwritable(name, error) from None


Sink = Stills | Film
WRITABLE = ".gif", ".png", ".apng", ".y4m"


def opened(options: SimpleNamespace) -> list[Sink]:
    """Where frames go: each -o. DeepDreamError where they cannot go."""
    sinks: list[Sink] = []
    extension = options.format.extensions[0] if options.format else ".png"
    for path in options.output or ["output.gif"]:
        if path != "-" and len(PATTERN.findall(os.path.basename(path))) > 1:
            raise DeepDreamError(f"{path}: several places for a number; expected one, such as frames/%05d.png")
        if path != "-" and pattern_in(path) and not os.path.exists(path):
            sinks.append(Stills(options, path))
        elif path.endswith((os.sep, "/")) or os.path.isdir(path):
            if not os.path.isdir(path):
                try:
                    os.mkdir(path)
                except OSError as error:
                    raise deepdream.unwritable(path, error) from None
            sinks.append(Stills(options, os.path.join(path, FRAME_NAME + extension)))
        else:
            sinks.append(Film(options, path))
    if sum(sink.takes_stdout for sink in sinks) > 1:
        raise DeepDreamError("stdout: several outputs go there; choose one of them")
    return sinks


def check_apart(options: SimpleNamespace, sinks: Sequence[Sink], read: Sequence[str]) -> None:
    """DeepDreamError where a file that is read would be written to, or one twice."""
    deepdream.check_apart(options, [sink for sink in sinks if isinstance(sink, (Stills, Film))])     # type: ignore
    single = [getattr(options, name, None) for name in ("input", "guide", "mask", "recipe")]
    for sink in sinks:
        if isinstance(sink, Stills):
            folder, form = os.path.realpath(os.path.dirname(sink.pattern) or "."), numbered(sink.pattern)
            for path in [*read, *(path for path in single if path and path != "-")]:
                if os.path.realpath(os.path.dirname(path) or ".") == folder and form.fullmatch(os.path.basename(path)):
                    raise DeepDreamError(f"{sink.pattern}: {path} is read and would be written over; choose another"
                                         " folder or other names")
        if read and options.input and os.path.isdir(options.input) and sink.ordinary and (
                os.path.realpath(options.input) == os.path.realpath(os.path.dirname(sink.path) or ".")):
            raise DeepDreamError(f"{sink.name}: all pictures of this folder are read, and the next time what is written"
                                 " there would be, too; choose another folder")


# ---- Order -----------------------------------------------------------------------------------------------------------

Shown = tuple[int, int, float]      # a frame, another, and how much that counts


def order(count: int, crossfade: int = 0, reverse: bool = False, ping_pong: bool = False) -> list[Shown]:
    """What is shown, of `count` frames.

    crossfade: the last so many frames fade into the first ones, which are left out for that at the beginning: what
    follows the end is then the beginning. ping_pong: back again, neither end twice.
    """
    fade = min(crossfade, count // 2)
    shown: list[Shown] = [(i, i, 0.0) for i in range(fade, count)]
    for i in range(fade):
        shown[count - 2 * fade + i] = count - fade + i, i, (i + 1) / (fade + 1)
    if reverse:
        shown.reverse()
    return shown + shown[-2:0:-1] if ping_pong else shown


def mixed(one: Picture, other: Picture, part: float) -> Picture:
    """Two pictures in bytes, `part` of the other."""
    if not part:
        return one
    levels = array("f", [a + part * (b - a) for a, b in zip(one.pixels, other.pixels)])
    return Picture(one.width, one.height, deepdream.round_half_up(levels))


def undisturbed() -> contextlib.AbstractContextManager[Any]:
    """While it lasts Ctrl-C waits: an animation is not left in the middle of a frame."""
    try:
        from .simd import tape
    except ImportError:         # Python without ctypes
        return contextlib.nullcontext()
    return tape.Undisturbed()


# ---- What was made so far --------------------------------------------------------------------------------------------

UNBUFFERED = 0          # what a full disk did not take must not stand between the frames before it and who reads them


class Reel:
    """Frames kept in a file, one behind the other, to be had again by their numbers."""

    def __init__(self, path: str | None, width: int, height: int, lengths: Sequence[int] = ()) -> None:
        """path: None for a temporary file. lengths: of frames that are in it already; the rest is cut off. Without
        them the file is begun with the first frame: until then what another run has left there can be gone on with."""
        self.width, self.height, self.lengths, self.path, self.starts = width, height, list(lengths), path, [0]
        self.name = path or "the temporary file of frames"
        self.file: Any = None
        if path is None or not lengths:
            return
        if not os.path.exists(path):
            raise DeepDreamError(f"{path}: is not there, but its frames are needed to go on; begin anew, without"
                                 " --resume")
        with named(self.name):
            self.file = open(path, "r+b", UNBUFFERED)       # noqa: SIM115 (close closes it)
        if self.file.seek(0, os.SEEK_END) < sum(self.lengths):
            self.file.close()
            raise DeepDreamError(f"{path}: shorter than it was; remove it and begin anew, without --resume")
        self.file.truncate(sum(self.lengths))
        self.starts = list(itertools.accumulate(self.lengths, initial=0))

    def add(self, picture: Picture) -> None:
        with named(self.name):
            if self.file is None:
                self.file = (open(self.path, "w+b", UNBUFFERED) if self.path        # noqa: SIM115
                             else tempfile.TemporaryFile(buffering=UNBUFFERED))     # noqa: SIM115
            self.file.seek(self.starts[-1])
            packed = memoryview(zlib.compress(picture.pixels, 1))
            at = 0
            while at < len(packed):
                at += self.file.write(packed[at:])
            deepdream.sync(self.file)
        self.lengths.append(at)
        self.starts.append(self.starts[-1] + at)

    def __getitem__(self, number: int) -> Picture:
        self.file.seek(self.starts[number])
        try:
            return Picture(self.width, self.height, bytearray(zlib.decompress(self.file.read(self.lengths[number]))))
        except (zlib.error, ValueError):
            raise DeepDreamError(f"{self.name}: frame {number + 1} in it is damaged; remove it and begin anew, without"
                                 " --resume") from None

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class State(NamedTuple):
    """What has to be known to go on behind a frame."""
    number: int                     # of frames that are done
    picture: Picture                # the last, in floats
    anchor: list[float]             # see animate.Loop
    lengths: list[int]              # see Reel
    engine: str                     # its name


MARK = b"deepdream animation 1\n"


class Journal:
    """The state of unfinished work, in a file beside an output; replaced after each frame, removed at the end."""

    def __init__(self, path: str, what: str) -> None:
        """what: JSON of all that decides over the frames: to go on with anything else would not be the same work."""
        self.path, self.what = path, what

    def write(self, state: State) -> None:
        levels = state.picture.pixels[:]
        if sys.byteorder == "big":
            levels.byteswap()
        head = {**state._asdict(), "what": self.what, "picture": (state.picture.width, state.picture.height)}
        body = json.dumps(head).encode() + b"\n" + levels.tobytes()
        deepdream.write_whole(self.path, MARK + b"%08x\n" % zlib.crc32(body) + body)

    def read(self) -> State | None:
        """What was written; None if nothing is there. DeepDreamError where it is not of this work."""
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DeepDreamError(f"{self.path}: cannot be read ({error.strerror or error}); expected the state of an"
                                 " animation") from None
        check, body = data[len(MARK):len(MARK) + 9], data[len(MARK) + 9:]
        if not data.startswith(MARK) or check != b"%08x\n" % zlib.crc32(body):
            raise DeepDreamError(f"{self.path}: not the state of an animation, or damaged; begin anew, without"
                                 " --resume")
        head, _, rest = body.partition(b"\n")
        found = json.loads(head)
        if (what := found.pop("what")) != self.what:
            raise DeepDreamError(f"{self.path}: begun {self.difference(what)}; give what was given then, or begin anew,"
                                 " without --resume")
        levels = array("f", rest)
        if sys.byteorder == "big":
            levels.byteswap()
        width, height = found["picture"]
        return State(**{**found, "picture": Picture(width, height, levels)})

    def difference(self, before: str) -> str:
        """In which option that work was another."""
        try:
            old, new = (json.loads(text) for text in (before, self.what))
            name = next(name for name in [*old, *new] if old.get(name) != new.get(name))
        except (ValueError, StopIteration, AttributeError):
            return "with other options"
        if name in ("picture", "model", "version"):
            return f"with another {name}"
        flag = "--" + name.replace("_", "-")
        return f"without {flag}" if old.get(name) in (None, False) else f"with {flag} {old[name]}"

    def remove(self) -> None:
        deepdream.remove(self.path)


def state_path(sinks: Sequence[Sink]) -> str | None:
    """Where the state of unfinished work is kept; None where everything goes into pipes."""
    for sink in sinks:
        if isinstance(sink, Stills):
            return os.path.join(os.path.dirname(sink.pattern), "deepdream.resume")
        if sink.ordinary:
            return sink.path + ".resume"
    return None
