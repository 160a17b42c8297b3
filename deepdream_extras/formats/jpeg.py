"""JPEG: baseline, extended and progressive Huffman files are read, baseline files are written; 8 bits a sample.

A picture is cut into components (Y, Cb, Cr), these into blocks of 8x8 samples, each block into 64 frequencies by a
cosine transform; these are divided by a table, rounded, and stored as Huffman codes. Reading undoes that in steps that
are functions on flat buffers; where machine code may be used, those of bytework.py with the same names and results
take their place (`steps`):

    entropy     codes -> coefficients    decode_baseline, decode_dc, decode_ac, refine_ac    encode_rows back
    transform   coefficients -> samples  inverse_dct                                         forward_dct back
    enlarging   chroma to the size of the picture: widened, heightened, enlarged
    colours     ycc_to_bgr, cmyk_to_bgr                                                      bgr_to_ycc back

Coefficients lie in array("h") [blocks, 64] in the order of the file (zigzag: the low frequencies first), a component's
blocks row by row. Where many numbers are computed at once they are lanes of one large integer: a sum of lanes, or a
product with a constant, is then one operation of the interpreter. A lane may be negative (it borrows from the next
one, and gives back when something is added); it is made positive before bits are cut out.

Letters: h v how many samples of a component lie across and down where the densest has h_max v_max; k the place of a
coefficient in zigzag order; p a place in the entropy coded data in bits.

Sources: ITU-T T.81 (1992), T.871 (JFIF), T.872 (Adobe's APP14), ICC.1:2010 annex B.4 (profiles in APP2). What T.81
leaves open is done as libjpeg does it by default, number for number: its inverse transform ("islow"), its triangle
filter for chroma ("fancy"), its colour conversion, its view of damaged files.
"""

from __future__ import annotations

import functools
import heapq
import math
import re
import struct
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, compress, repeat
from operator import mul, sub
from typing import Any, NamedTuple

import deepdream
from deepdream import LARGEST_SIDE, LARGEST_SPARSE, DeepDreamError, Picture

from . import Decoded, Extras, exif_orientation, faster

ZIGZAG = (0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
          21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53,
          60, 61, 54, 47, 55, 62, 63)                       # 8 * row + column of the k-th coefficient (T.81, figure 5)
PLACE = [ZIGZAG.index(natural) for natural in range(64)]    # k of 8 * row + column

SOF0, SOF1, SOF2, DHT, SOI, EOI, SOS, DQT, DNL, DRI = 0xc0, 0xc1, 0xc2, 0xc4, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd
APP0, APP1, APP2, APP14, COM = 0xe0, 0xe1, 0xe2, 0xee, 0xfe
BARE = {0x01, SOI, *range(0xd0, 0xd8)}                      # markers without a segment: TEM, SOI, RST0 to RST7
OTHER_KINDS = {
    0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical lossless",
    0xc9: "arithmetic coding", 0xca: "arithmetic coding", 0xcb: "lossless with arithmetic coding",
    0xcd: "hierarchical with arithmetic coding", 0xce: "hierarchical with arithmetic coding",
    0xcf: "hierarchical lossless with arithmetic coding", 0xde: "hierarchical", 0xf7: "JPEG-LS",
}
AGAIN = "get the file again, or save the picture as a baseline JPEG"
NEXT_SEGMENT = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)     # what ends entropy coded data
RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
STUFFED = re.compile(rb"\xff+\x00")

DAMAGED = "the picture's data is damaged or incomplete; what could be read is kept, the rest is grey"
NO_END = "the file ends without its end mark; it may be cut off"
RUBBISH = "there is something else behind the end of the picture"
STRAY = "there are bytes between the file's segments that belong to none"
ORDER = "a scan refines what was not there before; it is left out"


def decode(data: bytes, name: str = "picture", longest: int = 0) -> Decoded:
    """The picture in the bytes of a JPEG file; `name` begins the messages of DeepDreamError.

    longest: the picture is wanted with this longer side; if it has twice that or more it is decoded at 1/2, 1/4 or
    1/8 of its size, each pixel the mean of those it stands for, and its longer side is still `longest` or more.
    """
    file = File(bytes(data), name)
    file.read()
    return file.decoded(longest)


def describe(data: bytes, name: str = "picture") -> Decoded:
    """`decode` without the pixels."""
    file = Outline(bytes(data), name)
    file.read()
    return Decoded(file.width, file.height, bytearray(), None, file.icc_profile(), file.comment(), file.orientation)


# ---- The file: segments ----------------------------------------------------------------------------------------------

class Component:
    """One of the planes that a picture is made of."""

    def __init__(self, number: int, h: int, v: int, table: int) -> None:
        self.number, self.h, self.v, self.table_number = number, h, v, table
        self.table: Sequence[int] | None = None     # divisors in zigzag order, as they were at its first scan
        self.wide = self.high = 0                   # blocks that show something
        self.across = self.down = 0                 # blocks that are kept: whole MCUs
        self.coefficients = array("h")              # [down, across, 64]
        self.touched = bytearray()                  # progressive, [down, across]: 1 if there is a coefficient but DC
        self.precision = [-1] * 64                  # progressive: the lowest bit that was read of each coefficient


class Scan(NamedTuple):
    """The header of a scan: a walk through the picture that brings some coefficients of some components."""
    components: list[Component]
    tables: list[tuple[int, int]]       # for each: numbers of its Huffman tables for DC and AC
    first: int                          # of the coefficients, 0 to 63
    last: int
    high: int                           # the bit that the scan before it went down to; 0: none was
    low: int                            # the lowest bit that this one brings


class File:
    """A JPEG file as it is read, segment by segment."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.width = self.height = 0
        self.progressive = False
        self.components: list[Component] = []
        self.h_max = self.v_max = 1
        self.mcus_wide = self.mcus_high = 0
        self.divisors: dict[int, Sequence[int]] = {}
        self.codes = dict(standard_codes())
        self.restart_interval = 0               # MCUs; 0: no restart markers
        self.scans = 0
        self.work = 4 * 8 * len(data) + 2 ** 16     # see refine_ac
        self.jfif = False
        self.adobe: int | None = None           # colours as Adobe's segment names them: 0, 1 YCbCr, 2 YCCK
        self.orientation = 1
        self.profile: dict[int, bytes] = {}
        self.comments: list[bytes] = []
        self.warnings: dict[str, None] = {}     # in order, each once
        self.steps: Any = sys.modules[__name__]     # where the functions of the steps are taken from

    def refuse(self, found: str, advice: str = AGAIN) -> DeepDreamError:
        return DeepDreamError(f"{self.name}: {found}; {advice}")

    def warn(self, text: str) -> None:
        self.warnings[text] = None

    def still_works(self) -> None:
        if self.work < 0:
            raise self.refuse("it has more scans than its bytes can fill")

    def read(self) -> None:
        """All segments. Up to the first scan everything has to be right; then what is there is kept."""
        if self.data[:2] != b"\xff\xd8":
            raise self.refuse("not a JPEG file (it does not begin with ff d8)", "give another file")
        try:
            self.segments(2)
        except DeepDreamError:
            if not self.scans:
                raise
            self.warn(DAMAGED)
        if not self.scans:
            raise self.refuse("the file ends before the picture's data begins", "get the file again")

    def segments(self, at: int) -> None:
        """From `at` to the end mark or the end."""
        while True:
            start = self.next_marker(at)
            if start < 0:
                break
            marker = self.data[start]
            at = start + 1
            if marker in BARE or (marker == EOI and not self.scans):
                continue
            if marker == EOI:
                if self.data[at:].strip(b"\0\n\r \xff"):
                    self.warn(RUBBISH)
                return
            length = int.from_bytes(self.data[at:at + 2], "big")
            body = self.data[at + 2:at + length]
            if length < 2 or len(body) < length - 2:
                raise self.refuse(f"the segment ff {marker:02x} of {length} bytes is cut off or too short")
            at += length
            if marker == SOS:
                at = self.scan(body, at)
            else:
                self.segment(marker, body)
        if DAMAGED not in self.warnings:
            self.warn(NO_END)

    def next_marker(self, at: int) -> int:
        """Where the byte behind ff is of the next marker; -1: there is none."""
        data = self.data
        start = at
        while True:
            at = data.find(b"\xff", at)
            if at < 0:
                return -1
            if at > start:
                self.warn(STRAY)
            while at < len(data) and data[at] == 0xff:
                at += 1
            if at == len(data):
                return -1
            if data[at]:
                return at

    def segment(self, marker: int, body: bytes) -> None:
        if marker in (SOF0, SOF1, SOF2):
            self.frame(marker, body)
        elif marker in OTHER_KINDS:
            raise self.refuse(f"a JPEG file of a rare kind ({OTHER_KINDS[marker]}); expected baseline or progressive"
                              " with Huffman codes", "open it in a picture program and save it as a usual JPEG or PNG")
        elif marker == DHT:
            self.huffman_tables(body)
        elif marker == DQT:
            self.quantisation_tables(body)
        elif marker == DRI and len(body) >= 2:
            self.restart_interval = int.from_bytes(body[:2], "big")
        elif marker == APP0 and body[:5] == b"JFIF\0":
            self.jfif = True
        elif marker == APP1 and body[:6] == b"Exif\0\0" and self.orientation == 1:
            self.orientation = exif_orientation(body[6:])
        elif marker == APP2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14:
            self.profile.setdefault(body[12], body[14:])
        elif marker == APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            self.adobe = body[11]
        elif marker == COM:
            self.comments.append(body)

    def quantisation_tables(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            wide, number = body[at] >> 4, body[at] & 15
            size = 128 if wide else 64
            part = body[at + 1:at + 1 + size]
            if number > 3 or wide > 1 or len(part) < size:
                raise self.refuse("a quantisation table is damaged")
            self.divisors[number] = struct.unpack(">64H" if wide else "64B", part)
            at += 1 + size

    def huffman_tables(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            counts = body[at + 1:at + 17]
            symbols = body[at + 17:at + 17 + sum(counts)]
            kind = body[at]
            if kind & 0xec or len(counts) < 16 or len(symbols) < sum(counts) or not fits(counts):
                raise self.refuse("a Huffman table is damaged")
            self.codes[kind] = Codes(counts, symbols)
            at += 17 + len(symbols)

    def frame(self, marker: int, body: bytes) -> None:
        if self.components:
            raise self.refuse("the picture's size is given twice")
        if len(body) < 6 or len(body) < 6 + 3 * body[5]:
            raise self.refuse("the frame header is cut off")
        bits, self.height, self.width, count = struct.unpack_from(">BHHB", body)
        self.progressive = marker == SOF2
        if bits != 8:
            raise self.refuse(f"{bits} bits a sample; expected 8", "open it in a picture program and save it with 8")
        if count not in (1, 3, 4):
            raise self.refuse(f"{count} components; expected 1 (grey), 3 (colours) or 4 (CMYK)")
        for number, sampling, table in struct.iter_unpack("3B", body[6:6 + 3 * count]):
            h, v = sampling >> 4, sampling & 15
            if not (1 <= h <= 4 and 1 <= v <= 4):
                raise self.refuse(f"a component with sampling factors of {h} x {v}; expected 1 to 4")
            self.components.append(Component(number, h, v, table))
        if self.height == 0:        # given behind the first scan, if at all
            found = re.search(rb"\xff\xdc\x00\x04(..)", self.data, re.DOTALL)
            self.height = int.from_bytes(found[1], "big") if found else 0
        self.take_memory()

    def take_memory(self) -> None:
        """Room for the coefficients, if the file can be about so many: a few bytes must not take gigabytes.

        A block takes two bits at least: a code for DC and one for the end of the block; of progressive files one. What
        has less is refused, except for pictures so small that it does not matter.
        """
        width, height = self.width, self.height
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise self.refuse(f"{width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE}",
                              "make the picture smaller")
        self.h_max = max(component.h for component in self.components)
        self.v_max = max(component.v for component in self.components)
        self.mcus_wide, self.mcus_high = -(-width // (8 * self.h_max)), -(-height // (8 * self.v_max))
        for part in self.components:
            part.wide, part.high = (-(-part_side // 8) for part_side in self.sides(part, 8, 8))
            part.across, part.down = self.mcus_wide * part.h, self.mcus_high * part.v
        blocks = sum(part.wide * part.high for part in self.components)
        needed = blocks // 8 if self.progressive else blocks // 4
        if width * height > LARGEST_SPARSE and len(self.data) < needed:
            raise self.refuse(f"the file is cut off: {len(self.data)} bytes; expected {needed} or more for {width} x"
                              f" {height} pixels", "get the file again")
        self.steps = faster(width * height) or self.steps
        for part in self.components:
            part.coefficients = array("h", bytes(128)) * (part.across * part.down)
            if self.progressive:
                part.touched = bytearray(part.across * part.down)

    def sides(self, part: Component, size: int, scale: int) -> tuple[int, int]:
        """The samples of a component across and down whose blocks give size x size, the densest scale x scale."""
        return -(-self.width * part.h * size // (8 * self.h_max)), -(-self.height * part.v * size // (8 * self.v_max))

    # ---- scans

    def scan(self, body: bytes, at: int) -> int:
        """The scan whose data begins at `at`; where the next segment begins."""
        header = self.scan_header(body)
        end = NEXT_SEGMENT.search(self.data, at)
        stop = end.start() if end else len(self.data)
        single = header.components[0] if len(header.components) == 1 else None
        wide, high = (single.wide, single.high) if single else (self.mcus_wide, self.mcus_high)
        walk = self.walk(header, single is not None)
        self.scans += 1
        if self.progressive and not self.in_order(header):
            self.warn(ORDER)
            return stop
        # Rows of a component that follow each other without a gap are read as one: a call costs more than a short row.
        most = max(wide, 512) if single and wide == single.across else wide
        gaps = single is not None and header.first > 0 and most == wide < 16
        for first, count, data in self.intervals(at, stop, wide * high):
            bits = self.steps.Bits(data)
            while count:
                if gaps and bits.run:
                    step = self.passed_over(bits, header, first, count)
                    first += step
                    count -= step
                    if not count:
                        break
                y, x = divmod(first, wide)
                step = min(count, most if most > wide else wide - x)
                if not walk(bits, y, x, step):
                    self.warn(DAMAGED)
                    break
                first += step
                count -= step
        return stop

    def passed_over(self, bits: Bits, scan: Scan, first: int, count: int) -> int:
        """How many of `count` blocks of an AC scan have nothing in the data, since a code has ended them too."""
        part, = scan.components
        step = min(bits.run, count)
        at, end = ((number // part.wide) * part.across + number % part.wide for number in (first, first + step))
        while scan.high and (at := part.touched.find(1, at, end)) >= 0:     # what is there is refined all the same
            if any(part.coefficients[64 * at + scan.first:64 * at + scan.last + 1]):
                step = at // part.across * part.wide + at % part.across - first
                break
            self.work -= 1
            at += 1
        bits.run -= step
        self.still_works()
        return step

    def scan_header(self, body: bytes) -> Scan:
        if not self.components:
            raise self.refuse("the picture's data comes before its size")
        count = body[0] if body else 0
        if not 1 <= count <= 4 or len(body) < 4 + 2 * count:
            raise self.refuse("the header of a scan is damaged")
        parts, tables = [], []
        for number, pair in zip(body[1:1 + 2 * count:2], body[2:2 + 2 * count:2]):
            part = next((part for part in self.components if part.number == number and part not in parts), None)
            if part is None:
                raise self.refuse(f"a scan of component {number}, which the picture does not have")
            if part.table is None:
                part.table = self.divisors.get(part.table_number)
                if part.table is None:
                    raise self.refuse(f"the quantisation table {part.table_number} is missing")
            parts.append(part)
            tables.append((pair >> 4, pair & 15))
        if count > 1 and sum(part.h * part.v for part in parts) > 10:
            raise self.refuse("more than 10 blocks in a minimum coded unit")
        first, last, bits = body[1 + 2 * count:4 + 2 * count]
        if not self.progressive:
            return Scan(parts, tables, 0, 63, 0, 0)
        high, low = bits >> 4, bits & 15
        if (not first <= last <= 63 or (first == 0) != (last == 0) or (first and count > 1) or low > 13
                or (high and high != low + 1)):
            raise self.refuse("the header of a progressive scan is damaged")
        return Scan(parts, tables, first, last, high, low)

    def in_order(self, scan: Scan) -> bool:
        """Whether each of the scan's coefficients is at the bit that it goes on from; it is at the new one then."""
        band = slice(scan.first, scan.last + 1)
        before = scan.high or -1
        if any(set(part.precision[band]) != {before} for part in scan.components):
            return False
        for part in scan.components:
            part.precision[band] = [scan.low] * (scan.last + 1 - scan.first)
        return True

    def huffman(self, number: int, ac: bool) -> Codes:
        codes = self.codes.get(number | 16 * ac)
        if codes is None:
            raise self.refuse(f"the Huffman table {number} for {'AC' if ac else 'DC'} is missing")
        if not ac and max(codes.symbols, default=0) > 15:
            raise self.refuse("a Huffman table is damaged")
        return codes

    def walk(self, scan: Scan, single: bool) -> Callable[[Bits, int, int, int], bool]:
        """The function that decodes `count` MCUs of the scan from column x of row y on; false: the data is over."""
        if scan.first:
            codes = self.huffman(scan.tables[0][1], True)
            band = (scan.components[0], scan.first, scan.last, scan.low)
            if scan.high:
                return functools.partial(self.steps.refine_ac, self, Symbols(codes), *band)
            return functools.partial(self.steps.decode_ac, Runs(codes, scan.low), *band[:3])
        shapes = [Shape(part, 1, 1) if single else Shape(part, part.h, part.v) for part in scan.components]
        if scan.high:
            return functools.partial(self.steps.refine_dc, shapes, scan.low)
        dc = [self.huffman(pair[0], False) for pair in scan.tables]
        if self.progressive:
            return functools.partial(self.steps.decode_dc, shapes, [Symbols(codes) for codes in dc], scan.low)
        ac = [self.huffman(pair[1], True) for pair in scan.tables]
        tables = {pair: (First(*pair), Rest(pair[1])) for pair in zip(dc, ac)}
        return functools.partial(self.steps.decode_baseline, shapes, [tables[pair] for pair in zip(dc, ac)])

    def intervals(self, at: int, stop: int, mcus: int) -> Iterator[tuple[int, int, bytes]]:
        """The first MCU, how many, and the data without stuffing of each stretch between restart markers.

        Markers are numbered modulo 8. Of those that do not fit, one or two too high means that something was lost
        (the next stretch is empty), one or two too low that it came twice (it is passed over); any other is taken
        for the one that should be there (as libjpeg does).
        """
        step = self.restart_interval or mcus
        markers = RESTART.finditer(self.data, at, stop)
        marker = next(markers, None)
        yield 0, min(step, mcus), self.unstuffed(at, marker.start() if marker else stop)
        for number, first in enumerate(range(step, mcus, step)):
            while marker and (marker[0][-1] - number) % 8 in (6, 7):
                self.warn(DAMAGED)
                marker = next(markers, None)
            if not marker:
                self.warn(DAMAGED)
                return
            count = min(step, mcus - first)
            if (marker[0][-1] - number) % 8 in (1, 2):
                self.warn(DAMAGED)
                yield first, count, b""
                continue
            start = marker.end()
            marker = next(markers, None)
            yield first, count, self.unstuffed(start, marker.start() if marker else stop)
        if marker:
            self.warn(DAMAGED)

    def unstuffed(self, at: int, stop: int) -> bytes:
        data = self.data[at:stop]
        return STUFFED.sub(b"\xff", data) if b"\xff\xff" in data else data.replace(b"\xff\0", b"\xff")

    # ---- from coefficients to the picture

    def decoded(self, longest: int) -> Decoded:
        scale = 8
        while longest and scale > 1 and -(-max(self.width, self.height) * scale // 16) >= longest:
            scale //= 2
        width, height = -(-self.width * scale // 8), -(-self.height * scale // 8)
        planes = [self.lines(part, scale, width, height) for part in self.components]
        pixels = bytearray(3 * width * height)
        convert = self.converter()
        rows = max(1, 4096 // width)            # at once: integers long enough to hide the interpreter
        for y in range(0, height, rows):
            count = min(rows, height - y)
            samples = [next(plane) if count == 1 else b"".join([next(plane) for _ in range(count)])
                       for plane in planes]
            part = slice(3 * width * y, 3 * width * (y + count))
            pixels[part] = convert(*samples)
        return Decoded(width, height, pixels, None, self.icc_profile(), self.comment(), self.orientation,
                       tuple(self.warnings))

    def converter(self) -> Callable[..., bytearray]:
        """From lines of the components to blue, green, red. Which colours they are is told as libjpeg guesses it."""
        numbers = [part.number for part in self.components]
        if len(numbers) == 1:
            return grey_to_bgr
        if len(numbers) == 4:
            return cmyk_to_bgr if not self.adobe else ycck_to_bgr
        if self.jfif or (self.adobe or numbers != [*b"RGB"]) and self.adobe != 0:
            return self.steps.ycc_to_bgr
        return rgb_to_bgr

    def lines(self, part: Component, scale: int, width: int, height: int) -> Iterator[bytes]:
        """The `height` lines of a component, each `width` samples, at scale/8 of the full size."""
        size = scale
        h_max, v_max = self.h_max * scale, self.v_max * scale
        while size < 8 and h_max % (part.h * size * 2) == 0 and v_max % (part.v * size * 2) == 0:
            size *= 2                           # sparse chroma is not made smaller and then larger
        own_width, own_height = self.sides(part, size, scale)
        lines = component_lines(self.steps, part, size, own_width, own_height)
        yield from enlarged(self.steps, lines, own_width, own_height, (part.h * size, h_max), (part.v * size, v_max),
                            width, height, scale > 1)

    def icc_profile(self) -> bytes | None:
        """The profile, whose parts are numbered from 1 on."""
        if not self.profile or sorted(self.profile) != list(range(1, len(self.profile) + 1)):
            return None
        return b"".join(self.profile[number] for number in range(1, len(self.profile) + 1))

    def comment(self) -> str:
        """All comments; one that fills a segment goes on in the next."""
        text = b"".join(part + b"\n" * (len(part) < LONGEST_COMMENT) for part in self.comments)
        try:
            return text.removesuffix(b"\n").rstrip(b"\0").decode()
        except UnicodeDecodeError:
            return text.removesuffix(b"\n").rstrip(b"\0").decode("latin-1")


class Outline(File):
    """A JPEG file of which no picture is wanted."""

    def scan(self, body: bytes, at: int) -> int:
        self.scans += 1
        end = NEXT_SEGMENT.search(self.data, at)
        return end.start() if end else len(self.data)


LONGEST_COMMENT = 65533         # bytes in a segment


# ---- Huffman codes ---------------------------------------------------------------------------------------------------

def fits(counts: bytes) -> bool:
    """Whether there are so many codes of 1, 2 ... 16 bits."""
    return sum(counts) <= 256 and sum(count << 15 - i for i, count in enumerate(counts)) <= 2 ** 16


class Codes:
    """A Huffman table: how many codes there are of 1 to 16 bits, and their symbols, the shortest first.

    Codes count upwards: filled up with zeros to 16 bits, those of n bits are all below those of n + 1.
    """

    def __init__(self, counts: bytes, symbols: bytes) -> None:
        self.counts, self.symbols = counts, symbols
        self.ends: list[int] = []               # the first 16 bits that are no code of i + 1 bits or fewer
        self.starts: list[tuple[int, int]] = [] # of the codes of i + 1 bits: the first 16 bits, the first symbol
        code = place = 0
        for i, count in enumerate(counts):
            self.starts.append((code, place))
            code += count << 15 - i
            place += count
            self.ends.append(code)

    def find(self, window: int) -> tuple[int, int]:
        """Length and symbol of the code that 16 bits begin with. What is none counts as 17 bits and symbol 0."""
        i = bisect_right(self.ends, window)
        if i == 16:
            return 17, 0
        start, place = self.starts[i]
        return i + 1, self.symbols[place + (window - start >> 15 - i)]


@functools.cache
def standard_codes() -> dict[int, Codes]:
    """The tables of T.81, K.3.3: frames of video leave them out, and 16 more is the class of AC."""
    luma = bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125))
    chroma = bytes((0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119))
    luma_symbols = bytes.fromhex(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a343536"
        "3738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999a"
        "a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7"
        "f8f9fa")
    chroma_symbols = bytes.fromhex(
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35"
        "363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798"
        "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7"
        "f8f9fa")
    return {0: Codes(bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)), bytes(range(12))),
            1: Codes(bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)), bytes(range(12))),
            16: Codes(luma, luma_symbols), 17: Codes(chroma, chroma_symbols)}


def extended(bits: int, size: int) -> int:
    """The number that `size` bits stand for: those that begin with 0 are negative (T.81, F.2.2.1)."""
    return bits if bits >> size - 1 else bits - (1 << size) + 1


# The entropy coded data is looked at through windows of 16 bits, one for each place p, all made beforehand. What a
# window holds is found once and kept in a dictionary: a code, or all the coefficients that it holds as a whole.

STRETCH = 2 ** 15                   # bytes of which there are windows at a time
LARGEST_MCU = 10 * 64 * 33 + 64     # bits; more than the longest codes of the largest MCU take, or of 64 corrections
NOTHING = array("H", bytes(2 * LARGEST_MCU))


class Bits:
    """Entropy coded data: `windows[p]` holds the 16 bits from p on, zeros behind the end.

    An MCU may be begun while p <= limit. Behind it, `more(p)` goes on to windows of later data; it is false when there
    is none: libjpeg reads the MCU in which the data ends with zeros for what is missing, and no further one.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.start = data, 0
        self.p = self.limit = 0
        self.windows = array("H")
        self.run = 0                # progressive: blocks that are still to be passed over
        self.predicted = [0] * 4    # the last DC of each component
        self.load()

    def load(self) -> None:
        part = self.data[self.start:self.start + STRETCH + LARGEST_MCU // 8]
        at_end = self.start + len(part) >= len(self.data)
        self.limit = 8 * len(part) if at_end else 8 * STRETCH
        self.windows = windows(part) + NOTHING if part else NOTHING

    def more(self) -> bool:
        """To be called with p beyond the limit."""
        if self.start + STRETCH + LARGEST_MCU // 8 >= len(self.data):
            return False
        self.start += self.p >> 3
        self.p &= 7
        self.load()
        return True


def windows(data: bytes) -> array:
    """For each bit of `data` the 16 bits from there on, zeros behind the end."""
    if len(data) % 2:
        data += b"\0"
    result = array("H", bytes(16 * len(data)))
    value = int.from_bytes(data, "big") << 16
    for shift in range(16):
        lanes = array("H", (value >> 16 - shift).to_bytes(len(data) + 2, "big")[2:])
        result[shift::16] = lanes
    if sys.byteorder == "little":
        result.byteswap()
    return result


# ---- Entropy coded data to coefficients ------------------------------------------------------------------------------
# Each of these reads `count` MCUs of a scan, from column x of row y on, from `bits`, and is false if the data ended
# before. An MCU holds h x v blocks of each of several components, or one block of a single one.

class Shape(NamedTuple):
    """What an MCU of a scan holds of a component."""
    part: Component
    h: int
    v: int

    def store(self, y: int, x: int, count: int, dc: array, rows: list[list[bytes]] | None = None) -> None:
        """The DC values and the other coefficients of `count` MCUs; rows: bytes of whole blocks, DC left out."""
        plane, h, blocks = self.part.coefficients, self.h, self.h * self.v
        for i in range(self.v):
            start = ((y * self.v + i) * self.part.across + x * h) * 64
            end = start + count * h * 64
            if rows:
                plane[start:end] = array("h", b"".join(rows[i]))
            for j in range(h):
                plane[start + 64 * j:end:64 * h] = dc[i * h + j::blocks]


def summed(differences: list[int], before: int, low: int = 0) -> array:
    """DC values from their differences, the first to the value `before`; wrapped as 16 bits do."""
    values = list(accumulate(differences, initial=before))[1:]
    try:
        return array("h", [value << low for value in values] if low else values)
    except OverflowError:
        return array("h", [((value << low) + 0x8000 & 0xffff) - 0x8000 for value in values])


END, LONG = 256, 512            # added to k: at the end of a block; where a window does not hold a whole code and value
ZEROS = [bytes(2 * run) for run in range(65)]
# What a block lacks when k is so large; None: it has to be read again, one code at a time
TAILS: list[bytes | None] = [None] * 1024
TAILS[64] = b""
TAILS[END + 1:END + 64] = [ZEROS[64 - k] for k in range(1, 64)]     # a block of 64 has no end code


def coefficients_in(ac: Codes, window: int, used: int) -> tuple[int, int, bytes]:
    """Bits used, step in k and bytes of all the coefficients that are whole in a window whose first bits are used."""
    step, found = 0, b""
    while step < 63:
        length, symbol = ac.find(window << used & 0xffff)
        run, size = symbol >> 4, symbol & 15
        if used + length + size > 16:
            break
        used += length
        if size:
            used += size
            value = extended(window >> 16 - used & (1 << size) - 1, size)
            found += ZEROS[run] + struct.pack("=h", value)
            step += run + 1
        elif run == 15:
            found += ZEROS[16]
            step += 16
        else:
            return used, step + END, found
    return used, step, found


class Rest(dict):
    """Of a window behind the first: coefficients_in."""

    def __init__(self, ac: Codes) -> None:
        self.ac = ac

    def __missing__(self, window: int) -> tuple[int, int, bytes]:
        used, step, found = coefficients_in(self.ac, window, 0)
        self[window] = entry = (used, step, found) if step else (0, LONG, b"")
        return entry


class First(dict):
    """Of the window that begins a block: bits used, k, difference of DC, bytes of the block with room for DC."""

    def __init__(self, dc: Codes, ac: Codes) -> None:
        self.dc, self.ac = dc, ac

    def __missing__(self, window: int) -> tuple[int, int, int, bytes]:
        used, size = self.dc.find(window)
        if used + size > 16:
            entry = (0, LONG, 0, b"")
        else:
            used += size
            difference = extended(window >> 16 - used & (1 << size) - 1, size) if size else 0
            used, step, found = coefficients_in(self.ac, window, used)
            entry = (used, 1 + step, difference, ZEROS[1] + found)
        self[window] = entry
        return entry


def decode_baseline(shapes: list[Shape], tables: list[tuple[First, Rest]], bits: Bits, y: int, x: int,
                    count: int) -> bool:
    """MCUs of a scan that brings all 64 coefficients."""
    differences: list[list[int]] = [[] for _ in shapes]
    rows: list[list[list[bytes]]] = [[[] for _ in range(shape.v)] for shape in shapes]
    blocks = [(first, rest, row.append, values.append)
              for shape, (first, rest), values, own_rows in zip(shapes, tables, differences, rows)
              for row in own_rows for _ in range(shape.h)]
    done = baseline_blocks(blocks, bits, count)
    for i, shape in enumerate(shapes):
        if done:
            dc = summed(differences[i], bits.predicted[i])
            shape.store(y, x, done, dc, rows[i])
            bits.predicted[i] = dc[-1]
    return done == count


def baseline_blocks(blocks: list[tuple[First, Rest, Callable, Callable]], bits: Bits, count: int) -> int:
    """`count` times these blocks, each with its tables and what takes its bytes and its difference; how many were."""
    windows, p, limit = bits.windows, bits.p, bits.limit
    for done in range(count):
        if p > limit:
            bits.p = p
            if not bits.more():
                return done
            windows, p, limit = bits.windows, bits.p, bits.limit
        for first, rest, put, add in blocks:
            used, k, difference, block = first[windows[p]]
            step = k
            p += used
            while k < 64:
                used, step, found = rest[windows[p]]
                p += used
                k += step
                block += found
            try:
                put(block + TAILS[k])
            except TypeError:       # without the last window, which is read again
                p, difference, block = single_codes(windows, p - used, k - step, difference, block, first.dc, rest.ac)
                put(block)
            add(difference)
    bits.p = p
    return count


def single_codes(windows: array, p: int, k: int, difference: int, found: bytes, dc: Codes,
                 ac: Codes) -> tuple[int, int, bytes]:
    """The rest of a block of which k coefficients are `found`, code by code; runs beyond its end are cut there.

    Gives the place behind it, the difference of DC, the block's bytes.
    """
    if not k:
        length, size = dc.find(windows[p])
        p += length
        difference = extended(windows[p] >> 16 - size, size) if size else 0
        p += size
        k = 1
    block = array("h", found[:2 * k].ljust(128, b"\0"))
    block[0] = 0
    while k < 64:
        length, symbol = ac.find(windows[p])
        p += length
        run, size = symbol >> 4, symbol & 15
        if size:
            k += run
            block[min(k, 63)] = extended(windows[p] >> 16 - size, size)
            p += size
        elif run == 15:
            k += 15
        else:
            break
        k += 1
    return p, difference, block.tobytes()


class Symbols(dict):
    """Of a window: length and symbol of the code that it begins with."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def __missing__(self, window: int) -> tuple[int, int]:
        self[window] = entry = self.codes.find(window)
        return entry


def decode_dc(shapes: list[Shape], tables: list[Symbols], low: int, bits: Bits, y: int, x: int, count: int) -> bool:
    """MCUs of the scan that brings DC down to the bit `low`."""
    differences: list[list[int]] = [[] for _ in shapes]
    blocks = [(symbols, values.append) for shape, symbols, values in zip(shapes, tables, differences)
              for _ in range(shape.h * shape.v)]
    windows, p, limit = bits.windows, bits.p, bits.limit
    done = 0
    for done in range(1, count + 1):
        if p > limit:
            bits.p = p
            if not bits.more():
                done -= 1
                break
            windows, p, limit = bits.windows, bits.p, bits.limit
        for symbols, add in blocks:
            length, size = symbols[windows[p]]
            p += length
            if size:
                add(extended(windows[p] >> 16 - size, size))
                p += size
            else:
                add(0)
    else:
        bits.p = p
    for i, shape in enumerate(shapes):
        shape.store(y, x, done, summed(differences[i], bits.predicted[i], low))
        bits.predicted[i] += sum(differences[i])
    return done == count


def refine_dc(shapes: list[Shape], low: int, bits: Bits, y: int, x: int, count: int) -> bool:
    """MCUs of a scan that brings one more bit of DC."""
    blocks = [(shape.part.coefficients, 64 * (((y * shape.v + i) * shape.part.across) + x * shape.h + j), 64 * shape.h)
              for shape in shapes for i in range(shape.v) for j in range(shape.h)]
    bit = 1 << low
    windows, p, limit = bits.windows, bits.p, bits.limit
    for done in range(count):
        if p > limit:
            bits.p = p
            if not bits.more():
                return False
            windows, p, limit = bits.windows, bits.p, bits.limit
        for plane, start, step in blocks:
            if windows[p] & 0x8000:
                plane[start + done * step] |= bit
            p += 1
    bits.p = p
    return True


class Runs(dict):
    """Of a window in a scan of AC down to the bit `low`: bits used, step in k to a coefficient, the coefficient.

    It is 0 where there is none at the end of the step, and None where the window does not say it all.
    """

    def __init__(self, codes: Codes, low: int) -> None:
        self.codes, self.low = codes, low

    def __missing__(self, window: int) -> tuple[int, int, int | None]:
        used, symbol = self.codes.find(window)
        run, size = symbol >> 4, symbol & 15
        entry: tuple[int, int, int | None]
        if used + size > 16 or (not size and 0 < run < 15):
            entry = used, symbol, None
        elif size:
            used += size
            entry = used, run, self.shifted(window >> 16 - used & (1 << size) - 1, size)
        else:
            entry = used, 15 if run else 64, 0
        self[window] = entry
        return entry

    def shifted(self, bits: int, size: int) -> int:
        """The number of these bits, brought to its place; no valid file needs the limits."""
        return max(-0x7fff, min(0x7fff, extended(bits, size) << self.low))


def decode_ac(runs: Runs, part: Component, first: int, last: int, bits: Bits, y: int, x: int, count: int) -> bool:
    """Blocks of a scan that brings coefficients `first` to `last`. A code may end many blocks at once."""
    plane, touched = part.coefficients, part.touched
    block = y * part.across + x
    end = block + count
    windows, p, limit = bits.windows, bits.p, bits.limit
    while block < end:
        if bits.run:
            step = min(bits.run, end - block)
            bits.run -= step
            block += step
            continue
        if p > limit:
            bits.p = p
            if not bits.more():
                return False
            windows, p, limit = bits.windows, bits.p, bits.limit
        base = 64 * block
        k = first
        while k <= last:
            used, step, value = runs[windows[p]]
            p += used
            k += step
            if value:
                plane[base + k if k < 64 else base + 63] = value
                touched[block] = 1
            elif value is None:
                k -= step
                run, size = step >> 4, step & 15
                following = windows[p]
                if not size:            # the end of this block and of 2**run - 1 and more
                    bits.run = (1 << run) - 1 + (following >> 16 - run)
                    p += run
                    break
                k += run
                p += size
                plane[base + min(k, 63)] = runs.shifted(following >> 16 - size, size)
                touched[block] = 1
            k += 1
        block += 1
    bits.p = p
    return True


def refine_ac(file: File, symbols: Symbols, part: Component, first: int, last: int, low: int, bits: Bits,
              y: int, x: int, count: int) -> bool:
    """Blocks of a scan that brings one more bit of coefficients `first` to `last`.

    It holds a bit for each coefficient that is not zero already, and between them codes for those that become -1 or 1.
    Where one code ends many blocks, the coefficients of those are still looked at; file.work limits how often that may
    be for nothing.
    """
    plane, touched = part.coefficients, part.touched
    bit = 1 << low
    start = y * part.across + x
    end = start + count
    block = start
    windows, p, limit = bits.windows, bits.p, bits.limit
    while block < end:
        if bits.run:
            found = touched.find(1, block, min(end, block + bits.run))
            if found != block:
                step = (found if found >= 0 else min(end, block + bits.run)) - block
                bits.run -= step
                block += step
                continue
        if p > limit:
            bits.p = p
            if not bits.more():
                return False
            windows, p, limit = bits.windows, bits.p, bits.limit
        base = 64 * block
        k = first
        if not bits.run:
            while k <= last:
                length, symbol = symbols[windows[p]]
                p += length
                run, size = symbol >> 4, symbol & 15
                new = 0
                if size:
                    new = bit if windows[p] & 0x8000 else -bit
                    p += 1
                elif run < 15:
                    bits.run = (1 << run) + (windows[p] >> 16 - run)
                    p += run
                    break
                while k <= last:        # over `run` zeros
                    value = plane[base + k]
                    if value:
                        if windows[p] & 0x8000 and not value & bit:
                            plane[base + k] = max(-0x7fff, value + bit if value > 0 else value - bit)
                        p += 1
                    elif run:
                        run -= 1
                    else:
                        break
                    k += 1
                if new:
                    plane[base + min(k, 63)] = new
                    touched[block] = 1
                k += 1
        if bits.run:
            bits.run -= 1
            file.work -= 1
            for at in compress(range(base + k, base + last + 1), plane[base + k:base + last + 1]):
                if windows[p] & 0x8000:
                    value = plane[at]
                    if not value & bit:
                        plane[at] = max(-0x7fff, value + bit if value > 0 else value - bit)
                p += 1
        block += 1
    bits.p = p
    file.still_works()
    return True


# ---- Coefficients to samples -----------------------------------------------------------------------------------------
# The inverse cosine transform of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with constants of 13 bits: columns
# first, rounded to 2 bits behind the point, then rows. Between multiplications nothing is rounded, so any order of
# operations gives the same numbers. Values are held within 16 bits (for means 15) before each of the two passes; no
# picture comes near that, and no lane of 32 bits overflows: a pass gives 7.5 * 2**13 times the largest at most (for
# means 10.5).

@functools.lru_cache(maxsize=256)
def every(value: int, size: int, count: int) -> int:
    """`count` lanes of `size` bytes, each `value`."""
    return int.from_bytes(value.to_bytes(size, "little") * count, "little")


def inverse_dct(coefficients: array, divisors: Sequence[int], size: int) -> bytearray:
    """The samples of some blocks: [size, blocks * size] bytes from [blocks, 64] coefficients times their divisors.

    size: 8, or 4, 2, 1 for means of 2 x 2, 4 x 4, 8 x 8 samples.
    """
    count = len(coefficients) // 64
    raw = [int.from_bytes(coefficients[k::64].tobytes(), "little") for k in range(64 if size > 1 else 1)]
    if not any(raw[1:]):
        return flat_blocks(coefficients[::64], divisors[0], size)
    half = (count + 1) // 2                                     # lanes of 32 bits: blocks 0, 2, 4 ... then 1, 3, 5 ...
    halves = dequantised(raw, divisors, HELD[size], half)
    even, odd = (transformed(blocks, size, half) for blocks in halves)
    top = TOP[size]
    result = bytearray(64 * count if size == 8 else size * size * count)
    width = size * count
    for i, (lanes, more) in enumerate(zip(even, odd)):
        y, x = divmod(i, size)
        levels = clipped(lanes | more << 16, top, 2 * half).to_bytes(4 * half, "little")
        result[y * width + x:(y + 1) * width:size] = levels[:2 * count:2]
    return result


def flat_blocks(dc: array, divisor: int, size: int) -> bytearray:
    """The same where all is zero but DC."""
    line = bytes([max(0, min(255, (value * divisor + 4 >> 3) + 128)) for value in dc])
    wide = bytearray(len(line) * size)
    for x in range(size):
        wide[x::size] = line
    return wide * size


def dequantised(raw: list[int], divisors: Sequence[int], limit: int, half: int) -> list[list[int]]:
    """Coefficients in lanes of 16 bits to two lists in the order 8 * row + column, of lanes of 32 bits with signs."""
    sign, low = every(0x8000, 2, 2 * half), every(0xffff, 4, half)
    within, beyond = every(limit, 4, half), every(2 ** 32 - 2 * limit, 4, half)
    halves = [[0] * 64, [0] * 64]
    for lanes, divisor, place in zip(raw, divisors, ZIGZAG):
        if lanes:
            lanes ^= sign
            zero = every(0x8000, 4, half) * divisor
            for blocks, own in zip(halves, (lanes & low, lanes >> 16 & low)):
                values = own * divisor - zero
                if values + within & beyond:
                    values = limited(own, 0x8000, divisor, limit, half)
                blocks[place] = values
    return halves


def limited(lanes: int, offset: int, factor: int, limit: int, count: int) -> int:
    """`count` lanes less `offset` times `factor`, each held within -limit and limit - 1."""
    values = array("I", lanes.to_bytes(4 * count, "little"))
    near = array("I", [max(0, min(2 * limit - 1, (value - offset) * factor + limit)) for value in values])
    return int.from_bytes(near.tobytes(), "little") - every(limit, 4, count)


HELD = {8: 1 << 15, 4: 1 << 14, 2: 1 << 14}
SHRINK = {8: 0, 4: 1, 2: 2}                                     # a power of two: outputs that are added up
TOP = {size: 13 - shrink for size, shrink in SHRINK.items()}    # what transformed() gives is 2**TOP too large


def transformed(blocks: list[int], size: int, count: int) -> list[int]:
    """size * size lanes of levels + 2**TOP from 64 lanes of coefficients; `count` lanes of 32 bits each."""
    one_pass = inverse_pass if size == 8 else functools.partial(mean_pass, MEANS[size])
    shift = 11 + SHRINK[size]
    bias = every((1 << 31) + (1 << shift - 1), 4, count)
    mask, zero = every((1 << 32 - shift) - 1, 4, count), every(1 << 31 - shift, 4, count)
    within, beyond = every(HELD[size], 4, count), every(2 ** 32 - 2 * HELD[size], 4, count)
    lines: list[list[int]] = [[] for _ in range(size)]
    for x in range(8):
        column = blocks[x::8]
        if not any(column):
            for line in lines:
                line.append(0)
            continue
        for line, lanes in zip(lines, one_pass(column, bias)):
            rounded = lanes >> shift & mask
            lanes = rounded - zero
            if lanes + within & beyond:
                lanes = limited(rounded, 1 << 31 - shift, 1, HELD[size], count)
            line.append(lanes)
    shift = 18 + SHRINK[size]
    bias = every((1 << 31) + (128 << shift) + (1 << shift - 1), 4, count)
    mask = every((1 << 32 - shift) - 1, 4, count)
    return [lanes >> shift & mask for line in lines for lanes in one_pass(line, bias)]


def inverse_pass(x: list[int], bias: int) -> list[int]:
    """8 sums, 2**13 times as large and `bias` too large, from 8 coefficients of a column or row."""
    x0, x1, x2, x3, x4, x5, x6, x7 = x
    rotated = (x2 + x6) * 4433                                  # 0.541196100
    t2, t3 = rotated - x6 * 15137, rotated + x2 * 6270          # 1.847759065, 0.765366865
    t0, t1 = (x0 + x4 << 13) + bias, (x0 - x4 << 13) + bias
    e0, e3, e1, e2 = t0 + t3, t0 - t3, t1 + t2, t1 - t2
    z3, z4 = x7 + x3, x5 + x1
    z5 = (z3 + z4) * 9633                                       # 1.175875602
    z1, z2 = (x7 + x1) * -7373, (x5 + x3) * -20995              # 0.899976223, 2.562915447
    z3, z4 = z3 * -16069 + z5, z4 * -3196 + z5                  # 1.961570560, 0.390180644
    o3 = x7 * 2446 + z1 + z3                                    # 0.298631336
    o2 = x5 * 16819 + z2 + z4                                   # 2.053119869
    o1 = x3 * 25172 + z2 + z3                                   # 3.072711026
    o0 = x1 * 12299 + z1 + z4                                   # 1.501321110
    return [e0 + o0, e1 + o1, e2 + o2, e3 + o3, e3 - o3, e2 - o2, e1 - o1, e0 - o0]


def mean_weights(size: int) -> list[list[int]]:
    """For the first half of `size` outputs: what each of 8 coefficients brings to the sum of the outputs it means."""
    step = 8 // size
    return [[round(8192 * (math.sqrt(2) if u else 1) * sum(math.cos((2 * x + 1) * u * math.pi / 16)
                                                           for x in range(i * step, (i + 1) * step)))
             for u in range(8)] for i in range(size // 2)]


MEANS = {size: mean_weights(size) for size in (4, 2)}


def mean_pass(weights: list[list[int]], x: list[int], bias: int) -> list[int]:
    """The same for sums of neighbours; of those left and right of the middle, odd coefficients differ in sign."""
    upper, lower = [], []
    for row in weights:
        even = sum((lanes * weight for lanes, weight in zip(x[::2], row[::2]) if weight), bias)
        odd = sum(lanes * weight for lanes, weight in zip(x[1::2], row[1::2]))
        upper.append(even + odd)
        lower.append(even - odd)
    return upper + lower[::-1]


def clipped(lanes: int, top: int, count: int) -> int:
    """`count` lanes of 16 bits, levels that are 2**top too large, held within 0 to 255."""
    base, ones = every(1 << top, 2, count), every(1, 2, count)
    above = lanes & every((1 << top) - 256, 2, count)
    if not above and lanes & base == base:
        return lanes ^ base
    positive = lanes >> top & ones
    over = positive & (above + every((1 << top) - 256, 2, count)) >> top
    return lanes & positive * 255 | over * 255


def component_lines(steps: Any, part: Component, size: int, width: int, height: int) -> Iterator[bytes]:
    """The `height` lines of a component, each `width` samples, of blocks of size x size."""
    step = max(1, 512 // part.across)       # rows of blocks at once: integers long enough to hide the interpreter
    length = part.across * size
    for row in range(0, -(-height // size), step):
        count = min(step, part.down - row)
        blocks = part.coefficients[row * part.across * 64:(row + count) * part.across * 64]
        samples = bytes(steps.inverse_dct(blocks, part.table or (1,) * 64, size))
        for y in range(row * size, min(height, (row + count) * size)):
            i, j = divmod(y - row * size, size)
            at = (j * count + i) * length
            yield samples[at:at + width]


# ---- Chroma to the size of the picture -------------------------------------------------------------------------------

def enlarged(steps: Any, lines: Iterator[bytes], own_width: int, own_height: int, across: tuple[int, int],
             down: tuple[int, int], width: int, height: int, smooth: bool) -> Iterator[bytes]:
    """`height` lines of `width` samples from `own_height` of `own_width`, which are `across` and `down` as dense.

    Twice as many are made by a triangle filter: a new sample is 3/4 of the nearest and 1/4 of the next one, and at
    the edges the nearest alone; one direction only if the other is single or filtered too. Anything else repeats the
    nearest.
    """
    double_down = down[1] == 2 * down[0]
    twice = across[1] == 2 * across[0] and own_width > 2 and smooth and (double_down or down[0] == down[1])
    if double_down and smooth and (twice or across[0] == across[1]):
        lines = steps.heightened(lines, width, twice)
    else:
        if across[0] != across[1]:
            lines = map(functools.partial(steps.widened, width) if twice else repeater(own_width, across, width), lines)
        if down[0] != down[1]:
            lines = repeated(lines, down, height)
    for _ in range(height):
        yield next(lines)


def repeated(lines: Iterator[bytes], down: tuple[int, int], height: int) -> Iterator[bytes]:
    """The nearest line for each of `height`."""
    at, line = 0, next(lines)
    for y in range(height):
        while at < y * down[0] // down[1]:
            at, line = at + 1, next(lines)
        yield line


def repeater(own_width: int, across: tuple[int, int], width: int) -> Callable[[bytes], bytes]:
    """The function from a line to the nearest sample for each of `width`."""
    factor, left = divmod(across[1], across[0])
    if left:
        places = [min(own_width - 1, x * across[0] // across[1]) for x in range(width)]
        return lambda line: bytes(map(line.__getitem__, places))

    def wide(line: bytes) -> bytes:
        result = bytearray(factor * own_width)
        for x in range(factor):
            result[x::factor] = line
        return bytes(result[:width])
    return wide


def widened(width: int, line: bytes) -> bytes:
    """A line of twice as many samples, cut to `width`."""
    count = len(line)
    lanes = deepdream.byte_lanes(line, 2)
    before, after = neighbours(lanes, count)
    mask = every(255, 2, count)
    lanes *= 3
    even = lanes + before + every(1, 2, count) >> 2 & mask
    odd = lanes + after + every(2, 2, count) >> 2 & mask
    return (even | odd << 8).to_bytes(2 * count, "little")[:width]


def neighbours(lanes: int, count: int) -> tuple[int, int]:
    """The lanes of 16 bits before and behind each; at the edges the same."""
    end = 16 * (count - 1)
    last = lanes >> end
    return (lanes ^ last << end) << 16 | lanes & 0xffff, lanes >> 16 | last << end


def heightened(lines: Iterator[bytes], width: int, twice: bool) -> Iterator[bytes]:
    """Twice as many lines and, if `twice`, samples, cut to `width`."""
    before = here = -1
    count = 0
    for line in lines:
        count = len(line)
        after = deepdream.byte_lanes(line, 2)
        if here >= 0:
            yield from two_lines(before, here, after, count, width, twice)
        else:
            here = after
        before, here = here, after
    yield from two_lines(before, here, here, count, width, twice)


def two_lines(before: int, here: int, after: int, count: int, width: int, twice: bool) -> Iterator[bytes]:
    """The two lines around the line `here`, in lanes of 16 bits, between its neighbours."""
    here *= 3
    if not twice:
        for total, rounding in ((here + before, 1), (here + after, 2)):
            lanes = total + every(rounding, 2, count) >> 2 & every(255, 2, count)
            yield lanes.to_bytes(2 * count, "little")[:2 * width:2]
        return
    mask = every(255, 2, count)
    for total in (here + before, here + after):
        left, right = neighbours(total, count)
        total *= 3
        even = total + left + every(8, 2, count) >> 4 & mask
        odd = total + right + every(7, 2, count) >> 4 & mask
        yield (even | odd << 8).to_bytes(2 * count, "little")[:width]


# ---- Colours ---------------------------------------------------------------------------------------------------------
# T.871: red = y + 1.402 cr, green = y - 0.34414 cb - 0.71414 cr, blue = y + 1.772 cb, where cb and cr are 128 less than
# their samples; the constants have 16 bits behind the point, and each sum with y is rounded once.

ADDED = {channel: [(factor * (level - 128) + 0x8000) >> 16 for level in range(256)]
         for channel, factor in (("red", 91881), ("blue", 116130))}
MORE = {channel: bytes(max(0, value) for value in table) for channel, table in ADDED.items()}
LESS = {channel: bytes(max(0, -value) for value in table) for channel, table in ADDED.items()}
INVERTED = bytes(range(255, -1, -1))


def grey_to_bgr(line: bytes) -> bytearray:
    return rgb_to_bgr(line, line, line)


def rgb_to_bgr(red: bytes, green: bytes, blue: bytes) -> bytearray:
    pixels = bytearray(3 * len(red))
    pixels[::3], pixels[1::3], pixels[2::3] = blue, green, red
    return pixels


def ycc_to_bgr(y: bytes, cb: bytes, cr: bytes) -> bytearray:
    """Blue, green, red of each pixel from as many bytes of each of three components."""
    return rgb_to_bgr(*ycc_to_rgb(y, cb, cr))


def ycc_to_rgb(y: bytes, cb: bytes, cr: bytes) -> tuple[bytes, bytes, bytes]:
    """Three planes. Bytes are taken apart into lanes of 16 bits, the even ones and the odd ones."""
    count = len(y)
    half = (count + 1) // 2
    low = every(255, 2, half)
    lanes = int.from_bytes(y, "little")
    light = lanes & low, lanes >> 8 & low

    def joined(offsets: Iterable[int]) -> bytes:
        """y + offsets, which are 512 too large."""
        even, odd = (clipped(own + offset, 9, half) for own, offset in zip(light, offsets))
        return (even | odd << 8).to_bytes(2 * half, "little")[:count]

    def signed(channel: str, chroma: bytes) -> Iterator[int]:
        more = int.from_bytes(chroma.translate(MORE[channel]), "little")
        less = int.from_bytes(chroma.translate(LESS[channel]), "little")
        for shift in (0, 8):
            yield (more >> shift & low) + every(512, 2, half) - (less >> shift & low)

    return joined(signed("red", cr)), joined(green_offsets(cb, cr, half)), joined(signed("blue", cb))


def green_offsets(cb: bytes, cr: bytes, half: int) -> list[int]:
    """What chroma brings to green and 512, in lanes of 16 bits for even and odd pixels."""
    quarter = (half + 1) // 2
    low = every(255, 4, quarter)
    base = every((512 << 16) + 0x8000 + 128 * (22554 + 46802), 4, quarter)
    mask = every(0xffff, 4, quarter)
    blue, red = int.from_bytes(cb, "little"), int.from_bytes(cr, "little")
    first, second, third, fourth = (base - (blue >> shift & low) * 22554 - (red >> shift & low) * 46802 >> 16 & mask
                                    for shift in (0, 8, 16, 24))
    whole = (1 << 16 * half) - 1
    return [(first | third << 16) & whole, (second | fourth << 16) & whole]


def ycck_to_bgr(y: bytes, cb: bytes, cr: bytes, black: bytes) -> bytearray:
    """YCbCr of what Adobe takes for red, green and blue: cyan, magenta and yellow inverted twice; see cmyk_to_bgr."""
    cyan, magenta, yellow = (plane.translate(INVERTED) for plane in ycc_to_rgb(y, cb, cr))
    return cmyk_to_bgr(cyan, magenta, yellow, black)


def cmyk_to_bgr(cyan: bytes, magenta: bytes, yellow: bytes, black: bytes) -> bytearray:
    """Inks as Adobe stores them, 255 for none: a level is the product of ink and black, to the nearest."""
    count = len(black)
    half, low = every(128, 2, count), every(255, 2, count)

    def level(ink: bytes) -> bytes:
        product = int.from_bytes(array("H", map(mul, ink, black)).tobytes(), "little") + half
        return (product + (product >> 8 & low)).to_bytes(2 * count, "little")[1::2]     # / 255, to the nearest
    return rgb_to_bgr(level(cyan), level(magenta), level(yellow))


# ---- Writing ---------------------------------------------------------------------------------------------------------
# Divisors: T.81, tables K.1 and K.2, in rows; scaled by the rule of libjpeg: as they are at quality 50.

LUMA = (16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99)
CHROMA = (17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
          47, 66, 99, 99, 99, 99, 99, 99) + 32 * (99,)


def encode(picture: Picture, extras: Extras) -> bytes:
    """`picture` as a baseline JPEG file with Huffman codes of its own, 72 dots an inch."""
    if not 1 <= extras.quality <= 100 or extras.subsampling not in ("4:4:4", "4:2:0"):
        raise ValueError(f"quality {extras.quality}, subsampling {extras.subsampling}")
    factor = 2 if extras.subsampling == "4:2:0" else 1
    divisors = [scaled(table, extras.quality) for table in (LUMA, CHROMA)]
    steps: Any = faster(picture.width * picture.height) or sys.modules[__name__]
    planes = coefficient_rows(steps, picture, factor, divisors)
    tables = steps.best_tables(planes)
    parts = [b"\xff\xd8", segment(APP0, struct.pack(">5s 2B B 2H 2B", b"JFIF\0", 1, 1, 1, 72, 72, 0, 0))]
    if extras.profile:
        parts += profile_segments(extras.profile)
    comment = extras.comment.encode()
    parts += [segment(COM, comment[at:at + LONGEST_COMMENT]) for at in range(0, len(comment), LONGEST_COMMENT)]
    parts += [segment(DQT, bytes((i, *table))) for i, table in enumerate(divisors)]
    parts.append(segment(SOF0, struct.pack(">B 2H B", 8, picture.height, picture.width, 3)
                         + bytes((1, 17 * factor, 0, 2, 17, 1, 3, 17, 1))))
    parts += [segment(DHT, bytes((kind,)) + codes.counts + codes.symbols)
              for kind, codes in zip((0x00, 0x10, 0x01, 0x11), tables)]
    parts.append(segment(SOS, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0))))
    parts += steps.encode_rows(planes, tables)
    return b"".join(parts) + b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">2B H", 0xff, marker, len(body) + 2) + body


def profile_segments(profile: bytes) -> list[bytes]:
    """An ICC profile in numbered parts; one that is too long for their numbers is left out."""
    longest = LONGEST_COMMENT - 14
    pieces = [profile[at:at + longest] for at in range(0, len(profile), longest)]
    if len(pieces) > 255:
        return []
    return [segment(APP2, b"ICC_PROFILE\0" + bytes((i, len(pieces))) + piece) for i, piece in enumerate(pieces, 1)]


def scaled(table: Sequence[int], quality: int) -> list[int]:
    """The divisors for a quality of 1 to 100, in zigzag order."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return [max(1, min(255, (table[natural] * percent + 50) // 100)) for natural in ZIGZAG]


# Samples to coefficients. A row of MCUs at a time; the picture goes on beyond its edges with its last pixels.

def coefficient_rows(steps: Any, picture: Picture, factor: int, divisors: list[list[int]]) -> list[list[array]]:
    """For Y, Cb, Cr: for each row of MCUs array("h") [MCUs, blocks in one, 64]; chroma is `factor` times as sparse."""
    side = 8 * factor
    mcus = -(-picture.width // side)
    planes: list[list[array]] = [[], [], []]
    length = 3 * picture.width
    for y in range(0, picture.height, side):
        lines = []
        for line in range(y, y + side):
            at = min(line, picture.height - 1) * length
            row = picture.pixels[at:at + length]
            lines.append(steps.bgr_to_ycc(row + row[-3:] * (mcus * side - picture.width)))
        for i, rows in enumerate(planes):
            own = [line[i] for line in lines]
            if i and factor == 2:
                own = [steps.halved(upper, lower) for upper, lower in zip(own[::2], own[1::2])]
            rows.append(steps.forward_dct(own, divisors[i > 0], 1 if i else factor))
    return planes


def bgr_to_ycc(pixels: bytes | bytearray) -> list[bytes]:
    """Three planes (T.871, 7; 16 bits behind the point). The sums' third byte is the result."""
    count = len(pixels) // 3
    blue, green, red = (deepdream.byte_lanes(pixels[i::3], 4) for i in range(3))
    half, middle = every(0x8000, 4, count), every((128 << 16) + 0x7fff, 4, count)
    sums = (red * 19595 + green * 38470 + blue * 7471 + half,
            blue * 32768 - red * 11059 - green * 21709 + middle,
            red * 32768 - green * 27439 - blue * 5329 + middle)
    return [lanes.to_bytes(4 * count, "little")[2::4] for lanes in sums]


def halved(upper: bytes, lower: bytes) -> bytes:
    """Means of 2 x 2 samples; what lies between two levels is rounded down and up in turn."""
    half = len(upper) // 2
    low = every(255, 2, half)
    total = int.from_bytes(b"\1\0\2\0" * (half // 2 + 1), "little") & (1 << 16 * half) - 1
    for line in (upper, lower):
        lanes = int.from_bytes(line, "little")
        total += (lanes & low) + (lanes >> 8 & low)
    return (total >> 2 & low).to_bytes(2 * half, "little")[::2]


def forward_dct(lines: list[bytes], divisors: Sequence[int], factor: int) -> array:
    """Coefficients divided and rounded: [MCUs, factor * factor, 64] from 8 * factor lines of samples.

    The transform of inverse_dct turned round: rows, then columns, each rounded as there; what it gives is 8 times as
    large, and a quotient is a product with the divisor's reciprocal in 16 bits.
    """
    count = len(lines[0]) // 8
    result = array("h", bytes(128 * count * factor))
    middle = every(128, 4, count)
    for band in range(factor):
        columns: list[list[int]] = [[] for _ in range(8)]
        for line in lines[8 * band:8 * band + 8]:
            samples = [deepdream.byte_lanes(line[x::8], 4) - middle for x in range(8)]
            for column, lanes in zip(columns, forward_pass(samples)):
                column.append(rounded_lanes(lanes, 11, count))
        for x, column in enumerate(columns):
            for y, lanes in enumerate(forward_pass(column)):
                k = PLACE[8 * y + x]
                values = divided(rounded_lanes(lanes, 15, count), 8 * divisors[k], count)
                for j in range(factor):
                    result[64 * (band * factor + j) + k::64 * factor * factor] = values[j::factor]
    return result


def forward_pass(x: list[int]) -> list[int]:
    """8 coefficients, 2**13 times as large, from 8 samples of a row or column."""
    x0, x1, x2, x3, x4, x5, x6, x7 = x
    s0, s1, s2, s3 = x0 + x7, x1 + x6, x2 + x5, x3 + x4
    d0, d1, d2, d3 = x0 - x7, x1 - x6, x2 - x5, x3 - x4
    t0, t1, t2, t3 = s0 + s3, s1 + s2, s1 - s2, s0 - s3
    rotated = (t2 + t3) * 4433
    z3, z4 = d3 + d1, d2 + d0
    z5 = (z3 + z4) * 9633
    z1, z2 = (d3 + d0) * -7373, (d2 + d1) * -20995
    z3, z4 = z3 * -16069 + z5, z4 * -3196 + z5
    return [t0 + t1 << 13, d0 * 12299 + z1 + z4, rotated + t3 * 6270, d1 * 25172 + z2 + z3,
            t0 - t1 << 13, d2 * 16819 + z2 + z4, rotated - t2 * 15137, d3 * 2446 + z1 + z3]


def rounded_lanes(lanes: int, shift: int, count: int) -> int:
    """Lanes of 32 bits with signs divided by 2**shift, to the nearest."""
    lanes += every((1 << 31) + (1 << shift - 1), 4, count)
    return (lanes >> shift & every((1 << 32 - shift) - 1, 4, count)) - every(1 << 31 - shift, 4, count)


def divided(lanes: int, divisor: int, count: int) -> array:
    """Lanes (-2**14 to 2**14) over `divisor`, to the nearest: 16 bits of each lane."""
    shift = 15 + (divisor - 1).bit_length()
    offset = -(-(1 << 14) // divisor)
    lanes += every(offset * divisor + divisor // 2, 4, count)
    lanes = lanes * -(-(1 << shift) // divisor) >> shift & every((1 << 32 - shift) - 1, 4, count)
    lanes += every(0x10000 - offset, 4, count)
    return array("h", lanes.to_bytes(4 * count, "little"))[::2]


# Coefficients to codes. All that is not zero, and each block's DC as the difference to the one before, becomes a key:
# the distance from the last one and the value. The dictionary from keys to strings of "0" and "1" needs few entries.

DISTANCE, DC = 1 << 20, 1 << 16         # key = distance * DISTANCE + (DC + difference or value)
STOP = 1 << 18                          # in place of a difference: behind the last block of a row


def keys_of_rows(rows: list[array]) -> Iterator[Iterator[int]]:
    """The keys of each row of a component; at the end STOP."""
    before = 0
    for row in rows:
        values = row.tolist()
        dc = values[::64]
        values[::64] = [DC + value - last for value, last in zip(dc, chain((before,), dc))]
        before = dc[-1]
        values.append(STOP)
        places = list(compress(range(len(values)), values))
        distances = map(sub, places, chain((-1,), places))
        yield map(int.__add__, map(mul, distances, repeat(DISTANCE)), filter(None, values))


def taken_apart(key: int) -> tuple[int, int]:
    """Distance and value of a key."""
    distance = key + DISTANCE // 4 >> 20
    return distance, key - distance * DISTANCE


def symbols_of(key: int) -> Iterator[tuple[bool, int, str]]:
    """What is written for a key: whether a code for AC, its symbol, the bits behind it."""
    distance, value = taken_apart(key)
    if value >= DC // 2:
        if distance > 1:
            yield True, 0, ""           # the block before ends
        if value != STOP:
            yield False, *magnitude(value - DC)
        return
    for _ in range((distance - 1) // 16):
        yield True, 0xf0, ""            # 16 zeros
    size, bits = magnitude(value)
    yield True, (distance - 1) % 16 << 4 | size, bits


def magnitude(value: int) -> tuple[int, str]:
    """How many bits a number takes, and these (T.81, F.1.2.1)."""
    size = abs(value).bit_length()
    return size, format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""


def best_tables(planes: list[list[array]]) -> list[Codes]:
    """Huffman codes for these coefficients: luma DC, AC, chroma DC, AC."""
    counts: list[Counter] = [Counter(), Counter()]
    for rows, own in zip(planes, (counts[0], counts[1], counts[1])):
        for keys in keys_of_rows(rows):
            own.update(keys)
    return [table for own in counts for table in best_codes(own)]


def best_codes(keys: Counter) -> tuple[Codes, Codes]:
    """Huffman codes for DC and AC that make the codes for these keys shortest."""
    counts: tuple[Counter, Counter] = (Counter(), Counter())
    for key, number in keys.items():
        for ac, symbol, _ in symbols_of(key):
            counts[ac][symbol] += number
    return shortest(counts[0]), shortest(counts[1])


def shortest(numbers: Counter) -> Codes:
    """The Huffman code for symbols that occur so often, of at most 16 bits and none of ones alone (T.81, K.2).

    The two rarest trees become one, over and over. Too long codes are then brought to 16 bits two by two: one takes
    the place of their parent, the other and a shorter code become children of that code's place.
    """
    trees = [(1, -1, (256,))] + [(number, symbol, (symbol,)) for symbol, number in numbers.items()]
    heapq.heapify(trees)                    # 256 stands for the code of ones, which is not used
    lengths: Counter = Counter()
    while len(trees) > 1:
        (a, order, left), (b, _, right) = heapq.heappop(trees), heapq.heappop(trees)
        lengths.update(left + right)
        heapq.heappush(trees, (a + b, order, left + right))
    counts = [0] * (max(lengths.values(), default=1) + 1)
    for length in lengths.values():
        counts[length] += 1
    for length in range(len(counts) - 1, 16, -1):
        while counts[length]:
            shorter = next(i for i in range(length - 2, 0, -1) if counts[i])
            counts[length] -= 2
            counts[length - 1] += 1
            counts[shorter] -= 1
            counts[shorter + 1] += 2
    counts += [0] * (17 - len(counts))
    longest = max((i for i in range(17) if counts[i]), default=0)
    counts[longest] -= longest > 0
    symbols = sorted(numbers, key=lambda symbol: (lengths[symbol], symbol))
    return Codes(bytes(counts[1:17]), bytes(symbols))


class Book(dict):
    """Of a key: its bits as text, after a comma at the beginning of a block."""

    def __init__(self, dc: Codes, ac: Codes) -> None:
        self.codes = [code_texts(codes) for codes in (dc, ac)]

    def __missing__(self, key: int) -> str:
        parts = [("," if not ac else "") + self.codes[ac][symbol] + bits for ac, symbol, bits in symbols_of(key)]
        if taken_apart(key)[1] == STOP:
            parts.append(",")
        self[key] = text = "".join(parts)
        return text


def code_texts(codes: Codes) -> dict[int, str]:
    """The code of each symbol as text."""
    texts: dict[int, str] = {}
    for i, (count, (start, place)) in enumerate(zip(codes.counts, codes.starts)):
        for j in range(count):
            texts[codes.symbols[place + j]] = format((start >> 15 - i) + j, f"0{i + 1}b")
    return texts


def encode_rows(planes: list[list[array]], tables: list[Codes]) -> Iterator[bytes]:
    """The entropy coded data: of each MCU the blocks of Y, then those of Cb and Cr."""
    luma, chroma = Book(tables[0], tables[1]), Book(tables[2], tables[3])
    books = [luma, chroma, chroma]
    luma_blocks = len(planes[0][0]) // len(planes[1][0])
    per_mcu = luma_blocks + 2
    left = ""
    for keys in zip(*map(keys_of_rows, planes)):
        y, cb, cr = ("".join(map(book.__getitem__, own)).split(",")[1:-1] for book, own in zip(books, keys))
        blocks = [""] * (per_mcu * len(cb))
        for i in range(luma_blocks):
            blocks[i::per_mcu] = y[i::luma_blocks]
        blocks[luma_blocks::per_mcu], blocks[luma_blocks + 1::per_mcu] = cb, cr
        text = left + "".join(blocks)
        whole = len(text) // 8 * 8
        left = text[whole:]
        yield stuffed(text[:whole])
    yield stuffed(left + "1" * (-len(left) % 8))


def stuffed(text: str) -> bytes:
    return int("0" + text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
