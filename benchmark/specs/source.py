"""A source: the data set or the weights from which a network gets its start, before it is trained on a target."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from benchmark.core.numeric import Numeric
from benchmark.core.patterns import require_replacement
from benchmark.data.dataset import Dataset
from benchmark.specs.arguments import OURS, checked_arguments
from benchmark.specs.elsewhere import shipped_names
from benchmark.specs.weight_place import FILE, LAYOUTS, Text, pairs, require_pinned, require_plain, tags
from results.error import CatsError, nearest


class Weights(Numeric):
    """Ready weights, in a file below a folder of weights, else from timm, the Hugging Face hub or MLflow's model registry.

    Values of `hub`, `revision`, `mlflow` and `sha256` are a text for all backbones, or a mapping from backbones to texts.
    What an entry does not declare about the input comes from the file's metadata, or from the configuration of timm or the hub.

    Attributes:
        file: NAME in the file name BACKBONE.NAME.safetensors, .pt, .pth, .pth.tar, .ckpt or .bin; of all but safetensors only
            tensors and plain values are read.
        state_dict_key: which state dict of a file that holds several, such as `state_dict_ema` (timm's running mean) or
            `teacher` (DINO), or what the names of its parameters begin with.
        timm: true for the weights that timm takes by default, or a list of tags: the first tag that the backbone has
            counts, and `*` in a tag stands for any text.
        hub: owner/name of a repository on the Hugging Face hub.
        revision: the commit of that repository.
        hub_file: path of the file in a repository that has no configuration of timm; the entry then declares the input.
        layout: which program named the parameters, one of the tables that ship with cats-bench; by default recognised.
        mlflow: models:/NAME/VERSION, weights that `cats publish` has put into MLflow's model registry.
        sha256: checksum that the file must have.
        remap: regular expression → replacement; all are applied to every key, in this order, and empty keys are left out.
        mean, std: of images in [0, 1]: red, green and blue, or one number for grey.
        channels: order of the channels that the backbone expects; `grey` is one channel, the mean of the three.
        range: lowest and highest value of the input, instead of mean and std.
        arguments: how timm builds the network for these weights, names and values of benchmark.specs.arguments.
        pool: which tokens of a transformer become its features: the class token, the mean of the patches, or both; by default
            what timm's model does.
        obtain: one sentence: where the file is available, and the name that it needs.
        gate: address at which a licence must be accepted before the hub gives the file away.
    """

    file: str | None = None
    state_dict_key: str | None = Field(None, min_length=1)
    timm: Annotated[bool | tuple[str, ...], BeforeValidator(tags)] = False
    hub: Text = None
    revision: Text = None
    hub_file: Text = None
    layout: str | None = None
    mlflow: Text = None
    sha256: Text = None
    remap: dict[str, str] = {}
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channels: Literal["rgb", "bgr", "grey"] | None = None
    range: tuple[float, float] | None = None
    arguments: dict[str, Any] = {}
    pool: Literal["token", "avg", "both"] | None = None
    obtain: str = ""
    gate: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> "Weights":
        if self.file is not None and not FILE.fullmatch(self.file):
            raise ValueError(
                f"file '{self.file}' is not the NAME in BACKBONE.NAME.safetensors; letters, digits and _ . - are allowed"
            )
        places = [name for name in ("timm", "hub", "mlflow") if getattr(self, name)]
        if len(places) > 1 or (self.file and self.mlflow):
            named = " and ".join([*(["file"] if self.file else []), *places])
            raise ValueError(f"{named} are given; weights come from one place, and only file goes together with timm or hub")
        if not (self.file or places):
            raise ValueError("weights need one of the keys file, timm, hub and mlflow")
        if self.state_dict_key and not (self.file or self.hub_file):
            raise ValueError("state_dict_key chooses among what a file holds, but file is not given")
        if self.sha256 and self.timm:
            raise ValueError("sha256 goes with file, hub or mlflow; timm's weights are fixed by their tag")
        return self

    @model_validator(mode="after")
    def _pinned(self) -> "Weights":
        require_pinned(self.hub, self.revision, self.hub_file)
        require_plain(self.mlflow, self.sha256)
        return self

    @model_validator(mode="after")
    def _input(self) -> "Weights":
        length = {1, 3} if self.channels == "grey" else {3}
        for name in ("mean", "std"):
            numbers = getattr(self, name)
            if numbers is not None and len(numbers) not in length:
                raise ValueError(f"{name} has {len(numbers)} numbers; {' or '.join(map(str, sorted(length)))} are allowed")
        if (self.mean is None) != (self.std is None):
            raise ValueError(f"{'std' if self.std is None else 'mean'} is missing; give both mean and std")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be greater than 0")
        if self.range is not None and self.mean is not None:
            raise ValueError("range and mean are given; range [a, b] replaces mean and std, so give one or the other")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range is [{self.range[0]}, {self.range[1]}]; the first number must be smaller than the second")
        return self

    @field_validator("remap")
    @classmethod
    def _expressions(cls, remap: dict[str, str]) -> dict[str, str]:
        for pattern, replacement in remap.items():
            try:
                require_replacement(pattern, replacement)
            except CatsError as error:  # pydantic takes ValueError only
                raise ValueError(str(error)) from error
        return remap

    @field_validator("arguments")
    @classmethod
    def _known_arguments(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        ours = [name for name in OURS if name in arguments]
        if ours:
            also = "; write it beside `arguments`" if ours[0] == "pool" else "; a recipe sets it"
            raise ValueError(f"'{ours[0]}' is no argument of timm{also}")
        try:
            return checked_arguments(arguments)
        except CatsError as error:  # pydantic takes ValueError only
            raise ValueError(str(error)) from error

    @field_validator("layout")
    @classmethod
    def _known_layout(cls, layout: str | None) -> str | None:
        known = shipped_names(LAYOUTS)
        if layout is not None and layout not in known:
            raise ValueError(f"there is no layout '{layout}'{nearest(layout, known)}")
        return layout

    @field_validator("gate")
    @classmethod
    def _address(cls, gate: str) -> str:
        if gate and not gate.startswith("https://"):
            raise ValueError(f"gate '{gate}' is not an address; write https:// and the page on which the licence is accepted")
        return gate

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @property
    def network_arguments(self) -> dict[str, Any]:
        """What the entry says about the network of these weights, `pool` included."""
        return self.arguments | ({"pool": self.pool} if self.pool else {})

    def reading(self) -> dict[str, Any]:
        """Return the declared facts about the use of the tensors, which are part of the identity."""
        names = ("state_dict_key", "layout", "remap", "mean", "std", "channels", "range", "arguments", "pool")
        return {name: value for name, value in self.model_dump(mode="json", include=set(names)).items() if value}


class NoWeightsError(CatsError):
    """A source has no weights for a backbone."""


class Source(Numeric):
    """A data set to pretrain on, ready weights, or neither (the source `scratch`, a random initialisation).

    Attributes:
        pretraining: fields that differ from the recipe `pretraining`.
        start: the source that the pretraining starts from.
        backbone: a name of timm, the backbone that the source brings; such a source is not combined with those of a plan.
        images, classes: number of images and classes that ready weights have been trained on.
        seen: families or names of data sets whose images are behind ready weights, or behind a data set that combines others;
            for published weights the registry adds to them.
    """

    name: str
    title: str
    dataset: Dataset | None = None
    weights: Weights | None = None
    pretraining: dict[str, Any] = {}
    start: str = "scratch"
    backbone: str | None = Field(None, min_length=1)
    licence: str = ""
    citation: str = ""
    images: int | None = Field(None, ge=1)
    classes: int | None = Field(None, ge=1)
    seen: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if self.dataset is not None and self.weights is not None:
            raise ValueError(f"{self.name} has both a data set and weights; a source has one of them, or neither (scratch)")
        return self

    @property
    def relatives(self) -> str:
        """The family of data sets to which the images behind this source belong."""
        return self.dataset.relatives if self.dataset else self.name

    @property
    def published(self) -> list[str]:
        """The published weights (`models:/NAME/VERSION`) that this source names, of all backbones."""
        return [model for _, model in pairs(self.weights.mlflow)] if self.weights is not None else []

    @property
    def kind(self) -> str:
        """The kind of the source: weights, pretraining or random."""
        return "weights" if self.weights else "pretraining" if self.dataset else "random"

    @property
    def kind_in_words(self) -> str:
        """What the source is, for sentences."""
        return {"weights": "ready weights", "pretraining": "a pretraining", "random": "random weights"}[self.kind]
