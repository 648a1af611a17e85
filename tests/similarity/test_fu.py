import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmark.measure import Undefined
from similarity.fu import MARGIN, _batches, fu, resampled
from tests.similarity.drawn import draws
from tests.similarity.networks import network, pictures


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


def test_a_resample_goes_along_the_gradient_of_its_triplets():
    images, labels = pictures(12)
    drawn = draws(labels, 4)
    plain = norms(network(), images, labels)
    made = network().eval()
    unit_weights = [m.weight for m in made.backbone.modules() if isinstance(m, torch.nn.Conv2d)][:2]
    unit = F.normalize(made.features(images))
    expected = []
    for rows in drawn.target:
        weights, total, loss = np.bincount(rows, minlength=12), 0.0, 0.0
        for a, p, n in np.ndindex(12, 12, 12):
            if a != p and labels[a] == labels[p] != labels[n]:
                one = (unit[a] - unit[p]).norm() - (unit[a] - unit[n]).norm() + MARGIN
                if one > 0:
                    weight = float(weights[a] * weights[p] * weights[n])
                    total, loss = total + weight, loss + weight * one
        expected.append([g.detach() for g in torch.autograd.grad(loss / total, unit_weights, retain_graph=True)])
    ratio = []
    gradients = plain_gradients(made, images, labels)
    for one in expected:
        along = [float((g * d).sum() / d.norm()) for g, d in zip(one, gradients, strict=True)]
        share = [one / float(g.norm()) for one, g in zip(along, gradients, strict=True)]
        ratio.append(float(gradients[1].norm() / gradients[0].norm()) * (1 + share[1] - share[0]))
    assert plain[0] == pytest.approx(float(gradients[0].norm()), rel=1e-5)
    np.testing.assert_allclose(resampled(drawn, images, labels, network(), batches=1), ratio, rtol=1e-3)


def plain_gradients(made, images, labels):
    norms(made, images, labels)
    return [m.weight.grad for m in made.backbone.modules() if isinstance(m, torch.nn.Conv2d)][:2]


def test_several_labels_per_image_are_refused():
    images, labels = pictures(12)
    with pytest.raises(Undefined, match="several labels per image"):
        fu(images, np.eye(3, dtype=int)[labels], network())


def test_a_backbone_without_two_convolutions_is_undefined():
    images, labels = pictures(6, size=160)
    with pytest.raises(Undefined, match="no two convolutions"):
        fu(images, labels, network("test_vit"))
