"""Models of timm with the arguments that weights set, and with weights whose positions timm interpolates to another size."""

import warnings
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmark.machine.timm_import import timm
from benchmark.networks.conv_stem import ConvStem
from benchmark.networks.matching import COUNTER
from benchmark.networks.shapes import shapes_only
from benchmark.networks.strided import step_first
from benchmark.specs.arguments import OURS
from results.error import CatsError, first_line


def timm_model(name: str, arguments: Mapping[str, Any], channels: int = 3, **options: Any) -> nn.Module:
    """A headless timm model with random weights. Raises CatsError if the model does not take the arguments.

    `arguments`: those of benchmark.specs.arguments; names of layers become classes here, and those of ours are left out.
    `options`: of timm.create_model, from this program alone.
    """
    layers: Any = timm.layers
    classes: dict[str, dict[str, Any]] = {
        "mlp_layer": {
            "Mlp": layers.Mlp, "GluMlp": layers.GluMlp, "SwiGLU": layers.SwiGLU, "SwiGLUPacked": layers.SwiGLUPacked,
        },
        "embed_layer": {"PatchEmbed": layers.PatchEmbed, "ConvStem": ConvStem},
        "act_layer": {
            "silu": nn.SiLU, "gelu": nn.GELU, "gelu_tanh": layers.GELUTanh, "quick_gelu": layers.QuickGELU, "relu": nn.ReLU,
        },
    }  # fmt: skip
    theirs = {key: value for key, value in arguments.items() if key not in OURS}
    built = {key: classes[key][value] if key in classes else value for key, value in theirs.items()}
    inputs: dict[str, Any] = {"in_chans": channels} if channels != 3 else {}
    try:
        model: nn.Module = timm.create_model(name, num_classes=0, **built, **inputs, **options)
    except TypeError as error:
        raise CatsError(f"backbone {name} does not take {theirs}: {first_line(error)}") from error
    except (AssertionError, ValueError, ArithmeticError) as error:
        if not theirs:
            raise
        raise CatsError(f"backbone {name} cannot be built with {theirs}: {first_line(error)}") from error
    step_first(model)
    return model


def resized_model(name: str, arguments: Mapping[str, Any], channels: int, state: Mapping[str, Tensor]) -> nn.Module | None:
    """A model with weights that were made for images of another size; positions and windows are interpolated as timm does.

    `arguments`: with `img_size` as the new size. `state`: weights without a head, which fit the model at their own size.
    Returns None if timm interpolates nothing of that kind for this model.
    """
    given = dict(state)
    with shapes_only():  # only shapes are needed, and an encoder takes gigabytes
        plain = timm_model(name, arguments, channels)
    counters = {key: value for key, value in plain.state_dict().items() if key.endswith(COUNTER) and key not in given}
    given |= {key: torch.zeros(value.shape, dtype=value.dtype) for key, value in counters.items()}
    for attempt in (given, given | _interpolated(given, plain)):
        model = _with_weights(name, arguments, channels, attempt)
        if model is not None:
            return model
    return None


def _with_weights(name: str, arguments: Mapping[str, Any], channels: int, state: Mapping[str, Tensor]) -> nn.Module | None:
    """A model that timm has given these weights; None if timm cannot."""
    overlay = {"state_dict": state}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch would copy less if timm laid out the grid of BEiT's tables otherwise
            model = timm_model(name, arguments, channels, pretrained=True, pretrained_cfg_overlay=overlay)
    except Exception:  # noqa: BLE001 - converters of timm raise any error for a shape that does not fit
        return None
    model.pretrained_cfg.pop("state_dict")  # type: ignore[union-attr,operator] # else the model keeps a copy of its weights
    return model


def _interpolated(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The positions of a model that timm interpolates for other transformers only, such as CaiT; empty if there are none."""
    old, new, embed = state.get("pos_embed"), getattr(model, "pos_embed", None), getattr(model, "patch_embed", None)
    grid = getattr(embed, "grid_size", None)
    if old is None or not isinstance(new, Tensor) or not grid or old.ndim != 3 or new.ndim != 3:
        return {}
    prefix, layers = new.shape[1] - grid[0] * grid[1], cast("Any", timm.layers)
    return {"pos_embed": layers.resample_abs_pos_embed(old, list(grid), num_prefix_tokens=prefix)}


def own_size(model: nn.Module, arguments: Mapping[str, Any]) -> int:
    """The size of the images for which a model was built with these arguments, in pixels."""
    return int(arguments.get("img_size") or model.pretrained_cfg["input_size"][-1])  # type: ignore[index]
