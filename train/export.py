"""Export: the trained network as the plain one, in a weight file; and back again, to train on.

BatchNorm is folded into weights and biases. The LRN of the training becomes TensorFlow's (alpha 2e-5): scaling what
enters an LRN by s and its alpha by 1/s^2 is the same but for the factor s, so the convolutions before the two LRNs
are multiplied by sqrt(alpha / 2e-5) and those behind them divided by it; no LRN is one with a very small alpha.
The classifier is centred: its mean over the classes is taken from every class, which softmax does not see, and so
the best logit is never below 0. The classes that were not drawn get weights 0 and a bias of -10 and cannot win.
All of it changes the centred logits by no more than rounding (measured 4e-6).
"""

import copy
import functools
import os
import pickle

import numpy as np
import torch
import torch.nn.functional as F

import inception_graph
from train.graphdef import inception
from train.network import ALPHA, NORMED, Inception, padded
from train.pool import PoolError

UNUSED_BIAS = -10.0
ASLEEP = 1e-6                       # alpha over TensorFlow's that stands for 0: s differs from 1 by less than rounding
# LRN -> (convolutions whose output enters it, those that read what leaves it)
AROUND_NORMS = ((("conv1_7x7_s2",), ("conv2_3x3_reduce",)),
                (("conv2_3x3",), ("inception_3a_1x1", "inception_3a_3x3_reduce", "inception_3a_5x5_reduce",
                                  "inception_3a_pool_proj")))


@torch.no_grad()
def fold(trained, indices):
    """The plain network (1000 classes, no BatchNorm) that computes what `trained` computes in eval mode."""
    plain = Inception(1000, norm=False).eval()
    for name, to in plain.convolutions.items():
        source = trained.convolutions[name]
        norm = source.norm
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        to.conv.weight.copy_(source.conv.weight * gain[:, None, None, None])
        to.conv.bias.copy_(norm.bias - norm.running_mean * gain)
    for alpha, (before, behind) in zip(trained.alphas.tolist(), AROUND_NORMS):
        scale = max(alpha / ALPHA, ASLEEP) ** .5
        for name in before:
            plain.convolutions[name].conv.weight.mul_(scale)
            plain.convolutions[name].conv.bias.mul_(scale)
        for name in behind:
            plain.convolutions[name].conv.weight.div_(scale)
    plain.linear.weight.zero_()
    plain.linear.bias.fill_(UNUSED_BIAS)
    plain.linear.weight[indices] = trained.linear.weight - trained.linear.weight.mean(0)
    plain.linear.bias[indices] = trained.linear.bias - trained.linear.bias.mean()
    return plain


@torch.no_grad()
def unfold(plain, indices, pictures):
    """The inverse of fold: a network to train on, which computes in eval mode what `plain` computes of these classes.

    Each BatchNorm has the mean and the variance of what its convolution makes of the `pictures`, so that training,
    which uses those of its batches, begins with nearly the same function. Weights get the length of fresh ones, what
    enters a LRN the size 1. Auxiliary classifiers are new. Raises PoolError for classes that `plain` does not know,
    and if its LRNs do anything: then they cannot be left out.
    """
    unknown = int((plain.linear.weight[indices] == 0).all(1).sum())
    if unknown:
        raise PoolError(f"these weights do not know {unknown} of the {len(indices)} classes; begin with others")
    plain, trained = copy.deepcopy(plain), Inception(len(indices))
    for name, alpha, (before, behind) in zip(NORMED, plain.alphas, AROUND_NORMS):
        square = plain(pictures, stop=name).square().mean()
        if 5 * alpha * square > 1e-3:
            raise PoolError("the LRNs of these weights act; begin with a weights-NN.pt of their run")
        for convolution in before:
            plain.convolutions[convolution].conv.weight.div_(square.sqrt())
            plain.convolutions[convolution].conv.bias.div_(square.sqrt())
        for convolution in behind:
            plain.convolutions[convolution].conv.weight.mul_(square.sqrt())
    plain.alphas.zero_()
    trained.alphas.zero_()

    def take(to, source, inputs):
        x, padding = padded(inputs[0], source.k, source.stride)
        weight = source.conv.weight
        variance, mean = torch.var_mean(F.conv2d(x, weight, None, source.stride, padding), (0, 2, 3), correction=0)
        length = weight.flatten(1).norm(dim=1) / 2 ** .5 + 1e-12        # He's initialisation has length sqrt(2)
        to.conv.weight.copy_(weight / length[:, None, None, None])
        to.norm.running_mean.copy_(mean / length)
        to.norm.running_var.copy_(variance / length ** 2)
        to.norm.weight.copy_((variance / length ** 2 + to.norm.eps).sqrt() * length)
        to.norm.bias.copy_(mean + source.conv.bias)
    for name, source in plain.convolutions.items():
        source.register_forward_pre_hook(functools.partial(take, trained.convolutions[name]))
    plain(pictures)
    trained.linear.weight.copy_(plain.linear.weight[indices])
    trained.linear.bias.copy_(plain.linear.bias[indices])
    return trained.eval()


def weights_of(plain):
    """Node name -> float32 array in the file's order: [kh, kw, ci, co], biases [co], the classifier [ci,
    co].
    """
    weights = {}
    for name, module in plain.convolutions.items():
        weights[name + "/weights"] = module.conv.weight.detach().permute(2, 3, 1, 0)
        weights[name + "/biases"] = module.conv.bias.detach()
    weights["loss3_classifier/weights"] = plain.linear.weight.detach().t()
    weights["loss3_classifier/biases"] = plain.linear.bias.detach()
    return {name: np.ascontiguousarray(value.float().cpu().numpy(), "<f4") for name, value in weights.items()}


def load_plain(path):
    """The network of a weight file, in PyTorch."""
    import deepdream
    model, plain = deepdream.load_model(str(path)), Inception(1000, norm=False).eval()
    shapes = {node: shape for _, node, shape in inception_graph.WEIGHTS}

    def tensor(name):
        return torch.from_numpy(np.array(model.weights[name.replace("/", "_")][1], np.float32).reshape(shapes[name]))
    with torch.no_grad():
        for name, module in plain.convolutions.items():
            module.conv.weight.copy_(tensor(name + "/weights").permute(3, 2, 0, 1))
            module.conv.bias.copy_(tensor(name + "/biases"))
        plain.linear.weight.copy_(tensor("loss3_classifier/weights").reshape(1024, 1000).t())
        plain.linear.bias.copy_(tensor("loss3_classifier/biases"))
    return plain


def write_weights(plain, path):
    """Write the weight file; it appears whole."""
    data = inception({name: value.tobytes() for name, value in weights_of(plain).items()})
    temporary = f"{path}.part"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
    return len(data)


@torch.no_grad()
def difference(trained, plain, indices, pictures):
    """The largest difference of the centred logits, and the relative one of three tensors, on these pictures."""
    trained = trained.eval()
    wanted = trained(pictures)
    logits = float((plain(pictures)[:, indices] - (wanted - wanted.mean(1, keepdim=True))).abs().max())
    tensors = {}
    for name in ("inception_3a_output", "inception_4c_output", "inception_5b_output"):
        a, b = plain(pictures, stop=name), trained(pictures, stop=name)
        tensors[name] = float((a - b).abs().max() / b.abs().max())
    return logits, tensors


def load_checkpoint(path):
    """A checkpoint of fit: (network in eval mode, class indices, the whole record). Raises PoolError if it is none."""
    try:
        record = torch.load(path, map_location="cpu", weights_only=True)
        network = Inception(len(record["indices"]))
        network.load_state_dict(record["network"])
    except (pickle.UnpicklingError, EOFError, RuntimeError, TypeError, KeyError):
        raise PoolError(f"{path}: not the weights of a run; expected a weights-NN.pt or checkpoint.pt") from None
    return network.eval(), record["indices"], record
