"""GIF, still and animated, in and out. Source: CompuServe, "Graphics Interchange Format, Version 89a", 1990.

A file is a screen (a size and perhaps a table of colours) and then blocks: extensions and frames. A frame is a
rectangle of the screen, its colour numbers packed with LZW; some viewers' habits, noted where they are followed, are
older than any text. What is read comes as 24-bit colours and alpha; what is written has at most 256 colours a frame,
chosen by `Palette`.

    decode(data, name)                          the first frame
    frames(data, name)                          all of them, each as the screen shows it, with its time in seconds
    encode(picture, extras)                     a still picture
    Animation(sink, width, height, delay)       an animation: add(picture) ..., close()
"""

from __future__ import annotations

import functools
import heapq
import math
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import compress
from operator import mul, not_
from typing import Any, NamedTuple

from deepdream import LARGEST_SIDE, LARGEST_SPARSE, DeepDreamError, Picture, say
from deepdream_extras.formats import Decoded, Extras, faster

IMAGE, EXTENSION, TRAILER = 0x2c, 0x21, 0x3b            # the first byte of a block
CONTROL, COMMENT, APPLICATION = 0xf9, 0xfe, 0xff        # the second byte of an extension
MOST_CODES = 4096               # a code has at most 12 bits
MOST_PER_BYTE = 2731            # pixels that a byte of LZW can stand for: 12 bits, the longest entry of a full table
BLOCK = 2 ** 16                 # pixels handled at once: large enough for speed, small beside the picture
KEEP, TO_BACKGROUND, TO_PREVIOUS = 1, 2, 3      # disposal: what becomes of a frame before the next is drawn


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Frame(NamedTuple):
    """One frame as the file has it."""
    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    table: bytes                # red, green, blue of each colour
    transparent: int            # the number that stands for no colour; -1: there is none
    delay: int                  # hundredths of a second until the next frame
    disposal: int
    code_size: int
    codes: bytes                # LZW


class Screen:
    """The bytes of a GIF file: its size and colours at once, its frames by walking over it."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        if data[:6] not in (b"GIF87a", b"GIF89a"):
            raise DeepDreamError(f"{name}: not a GIF file (it begins with {data[:6].hex(' ') or 'nothing'}); expected"
                                 " GIF87a or GIF89a; give another file")
        self.width, self.height = self.number(6), self.number(8)
        self.table, self.at = self.colours(10, 13)
        self.comments: list[bytes] = []
        self.profile: bytes | None = None
        self.plays = 1          # 0: for ever
        self.warnings: list[str] = []

    def damaged(self, found: str, expected: str) -> DeepDreamError:
        return DeepDreamError(f"{self.name}: {found}; expected {expected}; get it again")

    def byte(self, at: int) -> int:
        if at >= len(self.data):
            raise self.damaged("the file is cut off", "more bytes")
        return self.data[at]

    def number(self, at: int) -> int:
        return self.byte(at) | self.byte(at + 1) << 8

    def colours(self, flags_at: int, at: int) -> tuple[bytes, int]:
        """The table of colours that the flags tell of, and where the file goes on."""
        flags = self.byte(flags_at)
        end = at + 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else at
        if end > at:
            self.byte(end - 1)
        return self.data[at:end], end

    def sub_blocks(self, at: int) -> tuple[bytes, int]:
        """What the sub-blocks at `at` hold, and where the file goes on: each has its length, the last has none."""
        parts = []
        while length := self.byte(at):
            self.byte(at + length)
            parts.append(self.data[at + 1:at + 1 + length])
            at += 1 + length
        return b"".join(parts), at + 1

    def frames(self) -> Iterator[Frame]:
        transparent, delay, disposal = -1, 0, KEEP
        at, count = self.at, 0
        while at < len(self.data):
            kind = self.data[at]
            if kind == TRAILER or (count and kind not in (IMAGE, EXTENSION)):      # rubbish at the end is left alone
                break
            if kind == IMAGE:
                left, top, width, height = (self.number(at + place) for place in (1, 3, 5, 7))
                flags = self.byte(at + 9)
                table, at = self.colours(at + 9, at + 10)
                code_size = self.byte(at)
                codes, at = self.sub_blocks(at + 1)
                if not 1 <= code_size <= 8:
                    raise self.damaged(f"LZW codes for colours of {code_size} bits", "1 to 8")
                count += 1
                yield Frame(left, top, width, height, bool(flags & 0x40), table or self.table, transparent, delay,
                            disposal, code_size, codes)
                transparent, delay, disposal = -1, 0, KEEP
            elif kind == EXTENSION:
                label = self.byte(at + 1)
                if label == CONTROL and self.byte(at + 2) >= 4:
                    flags, delay = self.byte(at + 3), self.number(at + 4)
                    transparent = self.byte(at + 6) if flags & 1 else -1
                    disposal = flags >> 2 & 7
                at = self.extension(label, at + 2)
            elif kind == 0:             # a stray end of sub-blocks, as some programs leave
                at += 1
            else:
                raise self.damaged(f"a block of the kind {kind:02x}", "a frame (2c) or an extension (21)")
        if not count:
            raise self.damaged("the file ends without a frame", "one at least")

    def extension(self, label: int, at: int) -> int:
        """Take what is of use from an extension; where the file goes on."""
        if label == COMMENT:
            text, at = self.sub_blocks(at)
            self.comments.append(text)
            return at
        if label == APPLICATION and (length := self.byte(at)):
            application = self.data[at + 1:at + 1 + length]
            content, end = self.sub_blocks(at + 1 + length)
            if application in (b"NETSCAPE2.0", b"ANIMEXTS1.0") and content[:1] == b"\1" and len(content) >= 3:
                repeats = content[1] | content[2] << 8
                self.plays = repeats + 1 if repeats else 0
            elif application == b"ICCRGBG1012":
                self.profile = content
            return end
        return self.sub_blocks(at)[1]

    def fit(self, first: Frame) -> None:
        """The screen holds the first frame, as in browsers. Raise DeepDreamError for sizes that are not to be had."""
        self.width = max(self.width, first.left + first.width)
        self.height = max(self.height, first.top + first.height)
        width, height = self.width, self.height
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise DeepDreamError(f"{self.name}: {width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                                 " make the picture smaller")
        if width * height > max(LARGEST_SPARSE, len(self.data) * MOST_PER_BYTE):
            raise self.damaged(f"{len(self.data)} bytes for {width} x {height} pixels",
                               f"at least {width * height // MOST_PER_BYTE}")

    def text(self) -> str:
        joined = b"\n".join(self.comments)
        try:
            return joined.decode()
        except UnicodeDecodeError:      # the source says ASCII; programs write what they have
            return joined.decode("latin-1")


class Canvas:
    """What the screen shows: pixels as in Picture, alpha 255 where a frame has drawn.

    What no frame has drawn on, or what is cleared, is transparent. It is not of the background colour that the screen
    names: no browser heeds that one.
    """

    def __init__(self, width: int, height: int, opaque: bool = False) -> None:
        self.width, self.height = width, height
        self.pixels = bytearray(3 * width * height)
        self.alpha = bytearray(0 if opaque else width * height)

    def draw(self, screen: Screen, frame: Frame) -> int:
        """Draw what there is of a frame; how many of its rows."""
        tables = [frame.table[channel::3].ljust(256, b"\0") if frame.table else bytes(range(256))    # none: greys
                  for channel in (2, 1, 0)]
        columns = min(frame.width, self.width - frame.left)     # what is beyond the screen is lost
        order = row_order(frame.height, frame.interlaced)
        row = 0
        for block in whole_rows(screen, frame):
            colours = bytearray(3 * len(block))
            for channel, entries in enumerate(tables):
                colours[channel::3] = block.translate(entries)
            count = len(block) // frame.width
            solid = frame.transparent < 0 or frame.transparent not in block
            if solid and columns == frame.width == self.width and not frame.interlaced:
                at, end = (frame.top + row) * columns, min(frame.top + row + count, self.height) * columns
                if at < end:
                    self.pixels[3 * at:3 * end] = memoryview(colours)[:3 * (end - at)]
                    self.cover(at, end)
            elif columns > 0:
                for line, y in enumerate(order[row:row + count]):
                    if frame.top + y < self.height:
                        begin = line * frame.width
                        self.draw_row((frame.top + y) * self.width + frame.left, frame.transparent,
                                      block[begin:begin + columns], colours[3 * begin:3 * (begin + columns)])
            row += count
        return row

    def draw_row(self, at: int, transparent: int, numbers: bytes, colours: bytearray) -> None:
        end = at + len(numbers)
        if transparent >= 0 and (kept := numbers.count(transparent)):
            if kept == len(numbers):
                return
            mask = numbers.translate(only(transparent))         # 255 where the pixel stays
            colours = choose(self.pixels[3 * at:3 * end], colours, tripled(mask))
            self.alpha[at:end] = choose(self.alpha[at:end], b"\xff" * len(numbers), mask)
        else:
            self.cover(at, end)
        self.pixels[3 * at:3 * end] = colours

    def cover(self, at: int, end: int) -> None:
        if self.alpha:
            self.alpha[at:end] = b"\xff" * (end - at)

    def rows(self, frame: Frame) -> Iterator[slice]:
        """The part of each row that a frame covers, in pixels."""
        right = min(frame.left + frame.width, self.width)
        for y in range(frame.top, min(frame.top + frame.height, self.height)):
            if frame.left < right:
                yield slice(y * self.width + frame.left, y * self.width + right)

    def copy(self, frame: Frame) -> list[tuple[bytearray, bytearray]]:
        return [(self.pixels[3 * row.start:3 * row.stop], self.alpha[row]) for row in self.rows(frame)]

    def put_back(self, frame: Frame, saved: list[tuple[bytearray, bytearray]]) -> None:
        for row, (pixels, alpha) in zip(self.rows(frame), saved):
            self.pixels[3 * row.start:3 * row.stop], self.alpha[row] = pixels, alpha

    def clear(self, frame: Frame) -> None:
        for row in self.rows(frame):
            self.pixels[3 * row.start:3 * row.stop] = bytes(3 * (row.stop - row.start))
            self.alpha[row] = bytes(row.stop - row.start)


def decode(data: bytes, name: str = "picture") -> Decoded:
    """The first frame on its screen. `name` begins the messages of DeepDreamError."""
    screen = Screen(data, name)
    frame = next(screen.frames())
    screen.fit(frame)
    opaque = frame.transparent < 0 and (frame.width, frame.height) == (screen.width, screen.height)
    canvas = Canvas(screen.width, screen.height, opaque)
    rows = canvas.draw(screen, frame)
    if opaque and rows < frame.height:
        canvas.alpha = bytearray(screen.width * screen.height)
        for y in row_order(frame.height, frame.interlaced)[:rows]:
            canvas.cover(y * screen.width, (y + 1) * screen.width)
    return as_decoded(screen, canvas.pixels, canvas.alpha)


def describe(data: bytes, name: str = "picture") -> Decoded:
    """`decode` without the pixels."""
    screen = Screen(data, name)
    screen.fit(next(screen.frames()))
    return Decoded(screen.width, screen.height, bytearray(), None, screen.profile, screen.text())


def frames(data: bytes, name: str = "picture") -> Iterator[tuple[Decoded, float]]:
    """Each frame as the screen shows it, and for how many seconds: one that names no time is shown for 0.1 s."""
    screen = Screen(data, name)
    canvas = None
    for frame in screen.frames():
        if canvas is None:
            screen.fit(frame)
            canvas = Canvas(screen.width, screen.height)
        saved = canvas.copy(frame) if frame.disposal == TO_PREVIOUS else None
        canvas.draw(screen, frame)
        yield as_decoded(screen, canvas.pixels[:], canvas.alpha[:]), frame.delay / 100 or 0.1
        if saved is not None:
            canvas.put_back(frame, saved)
        elif frame.disposal == TO_BACKGROUND:
            canvas.clear(frame)


def delays(data: bytes, name: str = "picture") -> list[float]:
    """For how many seconds each frame is shown."""
    return [frame.delay / 100 or 0.1 for frame in Screen(data, name).frames()]


def as_decoded(screen: Screen, pixels: bytearray, alpha: bytearray) -> Decoded:
    return Decoded(screen.width, screen.height, pixels, alpha if 0 in alpha else None, screen.profile, screen.text(),
                   warnings=tuple(screen.warnings))


def row_order(height: int, interlaced: bool) -> range | list[int]:
    """The rows in the order of the file."""
    if not interlaced:
        return range(height)
    return [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)]


def whole_rows(screen: Screen, frame: Frame) -> Iterator[bytes]:
    """The colour numbers of a frame, some whole rows at a time. Rows that the codes do not reach are left out."""
    pixels = frame.width * frame.height
    there, rest = 0, b""
    try:
        for numbers in lzw_decoded(frame.codes, frame.code_size, pixels):
            there += len(numbers)
            rest += numbers
            if end := len(rest) // max(frame.width, 1) * frame.width:
                yield rest[:end]
                rest = rest[end:]
    except ValueError as error:
        raise screen.damaged(str(error), "one that is already known") from None
    if there < pixels:
        screen.warnings.append(f"a frame ends after {there} of {pixels} pixels; the rest is transparent")


def lzw_decoded(codes: bytes, size: int, wanted: int) -> Iterator[bytes]:
    """The first `wanted` bytes, in pieces, of what `codes` stand for; fewer if they end before.

    A table's entry is the bytes that a code stands for. Each code after the first adds one: what the code before
    stood for and the first byte of what this one does.
    """
    clear = 2 ** size
    end = clear + 1
    table: list[bytes] = [bytes((number,)) for number in range(clear)] + [b"", b""]
    pieces: list[bytes] = []
    held = 0                                # bytes in `pieces`
    bits, have, at = 0, 0, 0                # read but not yet used
    width, full = size + 1, clear * 2       # of a code now; the length of the table at which codes grow by a bit
    before = b""
    while True:
        while have < width:
            if at == len(codes):
                yield b"".join(pieces)
                return
            bits |= codes[at] << have
            have += 8
            at += 1
        code = bits & (1 << width) - 1
        bits >>= width
        have -= width
        if code == clear:
            del table[clear + 2:]
            width, full, before = size + 1, clear * 2, b""
            continue
        if code == end:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and before:
            entry = before + before[:1]
        else:
            raise ValueError(f"the LZW code {code} where {len(table)} are known")
        if before and len(table) < MOST_CODES:
            table.append(before + entry[:1])
            if len(table) == full and width < 12:
                width += 1
                full *= 2
        before = entry
        pieces.append(entry)
        held += len(entry)
        if held >= BLOCK or held >= wanted:
            yield b"".join(pieces)[:wanted]
            wanted -= held
            if wanted <= 0:
                return
            pieces, held = [], 0
    yield b"".join(pieces)


# ---- Whole rows ------------------------------------------------------------------------------------------------------
# Bytes as one large integer: a bit operation on it is the same operation on each of them.

@functools.cache
def only(number: int) -> bytes:
    """A table for bytes.translate: `number` to 255, anything else to 0."""
    return bytes(255 * (byte == number) for byte in range(256))


def tripled(mask: bytes) -> bytearray:
    """A mask of pixels as a mask of their three bytes."""
    wide = bytearray(3 * len(mask))
    wide[0::3] = wide[1::3] = wide[2::3] = mask
    return wide


def number(data: bytes | bytearray | memoryview) -> int:
    return int.from_bytes(data, "little")


def choose(first: bytes | bytearray, second: bytes | bytearray, mask: bytes | bytearray) -> bytearray:
    """`first` where `mask` is 255, `second` where it is 0."""
    a, b = number(first), number(second)
    return bytearray((b ^ (a ^ b) & number(mask)).to_bytes(len(mask), "little"))


# ---- Colours ---------------------------------------------------------------------------------------------------------
# A picture's colours are counted, then gathered into boxes (Heckbert's median cut, split at the mean of the channel
# with the largest variance, as Wu does), then the boxes' means are improved by k-means (Lloyd). Both work on at most
# 65,536 cells of 5, 6 and 5 bits of blue, green and red, or, where a picture has few colours, on these themselves.
# A pixel becomes a palette's number by one look-up.

MOST_COLOURS = 8192             # as many are counted exactly; more are counted by cells
MOST_SEARCHES = 20_000          # by k-means: as many rounds as fit, one to eight. A second one gains 0.07 dB

Colour = tuple[int, int, int]   # blue, green, red


def colour_keys(pixels: bytes | bytearray | memoryview) -> memoryview:
    """A number a pixel: blue, green, red, 0."""
    wide = bytearray(len(pixels) // 3 * 4)
    for channel in range(3):
        wide[channel::4] = pixels[channel::3]
    return memoryview(wide).cast("I")


def colour_of(key: int) -> Colour:
    blue, green, red, _ = key.to_bytes(4, sys.byteorder)
    return blue, green, red


# From a byte to 5 or 6 bits, the nearest of 32 or 64 levels, and where these stand in a cell's two bytes.
CELL_BLUE = bytes((31 * level + 127) // 255 for level in range(256))
CELL_GREEN = bytes((63 * level + 127) // 255 % 8 << 5 for level in range(256))
CELL_HIGH_GREEN = bytes((63 * level + 127) // 255 // 8 for level in range(256))
CELL_RED = bytes((31 * level + 127) // 255 << 3 for level in range(256))


def cell_keys(pixels: bytes | bytearray | memoryview) -> memoryview:
    """A number a pixel, below 65,536: the cell of its colour."""
    blue, green, red = (bytes(pixels[channel::3]) for channel in range(3))
    cells = bytearray(2 * len(blue))
    for place, one, other in ((0, blue.translate(CELL_BLUE), green.translate(CELL_GREEN)),
                              (1, green.translate(CELL_HIGH_GREEN), red.translate(CELL_RED))):
        cells[place::2] = (number(one) | number(other)).to_bytes(len(blue), "little")
    return memoryview(cells).cast("H")


def cell_colour(key: int) -> Colour:
    """The colour in the middle of a cell."""
    low, high = key.to_bytes(2, sys.byteorder)
    blue, green, red = low & 31, high % 8 << 3 | low >> 5, high >> 3
    return (blue * 510 + 31) // 62, (green * 510 + 63) // 126, (red * 510 + 31) // 62


def blocks(pixels: bytearray | bytes) -> Iterator[memoryview]:
    view = memoryview(pixels)
    for at in range(0, len(view), 3 * BLOCK):
        yield view[at:at + 3 * BLOCK]


class Histogram:
    """How often each colour is there: exactly while there are few, by cells always."""

    def __init__(self) -> None:
        self.exact: Counter[int] | None = Counter()
        self.cells: Counter[int] = Counter()
        self.samples: dict[int, int] = {}       # a colour that occurs, for each cell: flat areas keep theirs

    def add(self, pixels: bytearray | bytes) -> None:
        if steps := faster(len(pixels) // 3):
            steps.add_colours(self, pixels)
            return
        for block in blocks(pixels):
            colours, cells = colour_keys(block), cell_keys(block)
            if self.exact is not None:
                self.exact.update(colours)
                if len(self.exact) > MOST_COLOURS:
                    self.exact = None
            self.cells.update(cells)
            self.samples.update(zip(cells, colours))


class Palette:
    """At most `most` colours for what `histogram` counted. `exact`: they are all that there are."""

    def __init__(self, histogram: Histogram, most: int) -> None:
        self.few = histogram.exact is not None
        if histogram.exact is not None:
            counts = {colour_of(key): count for key, count in histogram.exact.items()}
        else:
            counts = {colour_of(histogram.samples[key]): count for key, count in histogram.cells.items()}
        self.exact = self.few and len(counts) <= most
        self.steps = faster(sum(histogram.cells.values()))
        self.colours = sorted(counts) if self.exact else best_colours(counts, most, self.steps or sys.modules[__name__])
        if self.few:
            self.numbers = Nearest(self.colours)
        else:
            samples = histogram.samples
            self.numbers = Nearest(self.colours, lambda key: colour_of(samples[key]) if key in samples
                                   else cell_colour(key))

    @functools.cached_property
    def dither(self) -> float:
        """How much a level is moved: 0.8 of the mean distance of a colour from its nearest neighbour, which left the
        least error after blurring of the 0.4, 0.6 and 0.8 tried."""
        total = 0.0
        for colour in self.colours:
            total += min((math.dist(colour, other) for other in self.colours if other != colour), default=0)
        return 0.8 * total / len(self.colours)

    def indexed(self, pixels: bytearray | bytes) -> bytes:
        """The numbers of the nearest colours, a byte a pixel."""
        parts = []
        for block in blocks(pixels):
            keys = colour_keys(block) if self.few else cell_keys(block)
            if self.steps:
                self.steps.find(self.numbers, keys)
            parts.append(bytes(map(self.numbers.__getitem__, keys)))
        return b"".join(parts)


def best_colours(counts: dict[Colour, int], most: int, steps: Any) -> list[Colour]:
    colours = box_means(counts, most)
    for _ in range(min(max(MOST_SEARCHES // len(counts), 1), 8)):
        sums = [[0, 0, 0, 0] for _ in colours]
        for ((blue, green, red), count), number in zip(counts.items(), steps.nearest(colours, list(counts))):
            total = sums[number]
            total[0] += count
            total[1] += count * blue
            total[2] += count * green
            total[3] += count * red
        colours = [((2 * b + n) // (2 * n), (2 * g + n) // (2 * n), (2 * r + n) // (2 * n)) if n else colour
                   for (n, b, g, r), colour in zip(sums, colours)]
    return sorted(set(colours))


def nearest(colours: list[Colour], points: Iterable[Colour]) -> Iterable[int]:
    """For each point the number of the nearest colour, of equals the first."""
    found = Nearest(colours)
    return (found.find(*point) for point in points)


class Box:
    """Colours that become one: for each its count, blue, green, red, as four lists."""

    def __init__(self, counts: list[int], channels: list[list[int]]) -> None:
        self.counts, self.channels = counts, channels
        self.total = sum(counts)
        weighted = [list(map(mul, counts, values)) for values in channels]
        sums = [sum(values) for values in weighted]
        self.means = [part / self.total for part in sums]
        spreads = [sum(map(mul, products, values)) - part * mean
                   for products, values, part, mean in zip(weighted, channels, sums, self.means)]
        self.error = sum(spreads)
        self.longest = spreads.index(max(spreads))

    def halves(self) -> tuple[Box, Box]:
        mean = self.means[self.longest]
        lower = [value <= mean for value in self.channels[self.longest]]
        upper = list(map(not_, lower))
        first, second = (Box(list(compress(self.counts, side)), [list(compress(c, side)) for c in self.channels])
                         for side in (lower, upper))
        return first, second


def box_means(counts: dict[Colour, int], most: int) -> list[Colour]:
    """The box with the largest squared error is halved until there are `most`."""
    start = Box(list(counts.values()), [list(values) for values in zip(*counts)])
    queue = [(-start.error, 0, start)]          # the middle number decides between equals
    for turn in range(1, most):
        if len(queue[0][2].counts) < 2:
            break
        for place, half in enumerate(heapq.heappop(queue)[2].halves()):
            heapq.heappush(queue, (-half.error, 2 * turn + place, half))
    return [(round(blue), round(green), round(red)) for blue, green, red in (box.means for _, _, box in queue)]


class Lanes:
    """Some numbered colours, in integers with a lane of 32 bits for each.

    The square of the distance from x to p is |x|^2 + |p|^2 - 2 x p: without |x|^2 the order is the same. Three
    multiplications give it for all p; a colour's number is the lowest byte of its lane, so that the smallest lane
    names it.
    """

    def __init__(self, colours: list[tuple[int, Colour]]) -> None:
        def lanes(values: Iterable[int]) -> int:
            return number(b"".join(value.to_bytes(4, "little") for value in values))

        self.size = 4 * len(colours)
        # x p is written as 255 p - (255 - x) p, and 2^19 added: no lane is negative
        self.base = lanes((sum(level * level - 510 * level for level in colour) + 2 ** 19) * 256 + count
                          for count, colour in colours)
        self.factors = tuple(lanes(512 * colour[channel] for _, colour in colours) for channel in range(3))


class Nearest(dict):
    """Keys to the number of the nearest of `colours`; each is sought once.

    Of the colours those are looked at that can be the nearest of anything in the same cube of 32 levels a side: their
    distance from its middle is at most that of the nearest one plus the cube's diagonal.
    """

    def __init__(self, colours: list[Colour], colour_of_key: Callable[[int], Colour] = colour_of) -> None:
        self.colours, self.colour_of_key = colours, colour_of_key
        self.cubes: dict[tuple[int, int, int], Lanes] = {}

    def __missing__(self, key: int) -> int:
        found = self[key] = self.find(*self.colour_of_key(key))
        return found

    def find(self, blue: int, green: int, red: int) -> int:
        place = blue >> 5, green >> 5, red >> 5
        near = self.cubes.get(place) or self.near(place)
        b, g, r = near.factors
        distances = near.base + (255 - blue) * b + (255 - green) * g + (255 - red) * r
        return min(memoryview(distances.to_bytes(near.size, sys.byteorder)).cast("I")) & 255

    def near(self, place: tuple[int, int, int]) -> Lanes:
        middle = [32 * part + 15.5 for part in place]
        distances = [math.dist(middle, colour) for colour in self.colours]
        limit = min(distances) + 31 * 3 ** 0.5 + 0.001
        found = self.cubes[place] = Lanes([(count, colour) for count, (colour, distance)
                                           in enumerate(zip(self.colours, distances)) if distance <= limit])
        return found


# ---- Dithering -------------------------------------------------------------------------------------------------------
# Ordered, not by diffusion of errors: what stands still in an animation then stands still in its dither too.

def bayer(side: int) -> list[list[int]]:
    """The numbers from 0 to side^2 - 1 spread evenly over a square (Bayer, 1973)."""
    if side == 1:
        return [[0]]
    half = bayer(side // 2)
    return [[4 * value + more for more in pair for value in row] for pair in ((0, 2), (3, 1)) for row in half]


SIDE = 8


def dithered(pixels: bytearray | bytes, width: int, amount: float) -> bytearray:
    """`pixels`, each level moved by up to `amount` / 2 up or down, as its place in a square of 8 x 8 has it.

    Green's square is mirrored and red's upside down: colours in between come out better than with one for all.
    """
    square = [[shift_table(round(((value + 0.5) / SIDE ** 2 - 0.5) * amount)) for value in row] for row in bayer(SIDE)]
    squares = square, [row[::-1] for row in square], square[::-1]
    result = bytearray(pixels)
    step = 3 * SIDE
    for y, at in enumerate(range(0, len(pixels), 3 * width)):
        row = pixels[at:at + 3 * width]
        for place in range(min(step, len(row))):
            table = squares[place % 3][y % SIDE][place // 3]
            result[at + place:at + len(row):step] = row[place::step].translate(table)
    return result


@functools.cache
def shift_table(amount: int) -> bytes:
    return bytes(min(max(level + amount, 0), 255) for level in range(256))


# ---- LZW -------------------------------------------------------------------------------------------------------------

def lzw_encoded(numbers: bytes | bytearray, size: int) -> bytes:
    """`numbers`, at least one, each below 2 ** size, as codes. A full table is cleared."""
    clear = 2 ** size
    written = bytearray()
    bits, have = clear, size + 1        # not yet written: the first code, which clears the table
    table: dict[int, int] = {}          # a code << 8 | the next byte: the code of both
    find = table.get
    codes: list[int] = []               # since the table was cleared
    free = clear + 2
    code = numbers[0]
    for byte in memoryview(numbers)[1:]:
        both = code << 8 | byte
        found = find(both)
        if found is not None:
            code = found
            continue
        codes.append(code)
        code = byte
        table[both] = free
        free += 1
        if free == MOST_CODES:
            codes.append(clear)
            bits, have = written_bits(written, bits, have, code_bits(codes, size))
            table.clear()
            codes = []
            free = clear + 2
    bits, have = written_bits(written, bits, have, code_bits([*codes, code, clear + 1], size))
    return bytes(written) + bits.to_bytes(1, "little") * (have > 0)


def written_bits(written: bytearray, bits: int, have: int, more: str) -> tuple[int, int]:
    """Append `bits`, `have` of them, and `more` to `written`; what is left of a byte."""
    bits |= int(more, 2) << have
    have += len(more)
    written += (bits & (1 << have // 8 * 8) - 1).to_bytes(have // 8, "little")
    return bits >> have // 8 * 8, have % 8


def code_bits(codes: list[int], size: int) -> str:
    """The codes after a clear code as binary digits, the last code first.

    Each adds an entry to the reader's table when the next is read; a code is as long as the table's last number then.
    """
    parts = []
    at = 0
    for width in range(size + 1, 13):
        end = 2 ** width - (2 ** size + 1)          # here the table's last number is 2 ** width
        parts.append("".join(map(digits(width).__getitem__, codes[at:end][::-1])))
        at = end
    return "".join(reversed(parts))


@functools.cache
def digits(width: int) -> list[str]:
    return [format(code, f"0{width}b") for code in range(2 ** width)]


# ---- Writing ---------------------------------------------------------------------------------------------------------

def encode(picture: Picture, extras: Extras = Extras()) -> bytes:
    """`picture` as a GIF file, with the same colours if it has at most 256."""
    palette, numbers = reduced(picture.pixels, picture.width, extras.dither, 256)
    return (header(picture.width, picture.height, palette.colours, extras)
            + frame_block((0, 0, picture.width, picture.height), b"", numbers, table_bits(palette.colours))
            + bytes((TRAILER,)))


def reduced(pixels: bytearray | bytes, width: int, dither: bool, most: int) -> tuple[Palette, bytes]:
    """A palette of these pixels, and their numbers in it."""
    histogram = Histogram()
    histogram.add(pixels)
    palette = Palette(histogram, most)
    return palette, palette.indexed(dithered_for(palette, pixels, width) if dither else pixels)


def dithered_for(palette: Palette, pixels: bytearray | bytes, width: int) -> bytearray | bytes:
    return pixels if palette.exact else dithered(pixels, width, palette.dither)


def table_bits(colours: list[Colour]) -> int:
    """A table's length is a power of two: which."""
    return max((len(colours) - 1).bit_length(), 1)


def table(colours: list[Colour]) -> bytes:
    return b"".join(bytes(colour[::-1]) for colour in colours).ljust(3 << table_bits(colours), b"\0")


def header(width: int, height: int, colours: list[Colour], extras: Extras, moving: bool = False) -> bytes:
    """All before the first frame."""
    flags = 0xf0 | table_bits(colours) - 1 if colours else 0x70
    parts: list[bytes] = [b"GIF89a", width.to_bytes(2, "little"), height.to_bytes(2, "little"), bytes((flags, 0, 0))]
    if colours:
        parts.append(table(colours))
    if moving and extras.loop != 1:     # NETSCAPE2.0 counts the repeats after the first time; 0: for ever
        repeats = min(max(extras.loop - 1, 0), 65535)
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\3\1" + repeats.to_bytes(2, "little") + b"\0")
    if extras.profile:
        parts.append(b"\x21\xff\x0bICCRGBG1012" + sub_blocks(extras.profile))
    if extras.comment:
        parts.append(b"\x21\xfe" + sub_blocks(extras.comment.encode()))
    return b"".join(parts)


def sub_blocks(data: bytes) -> bytes:
    parts: list[bytes] = []
    for at in range(0, len(data), 255):
        part = data[at:at + 255]
        parts += bytes((len(part),)), part
    return b"".join(parts) + b"\0"


Rectangle = tuple[int, int, int, int]       # left, top, width, height


def frame_block(place: Rectangle, local: bytes, numbers: bytes | bytearray, bits: int) -> bytes:
    """A frame of colour numbers of `bits` bits, with a table of its own if `local` is one."""
    size = max(bits, 2)
    steps: Any = faster(len(numbers)) or sys.modules[__name__]
    flags = 0x80 | bits - 1 if local else 0
    return (bytes((IMAGE,)) + b"".join(side.to_bytes(2, "little") for side in place) + bytes((flags,)) + local
            + bytes((size,)) + sub_blocks(steps.lzw_encoded(numbers, size)))


def control_block(delay: int, transparent: int) -> bytes:
    return (bytes((EXTENSION, CONTROL, 4, KEEP << 2 | (transparent >= 0))) + delay.to_bytes(2, "little")
            + bytes((max(transparent, 0), 0)))


SHORTEST = Fraction(1, 50)      # seconds a frame; browsers show one of 0.01 s for 0.1 s
LONGEST = Fraction(65534, 100)


class Animation:
    """An animation written to `sink`, which need not be seekable; `delay` is the time of each frame in seconds.

    palette "each": every frame has its own colours and is written at once. palette "one": all share theirs, which
    flickers less and is shorter; for that they are kept in a temporary file, and all is written by `close`.
    """

    def __init__(self, sink, width: int, height: int, delay: float | Fraction, extras: Extras = Extras(),
                 palette: str = "each") -> None:
        if palette not in ("one", "each"):
            raise ValueError(f"palette {palette!r}; expected 'one' or 'each'")
        self.sink, self.width, self.height, self.extras = sink, width, height, extras
        self.delay = Fraction(delay)
        if self.delay < SHORTEST:
            say(f"GIF: {float(1 / self.delay):.4g} frames a second are written as {1 / SHORTEST}: viewers slow down"
                " what is faster")
            self.delay = SHORTEST
        if self.delay > LONGEST:
            raise DeepDreamError(f"GIF: {float(self.delay):.4g} s a frame; expected at most {float(LONGEST)} s;"
                                 " choose a higher rate of frames, or PNG")
        self.count = 0                          # of frames
        self.last: bytes | bytearray = b""      # what the screen shows: pixels, or with one palette their numbers
        self.kept = tempfile.TemporaryFile() if palette == "one" else None      # noqa: SIM115 (close closes it)
        self.lengths: list[int] = []
        self.histogram = Histogram()

    def add(self, picture: Picture) -> None:
        if (picture.width, picture.height) != (self.width, self.height):
            raise ValueError(f"a frame of {picture.width} x {picture.height} in an animation of {self.width} x"
                             f" {self.height}")
        if self.kept is None:
            self.write_own(bytes(picture.pixels))
        else:
            self.histogram.add(picture.pixels)
            self.lengths.append(self.kept.write(zlib.compress(picture.pixels, 1)))

    def close(self) -> None:
        """Write what is not yet written. Without a frame there is no file."""
        if self.kept is not None:
            with self.kept:
                if self.lengths:
                    self.write_kept()
            self.kept = None
        if self.count:
            self.sink.write(bytes((TRAILER,)))

    def give_up(self) -> None:
        """Instead of close: let go of what is kept."""
        if self.kept is not None:
            self.kept.close()

    def write_own(self, pixels: bytes) -> None:
        """A frame with its own colours. What has not changed keeps the colours that it was first shown in."""
        if not self.count:
            self.sink.write(header(self.width, self.height, [], self.extras, moving=True))
        place, part = changed(self.last, pixels, self.width, self.height, 3)
        old = cut(self.last, self.width, place, 3)
        palette, numbers = reduced(part, place[2], self.extras.dither, 255)
        local = table([*palette.colours, (0, 0, 0)])
        self.write_frame(place, local, numbers, unchanged(old, part, 3), len(palette.colours))
        self.last = pixels

    def write_kept(self) -> None:
        assert self.kept is not None
        palette = Palette(self.histogram, 255 if len(self.lengths) > 1 else 256)
        colours = [*palette.colours, (0, 0, 0)][:256]
        self.sink.write(header(self.width, self.height, colours, self.extras, moving=True))
        self.kept.seek(0)
        for length in self.lengths:
            pixels: bytes | bytearray = zlib.decompress(self.kept.read(length))
            if self.extras.dither:
                pixels = dithered_for(palette, pixels, self.width)
            numbers = palette.indexed(pixels)
            place, part = changed(self.last, numbers, self.width, self.height, 1)
            old = cut(self.last, self.width, place, 1)
            self.write_frame(place, b"", part, unchanged(old, part, 1), len(palette.colours), table_bits(colours))
            self.last = numbers

    def write_frame(self, place: Rectangle, local: bytes, numbers: bytes | bytearray, mask: bytes, free: int,
                    bits: int = 0) -> None:
        """One frame, the pixels that `mask` names transparent if that makes it shorter; `free` is no colour's number.
        """
        bits = bits or (len(local) // 3 - 1).bit_length()
        block, transparent = frame_block(place, local, numbers, bits), -1
        if mask.count(255) * WORTH_TRYING > len(mask):
            other = frame_block(place, local, choose(bytes((free,)) * len(mask), numbers, mask), bits)
            if len(other) < len(block):
                block, transparent = other, free
        begin, end = (round(self.delay * number * 100) for number in (self.count, self.count + 1))
        self.sink.write(control_block(end - begin, transparent) + block)
        self.count += 1


WORTH_TRYING = 16       # a transparent colour, where more than this part of the pixels have not changed


def changed(old: bytes | bytearray, new: bytes | bytearray, width: int, height: int, size: int
            ) -> tuple[Rectangle, bytes | bytearray]:
    """The smallest rectangle, of one pixel at least, beyond which `new` is `old`, and what it holds; the whole picture
    if there is no `old`. A pixel has `size` bytes."""
    whole = (0, 0, width, height)
    if not old:
        return whole, new
    length = width * size
    rows = [y for y in range(height) if old[y * length:(y + 1) * length] != new[y * length:(y + 1) * length]]
    if not rows:
        return (0, 0, 1, 1), new[:size]
    differences = 0
    for y in range(rows[0], rows[-1] + 1):
        differences |= number(old[y * length:(y + 1) * length]) ^ number(new[y * length:(y + 1) * length])
    left = ((differences & -differences).bit_length() - 1) // (8 * size)
    right = (differences.bit_length() - 1) // (8 * size)
    place = (left, rows[0], right + 1 - left, rows[-1] + 1 - rows[0])
    return place, cut(new, width, place, size)


def cut(pixels: bytes | bytearray, width: int, place: Rectangle, size: int) -> bytes | bytearray:
    left, top, columns, rows = place
    if not pixels or columns == width and rows * width * size == len(pixels):
        return pixels
    return b"".join(pixels[at:at + columns * size]
                    for at in range((top * width + left) * size, ((top + rows) * width + left) * size, width * size))


def unchanged(old: bytes | bytearray, new: bytes | bytearray, size: int) -> bytes:
    """255 for each pixel of `new` that is that of `old`, 0 for the others; nothing if there is no `old`."""
    if not old:
        return b""
    differences = (number(old) ^ number(new)).to_bytes(len(new), "little")
    any_channel = 0
    for channel in range(size):
        any_channel |= number(differences[channel::size])
    return any_channel.to_bytes(len(new) // size, "little").translate(only(0))
