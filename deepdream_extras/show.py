"""Pictures in the terminal: every character is two pixels, an upper half block in one colour on another."""

from __future__ import annotations

import os
import sys

import deepdream

BLOCK = "\u2580"
NORMAL = "\x1b[0m"


def hindrance() -> str:
    """Why no picture can be drawn on stdout; "" where one can."""
    if sys.stdout is None or not sys.stdout.isatty():
        return "stdout is no terminal"
    if os.environ.get("TERM") == "dumb":
        return "this terminal has no colours (TERM=dumb)"
    try:
        BLOCK.encode(sys.stdout.encoding)
    except UnicodeError:
        return f"this terminal has no half blocks (its encoding is {sys.stdout.encoding})"
    return ""


def draw(picture: deepdream.Picture) -> None:
    """Draw `picture` on stdout as large as the window allows; nothing where that cannot be."""
    if hindrance():
        return
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        columns, lines = 80, 24
    deepdream.answer(text(picture, columns or 80, lines or 24))


def text(picture: deepdream.Picture, columns: int, lines: int) -> str:
    """`picture` in at most so many columns and one line less, which is left for the prompt."""
    high = max(2, 2 * (lines - 1))
    share = min(1.0, columns / picture.width, high / picture.height)
    width = max(1, round(picture.width * share))
    height = max(1, round(picture.height * share))
    pixels = deepdream.shrink(picture.rounded(), width, height).pixels
    pixels += bytes(3 * width * (height % 2))           # an odd last line stands on black
    rows = []
    for y in range(0, height, 2):
        row, colours = "", ""
        for at in range(3 * y * width, 3 * (y + 1) * width, 3):
            b, g, r = pixels[at:at + 3]
            under_b, under_g, under_r = pixels[at + 3 * width:at + 3 * width + 3]
            wanted = f"\x1b[38;2;{r};{g};{b};48;2;{under_r};{under_g};{under_b}m"
            row += BLOCK if wanted == colours else wanted + BLOCK
            colours = wanted
        rows.append(row + NORMAL)
    return "\n".join(rows)
