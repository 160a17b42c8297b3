"""The picture that is shipped, cat_dog224.bmp: a cat and a dog in front of a landscape, 224 x 224.

Everything is drawn: sky, clouds, mountains, a lake, trees, a meadow with flowers, a tabby and a golden
retriever. The picture is meant for dreaming: a smooth sky, soft hills, fur and grass give each layer
something to hold on to.
"""

import math

import numpy as np

from train.drawings.beasts import Beast, beast, stripes, two
from train.drawings.brushes import (
    BLACK,
    WHITE,
    Blend,
    Canvas,
    cloud,
    dim,
    foliage,
    glow,
    grass,
    limb,
    linear,
    mix,
    rgb,
    ripples,
    smooth,
    specks,
    step,
    tree,
)
from train.sheet import write

SIDE = 224
SEED = 4


def write_picture(path, seed=None):
    """Draw the picture and write it as a BMP file."""
    write(path, scene(SEED if seed is None else seed))


def scene(seed, side=SIDE):
    """The picture as (side, side, 3) uint8, R G B."""
    canvas = Canvas(side, seed)
    canvas.set_light(-.55, -.6, .6)
    with canvas.at(0, 0, side / 160):
        landscape(canvas)
        cat(canvas, 48, 100, 47)
        dog(canvas, 110, 90, 58)
        near_grass(canvas)
        canvas.flood(linear(0, 0, 160, 160, [rgb(255, 244, 214), rgb(120, 130, 175)]), alpha=.35,
                     mode=Blend.kSoftLight)
    return np.ascontiguousarray(canvas.pixels())


def landscape(canvas):
    """Sky, mountains, a lake, woods and a meadow."""
    canvas.rect(0, 0, 160, 160, linear(0, 0, 0, 84, [rgb(70, 128, 200), rgb(146, 190, 228),
                                                     rgb(238, 230, 214)]))
    glow(canvas, 20, 16, 60, rgb(255, 238, 190), .7)
    for x, y, w, h in ((112, 24, 26, 14), (64, 34, 17, 8), (150, 46, 20, 9), (24, 48, 12, 5)):
        cloud(canvas, x, y, w, h, rgb(255, 252, 246), 18, .4)
    for base, high, tone in ((80, 44, rgb(150, 168, 196)), (84, 26, rgb(118, 146, 158)),
                             (88, 13, rgb(92, 128, 104))):
        ridge(canvas, base, high, tone)
    lake(canvas, 84, 97)
    for _ in range(26):
        tree(canvas, canvas.uniform(-5, 165), canvas.uniform(95, 99), canvas.uniform(9, 19),
             canvas.tint(115, .45, .34, 22),
             kind=canvas.pick("round", "fir"))
    canvas.rect(0, 97, 160, 160, linear(0, 97, 0, 160, [rgb(150, 172, 84), rgb(104, 146, 58),
                                                        rgb(58, 94, 38)]))
    for y in np.linspace(98, 158, 14):
        grass(canvas, -5, 165, y - 3, y + 4, canvas.tint(86, .55, .52, 14), 110, 1.5 + (y - 96) * .12,
              .5 + (y - 96) * .012)
    flowers(canvas, 100, 158, 160)
    oak(canvas, 152, 122)


def ridge(canvas, base, high, tone):
    """A mountain ridge with a sunny and a shady side."""
    x = np.linspace(-12, 172, 12)
    y = base - high * np.abs(canvas.rng.normal(.55, .25, 12))
    canvas.fill(smooth([(-20, 170)] + list(zip(x, y)) + [(180, 170)]),
                linear(0, base - high, 0, base, [dim(tone, 1.12), tone]))


def oak(canvas, x, y):
    """The tree at the right edge: a trunk and a crown of many small leaves."""
    bark = rgb(96, 72, 52)
    canvas.fill(limb([(x, y), (x - 1, y - 20), (x + 2, y - 46)], [9, 6.5, 5]),
                linear(x - 5, y, x + 5, y, [dim(bark, 1.4), dim(bark, .6)]))
    for dx, dy, rx, ry in ((6, -58, 26, 18), (-14, -62, 22, 15), (10, -78, 25, 17), (-8, -86, 22, 15),
                           (4, -100, 17, 10)):
        foliage(canvas, x + dx, y + dy, rx, ry, canvas.tint(92, .58, .5, 8, .08, .06), 260, 3.4)


def lake(canvas, top, foot):
    """A lake between the hills and the meadow."""
    canvas.rect(0, top, 160, foot, linear(0, top, 0, foot, [rgb(196, 214, 226), rgb(112, 158, 196)]))
    ripples(canvas, 0, top, 160, foot, rgb(150, 185, 210), 30, 22)


def flowers(canvas, top, foot, n):
    """Small flowers in the meadow, larger when near."""
    y = np.sort(canvas.spread(0, 1, n) ** .8 * (foot - top) + top)
    x = canvas.spread(0, 160, n)
    colours = np.array((rgb(250, 246, 236), rgb(246, 206, 70), rgb(214, 92, 116), rgb(156, 110, 196)))
    tones = colours[canvas.rng.integers(0, 4, n)]
    r = .35 + (y - top) * .022
    for k in range(5):
        turn = 2 * math.pi * k / 5
        specks(canvas, x + r * np.cos(turn), y + .7 * r * np.sin(turn), r * .75, tones)
    specks(canvas, x, y, r * .6, rgb(240, 190, 60))


def cat(canvas, x, y, half):
    """A sitting tabby, looking at us."""
    coat, cream = rgb(158, 122, 88), rgb(240, 226, 206)
    striped = stripes(canvas, coat, rgb(66, 46, 34), 9, .4)
    face = two(stripes(canvas, coat, rgb(70, 48, 36), 7, .36, .7), cream, lambda px, py,
               pz: step(py - .28 + .2 * abs(pz), .07))
    animal = Beast(coat=two(striped, cream, lambda px, py, pz: step(px - .52, .1)), face=face, muzzle=cream,
                   legs=striped,
                   ears="point", ear=coat, ear_size=.62, snout=.05, snout_width=.4, skull=(.95, .9, 1.0),
                   cheeks=.3, iris=rgb(128, 176, 64),
                   pupil="slit", eye_size=.17, eye_out=.47, eye_up=.1, nose=(196, 118, 116), nose_size=.12,
                   whiskers=True,
                   mouth=0, head=.25, chest=.28, waist=.25, hip=.27, leg=.5, leg_width=.07, tail_length=.9,
                   hair=.15)
    with canvas.at(x, y, half):
        beast(canvas, animal, "sit")


def dog(canvas, x, y, half):
    """A sitting golden retriever."""
    gold = rgb(214, 164, 92)
    animal = Beast(coat=gold, ear=dim(gold, .82), ears="flop", snout=.66, snout_width=.5, hair=.24, curl=.1,
                   tail="bush", mouth=1,
                   muzzle=mix(gold, WHITE, .25), head=.27, cheeks=.25)
    with canvas.at(x, y, half, flip=True):
        canvas.light[0] *= -1
        beast(canvas, animal, "sit")
        canvas.light[0] *= -1


def near_grass(canvas):
    """Blades and flowers in front, over the paws."""
    canvas.oval(80, 152, 90, 9, BLACK, alpha=.15, blur=5)
    for y in (146, 152, 160):
        grass(canvas, -5, 165, y - 2, y + 6, canvas.tint(92, .6, .46, 10), 120, 9, 1.1)
    flowers(canvas, 148, 160, 26)
