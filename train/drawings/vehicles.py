"""Vehicles: on the road, on rails, on water and in the air.

Most are plates, boxes and tubes of solids.py, so that they are seen from the side, from the front and from
between. Unit: the body is about 2 long, x forward, y down, z to the viewer's side.
"""

import math

import numpy as np

from train.drawings.brushes import (
    BLACK,
    WHITE,
    ball,
    box,
    dim,
    flames,
    lettering,
    limb,
    linear,
    mix,
    paint,
    poly,
    radial,
    rgb,
    rod,
    smoke,
    smooth,
    specks,
    strokes,
    wheel,
)
from train.drawings.registry import drawing
from train.drawings.solids import Solid

GLASS = rgb(52, 64, 78)
RUBBER = rgb(27, 27, 29)
STEEL = rgb(178, 182, 188)


# ---- Parts -------------------------------------------------------------------------------------------------

def viewpoint(canvas, *yaws, pitch=(2, 14), perspective=(.08, .3)):
    """A Solid seen from one of the yaws (degrees), give or take some."""
    return Solid(canvas.pick(*yaws) + canvas.normal(6), canvas.uniform(*pitch), canvas.uniform(*perspective))


def car_colour(canvas):
    """The colours cars have: red, blue, yellow, green, white, silver, black."""
    return canvas.pick(canvas.tint(0, .85, .75, 8), canvas.tint(2, .9, .85, 6),
                       canvas.tint(220, .75, .55, 15, .2, .2),
                       canvas.tint(50, .85, .9, 8), canvas.tint(130, .6, .4, 30), canvas.tint(25, .9, .9, 8),
                       rgb(238, 238, 236), rgb(180, 184, 190), rgb(40, 40, 44))


def road_wheel(canvas, solid, x, y, r, z, width, rim=STEEL, spokes=6, far=False):
    """A wheel standing across the body at (x, y): its tread, and its face on the plane z; far: tread only."""
    for depth in np.linspace(z - width, z, 4 + int(10 * abs(solid.facing(1, 0, 0)))):
        with solid.side(canvas, depth):
            canvas.disc(x, y, r, RUBBER)
    if not far:
        with solid.side(canvas, z):
            wheel(canvas, x, y, r, rim, spokes, turn=canvas.uniform(0, 90))


def pane(canvas, x0, y0, x1, y1, tone=GLASS, round=.02):
    """A window on a flat side: the sky mirrored above, dark below, a slanting reflection."""
    top = mix(tone, (205, 222, 236), canvas.uniform(.25, .7))
    canvas.rect(x0, y0, x1, y1, linear(x0, y0, x0, y1, [top, tone, dim(tone, .6)]), round=round)
    if canvas.chance(.4):
        w = (x1 - x0) * .3
        with canvas.inside(box(x0, y0, x1, y1)):
            canvas.fill(poly([(x0 + w, y0), (x0 + 1.7 * w, y0), (x0 + w, y1), (x0 + .3 * w, y1)]), WHITE,
                        alpha=.25)


def lamp(canvas, x, y, r, colour=(255, 250, 225)):
    """A headlight."""
    canvas.disc(x, y, r * 1.2, dim(STEEL, .8))
    canvas.disc(x, y, r, radial(x - r * .2, y - r * .3, r, [WHITE, colour, dim(colour, .55)]))


def tube_line(canvas, points, width, colour):
    """Bent pipes: a dark edge, the colour, a light line."""
    for w, c in ((1, dim(colour, .45)), (.75, colour), (.28, mix(colour, WHITE, .55))):
        canvas.sk.drawPath(poly(points, False), paint(c, width=width * w))


# ---- Roads -------------------------------------------------------------------------------------------------

@drawing(779, 'school bus', 'vehicle')
def school_bus(canvas):
    solid = viewpoint(canvas, 12, 25, 40, 55, 80, 0, pitch=(1, 10))
    yellow = canvas.tint(canvas.pick(42, 45, 38), .92, .95, 3, .05, .06)
    snub = canvas.chance(.25)
    nose, w = (.92 if snub else .58), .36
    solid.fit([(-1, -.52, -w), (1, .45, w)], .57)
    for x in (-.6, .68):
        road_wheel(canvas, solid, x, .3, .15, -w + .12, .1, far=True)
    body = [(-1, .28), (-1, -.4), (-.96, -.48), (-.9, -.5), (nose - .1, -.5), (nose - .03, -.46),
            (nose, -.38),
            (nose + .05, -.06), (nose + .06, .28)]
    if not snub:
        solid.prism(canvas, [(nose - .1, .3), (nose - .1, -.08), (.9, -.02), (.98, .04), (1, .3)], -w * .8,
                    w * .8,
                    yellow, .2)
    solid.prism(canvas, body, -w, w, yellow, .2)
    with solid.side(canvas, w):
        bus_side(canvas, nose, yellow)
    if solid.facing(1, -.1, 0) > .08:
        with solid.plane(canvas, (nose + .01, -.46, 0), (0, 0, -w), (.06, .42, 0)):
            pane(canvas, -.9, .2, -.04, .93)
            pane(canvas, .04, .2, .9, .93)
            canvas.rect(-.6, -.06, .6, .13, BLACK)
            lettering(canvas, -.55, -.03, .55, .1, yellow)
            for x in (-.82, .82):
                canvas.disc(x, .04, .07, (225, 30, 20))
        with solid.front(canvas, 1.0 if not snub else nose + .06):
            canvas.rect(-.2, .0 if snub else .07, .2, .2, (30, 30, 32), round=.03)
            canvas.rect(-w, .25, w, .33, (28, 28, 30), round=.02)
            for x in (-.25, .25):
                lamp(canvas, x, .14, .05)
    for x in (-.6, .68):
        road_wheel(canvas, solid, x, .3, .15, w + .01, .1, rim=canvas.pick(yellow, STEEL), spokes=5)


def bus_side(canvas, nose, yellow):
    """Windows, black rails and the name along a school bus."""
    n = canvas.integer(7, 11)
    for x in np.linspace(-.93, nose - .2, n):
        pane(canvas, x, -.36, x + (nose + .7) / n, -.13)
    pane(canvas, nose - .13, -.36, nose - .02, .1)
    for y, w in ((-.06, .025), (.06, .02), (.2, .03)):
        canvas.rect(-1, y, nose - .14, y + w, (24, 22, 20))
    canvas.rect(-1, -.4, nose - .02, -.385, dim(yellow, .6))
    lettering(canvas, -.55, -.48, .3, -.41, (20, 20, 20))
    for x in (-.6, .68):
        canvas.disc(x, .3, .175, (22, 20, 18))


@drawing(817, 'sports car', 'vehicle', size=(.34, .6))
def sports_car(canvas):
    solid = viewpoint(canvas, 0, 15, 30, 45, 60, -30, 82, pitch=(2, 13))
    colour, w = car_colour(canvas), .42
    solid.fit([(-1, -.3, -w), (1, .27, w)], .56)
    for x in (-.6, .62):
        road_wheel(canvas, solid, x, .12, .15, -w + .2, .18, far=True)
    side = np.array([(-.98, .17), (-1, .02), (-.97, -.1), (-.8, -.14), (-.5, -.13), (-.1, -.1), (.3, -.09),
                     (.6, -.06),
                     (.85, .0), (.98, .07), (1, .17)])
    rings = []
    for z, k in ((-1, .9), (-.95, .97), (-.7, 1), (0, 1.02), (.7, 1), (.95, .97), (1, .9)):
        low = np.where(side[:, 1] < .1, side[:, 1] + .05 * (1 - k) * 10 * .2, side[:, 1])
        rings.append(np.column_stack([side[:, 0] * (.95 + .05 * k - .06 * z * z), low,
                                      np.full(len(side), w * z)]))
    solid.shell(canvas, rings, colour, .7)
    cabin(canvas, solid, colour, w)
    with solid.side(canvas, w):
        for x in (-.6, .62):
            canvas.disc(x, .12, .175, (18, 18, 20))
        canvas.rect(-.42, .15, .44, .18, dim(colour, .35))
        canvas.curve([(-.38, -.06), (-.1, .02), (.4, .03)], dim(colour, .55), .012)
        canvas.fill(poly([(-.42, -.06), (-.26, -.02), (-.28, .06), (-.38, .08)]), (20, 20, 22))
        canvas.line(-.2, -.07, -.22, .13, dim(colour, .5), .008)
        canvas.line(.24, -.07, .3, .13, dim(colour, .5), .008)
    if solid.facing(1, 0, 0) > .1:
        car_face(canvas, solid, w)
    elif solid.facing(-1, 0, 0) > .1:
        with solid.plane(canvas, (-.985, 0, 0), (0, 0, w), (0, 1, 0)):
            for x in (-.7, .7):
                canvas.oval(x, -.03, .2, .04, (200, 20, 15))
            canvas.rect(-.8, .08, .8, .17, (25, 25, 27), round=.03)
            for x in (-.4, .4):
                canvas.disc(x, .14, .05, STEEL)
        solid.box(canvas, (-.98, -.28, -w), (-.84, -.25, w), dim(colour, .9), .4)
    for x in (-.6, .62):
        road_wheel(canvas, solid, x, .12, .155, w + .01, .12, rim=canvas.pick(STEEL, STEEL, rgb(60, 60, 64)),
                   spokes=canvas.pick(5, 5, 7, 10))


def cabin(canvas, solid, colour, w):
    """The glass house of a sports car: windows all around, a painted roof."""
    open_top = canvas.chance(.2)
    line = np.array([(-.62, -.12), (-.22, -.29), (.02, -.3), (.12, -.28), (.42, -.09)])
    rings = []
    for z in (-1, -.8, .8, 1):
        half = np.interp(line[:, 1], (-.3, -.09), (.56, .86)) * w
        rings.append(np.column_stack([line[:, 0], line[:, 1] + .012 * (abs(z) - .8) * 5, half * z]))

    def tone(x, y, z):
        roof = (y < -.265)[:, None] | ((x < -.25) & (abs(z) < .55 * w))[:, None]
        return np.where(roof & (not open_top), colour, GLASS)
    if open_top:
        solid.face(canvas, [(.1, -.27, -w * .6), (.1, -.27, w * .6), (.42, -.09, w * .8),
                            (.42, -.09, -w * .8)],
                   mix(GLASS, WHITE, .3), (1, -.8, 0), alpha=.8)
        for z in (-.2, .2):
            x, y = solid.at(-.2, -.16, z)
            canvas.oval(x, y, .07 * solid.scale, .09 * solid.scale, (70, 45, 32))
        return
    solid.shell(canvas, rings, tone, .75)
    for x in (-.12, .0):
        a, b = solid.at(x, -.285, w * .58), solid.at(x - .04, -.1, w * .86)
        canvas.line(*a, *b, dim(colour, .4), .02 * solid.scale)


def car_face(canvas, solid, w):
    """Lights and air intakes on a low nose."""
    with solid.plane(canvas, (.955, 0, 0), (.04, 0, -w), (.03, 1, 0)):
        canvas.fill(smooth([(-.6, .08), (.6, .08), (.7, .15), (.5, .18), (-.5, .18), (-.7, .15)]),
                    (18, 18, 20))
        for y in (.11, .14):
            canvas.line(-.5, y, .5, y, (90, 92, 96), .008)
        for side in (-1, 1):
            canvas.fill(smooth([(side * .5, .03), (side * .92, -.03), (side * .94, .04), (side * .6, .07)]),
                        linear(0, -.03, 0, .07, [WHITE, rgb(190, 205, 215), rgb(90, 95, 105)]))
            canvas.oval(side * .78, .125, .1, .028, (24, 24, 26))


@drawing(407, 'ambulance', 'vehicle')
def ambulance(canvas):
    solid = viewpoint(canvas, 0, 20, 35, 50, 78, -35, pitch=(1, 10))
    white, w = rgb(240, 241, 238), .4
    stripe = canvas.pick(canvas.tint(5, .9, .85), canvas.tint(22, .95, .95), canvas.tint(220, .8, .6))
    solid.fit([(-1, -.66, -w), (1, .45, w)], .57)
    for x in (-.55, .66):
        road_wheel(canvas, solid, x, .29, .16, -w + .12, .1, far=True)
    parts = [ambulance_box, ambulance_cab]
    for part in parts if solid.facing(1, 0, 0) > 0 else parts[::-1]:
        part(canvas, solid, white, stripe, w)
    for x, z in ((.3, -.25), (.3, .25), (-.9, .25)):
        tone = canvas.pick((230, 30, 20), (40, 80, 230))
        solid.box(canvas, (x - .07, -.63, z - .1), (x + .04, -.55, z + .1), tone, .5)
    for x in (-.55, .66):
        with solid.side(canvas, w * .98):
            canvas.disc(x, .29, .18, (30, 30, 32))
        road_wheel(canvas, solid, x, .29, .16, w, .1, spokes=6)


def ambulance_cab(canvas, solid, white, stripe, w):
    """Bonnet and cab of an ambulance."""
    solid.prism(canvas, [(.3, .32), (.3, -.4), (.42, -.4), (.66, -.06), (.95, .02), (1, .12), (1, .32)],
                -w * .9,
                w * .9, white, .3)
    if solid.facing(1, -.5, 0) > .1:
        with solid.plane(canvas, (.43, -.38, 0), (0, 0, -w * .9), (.22, .32, 0)):
            pane(canvas, -.9, .08, .9, .92)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, 1.0):
            canvas.rect(-.24, .08, .24, .2, (35, 36, 40), round=.02)
            canvas.rect(-.36, .25, .36, .33, (60, 62, 66), round=.02)
            for x in (-.3, .3):
                lamp(canvas, x, .14, .05)
    with solid.side(canvas, w * .9):
        canvas.fill(poly([(.38, -.32), (.44, -.32), (.62, -.07), (.38, -.07)]), dim(GLASS, .9))
        canvas.rect(.36, .02, 1, .11, stripe)


def ambulance_box(canvas, solid, white, stripe, w):
    """The box of an ambulance: stripes, a cross, doors at the back."""
    solid.box(canvas, (-1, -.55, -w), (.36, .32, w), white, .25)
    with solid.side(canvas, w):
        canvas.rect(-1, .02, .36, .12, stripe)
        canvas.rect(-1, -.5, .36, -.47, stripe)
        if canvas.chance(.7):
            pane(canvas, -.2, -.4, .25, -.15)
        emblem(canvas, -.6, -.22, .17, stripe)
        lettering(canvas, -.9, .17, .2, .26, stripe)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .365):
            canvas.rect(-w, -.52, w, -.42, stripe)
            lettering(canvas, -w * .7, -.51, w * .7, -.43, white)
    if solid.facing(-1, 0, 0) > .1:
        with solid.plane(canvas, (-1, 0, 0), (0, 0, w), (0, 1, 0)):
            pane(canvas, -.8, -.4, -.08, -.1)
            pane(canvas, .08, -.4, .8, -.1)
            canvas.rect(-1, .02, 1, .12, stripe)
            canvas.line(0, -.55, 0, .3, (120, 120, 120), .03)


def emblem(canvas, x, y, r, colour):
    """The cross of ambulances: three bars, or a plain cross."""
    if canvas.chance(.5):
        for turn in (0, 60, 120):
            with canvas.at(x, y, r, turn):
                canvas.rect(-.28, -1, .28, 1, (45, 95, 190))
        canvas.line(x, y - r * .7, x, y + r * .7, WHITE, r * .1)
    else:
        canvas.rect(x - r, y - r * .33, x + r, y + r * .33, colour)
        canvas.rect(x - r * .33, y - r, x + r * .33, y + r, colour)


@drawing(866, 'tractor', 'vehicle', places=('meadow', 'meadow', 'lawn', 'desert', 'street'))
def tractor(canvas):
    solid = viewpoint(canvas, 0, 0, 20, 35, 50, 70, pitch=(2, 10))
    colour = canvas.pick(canvas.tint(125, .7, .4), canvas.tint(2, .85, .75), canvas.tint(215, .7, .6),
                        canvas.tint(25, .9, .9))
    rim = canvas.pick(canvas.tint(50, .85, .9), rgb(225, 225, 220), colour)
    w = .36
    solid.fit([(-.95, -.95, -w - .12), (.95, .57, w + .12)], .57, height=1.65)
    for x, r in ((-.42, .48), (.62, .27)):
        tractor_wheel(canvas, solid, x, .57 - r, r, -w + .06, rim, far=True)
    solid.prism(canvas, [(-.5, .2), (-.5, -.1), (.2, -.12), (.75, -.08), (.85, .0), (.85, .22)], -.17, .17,
                colour, .4)
    with solid.side(canvas, .17):
        for y in (-.02, .04, .1):
            canvas.rect(.3, y, .78, y + .025, (30, 30, 30))
        canvas.rect(-.1, .12, .85, .26, (45, 45, 47))
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .855):
            canvas.rect(-.13, -.02, .13, .2, (28, 28, 30))
            for x in (-.09, .09):
                lamp(canvas, x, .03, .035)
    (x0, y0), (x1, y1) = solid.at(.42, -.1, .1), solid.at(.42, -.55, .1)
    rod(canvas, x0, y0, x1, y1, .045 * solid.scale, (50, 48, 46))
    if canvas.chance(.7):
        for z in (-.3, .3):
            for x, top in ((-.72, -.72), (.0, -.6)):
                a, b = solid.at(x, -.0, z), solid.at(top + (.0 if x < -.5 else .55), -.85, z * .9)
                canvas.line(*a, *b, dim(colour, .5), .04 * solid.scale)
        with solid.side(canvas, .28):
            canvas.fill(poly([(-.68, -.8), (-.08, -.8), (.0, -.15), (-.7, -.15)]), mix(GLASS, WHITE, .3),
                        alpha=.75)
            canvas.line(-.36, -.8, -.4, -.1, dim(colour, .5), .03)
        solid.box(canvas, (-.76, -.93, -.32), (.0, -.83, .32), mix(colour, WHITE, canvas.pick(0, .8)), .3)
    else:
        with solid.side(canvas, 0):
            canvas.fill(smooth([(-.6, -.35), (-.5, -.36), (-.45, -.14), (-.2, -.12), (-.2, -.06),
                                (-.6, -.06)]), RUBBER)
            canvas.line(-.05, -.1, -.15, -.32, (40, 40, 42), .04)
            canvas.oval(-.17, -.33, .03, .13, (30, 30, 30), 60, width=.03)
    with solid.side(canvas, w + .02):
        canvas.fill(smooth([(-.92, -.1), (-.85, -.42), (-.42, -.52), (.0, -.42), (.04, -.1), (-.05, -.1),
                            (-.15, -.3),
                            (-.42, -.4), (-.7, -.32), (-.84, -.1)]),
                            linear(0, -.5, 0, -.1, [dim(colour, 1.2), colour]))
    for x, r in ((.62, .27), (-.42, .48)):
        tractor_wheel(canvas, solid, x, .57 - r, r, w + .1, rim)


def tractor_wheel(canvas, solid, x, y, r, z, rim, far=False):
    """A large tyre with slanting lugs and a coloured rim."""
    for depth in np.linspace(z - .2, z, 6):
        with solid.side(canvas, depth):
            canvas.disc(x, y, r, dim(RUBBER, canvas.uniform(.7, 1.3)))
    with solid.side(canvas, z):
        turn = np.linspace(0, 2 * math.pi, 22, endpoint=False)
        strokes(canvas, x + np.cos(turn) * r * .8, y + np.sin(turn) * r * .8, turn + .7, r * .28,
                dim(RUBBER, 1.9),
                r * .07, layers=1)
        if not far:
            canvas.disc(x, y, r * .6, (22, 22, 22))
            canvas.disc(x, y, r * .55, radial(x + canvas.light[0] * r * .2, y - r * .2, r * .7,
                                              [dim(rim, 1.15), rim, dim(rim, .6)]))
            canvas.disc(x, y, r * .3, dim(rim, .6))
            canvas.disc(x, y, r * .2, rim)
            specks(canvas, x + r * .3 * np.cos(turn[::4]), y + r * .3 * np.sin(turn[::4]), r * .04,
                   (40, 40, 40))


@drawing(829, 'streetcar', 'vehicle', places=('street', 'street', 'meadow', 'clutter'))
def streetcar(canvas):
    solid = viewpoint(canvas, 12, 28, 42, 55, 78, 0, pitch=(1, 9))
    colour = canvas.pick(canvas.tint(2, .85, .7), canvas.tint(50, .8, .9), canvas.tint(135, .6, .45),
                         canvas.tint(215, .65, .6))
    cream, w = canvas.pick(rgb(240, 228, 196), rgb(240, 240, 238), dim(colour, .9)), .33
    solid.fit([(-1, -.85, -w), (1, .4, w)], .56)
    low = rgb(48, 46, 44)
    solid.box(canvas, (-.8, .25, -w * .8), (.8, .4, w * .8), low)
    with solid.side(canvas, w * .8):
        for x in (-.6, -.4, .4, .6):
            canvas.disc(x, .32, .085, (90, 88, 86))
            canvas.disc(x, .32, .05, (50, 48, 46))
    body = [(-1, .26), (-1, -.4), (-.95, -.5), (.95, -.5), (1, -.4), (1.02, .0), (1, .26)]
    solid.prism(canvas, body, -w, w, lambda x, y, z: np.where((y > -.08)[:, None], colour, cream), .25)
    solid.prism(canvas, [(-.98, -.48), (-.9, -.57), (.9, -.57), (.98, -.48)], -w * .8, w * .8, dim(cream, .9))
    n = canvas.integer(5, 9)
    with solid.side(canvas, w):
        canvas.rect(-1, -.46, 1, .0, cream)
        canvas.rect(-1, -.02, 1, .26, colour)
        for x in np.linspace(-.92, .92 - 1.8 / n, n):
            pane(canvas, x, -.38, x + 1.45 / n, -.08)
        canvas.rect(-1, -.04, 1, -.01, dim(colour, .6))
        for x in (-.93, .82) if canvas.chance(.6) else (-.1,):
            canvas.rect(x, -.4, x + .14, .24, dim(colour, .7))
            pane(canvas, x + .02, -.38, x + .12, .1)
        lettering(canvas, -.4, .06, .4, .15, cream)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, 1.01):
            canvas.rect(-w, -.42, w, -.0, cream)
            canvas.rect(-w, -.02, w, .26, colour)
            for x in (-.3, -.1, .1):
                pane(canvas, x + .01, -.36, x + .19, -.08)
            canvas.rect(-.14, -.5, .14, -.41, (20, 20, 20))
            lettering(canvas, -.11, -.48, .11, -.43, (255, 220, 120))
            lamp(canvas, 0, .1, .06)
    a, b = solid.at(-.1, -.57, 0), solid.at(canvas.pick(-.6, .5), -.85, 0)
    if canvas.chance(.5):
        tip = solid.at(.35, -.72, 0)
        canvas.sk.drawPath(poly([a, tip, solid.at(-.05, -.85, 0)], False),
                           paint((60, 60, 62), width=.025 * solid.scale))
        b = solid.at(-.05, -.85, 0)
    else:
        canvas.line(*a, *b, (60, 60, 62), .025 * solid.scale)
    canvas.line(-1.1, b[1], 1.1, b[1] - .02, (40, 40, 42), .015)


@drawing(670, 'motor scooter', 'vehicle')
def motor_scooter(canvas):
    solid = viewpoint(canvas, 0, 10, 25, 38, -20, pitch=(0, 8), perspective=(0, .1))
    solid.fit([(-.9, -1, -.15), (.9, .55, .15)], .56, height=1.6)
    colour = canvas.pick(canvas.tint(170, .45, .75), canvas.tint(2, .85, .8), canvas.tint(205, .5, .8),
                        rgb(235, 232, 220), canvas.tint(50, .7, .9), rgb(50, 50, 54),
                        canvas.tint(100, .35, .65))
    seat = canvas.pick(rgb(40, 34, 32), rgb(120, 70, 40), rgb(30, 30, 32))
    lit = [mix(colour, WHITE, .45), colour, dim(colour, .55)]
    for x in (-.5, .64):
        road_wheel(canvas, solid, x, .36, .2, .05, .1, spokes=5)
    for z in (-.08, .08):
        with solid.side(canvas, z):
            canvas.fill(smooth([(-.2, .38), (.3, .36), (.36, .28), (.3, .26), (-.2, .27)]), dim(colour, .7))
    with solid.side(canvas, -.06):
        canvas.line(.36, -.5, .62, .34, dim(STEEL, .6), .05)
    with solid.side(canvas, .04):
        canvas.line(.4, -.5, .62, .34, STEEL, .05)
        canvas.fill(smooth([(.5, .2), (.58, .1), (.78, .16), (.86, .3), (.8, .3), (.7, .2), (.6, .22)]),
                    linear(0, .1, 0, .3, lit))
    shield = [(.28, -.45), (.4, -.44), (.52, .0), (.5, .3), (.36, .36), (.3, .28), (.42, .1)]
    for z, tone in ((-.12, dim(colour, .6)), (.0, dim(colour, .8)), (.12, colour)):
        with solid.side(canvas, z):
            canvas.fill(smooth(shield), linear(.2, 0, .55, 0, [dim(tone, .7), mix(tone, WHITE, .3), tone]))
    for z, k in ((-.1, .6), (.0, .75), (.1, 1)):
        with solid.side(canvas, z):
            canvas.fill(smooth([(-.98, .0), (-.8, -.26), (-.4, -.3), (-.02, -.16), (.02, .2), (-.1, .34),
                                (-.3, .32),
                                (-.5, .14), (-.8, .2)]), linear(-.3, -.3, -.4, .35, [dim(c, k) for c in lit]))
    with solid.side(canvas, .1):
        canvas.curve([(-.8, .02), (-.5, -.1), (-.2, -.02)], mix(colour, WHITE, .6), .025, alpha=.8)
        canvas.fill(smooth([(-.95, -.36), (-.5, -.42), (.02, -.38), (.04, -.28), (-.4, -.26), (-.9, -.24)]),
                    linear(0, -.42, 0, -.25, [mix(seat, WHITE, .35), seat]))
        canvas.disc(-.94, -.08, .05, (200, 25, 20))
    with solid.side(canvas, .0):
        canvas.fill(smooth([(.26, -.62), (.5, -.66), (.52, -.5), (.3, -.42)]), linear(0, -.66, 0, -.42, lit))
        canvas.oval(.5, -.57, .05, .08, radial(.5, -.6, .09, [WHITE, rgb(225, 230, 225), STEEL]))
    for z in (-.32, .32):
        a, b = solid.at(.36, -.58, 0), solid.at(.24, -.66, z)
        canvas.line(*a, *b, STEEL, .04 * solid.scale)
        canvas.line(*(a + .6 * (b - a)), *b, RUBBER, .06 * solid.scale)
        if canvas.chance(.7):
            c = solid.at(.3, -.92, z * .9)
            canvas.line(*(a + .5 * (b - a)), *c, dim(STEEL, .8), .015)
            canvas.disc(*c, .07 * solid.scale, linear(c[0], c[1] - .07, c[0], c[1] + .07,
                                                      [WHITE, dim(STEEL, .5)]))


@drawing(671, 'mountain bike', 'vehicle', places=('meadow', 'forest', 'desert', 'street', 'lawn', 'wall',
                                                  'stones'))
def mountain_bike(canvas):
    yaw = canvas.pick(0, 0, 15, 30, -25, 45) + canvas.normal(5)
    solid = Solid(yaw, canvas.uniform(0, 10), .15).fit([(-1, -.75, -.1), (1, .57, .1)], .57, height=1.5)
    colour, tyre = car_colour(canvas), dim(RUBBER, canvas.uniform(.8, 1.6))
    rear, front, crank, seat, head = (-.62, .2), (.64, .2), (-.08, .2), (-.26, -.42), (.4, -.44)
    with solid.side(canvas, 0):
        for x, y in (rear, front):
            turn = np.linspace(0, 2 * math.pi, 28, endpoint=False) + canvas.uniform(0, .2)
            strokes(canvas, x + 0 * turn, y + 0 * turn, turn, .32, (190, 192, 196), .006, layers=1)
            canvas.disc(x, y, .35, tyre, width=.055)
            knobs = np.linspace(0, 2 * math.pi, 40, endpoint=False)
            strokes(canvas, x + .37 * np.cos(knobs), y + .37 * np.sin(knobs), knobs, .02, tyre, .03, layers=1)
            canvas.disc(x, y, .31, canvas.pick(STEEL, (40, 40, 42), STEEL), width=.022)
            canvas.disc(x, y, .05, (90, 92, 96))
        canvas.disc(*rear, .09, (120, 122, 126), width=.04)
        for a, b in ((rear, crank), (rear, seat), (rear, (crank[0] - .1, -.1))):
            tube_line(canvas, [a, b], .04, dim(colour, .85))
        fork = [front, (front[0] - .1, -.14), (head[0] - .01, -.4)]
        tube_line(canvas, fork, .06, canvas.pick(colour, rgb(40, 40, 44), STEEL))
        tube_line(canvas, [(seat[0] - .04, -.55), seat], .04, STEEL)
        for a, b, w in ((crank, head, .075), (seat, (head[0] - .03, head[1] + .02), .06), (seat, crank, .06)):
            tube_line(canvas, [a, b], w, colour)
        tube_line(canvas, [(.43, -.33), (.36, -.58)], .06, colour)
        canvas.line(rear[0], rear[1] - .06, crank[0], crank[1] - .11, (50, 48, 46), .014)
        canvas.line(rear[0], rear[1] + .06, crank[0], crank[1] + .11, (50, 48, 46), .014)
        canvas.disc(*crank, .11, (70, 70, 74), width=.035)
        way = canvas.uniform(0, 360)
        with canvas.at(*crank, 1, way):
            canvas.line(-.22, 0, .22, 0, (140, 142, 146), .035)
        for side in (0, 180):
            x = crank[0] + .22 * math.cos(math.radians(way + side))
            y = crank[1] + .22 * math.sin(math.radians(way + side))
            canvas.rect(x - .08, y - .025, x + .08, y + .025, (35, 35, 36))
        canvas.fill(smooth([(-.5, -.62), (-.3, -.6), (-.1, -.62), (-.1, -.58), (-.3, -.54), (-.5, -.55)]),
                    (28, 26, 26))
    middle = solid.at(.42, -.62, 0)
    canvas.line(*solid.at(.36, -.58, 0), *middle, (60, 60, 62), .06 * solid.scale)
    for z in (-.33, .33):
        end = solid.at(.36, -.66, z)
        canvas.line(*middle, *end, (55, 55, 58), .04 * solid.scale)
        canvas.line(*(middle + .6 * (end - middle)), *end, RUBBER, .06 * solid.scale)


@drawing(479, 'car wheel', 'thing', places=('street', 'studio', 'stones', 'clutter', 'plain'), tilt=10)
def car_wheel(canvas):
    squash, style = canvas.uniform(.7, 1), canvas.integer(0, 3)
    rim = canvas.pick(rgb(200, 203, 208), rgb(210, 212, 216), rgb(120, 122, 126), rgb(60, 60, 64),
                      rgb(196, 178, 120))
    if canvas.chance(.4):
        body = car_colour(canvas)
        with canvas.inside(box(-1.05, -1.05, 1.05, .1)):
            canvas.fill(box(-1.05, -1.05, 1.05, .1), linear(0, -1, 0, .3,
                                                            [mix(body, WHITE, .35), body, dim(body, .5)]))
            canvas.disc(0, .0, 1.02, (14, 14, 16))
    with canvas.at(0, 0, .97, canvas.normal(4)):
        canvas.sk.scale(squash, 1)
        for x in np.linspace(-.2 / squash * (1 - squash) * 2, 0, 4):
            canvas.disc(x, 0, 1, RUBBER)
        canvas.disc(0, 0, 1, radial(0, 0, 1, [dim(RUBBER, .5), dim(RUBBER, 1.7), dim(RUBBER, 1.1)],
                                    [.6, .85, 1]))
        tread = np.linspace(0, 2 * math.pi, 60, endpoint=False)
        strokes(canvas, .93 * np.cos(tread), .93 * np.sin(tread), tread + .5, .06, dim(RUBBER, .5), .02,
                layers=1)
        canvas.disc(0, 0, .8, (12, 12, 13), width=.01)
        lx, ly = .7 * canvas.light[:2]
        canvas.disc(0, 0, .7, linear(-lx, -ly, lx, ly, [dim(rim, .5), dim(rim, 1.3)]))
        canvas.disc(0, 0, .65, (20, 20, 22))
        canvas.disc(0, 0, .42, (70, 70, 74))
        canvas.disc(0, 0, .4, (44, 44, 46), width=.03)
        wheel_spokes(canvas, rim, style)
        canvas.disc(0, 0, .65, dim(rim, 1.2), width=.03)
        ball(canvas, 0, 0, .13, rim)
        turn = np.linspace(0, 2 * math.pi, canvas.pick(4, 5), endpoint=False)
        specks(canvas, .19 * np.cos(turn), .19 * np.sin(turn), .03, (30, 30, 32))


def wheel_spokes(canvas, rim, style):
    """Single, double, wire or steel-disc spokes of a rim of radius .65."""
    if style == 3:
        canvas.disc(0, 0, .62, radial(0, 0, .62, [rim, dim(rim, .6), rim]))
        for i in range(10):
            with canvas.at(0, 0, 1, 36 * i):
                canvas.oval(.45, 0, .07, .05, (25, 25, 27))
        return
    n = (5, 7, 12)[style]
    start = canvas.uniform(0, 360)
    for i in range(n):
        for side in (-1, 1) if style == 1 else (0,):
            with canvas.at(0, 0, 1, start + 360 * i / n):
                w = (.13, .05, .045)[style]
                tone = dim(rim, .75 + .5 * math.cos(math.radians(start + 360 * i / n)
                                                    - math.atan2(*canvas.light[1::-1])) ** 2)
                canvas.fill(poly([(.08, side * .05 - w), (.64, side * .13 - w * .8),
                                  (.64, side * .13 + w * .8),
                                  (.08, side * .05 + w)]), linear(0, -w, 0, w,
                                                                  [dim(tone, 1.2), tone, dim(tone, .6)]))
    canvas.disc(0, 0, .24, rim)


# ---- Rails -------------------------------------------------------------------------------------------------

@drawing(820, 'steam locomotive', 'vehicle', places=('meadow', 'meadow', 'forest', 'desert', 'street'))
def steam_locomotive(canvas):
    solid = viewpoint(canvas, 5, 20, 35, 50, 68, pitch=(0, 8), perspective=(.15, .4))
    black = canvas.pick(rgb(38, 38, 42), rgb(38, 38, 42), canvas.tint(130, .5, .28), canvas.tint(215, .6, .4))
    red = canvas.pick(canvas.tint(2, .8, .65), black, rgb(60, 60, 62))
    solid.fit([(-1, -.72, -.3), (1, .45, .3)], .56)
    if canvas.chance(.8):
        x, y = solid.at(.75, -.75, 0)
        smoke(canvas, x, y + .1, canvas.uniform(.5, .9), canvas.uniform(.5, .9),
              canvas.pick(rgb(225, 225, 228), rgb(90, 88, 88)),
              16, .55)
    solid.box(canvas, (-1, .12, -.22), (.95, .26, .22), dim(black, .7))
    solid.box(canvas, (-.98, -.55, -.28), (-.5, .2, .28), black, .2)
    with solid.side(canvas, .28):
        pane(canvas, -.9, -.42, -.62, -.12, dim(GLASS, .6))
        canvas.rect(-.98, .1, -.5, .13, red)
    solid.prism(canvas, [(-1.03, -.54), (-.96, -.63), (-.5, -.63), (-.42, -.54)], -.31, .31, dim(black, .8),
                .2)
    solid.tube(canvas, [(-.5, -.13, .24), (.62, -.13, .24)], black, .35, 20)
    solid.tube(canvas, [(.62, -.13, .26), (.9, -.13, .26)], dim(black, .8), .3, 20)
    for x, r, top, c in ((.76, .085, -.72, black), (.3, .1, -.48, canvas.pick(black, rgb(190, 150, 70))),
                         (-.12, .1, -.46, black)):
        chimney(canvas, solid, x, r, top, c)
    boiler_front(canvas, solid, red, black)
    with solid.side(canvas, .29):
        for x, r in ((-.62, .2), (-.2, .2), (.22, .2), (.72, .12)):
            spoked(canvas, x, .45 - r, r, red)
        y = canvas.uniform(.2, .34)
        canvas.line(-.62, y, .35, y, STEEL, .045)
        canvas.line(.0, y, .72, .22, dim(STEEL, .9), .035)
        canvas.rect(.58, .12, .88, .3, black, round=.03)
        canvas.rect(-.5, .08, .95, .12, red)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .96):
            canvas.rect(-.3, .14, .3, .25, canvas.pick((190, 25, 20), red))
            for x in (-.2, .2):
                canvas.disc(x, .2, .06, (50, 50, 52))
            canvas.fill(poly([(-.28, .26), (.28, .26), (.2, .42), (-.2, .42)]), dim(black, .9))
            for x in np.linspace(-.24, .24, 7):
                canvas.line(x, .27, x * .8, .41, red, .02)


def chimney(canvas, solid, x, r, top, colour):
    """A funnel or dome on the boiler."""
    (cx, foot), (_, y) = solid.at(x, -.33, 0), solid.at(x, top, 0)
    k = solid.scale
    if top < -.6:
        outline = [(cx - r * k, foot), (cx - r * k * .8, y + .1 * k), (cx - r * k * 1.25, y),
                   (cx + r * k * 1.25, y),
                   (cx + r * k * .8, y + .1 * k), (cx + r * k, foot)]
        path = poly(outline)
    else:
        path = smooth([(cx - r * k * 1.1, foot), (cx - r * k, foot), (cx - r * k, y), (cx + r * k, y),
                       (cx + r * k, foot),
                       (cx + r * k * 1.1, foot)])
    canvas.fill(path, linear(cx - r * k, 0, cx + r * k, 0, [dim(colour, .5), mix(colour, WHITE, .45), colour,
                                                            dim(colour, .4)]))


def boiler_front(canvas, solid, red, black):
    """The smokebox door with its lamp, from the front."""
    if solid.facing(1, 0, 0) < .1:
        return
    with solid.front(canvas, .905):
        canvas.disc(0, -.13, .25, radial(canvas.light[0] * .1, -.25, .4,
                                         [mix(black, WHITE, .4), dim(black, .9)]))
        canvas.disc(0, -.13, .2, dim(STEEL, .55), width=.02)
        canvas.disc(0, -.13, .19, radial(canvas.light[0] * .08, -.2, .3,
                                         [mix(black, WHITE, .25), dim(black, .7)]))
        canvas.disc(0, -.13, .06, canvas.pick(red, rgb(200, 165, 70)))
        canvas.line(-.19, -.13, .19, -.13, dim(STEEL, .7), .02)
        lamp(canvas, 0, -.4, .07)


def spoked(canvas, x, y, r, colour):
    """A driving wheel with spokes and a counterweight."""
    canvas.disc(x, y, r, (30, 30, 32))
    canvas.disc(x, y, r * .93, dim(STEEL, .8), width=r * .08)
    for way in np.linspace(0, 330, 12):
        with canvas.at(x, y, r, way):
            canvas.line(.15, 0, .85, 0, colour, .09)
    canvas.disc(x, y, r * .85, colour, width=r * .12)
    canvas.disc(x, y, r * .25, colour)
    canvas.disc(x, y, r * .12, STEEL)


# ---- In the air --------------------------------------------------------------------------------------------

@drawing(404, 'airliner', 'airborne', tilt=25, size=(.3, .6))
def airliner(canvas):
    solid = viewpoint(canvas, 5, 25, 45, 65, -20, 88, pitch=(-35, 25), perspective=(.05, .22))
    white = canvas.pick(rgb(240, 242, 244), rgb(240, 242, 244), rgb(205, 208, 212))
    livery = canvas.tint(canvas.pick(5, 220, 210, 150, 40, 340), .85, .65)
    solid.fit([(-.95, -.3, -.5), (.95, .1, .5)], width=2.1, height=1.7)
    span, sweep = canvas.uniform(.85, 1), canvas.uniform(.42, .55)
    below = solid.facing(0, 1, 0) > 0
    far = -1 if solid.facing(0, 0, 1) > 0 else 1

    def hull():
        solid.tube(canvas, [(-1, -.06, .012), (-.8, -.05, .055), (-.5, -.02, .098), (-.2, 0, .105),
                            (.6, 0, .105),
                            (.8, .005, .095), (.92, .02, .065), (.98, .03, .03), (1, .035, .004)],
                   lambda x, y, z: np.where((y > .035)[:, None], mix(white, livery, stripe), white), .35, 18)
        for z in (.104, -.104):
            if solid.facing(0, 0, z) > .1:
                with solid.side(canvas, z):
                    canvas.line(-.62, -.025, .74, -.025, (70, 80, 95), .02)
                    canvas.line(-.62, -.025, .74, -.025, white, .006)
                    canvas.line(-.7, .02, .8, .03, livery, .014)
                    if canvas.chance(.6):
                        lettering(canvas, .1, -.075, .6, -.045, livery)
        for z in (-.05, .05, .0):
            x, y = solid.at(.9, -.035, z)
            if solid.facing(.6, -.5, z * 9) > .1:
                canvas.oval(x, y, .03 * solid.scale, .015 * solid.scale, (40, 48, 60))

    def wing(side):
        root, tip = .1 * side, span * .8 * side
        plate(canvas, solid, [(.22, .05, root), (.22 - sweep - .1, -.02, tip), (.12 - sweep - .1, -.02, tip),
                              (-.12, .05, side * .35), (-.2, .05, root)], rgb(196, 200, 206))
        for z in (.3,) if two else (.26, .52):
            x = .24 - sweep * z
            pod = [(x - .22, .12, .03), (x - .12, .12, .055), (x, .12, .055)]
            solid.tube(canvas, pod, mix(white, livery, engine), .4, 12, z=z * side)
            if solid.facing(1, 0, 0) > .15:
                with solid.front(canvas, x + .002):
                    canvas.disc(-z * side, .12, .047, (40, 42, 46))
                    canvas.disc(-z * side, .12, .015, STEEL)
        plate(canvas, solid, [(-.8, -.06, side * .04), (-.98, -.08, side * .34), (-1.06, -.08, side * .34),
                              (-1, -.06, side * .04)], rgb(205, 208, 214))

    stripe, engine, two = canvas.pick(0, 0, 1, .5), canvas.pick(0, 1), canvas.chance(.7)
    order = [lambda: wing(far), hull, lambda: wing(-far)]
    if below:
        order = [hull, lambda: wing(far), lambda: wing(-far)]
    for part in [lambda: fin(canvas, solid,
                             livery)] * below + order + [lambda: fin(canvas, solid, livery)] * (not below):
        part()


def plate(canvas, solid, points, colour):
    """A thin flat wing, lit from whichever side is seen."""
    a, b, c = (np.asarray(p, float) for p in (points[0], points[1], points[-1]))
    normal = np.cross(b - a, c - a)
    if solid.facing(*normal) < 0:
        normal = -normal
    tone = dim(colour, solid.light(canvas, *normal) * 1.05)
    path = solid.path(points)
    canvas.fill(path, tone)
    canvas.fill(path, dim(tone, 1.25), width=.012)


def fin(canvas, solid, livery):
    """The tail fin of an airliner, with a device in the colours of the line."""
    with solid.side(canvas, 0):
        outline = poly([(-.7, -.09), (-.92, -.42), (-1.04, -.42), (-.98, -.08)])
        canvas.fill(outline, linear(0, -.42, 0, -.08, [dim(livery, 1.2), dim(livery, .75)]))
        with canvas.inside(outline):
            tone = canvas.pick(WHITE, canvas.any_colour())
            if canvas.chance(.5):
                canvas.disc(-.93, -.28, .07, tone)
            else:
                canvas.line(-1.1, -.2, -.7, -.32, tone, .06)


@drawing(417, 'balloon', 'airborne', tilt=8, many=.35)
def balloon(canvas):
    """A hot-air balloon: gores of cloth between meridians, basket and ropes below."""
    colours = [canvas.tint(h, .85, .85)
               for h in canvas.rng.permutation([0, 28, 48, 130, 205, 225, 285])[:canvas.integer(2, 5)]]
    if canvas.chance(.3):
        colours = [colours[0], canvas.pick(WHITE * .95, colours[1])]
    n, start, tilt = canvas.pick(12, 16, 20), canvas.uniform(0, 1), canvas.uniform(-.1, .22)
    pattern = canvas.pick('gores', 'gores', 'gores', 'belts', 'zigzag', 'check')
    y = np.linspace(-1, .52, 13)
    r = .76 * np.array([.02, .47, .68, .83, .93, .985, 1, .97, .89, .76, .6, .43, .3])
    lx, ly = canvas.light[:2]
    with canvas.at(0, 0, .98):
        for k in range(int(n * start) % n, n + int(n * start) % n):
            a, b = (-math.pi / 2 + math.pi * (k % n + e) / (n / 1) for e in (0, 1))
            for row in range(12) if pattern != 'gores' else (None,):
                rows = slice(row, row + 2) if row is not None else slice(0, 13)
                band = {'gores': k, 'belts': (row or 0) // 2, 'zigzag': (row or 0) // 2 + k % 2,
                        'check': k + (row or 0) // 3}[pattern]
                edge = [(r[rows] * math.sin(t), y[rows] + tilt * .3 * r[rows] * math.cos(t)) for t in (a, b)]
                points = list(zip(*edge[0])) + list(zip(edge[1][0][::-1], edge[1][1][::-1]))
                middle = (a + b) / 2
                light = .75 + .4 * (math.sin(middle) * lx + math.cos(middle) * .5)
                tone = dim(colours[band % len(colours)], light)
                canvas.fill(poly(points), tone)
                canvas.fill(poly(points), dim(tone, .8), width=.008, alpha=.6)
        outline = poly(list(zip(r, y)) + list(zip(-r[::-1], y[::-1])))
        canvas.fill(outline, radial(lx * .35, -.3 + ly * .35, 1.2, [WHITE, WHITE, BLACK], [0, .4, 1],
                                    [.35, 0, .5]))
        canvas.oval(0, .53, .22, .05, (50, 34, 28))
        if canvas.chance(.4):
            canvas.oval(0, .56, .08, .07, (255, 190, 70), blur=.03)
        for x in (-.2, -.08, .08, .2):
            canvas.line(x, .53, x * .55, .84, (60, 50, 44), .008)
        basket = canvas.tint(30, .55, .5)
        canvas.rect(-.12, .83, .12, 1.0, linear(-.12, 0, .12, 0, [dim(basket, 1.2), dim(basket, .6)]),
                    round=.02)
        for t in np.linspace(.86, .98, 4):
            canvas.line(-.12, t, .12, t, dim(basket, .6), .01)
        for x in canvas.spread(-.08, .08, canvas.integer(0, 3)):
            canvas.disc(x, .8, .025, (205, 160, 130))
            canvas.line(x, .83, x, .85, canvas.any_colour(), .04)


@drawing(812, 'space shuttle', 'airborne', tilt=8, places=('open_sky', 'open_sky', 'desert', 'dark',
                                                           'street'))
def space_shuttle(canvas):
    if canvas.chance(.55):
        shuttle_stack(canvas)
    else:
        shuttle_orbiter(canvas)


def shuttle_stack(canvas):
    """On its way up: orange tank, white boosters, the orbiter seen from above, from the side or from
    behind.
    """
    tank, white = canvas.tint(24, .72, .72), rgb(236, 236, 234)
    flying, turn = canvas.chance(.75), canvas.uniform(-1, 1)
    if flying:
        for x, w in ((-.3, .3), (.3, .3), (0, .25)):
            smoke(canvas, x, .9, w, -.5, (240, 236, 228), 8, .5)
            flames(canvas, x * .9, .62, .16, -.45, 5)
            canvas.oval(x, .78, .07, .22, (255, 245, 200), blur=.04)

    def rocket(x, r, top, foot, colour, tip):
        path = smooth([(x - r, foot), (x - r, foot), (x - r, top + tip * .6), (x, top - tip * .4),
                       (x, top - tip * .4),
                       (x + r, top + tip * .6), (x + r, foot), (x + r, foot)])
        canvas.fill(path, linear(x - r, 0, x + r, 0, [dim(colour, .55), mix(colour, WHITE, .4), colour,
                                                      dim(colour, .45)]))
    s = .33 * (1 - .4 * abs(turn))
    rocket(-s, .085, -.6, .62, white, .22)
    rocket(0, .19, -.85, .45, tank, .4)
    rocket(s, .085, -.6, .62, white, .22)
    for x in (-s, s):
        canvas.fill(poly([(x - .06, .62), (x + .06, .62), (x + .09, .72), (x - .09, .72)]), (70, 70, 72))
        for y in (-.4, .1, .4):
            canvas.line(x - .085, y, x + .085, y, (60, 60, 62), .015)
    x = .16 * turn
    w = .45 * (1 - .5 * abs(turn))
    canvas.fill(poly([(x - .04, -.2), (x - .12, .1), (x - w, .48), (x - w, .56), (x + w, .56), (x + w, .48),
                      (x + .12, .1),
                      (x + .04, -.2)]), linear(x - w, 0, x + w, 0, [dim(white, .8), white, dim(white, .6)]))
    for side in (-1, 1):
        canvas.line(x + side * .12, .1, x + side * w, .5, (40, 40, 44), .03)
        canvas.oval(x + side * .09, .5, .06, .13, dim(white, .85))
    rocket(x, .11, -.4, .58, white, .25)
    canvas.fill(smooth([(x - .07, -.28), (x, -.33), (x + .07, -.28), (x + .06, -.22), (x - .06, -.22)]),
                (34, 36, 42))
    canvas.oval(x, -.44, .04, .05, (40, 40, 44))
    canvas.line(x, .15, x, .56, dim(white, .5), .02)
    canvas.fill(poly([(x - .03, .2), (x + .03, .2), (x + .04, .66), (x - .04, .66)]),
                linear(x - .03, 0, x + .04, 0, [white, dim(white, .55)]))
    lettering(canvas, x - .09, .02, x + .09, .08, (40, 40, 50))


def shuttle_orbiter(canvas):
    """The orbiter alone: gliding or standing on its wheels."""
    solid = viewpoint(canvas, 5, 25, 40, 60, pitch=(0, 22), perspective=(.1, .3))
    solid.fit([(-1, -.5, -.5), (1, .25, .5)], .55, width=2.1)
    white, black = rgb(238, 238, 236), rgb(38, 38, 42)

    def delta(side):
        plate(canvas, solid, [(.55, .12, .1 * side), (.1, .12, .2 * side), (-.45, .13, .62 * side),
                              (-.75, .13, .62 * side),
                              (-.85, .12, .1 * side)], dim(white, .95))
        a, b, c = (solid.at(*p) for p in ((.5, .13, .14 * side), (.1, .13, .22 * side),
                                          (-.45, .14, .63 * side)))
        canvas.sk.drawPath(poly([a, b, c], False), paint(black, width=.04 * solid.scale))
    for x in (-.5, .65):
        a, b = solid.at(x, .1, 0), solid.at(x, .26, 0)
        canvas.line(*a, *b, STEEL, .02)
        canvas.disc(*b, .04 * solid.scale, RUBBER)
    delta(-1)
    solid.tube(canvas, [(-.9, .0, .15), (-.8, -.02, .17), (.5, -.02, .17), (.7, .0, .155), (.85, .04, .11),
                        (.95, .07, .06),
                        (1, .08, .01)],
               lambda x, y, z: np.where(((y > .07) | (x > .93))[:, None], black, white), .25, 20)
    for z in (-.1, .1):
        solid.tube(canvas, [(-.95, -.15, .06), (-.7, -.15, .075), (-.45, -.13, .02)], white, .2, 10, z=z)
    with solid.side(canvas, .172):
        canvas.line(.45, -.06, -.75, -.06, dim(white, .75), .008)
        lettering(canvas, .1, -.03, .5, .02, (40, 40, 60))
        canvas.rect(-.5, -.05, -.38, .01, (60, 70, 130))
    for x, z in ((.7, .1), (.74, .05), (.76, -.02), (.66, .14)):
        spot = solid.at(x, -.1, z)
        canvas.oval(*spot, .035 * solid.scale, .025 * solid.scale, (24, 26, 32))
    with solid.side(canvas, 0):
        tail = poly([(-.55, -.17), (-.85, -.52), (-1.0, -.52), (-.9, -.17)])
        canvas.fill(tail, linear(-.5, -.5, -1, -.2, [white, dim(white, .7)]))
        canvas.line(-.55, -.17, -.85, -.52, black, .025)
    delta(1)


# ---- On the water ------------------------------------------------------------------------------------------

def sail(canvas, points, colour, panels=7, stripe=None):
    """A sail filled by the wind: corners, then cloth with seams and light."""
    path, p = smooth_sail(points), np.asarray(points, float)
    (x0, y0), (x1, y1) = p.min(0), p.max(0)
    lit = canvas.light[0] > 0
    tones = [dim(colour, 1.05), dim(colour, .95), dim(colour, .68)]
    canvas.fill(path, linear(x1 if lit else x0, y0, x0 if lit else x1, y1, tones))
    with canvas.inside(path):
        for y in np.linspace(y0, y1, panels):
            canvas.curve([(x0, y + .06), ((x0 + x1) / 2, y + .1), (x1, y + .02)], dim(colour, .62), .007,
                         alpha=.7)
        if stripe is not None:
            canvas.fill(box(x0, y0 + .6 * (y1 - y0), x1, y0 + .72 * (y1 - y0)), stripe, alpha=.9)
    canvas.fill(path, dim(colour, .6), width=.008, alpha=.6)


def smooth_sail(points):
    """Straight luff, other edges bent outwards a little."""
    p = [np.asarray(q, float) for q in points]
    centre = sum(p) / len(p)
    path = poly([p[0]], False)
    path.moveTo(*map(float, p[0]))
    for k, (a, b) in enumerate(zip(p, p[1:] + p[:1])):
        middle = (a + b) / 2
        bent = middle + (middle - centre) * (.0 if k == 0 else .16)
        path.quadTo(*map(float, bent), *map(float, b))
    path.close()
    return path


def hull(canvas, colour, deck, length=1.7, depth=.2, y=.62, sheer=.1):
    """A sailing hull from the side, bow to the right, with its waterline, wake and mirror image."""
    x0, x1 = -length / 2, length / 2
    path = smooth([(x0, y - depth), (x0, y - depth), (0, y - depth + sheer * .6),
                   (x1 + .08, y - depth - sheer),
                   (x1 + .1, y - depth - sheer), (x1 - .1, y), (x1 - .2, y + .03), (x0 + .25, y + .03),
                   (x0 + .02, y - .05)])
    canvas.fill(path, linear(0, y - depth, 0, y + .03, [dim(colour, 1.1), colour, dim(colour, .6)]))
    with canvas.inside(path):
        canvas.line(x0, y, x1, y, deck, .05)
        canvas.curve([(x0, y - depth + .035), (0, y - depth + sheer * .6 + .03),
                      (x1 + .1, y - depth - sheer + .04)], mix(colour, WHITE, .5), .012)
    for _ in range(10):
        canvas.line(canvas.uniform(x0, x1), y + canvas.uniform(.02, .07), canvas.uniform(x0, x1),
                    y + canvas.uniform(.03, .09),
                    (225, 235, 240), .015, alpha=.5)
    canvas.oval(0, y + .12, length * .45, .06, dim(colour, .8), alpha=.35, blur=.03)


@drawing(914, 'yawl', 'ship')
def yawl(canvas):
    """A tall mainmast with a triangular main and a foresail, a small mizzen right aft."""
    cloth_ = canvas.pick(rgb(245, 244, 238), rgb(245, 244, 238), rgb(236, 226, 205),
                         canvas.tint(12, .65, .55))
    colour = canvas.pick(rgb(240, 240, 238), rgb(240, 240, 238), canvas.tint(220, .7, .3),
                         canvas.tint(2, .7, .5), rgb(120, 74, 40))
    with canvas.at(0, .1, 1, canvas.normal(5)):
        canvas.sk.scale(canvas.uniform(.62, 1), 1)
        hull(canvas, colour, canvas.pick(rgb(160, 40, 30), rgb(40, 50, 60)), 1.6, .16, .68, .06)
        canvas.rect(-.35, .44, .2, .53, rgb(225, 220, 205), round=.02)
        rod(canvas, .1, .54, .1, -1.05, .022, rgb(180, 150, 105))
        rod(canvas, -.66, .54, -.66, -.15, .018, rgb(180, 150, 105))
        sail(canvas, [(.08, -1.0), (.08, .36), (-.5, .4)], cloth_)
        sail(canvas, [(-.68, -.12), (-.68, .42), (-.98, .44)], cloth_, 4)
        sail(canvas, [(.88, .46), (.12, canvas.uniform(-.95, -.7)), (.2, .42)], dim(cloth_, .97))
        if canvas.chance(.3):
            sail(canvas, [(.95, .46), (.14, -.9), (.5, .4)], canvas.any_colour())
        for x in (.88, -.85):
            canvas.line(.1, -1.05, x, .5, (90, 90, 90), .006)
        canvas.line(-.5, .4, .08, .38, rgb(170, 140, 95), .02)
        for x in canvas.spread(-.5, -.1, canvas.integer(0, 3)):
            canvas.disc(x, .4, .03, (210, 165, 135))
            canvas.line(x, .44, x, .5, canvas.any_colour(), .05)


@drawing(780, 'schooner', 'ship')
def schooner(canvas):
    """Two or three masts with gaff sails, several foresails on a long bowsprit, a dark hull."""
    cloth_ = canvas.pick(rgb(240, 234, 215), rgb(244, 242, 236), rgb(225, 212, 185), canvas.tint(12, .6, .5))
    colour = canvas.pick(rgb(34, 34, 38), rgb(34, 34, 38), canvas.tint(140, .5, .25), rgb(238, 238, 234),
                         rgb(96, 56, 34))
    masts = canvas.pick((-.38, .2), (-.38, .2), (-.55, -.1, .32))
    with canvas.at(0, .1, 1, canvas.normal(4)):
        canvas.sk.scale(canvas.uniform(.7, 1), 1)
        hull(canvas, colour, canvas.pick(rgb(140, 40, 30), rgb(60, 120, 80)), 1.65, .2, .7, .1)
        wood = rgb(165, 125, 78)
        rod(canvas, .8, .44, 1.12, .3, .025, wood)
        furled = canvas.chance(.1)
        for k, x in enumerate(masts):
            rod(canvas, x, .55, x + .02, -1.02 + .08 * (k == len(masts) - 1), .025, wood)
            reach = (masts[k] - masts[k - 1] - .05) if k else .47
            if furled:
                rod(canvas, x, .38, x - reach, .36, .06, cloth_)
                continue
            sail(canvas, [(x - .02, -.5), (x - .02, .38), (x - reach, .38), (x - reach * .72, -.72)], cloth_)
            canvas.line(x, -.48, x - reach * .74, -.74, wood, .02)
            canvas.line(x, .39, x - reach, .39, wood, .02)
            if canvas.chance(.6):
                sail(canvas, [(x, -1.0), (x, -.54), (x - reach * .7, -.74)], cloth_, 3)
        x = masts[-1]
        for k in range(3):
            bow_x = 1.1 - .2 * k
            canvas.line(x, -.95 + .2 * k, bow_x, .32 + .05 * k, (80, 76, 70), .006)
            if not furled:
                sail(canvas, [(bow_x - .02, .3 + .05 * k), (x + .08, -.75 + .25 * k),
                              (bow_x - .28, .34 + .04 * k)], dim(cloth_, 1 - .03 * k), 4)
        for a, b in zip(masts, masts[1:] + (1.1,)):
            canvas.line(a, -.98, b, -.9 if b < 1 else .3, (80, 76, 70), .005)


@drawing(472, 'canoe', 'ship', tilt=12, size=(.36, .58), places=('water', 'water', 'water', 'forest'))
def canoe(canvas):
    """An open boat with high pointed ends, seen from the side or from above, empty or paddled."""
    solid = Solid(canvas.pick(0, 15, 30, -20, 50) + canvas.normal(6), canvas.uniform(6, 45),
                  canvas.uniform(.1, .3))
    colour = canvas.pick(canvas.tint(2, .8, .7), canvas.tint(130, .6, .4), canvas.tint(28, .6, .55),
                         canvas.tint(48, .8, .85),
                         canvas.tint(205, .7, .6), rgb(170, 172, 176))
    wood = canvas.tint(30, .55, .72)
    solid.fit([(-1, -.15, -.24), (1, .2, .24)], .5, width=2.1)
    t = np.linspace(-1, 1, 15)
    half = .24 * np.maximum(0, 1 - np.abs(t) ** 2.4)
    rim = -.02 - .17 * np.abs(t) ** 4
    keel = .2 - .06 * t ** 8
    rails = {side: np.column_stack([t, rim, side * half]) for side in (-1, 1)}
    canvas.oval(*solid.at(0, .24, 0), solid.scale * 1.0, solid.scale * .2, (20, 40, 50), alpha=.4, blur=.06)
    inside = np.concatenate([rails[1], rails[-1][::-1]])
    bottom = np.column_stack([t * .93, keel - .05, -half * .2])
    canvas.fill(solid.path(np.concatenate([rails[-1], bottom[::-1]])), dim(wood, .62))
    canvas.fill(solid.path(inside), dim(wood, .55))
    for k in range(1, 14):
        curve = [(t[k], rim[k], -half[k]), (t[k], keel[k] - .06, -half[k] * .3),
                 (t[k], keel[k] - .06, half[k] * .3)]
        canvas.curve(solid.project(curve), dim(wood, .95), .02 * solid.scale)
    seats = np.linspace(-.6, .55, 3)
    paddler = canvas.integer(0, 2) if canvas.chance(.65) else 0
    for x in seats:
        w = float(np.interp(x, t, half)) * .95
        canvas.fill(solid.path([(x - .05, .0, -w), (x + .05, .0, -w), (x + .05, .0, w), (x - .05, .0, w)]),
                    wood)
    for x in (seats[0], seats[2])[:paddler]:
        paddling(canvas, solid, x)
    skin = np.concatenate([rails[1], np.column_stack([t * .95, keel, half * .55])[::-1]])
    (x0, y0), (x1, y1) = solid.at(0, -.1, .24), solid.at(0, .2, .15)
    canvas.fill(solid.path(skin), linear(x0, y0, x1, y1, [mix(colour, WHITE, .3), colour, dim(colour, .5)]))
    for side in (-1, 1):
        canvas.sk.drawPath(poly(solid.project(rails[side]), False),
                           paint(dim(wood, .9), width=.025 * solid.scale))
    for y in (.22, .25):
        canvas.curve([solid.at(-.9, y, .2), solid.at(0, y + .04, .24), solid.at(.9, y, .2)], (225, 235, 240),
                     .012, alpha=.5)


def paddling(canvas, solid, x):
    """Someone kneeling in a canoe with a paddle."""
    cx, cy = solid.at(x, -.02, 0)
    k = solid.scale * .95
    jacket, skin = canvas.tint(canvas.pick(5, 30, 50, 220), .85, .8), canvas.tint(25, .45, .75, 6, .1, .2)
    lean = canvas.normal(.05)
    canvas.fill(limb([(cx, cy + .08 * k), (cx + lean * k, cy - .3 * k)], [.22 * k, .19 * k]),
                linear(cx - .1 * k, 0, cx + .1 * k, 0, [dim(jacket, 1.15), dim(jacket, .65)]))
    ball(canvas, cx + lean * k, cy - .4 * k, .085 * k, skin)
    canvas.fill(smooth([(cx - .12 * k, cy - .43 * k), (cx + lean * k, cy - .56 * k),
                        (cx + .12 * k, cy - .43 * k)]),
                canvas.any_colour())
    side = canvas.pick(-1, 1)
    a, b = (cx + side * .0 * k, cy - .5 * k), (cx + side * .42 * k, cy + .3 * k)
    canvas.line(*a, *b, rgb(190, 150, 95), .03 * k)
    with canvas.at(*b, k, math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))):
        canvas.oval(.08, 0, .12, .05, rgb(200, 160, 100))
    canvas.curve([(cx + lean * k, cy - .25 * k), (cx + side * .15 * k, cy - .15 * k),
                  (cx + side * .12 * k, cy - .3 * k)],
                 dim(jacket, .85), .07 * k)


@drawing(833, 'submarine', 'ship', size=(.36, .58), places=('water', 'water', 'water', 'underwater'))
def submarine(canvas):
    """A long dark hull with its sail (conning tower), at the surface with white water, or under it."""
    solid = viewpoint(canvas, 5, 20, 35, 52, -15, pitch=(2, 14), perspective=(.15, .35))
    colour = canvas.pick(rgb(44, 46, 50), rgb(44, 46, 50), rgb(72, 78, 84), rgb(30, 34, 42),
                         rgb(98, 104, 108))
    solid.fit([(-1, -.55, -.17), (1, .3, .17)], .5, width=2.15)
    afloat = canvas.chance(.75)
    solid.tube(canvas, [(-1.05, .12, .01), (-.8, .1, .09), (-.4, .08, .16), (.2, .08, .17), (.7, .08, .165),
                        (.92, .09, .12),
                        (1.02, .1, .05), (1.05, .1, .005)], colour, .35, 18)
    with solid.side(canvas, 0):
        canvas.fill(poly([(-.98, .1), (-1.04, -.2), (-.92, -.2), (-.8, .06)]), dim(colour, .8))
    x, long = canvas.uniform(.1, .35), canvas.uniform(.16, .26)
    for y in ((-.36, .0),):
        ring = [[(x - long, h), (x + long * .9, h)] for h in y]
        tower = []
        for h, k in ((y[0], .8), (y[0] + .02, .92), (.0, 1)):
            turn = np.linspace(0, 2 * math.pi, 12, endpoint=False)
            tower.append(np.column_stack([x + long * k * np.cos(turn), np.full(12, h), .07 * k
                                          * np.sin(turn)]))
        if ring:
            solid.shell(canvas, tower, mix(colour, BLACK, .15), .3)
    for k, top in ((-.06, -.62), (.04, -.54), (.1, -.48)):
        a, b = solid.at(x + k, -.34, 0), solid.at(x + k, top, 0)
        canvas.line(*a, *b, (60, 62, 66), .018)
    if canvas.chance(.6):
        plate(canvas, solid, [(x + .1, -.22, .05), (x + .06, -.22, .3), (x - .04, -.22, .3),
                              (x - .06, -.22, .05)], colour)
    else:
        with solid.side(canvas, .07):
            lettering(canvas, x - .12, -.24, x + .12, -.14, WHITE)
    if afloat:
        foam = rgb(228, 238, 242)
        a, b = solid.at(-1.1, .17, .12), solid.at(1.12, .17, .05)
        n = 90
        t = canvas.spread(0, 1, n)
        px, py = a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
        sea = canvas.tint(205, .5, .4, 15)
        canvas.fill(smooth([a - (.1, 0), a * .5 + b * .5 - (0, .02), b + (.08, 0), b + (0, .3), a + (0, .3)]),
                    sea, alpha=.85, blur=.04)
        strokes(canvas, px, py + np.abs(canvas.rng.normal(0, .07, n)), canvas.rng.normal(0, .15, n),
                canvas.spread(.05, .2, n),
                canvas.vary(foam, n, .1), .025, .7, 2)
        canvas.oval(*b, .16, .07, foam, alpha=.7, blur=.03)
