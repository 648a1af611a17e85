import sys

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmark.specs.needs import Undefined
from similarity.fu import MARGIN, _batches, fu
from tests.support.drawn import draws
from tests.support.networks import network, pictures

module = sys.modules["similarity.fu"]


def norms(made, images, labels):
    """A triplet at a time."""
    made = made.eval()
    made.zero_grad(set_to_none=True)
    unit = F.normalize(made.features(images))
    losses = []
    for a in range(len(labels)):
        for p in range(len(labels)):
            for n in range(len(labels)):
                if a != p and labels[a] == labels[p] != labels[n]:
                    loss = (unit[a] - unit[p]).norm() - (unit[a] - unit[n]).norm() + MARGIN
                    losses += [loss] if loss > 0 else []
    torch.stack(losses).mean().backward()
    first, second = [m for m in made.backbone.modules() if isinstance(m, torch.nn.Conv2d)][:2]
    return first.weight.grad.norm().item(), second.weight.grad.norm().item()


def test_it_is_the_ratio_of_the_gradients_of_the_mean_violating_triplet():
    images, labels = pictures(24)
    parts = _batches(images, labels, 2, 300, 0)
    assert sorted(np.concatenate([rows for rows, _ in parts])) == list(range(24))
    found = np.mean([norms(network(), images[rows], labels[rows]) for rows, _ in parts], axis=0)
    assert fu(images, labels, network(), batches=2) == pytest.approx(found[1] / found[0], rel=1e-4)


def test_every_batch_holds_the_classes_in_proportion():
    images, labels = pictures(60, 3)
    for _, own in _batches(images, np.sort(labels), 6, 300, 0):
        assert sorted(np.bincount(own)) in ([3, 3, 4], [2, 4, 4])


def test_a_resample_is_the_first_order_of_the_ratio_over_drawn_batches():
    images, labels = pictures(24)
    made = fu.with_options({"batches": 3})
    given = {"images": images, "labels": labels, "network": network()}
    parts = _batches(images, labels, 3, 300, 0)
    first, second = np.array([norms(network(), images[rows], labels[rows]) for rows, _ in parts]).T
    ratio = second.mean() / first.mean()
    effects = ratio * (second / second.mean() - first / first.mean()) * np.sqrt(3 / 2) * 4.302653 / 1.96  # Student's t
    possible = np.array([ratio + effects[list(chosen)].mean() for chosen in np.ndindex(3, 3, 3)])
    found = made.resample(given, draws(labels, 40))
    assert np.abs(found[:, None] - possible).min(axis=1).max() < 1e-4
    assert len(set(np.round(found, 6))) > 3


def test_score_and_resamples_share_one_backward_pass(monkeypatch):
    calls, real = [], module._gradients
    monkeypatch.setattr(module, "_gradients", lambda *given: calls.append(1) or real(*given))
    images, labels = pictures(24)
    fu.with_options({"batches": 3}).score({"images": images, "labels": labels, "network": network()}, draws(labels, 5))
    assert len(calls) == 3


def test_several_labels_per_image_are_refused():
    images, labels = pictures(12)
    with pytest.raises(Undefined, match="several labels per image"):
        fu(images, np.eye(3, dtype=int)[labels], network())


def test_a_backbone_without_two_convolutions_is_undefined():
    images, labels = pictures(6, size=160)
    with pytest.raises(Undefined, match="fewer than two convolutions"):
        fu(images, labels, network("test_vit"))


def untrained(made):
    """Blocks that begin as the identity, as timm builds those of ResNets: their convolutions have no gradient."""
    for block in (each for each in made.modules() if hasattr(each, "bn2")):
        torch.nn.init.zeros_(block.bn2.weight)
    return made


class Beside(torch.nn.Module):
    """A convolution, and one that is never called."""

    def __init__(self, used):
        super().__init__()
        self.used, self.spare = used, torch.nn.Conv2d(3, 3, 1)

    def forward(self, images):
        return self.used(images)


def unused(made):
    made.backbone.conv1[0] = Beside(made.backbone.conv1[0])
    return made


@pytest.mark.parametrize("change", [untrained, unused])
def test_a_second_convolution_without_gradient_is_undefined_and_not_zero(change):
    images, labels = pictures(24)
    made = change(network("resnet18") if change is untrained else network())
    said = fu.with_options({"batches": 3}).score({"images": images, "labels": labels, "network": made}, draws(labels, 5))
    assert np.isnan(said.value)
    assert said.reason.startswith("the second convolution has no gradient")
