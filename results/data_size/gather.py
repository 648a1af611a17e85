"""The runs behind curves over the number of training images: those that the board of each number shows."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from results.board.board import cells_of, judged_runs, require_one_protocol
from results.board.candidates import apart_notes
from results.board.notes import attempt_notes, precision_notes, rule_notes
from results.board.request import RunQuery
from results.board.sizes import (
    PER_CLASS,
    TRAIN,
    DataSize,
    counts_each_class,
    images_text,
    in_order,
    size_of,
    size_text,
    sizes_in,
)
from results.board.standings import oriented
from results.board.versions import frame_of_one_version
from results.error import CatsError

LIST = "subsample: {train: [25, 50, 100, all]}"
IMAGES = "images_train"  # the column with the number of training images that a run has used


def gather(frame: pd.DataFrame, query: RunQuery) -> tuple[pd.DataFrame, list[str]]:
    """The runs that count at each number of training images, without leaking pairs, and the notes of a board about all of them.

    Columns: target, seed, source (as the board names it), value (higher is better), run_id, plain (the name of the source
    alone), backbone, size (the number as a plan states it), images (how many these are, on average over the runs) and
    subsample.per_class (whether the number is one of each class).
    Raises CatsError if there is no run, or if fewer than two numbers of training images have any.
    """
    runs, notes = _judged(frame, query)
    for source, target in runs.loc[runs["leaks"].notna(), ["source", "target"]].drop_duplicates().to_numpy():
        notes.append(f"{source} → {target} is left out, because they share images")
    more = {"plain": runs["source"], "images": _images(runs), "backbone": runs["backbone"], "size": runs["size"]}
    table = oriented(runs, query.metric).assign(**more, **{PER_CLASS: counts_each_class(runs)})[runs["leaks"].isna()]
    for size in sorted(set(table.loc[table["images"].isna(), "size"])):
        notes.append(f"how many images {size} training images are is not recorded, so that they are left out")
    return _one_size_each(table.dropna(subset=["images"]), notes), notes


def _judged(frame: pd.DataFrame, query: RunQuery) -> tuple[pd.DataFrame, list[str]]:
    """The runs that count at each number, with the number, and what was left out."""
    # Of all numbers together: each alone may have another newest version.
    frame, notes = frame_of_one_version(frame, query.of_every_size.selection)
    parts, absent, attempts = list[pd.DataFrame](), list[CatsError](), list[pd.DataFrame]()
    sizes = _sizes(frame, query)
    if not sizes:
        judged_runs(frame, query)  # raises the error that says so if there is no run at all
    for size in sizes:
        cells = cells_of(frame, query.of_size(size))[0]
        attempts.append(cells)
        try:
            parts.append(judged_runs(frame, query.of_size(size)).assign(size=size_text(size)))
        except CatsError as error:
            absent.append(error)
            images, finished = images_text(size, per_class=counts_each_class(cells)), (cells["status"] == "FINISHED").any()
            notes.append(f"{images} are left out: {error}" if finished else f"no cell with {images} is finished yet")
    if absent and not parts:
        raise absent[-1]
    if len(parts) < 2:
        raise CatsError(f"{_few(query)}, and a curve needs two; a plan states several as `{LIST}`")
    return pd.concat(parts, ignore_index=True), [*notes, *_board_notes(pd.concat(attempts), pd.concat(parts), query)]


def _few(query: RunQuery) -> str:
    """Why there is no curve."""
    if query.selection is not None and len(query.selection.sizes) < 2:
        return "the plan states one number of training images"
    return f"experiment '{query.experiment}' has finished cells of one number of training images, or of none that is recorded"


def _board_notes(attempts: pd.DataFrame, runs: pd.DataFrame, query: RunQuery) -> list[str]:
    """What a board says about its runs, here about those of all numbers."""
    every = None if query.selection is None else replace(query.selection.of_every_size, sizes={})
    ranked = runs[runs["leaks"].isna()]
    return [*rule_notes(runs, query.rule), *apart_notes(ranked), *precision_notes(ranked), *attempt_notes(attempts, every)]


def _sizes(frame: pd.DataFrame, query: RunQuery) -> Sequence[DataSize]:
    """The numbers of training images of the plan, or of the finished runs of the experiment."""
    if query.selection is not None:
        return in_order(set(query.selection.sizes))
    cells = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")] if len(frame) else frame
    require_one_protocol(cells, query.experiment, besides=TRAIN)
    return sizes_in(cells)


def _images(runs: pd.DataFrame) -> pd.Series:
    """How many training images the runs of a target have used on average, at each number that a plan states.

    Where runs do not record it, as imported ones, the number that the plan states.
    """
    used = pd.to_numeric(runs[IMAGES]) if IMAGES in runs else pd.Series(float("nan"), index=runs.index)
    stated = pd.to_numeric(runs["size"], errors="coerce")
    return used.groupby([runs["target"], runs["size"]]).transform("mean").fillna(stated)


def _one_size_each(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """The table without numbers of a target that are the same images as another one, as all of them and a large number."""
    keep = pd.Series(data=True, index=table.index)
    for target, here in table.groupby("target"):
        places = here.groupby("size")["images"].first()
        ordered = sorted(places.index, key=lambda size: (size_of(size) is None, size_of(size) or 0))
        for place, size in enumerate(ordered):
            if any(places[size] == places[before] for before in ordered[:place]):
                notes.append(f"{target}: {size} training images are the same images as a smaller number, and are left out")
                keep[here.index[here["size"] == size]] = False
    return table[keep]
