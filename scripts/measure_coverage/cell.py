"""Samples of one measure in one setting: scored, kept in a file so that a stopped call goes on, and judged."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from measure_coverage.settings import Setting

from benchmark.core.seed import generator
from benchmark.measures.code_digest import code_digest
from benchmark.measures.resampling import bootstrap_rows
from benchmark.specs.measure import Draws, Measure
from results.files.atomic import atomic_write

DRAWS = 50  # resamples behind each interval, as by default
KEPT_EVERY = 20.0  # seconds


@dataclass
class Cell:
    """What a measure said of the samples of a setting, in their order; NaN where it said nothing.

    Attributes:
        code: digest of the measure's code. values, low, high: one for each sample. reasons: why there was no value or no
            interval, and how often. seconds: of work.
    """

    code: str
    values: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def load(path: Path) -> Cell | None:
    """The cell in a file, if there is one."""
    return Cell(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def simulated(path: Path, measure: Measure, key: str, setting: Setting, replications: int) -> Cell:
    """Score samples until there are enough; those in the file count if the measure's code is the same."""
    code = code_digest(measure)
    cell = load(path)
    if cell is None or cell.code != code:
        cell = Cell(code)
    kept = time.perf_counter()
    for number in range(len(cell.values), replications):
        inputs, begun = setting.sample(generator("coverage", key, number)), time.process_time()
        draw = generator("coverage draws", key, number)
        target = bootstrap_rows(inputs["labels"], DRAWS, "held", draw)
        draws = Draws(target, bootstrap_rows(inputs["source_labels"], DRAWS, "held", draw))
        score = measure.score({need: inputs[need] for need in measure.needs}, draws)
        cell.values.append(score.value)
        cell.low.append(np.nan if score.low is None else score.low)
        cell.high.append(np.nan if score.high is None else score.high)
        if score.low is None:
            reason = Counter({score.reason or "": 1})
            cell.reasons = dict(Counter(cell.reasons) + reason)
        cell.seconds += time.process_time() - begun
        if time.perf_counter() - kept > KEPT_EVERY or number == replications - 1:
            with atomic_write(path, "the samples of a measure", durable=False) as draft:
                draft.write_text(json.dumps(asdict(cell)), encoding="utf-8")
            kept = time.perf_counter()
    return cell


def judged(cell: Cell, taken: float) -> tuple[float, float] | None:
    """The share of intervals that hold the mean over all samples, and their standard error over the spread of the samples.

    A sample that takes the share `taken` of a finite population is nearer to the population than a sample of all images there
    could be: distances from the mean are divided by √(1 - taken). None if less than half of the samples have an interval.
    """
    values, low, high = (np.array(part) for part in (cell.values, cell.low, cell.high))
    known = np.isfinite(low)
    if not len(values) or known.mean() < 0.5:
        return None
    far = (values - values[np.isfinite(values)].mean()) / np.sqrt(1 - taken)
    truth = (values - far)[known]
    rounding = 1e-9 * np.abs(truth).max()
    inside = (low[known] <= truth + rounding) & (truth - rounding <= high[known])
    spread = far[known].std(ddof=1)
    shown = ((high - low)[known] / 2 / 1.96).mean()
    return float(inside.mean()), float(shown / spread) if spread > rounding else float("nan")
