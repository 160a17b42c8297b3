"""Patterns: things that repeat and fill the sheet, from spider webs to puzzles.

Each is painted on the sheet 0..160, turned, scaled and often seen at an angle (surface), with light and
shade.
"""

import contextlib
import math

import numpy as np
import skia

from train.drawings.brushes import (
    BLACK,
    WHITE,
    Blend,
    arch,
    ball,
    blob,
    dim,
    ellipse,
    field,
    hairs,
    hsv,
    limb,
    linear,
    mix,
    noise,
    paint,
    poly,
    radial,
    rgb,
    smooth,
    specks,
    strokes,
)
from train.drawings.registry import drawing
from train.drawings.scenes import PLACES, defocus, underwater

# ---- Parts -------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def surface(canvas, flat=.5, angle=180.0):
    """A plane that fills the sheet: unit 80, origin near the middle, turned, and with the chance 1 - flat
    seen at an angle.
    """
    if canvas.chance(flat):
        with canvas.at(80, 80, 80 * canvas.uniform(.8, 1.3), canvas.uniform(-angle, angle)):
            yield
        return
    near, far, lean = canvas.uniform(1.2, 1.9), canvas.uniform(.65, 1), canvas.uniform(-40, 40)
    corners = [(80 - 80 * far + lean, -5), (80 + 80 * far + lean, -5), (80 + 80 * near, 165),
               (80 - 80 * near, 165)]
    wide = [(x + 1.2 * (x - 80), y + 1.2 * (y - 80)) for x, y in corners]
    with canvas.onto(*wide), canvas.at(.5, .5, .5 / 2.2, canvas.pick(0, 90, 180, 270)
                                       + canvas.normal(angle / 12)):
        yield


def somewhere(canvas, *names, blur=(1, 4)):
    """Surroundings, out of focus."""
    PLACES[canvas.pick(*names)](canvas)
    defocus(canvas, canvas.uniform(*blur))


def unseen(canvas, x, y, r):
    """True if a square of half side r around (x, y) lies outside the sheet or the clip."""
    return canvas.sk.quickReject(skia.Rect(x - r, y - r, x + r, y + r))


# ---- Grown -------------------------------------------------------------------------------------------------

@drawing(815, 'spider web', 'full')
def spider_web(canvas):
    somewhere(canvas, 'leaves', 'forest', 'dark', 'clutter', 'meadow', 'open_sky', 'wall', blur=(2, 6))
    if canvas.chance(.6):
        canvas.flood(BLACK, alpha=canvas.uniform(.2, .6))
    x0, y0, reach = 80 + canvas.normal(18), 75 + canvas.normal(18), canvas.uniform(70, 140)
    n = canvas.integer(14, 24)
    way = np.linspace(0, 2 * math.pi, n, endpoint=False) + canvas.rng.normal(0, .05, n)
    long = reach * canvas.spread(.75, 1.1, n)
    silk, width = mix(rgb(232, 238, 245), canvas.any_colour(), .1), canvas.uniform(.6, 1.2)
    with canvas.at(x0, y0, 1, canvas.uniform(0, 360), False, canvas.uniform(.75, 1)):
        for a, r in zip(way, long * 1.6):
            canvas.line(0, 0, r * math.cos(a), r * math.sin(a), silk, width, alpha=.85)
        turns = canvas.integer(12, 22)
        thread = skia.Path()
        for k in range(turns * n):
            r = long[k % n] * (.1 + .9 * k / (turns * n)) * canvas.uniform(.985, 1.015)
            point = (r * math.cos(way[k % n]), r * math.sin(way[k % n]))
            if k == 0:
                thread.moveTo(*point)
                before = point
                continue
            thread.quadTo((point[0] + before[0]) * .47, (point[1] + before[1]) * .47, *point)
            before = point
        canvas.sk.drawPath(thread, paint(silk, width=width * .8, alpha=.8))
        for r in (2, 4, 6):
            canvas.disc(0, 0, r, silk, width=width * .7, alpha=.7)
        if canvas.chance(.3):
            drops_ = np.arange(0, turns * n, 1)
            r = long[drops_ % n] * (.1 + .9 * drops_ / (turns * n))
            specks(canvas, r * np.cos(way[drops_ % n]), r * np.sin(way[drops_ % n]), width * 1.1,
                   rgb(240, 248, 255), .9)
        if canvas.chance(.5):
            with canvas.at(0, 0, canvas.uniform(6, 12)):
                spider(canvas)


def spider(canvas):
    """A garden spider, head down."""
    tone = canvas.tint(canvas.pick(28, 40, 15), .5, .35)
    for side in (-1, 1):
        for way, knee in ((-60, 1.1), (-20, .9), (25, .9), (65, 1.2)):
            a = math.radians(way)
            canvas.curve([(0, 0), (side * knee * math.cos(a), knee * math.sin(a) * .8),
                          (side * 1.9 * math.cos(a * .9), 2.0 * math.sin(a * 1.15))],
                         dim(tone, .7), .14)
    ball(canvas, 0, -.55, .62, tone, .3, .5, 1.2)
    for y in (-.9, -.6, -.3):
        canvas.oval(0, y, .28, .07, mix(tone, WHITE, .6))
    ball(canvas, 0, .25, .36, dim(tone, .9), .3, .5)


@drawing(973, 'coral reef', 'full')
def coral_reef(canvas):
    """A reef from the side with water above, as a wall that fills the sheet, or from above."""
    view = canvas.pick('side', 'side', 'wall', 'wall', 'above')
    underwater(canvas)
    blue = canvas.pick(rgb(30, 110, 160), rgb(20, 80, 130), rgb(40, 130, 140))
    hues = canvas.rng.permutation([5, 25, 45, 330, 285, 60, 190, 120, 30, 350])[:canvas.integer(3, 8)]

    def tone(depth):
        return mix(canvas.tint(hues[canvas.integer(0, len(hues) - 1)], canvas.uniform(.35, .75), .85), blue,
                   .4 - .18 * depth)
    if view == 'above':
        reef_from_above(canvas, tone, blue)
    kinds = (branch_coral, brain_coral, fan_coral, tube_coral, table_coral, anemone)
    top = {'side': (62, 105), 'wall': (-10, 60), 'above': (0, 0)}[view]
    if view == 'wall':
        canvas.rect(0, canvas.uniform(-30, 25), 160, 170, mix(blue, BLACK, .55), blur=12)
    for depth in range(0 if view == 'above' else 3):
        for _ in range(canvas.integer(4, 6) + 3 * (view == 'wall')):
            y = canvas.uniform(*top) + (24 if view == 'side' else 48) * depth
            size = canvas.uniform(22, 42) * (.7 + .25 * depth) * (1.2 if view == 'wall' else 1)
            with canvas.at(canvas.uniform(-5, 165), y, size, canvas.normal(6 + 14 * (view == 'wall'))):
                canvas.pick(*kinds)(canvas, tone(depth))
    for _ in range(canvas.integer(0, 10)):
        fish = hsv(canvas.pick(48, 25, 210, 300, 190) + canvas.normal(8), .8, .95)
        with canvas.at(canvas.uniform(5, 155), canvas.uniform(10, 130), canvas.uniform(4, 11),
                       canvas.normal(12), canvas.chance(.5)):
            reef_fish(canvas, fish)


def reef_from_above(canvas, tone, blue):
    """Looking down: sand, then round heads, plates and bushes of coral side by side."""
    sand = mix(canvas.tint(45, .25, .85), blue, canvas.uniform(.2, .6))
    canvas.flood(sand)
    noise(canvas, canvas.uniform(5, 20), .5)
    for depth in range(3):
        for _ in range(canvas.integer(5, 7)):
            with canvas.at(canvas.uniform(0, 160), canvas.uniform(0, 160), canvas.uniform(17, 38),
                           canvas.uniform(0, 360)):
                canvas.disc(.06, .1, .95, BLACK, alpha=.35, blur=.12)
                canvas.pick(bush_above, bush_above, plate_above, brain_coral, bush_above)(canvas, tone(depth))
    if canvas.chance(.5):
        canvas.flood(blue, alpha=canvas.uniform(.1, .35))


def bush_above(canvas, colour):
    """Branching coral from above: fingers outwards and towards the viewer, with pale tips."""
    n = canvas.integer(50, 110)
    turn, r = canvas.spread(0, 6.3, n), np.sort(canvas.rng.random(n))[::-1] ** .7
    x, y = .55 * r * np.cos(turn), .55 * r * np.sin(turn)
    long, wide = .42 * r + .06, canvas.uniform(.07, .14)
    canvas.disc(0, 0, .7, dim(colour, .35))
    for part in np.array_split(np.arange(n), 3):
        ends = x[part] + long[part] * np.cos(turn[part]), y[part] + long[part] * np.sin(turn[part])
        strokes(canvas, x[part], y[part] + .03, turn[part], long[part], dim(colour, .5), wide * 1.2, layers=1)
        strokes(canvas, x[part], y[part], turn[part], long[part], canvas.vary(colour, len(part), .1, 1), wide,
                layers=1)
        specks(canvas, *ends, wide * .42, mix(colour, WHITE, .55))


def plate_above(canvas, colour):
    """A plate or a rosette of plates from above: wavy rings with pale rims."""
    turn = np.linspace(0, 2 * math.pi, 30, endpoint=False)
    waves, phase = canvas.integer(3, 7), canvas.uniform(0, 6)
    for k, r in enumerate(np.linspace(1, .2, canvas.integer(3, 6))):
        reach = r * (.88 + .1 * np.sin(waves * turn + phase + k) + canvas.rng.normal(0, .02, 30))
        path = smooth(list(zip(reach * np.cos(turn), reach * np.sin(turn))))
        canvas.fill(path, radial(0, 0, r, [dim(colour, .5), colour, dim(colour, 1.1)]))
        canvas.fill(path, mix(colour, WHITE, .6), width=.045)


def branch_coral(canvas, colour):
    """A bush of forking branches with pale tips."""
    x, y, way, long, width = np.zeros(1), np.full(1, .3), np.full(1, -math.pi / 2), .5, .2
    for fork in range(4):
        turns = np.radians((-28, 4, 32) if fork == 0 else (-24, 26))
        way = (way[:, None] + turns).ravel() + canvas.rng.normal(0, .16, len(way) * len(turns))
        x, y = np.repeat(x, len(turns)), np.repeat(y, len(turns))
        strokes(canvas, x, y, way, long, dim(colour, .6), width, layers=1)
        strokes(canvas, x, y, way, long, mix(colour, WHITE, .15 * fork), width * .65, layers=1)
        x, y, long, width = x + long * np.cos(way), y + long * np.sin(way), long * .72, width * .74


def brain_coral(canvas, colour):
    """A boulder with winding grooves."""
    ball(canvas, 0, 0, .8, colour, .3, .4, .8)
    with canvas.inside(ellipse(0, 0, .8, .64)):
        rows, phase = np.arange(-.9, .9, .12), canvas.uniform(0, 6)
        for y in rows:
            x = np.linspace(-.85, .85, 14)
            bend = .07 * np.sin(x * 11 + phase + 3 * y) + .05 * np.sin(x * 5 - phase)
            canvas.curve(list(zip(x, y + bend)), dim(colour, .5), .045)


def fan_coral(canvas, colour):
    """A flat net of branches from one foot."""
    for way in np.linspace(-150, -30, 11):
        a = math.radians(way + canvas.normal(3))
        bend = canvas.normal(.12)
        long = canvas.uniform(.9, 1.2)
        canvas.curve([(0, .4), (.5 * math.cos(a), .4 + .5 * long * math.sin(a)),
                      (math.cos(a) + bend, .4 + 1.2 * long * math.sin(a))], colour, .05)
        n = 12
        t = canvas.spread(.25, 1, n)
        strokes(canvas, t * math.cos(a), .4 + 1.15 * t * long * math.sin(a), a + canvas.pick(-.7, .7), .22,
                dim(colour, .85), .03, layers=1)


def tube_coral(canvas, colour):
    """A cluster of sponge pipes."""
    for x in canvas.spread(-.5, .5, 6):
        top = -canvas.uniform(.1, .9)
        w = canvas.uniform(.1, .16)
        canvas.fill(limb([(x * .5, .5), (x, top)], [w * 1.4, w * 2]),
                    linear(x - w, 0, x + w, 0, [dim(colour, 1.1), dim(colour, .5)]))
        canvas.oval(x, top, w, w * .45, dim(colour, 1.2))
        canvas.oval(x, top, w * .65, w * .28, dim(colour, .3))


def table_coral(canvas, colour):
    """A flat plate on a foot."""
    canvas.fill(limb([(0, .5), (0, -.1)], [.3, .5]), dim(colour, .45))
    canvas.oval(0, -.15, 1.0, .26, dim(colour, .5))
    canvas.oval(0, -.2, 1.0, .24, linear(0, -.4, 0, 0, [mix(colour, WHITE, .2), dim(colour, .8)]))
    n = 70
    x, y = canvas.disk(n, .95, .22, 0, -.2)
    strokes(canvas, x, y, -math.pi / 2, .08, canvas.vary(mix(colour, WHITE, .2), n, .12, 1), .035, layers=1)


def anemone(canvas, colour):
    """Many waving arms."""
    n = 90
    way = canvas.rng.normal(-math.pi / 2, .75, n)
    hairs(canvas, canvas.rng.normal(0, .25, n), np.full(n, .35), way, canvas.spread(.5, .95, n),
          canvas.vary(colour, n, .18, 1), .12, .25, layers=2)


def reef_fish(canvas, colour):
    """A small flat fish with bands."""
    canvas.fill(poly([(-.7, 0), (-1.15, -.42), (-1.05, 0), (-1.15, .42)]), dim(colour, .85))
    body = smooth([(1, 0), (.55, -.45), (-.1, -.6), (-.75, -.08), (-.75, .08), (-.1, .6), (.55, .45)])
    canvas.fill(body, linear(0, -.5, 0, .5, [mix(colour, WHITE, .2), dim(colour, .7)]))
    band = canvas.pick(WHITE, rgb(20, 20, 30), dim(colour, .4))
    with canvas.inside(body):
        for x in (.45, -.15):
            canvas.line(x, -.7, x - .05, .7, band, .14)
    canvas.disc(.68, -.08, .08, rgb(15, 15, 20))


# ---- Built -------------------------------------------------------------------------------------------------

@drawing(646, 'maze', 'full')
def maze(canvas):
    """Hedges with paths between them, seen from above or across; or of stone, maize, or printed."""
    n = canvas.integer(7, 12)
    walls = maze_walls(canvas, n)
    kind = canvas.pick('hedge', 'hedge', 'hedge', 'stone', 'print')
    path_tone = {'hedge': canvas.pick(rgb(205, 190, 160), rgb(176, 168, 156), canvas.tint(95, .4, .6)),
                 'stone': canvas.tint(90, .4, .5),
                 'print': rgb(245, 244, 238)}[kind]
    wall = {'hedge': canvas.tint(110, .6, .38), 'stone': canvas.tint(35, .15, .7),
            'print': canvas.pick(rgb(30, 30, 34), canvas.any_colour())}[kind]
    canvas.flood(path_tone)
    width = canvas.uniform(.12, .35) if kind == 'print' else canvas.uniform(.3, .5)
    high = 0 if kind == 'print' else canvas.uniform(.15, .4)
    with surface(canvas, .35 if kind != 'print' else .8, 25), canvas.at(-1.45, -1.45, 2.9 / n):
        lines = skia.Path()
        for x0, y0, x1, y1 in walls:
            lines.moveTo(x0, y0)
            lines.lineTo(x1, y1)
        lx, ly = canvas.light[:2]
        if kind != 'print':
            with canvas.at(-lx * .35, -ly * .3):
                canvas.sk.drawPath(lines, paint(BLACK, width=width, alpha=.35))
            for k in range(6):
                with canvas.at(0, -high * k / 6):
                    canvas.sk.drawPath(lines, paint(dim(wall, .45 + .06 * k), width=width))
        with canvas.at(0, -high):
            canvas.sk.drawPath(lines, paint(wall, width=width))
            if kind == 'hedge':
                spread_leaves(canvas, walls, width, wall)
            elif kind == 'stone':
                canvas.sk.drawPath(lines, paint(dim(wall, 1.15), width=width * .7))


def spread_leaves(canvas, walls, width, colour):
    """Leaf touches over the tops of the hedges."""
    w = np.asarray(walls, float)[canvas.rng.integers(0, len(walls), 1400)]
    t = canvas.spread(0, 1, 1400)[:, None]
    p = w[:, :2] * (1 - t) + w[:, 2:] * t + canvas.rng.uniform(-width / 2, width / 2, (1400, 2))
    hairs(canvas, p[:, 0], p[:, 1], canvas.spread(0, 6.3, 1400), .13,
          canvas.vary(dim(colour, 1.1), 1400, .25), .09)


def maze_walls(canvas, n):
    """The walls (x0, y0, x1, y1) of a perfect maze of n x n cells, or the rings of a round labyrinth."""
    seen, stack, open_ = {(0, 0)}, [(0, 0)], set()
    while stack:
        x, y = stack[-1]
        ways = [(x + a, y + b) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)) if 0 <= x + a < n and 0 <= y
                + b < n and (x + a, y + b) not in seen]
        if not ways:
            stack.pop()
            continue
        step = ways[canvas.integer(0, len(ways) - 1)]
        open_ |= {((x, y), step), (step, (x, y))}
        seen.add(step)
        stack.append(step)
    walls = [(0, 0, n, 0), (0, 0, 0, n), (0, n, n, n), (n, 0, n, n - 1)]
    for x in range(n):
        for y in range(n):
            if x + 1 < n and ((x, y), (x + 1, y)) not in open_:
                walls.append((x + 1, y, x + 1, y + 1))
            if y + 1 < n and ((x, y), (x, y + 1)) not in open_:
                walls.append((x, y + 1, x + 1, y + 1))
    return walls


# ---- Sewn, woven, cut --------------------------------------------------------------------------------------

@drawing(750, 'quilt', 'full')
def quilt(canvas):
    """Patchwork: blocks of triangles, stars, rings or strips in a few prints, stitched and softly padded."""
    n, kind = canvas.integer(3, 6), canvas.pick('star', 'pinwheel', 'log', 'squares', 'diamond')
    prints = [canvas.tint(h, .55, .75, 10, .2, .2)
              for h in canvas.rng.permutation([0, 25, 45, 110, 200, 225, 280, 335])[:canvas.integer(3, 5)]]
    ground = canvas.pick(rgb(238, 232, 216), rgb(226, 216, 200), canvas.any_colour())
    canvas.flood(ground)
    with surface(canvas, .45, 45):
        size = 3.6 / n / 1.15
        for i in range(-1, n + 1):
            for j in range(-1, n + 1):
                x, y = -1.8 + (i + .5) * size * 1.15, -1.8 + (j + .5) * size * 1.15
                if not unseen(canvas, x, y, size / 2):
                    with canvas.at(x, y, size / 2):
                        patch(canvas, kind, prints, ground, i + j)
        seam = dim(ground, .7)
        for t in np.arange(-1.8, 1.9, size * 1.15 / 2):
            canvas.line(t, -2, t, 2, seam, .012, alpha=.5)
            canvas.line(-2, t, 2, t, seam, .012, alpha=.5)
    canvas.picture(folds(canvas, .25, .25), 0, 0, 160, 160, mode=Blend.kSoftLight)


def patch(canvas, kind, prints, ground, number):
    """One block of a quilt in the box -1..1."""
    a, b = prints[number % len(prints)], prints[(number + 1) % len(prints)]
    canvas.rect(-1, -1, 1, 1, mix(ground, a, .15))
    if kind == 'squares':
        for x in (-1, -.33, .33):
            for y in (-1, -.33, .33):
                tone = canvas.pick(*prints, ground)
                canvas.rect(x, y, x + .67, y + .67, tone)
                specks(canvas, canvas.spread(x, x + .67, 6), canvas.spread(y, y + .67, 6), .04,
                       mix(tone, WHITE, .5))
    elif kind == 'log':
        for k in range(5):
            r = 1 - .2 * k
            for turn, tone in ((0, a), (90, dim(a, .8)), (180, mix(b, WHITE, .4)), (270, b)):
                with canvas.at(0, 0, 1, turn):
                    canvas.rect(-r, -r, r - .2, -r + .2, dim(tone, canvas.uniform(.85, 1.1)))
        canvas.rect(-.2, -.2, .2, .2, prints[-1])
    for turn in (0, 90, 180, 270) if kind in ('star', 'pinwheel', 'diamond') else ():
        with canvas.at(0, 0, 1, turn):
            if kind == 'pinwheel':
                canvas.fill(poly([(0, 0), (1, 0), (1, -1)]), a)
                canvas.fill(poly([(0, 0), (1, 0), (1, 1)]), b if number % 2 else ground)
            elif kind == 'star':
                canvas.fill(poly([(0, 0), (.33, 0), (1, -.33), (.33, -.33)]), a)
                canvas.fill(poly([(.33, -.33), (1, -.33), (.33, .33)]), b)
                canvas.fill(poly([(.33, .33), (1, -.33), (1, .33)]), a)
            else:
                canvas.fill(poly([(0, 0), (1, 0), (0, 1)]), a)
                canvas.fill(poly([(0, 0), (.55, 0), (0, .55)]), b)
    canvas.rect(-.97, -.97, .97, .97, mix(ground, BLACK, .3), width=.015, alpha=.6)


def folds(canvas, size, depth):
    """Shading (96, 96, 3) around grey of a softly folded surface: `depth` of the folds, their size as a share
    of the sheet.
    """
    h = field(canvas, 96, 96, 9, size)
    gy, gx = np.gradient(h * depth * 12)
    lx, ly, lz = canvas.light
    lit = (-gx * lx - gy * ly + lz) / np.sqrt(gx * gx + gy * gy + 1)
    return np.repeat((128 + 150 * (lit - lz))[..., None], 3, 2)


RUGS = ((355, .75, .5), (20, .6, .5), (150, .5, .35), (350, .7, .4), (222, .6, .35), (42, .35, .8),
        (188, .45, .45), (28, .5, .35), (300, .3, .3))


@drawing(741, 'prayer rug', 'full')
def prayer_rug(canvas):
    """A niche under an arch, borders of rosettes and zigzags, fringes; the whole rug on a floor, flat or with
    a corner turned up, or so near that only a part is seen.
    """
    tones = [canvas.tint(*RUGS[k]) for k in canvas.rng.permutation(len(RUGS))[:3]]
    red, blue = (tones[0], tones[1]) if canvas.chance(.6) else (canvas.tint(355, .75, .5),
                                                                canvas.tint(220, .6, .35))
    gold, cream = canvas.pick(canvas.tint(42, .6, .75), tones[2]), rgb(232, 220, 192)
    somewhere(canvas, 'room', 'table', 'plain', 'clutter', blur=(.5, 2))
    view = canvas.pick('whole', 'whole', 'corner', 'near', 'near', 'near')
    w, h = canvas.uniform(.58, .72), .98
    near = canvas.uniform(1, 1.6) if canvas.chance(.5) else 1
    squash = canvas.uniform(.5, .9) if near > 1 else 1
    scale, x, y = canvas.uniform(72, 100), 80.0, 80.0
    if view == 'near':
        scale = canvas.uniform(130, 260)
        x, y = 80 - scale * canvas.uniform(-.5, .5), 80 - scale * canvas.uniform(-.7, .7) * squash
    with canvas.at(x, y, scale, canvas.normal(8) if near == 1 and view != 'near' else canvas.normal(4)):
        corners = [(-w, -h * squash), (w, -h * squash), (w * near, h * squash), (-w * near, h * squash)]
        canvas.fill(poly([(x * 1.01 - .03, y + .04) for x, y in corners]), BLACK, alpha=.4, blur=.03)
        with canvas.onto(*corners):
            for y0, y1 in ((-.04, 0), (1, 1.04)):
                x = np.linspace(0, 1, 60)
                strokes(canvas, x, 0 * x + y0, math.pi / 2 + canvas.rng.normal(0, .15, 60), y1 - y0 + .01,
                        canvas.vary(cream, 60), .008, layers=1)
            rug_borders(canvas, (red, cream, blue, gold))
            rug_field(canvas, red, blue, gold, cream)
            if view == 'near':
                rows = np.arange(0, 1, .012)
                strokes(canvas, 0 * rows, rows, 0.0, 1.0, BLACK, .003, .22, 1)
            noise(canvas, .012, .45, stretch=2)
        if view == 'corner':
            turned_corner(canvas, corners, mix(red, cream, .6))
    canvas.picture(folds(canvas, canvas.uniform(.3, .6), canvas.uniform(.02, .16)), 0, 0, 160, 160,
                   mode=Blend.kSoftLight, alpha=.6)


def turned_corner(canvas, corners, colour):
    """A lower corner of the rug folded over: the floor is hidden by its back."""
    k = canvas.pick(2, 3)
    corner, along_, up = (np.asarray(corners[i]) for i in (k, 5 - k, 1 if k == 2 else 0))
    a = corner + (along_ - corner) * canvas.uniform(.3, .6)
    b = corner + (up - corner) * canvas.uniform(.25, .5)
    middle = (a + b) / 2
    tip = middle + (middle - corner) * canvas.uniform(.5, .9)
    canvas.fill(poly([a, b, corner]), canvas.tint(30, .2, .4))
    canvas.fill(smooth([a, b, b, tip + (.03, .04), a]), BLACK, alpha=.5, blur=.03)
    canvas.fill(poly([a, b, tip]), linear(middle[0], middle[1], tip[0], tip[1],
                                          [dim(colour, .55), dim(colour, 1.1), colour]))


def rug_field(canvas, red, blue, gold, cream):
    """The middle of the rug: one niche, a row of niches, lozenges or medallions one above the other."""
    kind = canvas.pick('niche', 'niche', 'niche', 'row', 'lozenges', 'medallions')
    canvas.rect(.2, .16, .8, .86, red)
    if kind == 'niche':
        shape, pointed = canvas.pick('arch', 'arch', 'stepped'), canvas.chance(.6)
        low, wide = canvas.uniform(.8, .86), canvas.uniform(.4, .56)
        niche = arch(.5, low, wide, low - canvas.uniform(.2, .3), pointed)
        if shape == 'stepped':
            steps = [(wide / 2, low), (wide / 2, .46), (wide * .38, .46), (wide * .38, .39),
                     (wide * .24, .39),
                     (wide * .24, .32), (wide * .1, .32), (wide * .1, .24), (0, .2)]
            niche = poly([(.5 + x, y) for x, y in steps] + [(.5 - x, y) for x, y in steps[::-1]])
        canvas.rect(.2, .16, .8, .86, dim(blue, 1.1))
        canvas.fill(niche, red)
        canvas.fill(niche, gold, width=.015)
        if canvas.chance(.3):
            for px in (.5 - wide * .42, .5 + wide * .42):
                canvas.line(px, low, px, .45, gold, .03)
                canvas.rect(px - .03, .43, px + .03, .46, cream)
        rug_motif(canvas, canvas.pick('lamp', 'tree', 'medallion', 'none', 'sprigs'), gold, cream, blue)
        for x in (.27, .73):
            rosette(canvas, x, .24, .045, gold, cream)
    elif kind == 'row':
        for k in range(3):
            niche = arch(.3 + .2 * k, .84, .17, .6, True)
            canvas.fill(niche, (blue, dim(blue, 1.3), blue)[k])
            canvas.fill(niche, gold, width=.01)
            for y in (.42, .56, .7):
                rosette(canvas, .3 + .2 * k, y, .045, cream, gold)
    else:
        rows = 3 if kind == 'medallions' else canvas.integer(4, 6)
        for j in range(rows):
            for i in range(1 if kind == 'medallions' else rows - 1):
                x = .5 if kind == 'medallions' else .2 + .6 * (i + .5) / (rows - 1)
                y, r = .16 + .7 * (j + .5) / rows, .36 / rows
                for k, tone in enumerate((blue, cream, red, gold)):
                    s = r * (1 - .24 * k)
                    wide = s * (2.0 if kind == 'medallions' else .8)
                    canvas.fill(poly([(x - wide, y), (x - wide / 2, y - s / 2), (x, y - s),
                                      (x + wide / 2, y - s / 2),
                                      (x + wide, y), (x + wide / 2, y + s / 2), (x, y + s),
                                      (x - wide / 2, y + s / 2)]),
                                tone)
                rosette(canvas, x, y, r * .25, cream, blue)


def rug_borders(canvas, colours):
    """Three frames one inside the other, with repeated motifs."""
    red, cream, blue, gold = colours
    for k, (tone, mark) in enumerate(((blue, gold), (cream, red), (red, cream))):
        d = .02 + .055 * k
        canvas.rect(d - .02, (d - .02) * .75, 1.02 - d, 1 - (d - .02) * .75, tone)
        canvas.rect(d - .012, (d - .012) * .75, 1.012 - d, 1 - (d - .012) * .75, mark, width=.006)
        m = d + .018
        for t in np.linspace(.06, .94, 19 if k == 1 else 27):
            for x, y in ((t, m * .75), (t, 1 - m * .75), (m, t), (1 - m, t)):
                if k == 1:
                    rosette(canvas, x, y, .022, mark, blue)
                else:
                    canvas.fill(poly([(x - .011, y), (x, y - .01), (x + .011, y), (x, y + .01)]), mark)


def rosette(canvas, x, y, r, colour, heart):
    """A small star flower."""
    for way in (0, 45, 90, 135):
        canvas.oval(x, y, r, r * .3, colour, way)
    canvas.disc(x, y, r * .35, heart)


def rug_motif(canvas, kind, gold, cream, blue):
    """What stands in the niche: a hanging lamp, a tree, a medallion, sprigs."""
    if kind == 'lamp':
        canvas.line(.5, .25, .5, .42, gold, .008)
        canvas.fill(smooth([(.46, .42), (.54, .42), (.58, .5), (.53, .58), (.47, .58), (.42, .5)]), gold)
        canvas.disc(.5, .5, .025, blue)
    elif kind == 'tree':
        canvas.line(.5, .84, .5, .34, gold, .014)
        for y in np.linspace(.4, .78, 6):
            for side in (-1, 1):
                canvas.curve([(.5, y + .03), (.5 + side * .08, y + .01), (.5 + side * .15, y - .03)], gold,
                             .008)
                rosette(canvas, .5 + side * .15, y - .03, .026, cream, blue)
    elif kind == 'sprigs':
        for j, y in enumerate(np.linspace(.4, .8, 6)):
            for x in (.4, .5, .6) if j % 2 else (.45, .55):
                rosette(canvas, x, y, .024, cream, gold)
    elif kind == 'medallion':
        for r, tone in ((.17, blue), (.135, cream), (.1, blue), (.06, gold)):
            canvas.fill(poly([(.5 + r * math.cos(a) * (1 if k % 2 else .8), .56 + r * math.sin(a)
                               * (1 if k % 2 else .8))
                              for k, a in enumerate(np.linspace(0, 2 * math.pi, 16, endpoint=False))]), tone)


@drawing(611, 'jigsaw puzzle', 'full')
def jigsaw_puzzle(canvas):
    """A picture cut into pieces with knobs, some missing, some lying loose."""
    somewhere(canvas, 'table', 'plain', 'table', blur=(.3, 1))
    n = canvas.integer(4, 9)
    flat = canvas.any_colour() if canvas.chance(.25) else None
    across = {(i, j): canvas.pick(-1, 1) for i in range(n + 1) for j in range(n + 1)}
    down = {(i, j): canvas.pick(-1, 1) for i in range(n + 1) for j in range(n + 1)}
    missing = canvas.uniform(0, .35) if canvas.chance(.7) else 0
    tones = puzzle_picture(canvas, n)
    with surface(canvas, .6, 40), canvas.at(-1.5, -1.5, 3.0 / n):
        for j in range(n):
            for i in range(n):
                if canvas.chance(missing):
                    continue
                edges = (0 if j == 0 else -down[i, j], 0 if i == n - 1 else across[i + 1, j], 0 if j == n - 1
                         else down[i, j + 1], 0 if i == 0 else -across[i, j])
                loose = canvas.chance(.08)
                with canvas.at(i + .5 + (canvas.normal(.2) if loose else 0), j + .5, 1, canvas.normal(25)
                               if loose else 0):
                    piece(canvas, edges, tones[j, i] if flat is None
                          else dim(flat, canvas.uniform(.95, 1.05)), flat is None)


def puzzle_picture(canvas, n):
    """Colours (n, n, 3) of a landscape or of nothing in particular."""
    rough = np.stack([field(canvas, n, n, 5, .5) for _ in range(3)], 2)
    if canvas.chance(.5):
        return np.clip(canvas.any_colour() + 55 * rough, 20, 250)
    up = np.linspace(0, 1, n)[:, None, None]
    above, below = canvas.tint(210, .4, .9), canvas.tint(canvas.pick(100, 40, 205), .55, .55)
    return np.clip(np.where(up < canvas.uniform(.3, .6), above, below) + 28 * rough, 10, 250)


def piece(canvas, edges, colour, printed):
    """One piece of side 1 around the origin: edges (top, right, bottom, left) with knobs out (1), in (-1)
    or none.
    """
    knob = [(.36, 0), (.42, .03), (.34, .13), (.38, .23), (.5, .26), (.62, .23), (.66, .13), (.58, .03),
            (.64, 0)]
    points = []
    for k, sign in enumerate(edges):
        line = [(0, 0), (0, 0)] + ([(x, -sign * y) for x, y in knob] if sign else [(.5, 0)]) + [(1, 0)]
        c, s = (1, 0, -1, 0)[k], (0, 1, 0, -1)[k]
        points += [(c * (x - .5) - s * (y - .5), s * (x - .5) + c * (y - .5)) for x, y in line]
    path = smooth(points)
    with canvas.at(-.03 * canvas.light[0], .03):
        canvas.fill(path, BLACK, alpha=.45)
    canvas.fill(path, linear(-.5, -.5, .5, .5, [dim(colour, 1.08), dim(colour, .92)]))
    if printed:
        with canvas.inside(path):
            for _ in range(3):
                canvas.fill(blob(canvas, canvas.normal(.4), canvas.normal(.4), canvas.uniform(.15, .5),
                                 canvas.uniform(.1, .4), 6, .3), dim(mix(colour, canvas.any_colour(), .25),
                                                                     canvas.uniform(.8, 1.2)), alpha=.7)
    canvas.fill(path, WHITE, width=.03, alpha=.3)
    canvas.fill(path, dim(colour, .35), width=.018, alpha=.9)
