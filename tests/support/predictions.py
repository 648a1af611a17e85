"""Made-up predictions with the columns of predictions.parquet."""

import numpy as np
import pandas as pd


def predictions(rng, count, classes, *, multilabel=False, groups=None, model_seed=None, skill=1.0):
    """The same `rng` gives the same labels; `model_seed` other answers to them."""
    labels = rng.integers(0, 2, (count, classes)) if multilabel else rng.permutation(np.arange(count) % classes)
    truth = labels if multilabel else np.eye(classes)[labels]
    answers = rng if model_seed is None else np.random.default_rng(model_seed)
    raw = skill * truth + answers.normal(size=(count, classes))
    given = 1 / (1 + np.exp(-raw)) if multilabel else np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    columns = {"sample": [f"i{i}" for i in range(count)], "group": groups if groups is not None else ""}
    columns |= {f"label_{c}": labels[:, c] for c in range(classes)} if multilabel else {"label": labels}
    return pd.DataFrame(columns | {f"probability_{c}": given[:, c] for c in range(classes)})
