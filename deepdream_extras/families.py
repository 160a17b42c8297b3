"""How a network wants its picture and what its classes are called, which its file does not say.

Families of networks are recognised by the names in the file: a row of FAMILIES for each. A file NAME.json beside the
model says otherwise, and so do --input-order, --input-mean and --input-scale. Labels lie beside the model too, or are
the 1000 of ImageNet, whose order Caffe, Keras, torchvision and slim share.
Sources: the preprocessing functions of keras.applications, the README files of the ONNX model zoo, torchvision's
documentation of its weights, slim's preprocessing_factory.py, TensorFlow's DeepDream tutorial.
"""

from __future__ import annotations

import array
import contextlib
import json
import math
import os
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import DeepDreamError, Input

Numbers = tuple[float, float, float]


class Wanted(NamedTuple):
    """How a network wants its picture: (level - mean) * scale, levels 0 to 255, channels in this order."""
    order: str
    mean: Numbers               # for each channel in that order, as scale
    scale: Numbers = (1.0, 1.0, 1.0)

    def in_order(self, order: str) -> Wanted:
        """The same for each colour, with the channels in this order."""
        return self if order == self.order else Wanted(order, self.mean[::-1], self.scale[::-1])

    def __str__(self) -> str:
        return f"{self.order}, (level - {some(self.mean)}) * {some(self.scale)}"


def some(values: Numbers) -> str:
    return f"{values[0]:.6g}" if len(set(values)) == 1 else "(" + ", ".join(f"{value:.6g}" for value in values) + ")"


TORCH = Wanted("RGB", (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375))       # of levels 0 .. 255
CAFFE = Wanted("BGR", (104.0, 117.0, 123.0))
KERAS_CAFFE = Wanted("BGR", (103.939, 116.779, 123.68))
CENTRED = Wanted("RGB", (127.5,) * 3, (1 / 127.5,) * 3)
AS_IT_IS = Wanted("RGB", (0.0,) * 3)


class Family(NamedTuple):
    """A row of FAMILIES."""
    name: str
    marks: str                  # regular expressions that some name in the file has to match, each
    wanted: Wanted


FAMILIES = (        # the first that fits
    Family("inception5h", r"mixed3a$ softmax2$", Wanted("RGB", (117.0,) * 3)),
    Family("Inception-v3 of 2015, which scales levels itself", r"ResizeBilinear$ mixed_10/join$", AS_IT_IS),
    Family("Keras, which scales levels itself", r"(^|/)(rescaling|convnext_\w+_prestem_normalization)(_\d+)*/",
           AS_IT_IS),
    Family("Keras ConvNeXt without its own scaling", r"(^|/)convnext_\w+_stem(_\d+)*/", TORCH),
    Family("Keras ResNet-v2", r"conv2_block1_preact_(bn|relu)", CENTRED),
    Family("Keras VGG", r"block1_conv1(_\d+)?/ block5_conv\d", KERAS_CAFFE),
    Family("Keras DenseNet", r"conv2_block1_concat", TORCH),
    Family("Keras ResNet", r"conv2_block1_1_conv", KERAS_CAFFE),
    Family("Keras Inception, Xception or MobileNet", r"(^|/)mixed\d+(_\d+)?/concat|mixed_7a|block2_sepconv1|"
           r"block_1_expand|conv_dw_1|stem_conv1", CENTRED),
    Family("slim ResNet or VGG", r"^(resnet_v1_\d+|vgg_\d+)/", Wanted("RGB", (123.68, 116.78, 103.94))),
    Family("slim", r"^(Inception(V\d|Resnet\w*)|Mobilenet\w*|resnet_v2_\d+)/", CENTRED),
    Family("torchvision", r"^onnx:(pytorch|pkg\.torch)", TORCH),
    Family("DenseNet of Caffe", r"^onnx: conv2_1/x1|conv1/bn_w fc6", KERAS_CAFFE._replace(scale=(0.017,) * 3)),
    Family("Caffe", r"^onnx:(onnx-caffe2|caffe)", CAFFE),
    Family("unknown, with channels first as PyTorch has them", r"^onnx:", TORCH),
    Family("unknown", r"", Wanted("BGR", Input().mean)),
)

LABEL_FILES = ("imagenet_comp_graph_label_strings.txt", "labels.txt", "imagenet_slim_labels.txt", "synset.txt")
LARGEST_TEXT = 1 << 20


def companions(path: str) -> dict[str, bytes]:
    """The files beside a model that say how it is fed and what its classes are called: name -> content."""
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    names = [stem + ".json", stem + ".txt", *LABEL_FILES]
    with contextlib.suppress(DeepDreamError):           # that it is broken is told when the model is read
        names.append(Facts(path, ()).wish("labels"))
    found: dict[str, bytes] = {}
    for name in filter(None, names):
        if name == os.path.basename(name) and os.path.isfile(one := os.path.join(folder, name)):
            with open(one, "rb") as file:
                found[name] = file.read(LARGEST_TEXT)
    return found


class Facts:
    """What is to be known of the model in the file `path` beside its operations."""

    def __init__(self, path: str, names: Sequence[str]):
        self.path = str(path)
        self.family = next(row for row in FAMILIES if all(
            any(re.search(mark, name) for name in names) for mark in row.marks.split()))
        self.beside = self.read_beside()
        self.labels_from = ""

    def read_beside(self) -> dict[str, Any]:
        """NAME.json beside the model: order, mean, scale, labels, layer; {} if there is none."""
        path = os.path.splitext(self.path)[0] + ".json"
        if not os.path.isfile(path):
            return {}
        expected = ('expected {"order": "RGB", "mean": [123.7, 116.3, 103.5], "scale": 0.017, "labels": FILE,'
                    ' "layer": NAME}')
        try:
            with open(path, encoding="utf-8") as file:
                found = json.loads(file.read(LARGEST_TEXT))
        except (OSError, ValueError, RecursionError) as error:
            raise DeepDreamError(f"{path}: cannot be read as JSON ({getattr(error, 'strerror', None) or 'broken'});"
                                 f" {expected}") from None
        known: dict[str, Any] = {"order": str, "labels": str, "layer": str,
                                 **dict.fromkeys(("mean", "scale"), (int, float, list))}
        for key, value in found.items() if isinstance(found, dict) else [("", None)]:
            if key not in known or not isinstance(value, known[key]) or (
                    key in ("mean", "scale") and not numbers(value)) or key == "order" and value not in ORDERS:
                raise DeepDreamError(f"{path}: {deepdream.short(key) or 'no object'}: "
                                     f"{deepdream.short(str(value))}; {expected}")
        return found

    def wish(self, key: str) -> Any:
        return self.beside.get(key, "")

    def wanted(self) -> Wanted:
        wanted = self.family.wanted
        if "order" in self.beside:
            wanted = wanted.in_order(self.beside["order"])
        return wanted._replace(**{key: numbers(self.beside[key]) for key in ("mean", "scale") if key in self.beside})

    def labels(self, path: str | None, count: int) -> list[str]:
        """The names of `count` classes: of the file `path`, of one beside the model, of ImageNet, or numbers."""
        named = path or self.wish("labels") and os.path.join(os.path.dirname(self.path), self.wish("labels"))
        folder, stem = os.path.dirname(self.path), os.path.splitext(self.path)[0]
        beside = [stem + ".txt", *(os.path.join(folder, name) for name in LABEL_FILES)]
        for one in [named] if named else filter(os.path.isfile, beside):
            lines = read_lines(one)
            if 0 < count - len(lines) <= 8:             # outputs that were never used, at the end
                lines += [f"class {i}" for i in range(len(lines), count)]
            if len(lines) == count:
                self.labels_from = f"its classes are called as in {one}"
                return lines
            if named:
                raise DeepDreamError(f"{one}: {len(lines)} class names for a network of {count} classes; expected one a"
                                     " line; give another file")
            if one == beside[0]:                        # the others may be another model's
                self.labels_from = f"{one} is not used: {len(lines)} names for a network of {count} classes"
        standard, known = deepdream.data_file(deepdream.inception_graph.LABELS), inception_classes()
        if count == known:
            return deepdream.read_labels(standard, known)
        if count == known + 1:
            return ["background", *deepdream.read_labels(standard, known)]
        self.labels_from = self.labels_from or ("its classes have numbers only; a file of names, one a line, such as "
                            f"{os.path.basename(stem)}.txt or {LABEL_FILES[0]} beside the model would name them")
        return [f"class {i}" for i in range(count)]

    def notes(self, operations: int) -> list[str]:
        """What a user should know of what is assumed."""
        source = "as its .json says" if {"order", "mean", "scale"} & self.beside.keys() else f"as {self.family.name}"
        return [f"{self.path}: not Inception-V1, but a network of {operations} operations; taken to want pictures "
                f"{source}: {self.wanted()}{OTHERWISE}"
                + f"; {self.labels_from}" * bool(self.labels_from)]


OTHERWISE = "; --input-order, --input-mean and --input-scale say otherwise"
ORDERS = ("RGB", "BGR")


def inception_classes() -> int:
    return deepdream.inception_graph.OPERATIONS[-1][4][2]


def numbers(value: Any) -> Any:
    """Three numbers, given as three or as one for all; () if they are none."""
    values = value if isinstance(value, list) else [value]
    good = len(values) in (1, 3) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) and abs(one) < 1e6
        for one in values)
    return tuple(map(float, values * (3 // len(values)))) if good else ()


INPUT = "levels"        # what the row is called that gives each channel a scale of its own


def with_input(model: deepdream.Model, wanted: Wanted) -> deepdream.Model:
    """The model, told how its picture is to be. Where channels differ in scale, a Scale becomes its first layer."""
    first, *others = model.operations
    weights = {name: weight for name, weight in model.weights.items() if name != INPUT + "_weights"}
    old = first[0]
    if others[0][0] == INPUT:
        old = others.pop(0)[3]
    whole, new = wanted.scale[1], first[0]
    rows = [first]
    if set(wanted.scale) != {whole}:
        new = INPUT
        weights[INPUT + "_weights"] = (3,), memoryview(array.array("f", [scale / whole for scale in wanted.scale]))
        rows.append((INPUT, "Scale", (first[0], INPUT + "_weights"), INPUT, first[4], {}))
    rows += [(name, kind, tuple(new if one == old else one for one in inputs), buffer, shape, parameters)
             for name, kind, inputs, buffer, shape, parameters in others]
    return model._replace(operations=tuple(rows), weights=weights,
                          input=Input(first[0], wanted.order, wanted.mean, whole))


def input_wanted(model: deepdream.Model) -> Wanted:
    """How the model's picture is to be, as with_input was told."""
    scale = [model.input.scale] * 3
    if model.operations[1][0] == INPUT:
        scale = [one * model.input.scale for one in model.weights[INPUT + "_weights"][1]]
    return Wanted(model.input.order, model.input.mean, (scale[0], scale[1], scale[2]))


def as_wished(model: deepdream.Model, options: SimpleNamespace) -> deepdream.Model:
    """The model with what --input-order, --input-mean and --input-scale say."""
    wanted = input_wanted(model)
    if options.input_order:
        wanted = wanted.in_order(options.input_order)
    for key, value in (("mean", options.input_mean), ("scale", options.input_scale)):
        if value:
            wanted = wanted._replace(**{key: value})
    note = model.note.replace(OTHERWISE, f"; but as the options say: {wanted}")
    return with_input(model, wanted)._replace(note=note)


def read_lines(path: str) -> list[str]:
    """The class names in a text file; of a line such as n01440764 tench the name."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read(LARGEST_TEXT).splitlines()
    except (OSError, ValueError) as error:
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); expected class"
                             " names, one a line") from None
    while lines and not lines[-1]:
        lines.pop()
    names = [re.sub(r"^n\d{8}\s+", "", line).strip() for line in lines]
    return [name or f"class {i}" for i, name in enumerate(names)]
