"""What the page can set: rows of deepdream.OPTIONS as JSON for the page, and what comes back as a command line.

A setting is {name of an option: value}, a value a number, text, true or, where an option repeats, a list of texts. What
is set becomes words of a command line and is then parsed as any command line: what the page makes, that line makes.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import deepdream
from deepdream import Option, UsageError, option_name

# Options of dream that the page has a control for beside deepdream.WISHES; others are about files, the terminal and
# the machine, and nobody shall set them from a browser.
BASIC = {"preset", "layer", "octaves", "octave_scale", "steps", "step_size", "size", "tile"}
LEFT_OUT = {"until"}            # the same recipe would not give the same bytes
# Those that are always to be seen; the others are behind "More", under the headings of the help.
FIRST = ("class", "layer", "strength", "octaves", "steps", "step_size", "size", "seed")
SPANS = {               # of sliders: from, to, step; parsers allow more than anybody wants to slide through
    "strength": (0.0, 2.0, 0.05), "octaves": (1, 10, 1), "octave_scale": (1.05, 2.0, 0.05), "steps": (1, 60, 1),
    "step_size": (0.25, 12.0, 0.25), "size": (128, 2048, 32), "tile": (96, 640, 32), "jitter": (0, 64, 1),
    "pixel_noise": (0.0, 30.0, 1.0), "overlap": (0.0, 0.9, 0.05), "border": (1, 10, 1),
}
KINDS = {"layer": "layer", "guide_layer": "layer", "caricature": "layer", "maximize": "layers", "class": "class",
         "avoid": "class", "guide": "picture", "mask": "picture", "preset": "preset", "seed": "seed"}
DEFAULTS = {"size": 640}        # where the page begins elsewhere than the command line: what is watched should be quick
LONGEST_TEXT, MOST_TEXTS = 200, 16


def offered() -> dict[str, Option]:
    """The rows of options that the page has, by name."""
    wanted = BASIC | {option_name(row) for row in deepdream.WISHES} - LEFT_OUT
    return {name: row for name, row in deepdream.rows_by_name("dream").items() if name in wanted}


def described() -> list[dict[str, Any]]:
    """A control for each row."""
    heading, found = "", []
    for name, row in offered().items():
        heading = row.heading or heading
        found.append({"name": name, "flag": row.flags.split()[-1], "help": row.help, "heading": heading,
                      "first": name in FIRST, "repeats": row.repeats, "default": plain(DEFAULTS.get(name, row.default)),
                      "hint": row.metavar, **kind(name, row)})
    return sorted(found, key=lambda control: FIRST.index(control["name"]) if control["first"] else len(FIRST))


def kind(name: str, row: Option) -> dict[str, Any]:
    """How an option is set: what its parser says of its bounds."""
    low, high, step = SPANS.get(name, (0, 0, 0))
    words: tuple[str, ...] = ()
    parser = row.parser
    made = "text" if row.metavar else "switch"
    if isinstance(parser, functools.partial) and parser.func is deepdream.word_among:
        made, words = "word", parser.args[0]
    elif step:
        made = "slider"
    return {"kind": KINDS.get(name, made), "low": low, "high": high, "step": step, "words": words}


def plain(value: Any) -> Any:
    """A default as JSON has it."""
    return value if value is None or isinstance(value, (bool, int, str)) else float(value)


# ---- From the page to options ----------------------------------------------------------------------------------------

def words_for(settings: Mapping[str, Any], files: Mapping[str, str]) -> list[str]:
    """The settings as words of a command line. files: option -> name of the file that the page was given for it."""
    rows, words = offered(), list[str]()
    if unknown := [name for name in settings if name not in rows]:
        raise UsageError(f"{unknown[0][:40]!a}: no such setting")
    for name, row in rows.items():
        value, flag = settings.get(name), row.flags.split()[-1]
        if value is None or value is False or value == [] or value == "":
            continue
        if not row.metavar:
            words.append(flag)
        elif KINDS.get(name) == "picture":
            if name not in files:
                raise UsageError(f"{flag}: no picture was given for it")
            words += [flag, files[name]]
        else:
            for one in value if row.repeats and isinstance(value, list) else [value]:
                words += [flag, text_of(flag, one)]
        if isinstance(value, list) and len(value) > MOST_TEXTS:
            raise UsageError(f"{flag}: {len(value)} times; expected {MOST_TEXTS} at most")
    return words


def text_of(flag: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{flag}: expected a number or a text")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise UsageError(f"{flag}: expected a text of at most {LONGEST_TEXT} letters")
    return text


def parsed(words: list[str]) -> SimpleNamespace:
    """The options of `deepdream dream` with these words, checked as far as that is possible before the work."""
    options = deepdream.parse_command_line(["dream", *words])
    if deepdream.wants_plan(options):
        deepdream.resolve("wishes:check")(options)
    options.quiet = True
    return options


def command(words: list[str]) -> str:
    """The command line to show: of the program as it was started here."""
    script = os.path.basename(sys.argv[0])
    program = ["python3", script] if script.endswith(".py") else ["deepdream"]
    return shlex.join([*program, *words])


def file_name(text: str, fallback: str = "picture") -> str:
    """A name for a file that came without a folder of its own: no folders, nothing that a command line would take for
    something else."""
    name = "".join(letter for letter in text.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    stem, dot, extension = name.strip().lstrip("-.").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    stem = stem[:80].strip() or fallback
    return f"{stem}.{extension[:8]}" if extension else stem
