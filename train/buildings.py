"""Buildings, from castles to lighthouses."""

from train.brushes import arch, bricks, dim, lathe, mix, poly, rgb, shade, windows
from train.registry import drawing


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
