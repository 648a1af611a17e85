"""Features on the disk: complete, or extracted again."""

import hashlib
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.execution.side_by_side import side_by_side
from benchmark.networks.load import initial_network
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start
from benchmark.training import evaluate
from benchmark.training.features import features_of, load_features, save_features
from results.error import CatsError
from tests.support.full_disk import full_disk
from tests.support.stripes import CPU, stripes


def test_kept_features_come_back_and_nothing_else_stays(tmp_path):
    path = tmp_path / "features" / "x.npy"
    assert load_features(path) is None
    save_features(path, np.ones((3, 2)))
    np.testing.assert_array_equal(load_features(path), np.ones((3, 2), np.float32))
    assert sorted(p.name for p in path.parent.iterdir()) == ["x.npy", "x.npy.sum"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert load_features(path) is None  # one bit of a disk


@pytest.mark.parametrize("damage", [None, "features", "note"])
def test_features_of_an_older_version_are_compared_with_their_note(tmp_path, damage):
    path, old = tmp_path / "x.npy", tmp_path / "x.sha256"
    np.save(path, np.ones((3, 2), np.float32))
    old.write_text(hashlib.sha256(path.read_bytes()).hexdigest(), encoding="ascii")
    for each in (path,) * (damage == "features") + (old,) * (damage == "note"):
        each.write_bytes(each.read_bytes()[:-1] + b"!")
    whole = damage is None
    assert (load_features(path) is not None) == whole
    assert {each.name for each in tmp_path.iterdir()} == {"x.npy", "x.npy.sum" if whole else "x.sha256"}
    save_features(path, np.zeros((3, 2)))
    np.testing.assert_array_equal(load_features(path), np.zeros((3, 2), np.float32))
    assert {each.name for each in tmp_path.iterdir()} == {"x.npy", "x.npy.sum"}


def test_a_full_disk_leaves_neither_features_nor_a_draft(tmp_path):
    path = tmp_path / "features" / "x.npy"
    with (
        full_disk(),
        pytest.raises(CatsError, match="cannot keep features in .*: the disk took only a part"),
    ):
        save_features(path, np.ones((1000, 100)))
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("left", [0, 100, 200], ids=["empty", "without its head", "without its end"])
def test_damaged_features_are_extracted_again_or_named(tmp_path, left):
    path = tmp_path / "x.npy"
    save_features(path, np.ones((10, 10)))
    path.write_bytes(path.read_bytes()[:left])
    try:
        assert load_features(path) is None
    except CatsError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ways are right


RECIPE = Recipe(protocol="knn", size=16, precision="fp32")
START = Start(kind="random", source="scratch", backbone="test_resnet", seed=0)


@pytest.fixture
def images():
    """Sixteen decoded images."""
    some = stripes(16)
    return SimpleNamespace(
        ids=np.arange(16), images=some.pixels.permute(0, 2, 3, 1).numpy(), labels=some.labels.numpy(), digest="digest"
    )  # fmt: skip


def test_seeds_side_by_side_have_features_extracted_once(monkeypatch, images):
    extracted, real, begun = [], evaluate.extract, threading.Barrier(3)
    monkeypatch.setattr(evaluate, "extract", lambda *rest: (extracted.append(1), real(*rest))[1])

    def one():
        begun.wait(10)
        return features_of(START, images, None, RECIPE, "cpu")

    found = side_by_side([one] * 3, CPU)
    assert len(extracted) == 1
    assert found[0].shape == (16, initial_network(START, 2, 0).head.in_features)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
