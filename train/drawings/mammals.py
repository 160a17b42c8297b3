"""Mammals other than dogs: cats, bears, hoofed animals, rodents, apes.

Coordinates of coats as in dogs.py: the head in skull radii (x forward, y down, z sideways), the body from the
hip (x = -.5) to the shoulder (x = .5) and from the back (y = -.3) to the belly (.3); the tail lies at x <
-.6. Left out: young ones, rare colours, riders and tack.
"""

import math

import numpy as np

from train.drawings.beasts import Beast, beast, dapples, individual, patches, saddle, stripes, two, waves
from train.drawings.brushes import dim, eye, hairs, hsv, mix, rgb, rod, step
from train.drawings.clay import Coat, rotation
from train.drawings.dogs import around, below, blaze, cloud_of, fringe, marked, ragged, wrinkles
from train.drawings.registry import drawing

WHITE, BLACK = rgb(238, 236, 232), rgb(32, 30, 32)
STANDING = ('portrait', 'portrait', 'portrait', 'stand', 'stand', 'walk', 'walk', 'run',
            'graze')      # hoofed animals
CROUCHING = ('portrait', 'portrait', 'sit', 'sit', 'lie', 'stand')                # small ones


# ---- Helpers -----------------------------------------------------------------------------------------------
# Individuals differ a little; coats and parts that several species share.

def mammal(canvas, coat, **build):
    """Paint an animal of this coat; `build` overrules the fields of Beast."""
    kind = Beast(coat=coat, **{'mouth': .12, 'hair': .14, 'eye_size': .11, **build})
    return beast(canvas, individual(canvas, kind, head=.05, snout=.05, leg=.06, chest=.06, waist=.08, hair=.1,
                                    ear_size=.06))


def rosettes(canvas, base, ring, heart, size=.12):
    """Blotches with a paler heart, as on leopards."""
    field = waves(canvas, size, 8)
    return marked(base, (ring, lambda x, y, z: step(field(x, y, z) - .15, .08)),
                  (heart, lambda x, y, z: step(field(x, y, z) - .95, .08)))


def tabby_face(base, dark, pale):
    """Lines on the forehead and over the cheeks, pale chin."""
    return marked(base, (dark, lambda x, y, z: step(np.cos(11 * z) - .35, .2) * step(-.32 - y, .08)),
                  (dark, lambda x, y, z: step(np.sin(10 * y - 6 * x) - .3, .2) * step(abs(z) - .52, .06)),
                  (pale, lambda x, y, z: step(y - .42, .1)))


def rings(base, dark, count=16.0):
    """The coat with dark rings around legs or tail: along y for legs (count > 20), along x for the tail."""
    return two(base, dark, lambda x, y, z: step(np.sin(count * (y if count > 20 else x)) - .25, .2))


def horns(points, radii, flat=1.0):
    """A `build` for Beast: a pair of horns along points in skull radii."""
    def build(canvas, head, shoulder, hip):
        for side in (1, -1):
            head.limb('horn', np.asarray(points, float) * (1, 1, side), radii, flat)
    return build


def crest(canvas, head, shoulder, width=.08, rise=.03):
    """The upright or falling mane of a horse along its neck: parts 'crest'."""
    origin, matrix = head.clay.frames[head.frame]
    top = origin + matrix @ (np.array((-.35, -.75, 0)) * head.unit)
    low = shoulder + (-.08, -.3, 0)
    bulge = (top + low) / 2 + (-.05, -rise - .03, 0)
    head.clay.limb('crest', [top + matrix @ (np.array((.6, -.05, 0)) * head.unit), top, bulge, low],
                   [width * .7, width, width * 1.2, width * .8], 0, .5)


def hanging_tail(canvas, head, hip, length=.6, width=.07):
    """A tail of long hair that hangs from the rump: part 'switch'."""
    sway = canvas.normal(.1)
    start = hip + (-.24, -.14, 0)
    head.clay.limb('switch', [start, start + (-.14, .1, 0), start + (-.17, .1 + length * .5, sway),
                              start + (-.15, .1 + length, sway * 1.4)],
                              [width * .6, width, width * 1.2, width * .5])


# ---- Cats --------------------------------------------------------------------------------------------------

def cat(canvas, coat, **build):
    """A domestic cat: round skull, short snout, slit pupils, long tail."""
    look = {'skull': (.92, .9, .98), 'snout': .22, 'snout_width': .38, 'snout_drop': .28, 'nose_size': .12,
            'nose': rgb(190, 120, 112), 'ears': 'point', 'ear_size': .66, 'inner_ear': rgb(212, 165, 155),
            'eye_size': .2, 'eye_out': .58, 'eye_up': .08, 'pupil': 'slit', 'whiskers': True, 'mouth': .06,
            'iris': canvas.pick(hsv(75, .6, .75), hsv(48, .75, .85), hsv(100, .5, .65)), 'cheeks': .35,
            'head': .24, 'chest': .26, 'waist': .22, 'hip': .25, 'leg': .42, 'leg_width': .07, 'neck': .32,
            'neck_width': .17, 'tail': 'curve', 'tail_length': .95, 'hair': .13,
            'poses': ('portrait', 'portrait', 'portrait', 'stand', 'walk', 'sit', 'sit', 'lie'), **build}
    return mammal(canvas, coat, **look)


@drawing(281, 'tabby', 'pet')
def tabby(canvas):
    base = canvas.pick(canvas.tint(32, .25, .55), canvas.tint(26, .6, .75), canvas.tint(40, .1, .62))
    dark, pale = dim(base, .38), mix(base, WHITE, .6)
    cat(canvas, rings(stripes(canvas, base, dark, 9, .38), dark, 15), face=tabby_face(base, dark, pale),
        muzzle=pale, legs=rings(base, dark, 34), ear=dim(base, .75), hair=.19, cheeks=.55, chest=.29, waist=.26,
        hip=.28, ear_size=.6, tail='bush')


@drawing(283, 'Persian cat', 'pet')
def persian_cat(canvas):
    coat = canvas.pick(canvas.tint(40, .05, .95), canvas.tint(40, .05, .95), canvas.tint(28, .5, .82),
                       canvas.tint(220, .1, .5), rgb(52, 48, 50))
    cat(canvas, coat, head=.29, skull=(.82, .95, 1.08), snout=.05, snout_width=.36, snout_drop=.18,
        cheeks=1.0, eye_size=.22, eye_up=.02, ear_size=.42, hair=.5, face_hair=.6, hair_width=.035, dense=.36,
        chest=.32, waist=.3, leg=.28, mane=mix(coat, WHITE, .2), mane_length=.8, tail='bush', tail_length=.7,
        iris=canvas.pick(hsv(30, .85, .85), hsv(40, .8, .85), hsv(205, .6, .9)), pupil='round')


@drawing(284, 'Siamese cat', 'pet')
def siamese_cat(canvas):
    cream, seal = canvas.tint(38, .18, .9, 5, .06, .05), canvas.pick(rgb(58, 42, 36), rgb(110, 100, 108),
                                                                     rgb(90, 62, 48))
    face = two(cream, seal, lambda x, y, z: step(x - .38 + .3 * abs(y), .16))
    coat = two(cream, seal, lambda x, y, z: step(-x - .68, .08))
    cat(canvas, coat, face=face, muzzle=seal, ear=seal, legs=two(cream, seal, below(.45, .16)), ear_size=.8,
        skull=(.95, .85, .85), snout=.42, snout_width=.32, nose=rgb(48, 36, 36), hair=.05,
        inner_ear=dim(seal, 1.6), iris=canvas.tint(208, .62, .95), chest=.23, waist=.19, leg=.48, tail='thin',
        neck=.38)


@drawing(285, 'Egyptian cat', 'pet')
def egyptian_cat(canvas):
    base = canvas.pick(canvas.tint(35, .12, .72), canvas.tint(32, .32, .66), canvas.tint(220, .04, .6))
    dark = dim(base, .3)
    cat(canvas, dapples(canvas, base, dark, .085, .25), face=tabby_face(base, dark, mix(base, WHITE, .4)),
        muzzle=mix(base, WHITE, .35), legs=dapples(canvas, base, dark, .06, .25), ear=base, ear_size=1.05,
        skull=(.95, .82, .84), snout=.36, snout_width=.33, eye_size=.21, hair=.05, iris=canvas.tint(82, .6, .8),
        chest=.23, waist=.18, leg=.5, tail='thin', neck=.4, inner_ear=rgb(205, 150, 140))


@drawing(287, 'lynx', 'beast')
def lynx(canvas):
    base = canvas.tint(30, .3, .62)
    dark, pale = dim(base, .4), mix(base, WHITE, .7)

    def tufts(canvas, clay, frame):
        for side in (-1, 1):
            points = np.array((-.35, -1.75, side * .75)) + canvas.rng.normal(0, .04, (9, 3))
            places = np.array([clay.project(p * .25, frame) for p in points])
            hairs(canvas, places[:, 0], places[:, 1], canvas.rng.normal(-1.57 + .15 * side, .12, 9),
                  .14 * clay.scale, BLACK, .014 * clay.scale, .05)
        fringe(canvas, clay, frame, .25, cloud_of(canvas, 90, (.0, .45, .95), (.3, .3, .1)), .85, pale, .05,
               .3)
    cat(canvas, dapples(canvas, base, dark, .11, .2), face=tabby_face(base, dark, pale), muzzle=pale,
        ear=dark, legs=dapples(canvas, base, dark, .09, .2), snout=.4, snout_width=.48, nose_size=.17,
        ear_size=.85, eye_size=.15, cheeks=.8, hair=.2, head=.25, chest=.33, waist=.27, hip=.31, leg=.6,
        leg_width=.1, tail='stub', pupil='round', iris=canvas.tint(48, .6, .75), extra=tufts)


def big_cat(canvas, coat, **build):
    """Leopard, lion, tiger: heavy muzzle, small round ears, round pupils, strong legs."""
    look = {'skull': (1, .88, .92), 'snout': .46, 'snout_width': .5, 'snout_drop': .25, 'nose_size': .26,
            'nose': rgb(150, 86, 80), 'ears': 'round', 'ear_size': .45, 'eye_size': .125, 'eye_out': .5,
            'eye_up': .2, 'pupil': 'round', 'iris': canvas.tint(45, .7, .75), 'head': .24, 'chest': .32,
            'waist': .27, 'hip': .28, 'leg': .45, 'leg_width': .1, 'neck': .36, 'neck_up': 30,
            'neck_width': .2,
            'tail_length': 1.05, 'hair': .08, 'mouth': .25, 'cheeks': .45, **build}
    return cat(canvas, coat, **look)


@drawing(288, 'leopard', 'beast')
def leopard(canvas):
    gold = canvas.tint(36, .55, .82, 5)
    coat = rosettes(canvas, saddle(gold, mix(gold, WHITE, .7), .2), BLACK, dim(gold, .72), .15)
    face = marked(dapples(canvas, gold, BLACK, .17, .26), (mix(gold, WHITE, .8), below(.5)))
    big_cat(canvas, coat, face=face, muzzle=dapples(canvas, saddle(gold, mix(gold, WHITE, .8), .3, .15),
                                                    BLACK, .12, .1), ear=BLACK, inner_ear=dim(gold, 1.1),
            legs=dapples(canvas, gold, BLACK, .07, .3))


@drawing(291, 'lion', 'beast')
def lion(canvas):
    tawny = canvas.tint(36, .48, .76, 4)
    hair = canvas.pick(canvas.tint(24, .6, .42), canvas.tint(30, .6, .6), rgb(62, 44, 34))
    male = canvas.chance(.88)

    def mane(canvas, head, shoulder, hip):
        head.ball('ruff', (-.42, .15, 0), (.6, 1.55, 1.45))
        head.ball('mane', (-.5, 1.2, 0), (.65, 1.0, .95))
        head.clay.ball('mane', shoulder + (.1, -.02, 0), (.36, .42, .33))
    ruff = Coat(lambda x, y, z: mix(hair, tawny, .25 + .35 * np.sin(9 * np.arctan2(y, z))[:, None] ** 2), .15,
                .016,
                lambda x, y, z: np.stack([x * 0 - .05, y + .02, z], 1), dense=.5, curl=.12, rough=.24)
    big_cat(canvas, tawny, face=marked(tawny, (mix(tawny, WHITE, .5), below(.5)),
                                       (mix(tawny, WHITE, .5), around(.8, .12, .4, .16))),
            muzzle=saddle(tawny, mix(tawny, WHITE, .6), .3, .15), ear=tawny, head=.27, snout=.58,
            snout_width=.55, nose=rgb(96, 62, 58), ear_size=.55, chest=.36, tail='thin',
            hair=.06,
            build=mane if male else None, parts={'mane': ruff, 'ruff': ruff}, mouth=.3,
            poses=('portrait', 'portrait', 'stand', 'walk', 'lie', 'lie', 'sit'))


@drawing(292, 'tiger', 'beast')
def tiger(canvas):
    orange = canvas.pick(*[canvas.tint(26, .74, .86, 4)] * 8, canvas.tint(40, .06, .94))
    coat = saddle(orange, WHITE, .22)
    face = marked(orange, (WHITE, below(.4)), (WHITE, around(.75, -.4, .42, .24)),
                  (BLACK, lambda x, y, z: step(np.sin(13 * y - 5 * x) - .35, .15) * step(abs(z) - .5, .08)),
                  (BLACK, lambda x, y, z: step(np.sin(16 * y + 3 * abs(z)) - .3, .15) * step(-.42 - y, .08)))
    big_cat(canvas, stripes(canvas, rings(coat, BLACK, 14), BLACK, 8.5, .36, 1.6), face=face,
            muzzle=saddle(orange, WHITE, .18, .12), ear=BLACK, inner_ear=WHITE,
            legs=two(orange, BLACK, lambda x, y, z: step(np.sin(24 * y + 9 * x) - .55, .15)),
            head=.26, chest=.35, cheeks=.75, hair=.1)


# ---- Bears and pandas --------------------------------------------------------------------------------------

def bear(canvas, coat, **build):
    """Heavy body, small round ears, small eyes, stub tail."""
    look = {'ears': 'round', 'ear_size': .42, 'snout': .78, 'snout_width': .46, 'snout_drop': .26,
            'skull': (1, .95, 1), 'eye_size': .075, 'eye_out': .45, 'nose_size': .23, 'head': .27,
            'chest': .42,
            'waist': .4, 'hip': .4, 'leg': .42, 'leg_width': .135, 'neck': .36, 'neck_up': 22,
            'neck_width': .26,
            'tail': 'stub', 'hair': .26, 'hair_width': .035, 'face_hair': .6, 'iris': hsv(28, .6, .3),
            'cheeks': .6,
            'inner_ear': dim(coat, .7) if not callable(coat) else BLACK,
            'poses': ('portrait', 'portrait', 'stand', 'walk', 'walk', 'sit', 'lie', 'up'), **build}
    return mammal(canvas, coat, **look)


@drawing(294, 'brown bear', 'beast')
def brown_bear(canvas):
    brown = canvas.tint(26, .55, .42, 5, .1, .12)
    bear(canvas, saddle(mix(brown, WHITE, .12), dim(brown, .75), .0), legs=dim(brown, .65), face=brown,
         muzzle=mix(brown, rgb(200, 160, 110), .35), slope=.05, mouth=.3)


@drawing(296, 'ice bear', 'beast', places=('desert', 'desert', 'water', 'water', 'studio', 'stones',
                                           'open_sky'))
def ice_bear(canvas):
    cream = canvas.tint(45, .12, .95, 6, .05, .04)
    bear(canvas, cream, nose=rgb(26, 24, 28), snout=1.05, snout_width=.4, ear_size=.28, neck=.56, neck_up=18,
         leg=.5, nose_size=.27, head=.24,
         skull=(1.05, .85, .85), cheeks=.2, hair=.11, inner_ear=dim(cream, .8), eye_size=.08)


@drawing(388, 'giant panda', 'beast')
def giant_panda(canvas):
    ink = rgb(30, 28, 32)
    coat = two(WHITE, ink, lambda x, y, z: step(x - .3, .04) * step(.75 - x, .04))
    face = two(WHITE, ink, lambda x, y, z: step(.3 - np.hypot(np.hypot(x - .85, abs(z) - .5),
                                                             (y + .08 - .4 * (abs(z) - .5)) * .75), .05))

    def bamboo(canvas, clay, frame):
        if canvas.chance(.35):
            x, y, _ = clay.project((.42, .25, 0), frame)
            stem = canvas.tint(85, .6, .55)
            rod(canvas, x - .5, y + .3, x + .4, y - .25, .05, stem)
            n = 12
            hairs(canvas, x + canvas.spread(0, .4, n), y - canvas.spread(-.05, .25, n),
                  canvas.spread(-2, 1, n), .3,
                  canvas.vary(stem, n), .07, .1)
    bear(canvas, coat, face=face, muzzle=WHITE, legs=ink, ear=ink, inner_ear=ink, ear_size=.5, head=.33,
         skull=(.98, .95, 1.08), snout=.5, snout_width=.44, cheeks=.9, eye_size=.085, eye_out=.52, eye_up=.1,
         mane=WHITE, mane_length=.2, extra=bamboo,
         poses=('portrait', 'portrait', 'sit', 'sit', 'sit', 'walk', 'lie', 'up'))


@drawing(387, 'lesser panda', 'beast')
def lesser_panda(canvas):
    rust = canvas.tint(20, .72, .62, 5)
    coat = marked(rust, (BLACK, below(.1)), (mix(rust, WHITE, .45),
                                             lambda x, y, z: step(np.sin(15 * x), .2) * step(-x - .62, .04)))
    face = marked(rust, (WHITE, around(.75, -.42, .4, .2)), (WHITE, around(.5, .35, .8, .3)))
    mammal(canvas, coat, face=face, muzzle=WHITE, legs=rgb(44, 28, 26), ear=WHITE, inner_ear=rgb(70, 40, 34),
           ears='point', ear_size=.6, head=.29, skull=(.95, .9, 1.05), snout=.36, snout_width=.38, cheeks=.9,
           nose_size=.17, eye_size=.115, hair=.26, face_hair=.7, chest=.28, waist=.26, hip=.28, leg=.32,
           leg_width=.09, neck=.32, neck_width=.22, tail='bush', tail_length=1.0, whiskers=True,
           poses=('portrait', 'portrait', 'walk', 'stand', 'sit', 'lie', 'up'))


@drawing(105, 'koala', 'beast')
def koala(canvas):
    grey = canvas.tint(canvas.pick(30, 220), .08, .58, 20, .05, .08)

    def nose(canvas, head, shoulder, hip):
        head.ball('beak', (1.0, .18, 0), (.22, .46, .27))
        for side in (-1, 1):
            for k in range(3):
                head.ball('ear', (-.15, -.62 - .2 * k, side * (.95 + .1 * k)), (.2, .42, .42))
            head.ball('inner', (-.0, -.78, side * 1.1), (.14, .3, .3))
    if canvas.chance(.5):
        bark = canvas.tint(30, .25, .5)
        lean = canvas.normal(.2)
        rod(canvas, .35 + lean, 1.3, .35 - lean, -1.3, canvas.uniform(.3, .6), bark, .1)
    mammal(canvas, saddle(grey, mix(grey, WHITE, .7), .12),
           face=marked(grey, (mix(grey, WHITE, .5), below(.55))), muzzle=mix(grey, WHITE, .3),
           ear=mix(grey, WHITE, .15), inner_ear=WHITE, ears='none', build=nose,
           parts={'beak': Coat(rgb(44, 40, 44), gloss=.25)}, nose_size=.02, snout=.1, snout_width=.36,
           head=.33, skull=(.95, .98, 1.08), cheeks=.5, eye_size=.095, eye_out=.55, eye_up=.06,
           iris=hsv(25, .7, .35), hair=.22, dense=.4, chest=.32, waist=.33, hip=.34, leg=.34, leg_width=.1,
           neck=.28, neck_width=.25, tail='none', mouth=0,
           poses=('portrait', 'portrait', 'sit', 'sit', 'up', 'lie'))


# ---- Wild dogs, martens and other hunters ------------------------------------------------------------------

@drawing(277, 'red fox', 'beast')
def red_fox(canvas):
    rust = canvas.tint(20, .75, .78, 5)
    face = marked(rust, (WHITE, lambda x, y, z: step(y - .18 - .15 * (abs(z) < .4), .08)))
    coat = marked(rust, (WHITE, below(.2)), (WHITE, lambda x, y, z: step(-x - 1.12, .05)))
    snout = marked(rust, (WHITE, below(.24, .06)))
    mammal(canvas, coat, face=face, muzzle=snout, legs=marked(rust, (BLACK, below(.35))), ear=BLACK,
           inner_ear=rgb(225, 205, 190), ears='point', ear_size=.85, skull=(1, .85, .88), snout=.92,
           snout_width=.3, nose_size=.17, eye_size=.11, iris=hsv(38, .75, .75), pupil='slit', cheeks=.75,
           hair=.19, head=.22, chest=.25, waist=.2, hip=.22, leg=.5, leg_width=.06, neck=.36, neck_width=.17,
           tail='bush', tail_length=1.0, whiskers=True,
           poses=('portrait', 'portrait', 'stand', 'walk', 'run', 'sit', 'lie'))


@drawing(269, 'timber wolf', 'beast')
def timber_wolf(canvas):
    grey = canvas.tint(34, .24, .52, 8, .08, .12)
    pale, dark = mix(grey, WHITE, .78), dim(grey, .45)
    face = marked(grey, (pale, below(.2)), (pale, around(.8, -.42, .38, .16)),
                  (dark, lambda x, y, z: step(-.6 - y, .1)))
    mammal(canvas,
           ragged(marked(grey, (dark, lambda x, y, z: step(-.1 - y, .08)), (pale, below(.16))), .06, 17),
           face=face,
           muzzle=marked(grey, (pale, below(.25)), (pale, lambda x, y, z: step(abs(z) - .22, .05))),
           legs=pale, ear=mix(grey, rgb(120, 90, 60), .4), ears='point', ear_size=.58, inner_ear=pale,
           snout=1.0, snout_width=.37, cheeks=.7, eye_size=.1, iris=hsv(45, .7, .85), hair=.26, face_hair=.55,
           rough=.18, mane=mix(grey, WHITE, .2), mane_length=.6, head=.25, chest=.33, waist=.24, leg=.68,
           leg_width=.085, neck_up=28, tail='bush', tail_length=.8, mouth=.35,
           poses=('portrait', 'portrait', 'stand', 'walk', 'run', 'sit', 'lie'))


@drawing(299, 'meerkat', 'beast', many=.45)
def meerkat(canvas):
    sand = canvas.tint(34, .38, .7, 5)
    face = marked(sand, (rgb(44, 34, 28), around(.78, -.2, .5, .36)), (WHITE, below(.55)))
    coat = marked(sand, (dim(sand, .55), lambda x, y, z: step(np.sin(26 * x) - .4, .2) * step(-y - .02, .06)),
                  (mix(sand, WHITE, .5), below(.1)))
    mammal(canvas, coat, face=face, muzzle=mix(sand, WHITE, .35), ear=BLACK, inner_ear=BLACK, ears='round',
           ear_size=.34, ear_drop=.45, head=.21, skull=(1, .85, .88), snout=.72, snout_width=.3,
           nose_size=.15, eye_size=.13, hair=.12, chest=.19, waist=.2, hip=.23, leg=.3, leg_width=.055,
           neck=.26, neck_width=.14, tail='thin', tail_length=.9,
           poses=('up', 'up', 'up', 'up', 'portrait', 'portrait', 'walk', 'sit'))


@drawing(360, 'otter', 'beast', places=('water', 'water', 'stones', 'lawn', 'clutter', 'forest'))
def otter(canvas):
    brown = canvas.tint(26, .45, .43, 5)
    pale = mix(brown, rgb(210, 190, 165), .6)
    mammal(canvas, saddle(brown, pale, .12), face=marked(brown, (pale, below(.25))), muzzle=pale,
           legs=dim(brown, .8), ears='round', ear_size=.2, ear_drop=.45, head=.2, skull=(1.1, .78, .95),
           snout=.34, snout_width=.55, snout_drop=.2, nose_size=.22, eye_size=.1, eye_up=.3, whiskers=True,
           hair=.13, hair_width=.035, rough=.2, chest=.23, waist=.24, hip=.25, leg=.2, leg_width=.075,
           neck=.36, neck_width=.2, neck_up=35, tail='curve', tail_length=.9,
           poses=('portrait', 'portrait', 'up', 'lie', 'stand', 'walk', 'sit'))


@drawing(361, 'skunk', 'beast')
def skunk(canvas):
    ink, gap = rgb(30, 28, 30), canvas.uniform(.0, .06)
    stripe = two(ink, WHITE, lambda x, y, z: step(-.05 - y, .03) * step(.2 - abs(z), .03)
                 * step(abs(z) - gap, .02)
                 * step(x + 1.1, .05))
    face = two(ink, WHITE, lambda x, y, z: step(.09 - abs(z), .03) + step(-.55 - y, .06) * step(-x, .1))
    mammal(canvas, stripe, face=face, muzzle=ink, legs=ink, ear=ink, inner_ear=ink, ears='round',
           ear_size=.28, ear_drop=.3,
           mane=two(ink, WHITE, lambda x, y, z: step(.2 - abs(z), .04) * step(-y - .1, .05)), mane_length=.3,
           head=.2, skull=(1.05, .8, .8), snout=.85, snout_width=.3, nose_size=.18, hair=.5, face_hair=.3,
           chest=.24, waist=.27, hip=.3, leg=.22, leg_width=.075, neck=.3, neck_up=20, tail='bush',
           tail_length=1.0, poses=('portrait', 'stand', 'walk', 'walk', 'stand', 'sit'))


@drawing(362, 'badger', 'beast')
def badger(canvas):
    grey = canvas.tint(35, .1, .55)
    bands = two(WHITE, BLACK, lambda x, y, z: step(.25 - abs(abs(z) - .5 + .1 * np.clip(x - .4, 0, 2)), .04)
                * step(.35 - y, .1))
    mammal(canvas, marked(grey, (BLACK, below(.14))), face=bands,
           muzzle=two(WHITE, BLACK, lambda x, y, z: step(.1 - abs(abs(z) - .34), .04) * step(1.3 - x, .1)),
           legs=BLACK, ear=BLACK, inner_ear=WHITE, ears='round', ear_size=.26, ear_drop=.2, head=.24,
           skull=(1.1, .8, .85), snout=1.05, snout_width=.34, nose_size=.2, eye_size=.08, hair=.34,
           face_hair=.3, rough=.25, chest=.34, waist=.36, hip=.35, leg=.2, leg_width=.1, neck=.36, neck_up=12,
           neck_width=.22, mane=WHITE, mane_length=.15, tail='stub',
           poses=('portrait', 'portrait', 'stand', 'walk', 'walk', 'lie'))


# ---- Rabbits and rodents -----------------------------------------------------------------------------------

@drawing(330, 'wood rabbit', 'pet', places=('lawn', 'lawn', 'meadow', 'forest', 'leaves', 'room', 'stones'))
def wood_rabbit(canvas):
    brown = canvas.tint(30, .35, .55, 6, .1, .1)
    pale = mix(brown, WHITE, .6)
    face = marked(brown, (pale, around(.5, -.2, .85, .3)), (pale, below(.5)))

    def scut(canvas, head, shoulder, hip):
        head.clay.ball('scut', hip + (-.34, .02, 0), (.12, .13, .11))
    mammal(canvas, saddle(brown, pale, .18), face=face, muzzle=pale, ear=dim(brown, .9), ears='long',
           ear_size=.95, inner_ear=rgb(220, 165, 155), head=.25, skull=(1.02, .9, .8), snout=.42,
           snout_width=.42, nose_size=.12, nose=rgb(150, 95, 90), eye_size=.19, eye_out=.8, eye_up=.15,
           mouth=0, whiskers=True, hair=.17, rough=.2, chest=.27, waist=.3, hip=.36, leg=.2, leg_width=.075,
           neck=.26, neck_up=42, neck_width=.2, tail='none', build=scut,
           parts={'scut': Coat(WHITE, .05, .012, dense=.5)},
           poses=('portrait', 'portrait', 'sit', 'sit', 'lie', 'lie', 'up'))


@drawing(333, 'hamster', 'pet')
def hamster(canvas):
    gold = canvas.pick(canvas.tint(30, .6, .75), canvas.tint(30, .6, .75), canvas.tint(30, .12, .5))
    pale = mix(gold, WHITE, .65)
    mammal(canvas, saddle(gold, pale, .14),
           face=marked(gold, (pale, below(.28)), (pale, around(.2, .4, .9, .35))), muzzle=pale,
           ear=mix(gold, rgb(190, 140, 130), .4), ears='round', ear_size=.42, inner_ear=rgb(215, 165, 155),
           head=.33, skull=(.98, .9, 1.02), snout=.22, snout_width=.36, nose=rgb(205, 140, 135), nose_size=.1,
           mouth=0, eye_size=.15, eye_out=.72, eye_up=.18, iris=rgb(26, 20, 20), whiskers=True, cheeks=1.1,
           hair=.17, dense=.42, chest=.33, waist=.38, hip=.38, leg=.1, leg_width=.055,
           legs=rgb(225, 175, 165), neck=.2, neck_width=.3, tail='none',
           poses=('portrait', 'portrait', 'lie', 'sit', 'sit', 'up'))


@drawing(334, 'porcupine', 'beast')
def porcupine(canvas):
    dark, tip = canvas.tint(28, .4, .28), canvas.tint(42, .25, .85)
    quills = Coat(lambda x, y, z: mix(dark, tip, (.5 + .5 * np.sin(31 * x + 17 * y + 23 * z))[:, None]),
                  canvas.uniform(.14, .24), .016, lambda x, y, z: np.stack([x * .5 - .5, y - .1, z], 1),
                  dense=.5, curl=0,
                  rough=.35)

    def cushion(canvas, head, shoulder, hip):
        middle = (shoulder + hip) / 2
        head.clay.ball('quills', middle + (-.12, -.08, 0), (.55, .36, .36))
    mammal(canvas, dim(tip, .75), face=mix(dark, tip, .5), muzzle=mix(dark, tip, .35), legs=dim(dark, .9),
           ears='round', ear_size=.3, ear_drop=.1, head=.2, skull=(1, .85, .85), snout=.85, snout_width=.34,
           nose_size=.2, eye_size=.13, iris=rgb(26, 20, 18), mouth=0, whiskers=True, hair=.2, rough=.25,
           chest=.27, waist=.3, hip=.3, leg=.14, leg_width=.07, neck=.28, neck_up=12, neck_width=.22,
           tail='none', build=cushion, parts={'quills': quills},
           poses=('stand', 'walk', 'walk', 'lie', 'stand', 'portrait'))


@drawing(335, 'fox squirrel', 'beast')
def fox_squirrel(canvas):
    back = canvas.pick(canvas.tint(24, .62, .55), canvas.tint(30, .25, .45))
    rust = canvas.tint(24, .68, .68)
    belly = canvas.pick(rust, rust, WHITE)

    def bristling(x, y, z):
        return np.stack([-x - .3, y * 0 - .8, z * 3], 1)

    def plume(canvas, head, shoulder, hip):
        start, s = hip + (-.22, .12, 0), canvas.uniform(.85, 1.15)
        way = [(0, 0), (-.3, -.02), (-.42, -.35), (-.34, -.75), (-.42, -1.0), (-.62, -1.02)]
        head.clay.limb('plume', [start + (s * x, s * y, 0) for x, y in way], [.09, .14, .19, .21, .18, .1])
    mammal(canvas, saddle(back, belly, .06), legs=rust,
           face=marked(back, (belly, below(.35)), (rust, around(.5, -.2, .78, .26))), muzzle=belly, ear=rust,
           ears='round', ear_size=.36, head=.21, skull=(1, .88, .85), snout=.5, snout_width=.36,
           nose_size=.13, eye_size=.19, eye_out=.75, iris=rgb(34, 22, 18), mouth=0, whiskers=True, hair=.13,
           chest=.22, waist=.26, hip=.3, leg=.22, leg_width=.06, neck=.26, neck_width=.16, tail='none',
           build=plume,
           parts={'plume': Coat(mix(rust, back, .3), .15, .012, bristling, dense=.5, rough=.25)},
           poses=('up', 'sit', 'sit', 'sit', 'portrait', 'lie'))


# ---- Hoofed animals ----------------------------------------------------------------------------------------

def horse(canvas, coat, crest_coat, switch_coat, **build):
    """A horse or zebra: long head on a strong arched neck, slim legs, crest and hanging tail."""
    def more(canvas, head, shoulder, hip):
        crest(canvas, head, shoulder)
        hanging_tail(canvas, head, hip, .62)
    look = {'skull': (1.15, .9, .68), 'snout': 1.75, 'snout_width': .45, 'snout_drop': .12, 'nose_size': .05,
            'eye_size': .12, 'eye_out': .82, 'eye_up': .3, 'ears': 'long', 'ear_size': .4,
            'iris': rgb(50, 32, 22),
            'mouth': 0, 'nod': 38, 'head': .2, 'chest': .33, 'waist': .31, 'hip': .33, 'leg': .78,
            'leg_width': .058,
            'hoof': rgb(60, 54, 50), 'neck': .66, 'neck_up': 52, 'neck_width': .15, 'tail': 'none',
            'hair': .05,
            'poses': STANDING, 'build': more, 'parts': {'crest': crest_coat, 'switch': switch_coat}, **build}
    return mammal(canvas, coat, **look)


@drawing(339, 'sorrel', 'beast', places=('meadow', 'meadow', 'lawn', 'desert', 'forest', 'wall', 'clutter',
                                         'water'))
def sorrel(canvas):
    red = canvas.tint(18, .68, .55, 5, .1, .12)
    hair = canvas.pick(canvas.tint(36, .45, .8), canvas.tint(36, .4, .85), dim(red, .4))
    face = marked(red, (WHITE, blaze(canvas.uniform(.05, .3)))) if canvas.chance(.6) else red
    legs = marked(dim(red, .9), (WHITE, below(canvas.uniform(.75, 1.1))))
    horse(canvas, red, Coat(hair, .22, .02, (-.4, 1, .5), dense=.6),
          Coat(hair, .16, .016, (-.2, 1, 0), dense=.6), face=face,
          muzzle=marked(face, (dim(red, .55), lambda x, y, z: step(x - 2.3, .15))), legs=legs, ear=red)


@drawing(340, 'zebra', 'beast', places=('meadow', 'meadow', 'desert', 'lawn', 'clutter', 'stones'))
def zebra(canvas):
    pale, ink = canvas.tint(40, .06, .94), rgb(30, 27, 28)
    coat = stripes(canvas, pale, ink, 12, .47, .7)
    face = two(pale, ink, lambda x, y, z: step(np.sin(9 * x + 8 * abs(z)) * (abs(z) > .32)
                                               + np.sin(22 * z + 1.5)
                                               * (abs(z) <= .32) - .1, .2))
    legs = two(pale, ink, lambda x, y, z: step(np.sin(36 * y + 6 * x), .2))
    bristle = Coat(lambda x, y, z: two(pale, ink, lambda x, y, z: step(np.sin(30 * x + 9 * y), .2))(x, y, z),
                   .05, .012,
                   (-.6, -1, 0), dense=.6)
    horse(canvas, coat, bristle, Coat(two(pale, ink, lambda x, y, z: step(y - .25, .05)), .09, .012,
                                      (0, 1, 0), dense=.5),
          face=face, muzzle=marked(face, (ink, lambda x, y, z: step(x - 2.05, .1))), legs=legs,
          ear=two(pale, ink, lambda x, y, z: step(np.sin(9 * y), .2)), leg=.66, neck=.58, ear_size=.48,
          head=.21)


def cattle(canvas, coat, **build):
    """Cattle: broad muzzle, ears to the sides, deep body on short legs."""
    def more(canvas, head, shoulder, hip):
        if build_horns:
            build_horns(canvas, head, shoulder, hip)
        hanging_tail(canvas, head, hip, .55, .035)
    build_horns = build.pop('horns', None)
    tail_hair = build.pop('switch', BLACK)
    look = {'skull': (1.1, .98, .88), 'snout': 1.15, 'snout_width': .55, 'snout_drop': .2, 'nose_size': .3,
            'ears': 'side',
            'ear_size': .55, 'eye_size': .11, 'eye_out': .78, 'eye_up': .2, 'mouth': 0, 'nod': 32, 'head': .2,
            'chest': .39,
            'waist': .38, 'hip': .36, 'leg': .52, 'leg_width': .07, 'hoof': rgb(58, 50, 44), 'neck': .46,
            'neck_up': 26,
            'neck_width': .2, 'tail': 'none', 'hair': .07, 'poses': STANDING + ('lie',), 'build': more,
            **build}
    look['parts'] = {'horn': Coat(canvas.tint(42, .25, .8), gloss=.3),
                     'switch': Coat(tail_hair, .08, .012, (0, 1, 0)),
                     **build.get('parts', {})}
    return mammal(canvas, coat, **look)


@drawing(345, 'ox', 'beast', places=('meadow', 'meadow', 'lawn', 'desert', 'forest', 'street', 'clutter'))
def ox(canvas):
    coat = canvas.pick(canvas.tint(24, .62, .5), canvas.tint(36, .3, .85), rgb(52, 46, 44),
                       canvas.tint(30, .08, .7))
    mottled = patches(canvas, coat, WHITE, .45,
                      .7) if canvas.chance(.5) else saddle(coat, mix(coat, WHITE, .3), .2)
    nose, pale = canvas.pick(rgb(196, 150, 138), rgb(60, 50, 50)), mix(coat, WHITE, .75)
    cattle(canvas, mottled, face=marked(coat, (WHITE, blaze(.3))) if canvas.chance(.5) else coat,
           muzzle=marked(coat, (pale, lambda x, y, z: step(x - 1.15, .08)), (nose, lambda x, y, z: step(x - 1.6, .08))),
           nose=nose, ear=dim(coat, .85), legs=coat, switch=coat, head=.23,
           horns=horns([(-.1, -.75, .45), (-.05, -.9, 1.3), (.15, -1.4, 2.2), (.1, -2.6, 2.4)], [.3, .26, .2, .07]))


@drawing(347, 'bison', 'beast', places=('meadow', 'meadow', 'desert', 'lawn', 'forest', 'clutter'))
def bison(canvas):
    brown = canvas.tint(24, .5, .4, 5)
    dark = dim(brown, .65)


    def hump(canvas, head, shoulder, hip):
        head.clay.ball('wool', shoulder + (-.08, -.17, 0), (.36, .34, .3))
        head.clay.ball('wool', shoulder + (.1, .1, 0), (.34, .4, .32))
        head.limb('wool', [(.55, .95, 0), (.6, 1.75, 0)], [.5, .25])
        head.ball('wool', (-.1, -.6, 0), (.75, .6, .75))
        horns([(-.05, -.6, .72), (.0, -.8, 1.25), (.05, -1.35, 1.3)],
              [.2, .16, .05])(canvas, head, shoulder, hip)
    cattle(canvas, two(brown, dark, lambda x, y, z: step(x - .15, .1)), face=dark, muzzle=dim(dark, .9),
           nose=rgb(30, 26, 26),
           ear=dark, legs=dark, switch=dark, slope=.12, head=.23, neck=.34, neck_up=-8, nod=40, chest=.42,
           hip=.3, waist=.34,
           leg=.42, hair=.14, ear_size=.4, horns=hump,
           parts={'wool': Coat(dim(brown, .8), .07, .02, (-.2, 1, 0), dense=.5, curl=.7, rough=.25),
                  'horn': Coat(rgb(112, 100, 88), gloss=.3)})


@drawing(348, 'ram', 'beast', places=('meadow', 'meadow', 'lawn', 'stones', 'desert', 'clutter'))
def ram(canvas):
    wool = canvas.pick(canvas.tint(42, .14, .9), canvas.tint(42, .14, .9), canvas.tint(30, .3, .5))
    face = canvas.pick(wool, rgb(56, 48, 46), mix(wool, rgb(190, 150, 120), .5))
    turn = np.linspace(-2.2, 3.3, 12)
    curl = [(-.15 - .85 * math.cos(t) * (1 - .03 * k), .1 + .9 * math.sin(t) * (1 - .03 * k), .72 + .1 * k)
            for k, t in enumerate(turn)]

    def more(canvas, head, shoulder, hip):
        horns(curl, np.linspace(.38, .14, 12))(canvas, head, shoulder, hip)
    horn = Coat(lambda x, y, z: np.array((166, 134, 92.)) * (.8 + .25 * np.sin(60 * x + 50 * y))[:, None],
                gloss=.15)
    mammal(canvas, wool, face=face, muzzle=face, ear=face, legs=face, ears='side', ear_size=.42, ear_drop=-.1,
           head=.2, skull=(1.1, .95, .85), snout=1.05, snout_width=.42, snout_drop=.2, nose=dim(face, .6),
           nose_size=.16, nod=25, eye_out=.8, iris=hsv(42, .6, .7), pupil='bar', hair=.3, face_hair=.2,
           curl=1.0, dense=.45, hair_width=.035, chest=.36, waist=.36, hip=.34, leg=.42, leg_width=.06,
           hoof=rgb(54, 48, 46), neck=.4, neck_up=45, neck_width=.2, tail='stub', mouth=0, build=more,
           parts={'horn': horn}, poses=STANDING + ('lie',))


@drawing(354, 'Arabian camel', 'beast', places=('desert', 'desert', 'desert', 'meadow', 'stones', 'wall',
                                                'clutter'))
def arabian_camel(canvas):
    sand = canvas.tint(32, .42, .72, 5, .1, .1)

    def hump(canvas, head, shoulder, hip):
        middle = (shoulder + hip) / 2
        head.clay.ball('body', middle + (-.02, -.3, 0), (.33, .32, .2))
        head.clay.ball('body', middle + (-.02, -.58, 0), (.17, .17, .12))
        hanging_tail(canvas, head, hip, .35, .03)
    def lip(canvas, clay, frame):
        for side in (-1, 1):
            with clay.spot(canvas, np.array((2.45, .02, side * .17)) * .17, (1, -.5, side * .6), .02,
                           frame) as seen:
                if seen:
                    canvas.oval(0, 0, 1.4, .5, dim(sand, .25), 30 * side)
    mammal(canvas, saddle(dim(sand, .9), sand, -.3), face=sand, muzzle=mix(sand, WHITE, .2), legs=sand,
           ears='round', ear_size=.26, head=.17, skull=(1.15, .8, .72), snout=1.5, snout_width=.44,
           snout_drop=.25, nose=dim(sand, .6), nose_size=.12, eye_size=.14, eye_out=.75, nod=14, hair=.12,
           chest=.33, waist=.3, hip=.27, leg=.85, leg_width=.065, neck=.82, neck_up=38, neck_width=.13,
           mane=dim(sand, .85), mane_length=.35, tail='none', build=hump, mouth=.15, extra=lip,
           parts={'switch': Coat(dim(sand, .6), .06, .012, (0, 1, 0))},
           poses=('portrait', 'stand', 'stand', 'walk', 'walk', 'lie'))


@drawing(355, 'llama', 'beast', places=('meadow', 'meadow', 'desert', 'stones', 'lawn', 'wall', 'clutter'))
def llama(canvas):
    first = canvas.pick(canvas.tint(40, .1, .93), canvas.tint(26, .5, .5), canvas.tint(30, .3, .75),
                        canvas.tint(24, .4, .32))
    coat = patches(canvas, first, WHITE, .4, .7) if canvas.chance(.3) else first
    mammal(canvas, coat, face=first, muzzle=mix(first, WHITE, .3), ear=first, legs=first, ears='long',
           ear_size=.62, inner_ear=mix(first, rgb(190, 150, 140), .5), head=.18, skull=(1, .9, .85), snout=.9,
           snout_width=.42, snout_drop=.2, nose=rgb(60, 48, 46), nose_size=.16, eye_size=.17, eye_out=.78,
           nod=8, hair=.42, face_hair=.4, curl=.5, rough=.17, flow=(-.3, 1, 0), chest=.33, waist=.32, hip=.31,
           leg=.6, leg_width=.075, neck=.82, neck_up=76, neck_width=.14, mane=coat, mane_length=.45,
           tail='stub', mouth=0, poses=('portrait', 'portrait', 'stand', 'walk', 'stand', 'lie'))


@drawing(386, 'African elephant', 'beast', places=('meadow', 'meadow', 'desert', 'desert', 'water', 'forest',
                                                   'clutter'))
def african_elephant(canvas):
    grey = canvas.tint(canvas.pick(30, 25, 220), .12, .5, 8, .06, .1)
    lift, tusk, ivory = canvas.uniform(-.2, .6), canvas.uniform(.5, 1.1), Coat(rgb(232, 222, 196), gloss=.4)

    def parts(canvas, head, shoulder, hip):
        spread = canvas.uniform(25, 65)
        turn = rotation(spread, 0, 0)
        head.pair('ear', (-.35 - .004 * spread, .15, 1.3), (.95, 1.15, .1), turn)
        head.pair('ear', (-.3, .75, 1.1), (.5, .75, .1), turn)
        way = [(.75, .35, 0), (1.15, .9, 0), (1.25, 1.7, .05), (1.3 + .3 * lift, 2.5 - .5 * lift, .1),
               (1.65 + .5 * lift, 2.9 - 1.3 * lift, .15)]
        head.limb('muzzle', way, [.5, .4, .3, .22, .15])
        for side in (-1, 1):
            head.limb('horn', [(.75, .75, side * .4), (1.1, 1.2, side * .5),
                               (1.3 + tusk * .5, 1.3 + tusk * .2, side * .5)],
                      [.12, .1, .04])
        hanging_tail(canvas, head, hip, .4, .022)

    def creases(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .33, [[(1.35 + .02 * k, .9 + .17 * k, .25), (1.52, .92 + .17 * k, 0)]
                                            for k in range(9)],
                 dim(grey, .45))
    skin = ragged(patches(canvas, grey, dim(grey, .86), .5, .12), .03, 20)
    mammal(canvas, skin, face=grey, muzzle=dim(grey, .95), ear=dim(grey, .92), legs=skin, nose=grey,
           ears='none', build=parts,
           parts={'horn': ivory, 'switch': Coat(dim(grey, .4), .03, .01, (0, 1, 0))}, extra=creases, head=.33,
           skull=(.95, 1.1, .85), snout=.16, snout_width=.4, snout_drop=.3, nose_size=.02, eye_size=.06,
           eye_out=.8, eye_up=-.02, hair=0, chest=.47, waist=.48, hip=.46, leg=.5, leg_width=.15, neck=.34,
           neck_up=26, neck_width=.3, tail='none', mouth=0,
           poses=('portrait', 'stand', 'stand', 'walk', 'walk', 'run'))


@drawing(344, 'hippopotamus', 'beast', places=('water', 'water', 'meadow', 'stones', 'lawn', 'desert'))
def hippopotamus(canvas):
    grey = canvas.tint(canvas.pick(345, 20, 10), .13, .45, 8, .05, .08)
    pink, gape = mix(grey, rgb(214, 150, 140), .6), canvas.chance(.4)
    skins = {'nostril': Coat(dim(grey, .7), gloss=.3), 'horn': Coat(rgb(230, 220, 190)),
             'mouth': Coat(rgb(196, 110, 112), gloss=.3)}

    def jaws(canvas, head, shoulder, hip):
        head.pair('muzzle', (1.7, .08, .38), (.52, .4, .42))
        head.pair('nostril', (1.95, -.28, .38), (.16, .13, .12))
        head.pair('face', (.35, -.75, .5), (.26, .24, .2))
        if gape:
            head.limb('muzzle', [(.3, .8, 0), (1.45, 1.7, 0)], [.5, .5])
            head.ball('mouth', (1.1, .85, 0), (.75, .45, .55), rotation(0, 0, 25))
            for side in (-1, 1):
                head.limb('horn', [(1.75, 1.4, side * .35), (1.85, .95, side * .4)], [.11, .06])

    def eyes(canvas, clay, frame):
        for side in (-1, 1):
            with clay.spot(canvas, np.array((.5, -.82, side * .64)) * .28, (.6, -.15, side * .8), .032, frame,
                           slack=.2) as seen:
                if seen:
                    canvas.oval(0, 0, 1.7, 1.5, dim(pink, .7))
                    eye(canvas, 0, 0, 1, rgb(70, 44, 30), open=.6)
    mammal(canvas, saddle(grey, pink, .18), face=saddle(grey, pink, .5), muzzle=saddle(grey, pink, .55, .2),
           ear=grey, inner_ear=pink, legs=grey, nose=grey, nose_size=.04, ears='round', ear_size=.32,
           head=.28, skull=(1.05, .85, .85), snout=1.0, snout_width=.6, snout_drop=.2, eye_size=.001, nod=4,
           hair=0, chest=.44, waist=.47, hip=.42, leg=.24, leg_width=.12, neck=.46, neck_up=10, neck_width=.3,
           tail='stub', mouth=0, build=jaws, extra=eyes, parts=skins,
           poses=('portrait', 'stand', 'stand', 'walk', 'walk', 'lie'))


# ---- Apes and lemurs ---------------------------------------------------------------------------------------

def ape(canvas, coat, skin, **build):
    """A great ape: bare face with brow ridge, wide nose, long arms."""
    ears_at, ear = build.pop('ears_at', None), build.get('ear', skin)

    def skull(canvas, head, shoulder, hip):
        head.pair('brow', (.72, -.42, .34), (.24, .12, .36))
        head.pair('nostril', (1.02, .12, .16), (.16, .12, .17))
        if ears_at:
            head.pair('ear', (-.05, .0, 1.0), (.14, ears_at, ears_at * .8), rotation(40, 0, 0))

    def holes(canvas, clay, frame):
        for side in (-1, 1):
            with clay.spot(canvas, np.array((1.19, .16, side * .15)) * unit, (1, .3, .1 * side), .07 * unit,
                           frame,
                           slack=.3) as seen:
                if seen:
                    canvas.oval(0, 0, 1.1, .8, dim(skin, .25))
    unit = build.get('head', .26)
    look = {'face': two(coat, skin, lambda x, y, z: step(x - .38 - .25 * y ** 2 * (y < 0), .07)
                        * step(.78 - abs(z), .07)
                        * step(y + .62, .05)),
            'muzzle': skin, 'ear': ear, 'ears': 'none', 'skull': (.98, 1.0, .92), 'snout': .2,
            'snout_width': .5,
            'snout_drop': .38, 'nose_size': .02, 'nose': dim(skin, .7), 'eye_size': .115, 'eye_out': .4,
            'eye_up': .0,
            'iris': hsv(25, .7, .35), 'head': unit, 'chest': .38, 'waist': .34, 'hip': .3, 'leg': .42,
            'leg_width': .1,
            'slope': .22, 'neck': .28, 'neck_up': 40, 'neck_width': .24, 'tail': 'none', 'hair': .2,
            'face_hair': .5, 'mouth': .1,
            'build': skull, 'extra': holes, 'poses': ('portrait', 'portrait', 'portrait', 'sit', 'sit',
                                                      'walk', 'stand', 'up'),
            **build}
    look['parts'] = {'brow': Coat(dim(skin, .85), gloss=.12), 'nostril': Coat(dim(skin, .95), gloss=.3),
                     **build.get('parts', {})}
    return mammal(canvas, build.get('back', coat), **{k: v for k, v in look.items() if k != 'back'})


@drawing(366, 'gorilla', 'beast', places=('forest', 'leaves', 'lawn', 'stones', 'meadow', 'clutter'))
def gorilla(canvas):
    ink, skin = rgb(50, 48, 50), rgb(66, 62, 64)
    silver = two(ink, rgb(140, 138, 140), lambda x, y, z: step(.1 - abs(x + .1), .1) * step(-.02 - y, .06))
    ape(canvas, ink, skin, back=silver if canvas.chance(.5) else ink, head=.29, skull=(1, 1.15, .9),
        chest=.48, waist=.4,
        leg_width=.14, hip=.35, ears_at=.12)


@drawing(367, 'chimpanzee', 'beast', places=('forest', 'leaves', 'lawn', 'stones', 'room', 'clutter'))
def chimpanzee(canvas):
    skin = canvas.pick(rgb(206, 160, 132), rgb(186, 140, 112), rgb(150, 108, 86))
    ape(canvas, rgb(40, 36, 36), skin, head=.27, chest=.31, waist=.27, hip=.26, leg_width=.085, snout=.34,
        ears_at=.48,
        legs=rgb(42, 38, 38), mouth=.25)


@drawing(365, 'orangutan', 'beast', places=('forest', 'leaves', 'leaves', 'lawn', 'clutter'))
def orangutan(canvas):
    rust, skin = canvas.tint(18, .72, .6, 5), canvas.pick(rgb(96, 72, 64), rgb(140, 104, 88))
    old = canvas.chance(.4)

    def pads(canvas, clay, frame):
        fringe(canvas, clay, frame, .28, cloud_of(canvas, 60, (.55, .95, .3), (.3, .15, .3)), .8, rust, .04,
               .3)
    cheeks = {'cheeks': 1.2, 'skull': (.95, 1.02, 1.15)} if old else {}
    ape(canvas, rust, skin, head=.28, snout=.34, chest=.34, waist=.33, hip=.3, hair=.62, hair_width=.04,
        flow=(-.2, 1, 0),
        extra=pads, face_hair=.35, ears_at=.14, **cheeks)


@drawing(383, 'Madagascar cat', 'beast', places=('forest', 'leaves', 'lawn', 'stones', 'clutter', 'meadow'))
def madagascar_cat(canvas):
    grey = canvas.tint(30, .1, .6)
    face = marked(mix(grey, WHITE, .85), (BLACK, around(.78, -.12, .46, .27)),
                  (dim(grey, .6), lambda x, y, z: step(-.62 - y, .08)))
    n = canvas.uniform(.9, 1.2)

    def tail(canvas, head, shoulder, hip):
        start, lean = hip + (-.2, -.05, 0), canvas.normal(.2)
        way = [start, start + (-.3, -.1, 0), start + (-.45, -.5 * n, lean), start + (-.5, -.95 * n, lean),
               start + (-.3, -1.25 * n, lean * 1.3)]
        head.clay.limb('ringed', way, [.06, .085, .1, .1, .07])
    ringed = Coat(lambda x, y, z: mix(WHITE, BLACK, step(np.sin(32 * y), .2)[:, None]), .05, .014,
                  (-.2, -1, 0), dense=.45)
    mammal(canvas, saddle(grey, WHITE, .12), face=face,
           muzzle=marked(WHITE, (BLACK, lambda x, y, z: step(x - 1.0, .08))), legs=mix(grey, WHITE, .3),
           ear=WHITE, inner_ear=rgb(90, 80, 80), ears='point', ear_size=.5, head=.21, skull=(.98, .9, .88),
           snout=.68, snout_width=.3, nose_size=.16, eye_size=.17, eye_out=.52, iris=hsv(32, .9, .85),
           hair=.16, chest=.22, waist=.21, hip=.24, leg=.42, leg_width=.06, neck=.28, neck_width=.15,
           tail='none', build=tail, parts={'ringed': ringed},
           poses=('portrait', 'portrait', 'sit', 'sit', 'walk', 'stand', 'up'))
