"""Scenes: the surroundings of a thing, where it stands, and the camera that takes the picture.

    picture = draw(207, seed=3)          # (160, 160, 3) uint8: one golden retriever somewhere

A picture is made in this order: surroundings (often out of focus), shadow, the thing or several, sometimes
something in front of it, light, camera (exposure, colour cast, blur, noise, JPEG). Surroundings paint the
whole sheet in pixels of a 160 x 160 sheet, whatever its real size; KINDS says which of them suit a kind of
thing.
"""

import math

import numpy as np
import skia

from train.drawings.brushes import (
    BLACK,
    WHITE,
    Blend,
    Canvas,
    ball,
    beams,
    blob,
    box,
    bricks,
    cloud,
    dim,
    foliage,
    glow,
    grass,
    hairs,
    hsv,
    leaf,
    linear,
    mix,
    noise,
    planks,
    poly,
    radial,
    ripples,
    smooth,
    specks,
    stars,
    strokes,
    tree,
    weave,
    windows,
)
from train.drawings.registry import drawings

SIDE = 160             # the sheet of the surroundings, in units; the real size is the canvas's


# ---- Surroundings ------------------------------------------------------------------------------------------
# Each paints the whole sheet (0..160) and may return the height of the ground on which things stand.

def plain(canvas):
    """A wall or studio paper with a gradient."""
    first = backdrop(canvas)
    second = mix(first, backdrop(canvas), canvas.uniform(0, .5))
    way = canvas.uniform(0, 6.3)
    x, y = 80 + 113 * math.cos(way), 80 + 113 * math.sin(way)
    canvas.flood(linear(x, y, 160 - x, 160 - y, [first, second]))
    if canvas.chance(.5):
        noise(canvas, canvas.uniform(6, 60), canvas.uniform(.1, .5), octaves=4)


def studio(canvas):
    """Paper sweep: white, grey or black background with a soft floor."""
    tone = canvas.pick(rgb3(245), rgb3(225), rgb3(180), rgb3(90), rgb3(25), backdrop(canvas))
    canvas.flood(radial(80, 60, 130, [dim(tone, 1.08), tone, dim(tone, .75)]))
    return canvas.uniform(105, 140)


def backdrop(canvas):
    """A colour for walls, papers and cloths: any, but seldom the strong magenta and green that photographs
    lack.
    """
    hue, strong = canvas.uniform(0, 360), canvas.uniform(0, .95)
    rare = 75 < hue < 170 or 265 < hue < 345
    return hsv(hue, strong * (.35 if rare and canvas.chance(.9) else .85), canvas.uniform(.12, 1))


def rgb3(value):
    return np.array((value, value, value), float)


def sky(canvas, horizon=160.0):
    """Blue, hazy, evening or stormy sky with clouds, down to the horizon. Returns its colour there."""
    kind = canvas.integer(0, 9)
    if kind <= 5:
        top, low = canvas.tint(212, .6, .8, 10, .25, .18), canvas.tint(208, .22, .94, 10, .12, .05)
    elif kind == 6:
        top, low = canvas.tint(225, .45, .5, 15), canvas.tint(25, .6, .95, 14)
    elif kind == 7:
        top, low = canvas.tint(215, .12, .6, 20, .08, .15), canvas.tint(210, .08, .8, 20)
    elif kind == 8:
        top, low = canvas.tint(265, .4, .55, 25), canvas.tint(340, .35, .9, 25)
    else:
        top, low = canvas.tint(225, .7, .18, 15), canvas.tint(220, .5, .4, 20)
    canvas.rect(0, 0, 160, 160, linear(0, 0, 0, horizon, [top, mix(top, low, .6), low]))
    if kind == 9:
        stars(canvas, 0, 0, 160, horizon, 50, .7)
    white = mix(WHITE, low, canvas.uniform(0, .5))
    style = canvas.integer(0, 3)
    if style == 0:
        for _ in range(canvas.integer(1, 5)):
            cloud(canvas, canvas.uniform(0, 160), canvas.uniform(.1, .8) * horizon, canvas.uniform(18, 50),
                  canvas.uniform(8, 26), white)
    elif style == 1:
        with canvas.inside(box(0, 0, 160, horizon)):
            soft = field_clouds(canvas, canvas.uniform(.2, .7))
            canvas.picture(np.dstack([np.broadcast_to(white, soft.shape + (3,)), 255 * soft]), 0, 0, 160,
                           horizon)
    elif style == 2:
        for _ in range(canvas.integer(3, 10)):
            y = canvas.uniform(0, horizon)
            canvas.oval(canvas.uniform(0, 160), y, canvas.uniform(20, 70), canvas.uniform(1, 5), white,
                        canvas.normal(6),
                        alpha=canvas.uniform(.15, .5), blur=2)
    if canvas.chance(.12):
        glow(canvas, canvas.uniform(10, 150), canvas.uniform(.1, .9) * horizon, canvas.uniform(20, 70),
             (255, 240, 200), .9)
    return low


def field_clouds(canvas, cover):
    """Cloud cover (24, 24) of 0..1: sums of noise at four scales."""
    total = np.zeros((24, 24))
    for k in (3, 6, 12, 24):
        patch = canvas.rng.normal(0, 1, (k, k))
        total += np.repeat(np.repeat(patch, 24 // k, 0), 24 // k, 1) * (3 / k) ** .6
    smooth3 = (total + np.roll(total, 1, 0) + np.roll(total, 1, 1) + np.roll(total, (1, 1), (0, 1))) / 4
    return np.clip((smooth3 - np.quantile(smooth3, 1 - cover)) / 1.6, 0, .95)


def hills(canvas, horizon, haze, colour, rows=3):
    """Ridges one behind the other, the far ones hazy."""
    for row in range(rows):
        t = (row + 1) / rows
        tone = mix(haze, colour, t * .9)
        base, high = horizon + row * 6, canvas.uniform(6, 34) * (1.2 - .5 * t)
        x = np.linspace(-10, 170, 9)
        y = base - high * np.abs(canvas.rng.normal(.5, .4, 9))
        canvas.fill(smooth([(-20, 175)] + list(zip(x, y)) + [(180, 175)]),
                    linear(0, base - high, 0, base + 20, [dim(tone, 1.1), dim(tone, .8)]))
        if canvas.chance(.5) and t > .4:
            n = canvas.integer(10, 40)
            px = canvas.spread(0, 160, n)
            strokes(canvas, px, np.interp(px, x, y) + 3, -math.pi / 2, canvas.spread(3, 10, n),
                    canvas.vary(dim(tone, .6), n),
                    canvas.uniform(2, 5))


def meadow(canvas):
    """Sky, hills, trees and grass."""
    horizon = canvas.uniform(35, 100)
    haze = sky(canvas, horizon)
    green = canvas.tint(canvas.pick(100, 95, 75, 55, 45), .5, .5, 15, .15, .15)
    hills(canvas, horizon, haze, mix(green, canvas.tint(140, .3, .4), .4), canvas.integer(1, 3))
    canvas.rect(0, horizon + 6, 160, 160, linear(0, horizon, 0, 160,
                                                 [mix(green, haze, .3), green, dim(green, .65)]))
    for _ in range(canvas.integer(0, 4)):
        foot = canvas.uniform(horizon + 2, horizon + 16)
        tree(canvas, canvas.uniform(-5, 165), foot, canvas.uniform(18, 65), canvas.tint(105, .5, .4, 25),
             kind=canvas.pick("round", "round", "fir"))
    near = np.linspace(horizon + 8, 158, 4)
    for y in near:
        grass(canvas, -5, 165, y - 4, y + 8, dim(green, canvas.uniform(.7, 1.2)), 90, 3 + (y - horizon) * .12,
              1.3)
    if canvas.chance(.3):
        n = 40
        specks(canvas, canvas.spread(0, 160, n), canvas.spread(horizon + 15, 160, n),
               canvas.spread(.5, 1.6, n),
               canvas.vary(canvas.any_colour(), n))
    return canvas.uniform(max(horizon + 20, 100), 150)


def lawn(canvas):
    """Grass seen from above."""
    green = canvas.tint(canvas.pick(100, 90, 75, 50), .5, .45, 12, .15, .15)
    canvas.flood(linear(0, 0, 0, 160, [mix(green, WHITE, .15), dim(green, .7)]))
    for y in np.linspace(0, 165, 8):
        grass(canvas, -5, 165, y - 12, y + 12, dim(green, canvas.uniform(.75, 1.25)), 90,
              canvas.uniform(10, 22), 1.8)
    return canvas.uniform(110, 150)


def forest(canvas):
    """Trunks and leaves, light falling through."""
    green = canvas.tint(100, .5, .35, 25)
    canvas.flood(linear(0, 0, 0, 160, [mix(green, canvas.tint(70, .3, .9), .5), dim(green, .6)]))
    for _ in range(canvas.integer(4, 9)):
        x, w = canvas.uniform(-5, 165), canvas.uniform(3, 14)
        bark = canvas.tint(28, .35, .3, 10, .15, .12)
        canvas.fill(poly([(x - w / 2, 0), (x + w / 2, 0), (x + w * .7, 150), (x - w * .7, 150)]),
                    linear(x - w / 2, 0, x + w / 2, 0, [dim(bark, 1.3), dim(bark, .5)]))
    for _ in range(canvas.integer(4, 8)):
        foliage(canvas, canvas.uniform(0, 160), canvas.uniform(0, 120), canvas.uniform(20, 45),
                canvas.uniform(14, 30),
                dim(green, canvas.uniform(.8, 1.8)), 60, canvas.uniform(5, 10))
    floor = canvas.tint(35, .4, .35, 15)
    canvas.rect(0, 128, 160, 160, linear(0, 124, 0, 160, [dim(green, .6), floor]), blur=6)
    if canvas.chance(.4):
        beams(canvas, canvas.uniform(0, 160), -20, 200, 60, 120, 5)
    return canvas.uniform(125, 152)


def leaves(canvas):
    """Close leaves, some lit, some dark, with spots of light behind."""
    green = canvas.tint(canvas.pick(100, 110, 80, 40), .55, .42, 15, .15, .15)
    canvas.flood(linear(0, 0, 160, 160, [dim(green, 1.3), dim(green, .4)]))
    bokeh(canvas, 14, mix(green, WHITE, .5))
    for k in range(canvas.integer(20, 55)):
        leaf(canvas, canvas.uniform(-10, 170), canvas.uniform(-10, 170), canvas.uniform(0, 360),
             canvas.uniform(16, 55),
             canvas.uniform(5, 16), dim(green, canvas.uniform(.45, 1.5)), veins=k % 2 == 0)


def bokeh(canvas, n, colour):
    """Lights out of focus."""
    for _ in range(n):
        canvas.disc(canvas.uniform(0, 160), canvas.uniform(0, 160), canvas.uniform(3, 16),
                    mix(colour, backdrop(canvas), .2),
                    alpha=canvas.uniform(.1, .5), blur=canvas.uniform(.1, 2))


def clutter(canvas):
    """Things far out of focus: patches of related colours."""
    base = backdrop(canvas)
    canvas.flood(base)
    with canvas.layer(blur=canvas.uniform(3, 9)):
        for _ in range(canvas.integer(10, 24)):
            tone = mix(base, backdrop(canvas), canvas.uniform(.2, .9))
            x, y, r = canvas.uniform(0, 160), canvas.uniform(0, 160), canvas.uniform(8, 50)
            if canvas.chance(.5):
                canvas.rect(x - r, y - r * canvas.uniform(.2, 1.5), x + r, y + r, tone)
            else:
                canvas.fill(blob(canvas, x, y, r, r * canvas.uniform(.4, 1.2)), tone)
    if canvas.chance(.35):
        bokeh(canvas, canvas.integer(5, 20), mix(base, WHITE, .6))


def water(canvas):
    """Open water to the horizon, or from above."""
    horizon = canvas.pick(0, canvas.uniform(20, 80))
    haze = sky(canvas, max(horizon, 20))
    blue = canvas.tint(canvas.pick(205, 200, 190, 170, 215), .5, .5, 15, .2, .2)
    canvas.rect(0, horizon, 160, 160, linear(0, horizon, 0, 160, [mix(blue, haze, .6), blue, dim(blue, .6)]))
    ripples(canvas, -10, horizon, 170, 165, blue, canvas.integer(30, 80), canvas.uniform(25, 60))
    if canvas.chance(.3):
        n = 60
        y = canvas.spread(horizon, 160, n)
        strokes(canvas, canvas.rng.normal(canvas.uniform(30, 130), 20, n), y, 0.0, canvas.spread(2, 8, n),
                WHITE, 1.0, .6)
    return canvas.uniform(max(90, horizon + 20), 145)


def underwater(canvas):
    """Blue depth with light from above, sand, stones, weed, drifting specks."""
    blue = canvas.tint(canvas.pick(195, 205, 185, 175, 215), .7, .6, 10, .2, .2)
    canvas.flood(linear(0, 0, 0, 160, [mix(blue, WHITE, canvas.uniform(0, .45)), blue,
                                       dim(blue, canvas.uniform(.25, .6))]))
    if canvas.chance(.4):
        beams(canvas, canvas.uniform(0, 160), -30, 190, 50, 130, 6, (210, 240, 255), .25)
    if canvas.chance(.6):
        sand = mix(canvas.tint(42, .35, .75), blue, .4)
        low = canvas.uniform(110, 150)
        canvas.fill(smooth([(-10, 170), (-10, low), (50, low - canvas.uniform(0, 12)), (110, low + 6),
                            (175, low - 4), (175, 170)]),
                    linear(0, low - 8, 0, 165, [mix(sand, WHITE, .15), dim(sand, .6)]))
        for _ in range(canvas.integer(0, 9)):
            ball(canvas, canvas.uniform(0, 160), low + canvas.uniform(-4, 24), canvas.uniform(4, 18),
                 mix(canvas.any_colour(), blue, .55), .2, .3, canvas.uniform(.5, 1))
        if canvas.chance(.5):
            x = canvas.uniform(0, 160)
            hairs(canvas, canvas.rng.normal(x, 14, 40), np.full(40, low + 10.0),
                  canvas.rng.normal(-1.57, .2, 40),
                  canvas.spread(20, 60, 40), canvas.vary(mix(canvas.tint(120, .5, .4, 30), blue, .3), 40), 3,
                  .2)
    n = 50
    specks(canvas, canvas.spread(0, 160, n), canvas.spread(0, 160, n), canvas.spread(.2, 1, n),
           mix(blue, WHITE, .6), .4)


def room(canvas):
    """Wall and floor, perhaps a window, a picture, a sofa, a carpet."""
    wall, floor = canvas.tint(canvas.uniform(0, 360), .15, .75, 0, .15,
                              .2), canvas.tint(28, .45, .5, 12, .2, .2)
    edge = canvas.uniform(70, 125)
    canvas.rect(0, 0, 160, edge, linear(0, 0, 160, 0, [dim(wall, 1.1), dim(wall, .75)]))
    if canvas.chance(.5):
        planks(canvas, 0, edge, 160, 160, canvas.uniform(6, 14), floor)
    else:
        canvas.rect(0, edge, 160, 160, linear(0, edge, 0, 160, [floor, dim(floor, .75)]))
        noise(canvas, 3, .25)
    canvas.rect(0, edge - 5, 160, edge, dim(wall, 1.15))
    for _ in range(canvas.integer(0, 3)):
        x, y = canvas.uniform(-10, 140), canvas.uniform(0, edge - 40)
        w, h = canvas.uniform(18, 50), canvas.uniform(20, 50)
        canvas.rect(x, y, x + w, y + h, canvas.pick(canvas.any_colour(), rgb3(240), canvas.tint(30, .5, .3)))
        tone = canvas.pick(rgb3(250), canvas.tint(200, .3, .9), canvas.any_colour())
        canvas.rect(x + 3, y + 3, x + w - 3, y + h - 3, linear(x, y, x + w, y + h,
                                                               [tone, mix(tone, canvas.any_colour(), .4)]))
    if canvas.chance(.5):
        tone, x = backdrop(canvas), canvas.uniform(-30, 90)
        canvas.rect(x, edge - canvas.uniform(20, 40), x + canvas.uniform(50, 110), edge + 22, tone, round=9)
        canvas.rect(x - 8, edge - 4, x + 120, edge + 26, dim(tone, .85), round=8)
    if canvas.chance(.35):
        canvas.oval(80, canvas.uniform(130, 155), canvas.uniform(50, 90), canvas.uniform(12, 26),
                    canvas.any_colour())
    return canvas.uniform(max(edge + 12, 110), 152)


def table(canvas):
    """A wooden table, a cloth or a board, seen from above or at an angle."""
    tone = canvas.tint(canvas.pick(28, 35, 20, 45), .45, .6, 8, .25, .25)
    edge = canvas.pick(-5, -5, canvas.uniform(20, 80))
    if edge > 0:
        clutter(canvas)
    kind = canvas.integer(0, 3)
    if kind <= 1:
        planks(canvas, 0, edge, 160, 165, canvas.uniform(12, 40), tone, upright=canvas.chance(.5))
    elif kind == 2:
        canvas.rect(0, edge, 160, 160, mix(tone, backdrop(canvas), .7))
        with canvas.inside(box(0, edge, 160, 160)):
            weave(canvas, 0, edge, 160, 160, canvas.uniform(2.5, 8), backdrop(canvas), backdrop(canvas))
    else:
        canvas.rect(0, edge, 160, 160, linear(0, edge, 60, 160, [dim(tone, 1.3), dim(tone, .8)]))
        noise(canvas, canvas.uniform(4, 30), .4)
    return canvas.uniform(100, 145)


def street(canvas):
    """House fronts, pavement, asphalt."""
    edge = canvas.uniform(80, 120)
    sky(canvas, edge)
    x = -10.0
    while x < 160:
        w, top = canvas.uniform(25, 70), canvas.uniform(-20, 50)
        tone = canvas.tint(canvas.pick(25, 35, 15, 210, 45), .25, .65, 12, .2, .25)
        canvas.rect(x, top, x + w, edge, tone)
        with canvas.at(x, top, 1):
            canvas.sk.scale(w, edge - top)
            windows(canvas, canvas.integer(2, 4), canvas.integer(2, 5), frame=dim(tone, 1.2),
                    arched=canvas.chance(.2))
        x += w
    asphalt = canvas.tint(220, .05, .4, 30, .04, .15)
    canvas.rect(0, edge, 160, 160, linear(0, edge, 0, 160, [dim(asphalt, 1.25), dim(asphalt, .8)]))
    canvas.rect(0, edge, 160, edge + canvas.uniform(3, 10), dim(asphalt, 1.5))
    noise(canvas, 2, .2)
    return canvas.uniform(edge + 14, 150)


def desert(canvas):
    """Sand or stones under a sky; snow if cold."""
    horizon = canvas.uniform(30, 95)
    haze = sky(canvas, horizon)
    ground = canvas.pick(canvas.tint(36, .45, .8), canvas.tint(28, .5, .6),
                         canvas.tint(215, .06, .95, 20, .04, .04))
    hills(canvas, horizon, haze, mix(ground, haze, .2), canvas.integer(1, 3))
    canvas.rect(0, horizon + 8, 160, 160, linear(0, horizon, 0, 160,
                                                 [mix(ground, haze, .3), ground, dim(ground, .8)]))
    noise(canvas, canvas.uniform(4, 14), .35, stretch=3)
    for _ in range(canvas.integer(0, 7)):
        y = canvas.uniform(horizon + 15, 160)
        ball(canvas, canvas.uniform(0, 160), y, (y - horizon) * canvas.uniform(.03, .14),
             dim(ground, canvas.uniform(.4, .9)), .2, .4, .6)
    return canvas.uniform(max(105, horizon + 20), 150)


def stones(canvas):
    """Gravel, pebbles or bare rock."""
    tone = canvas.tint(canvas.pick(30, 210, 20), .15, .5, 20, .1, .2)
    canvas.flood(dim(tone, .5))
    if canvas.chance(.5):
        for _ in range(70):
            ball(canvas, canvas.uniform(0, 160), canvas.uniform(0, 160), canvas.uniform(5, 16),
                 dim(tone, canvas.uniform(.5, 1.5)),
                 .25, .3, canvas.uniform(.6, 1))
    else:
        canvas.flood(tone)
        noise(canvas, canvas.uniform(20, 60), .9, Blend.kHardLight, 5, True)
        noise(canvas, 4, .5)
    return canvas.uniform(110, 150)


def wall(canvas):
    """Bricks, planks, tiles or plaster straight ahead."""
    tone, kind = canvas.tint(canvas.pick(12, 30, 40, 210), .35, .6, 10, .25, .25), canvas.integer(0, 3)
    with canvas.at(80, 80, 1, canvas.normal(4)):
        if kind == 0:
            bricks(canvas, -120, -120, 120, 120, canvas.uniform(14, 34), canvas.uniform(7, 14), tone)
        elif kind == 1:
            planks(canvas, -120, -120, 120, 120, canvas.uniform(9, 26), tone, upright=canvas.chance(.5))
        elif kind == 2:
            s = canvas.uniform(12, 30)
            bricks(canvas, -120, -120, 120, 120, s, s, mix(tone, WHITE, .4), joint=dim(tone, .8), wobble=.06)
        else:
            canvas.flood(mix(tone, WHITE, .5))
            noise(canvas, canvas.uniform(10, 40), .6, octaves=5)


def dark(canvas):
    """Night or a dark room: almost nothing."""
    tone = canvas.tint(canvas.uniform(0, 360), .4, .1, 0, .3, .07)
    canvas.flood(radial(canvas.uniform(30, 130), canvas.uniform(20, 100), 140,
                        [dim(tone, 2), tone, dim(tone, .4)]))
    if canvas.chance(.4):
        bokeh(canvas, canvas.integer(3, 10), canvas.tint(40, .5, .9, 30))


def open_sky(canvas):
    """Nothing but sky."""
    sky(canvas, canvas.uniform(140, 220))


PLACES = {f.__name__: f for f in (plain, studio, meadow, lawn, forest, leaves, clutter, water, underwater,
                                  room, table, street,
                                  desert, stones, wall, dark, open_sky)}
LAND = ("meadow", "meadow", "lawn", "lawn", "forest", "desert", "room", "street", "clutter", "stones")

# kind: places that suit it, smallest and largest half size (share of the picture's side), tilt (degrees),
# chance of several, kind of shadow ('ground', 'soft', 'none'); 'full': the drawing fills the whole sheet
# (0..160) by itself.
KINDS = {
    "beast": dict(places=LAND, size=(.36, .64), tilt=4, many=.15, shadow="none"),
    "pet": dict(places=("room", "room", "lawn", "meadow", "clutter", "table", "studio", "street"),
                size=(.36, .64), tilt=4, many=.15, shadow="none"),
    "bird": dict(places=("leaves", "forest", "clutter", "open_sky", "meadow", "lawn", "water", "stones"),
                 size=(.32, .62), tilt=10, many=.2, shadow="none"),
    "flyer": dict(places=("leaves", "lawn", "clutter", "meadow", "open_sky", "plain", "stones"),
                  size=(.26, .56), tilt=180, many=.2, shadow="soft"),
    "swimmer": dict(places=("underwater", "underwater", "underwater", "water", "studio"), size=(.3, .6),
                    tilt=20, many=.25, shadow="none"),
    "crawler": dict(places=("stones", "lawn", "leaves", "desert", "forest", "table", "wall"), size=(.3, .6),
                    tilt=180, many=.1, shadow="soft"),
    "plant": dict(places=("leaves", "lawn", "meadow", "clutter", "forest", "table", "plain"), size=(.3, .62),
                  tilt=25, many=.35, shadow="soft"),
    "food": dict(places=("table", "table", "table", "clutter", "plain", "studio", "wall"), size=(.32, .64),
                 tilt=30, many=.3, shadow="soft"),
    "thing": dict(places=("table", "room", "clutter", "plain", "studio", "wall", "lawn", "street"),
                  size=(.3, .6), tilt=25, many=.15, shadow="soft"),
    "building": dict(places=("meadow", "street", "desert", "water", "open_sky"), size=(.4, .68), tilt=2,
                     many=0, shadow="none"),
    "vehicle": dict(places=("street", "street", "meadow", "desert", "room", "clutter"), size=(.34, .62),
                    tilt=3, many=.1, shadow="ground"),
    "airborne": dict(places=("open_sky", "open_sky", "meadow", "water", "desert"), size=(.26, .6), tilt=20,
                     many=.2, shadow="none"),
    "ship": dict(places=("water", "water", "water", "open_sky"), size=(.34, .6), tilt=3, many=.1,
                 shadow="none"),
    "full": dict(places=("plain",), size=(1, 1), tilt=0, many=0, shadow="none"),
}


# ---- A picture ---------------------------------------------------------------------------------------------

def draw(index, seed, size=SIDE, surface=None):
    """One picture of the class: (size, size, 3) uint8, R G B. The same seed draws the same bytes."""
    canvas = Canvas(size, seed, surface)
    canvas.hard = canvas.uniform(.5, 1.5)
    drawing = drawings()[index]
    with canvas.at(0, 0, size / SIDE):
        compose(canvas, drawing)
        light(canvas)
    return camera(canvas, canvas.pixels())


def draw_alone(index, seed, size=SIDE):
    """The thing itself on grey, upright, filling the sheet: to judge a drawing."""
    canvas, drawing = Canvas(size, seed), drawings()[index]
    canvas.flood((128, 132, 128))
    full = drawing.kind == "full"
    with canvas.at(0, 0, size / SIDE) if full else canvas.at(size / 2, size / 2, size * .46):
        drawing.paint(canvas)
    return canvas.pixels()


def compose(canvas, drawing):
    """Surroundings and the thing in them, on the sheet 0..160."""
    kind = {**KINDS[drawing.kind], **drawing.options}
    if drawing.kind == "full":
        drawing.paint(canvas)
        return
    place = canvas.pick(*kind["places"]) if canvas.chance(.85) else canvas.pick(*PLACES)
    ground = PLACES[place](canvas) or canvas.uniform(110, 150)
    canvas.place = place
    if canvas.chance(.08):
        company(canvas, drawing, ground)
    if canvas.chance(.55):
        defocus(canvas, canvas.uniform(.8, 4.5))
    count = canvas.integer(2, 4) if canvas.chance(kind["many"]) else 1
    for _ in range(count):
        put(canvas, drawing, kind, ground, count)
    if canvas.chance(.1):
        in_front(canvas)


def company(canvas, drawing, ground):
    """Something else, small and behind the thing: photographs are rarely of one thing alone."""
    other = canvas.pick(*drawings().values())
    if other.kind not in ("full", "building", drawing.kind):
        put(canvas, other, {**KINDS[other.kind], **other.options, "size": (.14, .26)}, ground, 1)


def put(canvas, drawing, kind, ground, count):
    """One thing at a chance place: sometimes cropped by the edge, sometimes so near that only a part is
    seen.
    """
    low, high = (math.log(SIDE * v) for v in kind["size"])
    half = math.exp(canvas.uniform(low, high)) * (1 if count == 1 else canvas.uniform(.45, .7))
    if count == 1 and canvas.chance(.12):
        half *= canvas.uniform(1.2, 1.7)
    margin = min(70, half * canvas.pick(.85, .85, .6))
    x = canvas.uniform(margin, SIDE - margin)
    y = canvas.uniform(margin, SIDE - margin)
    if drawing.kind in ("beast", "pet", "vehicle", "building") and canvas.chance(.7):
        y = min(max(ground - half * canvas.uniform(.75, .95), margin), SIDE - margin)
    angle = canvas.normal(kind["tilt"] / 2) if kind["tilt"] < 180 else canvas.uniform(0, 360)
    if kind["shadow"] == "soft" and canvas.chance(.6):
        canvas.disc(x - canvas.light[0] * half * .25, y - canvas.light[1] * half * .3, half * .85, BLACK,
                    alpha=canvas.uniform(.1, .4), blur=half * .25)
    elif kind["shadow"] == "ground":
        canvas.oval(x, y + half * .55, half, half * .14, BLACK, alpha=.5, blur=half * .06)
    flip = canvas.chance(.5)
    if flip:
        canvas.light[0] *= -1          # the light stays where it is when the thing is mirrored
    with canvas.at(x, y, half, angle, flip, canvas.uniform(.92, 1.08)):
        drawing.paint(canvas)
    if flip:
        canvas.light[0] *= -1


def in_front(canvas):
    """Leaves, blades, bars or a blurred edge between camera and thing."""
    kind = canvas.integer(0, 4)
    if kind == 0:
        for _ in range(canvas.integer(1, 6)):
            leaf(canvas, canvas.uniform(0, 160), canvas.uniform(0, 160), canvas.uniform(0, 360),
                 canvas.uniform(20, 60),
                 canvas.uniform(4, 12), canvas.tint(canvas.uniform(60, 150), .6, .4))
    elif kind == 1:
        grass(canvas, 0, 160, 150, 172, canvas.tint(95, .5, .45, 20), 60, canvas.uniform(20, 55), 2)
    elif kind == 2:
        with canvas.layer(alpha=.9, blur=5):
            canvas.disc(canvas.pick(0, 160), canvas.uniform(0, 160), canvas.uniform(15, 45),
                        canvas.any_colour())
    elif kind == 3:
        with canvas.layer(blur=canvas.uniform(.2, 2.5)):
            for _ in range(canvas.integer(1, 4)):
                branch(canvas)
    else:
        bars(canvas)


def branch(canvas):
    """A bent twig across the sheet, with a few leaves."""
    y0, y1 = canvas.uniform(-10, 170), canvas.uniform(-10, 170)
    x = np.linspace(-5, 165, 6)
    y = np.linspace(y0, y1, 6) + canvas.rng.normal(0, 8, 6)
    if canvas.chance(.5):
        x, y = y, x
    canvas.curve(list(zip(x, y)), canvas.tint(28, .4, .3), canvas.uniform(.8, 4))
    for k in canvas.rng.integers(0, 6, canvas.integer(0, 8)):
        leaf(canvas, x[k], y[k], canvas.uniform(0, 360), canvas.uniform(10, 26), canvas.uniform(4, 9),
             canvas.tint(canvas.pick(95, 105, 60, 30), .55, .42))


def bars(canvas):
    """Wires, rails or the mesh of a fence, near and out of focus or thin and sharp, at any angle."""
    tone, gap = dim(backdrop(canvas), .8), canvas.uniform(18, 70)
    width, way = canvas.uniform(.6, 3.5), canvas.pick(0, 90, canvas.uniform(0, 180), canvas.uniform(0, 180))
    mesh = canvas.chance(.3)
    with canvas.layer(alpha=canvas.uniform(.5, 1), blur=canvas.pick(.2, canvas.uniform(.3, 2.5))):
        for turn in (way, way + canvas.uniform(70, 110)) if mesh else (way,):
            with canvas.at(80, 80, 1, turn):
                for x in np.arange(canvas.uniform(-120, -120 + gap), 120, gap):
                    canvas.line(x + canvas.normal(2), -120, x + canvas.normal(2), 120, tone, width)


# ---- Light and camera --------------------------------------------------------------------------------------

def defocus(canvas, blur):
    """Put what has been painted out of focus (blur in units of the sheet)."""
    image = canvas.surface.makeImageSnapshot()
    p = skia.Paint()
    k = canvas.size / SIDE
    p.setImageFilter(skia.ImageFilters.Blur(blur * k, blur * k, skia.TileMode.kClamp))
    canvas.sk.save()
    canvas.sk.resetMatrix()
    canvas.sk.drawImage(image, 0, 0, skia.SamplingOptions(), p)
    canvas.sk.restore()


def light(canvas):
    """Light over the whole picture: warm from one side, shade from the other; shadows of leaves; a
    vignette.
    """
    x, y = 80 + 110 * canvas.light[0], 80 + 110 * canvas.light[1]
    if canvas.chance(.6):
        warm, cool = hsv(canvas.uniform(20, 60), canvas.uniform(0, .35),
                         1), hsv(canvas.uniform(200, 260), canvas.uniform(0, .4), canvas.uniform(.3, .7))
        canvas.flood(linear(x, y, 160 - x, 160 - y, [warm, cool]), alpha=canvas.uniform(.15, .6),
                     mode=canvas.pick(Blend.kSoftLight, Blend.kSoftLight, Blend.kMultiply))
    if canvas.chance(.2):
        canvas.flood(radial(canvas.uniform(40, 120), canvas.uniform(40, 120), canvas.uniform(95, 150),
                            [WHITE, WHITE, (50, 50, 60)], [0, .4, 1]),
                     alpha=canvas.uniform(.3, .8), mode=Blend.kMultiply)
    if canvas.chance(.05):
        with canvas.layer(mode=Blend.kMultiply, blur=3):
            canvas.flood(WHITE)
            for _ in range(14):
                canvas.fill(blob(canvas, canvas.uniform(0, 160), canvas.uniform(0, 160),
                                 canvas.uniform(5, 24), canvas.uniform(4, 14)), (150, 150, 165))
    if canvas.chance(.06):
        glow(canvas, x, y, 120, (255, 235, 200), .5)


def camera(canvas, pixels):
    """Exposure, contrast, white balance, saturation, blur, noise and JPEG of a camera: uint8 to uint8."""
    if canvas.chance(.15):
        pixels = softened(pixels, canvas.uniform(.4, 1.3))
    image = pixels.astype(np.float32)
    gain = np.exp(np.clip(canvas.rng.normal(.08, .06, 3) + canvas.normal(.14), -.45, .3))
    image *= np.minimum(gain, 1.02 * gain / (gain.max() * high_light(pixels))).astype(np.float32)
    grey = image.mean(2, keepdims=True)
    image = grey + (image - grey) * np.float32(np.clip(canvas.rng.normal(1, .2), .25, 1.45))
    contrast, lift = math.exp(canvas.rng.normal(.12, .17)), canvas.normal(9)
    image = (image - 112) * np.float32(contrast) + np.float32(116 + lift)
    if canvas.chance(.35):
        image += canvas.rng.standard_normal(image.shape, np.float32) * np.float32(canvas.uniform(1, 7))
    pixels = np.clip(shoulder(image), 0, 255).astype(np.uint8)
    if canvas.chance(.3):
        pixels = through_jpeg(pixels, canvas.integer(35, 85))
    return np.ascontiguousarray(pixels)


def high_light(pixels):
    """How bright the brightest twentieth of a picture is: 0..1 (exposure stops before it burns out)."""
    return max(.4, float(np.quantile(pixels[::6, ::6].max(2), .95)) / 255)


def shoulder(image):
    """The soft shoulder of film: above 195 brightness saturates slowly, so that pale things keep detail."""
    over = np.maximum(image - np.float32(195), 0)
    return image - over + over / (1 + over / np.float32(110))


def as_image(pixels):
    """An array (h, w, 3) as a skia image."""
    full = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return skia.Image.fromarray(np.ascontiguousarray(full), colorType=skia.kRGBA_8888_ColorType)


def softened(pixels, sigma):
    surface = skia.Surface(pixels.shape[1], pixels.shape[0])
    p = skia.Paint()
    p.setImageFilter(skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp))
    surface.getCanvas().drawImage(as_image(pixels), 0, 0, skia.SamplingOptions(), p)
    return surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]


def through_jpeg(pixels, quality):
    """What a JPEG file of this quality leaves of the picture."""
    data = as_image(pixels).encodeToData(skia.kJPEG, quality)
    return skia.Image.MakeFromEncoded(data).toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
