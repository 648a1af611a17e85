"""The run of a target whose classifier a board recommends, and the predictions that it left."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from results.board.board import Board
from results.board.candidates import labels
from results.error import OddRunError
from results.evaluation.calibration import Temperature, apply_temperature, temperature_of
from results.record import Task
from results.statistics.influence import Predictions, ReadPredictions, parse_predictions


@dataclass(frozen=True)
class ChosenRun:
    """One run of the first source of a target.

    Attributes:
        source: as the board names it. tied: the sources that cannot be told apart from it.
        classes: names of the classes. test, validation: predictions; validation is None for runs of older versions.
        table: the predictions of the test images as they are stored, with attributes.
    """

    target: str
    source: str
    seed: str
    tied: list[str]
    classes: list[str]
    test: Predictions
    validation: Predictions | None
    table: pd.DataFrame

    @property
    def task(self) -> Task:
        """What stored predictions show of the task: several labels or one."""
        return "multilabel" if self.test.multilabel else "multiclass"

    @property
    def temperature(self) -> Temperature | None:
        """The temperature by the validation images; None if their predictions are not stored."""
        if self.validation is None:
            return None
        truth = self.validation.truth
        labels_of = truth if self.validation.multilabel else truth.argmax(axis=1)
        return temperature_of(self.task, labels_of, self.validation.probabilities)

    def calibrated(self, temperature: float) -> "ChosenRun":
        """This run with a temperature applied to its predictions of test and validation images."""
        test, validation = (
            each and replace(each, probabilities=apply_temperature(self.task, each.probabilities, temperature))
            for each in (self.test, self.validation)
        )
        return self if test is None else replace(self, test=test, validation=validation)


def lowest_loss(runs: pd.DataFrame) -> "pd.Series | None":
    """The run with the smallest validation loss, of equal ones that of the first seed; None if there is no run.

    Test images choose nothing. A run without a loss comes last.
    """
    loss = pd.to_numeric(runs["val_loss"]) if "val_loss" in runs else pd.Series(np.nan, index=runs.index)
    order = runs.assign(loss=loss).sort_values(["loss", "seed"]).index
    return runs.loc[order[0]] if len(order) else None


def chosen_run(
    board: Board, target: str, runs: pd.DataFrame, read: ReadPredictions, read_validation: ReadPredictions
) -> ChosenRun | str:
    """The run of the first source of a target with the smallest validation loss, or why there is none.

    Test images choose nothing. runs: those that count, see results.board.board.judged_runs.
    """
    rows = board.targets[target]
    source, tied = rows[0].source, [row.source for row in rows[1:] if row.tie == 1]
    here = runs.assign(label=labels(runs, runs["backbone"].nunique() > 1))
    here = here[(here["target"] == target) & (here["label"] == source) & here["leaks"].isna()]
    run = lowest_loss(here)
    if run is None:
        return f"{source} has no run that counts"
    run_id, seed = str(run["run_id"]), str(run["seed"])
    try:
        table, validation = read(run_id), read_validation(run_id)
        if table is None:
            return f"the run of {source} with seed {seed} has no stored predictions"
        test = parse_predictions(table)
        chosen_on = None if validation is None else parse_predictions(validation)
        if not all(np.isfinite(each.probabilities).all() for each in (test, chosen_on) if each is not None):
            return f"the run of {source} with seed {seed} has predictions that are not finite"
        if chosen_on is not None and (test.multilabel, test.truth.shape[1]) != (chosen_on.multilabel, chosen_on.truth.shape[1]):
            return f"the run of {source} with seed {seed} has other classes in its predictions of validation images"
    except (OddRunError, ValueError, TypeError) as error:
        return str(error)
    names = [name.removeprefix("probability_") for name in map(str, table) if name.startswith("probability_")]
    return ChosenRun(target, source, seed, tied, names, test, chosen_on, table)
