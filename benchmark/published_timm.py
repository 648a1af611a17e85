"""timm's own pretrained weights: which a backbone has, and what they are."""

import difflib
import fnmatch
import logging
from collections.abc import Sequence
from typing import Any

from benchmark.network import Trained, check_backbone
from benchmark.operators import timm
from results.error import CatsError, nearest

log = logging.getLogger(__name__)
SHOWN = 12  # backbones in the sentence about a missing tag


def timm_tag(backbone: str, tags: Sequence[str] = ()) -> str:
    """timm's full name of pretrained weights: its own choice, or the first of `tags` (`*` is anything) that the backbone has.

    Raises CatsError, naming backbones that have such weights, if this one has none.
    """
    check_backbone(backbone)
    architecture = backbone.partition(".")[0]
    if not tags:
        known = timm.list_models(f"{architecture}*", pretrained=True)
        described = timm.models.get_pretrained_cfg(backbone, allow_unregistered=False)
        if described is None or not described.has_weights:
            raise CatsError(f"timm has no pretrained weights '{backbone}'{nearest(backbone, known)}")
        return f"{described.architecture}.{described.tag}" if described.tag else str(described.architecture)
    for wanted in tags:
        for name in timm.list_pretrained(f"{architecture}.*"):
            if fnmatch.fnmatchcase(name.partition(".")[2], wanted):
                return str(name)
    others = _backbones_with(tags)
    shown = difflib.get_close_matches(architecture, others, n=SHOWN, cutoff=0)
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    raise CatsError(
        f"timm has no weights of {architecture} with the tag {' or '.join(tags)}; "
        + (f"it has some of {', '.join(shown)}{more}" if others else "no backbone has such a tag")
    )


def _backbones_with(tags: Sequence[str]) -> list[str]:
    parts = [name.partition(".") for name in timm.list_pretrained()]
    return sorted({name for name, _, tag in parts if any(fnmatch.fnmatchcase(tag, wanted) for wanted in tags)})


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
