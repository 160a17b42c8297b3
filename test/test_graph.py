"""The table of Inception-V1 and the reference tensors: what gen_inception.py writes."""

import array
import hashlib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from helpers import ROOT as PROJECT

import deepdream
import gen_inception
from inception_graph import LABELS, OPERATIONS, WEIGHTS

HERE = PROJECT / "test"

TENSORS = sorted(path.name for path in HERE.iterdir() if path.is_file() and not path.suffix)


class Written(unittest.TestCase):
    def table(self):
        with open(PROJECT / "inception_graph.py", encoding="utf-8") as file:
            return file.read()

    def test_again(self):
        """The table is what gen_inception.py makes of the weight file that lies here now."""
        self.assertEqual(gen_inception.table_text(str(PROJECT / "InceptionV1.pb")), self.table())

    def test_first_line(self):
        content = (PROJECT / "InceptionV1.pb").read_bytes()
        first = self.table().splitlines()[0]
        self.assertRegex(first, "^# Written by gen_inception.py from InceptionV1.pb ")
        self.assertIn(f"{len(content)} bytes", first)
        self.assertIn(hashlib.sha256(content).hexdigest(), first)
        self.assertIn("python3 gen_inception.py", first)

    def test_where_there_is_no_table_yet(self):
        """Though deepdream.py imports the table, a folder without one can make one."""
        with tempfile.TemporaryDirectory() as folder:
            for path in PROJECT.glob("*.py"):
                if path.name != "inception_graph.py":
                    shutil.copy(path, folder)
            command = [sys.executable, "gen_inception.py", "--model", str(PROJECT / "InceptionV1.pb")]
            subprocess.run(command, cwd=folder, check=True, timeout=300)
            with open(os.path.join(folder, "inception_graph.py"), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.table())

    def test_wrong_file(self):
        command = [sys.executable, "gen_inception.py", "--model", "cat_dog224.bmp", "--output", os.devnull]
        result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"^gen_inception: error: cat_dog224.bmp: a BMP picture; .*\n$")


class Table(unittest.TestCase):
    """Facts about GoogLeNet (Szegedy et al. 2014, table 1) and about the original program's table."""

    def setUp(self):
        self.rows = {row[0]: row for row in OPERATIONS}
        self.shapes = {row[0]: row[4] for row in OPERATIONS}
        self.weights = {operand: sizes for operand, _, sizes in WEIGHTS}

    def test_counts(self):
        self.assertEqual((len(OPERATIONS), len(self.rows), len(WEIGHTS), len(self.weights)), (200, 200, 116, 116))
        kinds = [row[1] for row in OPERATIONS]
        self.assertEqual({kind: kinds.count(kind) for kind in kinds},
                         {"Placeholder": 1, "Conv2D": 57, "BiasAdd": 58, "Relu": 57, "MaxPool": 13, "LRN": 2,
                          "ConcatV2": 9, "AvgPool": 1, "MatMul": 1, "Softmax": 1})
        self.assertEqual(sum(math.prod(sizes) for sizes in self.weights.values()), 6_998_552)
        multiplications = sum(self.shapes[row[0]][0] * self.shapes[row[0]][1] * math.prod(self.weights[row[2][1]])
                              for row in OPERATIONS if row[1] in ("Conv2D", "MatMul"))
        self.assertEqual(multiplications, 1_582_671_872)

    def test_shapes(self):
        for name, sizes in (("data", (224, 224, 3)), ("conv1_7x7_s2", (112, 112, 64)), ("pool1_3x3_s2", (56, 56, 64)),
                            ("conv2_norm2", (56, 56, 192)), ("pool2_3x3_s2", (28, 28, 192)),
                            ("inception_3a_output", (28, 28, 256)), ("inception_3b_output", (28, 28, 480)),
                            ("pool3_3x3_s2", (14, 14, 480)), ("inception_4a_output", (14, 14, 512)),
                            ("inception_4b_output", (14, 14, 512)), ("inception_4c_output", (14, 14, 512)),
                            ("inception_4d_output", (14, 14, 528)), ("inception_4e_output", (14, 14, 832)),
                            ("pool4_3x3_s2", (7, 7, 832)), ("inception_5a_output", (7, 7, 832)),
                            ("inception_5b_output", (7, 7, 1024)), ("pool5_7x7_s1", (1, 1, 1024)),
                            ("loss3_classifier", (1, 1, 1000)), ("prob", (1, 1, 1000))):
            self.assertEqual(self.shapes[name], sizes, name)

    def test_parameters(self):
        lrn = {"depth_radius": 2, "alpha": 1.9999999494757503e-05, "beta": 0.75, "bias": 1.0}
        for name, kind, _, _, _, parameters in OPERATIONS:
            expected = {}
            if name == "conv1_7x7_s2_Conv2D":
                expected = {"stride": (2, 2)}
            elif kind == "LRN":
                expected = lrn
            elif kind == "MaxPool":
                expected = {"stride": (2, 2) if re.fullmatch("pool[1-4]_3x3_s2", name) else (1, 1), "ksize": (3, 3)}
            self.assertEqual(parameters, expected, name)

    def test_names(self):
        names = [row[0] for row in OPERATIONS]
        self.assertEqual(names[:5], ["data", "conv1_7x7_s2_Conv2D", "conv1_7x7_s2_BiasAdd", "conv1_7x7_s2",
                                     "pool1_3x3_s2"])
        self.assertEqual(names[-4:], ["pool5_7x7_s1", "loss3_classifier_loss3_classifier_MatMul", "loss3_classifier",
                                      "prob"])
        self.assertEqual(self.rows["inception_3b_output"][2],
                         ("inception_3b_1x1_Conv2D", "inception_3b_3x3_Conv2D", "inception_3b_5x5_Conv2D",
                          "inception_3b_pool_proj_Conv2D"))
        self.assertEqual(self.rows["inception_4c_3x3_reduce"][1:4],
                         ("Relu", ("inception_4c_3x3_reduce_Conv2D",), "inception_4c_3x3_reduce_Conv2D"))
        self.assertEqual(WEIGHTS[0], ("conv1_7x7_s2_weights", "conv1_7x7_s2/weights", (7, 7, 3, 64)))
        self.assertEqual(WEIGHTS[-1], ("loss3_classifier_biases", "loss3_classifier/biases", (1000,)))

    def test_inputs_come_first(self):
        written = set(self.weights)
        for name, kind, inputs, buffer, _, _ in OPERATIONS:
            self.assertLessEqual(set(inputs), written, name)
            self.assertEqual(buffer, inputs[0] if kind in ("BiasAdd", "Relu") else name)
            written.add(buffer)
        used = [operand for row in OPERATIONS for operand in row[2] if operand in self.weights]
        self.assertEqual(sorted(used), sorted(self.weights))

    def test_labels(self):
        content = (PROJECT / LABELS).read_bytes().replace(b"\r\n", b"\n")
        self.assertEqual(hashlib.sha256(content).hexdigest(),
                         "4eb3da435cf544e4a6f390f62c84cb9c9bb68cf8b14e97f8a063452382e5efd2")


class References(unittest.TestCase):
    """The tensors in test/: whole, and of these weights and this picture."""

    @classmethod
    def setUpClass(cls):
        cls.weights = {name: values for name, (_, values) in
                       deepdream.load_model(str(PROJECT / "InceptionV1.pb")).weights.items()}

    def read(self, name):
        values = array.array("f", (HERE / name).read_bytes())
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def close(self, ours, reference):
        self.assertEqual(len(ours), len(reference))
        difference = math.hypot(*(a - b for a, b in zip(ours, reference)))
        self.assertLess(difference, 1e-5 * math.hypot(*reference))         # measured: 1e-7 to 2e-6

    def test_sizes(self):
        shapes = {row[0]: row[4] for row in OPERATIONS}
        for name in TENSORS:
            values = self.read(name)
            self.assertEqual(len(values), math.prod(shapes[name.removeprefix("grad_")]), name)
            self.assertTrue(all(map(math.isfinite, values)), name)
            self.assertGreater(max(map(abs, values)), 0, name)

    def test_what_there_is(self):
        wanted = {"prob", "inception_4a_output", "grad_inception_4a_output", "grad_data", "pool1_3x3_s2", "pool1_norm1",
                  "conv2_norm2", "inception_3a_output", "inception_5b_output", "loss3_classifier"}
        self.assertLessEqual(wanted, set(TENSORS))
        self.assertLess(sum((HERE / name).stat().st_size for name in TENSORS), 12.5e6)

    def test_head_forward(self):
        """From the last tensor of the body to the probabilities, in float64."""
        body, logits = self.read("inception_5b_output"), self.read("loss3_classifier")
        mean = [math.fsum(body[c::1024]) / 49 for c in range(1024)]
        self.close(mean, self.read("pool5_7x7_s1"))
        rows = self.weights["loss3_classifier_weights"]
        product = [math.fsum(a * b for a, b in zip(mean, rows[i::1000])) for i in range(1000)]
        self.close(product, self.read("loss3_classifier_loss3_classifier_MatMul"))
        self.close([a + b for a, b in zip(product, self.weights["loss3_classifier_biases"])], logits)
        powers = [math.exp(value - max(logits)) for value in logits]
        self.close([power / math.fsum(powers) for power in powers], self.read("prob"))

    def test_head_backward(self):
        """d prob[162] / d logits[i] = prob[162] * ((i == 162) - prob[i]), and from there to inception_5b_output."""
        prob = self.read("prob")
        logits = [prob[162] * ((i == 162) - value) for i, value in enumerate(prob)]
        self.close(logits, self.read("grad_loss3_classifier"))
        self.close(logits, self.read("grad_loss3_classifier_loss3_classifier_MatMul"))
        rows = self.weights["loss3_classifier_weights"]
        mean = [math.fsum(a * b for a, b in zip(logits, rows[c * 1000:c * 1000 + 1000])) for c in range(1024)]
        self.close(mean, self.read("grad_pool5_7x7_s1"))
        self.close([value / 49 for value in mean] * 49, self.read("grad_inception_5b_output"))

    def test_layers_between(self):
        """Relu and concatenation, forward and backward: the second of four parts of inception_5b_output."""
        def part(name):
            values = self.read(name)
            return [values[at * 1024 + 384 + c] for at in range(49) for c in range(384)]
        before, after = self.read("inception_5b_3x3_BiasAdd"), self.read("inception_5b_3x3")
        biases = self.weights["inception_5b_3x3_biases"].tolist() * 49
        self.close([a + b for a, b in zip(self.read("inception_5b_3x3_Conv2D"), biases)], before)
        self.assertEqual(array.array("f", (max(value, 0) for value in before)), after)
        self.assertEqual(array.array("f", part("inception_5b_output")), after)
        gradient = self.read("grad_inception_5b_3x3")
        self.assertEqual(array.array("f", part("grad_inception_5b_output")), gradient)
        self.assertEqual(array.array("f", (g if a > 0 else 0 for g, a in zip(gradient, after))),
                         self.read("grad_inception_5b_3x3_BiasAdd"))

    def test_lrn(self):
        """pool1_norm1 from pool1_3x3_s2, and back: every 37th pixel of the 56 x 56."""
        x, y, dy, dx = map(self.read, ("pool1_3x3_s2", "pool1_norm1", "grad_pool1_norm1", "grad_pool1_3x3_s2"))
        forward, backward, references = [], [], ([], [])
        alpha = 1.9999999494757503e-05         # 2e-5 in float32
        for at in range(0, 56 * 56 * 64, 37 * 64):
            a, g = x[at:at + 64], dy[at:at + 64]
            n = [1 + alpha * math.fsum(v * v for v in a[max(c - 2, 0):c + 3]) for c in range(64)]
            forward += [v * m ** -.75 for v, m in zip(a, n)]
            inner = [gradient * v * m ** -1.75 for gradient, v, m in zip(g, a, n)]
            backward += [g[c] * n[c] ** -.75 - 1.5 * alpha * a[c] * math.fsum(inner[max(c - 2, 0):c + 3])
                         for c in range(64)]
            references[0].extend(y[at:at + 64])
            references[1].extend(dx[at:at + 64])
        self.close(forward, references[0])
        self.close(backward, references[1])


if __name__ == "__main__":
    unittest.main()
