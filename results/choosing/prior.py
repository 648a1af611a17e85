"""What runs of other targets say: validation loss, test score and cost of each target, source and setting, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

FIGURES = ("val_loss", "score", "kwh", "hours")
ONLY = "default"  # the name of the one setting of sources that have no other


@dataclass(frozen=True)
class Setting:
    """One setting of a training that can be tried with every source.

    Attributes:
        name: such as "lr=0.01,momentum=0.9,weight_decay=0": the values in the order of the columns.
        values: column → value as text, as runs of MLflow hold it, such as {"lr": "0.01", "momentum": "0.9"}.
    """

    name: str
    values: Mapping[str, str]

    @staticmethod
    def of(values: Mapping[str, str]) -> "Setting":
        """The setting of these values, named after them; ONLY without any."""
        return Setting(",".join(f"{column}={value}" for column, value in values.items()) or ONLY, dict(values))


@dataclass(frozen=True, eq=False)
class Prior:
    """Runs of several targets. What is not known is NaN, and a pair that must not count (a leak, a source of itself) is NaN.

    Attributes:
        targets, sources: names, in the order of the arrays.
        settings: in the order of the arrays.
        val_loss: mean over seeds, (targets, sources, settings).
        score: of the test images, higher is better, mean over seeds, (targets, sources, settings).
        kwh, hours: of one run, mean over seeds, (targets, sources, settings).
        family: target → its family; a target that is not named belongs to the family that has the name of its data set.
        metric: name of the metric behind `score`; "" for an empty prior.
        origin: sentences: which experiments or tables the runs are from, with licence and commit where these are known.
        apart: pairs (source, target) that share images, so that their runs are left out although they may have been made.
    """

    targets: tuple[str, ...]
    sources: tuple[str, ...]
    settings: tuple[Setting, ...]
    val_loss: np.ndarray
    score: np.ndarray
    kwh: np.ndarray
    hours: np.ndarray
    family: Mapping[str, str] = field(default_factory=dict)
    metric: str = ""
    origin: tuple[str, ...] = ()
    apart: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def empty() -> "Prior":
        """A prior that says nothing."""
        nothing = np.empty((0, 0, 0))
        return Prior((), (), (), nothing, nothing, nothing, nothing)

    def family_of(self, target: str) -> str:
        """The family of a target: the declared one, else that of its data set, else the name of the data set."""
        return self.family.get(target) or self.family.get(data_set_of(target)) or data_set_of(target)

    def families(self) -> int:
        """How many families of targets there are."""
        return len({self.family_of(name) for name in self.targets})

    def relatives(self, target: str, family: str | None = None) -> frozenset[str]:
        """The targets of the prior that must not speak for `target`: its data set with any options, and those of its family."""
        own = {data_set_of(target), self.family_of(target)} | ({family} if family else set())
        return frozenset(
            name for name in self.targets if data_set_of(name) == data_set_of(target) or self.family_of(name) in own
        )

    def without(self, target: str, family: str | None = None) -> "Prior":
        """The prior without the rows of `target` and of its family; `family` for a target that the prior does not hold."""
        left = self.relatives(target, family)
        return self.of_targets([name not in left for name in self.targets])

    def of_targets(self, kept: "list[bool] | np.ndarray") -> "Prior":
        """The prior of some targets; `kept` is a mask over the targets."""
        mask = np.asarray(kept, dtype=bool)
        names = tuple(name for name, keep in zip(self.targets, mask, strict=True) if keep)
        arrays = {name: getattr(self, name)[mask] for name in FIGURES}
        return replace(self, targets=names, **arrays)

    def of_sources(self, kept: "list[bool] | np.ndarray") -> "Prior":
        """The prior of some sources; `kept` is a mask over the sources."""
        mask = np.asarray(kept, dtype=bool)
        names = tuple(name for name, keep in zip(self.sources, mask, strict=True) if keep)
        arrays = {name: getattr(self, name)[:, mask] for name in FIGURES}
        return replace(self, sources=names, **arrays)

    def portable(self) -> "Prior":
        """The prior without columns whose values are places among the values of one target, which mean nothing on another.

        Settings that are equal in all other columns become one setting with the mean of their figures.
        """
        placed = {name for setting in self.settings for name, value in setting.values.items() if value.startswith("#")}
        if not placed:
            return self
        plain = [Setting.of({k: v for k, v in setting.values.items() if k not in placed}) for setting in self.settings]
        kept = {setting.name: setting for setting in plain}
        names = list(kept)
        groups = np.array([names.index(setting.name) for setting in plain], dtype=int)
        arrays: dict[str, Any] = {name: averaged(getattr(self, name), groups) for name in FIGURES}
        return replace(self, settings=tuple(kept.values()), **arrays)


def data_set_of(target: str) -> str:
    """The name of a target without its options: breastmnist[size=64] holds images of breastmnist."""
    return target.split("[", maxsplit=1)[0]


def known_mean(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Mean of the finite values along axes; NaN where none is finite."""
    known = np.isfinite(values)
    number = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0))


def averaged(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Mean over the known settings of each group, (..., settings) to (..., groups); NaN where none is known."""
    count = int(groups.max(initial=-1)) + 1
    member = (groups[:, None] == np.arange(count)).astype(float)
    known = np.isfinite(values)
    total, number = np.where(known, values, 0.0) @ member, known @ member
    return np.asarray(np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0))
