"""Solids: things of plates and boxes in space (vehicles, houses), seen from any side with light perspective.

    solid = Solid(yaw=30, pitch=8)          # 0: from the side, front to the right; 90: from the front
    solid.fit([(-1, -.5, -.4), (1, .5, .4)], foot=.55)              # opposite corners of the thing
    solid.box(canvas, (-1, -.5, -.4), (1, .3, .4), (230, 180, 30))
    with solid.side(canvas, .4):            # paint on the plane z = .4 in its own coordinates x, y
        canvas.rect(-.8, -.4, -.6, -.1, (40, 50, 60))

Axes as in clay.py: x forward, y down, z to the viewer's side. Unlike clay nothing is hidden by depth: the
parts are painted in the order of the calls, from the far ones to the near ones; within a part faces turned
away are left out and the others sorted. About 6 microseconds a face.
"""

import numpy as np
import skia

from train.drawings.brushes import WHITE, packed, poly
from train.drawings.clay import rotation


class Solid:
    """A point of view. `perspective`: how much nearer points look larger, per unit of depth."""

    def __init__(self, yaw=0.0, pitch=0.0, perspective=.12, roll=0.0):
        self.turn = rotation(yaw, pitch, roll)
        self.perspective, self.scale, self.shift = perspective, 1.0, np.zeros(2)

    def project(self, points):
        """Places (n, 2) on the canvas of the points (n, 3)."""
        p = np.asarray(points, float) @ self.turn.T
        near = 1 / (1 - self.perspective * p[:, 2:])
        return p[:, :2] * near * self.scale + self.shift

    def at(self, x, y, z):
        """The place (x, y) on the canvas of one point."""
        return self.project([(x, y, z)])[0]

    def path(self, points):
        """The outline of a flat shape through the points (n, 3)."""
        return poly(self.project(points))

    def fit(self, corners, foot=None, width=2.0, height=1.6):
        """Scale the box between two opposite corners into width x height; foot: the y of its lowest point
        (else centred).
        """
        low, high = np.asarray(corners, float)
        every = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        self.scale, self.shift = 1.0, np.zeros(2)
        seen = self.project(every)
        (x0, y0), (x1, y1) = seen.min(0), seen.max(0)
        self.scale = min(width / (x1 - x0), height / (y1 - y0))
        y = -self.scale * (y0 + y1) / 2 if foot is None else foot - self.scale * y1
        self.shift = np.array((-self.scale * (x0 + x1) / 2, y))
        return self

    def facing(self, *normal):
        """How much a face with this normal is turned to the viewer: 1 flat on, 0 edge on, negative: away."""
        return float((self.turn @ np.asarray(normal, float))[2])

    def light(self, canvas, *normal):
        """The light on a face with this normal: a factor for dim()."""
        n = self.turn @ (np.asarray(normal, float) / np.linalg.norm(normal))
        return .8 - .25 * canvas.hard + .5 * canvas.hard * max(0.0, float(n @ canvas.light)) - .08 * n[1]

    # planes to paint on

    def plane(self, canvas, origin, u, v):
        """A context: paint in the coordinates (a, b) of the plane origin + a u + b v."""
        origin, u, v = (np.asarray(p, float) for p in (origin, u, v))
        return canvas.onto(*self.project([origin, origin + u, origin + u + v, origin + v]))

    def side(self, canvas, z):
        """The plane of this z, coordinates x, y."""
        return self.plane(canvas, (0, 0, z), (1, 0, 0), (0, 1, 0))

    def front(self, canvas, x):
        """The plane of this x seen from the front, coordinates -z, y."""
        return self.plane(canvas, (x, 0, 0), (0, 0, -1), (0, 1, 0))

    def top(self, canvas, y):
        """The plane of this y seen from above, coordinates x, z."""
        return self.plane(canvas, (0, y, 0), (1, 0, 0), (0, 0, 1))

    # bodies

    def face(self, canvas, points, colour, normal, **options):
        """A flat face, lit, if it is turned to the viewer."""
        if self.facing(*normal) > -.05:
            light = self.light(canvas, *normal)
            canvas.fill(self.path(points), np.clip(np.asarray(colour, float) * light, 0, 255), **options)

    def box(self, canvas, low, high, colour, gloss=0.0):
        """A box between two corners."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        self.prism(canvas, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], z0, z1, colour, gloss)

    def prism(self, canvas, profile, z0, z1, colour, gloss=0.0):
        """The profile (x, y) drawn out from z0 to z1."""
        profile = np.asarray(profile, float)
        self.shell(canvas, [np.column_stack([profile, np.full(len(profile), z)]) for z in (z0, z1)], colour,
                   gloss)

    def tube(self, canvas, stations, colour, gloss=.3, n=14, z=0.0):
        """A round body along x: stations (x, y, radius), e.g. a boiler or a fuselage."""
        turn = 2 * np.pi * np.arange(n) / n
        rings = [np.column_stack([np.full(n, x), y + r * np.sin(turn), z + r * np.cos(turn)])
                 for x, y, r in stations]
        self.shell(canvas, rings, colour, gloss)

    def shell(self, canvas, rings, colour, gloss=0.0, caps=True):
        """A skin over rings of points (m, n, 3), closed at both ends if caps.

        colour: a colour, or a function (x, y, z) -> (k, 3) of the middles of the faces.
        """
        rings = np.asarray(rings, float)
        m, n, _ = rings.shape
        a, b = rings[:-1], rings[1:]
        quads = np.stack([a, np.roll(a, -1, 1), np.roll(b, -1, 1), b], 2).reshape(-1, 4, 3)
        normal = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
        normal *= self.outward(rings)
        middle = quads.mean(1)
        self.paint(canvas, quads, normal, middle, colour, gloss)
        for ring, inner in ((rings[0], rings[1]), (rings[-1], rings[-2])) if caps else ():
            way = newell(ring)
            way = way * np.sign(way @ (ring.mean(0) - inner.mean(0)) or 1)
            if np.abs(way).max() > 1e-9:
                self.paint(canvas, ring[None], way[None], ring.mean(0)[None], colour, gloss)

    @staticmethod
    def outward(rings):
        """1 or -1: the sign that turns the faces' normals outwards."""
        way = newell(rings[0]) + newell(rings[len(rings) // 2])
        return 1.0 if way @ (rings[-1].mean(0) - rings[0].mean(0)) > 0 else -1.0

    def paint(self, canvas, faces, normal, middle, colour, gloss):
        """Faces (k, c, 3) with outward normals: those in sight, far ones first."""
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        normal = normal / np.maximum(length, 1e-12) @ self.turn.T
        place = middle @ self.turn.T
        seen = normal[:, 2] - self.perspective * (normal * place).sum(1) > 0
        seen &= length[:, 0] > 1e-9
        rows = np.flatnonzero(seen)
        rows = rows[np.argsort(place[rows, 2])]
        if not len(rows):
            return
        base = colour(*middle[rows].T) if callable(colour) else np.broadcast_to(np.asarray(colour, float),
                                                                                (len(rows), 3))
        tones = lit(canvas, base, normal[rows], gloss)
        corners = self.project(faces[rows].reshape(-1, 3)).reshape(len(rows), -1, 2)
        p = skia.Paint(AntiAlias=True, Style=skia.Paint.kStrokeAndFill_Style, StrokeWidth=.6 * canvas.pixel())
        for tone, face in zip(tones, corners):
            p.setColor(packed(tone))
            canvas.sk.drawPath(poly(face), p)


def newell(ring):
    """The normal of a flat polygon (n, 3), as long as twice its area."""
    return np.cross(ring, np.roll(ring, -1, 0)).sum(0)


def lit(canvas, colour, normal, gloss):
    """Colours in the light; gloss: the sky mirrored above, a highlight."""
    direct = np.clip(normal @ canvas.light, 0, 1)[:, None]
    up = -normal[:, 1:2]
    half = canvas.light + (0, 0, 1)
    half = half / np.linalg.norm(half)
    shine = np.clip(normal @ half, 0, 1)[:, None] ** 24
    shaded = colour * (.48 + .1 * up + .55 * direct)
    mirror = gloss * (.28 * np.clip(up + .15, 0, 1) + .6 * shine)
    return np.clip(shaded * (1 - mirror) + WHITE * mirror, 0, 255)
