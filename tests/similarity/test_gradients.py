"""What holds for every measure that goes backward through the network."""

import numpy as np
import pytest
import torch

from similarity.fu import fu
from similarity.pge import pge
from similarity.task2vec import task2vec
from tests.support.drawn import draws
from tests.support.networks import network, pictures, same, state

MEASURES = [fu, pge, task2vec]


def inputs(one, backbone="test_resnet"):
    images, labels = pictures(24, 3)
    source_images, source_labels = pictures(20, 2, seed=1)
    every = {
        "images": images,
        "labels": labels,
        "source_images": source_images,
        "source_labels": source_labels,
        "network": network(backbone),
        "neutral_network": network(backbone),
    }
    return {need: every[need] for need in one.needs}


@pytest.mark.parametrize("one", MEASURES, ids=lambda one: one.name)
def test_the_network_the_images_and_the_global_random_generator_stay_as_they_are(one):
    given = inputs(one)
    before, images, rng = state(given[one.needs[-1]]), given["images"].clone(), torch.get_rng_state()
    one(**given)
    one.resample(given, draws(given["labels"], 3, 20))
    assert same(before, state(given[one.needs[-1]]))
    assert torch.equal(images, given["images"])
    assert not given["images"].requires_grad
    assert torch.equal(rng, torch.get_rng_state())


@pytest.mark.parametrize("one", MEASURES, ids=lambda one: one.name)
def test_neither_the_order_of_images_nor_the_names_of_labels_matter(one):
    given = inputs(one)
    turned = np.random.default_rng(0).permutation(24)
    other = {**given, "images": given["images"][turned], "labels": 2 - given["labels"][turned]}
    assert one(**other) == pytest.approx(one(**given), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("one", MEASURES, ids=lambda one: one.name)
@pytest.mark.parametrize("backbone", ["test_efficientnet", "test_convnext"])
def test_other_backbones_have_scores(one, backbone):
    given = inputs(one, backbone)
    assert np.isfinite(one(**given))
    assert np.isfinite(one.resample(given, draws(given["labels"], 3, 20))).all()


@pytest.mark.parametrize("one", [pge, task2vec], ids=lambda one: one.name)
def test_every_image_drawn_once_is_the_score(one):
    given = inputs(one)
    once = draws(given["labels"], 1, 20)
    once.target[0], once.source[0] = np.arange(24), np.arange(20)
    assert one.resample(given, once)[0] == pytest.approx(one(**given), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("one", MEASURES, ids=lambda one: one.name)
def test_the_sub_sample_is_seeded(one):
    given = inputs(one)
    given["labels"] = np.arange(24) // 12  # of no help to the network, so that triplets violate their margin
    assert one(**given, most=18) == one(**given, most=18)
    assert one(**given, most=18, seed=1) != one(**given, most=18)
