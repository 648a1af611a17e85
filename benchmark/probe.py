"""The linear probe: frozen features, extracted once and kept, then an L2-penalised logistic regression."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.digest import file_digest
from benchmark.score import auc, one_hot
from results.error import CatsError
from results.record import Rule


def kept(path: Path) -> np.ndarray | None:
    """Features that were extracted before, (N, D) float32, memory-mapped; None if there are none that can be read."""
    try:
        features: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        if file_digest(path) != path.with_suffix(".sha256").read_text(encoding="ascii"):
            return None
    except (FileNotFoundError, EOFError, ValueError):  # absent, or damaged by a disk: extracted again
        return None
    return features


def keep(path: Path, features: np.ndarray) -> None:
    """Store features; the file is whole or absent."""
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".draft", delete=False) as draft:
            np.save(draft, features.astype(np.float32))
        path.with_suffix(".sha256").write_text(file_digest(Path(draft.name)), encoding="ascii")
        Path(draft.name).replace(path)
    except OSError as error:
        if draft is not None:
            Path(draft.name).unlink(missing_ok=True)
        raise CatsError(f"cannot keep features in {path.parent}: {error.strerror}") from error


def fit_probe(
    features: dict[str, np.ndarray], labels: dict[str, np.ndarray], strengths: tuple[float, ...], rule: Rule
) -> tuple[np.ndarray, dict[str, list[float]], int]:
    """Fit one regression per strength on `train`, choose on `val` by the rule, predict `test`.

    features: part → (N, D); labels: part → (N,) int or (N, K). `last_epoch` has no meaning here and takes the weakest
    penalty. Returns test probabilities (N, C) float64, the curves over strengths, and which strength was chosen.
    """
    classes = labels["train"].shape[1] if labels["train"].ndim == 2 else int(labels["train"].max()) + 1
    curves: dict[str, list[float]] = {"val_loss": [], "val_auc": [], "c": []}
    models = []
    for strength in strengths:
        regression = LogisticRegression(C=strength, max_iter=1000)
        model = make_pipeline(StandardScaler(), OneVsRestClassifier(regression) if labels["train"].ndim == 2 else regression)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # an unfinished fit is judged on val like any other
            warnings.filterwarnings("ignore", "Label .* is present in all training examples")  # it is then predicted
            model.fit(features["train"], labels["train"])
        given = model.predict_proba(features["val"])
        truth = one_hot(labels["val"], classes)
        sure = np.clip(np.where(truth == 1, given, 1 - given if labels["val"].ndim == 2 else 1), 1e-12, 1)
        loss = -np.log(sure).sum() / (truth.size if labels["val"].ndim == 2 else len(truth))
        for name, value in (("val_loss", float(loss)), ("val_auc", auc(labels["val"], given)), ("c", strength)):
            curves[name].append(value)
        models.append(model)
    worth = {
        "min_val_loss": [-v for v in curves["val_loss"]],
        "max_val_auc": curves["val_auc"],
        "last_epoch": list(strengths),
    }
    best = int(np.argmax(worth[rule]))
    return models[best].predict_proba(features["test"]), curves, best
