"""Volumes in a network: strips are taken apart, each slice is a picture, and features are pooled."""

import numpy as np
import pytest
import torch

from benchmark.measures.gradients import filters, for_evaluation, squared_gradients
from benchmark.networks.slices import apart, count_slices, pooled, together
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import evaluate
from benchmark.training.augment import augment_batch, draw_augmentation
from benchmark.training.device_images import as_float, on_device
from tests.support.kept_models import network

RNG = np.random.default_rng(0)


def strips(count=4, slices=3, side=32, channels=1):
    """Strips (N, K·S, S, C) uint8, and the same slices as squares (N·K, S, S, C)."""
    made = RNG.integers(0, 256, (count, slices * side, side, channels), dtype=np.uint8)
    return made, made.reshape(-1, side, side, channels)


def tensor(images):
    return as_float(torch.from_numpy(images).permute(0, 3, 1, 2))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("slices", [1, 3, 9])
def test_slices_of_a_strip_and_back(slices, layout):
    strip, squares = strips(slices=slices, channels=3)
    images = tensor(strip).contiguous(memory_format=layout)
    assert count_slices(images) == slices
    torch.testing.assert_close(apart(images), tensor(squares), rtol=0, atol=0)
    torch.testing.assert_close(together(apart(images), slices), images, rtol=0, atol=0)


def test_nothing_is_copied_in_the_layout_of_training():
    images = tensor(strips()[0])
    assert apart(images).data_ptr() == images.data_ptr()
    assert apart(images).is_contiguous(memory_format=torch.channels_last)


def test_pooling_is_the_mean_over_the_slices_of_each_volume():
    features = torch.arange(12.0).reshape(6, 2)
    assert pooled(features, 3).tolist() == [[2.0, 3.0], [8.0, 9.0]]
    assert pooled(features, 1) is features


@pytest.mark.parametrize("channels", ["rgb", "grey"])
def test_the_features_of_a_volume_are_the_mean_of_those_of_its_slices(channels):
    from benchmark.networks.network import Trained

    made = network(trained=Trained(channels=channels))
    strip, squares = strips()
    with torch.inference_mode():
        features = made.features(tensor(strip))
        expected = made.features(tensor(squares)).reshape(4, 3, -1).mean(dim=1)
        torch.testing.assert_close(features, expected)
        torch.testing.assert_close(made(tensor(strip)), made.classify(expected))


def test_volumes_are_predicted_in_batches_of_as_many_pictures(monkeypatch):
    made, seen = network(), []
    strip, squares = strips(5)
    whole = made.features(tensor(squares)).reshape(5, 3, -1).mean(dim=1).detach()
    monkeypatch.setattr(evaluate, "EVALUATION_BATCH", 7)  # 2 volumes of 3 slices
    monkeypatch.setattr(made, "features", lambda images, own=made.features: seen.append(len(images)) or own(images))
    found = evaluate.extract(made, on_device(strip, np.zeros(5, np.int64), torch.device("cpu")), torch.float32)
    assert seen == [2, 2, 1]
    torch.testing.assert_close(found, whole)


@pytest.mark.parametrize(
    "augment",
    [
        Augment(flip=0.5, flip_vertical=0.5),
        Augment(rotate=20, shift=0.1, zoom=0.1),
        Augment(crop=0.5, cutout=0.2),
        Augment(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    ],
)
def test_all_slices_of_a_volume_are_augmented_by_one_row(augment):
    strip, squares = strips(4, 3)
    draws = draw_augmentation(augment, 4, torch.Generator().manual_seed(0))
    made = augment_batch(tensor(strip), augment, draws)
    assert made.shape == (4, 3, 96, 32)
    assert made.is_contiguous(memory_format=torch.channels_last)
    for number in range(4):
        own = tensor(squares.reshape(4, 3, 32, 32, 1)[number])
        each = [augment_batch(own[i : i + 1], augment, draws[number : number + 1]) for i in range(3)]
        torch.testing.assert_close(made[number : number + 1], together(torch.cat(each), 3))


def test_the_gradient_of_a_volume_is_that_of_its_own_loss():
    """Against autograd, one volume after the other."""
    made = for_evaluation(network())
    images = tensor(strips(3)[0])
    found = squared_gradients(made, images, lambda features, _: features.square().sum(dim=1))
    layers = filters(made)
    for number in range(3):
        weights = [layer.weight.requires_grad_() for layer in layers]
        loss = made.features(images[number : number + 1]).square().sum()
        expected = torch.cat([each.square().flatten(1).mean(dim=1) for each in torch.autograd.grad(loss, weights)])
        np.testing.assert_allclose(found[number], expected.double(), rtol=1e-3, atol=1e-9)


@pytest.mark.slow
def test_a_training_step_takes_volumes():
    from benchmark.training.train import fit

    recipe = Recipe(size=32, epochs=1, batch_size=4, augment=Augment(flip=0.5, mixup=0.2))
    strip, _ = strips(8)
    images = on_device(strip, np.arange(8) % 2, torch.device("cpu"))
    found = fit(network(recipe), images, images, recipe, 0)
    assert np.isfinite(found.curves["val_loss"]).all()
