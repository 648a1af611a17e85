"""One version of the data of each target, and of the data or the weights of each source, counts on a board.

The data of a run have a digest, which changes with the images, the labels and the split. Runs of two digests had other test
images, or networks that have seen other images, and are not to be compared. Nor are runs that start from other weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.board.request import Selection, runs_of_selection
from results.board.rules import COLUMNS
from results.text.counts import how_many

WHAT = "version of its data or split"
WEIGHTS = "version of its weights"
OF_PLAN = "the plan's"


def of_one_version(cells: pd.DataFrame, frame: pd.DataFrame, selection: Selection | None) -> tuple[pd.DataFrame, list[str]]:
    """The cells of one version of each target and source, and a note for each one of which runs are left out.

    The plan's version counts if it is known and a run of it is finished, else the version of the newest finished run. Cells
    whose version is not known stay. `frame`: all runs of the experiment, with the pretrainings.
    """
    kept = _Kept(cells.reset_index(drop=True))  # a frame of several experiments may name a row twice
    rows = kept.rows
    if selection is not None:
        kept.choose(_plans_starts(rows, selection), ["source", "backbone"], _Words(WEIGHTS, OF_PLAN), {})
    kept.choose(rows.get("data"), ["target"], _Words(WHAT), selection.data if selection is not None else {})
    kept.choose(_origins(rows, frame), ["source"], _Words(WHAT), {})
    kept.choose(_weights(rows), ["source", "backbone"], _Words(WEIGHTS), {})
    return cells[kept.keep], kept.notes


def frame_of_one_version(frame: pd.DataFrame, selection: Selection | None) -> tuple[pd.DataFrame, list[str]]:
    """The runs without the cells that of_one_version leaves out of those of the selection, and its notes."""
    if not len(frame):
        return frame, []
    frame = frame.reset_index(drop=True)
    runs = runs_of_selection(frame, selection)
    cells = runs[runs["kind"] == "cell"]
    cells = cells.reindex(columns=list(dict.fromkeys([*map(str, cells), *COLUMNS])))
    kept, notes = of_one_version(cells, frame, selection)
    return frame.drop(index=cells.index.difference(kept.index)), notes


@dataclass(frozen=True)
class _Words:
    """What differs between versions, in words, and the version of the plan where no digest is known."""

    what: str
    plans: str | None = None


class _Kept:
    """Cells of which those of other versions are left out, step by step, with a note for each target and source."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows, self.notes = rows, list[str]()
        self.keep, self._finished = np.ones(len(rows), dtype=bool), (rows["status"] == "FINISHED").to_numpy()

    def choose(self, versions: pd.Series | None, by: list[str], words: _Words, wanted: Mapping[str, str]) -> None:
        """Keep one version in each group of rows that agree in the columns `by`; `wanted`: the plan's version by its name."""
        if versions is None:
            return
        for names, own in versions[versions.notna()].groupby([self.rows[column] for column in by]):
            name = str(names[0])
            counts = own[(self._finished & self.keep)[own.index]]
            if counts.empty:
                continue
            plans = words.plans or wanted.get(name)
            newest = counts[self.rows.loc[counts.index, "started"].astype(float).idxmax()]
            chosen = plans if plans in set(counts) else newest
            if plans is not None and chosen != plans:
                self.notes.append(f"{name}: the runs are of another {words.what} than the plan's; `cats run` makes them again")
                if words.plans is not None:  # which of the others counts is another step
                    continue
            self.keep[own.index[own != chosen]] = False
            number = int((counts != chosen).sum())
            if number:
                runs = how_many(number, "run is", "runs are")
                self.notes.append(f"{name}: {runs} left out, because another {words.what} was used")


def scores_of_one_version(frame: pd.DataFrame, selection: Selection | None) -> tuple[pd.DataFrame, list[str]]:
    """The runs without scores of another version of a target than that of the cells on the board, and a note for each target.

    Scores whose version is not known, as those of imported runs, stay, and so do scores of a target without a finished cell.
    `frame`: all runs of the experiment.
    """
    if not len(frame) or "data" not in frame:
        return frame, []
    frame = frame.reset_index(drop=True)
    runs = runs_of_selection(frame, selection)
    cells = runs[(runs["kind"] == "cell") & (runs["status"] == "FINISHED")]
    shown = of_one_version(cells, frame, selection)[0]
    scored, notes = frame["kind"] == "score", list[str]()
    sources = _origins(shown, frame), _origins(frame.assign(pretraining=frame.get("start")), frame)
    for column, here, there in (("target", shown["data"], frame["data"]), ("source", *sources)):
        if here is None or there is None:
            continue
        identity_of = dict(zip(shown.loc[here.notna(), column], here.dropna(), strict=True))
        chosen = frame[column].map(identity_of)
        other = scored & there.notna() & chosen.notna() & (there != chosen)
        for name, number in frame.loc[other & (frame["status"] == "FINISHED"), column].value_counts(sort=False).items():
            scores = f"the scores of {how_many(number, 'pair')} are"
            notes.append(f"{name}: {scores} left out, because another {WHAT} was used than for the runs on the board")
        scored &= ~other
    return frame[scored | (frame["kind"] != "score")], notes


def chain_of(key: object, before: Mapping[str, object]) -> list[str]:
    """A pretraining and all that it starts from, by their keys. `before`: what each starts from.

    A circle, which only tags that were changed by hand can close, ends where it meets itself.
    """
    chain: list[str] = []
    while isinstance(key, str) and key not in chain:
        chain.append(key)
        key = before.get(key)
    return chain


def without_record(cells: pd.DataFrame, frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Source and backbone of cells that start from a pretraining without a record in `frame`, all runs of the experiment."""
    pretrainings = frame[frame["kind"] == "pretraining"]
    before = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))
    starts = cells[["source", "backbone", "pretraining"]].dropna().drop_duplicates()
    return sorted({
        (str(source), str(backbone)) for source, backbone, first in starts.itertuples(index=False, name=None)
        if not before.keys() >= set(chain_of(first, before))
    })  # fmt: skip


def _plans_starts(rows: pd.DataFrame, selection: Selection) -> pd.Series | None:
    """What each cell starts from, OF_PLAN for the plan's weights; None where these are not known."""
    if "start" not in rows:
        return None
    pairs = list(zip(rows["source"], rows["backbone"], strict=True))
    held = dict[tuple[str, str], set[str]]()
    for pair, start in zip(pairs, rows["start"], strict=True):
        held.setdefault(pair, set()).update({start} if isinstance(start, str) else ())
    keys_of = {
        pair: selection.starts.get(pair) for pair, own in held.items() if own and (len(own) > 1 or pair not in selection.costly)
    }
    if not any(keys_of.values()):
        return None
    known = [keys_of.get(pair) for pair in pairs]
    starts = [
        None if keys is None else OF_PLAN if start in keys else start for keys, start in zip(known, rows["start"], strict=True)
    ]
    return pd.Series(starts, rows.index, dtype=object)


def _weights(rows: pd.DataFrame) -> pd.Series | None:
    """The ready weights that each cell starts from, of the sources that have several.

    Weights that are drawn for every seed are no versions: each seed has its own, and each of them one seed.
    """
    if "start" not in rows or "pretraining" not in rows:
        return None
    ready = rows[rows["start"].notna() & rows["pretraining"].isna()]
    pairs = ready[["source", "backbone", "seed", "start"]].drop_duplicates()
    several = set()
    for pair, own in pairs.groupby(["source", "backbone"]):
        starts = own["start"].nunique()
        if starts > 1 and not (own["seed"].is_unique and own["start"].is_unique):
            several.add(pair)
    mine = [pair in several for pair in zip(ready["source"], ready["backbone"], strict=True)]
    return ready.loc[mine, "start"].reindex(rows.index).astype(object)


def _origins(cells: pd.DataFrame, frame: pd.DataFrame) -> pd.Series | None:
    """The digests of the data of all pretrainings that each cell starts from, as one text; None where it starts from none."""
    if "data" not in frame or "pretraining" not in cells:
        return None
    made = frame[(frame["kind"] == "pretraining") & frame["data"].notna()]
    data = dict(zip(made["key"], made["data"], strict=True))
    before = dict(zip(made["key"], made["pretraining"], strict=True))

    def origin(key: object) -> str | None:
        chain = chain_of(key, before)
        return " ".join(str(data[each]) for each in chain) or None if all(each in data for each in chain) else None

    known = {key: origin(key) for key in cells["pretraining"].unique()}
    return cells["pretraining"].map(known).astype(object)
