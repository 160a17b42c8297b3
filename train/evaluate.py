"""Evaluate: how often a weight file is right about drawings it has never seen."""

import numpy as np
import torch

from train.augment import plain
from train.export import load_plain


@torch.no_grad()
def evaluate(path, pool, size=224, limit=0):
    """Figures of a weight file on a pool of unseen drawings, scaled to `size`, as a dictionary for JSON.

    top1, top5: shares; classes: top-1 share of every class; confusions: the most frequent mistakes
    [true label, answer, count].
    """
    network, n = load_plain(path), min(limit or len(pool), len(pool))
    network = network.to(memory_format=torch.channels_last)
    truth = np.asarray(pool.classes)[pool.labels[:n]]
    best = np.zeros((n, 5), int)
    for rows in np.array_split(np.arange(n), max(1, n // 50)):
        logits = network(plain(torch.from_numpy(np.ascontiguousarray(pool.pictures[rows])), size))
        best[rows] = logits.topk(5, 1)[1].numpy()
    hits = best[:, 0] == truth
    names = dict(zip(pool.classes, pool.about["labels"]))
    names.update({int(k): f"class {k}" for k in np.unique(best) if int(k) not in names})
    wrong, counts = np.unique(np.stack([truth, best[:, 0]], 1)[~hits], axis=0, return_counts=True)
    worst = sorted(zip(counts.tolist(), wrong.tolist()), reverse=True)[:30]
    return {"weights": str(path), "pictures": n, "size": size, "code": pool.about["code"],
            "top1": float(hits.mean()), "top5": float((best == truth[:, None]).any(1).mean()),
            "classes": {names[c]: round(float(hits[truth == c].mean()), 4) for c in pool.classes
                        if (truth == c).any()},
            "confusions": [[names[a], names[b], count] for count, (a, b) in worst]}
