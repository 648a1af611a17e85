"""What judging measures as decisions finds: figures, one row for each measure, a verdict."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A statistic with its 95 % interval and its one-sided p-value against random order; None where none can be given."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Judged:
    """One measure, or one constant: rules that look at no image of the target.

    Attributes:
        mean, targets: statistic → figure, over the targets on which it is defined, and of each target.
        judged: on how many targets it chooses. reasons: target → why it does not, or which sources it says nothing of.
        lead: mean weighted tau minus that of the static mean rank on the same targets; its p is that of a paired permutation
            test over targets, so that few targets carry no lead, however large.
    """

    name: str
    constant: bool
    judged: int
    mean: dict[str, Figure]
    targets: dict[str, dict[str, Figure]]
    lead: Figure
    reasons: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """What `cats agree` shows. `notes` are sentences."""

    experiment: str
    metric: str
    targets: list[str]
    rows: list[Judged]
    verdict: str
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)
