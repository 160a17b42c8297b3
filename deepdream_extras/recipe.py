"""How a picture was made: kept in it as one line of JSON, shown by `deepdream show`, taken up again by --recipe.

    {"deepdream": version, "mode": "dream", "command": the command line, "options": {"octaves": 7, ...},
     "model": {"file": "InceptionV1.pb", "sha256": ...}, "engine": "simd avx2"}

File names in it are without folders: a picture that is passed on does not tell its maker's home. What comes from a
picture is anybody's: it sets options that change pixels and nothing else, each through the option's own parser.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shlex
from types import SimpleNamespace
from typing import Any

import deepdream
from deepdream import DeepDreamError, Option

KEYS = ("deepdream", "mode", "command", "options", "model", "engine")
# Options that are no part of a recipe: they do not change the pixels, or belong to one machine and one time.
LEFT_OUT = {"input", "output", "format", "quiet", "model", "engine", "jobs", "help", "version", "no_octaves", "recipe",
            "save_recipe", "save_steps", "show", "resume", "overwrite", "sweep", "on"}
LONGEST = 2 ** 20
WHERE = "give a PNG, JPEG, GIF or PPM file that deepdream wrote, or what --save-recipe did"


def rows_of(mode: str) -> dict[str, Option]:
    return {name: row for name, row in deepdream.rows_by_name(mode).items() if name not in LEFT_OUT}


# ---- Writing ---------------------------------------------------------------------------------------------------------

def keep(options: SimpleNamespace, network: deepdream.Network, resolved: dict[str, Any]) -> str:
    """The recipe of what is done now, as it goes into the picture; also written to where --save-recipe says.

    resolved: what an option became, where that is more than what was given or its default.
    """
    recipe = {"deepdream": deepdream.__version__, "mode": options.mode, "command": command(options),
              "options": {name: value for name, row in rows_of(options.mode).items()
                          if (value := stored(options, name, row, resolved)) not in (None, "") and value is not False},
              "model": {"file": os.path.basename(network.model.path), "sha256": sha256(network.model.path)},
              "engine": network.choice.name}
    if options.save_recipe:
        deepdream.write_whole(options.save_recipe, (json.dumps(recipe, indent=1) + "\n").encode())
    return json.dumps(recipe)           # ASCII, whatever is in names: every format takes that


def command(options: SimpleNamespace) -> str:
    """The command line, names without folders."""
    rows = deepdream.rows_by_flag()
    words = ["deepdream"] + [options.mode] * (options.mode != "dream")
    for flag, text in options.given:
        if flag == "--resume":          # what is gone on with is the same work
            continue
        row = rows[flag]
        words += [flag] * (flag != "--input") + [without_folder(row, text)] * (row.metavar != "")
    return shlex.join(words)


def without_folder(row: Option, text: str) -> str:
    return os.path.basename(os.path.normpath(text)) if row.metavar.startswith(("FILE", "DIR")) else text


def stored(options: SimpleNamespace, name: str, row: Option, resolved: dict[str, Any]) -> Any:
    """An option's value as JSON takes it: numbers and flags as they are, all else as the text it is parsed from."""
    value = resolved.get(name, getattr(options, name))
    if value is None or isinstance(value, (bool, int, float, list)):
        return value
    return without_folder(row, str(resolved.get(name) or options.texts.get(name, row.default)))


@functools.cache
def sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2 ** 20):
            digest.update(block)
    return digest.hexdigest()


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Taken:
    """A recipe that is to be followed: the mode, its options as on a command line, and what the user should know."""

    def __init__(self, path: str, mode: str):
        self.path, self.recipe = path, read(path)
        self.mode, self.version = self.recipe["mode"], self.recipe["deepdream"]
        self.notes: list[str] = []
        if mode and mode != self.mode:
            raise DeepDreamError(f"{path}: its recipe is for deepdream {self.mode}, not {mode}; leave the mode out")
        if self.version != deepdream.__version__:
            self.notes.append(f"{path}: made by deepdream {self.version[:20]!a}, this is {deepdream.__version__}:"
                              " pixels may differ")
        if unknown := [key for key in self.recipe if key not in KEYS]:
            self.notes.append(f"{path}: what its recipe says of {unknown[0][:40]!a} is not known here and left out")
        self.given = [self.option(name, one) for name, value in self.recipe["options"].items()
                      for one in (value if isinstance(value, list) and self.repeats(name) else [value])]

    def repeats(self, name: str) -> bool:
        row = rows_of(self.mode).get(name)
        return row is not None and row.repeats

    def option(self, name: str, value: Any) -> tuple[str, str]:
        row = rows_of(self.mode).get(name)
        if row is None:
            raise DeepDreamError(f"{self.path}: its recipe has the option {name[:40]!a}, which deepdream"
                                 f" {deepdream.__version__} does not know (it was made by {self.version[:20]!a});"
                                 " take that version, or leave it out of what `deepdream show --json` prints")
        text = without_folder(row, str(value))
        try:
            if row.parser and not isinstance(value, (list, dict)):
                row.parser(text)
            elif row.parser or value is not True:
                raise ValueError(f"expected {'a value' if row.parser else 'true'}")
        except ValueError as error:
            raise DeepDreamError(f"{self.path}: its recipe says {name} = {str(value)[:40]!a}: {error}") from None
        return row.flags.split()[-1], text if row.parser else ""

    def choose_network(self, path: str, reason: str, named: bool) -> tuple[str, str]:
        """The network of the recipe if it is here; if another was `named` beside the recipe, that one, and a note."""
        model = self.recipe["model"]
        wanted, name = str(model.get("sha256"))[:64], str(model.get("file"))[:60]
        if sha256(path) == wanted:
            return path, reason
        if named:
            self.notes.append(f"{self.path}: made with another network ({name!a}): pixels will differ")
            return path, reason
        for wish in ("drawn", "imagenet"):
            try:
                other, _ = deepdream.choose_model(wish)
            except DeepDreamError:
                continue
            if sha256(other) == wanted:
                return other, "that of the recipe"
        raise DeepDreamError(f"{self.path}: made with another network ({name!a}, SHA-256 {wanted[:16]!a}...) than"
                             f" {path}; name it with --model, or the one to use instead")

    def compare_engine(self, engine: str) -> None:
        if self.recipe["engine"] != engine:
            self.notes.append(f"{self.path}: made by the engine {self.recipe['engine'][:40]!a}, this is {engine!a}:"
                              " their rounding differs, and so may pixels")


def read(path: str) -> dict[str, Any]:
    """The recipe in a picture or a .json file; DeepDreamError if there is none or it makes no sense."""
    if path.lower().endswith(".json"):
        try:
            with open(path, "rb") as file:
                return checked(file.read(LONGEST).decode("utf-8", "replace"), path)
        except (OSError, ValueError) as error:
            raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); {WHERE}"
                                 ) from None
    return checked(comment_line(described(path)[2].comment), named(path))


def named(path: str) -> str:
    """What a file is called in messages."""
    return "stdin" if path == "-" else path


def described(path: str) -> tuple[int, deepdream.Format, deepdream.Decoded]:
    """How many bytes a picture file has, its format, and what is in it but for the pixels."""
    name = named(path)
    data, row = deepdream.read_picture_file(path, name)
    return len(data), row, row.function(row.describe, name)(data, name)


def comment_line(comment: str) -> str:
    """Our line of a comment, to which other programs may have added theirs."""
    return next((line for line in comment.splitlines() if line.startswith('{"deepdream"')), "")


def checked(text: str, path: str) -> dict[str, Any]:
    if not text.strip():
        raise DeepDreamError(f"{path}: there is no recipe in it; {WHERE}")
    try:
        recipe = json.loads(text[:LONGEST])
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else error
        raise DeepDreamError(f"{path}: its recipe is no valid JSON ({reason}); {WHERE}") from None
    kinds = {"deepdream": str, "mode": str, "options": dict, "model": dict, "engine": str, "command": str}
    for key, kind in kinds.items():
        if not isinstance(recipe, dict) or not isinstance(recipe.get(key), kind):
            raise DeepDreamError(f"{path}: its recipe lacks {key!r} or that is of the wrong kind; {WHERE}")
    if "--recipe" not in deepdream.rows_by_flag(recipe["mode"]):
        raise DeepDreamError(f"{path}: its recipe is for the mode {recipe['mode'][:40]!a}, which is not known here;"
                             f" {WHERE}")
    return recipe


# ---- deepdream show --------------------------------------------------------------------------------------------------

def run(options: SimpleNamespace) -> int:
    path = options.input
    if path is None:
        raise DeepDreamError("show: expected the name of a picture; say deepdream show FILE")
    if options.json:
        deepdream.answer(json.dumps(read(path), indent=1))
        return 0
    if path.lower().endswith(".json"):
        deepdream.answer(f"{path}: a recipe\n" + recipe_lines(read(path)))
        return 0
    size, row, found = described(path)
    sides = found.width, found.height
    if found.orientation > 4:
        sides = sides[::-1]
    amount = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
    lines = [f"{named(path)}: {row.name}, {sides[0]} x {sides[1]} pixels, {amount}"
             + (", with a colour profile" if found.profile else "")]
    if line := comment_line(found.comment):
        lines.append(recipe_lines(checked(line, named(path))))
    elif found.comment.strip():
        lines.append(entry("comment", found.comment.strip()[:500]))
    elif row.keeps or not row.write:
        lines.append("no recipe in it")
    else:
        lines.append(f"no recipe in it: {row.name} has no place for one")
    deepdream.answer("\n".join(lines))
    return 0


def recipe_lines(recipe: dict[str, Any]) -> str:
    model = recipe["model"]
    lines = [("made by", f"deepdream {recipe['deepdream']}, engine {recipe['engine']}"), ("command", recipe["command"]),
             ("network", f"{model.get('file')}, SHA-256 {model.get('sha256')}"), ("mode", recipe["mode"])]
    lines += [(name.replace("_", "-"), value) for name, value in recipe["options"].items()]
    return "\n".join(entry(name, value) for name, value in lines)


def entry(name: str, value: Any) -> str:
    """One line; of what comes from a file, nothing that would move a terminal's cursor."""
    name, text = ("".join(letter if letter.isprintable() else " " for letter in str(word)) for word in (name, value))
    return f"  {name:<13} {text[:2000]}"
