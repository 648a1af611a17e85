"""Reads the runs of an experiment for all commands, from a snapshot under CATS_HOME that is updated first."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmark.core.identifier_key import key_that_exists
from benchmark.core.paths import outbox_folder, snapshots_folder
from results.error import NoExperimentError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from results.record import Outcome
    from results.statistics.influence import TestImageInfluence
    from results.tracking.experiment import Experiment
    from results.tracking.outbox import Outbox


def frame_of(tracking: "Experiment", *, fresh: bool = False) -> "pd.DataFrame":
    """Return the runs as `tracking.frame()` does. `fresh` reads every run again, see results.tracking.snapshot."""
    from results.tracking.snapshot import frame_of as snapshot_frame

    return snapshot_frame(tracking, snapshots_folder(), fresh=fresh)


def runs_of(uri: str, experiment: str, *, fresh: bool = False) -> "pd.DataFrame":
    """Return the runs of an existing experiment. Does not load MLflow if its database has not changed since the last call.

    Raises CatsError if there is no such experiment, or if MLflow cannot be used.
    """
    from results.tracking.snapshot import unchanged

    snapshot = None if fresh else unchanged(snapshots_folder(), uri, experiment)
    if snapshot is not None:
        return snapshot
    from results.tracking.experiment import Experiment

    return frame_of(Experiment(uri, experiment, create=False), fresh=fresh)


def is_new(uri: str, experiment: str) -> bool:
    """Return whether there is no such experiment yet. Raises CatsError if MLflow cannot be used."""
    from results.tracking.change_counter import is_missing
    from results.tracking.experiment import Experiment

    if is_missing(uri):
        return True
    try:
        Experiment(uri, experiment, create=False)
    except NoExperimentError:
        return True
    return False


def finished_keys(tracking: "Experiment") -> set[str]:
    """Return the keys of the finished runs of an experiment; these keys need no further attempt."""
    return finished_in(frame_of(tracking))


def finished_in(frame: "pd.DataFrame") -> set[str]:
    """Return the keys of the finished runs in a frame (see Experiment.frame)."""
    return set(frame.loc[frame["status"] == "FINISHED", "key"]) if len(frame) else set()


def read_of(uri: str, experiment: str) -> "Callable[[str], pd.DataFrame | None]":
    """Return a function from run id to predictions, see results.tracking.predictions.predictions_of."""
    from results.tracking.predictions import predictions_of

    return predictions_of(uri, experiment, snapshots_folder(), key=key_that_exists)


def validation_of(uri: str, experiment: str) -> "Callable[[str], pd.DataFrame | None]":
    """Return a function from run id to the predictions of its validation images; runs of older versions have none."""
    from results.record import VALIDATION_PREDICTIONS
    from results.tracking.predictions import predictions_of

    return predictions_of(uri, experiment, snapshots_folder(), VALIDATION_PREDICTIONS, key_that_exists)


def images_of(uri: str, experiment: str, *, fresh: bool = False) -> "TestImageInfluence":
    """Return the influence of each test image of a target on its runs, see results.tracking.predictions.images_of."""
    from results.tracking.predictions import images_of as cached_influence

    return cached_influence(uri, experiment, snapshots_folder(), fresh=fresh, key=key_that_exists)


def outbox_of(tracking_uri: str, experiment: str) -> "Outbox":
    """Return the outbox of one experiment of one server, which holds records until they are sent."""
    from results.tracking.outbox import Outbox

    return Outbox(_outbox_place(tracking_uri, experiment), _protected)


def waiting_for(tracking_uri: str, experiment: str) -> int:
    """Return how many records wait in the outbox of one experiment of one server. Makes no outbox where none is."""
    return outbox_of(tracking_uri, experiment).count if _outbox_place(tracking_uri, experiment).is_dir() else 0


def _outbox_place(tracking_uri: str, experiment: str) -> "Path":
    from results.files.digest import digest
    from results.tracking.uri import identity

    return outbox_folder() / digest([identity(tracking_uri), experiment])[:16]


def _protected(outcome: "Outcome") -> "Outcome":
    """See benchmark.execution.privacy.waiting_without_names; the import waits until a record is sent."""
    from benchmark.execution.privacy import waiting_without_names

    return waiting_without_names(outcome)
