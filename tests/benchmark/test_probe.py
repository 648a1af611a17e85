import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmark.probe import fit_probe, keep, kept
from results.error import CatsError
from tests.full_disk import full_disk

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
    assert sorted(p.name for p in path.parent.iterdir()) == ["x.npy", "x.sha256"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert kept(path) is None  # one bit of a disk


def test_last_epoch_takes_the_weakest_penalty():
    features, labels = data(noise=2.5)
    assert fit_probe(features, labels, (1.0, 100.0, 1e-4), "last_epoch")[2] == 1


def test_it_finds_what_can_be_separated_and_nothing_in_noise():
    features, labels = data(noise=0.01)
    given, curves, best = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert curves["val_auc"][best] == 1
    assert (given.argmax(1) == labels["test"]).all()
    luck = np.random.default_rng(1)
    blind = {part: luck.normal(size=(120, 8)).astype(np.float32) for part in PARTS}
    assert fit_probe(blind, labels, (1.0,), "min_val_loss")[1]["val_auc"][0] == pytest.approx(0.5, abs=0.12)


def test_the_loss_of_several_labels_is_the_mean_over_images_and_labels():
    features, labels = data(multilabel=True)
    features["val"], labels["val"] = features["test"], labels["test"]
    given, curves, _ = fit_probe(features, labels, (1.0,), "min_val_loss")
    by_hand = -np.log(np.where(labels["test"] == 1, given, 1 - given)).mean()
    assert curves["val_loss"] == [pytest.approx(by_hand)]


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_all_training_images_share_is_predicted_and_no_warning(value):
    features, labels = data(multilabel=True)
    labels["train"] = np.column_stack([labels["train"], np.full(120, value)])
    for part in ("val", "test"):
        labels[part] = np.column_stack([labels[part], np.arange(120) % 2])
    given, curves, _ = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert given.shape == (120, 3)
    assert (given[:, 2].round() == value).all()
    assert np.isfinite(curves["val_loss"]).all()


def test_standardisation_knows_training_images_only():
    features, labels = data()
    given, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    moved = features | {"val": features["val"] * 100 + 7}
    np.testing.assert_array_equal(fit_probe(moved, labels, (1.0,), "min_val_loss")[0], given)


def test_scale_and_offset_of_a_feature_do_not_matter():
    features, labels = data()
    given, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    scaled = {part: value * np.float32(64) + np.float32(8) for part, value in features.items()}
    np.testing.assert_allclose(fit_probe(scaled, labels, (1.0,), "min_val_loss")[0], given, atol=1e-4)


def test_a_feature_that_never_varies_does_no_harm():
    features, labels = data()
    dead = {part: np.column_stack([value, np.full(120, 3, np.float32)]) for part, value in features.items()}
    given, *_ = fit_probe(dead, labels, (1.0,), "min_val_loss")
    np.testing.assert_allclose(given, fit_probe(features, labels, (1.0,), "min_val_loss")[0], atol=1e-5)


def test_a_full_disk_leaves_neither_features_nor_a_draft(tmp_path):
    path = tmp_path / "features" / "x.npy"
    with full_disk(), pytest.raises(CatsError, match="cannot keep features in .*: File too large"):
        keep(path, np.ones((1000, 100)))
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("left", [0, 100, 200], ids=["empty", "without its head", "without its end"])
def test_damaged_features_are_extracted_again_or_named(tmp_path, left):
    path = tmp_path / "x.npy"
    keep(path, np.ones((10, 10)))
    path.write_bytes(path.read_bytes()[:left])
    try:
        assert kept(path) is None
    except CatsError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ways are right
