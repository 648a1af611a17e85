"""How long the rest of a plan may take, from the cells of the same experiment that are finished."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark import catalogue
from benchmark.cell import Cell
from benchmark.start import chain, pretrained_path
from results.error import CatsError
from results.spent import unpacked


def absent(todo: Sequence[Cell]) -> list[str]:
    """What stands in the way of `cats run`: data that are not on this machine, one sentence each."""
    wanted = {cell.target: catalogue.target(cell.target).dataset for cell in todo}
    for cell in todo:
        for start in chain(cell.start):
            dataset = catalogue.source(start.source).dataset
            if dataset is not None and not pretrained_path(start).exists():
                wanted[start.source] = dataset
    sentences = []
    for name, dataset in wanted.items():
        try:
            dataset.folder()
        except CatsError as error:
            sentences.append(f"{name}: {error}")
    return sentences


def pretrainings_of(todo: Sequence[Cell]) -> list[str]:
    """One sentence for each pretraining that has to come before the cells."""
    needed = {start.key: start for cell in todo for start in reversed(chain(cell.start)) if start.recipe is not None}
    return [
        f"first comes a pretraining: {start.source}, {start.backbone}, {start.recipe.size} pixels, {start.recipe.epochs} epochs"
        for start in needed.values()
        if start.recipe is not None and not pretrained_path(start).exists()
    ]


UNKNOWN = "time and energy are unknown until a cell with the same backbone, size and protocol has finished"


def forecast(todo: Sequence[Cell], frame: pd.DataFrame | None) -> str:
    """A sentence with seconds and kWh of the cells in `todo`; pretraining is not in it.

    A cell is expected to take what finished cells of its backbone, size and protocol took (median), scaled by epochs.
    """
    if frame is None or not len(frame):
        return UNKNOWN
    past = frame[(frame["status"] == "FINISHED") & (frame["kind"] == "cell")]
    seconds, kwh, known = 0.0, 0.0, 0
    for cell in todo:
        like = past[
            (past["backbone"] == cell.backbone)
            & (past["size"] == str(cell.recipe.size))
            & (past["protocol"] == cell.recipe.protocol)
        ]
        same_target = like[like["target"] == cell.target]
        like = same_target if len(same_target) else like
        if not len(like):
            continue
        known += 1
        scale = (
            cell.recipe.epochs / np.maximum(like["epochs_run"].astype(float), 1) if cell.recipe.protocol == "finetune" else 1.0
        )
        times = unpacked(like["costs"]).map(lambda costs: sum(cost["seconds"] for cost in costs))
        seconds += float((times * scale).median())
        kwh += float((like["kwh"].astype(float) * scale).median())
    if not known:
        return UNKNOWN
    covered = "" if known == len(todo) else f" for {known} of them; nothing is known of the others"
    energy_text = "energy unknown" if np.isnan(kwh) else f"about {kwh:.3g} kWh"
    return f"expected: about {seconds:.0f} seconds, {energy_text}{covered} (medians of finished cells, without pretraining)"
