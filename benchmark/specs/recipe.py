"""A recipe: every choice that decides how a network is trained. Lists of values make a grid."""

import itertools
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, get_origin

from pydantic import Field, SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer

from benchmark.core.cost_fields import OtherCost, SameCost
from benchmark.core.numeric import Numeric
from benchmark.core.parse import parse, read_yaml
from benchmark.specs.protocols import PROTOCOLS, ProtocolName, require_trained_backbone
from results.error import CatsError, nearest


class Augment(Numeric):
    """Random changes of each training image, drawn per image.

    Attributes:
        flip: probability of a left-right flip. flip_vertical: of an upside-down flip.
        rotate: at most so many degrees to either side. shift: at most so large a part of the width.
        zoom: scale between 1 - zoom and 1 + zoom.
        crop: the smallest part of the area that a crop keeps, of any shape between 3:4 and 4:3; 1 crops nothing.
        brightness, contrast, saturation: factor between 1 - x and 1 + x. hue: turned by at most so large a part of the circle.
        sharpness, autocontrast, equalize: probabilities; the sharpness is doubled.
        stain: each of haematoxylin, eosin and residual times a factor between 1 - x and 1 + x, plus up to x / 10.
        cutout: side of a square of the mean grey, as a part of the width.
        mixup: a of Beta(a, a), by which pairs of images and their labels are mixed; 0 mixes nothing.
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
    mixup: float = Field(0.0, ge=0, allow_inf_nan=False)


class Recipe(Numeric):
    """How a network is trained.

    Attributes:
        protocol: finetune trains a network; probe fits an L2-penalised logistic regression on frozen features; knn lets the
            nearest training images vote by the cosine of frozen features.
        size: side of the square images, pixels.
        epochs: 0 tests the network with an untrained head.
        lr, momentum, weight_decay: as in torch.optim; momentum is for sgd.
        decayed: matrices spares norm layers and biases; all is what torch does by itself.
        layer_decay: each layer learns so many times as fast as the one above it.
        warmup: share of all steps during which the rate rises linearly; after it `schedule`, of which step takes a tenth of
            the rate after a half of the training and again after three quarters.
        ema: the network that is validated and kept is a running mean of the trained one with this decay; 0 keeps the last.
        patience: stop after so many epochs without one that the plan's rule would take; None never stops early.
        trained: all layers, or the head alone; the backbone is then frozen with its norm layers.
        hidden: widths of dense layers between backbone and head. stem: small is 3 x 3 without stride or pooling, for ResNets
            on small images; frozen features come by the stem of the source.
        c: inverse penalties that the probe chooses from on the validation images. k: numbers of neighbours.
        precision: auto is bf16 where it is the faster one (see benchmark/networks/precision.py), else fp32.
        compile: training steps of the backbone go through torch.compile; cells side by side (`--pack`) then run one by one.
    """

    protocol: OtherCost[ProtocolName] = "finetune"
    size: OtherCost[int] = Field(64, ge=8, le=1024)
    epochs: SameCost[int] = Field(20, ge=0)
    batch_size: OtherCost[int] = Field(64, ge=2)
    optimiser: OtherCost[Literal["sgd", "adam", "adamw"]] = "adamw"
    lr: SameCost[float] = Field(1e-3, gt=0, allow_inf_nan=False)
    momentum: SameCost[float] = Field(0.9, ge=0, lt=1)
    weight_decay: SameCost[float] = Field(1e-4, ge=0, allow_inf_nan=False)
    decayed: SameCost[Literal["matrices", "all"]] = "matrices"
    layer_decay: SameCost[float] = Field(1.0, gt=0, le=1)
    schedule: SameCost[Literal["cosine", "constant", "step"]] = "cosine"
    warmup: SameCost[float] = Field(0.1, ge=0, lt=1)
    label_smoothing: SameCost[float] = Field(0.0, ge=0, lt=1)
    dropout: SameCost[float] = Field(0.0, ge=0, lt=1)
    ema: OtherCost[float] = Field(0.0, ge=0, lt=1)
    patience: SameCost[int | None] = Field(None, ge=1)
    trained: OtherCost[Literal["all", "head"]] = "all"
    hidden: OtherCost[tuple[Annotated[int, Field(ge=1)], ...]] = ()
    stem: OtherCost[Literal["backbone", "small"]] = "backbone"
    augment: OtherCost[Augment] = Augment()
    c: OtherCost[tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...]] = Field((0.01, 0.1, 1.0, 10.0), min_length=1)
    k: OtherCost[tuple[Annotated[int, Field(ge=1)], ...]] = Field((1, 5, 10, 20), min_length=1)
    precision: OtherCost[Literal["auto", "fp32", "bf16"]] = "auto"
    compile: OtherCost[bool] = False

    @property
    def trains_backbone(self) -> bool:
        """Whether the network is trained for `epochs`, rather than something fitted on its frozen features."""
        return PROTOCOLS[self.protocol].trains_backbone

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out what came later and has its default, so that keys and records of older versions stay as they are."""
        return {name: value for name, value in write(self).items() if name != "compile" or value}

    @field_validator("stem")
    @classmethod
    def _stem_is_trained(cls, given: str, info: ValidationInfo) -> str:
        if given == "small" and "protocol" in info.data:
            require_trained_backbone(info.data["protocol"], "small", "takes the network as its source has it")
        return given

    @field_validator("compile")
    @classmethod
    def _backbone_is_trained(cls, given: bool, info: ValidationInfo) -> bool:
        if given and "protocol" in info.data:
            require_trained_backbone(info.data["protocol"], "compile", "trains no backbone")
        return given


LISTS = {name for name, field in Recipe.model_fields.items() if get_origin(field.annotation) is tuple}  # a list is no grid


def flat(recipe: Recipe) -> dict[str, str]:
    """Every field of a recipe as text."""
    fields = recipe.model_dump()
    augment = fields.pop("augment")
    return {k: str(v) for k, v in fields.items()} | {f"augment.{k}": str(v) for k, v in augment.items()}


def recipe_names() -> list[str]:
    """The recipes that ship with cats-bench."""
    return sorted(p.name.removesuffix(".yaml") for p in resources.files("benchmark").joinpath("recipes").iterdir())


@cache
def _shipped(name: str) -> dict[str, Any]:
    with resources.as_file(resources.files("benchmark").joinpath("recipes", f"{name}.yaml")) as path:
        return read_yaml(path)


def recipe_points(written: str | dict[str, Any], where: str) -> list[Recipe]:
    """The points of a recipe as a plan writes it: a name, or a mapping of fields over `base`; lists make a grid.

    Raises CatsError for an unknown recipe, field or value.
    """
    changes = {"base": written} if isinstance(written, str) else dict(written)
    base = changes.pop("base", None)
    fields: dict[str, Any] = {}
    if base is not None:
        if base not in recipe_names():
            raise CatsError(f"{where}: there is no recipe '{base}'{nearest(base, recipe_names())}")
        fields = dict(_shipped(base))
    fields |= changes
    grid = {k: v for k, v in fields.items() if isinstance(v, list) and k not in LISTS}
    empty = [k for k, v in grid.items() if not v]
    if empty:
        raise CatsError(f"{where}: recipe.{empty[0]} is an empty list; a grid needs at least one value")
    points = itertools.product(*grid.values())
    made = [parse(Recipe, fields | dict(zip(grid, point, strict=True)), f"{where}: recipe") for point in points]
    if len(set(made)) < len(made):
        raise CatsError(f"{where}: the grid of {' and '.join(grid)} holds a point twice; name every value once")
    return made
