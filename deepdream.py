#!/usr/bin/env python3
"""DeepDream in plain Python: dream on pictures, classify them, fool the classifier.

    python3 deepdream.py -i in.bmp -o out.bmp          dream
    python3 deepdream.py classify -i in.bmp            what is it?
    python3 deepdream.py --help                        everything else
    import deepdream                                   the same from a program: load, classify, dream, adversarial

The network is Inception-V1; its weights come from a frozen TensorFlow graph, its operations from inception_graph.py.
This module computes them with nothing but Python, exactly and slowly; simd.py beside it writes machine code for the
same layers and is a hundred times faster and more. Neither trains a network, and pictures are BMP files only.

The file reads downwards: messages, pictures, BMP, resizing, weights, download, layers, network, dreaming, classifying,
self-test, command line. Letters: h w height and width of a tensor, c its channels; kh kw height and width of a kernel,
ci co the channels it takes and gives; oh ow height and width of what a layer gives; x what a layer reads, y what it
writes, dx dy their gradients. Tensors are flat float32 buffers, row-major [h, w, c], weights [kh, kw, ci, co]; the
three channels of a picture are blue, green, red.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import errno
import functools
import io
import math
import mmap
import os
import shutil
import signal
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import compress, cycle, repeat
from operator import add, mul, sub
from typing import Any, NamedTuple, Protocol

import inception_graph

__version__ = "1.0"

MEAN_BGR = (104.0, 116.7, 122.7)     # of the pictures the original was trained on; the network sees pixels minus this


# ---- Messages --------------------------------------------------------------------------------------------------------
# Results go to stdout; these, and how far the work is, go to stderr.

class DeepDreamError(Exception):
    """Something the user can mend: one line that names the file, what was found, what was expected, what to do."""


def say(message: str) -> None:
    """One line to the user, if anybody listens."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(f"deepdream: {message}", file=sys.stderr, flush=True)


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
# BMP is the only format: every kind that users have is read, one kind is written (24 bits, rows bottom-up).

LARGEST_SIDE = 16384            # pixels; a picture of this side takes 805 MB
LARGEST_FILE = 4 * LARGEST_SIDE ** 2 + 2 ** 16
LARGEST_SPARSE = 2 ** 20        # pixels; see check_bmp_size


class Picture:
    """8-bit colours: `pixels` holds height*width*3 bytes, rows from the top, each pixel blue, green, red."""

    __slots__ = ("width", "height", "pixels")

    def __init__(self, width: int, height: int, pixels: bytearray | None = None) -> None:
        self.width = width
        self.height = height
        self.pixels = bytearray(width * height * 3) if pixels is None else pixels
        if len(self.pixels) != width * height * 3:
            raise ValueError(f"{len(self.pixels)} bytes cannot be {width} x {height} pixels")


def read_picture(path: str) -> Picture:
    """The picture in the BMP file `path`. Anything but a whole BMP file raises DeepDreamError."""
    return decode_bmp(read_bmp_file(path), str(path))


def write_picture(path: str, picture: Picture) -> None:
    """Write `picture` as a 24-bit BMP file; `path` holds the old file or the whole new one, never a part."""
    write_whole(path, encode_bmp(picture))


def read_bmp_file(path: str) -> bytes:
    """The bytes of `path`, which may be a pipe: something endless is left at the first bytes that are no BMP."""
    chunks: list[bytes] = []
    total = 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(2 ** 20):
                if not chunks:
                    check_first_bytes(chunk, str(path))
                chunks.append(chunk)
                total += len(chunk)
                if total > LARGEST_FILE:
                    raise DeepDreamError(f"{path}: longer than {LARGEST_FILE} bytes; expected a BMP file of at most"
                                         f" {LARGEST_SIDE} pixels a side; make the picture smaller")
    except OSError as error:
        raise DeepDreamError(f"{path}: cannot be read ({error.strerror or error}); expected a BMP file") from None
    if not chunks:
        check_first_bytes(b"", str(path))
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def write_whole(path: str, data: bytes | bytearray | memoryview) -> None:
    """Write `data` to the file `path` so that others see the old content or the new, also after a crash between.

    The bytes go to a temporary file in the same folder, which then takes the name. The permissions are those that
    opening and writing the file would have left. What is no ordinary file (/dev/null, a pipe) is simply written to.
    """
    target = os.path.realpath(path)         # a link stays a link: the file it names is replaced
    temporary = os.path.join(os.path.dirname(target), f".deepdream-{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as file:
                file.write(data)
            return
        if os.path.exists(target) and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with open(temporary, "xb") as file:
            file.write(data)
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise DeepDreamError(f"{path}: cannot be written ({error.strerror or error}); expected a file name in an"
                             " existing folder with room that you may write to; choose another name") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


# Where the bytes that tell a format are, the bytes, the format's name.
FIRST_BYTES = (
    (0, b"\x89PNG", "PNG"), (0, b"\xff\xd8\xff", "JPEG"), (0, b"GIF8", "GIF"), (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (0, b"II+\0", "TIFF"), (0, b"MM\0+", "TIFF"),
    (0, b"%PDF", "PDF"), (0, b"%!PS", "PostScript"), (0, b"8BPS", "Photoshop"), (0, b"gimp xcf", "GIMP"),
    (4, b"ftypavif", "AVIF"), (4, b"ftyphei", "HEIC"), (4, b"ftypmif1", "HEIC"), (4, b"ftyp", "MP4 or similar"),
    (0, b"\0\0\1\0", "icon"), (0, b"\0\0\2\0", "cursor"), (0, b"<svg", "SVG"), (0, b"<?xml", "SVG or XML"),
    (0, b"\xff\x0a", "JPEG XL"), (0, b"\0\0\0\x0cJXL ", "JPEG XL"), (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"P1", "PBM"), (0, b"P2", "PGM"), (0, b"P3", "PPM"), (0, b"P4", "PBM"), (0, b"P5", "PGM"), (0, b"P6", "PPM"),
    (0, b"P7", "PAM"), (0, b"qoif", "QOI"), (0, b"PK\3\4", "ZIP"), (0, b"\x1f\x8b", "gzip"), (0, b"RIFF", "RIFF"),
    (0, b"BA", "OS/2 bitmap array"),
)


def check_first_bytes(first: bytes, name: str) -> None:
    """Raise DeepDreamError unless a file that begins with `first` may be a BMP file; name the format if known."""
    if first[:2] == b"BM":
        return
    if not first:
        raise DeepDreamError(f"{name}: the file is empty; expected a BMP file; give another file")
    for at, mark, kind in FIRST_BYTES:
        if first[at:at + len(mark)] == mark:
            raise DeepDreamError(f"{name}: this is a file of the kind {kind}; expected a BMP file;"
                                 " open it in a picture program and save it as BMP")
    raise DeepDreamError(f"{name}: not a picture known here (it begins with {first[:4].hex(' ')});"
                         " expected a BMP file (42 4d); give another file")


# ---- BMP -------------------------------------------------------------------------------------------------------------
# A BMP file is a file header (14 bytes), an information header whose length tells its version, masks or a colour
# table, then rows of whole 32-bit words, the bottom row first unless the height is negative.
# Source: Microsoft, "Bitmap Storage" (BITMAPCOREHEADER to BITMAPV5HEADER); IBM, OS/2 2.x bitmap headers.

BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS = range(7)
CORE_HEADER = 12                # OS/2 1.x: 16-bit sizes, colour table entries of 3 bytes instead of 4
# 16 to 40: Windows 3 and OS/2 2.x, whose header may end early; 64: OS/2 2.x; 52 and 56: with masks; V4; V5
HEADER_LENGTHS = {CORE_HEADER, *range(16, 41), 52, 56, 64, 108, 124}
ROW_KINDS = {BI_RGB: (1, 2, 4, 8, 16, 24, 32), BI_RLE8: (8,), BI_RLE4: (4,),
             BI_BITFIELDS: (16, 32), BI_ALPHABITFIELDS: (16, 32)}
DEFAULT_MASKS = {16: (0x7c00, 0x03e0, 0x001f), 32: (0xff0000, 0x00ff00, 0x0000ff)}     # red, green, blue


class BmpHeader(NamedTuple):
    """What the headers say, checked."""
    width: int
    height: int
    top_down: bool
    bits: int                   # of one pixel
    compression: int
    start: int                  # of the rows, from the beginning of the file
    palette: bytes              # blue, green, red of each colour; at most 256
    masks: tuple[int, int, int]     # the bits of red, green, blue in a pixel of 16 or 32 bits


def decode_bmp(data: bytes, name: str = "picture") -> Picture:
    """The picture in the bytes of a BMP file; alpha is ignored. `name` begins the messages of DeepDreamError."""
    check_first_bytes(data, name)
    header = read_bmp_header(data, name)
    check_bmp_size(data, header, name)
    picture = Picture(header.width, header.height)
    compressed = header.compression in (BI_RLE8, BI_RLE4)
    rows = rle_rows(data, header, name) if compressed else stored_rows(data, header)
    to_bgr = row_converter(header)
    order = range(header.height) if header.top_down else range(header.height - 1, -1, -1)
    length = 3 * header.width
    for y, row in zip(order, rows):
        picture.pixels[y * length:(y + 1) * length] = to_bgr(row)
    return picture


def read_bmp_header(data: bytes, name: str) -> BmpHeader:
    if len(data) < 26:
        raise DeepDreamError(f"{name}: the file ends inside the BMP header ({len(data)} bytes); get it again")
    start, length = struct.unpack_from("<I I", data, 10)
    if length not in HEADER_LENGTHS:
        raise DeepDreamError(f"{name}: a BMP header of {length} bytes; expected {CORE_HEADER}, 16 to 40, 52, 56, 64,"
                             " 108 or 124; save the picture again as 24-bit BMP")
    if len(data) < 14 + length:
        raise DeepDreamError(f"{name}: the file ends inside the BMP header ({len(data)} bytes); get it again")
    if length == CORE_HEADER:
        width, height, bits = struct.unpack_from("<H H 2x H", data, 18)
        compression = colours = 0
    else:
        fields = data[18:14 + length].ljust(36, b"\0")
        width, height, bits, compression, colours = struct.unpack_from("<i i 2x H I 12x I", fields)
    check_bmp_kind(length, bits, compression, name)
    masks = DEFAULT_MASKS.get(bits, (0, 0, 0))
    after = 14 + length
    if compression in (BI_BITFIELDS, BI_ALPHABITFIELDS):
        # At the same place in all files: in the header or, when it has 40 bytes, behind it.
        masks = struct.unpack("<I I I", data[54:66].ljust(12, b"\0"))
        if not any(masks):
            raise DeepDreamError(f"{name}: the bit masks are empty; expected which bits are red, green and blue;"
                                 " save the picture again as 24-bit BMP")
        if length == 40:
            after += 12 if compression == BI_BITFIELDS else 16
    if start and start < after:
        raise DeepDreamError(f"{name}: the rows begin at byte {start}, inside the header;"
                             f" expected {after} or more; save the picture again as 24-bit BMP")
    palette = b""
    if bits <= 8:
        palette, after = read_bmp_palette(data, after, start, 3 if length == CORE_HEADER else 4,
                                          min(colours or 256, 2 ** bits), name)
    return BmpHeader(width, abs(height), height < 0, bits, compression, start or after, palette, masks)


def check_bmp_kind(length: int, bits: int, compression: int, name: str) -> None:
    """Raise DeepDreamError unless `compression` and `bits` are a pair that is read here."""
    os2 = length < 40 or length == 64       # there 3 and 4 mean other things: Huffman codes, runs of 24 bits
    if compression in (BI_JPEG, BI_PNG) and not os2:
        kind = "JPEG" if compression == BI_JPEG else "PNG"
        raise DeepDreamError(f"{name}: a BMP file with a {kind} picture inside, made for printers; expected plain"
                             " rows; save the picture again as 24-bit BMP")
    if compression not in ROW_KINDS or os2 and compression > BI_RLE4:
        raise DeepDreamError(f"{name}: BMP compression {compression} is not known; expected 0, 1, 2, 3 or 6;"
                             " save the picture again as 24-bit BMP")
    if bits not in ROW_KINDS[compression]:
        expected = " or ".join(map(str, ROW_KINDS[compression]))
        raise DeepDreamError(f"{name}: {bits} bits a pixel with BMP compression {compression}; expected {expected};"
                             " save the picture again as 24-bit BMP")


def read_bmp_palette(data: bytes, at: int, start: int, entry: int, colours: int, name: str) -> tuple[bytes, int]:
    """The colour table as blue, green, red of each colour, and the byte behind it. Rows may begin before its end."""
    if start:
        colours = min(colours, (start - at) // entry)
    table = data[at:at + colours * entry]
    colours = len(table) // entry
    if colours == 0:
        raise DeepDreamError(f"{name}: the BMP file has no colour table; expected one before the rows;"
                             " save the picture again as 24-bit BMP")
    palette = bytearray(3 * colours)
    for channel in range(3):
        palette[channel::3] = table[channel:colours * entry:entry]
    return bytes(palette), at + colours * entry


def check_bmp_size(data: bytes, header: BmpHeader, name: str) -> None:
    """Raise DeepDreamError unless the sides are allowed and the file is long enough to hold such a picture.

    Of runs, two bytes are at most 255 pixels, but a picture may leave pixels out. Those that leave out so much that
    their bytes cannot cover them are read up to LARGEST_SPARSE pixels only: a few bytes must not take 805 MB.
    """
    width, height = header.width, header.height
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise DeepDreamError(f"{name}: {width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                             " make the picture smaller")
    there = max(0, len(data) - header.start)
    if header.compression in (BI_RLE8, BI_RLE4):
        needed = 2 if width * height <= LARGEST_SPARSE else width * height * 2 // 255
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
    """The rows of a BI_RLE8 or BI_RLE4 picture in the order of the file, one byte a pixel.

    Two bytes are one command: a count and what is repeated, or 0 and: 0 end of row, 1 end of picture, 2 move right
    and on by the two next bytes, n that n pixels follow as they are, to a whole 16-bit word. What no command reaches
    is colour 0; what lies right of the row is dropped; both as Pillow and ImageMagick have it.
    """
    width, halves = header.width, header.compression == BI_RLE4
    patterns = run_patterns(halves)
    blank = bytes(width)
    at, end = header.start, len(data) - 1
    pieces: list[bytes | bytearray] = []        # of the row, together `x` pixels
    x = 0
    while at < end:
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            if x < width:
                pieces.append(patterns[value][:count])
            x += count
        elif value == 0:
            yield whole_row(pieces, width)
            pieces, x = [], 0
        elif value == 1:
            yield whole_row(pieces, width)
            yield from repeat(blank)
        elif value == 2:
            if at >= end:
                break
            x += data[at]
            if data[at + 1]:
                yield whole_row(pieces, width)
                yield from repeat(blank, data[at + 1] - 1)
                pieces = [blank[:x]]
            elif x <= width:
                pieces.append(bytes(data[at]))
            at += 2
        else:
            length = (value + 1) // 2 if halves else value
            pixels = data[at:at + length]
            if len(pixels) < length:
                break
            if x < width:
                pieces.append(spread_bits(pixels, 4)[:value] if halves else pixels)
            x += value
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


def row_converter(header: BmpHeader) -> Callable[[bytes], bytes | bytearray]:
    """The function from a row as stored to its width*3 bytes of blue, green, red."""
    if header.bits == 24:
        return bytes
    if header.bits > 8:
        fields = [bit_field(mask, header.bits, header.width) for mask in header.masks]
        return functools.partial(masked_to_bgr, fields, header.bits // 8)
    tables = [header.palette[channel::3].ljust(256, b"\0") for channel in range(3)]
    bits = 8 if header.compression in (BI_RLE8, BI_RLE4) else header.bits
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
    for channel, (mask, shift, table) in zip((2, 1, 0), fields):
        values = ((pixels & mask) >> shift).to_bytes(len(row), "little")
        bgr[channel::3] = values[::size].translate(table)
    return bgr


def encode_bmp(picture: Picture) -> bytes:
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


# ---- Resizing --------------------------------------------------------------------------------------------------------
# Two of them: the octaves' enlargement, in bytes and exactly the original's; and `Fit`, which brings a picture of any
# size to the classifier, in floats, and with its transpose carries a gradient back to the picture.

def upscale(picture: Picture, scale: Fraction | float = Fraction(7, 5), c89: bool = False) -> Picture:
    """`picture` enlarged by `scale` (sides rounded down), bilinear in 8 bits; the left upper corners stay in place.

    Horizontally, then vertically, a pixel p and the next one q at a distance of u/256 become
    (p*(256-u) + q*u) >> 8, and beyond the edge the last pixel goes on.
    c89 keeps two defects of the original: (p*(255-u) + q*u) >> 8, which darkens by about 2 levels, and no edge: after
    a row's last pixel comes the next row's first, after the last row zeros.
    """
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


class Fit:
    """The middle size x size pixels of a picture whose shorter side is brought to `size`: what the classifier sees.

    A linear map, separable: every pixel of the result is a weighted mean of source pixels around its centre, the
    weights a triangle as wide as two pixels of the coarser grid (Pillow's BILINEAR, which antialiases when it
    shrinks). A picture of size x size comes out as it is.
    """

    def __init__(self, width: int, height: int, size: int = 224) -> None:
        shorter = min(width, height)
        self.width, self.height, self.size = width, height, size
        self.left, self.columns = triangle_weights(width, (2 * width * size + shorter) // (2 * shorter), size)
        self.top, self.rows = triangle_weights(height, (2 * height * size + shorter) // (2 * shorter), size)
        self.columns_back, self.rows_back = transposed(self.columns), transposed(self.rows)

    def forward(self, values: Sequence[float]) -> array.array:
        """[height, width, 3] of any numbers (a picture's `pixels`, say) to float32 [size, size, 3]."""
        wide = len(self.columns_back)                           # the columns that count
        lower = array.array("d")                                # [size, wide, 3]
        for first, weights in self.rows:
            starts = [3 * (self.width * (self.top + first + i) + self.left) for i in range(len(weights))]
            lower.extend(weighted_sum([values[at:at + 3 * wide] for at in starts], weights))
        return mix_columns(lower, wide, self.columns)

    def backward(self, gradient: Sequence[float]) -> array.array:
        """The transpose: float32 [size, size, 3] to [height, width, 3], zero where the result does not look."""
        step = 3 * len(self.columns_back)
        wide = mix_columns(gradient, self.size, self.columns_back)          # [size, columns that count, 3]
        result = array.array("f", bytes(4 * 3 * self.width * self.height))
        for y, (first, weights) in enumerate(self.rows_back, self.top):
            starts = [step * (first + i) for i in range(len(weights))]
            row = weighted_sum([wide[at:at + step] for at in starts], weights)
            at = 3 * (self.width * y + self.left)
            result[at:at + step] = array.array("f", row)
        return result


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
# of operation Const. The file is mapped, and a weight is a view into the map. Whatever is in the file has to agree
# with the table in inception_graph.py.
#
# Sources: https://protobuf.dev/programming-guides/encoding for the wire format; the field numbers are from
# tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto.

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5   # wire types; 3 and 4, the groups, TensorFlow never used

# A schema says of each field that is read: number -> (name, type); [type] may occur many times; a dict is a
# message in the message. No schema contains itself: however deep a file nests, few levels are followed.
SHAPE = {2: ("dims", [{1: ("size", int)}])}
TENSOR = {1: ("dtype", int), 2: ("shape", SHAPE), 4: ("content", memoryview),
          5: ("floats", [float]), 7: ("ints", [int])}
VALUE = {1: ("list", {3: ("ints", [int])}), 2: ("string", memoryview), 3: ("int", int), 4: ("float", float),
         5: ("bool", int), 6: ("type", int), 7: ("shape", SHAPE), 8: ("tensor", TENSOR)}
NODE = {1: ("name", str), 2: ("operation", str), 3: ("inputs", [str]),
        5: ("attributes", [{1: ("key", str), 2: ("value", VALUE)}])}
GRAPH_NODE = 1            # the field of a GraphDef that holds its nodes
DT_FLOAT = 1              # TensorFlow's number for float32
MAX_FIELDS = 200_000      # InceptionV1.pb has 11,500: more is another network, or an attack
WEIGHTS_ADVICE = "take InceptionV1.pb from the project again, or run: deepdream download"

# Attributes that our layers know in one way only, and what TensorFlow takes where an LRN does not say
NODE_CONSTANTS: dict[str, tuple[tuple[str, Any], ...]] = {
    "Conv2D": (("padding", "SAME"), ("data_format", "NHWC"), ("dilations", [1, 1, 1, 1])),
    "MaxPool": (("padding", "SAME"), ("data_format", "NHWC")),
    "BiasAdd": (("data_format", "NHWC"),),
    "AvgPool": (("data_format", "NHWC"),),
    "MatMul": (("transpose_a", 0), ("transpose_b", 0)),
}
LRN_DEFAULTS = {"depth_radius": 5, "alpha": 1.0, "beta": 0.5, "bias": 1.0}

FOREIGN_FILES = ((b"\xff\xd8\xff", "a JPEG picture"), (b"\x89PNG", "a PNG picture"), (b"BM", "a BMP picture"),
                 (b"GIF8", "a GIF picture"), (b"PK\3\4", "a ZIP archive (PyTorch or Keras?)"),
                 (b"\x89HDF", "an HDF5 file (Keras?)"), (b"<", "a web page, or XML"),
                 (b"version https://git-lfs", "a Git LFS pointer, not the file that it points to"))


class Constant(NamedTuple):
    """A constant of the graph. Its numbers are `content` as bytes, or `values`, whose last fills the rest."""
    dtype: int
    shape: tuple[int, ...]
    content: memoryview | None
    values: array.array | list

    def complete(self) -> bool:
        """Whether the numbers in the file are as many as the shape wants."""
        size = math.prod(self.shape)
        if self.content:
            return len(self.content) == 4 * size
        return 0 < len(self.values) <= size

    def floats(self) -> memoryview[float]:
        """The numbers, if they are float32, flat and row-major. Ask complete() first: a file may lie."""
        if self.content and sys.byteorder == "little":
            return self.content.cast("f")
        numbers = array.array("f", self.content.tobytes() if self.content else self.values)
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
    """A frozen TensorFlow graph: its nodes by name, in the order of the file."""
    path: str
    nodes: dict[str, Node]


class WireError(Exception):
    """The protobuf message is broken: the byte of the file where, and what is wrong there."""


class WireReader:
    """Reads protobuf messages from `data` into dicts, by schema; fields that no schema names are skipped."""

    def __init__(self, data: memoryview):
        self.data = data
        self.fields_left = MAX_FIELDS

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """The number at `at`, seven bits a byte and the low ones first, and where it ends."""
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
                raise WireError(field_at, f"wire type {wire} is none that TensorFlow writes")
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


def map_file(path: str) -> memoryview:
    """The bytes of a regular file, mapped for reading."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):        # opening a pipe could wait for ever
            raise DeepDreamError(f"{path}: not a file; expected a weight file; {WEIGHTS_ADVICE}")
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise DeepDreamError(f"{path}: empty; expected a weight file; {WEIGHTS_ADVICE}")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:                 # ValueError: a null byte in the name
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); "
                             f"expected a weight file; {WEIGHTS_ADVICE}") from None


def foreign_file(data: memoryview) -> str | None:
    """What kind of file this is, if it begins as no graph does."""
    head = bytes(data[:256])
    text = "a text file" if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head) else None
    return next((kind for magic, kind in FOREIGN_FILES if head.startswith(magic)), text)


def read_graph(path: str) -> Graph:
    """Read the frozen TensorFlow graph (a binary GraphDef) in the file `path`.

    Tensors stay views into the mapped file. Raises DeepDreamError, with the byte and the node before it, for
    whatever is not a GraphDef. Whether the nodes make sense, and are the network, is for load_model to find.
    """
    data = map_file(path)
    foreign = foreign_file(data)
    if foreign:
        raise DeepDreamError(f"{path}: {foreign}; expected a frozen TensorFlow graph; {WEIGHTS_ADVICE}")
    reader = WireReader(data)
    nodes: dict[str, Node] = {}
    last = ""
    try:
        for number, wire, start, stop in reader.fields(0, len(data)):
            if number == GRAPH_NODE:
                node = read_node(reader, wire, start, stop)
                if nodes.setdefault(node.name, node) is not node:
                    raise WireError(start, f"a second node is called {short(node.name)}")
                last = node.name
    except WireError as error:
        at, what = error.args
        where = f"after node {short(last)}" if nodes else "before any node"
        raise DeepDreamError(f"{path}: broken or cut short at byte {at} of {len(data)}, {where}: {what}; "
                             f"expected a frozen TensorFlow graph; {WEIGHTS_ADVICE}") from None
    if not nodes:
        raise DeepDreamError(f"{path}: no nodes in it; expected a frozen TensorFlow graph; {WEIGHTS_ADVICE}")
    return Graph(str(path), nodes)


def read_node(reader: WireReader, wire: int, start: int, stop: int) -> Node:
    node = reader.value(NODE, wire, start, stop)
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
                values = value.get("floats" if value.get("dtype") == DT_FLOAT else "ints", [])
                value = Constant(value.get("dtype", 0), read_shape(value.get("shape", {})),
                                 value.get("content"), values)
            elif kind == "string":
                value = bytes(value[:64]).decode("latin-1")    # no string that is asked for is longer
            attributes[attribute.get("key", "")] = value
    return Node(node["name"], node["operation"], node.get("inputs", []), attributes)


def read_shape(message: dict) -> tuple[int, ...]:
    return tuple(dim.get("size", 0) for dim in message.get("dims", ()))


def short(name: str) -> str:
    """A name from a file as a message may print it: one line, not endless, no control characters."""
    return ascii(name if len(name) <= 60 else name[:57] + "...")[1:-1]


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


def node_parameters(graph: Graph, node: Node) -> dict[str, Any]:
    """What a layer has to know beside its inputs: stride and window as (height, width), an LRN's constants."""
    def attribute(name: str, default: Any) -> Any:           # a file may leave out what has its default value
        value = node.attributes.get(name, default)
        if not isinstance(value, type(default)):
            raise wrong_node(graph, node.name, f"attribute {name} has another type", type(default).__name__)
        return value

    def window(name: str) -> tuple[int, int]:
        sizes = attribute(name, [])
        if len(sizes) != 4 or sizes[0] != 1 or sizes[3] != 1:
            raise wrong_node(graph, node.name, f"{name} {sizes[:9]}", "[1, height, width, 1]")
        return sizes[1], sizes[2]

    for name, only in NODE_CONSTANTS.get(node.operation, ()):
        value = attribute(name, "" if name == "padding" else only)     # the one that has no default value
        if value != only:
            raise wrong_node(graph, node.name, f"{name} {short(str(value))}", str(only))
    if node.operation == "Conv2D":
        return {"stride": window("strides")} if window("strides") != (1, 1) else {}
    if node.operation == "MaxPool":
        return {"stride": window("strides"), "ksize": window("ksize")}
    if node.operation == "LRN":
        return {name: attribute(name, default) for name, default in LRN_DEFAULTS.items()}
    return {}


class Model(NamedTuple):
    """A weight file, opened and checked. The views in `weights` keep it mapped; nothing has to be closed."""
    path: str
    weights: dict[str, memoryview[float]]    # node name -> flat float32 view, row-major [kh, kw, ci, co]; biases [co]
    labels: list[str]                        # the name of class i, i < 1000

    def operands(self) -> dict[str, tuple[tuple[int, ...], memoryview[float]]]:
        """The weights as an engine takes them: operand name -> (shape, view)."""
        return {operand: (shape, self.weights[node]) for operand, node, shape in inception_graph.WEIGHTS}


def load_model(path: str, labels: str | None = None) -> Model:
    """Open the weight file `path`; check, by node name, that it is the network of inception_graph.py.

    `labels` is a file of 1000 class names, by default the shipped one. Raises DeepDreamError with the node's
    name if a weight or an operation is missing or differs, or a weight holds infinity or NaN. It takes 20 ms.
    """
    graph = read_graph(path)
    check_operations(graph)
    weights = {node: checked_weight(graph, node, shape) for _, node, shape in inception_graph.WEIGHTS}
    return Model(graph.path, weights, read_labels(labels or data_file(inception_graph.LABELS)))


def checked_weight(graph: Graph, name: str, shape: tuple[int, ...]) -> memoryview[float]:
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
    if not all_moderate(floats):
        raise wrong_node(graph, name, "numbers of 1e38 or more, infinity or NaN", "weights")
    return floats


def all_moderate(floats: memoryview[float]) -> bool:
    """Whether all numbers are below 2**127, so neither infinite nor NaN, which a ReLU or a maximum would swallow.

    The bytes that hold a float's sign and the upper 7 bits of its exponent tell: 0.6 ns each; math.isinf takes 17.
    """
    exponents = bytes(floats)[3 if sys.byteorder == "little" else 0::4]
    return 0x7F not in exponents and 0xFF not in exponents


def check_operations(graph: Graph) -> None:
    """Compare kind, inputs and parameters of the graph's operations with the table."""
    nodes = {operand_name(node.name): node for node in graph.nodes.values() if node.operation != "Const"}
    writer: dict[str, str] = {}      # buffer -> the operation that wrote it last (BiasAdd, Relu: in place)
    for name, kind, inputs, buffer, _, parameters in inception_graph.OPERATIONS:
        node = nodes.get(name)
        if node is None:
            raise wrong_node(graph, name, "missing", f"a {kind}")
        if node.operation != kind:
            raise wrong_node(graph, node.name, f"a {short(node.operation)}", f"a {kind}")
        expected = tuple(writer.get(operand, operand) for operand in inputs)
        found = node_inputs(graph, node)
        if found != expected:
            raise wrong_node(graph, node.name, f"computes with {list(map(short, found[:9]))}", f"{list(expected)}")
        if node_parameters(graph, node) != parameters:
            raise wrong_node(graph, node.name, str(node_parameters(graph, node)), str(parameters))
        writer[buffer] = name


def read_labels(path: str) -> list[str]:
    """The 1000 class names in a text file, one a line."""
    expected = "expected 1000 class names, one a line; take ImageNet_standard.txt from the project again"
    try:
        with open(path, encoding="utf-8") as file:
            labels = file.read(1 << 20).splitlines()
    except (OSError, ValueError) as error:     # ValueError: not UTF-8, or a null byte in the name
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); "
                             f"{expected}") from None
    if len(labels) != 1000 or not all(labels):
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


# ---- Download --------------------------------------------------------------------------------------------------------
# The shipped network has only seen drawings. The weights of the 2021 program, trained on photographs, lie in
# its public repository; they are fetched from one commit of it and checked by the names git itself gave their
# contents there: SHA-1 of b"blob SIZE\0" + content. Nothing is kept under its final name before that check.

ORIGINAL_URL = ("https://raw.githubusercontent.com/znah/deepdream_c/"
                "bf33318e1a615f36c2d8d01745f3818a0ff3070e")
MEGABYTE = 1_000_000
ORIGINAL_FILES = {    # name: git blob SHA-1, a size surely too large. The weights last: then all is there.
    "ImageNet_standard.txt": ("a509c007481d301e524e7b3c97561132dbfcc765", 1 * MEGABYTE),
    "cat_dog224.bmp": ("fb6c8fc3776b1d3b55b3eddb7222b8e7962c7f41", 1 * MEGABYTE),
    "test/prob": ("e278b20fe30a5eb5c94f013beedb560e7535f39f", 1 * MEGABYTE),
    "test/inception_4a_output": ("94d8779e7ee66459bf1a5cf48c62f4fef03bf7ab", 4 * MEGABYTE),
    "test/grad_inception_4a_output": ("9cc919ffdb1a3d031d12a0c15419766df29804f0", 4 * MEGABYTE),
    "test/grad_data": ("463f184cccd960bc8c5219cb5ba8f8c102f31afb", 4 * MEGABYTE),
    "InceptionV1.pb": ("a48d95ce4423862271e5472897a1352c7daa5488", 100 * MEGABYTE),
}
RETRY_WAITS = (1, 2, 4, 8)    # seconds before each further try of a file whose transfer broke
NETWORK_TIMEOUT = 30          # seconds without a single byte


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


def download(base_url: str | None = None, folder: str | None = None, stream=None) -> str:
    """Fetch the original ImageNet weights, their labels, picture and reference tensors; returns the folder.

    The files come from `base_url` (or $DEEPDREAM_BASE_URL, else the original repository) and go to `folder`
    (else data_folder()). Files that are there and right are kept, a NAME.part is continued. Progress goes to
    `stream` (else stderr). DeepDreamError says what stopped it; Ctrl-C leaves NAME.part and passes through.
    """
    import urllib.request
    base_url = (base_url or os.environ.get("DEEPDREAM_BASE_URL") or ORIGINAL_URL).rstrip("/")
    if not base_url.lower().startswith(("http://", "https://")):
        raise DeepDreamError(f"{base_url}: not a web address; --base-url takes http://... or https://...")
    folder = folder or data_folder()
    if not os.path.isabs(folder) and folder.startswith("~"):
        raise DeepDreamError(f"{folder}: no home folder is known; set $HOME (or $XDG_DATA_HOME)")
    opener = urllib.request.build_opener()    # with the proxies of the environment as they are now
    status = StatusLine(stream)
    missing = list(ORIGINAL_FILES)
    lock = None
    try:
        os.makedirs(folder, exist_ok=True)
        lock = _lock_folder(folder)
        for name in ORIGINAL_FILES:
            _provide(name, base_url, folder, opener, status)
            missing.remove(name)
    except KeyboardInterrupt:
        status.say("interrupted; what has come is kept, the next `deepdream download` goes on from there")
        raise
    except _TransferError as error:
        status.clear()
        raise DeepDreamError(f"{base_url}/{missing[0]}: {error}; run `deepdream download` again later, or "
                             f"fetch {', '.join(missing)} by hand and put them in {folder}") from None
    except OSError as error:
        status.clear()
        raise DeepDreamError(f"{error.filename or folder}: cannot be written ({_reason(error)}); "
                             "make room there or make it writable") from None
    finally:
        if lock is not None:
            os.close(lock)
    return folder


class _TransferError(Exception):
    """What came instead of the file; `again`: another try may mend it."""

    def __init__(self, what: str, again: bool = False):
        super().__init__(what)
        self.again = again


def _lock_folder(folder: str) -> int | None:
    """Keep a second download out of `folder` until the descriptor returned here is closed.

    Windows needs none: there a file that somebody has open can be neither replaced nor removed.
    """
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DeepDreamError(f"{folder}: another download is at work there; wait for it or end it") from None
    except OSError:
        pass    # some network file systems cannot lock a folder; then the user must not start two
    return descriptor


def _provide(name: str, base_url: str, folder: str, opener, status: StatusLine) -> None:
    """See to it that `folder`/`name` is there with the right bytes."""
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.isfile(path):
        if git_blob_sha1(path) == ORIGINAL_FILES[name][0]:
            status.say(f"{name}: already there")
            return
        status.say(f"{name}: the file there is not the original; fetching it")
    began = time.monotonic()
    _fetch(name, f"{base_url}/{name}", path, opener, status)
    status.say(f"{name}: {os.path.getsize(path) / MEGABYTE:.1f} MB in {duration(time.monotonic() - began)}")


def git_blob_sha1(path: str) -> str:
    """The name git gives to the content of a file."""
    import hashlib
    digest = hashlib.sha1(b"blob %d\0" % os.path.getsize(path), usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def _fetch(name: str, url: str, path: str, opener, status: StatusLine) -> None:
    """Fetch `url` to `path` by way of `path`.part, in spite of broken connections and of a wrong .part."""
    sha1, largest = ORIGINAL_FILES[name]
    part = path + ".part"
    waits = list(RETRY_WAITS)
    may_restart = True
    while True:
        try:
            offset = _receive(name, url, part, largest, opener, status)
        except _TransferError as error:
            if not error.again or not waits:
                raise
            wait = waits.pop(0)
            status.say(f"{name}: {error}; trying again in {wait} s")
            time.sleep(wait)
            continue
        found, size = git_blob_sha1(part), os.path.getsize(part)
        if found == sha1:
            os.replace(part, path)
            return
        os.remove(part)
        if offset == 0 or not may_restart:
            raise _TransferError(f"wrong bytes came ({size}, git blob SHA-1 {found}, expected {sha1})")
        may_restart = False
        status.say(f"{name}: the part kept from an earlier time does not fit; fetching the whole file")


def _receive(name: str, url: str, part: str, largest: int, opener, status: StatusLine) -> int:
    """Append to `part` what it lacks of `url`; returns the size it was continued from, 0 if begun afresh.

    Servers may ignore the Range wish (200: begin afresh) or have nothing after that place (416: the caller's
    look at the hash decides). A body that is not known to be whole, or longer than `largest`, raises.
    """
    import http.client
    import urllib.error
    import urllib.request
    offset = os.path.getsize(part) if os.path.exists(part) else 0
    headers = {"User-Agent": "deepdream", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=NETWORK_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and offset:
            return offset
        raise _TransferError(f"the server answered {error.code}{_phrase(error.code)}",
                             again=error.code >= 500 or error.code in (408, 429)) from None
    except urllib.error.URLError as error:    # no connection; worth waiting for only if there was one before
        raise _TransferError(f"cannot be reached ({_reason(error.reason)})", again=offset > 0) from None
    except (OSError, http.client.RemoteDisconnected) as error:
        raise _TransferError(f"the connection broke ({_reason(error)})", again=True) from None
    except (http.client.HTTPException, ValueError) as error:
        raise _TransferError(f"not a proper address or answer ({_reason(error)})") from None

    with response:
        if response.status != 206:
            offset = 0
        elif not (response.headers.get("Content-Range") or "").startswith(f"bytes {offset}-"):
            os.remove(part)
            raise _TransferError("the server sent another part of the file than asked for", again=True)
        total = getattr(response, "length", None)    # None: the server does not say
        if total is not None:
            total += offset
        if (total or 0) > largest:
            raise _TransferError(f"{total} bytes offered, expected {largest} at most")
        began, size = time.monotonic(), offset
        with open(part, "ab" if offset else "wb") as file:
            while size != total:
                try:
                    block = response.read1(1 << 16)
                except (OSError, http.client.HTTPException) as error:
                    raise _TransferError(f"the connection broke after {size} bytes ({_reason(error)})",
                                         again=True) from None
                if not block:
                    break
                size += len(block)
                if size > largest:
                    break
                file.write(block)
                status.show(_transfer(name, size, total, size - offset, time.monotonic() - began))
    if size > largest:
        os.remove(part)
        raise _TransferError(f"more than {largest} bytes came, which cannot be the file")
    if total is not None and size < total:
        raise _TransferError(f"the connection broke after {size} of {total} bytes", again=True)
    return offset


def _phrase(code: int) -> str:
    """The standard's words for an HTTP status, in brackets; the server's own might hold anything."""
    import http
    try:
        return f" ({http.HTTPStatus(code).phrase})"
    except ValueError:
        return ""


def _reason(error: object) -> str:
    """An exception in a few printable words on one line."""
    text = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def _transfer(name: str, size: int, total: int | None, fresh: int, seconds: float) -> str:
    """The line of progress: how much there is, how fast `fresh` bytes came in `seconds`, time left."""
    rate = fresh / max(seconds, 1e-3)
    speed = f"{size / MEGABYTE:.1f} MB, {rate / MEGABYTE:.2f} MB/s"
    if not total:
        return f"{name}: {speed}"
    return (f"{name}: {100 * size // total:3d}% of {total / MEGABYTE:.1f} MB, {rate / MEGABYTE:.2f} MB/s, "
            f"{duration((total - size) / max(rate, 1))} left")


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


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """(output size, padding before) of TensorFlow's SAME rule along one axis."""
    out = -(-size // stride)
    return out, max((out - 1) * stride + kernel - size, 0) // 2


class Buffer:
    """Values and gradient, flat float32, of one buffer of shape (h, w, c)."""

    def __init__(self, shape: tuple[int, int, int], values: memoryview[float], gradient: memoryview[float]):
        self.shape, self.values, self.gradient = shape, values, gradient


class Operation:
    """A row of the table bound to its tensors: x (the first input), inputs, y, and its weights [kh, kw, ci, co]."""

    def __init__(self, name: str, kind: str, inputs: list[Buffer], y: Buffer, weights, parameters: dict):
        self.name, self.kind, self.inputs, self.x, self.y = name, kind, inputs, inputs[0] if inputs else y, y
        self.weight_shape, self.weights = weights
        self.parameters = parameters
        self.stride = parameters.get("stride", (1, 1))[0]
        self.kernels: dict[bool, Kernel] = {}


def conv2d(op: Operation, backward: bool, rows: range) -> None:
    """x [h, w, ci] * weights [kh, kw, ci, co] -> y [oh, ow, co]; `rows` are the rows of the result, y or dx."""
    (h, w, ci), (_, ow, co) = op.x.shape, op.y.shape
    kh, kw = op.weight_shape[:2]
    top, left = same_padding(h, kh, op.stride)[1], same_padding(w, kw, op.stride)[1]
    if backward not in op.kernels:
        op.kernels[backward] = conv2d_kernel(op, backward)
    kernel = op.kernels[backward]
    if not backward:
        for y, values in correlate(op.x.values, op.x.shape, kernel, kh, kw, op.stride, top, left, rows, ow):
            op.y.values[y * ow * co:(y + 1) * ow * co] = array.array("f", values)
    elif op.stride == 1:
        # The gradient of a correlation is a correlation with the kernel turned by 180 degrees, ci and co exchanged.
        for y, values in correlate(op.y.gradient, op.y.shape, kernel, kh, kw, 1, kh - 1 - top, kw - 1 - left, rows, w):
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
    run, window, stride = kw * ci, kh * kw * ci, op.stride
    dy, scale = integers(op.y.gradient.tolist())
    sums = {y: [0.0] * ((ow - 1) * stride * ci + run + w * ci) for y in rows}
    for y in range(oh):
        seen = [(r, y * stride - top + r) for r in range(kh) if y * stride - top + r in rows]
        if seen:
            pixels = [(dy[i:i + co],) for i in range(y * ow * co, (y + 1) * ow * co, co)]
            windows = list(kernel.products(pixels, scale))
            for r, row in seen:
                total = sums[row]
                for x in range(ow):
                    at, i = x * stride * ci, x * window + r * run
                    total[at:at + run] = map(add, total[at:at + run], windows[i:i + run])
    for y in rows:
        yield y, sums[y][left * ci:]


def conv2d_kernel(op: Operation, backward: bool) -> Kernel:
    """The weights [kh, kw, ci, co] in the order that conv2d needs them in one direction."""
    kh, kw, ci, co = op.weight_shape
    weights = op.weights.tolist()
    if not backward:
        return Kernel(weights, kh, co)
    if op.stride > 1:
        return Kernel([v for o in range(co) for v in weights[o::co]], 1, kh * kw * ci)
    taps = [weights[i:i + ci * co] for i in range(0, len(weights), ci * co)]
    return Kernel([v for tap in reversed(taps) for o in range(co) for v in tap[o::co]], kh, ci)


def correlate(values: memoryview[float], shape, kernel: Kernel, kh: int, kw: int, stride: int, top: int, left: int,
              rows: range, width: int) -> Iterator[tuple[int, Iterator[float]]]:
    """(row, its width * lanes sums of products) for each of the rows of values [h, w, c] * kernel."""
    h, w, c = shape
    pixels, scale = integers(values.tolist())
    right = max((width - 1) * stride + kw - left - w, 0)
    before, after, run = [0] * (left * c), [0] * (right * c), kw * c
    padded: dict[int, list[int]] = {}
    for y in rows:
        seen = range(y * stride - top, y * stride - top + kh)
        padded = {r: padded.get(r) or before + pixels[r * w * c:(r + 1) * w * c] + after for r in seen if 0 <= r < h}
        inputs = [padded.get(r) for r in seen]
        yield y, kernel.products([[row and row[i:i + run] for row in inputs]
                                  for i in range(0, width * stride * c, stride * c)], scale)


def accumulate(gradient: memoryview[float], at: int, values: Iterable[float], count: int) -> None:
    """gradient[at:at + count] += values"""
    gradient[at:at + count] = array.array("f", map(add, gradient[at:at + count], values))


def bias_add(op: Operation, backward: bool) -> None:
    """y [h, w, c] = x + biases [c], in place; the gradient passes through unchanged."""
    if not backward:
        op.y.values[:] = array.array("f", map(add, op.x.values, cycle(op.weights.tolist())))


def relu(op: Operation, backward: bool) -> None:
    """y [h, w, c] = max(x, 0), in place; no gradient where the output is zero."""
    if not backward:
        op.y.values[:] = array.array("f", [v if v > 0.0 else 0.0 for v in op.x.values])
    else:
        op.x.gradient[:] = array.array("f", [d if v > 0.0 else 0.0 for v, d in zip(op.y.values, op.y.gradient)])


def max_pool(op: Operation, backward: bool) -> None:
    """x [h, w, c] -> y [oh, ow, c], the largest of each kh x kw window; the first that is largest gets the gradient."""
    (h, w, c), (oh, ow, _) = op.x.shape, op.y.shape
    (kh, kw), stride = op.parameters["ksize"], op.stride
    top, left = same_padding(h, kh, stride)[1], same_padding(w, kw, stride)[1]
    width, height = (ow - 1) * stride + kw, (oh - 1) * stride + kh      # what the windows cover, borders included
    right, bottom = max(width - left - w, 0), max(height - top - h, 0)
    line = (left + w + right) * c
    outside = -math.inf
    x = [outside] * (top * line)
    for y in range(h):
        x += [outside] * (left * c) + op.x.values[y * w * c:(y + 1) * w * c].tolist() + [outside] * (right * c)
    x += [outside] * (bottom * line)
    if not backward:
        for y in range(oh):
            lines = [x[i:i + line] for i in range(y * stride * line, (y * stride + kh) * line, line)]
            tallest = list(map(max, *lines))
            largest = list(map(max, *[tallest[s * c:] for s in range(kw)]))
            op.y.values[y * ow * c:(y + 1) * ow * c] = array.array(
                "f", [v for i in range(0, ow * stride * c, stride * c) for v in largest[i:i + c]])
    else:
        dx = [0.0] * len(x)
        corners = [i for y in range(0, oh * stride, stride) for j in range(0, ow * stride, stride)
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
    """x [h, w, c] -> y [1, 1, c], the mean over all positions, whatever the size of the picture"""
    h, w, c = op.x.shape
    if not backward:
        x = op.x.values.tolist()
        op.y.values[:] = array.array("f", [math.fsum(x[i::c]) / (h * w) for i in range(c)])
    else:
        accumulate(op.x.gradient, 0, [d / (h * w) for d in op.y.gradient] * (h * w), h * w * c)


def matmul(op: Operation, backward: bool) -> None:
    """x [1, 1, ci] * weights [ci, co] -> y [1, 1, co]"""
    ci, co = op.x.shape[2], op.y.shape[2]
    weights = op.weights.tolist()
    if not backward:
        x = op.x.values.tolist()
        op.y.values[:] = array.array("f", [sum(map(mul, x, weights[o::co])) for o in range(co)])
    else:
        dy = op.y.gradient.tolist()
        accumulate(op.x.gradient, 0, [sum(map(mul, dy, weights[i:i + co])) for i in range(0, ci * co, co)], ci)


def softmax(op: Operation, backward: bool) -> None:
    """y = exp(x - max x) / sum of those; dx = (dy - sum of dy * y) * y"""
    if not backward:
        largest = max(op.x.values)
        powers = [math.exp(v - largest) for v in op.x.values]
        total = math.fsum(powers)
        op.y.values[:] = array.array("f", [v / total for v in powers])
    else:
        shared = math.fsum(map(mul, op.y.gradient, op.y.values))
        accumulate(op.x.gradient, 0, [(d - shared) * v for d, v in zip(op.y.gradient, op.y.values)], len(op.y.values))


LAYERS = {"BiasAdd": bias_add, "Relu": relu, "MaxPool": max_pool, "LRN": lrn, "ConcatV2": concat,
          "AvgPool": average_pool, "MatMul": matmul, "Softmax": softmax}


class PythonEngine:
    """Runs a table of operations on pictures of one size, in plain Python: the reference for every other engine.

    operations: rows (name, kind, inputs, buffer, shape, parameters) as in inception_graph.OPERATIONS
    weights:    operand name -> (shape, flat float32 view)
    jobs:       processes that share the convolutions; the results are the same for any number

    Operations are numbered as in the table. `read`, `write`, `seed` and `gradient` take an operation's name.
    """

    name = "python"

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1):
        self.height, self.width = height, width
        self.shapes = tensor_shapes(operations, weights, height, width)
        self.numbers = {row[0]: number for number, row in enumerate(operations)}
        self.buffers = {row[0]: row[3] for row in operations}
        sizes = {name: math.prod(self.shapes[name]) for name in dict.fromkeys(self.buffers.values())}
        # One anonymous map, zero until touched, shared with the worker processes.
        arena = memoryview(mmap.mmap(-1, 8 * sum(sizes.values()))).cast("f")
        self.tensors, at = {}, 0
        for name, size in sizes.items():
            self.tensors[name] = Buffer(self.shapes[name], arena[at:at + size], arena[at + size:at + 2 * size])
            at += 2 * size
        self.operations = []
        for name, kind, inputs, buffer, _, parameters in operations:
            tensors = [self.tensors[self.buffers[i]] for i in inputs if i in self.buffers]
            operand = next((weights[i] for i in inputs if i in weights), (None, None))
            self.operations.append(Operation(name, kind, tensors, self.tensors[buffer], operand, parameters))
        self.live: set[int] = set()
        self.workers = Workers(self, jobs - 1)

    def write(self, name: str, values) -> None:
        """Fill a tensor, normally 'data', from a flat float32 buffer."""
        self.tensors[self.buffers[name]].values[:] = values

    def read(self, name: str) -> array.array:
        """A copy of a tensor as the last `forward` left it: flat float32, of shape self.shapes[name]."""
        return array.array("f", self.tensors[self.buffers[name]].values)

    def forward(self, stop: int, start: int = 0) -> None:
        """Run operations number start .. stop - 1."""
        for op in self.operations[start:stop]:
            if op.kind == "Conv2D":
                self.workers.run(op, False)
            elif op.kind != "Placeholder":
                LAYERS[op.kind](op, False)

    def seed(self, name: str, values=None) -> None:
        """Begin a backward pass: all gradients zero, but d(name) = values, or the activations themselves (None)."""
        for tensor in self.tensors.values():
            tensor.gradient[:] = array.array("f", bytes(4 * len(tensor.gradient)))
        target = self.tensors[self.buffers[name]]
        target.gradient[:] = target.values if values is None else values
        self.live = {id(target)}

    def backward(self, stop: int, start: int = 0) -> None:
        """Run the gradients of operations number stop - 1 down to start, in that order."""
        for op in reversed(self.operations[start:stop]):
            if id(op.y) in self.live and op.kind != "Placeholder":     # else its gradient is zero
                self.live.update(map(id, op.inputs))
                if op.kind == "Conv2D":
                    self.workers.run(op, True)
                else:
                    LAYERS[op.kind](op, True)

    def gradient(self, name: str) -> array.array:
        """A copy of d(name), complete once `backward` has run down to the operation that follows it."""
        return array.array("f", self.tensors[self.buffers[name]].gradient)

    def load_tile(self, picture: Picture, x: int, y: int) -> None:
        """data [h, w, c] = the pixels from (x, y) on, wrapping around the picture's edges, minus MEAN_BGR."""
        line, stretch = 3 * self.width, 3 * picture.width
        rounds = -(-(x % picture.width + self.width) // picture.width)
        data = self.tensors["data"].values
        mean = MEAN_BGR * self.width
        for i in range(self.height):
            at = (y + i) % picture.height * stretch
            row = (picture.pixels[at:at + stretch] * rounds)[3 * (x % picture.width):][:line]
            data[i * line:(i + 1) * line] = array.array("f", map(sub, row, mean))

    def ascend(self, step: float) -> float:
        """data += step * g / mean |g| for the gradient g of data; returns mean |g|, and does nothing where it is 0."""
        data = self.tensors["data"]
        mean = math.fsum(map(abs, data.gradient)) / len(data.gradient)
        if mean > 0.0:
            factor = step / mean
            accumulate(data.values, 0, [factor * d for d in data.gradient], len(data.values))
        return mean

    def store_tile(self, picture: Picture, x: int, y: int) -> None:
        """Write data + MEAN_BGR, rounded half up and clipped to bytes, back to where load_tile found it."""
        wide, high = min(self.width, picture.width), min(self.height, picture.height)
        mean = [m + 0.5 for m in MEAN_BGR] * wide
        left = x % picture.width
        here = min(wide, picture.width - left)
        for i in range(high):
            values = map(add, self.tensors["data"].values[3 * self.width * i:3 * (self.width * i + wide)], mean)
            row = bytes([0 if v < 0.0 else 255 if v > 255.0 else int(v) for v in values])
            at = (y + i) % picture.height * 3 * picture.width
            picture.pixels[at + 3 * left:at + 3 * (left + here)] = row[:3 * here]
            picture.pixels[at:at + 3 * (wide - here)] = row[3 * here:]

    def upscale(self, picture: Picture, scale: Fraction, c89: bool) -> Picture:
        return upscale(picture, scale, c89)

    def close(self) -> None:
        """End the worker processes."""
        self.workers.close()


def tensor_shapes(operations, weights, height: int, width: int) -> dict[str, tuple[int, int, int]]:
    """The shape (h, w, c) of every operation's output for a picture of this size; the table's own is for 224 x 224."""
    shapes: dict[str, tuple[int, int, int]] = {}
    for name, kind, inputs, _, shape, parameters in operations:
        if kind == "Placeholder":
            shapes[name] = (height, width, shape[2])
        elif kind in ("AvgPool", "MatMul"):
            shapes[name] = (1, 1, shape[2])
        else:
            h, w, _ = shapes[inputs[0]]
            down, across = parameters.get("stride", (1, 1))
            shapes[name] = (-(-h // down), -(-w // across), shape[2])
    return shapes


class Workers:
    """Processes forked from an engine that each compute a band of rows of every convolution in its shared tensors.

    They read (operation, direction, first row, end row) from a pipe and answer with a byte.
    """

    REQUEST = struct.Struct("=4i")
    LEAVE = -1

    def __init__(self, engine: PythonEngine, count: int):
        self.engine, self.count = engine, count if hasattr(os, "fork") else 0
        self.pipes: list[tuple[int, int]] = []
        self.children: list[int] = []

    def run(self, op: Operation, backward: bool) -> None:
        """One convolution, or its gradient, each process its share of the rows."""
        while len(self.pipes) < self.count:
            self.add()
        rows = (op.x if backward else op.y).shape[0]
        number = self.engine.numbers[op.name]
        shares = len(self.pipes) + 1
        ends = [rows * (i + 1) // shares for i in range(shares)]
        try:
            for (request, _), first, end in zip(self.pipes, ends, ends[1:]):
                os.write(request, self.REQUEST.pack(number, backward, first, end))
            conv2d(op, backward, range(ends[0]))
            for _, answer in self.pipes:
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
        try:
            ends += os.pipe()
            ends += os.pipe()
            child = os.fork()
        except OSError:
            for end in ends:
                os.close(end)
            self.count = len(self.pipes)
            return
        theirs, request, answer, ours = ends
        if child == 0:
            self.serve(theirs, ours)
        os.close(theirs)
        os.close(ours)
        self.pipes.append((request, answer))
        self.children.append(child)

    def serve(self, requests: int, answers: int) -> None:
        """The life of a worker; it never returns. Ctrl-C is the parent's to handle."""
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            while request := os.read(requests, self.REQUEST.size):
                number, backward, first, end = self.REQUEST.unpack(request)
                if number == self.LEAVE:
                    break
                conv2d(self.engine.operations[number], bool(backward), range(first, end))
                os.write(answers, b"+")
            status = 0
        finally:
            os._exit(status)

    def close(self) -> None:
        """Send the workers home. Processes forked later hold their pipes too, so closing alone would not tell them."""
        for request, answer in self.pipes:
            with contextlib.suppress(OSError):
                os.write(request, self.REQUEST.pack(self.LEAVE, 0, 0, 0))
            os.close(request)
            os.close(answer)
        for child in self.children:
            os.waitpid(child, 0)
        self.pipes, self.children = [], []


# ---- Network ---------------------------------------------------------------------------------------------------------
# A model and an engine made into something to ask: what does this layer see, and which way must the picture change?

SMALLEST_SIDE = 32      # below it the deepest maps would be empty


class Engine(Protocol):
    """What a network asks of whoever computes it. PythonEngine, the reference, says what each call does."""
    name: str
    height: int
    width: int
    shapes: dict[str, tuple[int, int, int]]

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1): ...
    def write(self, name: str, values) -> None: ...
    def read(self, name: str) -> array.array: ...
    def forward(self, stop: int, start: int = 0) -> None: ...
    def seed(self, name: str, values=None) -> None: ...
    def backward(self, stop: int, start: int = 0) -> None: ...
    def gradient(self, name: str) -> array.array: ...
    def load_tile(self, picture: Picture, x: int, y: int) -> None: ...
    def ascend(self, step: float) -> float: ...
    def store_tile(self, picture: Picture, x: int, y: int) -> None: ...
    def upscale(self, picture: Picture, scale: Fraction, c89: bool) -> Picture: ...
    def close(self) -> None: ...


class Network:
    """Inception-V1 with the weights of `model`, ready to run on pictures of any size from 32 x 32 up.

    >>> network = load()
    >>> prob = network.forward(read_picture("cat_dog224.bmp"))                # 1000 probabilities
    >>> towards = [0.0] * 1000; towards[162] = 1.0
    >>> change = network.backward("prob", towards)                            # gradient of prob[162], [h, w, 3]

    Tensors cross this border as flat float32 arrays, row-major [h, w, c]; layers go by the names in
    inception_graph.OPERATIONS ('inception_4c_output'; a / counts as _). Engines, and with them tensors, live until
    a picture of another size comes.
    """

    def __init__(self, model: Model, engine: str = "auto", jobs: int | None = None):
        """engine: 'auto', 'python' or 'simd' (DeepDreamError where it cannot run); jobs: cores to use, None for all."""
        self.model, self.jobs = model, jobs or available_cores()
        self.choice = choose_engine(engine)
        self.numbers = {row[0]: number for number, row in enumerate(inception_graph.OPERATIONS)}
        self.current: Engine | None = None

    def engine(self, height: int, width: int) -> Engine:
        """The engine for pictures of this size; the one for the size before is closed."""
        if self.current is None or (self.current.height, self.current.width) != (height, width):
            if min(height, width) < SMALLEST_SIDE:
                raise DeepDreamError(f"a picture of {width} x {height}: the network needs {SMALLEST_SIDE} pixels a "
                                     "side at least; enlarge it first")
            self.close()
            self.current = self.choice.make(inception_graph.OPERATIONS, self.model.operands(), height, width, self.jobs)
        return self.current

    def number(self, layer: str) -> int:
        """The place of a layer among the operations. DeepDreamError names the nearest ones if it is not there."""
        name = layer.replace("/", "_")
        if name not in self.numbers:
            near = nearest(name, list(self.numbers))
            raise DeepDreamError(f"{layer}: no such layer; did you mean {' or '.join(near)}?" if near else
                                 f"{layer}: no such layer; names look like inception_4c_output or conv2_3x3")
        return self.numbers[name]

    def name(self, layer: str) -> str:
        """The layer's name as the table has it."""
        return inception_graph.OPERATIONS[self.number(layer)][0]

    def forward(self, picture: Picture | Sequence[float], layer: str = "prob",
                size: tuple[int, int] = (224, 224)) -> array.array:
        """Run the network up to `layer` and return that tensor.

        picture: a Picture, or its network form: flat [h, w, 3] B G R minus MEAN_BGR, with size = (h, w)
        """
        number = self.number(layer)
        if isinstance(picture, Picture):
            engine = self.engine(picture.height, picture.width)
            engine.load_tile(picture, 0, 0)
        else:
            engine = self.engine(*size)
            engine.write("data", array.array("f", picture))
        engine.forward(number + 1)
        return engine.read(self.name(layer))

    def backward(self, layer: str, gradient: Sequence[float] | None = None, to: str = "data") -> array.array:
        """After `forward` up to `layer` or beyond: the gradient at `to` of the sum of gradient * layer.

        Without `gradient` it is the layer's own activations that are sent back: the DeepDream objective, |layer|^2 / 2.
        """
        engine = self.engine_in_use()
        engine.seed(self.name(layer), None if gradient is None else array.array("f", gradient))
        engine.backward(self.number(layer) + 1, self.number(to) + 1)
        return engine.gradient(self.name(to))

    def read(self, layer: str) -> array.array:
        """A copy of a tensor of the last `forward`."""
        return self.engine_in_use().read(self.name(layer))

    def shape(self, layer: str) -> tuple[int, int, int]:
        """(h, w, c) of a layer for the picture of the last `forward`."""
        return self.engine_in_use().shapes[self.name(layer)]

    def engine_in_use(self) -> Engine:
        if self.current is None:
            raise ValueError("run Network.forward first")
        return self.current

    def close(self) -> None:
        """Let go of tensors, threads and processes; a later call starts them again."""
        if self.current is not None:
            self.current.close()
            self.current = None


def load(model: str | None = None, engine: str = "auto", jobs: int | None = None) -> Network:
    """The network with the weights that `model` says: a file, 'drawn', 'imagenet', or as choose_model decides."""
    return Network(load_model(choose_model(model)[0]), engine, jobs)


class EngineChoice(NamedTuple):
    """An engine, what to call it, and what the user should know about the choice."""
    make: type[Engine]
    name: str
    note: str


def choose_engine(wish: str = "auto") -> EngineChoice:
    """The engine for 'auto', 'python' or 'simd'.

    'auto' is machine code where this machine allows it, else Python. DeepDreamError: 'simd' where it does not.
    """
    reason = ""
    if wish != "python":
        try:
            import simd
            instructions, reason = simd.probe()
        except ImportError:
            reason = "simd.py is missing"
        if not reason:
            return EngineChoice(simd.SimdEngine, f"simd {instructions}", "")
        if wish == "simd":
            raise DeepDreamError(f"the machine-code engine cannot run here: {reason}; use --engine python")
        reason = f"using the Python engine, a hundred times slower and more: {reason}"
    return EngineChoice(PythonEngine, PythonEngine.name, reason)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nearest(word: str, words: Sequence[str], count: int = 3) -> list[str]:
    """The words most like this one, best first."""
    import difflib
    return difflib.get_close_matches(word, words, count, 0.5)


# ---- Dreaming --------------------------------------------------------------------------------------------------------
# A dream is gradient ascent on the picture: whatever a layer sees a little of, it is made to see more of. It begins on
# the picture as it is and goes on over enlargements of the result, so that large forms come first and details after.

class Recipe(NamedTuple):
    """All that makes one dream of a picture different from another; the defaults are the original's."""
    layer: str = "inception_4c_output"
    octaves: int = 7
    octave_scale: Fraction | float = Fraction(7, 5)     # each octave is this much larger than the one before
    steps: int = 20
    step_size: float = 1.5              # mean change of a pixel in one step, in grey levels
    tile: int = 224
    max_size: int = 4096
    c89: bool = False                   # enlarge with the two defects of the original (see upscale)

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


def dream(network: Network, picture: Picture, recipe: Recipe = Recipe(),
          on_tile: Callable[[int, int, int], object] = lambda octave, step, tile: None,
          on_octave: Callable[[int, Picture], object] = lambda octave, picture: None) -> Picture:
    """Dream on a copy of `picture` and return the last octave.

    For each octave and step every tile is read (wrapping around the picture's edges), sent to recipe.layer, moved by
    step_size * g / mean |g| along the gradient g of |layer|^2 / 2, rounded to bytes and written back, so that the
    next tile sees it already. on_tile(octave, step, tile) is called after each tile, on_octave(octave, picture) after
    each octave.
    """
    stop = network.number(recipe.layer) + 1
    layer = network.name(recipe.layer)
    picture = Picture(picture.width, picture.height, bytearray(picture.pixels))
    engine = network.engine(recipe.tile, recipe.tile)
    for octave, size in enumerate(recipe.sizes(picture.width, picture.height)):
        if octave:
            picture = engine.upscale(picture, exact(recipe.octave_scale), recipe.c89)
        for step in range(recipe.steps):
            for tile, (x, y) in enumerate(recipe.tiles(*size)):
                x, y = x + step * STEP_SHIFT[0], y + step * STEP_SHIFT[1]
                engine.load_tile(picture, x, y)
                engine.forward(stop)
                engine.seed(layer)
                engine.backward(stop)
                engine.ascend(recipe.step_size)
                engine.store_tile(picture, x, y)
                on_tile(octave, step, tile)
        on_octave(octave, picture)
    return picture


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
    if (picture.width, picture.height) == (224, 224):
        scores = network.forward(picture)           # what `Fit` would give, without its 30 ms
    else:
        scores = probabilities(network, Fit(picture.width, picture.height).forward(picture.pixels))
    return best_guesses(network, scores, top)


def probabilities(network: Network, values: Sequence[float]) -> array.array:
    """The 1000 probabilities for values [224, 224, 3] of 0..255."""
    return network.forward(array.array("f", map(sub, values, cycle(MEAN_BGR))))


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


def adversarial(network: Network, picture: Picture, target: int = 852, steps: int | None = None,
                on_step: Callable[[int, list[Guess]], object] = lambda step, guesses: None) -> Fooled:
    """Change the picture little by little until the network takes it for class number `target`.

    Each step moves every pixel by FOOL_STEP along the sign of the gradient of the target's probability. Without
    `steps`: 5, then on until the picture rounded to bytes is classified as the target by a margin, 60 at most.
    on_step(step, guesses) is called before the first step (0) and after each, with the five best guesses.
    """
    if not 0 <= target < len(network.model.labels):
        raise ValueError(f"target {target}: classes are 0 to {len(network.model.labels) - 1}; find_class knows labels")
    fit = Fit(picture.width, picture.height)

    def look(values: Sequence[float]) -> array.array:
        return probabilities(network, fit.forward(values))

    values = array.array("f", map(float, picture.pixels))
    scores = look(values)
    on_step(0, best_guesses(network, scores, 5))
    done = 0
    while done < (MOST_FOOL_STEPS if steps is None else steps):
        gradient = fit.backward(network.backward("prob", log_gradient(scores, target)))
        values = array.array("f", (
            min(max(v + (FOOL_STEP if g > 0.0 else -FOOL_STEP if g < 0.0 else 0.0), 0.0), 255.0)
            for v, g in zip(values, gradient)))
        done += 1
        scores = look(values)
        on_step(done, best_guesses(network, scores, 5))
        if steps is None and done >= FEWEST_FOOL_STEPS and leads(scores, target, FOOL_MARGIN):
            if leads(look(round_half_up(values)), target, FOOL_MARGIN):
                break
            look(values)    # so that the network holds these tensors again: the next gradient is theirs
    pixels = round_half_up(values)
    reached = leads(look(pixels), target, 1.0)
    moves = bytes(map(abs, map(sub, pixels, picture.pixels)))
    return Fooled(Picture(picture.width, picture.height, pixels), reached, done, sum(moves) / len(moves), max(moves))


def log_gradient(scores: Sequence[float], target: int) -> list[float]:
    """d log prob[target] / d prob: along this every pixel moves as along prob[target], also where that is near zero."""
    gradient = [0.0] * len(scores)
    gradient[target] = 1.0 / max(scores[target], 1e-30)
    return gradient


def leads(scores: Sequence[float], target: int, margin: float) -> bool:
    """Whether the target is the most probable class, `margin` times as probable as any other."""
    return all(scores[target] > margin * score for i, score in enumerate(scores) if i != target)


def round_half_up(values: Sequence[float]) -> bytearray:
    """Values of 0..255 as bytes."""
    return bytearray(int(v + 0.5) for v in values)


def find_class(labels: Sequence[str], wish: str) -> int:
    """The class with this index, label, or word of a label. DeepDreamError names the nearest if there is none."""
    if wish.isdecimal():
        if int(wish) < len(labels):
            return int(wish)
        raise DeepDreamError(f"{wish}: no such class; indices go from 0 to {len(labels) - 1}")
    names = [[label.lower(), *label.lower().split(", ")] for label in labels]
    found = [i for i, forms in enumerate(names) if wish.lower() in forms]
    if len(found) == 1:
        return found[0]
    if found:
        raise DeepDreamError(f"{wish}: more than one class has that name; give its index: "
                             + " or ".join(f"{i} ({labels[i]})" for i in found))
    near = nearest(wish.lower(), [form for forms in names for form in forms])
    raise DeepDreamError(f"{wish}: no class has that name" + (f"; did you mean {' or '.join(near)}?" if near else
                         "; ImageNet_standard.txt lists them, an index from 0 to 999 serves too"))


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
    names = [row[0] for row in inception_graph.OPERATIONS]
    files = [name for name in list_folder(folder) if name.removeprefix("grad_") in network.numbers]
    if not files:
        raise DeepDreamError(f"{folder}: no reference tensors in it (files named prob, grad_data, ...); "
                             "name their folder with --reference")
    missing = sorted(set(FEWEST_TENSORS) - set(files))
    if missing:
        raise DeepDreamError(f"{folder}: {', '.join(missing)} missing; gen_inception.py test writes all of them")
    engine = network.engine(picture.height, picture.width)
    references = {name: read_reference(folder, name, engine.shapes[name.removeprefix("grad_")]) for name in files}
    engine.load_tile(picture, 0, 0)
    done = 0
    for number, name in enumerate(names):
        if name in references:
            engine.forward(number + 1, done)
            done = number + 1
            yield compare(name, engine.read(name), references[name])
    if any(name.startswith("grad_") for name in references):
        engine.forward(len(names), done)
        towards = array.array("f", bytes(4 * len(engine.read("prob"))))
        towards[TEST_CLASS] = 1.0
        engine.seed("prob", towards)
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


def read_reference(folder: str, name: str, shape: tuple[int, int, int]) -> array.array:
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

EPILOG = """\
examples:
  deepdream                                         dream on the shipped picture, into output.bmp
  deepdream -i in.bmp -o out.bmp --octaves 4        a dream of your own, 4 octaves
  deepdream --layer inception_3b_output             other layers see other things
  deepdream classify -i in.bmp --top 3
  deepdream adversarial --target "goldfish" -o fish.bmp
  deepdream test                                    is this installation right?
  deepdream download                                the weights of the original, trained on photographs
"""
COMMON = {"quiet", "model", "engine", "jobs", "input"}
TAKES = {       # an option given to a mode that has no use for it is an error
    "dream": COMMON | {"output", "preset", "layer", "octaves", "octave_scale", "steps", "step_size", "tile", "max_size",
                       "no_octaves"},
    "classify": COMMON | {"top", "json"},
    "adversarial": COMMON | {"output", "target", "steps"},
    "test": COMMON | {"reference"},
    "download": {"quiet", "base_url", "folder"},
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage (by SystemExit), 130 Ctrl-C."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")       # file names may hold anything
        options = parse_command_line(argv)
        code = MODES[options.mode](options)
        print(end="", flush=True)
        return code
    except DeepDreamError as error:
        say(f"error: {error}")
        return 1
    except MemoryError:
        say("error: out of memory; use a smaller picture, --tile or --max-size")
        return 1
    except OSError as error:
        # Somebody closed the pipe we print to, or the disk is full; Python must not meet it again when it flushes.
        if not isinstance(error, BrokenPipeError):
            where = f"{error.filename}: " if error.filename else ""
            say(f"error: {where}{error.strerror or error}; make room, or use less: -j 1, a smaller --tile")
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as interrupt:
        say(f"interrupted{interrupt}")
        return 130


def parse_command_line(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options with the defaults of their mode filled in. Wrong usage says so and exits with 2."""
    parser = command_line()
    options = parser.parse_intermixed_args(argv)
    options.mode = options.mode or "dream"
    if options.version:
        print_version(options)
        print(end="", flush=True)
        raise SystemExit(0)
    given = {name for name, value in vars(options).items() if value is not None and value is not False} - {"mode"}
    for name in sorted(given - TAKES[options.mode]):
        parser.error(f"--{name.replace('_', '-')} is not an option of {options.mode}")
    return options


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deepdream", usage="deepdream [MODE] [-i INPUT] [-o OUTPUT] [options]", allow_abbrev=False,
        description="DeepDream with nothing but Python: dream on a picture, classify it, fool the classifier.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG)
    option = parser.add_argument
    option("mode", metavar="MODE", nargs="?", choices=MODES, help=f"{', '.join(MODES)} (default: dream)")
    option("-i", "--input", metavar="FILE", help="picture to read, BMP (default: the shipped cat_dog224.bmp)")
    option("-o", "--output", metavar="FILE", help="picture to write, 24-bit BMP (default: output.bmp)")
    option("-q", "--quiet", action="store_true", help="nothing on stderr but errors")
    option("--version", action="store_true", help="print version, engine and model, and exit")

    option = parser.add_argument_group("what computes").add_argument
    option("--model", metavar="FILE", help="weights: a file, 'drawn' (shipped) or 'imagenet' (downloaded); "
           "default: $DEEPDREAM_MODEL, else the downloaded ones if there, else the shipped ones")
    option("--engine", choices=("auto", "python", "simd"), help="machine code or plain Python (default: auto)")
    option("-j", "--jobs", metavar="N", type=whole(1, 256), help="cores to use (default: all)")

    option = parser.add_argument_group("dream").add_argument
    option("--preset", choices=("c89",), help="exactly as the original, the defects of its enlargement included")
    option("--layer", metavar="NAME", help="the layer whose activations grow (default: inception_4c_output)")
    option("--octaves", metavar="N", type=whole(1, 64), help="sizes to dream at, the first as it is (default: 7)")
    option("--octave-scale", metavar="X", type=ratio, help="growth from one to the next (default: 1.4)")
    option("--steps", metavar="N", type=whole(1, 100000), help="steps in each octave (default: 20); "
           "for adversarial: steps in all (default: 5 and on until it is reached, 60 at most)")
    option("--step-size", metavar="X", type=positive, help="mean change of a pixel in a step, of 255 (default: 1.5)")
    option("--tile", metavar="N", type=whole(SMALLEST_SIDE, LARGEST_SIDE), help="side of the squares that are dreamed "
           "one after the other (default: 224)")
    option("--max-size", metavar="N", type=whole(1, LARGEST_SIDE), help="no octave larger than this (default: 4096)")
    option("--no-octaves", action="store_true", help="do not save octave_0.bmp, octave_1.bmp ... next to the output")

    option = parser.add_argument_group("classify, adversarial, test").add_argument
    option("--top", metavar="K", type=whole(1, 1000), help="classify: how many classes to print (default: 5)")
    option("--json", action="store_true", help="classify: print a list of objects with index, label, score")
    option("--target", metavar="CLASS", help="adversarial: what the picture shall be taken for, index or label "
           "(default: 852, tennis ball)")
    option("--reference", metavar="DIR", help="test: folder of reference tensors (default: those of the model)")

    option = parser.add_argument_group("download").add_argument
    option("--base-url", metavar="URL", help="fetch from here (default: $DEEPDREAM_BASE_URL, else the original's home)")
    option("--folder", metavar="DIR", help="keep the files here (default: deepdream in the user's data folder)")
    return parser


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of integers in low .. high."""
    def parse(text: str) -> int:
        if not (text.strip().isdecimal() and len(text) < 10 and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number from {low} to {high}")
        return int(text)
    return parse


def positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value <= 1000.0:
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 0, at most 1000")
    return value


def ratio(text: str) -> Fraction:
    """A growth as an exact fraction, so that sizes are computed without rounding: 1.4 is 7/5."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not 1 < value <= 16 or value.denominator > 10**6:
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 1, at most 16, such as 1.4")
    return value


def print_version(options: argparse.Namespace) -> None:
    path, reason = choose_model(options.model)
    engine = choose_engine(options.engine or "auto")
    print(f"deepdream {__version__}")
    print(f"python {sys.version.split()[0]}, {available_cores()} cores")
    print(f"engine {engine.name}" + (f" ({engine.note})" if engine.note else ""))
    print(f"model {path} ({reason})")


def open_network(options: argparse.Namespace) -> contextlib.closing[Network]:
    """The network the options ask for; says on stderr which weights and which engine these are."""
    path, reason = choose_model(options.model)
    network = Network(load_model(path), options.engine or "auto", options.jobs)
    if not options.quiet:
        if network.choice.note:
            say(network.choice.note)
        say(f"model: {path} ({reason}); engine: {network.choice.name}")
    return contextlib.closing(network)


def input_picture(options: argparse.Namespace) -> Picture:
    return read_picture(data_file("cat_dog224.bmp") if options.input is None else options.input)


def output_path(options: argparse.Namespace) -> str:
    """Where the picture goes. DeepDreamError if it cannot be written: better now than after hours of work."""
    path = "output.bmp" if options.output is None else options.output
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise DeepDreamError(f"{path}: is a folder; give the name of a picture to write with -o")
    if not os.path.isdir(folder):
        raise DeepDreamError(f"{path}: there is no folder {folder}; make it or choose another -o")
    if not os.access(target if os.path.exists(target) else folder, os.W_OK):
        raise DeepDreamError(f"{path}: cannot be written to; make it writable or choose another -o")
    return path


def run_dream(options: argparse.Namespace) -> int:
    wishes = {name: getattr(options, name) for name in Recipe._fields if getattr(options, name, None) is not None}
    recipe = Recipe(**wishes, c89=options.preset == "c89")
    output = output_path(options)
    picture = input_picture(options)
    kept: list[str] = []
    with open_network(options) as network:
        network.number(recipe.layer)
        progress = DreamProgress(recipe, picture, options.quiet)

        def keep(octave: int, picture: Picture) -> None:
            if not options.no_octaves:
                path = os.path.join(os.path.dirname(output), f"octave_{octave}.bmp")
                write_picture(path, picture)
                kept.append(path)
            progress.octave_done(octave, picture)

        try:
            write_picture(output, dream(network, picture, recipe, progress.tile_done, keep))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"; finished: {', '.join(kept)}" if kept else "") from None
        finally:
            progress.line.clear()
    return 0


class DreamProgress:
    """Tells what a dream will do, after one tile (two if they are fast) how long that takes, and how far it is."""

    def __init__(self, recipe: Recipe, picture: Picture, quiet: bool):
        self.sizes = recipe.sizes(picture.width, picture.height)
        self.tiles = [len(recipe.tiles(*size)) for size in self.sizes]
        self.steps, self.quiet = recipe.steps, quiet
        self.total, self.done = self.steps * sum(self.tiles), 0
        self.line, self.began, self.first = StatusLine(), time.monotonic(), 0.0
        if not quiet:
            if max(self.sizes[0]) > recipe.max_size:
                say(f"the picture itself is larger than --max-size {recipe.max_size}; it is dreamed on as it is")
            if len(self.sizes) < recipe.octaves:
                say(f"octaves: {len(self.sizes)} instead of {recipe.octaves}, as the next would pass --max-size "
                    f"{recipe.max_size}")
            say("octaves " + " ".join(f"{w}x{h}" for w, h in self.sizes)
                + f"; steps in each: {self.steps}; tiles of {recipe.tile} in all: {self.total}")

    def tile_done(self, octave: int, step: int, tile: int) -> None:
        self.done += 1
        if self.quiet:
            return
        seconds = time.monotonic() - self.began
        if self.done == 1:
            self.first = seconds        # with what is done once only: weights read and brought into form
        a_tile = (seconds - self.first) / (self.done - 1) if self.done > 1 else seconds
        if self.done == 1 and seconds > 2.0 or self.done == 2 and self.first <= 2.0:
            self.line.clear()
            say(f"about {duration(self.first + a_tile * (self.total - 1))} in all, {a_tile:.2g} s a tile")
        left = a_tile * (self.total - self.done)
        self.line.show(f"octave {octave + 1} of {len(self.sizes)}, step {step + 1} of {self.steps}, tile {tile + 1} of "
                       f"{self.tiles[octave]}: {duration(left)} left")

    def octave_done(self, octave: int, picture: Picture) -> None:
        if not self.quiet:
            self.line.clear()
            say(f"octave {octave + 1} of {len(self.sizes)} done, {picture.width}x{picture.height}, "
                f"{duration(time.monotonic() - self.began)} so far")


def run_classify(options: argparse.Namespace) -> int:
    picture = input_picture(options)
    with open_network(options) as network:
        guesses = classify(network, picture, options.top or 5)
    if options.json:
        import json
        print(json.dumps([{"index": g.number, "label": g.label, "score": g.score} for g in guesses],
                         ensure_ascii=False, indent=1))
    else:
        print_guesses(guesses)
    return 0


def print_guesses(guesses: Iterable[Guess]) -> None:
    for guess in guesses:
        print(f"{guess.score:.6f} {guess.number:3d} {guess.label}")


def run_adversarial(options: argparse.Namespace) -> int:
    output = output_path(options)
    picture = input_picture(options)

    def show(step: int, guesses: list[Guess]) -> None:
        print(f"step {step}" if step else "before")
        print_guesses(guesses)
        print(end="", flush=True)

    with open_network(options) as network:
        target = find_class(network.model.labels, "852" if options.target is None else options.target)
        fooled = adversarial(network, picture, target, options.steps, show)
        label = network.model.labels[target]
    write_picture(output, fooled.picture)
    print(f"pixels moved by {fooled.mean_change:.2f} of 255 on average, {fooled.largest_change} at most; "
          f"steps: {fooled.steps}")
    if not fooled.reached:
        say(f"error: {output} is not yet taken for {label} (steps: {fooled.steps}); give it more with --steps, "
            "or another --target")
        return 1
    return 0


def run_test(options: argparse.Namespace) -> int:
    beside, folder = reference_files(choose_model(options.model)[0])
    if options.input is not None:
        beside = options.input
    elif not os.path.exists(beside):
        beside = data_file("cat_dog224.bmp")
    picture = read_picture(beside)
    passed = True
    with open_network(options) as network:
        for check in self_test(network, picture, folder if options.reference is None else options.reference):
            print(f"{check.relative:9.2e} {check.absolute:9.2e}  {'ok' if check.passed else 'WRONG':5}  {check.name}",
                  flush=True)
            passed = passed and check.passed
    print("(|difference| / |reference|, largest difference)")
    print(f"all within {TOLERANCE}" if passed else f"FAILED: not all within {TOLERANCE}")
    return 0 if passed else 1


def run_download(options: argparse.Namespace) -> int:
    with open(os.devnull, "w") as silence:
        print(download(options.base_url, options.folder, silence if options.quiet else None))
    return 0


MODES = {"dream": run_dream, "classify": run_classify, "adversarial": run_adversarial, "test": run_test,
         "download": run_download}

if __name__ == "__main__":
    sys.exit(main())
