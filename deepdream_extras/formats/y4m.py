"""Y4M, the pictures of a video one after the other without compression, as ffmpeg and others write and read them.

Source: yuv4mpeg(5) of mjpegtools; what ffmpeg adds (XCOLORRANGE) from its files. A line YUV4MPEG2 with parameters, then
for each frame a line FRAME and its planes: Y (luma), U and V (what blue and red have beyond it). Colours are ITU-R
BT.601, Y 16 to 235, U and V 16 to 240 about 128, unless the file says that it uses all of 0 to 255.

    read_frames(file, name)                     the frames, as Pictures; read_header(file, name) before it, if wanted
    Animation(sink, width, height, delay)       a video: add(picture) ..., close()
"""

from __future__ import annotations

import array
import functools
import io
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from deepdream import LARGEST_SIDE, DeepDreamError, Picture
from deepdream_extras.formats import Decoded, Extras

LONGEST_LINE = 4096
PIECE = 2 ** 20         # bytes read at once: memory is taken as data come

# What follows the C of a header: how many pixels share a sample of U and V, across and down; none: grey.
# The 4:2:0 kinds differ in where the sample lies between its four pixels, which are all given its colour.
KINDS = {"420jpeg": (2, 2), "420mpeg2": (2, 2), "420paldv": (2, 2), "420": (2, 2), "422": (2, 1), "444": (1, 1),
         "mono": None}


class Header(NamedTuple):
    width: int
    height: int
    rate: Fraction | None           # frames a second
    aspect: Fraction | None         # width to height of a pixel
    chroma: tuple[int, int] | None  # pixels across and down for a sample of U and V
    full: bool                      # Y, U and V use all of 0 to 255


# ---- Reading ---------------------------------------------------------------------------------------------------------

def read_header(file, name: str = "video") -> Header:
    line = file.readline(LONGEST_LINE)
    words = line.decode("latin-1").split(" ")
    if words[0].rstrip("\n") != "YUV4MPEG2":
        raise DeepDreamError(f"{name}: not a Y4M video (it begins with {line[:10].hex(' ') or 'nothing'}); expected"
                             " YUV4MPEG2; give another file")
    if not line.endswith(b"\n"):
        raise damaged(name, "the header has no end", f"a line of at most {LONGEST_LINE} bytes")
    values = {word[0]: word[1:] for word in words[1:-1] + [words[-1].rstrip("\n")] if word and word[0] != "X"}
    sides = [values.get("W", ""), values.get("H", "")]
    if not all(side.isascii() and side.isdigit() and len(side) < 10 for side in sides):
        raise damaged(name, f"the sides {' and '.join(side[:20] or 'nothing' for side in sides)}", "two numbers")
    width, height = map(int, sides)
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise DeepDreamError(f"{name}: {width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                             " make the pictures smaller")
    kind = values.get("C", "420jpeg")
    if kind not in KINDS:
        raise DeepDreamError(f"{name}: pixels of the kind C{kind[:20]}; expected one of {', '.join(KINDS)};"
                             " with ffmpeg add -pix_fmt yuv444p")
    return Header(width, height, ratio(values.get("F", ""), "F", name), ratio(values.get("A", ""), "A", name),
                  KINDS[kind], b"XCOLORRANGE=FULL" in line.split())


def ratio(text: str, letter: str, name: str) -> Fraction | None:
    """The fraction 30:1; None for 0:0, which stands for unknown."""
    if not text:
        return None
    above, _, below = text.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 12 for part in (above, below)):
        raise damaged(name, f"the ratio {letter}{text[:20]}", f"two numbers, as in {letter}30:1")
    return Fraction(int(above), int(below)) if int(above) and int(below) else None


def damaged(name: str, found: str, expected: str) -> DeepDreamError:
    return DeepDreamError(f"{name}: {found}; expected {expected}; get it again")


def read_frames(file, name: str = "video", header: Header | None = None) -> Iterator[Picture]:
    """The frames of `file`, which may be a pipe; `header` if it has been read already."""
    if header is None:
        header = read_header(file, name)
    sizes = plane_sizes(header)
    count = 0
    while line := file.readline(LONGEST_LINE):
        count += 1
        if not line.startswith(b"FRAME") or not line.endswith(b"\n"):
            raise damaged(name, f"frame {count} begins with {line[:6].hex(' ')}", "a line FRAME")
        planes = [read_exactly(file, size, f"{name}: frame {count}") for size in sizes]
        yield to_picture(planes, header)


def plane_sizes(header: Header) -> list[int]:
    """How many bytes each plane of a frame has."""
    luma = header.width * header.height
    if not header.chroma:
        return [luma]
    chroma = -(-header.width // header.chroma[0]) * -(-header.height // header.chroma[1])
    return [luma, chroma, chroma]


def read_exactly(file, size: int, what: str) -> bytearray:
    data = bytearray()
    while len(data) < size:
        piece = file.read(min(PIECE, size - len(data)))
        if not piece:
            raise DeepDreamError(f"{what} is cut off: {len(data)} bytes of a plane; expected {size}; get it again")
        data += piece
    return data


def decode(data: bytes, name: str = "video") -> Decoded:
    """The first frame."""
    file = io.BytesIO(data)
    header = read_header(file, name)
    for picture in read_frames(file, name, header):
        return Decoded(picture.width, picture.height, picture.pixels, aspect=header.aspect)
    raise damaged(name, "a video without a frame", "one at least")


def describe(data: bytes, name: str = "video") -> Decoded:
    """`decode` without the pixels."""
    header = read_header(io.BytesIO(data), name)
    return Decoded(header.width, header.height, bytearray(), aspect=header.aspect)


# ---- Lanes -----------------------------------------------------------------------------------------------------------
# A level is a lane of 16 bits of one large integer; a sum of three levels, each times a factor, is two additions of
# what tables say of each. Lanes never borrow or carry: the tables hold offsets that keep them within 16 bits.

Table = tuple[bytes, bytes]     # from a byte to the lower and the higher byte of a lane


def table(values: list[int]) -> Table:
    return bytes(value & 255 for value in values), bytes(value >> 8 for value in values)


def lanes(levels: bytes | bytearray, entries: Table) -> bytearray:
    wide = bytearray(2 * len(levels))
    wide[0::2], wide[1::2] = levels.translate(entries[0]), levels.translate(entries[1])
    return wide


def words(data: bytes) -> array.array:
    """The lanes one by one."""
    found = array.array("H", data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def number(data: bytes | bytearray | memoryview) -> int:
    return int.from_bytes(data, "little")


# ---- To blue, green, red ---------------------------------------------------------------------------------------------
# BT.601: R = Y + 1.402 V, G = Y - 0.344 U - 0.714 V, B = Y + 1.772 U with Y 0..1, U and V -0.5..0.5.

RED_PART, BLUE_PART = 0.299, 0.114
GREEN_PART = 1 - RED_PART - BLUE_PART
STEPS = 64                          # of a level
LUMA_FLOOR, COLOUR_FLOOR = 20 * STEPS, 280 * STEPS      # stand for 0: no part of a sum is further below


class Decoding(NamedTuple):
    luma: Table
    blue: Table                 # of U
    green: tuple[Table, Table]  # of U and V
    red: Table                  # of V


@functools.cache
def decoding(full: bool) -> Decoding:
    low, luma, chroma = (0, 255, 255) if full else (16, 219, 224)

    def colour(factor: float, floor: int) -> Table:
        return table([round((level - 128) * 255 * STEPS * factor / chroma) + floor for level in range(256)])

    blue, red = 2 * (1 - BLUE_PART), 2 * (1 - RED_PART)
    return Decoding(table([round((level - low) * 255 * STEPS / luma) + LUMA_FLOOR for level in range(256)]),
                    colour(blue, COLOUR_FLOOR),
                    (colour(-blue * BLUE_PART / GREEN_PART, COLOUR_FLOOR // 2),
                     colour(-red * RED_PART / GREEN_PART, COLOUR_FLOOR // 2)),
                    colour(red, COLOUR_FLOOR))


@functools.cache
def rounded() -> bytes:
    """From a lane to the level, to the nearest of 0..255."""
    zero = LUMA_FLOOR + COLOUR_FLOOR - STEPS // 2
    return bytes(min(max((lane - zero) // STEPS, 0), 255) for lane in range(2 ** 16))


def to_picture(planes: list[bytearray], header: Header) -> Picture:
    width, height = header.width, header.height
    tables, find = decoding(header.full), rounded().__getitem__
    picture = Picture(width, height)
    across, down = header.chroma or (1, height)
    columns = -(-width // across)
    grey = b"\x80" * columns
    colours: list[int] = []             # what is added to Y in blue, green, red
    for y in range(height):
        luma = number(lanes(planes[0][y * width:(y + 1) * width], tables.luma))
        if y % down == 0:
            at = y // down * columns
            u, v = (widened(plane[at:at + columns], across, width) for plane in planes[1:] or (grey, grey))
            colours = [number(lanes(u, tables.blue)),
                       number(lanes(u, tables.green[0])) + number(lanes(v, tables.green[1])),
                       number(lanes(v, tables.red))]
        row = bytearray(3 * width)
        for channel, colour in enumerate(colours):
            row[channel::3] = bytes(map(find, words((luma + colour).to_bytes(2 * width, "little"))))
        picture.pixels[3 * y * width:3 * (y + 1) * width] = row
    return picture


def widened(levels: bytes | bytearray, across: int, width: int) -> bytes | bytearray:
    if across == 1:
        return levels
    wide = bytearray(2 * len(levels))
    wide[0::2] = wide[1::2] = levels
    return wide[:width]


# ---- From blue, green, red -------------------------------------------------------------------------------------------

@functools.cache
def encoding() -> list[list[Table]]:
    """For Y, U and V: tables of blue, green and red whose sum has the level, rounded, in its higher byte."""
    y = (BLUE_PART, GREEN_PART, RED_PART)
    u = [((channel == 0) - part) / (2 * (1 - BLUE_PART)) for channel, part in enumerate(y)]
    v = [((channel == 2) - part) / (2 * (1 - RED_PART)) for channel, part in enumerate(y)]
    result = []
    for factors, scale in ((y, 219 * 256 / 255), (u, 224 * 256 / 255), (v, 224 * 256 / 255)):
        # where a factor is negative its largest part is added, 112 for U and V together: they begin at 16, as Y does
        floors = [max(-factor, 0) * 255 * scale for factor in factors]
        floors[0] += 16.5 * 256
        result.append([table([round(factor * scale * level + floor) for level in range(256)])
                       for factor, floor in zip(factors, floors)])
    return result


def to_planes(picture: Picture, halved: bool) -> list[bytearray]:
    """Y, U and V; U and V of four pixels together if `halved`, the last row and column doubled where one is alone."""
    width, height = picture.width, picture.height
    tables = encoding()
    planes = [bytearray(), bytearray(), bytearray()]
    columns = width + width % 2 if halved else width
    lower = number(b"\xff\xff\0\0" * (columns // 2))
    above: list[int] = []
    for y in range(height):
        row = picture.pixels[3 * y * width:3 * (y + 1) * width]
        row += row[-3:] * (columns - width)
        sums = [sum(number(lanes(row[channel::3], entries)) for channel, entries in enumerate(three))
                for three in tables]
        planes[0] += sums[0].to_bytes(2 * columns, "little")[1:2 * width:2]
        if not halved:
            for plane, colour in zip(planes[1:], sums[1:]):
                plane += colour.to_bytes(2 * columns, "little")[1::2]
            continue
        pairs = [(colour & lower) + (colour >> 16 & lower) for colour in sums[1:]]      # in lanes of 32 bits
        if y % 2 == 0:
            above = pairs
        if y % 2 or y == height - 1:
            for plane, one, other in zip(planes[1:], above, pairs):
                plane += ((one + other) >> 2).to_bytes(2 * columns, "little")[1::4]
    return planes


class Animation:
    """A video written to `sink`, which may be a pipe; `delay` is the time of a frame in seconds.

    A delay of type float is taken for the fraction that rates are written with: 1001 / 30000, not what a float holds.
    """

    def __init__(self, sink, width: int, height: int, delay: float | Fraction, extras: Extras = Extras()) -> None:
        rate = 1 / Fraction(delay)
        if isinstance(delay, float):
            rate = rate.limit_denominator(1001)
        self.sink, self.width, self.height = sink, width, height
        self.halved = extras.subsampling == "4:2:0"
        kind = "420jpeg" if self.halved else "444"
        aspect = extras.aspect or Fraction(1)
        sink.write(f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip"
                   f" A{aspect.numerator}:{aspect.denominator} C{kind}\n".encode())

    def add(self, picture: Picture) -> None:
        if (picture.width, picture.height) != (self.width, self.height):
            raise ValueError(f"a frame of {picture.width} x {picture.height} in a video of {self.width} x"
                             f" {self.height}")
        self.sink.write(b"FRAME\n")
        for plane in to_planes(picture, self.halved):
            self.sink.write(plane)

    def close(self) -> None:
        self.sink.flush()

    def give_up(self) -> None:
        """Instead of close. Here nothing is kept."""


def encode(picture: Picture, extras: Extras = Extras()) -> bytes:
    """`picture` as a video of one frame, which is shown for a second."""
    sink = io.BytesIO()
    video = Animation(sink, picture.width, picture.height, 1, extras)
    video.add(picture)
    video.close()
    return sink.getvalue()
