import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmark.probe import fit_probe, keep, kept

PARTS = ("train", "val", "test")


def data(noise=1.0, multilabel=False, count=120):
    luck = np.random.default_rng(0)
    labels = {part: np.arange(count) % 3 for part in PARTS}
    centres = luck.normal(size=(3, 8))
    features = {p: (centres[labels[p]] + noise * luck.normal(size=(count, 8))).astype(np.float32) for p in PARTS}
    if multilabel:
        labels = {p: np.stack([labels[p] == 0, labels[p] != 1], 1).astype(np.int64) for p in PARTS}
    return features, labels


def test_it_is_scikit_learns_logistic_regression_on_standardised_features():
    features, labels = data()
    given, curves, best = fit_probe(features, labels, (0.1,), "min_val_loss")
    scale = StandardScaler().fit(features["train"])
    model = LogisticRegression(C=0.1, max_iter=1000).fit(scale.transform(features["train"]), labels["train"])
    np.testing.assert_allclose(given, model.predict_proba(scale.transform(features["test"])), atol=1e-6)
    truth = model.predict_proba(scale.transform(features["val"]))[np.arange(120), labels["val"]]
    assert curves["val_loss"] == [pytest.approx(-np.log(truth).mean(), rel=1e-5)]
    assert best == 0


def test_the_penalty_is_chosen_on_validation_images_only():
    features, labels = data(noise=2.5)
    strengths = (1e-4, 1e-2, 1.0, 100.0)
    given, curves, best = fit_probe(features, labels, strengths, "min_val_loss")
    assert best == int(np.argmin(curves["val_loss"]))
    assert curves["c"] == list(strengths)
    assert fit_probe(features, labels, strengths, "max_val_auc")[2] == int(np.argmax(curves["val_auc"]))
    labels["test"] = labels["test"][::-1].copy()
    np.testing.assert_array_equal(fit_probe(features, labels, strengths, "min_val_loss")[0], given)


def test_several_labels_each_have_their_own_probability():
    features, labels = data(noise=0.3, multilabel=True)
    given, curves, _ = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert given.shape == (120, 2)
    assert curves["val_auc"][0] > 0.95
    assert not np.allclose(given.sum(axis=1), 1)


def test_its_inputs_are_left_as_they_are():
    features, labels = data()
    before = {part: value.copy() for part, value in features.items()}
    fit_probe(features, labels, (1.0,), "min_val_loss")
    for part in PARTS:
        np.testing.assert_array_equal(features[part], before[part])


def test_kept_features_come_back_and_nothing_else_stays(tmp_path):
    path = tmp_path / "features" / "x.npy"
    assert kept(path) is None
    keep(path, np.ones((3, 2)))
    np.testing.assert_array_equal(kept(path), np.ones((3, 2), np.float32))
    assert [p.name for p in path.parent.iterdir()] == ["x.npy"]
