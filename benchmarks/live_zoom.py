"""How many frames a second the page's live zoom draws at 320x320, JPEG encoding included, and where the time goes.

    python3 benchmarks/live_zoom.py [-j JOBS] [--frames N]

Each line is one size of the part that a step moves (1: the whole picture); the page chooses among them by itself.
"""
import argparse
import pathlib
import statistics
import sys
import time
from types import SimpleNamespace

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import deepdream  # noqa: E402
from deepdream_extras.page import zoom  # noqa: E402
from deepdream_extras.page.studio import Listener, Studio  # noqa: E402

SIDE = 320


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-j", "--jobs", type=int)
    parser.add_argument("--frames", type=int, default=40)
    options = parser.parse_args()
    studio = Studio(SimpleNamespace(input="", jobs=options.jobs, quiet=True, given=[]))
    shipped = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
    picture = deepdream.upscale(shipped, deepdream.Fraction(SIDE, shipped.width))
    studio.take("photograph", "cat_dog.bmp", bytes(deepdream.encode_bmp(picture)))
    studio.network = deepdream.load(jobs=options.jobs)
    studio.listeners.append(Listener())
    print(f"{studio.network.choice.name}, {studio.network.jobs} threads, frames of {SIDE}x{SIDE}")
    parts, zoom.FASTEST = zoom.PARTS, 0.0
    for part in parts:
        zoom.PARTS = (part,)    # type: ignore[assignment]
        running = zoom.Zoom(studio, studio.network, {"size": SIDE})
        spent: dict[str, list[float]] = {name: [] for name in ("moved", "dream", "show")}
        for name, times in spent.items():
            setattr(running, name, timed(getattr(running, name), times))
        for _ in range(5):              # engines are made, tapes planned
            running.advance()
        times = []
        for _ in range(options.frames):
            began = time.perf_counter()
            running.advance()
            times.append(time.perf_counter() - began)
        inside = ", ".join(f"{name} {1e3 * statistics.median(found[5:]):.1f} ms" for name, found in spent.items())
        print(f"part {part:4}: {1 / statistics.median(times):5.1f} frames a second; {inside}", flush=True)


def timed(function, times):
    def run(*arguments):
        began = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            times.append(time.perf_counter() - began)
    return run


if __name__ == "__main__":
    main()
