"""Networks: a timm backbone with the input normalisation of its source, and a new head for the target."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmark.core.seed import seed_of
from benchmark.machine.timm_import import timm
from benchmark.networks.matching import classifier_names, fitted
from benchmark.specs.backbones import check_backbone
from benchmark.specs.recipe import Recipe
from results.error import CatsError
from results.text.brief import short

HALF = (0.5, 0.5, 0.5)
UNSTATED: tuple[float, ...] = ()
# Arguments of timm.create_model that weights may set: padding, epsilon of batch norm, layer scale, size of positions.
# `stem` is ours, see Recipe.
ARGUMENTS: dict[str, type] = {"pad_type": str, "bn_eps": float, "init_values": float, "img_size": int, "stem": str}
PLAIN = Recipe()


@dataclass(frozen=True)
class Trained:
    """Weights of a backbone and what its input must look like.

    Attributes:
        state: by timm's names; None leaves the random initialisation.
        mean, std: of red, green and blue of images in [0, 1]; grey images use the first number of each. UNSTATED as long as
            neither the file nor the entry says what they are.
        channels: rgb or bgr: the order of the channels that the backbone expects; grey: it has one input channel.
        arguments: for timm.create_model, those of ARGUMENTS.
        origin: the place of the weights, for sentences; empty if no sentence needs it.
        notes: sentences about a choice that was made among the contents of the file.
    """

    state: Mapping[str, Tensor] | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF
    channels: str = "rgb"
    arguments: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    notes: tuple[str, ...] = ()


class Dropout(nn.Module):
    """Dropout with a separate generator: torch's generator is shared by all networks that the process trains side by side."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.rng = rate, torch.Generator()

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) → (N, D); in training each feature becomes 0 with probability `rate`, and the others are scaled up."""
        if not self.training or not self.rate:
            return features
        mask = torch.rand(features.shape, generator=self.rng) >= self.rate  # from the CPU: the same on all devices
        if features.is_cuda:
            mask = mask.pin_memory()  # from other memory the host would wait for the copy
        return features * mask.to(features.device, non_blocking=True) / (1 - self.rate)


class Network(nn.Module):
    """Images (N, 3, H, W), float in [0, 1], RGB → logits (N, classes).

    `recipe` decides dropout, dense layers, stem, and whether the backbone is frozen. `backbone` is a name, or a module that
    build() has returned.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: str | nn.Module, trained: Trained, classes: int, recipe: Recipe = PLAIN) -> None:
        super().__init__()
        self.backbone = build(backbone, trained, recipe.stem) if isinstance(backbone, str) else backbone
        self.frozen = recipe.trained == "head"
        self.backbone.requires_grad_(not self.frozen)
        widths = [feature_count(self.backbone), *recipe.hidden]
        dense = [nn.Sequential(Dropout(recipe.dropout), nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(widths)]
        self.dense = nn.Sequential(*dense)
        self.dropout = Dropout(recipe.dropout)
        self.head = nn.Linear(widths[-1], classes)
        self.channels = trained.channels
        self.arguments = trained.arguments | ({"stem": recipe.stem} if recipe.stem == "small" else {})
        count = 1 if trained.channels == "grey" else 3
        for name, values in (("mean", trained.mean), ("std", trained.std)):
            self.register_buffer(name, torch.tensor(values[:count]).view(1, count, 1, 1), persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, D), the input of the head."""
        return self.features_through(self.backbone, images)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes)."""
        return self.classify(self.features(images))

    def features_through(self, backbone: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """As features(), but through `backbone`, which is the own backbone or its compiled version."""
        inputs = images.mean(dim=1, keepdim=True) if self.channels == "grey" else images
        normal = (inputs - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return backbone(normal.flip(1) if self.channels == "bgr" else normal)

    def classify(self, features: Tensor) -> Tensor:
        """(N, D) → (N, classes)."""
        return cast("Tensor", self.head(self.dropout(self.dense(features))))

    def train(self, mode: bool = True) -> "Network":
        """As in torch, but a frozen backbone stays in evaluation mode, so that its norm layers keep their statistics."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def reset_head(self) -> None:
        """Draw new weights for all layers after the backbone, from torch's global generator."""
        for layer in [*self.dense.modules(), self.head]:
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()

    def seed_dropout(self, seed: int) -> None:
        """Seed the generator of each dropout layer, so that a batch in parts draws the same numbers as a whole one."""
        for number, rng in enumerate(self.generators()):
            rng.manual_seed(seed_of("dropout", seed, number))

    def generators(self) -> list[torch.Generator]:
        """The generators of the dropout layers."""
        return [layer.rng for layer in self.modules() if isinstance(layer, Dropout)]


def build(name: str, trained: Trained, stem: str = "backbone") -> nn.Module:
    """A timm model without head, pooled, with the weights of `trained` and their stem. Raises CatsError if they do not fit."""
    check_backbone(name)
    inputs: dict[str, Any] = {"in_chans": 1} if trained.channels == "grey" else {}
    arguments = {key: value for key, value in trained.arguments.items() if key != "stem"}
    try:
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **arguments, **inputs)
    except TypeError as error:
        raise CatsError(f"backbone {name} does not take {arguments}: {error}") from error
    if trained.arguments.get("stem", stem) == "small":
        small_stem(model, name)
    if trained.state is not None:
        fit = fitted(model, trained.state, name, trained.origin)
        _require_finite(fit.state, model, name, trained.origin)
        model.load_state_dict(fit.state, strict=False)  # checked already, more strictly; the head is left out
    return model


def _require_finite(state: Mapping[str, Tensor], model: nn.Module, name: str, origin: str) -> None:
    """Raises CatsError that names a weight which is infinite or no number; the features may hide that, training would not.

    A tensor that is not finite in a new model either, such as a mask of attention, is no weight.
    """
    own = model.state_dict()
    for key, value in state.items():
        if not _is_finite(value) and not (key in own and not _is_finite(own[key])):
            where = f"; they are in {origin}" if origin else ""
            means = "which means features that are not finite, now or in training"
            if key.startswith(tuple(f"{head}." for head in classifier_names(model))):
                means = "of the source's own classifier, with which some measures score"
            raise CatsError(f"the weights for {name} hold infinity or NaN in '{short(key)}', {means}{where}")


def _is_finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def small_stem(model: nn.Module, name: str) -> None:
    """Give a ResNet the stem for images of 28 or 32 pixels (He et al. 2016, section 4.2): 3 x 3, no stride, no pooling.

    Raises CatsError if the model is not a ResNet.
    """
    first = getattr(model, "conv1", None)
    if not isinstance(first, nn.Conv2d) or not hasattr(model, "maxpool"):
        raise CatsError(f"backbone {name} has no stem that can be made small; choose a ResNet, such as resnet18")
    model.conv1 = nn.Conv2d(first.in_channels, first.out_channels, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.Identity()


def feature_count(model: nn.Module) -> int:
    """Length D of the features that a headless timm model gives."""
    return int(getattr(model, "head_hidden_size", None) or model.num_features)  # type: ignore[arg-type]
