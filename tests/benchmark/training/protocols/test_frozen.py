"""What is tried on frozen features, against scikit-learn and against votes counted by hand."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmark.specs.recipe import Recipe
from benchmark.training.protocols import knn, protocol_of
from benchmark.training.protocols.frozen import choose
from benchmark.training.protocols.knn import fit_knn
from benchmark.training.protocols.probe import fit_probe
from results.error import CatsError
from tests.support.frozen_features import PARTS, data


def oracle(features, labels, strength):
    """scikit-learn's own fit, to the end: at its usual tolerance, or of float32, it stops 1e-3 and more before it."""
    exact = {part: some.astype(np.float64) for part, some in features.items()}
    scale = StandardScaler().fit(exact["train"])
    model = LogisticRegression(C=strength, max_iter=10_000, tol=1e-9).fit(scale.transform(exact["train"]), labels["train"])
    return {part: model.predict_proba(scale.transform(exact[part])) for part in ("val", "test")}


def wide(classes, count=60, dims=100):
    """Fewer images than dimensions, these of very unlike size and correlated."""
    rng = np.random.default_rng(3)
    labels = {part: np.arange(count) % classes for part in PARTS}
    mixed = rng.normal(size=(dims, dims)) / np.arange(1, dims + 1)[:, None]
    centres = rng.normal(size=(classes, dims))
    features = {p: ((centres[labels[p]] + rng.normal(size=(count, dims))) @ mixed).astype(np.float32) for p in PARTS}
    return features, labels


@pytest.mark.parametrize("strength", [1e-4, 1e-2, 0.1, 1.0])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("dims", [8, 100])
def test_it_is_scikit_learns_logistic_regression_on_standardised_features(classes, dims, strength):
    features, labels = wide(classes, dims=dims)
    given, curves, best, *_ = fit_probe(features, labels, (strength,), "min_val_loss")
    wanted = oracle(features, labels, strength)
    np.testing.assert_allclose(given, wanted["test"], atol=1e-4)
    truth = wanted["val"][np.arange(60), labels["val"]]
    assert curves["val_loss"] == [pytest.approx(-np.log(truth).mean(), rel=1e-4)]
    assert best == 0


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_fit_does_not_depend_on_the_penalties_before_it(multilabel):
    features, labels = data(noise=2.5, multilabel=multilabel)
    together = fit_probe(features, labels, (1.0, 1e-4, 10.0, 1e-2), "last_epoch")
    np.testing.assert_allclose(together[0], fit_probe(features, labels, (10.0,), "last_epoch")[0], atol=1e-4)
    for place, strength in enumerate((1.0, 1e-4, 10.0, 1e-2)):  # in the order asked for, not the one in which they are fitted
        alone = fit_probe(features, labels, (strength,), "min_val_loss")[1]
        assert together[1]["val_loss"][place] == pytest.approx(alone["val_loss"][0], rel=1e-4)


def test_each_of_several_labels_is_a_regression_of_its_own():
    features, labels = wide(2)
    labels = {
        p: np.stack([one, np.arange(60) // 3 % 2, np.arange(60) % 7 == 0], 1).astype(np.int64) for p, one in labels.items()
    }
    given, *_ = fit_probe(features, labels, (0.1,), "min_val_loss")
    for label in range(3):
        wanted = oracle(features, {part: one[:, label] for part, one in labels.items()}, 0.1)["test"][:, 1]
        np.testing.assert_allclose(given[:, label], wanted, atol=1e-4)


@pytest.mark.parametrize("strength", [1e-12, 1e9])
def test_a_penalty_beyond_all_reason_still_gives_probabilities(strength):
    for classes in (2, 3):
        given, curves, *_ = fit_probe(*wide(classes), (strength,), "min_val_loss")
        np.testing.assert_allclose(given.sum(axis=1), 1)
        assert np.isfinite(curves["val_loss"]).all()


def test_a_class_without_training_images_is_never_predicted_and_the_others_keep_their_places():
    features, labels = wide(4)
    for missing in (1, 3):
        left = labels["train"] != missing
        some = {**features, "train": features["train"][left]}, {**labels, "train": labels["train"][left]}
        for given in (fit_probe(*some, (0.1,), "min_val_loss")[0], fit_knn(*some, (5,), "min_val_loss")[0]):
            assert given.shape == (60, 4)
            assert given[:, missing].max() < 1e-3
            there = labels["test"] != missing
            assert (given.argmax(1) == labels["test"])[there].mean() > 0.5


def test_one_class_alone_has_no_probe():
    features, labels = data()
    with pytest.raises(CatsError, match="all 120 training images are of one class; a probe needs two"):
        fit_probe(features, labels | {"train": np.full(120, 2)}, (1.0,), "min_val_loss")


def test_the_penalty_is_chosen_on_validation_images_only():
    features, labels = data(noise=2.5)
    strengths = (1e-4, 1e-2, 1.0, 100.0)
    given, curves, best, *_ = fit_probe(features, labels, strengths, "min_val_loss")
    assert best == int(np.argmin(curves["val_loss"]))
    assert curves["c"] == list(strengths)
    assert fit_probe(features, labels, strengths, "max_val_auc")[2] == int(np.argmax(curves["val_auc"]))
    labels["test"] = labels["test"][::-1].copy()
    np.testing.assert_array_equal(fit_probe(features, labels, strengths, "min_val_loss")[0], given)


@pytest.mark.parametrize("multilabel", [False, True])
def test_within_one_se_takes_the_strongest_penalty_that_is_no_worse(multilabel):
    features, labels = data(noise=1.5, multilabel=multilabel)
    strengths = (10.0, 0.3, 0.1, 0.03, 1e-2)
    losses = []
    for strength in strengths:  # of every validation image, by hand
        given = fit_probe(features | {"test": features["val"]}, labels, (strength,), "min_val_loss")[0]
        right = np.where(labels["val"] == 1, given, 1 - given) if multilabel else given[np.arange(120), labels["val"]]
        losses.append(-np.log(right).reshape(120, -1).mean(axis=1))
    best = int(np.argmin([one.mean() for one in losses]))
    alike = [n for n, one in enumerate(losses) if (one - losses[best]).mean() <= stats.sem(one - losses[best])]
    chosen = fit_probe(features, labels, strengths, "within_one_se")[2]
    assert chosen == max(alike) > best  # not the strongest of all, which is worse
    assert chosen < len(strengths) - 1


def test_several_labels_each_have_their_own_probability():
    features, labels = data(noise=0.3, multilabel=True)
    given, curves, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert given.shape == (120, 2)
    assert curves["val_auc"][0] > 0.95
    assert not np.allclose(given.sum(axis=1), 1)


def test_its_inputs_are_left_as_they_are():
    features, labels = data()
    before = {part: value.copy() for part, value in features.items()}
    fit_probe(features, labels, (1.0,), "min_val_loss")
    for part in PARTS:
        np.testing.assert_array_equal(features[part], before[part])


def test_last_epoch_takes_the_weakest_penalty():
    features, labels = data(noise=2.5)
    assert fit_probe(features, labels, (1.0, 100.0, 1e-4), "last_epoch")[2] == 1


def test_it_finds_what_can_be_separated_and_nothing_in_noise():
    features, labels = data(noise=0.01)
    given, curves, best, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert curves["val_auc"][best] == 1
    assert (given.argmax(1) == labels["test"]).all()
    rng = np.random.default_rng(1)
    blind = {part: rng.normal(size=(120, 8)).astype(np.float32) for part in PARTS}
    assert fit_probe(blind, labels, (1.0,), "min_val_loss")[1]["val_auc"][0] == pytest.approx(0.5, abs=0.12)


def test_the_loss_of_several_labels_is_the_mean_over_images_and_labels():
    features, labels = data(multilabel=True)
    features["val"], labels["val"] = features["test"], labels["test"]
    given, curves, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    by_hand = -np.log(np.where(labels["test"] == 1, given, 1 - given)).mean()
    assert curves["val_loss"] == [pytest.approx(by_hand)]


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_all_training_images_share_is_predicted_and_no_warning(value):
    features, labels = data(multilabel=True)
    labels["train"] = np.column_stack([labels["train"], np.full(120, value)])
    for part in ("val", "test"):
        labels[part] = np.column_stack([labels[part], np.arange(120) % 2])
    given, curves, *_ = fit_probe(features, labels, (1.0,), "min_val_loss")
    assert given.shape == (120, 3)
    assert (given[:, 2].round() == value).all()
    assert np.isfinite(curves["val_loss"]).all()


def test_labels_of_which_none_varies_are_all_predicted():
    features, labels = data(multilabel=True)
    labels["train"] = np.tile([1, 0], (120, 1))
    given, curves, *_ = fit_probe(features, labels, (1.0, 10.0), "min_val_loss")
    np.testing.assert_array_equal(given, labels["train"])
    assert len(curves["val_loss"]) == 2


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


def votes_by_hand(features, labels, k, classes):
    """One image after the other, one neighbour after the other."""
    found = np.zeros((len(features["test"]), classes))
    for row, image in enumerate(features["test"].astype(float)):
        cosines = [image @ one / np.linalg.norm(image) / np.linalg.norm(one) for one in features["train"].astype(float)]
        for near in sorted(range(len(cosines)), key=lambda i: -cosines[i])[:k]:
            found[row] += np.exp(cosines[near] / 0.07) * (
                labels["train"][near] if labels["train"].ndim == 2 else np.eye(classes)[labels["train"][near]]
            )
        found[row] /= sum(np.exp(c / 0.07) for c in sorted(cosines)[-k:])
    return found


@pytest.mark.parametrize("k", [1, 5, 120])
@pytest.mark.parametrize("multilabel", [False, True])
def test_neighbours_vote_by_the_cosine_of_their_features(k, multilabel):
    features, labels = data(noise=2.0, multilabel=multilabel)
    given, curves, *_ = fit_knn(features, labels, (k,), "min_val_loss")
    by_hand = votes_by_hand(features, labels, k, given.shape[1])
    np.testing.assert_allclose(given, 0.999 * by_hand + 0.001 * (1 / 2 if multilabel else 1 / 3), atol=1e-9)
    assert curves["k"] == [k]


def test_k_is_chosen_on_validation_images_only():
    features, labels = data(noise=2.5)
    ks = (50, 1, 7)
    given, curves, best, *_ = fit_knn(features, labels, ks, "min_val_loss")
    assert curves["k"] == list(ks)
    assert best == int(np.argmin(curves["val_loss"]))
    assert fit_knn(features, labels, ks, "max_val_auc")[2] == int(np.argmax(curves["val_auc"]))
    assert fit_knn(features, labels, (7, 50, 1), "last_epoch")[2] == 1
    np.testing.assert_array_equal(fit_knn(features, labels, (ks[best],), "min_val_loss")[0], given)
    labels["test"] = labels["test"][::-1].copy()
    np.testing.assert_array_equal(fit_knn(features, labels, ks, "min_val_loss")[0], given)


def test_within_one_se_takes_the_largest_k_that_is_no_worse():
    spread = np.tile([-0.1, 0.1], 20)
    losses = [0.5 + spread, 0.5 + 0.001 + 2 * spread, 0.8 + spread]  # of 5, 20 and 50 neighbours
    curves = {"val_loss": [float(one.mean()) for one in losses], "val_auc": [0.5] * 3}
    chosen = [choose(curves, losses, (5, 20, 50), rule, simplest=max) for rule in ("min_val_loss", "within_one_se")]
    assert chosen == [0, 1]


def test_losses_that_are_no_numbers_choose_as_before():
    nothing = [np.full(4, np.nan)] * 2
    curves = {"val_loss": [float("nan")] * 2, "val_auc": [0.5] * 2}
    assert choose(curves, nothing, (5, 20), "within_one_se", simplest=max) == 0


def test_blocks_do_not_show(monkeypatch):
    features, labels = data(noise=2.0)
    whole = fit_knn(features, labels, (3, 20), "min_val_loss")[0], fit_probe(features, labels, (0.1,), "min_val_loss")[0]
    monkeypatch.setattr(knn, "BLOCK", 7)
    np.testing.assert_allclose(fit_knn(features, labels, (3, 20), "min_val_loss")[0], whole[0], atol=1e-12)
    np.testing.assert_allclose(fit_probe(features, labels, (0.1,), "min_val_loss")[0], whole[1], atol=1e-6)


def test_one_neighbour_of_the_wrong_class_does_not_make_the_loss_infinite():
    features, labels = data(noise=0.01)
    labels["val"] = (labels["val"] + 1) % 3
    assert fit_knn(features, labels, (1,), "min_val_loss")[1]["val_loss"] == [pytest.approx(-np.log(0.001 / 3))]


def test_more_neighbours_than_training_images_are_refused():
    with pytest.raises(CatsError, match="k is 121, but there are only 120 training images"):
        fit_knn(*data(), (1, 121), "min_val_loss")


def test_an_image_without_any_feature_has_the_shares_of_its_neighbours():
    features, labels = data()
    features["test"][0] = 0
    given, *_ = fit_knn(features, labels, (120,), "min_val_loss")
    np.testing.assert_allclose(given[0], 1 / 3)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@drawn(st.integers(0, 2**32 - 1))
def test_the_order_of_training_images_does_not_matter(seed):
    features, labels = data(noise=2.0)
    order = np.random.default_rng(seed).permutation(120)
    mixed = {**features, "train": features["train"][order]}, {**labels, "train": labels["train"][order]}
    for fit, values in ((fit_knn, (1, 10)), (fit_probe, (1e-3, 0.1))):
        given = fit(features, labels, values, "min_val_loss")[0]
        np.testing.assert_allclose(fit(*mixed, values, "min_val_loss")[0], given, atol=1e-4)


@pytest.mark.parametrize(("protocol", "curve"), [("probe", "c"), ("knn", "k")])
def test_protocols_read_their_own_values_of_a_recipe(protocol, curve):
    recipe = Recipe(protocol=protocol, c=(0.5, 0.25), k=(4, 2))
    given, curves, best, *_ = protocol_of(protocol).fit(*data(), recipe, "last_epoch")
    assert curves[curve] == list(getattr(recipe, curve))
    assert set(curves) == {"val_loss", "val_auc", curve}
    assert (given.shape, best) == ((120, 3), 0)
