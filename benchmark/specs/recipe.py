"""A recipe: all settings that decide how a network is trained. Lists of values make a grid."""

import itertools
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, get_origin

from pydantic import Field, SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer

from benchmark.core.cost_fields import OtherCost, SameCost
from benchmark.core.numeric import Numeric
from benchmark.core.parse import parse, read_yaml
from benchmark.specs.elsewhere import shipped_names
from benchmark.specs.protocols import PROTOCOLS, ProtocolName, require_all_trained, require_trained_backbone, require_used, uses
from results.error import CatsError, nearest
from results.text.brief import short

POINTS = 10_000  # of one grid
SIZES = (8, 1024)  # smallest and largest side of images, in pixels
LATER: dict[str, Any] = {
    "compile": False,
    "layers": 1,
}  # fields that older versions did not have → the default, which is what they did


class Augment(Numeric):
    """Random changes of training images, drawn separately for each image.

    Attributes:
        flip: probability of a left-right flip.
        flip_vertical: probability of an upside-down flip.
        rotate: largest rotation to either side, in degrees.
        shift: largest shift, as a part of the width.
        zoom: the scale is between 1 - zoom and 1 + zoom.
        crop: smallest part of the area that a crop keeps, with an aspect ratio between 3:4 and 4:3; 1 does not crop.
        brightness, contrast, saturation: the factor is between 1 - x and 1 + x.
        hue: largest turn of the colour circle, as a part of the circle.
        sharpness: probability of doubling the sharpness.
        autocontrast: probability of stretching the range of each channel.
        equalize: probability of equalising the histogram.
        stain: haematoxylin, eosin and residual are each multiplied by a factor between 1 - x and 1 + x, and shifted by up to
            x / 10.
        cutout: side of a square that is painted in the mean grey, as a part of the width.
        mixup: the a of Beta(a, a), from which the weights of the mixed images and labels are drawn; 0 does not mix.
    """

    flip: float = Field(0.5, ge=0, le=1)
    flip_vertical: float = Field(0.0, ge=0, le=1)
    rotate: float = Field(0.0, ge=0, le=180)
    shift: float = Field(0.0, ge=0, le=0.5)
    zoom: float = Field(0.0, ge=0, lt=1)
    crop: float = Field(1.0, gt=0, le=1)
    brightness: float = Field(0.0, ge=0, lt=1)
    contrast: float = Field(0.0, ge=0, lt=1)
    saturation: float = Field(0.0, ge=0, le=1)
    hue: float = Field(0.0, ge=0, le=0.5)
    sharpness: float = Field(0.0, ge=0, le=1)
    autocontrast: float = Field(0.0, ge=0, le=1)
    equalize: float = Field(0.0, ge=0, le=1)
    stain: float = Field(0.0, ge=0, lt=1)
    cutout: float = Field(0.0, ge=0, lt=1)
    mixup: float = Field(0.0, ge=0, le=1000)


class Recipe(Numeric):
    """How a network is trained.

    Attributes:
        protocol: `finetune` trains the network; `lora` trains low-rank updates of its layers, `partial` its last blocks,
            `bitfit` its biases and `norms` its norm layers, each with the head; `probe` fits an L2-penalised logistic
            regression on features of the frozen network; with `knn` the nearest training images vote, by the cosine of frozen
            features; with `prototype` the nearest class mean decides.
        size: side of the square images, in pixels.
        epochs: passes over the training images; 0 tests the network with an untrained head.
        batch_size: number of images in a step.
        optimiser, lr, momentum, weight_decay: as in torch.optim; only sgd has a momentum.
        decayed: `matrices` excludes norm layers and biases from weight decay; `all` decays every parameter, as torch does.
        layer_decay: the learning rate of a layer is this factor times the rate of the layer above it.
        schedule: how the learning rate falls after the warm-up; `step` divides the rate by ten after half of the training and
            again after three quarters.
        warmup: share of all steps during which the learning rate rises linearly.
        label_smoothing: share of each label that is spread over all classes.
        dropout: probability of dropout before the head.
        ema: decay of a running mean of the trained network, which is validated and restored instead of it; 0 takes no mean.
        patience: training stops after this many epochs in a row that the plan's rule would not restore; None never stops early.
        trained: `all` layers, or the `head` alone; the backbone with its norm layers is then frozen.
        hidden: widths of dense layers between backbone and head.
        stem: `small` replaces the first layers of a ResNet by a 3 × 3 convolution without stride or pooling, for small images;
            frozen features always use the stem of the source.
        augment: random changes of training images.
        c, k: inverse penalties of the probe, and numbers of neighbours; each cell chooses among them on validation images.
        precision: `auto` trains in bf16 where it is faster than fp32 (see benchmark/networks/precision.py), else in fp32, and
            predicts in fp32; `fp32` and `bf16` do both in that format.
        compile: training steps of the backbone use torch.compile; cells of one pack (`--pack`) then train one after the other.
        rank, alpha: of the updates of `lora`, which are two thin matrices times alpha / rank.
        adapted: the layers that get an update: the projections of `attention`, every `linear` layer, or `all` linear layers and
            convolutions that are not grouped; `auto` is attention where the backbone has attention, else all.
        blocks: number of last blocks that `partial` trains, with what comes after them.
        layers: number of last layers whose pooled features the `probe` sees side by side; 1 is what comes out of the network.
    """

    protocol: OtherCost[ProtocolName] = "finetune"
    size: OtherCost[int] = Field(64, ge=SIZES[0], le=SIZES[1])
    epochs: SameCost[int] = Field(20, ge=0, le=1_000_000)
    batch_size: OtherCost[int] = Field(64, ge=2, le=1_000_000)
    optimiser: OtherCost[Literal["sgd", "adam", "adamw"]] = "adamw"
    lr: SameCost[float] = Field(1e-3, gt=0)
    momentum: SameCost[float] = Field(0.9, ge=0, lt=1)
    weight_decay: SameCost[float] = Field(1e-4, ge=0)
    decayed: SameCost[Literal["matrices", "all"]] = "matrices"
    layer_decay: SameCost[float] = Field(1.0, gt=0, le=1)
    schedule: SameCost[Literal["cosine", "constant", "step"]] = "cosine"
    warmup: SameCost[float] = Field(0.1, ge=0, lt=1)
    label_smoothing: SameCost[float] = Field(0.0, ge=0, lt=1)
    dropout: SameCost[float] = Field(0.0, ge=0, lt=1)
    ema: OtherCost[float] = Field(0.0, ge=0, lt=1)
    patience: SameCost[int | None] = Field(None, ge=1)
    trained: OtherCost[Literal["all", "head"]] = "all"
    hidden: OtherCost[tuple[Annotated[int, Field(ge=1, le=65_536)], ...]] = Field((), max_length=16)
    stem: OtherCost[Literal["backbone", "small"]] = "backbone"
    augment: OtherCost[Augment] = Augment()
    c: OtherCost[tuple[Annotated[float, Field(gt=0)], ...]] = Field((0.01, 0.1, 1.0, 10.0), min_length=1, max_length=100)
    k: OtherCost[tuple[Annotated[int, Field(ge=1)], ...]] = Field((1, 5, 10, 20), min_length=1, max_length=100)
    precision: OtherCost[Literal["auto", "fp32", "bf16"]] = "auto"
    compile: OtherCost[bool] = False
    rank: OtherCost[int] = Field(8, ge=1, le=1024)
    alpha: SameCost[float] = Field(16.0, gt=0)
    adapted: OtherCost[Literal["auto", "attention", "linear", "all"]] = "auto"
    blocks: OtherCost[int] = Field(1, ge=1, le=1000)
    layers: OtherCost[int] = Field(1, ge=1, le=1000)

    @property
    def trains_backbone(self) -> bool:
        """Whether the network is trained for `epochs`; if not, a classifier is fitted on its frozen features."""
        return PROTOCOLS[self.protocol].trains_backbone

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what older versions did not write, so that their keys and records do not change.

        That is a later field that has its default value, and a field that the protocol does not use.
        """
        used = (name for name in type(self).model_fields if uses(self.protocol, name))
        kept = (name for name in used if name not in LATER or getattr(self, name) != LATER[name])
        written = write(self)
        return {name: written[name] for name in kept if name in written}  # a caller may exclude more

    @field_validator("stem")
    @classmethod
    def _stem_is_trained(cls, stem: str, info: ValidationInfo) -> str:
        if stem == "small" and "protocol" in info.data:
            trains = PROTOCOLS[info.data["protocol"]].trains_backbone
            reason = "would leave new first layers untrained" if trains else "uses the network of the source unchanged"
            require_all_trained(info.data["protocol"], "small", reason)
        return stem

    @field_validator("trained")
    @classmethod
    def _parts_are_chosen_once(cls, trained: str, info: ValidationInfo) -> str:
        protocol = info.data.get("protocol")
        if trained == "head" and protocol is not None and PROTOCOLS[protocol].trains_backbone:
            require_all_trained(protocol, "head", "itself says what is trained")
        return trained

    @field_validator("rank", "alpha", "adapted", "blocks", "layers")
    @classmethod
    def _used_by_the_protocol(cls, value: Any, info: ValidationInfo) -> Any:
        if "protocol" in info.data:
            require_used(info.data["protocol"], str(info.field_name), value)
        return value

    @field_validator("compile")
    @classmethod
    def _backbone_is_trained(cls, compile_steps: bool, info: ValidationInfo) -> bool:
        if compile_steps and "protocol" in info.data:
            require_trained_backbone(info.data["protocol"], "compile", "trains no backbone")
        return compile_steps


LISTS = {name for name, field in Recipe.model_fields.items() if get_origin(field.annotation) is tuple}  # a list is no grid here


def with_defaults(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings as flat() gives them, with the default of each field that they leave out."""
    fields = {name: field for name, field in Recipe.model_fields.items() if name != "augment"}
    return {name: str(field.default) for name, field in fields.items()} | dict(settings)


def flat(recipe: Recipe) -> dict[str, str]:
    """Return the fields of a recipe as text, as it is written; a field of `augment` has the name `augment.FIELD`."""
    fields = recipe.model_dump()
    augment = fields.pop("augment")
    return {k: str(v) for k, v in fields.items()} | {f"augment.{k}": str(v) for k, v in augment.items()}


@cache
def _defaults() -> frozenset[tuple[str, str]]:
    fields = {name: field.default for name, field in Recipe.model_fields.items() if name != "augment"}
    augment = {f"augment.{name}": field.default for name, field in Augment.model_fields.items()}
    return frozenset((name, str(value)) for name, value in {**fields, **augment}.items())


def at_default(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the settings, as flat() gives them, that have the default of their field."""
    return tuple(name for name, value in settings.items() if (name, value) in _defaults())


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship with cats-bench."""
    return shipped_names("recipes")


@cache
def _shipped(name: str) -> dict[str, Any]:
    with resources.as_file(resources.files("benchmark").joinpath("recipes", f"{name}.yaml")) as path:
        return read_yaml(path)


def recipe_points(written: str | dict[str, Any], where: str) -> list[Recipe]:
    """Return the points of a recipe as a plan writes it: a name, or a mapping of fields that changes `base`; lists make a grid.

    Raises CatsError, whose sentence begins with `where`, for an unknown recipe, field or value.
    """
    changes = {"base": written} if isinstance(written, str) else dict(written)
    base = changes.pop("base", None)
    fields: dict[str, Any] = {}
    if base is not None:
        if base not in recipe_names():
            raise CatsError(f"{where}: there is no recipe '{short(str(base))}'{nearest(base, recipe_names())}")
        fields = dict(_shipped(base))
    fields |= changes
    grid = {k: v for k, v in fields.items() if isinstance(v, list) and k not in LISTS}
    empty = [k for k, v in grid.items() if not v]
    if empty:
        raise CatsError(f"{where}: recipe.{empty[0]} is an empty list; a grid needs at least one value")
    count = math.prod(len(values) for values in grid.values())
    if count > POINTS:
        raise CatsError(f"{where}: the grid of {short(' and '.join(grid))} has {count:,} points; {POINTS:,} are allowed")
    combinations = itertools.product(*grid.values())
    points = [parse(Recipe, fields | dict(zip(grid, point, strict=True)), f"{where}: recipe") for point in combinations]
    if len(set(points)) < len(points):
        raise CatsError(f"{where}: the grid of {' and '.join(grid)} holds a point twice; write every value once")
    return points
