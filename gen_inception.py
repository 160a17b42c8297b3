#!/usr/bin/env python3
"""Writes the table of Inception-V1, inception_graph.py, and the reference tensors in test/.

    python3 gen_inception.py              read InceptionV1.pb, write inception_graph.py
    python3 gen_inception.py test         run InceptionV1.pb on cat_dog224.bmp in TensorFlow, write test/

The table holds names, shapes and parameters, no weights: those stay in their file, where deepdream finds them
by name. It needs nothing but Python. The tensors need TensorFlow (2.21 made those in test/); no user does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

try:
    import inception_graph  # noqa: F401
except ImportError:        # deepdream imports the table that is written here; at first an empty one will do
    sys.modules["inception_graph"] = types.ModuleType("inception_graph")
import deepdream

HERE = os.path.dirname(os.path.abspath(__file__))
LABELS = "ImageNet_standard.txt"
DREAM_LAYER = "inception_4c_output"
LINE = 110

# ---- The table ---------------------------------------------------------------------------------------------

class Table:
    """The graph as rows: `operations` and `weights` as in inception_graph.py, grown node by node, inputs first.

    For graphs that have their nodes in order and no kind of layer but Inception-V1's; deepdream_extras/networks.py
    reads any other.
    """

    def __init__(self, graph: deepdream.Graph) -> None:
        self.graph = graph
        self.constants = {deepdream.operand_name(name): node for name, node in graph.nodes.items()
                          if node.operation == "Const"}
        self.operations: list[deepdream.Row] = []
        self.weights: list[tuple[str, str, deepdream.Shape]] = []
        self.shapes: dict[str, deepdream.Shape] = {}        # buffer or weight -> its shape
        self.buffers: dict[str, str] = {}                   # operation -> the buffer that it writes
        for node in graph.nodes.values():
            if node.operation not in ("Const", "Identity", "Reshape"):
                self.add_operation(node)

    def add_operation(self, node: deepdream.Node) -> None:
        name, kind = deepdream.operand_name(node.name), deepdream.KINDS[node.operation]
        inputs = tuple(self.buffers.get(one, one) for one in deepdream.node_inputs(self.graph, node))
        for operand in inputs:
            if operand not in self.shapes:
                self.add_weight(operand, node)
        shapes = [self.shapes[operand] for operand in inputs]
        parameters = deepdream.node_parameters(self.graph, node, shapes)
        shape = kind.shape(shapes, parameters) if shapes else node.attributes["shape"][1:]
        buffer = inputs[0] if kind.in_place else name
        self.buffers[name] = buffer
        self.shapes[buffer] = shape
        self.operations.append((name, node.operation, inputs, buffer, shape, parameters))

    def add_weight(self, operand: str, user: deepdream.Node) -> None:
        node = self.constants[operand]
        shape = node.attributes["value"].shape
        if user.operation == "MatMul":          # the matrix of a classifier counts as a 1x1 convolution
            shape = (1, 1, *shape)
        self.shapes[operand] = shape
        self.weights.append((operand, node.name, shape))


def table_text(path: str) -> str:
    """The text of inception_graph.py for the weight file `path`, whose nodes stand in order of execution."""
    table = Table(deepdream.read_graph(path))
    with open(path, "rb") as file:
        content = file.read()
    origin = f"{os.path.basename(path)} ({len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()})"
    return f'''\
# Written by gen_inception.py from {origin}; to write it again: python3 gen_inception.py
"""Inception-V1 (GoogLeNet) as a table: what is computed, in which order, from which weights.

Tensors are [h, w, c], here for a picture of 224 x 224; weights are [kh, kw, ci, co], biases [co].
BiasAdd and Relu work in place, so several operations write one buffer; inputs name buffers and weights.
A Conv2D without a stride has (1, 1). The matrix of the classifier counts as a 1x1 convolution.
"""

from typing import Any

# The file with the names of the 1000 classes, and the layer that the original dreams on
LABELS = "{LABELS}"
DREAM_LAYER = "{DREAM_LAYER}"

# {len(table.operations)} operations, in order: (name, kind, inputs, buffer, shape of the buffer, parameters)
OPERATIONS: tuple[tuple[str, str, tuple[str, ...], str, tuple[int, ...], dict[str, Any]], ...] = (
{table_rows(table.operations)}
)

# {len(table.weights)} weights: (name as an input, name of the node in the weight file, shape)
WEIGHTS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
{table_rows(table.weights)}
)
'''


def table_rows(rows: Iterable[tuple]) -> str:
    """One row a line; the few that are too long go on in the next."""
    def lines() -> Iterator[str]:
        for row in rows:
            parts = [repr(part).replace("'", '"') for part in row]
            line = f"    ({', '.join(parts)}),"
            if len(line) > LINE:
                line = f"    ({', '.join(parts[:3])},\n     {', '.join(parts[3:])}),"
            yield line
    return "\n".join(lines())


# ---- The reference tensors ---------------------------------------------------------------------------------
#
# Flat float32, little-endian, [h, w, c] row by row. grad_NAME is the derivative of prob[162], the beagle, by
# NAME. Each kind of layer has a tensor at least, both strides of MaxPool and both LRN too; all are 10 MB.

BEAGLE = 162
TENSORS = ("pool1_3x3_s2", "pool1_norm1", "conv2_norm2", "inception_3a_output", "inception_4a_output",
           "inception_5b_3x3_Conv2D", "inception_5b_3x3_BiasAdd", "inception_5b_3x3", "inception_5b_pool",
           "inception_5b_output", "pool5_7x7_s1", "loss3_classifier_loss3_classifier_MatMul",
           "loss3_classifier", "prob")
GRADIENTS = ("data", *TENSORS[:-1])
SCALES = (0.999997, 0.999999, 0.9999997, 1.0000003, 1.000001, 1.000003)    # so near 1 that little but rounding changes
UNSTABLE = 2e-3        # a tensor that they change by more than this, |difference| / |tensor|, is left out


def reference_tensors(model: str, picture: str) -> dict[str, bytes]:
    """What TensorFlow computes on a CPU: {file name: content}.

    oneDNN is left out: it may give the gradient of a max pool to another one of equal values than the first.
    So are tensors that rounding decides. An LRN is flat around its largest value, so neighbours there differ in
    their last bits only, and these would say which of them gets the gradient of the pool that follows.
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import numpy as np
    import tensorflow as tf

    image = deepdream.read_picture(picture)
    pixels = np.frombuffer(bytes(image.pixels), np.uint8).reshape(1, image.height, image.width, 3)
    data = pixels.astype(np.float32) - np.array(deepdream.Input().mean, np.float32)
    graph_def = tf.compat.v1.GraphDef()
    with open(model, "rb") as file:
        graph_def.ParseFromString(file.read())
    resize_graph(graph_def, image.height, image.width)
    nodes = {deepdream.operand_name(node.name): node.name for node in graph_def.node}
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        tensors = {name: graph.get_tensor_by_name(nodes[name] + ":0") for name in ("data", *TENSORS)}
        wanted = {name: tensors[name] for name in TENSORS}
        gradients = tf.compat.v1.gradients(tensors["prob"][0, BEAGLE], [tensors[name] for name in GRADIENTS])
        wanted.update((f"grad_{name}", gradient) for name, gradient in zip(GRADIENTS, gradients))
        one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.compat.v1.Session(graph=graph, config=one_thread) as session:
            results = session.run(wanted, {tensors["data"]: data})
            others = [session.run(wanted, {tensors["data"]: data * np.float32(scale)}) for scale in SCALES]
    contents = {}
    for name, result in results.items():
        change = max(np.linalg.norm(other[name] - result) for other in others) / np.linalg.norm(result)
        if change <= UNSTABLE:
            contents[name] = result.astype("<f4").tobytes()
        else:
            print(f"{name}: left out, rounding changes it by {change:.1e}", file=sys.stderr)
    return contents


def resize_graph(graph_def: Any, height: int, width: int) -> None:
    """Make a GraphDef for another size than 224 x 224: the average pool goes over all positions there are."""
    for node in graph_def.node:
        if node.op == "Placeholder":
            for dim, size in zip(node.attr["shape"].shape.dim, (1, height, width, 3)):
                dim.size = size
        if node.op == "AvgPool":
            node.attr["ksize"].list.i[1:3] = [-(-height // 32), -(-width // 32)]


# ---- Command line ------------------------------------------------------------------------------------------

def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    beside = {name: os.path.join(HERE, name) for name in ("InceptionV1.pb", "cat_dog224.bmp")}
    parser.add_argument("what", nargs="?", choices=("table", "test"), default="table", help="what to write")
    parser.add_argument("--model", default=beside["InceptionV1.pb"], help="the weight file")
    parser.add_argument("--picture", default=beside["cat_dog224.bmp"], help="test: the BMP to run it on")
    parser.add_argument("--output", help="where to: a file for the table, a folder for the tensors")
    options = parser.parse_args()
    if options.what == "table":
        path = options.output or os.path.join(HERE, "inception_graph.py")
        contents = {path: table_text(options.model).encode()}
    else:
        folder = options.output or os.path.join(HERE, "test")
        os.makedirs(folder, exist_ok=True)
        tensors = reference_tensors(options.model, options.picture)
        for name in {*TENSORS, *(f"grad_{name}" for name in GRADIENTS)}.difference(tensors):
            if os.path.exists(os.path.join(folder, name)):         # left out this time
                os.remove(os.path.join(folder, name))
        contents = {os.path.join(folder, name): content for name, content in tensors.items()}
    for path, content in contents.items():
        deepdream.write_whole(path, content)


if __name__ == "__main__":
    try:
        main()
    except (deepdream.DeepDreamError, OSError) as error:
        sys.exit(f"gen_inception: error: {error}")
    except ImportError as error:
        sys.exit(f"gen_inception: error: {error}; reference tensors need TensorFlow: pip install tensorflow-cpu")
