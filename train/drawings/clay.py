"""Clay: bodies in space, so that one animal can be seen from every side.

A body is a set of ellipsoids. They are turned, projected and put into a depth buffer; each visible point
knows its part, its normal and its place in the part's own coordinates, so coats (stripes, masks, spots),
light and the way the hair lies stay right from any side. Eyes, noses and marks are painted flat on spots of
the surface.

    clay = Clay()
    clay.ball('body', (0, 0, 0), (1, .6, .5))
    clay.limb('leg', [(.5, .3, .2), (.5, 1, .2)], [.2, .1])
    clay.view(yaw=30, pitch=10)          # 0: from the side, nose to the right; 90: from the front
    clay.fit()                           # into the box -1..1
    clay.paint(canvas, {'body': Coat((200, 150, 90), hair=.1), 'leg': Coat((90, 70, 50))})
    with clay.spot(canvas, (1, 0, 0), (1, 0, 0), .1) as seen:
        if seen: eye(canvas, 0, 0, 1, (90, 50, 20))   # unit = .1, foreshortened

Axes of a body: x forward (to the nose), y down, z to its side nearest the viewer. About 5 ms for an animal.
"""

import bisect
import contextlib
import dataclasses
import math

import numpy as np

from train.drawings.brushes import hairs

CELLS = 110            # largest grid of the depth buffer
AMBIENT, DIRECT = .5, .72      # in light of hardness 1


@dataclasses.dataclass
class Coat:
    """What a part is covered with.

    colour: a colour, or a function (x, y, z) -> (n, 3) of the part's own coordinates; hair, width: length and
    width of its hair in body units (0: bare skin); flow: the direction of the hair in the part's coordinates,
    or a function (x, y, z) -> (n, 3); dense: hairs per visible cell; curl; rough: spread of their brightness;
    gloss: a wet or polished shine (0..1).
    """
    colour: object
    hair: float = 0.0
    width: float = .02
    flow: object = (-1.0, .25, 0.0)
    dense: float = .28
    curl: float = .08
    rough: float = .13
    gloss: float = 0.0


def rotation(yaw=0.0, pitch=0.0, roll=0.0):
    """Degrees to a matrix. yaw turns +x towards the viewer, pitch looks from above, roll turns clockwise."""
    a, b, g = (math.radians(v) for v in (yaw, pitch, roll))
    turn = np.array(((math.cos(a), 0, -math.sin(a)), (0, 1, 0), (math.sin(a), 0, math.cos(a))))
    nod = np.array(((1, 0, 0), (0, math.cos(b), math.sin(b)), (0, -math.sin(b), math.cos(b))))
    lean = np.array(((math.cos(g), -math.sin(g), 0), (math.sin(g), math.cos(g), 0), (0, 0, 1)))
    return lean @ nod @ turn


class Clay:
    """A body of ellipsoids. `perspective`: how much nearer parts look larger (0..0.3); bare: little or no hair
    hides the bumps of limbs, so they get more balls.
    """

    def __init__(self, perspective=.1, bare=False):
        self.perspective, self.bare = perspective, bare
        self.frames = [(np.zeros(3), np.eye(3))]
        self.parts, self.names = [], []
        self.centres, self.axes, self.owner = [], [], []       # centre, matrix of half axes, frame
        self.turn, self.scale, self.shift = np.eye(3), 1.0, np.zeros(2)
        self.depth = np.zeros((0, 0))                          # until something is rendered

    # building

    def frame(self, origin, yaw=0.0, pitch=0.0, roll=0.0):
        """A new coordinate system (a head, a wing) with its own direction; returns its number."""
        self.frames.append((np.asarray(origin, float),
                            rotation(yaw, 0, 0) @ rotation(0, pitch, 0) @ rotation(0, 0, roll)))
        return len(self.frames) - 1

    def ball(self, part, centre, radii, frame=0, turn=None):
        """An ellipsoid (radii: one number or three), turned within its frame by a rotation matrix."""
        origin, matrix = self.frames[frame]
        axes = np.diag(np.broadcast_to(np.asarray(radii, float), 3))
        self.centres.append(origin + matrix @ np.asarray(centre, float))
        self.axes.append(matrix @ (axes if turn is None else turn @ axes))
        self.owner.append(frame)
        self.parts.append(part)

    def limb(self, part, points, radii, frame=0, flat=1.0):
        """A chain of balls along the points with changing radii; flat < 1: narrower sideways (z)."""
        gap = .28 if self.bare else .5
        p, r = np.asarray(points, float), np.asarray(radii, float)
        way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
        at, steps, total = 0.0, [0.0], float(way[-1])
        lengths, sizes = way.tolist(), r.tolist()
        while at < total:
            k = max(0, bisect.bisect_right(lengths, at) - 1)
            t = (at - lengths[k]) / (lengths[k + 1] - lengths[k] + 1e-9)
            at = min(total, at + max(gap * (sizes[k] * (1 - t) + sizes[k + 1] * t), total / (10 / gap)))
            steps.append(at)
        radius = np.interp(steps, way, r)
        centres = np.stack([np.interp(steps, way, p[:, k]) for k in range(3)], 1)
        origin, matrix = self.frames[frame]
        self.centres.extend(origin + centres @ matrix.T)
        self.axes.extend(matrix * (1, 1, flat) * radius[:, None, None])
        self.owner.extend([frame] * len(steps))
        self.parts.extend([part] * len(steps))

    def pair(self, part, centre, radii, frame=0, turn=None):
        """A ball and its mirror image on the other side."""
        flip = np.diag((1.0, 1.0, -1.0))
        self.ball(part, centre, radii, frame, turn)
        self.ball(part, flip @ np.asarray(centre, float), radii, frame, None if turn is None
                  else flip @ turn @ flip)

    # looking

    def view(self, yaw=0.0, pitch=0.0, roll=0.0):
        """From where the body is seen."""
        self.turn = rotation(yaw, pitch, roll)
        reach = 1e-9 + float(np.abs(np.asarray(self.centres)).max())
        world = np.asarray(self.centres) @ self.turn.T
        near = 1 / (1 - self.perspective * world[:, 2] / reach)
        self.reach = reach
        self.seen = world * np.stack([near, near, near ** 0], 1)
        self.seen_axes = self.turn @ np.asarray(self.axes) * near[:, None, None]
        self.near = near

    def extent(self, parts=None):
        """The box x0, y0, x1, y1 of the parts (all of them by default) as seen, before fitting."""
        keep = [i for i, p in enumerate(self.parts) if parts is None or p in parts]
        half = np.sqrt((self.seen_axes[keep] ** 2).sum(2))[:, :2]
        middle = self.seen[keep][:, :2]
        return np.concatenate([(middle - half).min(0), (middle + half).max(0)])

    def fit(self, parts=None, size=1.0, centre=(0.0, 0.0)):
        """Scale and move the body so that the parts fill the box of half width `size` around `centre`."""
        x0, y0, x1, y1 = self.extent(parts)
        self.scale = 2 * size / max(x1 - x0, y1 - y0)
        self.shift = np.asarray(centre, float) - self.scale * np.array(((x0 + x1) / 2, (y0 + y1) / 2))
        return self

    def project(self, point, frame=0):
        """The place (x, y, z) on the canvas of a point of the body."""
        origin, matrix = self.frames[frame]
        p = self.turn @ (origin + matrix @ np.asarray(point, float))
        near = 1 / (1 - self.perspective * p[2] / self.reach)
        return np.array((*(p[:2] * near * self.scale + self.shift), p[2] * self.scale))

    # painting

    def paint(self, canvas, coats, hair=1.0):
        """Paint the body: base coat with light, then the hair. coats: part name -> Coat ('*': all others)."""
        if not self.render(canvas):
            return
        colour, length, width, curl, rough = self.dress(canvas, coats)
        h, w = self.depth.shape
        image = np.zeros((h, w, 4))
        image.reshape(-1, 4)[self.cells, :3] = colour
        image = bleed(image, self.mask)
        x0, y0, cell = self.grid
        canvas.picture(image, x0, y0, x0 + w * cell, y0 + h * cell)
        self.comb(canvas, colour, length * hair, width, curl, rough)

    def render(self, canvas):
        """Fill the depth buffer; False if nothing is in sight. Sets depth, mask, cells and per-cell
        geometry.
        """
        bounds = canvas.sk.getLocalClipBounds()
        x0, y0, x1, y1 = (self.extent() * self.scale).tolist()
        x0, x1 = max(bounds.left(), x0 + self.shift[0] - .04), min(bounds.right(), x1 + self.shift[0] + .04)
        y0, y1 = max(bounds.top(), y0 + self.shift[1] - .04), min(bounds.bottom(), y1 + self.shift[1] + .04)
        if x1 <= x0 or y1 <= y0:
            return False
        cell = max(1.1 * canvas.pixel(), max(x1 - x0, y1 - y0) / CELLS)
        w, h = int((x1 - x0) / cell) + 1, int((y1 - y0) / cell) + 1
        self.grid = (x0, y0, cell)
        self.depth, self.index = np.full((h, w), -1e9), np.full((h, w), -1)
        centre = self.seen * self.scale + np.array((*self.shift, 0))
        spread = self.seen_axes @ self.seen_axes.transpose(0, 2, 1) * self.scale ** 2
        self.form = np.linalg.inv(spread + 1e-9 * np.eye(3))
        self.middle = centre
        half = np.sqrt(np.stack([spread[:, 0, 0], spread[:, 1, 1]], 1))
        low = np.floor((centre[:, :2] - half - (x0, y0)) / cell).astype(int)
        high = np.ceil((centre[:, :2] + half - (x0, y0)) / cell).astype(int) + 1
        for i in range(len(self.parts)):
            self.splat(i, *np.maximum(low[i], 0), *np.minimum(high[i], (w, h)))
        self.mask = self.index >= 0
        self.cells = np.flatnonzero(self.mask)
        return len(self.cells) > 0

    def splat(self, i, c0, r0, c1, r1):
        """Put ellipsoid i into the depth buffer: the nearer root of d' form d = 1 for every cell of its
        box.
        """
        if c1 <= c0 or r1 <= r0:
            return
        x0, y0, cell = self.grid
        (a, b, c), (_, d, e), (_, _, f) = self.form[i]
        x = x0 + (np.arange(c0, c1) + .5) * cell - self.middle[i, 0]
        y = (y0 + (np.arange(r0, r1) + .5) * cell - self.middle[i, 1])[:, None]
        half = c * x + e * y
        root = half * half - f * (a * x * x + 2 * b * x * y + d * y * y - 1)
        z = np.where(root >= 0, (np.sqrt(np.maximum(root, 0)) - half) / f + self.middle[i, 2], -2e9)
        held = self.depth[r0:r1, c0:c1]
        nearer = z > held
        held[nearer] = z[nearer]
        self.index[r0:r1, c0:c1][nearer] = i

    def geometry(self):
        """Normals (n, 3) on the canvas, own coordinates (n, 3) and openness 0..1 of the visible cells."""
        h, w = self.depth.shape
        x0, y0, cell = self.grid
        rows, columns = np.divmod(self.cells, w)
        place = np.stack([x0 + (columns + .5) * cell, y0 + (rows + .5) * cell,
                          self.depth.ravel()[self.cells]], 1)
        owner = self.index.ravel()[self.cells]
        away = place - self.middle[owner]
        normal = np.einsum("nij,nj->ni", self.form[owner], away)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
        full = np.zeros((h, w, 3))
        full.reshape(-1, 3)[self.cells] = normal
        normal = smoothed(full, 2).reshape(-1, 3)[self.cells]
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
        own = away / (self.scale * self.near[owner])[:, None] @ self.turn + np.asarray(self.centres)[owner]
        frame = np.asarray(self.owner)[owner]
        for k, (origin, matrix) in enumerate(self.frames):
            if k:
                own[frame == k] = (own[frame == k] - origin) @ matrix
        around = smoothed(np.where(self.mask, self.depth, 0),
                          6) / np.maximum(smoothed(self.mask.astype(float), 6), 1e-6)
        open_ = 1 - np.clip((around.ravel()[self.cells] - place[:, 2]) * 2.2 - .02, 0, .5)
        return place, normal, own, owner, open_

    def dress(self, canvas, coats):
        """Colours (n, 3) of the visible cells in the light, and length, width, curl, roughness of their
        hair.
        """
        place, normal, own, owner, open_ = self.geometry()
        n = len(self.cells)
        colour, flow = np.zeros((n, 3)), np.zeros((n, 3))
        length, width, curl, rough, gloss = (np.zeros(n) for _ in range(5))
        names = sorted(set(self.parts))
        part_of = np.asarray([names.index(p) for p in self.parts])[owner]
        for k, name in enumerate(names):
            rows = np.flatnonzero(part_of == k)
            if not len(rows):
                continue
            coat = coats.get(name, coats.get("*"))
            x, y, z = own[rows].T
            colour[rows] = coat.colour(x, y, z) if callable(coat.colour) else coat.colour
            flow[rows] = coat.flow(x, y, z) if callable(coat.flow) else coat.flow
            length[rows], width[rows], curl[rows] = coat.hair, coat.width, coat.curl
            rough[rows], gloss[rows] = coat.rough, coat.gloss
            length[rows] *= canvas.rng.random(len(rows)) < coat.dense
        frame = np.asarray(self.owner)[owner]
        for k, (_, matrix) in enumerate(self.frames):
            flow[frame == k] = flow[frame == k] @ matrix.T @ self.turn.T
        self.flow = flow - normal * (flow * normal).sum(1, keepdims=True)
        self.normal, self.place = normal, place
        return lit(canvas, colour, normal, open_, gloss), length, width, curl, rough

    def comb(self, canvas, colour, length, width, curl, rough):
        """The hair: on the cells that dress() chose, from the far ones to the near ones."""
        rows = np.flatnonzero(length > 0)
        if not len(rows):
            return
        rows = rows[np.argsort(self.place[rows, 2] + .15 * canvas.rng.random(len(rows)))]
        n, scale = len(rows), self.scale
        way = self.flow[rows, :2] + .45 * self.normal[rows, :2]
        reach = np.maximum(.35, np.minimum(1, np.hypot(way[:, 0], way[:, 1])))
        angle = np.arctan2(way[:, 1], way[:, 0]) + canvas.rng.normal(0, .28, n)
        tone = colour[rows] * (1 + rough[rows] * canvas.rng.normal(0, 1, n))[:, None]
        tone = tone * (1.04 + .1 * (canvas.rng.random(n) < .3))[:, None]
        jitter = canvas.rng.uniform(-.6, .6, (n, 2)) * self.grid[2]
        hairs(canvas, self.place[rows, 0] + jitter[:, 0], self.place[rows, 1] + jitter[:, 1], angle,
              length[rows] * scale * reach * canvas.rng.uniform(.55, 1.2, n), tone,
              np.maximum(width[rows] * scale * canvas.rng.uniform(.7, 1.5, n), .9 * canvas.pixel()),
              float(curl[rows].mean()), layers=6)

    # marks on the surface

    def visible(self, place, slack=.06):
        """Is this place (from project) on the surface, or hidden behind something nearer?"""
        if not self.depth.size:
            return True
        x0, y0, cell = self.grid
        row, column = int((place[1] - y0) / cell), int((place[0] - x0) / cell)
        inside = 0 <= row < self.depth.shape[0] and 0 <= column < self.depth.shape[1]
        return inside and place[2] > self.depth[row, column] - slack

    @contextlib.contextmanager
    def spot(self, canvas, point, normal, size, frame=0, up=(0, -1, 0), slack=.08):
        """Paint flat on the surface at `point`: unit = size, y down, foreshortened; yields whether it is in
        sight.
        """
        origin, matrix = self.frames[frame]
        n = self.turn @ matrix @ (np.asarray(normal, float) / np.linalg.norm(normal))
        v = -(self.turn @ matrix @ np.asarray(up, float))
        v = v - n * (v @ n)
        v /= np.linalg.norm(v) + 1e-9
        u = np.cross(v, n)
        place = self.project(point, frame)
        seen = bool(n[2] > .12 and self.visible(place, slack))
        if not seen:
            yield False
            return
        k = size * self.scale / (1 - self.perspective * place[2] / self.scale / self.reach)
        with canvas.affine(place, u[:2] * k, v[:2] * k):
            yield True

    def trace(self, canvas, points, colour, width, frame=0, slack=.08, alpha=1.0):
        """A line over the surface through the points, where it is in sight (mouth lines, seams, reins)."""
        places = [self.project(p, frame) for p in points]
        run = []
        for place in places + [None]:
            if place is not None and self.visible(place, slack):
                run.append(place[:2])
                continue
            if len(run) > 1:
                canvas.curve(run, colour, width * self.scale, alpha=alpha)
            run = []


def lit(canvas, colour, normal, open_, gloss):
    """Colours in the light: direct light, the sky from above (bluish), the ground from below (warm),
    highlights.
    """
    light = canvas.light
    direct = np.clip(normal @ light, 0, 1)
    sky = (1 - normal[:, 1:2]) / 2
    ambient = AMBIENT * (1.4 - .4 * canvas.hard) * (sky * (1.0, 1.04, 1.1) + (1 - sky) * (.66, .6, .54))
    shaded = colour * (ambient + DIRECT * canvas.hard * direct[:, None]) * open_[:, None]
    half = light + (0, 0, 1)
    half /= np.linalg.norm(half)
    shine = gloss * np.clip(normal @ half, 0, 1) ** 22
    return np.clip(shaded + 255 * .8 * shine[:, None], 0, 255)


def smoothed(field, radius):
    """A box average over (2 radius + 1) squared cells, by running sums along both axes."""
    for axis in (0, 1):
        pad = [(0, 0)] * field.ndim
        pad[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(field, pad), axis=axis)
        n = field.shape[axis]
        high = np.take(total, np.arange(2 * radius + 1, 2 * radius + 1 + n), axis=axis)
        field = (high - np.take(total, np.arange(n), axis=axis)) / (2 * radius + 1)
    return field


def bleed(image, mask):
    """Give the empty neighbours of the body its colour, and a soft edge as alpha (h, w, 4)."""
    alpha = np.clip(smoothed(mask.astype(float), 1) * 1.8 - .4, 0, 1)
    weight = smoothed(mask.astype(float), 2)[..., None]
    around = smoothed(image[..., :3], 2) / np.maximum(weight, 1e-6)
    image[..., :3] = np.where(mask[..., None], image[..., :3], around)
    image[..., 3] = 255 * alpha
    return image
