import numpy as np
import pytest
from scipy import stats

from results.statistics.studentized_range import tail


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3, 5, 15, 300])
@pytest.mark.parametrize("freedom", [1.0, 1.3, 2.5, 4.0, 60.0, 1e9])
def test_the_tail_is_scipys(k, freedom):
    q = np.array([0.5, 2.0, 4.0, 12.0])
    expected = stats.studentized_range.sf(q, k, np.inf if freedom > 1e8 else freedom)
    np.testing.assert_allclose(tail(q, k, np.full(4, freedom)), expected, atol=1e-7)
