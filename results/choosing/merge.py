"""Several priors as one: public runs and the experiments of a server, each with its own targets, sources and settings."""

from collections.abc import Sequence

import numpy as np

from results.choosing.prior import FIGURES, Prior
from results.error import CatsError


def merged(priors: Sequence[Prior]) -> Prior:
    """One prior with the runs of all; what none of them holds is NaN.

    A target has one row, however many priors hold it, so that no target counts twice: of a source with a setting there, the
    first prior that knows both the validation loss and the test score counts. A pair that any prior keeps apart is left out.

    Raises:
        CatsError: the test scores of two priors are of different metrics.
    """
    held = [prior for prior in priors if prior.targets]
    metrics = list(dict.fromkeys(prior.metric for prior in held))
    if len(metrics) > 1:
        raise CatsError(
            f"runs of other targets are judged by different metrics, {' and '.join(metrics)}, and cannot be one prior; "
            "name those of one metric"
        )
    if len(held) < 2:
        return held[0] if held else Prior.empty()
    targets = list(dict.fromkeys(name for prior in held for name in prior.targets))
    sources = list(dict.fromkeys(name for prior in held for name in prior.sources))
    settings = {setting.name: setting for prior in reversed(held) for setting in prior.settings}
    names = list(dict.fromkeys(setting.name for prior in held for setting in prior.settings))
    arrays = {name: np.full((len(targets), len(sources), len(names)), np.nan) for name in FIGURES}
    for prior in reversed(held):
        at = np.ix_(
            [targets.index(name) for name in prior.targets],
            [sources.index(name) for name in prior.sources],
            [names.index(setting.name) for setting in prior.settings],
        )
        whole = np.isfinite(prior.score) & np.isfinite(prior.val_loss)
        for name, array in arrays.items():
            array[at] = np.where(whole, getattr(prior, name), array[at])
    apart = frozenset[tuple[str, str]]().union(*(prior.apart for prior in held))
    for source, target in apart:
        if source in sources and target in targets:
            for array in arrays.values():
                array[targets.index(target), sources.index(source)] = np.nan
    family = {target: own for prior in reversed(held) for target, own in prior.family.items()}
    origin = tuple(dict.fromkeys(sentence for prior in held for sentence in prior.origin))
    return Prior(
        tuple(targets), tuple(sources), tuple(settings[name] for name in names), **arrays, family=family, metric=metrics[0],
        origin=origin, apart=apart,
    )  # fmt: skip
