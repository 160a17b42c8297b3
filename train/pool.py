"""Pools: drawings in one file, drawn once and read by every training.

A pool is a folder: pictures.u8 (n x 160 x 160 x 3 bytes, R G B, memory-mapped), done.u8 (n flags) and
pool.json (seed, classes, the hash of the drawing code). Picture i shows class classes[i % len(classes)] and
is drawn with the seed (seed, i), so an interrupted drawing goes on where it was and any picture can be drawn
again.
"""

import hashlib
import json
import multiprocessing
import os
import pathlib
import sys
import time
from typing import Literal

import numpy as np

from train.drawings.registry import drawings

SIDE = 160
CHUNK = 50                          # pictures a worker draws between two reports
CODE = pathlib.Path(__file__).with_name("drawings")


class PoolError(Exception):
    """A folder is not the pool that was asked for: one line for the user."""


class Pool:
    """An existing pool: pictures (n, 160, 160, 3) uint8, labels (n,) = positions in `classes`, done (n,)
    bool.
    """

    def __init__(self, folder, writable=False):
        self.folder = folder
        mode: Literal["r+", "r"] = "r+" if writable else "r"
        try:
            with open(os.path.join(folder, "pool.json"), encoding="utf-8") as file:
                self.about = json.load(file)
            n, self.classes = self.about["pictures"], self.about["classes"]
            self.pictures = np.memmap(os.path.join(folder, "pictures.u8"), np.uint8, mode,
                                      shape=(n, SIDE, SIDE, 3))
            self.done = np.memmap(os.path.join(folder, "done.u8"), np.uint8, mode, shape=(n,))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PoolError(f"{folder}: not a pool of drawings ({error}); draw one") from None
        self.labels = np.arange(n) % len(self.classes)

    def __len__(self):
        return len(self.labels)

    def complete(self):
        """The pool itself, if every picture has been drawn."""
        missing = int((self.done == 0).sum())
        if missing:
            raise PoolError(f"{self.folder}: {missing} of {len(self)} pictures are missing; run draw again")
        return self


def code_hash():
    """A hash of the code that draws and of skia's version: what the bytes of a pool depend on."""
    import skia
    total = hashlib.sha256(f'skia {skia.__version__}, numpy {np.__version__.split(".")[0]}'.encode())
    for path in sorted(CODE.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def create(folder, pictures, seed, classes=None):
    """Make an empty pool, or open the one that is there if it is of the same seed, classes and code."""
    classes = classes or list(drawings())
    about = {"pictures": pictures, "seed": seed, "code": code_hash(), "classes": classes,
             "labels": [drawings()[index].label for index in classes]}
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "pool.json")
    if os.path.exists(path):
        held = Pool(folder).about
        differs = [key for key in about if held.get(key) != about[key]]
        if differs:
            raise PoolError(f'{folder}: a pool with other {", ".join(differs)} is there; '
                            'draw into a new folder or remove it')
        return Pool(folder, writable=True)
    for name, size in (("pictures.u8", pictures * SIDE * SIDE * 3), ("done.u8", pictures)):
        with open(os.path.join(folder, name), "wb") as file:
            file.truncate(size)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(about, file, indent=1)
    os.replace(path + ".part", path)
    return Pool(folder, writable=True)


def fill(folder, pictures, seed, jobs=1, classes=None):
    """Draw what is missing in a pool (of these classes, or all), with `jobs` processes; progress on stderr."""
    pool = create(folder, pictures, seed, classes)
    todo = np.flatnonzero(pool.done == 0)
    chunks = [(folder, todo[i:i + CHUNK]) for i in range(0, len(todo), CHUNK)]
    start, drawn, said = time.monotonic(), 0, 0.0
    with multiprocessing.get_context("fork").Pool(jobs) as workers:
        for count in workers.imap_unordered(draw_chunk, chunks):
            drawn += count
            now = time.monotonic()
            if now - said > 10 or drawn == len(todo):
                rate, said = drawn / (now - start + 1e-9), now
                print(f"{len(pool) - len(todo) + drawn} of {len(pool)} drawn, {rate:.1f}/s, "
                      f"{(len(todo) - drawn) / rate / 60:.1f} min left", file=sys.stderr, flush=True)
    return Pool(folder).complete()


def draw_chunk(chunk):
    """Draw some pictures of a pool (in a worker process); returns how many."""
    from train.drawings.scenes import draw
    folder, rows = chunk
    pool = Pool(folder, writable=True)
    for i in rows.tolist():
        pool.pictures[i] = draw(pool.classes[pool.labels[i]], (pool.about["seed"], i))
    pool.pictures.flush()
    pool.done[rows] = 1
    return len(rows)
