#!/usr/bin/env python3
"""DeepDream in plain Python: dream on pictures, classify them, fool the classifier.

    python3 deepdream.py photo.jpg -o dream.png        dream
    python3 deepdream.py classify photo.jpg            what is it?
    python3 deepdream.py --help                        everything else
    import deepdream                                   the same from a program: load, classify, dream, adversarial

The network is Inception-V1; its weights come from a frozen TensorFlow graph, its operations from inception_graph.py.
This module computes them with nothing but Python, exactly and slowly; deepdream_extras/simd writes machine code for
the same layers and is a hundred times faster and more. Neither trains a network.

The file reads downwards: messages, pictures, BMP, picture files, resizing, weights, layers, network, dreaming,
classifying, self-test, command line. Letters: h w height and width of a tensor, c its channels; kh kw height and width
of a kernel, ci co the channels it takes and gives; oh ow height and width of what a layer gives; x what a layer reads,
y what it writes, dx dy their gradients. Tensors are flat float32 buffers, row-major [h, w, c], weights
[kh, kw, ci, co]; the three channels of a picture are blue, green, red.
"""

from __future__ import annotations

import sys

if (python := sys.version_info[:2]) < (3, 10):      # Python before 3.8 stops at this line; 3.10 or newer is needed
    too_old = f"deepdream needs Python 3.10 or newer; this is {python[0]}.{python[1]}"
    raise SystemExit(f"deepdream: error: {too_old}") if __name__ == "__main__" else ImportError(too_old)
if __name__ == "__main__":
    import _signal as early  # what of `signal` needs no imports itself
    if early.getsignal(early.SIGINT) is early.default_int_handler:
        early.signal(early.SIGINT, early.SIG_DFL)       # nothing is begun yet: die of Ctrl-C without a word
    import os
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))         # python3 -I and -P leave it out

import array
import contextlib
import copy
import errno
import functools
import io
import math
import mmap
import os
import select
import signal
import stat
import struct
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import compress, cycle, product, repeat
from operator import add, mul, sub
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple, NoReturn, Protocol

import inception_graph

sys.modules.setdefault("deepdream", sys.modules[__name__])      # as a script too, so that extras import this module

__version__ = "1.0"


# ---- Messages --------------------------------------------------------------------------------------------------------
# Results go to stdout; these, and how far the work is, go to stderr.

class DeepDreamError(Exception):
    """Something the user can mend: one line that names the file, what was found, what was expected, what to do."""


class NoRoom(DeepDreamError):
    """A disk takes no more: no fault of the file that was to be written, and the next one will not do better."""


NO_ROOM = {getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EROFS")}       # full, as much as allowed, sealed


def say(message: str) -> None:
    """One line to the user, if anybody listens."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(f"deepdream: {message}", file=sys.stderr, flush=True)


def answer(text: str, stream=None) -> None:
    """Lines of a mode's result, on stdout if no other stream is given. BrokenPipeError: nobody reads them any more."""
    stream = stream or sys.stdout
    if stream is None:
        raise DeepDreamError("stdout is closed; the result goes there, so give it a file or a pipe")
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DeepDreamError(f"stdout: cannot be written ({error.strerror or error}); the result goes there") from None


def resolve(what: Any) -> Any:
    """What a row of a table names: "module:name" is in deepdream_extras, and loaded now; anything else is itself."""
    if not isinstance(what, str):
        return what
    import importlib
    module, _, name = what.partition(":")
    try:
        return getattr(importlib.import_module(f"deepdream_extras.{module}"), name)
    except ModuleNotFoundError as error:
        if f"deepdream_extras.{module}".startswith(str(error.name)):
            raise DeepDreamError(f"{str(error.name).replace('.', '/')} is missing beside deepdream.py; take it from the"
                                 " project again") from None
        raise


def duration(seconds: float) -> str:
    """8 s, 2 min 05 s, 1 h 20 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


class StatusLine:
    """Messages for people: whole lines, and on a terminal one last line that is drawn over and over.

    `show` draws that line (ten times a second at most, and only if the stream is a terminal that can);
    `say` writes a whole line above it. A stream that cannot be written to is silently given up.
    """

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.live = (self.stream is not None and self.stream.isatty() and os.environ.get("TERM") != "dumb")
        self.drawn = 0           # columns that the live line takes
        self.next_time = 0.0

    def show(self, text: str) -> None:
        if self.live and time.monotonic() >= self.next_time:
            self.next_time = time.monotonic() + 0.1
            text = text[:self._columns() - 1]
            self._write("\r" + text.ljust(self.drawn))    # blanks erase everywhere; escape codes do not
            self.drawn = len(text)

    def say(self, text: str) -> None:
        self.clear()
        self._write(text + "\n")

    def clear(self) -> None:
        if self.drawn:
            self._write("\r" + " " * self.drawn + "\r")
            self.drawn = 0

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self.stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, text: str) -> None:
        try:
            if self.stream is not None:
                self.stream.write(text)
                self.stream.flush()
        except (OSError, ValueError):
            self.stream, self.live = None, False


# ---- Pictures --------------------------------------------------------------------------------------------------------
# A picture file is read whole, checked before any memory is taken for its pixels, and turned into a Picture.

LARGEST_SIDE = 16384            # pixels; a picture of this side takes 805 MB
LARGEST_FILE = 4 * LARGEST_SIDE ** 2 + 2 ** 16
LARGEST_SPARSE = 2 ** 20        # pixels; see check_bmp_size


Pixels = bytearray | array.array        # levels 0 .. 255 as bytes, or as floats not yet rounded


class Picture:
    """Colours: `pixels` holds height*width*3 levels, rows from the top, each pixel blue, green, red.

    They are bytes. Only a dream that is not rounded between its steps has them as floats.
    """

    __slots__ = ("width", "height", "pixels")

    def __init__(self, width: int, height: int, pixels: Any = None) -> None:
        self.width = width
        self.height = height
        self.pixels: Any = bytearray(width * height * 3) if pixels is None else pixels
        if len(self.pixels) != width * height * 3:
            raise ValueError(f"{len(self.pixels)} levels cannot be {width} x {height} pixels")

    def rounded(self) -> Picture:
        """This picture in bytes: itself, or a copy of its floats rounded half up."""
        if not isinstance(self.pixels, array.array):
            return self
        return Picture(self.width, self.height, round_half_up(self.pixels))


class Decoded(NamedTuple):
    """What was in a picture file, as stored: read_file makes of it what is to be seen."""
    width: int
    height: int
    pixels: bytearray               # height*width*3: blue, green, red, rows from the top
    alpha: bytearray | None = None  # height*width: 0 transparent, 255 opaque; None: all opaque
    profile: bytes | None = None    # ICC
    comment: str = ""               # the recipe, if we wrote the file
    orientation: int = 1            # as EXIF has it, 1 to 8
    warnings: tuple[str, ...] = ()  # what was found wrong and could be lived with, a line each without the file's name
    aspect: Fraction | None = None  # of a video: width to height of a pixel, if it is known


class Extras(NamedTuple):
    """What goes into a picture file beside the pixels; a format takes what it has a place for."""
    quality: int = 92               # JPEG: 1 to 100
    subsampling: str = "4:4:4"      # JPEG: or "4:2:0"
    profile: bytes | None = None    # ICC
    comment: str = ""               # the recipe
    dither: bool = False            # GIF
    loop: int = 0                   # animations: how often they are shown; 0: for ever
    aspect: Fraction | None = None  # Y4M: width to height of a pixel


# ---- BMP -------------------------------------------------------------------------------------------------------------
# A BMP file is a file header (14 bytes), an information header whose length tells its version, masks or a colour
# table, then rows of whole 32-bit words, the bottom row first unless the height is negative. OS/2 may put an array
# header (14 bytes too) before it; what the clipboard holds, a DIB, begins with the information header.
# Sources: Microsoft, "Bitmap Storage" (BITMAPCOREHEADER to BITMAPV5HEADER); IBM, Presentation Manager Programming
# Reference (BITMAPARRAYFILEHEADER2, BITMAPINFOHEADER2); ITU-T T.4 (Huffman codes).
# Every kind that users have is read, one kind is written (24 bits, rows bottom-up).

BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS = range(7)
OS2_HUFFMAN, OS2_RLE24 = -3, -4     # 3 and 4 in OS/2's files
CORE_HEADER = 12                # OS/2 1.x: 16-bit sizes, colour table entries of 3 bytes instead of 4
# 16 to 40: Windows 3 and OS/2 2.x, whose header may end early; 64: OS/2 2.x; 52 and 56: with masks; V4; V5
HEADER_LENGTHS = {CORE_HEADER, *range(16, 41), 52, 56, 64, 108, 124}
ROW_KINDS = {BI_RGB: (1, 2, 4, 8, 16, 24, 32), BI_RLE8: (8,), BI_RLE4: (4,), OS2_HUFFMAN: (1,), OS2_RLE24: (24,),
             BI_BITFIELDS: (16, 32), BI_ALPHABITFIELDS: (16, 32)}
DEFAULT_MASKS = {16: (0x7c00, 0x03e0, 0x001f, 0), 32: (0xff0000, 0x00ff00, 0x0000ff, 0)}   # red, green, blue, alpha


class BmpHeader(NamedTuple):
    """What the headers say, checked."""
    width: int
    height: int
    top_down: bool
    bits: int                   # of one pixel
    compression: int
    start: int                  # of the rows, from the beginning of the file
    palette: bytes              # blue, green, red of each colour; at most 256
    masks: tuple[int, ...]      # the bits of red, green, blue, alpha in a pixel of 16 or 32 bits


def decode_bmp(data: bytes, name: str = "picture") -> Decoded:
    """The picture in the bytes of a BMP file. `name` begins the messages of DeepDreamError."""
    header = read_bmp_header(data, name)
    check_bmp_size(data, header, name)
    pixels = bytearray(3 * header.width * header.height)
    if header.compression in (BI_RLE8, BI_RLE4, OS2_RLE24):
        rows = rle_rows(data, header, name)
    elif header.compression == OS2_HUFFMAN:
        rows = huffman_rows(data, header, name)
    else:
        rows = stored_rows(data, header)
    to_bgr = row_converter(header)
    order = range(header.height) if header.top_down else range(header.height - 1, -1, -1)
    length = 3 * header.width
    for y, row in zip(order, rows):
        pixels[y * length:(y + 1) * length] = to_bgr(row)
    return Decoded(header.width, header.height, pixels, bmp_alpha(data, header))


def describe_bmp(data: bytes, name: str = "picture") -> Decoded:
    """decode_bmp without the pixels."""
    header = read_bmp_header(data, name)
    return Decoded(header.width, header.height, bytearray())


def bmp_alpha(data: bytes, header: BmpHeader) -> bytearray | None:
    """Alpha where the header names its bits. Many programs name them and leave them zero: then all is opaque."""
    mask = header.masks[3]
    if not mask:
        return None
    alpha, length = bytearray(header.width * header.height), header.width
    field, size = bit_field(mask, header.bits, header.width), header.bits // 8
    order = range(header.height) if header.top_down else range(header.height - 1, -1, -1)
    for y, row in zip(order, stored_rows(data, header)):
        alpha[y * length:(y + 1) * length] = field_bytes(field, size, row, int.from_bytes(row, "little"))
    return alpha if any(alpha) and alpha.count(255) < len(alpha) else None


def may_be_bmp(first: bytes) -> bool:
    """Whether a file that begins so is read as BMP: by its mark or, of a DIB, a header that makes sense."""
    if first[:2] in (b"BM", b"BA"):
        return True
    length = int.from_bytes(first[:4], "little")
    if length == CORE_HEADER:
        planes, bits, compression = *struct.unpack_from("<H H", first.ljust(12, b"\0"), 8), BI_RGB
    else:
        planes, bits, compression = struct.unpack_from("<H H I", first.ljust(20, b"\0"), 12)
    return (length in (CORE_HEADER, 40, 52, 56, 64, 108, 124) and planes == 1
            and bits in (0, *ROW_KINDS[BI_RGB]) and compression <= BI_ALPHABITFIELDS)


def find_bmp_header(data: bytes) -> tuple[int, int]:
    """Where the information header is and where the rows are, 0 if nothing tells. Of an array: of its first bitmap."""
    at = {b"BM": 14, b"BA": 28}.get(data[:2], 0)
    return at, int.from_bytes(data[at - 4:at], "little") if at else 0


def read_bmp_header(data: bytes, name: str) -> BmpHeader:
    if not may_be_bmp(data):
        raise DeepDreamError(f"{name}: not a BMP file (it begins with {data[:4].hex(' ') or 'nothing'}); expected 42"
                             " 4d; give another file")
    at, start = find_bmp_header(data)
    length = int.from_bytes(data[at:at + 4], "little")
    if data[:2] == b"BA" and not b"BM".startswith(data[14:16]):
        raise DeepDreamError(f"{name}: an OS/2 array of icons or pointers (its first part begins with"
                             f" {data[14:16].hex(' ')}); expected bitmaps (42 4d); save the picture as BMP")
    if len(data) < at + CORE_HEADER or length in HEADER_LENGTHS and len(data) < at + length:
        raise DeepDreamError(f"{name}: the file ends inside the BMP header ({len(data)} bytes); get it again")
    if length not in HEADER_LENGTHS:
        raise DeepDreamError(f"{name}: a BMP header of {length} bytes; expected {CORE_HEADER}, 16 to 40, 52, 56, 64,"
                             " 108 or 124; save the picture again as 24-bit BMP")
    if length == CORE_HEADER:
        width, height, bits = struct.unpack_from("<H H 2x H", data, at + 4)
        compression = colours = 0
    else:
        fields = data[at + 4:at + length].ljust(36, b"\0")
        width, height, bits, compression, colours = struct.unpack_from("<i i 2x H I 12x I", fields)
    compression = bmp_compression(length, bits, compression, name)
    masks = DEFAULT_MASKS.get(bits, (0, 0, 0, 0))
    after = at + length
    if compression in (BI_BITFIELDS, BI_ALPHABITFIELDS):
        # At the same place in all files: in the header or, when it has 40 bytes, behind it.
        masks = struct.unpack("<I I I I", data[at + 40:at + 56].ljust(16, b"\0"))
        if length < 56 and compression == BI_BITFIELDS:
            masks = (*masks[:3], 0)
        if not any(masks[:3]):
            raise DeepDreamError(f"{name}: the bit masks are empty; expected which bits are red, green and blue;"
                                 " save the picture again as 24-bit BMP")
        if length == 40:
            after += 12 if compression == BI_BITFIELDS else 16
    if start == at + length and (bits <= 8 or after > start):
        # Some programs do not count masks and colours, so this says nothing (Pillow's issue 5246, Allegro's 523).
        start = 0
    if start and start < after:
        raise DeepDreamError(f"{name}: the rows begin at byte {start}, inside the header;"
                             f" expected {after} or more; save the picture again as 24-bit BMP")
    entry = 3 if length == CORE_HEADER else 4
    if bits <= 8:
        colours = colours or 2 ** bits
    start = start or after + entry * colours
    palette = b""
    if bits <= 8:
        palette = read_bmp_palette(data[after:min(start, after + 4 * 256)], entry, min(colours, 2 ** bits), name)
    return BmpHeader(width, abs(height), height < 0, bits, compression, start, palette, masks)


def bmp_compression(length: int, bits: int, compression: int, name: str) -> int:
    """What `compression` means in a header of this length; DeepDreamError unless it is read here, with such pixels."""
    # 40 bytes may be Windows' or OS/2's: Windows' masks are never of 1 bit, its JPEG pictures say 0 bits.
    os2 = length < 40 or length == 64 or length == 40 and (compression, bits) in ((3, 1), (4, 24))
    if os2 and compression in (3, 4):
        compression = -compression
    if compression in (BI_JPEG, BI_PNG) and not os2:
        kind = "JPEG" if compression == BI_JPEG else "PNG"
        raise DeepDreamError(f"{name}: a BMP file with a {kind} picture inside, made for printers; expected plain"
                             " rows; save the picture again as 24-bit BMP")
    if compression not in ROW_KINDS or os2 and compression > BI_RLE4:
        raise DeepDreamError(f"{name}: BMP compression {compression} is not known; expected 0 to 4 or 6;"
                             " save the picture again as 24-bit BMP")
    if bits not in ROW_KINDS[compression]:
        expected = " or ".join(map(str, ROW_KINDS[compression]))
        raise DeepDreamError(f"{name}: {bits} bits a pixel with BMP compression {abs(compression)}; expected"
                             f" {expected}; save the picture again as 24-bit BMP")
    return compression


def read_bmp_palette(table: bytes, entry: int, colours: int, name: str) -> bytes:
    """Blue, green, red of each colour in `table`, which has fewer where the rows begin before its end."""
    colours = min(colours, len(table) // entry)
    if colours == 0:
        raise DeepDreamError(f"{name}: the BMP file has no colour table; expected one before the rows;"
                             " save the picture again as 24-bit BMP")
    palette = bytearray(3 * colours)
    for channel in range(3):
        palette[channel::3] = table[channel:colours * entry:entry]
    return bytes(palette)


def check_bmp_size(data: bytes, header: BmpHeader, name: str) -> None:
    """Raise DeepDreamError unless the sides are allowed and the file is long enough to hold such a picture.

    Of runs, two bytes (four where pixels have 24 bits) are at most 255 pixels, but a picture may leave pixels out.
    Those that leave out so much that their bytes cannot cover them are read up to LARGEST_SPARSE pixels only: a few
    bytes must not take 805 MB. Of Huffman codes, 12 bits are at most 2560 pixels, and none is left out.
    """
    width, height = header.width, header.height
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise DeepDreamError(f"{name}: {width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                             " make the picture smaller")
    there = max(0, len(data) - header.start)
    if header.compression in (BI_RLE8, BI_RLE4, OS2_RLE24):
        run = 4 if header.compression == OS2_RLE24 else 2
        needed = 2 if width * height <= LARGEST_SPARSE else width * height * run // 255
    elif header.compression == OS2_HUFFMAN:
        needed = width * height * 12 // (2560 * 8)
    else:
        needed = bmp_row_length(width, header.bits) * (height - 1) + (width * header.bits + 7) // 8
    if there < needed:      # the last row's padding may be missing, as in the files of some programs
        raise DeepDreamError(f"{name}: the file is cut off: {there} bytes of rows; expected {needed} for"
                             f" {width} x {height} pixels; get it again")


def bmp_row_length(width: int, bits: int) -> int:
    """Bytes from one row to the next: whole 32-bit words."""
    return (width * bits + 31) // 32 * 4


def stored_rows(data: bytes, header: BmpHeader) -> Iterator[bytes]:
    """The rows in the order of the file, without their padding."""
    step, length = bmp_row_length(header.width, header.bits), (header.width * header.bits + 7) // 8
    for at in range(header.start, header.start + header.height * step, step):
        yield data[at:at + length]


def rle_rows(data: bytes, header: BmpHeader, name: str) -> Iterator[bytes]:
    """The rows of a picture in runs, in the order of the file, one byte a pixel or, of OS2_RLE24, three.

    Two bytes are one command: a count and what is repeated (a pixel of 24 bits goes on in two more), or 0 and: 0 end of
    row, 1 end of picture, 2 move right and on by the two next bytes, n that n pixels follow as they are, to a whole
    16-bit word. What no command reaches is colour 0 or black. What lies right of the row is dropped, as Skia has it
    (and ImageMagick, where the next row has commands of its own; Pillow drops it of repeated pixels, but others and
    moves go on in the next row). A picture without end mark whose last row is not full is refused, as by Pillow.
    """
    pixel = 3 if header.compression == OS2_RLE24 else 1         # bytes
    halves, width = header.compression == BI_RLE4, pixel * header.width
    patterns = run_patterns(halves)
    blank = bytes(width)
    at, end = header.start, len(data) - 1
    pieces: list[bytes | bytearray] = []        # of the row, together `x` bytes
    x = 0
    while at < end:
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            if pixel == 3:
                at += 2
                if at > len(data):
                    break
            if x < width:
                pieces.append(patterns[value][:count] if pixel == 1 else data[at - 3:at] * count)
            x += pixel * count
        elif value == 0:
            yield whole_row(pieces, width)
            pieces, x = [], 0
        elif value == 1:
            yield whole_row(pieces, width)
            yield from repeat(blank)
        elif value == 2:
            if at >= end:
                break
            right, on = pixel * data[at], data[at + 1]
            at += 2
            x += right
            if on:
                yield whole_row(pieces, width)
                yield from repeat(blank, on - 1)
                pieces = [blank[:x]]
            elif right and x <= width:
                pieces.append(bytes(right))
        else:
            length = (value + 1) // 2 if halves else pixel * value
            pixels = data[at:at + length]
            if len(pixels) < length:
                break
            if x < width:
                pieces.append(spread_bits(pixels, 4)[:value] if halves else pixels)
            x += pixel * value
            at += length + length % 2
    if x >= width:          # the last row may lack its end mark
        yield whole_row(pieces, width)
    raise DeepDreamError(f"{name}: the file is cut off: its runs end before the picture does; get it again")


@functools.cache
def run_patterns(halves: bool) -> list[bytes]:
    """For each byte that a run repeats, the longest run: 255 pixels."""
    return [(bytes((byte >> 4, byte & 15)) * 128 if halves else bytes((byte,)) * 256)[:255] for byte in range(256)]


def whole_row(pieces: list[bytes | bytearray], width: int) -> bytes:
    return b"".join(pieces)[:width].ljust(width, b"\0")


# The codes of T.4, tables 2, 3a and 3b: of runs of 0 to 63 pixels, of 64, 128 ... 1728 and, in both colours, of 1792,
# 1856 ... 2560. A run of 64 or more is one or more of the longer and one of the short ones.
WHITE_RUNS = """
00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010 101011
0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011 00011010
00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011 00101100 00101101
00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010
01011011 01001010 01001011 00110010 00110011 00110100
11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010
011010011 011010100 011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001
010011010 011000 010011011"""
BLACK_RUNS = """
0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000 0000010111
0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111 00000011000 000011001010
000011001011 000011001100 000011001101 000001101000 000001101001 000001101010 000001101011 000011010010 000011010011
000011010100 000011010101 000011010110 000011010111 000001101100 000001101101 000011011010 000011011011 000001010100
000001010101 000001010110 000001010111 000001100100 000001100101 000001010010 000001010011 000000100100 000000110111
000000111000 000000100111 000000101000 000001011000 000001011001 000000101011 000000101100 000001011010 000001100110
000001100111
0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101
0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 0000001110101
0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101 0000001011010 0000001011011
0000001100100 0000001100101"""
LONG_RUNS = """ 00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
000000010111 000000011100 000000011101 000000011110 000000011111"""


@functools.cache
def huffman_table(codes: str) -> list[tuple[int, int]]:
    """For all 13 bits that may come next: the run that begins them and the length of its code, (0, 0) if none does."""
    table = [(0, 0)] * 2 ** 13
    for number, code in enumerate((codes + LONG_RUNS).split()):
        first, count = int(code.ljust(13, "0"), 2), 2 ** (13 - len(code))
        table[first:first + count] = [(number if number < 64 else 64 * (number - 63), len(code))] * count
    return table


def huffman_rows(data: bytes, header: BmpHeader, name: str) -> Iterator[bytes]:
    """The rows of an OS2_HUFFMAN picture in the order of the file, one byte a pixel: colour 0 is T.4's white.

    A row is runs of white and black in turn, white first. Between rows there may be an end-of-line code, which is
    eleven zeros or more and a one; several together end the picture. The first bit is a byte's highest.
    That black is colour 1 no document says; other readers have it so too.
    """
    tables = huffman_table(WHITE_RUNS), huffman_table(BLACK_RUNS)
    at, end, width = 8 * header.start, 8 * len(data), header.width       # `at` and `end` count bits

    def next_bits() -> int:
        return int.from_bytes(data[at // 8:at // 8 + 3].ljust(3, b"\0"), "big") >> 11 - at % 8 & 0x1fff

    while True:
        if next_bits() < 4:                                     # eleven zeros: end of line
            while next_bits() == 0 and at < end:
                at += 8
            while next_bits() < 4096 and at < end:              # to the one
                at += 1
            at += 1
        pieces: list[bytes] = []
        x = black = run = 0
        while x < width or run > 63:
            run, length = tables[black][next_bits()]
            at += length
            x += run
            if length == 0 or x > width or at > end:
                fault = "cut off" if at + 13 > end else "damaged"
                raise DeepDreamError(f"{name}: the file is {fault}: its Huffman codes around byte {at // 8} make no row"
                                     f" of {width} pixels; get it again")
            if run:
                pieces.append((b"\0", b"\1")[black] * run)
            black ^= run < 64
        yield b"".join(pieces)


def row_converter(header: BmpHeader) -> Callable[[bytes], bytes | bytearray]:
    """The function from a row as stored to its width*3 bytes of blue, green, red."""
    if header.bits == 24:
        return bytes
    if header.bits > 8:
        fields = [bit_field(mask, header.bits, header.width) for mask in header.masks[:3]]
        return functools.partial(masked_to_bgr, fields, header.bits // 8)
    tables = [header.palette[channel::3].ljust(256, b"\0") for channel in range(3)]
    bits = header.bits if header.compression == BI_RGB else 8
    return functools.partial(indexed_to_bgr, tables, bits, header.width)


def indexed_to_bgr(tables: list[bytes], bits: int, width: int, row: bytes) -> bytearray:
    """A row of colour numbers of `bits` bits, through the tables of blue, green and red."""
    numbers = spread_bits(row, bits)[:width]
    bgr = bytearray(3 * width)
    for channel, table in enumerate(tables):
        bgr[channel::3] = numbers.translate(table)
    return bgr


@functools.cache
def bit_tables(bits: int) -> list[bytes]:
    """For each place of a number of `bits` bits in a byte, the most significant first: the number in each byte."""
    return [bytes(byte >> shift & 2 ** bits - 1 for byte in range(256)) for shift in range(8 - bits, -1, -bits)]


def spread_bits(packed: bytes, bits: int) -> bytes | bytearray:
    """Numbers of 1, 2, 4 or 8 bits, one in each byte."""
    if bits == 8:
        return packed
    places = bit_tables(bits)
    numbers = bytearray(len(packed) * len(places))
    for place, table in enumerate(places):
        numbers[place::len(places)] = packed.translate(table)
    return numbers


class BitField(NamedTuple):
    """One channel in a row of pixels, each a lane of 16 or 32 bits of one large integer."""
    mask: int                   # the field's bits, in every lane
    shift: int                  # brings the field's upper 8 bits, or all, to the bottom of the lane
    table: bytes                # from there to 0..255


def bit_field(mask: int, bits: int, width: int) -> BitField:
    """The field of the bits in `mask`; of more than 8 bits the upper 8 count, fewer are stretched to 0..255."""
    mask &= 2 ** bits - 1
    shift = max((mask & -mask).bit_length() - 1, mask.bit_length() - 8, 0)
    largest = mask >> shift
    table = bytes(min(255, (2 * 255 * value + largest) // (2 * largest)) if largest else 0 for value in range(256))
    mask = largest << shift
    return BitField(int.from_bytes(mask.to_bytes(bits // 8, "little") * width, "little"), shift, table)


def masked_to_bgr(fields: list[BitField], size: int, row: bytes) -> bytearray:
    """A row of pixels of `size` bytes with the fields red, green and blue; one shift takes a field from all pixels."""
    pixels = int.from_bytes(row, "little")
    bgr = bytearray(3 * len(row) // size)
    for channel, field in zip((2, 1, 0), fields):
        bgr[channel::3] = field_bytes(field, size, row, pixels)
    return bgr


def field_bytes(field: BitField, size: int, row: bytes, pixels: int) -> bytes:
    values = ((pixels & field.mask) >> field.shift).to_bytes(len(row), "little")
    return values[::size].translate(field.table)


def encode_bmp(picture: Picture, extras: Extras = Extras()) -> bytes:
    """`picture` as a BMP file: 24 bits, rows bottom-up, 72 dots an inch."""
    width, height, length = picture.width, picture.height, 3 * picture.width
    padding = bytes(-length % 4)
    size = (length + len(padding)) * height
    header = struct.pack("<2s I 4x I", b"BM", 54 + size, 54)
    header += struct.pack("<I i i H H I I i i 8x", 40, width, height, 1, 24, BI_RGB, size, 2835, 2835)
    parts: list[bytes | bytearray] = [header]
    for at in range((height - 1) * length, -1, -length):
        parts += picture.pixels[at:at + length], padding
    return b"".join(parts)


# ---- Picture files ---------------------------------------------------------------------------------------------------
# What a file is, its first bytes tell; what one shall be, the end of its name. Where a picture will go is tried before
# the work begins, and a file takes its name only when all of it is there.

class Format(NamedTuple):
    """A kind of picture file. `read`, `describe`, `write`: functions, or their names for `resolve`; "" for none."""
    name: str
    extensions: tuple[str, ...]                     # the first is the usual one
    marks: tuple[bytes, ...]                        # what such a file begins with
    read: Callable[..., Decoded] | str              # data, the name for messages
    describe: Callable[[bytes, str], Decoded] | str     # the same without the pixels, at once
    write: Callable[[Picture, Extras], bytes] | str
    keeps: str = ""                                 # what it has a place for: profile, recipe
    obeys: str = ""                                 # the options that say how it is written, of Extras' fields
    reduces: bool = False                           # whether `read` takes `longest`, see jpeg.decode

    def function(self, what: Any, name: str) -> Any:
        """resolve(what), or the line that says why not."""
        try:
            return resolve(what)
        except (DeepDreamError, ImportError) as error:
            raise DeepDreamError(f"{name}: a picture of the kind {self.name}, but {error}; without that only BMP files"
                                 " are read and written") from None


FORMATS = (
    Format("BMP", (".bmp", ".dib"), (b"BM",), decode_bmp, describe_bmp, encode_bmp),
    Format("PNG", (".png", ".apng"), (b"\x89PNG",), "formats.png:decode", "formats.png:describe", "formats.png:encode",
           "profile recipe", "loop"),
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), (b"\xff\xd8\xff",), "formats.jpeg:decode",
           "formats.jpeg:describe", "formats.jpeg:encode", "profile recipe", "quality subsampling", reduces=True),
    Format("GIF", (".gif",), (b"GIF8",), "formats.gif:decode", "formats.gif:describe", "formats.gif:encode",
           "profile recipe", "dither loop"),
    Format("PPM", (".ppm", ".pnm"), (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7"), "formats.pnm:decode",
           "formats.pnm:describe", "formats.pnm:encode", "recipe"),
    Format("Y4M", (".y4m",), (b"YUV4MPEG2",), "formats.y4m:decode", "formats.y4m:describe", "formats.y4m:encode",
           obeys="subsampling"),
)
READABLE = "BMP, PNG, JPEG, GIF, PPM or Y4M"
# Kinds that we do not read ourselves: where the bytes are that tell, the bytes, the name.
OTHER_FORMATS = (
    (8, b"WEBP", "WebP"), (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (0, b"II+\0", "TIFF"), (0, b"MM\0+", "TIFF"),
    (4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), (4, b"ftyphei", "HEIC"), (4, b"ftyphev", "HEIC"),
    (4, b"ftypmif1", "HEIC"), (4, b"ftypmsf1", "HEIC"), (0, b"\xff\x0a", "JPEG XL"), (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"), (0, b"\xff\x4f\xff\x51", "JPEG 2000"), (0, b"qoif", "QOI"),
    (0, b"8BPS", "Photoshop"), (0, b"gimp xcf", "GIMP"), (0, b"\0\0\1\0", "icon"), (0, b"\0\0\2\0", "cursor"),
    (0, b"%PDF", "PDF"), (0, b"%!PS", "PostScript"), (0, b"<svg", "SVG"), (0, b"<?xml", "SVG or XML"),
    (4, b"ftyp", "MP4 or similar"), (0, b"PK\3\4", "ZIP"), (0, b"\x1f\x8b", "gzip"), (0, b"RIFF", "RIFF"),
)


def format_by_content(first: bytes, name: str) -> Format:
    """The format of a file that begins with `first`; DeepDreamError if nothing here reads it."""
    for row in FORMATS:
        if first.startswith(row.marks):
            return row
    if may_be_bmp(first):               # without a mark
        return FORMATS[0]
    for at, mark, kind in OTHER_FORMATS:
        if first[at:at + len(mark)] == mark:
            row = Format(kind, (), (), "other_formats:decode", "other_formats:describe", "")
            row.function("other_formats:check", name)(kind, name)
            return row
    if not first:
        raise DeepDreamError(f"{name}: the file is empty; expected a {READABLE} file; give another file")
    raise DeepDreamError(f"{name}: not a picture known here (it begins with {first[:4].hex(' ')});"
                         f" expected a {READABLE} file; give another file")


def format_by_name(path: str, strict: bool = True) -> Format:
    """The format that the end of a name asks for; BMP if it has none or, unless strict, an unknown one."""
    extension = os.path.splitext(path)[1].lower()
    for row in FORMATS:
        if extension in row.extensions:
            return row
    if extension and strict:
        *known, last = (row.extensions[0] for row in FORMATS)
        raise DeepDreamError(f"{path}: pictures of the kind {extension} cannot be written; expected a name that ends"
                             f" with {', '.join(known)} or {last}")
    return FORMATS[0]


WHITE = 255, 255, 255


def read_picture(path: str, background: tuple[int, int, int] = WHITE, tell: Callable[[str], object] = say) -> Picture:
    """The picture in the file `path`; - is stdin. Anything but a whole file of one of FORMATS raises DeepDreamError.

    What is transparent shows `background` (blue, green, red); `tell` takes what the user should know of a file that
    could be read but is not as it should be.
    """
    return as_picture(read_file(path, background, tell))


def as_picture(decoded: Decoded) -> Picture:
    return Picture(decoded.width, decoded.height, decoded.pixels)


def read_file(path: str, background: tuple[int, int, int] = WHITE, tell: Callable[[str], object] = say,
              longest: int = 0) -> Decoded:
    """What is in a picture file, composed and upright. longest: a longer side of this many pixels would do."""
    name = "stdin" if path == "-" else str(path)
    data, row = read_picture_file(path, name)
    return decoded_file(data, row, name, background, tell, longest)


def decoded_file(data: bytes, row: Format, name: str, background: tuple[int, int, int] = WHITE,
                 tell: Callable[[str], object] = say, longest: int = 0) -> Decoded:
    """read_file for the bytes of a file."""
    read = row.function(row.read, name)
    return as_seen(read(data, name, longest) if row.reduces and longest else read(data, name), row, name, background,
                   tell)


def as_seen(decoded: Decoded, row: Format, name: str, background: tuple[int, int, int] = WHITE,
            tell: Callable[[str], object] = say) -> Decoded:
    """What a reader found, composed and upright; tells what was wrong."""
    for warning in decoded.warnings:
        tell(f"{name}: {warning}")
    if decoded.alpha is not None:
        try:
            decoded = resolve("formats:composed")(decoded, background)
        except DeepDreamError as error:         # a BMP file is read all the same
            tell(f"{name}: what is transparent in it is shown as opaque, as {error}")
    if decoded.orientation != 1:
        decoded = row.function("formats:upright", name)(decoded)
    return decoded


class Held(str):
    """The name of a picture file whose bytes are in memory; it can be read wherever the name of a file can."""
    data: bytes = b""

    @classmethod
    def named(cls, name: str, data: bytes) -> Held:
        held = cls(name)
        held.data = data
        return held


def read_picture_file(path: str, name: str) -> tuple[bytes, Format]:
    """The bytes of `path`, which may be a pipe: something endless is left at the first bytes that are no picture."""
    if isinstance(path, Held):
        return path.data, format_by_content(path.data[:2 ** 20], name)
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            return read_stream(file, name)
    except OSError as error:
        raise DeepDreamError(f"{name}: cannot be read ({error.strerror or error}); expected a picture file") from None


def read_stream(file: BinaryIO, name: str) -> tuple[bytes, Format]:
    """read_picture_file for what is open; the system's own errors."""
    chunks: list[bytes] = []
    total = 0
    while chunk := file.read(2 ** 20):
        if not chunks:
            row = format_by_content(chunk, name)
        chunks.append(chunk)
        total += len(chunk)
        if total > LARGEST_FILE:
            raise DeepDreamError(f"{name}: longer than {LARGEST_FILE} bytes; expected a picture of at most"
                                 f" {LARGEST_SIDE} pixels a side; make the picture smaller")
    if not chunks:
        row = format_by_content(b"", name)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks), row


def write_picture(path: str, picture: Picture, extras: Extras = Extras()) -> None:
    """Write `picture` in the format that the name asks for; see write_whole."""
    row = format_by_name(path)
    write_whole(path, row.function(row.write, path)(picture.rounded(), extras))


def write_whole(path: str, data: bytes | bytearray | memoryview) -> None:
    """Write `data` to the file `path` so that others see the old content or the new, also after a crash between.

    What is no ordinary file (/dev/null, a pipe) is simply written to, and so is a file that cannot be replaced without
    losing its owner or its other names, or not at all. DeepDreamError where nothing helps.
    """
    try:
        put_file(path, data)
    except (OSError, ValueError) as error:          # ValueError: a null byte in the name
        raise unwritable(path, error) from None


def unwritable(path: str, error: Exception) -> DeepDreamError:
    reason = getattr(error, "strerror", None) or error
    if getattr(error, "errno", None) in NO_ROOM:
        return NoRoom(f"{path}: cannot be written ({reason}); make room there, or choose another folder")
    if path == "stdout":
        return DeepDreamError(f"stdout: cannot be written ({reason}); the result goes there, so give it a file or a"
                              " pipe, or name a file with -o")
    return DeepDreamError(f"{path}: cannot be written ({reason}); expected a file name in an existing folder that you"
                          " may write to; choose another name")


def put_file(path: str, data: bytes | bytearray | memoryview) -> None:
    """write_whole with the system's own errors."""
    descriptor = open_descriptor(path)
    if descriptor is not None or os.path.exists(path) and not os.path.isfile(path):
        with open(path if descriptor is None else os.dup(descriptor), "wb") as stream:
            stream.write(data)
        return
    target = os.path.realpath(path)         # a link stays a link: the file it names is replaced
    if not replace_file(target, data):
        with open(target, "r+b" if os.path.exists(target) else "xb") as file:
            file.write(data)
            file.truncate()
            sync(file)


def replace_file(target: str, data: bytes | bytearray | memoryview) -> bool:
    """Write a new file beside `target` and give it its name. False where this cannot be, or a hard link would split.

    The permissions and the owner are those that opening and writing the old file would have left.
    """
    folder = os.path.dirname(target)
    remove_leftovers(folder)
    old = os.stat(target) if os.path.exists(target) else None
    if old and old.st_nlink > 1:
        return False
    if old and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = os.path.join(folder, f".deepdream-{this_host()}-{os.getpid()}-{os.urandom(4).hex()}.tmp")
    TEMPORARIES.append(temporary)
    try:
        try:
            file = open(temporary, "xb")        # noqa: SIM115
        except OSError:
            return False
        with file:
            file.write(data)
            sync(file)
        try:
            if old:
                take_over(temporary, old)
            os.replace(temporary, target)
        except OSError:
            return False
        sync_folder(folder)
        return True
    finally:
        remove(temporary)
        TEMPORARIES.remove(temporary)


def take_over(path: str, old: os.stat_result) -> None:
    """Give a new file the owner and the permissions of an old one; OSError where that is not allowed."""
    new = os.stat(path)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        os.chown(path, old.st_uid, old.st_gid)
    os.chmod(path, stat.S_IMODE(old.st_mode))


def sync(file: BinaryIO) -> None:
    """See that what was written is on the disk; an error of the disk may be told no earlier."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):     # some file systems cannot
            raise


def sync_folder(folder: str) -> None:
    """The new name of a file has to reach the disk as well, where folders can be asked for that."""
    with contextlib.suppress(OSError):
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)


TEMPORARIES: list[str] = []         # files of this process that must not outlive it


def remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def this_host() -> str:
    """Where the process ids of this process mean something: the machine, and on Linux the container."""
    if not hasattr(os, "uname"):
        return ""
    name = "".join(letter if letter.isalnum() else "_" for letter in os.uname().nodename)
    with contextlib.suppress(OSError):
        name += f"_{os.stat('/proc/self/ns/pid').st_ino}"
    return name


@functools.cache
def remove_leftovers(folder: str) -> None:
    """Remove the temporary files that processes of this machine left in `folder` when they were killed."""
    prefix = f".deepdream-{this_host()}-"
    if prefix == ".deepdream--":            # on Windows os.kill(process, 0) would not merely ask
        return
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            process = name.removeprefix(prefix).partition("-")[0]
            if name.startswith(prefix) and name.endswith(".tmp") and process.isdecimal():
                try:
                    os.kill(int(process), 0)
                except ProcessLookupError:
                    remove(os.path.join(folder, name))
                except (OSError, OverflowError):
                    pass


def open_descriptor(path: str) -> int | None:
    """The open descriptor that `path` stands for: 1 for - and /dev/stdout, 3 for /dev/fd/3 and /proc/self/fd/3.

    They are written to as they are. To open such a name again would begin at the front of a file that was opened
    for appending, and what it is a link to has no name at all where that is a pipe.
    """
    if path == "-":
        return 1
    for _ in range(40):         # links in a circle end too
        folder, name = os.path.split(path)
        if name.isdecimal() and os.path.realpath(folder) in map(os.path.realpath, ("/dev/fd", "/proc/self/fd")):
            return min(int(name), 2 ** 31 - 1)      # the system's largest
        if not os.path.islink(path):
            break
        path = os.path.join(folder, os.readlink(path))
    return None


class Output:
    """Where a picture will go, tried before the work that makes it.

    DeepDreamError: that the name asks for a format which cannot be written, that nothing can be written there, that it
    is the picture which is read (`source`).
    """

    def __init__(self, path: str, source: os.stat_result | None = None, format: Format | None = None):
        self.path, self.name = path, "stdout" if path == "-" else path
        self.descriptor = open_descriptor(path)
        self.ordinary = self.descriptor is None and (os.path.isfile(path) or os.path.isdir(path)
                                                     or not os.path.exists(path))
        self.format = format or format_by_name(path, strict=self.ordinary)
        self.encode = self.format.function(self.format.write, self.name)
        self.takes_stdout = False           # then other results must not go there
        try:
            if self.descriptor is not None:
                self.try_descriptor(self.descriptor)
            elif self.ordinary:
                self.try_name()
            elif not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            there = self.there()
        except (OSError, ValueError) as error:
            raise unwritable(self.name, error) from None
        if source and there and stat.S_ISREG(source.st_mode) and os.path.samestat(source, there):
            raise DeepDreamError(f"{path}: this is the picture that is read; choose another name to write to")

    def there(self) -> os.stat_result | None:
        """What is there already."""
        if self.descriptor is not None:
            return os.fstat(self.descriptor)
        return os.stat(self.path) if os.path.exists(self.path) else None

    def try_descriptor(self, descriptor: int) -> None:
        if descriptor == 1 and sys.stdout is None:
            raise OSError(errno.EBADF, "stdout is closed")
        if os.isatty(descriptor):
            raise OSError(errno.EINVAL, "that is a terminal")
        os.write(descriptor, b"")           # fails where the descriptor is closed or open for reading only
        self.takes_stdout = os.path.samestat(os.fstat(descriptor), os.fstat(1))

    def try_name(self) -> None:
        """Whether a file can be opened there. Whether it can be renamed to that name shows only when it is."""
        try:
            target = os.path.realpath(self.path)
        except FileNotFoundError:
            raise DeepDreamError(f"{self.path}: the current folder is there no longer; change to another one") from None
        if os.path.isdir(target) or not os.path.basename(self.path):
            raise DeepDreamError(f"{self.path}: is a folder; give the name of a picture to write with -o")
        if not os.path.isdir(os.path.dirname(target)):
            raise DeepDreamError(f"{self.path}: there is no folder {os.path.dirname(target)}; make it or choose another"
                                 " -o")
        if os.path.exists(target):
            with open(target, "r+b"):
                return
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        remove(target)

    def write(self, picture: Picture, extras: Extras = Extras()) -> int:
        """Write the picture and return its bytes; where that fails now, save it where temporary files go and say so."""
        data = self.encode(picture.rounded(), extras)
        try:
            put_file(self.path, data)
            return len(data)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            kind = NoRoom if getattr(error, "errno", None) in NO_ROOM else DeepDreamError
            raise kind(f"{self.path}: cannot be written ({getattr(error, 'strerror', None) or error});"
                       f" the picture {save_elsewhere(data, self.format.extensions[0])}") from None


def save_elsewhere(data: bytes | bytearray | memoryview, extension: str) -> str:
    """Write `data` to the system's folder for temporary files; says where it is."""
    import tempfile
    try:
        descriptor, path = tempfile.mkstemp(extension, "deepdream-")
    except OSError:
        return "is lost, as no folder for temporary files takes it either"
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        remove(path)
        return f"is lost, as {tempfile.gettempdir()} does not take it either ({error.strerror})"
    return f"is in {path} instead"


# ---- Resizing --------------------------------------------------------------------------------------------------------
# Two of them: the octaves' enlargement, in bytes and exactly the original's; and `Fit`, which brings a picture of any
# size to the classifier, in floats, and with its transpose carries a gradient back to the picture.

def upscale(picture: Picture, scale: Fraction | float = Fraction(7, 5), c89: bool = False) -> Picture:
    """`picture` enlarged by `scale` (sides rounded down), bilinear in 8 bits; the left upper corners stay in place.

    Horizontally, then vertically, a pixel p and the next one q at a distance of u/256 become
    (p*(256-u) + q*u) >> 8, and beyond the edge the last pixel goes on.
    A picture of floats is not rounded, and u is not either.
    c89 keeps two defects of the original: (p*(255-u) + q*u) >> 8, which darkens by about 2 levels, and no edge: after
    a row's last pixel comes the next row's first, after the last row zeros.
    """
    if isinstance(picture.pixels, array.array):
        return upscale_floats(picture, exact(scale))
    w, h, scale = picture.width, picture.height, exact(scale)
    last_x, last_y = (w, h) if c89 else (w - 1, h - 1)
    width, rows = int(w * scale), last_y + 1
    pixels = picture.pixels + bytes(3 * (w + 1))

    def column(x: int) -> bytes:            # blue, then green, then red
        return b"".join(pixels[3 * x + c:3 * (x + w * last_y) + c + 1:3 * w] for c in range(3))

    wide = bytearray(rows * width * 3)
    for x, line in enumerate(blend_lines(column, last_x, source_positions(w, scale), c89)):
        for c in range(3):
            wide[3 * x + c::3 * width] = line[c * rows:(c + 1) * rows]

    def row(y: int) -> bytearray:
        return wide[3 * width * y:3 * width * (y + 1)]

    result = bytearray()
    for line in blend_lines(row, last_y, source_positions(h, scale), c89):
        result += line
    return Picture(width, int(h * scale), result)


def upscale_floats(picture: Picture, scale: Fraction) -> Picture:
    """`upscale` for a picture of floats, in float32."""
    def places(old: int) -> Mixes:
        exact_places = [divmod(Fraction(x) / scale, 1) for x in range(int(old * scale))]
        return [(i, [1.0 - float(u), float(u)] if i + 1 < old else [1.0]) for i, u in exact_places]

    columns, rows, line = places(picture.width), places(picture.height), 3 * len(places(picture.width))
    wide = mix_columns(picture.pixels, picture.width, columns)
    return Picture(len(columns), len(rows), array.array("f", mix_lines(wide, line, rows)))


def exact(scale: Fraction | float) -> Fraction:
    """The growth as a fraction, so that sizes and places are computed without rounding: 1.4 is meant as 7/5."""
    return Fraction(str(scale))


def source_positions(old: int, scale: Fraction) -> list[int]:
    """Where each pixel of a side enlarged by `scale` comes from, in 1/256 of the `old` pixels, rounded down."""
    return [(x << 8) * scale.denominator // scale.numerator for x in range(int(old * scale))]


def blend_lines(line: Callable[[int], bytes | bytearray], last: int, positions: list[int],
                c89: bool) -> Iterator[bytes]:
    """The lines at `positions` (in 1/256) between line(0) and line(last), whose bytes are blended as in `upscale`.

    A line is one integer with a lane of 16 bits for each byte: two multiplications blend all of it, and no lane
    overflows since 255*256 < 2**16.
    """
    lanes = functools.lru_cache(maxsize=2)(lambda i: byte_lanes(line(i), 2))
    length = len(line(0))
    one = 255 if c89 else 256
    for position in positions:
        i, u = divmod(position, 256)
        blend = lanes(i) * (one - u) + lanes(min(i + 1, last)) * u
        yield blend.to_bytes(2 * length, "little")[1::2]


def byte_lanes(line: bytes | bytearray, size: int) -> int:
    """An integer with a lane of `size` bytes for each byte of `line`."""
    lanes = bytearray(size * len(line))
    lanes[::size] = line
    return int.from_bytes(lanes, "little")


def size_within(width: int, height: int, longest: int) -> tuple[int, int]:
    """(width, height) with a longer side of `longest` pixels if it is longer; 0: as they are."""
    side = max(width, height)
    if not longest or side <= longest:
        return width, height
    return max(1, (2 * width * longest + side) // (2 * side)), max(1, (2 * height * longest + side) // (2 * side))


def shrink(picture: Picture, width: int, height: int, engine: Any = None, endless: bool = False) -> Picture:
    """`picture` brought to width x height, each pixel a mean of those around it, weighted as in `Fit`.

    Band by band, since the floats between take 4 to 8 times as much memory as the pixels. endless: beyond an edge there
    is the other side.
    """
    fit = Fit(picture.width, picture.height, height, width, cut=False)
    if endless:
        picture, fit = resolve("scales:endless")(picture, (width, height))
    result = bytearray()
    rows = max(1, 2 ** 21 * height // len(picture.pixels))
    for y in range(0, height, rows):
        band = fit.band(y, min(y + rows, height))
        part = band.part(picture.pixels)
        result += engine.as_bytes(engine.fit(band, part)) if engine else round_half_up(band.forward(part))
    return Picture(width, height, result)


class Fit:
    """The middle high x wide pixels of a picture that is brought to just cover them: what the classifier sees.

    A linear map, separable: every pixel of the result is a weighted mean of source pixels around its centre, the
    weights a triangle as wide as two pixels of the coarser grid (Pillow's BILINEAR, which antialiases when it
    shrinks). A picture of that size comes out as it is. Only a part of the picture counts: `part_width` x
    `part_height` pixels from (left, top) on. Without `cut` that is all of it, brought to just these sides.
    """

    exact = True        # small pictures in doubles by every engine, so that all of them classify the same

    def __init__(self, width: int, height: int, high: int = 224, wide: int = 0, cut: bool = True) -> None:
        self.width, self.height, self.high, self.wide = width, height, high, wide or high
        new, old = (self.wide, width) if self.wide * height >= high * width else (high, height)
        covering = [(2 * side * new + old) // (2 * old) for side in (width, height)] if cut else [self.wide, high]
        self.left, self.columns = triangle_weights(width, covering[0], self.wide)
        self.top, self.rows = triangle_weights(height, covering[1], high)
        self.columns_back, self.rows_back = transposed(self.columns), transposed(self.rows)
        self.part_width, self.part_height = len(self.columns_back), len(self.rows_back)

    def band(self, y: int, stop: int) -> Fit:
        """The same for the rows from y to stop of the result alone, forwards."""
        band, first = copy.copy(self), self.rows[y][0]
        band.rows = [(start - first, weights) for start, weights in self.rows[y:stop]]
        band.high, band.top = stop - y, self.top + first
        band.part_height = max(start + len(weights) for start, weights in band.rows)
        return band

    def part(self, pixels: Any) -> Any:
        """The part of a picture's pixels that counts, [part_height, part_width, 3]."""
        step, line = 3 * self.width, 3 * self.part_width
        start = step * self.top + 3 * self.left
        result = pixels[:0]
        for at in range(start, start + step * self.part_height, step):
            result += pixels[at:at + line]
        return result

    def put_part(self, part: Any, pixels: Any) -> None:
        """Put the part back to where it is in the picture's pixels."""
        step, line = 3 * self.width, 3 * self.part_width
        start = step * self.top + 3 * self.left
        for y in range(self.part_height):
            pixels[start + y * step:start + y * step + line] = part[y * line:(y + 1) * line]

    def forward(self, part: Any) -> array.array:
        """The part, as bytes or floats, to float32 [high, wide, 3]."""
        return mix_columns(mix_lines(part, 3 * self.part_width, self.rows), self.part_width, self.columns)

    def backward(self, gradient: Sequence[float]) -> Iterator[array.array]:
        """The transpose: float32 [high, wide, 3] to that of the part, row by row."""
        wide = mix_columns(gradient, self.wide, self.columns_back)          # [high, part_width, 3]
        for mix in self.rows_back:
            yield mix_lines(wide, 3 * self.part_width, [mix])


Mixes = list[tuple[int, list[float]]]     # for each result: its first source and the weights from there on


def triangle_weights(old: int, new: int, size: int) -> tuple[int, Mixes]:
    """How the middle `size` of `new` pixels are mixed from `old` ones: the first that counts, weights from it on."""
    scale = old / new
    reach = max(scale, 1.0)
    rows = []
    for x in range((new - size) // 2, (new - size) // 2 + size):
        centre = (x + 0.5) * scale - 0.5
        near = range(max(0, math.floor(centre - reach) + 1), min(old, math.ceil(centre + reach)))
        triangle = [1.0 - abs(i - centre) / reach for i in near]
        rows.append((near[0], [weight / math.fsum(triangle) for weight in triangle]))
    start = rows[0][0]
    return start, [(first - start, weights) for first, weights in rows]


def transposed(rows: Mixes) -> Mixes:
    """The same weights listed for each source. Neighbours overlap, so the results of a source are a range too."""
    columns: Mixes = [(0, []) for _ in range(rows[-1][0] + len(rows[-1][1]))]
    for x, (first, weights) in enumerate(rows):
        for i, weight in enumerate(weights, first):
            if not columns[i][1]:
                columns[i] = (x, [])
            columns[i][1].append(weight)
    return columns


def mix_lines(values: Sequence[float], length: int, mixes: Mixes) -> array.array:
    """float64 [len(mixes), length]: weighted sums of lines of values [lines, length]."""
    result = array.array("d")
    for first, weights in mixes:
        starts = range(first * length, (first + len(weights)) * length, length)
        result.extend(weighted_sum([values[at:at + length] for at in starts], weights))
    return result


def mix_columns(values: Sequence[float], width: int, columns: Mixes) -> array.array:
    """float32 [h, len(columns), 3] from [h, width, 3]."""
    length = 3 * len(columns)
    result = array.array("f", bytes(len(values) // width * len(columns) * 4))
    for x, (first, weights) in enumerate(columns):
        for c in range(3):
            sources = [values[3 * (first + i) + c::3 * width] for i in range(len(weights))]
            result[3 * x + c::length] = array.array("f", weighted_sum(sources, weights))
    return result


def weighted_sum(lines: list[Sequence[float]], weights: list[float]) -> Iterable[float]:
    """The sum of lines of equal length, each times its weight."""
    if isinstance(lines[0], (bytes, bytearray)):
        return weighted_bytes(lines, weights)
    products = [map(mul, line, repeat(weight)) for line, weight in zip(lines, weights)]
    return functools.reduce(lambda total, product: map(add, total, product), products)


def weighted_bytes(lines: list[Any], weights: list[float]) -> Iterable[float]:
    """weighted_sum of bytes by lanes of 32 bits, several times as fast; weights are rounded to 23 bits."""
    rounded = [round(weight * 2 ** 23) for weight in weights]
    total = sum(map(mul, [byte_lanes(line, 4) for line in lines], rounded))
    sums = array.array("I", total.to_bytes(4 * len(lines[0]), "little"))
    return map(mul, sums, repeat(2.0 ** -23))

# ---- Weights ---------------------------------------------------------------------------------------------------------
# The weight file is a frozen TensorFlow graph: one protobuf message of nodes, the weights among them as nodes
# of operation Const. The file is read once, and a weight is a view into its bytes (mapping it would gain nothing, as
# every weight is looked at, and would end the program where somebody shortens the file meanwhile). What claims to be
# Inception-V1 has to agree with the table in inception_graph.py; of another network the graph becomes its table.
#
# Sources: https://protobuf.dev/programming-guides/encoding for the wire format; the field numbers are from
# tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto.

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5   # wire types; 3 and 4, the groups, TensorFlow never used

# A schema says of each field that is read: number -> (name, type); [type] may occur many times; a dict is a
# message in the message. No schema contains itself: however deep a file nests, few levels are followed.
SHAPE = {2: ("dims", [{1: ("size", int)}])}
TENSOR = {1: ("dtype", int), 2: ("shape", SHAPE), 4: ("content", memoryview),
          5: ("floats", [float]), 7: ("ints", [int]), 10: ("longs", [int]), 13: ("halves", [int])}
VALUE = {1: ("list", {3: ("ints", [int])}), 2: ("string", memoryview), 3: ("int", int), 4: ("float", float),
         5: ("bool", int), 6: ("type", int), 7: ("shape", SHAPE), 8: ("tensor", TENSOR),
         10: ("function", {1: ("name", str)})}
NODE = {1: ("name", str), 2: ("operation", str), 3: ("inputs", [str]),
        5: ("attributes", [{1: ("key", str), 2: ("value", VALUE)}])}
GRAPH_NODE, GRAPH_LIBRARY = 1, 2      # the fields of a GraphDef that hold its nodes, and functions that nodes call
DT_FLOAT = 1              # TensorFlow's number for float32
VALUES = {DT_FLOAT: "floats", 9: "longs", 19: "halves"}     # where a tensor of this type has its numbers; else ints
MAX_FIELDS = 200_000      # InceptionV1.pb has 11,500: more is another network, or an attack
LARGEST_WINDOW = 1024     # of a stride, too
WEIGHTS_ADVICE = "take InceptionV1.pb from the project again, or run: deepdream download"
EXPORT_ADVICE = "export it as one of these: docs/networks.md shows how"

FOREIGN_FILES = ((b"\xff\xd8\xff", "a JPEG picture"), (b"\x89PNG", "a PNG picture"), (b"BM", "a BMP picture"),
                 (b"GIF8", "a GIF picture"), (b"PK\3\4", "a ZIP archive (PyTorch or Keras?)"),
                 (b"\x89HDF", "an HDF5 file (Keras?)"), (b"<", "a web page, or XML"),
                 (b"version https://git-lfs", "a Git LFS pointer, not the file that it points to"))


Shape = tuple[int, ...]
Row = tuple[str, str, tuple[str, ...], str, Shape, dict[str, Any]]     # name, kind, inputs, buffer, shape, parameters
Weight = tuple[Shape, Any]      # shape, numbers: a flat buffer of float32
NO_WEIGHT: Weight = (), None


class Constant(NamedTuple):
    """A constant of the graph. Its numbers are `content` as bytes, or `values`, whose last fills the rest; without any
    all are zero: TensorFlow's optimiser writes biases so."""
    dtype: int
    shape: tuple[int, ...]
    content: memoryview | None
    values: array.array | list

    def complete(self) -> bool:
        """Whether the numbers in the file are as many as the shape wants."""
        size = math.prod(self.shape)
        if self.content:
            return len(self.content) == 4 * size
        return len(self.values) <= size

    def floats(self) -> memoryview[float]:
        """The numbers, if they are float32, flat and row-major. Ask complete() first: a file may lie."""
        if self.content and sys.byteorder == "little":
            return self.content.cast("f")
        numbers = array.array("f", self.content.tobytes() if self.content else self.values or [0.0])
        if self.content:
            numbers.byteswap()
        return memoryview(numbers + numbers[-1:] * (math.prod(self.shape) - len(numbers)))


class Node(NamedTuple):
    """One operation of the graph, or one weight (operation "Const", the weight in attributes["value"])."""
    name: str
    operation: str
    inputs: list[str]
    attributes: dict[str, Any]


class Graph(NamedTuple):
    """A frozen TensorFlow graph: its nodes by name, in the order of the file; the bytes of functions that they call."""
    path: str
    nodes: dict[str, Node]
    library: memoryview = memoryview(b"")


class WireError(Exception):
    """The protobuf message is broken: the byte of the file where, and what is wrong there."""


class WireReader:
    """Reads protobuf messages from `data` into dicts, by schema; fields that no schema names are skipped."""

    def __init__(self, data: memoryview):
        self.data = data
        self.fields_left = MAX_FIELDS

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """The number at `at`, seven bits a byte and the low ones first, and where it ends."""
        if at < end and (value := self.data[at]) < 128:        # most are
            return value, at + 1
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                raise WireError(at, "a number is cut off")
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & (1 << 64) - 1, at
        raise WireError(at, "a number takes more than 10 bytes")

    def fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """The fields of the message in data[at:end]: number, wire type, where the value begins and ends."""
        while at < end:
            field_at = at
            self.spend(1, at)
            key, at = self.varint(at, end)
            number, wire = key >> 3, key & 7
            start = at
            if wire == VARINT:
                _, at = self.varint(at, end)
            elif wire == BYTES:
                length, start = self.varint(at, end)
                at = start + length
            elif wire in (FIXED32, FIXED64):
                at += 4 if wire == FIXED32 else 8
            else:
                raise WireError(field_at, f"there is no wire type {wire}")
            if not 0 < number < 1 << 29:
                raise WireError(field_at, f"there is no field number {number}")
            if at > end:
                raise WireError(field_at, f"a field claims {at - start} bytes where {end - start} are left")
            yield number, wire, start, at

    def spend(self, fields: int, at: int) -> None:
        """Count the fields of the file, so that none, however made, costs much time or memory."""
        self.fields_left -= fields
        if self.fields_left < 0:
            raise WireError(at, f"more than {MAX_FIELDS} fields")

    def message(self, schema: dict, at: int, end: int) -> dict:
        """The message in data[at:end] as {name: value}; a field that is not there is not in the dict."""
        found: dict[str, Any] = {}
        for number, wire, start, stop in self.fields(at, end):
            if number not in schema:
                continue
            name, kind = schema[number]
            if not isinstance(kind, list):
                found[name] = self.value(kind, wire, start, stop)
            elif kind == [float]:
                found.setdefault(name, array.array("f")).extend(self.floats(wire, start, stop))
            elif kind == [int] and wire == BYTES:
                found.setdefault(name, []).extend(self.packed_ints(start, stop))
            else:
                found.setdefault(name, []).append(self.value(kind[0], wire, start, stop))
        return found

    def value(self, kind: Any, wire: int, start: int, stop: int) -> Any:
        """The one value in data[start:stop]."""
        expected = {int: VARINT, float: FIXED32}.get(kind, BYTES) if isinstance(kind, type) else BYTES
        if wire != expected:
            raise WireError(start, f"a field has wire type {wire} where {expected} belongs")
        if kind is int:
            return signed(self.varint(start, stop)[0])
        if kind is float:
            return struct.unpack_from("<f", self.data, start)[0]
        if kind is memoryview:
            return self.data[start:stop]
        if kind is str:
            return self.text(start, stop)
        return self.message(kind, start, stop)

    def text(self, start: int, stop: int) -> str:
        try:
            return str(self.data[start:stop], "utf-8")
        except UnicodeDecodeError:
            raise WireError(start, "a name is not UTF-8") from None

    def packed_ints(self, at: int, end: int) -> Iterator[int]:
        while at < end:
            self.spend(1, at)
            value, at = self.varint(at, end)
            yield signed(value)

    def floats(self, wire: int, start: int, stop: int) -> array.array:
        """One float, or many packed one behind the other."""
        if wire not in (BYTES, FIXED32) or (stop - start) % 4:
            raise WireError(start, f"{stop - start} bytes of wire type {wire} where floats belong")
        floats = array.array("f", self.data[start:stop].tobytes())
        if sys.byteorder == "big":
            floats.byteswap()
        return floats


def signed(varint: int) -> int:
    """An int64 as protobuf writes it: negative numbers as 2^64 less."""
    return varint - (1 << 64) if varint >> 63 else varint


def weight_bytes(path: str) -> memoryview:
    """The content of a regular file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):        # opening a pipe could wait for ever
            raise DeepDreamError(f"{path}: not a file; expected a weight file; {WEIGHTS_ADVICE}")
        with open(path, "rb") as file:
            data = read_in_large_pages(file)
    except (OSError, ValueError) as error:                 # ValueError: a null byte in the name
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); "
                             f"expected a weight file; {WEIGHTS_ADVICE}") from None
    if not data:
        raise DeepDreamError(f"{path}: empty; expected a weight file; {WEIGHTS_ADVICE}")
    return data


def in_large_pages(memory: mmap.mmap) -> None:
    """Where the system has them: fewer addresses for the processor to look up."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)


def read_in_large_pages(file: BinaryIO) -> memoryview:
    """The content of a file; where Linux has large pages for it, in half the time of 7000 small ones (28 MB)."""
    size = os.fstat(file.fileno()).st_size
    if not size or not hasattr(mmap, "MADV_HUGEPAGE"):
        return memoryview(file.read())
    data = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    in_large_pages(data)
    return memoryview(data)[:file.readinto(data)]          # type: ignore[attr-defined]


ONNX = "an ONNX model"


def foreign_file(data: memoryview) -> str | None:
    """What kind of file this is, if it begins as no graph does."""
    head = bytes(data[:256])
    if head[:1] == b"\x08":         # a version number comes first: 1 in a SavedModel, 3 and more in what ONNX writes
        return "a TensorFlow SavedModel, not frozen" if head[1:3] == b"\x01\x12" else ONNX
    text = "a text file" if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head) else None
    return next((kind for magic, kind in FOREIGN_FILES if head.startswith(magic)), text)


def read_graph(path: str, data: memoryview | None = None) -> Graph:
    """Read the frozen TensorFlow graph (a binary GraphDef) in the file `path`, whose bytes `data` may be.

    Tensors stay views into the file's bytes. Raises DeepDreamError, with the byte and the node before it, for
    whatever is not a GraphDef. Whether the nodes make sense, and are the network, is for load_model to find.
    """
    data = weight_bytes(path) if data is None else data
    foreign = foreign_file(data)
    if foreign:
        advice = EXPORT_ADVICE if any(word in foreign for word in ("Keras", "SavedModel")) else WEIGHTS_ADVICE
        raise DeepDreamError(f"{path}: {foreign}; expected a frozen TensorFlow graph or an ONNX model; {advice}")
    reader = WireReader(data)
    nodes: dict[str, Node] = {}
    last, library = "", data[:0]
    try:
        for number, wire, start, stop in reader.fields(0, len(data)):
            if number == GRAPH_NODE:
                node = read_node(reader, wire, start, stop)
                if nodes.setdefault(node.name, node) is not node:
                    raise WireError(start, f"a second node is called {short(node.name)}")
                last = node.name
            elif (number, wire) == (GRAPH_LIBRARY, BYTES):
                library = data[start:stop]
    except WireError as error:
        at, what = error.args
        where = f"after node {short(last)}" if nodes else "before any node"
        raise DeepDreamError(f"{path}: broken or cut short at byte {at} of {len(data)}, {where}: {what}; "
                             f"expected a frozen TensorFlow graph; {WEIGHTS_ADVICE}") from None
    if not nodes:
        raise DeepDreamError(f"{path}: no nodes in it; expected a frozen TensorFlow graph; {WEIGHTS_ADVICE}")
    return Graph(str(path), nodes, library)


def read_node(reader: WireReader, wire: int, start: int, stop: int) -> Node:
    return node_of(reader.value(NODE, wire, start, stop), start)


def node_of(node: dict, start: int) -> Node:
    """A node as read."""
    if not node.get("name") or not node.get("operation"):
        raise WireError(start, "a node has no name, or no operation")
    attributes = {}
    for attribute in node.get("attributes", ()):
        for kind, value in attribute.get("value", {}).items():
            if kind == "list":
                value = value.get("ints", [])
            elif kind == "shape":
                value = read_shape(value)
            elif kind == "tensor":
                values = value.get(VALUES.get(value.get("dtype", 0), "ints"), [])
                value = Constant(value.get("dtype", 0), read_shape(value.get("shape", {})),
                                 value.get("content"), values)
            elif kind == "function":
                value = value.get("name", "")
            elif kind == "string":
                value = bytes(value[:64]).decode("latin-1")    # no string that is asked for is longer
            attributes[attribute.get("key", "")] = value
    return Node(node["name"], node["operation"], node.get("inputs", []), attributes)


def read_shape(message: dict) -> tuple[int, ...]:
    return tuple(dim.get("size", 0) for dim in message.get("dims", ()))


def short(name: str, most: int = 60) -> str:
    """A name from a file as a message may print it: one line, not endless, no control characters."""
    return ascii(name if len(name) <= most else name[:most - 3] + "...")[1:-1]


def wrong_node(graph: Graph, name: str, found: str, expected: str) -> DeepDreamError:
    return DeepDreamError(f"{graph.path}: node {short(name)}: {found}; expected {expected}; {WEIGHTS_ADVICE}")


def operand_name(node_name: str) -> str:
    """What a node is called here: / becomes _, and scope/scope, as a Relu is named, is shortened to scope."""
    scope, _, rest = node_name.rpartition("/")
    return (scope if rest == scope else node_name).replace("/", "_")


def node_inputs(graph: Graph, node: Node) -> tuple[str, ...]:
    """The operand names of what the operation `node` computes with: operations and weights.

    Identity and Reshape, which move no number, are looked through, control inputs (^name) are left out, and
    so is the axis of a ConcatV2, once checked.
    """
    inputs = []
    for name in node.inputs:
        if name.startswith("^"):
            continue
        for _ in range(4):                     # no graph stacks more of them; a circle ends here
            source = graph.nodes.get(name.removesuffix(":0"))
            if source is None or source.operation not in ("Identity", "Reshape") or not source.inputs:
                break
            name = source.inputs[0]
        if source is None:
            raise wrong_node(graph, node.name, f"its input {short(name)} is missing", "the whole graph")
        inputs.append(source)
    if node.operation == "ConcatV2" and inputs:
        axis = inputs.pop().attributes.get("value")
        if not isinstance(axis, Constant) or bytes(axis.content or b"") != b"\3\0\0\0" and axis.values != [3]:
            raise wrong_node(graph, node.name, "joins another axis", "axis 3, the channels")
    return tuple(operand_name(source.name) for source in inputs)


def node_parameters(graph: Graph, node: Node, shapes: list[Shape]) -> dict[str, Any]:
    """What the layer `node` has to know beside its inputs, whose shapes these are, as its row of KINDS reads it."""
    reader = AttributeReader(graph, node, shapes)
    kind = KINDS[node.operation]
    for name, only in kind.fixed:
        value = reader.get(name, "" if name == "padding" else only)     # the one that has no default value
        if value != only:
            raise wrong_node(graph, node.name, f"{name} {short(str(value))}", str(only))
    return kind.read(reader)


class AttributeReader:
    """The attributes of one node, checked: of the type that is asked for, windows over height and width only."""

    def __init__(self, graph: Graph, node: Node, shapes: list[Shape]):
        self.graph, self.node, self.shapes = graph, node, shapes

    def get(self, name: str, default: Any) -> Any:
        """An attribute; a file may leave out what has its default value."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, type(default)):
            raise wrong_node(self.graph, self.node.name, f"attribute {name} has another type", type(default).__name__)
        return value

    def window(self, name: str) -> tuple[int, int]:
        """(height, width)"""
        sizes = self.get(name, [])
        if len(sizes) != 4 or sizes[0] != 1 or sizes[3] != 1 or not 1 <= min(sizes) <= max(sizes) <= LARGEST_WINDOW:
            raise wrong_node(self.graph, self.node.name, f"{name} {sizes[:9]}",
                             f"[1, height, width, 1] of at most {LARGEST_WINDOW}")
        return sizes[1], sizes[2]

    def whole_window(self) -> dict[str, Any]:
        """Nothing to know; DeepDreamError unless the window is all of the input: the mean that AvgPool is here."""
        padding, ksize = self.get("padding", ""), self.window("ksize")
        if padding != "VALID" or ksize != tuple(self.shapes[0][:2]):
            raise wrong_node(self.graph, self.node.name, f"a window of {ksize} with padding {short(padding)} on a map "
                             f"of {tuple(self.shapes[0][:2])}", "one over the whole map, padding VALID")
        return {}


class Input(NamedTuple):
    """How a network wants its picture: (level - mean) * scale, levels 0 to 255, its channels in this order."""
    name: str = "data"                  # the operation that takes it
    order: str = "BGR"                  # or "RGB"
    mean: tuple[float, float, float] = (104.0, 116.7, 122.7)    # in that order; of the original's training pictures
    scale: float = 1.0


class Model(NamedTuple):
    """A network as its file describes it, checked: everything that engines and modes have to know of it."""
    path: str
    operations: tuple[Row, ...]         # as in inception_graph.OPERATIONS
    weights: dict[str, Weight]          # name as an input -> shape, numbers row-major: [kh, kw, ci, co], biases [co]
    labels: list[str]                   # the name of class i
    input: Input = Input()
    output: str = "prob"                # the layer that holds the probabilities of the classes
    layer: str = ""                     # what a dream makes grow unless it is told
    smallest: int = 32                  # pixels; below it the deepest maps of Inception-V1 would be a single cell
    note: str = ""                      # what a user should know about this file

    def size(self) -> tuple[int, int]:
        """(height, width) of the pictures that it classifies."""
        height, width, _ = next(row[4] for row in self.operations if row[0] == self.input.name)
        return height, width


def load_model(path: str, labels: str | None = None) -> Model:
    """Open the weight file `path`; check, by node name, that it is the network of inception_graph.py if it claims that.
    Any other network is for deepdream_extras/networks.py.

    `labels` is a file of class names, one for each output; by default the shipped one, or numbers where the network
    has another number of classes. Raises DeepDreamError with the node's name if a weight or an operation is missing or
    differs or is unknown here, or a weight holds infinity or NaN. It takes 20 ms.
    """
    data = weight_bytes(path)
    if foreign_file(data) == ONNX:
        return other_networks(path)(path, labels, data=data)
    graph = read_graph(path, data)
    if claims_inception(graph):
        check_operations(graph)
        weights = {operand: (shape, checked_weight(graph, node, shape))
                   for operand, node, shape in inception_graph.WEIGHTS}
        names = read_labels(labels or data_file(inception_graph.LABELS), inception_graph.OPERATIONS[-1][4][2])
        return Model(graph.path, inception_graph.OPERATIONS, weights, names, layer=inception_graph.DREAM_LAYER)
    return other_networks(path)(path, labels, graph)


def other_networks(path: str) -> Callable[..., Model]:
    """What reads all other networks."""
    try:
        return resolve("networks:load")
    except DeepDreamError as error:
        raise DeepDreamError(f"{path}: not Inception-V1, but another network; {error}") from None


def claims_inception(graph: Graph) -> bool:
    """Whether the graph calls its first layer as Inception-V1 does, or half of them all."""
    names = set(map(operand_name, graph.nodes))
    known = [row[0] for row in inception_graph.OPERATIONS]
    return known[1] in names or 2 * len(names.intersection(known)) >= len(known)


def checked_weight(graph: Graph, name: str, shape: Shape) -> memoryview[float]:
    node = graph.nodes.get(name)
    if node is None:
        raise wrong_node(graph, name, "missing", "a weight")
    tensor = node.attributes.get("value")
    if node.operation != "Const" or not isinstance(tensor, Constant) or tensor.dtype != DT_FLOAT:
        raise wrong_node(graph, name, "not a constant of type float32", "a weight")
    if shape not in (tensor.shape, (1, 1) + tensor.shape):     # a matrix is a 1x1 convolution in our table
        raise wrong_node(graph, name, f"shape {short(str(list(tensor.shape)))}", f"shape {list(shape)}")
    if not tensor.complete():
        raise wrong_node(graph, name, "its numbers are not as many as its shape says", f"shape {list(shape)}")
    floats = tensor.floats()
    if not (all_moderate(tensor.content) if tensor.content else all(abs(v) < 2.0 ** 127 for v in tensor.values)):
        raise wrong_node(graph, name, "numbers of 1e38 or more, infinity or NaN", "weights")
    return floats


def all_moderate(content: memoryview) -> bool:
    """Whether all these little-endian floats are below 2**127, so neither infinite nor NaN, which a ReLU or a maximum
    would swallow.

    The bytes that hold a float's sign and the upper 7 bits of its exponent tell: 0.6 ns each; math.isinf takes 17.
    """
    parts = (bytes(content[at:at + 65536])[3::4] for at in range(0, len(content), 65536))
    return not any(0x7F in exponents or 0xFF in exponents for exponents in parts)


def check_operations(graph: Graph) -> None:
    """Compare kind, inputs and parameters of the graph's operations with the table of Inception-V1."""
    nodes = {operand_name(node.name): node for node in graph.nodes.values() if node.operation != "Const"}
    writer: dict[str, str] = {}      # buffer -> the operation that wrote it last (BiasAdd, Relu: in place)
    shapes = {operand: shape for operand, _, shape in inception_graph.WEIGHTS}
    for name, kind, inputs, buffer, shape, parameters in inception_graph.OPERATIONS:
        node = nodes.get(name)
        if node is None:
            raise wrong_node(graph, name, "missing", f"a {kind}")
        if node.operation != kind:
            raise wrong_node(graph, node.name, f"a {short(node.operation)}", f"a {kind}")
        expected = tuple(writer.get(operand, operand) for operand in inputs)
        found = node_inputs(graph, node)
        if found != expected:
            raise wrong_node(graph, node.name, f"computes with {list(map(short, found[:9]))}", f"{list(expected)}")
        found_parameters = node_parameters(graph, node, [shapes[operand] for operand in inputs])
        if found_parameters != parameters:
            raise wrong_node(graph, node.name, str(found_parameters), str(parameters))
        writer[buffer], shapes[buffer] = name, shape


def read_labels(path: str, count: int = 1000) -> list[str]:
    """The `count` class names in a text file, one a line."""
    expected = f"expected {count} class names, one a line; take ImageNet_standard.txt from the project again"
    try:
        with open(path, encoding="utf-8") as file:
            labels = file.read(1 << 20).splitlines()
    except (OSError, ValueError) as error:     # ValueError: not UTF-8, or a null byte in the name
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); "
                             f"{expected}") from None
    if len(labels) != count or not all(labels):
        raise DeepDreamError(f"{path}: {len(labels)} lines, {labels.count('')} of them empty; {expected}")
    return labels


def data_file(name: str) -> str:
    """Where a shipped file is: beside this module, or in deepdream_data beside it, where pip puts it."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(here, "deepdream_data")):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise DeepDreamError(f"{name}: not found; expected it in {here} or its folder deepdream_data; "
                         "install deepdream again")


def data_folder() -> str:
    """Where downloaded files live: deepdream/ in the user's data folder, by the custom of the system."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME", "")
        if not os.path.isabs(base):    # the XDG specification: relative values are to be ignored
            base = os.path.join(home, ".local", "share")
    return os.path.join(base, "deepdream")


def choose_model(wish: str | None = None) -> tuple[str, str]:
    """The weight file to use, and a phrase that says how it was chosen.

    `wish` is what --model says: a file, "drawn" (shipped with the program) or "imagenet" (downloaded).
    Without it $DEEPDREAM_MODEL decides, which takes the same values; without that the downloaded weights are
    used if they are there, else the shipped ones.
    """
    source = "--model"
    if wish is None:
        wish, source = os.environ.get("DEEPDREAM_MODEL") or None, "$DEEPDREAM_MODEL"
    original = os.path.join(data_folder(), "InceptionV1.pb")
    if wish is None:
        if os.path.isfile(original):
            return original, "downloaded ImageNet weights"
        return data_file("InceptionV1.pb"), "shipped weights, trained on drawings"
    if wish == "drawn":
        return data_file("InceptionV1.pb"), f"shipped weights, trained on drawings, as {source} says"
    if wish == "imagenet":
        if not os.path.isfile(original):
            raise DeepDreamError(f"{original}: the ImageNet weights that {source} asks for are not there; "
                                 "`deepdream download` fetches them")
        return original, f"downloaded ImageNet weights, as {source} says"
    if not os.path.exists(wish):
        raise DeepDreamError(f"{wish}: no such file; {source} takes a weight file, 'drawn' or 'imagenet'")
    return wish, f"as {source} says"


def reference_files(model_path: str) -> tuple[str, str]:
    """The picture and the folder of reference tensors that belong to a weight file: both lie beside it."""
    folder = os.path.dirname(model_path)
    return os.path.join(folder, "cat_dog224.bmp"), os.path.join(folder, "test")


# ---- Layers ----------------------------------------------------------------------------------------------------------
# Each layer is one function, its forward and its backward side by side, over flat float32 buffers in [h, w, c] order.
#
# Where the time goes: nearly all multiply-adds are in convolutions, and sum(map(mul, a, b)) as a dot product takes
# Python about 22 ns for each. But Python's integers are as long as one likes: one of them can hold a whole row of the
# weight matrix, a 64-bit lane per output channel, and then `activation * row` is `co` multiplications at the speed of
# C, 3 to 4 ns each. Activations become integers of 28 bits, weights are scaled so that no lane can overflow, and the
# sums are exact, so a result does not depend on how the work is split.

ACTIVATION_BITS = 28        # a factor below 2**30 is a single digit to CPython, the fast case of `*`
WEIGHT_BITS = 34            # the absolute weights of one lane add up to 2**34: 28 + 34 bits and a sign fit into 64
ROUND = 1.5 * 2.0 ** 52     # v + ROUND, as a double, has the integer nearest to v in its low bits: faster than int()
DAMAGED = "infinity or NaN in the network: its weights are damaged; fetch them again or choose another --model"


def from_lanes(lanes: array.array) -> int:
    """The integer whose 64-bit digits, lowest first, are the bits of these doubles."""
    if sys.byteorder == "big":
        lanes.byteswap()
    return int.from_bytes(lanes, "little")


class Kernel:
    """The weights of a convolution, times `scale`, as long integers: runs[r][k] is row k of kernel row r."""

    def __init__(self, weights: Sequence[float], rows: int, lanes: int):
        """weights: flat [rows, run, lanes], where a run is the kw * ci inputs that one kernel row sees."""
        if not math.isfinite(sum(weights)):
            raise DeepDreamError(DAMAGED)
        pieces = [weights[i:i + lanes] for i in range(0, len(weights), lanes)]
        bound = sum([max(max(piece), -min(piece)) for piece in pieces])     # of a lane's absolute sum
        self.lanes, self.scale = lanes, 2.0 ** (WEIGHT_BITS - math.frexp(bound)[1])
        scale = self.scale
        zero = from_lanes(array.array("d", [ROUND]) * lanes)
        packed = [from_lanes(array.array("d", [w * scale + ROUND for w in piece])) - zero for piece in pieces]
        run = len(packed) // rows
        self.runs = [packed[i:i + run] for i in range(0, len(packed), run)]

    def products(self, windows: Iterable[Sequence[Sequence[int] | None]], scale: float) -> Iterator[float]:
        """`lanes` sums of products for each window: one run of integers per kernel row, None where it is outside.

        `scale` is what the integers were multiplied by. Lanes are taken apart as two's complement, which leaves in
        each the borrow of the one below: one unit in 2**62.
        """
        size = 8 * self.lanes
        raw = b"".join([
            sum([sum(map(mul, compress(run, run), compress(row, run)))   # zeros, frequent after a ReLU, cost nothing
                 for row, run in zip(self.runs, window) if run is not None]).to_bytes(size, "little", signed=True)
            for window in windows])
        lanes = array.array("q", raw)
        if sys.byteorder == "big":
            lanes.byteswap()
        return map(mul, lanes, repeat(1.0 / (scale * self.scale)))


def integers(values: Sequence[float]) -> tuple[list[int], float]:
    """The values as integers of at most ACTIVATION_BITS bits, and the power of two they were multiplied by."""
    try:
        largest = max(max(values), -min(values))
        scale = 2.0 ** min(ACTIVATION_BITS - math.frexp(largest)[1], 900)
        return [int(v * scale) for v in values], scale
    except (ValueError, OverflowError):
        raise DeepDreamError(DAMAGED) from None


class Factors(list):
    """For Engine.seed: a factor for each channel of a layer, by which its own activations are multiplied."""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """(output size, padding before) of TensorFlow's SAME rule along one axis."""
    out = -(-size // stride)
    return out, max((out - 1) * stride + kernel - size, 0) // 2


def windows(shape: Shape, kernel: Sequence[int], parameters: dict[str, Any]) -> list[tuple[int, int]]:
    """[(output rows, rows of padding above), (output columns, columns of padding on the left)] of a sliding window.

    parameters: stride; padding "SAME", "VALID" (none) or ((above, below), (left, right)); ceil: a last window may reach
    beyond the padding, as Caffe's pools do, if it begins before. ValueError: the map is smaller than the window.
    """
    stride, padding = parameters.get("stride", (1, 1)), parameters.get("padding", "SAME")
    axes = []
    for size, length, step, around in zip(shape, kernel, stride, padding if len(padding) == 2 else [padding] * 2):
        if around == "SAME":
            axes.append(same_padding(size, length, step))
            continue
        before, after = (0, 0) if around == "VALID" else around
        room = size + before + after - length
        if room < 0:
            raise ValueError(f"a window of {kernel[0]} x {kernel[1]} on a map of {shape[0]} x {shape[1]}")
        count = room // step + 1
        if parameters.get("ceil") and room % step and count * step < size + before:
            count += 1
        axes.append((count, before))
    return axes


class Buffer:
    """Values and gradient, flat float32, of one buffer of shape (h, w, c)."""

    values: memoryview[float]
    gradient: memoryview[float]

    def __init__(self, shape: Shape):
        self.shape, self.size = shape, math.prod(shape)


class Operation:
    """A row of the table bound to its tensors: x (the first input), inputs, y, and its weights [kh, kw, ci, co]."""

    def __init__(self, row: Row, inputs: list[Buffer], y: Buffer, weight: Weight | None):
        self.name, self.kind, self.inputs, self.x, self.y = row[0], row[1], inputs, inputs[0] if inputs else y, y
        self.weight_shape, self.weights = weight or NO_WEIGHT
        self.parameters = kind_row(self.kind).parameters | row[5]
        self.stride = self.parameters.get("stride", (1, 1))         # down, across
        if self.parameters.get("dilation", (1, 1)) != (1, 1):       # taps apart: zeros between them
            self.weight_shape, self.weights = resolve("kinds:spread")(self.weight_shape, self.weights,
                                                                      self.parameters["dilation"])
        self.kernels: dict[Any, Kernel] = {}


def give_back(op: Operation, values: Iterable[float]) -> None:
    """What an operation on single numbers gives to dx: in place it takes the place of dy, else it is added."""
    if op.x is op.y:
        op.x.gradient[:] = array.array("f", values)
    else:
        accumulate(op.x.gradient, 0, values, op.x.size)


def conv2d(op: Operation, backward: bool, rows: range) -> None:
    """x [h, w, ci] * weights [kh, kw, ci, co] -> y [oh, ow, co]; `rows` are the rows of the result, y or dx."""
    if op.parameters["groups"] > 1:
        resolve("kinds:grouped")(op, backward, rows)
        return
    (_, w, ci), (_, ow, co) = op.x.shape, op.y.shape
    kh, kw = op.weight_shape[:2]
    (_, top), (_, left) = windows(op.x.shape, (kh, kw), op.parameters)
    if backward not in op.kernels:
        op.kernels[backward] = conv2d_kernel(op, backward)
    kernel = op.kernels[backward]
    if not backward:
        for y, values in correlate(op.x.values, op.x.shape, kernel, kh, kw, op.stride, top, left, rows, ow):
            op.y.values[y * ow * co:(y + 1) * ow * co] = array.array("f", values)
    elif op.stride == (1, 1):
        # The gradient of a correlation is a correlation with the kernel turned by 180 degrees, ci and co exchanged.
        for y, values in correlate(op.y.gradient, op.y.shape, kernel, kh, kw, (1, 1), kh - 1 - top, kw - 1 - left,
                                   rows, w):
            accumulate(op.x.gradient, y * w * ci, values, w * ci)
    else:
        for y, sums in scatter(op, kernel, top, left, rows):
            accumulate(op.x.gradient, y * w * ci, sums, w * ci)


def scatter(op: Operation, kernel: Kernel, top: int, left: int, rows: range) -> Iterator[tuple[int, list[float]]]:
    """(row, what is to be added to it) of dx for a stride above 1.

    Each pixel of dy, times the weights, is the gradient of its whole window [kh, kw, ci]. Windows overlap: they are
    added up in rows as wide as all windows together, `left` pixels wider than the picture on that side.
    """
    (_, w, ci), (oh, ow, co) = op.x.shape, op.y.shape
    kh, kw = op.weight_shape[:2]
    run, window, (down, across) = kw * ci, kh * kw * ci, op.stride
    dy, scale = integers(op.y.gradient.tolist())
    sums = {y: [0.0] * (max((ow - 1) * across + kw, left) * ci + w * ci) for y in rows}
    for y in range(oh):
        seen = [(r, y * down - top + r) for r in range(kh) if y * down - top + r in rows]
        if seen:
            pixels = [(dy[i:i + co],) for i in range(y * ow * co, (y + 1) * ow * co, co)]
            windows = list(kernel.products(pixels, scale))
            for r, row in seen:
                total = sums[row]
                for x in range(ow):
                    at, i = x * across * ci, x * window + r * run
                    total[at:at + run] = map(add, total[at:at + run], windows[i:i + run])
    for y in rows:
        yield y, sums[y][left * ci:]


def conv2d_kernel(op: Operation, backward: bool) -> Kernel:
    """The weights [kh, kw, ci, co] in the order that conv2d needs them in one direction."""
    kh, kw, ci, co = op.weight_shape
    weights = op.weights.tolist()
    if not backward:
        return Kernel(weights, kh, co)
    if op.stride != (1, 1):
        return Kernel([v for o in range(co) for v in weights[o::co]], 1, kh * kw * ci)
    taps = [weights[i:i + ci * co] for i in range(0, len(weights), ci * co)]
    return Kernel([v for tap in reversed(taps) for o in range(co) for v in tap[o::co]], kh, ci)


def correlate(values: memoryview[float], shape, kernel: Kernel, kh: int, kw: int, stride: tuple[int, int], top: int,
              left: int, rows: range, width: int) -> Iterator[tuple[int, Iterator[float]]]:
    """(row, its width * lanes sums of products) for each of the rows of values [h, w, c] * kernel."""
    (h, w, c), (down, across) = shape, stride
    pixels, scale = integers(values.tolist())
    right = max((width - 1) * across + kw - left - w, 0)
    before, after, run = [0] * (left * c), [0] * (right * c), kw * c
    first = max(-left, 0) * c                                        # a padding wider than the kernel, turned around
    padded: dict[int, list[int]] = {}
    for y in rows:
        seen = range(y * down - top, y * down - top + kh)
        padded = {r: padded.get(r) or before + pixels[r * w * c:(r + 1) * w * c] + after for r in seen if 0 <= r < h}
        inputs = [padded.get(r) for r in seen]
        yield y, kernel.products([[row and row[i:i + run] for row in inputs]
                                  for i in range(first, first + width * across * c, across * c)], scale)


def accumulate(gradient: memoryview[float], at: int, values: Iterable[float], count: int) -> None:
    """gradient[at:at + count] += values"""
    gradient[at:at + count] = array.array("f", map(add, gradient[at:at + count], values))


def bias_add(op: Operation, backward: bool) -> None:
    """y [h, w, c] = x + biases [c], mostly in place; the gradient passes through unchanged."""
    if not backward:
        op.y.values[:] = array.array("f", map(add, op.x.values, cycle(op.weights.tolist())))
    elif op.x is not op.y:
        give_back(op, op.y.gradient)


def relu(op: Operation, backward: bool) -> None:
    """y [h, w, c] = max(x, 0), mostly in place; no gradient where the output is zero."""
    if not backward:
        op.y.values[:] = array.array("f", [v if v > 0.0 else 0.0 for v in op.x.values])
    else:
        give_back(op, [d if v > 0.0 else 0.0 for v, d in zip(op.y.values, op.y.gradient)])


def pool_windows(op: Operation) -> tuple[int, int, int, int]:
    """(kh, kw, top, left) of a pool: its window and the padding above and on the left. No ksize: the whole map."""
    h, w, _ = op.x.shape
    if not op.parameters["ksize"]:
        return h, w, 0, 0
    (_, top), (_, left) = windows(op.x.shape, op.parameters["ksize"], op.parameters)
    return *op.parameters["ksize"], top, left


def max_pool(op: Operation, backward: bool) -> None:
    """x [h, w, c] -> y [oh, ow, c], the largest of each kh x kw window; the first that is largest gets the gradient."""
    (h, w, c), (oh, ow, _), (down, across) = op.x.shape, op.y.shape, op.stride
    kh, kw, top, left = pool_windows(op)
    width, height = (ow - 1) * across + kw, (oh - 1) * down + kh      # what the windows cover, borders included
    right, bottom = max(width - left - w, 0), max(height - top - h, 0)
    line = (left + w + right) * c
    outside = -math.inf
    x = [outside] * (top * line)
    for y in range(h):
        x += [outside] * (left * c) + op.x.values[y * w * c:(y + 1) * w * c].tolist() + [outside] * (right * c)
    x += [outside] * (bottom * line)
    if not backward:
        for y in range(oh):
            lines = [x[i:i + line] for i in range(y * down * line, (y * down + kh) * line, line)]
            tallest = list(map(max, *lines, lines[0]))
            largest = list(map(max, *[tallest[s * c:] for s in range(kw)], tallest))
            op.y.values[y * ow * c:(y + 1) * ow * c] = array.array(
                "f", [v for i in range(0, ow * across * c, across * c) for v in largest[i:i + c]])
    else:
        dx = [0.0] * len(x)
        corners = [i for y in range(0, oh * down, down) for j in range(0, ow * across, across)
                   for i in range(y * line + j * c, y * line + j * c + c)]
        taps = [r * line + s * c for r in range(kh) for s in range(kw)]
        for i, best, d in zip(corners, op.y.values, op.y.gradient):
            for tap in taps:
                if x[i + tap] == best:
                    dx[i + tap] += d
                    break
        for y in range(h):
            start = (top + y) * line + left * c
            accumulate(op.x.gradient, y * w * c, dx[start:start + w * c], w * c)


def lrn(op: Operation, backward: bool) -> None:
    """y[c] = x[c] * n[c] ** -beta with n[c] = bias + alpha * sum of x ** 2 over channels c - radius .. c + radius."""
    c, radius = op.x.shape[2], op.parameters["depth_radius"]
    alpha, beta, bias = op.parameters["alpha"], op.parameters["beta"], op.parameters["bias"]
    x = op.x.values.tolist()
    norms = [bias + alpha * total for total in channel_sums([v * v for v in x], c, radius)]
    if not backward:
        op.y.values[:] = array.array("f", [v * n ** -beta for v, n in zip(x, norms)])
    else:
        # dx[j] = dy[j] n[j]^-beta - 2 alpha beta x[j] * sum of dy[i] y[i] / n[i] over the i that j is a neighbour of
        dy = op.y.gradient.tolist()
        shared = channel_sums([d * v / n for d, v, n in zip(dy, op.y.values, norms)], c, radius)
        factor = 2.0 * alpha * beta
        accumulate(op.x.gradient, 0, [d * n ** -beta - factor * v * total
                                      for d, n, v, total in zip(dy, norms, x, shared)], len(x))


def channel_sums(values: list[float], c: int, radius: int) -> list[float]:
    """values [h, w, c] -> for each channel the sum over its neighbours of the same pixel, itself included."""
    gap = [0.0] * radius
    sums: list[float] = []
    for i in range(0, len(values), c):
        pixel = gap + values[i:i + c] + gap
        total: Iterable[float] = pixel[:c]
        for shift in range(1, 2 * radius + 1):
            total = map(add, total, pixel[shift:shift + c])
        sums += total
    return sums


def concat(op: Operation, backward: bool) -> None:
    """inputs [h, w, c1], [h, w, c2] ... -> y [h, w, c1 + c2 + ...]"""
    h, w, channels = op.y.shape
    at = 0
    for x in op.inputs:
        c = x.shape[2]
        for i in range(h * w):
            here, there = slice(i * c, (i + 1) * c), slice(i * channels + at, i * channels + at + c)
            if not backward:
                op.y.values[there] = x.values[here]
            else:
                x.gradient[here] = array.array("f", map(add, x.gradient[here], op.y.gradient[there]))
        at += c


def average_pool(op: Operation, backward: bool) -> None:
    """x [h, w, c] -> y [oh, ow, c], the mean of each kh x kw window; without a ksize [1, 1, c], that of the whole map.

    Padding does not count, unless count_pad says so; what a window of `ceil` has beyond the padding never counts.
    """
    (h, w, c), (oh, ow, _), padding = op.x.shape, op.y.shape, op.parameters["padding"]
    kh, kw, top, left = pool_windows(op)
    below, right = {"SAME": (kh, kw), "VALID": (0, 0)}.get(padding) or (padding[0][1], padding[1][1])
    dx = [0.0] * op.x.size
    for i, j in product(range(oh), range(ow)):
        y, x, at = i * op.stride[0] - top, j * op.stride[1] - left, (i * ow + j) * c
        cells = [(r * w + s) * c for r in range(max(y, 0), min(y + kh, h)) for s in range(max(x, 0), min(x + kw, w))]
        count = len(cells)
        if op.parameters["count_pad"]:
            count = (min(y + kh, h + below) - y) * (min(x + kw, w + right) - x)
        if not backward:
            values = op.x.values
            op.y.values[at:at + c] = array.array("f", [
                math.fsum(column) / count for column in zip(*[values[cell:cell + c] for cell in cells])])
        else:
            share = [d / count for d in op.y.gradient[at:at + c]]
            for cell in cells:
                dx[cell:cell + c] = map(add, dx[cell:cell + c], share)
    if backward:
        accumulate(op.x.gradient, 0, dx, op.x.size)


def matmul(op: Operation, backward: bool) -> None:
    """x [h, w, c], flat, * weights [h * w * c, co] -> y [1, 1, co]; or, with weights [kh, kw, c, co] made for a map of
    kh x kw, the same of every part of such a size of a larger map -> y [h - kh + 1, w - kw + 1, co]"""
    if op.parameters["layout"] != "hwco":
        resolve("kinds:matmul_in_layout")(op, backward)
        return
    (_, w, c), (oh, ow, co), weights = op.x.shape, op.y.shape, op.weights
    kh, kw = op.weight_shape[:2] if op.weight_shape[2:3] == (c,) else op.x.shape[:2]
    run = kw * c
    for i, j in product(range(oh), range(ow)):
        rows, at = [((i + r) * w + j) * c for r in range(kh)], (i * ow + j) * co
        if not backward:
            x = [v for row in rows for v in op.x.values[row:row + run]]
            op.y.values[at:at + co] = array.array("f", [sum(map(mul, x, weights[o::co])) for o in range(co)])
        else:
            dy = op.y.gradient[at:at + co].tolist()
            for r, row in enumerate(rows):
                accumulate(op.x.gradient, row, [sum(map(mul, dy, weights[k * co:(k + 1) * co]))
                                                for k in range(r * run, (r + 1) * run)], run)


def softmax(op: Operation, backward: bool) -> None:
    """y = exp(x - max x) / sum of those, over the channels of each cell; dx = (dy - sum of dy * y) * y"""
    c = op.y.shape[2]
    for at in range(0, op.y.size, c):
        y = op.y.values[at:at + c]
        if not backward:
            x = op.x.values[at:at + c]
            largest = max(x)
            powers = [math.exp(v - largest) for v in x]
            total = math.fsum(powers)
            y[:] = array.array("f", [v / total for v in powers])
        else:
            dy = op.y.gradient[at:at + c]
            shared = math.fsum(map(mul, dy, y))
            accumulate(op.x.gradient, at, [(d - shared) * v for d, v in zip(dy, y)], c)


# ---- Kinds of layers -------------------------------------------------------------------------------------------------
# A kind of layer is a row: what computes it, the shape of its result, what it has to know beside its inputs, and how a
# TensorFlow graph says that. Whatever else a graph or a table says is refused by name. The engine comes after them.
# What Inception-V1 and its like have no use for stands in deepdream_extras/kinds.py.

class Kind(NamedTuple):
    """A row of KINDS."""
    run: Callable[..., None]                                        # (operation, backward), see the layers above
    shape: Callable[[list[Shape], dict[str, Any]], Shape]           # of the result, from those of inputs and weights
    parameters: dict[str, Any] = {}                                 # what it has to know, and what is taken if not told
    read: Callable[[AttributeReader], dict[str, Any]] = lambda node: {}
    fixed: tuple[tuple[str, Any], ...] = ()                         # attributes that are known in one way only
    in_place: bool = False                                          # the result takes the place of the first input
    by_rows: bool = False                                           # `run` takes the rows to compute: can be shared out


def same_shape(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    (h, w, c), *_ = shapes
    return h, w, c


def one_per_channel(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    (h, w, c), *weights = shapes
    if weights != [(c,)]:
        raise ValueError(f"weights {list(map(list, weights))} for {c} channels")
    return h, w, c


def convolved(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    x, *weights = shapes
    groups = parameters.get("groups", 1)
    if len(weights) != 1 or len(weights[0]) != 4 or weights[0][2] * groups != x[2] or weights[0][3] % groups:
        raise ValueError(f"weights {list(map(list, weights))} for {x[2]} channels"
                         + f" in {groups} groups" * (groups != 1))
    kernel = [(size - 1) * apart + 1 for size, apart in zip(weights[0], parameters.get("dilation", (1, 1)))]
    (h, _), (w, _) = windows(x, kernel, parameters)
    return h, w, weights[0][3]


def pooled(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    x, = shapes
    kernel, padding = parameters.get("ksize"), parameters.get("padding", "SAME")
    if not kernel:
        return 1, 1, x[2]
    if isinstance(padding, tuple) and any(max(sides) >= size for sides, size in zip(padding, kernel)):
        raise ValueError(f"a window of {kernel[0]} x {kernel[1]}, no larger than the padding {padding}")
    (h, _), (w, _) = windows(x, kernel, parameters)
    return h, w, x[2]


def joined(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    if len({shape[:2] for shape in shapes}) != 1 or {*map(len, shapes)} != {3}:
        raise ValueError(f"parts of different sizes: {list(map(list, shapes))}")
    return *shapes[0][:2], sum(shape[2] for shape in shapes)


def multiplied(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    x, *weights = shapes
    if len(weights) == 1 and len(weights[0]) == 4 and weights[0][2] == x[2]:
        (h, _), (w, _) = windows(x, weights[0], {"padding": "VALID"})
        return h, w, weights[0][3]
    if len(weights) != 1 or math.prod(weights[0][:-1]) != math.prod(x):
        raise ValueError(f"weights {list(map(list, weights))} for an input of {list(x)}")
    return 1, 1, weights[0][-1]


SAME, NHWC = ("padding", "SAME"), ("data_format", "NHWC")
LRN_CONSTANTS = {"depth_radius": 5, "alpha": 1.0, "beta": 0.5, "bias": 1.0}     # what TensorFlow takes if not told
KINDS = {
    "Placeholder": Kind(lambda op, backward: None, same_shape),
    "Conv2D": Kind(conv2d, convolved, {"stride": (1, 1), "padding": "SAME", "dilation": (1, 1), "groups": 1},
                   lambda node: {"stride": stride} if (stride := node.window("strides")) != (1, 1) else {},
                   (SAME, NHWC, ("dilations", [1, 1, 1, 1])), by_rows=True),
    "BiasAdd": Kind(bias_add, one_per_channel, fixed=(NHWC,), in_place=True),
    "Relu": Kind(relu, same_shape, in_place=True),
    "MaxPool": Kind(max_pool, pooled, {"stride": (1, 1), "ksize": None, "padding": "SAME", "ceil": False},
                    lambda node: {"stride": node.window("strides"), "ksize": node.window("ksize")}, (SAME, NHWC)),
    "LRN": Kind(lrn, same_shape, LRN_CONSTANTS,
                lambda node: {name: node.get(name, default) for name, default in LRN_CONSTANTS.items()}),
    "ConcatV2": Kind(concat, joined),
    "AvgPool": Kind(average_pool, pooled, {"stride": (1, 1), "ksize": None, "padding": "SAME", "ceil": False,
                                           "count_pad": False},
                    AttributeReader.whole_window, (NHWC,)),
    "MatMul": Kind(matmul, multiplied, {"layout": "hwco"}, fixed=(("transpose_a", 0), ("transpose_b", 0))),
    "Softmax": Kind(softmax, same_shape),
}


def kind_row(name: str) -> Kind:
    """The row of a kind of layer. KeyError: there is none."""
    return KINDS.get(name) or resolve("kinds:KINDS")[name]


def tensor_shapes(operations, weights, height: int, width: int) -> dict[str, Shape]:
    """The shape (h, w, c) of every operation's output for a picture of this size; the table's own is for one size."""
    shapes: dict[str, Shape] = {name: tuple(shape) for name, (shape, _) in weights.items()}
    for row in operations:
        try:
            shapes[row[3]] = shapes[row[0]] = row_shape(row, shapes, height, width)
        except ValueError as error:
            raise DeepDreamError(f"{row[0]}: {error} in a picture of {width} x {height}; expected what fits together; "
                                 "choose another size or --model") from None
    return {row[0]: shapes[row[0]] for row in operations}


def row_shape(row: Row, shapes: dict[str, Shape], height: int, width: int) -> Shape:
    """What an operation gives, by the shapes of its inputs. ValueError: they do not fit."""
    if row[1] == "Placeholder":
        return height, width, row[4][2]
    return kind_row(row[1]).shape([shapes[i] for i in row[2]], row[5])


def fitting(operations, weights, height: int, width: int) -> Sequence[Row]:
    """The operations before the first for which a picture of this size is too small; mostly these are all."""
    shapes: dict[str, Shape] = {name: tuple(shape) for name, (shape, _) in weights.items()}
    for number, row in enumerate(operations):
        try:
            shapes[row[3]] = shapes[row[0]] = row_shape(row, shapes, height, width)
        except ValueError:
            return operations[:number]
    return operations


def check_reaches(network: Network, engine: Engine, layer: str) -> None:
    """DeepDreamError if the engine's pictures are too small for this layer of the network."""
    if layer not in engine.numbers:
        model = network.model
        low, high, number = 0, LARGEST_SIDE, network.number(layer)
        while high - low > 1:                   # the least side that reaches it
            side = (low + high) // 2
            reaches = len(fitting(model.operations, model.weights, side, side)) > number
            low, high = (low, side) if reaches else (side, high)
        raise DeepDreamError(f"{layer}: a picture or tile of {engine.width} x {engine.height} leaves nothing of this "
                             f"layer, which needs {high} pixels a side at least; enlarge it (--size, --tile), or "
                             "choose a layer before that one")


def lacking(operations) -> str:
    """What of a table no kind of layer is known for; "" if all of it is known."""
    for name, kind, _, _, _, parameters in operations:
        try:
            known = kind_row(kind).parameters
        except KeyError:
            return f"{name}: no operation {kind}"
        for parameter in parameters.keys() - known.keys():
            return f"{name}: {kind} with {parameter} {parameters[parameter]}"
    return ""


class PythonEngine:
    """Runs a table of operations on pictures of one size, in plain Python: the reference for every other engine.

    operations: rows (name, kind, inputs, buffer, shape, parameters) as in inception_graph.OPERATIONS
    weights:    operand name -> (shape, flat float32 view)
    jobs:       processes that share the convolutions; the results are the same for any number
    input:      how the network wants its picture

    Operations are numbered as in the table. `read`, `write`, `seed` and `gradient` take an operation's name. After a
    fork the child goes on with tensors and worker processes of its own.
    """

    name = "python"

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1, input: Input = Input(),
                 exact: bool = True):
        """exact: it always is."""
        if reason := self.cannot(operations, weights):
            raise DeepDreamError(f"{reason}: not known here")
        self.height, self.width, self.input = height, width, input
        self.shapes = tensor_shapes(operations, weights, height, width)
        self.numbers = {row[0]: number for number, row in enumerate(operations)}
        self.buffers = {row[0]: row[3] for row in operations}
        self.tensors = {name: Buffer(self.shapes[name]) for name in dict.fromkeys(self.buffers.values())}
        self.operations = []
        for row in operations:
            inputs = [self.tensors[self.buffers[i]] for i in row[2] if i in self.buffers]
            weight = next((weights[i] for i in row[2] if i in weights), None)
            self.operations.append(Operation(row, inputs, self.tensors[row[3]], weight))
        self.jobs, self.pid = jobs if hasattr(os, "fork") else 1, os.getpid()
        self.place(None)
        self.written: dict[str, int] = {}               # buffer -> the operation whose result it holds
        self.seeds: dict[int, tuple[Buffer, Any]] = {}  # operation -> what is still to be added to its gradient
        self.live: set[int] = set()
        self.notes: list[str] = []
        self.workers = Workers(self, self.jobs - 1)

    @staticmethod
    def cannot(operations, weights) -> str:
        """What of such a table this engine cannot compute; "" if all of it can."""
        return lacking(operations)

    def place(self, content: bytes | None) -> None:
        """Lay all tensors, with this content or zero, into one piece of memory; worker processes share it."""
        size = 8 * sum(tensor.size for tensor in self.tensors.values())
        self.arena = memoryview(mmap.mmap(-1, size) if self.jobs > 1 else bytearray(size))
        if content:
            self.arena[:] = content
        floats, at = self.arena.cast("f"), 0
        for tensor in self.tensors.values():
            tensor.values = floats[at:at + tensor.size]
            tensor.gradient = floats[at + tensor.size:at + 2 * tensor.size]
            at += 2 * tensor.size

    def own(self) -> None:
        """In a child forked by the program around us: memory that the parent does not see, and workers of our own."""
        if self.pid != os.getpid():
            self.pid, self.workers = os.getpid(), Workers(self, self.jobs - 1)
            if self.jobs > 1:
                self.place(bytes(self.arena))

    def write(self, name: str, values) -> None:
        """Fill a tensor, normally the input, from a flat float32 buffer."""
        self.own()
        self.tensors[self.buffers[name]].values[:] = values
        self.written[self.buffers[name]] = self.numbers[name]

    def read(self, name: str) -> array.array:
        """A copy of a tensor as the last `forward` left it: flat float32, of shape self.shapes[name]."""
        return array.array("f", self.tensors[self.buffers[name]].values)

    def forward(self, stop: int, start: int = 0) -> None:
        """Run operations number start .. stop - 1."""
        self.own()
        for number in range(start, stop):
            op = self.operations[number]
            self.run(op, False)
            self.written[self.buffers[op.name]] = number

    def run(self, op: Operation, backward: bool) -> None:
        kind = kind_row(op.kind)
        if kind.by_rows:
            self.workers.run(op, backward)
        else:
            kind.run(op, backward)

    def seed(self, seeds: dict[str, Any]) -> None:
        """Begin a backward pass: all gradients zero but those of the layers in `seeds`.

        To d(layer) are added: the layer's own activations (None: then it is the gradient of |layer|^2 / 2), those times
        a factor for each channel (Factors), or h*w*c numbers. A layer's share is added when the walk has come down to
        it: of a ReLU before it masks the gradient, of the convolution under it, which has the same buffer, after that.
        ValueError: activations that are not there any more, because a later operation took their place.
        """
        self.own()
        for tensor in self.tensors.values():
            tensor.gradient[:] = array.array("f", bytes(4 * tensor.size))
        self.live, self.seeds = set(), {}
        for name, values in seeds.items():
            check_seed(name, values, self.operations, self.numbers[name], self.written.get(self.buffers[name], -1))
            self.seeds[self.numbers[name]] = self.tensors[self.buffers[name]], values

    def add_seed(self, number: int) -> None:
        if number in self.seeds:
            target, values = self.seeds.pop(number)
            if values is None:
                values = target.values
            elif isinstance(values, Factors):
                values = map(mul, target.values, cycle(values))
            accumulate(target.gradient, 0, values, target.size)
            self.live.add(id(target))

    def backward(self, stop: int, start: int = 0) -> None:
        """Run the gradients of operations number stop - 1 down to start, in that order."""
        self.own()
        for number in reversed(range(start, stop)):
            self.add_seed(number)
            op = self.operations[number]
            if id(op.y) in self.live:               # else its gradient is zero
                self.live.update(map(id, op.inputs))
                self.run(op, True)
        self.add_seed(start - 1)                    # so that its gradient is whole

    def gradient(self, name: str) -> array.array:
        """A copy of d(name), complete once `backward` has run down to the operation that follows it."""
        return array.array("f", self.tensors[self.buffers[name]].gradient)

    def load_tile(self, tile: Pixels) -> None:
        """The input [h, w, 3] = a tile of levels, as bytes or floats, in the form that the network wants."""
        self.write(self.input.name, network_form(tile, self.input))

    def ascend(self, step: float) -> float:
        """Move the input by step * g / mean |g| grey levels along its gradient g; returns mean |g|.

        Does nothing where that is 0."""
        data = self.tensors[self.input.name]
        mean = math.fsum(map(abs, data.gradient)) / data.size
        if mean > 0.0:
            factor = step * self.input.scale / mean
            accumulate(data.values, 0, [factor * d for d in data.gradient], data.size)
        return mean

    def store_tile(self, rounded: bool = True) -> Pixels:
        """The input as levels again, clipped to 0 .. 255: bytes, rounded half up, or floats."""
        levels = picture_form(self.tensors[self.input.name].values, self.input, 0.5 if rounded else 0.0)
        if rounded:
            return bytearray([0 if v < 0.0 else 255 if v > 255.0 else int(v) for v in levels])
        return array.array("f", [0.0 if v < 0.0 else 255.0 if v > 255.0 else v for v in levels])

    # Work on pictures, which takes Python long where they are large

    def upscale(self, picture: Picture, scale: Fraction, c89: bool) -> Picture:
        return upscale(picture, scale, c89)

    def fit(self, fit: Fit, part: Any) -> array.array:
        """fit.forward of the part that counts, as bytes or float32."""
        return fit.forward(part)

    def fool(self, fit: Fit, gradient: Sequence[float], part: array.array, step: float) -> None:
        fool(fit, gradient, part, step)

    def as_floats(self, pixels: bytearray) -> array.array:
        """Levels in bytes as float32."""
        return array.array("f", iter(pixels))

    def as_bytes(self, levels: array.array) -> bytearray:
        """float32 levels of 0 .. 255, rounded half up."""
        return round_half_up(levels)

    def close(self) -> None:
        """End the worker processes."""
        self.workers.close()


def check_seed(name: str, values: Any, operations: Sequence[Any], number: int, written: int) -> None:
    """Raise ValueError if activations are wanted that operation number `written` has overwritten."""
    if written > number and (values is None or isinstance(values, Factors)):
        raise ValueError(f"{name}: {operations[written].name} took the place of its activations; seed that, or give "
                         "the gradient's values")


def network_form(levels: Pixels, input: Input) -> array.array:
    """Levels [h, w, 3], blue green red, as the network wants them."""
    if input.order == "RGB":
        levels = swapped(levels)
    values: Iterable[float] = map(sub, levels, cycle(input.mean))
    return array.array("f", values if input.scale == 1.0 else map(mul, values, repeat(input.scale)))


def picture_form(values: Sequence[float], input: Input, more: float = 0.0) -> Iterable[float]:
    """What the network sees as levels plus `more`, blue green red."""
    if input.scale != 1.0:
        values = array.array("d", map(mul, values, repeat(1.0 / input.scale)))
    levels = map(add, values, cycle([m + more for m in input.mean]))
    return swapped(array.array("d", levels)) if input.order == "RGB" else levels


def swapped(pixels: Any) -> Any:
    """A copy with the first and the third of every three numbers exchanged: blue green red, red green blue."""
    result = pixels[:]
    result[0::3], result[2::3] = pixels[2::3], pixels[0::3]
    return result


class Workers:
    """Processes forked from an engine that each compute a band of rows of every convolution in its shared tensors.

    They read (operation, direction, first row, end row) from a pipe and answer with a byte. They end when they are told
    to, when the pipe ends, and within a second of the death of their parent, however it came.
    """

    REQUEST = struct.Struct("=4i")
    LEAVE = -1

    def __init__(self, engine: PythonEngine, count: int):
        self.find, self.count, self.pid = weakref.ref(engine), count if hasattr(os, "fork") else 0, os.getpid()
        self.pipes: list[tuple[int, int]] = []
        self.children: list[int] = []
        self.notes = engine.notes
        weakref.finalize(engine, send_home, self.pipes, self.children, self.pid)    # also when Python ends

    def run(self, op: Operation, backward: bool) -> None:
        """One convolution, or its gradient, each process its share of the rows."""
        rows = (op.x if backward else op.y).shape[0]
        while len(self.pipes) < min(self.count, rows - 1):
            self.add()
        engine = self.find()
        assert engine
        number = engine.numbers[op.name]
        shares = min(len(self.pipes) + 1, rows)
        ends = [rows * (i + 1) // shares for i in range(shares)]
        try:
            for (request, _), first, end in zip(self.pipes, ends, ends[1:]):
                os.write(request, self.REQUEST.pack(number, backward, first, end))
            KINDS[op.kind].run(op, backward, range(ends[0]))
            for _, answer in self.pipes[:shares - 1]:
                if os.read(answer, 1) != b"+":
                    raise BrokenPipeError
        except BaseException as error:
            self.close()    # what has not been answered yet must not be taken for the answer to the next request
            if isinstance(error, OSError):
                raise DeepDreamError("a worker process died (out of memory?); use fewer: -j 1") from None
            raise

    def add(self) -> None:
        """One more worker; where the system has no room for it, those that are there must do."""
        ends: list[int] = []
        parent, before = os.getpid(), hold_interrupts()
        try:
            ends += os.pipe()
            ends += os.pipe()
            child = os.fork()
            theirs, request, answer, ours = ends
            if child == 0:
                self.serve(theirs, ours, [request, answer, *sum(self.pipes, ())], parent, before)
            os.close(theirs)
            os.close(ours)
            self.pipes.append((request, answer))
            self.children.append(child)
        except OSError as error:
            for end in ends:
                os.close(end)
            self.count = len(self.pipes)
            self.notes.append(f"no more processes are to be had ({error.strerror or error}): working with "
                              f"{self.count + 1} instead of more")
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def serve(self, requests: int, answers: int, foreign: list[int], parent: int, before: set[Any]) -> None:
        """The life of a worker; it never returns. Ctrl-C is the parent's to handle.

        It closes the ends of pipes that are not its own, so that those end with the parent. Other processes that the
        parent forked may hold them too: so it looks whether the parent is still there.
        """
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for signal_number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                signal.signal(signal_number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for end in foreign:
                os.close(end)
            engine = self.find()
            assert engine
            waiting = select.poll()
            waiting.register(requests)
            while os.getppid() == parent:
                if not waiting.poll(1000):
                    continue
                request = os.read(requests, self.REQUEST.size)
                if not request:
                    break
                number, backward, first, end = self.REQUEST.unpack(request)
                if number == self.LEAVE:
                    break
                op = engine.operations[number]
                KINDS[op.kind].run(op, bool(backward), range(first, end))
                os.write(answers, b"+")
            status = 0
        finally:
            os._exit(status)

    def close(self) -> None:
        send_home(self.pipes, self.children, self.pid)


def send_home(pipes: list[tuple[int, int]], children: list[int], pid: int) -> None:
    """End the workers of process `pid`, if this is it. Processes forked later hold their pipes too, so closing alone
    would not tell them. Ctrl-C waits meanwhile."""
    if pid != os.getpid() or not pipes:
        return
    before = hold_interrupts()
    try:
        while pipes:
            request, answer = pipes.pop()
            with contextlib.suppress(OSError):
                os.write(request, Workers.REQUEST.pack(Workers.LEAVE, 0, 0, 0))
            os.close(request)
            os.close(answer)
        while children:
            with contextlib.suppress(ChildProcessError):        # where the parent has said that it ignores them
                os.waitpid(children.pop(), 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hold_interrupts() -> set[Any]:
    """Let Ctrl-C wait; returns the signals that have to be blocked again, and no others, when it need not any more.

    One that came just before is handled here, and then it does not wait: KeyboardInterrupt, normally.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    return before


# ---- Network ---------------------------------------------------------------------------------------------------------
# A model and an engine made into something to ask: what does this layer see, and which way must the picture change?

ENGINES_KEPT = 3        # sizes that a network holds engines for at a time, some 150 MB each at 224 x 224


class Engine(Protocol):
    """What a network asks of whoever computes it. PythonEngine, the reference, says what each call does."""
    name: str
    height: int
    width: int
    shapes: dict[str, Shape]
    numbers: dict[str, int]     # operation -> its place
    notes: list[str]            # what the user should know, such as that there are fewer threads than asked for

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1, input: Input = Input(),
                 exact: bool = False): ...
    @staticmethod
    def cannot(operations, weights) -> str: ...
    def write(self, name: str, values) -> None: ...
    def read(self, name: str) -> array.array: ...
    def forward(self, stop: int, start: int = 0) -> None: ...
    def seed(self, seeds: dict[str, Any]) -> None: ...
    def backward(self, stop: int, start: int = 0) -> None: ...
    def gradient(self, name: str) -> array.array: ...
    def load_tile(self, tile: Pixels) -> None: ...
    def ascend(self, step: float) -> float: ...
    def store_tile(self, rounded: bool = True) -> Pixels: ...
    def upscale(self, picture: Picture, scale: Fraction, c89: bool) -> Picture: ...
    def fit(self, fit: Fit, part: Any) -> array.array: ...
    def fool(self, fit: Fit, gradient: Sequence[float], part: array.array, step: float) -> None: ...
    def as_floats(self, pixels: bytearray) -> array.array: ...
    def as_bytes(self, levels: array.array) -> bytearray: ...
    def close(self) -> None: ...


class Refused(Exception):
    """Why an engine cannot run here, in a few words."""


class Network:
    """The network of `model`, ready to run on pictures of any size from 32 x 32 up.

    >>> network = load()
    >>> prob = network.forward(read_picture("cat_dog224.bmp"))                # 1000 probabilities
    >>> towards = [0.0] * 1000; towards[162] = 1.0
    >>> change = network.backward("prob", towards)                            # gradient of prob[162], [h, w, 3]

    Tensors cross this border as flat float32 arrays, row-major [h, w, c]; layers go by the names in model.operations
    ('inception_4c_output'; a / counts as _). An engine, and with it tensors, lives as long as its size is one of the
    last ENGINES_KEPT that were asked for.
    """

    def __init__(self, model: Model, engine: str = "auto", jobs: int | None = None,
                 tell: Callable[[str], object] = say, exact: bool = False):
        """engine: 'auto', 'python' or 'simd' (DeepDreamError where it cannot run); jobs: cores to use, None for all;
        tell: takes what the user should know: another engine than hoped for, fewer threads; exact: no short cuts,
        whose preparation one pass over the network would not pay for, and whose rounding differs a little."""
        self.model, self.jobs, self.wish, self.tell = model, jobs or available_cores(), engine, tell
        self.exact = exact
        self.choice = choose_engine(engine, model)
        self.numbers = {row[0]: number for number, row in enumerate(model.operations)}
        self.engines: dict[tuple[int, int], Engine] = {}        # by (height, width), the last one used at the end
        self.told: set[str] = set()

    def engine(self, height: int, width: int) -> Engine:
        """The engine for pictures of this size."""
        size = height, width
        if size not in self.engines:
            if min(size) < self.model.smallest:
                raise DeepDreamError(f"a picture of {width} x {height}: the network needs {self.model.smallest} pixels "
                                     "a side at least; enlarge it first")
            while len(self.engines) >= ENGINES_KEPT:
                self.engines.pop(next(iter(self.engines))).close()
            self.engines[size] = self.make(height, width)
        engine = self.engines[size] = self.engines.pop(size)
        self.pass_on(engine.notes)
        return engine

    def make(self, height: int, width: int) -> Engine:
        """A new engine; where machine code cannot be had after all, a slower one, if the choice is ours."""
        model = self.model
        try:
            return self.choice.make(fitting(model.operations, model.weights, height, width), model.weights, height,
                                    width, self.jobs, model.input, exact=self.exact)
        except (Refused, OSError, MemoryError) as error:
            if self.choice.make is PythonEngine:
                raise
            reason = str(error) or "no memory"
            if self.wish != "auto":
                raise DeepDreamError(f"the {self.choice.name} engine cannot run here: {reason}; use --engine python, "
                                     "or less memory: -j 1, a smaller --tile") from None
        self.choice = EngineChoice(PythonEngine, PythonEngine.name, SLOWER + reason)
        self.pass_on([self.choice.note])
        return self.make(height, width)

    def pass_on(self, notes: Iterable[str]) -> None:
        """Tell each note once."""
        for note in notes:
            if note not in self.told:
                self.told.add(note)
                self.tell(note)

    def number(self, layer: str) -> int:
        """The place of a layer among the operations. DeepDreamError names the nearest ones if it is not there."""
        return self.numbers[find_layer(list(self.numbers), layer)]

    def name(self, layer: str) -> str:
        """The layer's name as the table has it."""
        return self.model.operations[self.number(layer)][0]

    def forward(self, picture: Picture | Sequence[float], layer: str = "",
                size: tuple[int, int] | None = None) -> array.array:
        """Run the network up to `layer` (the model's output) and return that tensor.

        picture: a Picture, or its network form (see model.input): flat [h, w, 3], with size = (h, w), by default that
        of the pictures it classifies
        """
        layer = layer or self.model.output
        if isinstance(picture, Picture):
            engine = self.engine(picture.height, picture.width)
            engine.load_tile(picture.pixels)
        else:
            engine = self.engine(*size or self.model.size())
            engine.write(self.model.input.name, array.array("f", picture))
        check_reaches(self, engine, self.name(layer))
        engine.forward(self.number(layer) + 1)
        self.pass_on(engine.notes)
        return engine.read(self.name(layer))

    def backward(self, layer: str | dict[str, Any], gradient: Sequence[float] | None = None,
                 to: str = "") -> array.array:
        """After `forward` up to `layer` or beyond: the gradient at `to` (the picture) of the sum of gradient * layer.

        Without `gradient` it is the layer's own activations that are sent back: the DeepDream objective, |layer|^2 / 2.
        `layer` may be several at once, {layer: gradient, None or Factors}: the gradient of their sum.
        """
        engine, to = self.engine_in_use(), to or self.model.input.name
        wanted = layer if isinstance(layer, dict) else {layer: gradient}
        seeds = {self.name(name): array.array("f", values) if values is not None and not isinstance(values, Factors)
                 else values for name, values in wanted.items()}
        engine.seed(seeds)
        engine.backward(max(map(self.number, seeds)) + 1, self.number(to) + 1)
        return engine.gradient(self.name(to))

    def read(self, layer: str) -> array.array:
        """A copy of a tensor of the last `forward`."""
        return self.engine_in_use().read(self.name(layer))

    def shape(self, layer: str) -> Shape:
        """(h, w, c) of a layer for the picture of the last `forward`."""
        return self.engine_in_use().shapes[self.name(layer)]

    def engine_in_use(self) -> Engine:
        if not self.engines:
            raise ValueError("run Network.forward first")
        return next(reversed(self.engines.values()))

    def close(self) -> None:
        """Let go of tensors, threads and processes; a later call starts them again."""
        while self.engines:
            self.engines.popitem()[1].close()


def load(model: str | None = None, engine: str = "auto", jobs: int | None = None) -> Network:
    """The network with the weights that `model` says: a file, 'drawn', 'imagenet', or as choose_model decides."""
    network = Network(load_model(choose_model(model)[0]), engine, jobs)
    network.pass_on(filter(None, (network.model.note, network.choice.note)))
    return network


class EngineRow(NamedTuple):
    """A row of ENGINES: what --engine calls it; who makes it; who says (its instructions, why it cannot run here)."""
    name: str
    make: type[Engine] | str
    probe: Callable[[], tuple[str, str]] | str


ENGINES = (         # the best first: 'auto' takes the first that runs here and knows all operations of the network
    EngineRow("simd", "simd.engine:SimdEngine", "simd.verdict:probe"),
    EngineRow("python", PythonEngine, lambda: ("", "")),
)
SLOWER = "using the Python engine, a hundred times slower and more: "


class EngineChoice(NamedTuple):
    """An engine, what to call it, and what the user should know about the choice."""
    make: type[Engine]
    name: str
    note: str


def choose_engine(wish: str = "auto", model: Model | None = None) -> EngineChoice:
    """The engine for 'auto' or a name of ENGINES, for this model if there is one.

    'auto' is machine code where this machine allows it, else Python. DeepDreamError: a name where it cannot run.
    """
    note, make = "", PythonEngine
    for row in ENGINES:
        if wish not in ("auto", row.name):
            continue
        try:
            instructions, reason = resolve(row.probe)()
            make = make if reason else resolve(row.make)
        except DeepDreamError as error:
            reason = str(error)
        except ImportError as error:
            reason = f"{error.name or error} is missing"
        if not reason and model:
            reason = make.cannot(model.operations, model.weights)
        if not reason:
            return EngineChoice(make, f"{row.name} {instructions}".strip(), note)
        if wish != "auto":
            break
        note = SLOWER + reason
    advice = "use --engine python" if wish not in ("auto", PythonEngine.name) else "choose another --model"
    raise DeepDreamError(f"the {row.name} engine cannot run this here: {reason}; {advice}")


def available_cores() -> int:
    """How many cores this process may use: those it may run on, and no more than its container's share of time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(processor_quota() or cores)))


def processor_quota(root: str = "/") -> float:
    """How many processors' time the control groups of this process allow (Linux); 0.0 if they set no limit.

    Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (version 1).
    """
    return min(filter(None, (group_quota(*group) for group in control_groups("cpu", root))), default=0.0)


def control_groups(controller: str, root: str = "/") -> Iterator[tuple[str, bool]]:
    """The folders of the control groups that limit this process, and whether they are of the first version.

    A group's own limits and those of all folders above it count. Which group is ours stands in /proc/self/cgroup; where
    that names one outside our container, the topmost folder that is seen is the container's.
    """
    try:
        with open(os.path.join(root, "proc/self/cgroup")) as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if not controllers or controller in controllers.split(","):
            folder = os.path.join(root, "sys/fs/cgroup", controllers)
            yield folder, bool(controllers)
            for part in path.split("/"):
                if part not in ("", ".."):
                    folder = os.path.join(folder, part)
                    yield folder, bool(controllers)


def group_quota(folder: str, first_version: bool) -> float:
    """The limit of one control group; 0.0 if it has none."""
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if first_version else ("cpu.max",)
    try:
        words: list[str] = []
        for name in names:
            with open(os.path.join(folder, name)) as file:
                words += file.read().split()
        quota, period = map(int, words)
        return quota / period if quota > 0 else 0.0
    except (OSError, ValueError, ZeroDivisionError):    # "max", or no such file
        return 0.0


def nearest(word: str, words: Iterable[str], count: int = 3) -> list[str]:
    """The words most like this one, best first."""
    import difflib
    words = list(dict.fromkeys(words))
    begun = [one for one in words if word.strip("-") and one.startswith(word)]
    close = difflib.get_close_matches(word, words, count, 0.5)
    return [*begun, *(one for one in close if one not in begun)][:count]


def find_layer(names: Sequence[str], wish: str) -> str:
    """The layer with this name; a / counts as _, and 4c, mixed4c, inception_4c or 4c/output are inception_4c_output.

    DeepDreamError: there is none, or there are several.
    """
    if (name := wish.replace("/", "_")) in names:
        return name
    found = [name for name in names if layer_core(name) == layer_core(wish) != ""]
    if len(found) == 1:
        return found[0]
    cores = {layer_core(name): name for name in names}
    near = found or nearest(name, names) or [cores[core] for core in nearest(layer_core(wish), cores)]
    raise DeepDreamError(f"{wish}: no such layer; " + (f"did you mean {' or '.join(near)}?" if near else
                                                       f"names look like {names[len(names) // 2]}"))


def layer_core(name: str) -> str:
    """What is the layer's own in a name: 4c of inception_4c_output and mixed4c, 4c5x5 of inception_4c_5x5."""
    letters = "".join(filter(str.isalnum, name.lower()))
    return letters.removeprefix("inception").removeprefix("mixed").removesuffix("output")


# ---- Dreaming --------------------------------------------------------------------------------------------------------
# A dream is gradient ascent on the picture: whatever a layer sees a little of, it is made to see more of. It begins on
# the picture as it is and goes on over enlargements of the result, so that large forms come first and details after.

class Recipe(NamedTuple):
    """All that makes one dream of a picture different from another; the defaults are the original's."""
    layer: str = ""                     # the model's own choice: inception_4c_output
    octaves: int = 7
    octave_scale: Fraction | float = Fraction(7, 5)     # each octave is this much larger than the one before
    steps: int = 20
    step_size: float = 1.5              # mean change of a pixel in one step, in grey levels
    tile: int = 224
    max_size: int = 4096
    c89: bool = False                   # enlarge with the two defects of the original (see upscale)
    rounded: bool = True                # to bytes after every tile, as the original; else floats are kept to the end

    def sizes(self, width: int, height: int) -> list[tuple[int, int]]:
        """The (width, height) of each octave that stays within max_size."""
        sizes, scale = [(width, height)], exact(self.octave_scale)
        while len(sizes) < self.octaves:
            width, height = int(width * scale), int(height * scale)
            if max(width, height) > self.max_size:
                break
            sizes.append((width, height))
        return sizes

    def tiles(self, width: int, height: int) -> list[tuple[int, int]]:
        """The left upper corners of the tiles of one step, before it is shifted."""
        return [(x, y) for y in range(0, height, self.tile) for x in range(0, width, self.tile)]


STEP_SHIFT = (79, 127)      # each step moves the grid of tiles by this much, around the edges: seams fall elsewhere


def cut_tile(picture: Picture, x: int, y: int, width: int, height: int) -> Pixels:
    """The [height, width, 3] pixels from (x, y) on, wrapping around the picture's edges."""
    stretch, line, pixels = 3 * picture.width, 3 * width, picture.pixels
    left = 3 * (x % picture.width)
    rounds = -(-(left + line) // stretch)
    tile = pixels[:0]
    for row in range(y, y + height):
        at = row % picture.height * stretch
        tile += pixels[at + left:at + left + line] if rounds == 1 else (pixels[at:at + stretch] * rounds)[left:][:line]
    return tile


def paste_tile(picture: Picture, tile: Pixels, x: int, y: int, width: int, height: int) -> None:
    """Put a tile back to where cut_tile found it; of one that is larger than the picture, as much as fits."""
    stretch, line, pixels = 3 * picture.width, 3 * width, picture.pixels
    left = 3 * (x % picture.width)
    wide = min(line, stretch)
    here = min(wide, stretch - left)
    for i in range(min(height, picture.height)):
        at = (y + i) % picture.height * stretch
        pixels[at + left:at + left + here] = tile[i * line:i * line + here]
        pixels[at:at + wide - here] = tile[i * line + here:i * line + wide]


class DreamStep(NamedTuple):
    """What a dream has just done: one step on one tile. All are counted from 0."""
    octave: int
    step: int
    tile: int
    picture: Picture            # as it is now: the next tile changes it, so copy what is to be kept
    mean_gradient: float        # mean |g|; where it is 0 nothing was changed
    octave_done: bool           # whether this was the octave's last tile
    step_done: bool             # whether it was the step's


def dream_steps(network: Network, picture: Picture, recipe: Recipe = Recipe()) -> Iterator[DreamStep]:
    """Dream on a copy of `picture`, one tile each time the next DreamStep is asked for.

    For each octave and step every tile is read (wrapping around the picture's edges), sent to recipe.layer, moved by
    step_size * g / mean |g| along the gradient g of |layer|^2 / 2, rounded to bytes if the recipe says so and written
    back, so that the next tile sees it already. Whoever asks decides when to show, save, pause or end.
    """
    layer = network.name(recipe.layer or network.model.layer)
    stop = network.number(layer) + 1
    pixels = bytearray(picture.pixels) if recipe.rounded else array.array("f", iter(picture.pixels))
    picture = Picture(picture.width, picture.height, pixels)
    engine = network.engine(recipe.tile, recipe.tile)
    check_reaches(network, engine, layer)
    for octave, size in enumerate(recipe.sizes(picture.width, picture.height)):
        if octave:
            picture = engine.upscale(picture, exact(recipe.octave_scale), recipe.c89)
        tiles = recipe.tiles(*size)
        for step in range(recipe.steps):
            for tile, (x, y) in enumerate(tiles):
                x, y = x + step * STEP_SHIFT[0], y + step * STEP_SHIFT[1]
                engine.load_tile(cut_tile(picture, x, y, recipe.tile, recipe.tile))
                engine.forward(stop)
                engine.seed({layer: None})
                engine.backward(stop)
                mean = engine.ascend(recipe.step_size)
                network.pass_on(engine.notes)
                paste_tile(picture, engine.store_tile(recipe.rounded), x, y, recipe.tile, recipe.tile)
                last = tile == len(tiles) - 1
                yield DreamStep(octave, step, tile, picture, mean, last and step == recipe.steps - 1, last)


def dream(network: Network, picture: Picture, recipe: Recipe = Recipe()) -> Picture:
    """Dream on a copy of `picture` and return the last octave; dream_steps does the same bit by bit."""
    for done in dream_steps(network, picture, recipe):
        picture = done.picture
    return picture.rounded()


# ---- Classifying and fooling -----------------------------------------------------------------------------------------
# Both look at the picture through `Fit`: the shorter side brought to 224 pixels, the middle cut out. That is a linear
# map, so the gradient of a probability goes back through it to pixels of a picture of any size.

class Guess(NamedTuple):
    """A class and how probable the network finds it."""
    score: float
    number: int
    label: str


def classify(network: Network, picture: Picture, top: int = 5) -> list[Guess]:
    """The `top` most probable classes, best first."""
    check_classes(network.model)
    size = network.model.size()
    if (picture.height, picture.width) == size:
        scores = network.forward(picture)           # what `Fit` would give, without its 30 ms
    else:
        fit = Fit(picture.width, picture.height, *size)
        scores = probabilities(network, fit.forward(fit.part(picture.pixels)))
    return best_guesses(network, scores, top)


def check_classes(model: Model) -> None:
    if not model.labels:
        raise DeepDreamError(f"{model.path}: this network ends in {model.output}, a map, not in classes; it can dream, "
                             "but not classify; choose another --model")


def probabilities(network: Network, levels: array.array) -> array.array:
    """The probabilities of all classes for levels [h, w, 3] of the size that the network classifies."""
    check_classes(network.model)
    return network.forward(network_form(levels, network.model.input))


def best_guesses(network: Network, scores: Sequence[float], top: int) -> list[Guess]:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:top]
    return [Guess(scores[i], i, network.model.labels[i]) for i in order]


class Fooled(NamedTuple):
    """What `adversarial` came to: the picture, whether it is seen as the target now, and how far its pixels moved."""
    picture: Picture
    reached: bool
    steps: int
    mean_change: float      # in grey levels
    largest_change: int


FOOL_STEP = 0.5             # grey levels a step, as the original
FEWEST_FOOL_STEPS, MOST_FOOL_STEPS = 5, 60
FOOL_MARGIN = 1.25          # the target must be this many times as probable as the runner-up, to stand on other engines


class FoolStep(NamedTuple):
    """What `adversarial_steps` has come to: before the first step (0) and after each."""
    step: int
    guesses: list[Guess]        # the five best
    fooled: Fooled | None       # the result, with the last step


def adversarial_steps(network: Network, picture: Picture, target: int = 852,
                      steps: int | None = None) -> Iterator[FoolStep]:
    """Change the picture little by little until the network takes it for class number `target`.

    Each step moves every pixel by FOOL_STEP along the sign of the gradient of the target's probability. Without
    `steps`: 5, then on until the picture rounded to bytes is classified as the target by a margin, 60 at most.
    """
    if not 0 <= target < len(network.model.labels):
        raise ValueError(f"target {target}: classes are 0 to {len(network.model.labels) - 1}; find_class knows labels")
    size = network.model.size()
    engine, fit = network.engine(*size), Fit(picture.width, picture.height, *size)

    def look(part: Any) -> array.array:
        return probabilities(network, engine.fit(fit, part))

    part = engine.as_floats(fit.part(picture.pixels))       # of the picture that the network sees; the rest stays
    scores = look(part)
    done = 0
    most = MOST_FOOL_STEPS if steps is None else steps
    while done < most:
        yield FoolStep(done, best_guesses(network, scores, 5), None)
        gradient = network.backward(network.model.output, log_gradient(scores, target))
        engine.fool(fit, gradient, part, FOOL_STEP)
        done += 1
        scores = look(part)
        if steps is None and done >= FEWEST_FOOL_STEPS and leads(scores, target, FOOL_MARGIN):
            if leads(look(engine.as_bytes(part)), target, FOOL_MARGIN):
                break
            look(part)      # so that the network holds these tensors again: the next gradient is theirs
    fooled = engine.as_bytes(part)
    del part
    reached = leads(look(fooled), target, 1.0)
    moves = bytes(map(abs, map(sub, fooled, fit.part(picture.pixels))))
    pixels = bytearray(picture.pixels)
    fit.put_part(fooled, pixels)
    result = Fooled(Picture(picture.width, picture.height, pixels), reached, done, sum(moves) / len(pixels), max(moves))
    yield FoolStep(done, best_guesses(network, scores, 5), result)


def adversarial(network: Network, picture: Picture, target: int = 852, steps: int | None = None) -> Fooled:
    """The result of `adversarial_steps`."""
    *_, last = adversarial_steps(network, picture, target, steps)
    assert last.fooled
    return last.fooled


def log_gradient(scores: Sequence[float], target: int) -> list[float]:
    """d log prob[target] / d prob: along this every pixel moves as along prob[target], also where that is near zero."""
    gradient = [0.0] * len(scores)
    gradient[target] = 1.0 / max(scores[target], 1e-30)
    return gradient


def leads(scores: Sequence[float], target: int, margin: float) -> bool:
    """Whether the target is the most probable class, `margin` times as probable as any other."""
    return all(scores[target] > margin * score for i, score in enumerate(scores) if i != target)


def fool(fit: Fit, gradient: Sequence[float], part: array.array, step: float) -> None:
    """part += step * the sign of the gradient that fit.backward brings to it, clipped to 0 .. 255."""
    at = 0
    for row in fit.backward(gradient):
        part[at:at + len(row)] = array.array("f", (
            min(max(v + (step if g > 0.0 else -step if g < 0.0 else 0.0), 0.0), 255.0)
            for v, g in zip(part[at:at + len(row)], row)))
        at += len(row)


def round_half_up(values: Sequence[float]) -> bytearray:
    """Levels of 0 .. 255 as bytes."""
    return bytearray(int(v + 0.5) for v in values)


def find_class(labels: Sequence[str], wish: str) -> int:
    """The class with this index, name, or word of a name that no other class has.

    DeepDreamError lists the classes that could be meant.
    """
    if wish.isdecimal():
        if len(wish) < 10 and int(wish) < len(labels):
            return int(wish)
        raise DeepDreamError(f"{wish}: no such class; indices go from 0 to {len(labels) - 1}")
    wanted = " ".join(words_of(wish))
    names = [[" ".join(words_of(name)) for name in (label, *label.split(","))] for label in labels]
    found = ([i for i, forms in enumerate(names) if wanted in forms]
             or [i for i, forms in enumerate(names) if wanted and f" {wanted} " in f" {forms[0]} "])
    if len(found) == 1:
        return found[0]
    if found:
        raise DeepDreamError(f"{wish}: more than one class has that name; give the index of one: "
                             + list_classes(labels, found, wanted))
    spellings: dict[str, list[int]] = {}
    for i, forms in enumerate(names):
        for form in {*forms, *forms[0].split()}:
            spellings.setdefault(form, []).append(i)
    near = dict.fromkeys(i for form in nearest(wanted, spellings) for i in spellings[form])
    raise DeepDreamError(f"{wish}: no class has that name; " + (
        f"did you mean {list_classes(labels, list(near))}?" if near else
        f"the file of labels lists them, an index from 0 to {len(labels) - 1} serves too"))


def words_of(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def list_classes(labels: Sequence[str], found: Sequence[int], wanted: str = "", most: int = 10) -> str:
    """281 (tabby cat), 282 (tiger cat) and so on: of each label the first name with the words `wanted`."""
    named = [f"{i} ({next((n.strip() for n in labels[i].split(',') if wanted in ' '.join(words_of(n))), labels[i])})"
             for i in found[:most]]
    return ", ".join(named) + (f" and {len(found) - most} more" if len(found) > most else "")


# ---- Self-test -------------------------------------------------------------------------------------------------------
# Is this the right network, computed rightly? TensorFlow's own tensors for one picture lie in test/.

class Check(NamedTuple):
    """One tensor beside its reference: |difference| / |reference| in the Euclidean norm, and the largest difference."""
    name: str
    relative: float
    absolute: float
    passed: bool


# The original compares the largest difference with the mean magnitude. A gradient does not bear that: where the two
# largest inputs of a max-pool are equal but for rounding, or a ReLU's is zero but for it, one element goes another way
# in any two correct programs (TensorFlow and PyTorch differ by 6% of the mean so). In the norm such an element is
# 1e-4 to 1e-3, but one that is wrong by its own size among 150,000 is 3e-3, and a wrong row far more.
TOLERANCE = 2e-3
TEST_CLASS = 162                # gradients are those of the probability of a beagle
FEWEST_TENSORS = ("prob", "inception_4a_output", "grad_inception_4a_output", "grad_data")   # the original's references


def self_test(network: Network, picture: Picture, folder: str) -> Iterator[Check]:
    """Compare every operation that has a file in `folder` with it: tensors forwards, then gradients backwards.

    A file is flat little-endian float32, named as the operation, or grad_ and that. DeepDreamError: nothing to compare,
    or a file that cannot be read or is not of the tensor's size.
    """
    names, output = [row[0] for row in network.model.operations], network.model.output
    files = [name for name in list_folder(folder) if name.removeprefix("grad_") in network.numbers]
    if not files:
        raise DeepDreamError(f"{folder}: no reference tensors in it (files named prob, grad_data, ...); "
                             "name their folder with --reference")
    missing = sorted(set(FEWEST_TENSORS) - set(files))
    if missing:
        raise DeepDreamError(f"{folder}: {', '.join(missing)} missing; gen_inception.py test writes all of them")
    engine = network.engine(picture.height, picture.width)
    references = {name: read_reference(folder, name, engine.shapes[name.removeprefix("grad_")]) for name in files}
    engine.load_tile(picture.pixels)
    done = 0
    for number, name in enumerate(names):
        if name in references:
            engine.forward(number + 1, done)
            done = number + 1
            yield compare(name, engine.read(name), references[name])
    if any(name.startswith("grad_") for name in references):
        engine.forward(len(names), done)
        towards = array.array("f", bytes(4 * len(engine.read(output))))
        towards[TEST_CLASS] = 1.0
        engine.seed({output: towards})
        done = len(names)
        for number, name in reversed(list(enumerate(names))):
            if "grad_" + name in references:
                engine.backward(done, number + 1)
                done = number + 1
                yield compare("grad_" + name, engine.gradient(name), references["grad_" + name])


def compare(name: str, ours: Sequence[float], reference: Sequence[float]) -> Check:
    difference = list(map(sub, ours, reference))
    norm = math.hypot(*reference)
    relative = math.hypot(*difference) / norm if norm else math.inf if any(difference) else 0.0
    return Check(name, relative, max(map(abs, difference)), relative <= TOLERANCE)       # not for NaN


def list_folder(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise DeepDreamError(f"{folder}: {error.strerror}; --reference names a folder of reference tensors") from None


def read_reference(folder: str, name: str, shape: Shape) -> array.array:
    path = os.path.join(folder, name)
    try:
        with open(path, "rb") as file:
            data = file.read(4 * math.prod(shape) + 1)
    except OSError as error:
        raise DeepDreamError(f"{path}: {error.strerror}; it should be a reference tensor") from None
    if len(data) != 4 * math.prod(shape):
        found = os.path.getsize(path)
        raise DeepDreamError(f"{path}: {found} bytes, expected {4 * math.prod(shape)} for float32 {shape}; it belongs "
                             "to a picture of another size, or gen_inception.py test must write it again")
    values = array.array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


# ---- Command line ----------------------------------------------------------------------------------------------------
# A thin layer: options become arguments of the functions above, results go to stdout, what happens goes to stderr.
# A mode is a function of the options and a row of MODES; an option is a row of OPTIONS, its default included.

class UsageError(Exception):
    """The command line says what it cannot mean."""


class Stopped(KeyboardInterrupt):
    """Signal `number` asks the program to end. The arguments are what there is to say about the work so far."""

    def __init__(self, number: int):
        super().__init__()
        self.number = number


def open_network(options: SimpleNamespace,
                 exact: bool = False) -> contextlib.AbstractContextManager[Network]:
    """The network that the options hold or ask for; then stderr says which weights and which engine these are. exact:
    in any case."""
    if options.network:
        return contextlib.nullcontext(options.network)
    exact = exact or wants_exact(options)
    path, reason = choose_model(options.model)
    if options.taken:
        path, reason = options.taken.choose_network(path, reason, options.model is not None)
    network = Network(model_as_wished(path, options), options.engine, options.jobs, teller(options), exact)
    network.pass_on(filter(None, (network.model.note, network.choice.note)))
    if options.taken:
        options.taken.compare_engine(network.choice.name)
        network.pass_on(options.taken.notes)
    teller(options)(f"model: {path} ({reason}); engine: {network.choice.name}")
    return contextlib.closing(network)


def model_as_wished(path: str, options: SimpleNamespace) -> Model:
    """The network of this file, fed as the options say."""
    model = load_model(path)
    return resolve("families:as_wished")(model, options) if any(input_wishes(options)) else model


def input_wishes(options: SimpleNamespace) -> tuple[Any, ...]:
    return options.input_order, options.input_mean, options.input_scale


def wants_exact(options: SimpleNamespace) -> bool:
    return getattr(options, "exact", False) or getattr(options, "preset", None) == "c89"


def teller(options: SimpleNamespace) -> Callable[[str], None]:
    """What takes notes for the user: what the options hold, or say, or nothing if he wants to hear nothing."""
    return options.tell or ((lambda note: None) if options.quiet else say)


def input_file(options: SimpleNamespace, longest: int = 0) -> Decoded:
    if options.input == "-" and os.isatty(0):
        raise DeepDreamError("stdin: that is a terminal; expected a picture from a file or a pipe")
    line = StatusLine()

    def tell(note: str) -> None:
        line.clear()
        teller(options)(note)

    if not options.quiet:
        line.show(f"reading {options.input or 'the shipped picture'}")
    try:
        return read_file(options.input or data_file("cat_dog224.bmp"), getattr(options, "background", None) or WHITE,
                         tell, longest)
    finally:
        line.clear()


def input_picture(options: SimpleNamespace) -> Picture:
    return as_picture(input_file(options))


def output_path(options: SimpleNamespace) -> str:
    return options.output if options.output is not None else "output" + (options.format or FORMATS[0]).extensions[0]


def open_output(options: SimpleNamespace, path: str) -> Output:
    """The output of a mode, which must not be its input."""
    source = None
    with contextlib.suppress(OSError, ValueError):      # that it cannot be read is told when it is
        source = os.stat(0 if options.input == "-" else options.input or data_file("cat_dog224.bmp"))
    return Output(path, source, options.format)


def check_apart(options: SimpleNamespace, outputs: Iterable[Output]) -> None:
    """DeepDreamError if two of the files that will be written are one, or one of them is a file that is read."""
    read = [getattr(options, name, None) for name in ("input", "recipe", "guide", "mask")]
    written = [output.path for output in outputs if output.ordinary] + [getattr(options, "save_recipe", None) or ""]
    seen = {identity(path): path for path in read if path and path != "-"}
    for path in filter(None, written):
        if identity(path) in seen:
            raise DeepDreamError(f"{path}: this is the same file as {seen[identity(path)]}, which is read or written"
                                 " too; choose another name")
        seen[identity(path)] = path


def identity(path: str) -> Any:
    """What two names of one file have in common."""
    try:
        there = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path)
    return there.st_dev, there.st_ino


def extras_for(options: SimpleNamespace, output: Output, source: Decoded) -> Extras:
    """What goes into the output beside the pixels."""
    profile = source.profile
    if profile and profile[16:20] != b"RGB ":           # of grey or CMYK pixels, which ours are not
        profile = None
    if profile and "profile" not in output.format.keeps and b"sRGB" not in profile.replace(b"\0", b""):
        teller(options)(f"{output.name}: {output.format.name} has no place for the colour profile of the input; its"
                        " colours may look different; PNG and JPEG keep it")
    return Extras(options.quality, options.subsampling, profile, dither=options.dither, aspect=source.aspect)


def tell_unheard(options: SimpleNamespace, obeyed: Iterable[str], given: Iterable[tuple[str, str]] = ()) -> None:
    """Tell of options that nothing which is written obeys, and of --show where nothing can be drawn. obeyed: see
    Format.obeys, of each output. given: options beside those of the command line."""
    if options.network:         # of a worker: told where the command was given
        return
    if options.show and (reason := resolve("show:hindrance")()):
        teller(options)(f"--show draws nothing: {reason}")
    heard = set(" ".join(obeyed).split())
    for name in dict.fromkeys(flag[2:] for flag, _ in (*options.given, *given)):
        able = [row.name for row in FORMATS if name in row.obeys.split()]
        if able and name not in heard:
            teller(options)(f"--{name} changes nothing in what is written here; it is for {' and '.join(able)} files"
                            + " of several frames" * (name == "loop"))


def recipe_text(options: SimpleNamespace, network: Network, output: Output, **resolved: Any) -> str:
    """How the output is made, as it goes into it; see deepdream_extras/recipe.py."""
    if options.save_recipe or "recipe" in output.format.keeps:
        return resolve("recipe:keep")(options, network, resolved)
    return ""


def run_dream(options: SimpleNamespace) -> int:
    if wants_many(options):
        if options.save_steps:
            raise UsageError("--save-steps: only where one picture is dreamed on")
        return resolve("many:run")(options)
    output = open_output(options, output_path(options))
    tell_unheard(options, [output.format.obeys])
    noise = None
    if wants_plan(options):
        resolve("wishes:check")(options)
        noise = resolve("wishes:noise")(options)
    source = Decoded(noise.width, noise.height, bytearray()) if noise else input_file(options, options.size)
    picture = noise or as_picture(source)
    width, height = size_within(picture.width, picture.height, options.size)
    extras = extras_for(options, output, source)
    octaves: list[Output] = []
    kept: list[str] = []
    moved = False
    with open_network(options) as network:
        if (width, height) != (picture.width, picture.height):
            teller(options)(f"the picture is brought to {width}x{height} pixels first; --size 0 keeps it as it is")
            picture = shrink(picture, width, height, network.engine(options.tile, options.tile), is_endless(options))
        steps, progress, resolved = prepare_dream(options, network, picture)
        if output.ordinary and not options.no_octaves:
            octaves = [open_output(options, octave_name(options, number)) for number in range(len(progress.sizes))]
        check_apart(options, [output, *octaves])
        extras = extras._replace(comment=recipe_text(options, network, output, **resolved))
        frames = step_outputs(options, output) if options.save_steps else None
        try:
            for done in steps:
                progress.tile_done(done)
                moved = moved or done.mean_gradient != 0.0
                if frames and done.step_done:
                    try:
                        next(frames).write(done.picture, extras)
                    except DeepDreamError as error:             # no reason to lose the dream
                        say(f"{error}; no more steps are saved")
                        frames = None
                if done.octave_done:
                    progress.octave_done(done)
                    if options.show and progress.seconds() > SHOW_AFTER and done.octave < len(progress.sizes) - 1:
                        resolve("show:draw")(done.picture)
                    if octaves:
                        try:
                            octaves[done.octave].write(done.picture, extras)
                            kept.append(octaves[done.octave].path)
                        except DeepDreamError as error:
                            say(str(error))
            progress.written(output, done.picture, output.write(done.picture, extras))
            if not moved:
                progress.say("nothing grew: this picture has nothing that what was asked for answers to; deepdream "
                             "gallery --layer NAME shows the channels that do")
            if options.show and not output.takes_stdout:
                resolve("show:draw")(done.picture)
        except KeyboardInterrupt as interrupt:
            if kept:
                interrupt.args = (f"finished: {', '.join(kept)}",)
            raise
        finally:
            progress.line.clear()
    return 0


def step_outputs(options: SimpleNamespace, like: Output) -> Iterator[Output]:
    """FOLDER/0000.png and so on, of the same format as the output; DeepDreamError where one is a file that is read."""
    try:
        os.makedirs(options.save_steps, exist_ok=True)
    except (OSError, ValueError) as error:
        raise unwritable(options.save_steps, error) from None

    def apart(number: int) -> Output:
        output = open_output(options, os.path.join(options.save_steps, f"{number:04d}{like.format.extensions[0]}"))
        check_apart(options, [like, output])
        return output

    return map(apart, range(sys.maxsize))


def wants_many(options: SimpleNamespace) -> bool:
    """Whether the options ask for several pictures, or for other machines, and so for deepdream_extras/many.py."""
    several = any(os.path.isdir(path) or not os.path.exists(path) and any(mark in path for mark in "*?[%")
                  for path in options.inputs)
    return several or len(options.inputs) > 1 or bool(options.sweep or options.on)


KEEPS_SIZE = 600        # a picture whose longer side has as many pixels keeps its size, if nothing else is said


def is_endless(options: SimpleNamespace) -> bool:
    """Whether the picture is a texture: one of many side by side."""
    return options.seamless or options.edge == "wrap"


def wants_plan(options: SimpleNamespace) -> bool:
    """Whether the options ask for more than dream_steps does, and so for deepdream_extras/dreams.py."""
    asked = {option_name(row) for row in WISHES} & options.texts.keys()
    if options.scales == "grow":
        asked.discard("scales")
    part = any(mark in (options.layer or "") for mark in ":@*")            # channels, a cell, a weight
    return bool(asked) or part or options.preset not in (None, "c89") or isinstance(options.step_size, tuple)


def prepare_dream(options: SimpleNamespace, network: Network,
                  picture: Picture) -> tuple[Iterator[DreamStep], Any, dict[str, Any]]:
    """(the steps, their progress, what goes into the recipe beside the options)"""
    planned, tell = wants_plan(options), teller(options)
    resolved: dict[str, Any] = {name: None for name in map(option_name, WISHES) if name not in options.texts}
    if options.preset is None and options.scales is None:
        large = max(picture.width, picture.height) >= KEEPS_SIZE
        cell = planned and resolve("wishes:wants_cell")(options) and resolve("wishes:stays")(options)
        if large and not planned:
            try:
                planned = bool(resolve("wishes:plan"))
            except DeepDreamError as error:
                large = False
                tell(f"{error}; without that every picture grows")
        tell("one cell grows, in a single octave, so that it stays in its place; --scales grow or shrink has several"
             if cell else "the picture keeps its size; --scales grow enlarges it in each octave" if large else
             "the picture grows in each octave; --scales shrink keeps its size")
    if planned:
        plan = resolve("wishes:plan")(options, network, picture.width, picture.height)
        resolve("dreams:check_places")(network, plan, picture.width, picture.height)
        progress = resolve("wishes:PlanProgress")(network, plan, picture, options.quiet)
        resolved |= {name: None for name in Recipe._fields if name not in options.texts}
        if options.preset is None:
            resolved["scales"] = plan.scales.kind
        return resolve("dreams:dream_steps")(network, picture, plan), progress, resolved
    wishes = {name: value for name, value in vars(options).items() if name in Recipe._fields}
    recipe = Recipe(**wishes, c89=options.preset == "c89")
    resolved |= {"layer": network.name(recipe.layer or network.model.layer), "scales": "grow"}
    return dream_steps(network, picture, recipe), DreamProgress(recipe, picture, options.quiet), resolved


SHOW_AFTER = 10         # seconds; who waits that long gets each octave shown


def octave_name(options: SimpleNamespace, number: int) -> str:
    """octave_0.bmp as in the original or, beside an output of another name, NAME_octave_0.bmp."""
    stem, extension = os.path.splitext(output_path(options))
    return f"octave_{number}{extension}" if options.output is None else f"{stem}_octave_{number}{extension}"


class Progress:
    """How long work of `total` pieces takes: said when that is known, and shown all the time.

    The first piece does not count, since there is work that is done once: weights are read and brought into form.
    """

    def __init__(self, total: float, piece: str, quiet: bool, bound: str = ""):
        self.total, self.piece, self.quiet, self.bound = total, piece, quiet, bound
        self.line, self.began = StatusLine(), time.monotonic()
        self.done, self.skipped, self.first, self.told = 0.0, 0.0, 0.0, False

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def piece_done(self, where: str, done: float | None = None) -> None:
        """One more piece is done or, where they are not alike, `done` of the total."""
        began, self.done = not self.done, self.done + 1 if done is None else done
        if self.quiet:
            return
        now = self.seconds()
        if began:
            self.first, self.skipped = now, self.done
        if self.done <= self.skipped:
            self.line.show(where)
            return
        each = (now - self.first) / (self.done - self.skipped)
        left = each * (self.total - self.done)
        if not self.told and now - self.first >= 0.5 and self.done < self.total:
            self.told = True
            self.say(f"about {duration(now + left)} in all{self.bound}, {each:.2g} s a {self.piece}")
        self.line.show(f"{duration(left)} left{self.bound}, {where}")       # what matters first: windows may be narrow

    def say(self, text: str) -> None:
        if not self.quiet:
            self.line.clear()
            say(text)

    def written(self, output: Output, picture: Picture, size: int) -> None:
        amount = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
        self.say(f"{output.name}: {picture.width}x{picture.height} pixels, {amount}, after {duration(self.seconds())}")


class DreamProgress(Progress):
    """Tells also what a dream will do, and of each octave that it is done."""

    def __init__(self, recipe: Recipe, picture: Picture, quiet: bool):
        self.sizes = recipe.sizes(picture.width, picture.height)
        self.tiles = [len(recipe.tiles(*size)) for size in self.sizes]
        self.steps = recipe.steps
        super().__init__(self.steps * sum(self.tiles), "tile", quiet)
        if max(self.sizes[0]) > recipe.max_size:
            self.say(f"the picture itself is larger than --max-size {recipe.max_size}; it is dreamed on as it is")
        if len(self.sizes) < recipe.octaves:
            self.say(f"octaves: {len(self.sizes)} instead of {recipe.octaves}, as the next would pass --max-size "
                     f"{recipe.max_size}")
        self.say("octaves " + " ".join(f"{w}x{h}" for w, h in self.sizes)
                 + f"; steps in each: {self.steps}; tiles of {recipe.tile} in all: {self.total}")

    def tile_done(self, done: DreamStep) -> None:
        self.piece_done(f"octave {done.octave + 1} of {len(self.sizes)}, step {done.step + 1} of {self.steps}, "
                        f"tile {done.tile + 1} of {self.tiles[done.octave]}")

    def octave_done(self, done: DreamStep) -> None:
        self.say(f"octave {done.octave + 1} of {len(self.sizes)} done, {done.picture.width}x{done.picture.height}, "
                 f"{duration(self.seconds())} so far")


def run_classify(options: SimpleNamespace) -> int:
    picture = input_picture(options)
    with open_network(options, exact=True) as network:
        guesses = classify(network, picture, options.top)
    if options.json:
        import json
        answer(json.dumps([{"index": g.number, "label": g.label, "score": g.score} for g in guesses],
                          ensure_ascii=False, indent=1))
    else:
        answer(guess_lines(guesses))
    return 0


def guess_lines(guesses: Iterable[Guess]) -> str:
    return "\n".join(f"{guess.score:.6f} {guess.number:3d} {guess.label}" for guess in guesses)


def run_adversarial(options: SimpleNamespace) -> int:
    output = open_output(options, output_path(options))
    check_apart(options, [output])
    tell_unheard(options, [output.format.obeys])
    source = input_file(options)
    picture = as_picture(source)
    extras = extras_for(options, output, source)
    stream = sys.stderr if output.takes_stdout else sys.stdout
    lost: Exception | None = None           # somebody who reads no further may want the picture all the same

    def tell(text: str) -> None:
        nonlocal lost
        progress.line.clear()
        try:
            answer(text, stream)
        except (DeepDreamError, OSError) as error:
            lost = lost or error

    with open_network(options) as network:
        check_classes(network.model)
        target = find_class(network.model.labels, options.target)
        extras = extras._replace(comment=recipe_text(options, network, output, target=str(target)))
        most = options.steps or MOST_FOOL_STEPS
        progress = Progress(most, "step", options.quiet, "" if options.steps else " at most")
        try:
            for done in adversarial_steps(network, picture, target, options.steps):
                tell((f"step {done.step}\n" if done.step else "before\n") + guess_lines(done.guesses))
                if done.step:
                    progress.piece_done(f"step {done.step} of {most}")
            fooled = done.fooled
            assert fooled
            size = output.write(fooled.picture, extras)
        finally:
            progress.line.clear()
        label = network.model.labels[target]
    tell(f"pixels moved by {fooled.mean_change:.2f} of 255 on average, {fooled.largest_change} at most; "
         f"steps: {fooled.steps}")
    progress.written(output, picture, size)
    if options.show and not output.takes_stdout:
        resolve("show:draw")(fooled.picture)
    if lost:
        raise lost
    if not fooled.reached:
        say(f"error: {output.name} is not yet taken for {label} (steps: {fooled.steps}); give it more with --steps, "
            "or another --target")
        return 1
    return 0


def run_test(options: SimpleNamespace) -> int:
    beside, folder = reference_files(choose_model(options.model)[0])
    if options.input is None and os.path.exists(beside):
        options.input = beside
    picture = input_picture(options)
    passed = True
    with open_network(options) as network:
        for check in self_test(network, picture, options.reference or folder):
            answer(f"{check.relative:9.2e} {check.absolute:9.2e}  {'ok' if check.passed else 'WRONG':5}  {check.name}")
            passed = passed and check.passed
    answer("(|difference| / |reference|, largest difference)")
    answer(f"all within {TOLERANCE}" if passed else f"FAILED: not all within {TOLERANCE}")
    return 0 if passed else 1


class Mode(NamedTuple):
    name: str
    function: Callable[[SimpleNamespace], int] | str        # of the options, for the exit code; see `resolve`
    help: str


MODES = (
    Mode("dream", run_dream, "make a picture more of what a layer sees in it; what is done if no mode is named"),
    Mode("classify", run_classify, "print the most probable classes of a picture, best first"),
    Mode("adversarial", run_adversarial, "change a picture, hardly visibly, until it is taken for something else"),
    Mode("test", run_test, "compare tensors with TensorFlow's: is this installation computing the right numbers?"),
    Mode("animate", "animate:run", "make a picture move, or dream on each frame of a video: GIF, PNG, Y4M, folders"),
    Mode("page", "page:run", "open a page in the browser: drop a photograph there and watch it dream"),
    Mode("gallery", "gallery:run", "make one sheet of small dreams of a picture: which layer, class, preset does "
           "what?"),
    Mode("presets", "listing:presets", "list the presets of dream and animate"),
    Mode("layers", "listing:layers", "list the network's layers, or search them"),
    Mode("distortions", "distortions:run_list", "list what may be done to the frames of an animation"),
    Mode("labels", "listing:labels", "list the classes that the network knows, or search them"),
    Mode("show", "recipe:run", "print what a picture file is and how it was made"),
    Mode("doctor", "doctor:run", "what can deepdream use here, what not, and what to do about it?"),
    Mode("download", "download:run", "fetch the weights of the original, trained on photographs"),
)


# Parsers of what stands behind an option: the value, or ValueError with what was expected. Those that are partial
# functions say their bounds to who asks (deepdream_extras/page).

def nonempty(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("expected a name")
    return text


def json_file(text: str) -> str:
    if not nonempty(text).lower().endswith(".json"):
        raise ValueError("expected a name that ends with .json")
    return text


def word_among(words: Sequence[str], text: str) -> str:
    if text not in words:
        raise ValueError(f"expected {' or '.join(words)}")
    return text


def one_of(*words: str) -> Callable[[str], str]:
    return functools.partial(word_among, words)


def whole_within(low: int, high: int, text: str) -> int:
    if not (text.strip().isdecimal() and len(text) < 10 and low <= int(text) <= high):
        raise ValueError(f"expected a whole number from {low} to {high}")
    return int(text)


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of integers in low .. high."""
    return functools.partial(whole_within, low, high)


def colour(text: str) -> tuple[int, int, int]:
    """Blue, green, red of ff8000 or #ff8000; the latter has to be quoted in shells."""
    digits = text.removeprefix("#")
    if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
        raise ValueError("expected a colour as six digits, red green blue, such as ff8000")
    red, green, blue = bytes.fromhex(digits)
    return blue, green, red


def format_named(text: str) -> Format:
    for row in FORMATS:
        if "." + text.lower().removeprefix(".") in row.extensions:
            return row
    raise ValueError(f"expected {' or '.join(row.extensions[0][1:] for row in FORMATS)}")


def as_number(text: str) -> float:
    """What the text says; nan, which lies between no bounds, if that is no number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def positive(text: str) -> float:
    value = as_number(text)
    if not 0.0 < value <= 1000.0:
        raise ValueError("expected a number above 0, at most 1000")
    return value


def number_within(low: float, high: float, text: str) -> float:
    value = as_number(text)
    if not low <= value <= high:
        raise ValueError(f"expected a number from {low} to {high}")
    return value


def amount(low: float, high: float) -> Callable[[str], float]:
    """A parser of numbers in low .. high."""
    return functools.partial(number_within, low, high)


def three_numbers(text: str) -> tuple[float, ...]:
    """One number three times, or three with commas between them."""
    values = [amount(-1e6, 1e6)(part) for part in text.split(",")]
    if len(values) not in (1, 3):
        raise ValueError("expected a number, or three such as 104,117,123")
    return tuple(values * (3 // len(values)))


def three_factors(text: str) -> tuple[float, ...]:
    """The same, not all of them 0."""
    values = three_numbers(text)
    if not any(values):
        raise ValueError("expected a number other than 0, or three such as 0.0171,0.0175,0.0174")
    return values


def schedule(text: str) -> tuple[float, float] | float:
    """A number, or two with a comma between them: from the first towards the second."""
    values = [amount(0, 1000)(part) for part in text.split(",")]
    if len(values) > 2:
        raise ValueError("expected a number, or two such as 6,3")
    return values[0] if len(values) == 1 else (values[0], values[1])


def step_size(text: str) -> tuple[float, float] | float:
    values = [positive(part) for part in text.split(",")]
    return values[0] if len(values) == 1 else schedule(text)


def noise_size(text: str) -> str:
    sides = text.rpartition(":")[2].split("x")
    if len(sides) != 2 or not all(side.isdecimal() and len(side) < 6 and 32 <= int(side) <= 4096 for side in sides):
        raise ValueError("expected WIDTHxHEIGHT, each from 32 to 4096, such as 224x224")
    return text


def seconds(text: str) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    unit = units.get(text[-1:], 0.0)
    value = as_number(text[:-1]) * unit if unit else as_number(text)
    if not 0.0 < value <= 1e6:
        raise ValueError("expected a time such as 90, 90s or 5m")
    return value


def frame_rate(text: str) -> Fraction:
    """Frames a second as an exact fraction."""
    value = Fraction(0)
    with contextlib.suppress(ValueError, ZeroDivisionError, OverflowError):
        above, _, below = text.partition("/")
        if 1e-4 <= float(above) / float(below or 1) <= 1000:
            value = Fraction(text).limit_denominator(100000)
    if not value:
        raise ValueError("expected a number from 0.0001 to 1000, such as 25, 12.5 or 30000/1001")
    return value


def ratio(text: str) -> Fraction:
    """A growth as an exact fraction, so that sizes are computed without rounding: 1.4 is 7/5."""
    value = Fraction(0)
    with contextlib.suppress(ValueError, ZeroDivisionError):
        above, _, below = text.partition("/")
        if 1 <= float(above) / float(below or 1) <= 16:     # exactly only what is not 1e999999999
            value = Fraction(text)
    if not 1 < value <= 16 or value.denominator > 10**6:
        raise ValueError("expected a number above 1, at most 16, such as 1.4")
    return value


class Option(NamedTuple):
    flags: str
    metavar: str                                # what stands behind it; "" if nothing does
    parser: Callable[[str], Any] | None
    default: Any
    modes: str                                  # that take it
    help: str                                   # to which the default is added
    heading: str = ""                           # above it, in a mode's help
    repeats: bool = False                       # may be given several times: a list, or None


COMPUTING, MAKING = ("dream classify adversarial test animate page gallery presets layers labels doctor",
                     "dream adversarial gallery")
EVERY, USUAL = COMPUTING + " show download distortions", Recipe()
SEEING = "dream classify adversarial test page gallery presets"
DREAMS = "dream animate"
# Of dreams: what goes beyond dream_steps, by deepdream_extras/wishes.py.
WISHES = (
    Option("--maximize", "TERM", nonempty, None, DREAMS, "a layer, channels of it, or one neuron, each with a weight: "
           "4c, 4b:12,40-44*0.5, 4d:7@3,5; repeatable, weights below 0 suppress", "what grows", True),
    Option("--class", "NAME[*W]", nonempty, None, DREAMS, "a class: its index, label, an unambiguous part of that, a "
           "group such as dogs, birds, fungi (deepdream labels), or random: all, for and against by chance; "
           "goldfish@0.2,0.7: around that place, in shares of the picture's sides; repeatable", "", True),
    Option("--avoid", "NAME[*W]", nonempty, None, DREAMS, "a class that shall shrink; repeatable", "", True),
    Option("--guide", "FILE", nonempty, None, DREAMS, "another picture, whose forms are brought out where this one "
           "has something like them"),
    Option("--guide-layer", "NAME", nonempty, None, DREAMS, "the layer that sees them (default: inception_3b_output)"),
    Option("--caricature", "NAME", nonempty, None, DREAMS, "a layer; what it sees in the picture is exaggerated; 4c^2 "
           "wants more that it stays the same, 0 is the default; *W is a weight"),
    Option("--measure", "NAME", one_of("norm", "sum", "mean", "square"), None, DREAMS, "what of a layer grows: half "
           "its squared 'norm', 'sum' or 'mean' of activations, mean 'square' (default: norm, or the preset's)"),
    Option("--border", "N", whole(1, 100), None, DREAMS, "leave out so many of a layer's cells at each side"),
    Option("--penalty", "NAME=W", nonempty, None, DREAMS, "what shrinks: continuity, total-variation, mean-color "
           "(distance to grey), input (distance to the picture); repeatable", "what shrinks", True),
    Option("--rule", "NAME", one_of("mean", "deviation", "centred", "plain", "adam", "lbfgs"), None, DREAMS, "how a "
           "gradient becomes a step: divided by its 'mean' size, by its 'deviation', the same 'centred', 'plain', or "
           "the optimisers 'adam' and 'lbfgs' (default: mean, or the preset's)", "how the picture moves"),
    Option("--smooth", "NAME", one_of("no", "gaussians", "laplacian"), None, DREAMS, "what is done to gradients "
           "first: 'gaussians' make soft dreams, 'laplacian' strengthens large forms"),
    Option("--shift", "NAME", one_of("no", "fixed", "random"), None, DREAMS, "how tiles move from step to step, so "
           "that seams do not show (default: fixed, of animate random, or the preset's)"),
    Option("--jitter", "N", whole(0, 4096), None, DREAMS, "random shifts of up to N pixels each way"),
    Option("--pixel-noise", "X", amount(0, 255), None, DREAMS, "noise of up to X levels on what the network sees"),
    Option("--blur", "X", schedule, None, DREAMS, "blur the picture after each step: sigma in pixels; 2.5,0.8 goes "
           "from one to the other in each octave"),
    Option("--stage", "N:X[:X]", nonempty, None, "dream", "steps, --step-size and --blur of one octave, each as there: "
           "190:11:2.5,0.78; the next --stage is for the next octave, the last for all that follow", "", True),
    Option("--clip", "NAME", one_of("step", "end", "contrast"), None, DREAMS, "keep levels within 0 to 255 after each "
           "'step', at the 'end' only, or there by less 'contrast' (default: step, or the preset's)"),
    Option("--fourier", "", None, False, DREAMS, "let waves move instead of pixels: clean pictures out of noise"),
    Option("--floats", "", None, False, "dream", "do not round the picture to whole levels after each step"),
    Option("--seed", "N", whole(0, 999999999), 0, DREAMS, "of all that is random: the same gives the same picture"),
    Option("--scales", "NAME", one_of("grow", "shrink", "single"), None, "dream", "let the picture 'grow' from octave "
           "to octave, or 'shrink' it first and come back to its size, or 'single' (default: grow below 600 pixels, "
           "else shrink, or the preset's)", "how scales follow"),
    Option("--carry", "NAME", one_of("before", "after", "no"), None, DREAMS, "when detail that shrinking lost comes "
           "back: 'before' an octave, 'after' it, or not at all (default: before, or the preset's)"),
    Option("--tiles", "NAME", one_of("grid", "whole", "feather", "spiral", "crop"), None, DREAMS, "how the network "
           "sees the picture: tiles in a 'grid' or a 'spiral', one after the other; the 'whole' at once; tiles that "
           "overlap, blended ('feather'); a random 'crop' in each step (default: grid, of animate whole, or the "
           "preset's)"),
    Option("--overlap", "X", amount(0, 0.9), None, DREAMS, "how much tiles of kind feather overlap: 0.5 is half"),
    Option("--seamless", "", None, False, DREAMS, "for textures: beyond an edge there is the other side of the "
           "picture, and not a reflection, for all that looks there: tiles, resizing, blurring"),
    Option("--edge", "NAME", one_of("wrap", "reflect", "mean"), None, DREAMS, "what tiles see beyond the picture: the "
           "other side ('wrap', as --seamless), a reflection, or the mean colour of what they have of it (default: "
           "wrap in dreams that grow, else reflect, or the preset's)"),
    Option("--noise", "WxH", noise_size, None, DREAMS, "begin with noise of that size instead of a picture; "
           "uniform:, normal: or grey: may stand before it", "before and after"),
    Option("--mask", "FILE", nonempty, None, DREAMS, "a picture that says where to dream: white fully, black not at "
           "all"),
    Option("--keep-colors", "", None, False, DREAMS, "keep the picture's colours; light and shade are dreamed"),
    Option("--match-colors", "", None, False, DREAMS, "bring the dream's colours to the picture's mean and deviation"),
    Option("--strength", "X", amount(0, 4), 1.0, DREAMS, "of the dream against the picture in what comes out"),
    Option("--until", "TIME", seconds, None, "dream", "about how long it may take: 90, 90s, 5m; more or fewer steps "
           "and octaves are made (and so not always the same picture)"),
)
OPTIONS = (
    Option("-i --input", "FILE", nonempty, None, SEEING, "picture to read, - is stdin; the word -i may be left out "
           "(default: the shipped cat_dog224.bmp)"),
    Option("-i --input", "FILE", nonempty, None, "show", "picture to read, - is stdin, or what --save-recipe wrote"),
    Option("-i --input", "FILE", nonempty, None, "animate", "a picture, or a video, each frame of which is dreamed on: "
           "a folder, numbered pictures (in/%04d.png), an animated GIF or PNG, Y4M; - is stdin, as in ffmpeg -i "
           "clip.mp4 -f yuv4mpegpipe - | deepdream animate - (default: the shipped cat_dog224.bmp)"),
    Option("-o --output", "FILE", nonempty, None, "animate", "where to: a name that ends with .gif, .png, .apng or "
           ".y4m, a folder (frames/), numbered pictures (frames/%04d.jpg), - for stdout, as Y4M; repeatable (default: "
           "output.gif)", "", True),
    Option("--format", "NAME", format_named, None, "animate", "gif, png or y4m, whatever the names of outputs end "
           "with"),
    Option("-o --output", "FILE", nonempty, None, MAKING, "picture to write, - is stdout (default: "
           "output.bmp)"),
    Option("--format", "NAME", format_named, None, MAKING, "of what is written: "
           f"{', '.join(row.extensions[0][1:] for row in FORMATS)} (default: as the name of the output ends, BMP where "
           "that says nothing)"),
    Option("--quality", "N", whole(1, 100), Extras().quality, "animate " + MAKING, "of JPEG files: 100 is the best"),
    Option("--subsampling", "NAME", one_of("4:4:4", "4:2:0"), Extras().subsampling, "animate " + MAKING, "of the "
           "colours in JPEG and Y4M files: 4:2:0 makes smaller ones, with a quarter of the colour samples"),
    Option("--dither", "", None, False, "animate " + MAKING, "in GIF files mix dots of their 256 colours"),
    Option("--background", "RRGGBB", colour, None, "dream classify adversarial animate gallery", "colour behind what "
           "is transparent in the input (default: ffffff, white)"),
    Option("--recipe", "FILE", nonempty, None, DREAMS + " adversarial", "take the options from this picture that "
           "deepdream made, or from a .json; what is given beside it counts more"),
    Option("--save-recipe", "FILE.json", json_file, None, DREAMS + " adversarial", "write there how the picture is "
           "made; PNG, JPEG, GIF and PPM files say it themselves, deepdream show prints it"),
    Option("--show", "", None, False, "animate " + MAKING, "draw the result in the terminal"),
    Option("-q --quiet", "", None, False, EVERY, "nothing on stderr but errors"),
    Option("--model", "FILE", nonempty, None, COMPUTING, "weights: a file, 'drawn' (shipped) or 'imagenet' "
           "(downloaded); default: $DEEPDREAM_MODEL, else the downloaded ones if there, else the shipped ones; other "
           "networks, too: frozen TensorFlow graphs and ONNX models"),
    Option("--input-order", "NAME", one_of("RGB", "BGR"), None, COMPUTING, "of the channels that another network wants "
           "(default for these: as its kind, or as NAME.json beside it says; deepdream layers prints it)"),
    Option("--input-mean", "X,X,X", three_numbers, None, COMPUTING, "subtracted from levels of 0 to 255, for each "
           "channel in that order, or one for all"),
    Option("--input-scale", "X,X,X", three_factors, None, COMPUTING, "what they are multiplied by then"),
    Option("--engine", "NAME", one_of("auto", *(row.name for row in ENGINES)), "auto", COMPUTING, "'simd' (machine "
           "code), 'python' or 'auto', which is machine code where that can be"),
    Option("-j --jobs", "N", whole(1, 256), None, COMPUTING, "cores to use (default: all that this process may)"),
    Option("--exact", "", None, False, "dream adversarial test animate gallery", "each convolution as its "
           "definition says, not with the fewer multiplications that round a little differently; --preset c89 does so "
           "anyway"),
    Option("-h --help", "", None, False, EVERY, "show the options of a mode"),
    Option("-v --version", "", None, False, EVERY, "print version, engine and model"),

    Option("--size", "N", whole(0, LARGEST_SIDE), 640, "animate", "first bring the longer side of frames down to N "
           "pixels; 0 keeps it as it is", "what moves"),
    Option("--distort", "NAME[:...]", nonempty, None, "animate", "what is done to a frame before the next is dreamed "
           "on it: zoom:0.05, rotate:1.5 (deepdream distortions lists all); repeatable, in this order; amounts are "
           "those of a frame at 30 frames a second", "", True),
    Option("--frames", "N", whole(1, 1000000), None, "animate", "how many (default: 60, of a video all)"),
    Option("--fps", "X", frame_rate, None, "animate", "frames a second (default: 15, of a video its own)"),
    Option("--loop", "N", whole(0, 65535), 0, "animate", "how often GIF and PNG files play; 0: for ever"),
    Option("--reverse", "", None, False, "animate", "show the last frame first"),
    Option("--ping-pong", "", None, False, "animate", "show them forwards and then backwards"),
    Option("--crossfade", "N", whole(0, 10000), 0, "animate", "let N frames at the end fade into the first ones, so "
           "that it goes round without a jump"),
    Option("--key", "FRAME:OPTION=VALUE", nonempty, None, "animate", "from this frame on another value: "
           "30:step-size=4, 60:distort=zoom:0.1, 90:maximize=3b*0.5; between two keys numbers and weights change "
           "little by little, names at once; repeatable", "", True),
    Option("--through", "NAME[*W]", nonempty, None, "animate", "a class of several that are dreamed one after the "
           "other, again and again; repeatable", "", True),
    Option("--each", "N", whole(2, 100000), 40, "animate", "how many frames for each --through"),
    Option("--steady", "", None, False, "animate", "keep the mean and the deviation of colours as in the first frame"),
    Option("--blend", "X", amount(0, 1), 0.5, "animate", "how much a video's frame counts against the last dream"),
    Option("--flow", "", None, False, "animate", "carry the last dream along with what moves in a video"),
    Option("--resume", "", None, False, "animate", "go on with what was interrupted"),
    Option("--until", "TIME", seconds, None, "animate", "end after about that time, with fewer frames: 90, 90s, 5m"),
    Option("--octaves", "N", whole(1, 64), None, "animate", "sizes that each frame is dreamed at (default: 2)", "its "
           "dreams"),
    Option("--octave-scale", "X", ratio, USUAL.octave_scale, "animate", "growth from one to the next"),
    Option("--steps", "N", whole(1, 100000), None, "animate", "steps in each octave of a frame (default: 4)"),
    Option("--first-steps", "N", whole(1, 100000), None, "animate", "in those of the first frame, which has none "
           "before it (default: three times --steps)"),
    Option("--scales", "NAME", one_of("shrink", "single"), None, "animate", "dream on smaller versions of a frame "
           "first ('shrink'), or not ('single')"),
    Option("--size", "N", whole(0, LARGEST_SIDE), 1600, "dream", "first bring the picture's longer side down to N "
           "pixels; 0 keeps it as it is", "the dream"),
    Option("--preset", "NAME", nonempty, None, DREAMS, "one of the classic systems, or of our own (deepdream "
           "presets); options given beside it count more"),
    Option("--layer", "NAME", nonempty, USUAL.layer, DREAMS, "the layer whose activations grow; 4c is short for "
           "inception_4c_output (default: the model's own, which is that one)"),
    Option("--octaves", "N", whole(1, 64), USUAL.octaves, "dream", "sizes to dream at, the first as it is"),
    Option("--octave-scale", "X", ratio, USUAL.octave_scale, "dream", "growth from one to the next"),
    Option("--steps", "N", whole(1, 100000), USUAL.steps, "dream", "steps in each octave"),
    Option("--step-size", "X", step_size, USUAL.step_size, DREAMS, "mean change of a pixel in a step, of 255; 6,3 "
           "goes from one to the other in each octave"),
    Option("--tile", "N", whole(32, LARGEST_SIDE), USUAL.tile, DREAMS, "side of the squares that are "
           "dreamed one after the other"),
    Option("--max-size", "N", whole(1, LARGEST_SIDE), USUAL.max_size, "dream", "no octave larger than this"),
    Option("--overwrite", "", None, False, "dream", "of many pictures (-i FOLDER or several files, -o FOLDER) "
           "make also those again that are there already"),
    Option("--sweep", "NAME=V,V", nonempty, None, "dream", "a dream for each value of an option, and a sheet of all "
           "of them in the folder -o: layer=4a,4b,4c; repeatable", "", True),
    Option("--on", "WHERE", nonempty, None, "dream animate gallery", "make many pictures, the scenes "
           "of a film or the cells of a sheet on a cluster: 'dask', or dask://HOST:PORT of a scheduler (pip install "
           "'deepdream[dask]')"),
    Option("--save-steps", "FOLDER", nonempty, None, "dream", "save the picture after each step as well, as "
           "FOLDER/0000.bmp ..., or in the format of -o"),
    Option("--no-octaves", "", None, False, "dream", "do not save each octave: octave_0.bmp, octave_1.bmp ... or, with "
           "-o NAME.png, NAME_octave_0.png ..."),
    *WISHES,

    Option("--layers", "", None, False, "gallery", "dreams of the main layers: what is done if none of these is said"),
    Option("--layer", "NAME", nonempty, None, "gallery", "dreams of channels of this layer"),
    Option("--channels", "N", whole(1, 64), 16, "gallery", "how many of them, the most active first"),
    Option("--classes", "", None, False, "gallery", "dreams of classes that the network knows"),
    Option("--presets", "", None, False, "gallery", "dreams of all presets"),
    Option("--size", "N", whole(64, 512), 224, "gallery", "longer side of each dream in pixels"),
    Option("--steps", "N", whole(1, 1000), None, "gallery", "steps in each octave (default: as it looks best)"),
    Option("--seed", "N", whole(0, 999999999), 0, "gallery", "of all that is random"),

    Option("--port", "N", whole(0, 65535), 0, "page", "of the address in the browser (default: a free one)"),
    Option("--no-open", "", None, False, "page", "do not open the browser; the address is printed"),
    Option("--listen", "ADDRESS", nonempty, None, "page", "let other machines in, at this address of yours (0.0.0.0: "
           "all of them); whoever knows the page's whole address can use it"),

    Option("--all", "", None, False, "layers", "list each operation, not only the last of each layer"),
    Option("--pattern", "WORDS", nonempty, "", "labels layers", "part of a label, an index, or a group such as dogs; "
           "part of a layer's name; the word --pattern may be left out"),

    Option("--top", "K", whole(1, 1000), 5, "classify", "how many classes to print"),
    Option("--json", "", None, False, "classify", "print a list of objects with index, label, score"),
    Option("--json", "", None, False, "show", "print the recipe alone, as --recipe takes it"),

    Option("--target", "CLASS", nonempty, "tennis ball", "adversarial", "what the picture shall be taken for: an "
           "index, a label or a word of one"),
    Option("--steps", "N", whole(1, 100000), None, "adversarial", "steps in all (default: 5 and on until the target is "
           "reached, 60 at most)"),

    Option("--reference", "DIR", nonempty, None, "test", "folder of reference tensors (default: those of the model)"),

    Option("--base-url", "URL", nonempty, None, "download", "fetch from here (default: $DEEPDREAM_BASE_URL, else the "
           "original's home)"),
    Option("--folder", "DIR", nonempty, None, "download", "keep the files here (default: deepdream in the user's data "
           "folder)"),
)


def parse_command_line(words: Sequence[str]) -> SimpleNamespace:
    """The mode and its options, with the defaults of those that are not given. UsageError: what is wrong with them."""
    given, bare = split_words(words)
    names = [mode.name for mode in MODES]
    wants_help = bare[:1] == ["help"]
    if wants_help:
        del bare[0]
    mode = next((word for word in bare if word in names), "")
    if mode:
        bare.remove(mode)
    if bare and not mode and (wants_help or not (may_be_file(bare[0]) or os.path.exists(bare[0]))):
        near = nearest(bare[0], names)
        raise UsageError(f"{bare[0] or 'an empty word'}: no such mode" + ("" if wants_help else " and no such file")
                         + (f"; did you mean {' or '.join(near)}?" if near else f"; modes are {', '.join(names)}"))
    if mode in ("labels", "layers") and bare:
        given, bare = [*given, ("--pattern", " ".join(bare))], []
    given += [("--input", word) for word in bare]
    inputs = [text for flag, text in given if flag in ("-i", "--input")]
    if len(inputs) > 1 and mode not in ("", "dream"):
        raise UsageError(f"{inputs[1]}: one picture at a time")
    taken, own = None, given
    if wish := dict(given).get("--recipe"):
        taken = resolve("recipe:Taken")(wish, mode)
        flags = {flag for flag, _ in own}
        mode, given = taken.mode, [pair for pair in taken.given if pair[0] not in flags] + given
    rows = rows_by_flag(mode or "dream")
    options = SimpleNamespace(**{option_name(row): row.default for row in rows.values()}, mode=mode or "dream",
                              taken=taken, given=own, texts={}, inputs=inputs, tell=None, network=None)
    for flag, text in given:
        if flag not in rows:
            if flag == "--input" and text in bare:
                raise UsageError(f"{text}: {options.mode} takes options only")
            others = [name for row in OPTIONS if flag in row.flags.split() for name in row.modes.split()]
            raise UsageError(f"{flag} is not an option of {options.mode}, but of {' and '.join(others)}")
        try:
            parser, name = rows[flag].parser, option_name(rows[flag])
            value, before = parser(text) if parser else True, getattr(options, name)
            setattr(options, name, [*(before or ()), value] if rows[flag].repeats else value)
            options.texts[name] = text
        except ValueError as error:
            raise UsageError(f"{flag} {text!r}: {error}") from None
    options.help = (mode or "deepdream") if options.help or wants_help else ""
    return options


def may_be_file(word: str) -> bool:
    """Whether a word is no mode even where there is no such file: stdin, a name with an ending or a folder, *.jpg."""
    return word == "-" or any(mark in word for mark in (".", "/", os.sep, "*", "?", "%"))


def split_words(words: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The options, each with what stands behind it, and the other words; they may come in any order."""
    known = rows_by_flag()
    given: list[tuple[str, str]] = []
    bare: list[str] = []
    queue = iter(words)

    def takes_value(flag: str, word: str) -> bool:
        if flag not in known:
            near = nearest(word, known)
            raise UsageError(f"{word}: no such option" + (f"; did you mean {' or '.join(near)}?" if near else ""))
        return known[flag].metavar != ""

    def following(flag: str) -> str:
        text = next(queue, None)
        if text is None or text in known:
            raise UsageError(f"{flag}: expected {known[flag].metavar} behind it"
                             + (f", not the option {text}" if text else ""))
        return text

    for word in queue:
        if word == "--":
            bare += queue
        elif word[:1] != "-" or word == "-":
            bare.append(word)
        elif word[:2] == "--":
            flag, equals, text = word.partition("=")
            if takes_value(flag, flag):
                text = text if equals else following(flag)
            elif equals:
                raise UsageError(f"{flag}: nothing can stand behind it")
            given.append((flag, text))
        else:
            letters = word[1:]              # -qj2 is -q -j 2
            while letters:
                flag, letters = "-" + letters[0], letters[1:]
                if takes_value(flag, word):
                    given.append((flag, letters or following(flag)))
                    break
                given.append((flag, ""))
    return given, bare


def option_name(row: Option) -> str:
    """The long flag as an attribute: octave_scale of --octave-scale."""
    return row.flags.split()[-1].lstrip("-").replace("-", "_")


def rows_by_flag(mode: str | None = None) -> dict[str, Option]:
    """The options of a mode by each of their flags. None: of all modes, which differ in a flag's parser and default,
    but not in what stands behind it."""
    return {flag: row for row in OPTIONS if mode is None or mode in row.modes.split() for flag in row.flags.split()}


def rows_by_name(mode: str) -> dict[str, Option]:
    """The options of a mode by `option_name`."""
    return {option_name(row): row for row in rows_by_flag(mode).values()}


def as_words(given: Iterable[tuple[str, str]]) -> list[str]:
    """The words of a command line that say these options: what split_words made of them."""
    rows = rows_by_flag()
    return [word for flag, text in given for word in ([flag, text] if rows[flag].metavar else [flag])]


EXAMPLES = """\
examples:
  deepdream                                 dream on the shipped picture, into output.bmp
  deepdream photo.jpg -o dream.png          on a picture of your own
  deepdream --layer 3b --octaves 4          other layers see other things
  deepdream animate photo.jpg -o flight.gif a picture that moves
  deepdream classify photo.jpg --top 3
  deepdream adversarial --target goldfish -o fish.bmp
  deepdream test                            is this installation right?
  deepdream doctor                          and can it be fast here?
  deepdream download                        the weights of the original, trained on photographs"""


def help_text(mode: str) -> str:
    """The options of one mode or, for "deepdream", the modes and the options that most of them take."""
    for row in MODES:
        if row.name == mode:
            options = rows_by_name(mode)
            words = "[INPUT] [options]" if "input" in options else "[options]"
            sentence = row.help[0].upper() + row.help[1:] + "." * (row.help[-1] != "?")
            lines = [f"usage: deepdream {mode} {words}", "", sentence, "", "options:"]
            return "\n".join([*lines, *map(option_help, options.values())])
    common = [option for option in OPTIONS if " " in option.modes]
    return "\n".join(["usage: deepdream [MODE] [INPUT] [options]", "",
                      "DeepDream with nothing but Python: dream on a picture, classify it, fool the classifier.", "",
                      "modes:", *(help_entry(row.name, row.help) for row in MODES), "",
                      "options of most modes (deepdream MODE --help shows all that a mode has):",
                      *map(option_help, common), "", EXAMPLES])


def option_help(row: Option) -> str:
    default = f"{float(row.default):g}" if isinstance(row.default, Fraction) else row.default
    return (f"\n{row.heading}:\n" if row.heading else "") + help_entry(
        ", ".join(row.flags.split()) + f" {row.metavar}",
                      row.help + (f" (default: {default})" if default not in (None, False, "") else ""))


def help_entry(term: str, text: str) -> str:
    import textwrap
    first, *more = textwrap.wrap(text, 76)
    return "\n".join([f"  {term:<20}  {first}", *(f"{'':<24}{line}" for line in more)])


def print_version(options: SimpleNamespace) -> None:
    try:
        model = "{} ({})".format(*choose_model(getattr(options, "model", None)))
    except DeepDreamError as error:
        model = f"none: {error}"
    engine, quota = choose_engine(getattr(options, "engine", "auto")), processor_quota()
    answer("\n".join([f"deepdream {__version__}",
                      f"python {sys.version.split()[0]} on {sys.platform}, {available_cores()} cores"
                      + (f" (a quota of {quota:g})" if quota else ""),
                      f"engine {engine.name} ({engine.note or engine_proof(engine)})",
                      f"model {model}"]))


def engine_proof(engine: EngineChoice) -> str:
    """Why that engine can be relied on."""
    return "plain Python" if engine.make is PythonEngine else "a trial on this machine gave the right numbers"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")       # file names may hold anything
        options = parse_command_line(sys.argv[1:] if argv is None else argv)
        if options.help:
            answer(help_text(options.help))
            return 0
        if options.version:
            print_version(options)
            return 0
        return resolve(next(mode.function for mode in MODES if mode.name == options.mode))(options)
    except UsageError as error:
        say(f"error: {error} (deepdream --help tells more)")
        return 2
    except DeepDreamError as error:
        say(f"error: {error}")
        return 1
    except MemoryError:
        say("error: out of memory; use a smaller picture, --tile or --max-size")
        return 1
    except BrokenPipeError:         # nobody reads the results any more, so nobody misses them
        return 1
    except OSError as error:
        if error.errno == errno.ENOENT and not error.filename:
            say("error: the current folder is there no longer; change to another one")
            return 1
        where = f"{error.filename}: " if error.filename else ""
        say(f"error: {where}{error.strerror or error}; make room, or use less: -j 1, a smaller --tile")
        return 1
    except KeyboardInterrupt as interrupt:
        say("interrupted" + (f"; {interrupt}" if str(interrupt) else ""))
        return 128 + getattr(interrupt, "number", signal.SIGINT)


# main() as a program of its own: a signal that ends it is seen by whoever started it (a shell's loop ends too), and the
# exit code is its own whatever has become of stdout and stderr.

PATIENCE = 2.0      # seconds to close what is open; whoever asks for the end once more after that gets it at once


def run() -> NoReturn:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)          # lest a file that is opened later be taken for stdout
    if hasattr(signal, "SIGCHLD") and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)       # inherited; children's exit codes would not reach us
    catch_signals()
    try:
        code = main()
        forget_signals()
    except KeyboardInterrupt as interrupt:          # at the very end
        code = 128 + getattr(interrupt, "number", signal.SIGINT)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):               # Python would try again and make 120 of the exit code
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if code > 128:
        die_of(code - 128)
    sys.exit(code)


def catch_signals() -> None:
    """Make the first signal that asks the program to end an exception, so that all it has open is closed.

    SIGTERM and SIGHUP come by way of SIGINT: what Ctrl-C may not disturb, and blocks it, they do not disturb either.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN         # as nohup and a shell's & want it
    others = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    others = [number for number in others if signal.getsignal(number) != signal.SIG_IGN]
    reason, asked = 0, 0.0

    def stop(number: int, _) -> None:
        nonlocal reason, asked
        if number != signal.SIGINT:
            reason = reason or number
            signal.raise_signal(signal.SIGINT)
        elif ignored and not reason:
            return
        elif not asked:
            asked = time.monotonic()
            raise Stopped(reason or number)
        elif time.monotonic() > asked + PATIENCE:
            for path in TEMPORARIES:
                remove(path)
            die_of(reason or number)

    for number in (signal.SIGINT, *others):
        signal.signal(number, stop)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget_signals)


def forget_signals() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def die_of(number: int) -> None:
    """End as if the signal had not been caught; where there are no such ends, this returns."""
    if os.name == "posix":
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        os.kill(os.getpid(), number)


if __name__ == "__main__":
    run()
