"""The difference of two boards as text: for the terminal, for a page, for a spreadsheet."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.sharing.diff import ALL, NOWHERE, BoardDifference, Change, Place
from results.sharing.reasons import close
from results.text.counts import how_many
from results.text.plain import plain
from results.text.printing import csv_text, markdown_notes, markdown_table, markdown_text, terminal_notes, terminal_table

HEAD = ("target", "source", "rank", "tie", "mean", "95 %", "why")
WORDS = frozenset({"target", "source", "why"})
OVER_ALL = "all targets"
CSV = ("target", "source", "rank_before", "rank_after", "tie_before", "tie_after", "mean_before", "mean_after",
       "low_before", "low_after", "high_before", "high_after", "why")  # fmt: skip


@dataclass(frozen=True)
class DifferenceText:
    """A difference in the four forms of results.text.printing.Printable."""

    difference: BoardDifference

    @property
    def sentences(self) -> list[str]:
        """The difference in one sentence, and what is to be known of the boards."""
        return [verdict(self.difference), *self.difference.notes]

    def table(self) -> RenderableType:
        """For the terminal: one table for each target, so that the names of targets take no room from the figures."""
        found = self.difference
        parts: list[RenderableType] = [Text(plain(verdict(found)), "bold"), Text("")]
        for target, lines in groupby(_lines(found), key=lambda line: line[0]):
            parts += [terminal_table(target, HEAD[1:], (line[1:] for line in lines), WORDS), Text("")]
        return Group(*parts, terminal_notes(_legend(found)))

    def markdown(self) -> str:
        """For a README or an issue."""
        found = self.difference
        table = [*markdown_table(HEAD, _lines(found), WORDS), ""] if found.changes else []
        return "\n".join([f"**{markdown_text(verdict(found))}**", "", *table, *markdown_notes(_legend(found))]) + "\n"

    def csv(self) -> str:
        """One line for each place that differs, numbers in full."""
        rows = []
        for each in self.difference.changes:
            old, new = each.before or NOWHERE, each.after or NOWHERE
            figures = [old.rank, new.rank, old.tie, new.tie, old.mean, new.mean, old.low, new.low, old.high, new.high]
            rows.append([each.target or OVER_ALL, each.source, *figures, "; ".join(each.why)])
        return csv_text(CSV, rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return self.difference.to_dict()


def verdict(found: BoardDifference) -> str:
    """The difference in one sentence."""
    first, second = found.names
    if not found.changes:
        return f"{first} and {second} show the same ranks, ties and figures"
    who = "other sources may be the best" if found.winners else "the same sources may be the best on every target"
    places = how_many(len(found.changes), "place differs", "places differ")
    return f"{first} → {second}: {places}, {found.same} do not; {who}"


def _lines(found: BoardDifference) -> list[list[str]]:
    return [_line(each, overall=each.target == ALL) for each in found.changes]


def _line(each: Change, *, overall: bool) -> list[str]:
    digits = 2 if overall else 0
    old, new = each.before or NOWHERE, each.after or NOWHERE
    return [
        OVER_ALL if overall else each.target,
        each.source,
        _pair(_number(old.rank, digits), _number(new.rank, digits), exact=close(old.rank, new.rank)),
        _pair(_number(old.tie, 0), _number(new.tie, 0)),
        _pair(_number(old.mean, 3), _number(new.mean, 3), exact=close(old.mean, new.mean)),
        _pair(_interval(old), _interval(new), exact=close(old.low, new.low) and close(old.high, new.high)),
        "; ".join(each.why) or "–",
    ]


def _pair(old: str, new: str, *, exact: bool = True) -> str:
    """Both figures; one where they are equal, with a remark where they differ in later digits alone."""
    return f"{old} → {new}" if old != new else old if exact else f"{old} (later digits differ)"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:z.{digits}f}"


def _interval(place: Place) -> str:
    return "–" if place.low is None or place.high is None else f"{place.low:z.3f}–{place.high:z.3f}"


def _legend(found: BoardDifference) -> list[str]:
    columns = [
        f"mean: of {found.metrics[0]}; in the rows of all targets, rank is the mean rank, with its 95 % interval",
        "why: what the runs behind a figure rest on, where this differs; seeds, data, start weights, recipe and versions",
    ]
    return [*(columns if found.changes else ()), *found.notes]  # without a difference there is no table to explain
