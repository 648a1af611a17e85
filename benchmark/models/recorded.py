"""Reads what the record of a cell says from MLflow."""

import json

from benchmark.models.choice import Chosen
from benchmark.models.keep import Recorded
from results.error import CatsError
from results.record import Cost
from results.tracking.connection import FAILURES, reason_of
from results.tracking.experiment import Experiment

PREFIX = "cats."


def recorded_of(uri: str, experiment: str, chosen: Chosen) -> Recorded:
    """The record of a run. Raises CatsError if MLflow fails, or if the run was imported or has no predictions."""
    run_id = str(chosen.run["run_id"])
    tracking = Experiment(uri, experiment, create=False)
    try:
        run = tracking.client.get_run(run_id)
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} cannot be read: {reason_of(error, tracking.name)}") from error
    tags = {name.removeprefix(PREFIX): value for name, value in run.data.tags.items() if name.startswith(PREFIX)}
    predictions = tracking.predictions(run_id)
    if predictions is None:
        raise CatsError(
            f"run {run_id} has no predictions that the network could be compared with; imported runs and runs of early "
            "versions cannot be kept"
        )
    scores = {name.removeprefix("test_"): value for name, value in run.data.metrics.items() if name.startswith("test_")}
    costs = tuple(Cost.model_validate(each) for each in json.loads(str(chosen.run["costs"])))
    return Recorded(tags, scores, predictions, costs, chosen.notes, chosen.metric)
