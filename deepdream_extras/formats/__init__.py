"""Picture formats beside BMP, each a module of this folder, and what they share.

A reader is decode(data, name) -> Decoded, a writer encode(picture, extras) -> bytes. What a reader gives is as stored:
`composed` and `upright` then make of it what is to be seen.
"""

from __future__ import annotations

import struct
import sys
from types import ModuleType

from deepdream import Decoded, Extras, byte_lanes

__all__ = ["Decoded", "Extras", "composed", "exif_orientation", "upright"]


# Pixels from which on machine code is asked for: to find out whether it may be used takes some time. Where that is
# known, from a 64th of it on.
WORTH = 2 ** 16


def faster(pixels: int) -> ModuleType | None:
    """The module bytework, which has the slow steps of the formats as machine code with the same results; None where
    that cannot be used, or is not worth it for so few pixels."""
    known = "deepdream_extras.simd" in sys.modules
    if pixels < (WORTH // 64 if known else WORTH):
        return None
    from .. import simd
    if simd.unavailable():
        return None
    from . import bytework
    return bytework


# ---- Alpha -----------------------------------------------------------------------------------------------------------

STRETCH = 4096      # pixels composed at a time: integers that stay in the cache


def composed(decoded: Decoded, background: tuple[int, int, int] = (255, 255, 255)) -> Decoded:
    """`decoded` without alpha: its colours laid on `background` (blue, green, red); its own pixels are written to.

    A level becomes (level * alpha + background * (255 - alpha)) / 255, to the nearest.
    """
    if decoded.alpha is None:
        return decoded
    pixels = decoded.pixels
    solid = bytes(background) * STRETCH
    for at in range(0, len(decoded.alpha), STRETCH):
        alpha = decoded.alpha[at:at + STRETCH]
        count = len(alpha)
        if alpha.count(255) == count:
            continue
        if alpha.count(0) == count:
            pixels[3 * at:3 * (at + count)] = solid[:3 * count]
            continue
        masks = alpha_masks(alpha)
        for channel, behind in enumerate(background):
            part = slice(3 * at + channel, 3 * (at + count), 3)
            pixels[part] = blend(pixels[part], alpha, masks, behind)
    return decoded._replace(alpha=None)


# Lanes of 16 bits, one a pixel: a product of two lanes is the sum of one factor's shifts, masked by the other's bits.

def alpha_masks(alpha: bytes | bytearray) -> list[int]:
    """For each bit of alpha, the lowest first: lanes that are 0xffff where it is set."""
    ones, wide = int.from_bytes(b"\1\0" * len(alpha), "little"), byte_lanes(alpha, 2)
    return [(wide >> bit & ones) * 0xffff for bit in range(8)]


def blend(levels: bytes | bytearray, alpha: bytes | bytearray, masks: list[int], behind: int) -> bytes:
    """One channel on a background of `behind`; n / 255 to the nearest is (m + (m >> 8)) >> 8 with m = n + 128."""
    wide, count = byte_lanes(levels, 2), len(levels)
    total = byte_lanes(alpha.translate(INVERTED), 2) * behind + int.from_bytes(b"\x80\0" * count, "little")
    for bit, mask in enumerate(masks):
        total += wide << bit & mask
    upper = bytearray(2 * count)
    upper[::2] = total.to_bytes(2 * count, "little")[1::2]
    return (total + int.from_bytes(upper, "little")).to_bytes(2 * count, "little")[1::2]


INVERTED = bytes(range(255, -1, -1))


# ---- Orientation -----------------------------------------------------------------------------------------------------

def upright(decoded: Decoded) -> Decoded:
    """`decoded` turned and mirrored as its orientation asks; `decoded` itself where nothing is to be done.

    Source of the numbers: Exif 2.32 (CIPA DC-008), tag 274: 2 mirrored, 3 upside down, 4 both, 5 to 8 the same with
    rows and columns exchanged.
    """
    width, height, orientation = decoded.width, decoded.height, decoded.orientation
    if not 2 <= orientation <= 8:
        return decoded

    def turned(planes: bytearray, size: int) -> bytearray:
        if orientation > 4:     # a row is a column then: of 6 and 7 from the bottom, of 7 and 8 the rightmost first
            return columns(planes, width, height, size, orientation in (6, 7), orientation in (7, 8))
        return rows(planes, width, size, orientation in (2, 3), orientation in (3, 4))

    alpha = None if decoded.alpha is None else turned(decoded.alpha, 1)
    sides = (height, width) if orientation > 4 else (width, height)
    return decoded._replace(width=sides[0], height=sides[1], pixels=turned(decoded.pixels, 3), alpha=alpha,
                            orientation=1)


def rows(pixels: bytearray, width: int, size: int, mirrored: bool, upwards: bool) -> bytearray:
    """The rows of a picture with `size` bytes a pixel, each `mirrored`, and from the bottom if `upwards`."""
    result = bytearray(len(pixels))
    length = width * size
    to = len(pixels) - length if upwards else 0
    for at in range(0, len(pixels), length):
        row = pixels[at:at + length]
        if mirrored:
            for channel in range(size):
                result[to + channel:to + length:size] = row[channel::size][::-1]
        else:
            result[to:to + length] = row
        to += -length if upwards else length
    return result


def columns(pixels: bytearray, width: int, height: int, size: int, upwards: bool, backwards: bool) -> bytearray:
    """The columns of a picture as rows, each from the bottom if `upwards`, the rightmost first if `backwards`."""
    result = bytearray(len(pixels))
    length = height * size
    for x in range(width):
        to = (width - 1 - x if backwards else x) * length
        for channel in range(size):
            column = pixels[x * size + channel::width * size]
            result[to + channel:to + length:size] = column[::-1] if upwards else column
    return result


def exif_orientation(exif: bytes) -> int:
    """The orientation in EXIF data, which is a small TIFF file; 1 where it says nothing that can be used."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(exif[:4]))
    if order is None or len(exif) < 8:
        return 1
    start, = struct.unpack_from(order + "I", exif, 4)
    if start + 2 > len(exif):
        return 1
    count, = struct.unpack_from(order + "H", exif, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, number, value = struct.unpack_from(order + "HHIH", exif, at)
        if (tag, kind, number) == (274, 3, 1):
            return value if 1 <= value <= 8 else 1
    return 1
