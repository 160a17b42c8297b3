"""Contact sheets: what the classes look like."""

import numpy as np

import deepdream
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


def write(path, picture):
    """Write (h, w, 3) uint8, R G B, as a picture file of the name's format."""
    h, w, _ = picture.shape
    deepdream.write_picture(path, deepdream.Picture(w, h, bytearray(picture[..., ::-1].tobytes())))
