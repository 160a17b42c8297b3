"""Plants, mushrooms, fruit, vegetables and things baked.

Fruit is shown whole, cut and in slices; flowers from the front and from the side; loaves and pizzas from
above and at an angle.
"""

import math

import numpy as np

from train.brushes import (
    BLACK,
    WHITE,
    ball,
    blob,
    bulge,
    dim,
    ellipse,
    gloss,
    hairs,
    leaf,
    limb,
    linear,
    mix,
    noise,
    petal,
    poly,
    radial,
    rgb,
    scallops,
    smooth,
    specks,
    strokes,
)
from train.registry import drawing
from train.scenes import hills, sky

GREEN = rgb(92, 134, 58)


# ---- Parts -------------------------------------------------------------------------------------------------

def roll(canvas, points, widths, colour, shine=.5, edge=.5):
    """A round bent body along the points: dark edge, colour, and a highlight on the side of the light."""
    p, w = np.asarray(points, float), np.asarray(widths, float)
    toward = canvas.light[:2] * w.max() * .16
    for share, tone, shift in ((1, dim(colour, edge), 0), (.84, dim(colour, .8), .4), (.62, colour, .8),
                               (.3, mix(colour, WHITE, shine * .6), 1.3)):
        canvas.fill(limb(p + toward * shift, w * share), tone, alpha=1 if share == 1 else .75,
                    blur=(1 - share) * .06 * w.max())


def solid_fruit(canvas, path, colour, x=0.0, y=0.0, r=1.0, shine=.8):
    """A round fruit of any outline: its colour, light and shade, a highlight."""
    lx, ly, _ = canvas.light
    canvas.fill(path, radial(x + lx * r * .4, y + ly * r * .4, r * 1.6,
                             [mix(colour, WHITE, .18), colour, dim(colour, .38)], [0, .5, 1]))
    with canvas.inside(path):
        gloss(canvas, x + lx * r * .45, y + ly * r * .5, r * .2, r * .14, shine * .7, canvas.uniform(-40, 40))
        canvas.oval(x - lx * r * .5, y - ly * r * .6, r * .9, r * .9, mix(colour, rgb(255, 220, 180), .4),
                    width=.05, alpha=.18, blur=.05)


def calyx(canvas, x, y, r, n, colour, angle=0.0):
    """Small pointed leaves around a stalk."""
    for way in angle + np.linspace(0, 360, n, endpoint=False):
        leaf(canvas, x, y, way + canvas.normal(8), r * canvas.uniform(.8, 1.15), r * .38,
             dim(colour, canvas.uniform(.75, 1.2)))


def citrus_slice(canvas, r, colour, n):
    """A cut citrus fruit: rind, white skin, wedges of juice cells."""
    canvas.disc(0, 0, r, radial(0, 0, r, [colour, colour, dim(colour, .75)], [0, .92, 1]))
    canvas.disc(0, 0, r * .92, mix(colour, rgb(255, 250, 225), .8))
    flesh, start = mix(colour, WHITE, .12), canvas.uniform(0, 6.3)
    for k in range(n):
        a, b = (start + 2 * math.pi * (k + e) / n for e in (.06, .94))
        m = (a + b) / 2
        wedge = smooth([(r * .1 * math.cos(m), r * .1 * math.sin(m)),
                        (r * .1 * math.cos(m), r * .1 * math.sin(m)),
                        (r * .84 * math.cos(a), r * .84 * math.sin(a)),
                        (r * .9 * math.cos(m), r * .9 * math.sin(m)),
                        (r * .84 * math.cos(b), r * .84 * math.sin(b))])
        canvas.fill(wedge, radial(0, 0, r * .9, [dim(flesh, 1.1), flesh, dim(flesh, .88)]))
        with canvas.inside(wedge):
            reach = canvas.spread(.1, .75, 18) * r
            way = canvas.spread(a, b, 18)
            hairs(canvas, reach * np.cos(way), reach * np.sin(way), way, r * .2,
                  canvas.vary(mix(flesh, WHITE, .35), 18, .06), r * .035,
                  alpha=.7, layers=1)
    canvas.disc(0, 0, r * .07, mix(colour, WHITE, .8))


def tilted(canvas, squash=None):
    """Look at something flat at an angle: a context."""
    return canvas.at(0, 0, 1, 0, False, canvas.uniform(.55, 1) if squash is None else squash)


# ---- Vegetables --------------------------------------------------------------------------------------------

def florets(canvas, x, y, r, colour, grain):
    """One head of buds: a lump of many small knobs."""
    canvas.fill(blob(canvas, x, y, r, r * .85, 9, .12), dim(colour, .5))
    n = 60
    px, py = canvas.disk(n, r * .92, r * .8, x, y)
    order = np.argsort(py + .3 * px * np.sign(-canvas.light[0]))[::-1]
    px, py = px[order], py[order]
    lit = .8 + .4 * ((px - x) * canvas.light[0] + (py - y) * canvas.light[1]) / r
    specks(canvas, px, py, grain * canvas.spread(.7, 1.3, n),
           canvas.vary(np.asarray(colour) * lit[:, None], n, .09))


@drawing(937, 'broccoli', 'food')
def broccoli(canvas):
    top, stalk = canvas.tint(canvas.pick(105, 120, 95), .6, .36, 8, .1, .08), canvas.tint(90, .4, .68)
    heads = [(x, -.25 - .5 * math.cos(x * 1.6) + canvas.normal(.08))
             for x in np.linspace(-.68, .68, canvas.integer(4, 6))]
    for x, y in heads:
        roll(canvas, [(.02 * x, .95), (x * .3, .35), (x * .9, y + .1)], [.34, .24, .2], stalk, .4)
    heads += [(canvas.normal(.3), -.2 + canvas.normal(.12)) for _ in range(canvas.integer(3, 5))]
    for x, y in sorted(heads, key=lambda p: p[1]):
        florets(canvas, x, y, canvas.uniform(.26, .38), dim(top, canvas.uniform(.85, 1.2)), .05)


@drawing(938, 'cauliflower', 'food')
def cauliflower(canvas):
    white, green = canvas.pick(rgb(244, 238, 214), rgb(244, 238, 214), canvas.tint(285, .35, .6),
                               canvas.tint(45, .5, .85)), canvas.tint(90, .45, .58)
    for way in np.linspace(15, 345, canvas.integer(7, 9)) + canvas.uniform(0, 40):
        veined_leaf(canvas, 0, .1, way, 1.0, .36, dim(green, canvas.uniform(.75, 1.15)))
    lumps = [(r * math.cos(a), -.05 + r * .85 * math.sin(a)) for r, n in ((.5, 9), (.25, 5), (0, 1))
             for a in np.linspace(0, 6.28, n, endpoint=False)]
    canvas.oval(0, -.02, .7, .6, dim(white, .55))
    for x, y in lumps:
        florets(canvas, x + canvas.normal(.03), y, canvas.uniform(.2, .27), dim(white, 1 - .25 * (y > .2)),
                .055)
    for way in (60, 100, 130) if canvas.chance(.6) else ():
        veined_leaf(canvas, canvas.normal(.1), .85, way + 180, .7, .3, green)


def veined_leaf(canvas, x, y, angle, length, width, colour):
    """A broad fleshy leaf with a pale rib and side veins, its edge wavy."""
    with canvas.at(x, y, length, angle):
        w = width / length
        n = 13
        t = np.linspace(0, 1, n)
        half = w * np.sin(math.pi * np.clip(t, 0, .97) ** .9) ** .55 * canvas.spread(.9, 1.1, n)
        path = smooth(list(zip(t, half)) + list(zip(t[::-1], -half[::-1])))
        canvas.fill(path, linear(0, -w, 0, w, [dim(colour, 1.25), colour, dim(colour, .6)]))
        pale = mix(colour, rgb(240, 245, 215), .6)
        with canvas.inside(path):
            canvas.line(0, 0, .95, 0, pale, .05)
            s = np.linspace(.08, .8, 7)
            for side in (-1, 1):
                strokes(canvas, s, 0 * s, side * .75, w * 1.1, pale, .016, .8, 1)


@drawing(936, 'head cabbage', 'food')
def head_cabbage(canvas):
    green = canvas.pick(canvas.tint(92, .42, .62), canvas.tint(92, .42, .62), canvas.tint(310, .45, .4),
                        canvas.tint(150, .3, .55))
    if canvas.chance(.25):
        cut_cabbage(canvas, green)
        return
    start = canvas.uniform(0, 60)
    for k in range(9):
        veined_leaf(canvas, 0, 0, start + 40 * k, 1.05, .55, dim(green, canvas.uniform(.6, .85)))
    for k in range(6):
        veined_leaf(canvas, 0, 0, start + 20 + 60 * k, .82, .5, dim(green, canvas.uniform(.85, 1.0)))
    heart = mix(green, WHITE, .35)
    ball(canvas, 0, 0, .52, heart, .4, .5)
    for k in range(4):
        with canvas.inside(ellipse(0, 0, .53, .53)):
            x, y = .25 * math.cos(k * 1.7 + start), .25 * math.sin(k * 1.7 + start)
            veined_leaf(canvas, x - .5, y + .1 * k - .1, canvas.uniform(-30, 30), 1.0, .42,
                        dim(heart, 1 - .06 * k))
    bulge(canvas, ellipse(0, 0, .53, .53), 0, 0, .53, .4)


def cut_cabbage(canvas, green):
    """Half a cabbage: packed wavy layers around a core."""
    outline = blob(canvas, 0, 0, .95, .92, 11, .04)
    pale = mix(green, rgb(240, 245, 225), .65)
    canvas.fill(outline, green)
    with canvas.inside(outline):
        canvas.oval(0, 0, .86, .84, pale)
        for r in np.linspace(.8, .15, 12):
            turn = np.linspace(0, 2 * math.pi, 26)
            reach = r * (1 + .07 * np.sin(turn * canvas.integer(3, 8) + canvas.uniform(0, 6)))
            canvas.curve(list(zip(reach * np.cos(turn), reach * np.sin(turn) * .95)),
                         mix(green, pale, canvas.uniform(0, .5)), .03)
        canvas.fill(smooth([(-.12, .95), (-.1, .4), (0, .05), (.1, .4), (.12, .95)]), rgb(244, 242, 215))


@drawing(944, 'artichoke', 'food')
def artichoke(canvas):
    green = canvas.pick(*3 * [canvas.tint(88, .38, .58)], canvas.tint(310, .25, .45))
    if canvas.chance(.2):
        for k in range(50):
            way, r = 137.5 * k, .95 * (1 - k / 50) ** .7
            pointed_scale(canvas, 0, 0, way, r + .1, .26 * (r + .2),
                          dim(green, .6 + .5 * (1 - r) + canvas.uniform(-.1, .1)))
        return
    roll(canvas, [(0, .5), (canvas.normal(.06), 1.05)], [.24, .2], dim(green, .9))
    rows = 9
    for j in range(rows):
        t = j / (rows - 1)
        y = -.42 + 1.05 * t
        reach = .86 * math.sin(math.pi * (.2 + .66 * t)) ** .7
        n = 5 + (j % 2)
        for k in np.argsort(-np.abs(np.linspace(-1, 1, n))):
            u = np.linspace(-1, 1, n)[k]
            way = -90 - u * (12 - 40 * t)
            shade_ = .85 + .25 * u * canvas.light[0] + canvas.uniform(-.07, .07)
            pointed_scale(canvas, u * reach * .72, y + .12 * (1 - u * u), way, .5, .25, dim(green, shade_))


def pointed_scale(canvas, x, y, angle, length, width, colour):
    """One bract of an artichoke or bud: broad, with a pointed tip and a pale edge."""
    with canvas.at(x, y, length, angle):
        w = width / length
        path = smooth([(0, 0), (.05, -w), (.6, -w * .95), (.95, -w * .25), (1.02, 0), (1.02, 0),
                       (.95, w * .25), (.6, w * .95), (.05, w)])
        canvas.fill(path, linear(0, 0, 1, 0, [dim(colour, .5), colour, dim(colour, 1.25)]))
        canvas.fill(path, dim(colour, .45), width=.025, alpha=.8)
        canvas.line(.2, 0, .95, 0, dim(colour, 1.2), .03, alpha=.6)


@drawing(945, 'bell pepper', 'food')
def bell_pepper(canvas):
    colour = canvas.pick(canvas.tint(4, .9, .8), canvas.tint(4, .9, .8), canvas.tint(48, .9, .95),
                         canvas.tint(110, .7, .5), canvas.tint(28, .9, .95))
    if canvas.chance(.2):
        canvas.fill(blob(canvas, 0, 0, .92, .88, 8, .1), dim(colour, .8))
        canvas.fill(blob(canvas, 0, 0, .8, .76, 8, .1), mix(colour, WHITE, .3))
        canvas.fill(blob(canvas, 0, 0, .68, .62, 7, .15), dim(colour, .35))
        for way in np.linspace(0, 240, 3) + canvas.uniform(0, 90):
            with canvas.at(0, 0, 1, way):
                canvas.fill(smooth([(.05, -.08), (.75, -.1), (.75, .1), (.05, .08)]), mix(colour, WHITE, .45))
        n = 40
        x, y = canvas.disk(n, .25, .25)
        specks(canvas, x, y, .05, canvas.vary(rgb(246, 238, 200), n, .06))
        return
    wide, low = canvas.uniform(.72, .9), canvas.uniform(.75, .95)
    for x, r in ((-.5, .5), (.5, .5), (0, .56)):
        lobe = smooth([(x * wide - r * wide, -.35), (x * .7, -.62), (x * wide + r * wide, -.35),
                       (x * wide + r * wide * .9, .35),
                       (x * .8 + r * .35, low), (x * .8 - r * .35, low), (x * wide - r * wide * .9, .35)])
        solid_fruit(canvas, lobe, dim(colour, 1 - .1 * (x != 0)), x, 0, .75, .9)
    canvas.oval(0, -.5, .3, .08, dim(colour, .4), blur=.05)
    stalk = canvas.tint(100, .6, .5)
    canvas.oval(0, -.5, .22, .08, dim(stalk, .9))
    roll(canvas, [(0, -.5), (.03, -.75), (canvas.normal(.15), -.98)], [.16, .12, .15], stalk)


@drawing(987, 'corn', 'food')
def corn(canvas):
    yellow, husk = canvas.tint(canvas.pick(46, 50, 42), .75, .95), canvas.tint(85, .45, .65)
    with canvas.at(0, 0, 1, canvas.uniform(-50, 50)):
        for way, long in ((-120, .9), (-60, .95), (-140, .6)):
            leaf(canvas, 0, .75, way + canvas.normal(6), 1.2 * long, .24, dim(husk, .8))
        body = smooth([(-.36, .85), (-.38, 0), (-.28, -.7), (0, -1.02), (.28, -.7), (.38, 0), (.36, .85)])
        canvas.fill(body, dim(yellow, .5))
        with canvas.inside(body):
            rows = 21
            for u in (-.88, -.64, -.36, 0, .36, .64, .88):
                width = .19 * math.sqrt(1 - u * u * .85)
                y = np.linspace(-.95, .85, rows)
                x = u * .4 * np.clip(1.15 - np.clip(-y - .1, 0, 1) ** 2 * .9, .2, 1)
                light = .8 + .3 * u * canvas.light[0]
                for dy, tone, k in ((0, .62, 1), (-.006, 1, .86), (-.02, 1.2, .4)):
                    for yy, xx in zip(y, x):
                        canvas.oval(xx + u * .0, yy + dy, width * .5 * k, .05 * k, dim(yellow, tone * light))
        n = 30
        hairs(canvas, canvas.rng.normal(0, .05, n), np.full(n, -.9), -math.pi / 2
              + canvas.rng.normal(0, .5, n), canvas.spread(.2, .4, n),
              canvas.vary(rgb(190, 140, 80), n), .02, .3)
        for side in (-1, 1):
            open_ = canvas.uniform(.15, .6)
            canvas.fill(smooth([(0, 1.02), (side * .35, .95), (side * (.5 + open_ * .4), .1),
                                (side * (.4 + open_), -.6), (side * (.4 + open_), -.6),
                                (side * .38, .0), (side * .12, .6)]),
                                linear(0, 0, side * .7, 0, [mix(husk, WHITE, .4), husk, dim(husk, .6)]))


# ---- Mushrooms ---------------------------------------------------------------------------------------------

def toadstool(canvas, cap, stem, tall, wide, ring=False, gills=None):
    """A mushroom from the side: stem, gills seen below the cap, cap."""
    lean = canvas.normal(.06)
    y = -tall
    roll(canvas, [(0, .95), (lean * .5, .3), (lean, y + .2)], [.34 * wide, .24 * wide, .22 * wide], stem, .3,
         .6)
    gills = mix(stem, rgb(150, 110, 90), .4) if gills is None else gills
    below = canvas.uniform(.1, .3)
    canvas.oval(lean, y + .22, .78 * wide, below, dim(gills, .6))
    turn = np.linspace(.1, math.pi - .1, 40)
    strokes(canvas, np.full(40, lean), np.full(40, y + .2), turn, .72 * wide
            * np.sqrt(1 / (np.cos(turn) ** 2 + (np.sin(turn) * .75 * wide / below) ** 2)),
            canvas.vary(gills, 40, .12), .012, 1, 1)
    if ring:
        canvas.fill(smooth([(lean - .14 * wide, y + .42), (lean + .14 * wide, y + .42),
                            (lean + .26 * wide, y + .66), (lean, y + .6), (lean - .26 * wide, y + .66)]),
                            stem)
    high = canvas.uniform(.45, .8)
    path = smooth([(lean - .85 * wide, y + .25), (lean - .85 * wide, y + .1),
                   (lean - .6 * wide, y - high * .75), (lean, y - high), (lean + .6 * wide, y - high * .75),
                   (lean + .85 * wide, y + .1), (lean + .85 * wide, y + .25), (lean + .4 * wide, y + .14),
                   (lean - .4 * wide, y + .14)])
    solid_fruit(canvas, path, cap, lean, y - .1, .8 * wide, .6)
    return path, lean, y, high


@drawing(947, 'mushroom', 'plant', places=('forest', 'forest', 'lawn', 'table', 'clutter', 'leaves'))
def mushroom(canvas):
    cap = canvas.pick(canvas.tint(28, .5, .55), canvas.tint(32, .25, .85), rgb(238, 232, 222),
                      canvas.tint(20, .6, .4), canvas.tint(40, .5, .75))
    stem = canvas.pick(rgb(238, 228, 208), rgb(226, 205, 175))
    if canvas.chance(.15):
        canvas.disc(0, 0, .98, radial(0, 0, 1, [dim(cap, .7), cap, dim(cap, .8)], [.85, .95, 1]))
        canvas.disc(0, 0, .9, dim(rgb(150, 105, 85), .8))
        turn = np.linspace(0, 2 * math.pi, 110)
        strokes(canvas, .15 * np.cos(turn), .15 * np.sin(turn), turn, .72,
                canvas.vary(rgb(176, 130, 106), 110, .2), .015, 1, 1)
        ball(canvas, 0, 0, .25, stem, .2, .6)
        return
    for k in range(canvas.pick(1, 1, 2, 3)):
        with canvas.at(*((0, 0, 1) if k == 0 else (canvas.pick(-.6, .6), .4, .55))):
            toadstool(canvas, dim(cap, canvas.uniform(.9, 1.1)), stem, canvas.uniform(-.05, .3),
                      canvas.uniform(.85, 1.1))


@drawing(992, 'agaric', 'plant', places=('forest', 'forest', 'lawn', 'leaves', 'clutter'))
def agaric(canvas):
    """The fly agaric: red with white warts, a ring and a bulb."""
    red, stem = canvas.tint(canvas.pick(6, 2, 18), .92, .85), rgb(240, 236, 222)
    for k in range(canvas.pick(1, 1, 2)):
        with canvas.at(*((0, 0, 1) if k == 0 else (canvas.pick(-.6, .6), .4, .55))):
            path, x, y, high = toadstool(canvas, red, stem, canvas.uniform(-.05, .25),
                                         canvas.uniform(.9, 1.15), True, stem)
            with canvas.inside(path):
                for _ in range(canvas.integer(12, 20)):
                    px, py = x + canvas.normal(.42), y - canvas.uniform(-.1, high)
                    canvas.fill(blob(canvas, px, py, canvas.uniform(.04, .1), canvas.uniform(.03, .07), 6,
                                     .3), dim(stem, canvas.uniform(.8, 1.05)))
            canvas.oval(0, .92, .26, .1, dim(stem, .85))


# ---- Fruit -------------------------------------------------------------------------------------------------

@drawing(949, 'strawberry', 'food', many=.5)
def strawberry(canvas):
    red = canvas.tint(canvas.pick(355, 0, 6), .9, .82)
    path = smooth([(-.72, -.45), (-.3, -.72), (.3, -.72), (.72, -.45), (.66, .15), (.25, .85), (0, 1.0),
                   (-.25, .85), (-.66, .15)])
    cut = canvas.chance(.25)
    with canvas.at(0, 0, 1, canvas.normal(15)):
        solid_fruit(canvas, path, red, 0, 0, .9, .6)
        if cut:
            inner = smooth([(-.6, -.4), (0, -.62), (.6, -.4), (.55, .1), (0, .88), (-.55, .1)])
            canvas.fill(inner, mix(red, WHITE, .25))
            with canvas.inside(inner):
                way = np.linspace(0, 2 * math.pi, 40)
                hairs(canvas, 0 * way, 0 * way - .05, way, .8, canvas.vary(mix(red, WHITE, .75), 40, .06),
                      .05, 0, .6, 1)
            canvas.fill(smooth([(-.12, -.5), (.12, -.5), (.16, 0), (0, .35), (-.16, 0)]), rgb(250, 225, 205),
                        blur=.03)
        else:
            with canvas.inside(path):
                for j, y in enumerate(np.linspace(-.55, .85, 9)):
                    for x in np.arange(-.75, .8, .26) + .13 * (j % 2):
                        k = math.sqrt(max(.05, 1 - (x / .85) ** 2))
                        canvas.oval(x, y, .04 * k, .055, dim(red, .55))
                        canvas.oval(x, y + .008, .022 * k, .034, rgb(240, 205, 110))
        calyx(canvas, 0, -.62, .5, 8, canvas.tint(105, .6, .5), canvas.uniform(0, 40))
        roll(canvas, [(0, -.62), (.05, -.85), (canvas.normal(.15), -1.05)], [.07, .06, .07], GREEN)


@drawing(950, 'orange', 'food', many=.45)
def orange(canvas):
    colour = canvas.tint(canvas.pick(28, 32, 24), .92, .96)
    kind = canvas.pick('whole', 'whole', 'cut', 'slice')
    if kind == 'whole':
        skin(canvas, ellipse(0, 0, .95, .93), colour)
        with canvas.at(canvas.normal(.25), canvas.normal(.25) - .3, .13):
            canvas.fill(blob(canvas, 0, 0, 1, .8, 7, .3), GREEN)
        if canvas.chance(.4):
            for way in (-40, -130):
                leaf(canvas, 0, -.85, way + canvas.normal(15), .9, .24, canvas.tint(115, .6, .4))
    elif kind == 'cut':
        skin(canvas, ellipse(.2, -.15, .8, .78), colour)
        with canvas.at(-.15, .15, 1, canvas.uniform(0, 60), tall=canvas.uniform(.75, 1)):
            citrus_slice(canvas, .8, colour, canvas.integer(9, 11))
    else:
        with tilted(canvas):
            citrus_slice(canvas, .97, colour, canvas.integer(9, 11))


def skin(canvas, path, colour):
    """Citrus peel: a fruit with pores."""
    solid_fruit(canvas, path, colour, 0, 0, .95, .6)
    with canvas.inside(path):
        n = 160
        x, y = canvas.disk(n, .95, .95)
        specks(canvas, x, y, .015, dim(colour, .8), .5)


@drawing(951, 'lemon', 'food', many=.45)
def lemon(canvas):
    colour = canvas.tint(canvas.pick(52, 55, 50), .82, .97, 3)
    kind = canvas.pick('whole', 'whole', 'cut', 'slice')
    outline = smooth([(-1.02, .03), (-.86, -.14), (-.6, -.5), (0, -.68), (.6, -.5), (.86, -.16), (1.05, -.04),
                      (1.05, .1), (.86, .18), (.6, .5), (0, .68),
                      (-.6, .5), (-.86, .17)])
    if kind == 'whole':
        with canvas.at(0, 0, 1, canvas.uniform(-70, 70)):
            skin(canvas, outline, colour)
            if canvas.chance(.35):
                for way in (-20, -70):
                    leaf(canvas, .95, 0, way + canvas.normal(15), .7, .2, canvas.tint(110, .6, .45))
    elif kind == 'cut':
        with canvas.at(.2, -.2, .85, canvas.uniform(-40, 40)):
            skin(canvas, outline, colour)
        with canvas.at(-.2, .2, 1, canvas.uniform(0, 60), tall=canvas.uniform(.75, 1)):
            citrus_slice(canvas, .68, colour, canvas.integer(8, 10))
    else:
        with tilted(canvas):
            citrus_slice(canvas, .95, colour, canvas.integer(8, 10))


@drawing(953, 'pineapple', 'food')
def pineapple(canvas):
    skin_, green = canvas.pick(canvas.tint(36, .75, .75), canvas.tint(36, .75, .75), canvas.tint(60, .5, .5),
                               canvas.tint(22, .7, .65)), canvas.tint(120, .35, .48)
    if canvas.chance(.12):
        with tilted(canvas):
            canvas.disc(0, 0, .95, dim(skin_, .6))
            canvas.disc(0, 0, .87, radial(0, 0, .87, [rgb(250, 225, 130), rgb(248, 212, 90),
                                                      rgb(235, 180, 60)]))
            way = np.linspace(0, 2 * math.pi, 60)
            hairs(canvas, .25 * np.cos(way), .25 * np.sin(way), way, .6,
                  canvas.vary(rgb(255, 238, 165), 60, .05), .03, .05, .6, 1)
            canvas.disc(0, 0, .22, rgb(240, 222, 150))
        return
    with canvas.at(0, 0, 1, canvas.normal(10)):
        for k in range(26):
            t = k / 25
            way = -90 + canvas.normal(1) * 45 * (1 - t * .5)
            leaf(canvas, canvas.normal(.08), -.2, way, .85 * (.6 + .4 * t) * canvas.uniform(.8, 1.1), .09,
                 dim(green, canvas.uniform(.6, 1.3)))
        path = smooth([(-.4, -.2), (0, -.28), (.4, -.2), (.56, .35), (.42, .9), (0, 1.0), (-.42, .9),
                       (-.56, .35)])
        canvas.fill(path, dim(skin_, .45))
        with canvas.inside(path):
            for j, y in enumerate(np.arange(-.3, 1.05, .135)):
                for u in np.linspace(-1.05, 1.05, 8) + (j % 2) * .15:
                    x = .52 * math.sin(max(-1.57, min(1.57, u * 1.4)))
                    half = .1 * max(.15, math.cos(max(-1.5, min(1.5, u * 1.35))))
                    light = .7 + .45 * (x * canvas.light[0] / .5 * .5 + .5)
                    lozenge = poly([(x - half, y), (x, y - .1), (x + half, y), (x, y + .1)])
                    canvas.fill(lozenge, radial(x, y - .03, .11, [dim(skin_, 1.15 * light), dim(skin_, light),
                                                                  dim(skin_, .6 * light)]))
                    canvas.line(x, y + .01, x, y - .05, dim(skin_, .45), .02)


@drawing(957, 'pomegranate', 'food')
def pomegranate(canvas):
    red = canvas.tint(canvas.pick(352, 358, 8), .78, .68)
    seed = canvas.tint(350, .9, .62)
    with canvas.at(0, 0, 1, canvas.normal(20)):
        crown = smooth([(-.2, -.7), (-.28, -1.02), (-.1, -.88), (0, -1.05), (.1, -.88), (.28, -1.02),
                        (.2, -.7)])
        canvas.fill(crown, linear(-.2, 0, .2, 0, [dim(red, 1.1), dim(red, .55)]))
        path = smooth([(0, -.8), (.55, -.72), (.95, -.1), (.75, .65), (0, .98), (-.75, .65), (-.95, -.1),
                       (-.55, -.72)])
        solid_fruit(canvas, path, red, 0, 0, .9, .6)
        with canvas.inside(path):
            noise(canvas, .4, .35)
        if canvas.chance(.6):
            opening = blob(canvas, canvas.normal(.1), .15, canvas.uniform(.55, .85), canvas.uniform(.5, .78),
                           9, .14)
            canvas.fill(opening, rgb(246, 228, 190))
            canvas.fill(opening, dim(red, .8), width=.05)
            with canvas.inside(opening):
                for angle in np.linspace(0, 300, 6) + canvas.uniform(0, 60):
                    with canvas.at(0, .15, 1, angle):
                        for x in np.arange(.12, .85, .14):
                            for y in np.arange(-.35, .4, .14):
                                if abs(y) < x * .42:
                                    aril(canvas, x + canvas.normal(.015), y + canvas.normal(.015), seed)


def aril(canvas, x, y, colour):
    """One juicy seed."""
    tone = dim(colour, canvas.uniform(.75, 1.3))
    canvas.oval(x, y, .085, .068, radial(x, y - .02, .09, [mix(tone, rgb(255, 150, 150), .4), tone,
                                                           dim(tone, .5)]), canvas.uniform(-50, 50))
    canvas.disc(x - .02, y - .025, .016, WHITE, alpha=.85)


@drawing(952, 'fig', 'food', many=.45)
def fig(canvas):
    colour = canvas.pick(canvas.tint(285, .45, .3), canvas.tint(285, .45, .3), canvas.tint(320, .4, .35),
                         canvas.tint(80, .5, .6))
    path = smooth([(-.1, -1.0), (.1, -1.0), (.28, -.5), (.75, .0), (.8, .5), (.35, .92), (-.35, .92),
                   (-.8, .5), (-.75, .0), (-.28, -.5)])
    with canvas.at(0, 0, 1, canvas.normal(25)):
        solid_fruit(canvas, path, colour, 0, .25, .85, .5)
        if canvas.chance(.5):
            with canvas.at(0, .04, .9):
                canvas.fill(path, rgb(240, 226, 200))
            with canvas.at(0, .2, .68):
                canvas.fill(path, radial(0, .3, .9, [rgb(235, 150, 120), rgb(190, 60, 70),
                                                     rgb(225, 150, 120)]))
            n = 130
            x, y = canvas.disk(n, .45, .45, 0, .35)
            way = np.arctan2(y - .35, x)
            hairs(canvas, x, y, way + math.pi, .12, canvas.vary(rgb(240, 180, 130), n, .15), .03, .1)
            canvas.oval(0, .35, .1, .16, rgb(120, 30, 45), blur=.05)
        else:
            with canvas.inside(path):
                for t in np.linspace(-.6, .6, 7):
                    canvas.curve([(t * .15, -1), (t * .6, -.3), (t * 1.3, .3), (t * .8, .95)],
                                 mix(colour, WHITE, .25), .02, alpha=.5)


@drawing(954, 'banana', 'food')
def banana(canvas):
    colour = canvas.pick(canvas.tint(50, .8, .95), canvas.tint(50, .8, .95), canvas.tint(65, .65, .8),
                         canvas.tint(46, .85, .9))
    n = canvas.pick(1, 2, 3, 4, 5)
    with canvas.at(0, 0, 1, canvas.uniform(-40, 40)):
        for k in range(n):
            spread = (k - (n - 1) / 2) * .3
            bend = .55 + .08 * canvas.normal(1)
            points = [(-.75, -.55), (-.55 + spread * .3, .0 + spread * .5),
                      (-.05 + spread * .5, bend * .7 + spread * .5), (.55 + spread * .3, .35 + spread * .7),
                      (.9, -.0 + spread * .9)]
            tone = dim(colour, canvas.uniform(.9, 1.06))
            roll(canvas, points, [.1, .3, .36, .3, .06], tone, .5, .55)
            canvas.curve([(x, y + .02) for x, y in points[1:-1]], dim(tone, .75), .02, alpha=.8)
            x, y = points[-1]
            canvas.disc(x, y, .035, rgb(60, 48, 34))
            if canvas.chance(.3):
                m = 8
                strokes(canvas, canvas.rng.normal(0, .3, m), .3 + canvas.rng.normal(0, .1, m), .3, .08,
                        rgb(120, 84, 40), .025, .7, 1)
        canvas.fill(smooth([(-.86, -.78), (-.68, -.78), (-.62, -.45), (-.86, -.45)]),
                    linear(-.85, 0, -.62, 0, [dim(colour, .9), rgb(120, 100, 50)]))


@drawing(988, 'acorn', 'food', places=('leaves', 'forest', 'table', 'lawn', 'clutter'), many=.4)
def acorn(canvas):
    nut = canvas.pick(canvas.tint(30, .6, .6), canvas.tint(75, .5, .6), canvas.tint(24, .65, .45))
    cup = canvas.tint(34, .4, .5)
    with canvas.at(0, 0, 1, canvas.normal(40)):
        if canvas.chance(.6):
            for way in (canvas.uniform(-60, -20), canvas.uniform(200, 240)):
                oak_leaf(canvas, 0, -.7, way, 1.1, canvas.tint(canvas.pick(95, 35), .5, .5))
        path = smooth([(-.52, -.3), (.52, -.3), (.56, .2), (.35, .7), (.06, .92), (0, 1.05), (-.06, .92),
                       (-.35, .7), (-.56, .2)])
        solid_fruit(canvas, path, nut, 0, .2, .7, .9)
        with canvas.inside(path):
            for x in np.linspace(-.45, .45, 7):
                canvas.curve([(x, -.3), (x * 1.1, .2), (x * .4, .9)], dim(nut, .7), .015, alpha=.5)
        cap = smooth([(-.66, -.2), (-.66, -.4), (-.4, -.75), (0, -.86), (.4, -.75), (.66, -.4), (.66, -.2),
                      (.3, -.12), (-.3, -.12)])
        canvas.fill(cap, cup)
        scallops(canvas, cap, (-.66, -.86, .66, -.12), .15, cup, 0, .7)
        bulge(canvas, cap, 0, -.45, .65, .6)
        roll(canvas, [(0, -.82), (.03, -.95), (.12, -1.08)], [.12, .09, .09], dim(cup, .8))


def oak_leaf(canvas, x, y, angle, length, colour):
    """A lobed leaf."""
    with canvas.at(x, y, length, angle):
        t = np.linspace(0, 1, 17)
        half = .26 * np.sin(math.pi * t ** .8) * (1 + .3 * np.sin(t * 26))
        path = smooth(list(zip(t, half + .015)) + list(zip(t[::-1], -half[::-1] - .015)))
        canvas.fill(path, linear(0, -.25, 0, .25, [dim(colour, 1.3), dim(colour, .65)]))
        canvas.line(0, 0, .92, 0, dim(colour, 1.4), .02)
        s = np.linspace(.15, .8, 6)
        for side in (-1, 1):
            strokes(canvas, s, 0 * s, side * .8, .17, dim(colour, 1.35), .01, .8, 1)


# ---- Flowers -----------------------------------------------------------------------------------------------

@drawing(985, 'daisy', 'plant', places=('lawn', 'lawn', 'meadow', 'leaves', 'clutter'), many=.5)
def daisy(canvas):
    white = canvas.pick(rgb(246, 246, 244), rgb(246, 246, 244), canvas.tint(330, .15, .95))
    n, squash = canvas.integer(17, 26), canvas.pick(1, 1, canvas.uniform(.4, .8))
    roll(canvas, [(0, .2), (canvas.normal(.08), 1.1)], [.05, .06], GREEN)
    with canvas.at(0, 0, .95, canvas.normal(15), False, squash):
        for row in (0, 1):
            for k in range(n):
                way = 360 * (k + row * .5) / n + canvas.normal(3)
                light = .85 + .2 * math.cos(math.radians(way) - math.atan2(canvas.light[1], canvas.light[0]))
                petal(canvas, .2 * math.cos(math.radians(way)), .2 * math.sin(math.radians(way)), way,
                      canvas.uniform(.66, .8) - .08 * row, .11,
                      dim(white, light - .1 * (1 - row)), None, .04)
        heart = canvas.tint(46, .9, .95)
        ball(canvas, 0, -.03, .3, heart, .2, .55)
        m = 110
        turn = np.arange(m) * 2.4
        r = .29 * np.sqrt(np.arange(m) / m)
        specks(canvas, r * np.cos(turn), r * np.sin(turn) - .03, .022, canvas.vary(dim(heart, .85), m, .2))


@drawing(986, "yellow lady's slipper", 'plant', places=('forest', 'leaves', 'lawn', 'leaves'))
def ladys_slipper(canvas):
    """An orchid: a yellow pouch below twisted brown petals and a broad hood, on a leafy stem."""
    yellow, brown = canvas.tint(49, .85, .96), canvas.tint(canvas.pick(12, 350, 75), .55, .42)
    roll(canvas, [(0, 1.1), (.06, .6), (.02, -.25)], [.07, .06, .05], GREEN)
    for way in (-150, -35, -120)[:canvas.integer(1, 3)]:
        leaf(canvas, .04, 1.0, way + canvas.normal(8), 1.05, .28, canvas.tint(95, .5, .5))
    for side in (-1, 1):
        t = np.linspace(0, 1, 11)
        x = side * (.05 + .8 * t ** .8)
        y = -.25 + .55 * t ** 1.3 + .05 * np.sin(t * 17)
        canvas.fill(limb(list(zip(x, y)), .16 * np.abs(np.cos(t * 8)) * (1 - t) + .05),
                    linear(0, -.3, side * .8, .3, [dim(brown, 1.2), dim(brown, .7)]))
    with canvas.at(0, -.25):
        canvas.fill(smooth([(-.05, 0), (-.26, -.3), (-.1, -.72), (0, -.82), (.1, -.72), (.26, -.3),
                            (.05, 0)]), linear(-.25, 0, .25, 0, [dim(brown, 1.35), dim(brown, .75)]))
        for x in (-.1, 0, .1):
            canvas.curve([(x * .3, -.02), (x * 1.2, -.35), (x * .3, -.75)], dim(brown, .55), .012)
    pouch = smooth([(-.2, -.2), (.2, -.2), (.34, .1), (.28, .5), (0, .66), (-.28, .5), (-.34, .1)])
    solid_fruit(canvas, pouch, yellow, 0, .2, .4, .8)
    canvas.oval(0, -.12, .19, .1, dim(yellow, .45))
    canvas.oval(0, -.15, .19, .1, yellow, width=.03)
    canvas.oval(0, -.2, .08, .1, mix(yellow, WHITE, .4))
    n = 14
    strokes(canvas, canvas.spread(-.15, .15, n), canvas.spread(-.05, .12, n), math.pi / 2, .05,
            rgb(170, 60, 30), .012, .8, 1)


@drawing(984, 'rapeseed', 'full')
def rapeseed(canvas):
    """A field in flower under the sky, or its flower heads near by."""
    horizon = canvas.uniform(25, 95)
    haze = sky(canvas, horizon)
    yellow = canvas.tint(canvas.pick(52, 55, 50), .88, .93, 2)
    hills(canvas, horizon, haze, canvas.tint(110, .35, .35), canvas.integer(1, 2))
    canvas.rect(0, horizon + 3, 160, 160, linear(0, horizon, 0, 160,
                                                 [mix(yellow, haze, .25), yellow, mix(yellow, GREEN, .45)]))
    vanish = canvas.uniform(-40, 200)
    if canvas.chance(.5):
        for x in np.arange(-260, 420, canvas.uniform(30, 60)):
            canvas.fill(poly([(vanish, horizon + 3), (x, 165), (x + 6, 165)]), mix(yellow, GREEN, .75),
                        alpha=.7)
    for row in np.linspace(0, 1, 12) ** 1.6:
        y, k = horizon + 5 + (165 - horizon) * row, .6 + 6 * row
        n = 60
        x = canvas.spread(-5, 165, n)
        py = y + canvas.rng.normal(0, 1.2 * k, n)
        strokes(canvas, x, py, math.pi / 2 + canvas.rng.normal(0, .2, n), k * 2,
                canvas.vary(dim(GREEN, .9), n), .25 * k, .7, 1)
        specks(canvas, x, py, k * canvas.spread(.25, .6, n), canvas.vary(yellow, n, .12))
    for _ in range(canvas.pick(0, 0, 2, 4)):
        with canvas.at(canvas.uniform(0, 160), canvas.uniform(80, 135), canvas.uniform(22, 42)):
            rape_head(canvas, yellow)


def rape_head(canvas, yellow):
    """One flower head: a stem and many four-petalled flowers."""
    roll(canvas, [(0, 0), (.1, 1.2), (0, 3)], [.08, .1, .12], GREEN)
    for _ in range(18):
        x, y = canvas.normal(.4), canvas.normal(.35)
        canvas.line(0, .5, x, y, GREEN, .03)
        with canvas.at(x, y, .2, canvas.uniform(0, 90)):
            for way in (0, 90, 180, 270):
                petal(canvas, 0, 0, way, 1, .5, dim(yellow, canvas.uniform(.85, 1.08)))
            canvas.disc(0, 0, .2, mix(yellow, GREEN, .5))


# ---- Baked and frozen --------------------------------------------------------------------------------------

@drawing(963, 'pizza', 'food', size=(.36, .66), many=.05)
def pizza(canvas):
    crust, cheese = canvas.tint(32, .55, .8), canvas.tint(44, .5, .95)
    with tilted(canvas):
        slice_ = canvas.chance(.2)
        if slice_:
            with canvas.at(-.95, 0, 2.0, 0):
                wedge = poly([(0, 0), (1, -.33), (1, .33)])
                with canvas.inside(wedge):
                    pizza_top(canvas, crust, cheese)
            return
        pizza_top(canvas, crust, cheese)
        if canvas.chance(.4):
            for way in np.arange(0, 180, 45) + canvas.uniform(0, 45):
                with canvas.at(0, 0, 1, way):
                    canvas.line(-.97, 0, .97, 0, dim(crust, .5), .015)


def pizza_top(canvas, crust, cheese):
    """Crust, sauce, cheese and what lies on it, radius 1."""
    canvas.fill(blob(canvas, 0, 0, .98, .98, 17, .02), radial(0, 0, 1, [crust, crust, dim(crust, .6)],
                                                              [.8, .92, 1]))
    n = 26
    x, y = canvas.disk(n, .97, .97)
    edge = np.hypot(x, y) > .85
    specks(canvas, x[edge], y[edge], .05, dim(crust, .5), .6)
    canvas.fill(blob(canvas, 0, 0, .84, .84, 15, .03), canvas.tint(10, .85, .7))
    for _ in range(26):
        px, py = canvas.disk(1, .72, .72)
        canvas.fill(blob(canvas, float(px[0]), float(py[0]), canvas.uniform(.12, .3), canvas.uniform(.1, .24),
                         7, .25), dim(cheese, canvas.uniform(.88, 1.04)), alpha=.85)
    toppings = canvas.rng.permutation(['salami', 'olive', 'basil', 'pepper', 'mushroom',
                                       'tomato'])[:canvas.integer(1, 3)]
    for topping in toppings:
        for k in range(canvas.integer(7, 11)):
            turn, r = k * 2.4 + canvas.normal(.2), .72 * math.sqrt((k + .5) / 11)
            with canvas.at(r * math.cos(turn), r * math.sin(turn), .15, canvas.uniform(0, 360)):
                pizza_topping(canvas, topping)


def pizza_topping(canvas, kind):
    """One piece of topping, radius 1."""
    if kind == 'salami':
        canvas.disc(.06, .06, 1.04, BLACK, alpha=.3)
        canvas.disc(0, 0, 1, radial(-.2, -.2, 1.2, [rgb(205, 75, 55), rgb(178, 48, 38), rgb(120, 28, 22)]))
        x, y = canvas.disk(12, .8, .8)
        specks(canvas, x, y, .1, rgb(232, 150, 125), .8)
    elif kind == 'olive':
        canvas.disc(0, 0, .45, rgb(40, 36, 42), width=.3)
    elif kind == 'basil':
        leaf(canvas, -.9, 0, 0, 1.8, .6, canvas.tint(110, .65, .42))
    elif kind == 'pepper':
        canvas.curve([(-.9, .3), (0, -.5), (.9, .3)], canvas.pick(rgb(60, 140, 50), rgb(220, 60, 30),
                                                                  rgb(245, 200, 50)), .28)
    elif kind == 'mushroom':
        canvas.fill(smooth([(-.9, 0), (-.5, -.8), (.5, -.8), (.9, 0), (.3, .1), (.25, .7), (-.25, .7),
                            (-.3, .1)]), rgb(225, 205, 175))
        canvas.fill(smooth([(-.9, 0), (-.5, -.8), (.5, -.8), (.9, 0), (.3, .1), (.25, .7), (-.25, .7),
                            (-.3, .1)]), rgb(140, 110, 85), width=.1)
    else:
        canvas.disc(0, 0, .85, rgb(205, 45, 30))
        for way in (0, 120, 240):
            with canvas.at(0, 0, 1, way):
                canvas.oval(.42, 0, .3, .2, rgb(240, 130, 80))


@drawing(931, 'bagel', 'food', many=.35)
def bagel(canvas):
    crust = canvas.tint(canvas.pick(28, 32, 24), .6, canvas.uniform(.55, .8))
    with tilted(canvas, canvas.uniform(.6, 1)):
        lx, ly, _ = canvas.light
        middle = canvas.uniform(.16, .26)
        canvas.disc(0, .06, .97, dim(crust, .45))
        canvas.disc(0, 0, .96, radial(0, 0, .96, [dim(crust, .5), crust, mix(crust, rgb(255, 225, 170), .35),
                                                  crust, dim(crust, .55)],
                                      [middle * .9, middle + .12, .58, .8, 1]))
        canvas.disc(lx * .1, ly * .1, .58, WHITE, width=.16, alpha=.18, blur=.08)
        canvas.disc(0, 0, middle, radial(0, .05, middle, [rgb(60, 40, 26), rgb(90, 60, 38)]))
        kind = canvas.pick('plain', 'sesame', 'poppy')
        if kind != 'plain':
            n = 170 if kind == 'sesame' else 230
            turn, r = canvas.spread(0, 6.3, n), .57 + canvas.rng.normal(0, .14, n)
            tone = rgb(246, 232, 196) if kind == 'sesame' else rgb(50, 48, 54)
            strokes(canvas, r * np.cos(turn), r * np.sin(turn), canvas.spread(0, 6.3, n), .03,
                    canvas.vary(tone, n, .1), .026, 1, 1)


@drawing(932, 'pretzel', 'food')
def pretzel(canvas):
    crust = canvas.tint(canvas.pick(22, 26, 18), .75, canvas.uniform(.5, .7))
    with canvas.at(0, 0, 1, canvas.normal(12), False, canvas.uniform(.8, 1)):
        left = [(.5, .62), (.25, .3), (-.02, .02), (-.3, -.42), (-.62, -.68), (-.92, -.4), (-.95, .1),
                (-.7, .55), (-.3, .78), (0, .84)]
        right = [(-x, y) for x, y in left]
        widths = [.14, .15, .17, .2, .23, .25, .26, .27, .28, .28]
        roll(canvas, left[3:], widths[3:], crust, .6)
        roll(canvas, right[3:], widths[3:], crust, .6)
        roll(canvas, left[:5], widths[:5], dim(crust, .95), .6)
        roll(canvas, right[:5], widths[:5], crust, .6)
        if canvas.chance(.6):
            canvas.curve([(-.3, .84), (0, .78), (.3, .84)], rgb(240, 215, 165), .07)
        if canvas.chance(.75):
            n = 50
            pick_ = canvas.rng.integers(2, 9, n)
            p = np.asarray(left)[pick_] * np.stack([canvas.rng.choice([-1, 1], n), np.ones(n)],
                                                   1) + canvas.rng.normal(0, .06, (n, 2))
            strokes(canvas, p[:, 0], p[:, 1], canvas.spread(0, 6, n), .03, rgb(248, 246, 240), .04, 1, 1)


@drawing(928, 'ice cream', 'food', places=('clutter', 'table', 'studio', 'plain', 'street'))
def ice_cream(canvas):
    flavours = [rgb(250, 240, 215), canvas.tint(345, .4, .92), canvas.tint(24, .6, .42),
                canvas.tint(110, .3, .85), canvas.tint(50, .5, .95), canvas.tint(280, .35, .7)]
    scoops = [flavours[k] for k in canvas.rng.permutation(6)[:canvas.integer(1, 3)]]
    cone = canvas.tint(32, .6, .8)
    if canvas.chance(.75):
        path = poly([(-.42, .0), (.42, .0), (.05, 1.05), (-.05, 1.05)])
        canvas.fill(path, linear(-.4, 0, .4, 0, [dim(cone, 1.1), dim(cone, .6)]))
        with canvas.inside(path):
            for t in np.arange(-2, 2, .16):
                canvas.line(t, 0, t + .55, 1.05, dim(cone, .65), .02)
                canvas.line(t, 0, t - .55, 1.05, dim(cone, .65), .02)
        foot = .0
    else:
        glass = rgb(215, 228, 235)
        canvas.fill(poly([(-.6, .1), (.6, .1), (.12, .7), (-.12, .7)]),
                    linear(-.6, 0, .6, 0, [glass, WHITE, dim(glass, .7)]), alpha=.8)
        canvas.rect(-.05, .68, .05, .95, dim(glass, .85))
        canvas.oval(0, .97, .35, .07, glass)
        foot = .1
    places = {1: [(.0, -.3, .55)], 2: [(.0, -.15, .47), (.02, -.66, .42)],
              3: [(-.27, -.12, .38), (.27, -.12, .38), (.0, -.58, .38)]}[len(scoops)]
    for (x, y, r), tone in zip(places, scoops):
        y += foot
        edge = blob(canvas, x, y + r * .62, r * 1.08, r * .32, 13, .15)
        canvas.fill(edge, dim(tone, .75))
        ball(canvas, x, y, r, tone, .3, .55)
        with canvas.inside(ellipse(x, y, r, r)):
            for _ in range(7):
                py = y + canvas.uniform(-.8, .9) * r
                canvas.curve([(x - r, py + canvas.normal(.04)), (x, py + canvas.normal(.08)),
                              (x + r, py + canvas.normal(.04))], dim(tone, canvas.pick(.82, 1.12)), .025,
                              alpha=.6)
    if canvas.chance(.4):
        x, y, r = places[-1]
        canvas.fill(smooth([(x - r * .8, y - r * .5), (x, y - r * 1.05), (x + r * .8, y - r * .5),
                            (x + r * .5, y), (x + r * .15, y - r * .3), (x - r * .3, y + r * .1)]),
                    rgb(74, 42, 26))
        ball(canvas, x, y - r * 1.1, .11, rgb(200, 25, 35), .9)
    if canvas.chance(.3):
        canvas.fill(poly([(.25, -.6), (.33, -.62), (.62, -1.05), (.54, -1.08)]), dim(cone, .9))
