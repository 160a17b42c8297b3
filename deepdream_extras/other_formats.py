"""Pictures of kinds that are not read here: by Pillow where that happens to be installed, else one line of advice."""

from __future__ import annotations

import importlib
import io
import os
import shlex
import shutil
import sys
import warnings
from typing import Any

from deepdream import LARGEST_SIDE, OTHER_FORMATS, READABLE, Decoded, DeepDreamError

# Pillow's names, and the packages that add what it does not know itself: what to import, what to call.
PILLOW = {"WebP": "WEBP", "TIFF": "TIFF", "AVIF": "AVIF", "HEIC": "HEIF", "JPEG XL": "JXL", "JPEG 2000": "JPEG2000",
          "QOI": "QOI", "Photoshop": "PSD", "icon": "ICO", "cursor": "CUR"}
PLUGINS = {"HEIC": ("pillow_heif", "register_heif_opener"), "AVIF": ("pillow_avif", ""), "JPEG XL": ("pillow_jxl", "")}

COMMANDS = {
    "sips": "sips -s format png {old} --out {new}",                 # of every Mac
    "magick": "magick {first} {new}", "convert": "convert {first} {new}",       # ImageMagick 7 and 6
    "ffmpeg": "ffmpeg -i {old} -frames:v 1 {new}", "dwebp": "dwebp {old} -o {new}",
    "heif-convert": "heif-convert {old} {new}", "djxl": "djxl {old} {new}",
    "rsvg-convert": "rsvg-convert {old} -o {new}", "gunzip": "gunzip {old}", "unzip": "unzip {old}",
}
CONVERTERS = {      # the best first
    "WebP": "sips magick convert ffmpeg dwebp", "TIFF": "sips magick convert ffmpeg", "QOI": "magick ffmpeg",
    "AVIF": "sips magick ffmpeg heif-convert", "HEIC": "sips magick heif-convert", "JPEG XL": "djxl magick ffmpeg",
    "JPEG 2000": "sips magick ffmpeg", "MP4 or similar": "ffmpeg", "RIFF": "ffmpeg", "SVG": "rsvg-convert magick",
    "SVG or XML": "rsvg-convert magick", "gzip": "gunzip", "ZIP": "unzip",
}
USUAL = "magick convert"


def check(kind: str, name: str) -> None:
    """DeepDreamError with a command that converts such a file, unless Pillow reads it."""
    if opener(kind) is None:
        raise DeepDreamError(f"{name}: this is a file of the kind {kind}; expected {READABLE};"
                             f" convert it: {advice(kind, name)}")


def advice(kind: str, name: str) -> str:
    """A command for this machine: of a program that is there, or that is easily had."""
    programs = [program for program in CONVERTERS.get(kind, USUAL).split()
                if program != "convert" or sys.platform != "win32"]         # there it formats disks
    program = next(filter(shutil.which, programs), programs[sys.platform != "darwin" and programs[0] == "sips"])
    name = "FILE" if name == "stdin" else name
    new = os.path.splitext(name)[0] + ".png"
    return COMMANDS[program].format(old=shlex.quote(name), first=shlex.quote(name + "[0]"), new=shlex.quote(new))


def opener(kind: str) -> Any:
    """Pillow's module Image if it is installed and knows this kind."""
    try:
        from PIL import Image
        Image.init()
    except ImportError:
        return None
    wanted = PILLOW.get(kind)
    if wanted and wanted not in Image.OPEN and kind in PLUGINS:
        module, register = PLUGINS[kind]
        try:
            plugin = importlib.import_module(module)
            if register:
                getattr(plugin, register)()
        except (ImportError, AttributeError):
            return None
    return Image if wanted in Image.OPEN else None


def decode(data: bytes, name: str = "picture") -> Decoded:
    kind, image = opened(data, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if image.mode.startswith("I;16"):
                image = image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
            profile = image.info.get("icc_profile")
            orientation = image.getexif().get(274, 1)
            alpha = None
            if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
                image = image.convert("RGBA")
                alpha = bytearray(image.getchannel("A").tobytes())
            pixels = bytearray(image.convert("RGB").tobytes("raw", "BGR"))
    except MemoryError:
        raise
    except Exception as error:      # of many kinds, as the plugins please
        raise damaged(name, kind, error) from None
    return Decoded(image.width, image.height, pixels, alpha, profile,
                   orientation=orientation if orientation in range(1, 9) else 1, warnings=(read_by(kind),))


def describe(data: bytes, name: str = "picture") -> Decoded:
    kind, image = opened(data, name)
    return Decoded(image.width, image.height, bytearray(), None, image.info.get("icc_profile"),
                   warnings=(read_by(kind),))


def opened(data: bytes, name: str) -> tuple[str, Any]:
    kind = next(kind for at, mark, kind in OTHER_FORMATS if data[at:at + len(mark)] == mark)
    check(kind, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")         # about large pictures: we have a limit of our own
            image = opener(kind).open(io.BytesIO(data), formats=[PILLOW[kind]])
    except MemoryError:
        raise
    except Exception as error:
        raise damaged(name, kind, error) from None
    if max(image.size) > LARGEST_SIDE:
        raise DeepDreamError(f"{name}: {image.width} x {image.height} pixels; expected sides of 1 to {LARGEST_SIDE};"
                             " make the picture smaller")
    return kind, image


def read_by(kind: str) -> str:
    import PIL
    return f"a file of the kind {kind}, read by Pillow {PIL.__version__}"


def damaged(name: str, kind: str, error: Exception) -> DeepDreamError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return DeepDreamError(f"{name}: Pillow cannot read this file of the kind {kind} ({reason[:200]}); get it again, or"
                          f" convert it: {advice(kind, name)}")
