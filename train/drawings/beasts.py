"""Beasts: four-legged animals of clay, from one table of proportions.

    beast(canvas, Beast(coat=..., ears='flop', snout=.9, ...))

paints one animal in a chance pose (portrait, stand, walk, run, graze, sit, lie, up on its hind legs) seen
from a chance side. A class changes proportions, ears, tail and coat; a coat is a function of the part and its
own coordinates (x forward, y down, z sideways; the head's unit is the radius of its skull, the body's unit
its length).
"""

import dataclasses
import math

import numpy as np

from train.drawings.brushes import BLACK, dim, eye, hairs, nose_tip, step
from train.drawings.clay import Clay, Coat, rotation


@dataclasses.dataclass
class Beast:
    """Proportions and coats of one animal. Colours may be functions (x, y, z) -> (n, 3)."""
    coat: object = (190, 140, 80)      # the body
    face: object = None                # the head; None: as the body
    legs: object = None
    muzzle: object = None              # the snout
    ear: object = None                 # outside of the ears
    inner_ear: object = (205, 160, 150)
    nose: tuple = (28, 24, 26)
    iris: tuple = (80, 48, 22)
    pupil: str = "round"
    # head
    snout: float = .8                  # length in front of the skull (skull radius = 1)
    snout_width: float = .45
    snout_drop: float = .25            # how far below the middle of the skull it starts
    skull: tuple = (1.0, .95, .92)     # half lengths x, y, z
    cheeks: float = .0                 # jowls and cheek ruffs
    ears: str = "point"                # point, flop, round, long, button (folded tip), rose, side, none
    ear_size: float = .6
    ear_drop: float = .0               # how much lower they sit
    nod: float = .0                    # degrees the nose points down
    eye_size: float = .13
    eye_out: float = .55               # how far to the sides: .35 owl-like .. .8 rabbit
    eye_up: float = .22
    nose_size: float = .2
    mouth: float = .3                  # chance of an open mouth with the tongue out
    whiskers: bool = False
    brows: object = None               # colour of brow marks
    # body (length from hip to shoulder = 1)
    head: float = .26                  # radius of the skull
    chest: float = .34
    waist: float = .25
    hip: float = .27
    leg: float = .62                   # from the belly line down
    leg_width: float = .085
    slope: float = .0                  # how much higher the shoulder stands than the hip
    hoof: object = None                # colour of hoofs; None: paws
    neck: float = .42
    neck_up: float = 50.0              # degrees above the back
    neck_width: float = .19
    tail: str = "curve"                # curve, curl, bush, thin, stub, none
    tail_length: float = .6
    # hair (in skull radii)
    hair: float = .12
    hair_width: float = .03
    face_hair: float = 1.0             # length on the head, as a share of `hair`
    mane: object = None                # colour of longer hair around the neck
    mane_length: float = .5
    curl: float = .06
    flow: tuple = (-1.0, .25, 0.0)     # how the hair of the body lies; (-.2, 1, 0): hangs down
    rough: float = .13
    dense: float = .3
    fur: str = "strokes"               # how a camera sees it: strokes (single hairs), fine, smooth
    poses: tuple = ("portrait", "portrait", "stand", "walk", "sit", "lie")
    build: object = None               # function (canvas, head, shoulder, hip): more parts (horns, trunk)
    parts: dict = dataclasses.field(default_factory=dict)      # and their coats, name -> Coat
    extra: object = None               # function (canvas, clay, head_frame) for marks painted last


def individual(canvas, kind, **spread):
    """The same animal with chance differences in build (field=relative spread), and as one camera sees its fur."""
    varied = {name: getattr(kind, name) * (1 + canvas.normal(width)) for name, width in spread.items()}
    return dataclasses.replace(kind, fur=canvas.pick(*FURS), **varied)


def beast(canvas, kind, pose=None):
    """Paint one animal into the box -1..1."""
    profile = pose is None and canvas.chance(.3)
    pose = pose or canvas.pick(*kind.poses)
    clay = Clay(canvas.uniform(.05, .2 if pose == "portrait" else .12), kind.fur != "strokes")
    side = canvas.uniform(-15, 105) if canvas.chance(.8) else canvas.uniform(105, 150)
    if pose == "portrait":
        side = canvas.uniform(15, 95)
    if profile:                                 # the body; the head may look at us
        side = canvas.normal(12)
    look = canvas.uniform(side - 30, max(side, 60) + 25)                       # rather towards the camera
    shoulder, hip, ground = body(canvas, clay, kind, pose)
    head = attach_head(canvas, clay, kind, shoulder, look - side, pose)
    tail(canvas, clay, kind, hip)
    if kind.build:
        kind.build(canvas, Scaled(clay, head, kind.head), shoulder, hip)
    clay.view(side, canvas.uniform(-4, 20), canvas.normal(3))
    if pose == "portrait":
        clay.fit(("face", "muzzle", "ear", "inner", "nose", "horn", "ruff"), canvas.uniform(.6, .95),
                 (0, canvas.uniform(-.25, 0)))
    else:
        clay.fit()
        shadow(canvas, clay, ground)
    clay.paint(canvas, coats(canvas, kind, shoulder, hip))
    features(canvas, clay, kind, head)
    return clay


def shadow(canvas, clay, ground):
    """The soft shadow on the ground under a whole animal."""
    left, right = clay.project((-.7, ground, 0)), clay.project((.8, ground, 0))
    x, y = (left[:2] + right[:2]) / 2
    canvas.oval(x, y, max(.25, abs(right[0] - left[0]) * .55), .12, BLACK, alpha=.45, blur=.06)


# ---- Body --------------------------------------------------------------------------------------------------
# The skeleton of each pose: hip and shoulder, then four legs of three joints.

def body(canvas, clay, kind, pose):
    """Trunk and legs. Returns shoulder, hip and the height of the ground."""
    ground = kind.chest * .8 + kind.leg
    shoulder, hip = np.array((.5, -kind.slope / 2, 0.)), np.array((-.5, .02 + kind.slope / 2, 0.))
    if pose == "sit":
        hip = np.array((-.26, ground - kind.hip * 1.05, 0))
        shoulder = np.array((.22, ground - kind.leg - kind.chest * .9, 0))
    elif pose == "lie":
        hip, shoulder = np.array((-.5, ground - kind.hip, 0)), np.array((.45, ground - kind.chest, 0))
    elif pose == "up":
        hip = np.array((-.1, ground - kind.hip * 1.05, 0))
        shoulder = hip + (.06, -.86, 0)
    stride = canvas.pick(-.3, .34) if pose == "run" else 0
    middle = (shoulder + hip) / 2 + (0, .03, 0)
    clay.limb("body", [hip, middle, shoulder], [kind.hip, kind.waist, kind.chest], flat=.85)
    clay.ball("body", shoulder + (.06, .07, 0), (kind.chest * .95, kind.chest * 1.02, kind.chest * .8))
    for z in (-1, 1):
        swing = stride + canvas.normal({"walk": .14, "run": .08}.get(pose, .03))
        fore_leg(clay, kind, shoulder, ground, z, swing, pose)
        hind_leg(clay, kind, hip, ground, z, -swing, pose)
    return shoulder, hip, ground


def fore_leg(clay, kind, shoulder, ground, z, swing, pose):
    w, out = kind.leg_width, z * kind.chest * .55
    top = shoulder + (.02, kind.chest * .4, out)
    if pose == "lie":
        joints = [top, (top[0] - .02, ground - w * 1.3, out), (top[0] + .42, ground - w, out * 1.1)]
    elif pose == "up":
        joints = [top, top + (.1, kind.leg * .45, 0), top + (.32, kind.leg * .4, -out * .4)]
    else:
        knee = (top[0] + swing * .5 - .02 + .1 * (pose == "run"), (top[1] + ground) / 2, out)
        joints = [top, knee, (top[0] + swing, ground - w - abs(swing) * .3, out)]
    clay.limb("legs", joints, [w * 1.7, w * 1.05, w * .85])
    foot(clay, kind, joints[-1])


def hind_leg(clay, kind, hip, ground, z, swing, pose):
    w, out = kind.leg_width, z * kind.hip * .6
    clay.ball("body", hip + (.04, kind.hip * .25, out * .8), (kind.hip * .75, kind.hip * .95, kind.hip * .5))
    if pose in ("sit", "lie", "up"):
        knee = (hip[0] + kind.hip * 1.1, ground - kind.hip * .7, out * 1.5)
        joints = [hip + (0, .05, out), knee, (hip[0] + .1, ground - w, out * 1.5),
                  (hip[0] + .36, ground - w, out * 1.5)]
        widths = [w * 2, w * 1.7, w * 1.1, w]
    else:
        top = hip + (0, kind.hip * .5, out)
        height = ground - top[1]
        joints = [top, (top[0] + .1 + swing * .4, top[1] + height * .38, out),
                  (top[0] - .1 + swing, top[1] + height * .68, out),
                  (top[0] - .03 + swing * 1.2, ground - w - abs(swing) * .3, out)]
        widths = [w * 1.9, w * 1.4, w * .9, w * .85]
    clay.limb("legs", joints, widths)
    foot(clay, kind, joints[-1])


def foot(clay, kind, end):
    """A paw or a hoof at the end of a leg."""
    w = kind.leg_width
    if kind.hoof is None:
        clay.ball("legs", (end[0] + w * .6, end[1], end[2]), (w * 1.6, w, w * 1.15))
    else:
        clay.ball("hoof", (end[0] + w * .25, end[1] + w * .2, end[2]), (w * 1.15, w * .9, w))


def tail(canvas, clay, kind, hip):
    start, n = hip + (-kind.hip * .8, -kind.hip * .45, 0), kind.tail_length
    sway, up = canvas.normal(.15), canvas.uniform(-.3, .5)
    if kind.tail == "curl":
        turn = np.linspace(.2, 4.6, 10)
        points = [start + (-.12 * n - .22 * n * math.cos(t), -.18 * n - .24 * n * math.sin(t), .06 * t)
                  for t in turn]
        clay.limb("tail", points, np.linspace(.09, .06, 10) * (1 + kind.hair))
    elif kind.tail == "stub":
        clay.ball("tail", start, .09)
    elif kind.tail != "none":
        thick = {"curve": (.06, .03), "bush": (.08, .1), "thin": (.035, .02)}[kind.tail]
        points = [start, start + (-.3 * n, .1 * n - up * .3 * n, sway * .4),
                  start + (-.62 * n, .05 * n - up * n, sway),
                  start + (-.8 * n, -.25 * n - up * n, sway * 1.3)]
        clay.limb("tail", points, np.linspace(*thick, 4))


# ---- Head --------------------------------------------------------------------------------------------------

def attach_head(canvas, clay, kind, shoulder, yaw, pose):
    """Neck and head; returns the number of the head's frame, whose unit is the radius of the skull."""
    turn = {"sit": 15, "up": max(0, 75 - kind.neck_up), "graze": -45 - kind.neck_up, "run": -12}.get(pose, 0)
    lift = math.radians(kind.neck_up + canvas.normal(10) + turn)
    base = shoulder + (kind.chest * .3, -kind.chest * .35, 0)
    place = base + kind.neck * np.array((math.cos(lift), -math.sin(lift), 0)) + (0, 0, canvas.normal(.05))
    clay.limb("neck", [shoulder + (.02, -kind.chest * .1, 0), base, place],
              [kind.chest * .8, kind.neck_width * 1.25, kind.neck_width])
    yaw = max(-80, min(80, yaw))
    frame = clay.frame(place, yaw, 0, canvas.normal(9) + kind.nod + (20 if pose == "graze" else 0))
    head_shape(canvas, clay, kind, Scaled(clay, frame, kind.head))
    return frame


class Scaled:
    """Adds to a frame of the clay in units of the skull's radius."""

    def __init__(self, clay, frame, unit):
        self.clay, self.frame, self.unit = clay, frame, unit

    def ball(self, part, centre, radii, turn=None):
        self.clay.ball(part, np.asarray(centre, float) * self.unit, np.asarray(radii, float) * self.unit,
                       self.frame, turn)

    def pair(self, part, centre, radii, turn=None):
        self.clay.pair(part, np.asarray(centre, float) * self.unit, np.asarray(radii, float) * self.unit,
                       self.frame, turn)

    def limb(self, part, points, radii, flat=1.0):
        self.clay.limb(part, np.asarray(points, float) * self.unit, np.asarray(radii, float) * self.unit,
                       self.frame, flat)


def head_shape(canvas, clay, kind, head):
    sx, sy, sz = kind.skull
    head.ball("face", (0, 0, 0), kind.skull)
    if kind.cheeks:
        head.pair("face", (.15, .35 * sy, .5 * sz), (.55, .5, kind.cheeks * .5 + .25))
    n, w, y = kind.snout, kind.snout_width, kind.snout_drop
    if n > .15:
        head.limb("muzzle", [(.45 * sx, y, 0), (.75 * sx + n * .5, y + .06, 0), (.7 * sx + n, y + .08, 0)],
                  [w * 1.35, w * 1.05, w * .9], .88)
        head.pair("muzzle", (.55 * sx + n, y + .3 * w, w * .42), (w * .6, w * .62, w * .48))
    else:
        head.pair("muzzle", (.82 * sx, y + .12, w * .5), (w * .75, w * .62, w * .68))
    open_ = canvas.chance(kind.mouth)
    gape = canvas.uniform(.15, .3) if open_ else 0.0
    head.limb("muzzle", [(.3 * sx, y + .6 * w, 0), (.62 * sx + n * .82, y + .72 * w + gape, 0)],
              [w * .95, w * .55], .9)
    if open_:
        head.ball("tongue", (.6 * sx + n * .85, y + .55 * w + gape * .8, 0),
                  (w * .6, w * .14 + gape * .35, w * .4))
    head.ball("nose", (.7 * sx + n + w * .72, y - w * .3, 0), (kind.nose_size * .7, kind.nose_size * .72,
                                                               kind.nose_size))
    head.pair("face", (.5 * sx, -.42 * sy, .42 * sz), (.4, .32, .34))
    ears(canvas, kind, head)


def ears(canvas, kind, head):
    """Ears of flat ellipsoids; the inner side is a second, smaller one in front."""
    e, (_, sy, sz) = kind.ear_size, kind.skull
    sy -= kind.ear_drop
    perk = canvas.normal(8)
    if kind.ears == "point":
        for t in np.linspace(0, 1, 10):
            turn = rotation(28, 0, 0) @ rotation(0, 0, perk)
            centre = np.array((-.15 - .14 * t, -.76 * sy - .95 * t * e, .52 * sz + .16 * t * e))
            wide = (.7 - .62 * t ** 1.4) * e
            head.pair("ear", centre, (.12 * e + .02, .22 * e, wide), turn)
            head.pair("inner", centre + (.1 * e, .04, -.02), (.08 * e, .2 * e, wide * .62), turn)
    elif kind.ears in ("flop", "button", "rose"):
        long = {"flop": 1.0, "button": .5, "rose": .4}[kind.ears] * e
        root = np.array((-.05, -.62 * sy, .72 * sz))
        end = root + {"flop": (-.02, 1.35 * long, .34), "button": (.25, .6 * long, .25),
                      "rose": (-.5, .4 * long, .25)}[kind.ears]
        for t in np.linspace(0, 1, 6 + 5 * (long > .9)):
            centre = root + (end - root) * t + (0, -.12 * math.sin(math.pi * t), .16 * math.sin(math.pi * t))
            head.pair("ear", centre, ((.2 + .22 * math.sin(math.pi * min(1, t + .25))) * e ** .5,
                                      .28 * long ** .5, .1 + .05 * e))
    elif kind.ears == "round":
        turn = rotation(22, 0, 0)
        head.pair("ear", (-.15, -.72 * sy - .2 * e, .66 * sz), (.16 * e, .62 * e, .62 * e), turn)
        head.pair("inner", (-.05, -.7 * sy - .2 * e, .67 * sz), (.13 * e, .42 * e, .42 * e), turn)
    elif kind.ears == "long":
        lean = canvas.normal(12) + 8
        turn = rotation(25, 0, 0) @ rotation(0, 0, lean)
        centre = np.array((-.2, -.75 * sy - 1.05 * e, .38 * sz + .02 * lean))
        head.pair("ear", centre, (.12 * e, 1.15 * e, .34 * e), turn)
        head.pair("inner", centre + (.07 * e, .02, 0), (.1 * e, 1.0 * e, .22 * e), turn)
    elif kind.ears == "side":
        turn = rotation(10, 0, 0) @ rotation(0, 25 + perk, 0)
        centre = np.array((-.2, -.4 * sy, .85 * sz + .5 * e))
        head.pair("ear", centre, (.13 * e, .3 * e, .72 * e), turn)
        head.pair("inner", centre + (.08 * e, .02, .04), (.1 * e, .19 * e, .55 * e), turn)


# ---- Coats and features ------------------------------------------------------------------------------------

def along_spine(colour, shoulder, hip):
    """The body's colour function for a body in any pose: its x runs from hip (-.5) to shoulder (.5)."""
    way = shoulder - hip
    length = math.hypot(way[0], way[1])
    c, s = way[0] / length, way[1] / length

    def unposed(x, y, z):
        dx, dy = x - hip[0], y - hip[1]
        return colour((dx * c + dy * s) / length - .5, dy * c - dx * s, z)
    return unposed if callable(colour) else colour


SHORT = .05                         # shorter hair than this (the body is 1 long) can look smooth
FURS = ("strokes", "strokes", "fine", "smooth")


def groomed(canvas, coat, fur, short=SHORT):
    """A coat as cameras see it: near and sharp, single hairs (strokes); else dense, short and even ones (fine), or, if
    its hair is shorter than `short`, a mottled sheen (smooth).
    """
    if fur == "strokes":
        return coat
    field = waves(canvas, .05, 6)

    def mottled(x, y, z):
        return colour_at(coat.colour, x, y, z) * (1 + .05 * field(x, y, z))[:, None]
    if fur == "smooth" and coat.hair < short:
        return dataclasses.replace(coat, colour=mottled, hair=0, gloss=.12)
    return dataclasses.replace(coat, colour=mottled, hair=coat.hair * .6, width=coat.width * .6,
                               dense=coat.dense * 1.5, rough=coat.rough * .4)


def coats(canvas, kind, shoulder, hip):
    """The coats of all parts."""
    unit, look = kind.head, {"curl": kind.curl, "rough": kind.rough, "dense": kind.dense}
    hair, width = kind.hair * unit, kind.hair_width * unit
    face = kind.coat if kind.face is None else kind.face

    def in_skulls(colour):
        return (lambda x, y, z: colour(x / unit, y / unit, z / unit)) if callable(colour) else colour

    def from_nose(x, y, z):
        return np.stack([x - (.7 + kind.snout) * unit, y - (kind.snout_drop - .1) * unit, z], 1)
    other = kind.coat if kind.mane is None else kind.mane
    ear = face if kind.ear is None else kind.ear
    body, other = along_spine(kind.coat, shoulder, hip), along_spine(other, shoulder, hip)
    haired = {
        "body": Coat(body, hair * 1.3, width * 1.2, kind.flow, **look),
        "neck": Coat(other, hair * 1.3 if kind.mane is None else kind.mane_length * unit, width * 1.3,
                     (-.6, .8, 0), **look),
        "legs": Coat(kind.coat if kind.legs is None else kind.legs, hair * .6, width, (-.2, 1, 0), **look),
        "tail": Coat(body, hair * (3 if kind.tail == "bush" else 1.3), width * 1.2, (-1, -.2, 0),
                     **look),
        "face": Coat(in_skulls(face), hair * kind.face_hair, width, from_nose, **look),
        "muzzle": Coat(in_skulls(face if kind.muzzle is None else kind.muzzle), hair * .45, width * .8,
                       from_nose, **look),
        "ear": Coat(in_skulls(ear), hair * .7, width, (-.3, -.8 if kind.ears in ("point", "long", "round")
                                                       else .9, 0), **look),
        "inner": Coat(kind.inner_ear, hair * .5, width * .7, (.2, -1, 0), dense=.12),
    }
    return {
        **{name: groomed(canvas, coat, kind.fur) for name, coat in haired.items()},
        "nose": Coat(kind.nose, gloss=.5),
        "tongue": Coat((222, 112, 122), gloss=.2),
        "hoof": Coat(kind.hoof, gloss=.1),
        **kind.parts,
    }


def features(canvas, clay, kind, frame):
    """Eyes, nose, mouth, whiskers on the painted head."""
    unit, (sx, sy, sz) = kind.head, kind.skull
    look = (canvas.uniform(-.6, .6), canvas.uniform(-.4, .4))
    opening = canvas.uniform(.5, .7) if kind.pupil == "round" else canvas.uniform(.35, .9)
    for z in (-1, 1):
        way = np.array((1 - kind.eye_out ** 2 * .75, -kind.eye_up, z * kind.eye_out))
        way /= np.linalg.norm(way)
        normal = way / (sx, sy, sz)
        point = way * (sx, sy, sz) * 1.02 * unit + np.array((.12, 0, 0)) * unit
        if kind.brows is not None:
            brow = np.array((way[0], way[1] - .4, way[2]))
            brow *= 1.02 / np.linalg.norm(brow)
            with clay.spot(canvas, (brow * (sx, sy, sz) + (.08, 0, 0)) * unit, brow, .13 * unit, frame,
                           slack=.3) as seen:
                if seen:
                    canvas.oval(0, 0, 1.1, .7, kind.brows)
        with clay.spot(canvas, point, normal, kind.eye_size * unit, frame, slack=.3) as seen:
            if seen:
                canvas.oval(0, 0, 1.5, 1.35, BLACK, alpha=.35, blur=.25)
                eye(canvas, 0, 0, 1, kind.iris, kind.pupil, opening, lid=.6, look=look)
    n, w, y = kind.snout if kind.snout > .15 else .1, kind.snout_width, kind.snout_drop
    tip = np.array((.7 * sx + n + w * .75 + kind.nose_size * .6, y - w * .3, 0)) * unit
    with clay.spot(canvas, tip, (1, -.1, 0), kind.nose_size * unit, frame, slack=.2) as seen:
        if seen:
            nose_tip(canvas, 0, .1, 1.05, kind.nose)
    split = np.array(((.7 * sx + n + w * .95, y + .0, 0), (.7 * sx + n + w * .9, y + w * .55, 0))) * unit
    clay.trace(canvas, split, dim(kind.nose, .8), .03 * unit, frame, .25, .7)
    for z in (-1, 1):
        lips = [(.7 * sx + n + w * .85, y + w * .5, 0), (.65 * sx + n * .8 + w * .4, y + w * .85, z * w * .7),
                (.65 * sx + n * .45, y + w * .8, z * w * .95), (.5 * sx + n * .2, y + w * .55, z * w * 1.1)]
        clay.trace(canvas, np.asarray(lips) * unit, dim(kind.nose, .8), .03 * unit, frame, .25, .6)
        if kind.whiskers:
            whisker_pad(canvas, clay, kind, frame, z)
    if kind.extra:
        kind.extra(canvas, clay, frame)


def whisker_pad(canvas, clay, kind, frame, z):
    """Six whiskers from one side of the snout, as far as it is in sight."""
    n, w, y, unit = max(kind.snout, .1), kind.snout_width, kind.snout_drop, kind.head
    root = clay.project(np.array((.6 + n, y + .15, z * w * .9)) * unit, frame)
    if not clay.visible(root, .3):
        return
    for _ in range(6):
        tip = np.array((.5 + n * .8 + canvas.normal(.3), y + .1 + canvas.normal(.4),
                        z * (w + canvas.uniform(.9, 1.5)))) * unit
        end = clay.project(tip, frame)
        hairs(canvas, [root[0]], [root[1]], math.atan2(end[1] - root[1], end[0] - root[0]),
              math.hypot(*(end - root)[:2]), [(238, 238, 232)], max(.012 * unit * clay.scale, canvas.pixel()
                                                                    * .5), .05, .8)


# ---- Coat patterns -----------------------------------------------------------------------------------------
# Functions for Beast.coat and Beast.face: they return a function of (x, y, z).

def two(first, second, where):
    """`second` where the function where(x, y, z) is 1, `first` where it is 0."""
    def colour(x, y, z):
        t = np.clip(where(x, y, z), 0, 1)[:, None]
        return colour_at(first, x, y, z) * (1 - t) + colour_at(second, x, y, z) * t
    return colour


def colour_at(colour, x, y, z):
    return colour(x, y, z) if callable(colour) else np.asarray(colour, float)


def stripes(canvas, first, second, count=9.0, share=.4, sway=1.2):
    """Stripes around the body (tabby, tiger, zebra): count per unit length, `share` dark."""
    a, b = canvas.uniform(0, 6.3), canvas.uniform(0, 6.3)

    def where(x, y, z):
        wave = np.sin(count * 2 * x + sway * np.sin(3 * y + a) + .8 * np.sin(7 * y + 2 * x + b) + b)
        return step(wave - np.cos(math.pi * share), .12)
    return two(first, second, where)


def spots(canvas, first, second, n=60, r=(.05, .1), centre=None, reach=1.2):
    """Round spots in space; `centre`: a lighter heart for rosettes."""
    places = canvas.rng.uniform(-reach, reach, (n, 3))
    size = canvas.rng.uniform(r[0], r[1], n)

    def colour(x, y, z):
        gap = np.stack([x, y, z], 1)[:, None] - places
        d = np.sqrt((gap ** 2).sum(2)) / size
        d = d.min(1)
        out = np.array(np.broadcast_to(colour_at(first, x, y, z), (len(x), 3)))
        out[d < 1] = second
        if centre is not None:
            out[d < .55] = centre
        return out
    return colour


def saddle(back, belly, y=.0, soft=.1):
    """Dark above, light below."""
    return two(back, belly, lambda px, py, pz: step(py - y, soft))


def patches(canvas, first, second, share=.5, size=.6):
    """Large patches with soft borders, as on cows, guinea pigs, spaniels."""
    turns, phases = canvas.rng.normal(0, 2.4 / size, (4, 3)), canvas.rng.uniform(0, 6.3, 4)

    def where(x, y, z):
        total = np.sin(np.stack([x, y, z], 1) @ turns.T + phases).sum(1)
        return step(total - 2.2 * (.5 - share) * 2, .12)
    return two(first, second, where)


def waves(canvas, size, n):
    """A function (x, y, z) -> field of unit variance whose blotches are about this size, in no direction more
    than in another: a sum of n plane waves.
    """
    turns, phases = canvas.rng.normal(0, 1, (n, 3)), canvas.rng.uniform(0, 6.3, n)
    turns *= 3.6 / size * canvas.rng.uniform(.75, 1.25, (n, 1)) / np.linalg.norm(turns, axis=1, keepdims=True)
    return lambda x, y, z: np.sin(np.stack([x, y, z], 1) @ turns.T + phases).sum(1) * (2 / n) ** .5


def dapples(canvas, base, dark, size=.1, share=.25):
    """Irregular spots that cover about this share."""
    field = waves(canvas, size, 8)
    return two(base, dark, lambda x, y, z: step(field(x, y, z) - 1.5 * (1 - 2 * share), .1))
