"""Logs a comparison of new images to MLflow as a run of kind 'watch': figures only. It has no key: boards ignore it."""

import time
from collections.abc import Mapping
from contextlib import suppress

from mlflow.entities import Metric, Param, RunTag

from results.error import CatsError
from results.text.plain import LONGEST_NAME, plain, shortened
from results.tracking.connection import FAILURES, reason_of
from results.tracking.database import settle
from results.tracking.experiment import Experiment

KIND = "watch"


def log_watch(tracking: Experiment, params: Mapping[str, str], figures: Mapping[str, float]) -> str:
    """Log one call of `cats watch`. Returns the id of the run.

    Args:
        tracking: the experiment.
        params: what was compared with what: names of the classifier, never those of files.
        figures: numbers of images, p-values and effects.

    Raises:
        CatsError: if MLflow does not take them.
    """
    now = int(time.time() * 1000)
    run = None
    try:
        run = tracking.client.create_run(tracking.experiment_id, now, {"cats.kind": KIND}, KIND).info
        tracking.client.log_batch(
            run.run_id,
            [Metric(name, value, now, 0) for name, value in figures.items()],
            [Param(name, shortened(plain(value), LONGEST_NAME)) for name, value in params.items()],
            [RunTag("cats.changed", str(bool(figures.get("changed"))).lower())],
        )
        tracking.client.set_terminated(run.run_id, "FINISHED", now)
        settle(tracking.uri)
    except FAILURES as error:
        if run is not None:  # else a run that has ended would look like one that goes on
            with suppress(*FAILURES):
                tracking.client.set_terminated(run.run_id, "FAILED", now)
        raise CatsError(
            f"MLflow at {tracking.shown} could not store the comparison: {reason_of(error, tracking.name)}"
        ) from error
    return str(run.run_id)
