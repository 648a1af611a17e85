"""What a choice has tried, read from the records of its experiment, in an order that does not depend on who reads them."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.choosing.policy import Arm, Trial
from results.cost.amount import Amount, add, amount_of
from results.record import Record
from results.tracking.cost_columns import unpacked

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Tried:
    """A cell that was tried: its trial, the key of the cell, and when its attempt began, in ms since 1970."""

    trial: Trial
    key: str
    started: int


def tried_in(
    frame: "pd.DataFrame | None", records: Iterable[Record], places: Mapping[str, tuple[Arm, int]]
) -> tuple[Tried, ...]:
    """The finished cells of a choice, one for each key, in the order in which they began.

    Args:
        frame: the runs of the experiment, see Experiment.frame.
        records: those that MLflow does not have yet, and those of attempts of this call that failed: a trial without a loss.
        places: key of a cell → its arm and seed; other runs of the experiment do not count.
    """
    found: dict[str, Tried] = {}
    for tried in [*_of_records(records, places), *_of_frame(frame, places)]:
        before = found.get(tried.key)
        if before is None or (before.trial.val_loss is None and tried.trial.val_loss is not None):
            found[tried.key] = tried
    return tuple(sorted(found.values(), key=lambda each: (each.started, each.key)))


def trials_of(tried: Sequence[Tried]) -> tuple[Trial, ...]:
    """The trials alone."""
    return tuple(each.trial for each in tried)


def others_in(frame: "pd.DataFrame | None", records: Iterable[Record], keys: Collection[str]) -> tuple[Amount, int]:
    """What runs of the experiment with other keys have cost, and how many of them are finished cells.

    An earlier call may have tried other sources, or settings of another prior.
    """
    kinds = {"cell", "pretraining"}
    waiting = [record for record in records if record.key not in keys and record.kind in kinds]
    costs = [[cost.model_dump() for cost in record.costs] for record in waiting]
    finished = {record.key for record in waiting if (record.kind, record.status) == ("cell", "finished")}
    if frame is not None and len(frame):
        begun = {(record.key, int(record.started * 1000)) for record in waiting}
        mine = frame[~frame["key"].isin(list(keys)) & frame["kind"].isin(kinds)]
        finished |= set(mine.loc[(mine["status"] == "FINISHED") & (mine["kind"] == "cell"), "key"])
        rows = zip(mine["key"], mine["started"], unpacked(mine["costs"]), strict=True)
        costs += [each for key, started, each in rows if (key, int(started)) not in begun]
    return add(amount_of(part) for each in costs for part in each), len(finished)


def _of_frame(frame: "pd.DataFrame | None", places: Mapping[str, tuple[Arm, int]]) -> Iterable[Tried]:
    if frame is None or not len(frame):
        return
    mine = frame[frame["key"].isin(list(places)) & (frame["kind"] == "cell") & (frame["status"] == "FINISHED")]
    losses = mine["val_loss"] if "val_loss" in mine else [None] * len(mine)
    rows = zip(mine["key"], mine["started"], losses, unpacked(mine["costs"]), strict=True)
    for key, started, loss, costs in rows:
        yield Tried(_trial(places[key], loss, costs), key, int(started))


def _of_records(records: Iterable[Record], places: Mapping[str, tuple[Arm, int]]) -> Iterable[Tried]:
    for record in records:
        if record.kind == "cell" and record.key in places and record.status in {"finished", "failed"}:
            loss = record.validation.get("val_loss") if record.status == "finished" else None
            costs = [cost.model_dump() for cost in record.costs]
            yield Tried(_trial(places[record.key], loss, costs), record.key, int(record.started * 1000))


def _trial(place: tuple[Arm, int], loss: float | None, costs: Sequence[Mapping[str, Any]]) -> Trial:
    arm, seed = place
    total = add(map(amount_of, costs)) if costs else Amount()
    val_loss = float(loss) if loss is not None and math.isfinite(loss) else None  # as a replay reads a loss that is no number
    return Trial(arm, seed, val_loss, total.kwh, total.seconds / 3600 or None)
