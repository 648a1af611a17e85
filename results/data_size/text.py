"""Curves over the number of training images as tables and sentences: terminal, page, spreadsheet, program."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.board.sizes import ALL
from results.data_size.curves import DataSizes, SizeCurve, SizePoint
from results.data_size.words import number, verdicts, worth_text, worths
from results.text.printing import (
    csv_text,
    figure_text,
    markdown_notes,
    markdown_section,
    terminal_notes,
    terminal_table,
)

DIGITS = 3
WORDS = ("source",)
FIGURES = ("size", "images", "mean", "low", "high", "seeds", "advantage", "advantage_low", "advantage_high")


@dataclass(frozen=True)
class CurveText:
    """Curves in the four forms of results.text.printing.Printable."""

    curves: DataSizes

    @property
    def head(self) -> list[str]:
        """The columns of the table of a target."""
        return ["source", "images", "mean (95 %)", "seeds", f"ahead of {self.curves.baseline} (95 %)",
                f"images of {self.curves.baseline} (95 %)"]  # fmt: skip

    @property
    def notes(self) -> list[str]:
        """The sentences below the tables: the answers first."""
        better = f"ahead: by how much a source is better than {self.curves.baseline}, paired by seeds and test images"
        like = f"images of {self.curves.baseline}: with how many images {self.curves.baseline} reaches what the source reaches"
        line = "between two numbers of images curves are taken to run straight in the logarithm of the number"
        answers, more = verdicts(self.curves), list[str]()
        if self.curves.per_class:
            more.append("sentences count images of all classes together; the plan and --train state those of each class")
        if len(answers) > 1:
            more.append(
                "every interval is one at 95 % on its own, and nothing is corrected for the number of answers, "
                f"{len(answers)}: some may be wrong by chance"
            )
        return [*answers, *worths(self.curves), better, like, line, *more, *self.curves.notes]

    def rows(self, target: str) -> list[list[str]]:
        """The lines of the table of a target."""
        every = self.curves.targets[target]
        rows = [_row(curve, point, curve.beside(every)) for curve in every for point in curve.points]
        if not self.curves.per_class:
            return rows
        stated = [point.size for curve in every for point in curve.points]
        return [[row[0], _of_each(row[1], size), *row[2:]] for row, size in zip(rows, stated, strict=True)]

    def title(self, target: str) -> str:
        """What the table of a target shows."""
        return f"{target}: {self.curves.metric} by number of training images"

    @property
    def sentences(self) -> list[str]:
        """What each source is worth, and what is to be known of the runs."""
        return self.notes

    def table(self) -> RenderableType:
        """For the terminal."""
        parts: list[RenderableType] = []
        for target in self.curves.targets:
            parts += [terminal_table(self.title(target), self.head, self.rows(target), WORDS, keys=2), Text("")]
        return Group(*parts, terminal_notes(self.notes))

    def markdown(self) -> str:
        """For a README or an issue."""
        text: list[str] = []
        for target in self.curves.targets:
            text += markdown_section(self.title(target), self.head, self.rows(target), WORDS)
        return "\n".join([*text, *markdown_notes(self.notes)]) + "\n"

    def csv(self) -> str:
        """One line for each target, source and number of images; numbers in full, inf where an end is open."""
        return csv_text(self.columns, self.lines)

    @property
    def columns(self) -> list[str]:
        """The columns of `lines`."""
        ends = [f"{what}_{end}" for what in ("worth", "crossing") for end in ("place", "low", "high")]
        return ["target", "source", *FIGURES, *ends]

    @property
    def lines(self) -> list[list[Any]]:
        """One line for each target, source and number of images; infinite where an end is open."""
        return [
            [target, curve.source, *(getattr(point, name) for name in FIGURES), *_ends(point.worth), *_ends(curve.crossing)]
            for target, every in self.curves.targets.items()
            for curve in every
            for point in curve.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it. An end that is open is the text `inf` or `-inf`; null is not known."""
        plain: dict[str, Any] = _plain(asdict(self.curves))
        return plain | {"notes": self.notes}


def _row(curve: SizeCurve, point: SizePoint, beside: Sequence[SizePoint]) -> list[str]:
    return [
        curve.source, number(point.images), figure_text(point.mean, point.low, point.high, DIGITS), str(point.seeds),
        figure_text(point.advantage, point.advantage_low, point.advantage_high, DIGITS),
        "–" if point.worth is None else worth_text(point.worth, beside),
    ]  # fmt: skip


def _of_each(images: str, stated: str) -> str:
    return images if stated == ALL else f"{images} ({stated} of each class)"


def _ends(found: Any) -> list[float | None]:
    return [None] * 3 if found is None else [found.place, found.low, found.high]


def _plain(value: Any) -> Any:
    """Plain data: JSON has neither NaN nor infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
