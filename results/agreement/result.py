"""The result of judging measures as decisions: statistics, one row for each measure, and a verdict."""

from dataclasses import asdict, dataclass
from typing import Any

SHARE = 0.75  # of the sources that a measure has to order to be ranked


@dataclass(frozen=True)
class Statistic:
    """A statistic of agreement; None for each part that cannot be given.

    Attributes:
        low, high: 95 % interval.
        p: one-sided, against random order; p_holm: corrected for the number of measures.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class JudgedMeasure:
    """One measure, or one constant. Constants are ways of choosing that look at no image of the target.

    Attributes:
        mean: name of a statistic → its mean over the targets on which it is defined.
        targets: target → name of a statistic → its value on this target.
        judged: on how many targets the measure chooses a source.
        reasons: target → why it chooses none there, or which sources it gives no score to.
        lead: mean weighted tau minus that of the static mean rank on the same targets. Its p is that of a paired permutation
            test over targets, so that few targets show no lead, however large it is.
        gain: mean top-1 regret of always choosing imagenet minus that of the measure on the same targets, with the p of
            the same test; nothing where no target has imagenet as a source.
        coverage: the share of the sources of all targets that it orders. ranked: whether that is enough, see SHARE; constants
            are ranked. A measure that orders two sources of four easily agrees by chance, and knows nothing of the rest.
    """

    name: str
    constant: bool
    judged: int
    mean: dict[str, Statistic]
    targets: dict[str, dict[str, Statistic]]
    lead: Statistic
    reasons: dict[str, str]
    coverage: float = 1.0
    ranked: bool = True
    gain: Statistic = Statistic(None)

    @property
    def over_targets(self) -> dict[str, Statistic]:
        """Name of a figure over all targets → its value: the means, the lead and the gain."""
        return {**self.mean, "lead": self.lead, "gain": self.gain}


@dataclass(frozen=True)
class Agreement:
    """What `cats agree` shows: ranked measures, then constants, then measures that are not ranked. `notes` are sentences."""

    experiment: str
    metric: str
    targets: list[str]
    rows: list[JudgedMeasure]
    verdict: str
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)
