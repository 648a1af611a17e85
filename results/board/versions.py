"""One version of the data of each target, and of each source that was pretrained here, counts on a board.

The data of a run have a digest, which changes with the images, the labels and the split. Runs of two digests had other test
images, or networks that have seen other images, and are not to be compared.
"""

import numpy as np
import pandas as pd

from results.board.request import Selection, runs_of_selection

WHAT = "version of its data or split"


def of_one_version(cells: pd.DataFrame, frame: pd.DataFrame, selection: Selection | None) -> tuple[pd.DataFrame, list[str]]:
    """The cells of one version of each target and source, and a note for each one of which runs are left out.

    The plan's version counts if it is known and a run of it is finished, else the version of the newest finished run. Cells
    whose version is not known stay. `frame`: all runs of the experiment, with the pretrainings.
    """
    wanted = selection.data if selection is not None else {}
    rows, notes = cells.reset_index(drop=True), list[str]()  # a frame of several experiments may name a row twice
    keep, finished = np.ones(len(rows), dtype=bool), (rows["status"] == "FINISHED").to_numpy()
    for column, versions in (("target", rows.get("data")), ("source", _origins(rows, frame))):
        if versions is None:
            continue
        for name, own in versions[versions.notna()].groupby(rows[column]):
            counts = own[(finished & keep)[own.index]]
            if counts.empty:
                continue
            plans = wanted.get(str(name)) if column == "target" else None
            newest = counts[rows.loc[counts.index, "started"].astype(float).idxmax()]
            chosen = plans if plans in set(counts) else newest
            keep[own.index[own != chosen]] = False
            number = int((counts != chosen).sum())
            if number:
                runs = "1 run is" if number == 1 else f"{number} runs are"
                notes.append(f"{name}: {runs} left out, because another {WHAT} was used")
            if plans is not None and chosen != plans:
                notes.append(f"{name}: the runs are of another {WHAT} than the plan's; `cats run` makes them again")
    return cells[keep], notes


def scores_of_one_version(frame: pd.DataFrame, selection: Selection | None) -> tuple[pd.DataFrame, list[str]]:
    """The runs without scores of another version of a target than that of the cells on the board, and a note for each target.

    Scores whose version is not known, as those of imported runs, stay, and so do scores of a target without a finished cell.
    `frame`: all runs of the experiment.
    """
    if not len(frame) or "data" not in frame:
        return frame, []
    runs = runs_of_selection(frame, selection)
    cells = runs[(runs["kind"] == "cell") & (runs["status"] == "FINISHED")]
    shown = of_one_version(cells, frame, selection)[0].dropna(subset=["data"])
    chosen = frame["target"].map(dict(zip(shown["target"], shown["data"], strict=True)))
    other = (frame["kind"] == "score") & frame["data"].notna() & chosen.notna() & (frame["data"] != chosen)
    notes = []
    for name, number in frame.loc[other & (frame["status"] == "FINISHED"), "target"].value_counts(sort=False).items():
        scores = "the scores of 1 pair are" if number == 1 else f"the scores of {number} pairs are"
        notes.append(f"{name}: {scores} left out, because another {WHAT} was used than for the runs on the board")
    return frame[~other], notes


def _origins(cells: pd.DataFrame, frame: pd.DataFrame) -> pd.Series | None:
    """The digests of the data of all pretrainings that each cell starts from, as one text; None where it starts from none."""
    if "data" not in frame or "pretraining" not in cells:
        return None
    made = frame[(frame["kind"] == "pretraining") & frame["data"].notna()]
    data = dict(zip(made["key"], made["data"], strict=True))
    before = dict(zip(made["key"], made["pretraining"], strict=True))

    def origin(key: object) -> str | None:
        chain = []
        while isinstance(key, str):
            if key not in data:
                return None
            chain.append(str(data[key]))
            key = before.get(key)
        return " ".join(chain) or None

    known = {key: origin(key) for key in cells["pretraining"].unique()}
    return cells["pretraining"].map(known).astype(object)
