"""Birds: songbirds, birds of prey, parrots, fowl, waders, swimmers.

Most are a table of proportions for fowl.py; this module adds what only some of them have: combs, pouches and
casques (plate), sickle feathers, trains, and the bird seen from below with both wings spread (soaring).
"""

import math

import numpy as np

from train.drawings.beasts import stripes, two
from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    dim,
    eye,
    fan,
    hairs,
    limb,
    linear,
    mix,
    petal,
    poly,
    radial,
    rgb,
    smooth,
    specks,
    step,
    wing,
)
from train.drawings.clay import Clay, Coat
from train.drawings.fowl import Bird, fowl
from train.drawings.registry import drawing

TRUNK = 1                  # number of the body's frame in the clay of fowl.py


# ---- Parts -------------------------------------------------------------------------------------------------

def plate(canvas, clay, frame, unit, points, colour, edge=.06):
    """A flat soft part in the middle plane of the head (comb, wattle, pouch, casque): its corners (x, y) in
    radii of the head. `edge` is its thickness, seen when the head is turned towards the viewer.
    """
    places = [clay.project((x * unit, y * unit, 0), frame)[:2] for x, y in points]
    path, size = smooth(places), unit * clay.scale
    canvas.fill(path, dim(colour, .75), width=2 * edge * size)
    top, low = min(p[1] for p in places), max(p[1] for p in places)
    canvas.fill(path, linear(0, top, 0, low, [mix(colour, WHITE, .18), colour, dim(colour, .7)]))


def sickles(canvas, clay, kind, colour, n=9, reach=1.0):
    """The arched tail feathers of a cock, from the end of its back."""
    root = clay.project((-kind.body[0] * .85, -kind.body[1] * .3, 0), TRUNK)[:2]
    back = root - clay.project((0, 0, 0), TRUNK)[:2]
    side = math.copysign(max(.35, min(1, abs(back[0]) / clay.scale)), back[0])
    for t in np.linspace(0, 1, n):
        long = reach * clay.scale * canvas.uniform(.8, 1.05) * (.7 + .3 * t)
        points = [root, root + long * np.array((side * .35, -.5 - .2 * t)),
                  root + long * np.array((side * (.75 + .1 * t), -.45 - .35 * t + .3 * (1 - t))),
                  root + long * np.array((side * (1.05 + .05 * t), .25 - .3 * t))]
        tone = dim(colour, canvas.uniform(.6, 1.5))
        canvas.fill(limb(points, np.array((.1, .13, .11, .01)) * clay.scale * reach), tone)
        canvas.curve(points, mix(tone, WHITE, .25), .012 * clay.scale, alpha=.7)


def soaring(canvas, body, wings, head, beak, neck=.15, legs=None, tail=.4, tail_colour=None, fingers=8):
    """A large bird in the air with both wings spread, from above or below: colours of body, wings (coverts to
    tips), head, beak; legs: colour of legs stretched out behind.
    """
    bank, lift = canvas.normal(14), canvas.uniform(-28, 12)
    tail_colour = body if tail_colour is None else tail_colour
    with canvas.at(0, 0, 1, bank):
        if legs is not None:
            for x in (-.03, .03):
                canvas.line(x, .3, x * 1.6, .3 + tail + .35, legs, .03)
        fan(canvas, 0, .25, 70, 110, 7, tail, .09, tail_colour, barbs=True)
        for flip in (False, True):
            with canvas.at(0, 0, 1, 0, flip):
                wing(canvas, .06, -.08, lift + canvas.normal(4), 1.05, wings, n=fingers)
        outline = limb([(0, -.38), (0, -.2), (0, .1), (0, .4)], [.12, .26, .27, .06])
        canvas.fill(outline, linear(-.14, 0, .14, 0, [dim(body, 1.1), body, dim(body, .6)]))
        y, x = -.32, canvas.normal(.05)
        tip = (x, y - neck - .1)
        canvas.fill(limb([(0, y + .1), (x * .3, y - neck * .4), (x * .8, y - neck), tip],
                         [.22, .16, .13, .13]), linear(-.05, 0, .06, 0, [head, dim(head, .7)]))
        ball(canvas, tip[0], tip[1], .09, head, .1, .5)
        canvas.fill(limb([(tip[0], tip[1] - .04), (tip[0], tip[1] - .12),
                          (tip[0] + .01, tip[1] - .2 - neck * .15)], [.08, .06, .01]), beak)


def tall_bird(canvas, kind, pose=None):
    """A long-legged bird: standing it needs room for its legs."""
    pose = pose or canvas.pick('stand', 'stand', 'stand', 'head')
    if pose == 'head':
        fowl(canvas, kind, pose)
    else:
        with canvas.at(0, -.3, .74):
            fowl(canvas, kind, pose)


def songbird(canvas, **options):
    """A small bird with smooth plumage."""
    fowl(canvas, Bird(**{**dict(plume=.075, plume_width=.04, rough=.07, beak_depth=.2, head=.32), **options}))


# ---- Songbirds ---------------------------------------------------------------------------------------------

@drawing(11, 'goldfinch', 'bird')
def goldfinch(canvas):
    dark = canvas.tint(30, .3, .1)
    if canvas.chance(.55):                                       # American: yellow, black cap and wings
        gold = canvas.tint(50, .88, .93)
        face = two(gold, dark, lambda x, y, z: step(-y - .32 + .25 * x, .05))
        songbird(canvas, coat=gold, face=face, wing=dark, wing_tip=rgb(235, 232, 220),
                 beak=canvas.tint(25, .55, .85), beak_length=.42, beak_depth=.26)
    else:                                                        # European: red mask, golden bar
        brown, red = canvas.tint(30, .45, .6), canvas.tint(4, .85, .75)
        mask = two(two(dark, rgb(240, 232, 220), lambda x, y, z: step(y + .25 - .1 * x, .05)), red,
                   lambda x, y, z: step(x - .5, .06))
        songbird(canvas, coat=brown, belly=rgb(232, 222, 206), face=mask, wing=canvas.tint(50, .9, .9),
                 wing_tip=dark, beak=rgb(226, 206, 190), beak_length=.5)


@drawing(12, 'house finch', 'bird')
def house_finch(canvas):
    brown, red = canvas.tint(28, .32, .5), canvas.tint(352, .68, .75)
    pale = rgb(214, 200, 182)
    streaked = stripes(canvas, pale, brown, 9, .4)
    breast = two(streaked, red, lambda x, y, z: step(x - .25, .12))
    face = two(red, brown, lambda x, y, z: step(-x - .05, .15))
    songbird(canvas, coat=stripes(canvas, brown, dim(brown, .65), 10, .4), belly=breast, face=face,
             wing=brown, wing_tip=dim(brown, .6), beak=rgb(150, 130, 112), beak_length=.38, beak_depth=.34,
             beak_hook=.25)


@drawing(14, 'indigo bunting', 'bird')
def indigo_bunting(canvas):
    blue = canvas.tint(216, .85, .75, 8)
    face = two(blue, canvas.tint(236, .85, .5), lambda x, y, z: step(x - .4, .2))
    songbird(canvas, coat=two(blue, canvas.tint(200, .8, .8), lambda x, y, z: step(.1 - x, .3)), face=face,
             wing=dim(blue, .8), wing_tip=mix(blue, BLACK, .65), beak=rgb(150, 152, 158), beak_length=.4,
             beak_depth=.28, leg_colour=rgb(50, 46, 46))


@drawing(15, 'robin', 'bird')
def robin(canvas):
    back, breast = canvas.tint(30, .28, .38), canvas.tint(18, .78, .8)
    face = two(back, breast, lambda x, y, z: step(y - .35, .1))
    songbird(canvas, coat=back, belly=breast, face=dim(back, .7) if canvas.chance(.5) else face,
             wing=dim(back, .9), beak=canvas.tint(42, .7, .75), beak_length=.45)


@drawing(17, 'jay', 'bird')
def jay(canvas):
    if canvas.chance(.8):                                        # blue jay: crest, black collar
        blue, white = canvas.tint(216, .68, .8), rgb(232, 232, 234)
        face = two(two(white, blue, lambda x, y, z: step(-y - .2 - .25 * x, .06)), rgb(24, 24, 30),
                   lambda x, y, z: step(.09 - abs(x + .55 + .5 * y), .03))
        songbird(canvas, coat=blue, belly=rgb(212, 212, 216), face=face, wing=mix(blue, WHITE, .1),
                 wing_tip=dim(blue, .85), crest=blue, crest_length=1.0, beak=rgb(34, 34, 38), tail=.95,
                 beak_length=.7, beak_depth=.26)
    else:                                                        # Eurasian: pinkish, blue shoulder
        fawn = canvas.tint(20, .3, .68)
        face = two(fawn, rgb(20, 18, 20), lambda x, y, z: step(.13 - np.hypot(x - .75, y - .42), .04))
        songbird(canvas, coat=fawn, face=face, wing=canvas.tint(208, .75, .8), wing_tip=rgb(30, 28, 32),
                 beak=rgb(46, 42, 42), beak_length=.65, tail=.85, iris=rgb(190, 200, 215))


@drawing(18, 'magpie', 'bird', size=(.3, .6))
def magpie(canvas):
    black, white = rgb(24, 24, 30), rgb(244, 244, 244)
    shine = canvas.tint(canvas.pick(215, 175, 200), .75, .45)
    body = two(black, white, lambda x, y, z: step(.3 - abs(x + .02), .04) * step(y + .3, .08))
    face = two(black, mix(black, shine, .5), lambda x, y, z: step(-y - .3, .2))
    pose = canvas.pick('perch', 'perch', 'stand', 'stand', 'fly', 'head')
    kind = Bird(coat=body, belly=body, face=face, wing=white, wing_tip=shine, beak=rgb(26, 26, 28),
                beak_length=.8,
                beak_depth=.28, tail=1.75, tail_fan=7, head=.3, leg=.42, leg_colour=rgb(30, 28, 28),
                plume=.07,
                plume_width=.04, rough=.07, upright=22, iris=rgb(60, 40, 30))
    with canvas.at(.25 * (pose not in ('head', 'fly')), 0, 1 if pose in ('head', 'fly') else .82):
        fowl(canvas, kind, pose)


@drawing(94, 'hummingbird', 'bird')
def hummingbird(canvas):
    green = canvas.tint(135, .75, .55, 20)
    throat = canvas.pick(canvas.tint(350, .85, .75), canvas.tint(285, .7, .65), canvas.tint(165, .8, .6))
    face = two(green, throat, lambda x, y, z: step(y - .1, .1))
    kind = Bird(coat=green, belly=mix(green, rgb(220, 216, 205), .75), face=face, wing=dim(green, .9),
                wing_tip=rgb(74, 66, 74), beak=rgb(26, 24, 26), beak_length=canvas.uniform(1.8, 2.6),
                beak_depth=.12, beak_hook=canvas.pick(0, .12), head=.34, body=(.66, .32, .3), tail=.55,
                tail_fan=13, leg=.1, plume=.06, plume_width=.05, eye_size=.2)
    if canvas.chance(.6):
        x, y, colour = .86, canvas.uniform(-.4, .1), canvas.any_colour()
        canvas.curve([(1.3, 1.1), (1.0, .5), (x, y)], canvas.tint(100, .5, .4), .05)
        for way in canvas.spread(100, 260, 7):
            petal(canvas, x + .12, y, way, canvas.uniform(.35, .5), .14, colour)
        with canvas.at(-.22, .1, .8):
            fowl(canvas, kind, 'fly')
    else:
        fowl(canvas, kind, canvas.pick('fly', 'perch', 'head'))


# ---- Birds of prey -----------------------------------------------------------------------------------------

@drawing(22, 'bald eagle', 'bird')
def bald_eagle(canvas):
    brown, white = canvas.tint(26, .42, .25), rgb(242, 240, 234)
    gold = canvas.tint(44, .85, .9)
    if canvas.chance(.25):
        soaring(canvas, brown, [dim(brown, 1.2), brown, dim(brown, .6)], white, gold, .12, tail_colour=white)
        return
    fowl(canvas, Bird(coat=brown, face=white, wing=dim(brown, 1.15), wing_tip=dim(brown, .7), beak=gold,
                      beak_length=.68, beak_depth=.42, beak_hook=.85, head=.33, neck=.3, neck_width=.26,
                      upright=55, iris=canvas.tint(48, .6, .9), eye_size=.14, leg=.22, leg_colour=gold,
                      plume=.13, body=(.85, .46, .42), extra=brow,
                      poses=('perch', 'perch', 'head', 'head', 'fly')))


def brow(canvas, clay, frame, unit):
    """The ridge over a bird of prey's eye that makes it look stern."""
    for z in (-1, 1):
        ridge = [(.85, -.2, z * .42), (.65, -.38, z * .6), (.3, -.42, z * .82)]
        clay.trace(canvas, np.asarray(ridge) * unit, rgb(60, 50, 40), .07 * unit, frame, .25, .75)


@drawing(23, 'vulture', 'bird')
def vulture(canvas):
    black = canvas.tint(25, .3, canvas.pick(.14, .3))
    skin = canvas.pick(canvas.tint(355, .6, .65), canvas.tint(15, .35, .75), canvas.tint(20, .15, .5))
    if canvas.chance(.35):
        soaring(canvas, black, [black, dim(black, 1.2), mix(black, rgb(190, 186, 180), .35)], skin,
                rgb(226, 214, 196), .05, fingers=7)
        return
    ruff = canvas.pick(rgb(228, 222, 210), dim(black, 1.2), dim(black, .8))
    kind = Bird(coat=black, face=skin, wing=dim(black, 1.15), wing_tip=dim(black, .7),
                beak=rgb(222, 208, 186),
                beak_length=.7, beak_depth=.34, beak_hook=.7, head=.2, neck=.45, neck_bend=.45,
                neck_width=.11,
                upright=50, leg=.2, leg_colour=rgb(150, 140, 130), plume=.075,
                poses=('perch', 'stand', 'head'), extra=brow, eye_size=.13, body=(.85, .5, .46))

    def collar(canvas, clay, frame, unit):
        x, y = clay.project((kind.body[0] * .75, -kind.body[1] * .75, 0), TRUNK)[:2]
        n, r = 420, .17 * clay.scale
        px, py = canvas.disk(n, r, r * .6, x, y)
        hairs(canvas, px, py, np.arctan2(py - y + .3 * r, px - x), r * canvas.spread(.4, .9, n),
              canvas.vary(ruff, n, .12), r * .08)
        brow(canvas, clay, frame, unit)
    kind.extra = collar
    fowl(canvas, kind)


@drawing(24, 'great grey owl', 'bird')
def great_grey_owl(canvas):
    grey = canvas.tint(30, .12, .52, 10, .06)
    dark, pale = dim(grey, .45), mix(grey, WHITE, .6)
    barred = stripes(canvas, mix(grey, WHITE, .25), dark, 8, .42, 2.5)

    iris = canvas.tint(50, .85, .95)

    def discs(canvas, clay, frame, unit):
        for z in (-1, 1):
            with clay.spot(canvas, (.8 * unit, -.1 * unit, z * .44 * unit), (.85, 0, z * .35), .56 * unit,
                           frame,
                           slack=.4) as seen:
                if seen:
                    canvas.disc(0, 0, 1, mix(grey, WHITE, .3), blur=.08)
                    for r in (1, .8, .62, .46):
                        canvas.disc(0, 0, r, dark, width=.06, alpha=.45, blur=.02)
                    canvas.curve([(-.55 * z, -.7), (-.72 * z, 0), (-.5 * z, .6)], rgb(238, 236, 232), .2)
                    eye(canvas, 0, 0, .26, iris, 'round', canvas.uniform(.35, .55), lid=.2)
        plate(canvas, clay, frame, unit, [(.98, .1), (1.12, .2), (1.06, .48), (.98, .4)],
              canvas.tint(46, .6, .85), .1)
    fowl(canvas, Bird(coat=barred, belly=stripes(canvas, pale, grey, 7, .4, 2.5), face=mix(grey, WHITE, .15),
                      wing=dim(grey, .85),
                      wing_tip=dim(grey, .5), beak=canvas.tint(46, .6, .85), beak_length=.16, beak_depth=.2,
                      beak_hook=.9, head=.56, neck=.12, neck_width=.42, body=(.78, .54, .5), upright=68,
                      iris=iris, eye_size=.12, eye_front=.95, extra=discs, tail=.6, leg=.16, plume=.12,
                      poses=('perch', 'perch', 'head', 'head', 'fly')))


# ---- Parrots, toucans, hornbills ---------------------------------------------------------------------------

@drawing(88, 'macaw', 'bird')
def macaw(canvas):
    if canvas.chance(.5):
        coat, tip = canvas.tint(2, .88, .82), canvas.tint(215, .85, .7)
        cover = canvas.tint(canvas.pick(48, 215), .85, .85)
    else:
        coat, cover, tip = canvas.tint(47, .92, .95), canvas.tint(205, .85, .8), canvas.tint(215, .85, .6)
    face = two(coat, rgb(240, 236, 228), lambda x, y, z: step(.42 - np.hypot(x - .55, y - .1), .05))
    fowl(canvas, Bird(coat=coat, face=face, wing=cover, wing_tip=tip, plume=.08,
                      beak=canvas.pick(rgb(232, 220, 198), rgb(46, 42, 44)),
                      beak_length=.6, beak_depth=.5, beak_hook=.9, head=.36, upright=60, tail=1.5, tail_fan=7,
                      iris=canvas.tint(58, .3, .85), eye_size=.13))


@drawing(89, 'sulphur-crested cockatoo', 'bird')
def cockatoo(canvas):
    white, yellow = rgb(244, 243, 238), canvas.tint(52, .8, .95)

    def crest(canvas, clay, frame, unit):
        spread = canvas.uniform(.2, 1)                           # folded back or raised
        for t in np.linspace(0, 1, 7):
            x = .35 - .9 * t
            root = clay.project((x * unit, -.85 * unit, 0), frame)[:2]
            end = clay.project(((x - .35 - .55 * t * (1.4 - spread)) * unit,
                                (-1.15 - .95 * spread * (1 - .3 * t)) * unit, 0), frame)[:2]
            tip = end + np.array((.22, -.06)) * unit * clay.scale * np.sign(end[0] - root[0] + 1e-6) * -1
            canvas.fill(limb([root, (root + end) / 2, end, tip], np.array((.2, .22, .16, .02)) * unit
                             * clay.scale), dim(yellow, canvas.uniform(.85, 1.08)))
    fowl(canvas, Bird(coat=white, face=white, wing=rgb(236, 234, 226), wing_tip=rgb(226, 222, 196), plume=.09,
                      beak=rgb(52, 50, 52), beak_length=.4, beak_depth=.44, beak_hook=1.0, head=.38,
                      upright=60,
                      tail=.9, iris=rgb(30, 22, 18), eye_size=.12, leg_colour=rgb(70, 66, 66), extra=crest,
                      poses=('perch', 'perch', 'head', 'head', 'fly')))


@drawing(96, 'toucan', 'bird')
def toucan(canvas):
    black = rgb(26, 24, 26)
    bib = canvas.pick(rgb(244, 240, 230), canvas.tint(50, .85, .95))
    ring = canvas.pick(canvas.tint(208, .7, .85), canvas.tint(25, .85, .9), canvas.tint(85, .6, .75))
    face = two(black, bib, lambda x, y, z: step(y + .15, .07) * step(x + .35, .08))
    breast = two(bib, black, lambda x, y, z: step(.38 - x, .06))
    fowl(canvas, Bird(coat=black, belly=breast, face=face, wing=rgb(34, 32, 36), wing_tip=rgb(18, 16, 18),
                      beak=canvas.pick(canvas.tint(28, .9, .95), canvas.tint(45, .9, .95),
                                       canvas.tint(75, .7, .8)),
                      beak_tip=canvas.pick(rgb(20, 18, 18), canvas.tint(4, .8, .7)), beak_length=1.9,
                      beak_depth=.58, beak_hook=.3, head=.34, upright=50, skin=ring, plume=.07, eye_size=.12,
                      leg_colour=canvas.tint(208, .4, .6), poses=('perch', 'perch', 'head', 'head', 'fly')))


@drawing(93, 'hornbill', 'bird')
def hornbill(canvas):
    black, gold = rgb(28, 27, 30), canvas.tint(canvas.pick(44, 44, 28, 10), .75, .9)
    face = canvas.pick(black, two(black, rgb(240, 232, 200), lambda x, y, z: step(-x - .1, .1)))

    def casque(canvas, clay, frame, unit):
        tall = canvas.uniform(.3, .5)
        plate(canvas, clay, frame, unit, [(.3, -.7), (.8, -.75 - tall), (1.5, -.7 - tall),
                                          (1.9, -.35 - tall * .5),
                                          (1.7, -.1), (.8, -.15)], mix(gold, rgb(230, 120, 40), .35), .12)
    fowl(canvas, Bird(coat=black, belly=two(black, rgb(238, 234, 226), lambda x, y, z: step(.1 - x, .06)),
                      face=face, wing=rgb(40, 39, 43),
                      wing_tip=canvas.pick(rgb(18, 17, 20), rgb(230, 226, 216)),
                      beak=gold, beak_length=1.8, beak_depth=.4, beak_hook=.42, head=.3, neck=.4, upright=45,
                      neck_width=.17, tail=1.2, tail_fan=9, skin=canvas.pick(None, rgb(70, 130, 190)),
                      iris=canvas.tint(10, .8, .6), plume=.08, extra=casque,
                      poses=('perch', 'perch', 'head', 'head', 'fly')))


# ---- Fowl --------------------------------------------------------------------------------------------------

@drawing(7, 'cock', 'bird', places=('lawn', 'meadow', 'stones', 'desert', 'wall', 'clutter'), tilt=4)
def cock(canvas):
    red, green = canvas.tint(2, .85, .75), canvas.tint(160, .5, .2)
    if canvas.chance(.25):
        coat = hackle = rgb(238, 234, 224)
        green = rgb(226, 224, 214)
    else:
        hackle = canvas.tint(canvas.pick(38, 28, 20), .8, .85)
        coat = canvas.pick(canvas.tint(14, .75, .5), canvas.tint(25, .4, .14), canvas.tint(30, .7, .6))
    kind = Bird(coat=coat, belly=mix(coat, BLACK, .6) if coat is not hackle else coat,
                face=two(hackle, red, lambda x, y, z: step(x - .3, .08)), wing=mix(coat, hackle, .3),
                wing_tip=green, beak=canvas.tint(44, .5, .75), beak_length=.5, beak_depth=.28, beak_hook=.4,
                head=.22, neck=.62, neck_width=.19, neck_bend=.1, upright=28, tail=0, leg=.42,
                leg_colour=canvas.tint(44, .6, .75), iris=canvas.tint(30, .8, .8), plume=.15,
                poses=('stand', 'stand', 'stand', 'head'))

    def comb(canvas, clay, frame, unit):
        sickles(canvas, clay, kind, green)
        neck = clay.project((-.2 * unit, .5 * unit, 0), frame)[:2]
        base = clay.project((kind.body[0] * .6, -kind.body[1] * .2, 0), TRUNK)[:2]
        t, n = canvas.rng.random(300), 300
        wide = clay.scale * (.1 + .1 * t)
        side = canvas.rng.uniform(-1, 1, n)
        x, y = neck[0] + (base[0] - neck[0]) * t + side * wide, neck[1] + (base[1] - neck[1]) * t
        order = np.argsort(-t)
        hairs(canvas, x[order], y[order], math.pi / 2 - .5 * side[order] + canvas.rng.normal(0, .12, n),
              clay.scale * canvas.spread(.14, .26, n), canvas.vary(hackle, n, .16), .03 * clay.scale, .05)
        points = [(.85, -.5), (1.0, -1.1)]
        for k in range(4):
            points += [(.55 - .38 * k, -1.05), (.45 - .42 * k, -1.75 + .1 * abs(k - 1))]
        plate(canvas, clay, frame, unit, points + [(-1.0, -1.0), (-.4, -.7)], red)
        for z in (-.25, .25):
            plate(canvas, clay, frame, unit, [(.75, .35), (1.0, .8), (.85 + z * .3, 1.5), (.55, 1.3),
                                              (.5, .6)], red)
    kind.extra = comb
    with canvas.at(.18, .02, .78):
        fowl(canvas, kind)


@drawing(84, 'peacock', 'bird', places=('lawn', 'meadow', 'forest', 'leaves', 'clutter', 'wall'), tilt=4)
def peacock(canvas):
    blue, green = canvas.tint(218, .88, .7), canvas.tint(130, .65, .42)
    white = two(blue, rgb(236, 236, 236), lambda x, y, z: step(.14 - np.hypot(x - .6, y + .15), .04))

    def crest(canvas, clay, frame, unit):
        root = clay.project((-.1 * unit, -.8 * unit, 0), frame)[:2]
        for way in np.linspace(-2.2, -1.0, 8):
            end = root + .28 * clay.scale * np.array((math.cos(way), math.sin(way)))
            canvas.line(*root, *end, rgb(40, 60, 70), .012 * clay.scale)
            canvas.disc(*end, .03 * clay.scale, blue)
    kind = Bird(coat=two(blue, green, lambda x, y, z: step(-x - .1, .15)), face=white,
                wing=rgb(168, 142, 104),
                wing_tip=rgb(140, 88, 48), beak=rgb(190, 180, 160), beak_length=.55, beak_depth=.2, head=.17,
                neck=.75, neck_bend=.25, neck_width=.13, upright=30, tail=0, leg=.4, plume=.07, extra=crest)
    way = canvas.integer(0, 3)
    if way < 2:                                                  # the open fan
        train(canvas, 0, .42, -178 + canvas.normal(3), -2 + canvas.normal(3), 1.3, green)
        with canvas.at(canvas.normal(.05), .3, .6):
            fowl(canvas, kind, 'stand')
    elif way == 2:                                               # the train trailing behind
        train(canvas, .25, -.1, 138, 162, 1.35, green, 3)
        with canvas.at(.42, -.25, .62):
            fowl(canvas, kind, 'stand')
    else:
        train(canvas, 0, 1.1, -170, -10, 2.2, green)
        fowl(canvas, kind, 'head')


def train(canvas, x, y, first, last, reach, green, rays=15):
    """The peacock's tail coverts: green barbs and eyes in rings, between two directions (degrees)."""
    a, b = math.radians(first), math.radians(last)
    turn = np.linspace(a, b, 260) + canvas.rng.normal(0, .02, 260)
    sector = [(x, y)] + [(x + .96 * reach * math.cos(t), y + .96 * reach * math.sin(t))
                         for t in np.linspace(a, b, 25)]
    canvas.fill(poly(sector), radial(x, y, reach, [dim(green, .35), dim(green, .7),
                                                   mix(green, rgb(150, 150, 60), .4)]),
                blur=.02)
    hairs(canvas, x + 0 * turn, y + 0 * turn, turn, reach * canvas.spread(.75, 1.02, 260),
          canvas.vary(dim(green, .8), 260, .25), .05 * reach)
    ex = ey = size = np.empty(0)
    for row, r in enumerate(np.linspace(.97, .5, 4)):
        way = np.linspace(a, b, rays + 1)[:-1] + (b - a) / rays * (.5 if row % 2 else 1) * .9
        way = way + canvas.rng.normal(0, .01, rays)
        ex, ey = np.append(ex, x + reach * r * np.cos(way)), np.append(ey, y + reach * r * np.sin(way))
        size = np.append(size, np.full(rays, .088 * reach * (.35 + .65 * r)))
        hairs(canvas, x + .45 * reach * r * np.cos(way), y + .45 * reach * r * np.sin(way), way, reach * r
              * .6,
              canvas.vary(mix(green, rgb(190, 180, 80), .4), rays, .2), .02 * reach)
    for colour, part in (((128, 150, 60), 1.25), ((170, 112, 52), .98), ((30, 150, 170), .68),
                         ((24, 34, 104), .4)):
        for chosen in np.array_split(np.arange(len(size)), 5):
            specks(canvas, ex[chosen], ey[chosen], size[chosen] * part, rgb(*colour))


# ---- Long legs ---------------------------------------------------------------------------------------------

@drawing(9, 'ostrich', 'bird', size=(.34, .66), places=('desert', 'meadow', 'lawn', 'clutter'), tilt=4)
def ostrich(canvas):
    black = canvas.pick(rgb(30, 28, 28), rgb(30, 28, 28), canvas.tint(28, .25, .42))
    skin = canvas.pick(canvas.tint(18, .3, .75), canvas.tint(210, .1, .6), canvas.tint(350, .3, .75))
    tall_bird(canvas, Bird(coat=black, face=skin, wing=black, wing_tip=rgb(236, 232, 224), beak=dim(skin, .9),
                           beak_length=.8, beak_depth=.4, beak_hook=.1, head=.17, neck=1.35, neck_bend=.15,
                           neck_width=.08, body=(.78, .56, .52), upright=12, tail=.5, tail_fan=26, leg=1.15,
                           leg_colour=skin, plume=.1, plume_width=.06, eye_size=.26, iris=rgb(60, 40, 26),
                           eye_front=.25), canvas.pick('stand', 'stand', 'stand', 'head'))


@drawing(127, 'white stork', 'bird', size=(.34, .66), tilt=5)
def white_stork(canvas):
    white, black, red = rgb(240, 238, 232), rgb(28, 26, 28), canvas.tint(10, .8, .82)
    if canvas.chance(.22):
        soaring(canvas, white, [white, white, black], white, red, .35, red, .3)
        return
    if canvas.chance(.3):                                        # on its nest
        n = 260
        hairs(canvas, canvas.rng.normal(0, .45, n), canvas.spread(.62, .98, n), canvas.spread(-.4, .4, n)
              + np.pi * (canvas.rng.random(n) < .5), canvas.spread(.2, .6, n),
              canvas.vary(rgb(112, 88, 62), n, .3),
              .03)
    tall_bird(canvas, Bird(coat=white, face=white, wing=white, wing_tip=black, beak=red, beak_length=2.0,
                           beak_depth=.3, beak_hook=0, head=.2, neck=.8, neck_bend=.45, neck_width=.12,
                           upright=20,
                           tail=.35, leg=.95, leg_colour=red, plume=.07))


@drawing(130, 'flamingo', 'bird', size=(.34, .66), places=('water', 'water', 'lawn', 'leaves', 'clutter',
                                                           'stones'), tilt=5)
def flamingo(canvas):
    pink = canvas.tint(canvas.pick(350, 10, 16), .5, .95, 6, .15, .04)
    if canvas.chance(.12):
        soaring(canvas, pink, [pink, dim(pink, .9), rgb(30, 24, 26)], pink, rgb(40, 30, 32), .45,
                dim(pink, .9), .2)
        return
    tall_bird(canvas, Bird(coat=pink, face=mix(pink, WHITE, .2), wing=mix(pink, rgb(240, 80, 80), .3),
                           wing_tip=mix(pink, rgb(230, 60, 70), .4), beak=mix(pink, WHITE, .4),
                           beak_tip=rgb(26, 22, 24), beak_length=1.0, beak_depth=.42, beak_hook=.95, head=.17,
                           neck=1.35, neck_bend=canvas.uniform(.4, .9), neck_width=.08, body=(.66, .4, .36),
                           upright=15, tail=.3, leg=1.25, leg_colour=dim(pink, .9), plume=.06,
                           iris=canvas.tint(50, .6, .9)))


@drawing(134, 'crane', 'bird', size=(.34, .66), places=('meadow', 'water', 'lawn', 'desert', 'open_sky',
                                                        'clutter'), tilt=5)
def crane(canvas):
    grey, red = canvas.tint(215, .08, .66, 20), canvas.tint(0, .8, .72)
    which = canvas.integer(0, 2)
    if canvas.chance(.15):
        soaring(canvas, grey, [grey, dim(grey, .9), dim(grey, .4)], grey, rgb(70, 66, 60), .45,
                rgb(40, 38, 38), .2)
        return
    crest, length = None, 1.0
    if which == 0:                                               # sandhill crane
        coat, face = grey, two(mix(grey, WHITE, .4), red, lambda x, y, z: step(-y - .25 + .45 * x, .07))
    elif which == 1:                                             # red-crowned crane
        coat = rgb(240, 240, 238)
        face = two(rgb(34, 32, 34), red, lambda x, y, z: step(-y - .55, .06))
    else:                                                        # crowned crane
        coat, crest, length = dim(grey, .7), canvas.tint(46, .7, .9), 1.9
        face = two(rgb(28, 26, 28), rgb(240, 236, 232), lambda x, y,
                   z: step(.38 - np.hypot(x - .2, y - .1), .05))
    tail_tone = rgb(40, 38, 40) if which == 1 else dim(coat, .75)
    kind = Bird(coat=coat, face=face, wing=coat, wing_tip=tail_tone, beak=rgb(96, 90, 78), beak_length=1.3,
                beak_depth=.24, beak_hook=0, head=.19, neck=1.15, neck_bend=.35, neck_width=.09, upright=25,
                body=(.74, .4, .36), tail=.55, tail_fan=22, leg=1.1, leg_colour=rgb(50, 46, 46), plume=.07,
                crest=crest, crest_length=length, iris=canvas.tint(30, .8, .8))
    tall_bird(canvas, kind)


# ---- Swimmers ----------------------------------------------------------------------------------------------

@drawing(97, 'drake', 'bird', places=('water', 'water', 'water', 'lawn', 'stones'), tilt=4)
def drake(canvas):
    green, grey = canvas.tint(145, .75, .38, 15), rgb(176, 172, 166)
    chestnut = canvas.tint(20, .55, .36)
    body = two(two(grey, chestnut, lambda x, y, z: step(x - .42, .06)), rgb(26, 24, 28),
               lambda x, y, z: step(-x - .68, .05))
    kind = Bird(coat=body, face=two(green, mix(green, rgb(40, 60, 160), .4), sheen), wing=rgb(150, 138, 122),
                wing_tip=canvas.pick(rgb(90, 80, 70), rgb(50, 80, 170)), beak=canvas.tint(50, .75, .85),
                beak_length=.95, beak_depth=.3, beak_hook=-.06, head=.3, neck=.35, neck_bend=.1,
                neck_width=.19,
                body=(.9, .42, .44), upright=6, tail=.4, leg=.18, leg_colour=canvas.tint(22, .85, .9),
                plume=.06,
                rough=.06, poses=('swim', 'swim', 'swim', 'stand', 'head'))

    def collar(canvas, clay, frame, unit):
        ring = [(1.0 * math.cos(t) * .62 - .1, 1.0 + .1 * math.sin(t), math.sin(t) * .62)
                for t in np.linspace(0, 6.3, 25)]
        clay.trace(canvas, np.asarray(ring) * unit, rgb(240, 240, 236), .14 * unit, frame, .14)
    kind.extra = collar
    fowl(canvas, kind)


def sheen(x, y, z):
    """Where the drake's green head shines blue."""
    return step(np.sin(4 * x + 3 * y) - .3, .3)


@drawing(100, 'black swan', 'bird', places=('water', 'water', 'water', 'lawn'), tilt=4)
def black_swan(canvas):
    black, red = canvas.tint(20, .15, .15, 20, .1, .05), canvas.tint(4, .85, .78)
    kind = Bird(coat=black, face=black, wing=dim(black, 1.3), wing_tip=dim(black, .9), beak=red,
                beak_tip=rgb(240, 225, 220), beak_length=.95, beak_depth=.36, beak_hook=.12, head=.2,
                neck=canvas.uniform(.9, 1.2), neck_bend=canvas.uniform(.35, .75), neck_width=.115,
                body=(.95, .46, .48), upright=6, tail=.3, plume=.08, plume_width=.06, rough=.15,
                iris=canvas.tint(5, .8, .6), poses=('swim', 'swim', 'swim', 'head'))
    fowl(canvas, kind)


@drawing(144, 'pelican', 'bird', places=('water', 'water', 'open_sky', 'stones', 'lawn'), tilt=4)
def pelican(canvas):
    white = canvas.pick(rgb(240, 236, 230), rgb(240, 236, 230), canvas.tint(28, .25, .5))
    gold = canvas.tint(canvas.pick(38, 28, 45), .75, .92)
    if canvas.chance(.15):
        soaring(canvas, white, [white, white, rgb(34, 30, 32)], white, gold, .15, tail=.25)
        return

    def pouch(canvas, clay, frame, unit):
        deep = canvas.uniform(.5, 1.1)
        plate(canvas, clay, frame, unit, [(.5, .35), (3.0, .42), (2.3, .6 + deep * .5), (1.4, .6 + deep),
                                          (.7, .5 + deep * .8), (.45, .7)], gold, .05)
        for k in range(4):
            line = [(.6 + .5 * k, .5, 0), (.7 + .45 * k, .55 + deep * .7, 0)]
            clay.trace(canvas, np.asarray(line) * unit, dim(gold, .75), .03 * unit, frame, 9, .5)
    kind = Bird(coat=white, face=two(mix(white, rgb(250, 220, 150), .3), canvas.tint(20, .4, .9), lambda x, y,
                                     z:
                                     step(.4 - np.hypot(x - .6, y + .15), .06)),
                wing=dim(white, .97), wing_tip=rgb(52, 48, 50), beak=mix(gold, rgb(210, 200, 190), .5),
                beak_tip=canvas.tint(20, .8, .85), beak_length=2.4, beak_depth=.2, beak_hook=.1, head=.23,
                neck=.75,
                neck_bend=.55, neck_width=.14, body=(.9, .5, .48), upright=18, tail=.3, leg=.25,
                leg_colour=canvas.tint(30, .6, .8), plume=.07, extra=pouch,
                poses=('swim', 'swim', 'stand', 'stand', 'head'))
    fowl(canvas, kind)


@drawing(145, 'king penguin', 'bird', size=(.34, .66), places=('water', 'desert', 'stones', 'lawn',
                                                               'open_sky', 'clutter'),
         tilt=4,
         many=.3)
def king_penguin(canvas):
    slate, white, dark = canvas.tint(215, .2, .36), rgb(240, 240, 240), rgb(26, 25, 30)
    gold = canvas.tint(40, .92, .97)
    clay, look = Clay(.08), canvas.uniform(-.5, .5)
    yaw = canvas.uniform(-30, 130)
    clay.limb('body', [(.02, -.62, 0), (.08, -.3, 0), (.06, .2, 0), (-.02, .62, 0), (-.08, .82, 0)],
              [.14, .27, .36, .33, .2])
    head = clay.frame((.04, -.86, 0), 60 * look, 0, canvas.normal(12) - 8)
    clay.limb('head', [(-.02, .25, 0), (0, 0, 0), (.05, .01, 0)], [.15, .155, .14], head)
    reach = np.linspace(0, 1, 6)
    clay.limb('beak', [(.14 + .3 * t, .01 + .07 * t * t, 0) for t in reach], .05 * (1 - .75 * reach), head)
    clay.limb('flipper', [(-.2, .85, 0), (-.34, .98, 0)], [.1, .02])
    clay.ball('body', (.03, .1, 0), (.35, .78, .37))
    swing = canvas.uniform(0, .35)
    for z in (-1, 1):
        clay.limb('flipper', [(.02, -.38, z * .24), (-.02, .05, z * (.38 + swing * .6)),
                              (-.06, .42, z * (.4 + swing))], [.07, .08, .03], flat=.6)
        clay.limb('feet', [(.0, .95, z * .15), (.22, .98, z * .18)], [.09, .05])

    def front(x, y, z):
        """White belly, golden breast, dark back; the edge curls around the shoulder."""
        belly = mix(white, gold, 0)[None] * np.ones((len(x), 1))
        glow = step(-y - .36, .09)[:, None]
        belly = belly * (1 - glow) + gold * glow
        back = step(.02 - x + .25 * np.abs(z), .03)[:, None]
        return belly * (1 - back) + slate * back

    def cheeks(x, y, z):
        patch = (step(.1 - np.hypot(x + .05, (y - .08) * .6), .015) * step(np.abs(z) - .06, .02))[:, None]
        return dark * (1 - patch) + gold * patch
    clay.view(yaw, canvas.uniform(-5, 12), canvas.normal(3))
    if canvas.chance(.25):
        clay.fit(('head', 'beak'), .55, (0, -.25))
    else:
        clay.fit(size=.95)
    look = dict(hair=.035, width=.02, flow=(0, 1, 0), dense=.2, rough=.06)
    clay.paint(canvas, {'body': Coat(front, **look), 'head': Coat(cheeks, **look),
                        'beak': Coat(rgb(36, 30, 34),
                        gloss=.4), 'flipper': Coat(dim(slate, .9), **look), 'feet': Coat(rgb(40, 38, 40))})
    for z in (-1, 1):
        stripe = [(.17 + .2 * t, .045 + .06 * t * t, z * .04 * (1 - .6 * t)) for t in reach]
        clay.trace(canvas, stripe, canvas.tint(22, .85, .9), .03, head, .05)
        with clay.spot(canvas, (.08, -.04, z * .135), (.4, -.1, z), .03, head, slack=.15) as seen:
            if seen:
                eye(canvas, 0, 0, 1, rgb(70, 46, 26), lid=.2)
