"""Names of timm backbones and tags."""

import difflib
import fnmatch
from collections.abc import Sequence

from benchmark.machine.timm_import import timm
from results.error import CatsError, nearest

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


def check_backbone(name: str) -> None:
    """Raises CatsError, with the nearest name, if timm has no such model."""
    if not timm.is_model(name):
        raise CatsError(f"timm has no backbone '{name}'{nearest(name.partition('.')[0], timm.list_models())}")
