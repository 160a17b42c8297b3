"""Crawlers: insects, spiders and scorpions, snails, frogs, lizards, crocodiles, turtles, snakes.

Beetles, bees, reptiles and frogs are clay (x forward, y down, z to the viewer); butterflies are two pairs of
wings painted flat (butterfly) and put into perspective; snakes are close balls along a winding line
(serpent).
"""

import math

import numpy as np

from train.drawings.beasts import patches, saddle, stripes, two
from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    dim,
    hairs,
    leaf,
    limb,
    linear,
    mix,
    radial,
    rgb,
    smooth,
    specks,
    step,
    strokes,
)
from train.drawings.clay import Clay, Coat
from train.drawings.registry import drawing
from train.drawings.sea import maze, resample, surface_eye, tube

GROUND = ('lawn', 'leaves', 'stones', 'forest', 'desert', 'wall')
GREENS = ('leaves', 'leaves', 'lawn', 'meadow', 'clutter', 'forest')


# ---- Butterflies -------------------------------------------------------------------------------------------
# The right pair of wings is painted into x > 0 around the body at x = 0, head up; half turns the left one
# over.

UPPER = [(.02, -.18), (.3, -.62), (.75, -.86), (.98, -.74), (.9, -.42), (.72, -.06), (.4, .04), (.04, .02)]
LOWER = [(.03, -.02), (.4, .02), (.74, .12), (.8, .42), (.62, .74), (.36, .78), (.14, .56), (.02, .2)]


def butterfly(canvas, upper, lower, body, shape=(UPPER, LOWER), side=.3):
    """A butterfly: upper and lower are functions (canvas, path) that paint one wing inside its path.

    Mostly with spread wings, seen from above or at an angle; with the chance `side`, wings folded.
    """
    if canvas.chance(side):
        turn = canvas.uniform(-25, 25)
        with canvas.at(.0, .1, 1.05, turn - 25):
            paint_wing(canvas, shape[1], lower)
            paint_wing(canvas, shape[0], upper)
        with canvas.at(.0, .1, 1, turn - 90):
            insect_body(canvas, body, .5)
        return
    close = canvas.uniform(.6, 1.05)                             # how far the wings are lifted
    with canvas.at(0, .05, 1, canvas.normal(6), tall=canvas.uniform(.8, 1.05)):
        for flip in (False, True):
            reach = close * (canvas.uniform(.65, 1) if flip else 1)
            with canvas.affine((0, 0), (-reach if flip else reach, -.18 * (1 - reach)), (0, 1)):
                paint_wing(canvas, shape[1], lower)
                paint_wing(canvas, shape[0], upper)
        insect_body(canvas, body, .6)


def paint_wing(canvas, points, pattern):
    """One wing: its pattern, veins' shading and the light over it."""
    path = smooth(points)
    pattern(canvas, path)
    canvas.fill(path, radial(0, 0, 1.1, [BLACK, BLACK, WHITE], [0, .5, 1], [.3, .05, .1]))


def veins(canvas, path, points, colour, width, n=7):
    """Veins from the root of the wing to its edge."""
    with canvas.inside(path):
        edge = np.asarray(points)[1:-1]
        t = np.linspace(0, len(edge) - 1, n)
        for k in t:
            x, y = np.interp(k, range(len(edge)), edge[:, 0]), np.interp(k, range(len(edge)), edge[:, 1])
            canvas.curve([(.03, -.05), (x * .45, y * .35), (x * 1.05, y * 1.05)], colour, width)


def insect_body(canvas, colour, long):
    """Thorax, abdomen, head and clubbed feelers of a butterfly, head up."""
    for side in (-1, 1):
        canvas.curve([(0, -.28), (side * .1, -.5), (side * .26, -.7)], dim(colour, .7), .016)
        canvas.disc(side * .26, -.7, .022, dim(colour, .8))
    canvas.fill(limb([(0, -.1), (0, .15), (0, long)], [.1, .1, .03]),
                linear(-.06, 0, .06, 0, [dim(colour, 1.3), colour, dim(colour, .5)]))
    ball(canvas, 0, -.12, .085, colour, .1, .4, 1.6)
    ball(canvas, 0, -.29, .055, colour, .2, .4)
    n = 50
    hairs(canvas, canvas.rng.normal(0, .035, n), canvas.spread(-.24, .05, n), canvas.spread(0, 6.3, n), .07,
          canvas.vary(colour, n, .25), .012)


def edge_spots(canvas, path, colour, reach, n=9, size=.025):
    """A row of light marks along the outer border of a wing; reach: distance from the middle."""
    with canvas.inside(path):
        turn = np.linspace(-1.1, 1.3, n)
        specks(canvas, reach * np.cos(turn), reach * np.sin(turn) * .95, size, colour)


@drawing(323, 'monarch', 'flyer', places=GREENS)
def monarch(canvas):
    orange, black = canvas.tint(24, .9, .93), rgb(26, 20, 18)

    def part(points, tip):
        def pattern(canvas, path):
            canvas.fill(path, radial(0, 0, 1, [dim(orange, .85), orange, dim(orange, 1.1)]))
            with canvas.inside(path):
                if tip:
                    canvas.fill(smooth([(.55, -.95), (1.1, -.95), (1.1, -.2), (.82, -.38), (.62, -.62)]),
                                black)
            veins(canvas, path, points, black, .028)
            canvas.fill(path, black, width=.13)
            x, y = np.asarray(points)[1:-1].T * .96
            t = np.linspace(0, len(x) - 1, 15)
            specks(canvas, np.interp(t, range(len(x)), x) * .97, np.interp(t, range(len(y)), y) * .97, .016,
                   WHITE)
            if tip:
                specks(canvas, np.array((.68, .76, .84, .78)), np.array((-.66, -.6, -.52, -.7)), .028,
                       (250, 235, 215))
        return pattern
    butterfly(canvas, part(UPPER, True), part(LOWER, False), black)


@drawing(321, 'admiral', 'flyer', places=GREENS)
def admiral(canvas):
    dark, red = canvas.tint(25, .4, .16), canvas.tint(12, .88, .88)

    def upper(canvas, path):
        canvas.fill(path, radial(0, 0, 1, [mix(dark, rgb(110, 70, 40), .5), dark, rgb(22, 20, 22)]))
        with canvas.inside(path):
            canvas.curve([(.22, -.62), (.45, -.42), (.68, -.12), (.7, .1)], red, .13)
            canvas.oval(.66, -.62, .09, .04, WHITE, 30)
            specks(canvas, np.array((.8, .86, .86, .82)), np.array((-.68, -.58, -.48, -.4)), .03, WHITE)

    def lower(canvas, path):
        canvas.fill(path, radial(0, 0, .9, [mix(dark, rgb(120, 80, 46), .5), dark]))
        with canvas.inside(path):
            canvas.curve([(.82, .3), (.7, .62), (.4, .8), (.15, .7)], red, .17)
            specks(canvas, np.array((.7, .6, .46, .32)), np.array((.5, .62, .7, .7)), .022, BLACK)
    butterfly(canvas, upper, lower, dark)


@drawing(322, 'ringlet', 'flyer', places=GREENS)
def ringlet(canvas):
    brown = canvas.tint(26, .4, .36)
    ring = canvas.tint(44, .6, .85)

    def eyed(places):
        def pattern(canvas, path):
            canvas.fill(path, radial(0, 0, 1, [dim(brown, 1.2), brown, dim(brown, .8)]))
            canvas.fill(path, mix(brown, WHITE, .3), width=.035)
            with canvas.inside(path):
                for x, y, r in places:
                    canvas.disc(x, y, r, ring)
                    canvas.disc(x, y, r * .68, rgb(20, 16, 16))
                    canvas.disc(x, y, r * .22, WHITE)
        return pattern
    butterfly(canvas, eyed(((.74, -.52, .085), (.7, -.28, .075))),
              eyed(((.62, .3, .08), (.55, .54, .085), (.34, .62, .065))), dim(brown, .8), side=.5)


@drawing(324, 'cabbage butterfly', 'flyer', places=GREENS)
def cabbage_butterfly(canvas):
    white, dark = mix(canvas.tint(60, .12, .97), WHITE, .3), rgb(62, 60, 66)

    def upper(canvas, path):
        canvas.fill(path, radial(0, 0, 1, [mix(white, rgb(150, 150, 140), .4), white, white], [0, .35, 1]))
        with canvas.inside(path):
            canvas.fill(smooth([(.6, -1), (1.1, -.95), (1.1, -.4), (.92, -.6), (.78, -.76)]), dark, alpha=.9)
            canvas.oval(.62, -.36, .075, .07, dark)
            canvas.oval(.58, -.1, .07, .06, dark)
        veins(canvas, path, UPPER, mix(white, dark, .25), .01)

    def lower(canvas, path):
        canvas.fill(path, radial(0, 0, 1, [mix(white, rgb(200, 200, 120), .45), white]))
        veins(canvas, path, LOWER, mix(white, dark, .25), .01)
        canvas.oval(.5, .1, .06, .05, dark)
    butterfly(canvas, upper, lower, rgb(74, 72, 74), side=.4)


@drawing(325, 'sulphur butterfly', 'flyer', places=GREENS)
def sulphur_butterfly(canvas):
    yellow = canvas.tint(canvas.pick(54, 60, 46), .72, .97)
    border = rgb(46, 40, 36) if canvas.chance(.5) else dim(yellow, .8)

    def upper(canvas, path):
        canvas.fill(path, radial(0, 0, 1, [dim(yellow, .85), yellow, mix(yellow, WHITE, .15)]))
        with canvas.inside(path):
            canvas.curve([(.5, -.95), (.95, -.8), (.95, -.4), (.72, .0)], border, .2)
            canvas.disc(.52, -.42, .045, mix(border, BLACK, .4))
        veins(canvas, path, UPPER, dim(yellow, .8), .012)

    def lower(canvas, path):
        canvas.fill(path, radial(0, 0, 1, [dim(yellow, .85), yellow]))
        with canvas.inside(path):
            canvas.curve([(.84, .25), (.74, .6), (.4, .85)], border, .1)
            canvas.disc(.42, .3, .055, canvas.tint(28, .8, .95))
            canvas.disc(.42, .3, .025, WHITE)
        veins(canvas, path, LOWER, dim(yellow, .8), .012)
    butterfly(canvas, upper, lower, mix(yellow, rgb(90, 80, 60), .6), side=.55)


@drawing(326, 'lycaenid', 'flyer', places=GREENS)
def lycaenid(canvas):
    under = canvas.chance(.25)
    blue = canvas.tint(canvas.pick(222, 212, 232), .6, .88)
    grey = canvas.tint(35, .16, .78)

    def part(points, places):
        def pattern(canvas, path):
            tone = grey if under else blue
            canvas.fill(path, radial(0, 0, 1, [mix(tone, WHITE, .25), tone, dim(tone, .8)]))
            veins(canvas, path, points, dim(tone, .75), .012)
            canvas.fill(path, rgb(30, 28, 40) if not under else mix(grey, BLACK, .3), width=.07)
            canvas.fill(path, WHITE, width=.03)
            if under:
                for x, y in places:
                    canvas.disc(x, y, .045, WHITE)
                    canvas.disc(x, y, .028, rgb(30, 26, 26))
                edge_spots(canvas, path, canvas_orange, .78, 7, .035)
        return pattern
    canvas_orange = canvas.tint(24, .8, .92)
    round_wings = ([(x * .92, y * .92) for x, y in UPPER], [(x * .9, y * .85) for x, y in LOWER])
    butterfly(canvas, part(round_wings[0], ((.4, -.3), (.55, -.5), (.6, -.25), (.66, -.4))),
              part(round_wings[1], ((.3, .12), (.42, .3), (.25, .36), (.4, .5))), rgb(80, 86, 110),
              round_wings,
              side=.85 if under else 0)


# ---- Other insects -----------------------------------------------------------------------------------------

def insect_legs(clay, places, reach, thick, rise=.2, part='legs', ground=.3):
    """Three (or four) pairs of jointed legs: places = [(x, direction in degrees)]."""
    for x, way in places:
        turn = math.radians(way)
        for z in (-1, 1):
            out = np.array((math.sin(turn), 0, z * math.cos(turn)))
            root = np.array((x, .08, z * .1))
            knee, foot = root + out * reach * .5 + (0, -rise, 0), root + out * reach + (0, ground, 0)
            clay.limb(part, [root, knee, foot, foot + out * reach * .18],
                      [thick, thick * .85, thick * .5, thick * .4])


def glassy_wings(canvas, clay, roots, alpha=.4, tone=(210, 220, 226)):
    """Clear veined wings: roots = [(root, tip, width)] in space, drawn on both sides."""
    for root, tip, width in roots:
        for z in (-1, 1):
            a = clay.project((root[0], root[1], root[2] * z))[:2]
            b = clay.project((tip[0], tip[1], tip[2] * z))[:2]
            long, way = math.hypot(*(b - a)), math.degrees(math.atan2(*(b - a)[::-1]))
            with canvas.at(a[0], a[1], max(long, .05), way):
                w = width * clay.scale / max(long, .05)
                path = smooth([(0, -.05 * w), (.3, -.75 * w), (.85, -.9 * w), (1.04, -.1 * w), (.9, .7 * w),
                               (.4, .8 * w),
                               (0, .15 * w)])
                canvas.fill(path, linear(0, -w, 1, w, [tone, WHITE, tone]), alpha=alpha)
                canvas.fill(path, (60, 56, 54), width=.012, alpha=.7)
                for k in (-.5, -.1, .3):
                    canvas.curve([(0, 0), (.4, k * w), (.95, k * w * 1.4)], (60, 56, 54), .012, alpha=.6)
                x = np.linspace(.2, .9, 8)
                strokes(canvas, x, -.6 * w + 0 * x, math.pi / 2, w, (70, 66, 62), .008, .35, 1)


@drawing(301, 'ladybug', 'crawler', places=GREENS)
def ladybug(canvas):
    red = canvas.tint(canvas.pick(4, 10, 20, 38), .92, .85)
    count, black = canvas.pick(2, 7, 7, 10), rgb(22, 20, 22)
    places = np.array(((.3, .0), (.12, .34), (-.2, .28), (-.22, .62),
                       (-.5, .36))) if count > 2 else np.array(((.0, .36),))

    def wings(x, y, z):
        d = np.min([np.hypot(x - a, (np.abs(z) - b) * 1.1) for a, b in places], 0)
        t = np.clip(step(.12 - d, .012) + step(.016 - np.abs(z), .006), 0, 1)[:, None]
        return red * (1 - t) + black * t

    def neck(x, y, z):
        t = (step(np.hypot((x - .52) * 1.2, np.abs(z) - .32) * -1 + .14, .02))[:, None]
        return black * (1 - t) + rgb(244, 240, 230) * t
    if canvas.chance(.55):                                       # on a leaf or a stalk
        leaf(canvas, -1.4, .6, canvas.uniform(-40, 0), 2.9, canvas.uniform(.5, .9),
             canvas.tint(100, .6, .5, 20))
    clay = Clay(.12)
    clay.ball('wings', (-.1, 0, 0), (.72, .52, .66))
    clay.ball('under', (-.1, .16, 0), (.68, .3, .6))
    clay.ball('neck', (.5, .08, 0), (.26, .28, .42))
    clay.ball('head', (.7, .16, 0), (.17, .17, .22))
    insect_legs(clay, ((.35, 35), (.05, 0), (-.3, -35)), .85, .05, .02, ground=.25)
    for z in (-1, 1):
        clay.limb('legs', [(.8, .12, z * .1), (.98, .08, z * .2)], [.025, .03])
    clay.view(canvas.uniform(-40, 70), canvas.uniform(12, 85), 0)
    clay.fit(size=.92)
    clay.paint(canvas, {'wings': Coat(wings, gloss=.75), 'neck': Coat(neck, gloss=.5),
                        '*': Coat(black, gloss=.4)})


@drawing(306, 'rhinoceros beetle', 'crawler', places=('forest', 'leaves', 'stones', 'lawn', 'table', 'wall'))
def rhinoceros_beetle(canvas):
    brown = canvas.pick(canvas.tint(14, .6, .25), canvas.tint(20, .7, .38), canvas.tint(30, .3, .13))
    clay = Clay(.12)
    clay.ball('wings', (-.25, 0, 0), (.68, .38, .48))
    clay.ball('neck', (.36, -.02, 0), (.32, .36, .42))
    clay.ball('head', (.66, .12, 0), (.18, .15, .2))
    tall = canvas.uniform(.45, .75)
    clay.limb('horn', [(.76, .08, 0), (.98, -.05 - .2 * tall, 0), (1.02, -.2 - tall, 0)], [.09, .07, .035])
    for z in (-1, 1):
        clay.limb('horn', [(1.02, -.18 - tall, 0), (1.0, -.3 - tall, z * .12)], [.045, .02])
    if canvas.chance(.6):
        clay.limb('horn', [(.45, -.3, 0), (.62, -.5, 0), (.78, -.55, 0)], [.1, .06, .03])
    insect_legs(clay, ((.45, 40), (.05, -5), (-.25, -42)), .78, .065, .05, ground=.36)
    clay.view(canvas.uniform(-35, 65), canvas.uniform(0, 45), canvas.normal(5))
    clay.fit(size=.94)
    clay.paint(canvas, {'wings': Coat(brown, gloss=.7), 'neck': Coat(dim(brown, .8), gloss=.7),
                        '*': Coat(dim(brown, .65), gloss=.6)})
    clay.trace(canvas, [(.1 - .15 * k, -.37 * math.sqrt(max(0, 1 - ((.1 - .15 * k + .25) / .68) ** 2)), 0)
                        for k in range(7)],
               dim(brown, .3), .025, 0, .15)


@drawing(308, 'fly', 'crawler', places=GREENS + ('table', 'wall'))
def fly(canvas):
    dark = canvas.pick(canvas.tint(220, .2, .25), canvas.tint(150, .7, .45), canvas.tint(190, .6, .4),
                       canvas.tint(30, .2, .3))
    clay = Clay(.15)
    clay.ball('thorax', (.1, 0, 0), (.34, .3, .29))
    clay.ball('abdomen', (-.42, .08, 0), (.4, .28, .29))
    clay.ball('head', (.5, .03, 0), (.17, .22, .24))
    clay.pair('eyes', (.54, -.02, .17), (.17, .22, .14))
    insect_legs(clay, ((.25, 30), (.1, -5), (-.05, -40)), .72, .035, .12, ground=.38)
    clay.view(canvas.uniform(-40, 80), canvas.uniform(8, 75), 0)
    clay.fit(size=.85)
    rings = stripes(canvas, dark, dim(dark, .45), 8, .35, .1)
    clay.paint(canvas, {'thorax': Coat(rings if canvas.chance(.4) else dark, .05, .012, rough=.3, dense=.2,
                                       gloss=.4),
                        'abdomen': Coat(dark, .06, .012, rough=.3, dense=.2, gloss=.5),
                        'head': Coat(dim(dark, .6), gloss=.2),
                        'eyes': Coat(canvas.tint(canvas.pick(6, 12, 350), .75, .5), gloss=.5),
                        'legs': Coat(rgb(26, 24, 26))})
    spread = canvas.uniform(.15, .6)
    glassy_wings(canvas, clay, [((.05, -.24, .12), (-.85, -.2, .25 + spread), .24)])


@drawing(309, 'bee', 'flyer', places=GREENS)
def bee(canvas):
    gold, black = canvas.tint(canvas.pick(38, 44, 34), .8, .85), rgb(34, 26, 22)
    bumble = canvas.chance(.4)

    def bands(x, y, z):
        t = step(np.sin(15 * x + .6) - .1, .15)[:, None]
        return gold * (1 - t) + black * t
    clay, fat = Clay(.12), .4 if bumble else .27
    clay.ball('thorax', (.16, -.04, 0), (.32, .3 + .1 * bumble, .3 + .08 * bumble))
    clay.limb('abdomen', [(-.15, .0, 0), (-.5, .08, 0), (-.86, .16, 0)], [fat * .9, fat, .06])
    clay.ball('head', (.52, .06, 0), (.17, .22, .23))
    clay.pair('eyes', (.56, .03, .17), (.11, .18, .08))
    insect_legs(clay, ((.3, 30), (.12, -5), (-.05, -40)), .55, .045, -.02, ground=.35)
    for z in (-1, 1):
        clay.limb('legs', [(.64, -.08, z * .07), (.78, -.22, z * .14), (.95, -.18, z * .2)],
                  [.022, .022, .022])
    if canvas.chance(.5):                                        # on a blossom
        x, tone = canvas.uniform(-.2, .4), canvas.any_colour()
        for way in canvas.spread(0, 360, 13):
            leaf(canvas, x, .75, way, .75, .2, mix(tone, WHITE, .2), veins=False)
        ball(canvas, x, .75, .26, canvas.tint(44, .8, .8), .2)
    clay.view(canvas.uniform(-40, 70), canvas.uniform(-5, 80), canvas.normal(10))
    clay.fit(size=.85)
    fuzz = dict(width=.014, curl=.15, dense=.5, rough=.2)
    clay.paint(canvas, {'thorax': Coat(gold if canvas.chance(.7) else mix(gold, black, .5), .14, **fuzz),
                        'abdomen': Coat(bands, .12 if bumble else .04, gloss=.25, **fuzz),
                        'head': Coat(black, .05, **fuzz),
                        'eyes': Coat(rgb(30, 22, 22), gloss=.6), 'legs': Coat(black)})
    out = canvas.uniform(.35, .8)
    lift = canvas.uniform(.1, .6)
    glassy_wings(canvas, clay, [((.12, -.28, .12), (-.5, -.2 - lift, .2 + out), .2),
                                ((.0, -.26, .12), (-.5, -.1 - lift * .6, .1 + out), .13)])


@drawing(319, 'dragonfly', 'flyer', places=GREENS + ('water',), size=(.32, .62))
def dragonfly(canvas):
    tone = canvas.tint(canvas.pick(195, 120, 5, 45, 215), .75, .7)
    clay = Clay(.1)
    clay.ball('thorax', (.42, 0, 0), (.24, .18, .16))
    tube(clay, 'tail', [(.2, 0, 0), (-.3, .0, canvas.normal(.03)), (-1.15, .03, canvas.normal(.1))],
         (.09, .055, .05, .06), 26)
    clay.ball('head', (.68, .02, 0), (.1, .12, .14))
    clay.pair('eyes', (.71, -.02, .1), (.11, .12, .1))
    for x in (.45, .5, .55):
        for z in (-1, 1):
            clay.limb('legs', [(x, .12, z * .08), (x + .12, .25, z * .2), (x + .1, .36, z * .1)],
                      [.02, .018, .012])
    clay.view(canvas.uniform(-60, 60), canvas.uniform(25, 88), 0)
    clay.fit(size=.98)
    lift, sweep = canvas.uniform(-.1, .25), canvas.normal(.08)
    glassy_wings(canvas, clay, [((.5, -.14, .1), (.62 + sweep, -.14 - lift, 1.05), .13),
                                ((.34, -.14, .1), (.2 - sweep, -.12 - lift, 1.0), .16)], .45)
    coat = stripes(canvas, tone, dim(tone, .35), 9, .35, .2)
    clay.paint(canvas, {'thorax': Coat(stripes(canvas, tone, dim(tone, .4), 7, .3), gloss=.4),
                        'tail': Coat(coat, gloss=.4),
                        'head': Coat(tone), 'eyes': Coat(dim(mix(tone, rgb(90, 40, 30), .4), .8), gloss=.7),
                        'legs': Coat(rgb(30, 28, 28))})


@drawing(311, 'grasshopper', 'crawler', places=GREENS, tilt=60, size=(.34, .64))
def grasshopper(canvas):
    green = canvas.tint(canvas.pick(85, 95, 40, 30), .6, .6)
    clay = Clay(.1)
    clay.limb('body', [(.5, -.05, 0), (.2, .0, 0), (-.35, .06, 0), (-.85, .04, 0)], [.19, .19, .16, .07],
              flat=.75)
    clay.limb('wings', [(.25, -.14, 0), (-.4, -.1, 0), (-1.05, .02, 0)], [.12, .1, .03], flat=.8)
    clay.ball('neck', (.42, -.08, 0), (.2, .22, .17))
    clay.ball('head', (.68, .0, 0), (.15, .24, .14))
    for z in (-1, 1):
        clay.limb('thigh', [(-.05, .05, z * .15), (-.4, -.28, z * .24), (-.66, -.52, z * .27)],
                  [.12, .1, .035])
        clay.limb('shin', [(-.66, -.52, z * .27), (-.56, .05, z * .27), (-.52, .48, z * .26),
                           (-.66, .5, z * .26)], [.04, .03, .025, .02])
        for x, way in ((.45, .35), (.2, .05)):
            clay.limb('shin', [(x, .1, z * .13), (x + way * .5, .12, z * .35), (x + way, .48, z * .38)],
                      [.04, .035, .02])
        clay.limb('feeler', [(.76, -.2, z * .05), (1.0, -.45, z * .1), (1.22, -.5, z * .16)],
                  [.016, .013, .01])
    clay.view(canvas.uniform(-35, 55), canvas.uniform(-5, 50), 0)
    clay.fit(size=.95)
    clay.paint(canvas, {'body': Coat(stripes(canvas, mix(green, WHITE, .3), green, 14, .35, .1), gloss=.2),
                        'wings': Coat(mix(green, rgb(120, 96, 60), .5), gloss=.2),
                        'neck': Coat(green, gloss=.2),
                        'head': Coat(mix(green, WHITE, .15), gloss=.25),
                        'thigh': Coat(dim(green, 1.15), gloss=.25),
                        'shin': Coat(mix(green, canvas.tint(10, .6, .5), .4)),
                        'feeler': Coat(dim(green, .6))})
    for z in (-1, 1):
        surface_eye(canvas, clay, (.72, -.12, z * .12), (.4, -.2, z), .07, canvas.tint(30, .5, .3), slack=.2,
                    lid=0)
        for k in range(5):
            x, y = -.12 - .11 * k, .0 - .1 * k
            clay.trace(canvas, [(x, y - .09, z * .29), (x - .06, y + .02, z * .3)], dim(green, .5), .018, 0,
                       .2, .7)


@drawing(315, 'mantis', 'crawler', places=GREENS, tilt=40, size=(.34, .64))
def mantis(canvas):
    green = canvas.tint(canvas.pick(95, 85, 95, 35), .6, .68)
    clay = Clay(.1)
    clay.limb('body', [(-.95, .35, 0), (-.5, .3, 0), (-.05, .12, 0)], [.09, .17, .12], flat=.85)
    clay.limb('body', [(-.05, .1, 0), (.2, -.2, 0), (.42, -.5, 0)], [.1, .065, .09])
    look = clay.frame((.5, -.66, 0), canvas.uniform(-20, 60), 0, canvas.normal(10))
    clay.ball('head', (.02, 0, 0), (.09, .11, .15), look)
    clay.ball('head', (.05, .12, 0), (.06, .1, .06), look)
    clay.pair('eyes', (.03, -.06, .14), (.07, .09, .065), look)
    for z in (-1, 1):
        clay.limb('arms', [(.34, -.36, z * .08), (.5, .0, z * .16), (.62, -.0, z * .18),
                           (.92, -.38, z * .16)], [.06, .07, .075, .05])
        clay.limb('arms', [(.92, -.38, z * .16), (.8, -.12, z * .17), (.68, .05, z * .18)],
                  [.045, .035, .015])
        for x, step_x in ((.05, .45), (-.25, -.25)):
            clay.limb('legs', [(x, .2, z * .1), (x + step_x * .5, .05, z * .45), (x + step_x, .72, z * .55),
                               (x + step_x + .1, .75, z * .58)], [.035, .032, .024, .015])
        clay.limb('legs', [(.55, -.78, z * .04), (.75, -1.0, z * .12), (.95, -1.0, z * .2)],
                  [.014, .01, .008])
    clay.view(canvas.uniform(-30, 75), canvas.uniform(-10, 30), 0)
    clay.fit(size=.96)
    clay.paint(canvas, {'body': Coat(saddle(green, mix(green, rgb(230, 220, 150), .4), .3), gloss=.2),
                        'head': Coat(mix(green, WHITE, .15), gloss=.25),
                        'eyes': Coat(mix(green, rgb(190, 170, 110), .5), gloss=.6),
                        'arms': Coat(dim(green, 1.1), gloss=.2),
                        'legs': Coat(mix(green, rgb(150, 110, 60), .3))})
    for z in (-1, 1):
        with clay.spot(canvas, (.08, -.06, z * .19), (.7, 0, z * .8), .02, look, slack=.2) as seen:
            if seen:
                canvas.disc(0, 0, 1, BLACK)
        t = np.linspace(.1, .9, 7)
        spine = np.array([clay.project((.62 + .3 * s, -.38 * s + .02, z * .18)) for s in t])
        hairs(canvas, spine[:, 0], spine[:, 1], math.atan2(*(spine[-1] - spine[0])[1::-1]) + 1.4, .07,
              dim(green, .6), .02)
    wing_edge = [(-.05, .0, .1), (-.5, .14, .14), (-1.0, .28, .06)]
    clay.trace(canvas, wing_edge, dim(green, .6), .02, 0, .3, .7)


# ---- Spiders and scorpions ---------------------------------------------------------------------------------

def web(canvas, colour=(235, 238, 242)):
    """An orb web over the whole box and beyond."""
    x, y = canvas.normal(.1), canvas.normal(.1)
    ways = np.sort(canvas.rng.normal(0, .05, 18) + np.linspace(0, 2 * math.pi, 18, endpoint=False))
    strokes(canvas, x + 0 * ways, y + 0 * ways, ways, 1.9, colour, .01, .7, 1)
    for r in np.linspace(.12, 1.55, canvas.integer(11, 17)):
        reach = r * (1 + canvas.rng.normal(0, .015, 18))
        px, py = x + reach * np.cos(ways), y + reach * np.sin(ways)
        gap = np.roll(px, -1) - px, np.roll(py, -1) - py
        strokes(canvas, px, py, np.arctan2(gap[1], gap[0]), np.hypot(*gap), colour, .007, .6, 1)


@drawing(74, 'garden spider', 'crawler', places=GREENS + ('dark',))
def garden_spider(canvas):
    brown = canvas.tint(canvas.pick(25, 18, 32), .6, .5)
    if canvas.chance(.75):
        web(canvas)
    clay = Clay(.1)

    def cross(x, y, z):
        pale = step(.04 - np.abs(z) * (1 - .2 * np.sin(14 * x)),
                    .015) + step(.05 - np.abs(x + .32), .02) * (np.abs(z) < .2)
        edge = step(np.abs(z) - .26 + .06 * np.sin(16 * x), .03)
        t = np.clip(pale, 0, 1)[:, None]
        return (brown * (1 - .45 * edge[:, None])) * (1 - t) + rgb(238, 226, 200) * t
    clay.ball('abdomen', (-.34, -.06, 0), (.46, .36, .38))
    clay.ball('body', (.22, .02, 0), (.24, .16, .19))
    for z in (-1, 1):
        for way, long in ((62, 1.0), (30, .85), (-12, .65), (-52, .95)):
            turn = math.radians(way + canvas.normal(5))
            out = np.array((math.sin(turn), 0, z * math.cos(turn)))
            root = np.array((.2, .05, z * .12))
            clay.limb('legs', [root, root + out * .4 * long + (0, -.22, 0), root + out * .75 * long
                               + (0, -.02, 0),
                               root + out * 1.05 * long + (0, .16, 0)], [.05, .045, .035, .015])
        clay.limb('legs', [(.4, .05, z * .06), (.55, .08, z * .08)], [.04, .025])
    clay.view(canvas.uniform(0, 360), canvas.uniform(45, 90))
    clay.fit(size=.9)
    banded = stripes(canvas, mix(brown, rgb(230, 200, 150), .4), dim(brown, .5), 9, .45, 2)
    clay.paint(canvas, {'abdomen': Coat(cross, .04, .012, rough=.2, dense=.3),
                        'body': Coat(dim(brown, .8), .05, .012, dense=.4),
                        'legs': Coat(banded, .04, .01, dense=.4)})


@drawing(71, 'scorpion', 'crawler', places=('desert', 'desert', 'stones', 'wall', 'table', 'dark'))
def scorpion(canvas):
    tone = canvas.pick(canvas.tint(35, .6, .6), canvas.tint(230, .3, .14), canvas.tint(20, .6, .3),
                       canvas.tint(42, .6, .75))
    clay, curl = Clay(.12), canvas.uniform(.7, 1.15)
    clay.ball('body', (.3, 0, 0), (.22, .13, .19))
    for k in range(6):
        clay.ball('body', (.1 - .09 * k, .0, 0), (.075, .14, .2 - .012 * k))
    turn, place, links = 0.0, np.array((-.45, 0, 0)), []
    for k in range(6):
        turn += curl * (.25 if k == 0 else .52)
        way = np.array((-math.cos(turn), -math.sin(turn), .08 * canvas.normal(1)))
        clay.ball('tail', place, (.095 - .006 * k,) * 3)
        links.append(place)
        place = place + .185 * way
    clay.ball('tail', place, (.09, .09, .09))
    clay.limb('sting', [place, place + (.1 * math.cos(turn * .2), .04, 0), place + (.17, .16, 0)],
              [.06, .035, .01])
    for z in (-1, 1):
        spread = canvas.uniform(.3, .55)
        palm = np.array((.95, .02, z * spread))
        clay.limb('claws', [(.4, .02, z * .12), (.6, -.04, z * (spread + .12)), palm], [.05, .06, .07])
        clay.ball('claws', palm + (.12, 0, 0), (.18, .1, .12))
        clay.limb('claws', [palm + (.2, 0, z * .07), palm + (.48, 0, z * .02)], [.06, .015])
        clay.limb('claws', [palm + (.2, 0, -z * .05), palm + (.44, 0, -z * .08)], [.045, .012])
        for k in range(4):
            way = math.radians(35 - 30 * k)
            out = np.array((math.sin(way), 0, z * math.cos(way)))
            root = np.array((.3 - .1 * k, .05, z * .15))
            clay.limb('legs', [root, root + out * .3 + (0, -.12, 0), root + out * .55 + (0, .12, 0)],
                      [.045, .04, .015])
    clay.view(canvas.uniform(-40, 150), canvas.uniform(12, 75), 0)
    clay.fit(size=.95)
    clay.paint(canvas, {'body': Coat(stripes(canvas, tone, dim(tone, .55), 17, .4, .1), gloss=.5),
                        'tail': Coat(dim(tone, .9), gloss=.5),
                        'claws': Coat(dim(tone, 1.1), gloss=.5), 'sting': Coat(dim(tone, .4), gloss=.5),
                        'legs': Coat(mix(tone, rgb(220, 180, 110), .35), gloss=.3)})


# ---- Snails ------------------------------------------------------------------------------------------------

@drawing(113, 'snail', 'crawler', places=GREENS + ('stones', 'wall', 'table'), tilt=30)
def snail(canvas):
    skin = canvas.tint(canvas.pick(35, 30, 45), .3, canvas.pick(.4, .7))
    shell = canvas.tint(canvas.pick(30, 42, 20, 50), .55, .65)
    dark = dim(shell, .4)
    clay = Clay(.1)
    stretch = canvas.uniform(.85, 1.1)
    tube(clay, 'skin', [(-1.0, .66, 0), (-.5, .58, 0), (.2, .55, 0), (.62, .46, 0), (.86 * stretch, .22, 0)],
         (.03, .15, .19, .18, .14), 34,
         .8)
    for z in (-1, 1):
        tip = (1.02 + canvas.normal(.05), -.22 + canvas.normal(.06), z * .2)
        clay.limb('skin', [(.86 * stretch, .14, z * .06), tip], [.04, .025])
        clay.ball('tips', tip, .042)
        clay.limb('skin', [(.96 * stretch, .28, z * .05), (1.08, .34, z * .1)], [.03, .018])
    banded = canvas.chance(.6)
    for turn in np.linspace(0, 6.283 * 2.6, 58):
        grow = math.exp(.16 * (turn - 6.283 * 2.6))
        reach = .44 * grow
        clay.ball('shell', (-.14 + reach * math.cos(turn + .9), .02 + reach * math.sin(turn + .9),
                            .34 * (1 - grow)),
                  (.33 * grow + .01, .33 * grow + .01, .36 * grow + .01))
    cx, cy = -.14, .02

    def whorls(x, y, z):
        turn, r = np.arctan2(y - cy, x - cx), np.hypot(x - cx, y - cy)
        phase = np.log(np.maximum(r, .01) / .6) / .16 - turn
        t = step(np.sin(phase + 1.6) * .5 + .5 - .72, .08) if banded else .5 + .5 * np.sin(20 * turn + 6 * r)
        t = (t * (.9 if banded else .35))[:, None]
        return shell * (1 - t) + dark * t
    clay.view(canvas.uniform(-30, 45), canvas.uniform(-5, 45), canvas.normal(6))
    clay.fit(size=.93)
    clay.paint(canvas, {'skin': Coat(maze(canvas, dim(skin, .7), skin, .06), gloss=.35),
                        'tips': Coat(dim(skin, .35)),
                        'shell': Coat(whorls, gloss=.45)})


# ---- Frogs, lizards, crocodiles ----------------------------------------------------------------------------

@drawing(31, 'tree frog', 'crawler', places=GREENS, tilt=40)
def tree_frog(canvas):
    green, belly = canvas.tint(canvas.pick(100, 110, 90, 85), .72, .72), rgb(240, 236, 214)
    red_eyed = canvas.chance(.55)
    feet = canvas.tint(22, .9, .95) if red_eyed else mix(green, rgb(220, 200, 150), .5)
    if canvas.chance(.5):
        leaf(canvas, -1.4, .3, canvas.uniform(-15, 25), 2.9, canvas.uniform(.5, .9),
             canvas.tint(110, .6, .4, 20))
    clay = Clay(.12)
    tube(clay, 'body', [(-.55, .2, 0), (-.15, .05, 0), (.35, -.06, 0)], (.24, .36, .32), 24, .98)
    clay.ball('body', (.52, -.08, 0), (.34, .25, .36))
    clay.pair('eyes', (.55, -.28, .27), (.14, .15, .13))
    for z in (-1, 1):
        clay.limb('thigh', [(-.5, .2, z * .2), (-.12, .3, z * .58), (-.62, .42, z * .5), (-.3, .52, z * .62)],
                  [.15, .13, .09, .06])
        clay.limb('thigh', [(.28, .18, z * .25), (.22, .38, z * .5), (.58, .5, z * .48)], [.1, .08, .05])
        for foot in ((-.3, .52, z * .62), (.58, .5, z * .48)):
            for turn in (-.7, -.15, .4):
                tip = np.array(foot) + (.22 * math.cos(turn), .03, z * .1 + .22 * math.sin(turn))
                clay.limb('feet', [foot, tip], [.03, .022])
                clay.ball('feet', tip, .045)
    clay.view(canvas.uniform(-35, 95), canvas.uniform(0, 60), canvas.normal(8))
    clay.fit(size=.95)
    side = two(green, canvas.tint(210, .6, .7) if red_eyed else belly, lambda x, y, z: step(y - .12, .04))
    coat = two(side, belly, lambda x, y, z: step(y - .24, .04))
    clay.paint(canvas, {'body': Coat(coat, gloss=.5), 'eyes': Coat(green, gloss=.3),
                        'thigh': Coat(green, gloss=.45),
                        'feet': Coat(feet, gloss=.4)})
    iris = canvas.tint(2, .9, .8) if red_eyed else canvas.tint(42, .75, .8)
    for z in (-1, 1):
        surface_eye(canvas, clay, (.6, -.29, z * .37), (.45, -.1, z), .125, iris, pupil='slit' if red_eyed
                    else 'bar', slack=.25)
        clay.trace(canvas, [(.88, .02, 0), (.78, .06, z * .2), (.55, .08, z * .35)], dim(green, .35), .02, 0,
                   .15)


def lizard(canvas, coat, head, body, tail, legs=.5, sprawl=1.0, eye_colour=(200, 150, 60), crest=None,
           dewlap=None,
           belly=None, curl=0.0, eye_size=.05, pitch=(5, 75), jaw=0.0, hair=.0):
    """A four-legged reptile. head: (length, height, width); body: (half length, height, width); tail: length;
    crest: colour of a comb of spines; dewlap: colour of the throat skin; curl: the tail rolled up.
    """
    clay = Clay(.12)
    a, b, c = body
    bend = canvas.normal(.12)
    clay.limb('body', [(-a, .02, bend), (-a * .4, 0, bend * .4), (a * .3, -.02, 0), (a, -.04, 0)],
              [b * .65, b, b, b * .62], flat=c / b)
    long, high, wide = head
    lift = canvas.uniform(0, .16)
    neck = np.array((a + long * .35, -.08 - lift, 0))
    clay.limb('body', [(a, -.04, 0), neck], [b * .62, high * .8])
    front = clay.frame(neck, canvas.uniform(-25, 35), 0, canvas.normal(5))
    clay.ball('head', (0, 0, 0), (long * .5, high, wide), front)
    clay.limb('head', [(long * .2, 0, 0), (long * .9, high * .25, 0)], [high * .75, high * .42], front,
              wide / high)
    clay.limb('jaw', [(0, high * .45, 0), (long * .85, high * .62 + jaw, 0)], [high * .5, high * .3], front,
              wide / high)
    if curl:
        t = np.linspace(0, 1, 14)
        turn = 1.5 * math.pi * 2 * t * curl
        r = tail * .2 * (1 - .75 * t)
        points = [(-a - .1 - tail * .2 - r[k] * math.sin(turn[k]) * 1.0, .05 + tail * .2 - r[k]
                   * math.cos(turn[k]), bend)
                  for k in range(14)]
        tube(clay, 'tail', [(-a, .02, bend)] + points, np.linspace(b * .5, .03, 8), 46)
    else:
        wave = canvas.normal(.3)
        points = [(-a, .02, bend), (-a - tail * .35, .14, bend + wave * .5),
                  (-a - tail * .7, .2, bend + wave * .4),
                  (-a - tail, .22, bend - wave * .6)]
        tube(clay, 'tail', points, (b * .62, b * .4, b * .22, .015), 40, .8)
    for x, way in ((a * .75, .5), (-a * .8, -.35)):
        for z in (-1, 1):
            stride = canvas.normal(.12)
            clay.limb('legs', [(x, .05, z * c * .6), (x + .1 * way + stride * .5, .02 + b * .3,
                                                      z * (c + legs * .45 * sprawl)),
                               (x + way * .25 + stride, b * .5 + legs * .55, z * (c + legs * .5 * sprawl))],
                               [b * .42, b * .3, b * .2])
            foot = np.array((x + way * .25 + stride, b * .5 + legs * .55, z * (c + legs * .5 * sprawl)))
            for turn in (-.6, 0, .6):
                clay.limb('legs', [foot, foot + (legs * .3 * math.cos(turn), .02, legs * .3 * math.sin(turn)
                                                 + z * .06)], [b * .12, .015])
    clay.view(canvas.uniform(-40, 60), canvas.uniform(*pitch), canvas.normal(4))
    if canvas.chance(.25):
        clay.fit(('head', 'jaw'), .6, (0, -.1))
    else:
        clay.fit(size=.97)
    spiny(canvas, clay, crest, a, b, bend)
    scaly = dict(hair=hair, width=.03, dense=.2, gloss=.22, rough=.15)
    throat = coat if belly is None else belly
    clay.paint(canvas, {'body': Coat(two(coat, throat, lambda x, y, z: step(y - b * .5, .05)), **scaly),
                        'tail': Coat(coat, **scaly),
                        'head': Coat(coat, **scaly), 'jaw': Coat(throat, **scaly),
                        'legs': Coat(coat, **scaly)})
    if dewlap is not None:
        skin = [clay.project(p, front)[:2] for p in ((long * .5, high * .8, 0), (long * .25, high * 2.1, 0),
                                                     (-long * .3, high * 1.6, 0),
                                                     (-long * .3, high * .7, 0))]
        (x0, y0), (x1, y1) = skin[:2]
        canvas.fill(smooth(skin), linear(x0, y0, x1, y1, [dim(dewlap, 1.15), dim(dewlap, .7)]))
    for z in (-1, 1):
        surface_eye(canvas, clay, (long * .12, -high * .45, z * wide * .9), (.3, -.3, z), eye_size,
                    eye_colour, front, 'slit', .2)
        clay.trace(canvas, [(long * 1.0, high * .45, 0), (long * .7, high * .5, z * wide * .4),
                            (long * .05, high * .42, z * wide * .95)],
                   (40, 34, 28), .015, front, .12, .8)
    return clay, front


def spiny(canvas, clay, crest, a, b, bend):
    """A comb of spines from neck to tail, painted before the body so that only its points stand out."""
    if crest is None:
        return
    place = np.array([clay.project((a * 1.25 * (1 - 2 * t), -b * (.75 + .35 * math.sin(math.pi * t)),
                                    bend * t)) for t in np.linspace(0, 1, 26)])
    hairs(canvas, place[:, 0], place[:, 1], -1.9 + canvas.rng.normal(0, .1, 26), clay.scale * .2
          * np.sin(np.linspace(.4, 2.9, 26)),
          canvas.vary(crest, 26, .1), .045 * clay.scale)


@drawing(39, 'common iguana', 'crawler', places=GROUND, tilt=30, size=(.36, .68))
def common_iguana(canvas):
    green = canvas.tint(canvas.pick(95, 85, 60, 35), .5, .6)
    coat = stripes(canvas, green, dim(green, .6), 5, .35, .6)
    lizard(canvas, coat, (.36, .15, .14), (.5, .23, .2), 1.2, .5, crest=mix(green, rgb(220, 210, 170), .4),
           dewlap=mix(green, WHITE, .25),
           belly=mix(green, WHITE, .25), hair=.03, eye_colour=canvas.tint(30, .7, .7))


@drawing(47, 'African chameleon', 'crawler', places=GREENS, tilt=20)
def african_chameleon(canvas):
    green = canvas.tint(canvas.pick(100, 85, 150, 60), .65, .62)
    other = canvas.pick(canvas.tint(45, .75, .85), canvas.tint(200, .6, .7), canvas.tint(20, .75, .8),
                        dim(green, .5))
    coat = stripes(canvas, green, other, 4, .4, .8)
    x = canvas.normal(.1)
    canvas.fill(limb([(-1.6, .62 + x), (0, .55), (1.6, .62 - x)], [.14, .12, .14]),
                linear(0, .45, 0, .7, [rgb(140, 106, 74), rgb(58, 42, 30)]))
    clay, head = lizard(canvas, coat, (.36, .2, .13), (.46, .3, .17), 1.3, .34, .15, canvas.tint(40, .5, .4),
                        crest=dim(green, 1.2), curl=1.0,
                        hair=.035, pitch=(-5, 25), eye_size=.02)
    casque = [clay.project(p, head)[:2] for p in ((.1, -.16, 0), (-.12, -.42, 0), (-.3, -.4, 0),
                                                  (-.28, -.02, 0), (-.05, .0, 0))]
    (x0, y0), (x1, y1) = casque[1], casque[4]
    canvas.fill(smooth(casque), linear(x0, y0, x1, y1, [dim(green, 1.25), dim(green, .8)]))
    for z in (-1, 1):                                            # the turret eyes
        with clay.spot(canvas, (.08, -.07, z * .13), (.2, -.15, z), .105, head, slack=.25) as seen:
            if seen:
                ball(canvas, 0, 0, 1, mix(green, other, .4), .3)
                for r in (.82, .6):
                    canvas.disc(0, 0, r, dim(green, .7), width=.08, alpha=.6)
                canvas.disc(canvas.normal(.2), canvas.normal(.2), .24, rgb(24, 18, 16))


@drawing(49, 'African crocodile', 'crawler', places=('stones', 'water', 'desert', 'lawn', 'forest'), tilt=14,
         size=(.4, .75))
def african_crocodile(canvas):
    olive = canvas.tint(canvas.pick(60, 45, 75), .35, .38)
    clay, head = lizard(canvas, maze(canvas, dim(olive, .55), olive, .07, .35), (.75, .15, .17),
                        (.62, .22, .26), 1.2, .34,
                        belly=mix(olive, rgb(226, 214, 170), .7), eye_colour=canvas.tint(50, .7, .8),
                        crest=dim(olive, .7),
                        pitch=(3, 55), jaw=canvas.pick(.0, .3, .4), hair=.03, eye_size=.04)
    for z in (-1, 1):                                            # teeth along both jaws
        for t in np.linspace(.25, .95, 12):
            x, w = .75 * t, .17 * (1 - .55 * t)
            place = clay.project((x, .05 + .06 * t, z * w), head)
            if clay.visible(place, .12):
                hairs(canvas, [place[0]], [place[1]], math.pi / 2, .06 * clay.scale, (246, 240, 220),
                      .03 * clay.scale)
        with clay.spot(canvas, (.1, -.17, z * .1), (0, -1, z * .3), .05, head, slack=.3) as seen:
            if seen:
                canvas.oval(0, 0, 1.2, .6, dim(olive, .6))


# ---- Turtles -----------------------------------------------------------------------------------------------

def turtle(canvas, shell, skin, dome, flippers=False, ridges=False, neck=.3):
    """A turtle or tortoise: `shell` and `skin` are colours or coats, dome: height of the shell; flippers:
    a sea turtle; ridges: keels along the back.
    """
    clay = Clay(.14)
    clay.ball('shell', (0, 0, 0), (.68, dome, .54))
    clay.ball('rim', (0, .12, 0), (.73, .1, .58))
    clay.ball('belly', (0, .16, 0), (.62, .14, .48))
    lift = canvas.uniform(-.05, .12)
    place = np.array((.66 + neck, .06 - lift, canvas.normal(.06)))
    clay.limb('skin', [(.5, .12, 0), place], [.16, .13])
    head = clay.frame(place, canvas.uniform(-35, 35), 0, canvas.normal(6))
    clay.limb('skin', [(0, 0, 0), (.16, .02, 0)], [.155, .1], head)
    for z in (-1, 1):
        swing = canvas.normal(.2)
        if flippers:
            clay.limb('skin', [(.42, .12, z * .38), (.5 + swing, .08, z * .85),
                               (.12 + swing, .16 + swing * .4, z * 1.25)], [.13, .12, .03], flat=1)
            clay.limb('skin', [(-.5, .14, z * .32), (-.85, .16, z * .5)], [.12, .06])
        else:
            for x, way in ((.42, .14), (-.45, -.14)):
                clay.limb('skin', [(x, .14, z * .36), (x + way + swing * .4, .26, z * .52),
                                   (x + way + swing * .6, .42, z * .52)], [.14, .12, .1])
                clay.ball('skin', (x + way + swing * .6 + .05, .44, z * .52), (.13, .06, .1))
    clay.limb('skin', [(-.66, .16, 0), (-.85, .2, 0)], [.06, .02])
    clay.view(canvas.uniform(-40, 75), canvas.uniform(4, 75), canvas.normal(5))
    if canvas.chance(.12):
        clay.fit(('skin',), 1.2, (-.5, 0))
    else:
        clay.fit(size=.95)
    clay.paint(canvas, {'shell': Coat(shell, gloss=.35), 'rim': Coat(dim((130, 110, 80), .8)
                                                                     if callable(shell) else dim(shell, .8),
                                                                     gloss=.25),
                        'skin': Coat(skin, .02, .02, rough=.15, dense=.2, gloss=.15),
                        'belly': Coat(rgb(200, 180, 130))})
    for z in (-1, 1):
        surface_eye(canvas, clay, (.1, -.06, z * .125), (.4, -.15, z), .036,
                    canvas.tint(canvas.pick(8, 30), .6, .5), head, slack=.2)
        clay.trace(canvas, [(.27, .05, 0), (.18, .07, z * .09), (.04, .05, z * .15)], (50, 40, 34), .015,
                   head, .12)
        if ridges:
            for side in (.0, .2, .38):
                keel = [(x, -dome * math.sqrt(max(0, 1 - (x / .68) ** 2 - (side / .54) ** 2)), z * side)
                        for x in np.linspace(-.55, .55, 11)]
                clay.trace(canvas, keel, dim((120, 124, 130), 1.2), .03, 0, .1, .7)


def scutes(canvas, plate, line, size=.3, rays=None):
    """A coat of shell plates: cells around points, with dark seams; rays: colour of lines inside the
    plates.
    """
    grid = [(x * size * .95, z * size) for x in range(-3, 4) for z in (-2, -1, 0, 1, 2)]
    places = np.array([(x + .06 * canvas.normal(1) * size + (.5 * size if round(z / size) % 2 else 0), z)
                       for x, z in grid])

    def colour(x, y, z):
        gap = np.hypot(x[:, None] - places[:, 0], (z[:, None] - places[:, 1]))
        order = np.sort(gap, 1)
        near = np.argmin(gap, 1)
        seam = step(.1 * size - (order[:, 1] - order[:, 0]), .02 * size + .004)[:, None]
        inner = (.86 + .25 * np.sin(34 * order[:, 0] / size * .5))[:, None]
        out = np.asarray(plate) * inner
        if rays is not None:
            turn = np.arctan2(z - places[near, 1], x - places[near, 0])
            t = step(np.sin(7 * turn + near) - .35, .2)[:, None]
            out = out * (1 - t) + np.asarray(rays) * t
        return out * (1 - seam) + np.asarray(line) * seam
    return colour


@drawing(37, 'box turtle', 'crawler', places=GROUND, tilt=25)
def box_turtle(canvas):
    brown = canvas.tint(30, .5, .26)
    shell = scutes(canvas, brown, dim(brown, .5), .32, canvas.tint(44, .85, .85))
    skin = patches(canvas, canvas.tint(30, .4, .3), canvas.tint(canvas.pick(24, 44), .8, .8), .4, .12)
    turtle(canvas, shell, skin, canvas.uniform(.45, .55), neck=canvas.uniform(.02, .22))


@drawing(33, 'loggerhead', 'swimmer', places=('underwater', 'underwater', 'desert', 'water'), tilt=60)
def loggerhead(canvas):
    rust = canvas.tint(canvas.pick(22, 28, 40), .55, .48)
    skin = maze(canvas, rgb(226, 204, 150), canvas.tint(30, .5, .5), .09, .5)
    turtle(canvas, scutes(canvas, rust, dim(rust, .45), .3), skin, .26, True, neck=.14)


@drawing(34, 'leatherback turtle', 'swimmer', places=('desert', 'desert', 'underwater', 'water'), tilt=60)
def leatherback_turtle(canvas):
    slate = canvas.tint(215, .15, .26)
    turtle(canvas, patches(canvas, slate, mix(slate, WHITE, .3), .25, .1),
           patches(canvas, slate, mix(slate, WHITE, .35), .25, .08), .3, True, True,
           neck=.08)


# ---- Snakes ------------------------------------------------------------------------------------------------

def serpent(canvas, coat, thick, eye_colour=(190, 150, 60), head=1.25):
    """A snake: winding, coiled, or its head raised in front. coat is given the arc length as x, the height as
    y and the side as z, so bands and saddles run along the body.
    """
    way = canvas.integer(0, 2)
    n, wobble = 120, canvas.uniform(0, 6.3)
    t = np.linspace(0, 1, n)
    if way == 0:                                                 # winding over the ground
        turns, phase = canvas.uniform(1.2, 2.2), canvas.uniform(0, 6.3)
        x = 1.0 - 2.0 * t + .06 * np.sin(9 * t + wobble)
        z, y = .45 * np.sin(2 * math.pi * turns * t + phase) * (.4 + .6 * t), 0 * t
    else:                                                        # coiled
        turns = canvas.uniform(1.3, 2.3)
        turn = 2 * math.pi * turns * t + canvas.uniform(0, 6.3)
        r = thick * 1.2 + (.95 - thick) * (t if way == 1 else .45 + .5 * t)
        r = r * (1 + .16 * np.sin(2 * turn + wobble) + .08 * np.sin(3.3 * turn))
        x, z, y = r * np.cos(turn), r * np.sin(turn), -.35 * (1 - t) * thick * 4
        if way == 2:
            y = y - .5 * np.clip(.14 - t, 0, 1) * 4
    line = resample(np.stack([x, y, z], 1), n)
    radius = thick * np.interp(t, (0, .05, .35, .7, .92, 1), (.55, .6, 1, .85, .45, .3))
    radius = np.maximum(radius, .03)
    clay = Clay(.12)
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    for k in range(n):
        clay.ball('body', line[k], radius[k])
    ahead = line[0] - line[3]
    ahead /= np.linalg.norm(ahead)
    ahead = ahead * (1, .2, 1)
    nose = line[0] + ahead * thick * 1.9
    clay.limb('head', [line[0], line[0] + ahead * thick * .9, nose], np.array((.75, .85, .42)) * thick * head)
    clay.view(canvas.uniform(0, 360), canvas.uniform(30, 88) if way == 0 else canvas.uniform(20, 80))
    if canvas.chance(.25):
        clay.fit(size=1.6)
        clay.shift -= clay.project(line[0])[:2] - np.array((canvas.normal(.25), canvas.normal(.2)))
    else:
        clay.fit(size=.95)

    def lengthwise(x, y, z):
        p = np.stack([x, y, z], 1)
        gap = (p ** 2).sum(1)[:, None] - 2 * p @ line.T + (line ** 2).sum(1)
        k = np.argmin(gap / radius ** 2, 1)
        before, after = line[np.maximum(k - 1, 0)], line[np.minimum(k + 1, n - 1)]
        tangent = after - before
        off = p - line[k]
        side = (off[:, 0] * tangent[:, 2] - off[:, 2] * tangent[:, 0]) / np.linalg.norm(tangent, axis=1)
        step_on = (off * tangent).sum(1) / np.linalg.norm(tangent, axis=1)
        return coat(arc[k] + step_on, (y - line[k, 1]) / thick, side / thick)
    clay.paint(canvas, {'body': Coat(lengthwise, thick * .16, thick * .12, dense=.12, rough=.1, gloss=.35),
                        'head': Coat(lengthwise, gloss=.35)})
    across = np.cross(ahead, (0, 1, 0))
    across /= np.linalg.norm(across)
    for z in (-1, 1):
        place = line[0] + ahead * thick * 1.15 + across * z * thick * .62 + (0, -thick * .3, 0)
        surface_eye(canvas, clay, place, across * z + ahead * .3 + (0, -.5, 0), thick * .2, eye_colour, 0,
                    'round', thick * 1.5)
    if canvas.chance(.4):                                        # the forked tongue
        root, end = clay.project(nose)[:2], clay.project(nose + ahead * thick * 1.4)[:2]
        gap = end - root
        for turn in (-.12, .12):
            canvas.curve([root, root + gap * .6, root + gap + np.array((-gap[1], gap[0])) * turn * 2],
                         (190, 40, 50), .022)


@drawing(55, 'green snake', 'crawler', places=GREENS, size=(.32, .62))
def green_snake(canvas):
    green, belly = canvas.tint(canvas.pick(110, 95, 85), .68, .62), canvas.tint(60, .4, .85)

    def coat(x, y, z):
        t = step(y - .35, .2)[:, None]
        return green * (1 - t) + belly * t * (.92 + .08 * np.sin(40 * x))[:, None]
    serpent(canvas, coat, canvas.uniform(.075, .11), canvas.tint(45, .7, .8))


@drawing(56, 'king snake', 'crawler', places=GROUND)
def king_snake(canvas):
    red, black, white = canvas.tint(8, .85, .75), rgb(26, 22, 24), canvas.tint(45, .2, .93)
    plain = canvas.chance(.4)                                    # black and white rings only

    def coat(x, y, z):
        phase = (x * 3.2 + .03 * np.sin(9 * z)) % 1
        ring = (np.abs(phase - .5) < .24)[:, None]
        heart = (np.abs(phase - .5) < .1)[:, None]
        if plain:
            return np.where(heart, white, black)
        return np.where(heart, white, np.where(ring, black, red))
    serpent(canvas, coat, canvas.uniform(.085, .12), rgb(60, 36, 24), 1.05)


@drawing(62, 'rock python', 'crawler', places=GROUND)
def rock_python(canvas):
    tan, brown = canvas.tint(38, .45, .68), canvas.tint(24, .55, .3)

    def coat(x, y, z):
        saddle_edge = .55 + .35 * np.sin(11 * x) + .2 * np.sin(27 * x + 1)
        mark = step(saddle_edge - np.abs(z), .06) * step(.25 - y, .1) * step(np.sin(11 * x) + .55, .1)
        rim = step(.14 - np.abs(saddle_edge - np.abs(z)), .05) * step(.25 - y, .1)
        out = tan * (1 - mark[:, None]) + brown * mark[:, None]
        return out * (1 - .55 * rim[:, None])
    serpent(canvas, coat, canvas.uniform(.13, .19), canvas.tint(40, .5, .6), 1.1)


@drawing(63, 'Indian cobra', 'crawler', places=('desert', 'stones', 'lawn', 'forest', 'dark', 'clutter',
                                                'studio'), tilt=8)
def indian_cobra(canvas):
    tone = canvas.tint(canvas.pick(32, 28, 45), .45, canvas.pick(.3, .5, .6))
    belly = mix(tone, rgb(240, 226, 180), .65)
    clay, lean = Clay(.12), canvas.normal(.08)
    t = np.linspace(0, 1, 60)
    turn = 2 * math.pi * 1.7 * t + 1.2
    r = .25 + .55 * t
    coil = np.stack([r * np.cos(turn), .82 - .12 * (1 - t), r * np.sin(turn)], 1)
    tube(clay, 'coil', coil, (.13, .13, .12, .03), 80)
    neck = [coil[0], (.12, .5, .05), (-.05, .1, 0), (.0 + lean, -.3, 0), (.06 + lean, -.66, 0)]
    tube(clay, 'neck', neck, (.13, .12, .11, .1, .09), 40)
    wide = canvas.uniform(.42, .56)
    for s in np.linspace(-1, 1, 13):
        clay.ball('hood', (-.01 + lean - .03 * s * s, -.36, wide * .72 * s),
                  (.06, .4 * (1 - .5 * s * s), .1))
    head = clay.frame((.1 + lean, -.72, 0), canvas.normal(12), 0, canvas.normal(6))
    clay.limb('head', [(-.08, 0, 0), (.08, 0, 0), (.26, .03, 0)], [.11, .115, .06], head)
    back = canvas.chance(.25)
    clay.view(canvas.uniform(215, 300) if back else canvas.uniform(25, 120), canvas.uniform(-5, 22), 0)
    clay.fit(size=.96)
    phase = canvas.uniform(0, 6.3)

    def front(x, y, z):
        """Pale belly plates in front, the spectacle mark behind."""
        fore = step(x - lean + .02, .02)[:, None]
        plates = belly * (.8 + .2 * (np.sin(52 * y + phase) > -.5))[:, None]
        band = (step(.05 - np.abs(y + .12), .02) * .7)[:, None]
        ring = np.abs(np.hypot(y + .42, np.abs(z) - .11) - .075)
        mark = step(.028 - ring, .008)[:, None]
        return (plates * (1 - band) + tone * .4 * band) * fore + (tone * (1 - mark)
                                                                  + mix(tone, rgb(240, 230, 200), .5)
                                                                  * mark) * (1 - fore)
    scaly = dict(hair=.025, width=.02, dense=.12, gloss=.3)
    clay.paint(canvas, {'coil': Coat(stripes(canvas, tone, dim(tone, .75), 8, .4), **scaly),
                        'neck': Coat(front, **scaly),
                        'hood': Coat(front, **scaly), 'head': Coat(saddle(tone, belly, .04), gloss=.35)})
    for z in (-1, 1):
        surface_eye(canvas, clay, (.12, -.05, z * .1), (.4, -.2, z), .03, rgb(60, 40, 20), head, slack=.15)
        clay.trace(canvas, [(.31, .05, 0), (.22, .06, z * .07), (.02, .05, z * .11)], dim(tone, .35), .014,
                   head, .12)
