"""Dogs: breeds told apart by proportions, ears, tail and coat.

Head coordinates are in skull radii (x forward, y down, z sideways); body coordinates run from the hip (x =
-.5) to the shoulder (x = .5), y from the back (-.3) to the belly (.3). Left out: docked and clipped show
styles.
"""

import dataclasses
import math

import numpy as np

from train.drawings.beasts import Beast, beast, dapples, individual, patches, saddle, two
from train.drawings.brushes import dim, hairs, hsv, mix, rgb, step
from train.drawings.clay import Coat, rotation
from train.drawings.registry import drawing

WHITE, BLACK = rgb(238, 236, 232), rgb(34, 31, 32)
POSES = ('portrait', 'portrait', 'portrait', 'stand', 'walk', 'run', 'sit', 'lie')


# ---- The family --------------------------------------------------------------------------------------------
# What all breeds share: poses, brown eyes, and individuals that differ a little in build.

def dog(canvas, coat, **build):
    """Paint a dog of this coat; `build` overrules the fields of Beast."""
    look = {'eye_size': .115, 'poses': POSES, 'iris': hsv(canvas.uniform(20, 34), .75,
                                                          canvas.uniform(.2, .42)),
            'inner_ear': rgb(150, 112, 104), **build}
    return beast(canvas, individual(canvas, Beast(coat=coat, **look), head=.05, snout=.07, leg=.06, chest=.06,
                                    waist=.08, hair=.12, ear_size=.06))


def marked(base, *marks):
    """A coat with marks laid over it, in order: pairs of a colour and where(x, y, z) -> 0..1."""
    for colour, where in marks:
        base = two(base, colour, where)
    return base


def blaze(width, top=-2.0):
    """The pale stripe from the snout up between the eyes, to the height `top`."""
    return lambda x, y, z: step(width + .25 * np.clip(y, 0, 1) - abs(z),
                                .05) * step(x, .2) * step(y - top, .1)


def below(y0, soft=.08):
    """Everything lower than y0."""
    return lambda x, y, z: step(y - y0, soft)


def around(x0, y0, z0, r, soft=.08):
    """Two mirrored patches of radius r at (x0, y0, +-z0): around the eyes, on the cheeks."""
    def where(x, y, z):
        return step(r - np.sqrt((x - x0) ** 2 + (y - y0) ** 2 + (abs(z) - z0) ** 2), soft)
    return where


def ragged(colour, amount=.03, fineness=14.0):
    """The same coat with frayed borders."""
    def frayed(x, y, z):
        return colour(x + amount * np.sin(fineness * (y + z)), y + amount * np.sin(fineness * 1.3 * (x - z)),
                      z + amount * np.sin(fineness * .8 * (x + 2 * y)))
    return frayed


def blanket(black, tan, white):
    """Hounds' three colours: black blanket on the back, tan sides and neck, white below."""
    return ragged(marked(tan, (black, lambda x, y, z: step(.02 - y, .06) * step(.42 - x, .08)),
                         (white, below(.14, .05)), (white, lambda x, y, z: step(x - .56, .05) * step(y, .1))))


def fringe(canvas, clay, frame, unit, points, length, colour, width=.05, sway=.22):
    """Locks that hang from points (n, 3) of the head, given in skull radii, where these are in sight."""
    places = [clay.project(p * unit, frame) for p in np.asarray(points, float)]
    seen = np.array([p for p in places if clay.visible(p, .3)])
    if len(seen):
        n = len(seen)
        hairs(canvas, seen[:, 0], seen[:, 1], canvas.rng.normal(math.pi / 2, sway, n),
              length * unit * clay.scale * canvas.spread(.6, 1.15, n), canvas.vary(colour, n, .17),
              width * unit * clay.scale * canvas.spread(.6, 1.4, n), .12, layers=6)


def cloud_of(canvas, n, centre, radii, mirrored=True):
    """n chance points (n, 3) in an ellipsoid, half of them on the other side; the lower ones first."""
    points = canvas.rng.uniform(-1, 1, (n, 3)) * radii + centre
    if mirrored:
        points[::2, 2] *= -1
    return points[np.argsort(-points[:, 1])]


def wrinkles(canvas, clay, frame, unit, lines, colour):
    """Folds of skin: lines of points in skull radii, mirrored."""
    for line in lines:
        for side in (1, -1):
            points = np.asarray(line) * (unit, unit, side * unit)
            if all(on_body(clay, clay.project(p, frame)) for p in points):
                clay.trace(canvas, points, colour, .045 * unit, frame, .2, .55)


def on_body(clay, place):
    """Does the body cover this place of the canvas?"""
    x0, y0, cell = clay.grid
    row, column = int((place[1] - y0) / cell), int((place[0] - x0) / cell)
    h, w = clay.mask.shape
    return 0 <= row < h and 0 <= column < w and bool(clay.mask[row, column])


# ---- Hounds ------------------------------------------------------------------------------------------------

@drawing(160, 'Afghan hound', 'beast')
def afghan_hound(canvas):
    coat = canvas.pick(canvas.tint(38, .38, .85), canvas.tint(30, .5, .72), canvas.tint(30, .5, .72),
                       canvas.tint(30, .15, .3), canvas.tint(40, .2, .9))
    dark = dim(coat, canvas.uniform(.25, .45))

    def silk(canvas, clay, frame):
        fringe(canvas, clay, frame, .24, cloud_of(canvas, 130, (-.3, -.1, .85), (.4, .6, .2)), 1.9, coat, .06)
        fringe(canvas, clay, frame, .24, cloud_of(canvas, 60, (-.35, -.8, .3), (.4, .12, .4)), 1.0, coat, .05,
               .5)
    dog(canvas, coat, head=.24, snout=1.25, snout_width=.3, snout_drop=.15, skull=(1, .85, .72), eye_out=.62,
        face=two(dim(coat, 1.05), dark, lambda x, y, z: step(x - .55, .12)), muzzle=dark, ear=coat,
        ears='flop', ear_size=1.1, hair=.62, hair_width=.05, flow=(-.25, 1, 0), curl=.12, leg=.72,
        leg_width=.1, chest=.28, waist=.18, hip=.22, neck=.6, neck_up=62, neck_width=.13, tail='curl',
        tail_length=.55, mouth=.15, nod=6, extra=silk)


@drawing(161, 'basset', 'beast')
def basset(canvas):
    tan = canvas.tint(24, .66, .62)
    coat = canvas.pick(blanket(BLACK, tan, WHITE), patches(canvas, WHITE, tan, .5))
    face = marked(tan, (WHITE, blaze(.1, -.5)))

    def folds(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .3, [[(.75, -.1, .5), (.7, .08, .62), (.55, .1, .72)],
                                           [(.9, -.6, .1), (.8, -.7, .35)]], dim(tan, .45))
    dog(canvas, coat, face=face, muzzle=marked(WHITE, (mix(tan, WHITE, .5), below(9))), ear=dim(tan, .85),
        legs=WHITE, ears='flop', ear_size=1.6, ear_drop=.45, head=.3, snout=1.05, snout_width=.52, cheeks=.6,
        leg=.18, leg_width=.12, chest=.36, waist=.31, hair=.05, hair_width=.025, neck=.42, tail='thin',
        tail_length=.75, mouth=.1, eye_size=.105, extra=folds)


@drawing(162, 'beagle', 'beast')
def beagle(canvas):
    tan = canvas.tint(26, .66, .68)
    face = marked(tan, (WHITE, blaze(canvas.uniform(.06, .2), -.9)))
    coat = blanket(canvas.pick(BLACK, BLACK, dim(tan, .9)), tan, WHITE)
    dog(canvas, coat, face=face, muzzle=WHITE, ear=dim(tan, .82), legs=WHITE, ears='flop', ear_size=1.05,
        ear_drop=.3, snout=.7, snout_width=.46, hair=.06, tail='curve', tail_length=.7, leg=.52, mouth=.25,
        eye_size=.13)


# ---- Terriers, toys ----------------------------------------------------------------------------------------

@drawing(151, 'Chihuahua', 'beast')
def chihuahua(canvas):
    fawn = canvas.tint(30, .45, .82, 8, .15, .12)
    coat = canvas.pick(fawn, fawn, saddle(BLACK, fawn, .1), patches(canvas, WHITE, fawn, .6))
    face = canvas.pick(fawn, marked(fawn, (WHITE, blaze(.1))), marked(BLACK, (fawn, below(.15))))
    dog(canvas, coat, face=face, muzzle=mix(fawn, WHITE, canvas.uniform(0, .7)), ear=fawn, ears='point',
        ear_size=1.3, inner_ear=mix(fawn, rgb(200, 140, 130), .6), head=.29, skull=(.95, 1, 1), snout=.36,
        snout_width=.33, snout_drop=.36, nose_size=.15, eye_size=.19, eye_out=.6, hair=.06, chest=.26,
        waist=.19, hip=.2, leg=.5, leg_width=.06, neck=.4, neck_width=.15, tail='thin', tail_length=.7,
        mouth=.12)


@drawing(157, 'papillon', 'beast')
def papillon(canvas):
    brown = canvas.pick(canvas.tint(22, .65, .5), BLACK, canvas.tint(28, .6, .68))
    face = marked(brown, (WHITE, blaze(.2)), (WHITE, below(.25)))

    def wings(canvas, clay, frame):
        fringe(canvas, clay, frame, .26, cloud_of(canvas, 150, (-.2, -1.0, 1.0), (.1, .45, .3)), .8, brown,
               .05, .4)

    def butterfly(canvas, head, shoulder, hip):
        turn = rotation(25, 0, 0) @ rotation(0, 26, 0)
        head.pair('ear', (-.2, -1.1, .95), (.1, .8, .52), turn)
        head.pair('inner', (-.1, -1.05, .95), (.08, .58, .34), turn)
    dog(canvas, ragged(patches(canvas, WHITE, brown, .4, .8)), face=face, muzzle=WHITE, ear=brown,
        ears='none', legs=WHITE, build=butterfly, extra=wings, snout=.42, snout_width=.34, nose_size=.15,
        hair=.3, mane=WHITE, eye_size=.15, chest=.26, waist=.22, hip=.22, leg=.44, leg_width=.065,
        tail='bush', tail_length=.8, inner_ear=rgb(170, 130, 120))


@drawing(187, 'Yorkshire terrier', 'beast')
def yorkshire_terrier(canvas):
    tan, steel = canvas.tint(30, .58, .76), canvas.tint(220, .12, .33)
    bow = canvas.any_colour() if canvas.chance(.35) else None

    def long_hair(canvas, clay, frame):
        fringe(canvas, clay, frame, .29, cloud_of(canvas, 80, (.5, .35, .45), (.5, .2, .3)), .85, tan, .045,
               .35)
        fringe(canvas, clay, frame, .29, cloud_of(canvas, 40, (.1, -.8, .2), (.35, .1, .3)), .55, tan, .045,
               .7)
        if bow is not None:
            with clay.spot(canvas, (.02, -.3, 0), (.5, -1, 0), .12, frame, slack=.5) as seen:
                if seen:
                    canvas.oval(-.6, 0, .6, .4, bow, 20)
                    canvas.oval(.6, 0, .6, .4, dim(bow, .8), -20)
    dog(canvas, marked(steel, (tan, lambda x, y, z: step(x - .42, .08))), face=tan,
        muzzle=mix(tan, WHITE, .15), legs=tan, ear=dim(tan, .8), ears='point', ear_size=.62, head=.29,
        snout=.34, snout_width=.36, nose_size=.17, eye_size=.125, hair=.42, hair_width=.03, flow=(-.2, 1, 0),
        curl=.1, chest=.28, leg=.36, tail='bush', tail_length=.45, mouth=.2, extra=long_hair)


@drawing(196, 'miniature schnauzer', 'beast')
def miniature_schnauzer(canvas):
    grey = canvas.tint(canvas.pick(30, 220), .06, .42, 20, .04, .12)
    pale = mix(grey, WHITE, canvas.uniform(.55, .9))

    def beard(canvas, clay, frame):
        fringe(canvas, clay, frame, .28, cloud_of(canvas, 110, (1.0, .5, .3), (.45, .14, .22)), .85, pale,
               .05, .3)
        fringe(canvas, clay, frame, .28, cloud_of(canvas, 46, (.95, -.38, .4), (.1, .06, .18)), .5, pale, .05,
               .5)
    dog(canvas, marked(grey, (pale, below(.2))), face=marked(grey, (pale, below(.3))), muzzle=pale, legs=pale,
        ear=dim(grey, .7), ears=canvas.pick('button', 'button', 'point'), ear_size=.75, head=.28, snout=.8,
        snout_width=.48, hair=.17, curl=.2, rough=.2, chest=.3, waist=.24, leg=.55, leg_width=.1, tail='stub',
        mouth=.1, extra=beard)


@drawing(254, 'pug', 'beast')
def pug(canvas):
    fawn, black = canvas.tint(34, .36, .8, 4), rgb(30, 27, 28)
    if canvas.chance(.15):
        fawn = rgb(44, 42, 44)
    mask = marked(fawn, (black, around(.85, -.1, .5, .34)), (black, below(.32, .1)))

    def folds(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .33, [[(.98, -.5, .0), (.9, -.6, .25), (.75, -.55, .5)],
                                            [(.95, -.75, 0), (.8, -.85, .3)],
                                            [(1.0, -.1, .2), (.9, .1, .6), (.7, .4, .75)]], dim(fawn, .4))
    dog(canvas, fawn, face=mask, muzzle=black, ear=black, ears='button', ear_size=.7, inner_ear=black,
        head=.33, skull=(.95, .98, 1.05), snout=.1, snout_width=.52, snout_drop=.3, cheeks=.5, eye_size=.19,
        eye_out=.66, eye_up=.1, nose_size=.17, hair=.05, chest=.36, waist=.32, hip=.29, leg=.42,
        leg_width=.09, neck=.36, neck_width=.25, tail='curl', tail_length=.42, mouth=.3, extra=folds)


@drawing(259, 'Pomeranian', 'beast')
def pomeranian(canvas):
    orange = canvas.tint(28, .7, .86, 5, .1, .08)
    coat = canvas.pick(orange, orange, orange, canvas.tint(36, .4, .92), canvas.tint(25, .2, .25))
    pale = mix(coat, WHITE, .4)
    dog(canvas, saddle(coat, pale, .15), face=coat, muzzle=pale, ear=coat, ears='point', ear_size=.38,
        head=.28, snout=.5, snout_width=.27, snout_drop=.32, nose_size=.14, eye_size=.13, cheeks=.9,
        hair=.6, face_hair=.6, hair_width=.035, mane=mix(coat, WHITE, .15), mane_length=.85, dense=.36,
        chest=.44, waist=.42, hip=.4, leg=.3, leg_width=.06, neck=.36, neck_width=.27, tail='curl',
        tail_length=.7, mouth=.55)


@drawing(265, 'toy poodle', 'beast')
def toy_poodle(canvas):
    apricot = canvas.tint(26, .5, .75, 5, .12, .12)
    coat = canvas.pick(apricot, apricot, apricot, canvas.tint(40, .08, .95), canvas.tint(25, .12, .3),
                       canvas.tint(22, .5, .42))
    shaved = mix(coat, rgb(190, 160, 150), .2)
    woolly = dapples(canvas, coat, dim(coat, .8), .045, .4)       # curls that a camera sees from afar
    curls = Coat(dapples(canvas, coat, dim(coat, .62), .2, .4), .07, .022, (-.2, -1, 0), dense=.55, curl=1.2, rough=.2)

    def pompons(canvas, head, shoulder, hip):
        head.ball('ear', (-.12, -.85, 0), (.95, .85, .98))
        for k in range(3):
            head.pair('ear', (-.2, -.35 + .55 * k, 1.0 + .08 * k), (.52, .5, .36))
        head.clay.ball('puff', hip + (-.36, -.5, 0), .15)
        head.clay.ball('puff', shoulder + (.05, .02, 0), (.3, .34, .27))
    dog(canvas, woolly, face=shaved, muzzle=shaved, ears='none', head=.25, snout=.95, snout_width=.26,
        snout_drop=.2, nose_size=.16, skull=(.95, .9, .85), hair=.2, curl=1.1, dense=.5, rough=.18, chest=.26,
        waist=.2, hip=.22, leg=.58, leg_width=.085, neck=.45, neck_up=65, tail='thin', tail_length=.35,
        mouth=.2, build=pompons, parts={'puff': dataclasses.replace(curls, colour=woolly), 'ear': curls})


@drawing(245, 'French bulldog', 'beast')
def french_bulldog(canvas):
    coat = canvas.pick(canvas.tint(32, .42, .76), canvas.tint(220, .1, .28), rgb(48, 42, 40))
    chest = marked(coat, (WHITE, lambda x, y, z: step(x - .5, .06) * step(y - .05, .1)))
    if canvas.chance(.3):
        chest = patches(canvas, WHITE, coat, .35)
    dark = dim(coat, canvas.uniform(.3, .8))

    def bat(canvas, head, shoulder, hip):
        turn = rotation(35, 0, 0) @ rotation(0, 12 + canvas.normal(4), 0)
        head.pair('ear', (-.1, -1.0, .64), (.1, .46, .32), turn)
        head.pair('inner', (-.0, -.97, .65), (.08, .34, .21), turn)

    def folds(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .33, [[(1.0, -.15, .15), (.9, .05, .55), (.7, .4, .72)],
                                            [(.98, -.55, 0), (.9, -.6, .3)]], dim(coat, .35))
    dog(canvas, chest, face=marked(coat, (dark, below(.2, .12))), muzzle=dark, legs=coat, ear=coat,
        ears='none', build=bat, extra=folds, inner_ear=rgb(205, 150, 145), head=.33, skull=(.95, .95, 1.06),
        snout=.12, snout_width=.6, snout_drop=.28, cheeks=.7, eye_size=.15, eye_out=.72, eye_up=.05,
        hair=.045, chest=.38, waist=.29, hip=.27, leg=.38, leg_width=.1, neck=.34, neck_width=.27,
        tail='stub', mouth=.3)


# ---- Retriever, working and herding dogs -------------------------------------------------------------------

@drawing(207, 'golden retriever', 'beast')
def golden_retriever(canvas):
    gold = canvas.tint(35, .5, .84, 5, .12, .1)
    dog(canvas, saddle(gold, mix(gold, WHITE, .25), .2), face=mix(gold, WHITE, .08),
        muzzle=mix(gold, WHITE, .22), ear=dim(gold, .8), ears='flop', ear_size=.68, ear_drop=.12, snout=.78,
        snout_width=.5, cheeks=.25, hair=.24, curl=.12, mane=mix(gold, WHITE, .12), mane_length=.42,
        tail='bush', tail_length=.75, mouth=.6)


@drawing(229, 'Old English sheepdog', 'beast')
def old_english_sheepdog(canvas):
    grey = canvas.tint(215, .1, .5, 15, .05, .1)
    coat = marked(grey, (WHITE, lambda x, y, z: step(x - .18 + .1 * np.sin(9 * y), .05)))
    split = canvas.chance(.4)

    def mop(canvas, clay, frame):
        fringe(canvas, clay, frame, .31, cloud_of(canvas, 150, (.5, -.45, .4), (.5, .4, .45)), .85, WHITE,
               .07, .45)
        fringe(canvas, clay, frame, .31, cloud_of(canvas, 70, (.9, .45, .3), (.4, .15, .3)), .6, WHITE, .06,
               .4)
        if split:
            fringe(canvas, clay, frame, .31, cloud_of(canvas, 90, (-.1, -.2, .95), (.3, .5, .1)), .9, grey,
                   .07, .3)
    dog(canvas, coat, face=WHITE, muzzle=WHITE, legs=WHITE, ear=grey if split else WHITE, ears='flop',
        ear_size=.85, head=.31, snout=.62, snout_width=.55, nose_size=.24, eye_size=.09, cheeks=.5, hair=.6,
        hair_width=.05, flow=(-.6, 1, 0), curl=.35, dense=.34, leg_width=.13, tail='stub', mouth=.5,
        extra=mop)


@drawing(231, 'collie', 'beast')
def collie(canvas):
    tan = canvas.tint(28, .65, .62)
    sable = canvas.pick(tan, tan, tan, tan, rgb(46, 42, 44))
    face = marked(sable, (tan, below(.1)), (WHITE, blaze(.06, -.6)))
    dog(canvas, saddle(sable, WHITE, .16), face=face,
        muzzle=marked(tan, (WHITE, blaze(.1)), (WHITE, below(.38))),
        legs=marked(tan, (WHITE, below(.4))), ear=dim(sable, .8), ears=canvas.pick('point', 'button'),
        ear_size=.5, head=.23, skull=(1, .85, .8), snout=1.2, snout_width=.32, snout_drop=.2, eye_out=.62,
        hair=.4, face_hair=.4, mane=WHITE, mane_length=1.1, hair_width=.04, tail='bush', tail_length=.8,
        neck=.5, leg=.64, mouth=.35)


@drawing(232, 'Border collie', 'beast')
def border_collie(canvas):
    black = canvas.pick(rgb(30, 29, 32), rgb(30, 29, 32), rgb(30, 29, 32), canvas.tint(18, .6, .36))
    face = marked(black, (WHITE, blaze(canvas.uniform(.1, .2), -1.2)))
    coat = marked(black, (WHITE, below(.2)), (WHITE, lambda x, y, z: step(x - .52, .04)))
    dog(canvas, coat, face=face, muzzle=WHITE, legs=marked(black, (WHITE, below(.42))), ear=black, mane=WHITE,
        mane_length=.6, ears=canvas.pick('button', 'button', 'point'), ear_size=.62, snout=.85,
        snout_width=.4, hair=.26, tail='bush', tail_length=.75, waist=.22, neck_up=38, mouth=.5,
        iris=canvas.pick(hsv(28, .7, .4), hsv(28, .7, .4), hsv(205, .4, .9)), poses=POSES + ('run', 'lie'))


@drawing(234, 'Rottweiler', 'beast')
def rottweiler(canvas):
    tan = canvas.tint(24, .72, .52)
    coat = marked(BLACK, (tan, lambda x, y, z: step(x - .52, .04) * step(y - .08, .06)
                          * step(.26 - abs(z), .06)))
    face = marked(BLACK, (tan, around(.5, .5, .75, .32)))
    snout = marked(tan, (BLACK, lambda x, y, z: step(.3 - y, .07) * step(.42 - abs(z), .06)))
    dog(canvas, coat, face=face, muzzle=snout, legs=marked(BLACK, (tan, below(.5))), ear=rgb(48, 44, 44),
        ears='flop', ear_size=.68, head=.3, snout=.58, snout_width=.58, cheeks=.5, brows=tan, hair=.05,
        chest=.4, waist=.32, hip=.31, leg=.52, leg_width=.115, neck=.38, neck_width=.26, tail='stub',
        mouth=.45, eye_size=.1)


@drawing(235, 'German shepherd', 'beast')
def german_shepherd(canvas):
    tan, black = canvas.tint(33, .48, .7), rgb(36, 32, 30)
    coat = ragged(marked(tan, (black, lambda x, y, z: step(.06 - y, .08) * step(.6 - x, .1))), .04)
    face = marked(tan, (dim(tan, .6), below(-9)), (black, lambda x, y, z: step(x - .75, .15)
                                                   * step(.3 - abs(z), .12)),
                  (dim(tan, .62), lambda x, y, z: step(-.5 - y, .12)))
    dog(canvas, coat, face=face,
        muzzle=marked(tan, (black, lambda x, y, z: step(x - 1.05 - .5 * (y - .2), .14))), ear=dim(tan, .55),
        ears='point', ear_size=.95, inner_ear=dim(tan, .8), snout=.98, snout_width=.42, hair=.16, slope=.1,
        tail='bush', tail_length=.85, chest=.35, leg=.6, neck=.46, mouth=.5, eye_size=.1)


@drawing(242, 'boxer', 'beast')
def boxer(canvas):
    fawn = canvas.tint(24, .6, .66)
    coat = marked(fawn, (WHITE, lambda x, y, z: step(x - .5, .05) * step(y - .02, .08)))
    face = marked(fawn, (BLACK, around(1.1, .3, .3, .3)), (WHITE, blaze(.09, -.9)) if canvas.chance(.6)
                  else (BLACK, below(.45)))

    def folds(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .29, [[(.95, -.55, .08), (.85, -.72, .2)],
                                            [(1.0, .0, .35), (.85, .3, .68), (.6, .7, .7)]], dim(fawn, .35))
    dog(canvas, coat, face=face, muzzle=mix(fawn, BLACK, .82), ear=dim(fawn, .85),
        legs=marked(fawn, (WHITE, below(.68))), ears='flop', ear_size=.55, head=.29, snout=.32,
        snout_width=.56, snout_drop=.3, nose_size=.24, cheeks=.5, hair=.04, chest=.37, waist=.23, hip=.26,
        leg=.66, leg_width=.085, neck=.46, neck_up=58, tail='stub', mouth=.4, extra=folds)


@drawing(247, 'Saint Bernard', 'beast')
def saint_bernard(canvas):
    red = canvas.tint(20, .68, .55)
    face = marked(red, (dim(red, .35), around(.7, -.1, .55, .38)), (WHITE, blaze(.15, -1.2)))
    coat = ragged(marked(red, (WHITE, below(.12)), (WHITE, lambda x, y, z: step(x - .5, .05)),
                         (WHITE, lambda x, y, z: step(.12 - abs(x + .1), .05))), .05, 9)
    dog(canvas, coat, face=face, muzzle=marked(WHITE, (rgb(60, 44, 40), below(.62))), legs=WHITE,
        ear=dim(red, .6), ears='flop', ear_size=.72, head=.33, snout=.6, snout_width=.62, snout_drop=.3,
        cheeks=.75, nose_size=.26, hair=.2, chest=.4, waist=.34, hip=.32, leg=.54, leg_width=.13, neck=.4,
        neck_width=.25, mane=WHITE, mane_length=.3, tail='bush', tail_length=.8, mouth=.5)


@drawing(250, 'Siberian husky', 'beast')
def siberian_husky(canvas):
    white, dark = rgb(238, 238, 240), canvas.tint(canvas.pick(220, 220, 25), .14, .3, 10, .1, .12)
    mask = two(white, dark, lambda x, y, z: step(-y - .28 + .5 * (abs(z) < .12) * (x > .3), .08))
    dog(canvas, saddle(dark, white, .06), legs=marked(dark, (white, below(.25))), face=mask, muzzle=white,
        ear=dark, ears='point', ear_size=.62, inner_ear=rgb(190, 178, 172), snout=.65, hair=.17, cheeks=.4,
        tail='curl', iris=canvas.pick(hsv(205, .6, .95), hsv(200, .5, .9), hsv(28, .7, .4)), tail_length=.7,
        mouth=.4)


@drawing(251, 'dalmatian', 'beast')
def dalmatian(canvas):
    ink = canvas.pick(rgb(28, 27, 30), rgb(28, 27, 30), rgb(84, 52, 36))
    face = dapples(canvas, WHITE, ink, .26, .14)
    dog(canvas, dapples(canvas, WHITE, ink, .11, .2), legs=dapples(canvas, WHITE, ink, .09, .18), face=face,
        muzzle=dapples(canvas, WHITE, ink, .2, .12), ear=canvas.pick(ink, face), ears='flop', ear_size=.85,
        ear_drop=.1, snout=.8, snout_width=.44, hair=.04, chest=.33, waist=.21, leg=.66, neck=.48,
        tail='thin', tail_length=.75, mouth=.35)


@drawing(258, 'Samoyed', 'beast')
def samoyed(canvas):
    white = canvas.tint(40, .05, .95, 10, .03, .03)
    dog(canvas, white, ears='point', ear_size=.5, inner_ear=rgb(215, 190, 182), snout=.6, snout_width=.46,
        cheeks=.7, nose_size=.22, eye_size=.095, hair=.42, face_hair=.7, hair_width=.035, mane=white,
        mane_length=.75, dense=.34, chest=.38, waist=.32, leg=.5, leg_width=.095, tail='curl',
        tail_length=.75, mouth=.75)


@drawing(260, 'chow', 'beast')
def chow(canvas):
    rust = canvas.tint(22, .66, .62, 5, .12, .1)
    red = canvas.pick(rust, rust, rust, rust, canvas.tint(34, .35, .85), rgb(52, 46, 48))

    def frown(canvas, clay, frame):
        wrinkles(canvas, clay, frame, .32, [[(1, -.35, .1), (.9, -.5, .3)], [(.95, -.1, .3), (.9, .1, .55)]],
                 dim(red, .4))
    dog(canvas, red, face=two(red, dim(red, .6), lambda x, y, z: step(x - .45, .15)), muzzle=dim(red, .4),
        ears='round', ear_size=.48, head=.34, skull=(1, .98, 1.05), snout=.42, snout_width=.6, cheeks=1.0,
        nose_size=.25, eye_size=.08, hair=.4, face_hair=.5, hair_width=.045, mane=mix(red, WHITE, .15),
        mane_length=1.3, dense=.38, chest=.42, waist=.37, hip=.34, leg=.44, leg_width=.13, neck=.34, neck_width=.3,
        tail='curl', tail_length=.65, mouth=.5, extra=frown, parts={'tongue': Coat(rgb(74, 62, 92), gloss=.2)})


@drawing(263, 'Pembroke', 'beast')
def pembroke(canvas):
    red = canvas.tint(28, .62, .8, 6, .1, .08)
    face = marked(red, (WHITE, blaze(.14)), (WHITE, below(.35)))
    coat = marked(red, (WHITE, below(.16)), (WHITE, lambda x, y, z: step(x - .53, .05)))
    dog(canvas, coat, face=face, muzzle=WHITE, legs=WHITE, ear=red, ears='point', ear_size=.92,
        inner_ear=rgb(220, 176, 160), head=.28, snout=.68, snout_width=.38, cheeks=.4, hair=.16, mane=WHITE,
        mane_length=.35, chest=.32, waist=.28, hip=.28, leg=.2, leg_width=.085, neck=.42, tail='stub',
        mouth=.65)
