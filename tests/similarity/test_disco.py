import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.disco import disco
from tests.support.drawn import blobs, draws


def by_groups(features, labels, size):
    left, sizes, _ = np.linalg.svd(features, full_matrices=False)
    score = 0.0
    for start in range(0, len(sizes), size):
        group = slice(start, start + size)
        one = LinearDiscriminantAnalysis(solver="lsqr").fit(left[:, group] * sizes[group], labels)
        score += (
            sizes[group].sum()
            / sizes.sum()
            * one.predict_proba(left[:, group] * sizes[group])[range(len(labels)), labels].mean()
        )
    return score


@pytest.mark.parametrize("size", [2, 4, 8])
def test_it_is_the_share_of_each_group_times_its_certainty(size):
    features, labels = blobs(90, 10, apart=1.5)
    assert disco(features + 1, labels, size=size) == pytest.approx(by_groups(features + 1, labels, size), rel=1e-6)


def test_the_classes_in_the_largest_directions_score_higher_than_in_the_smallest():
    rng, labels = np.random.default_rng(0), np.arange(200) % 2
    rows = rng.standard_normal((200, 16))
    sizes = np.geomspace(10, 0.1, 16)
    first, last = rows.copy(), rows.copy()
    first[:, :8] += 1.5 * labels[:, None]
    last[:, 8:] += 1.5 * labels[:, None]
    assert disco(first * sizes, labels) > disco(last * sizes, labels) + 0.1


def test_the_unit_and_the_axes_of_the_features_do_not_matter():
    features, labels = blobs(80, 9, apart=1.0)
    turned = 7 * features @ np.linalg.qr(np.random.default_rng(1).standard_normal((9, 9)))[0]
    assert disco(turned, labels) == pytest.approx(disco(features, labels), rel=1e-8)


def test_too_few_images_for_a_group_are_undefined_and_no_group_is_wrong():
    features, labels = blobs(9, 20)
    with pytest.raises(Undefined, match="saturated: 9 images"):
        disco(features, labels)
    with pytest.raises(CatsError, match="size is 0"):
        disco(features, labels, size=0)


def test_resamples_are_those_one_by_one_to_first_order():
    features, labels = blobs(3000, 6, apart=1.0)
    features = features * [4, 3, 2, 1.5, 1, 0.5]
    drawn = draws(labels, 40)
    measure = disco.with_options({"size": 3})
    together = measure.resample({"features": features, "labels": labels}, drawn)
    alone = np.array([measure(features[rows], labels[rows]) for rows in drawn.target])
    assert together.std() == pytest.approx(alone.std(), rel=0.1)
    assert np.corrcoef(together, alone)[0, 1] > 0.97
