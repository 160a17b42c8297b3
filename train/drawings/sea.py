"""Sea animals: fish, sharks and rays, whales and seals, shells, crabs, what grows on reefs.

Bodies are clay (x forward, y down, z to the viewer); fins are membranes stretched between two curves in space
(membrane); single-wavelength random waves make the mazes of corals (maze).
"""

import math

import numpy as np

from train.drawings.beasts import patches, saddle, spots, stripes, two
from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    dim,
    drops,
    eye,
    hairs,
    limb,
    linear,
    mix,
    poly,
    radial,
    rgb,
    smooth,
    specks,
    step,
    strokes,
    whisker,
)
from train.drawings.clay import Clay, Coat
from train.drawings.registry import drawing

REEF = ('underwater', 'underwater', 'underwater', 'stones', 'dark')
OPEN = ('underwater', 'underwater', 'underwater', 'water', 'studio')
SHORE = ('stones', 'desert', 'table', 'underwater', 'water', 'wall')


# ---- Parts -------------------------------------------------------------------------------------------------

def resample(points, n):
    """n points at equal steps along a chain of points (k, 3)."""
    p = np.asarray(points, float)
    t = np.linspace(0, len(p) - 1, n)
    return np.stack([np.interp(t, np.arange(len(p)), p[:, k]) for k in range(3)], 1)


def membrane(canvas, clay, roots, tips, colour, edge=None, rays=9, alpha=.95, frame=0):
    """A fin: skin with rays between the curve of its roots and the curve of its tips (points in space)."""
    edge = dim(colour, .8) if edge is None else edge
    a = np.array([clay.project(p, frame)[:2] for p in resample(roots, rays)])
    b = np.array([clay.project(p, frame)[:2] for p in resample(tips, rays)])
    (x0, y0), (x1, y1) = a.mean(0), b.mean(0)
    path = poly(list(a) + list(b[::-1]))
    tone = canvas.uniform(.85, 1.1)
    canvas.fill(path, linear(x0, y0, x1, y1, [dim(colour, .75 * tone), dim(colour, tone), edge],
                             [0, .6, 1]),
                alpha=alpha)
    gap = b - a
    strokes(canvas, a[:, 0], a[:, 1], np.arctan2(gap[:, 1], gap[:, 0]), np.hypot(gap[:, 0], gap[:, 1]) * .97,
            dim(colour, .6), .012, .5, 1)


def surface_eye(canvas, clay, point, normal, size, iris, frame=0, pupil='round', slack=.15, lid=.2):
    """An eye lying on the surface of the clay, if it is in sight."""
    with clay.spot(canvas, point, normal, size, frame, slack=slack) as seen:
        if seen:
            eye(canvas, 0, 0, 1, iris, pupil, canvas.uniform(.45, .65), lid=lid)


def hull(clay, part, profile, bend=0.0, count=18):
    """A fish's body: ellipsoids along x through (x, centre y, half height, half width); `bend` swings it."""
    p = np.asarray(profile, float)
    x = np.linspace(p[0, 0], p[-1, 0], count)
    y, h, w = (np.interp(x, p[::-1, 0], p[::-1, k]) if p[0, 0] > p[-1, 0] else np.interp(x, p[:, 0], p[:, k])
               for k in (1, 2, 3))
    gap = abs(x[1] - x[0]) * 1.5
    for i in range(count):
        clay.ball('body', (x[i], y[i], sway(x[i], bend)), (gap, h[i], w[i]))
    return part


def tube(clay, part, points, radii, n=56, flat=1.0):
    """A long even body (eel, arm): more and closer balls than Clay.limb."""
    line = resample(points, n)
    r = np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(radii)), radii)
    for place, radius in zip(line, r):
        clay.ball(part, place, (radius, radius, radius * flat))


def sway(x, bend):
    """How far the swimming body is bent aside at x."""
    return bend * (x - .6) ** 2 * .35 * (x < .6)


def maze(canvas, first, second, size, edge=.25, waves=14):
    """A coat of winding grooves `size` apart: the level lines of random waves of one length."""
    way = canvas.rng.normal(0, 1, (waves, 3))
    way *= math.pi / size / np.linalg.norm(way, axis=1, keepdims=True)
    phase = canvas.rng.uniform(0, 6.3, waves)

    def where(x, y, z):
        f = np.cos(np.stack([x, y, z], 1) @ way.T + phase).sum(1) / math.sqrt(waves / 2)
        return step(np.abs(f) - edge, .12)
    return two(first, second, where)


# ---- Fish --------------------------------------------------------------------------------------------------

def fish(canvas, coat, profile, fin, iris=(200, 170, 70), tail=.55, tail_spread=.5, fork=.25,
         dorsal=(.3, -.55, .3),
         anal=(-.05, -.5, .2), pectoral=.35, edge=None, size=.72, eye_at=None, gloss=.35, scale_hair=.035,
         rays=11):
    """A bony fish seen from the side, three quarters or nearly the front.

    profile: hull points from nose to tail; dorsal, anal = (x of its front, x of its end, height); tail,
    tail_spread, fork: length, half height and notch of the tail fin. Returns the clay for further marks.
    """
    clay, bend = Clay(.12), canvas.uniform(-1, 1) * .8
    hull(clay, 'body', profile, bend)
    clay.view(canvas.pick(canvas.uniform(-35, 35), canvas.uniform(-35, 35), canvas.uniform(30, 68)),
              canvas.uniform(-12, 18), canvas.normal(4))
    clay.fit(size=size, centre=(.08, 0))
    p = np.asarray(profile, float)[::-1]

    def rim(x, side):
        """A point on the back (side -1) or the belly (1) of the body."""
        return (x, np.interp(x, p[:, 0], p[:, 1]) + side * np.interp(x, p[:, 0], p[:, 2]) * .9, sway(x, bend))
    end = p[0, 0]
    spread, flick = tail_spread * canvas.uniform(.85, 1.1), canvas.normal(.12)
    tips = [(end - tail, -spread, sway(end - tail, bend) + flick),
            (end - tail * (1 - fork), 0, sway(end - tail, bend)),
            (end - tail, spread, sway(end - tail, bend) + flick)]
    membrane(canvas, clay, [(end + .08, -.06, sway(end, bend)), (end + .08, .06, sway(end, bend))], tips, fin,
             edge,
             rays)
    for (first, last, tall), side in ((dorsal, -1), (anal, 1)):
        roots = [rim(x, side) for x in np.linspace(first, last, 5)]
        lift = np.array((.55, 1, .95, .9, .65)) * tall
        membrane(canvas, clay, roots, [np.array(r) + (-.12 * k - .05, side * up, 0)
                                       for k, (r, up) in enumerate(zip(roots, lift))], fin, edge, rays)
    side_fin(canvas, clay, profile, fin, edge, pectoral, -1)
    clay.paint(canvas, {'body': Coat(coat, scale_hair, .03, (-1, 0, 0), rough=.08, dense=.12, gloss=gloss)})
    nose = p[-1, 0]
    x = nose - .26 if eye_at is None else eye_at
    width = np.interp(x, p[:, 0], p[:, 3])
    high = np.interp(x, p[:, 0], p[:, 1]) - np.interp(x, p[:, 0], p[:, 2]) * .22
    for z in (-1, 1):
        surface_eye(canvas, clay, (x, high, z * width), (.35, -.1, z), .085, iris)
        gill = [(x - .22 + .03 * math.cos(t), high + .1 + .22 * math.sin(t),
                 z * np.interp(x - .22, p[:, 0], p[:, 3]))
                for t in np.linspace(-1.2, 1.3, 7)]
        clay.trace(canvas, gill, BLACK, .022, 0, .12, .35)
        lip = [(nose + .02, .07, 0), (nose - .08, .12, z * width * .55)]
        clay.trace(canvas, lip, BLACK, .02, 0, .2, .6)
    side_fin(canvas, clay, profile, fin, edge, pectoral, 1)
    return clay


def side_fin(canvas, clay, profile, colour, edge, reach, z):
    """A pectoral and a belly fin of one side."""
    p = np.asarray(profile, float)[::-1]
    x = p[-1, 0] - .55
    y, w, h = (float(np.interp(x, p[:, 0], p[:, k])) for k in (1, 3, 2))
    open_ = canvas.uniform(.2, .8)
    membrane(canvas, clay, [(x, y + .02, z * w), (x - .03, y + .16, z * w)],
             [(x - reach, y - .1 * open_, z * (w + .5 * reach * open_)),
              (x - reach * 1.05, y + .2, z * (w + .6 * reach * open_)),
              (x - reach * .5, y + .42, z * (w + .3 * reach))], colour, edge, 7, .9)
    membrane(canvas, clay, [(x, y + h * .85, z * w * .4), (x - .12, y + h * .9, z * w * .35)],
             [(x - .22, y + h + reach * .7, z * w), (x - .36, y + h + reach * .4, z * w)], colour, edge, 5,
             .9)


@drawing(1, 'goldfish', 'swimmer', places=('underwater', 'underwater', 'studio', 'water', 'table'))
def goldfish(canvas):
    gold = canvas.tint(canvas.pick(22, 28, 16), .88, .97)
    coat = canvas.pick(saddle(gold, mix(gold, rgb(255, 220, 140), .6), .15), gold,
                       patches(canvas, gold, rgb(246, 240, 230), .4, .5))
    if canvas.chance(.45):                                       # fancy: round body, veil tail
        profile = [(.72, .02, .1, .1), (.5, 0, .36, .26), (.1, .05, .56, .4), (-.3, .02, .4, .28),
                   (-.62, -.04, .12, .08)]
        fish(canvas, coat, profile, mix(gold, WHITE, .25), tail=1.0, tail_spread=.75, fork=.35,
             dorsal=(.2, -.4, .42),
             edge=mix(gold, WHITE, .6), size=.6, rays=15)
    else:
        profile = [(.95, .03, .08, .08), (.7, 0, .22, .17), (.25, .02, .36, .24), (-.3, 0, .26, .16),
                   (-.75, 0, .09, .05)]
        fish(canvas, coat, profile, mix(gold, rgb(255, 200, 120), .3), tail=.55, tail_spread=.42, fork=.45,
             size=.72)


@drawing(393, 'anemone fish', 'swimmer', places=('underwater', 'underwater', 'underwater', 'dark'))
def anemone_fish(canvas):
    orange, white, black = canvas.tint(canvas.pick(20, 24, 14), .93, .97), rgb(246, 246, 250), rgb(24, 20, 24)
    if canvas.chance(.5):
        anemone(canvas, canvas.uniform(-.2, .2), .75, 1.0, canvas.tint(canvas.pick(75, 300, 30), .35, .7))
    bands = ((.36, .13), (-.12, .14), (-.66, .08))

    def coat(x, y, z):
        gap = np.min([np.abs(x - c - .1 * np.cos(3 * y)) - w for c, w in bands[:canvas_bands]], 0)
        dark, light = step(.055 - gap, .015)[:, None], step(-gap, .015)[:, None]
        return (orange * (1 - dark) + black * dark) * (1 - light) + white * light
    canvas_bands = canvas.pick(3, 3, 2)
    profile = [(.86, .02, .09, .09), (.62, 0, .28, .19), (.15, 0, .42, .24), (-.35, 0, .3, .16),
               (-.75, 0, .13, .06)]
    fish(canvas, coat, profile, orange, iris=rgb(220, 120, 40), tail=.38, tail_spread=.3, fork=.0,
         dorsal=(.3, -.6, .2), edge=black, size=.74, pectoral=.36)


@drawing(392, 'rock beauty', 'swimmer', places=REEF)
def rock_beauty(canvas):
    gold, black = canvas.tint(50, .92, .97), canvas.tint(230, .3, .12)
    coat = two(gold, black, lambda x, y, z: step(.34 - x + .12 * np.cos(4 * y) - 1.6 * step(-x - .62, .03),
                                                 .03))
    profile = [(.84, .06, .08, .08), (.6, .02, .3, .14), (.15, 0, .55, .2), (-.35, 0, .46, .14),
               (-.7, 0, .16, .06)]
    fish(canvas, coat, profile, gold, iris=rgb(60, 90, 190), tail=.34, tail_spread=.32, fork=.1,
         dorsal=(.35, -.62, .2), anal=(.05, -.62, .2), edge=canvas.tint(25, .8, .9), size=.74)


@drawing(396, 'lionfish', 'swimmer', places=REEF)
def lionfish(canvas):
    red, cream = canvas.tint(canvas.pick(8, 14, 355), .68, .5), canvas.tint(30, .18, .92)
    banded = stripes(canvas, cream, red, canvas.uniform(8, 11), .55, .6)
    profile = [(.85, .05, .1, .1), (.62, 0, .24, .2), (.15, 0, .3, .22), (-.35, 0, .2, .13),
               (-.75, 0, .09, .05)]
    clear = mix(red, cream, .55)
    rays(canvas, .1, -.1, np.linspace(-2.5, -.9, 13), .95, red, cream)
    for turn in (0, 1):
        rays(canvas, .18 - .1 * turn, .1, np.linspace(1.0, 3.9, 15) + .12 * turn, 1.0, red, cream, .04)
    fish(canvas, banded, profile, clear, iris=rgb(150, 60, 40), tail=.45, tail_spread=.34, fork=0,
         dorsal=(-.25, -.6, .3),
         anal=(-.25, -.55, .3), pectoral=.3, size=.74, gloss=.15)
    rays(canvas, .2, .12, np.linspace(1.5, 3.5, 8), .8, red, cream, .035)


def rays(canvas, x, y, ways, reach, dark, light, width=.026):
    """Long banded spines with a little skin: the fins of a lionfish."""
    for way in ways:
        way, long = way + canvas.normal(.05), reach * canvas.uniform(.75, 1.05)
        t = np.linspace(.08, .94, 15)
        colours = np.where((np.arange(15) % 3 > 0)[:, None], dark, light)
        bend = way + .25 * (t - .5)
        strokes(canvas, x + long * t * np.cos(bend), y + long * t * np.sin(bend), bend, long * .06,
                canvas.vary(colours, 15, .08), width * canvas.uniform(.8, 1.3), 1, 1)


@drawing(397, 'puffer', 'swimmer', places=REEF)
def puffer(canvas):
    back, belly = canvas.tint(canvas.pick(40, 50, 28), .5, .62), rgb(238, 234, 222)
    spotted = patches(canvas, back, dim(back, .4), .34, .1)
    coat = two(spotted, belly, lambda x, y, z: step(y - .08, .06))
    blown = canvas.chance(.75)
    high, wide = (.64, .6) if blown else (.44, .42)
    t = np.linspace(.72, -.58, 14)
    profile = [(x, .03, max(.16, high * (1 - ((x - .06) / .8) ** 2) ** .6),
                max(.18, wide * (1 - ((x - .06) / .8) ** 2) ** .6))
               for x in t] + [(-.78, .02, .12, .07)]
    clay = fish(canvas, coat, profile, mix(back, rgb(240, 210, 120), .4),
                iris=canvas.tint(canvas.pick(45, 150), .6, .8),
                tail=.3, tail_spread=.2, fork=0, dorsal=(-.45, -.65, .22), anal=(-.45, -.65, .18),
                pectoral=.26,
                size=.8, gloss=.3)
    if blown:
        points = canvas.rng.normal(0, 1, (170, 3))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        place, ends = (np.array([clay.project(q * (.5, high, wide) * r + np.array((.03, .06, 0)))
                                 for q in points])
                       for r in (1.0, 1.16))
        front = place[:, 2] > -.12
        gap = (ends - place)[front]
        hairs(canvas, place[front, 0], place[front, 1], np.arctan2(gap[:, 1], gap[:, 0]),
              np.maximum(.03, np.hypot(gap[:, 0], gap[:, 1])),
              canvas.vary(rgb(226, 214, 180), int(front.sum()), .15),
              .022)


@drawing(390, 'eel', 'swimmer', places=REEF)
def eel(canvas):
    tone = canvas.pick(canvas.tint(80, .6, .5), canvas.tint(40, .5, .45), canvas.tint(25, .15, .25),
                       canvas.tint(48, .7, .7))
    coat = canvas.pick(saddle(tone, mix(tone, rgb(230, 220, 170), .5), .08),
                       maze(canvas, dim(tone, .35), tone, .1),
                       spots(canvas, tone, dim(tone, .3), 60, (.03, .07)))
    clay = Clay(.1)
    t = np.linspace(0, 1, 26)
    turns, phase = canvas.uniform(1.0, 1.8), canvas.uniform(0, 6.3)
    x, z = .9 - 2.1 * t, .38 * np.sin(2 * math.pi * turns * t + phase) * (.25 + t)
    y = .2 * np.sin(5 * t + phase)
    r = np.interp(t, (0, .04, .1, .25, .8, 1), (.09, .14, .17, .18, .12, .03))
    tube(clay, 'body', np.stack([x, y, z], 1), r, 60, .8)
    gape = canvas.uniform(.05, .2)
    head = np.array((x[0], y[0], z[0]))
    clay.limb('body', [head, head + (.22, -.06, 0)], [.13, .07])
    clay.limb('jaw', [head + (0, .05, 0), head + (.18, .06 + gape, 0)], [.1, .05])
    clay.view(canvas.uniform(-40, 40), canvas.uniform(20, 70), canvas.uniform(-30, 30))
    if canvas.chance(.4):
        clay.fit(size=1.7)
        clay.shift -= clay.project(head)[:2] - (.35, 0)
    else:
        clay.fit(size=.95)
    back = [(x[k], y[k] - r[k], z[k]) for k in range(3, 26, 2)]
    membrane(canvas, clay, back, [np.array(p) + (-.05, -.1, 0) for p in back], dim(tone, .8), rays=24)
    clay.paint(canvas, {'body': Coat(coat, gloss=.5), 'jaw': Coat(mix(tone, rgb(230, 220, 180), .3),
                                                                  gloss=.4)})
    clay.trace(canvas, [head + (.26, 0, 0), head + (.05, .06, .09)], rgb(40, 16, 18), .03 + gape * .3, 0, .3)
    for side in (-1, 1):
        surface_eye(canvas, clay, head + (.1, -.1, side * .08), (.3, -.5, side), .035,
                    canvas.tint(45, .5, .85), slack=.3)


# ---- Sharks and rays ---------------------------------------------------------------------------------------

def shark(canvas, back, hammer=False):
    """A shark: torpedo with a high fin, seen from the side, from below or head on."""
    clay, bend = Clay(.22), canvas.uniform(-1, 1)
    coat = two(back, rgb(236, 236, 232), lambda x, y, z: step(y - .06 + .02 * np.sin(9 * x), .025))
    nose = .95 if hammer else 1.08
    hull(clay, 'body', [(nose, -.02 if hammer else -.03, .06, .07), (.8, 0, .16, .15), (.3, 0, .27, .23),
                        (-.3, -.01, .19, .15), (-.85, -.03, .06, .05), (-.98, -.03, .05, .03)], bend, 22)
    if hammer:
        for t in np.linspace(-1, 1, 13):
            clay.ball('body', (nose - .02 - .1 * t * t, 0, .62 * t), (.15, .065, .1))
    yaw = canvas.pick(canvas.uniform(-30, 30), canvas.uniform(-30, 30), canvas.uniform(25, 60))
    pitch = canvas.pick(canvas.uniform(-25, 15), canvas.uniform(-25, 15), -20)
    if hammer:
        yaw, pitch = canvas.uniform(-20, 70), canvas.pick(canvas.uniform(25, 75), canvas.uniform(-70, -25))
    clay.view(yaw, pitch, canvas.normal(8))
    clay.fit(size=.9)
    end = (-.98, -.03, sway(-.98, bend))

    def at(dx, dy, dz=0.0):
        return np.array(end) + (dx, dy, dz)
    membrane(canvas, clay, [at(.08, -.03), at(0, .03)], [at(-.3, -.5), at(-.16, -.12), at(-.14, .28)], back,
             rays=12, alpha=1)
    membrane(canvas, clay, [(.22, -.2, 0), (-.12, -.16, 0)], [(-.1, -.62, 0), (-.2, -.5, 0), (-.2, -.22, 0)],
             back, rays=8,
             alpha=1)
    fin = [((.3, .12, 1), (.02, .14, 1)), ((-.12, .42, 2.6), (-.2, .38, 2.4), (-.16, .2, 1.2))]

    def pectoral(z):
        roots, tips = ([(x, y, z * w * .22) for x, y, w in points] for points in fin)
        membrane(canvas, clay, roots, tips, dim(back, .95), rays=8, alpha=1)
    pectoral(-1)
    clay.paint(canvas, {'body': Coat(coat, .03, .03, (-1, 0, 0), rough=.05, dense=.1, gloss=.25)})
    for z in (-1, 1):
        where = (nose - .1, 0, z * .7) if hammer else (.86, -.03, z * .125)
        surface_eye(canvas, clay, where, (.1, 0, z), .03, rgb(20, 20, 24), slack=.2, lid=0)
        for k in range(5):
            slit = [(.52 - .045 * k, -.08, z * .21), (.5 - .045 * k, .08, z * .22)]
            clay.trace(canvas, slit, dim(back, .3), .018, 0, .12, .8)
        if not hammer:
            lip = [(.93, .1, 0), (.88, .13, z * .07), (.78, .13, z * .13)]
            clay.trace(canvas, lip, rgb(60, 14, 18), .05, 0, .2)
            teeth = [clay.project(p) for p in resample(lip, 9)]
            shown = [q for q in teeth if clay.visible(q, .2)]
            if shown:
                hairs(canvas, [q[0] for q in shown], [q[1] for q in shown], math.pi / 2, .045,
                      (250, 248, 240), .035)
    pectoral(1)


@drawing(2, 'great white shark', 'swimmer', places=('underwater', 'underwater', 'underwater', 'water'),
         size=(.32, .6))
def great_white_shark(canvas):
    shark(canvas, canvas.tint(210, .2, .42, 12, .1, .12))


@drawing(4, 'hammerhead', 'swimmer', places=('underwater', 'underwater', 'underwater', 'water'),
         size=(.32, .6))
def hammerhead(canvas):
    shark(canvas, canvas.tint(canvas.pick(205, 50), .18, .5, 12, .08, .12), True)


@drawing(6, 'stingray', 'swimmer', places=('underwater', 'underwater', 'underwater', 'desert'), tilt=180)
def stingray(canvas):
    back = canvas.tint(canvas.pick(35, 30, 215, 45), .35, .5)
    coat = canvas.pick(back, spots(canvas, back, canvas.tint(205, .7, .85), 34, (.04, .07)),
                       patches(canvas, back, dim(back, 1.3), .4, .3))
    clay, flap = Clay(.12), canvas.normal(.22)
    for t in np.linspace(-1, 1, 33):
        reach = .64 * (1 - abs(t) ** 1.6) ** .85 + .03
        clay.ball('body', (-.02 - .24 * t * t, -flap * abs(t) ** 1.6, .92 * t),
                  (reach, .03 + .11 * (1 - abs(t)) ** 1.5, .13 * (1.15 - abs(t))))
    clay.ball('body', (.12, -.05, 0), (.36, .13, .2))
    sweep = canvas.uniform(-.5, .5)
    clay.limb('tail', [(-.5, 0, 0), (-1.0, 0, sweep * .3), (-1.75, .02, sweep)], [.06, .035, .01])
    under = canvas.chance(.12)
    clay.view(canvas.uniform(0, 60), -canvas.uniform(45, 80) if under else canvas.uniform(38, 85))
    clay.fit(size=.95)
    clay.paint(canvas, {'body': Coat(rgb(236, 230, 222) if under else coat, .02, .03, rough=.05, dense=.1,
                                     gloss=.2),
                        'tail': Coat(dim(back, .7))})
    if under:
        clay.trace(canvas, [(.34, .07, -.1), (.31, .1, 0), (.34, .07, .1)], rgb(120, 70, 66), .03, 0, .3)
        for z in (-1, 1):
            for k in range(5):
                clay.trace(canvas, [(.18 - .07 * k, .1, z * .13), (.16 - .07 * k, .1, z * .2)],
                           rgb(150, 110, 104), .02, 0, .3)
        return
    for z in (-1, 1):
        surface_eye(canvas, clay, (.3, -.16, z * .13), (.2, -1, z * .7), .05, canvas.tint(45, .6, .7),
                    pupil='bar',
                    slack=.3)
        clay.trace(canvas, [(.26, -.15, z * .14), (.18, -.16, z * .13)], BLACK, .04, 0, .3, .7)


# ---- Whales and seals --------------------------------------------------------------------------------------

def whale_body(canvas, clay, girth, snout):
    """Body, flukes and flippers; `snout`: points of the head (x, y, half height, half width)."""
    arch = canvas.uniform(-.2, .25)
    rest = [(.25, 0, girth, girth * .95), (-.3, 0, girth * .75, girth * .7),
            (-.8, .02, girth * .3, girth * .25),
            (-1.05, .02, .05, .06)]
    p = np.asarray(snout + rest, float)
    x = np.linspace(p[0, 0], p[-1, 0], 24)
    y, h, w = (np.interp(x, p[::-1, 0], p[::-1, k]) for k in (1, 2, 3))
    for i in range(len(x)):
        clay.ball('body', (x[i], y[i] - arch * (x[i] - .2) ** 2, 0), (.14, h[i], w[i]))
    end = (-1.05, .02 - arch * 1.56)
    for z in (-1, 1):
        clay.limb('fluke', [(*end, z * .02), (end[0] - .12, end[1], z * .22),
                            (end[0] - .3, end[1] - .03, z * .44)],
                  [.09, .07, .015], flat=1.0)
        clay.limb('flipper', [(.42, girth * .5, z * girth * .7), (.3, girth * 1.0, z * girth * 1.3),
                              (.1, girth * 1.3, z * girth * 1.6)], [.11, .09, .03])
    return arch


def breach(canvas, y=.62):
    """Foam and spray where a leaping animal leaves the water."""
    tone = canvas.tint(205, .5, .45, 15)
    canvas.oval(0, y + .32, 1.25, .3, tone, alpha=.9, blur=.06)
    for _ in range(9):
        px = canvas.normal(.45)
        canvas.oval(px, y + .16, canvas.uniform(.12, .35), canvas.uniform(.06, .2) * (1.2 - min(1, abs(px))),
                    mix(tone, WHITE, canvas.uniform(.6, .95)), alpha=.7, blur=.05)
    n = 130
    px = canvas.rng.normal(0, .42, n)
    hairs(canvas, px, y + canvas.rng.normal(.12, .05, n), -1.57 + .9 * px + canvas.rng.normal(0, .25, n),
          canvas.spread(.05, .4, n) * np.exp(-px ** 2), mix(tone, WHITE, .9), .03, .15, .45)
    drops(canvas, 0, y - .1, .8, .35, 50, .03)


@drawing(147, 'grey whale', 'swimmer', places=('underwater', 'underwater', 'water', 'water', 'open_sky'),
         tilt=10)
def grey_whale(canvas):
    grey = canvas.tint(210, .1, .42, 15, .06, .1)
    coat = patches(canvas, grey, mix(grey, WHITE, .45), .28, .14)
    way = canvas.integer(0, 3)
    if way == 0:
        fluke(canvas, grey)
        return
    clay = Clay(.2)
    whale_body(canvas, clay, .27, [(1.12, .06, .05, .07), (1.0, .03, .1, .12), (.7, .0, .2, .2)])
    if way == 1:
        clay.view(canvas.uniform(0, 70), canvas.uniform(-10, 10), -canvas.uniform(48, 75))
        clay.fit(size=1.0, centre=(0, .15))
    else:
        clay.view(canvas.uniform(-35, 55), canvas.uniform(-20, 25), canvas.normal(8))
        clay.fit(size=.95)
    plain = Coat(coat, .03, .02, (-1, 0, 0), rough=.08, dense=.12, gloss=.3)
    clay.paint(canvas, {'*': plain})
    places = canvas.rng.normal(0, 1, (9, 2)) * (.1, .06) + (.85, -.08)
    for px, py in places:
        with clay.spot(canvas, (px, py, .14), (.1, -.5, 1), .03, slack=.2) as seen:
            if seen:
                canvas.disc(0, 0, canvas.uniform(.5, 1.3), rgb(214, 206, 186), alpha=.8)
    for z in (-1, 1):
        clay.trace(canvas, [(1.1, .08, z * .05), (.85, .12, z * .18), (.62, .1, z * .24)], dim(grey, .35),
                   .02, 0, .12)
        surface_eye(canvas, clay, (.6, .12, z * .235), (0, 0, z), .022, rgb(30, 24, 20), slack=.15)
    if way == 1:
        breach(canvas)


def fluke(canvas, grey):
    """The tail of a diving whale above the water."""
    lean = canvas.normal(.12)
    with canvas.at(0, .1, .95, canvas.normal(5), tall=canvas.uniform(.75, 1.1)):
        stem = limb([(0, .65), (lean * .3, .2), (0, -.15)], [.5, .26, .14])
        canvas.fill(stem, linear(-.25, 0, .25, 0, [dim(grey, 1.3), grey, dim(grey, .45)]))
        for side in (-1, 1):
            path = smooth([(0, -.05), (side * .25, -.15), (side * .75, -.5), (side * 1.02, -.42),
                           (side * .8, -.28),
                           (side * .4, -.3), (side * .06, -.42), (0, -.3)])
            canvas.fill(path, linear(0, -.5, 0, 0, [dim(grey, 1.35), dim(grey, .55)]))
            with canvas.inside(path):
                specks(canvas, side * canvas.spread(.1, .9, 14), canvas.spread(-.5, -.1, 14), .03,
                       dim(grey, 1.7), .5)
            n = 16
            hairs(canvas, side * canvas.spread(.1, .9, n), canvas.spread(-.34, -.2, n), math.pi / 2,
                  canvas.spread(.1, .4, n), (225, 238, 245), .012, 0, .35)
    breach(canvas, .58)


@drawing(148, 'killer whale', 'swimmer', places=('underwater', 'water', 'water', 'open_sky'), tilt=10)
def killer_whale(canvas):
    black, white = rgb(26, 27, 32), rgb(240, 240, 240)

    def coat(x, y, z):
        belly = step(y - .16 + .12 * np.cos(5 * x - .3), .02)
        spot = step(.1 - np.hypot((x - .74) * .75, (y + .06) * 1.7), .012)
        flank = step(.15 - np.hypot((x + .45) * .6, (y - .02) * 1.6), .02)
        t = np.clip(belly + spot + flank, 0, 1)[:, None]
        return black * (1 - t) + white * t
    clay = Clay(.2)
    leap = canvas.chance(.45)
    arch = whale_body(canvas, clay, .3, [(1.1, .04, .08, .09), (.95, .0, .17, .16), (.6, 0, .25, .24)])
    if leap:
        clay.view(canvas.uniform(-20, 60), canvas.uniform(-10, 10), -canvas.uniform(30, 65))
        clay.fit(size=.95, centre=(0, .05))
    else:
        clay.view(canvas.uniform(-30, 45), canvas.uniform(-15, 20), canvas.normal(8))
        clay.fit(size=.92)
    tall = canvas.uniform(.3, .62)
    membrane(canvas, clay, [(.22, -.24, 0), (-.16, -.22 - arch * .1, 0)],
             [(-.12, -.26 - tall, 0), (-.16, -.3 - tall * .5, 0), (-.17, -.26, 0)], rgb(36, 36, 42), rays=8,
             alpha=1)
    wet = Coat(coat, gloss=.5)
    clay.paint(canvas, {'body': wet, 'fluke': Coat(black, gloss=.4), 'flipper': Coat(black, gloss=.4)})
    for z in (-1, 1):
        clay.trace(canvas, [(1.12, .07, z * .05), (.98, .1, z * .14), (.84, .1, z * .2)], rgb(60, 60, 66),
                   .015, 0, .1)
    if leap:
        breach(canvas)


@drawing(150, 'sea lion', 'beast', places=('stones', 'stones', 'water', 'underwater', 'desert'), tilt=8)
def sea_lion(canvas):
    brown = canvas.tint(canvas.pick(28, 24, 30), .45, canvas.pick(.28, .4, .55))
    clay, up = Clay(.12), canvas.uniform(.3, 1.0)
    swim = canvas.chance(.25)
    lift = .15 if swim else up
    clay.limb('body', [(-1.0, .52, 0), (-.6, .45, 0), (-.05, .3 - .05 * lift, 0), (.32, .05 - .3 * lift, 0),
                       (.42, -.1 - .5 * lift, 0)], [.1, .24, .37, .33, .21], flat=.9)
    head = clay.frame((.46, -.16 - .58 * lift, 0), canvas.uniform(-30, 60), 0, canvas.normal(10) - 12 * lift)
    clay.ball('head', (0, 0, 0), (.2, .18, .17), head)
    clay.limb('head', [(.1, .02, 0), (.28, .05, 0)], [.14, .09], head)
    clay.pair('head', (.31, .08, .045), (.06, .05, .055), head)
    clay.pair('head', (-.1, -.02, .17), (.05, .02, .02), head)
    for z in (-1, 1):
        down = .35 if not swim else .75
        clay.limb('flipper', [(.2, .25 - .1 * lift, z * .26), (.2, .5, z * .42),
                              (.34 - .5 * swim, down + .3, z * .52),
                              (.52 - 1.0 * swim, down + .32, z * .6)], [.15, .1, .07, .03], flat=.6)
        clay.limb('flipper', [(-.95, .52, z * .06), (-1.2, .58, z * .16), (-1.35, .6, z * .2)],
                  [.09, .07, .03])
    clay.view(canvas.uniform(-35, 75), canvas.uniform(-5, 15), canvas.normal(4))
    if canvas.chance(.25):
        clay.fit(('head',), .6, (0, -.2))
    else:
        clay.fit(size=.93)
    fur = dict(hair=.05, width=.02, rough=.07, dense=.2, gloss=canvas.uniform(.15, .5))
    clay.paint(canvas, {'body': Coat(saddle(brown, dim(brown, .7), .4), **fur), 'head': Coat(brown, **fur),
                        'flipper': Coat(dim(brown, .65), gloss=.3)})
    for z in (-1, 1):
        surface_eye(canvas, clay, (.13, -.06, z * .13), (.75, -.25, z * .8), .036, rgb(34, 22, 16), head,
                    slack=.2)
        clay.trace(canvas, [(.36, .09, z * .02), (.3, .12, z * .08), (.2, .11, z * .12)], dim(brown, .3),
                   .015, head, .15)
    with clay.spot(canvas, (.37, .01, 0), (1, -.2, 0), .045, head, slack=.2) as seen:
        if seen:
            canvas.oval(0, 0, 1, .75, rgb(24, 20, 20))
    with clay.spot(canvas, (.34, .08, 0), (1, 0, 0), .12, head, slack=.3) as seen:
        if seen:
            whisker(canvas, 0, 0, .9)


# ---- Soft animals ------------------------------------------------------------------------------------------

@drawing(107, 'jellyfish', 'swimmer', places=('underwater', 'underwater', 'dark', 'dark', 'studio'), tilt=50)
def jellyfish(canvas):
    tone = canvas.tint(canvas.pick(25, 330, 290, 210, 200, 15), canvas.uniform(.15, .75), .95)
    deep = dim(tone, .55)
    wide, tall = canvas.uniform(.55, .78), canvas.uniform(.42, .66)
    rim, top = -.08, -.08 - tall - .18
    n = canvas.integer(10, 22)
    for x in np.linspace(-.92, .92, n):
        p = [(x * wide, rim)]
        for k in range(1, 5):
            p.append((x * wide * (1 - .05 * k) + canvas.normal(.05), rim + .27 * k))
        canvas.curve(p, mix(tone, WHITE, .3), .014, alpha=.6)
    for _ in range(canvas.integer(3, 6)):                        # frilled arms
        x = canvas.normal(.14)
        t = np.linspace(0, 1, 70)
        wobble = np.cumsum(canvas.rng.normal(0, .022, 70))
        long = canvas.uniform(.7, 1.05)
        hairs(canvas, x + wobble, rim + long * t, canvas.spread(0, 6.3, 70), .1 * (1.2 - t),
              canvas.vary(mix(tone, WHITE, .35), 70, .1), .06, .4, .6)
    bell = smooth([(-wide, rim), (-wide * 1.02, rim - tall * .55), (-wide * .6, top), (0, top - .06),
                   (wide * .6, top),
                   (wide * 1.02, rim - tall * .55), (wide, rim), (wide * .6, rim + .08), (0, rim + .12),
                   (-wide * .6, rim + .08)])
    lx = canvas.light[0] * .25
    canvas.fill(bell, radial(lx, rim - tall * .45, wide * 1.15, [mix(tone, WHITE, .4), tone, deep,
                                                                 mix(tone, WHITE, .5)],
                             [0, .45, .85, 1], [.55, .65, .8, .95]))
    with canvas.inside(bell):
        for t in np.linspace(-.9, .9, canvas.integer(9, 17)):
            canvas.curve([(t * wide * .2, top), (t * wide * .8, rim - tall * .7),
                          (t * wide * 1.08, rim + .1)],
                         canvas.pick(deep, mix(tone, WHITE, .5)), .022, alpha=.5)
        if canvas.chance(.4):                                    # moon jelly: four rings
            for x in (-.24, -.08, .1, .26):
                canvas.oval(x, rim - tall * .5, .09, .12, mix(tone, rgb(230, 120, 190), .5), width=.03,
                            alpha=.8)
        canvas.oval(lx, top + .12, wide * .5, .12, WHITE, alpha=.45, blur=.06)
    lobes = np.linspace(-.95, .95, 15)
    strokes(canvas, lobes * wide, rim + .07 * np.sqrt(1 - lobes ** 2), math.pi / 2, .05,
            mix(tone, WHITE, .45), .06, .8, 1)


def anemone(canvas, x, y, size, tone, tips=None):
    """A sea anemone: a crown of fat tentacles around its mouth, on a column."""
    tips = canvas.pick(mix(tone, WHITE, .55), canvas.tint(300, .6, .75),
                       canvas.tint(100, .6, .8)) if tips is None else tips
    squash, n = canvas.uniform(.45, .95), canvas.integer(110, 170)
    canvas.fill(limb([(x, y), (x, y + size * .8)], [size * .8, size * .95]),
                linear(x - size * .4, 0, x + size * .4, 0, [dim(tone, .9), dim(tone, .65), dim(tone, .35)]))
    turn, ring = canvas.spread(0, 6.3, n), canvas.spread(.15, .55, n)
    order = np.argsort(ring * np.sin(turn))
    turn, ring = turn[order], ring[order]
    rx, ry = x + size * ring * np.cos(turn), y - .1 + size * squash * ring * np.sin(turn)
    canvas.oval(x, y - .1, size * .55, size * .55 * squash, dim(tone, .5))
    long = size * canvas.spread(.32, .62, n)
    angle = np.arctan2(squash * np.sin(turn) - .55 * (1 - squash),
                       np.cos(turn)) + canvas.rng.normal(0, .22, n)
    shade = canvas.vary(tone, n, .14) * (.75 + .35 * (ring > .3))[:, None]
    for part in np.array_split(np.arange(n), 3):
        strokes(canvas, rx[part], ry[part], angle[part], long[part] * .95, dim(shade[part], .55), .085 * size,
                1, 3)
        strokes(canvas, rx[part] - .008, ry[part] - .012, angle[part], long[part] * .95, shade[part],
                .06 * size, 1, 3)
        specks(canvas, (rx + long * np.cos(angle))[part], (ry + long * np.sin(angle))[part], .045 * size,
               canvas.vary(tips, len(part), .08))


@drawing(108, 'sea anemone', 'swimmer', places=REEF, tilt=15)
def sea_anemone(canvas):
    tone = canvas.tint(canvas.pick(75, 95, 300, 20, 355, 40, 160), canvas.uniform(.3, .75), .75)
    anemone(canvas, 0, .12, 1.0, tone)


@drawing(109, 'brain coral', 'swimmer', places=REEF, tilt=20)
def brain_coral(canvas):
    tone = canvas.tint(canvas.pick(40, 60, 95, 25, 300), canvas.uniform(.25, .6), .72)
    groove = canvas.pick(dim(tone, .4), canvas.tint(110, .6, .5), canvas.tint(25, .5, .35))
    coat = maze(canvas, groove, tone, canvas.uniform(.1, .17), .45)
    clay = Clay(.1)
    clay.ball('coral', (0, .1, 0), (.98, .85, .9))
    for _ in range(canvas.integer(0, 3)):
        clay.ball('coral', (canvas.normal(.4), .3, canvas.normal(.3)), (.5, .5, .5))
    clay.view(canvas.uniform(0, 360), canvas.uniform(-5, 50))
    clay.fit(size=.97 if canvas.chance(.6) else 1.6)
    clay.paint(canvas, {'coral': Coat(coat, .02, .02, dense=.2, rough=.1)})


@drawing(327, 'starfish', 'crawler', places=SHORE)
def starfish(canvas):
    tone = canvas.pick(canvas.tint(18, .85, .85), canvas.tint(5, .8, .7), canvas.tint(270, .5, .5),
                       canvas.tint(215, .75, .75),
                       canvas.tint(36, .5, .8))
    clay, fat = Clay(.08), canvas.uniform(.12, .25)
    for k in range(5):
        turn, curl = 2 * math.pi * k / 5, canvas.normal(.22)
        long = canvas.uniform(.88, 1.05)
        t = np.linspace(.05, 1, 8)
        points = np.stack([long * t * np.cos(turn + curl * t * t), .02 + .06 * t, long * t
                           * np.sin(turn + curl * t * t)], 1)
        clay.limb('arm', points, fat * (1.15 - .85 * t) + .02)
    clay.ball('arm', (0, -.02, 0), (fat * 1.5, fat * .95, fat * 1.5))
    clay.view(canvas.uniform(0, 360), canvas.uniform(50, 90))
    clay.fit(size=.95)
    knobs = dim(tone, 1.45) if canvas.chance(.6) else mix(tone, WHITE, .6)
    clay.paint(canvas, {'arm': Coat(maze(canvas, dim(tone, .75), tone, .06, .5), .025, .03, (0, -1, 0),
                                    dense=.18)})
    for k in range(5):
        turn = 2 * math.pi * k / 5
        place = np.array([clay.project((r * math.cos(turn), -fat * (1.05 - .8 * r), r * math.sin(turn)))
                          for r in np.linspace(.1, .85, 9)])
        specks(canvas, place[:, 0], place[:, 1], .022, knobs, .6)


@drawing(328, 'sea urchin', 'swimmer', places=SHORE, tilt=180)
def sea_urchin(canvas):
    tone = canvas.pick(canvas.tint(280, .55, .35), canvas.tint(270, .25, .14), canvas.tint(350, .6, .4),
                       canvas.tint(90, .35, .4),
                       canvas.tint(300, .4, .55))
    n, heart = canvas.integer(320, 520), canvas.uniform(.4, .6)
    ball(canvas, 0, 0, heart, dim(tone, .7), .3)
    way = canvas.rng.normal(0, 1, (n, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    way = way[way[:, 2] > -.35]
    way = way[np.argsort(way[:, 2])]
    n = len(way)
    lit = .55 + .75 * np.clip(way @ canvas.light, 0, 1)
    tone = canvas.vary(tone, n, .15) * lit[:, None]
    tips = mix(tone, canvas.pick(WHITE, rgb(220, 160, 190), BLACK), .35)
    long = (1 - heart) * canvas.spread(.7, 1.05, n)
    angle = np.arctan2(way[:, 1], way[:, 0]) + canvas.rng.normal(0, .12, n)
    flat = np.hypot(way[:, 0], way[:, 1])
    x, y = heart * way[:, 0], heart * way[:, 1]
    width = canvas.uniform(.035, .07)
    hairs(canvas, x, y, angle, np.maximum(.08, long * flat), tone, width, .02, layers=8)
    hairs(canvas, x + .5 * long * way[:, 0], y + .5 * long * way[:, 1], angle, .5 * long * flat, tips,
          width * .45, 0, .7, 8)


# ---- Shells ------------------------------------------------------------------------------------------------

@drawing(117, 'chambered nautilus', 'swimmer', places=('underwater', 'underwater', 'dark', 'table', 'plain'),
         tilt=30)
def chambered_nautilus(canvas):
    cream, rust = canvas.tint(36, .14, .95), canvas.tint(16, .72, .55)
    if canvas.chance(.25):
        with canvas.at(0, 0, 1, canvas.uniform(0, 360)):
            cut_nautilus(canvas, cream, rust)
        return

    def coat(x, y, z):
        turn = np.arctan2(y - .02, x - .08)
        flames = np.sin(9 * turn + 2.2 * np.sin(3 * z * 4 + turn) + 3 * np.hypot(x, y)) - .05
        fade = step(-turn - .0, .5) * .9 + .1
        t = (step(flames, .15) * np.clip(fade + .4 * (x < 0), 0, 1))[:, None]
        return cream * (1 - t) + rust * t
    clay = Clay(.08)
    for turn in np.linspace(-.35, -6.6, 30):                     # from the mouth over the top to the navel
        reach = .66 * math.exp(.21 * turn)
        middle = reach * .62 / .66
        clay.ball('shell', (.08 + middle * math.cos(turn + .5), middle * math.sin(turn + .5), 0),
                  (reach * .62, reach * .62, reach * .72))
    clay.ball('shell', (.06, .0, 0), (.36, .36, .3))
    n = canvas.integer(14, 22)
    for _ in range(n):
        y, z = canvas.uniform(.1, .42), canvas.normal(.16)
        sag = canvas.uniform(-.1, .3)
        clay.limb('arms', [(.55, y, z), (.8, y + .1, z * 1.4), (1.0, y + .1 + sag, z * 1.7)],
                  [.05, .035, .012])
    clay.ball('hood', (.6, -.02, 0), (.26, .22, .3))
    clay.view(canvas.uniform(-35, 45), canvas.uniform(-10, 15))
    clay.fit(size=.95)
    clay.paint(canvas, {'shell': Coat(coat, gloss=.45), 'arms': Coat(canvas.tint(24, .3, .85), gloss=.2),
                        'hood': Coat(patches(canvas, rust, cream, .35, .15), gloss=.1)})
    for z in (-1, 1):
        surface_eye(canvas, clay, (.66, .14, z * .3), (.2, 0, z), .085, rgb(226, 206, 180), pupil='bar',
                    slack=.3)


def cut_nautilus(canvas, cream, rust):
    """A nautilus shell cut in half: a spiral of chambers."""
    grow, last = .175, 6.3 * 2.6
    t = np.linspace(0, last, 160)
    r = .98 * np.exp(grow * (t - last))
    x, y = r * np.cos(t), r * np.sin(t)
    outline = poly(list(zip(x[-63:], y[-63:])))
    canvas.fill(outline, radial(.1, .1, 1, [cream, mix(cream, rust, .35), cream, mix(cream, rust, .25)],
                                [0, .4, .7, 1]))
    for end in np.arange(last - 1.6, 3.0, -.36):
        a, b = .98 * math.exp(grow * (end - last)), .98 * math.exp(grow * (end - last - 6.283))
        bow = [(q * math.cos(end + .42 * math.sin(math.pi * s)),
                q * math.sin(end + .42 * math.sin(math.pi * s)))
               for s, q in ((s, b + (a - b) * s) for s in np.linspace(0, 1, 7))]
        canvas.curve(bow, dim(rust, .6), .035 * a + .01, alpha=.5)
        canvas.curve([(px + .02 * a, py + .02 * a) for px, py in bow], WHITE, .02 * a + .005)
    canvas.curve(list(zip(x, y)), dim(rust, .8), .05)
    canvas.curve(list(zip(x * .985, y * .985)), cream, .03)


@drawing(112, 'conch', 'crawler', places=SHORE)
def conch(canvas):
    shell = canvas.tint(canvas.pick(30, 36, 22), .3, .88)
    lip = canvas.tint(canvas.pick(8, 14, 350), .45, .95)
    coat = stripes(canvas, shell, canvas.tint(24, .5, .6), 4, .4, 3)
    clay, knobs = Clay(.08), canvas.chance(.75)
    for k, turn in enumerate(np.linspace(0, 6.28 * 4.2, 62)):
        size = math.exp(-.1 * turn)
        x = .15 - .92 * (1 - math.exp(-.085 * turn))
        clay.ball('shell', (x, .3 * size * math.cos(turn), .3 * size * math.sin(turn)),
                  (.3 * size + .02, .36 * size, .36 * size))
        if knobs and k % 3 == 0:
            clay.ball('shell', (x - .08 * size, .66 * size * math.cos(turn), .66 * size * math.sin(turn)),
                      (.11 * size, .13 * size, .13 * size))
    clay.limb('shell', [(.2, .05, 0), (.65, .1, .08), (1.02, .16, .12)], [.42, .24, .07])
    flare = np.linspace(-.45, .85, 9)
    clay.limb('lip', [(x, .42 + .25 * math.sin((x + .45) * 2.3), .28) for x in flare], [.09] * 9)
    clay.view(canvas.uniform(-40, 40), canvas.uniform(-45, 15), 0)
    clay.fit(size=.95)
    clay.paint(canvas, {'shell': Coat(coat, .02, .02, rough=.1, dense=.15, gloss=.25),
                        'lip': Coat(lip, gloss=.5)})
    mouth = [clay.project(p)[:2] for p in ((-.4, .3, .36), (-.1, .5, .36), (.35, .62, .34), (.85, .45, .28),
                                           (.6, .25, .36),
                                           (.1, .12, .44))]
    (x0, y0), (x1, y1) = mouth[2], mouth[5]
    canvas.fill(smooth(mouth), linear(x0, y0, x1, y1, [mix(lip, WHITE, .45), lip, dim(lip, .35)]))
    canvas.fill(smooth(mouth), mix(lip, WHITE, .4), width=.05, alpha=.8)


# ---- Crabs and lobsters ------------------------------------------------------------------------------------

def crab(canvas, shell, claws=(1.0, 1.0), legs=1.0, leg_width=.07, claw_colour=None, body=(.42, .2, .6),
         thorns=0):
    """A crab seen from the front and above; claws: size of the left and right one; thorns on the shell."""
    claw_colour = shell if claw_colour is None else claw_colour
    clay = Clay(.1)
    a, b, c = body
    clay.ball('shell', (0, 0, 0), body)
    clay.ball('shell', (.08, -.02, 0), (a * .9, b * .95, c * .9))
    clay.ball('belly', (0, .1, 0), (a * .85, b * .7, c * .8))
    for z, size in zip((-1, 1), claws):
        for k in range(4):
            turn = math.radians(-10 - 32 * k + canvas.normal(5))
            knee, foot = (.42 + .1 * (k in (1, 2))) * legs, (.78 + .14 * (k in (1, 2))) * legs
            lift = canvas.uniform(.12, .3) * legs
            way = np.array((math.sin(turn), 0, z * math.cos(turn)))
            root = np.array((-.1 * k + .12, .06, z * c * .75))
            clay.limb('legs', [root, root + way * knee + (0, -lift, 0), root + way * foot + (0, .12, 0),
                               root + way * (foot + .2 * legs) + (0, .32, 0)],
                      [leg_width, leg_width * .9, leg_width * .6, .012])
        s, arm, open_ = size, min(size, 1.0), canvas.uniform(.1, .3)
        elbow = np.array((a * .9 + .12 * arm, .02, z * (c * .75 + .22 * arm)))
        wrist = elbow + np.array((.16 * arm, -.04, -z * .05 * arm))
        clay.limb('claws', [(a * .6, .06, z * c * .6), elbow, wrist], [.09 * arm, .11 * arm, .12 * arm])
        palm = wrist + np.array((.16 * s, -.02, -z * .1 * s))
        clay.ball('claws', palm, (.2 * s, .13 * s, .15 * s))
        clay.limb('claws', [palm + (.05, 0, z * .08 * s), palm + np.array((.34, 0, z * .1)) * s,
                            palm + np.array((.5, 0, -z * .06)) * s], [.1 * s, .07 * s, .015 * s])
        clay.limb('tips', [palm + np.array((.08, -.02, -z * .06)) * s,
                           palm + np.array((.3, -.02, -z * (.12 + open_))) * s,
                           palm + np.array((.46, 0, -z * .12)) * s], [.07 * s, .055 * s, .012 * s])
    clay.view(canvas.uniform(55, 125), canvas.uniform(22, 80), canvas.normal(5))
    clay.fit(size=.97)
    rough = maze(canvas, dim(shell, .8), shell, .12, .3)
    clay.paint(canvas, {'shell': Coat(rough, .02, .03, dense=.15, gloss=.35),
                        'legs': Coat(dim(shell, .9), gloss=.25),
                        'belly': Coat(mix(shell, rgb(240, 226, 200), .6)),
                        'claws': Coat(claw_colour, gloss=.4),
                        'tips': Coat(mix(claw_colour, WHITE, .2), gloss=.4)})
    for z in (-1, 1):
        place = clay.project((a * .95, -.1, z * .16))
        canvas.line(*place[:2], place[0], place[1] - .1, dim(shell, .6), .035)
        ball(canvas, place[0], place[1] - .12, .04, (20, 18, 20), .9)
    if thorns:
        for px, pz in canvas.rng.uniform(-.8, .8, (thorns, 2)):
            deep = 1 - px * px - pz * pz
            if deep > 0:
                place = clay.project((a * px, -b * math.sqrt(deep), c * pz))
                ball(canvas, place[0], place[1], .03, mix(shell, WHITE, .25), .4)


@drawing(118, 'Dungeness crab', 'crawler', places=SHORE, size=(.3, .6), tilt=40)
def dungeness_crab(canvas):
    crab(canvas, canvas.tint(canvas.pick(16, 22, 10), .65, canvas.pick(.55, .8)), (.85, .85), .95,
         claw_colour=canvas.tint(24, .5, .8))


@drawing(120, 'fiddler crab', 'crawler', places=('desert', 'desert', 'stones', 'lawn'), tilt=30)
def fiddler_crab(canvas):
    shell = canvas.pick(canvas.tint(215, .5, .5), canvas.tint(30, .3, .35), canvas.tint(10, .6, .5))
    big = canvas.uniform(1.7, 2.1)
    claws = canvas.pick((big, .45), (.45, big))
    crab(canvas, shell, claws, .85, claw_colour=canvas.pick(canvas.tint(25, .85, .95),
                                                            canvas.tint(5, .75, .85), rgb(240, 232, 220)),
         body=(.36, .26, .44))


@drawing(121, 'king crab', 'crawler', places=SHORE, size=(.32, .64), tilt=40)
def king_crab(canvas):
    crab(canvas, canvas.tint(canvas.pick(6, 12, 18), .78, .68), (.8, .65), 1.5, .075, body=(.42, .26, .42),
         thorns=26)


@drawing(122, 'American lobster', 'crawler', places=SHORE, size=(.34, .66))
def american_lobster(canvas):
    tone = canvas.pick(canvas.tint(10, .85, .8), canvas.tint(14, .65, .45), canvas.tint(215, .6, .5))
    clay, curl = Clay(.08), canvas.uniform(-.15, .5)
    clay.limb('shell', [(.42, 0, 0), (.2, -.02, 0), (-.12, 0, 0)], [.08, .17, .19])
    spine = [np.array((-.18 - .13 * k, .02 + curl * .02 * k * k, canvas.normal(.01))) for k in range(6)]
    for k, place in enumerate(spine):
        clay.ball('tail', place, (.1, .17 - .014 * k, .18 - .015 * k))
    for way in (-.7, -.35, 0, .35, .7):
        end = spine[-1] + np.array((-.3 * math.cos(way), curl * .25, .3 * math.sin(way)))
        clay.limb('fan', [spine[-1], end], [.04, .1], flat=1)
    for z in (-1, 1):
        for k in range(4):
            turn = .5 - .55 * k + canvas.normal(.1)
            way = np.array((math.sin(turn), 0, z * math.cos(turn)))
            root = np.array((.2 - .1 * k, .08, z * .13))
            clay.limb('legs', [root, root + way * .28 + (0, -.1, 0), root + way * .5 + (0, .1, 0)],
                      [.035, .03, .012])
        s, spread = canvas.uniform(.9, 1.15), canvas.uniform(.2, .42)
        wrist = np.array((.75, 0, z * spread))
        clay.limb('claws', [(.34, .05, z * .12), (.52, 0, z * (.2 + spread * .3)), wrist], [.05, .06, .08])
        palm = wrist + (.2, 0, -z * .02)
        clay.ball('claws', palm, (.2 * s, .08, .15 * s))
        clay.limb('claws', [palm, palm + (.26, 0, z * .06), palm + (.46, 0, 0)], [.1 * s, .08, .02])
        clay.limb('claws', [palm + (.02, 0, -z * .08), palm + (.2, 0, -z * .17), palm + (.36, 0, -z * .14)],
                  [.06, .06, .015])
    clay.view(canvas.uniform(0, 360), canvas.uniform(35, 88))
    clay.fit(size=.97)
    coat = patches(canvas, tone, dim(tone, .7), .4, .2)
    clay.paint(canvas, {'*': Coat(coat, .015, .03, dense=.12, gloss=.4),
                        'legs': Coat(dim(tone, 1.1), gloss=.3)})
    for k, place in enumerate(spine):
        half = .17 - .015 * k
        ring = [place + (.09, -half * math.cos(t), half * math.sin(t)) for t in np.linspace(-1.4, 1.4, 9)]
        clay.trace(canvas, ring, dim(tone, .4), .02, 0, .12, .8)
    for z in (-1, 1):
        root, end = clay.project((.45, -.05,
                                  z * .05)), clay.project((canvas.uniform(.3, 1.3), -.3,
                                                           z * canvas.uniform(.5, 1.2)))
        canvas.curve([root[:2], (root[:2] + end[:2]) / 2 + np.array((canvas.normal(.15), -.12)), end[:2]],
                     tone, .022)
        place = clay.project((.4, -.1, z * .07))
        ball(canvas, place[0], place[1], .025, (16, 14, 16), .9)
