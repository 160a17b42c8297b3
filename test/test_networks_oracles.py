"""Networks from files against the programs that made them: oracles/networks.py, here the small ones; and the dreams of
VGG16 and Inception-v3 as their authors' programs make them. Skipped where a package is missing.

    pip install torch onnx onnxscript onnxruntime numpy scipy protobuf tensorflow-cpu
    python3 test/oracles/networks.py            # all: the light models of onnx, Keras applications; some minutes

Measured, relative to the norm of the oracle's: tensors of the exported networks 1e-7 to 4e-7, gradients 1e-7 to 3e-7;
MobileNetV2 4e-7 and 8e-7, ConvNeXtTiny 1e-6 and 1e-6, InceptionV3 1e-6 and 2e-4 (its own change 3e-3; two sizes each);
squeezenet 3e-6 and 4e-7, shufflenet 9e-7 and 6e-7, inception_v1 8e-7 and 5e-7, densenet121 7e-7 and 3e-3, which is also
by how much PyTorch's gradient changes where the picture changes by 3e-7 of itself (a ReLU or a pool turns).
Dreams (objective and gradient of the first step, the picture as a part of how far it moved, as in
test_presets_oracles.py): bad-trip on VGG16 2e-8, 2e-5, 3e-6; dreamy 3e-7, 2e-6, 3e-3; article on Inception-v3's mixed0
5e-8, 9e-7, 3e-4; mixed4 2e-7, 1e-6, 1e-3; mixed10 2e-7, 1e-6, 1e-1.
"""
import importlib.util
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import test_presets_oracles as dreams_of_systems  # noqa: E402
from helpers import needs_machine_code  # noqa: E402

import deepdream  # noqa: E402
from deepdream_extras import dreams, families, objectives, presets  # noqa: E402

try:
    import numpy as np
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import torch
    from oracles import networks, systems
except ImportError as error:
    missing = f"needs torch, onnx, onnxruntime, numpy and scipy: {error}"
else:
    missing = ""
no_tensorflow = "" if importlib.util.find_spec("tensorflow") and importlib.util.find_spec("keras") else "no TensorFlow"


@unittest.skipIf(missing, missing)
class Whole(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_exported_by_pytorch(self):
        for name, network in networks.torch_networks().items():
            for opset in networks.EXPORTS:
                path = os.path.join(self.folder, f"{name}{opset}.onnx")
                networks.export(network, path, opset)
                for engine in ("auto", "python") if opset != 11 else ("auto",):
                    with self.subTest(name, opset=opset, engine=engine):
                        found = networks.against_onnx(name, path, engine)
                        self.assertTrue(found.good(), found)

    @needs_machine_code
    def test_light(self):
        for name in "squeezenet", "shufflenet":
            path = os.path.join(self.folder, name + ".onnx")
            networks.random_light(name, path)
            found = networks.against_onnx(name, path)
            self.assertTrue(found.good(), found)

    def test_light_in_plain_python(self):
        path = os.path.join(self.folder, "squeezenet.onnx")
        networks.random_light("squeezenet", path)
        found = networks.against_onnx("squeezenet", path, "python", (33, 36), runtime=False)
        self.assertTrue(found.good(), found)

    @unittest.skipIf(no_tensorflow, no_tensorflow)
    @needs_machine_code
    def test_keras(self):
        path = os.path.join(self.folder, "MobileNetV2.pb")
        networks.freeze("MobileNetV2", path)
        for size in None, (203, 236):
            found = networks.against_tensorflow("MobileNetV2", path, size=size)
            self.assertTrue(found.good(), found)

    @unittest.skipIf(no_tensorflow, no_tensorflow)
    @needs_machine_code
    def test_keras_convnext(self):
        """Of a small picture, and at a size that the file is not for; its last map has one cell, then two."""
        files = {size: os.path.join(self.folder, f"{size[0]}.pb") for size in ((48, 53), (59, 75))}
        for size, path in files.items():
            networks.freeze("ConvNeXtTiny", path, size)
        for size, path in files.items():
            found = networks.against_tensorflow("ConvNeXtTiny", files[48, 53], size=size, moved=path)
            self.assertTrue(found.good(), found)


if not missing:
    class Layer(torch.nn.Module):
        """A convolution of VGG16 and its ReLU, under the name that Keras gives both."""

        def __init__(self, ci, co):
            super().__init__()
            self.conv = torch.nn.Conv2d(ci, co, 3, padding=1)
            torch.nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

        def forward(self, x):
            return torch.relu(self.conv(x))

    class Vgg16(torch.nn.Module):
        """VGG16 without its classes, random weights."""
        BLOCKS = (64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)

        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            ci = 3
            for b, block in enumerate(self.BLOCKS, 1):
                for i, co in enumerate(block, 1):
                    setattr(self, f"block{b}_conv{i}", Layer(ci, co))
                    ci = co

        def forward(self, x):
            for b, block in enumerate(self.BLOCKS, 1):
                for i in range(1, len(block) + 1):
                    x = getattr(self, f"block{b}_conv{i}")(x)
                x = torch.nn.functional.max_pool2d(x, 2, 2)
            return x


@unittest.skipIf(missing, missing)
@needs_machine_code
class Seeds(unittest.TestCase):
    """Keras' two presets on VGG16's own layers; the article's dream on layers of Inception-v3."""

    compare = dreams_of_systems.Presets.compare

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def network(self, path, mean):
        model = families.with_input(deepdream.load_model(path), families.Wanted("BGR", tuple(mean)))
        network = deepdream.Network(model, jobs=1, tell=lambda note: None)
        self.addCleanup(network.close)
        return network

    def ours(self, network, name, start, steps, **changes):
        plan = presets.PRESETS[name].planned(network, changes.pop("terms", ()))
        plan = plan._replace(stages=tuple(stage._replace(steps=steps) for stage in plan.stages), seed=5, **changes)
        with dreams_of_systems.Watch() as watch:
            *_, last = dreams.dream_steps(network, start, plan)
        return last.picture, watch, plan

    def test_keras_presets_on_vgg16(self):
        torch.set_num_threads(2)
        module = Vgg16().eval()
        path = os.path.join(self.folder, "vgg16.onnx")
        networks.export(module, path, 17, 96)
        network, double = self.network(path, systems.MEAN), module.double()

        def graph(x, *layers):
            found = {}
            hooks = [getattr(double, name).register_forward_hook(
                lambda module, inputs, output, name=name: found.__setitem__(name, output)) for name in layers]
            double(x)
            for hook in hooks:
                hook.remove()
            return found
        for name, weights, dream_l2, jitter in (
                ("bad-trip", {"block4_conv1": 0.05, "block4_conv2": 0.01, "block4_conv3": 0.01}, 0.8, 5.0),
                ("dreamy", {"block5_conv1": 0.05, "block5_conv2": 0.02}, 0.02, 0.0)):
            with self.subTest(name):
                start = dreams_of_systems.photograph(104, 96)
                picture, watch, plan = self.ours(network, name, start, 1)
                self.assertEqual({term.name: term.weight for term in plan.terms}, weights)
                noises = iter([np.array(noise).reshape(96, 104, 3) for noise in watch.noises] or [0.0])
                self.assertEqual(bool(watch.noises), bool(jitter))
                self.oracle = systems.Network(graph)
                levels, rolls = dreams_of_systems.as_levels(start), [(-x, -y) for x, y in watch.shifts]
                expected = systems.keras(self.oracle, levels, weights, 0.1, dream_l2, noises, rolls)
                self.compare(name, start, picture, watch, expected, dreams_of_systems.DEEP)

    @unittest.skipIf(no_tensorflow, no_tensorflow)
    def test_article_on_inception_v3(self):
        """From Mixed_5b (Keras: mixed0) to Mixed_7c (mixed10), the sum of a layer's activations."""
        path = os.path.join(self.folder, "inception_v3.pb")
        networks.freeze("InceptionV3", path)
        network, oracle = self.network(path, [127.5] * 3), TensorFlowNetwork(path)
        start = dreams_of_systems.photograph(140, 130)
        for layer in "mixed0", "mixed4", "mixed10":
            with self.subTest(layer):
                terms = (objectives.Layer(network.name(layer), how="sum"),)
                picture, watch, _ = self.ours(network, "article", start, 2, terms=terms)
                self.oracle = oracle
                oracle.first = None
                expected = systems.article(oracle, dreams_of_systems.as_levels(start), layer,
                                           iter([(-x, -y) for x, y in watch.shifts]), 3, 2, 0.57, clip=False)
                self.compare("article, " + layer, start, picture, watch, expected, dreams_of_systems.DEEP)


class TensorFlowNetwork:
    """As systems.Network, for the sum of a Keras layer's activations."""

    def __init__(self, path):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf
        self.tf, self.first, self.graph, message = tf, None, tf.Graph(), tf.compat.v1.GraphDef()
        with open(path, "rb") as file:
            message.ParseFromString(file.read())
        for node in message.node:
            if node.op == "Placeholder":
                for place in 1, 2:
                    node.attr["shape"].shape.dim[place].size = -1
        with self.graph.as_default():
            tf.import_graph_def(message, name="")
            self.input = next(op.outputs[0] for op in self.graph.get_operations() if op.type == "Placeholder")
        self.session, self.slopes = tf.compat.v1.Session(graph=self.graph), {}

    def __call__(self, levels, layer):
        if layer not in self.slopes:
            with self.graph.as_default():
                tensor, = (op.outputs[0] for op in self.graph.get_operations() if f"/{layer}_" in op.name
                           and op.name.endswith("/concat"))
                value = self.tf.reduce_sum(tensor)
                self.slopes[layer] = value, self.tf.compat.v1.gradients(value, self.input)[0]
        value, gradient = self.session.run(self.slopes[layer], {self.input: (levels - 127.5)[None]})
        result = float(value), gradient[0].astype(float)
        self.first = self.first or result
        return result


if __name__ == "__main__":
    unittest.main()
