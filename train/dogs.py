"""Dogs: breeds told apart by proportions, ears, tail and coat."""

from train.beasts import Beast, beast, saddle, step, two
from train.brushes import dim, hsv, rgb
from train.registry import drawing


@drawing(207, 'golden retriever', 'beast')
def golden_retriever(canvas):
    gold = canvas.tint(35, .5, .82, 6, .12, .1)
    beast(canvas, Beast(coat=gold, ear=dim(gold, .85), ears='flop', snout=.72, snout_width=.5, hair=.22,
                        curl=.1,
                        tail='bush', mouth=.6))


@drawing(250, 'Siberian husky', 'beast')
def siberian_husky(canvas):
    white, dark = rgb(238, 238, 240), canvas.tint(canvas.pick(220, 220, 25), .14, .3, 10, .1, .12)
    mask = two(white, dark, lambda x, y, z: step(-y - .28 + .5 * (abs(z) < .12) * (x > .3), .08))
    beast(canvas, Beast(coat=saddle(dark, white, .06), legs=white, face=mask, muzzle=white, ear=dark,
                        ears='point',
                        iris=canvas.pick(hsv(205, .6, .95), hsv(200, .5, .9), hsv(28, .7, .4)), snout=.65,
                        hair=.17, cheeks=.4, tail='curl', tail_length=.7, mouth=.4))
