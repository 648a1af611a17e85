import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.measures.subsets import subsets
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.ncti import ncti
from tests.support.drawn import blobs, draws

# BUserName/NCTI at b18d39514a3f2a7a949500b467a38b93de1428e4, metrics.py: NCTI_Score(X, y), seli, ncc and -vc;
# with scikit-learn 1.9.1, whose analysis is not shrunk at the first size, and is at the second
AUTHORS = {
    1.0: (55.31353104193407, 0.9400893105234489, 3.381691417492376),
    0.1: (45.553766189036494, 0.8998297930694065, 3.386024804492617),
}


@pytest.mark.parametrize("size", AUTHORS)
def test_values_of_the_authors_code(size):
    features, labels = blobs(200, 80, apart=2.0)
    seli, ncc, vc = (ncti(features * size, labels, part=part) for part in ("seli", "ncc", "vc"))
    assert (seli, ncc, -vc) == pytest.approx(AUTHORS[size], rel=1e-8)


def test_fewer_features_than_components_are_taken_as_they_are():
    features, labels = blobs(100, 12, apart=2.0)
    reduced = PCA(12).fit_transform(features)
    shrinkage = np.exp(-reduced.var(axis=0, ddof=1).sum())
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=float(shrinkage)).fit(reduced, labels)
    expected = analysis.predict_proba(reduced)[np.arange(100), labels].mean()
    assert ncti(features, labels) == pytest.approx(expected, rel=1e-8)


def test_classes_that_overlap_score_less():
    for part in ("seli", "ncc"):
        assert ncti(*blobs(apart=6.0), part=part) > ncti(*blobs(apart=1.0), part=part)


def test_as_many_images_as_components_say_nothing():
    with pytest.raises(Undefined, match="saturated: 40 different images of 3 classes for 39 components"):
        ncti(*blobs(40, 80))


def test_images_that_are_there_twice_count_once():
    """Without a difference within the classes only rounding errors would decide, and the order of the images with them."""
    features, labels = blobs(40, 80)
    again = np.tile(np.arange(40), 2)
    for part in ("ncc", "seli", "vc"):
        with pytest.raises(Undefined, match="saturated: 40 different images of 3 classes for 39 components"):
            ncti(features[again], labels[again], part=part)


def test_an_unknown_part_is_named_with_the_nearest():
    with pytest.raises(CatsError, match="'selli'.*seli"):
        ncti(*blobs(), part="selli")


def test_too_few_images_in_a_subset_leave_no_interval():
    features, labels = blobs(80, 90, apart=2.0)  # 64 in a subset, for 64 components
    said = ncti.score({"features": features, "labels": labels}, draws(labels, 3))
    assert np.isfinite(said.value)
    assert (said.low, said.reason) == (None, "no interval: 3 of 3 resamples are undefined")


@pytest.mark.parametrize("part", ["ncc", "seli", "vc"])
def test_resamples_are_subsets_of_fixed_components_around_the_score(part):
    features, labels = blobs(120, 30)
    drawn = draws(labels, 4)
    together = ncti.with_options({"dims": 10, "part": part}).resample({"features": features, "labels": labels}, drawn)
    reduced = PCA(10, svd_solver="full").fit_transform(features)
    alone = np.array([ncti(reduced[rows], labels[rows], dims=10, part=part) for rows in subsets(drawn, labels, 0.8)])
    whole = ncti(features, labels, dims=10, part=part)
    np.testing.assert_allclose(together, whole + 2 * (alone - alone.mean()), rtol=1e-6)  # √(0.8 / 0.2)
