"""Looks up the names of backbones and of pretrained weights in timm."""

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from benchmark.machine.timm_import import timm
from benchmark.specs import catalogue
from results.error import CatsError, nearest

MAX_SHOWN = 12  # backbones that the sentence about a missing tag names


def timm_tag(backbone: str, tags: Sequence[str] = ()) -> str:
    """Return timm's full name of the pretrained weights of a backbone.

    Without `tags` these are the weights that timm takes by default, else those of the first tag that the backbone has; in a tag
    `*` stands for any text. Raises CatsError if timm has no such weights; the sentence names backbones that have some.
    """
    check_backbone(backbone)
    architecture = backbone.partition(".")[0]
    if not tags:
        names = timm.list_models(f"{architecture}*", pretrained=True)
        config = timm.models.get_pretrained_cfg(backbone, allow_unregistered=False)
        if config is None or not config.has_weights:
            raise CatsError(f"timm has no pretrained weights '{backbone}'{nearest(backbone, names) if names else ''}")
        return f"{config.architecture}.{config.tag}" if config.tag else str(config.architecture)
    for wanted in tags:
        for name in timm.list_pretrained(f"{architecture}.*"):
            if fnmatch.fnmatchcase(name.partition(".")[2], wanted):
                return str(name)
    others = _backbones_with(tags)
    shown = difflib.get_close_matches(architecture, others, n=MAX_SHOWN, cutoff=0)
    more = f" and {len(others) - MAX_SHOWN} more" if len(others) > MAX_SHOWN else ""
    raise CatsError(
        f"timm has no weights for {architecture} with the tag {' or '.join(tags)}; "
        + (f"timm has such weights for {', '.join(shown)}{more}" if others else "no backbone has weights with that tag")
    )


def _backbones_with(tags: Sequence[str]) -> list[str]:
    parts = [name.partition(".") for name in timm.list_pretrained()]
    return sorted({name for name, _, tag in parts if any(fnmatch.fnmatchcase(tag, wanted) for wanted in tags)})


def check_backbones(names: Iterable[str], own: Mapping[str, str | None]) -> None:
    """Raises CatsError if timm has no such model as one of the names, or as one that a source brings.

    `own`: source → the backbone that it brings, None if it brings none.
    """
    for source, brought in own.items():
        try:
            if brought is not None:
                check_backbone(brought)
        except CatsError as error:
            raise CatsError(f"the backbone of the source {source}: {error}") from None
    for name in names:
        check_backbone(name)


def check_backbone(name: str) -> None:
    """Raises CatsError, with the nearest name, if timm has no such model."""
    if not timm.is_model(name):
        hint = catalogue.belongs_elsewhere(name, "backbones") or nearest(name.partition(".")[0], timm.list_models())
        raise CatsError(f"timm has no backbone '{name}'{hint}")
