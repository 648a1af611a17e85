"""One MLflow experiment: find it or create it, and read its runs."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException

from results.error import CatsError, NoExperimentError, OddRunError, first_of, near_name
from results.record import PREDICTIONS
from results.text.hidden import shown
from results.text.plain import storable
from results.tracking.artifacts import PlaceError, check_place, fetched, local_folder, repository
from results.tracking.change_counter import absolute
from results.tracking.client import Client
from results.tracking.connection import FAILURES, engine_address, quiet, reach, reason_of
from results.tracking.database import make_database
from results.tracking.frame import frame_of_runs
from results.tracking.gc_pause import uncollected
from results.tracking.prediction_check import checked
from results.tracking.prediction_file import read_predictions
from results.tracking.uri import WEB, check, scheme

PAGE = 1000
OWN_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"  # a variable of MLflow, which names another root of artifacts than ./mlruns


class Experiment:
    """One experiment on one tracking server, to read from; `tracking.writer` writes to it.

    Made once, before any work starts. With `create` the database and the experiment exist afterwards; without it an experiment
    that is not there raises NoExperimentError.

    Raises:
        CatsError: in one sentence, if the server cannot be reached or the experiment was deleted.
    """

    # MLflow shows runs that were trained first, not the traces of an agent; older versions of MLflow 3 read this tag.
    KIND_TAGS: ClassVar = {"mlflow.experimentKind": "custom_model_development"}

    def __init__(self, uri: str, name: str, *, create: bool = True) -> None:
        quiet()
        check(uri)
        self.uri, self.name = absolute(uri), storable(name)
        self.shown = shown(uri)
        self.parent: str | None = None  # the run below which MLflow shows new runs, see results.tracking.plan_run.fold
        try:
            reach(self.uri)
            make_database(self.uri, MlflowClient)
            self.client = Client(tracking_uri=engine_address(self.uri))
            existing = self.client.get_experiment_by_name(self.name)
            if existing is None and not create:
                raise NoExperimentError(f"no experiment '{name}' on {self.shown}{self._others(name)}")
            if existing is not None and existing.lifecycle_stage != "active":
                raise CatsError(
                    f"experiment '{name}' on {self.shown} was deleted; restore the experiment in MLflow, or choose another name"
                )
            self.experiment_id = str(existing.experiment_id if existing else self._created())
            if create:  # a process that will write must know before it starts that the artifacts go to a trusted place
                check_place(self.uri, str((existing or self.client.get_experiment(self.experiment_id)).artifact_location))
        except (*FAILURES, ValueError) as error:
            raise CatsError(f"MLflow at {self.shown} cannot be used: {reason_of(error, self.name)}") from error

    def _created(self) -> str:
        try:
            place = None if scheme(self.uri) in WEB else _place_here()
            return str(self.client.create_experiment(self.name, place, dict(self.KIND_TAGS)))
        except MlflowException as error:  # another process may have created the experiment meanwhile
            existing = self.client.get_experiment_by_name(self.name)
            if existing is None or error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return str(existing.experiment_id)

    def _others(self, name: str) -> str:
        """The end of a sentence about an experiment that is not there: the nearest one, else the first ones."""
        names = [e.name for e in self.client.search_experiments() if e.experiment_id != "0"]  # which MLflow has made, empty
        near = near_name(name, names)
        return f"; there are {first_of(names) or 'none'}" if near is None else f"; did you mean '{near}'?"

    def created(self) -> int | None:
        """When the experiment was created, ms since 1970. Raises CatsError if MLflow fails or the experiment is gone."""
        try:
            return self.client.get_experiment(self.experiment_id).creation_time
        except FAILURES as error:
            raise CatsError(f"MLflow at {self.shown} cannot be read: {reason_of(error, self.name)}") from error

    def runs(self, condition: str = "", view: int = ViewType.ACTIVE_ONLY) -> Iterator[Run]:
        """All runs of the experiment that meet an MLflow filter, page by page. Raises CatsError if MLflow fails."""
        token = None
        while True:
            page, token = self.page(token, PAGE, condition, view)
            yield from page
            if not token:
                return

    def page(self, token: str | None, size: int, condition: str = "", view: int = ViewType.ALL) -> tuple[list[Run], str | None]:
        """Up to `size` runs from a page token on, in the order of their start, and the token of what follows if any does."""
        order = ["attributes.start_time"]
        try:
            with uncollected():
                page = self.client.search_runs([self.experiment_id], condition, view, size, order, token)
        except FAILURES as error:
            raise CatsError(f"MLflow at {self.shown} cannot be read: {reason_of(error, self.name)}") from error
        token = page.token.decode() if isinstance(page.token, bytes) else page.token
        return list(page), token or None

    def predictions(self, run_id: str, name: str = PREDICTIONS) -> pd.DataFrame | None:
        """What a run said of every test image, or with VALIDATION_PREDICTIONS as `name` of every validation image; None if it
        left nothing.

        Raises OddRunError if the run is gone, its place is not trusted or its predictions are damaged; CatsError if MLflow
        fails.
        """
        artifacts = None
        try:
            artifacts = str(self.client.get_run(run_id).info.artifact_uri)
            here = local_folder(self.uri, artifacts)
            if here is not None:  # MLflow copies a file of this machine in ten times the time of reading it
                file = here / name
                return checked(partial(read_predictions, file), run_id, self.shown) if file.exists() else None
            if not any(file.path == name for file in repository(self.uri, artifacts).list_artifacts()):
                return None
            with tempfile.TemporaryDirectory() as folder:
                file = fetched(self.uri, artifacts, name, Path(folder))
                return checked(partial(read_predictions, file), run_id, self.shown)
        except PlaceError as error:
            if self._is_elsewhere(artifacts):
                raise OddRunError(run_id, str(error)) from error
            raise
        except (*FAILURES, ValueError) as error:
            if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
                raise OddRunError(run_id, f"it is not on {self.shown} any more") from error
            sentence = f"the predictions of run {run_id} cannot be read from {self.shown}: {reason_of(error, self.name)}"
            if self._is_elsewhere(artifacts):
                raise OddRunError(run_id, sentence) from error
            raise CatsError(sentence) from error

    def _is_elsewhere(self, artifacts: str | None) -> bool:
        """Whether the artifacts of some run lie at another place than those of all others. Raises CatsError if MLflow fails."""
        try:
            return artifacts is not None and not artifacts.startswith(
                str(self.client.get_experiment(self.experiment_id).artifact_location)
            )
        except FAILURES as error:
            raise CatsError(f"MLflow at {self.shown} cannot be read: {reason_of(error, self.name)}") from error

    def frame(self) -> pd.DataFrame:
        """The attempts at cells and pretrainings, one row each.

        Columns: run_id, status, key, kind, point, started; every param and metric; artifacts, their place; costs and reasons,
        JSON texts (cost_columns.unpacked); kwh, energy, cpu_seconds and busy_seconds, what is asked of the costs most
        (cost_columns.totals); environment, versions and hardware as JSON text.
        """
        return frame_of_runs(self.runs("tags.`cats.key` != ''"))


def _place_here() -> str | None:
    """A place for the artifacts of a new experiment where MLflow's own one would not be the working directory; else None.

    MLflow takes a path as a part of an address, where %41 means A, and ? and # begin something else.
    """
    here = Path.cwd()
    if OWN_ROOT in os.environ or not {"%", "?", "#"} & set(str(here)):
        return None
    return (here / "mlruns" / uuid.uuid4().hex).as_uri()
