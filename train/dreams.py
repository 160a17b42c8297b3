"""Contact sheets of dreams, made by deepdream's own engine: what one looks at before choosing weights.

One row for each picture, one column for each layer. Besides BMP files there are pictures by name: cat_dog
(the one that is shipped), sky (a smooth gradient), dark and noise, on which a network shows what it holds by
itself.
"""

import sys
import time

import numpy as np

import deepdream

SIDE = 224


def starting_picture(name):
    """A Picture for a name or a path."""
    ramp = np.linspace(0, 1, SIDE)[:, None, None] * np.ones((1, SIDE, 1))
    rng = np.random.default_rng(0)
    if name == "cat_dog":
        return deepdream.read_picture(deepdream.data_file("cat_dog224.bmp"))
    if name == "sky":
        pixels = np.array((214, 150, 92)) * (1 - ramp) + np.array((236, 222, 202)) * ramp       # B G R
    elif name == "dark":
        pixels = np.array((34, 24, 22)) * (1 - ramp) + np.array((14, 18, 30)) * ramp
    elif name == "noise":
        pixels = np.array((117, 117, 117)) + rng.normal(0, 12, (SIDE, SIDE, 3))
    else:
        return deepdream.read_picture(name)
    return deepdream.Picture(SIDE, SIDE, bytearray(np.clip(pixels + .5, 0, 255).astype(np.uint8).tobytes()))


def layer_name(short):
    """'4c' -> 'inception_4c_output'."""
    return f"inception_{short}_output" if len(short) == 2 else short


def dream_sheet(weights, inputs, layers, octaves=3, steps=20, size=0, jobs=None):
    """The sheet as an array (h, w, 3), R G B: a row for each picture, the picture itself first."""
    network = deepdream.load(weights, jobs=jobs)
    rows = []
    for name in inputs:
        picture, row = starting_picture(name), []
        recipe = deepdream.Recipe(octaves=octaves, steps=steps)
        side = size or recipe.sizes(picture.width, picture.height)[-1][0]
        row.append(fitted(picture, side))
        for layer in layers:
            start = time.monotonic()
            dreamt = deepdream.dream(network, picture, recipe._replace(layer=layer_name(layer)))
            row.append(fitted(dreamt, side))
            print(f"{name} {layer} {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
        rows.append(np.concatenate(row, 1))
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


def fitted(picture, width):
    """A Picture as an array (h, width, 3), R G B, bilinearly scaled to this width."""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)[..., ::-1]
    height = round(picture.height * width / picture.width)
    if (height, width) == pixels.shape[:2]:
        return pixels
    y = np.clip((np.arange(height) + .5) * picture.height / height - .5, 0, picture.height - 1)
    x = np.clip((np.arange(width) + .5) * picture.width / width - .5, 0, picture.width - 1)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    bottom, right = np.minimum(top + 1, picture.height - 1), np.minimum(left + 1, picture.width - 1)
    fy, fx = (y - top)[:, None, None], (x - left)[None, :, None]
    p = pixels.astype(float)
    mixed = ((p[top][:, left] * (1 - fx) + p[top][:, right] * fx) * (1 - fy)
             + (p[bottom][:, left] * (1 - fx) + p[bottom][:, right] * fx) * fy)
    return np.clip(mixed + .5, 0, 255).astype(np.uint8)
