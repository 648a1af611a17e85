import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis

from benchmark.specs.needs import Undefined
from similarity.lp import _taken, lp
from tests.support.drawn import blobs


@pytest.mark.parametrize(("dims", "components"), [(80, 50), (300, 50), (16, 4)])
def test_it_is_the_published_call_of_scikit_learn(dims, components):
    features, labels = blobs(dims=dims, apart=1)
    mapped = NeighborhoodComponentsAnalysis(components, init="pca", random_state=42).fit_transform(features, labels)
    shares = KNeighborsClassifier(5).fit(mapped, labels).predict_proba(mapped)[np.arange(120), labels]
    assert lp(features, labels, components=components) == pytest.approx(shares.mean(), abs=0.005)


def test_fewer_dimensions_than_components_are_all_kept():
    features, labels = blobs(dims=6)
    assert lp(features, labels) == lp(features, labels, components=6)


def test_an_image_is_its_own_neighbour_so_that_one_neighbour_scores_one():
    features, labels = blobs(apart=0)
    assert lp(features, labels, k=1) == 1


def test_a_part_of_the_images_keeps_the_shares_of_the_classes_whatever_the_order():
    features, labels = blobs(count=400)
    labels = labels.copy()
    labels[:3] = 3
    rows = _taken(features, labels, 100, 42)
    assert np.bincount(labels[rows]).tolist() == [33, 33, 33, 1]
    other = np.random.default_rng(0).permutation(400)
    assert (features[other][_taken(features[other], labels[other], 100, 42)] == features[rows]).all()
    assert (_taken(features, np.array([3, 1, 0, 2])[labels], 100, 42) == rows).all()
    assert lp(features, labels, most=100) == lp(features[rows], labels[rows])


def test_no_neighbours_have_no_share():
    with pytest.raises(Undefined, match="k is 0 and components is 50; both must be 1 or more"):
        lp(*blobs(), k=0)
