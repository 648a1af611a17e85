"""How `cats run --adaptive` was asked to decide; every run that was made so says it."""

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from results.board.rules import RULES
from results.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

TAG = "adaptive"  # the fact of a record that holds the terms


@dataclass(frozen=True)
class Terms:
    """How `cats run --adaptive` was asked to decide.

    Attributes:
        level, margin: see results.statistics.sequential.Design.
        metric, rule: of the plan; by them the figure of each source and seed is found, whatever a board shows.
    """

    level: float
    margin: float
    metric: str
    rule: str

    @property
    def sound(self) -> bool:
        """Whether the values are such as `cats run` accepts."""
        return 0 < self.level < 1 and 0 <= self.margin < math.inf and self.metric in METRICS and self.rule in RULES

    def __str__(self) -> str:
        """The text of the fact TAG."""
        return json.dumps(asdict(self))


def terms_of(cells: "pd.DataFrame") -> Terms | None:
    """The terms of the newest run that was made under any; None if there is none or its text cannot be read."""
    if TAG not in cells:
        return None
    texts = cells.sort_values("started")[TAG].dropna()
    if not len(texts):
        return None
    try:
        terms = Terms(**json.loads(texts.iloc[-1]))
        sound = terms.sound
    except (ValueError, TypeError):  # edited by hand
        return None
    return terms if sound else None
