"""A frozen TensorFlow graph as google.protobuf reads it and PyTorch computes it, in double precision.

    graph = Graph("InceptionV1.pb")
    layers = graph(x, "inception_4c_output")        # x: [1, 3, h, w], channels as the network was trained
    layers["inception_4c_output"]                   # [1, c, h, w], with a history, so that autograd has its gradient

The nodes are followed one by one, with the attributes and by the names that they have in the file.
"""
import torch
import torch.nn.functional as F
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# The fields of tensorflow/core/framework/*.proto that are needed here: (name, number, type or message, repeated)
SCHEMA = {
    "Dim": [("size", 1, "INT64", False)],
    "Shape": [("dim", 2, "Dim", True)],
    "Tensor": [("dtype", 1, "INT32", False), ("tensor_shape", 2, "Shape", False),
               ("tensor_content", 4, "BYTES", False), ("float_val", 5, "FLOAT", True), ("int_val", 7, "INT32", True)],
    "List": [("i", 3, "INT64", True)],
    "Attribute": [("list", 1, "List", False), ("s", 2, "BYTES", False), ("i", 3, "INT64", False),
                  ("f", 4, "FLOAT", False), ("b", 5, "BOOL", False), ("tensor", 8, "Tensor", False)],
    "Entry": [("key", 1, "STRING", False), ("value", 2, "Attribute", False)],
    "Node": [("name", 1, "STRING", False), ("op", 2, "STRING", False), ("input", 3, "STRING", True),
             ("attr", 5, "Entry", True)],
    "Graph": [("node", 1, "Node", True)],
}


def graph_class():
    """The class of GraphDef messages."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="graph.proto", package="oracle", syntax="proto3")
    for message, fields in SCHEMA.items():
        made = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            row = made.field.add(name=name, number=number)
            row.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            row.type = field.TYPE_MESSAGE if kind in SCHEMA else getattr(field, "TYPE_" + kind)
            if kind in SCHEMA:
                row.type_name = ".oracle." + kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("oracle.Graph"))


FLOAT, INT = 1, 3


def constant(tensor):
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    kind = {FLOAT: torch.float32, INT: torch.int32}[tensor.dtype]
    if tensor.tensor_content:
        values = torch.frombuffer(bytearray(tensor.tensor_content), dtype=kind)
    else:
        values = torch.tensor(list(tensor.float_val if tensor.dtype == FLOAT else tensor.int_val), dtype=kind)
    if not shape or values.numel() == 1:
        values = values.expand(torch.Size(shape).numel())
    values = values.reshape(shape)
    return values.double() if tensor.dtype == FLOAT else values


def same(x, kernel, stride, value):
    """TensorFlow's SAME: so much around x that ceil(n / stride) windows fit, the odd one after."""
    pads = []
    for n, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride)):
        lack = max((-(-n // s) - 1) * s + k - n, 0)
        pads += [lack // 2, lack - lack // 2]
    return F.pad(x, pads, value=value)


class Graph:
    def __init__(self, path):
        message = graph_class()()
        with open(path, "rb") as file:
            message.ParseFromString(file.read())
        self.nodes, self.constants = [], {}
        for node in message.node:
            attributes = {entry.key: entry.value for entry in node.attr}
            if node.op == "Const":
                self.constants[node.name] = constant(attributes["value"].tensor)
            else:
                self.nodes.append((node.name, node.op, [i.split(":")[0] for i in node.input], attributes))
        self.names = [name for name, *_ in self.nodes]

    def __call__(self, x, *wanted):
        """The layers of these names, and all before the last of them."""
        values = dict(self.constants)
        last = max(self.names.index(name) for name in wanted)
        for name, op, inputs, attributes in self.nodes[:last + 1]:
            values[name] = x if op == "Placeholder" else getattr(self, op)(attributes, *(values[i] for i in inputs))
        return values

    def Identity(self, attributes, x):
        return x

    def Conv2D(self, attributes, x, weights):
        stride = attributes["strides"].list.i[1:3]
        assert attributes["padding"].s == b"SAME"
        return F.conv2d(same(x, weights.shape[:2], stride, 0.0), weights.permute(3, 2, 0, 1), stride=tuple(stride))

    def BiasAdd(self, attributes, x, bias):
        return x + bias.reshape(1, -1, 1, 1) if x.dim() == 4 else x + bias

    def Relu(self, attributes, x):
        return F.relu(x)

    def MaxPool(self, attributes, x):
        kernel, stride = attributes["ksize"].list.i[1:3], attributes["strides"].list.i[1:3]
        assert attributes["padding"].s == b"SAME"
        return F.max_pool2d(same(x, kernel, stride, -torch.inf), tuple(kernel), tuple(stride))

    def LRN(self, attributes, x):
        radius, alpha = attributes["depth_radius"].i, attributes["alpha"].f
        beta, bias = attributes["beta"].f, attributes["bias"].f
        squares = F.pad(x * x, (0, 0, 0, 0, radius, radius))
        near = sum(squares[:, i:i + x.shape[1]] for i in range(2 * radius + 1))
        return x * (bias + alpha * near) ** -beta

    def ConcatV2(self, attributes, *parts):
        assert parts[-1] == 3
        return torch.cat(parts[:-1], 1)

    def AvgPool(self, attributes, x):
        """Over the whole layer, whatever its size: the window in the file is that of pictures of 224 x 224."""
        return x.mean((2, 3), keepdim=True)

    def Reshape(self, attributes, x, shape):
        return x.flatten(1)
    def MatMul(self, attributes, x, weights):
        return x @ weights

    def Softmax(self, attributes, x):
        return torch.softmax(x, 1)
