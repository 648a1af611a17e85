"""The sentences below a board: which cells are missing, failed, refused or only partly known."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from results.board.imported import unchecked
from results.board.rules import COLUMNS, rule_in_words
from results.tracking.cost_columns import foreign_work, hardware

if TYPE_CHECKING:
    from results.board.request import Selection


def cell_notes(cells: pd.DataFrame, frame: pd.DataFrame, selection: "Selection | None") -> list[str]:
    """Which cells are missing, failed or only partly known, and the provenance of the energy of the experiment."""
    notes = []
    if selection is not None:
        planned = {
            (s, t, b, str(seed), p)
            for s in selection.sources for t in selection.targets if (s, t) not in selection.refused
            for b in selection.backbones for seed in selection.seeds for p in selection.points
        }  # fmt: skip
        finished = cells[cells["status"] == "FINISHED"]
        done = set(finished[[*COLUMNS, "point"]].itertuples(index=False, name=None))
        if planned - done:
            notes.append(f"{len(planned - done)} of {len(planned)} cells are not finished")
        notes += _refusals(selection.refused)
    failed = int((cells["status"] == "FAILED").sum())
    if failed:
        notes.append(f"{failed} attempts failed; their energy is counted")
    # A run whose process died at once has tags, and no parameters.
    blind = sorted(cells.loc[cells["groups"] == "None", "target"].dropna().unique())
    if blind:
        notes.append(f"no patient ids are known for {', '.join(blind)}: images of one patient may be in two parts")
    if "known_duplicates" in cells:
        declared = cells.dropna(subset=["known_duplicates"]).groupby("target")["known_duplicates"].last()
        notes += [
            f"{t}: up to {n} images of val and test are in an earlier part of its official split too"
            for t, n in declared.items()
        ]
    if "duplicates" in cells:
        handled = cells.dropna(subset=["duplicates"]).sort_values("started").groupby("target")["duplicates"].last()
        notes += [f"{t}: {sentence}" for t, sentence in handled.items()]
    notes += unchecked(cells)
    if kinds := hardware(frame):
        notes.append(f"energy: {', '.join(kinds)}")
    notes += foreign_work(frame)
    return notes


def rule_notes(runs: pd.DataFrame, rule: str) -> list[str]:
    """A note if the runs restored their epochs by another rule: this one then only chooses among points of a grid."""
    before = sorted(runs["rule"].dropna().unique()) if "rule" in runs else []
    if not before or before == [rule]:
        return []
    return [
        f"every run restored its epoch by {' or '.join(before)}; {rule_in_words(rule)} only chooses among the points of a grid"
    ]


def blind_notes(blind: Mapping[str, str]) -> list[str]:
    """One note for each reason why test images are not counted."""
    targets: dict[str, list[str]] = {}
    for target, why in blind.items():
        targets.setdefault(why, []).append(target)
    return [f"{', '.join(names)}: {why}" for why, names in targets.items()]


def _refusals(refused: Mapping[tuple[str, str], str]) -> list[str]:
    """One note for each target and reason, with all its sources."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for (source, target), reason in refused.items():
        pairs.setdefault((target, reason), []).append(source)
    return [f"{', '.join(sources)} → {t} is not run: {reason}" for (t, reason), sources in pairs.items()]
