"""Networks: a timm backbone that carries its source's normalisation, and a new head for the target."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmark.operators import timm
from benchmark.source import Weights
from results.error import CatsError, nearest

log = logging.getLogger(__name__)
HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Trained:
    """Weights of a backbone and what its input must look like.

    Attributes:
        state: by timm's names; None leaves the random initialisation.
        mean, std: of images in [0, 1], red, green, blue.
        channels: rgb or bgr: the order in which the backbone wants them.
        arguments: for timm.create_model: padding, epsilon of batch norm.
    """

    state: Mapping[str, Tensor] | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF
    channels: str = "rgb"
    arguments: dict[str, Any] = field(default_factory=dict)


class Network(nn.Module):
    """Images (N, 3, H, W), float in [0, 1], RGB → logits (N, classes)."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: str, trained: Trained, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.backbone = build(backbone, trained)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(feature_count(self.backbone), classes)
        self.flipped = trained.channels == "bgr"
        self.register_buffer("mean", torch.tensor(trained.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(trained.std).view(1, 3, 1, 1), persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, D), what the head sees."""
        normal = (images - self.mean) / self.std
        return cast("Tensor", self.backbone(normal.flip(1) if self.flipped else normal))

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes)."""
        return cast("Tensor", self.head(self.dropout(self.features(images))))


def check_backbone(name: str) -> None:
    """Raises CatsError, with the nearest name, if timm has no such model."""
    if not timm.is_model(name):
        raise CatsError(f"timm has no backbone '{name}'{nearest(name.partition('.')[0], timm.list_models())}")


def build(name: str, trained: Trained) -> nn.Module:
    """A timm model without head, pooled, with the given weights. Raises CatsError if they do not fit."""
    check_backbone(name)
    try:
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **trained.arguments)
    except TypeError as error:
        raise CatsError(f"backbone {name} does not take {trained.arguments}: {error}") from error
    if trained.state is not None:
        model.load_state_dict(fitting(model, trained.state, name), strict=False)  # fitting() has been stricter
    return model


def feature_count(model: nn.Module) -> int:
    """Length D of the features that a headless timm model gives."""
    return int(getattr(model, "head_hidden_size", None) or model.num_features)  # type: ignore[arg-type]


def fitting(model: nn.Module, state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The weights without the source's head; raises CatsError naming every key that is missing, strange or misshapen.

    Exactly the head and batch norm's counters (`num_batches_tracked`) may differ.
    """
    heads = model.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr,operator]
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    body = {k: v for k, v in state.items() if not k.startswith(tuple(f"{h}." for h in heads))}
    wanted = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    given = {k: v for k, v in body.items() if not k.endswith("num_batches_tracked")}
    wrong = [f"missing {k}" for k in sorted(wanted.keys() - given.keys())]
    wrong += [f"unknown {k}" for k in sorted(given.keys() - wanted.keys())]
    wrong += [
        f"{k} is {tuple(given[k].shape)} instead of {tuple(wanted[k].shape)}"
        for k in sorted(wanted.keys() & given.keys())
        if given[k].shape != wanted[k].shape
    ]
    if wrong:
        raise CatsError(f"the weights do not fit {name}, {len(wrong)} keys differ: {', '.join(wrong)}")
    return body


def read_weights(path: Path, weights: Weights) -> Trained:
    """Weights and input description of a safetensors file. Raises CatsError if the file is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise CatsError(f"{path} is not a whole safetensors file: {error}") from error
    arguments: dict[str, Any] = {"pad_type": told["pad_type"]} if told.get("pad_type") else {}
    if told.get("bn_eps"):
        arguments["bn_eps"] = float(told["bn_eps"])
    return Trained(
        state,
        mean=weights.mean or _triple(told.get("mean")),
        std=weights.std or _triple(told.get("std")),
        channels=told.get("channels", weights.channels),
        arguments=arguments,
    )


def _triple(text: str | None) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",")) if text else HALF


def write_weights(path: Path, network: Network, trained: Trained, notes: dict[str, str]) -> None:
    """Store a pretrained backbone so that read_weights() gives it back. Atomic: the file is whole or absent."""
    told = {
        "mean": ",".join(map(str, trained.mean)),
        "std": ",".join(map(str, trained.std)),
        "channels": trained.channels,
    }
    told |= {name: str(value) for name, value in trained.arguments.items()}
    state = {k: v.detach().cpu().contiguous() for k, v in network.backbone.state_dict().items()}
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(state, draft, {**notes, **told})
        draft.replace(path)
    except (OSError, SafetensorError) as error:
        draft.unlink(missing_ok=True)
        raise CatsError(f"cannot keep pretrained weights in {path.parent}: {error}") from error


def timm_tag(backbone: str, tag: str | None) -> str:
    """timm's full name of pretrained weights, architecture and tag. Raises CatsError if timm has none."""
    check_backbone(backbone)
    name = f"{backbone}.{tag}" if tag else backbone
    known = timm.list_models(f"{backbone.partition('.')[0]}*", pretrained=True)
    described = timm.models.get_pretrained_cfg(name, allow_unregistered=False)
    if described is None or not described.has_weights:
        raise CatsError(f"timm has no pretrained weights '{name}'{nearest(name, known)}")
    return f"{described.architecture}.{described.tag}" if described.tag else str(described.architecture)


def timm_weights(full_name: str) -> Trained:
    """timm's pretrained weights, fetched from their hub or found in its cache. Raises CatsError if they cannot be had."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells every retry, twice
    log.info("fetching %s", full_name)
    try:
        model = timm.create_model(full_name, pretrained=True)
    except Exception as error:  # the hub's client raises errors of many libraries
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CatsError(
            f"timm's weights {full_name} could not be fetched ({reason}); fetch them once where there is a network, or put "
            f"a file BACKBONE.SOURCE.safetensors into the folder CATS_WEIGHTS"
        ) from error
    described: dict[str, Any] = model.pretrained_cfg  # type: ignore[assignment]
    return Trained(model.state_dict(), tuple(described["mean"]), tuple(described["std"]))
