import numpy as np
import pytest
import torch

from benchmark.measures.gradients import drawn_images, filters, for_evaluation, weight_gradients
from benchmark.specs.needs import Undefined
from similarity.lgc import _correlation, _kernels, lgc
from tests.support.drawn import draws
from tests.support.networks import network, pictures


def exact_kernel(made, images):
    """The tangent kernel of all features, an image at a time, by the weights of convolutions and linear layers."""
    frozen = for_evaluation(made)
    weights = [layer.weight.requires_grad_() for layer in filters(frozen)]
    rows = []
    for image in images:
        features = frozen.features(image[None])[0]
        every = torch.eye(len(features))
        each = torch.autograd.grad(features, weights, every, allow_unused=True, is_grads_batched=True)
        rows.append(torch.cat([gradient.flatten(1) for gradient in each if gradient is not None], dim=1))
    stacked = torch.stack(rows)  # (n, D, P)
    return torch.einsum("idp,jdp->ij", stacked, stacked).double().numpy()


@pytest.mark.slow
def test_the_sketches_estimate_the_tangent_kernel_of_all_features():
    images, labels = pictures(5)
    rows, kernel, wanted = _kernels(images, labels, network(), 12, 100, 0)
    exact = exact_kernel(network(), images[rows])
    assert np.corrcoef(kernel.ravel(), exact.ravel())[0, 1] > 0.9
    np.testing.assert_array_equal(wanted, np.where(labels[rows][:, None] == labels[rows], 1, -1))


def test_it_is_the_correlation_of_the_entries():
    images, labels = pictures(20, 3)
    _, kernel, wanted = _kernels(images, labels, network(), 1, 64, 0)
    assert lgc(images, labels, network()) == pytest.approx(np.corrcoef(kernel.ravel(), wanted.ravel())[0, 1], rel=1e-9)


def test_what_is_kept_may_be_the_gradient_itself():
    images, _ = pictures(3)
    frozen = for_evaluation(network())
    kept = weight_gradients(frozen, images, lambda features, _: features.sum(dim=1), lambda _, gradient: gradient.flatten(1))
    layers = filters(frozen)
    weights = [layer.weight.requires_grad_() for layer in layers]
    gradients = torch.autograd.grad(frozen.features(images[:1]).sum(), weights, allow_unused=True)
    expected = torch.cat([one.flatten() for one in gradients if one is not None]).double().numpy()
    np.testing.assert_allclose(kept[0], expected, rtol=2e-3, atol=1e-5 * np.abs(expected).max())


def test_order_and_names_have_no_effect_and_the_network_is_not_changed():
    images, labels = pictures(24)
    made = network()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    first = lgc(images, labels, made)
    moved = np.random.default_rng(0).permutation(24)
    assert lgc(images[torch.from_numpy(moved)], labels[moved] * 3 + 5, made) == pytest.approx(first, rel=1e-3, abs=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_its_interval_holds_the_score_and_several_labels_are_refused():
    images, labels = pictures(24)
    said = lgc.score({"images": images, "labels": labels, "network": network()}, draws(labels, 20))
    assert said.low < said.value < said.high
    with pytest.raises(Undefined, match="several labels"):
        lgc(images, np.eye(2, dtype=np.int64)[labels % 2], network())


def test_equal_gradients_have_no_correlation():
    with pytest.raises(Undefined, match="are equal"):
        _correlation(np.ones((1, 4)), np.ones((4, 4)), np.where(np.eye(4) > 0, 1.0, -1.0))
    assert drawn_images(pictures(4)[0], np.arange(4) % 2, 9, 0)[0].size == 4
