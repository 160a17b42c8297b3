"""The network in PyTorch: Inception-V1 as inception_graph.OPERATIONS tables it, with what training adds to
it.

Training adds BatchNorm behind every convolution and two auxiliary classifiers (behind 4a and 4d). Local response
normalisation is a choice: BatchNorm makes activations of about 1, for which TensorFlow's alpha of 2e-5 does nothing, so
for one that acts the two alphas are chosen such that alpha x (sum of squares) has a given mean, and stay fixed; or
they are 0. The export (export.py) turns all this into the plain network: exactly the same function.

Tensors are [n, c, h, w] in channels_last memory; pictures are B G R minus the mean.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

import inception_graph

MEAN = (104.0, 116.7, 122.7)                        # B G R, the mean that every engine subtracts
AUXILIARY = {"inception_4a_output": 512, "inception_4d_output": 528}      # operation -> its channels
ALPHA = 2e-5                                        # TensorFlow's, in the weight file
NORMED = ("pool1_3x3_s2", "conv2_3x3")              # what enters the two LRNs


def same(size, k, stride):
    """TensorFlow's SAME padding of one axis: (before, after)."""
    total = max((math.ceil(size / stride) - 1) * stride + k - size, 0)
    return total // 2, total - total // 2


def padded(x, k, stride):
    """x with the SAME zeros around it, where a window of k needs them unevenly; else x and its even
    padding.
    """
    top, bottom = same(x.shape[2], k, stride)
    left, right = same(x.shape[3], k, stride)
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom)), (0, 0)


class Convolution(nn.Module):
    """Convolution, BatchNorm (while training) and ReLU; after the fold: convolution, bias, ReLU."""

    def __init__(self, ci, co, k, stride=1, norm=True):
        super().__init__()
        self.k, self.stride = k, stride
        self.conv = nn.Conv2d(ci, co, k, stride, bias=not norm)
        self.norm = nn.BatchNorm2d(co, eps=1e-3) if norm else None
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x):
        x, padding = padded(x, self.k, self.stride)
        x = F.conv2d(x, self.conv.weight, self.conv.bias, self.stride, padding)
        if self.norm is not None:
            x = self.norm(x)
        return F.relu(x, inplace=self.norm is not None)


class Auxiliary(nn.Module):
    """A classifier half-way: its gradient reaches the lower layers by a shorter way."""

    def __init__(self, ci, classes):
        super().__init__()
        self.conv = Convolution(ci, 128, 1)
        self.linear = nn.Linear(128, classes)

    def forward(self, x):
        return self.linear(F.dropout(self.conv(x).mean((2, 3)), .2, self.training))


def max_pool(x, k, stride):
    """Values are never negative here, so zeros as padding never win."""
    x, padding = padded(x, k, stride)
    return F.max_pool2d(x, k, stride, padding)


class ResponseNorm(torch.autograd.Function):
    """y = x / s^.75 with s = 1 + alpha (sum of squares over 5 channels); its own gradient, to save memory and
    time.

    The sum over channels is a 1x1 convolution with a band matrix. dy/dx = s^-.75 - 1.5 alpha x band(x
    s^-1.75).
    """

    @staticmethod
    def forward(ctx, x, band, alpha):
        s = 1 + alpha.to(x.dtype) * F.conv2d(x * x, band)
        root = torch.rsqrt(s)
        power = root * root.sqrt()
        ctx.save_for_backward(x, band, alpha, s, power)
        return x * power

    @staticmethod
    def backward(ctx, gradient):
        x, band, alpha, s, power = ctx.saved_tensors
        direct = gradient * power
        around = F.conv2d(direct * x / s, band)
        return torch.addcmul(direct, x * (-1.5 * alpha.to(x.dtype)), around), None, None


def response_norm(x, alpha, radius=2):
    """Local response normalisation over 2 radius + 1 channels; alpha 0: nothing to do."""
    if not alpha:
        return x
    c = torch.arange(x.shape[1], device=x.device)
    band = ((c[:, None] - c).abs() <= radius).to(x.dtype)[:, :, None, None]
    with torch.autocast(x.device.type, enabled=False):
        return ResponseNorm.apply(x, band, alpha)


class Inception(nn.Module):
    """The network for `classes` classes. norm: with BatchNorm and auxiliary classifiers (training)."""

    alphas: torch.Tensor

    def __init__(self, classes=1000, norm=True, drop=.2):
        super().__init__()
        self.drop = drop
        self.convolutions = nn.ModuleDict()
        shapes = {operand: shape for operand, _, shape in inception_graph.WEIGHTS}
        for name, kind, inputs, _, _, parameters in inception_graph.OPERATIONS:
            if kind == "Conv2D":
                k, _, ci, co = shapes[inputs[1]]
                stride = parameters.get("stride", (1, 1))[0]
                self.convolutions[name.removesuffix("_Conv2D")] = Convolution(ci, co, k, stride, norm)
        self.linear = nn.Linear(1024, classes)
        heads = {name: Auxiliary(ci, classes) for name, ci in AUXILIARY.items()}
        self.auxiliary = nn.ModuleDict(heads if norm else {})
        self.register_buffer("alphas", torch.full((2,), ALPHA))

    def forward(self, x, stop=None, keep=None):
        """Logits; while training a list of three (last, 4a, 4d). stop: the name of the tensor to return.
        keep: a dictionary that takes the outputs of the modules.
        """
        held, heads, norms = {"data": x}, [], iter(self.alphas)
        for name, kind, inputs, buffer, _, parameters in inception_graph.OPERATIONS[1:]:
            source = held[inputs[0]]
            if kind == "Conv2D":
                held[buffer] = self.convolutions[name.removesuffix("_Conv2D")](source)
            elif kind == "MaxPool":
                held[buffer] = max_pool(source, parameters["ksize"][0], parameters["stride"][0])
            elif kind == "LRN":
                held[buffer] = response_norm(source, next(norms))
            elif kind == "ConcatV2":
                held[buffer] = torch.cat([held[i] for i in inputs], 1)
            elif kind == "AvgPool":
                held[buffer] = source.mean((2, 3))
            elif kind == "MatMul":
                held[buffer] = self.linear(F.dropout(source, self.drop, self.training))
                break
            if keep is not None and kind == "ConcatV2":
                keep[name] = held[buffer]
            if self.training and name in self.auxiliary:
                heads.append(self.auxiliary[name](held[buffer]))
            if name == stop:
                return held[buffer]
        return [held[buffer]] + heads if self.training else held[buffer]

    @torch.no_grad()
    def choose_alphas(self, pictures, strength):
        """Set the alphas so that alpha x (sum of squares over 5 channels) averages `strength` on these
        pictures.

        strength 0: alphas of 0, no normalisation. BatchNorm uses the statistics of these pictures, as it will in
        training: its running ones mean nothing before it.
        """
        was = self.training
        self.train()
        for i, name in enumerate(NORMED):
            x = self(pictures, stop=name)
            self.alphas[i] = strength / (5 * float((x.float() ** 2).mean()))
        self.train(was)


def pictures_to_input(pictures):
    """uint8 [n, h, w, 3] R G B to float [n, 3, h, w] B G R, 0..255 (the mean not yet subtracted)."""
    return pictures.permute(0, 3, 1, 2).flip(1).float()


def subtract_mean(x):
    return x - torch.tensor(MEAN, device=x.device).view(1, 3, 1, 1)
