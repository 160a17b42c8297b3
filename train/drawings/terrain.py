"""Terrain: mountains, coasts and valleys as a field of heights seen from a point above the ground.

    land = Land(canvas)                                       # noise of this picture
    haze = sky(canvas, 70)
    terrain(canvas, lambda x, d: land.ridges(x, d, 6) * 3, ground, eye=1.5, horizon=70, haze=haze)

x goes right, d away from the viewer, heights up, in the same unit; the sheet is 0..160. The field is sampled
on slices of equal d and painted from the far ones to the near ones: about 5 ms.
"""

import numpy as np

from train.drawings.brushes import mix

SLICES, COLUMNS = 80, 110


class Land:
    """Random heights: smooth noise of mean 0 (hills) and sharp ridges of 0..1, on an endless grid of 64."""

    def __init__(self, canvas):
        self.grid = canvas.rng.uniform(-1, 1, (64, 64))

    def noise(self, x, d):
        """Noise that changes over the distance 1."""
        x, d = np.broadcast_arrays(x, d)
        i, j = np.floor(x).astype(int), np.floor(d).astype(int)
        s, t = x - i, d - j
        s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
        i, i1, j, j1 = i & 63, (i + 1) & 63, j & 63, (j + 1) & 63
        near = self.grid[j, i] * (1 - s) + self.grid[j, i1] * s
        return near * (1 - t) + (self.grid[j1, i] * (1 - s) + self.grid[j1, i1] * s) * t

    def hills(self, x, d, size, octaves=4):
        """Rolling heights: each octave half as large and half as high."""
        return sum(self.noise(x / size * 2 ** k + 7 * k, d / size * 2 ** k) / 2 ** k for k in range(octaves))

    def ridges(self, x, d, size, octaves=5):
        """Mountains with sharp crests, 0..1."""
        total, weight = 0.0, 1.0
        for k in range(octaves):
            crest = (1 - np.abs(self.noise(x / size * 2 ** k + 7 * k, d / size * 2 ** k))) ** 2
            total, weight = total + crest * weight / 2 ** k, np.clip(crest, .2, 1)
        return np.clip(total / 1.75 - .12, 0, None)


def terrain(canvas, height, colour, eye, horizon, haze, near=1.0, far=30.0, spread=.8, fog=.03):
    """Paint the land height(x, d) below the sky.

    colour(x, d, h, flat) -> (slices, columns, 3), flat = 1 on level ground, 0 on a wall; eye: height of the
    viewer; horizon: its place on the sheet; fog: share of the haze per unit of distance.
    """
    d = np.geomspace(far, near, SLICES)[:, None]
    x = np.linspace(-spread, spread, COLUMNS) * d
    h = height(x, d) + 0 * x
    across = np.gradient(h, axis=1) / (2 * spread * d / (COLUMNS - 1))
    away = np.gradient(h, d[:, 0], axis=0)
    flat = 1 / np.sqrt(1 + across ** 2 + away ** 2)
    lx, ly, lz = canvas.light
    lit = .5 + .75 * np.clip((-across * lx - ly + away * lz) * flat, 0, 1)
    tone = np.clip(colour(x, d, h, flat) * lit[..., None], 0, 255)
    tone = mix(tone, np.asarray(haze, float), (1 - np.exp(-fog * d))[..., None])
    top = horizon + 80 / spread * (eye - h) / d
    rows = 1.6 * (np.arange(100) + .5)[:, None]
    image, alpha = np.zeros((100, COLUMNS, 3)) + tone[0].mean(0), np.zeros((100, COLUMNS))
    for k in range(SLICES):
        below = rows >= top[k]
        np.copyto(image, tone[k], where=below[..., None])
        alpha[below] = 255
    canvas.picture(np.dstack([image, alpha]), 0, 0, 160, 160)


def ground(canvas, land, snow=99.0, green=None, rock=None):
    """The usual colours of land: grass and woods below, rock where it is steep, snow above `snow`."""
    green = canvas.tint(canvas.pick(95, 85, 70, 110), .5, .45, 12, .12, .12) if green is None else green
    rock = canvas.tint(canvas.pick(30, 210, 25), .16, .5, 15, .08, .12) if rock is None else rock
    wood = mix(green, (20, 45, 25), .65)

    def colour(x, d, h, flat):
        patch = land.noise(x * 1.7, d * 1.7) + .5 * land.noise(x * 6, d * 6)
        tone = np.where((patch > .1)[..., None], wood,
                        green) * (1 + .12 * land.noise(x * 9, d * 9))[..., None]
        tone = np.where((flat + .1 * patch < .72)[..., None], rock * (1 + .25 * patch[..., None]), tone)
        high = h > snow * (.55 + .1 * patch)
        tone = np.where(high[..., None], rock * (1 + .2 * patch[..., None]), tone)
        white = (h + .25 * patch > snow) & (flat > .38)
        return np.where(white[..., None], (246, 248, 252), tone)
    return colour
