"""Fit: train the network on a pool of drawings, from scratch or from the weights of an earlier run (--begin).

One run: bfloat16, channels_last, AdamW with a cosine schedule, label smoothing, auxiliary classifiers. By default it
begins with small clean pictures; then every batch is seen twice, as it is and changed a little against the network (one
adversarial step along the gradient of the first pass), half of the pictures are faint, and they grow to 224 pixels.
Empty pictures shall leave the layers quiet: their activations, which dreams make grow, count as loss, and the second
pass sees what grows on them towards a thing. Otherwise lattices grow on skies before anything else can.
What is kept is a moving average of the weights (AVERAGE). At the end of a run it is about as good as the last ones
(measured twice, on 2,000 drawings: .4 and .2 points worse; on photographs no difference beyond chance).

The schedule follows the time spent (--minutes) or the steps made (--steps). A run lives in a folder outside
the repository: checkpoint.pt (everything needed to go on), weights-NN.pt at every tenth of the way (to choose
among), log.jsonl. The same command goes on where an interrupted run was: order of the pictures and all chance
depend only on the seed and the number of the step. SIGTERM and Ctrl-C end after the step with a checkpoint; a
stop (SIGSTOP) does not count as time spent.
"""

import copy
import dataclasses
import json
import math
import os
import signal
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from train.augment import batch, plain
from train.export import load_checkpoint, load_plain, unfold
from train.network import Inception
from train.options import FREE
from train.pool import Pool, PoolError

MILESTONES = 10                     # weights kept along the way
CONTRAST = 38.0                     # mean standard deviation of a drawing's pixels after augmentation, without fading
SMOOTHING, AUXILIARY_WEIGHT, CLIP = .1, .3, 5.0
DREAM_STEP = (1, 10)                # RMS grey levels by which the second pass moves empty pictures
DREAMT = [f"inception_{module}_output" for module in ("3b", "4a", "4b", "4c", "4d", "4e", "5a")]
HUSH = .15                          # loudness that is quiet enough: layers that are silent have nothing to dream with
BETAS, DECAY = (.9, .98), .05
AVERAGE = .995                      # share of the average that a step leaves


class Run:
    """The state of a training run, in memory and on disk."""

    def __init__(self, options):
        self.options = options
        self.pool, self.held = Pool(options.pool).complete(), Pool(options.held).complete()
        if self.pool.classes != self.held.classes:
            raise PoolError(f"{options.held}: other classes than {options.pool}; draw it again")
        for schedule in (options.sizes, options.adversary, options.faint, options.disguise):
            points(schedule)
        if points(options.sizes)[0][0] > 0:
            raise PoolError(f"{options.sizes}: no size to begin with; expected 0:VALUE first")
        if options.batch > len(self.pool):
            raise PoolError(f"{options.pool}: {len(self.pool)} pictures, fewer than a batch of {options.batch}")
        if options.threads:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.device = torch.device(options.device)
        self.network = Inception(len(self.pool.classes)).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.model = torch.compile(self.network, dynamic=False) if options.compile else self.network
        matrices = [p for p in self.network.parameters() if p.ndim > 1]
        vectors = [p for p in self.network.parameters() if p.ndim == 1]
        self.optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=DECAY),
                                            dict(params=vectors, weight_decay=0)], lr=options.rate,
                                            betas=BETAS)
        self.step, self.spent, self.kept = 0, 0.0, 0
        self.averages = {"loss": 0.0, "accuracy": 0.0, "adversarial": 0.0, "loudness": 1.0}
        os.makedirs(options.run, exist_ok=True)
        if not self.resume():
            if options.begin:
                self.begin(options.begin)
            self.network.choose_alphas(self.some(), options.norm)
            self.average.load_state_dict(self.network.state_dict())

    def begin(self, path):
        """Take the weights of an earlier run, which may have had more classes, or of a weight file."""
        if path.endswith(".pb"):
            try:
                network = unfold(load_plain(path), self.pool.classes, self.some().cpu())
            except PoolError as error:
                raise PoolError(f"{path}: {error}") from None
            self.network.load_state_dict(network.state_dict())
            return
        network, classes, _ = load_checkpoint(path)
        unknown = set(self.pool.classes) - set(classes)
        if unknown:
            raise PoolError(f"{path}: {len(classes)} classes, of the pool's {len(self.pool.classes)} it lacks "
                            f"{len(unknown)}; begin with a run on all of them")
        rows = [classes.index(index) for index in self.pool.classes]
        for head in (network.linear, *(a.linear for a in network.auxiliary.values())):
            head.weight.data, head.bias.data = head.weight.data[rows], head.bias.data[rows]
        self.network.load_state_dict(network.state_dict())

    def some(self):
        """A few pictures of the pool, as they are."""
        rows = np.random.default_rng((self.options.seed, 0, 0)).permutation(len(self.pool))[:128]
        return plain(self.rows(rows), 128)

    def path(self, name):
        return os.path.join(self.options.run, name)

    def rows(self, rows):
        """Pictures of the pool on the device, uint8 [n, h, w, 3]."""
        return torch.from_numpy(np.ascontiguousarray(self.pool.pictures[np.sort(rows)])).to(self.device)

    # checkpoints

    def record(self):
        """What a weights file holds: enough to export it."""
        return {"indices": self.pool.classes, "network": self.average.state_dict(), "step": self.step,
                "spent": self.spent, "options": dataclasses.asdict(self.options),
                "code": self.pool.about["code"]}

    def save(self, name="checkpoint.pt", full=True):
        record = self.record()
        if full:
            record.update(last=self.network.state_dict(), optimizer=self.optimizer.state_dict(),
                          averages=self.averages, kept=self.kept)
        torch.save(record, self.path(name + ".part"))
        os.replace(self.path(name + ".part"), self.path(name))

    def resume(self):
        """Go on with the folder's checkpoint, if there is one of the same options."""
        if not os.path.exists(self.path("checkpoint.pt")):
            return False
        record = torch.load(self.path("checkpoint.pt"), map_location=self.device, weights_only=True)
        mine, theirs = dataclasses.asdict(self.options), record["options"]
        differs = [key for key in mine if key not in FREE and mine[key] != theirs.get(key)]
        if differs or record["indices"] != self.pool.classes:
            raise PoolError(f'{self.options.run}: holds a run with other {", ".join(differs) or "classes"}; '
                            'use another folder for --run')
        self.network.load_state_dict(record["last"])
        self.average.load_state_dict(record["network"])
        self.optimizer.load_state_dict(record["optimizer"])
        self.step, self.spent, self.kept = record["step"], record["spent"], record["kept"]
        self.averages = record["averages"]
        print(f"going on at step {self.step}, {self.spent / 60:.1f} min", file=sys.stderr)
        return True

    # schedule

    def progress(self):
        """How much of the run is done, 0..1."""
        if self.options.steps:
            return self.step / self.options.steps
        return self.spent / (60 * self.options.minutes)

    def learning_rate(self, t):
        """Warm-up over 4 %, then a cosine down to 1/200."""
        warm = .04
        if t < warm:
            return self.options.rate * (t + .002) / (warm + .002)
        return self.options.rate * max(.005, .5 * (1 + math.cos(math.pi * (t - warm) / (1 - warm))))

    def size(self, t):
        """Pixels of the pictures at progress t."""
        return int([size for start, size in points(self.options.sizes) if t >= start][-1])

    # a step

    def chosen(self, step):
        """The rows of the pool in step number `step`: a permutation for every epoch, depending on the seed
        only.
        """
        per_epoch = len(self.pool) // self.options.batch
        epoch, k = divmod(step, per_epoch)
        if getattr(self, "epoch", None) != epoch:
            self.epoch = epoch
            self.order = np.random.default_rng((self.options.seed, 1, epoch)).permutation(len(self.pool))
        return np.sort(self.order[k * self.options.batch:(k + 1) * self.options.batch])

    def train_step(self):
        """One batch: a pass as it is, then a pass changed against the network; each updates the weights."""
        t = self.progress()
        rows, size = self.chosen(self.step), self.size(t)
        rng = np.random.default_rng((self.options.seed, 2, self.step))
        torch.manual_seed(int(rng.integers(1 << 31)))
        labels = torch.from_numpy(self.pool.labels[rows]).to(self.device)
        x, targets, empty = batch(self.rows(rows), labels, len(self.pool.classes), size, rng,
                                  level(self.options.faint, t), self.options.paste,
                                  level(self.options.disguise, t))
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(t)
        strength = level(self.options.adversary, t)
        gradient = self.update(x, targets, labels, empty, "loss", "accuracy", strength > 0)
        if strength > 0:
            worse = against(x.detach(), gradient, strength)
            worse[empty] = dreamt(x.detach()[empty], gradient[empty], rng)
            self.update(worse.contiguous(memory_format=torch.channels_last), targets, labels, empty, None,
                        "adversarial")
        self.step += 1
        self.follow()

    @torch.no_grad()
    def follow(self):
        """Move the average of the weights towards them, further in the first steps."""
        kept = min(AVERAGE, self.step / (9 + self.step))
        for mean, last in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(last, 1 - kept)
            else:
                mean.copy_(last)

    def update(self, x, targets, labels, empty, loss_name, accuracy_name, want_gradient=False):
        """Forward, backward, step; returns the gradient of the loss to the pictures if it is wanted."""
        x.requires_grad_(want_gradient)
        modules: dict[str, torch.Tensor] = {}
        with torch.autocast(self.device.type, torch.bfloat16):
            heads = self.model(x, keep=modules)
        losses = [F.cross_entropy(h.float(), targets, label_smoothing=SMOOTHING) for h in heads]
        loss = losses[0] + AUXILIARY_WEIGHT * sum(losses[1:])
        loudness = loudness_of(modules, empty)
        loss = loss + self.options.quiet * sum(F.relu(value - HUSH).mean() for value in loudness)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimizer.step()
        hits = float(((heads[0].argmax(1) == labels) & ~empty).sum() / (~empty).sum().clamp(1))
        measured = [(loss_name, losses[0].item()), (accuracy_name, hits)]
        if loudness:
            measured.append(("loudness", statistics.fmean(value.mean().item() for value in loudness)))
        for name, value in measured:
            if name:
                pace = max(.02, 1 / (self.step + 1))
                self.averages[name] += pace * (value - self.averages[name])
        return x.grad.float() if want_gradient else None

    @torch.no_grad()
    def evaluate(self, limit=1000):
        """Top-1 and top-5 on the first `limit` held-out drawings, as they are, at the present size."""
        size = self.size(self.progress())
        top1 = top5 = 0
        rows = np.arange(min(limit, len(self.held)))
        for part in np.array_split(rows, max(1, len(rows) // 50)):
            pictures = torch.from_numpy(np.ascontiguousarray(self.held.pictures[part])).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                logits = self.average(plain(pictures, size))
            labels = torch.from_numpy(self.held.labels[part]).to(self.device)
            best = logits.float().topk(min(5, logits.shape[1]), 1)[1]
            top1 += int((best[:, 0] == labels).sum())
            top5 += int((best == labels[:, None]).any(1).sum())
        return top1 / len(rows), top5 / len(rows)


def against(x, gradient, strength):
    """x moved along the gradient by `strength` grey levels (RMS), times the root of each picture's contrast over the
    mean one: one step for all would leave nothing of the faint ones, a step in proportion would not touch them.
    """
    contrast = x.std((2, 3), keepdim=True).square().mean(1, keepdim=True).sqrt()
    length = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
    return x + gradient / length * ((contrast / CONTRAST).sqrt() * strength)


def loudness_of(modules, empty):
    """For each of the modules: its mean square on every empty picture over that on the others, which counts as given,
    or the ratio would fall by making these louder; none if there is nothing to compare. Through BatchNorm it reaches
    the gradient of the other pictures too, but hardly (measured: cosine .999 to the gradient without it).
    """
    if empty.all() or not empty.any():
        return []
    def energy(x):
        return x.float().square().mean((1, 2, 3))
    return [energy(modules[name][empty]) / energy(modules[name][~empty].detach()).mean() for name in DREAMT]


def dreamt(x, gradient, rng):
    """x moved DREAM_STEP grey levels (RMS) up the gradient: towards being taken for a thing, and louder."""
    step = np.exp(rng.uniform(*np.log(DREAM_STEP), (len(x), 1, 1, 1))).astype(np.float32)
    length = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
    return x + gradient / length * torch.from_numpy(step).to(x.device)


def points(text):
    """'0:128,.55:160' -> [(0.0, 128.0), (.55, 160.0)]."""
    try:
        return [(float(start), float(value)) for start, value in (part.split(":") for part in text.split(","))]
    except ValueError:
        raise PoolError(f"{text}: not a schedule; expected PART:VALUE,PART:VALUE..., such as 0:64,.1:96") from None


def level(schedule, t):
    """The value of a schedule at progress t; linear between its points."""
    return float(np.interp(t, *zip(*points(schedule))))


def fit(options):
    """Train until the schedule ends or a signal comes; returns True if it ended."""
    run, stop = Run(options), []
    times: list[float] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(1))
    run.network.train()
    saved = said = time.monotonic()
    while run.progress() < 1 and not stop:
        start = time.monotonic()
        run.train_step()
        took = time.monotonic() - start
        run.spent += min(took, 10 * statistics.median(times) if times else 30)   # no pauses, no compiling
        times = (times + [took])[-50:]
        now = time.monotonic()
        if now - said > 15:
            said = now
            report(run, times)
        if int(run.progress() * MILESTONES) > run.kept and run.progress() < 1:
            run.kept = int(run.progress() * MILESTONES)
            run.save(f"weights-{10 * run.kept:02d}.pt", full=False)
            log(run)
        if now - saved > 60 * options.every:
            saved = now
            run.save()
    run.save()
    ended = run.progress() >= 1
    if ended:
        run.save("weights-100.pt", full=False)
        log(run)
    print("done" if ended else "stopped; the same command goes on", file=sys.stderr)
    return ended


def report(run, times):
    """One line of progress on stderr."""
    a = run.averages
    left = (1 - run.progress()) / max(run.progress(), 1e-6) * run.spent / 60
    pace = run.options.batch / statistics.median(times)
    print(f'step {run.step}  {100 * run.progress():.1f} %  {run.size(run.progress())} px  '
          f'loss {a["loss"]:.3f}  accuracy {a["accuracy"]:.3f}  against {a["adversarial"]:.3f}  '
          f'loudness {a["loudness"]:.2f}  {pace:.1f} pictures/s  {left:.0f} min left',
          file=sys.stderr, flush=True)


def log(run):
    """One line of log.jsonl, with the accuracy on held-out drawings."""
    top1, top5 = run.evaluate()
    line = {"step": run.step, "minutes": round(run.spent / 60, 2), "progress": round(run.progress(), 4),
            **{k: round(v, 4) for k, v in run.averages.items()}, "top1": round(top1, 4),
            "top5": round(top5, 4)}
    print(json.dumps(line), file=sys.stderr, flush=True)
    with open(run.path("log.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
