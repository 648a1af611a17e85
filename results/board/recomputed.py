"""Scores of a metric that is younger than some runs, from the predictions that these runs left."""

import numpy as np
import pandas as pd

from results.board.imported import imported
from results.board.request import RunQuery, runs_of_selection
from results.error import OddRunError
from results.metrics import METRICS
from results.statistics.influence import ReadPredictions, run_predictions
from results.text.counts import how_many
from results.tracking.frame import with_sentence


def with_recomputed(frame: pd.DataFrame, query: RunQuery, read: ReadPredictions) -> pd.DataFrame:
    """The frame with the metric of the query for all runs of the query whose predictions give it.

    Runs without predictions, or with damaged ones, stay without it; a sentence counts them (tracking.frame.left_out).
    The frame itself is returned if the metric is not one that boards recompute, or every run has it.
    """
    metric, column = METRICS.get(query.metric), f"test_{query.metric}"
    if metric is None or not metric.recomputed or not len(frame):
        return frame
    cells = runs_of_selection(frame, query.selection)
    cells = cells[(cells["kind"] == "cell") & (cells["status"] == "FINISHED") & ~imported(cells)]
    lacking = cells if column not in cells else cells[cells[column].isna()]
    if not len(lacking):
        return frame
    values = {place: _score(str(run_id), query.metric, read) for place, run_id in lacking["run_id"].items()}
    known = {place: value for place, value in values.items() if np.isfinite(value)}
    filled = frame.copy()
    if known:
        old = frame[column] if column in frame else pd.Series(np.nan, index=frame.index)
        filled[column] = old.astype(float).fillna(pd.Series(known, dtype=float))
    without = len(values) - len(known)
    if without:
        runs = how_many(without, "finished run was", "finished runs were")
        have, they = ("has", "it does") if without == 1 else ("have", "they do")
        sentence = (
            f"{runs} made before there was the metric {query.metric} and {have} no predictions that give it; {they} not count"
        )
        filled = with_sentence(filled, sentence)
    return filled


def _score(run_id: str, metric: str, read: ReadPredictions) -> float:
    try:
        predictions = run_predictions(run_id, read)
    except OddRunError:
        return float("nan")
    return float("nan") if predictions is None else METRICS[metric].of(predictions)
