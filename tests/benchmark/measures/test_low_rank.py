import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from benchmark.measures.low_rank import principal_coordinates
from tests.support.drawn import blobs


@pytest.mark.parametrize("dims", [16, 300])
def test_principal_coordinates_are_those_of_scikit_learn_but_for_the_sign(dims):
    features, _ = blobs(dims=dims)
    known, found = PCA(svd_solver="full").fit_transform(features), principal_coordinates(features)
    np.testing.assert_allclose(np.abs(found), np.abs(known[:, : found.shape[1]]), atol=1e-9)
    np.testing.assert_allclose(pdist(found), pdist(features), rtol=1e-9)


def test_coordinates_end_where_the_features_have_no_more_directions():
    features, _ = blobs(dims=4)
    assert principal_coordinates(np.hstack([features, features, np.ones((120, 200))])).shape == (120, 4)
