"""The runs of an experiment as priors: one for each backbone, protocol and optimiser, each with its kind in words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pandas as pd

from benchmark.specs.family import declared_families
from benchmark.specs.recipe import Recipe
from results.board.candidates import labels
from results.board.request import RunQuery
from results.choosing.prior import Prior, Setting
from results.choosing.reading import matrix_of
from results.error import CatsError

KINDS = ("protocol", "optimiser", "backbone")
NONE_BROUGHT: Mapping[str, str] = MappingProxyType({})


def priors_of(
    frame: pd.DataFrame,
    query: RunQuery,
    recipe: Recipe | None = None,
    backbone: str | None = None,
    own: Mapping[str, str] = NONE_BROUGHT,
) -> list[Prior]:
    """The runs of an experiment, those of the recipe's protocol and optimiser first.

    A source that was run alike on several backbones is a row for each. One of them has the name of the source: that on which
    the choice tries the source, or else the first. The others have the names of the candidates.

    Settings of another protocol or optimiser have both in their names, so that they mean none of the recipe's settings; what
    such runs say about sources counts.

    Args:
        frame: all runs, see Experiment.frame.
        query: which runs count, and the metric of the test images.
        recipe: of the choice; None where no setting is to be compared with it.
        backbone: of the choice; None where it is not known.
        own: source → the backbone on which the choice tries it instead.

    Raises:
        CatsError: no run can count; see matrix_of.
    """
    cells = frame["kind"] == "cell" if len(frame) else pd.Series(dtype=bool)
    columns = [name for name in KINDS if name in frame]
    texts = frame.reindex(columns=columns).fillna("").astype(str)
    kinds = sorted(set(texts[cells].itertuples(index=False, name=None))) if len(frame) else []
    family = declared_families(sorted(set(frame.loc[cells, "target"].dropna().astype(str)))) if len(frame) else {}
    frame = _with_candidates(frame, cells, backbone, own)
    found, refused = [], None
    for kind in kinds or [()]:
        part = frame[~cells | (texts == list(kind)).all(axis=1)] if kind else frame
        try:
            prior = matrix_of(part, query, family).prior().portable()
        except CatsError as error:
            refused = refused or error
            continue
        named = dict(zip(columns, kind, strict=True)) if kind else {}
        found.append((_differs(named, recipe), _marked(prior, named, recipe)))
    if not found and refused is not None:
        raise refused
    return [prior for _, prior in sorted(found, key=lambda each: each[0])]


def _with_candidates(frame: pd.DataFrame, cells: pd.Series, backbone: str | None, brought: Mapping[str, str]) -> pd.DataFrame:
    """The runs, of which those of one source on several backbones, run alike, are named by their candidates but for one."""
    if not {"source", "backbone"} <= set(frame) or frame.loc[cells, "backbone"].nunique() < 2:
        return frame
    alike = [frame[name].astype(str) for name in ("source", "protocol", "optimiser") if name in frame]
    held = frame[cells].groupby(alike)["backbone"]
    names = frame["source"].copy()
    for (source, *_), own in held:
        backbones, tried = sorted(set(own.dropna())), brought.get(str(source), backbone)
        plain = tried if tried in backbones else backbones[0] if backbones else None
        others = own[own.notna() & (own != plain)].index
        names[others] = labels(frame.loc[others], several=True)
    return frame.assign(source=names)


def _differs(kind: dict[str, str], recipe: Recipe | None) -> bool:
    """Whether the protocol or the optimiser is known and another one than that of the recipe."""
    if recipe is None:
        return False
    own = {"protocol": recipe.protocol, "optimiser": recipe.optimiser}
    return any(kind.get(name) not in {None, "", "None", value} for name, value in own.items())


def _marked(prior: Prior, kind: dict[str, str], recipe: Recipe | None) -> Prior:
    """The prior with its kind in the sentence of its origin, and in its settings where these are of another kind."""
    known = {name: value for name, value in kind.items() if value not in {"", "None"}}
    words = f" ({', '.join(_ordered(known))})" if known else ""
    origin = tuple(f"{sentence}{words}" for sentence in prior.origin)
    if not _differs(kind, recipe):
        return replace(prior, origin=origin)
    how: dict[str, str] = {name: known[name] for name in ("protocol", "optimiser") if name in known}
    settings = tuple(Setting.of({**how, **setting.values}) for setting in prior.settings)
    return replace(prior, origin=origin, settings=settings)


def _ordered(known: dict[str, str]) -> Sequence[str]:
    return [known[name] for name in ("backbone", "protocol", "optimiser") if name in known]
