import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmark.measures.gradients import for_evaluation
from benchmark.specs.needs import Undefined
from similarity.pge import _score, _Side, _sides, pge
from tests.support.drawn import draws
from tests.support.networks import network, pictures


def test_the_gradient_is_the_mean_over_images_and_heads_one_at_a_time():
    images, labels = pictures(5)
    side = _Side(for_evaluation(network()), images, torch.tensor(labels), 3, 0)
    made = network().eval()
    whole = 0
    for number in range(5):
        for head in side.heads:
            made.backbone.zero_grad()
            loss = F.cross_entropy(
                made.features(images[number : number + 1]) @ head.T, torch.tensor(labels[number : number + 1])
            )
            loss.backward()
            whole = whole + torch.cat([p.grad.flatten() for p in made.backbone.parameters()])
    np.testing.assert_allclose(side.gradient, whole / 15, rtol=1e-3, atol=1e-5 * float(whole.abs().max()))


def test_gap_and_cosine_of_two_vectors_by_hand():
    own, there = torch.tensor([3.0, 4.0]), torch.tensor([0.0, 2.0])
    assert float(_score(own, there, "gap")[0]) == pytest.approx(-np.sqrt(9 + 4) / 10)
    assert float(_score(own, there, "cosine")[0]) == pytest.approx(0.8)
    with pytest.raises(Undefined, match="no form 'both'; it has gap and cosine"):
        _score(own, there, "both")


def test_a_task_pulls_as_it_pulls_itself():
    images, labels = pictures(12)
    assert pge(images, labels, images, labels, network()) == pytest.approx(0, abs=1e-6)
    assert pge(images, labels, images, labels, network(), form="cosine") == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["gap", "cosine"])
def test_a_resample_moves_as_the_gradients_of_its_images(form):
    images, labels = pictures(12)
    others, source_labels = pictures(10, 2, seed=1)
    made = for_evaluation(network()).double()
    images, others = images.double(), others.double()
    sides = _sides(made, images, labels, others, source_labels, 10, 300, 0)
    score, *derivatives = _score(sides[0][0].gradient, sides[1][0].gradient, form)
    drawn = draws(labels, 4, 10)
    expected = np.full(4, float(score))
    for (side, rows), derivative, lot in zip(sides, derivatives, (drawn.target, drawn.source), strict=True):
        slopes = []
        for number in range(len(rows)):
            alone = _Side(made, side.images[number : number + 1], side.labels[number : number + 1], 10, 0)
            alone.heads = side.heads  # as many classes as there are, not as this image shows
            slopes.append(float(alone._gradient() @ derivative))
        slopes = np.array(slopes)
        for number, one in enumerate(lot):
            weights = np.bincount(one, minlength=len(rows))[rows]
            expected[number] += weights @ slopes / weights.sum() - slopes.mean()
    given = {"images": images, "labels": labels, "source_images": others, "source_labels": source_labels, "network": made}
    found = pge.with_options({"form": form}).resample(given, drawn)
    np.testing.assert_allclose(found - float(score), expected - float(score), rtol=1e-3, atol=1e-4 * np.ptp(expected))
