"""Fowl: birds of clay, from one table of proportions.

    fowl(canvas, Bird(coat=..., beak='hook', beak_length=.6, ...))

paints one bird perched, standing, swimming or flying, or its head, from a chance side. The unit of the body
is half its length, the unit of the head is its radius; x forward, y down, z sideways. A coat may be a
function (x, y, z) -> (n, 3).
"""

import dataclasses
import math

import numpy as np

from train.drawings.beasts import FURS, Scaled, groomed, two
from train.drawings.brushes import BLACK, WHITE, dim, eye, fan, feather, mix, radial, rod, step, wing
from train.drawings.clay import Clay, Coat


@dataclasses.dataclass
class Bird:
    """Proportions and coats of one bird."""
    coat: object = (120, 90, 60)       # back and body
    belly: object = None               # underside of the body
    face: object = None                # the head
    wing: object = None                # folded wing: coverts
    wing_tip: object = None            # long feathers of wing and tail
    iris: tuple = (30, 20, 14)
    eye_size: float = .16
    eye_front: float = .45             # 0: eyes at the sides, 1: eyes in front (owls)
    skin: object = None                # bare ring around the eye
    beak: object = (190, 150, 60)
    beak_tip: object = None
    beak_length: float = .6            # in radii of the head
    beak_depth: float = .28
    beak_hook: float = .1              # how far the tip bends down (in beak lengths)
    crest: object = None               # colour of a crest of feathers
    crest_length: float = .9
    head: float = .34
    neck: float = .25                  # length between body and head
    neck_bend: float = 0.0             # S bend of long necks
    neck_width: float = .2
    body: tuple = (.8, .46, .42)       # half length, height, width
    upright: float = 35.0              # degrees the body is raised in front
    tail: float = .7                   # length
    tail_fan: float = 16.0             # degrees of half its spread
    leg: float = .35
    leg_colour: object = (110, 86, 60)
    plume: float = .1                  # length of the small feathers
    plume_width: float = .05
    rough: float = .1
    poses: tuple = ("perch", "perch", "head", "stand", "fly")
    extra: object = None               # function (canvas, clay, head frame, head radius): last marks


def fowl(canvas, kind, pose=None):
    """Paint one bird into the box -1..1."""
    pose = pose or canvas.pick(*kind.poses)
    if pose == 'swim' and canvas.place not in ('water', ''):
        pose = 'stand'
    fur = canvas.pick(*FURS)
    clay = Clay(canvas.uniform(.03, .12), fur != "strokes")
    side = canvas.uniform(-25, 60) if canvas.chance(.75) else canvas.uniform(60, 120)
    upright = {"fly": canvas.uniform(-10, 20), "swim": 4}.get(pose, kind.upright + canvas.normal(8))
    trunk = clay.frame((0, 0, 0), 0, 0, -upright)
    head = build(canvas, clay, kind, trunk, canvas.uniform(side - 15, max(side, 35) + 20) - side)
    clay.view(side, canvas.uniform(-5, 15), canvas.normal(3))
    if pose == "head":
        clay.fit(("face", "beak"), canvas.uniform(.5, .8), (0, canvas.uniform(-.25, 0)))
    else:
        clay.fit(size=.72 if pose == "fly" else .85)
    if pose == "fly":
        open_wing(canvas, clay, kind, trunk, -1)
    back_parts(canvas, clay, kind, trunk, pose)
    clay.paint(canvas, coats(canvas, kind, fur))
    if pose == "fly":
        open_wing(canvas, clay, kind, trunk, 1)
    elif pose != "head" or canvas.chance(.5):
        folded_wing(canvas, clay, kind, trunk)
    features(canvas, clay, kind, head)
    if pose == "swim":
        water_line(canvas, clay, kind)


def build(canvas, clay, kind, trunk, look):
    """Body, neck and head; returns the number of the head's frame."""
    a, b, c = kind.body
    body = Scaled(clay, trunk, 1)
    body.ball("body", (0, 0, 0), (a, b, c))
    body.ball("body", (a * .35, .02, 0), (a * .55, b * .98, c * .95))
    body.limb("body", [(-a * .6, -b * .1, 0), (-a * 1.1, -b * .15, 0)], [b * .55, b * .12])
    base = clay.frames[trunk][1] @ np.array((a * .7, -b * .45, 0))
    n, bend = kind.neck, kind.neck_bend
    place = base + np.array((.25 * n, -.95 * n, 0)) + (0, 0, canvas.normal(.03))
    middle = (base + place) / 2 + np.array((.45, .1, 0)) * bend
    low = (base * 3 + place) / 4 + np.array((.35, .15, 0)) * bend
    high = (base + place * 3) / 4 + np.array((-.12, -.1, 0)) * bend
    clay.limb("neck", [base - (a * .2, -b * .3, 0), base, low, middle, high, place],
              [b * .7, kind.neck_width * 1.4, kind.neck_width * 1.1, kind.neck_width, kind.neck_width * .9,
               kind.neck_width * .95])
    frame = clay.frame(place, max(-75, min(75, look)), 0, canvas.normal(10))
    head = Scaled(clay, frame, kind.head)
    head.ball("face", (0, 0, 0), (1, .94, .9))
    reach, deep = kind.beak_length, kind.beak_depth
    t = np.linspace(0, 1, 7)
    curve = [(.7 + (reach + .25) * s, .12 + kind.beak_hook * reach * s ** 2.2, 0) for s in t]
    head.limb("beak", curve, deep * (1 - .8 * t ** 1.5), .75)
    head.limb("lower", [(.6, .3, 0), (.75 + reach * .75, .26 + kind.beak_hook * reach * .35, 0)],
              [deep * .8, deep * .2], .75)
    return frame


def coats(canvas, kind, fur):
    """The coats of all parts; small feathers are short broad hairs, as one camera sees them."""
    unit, look = kind.head, dict(rough=kind.rough, curl=.02, dense=.24)
    belly = kind.coat if kind.belly is None else kind.belly
    face = kind.coat if kind.face is None else kind.face

    def in_heads(colour):
        return (lambda x, y, z: colour(x / unit, y / unit, z / unit)) if callable(colour) else colour
    body = kind.coat if kind.belly is None else two(kind.coat, belly, lambda x, y,
                                                    z: step(y - .04 + .1 * x, .08))
    tip = kind.beak if kind.beak_tip is None else kind.beak_tip
    beak = two(kind.beak, tip, lambda x, y, z: step(x / unit - .75 - kind.beak_length * .7, .08))
    long, wide = kind.plume, kind.plume_width
    feathered = {
        "body": Coat(body, long * 1.2, wide, (-1, .25, 0), **look),
        "neck": Coat(belly if kind.face is None else face, long, wide * .8, (-.5, .8, 0),
                     **look) if not callable(face)
        else Coat(kind.coat, long, wide * .8, (-.5, .8, 0), **look),
        "face": Coat(in_heads(face), long * .6, wide * .6, (-1, .2, 0), **look),
    }
    return {**{name: groomed(canvas, coat, fur, short=1) for name, coat in feathered.items()},
            "beak": Coat(beak, gloss=.45), "lower": Coat(dim(kind.beak, .8), gloss=.3)}


def back_parts(canvas, clay, kind, trunk, pose):
    """What lies behind the body: legs, perch, tail, crest."""
    a, b, c = kind.body
    unit = clay.scale
    root, end = clay.project((-a * .95, -b * .12, 0), trunk), clay.project((-a * 1.9, b * .05, 0), trunk)
    way = math.degrees(math.atan2(end[1] - root[1], end[0] - root[0]))
    tip = dim(kind.coat, .7) if kind.wing_tip is None else kind.wing_tip
    tip = (80, 70, 60) if callable(tip) else tip
    if pose != "head" and kind.tail:
        spread = kind.tail_fan * (2 if pose == "fly" else 1)
        fan(canvas, root[0], root[1], way - spread, way + spread, 7, kind.tail * unit, .1 * unit,
            dim(tip, .9), tip, barbs=True)
    if pose in ("perch", "stand") and kind.leg:
        feet = []
        for z in (-1, 1):
            top = clay.project((-.02, b * .8, z * c * .45), trunk)
            foot = (top[0] + .03 * unit, top[1] + kind.leg * unit)
            rod(canvas, top[0], top[1], *foot, .05 * unit, kind.leg_colour)
            for turn in (-30, 10, 150):
                x, y = math.cos(math.radians(turn)), .35 * math.sin(math.radians(turn))
                canvas.line(*foot, foot[0] + .14 * unit * x, foot[1] + .14 * unit * y, kind.leg_colour,
                            .035 * unit)
            feet.append(foot)
        if pose == "perch":
            y = (feet[0][1] + feet[1][1]) / 2 + .04 * unit
            lean = canvas.normal(.12)
            rod(canvas, -1.6, y - lean, 1.6, y + lean, canvas.uniform(.06, .16),
                canvas.tint(28, .4, .38, 8, .15, .15))
    if kind.crest is not None:
        frame = len(clay.frames) - 1
        top = clay.project((-.1 * kind.head, -.75 * kind.head, 0), frame)
        back = clay.project((-1.0 * kind.head, -1.1 * kind.head, 0), frame)
        way = math.degrees(math.atan2(back[1] - top[1], back[0] - top[0])) + canvas.normal(8)
        fan(canvas, top[0], top[1], way - 22, way + 26, 7, kind.crest_length * kind.head * unit,
            .1 * kind.head * unit, kind.crest)


def folded_wing(canvas, clay, kind, trunk):
    """The folded wings: rows of feathers lying on the sides of the body."""
    a, b, c = kind.body
    cover = kind.wing if kind.wing is not None else (kind.coat if not callable(kind.coat)
                                                     else (120, 110, 100))
    tip = dim(cover, .7) if kind.wing_tip is None else kind.wing_tip
    for z in (-1, 1):
        with clay.spot(canvas, (a * .25, -b * .15, z * c * .98), (.1, -.25, z), 1.0, trunk, slack=.4) as seen:
            if not seen:
                continue
            if z < 0:
                canvas.sk.scale(-1, 1)
            for row, (reach, count) in enumerate(((1.25, 7), (.85, 7), (.55, 6))):
                tone = mix(tip, cover, (0, .6, 1)[row])
                for i in range(count):
                    t = i / (count - 1)
                    feather(canvas, .16 - .34 * t, -.1 + .38 * b * t, 184 - 16 * t + 4 * row
                            + canvas.normal(2),
                            a * reach * (1 - .38 * t), .1 * a + .02 * row,
                            dim(tone, canvas.uniform(.82, 1.15)),
                            dim(tone, .8), barbs=row == 0)


def open_wing(canvas, clay, kind, trunk, z):
    """One open wing; z = -1: the far one, painted before the body."""
    place = clay.project((.1, -kind.body[1] * .5, z * kind.body[2] * .6), trunk)
    cover = kind.wing if kind.wing is not None else (kind.coat if not callable(kind.coat)
                                                     else (120, 110, 100))
    tip = dim(cover, .6) if kind.wing_tip is None else kind.wing_tip
    canvas.sk.save()
    canvas.sk.translate(*place[:2])
    if z < 0:
        canvas.sk.scale(.8, 1)
    way = canvas.uniform(-150, -100) if z > 0 else canvas.uniform(-80, -40)
    with canvas.at(0, 0, 1, 0, flip=True):
        wing(canvas, 0, 0, 180 + way if z > 0 else -way - 180, 1.15, [cover, mix(cover, tip, .5), tip])
    canvas.sk.restore()


def features(canvas, clay, kind, frame):
    """Eyes and the line of the beak."""
    unit = kind.head
    for z in (-1, 1):
        way = np.array((.35 + .6 * kind.eye_front, -.22, z * (.85 - .35 * kind.eye_front)))
        way /= np.linalg.norm(way)
        with clay.spot(canvas, way * (1.0, .94, .92) * unit, way, kind.eye_size * unit, frame,
                       slack=.3) as seen:
            if seen:
                if kind.skin is not None:
                    canvas.oval(0, 0, 2.0, 1.8, kind.skin)
                eye(canvas, 0, 0, 1, kind.iris, "round", canvas.uniform(.45, .65), lid=.2)
        line = [(.75 + .2 * k * kind.beak_length, .3 + kind.beak_hook * kind.beak_length * (.2 * k) ** 2 * .9,
                 z * kind.beak_depth * .6 * (1 - .2 * k))
                for k in range(5)]
        clay.trace(canvas, np.asarray(line) * unit, dim(kind.beak, .35), .03 * unit, frame, .2, .8)
    if kind.extra:
        kind.extra(canvas, clay, frame, unit)


def water_line(canvas, clay, kind):
    """Water around a swimming bird, with its reflection."""
    y = clay.project((0, kind.body[1] * .45, 0))[1]
    tone = canvas.tint(205, .35, .5, 20, .2, .15)
    with canvas.at(0, y + .25, 1, tall=.2):
        canvas.disc(0, 0, 1.5, radial(0, 0, 1.5, [tone, tone, tone], [0, .6, 1], [.9, .85, 0]))
    canvas.oval(0, y + .12, .8, .12, mix(tone, BLACK, .4), alpha=.6, blur=.05)
    for k in range(6):
        canvas.curve([(-1.1 + .1 * k, y + .06 * k), (canvas.normal(.3), y + .06 * k + canvas.normal(.03)),
                      (1.1 - .1 * k, y + .06 * k)],
                     mix(tone, WHITE, .5), .015, alpha=.5)
