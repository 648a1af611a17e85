import numpy as np
import pytest

from benchmark.measures.eigen import eigen
from benchmark.measures.gram import BLOCK, lower_gram

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize(("size", "rank"), [(1, 1), (2, 2), (70, 70), (70, 12)])
def test_eigenvectors_as_a_product_are_those_of_the_matrix(size, rank):
    rows = np.random.default_rng(size).standard_normal((rank, size))
    matrix, columns = rows.T @ rows, np.random.default_rng(0).standard_normal((size, 3))
    found = eigen(matrix.copy(), size * EPS)
    vectors = found.vectors()
    assert found.values == pytest.approx(np.linalg.eigvalsh(matrix)[size - rank :], rel=1e-10)
    assert vectors.T @ vectors == pytest.approx(np.eye(rank), abs=1e-12)
    assert vectors * found.values @ vectors.T == pytest.approx(matrix, abs=1e-11)
    assert found.along(columns) == pytest.approx(vectors.T @ columns, abs=1e-12)


@pytest.mark.parametrize("count", [1, BLOCK, 2 * BLOCK + 7])
def test_a_sum_over_blocks_is_the_sum_over_all_rows(count):
    rows = np.random.default_rng(0).standard_normal((count, 5))
    assert lower_gram((count, 5), lambda part: rows[part]) == pytest.approx(np.tril(rows.T @ rows), abs=1e-11)
