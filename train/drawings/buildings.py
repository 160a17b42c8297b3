"""Buildings, from castles to lighthouses, and landscapes.

Houses are plates and boxes of solids.py (x along the house, its front at +x, so yaw 90 looks straight at the
front); domes, towers and fountains are turned bodies; landscapes are fields of heights (terrain.py) and fill
the sheet.
"""

import math

import numpy as np
import skia

from train.drawings.brushes import (
    WHITE,
    arch,
    ball,
    box,
    bricks,
    cloud,
    dim,
    dome,
    flames,
    foliage,
    glow,
    grass,
    hairs,
    lathe,
    linear,
    mix,
    noise,
    paint,
    planks,
    poly,
    radial,
    rgb,
    ripples,
    rod,
    scallops,
    shade,
    smoke,
    smooth,
    specks,
    strokes,
    tree,
    windows,
)
from train.drawings.registry import drawing
from train.drawings.scenes import hills, sky
from train.drawings.solids import Solid
from train.drawings.terrain import Land, ground, terrain

GLASS = rgb(48, 58, 72)
DARK = rgb(30, 26, 30)


# ---- Parts -------------------------------------------------------------------------------------------------

def stone_colour(canvas):
    """Sandstone, limestone, granite, plaster."""
    return canvas.pick(canvas.tint(38, .28, .75), canvas.tint(35, .12, .82), canvas.tint(30, .08, .62),
                       canvas.tint(20, .35, .66), rgb(236, 232, 222))


def gable_house(canvas, solid, x0, x1, half, eave, ridge, foot, wall, roof, texture=None, over=.05,
                steps=1.0):
    """A house along x with a saddle roof: walls from eave to foot, z from -half to half; texture(x0, y0, x1,
    y1) paints a wall in its own plane. `steps` < 1 breaks the roof (a gambrel): its upper part starts at that
    height.
    """
    solid.box(canvas, (x0, eave, -half), (x1, foot, half), wall)
    front = [(x1, eave, -half), (x1, ridge, 0), (x1, eave, half)]
    if steps < 1:
        knee = eave + (ridge - eave) * steps
        front = [front[0], (x1, knee, -half * .66), front[1], (x1, knee, half * .66), front[2]]
    solid.face(canvas, front, wall, (1, 0, 0))
    if texture is not None:
        with solid.side(canvas, half):
            texture(x0, eave, x1, foot)
        if solid.facing(1, 0, 0) > .05:
            whole = solid.path(front + [(x1, foot, half), (x1, foot, -half)])
            with canvas.inside(whole), solid.front(canvas, x1):
                texture(-half, ridge, half, foot)
    edge = [(eave + .03, half + over),
            (ridge, 0)] if steps == 1 else [(eave + .03, half + over), (knee, half * .66), (ridge, 0)]
    for side in (-1, 1):
        for (y0, z0), (y1, z1) in zip(edge, edge[1:]):
            corners = [(x0 - over, y0, side * z0), (x1 + over, y0, side * z0), (x1 + over, y1, side * z1),
                       (x0 - over, y1, side * z1)]
            normal = (0, -abs(z0 - z1), side * abs(y0 - y1))
            if solid.facing(*normal) > .02:
                tiled(canvas, solid, corners, dim(roof, solid.light(canvas, *normal) * 1.1))
    for side in (-1, 1):
        for (y0, z0), (y1, z1) in zip(edge, edge[1:]):
            if solid.facing(1, 0, 0) > .05:
                canvas.line(*solid.at(x1 + over, y0, side * z0), *solid.at(x1 + over, y1, side * z1),
                            dim(roof, .6), .025)


def tiled(canvas, solid, corners, colour):
    """A roof plane with rows of tiles."""
    path = solid.path(corners)
    canvas.fill(path, colour)
    a, b, c, d = solid.project(corners)
    for t in np.linspace(.06, .94, 9):
        canvas.line(*(a + (d - a) * t), *(b + (c - b) * t), dim(colour, canvas.uniform(.72, .88)), .012)


def spire(canvas, solid, x, half, top, foot, colour, z=0.0):
    """A pyramid on a square of half width `half` at y = foot around (x, z)."""
    corners = [(x - half, foot, z - half), (x + half, foot, z - half), (x + half, foot, z + half),
               (x - half, foot, z + half)]
    slope = half / (foot - top)
    for (a, b), normal in zip(((0, 1), (3, 0), (2, 3), (1, 2)), ((0, -slope, -1), (-1, -slope, 0),
                                                                 (0, -slope, 1), (1, -slope, 0))):
        solid.face(canvas, [corners[a], corners[b], (x, top, z)], colour, normal)


def arched_window(canvas, x, y, w, h, pointed=False, frame=None, tone=GLASS):
    """A window with its reveal and bars, standing on (x, y)."""
    if frame is not None:
        canvas.fill(arch(x, y + w * .1, w * 1.35, h * 1.13, pointed), frame)
    shape = arch(x, y, w, h, pointed)
    canvas.fill(shape, linear(x, y - h, x + w * .3, y, [mix(tone, WHITE, .25), tone, dim(tone, .5)]))
    if frame is not None:
        canvas.line(x, y - h * .95, x, y, frame, w * .07)
        canvas.line(x - w * .5, y - h * .45, x + w * .5, y - h * .45, frame, w * .06)


def colonnade(canvas, x0, x1, top, foot, n, colour, width=None):
    """n columns between x0 and x1 with base and capital."""
    w = .55 * (x1 - x0) / n if width is None else width
    for x in np.linspace(x0 + w / 2, x1 - w / 2, n):
        canvas.rect(x - w * .35, top, x + w * .35, foot, linear(x - w * .4, 0, x + w * .4, 0,
                                                               [dim(colour, .7), dim(colour, 1.15),
                                                                dim(colour, .55)]))
        canvas.rect(x - w * .5, top, x + w * .5, top + w * .4, dim(colour, 1.08))
        canvas.rect(x - w * .5, foot - w * .3, x + w * .5, foot, dim(colour, .9))


def round_dome(canvas, x, y, r, colour, height=1.0, swell=0.0, ribs=7, finial=None, gloss=.45):
    """A lit dome on (x, y) with ribs and a finial."""
    path = dome(x, y, r, swell, height)
    lx, ly, _ = canvas.light
    canvas.fill(path, radial(x + lx * r * .45, y - r * height * .55, r * 1.5,
                             [mix(colour, WHITE, gloss), colour, dim(colour, .42)], [0, .4, 1]))
    with canvas.inside(path):
        for t in np.linspace(-1, 1, ribs + 2)[1:-1]:
            canvas.curve([(x + r * t * (1 + swell), y), (x + r * t * (1 + swell) * .92, y - r * height * .6),
                          (x, y - r * height * (1.02 + swell * .8))],
                         dim(colour, .6), r * .025, alpha=.7)
    tip = y - r * height * (1 + swell * .8)
    if finial is not None:
        rod(canvas, x, tip + r * .05, x, tip - r * .45, r * .05, finial)
        ball(canvas, x, tip - r * .15, r * .07, finial)


def rounded_wall(canvas, x, r, top, foot, colour, arches=0, tone=DARK):
    """A drum: a round wall with a row of arched openings, foreshortened towards its sides."""
    canvas.rect(x - r, top, x + r, foot, linear(x - r, 0, x + r, 0, [dim(colour, .55), dim(colour, 1.1),
                                                                     colour, dim(colour, .5)],
                                               [0, .5 + .25 * canvas.light[0], .75, 1]))
    for k in range(arches):
        turn = math.pi * (k + .5) / arches
        w = 1.1 * r * math.sin(turn) * math.pi / arches * .55
        canvas.fill(arch(x - r * math.cos(turn), foot - .1 * (foot - top), w, .75 * (foot - top)), tone)
    canvas.rect(x - r * 1.06, top - .02, x + r * 1.06, top + .02, dim(colour, 1.1))
    canvas.rect(x - r * 1.06, foot - .02, x + r * 1.06, foot + .02, dim(colour, .9))


# ---- Worship -----------------------------------------------------------------------------------------------

@drawing(497, 'church', 'building')
def church(canvas):
    solid = Solid(canvas.pick(25, 40, 55, 75, 90, 8) + canvas.normal(5), canvas.uniform(-6, 8),
                  canvas.uniform(.1, .3))
    solid.fit([(-.9, -1.15, -.4), (.9, .8, .4)], .87, height=2.0)
    wall, roof = stone_colour(canvas), canvas.tint(canvas.pick(15, 215, 20, 150), .35, .42)
    trim, pointed = mix(wall, WHITE, .5), canvas.chance(.65)
    kind = canvas.integer(0, 2)

    def texture(x0, y0, x1, y1):
        with canvas.layer(alpha=.3):
            if kind == 1:
                for y in np.arange(y0, y1, .05):
                    canvas.line(x0, y, x1, y, dim(wall, .7), .01)
            else:
                bricks(canvas, x0, y0, x1, y1, .12, .06, wall, dim(wall, .7), .2)
    gable_house(canvas, solid, -.9, .45, .36, .12, -.3, .8, wall, roof, texture)
    with solid.side(canvas, .36):
        for x in np.linspace(-.72, .3, 4):
            arched_window(canvas, x, .62, .13, .36, pointed, trim)
            canvas.rect(x + .1, .2, x + .15, .8, dim(wall, .85))
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .452):
            for z in (-.28, .28):
                arched_window(canvas, z, .5, .09, .25, pointed, trim)
    top = canvas.uniform(-.42, -.25)
    solid.box(canvas, (.42, top, -.2), (.82, .8, .2), wall)
    with solid.side(canvas, .2):
        texture(.42, top, .82, .8)
        arched_window(canvas, .62, top + .3, .14, .24, pointed, trim, dim(GLASS, .6))
        arched_window(canvas, .62, .4, .1, .22, pointed, trim)
        canvas.rect(.4, top + .36, .84, top + .39, trim)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .821):
            texture(-.2, top, .2, .8)
            arched_window(canvas, 0, top + .3, .14, .24, pointed, trim, dim(GLASS, .6))
            if canvas.chance(.5):
                canvas.disc(0, .12, .09, trim)
                canvas.disc(0, .12, .075, GLASS)
            canvas.rect(-.22, top + .36, .22, top + .39, trim)
            canvas.fill(arch(0, .8, .2, .36, pointed), canvas.pick(rgb(70, 42, 26), rgb(120, 30, 26)))
    solid.box(canvas, (.39, top - .04, -.23), (.85, top + .01, .23), trim)
    if canvas.chance(.2):
        x, y = solid.at(.62, top - .03, 0)
        round_dome(canvas, x, y, .24 * solid.scale, roof, 1.1, .35, 5, rgb(205, 175, 90))
        return
    tip = top - canvas.uniform(.35, .75)
    spire(canvas, solid, .62, .22, tip, top - .03, roof)
    x, y = solid.at(.62, tip, 0)
    canvas.line(x, y + .03, x, y - .14, rgb(190, 165, 90), .02)
    canvas.line(x - .045, y - .09, x + .045, y - .09, rgb(190, 165, 90), .02)


@drawing(668, 'mosque', 'building')
def mosque(canvas):
    wall = canvas.pick(rgb(240, 236, 226), canvas.tint(38, .25, .85), rgb(225, 228, 232),
                       canvas.tint(20, .35, .72))
    tone = canvas.pick(canvas.tint(190, .6, .6), canvas.tint(44, .65, .85), mix(wall, rgb(140, 150, 165), .5),
                       mix(wall, WHITE, .3),
                       canvas.tint(150, .4, .5))
    gold, swell = rgb(214, 176, 80), canvas.pick(0, .15, .3)
    towers = canvas.pick((-.88, .88), (-.92, -.62, .62, .92), (.8,), (-.8, .8))
    for x in towers:
        minaret(canvas, x, canvas.uniform(.06, .085), canvas.uniform(-1.0, -.75), wall, tone, gold)
    low = canvas.uniform(.1, .25)
    r = canvas.uniform(.34, .5)
    for x in (-.56, .56):
        round_dome(canvas, x, low + .02, .2, tone, .85, swell, 5, gold)
    rounded_wall(canvas, 0, r * .95, low - .2, low + .02, wall, 7)
    round_dome(canvas, 0, low - .2, r, tone, canvas.uniform(.85, 1.05), swell, 9, gold)
    canvas.rect(-.8, low, .8, .86, linear(-.8, 0, .8, 0, [dim(wall, .95), dim(wall, .8)]
                                          if canvas.light[0] < 0
                                         else [dim(wall, .8), dim(wall, .95)]))
    canvas.rect(-.82, low - .03, .82, low + .03, dim(wall, 1.05))
    for x in np.linspace(-.68, .68, 7):
        if abs(x) > .25:
            arched_window(canvas, x, .86, .15, .42, True, mix(wall, tone, .3), dim(GLASS, .6))
    canvas.rect(-.25, low - .1, .25, .86, wall)
    canvas.rect(-.25, low - .1, .25, .86, tone, width=.03)
    canvas.fill(arch(0, .86, .4, .66, True), mix(wall, tone, .6))
    with canvas.inside(arch(0, .86, .36, .62, True)):
        canvas.rect(-.3, -.1, .3, .9, linear(0, .25, 0, .86, [dim(tone, .9), dim(tone, .45)]))
        scallops(canvas, box(-.2, .2, .2, .45), (-.2, .2, .2, .45), .06, tone)
        canvas.fill(arch(0, .86, .18, .36, True), DARK)


def minaret(canvas, x, w, top, wall, tone, gold):
    """A slender tower with balconies and a pointed cap."""
    with canvas.at(x, 0):
        lathe(canvas, [(top + .25, w * .7), (.86, w)], wall, .25)
        for y in (top + .28, top + .62):
            lathe(canvas, [(y, w * 1.5), (y + .05, w * 1.5), (y + .1, w * .9)], wall, .2)
            canvas.line(-w * .5, y - .02, w * .5, y - .02, dim(wall, .5), .02)
        lathe(canvas, [(top, .005), (top + .1, w * .5), (top + .25, w * .85)], tone, .3)
        rod(canvas, 0, top, 0, top - .1, .014, gold)


@drawing(832, 'stupa', 'building')
def stupa(canvas):
    white = canvas.pick(rgb(240, 238, 232), rgb(240, 238, 232), canvas.tint(42, .6, .85),
                        canvas.tint(20, .3, .6))
    gold = canvas.pick(canvas.tint(44, .75, .9), canvas.tint(44, .75, .9), white)
    if canvas.chance(.35):
        rings = [(-.95, .01), (-.7, .03), (-.45, .06), (-.3, .1), (-.2, .22), (.0, .3), (.25, .45),
                 (.45, .62), (.5, .7)]
        lathe(canvas, rings, gold, .5)
        for y, r in ((.47, .68), (.58, .76), (.7, .85), (.8, .93)):
            lathe(canvas, [(y, r), (y + .1, r * 1.03)], dim(gold, .95), .3)
        for y in np.linspace(-.66, -.34, 6):
            lathe(canvas, [(y, .04 + .11 * (y + .66)), (y + .03, .06 + .11 * (y + .66))], dim(gold, 1.1), .6)
        return
    for k, y in enumerate((.74, .64, .54)):
        w = 1.0 - .13 * k
        canvas.rect(-w, y, w, y + .13, linear(-w, 0, w, 0, [dim(white, .95), dim(white, .7)]
                                              if canvas.light[0] < 0
                                             else [dim(white, .7), dim(white, .95)]))
        canvas.rect(-w * 1.02, y - .02, w * 1.02, y + .015, white)
    round_dome(canvas, 0, .55, canvas.uniform(.6, .72), white, canvas.uniform(.85, 1), canvas.pick(0, 0, .08),
               0, None, .2)
    y = canvas.uniform(-.12, -.05)
    canvas.rect(-.17, y - .18, .17, y + .08, linear(-.17, 0, .17, 0, [gold, dim(gold, .65)]))
    if canvas.chance(.6):
        for x in (-.08, .08):
            canvas.oval(x, y - .06, .055, .03, WHITE)
            canvas.disc(x, y - .06, .024, (40, 70, 130))
            canvas.curve([(x - .07, y - .11), (x, y - .13), (x + .07, y - .11)], DARK, .015)
    canvas.rect(-.2, y - .2, .2, y - .16, dim(gold, 1.1))
    n = 9
    for k in range(n):
        t = k / (n - 1)
        lathe(canvas, [(y - .24 - .5 * t, .15 * (1 - .85 * t)), (y - .19 - .5 * t, .17 * (1 - .85 * t))],
              gold, .5)
    lathe(canvas, [(y - .84, .06), (y - .8, .09), (y - .76, .03)], gold, .6)
    rod(canvas, 0, y - .8, 0, y - .95, .02, gold)
    if canvas.chance(.5):
        for side in (-1, 1):
            for k in range(3):
                end = (side * (.7 + .25 * k), .55 + .1 * k)
                x, h = np.linspace(0, end[0], 12), np.linspace(y - .75, end[1],
                                                               12) + .12 * np.sin(np.linspace(0, 3.14, 12))
                canvas.curve(list(zip(x, h)), (150, 150, 150), .006)
                flags = np.array(((60, 90, 190), (240, 240, 240), (210, 50, 40), (60, 140, 70),
                                  (240, 205, 60)))
                strokes(canvas, x[1:-1], h[1:-1], math.pi / 2, .05, flags[np.arange(10) % 5], .04, layers=1)


@drawing(538, 'dome', 'building')
def great_dome(canvas):
    """The dome of a cathedral or a capitol: steps, drum with columns, ribs, lantern."""
    wall = stone_colour(canvas)
    tone = canvas.pick(canvas.tint(155, .35, .62), canvas.tint(44, .6, .85), canvas.tint(15, .55, .6),
                       mix(wall, rgb(120, 130, 145), .6),
                       wall, rgb(235, 235, 232))
    gold = rgb(212, 176, 86)
    if canvas.chance(.18):
        dome_from_inside(canvas, wall, gold)
        return
    r = canvas.uniform(.62, .78)
    canvas.rect(-1, .62, 1, 1.0, linear(-1, 0, 1, 0, [dim(wall, 1), dim(wall, .7)]))
    canvas.rect(-1.02, .6, 1.02, .65, dim(wall, 1.1))
    windows_row = np.linspace(-.85, .85, 7)
    for x in windows_row:
        arched_window(canvas, x, .98, .12, .26, False, mix(wall, WHITE, .3))
    rounded_wall(canvas, 0, r * 1.05, .18, .62, wall)
    n = 11
    for k in range(n):
        turn = math.pi * (k + .5) / n
        x, w = -r * 1.02 * math.cos(turn), .13 * math.sin(turn) * r
        canvas.fill(arch(x, .56, w, .3), dim(GLASS, .7))
        edge = -r * 1.02 * math.cos(math.pi * k / n)
        canvas.rect(edge - .02, .2, edge + .02, .6, linear(edge - .03, 0, edge + .03, 0,
                                                           [dim(wall, 1.15), dim(wall, .55)]))
    rounded_wall(canvas, 0, r * 1.1, .12, .19, wall)
    round_dome(canvas, 0, .12, r, tone, canvas.uniform(.95, 1.25), canvas.pick(0, 0, .12), canvas.pick(9, 13),
               None, .4)
    y = .12 - r * 1.05
    rounded_wall(canvas, 0, .11, y - .16, y + .06, wall, 3)
    round_dome(canvas, 0, y - .16, .11, tone, 1.1, 0, 3, gold)


def dome_from_inside(canvas, wall, gold):
    """Looking up: rings of coffers towards the light in the middle."""
    first, second = mix(wall, gold, .3), mix(wall, rgb(110, 80, 60), .5)
    rings = np.linspace(1.15, .2, 8)
    n = canvas.pick(16, 20, 24)
    for k, (r0, r1) in enumerate(zip(rings, rings[1:])):
        canvas.disc(0, 0, r0, dim(mix(first, second, k % 2), 1 - .05 * k))
        for i in range(n):
            a, b = (2 * math.pi * (i + e) / n for e in (.15, .85))
            s, t = r0 - .2 * (r0 - r1), r1 + .2 * (r0 - r1)
            path = poly([(s * math.cos(a), s * math.sin(a)), (s * math.cos(b), s * math.sin(b)),
                         (t * math.cos(b), t * math.sin(b)), (t * math.cos(a), t * math.sin(a))])
            lit = 1 + .4 * (math.cos(a) * canvas.light[0] + math.sin(a) * canvas.light[1])
            canvas.fill(path, dim(second, lit * .8))
        canvas.disc(0, 0, r1, gold, width=.012)
    canvas.disc(0, 0, .2, radial(0, 0, .2, [WHITE, rgb(235, 242, 250), rgb(160, 185, 215)]))


@drawing(442, 'bell cote', 'building')
def bell_cote(canvas):
    """A gable of masonry with openings in which bells hang, on a roof."""
    wall, roof = stone_colour(canvas), canvas.tint(canvas.pick(15, 20, 215), .4, .45)
    bronze = canvas.pick(canvas.tint(38, .6, .5), canvas.tint(150, .3, .45))
    solid = Solid(90 + canvas.pick(-35, -20, 0, 25, 40), canvas.uniform(-14, 4), .15)
    n, w = canvas.pick((1, .38), (2, .55), (2, .6), (3, .62))
    solid.fit([(-.15, -.95, -.8), (.15, .9, .8)], .9, height=1.9)
    roof_path = [(.0, .3, -1.1), (.0, .3, 1.1), (.4, .9, 1.2), (.4, .9, -1.2)]
    tiled(canvas, solid, [roof_path[3], roof_path[2], roof_path[1], roof_path[0]], roof)
    profile = [(-w, .5), (-w, -.42), (0, -.85), (w, -.42), (w, .5)]
    rings = [[(x, y, -z) for z, y in profile] for x in (-.13, .13)]
    solid.shell(canvas, rings, wall)
    with solid.front(canvas, .131):
        with canvas.inside(poly(profile)), canvas.layer(alpha=.4):
            bricks(canvas, -w, -.85, w, .5, .17, .09, wall, dim(wall, .65), .25)
        spots = {1: [(0, .3, .36, .7)], 2: [(-w * .45, .3, w * .6, .66), (w * .45, .3, w * .6, .66)],
                 3: [(-w * .45, .4, w * .55, .55), (w * .45, .4, w * .55, .55), (0, -.26, w * .45, .4)]}[n]
        air = [rgb(130, 165, 205), rgb(190, 210, 228)]
        for x, y, wide, tall in spots:
            canvas.fill(arch(x, y + .03, wide * 1.25, tall * 1.08), mix(wall, WHITE, .25))
            canvas.fill(arch(x, y, wide, tall), linear(0, y - tall, 0, y, air))
            bell(canvas, x, y - tall * .8, wide * .36, bronze)
        for side in (-1, 1):
            canvas.line(side * w * 1.06, -.4, 0, -.88, dim(wall, 1.15), .06)
    x, y = solid.at(0, -.88, 0)
    canvas.line(x, y, x, y - .2, rgb(60, 58, 56), .025)
    canvas.line(x - .06, y - .13, x + .06, y - .13, rgb(60, 58, 56), .025)


def bell(canvas, x, y, r, colour):
    """A bell hanging from (x, y): r its half width."""
    with canvas.at(x, y, r, canvas.normal(8)):
        canvas.rect(-1.15, -.2, 1.15, .05, rgb(90, 62, 40))
        path = smooth([(-.3, .05), (.3, .05), (.55, .3), (.6, 1.1), (1.05, 1.6), (1.05, 1.6), (-1.05, 1.6),
                       (-1.05, 1.6),
                       (-.6, 1.1), (-.55, .3)])
        canvas.fill(path, linear(-1, 0, 1, 0, [dim(colour, .5), mix(colour, WHITE, .5), colour,
                                               dim(colour, .4)]))
        canvas.line(-.95, 1.5, .95, 1.5, dim(colour, .6), .08)
        canvas.disc(0, 1.72, .18, dim(colour, .5))


@drawing(663, 'monastery', 'building')
def monastery(canvas):
    """White or stone walls around a court, tiled roofs, an arcade, a bell tower."""
    solid = Solid(canvas.pick(20, 35, 50, -25) + canvas.normal(5), canvas.uniform(4, 24), .2)
    solid.fit([(-1, -.75, -.7), (1, .55, .7)], .88, width=2.3, height=1.9)
    wall = canvas.pick(rgb(240, 234, 220), stone_colour(canvas))
    roof = canvas.pick(canvas.tint(15, .6, .62), canvas.tint(15, .6, .62), canvas.tint(215, .2, .45))

    def texture(x0, y0, x1, y1):
        n = max(2, int((x1 - x0) / .16))
        with canvas.at(x0, y0):
            canvas.sk.scale(x1 - x0, max(.1, y1 - y0))
            windows(canvas, n, 2, dim(GLASS, .7), None, .4, canvas.chance(.5), .05)
    solid.box(canvas, (-.95, .1, -.66), (.95, .5, -.6), wall)
    shift = solid.shift.copy()
    solid.shift = solid.project([(0, 0, -.5)])[0]
    gable_house(canvas, solid, -.95, .95, .2, .0, -.2, .5, wall, roof, texture)
    solid.shift = shift
    tower = canvas.uniform(-.5, .4)
    solid.box(canvas, (tower - .14, -.55, -.5), (tower + .14, .3, -.22), wall)
    with solid.side(canvas, -.22):
        arched_window(canvas, tower, -.25, .1, .22, False, mix(wall, WHITE, .3), DARK)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, tower + .141):
            arched_window(canvas, .36, -.25, .1, .22, False, mix(wall, WHITE, .3), DARK)
    if canvas.chance(.4):
        x, y = solid.at(tower, -.55, -.36)
        round_dome(canvas, x, y, .17 * solid.scale, roof, 1, .25, 5, rgb(205, 175, 90))
    else:
        spire(canvas, solid, tower, .17, canvas.uniform(-.95, -.75), -.55, roof, -.36)
    solid.shift = solid.project([(0, 0, .3)])[0]
    gable_house(canvas, solid, -.95, .25, .18, .12, -.05, .55, wall, roof)
    solid.shift = shift
    with solid.side(canvas, .48):
        canvas.rect(-.95, .1, .25, .55, dim(wall, .95))
        for x in np.linspace(-.85, .15, 7):
            canvas.fill(arch(x, .55, .12, .24), DARK)
            canvas.fill(arch(x, .26, .05, .09), dim(GLASS, .6))
    solid.box(canvas, (.25, .3, .45), (.95, .55, .48), wall)
    for x in (.45, .65, .85):
        px, py = solid.at(x, .32, .2)
        foliage(canvas, px, py - .12, .06, .2, canvas.tint(110, .5, .3), 40, .06)


# ---- Houses ------------------------------------------------------------------------------------------------

@drawing(425, 'barn', 'building', places=('meadow', 'meadow', 'meadow', 'desert', 'lawn'))
def barn(canvas):
    solid = Solid(canvas.pick(30, 45, 60, 90, 75) + canvas.normal(6), canvas.uniform(-3, 9),
                  canvas.uniform(.1, .25))
    solid.fit([(-.9, -.75, -.6), (.9, .7, .6)], .86, height=1.65)
    wall = canvas.pick(canvas.tint(4, .75, .58), canvas.tint(4, .75, .5), canvas.tint(8, .7, .62),
                       rgb(225, 222, 215), rgb(120, 105, 90))
    roof = canvas.pick(rgb(120, 122, 126), rgb(80, 82, 88), rgb(150, 90, 70), rgb(205, 208, 210))
    trim = rgb(238, 236, 228)
    if canvas.chance(.45):
        x, y = solid.at(-1.0 if canvas.chance(.5) else .2, .7, -.75)
        silo(canvas, x, y, .17 * solid.scale, 1.35 * solid.scale)

    def boards(x0, y0, x1, y1):
        with canvas.layer(alpha=.55):
            for x in np.arange(x0, x1, .06):
                canvas.line(x, y0, x, y1, dim(wall, canvas.uniform(.55, 1.1)), .012)
    gable_house(canvas, solid, -.9, .75, .55, .05, -.6, .7, wall, roof, boards, .06, canvas.pick(.55, .55, 1))
    with solid.side(canvas, .55):
        for x in (-.6, .1):
            canvas.rect(x - .08, .25, x + .08, .45, trim)
            canvas.rect(x - .06, .27, x + .06, .43, dim(GLASS, .7))
            canvas.line(x, .25, x, .45, trim, .015)
        canvas.rect(.68, .05, .75, .7, trim)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .753):
            barn_door(canvas, 0, .7, .27, .5, wall, trim)
            barn_door(canvas, 0, -.12, .13, .24, wall, trim)
            for z in (-.53, .53):
                canvas.rect(z - .03, .05, z + .03, .7, trim)
            canvas.line(-.55, .05, .55, .05, trim, .03)


def barn_door(canvas, x, y, w, h, wall, trim):
    """A double door with white frame and crosses; half width w, standing on (x, y)."""
    open_ = canvas.chance(.25)
    canvas.rect(x - w, y - h, x + w, y, DARK if open_ else dim(wall, .85))
    canvas.rect(x - w, y - h, x + w, y, trim, width=.035)
    if open_:
        return
    canvas.line(x, y - h, x, y, trim, .025)
    for side in (-1, 1):
        canvas.line(x, y - h, x + side * w, y, trim, .022)
        canvas.line(x, y, x + side * w, y - h, trim, .022)


def silo(canvas, x, y, r, h):
    """A grain silo of concrete or steel with its dome."""
    tone = canvas.pick(rgb(195, 196, 198), rgb(170, 160, 150), rgb(60, 80, 130))
    with canvas.at(x, y, 1):
        lathe(canvas, [(-h, r), (0, r)], tone, .3)
        for t in np.linspace(-h, 0, 9):
            canvas.line(-r, t, r, t, dim(tone, .75), .012)
        round_dome(canvas, 0, -h, r, rgb(190, 192, 196), .6, 0, 5)


@drawing(449, 'boathouse', 'building', places=('water', 'water', 'water', 'forest'))
def boathouse(canvas):
    """A wooden house standing in the water on posts, with an opening for boats and its mirror image."""
    solid = Solid(canvas.pick(30, 50, 65, 85) + canvas.normal(6), canvas.uniform(2, 12), .2)
    solid.fit([(-.9, -.65, -.55), (.9, .6, .55)], .7, height=1.5)
    wall = canvas.pick(canvas.tint(5, .65, .5), rgb(130, 96, 66), rgb(150, 140, 128), rgb(232, 230, 222),
                       canvas.tint(205, .35, .5))
    roof = canvas.pick(rgb(84, 80, 82), canvas.tint(12, .5, .45), rgb(110, 118, 96))
    trim = canvas.pick(rgb(240, 238, 230), dim(wall, .6))

    def boards(x0, y0, x1, y1):
        with canvas.layer(alpha=.6):
            planks(canvas, x0, y0, x1, y1, .07, wall, upright=canvas.chance(.5))
    for x in (-.85, -.3, .25, .78):
        for z in (-.5, .5):
            canvas.line(*solid.at(x, .3, z), *solid.at(x, .62, z), rgb(70, 54, 42), .04)
    gable_house(canvas, solid, -.85, .75, .5, -.02, -.5, .42, wall, roof, boards, .09)
    with solid.side(canvas, .5):
        for x in (-.55, -.1, .35):
            canvas.rect(x - .1, .08, x + .1, .27, trim)
            canvas.rect(x - .08, .1, x + .08, .25, GLASS)
    if solid.facing(1, 0, 0) > .1:
        with solid.front(canvas, .753):
            canvas.rect(-.3, .0, .3, .45, trim)
            canvas.rect(-.26, .04, .26, .45, linear(0, 0, 0, .45, [rgb(16, 16, 18), rgb(38, 50, 58)]))
            if canvas.chance(.6):
                canvas.fill(smooth([(-.16, .3), (0, .26), (.16, .3), (.1, .46), (-.1, .46)]),
                            canvas.any_colour())
            canvas.rect(-.1, -.3, .1, -.12, trim)
            canvas.rect(-.08, -.28, .08, -.14, GLASS)
    solid.box(canvas, (-.85, .46, .5), (1.15, .52, .78), rgb(150, 125, 98))
    y = solid.at(0, .62, .55)[1]
    canvas.oval(0, y + .12, .95, .18, dim(wall, .6), alpha=.5, blur=.05)
    for _ in range(12):
        x = canvas.uniform(-.9, .6)
        canvas.line(x, y + canvas.uniform(0, .3), x + canvas.uniform(.1, .4), y + canvas.uniform(0, .3),
                    rgb(190, 210, 222), .012, alpha=.5)


@drawing(580, 'greenhouse', 'building', places=('meadow', 'lawn', 'lawn', 'leaves', 'forest'))
def greenhouse(canvas):
    """Glass on a white frame with plants behind it: a saddle roof, a round tunnel, or seen from inside."""
    frame = canvas.pick(rgb(240, 242, 240), rgb(240, 242, 240), canvas.tint(150, .3, .4), rgb(190, 194, 196))
    if canvas.chance(.22):
        greenhouse_inside(canvas, frame)
        return
    solid = Solid(canvas.pick(25, 40, 60, 85) + canvas.normal(6), canvas.uniform(0, 14), .25)
    solid.fit([(-1, -.55, -.5), (1, .6, .5)], .86, height=1.6, width=2.1)
    round_ = canvas.chance(.35)
    t = np.linspace(0, math.pi, 9) if round_ else np.array((0, .5, 1, 1.5, 2)) * math.pi / 2
    profile = [(.5 * math.cos(a), .05 - .55 * math.sin(a))
               for a in t] if round_ else [(.5, .05), (.25, -.25), (0, -.55), (-.25, -.25), (-.5, .05)]
    profile = [(.5, .6)] + profile + [(-.5, .6)]
    outline = [[(x, y, z) for z, y in profile] for x in (-1, 1)]
    for half in (outline[0], outline[1]):
        canvas.fill(solid.path(half), rgb(205, 220, 222), alpha=.35)
    for _ in range(9):
        x, y = solid.at(canvas.uniform(-.85, .85), canvas.uniform(.15, .5), canvas.uniform(-.35, .35))
        foliage(canvas, x, y, .17, .2, canvas.tint(105, .6, .45, 25), 30, .08)
    sky_tone = rgb(205, 226, 240)
    for a, b in zip(profile, profile[1:]):
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        if solid.facing(0, middle[1] - .3, middle[0]) > 0:
            path = solid.path([(-1, a[1], a[0]), (1, a[1], a[0]), (1, b[1], b[0]), (-1, b[1], b[0])])
            canvas.fill(path, sky_tone, alpha=canvas.uniform(.25, .6))
    n = 11
    for x in np.linspace(-1, 1, n):
        edge = solid.project([(x, y, z) for z, y in profile if solid.facing(0, y - .3, z) > -.35])
        canvas.sk.drawPath(poly(edge, False), paint(frame, width=.014))
    for z, y in profile:
        if solid.facing(0, y - .3, z) > -.35:
            canvas.line(*solid.at(-1, y, z), *solid.at(1, y, z), frame, .018)
    if solid.facing(1, 0, 0) > .1:
        canvas.fill(solid.path(outline[1]), sky_tone, alpha=.3)
        for z in np.linspace(-.5, .5, 7):
            top = float(np.interp(z, [p[0] for p in profile[1:-1]][::-1],
                                  [p[1] for p in profile[1:-1]][::-1]))
            canvas.line(*solid.at(1, .6, z), *solid.at(1, top, z), frame, .016)
        for y in (.05, .3):
            canvas.line(*solid.at(1, y, -.5), *solid.at(1, y, .5), frame, .016)
        canvas.sk.drawPath(solid.path(outline[1]), paint(frame, width=.03))
        canvas.fill(solid.path([(1, .6, -.12), (1, .12, -.12), (1, .12, .12), (1, .6, .12)]), frame,
                    width=.025)
    for z in (-.5, .5):
        if solid.facing(0, 0, z) > 0:
            canvas.line(*solid.at(-1, .58, z), *solid.at(1, .58, z), rgb(150, 130, 115), .05)


def greenhouse_inside(canvas, frame):
    """The aisle between benches of plants under a vault of glass."""
    canvas.sk.clipRect(skia.Rect(-1.1, -1, 1.1, 1))
    canvas.rect(-1.1, -1, 1.1, 1, linear(0, -1, 0, 1, [rgb(190, 215, 232), rgb(225, 236, 238),
                                                       rgb(120, 130, 90)]))
    x0, y0 = canvas.normal(.1), canvas.uniform(-.05, .1)
    t = np.linspace(math.pi, 2 * math.pi, 13)
    for k in np.geomspace(.12, 1.6, 11):
        canvas.curve([(x0 - k, y0 + k * .5)] + list(zip(x0 + k * np.cos(t), y0 + k * .95 * np.sin(t)))
                     + [(x0 + k, y0 + k * .5)],
                     frame, .02 * k + .004)
    for a in t:
        canvas.line(x0 + .12 * math.cos(a), y0 + .11 * math.sin(a), x0 + 1.6 * math.cos(a), y0 + 1.5
                    * math.sin(a), frame, .014)
    canvas.fill(poly([(x0 - .03, y0 + .05), (x0 + .03, y0 + .05), (x0 + .35, 1), (x0 - .35, 1)]),
                rgb(175, 165, 150))
    for k in np.geomspace(.15, 1.1, 7):
        for side in (-1, 1):
            green = canvas.tint(105, .6, .45, 25)
            foliage(canvas, x0 + side * k * .75, y0 + k * .5, .32 * k, .28 * k, green, 45, .12 * k)
            n = 10
            px, py = canvas.disk(n, .3 * k, .2 * k, x0 + side * k * .75, y0 + k * .42)
            specks(canvas, px, py, .035 * k, canvas.vary(canvas.tint(canvas.pick(350, 50, 310, 10), .7, .95),
                                                         n))


# ---- Palaces and arches ------------------------------------------------------------------------------------

@drawing(698, 'palace', 'building')
def palace(canvas):
    """A long front with rows of tall windows, a middle with columns and a pediment or a dome, end
    pavilions.
    """
    wall = canvas.pick(stone_colour(canvas), stone_colour(canvas), canvas.tint(42, .35, .9),
                       canvas.tint(350, .2, .85), canvas.tint(160, .2, .75))
    roof = canvas.tint(canvas.pick(215, 150, 15), .25, .48)
    trim = mix(wall, WHITE, .6)
    lean = canvas.pick(0, 0, 1, -1) * canvas.uniform(.1, .3)
    left, right = max(0, lean), max(0, -lean)
    corners = (-1.05, left - 1), (1.05, right - 1), (1.05, .85 - right * .2), (-1.05, .85 - left * .2)
    with canvas.onto(*corners), canvas.at(.5, .54, .475):
        wing(canvas, -1, 1, .12, .98, wall, trim, roof, canvas.pick(13, 17))
        for x in (-.86, .86) if canvas.chance(.7) else ():
            wing(canvas, x - .16, x + .16, .02, .98, dim(wall, 1.03), trim, roof, 3, canvas.chance(.4))
        middle(canvas, wall, trim, roof)


def wing(canvas, x0, x1, top, foot, wall, trim, roof, columns, tower=False):
    """A stretch of front: base, rows of windows, cornice, roof."""
    high = .35 if tower else .14
    canvas.fill(poly([(x0 - .02, top), (x0 + .05, top - high), (x1 - .05, top - high), (x1 + .02, top)]),
                linear(0, top - high, 0, top, [dim(roof, 1.2), dim(roof, .8)]))
    canvas.rect(x0, top, x1, foot, linear(x0, 0, x1, 0, [dim(wall, 1.02), dim(wall, .82)]))
    step = (x1 - x0) / columns
    for y, h in ((top + .36 * (foot - top), .22), (top + .68 * (foot - top), .24), (foot - .03, .2)):
        for x in x0 + step * (np.arange(columns) + .5):
            canvas.rect(x - step * .34, y - h * 1.12, x + step * .34, y, trim)
            canvas.rect(x - step * .22, y - h, x + step * .22, y - .01,
                        linear(0, y - h, 0, y, [mix(GLASS, WHITE, .3), GLASS]))
            canvas.line(x, y - h, x, y, trim, step * .06)
        canvas.rect(x0, y + .015, x1, y + .03, trim)
    canvas.rect(x0 - .02, top - .02, x1 + .02, top + .03, trim)


def middle(canvas, wall, trim, roof):
    """The centre of a palace: columns under a pediment, perhaps a dome above."""
    w, top = canvas.uniform(.26, .36), canvas.uniform(-.1, .05)
    kind = canvas.pick('dome', 'dome', 'pediment', 'tower')
    if kind == 'dome':
        rounded_wall(canvas, 0, w * .75, top - .42, top, wall, 5)
        round_dome(canvas, 0, top - .42, w * .75, roof, 1.05, 0, 7, rgb(210, 175, 85))
    elif kind == 'tower':
        canvas.rect(-w * .4, top - .6, w * .4, top, wall)
        arched_window(canvas, 0, top - .15, w * .3, .3, False, trim)
        round_dome(canvas, 0, top - .6, w * .4, roof, 1.2, .3, 5, rgb(210, 175, 85))
    canvas.rect(-w, top, w, .98, wall)
    for x in np.linspace(-w * .72, w * .72, 4):
        arched_window(canvas, x, .6, w * .2, .3, False, trim)
        canvas.fill(arch(x, .98, w * .28, .28), dim(GLASS, .6))
    colonnade(canvas, -w, w, top + .12, .68, 5, trim)
    canvas.fill(poly([(-w * 1.1, top + .06), (0, top - .18), (w * 1.1, top + .06)]),
                linear(0, top - .18, 0, top, [trim, dim(wall, .75)]))
    canvas.rect(-w * 1.1, top + .05, w * 1.1, top + .12, trim)


@drawing(873, 'triumphal arch', 'building', places=('street', 'meadow', 'desert', 'street'))
def triumphal_arch(canvas):
    wall = stone_colour(canvas)
    trim = mix(wall, WHITE, .3)
    solid = Solid(90 + canvas.pick(-40, -25, -12, 12, 28, 42), canvas.uniform(-10, 3), canvas.uniform(.1, .3))
    one = canvas.chance(.5)
    w, d = (.78, .3) if one else (.95, .25)
    solid.fit([(-d, -.85, -w), (d, .85, w)], .88, height=1.85)
    solid.box(canvas, (-d, -.85, -w), (d, .86, w), wall)
    openings = [(0, .8, 1.12)] if one else [(0, .56, 1.05), (-.62, .34, .72), (.62, .34, .72)]
    for z in (w, -w):
        if solid.facing(0, 0, z) > .05:
            with solid.side(canvas, z):
                canvas.fill(arch(0, .86, d * .9, .8), dim(wall, .3))
                canvas.rect(-d, -.42, d, -.36, trim)
    with solid.front(canvas, d + .002):
        with canvas.layer(alpha=.3):
            bricks(canvas, -w, -.85, w, .86, .22, .1, wall, dim(wall, .65), .2)
        for x, wide, tall in openings:
            canvas.fill(arch(x, .86, wide * 1.14, tall * 1.05), trim)
            opening = arch(x, .86, wide, tall)
            with canvas.inside(opening):
                canvas.flood(dim(wall, .42))
                shift = .34 * wide * solid.facing(0, 0, 1)
                canvas.fill(arch(x + shift, .86, wide * .92, tall * .96),
                            linear(0, -.2, 0, .86, [rgb(150, 185, 222), rgb(214, 226, 232),
                                                    rgb(150, 150, 140)]))
        for x in ((-w * .92, -w * .6, w * .6, w * .92) if one else (-.88, -.36, .36, .88)):
            colonnade(canvas, x - .05, x + .05, -.36, .84, 1, trim, .1)
        for y, h in ((-.44, .08), (-.83, .06), (.78, .06)):
            canvas.rect(-w * 1.03, y, w * 1.03, y + h, linear(0, y, 0, y + h, [trim, dim(wall, .6)]))
        canvas.rect(-w * .6, -.76, w * .6, -.5, dim(wall, .85))
        for k in range(5):
            x = -w * .5 + w * .25 * k
            canvas.rect(x - .05, -.7, x + .05, -.52, dim(wall, .65 + .1 * (k % 2)))
    if canvas.chance(.35):
        x, y = solid.at(0, -.85, 0)
        for dx in (-.14, -.05, .05, .14):
            canvas.fill(smooth([(x + dx - .05, y), (x + dx - .05, y - .14), (x + dx + .03, y - .22),
                                (x + dx + .06, y - .16), (x + dx + .05, y)]),
                        rgb(70, 90, 80))


@drawing(562, 'fountain', 'building', places=('street', 'lawn', 'meadow', 'clutter'))
def fountain(canvas):
    """Basins on a column with water falling from each, or jets rising from a pool."""
    wall = canvas.pick(stone_colour(canvas), rgb(120, 126, 122), rgb(84, 96, 90))
    water = rgb(225, 238, 246)
    tiers = canvas.integer(0, 3)
    radii, heights = (.2, .38, .56)[:tiers][::-1], (.12, -.26, -.58)[:tiers]
    for r, y in ((.98, .62),):
        lathe(canvas, [(y, r), (y + .04, r * 1.02), (y + .07, r * .96), (y + .22, r * .95)], wall, .25)
        canvas.oval(0, y, r, r * .22, dim(wall, 1.1))
        canvas.oval(0, y + .01, r * .93, r * .19, linear(0, y - .2, 0, y + .2,
                                                         [rgb(90, 140, 165), rgb(50, 96, 120)]))
    for _ in range(12):
        canvas.oval(canvas.normal(.4), .62 + canvas.normal(.06), canvas.uniform(.05, .2), .015, water,
                    alpha=.5)
    if tiers:
        lathe(canvas, [(heights[-1], .05), (.2, .09), (.62, .14)], wall, .2)
    for r, y in zip(radii, heights):
        lathe(canvas, [(y, r), (y + .03, r), (y + .1, r * .7), (y + .16, r * .25)], wall, .3)
        canvas.oval(0, y, r, r * .2, rgb(130, 170, 190))
        fall(canvas, r, y, canvas.uniform(.28, .36) if y < 0 else .5, water)
    top = heights[-1] if tiers else .6
    jet(canvas, 0, top, canvas.uniform(.25, .4) if tiers else canvas.uniform(1.1, 1.5), water)
    if canvas.chance(.6) or not tiers:
        for x in np.linspace(-.75, .75, canvas.pick(4, 6)):
            jet(canvas, x, .62, canvas.uniform(.3, .5), water, -x * .4)
    canvas.oval(0, .62, .5, .08, water, alpha=.35, blur=.05)


def fall(canvas, r, y, high, water):
    """Water running over the rim of a basin."""
    n = 80
    turn = canvas.spread(0, math.pi, n)
    x = -r * np.cos(turn)
    hairs(canvas, x, y + .2 * r * np.sin(turn), math.pi / 2 - .12 * x / r, high * canvas.spread(.6, 1, n),
          canvas.vary(water, n, .12),
          .02, .03, .75, 2)


def jet(canvas, x, y, high, water, drift=0.0):
    """A jet rising from (x, y), falling back in drops, drifting sideways."""
    n = 130
    t = canvas.spread(0, 1, n) ** .7
    spread_ = canvas.rng.normal(0, 1, n) * (.02 + .1 * t * high)
    px = x + spread_ + drift * t * .6
    py = y - high * (1 - (1 - t) ** 2) + np.abs(spread_) * 1.6
    canvas.fill(smooth([(x - .02, y), (x + drift * .4 - .03, y - high), (x + drift * .4 + .03, y - high),
                        (x + .02, y)]), water, alpha=.6, blur=.015)
    hairs(canvas, px, py, math.pi / 2 + canvas.rng.normal(0, .5, n), high * .12, canvas.vary(water, n, .1),
          .02, .1, .8, 2)


@drawing(437, 'beacon', 'building', places=('water', 'water', 'open_sky', 'desert', 'stones'))
def beacon(canvas):
    """A lighthouse: a tapering tower, white or in bands, gallery, lantern and cap, on a rock."""
    wall = canvas.pick(rgb(240, 240, 238), rgb(240, 240, 238), canvas.tint(2, .8, .75),
                       canvas.tint(30, .3, .65))
    band = canvas.pick(canvas.tint(2, .85, .75), canvas.tint(2, .85, .75), rgb(34, 34, 40),
                       canvas.tint(215, .7, .5), None)
    r0, r1 = canvas.uniform(.17, .26), canvas.uniform(.26, .36)
    red = canvas.pick(canvas.tint(2, .85, .7), rgb(40, 42, 46), canvas.tint(150, .4, .4))
    rock = canvas.tint(canvas.pick(30, 210), .15, .42)
    canvas.fill(smooth([(-1, .95), (-.95, .8), (-.6, .68), (-.2, .62), (.3, .64), (.7, .7), (1, .85),
                        (1, .95)]),
                linear(0, .6, 0, .95, [dim(rock, 1.3), dim(rock, .6)]))
    if canvas.chance(.5):
        side = canvas.pick(-1, 1)
        x = side * .55
        canvas.rect(x - .3, .45, x + .3, .78, linear(x - .3, 0, x + .3, 0,
                                                     [rgb(240, 238, 232), rgb(190, 188, 184)]))
        canvas.fill(poly([(x - .34, .46), (x - .22, .28), (x + .22, .28), (x + .34, .46)]), dim(red, .9))
        for k in (-.16, .14):
            canvas.rect(x + k - .05, .53, x + k + .05, .65, GLASS)
    bands = []
    if band is not None:
        n = canvas.integer(2, 4)
        edges = np.linspace(-.45, .76, 2 * n + 2)
        bands = [(edges[2 * k + 1], edges[2 * k + 2], band) for k in range(n)]
    lathe(canvas, [(-.45, r0), (.3, (r0 + r1) / 2), (.76, r1)], wall, .35, bands=bands)
    for y in (-.15, .2, .5):
        canvas.fill(arch(canvas.pick(-.02, .04), y, .06, .11), DARK)
    canvas.fill(arch(0, .76, .12, .2), dim(red, .7))
    lathe(canvas, [(-.52, r0 * 1.35), (-.46, r0 * 1.35), (-.4, r0)], red, .2, top=dim(red, 1.2))
    for t in np.linspace(-1, 1, 9):
        canvas.line(t * r0 * 1.3, -.52, t * r0 * 1.3, -.61, rgb(60, 60, 64), .012)
    canvas.line(-r0 * 1.3, -.61, r0 * 1.3, -.61, rgb(60, 60, 64), .015)
    canvas.rect(-r0 * .72, -.76, r0 * .72, -.52, linear(-r0, 0, r0, 0,
                                                        [rgb(90, 120, 140), rgb(235, 240, 225),
                                                         rgb(100, 130, 150)]))
    for t in np.linspace(-.72, .72, 5):
        canvas.line(t * r0, -.76, t * r0, -.52, red, .015)
    round_dome(canvas, 0, -.76, r0 * .85, red, .8, 0, 5, red)
    if canvas.chance(.4):
        glow(canvas, 0, -.64, .5, (255, 245, 190), .9)
        for way in (canvas.uniform(-10, 10), canvas.uniform(170, 190)):
            with canvas.at(0, -.64, 1.3, way):
                canvas.fill(poly([(0, -.02), (1, -.14), (1, .14), (0, .02)]),
                            linear(0, 0, 1, 0, [rgb(255, 248, 210), rgb(255, 248, 210)],
                                                                                     None, [.6, 0]))


# ---- Bridges -----------------------------------------------------------------------------------------------

def gorge(canvas, horizon):
    """Sky, hills and a river or meadow, for bridges: returns the colour of the haze."""
    haze = sky(canvas, horizon)
    green = canvas.tint(canvas.pick(100, 85, 60), .5, .42, 12)
    hills(canvas, horizon + 10, haze, green, canvas.integer(2, 4))
    ground_tone = canvas.pick(green, green, canvas.tint(205, .45, .5))
    canvas.rect(0, horizon + 14, 160, 160, linear(0, horizon + 10, 0, 160,
                                                  [mix(ground_tone, haze, .3), dim(ground_tone, .7)]))
    if ground_tone[2] > ground_tone[1]:
        ripples(canvas, 0, horizon + 16, 160, 160, ground_tone, 40, 25)
    else:
        grass(canvas, -5, 165, horizon + 40, 165, dim(green, .9), 200, 9)
    return haze


@drawing(888, 'viaduct', 'full')
def viaduct(canvas):
    gorge(canvas, canvas.uniform(50, 95))
    stone = canvas.pick(stone_colour(canvas), canvas.tint(15, .5, .5), rgb(150, 140, 128))
    left, right = canvas.uniform(5, 60), canvas.uniform(5, 60)
    foot_l, foot_r = canvas.uniform(105, 160), canvas.uniform(105, 160)
    if canvas.chance(.35):
        left = right = (left + right) / 2
        foot_l = foot_r = (foot_l + foot_r) / 2
    n, double = canvas.integer(4, 9), canvas.chance(.3)
    with canvas.onto((-4, left), (164, right), (164, foot_r), (-4, foot_l)):
        wall = poly([(0, 0), (1, 0), (1, 1), (0, 1)])
        for x in [(k + .5) / n for k in range(n)]:
            for low, high in ((1, .12),) if not double else ((1, .55), (.45, .1)):
                hole = arch(x, low + .3 * (low == 1), .74 / n, (low - high) + .3 * (low == 1))
                wall = difference(wall, hole)
        canvas.fill(wall, linear(0, 0, 0, 1, [dim(stone, 1.08), dim(stone, .8)]))
        with canvas.inside(wall), canvas.layer(alpha=.35):
            bricks(canvas, 0, 0, 1, 1, .03, .04, stone, dim(stone, .65), .25)
        for k in range(n):
            x, side = (k + .5) / n, (1 if canvas.light[0] < 0 else -1)
            half = .37 / n
            canvas.fill(poly([(x - side * half, .3), (x - side * half, 1.02), (x - side * half * .55, 1.02),
                              (x - side * half * .55, .36)]),
                        dim(stone, .38))
        canvas.rect(0, -.01, 1, .035, dim(stone, 1.15))
        canvas.rect(0, .035, 1, .05, dim(stone, .5))
    if canvas.chance(.4):
        train_of(canvas, left, right)


def difference(a, b):
    """Path a without path b."""
    return skia.Op(a, b, skia.PathOp.kDifference_PathOp)


def train_of(canvas, left, right):
    """A small train on top of a bridge whose edge runs from (0, left) to (160, right)."""
    tone, x = canvas.any_colour(), canvas.uniform(0, 70)
    for _ in range(canvas.integer(3, 6)):
        y = left + (right - left) * (x + 8) / 160
        canvas.rect(x, y - 8, x + 15, y - .5, tone, round=1)
        canvas.rect(x + 1.5, y - 6.5, x + 13.5, y - 4, dim(GLASS, .8))
        x += 16


@drawing(839, 'suspension bridge', 'full')
def suspension_bridge(canvas):
    horizon = canvas.uniform(75, 115)
    haze = sky(canvas, horizon)
    water = mix(canvas.tint(205, .5, .5), haze, .2)
    hills(canvas, horizon, haze, canvas.tint(100, .3, .4, 30), canvas.integer(1, 3))
    canvas.rect(0, horizon + 4, 160, 160, linear(0, horizon, 0, 160,
                                                 [mix(water, haze, .5), water, dim(water, .7)]))
    ripples(canvas, 0, horizon + 8, 160, 160, water, 40, 30)
    steel = canvas.pick(canvas.tint(10, .75, .72), canvas.tint(10, .75, .72), rgb(150, 158, 164),
                        canvas.tint(150, .25, .55), rgb(200, 205, 208))
    solid = Solid(canvas.pick(0, 15, 35, 50, 65, -40, -60) + canvas.normal(5), canvas.uniform(-4, 12),
                  canvas.uniform(.25, .42))
    solid.fit([(-1.3, -.62, -.07), (1.3, .32, .07)], None, 2.7, 1.7)
    with canvas.at(80 + canvas.normal(10), canvas.uniform(70, 95), canvas.uniform(60, 85)):
        for z in (-.07, .07):
            cables(canvas, solid, z, steel)
            if z < 0:
                for x in (-.75, .75):
                    bridge_tower(canvas, solid, x, steel)
                solid.box(canvas, (-1.8, .08, -.08), (1.8, .13, .08), dim(steel, .9))
        for x in (-.75, .75):
            a, b = solid.at(x, -.6, .07), solid.at(x, .34, .07)
            canvas.line(*a, *b, steel, .045 * solid.scale)


def cables(canvas, solid, z, colour):
    """Main cable and hangers of one side."""
    t = np.linspace(-.75, .75, 25)
    main = np.column_stack([t, -.58 + .6 * (1 - (t / .75) ** 2), np.full(25, z)])
    for points in (main, *(np.column_stack([s, np.linspace(-.58, .1, 9) + .06
                                            * np.sin(np.linspace(0, 3.14, 9)), np.full(9, z)])
                           for s in (np.linspace(-.75, -1.6, 9), np.linspace(.75, 1.6, 9)))):
        places = solid.project(points)
        canvas.sk.drawPath(poly(places, False), paint(colour, width=.022 * solid.scale))
        down = solid.project(points * (1, 0, 1) + (0, .1, 0))
        for a, b in zip(places, down):
            canvas.line(*a, *b, dim(colour, .9), .007 * solid.scale)


def bridge_tower(canvas, solid, x, colour):
    """A portal of two legs with cross beams."""
    for z in (-.07, .07):
        solid.box(canvas, (x - .03, -.6, z - .02), (x + .03, .34, z + .02), colour)
    for y in (-.58, -.4, -.22, -.04, .18):
        solid.box(canvas, (x - .02, y, -.07), (x + .02, y + .04, .07), dim(colour, .9))


# ---- Landscapes --------------------------------------------------------------------------------------------

def smoothstep(x, a, b):
    """0 below a, 1 above b, smooth between."""
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


@drawing(970, 'alp', 'full')
def alp(canvas):
    """High mountains with snow and rock, perhaps meadows, firs or snow in front."""
    land, horizon = Land(canvas), canvas.uniform(85, 125)
    haze = sky(canvas, horizon)
    high, start = canvas.uniform(5, 9), canvas.uniform(2, 5)
    snow = high * canvas.uniform(.05, .4)
    colour = ground(canvas, land, snow)
    size = canvas.uniform(4, 7)
    terrain(canvas, lambda x, d: high * 1.1 * land.ridges(x, d, size) * smoothstep(d, start, start + 6) - .3
            + .12 * land.hills(x, d, 1.5), colour, canvas.uniform(.4, 1.5), horizon, haze, 1, 18, .8, .012)
    for _ in range(canvas.pick(0, 0, 4, 9)):
        tree(canvas, canvas.uniform(-5, 165), canvas.uniform(135, 165), canvas.uniform(18, 45),
             canvas.tint(140, .4, .28), kind='fir')
    if canvas.chance(.3):
        cloud(canvas, canvas.uniform(20, 140), canvas.uniform(40, 90), 40, 9, WHITE)


@drawing(980, 'volcano', 'full')
def volcano(canvas):
    """A cone with a crater: smoking, in eruption by night, or quiet with snow."""
    land, horizon = Land(canvas), canvas.uniform(95, 120)
    night = canvas.chance(.35)
    haze = sky(canvas, horizon)
    if night:
        canvas.rect(0, 0, 160, 160, linear(0, 0, 0, 160, [rgb(16, 14, 26), rgb(70, 30, 30)]))
        haze = rgb(60, 30, 32)
    x0, d0, radius, high = canvas.normal(1.0), 11.0, canvas.uniform(5, 7.5), canvas.uniform(5, 7.5)
    crater = canvas.uniform(.12, .2)
    rock = canvas.pick(rgb(70, 62, 60), canvas.tint(20, .3, .42), rgb(96, 90, 92))

    def height(x, d):
        r = np.hypot(x - x0, d - d0) / radius
        gully = .1 * land.hills(np.arctan2(d - d0, x - x0) * 4, r * 1.5, 1) * np.clip(r * 2, 0, 1)
        cone = np.clip(1 - r + gully, 0, None) ** 1.45
        return high * np.minimum(cone, (1 - crater) ** 1.45 * .95 + .25 * gully) + .15 * land.hills(x, d, 1.5)

    plain_ground = ground(canvas, land, rock=rock)
    snow = canvas.chance(.3) and not night

    def colour(x, d, h, flat):
        base = plain_ground(x, d, h, flat)
        part = smoothstep(h, .2 * high, .4 * high)[..., None]
        tone = base * (1 - part) + rock * (1 + .2 * land.noise(x * 3, d * 3))[..., None] * part
        if snow:
            tone = np.where((h > high * (.5 + .08 * land.noise(x * 2, d * 2)))[..., None], (240, 244, 250),
                            tone)
        return dim(tone, .35) if night else tone
    eye = canvas.uniform(.6, 1.6)
    mouth_x = 80 + 100 * x0 / d0
    mouth_y = horizon + 100 * (eye - high * (1 - crater) ** 1.45 * .95) / d0
    erupting = night or canvas.chance(.45)
    if erupting or canvas.chance(.6):
        plume = canvas.pick(rgb(90, 86, 86), rgb(210, 208, 206), rgb(60, 56, 56))
        smoke(canvas, mouth_x, mouth_y + 6, canvas.uniform(35, 80), mouth_y + canvas.uniform(5, 40), plume,
              30, .7)
    if erupting:
        flames(canvas, mouth_x, mouth_y + 6, 22, canvas.uniform(20, 50), 10)
        n = 70
        way = canvas.rng.normal(-math.pi / 2, .55, n)
        reach = canvas.spread(8, 55, n)
        strokes(canvas, mouth_x + reach * np.cos(way), mouth_y + 4 + reach * np.sin(way), way,
                canvas.spread(1, 6, n),
                canvas.vary(rgb(255, 150, 40), n), .9, .9, 1)
        glow(canvas, mouth_x, mouth_y, 60, (255, 120, 40), .7)
    terrain(canvas, height, colour, eye, horizon, haze, 1.2, 22, .8, .012 if not night else .03)
    if erupting:
        for _ in range(canvas.integer(3, 6)):
            x, side = mouth_x + canvas.normal(3), canvas.normal(.5)
            points = [(x + side * k * 7 + canvas.normal(1.5), mouth_y + 3 + k * 8)
                      for k in range(canvas.integer(4, 7))]
            canvas.curve(points, rgb(200, 40, 10), 3.2, blur=.8)
            canvas.curve(points, rgb(255, 190, 60), 1.4)


@drawing(979, 'valley', 'full')
def valley(canvas):
    """Looking down a valley: slopes on both sides, a river or road winding along its floor."""
    land, horizon = Land(canvas), canvas.uniform(40, 75)
    haze = sky(canvas, horizon)
    high, bend, phase = canvas.uniform(2.5, 5), canvas.uniform(.6, 1.6), canvas.uniform(0, 6)
    width = canvas.uniform(1.2, 2.6)

    def middle_of(d):
        return bend * np.sin(d * .35 + phase)
    colour = ground(canvas, land, canvas.pick(99, high * .8))
    stream = canvas.pick(canvas.tint(205, .35, .75), canvas.tint(205, .35, .75), rgb(200, 190, 165), None)

    def height(x, d):
        away = np.abs(x - middle_of(d))
        side = smoothstep(away, width * .4, width * 3.2)
        return high * side * (.75 + .6 * land.ridges(x, d, 4)) + .1 * land.hills(x, d, 1)

    def painted(x, d, h, flat):
        tone = colour(x, d, h, flat)
        if stream is None:
            return tone
        return np.where((np.abs(x - middle_of(d) - .2 * np.sin(d * 1.7)) < .16)[..., None], stream, tone)
    terrain(canvas, height, painted, canvas.uniform(2.2, 3.5), horizon, haze, 1.6, 30, .8, .03)


@drawing(978, 'seashore', 'full')
def seashore(canvas):
    """Sand, lines of surf, the sea to the horizon; sometimes palms, rocks or a headland."""
    horizon = canvas.uniform(35, 85)
    haze = sky(canvas, horizon)
    sea = canvas.tint(canvas.pick(195, 205, 180), .6, .6, 10, .15, .12)
    sand = canvas.pick(canvas.tint(40, .35, .85), canvas.tint(34, .3, .7), rgb(225, 214, 196))
    if canvas.chance(.5):
        x = canvas.pick(0, 160)
        far = mix(canvas.tint(110, .3, .4), haze, .5)
        canvas.fill(smooth([(x - 60, horizon + 2), (x - 40, horizon - 5),
                            (x, horizon - canvas.uniform(12, 30)), (x + 40, horizon - 6),
                            (x + 60, horizon + 2)]), far)
    canvas.rect(0, horizon, 160, 160, linear(0, horizon, 0, 160, [dim(sea, .85), sea, mix(sea, WHITE, .3)]))
    ripples(canvas, 0, horizon + 2, 160, 160, sea, 40, 35)
    slope, start = canvas.uniform(-.9, .9), canvas.uniform(horizon + 18, 125)
    x = np.linspace(-10, 170, 16)

    def line(offset):
        return start + offset + slope * (x - 80) * (1 + .0 * offset) * .5 + wave * (1 + offset * .03)
    for offset in (-34, -22, -12, -4):
        wave = 2.5 * np.cumsum(canvas.rng.normal(0, .5, 16))
        y = np.maximum(line(offset), horizon + 1.5)
        canvas.fill(smooth(list(zip(x, y)) + [(170, 175), (-10, 175)]),
                    mix(sea, WHITE, .12 + .004 * (40 + offset)), alpha=.5)
        n = 120
        px = canvas.spread(-5, 165, n)
        strokes(canvas, px, np.interp(px, x, y) + canvas.rng.normal(0, 1.2, n),
                canvas.rng.normal(.3 * slope, .15, n), canvas.spread(2, 9, n),
                canvas.vary(rgb(242, 248, 250), n, .05), 1.6, .85, 1)
    wave = 3 * np.cumsum(canvas.rng.normal(0, .4, 16))
    y = np.maximum(line(4), horizon + 8)
    for shift, tone in ((-3, mix(sand, sea, .45)), (2, dim(sand, .72)), (10, sand)):
        canvas.fill(smooth(list(zip(x, y + shift)) + [(170, 190), (-10, 190)]),
                    linear(0, horizon, 0, 160, [mix(tone, haze, .2), tone]))
    noise(canvas, 3, .15)
    if canvas.chance(.35):
        for _ in range(canvas.integer(1, 3)):
            tree(canvas, canvas.uniform(0, 160), canvas.uniform(120, 160), canvas.uniform(70, 130),
                 canvas.tint(110, .5, .4), kind='palm')
    for _ in range(canvas.pick(0, 0, 3, 6)):
        px = canvas.uniform(0, 160)
        ball(canvas, px, float(np.interp(px, x, y)) + canvas.uniform(-8, 20), canvas.uniform(3, 11),
             canvas.tint(25, .15, .35), .15, .3, .6)


@drawing(972, 'cliff', 'full')
def cliff(canvas):
    """A wall of rock above the sea or a plain, with layers and cracks, grass on its top."""
    land, horizon = Land(canvas), canvas.uniform(50, 95)
    haze = sky(canvas, horizon)
    rock = canvas.pick(rgb(228, 222, 210), canvas.tint(18, .45, .62), rgb(130, 122, 116),
                       canvas.tint(36, .35, .7))
    grass_tone, sea = canvas.tint(90, .45, .48), canvas.tint(200, .5, .5)
    high, side = canvas.uniform(1.2, 2.6), canvas.pick(-1, 1)
    offset, across = canvas.uniform(.8, 1.5), canvas.chance(.4)

    def height(x, d):
        edge = d - 4 * offset + .6 * x * side if across else side * x - offset
        edge = edge + .6 * land.hills(x, d, 1.6) + .3 * land.hills(x, d, .7)
        up = smoothstep(edge, 0, .4) * .8 + smoothstep(edge, .4, 1.2) * .2
        return up * high * (1 + .12 * land.hills(x, d, 3)) + .02 * land.hills(x, d, .5)

    def colour(x, d, h, flat):
        bands = np.sin(h * 14 + 2 * land.hills(x, d, 2)) * .12 + .18 * land.noise(x * 5, d * 5)
        tone = rock * (1 + bands)[..., None]
        tone = np.where(((flat > .72) & (h > high * .6))[..., None], grass_tone
                        * (1 + .2 * land.noise(x * 5, d * 5))[..., None], tone)
        low = h < .12
        foam = (h > .035 + .02 * land.noise(x * 4, d * 4)) & low
        wave = sea * (1 + .15 * land.noise(x * 3, d * 9))[..., None]
        return np.where(foam[..., None], (240, 246, 248), np.where(low[..., None], wave, tone))
    terrain(canvas, height, colour, canvas.uniform(.4, 1.3), horizon, haze, 1.3, 25, .8, .02)


@drawing(975, 'lakeside', 'full')
def lakeside(canvas):
    """A still lake with wooded shores and mountains and their mirror image, reeds or a jetty in front."""
    land, shore = Land(canvas), canvas.uniform(70, 105)
    haze = sky(canvas, shore)
    high = canvas.uniform(1.5, 6)
    terrain(canvas, lambda x, d: high * land.ridges(x, d, 5) * smoothstep(d, 5, 11) + .02,
            ground(canvas, land, canvas.pick(99, 1.6, 2.5)),
            .25, shore - 3, haze, 3, 22, .8, .025)
    wood = canvas.tint(canvas.pick(110, 95, 130, 30), .45, .33, 15)
    x = 0.0
    while x < 165:
        tree(canvas, x, shore + 1, canvas.uniform(10, 26), dim(wood, canvas.uniform(.7, 1.3)),
             kind=canvas.pick('fir', 'fir', 'fir', 'round'))
        x += canvas.uniform(6, 18) if canvas.chance(.8) else canvas.uniform(20, 50)
    mirror(canvas, shore)
    water = canvas.tint(205, .45, .45)
    canvas.rect(0, shore, 160, 160, linear(0, shore, 0, 160, [water, dim(water, .6)], None, [.12, .7]))
    ripples(canvas, 0, shore + 2, 160, 160, water, 30, 35)
    if canvas.chance(.4):
        px = canvas.uniform(20, 140)
        canvas.fill(poly([(px - 14, 165), (px + 14, 165), (px + 4, shore + 22), (px - 4, shore + 22)]),
                    rgb(150, 122, 92))
        for t in np.linspace(0, 1, 12):
            canvas.line(px - 4 - 10 * t, shore + 22 + (143 - shore) * t * t, px + 4 + 10 * t, shore + 22
                        + (143 - shore) * t * t, rgb(96, 76, 56), .8)
    elif canvas.chance(.6):
        grass(canvas, -5, canvas.uniform(30, 165), 150, 170, canvas.tint(75, .45, .5), 90,
              canvas.uniform(20, 45), .6)


def mirror(canvas, level):
    """Mirror what is above `level` into the water below it."""
    image = canvas.surface.makeImageSnapshot()
    side = 160 / canvas.size
    canvas.sk.save()
    canvas.sk.clipRect(skia.Rect(0, level, 160, 160))
    canvas.sk.translate(0, 2 * level)
    canvas.sk.scale(side, -side)
    p = skia.Paint()
    p.setImageFilter(skia.ImageFilters.Blur(1.5, .4))
    canvas.sk.drawImage(image, 0, 0, skia.SamplingOptions(skia.FilterMode.kLinear), p)
    canvas.sk.restore()


# ---- Castles -----------------------------------------------------------------------------------------------

@drawing(483, 'castle', 'building')
def castle(canvas):
    stone, roof = canvas.tint(36, .18, .66, 15, .1, .15), canvas.tint(canvas.pick(215, 10, 25), .45, .42, 8)
    towers = [(x + canvas.normal(.04), canvas.uniform(.13, .22), canvas.uniform(-.85, -.2))
              for x in (-.75, -.4, .05, .45, .78)]
    for x, w, top in towers:
        if canvas.chance(.9):
            tower(canvas, x, w, top, .8, stone, roof if canvas.chance(.7) else None)
    curtain(canvas, -.85, .85, canvas.uniform(.1, .3), .85, stone)
    canvas.fill(arch(0, .85, .28, .42, pointed=canvas.chance(.5)), (38, 28, 22))


def tower(canvas, x, w, top, foot, stone, roof):
    """A round tower of half width w, with a cone or battlements."""
    with canvas.at(x, 0):
        lathe(canvas, [(top, w), (foot, w * 1.05)], stone, gloss=.1)
        with canvas.inside(poly([(-w, top), (w, top), (w * 1.05, foot),
                                 (-w * 1.05, foot)])), canvas.layer(alpha=.25):
            bricks(canvas, -w * 1.1, top, w * 1.1, foot, .1, .05, dim(stone, .8), joint=dim(stone, 1.3))
        for y in (top + .18, top + .5):
            canvas.fill(arch(canvas.normal(.02), y, w * .35, .13), (30, 26, 32))
        if roof is None:
            for k in range(4):
                canvas.rect(-w * 1.15 + k * w * .64, top - .09, -w * 1.15 + k * w * .64 + w * .38, top + .03,
                            dim(stone, 1.05 - .15 * k))
        else:
            cone = poly([(-w * 1.25, top + .02), (0, top - w * canvas.uniform(2, 3.6)),
                         (w * 1.25, top + .02)])
            canvas.fill(cone, roof)
            shade(canvas, cone, (0, top, w * 1.3), .6)


def curtain(canvas, x0, x1, top, foot, stone):
    """A wall with battlements and windows."""
    canvas.rect(x0, top, x1, foot, mix(stone, rgb(255, 255, 255), .08))
    with canvas.layer(alpha=.35):
        bricks(canvas, x0, top, x1, foot, .12, .06, dim(stone, .85), joint=dim(stone, 1.2))
    with canvas.at(x0, top):
        canvas.sk.scale(x1 - x0, foot - top)
        windows(canvas, 7, 2, glass=(40, 36, 40), fill=.3, arched=True, lit=.05)
    n = 14
    for k in range(n):
        x = x0 + (x1 - x0) * k / n
        canvas.rect(x, top - .08, x + (x1 - x0) / n * .6, top + .02, dim(stone, 1.05))
