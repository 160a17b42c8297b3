"""Photographs: how often a weight file is right about things that were not drawn by us.

    apt-get download tuxpaint-stamps-default && dpkg-deb -x tuxpaint-stamps-default_*.deb stamps
    python3 -m train photos InceptionV1.pb stamps

The stamps of Tux Paint (Debian, version 2022.06.04-1) are mostly photographs with the surroundings cut away; the
table names those that show one of our classes. They stand on plain grey here, which is easier than a real
photograph in one way and unlike every drawing in another: a small, coarse measure; no network was trained on them.
"""

import os

import numpy as np
import skia
import torch

from train.augment import plain
from train.export import load_plain
from train.sheet import find

FOLDER = "usr/share/tuxpaint/stamps"
SIZE, FILLED, GREY = 224, .8, 128   # side in pixels, share of it that the thing takes, surroundings
STAMPS = {
    "cock": "animals/birds/rooster",
    "drake": "animals/birds/drake animals/birds/duck",
    "magpie": "animals/birds/magpie",
    "ostrich": "animals/birds/ostrich",
    "peacock": "animals/birds/peacock",
    "pelican": "animals/birds/pelican",
    "king penguin": "animals/birds/penguin",
    "flamingo": "animals/birds/pink_flamingo",
    "toucan": "animals/birds/tucan",
    "vulture": "animals/birds/vulture",
    "crane": "animals/birds/crowned_crane",
    "lionfish": "animals/fish/lionfish",
    "American lobster": "animals/fish/lobster",
    "grasshopper": "animals/insects/grasshopper",
    "mantis": "animals/insects/mantis",
    "common iguana": "animals/lizards/iguana",
    "chimpanzee": "animals/mammals/apes/chimp",
    "gorilla": "animals/mammals/apes/gorilla",
    "killer whale": "animals/mammals/aquatic/orca",
    "otter": "animals/mammals/aquatic/otter",
    "sea lion": "animals/mammals/aquatic/sea_lion",
    "grey whale": "animals/mammals/aquatic/whale",
    "badger": "animals/mammals/badger",
    "brown bear": "animals/mammals/bears/bear animals/mammals/bears/european-bear",
    "teddy": "animals/mammals/bears/toys/edward_bear",
    "bison": "animals/mammals/bovines/bison",
    "ox": "animals/mammals/bovines/bull animals/mammals/bovines/cow animals/mammals/bovines/zebu",
    "ram": "animals/mammals/bovines/ram animals/mammals/bovines/sheep",
    "Arabian camel": "animals/mammals/camel/dromedary",
    "lion": "animals/mammals/cats/lion animals/mammals/cats/lion-2",
    "tiger": "animals/mammals/cats/tiger animals/mammals/cats/tiger_sumatran",
    "red fox": "animals/mammals/dogs/fox",
    "Siberian husky": "animals/mammals/dogs/dog",
    "African elephant": "animals/mammals/elephant",
    "sorrel": "animals/mammals/equines/horse",
    "zebra": "animals/mammals/equines/zebra",
    "hippopotamus": "animals/mammals/hippopotamus",
    "wood rabbit": "animals/mammals/rabbit_little animals/mammals/rodents/rabbit animals/mammals/rodents/rabbit-2",
    "fox squirrel": "animals/mammals/rodents/squirrel",
    "koala": "animals/marsupials/koala",
    "banana": "food/fruit/banana",
    "lemon": "food/fruit/lemon",
    "orange": "food/fruit/orange food/fruit/mandarine",
    "pineapple": "food/fruit/pineapple",
    "pomegranate": "food/fruit/pomegranate",
    "strawberry": "food/fruit/strawberry food/fruit/Strawberry2",
    "broccoli": "food/vegetables/broccoli",
    "corn": "food/vegetables/corn",
    "mushroom": "food/vegetables/mushroom plants/mushrooms/cep plants/mushrooms/cep-1 plants/mushrooms/cep-2",
    "bell pepper": "food/vegetables/pepper food/vegetables/yellowpepper",
    "acoustic guitar": "hobbies/music/string/guitar_classical",
    "violin": "hobbies/music/string/violin",
    "teapot": "household/dishes/teapot",
    "candle": "seasonal/candle",
    "basketball": "sports/basketball",
    "soccer ball": "sports/soccer",
    "tennis ball": "sports/tennis_ball",
    "balloon": "vehicles/flight/balloon360",
    "airliner": "vehicles/flight/planes/747",
    "sports car": "vehicles/auto/sportscar2",
    "car wheel": "vehicles/7spoke256",
    "parachute": "military/paratrooper",
}


@torch.no_grad()
def photographs(path, folder):
    """Answers of a weight file to the stamps in `folder`: a list of (file, label, [five best class indices])."""
    network, answers = load_plain(path), []
    for label, files in STAMPS.items():
        for file in files.split():
            pixels = torch.from_numpy(stamp(os.path.join(folder, FOLDER, file + ".png")))
            logits = network(plain(pixels[None], SIZE))[0]
            answers.append((file, label, logits.topk(5)[1].tolist()))
    return answers


def shares(answers):
    """(top-1, top-5) of the answers of `photographs`."""
    truth = np.array(find([label for _, label, _ in answers]))
    hits = np.array([best for _, _, best in answers]) == truth[:, None]
    return float(hits[:, 0].mean()), float(hits.any(1).mean())


def stamp(path):
    """The visible part of a PNG file in the middle of a grey square: [SIZE, SIZE, 3] uint8, R G B."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: not there; expected the unpacked package tuxpaint-stamps-default")
    image = skia.Image.open(path)
    rows, columns = (np.flatnonzero(image.toarray()[..., 3].any(axis)) for axis in (1, 0))
    seen = skia.Rect.MakeLTRB(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    scale = SIZE * FILLED / max(seen.width(), seen.height())
    width, height = seen.width() * scale, seen.height() * scale
    surface = skia.Surface(SIZE, SIZE)
    with surface as canvas:
        canvas.clear(skia.ColorSetRGB(GREY, GREY, GREY))
        canvas.drawImageRect(image, seen, skia.Rect.MakeXYWH((SIZE - width) / 2, (SIZE - height) / 2, width, height),
                             skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear))
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])
