"""The sentences below a board: which cells are missing, failed, refused or only partly known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from results.board.adaptive import unneeded
from results.board.candidates import absences
from results.board.imported import imported, unchecked
from results.board.rules import COLUMNS, rule_in_words
from results.board.sizes import counts_each_class, images_text, size_text
from results.board.unmeasured import unmeasured
from results.statistics.influence import FEWEST
from results.text.counts import how_many, share_of
from results.tracking.cost_columns import foreign_work, hardware

if TYPE_CHECKING:
    from results.board.ranking import Standing
    from results.board.request import Selection


def cell_notes(cells: pd.DataFrame, frame: pd.DataFrame, selection: "Selection | None") -> list[str]:
    """Which cells are missing, failed or only partly known, and the provenance of the energy of the experiment."""
    kinds = hardware(frame)
    energy = [*unmeasured(cells, frame), *([f"energy: {', '.join(kinds)}"] if kinds else []), *foreign_work(frame)]
    return [*attempt_notes(cells, selection), *energy]


def attempt_notes(cells: pd.DataFrame, selection: "Selection | None") -> list[str]:
    """Which cells are missing, failed or only partly known."""
    notes: list[str] = []
    if selection is not None:
        selection, notes = without_absent(cells, selection)
        planned = {
            (s, t, b, str(seed), p)
            for s, b in selection.candidates for t in selection.targets if (s, t) not in selection.refused
            for seed in selection.seeds for p in selection.points_of(t)
        }  # fmt: skip
        finished = cells[cells["status"] == "FINISHED"]
        done = set(finished[[*COLUMNS, "point"]].itertuples(index=False, name=None))
        left = unneeded(cells, planned, selection)
        if planned - done - left.cells:
            notes.append(f"{share_of(len(planned - done - left.cells), len(planned), 'cells', 'is', 'are')} not finished")
        notes += left.notes
        notes += _other_sizes(selection, per_class=counts_each_class(cells))
        notes += _refusals(selection.refused)
    failed = int((cells["status"] == "FAILED").sum())
    if failed:
        attempts = how_many(failed, "attempt failed; its", "attempts failed; their")
        notes.append(f"{attempts} energy is counted")
    # A run whose process died at once has tags, and no parameters.
    blind = sorted(cells.loc[cells["groups"] == "None", "target"].dropna().unique())
    if blind:
        notes.append(f"no patient ids are known for {', '.join(blind)}: images of one patient may be in two parts")
    if "known_duplicates" in cells:
        declared = cells.dropna(subset=["known_duplicates"]).groupby("target")["known_duplicates"].last()
        notes += [
            f"{t}: up to {n} image{' of val and test is' if n == '1' else 's of val and test are'} in an earlier part of its "
            "official split too"
            for t, n in declared.items()
        ]
    if "duplicates" in cells:
        handled = cells.dropna(subset=["duplicates"]).sort_values("started").groupby("target")["duplicates"].last()
        notes += [f"{t}: {sentence}" for t, sentence in handled.items()]
    if "slices" in cells:
        volumes = cells.dropna(subset=["slices"]).groupby("target")["slices"].last()
        seen = "each image is a volume, of which the network sees"
        notes += [
            f"{t}: {seen} {n} slice{'' if n == '1' else 's'}; numbers of images count volumes" for t, n in volumes.items()
        ]
    return [*notes, *unchecked(cells)]


def _other_sizes(selection: "Selection", *, per_class: bool) -> list[str]:
    """A note that the plan has other numbers of training images, whose cells are not compared with these."""
    others = ", ".join(size_text(size) for size in selection.sizes if size != selection.size)
    if not others:
        return []
    shown = f"only cells with {images_text(selection.size, per_class=per_class)} are compared here"
    return [f"{shown}; --train shows those with another number ({others}), and `cats curve` how a source's advantage changes"]


def rule_notes(runs: pd.DataFrame, rule: str) -> list[str]:
    """A note if the runs restored their epochs by another rule: this one then only chooses among points of a grid."""
    before = sorted(runs["rule"].dropna().unique()) if "rule" in runs else []
    if not before or before == [rule]:
        return []
    return [
        f"every run restored its epoch by {' or '.join(before)}; {rule_in_words(rule)} only chooses among the points of a grid"
    ]


def precision_notes(runs: pd.DataFrame) -> list[str]:
    """A note for each target whose runs have predicted in different number formats, which alone changes figures.

    Versions that did not record the format predicted in that of the training under `precision: auto`, bf16 on some machines.
    `runs`: those that are compared. A format that is not recorded differs from a recorded one; imported runs are not asked.
    """
    if "evaluation_precision" not in runs:
        return []
    own, notes = runs[~imported(runs)], []
    for target, formats in own["evaluation_precision"].groupby(own["target"]):
        counts = formats.fillna("a format that is not recorded").value_counts().sort_index()
        if len(counts) > 1:
            each = " and ".join(f"{number} in {name}" for name, number in counts.items())
            notes.append(
                f"{target}: the runs have predicted in different number formats, {each}, which alone changes figures; a plan "
                "with `precision: fp32` runs all cells in one format"
            )
    return notes


def blind_notes(blind: Mapping[str, str]) -> list[str]:
    """One note for each reason why test images are not counted."""
    targets: dict[str, list[str]] = {}
    for target, why in blind.items():
        targets.setdefault(why, []).append(target)
    return [f"{', '.join(names)}: {why}" for why, names in targets.items()]


def few_notes(standings: "Mapping[str, Standing]", cells: pd.DataFrame) -> list[str]:
    """One note for each target whose test set is so small that neither intervals nor a winner say much about others."""
    kinds = cells.dropna(subset=["groups"]).groupby("target")["groups"].last().to_dict() if "groups" in cells else {}
    notes = []
    for target, standing in standings.items():
        count = FEWEST if standing.measured.images is None else len(standing.measured.images)
        if count < FEWEST:
            what = kinds.get(target, "image")
            unit = "image" if what in {"None", "image"} else what
            only = f"the test set has only {how_many(count, unit)} ({FEWEST} are needed)"
            notes.append(f"{target}: {only}: intervals, ties and a winner say little about other {unit}s")
    return notes


def without_absent(cells: pd.DataFrame, selection: "Selection") -> tuple["Selection", list[str]]:
    """The selection without the candidates that the plan leaves out, with a sentence about each of them.

    A candidate with an attempt stays, wherever its weights are now. `cells`: the attempts at the cells of the selection.
    """
    tried = set(zip(cells["source"], cells["backbone"], strict=True))
    able = {source for source in selection.sources for target in selection.targets if (source, target) not in selection.refused}
    asked = [each for each in selection.candidates if each[0] in able and each not in tried]
    left = {each: selection.absent[each] for each in asked if each in selection.absent}
    kept = [each for each in selection.candidates if each not in left]
    return replace(selection, candidates=kept), absences(left)


def _refusals(refused: Mapping[tuple[str, str], str]) -> list[str]:
    """One note for each target and reason, with all its sources."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for (source, target), reason in refused.items():
        pairs.setdefault((target, reason), []).append(source)
    return [f"{', '.join(sources)} → {t} is not run: {reason}" for (t, reason), sources in pairs.items()]
