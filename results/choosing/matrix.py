"""The runs of one experiment as arrays, with their seeds: what a replay plays back, and what becomes the prior of a choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from results.choosing.prior import FIGURES, Prior, Setting, known_mean


@dataclass(frozen=True, eq=False)
class Matrix:
    """Runs by target, source, setting and seed; NaN where a figure is not known.

    Attributes:
        made: whether there is a run, also a failed one; (targets, sources, settings, seeds).
        val_loss, score: of finished runs; score is of the test images, higher is better. Same shape.
        kwh, hours: of each run. Same shape.
        family: target → family, for targets that have relatives.
        notes: sentences about what was read and what was left out.
        origin: which experiment or table the runs are from.
        apart: pairs (source, target) that share images; their runs are left out.
    """

    targets: tuple[str, ...]
    sources: tuple[str, ...]
    settings: tuple[Setting, ...]
    made: np.ndarray
    val_loss: np.ndarray
    score: np.ndarray
    kwh: np.ndarray
    hours: np.ndarray
    metric: str
    family: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    apart: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def of(prior: Prior) -> "Matrix":
        """The runs of a prior, each as one run of one seed."""
        figures = {name: getattr(prior, name)[..., None] for name in FIGURES}
        made = np.isfinite(figures["score"]) & np.isfinite(figures["val_loss"])
        return Matrix(
            prior.targets, prior.sources, prior.settings, made, **figures, metric=prior.metric, family=prior.family,
            origin=prior.origin, apart=prior.apart,
        )  # fmt: skip

    def prior(self) -> Prior:
        """The mean over the seeds of each target, source and setting."""
        figures = {name: known_mean(getattr(self, name), -1) for name in FIGURES}
        return Prior(
            self.targets, self.sources, self.settings, **figures, family=self.family, metric=self.metric, origin=self.origin,
            apart=self.apart,
        )  # fmt: skip

    def of_sources(self, kept: Sequence[bool]) -> "Matrix":
        """The runs of some sources; `kept` is a mask over the sources."""
        mask = np.asarray(kept, dtype=bool)
        arrays = {name: getattr(self, name)[:, mask] for name in ("made", *FIGURES)}
        return replace(self, sources=tuple(s for s, keep in zip(self.sources, kept, strict=True) if keep), **arrays)

    def of_targets(self, kept: Sequence[bool]) -> "Matrix":
        """The runs of some targets; `kept` is a mask over the targets."""
        mask = np.asarray(kept, dtype=bool)
        arrays = {name: getattr(self, name)[mask] for name in ("made", *FIGURES)}
        return replace(self, targets=tuple(t for t, keep in zip(self.targets, kept, strict=True) if keep), **arrays)
