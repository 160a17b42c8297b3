"""The register of drawings: one function per class, with its index and label in the ImageNet list.

    @drawing(207, 'golden retriever', 'beast')
    def golden_retriever(canvas): ...

The function paints one thing into the box -1..1 of the canvas (kinds that fill the sheet: see KINDS in
scenes.py); where, how large and in what surroundings it stands is the scene's work.
"""

import dataclasses
import importlib
from collections.abc import Callable

MODULES = ("mammals", "dogs", "birds", "sea", "insects", "plants_food", "patterns", "buildings", "vehicles",
           "things")


class UnknownClass(Exception):
    """A class was asked for that is not drawn: one line for the user."""


@dataclasses.dataclass(frozen=True)
class Drawing:
    """One class: its index and label in the ImageNet list, its kind of scene, its function, its options."""
    index: int
    label: str
    kind: str
    paint: Callable
    options: dict


_drawings: dict[int, Drawing] = {}


def drawing(index, label, kind, **options):
    """Register the decorated function as class `index`. Options overrule those of the kind (scenes.KINDS):
    places, size, tilt, many, shadow."""
    def register(paint):
        if index in _drawings and _drawings[index].paint.__qualname__ != paint.__qualname__:
            raise ValueError(f"class {index} is drawn twice: {_drawings[index].label} and {label}")
        _drawings[index] = Drawing(index, label, kind, paint, options)
        return paint
    return register


def drawings():
    """All classes: index -> Drawing, in the order of their indices."""
    for module in MODULES:
        importlib.import_module(f"{__package__}.{module}")
    return dict(sorted(_drawings.items()))


def find(names):
    """Class indices for names or numbers ('207', 'golden retriever'); all classes for an empty list."""
    known = drawings()
    labels = {d.label: i for i, d in known.items()}
    found = []
    for name in names:
        index = labels.get(name, int(name) if name.isdecimal() else None)
        if index not in known:
            raise UnknownClass(f"{name}: no such class; known: " + ", ".join(labels))
        found.append(index)
    return found or list(known)
