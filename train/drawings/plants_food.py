"""Plants, mushrooms, fruit, vegetables and things baked.

Fruit is shown whole, cut and in slices; flowers from the front and from the side; loaves and pizzas from
above and at an angle.
"""

import math

import numpy as np

from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    blob,
    bulge,
    dim,
    ellipse,
    field,
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
    step,
    strokes,
)
from train.drawings.clay import Clay, Coat
from train.drawings.registry import drawing
from train.drawings.scenes import hills, sky

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


def relief(canvas, tone, height, alpha, gloss_=0.0):
    """Lay a lit surface over the box -1..1: colours (n, n, 3), heights (n, n) in units, cover (n, n) 0..1."""
    gy, gx = np.gradient(height * len(height) / 2)
    lx, ly, lz = canvas.light
    long = np.sqrt(gx * gx + gy * gy + 1)
    light = (lz - gx * lx - gy * ly) / long
    shine = np.clip((lz + 1 - gx * lx - gy * ly) / long / math.sqrt(2 + 2 * lz), 0, 1) ** 24
    lit = tone * (.42 + .6 * np.clip(light / max(lz, .6), 0,
                                     1.4))[..., None] + (170 * gloss_ * shine)[..., None]
    canvas.picture(np.dstack([lit, 255 * alpha]), -1, -1, 1, 1)


def plate(n):
    """The box -1..1 as n x n cells: x, y, distance from the middle."""
    y, x = (np.mgrid[0:n, 0:n] + .5) * 2 / n - 1
    return x, y, np.hypot(x, y)


# ---- Vegetables --------------------------------------------------------------------------------------------

def florets(canvas, x, y, r, colour, grain):
    """One head of buds: a lump of many small knobs."""
    canvas.fill(blob(canvas, x, y, r, r * .85, 9, .12), dim(colour, .5))
    n = 50
    px, py = canvas.disk(n, r * .92, r * .8, x, y)
    order = np.argsort(py + .3 * px * np.sign(-canvas.light[0]))[::-1]
    px, py = px[order], py[order]
    lit = .8 + .4 * ((px - x) * canvas.light[0] + (py - y) * canvas.light[1]) / r
    specks(canvas, px, py, grain * canvas.spread(.7, 1.3, n),
           canvas.vary(np.asarray(colour) * lit[:, None], n, .09, 3))


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
    white, green = canvas.pick(*6 * [rgb(244, 238, 214)], canvas.tint(285, .35, .6),
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
    view = canvas.pick('side', 'side', 'side', 'side', 'above', 'half')
    if view == 'above':
        artichoke_above(canvas, green)
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
    if view == 'half':
        artichoke_half(canvas, green)


def artichoke_above(canvas, green):
    """From above: the bracts close over the middle, each covering the foot of the next one in."""
    lx, ly, _ = canvas.light
    canvas.disc(0, 0, .8, dim(green, .35))
    for k in range(36):
        way, r = math.radians(137.5 * k), .26 + .72 * (k / 36) ** .75
        x, y = r * math.cos(way), r * math.sin(way)
        light = 1.12 - .45 * r * r + .4 * r * (x * lx + y * ly)
        pointed_scale(canvas, x, y, math.degrees(way) + 180 + canvas.normal(5), .34 + .06 * r,
                      .13 + .13 * r, dim(green, light + canvas.uniform(-.06, .06)))


def artichoke_half(canvas, green):
    """The cut face of half an artichoke: pale bracts in layers around the hairy choke and the heart."""
    face = smooth([(-.1, 1.0), (-.16, .75), (-.68, .5), (-.72, 0), (-.42, -.6), (0, -.9), (.42, -.6),
                   (.72, 0), (.68, .5), (.16, .75), (.1, 1.0)])
    pale = mix(green, rgb(240, 238, 190), .7)
    canvas.fill(face, linear(0, -.9, 0, .9, [mix(green, rgb(200, 120, 170), .35), pale, pale]))
    with canvas.inside(face):
        for t in np.linspace(.95, .25, 8):
            for side in (-1, 1):
                canvas.curve([(side * .15 * t, .62), (side * .78 * t, .3), (side * .6 * t, -.3 * t),
                              (side * .05, -.95 * t)], dim(green, canvas.uniform(.7, 1)), .022)
    canvas.fill(smooth([(-.4, .2), (0, .34), (.4, .2), (.34, .6), (.08, .75), (-.08, .75), (-.34, .6)]),
                rgb(240, 234, 186))
    x = canvas.spread(-.32, .32, 70)
    hairs(canvas, x, .34 - .6 * x * x, -math.pi / 2 + x, canvas.spread(.3, .5, 70),
          canvas.vary(rgb(238, 226, 196), 70, .12), .03, .1)


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
    view = canvas.pick('whole', 'whole', 'whole', 'whole', 'half', 'rings')
    if view == 'rings':
        for k in range(canvas.pick(1, 2, 3)):
            with canvas.at(*((0, 0, .95) if k == 0 else (canvas.normal(.5), .5 * canvas.pick(-1, 1), .6)),
                           canvas.uniform(0, 360), tall=canvas.uniform(.6, 1)):
                pepper_ring(canvas, colour)
        return
    wide, low = canvas.uniform(.72, .9), canvas.uniform(.75, .95)
    for x, r in ((-.5, .5), (.5, .5), (0, .56)):
        lobe = smooth([(x * wide - r * wide, -.35), (x * .7, -.62), (x * wide + r * wide, -.35),
                       (x * wide + r * wide * .9, .35),
                       (x * .8 + r * .35, low), (x * .8 - r * .35, low), (x * wide - r * wide * .9, .35)])
        solid_fruit(canvas, lobe, dim(colour, 1 - .1 * (x != 0)), x, 0, .75, .9)
    if view == 'half':
        pepper_half(canvas, colour, wide, low)
    canvas.oval(0, -.5, .3, .08, dim(colour, .4), blur=.05)
    stalk = canvas.tint(100, .6, .5)
    canvas.oval(0, -.5, .22, .08, dim(stalk, .9))
    roll(canvas, [(0, -.5), (.03, -.75), (canvas.normal(.15), -.98)], [.16, .12, .15], stalk)


def pepper_half(canvas, colour, wide, low):
    """The inside of a pepper cut lengthwise: thick wall, hollow with pale ribs, seeds hanging on the core."""
    face = [(-.9 * wide, -.3), (-.35, -.52), (.35, -.52), (.9 * wide, -.3), (.86 * wide, .35),
            (.45, low * .95), (0, low * .8), (-.45, low * .95), (-.86 * wide, .35)]
    canvas.fill(smooth(face), mix(colour, rgb(255, 240, 200), .3))
    hollow = smooth([(.84 * x, .86 * y + .03) for x, y in face])
    canvas.fill(hollow, radial(canvas.light[0] * -.4, .1, 1, [dim(colour, .85), dim(colour, .6),
                                                              dim(colour, .38)]))
    pale = mix(colour, rgb(255, 248, 225), .72)
    with canvas.inside(hollow):
        for x in (-.3 + canvas.normal(.06), .28 + canvas.normal(.06)):
            canvas.fill(limb([(x * .2, -.5), (x, -.05), (x * 1.25, .4), (x * 1.1, low)],
                             [.22, .13, .08, .03]), linear(x - .1, 0, x + .1, 0, [pale, dim(pale, .72)]))
        canvas.fill(blob(canvas, 0, -.36, .3, .3, 9, .12), radial(-.05, -.42, .35, [pale, dim(pale, .75)]))
        n = 60
        x, y = canvas.rng.normal(0, .17, n), -.22 + canvas.rng.normal(0, .14, n)
        specks(canvas, x + .012, y + .018, .038, rgb(150, 115, 60), .5)
        specks(canvas, x, y, .034, canvas.vary(rgb(248, 236, 192), n, .07))


def pepper_ring(canvas, colour):
    """A slice across: a lobed ring of flesh with a skin, ribs to the middle, a few seeds."""
    turn = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    lobes = canvas.pick(3, 4, 4)
    reach = .84 + .12 * np.abs(np.cos(turn * lobes / 2)) ** .6 + canvas.rng.normal(0, .012, 40)
    outer = np.column_stack([reach * np.cos(turn), reach * np.sin(turn)])
    flesh = mix(colour, rgb(255, 245, 205), .42)
    canvas.fill(smooth(outer + (.02, .05)), dim(colour, .45))
    canvas.fill(smooth(outer), colour)
    canvas.fill(smooth(outer * .95), flesh)
    inside = smooth(outer * .78 + canvas.rng.normal(0, .012, (40, 2)))
    canvas.fill(inside, radial(0, 0, .8, [dim(colour, .5), dim(colour, .36), dim(colour, .6)]))
    pale = mix(colour, rgb(255, 248, 225), .7)
    for k in range(lobes):
        a = 2 * math.pi * (k + .5) / lobes
        canvas.fill(limb([(t * math.cos(a + .15 * math.sin(5 * t)), t * math.sin(a + .15 * math.sin(5 * t)))
                          for t in (0, .25, .5, .8)], [.2, .09, .07, .17]), dim(pale, .92))
    n = 36
    way, r = canvas.spread(0, 6.3, n), .12 + .22 * canvas.rng.random(n)
    specks(canvas, r * np.cos(way) + .012, r * np.sin(way) + .02, .045, dim(colour, .3), .6)
    specks(canvas, r * np.cos(way), r * np.sin(way), .042, canvas.vary(rgb(248, 238, 200), n, .07))


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

CAPS = {'dome': ((.85, .25), (.85, .1), (.6, -.75), (0, -1)),
        # half outlines: x, height (down: positive)
        'flat': ((.9, .2), (.98, .05), (.7, -.42), (0, -.52)),
        'cone': ((.8, .3), (.74, .2), (.34, -.75), (0, -1.2)),
        'button': ((.55, .42), (.82, .2), (.6, -.85), (0, -.98)),
        'funnel': ((.95, -.5), (1.02, -.62), (.6, -.42), (0, -.2)),
        'bell': ((.8, .34), (.66, .1), (.5, -.95), (0, -1.15))}


def toadstool(canvas, cap, stem, tall, wide, ring=False, gills=None, shape='dome'):
    """A mushroom from the side: stem, gills seen below the cap, cap of one of the shapes CAPS."""
    lean = canvas.normal(.06)
    y = -tall
    roll(canvas, [(0, .95), (lean * .5, .3), (lean, y + .2)], [.34 * wide, .24 * wide, .22 * wide], stem, .3,
         .6)
    gills = mix(stem, rgb(150, 110, 90), .4) if gills is None else gills
    below, high = canvas.uniform(.1, .3), canvas.uniform(.45, .8)
    half = [(px * wide, y + (py if py > 0 else py * high)) for px, py in CAPS[shape]]
    if shape == 'funnel':
        canvas.fill(smooth([(lean - half[0][0], half[0][1]), (lean - .2, y + .2), (lean - .12, y + .5),
                            (lean + .12, y + .5), (lean + .2, y + .2), (lean + half[0][0], half[0][1])]),
                    gills)
    else:
        canvas.oval(lean, y + .22, (half[0][0] - .07) * .98, below, dim(gills, .6))
    turn = np.linspace(.1, math.pi - .1, 40)
    if shape == 'funnel':
        strokes(canvas, lean + .14 * np.cos(turn), np.full(40, y + .42), -math.pi / 2 + 1.1 * np.cos(turn),
                canvas.uniform(.5, .6), canvas.vary(dim(gills, .85), 40, .15), .016, 1, 1)
    else:
        reach = half[0][0] - .08
        strokes(canvas, np.full(40, lean), np.full(40, y + .2), turn, reach
                / np.sqrt(np.cos(turn) ** 2 + (np.sin(turn) * reach / below) ** 2),
                canvas.vary(gills, 40, .12), .012, 1, 1)
    if ring:
        canvas.fill(smooth([(lean - .14 * wide, y + .42), (lean + .14 * wide, y + .42),
                            (lean + .26 * wide, y + .66), (lean, y + .6), (lean - .26 * wide, y + .66)]),
                            stem)
    inner = [(lean + .4 * wide, half[0][1] - .11), (lean - .4 * wide, half[0][1] - .11)]
    path = smooth([(lean - px, py) for px, py in half[:3]] + [(lean + px, py) for px, py in half[::-1]]
                  + inner)
    solid_fruit(canvas, path, cap, lean, y - .1, .8 * wide, .6)
    return path, lean, y, high


@drawing(947, 'mushroom', 'plant', places=('forest', 'forest', 'lawn', 'table', 'clutter', 'leaves'))
def mushroom(canvas):
    cap = canvas.pick(canvas.tint(28, .5, .55), canvas.tint(32, .25, .85), rgb(238, 232, 222),
                      canvas.tint(20, .6, .4), canvas.tint(40, .6, .75), canvas.tint(25, .15, .45))
    stem = canvas.pick(rgb(238, 228, 208), rgb(226, 205, 175))
    view = canvas.pick(*5 * ['side'], 'gills', 'cluster')
    if view == 'gills':
        gill_side(canvas, cap, stem)
        return
    shape = canvas.pick('dome', 'dome', 'flat', 'cone', 'button', 'funnel', 'bell')
    if view == 'cluster':
        places = [(canvas.normal(.4), -.35 + .2 * k, canvas.uniform(.4, .55)) for k in range(5)]
    else:
        places = [(0, 0, 1)] + [(canvas.pick(-.6, .6), .4, .55)] * canvas.pick(0, 0, 1, 2)
    gills = dim(cap, 1.1) if shape == 'funnel' else canvas.pick(None, rgb(120, 84, 70), stem)
    for place in places:
        with canvas.at(*place):
            path, x, y, high = toadstool(canvas, dim(cap, canvas.uniform(.9, 1.1)), stem,
                                         canvas.uniform(-.05, .3), canvas.uniform(.8, 1.05), gills=gills,
                                         shape=shape)
            with canvas.inside(path):
                noise(canvas, .25, .45)
                n = canvas.pick(0, 40)
                px, py = canvas.disk(n, .8, high, x, y - .2)
                strokes(canvas, px, py, np.arctan2(py - y + high, px - x), .07, canvas.vary(dim(cap, .7), n),
                        .03, .6, 1)


def gill_side(canvas, cap, stem):
    """A cap from below, at an angle: long and short gills from the rim to the broken stem."""
    brown = canvas.pick(rgb(150, 105, 85), rgb(206, 178, 150), rgb(110, 76, 66), mix(cap, WHITE, .4))
    with canvas.at(0, 0, 1, canvas.uniform(-30, 30), False, canvas.uniform(.6, 1)):
        rim = blob(canvas, 0, 0, .95, .95, 13, .04)
        canvas.fill(rim, radial(0, 0, 1, [dim(cap, .7), cap, dim(cap, .8)], [.85, .95, 1]))
        canvas.disc(0, 0, .88, radial(canvas.light[0] * -.5, .4, 1.4, [dim(brown, .85), dim(brown, .35)]))
        for n, start in ((110, .66), (70, .4), (64, .14)):
            turn = np.linspace(0, 2 * math.pi, n, endpoint=False) + canvas.rng.normal(0, .015, n)
            lit = 1 - .35 * np.cos(turn - math.atan2(canvas.light[1], canvas.light[0]))
            hairs(canvas, .87 * np.cos(turn), .87 * np.sin(turn), turn + math.pi, .88 - start,
                  canvas.vary(np.asarray(brown) * 1.15 * lit[:, None], n, .1), .035, .02)
        canvas.fill(blob(canvas, canvas.normal(.05), canvas.normal(.05), .2, .2, 7, .12),
                    dim(stem, .75))
        tip = (canvas.normal(.3), .25 + abs(canvas.normal(.4)))
        roll(canvas, [(0, 0), (tip[0] * .5, tip[1] * .5), tip], [.3, .27, .3], stem, .2, .55)
        canvas.oval(*tip, .15, .13, mix(stem, WHITE, .5))


@drawing(992, 'agaric', 'plant', places=('forest', 'forest', 'lawn', 'leaves', 'clutter'))
def agaric(canvas):
    """Amanitas: red, orange, yellow or brown caps with pale warts, a ring and a bulb."""
    red, stem = canvas.pick(canvas.tint(6, .92, .85), canvas.tint(2, .92, .8), canvas.tint(18, .92, .88),
                            canvas.tint(34, .85, .92), canvas.tint(28, .5, .5),
                            canvas.tint(70, .3, .7)), rgb(240, 236, 222)
    shape = canvas.pick('dome', 'dome', 'flat', 'button', 'bell')
    for k in range(canvas.pick(1, 1, 2)):
        with canvas.at(*((0, 0, 1) if k == 0 else (canvas.pick(-.6, .6), .4, .55))):
            path, x, y, high = toadstool(canvas, red, stem, canvas.uniform(-.05, .25),
                                         canvas.uniform(.9, 1.15), True, stem, shape)
            with canvas.inside(path):
                for _ in range(canvas.integer(12, 22)):
                    px, py = x + canvas.normal(.42), y - canvas.uniform(-.1, high)
                    canvas.fill(blob(canvas, px, py, canvas.uniform(.03, .1), canvas.uniform(.03, .07), 6,
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
    view = canvas.pick(*6 * ['whole'], 'slices', 'half')
    if view == 'slices':
        for k in range(canvas.pick(1, 1, 3)):
            with canvas.at(*((0, 0, .97) if k == 0 else (.45 * canvas.pick(-1, 1), .35 * k - .6, .65)),
                           tall=canvas.uniform(.55, 1)):
                pineapple_slice(canvas, skin_, canvas.chance(.4))
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
        if view == 'half':
            with canvas.at(0, .35, .9), canvas.at(0, -.35):
                canvas.fill(path, linear(-.5, 0, .5, 0, [rgb(240, 196, 80), rgb(250, 224, 130),
                                                         rgb(240, 196, 80)]))
            core = rgb(244, 230, 165)
            y = np.repeat(np.linspace(-.1, .85, 34), 2)
            side = np.tile((0, math.pi), 34)
            hairs(canvas, .12 * np.cos(side), y, side + .5 * np.cos(side), canvas.spread(.2, .36, 68),
                  canvas.vary(rgb(250, 236, 165), 68, .1), .03, .06, .8)
            canvas.fill(limb([(0, -.2), (0, .4), (0, .92)], [.16, .22, .14]), core, alpha=.85)


def pineapple_slice(canvas, rind, peeled):
    """A slice: rind with dents of the eyes, flesh with fibres and fruitlets, the paler core or its hole."""
    n = 80
    x, y, r = plate(n)
    turn = np.arctan2(y, x)
    lobes = canvas.integer(11, 15)
    bump = .025 * np.cos(turn * lobes + canvas.uniform(0, 6))
    edge = (.86 if peeled else .93) + bump
    fibre = .5 + .5 * np.sin(turn * 61 + 2 * np.sin(turn * 7))
    fruitlet = .5 + .5 * np.cos(turn * lobes + 14 * r) * np.cos(r * 13)
    flesh = mix(rgb(236, 178, 48), rgb(255, 232, 135), 0)[None, None] + (fibre * 12 + fruitlet * 18
                                                                         )[..., None] * (1, 1.1, 1.6)
    core = 1 / (1 + np.exp((r - .24 - bump) / .02))[..., None]
    tone = flesh * (1 - core) + core * (rgb(246, 228, 150) - 18 * fibre[..., None])
    peel = 1 / (1 + np.exp((edge - .09 - r) / .012))[..., None] * (not peeled)
    tone = tone * (1 - peel) + peel * dim(rind, .55)
    alpha = 1 / (1 + np.exp((r - edge) / .012))
    if peeled and canvas.chance(.7):
        alpha = alpha * (1 - core[..., 0])
    canvas.fill(ellipse(.02, .08, .9, .9), dim(rind, .4), alpha=.6 if not peeled else 0)
    relief(canvas, tone, .002 * fibre + .006 * fruitlet, alpha, .35)


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
    colour = canvas.pick(canvas.tint(285, .45, .3), canvas.tint(275, .4, .36), canvas.tint(320, .4, .35),
                         canvas.tint(80, .5, .6))
    view = canvas.pick('whole', 'whole', 'half', 'half', 'quarters')
    with canvas.at(0, 0, 1, canvas.normal(25)):
        if view == 'whole':
            whole_fig(canvas, colour)
        elif view == 'half':
            if canvas.chance(.5):
                with canvas.at(canvas.pick(-.45, .45), -.1, .8):
                    whole_fig(canvas, colour)
            fig_face(canvas, colour)
        else:
            for way in (-65, -22, 22, 65):
                with canvas.at(0, .75, .9, way), canvas.at(0, -.8, tall=1):
                    canvas.sk.scale(.62, 1)
                    fig_face(canvas, colour)


def whole_fig(canvas, colour):
    """A fig in space: ribs from the stalk down, a greenish neck, bloom, cracks in the skin."""
    clay = Clay(.08)
    clay.ball('fig', (0, .28, 0), (.76, .66, .76))
    clay.limb('fig', [(0, .15, 0), (.02, -.4, 0), (.06, -.75, 0)], [.6, .3, .13])
    clay.limb('stalk', [(.06, -.75, 0), (.1, -1.0, 0)], [.1, .09])
    neck, ribs, phase = canvas.tint(75, .5, .6), canvas.integer(8, 12), canvas.uniform(0, 6)
    bloom = mix(colour, rgb(150, 160, 200), .45)

    def coat(x, y, z):
        turn = np.arctan2(z, x)
        rib = (.5 + .5 * np.cos(turn * ribs + phase + .4 * np.sin(5 * y)))[:, None] ** 4
        dust = np.clip(.5 + .4 * np.sin(4 * x + phase) * np.cos(5 * z + 3 * y), 0, 1)[:, None]
        high = step(-y - .3 + .08 * np.cos(turn * ribs), .12)[:, None]
        tone = colour * (1 - .6 * dust) + bloom * .6 * dust
        return (tone * (1 - .8 * high) + neck * .8 * high) * (.82 + .5 * rib)
    clay.view(canvas.uniform(0, 360), canvas.uniform(-25, 50), canvas.normal(6))
    clay.fit(size=.97)
    clay.paint(canvas, {'fig': Coat(coat, gloss=.25), 'stalk': Coat(dim(neck, .7))})


def fig_face(canvas, colour):
    """The cut face of half a fig: skin, white rim, red flesh of threads with pale seeds, a hollow."""
    path = smooth([(-.1, -1.0), (.1, -1.0), (.28, -.5), (.75, .0), (.8, .5), (.35, .92), (-.35, .92),
                   (-.8, .5), (-.75, .0), (-.28, -.5)])
    canvas.fill(path, dim(colour, .8))
    with canvas.at(0, .02, .94):
        canvas.fill(path, mix(colour, rgb(214, 224, 150), .6))
    with canvas.at(0, .04, .89):
        canvas.fill(path, rgb(244, 232, 208))
    red = canvas.tint(canvas.pick(352, 2, 340), .62, .72)
    with canvas.at(0, .22, .72):
        canvas.fill(path, radial(0, .25, 1.0, [dim(red, .6), red, mix(red, rgb(255, 190, 140), .45)]))
    n = 230
    turn, r = canvas.spread(0, 6.3, n), canvas.spread(.25, 1, n) ** .6
    x, y = .5 * r * np.cos(turn), .38 + .47 * r * np.sin(turn)
    hairs(canvas, x, y, turn + math.pi + canvas.rng.normal(0, .25, n), .2,
          canvas.vary(mix(red, rgb(250, 200, 150), .45), n, .22), .04, .15, .9)
    m = 75
    turn, r = canvas.spread(0, 6.3, m), canvas.spread(.2, .95, m)
    x, y = .46 * r * np.cos(turn), .38 + .44 * r * np.sin(turn)
    specks(canvas, x + .008, y + .012, .03, dim(red, .35), .7)
    specks(canvas, x, y, .026, canvas.vary(rgb(238, 200, 120), m, .15))
    canvas.fill(blob(canvas, 0, .38, .1, .2, 7, .25), dim(red, .35), blur=.03)


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
    blooms = canvas.pick('front', 'side', 'turned', 'pair')
    if blooms == 'pair':
        with canvas.at(-.4, -.15, .7, flip=True):
            slipper(canvas, yellow, brown, canvas.uniform(.3, .9))
        with canvas.at(.38, .1, .72):
            slipper(canvas, yellow, brown, canvas.uniform(.3, .9))
        return
    with canvas.at(0, 0, 1, canvas.normal(8), canvas.chance(.5)):
        slipper(canvas, yellow, brown, {'front': 0, 'side': 1, 'turned': .5}[blooms])


def slipper(canvas, yellow, brown, turn):
    """One flower from the front (turn 0) to the side (1): the pouch then points to the right."""
    def petal_(side):
        t = np.linspace(0, 1, 11)
        reach = (.8 - .35 * turn) * side + .25 * turn
        x, y = reach * t ** .8 + .05 * side, -.25 + (.55 + .25 * turn) * t ** 1.3 + .05 * np.sin(t * 17)
        canvas.fill(limb(list(zip(x, y)), .16 * np.abs(np.cos(t * 8)) * (1 - t) + .05),
                    linear(0, -.3, reach, .3, [dim(brown, 1.2), dim(brown, .7)]))
    petal_(-1)
    if turn < .4:
        petal_(1)
    with canvas.at(0, -.25, 1, 24 * turn):
        k = 1 - .35 * turn
        canvas.fill(smooth([(-.05, 0), (-.26 * k, -.3), (-.1, -.72), (.12 * turn, -.84), (.1, -.72),
                            (.26 * k, -.3), (.05, 0)]),
                    linear(-.25, 0, .25, 0, [dim(brown, 1.35), dim(brown, .75)]))
        for x in (-.1, 0, .1):
            canvas.curve([(x * .3, -.02), (x * 1.2 * k, -.35), (x * .3, -.75)], dim(brown, .55), .012)
    s = turn * .38
    pouch = smooth([(-.2 + .1 * turn, -.2), (.2 + .15 * turn, -.2 + .02 * turn), (.34 + s, .06),
                    (.28 + s, .42 - .04 * turn), (.05 + s, .64 - .1 * turn), (-.28 + .8 * s, .5 - .12 * turn),
                    (-.34 + .5 * s, .1)])
    solid_fruit(canvas, pouch, yellow, s * .6, .2, .4, .8)
    with canvas.inside(pouch):
        for x in np.linspace(-.3, .3, 6):
            canvas.curve([(x * .3 + .1 * s, -.2), (x + .5 * s, .15), (x * .7 + s, .6)], dim(yellow, .78),
                         .014,
                         alpha=.6)
    mouth = .19 - .05 * turn
    canvas.oval(.08 * turn, -.12, mouth, .1, dim(yellow, .45), 14 * turn)
    canvas.oval(.08 * turn, -.15, mouth, .1, yellow, 14 * turn, width=.03)
    canvas.oval(0, -.2, .08, .1, mix(yellow, WHITE, .4))
    n = 14
    strokes(canvas, canvas.spread(-.15, .15, n), canvas.spread(-.05, .12, n), math.pi / 2, .05,
            rgb(170, 60, 30), .012, .8, 1)
    if turn >= .4:
        petal_(1)


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
    for row in np.linspace(0, 1, 10) ** 1.6:
        y, k = horizon + 5 + (165 - horizon) * row, .6 + 6 * row
        n = 60
        x = canvas.spread(-5, 165, n)
        py = y + canvas.rng.normal(0, 1.2 * k, n)
        strokes(canvas, x, py, math.pi / 2 + canvas.rng.normal(0, .2, n), k * 2,
                canvas.vary(dim(GREEN, .9), n, .12, 1), .25 * k, .7, 1)
        specks(canvas, x, py, k * canvas.spread(.25, .6, n), canvas.vary(yellow, n, .12, 1))
    for _ in range(canvas.pick(0, 0, 2, 4)):
        with canvas.at(canvas.uniform(0, 160), canvas.uniform(80, 135), canvas.uniform(22, 42)):
            rape_head(canvas, yellow)


def rape_head(canvas, yellow):
    """One flower head: a stem and many four-petalled flowers."""
    roll(canvas, [(0, 0), (.1, 1.2), (0, 3)], [.08, .1, .12], GREEN)
    n = 20
    x, y = canvas.rng.normal(0, .4, n), canvas.rng.normal(0, .35, n)
    strokes(canvas, x, y, np.arctan2(.5 - y, -x), np.hypot(x, .5 - y), GREEN, .03, layers=1)
    way = canvas.spread(0, 6.3, n)
    for px, py, turn, tone in zip(x, y, way, canvas.vary(yellow, n, .1, 2)):
        ways = turn + np.arange(4) * math.pi / 2
        hairs(canvas, px + .19 * np.cos(ways), py + .19 * np.sin(ways), ways + math.pi, .2, tone, .17,
              layers=1)
    specks(canvas, x, y, .04, mix(yellow, GREEN, .5))


# ---- Baked and frozen --------------------------------------------------------------------------------------

@drawing(963, 'pizza', 'food', size=(.36, .66), many=.05)
def pizza(canvas):
    crust, cheese = canvas.tint(32, .55, .8), canvas.tint(44, .45, .95)
    view = canvas.pick('whole', 'whole', 'whole', 'cut', 'near', 'slice', 'slice')
    if view == 'slice':
        for k in range(canvas.pick(1, 1, 2)):
            with canvas.at(0, .5 * k, 1 - .15 * k, canvas.normal(25) * k, canvas.chance(.5),
                           canvas.uniform(.7, 1)):
                pizza_slice(canvas, crust, cheese)
        return
    with tilted(canvas), canvas.at(0, 0, 1.4 if view == 'near' else 1):
        if canvas.chance(.4):
            canvas.disc(0, .05, 1.1, radial(0, 0, 1.1, [rgb(236, 236, 234), rgb(205, 205, 204)], [.9, 1])
                        if canvas.chance(.5) else canvas.tint(30, .5, .5))
        gap, start = canvas.pick(0, 0, 45, 60), canvas.uniform(0, 360)
        canvas.sk.save()
        if gap:
            canvas.sk.clipPath(poly([(0, 0)] + [(1.5 * math.cos(math.radians(a)), 1.5 * math.sin(
                math.radians(a))) for a in np.linspace(start, start + 360 - gap, 9)]), True)
        canvas.disc(0, .07, .97, dim(crust, .4))
        pizza_top(canvas, crust, cheese)
        canvas.sk.restore()
        for way in np.arange(0, 361 - gap, 45) + start if view == 'cut' or gap else ():
            with canvas.at(0, 0, 1, way):
                canvas.curve([(0, 0), (.5, canvas.normal(.015)), (.96, 0)], dim(crust, .45), .016, alpha=.8)


def pizza_slice(canvas, crust, cheese):
    """One slice, its point to the left: thick edge, baked rim, cheese running over the sides."""
    half = canvas.uniform(.3, .42)
    arc = [(1.95 * math.cos(a), 1.95 * math.sin(a)) for a in np.linspace(-half, half, 9)]
    outline = [(0, 0)] + arc
    with canvas.at(-.97, 0):
        for k in range(5):
            canvas.fill(poly([(x, y + .13 - .03 * k) for x, y in outline]), dim(crust, .4 + .09 * k))
        drip = [(t * 1.7, math.tan(half) * t * 1.7 * math.cos(half) + canvas.uniform(.01, .09))
                for t in np.linspace(.03, .95, 9)]
        canvas.fill(smooth([(0, 0)] + drip + [(1.5, 0)]), dim(cheese, .82))
        with canvas.inside(poly(outline)), canvas.at(0, 0, 1.98):
            pizza_top(canvas, crust, cheese, half)


def pizza_top(canvas, crust, cheese, half=math.pi):
    """A baked pizza of radius 1: blistered rim, sauce, melted cheese with brown patches, toppings (within
    `half` of the direction right, radians).
    """
    n = 96
    x, y, r = plate(n)
    rough, fine, char = field(canvas, n, n, 8, .3), field(canvas, n, n, 8, .1), field(canvas, n, n, 6, .14)
    edge = r + .018 * rough
    rim, inside = np.exp(-((edge - .88) / .085) ** 2), step(.82 - edge, .015)
    melt = step(.55 * rough + .6 * fine + canvas.uniform(.2, .9), .22) * inside
    brown = step(.8 * fine + .5 * char - canvas.uniform(1.2, 2), .25) * melt
    sauce = canvas.tint(10, .85, .66)
    bread = crust * (1.06 - .5 * step(char + .4 * fine - .8, .3))[..., None]
    base = bread * (1 - inside[..., None]) + (sauce * (.9 + .1 * fine[..., None])) * inside[..., None]
    cover = (cheese * (1 - .62 * brown[..., None] * (.6, .85, 1))) * (.97 + .05 * rough[..., None])
    tone = base * (1 - .93 * melt[..., None]) + cover * .93 * melt[..., None]
    height = .13 * rim + .025 * melt + .007 * inside * fine + .006 * char * (1 - inside)
    relief(canvas, tone, height, step(.965 - edge, .008), .5 * inside.max())
    toppings = canvas.rng.permutation(['salami', 'olive', 'basil', 'pepper', 'mushroom',
                                       'tomato'])[:canvas.integer(1, 3)]
    for topping in toppings:
        for k in range(canvas.integer(7, 11) if half > 1 else canvas.integer(2, 4)):
            turn, reach = k * 2.4 + canvas.normal(.25), .72 * math.sqrt((k + .5) / 11)
            if half < 1:
                turn, reach = canvas.uniform(-half, half), canvas.uniform(.3, .8)
            with canvas.at(reach * math.cos(turn), reach * math.sin(turn), canvas.uniform(.13, .17),
                           canvas.uniform(0, 360)):
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
    view = canvas.pick('whole', 'whole', 'whole', 'cut', 'split', 'stack')
    squash = canvas.uniform(.6, 1)
    if view == 'stack':
        squash = canvas.uniform(.5, .62)
        spread = canvas.pick(rgb(248, 244, 232), canvas.tint(15, .5, .9), canvas.tint(100, .5, .6))
        with canvas.at(0, .3, .9, tall=squash):
            bagel_ring(canvas, crust, '', canvas.uniform(.2, .27))
        canvas.fill(blob(canvas, 0, .14, .86, .44, 15, .06), spread)
        canvas.fill(blob(canvas, 0, .1, .84, .4, 15, .05), dim(spread, .9))
        with canvas.at(0, -.1, .92, tall=squash):
            bagel_ring(canvas, crust, canvas.pick('', 'sesame', 'poppy'), canvas.uniform(.2, .27))
        return
    topping, hole = canvas.pick('', 'sesame', 'poppy', 'both'), canvas.uniform(.16, .26)
    if view == 'split':
        with canvas.at(.3, -.3, .72, 0, False, squash):
            bagel_ring(canvas, crust, topping, hole)
        with canvas.at(-.25, .25, .75, 0, False, squash):
            bagel_face(canvas, crust, hole)
        return
    with tilted(canvas, squash):
        if view == 'cut':
            bagel_face(canvas, crust, hole)
        else:
            bagel_ring(canvas, crust, topping, hole)


def bagel_ring(canvas, crust, topping, hole):
    """A bagel from above: a shining ring, blistered, with seeds."""
    n = 88
    x, y, r = plate(n)
    rough, fine = field(canvas, n, n, 6, .5), field(canvas, n, n, 8, .07)
    hole = hole * (1 + .12 * rough)
    middle = (hole + .93) / 2
    across = np.clip(np.abs(r - middle) / (.94 - middle), 0, 1.2)
    height = .42 * np.sqrt(np.clip(1.05 - across ** 2, .05, 2)) + .002 * fine + .01 * rough
    tone = crust * (1.22 - .42 * across ** 2 + .07 * rough + .05 * (fine > 1.3))[..., None]
    canvas.disc(0, .07, .94, dim(crust, .35))
    relief(canvas, tone, height, step(.94 + .015 * rough - r, .01) * step(r - hole, .015), .35)
    for kind in ('sesame', 'poppy') if topping == 'both' else (topping,) if topping else ():
        m = 170 if kind == 'sesame' else 260
        turn, reach = canvas.spread(0, 6.3, m), .57 + np.clip(canvas.rng.normal(0, .15, m), -.3, .3)
        seed = rgb(246, 232, 196) if kind == 'sesame' else rgb(50, 48, 54)
        strokes(canvas, reach * np.cos(turn), reach * np.sin(turn), canvas.spread(0, 6.3, m), .03,
                canvas.vary(seed, m, .1), .026, 1, 1)


def bagel_face(canvas, crust, hole):
    """The cut side: pale crumb with pores inside a thin crust, toasted or with something spread on it."""
    n = 96
    x, y, r = plate(n)
    rough, fine, pores = field(canvas, n, n, 6, .4), field(canvas, n, n, 8, .13), field(canvas, n, n, 12, .06)
    edge = np.minimum(.93 + .02 * rough - r, r - hole * (1 + .15 * rough))
    hollow = step(pores + .5 * fine - 1.25, .2)
    crumb = rgb(248, 232, 196) * (1 - .22 * hollow[..., None] * (.8, 1, 1.2))
    toast = canvas.pick(0, 0, .55) * step(.6 * fine + .5 * rough, .5)[..., None]
    tone = crumb * (1 - toast) + crust * .85 * toast
    rim = step(.05 - edge, .012)[..., None]
    canvas.disc(0, .09, .93, dim(crust, .45))
    relief(canvas, tone * (1 - rim) + crust * .8 * rim, -.01 * hollow + .003 * fine, step(edge, .01))
    if canvas.chance(.4):
        spread = canvas.pick(rgb(250, 248, 240), rgb(250, 248, 240), canvas.tint(350, .7, .6))
        m = 72
        x, y, r = plate(m)
        rough, fine = field(canvas, m, m, 6, .35), field(canvas, m, m, 6, .15)
        edge = np.minimum(.82 + .05 * rough - r, r - hole - .08 - .04 * rough)
        relief(canvas, np.broadcast_to(spread, (m, m, 3)), .05 * step(edge, .03) + .005 * fine,
               step(edge, .015), .3)


@drawing(932, 'pretzel', 'food')
def pretzel(canvas):
    """A soft or a crisp pretzel in space: a thick belly, two arms that cross twice and rest on it."""
    crust, thick = canvas.tint(canvas.pick(22, 26, 18), .75,
                               canvas.uniform(.45, .68)), canvas.uniform(.75, 1.1)
    pale = rgb(238, 208, 152)
    arm = [(0, .84, 0), (-.36, .8, 0), (-.74, .58, 0), (-.97, .12, 0), (-.93, -.4, 0), (-.62, -.74, 0),
           (-.28, -.62, 0), (-.02, -.3, .09), (.13, -.1, .02), (.02, .12, -.07), (-.18, .36, .02),
           (-.38, .6, .12), (-.47, .74, .14)]
    width = np.array((.17, .165, .15, .135, .125, .12, .11, .1, .1, .095, .09, .085, .07)) * thick
    clay = Clay(.06)
    for side in (1, -1):
        points = [(side * x * canvas.uniform(.98, 1.02), y, side * z if k < 11 else z)
                  for k, (x, y, z) in enumerate(arm)]
        fine = np.linspace(0, len(arm) - 1, 40)
        curve = np.stack([np.interp(fine, range(len(arm)), np.asarray(points)[:, k]) for k in range(3)], 1)
        curve[1:-1] = (curve[:-2] + curve[1:-1] * 2 + curve[2:]) / 4
        sizes = np.interp(fine, range(len(arm)), width)
        for k in range(0, 36, 9):
            clay.limb('dough', curve[k:k + 13], sizes[k:k + 13])
    split, soft = canvas.chance(.6), canvas.uniform(0, 6)

    def coat(x, y, z):
        mottle = (.93 + .1 * np.sin(9 * x + soft)
                  * np.cos(8 * y - soft))[:, None] * (1.06 - .5 * (z < -.03))[:, None]
        crack = (step(.04 - np.abs(y - .84 - .05 * np.sin(4 * x)), .02) * step(.45 - np.abs(x), .06)
                 * step(z - .03, .02) * split)[:, None]
        return crust * mottle * (1 - crack) + pale * crack
    clay.view(canvas.uniform(-28, 28), canvas.uniform(-40, 40), canvas.normal(12))
    clay.fit(size=.97)
    clay.paint(canvas, {'dough': Coat(coat, gloss=canvas.uniform(.15, .5))})
    if canvas.chance(.75):
        n = canvas.integer(40, 90)
        spot = canvas.rng.uniform(0, 9, n)
        side = canvas.rng.choice([-1, 1], n)
        line = [np.interp(spot, range(13), np.asarray(arm)[:, k]) for k in range(3)]
        w = np.interp(spot, range(13), width) * .6
        salt = np.stack([side * line[0] + w * canvas.rng.uniform(-1, 1, n), line[1]
                         + w * canvas.rng.uniform(-1, 1, n), line[2] + w * 1.25], 1)
        p = np.array([clay.project(point)[:2] for point in salt])
        strokes(canvas, p[:, 0] + .008, p[:, 1] + .014, canvas.spread(0, 6, n), .03, dim(crust, .45), .042,
                .7, 1)
        strokes(canvas, p[:, 0], p[:, 1], canvas.spread(0, 6, n), .028,
                canvas.vary(rgb(245, 242, 235), n, .05),
                .038, 1, 1)


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
