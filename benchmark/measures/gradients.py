"""Gradients of a network for each image. The network itself is never changed."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmark.machine.timm_import import timm
from benchmark.measures.resampling import sample
from benchmark.networks.copying import copy_of
from benchmark.networks.network import Network
from benchmark.networks.slices import count_slices
from benchmark.specs.needs import Array, Undefined

THUMBNAIL = 8  # pixels on a side of the small copies by which images are sorted
BATCH = 32
GRADIENTS = 2**28  # numbers in the gradients of the images of one batch, which all lie in memory at once
Conv2dSame, pad_same = timm.layers.Conv2dSame, timm.layers.pad_same  # type: ignore[attr-defined]


def for_evaluation(network: Network) -> Network:
    """A copy of the network in evaluation mode, with stored batch norm statistics and frozen weights."""
    made = copy_of(network).eval()
    made.zero_grad(set_to_none=True)
    for layer in made.modules():
        if getattr(layer, "inplace", False):  # it would overwrite the outputs at which gradients are needed
            setattr(layer, "inplace", False)  # noqa: B010 - a module promises no such attribute
    return made.requires_grad_(False)


def drawn_images(images: Tensor, labels: Array, most: int, seed: int) -> tuple[Array, Array]:
    """Row numbers of a sub-sample, classes in proportion, and its labels; order and names of labels have no effect.

    Classes are numbered as they appear in the sub-sample; several labels per image stay as they are.
    """
    small = F.adaptive_avg_pool2d(images.detach().cpu().float(), THUMBNAIL).flatten(1).double().numpy()
    single = labels.ndim == 1
    rows = sample(small, most, seed, labels if single else None)
    if not single:
        return rows, np.asarray(labels[rows])
    _, first, number = np.unique(labels[rows], return_index=True, return_inverse=True)
    return rows, np.asarray(np.argsort(np.argsort(first))[number])


def features_of(network: Network, images: Tensor) -> Tensor:
    """Features (n, D) without gradients, one batch at a time."""
    with torch.no_grad():
        return torch.cat([network.features(part) for part in torch.split(images, BATCH)])


class _Features(nn.Module):
    """The features of a network as a module, which torch.func can call with other weights."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.features(images)


def slope(network: Network, direction: Sequence[Tensor], images: Tensor, value: Callable[[Tensor], Tensor]) -> Tensor:
    """Derivative of `value(features)`, (n,), as the backbone's weights move along a direction, by forward differentiation."""
    frame = _Features(network)
    names = [f"network.backbone.{name}" for name, _ in network.backbone.named_parameters()]
    weights = tuple(one.detach() for one in network.backbone.parameters())

    def at(*moved: Tensor) -> Tensor:
        return value(cast("Tensor", torch.func.functional_call(frame, dict(zip(names, moved, strict=True)), (images,))))

    # The fast kernels of attention have no forward differentiation.
    with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH):
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)  # torch's own use of it
        return cast("Tensor", torch.func.jvp(at, weights, tuple(direction))[1].detach())


def filters(network: Network) -> list[nn.Module]:
    """Convolutions and linear layers of the backbone, in the order of definition."""
    return [layer for layer in network.backbone.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


Losses = Callable[[Tensor, slice], Tensor]
Kept = Callable[[int, Tensor], Tensor]


def squared_gradients(network: Network, images: Tensor, losses: Losses) -> Array:
    """Squared gradient of each image's own loss, averaged over the weights of each filter, (n, filters).

    losses and errors: as for weight_gradients.
    """
    return weight_gradients(network, images, losses, lambda _, gradient: gradient.square().mean(dim=2))


def weight_gradients(network: Network, images: Tensor, losses: Losses, kept: Kept) -> Array:
    """What `kept` keeps of the gradient of each image's own loss by the weights of each layer, joined, (n, k).

    losses: (features, slice of the images) → (b,). kept: number of the layer, as in `filters`, and gradients (b, filters,
    weights of a filter) → (b, k of the layer). In evaluation mode the loss of an image depends on this image alone, so one
    backward pass gives the gradient at each layer's output for every image, and its product with the layer's input is the
    gradient of the weights; those of the slices of a volume and of the windows of an image are added. Raises Undefined for a
    backbone without convolutions and linear layers.
    """
    try:
        return _weights(network, images, losses, kept, _at_once(network, images))
    except _WindowsError:  # which windows belong to an image is certain where there is only one image
        return _weights(network, images, losses, kept, 1)


def _at_once(network: Network, images: Tensor) -> int:
    """How many images have their gradients computed together: fewer where the backbone has many weights."""
    weights = sum(weight.numel() for weight in network.backbone.parameters())
    return max(1, min(BATCH // count_slices(images), GRADIENTS // max(1, weights)))


class _WindowsError(Exception):
    """A layer sees parts of several images, such as windows, in an order that nobody states."""


def _weights(network: Network, images: Tensor, losses: Losses, kept: Kept, most: int) -> Array:
    """What is kept of the gradients of at most `most` images in one pass."""
    parts = []
    layers, slices = filters(network), count_slices(images)
    for start in range(0, len(images), most):
        part = slice(start, start + most)
        seen: list[tuple[nn.Module, Tensor, Tensor]] = []
        hooks = [layer.register_forward_hook(partial(_keep, seen)) for layer in layers]
        try:
            loss = losses(network.features(images[part].requires_grad_()), part)
        finally:
            for hook in hooks:
                hook.remove()
        outs = torch.autograd.grad(loss.sum(), [out for _, _, out in seen], allow_unused=True)
        whole: dict[nn.Module, Tensor] = {}  # the gradients of a layer that is used twice are added
        for (layer, inputs, _), out in zip(seen, outs, strict=True):
            if out is not None:
                count = min(most, len(images) - start)
                if count > 1 and len(out) != count * slices:
                    raise _WindowsError
                gradient = _weight_gradient(layer, inputs, out)
                gradient = gradient.reshape(count, -1, *gradient.shape[1:]).sum(dim=1) if len(out) != count else gradient
                whole[layer] = whole[layer] + gradient if layer in whole else gradient
        held = [kept(number, whole[layer]) for number, layer in enumerate(layers) if layer in whole]
        if not held:
            raise Undefined("the backbone has neither convolutions nor linear layers")
        parts.append(torch.cat(held, dim=1))
    return np.asarray(torch.cat(parts).cpu().double().numpy())


def _keep(seen: list[tuple[nn.Module, Tensor, Tensor]], layer: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
    seen.append((layer, inputs[0].detach(), out))


def _weight_gradient(layer: nn.Module, inputs: Tensor, out: Tensor) -> Tensor:
    """Gradient of each image's loss by the weights of a layer: (n, filters, weights of a filter)."""
    if isinstance(layer, nn.Linear):
        wide, deep = (
            inputs.flatten(1, -2) if inputs.ndim > 2 else inputs[:, None],
            out.flatten(1, -2) if out.ndim > 2 else out[:, None],
        )
        return deep.transpose(1, 2) @ wide
    assert isinstance(layer, nn.Conv2d)
    size, stride, dilation = layer.kernel_size, layer.stride, layer.dilation
    padding = layer.padding
    if isinstance(layer, Conv2dSame):
        inputs, padding = pad_same(inputs, list(size), list(stride), list(dilation)), (0, 0)
    if isinstance(padding, str):
        raise Undefined(f"a convolution of the backbone pads by '{padding}', for which the gradient is not implemented")
    count, groups = len(inputs), layer.groups
    if size == (1, 1) and stride == (1, 1) and padding == (0, 0):
        patches = inputs.flatten(2)
    else:
        patches = F.unfold(inputs, size, dilation, padding, stride)  # (n, channels x kernel, places)
    patches = patches.reshape(count, groups, -1, patches.shape[-1])
    gradient = out.reshape(count, groups, -1, patches.shape[-1]) @ patches.transpose(2, 3)
    return gradient.reshape(count, layer.out_channels, -1)
