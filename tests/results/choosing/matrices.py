"""Small experiments whose answers are known by hand."""

import numpy as np

from results.choosing.matrix import Matrix
from results.choosing.prior import Setting


def settings_of(*values):
    return tuple(Setting.of(value) for value in values)


def matrix_of(score, *, val_loss=None, kwh=None, hours=None, settings=None, targets=None, sources=None, family=None):
    """A matrix of scores (targets, sources, settings[, seeds]); by default val_loss is 1 - score, and each run costs 1 kWh."""
    score = np.asarray(score, dtype=float)
    score = score[..., None] if score.ndim == 3 else score
    filled = {"val_loss": 1 - score if val_loss is None else val_loss, "kwh": np.ones(score.shape) if kwh is None else kwh}
    filled |= {"hours": np.full(score.shape, 0.5) if hours is None else hours}
    arrays = {name: np.asarray(values, dtype=float).reshape(score.shape) for name, values in filled.items()}
    made = np.isfinite(score) | np.isfinite(arrays["kwh"]) & ~np.isfinite(score)
    made = np.isfinite(score) if kwh is None else made
    settings = settings or settings_of(*({"width": str(number)} for number in range(score.shape[2])))
    return Matrix(
        tuple(targets or (f"t{number}" for number in range(score.shape[0]))),
        tuple(sources or (f"s{number}" for number in range(score.shape[1]))),
        settings, made, score=score, **arrays, metric="auc", family=family or {},
    )  # fmt: skip


def drawn(seed=0, targets=6, sources=4, settings=None, seeds=1):
    """Scores with effects of the source, the setting and the pair, and a validation loss that follows them with noise."""
    rng = np.random.default_rng(seed)
    settings = settings or grid()
    shape = (targets, sources, len(settings), seeds)
    pair = rng.normal(size=(1, sources, len(settings), 1))
    worth = pair + 0.5 * rng.normal(size=(targets, sources, len(settings), 1)) + 0.2 * rng.normal(size=shape)
    score = 1 / (1 + np.exp(-1.5 - worth))
    val_loss = np.exp(-0.4 * worth - 0.1 * rng.normal(size=shape))
    return matrix_of(score, val_loss=val_loss, kwh=rng.uniform(1, 2, shape), settings=settings)


def grid():
    return settings_of(
        *(
            {"lr": rate, "momentum": momentum, "weight_decay": decay}
            for rate in ("0.001", "0.01", "0.1")
            for momentum in ("0", "0.9")
            for decay in ("0", "1e-06", "0.01")
        )
    )
