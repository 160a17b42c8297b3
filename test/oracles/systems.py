"""The classic dreams as their systems do them, in NumPy and SciPy: the programs that our presets are held against.

Written from descriptions of the systems (docs of the classes and functions name them), for clarity alone. Levels are
float64 [height, width, 3], blue green red, 0 to 255. What is random is handed in, as an iterator: rolls are (x, y),
right and down. Where a system had another network, its layers and the size of its step are arguments.
"""
import numpy as np
import scipy.ndimage
import scipy.optimize
import torch
import torch.nn.functional as F

MEAN = np.array([104.0, 116.7, 122.7])      # the shipped network's; the systems' own differ by half a level at most


class Network:
    """Objectives and their gradients by level; `first` keeps the first ones for comparison."""

    def __init__(self, graph):
        self.graph, self.first = graph, None

    def forward(self, levels, *layers):
        x = torch.tensor((levels - MEAN).transpose(2, 0, 1)[None], requires_grad=True)
        return x, self.graph(x, *layers)

    def __call__(self, levels, objective):
        """(value, gradient) of an objective, called with the activations of its layers."""
        layers, function = objective
        x, found = self.forward(levels, *layers)
        value = function(*(found[layer] for layer in layers))
        value.backward()
        result = value.item(), x.grad[0].numpy().transpose(1, 2, 0)
        self.first = self.first or result
        return result


# ---- Objectives: (layers, function of their activations) -------------------------------------------------------------

def half_square(layer):
    """Its gradient at the layer is the layer: `diff = data`, google's and the original's."""
    return (layer,), lambda a: (a * a).sum() / 2


def total(layer):
    return (layer,), lambda a: a.sum()


def mean(layer):
    return (layer,), lambda a: a.mean()


def mean_square(layer):
    return (layer,), lambda a: (a * a).mean()


def keras_layers(weights):
    """sum of c * sum(a[2:-2, 2:-2]^2) / (C H W), over {layer: c}."""
    def function(*activations):
        return sum(c * (a[:, :, 2:-2, 2:-2] ** 2).sum() / a.numel() for c, a in zip(weights.values(), activations))
    return tuple(weights), function


def one_hot(layer, number):
    """A logit, before the softmax."""
    return (layer,), lambda a: a[0, number]


def guide(network, levels, layer):
    """For each place n of the picture the largest product with a place m of the guide."""
    y = network.forward(levels, layer)[1][layer][0].flatten(1).detach()
    return (layer,), lambda x: (x[0].flatten(1).T @ y).max(1).values.sum()


# ---- Parts -----------------------------------------------------------------------------------------------------------

def clipped(levels):
    return np.clip(levels, 0.0, 255.0)


def roll(levels, x, y):
    return np.roll(levels, (y, x), (0, 1))


def zoom(levels, height, width):
    """scipy.ndimage.zoom of order 1: corners stay corners."""
    factors = height / levels.shape[0], width / levels.shape[1], 1
    result = scipy.ndimage.zoom(levels, factors, order=1, mode="nearest")
    assert result.shape == (height, width, 3)
    return result


def interpolated(levels, height, width, antialias=False):
    """As OpenCV's and PyTorch's bilinear; with antialias as Pillow's."""
    x = torch.tensor(levels.transpose(2, 0, 1)[None])
    x = F.interpolate(x, (height, width), mode="bilinear", align_corners=False, antialias=antialias)
    return x[0].numpy().transpose(1, 2, 0)


def blurred(levels, sigma):
    """Each channel: to a radius of int(4 * sigma + 0.5), symmetric at the edges."""
    return scipy.ndimage.gaussian_filter(levels, (sigma, sigma, 0))


def by_mean(gradient):
    return gradient / np.abs(gradient).mean()


def by_deviation(gradient):
    return (gradient - gradient.mean()) / (gradient.std() + 1e-8)


# ---- znah/deepdream_c ------------------------------------------------------------------------------------------------

def c89(network, picture, objective, octaves, steps):
    """Tiles of 224 that wrap around, (79, 127) further each step; to bytes after every tile; each octave x 1.4."""
    image = picture.astype(np.uint8)
    for octave in range(octaves):
        image = c_upscale(image) if octave else image
        height, width = image.shape[:2]
        for step in range(steps):
            for y in range(0, height, 224):
                for x in range(0, width, 224):
                    rows = (y + 127 * step + np.arange(224)) % height
                    columns = (x + 79 * step + np.arange(224)) % width
                    tile = image[rows[:, None], columns].astype(float)
                    tile += 1.5 * by_mean(network(tile, objective)[1])
                    tile = np.clip(tile + 0.5, 0, 255).astype(np.uint8)
                    high, wide = min(224, height), min(224, width)
                    image[rows[:high, None], columns[:wide]] = tile[:high, :wide]
    return image.astype(float)


def c_upscale(image):
    """Integers, weights that add up to 255 / 256, no edge: after a row comes the next one, after the last zeros."""
    height, width = image.shape[:2]
    memory = np.concatenate([image.reshape(-1, 3), np.zeros((width + 2, 3), np.uint8)]).astype(int)
    sy, sx = ((np.arange(n * 14 // 10) << 8) * 10 // 14 for n in (height, width))
    at = (sy >> 8)[:, None] * width + (sx >> 8)
    u, v = (sx & 255)[None, :, None], (sy & 255)[:, None, None]
    above = (memory[at] * (255 - u) + memory[at + 1] * u) >> 8
    below = (memory[at + width] * (255 - u) + memory[at + width + 1] * u) >> 8
    return ((above * (255 - v) + below * v) >> 8).astype(np.uint8)


# ---- google/deepdream ------------------------------------------------------------------------------------------------

def google_step(network, image, objective, offset, step=1.5):
    image = roll(image, *offset)
    image = image + step * by_mean(network(image, objective)[1])
    return clipped(roll(image, -offset[0], -offset[1]))


def google(network, picture, objective, offsets, octaves, steps, make_step=google_step):
    """Octaves from the smallest; the detail of each, enlarged, is added to the next. Also guided."""
    bases = [picture]
    for _ in range(octaves - 1):
        height, width = bases[-1].shape[:2]
        bases.append(zoom(bases[-1], round(height / 1.4), round(width / 1.4)))
    image = detail = np.zeros_like(bases[-1])
    for base in reversed(bases):
        height, width = base.shape[:2]
        image = base + zoom(detail, height, width)
        for _ in range(steps):
            image = make_step(network, image, objective, next(offsets))
        detail = image - base
    return image


# ---- Keras, deep_dream.py of 2016 ------------------------------------------------------------------------------------

def keras(network, picture, weights, continuity, dream_l2, noises, rolls):
    """SciPy's L-BFGS, 7 evaluations a round; noise that is there during a round only, and a roll likewise (the system
    has none; keras-team/keras#2098 proposes it). Clipped when it is saved."""
    objective = keras_layers(weights)
    shape = picture.shape

    def function(x):
        levels = x.reshape(shape)
        value, gradient = network(levels, objective)
        penalty, slope = keras_penalties(levels, continuity, dream_l2)
        if not function.first:
            function.first = -penalty + value, gradient - slope
        return penalty - value, (slope - gradient).ravel()

    function.first = None
    x = picture.copy()
    for right, down in rolls:
        noise = next(noises)
        x, _, _ = scipy.optimize.fmin_l_bfgs_b(function, roll(x + noise, right, down).ravel(), maxfun=7)
        x = roll(x.reshape(shape), -right, -down) - noise
    network.first = function.first
    return clipped(x)


def keras_penalties(levels, continuity, dream_l2):
    x = torch.tensor(levels, requires_grad=True)
    dh, dw = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
    value = continuity * ((dh ** 2 + dw ** 2) ** 1.25).sum() + dream_l2 * ((x - torch.tensor(MEAN)) ** 2).sum()
    value = value / x.numel()
    value.backward()
    return value.item(), x.grad.numpy()


# ---- sigmoidprime.com ------------------------------------------------------------------------------------------------

def article(network, picture, objective, offsets, octaves, steps, step, clip=True):
    """clip: also what an octave begins with, where detail on a light or dark place can exceed the range."""
    height, width = picture.shape[:2]
    sizes = [(int(height / 1.25 ** i), int(width / 1.25 ** i)) for i in range(octaves)]
    detail = np.zeros_like(picture)
    for size in reversed(sizes):
        octave = interpolated(picture, *size, antialias=True) if size != (height, width) else picture
        image = octave + interpolated(detail, *size, antialias=True)
        image = clipped(image) if clip else image
        for _ in range(steps):
            x, y = next(offsets)
            image = roll(image, x, y)
            image = clipped(image + step * by_deviation(network(image, objective)[1]))
            image = roll(image, -x, -y)
        detail = image - octave
    return image


# ---- auduno/deepdraw -------------------------------------------------------------------------------------------------

def deepdraw(network, picture, objective, stages, deviates, factor=1.2, order=3):
    """stages: (steps, (first sigma, last), (first step, last)) of each octave. order: of the spline that enlarges."""
    image = picture.copy()
    for octave, (steps, sigmas, sizes) in enumerate(stages):
        if octave:
            height, width = (round(n * factor) for n in image.shape[:2])
            image = scipy.ndimage.zoom(image, (height / image.shape[0], width / image.shape[1], 1), order=order,
                                       mode="nearest")
        height, width = image.shape[:2]
        for i in range(steps):
            sigma, size = (first + (last - first) * i / steps for first, last in (sigmas, sizes))
            x = y = 0
            if width > 224:
                x, y = (int(np.clip((n - 224) / 2 + 0.3 * (n - 224) * next(deviates), 0, n - 224))
                        for n in (width, height))
            crop = image[y:y + 224, x:x + 224]
            crop = clipped(crop + size * by_mean(network(crop, objective)[1]))
            image[y:y + 224, x:x + 224] = blurred(crop, sigma)
    return image


# ---- spikelynch/deepdream, August 2015 -------------------------------------------------------------------------------

def spiral(width, height, size=224):
    """(x, y) of tiles: the rims of squares of tiles around the middle, until one has nothing of the picture."""
    ring = 1
    while True:
        x0, y0 = (width - size * ring) // 2, (height - size * ring) // 2
        x1, y1 = x0 + size * (ring - 1), y0 + size * (ring - 1)
        top = [(x, y0) for x in range(x0, x1 + 1, size)]
        right = [(x1, y) for y in range(y0 + size, y1 + 1, size)]
        bottom = [(x, y1) for x in range(x1 - size, x0 - 1, -size)] if ring > 1 else []
        left = [(x0, y) for y in range(y1 - size, y0, -size)] if ring > 1 else []
        tiles = [(x, y) for x, y in top + right + bottom + left
                 if x + size > 0 and y + size > 0 and x < width and y < height]
        if not tiles:
            return
        yield from tiles
        ring += 1


def lucid(network, picture, objective, offsets, steps, edge, sigma, size=224):
    """All tiles of the spiral in each step, each seeing what those before it did. edge: symmetric or mean."""
    image = picture.copy()
    height, width = image.shape[:2]
    for _ in range(steps):
        offset = next(offsets)
        for x, y in spiral(width, height, size):
            left, right = max(-x, 0), max(x + size - width, 0)
            above, below = max(-y, 0), max(y + size - height, 0)
            inside = image[max(y, 0):y + size, max(x, 0):x + size]
            if edge == "mean":
                tile = np.empty((size, size, 3))
                tile[:] = inside.mean((0, 1))
                tile[above:size - below, left:size - right] = inside
            else:
                around = np.pad(image, ((size, size), (size, size), (0, 0)), edge)
                tile = around[y + size:y + 2 * size, x + size:x + 2 * size]
            tile = blurred(google_step(network, tile, objective, offset), sigma)
            image[max(y, 0):y + size, max(x, 0):x + size] = tile[above:size - below, left:size - right]
    return image


# ---- gordicaleksa/pytorch-deepdream ----------------------------------------------------------------------------------

def gordicaleksa(network, picture, objective, offsets, steps, step, levels=4):
    """The result of each level, resized, is where the next begins; gradients are smoothed by three Gaussians."""
    image = picture
    for k in range(levels):
        size = [round(n * 1.8 ** (k - levels + 1)) for n in picture.shape[:2]]
        image = interpolated(image, *size)
        for i in range(steps):
            x, y = next(offsets)
            image = roll(image, x, y)
            gradient = three_gaussians(network(image, objective)[1], (i + 1) / steps * 2 + 0.5)
            image = roll(clipped(image + step * by_deviation(gradient)), -x, -y)
    return image


def three_gaussians(gradient, sigma):
    x = torch.tensor(gradient.transpose(2, 0, 1)[:, None])
    x = F.pad(x, (4, 4, 4, 4), "reflect")
    parts = []
    for s in (sigma / 2, sigma, sigma * 2):
        line = torch.exp(-torch.arange(-4, 5, dtype=x.dtype) ** 2 / (2 * s * s))
        kernel = torch.outer(line, line)
        parts.append(F.conv2d(x, (kernel / kernel.sum())[None, None]))
    return (sum(parts) / 3)[:, 0].numpy().transpose(1, 2, 0)


# ---- TensorFlow 1's DeepDream notebook -------------------------------------------------------------------------------

def tensorflow(network, picture, objective, offsets, octaves, steps, clip=False):
    """Pictures below 512 a side, so that there is one tile, rolled by any number of pixels. Nothing was clipped."""
    image = picture
    for octave in range(octaves):
        if octave:
            height, width = image.shape[:2]
            image = resize_bilinear(image, int(height * 1.4), int(width * 1.4))
        for _ in range(steps):
            x, y = next(offsets)
            gradient = roll(network(roll(image, x, y), objective)[1], -x, -y)
            image = image + lapnorm(gradient)
            image = clipped(image) if clip else image
    return image


def resize_bilinear(levels, height, width):
    """Of TensorFlow 1: pixel y lies at y * old / new."""
    at = np.meshgrid(*(np.arange(new) * (old / new) for new, old in zip((height, width), levels.shape)), indexing="ij")
    return np.stack([scipy.ndimage.map_coordinates(levels[:, :, c], at, order=1, mode="nearest") for c in range(3)], 2)


def lapnorm(gradient, bands=4):
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=torch.float64)
    kernel = (torch.outer(line, line) / 256)[None, None]
    image = torch.tensor(gradient.transpose(2, 0, 1)[:, None])
    parts = []
    for _ in range(bands):
        def halve(x):
            pads = [max((-(-n // 2) - 1) * 2 + 5 - n, 0) for n in x.shape[:1:-1]]
            return F.conv2d(F.pad(x, [p for n in pads for p in (n // 2, n - n // 2)]), kernel, stride=2)

        low = halve(image)
        double = transposed(halve, image.shape)
        parts.append((image - double(low), double))
        image = low
    image = evened(image)
    for high, double in reversed(parts):
        image = double(image) + evened(high)
    return image[:, 0].numpy().transpose(1, 2, 0)


def transposed(linear, shape):
    """conv2d_transpose, times 4: what autograd makes of a linear function."""
    def function(y):
        x = torch.zeros(shape, dtype=y.dtype, requires_grad=True)
        return 4 * torch.autograd.grad(linear(x), x, y)[0]
    return function


def evened(band):
    return band / max(band.square().mean().sqrt().item(), 1e-10)
