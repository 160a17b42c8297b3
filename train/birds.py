"""Birds."""

import numpy as np

from train.beasts import step, two
from train.brushes import dim, rgb
from train.fowl import Bird, fowl
from train.registry import drawing


@drawing(15, 'robin', 'bird')
def robin(canvas):
    back, breast = canvas.tint(30, .28, .38), canvas.tint(18, .78, .8)
    face = two(back, breast, lambda x, y, z: step(y - .35, .1))
    fowl(canvas, Bird(coat=back, belly=breast, face=dim(back, .7) if canvas.chance(.5) else face,
                      wing=dim(back, .9),
                      beak=canvas.tint(42, .7, .75), beak_length=.45, beak_depth=.2))


@drawing(88, 'macaw', 'bird')
def macaw(canvas):
    if canvas.chance(.5):
        coat, tip = canvas.tint(2, .88, .82), canvas.tint(215, .85, .7)
        wing = canvas.tint(canvas.pick(48, 215), .85, .85)
    else:
        coat, wing, tip = canvas.tint(47, .92, .95), canvas.tint(205, .85, .8), canvas.tint(215, .85, .6)
    face = two(coat, rgb(240, 236, 228), lambda x, y, z: step(.42 - np.hypot(x - .55, y - .1), .05))
    fowl(canvas, Bird(coat=coat, face=face, wing=wing, wing_tip=tip,
                      beak=canvas.pick(rgb(232, 220, 198), rgb(46, 42, 44)),
                      beak_length=.6, beak_depth=.5, beak_hook=.9, head=.36, upright=60, tail=1.5, tail_fan=7,
                      iris=canvas.tint(58, .3, .85), eye_size=.13))
