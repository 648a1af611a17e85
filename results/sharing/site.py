"""The index of a site: several experiments on one page, with the places of all sources on all targets, to filter and to sort.

The page makes no request; text of others is made plain, and escaped by Jinja2 (see results.report.html).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from results.board.board import Board
from results.metrics import written
from results.report.render import environment_of, policy, script_of, style_of
from results.text.counts import how_many

HEADS = {
    "experiment": "The experiment, with a link to its report.",
    "target": "The data set whose test images are scored.",
    "source": "What the network knew beforehand.",
    "rank": "By the mean of the metric; 1 is best.",
    "tie": "Sources of one number cannot be told apart; 1 holds the best one.",
    "metric": "What the mean is of.",
    "mean": "Mean of the metric over seeds, on test images.",
    "95 %": "Interval of the mean.",
    "P(best)": "Probability of being the best source of this target.",
    "seeds": "Number of runs.",
}
STYLES, SCRIPTS = ("theme", "page", "tables", "narrow", "print"), ("elements", "theme", "tips", "tables")  # of a report
WORDS = ("experiment", "target", "source", "metric")
FILTERS = ("experiment", "target", "source")
COUNTS = {
    "source": "What the network knew beforehand.",
    "targets": "Targets of all experiments on which the source was measured.",
    "may be the best": "Targets on which it is in tie 1.",
    "alone": "Targets on which it alone is in tie 1.",
}


@dataclass(frozen=True)
class SiteEntry:
    """One experiment of a site.

    Attributes:
        folder: of its pages, below that of the site. title: the name of the experiment.
        date: of its newest run. verdict: what was found, in sentences.
    """

    folder: str
    title: str
    board: Board
    date: str
    verdict: Sequence[str] = ()


def index_page(entries: Sequence[SiteEntry], title: str) -> str:
    """The index as HTML; the same entries give the same text."""
    from markupsafe import Markup

    script = script_of(SCRIPTS, shipped("site.js"))
    rows = [row for entry in entries for row in _rows(entry)]
    return (
        environment_of(shipped)
        .get_template("site.html")
        .render(
            title=title,
            cards=[_card(entry) for entry in entries],
            heads=HEADS,
            words=WORDS,
            rows=rows,
            filters={name: sorted({row[name] for row in rows}) for name in FILTERS},
            counts=COUNTS,
            sources=_counts(entries),
            style=Markup(style_of(STYLES, shipped("site.css"))),  # noqa: S704 - files of ours
            script=Markup(script),  # noqa: S704 - files of ours
            policy=policy(script),
        )
    )


def _card(entry: SiteEntry) -> dict[str, Any]:
    board = entry.board
    what = f"{how_many(len(board.overall), 'source')} on {how_many(len(board.targets), 'target')}, {written(board.metric)}"
    return {"title": entry.title, "folder": entry.folder, "what": what, "date": entry.date, "verdict": entry.verdict}


def _rows(entry: SiteEntry) -> list[dict[str, Any]]:
    """One row for each source on each target, as texts, and where the best ones are."""
    rows, metric = [], written(entry.board.metric)
    for target, listed in entry.board.targets.items():
        for row in listed:
            interval = "–" if row.low is None or row.high is None else f"{row.low:z.3f}–{row.high:z.3f}"
            rows.append(
                {
                    "folder": entry.folder, "experiment": entry.title, "target": target, "source": row.source,
                    "rank": str(row.rank), "tie": str(row.tie), "metric": metric, "mean": f"{row.mean:z.3f}",
                    "95 %": interval, "P(best)": "–" if row.p_best is None else f"{row.p_best:.2f}", "seeds": str(row.seeds),
                    "best": row.tie == 1,
                }
            )  # fmt: skip
    return rows


def _counts(entries: Sequence[SiteEntry]) -> list[list[str]]:
    """Source → targets, and those on which it may be the best, over all experiments; the most frequent best one first.

    Ranks of different experiments are not averaged: other rivals, recipes and metrics stand behind them.
    """
    found: dict[str, list[int]] = {}
    for entry in entries:
        for listed in entry.board.targets.values():
            ties = [row.tie for row in listed]
            for row in listed:
                own = found.setdefault(row.source, [0, 0, 0])
                own[0] += 1
                own[1] += row.tie == 1
                own[2] += row.tie == 1 and ties.count(1) == 1 and len(listed) > 1
    order = sorted(found, key=lambda source: (-found[source][1] / found[source][0], -found[source][1], source))
    return [[source, *map(str, found[source])] for source in order]


@cache
def shipped(name: str) -> str:
    """A file of the templates."""
    return resources.files("results.sharing").joinpath("templates", name).read_text(encoding="utf-8")
