"""The training side: drawings, the fold, the weight file's writer, and a run that is interrupted.

The writer needs nothing but Python. The rest needs skia, NumPy and PyTorch, one test TensorFlow: skipped without.
"""
import array
import hashlib
import importlib.util
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from helpers import ROOT, run_python

import deepdream
import inception_graph
from train.drawings.registry import MODULES
from train.graphdef import field, inception, varint


def missing(*packages):
    """Are packages missing? For skipping."""
    return any(importlib.util.find_spec(name) is None for name in packages)


NO_SKIA = missing("skia", "numpy")
NO_TORCH = missing("torch", "numpy")
RESOURCES = ("7172657300000002000000650000001400000033000000046f6e650a00000013000000f0789c2b29cf572819411800d55b58"
             "99000500645bf40061002e007400780074000606d62ac20066006f006c006400650072000500655bf40062002e0074007800"
             "74000000000002000000020000000100000000000000000000000000000000000100000000000001a21769700e0000001000"
             "02000000010000000300000000000000000000002200010000000100000008000001a2176970ca")


# ---- The writer of weight files ----------------------------------------------------------------------------

def some_weights():
    """Numbers for every weight: node name -> array, each number known by its place."""
    weights = {}
    for k, (_, name, shape) in enumerate(inception_graph.WEIGHTS):
        size = 1
        for n in shape:
            size *= n
        weights[name] = array.array("f", (k + i % 251 / 256 for i in range(size)))
    return weights


class Writer(unittest.TestCase):
    def test_varints(self):
        """The examples of the protobuf documentation, and a negative one."""
        self.assertEqual(varint(1), b"\x01")
        self.assertEqual(varint(150), b"\x96\x01")
        self.assertEqual(varint(-1), b"\xff" * 9 + b"\x01")
        self.assertEqual(field(1, 150), b"\x08\x96\x01")
        self.assertEqual(field(2, "testing"), b"\x12\x07testing")

    def test_round_trip(self):
        """deepdream reads what the writer wrote: every weight, and the graph passes its checks."""
        weights = some_weights()
        data = inception({name: value.tobytes() for name, value in weights.items()})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "weights.pb")
            pathlib.Path(path).write_bytes(data)
            graph, model = deepdream.read_graph(path), deepdream.load_model(path)
        self.assertEqual(len(graph.nodes), 443)
        for name, value in weights.items():
            self.assertEqual(model.weights[name.replace("/", "_")][1], memoryview(value), name)

    def test_wrong_size(self):
        """Weights that are too few are refused by name."""
        weights = {name: value.tobytes() for name, value in some_weights().items()}
        weights["conv1_7x7_s2/biases"] = b"\0" * 4
        with self.assertRaisesRegex(ValueError, "conv1_7x7_s2/biases"):
            inception(weights)

    @unittest.skipIf(missing("tensorflow"), "TensorFlow is not installed")
    def test_tensorflow(self):
        """TensorFlow loads the file and computes what our engine computes (shipped weights, written anew)."""
        model = deepdream.load_model(deepdream.data_file("InceptionV1.pb"))
        data = inception({name: bytes(model.weights[name.replace("/", "_")][1]) for name in some_weights()})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "weights.pb")
            pathlib.Path(path).write_bytes(data)
            done = subprocess.run([sys.executable, "-c", TENSORFLOW, path], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            network = deepdream.load(path)
        theirs = json.loads(done.stdout.splitlines()[-1])
        ramp = array.array("f", (i % 256 - 120 for i in range(224 * 224 * 3)))
        ours = network.forward(ramp, "loss3_classifier")
        worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        self.assertLess(worst / max(map(abs, theirs)), 1e-4)


TENSORFLOW = """
import json, sys
import numpy, tensorflow
graph = tensorflow.compat.v1.GraphDef()
graph.ParseFromString(open(sys.argv[1], "rb").read())
ramp = (numpy.arange(224 * 224 * 3) % 256 - 120).astype("f4").reshape(1, 224, 224, 3)
with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
    tensorflow.import_graph_def(graph, name="")
    print(json.dumps(session.run("loss3_classifier/loss3_classifier:0", {"data:0": ramp}).ravel().tolist()))
"""


# ---- Drawings ----------------------------------------------------------------------------------------------

class Folder(unittest.TestCase):
    FILES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "train" / "drawings").glob("*.py")}

    def test_needs_no_training(self):
        """The folder imports nothing of ours from outside itself, so its hash is that of the drawings."""
        for name, code in self.FILES.items():
            ours = re.findall(r"^ *(?:from|import) +(train\S*|deepdream\S*|inception_graph)", code, re.MULTILINE)
            self.assertEqual([module for module in ours if not module.startswith("train.drawings.")], [], name)

    def test_modules(self):
        """Every file that draws a class is in the list of those that are loaded."""
        drawing = [name for name, code in self.FILES.items() if re.search(r"^@drawing\(", code, re.MULTILINE)]
        self.assertEqual(sorted(drawing), sorted(MODULES))


@unittest.skipIf(NO_SKIA, "skia and NumPy are not installed")
class Drawings(unittest.TestCase):
    SEEDS = (1, 2, 3)

    @classmethod
    def setUpClass(cls):
        from train.drawings.registry import drawings
        from train.drawings.scenes import draw_alone
        cls.known = drawings()
        cls.alone = {i: [draw_alone(i, seed, 96) for seed in cls.SEEDS] for i in cls.known}

    def test_labels(self):
        """Every class has an index and a name of the ImageNet list."""
        labels = deepdream.read_labels(deepdream.data_file(inception_graph.LABELS))
        for index, drawing in self.known.items():
            self.assertIn(drawing.label, labels[index], index)

    def test_kinds(self):
        """Every kind and every place that a class names exists."""
        from train.drawings.scenes import KINDS, PLACES
        for drawing in self.known.values():
            kind = {**KINDS[drawing.kind], **drawing.options}
            self.assertLessEqual(set(kind["places"]), set(PLACES), drawing.label)
            self.assertLessEqual(set(drawing.options), set(KINDS["thing"]), drawing.label)

    def test_not_blank(self):
        """At every seed a class paints enough of its box, and not in one flat tone."""
        import numpy as np
        ground = np.array((128, 132, 128))
        for index, pictures in self.alone.items():
            for seed, picture in zip(self.SEEDS, pictures, strict=True):
                with self.subTest(label=self.known[index].label, seed=seed):
                    painted = np.abs(picture.astype(int) - ground).max(2) > 12
                    self.assertGreater(painted.mean(), .06)
                    self.assertGreater(picture[painted].std(), 8)

    def test_not_clipped(self):
        """Little of a drawing is at the end of the scale in all channels."""
        for index, pictures in self.alone.items():
            for seed, picture in zip(self.SEEDS, pictures, strict=True):
                with self.subTest(label=self.known[index].label, seed=seed):
                    self.assertLess(((picture.min(2) == 255) | (picture.max(2) == 0)).mean(), .5)

    def test_differ(self):
        """No two classes draw the same, and no class draws the same twice."""
        import numpy as np
        small = {i: np.stack(p)[:, ::6, ::6].astype(float) for i, p in self.alone.items()}
        keys = list(small)
        for k, a in enumerate(keys):
            self.assertGreater(np.abs(small[a][0] - small[a][1]).mean(), .5, self.known[a].label)
            for b in keys[k + 1:]:
                self.assertGreater(np.abs(small[a] - small[b]).mean(), 1, (self.known[a].label, self.known[b].label))

    def test_same_seed(self):
        """The same seed draws the same bytes, in another order and in another process with other hashes."""
        from train.drawings.scenes import draw
        some = list(self.known)[::7]
        first = [hashlib.sha256(draw(i, 5)).hexdigest() for i in some]
        code = ("import hashlib\nfrom train.drawings.scenes import draw\n"
                f"print(*[hashlib.sha256(draw(i, 5)).hexdigest() for i in {some[::-1]}])")
        done = run_python(code, 600, PYTHONHASHSEED="77")
        self.assertEqual(done.stderr, "")
        self.assertEqual(first, done.stdout.split()[::-1])

    def test_shipped(self):
        """The classes of docs/classes.png and the picture cat_dog224.bmp are drawn as they are shipped.

        Where the code changes what is drawn, train/README.md has the commands that draw both again. A processor with
        other matrix products draws one class of the 231 otherwise, by .14 levels in the mean.
        """
        import numpy as np
        import skia

        from train.picture import SEED, scene
        from train.sheet import sheet_of, tiles_of
        if skia.__version__.split(".")[0] != "144":
            self.skipTest("other versions of skia paint other bytes")
        sheet = skia.Image.open(str(ROOT / "docs" / "classes.png"))
        sheet = sheet.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
        drawn = sheet_of(tiles_of(self.known, 1, 0, 60), 20)
        self.assertEqual(drawn.shape, sheet.shape)
        differences = np.abs(drawn.astype(int) - sheet).reshape(-1, 60, 20, 60, 3).mean((1, 3, 4)).ravel()
        for drawing, difference in zip(self.known.values(), differences, strict=False):      # the last row is not full
            self.assertLess(difference, .5, drawing.label)
        shipped = deepdream.read_picture(deepdream.data_file("cat_dog224.bmp"))
        pixels = np.frombuffer(shipped.pixels, np.uint8).reshape(224, 224, 3)[..., ::-1]
        self.assertLess(np.abs(scene(SEED).astype(int) - pixels).mean(), .5)

    def test_other_size(self):
        """A drawing can be made at another size: the same picture, finer."""
        import numpy as np

        from train.drawings.scenes import draw_alone
        index = next(iter(self.known))
        large = draw_alone(index, 1, 192).reshape(96, 2, 96, 2, 3).mean((1, 3))
        self.assertLess(np.abs(large - self.alone[index][0]).mean(), 12)


@unittest.skipIf(NO_SKIA, "skia and NumPy are not installed")
class Brushes(unittest.TestCase):
    def test_contours(self):
        """Paths from memory are those that moveTo and quadTo make."""
        import numpy as np
        import skia

        from train.drawings.brushes import HAIR, LINE, contours
        points = np.random.default_rng(0).uniform(0, 100, (7, 10))
        path, line = skia.Path(), skia.Path()
        for a in points.astype("f4").tolist():
            path.moveTo(*a[:2])
            path.quadTo(*a[2:6])
            path.quadTo(*a[6:])
            line.moveTo(*a[:2])
            line.lineTo(*a[2:4])
        self.assertEqual(contours(points, HAIR), path)
        self.assertEqual(contours(points[:, :4], LINE), line)

    def test_clay_turns(self):
        """A body seen from the front shows its front: projection, depth and visibility agree."""
        from train.drawings.clay import Clay
        clay = Clay(perspective=0)
        clay.ball("body", (0, 0, 0), (2, 1, 1))
        clay.view(yaw=90)
        clay.fit()
        x, y, z = clay.project((2, 0, 0))
        self.assertAlmostEqual(x, 0)
        self.assertAlmostEqual(y, 0)
        self.assertAlmostEqual(z, 2)
        x0, y0, x1, y1 = clay.extent()
        self.assertAlmostEqual(x1 - x0, y1 - y0)


# ---- The network -------------------------------------------------------------------------------------------

@unittest.skipIf(NO_TORCH, "PyTorch is not installed")
class Fold(unittest.TestCase):
    def test_fold_is_exact(self):
        """Export changes nothing: BatchNorm and the LRN in the plain network (measured 1e-6 to 4e-6)."""
        for strength in (0, 4):
            with self.subTest(strength=strength):
                self.fold(strength)

    def fold(self, strength):
        import torch

        from train.export import UNUSED_BIAS, difference, fold
        from train.network import Inception
        torch.manual_seed(0)
        indices = [1, 207, 281, 483, 852]
        network = Inception(len(indices))
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.data.uniform_(.5, 1.5)
                module.bias.data.uniform_(-.3, .3)
        pictures = torch.randint(-120, 130, (4, 3, 96, 96)).float()
        network.train()
        with torch.no_grad():
            network(pictures)
            network(pictures.flip(0))
        network.choose_alphas(pictures, strength)
        self.assertEqual(bool((network.alphas > 1e-3).all()), strength > 0)
        network.linear.bias.data.sub_(30)          # training may move all logits alike, softmax does not see it
        plain = fold(network, indices)
        logits, tensors = difference(network, plain, indices, pictures)
        self.assertLess(logits, 4e-6 * max(1, float(plain(pictures)[:, indices].detach().abs().max())))
        for name, value in tensors.items():
            self.assertLess(value, 1e-5, name)
        unused = [i for i in range(1000) if i not in indices]
        self.assertTrue((plain(pictures)[:, unused] == UNUSED_BIAS).all())
        self.assertLess(UNUSED_BIAS, float(plain(pictures)[:, indices].max(1)[0].min().detach()))

    def test_unfold(self):
        """What is unfolded from a weight file computes the same, and folds into the same again."""
        import torch

        from train.export import difference, fold, load_plain, unfold
        from train.pool import PoolError
        torch.manual_seed(0)
        plain = load_plain(deepdream.data_file("InceptionV1.pb"))
        known = torch.nonzero((plain.linear.weight != 0).any(1)).flatten().tolist()[::3]
        pictures = torch.randint(-120, 130, (4, 3, 96, 96)).float()
        trained = unfold(plain, known, pictures)
        with torch.no_grad():
            ours, theirs = trained(pictures.flip(0)), plain(pictures.flip(0))[:, known]
        self.assertLess(float((ours - theirs).abs().max()), 1e-4 * float(theirs.abs().max()))
        lengths = torch.cat([c.conv.weight.flatten(1).norm(dim=1) for c in trained.convolutions.values()])
        self.assertTrue(torch.allclose(lengths, torch.tensor(2 ** .5), atol=1e-3))
        logits, tensors = difference(trained, fold(trained, known), known, pictures)
        self.assertLess(max(logits / float(theirs.abs().max()), *tensors.values()), 1e-5)
        trained.train()
        with torch.no_grad():
            batch = trained(pictures)[0]                    # dropout apart, the batch has the statistics it was given
        self.assertGreater(float(torch.corrcoef(torch.stack([batch.flatten(), plain(pictures)[:, known].flatten()]))
                                 [0, 1].detach()), .8)
        unknown = next(i for i in range(1000) if not plain.linear.weight[i].any())
        with self.assertRaisesRegex(PoolError, "1 of the 2 classes"):
            unfold(plain, [known[0], unknown], pictures)
        plain.convolutions["conv1_7x7_s2"].conv.weight.data.mul_(1e4)
        with self.assertRaisesRegex(PoolError, "LRN"):
            unfold(plain, known, pictures)

    def test_alphas_fit_training(self):
        """The LRN acts as strongly as asked in the first step of a training, behind BatchNorm of the batch."""
        import torch

        from train.network import Inception
        torch.manual_seed(0)
        network, pictures = Inception(5), torch.randint(-120, 130, (8, 3, 64, 64)).float()
        network.choose_alphas(pictures, 3.0)
        network.train()
        with torch.no_grad():
            for alpha, name in zip(network.alphas, ("pool1_3x3_s2", "conv2_3x3")):
                inside = float(alpha * 5 * network(pictures, stop=name).square().mean())
                self.assertAlmostEqual(inside, 3, delta=.01, msg=name)

    def test_softened(self):
        """The stated shares of the pictures lose their detail or get another one's; their colours stay."""
        import numpy as np
        import torch

        from train.augment import FOREIGN, SOFT, soften
        torch.manual_seed(0)
        x = 100 + 30 * torch.randn(400, 3, 32, 32)
        y = soften(x, np.random.default_rng(0))
        self.assertLess(float((y.mean((2, 3)) - x.mean((2, 3))).abs().max()), 1.5)
        own = torch.stack([torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] for a, b in zip(x, y)])
        contrast = y.std((1, 2, 3)) / x.std((1, 2, 3))
        self.assertAlmostEqual(float(((y - x).abs().amax((1, 2, 3)) > .01).float().mean()), SOFT + FOREIGN, delta=.06)
        self.assertAlmostEqual(float(((contrast < .8) & (own > .5)).float().mean()), SOFT, delta=.06)
        self.assertTrue(torch.allclose(soften(x, np.random.default_rng(0), 0), x, atol=1e-3))
        changed = (soften(x, np.random.default_rng(0), .5) - x).abs().amax((1, 2, 3)) > .01
        self.assertAlmostEqual(float(changed.float().mean()), (SOFT + FOREIGN) / 2, delta=.05)

    def test_textured(self):
        """The stated share of the pictures gets textures of the stated depth, another one for what is bright."""
        import numpy as np
        import torch

        from train.augment import TEXTURED, textured
        x = torch.full((400, 3, 32, 32), 60.0)
        x[..., 16:] = 180
        self.assertTrue(torch.equal(textured(x.clone(), np.random.default_rng(0), 0), x))
        y = textured(x.clone(), np.random.default_rng(0))
        marks = ((y - x) / x)[(y != x).flatten(1).any(1)]
        self.assertAlmostEqual(len(marks) / 400, TEXTURED, delta=.06)
        self.assertTrue(torch.equal(marks[:, 0], marks[:, 1]), "it is light and shade, no colour")
        depths = torch.stack([marks[..., :12].std((1, 2, 3)), marks[..., 20:].std((1, 2, 3))])
        self.assertTrue(((depths > .01) & (depths < .8)).all())
        self.assertLess(abs(float(torch.corrcoef(depths.log())[0, 1])), .25)

    def test_textures(self):
        """Every texture has mean 0 and variance 1, and they are drawn out in all directions alike."""
        import numpy as np

        from train.augment import textures
        fields = textures(300, 48, np.random.default_rng(0))
        self.assertTrue((np.abs(fields.mean((1, 2))) < 1e-3).all() and (np.abs(fields.std((1, 2)) - 1) < 1e-2).all())
        across, down = (np.abs(np.diff(fields, axis=axis)).mean((1, 2)) for axis in (2, 1))
        self.assertAlmostEqual(float(np.median(across / down)), 1, delta=.15)
        self.assertGreater(float(np.quantile(across / down, .9)), 1.6)

    def test_filtered(self):
        """The stated share of the pictures passes a filter; mean colours stay, evenness too, edges where they were."""
        import numpy as np
        import torch

        from train.augment import FILTERED, filtered
        torch.manual_seed(0)
        x = 100 + 30 * torch.randn(600, 3, 24, 24)
        x[:, :, :, 12:] = 140
        y = filtered(x.clone(), np.random.default_rng(0))
        changed = (y != x).flatten(1).any(1)
        self.assertAlmostEqual(float(changed.float().mean()), FILTERED, delta=.05)
        self.assertLess(float((y.mean((2, 3)) - x.mean((2, 3))).abs().max()), .1)
        self.assertLess(float(y[:, :, :, 16:-4].std((2, 3)).max()), .1)

    def test_empty(self):
        """The stated share of the pictures is empty, and is no class; all others keep their label."""
        import numpy as np
        import torch

        from train.augment import EMPTY, batch
        pictures = torch.randint(0, 256, (400, 160, 160, 3), dtype=torch.uint8)
        x, targets, empty = batch(pictures, torch.arange(400) % 5, 5, 32, np.random.default_rng(0), .5, 0)
        self.assertTrue(torch.allclose(targets.sum(1), torch.ones(400)))
        self.assertTrue(torch.equal(empty, (targets == 1 / 5).all(1)))
        self.assertAlmostEqual(float(empty.float().mean()), EMPTY, delta=.05)
        self.assertTrue((targets.argmax(1) == torch.arange(400) % 5)[~empty].all())
        self.assertTrue(torch.isfinite(x).all())
        with mock.patch("train.augment.soften", lambda x, rng, disguise: x * 0):
            x, _, empty = batch(pictures, torch.arange(400) % 5, 5, 32, np.random.default_rng(0), .5, 0)
        self.assertGreater(float(x[empty].mean((1, 2, 3)).min()), -80, "detail is not touched there")
        _, targets, empty = batch(pictures[:50], torch.arange(50) % 5, 5, 32, np.random.default_rng(0), .5, 1)
        self.assertFalse(empty.any(), "a part of another picture is pasted in: nothing is empty")

    def test_nothing(self):
        """Clouds have the same energy in every octave; a lattice repeats in few directions: its spectrum is a few
        points and their overtones.
        """
        import numpy as np

        from train.augment import clouds, lattice, nothing
        power = np.abs(np.fft.rfft2(clouds((60, 1, 64, 64), np.random.default_rng(0)))[:, 0, :32]) ** 2
        octaves = [power.mean(0)[1:, 1:][self.band(low, 2 * low)].sum() for low in (4, 8)]
        self.assertAlmostEqual(octaves[1] / octaves[0], 1, delta=.15)
        for seed in range(20):
            spectrum = np.abs(np.fft.fft2(lattice(64, np.random.default_rng(seed))))[:, :33].ravel() ** 2
            strongest = np.sort(spectrum[1:])[::-1]
            self.assertGreater(strongest[:64].sum(), .7 * strongest.sum(), seed)
        marks = np.stack([nothing(64, np.random.default_rng(seed)) for seed in range(100)])
        self.assertEqual(marks.shape, (100, 3, 64, 64))
        self.assertTrue((marks.std((1, 2, 3)) == 0).any() and (marks.std((1, 2, 3)) < 150).all())

    @staticmethod
    def band(low, high):
        """Where in a spectrum of rows 1..31 and columns 1..32 the frequency is in the band."""
        import numpy as np
        radius = np.hypot(np.arange(1, 32)[:, None], np.arange(1, 33))
        return (radius >= low) & (radius < high)

    def test_loudness(self):
        """Loudness is a ratio of mean squares, has no gradient to the other pictures, and needs both kinds."""
        import torch

        from train.fit import DREAMT, loudness_of
        x = torch.full((5, 2, 3, 3), 2.0)
        x[0], x[1] = 6, 1
        x.requires_grad_()
        modules, empty = {name: x * (1 + k) for k, name in enumerate(DREAMT)}, torch.tensor([1, 1, 0, 0, 0]).bool()
        loudness = loudness_of(modules, empty)
        for value in loudness:
            self.assertTrue(torch.allclose(value, torch.tensor([9.0, .25])))
        self.assertEqual(len(loudness), len(DREAMT))
        sum(value.sum() for value in loudness).backward()
        self.assertTrue((x.grad[:2] > 0).all() and (x.grad[2:] == 0).all())
        for same in (torch.zeros(5).bool(), torch.ones(5).bool()):
            self.assertEqual(loudness_of(modules, same), [])

    def test_faint_under_noise(self):
        """Some faint pictures are under noise, no others."""
        import numpy as np
        import torch

        from train.augment import NOISY, fade
        x, empty = fade(torch.full((400, 3, 16, 16), 90.0), np.random.default_rng(0), .5)
        noisy = (x.std((1, 2, 3)) > 1.5) & ~empty
        self.assertAlmostEqual(float(noisy.float().mean()), .5 * .9 * NOISY, delta=.05)
        x, empty = fade(torch.full((400, 3, 16, 16), 90.0), np.random.default_rng(0), 0)
        self.assertLess(float(x[~empty].std((1, 2, 3)).max()), 1e-3)

    def test_dream_step(self):
        """The second pass moves empty pictures along the gradient, by lengths within the stated bounds."""
        import numpy as np
        import torch

        from train.fit import DREAM_STEP, dreamt
        torch.manual_seed(0)
        x, gradient = torch.randn(50, 3, 16, 16), 1e-6 * torch.randn(50, 3, 16, 16)
        step = dreamt(x, gradient, np.random.default_rng(0)) - x
        lengths = step.square().mean((1, 2, 3)).sqrt()
        self.assertTrue(((lengths > .99 * DREAM_STEP[0]) & (lengths < 1.01 * DREAM_STEP[1])).all())
        self.assertGreater(float(lengths.max() / lengths.min()), 4)
        self.assertGreater(float(torch.cosine_similarity(step.flatten(1), gradient.flatten(1)).min()), .999)

    def test_adversarial_step(self):
        """The step has the stated length at mean contrast and shrinks with the root of the picture's own."""
        import torch

        from train.fit import CONTRAST, against
        torch.manual_seed(0)
        x, gradient = torch.randn(2, 3, 32, 32) * CONTRAST, torch.randn(2, 3, 32, 32)
        x[1] *= .25
        lengths = (against(x, gradient, 1.5) - x).square().mean((1, 2, 3)).sqrt()
        self.assertAlmostEqual(float(lengths[0]), 1.5, delta=.05)
        self.assertAlmostEqual(float(lengths[1]), .75, delta=.03)

    def test_ablation_figures(self):
        """An adversarial step raises the loss; grain and loudness are measured as they are defined."""
        import numpy as np
        import torch

        from train.ablate import attacked, emptied, energy, grain_of
        from train.network import Inception
        torch.manual_seed(0)
        network, x = Inception(5).eval(), torch.randn(4, 3, 64, 64) * 40
        labels = torch.zeros(4, dtype=torch.long)
        worse = attacked(network, x, labels)
        loss = torch.nn.functional.cross_entropy
        self.assertGreater(float(loss(network(worse), labels).detach()), float(loss(network(x), labels).detach()))

        class Pixels(torch.nn.Module):
            """Its gradient is twice the pictures: flat ones have no grain, white noise 1 - pi / 16 of it."""
            def forward(self, x, stop=None):
                return x
        self.assertAlmostEqual(grain_of(Pixels(), x), 1 - math.pi / 16, delta=.02)
        self.assertLess(grain_of(Pixels(), torch.ones(1, 3, 64, 64)), 1e-6)
        self.assertAlmostEqual(energy(Pixels(), 3 * torch.ones(1, 3, 8, 8)), 9, places=5)
        shapes = torch.zeros(6, 3, 96, 96)
        shapes[:, :, 40:44] = 200                       # a beam, of which only the blurred colours are to stay
        rows = emptied(shapes, np.random.default_rng(0)).mean((0, 1, 3))
        self.assertLess(float(rows[40:44].mean() - rows[34:38].mean()), 25)

    def test_response_norm(self):
        """Local response normalisation is PyTorch's, its gradient that of finite differences."""
        import torch

        from train.network import response_norm
        generator = torch.Generator().manual_seed(2)
        x = torch.rand(2, 12, 3, 3, dtype=torch.float64, generator=generator).requires_grad_()
        alpha = torch.tensor(.7, dtype=torch.float64)
        theirs = torch.nn.functional.local_response_norm(x, 5, alpha=5 * .7, beta=.75, k=1)
        self.assertLess(float((theirs - response_norm(x, alpha)).abs().max().detach()), 1e-12)
        self.assertTrue(torch.autograd.gradcheck(lambda x: response_norm(x, alpha), (x,)))

    def test_engine_agrees(self):
        """The plain network in PyTorch and the shipped engine compute the same from the same file."""
        import torch

        from train.export import load_plain
        path = deepdream.data_file("InceptionV1.pb")
        network = deepdream.load(path)
        generator = torch.Generator().manual_seed(1)
        x = torch.randint(-120, 130, (1, 3, 224, 224), generator=generator).float()
        with torch.no_grad():
            theirs = load_plain(path)(x)[0]
        ours = network.forward(x[0].permute(1, 2, 0).flatten().tolist(), "loss3_classifier")
        self.assertLess(float((torch.tensor(list(ours)) - theirs).abs().max()) / float(theirs.abs().max()), 1e-4)


@unittest.skipIf(NO_TORCH or NO_SKIA, "PyTorch and skia are not installed")
class Training(unittest.TestCase):
    """The steps as a user runs them, on a pool of a few drawings."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        for name, seed in (("pool", "1"), ("held", "2")):
            cls.train("draw", cls.path / name, "-n", 24, "-s", seed, "-j", 1)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def command(*arguments):
        return [sys.executable, "-m", "train", *map(str, arguments)]

    @classmethod
    def train(cls, *arguments, status=0):
        done = subprocess.run(cls.command(*arguments), cwd=ROOT, capture_output=True, text=True)
        if done.returncode != status:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stderr}")
        return done

    def fit(self, run, steps, pool="pool", held="held"):
        return ("fit", "--pool", self.path / pool, "--held", self.path / held, "--run", self.path / run,
                "--steps", steps, "--batch", 4, "--sizes", "0:64", "--threads", 1)

    def test_drawing_goes_on(self):
        """A pool that was interrupted is completed with the same bytes; another seed is refused."""
        import numpy as np

        from train.pool import Pool
        pool = Pool(str(self.path / "pool"), writable=True)
        before = np.array(pool.pictures[5])
        pool.done[5], pool.pictures[5] = 0, 0
        del pool
        self.train("draw", self.path / "pool", "-n", 24, "-s", 1, "-j", 1)
        self.assertTrue((Pool(str(self.path / "pool")).pictures[5] == before).all())
        refused = self.train("draw", self.path / "pool", "-n", 24, "-s", 9, status=1)
        self.assertIn("seed", refused.stderr)

    def test_run_goes_on(self):
        """A run that was killed after a checkpoint ends with the same weights as one that was not."""
        import torch
        self.train(*self.fit("whole", 4))
        running = subprocess.Popen(self.command(*self.fit("parts", 4)), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for line in running.stderr:
            if '"step": 1,' in line:
                running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 0)
        running.stderr.close()
        middle = torch.load(self.path / "parts" / "checkpoint.pt", weights_only=False)
        self.assertIn(middle["step"], (1, 2, 3))
        self.train(*self.fit("parts", 4))
        whole, parts = (torch.load(self.path / run / "weights-100.pt", weights_only=False)
                        for run in ("whole", "parts"))
        self.assertEqual(whole["step"], parts["step"])
        for name, value in whole["network"].items():
            self.assertTrue(torch.equal(value, parts["network"][name]), name)
        self.train("export", self.path / "parts" / "weights-100.pt", self.path / "weights.pb")
        said = self.train("evaluate", self.path / "weights.pb", self.path / "held", "-z", 64,
                          "-n", 99, "--json", self.path / "f.json")
        self.assertIn("top-1", said.stdout)
        figures = json.loads((self.path / "f.json").read_text())
        self.assertEqual(figures["pictures"], 24)

    def test_begin(self):
        """A run begins with the weights of another; what is not such a file is one line."""
        import torch
        self.train(*self.fit("first", 1))
        self.train(*self.fit("second", 1), "--begin", self.path / "first" / "weights-100.pt", "--rate", 0)
        first, second = (torch.load(self.path / run / "weights-100.pt", weights_only=False)["network"]
                         for run in ("first", "second"))
        for name in ("linear.weight", "convolutions.conv1_7x7_s2.conv.weight"):
            self.assertTrue(torch.equal(first[name], second[name]), name)
        self.train(*self.fit("moved", 1), "--begin", self.path / "first" / "weights-100.pt")
        moved = torch.load(self.path / "moved" / "checkpoint.pt", weights_only=False)
        for name in ("linear.weight", "convolutions.conv1_7x7_s2.conv.weight"):
            mean = .1 * first[name] + .9 * moved["last"][name]         # the average after one step
            self.assertTrue(torch.allclose(moved["network"][name], mean, rtol=1e-4, atol=1e-6), name)
            self.assertFalse(torch.equal(moved["network"][name], moved["last"][name]), name)
        self.train("draw", self.path / "few", "-n", 8, "-s", 1, "-j", 1, "--classes", 1, 7)
        self.train(*self.fit("fewer", 1, "few", "few"), "--begin", self.path / "first" / "weights-100.pt", "--rate", 0)
        first, fewer = (torch.load(self.path / run / "weights-100.pt", weights_only=False)
                        for run in ("first", "fewer"))
        rows = [first["indices"].index(index) for index in fewer["indices"]]
        for name in ("linear.weight", "linear.bias", "auxiliary.inception_4a_output.linear.weight"):
            self.assertTrue(torch.equal(first["network"][name][rows], fewer["network"][name]), name)
        refused = self.train(*self.fit("more", 1), "--begin", self.path / "fewer" / "weights-100.pt", status=1)
        self.assertIn("lacks", refused.stderr)
        few = self.fit("file", 1, "few", "few")
        self.train(*few, "--begin", deepdream.data_file("InceptionV1.pb"), "--rate", 0)
        theirs = torch.load(self.path / "file" / "weights-100.pt", weights_only=False)["network"]["linear.weight"]
        classifier = memoryview(deepdream.load_model(deepdream.data_file("InceptionV1.pb"))
                                .weights["loss3_classifier_weights"][1]).cast("B").cast("f")
        ours = torch.tensor(classifier.tolist()).view(1024, 1000)[:, [1, 7]].t()
        self.assertTrue(torch.equal(theirs, ours))
        for wrong in (ROOT / "README.md", self.path / "nothing", ROOT / "test" / "pictures" / "nothing.pb"):
            refused = self.train(*self.fit("third", 1), "--begin", wrong, status=1)
            self.assertEqual(refused.stderr.count("\n"), 1, refused.stderr)
            self.assertIn(str(wrong), refused.stderr)

    def test_quiet(self):
        """How much the loudness of empty pictures weighs changes what is learned."""
        import torch
        for weight in (0, 1):
            self.train(*self.fit(f"quiet{weight}", 4), "--batch", 24, "--quiet", weight)
        quiet, loud = (torch.load(self.path / f"quiet{weight}" / "weights-100.pt", weights_only=False)["network"]
                       for weight in (1, 0))
        name = "convolutions.conv1_7x7_s2.conv.weight"
        self.assertFalse(torch.equal(quiet[name], loud[name]))

    def test_photographs(self):
        """Of a stamp the visible part is seen, in its proportions, on grey; of a photograph the middle square. A
        missing package is one line.
        """
        import skia

        from train.photos import GREY, middle, shares, stamp
        surface = skia.Surface(60, 40)
        with surface as canvas:
            canvas.clear(skia.ColorTRANSPARENT)
            canvas.drawRect(skia.Rect.MakeXYWH(10, 5, 40, 20), skia.Paint(Color=skia.ColorRED))
        surface.makeImageSnapshot().save(str(self.path / "red.png"), skia.kPNG)
        with surface as canvas:
            canvas.clear(skia.ColorBLUE)
            canvas.drawRect(skia.Rect.MakeXYWH(10, 0, 40, 40), skia.Paint(Color=skia.ColorRED))
        surface.makeImageSnapshot().save(str(self.path / "opaque.png"), skia.kPNG)
        seen = stamp(str(self.path / "red.png")) == (255, 0, 0)
        self.assertAlmostEqual(seen.all(2).sum() / 224 ** 2, .8 * .4, delta=.01)
        self.assertTrue((stamp(str(self.path / "red.png"))[:20] == GREY).all())
        self.assertTrue((middle((self.path / "opaque.png").read_bytes())[:, 40:-40] == (255, 0, 0)).all())
        answers = [("a", "goldfish", [1, 2, 3, 4, 5]), ("b", "tiger, goldfish", [2, 1, 3, 4, 5]),
                   ("c", "tabby", [1, 2, 3, 4, 5])]
        self.assertEqual(shares(answers), (1 / 3, 2 / 3))
        refused = self.train("photos", deepdream.data_file("InceptionV1.pb"), self.path, status=1)
        self.assertEqual(refused.stderr.count("\n"), 1)
        self.assertIn("tuxpaint-stamps-default", refused.stderr)

    def test_resources(self):
        """Files are found in an archive that Qt's rcc wrote (of the two files a.txt and folder/b.txt, b compressed)."""
        from train.photos import resources
        (self.path / "some.rcc").write_bytes(bytes.fromhex(RESOURCES))
        self.assertEqual(resources(str(self.path / "some.rcc")), {"a.txt": b"one\n", "b.txt": b"two " * 60})
        with self.assertRaisesRegex(OSError, "not an archive"):
            resources(str(ROOT / "InceptionV1.pb"))
        for size in (10, 100, len(bytes.fromhex(RESOURCES)) // 2):
            (self.path / "cut.rcc").write_bytes(bytes.fromhex(RESOURCES)[:size])
            with self.subTest(size=size), self.assertRaisesRegex(OSError, "cut.rcc: a broken archive"):
                resources(str(self.path / "cut.rcc"))

    def test_sheet(self):
        """A PNG file of the classes."""
        self.train("sheet", 1, 7, "-n", 2, "-c", 3, "-z", 24, "-o", self.path / "sheet.png")
        sheet = deepdream.read_picture(str(self.path / "sheet.png"))
        self.assertEqual((sheet.width, sheet.height), (72, 48))
        self.assertEqual(sheet.pixels[-3:], bytes(3))           # empty places are black

    def test_help(self):
        """Every step has its help; a wrong pool, a class that is not drawn are one line."""
        for step in ("draw", "fit", "export", "evaluate", "photos", "ablate", "sheet", "dreams", "picture"):
            self.assertIn("usage: python3 -m train " + step, self.train(step, "--help").stdout)
        for wrong in (("evaluate", deepdream.data_file("InceptionV1.pb"), self.path / "nothing"), ("sheet", "²")):
            refused = self.train(*wrong, status=1)
            self.assertEqual(refused.stderr.count("\n"), 1)
            self.assertNotIn("Traceback", refused.stderr)

    def test_wrong_schedule(self):
        """A schedule that is none, or begins too late, and too few pictures are one line."""
        for more, said in ((("--faint", ".5"), ".5: not a schedule"), (("--sizes", ".1:64"), ".1:64: no size to begin"),
                           (("--batch", 25), "24 pictures, fewer than a batch of 25")):
            refused = self.train(*self.fit("refused", 1), *more, status=1)
            self.assertEqual(refused.stderr.count("\n"), 1, refused.stderr)
            self.assertIn(said, refused.stderr)

    def test_numbers_that_cannot_be(self):
        for wrong in (("draw", self.path / "none", "-n", 0), ("draw", self.path / "none", "-j", 0), ("sheet", "-c", 0),
                      (*self.fit("none", 1), "--batch", 0), (*self.fit("none", 1), "--minutes", 0)):
            refused = self.train(*wrong, status=2)
            self.assertRegex(refused.stderr, r"error: argument \S+: 0; expected a number above 0\n\Z")
        self.assertFalse((self.path / "none").exists())

    def test_damaged_files(self):
        """One line, of a pool and of a run's weights."""
        (self.path / "bad").mkdir()
        about = json.loads((self.path / "held" / "pool.json").read_text())
        for text in ("{}", "[]", json.dumps(about), json.dumps(about | {"pictures": "x"})):     # without its pictures
            (self.path / "bad" / "pool.json").write_text(text)
            refused = self.train("evaluate", deepdream.data_file("InceptionV1.pb"), self.path / "bad", status=1)
            self.assertRegex(refused.stderr, r"\Atrain: error: \S+bad: not a pool of drawings \([^\n]*\n\Z")
        for data in (b"", b"PK\x03\x04" + bytes(50), b"\x80\x02c__builtin__\nprint\n(U\x04evilt\x85R."):
            (self.path / "bad.pt").write_bytes(data)
            refused = self.train("export", self.path / "bad.pt", self.path / "none.pb", status=1)
            self.assertRegex(refused.stderr, r"\Atrain: error: \S+bad.pt: not the weights of a run[^\n]*\n\Z")
            self.assertNotIn("evil", refused.stdout)

    def test_picture(self):
        """The shipped picture is a 224 x 224 BMP file with colours."""
        self.train("picture", self.path / "picture.bmp")
        picture = deepdream.read_picture(str(self.path / "picture.bmp"))
        self.assertEqual((picture.width, picture.height), (224, 224))
        self.assertGreater(len(set(picture.pixels)), 100)


if __name__ == "__main__":
    unittest.main()
