"""A source: the data set or the weights from which a network gets its start, before it is trained on a target."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from benchmark.core.numeric import Numeric
from benchmark.core.patterns import require_replacement
from benchmark.data.dataset import Dataset
from results.error import CatsError
from results.text.brief import briefly

FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MODEL = re.compile(r"models:/[A-Za-z0-9][A-Za-z0-9_.-]*/[0-9]+")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
DIGITS = "40 hexadecimal digits"
PerBackbone = str | dict[str, str]


def _tags(value: Any) -> Any:
    """Return true, or a list of timm's tags; a single tag may be written without brackets."""
    tags = [value] if isinstance(value, str) else value
    if isinstance(tags, bool) or (isinstance(tags, list | tuple) and tags and all(isinstance(tag, str) for tag in tags)):
        return tags
    raise ValueError(f"{briefly(value)} is neither true nor a list of timm's tags such as [augreg_in21k, fb_in22k]")


def _per_backbone(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value):
        return value
    if isinstance(value, dict) and value and all(isinstance(text, str) for pair in value.items() for text in pair):
        return value
    raise ValueError(f"{briefly(value)} is neither text nor a mapping from backbones to text")


Text = Annotated[PerBackbone | None, BeforeValidator(_per_backbone)]


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
        mlflow: models:/NAME/VERSION, weights that `cats publish` has put into MLflow's model registry.
        sha256: checksum that the file must have.
        remap: regular expression → replacement; all are applied to every key, in this order, and empty keys are left out.
        mean, std: of images in [0, 1]: red, green and blue, or one number for grey.
        channels: order of the channels that the backbone expects; `grey` is one channel, the mean of the three.
        range: lowest and highest value of the input, instead of mean and std.
    """

    file: str | None = None
    state_dict_key: str | None = Field(None, min_length=1)
    timm: Annotated[bool | tuple[str, ...], BeforeValidator(_tags)] = False
    hub: Text = None
    revision: Text = None
    mlflow: Text = None
    sha256: Text = None
    remap: dict[str, str] = {}
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channels: Literal["rgb", "bgr", "grey"] | None = None
    range: tuple[float, float] | None = None

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
        if self.state_dict_key and not self.file:
            raise ValueError("state_dict_key chooses among what a file holds, but file is not given")
        if self.sha256 and self.timm:
            raise ValueError("sha256 goes with file, hub or mlflow; timm's weights are fixed by their tag")
        return self

    @model_validator(mode="after")
    def _pinned(self) -> "Weights":
        if self.revision and not self.hub:
            raise ValueError("revision is the commit of a repository on the hub, but hub is not given")
        for backbone, repository in _pairs(self.hub):
            commit = pick(self.revision, backbone)
            if not REPOSITORY.fullmatch(repository):
                raise ValueError(f"hub '{repository}' is not a repository; write owner/name")
            if commit is None:
                raise ValueError(
                    f"hub {repository} needs a revision, so that its weights cannot change; give a commit, {DIGITS}"
                )
            if not COMMIT.fullmatch(commit):
                raise ValueError(f"hub {repository} has the revision '{commit}', which may change; give a commit, {DIGITS}")
        for _, model in _pairs(self.mlflow):
            if not MODEL.fullmatch(model):
                raise ValueError(f"mlflow '{model}' is not a version; write models:/NAME/VERSION, for example models:/digits/1")
        for _, checksum in _pairs(self.sha256):
            if not SHA256.fullmatch(checksum):
                raise ValueError(f"sha256 '{checksum}' is not a checksum; a sha256 has 64 hexadecimal digits in lower case")
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

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def reading(self) -> dict[str, Any]:
        """Return the declared facts about the use of the tensors, which are part of the identity."""
        names = ("state_dict_key", "remap", "mean", "std", "channels", "range")
        return {name: value for name, value in self.model_dump(mode="json", include=set(names)).items() if value}


def pick(value: PerBackbone | None, backbone: str) -> str | None:
    """Return the value for a backbone, or the value for all backbones."""
    return value.get(backbone) if isinstance(value, dict) else value


def _pairs(value: PerBackbone | None) -> list[tuple[str, str]]:
    return list(value.items()) if isinstance(value, dict) else [("", value)] if value else []


class Source(Numeric):
    """A data set to pretrain on, ready weights, or neither (the source `scratch`, a random initialisation).

    Attributes:
        pretraining: fields that differ from the recipe `pretraining`.
        start: the source that the pretraining starts from.
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
        return [model for _, model in _pairs(self.weights.mlflow)] if self.weights is not None else []

    @property
    def kind(self) -> str:
        """The kind of the source: weights, pretraining or random."""
        return "weights" if self.weights else "pretraining" if self.dataset else "random"
