"""Whether the best source depends on how grid points are chosen, or on the protocol: one board for each rule and protocol."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from results.board.board import make_board
from results.board.request import SEEDS, Judging, RunQuery
from results.board.rules import ORACLE, RULES, rule_in_words
from results.board.sizes import TRAIN
from results.board.versions import frame_of_one_version
from results.error import CatsError
from results.text.printing import markdown_notes, markdown_table
from results.tracking.frame import left_out


@dataclass(frozen=True)
class Top:
    """The best source of a target under one setting, and all sources that cannot be told apart from it."""

    best: str
    tied: list[str]

    def __str__(self) -> str:
        others = [source for source in self.tied if source != self.best]
        return f"{self.best} (tied: {', '.join(others)})" if others else self.best


@dataclass(frozen=True)
class Sensitivity:
    """Target → setting → top. A setting is a rule, with the protocol if there are several; `notes` are sentences."""

    experiment: str
    metric: str
    settings: list[str]
    targets: dict[str, dict[str, Top]]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with one sentence for each target."""
        return asdict(self) | {"changes": {target: self.change(target) for target in self.targets}}

    def change(self, target: str) -> str:
        """Whether the settings agree on the best source of a target, in one sentence. The oracle is left out."""
        tops = {name: top for name, top in self.targets[target].items() if not name.startswith(ORACLE)}
        best = list(dict.fromkeys(top.best for top in tops.values()))
        if len(best) < 2:
            tied = len({frozenset(top.tied) for top in tops.values()}) > 1
            more = ", but the sources that tie with it change" if tied else ""
            return f"{best[0]} is best in all{more}" if best else "nothing"
        each = "; ".join(f"{', '.join(n for n, top in tops.items() if top.best == name)}: {name}" for name in best)
        shared = set.intersection(*(set(top.tied) for top in tops.values()))
        names = ", ".join(sorted(shared))
        rest = f"{names} cannot be told apart from the best in any" if shared else "no source is at the top in all"
        return f"changes ({each}); {rest}"

    def markdown(self) -> str:
        """A table of targets by settings, what changes, and the notes."""
        head = ["target", *self.settings]
        rows = [[target, *(str(tops.get(name, "–")) for name in self.settings)] for target, tops in self.targets.items()]
        changes = [f"{target}: {self.change(target)}" for target in self.targets]
        return "\n".join([*markdown_table(head, rows, head), "", *markdown_notes([*changes, *self.notes])]) + "\n"


def sensitivity(frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS) -> Sensitivity:
    """The top of every target under every rule, apart for every protocol that the experiment holds.

    The rule of the query is not used; rules that choose the same points as another one are left out.
    Raises CatsError if nothing can be judged.
    """
    notes = left_out(frame)
    frame, versions = frame_of_one_version(frame, query.selection)  # of all protocols together
    cells = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")] if len(frame) else frame
    protocols = sorted(cells["protocol"].dropna().unique()) if "protocol" in cells else []
    targets: dict[str, dict[str, Top]] = {}
    settings, reasons = [], list[str]()
    for protocol in protocols or [None]:
        here = frame if protocol is None else frame[(frame["kind"] != "cell") | (frame["protocol"] == protocol)]
        for rule in (name for name, entry in RULES.items() if entry.same_points_as is None):
            setting = rule if len(protocols) < 2 else f"{rule}, {protocol}"
            try:
                board = make_board(here, replace(query, rule=rule), judging)
            except CatsError as error:
                reasons.append(f"{setting}: {error}")
                continue
            settings.append(setting)
            for target, rows in board.targets.items():
                targets.setdefault(target, {})[setting] = Top(rows[0].source, [row.source for row in rows if row.tie == 1])
    if not settings:
        raise CatsError(reasons[0])
    notes += versions
    each = ["source", "target", "backbone", "seed", *([TRAIN] if TRAIN in cells else [])]  # rules choose within one number
    points = cells.groupby(each, dropna=False)["point"].nunique().max()
    if points < 2:
        notes.append("every cell has one point: rules have nothing to choose, and epochs were restored when the runs were made")
    notes.append(f"{rule_in_words(ORACLE)}; changes that it alone shows do not count")
    return Sensitivity(query.experiment, query.metric, settings, targets, notes + reasons)
