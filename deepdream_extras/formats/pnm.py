"""The portable formats of Netpbm: PBM, PGM, PPM and PAM read, PPM written.

Source: the manual pages pbm(5), pgm(5), ppm(5), pam(5) of Netpbm. A header in words, then the pixels row by row: P1 to
P3 as decimal numbers, P4 to P7 as bytes, or as pairs of bytes, the higher first, where the largest sample (maxval) is
above 255. A file may hold several pictures; the first one is read.
"""

from __future__ import annotations

import functools
import re
import sys
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from deepdream import LARGEST_SIDE, DeepDreamError, Picture, spread_bits
from deepdream_extras.formats import Decoded, Extras

BLOCK = 2 ** 20         # bytes handled at once, and at least a row
WORD = re.compile(rb"(?:[ \t\n\v\f\r]|#([^\n\r]*)[\n\r])*([^ \t\n\v\f\r#]+)")
LONGEST_HEADER = 2 ** 20
GREY, RGB = 1, 3        # channels of colour; one more is alpha


class Header(NamedTuple):
    width: int
    height: int
    channels: int           # samples a pixel
    largest: int            # sample: that is white
    kind: int               # 1 to 7
    start: int              # of the pixels in the file
    comment: str


def decode(data: bytes, name: str = "picture") -> Decoded:
    """The first picture. `name` begins the messages of DeepDreamError."""
    header = read_header(data, name)
    check_size(data, header, name)
    count = header.width * header.height
    pixels = bytearray(3 * count)
    alpha = bytearray(count) if header.channels in (GREY + 1, RGB + 1) else None
    at = 0
    for samples in scaled_samples(data, header, name):
        end = at + len(samples) // header.channels
        block = bytearray(3 * (end - at))
        colours = (0, 0, 0) if header.channels < RGB else (2, 1, 0)
        for place, channel in enumerate(colours):
            block[place::3] = samples[channel::header.channels]
        pixels[3 * at:3 * end] = block
        if alpha is not None:
            alpha[at:end] = samples[header.channels - 1::header.channels]
        at = end
    return Decoded(header.width, header.height, pixels, alpha if alpha and alpha.count(255) < count else None,
                   comment=header.comment)


def describe(data: bytes, name: str = "picture") -> Decoded:
    """`decode` without the pixels."""
    header = read_header(data, name)
    return Decoded(header.width, header.height, bytearray(), comment=header.comment)


def encode(picture: Picture, extras: Extras = Extras()) -> bytes:
    """`picture` as a PPM file."""
    comment = "".join(f"# {line}\n" for line in extras.comment.splitlines())
    result = bytearray(f"P6\n{comment}{picture.width} {picture.height}\n255\n".encode())
    view = memoryview(picture.pixels)
    for at in range(0, len(view), 3 * BLOCK):
        block = bytearray(view[at:at + 3 * BLOCK])
        block[0::3], block[2::3] = block[2::3], block[0::3]
        result += block
    return bytes(result)


# ---- Header ----------------------------------------------------------------------------------------------------------

def damaged(name: str, found: str, expected: str) -> DeepDreamError:
    return DeepDreamError(f"{name}: {found}; expected {expected}; get it again")


def read_header(data: bytes, name: str) -> Header:
    if not re.match(rb"P[1-7][ \t\n\v\f\r#]", data[:3]):
        raise DeepDreamError(f"{name}: not a PBM, PGM, PPM or PAM file (it begins with {data[:3].hex(' ') or 'nothing'}"
                             "); expected P1 to P7; give another file")
    kind = data[1] - ord("0")
    if kind == 7:
        return read_pam_header(data, name)
    numbers, comments, at = [], [], 2
    for what in ("width", "height", "maxval")[:2 if kind in (1, 4) else 3]:
        found = WORD.match(data, at, at + LONGEST_HEADER)
        if not found:
            raise damaged(name, f"the header ends before the {what}", "a number")
        comments += re.findall(rb"#([^\n\r]*)", data[at:found.start(2)])
        numbers.append(number(found[2], what, name))
        at = found.end()
    width, height, largest = (*numbers, 1)[:3]
    check_sides(width, height, name)
    if not 1 <= largest <= 65535:
        raise damaged(name, f"a maxval of {largest}", "1 to 65535")
    comment = "\n".join(text.removeprefix(b" ").decode("utf-8", "replace") for text in comments)
    # One white space ends the header of binary kinds; a comment may stand before it.
    skipped = re.compile(rb"(?:#[^\n\r]*)?[ \t\n\v\f\r]?").match(data, at)
    return Header(width, height, RGB if kind in (3, 6) else GREY, largest, kind, skipped.end() if skipped else at,
                  comment)


def read_pam_header(data: bytes, name: str) -> Header:
    values: dict[str, int] = {}
    comments = []
    at = data.find(b"\n") + 1
    while True:
        end = data.find(b"\n", at, LONGEST_HEADER)
        if end < 0 or not at:
            raise damaged(name, "the header has no end", "a line ENDHDR")
        line = data[at:end].strip()
        at = end + 1
        word, _, rest = line.partition(b" ")
        if line.startswith(b"#"):
            comments.append(line[1:].removeprefix(b" ").decode("utf-8", "replace"))
        elif word == b"ENDHDR":
            break
        elif word in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"):
            values[word.decode()] = number(rest.strip(), word.decode(), name)
        elif word == b"TUPLTYPE" and b"CMYK" in rest:       # ImageMagick writes them; other names add nothing
            raise DeepDreamError(f"{name}: a PAM file of inks (CMYK); expected grey or red, green, blue; convert it to"
                                 " PPM")
        elif word and word != b"TUPLTYPE":
            raise damaged(name, f"the line {line[:20].decode('latin-1')!r} in the header", "one of a PAM file")
    if len(values) < 4:
        raise damaged(name, f"a header with {', '.join(values) or 'nothing'}", "WIDTH, HEIGHT, DEPTH, MAXVAL")
    width, height, depth, largest = (values[word] for word in ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL"))
    check_sides(width, height, name)
    if not 1 <= largest <= 65535:
        raise damaged(name, f"a MAXVAL of {largest}", "1 to 65535")
    if not 1 <= depth <= 4:
        raise DeepDreamError(f"{name}: {depth} samples a pixel; expected 1 to 4 (grey or colours, and alpha);"
                             " convert it to PPM")
    return Header(width, height, depth, largest, 7, at, "\n".join(comments))


def number(word: bytes, what: str, name: str) -> int:
    if not re.fullmatch(rb"[0-9]{1,9}", word):
        raise damaged(name, f"the {what} {word[:20].decode('latin-1')!r}", "a number")
    return int(word)


def check_sides(width: int, height: int, name: str) -> None:
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise DeepDreamError(f"{name}: {width} x {height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                             " make the picture smaller")


# ---- Samples ---------------------------------------------------------------------------------------------------------

def row_length(header: Header) -> int:
    """Bytes of a row of a binary kind."""
    if header.kind == 4:
        return (header.width + 7) // 8
    return header.width * header.channels * (1 if header.largest < 256 else 2)


def check_size(data: bytes, header: Header, name: str) -> None:
    """Raise DeepDreamError unless the file is long enough for such a picture: of decimal numbers, a digit each."""
    samples = header.width * header.height * header.channels
    needed = {1: samples, 2: 2 * samples - 1, 3: 2 * samples - 1}.get(header.kind, header.height * row_length(header))
    if len(data) - header.start < needed:
        raise damaged(name, f"the file is cut off: {max(0, len(data) - header.start)} bytes of pixels",
                      f"{needed} for {header.width} x {header.height} pixels")


def scaled_samples(data: bytes, header: Header, name: str) -> Iterator[bytes]:
    """The samples as 0 to 255, some whole rows at a time."""
    scale = scaler(header, name)
    if header.kind > 3:
        row = row_length(header)
        step = max(BLOCK // row, 1) * row
        end = header.start + row * header.height
        for at in range(header.start, end, step):
            yield scale(data[at:min(at + step, end)])
        return
    wanted = header.width * header.height * header.channels
    per_row = header.width * header.channels
    size = 1 if header.largest < 256 else 2
    rest = b""
    for samples in (decimal_bits if header.kind == 1 else decimal_samples)(data, header, name):
        rest += scale(samples[:size * (wanted - len(rest))])
        end = len(rest) // per_row * per_row
        if end:
            yield rest[:end]
            rest = rest[end:]
            wanted -= end
        if not wanted:
            return
    raise damaged(name, "the file is cut off: its numbers end before the picture does",
                  f"{header.width} x {header.height} pixels")


def scaler(header: Header, name: str) -> Callable[[bytes], bytes]:
    """The function from samples as stored to 0..255, to the nearest."""
    largest = header.largest
    if header.kind in (1, 4):               # 1 is black
        black = bytes((255, 0)) + bytes(254)
        if header.kind == 1:
            return lambda samples: samples.translate(black)
        row, width = row_length(header), header.width
        return lambda packed: b"".join(bytes(spread_bits(packed[at:at + row], 1)[:width])
                                       for at in range(0, len(packed), row)).translate(black)

    table = scale_table(largest)
    if largest < 256:
        allowed = bytes(range(largest + 1))

        def from_bytes(samples: bytes) -> bytes:
            if above := samples.translate(None, allowed):
                raise too_large(max(above), largest, name)
            return samples.translate(table)
        return (lambda samples: samples) if largest == 255 else from_bytes

    def from_words(samples: bytes) -> bytes:
        words = array("H", samples)
        if sys.byteorder == "little":
            words.byteswap()
        if largest < 65535 and (most := max(words, default=0)) > largest:
            raise too_large(most, largest, name)
        return bytes(map(table.__getitem__, words))
    return from_words


@functools.lru_cache(4)
def scale_table(largest: int) -> bytes:
    return bytes(min((510 * sample + largest) // (2 * largest), 255) for sample in range(max(largest + 1, 256)))


def too_large(sample: int, largest: int, name: str) -> DeepDreamError:
    return damaged(name, f"a sample of {sample}", f"at most {largest}, the maxval")


def text_blocks(data: bytes, header: Header) -> Iterator[bytes]:
    """The pixels of a decimal kind as text without comments, cut where no number is."""
    at, end = header.start, len(data)
    if data.find(b"#", at) >= 0:
        data = re.sub(rb"#[^\n\r]*", b"", data[at:])
        at, end = 0, len(data)
    while at < end:
        to = min(at + BLOCK // 4, end)
        space = re.compile(rb"[ \t\n\v\f\r]").search(data, to)
        to = space.end() if space else end
        yield data[at:to]
        at = to


def decimal_bits(data: bytes, header: Header, name: str) -> Iterator[bytes]:
    """P1: 0 and 1, with or without space between."""
    for text in text_blocks(data, header):
        digits = text.translate(None, b" \t\n\v\f\r")
        end = len(digits.lstrip(b"01"))         # what follows the pixels may be another picture
        yield digits[:len(digits) - end].translate(bytes(byte & 1 for byte in range(256)))
        if end:
            return


def decimal_samples(data: bytes, header: Header, name: str) -> Iterator[bytes]:
    """P2 and P3: as a binary file of the same maxval would hold them."""
    for text in text_blocks(data, header):
        bad = re.search(rb"[^0-9 \t\n\v\f\r]|[0-9]{10}", text)      # a long number would take long as well
        numbers = list(map(int, (text[:bad.start()] if bad else text).split()))
        most = max(numbers, default=0)
        if most > header.largest:
            raise too_large(most, header.largest, name)
        if header.largest < 256:
            yield bytes(numbers)
        else:
            words = array("H", numbers)
            if sys.byteorder == "little":
                words.byteswap()
            yield words.tobytes()
        if bad:
            return
