"""Scores of measures read from MLflow: one table for each target and backbone, measures down, sources across."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from results.board.candidates import Candidate, across
from results.error import CatsError
from results.record import metric_name
from results.text.plain import plain
from results.text.printing import csv_text, markdown_notes, markdown_section, terminal_notes, terminal_table
from results.tracking.cost_columns import unpacked

PREFIX = "measure_"
SIZE = "source_size"  # the measure of similarity/source_size.py, whose scores imported runs bring along
WORDS = frozenset({"measure"})


@dataclass(frozen=True)
class PairScore:
    """The score of one pair by one measure.

    Attributes:
        value: None if the measure gives no score.
        low, high: 95 % interval; None where there is none.
        seconds: how long the measure took.
        reason: why there is no score, or no interval.
    """

    target: str
    source: str
    backbone: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    seconds: float | None
    reason: str | None

    @property
    def error(self) -> float:
        """The standard error, from the interval; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2 / 1.96


def read_scores(frame: pd.DataFrame, experiment: str) -> list[PairScore]:
    """The newest score of each pair by each measure. `frame`: see results.tracking.experiment.Experiment.frame.

    Raises CatsError if there are none.
    """
    scored = frame[(frame["kind"] == "score") & (frame["status"] == "FINISHED")] if len(frame) else frame
    if not len(scored):
        raise CatsError(f"experiment '{experiment}' holds no scores of measures; make some with `cats score`")
    rows: dict[tuple[str, str, str, str], PairScore] = {}
    scored = scored.assign(reasons=unpacked(scored["reasons"]))
    for run in scored.sort_values("started", kind="stable").to_dict("records"):
        for name in run["measures"].split(";"):
            value, low, high = (_number(run.get(metric_name(f"{PREFIX}{name}{end}"))) for end in ("", "_low", "_high"))
            seconds, reason = _number(run.get(metric_name(f"seconds_{PREFIX}{name}"))), run["reasons"].get(name)
            row = PairScore(run["target"], run["source"], run["backbone"], name, value, low, high, seconds, reason)
            rows.pop((row.target, row.source, row.backbone, name), None)  # the order is that of the newest
            rows[row.target, row.source, row.backbone, name] = row
    return [*rows.values(), *_imported_sizes(frame, list(rows.values()))]


def _imported_sizes(frame: pd.DataFrame, rows: Sequence[PairScore]) -> Iterator[PairScore]:
    """The sizes of the sources of imported runs, on targets with scores, where no run has scored the size."""
    if "source_images" not in frame:
        return
    scored = {(row.target, row.backbone) for row in rows}
    known = {(row.target, row.source, row.backbone) for row in rows if row.measure == SIZE}
    cells = frame[(frame["kind"] == "cell") & frame["source_images"].notna()].sort_values("started", kind="stable")
    pairs = cells.drop_duplicates(["target", "source", "backbone"], keep="last")
    for target, source, backbone, images in pairs[["target", "source", "backbone", "source_images"]].itertuples(index=False):
        if (target, backbone) in scored and (target, source, backbone) not in known:
            yield PairScore(target, source, backbone, SIZE, math.log1p(int(images)), None, None, None, None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, float | int) and math.isfinite(value) else None


@dataclass(frozen=True)
class ScoresText:
    """Scores in the four forms of results.text.printing.Printable. `advice`: sentences about which of them to look at."""

    rows: list[PairScore]
    advice: Sequence[str] = ()

    @property
    def sentences(self) -> Sequence[str]:
        """Which of the scores to look at."""
        return self.advice

    def table(self) -> RenderableType:
        """For the terminal."""
        parts = list[RenderableType]()
        for title, (head, lines) in score_grids(self.rows).items():
            parts += [terminal_table(title, head, lines, WORDS), Text("")]
        parts += [Text(f"– {plain(reason)}") for reason in score_reasons(self.rows)]
        parts.append(Text("value and half of its 95 % interval over images; higher is better, and only inside one line"))
        return Group(*parts, *([terminal_notes(self.advice)] if self.advice else []))

    def markdown(self) -> str:
        """For a README or an issue."""
        text = list[str]()
        for title, (head, lines) in score_grids(self.rows).items():
            text += markdown_section(title, head, lines, WORDS)
        return "\n".join([*text, *markdown_notes([*score_reasons(self.rows), *self.advice])]) + "\n"

    def csv(self) -> str:
        """One line for each pair and measure."""
        return csv_text(list(PairScore.__dataclass_fields__), [vars(row).values() for row in self.rows])  # type: ignore[misc]

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain data, as `--format json` prints it."""
        return [asdict(row) for row in self.rows]


def score_grids(rows: Sequence[PairScore]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Title → (head, lines): for each target, and backbone if there are several, measures down and sources across.

    Candidates that are chosen among across backbones (see results.board.candidates.across) are in one table.
    """
    rows = of_candidates(rows) if across((row.source, row.backbone) for row in rows) else rows
    several = len({row.backbone for row in rows}) > 1
    grids = {}
    for target, backbone in dict.fromkeys((row.target, row.backbone) for row in rows):
        here = {(row.measure, row.source): row for row in rows if (row.target, row.backbone) == (target, backbone)}
        sources = list(dict.fromkeys(source for _, source in here))
        measures = list(dict.fromkeys(measure for measure, _ in here))
        lines = [[m, *(_cell(here.get((m, s))) for s in sources)] for m in measures]
        grids[f"{target}, {backbone}" if several else target] = (["measure", *sources], lines)
    return grids


def of_candidates(rows: Sequence[PairScore]) -> list[PairScore]:
    """The scores of candidates of all backbones: named by the candidates, and of no backbone."""
    return [replace(row, source=str(Candidate(row.source, row.backbone)), backbone="") for row in rows]


def _cell(row: PairScore | None) -> str:
    if row is None or row.value is None:
        return "–"
    if row.low is None or row.high is None:
        return f"{row.value:.4g}"
    return f"{row.value:.4g} ± {(row.high - row.low) / 2:.2g}"


def score_reasons(rows: list[PairScore]) -> list[str]:
    """Why scores or intervals are missing: each reason once, with its measures, and its targets if it does not hold on all."""
    every = dict.fromkeys(row.target for row in rows)
    by_reason: dict[str, dict[str, dict[str, None]]] = {}
    for row in rows:
        if row.reason is not None:
            by_reason.setdefault(row.reason, {}).setdefault(row.measure, {})[row.target] = None
    sentences = []
    for reason, measures in by_reason.items():
        targets = dict.fromkeys(target for some in measures.values() for target in some)
        where = "" if len(targets) == len(every) else f" (on {', '.join(targets)})"
        sentences.append(f"{', '.join(measures)}: {reason}{where}")
    return sentences
