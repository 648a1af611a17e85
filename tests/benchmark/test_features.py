"""Features on the disk: whole, or extracted again."""

import numpy as np
import pytest

from benchmark.features import keep, kept
from results.error import CatsError
from tests.full_disk import full_disk


def test_kept_features_come_back_and_nothing_else_stays(tmp_path):
    path = tmp_path / "features" / "x.npy"
    assert kept(path) is None
    keep(path, np.ones((3, 2)))
    np.testing.assert_array_equal(kept(path), np.ones((3, 2), np.float32))
    assert sorted(p.name for p in path.parent.iterdir()) == ["x.npy", "x.sha256"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert kept(path) is None  # one bit of a disk


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
