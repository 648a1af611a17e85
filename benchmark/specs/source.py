"""A source: what a network knows before it meets the target."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from benchmark.data.dataset import Dataset
from results.record import Frozen

FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MODEL = re.compile(r"models:/[A-Za-z0-9][A-Za-z0-9_.-]*/[0-9]+")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
PerBackbone = str | dict[str, str]


def _tags(value: Any) -> Any:
    """True, or tags of timm; one tag may be written without brackets."""
    given = [value] if isinstance(value, str) else value
    if isinstance(given, bool) or (isinstance(given, list | tuple) and given and all(isinstance(tag, str) for tag in given)):
        return given
    raise ValueError(f"{value!r} is neither true nor a list of timm's tags such as [augreg_in21k, fb_in22k]")


def _per_backbone(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value):
        return value
    if isinstance(value, dict) and value and all(isinstance(text, str) for pair in value.items() for text in pair):
        return value
    raise ValueError(f"{value!r} is neither text nor a mapping from backbones to text")


Text = Annotated[PerBackbone | None, BeforeValidator(_per_backbone)]


class Weights(Frozen):
    """Ready weights: a file of the weights folders, else those of timm, of the hub, or of MLflow's model registry.

    Attributes:
        file: NAME of BACKBONE.NAME.safetensors, .pt or .pth; of the last two only the tensors are ever read.
        timm: true for the weights timm takes by itself, or tags (`*` stands for anything): the first that the backbone has.
        hub, revision: owner/name on the Hugging Face hub and the commit. mlflow: models:/NAME/VERSION, of `cats publish`.
        sha256: what the file must have. hub, revision, mlflow and sha256 may be mappings from backbones.
        remap: regular expression → replacement, in this order, on every key; a key that becomes empty is left out.
        mean, std: of images in [0, 1], red, green, blue, or one number for grey. range: of the input, instead of mean and std.
        channels: the order that the backbone wants; grey: one channel, the mean of the three.

    Facts that are not declared come with the weights: from the file's metadata, or the configuration of timm or the hub.
    """

    file: str | None = None
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
                f"file '{self.file}' is no NAME of a file BACKBONE.NAME.safetensors; letters, digits and _ . - are allowed"
            )
        places = [name for name in ("timm", "hub", "mlflow") if getattr(self, name)]
        if len(places) > 1 or (self.file and self.mlflow):
            named = " and ".join([*(["file"] if self.file else []), *places])
            raise ValueError(f"{named} are given; they come from one place, only file may stand before timm or hub")
        if not (self.file or places):
            raise ValueError("weights need one of file, timm, hub, mlflow")
        if self.sha256 and self.timm:
            raise ValueError("timm's weights are pinned by their tag; sha256 goes with file, hub or mlflow")
        return self

    @model_validator(mode="after")
    def _pinned(self) -> "Weights":
        if self.revision and not self.hub:
            raise ValueError("revision is of a hub's repository, and hub is not given")
        for backbone, repository in _pairs(self.hub):
            commit = pick(self.revision, backbone)
            of = f"hub {repository}"
            if not REPOSITORY.fullmatch(repository):
                raise ValueError(f"hub '{repository}' is no repository; write owner/name")
            if commit is None:
                raise ValueError(f"{of} lacks its revision; give the commit, 40 hexadecimal digits, so that it stays the same")
            if not COMMIT.fullmatch(commit):
                raise ValueError(f"{of} has the revision '{commit}', which may move; give the commit, 40 hexadecimal digits")
        for _, model in _pairs(self.mlflow):
            if not MODEL.fullmatch(model):
                raise ValueError(f"mlflow '{model}' names no version; write models:/NAME/VERSION, for example models:/digits/1")
        for _, checksum in _pairs(self.sha256):
            if not SHA256.fullmatch(checksum):
                raise ValueError(f"sha256 '{checksum}' is none; it has 64 hexadecimal digits, in lower case")
        return self

    @model_validator(mode="after")
    def _input(self) -> "Weights":
        length = {1, 3} if self.channels == "grey" else {3}
        for name in ("mean", "std"):
            given = getattr(self, name)
            if given is not None and len(given) not in length:
                raise ValueError(f"{name} has {len(given)} numbers; {' or '.join(map(str, sorted(length)))} are allowed")
        if (self.mean is None) != (self.std is None):
            raise ValueError(f"{'std' if self.std is None else 'mean'} is missing; mean and std are given together")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be above 0")
        if self.range is not None and self.mean is not None:
            raise ValueError("range and mean are given; range [a, b] stands for a mean and std, give one of them")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range goes from {self.range[0]} to {self.range[1]}; it must rise")
        return self

    @field_validator("remap")
    @classmethod
    def _expressions(cls, given: dict[str, str]) -> dict[str, str]:
        for pattern, replacement in given.items():
            try:
                re.compile(pattern).sub(replacement, "")
            except (re.error, IndexError) as error:
                raise ValueError(f"'{pattern}' → '{replacement}' is no regular expression: {error}") from error
        return given

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def reading(self) -> dict[str, Any]:
        """The declared facts about how the tensors are used. They are part of the identity, unlike the place of the file."""
        names = ("remap", "mean", "std", "channels", "range")
        return {name: value for name, value in self.model_dump(mode="json", include=set(names)).items() if value}


def pick(value: PerBackbone | None, backbone: str) -> str | None:
    """The value for a backbone, or the one for all backbones."""
    return value.get(backbone) if isinstance(value, dict) else value


def _pairs(given: PerBackbone | None) -> list[tuple[str, str]]:
    return list(given.items()) if isinstance(given, dict) else [("", given)] if given else []


class Source(Frozen):
    """A data set to pretrain on, or ready weights, or nothing at all (scratch).

    Attributes:
        pretraining: fields of the recipe that differ from the recipe `pretraining`.
        start: the source that pretraining starts from.
        images, classes: how many ready weights have been trained on.
        seen: families or names of data sets whose images are behind it (ready weights, or several sets in one);
            of published weights, those that their registry names are added.
    """

    name: str
    title: str
    dataset: Dataset | None = None
    weights: Weights | None = None
    pretraining: dict[str, Any] = {}
    start: str = "scratch"
    licence: str = ""
    citation: str = ""
    images: int | None = None
    classes: int | None = None
    seen: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if self.dataset is not None and self.weights is not None:
            raise ValueError(f"{self.name} gives both a data set and weights; a source has one of them, or none (scratch)")
        return self

    @property
    def relatives(self) -> str:
        """The family of the images behind this source."""
        return self.dataset.relatives if self.dataset else self.name

    @property
    def published(self) -> list[str]:
        """The published weights (`models:/NAME/VERSION`) that this source names, for whichever backbone."""
        return [model for _, model in _pairs(self.weights.mlflow)] if self.weights is not None else []

    @property
    def kind(self) -> str:
        """What the source is: weights, pretraining or random."""
        return "weights" if self.weights else "pretraining" if self.dataset else "random"
