import numpy as np
import pytest

from similarity.ped import _moves, ped
from similarity.sfda import sfda
from tests.support.drawn import blobs, draws


def moved_one_by_one(features, labels, reach, step, stop):
    """Images are moved in steps, as in the authors' code; deviations are those of the first images."""
    rows, first = features.copy(), None
    for _ in range(6):
        means = [rows[labels == c].mean(axis=0) for c in range(3)]
        radii = [np.sqrt(rows[labels == c].var(axis=0).sum()) for c in range(3)]
        push = np.zeros((3, rows.shape[1]))
        for a in range(3):
            for b in range(3):
                apart = means[a] - means[b]
                if a != b:
                    force = max(reach * (radii[a] + radii[b]) - np.linalg.norm(apart), 0)
                    push[a] += apart / np.linalg.norm(apart) * min(0.5 * step**2 * force, force)
        first = np.abs(push).sum() if first is None else first
        if np.abs(push).sum() <= stop * first:
            break
        rows += push[labels]
    return rows


@pytest.mark.parametrize("step", [0.1, 0.6])
def test_classes_are_moved_as_rigid_clouds_by_springs(step):
    features, labels = blobs(60, 5, apart=0.5)
    expected = moved_one_by_one(features, labels, 0.6, step, 0.5)
    np.testing.assert_allclose(features + _moves(features, labels, 0.6, step, 0.5)[labels], expected, atol=1e-12)


def test_it_is_sfda_of_the_moved_features():
    features, labels = blobs(90, 6, apart=0.7)
    scale = features.std(axis=0)
    moved = moved_one_by_one(features / scale, labels, 0.6, 0.5, 0.5) * scale
    assert ped(features, labels, step=0.5) == pytest.approx(sfda(moved, labels), rel=1e-9)
    assert ped(features, labels, step=0.5) > sfda(features, labels)


def test_classes_far_apart_or_at_one_place_are_not_moved():
    features, labels = blobs(60, 5, apart=40.0)
    assert ped(features, labels) == pytest.approx(sfda(features, labels), rel=1e-12)
    half = np.random.default_rng(0).standard_normal((40, 5))
    twice = np.concatenate([half, half])
    assert not _moves(twice, np.arange(80) // 40, 0.6, 0.1, 0.5).any()


def test_there_is_no_interval_but_the_reason():
    features, labels = blobs(apart=0.5)
    said = ped.score({"features": features, "labels": labels}, draws(labels, 5))
    assert (said.value, said.low) == (ped(features, labels), None)
    assert said.reason.startswith("no interval: subsets of the images spread a fifth more widely than fresh images do")
