"""Contact sheets: what the classes look like."""

import zlib

import numpy as np

from train.drawings.scenes import draw, draw_alone


def tiles_of(indices, each, seed, size=160, alone=False):
    """`each` pictures of every class: a list of (size, size, 3) arrays; alone: without scene and camera."""
    make = draw_alone if alone else draw
    return [make(index, seed + 1000 * index + k, size) for index in indices for k in range(each)]


def sheet_of(tiles, columns):
    """The tiles as one picture (h, w, 3); empty places are black."""
    tiles = list(tiles)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i:i + columns], 1) for i in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def write_png(path, picture):
    """Write (h, w, 3) uint8 as a PNG file."""
    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    h, w, _ = picture.shape
    rows = np.concatenate([np.zeros((h, 1), np.uint8), np.ascontiguousarray(picture).reshape(h, 3 * w)], 1)
    header = w.to_bytes(4, "big") + h.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                   + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b""))
