"""The reader of weight files: hand-made protobuf bytes, broken ones, hostile ones, and files of other kinds."""

import array
import contextlib
import importlib.util
import io
import itertools
import math
import os
import pathlib
import random
import struct
import sys
import tempfile
import time
import tracemalloc
import unittest
from unittest import mock

from helpers import ROOT

import deepdream

WEIGHT_FILE = str(ROOT / "InceptionV1.pb")


# ---- A protobuf writer, from the description of the wire format ---------------------------------------------

def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def fixed32(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def shape(*sizes):
    return b"".join(block(2, number(1, size)) for size in sizes)


def attribute(key, value):
    return block(5, block(1, key) + block(2, value))


def ints(key, *values):
    return attribute(key, block(1, block(3, b"".join(map(varint, values)))))


def string(key, value):
    return attribute(key, block(2, value))


def node(name, operation, *inputs_and_attributes):
    """`str` is the name of an input, `bytes` is an attribute."""
    rest = b"".join(block(3, one) if isinstance(one, str) else one for one in inputs_and_attributes)
    return block(1, block(1, name) + block(2, operation) + rest)


def floats(count, start=0.0):
    return array.array("f", [start + i / 8 for i in range(count)])


def little_endian(values):
    return struct.pack(f"<{len(values)}f", *values)


def constant(name, sizes, content=None, dtype=1):
    """A Const node; `content` is the part of the tensor that holds its numbers, by default tensor_content."""
    if content is None:
        count = 1
        for size in sizes:
            count *= size
        content = block(4, little_endian(floats(count)))
    tensor = number(1, dtype) + block(2, shape(*sizes)) + content
    return node(name, "Const", attribute("dtype", number(6, dtype)), attribute("value", block(8, tensor)))


# A network of every kind of layer. The table is written down here, not computed from the nodes.
NODES = [
    node("data", "Placeholder", attribute("dtype", number(6, 1)), attribute("shape", block(7, shape(1, 8, 8, 3)))),
    constant("a/weights", (3, 3, 3, 4)),
    node("a/weights/read", "Identity", "a/weights"),
    node("a/Conv2D", "Conv2D", "data", "a/weights/read", ints("strides", 1, 2, 2, 1), string("padding", "SAME"),
         string("data_format", "NHWC"), ints("dilations", 1, 1, 1, 1)),
    constant("a/biases", (4,)),
    node("a/biases/read", "Identity", "a/biases"),
    node("a/BiasAdd", "BiasAdd", "a/Conv2D", "a/biases/read", string("data_format", "NHWC")),
    node("a/a", "Relu", "a/BiasAdd"),
    node("pool", "MaxPool", "a/a", ints("ksize", 1, 3, 3, 1), ints("strides", 1, 1, 1, 1), string("padding", "SAME")),
    node("norm", "LRN", "pool", attribute("depth_radius", number(3, 2)), attribute("alpha", fixed32(4, 0.5)),
         attribute("beta", fixed32(4, 0.75)), attribute("bias", fixed32(4, 1.0))),
    node("output/axis", "Const", attribute("dtype", number(6, 3)),
         attribute("value", block(8, number(1, 3) + block(2, b"") + block(7, varint(3))))),
    node("output", "ConcatV2", "norm", "pool", "output/axis"),
    node("mean", "AvgPool", "output", ints("ksize", 1, 4, 4, 1), ints("strides", 1, 1, 1, 1),
         string("padding", "VALID")),
    node("flat", "Reshape", "mean"),
    constant("last/weights", (8, 5)),
    node("last/MatMul", "MatMul", "flat", "last/weights"),
    node("prob", "Softmax", "last/MatMul"),
]
OPERATIONS = (
    ("data", "Placeholder", (), "data", (8, 8, 3), {}),
    ("a_Conv2D", "Conv2D", ("data", "a_weights"), "a_Conv2D", (4, 4, 4), {"stride": (2, 2)}),
    ("a_BiasAdd", "BiasAdd", ("a_Conv2D", "a_biases"), "a_Conv2D", (4, 4, 4), {}),
    ("a", "Relu", ("a_Conv2D",), "a_Conv2D", (4, 4, 4), {}),
    ("pool", "MaxPool", ("a_Conv2D",), "pool", (4, 4, 4), {"stride": (1, 1), "ksize": (3, 3)}),
    ("norm", "LRN", ("pool",), "norm", (4, 4, 4), {"depth_radius": 2, "alpha": 0.5, "beta": 0.75, "bias": 1.0}),
    ("output", "ConcatV2", ("norm", "pool"), "output", (4, 4, 8), {}),
    ("mean", "AvgPool", ("output",), "mean", (1, 1, 8), {}),
    ("last_MatMul", "MatMul", ("mean", "last_weights"), "last_MatMul", (1, 1, 5), {}),
    ("prob", "Softmax", ("last_MatMul",), "prob", (1, 1, 5), {}),
)
WEIGHTS = (
    ("a_weights", "a/weights", (3, 3, 3, 4)),
    ("a_biases", "a/biases", (4,)),
    ("last_weights", "last/weights", (1, 1, 8, 5)),
)


class ReaderCase(unittest.TestCase):
    """A small network takes the place of Inception-V1, and bytes that of a file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        labels = pathlib.Path(folder.name, "labels")
        labels.write_text("a\nb\nc\nd\ne\n")
        for name, value in (("OPERATIONS", OPERATIONS), ("WEIGHTS", WEIGHTS), ("LABELS", str(labels))):
            patch = mock.patch.object(deepdream.inception_graph, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def load(self, content):
        with mock.patch.object(deepdream, "weight_bytes", lambda path: memoryview(bytes(content))):
            return deepdream.load_model("small.pb")

    def graph(self, content):
        with mock.patch.object(deepdream, "weight_bytes", lambda path: memoryview(bytes(content))):
            return deepdream.read_graph("small.pb")

    def refused(self, content, *words):
        """Loading fails with one line that names the file and holds `words`."""
        with self.assertRaises(deepdream.DeepDreamError) as caught:
            self.load(content)
        message = str(caught.exception)
        self.assertTrue(message.startswith("small.pb: ") and message.isprintable(), repr(message))
        self.assertLess(len(message), 800)
        for word in words:
            self.assertIn(word, message)
        return message

    def replaced(self, name, new):
        """The nodes, with `new` in the place of the one called `name`."""
        start = block(1, name)
        found = [i for i, one in enumerate(NODES) if one[one.index(b"\n", 1):].startswith(start)]
        self.assertEqual(len(found), 1, name)
        return b"".join(NODES[:found[0]] + [new] + NODES[found[0] + 1:])


class Wellformed(ReaderCase):
    def check(self, content):
        model = self.load(content)
        self.assertEqual({name: sizes for name, (sizes, _) in model.weights.items()},
                         {name: sizes for name, _, sizes in WEIGHTS})
        for _, values in model.weights.values():
            self.assertEqual(values.format, "f")
            self.assertEqual(values.tolist(), floats(len(values)).tolist())
        self.assertEqual([len(values) for _, values in model.weights.values()], [108, 4, 40])

    def test_loads(self):
        self.check(b"".join(NODES))

    def test_nodes_in_any_order(self):
        shuffled = list(NODES)
        random.Random(1).shuffle(shuffled)
        self.check(b"".join(shuffled))
        self.check(b"".join(reversed(NODES)))

    def test_unknown_fields_are_skipped(self):
        unknown = (number(1000, 1 << 63) + block(77, b"\xff" * 300) + fixed32(78, 1.5)
                   + varint(79 << 3 | 1) + bytes(8) + block((1 << 29) - 1, b""))
        self.check(unknown + unknown.join(NODES) + block(4, number(1, 987)) + unknown)
        name = block(1, "a/a") + block(2, "Relu") + block(3, "a/BiasAdd")
        self.check(self.replaced("a/a", block(1, unknown + name + block(4, "/cpu:0") + unknown)))
        self.check(self.replaced("a/a", node("a/a", "Relu", "a/BiasAdd", unknown)))

    def test_names_of_outputs_and_control_inputs(self):
        self.check(self.replaced("a/a", node("a/a", "Relu", "^data", "a/BiasAdd:0", "^nowhere")))

    def test_matrix_as_convolution(self):
        self.check(self.replaced("last/weights", constant("last/weights", (1, 1, 8, 5))))

    def test_numbers_one_by_one(self):
        packed = block(5, little_endian(floats(4)))
        single = b"".join(fixed32(5, value) for value in floats(4))
        halves = block(5, little_endian(floats(2))) + fixed32(5, 0.25) + fixed32(5, 0.375)
        for content in packed, single, halves:
            self.check(self.replaced("a/biases", constant("a/biases", (4,), content)))

    def test_last_number_fills_the_rest(self):
        for values, expected in (((2.5,), [2.5] * 4), ((1.5, -2.0), [1.5, -2.0, -2.0, -2.0]), ((), [0.0] * 4)):
            content = block(5, little_endian(values))
            model = self.load(self.replaced("a/biases", constant("a/biases", (4,), content)))
            self.assertEqual(model.weights["a_biases"][1].tolist(), expected)

    def test_axis_as_bytes(self):
        content = attribute("value", block(8, number(1, 3) + block(4, b"\3\0\0\0")))
        self.check(self.replaced("output/axis", node("output/axis", "Const", content)))

    def test_unpacked_and_overlong_integers(self):
        strides = attribute("strides", block(1, number(3, 1) + number(3, 2) + block(3, b"\x82\x80\x00\x01")))
        self.check(self.replaced("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", strides,
                                                  string("padding", "SAME"))))

    def test_negative_integers(self):
        graph = self.graph(node("x", "X", ints("list", -1, 5), attribute("one", number(3, -7)),
                                attribute("shape", block(7, shape(-1, 3)))))
        self.assertEqual(graph.nodes["x"].attributes, {"list": [-1, 5], "one": -7, "shape": (-1, 3)})

    def test_weights_are_views(self):
        """No weight is copied: changing the file's bytes changes the weight."""
        content = bytearray(b"".join(NODES))
        with mock.patch.object(deepdream, "weight_bytes", lambda path: memoryview(content)):
            model = deepdream.load_model("small.pb")
        at = content.index(little_endian(floats(108)))
        content[at:at + 4] = struct.pack("<f", 42.0)
        self.assertEqual(model.weights["a_weights"][1][0], 42.0)

    def test_other_byte_order(self):
        """Told that this machine is big-endian, the reader swaps what it reads, once and in a copy."""
        graph = self.graph(b"".join(NODES))
        tensor = graph.nodes["a/biases"].attributes["value"]
        with mock.patch.object(sys, "byteorder", "little" if sys.byteorder == "big" else "big"):
            swapped = tensor.floats()
        expected = array.array("f", floats(4))
        expected.byteswap()
        self.assertEqual(swapped.tobytes(), expected.tobytes())


class Different(ReaderCase):
    """Good protobuf, but not this network: the message names the node."""

    def test_missing_nodes(self):
        for name in ("data", "a/weights", "a/weights/read", "a/Conv2D", "a/biases", "a/a", "pool", "norm", "output",
                     "output/axis", "flat", "last/weights", "last/MatMul", "prob"):
            with self.subTest(name):
                self.refused(self.replaced(name, b""), "node ", "missing")

    def test_weights(self):
        for new, word in (
                (constant("a/weights", (3, 3, 3, 5)), "shape [3, 3, 3, 5]"),
                (constant("a/weights", (3, 3, 4, 3)), "shape [3, 3, 4, 3]"),
                (constant("a/weights", (108,)), "shape [108]"),
                (constant("a/weights", (3, 3, 3, 4), dtype=2), "float32"),
                (constant("a/weights", (3, 3, 3, 4), dtype=3), "float32"),
                (constant("a/weights", (3, 3, 3, 4), block(4, bytes(4 * 107))), "not as many"),
                (constant("a/weights", (3, 3, 3, 4), block(4, bytes(4 * 109))), "not as many"),
                (constant("a/weights", (3, 3, 3, 4), block(4, bytes(4 * 108 - 1))), "not as many"),
                (constant("a/weights", (3, 3, 3, 4), block(5, bytes(4 * 109))), "not as many"),
                (constant("a/weights", (-3, -3, 3, 4), b""), "shape"),
                (constant("a/weights", (1 << 62, 1 << 62, 3, 4), b""), "shape"),
                (node("a/weights", "Const"), "float32"),
                (node("a/weights", "Const", string("value", "SAME")), "float32"),
                (node("a/weights", "Variable"), "a/weights"),
                (constant("a_weights", (3, 3, 3, 4)) + node("a/weights/read", "Identity", "a_weights"), "missing"),
        ):
            with self.subTest(word):
                content = self.replaced("a/weights", new)
                if b"a_weights" in new:        # another node, of which only the short name is the same
                    content = content.replace(NODES[2], b"")
                self.refused(content, "a/weights", word)

    def test_operations(self):
        same, valid, stride = string("padding", "SAME"), string("padding", "VALID"), ints("strides", 1, 2, 2, 1)
        lrn = [attribute("depth_radius", number(3, 2)), attribute("beta", fixed32(4, 0.75))]
        for name, new in (
                ("a/a", node("a/a", "Elu", "a/BiasAdd")),
                ("a/a", node("a/a", "Relu", "a/Conv2D")),                        # the bias is left out
                ("a/a", node("a/a", "Relu")),
                ("a/a", node("a/a", "Relu", "a/BiasAdd", "a/BiasAdd")),
                ("pool", node("pool", "MaxPool", "a/BiasAdd", ints("ksize", 1, 3, 3, 1), ints("strides", 1, 1, 1, 1),
                              same)),                                            # taken before the Relu
                ("pool", node("pool", "MaxPool", "a/a", ints("ksize", 1, 2, 2, 1), ints("strides", 1, 1, 1, 1), same)),
                ("pool", node("pool", "MaxPool", "a/a", ints("ksize", 1, 3, 3, 1), stride, same)),
                ("pool", node("pool", "MaxPool", "a/a", same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", stride, valid)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", stride)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "a/weights", "data", stride, same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", ints("strides", 1, 1, 1, 1), same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", ints("strides", 2, 2, 2, 1), same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", string("strides", "22"), same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", attribute("strides", number(3, 2)), same)),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", stride, same,
                                  string("data_format", "NCHW"))),
                ("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", stride, same,
                                  ints("dilations", 1, 2, 2, 1))),
                ("norm", node("norm", "LRN", "pool", *lrn, attribute("alpha", fixed32(4, 0.25)))),
                ("norm", node("norm", "LRN", "pool", *lrn)),                     # alpha is 1 where none is given
                ("norm", node("norm", "LRN", "pool", *lrn, attribute("alpha", number(3, 1)))),
                ("norm", node("norm", "LRN", "pool", *lrn, attribute("alpha", fixed32(4, float("nan"))))),
                ("output", node("output", "ConcatV2", "pool", "norm", "output/axis")),
                ("output", node("output", "ConcatV2")),
                ("output", node("output", "ConcatV2", "norm", "pool", "a/weights")),
                ("last/MatMul", node("last/MatMul", "MatMul", "flat", "last/weights",
                                     attribute("transpose_b", number(5, 1)))),
        ):
            with self.subTest(name):
                self.refused(self.replaced(name, new), f"node {name}: ")

    def test_axis(self):
        for content in block(7, varint(2)), block(4, b"\2\0\0\0"), block(7, varint(1 << 40)), b"", block(4, b"\3"):
            with self.subTest(content):
                value = attribute("value", block(8, number(1, 3) + content))
                self.refused(self.replaced("output/axis", node("output/axis", "Const", value)), "node output: ")

    def test_circles(self):
        self.refused(self.replaced("flat", node("flat", "Reshape", "flat")), "node last/MatMul: ")
        loop = node("flat", "Reshape", "other") + node("other", "Identity", "flat")
        self.refused(self.replaced("flat", loop), "node last/MatMul: ")
        self.refused(self.replaced("a/a", node("a/a", "Relu", "a/a")), "node a/a: ")

    def test_second_node_of_a_name(self):
        self.refused(b"".join(NODES) + NODES[-1], "a second node is called prob")

    def test_names_cannot_spoil_the_message(self):
        nasty = "new\nline\r\x1b[31m\u202e" + "x" * 100_000
        self.refused(self.replaced("a/a", node("a/a", nasty, "a/BiasAdd")), "\\n", "...")
        self.refused(self.replaced("a/a", node("a/a", "Relu", nasty)), "\\n", "...")
        self.refused(b"".join(NODES) + node(nasty, "X") * 2, "\\n", "...")
        self.refused(self.replaced("a/a", node("a/a", "Relu", *[nasty] * 50)), "\\n")
        self.refused(self.replaced("a/Conv2D", node("a/Conv2D", "Conv2D", "data", "a/weights", string("padding", nasty),
                                                    ints("strides", 1, 2, 2, 1))), "\\n")
        self.refused(self.replaced("pool", node("pool", "MaxPool", "a/a", ints("strides", *[1 << 60] * 5000))))


class Broken(ReaderCase):
    """No protobuf: the message says at which byte, after which node."""

    def test_fields(self):
        good = NODES[0]
        for bad, word in (
                (b"\x0b", "wire type 3"), (b"\x0c", "wire type 4"), (b"\x0e", "wire type 6"), (b"\x0f", "wire type 7"),
                (b"\x02\x00", "no field number 0"),
                (varint(1 << 32 | 2) + b"\0", "no field number"),
                (b"\x0a", "cut off"), (b"\x0a\x80", "cut off"), (b"\x08", "cut off"),
                (b"\x0a" + b"\xff" * 10 + b"\x01", "10 bytes"),
                (b"\x0a" + varint((1 << 64) - 1), f"claims {(1 << 64) - 1} bytes where 0 are left"),
                (b"\x0a" + varint((1 << 63) - 1), "claims"),
                (b"\x15\0\0\0", "claims 4 bytes where 3"), (b"\x11" + bytes(7), "claims 8 bytes where 7"),
                (b"\x08\x01", "wire type 0 where 2"),
                (block(1, b""), "no name"), (block(1, block(1, "x")), "no name"), (block(1, block(2, "x")), "no name"),
                (block(1, number(1, 5)), "wire type"), (block(1, block(1, b"\xff\xfe")), "UTF-8"),
                (node("x", "X", attribute("i", block(3, b"1"))), "wire type 2 where 0"),
                (node("x", "X", attribute("f", number(4, 1))), "wire type 0 where 5"),
                (node("x", "X", attribute("t", block(8, block(5, bytes(6))))), "floats"),
                (node("x", "X", attribute("t", block(8, number(5, 1)))), "floats"),
                (node("x", "X", attribute("t", block(8, varint(5 << 3 | 1) + bytes(8)))), "floats"),
                (node("x", "X", attribute("s", block(7, block(2, block(1, b""))))), "wire type"),
                (node("x", "X", attribute("l", block(1, block(3, b"\x80")))), "cut off"),
        ):
            with self.subTest(bad[:20]):
                self.refused(good + bad, "at byte ", "after node data", word)
                self.refused(bad if bad[:1] < b" " else number(9, 1) + bad)

    def test_position_is_exact(self):
        good = NODES[0]
        self.assertIn(f"at byte {len(good)} of {len(good) + 3},", self.refused(good + b"\x0a\x05\x01"))
        self.assertIn("before any node", self.refused(b"\x0a\x05\x01"))

    def test_every_truncation(self):
        whole = b"".join(NODES)
        for length in range(len(whole)):
            message = self.refused(whole[:length])
            self.assertRegex(message, "cut short at byte|missing|no |nothing|makes? no sense|text file")
        self.load(whole)

    def test_endless_nesting(self):
        """Messages in messages, 100,000 deep: as a function (skipped), as lists of lists, as shapes of shapes."""
        for field in 1, 2, 5, 8, 10:
            nest, prefix = b"", varint(field << 3 | 2)
            with self.subTest(field=field):
                for _ in range(3000):
                    nest = prefix + varint(len(nest)) + nest
                self.refused(nest)
                with contextlib.suppress(deepdream.DeepDreamError):
                    self.graph(node("x", "X", attribute("deep", nest)) + b"".join(NODES))

    def test_little_time_and_memory(self):
        """Files made to cost much: millions of fields, of nodes, of numbers; shapes for terabytes."""
        many, traced = 3_000_000, 4 if sys.gettrace() else 1          # coverage takes its time
        huge = block(2, shape(1 << 40, 1 << 20))
        for name, content in (
                ("empty fields", b"\x22\x00" * many),
                ("empty nodes", b"\x0a\x00" * many),
                ("nodes", b"".join(node(f"n{i}", "X") for i in range(20_000))),
                ("inputs", node("x", "X", b"\x1a\x00" * many)),
                ("attributes", node("x", "X", b"\x2a\x00" * many)),
                ("integers", node("x", "X", attribute("list", block(1, block(3, b"\1" * many))))),
                ("dimensions", node("x", "X", attribute("s", block(7, b"\x12\x00" * many)))),
                ("single floats", constant("a/weights", (3, 3, 3, 4), fixed32(5, 1.0) * 1_000_000)),
                ("long name", node("x" * 10_000_000, "X") + b"\x0b"),
                ("shape of a fill", self.replaced("a/weights", constant(
                    "a/weights", (1 << 40, 1 << 20), block(5, little_endian([1.0]))))),
                ("shape", node("x", "X", attribute("t", block(8, huge + block(5, bytes(4)))))),
        ):
            with self.subTest(name), mock.patch.object(deepdream, "MAX_FIELDS", 20_000):
                tracemalloc.start()
                started = time.process_time()
                self.refused(content)
                seconds = time.process_time() - started
                peak = tracemalloc.get_traced_memory()[1] - len(content)       # load() makes a copy, a file is mapped
                tracemalloc.stop()
                self.assertLess(seconds, 2 * traced)
                self.assertLess(peak, 12e6)
        started = time.process_time()
        self.refused(b"\x22\x00" * many, f"more than {deepdream.MAX_FIELDS} fields")
        self.assertLess(time.process_time() - started, 3 * traced)


class Mutated(ReaderCase):
    """Thousands of files with a few wrong bytes: each loads whole or is refused in one line."""

    def mutate(self, whole, dice):
        content = bytearray(whole)
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            at = dice.randrange(len(content))
            length = dice.choice((1, 1, 2, 5, 30))
            how = dice.randrange(6)
            if how == 0:
                content[at] ^= 1 << dice.randrange(8)
            elif how == 1:
                content[at] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
            elif how == 2:
                del content[at:at + length]
            elif how == 3:
                content[at:at] = dice.randbytes(length)
            elif how == 4:
                other = dice.randrange(len(content))
                content[at:at + length] = content[other:other + length]
            else:
                content[at:at] = varint(dice.choice(((1 << 64) - 1, 1 << 63, 1 << 31, 1 << 28, 1 << 14)))
            if len(content) < 2:
                content += whole
        return content

    def test_small_graph(self):
        dice = random.Random(20210617)
        whole = b"".join(NODES)
        loaded = 0
        started = time.process_time()
        for _ in range(5_000):
            content = self.mutate(whole, dice)
            try:
                model = self.load(content)
            except deepdream.DeepDreamError as error:
                self.assertTrue(str(error).isprintable(), error)
            else:
                loaded += 1
                self.assertEqual([len(view) for _, view in model.weights.values()], [108, 4, 40])
        self.assertGreater(loaded, 250)        # changes in numbers of weights, in attributes that nobody reads
        self.assertLess(loaded, 9000)
        self.assertLess(time.process_time() - started, 60)


class RealFile(unittest.TestCase):
    def test_mutations_of_the_structure(self):
        """Bytes around the names of nodes, changed in the 28 MB file; the weights between them are left alone."""
        dice = random.Random(7)
        with open(WEIGHT_FILE, "rb") as file:
            content = bytearray(file.read())
        places = []
        for name, *_ in deepdream.inception_graph.OPERATIONS:
            place = content.find(name.rpartition("_")[0].encode())
            places += [place] if place > 0 else []
        refused = 0
        for _ in range(60):
            at = min(max(dice.choice(places) + dice.randrange(-12, 90), 0), len(content) - 1)
            before = content[at]
            content[at] = dice.choice((0, 255, before ^ 1 << dice.randrange(8)))
            with mock.patch.object(deepdream, "weight_bytes", lambda path: memoryview(content)):
                try:
                    deepdream.load_model("InceptionV1.pb")
                except deepdream.DeepDreamError as error:
                    refused += 1
                    self.assertTrue(str(error).isprintable(), error)
            content[at] = before
        self.assertGreater(refused, 20)

    def test_truncations(self):
        with open(WEIGHT_FILE, "rb") as file:
            content = memoryview(file.read())
        for length in (20, 100, 37_000, 40_000, 1_000_000, len(content) // 2, len(content) - 30, len(content) - 1):
            part = content[:length]
            with self.subTest(length), mock.patch.object(deepdream, "weight_bytes", lambda path, part=part: part), \
                    self.assertRaisesRegex(deepdream.DeepDreamError, "cut short at byte"):
                deepdream.load_model("InceptionV1.pb")

    def test_loads_fast(self):
        best = float("inf")
        for _ in range(5):
            started = time.process_time()
            model = deepdream.load_model(WEIGHT_FILE)
            best = min(best, time.process_time() - started)
        self.assertEqual(len(model.weights), 116)
        self.assertEqual(sum(len(values) for _, values in model.weights.values()), 6_998_552)
        self.assertLess(best, 2.0)             # 0.02 s where this was written; a busy machine is no failure

    @unittest.skipUnless(importlib.util.find_spec("tensorflow"), "TensorFlow is not installed")
    def test_against_tensorflow(self):
        with contextlib.redirect_stderr(io.StringIO()):
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            import tensorflow as tf
        expected = tf.compat.v1.GraphDef()
        with open(WEIGHT_FILE, "rb") as file:
            expected.ParseFromString(file.read())
        graph = deepdream.read_graph(WEIGHT_FILE)
        self.assertEqual(list(graph.nodes), [one.name for one in expected.node])
        for one in expected.node:
            ours = graph.nodes[one.name]
            self.assertEqual((ours.operation, ours.inputs), (one.op, list(one.input)))
            self.assertEqual(set(ours.attributes), set(one.attr))
            for key in ("strides", "ksize"):
                self.assertEqual(ours.attributes.get(key, []), list(one.attr[key].list.i) if key in one.attr else [])
            if one.op == "Const" and one.attr["dtype"].type == tf.float32.as_datatype_enum:
                values = tf.make_ndarray(one.attr["value"].tensor)
                self.assertEqual(ours.attributes["value"].shape, values.shape)
                self.assertEqual(ours.attributes["value"].floats().tobytes(), values.tobytes())


class OtherNetworks(ReaderCase):
    """A graph that does not claim to be the network of the table becomes a table of its own."""

    FLAT = node("flat/shape", "Const", attribute("dtype", number(6, 3)), attribute("value", block(
        8, number(1, 3) + block(2, shape(2)) + block(4, struct.pack("<2i", -1, 8)))))
    RENAMED = (FLAT + b"".join(NODES)).replace(b"a/", b"z/").replace(b"data", b"view").replace(
        b"norm", b"mron").replace(b"output", b"result").replace(b"pool", b"loop").replace(b"mean", b"most").replace(
        node("flat", "Reshape", "most"), node("flat", "Reshape", "most", "flat/shape"))

    def test_its_own_table(self):
        model = self.load(self.RENAMED)
        self.assertEqual([row[1] for row in model.operations], [row[1] for row in OPERATIONS])
        self.assertEqual([row[4] for row in model.operations], [row[4] for row in OPERATIONS])
        self.assertEqual([{"stride": (1, 1)} | row[5] for row in model.operations],
                         [{"stride": (1, 1)} | row[5] for row in OPERATIONS])
        self.assertEqual((model.input.name, model.output, model.size()), ("view", "prob", (8, 8)))
        self.assertEqual(model.labels, list("abcde"))
        self.assertIn("not Inception-V1", model.note)

    def test_every_mode_works_with_it(self):
        network = deepdream.Network(self.load(self.RENAMED), "python", 1)
        dice = random.Random(2)
        picture = deepdream.Picture(11, 9, bytearray(dice.randbytes(3 * 11 * 9)))
        self.assertEqual(len(deepdream.classify(network, picture)), 5)
        dreamt = deepdream.dream(network, picture, deepdream.Recipe(octaves=2, steps=1, tile=8))
        self.assertEqual((dreamt.width, dreamt.height), (15, 12))
        self.assertEqual(deepdream.adversarial(network, picture, 3, 1).steps, 1)
        network.close()

    def test_what_is_not_known_is_named(self):
        window = node("mean", "AvgPool", "output", ints("ksize", 1, 2, 2, 1), ints("strides", 1, 1, 1, 1),
                      string("padding", "VALID"))
        self.refused(self.replaced("mean", window), "node mean", "(2, 2)")
        elu = NODES[0].replace(b"data", b"view") + node("x", "Elu", "view")
        self.refused(elu, "node x", "Elu", "Conv2D")
        self.refused(NODES[0].replace(b"data", b"view") + node("x", "Relu", "y"), "node x", "missing")
        conv = node("x", "Conv2D", "view", "w", ints("strides", 1, 1, 1, 1), string("padding", "SAME"))
        self.refused(NODES[0].replace(b"data", b"view") + constant("w", (1, 1, 4, 4)) + conv, "node x", "3 channels")
        self.refused(node("x", "X"), "X")

    def test_mutations(self):
        dice = random.Random(5)
        loaded = 0
        for _ in range(3000):
            content = Mutated.mutate(self, self.RENAMED, dice)
            try:
                deepdream.Network(self.load(content), "python", 1)
                loaded += 1
            except deepdream.DeepDreamError as error:
                self.assertTrue(str(error).isprintable(), error)
        self.assertGreater(loaded, 100)


class OtherFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def refused(self, path, *words, advice="deepdream download"):
        for read in deepdream.read_graph, deepdream.load_model:
            with self.assertRaises(deepdream.DeepDreamError) as caught:
                read(path)
            message = str(caught.exception)
            self.assertTrue(message.startswith(f"{path}: ") and message.isprintable(), repr(message))
            self.assertIn(advice, message)
            for word in words:
                self.assertIn(word, message)

    def file(self, content):
        path = os.path.join(self.folder, "file.pb")
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_kinds(self):
        for content, word in (
                (b"", "empty"), (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
                (b"BM\x36\x4c\2\0", "BMP"), (b"GIF89a\1\0", "GIF"), (b"PK\3\4\0\0", "ZIP"),
                (b"\x89HDF\r\n\x1a\n", "HDF5"), (b"<!DOCTYPE html>\n<html>", "web page"),
                (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "LFS"),
                (b"Dear diary,\nno graph today.\n", "text"), (b"\n\n\n\n", "text"),
                (bytes(1000), "no field number 0"), (b"\x80" * 1000, "10 bytes"),
                (number(1, 1) + block(2, b"meta graph"), "SavedModel"),
                (number(1, 8) + block(2, "pytorch") + block(3, "2.13"), "ONNX"), (number(1, 7) + block(7, b""), "ONNX"),
        ):
            with self.subTest(word):
                exported = word in ("ZIP", "HDF5", "SavedModel")
                self.refused(self.file(content), word,
                             advice="export it as one of these: docs/networks.md" if exported else "deepdream download")

    def test_noise(self):
        dice = random.Random(3)
        for length in itertools.chain(range(1, 40), (1000, 100_000)):
            self.refused(self.file(dice.randbytes(length)))

    def test_paths(self):
        self.refused(self.folder, "not a file")
        self.refused(os.path.join(self.folder, "nothing.pb"), "No such file")
        if os.path.exists("/dev/zero"):
            self.refused("/dev/zero", "not a file")
        if hasattr(os, "mkfifo"):
            os.mkfifo(os.path.join(self.folder, "pipe"))
            self.refused(os.path.join(self.folder, "pipe"), "not a file")
        with self.assertRaises(deepdream.DeepDreamError):
            deepdream.read_graph("null\0byte")

    @unittest.skipIf(not hasattr(os, "geteuid") or os.geteuid() == 0, "root may read everything")
    def test_unreadable(self):
        path = self.file(b"\x0a")
        os.chmod(path, 0)
        self.refused(path, "cannot be read")

    def test_a_weight_file_cut_while_it_is_used(self):
        """The content is read, not mapped: touching what is gone of a mapped file would end the process."""
        path = self.file(pathlib.Path(WEIGHT_FILE).read_bytes())
        model = deepdream.load_model(path)
        os.truncate(path, 100)
        self.assertEqual(sum(map(math.prod, (shape for shape, _ in model.weights.values()))),
                         sum(len(values.tolist()) for _, values in model.weights.values()))

    def test_labels(self):
        labels = deepdream.read_labels(str(ROOT / "ImageNet_standard.txt"))
        self.assertEqual((len(labels), labels[0], labels[162], labels[852]),
                         (1000, "tench, Tinca tinca", "beagle", "tennis ball"))
        for content in b"", b"cat\n" * 999, b"cat\n" * 1001, b"\n" + b"cat\n" * 999, b"\xff\xfe\n" * 1000, bytes(9999):
            path = self.file(content)
            with self.assertRaises(deepdream.DeepDreamError) as caught:
                deepdream.load_model(WEIGHT_FILE, path)
            self.assertTrue(str(caught.exception).startswith(f"{path}: "))
            self.assertTrue(str(caught.exception).isprintable())
        with self.assertRaises(deepdream.DeepDreamError):
            deepdream.load_model(WEIGHT_FILE, self.folder)

    def test_data_file(self):
        self.assertTrue(os.path.samefile(deepdream.data_file("InceptionV1.pb"), WEIGHT_FILE))
        with self.assertRaisesRegex(deepdream.DeepDreamError, "^nothing.txt: not found"):
            deepdream.data_file("nothing.txt")


if __name__ == "__main__":
    unittest.main()
