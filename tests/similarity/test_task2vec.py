import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmark.measures.gradients import for_evaluation, squared_gradients
from benchmark.specs.needs import Undefined
from similarity.task2vec import _information, _likeness, task2vec
from tests.support.drawn import draws
from tests.support.networks import network, pictures


@pytest.mark.parametrize("backbone", ["test_resnet", "test_efficientnet", "test_convnext", "test_vit", "test_byobnet"])
def test_squared_gradients_are_those_of_a_backward_pass_for_each_image(backbone):
    images, labels = pictures(3, size=160 if backbone == "test_vit" else 32)
    made = for_evaluation(network(backbone))
    head = torch.randn(3, made.head.in_features, generator=torch.Generator().manual_seed(0))

    def losses(features, part):
        return F.cross_entropy(features @ head.T, torch.tensor(labels)[part], reduction="none")

    found = squared_gradients(made, images, losses)
    layers = [m for m in made.backbone.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    weights = [m.weight.requires_grad_() for m in layers]
    for number in range(3):
        loss = losses(made.features(images[number : number + 1]), slice(number, number + 1)).sum()
        gradients = torch.autograd.grad(loss, weights)
        expected = torch.cat([g.flatten(1).square().mean(dim=1) for g in gradients]).numpy()
        np.testing.assert_allclose(found[number], expected, rtol=2e-3, atol=1e-5 * expected.max())


def test_a_task_is_like_itself_and_less_like_another():
    images, labels = pictures(24)
    others, source_labels = pictures(24, 2, seed=3)
    assert task2vec(images, labels, images, labels, network()) == pytest.approx(1, abs=1e-9)
    assert 0 < task2vec(images, labels, others, source_labels, network()) < 0.999


def test_the_cosine_is_that_of_filters_scaled_by_both_tasks():
    own, there = np.array([[1.0, 0.0, 2.0, 0.0]]), np.array([[1.0, 0.0, 6.0, 3.0]])
    first, second = np.array([0.5, 0.25, 0]), np.array([0.5, 0.75, 1])  # the filter that neither uses is left out
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert _likeness(own, there)[0] == pytest.approx(expected, rel=1e-12)


def test_resamples_average_the_images_own_parts():
    images, labels = pictures(12)
    others, source_labels = pictures(10, 2, seed=1)
    drawn = draws(labels, 3, 10)
    made = for_evaluation(network())
    own, rows = _information(made, (images, labels), 300, 0)
    there, source_rows = _information(made, (others, source_labels), 300, 0)
    place, source_place = np.argsort(rows), np.argsort(source_rows)
    expected = [
        _likeness(own[place[one]].mean(axis=0)[None], there[source_place[other]].mean(axis=0)[None])[0]
        for one, other in zip(drawn.target, drawn.source, strict=True)
    ]
    given = {
        "images": images,
        "labels": labels,
        "source_images": others,
        "source_labels": source_labels,
        "neutral_network": made,
    }
    np.testing.assert_allclose(task2vec.resample(given, drawn), expected, rtol=1e-6)


def test_several_labels_per_image_are_one_task():
    images, labels = pictures(24)
    several = np.stack([labels > 0, labels > 1, labels > 5], axis=1).astype(int)
    assert 0 < task2vec(images, several, images, labels, network()) < 1


def test_a_network_that_sees_nothing_is_undefined():
    images, labels = pictures(12)
    made = network()
    for weight in made.backbone.parameters():
        weight.data.zero_()
    with pytest.raises(Undefined, match="the same features"):
        task2vec(images, labels, images, labels, made)
