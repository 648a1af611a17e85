"""Networks: a timm backbone with the input normalisation of its source, and a new head for the target."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmark.core.seed import seed_of
from benchmark.networks.dropout import Dropout
from benchmark.networks.freezing import resting
from benchmark.networks.layers import Direction, feature_width, layered_features
from benchmark.networks.matching import Fit, classifier_names, fitted
from benchmark.networks.needs import require_needs
from benchmark.networks.shapes import shapes_only
from benchmark.networks.slices import apart, count_slices, pooled
from benchmark.networks.timm_model import resized_model, timm_model
from benchmark.networks.token_pool import pool_tokens
from benchmark.specs.backbones import check_backbone
from benchmark.specs.recipe import Recipe
from results.error import CatsError
from results.text.brief import short

HALF = (0.5, 0.5, 0.5)
UNSTATED: tuple[float, ...] = ()
PLAIN = Recipe()


@dataclass(frozen=True)
class Trained:
    """Weights of a backbone and what its input must look like.

    Attributes:
        state: by timm's names; None leaves the random initialisation.
        mean, std: of red, green and blue of images in [0, 1]; grey images use the first number of each. UNSTATED as long as
            neither the file nor the entry says what they are.
        channels: rgb or bgr: the order of the channels that the backbone expects; grey: it has one input channel.
        arguments: those of benchmark.specs.arguments that the weights set.
        size: images of how many pixels the network is built for, where its weights were made for another size.
        origin: the place of the weights, for sentences; empty if no sentence needs it.
        notes: sentences about a choice that was made among the contents of the file.
        layout: the layout of their names that the entry declares, see benchmark.networks.layout; None: recognised.
    """

    state: Mapping[str, Tensor] | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF
    channels: str = "rgb"
    arguments: dict[str, Any] = field(default_factory=dict)
    size: int | None = None
    origin: str = ""
    notes: tuple[str, ...] = ()
    layout: str | None = None

    @property
    def planes(self) -> int:
        """The number of channels of the backbone's input."""
        return 1 if self.channels == "grey" else 3

    @property
    def built(self) -> dict[str, Any]:
        """The arguments with which the network is built."""
        return self.arguments | ({"img_size": self.size} if self.size else {})


class Network(nn.Module):
    """Images (N, 3, H, W), float in [0, 1], RGB → logits (N, classes).

    `recipe` decides dropout, dense layers, stem, how many layers give features, and whether the backbone is frozen. `backbone`
    is a name, or a module that build() has returned.

    Attributes:
        layers: number of last layers whose features are pooled. prototype: whether the head sees directions of features.
        feature_count: number of features that features() gives.
        partly: whether only some parts of the backbone are trained, see benchmark.networks.parts.train_only.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: str | nn.Module, trained: Trained, classes: int, recipe: Recipe = PLAIN) -> None:
        super().__init__()
        self.backbone = build(backbone, trained, recipe.stem) if isinstance(backbone, str) else backbone
        self.frozen, self.partly = recipe.trained == "head", False
        self.backbone.requires_grad_(not self.frozen)
        self.layers, own = recipe.layers, feature_count(self.backbone)
        widths = [feature_width(self.backbone, own, recipe.layers), *recipe.hidden]
        self.feature_count = widths[0]
        dense: list[nn.Module] = [
            nn.Sequential(Dropout(recipe.dropout, a), nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(widths)
        ]
        self.prototype = recipe.protocol == "prototype"
        self.dense = nn.Sequential(*([Direction(widths[0])] if self.prototype else []), *dense)
        self.dropout = Dropout(recipe.dropout, widths[-1])
        self.head = nn.Linear(widths[-1], classes)
        self.channels = trained.channels
        self.arguments = trained.built | ({"stem": recipe.stem} if recipe.stem == "small" else {})
        count = 1 if trained.channels == "grey" else 3
        for name, values in (("mean", trained.mean), ("std", trained.std)):
            self.register_buffer(name, torch.tensor(values[:count]).view(1, count, 1, 1), persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, D), the input of the head; of a volume, a strip of squares, the mean over its slices."""
        return self.features_through(self.backbone, images)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes)."""
        return self.classify(self.features(images))

    def features_through(self, backbone: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """As features(), but through `backbone`, which is the own backbone or its compiled version."""
        squares = apart(images)
        inputs = squares.mean(dim=1, keepdim=True) if self.channels == "grey" else squares
        normal = (inputs - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            ordered = normal.flip(1) if self.channels == "bgr" else normal
            found = backbone(ordered) if self.layers == 1 else layered_features(self.backbone, ordered, self.layers)
            return pooled(found, count_slices(images))

    def classify(self, features: Tensor) -> Tensor:
        """(N, D) → (N, classes)."""
        return cast("Tensor", self.head(self.dropout(self.dense(features))))

    def train(self, mode: bool = True) -> "Network":
        """As in torch, but frozen parts of the backbone stay in evaluation mode, so that norm layers keep their statistics."""
        super().train(mode)
        if self.frozen or self.partly:
            for part in resting(self.backbone):
                part.eval()
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
        return [layer.rng for layer in self.dropouts()]

    def dropouts(self) -> list[Dropout]:
        """The dropout layers, in the order of definition."""
        return [layer for layer in self.modules() if isinstance(layer, Dropout)]


def build(name: str, trained: Trained, stem: str = "backbone") -> nn.Module:
    """A timm model without head, pooled, with the weights of `trained` and their stem. Raises CatsError if they do not fit."""
    check_backbone(name)
    if trained.size and trained.state is not None:
        model = _resized(name, trained)
    else:
        if trained.arguments and trained.state is not None:
            fit_of(name, trained, stem)  # without numbers: arguments of a stranger's file may ask for too much memory
        model = timm_model(name, trained.built, trained.planes)
        if trained.arguments.get("stem", stem) == "small":
            small_stem(model, name)
        if trained.state is not None:
            fit = _fit(model, name, trained)
            _require_finite(fit.state, model, name, trained.origin)
            model.load_state_dict(fit.state, strict=False)  # checked already, more strictly; the head is left out
    if "pool" in trained.arguments:
        pool_tokens(model, name, trained.arguments["pool"])
    return model


def fit_of(name: str, trained: Trained, stem: str = "backbone") -> Fit:
    """Weights by timm's names, as they are in their file. Raises CatsError if they do not fit the backbone `name`."""
    with shapes_only():
        model = timm_model(name, trained.arguments, trained.planes)
        if trained.arguments.get("stem", stem) == "small":
            small_stem(model, name)
    return _fit(model, name, trained)


def _fit(model: nn.Module, name: str, trained: Trained) -> Fit:
    fit = fitted(model, trained.state or {}, name, trained.origin, trained.layout)
    require_needs(fit, model, name, None if trained.layout else (trained.mean, trained.std), trained.origin)
    return fit


def _resized(name: str, trained: Trained) -> nn.Module:
    """A timm model for images of another size than its weights were made for. Raises CatsError if timm cannot do that."""
    state = fit_of(name, trained).state
    with shapes_only():
        heads = tuple(f"{head}." for head in classifier_names(timm_model(name, trained.arguments, trained.planes)))
    body = {key: value for key, value in state.items() if not key.startswith(heads)}
    model = resized_model(name, trained.built, trained.planes, body)
    if model is None:
        raise CatsError(
            f"timm does not interpolate the weights of {name}, which were made for images of another size, to {trained.size} "
            "pixels; choose another size or backbone"
        )
    _require_finite(state, model, name, trained.origin)
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
