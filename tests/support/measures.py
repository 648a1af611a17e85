"""All measures that take arrays, found by file so that a new one is tested as it is added, and inputs for them."""

import importlib
import pkgutil

import numpy as np

import similarity
from tests.support.drawn import blobs

COUNT, DIMS, CLASSES = 72, 9, 3
NOT_ARRAYS = {"network", "images", "source", "elsewhere", "rng"}


def found():
    for module in pkgutil.iter_modules(similarity.__path__):
        if not module.name.startswith("_"):
            asked = getattr(importlib.import_module(f"similarity.{module.name}"), module.name)
            if not NOT_ARRAYS & set(asked.needs):
                yield module.name, asked


MEASURES = dict(found())


def all_inputs(count=COUNT, dims=DIMS, seed=0):
    rng = np.random.default_rng(seed)
    features, labels = blobs(count, dims, CLASSES, apart=2.0, seed=seed)
    logits = features[:, : min(dims, 6)] + 0.5 * rng.standard_normal((count, min(dims, 6)))
    source, source_labels = blobs(80, dims, 4, apart=2.0, seed=seed + 1)
    return {
        "features": features,
        "labels": labels,
        "logits": logits,
        "probabilities": np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        "neutral": features @ rng.standard_normal((dims, 7)) + 1,
        "untrained": np.maximum(features @ np.random.default_rng(seed + 2).standard_normal((dims, 8)), 0),
        "trained": features @ np.random.default_rng(seed + 3).standard_normal((dims, 5)) + np.eye(5)[labels],
        "source_features": source,
        "source_neutral": source @ rng.standard_normal((dims, 7)),
        "source_labels": source_labels,
    }


def of(asked, given):
    return {need: given[need] for need in asked.needs}


def sides(count=30, of_source=40, dims=6, apart=0.0, seed=0):
    """Features of the target and of the source: normal, the source's means `apart` from the target's."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, dims)), rng.standard_normal((of_source, dims)) + apart


def by_pairs(one, other, kernel):
    """Unbiased MMD^2, a pair at a time."""
    among = [kernel(one[i], one[j]) for i in range(len(one)) for j in range(len(one)) if i != j]
    there = [kernel(other[i], other[j]) for i in range(len(other)) for j in range(len(other)) if i != j]
    return np.mean(among) + np.mean(there) - 2 * np.mean([kernel(x, y) for x in one for y in other])
