"""Things: balls, toys, clothes, vessels, instruments, furniture."""

import math

import numpy as np

from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    blob,
    dim,
    ellipse,
    flower,
    fur_ball,
    gloss,
    glow,
    hairs,
    hsv,
    knit,
    lathe,
    leaf,
    lettering,
    limb,
    linear,
    mix,
    paint,
    poly,
    radial,
    rgb,
    rod,
    smooth,
    specks,
    spiral,
    star,
    step,
    strokes,
)
from train.drawings.clay import Clay, Coat, rotation
from train.drawings.registry import drawing

WOOD = rgb(140, 92, 52)
STEEL = rgb(182, 186, 192)
GOLD = rgb(212, 172, 84)


# ---- Balls -------------------------------------------------------------------------------------------------

def sphere(canvas, colour, gloss_=.3, cells=80):
    """A lit ball of radius 1: colour (n, 3) -> (n, 3) of its own directions, turned by chance."""
    y, x = ((np.mgrid[0:cells, 0:cells] + .5) * 2 / cells - 1) * 1.03
    r2 = x * x + y * y
    z = np.sqrt(np.clip(1 - r2, 0, 1))
    normal = np.stack([x, y, z], 2).reshape(-1, 3)
    turn = rotation(canvas.uniform(0, 360), canvas.uniform(0, 360), canvas.uniform(0, 360))
    tone = colour(normal @ turn)
    half = canvas.light + (0, 0, 1)
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1)[:, None] ** 30
    lit = .42 + .7 * np.clip(normal @ canvas.light, 0, 1)[:, None] - .1 * normal[:, 1:2]
    image = np.clip(tone * lit + 255 * gloss_ * shine, 0, 255).reshape(cells, cells, 3)
    alpha = np.clip((1 - np.sqrt(r2)) * cells / 2.2 + .5, 0, 1) * 255
    canvas.picture(np.dstack([image, alpha]), -1.03, -1.03, 1.03, 1.03)
    return turn


def seam(n=120):
    """The seam of baseballs and tennis balls: points (n, 3)."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    b = .3
    x = (1 - b) * np.cos(t) + b * np.cos(3 * t)
    y = (1 - b) * np.sin(t) - b * np.sin(3 * t)
    p = np.stack([x, y, 2 * math.sqrt(b * (1 - b)) * np.sin(2 * t)], 1)
    return p


@drawing(429, 'baseball', 'thing', places=('lawn', 'table', 'clutter', 'plain', 'studio', 'stones'))
def baseball(canvas):
    white, red = canvas.tint(42, .08, .93, 6, .05, .05), canvas.tint(358, .85, .72)
    curve = seam()

    def colour(p):
        near = p @ curve.T
        k = near.argmax(1)
        away = np.arccos(np.clip(near.max(1), -1, 1))
        tone = np.where((away < .022)[:, None], dim(white, .6), np.broadcast_to(white, p.shape))
        stitch = (away > .03) & (away < .15) & ((k * 1.0 + away * 30) % 4 < 1.6)
        return np.where(stitch[:, None], red, tone)
    sphere(canvas, colour, .2, 90)


@drawing(852, 'tennis ball', 'thing', places=('lawn', 'table', 'clutter', 'plain', 'studio', 'street'))
def tennis_ball(canvas):
    green = canvas.tint(canvas.pick(68, 72, 62), .7, .9)
    curve = seam(90)

    def colour(p):
        away = np.arccos(np.clip((p @ curve.T).max(1), -1, 1))
        return np.where((away < .06)[:, None], (240, 242, 225),
                        green * (1 + .1 * canvas.rng.standard_normal((len(p), 1))))
    sphere(canvas, colour, .05)
    n = 260
    x, y = canvas.disk(n, .98, .98)
    hairs(canvas, x, y, np.arctan2(y, x) + canvas.rng.normal(0, .8, n), .09,
          canvas.vary(dim(green, 1.05), n, .12), .012, .2, .5)


@drawing(430, 'basketball', 'thing', places=('street', 'clutter', 'room', 'plain', 'studio', 'wall'))
def basketball(canvas):
    orange = canvas.tint(canvas.pick(20, 16, 25), .75, .8)

    def colour(p):
        x, y, z = p.T
        line = (np.abs(x) < .022) | (np.abs(y) < .022) | (np.abs(np.abs(z) ** 1.0 - .62 - .25
                                                                 * (x * x - y * y)) < .028)
        grain = orange * (1 + .09 * canvas.rng.standard_normal((len(p), 1)))
        return np.where(line[:, None], (28, 24, 24), grain)
    sphere(canvas, colour, .25, 96)


@drawing(574, 'golf ball', 'thing', places=('lawn', 'lawn', 'lawn', 'table', 'plain', 'studio'))
def golf_ball(canvas):
    white = canvas.tint(60, .68, .95) if canvas.chance(.06) else canvas.tint(60, .03, .93, 30, .03, .04)
    sphere(canvas, lambda p: np.broadcast_to(white, p.shape), .45)
    n = canvas.integer(260, 380)
    k = np.arange(n) + .5
    polar, turn = np.arccos(1 - 2 * k / n), math.pi * (1 + math.sqrt(5)) * k
    p = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    p = p @ rotation(canvas.uniform(0, 360), canvas.uniform(0, 360)).T
    lx, ly, _ = canvas.light
    r = 1.07 / math.sqrt(n)
    for x, y, z in p[p[:, 2] > .1]:
        light = .42 + .75 * max(0, float(np.dot((x, y, z), canvas.light)))
        way = math.degrees(math.atan2(y, x))
        canvas.oval(x, y, r * z, r, dim(white, light * .72), way)
        canvas.oval(x - lx * .016, y - ly * .016, r * .78 * z, r * .78, dim(white, light * .98), way)
    if canvas.chance(.35):
        with canvas.at(canvas.normal(.2), canvas.normal(.2), 1, canvas.uniform(-60, 60)):
            lettering(canvas, -.4, -.1, .4, .08, canvas.pick(rgb(30, 32, 40), rgb(170, 40, 40)))
    if canvas.chance(.2):
        canvas.fill(poly([(-.14, .96), (.14, .96), (.03, 1.15), (-.03, 1.15)]), canvas.any_colour())


@drawing(805, 'soccer ball', 'thing', places=('lawn', 'lawn', 'lawn', 'street', 'studio', 'clutter'))
def soccer_ball(canvas):
    g = (1 + math.sqrt(5)) / 2
    tips = np.array([(0, a, b * g) for a in (-1, 1) for b in (-1, 1)])
    tips = np.concatenate([np.roll(tips, k, 1) for k in range(3)])
    tips /= np.linalg.norm(tips, axis=1, keepdims=True)
    cube = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    more = np.array([(0, a / g, b * g) for a in (-1, 1) for b in (-1, 1)])
    sides = np.concatenate([cube] + [np.roll(more, k, 1) for k in range(3)])
    sides = np.stack([sides[:, 0], sides[:, 2], sides[:, 1]], 1) / math.sqrt(3)
    dark = canvas.pick(rgb(26, 26, 30), rgb(26, 26, 30), rgb(26, 26, 30), canvas.any_colour())

    def colour(p):
        away = np.concatenate([p @ tips.T + .016, p @ sides.T], 1)
        best = np.partition(away, 30, 1)[:, 30:]
        tone = np.where((away.argmax(1) < 12)[:, None], dark, (240, 240, 238))
        return np.where((best[:, -1] - best[:, -2] < .012)[:, None], (110, 110, 112), tone)
    sphere(canvas, colour, .3, 84)


@drawing(971, 'bubble', 'thing', places=('open_sky', 'leaves', 'dark', 'clutter', 'lawn', 'meadow'), many=.5,
         shadow='none')
def bubble(canvas):
    """A soap bubble: a thin bright rim, bands of colour, windows mirrored above and below."""
    start, bend = canvas.uniform(0, 360), canvas.uniform(.3, 1.4)
    rim = [hsv(start + 50 * k, .45, 1) for k in range(5)]
    canvas.disc(0, 0, .97, radial(0, 0, .97, [WHITE] + rim, [0, .55, .7, .82, .92, 1],
                                  [0, .04, .14, .28, .5, .85]))
    for k in range(7):
        y = -.8 + 1.6 * k / 6 + canvas.normal(.06)
        half = math.sqrt(max(.02, .9 - y * y))
        canvas.curve([(-half, y), (0, y + .28 * bend * canvas.normal(1)), (half, y)],
                     hsv(start + 70 * k + 30, .6, 1), canvas.uniform(.06, .16), alpha=.28, blur=.05)
    lx, ly, _ = canvas.light
    for side, alpha in ((1, .95), (-1, .55)):
        with canvas.at(side * lx * .6, side * ly * .6, .24 if side > 0 else .15,
                       math.degrees(math.atan2(ly, lx)) + 90):
            canvas.fill(smooth([(-.8, -.2), (0, -.5), (.8, -.2), (.7, .3), (0, .1), (-.7, .3)]), WHITE,
                        alpha=alpha, blur=.03)
    canvas.disc(0, 0, .96, WHITE, width=.012, alpha=.6)


# ---- Toys and feasts ---------------------------------------------------------------------------------------

@drawing(607, "jack-o'-lantern", 'thing', places=('dark', 'dark', 'table', 'room', 'lawn', 'forest'))
def jack_o_lantern(canvas):
    orange, lit = canvas.tint(canvas.pick(24, 28, 20), .92, .85), canvas.chance(.75)
    for x in np.array((-1, 1, -.72, .72, -.4, .4, 0)):
        rib = smooth([(x * .25, -.62), (x * .62 - .26, -.5), (x * .68 - .34, .1), (x * .55 - .2, .78),
                      (x * .5, .84), (x * .55 + .2, .78), (x * .68 + .34, .1),
                      (x * .62 + .26, -.5)])
        light = .75 + .3 * x * canvas.light[0]
        canvas.fill(rib, linear(x * .68 - .32, 0, x * .68 + .32, 0, [dim(orange, .45 * light),
                                                                     dim(orange, 1.12 * light),
                                                                     dim(orange, .5 * light)]))
    stalk = canvas.tint(80, .4, .42)
    canvas.fill(limb([(0, -.5), (.02, -.75), (canvas.normal(.12), -1.0)], [.3, .18, .2]),
                linear(-.1, 0, .12, 0, [dim(stalk, 1.2), dim(stalk, .5)]))
    glowing = [rgb(255, 250, 170), rgb(255, 200, 60), rgb(245, 130, 20)]
    fire = glowing if lit else [rgb(70, 34, 14), rgb(46, 24, 12), rgb(36, 18, 10)]
    inside = radial(0, .2, .9, fire)
    style, y = canvas.integer(0, 2), canvas.uniform(-.3, -.15)
    parts = []
    for side in (-1, 1):
        if style == 0:
            parts.append(poly([(side * .14, y + .2), (side * .58, y + .18), (side * .36, y - .2)]))
        elif style == 1:
            parts.append(poly([(side * .12, y + .1), (side * .2, y + .26), (side * .56, y + .1),
                               (side * .62, y - .2)]))
        else:
            parts.append(ellipse(side * .36, y + .05, .18, .22))
    parts.append(poly([(0, y + .26), (.12, y + .46), (-.12, y + .46)]))
    teeth = canvas.integer(4, 8)
    x = np.linspace(-.66, .66, 2 * teeth + 1)
    grin = .28 * (1 - (x / .66) ** 2)
    upper = [(a, .3 + b + .12 * (k % 2)) for k, (a, b) in enumerate(zip(x, grin))]
    lower = [(a, .32 + 1.75 * b + .02 - .1 * (k % 2)) for k, (a, b) in enumerate(zip(x, grin))]
    parts.append(poly(upper + lower[::-1]))
    for path in parts:
        canvas.fill(path, dim(orange, .5 if not lit else 1.25), width=.07)
        canvas.fill(path, inside)
    if lit:
        glow(canvas, 0, .1, 1.2, (255, 150, 40), .45)


@drawing(643, 'mask', 'thing', places=('wall', 'plain', 'studio', 'dark', 'clutter'))
def mask(canvas):
    """Masks of carnival, of the theatre and of carved wood."""
    kind = canvas.pick('half', 'full', 'wood', 'carved', 'carved', 'carved', 'carved')
    if kind == 'carved':
        carved_mask(canvas)
        return
    colour = canvas.pick(rgb(240, 236, 228), GOLD, canvas.tint(0, .75, .6), canvas.tint(280, .6, .45),
                         canvas.tint(200, .6, .5), canvas.tint(25, .6, .4))
    if kind == 'wood':
        colour = canvas.pick(canvas.tint(22, .6, .4), canvas.tint(28, .55, .5), canvas.tint(5, .65, .5),
                             rgb(70, 52, 44))
    accent = canvas.pick(GOLD, canvas.any_colour(), WHITE * .95)
    if canvas.chance(.5):
        n = 36
        way = canvas.spread(-2.9, -.2, n)
        hairs(canvas, .55 * np.cos(way), -.25 + .4 * np.sin(way), way, canvas.spread(.4, .65, n),
              canvas.vary(canvas.any_colour(), n, .25), .14, .15)
    if kind == 'half':
        path = smooth([(-.98, -.5), (-.5, -.55), (0, -.35), (.5, -.55), (.98, -.5), (.85, .15), (.4, .38),
                       (.14, .12), (0, .3), (-.14, .12), (-.4, .38), (-.85, .15)])
    else:
        jaw, brow = canvas.uniform(.4, .62), canvas.uniform(.5, .7)
        path = smooth([(-brow, -.85), (0, -1.0), (brow, -.85), (.74, -.1), (jaw, .6), (.2, 1.0), (-.2, 1.0),
                       (-jaw, .6), (-.74, -.1)])
    canvas.fill(path, linear(canvas.light[0], -.6, -canvas.light[0], .8,
                             [mix(colour, WHITE, .3), colour, dim(colour, .45)]))
    y, wide = (-.12, .42) if kind == 'half' else (-.22, .34)
    with canvas.inside(path):
        shape_mask(canvas, kind, colour, accent, y, wide)
    for side in (-1, 1):
        hole = smooth([(side * (wide - .26), y + .02), (side * wide, y - .14), (side * (wide + .24), y - .04),
                       (side * wide, y + .12)])
        canvas.fill(hole, accent if kind != 'wood' else dim(colour, 1.3), width=.08)
        canvas.fill(hole, rgb(14, 12, 14))
    canvas.fill(path, accent if kind == 'half' else dim(colour, .5), width=.035)


def carved_mask(canvas):
    """A mask in space, from the front or three quarters: human, long, demon with horns, cat, beaked doctor.
    """
    kind = canvas.pick('human', 'long', 'demon', 'cat', 'doctor')
    colour = {'human': canvas.pick(rgb(238, 230, 212), GOLD, canvas.tint(20, .5, .5)),
              'long': canvas.pick(canvas.tint(22, .6, .4), rgb(60, 46, 40), canvas.tint(30, .5, .55)),
              'demon': canvas.pick(canvas.tint(3, .8, .6), canvas.tint(220, .5, .4),
                                   canvas.tint(140, .5, .35)),
              'cat': canvas.pick(rgb(236, 232, 226), rgb(44, 42, 46), GOLD),
              'doctor': canvas.pick(rgb(228, 218, 196), canvas.tint(28, .5, .35), rgb(48, 44, 44))}[kind]
    paint_ = canvas.pick(rgb(236, 230, 216), canvas.tint(3, .8, .6), GOLD, canvas.tint(200, .6, .5),
                         rgb(30, 26, 26))
    wide, tall = {'long': (.46, 1.1), 'demon': (.72, .82), 'cat': (.72, .66)}.get(kind, (.62, .84))
    clay = Clay(.08)
    clay.ball('face', (0, 0, 0), (.42, tall, wide))
    clay.ball('face', (.1, tall * .5, 0), (.34, tall * .42, wide * .62))
    beak = {'doctor': [(.3, .05, 0), (.8, .3, 0), (1.3, .75, 0)], 'cat': [(.35, .12, 0), (.5, .2, 0)]}.get(
        kind, [(.36, -.3 * tall, 0), (.5, .0, 0), (.56, .16 * tall, 0)])
    clay.limb('nose', beak, {'doctor': [.26, .17, .04], 'cat': [.2, .14],
                             'demon': [.1, .15, .2]}.get(kind, [.07, .1, .13])[:len(beak)])
    for z in (-1, 1):
        brow = .28 if kind != 'demon' else .2
        clay.limb('face', [(.4, -.28 * tall - .1 * (kind == 'demon') * -1, z * .08),
                           (.4, -.36 * tall, z * wide * .45),
                           (.26, -brow * tall, z * wide * .8)], [.1, .12, .06])
        clay.ball('face', (.26, .22 * tall, z * wide * .5), .2)
        if kind == 'demon':
            clay.limb('horn', [(.15, -.65, z * .4), (.2, -1.0, z * .65), (.3, -1.35, z * .6)], [.15, .1, .03])
        elif kind == 'cat':
            clay.limb('face', [(0, -.45, z * .5), (-.05, -.95, z * .62)], [.26, .04])
        elif canvas.chance(.4):
            clay.ball('face', (-.05, .05, z * wide), (.14, .24, .1))
    if kind in ('human', 'long', 'demon'):
        for y in (.52, .64):
            clay.limb('lips', [(.33, y * tall, -.2), (.43, y * tall, 0), (.33, y * tall, .2)],
                      [.04, .06, .04])
    bands, phase = canvas.pick(0, 0, 9, 14, 20), canvas.uniform(0, 6)

    def coat(x, y, z):
        grain = 1 + .06 * np.sin(30 * z + 6 * np.sin(3 * y + phase))
        mark = np.zeros(len(x))
        if bands:
            mark = step(np.cos(bands * (y + .4 * np.abs(z)) + phase) - .55, .08) * step(np.abs(z) - .2, .04)
        return (colour * grain[:, None]) * (1 - mark[:, None]) + paint_ * mark[:, None]
    clay.view(90 - canvas.uniform(-50, 50), canvas.uniform(-12, 12), canvas.normal(5))
    clay.fit(size=.95)
    if canvas.chance(.35) and kind in ('long', 'demon'):
        n = 60
        way = canvas.spread(-3.1, 0, n)
        hairs(canvas, .4 * np.cos(way), -.35 + .3 * np.sin(way), way, canvas.spread(.4, .7, n),
              canvas.vary(canvas.pick(rgb(40, 30, 24), rgb(200, 170, 110), rgb(230, 226, 216)), n, .2), .07,
              .2)
    shine = canvas.uniform(.1, .6)
    clay.paint(canvas, {'face': Coat(coat, gloss=shine),
                        'nose': Coat(mix(colour, paint_, canvas.pick(0, 0, .5)), gloss=shine),
                        'horn': Coat(mix(paint_, rgb(90, 76, 60), .5)),
                        'lips': Coat(canvas.tint(2, .7, .5), gloss=shine)})
    mask_eyes(canvas, clay, kind, wide, tall, paint_)


def mask_eyes(canvas, clay, kind, wide, tall, rim):
    """The holes of eyes and mouth on a carved mask."""
    lean = {'demon': 22, 'cat': -25}.get(kind, canvas.normal(8))
    for z in (-1, 1):
        with clay.spot(canvas, (.34, -.12 * tall, z * wide * .45), (1, 0, z * .45), .2, slack=.4) as seen:
            if seen:
                high = .75 if kind == 'doctor' else canvas.uniform(.35, .6)
                canvas.oval(0, 0, 1.15, high + .2, dim(rim, .8), z * lean)
                canvas.oval(0, 0, .9, high, rgb(12, 10, 12), z * lean)
    if kind in ('human', 'long', 'demon'):
        with clay.spot(canvas, (.44, .58 * tall, 0), (1, 0, 0), .24, slack=.5) as seen:
            if seen:
                canvas.oval(0, 0, .9, canvas.uniform(.12, .5), rgb(14, 10, 10))
                if kind == 'demon':
                    for x in (-.5, -.2, .2, .5):
                        canvas.fill(poly([(x - .12, -.35), (x + .12, -.35), (x, .2)]), rgb(236, 228, 205))


def shape_mask(canvas, kind, colour, accent, y, wide):
    """Relief and ornament of a mask, inside its outline."""
    for side in (-1, 1):
        canvas.oval(side * .38, y + .35, .22, .18, mix(colour, WHITE, .3), alpha=.5, blur=.08)
        canvas.curve([(side * .08, y - .1), (side * wide, y - .3), (side * (wide + .3), y - .15)],
                     dim(colour, .6), .06, blur=.015)
    canvas.fill(smooth([(-.07, y - .1), (.07, y - .1), (.15, y + .42), (0, y + .5), (-.15, y + .42)]),
                linear(-.15, 0, .15, 0, [mix(colour, WHITE, .35), dim(colour, .6)]))
    if kind == 'full':
        canvas.fill(smooth([(-.28, .5), (0, .46), (.28, .5), (0, .66)]),
                    canvas.pick(rgb(170, 30, 40), accent))
        canvas.line(-.24, .53, .24, .53, dim(colour, .3), .02)
    elif kind == 'wood':
        canvas.oval(0, .58, .24, canvas.uniform(.06, .16), rgb(20, 14, 12))
        for k in range(5):
            strokes(canvas, np.linspace(-.5, .5, 7), np.full(7, -.92 + .08 * k), 1.57, .05, accent, .03, .8,
                    1)
        for side in (-1, 1):
            for k in range(4):
                canvas.line(side * .3, .2 + .09 * k, side * .62, .12 + .09 * k, mix(accent, colour, .3), .035)
    if kind != 'wood':
        for side in (-1, 1):
            curl = spiral(1.5, .02, .16, 20)
            canvas.curve([(side * (px + .58), py + y + (.3 if kind == 'full' else -.28)) for px, py in curl],
                         accent, .025)


@drawing(723, 'pinwheel', 'thing', places=('open_sky', 'lawn', 'meadow', 'clutter', 'plain'), shadow='none')
def pinwheel(canvas):
    n = canvas.pick(4, 4, 6, 8)
    first = canvas.any_colour()
    colours = [first, canvas.pick(hsv(canvas.uniform(0, 360), .8, .9),
                                  first)] if canvas.chance(.6) else [hsv(360 * k / n, .8, .9)
                                                                     for k in range(n)]
    x = canvas.normal(.05)
    rod(canvas, 0, -.2, x, 1.1, .05, canvas.pick(rgb(225, 205, 160), WHITE * .9))
    with canvas.at(0, -.2, .82):
        start = canvas.uniform(0, 360)
        for k in range(n):
            tone = colours[k % len(colours)]
            with canvas.at(0, 0, 1, start + 360 * k / n):
                k_ = 4 / n
                back = poly([(0, 0), (1, 0), (1 - .5 * k_, -1 * k_)])
                canvas.fill(back, linear(0, 0, 1, -.6, [dim(tone, .5), dim(tone, .85)]))
                front = smooth([(0, 0), (0, 0), (1, 0), (1, 0), (.85, -.6 * k_), (.4, -.55 * k_), (0, 0)])
                canvas.fill(front, linear(.2, -.5 * k_, .9, .1, [mix(tone, WHITE, .45), tone, dim(tone, .6)]))
        ball(canvas, 0, 0, .11, canvas.pick(WHITE * .95, GOLD, rgb(200, 40, 40)))


@drawing(850, 'teddy', 'thing', places=('room', 'room', 'table', 'clutter', 'studio', 'lawn'), tilt=15)
def teddy(canvas):
    coat = canvas.pick(canvas.tint(30, .5, .65), canvas.tint(28, .6, .45), canvas.tint(38, .35, .82),
                       canvas.tint(20, .5, .32), rgb(228, 220, 208), canvas.tint(340, .3, .85))
    pale = mix(coat, rgb(245, 225, 190), .5)
    lean = canvas.normal(.04)
    parts = [(-.52, .78, .3, 1), (.52, .78, .3, 1), (0, .38, .5, 1.08), (-.52, .12, .22, 1.5),
             (.52, .12, .22, 1.5), (-.42 + lean, -.82, .2, 1), (.42 + lean, -.82, .2, 1),
             (lean, -.42, .52, .92)]
    for k, (x, y, r, tall) in enumerate(parts):
        fur_ball(canvas, x, y, r, coat, .16, 230 if r > .3 else 110, tall)
        if k < 2:
            canvas.oval(x, y + .02, .17, .18, pale)
        elif k in (5, 6):
            canvas.oval(x, y + .02, .1, .1, dim(pale, .85))
    canvas.oval(0, .42, .28, .33, pale, alpha=.4, blur=.05)
    fur_ball(canvas, lean, -.26, .24, pale, .1, 110, .78)
    canvas.oval(lean, -.36, .09, .06, rgb(30, 22, 20))
    canvas.line(lean, -.3, lean, -.22, rgb(40, 28, 24), .018)
    canvas.curve([(lean - .09, -.2), (lean, -.16), (lean + .09, -.2)], rgb(40, 28, 24), .018)
    for side in (-1, 1):
        ball(canvas, lean + side * .19, -.5, .055, rgb(22, 16, 14), 1)
    if canvas.chance(.5):
        ribbon = canvas.any_colour()
        for side in (-1, 1):
            canvas.fill(smooth([(0, .0), (side * .26, -.12), (side * .3, .14), (0, .04)]),
                        linear(0, 0, side * .3, 0, [dim(ribbon, .6), ribbon]))
        ball(canvas, 0, .02, .06, ribbon)


@drawing(496, 'Christmas stocking', 'thing', places=('wall', 'wall', 'room', 'plain', 'clutter'), tilt=15)
def christmas_stocking(canvas):
    red = canvas.pick(canvas.tint(357, .88, .72), canvas.tint(357, .88, .72), canvas.tint(130, .7, .42),
                      WHITE * .93)
    accent = canvas.pick(WHITE * .95, canvas.tint(130, .7, .4), GOLD)
    path = smooth([(-.42, -.7), (-.42, -.7), (.3, -.7), (.3, -.7), (.3, .2), (.75, .42), (.85, .75),
                   (.55, .98), (-.1, .9), (-.42, .7), (-.42, .2)])
    style = canvas.pick('plain', 'knit', 'stripes', 'plain')
    if style == 'knit':
        knit(canvas, path, (-.5, -.75, .9, 1), .085, lambda x,
             y: np.where((np.floor(np.asarray(y) * 6) % 3 == 0)[..., None], accent, red))
    else:
        canvas.fill(path, red)
    with canvas.inside(path):
        if style == 'stripes':
            for y in np.arange(-.7, 1, .3):
                canvas.line(-.6, y, 1, y + .12, accent, .13)
        elif style == 'plain' and canvas.chance(.7):
            for x, y in ((-.05, -.1), (-.1, .45), (.35, .6)):
                canvas.fill(star(canvas.pick(5, 6, 8), .16, .07, x, y), accent)
        canvas.oval(.72, .72, .25, .3, accent, alpha=.9)
        canvas.oval(-.34, .78, .22, .26, accent, alpha=.9)
    lx = canvas.light[0]
    canvas.fill(path, linear(lx * .8, 0, -lx * .8, .2, [WHITE, rgb(128, 128, 128), BLACK], None, [.2, 0, .5]))
    for x in np.linspace(-.48, .38, 7):
        fur_ball(canvas, x, -.78 + canvas.normal(.015), .17, WHITE * .96, .25, 50)
    canvas.curve([(.34, -.9), (.5, -1.08), (.4, -.82)], dim(red, .8), .05)
    if canvas.chance(.3):
        for x in (-.2, .05, .22):
            canvas.curve([(x, -.9), (x, -1.15), (x + .12, -1.12)], canvas.pick(rgb(200, 30, 30), WHITE * .95),
                         .06)


@drawing(552, 'feather boa', 'thing', places=('plain', 'studio', 'table', 'room', 'dark'))
def feather_boa(canvas):
    colour = canvas.pick(canvas.tint(330, .75, .9), canvas.tint(355, .85, .75), canvas.tint(280, .6, .7),
                         rgb(240, 238, 240), rgb(34, 32, 38), canvas.tint(190, .7, .8),
                         canvas.tint(48, .8, .95))
    kind = canvas.integer(0, 2)
    t = np.linspace(0, 1, 60)
    if kind == 0:
        x, y = .75 * np.sin(t * 6.3 * canvas.uniform(.8, 1.6)), -.85 + 1.7 * t
    elif kind == 1:
        turn = t * 6.3 * 1.4
        x, y = (.8 - .4 * t) * np.cos(turn), (.8 - .4 * t) * np.sin(turn)
    else:
        x, y = -.75 + 1.5 * t, .7 - 1.4 * (2 * t - 1) ** 2
        y = .8 * np.cos(t * 6.3) * (1 - .2 * t)
    n = 1500
    s = canvas.rng.integers(0, 60, n)
    way = canvas.spread(0, 6.3, n)
    lit = .75 + .4 * (np.cos(way) * canvas.light[0] + np.sin(way) * canvas.light[1])
    canvas.curve(list(zip(x, y)), dim(colour, .45), .3)
    hairs(canvas, x[s] + canvas.rng.normal(0, .03, n), y[s] + canvas.rng.normal(0, .03, n), way,
          canvas.spread(.14, .34, n),
          canvas.vary(np.asarray(colour) * lit[:, None], n, .12), .045, .5, .9)


@drawing(911, 'wool', 'thing', many=.5, places=('table', 'table', 'room', 'clutter', 'plain'))
def wool(canvas):
    """Balls of yarn, or something knitted."""
    colour = canvas.any_colour()
    if canvas.chance(.25):
        other = canvas.any_colour()
        path, size = blob(canvas, 0, 0, .98, .9, 9, .08), canvas.uniform(.07, .16)
        every = canvas.integer(2, 6)
        knit(canvas, path, (-1.1, -1.1, 1.1, 1.1), size, lambda x,
             y: np.where((np.floor(np.asarray(y) / size / .7) % every == 0)[..., None], other, colour))
        canvas.fill(path, radial(canvas.light[0] * .5, -.4, 1.6, [WHITE, rgb(128, 128, 128), BLACK], None,
                                 [.15, 0, .45]))
        return
    ball(canvas, 0, 0, .93, dim(colour, .75), .1, .45)
    with canvas.inside(ellipse(0, 0, .95, .95)):
        for _ in range(canvas.integer(5, 8)):
            way, off = canvas.uniform(0, 360), canvas.normal(.3)
            with canvas.at(0, 0, 1, way):
                for k in range(7):
                    y = off + (k - 3) * .085
                    bend = .5 * y + canvas.normal(.02)
                    light = .8 + .3 * (canvas.light[1] * y)
                    points = [(-1, y + bend * .1), (0, y + bend), (1, y + bend * .1)]
                    canvas.curve(points, dim(colour, .45 * light), .085)
                    canvas.curve(points, dim(colour, light * canvas.uniform(.95, 1.15)), .06)
    canvas.fill(ellipse(0, 0, .95, .95), radial(canvas.light[0] * .4, canvas.light[1] * .4, 1.4,
                                                [WHITE, rgb(128, 128, 128), BLACK], None, [.2, 0, .6]))
    canvas.curve([(.4, .85), (.9, 1.0), (1.1, .8), (1.3, 1.0)], colour, .055)


# ---- Worn and carried --------------------------------------------------------------------------------------

@drawing(837, 'sunglasses', 'thing', places=('table', 'plain', 'studio', 'clutter', 'desert'))
def sunglasses(canvas):
    frame = canvas.pick(rgb(28, 26, 28), rgb(28, 26, 28), canvas.tint(25, .6, .35), GOLD, canvas.any_colour(),
                        WHITE * .93)
    glass = canvas.pick(rgb(26, 28, 34), rgb(26, 28, 34), canvas.tint(28, .6, .3), canvas.tint(200, .5, .4),
                        canvas.tint(120, .3, .25))
    style, squash = canvas.pick('aviator', 'round', 'square', 'cat'), canvas.uniform(.7, 1)
    canvas.sk.scale(1, squash)
    for side in (-1, 1):
        canvas.curve([(side * .95, -.15), (side * 1.05, -.4), (side * canvas.uniform(.6, .8), -.75)],
                     dim(frame, .7), .055)
    sky_tone, land = rgb(190, 215, 240), canvas.tint(canvas.pick(30, 100, 200), .3, .5)
    for side in (-1, 1):
        x = side * .5
        points = {'aviator': [(-.4, -.22), (0, -.3), (.38, -.24), (.4, .05), (.15, .42), (-.2, .38),
                              (-.42, .05)], 'round': None,
                  'square': [(-.42, -.26), (-.4, -.3), (.4, -.3), (.42, -.26), (.38, .28), (.3, .34),
                             (-.3, .34), (-.36, .28)],
                  'cat': [(-.38, -.18), (.1, -.28), (.52, -.42), (.42, .1), (.1, .32), (-.3, .25)]}[style]
        path = ellipse(x, 0, .41, .4) if points is None else smooth([(x + side * px, py) for px,
                                                                     py in points])
        canvas.fill(path, linear(0, -.35, 0, .4, [mix(glass, sky_tone, .55), mix(glass, sky_tone, .2),
                                                  mix(glass, land, .35), glass], [0, .45, .55, 1]))
        with canvas.inside(path):
            canvas.fill(poly([(x - .25, -.5), (x - .05, -.5), (x - .3, .5), (x - .5, .5)]), WHITE, alpha=.28)
        canvas.fill(path, frame, width=.045 if style == 'aviator' else .085)
        canvas.fill(path, mix(frame, WHITE, .5), width=.015, alpha=.7)
    canvas.curve([(-.12, -.12), (0, -.2), (.12, -.12)], frame, .06)
    if style == 'aviator':
        canvas.line(-.2, -.27, .2, -.27, frame, .035)


@drawing(879, 'umbrella', 'thing', places=('street', 'street', 'lawn', 'desert', 'clutter', 'plain'), tilt=40,
         shadow='none')
def umbrella(canvas):
    n = 8
    colours = canvas.pick([canvas.any_colour()], [canvas.any_colour(), canvas.any_colour()],
                          [hsv(45 * k, .8, .9) for k in range(8)], [rgb(32, 32, 36)],
                          [canvas.tint(0, .85, .75)])
    if canvas.chance(.3):
        below = canvas.chance(.4)
        for k in range(n):
            a, b = (2 * math.pi * (k + e) / n for e in (0, 1))
            m = (a + b) / 2
            light = .75 + .35 * (math.cos(m) * canvas.light[0] + math.sin(m) * canvas.light[1])
            panel = smooth([(0, 0), (0, 0), (math.cos(a), math.sin(a)), (math.cos(a), math.sin(a)),
                            (.86 * math.cos(m), .86 * math.sin(m)), (math.cos(b), math.sin(b)),
                            (math.cos(b), math.sin(b))])
            canvas.fill(panel, radial(0, 0, 1, [dim(colours[k % len(colours)], light),
                                                dim(colours[k % len(colours)], light * .8)]))
            canvas.line(0, 0, math.cos(a), math.sin(a), STEEL if below else dim(colours[0], .6), .025)
        ball(canvas, 0, 0, .05, STEEL)
        if below:
            rod(canvas, 0, 0, .3, .7, .05, WOOD)
        return
    rod(canvas, 0, -.5, 0, .85, .04, canvas.pick(STEEL, WOOD))
    handle = canvas.pick(WOOD, rgb(40, 36, 34))
    canvas.curve([(0, .8), (0, 1.02), (.1, 1.08), (.2, 1.02), (.2, .92)], handle, .075)
    edge = np.linspace(-1, 1, n // 2 + 1)
    canvas.oval(0, .02, .96, .13, dim(colours[0], .35))
    for k, (a, b) in enumerate(zip(edge, edge[1:])):
        a, b = math.sin(a * 1.57), math.sin(b * 1.57)
        tone = dim(colours[k % len(colours)], .85 + .25 * (a + b) / 2 * canvas.light[0])
        rib_a = [(0, -.85), (a * .55, -.72), (a * .92, -.3), (a, .02)]
        rib_b = [(b, .02), (b * .92, -.3), (b * .55, -.72)]
        canvas.fill(smooth(rib_a[:1] * 2 + rib_a[1:] + [(a, .02), ((a + b) / 2, -.06), (b, .02)] + rib_b),
                    linear(a, 0, b, 0, [dim(tone, 1.1), dim(tone, .8)]))
        canvas.curve(rib_a, dim(tone, .6), .012)
    canvas.line(0, -.85, 0, -1.0, STEEL, .03)


# ---- Vessels, light, time ----------------------------------------------------------------------------------

@drawing(849, 'teapot', 'thing', places=('table', 'table', 'table', 'plain', 'studio', 'clutter'), tilt=10)
def teapot(canvas):
    colour = canvas.pick(WHITE * .95, canvas.any_colour(), canvas.tint(215, .6, .6), canvas.tint(20, .5, .35),
                         rgb(46, 44, 46), rgb(196, 198, 204), canvas.tint(150, .3, .6))
    wide, squat = canvas.uniform(.55, .68), canvas.uniform(.8, 1)
    with canvas.at(0, .1, 1, 0, False, squat):
        spout = [(wide * .7, .4), (wide + .2, .2), (wide + .32, -.25), (wide + .48, -.38)]
        canvas.fill(limb(spout, [.42, .25, .15, .13]), linear(wide, -.2, wide + .3, .3,
                                                              [mix(colour, WHITE, .3), dim(colour, .5)]))
        handle = [(-wide * .85, -.25), (-wide - .3, -.4), (-wide - .42, .05), (-wide - .15, .38),
                  (-wide * .75, .42)]
        canvas.curve(handle, dim(colour, .5), .15)
        canvas.curve(handle, colour, .11)
        canvas.curve([(x - .01, y - .015) for x, y in handle], mix(colour, WHITE, .5), .03, alpha=.7)
        lathe(canvas, [(-.45, .3), (-.35, .42), (-.1, wide * .95), (.15, wide), (.45, wide * .8), (.62, .38),
                       (.68, .4)], colour, .5)
        ornament(canvas, colour, wide)
        lathe(canvas, [(-.66, .06), (-.6, .18), (-.5, .32), (-.44, .34)], colour, .5)
        ball(canvas, 0, -.72, .09, colour, .9)
        gloss(canvas, canvas.light[0] * .35, -.05, .08, .18, .6, 10)


def ornament(canvas, colour, wide):
    """Flowers, bands or nothing on a pot."""
    kind = canvas.pick('flowers', 'band', 'none', 'none')
    if kind == 'flowers':
        tone = canvas.any_colour()
        for x, y in ((-.1, .1), (.2, .25), (-.3, .3), (.05, -.12)):
            leaf(canvas, x, y, canvas.uniform(0, 360), .2, .07, rgb(70, 120, 60))
            flower(canvas, x, y, .11, tone, 5, 1)
    elif kind == 'band':
        tone = canvas.any_colour()
        for y in (-.02, .3):
            canvas.curve([(-wide * .93, y), (0, y + .14), (wide * .93, y)], tone, .05)


@drawing(883, 'vase', 'thing', places=('table', 'table', 'room', 'plain', 'studio'), tilt=8)
def vase(canvas):
    colour = canvas.pick(WHITE * .95, canvas.any_colour(), canvas.tint(215, .65, .55),
                         canvas.tint(18, .6, .6), canvas.tint(150, .3, .65), rgb(40, 38, 40))
    shapes = ([(-.6, .28), (-.5, .2), (-.3, .2), (.1, .5), (.45, .48), (.9, .26), (.95, .3)],
              [(-.6, .38), (-.4, .3), (.2, .34), (.7, .46), (.95, .4)],
              [(-.6, .2), (-.35, .16), (-.1, .3), (.25, .6), (.6, .5), (.9, .24), (.95, .28)],
              [(-.6, .5), (-.3, .42), (.3, .22), (.75, .2), (.9, .36), (.95, .38)])
    profile = shapes[canvas.integer(0, 3)]
    if canvas.chance(.55):
        tone, green = canvas.any_colour(), canvas.tint(105, .5, .4)
        for _ in range(canvas.integer(4, 8)):
            x, y = canvas.normal(.35), -.75 + canvas.normal(.15)
            canvas.curve([(0, -.5), (x * .5, -.6), (x, y)], green, .03)
            leaf(canvas, x * .5, -.55, math.degrees(math.atan2(y, x)) + canvas.normal(30), .35, .1, green)
            flower(canvas, x, y, canvas.uniform(.14, .22), mix(tone, canvas.any_colour(), .2),
                   canvas.pick(5, 8, 14), canvas.pick(1, 2))
    bands, second = [], canvas.any_colour()
    kind = canvas.pick('bands', 'painted', 'plain', 'painted')
    if kind == 'bands':
        bands = [(y, y + canvas.uniform(.05, .14), second)
                 for y in np.linspace(-.4, .7, canvas.integer(2, 4))]
    lathe(canvas, profile, colour, canvas.uniform(.3, .7), bands=bands, top=dim(colour, .4), tilt=.2)
    if kind == 'painted':
        for k in range(4):
            x, y = canvas.normal(.1), .0 + .2 * k
            canvas.curve([(x - .2, y + .1), (x, y), (x + .15, y - .12)], second, .025)
            flower(canvas, x, y, .1, second, 5, 1)
            leaf(canvas, x, y, canvas.uniform(0, 360), .2, .06, mix(second, rgb(60, 110, 60), .6))


@drawing(470, 'candle', 'thing', places=('dark', 'dark', 'table', 'room'), tilt=4, many=.4, shadow='none')
def candle(canvas):
    wax = canvas.pick(rgb(245, 238, 220), rgb(245, 238, 220), canvas.tint(0, .75, .6),
                      canvas.tint(40, .5, .85), canvas.any_colour())
    r, top = canvas.pick((.12, -.4), (.2, -.2), (.38, .05))
    if r < .15 and canvas.chance(.6):
        brass = canvas.pick(GOLD, STEEL)
        lathe(canvas, [(.55, .16), (.62, .1), (.8, .07), (.88, .3), (.93, .42)], brass, .6)
        foot = .58
    else:
        foot = .92
    lathe(canvas, [(top, r), (foot, r * 1.02)], wax, .3, top=mix(wax, rgb(255, 210, 120), .6))
    for _ in range(canvas.integer(1, 5)):
        x = canvas.uniform(-.9, .9) * r
        canvas.fill(limb([(x, top + .02), (x, top + canvas.uniform(.15, .5))], [.05, .08]),
                    mix(wax, WHITE, .2))
    canvas.line(0, top, .01, top - .08, rgb(30, 24, 22), .02)
    x, y, h = canvas.normal(.02), top - .08, canvas.uniform(.38, .5)
    glow(canvas, x, y - .15, 1.1, (255, 180, 80), .7)
    flame = smooth([(0, y + .06), (-.09, y), (-.1, y - h * .35), (x, y - h * 1.1), (x, y - h * 1.1),
                    (.1, y - h * .35), (.09, y)])
    canvas.fill(flame, radial(0, y - .06, h, [rgb(255, 255, 225), rgb(255, 225, 110), rgb(250, 150, 40)],
                              [0, .5, 1]), blur=.01)
    canvas.oval(0, y, .04, .06, rgb(80, 110, 200), alpha=.5, blur=.02)


@drawing(604, 'hourglass', 'thing', places=('table', 'table', 'plain', 'studio', 'dark'), tilt=10)
def hourglass(canvas):
    wood, sand = canvas.pick(WOOD, rgb(90, 54, 32), GOLD,
                             rgb(46, 42, 40)), canvas.pick(canvas.tint(38, .45, .85), canvas.any_colour(),
                                                           WHITE * .95)
    for x in (-.46, .46):
        rod(canvas, x * .75, -.8, x * .75, .8, .05, dim(wood, .7))
    y = np.linspace(-.8, .8, 33)
    r = .045 + .4 * np.clip(np.abs(y) / .8, 0, 1) ** .75 * np.clip((.84 - np.abs(y)) * 6, .4, 1) ** .5
    outline = poly(list(zip(r, y)) + list(zip(-r[::-1], y[::-1])))
    canvas.fill(outline, linear(-.45, 0, .45, 0, [rgb(150, 170, 185), rgb(235, 242, 246), rgb(200, 215, 225),
                                                  rgb(120, 140, 158)]), alpha=.55)
    level = canvas.uniform(.15, .55)
    with canvas.inside(outline):
        shades = linear(-.4, 0, .4, 0, [dim(sand, 1.1), dim(sand, .65)])
        canvas.fill(smooth([(-.5, -level), (-.5, -level), (0, -level + .08), (.5, -level), (.5, -level),
                            (.5, 0), (-.5, 0)]), shades)
        canvas.fill(smooth([(-.6, .85), (-.5, 1 - level * .7), (0, .62 - level * .6), (.5, 1 - level * .7),
                            (.6, .85)]), shades)
        canvas.line(0, 0, 0, .7, sand, .02)
    canvas.fill(outline, rgb(220, 230, 236), width=.018, alpha=.8)
    for side in (-1, 1):
        canvas.curve([(side * .26 * canvas.light[0] - .05, side * .65),
                      (side * .3 * canvas.light[0] - .05, side * .45),
                      (side * .15 * canvas.light[0], side * .2)], WHITE, .04, alpha=.7)
    for x in (-.5, .5):
        rod(canvas, x, -.82, x, .82, .07, wood)
        for y in (-.4, 0, .4):
            ball(canvas, x, y, .06, wood)
    for y in (-.9, .82):
        lathe(canvas, [(y, .58), (y + .03, .62), (y + .1, .6)], wood, .35, top=dim(wood, 1.1), tilt=.14)


@drawing(409, 'analog clock', 'thing', places=('wall', 'wall', 'plain', 'room', 'table', 'street'), tilt=8)
def analog_clock(canvas):
    frame = canvas.pick(WOOD, rgb(34, 34, 38), GOLD, STEEL, canvas.any_colour())
    face = canvas.pick(rgb(248, 246, 238), rgb(248, 246, 238), rgb(240, 228, 196), rgb(28, 28, 32),
                       canvas.any_colour())
    ink = rgb(24, 24, 28) if face.mean() > 110 else rgb(240, 238, 230)
    square, squash = canvas.chance(.15), canvas.uniform(.75, 1)
    lx, ly, _ = canvas.light
    canvas.sk.scale(squash, 1)
    if canvas.chance(.2):
        for side in (-1, 1):
            ball(canvas, side * .5, -.85, .3, frame, .7)
            canvas.line(side * .5, .8, side * .7, 1.05, dim(frame, .7), .1)
    if square:
        canvas.rect(-.95, -.95, .95, .95, linear(lx, ly, -lx, -ly, [mix(frame, WHITE, .4), frame,
                                                                    dim(frame, .4)]), round=.08)
    else:
        canvas.disc(0, 0, .97, linear(lx, ly, -lx, -ly, [mix(frame, WHITE, .5), frame, dim(frame, .35)]))
        canvas.disc(0, 0, .87, linear(-lx, -ly, lx, ly, [mix(frame, WHITE, .3), dim(frame, .4)]))
    canvas.disc(0, 0, .82, radial(lx * .3, ly * .3, 1.2, [face, face, dim(face, .8)]))
    style = canvas.pick('digits', 'roman', 'strokes', 'digits')
    for k in range(60):
        a = 2 * math.pi * k / 60
        inner = .7 if k % 5 == 0 else .76
        canvas.line(inner * math.sin(a), -inner * math.cos(a), .79 * math.sin(a), -.79 * math.cos(a), ink,
                    .03 if k % 5 == 0 else .012)
    for k in range(1, 13) if style != 'strokes' else ():
        a = math.pi * k / 6
        with canvas.at(.58 * math.sin(a), -.58 * math.cos(a), .1, math.degrees(a) if style == 'roman' else 0):
            clock_digit(canvas, k, style, ink)
    hands = canvas.uniform(0, 12)
    for turn, long, wide in ((hands / 12, .42, .055), (hands % 1, .66, .035)):
        with canvas.at(0, 0, 1, 360 * turn):
            canvas.fill(poly([(-wide, .1), (-wide * .6, -long), (0, -long - .06), (wide * .6, -long),
                              (wide, .1)]), ink)
    if canvas.chance(.5):
        with canvas.at(0, 0, 1, canvas.uniform(0, 360)):
            canvas.line(0, .16, 0, -.72, rgb(205, 40, 30), .015)
    canvas.disc(0, 0, .05, frame)
    canvas.fill(poly([(-.5, -.6), (-.2, -.78), (.3, .7), (.1, .78)]), WHITE, alpha=.08)


DIGITS: dict[str, list[tuple[float, float]]] = {
    '1': [(0, -.9), (0, .9)], '2': [(-.4, -.6), (0, -.95), (.4, -.5), (-.4, .9), (.45, .9)],
    '3': [(-.4, -.8), (.4, -.7), (0, 0), (.45, .5), (-.4, .85)],
    '4': [(.2, .9), (.2, -.9), (-.45, .3), (.5, .3)],
    '5': [(.4, -.9), (-.3, -.9), (-.35, -.1), (.4, .2), (.2, .85), (-.4, .8)],
    '6': [(.3, -.9), (-.35, 0), (-.3, .8), (.35, .7), (.3, .1), (-.3, .2)],
    '7': [(-.4, -.9), (.4, -.9), (-.1, .9)],
    '8': [(0, -.9), (.35, -.5), (-.35, .4), (0, .9), (.35, .4), (-.35, -.5), (0, -.9)],
    '9': [(.35, -.2), (-.3, -.3), (0, -.9), (.35, -.6), (.2, .9)],
    '0': [(0, -.9), (.4, 0), (0, .9), (-.4, 0), (0, -.9)],
}


def clock_digit(canvas, number, style, ink):
    """A numeral: strokes that look like it from afar."""
    if style == 'roman':
        for x in np.linspace(-.6, .6, max(1, number % 5 + 1)):
            canvas.line(x, -.8, x, .8, ink, .26)
        return
    for k, digit in enumerate(str(number)):
        x = (k - (len(str(number)) - 1) / 2) * 1.1
        canvas.sk.drawPath(poly([(x + a, b) for a, b in DIGITS[digit]], False), paint(ink, width=.26))


@drawing(619, 'lampshade', 'thing', places=('room', 'room', 'dark', 'table', 'wall'), tilt=6, shadow='none')
def lampshade(canvas):
    colour, lit = canvas.pick(rgb(240, 228, 200), rgb(240, 228, 200), canvas.any_colour(),
                              canvas.tint(30, .5, .8)), canvas.chance(.7)
    foot = canvas.pick(GOLD, WOOD, STEEL, canvas.any_colour())
    if canvas.chance(.75):
        shapes = [(.1, .05), (.25, .16), (.5, .24), (.75, .12), (.85, .06), (.92, .3), (.98, .34)]
        lathe(canvas, shapes if canvas.chance(.6) else [(.1, .04), (.85, .04), (.92, .32), (.98, .34)], foot,
              .5)
    top, low = canvas.uniform(.25, .5), canvas.uniform(.72, .92)
    if lit:
        glow(canvas, 0, -.3, 1.5, (255, 220, 150), .5)
    rim = [(x, .1 + .1 * math.sqrt(1 - (x / low) ** 2)) for x in np.linspace(-low, low, 13)]
    path = poly([(-top, -.85)] + rim + [(top, -.85)])
    bright = mix(colour, rgb(255, 240, 190), .55)
    canvas.fill(path, radial(0, -.3, .95, [mix(bright, WHITE, .5), bright, dim(colour, .75)]) if lit
                else linear(-low, 0, low, 0, [dim(colour, .6), dim(colour, 1.1), dim(colour, .5)]))
    with canvas.inside(path):
        kind = canvas.pick('pleats', 'plain', 'band', 'pleats')
        for t in np.linspace(-1, 1, 23) if kind == 'pleats' else ():
            canvas.line(t * top, -.85, t * low, .2, dim(colour, .75), .015, alpha=.6)
        if kind == 'band':
            canvas.curve([(-low * .85, -.12), (0, -.02), (low * .85, -.12)], canvas.any_colour(), .12,
                         alpha=.7)
        canvas.curve([(-low, .1), (0, .29), (low, .1)], dim(colour, .7), .06)
    canvas.oval(0, -.85, top, top * .14, mix(bright, WHITE, .6) if lit else dim(colour, .5))


@drawing(494, 'chime', 'thing', places=('leaves', 'wall', 'open_sky', 'plain', 'clutter'), tilt=8,
         shadow='none')
def chime(canvas):
    """A bell, or wind chimes of pipes."""
    if canvas.chance(.4):
        wood, metal = canvas.pick(WOOD, rgb(70, 46, 30)), canvas.pick(STEEL, GOLD, canvas.tint(160, .3, .6))
        n = canvas.integer(5, 8)
        for x in (-.4, .4):
            canvas.line(0, -1.05, x, -.75, rgb(90, 84, 76), .015)
        for k in np.argsort(np.cos(np.linspace(0, math.pi, n))):
            x = -.5 + 1.0 * k / (n - 1)
            high = .75 + .09 * k
            canvas.line(x, -.72, x, -.5, rgb(120, 112, 100), .012)
            rod(canvas, x, -.5, x + canvas.normal(.02), -.5 + high, .09, metal, .8)
        lathe(canvas, [(-.8, .62), (-.7, .64)], wood, .3)
        canvas.line(0, -.7, 0, .7, rgb(120, 112, 100), .012)
        ball(canvas, 0, .0, .13, wood)
        canvas.oval(0, .8, .14, .2, wood)
        return
    bronze = canvas.pick(canvas.tint(42, .65, .75), canvas.tint(38, .6, .5), canvas.tint(150, .3, .45), STEEL)
    lathe(canvas, [(-.75, .1), (-.68, .28), (-.5, .4), (.1, .5), (.45, .66), (.68, .88), (.74, .9)], bronze,
          .75)
    for y, half in ((-.45, .42), (.3, .58), (.6, .82)):
        for tone, shift in ((dim(bronze, .5), .02), (mix(bronze, WHITE, .5), 0)):
            canvas.curve([(-half, y + shift), (-half * .5, y + half * .18 + shift),
                          (half * .5, y + half * .18 + shift), (half, y + shift)], tone, .02)
    canvas.oval(0, .76, .86, .18, dim(bronze, .25))
    ball(canvas, canvas.normal(.15), .86, .13, dim(bronze, .7))
    canvas.disc(0, -.85, .12, dim(bronze, .8), width=.06)


# ---- Music -------------------------------------------------------------------------------------------------

def string_body(canvas, points, wood, rim):
    """The belly of a violin or guitar: grain, light, a dark edge."""
    path = smooth([(x, y) for x, y in points] + [(-x, y) for x, y in points[::-1]])
    canvas.fill(path, dim(wood, .35), width=.07)
    canvas.fill(path, radial(canvas.light[0] * .3, .1, 1.1, [mix(wood, rgb(255, 220, 150), .45), wood,
                                                             dim(wood, .5)]))
    with canvas.inside(path):
        n = 60
        strokes(canvas, canvas.spread(-.7, .7, n), canvas.spread(-.6, .8, n), 1.57, .4,
                canvas.vary(dim(wood, .85), n, .15), .01, .4, 1)
    canvas.fill(path, rim, width=.025)


@drawing(889, 'violin', 'thing', tilt=60, places=('plain', 'studio', 'table', 'clutter', 'room'))
def violin(canvas):
    wood, black = canvas.tint(canvas.pick(18, 24, 12), .8, canvas.uniform(.4, .65)), rgb(28, 22, 20)
    canvas.sk.scale(canvas.uniform(.75, 1), 1)
    string_body(canvas, [(.05, -.3), (.3, -.28), (.34, -.05), (.2, .12), (.2, .25), (.24, .38), (.42, .5),
                         (.42, .85), (.2, 1.0), (.02, 1.0)], wood, dim(wood, .45))
    canvas.fill(poly([(-.045, -.7), (.045, -.7), (.07, .32), (-.07, .32)]), black)
    for side in (-1, 1):
        canvas.curve([(side * .17, .22), (side * .2, .3), (side * .16, .42), (side * .2, .52)],
                     rgb(20, 12, 10), .025)
        for y in (-.78, -.87):
            canvas.line(0, y, side * .15, y + .02, black, .03)
            canvas.disc(side * .15, y + .02, .03, black)
    canvas.fill(poly([(-.05, .55), (.05, .55), (.08, .93), (-.08, .93)]), black)
    canvas.rect(-.13, .42, .13, .46, rgb(205, 160, 100))
    canvas.fill(limb([(0, -.68), (0, -.95)], [.1, .09]), wood)
    canvas.curve([(x, y - .98) for x, y in spiral(1.3, .07, .02, 16)], dim(wood, .7), .045)
    for x in np.linspace(-.035, .035, 4):
        canvas.line(x, -.75, x * 2, .6, rgb(225, 220, 205), .007)
    if canvas.chance(.4):
        canvas.line(.5, -.9, .62, 1.0, rgb(70, 36, 24), .03)
        canvas.line(.54, -.88, .67, .98, rgb(235, 232, 222), .015)


@drawing(402, 'acoustic guitar', 'thing', tilt=60, places=('plain', 'studio', 'room', 'wall', 'clutter'))
def acoustic_guitar(canvas):
    wood = canvas.pick(canvas.tint(35, .55, .85), canvas.tint(35, .55, .85), canvas.tint(18, .7, .5),
                       canvas.tint(8, .7, .4), rgb(40, 36, 38))
    neck = rgb(60, 38, 26)
    canvas.sk.scale(canvas.uniform(.75, 1), 1)
    string_body(canvas, [(.04, -.08), (.3, -.08), (.36, .12), (.25, .32), (.34, .46), (.5, .68), (.4, .98),
                         (.03, 1.02)], wood, rgb(236, 222, 190))
    for r, tone in ((.17, rgb(200, 160, 100)), (.155, rgb(60, 40, 30)), (.135, rgb(24, 16, 12))):
        canvas.disc(0, .33, r, tone)
    if canvas.chance(.5):
        canvas.fill(smooth([(.1, .4), (.2, .3), (.3, .45), (.26, .62), (.12, .5)]), rgb(60, 28, 18))
    canvas.rect(-.055, -.8, .055, .24, linear(-.06, 0, .06, 0, [dim(neck, 1.4), dim(neck, .8)]))
    for k in range(14):
        y = .22 - 1.0 * (1 - .94 ** (k * 1.6)) * 1.25
        if y > -.78:
            canvas.line(-.055, y, .055, y, rgb(200, 196, 180), .008)
    canvas.fill(poly([(-.07, -.78), (-.1, -1.05), (.1, -1.05), (.07, -.78)]), dim(neck, .9))
    for side in (-1, 1):
        for y in (-.84, -.92, -1.0):
            canvas.disc(side * .125, y, .028, rgb(225, 222, 210))
    canvas.rect(-.2, .72, .2, .78, dim(neck, .8), round=.02)
    for x in np.linspace(-.042, .042, 6):
        canvas.line(x, -.8, x * 1.4, .74, rgb(228, 222, 205), .006)


@drawing(579, 'grand piano', 'thing', tilt=4, places=('room', 'room', 'studio', 'dark', 'plain'),
         shadow='none')
def grand_piano(canvas):
    """From the side of the keys: a black wing with its lid open on a prop."""
    tone = canvas.pick(rgb(24, 24, 28), rgb(24, 24, 28), rgb(24, 24, 28), canvas.tint(18, .65, .35),
                       WHITE * .94)
    for x, y in ((-.7, .95), (.55, .95), (.75, .7)):
        canvas.fill(poly([(x - .06, .3), (x + .06, .3), (x + .04, y), (x - .04, y)]),
                    linear(x - .06, 0, x + .06, 0, [mix(tone, WHITE, .35), dim(tone, .6)]))
        canvas.disc(x, y, .04, GOLD)
    if canvas.chance(.85):
        lid = smooth([(-.92, .02), (-.92, .02), (-.75, -.85), (-.3, -1.0), (.3, -.72), (.85, -.55),
                      (1.0, -.3), (.98, -.02)])
        canvas.fill(lid, linear(-.6, -.9, .6, .1, [mix(tone, WHITE, .45), tone, mix(tone, WHITE, .15)]))
        canvas.line(.55, .02, .42, -.5, mix(tone, WHITE, .2), .03)
        canvas.fill(poly([(-.9, .0), (.98, -.05), (.98, .1), (-.9, .1)]),
                    linear(0, 0, 0, .1, [rgb(190, 140, 60), rgb(120, 80, 30)]))
        for x in np.linspace(-.7, .85, 24):
            canvas.line(x, .0, x + .08, .09, rgb(235, 210, 150), .007)
    side = smooth([(-.95, .06), (-.95, .06), (.95, .04), (1.05, .06), (1.0, .3), (.5, .4), (-.95, .44),
                   (-.95, .44)])
    canvas.fill(side, linear(0, .05, 0, .42, [mix(tone, WHITE, .4), tone, dim(tone, .6)]))
    canvas.fill(poly([(-1.02, .22), (-.1, .22), (-.2, .36), (-1.1, .36)]), WHITE * .95)
    for x in np.linspace(-1.0, -.16, 25):
        canvas.line(x, .22, x - .09, .36, rgb(120, 120, 120), .006)
    for k, x in enumerate(np.linspace(-.97, -.19, 24)):
        if k % 7 not in (2, 6):
            canvas.line(x, .22, x - .05, .3, rgb(18, 18, 20), .018)
    canvas.fill(poly([(-1.1, .36), (-.2, .36), (-.2, .44), (-1.1, .44)]), tone)
    canvas.fill(poly([(-.9, .2), (-.3, .2), (-.35, -.08), (-.85, -.08)]), mix(tone, WHITE, .12))
    if canvas.chance(.6):
        canvas.rect(-.75, .68, -.15, .76, rgb(34, 28, 28), round=.03)
        for x in (-.7, -.2):
            canvas.line(x, .76, x, .98, tone, .05)


# ---- Rooms and fairs ---------------------------------------------------------------------------------------

@drawing(453, 'bookcase', 'thing', tilt=3, places=('room', 'room', 'wall', 'plain'), size=(.4, .7),
         shadow='none')
def bookcase(canvas):
    wood = canvas.pick(WOOD, rgb(90, 56, 34), rgb(190, 150, 100), WHITE * .93, rgb(60, 44, 36))
    w, rows = canvas.uniform(.65, 1.0), canvas.integer(3, 6)
    canvas.rect(-w, -1, w, 1, linear(-w, 0, w, 0, [dim(wood, 1.1), dim(wood, .75)]))
    high = 1.86 / rows
    for j in range(rows):
        y = -.93 + (j + 1) * high
        canvas.rect(-w + .06, y - high + .04, w - .06, y, dim(wood, .32))
        x = -w + .08
        while x < w - .14:
            if canvas.chance(.06):
                x += canvas.uniform(.05, .25)
                continue
            thick, tall = canvas.uniform(.035, .1), (high - .06) * canvas.uniform(.65, .97)
            tone = canvas.pick(canvas.any_colour(), canvas.tint(20, .6, .4, 20), canvas.tint(220, .4, .4, 30),
                               canvas.tint(40, .3, .8))
            canvas.rect(x, y - tall, x + thick, y, linear(x, 0, x + thick, 0,
                                                          [dim(tone, .7), dim(tone, 1.1), dim(tone, .6)]))
            canvas.rect(x, y - tall * .8, x + thick, y - tall * .74, mix(tone, GOLD, .7))
            x += thick + .004
        canvas.rect(-w, y, w, y + .045, linear(0, y, 0, y + .045, [dim(wood, 1.2), dim(wood, .7)]))
    for x in (-w, w - .06):
        canvas.rect(x, -1, x + .06, 1, linear(x, 0, x + .06, 0, [dim(wood, 1.2), dim(wood, .8)]))
    canvas.rect(-w - .03, -1.04, w + .03, -.95, dim(wood, 1.1))


@drawing(506, 'coil', 'thing', tilt=180, places=('plain', 'studio', 'table', 'clutter', 'stones'))
def coil(canvas):
    """A spring, a rolled rope or a flat spiral."""
    colour = canvas.pick(STEEL, STEEL, GOLD, canvas.tint(20, .7, .7), canvas.any_colour(),
                         canvas.tint(35, .4, .7))
    kind = canvas.pick('spring', 'spring', 'flat', 'rope')
    layers = ((1, .4, 0), (.75, .85, 0), (.35, 1.35, -.12))
    if kind == 'spring':
        n, r = canvas.integer(5, 11), canvas.uniform(.35, .6)
        w = min(.16, 1.1 / n)
        for half in (1, 0):
            for k in range(n):
                y = -.85 + 1.7 * k / n
                t = np.linspace(0, math.pi, 12) + half * math.pi
                points = list(zip(r * np.cos(t), y + 1.7 / n * (t - half * math.pi) / (2 * math.pi) + half
                                  * .85 / n + .2 * r * np.sin(t)))
                for share, light, shift in layers:
                    canvas.curve([(a, b + shift * w) for a, b in points],
                                 dim(colour, light * (.6 if half else 1)), w * share)
        return
    turns = canvas.integer(4, 8)
    points = spiral(turns, .06, .92, 30 * turns, canvas.uniform(.7, 1))
    w = .8 / turns
    for share, light, shift in layers:
        canvas.curve([(a, b + shift * w) for a, b in points], dim(colour, light), w * share)
    if kind == 'rope':
        p = np.asarray(spiral(turns, .06, .92, 34 * turns))
        strokes(canvas, p[:, 0], p[:, 1], np.arctan2(p[:, 1], p[:, 0]) + .7, w * .5, dim(colour, .5), w * .1,
                .8, 1)


@drawing(701, 'parachute', 'airborne', tilt=12)
def parachute(canvas):
    colours = [canvas.any_colour() for _ in range(canvas.integer(1, 4))]
    man = (canvas.normal(.06), .82)
    if canvas.chance(.45):
        n, bend = 9, canvas.uniform(.2, .4)
        x = np.linspace(-1, 1, n + 1)
        top, low = -.75 + bend * x * x, -.45 + bend * x * x * 1.15
        for a in x[::2]:
            canvas.line(a * .95, -.45 + bend * a * a * 1.15, *man, rgb(70, 70, 74), .006)
        for k in range(n):
            tone = dim(colours[k % len(colours)], .85 + .2 * x[k] * canvas.light[0])
            canvas.fill(smooth([(x[k], top[k]), (x[k], top[k]), ((x[k] + x[k + 1]) / 2, (top[k] + top[k + 1])
                                                                 / 2 - .05), (x[k + 1], top[k + 1]),
                                                                 (x[k + 1], top[k + 1]),
                                (x[k + 1], low[k + 1]), (x[k + 1], low[k + 1]), (x[k], low[k]),
                                (x[k], low[k])]), linear(x[k], 0, x[k + 1], 0,
                                                         [dim(tone, .8), dim(tone, 1.1), dim(tone, .75)]))
    else:
        n = 8
        edge = np.sin(np.linspace(-1.57, 1.57, n + 1)) * .95
        for a in edge:
            canvas.line(a, -.1, *man, rgb(70, 70, 74), .006)
        canvas.oval(0, -.1, .93, .1, dim(colours[0], .4))
        for k, (a, b) in enumerate(zip(edge, edge[1:])):
            tone = dim(colours[k % len(colours)], .85 + .25 * (a + b) / 2 * canvas.light[0])
            canvas.fill(smooth([(0, -1.0), (0, -1.0), (a * .6, -.9), (a * .97, -.5), (a, -.1), (a, -.1),
                                ((a + b) / 2, -.02), (b, -.1), (b, -.1), (b * .97, -.5), (b * .6, -.9)]),
                        linear(a, 0, b, 0, [dim(tone, .75), dim(tone, 1.1), dim(tone, .8)]))
    suit = canvas.any_colour()
    canvas.fill(limb([man, (man[0], man[1] + .16)], [.09, .07]), suit)
    for side in (-1, 1):
        canvas.line(man[0], man[1] + .14, man[0] + side * .05, man[1] + .28, dim(suit, .7), .035)
        canvas.line(man[0], man[1] + .02, man[0] + side * .07, man[1] - .1, dim(suit, .9), .028)
    canvas.disc(man[0], man[1] - .06, .04, rgb(210, 170, 140))


@drawing(724, 'pirate', 'ship')
def pirate(canvas):
    """A three-masted ship with square sails and a black flag."""
    wood = canvas.tint(26, .6, canvas.uniform(.28, .42))
    cloth_ = canvas.pick(rgb(232, 222, 196), rgb(44, 42, 44), canvas.tint(2, .6, .45), rgb(205, 190, 160))
    with canvas.at(0, .06, 1, canvas.normal(5)):
        canvas.sk.scale(canvas.uniform(.75, 1), 1)
        for x, high, wide in ((-.52, .95, .3), (.48, 1.0, .32), (-.02, 1.15, .38)):
            rod(canvas, x, .5, x, .45 - high * 1.28, .035, dim(wood, .9))
            for k in range(3):
                low, w = .45 - high * (1.2 - .3 * (2 - k)) + .3, wide * (1 - .2 * k)
                top = low - .34 * high
                bulge_ = canvas.uniform(.03, .1)
                sail = smooth([(x - w * .85, top), (x - w * .85, top), (x + w * .85, top), (x + w * .85, top),
                               (x + w + bulge_, (top + low) / 2), (x + w, low), (x + w, low), (x, low - .06),
                               (x - w, low), (x - w, low), (x - w + bulge_, (top + low) / 2)])
                canvas.fill(sail, linear(x - w, 0, x + w, 0, [dim(cloth_, 1.05), dim(cloth_, .95),
                                                              dim(cloth_, .6)]))
                canvas.fill(sail, dim(cloth_, .5), width=.01)
                canvas.line(x - w * .9, top, x + w * .9, top, dim(wood, .7), .025)
        flag = smooth([(-.02, -1.1), (-.02, -1.1), (-.2, -1.14), (-.36, -1.06), (-.36, -.92), (-.2, -.98),
                       (-.02, -.94), (-.02, -.94)])
        canvas.fill(flag, rgb(20, 20, 22))
        canvas.disc(-.18, -1.06, .04, WHITE)
        canvas.line(-.25, -1.0, -.11, -1.0, WHITE, .018)
        canvas.line(.75, .32, 1.1, .05, dim(wood, .8), .03)
        for a, b in (((.48, -.75), (1.08, .06)), ((-.02, -.95), (.48, -.4)), ((-.52, -.7), (-.95, .2))):
            canvas.line(*a, *b, rgb(60, 50, 42), .007)
        body = smooth([(-1.0, .1), (-1.0, .1), (-.62, .16), (-.55, .34), (.4, .36), (.5, .26), (.92, .2),
                       (.92, .2), (.75, .6), (.55, .78), (-.72, .78), (-.92, .5)])
        canvas.fill(body, linear(0, .1, 0, .8, [dim(wood, 1.3), wood, dim(wood, .5)]))
        with canvas.inside(body):
            for y in np.arange(.2, .8, .07):
                canvas.line(-1, y, 1, y, dim(wood, .65), .012)
            canvas.line(-1.0, .4, .95, .42, GOLD, .025)
            for x in np.linspace(-.55, .45, 6):
                canvas.rect(x - .04, .48, x + .04, .56, rgb(22, 18, 16))
                canvas.disc(x, .52, .022, rgb(70, 70, 72))
            for x in (-.9, -.8, -.7):
                canvas.rect(x - .03, .22, x + .03, .32, rgb(245, 210, 110))
        for _ in range(8):
            x = canvas.uniform(-.9, .6)
            canvas.line(x, .78 + canvas.uniform(0, .05), x + canvas.uniform(.1, .4),
                        .79 + canvas.uniform(0, .06), rgb(225, 235, 240), .018, alpha=.7)


@drawing(476, 'carousel', 'building', places=('street', 'dark', 'lawn', 'clutter', 'open_sky'))
def carousel(canvas):
    """A striped tent roof over painted horses on gilded poles."""
    first, second = canvas.pick((canvas.tint(355, .8, .75), WHITE * .95),
                                (canvas.tint(220, .6, .6), WHITE * .95),
                                (canvas.tint(45, .8, .9), canvas.tint(350, .75, .7)),
                                (canvas.tint(300, .4, .75), canvas.tint(190, .5, .8)))
    lathe(canvas, [(.68, .95), (.72, 1.0), (.86, 1.0)], dim(first, .8), .2, tilt=.1)
    canvas.oval(0, .69, .97, .12, rgb(176, 130, 86))
    lathe(canvas, [(-.25, .3), (.68, .3)], mix(second, GOLD, .3), .3)
    for x in (-.2, 0, .2):
        canvas.rect(x - .07, -.1, x + .07, .5, rgb(190, 215, 235), round=.03)
        canvas.rect(x - .07, -.1, x + .07, .5, GOLD, width=.02, round=.03)
    start = canvas.uniform(0, 1)
    for k in sorted(range(9), key=lambda k: math.sin(2 * math.pi * (k + start) / 9)):
        a = 2 * math.pi * (k + start) / 9
        x, near = .78 * math.cos(a), math.sin(a)
        if near < -.5:
            continue
        y, size = .4 + .12 * near + .08 * math.sin(3 * a + start * 9), .24 + .05 * near
        canvas.line(x, -.3, x, .69 + .1 * near, GOLD, .025)
        with canvas.at(x, y, size, canvas.normal(4), start < .5):
            merry_horse(canvas, canvas.pick(WHITE * .96, WHITE * .9, rgb(120, 76, 46), rgb(60, 52, 50)),
                        canvas.any_colour())
    n = 14
    edge = -np.cos(np.linspace(0, math.pi, n + 1)) * 1.0
    for k, (a, b) in enumerate(zip(edge, edge[1:])):
        tone = dim((first, second)[k % 2], .85 + .25 * (a + b) / 2 * canvas.light[0])
        canvas.fill(poly([(0, -1.0), (a, -.42 + .1 * math.sqrt(1 - a * a)),
                          (b, -.42 + .1 * math.sqrt(1 - b * b))]), tone)
        m = (a + b) / 2
        drop = .1 * math.sqrt(max(0, 1 - m * m))
        canvas.fill(smooth([(a, -.42 + drop), (a, -.42 + drop), (b, -.42 + drop), (b, -.42 + drop),
                            (b, -.28 + drop), (m, -.18 + drop), (a, -.28 + drop)]),
                            dim((second, first)[k % 2], .9))
    specks(canvas, edge, -.4 + .1 * np.sqrt(np.clip(1 - edge ** 2, 0, 1)), .022, (255, 240, 180))
    ball(canvas, 0, -1.0, .05, GOLD)


def merry_horse(canvas, coat, saddle):
    """A leaping wooden horse."""
    for points in ([(-.7, .1), (-.95, .5), (-.75, .85)], [(-.55, .15), (-.5, .6), (-.75, .8)],
                   [(.5, .15), (.85, .45), (.65, .75)], [(.6, .05), (1.0, .2), (1.0, .55)]):
        canvas.fill(limb(points, [.32, .16, .12]), dim(coat, .75))
    canvas.curve([(-.85, -.1), (-1.15, .1), (-1.1, .6)], mix(coat, rgb(230, 200, 120), .7), .16)
    canvas.fill(smooth([(-.9, -.1), (-.6, -.35), (.2, -.25), (.5, -.4), (.75, 0), (.5, .32), (-.2, .3),
                        (-.75, .32)]), linear(0, -.4, 0, .35, [mix(coat, WHITE, .3), dim(coat, .7)]))
    canvas.fill(limb([(.45, .0), (.75, -.55), (.95, -.85)], [.5, .34, .26]),
                linear(.4, -.5, 1, -.4, [coat, dim(coat, .8)]))
    canvas.fill(limb([(.9, -.88), (1.15, -.7), (1.28, -.52)], [.28, .22, .16]), coat)
    canvas.curve([(.85, -1.02), (.55, -.75), (.35, -.3)], mix(coat, rgb(230, 200, 120), .7), .15)
    canvas.fill(smooth([(-.35, -.4), (.25, -.36), (.2, .1), (-.3, .1)]), saddle)
    canvas.line(.4, -.1, .95, -.62, saddle, .07)
