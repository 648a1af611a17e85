"""Made-up predictions with the columns of predictions.parquet."""

import numpy as np
import pandas as pd


def predictions(luck, count, classes, *, multilabel=False, groups=None, luck_of_model=None, skill=1.0):
    """The same `luck` gives the same labels; `luck_of_model` other answers to them."""
    labels = luck.integers(0, 2, (count, classes)) if multilabel else luck.permutation(np.arange(count) % classes)
    truth = labels if multilabel else np.eye(classes)[labels]
    answers = luck if luck_of_model is None else np.random.default_rng(luck_of_model)
    raw = skill * truth + answers.normal(size=(count, classes))
    given = 1 / (1 + np.exp(-raw)) if multilabel else np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    columns = {"sample": [f"i{i}" for i in range(count)], "group": groups if groups is not None else ""}
    columns |= {f"label_{c}": labels[:, c] for c in range(classes)} if multilabel else {"label": labels}
    return pd.DataFrame(columns | {f"probability_{c}": given[:, c] for c in range(classes)})
