"""What measures said, read back from MLflow: one table for each target and backbone, measures down, sources across."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from results.error import CatsError
from results.record import metric_name
from results.tracking.cost_columns import unpacked

PREFIX = "measure_"
SIZE = "source_size"  # what similarity/source_size.py says, which imported runs bring along


@dataclass(frozen=True)
class Said:
    """What one measure says of one pair. `value` is None where it says nothing; then, or without interval, `reason` is why."""

    target: str
    source: str
    backbone: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    seconds: float | None
    reason: str | None


def said(frame: pd.DataFrame, experiment: str) -> list[Said]:
    """Of each pair the newest score by each measure. `frame`: see results.tracking.experiment.Tracking.frame.

    Raises CatsError if there are none.
    """
    scored = frame[(frame["kind"] == "score") & (frame["status"] == "FINISHED")] if len(frame) else frame
    if not len(scored):
        raise CatsError(f"experiment '{experiment}' holds no scores of measures; make some with `cats score`")
    rows: dict[tuple[str, str, str, str], Said] = {}
    scored = scored.assign(reasons=unpacked(scored["reasons"]))
    for run in scored.sort_values("started", kind="stable").to_dict("records"):
        for name in run["measures"].split(";"):
            value, low, high = (_number(run.get(metric_name(f"{PREFIX}{name}{end}"))) for end in ("", "_low", "_high"))
            seconds, reason = _number(run.get(metric_name(f"seconds_{PREFIX}{name}"))), run["reasons"].get(name)
            row = Said(run["target"], run["source"], run["backbone"], name, value, low, high, seconds, reason)
            rows.pop((row.target, row.source, row.backbone, name), None)  # the order is that of the newest
            rows[row.target, row.source, row.backbone, name] = row
    return [*rows.values(), *_sizes(frame, list(rows.values()))]


def _sizes(frame: pd.DataFrame, rows: Sequence[Said]) -> Iterator[Said]:
    """The size of the sources of imported runs, where targets were scored and nobody has scored that."""
    if "source_images" not in frame:
        return
    asked = {(row.target, row.backbone) for row in rows}
    known = {(row.target, row.source, row.backbone) for row in rows if row.measure == SIZE}
    cells = frame[(frame["kind"] == "cell") & frame["source_images"].notna()].sort_values("started", kind="stable")
    pairs = cells.drop_duplicates(["target", "source", "backbone"], keep="last")
    for target, source, backbone, images in pairs[["target", "source", "backbone", "source_images"]].itertuples(index=False):
        if (target, backbone) in asked and (target, source, backbone) not in known:
            yield Said(target, source, backbone, SIZE, math.log1p(int(images)), None, None, None, None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, float | int) and math.isfinite(value) else None


def plain(rows: list[Said]) -> list[dict[str, Any]]:
    """As JSON has it."""
    return [asdict(row) for row in rows]


def comma_separated(rows: list[Said]) -> str:
    """As a spreadsheet has it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Said.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain(rows))
    return text.getvalue()


def grids(rows: list[Said]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Title → (head, lines): for each target, and backbone if there are several, measures down and sources across."""
    several = len({row.backbone for row in rows}) > 1
    found = {}
    for target, backbone in dict.fromkeys((row.target, row.backbone) for row in rows):
        here = {(row.measure, row.source): row for row in rows if (row.target, row.backbone) == (target, backbone)}
        sources = list(dict.fromkeys(source for _, source in here))
        measures = list(dict.fromkeys(measure for measure, _ in here))
        lines = [[m, *(_shown(here.get((m, s))) for s in sources)] for m in measures]
        found[f"{target}, {backbone}" if several else target] = (["measure", *sources], lines)
    return found


def _shown(row: Said | None) -> str:
    if row is None or row.value is None:
        return "–"
    if row.low is None or row.high is None:
        return f"{row.value:.4g}"
    return f"{row.value:.4g} ± {(row.high - row.low) / 2:.2g}"


def reasons(rows: list[Said]) -> list[str]:
    """Why some say nothing, each reason once, with the measures it holds for and the targets, if it does not hold on all."""
    every = dict.fromkeys(row.target for row in rows)
    found: dict[str, dict[str, dict[str, None]]] = {}
    for row in rows:
        if row.reason is not None:
            found.setdefault(row.reason, {}).setdefault(row.measure, {})[row.target] = None
    sentences = []
    for reason, measures in found.items():
        targets = dict.fromkeys(target for some in measures.values() for target in some)
        where = "" if len(targets) == len(every) else f" (on {', '.join(targets)})"
        sentences.append(f"{', '.join(measures)}: {reason}{where}")
    return sentences


def table(rows: list[Said]) -> Group:
    """For the terminal."""
    parts: list[Table | Text] = []
    for title, (head, lines) in grids(rows).items():
        made = Table(title=escape(title), title_justify="left", title_style="bold")
        for name in head:
            made.add_column(escape(name), justify="left" if name == "measure" else "right", overflow="fold")
        for line in lines:
            made.add_row(*(escape(cell) for cell in line))
        parts += [made, Text("")]
    parts += [Text(f"– {reason}") for reason in reasons(rows)]
    parts.append(Text("value ± 1.96 standard errors of the bootstrap over images; higher is better, and only inside one line"))
    return Group(*parts)


def markdown(rows: list[Said]) -> str:
    """For a page."""
    text = []
    for title, (head, lines) in grids(rows).items():
        text += [f"**{_cell(title)}**", "", f"| {' | '.join(map(_cell, head))} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
        text += [f"| {' | '.join(map(_cell, line))} |" for line in lines] + [""]
    return "\n".join([*text, *(f"- {reason}" for reason in reasons(rows))]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
