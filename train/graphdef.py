"""Writes the network as a TensorFlow GraphDef: nothing but the protobuf wire format and the table of
operations.

    data = inception(weights)        # weights: node name -> bytes of little-endian float32, row-major

The nodes carry the names of the original file: scope/weights, scope/weights/read, scope/Conv2D, scope/biases,
scope/biases/read, scope/BiasAdd, scope/scope. Needs no package; deepdream.read_graph is its counterpart.

The wire format: a message is a run of fields; a field is a varint (number << 3 | wire type) and a value,
which is a varint (type 0), 4 bytes (type 5) or a length and that many bytes (type 2). Field numbers below are
those of tensorflow/core/framework: graph.proto, node_def.proto, attr_value.proto, tensor.proto,
tensor_shape.proto.
"""

import struct

import inception_graph

DT_FLOAT, DT_INT32 = 1, 3
PRODUCER = 24                      # the version of GraphDef whose rules the nodes follow (ConcatV2, NHWC)


# ---- Wire format -------------------------------------------------------------------------------------------
# Each function returns bytes.

def varint(value):
    """A whole number of 0..2**64-1, seven bits a byte, low ones first; negative ones as 64-bit complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """A field of a message: a number, a float, or text, bytes or a message."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


# ---- Attributes --------------------------------------------------------------------------------------------
# The value of an attribute is a message AttrValue.

def kind(dtype):
    return field(6, dtype)


def text(value):
    return field(2, value)


def whole(value):
    return field(3, value)


def real(value):
    return field(4, float(value))


def truth(value):
    return field(5, int(value))


def wholes(values):
    """A list of whole numbers, packed."""
    return field(1, field(3, b"".join(varint(v) for v in values)))


def shape_of(shape):
    """TensorShapeProto; -1 is an unknown dimension."""
    return b"".join(field(2, field(1, size)) for size in shape)


def tensor(dtype, shape, content):
    """A constant: its bytes are the numbers, little-endian."""
    return field(8, field(1, dtype) + field(2, shape_of(shape)) + field(4, content))


def node(name, operation, inputs, **attributes):
    """One field of the GraphDef: a NodeDef."""
    parts = [field(1, name), field(2, operation)] + [field(3, source) for source in inputs]
    parts += [field(5, field(1, key) + field(2, value)) for key, value in sorted(attributes.items())]
    return field(1, b"".join(parts))


# ---- The network -------------------------------------------------------------------------------------------
# Built from inception_graph.OPERATIONS, so that writer, reader and engines share one table.

FLOAT = kind(DT_FLOAT)


def inception(weights):
    """The GraphDef of the network with these weights (node name -> bytes), as bytes."""
    shapes = {name: shape for _, name, shape in inception_graph.WEIGHTS}
    names: dict[str, str] = {}                  # buffer -> the node that wrote it last
    parts = []
    for name, operation, inputs, buffer, shape, parameters in inception_graph.OPERATIONS:
        sources = [names[source] for source in inputs if source in names]
        made, path = WRITERS[operation](name, sources, shape, parameters, weights, shapes)
        names[buffer] = path
        parts += made
    return b"".join(parts) + field(4, field(1, PRODUCER))


def constant(name, shape, content):
    """A weight and the node that reads it."""
    if len(content) != 4 * product(shape):
        raise ValueError(f"{name}: {len(content)} bytes; expected 4 for each number of shape {shape}")
    value = node(name, "Const", [], dtype=FLOAT, value=tensor(DT_FLOAT, shape, content))
    read = node(name + "/read", "Identity", [name], T=FLOAT, _class=field(1, field(2, "loc:@" + name)))
    return [value, read]


def product(shape):
    total = 1
    for size in shape:
        total *= size
    return total


# One function for each kind of operation: (its name in the table, the nodes it reads, its shape and
# parameters, all weights and their shapes) -> (the nodes, the name of the last one).

def placeholder(name, sources, shape, parameters, weights, shapes):
    return [node(name, "Placeholder", [], dtype=FLOAT, shape=field(7, shape_of((1,) + shape)))], name


def conv2d(name, sources, shape, parameters, weights, shapes):
    scope = name.removesuffix("_Conv2D")
    weight, path = scope + "/weights", scope + "/Conv2D"
    made = constant(weight, shapes[weight], weights[weight])
    made.append(node(path, "Conv2D", sources + [weight + "/read"], T=FLOAT, padding=text("SAME"),
                     strides=steps(parameters), data_format=text("NHWC"), use_cudnn_on_gpu=truth(True)))
    return made, path


def steps(parameters):
    """The strides of a window in NHWC."""
    return wholes((1, *parameters.get("stride", (1, 1)), 1))


def matmul(name, sources, shape, parameters, weights, shapes):
    """The classifier: its input flattened, its weights a matrix."""
    scope = "loss3_classifier"
    weight, form, flat = scope + "/weights", scope + "/Reshape/shape", scope + "/Reshape"
    ci, co = shapes[weight][-2:]
    made = constant(weight, (ci, co), weights[weight])
    made.append(node(form, "Const", [], dtype=kind(DT_INT32),
                     value=tensor(DT_INT32, (2,), struct.pack("<2i", -1, ci))))
    made.append(node(flat, "Reshape", sources + [form], T=FLOAT, Tshape=kind(DT_INT32)))
    path = scope + "/" + scope + "/MatMul"
    made.append(node(path, "MatMul", [flat, weight + "/read"], T=FLOAT, transpose_a=truth(False),
                     transpose_b=truth(False)))
    return made, path


def bias_add(name, sources, shape, parameters, weights, shapes):
    scope = name.removesuffix("_BiasAdd")
    bias = scope + "/biases"
    path = scope + ("/BiasAdd" if name != scope else "/" + scope)
    made = constant(bias, shapes[bias], weights[bias])
    made.append(node(path, "BiasAdd", sources + [bias + "/read"], T=FLOAT, data_format=text("NHWC")))
    return made, path


def relu(name, sources, shape, parameters, weights, shapes):
    path = name + "/" + name
    return [node(path, "Relu", sources, T=FLOAT)], path


def max_pool(name, sources, shape, parameters, weights, shapes):
    return [node(name, "MaxPool", sources, T=FLOAT, padding=text("SAME"), strides=steps(parameters),
                 ksize=wholes((1, *parameters["ksize"], 1)), data_format=text("NHWC"))], name


def average_pool(name, sources, shape, parameters, weights, shapes):
    size = (1, 7, 7, 1)                          # the whole tensor at the network's own size
    return [node(name, "AvgPool", sources, T=FLOAT, padding=text("VALID"), strides=wholes((1, 1, 1, 1)),
                 ksize=wholes(size), data_format=text("NHWC"))], name


def lrn(name, sources, shape, parameters, weights, shapes):
    return [node(name, "LRN", sources, T=FLOAT, depth_radius=whole(parameters["depth_radius"]),
                 **{key: real(parameters[key]) for key in ("alpha", "beta", "bias")})], name


def concat(name, sources, shape, parameters, weights, shapes):
    axis = name + "/axis"
    return [node(axis, "Const", [], dtype=kind(DT_INT32), value=tensor(DT_INT32, (), struct.pack("<i", 3))),
            node(name, "ConcatV2", sources + [axis], T=FLOAT, Tidx=kind(DT_INT32),
                 N=whole(len(sources)))], name


def softmax(name, sources, shape, parameters, weights, shapes):
    return [node(name, "Softmax", sources, T=FLOAT)], name


WRITERS = {"Placeholder": placeholder, "Conv2D": conv2d, "BiasAdd": bias_add, "Relu": relu,
           "MaxPool": max_pool, "LRN": lrn, "ConcatV2": concat, "AvgPool": average_pool, "MatMul": matmul,
           "Softmax": softmax}
