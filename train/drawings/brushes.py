"""Brushes: how fur, feathers, scales, petals, eyes, cloth, water and light are painted.

Everything is painted on a Canvas, which carries three things: the skia canvas, a seeded numpy Generator (the
only source of chance: the same seed paints the same bytes) and the direction of the light.

    canvas = Canvas(160, seed=7)
    with canvas.at(80, 80, 50):                  # from here on the unit is 50 pixels, the origin the middle
        fur_ball(canvas, 0, 0, 1, canvas.tint(30, .5, .6))
    pixels = canvas.pixels()                     # (160, 160, 3) uint8, R G B

Conventions: x right, y down, z towards the viewer; colours are R G B arrays of 0..255 floats; angles of
transforms are degrees (clockwise), directions of strokes are radians. A thing fits into the box -1..1 in both
directions. Many strokes of similar colour are painted as one path: 1 microsecond a stroke instead of 4.

Bodies with a shape in space (animals, vases, domes) are modelled in clay.py; landscapes and rooms are in
scenes.py.
"""

import colorsys
import contextlib
import math

import numpy as np
import skia

WHITE = np.array((255.0, 255.0, 255.0))
BLACK = np.array((0.0, 0.0, 0.0))
GREY = np.array((128.0, 128.0, 128.0))
Blend = skia.BlendMode


# ---- Colours -----------------------------------------------------------------------------------------------
# A colour is an array of three floats; n colours are an array (n, 3).

def hsv(h, s, v):
    """The colour with hue `h` (degrees), saturation `s` and value `v` (0..1)."""
    r, g, b = colorsys.hsv_to_rgb(h % 360 / 360, min(max(s, 0.0), 1.0), min(max(v, 0.0), 1.0))
    return np.array((255 * r, 255 * g, 255 * b))


def rgb(*values):
    """The colour of three numbers 0..255."""
    return np.array(values, float)


def mix(a, b, t):
    """Colour `a` at t = 0, colour `b` at t = 1."""
    return np.asarray(a, float) * (1 - t) + np.asarray(b, float) * t


def dim(colour, factor):
    """The colour under more (factor > 1) or less light."""
    return np.clip(np.asarray(colour, float) * factor, 0, 255)


def step(x, width=.06):
    """A soft threshold: 0 for x << 0, 1 for x >> 0."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(x, float) / width, -30, 30)))


def packed(colour, alpha=1.0):
    """The colour as skia's 32-bit number."""
    r, g, b = (min(255, max(0, int(v))) for v in colour)
    return (min(255, max(0, int(255 * alpha))) << 24) | (r << 16) | (g << 8) | b


# ---- Canvas ------------------------------------------------------------------------------------------------
# The sheet, the chance and the light; shapes take either a colour or a finished paint.

class Canvas:
    """A sheet of size x size pixels. `light` is the unit vector towards the light, `hard` how strong it
    is on bodies of clay and solids: .5 under clouds, 1.5 at noon.
    """

    def __init__(self, size=160, seed=0, surface=None):
        self.size = size
        self.surface = surface or skia.Surface(size, size)
        self.place, self.hard = '', 1.0      # the surroundings and the light, set by scenes.py
        self.sk = self.surface.getCanvas()
        self.sk.restoreToCount(1)
        self.sk.resetMatrix()
        self.rng = np.random.default_rng(seed)
        self.set_light(self.uniform(-.8, .8), -self.uniform(.35, .9), self.uniform(.5, .9))

    def set_light(self, x, y, z):
        """Let the light come from (x, y, z); the length does not matter."""
        self.light = np.array((x, y, z)) / math.sqrt(x * x + y * y + z * z)

    def pixels(self):
        """The sheet as (size, size, 3) uint8, R G B."""
        return self.surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]

    # chance

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * self.rng.random()

    def normal(self, sigma=1.0):
        return sigma * float(self.rng.standard_normal())

    def integer(self, low, high):
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def spread(self, low, high, n):
        """n uniform numbers."""
        return self.rng.uniform(low, high, n)

    def disk(self, n, rx=1.0, ry=1.0, x=0.0, y=0.0):
        """n points inside an ellipse: arrays x, y."""
        turn = self.rng.uniform(0, 2 * math.pi, n)
        reach = np.sqrt(self.rng.uniform(0, 1, n))
        return x + rx * reach * np.cos(turn), y + ry * reach * np.sin(turn)

    def tint(self, h, s, v, dh=6.0, ds=.08, dv=.08):
        """A colour near hue h (degrees), saturation s, value v (0..1)."""
        return hsv(h + self.uniform(-dh, dh), s + self.uniform(-ds, ds), v + self.uniform(-dv, dv))

    def any_colour(self):
        """Any colour, greys and strong ones alike."""
        return hsv(self.uniform(0, 360), self.uniform(0, .95), self.uniform(.12, 1))

    def vary(self, colour, n, value=.14, hue=6.0):
        """n colours around one colour (3,) or n colours (n, 3): brightness by the factor `value`, channels
        by `hue`.
        """
        many = np.broadcast_to(np.asarray(colour, float), (n, 3))
        return np.clip(many * (1 + self.rng.normal(0, value, (n, 1))) + self.rng.normal(0, hue, (n, 3)), 0,
                       255)

    # where things go

    @contextlib.contextmanager
    def at(self, x=0.0, y=0.0, scale=1.0, angle=0.0, flip=False, tall=1.0):
        """Paint around (x, y), `scale` times larger, turned by `angle` degrees, mirrored, `tall` times
        stretched.
        """
        self.sk.save()
        self.sk.translate(x, y)
        if angle:
            self.sk.rotate(angle)
        self.sk.scale(-scale if flip else scale, scale * tall)
        yield
        self.sk.restore()

    @contextlib.contextmanager
    def inside(self, path):
        """Paint only inside the path."""
        self.sk.save()
        self.sk.clipPath(path, True)
        yield
        self.sk.restore()

    @contextlib.contextmanager
    def onto(self, p0, p1, p2, p3):
        """Paint the unit square 0..1 onto a quadrilateral (its corners: top left, top right, bottom right,
        bottom left).

        Perspective included: walls, windows, screens, playing fields.
        """
        square = [skia.Point(0, 0), skia.Point(1, 0), skia.Point(1, 1), skia.Point(0, 1)]
        corners = [skia.Point(float(x), float(y)) for x, y in (p0, p1, p2, p3)]
        matrix = skia.Matrix()
        matrix.setPolyToPoly(square, corners)
        self.sk.save()
        self.sk.concat(matrix)
        yield
        self.sk.restore()

    @contextlib.contextmanager
    def affine(self, origin, u, v):
        """Paint with the unit vectors u and v (screen directions) at origin: for marks on a turned surface.
        """
        self.sk.save()
        self.sk.concat(skia.Matrix.MakeAll(u[0], v[0], origin[0], u[1], v[1], origin[1], 0, 0, 1))
        yield
        self.sk.restore()

    @contextlib.contextmanager
    def layer(self, alpha=1.0, blur=0.0, mode=None):
        """Paint on a sheet of its own that is then laid on: transparent, out of focus (blur in units) or
        blended.
        """
        p = skia.Paint(Alphaf=alpha)
        if blur:
            p.setImageFilter(skia.ImageFilters.Blur(blur, blur))
        if mode is not None:
            p.setBlendMode(mode)
        self.sk.saveLayer(None, p)
        yield
        self.sk.restore()

    def pixel(self):
        """The length of one pixel in the present units."""
        m = self.sk.getTotalMatrix()
        return 1 / max(1e-6, math.sqrt(abs(m.getScaleX() * m.getScaleY() - m.getSkewX() * m.getSkewY())))

    # shapes

    def fill(self, path, colour, **options):
        self.sk.drawPath(path, paint(colour, **options))

    def disc(self, x, y, r, colour, **options):
        self.sk.drawCircle(x, y, r, paint(colour, **options))

    def oval(self, x, y, rx, ry, colour, angle=0.0, **options):
        box = skia.Rect(-rx, -ry, rx, ry)
        if not angle:
            self.sk.drawOval(box.makeOffset(x, y), paint(colour, **options))
            return
        self.sk.save()
        self.sk.translate(x, y)
        self.sk.rotate(angle)
        self.sk.drawOval(box, paint(colour, **options))
        self.sk.restore()

    def rect(self, x0, y0, x1, y1, colour, round=0.0, **options):
        box = skia.Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if round:
            self.sk.drawRoundRect(box, round, round, paint(colour, **options))
        else:
            self.sk.drawRect(box, paint(colour, **options))

    def line(self, x0, y0, x1, y1, colour, width, **options):
        self.sk.drawLine(x0, y0, x1, y1, paint(colour, width=width, **options))

    def curve(self, points, colour, width, **options):
        """A smooth line through the points."""
        self.sk.drawPath(smooth(points, closed=False), paint(colour, width=width, **options))

    def flood(self, colour, **options):
        """Paint everything (inside the present clip)."""
        self.sk.drawPaint(paint(colour, **options))

    def picture(self, array, x0, y0, x1, y1, **options):
        """Lay an array (h, w, 3 or 4) of 0..255, not premultiplied, over the box x0..x1, y0..y1."""
        array = np.asarray(np.clip(array, 0, 255), np.uint8)
        if array.shape[2] == 3:
            array = np.concatenate([array, np.full(array.shape[:2] + (1,), 255, np.uint8)], 2)
        image = skia.Image.fromarray(np.ascontiguousarray(array), colorType=skia.kRGBA_8888_ColorType)
        self.sk.drawImageRect(image, skia.Rect(float(x0), float(y0), float(x1), float(y1)),
                              skia.SamplingOptions(skia.FilterMode.kLinear), paint(BLACK, **options))


def paint(colour, width=None, alpha=1.0, blur=0.0, mode=None, shader=None, butt=False):
    """A skia paint: a filling, or with `width` a line. A colour may also be a shader (radial, linear)."""
    p = skia.Paint(AntiAlias=True)
    if isinstance(colour, skia.Shader):
        shader, colour = colour, BLACK
    p.setColor(packed(colour, alpha))
    if width is not None:
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(width)
        if not butt:
            p.setStrokeCap(skia.Paint.kRound_Cap)
            p.setStrokeJoin(skia.Paint.kRound_Join)
    if blur:
        p.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    if mode is not None:
        p.setBlendMode(mode)
    if shader is not None:
        p.setShader(shader)
    return p


def radial(x, y, r, colours, stops=None, alphas=None):
    """Colours from the middle (x, y) outwards to radius r."""
    codes = [packed(c, 1 if alphas is None else alphas[i]) for i, c in enumerate(colours)]
    return skia.GradientShader.MakeRadial((float(x), float(y)), max(float(r), 1e-4), codes, stops)


def linear(x0, y0, x1, y1, colours, stops=None, alphas=None):
    """Colours along the line from (x0, y0) to (x1, y1)."""
    codes = [packed(c, 1 if alphas is None else alphas[i]) for i, c in enumerate(colours)]
    return skia.GradientShader.MakeLinear([(float(x0), float(y0)), (float(x1), float(y1))], codes, stops)


# ---- Paths -------------------------------------------------------------------------------------------------
# Outlines from a few points.

def poly(points, closed=True):
    """Straight lines through the points."""
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in points], closed)
    return path


def smooth(points, closed=True):
    """A smooth line: closed, near the points (they are its corners, rounded off); open, from the first to
    the last.
    """
    pts = [(float(x), float(y)) for x, y in points]
    n, path = len(pts), skia.Path()
    if not closed and n < 3:
        return poly(pts, False)
    middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(pts, pts[1:] + pts[:1])]
    if closed:
        path.moveTo(*middle[-1])
        for p, m in zip(pts, middle):
            path.quadTo(*p, *m)
        path.close()
        return path
    path.moveTo(*pts[0])
    for p, m in zip(pts[1:-2], middle[1:-2]):
        path.quadTo(*p, *m)
    path.quadTo(*pts[-2], *pts[-1])
    return path


def ellipse(x, y, rx, ry):
    path = skia.Path()
    path.addOval(skia.Rect(x - rx, y - ry, x + rx, y + ry))
    return path


def box(x0, y0, x1, y1):
    return poly(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def blob(canvas, x, y, rx, ry, corners=9, wobble=.15):
    """A round thing that is not quite round: a stone, a cloud, a puddle."""
    start = canvas.uniform(0, 6.3)
    turn = start + 2 * math.pi * np.arange(corners) / corners
    reach = 1.05 * (1 + canvas.rng.uniform(-wobble, wobble, corners))
    return smooth(list(zip(x + rx * reach * np.cos(turn), y + ry * reach * np.sin(turn))))


def limb(points, widths, closed=True):
    """The outline of a tapering bent limb: a smooth band along the points, half as wide as each of the
    widths.
    """
    p = np.asarray(points, float)
    way = np.gradient(p, axis=0)
    way /= np.maximum(1e-9, np.hypot(way[:, 0], way[:, 1]))[:, None]
    side = np.stack([-way[:, 1], way[:, 0]], 1) * (np.asarray(widths, float)[:, None] / 2)
    return smooth(list(p + side) + list((p - side)[::-1]), closed)


def star(points, outer=1.0, inner=.5, x=0.0, y=0.0, angle=-90.0):
    turn = math.radians(angle) + math.pi * np.arange(2 * points) / points
    reach = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return poly(list(zip(x + reach * np.cos(turn), y + reach * np.sin(turn))))


def spiral(turns, start=0.0, end=1.0, n=90, squash=1.0):
    """Points of a spiral around the origin, from radius `start` to radius `end`."""
    t = np.linspace(0, 1, n)
    reach = start + (end - start) * t
    return list(zip(reach * np.cos(2 * math.pi * turns * t), squash * reach
                    * np.sin(2 * math.pi * turns * t)))


def along(points, n):
    """n points at equal distances on the line through the points: arrays x, y, direction (radians)."""
    p = np.asarray(points, float)
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    t = np.linspace(0, way[-1], n)
    x, y = np.interp(t, way, p[:, 0]), np.interp(t, way, p[:, 1])
    return x, y, np.arctan2(np.gradient(y), np.gradient(x))


# ---- Hair and feathers -------------------------------------------------------------------------------------
# Thousands of strokes: gathered by colour into few paths.

def hairs(canvas, x, y, angle, length, colours, width, curl=0.0, alpha=1.0, layers=4):
    """Tapering hairs: arrays of roots x, y, directions, lengths, colours (n, 3), widths at the root.

    `curl` bends them (in lengths); hairs given later lie above, in `layers` steps.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    n = len(x)
    if n == 0:
        return
    angle, length, width = (np.broadcast_to(np.asarray(v, float), n) for v in (angle, length, width))
    dx, dy = np.cos(angle), np.sin(angle)
    ex, ey = x + dx * length, y + dy * length
    sx, sy = -dy * width / 2, dx * width / 2
    bend = length * (curl * canvas.rng.normal(.6, 1.0, n) if curl else 0.0)
    mx, my = (x + ex) / 2 - dy * bend, (y + ey) / 2 + dx * bend
    shape = np.stack([x + sx, y + sy, mx + sx * .8, my + sy * .8, ex, ey,
                      mx - sx * .8, my - sy * .8, x - sx, y - sy], 1)
    p = skia.Paint(AntiAlias=True)
    for code, rows in groups(colours, n, alpha, layers):
        p.setColor(code)
        canvas.sk.drawPath(contours(shape[rows], HAIR), p)


def groups(colours, n, alpha, layers):
    """Split n strokes into (colour code, their indices): by layer, then by colour rounded to 11 levels."""
    colours = np.clip(np.broadcast_to(np.asarray(colours, float), (n, 3)), 0, 255)
    layer = np.arange(n) * layers // n
    key = (colours / 24 + .5).astype(int) @ (256, 16, 1) + 4096 * layer
    order = np.argsort(key, kind="stable")
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(key[order])) + 1, [n]])
    tones = np.add.reduceat(colours[order], cuts[:-1]) / np.diff(cuts)[:, None]
    codes = (int(255 * alpha) << 24) + tones.astype(int) @ (65536, 256, 1)
    for code, first, last in zip(codes.tolist(), cuts[:-1].tolist(), cuts[1:].tolist()):
        yield code, order[first:last]


def strokes(canvas, x, y, angle, length, colours, width, alpha=1.0, layers=4):
    """Round-ended strokes of one width each: blades, twigs, threads, brush marks."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    n = len(x)
    if n == 0:
        return
    angle, length, width = (np.broadcast_to(np.asarray(v, float), n) for v in (angle, length, width))
    ends = np.stack([x, y, x + np.cos(angle) * length, y + np.sin(angle) * length], 1)
    p = paint(BLACK, width=1)
    for code, rows in groups(colours, n, alpha, layers):
        p.setStrokeWidth(float(width[rows].mean()))
        p.setColor(code)
        canvas.sk.drawPath(contours(ends[rows], LINE), p)


def contours(points, verbs):
    """One path of many contours of the same kind: points (n, 2 x the points of one), verbs (HAIR or LINE).

    It goes through skia's memory format (version 5: version, counts of points, weights and verbs, then these,
    padded to 4 bytes), which takes 0.2 microseconds a hair instead of 2 by moveTo and quadTo.
    """
    n, width = points.shape
    count = np.array((5, n * width // 2, 0, n * len(verbs)), "<u4")
    data = count.tobytes() + points.astype("<f4").tobytes() + verbs * n + bytes(-n * len(verbs) % 4)
    path = skia.Path()
    if not path.readFromMemory(data):
        raise RuntimeError("this skia stores paths in another format; see train/README.md for the version")
    return path


HAIR, LINE = bytes((0, 2, 2)), bytes((0, 1))          # skia's verbs: move 0, line 1, quadratic curve 2


def fur(canvas, region, colour, length=.15, width=.02, angle=None, n=500, spread=.35, curl=.05,
        centre=(0, 0)):
    """Fur over the ellipse region = (x, y, rx, ry): hairs away from `centre`, or all towards `angle`
    (radians).

    `colour` is a colour or a function of the arrays x, y giving (n, 3).
    """
    x, y = canvas.disk(n, region[2], region[3], region[0], region[1])
    order = np.argsort(-np.hypot(x - centre[0], y - centre[1]))
    x, y = x[order], y[order]
    way = np.arctan2(y - centre[1], x - centre[0]) if angle is None else angle
    colours = colour(x, y) if callable(colour) else colour
    hairs(canvas, x, y, way + canvas.rng.normal(0, spread, n), length * canvas.spread(.5, 1.25, n),
          canvas.vary(colours, n), width * canvas.spread(.6, 1.5, n), curl)


def fur_ball(canvas, x, y, r, colour, length=.2, n=600, tall=1.0):
    """A ball of fur, lit: a pompon, a chick, a hamster from above."""
    ball(canvas, x, y, r, colour, shine=.2, tall=tall)
    lx, ly, _ = canvas.light

    def lit(px, py):
        return np.asarray(colour) * (1 + .45 * ((px - x) * lx + (py - y) * ly) / r)[:, None]
    fur(canvas, (x, y, r, r * tall), lit, length * r, .05 * r, n=n, centre=(x, y + .2 * r))


def feather(canvas, x, y, angle, length, width, colour, tip=None, barbs=True):
    """One feather with shaft and barbs from its root (x, y) towards `angle` (degrees)."""
    tip = dim(colour, 1.1) if tip is None else tip
    with canvas.at(x, y, length, angle):
        w = width / length
        path = skia.Path()
        path.moveTo(0, 0)
        path.cubicTo(.25, -1.2 * w, .85, -1.1 * w, 1, 0)
        path.cubicTo(.85, 1.1 * w, .25, 1.2 * w, 0, 0)
        canvas.fill(path, linear(0, 0, 1, 0, [dim(colour, .7), colour, tip]))
        if barbs:
            t = np.linspace(.08, .88, 9)
            reach = 1.1 * w * np.sin(math.pi * t) ** .6
            for side in (-1, 1):
                strokes(canvas, t, 0 * t, side * .7, reach, canvas.vary(mix(colour, tip, .5), 9, .25), w * .1,
                        layers=1)
            canvas.line(0, 0, .95, 0, mix(colour, WHITE, .35), w * .12)


def fan(canvas, x, y, first, last, n, length, width, colour, tip=None, barbs=False):
    """n feathers from one root, directions from `first` to `last` (degrees): a wing, a tail, a crest."""
    for t in np.linspace(0, 1, n):
        way = first + (last - first) * t + canvas.normal(1.5)
        feather(canvas, x, y, way, length * canvas.uniform(.92, 1.06), width,
                dim(colour, canvas.uniform(.8, 1.15)), tip, barbs)


def wing(canvas, x, y, angle, span, colours, rows=3, droop=25.0, n=9):
    """An open wing from its shoulder: rows of feathers, from the long ones (colours[-1]) to the coverts
    (colours[0]).
    """
    with canvas.at(x, y, span, angle):
        for row in range(rows - 1, -1, -1):
            reach = .45 + .55 * (row + 1) / rows
            colour = colours[min(row, len(colours) - 1)]
            for i in range(n):
                t = i / (n - 1)
                way = 100 - (100 - droop * .2) * t ** 1.2
                length = reach * (.45 + .3 * t) * canvas.uniform(.95, 1.05)
                feather(canvas, .5 * t * reach, -.06 * math.sin(3 * t), way, length, .075 + .02
                        * (rows - row),
                        dim(colour, canvas.uniform(.8, 1.12)), dim(colour, .75), barbs=row == rows - 1)
        top = limb([(0, 0), (.25, -.07), (.5, -.05), (.62, .03)], [.16, .13, .1, .03])
        canvas.fill(top, colours[0])


def scallops(canvas, path, bounds, size, colour, angle=0.0, depth=.5, jitter=.1, shaft=False):
    """Overlapping feathers, scales or shingles filling a path: each edge casts a little shadow.

    bounds = (x0, y0, x1, y1) of the path; `colour` is a colour or a function of x, y; rows run along `angle`
    (degrees) and overlap towards +y of the turned frame.
    """
    x0, y0, x1, y1 = bounds
    cx, cy, reach = (x0 + x1) / 2, (y0 + y1) / 2, math.hypot(x1 - x0, y1 - y0) / 2
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    rows, columns = int(2 * reach / (size * .55)) + 2, int(2 * reach / size) + 2
    p = skia.Paint(AntiAlias=True)
    shadow = packed(BLACK, .35 * depth + .1)
    with canvas.inside(path), canvas.at(cx, cy, 1, angle):
        for j in range(rows, -1, -1):
            noise = canvas.rng.uniform(-jitter, jitter, (columns + 1, 3)).tolist()
            for i in range(columns + 1):
                x = -reach + (i + (j % 2) * .5 + noise[i][0]) * size
                y = -reach + (j * .55 + noise[i][1]) * size
                px, py = cx + cosine * x - sine * y, cy + sine * x + cosine * y
                if not (x0 - size < px < x1 + size and y0 - size < py < y1 + size):
                    continue
                c = colour(px, py) if callable(colour) else colour
                s, light = size * .6, 1 + 2.5 * noise[i][2]
                p.setColor(shadow)
                canvas.sk.drawOval(skia.Rect(x - s * 1.04, y - s * 1.1, x + s * 1.04, y + s * 1.36), p)
                p.setColor(packed(dim(c, light * (1 - .3 * depth))))
                canvas.sk.drawOval(skia.Rect(x - s, y - s * 1.2, x + s, y + s * 1.22), p)
                p.setColor(packed(dim(c, light * (1 + .2 * depth))))
                canvas.sk.drawOval(skia.Rect(x - s * .8, y - s * 1.2, x + s * .8, y + s * .75), p)
                if shaft:
                    canvas.line(x, y - s * .3, x, y + s, dim(c, .65), size * .06)


# ---- Faces -------------------------------------------------------------------------------------------------
# Eyes, noses, whiskers; on turned heads they are painted through Canvas.affine (see clay.py).

def eye(canvas, x, y, r, iris, pupil="round", open=.5, rim=(18, 12, 10), white=False, lid=.4,
        look=(0.0, 0.0)):
    """An eye: dark rim, iris with rays, pupil ('round', 'slit', 'bar'; `open` = its share), highlights,
    upper lid.
    """
    lx, ly, _ = canvas.light
    canvas.disc(x, y, r * 1.18, rim)
    part = r
    if white:
        canvas.disc(x, y, r, radial(x, y, r, [(245, 243, 238), (235, 230, 224), (170, 160, 155)], [0, .7, 1]))
        part = r * .66
    ix, iy = x + look[0] * r * .3, y + look[1] * r * .3
    canvas.disc(ix, iy, part, radial(ix - lx * part * .3, iy - ly * part * .4, part * 1.25,
                                     [dim(iris, 1.4), iris, dim(iris, .35)], [0, .55, 1]))
    turn = canvas.rng.uniform(0, 2 * math.pi, 14)
    strokes(canvas, ix + np.cos(turn) * part * .45, iy + np.sin(turn) * part * .45, turn, part * .42,
            canvas.vary(iris, 14, .35), part * .06, alpha=.6, layers=1)
    if pupil == "slit":
        canvas.oval(ix, iy, part * open * .45, part * .88, (5, 5, 7))
    elif pupil == "bar":
        canvas.oval(ix, iy, part * .85, part * open * .5, (5, 5, 7))
    else:
        canvas.disc(ix, iy, part * open, (5, 5, 7))
    if lid > 0:
        cover = skia.Path()
        cover.addArc(skia.Rect(x - r * 1.15, y - r * 1.15, x + r * 1.15, y + r * 1.15), 205, 130)
        canvas.fill(cover, rim, width=r * .38 * lid)
        canvas.oval(x, y - r * .55, r * .9, r * .35, BLACK, alpha=.35 * lid, blur=r * .2)
    canvas.disc(x + lx * r * .4, y + ly * r * .42, r * .2, WHITE, alpha=.95)
    canvas.disc(x - lx * r * .38, y - ly * r * .4, r * .1, WHITE, alpha=.4)


def muzzle(canvas, x, y, w, h, colour, nose, nose_width=.35, whiskers=True):
    """A muzzle seen from the front: two cheeks, nose, mouth, whiskers; w and h are its half sizes."""
    for side in (-1, 1):
        canvas.oval(x + side * w * .45, y + h * .2, w * .6, h * .8,
                    radial(x + side * w * .4, y, w * .9, [dim(colour, 1.1), colour, dim(colour, .65)]))
    fur(canvas, (x, y + h * .1, w, h * .9), colour, w * .25, w * .04, n=140, centre=(x, y - h * .3))
    mouth(canvas, x, y + h * .05, w * .7, h * .5)
    nose_tip(canvas, x, y - h * .35, w * nose_width, nose)
    if whiskers:
        whisker(canvas, x, y + h * .15, w)


def nose_tip(canvas, x, y, r, colour):
    """A wet nose of half width r with two nostrils."""
    path = smooth([(x - r, y - .55 * r), (x, y - .8 * r), (x + r, y - .55 * r), (x + .6 * r, y + .35 * r),
                   (x, y + .85 * r), (x - .6 * r, y + .35 * r)])
    canvas.fill(path, radial(x + canvas.light[0] * r * .4, y - .5 * r, r * 1.6,
                             [mix(colour, WHITE, .4), colour, dim(colour, .5)], [0, .4, 1]))
    for side in (-1, 1):
        canvas.oval(x + side * r * .42, y + .05 * r, r * .2, r * .15, BLACK, alpha=.8)


def mouth(canvas, x, y, w, h, colour=(30, 18, 16)):
    """A closed animal's mouth: a line down from the nose and two bows."""
    canvas.line(x, y - h * .3, x, y + h * .4, colour, w * .06)
    for side in (-1, 1):
        canvas.curve([(x, y + h * .4), (x + side * w * .5, y + h * 1.1), (x + side * w, y + h * .2)], colour,
                     w * .06)


def whisker(canvas, x, y, w, n=6, colour=(238, 238, 232)):
    """Whiskers to both sides of a muzzle of half width w."""
    for side in (-1, 1):
        way = canvas.rng.normal(0, .25, n)
        hairs(canvas, x + side * w * canvas.spread(.3, .7, n), y + w * canvas.spread(-.15, .25, n),
              way if side > 0 else math.pi - way, w * canvas.spread(1.2, 2.2, n), colour, w * .035, .06, .85)


# ---- Solid things ------------------------------------------------------------------------------------------
# Light and shade on simple bodies.

def ball(canvas, x, y, r, colour, shine=.6, dark=.3, tall=1.0):
    """A lit sphere; `shine` is the strength of its highlight, `dark` the light left on the far side."""
    lx, ly, _ = canvas.light
    with canvas.at(x, y, r, tall=tall):
        canvas.disc(0, 0, 1, radial(lx * .5, ly * .5, 1.5, [mix(colour, WHITE, shine * .55), colour,
                                                            dim(colour, dark)],
                                    [0, .45, 1]))
        canvas.oval(-lx * .35, -ly * .5, .85, .85, WHITE, width=.1, alpha=.06,
                    blur=.08)      # light from below


def rod(canvas, x0, y0, x1, y1, width, colour, gloss=.4):
    """A lit round bar: a pole, a bone, a pipe."""
    length, way = math.hypot(x1 - x0, y1 - y0), math.degrees(math.atan2(y1 - y0, x1 - x0))
    bright = -.25 if canvas.light[1] * math.cos(math.radians(way)) < 0 else .25
    with canvas.at(x0, y0, 1, way):
        shades = [dim(colour, .45), mix(colour, WHITE, gloss * .6), colour, dim(colour, .4)]
        canvas.rect(0, -width / 2, length, width / 2, linear(0, -width / 2, 0, width / 2, shades,
                                                             [0, .5 + bright, .75, 1]),
                    round=width * .15)


def lathe(canvas, profile, colour, gloss=.35, top=None, tilt=.22, bands=()):
    """A turned body standing upright: a vase, bottle, dome, tower, balloon, mushroom stem.

    profile: (height, radius) points from top (small y) to bottom; bands: (y0, y1, colour) painted around it;
    `top`: the colour of an open or flat top, seen at the `tilt` (share of its radius).
    """
    y, r = np.asarray(profile, float).T
    fine = np.linspace(y[0], y[-1], 24)
    radius = np.interp(fine, y, r)
    end = [(radius[-1] * math.cos(t), fine[-1] + tilt * radius[-1] * math.sin(t))
           for t in np.linspace(.2, 2.94, 9)]
    outline = poly(list(zip(radius, fine)) + end + list(zip(-radius[::-1], fine[::-1])))
    reach = float(radius.max())
    bright = .5 + .3 * canvas.light[0]
    canvas.fill(outline, turned(colour, reach, bright, gloss))
    for y0, y1, c in bands:
        r0, r1 = np.interp([y0, y1], y, r)
        belt = poly(bow(r0, y0, tilt) + bow(r1, y1, tilt)[::-1])
        with canvas.inside(outline):
            canvas.fill(belt, turned(c, reach, bright, gloss))
    if top is not None:
        canvas.oval(0, fine[0], radius[0], radius[0] * tilt, top)


def turned(colour, reach, bright, gloss):
    """The shader of a turned body: dark edges, a highlight."""
    return linear(-reach, 0, reach, 0, [dim(colour, .4), dim(colour, .9), mix(colour, WHITE, gloss), colour,
                                        dim(colour, .35)],
                  [0, max(.05, bright - .22), bright, min(.95, bright + .25), 1])


def bow(r, y, tilt, n=13):
    """The front half of a horizontal ring of radius r at height y, as points from left to right."""
    return [(-r * math.cos(t), y + tilt * r * math.sin(t)) for t in np.linspace(0, math.pi, n)]


def block(canvas, w, h, d, yaw=30.0, pitch=18.0):
    """The visible faces of a box of size w x h x d (centre at the origin), turned by yaw, seen from above by
    pitch.

    Returns [(name, corners, light)]: 'front', 'side', 'top' in painting order; paint each with
    canvas.onto(*corners) and dim(colour, light). yaw > 0 shows the right side, yaw < 0 the left one.
    """
    a, b = math.radians(yaw), math.radians(pitch)

    def screen(x, y, z):
        x, z = x * math.cos(a) - z * math.sin(a), x * math.sin(a) + z * math.cos(a)
        return x, y * math.cos(b) + z * math.sin(b), z
    w, h, d = w / 2, h / 2, d / 2
    s = 1 if yaw > 0 else -1
    faces = [("top", [(-w, -h, -d), (w, -h, -d), (w, -h, d), (-w, -h, d)], (0, -1, 0)),
             ("side", [(s * w, -h, s * d), (s * w, -h, -s * d), (s * w, h, -s * d), (s * w, h, s * d)],
              (s, 0, 0)),
             ("front", [(-w, -h, d), (w, -h, d), (w, h, d), (-w, h, d)], (0, 0, 1))]
    visible = []
    for name, corners, normal in faces:
        nx, ny, nz = screen(*normal)
        lit = .55 + .5 * max(0.0, float(np.dot((nx, normal[1], nz), canvas.light)))
        visible.append((name, [screen(*p)[:2] for p in corners], lit))
    return visible


def shade(canvas, path, bounds, strength=.5):
    """Light from one side over a flat shape: bright towards the light, dark away from it. bounds = (x, y,
    reach).
    """
    x, y, r = bounds
    lx, ly, _ = canvas.light
    canvas.fill(path, linear(x + lx * r, y + ly * r, x - lx * r, y - ly * r, [WHITE, GREY, BLACK],
                             None, [strength * .6, 0, strength]))


def bulge(canvas, path, x, y, r, strength=.6):
    """Make a flat shape look round: a highlight near the light, darkness at the far edge."""
    lx, ly, _ = canvas.light
    canvas.fill(path, radial(x + lx * r * .45, y + ly * r * .45, r * 1.5, [WHITE, GREY, BLACK],
                             [0, .45, 1], [strength * .6, 0, strength]))


def gloss(canvas, x, y, rx, ry, alpha=.7, angle=0.0):
    """A highlight on something smooth."""
    canvas.oval(x, y, rx, ry, WHITE, angle, alpha=alpha, blur=min(rx, ry) * .4)


# ---- Plants ------------------------------------------------------------------------------------------------

def leaf(canvas, x, y, angle, length, width, colour, veins=True):
    """One leaf from its stalk (x, y) towards `angle` (degrees)."""
    with canvas.at(x, y, length, angle):
        w = width / length
        path = skia.Path()
        path.moveTo(0, 0)
        path.quadTo(.4, -w, 1, 0)
        path.quadTo(.4, w, 0, 0)
        canvas.fill(path, linear(0, -w, 0, w, [dim(colour, 1.3), dim(colour, .6)]))
        if veins:
            canvas.line(0, 0, .95, 0, dim(colour, 1.4), w * .1)
            t = np.linspace(.15, .75, 4)
            for side in (-1, 1):
                strokes(canvas, t, 0 * t, side * .8, .45 * w, dim(colour, 1.25), w * .05, .8, 1)


def petal(canvas, x, y, angle, length, width, colour, edge=None, notch=0.0):
    """One petal: broad towards its end, shaded along its length; `notch` dents the tip."""
    edge = dim(colour, 1.15) if edge is None else edge
    with canvas.at(x, y, length, angle):
        w = width / length
        path = skia.Path()
        path.moveTo(0, 0)
        path.cubicTo(.3, -.7 * w, .75, -1.3 * w, 1, -.25 * w)
        path.lineTo(1 - notch, 0)
        path.lineTo(1, .25 * w)
        path.cubicTo(.75, 1.3 * w, .3, .7 * w, 0, 0)
        canvas.fill(path, linear(0, 0, 1, 0, [dim(colour, .6), colour, edge]))
        canvas.fill(path, dim(colour, .6), width=.02, alpha=.5)
        for side in (-.4, 0, .4):
            canvas.curve([(.15, 0), (.5, side * w * .7), (.92, side * w)], dim(colour, .75), .015, alpha=.5)


def flower(canvas, x, y, r, colour, petals=8, rows=1, width=.5, heart=None, heart_size=.25, notch=0.0):
    """A flower seen from above: rows of petals around a heart."""
    for row in range(rows):
        reach, colour_row = r * (1 - .22 * row), dim(colour, .85 + .15 * (row + 1) / rows)
        for i in range(petals):
            way = 360 * (i + .5 * (row % 2)) / petals + canvas.normal(3)
            petal(canvas, x, y, way, reach * canvas.uniform(.93, 1.05), reach * width,
                  dim(colour_row, canvas.uniform(.9, 1.08)), notch=notch)
    if heart is not None:
        ball(canvas, x, y, r * heart_size, heart, .3)
        k = np.arange(60)
        reach = r * heart_size * .92 * np.sqrt(k / 60)
        specks(canvas, x + reach * np.cos(2.39996 * k), y + reach * np.sin(2.39996 * k), r * heart_size * .09,
               canvas.vary(heart, 60, .2))


def specks(canvas, x, y, r, colours, alpha=1.0):
    """Many small discs: pollen, seeds, pebbles, dew, lights."""
    strokes(canvas, x, y, 0.0, 1e-4, colours, 2 * np.asarray(r, float), alpha, 1)


def grass(canvas, x0, x1, y0, y1, colour, n=300, length=.2, width=.02, lean=.35):
    """Blades of grass rooted in the box, the near (lower) ones last and longest."""
    x, y = canvas.spread(x0, x1, n), np.sort(canvas.spread(y0, y1, n))
    near = .5 + .7 * (y - y0) / max(1e-9, y1 - y0)
    hairs(canvas, x, y, canvas.rng.normal(-math.pi / 2, lean, n), length * near * canvas.spread(.6, 1.3, n),
          canvas.vary(colour, n, .25), width * near, .15)


def foliage(canvas, x, y, rx, ry, colour, n=120, size=.1):
    """A bush or crown: many leaf touches, the upper ones in the light."""
    px, py = canvas.disk(n, rx, ry, x, y)
    order = np.argsort(canvas.rng.random(n) + .6 * (y - py) / ry)
    px, py = px[order], py[order]
    lit = .75 - .35 * (py - y) / ry + .15 * (px - x) / rx * np.sign(canvas.light[0])
    canvas.fill(blob(canvas, x, y, rx * .95, ry * .95, 11, .12), dim(colour, .45))
    hairs(canvas, px, py, canvas.spread(0, 6.3, n), size * canvas.spread(.6, 1.3, n),
          canvas.vary(np.asarray(colour) * lit[:, None], n, .15), size * .6, .1)


def tree(canvas, x, y, height, colour, trunk=(84, 62, 44), kind="round"):
    """A tree whose foot is at (x, y): 'round', 'fir' or 'palm'."""
    with canvas.at(x, y, height):
        canvas.fill(limb([(0, .01), (.01, -.25), (0, -.55)], [.09, .06, .04]),
                    linear(-.04, 0, .05, 0, [dim(trunk, 1.3), dim(trunk, .6)]))
        if kind == "fir":
            for k in range(7):
                half, top = .3 - .036 * k, -.18 - .115 * k
                canvas.fill(smooth([(0, top - .2), (half, top), (half * .5, top + .02), (0, top - .01),
                                    (-half * .5, top + .02), (-half, top)]), dim(colour, .6 + .07 * k))
        elif kind == "palm":
            for way in np.linspace(-200, 20, 9):
                with canvas.at(0, -.55, .45, way + canvas.normal(6)):
                    t = np.linspace(.05, 1, 16)
                    for side in (-1, 1):
                        hairs(canvas, t, .25 * t * t * (1 if math.cos(math.radians(way)) > 0 else -1),
                              side * .9, .28,
                              canvas.vary(colour, 16), .03, layers=1)
        else:
            for _ in range(3):
                foliage(canvas, canvas.normal(.1), -.65 + canvas.normal(.08), canvas.uniform(.22, .34),
                        canvas.uniform(.2, .3), dim(colour, canvas.uniform(.85, 1.15)), 60, .07)


# ---- Materials ---------------------------------------------------------------------------------------------
# Textures that fill a path or everything inside the clip; `size` is the repeat in units.

def noise(canvas, scale, alpha, mode=Blend.kSoftLight, octaves=3, turbulent=False, stretch=1.0):
    """Mottle everything in the clip with noise of the given patch size (units); stretch > 1: streaks along
    x.
    """
    make = skia.PerlinNoiseShader.MakeTurbulence if turbulent else skia.PerlinNoiseShader.MakeFractalNoise
    p = skia.Paint(Alphaf=alpha)
    p.setShader(make(1 / (scale * stretch), 1 / scale, octaves, float(canvas.integer(0, 9999))))
    p.setColorFilter(ONE_CHANNEL)
    p.setBlendMode(mode)
    canvas.sk.drawPaint(p)


ONE_CHANNEL = skia.ColorFilters.Matrix([1, 0, 0, 0, 0] * 3 + [0, 0, 0, 1, 0])        # grey noise, not coloured


def field(canvas, h, w, waves=10, size=.3):
    """A smooth random field (h, w) of mean 0 and deviation about 1: a sum of plane waves of the given size
    (0..1 of w).
    """
    y, x = np.mgrid[0:h, 0:w] / (size * max(h, w))
    total = np.zeros((h, w))
    for turn, phase, pace in zip(canvas.spread(0, 6.3, waves), canvas.spread(0, 6.3, waves),
                                 canvas.spread(.7, 1.3, waves)):
        total += np.cos(pace * 2 * math.pi * (x * math.cos(turn) + y * math.sin(turn)) + phase)
    return total * math.sqrt(2 / waves)


def bricks(canvas, x0, y0, x1, y1, w, h, colour, joint=(190, 184, 172), wobble=.15):
    """A wall of bricks of size w x h, or of tiles, planks, paving stones."""
    canvas.rect(x0, y0, x1, y1, joint)
    with canvas.inside(box(x0, y0, x1, y1)):
        for j in range(int((y1 - y0) / h) + 2):
            shift = w * (.5 * (j % 2) + canvas.uniform(-.06, .06))
            for i in range(int((x1 - x0) / w) + 2):
                x, y = x0 - w + i * w + shift, y0 + j * h
                canvas.rect(x, y, x + w * .95, y + h * .9, dim(colour, 1 + canvas.uniform(-wobble, wobble)))


def planks(canvas, x0, y0, x1, y1, width, colour, upright=False):
    """Wooden boards with grain."""
    long, count = (y1 - y0, (x1 - x0) / width) if upright else (x1 - x0, (y1 - y0) / width)
    with canvas.inside(box(x0, y0, x1, y1)), canvas.at(x0, y1 if upright else y0, 1, -90 if upright else 0):
        for i in range(int(count) + 1):
            tone, y = dim(colour, canvas.uniform(.75, 1.2)), i * width
            canvas.rect(0, y, long, y + width, tone)
            n = 14
            strokes(canvas, canvas.spread(-.2, .9, n) * long, y + canvas.spread(0, 1, n) * width,
                    canvas.rng.normal(0, .02, n),
                    long * canvas.spread(.1, .5, n), canvas.vary(dim(tone, .8), n, .15), width * .05, .5, 1)
            canvas.line(0, y, long, y, dim(colour, .35), width * .05)


def cloth(canvas, path, bounds, colour, folds=5, strength=.5, angle=15.0):
    """Woven cloth with soft folds inside a path; bounds = (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = bounds
    reach = math.hypot(x1 - x0, y1 - y0)
    with canvas.inside(path):
        canvas.flood(colour)
        with canvas.at((x0 + x1) / 2, (y0 + y1) / 2, reach, angle + canvas.normal(8)):
            for t in np.linspace(-.5, .5, 2 * folds):
                bend = canvas.normal(.06)
                canvas.curve([(t, -.7), (t + bend, 0), (t - bend, .7)], canvas.pick(WHITE, BLACK),
                             .35 / folds,
                             alpha=strength * canvas.uniform(.15, .5), blur=.09 / folds)


def weave(canvas, x0, y0, x1, y1, size, first, second):
    """Threads over and under: sacking, wicker, tartan."""
    for x in np.arange(x0, x1, size):
        canvas.line(x, y0, x, y1, dim(first, canvas.uniform(.8, 1.15)), size * .7, alpha=.8)
    for j, y in enumerate(np.arange(y0, y1, size)):
        x = np.arange(x0 + (j % 2) * size, x1, 2 * size)
        strokes(canvas, x - size * .6, 0 * x + y, 0.0, size * 1.2, canvas.vary(second, len(x), .1), size * .7,
                layers=1)


def knit(canvas, path, bounds, size, colour):
    """Knitted rows of V stitches inside a path; colour may be a function of x, y."""
    x0, y0, x1, y1 = bounds
    with canvas.inside(path):
        canvas.flood(dim(colour(0, 0) if callable(colour) else colour, .5))
        y, x = (a.ravel() for a in np.mgrid[y0:y1 + size:size * .7, x0:x1 + size:size])
        tone = colour(x, y) if callable(colour) else colour
        for side in (-1, 1):
            strokes(canvas, x, y + size * .7, -math.pi / 2 + side * .45, size * .75,
                    canvas.vary(tone, len(x), .1) * (1 if side > 0 else .85), size * .38, layers=1)


def scales(canvas, path, bounds, size, colour, angle=90.0, depth=.5):
    """The scales of a fish or reptile: `angle` is the direction (degrees) the rows overlap against."""
    scallops(canvas, path, bounds, size, colour, angle, depth, .05)


# ---- Water, air, fire, light -------------------------------------------------------------------------------

def ripples(canvas, x0, y0, x1, y1, colour, n=45, size=.3):
    """Waves on water: dark and bright strokes, flatter and closer towards the top (the distance)."""
    for y in np.sort(canvas.spread(0, 1, n) ** 1.5):
        w, x, y = size * (.2 + y), canvas.uniform(x0 - size, x1), y0 + (y1 - y0) * y
        path = skia.Path()
        path.moveTo(x, y)
        path.cubicTo(x + w * .3, y - w * canvas.uniform(.03, .14), x + w * .6,
                     y + w * canvas.uniform(.03, .14), x + w, y)
        canvas.fill(path, dim(colour, canvas.pick(.55, .75, 1.4, 1.9)), width=w * canvas.uniform(.02, .07),
                    alpha=.6)


def drops(canvas, x, y, rx, ry, n=40, size=.03, colour=(225, 240, 250)):
    """Spray: drops with a light and a dark side."""
    px, py = canvas.disk(n, rx, ry, x, y)
    r = size * canvas.spread(.3, 1.2, n)
    specks(canvas, px, py, r, dim(colour, .65), .6)
    specks(canvas, px + r * .2 * canvas.light[0], py + r * .3 * canvas.light[1], r * .6, colour, .9)


def cloud(canvas, x, y, w, h, colour=(255, 255, 255), puffs=14, alpha=.35):
    """A heap cloud: white puffs, grey below."""
    for i in range(puffs):
        t = i / max(1, puffs - 1)
        px, py = x + canvas.normal(.4) * w, y - abs(canvas.normal(.35)) * h * (1 - t * .5)
        r = canvas.uniform(.25, .5) * h
        canvas.oval(px, py, r * 1.6, r, mix(dim(colour, .8), colour, t), alpha=alpha, blur=r * .25)
    canvas.oval(x, y + h * .1, w * .8, h * .16, dim(colour, .7), alpha=alpha, blur=h * .1)


def smoke(canvas, x, y, w, h, colour, puffs=24, alpha=.5):
    """Smoke or steam rising from (x, y), w wide at its top, h high."""
    for t in np.linspace(0, 1, puffs):
        r = w * (.12 + .3 * t)
        px = x + canvas.normal(.25) * w * t
        canvas.disc(px, y - h * t, r, dim(colour, canvas.uniform(.75, 1.2)), alpha=alpha * (1 - .6 * t),
                    blur=r * .3)


def flames(canvas, x, y, w, h, n=14):
    """Fire standing on (x, y)."""
    for layer, colour in enumerate(((215, 60, 15), (250, 140, 25), (255, 225, 110))):
        k = 1 - .27 * layer
        for _ in range(n):
            px, tall = x + canvas.normal(.3) * w * k, h * k * canvas.uniform(.5, 1)
            half, lean = w * .16 * k, canvas.normal(.12) * w
            canvas.fill(smooth([(px - half, y), (px - half * .8, y - tall * .4), (px + lean, y - tall),
                                (px + lean, y - tall),
                                (px + half, y - tall * .4), (px + half, y)]), colour, alpha=.7, blur=w * .01)


def glow(canvas, x, y, r, colour, alpha=.6):
    """Light around a lamp, the sun, a window."""
    canvas.disc(x, y, r, radial(x, y, r, [colour, colour, colour], [0, .35, 1], [alpha, alpha * .35, 0]),
                mode=Blend.kScreen)


def beams(canvas, x, y, length, first, last, n=5, colour=(255, 250, 220), alpha=.2):
    """Shafts of light from (x, y) between two directions (degrees)."""
    for way in np.linspace(first, last, n):
        with canvas.at(x, y, length, way + canvas.normal(3)):
            w = canvas.uniform(.04, .12)
            canvas.fill(poly([(0, 0), (1, -w), (1, w)]), linear(0, 0, 1, 0, [colour, colour], None,
                                                                [alpha, 0]), blur=.02)


def stars(canvas, x0, y0, x1, y1, n=60, size=.01):
    """A night sky's stars."""
    specks(canvas, canvas.spread(x0, x1, n), canvas.spread(y0, y1, n), size * canvas.spread(.3, 1.2, n) ** 2,
           (255, 252, 240), .9)


# ---- Marks of people ---------------------------------------------------------------------------------------

def lettering(canvas, x0, y0, x1, y1, colour, rows=1):
    """Something that looks like writing from afar: rows of upright, bowed and slanted strokes."""
    high = (y1 - y0) / (rows * 1.5)
    for row in range(rows):
        x, y = x0, y0 + row * high * 1.5
        while x < x1 - high * .5:
            w = high * canvas.uniform(.35, .6)
            kind = canvas.integer(0, 4)
            if kind == 0:
                canvas.line(x, y, x, y + high, colour, high * .14)
            elif kind == 1:
                canvas.oval(x + w / 2, y + high / 2, w / 2, high / 2, colour, width=high * .14)
            elif kind == 2:
                canvas.sk.drawPath(poly([(x, y + high), (x + w / 2, y), (x + w, y + high)], False),
                                   paint(colour, high * .14))
            elif kind == 3:
                canvas.sk.drawPath(poly([(x + w, y), (x, y), (x, y + high), (x + w, y + high)], False),
                                   paint(colour, high * .14))
                canvas.line(x, y + high / 2, x + w * .7, y + high / 2, colour, high * .14)
            x += w + high * canvas.pick(.2, .2, .2, .6)


def windows(canvas, columns, rows, glass=(60, 75, 95), frame=None, fill=.55, arched=False, lit=.15):
    """Windows in the unit square 0..1 (paint a wall through canvas.onto first)."""
    for j in range(rows):
        for i in range(columns):
            w, h = fill / columns, fill / rows
            x, y = (i + .5) / columns - w / 2, (j + .5) / rows - h / 2
            tone = (255, 225, 150) if canvas.chance(lit) else dim(glass, canvas.uniform(.6, 1.4))
            shape = arch(x + w / 2, y + h, w, h) if arched else box(x, y, x + w, y + h)
            canvas.fill(shape, linear(x, y, x + w, y + h, [dim(tone, 1.35), dim(tone, .8)]))
            if frame is not None:
                canvas.fill(shape, frame, width=w * .1)


def arch(x, y, w, h, pointed=False):
    """The outline of an arch standing on (x, y): w wide, h high; pointed: Gothic."""
    half, spring = w / 2, y - h + w * (.75 if pointed else .5)
    path = skia.Path()
    path.moveTo(x - half, y)
    path.lineTo(x - half, spring)
    if pointed:
        path.quadTo(x - half, spring - w * .45, x, y - h)
        path.quadTo(x + half, spring - w * .45, x + half, spring)
    else:
        path.cubicTo(x - half, spring - half * 1.33, x + half, spring - half * 1.33, x + half, spring)
    path.lineTo(x + half, y)
    path.close()
    return path


def dome(x, y, r, swell=.0, height=1.0):
    """The outline of a dome on (x, y) with radius r; swell > 0: an onion."""
    s = r * swell
    path = skia.Path()
    path.moveTo(x - r, y)
    path.cubicTo(x - r - s * 1.3, y - r * height * .75, x - r * .35, y - r * height * (1 - .1 * (swell > 0)),
                 x, y - r * height * (1 + swell * .8))
    path.cubicTo(x + r * .35, y - r * height * (1 - .1 * (swell > 0)), x + r + s * 1.3, y - r * height * .75,
                 x + r, y)
    path.close()
    return path


def wheel(canvas, x, y, r, rim=(190, 192, 198), spokes=6, tyre=(26, 26, 28), turn=0.0, width=1.0):
    """A car's wheel; width < 1 foreshortens it."""
    with canvas.at(x, y, r):
        canvas.sk.scale(width, 1)
        canvas.disc(0, 0, 1, radial(0, 0, 1, [dim(tyre, .6), dim(tyre, 1.5), tyre], [0, .85, 1]))
        canvas.disc(0, 0, .68, linear(canvas.light[0], canvas.light[1], -canvas.light[0], -canvas.light[1],
                                      [dim(rim, 1.3), dim(rim, .5)]))
        canvas.disc(0, 0, .58, (24, 24, 26))
        for i in range(spokes):
            with canvas.at(0, 0, 1, turn + 360 * i / spokes):
                canvas.fill(poly([(.05, -.11), (.62, -.06), (.62, .06), (.05, .11)]),
                            linear(0, -.1, 0, .1, [dim(rim, 1.25), dim(rim, .6)]))
        ball(canvas, 0, 0, .16, rim)
