"""The sentences below a board: what is missing, failed, not run, not known."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from results.board.imported import unchecked
from results.board.rules import COLUMNS, rule_in_words
from results.tracking.cost_columns import hardware

if TYPE_CHECKING:
    from results.board.request import Selection


def cell_notes(cells: pd.DataFrame, frame: pd.DataFrame, selection: "Selection | None") -> list[str]:
    """What is missing, failed or not known of the cells that are asked for, and where the energy of the experiment is from."""
    notes = []
    if selection is not None:
        asked = {
            (s, t, b, str(seed), p)
            for s in selection.sources for t in selection.targets if (s, t) not in selection.refused
            for b in selection.backbones for seed in selection.seeds for p in selection.points
        }  # fmt: skip
        finished = cells[cells["status"] == "FINISHED"]
        there = set(finished[[*COLUMNS, "point"]].itertuples(index=False, name=None))
        if asked - there:
            notes.append(f"{len(asked - there)} of {len(asked)} cells are not finished")
        notes += _refusals(selection.refused)
    failed = int((cells["status"] == "FAILED").sum())
    if failed:
        notes.append(f"{failed} attempts failed; their energy is counted")
    blind = sorted(cells.loc[cells["groups"] == "None", "target"].unique())
    if blind:
        notes.append(f"no patient ids are known for {', '.join(blind)}: one patient may lie on two sides")
    if "known_duplicates" in cells:
        declared = cells.dropna(subset=["known_duplicates"]).groupby("target")["known_duplicates"].last()
        notes += [
            f"{t}: up to {n} images of val and test lie in an earlier part of its official split too"
            for t, n in declared.items()
        ]
    notes += unchecked(cells)
    if kinds := hardware(frame):
        notes.append(f"energy: {', '.join(kinds)}")
    return notes


def rule_notes(runs: pd.DataFrame, rule: str) -> list[str]:
    """Epochs were restored when the runs were made; another rule now chooses among points only."""
    before = sorted(runs["rule"].dropna().unique()) if "rule" in runs else []
    if not before or before == [rule]:
        return []
    return [
        f"every run restored its epoch by {' or '.join(before)}; {rule_in_words(rule)} only chooses among the points of a grid"
    ]


def blind_notes(blind: Mapping[str, str]) -> list[str]:
    """One note for each reason why test images say nothing."""
    targets: dict[str, list[str]] = {}
    for target, why in blind.items():
        targets.setdefault(why, []).append(target)
    return [f"{', '.join(those)}: {why}" for why, those in targets.items()]


def _refusals(refused: Mapping[tuple[str, str], str]) -> list[str]:
    """One note for each reason: what is wrong with a target is said once, not for every source."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for (source, target), reason in refused.items():
        pairs.setdefault((target, reason), []).append(source)
    return [f"{', '.join(sources)} → {t} is not run: {reason}" for (t, reason), sources in pairs.items()]
