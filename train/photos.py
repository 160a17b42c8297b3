"""Photographs: how often a weight file is right about things that were not drawn by us.

    apt-get download tuxpaint-stamps-default gcompris-qt-data
    for package in *.deb; do dpkg-deb -x $package photos; done
    python3 -m train photos InceptionV1.pb photos

Two small, coarse measures; no network was trained on these pictures. The stamps of Tux Paint (Debian, version
2022.06.04-1) are mostly photographs with the surroundings cut away, and stand on plain grey here: easier than a real
photograph in one way, unlike every drawing in another. The animals and monuments of GCompris (Debian, version 3.1-2)
are whole photographs, of which the middle square is seen. The tables name those that show one of our classes.
"""

import os
import struct
import zlib

import numpy as np
import skia
import torch

from train.augment import plain
from train.drawings.registry import find
from train.export import load_plain

FOLDER, RESOURCES = "usr/share/tuxpaint/stamps", "usr/share/gcompris-qt/rcc"
PACKED, FOLDERS = 1, 2              # flags of a Qt resource
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


WHOLE = {                           # one class, or several that are right
    "German shepherd": "farm_animals/dog",
    "ox": "farm_animals/cow",
    "ram": "farm_animals/sheep",
    "bison": "world_animals/bison",
    "African chameleon": "world_animals/chameleon",
    "African crocodile": "world_animals/crocodile",
    "koala": "world_animals/koala",
    "Madagascar cat": "world_animals/lemur",
    "giant panda": "world_animals/panda",
    "ice bear": "world_animals/polar_bear",
    "macaw": "world_animals/scarlet_macaw",
    "porcupine": "world_animals/hedgehog",
    "castle": "monuments/citedeCarcassonne monuments/neuschwansteinCastle",
    "castle, palace": "monuments/chateaudeChambord monuments/chateaudeChenonceau monuments/schwerinPalace",
    "castle, monastery": "monuments/montStMichel",
    "palace": "monuments/mysorePalace monuments/victoriaMemorial",
    "dome, church": "monuments/berlinCathedral",
    "mosque, dome, palace": "monuments/tajMahal",
    "church": "monuments/aulaPalatina monuments/wormsCathedral monuments/reimsCathedral",
    "triumphal arch": "monuments/brandenburgGate monuments/gatewayofIndia",
    "viaduct": "monuments/pontduGard",
    "stupa": "monuments/greatStupa",
}


def photographs(path, folder):
    """Answers of a weight file to the photographs in `folder`: two lists, of cut out ones and of whole ones, of
    (file, label, [five best class indices]).
    """
    network, archives = load_plain(path), {}

    @torch.no_grad()
    def answer(pixels):
        return network(plain(torch.from_numpy(pixels[None]), SIZE))[0].topk(5)[1].tolist()
    cut = [(file, label, answer(stamp(os.path.join(folder, FOLDER, file + ".png"))))
           for label, files in STAMPS.items() for file in files.split()]
    whole = []
    for labels, files in WHOLE.items():
        for file in files.split():
            activity, name = file.split("/")
            if activity not in archives:
                archives[activity] = resources(os.path.join(folder, RESOURCES, f"explore_{activity}.rcc"))
            whole.append((file, labels, answer(middle(archives[activity][name + ".webp"]))))
    return cut, whole


def shares(answers):
    """(top-1, top-5) of one of the lists of `photographs`."""
    hits = np.array([[index in find(labels.split(", ")) for index in best] for _, labels, best in answers])
    return float(hits[:, 0].mean()), float(hits.any(1).mean())


def present(path):
    """The path, if there is such a file."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: not there; expected the unpacked packages tuxpaint-stamps-default and "
                                "gcompris-qt-data")
    return path


def stamp(path):
    """The visible part of a PNG file in the middle of a grey square: [SIZE, SIZE, 3] uint8, R G B."""
    image = skia.Image.open(present(path))
    rows, columns = (np.flatnonzero(image.toarray()[..., 3].any(axis)) for axis in (1, 0))
    seen = skia.Rect.MakeLTRB(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return square(image, seen, SIZE * FILLED / max(seen.width(), seen.height()))


def middle(data):
    """The middle square of a picture file's bytes: [SIZE, SIZE, 3] uint8, R G B."""
    image = skia.Image.MakeFromEncoded(data)
    return square(image, skia.Rect.MakeWH(image.width(), image.height()), SIZE / min(image.width(), image.height()))


def square(image, seen, scale):
    """The part `seen` of an image, scaled, in the middle of a grey square: [SIZE, SIZE, 3] uint8, R G B."""
    width, height = seen.width() * scale, seen.height() * scale
    surface = skia.Surface(SIZE, SIZE)
    with surface as canvas:
        canvas.clear(skia.ColorSetRGB(GREY, GREY, GREY))
        canvas.drawImageRect(image, seen, skia.Rect.MakeXYWH((SIZE - width) / 2, (SIZE - height) / 2, width, height),
                             skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear))
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])


def resources(path):
    """The files in an archive of Qt resources (rcc, version 2 or 3): {name: bytes}."""
    with open(present(path), "rb") as file:
        content = file.read()
    if content[:4] != b"qres" or content[4:8] not in (b"\0\0\0\2", b"\0\0\0\3"):
        raise OSError(f"{path}: not an archive of Qt resources of version 2 or 3")
    try:
        return unpacked(content)
    except (struct.error, zlib.error, UnicodeDecodeError) as error:
        raise OSError(f"{path}: a broken archive of Qt resources ({error}); unpack the package again") from None


def unpacked(content):
    """What an archive holds: {name: bytes}.

    A header of five numbers (big-endian: magic, version, places of tree, data and names), then a tree of nodes of 22
    bytes: place of the name, flags, and for a file at byte 10 the place of its data, which begin with their length
    (Qt's qresource.cpp).
    """
    tree, data, names = struct.unpack_from(">3I", content, 8)
    files, count, at = {}, 1, 0         # nodes are in order; every folder announces how many it adds
    while at < count:
        name, flags, number, place = struct.unpack_from(">IHII", content, tree + 22 * at)
        at += 1
        if flags & FOLDERS:
            count += number
            continue
        letters, = struct.unpack_from(">H", content, names + name)
        length, = struct.unpack_from(">I", content, data + place)
        stored = content[data + place + 4:data + place + 4 + length]
        key = content[names + name + 6:names + name + 6 + 2 * letters].decode("utf-16-be")
        files[key] = zlib.decompress(stored[4:]) if flags & PACKED else stored
    return files
