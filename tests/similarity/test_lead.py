import numpy as np
import pytest
import torch

from benchmark.specs.needs import Undefined
from similarity.lead import WIDTHS, _head, _squared_gradients, _started, lead
from tests.support.drawn import blobs, draws


def test_a_pull_is_the_squared_gradient_of_the_summed_outputs():
    rows = np.random.default_rng(1).standard_normal((3, 7))
    rng = np.random.default_rng(0)
    shapes = ((7, WIDTHS[0]), WIDTHS)
    weights = [torch.tensor(rng.standard_normal(shape) * np.sqrt(2 / shape[0])) for shape in shapes]
    total = torch.tensor(rng.standard_normal(WIDTHS[1]) * np.sqrt(4 * 2 / WIDTHS[1]))
    weights.append(torch.cat([total[:, None], torch.zeros(WIDTHS[1], 3, dtype=torch.float64)], dim=1))  # any with these sums
    for weight in weights:
        weight.requires_grad_()
    for row, found in zip(rows, _squared_gradients(rows, 4, _head(7, 4, 0)), strict=True):
        out = torch.relu(torch.relu(torch.tensor(row) @ weights[0]) @ weights[1]) @ weights[2]
        gradients = torch.autograd.grad(out.sum(), weights)
        assert found == pytest.approx(sum(float((one**2).sum()) for one in gradients), rel=1e-9)


def test_it_is_the_likelihood_of_labels_and_initial_predictions_mixed_by_class():
    features, labels = blobs(60, 6, apart=1.0)
    likely, pulls, taken = _started(features, labels, 64, 5, 0)
    assert taken.all()
    speeds = np.array([pulls[labels == c].mean() for c in range(3)])
    kept = np.exp(-0.7 * speeds / speeds.mean())[labels]
    assert lead(features, labels, time=0.7) == pytest.approx(np.mean(np.log(1 - kept + kept * likely)), rel=1e-9)


def test_more_time_comes_nearer_to_the_labels_and_classes_apart_score_higher():
    features, labels = blobs(60, 6, apart=1.0)
    scores = [lead(features, labels, time=time) for time in (0.0, 0.5, 1.0, 3.0)]
    assert scores == sorted(scores)
    assert scores[-1] < 0
    assert lead(blobs(60, 6, apart=4.0)[0], labels) > scores[2]


def test_random_features_of_many_dimensions_are_not_right():
    rng, labels = np.random.default_rng(0), np.arange(60) % 3
    chance = np.mean(np.log(1 - np.exp(-1) + np.exp(-1) / 3) * np.ones(60))
    assert lead(rng.standard_normal((60, 400)), labels) == pytest.approx(chance, abs=0.08)


def test_the_unit_of_the_features_does_not_matter():
    features, labels = blobs(60, 6)
    assert lead(features * 1e3, labels) == pytest.approx(lead(features, labels), rel=1e-6)
    with pytest.raises(Undefined, match="time is -1"):
        lead(features, labels, time=-1.0)


def test_it_has_no_interval_because_resamples_lack_the_randomness_of_the_classifiers():
    features, labels = blobs(60, 6)
    found = lead.score({"features": features, "labels": labels}, draws(labels, 5))
    assert found.value == lead(features, labels)
    assert found.low is None
    assert "randomness of the classifiers" in found.reason
