"""Lists the candidates of a plan: which source gives a start to which backbone."""

from collections.abc import Mapping, Sequence

from benchmark.specs.source import Source
from results.board.candidates import Candidate
from results.error import CatsError


def brought(links: Sequence[Source]) -> str | None:
    """Return the backbone that a source brings, or else the first one that a source of its lineage brings; None without any."""
    return next((link.backbone for link in links if link.backbone is not None), None)


def sources_in(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Return the sources of candidates, each once."""
    return tuple(dict.fromkeys(source for source, _ in candidates))


def backbones_in(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Return the backbones of candidates, each once."""
    return tuple(dict.fromkeys(backbone for _, backbone in candidates))


def brought_by(sources: Mapping[str, Sequence[Source]]) -> dict[str, str | None]:
    """Return source → the backbone that it brings, None if it brings none. `sources`: name → its lineage."""
    return {name: brought(links) for name, links in sources.items()}


def listed(named: Sequence[Candidate], own: Mapping[str, str | None], backbones: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the candidates of a plan, backbone after backbone.

    Args:
        named: the candidates that the plan names; empty if it names sources.
        own: source → the backbone that its entry brings, None for a source that is combined with every backbone of the plan.
        backbones: the backbones that the plan names.

    Raises:
        CatsError: a source has no backbone, or no source uses the backbones.
    """
    if named:
        return tuple(named)
    without = [name for name, its in own.items() if its is None]
    if without and not backbones:
        names = ", ".join(without)
        which = f"source {names} brings no backbone of its own" if len(without) == 1 else f"sources {names} bring no backbones"
        raise CatsError(f"the key 'backbones' is missing: the {which}; write for example `backbones: [resnet50]`")
    if backbones and not without:
        first = next(iter(own))
        raise CatsError(
            f"`backbones` names {', '.join(backbones)}, but every source of the plan brings its own backbone; leave "
            f"`backbones` out, or name the pairs, such as `candidates: [[{first}, {backbones[0]}]]`"
        )
    every = dict.fromkeys([*backbones, *filter(None, own.values())])
    return tuple(
        Candidate(name, backbone)
        for backbone in every
        for name, its in own.items()
        if (backbone in backbones if its is None else backbone == its)
    )
