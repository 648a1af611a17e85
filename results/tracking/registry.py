"""MLflow's model registry: weights as two plain files of a run, and kept classifiers, found again by name and version.

Nothing here is a pickle: weights are a safetensors file with a small JSON beside it, without a flavour of MLflow; a classifier
is an MLflow model from code.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from results.error import CatsError, nearest
from results.text.hidden import shown
from results.tracking.artifacts import check_place, fetched, upload, upload_folder
from results.tracking.change_counter import absolute, is_missing
from results.tracking.connection import FAILURES, engine_address, quiet, reach, reason_of
from results.tracking.uri import check

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
REFERENCE = re.compile(rf"models:/({NAME.pattern})/([0-9]+)")
FOLDER, WEIGHTS, FACTS = "weights", "weights.safetensors", "weights.json"


@dataclass(frozen=True)
class Version:
    """One version of a registered model, with the tags it has on the server and the run that holds its files."""

    name: str
    number: str
    run_id: str
    tags: Mapping[str, str]

    def __str__(self) -> str:
        return f"models:/{self.name}/{self.number}"


class Registry:
    """The model registry of one MLflow server. Raises CatsError, in one sentence, if the server cannot be used."""

    def __init__(self, uri: str) -> None:
        quiet()
        check(uri)
        self.uri, self.shown = absolute(uri), shown(uri)
        if is_missing(self.uri):
            raise CatsError(
                f"there is no database {self.shown}; give the address of the MLflow server with --tracking-uri "
                "or MLFLOW_TRACKING_URI"
            )
        try:
            reach(self.uri)
            address = engine_address(self.uri)
            self.client = MlflowClient(tracking_uri=address, registry_uri=address)
        except (*FAILURES, ValueError) as error:
            raise CatsError(f"MLflow at {self.shown} cannot be used: {reason_of(error)}") from error

    def version(self, reference: str) -> Version:
        """The version that `models:/NAME/VERSION` names. Raises CatsError if it is not there."""
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise CatsError(f"'{reference}' is not a version of a registered model; write models:/NAME/VERSION")
        name, number = match.groups()
        try:
            return _version(self.client.get_model_version(name, number))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise CatsError(f"MLflow at {self.shown} could not look up {reference}: {reason_of(error)}") from error
        try:
            versions, names = sorted(int(each.number) for each in self.versions(name)), self.names()
        except MlflowException as error:
            raise CatsError(f"MLflow at {self.shown} could not look up {reference}: {reason_of(error)}") from error
        if versions:
            raise CatsError(
                f"MLflow at {self.shown} has no {reference}; the versions there are {', '.join(map(str, versions))}"
            )
        raise CatsError(f"MLflow at {self.shown} has no registered model '{name}'{nearest(name, names)}")

    def names(self) -> list[str]:
        """The registered models."""
        return [str(model.name) for model in self.client.search_registered_models()]

    def versions(self, name: str) -> list[Version]:
        """Every version of a model; empty if there is no such model."""
        return [_version(each) for each in self.client.search_model_versions(f"name = '{name}'")]

    def run_of(self, key: str, kind: str = "pretraining") -> str | None:
        """The finished run, in any experiment, that made the pretraining or cell with this key."""
        try:
            places = [each.experiment_id for each in self.client.search_experiments()]
            condition = f"tags.`cats.key` = '{key}' and tags.`cats.kind` = '{kind}' and attributes.status = 'FINISHED'"
            runs = self.client.search_runs(places, condition, max_results=1)
        except MlflowException as error:
            raise CatsError(f"MLflow at {self.shown} cannot be used: {reason_of(error)}") from error
        return str(runs[0].info.run_id) if runs else None

    def publish(self, name: str, run_id: str, weights: Path, facts: str, tags: Mapping[str, str]) -> Version:
        """Store weights and facts (JSON) in a run and register them. The same key under the same name is published once.

        Raises CatsError if MLflow refuses, or if the files of the run lie, or would lie, at a place that is not trusted.
        """
        _check_name(name)
        try:
            old = self._published(name, "cats.key", tags)
            if old is not None:
                return old
            with tempfile.TemporaryDirectory() as folder:
                for file, content in ((WEIGHTS, weights), (FACTS, facts)):
                    path = Path(folder) / file
                    path.write_text(content, encoding="utf-8") if isinstance(content, str) else shutil.copyfile(content, path)
                    upload(self.uri, self._artifacts(run_id), path, FOLDER)
            self._register(name)
            made = self.client.create_model_version(name, f"runs:/{run_id}/{FOLDER}", run_id, tags=dict(tags))
        except FAILURES as error:
            raise CatsError(
                f"MLflow at {self.shown} could not store the weights {name}: {reason_of(error, model=name)}"
            ) from error
        return _version(made)

    def publish_folder(self, name: str, run_id: str, folder: Path, tags: Mapping[str, str]) -> Version:
        """Store an MLflow model in a run and register it. The same tag `cats.manifest` under the same name is published once.

        Raises CatsError if MLflow refuses, or if the files of the run lie, or would lie, at a place that is not trusted.
        """
        _check_name(name)
        try:
            old = self._published(name, "cats.manifest", tags)
            if old is not None:
                return old
            place = f"classifier-{tags['cats.manifest'][:12]}"  # a classifier that was kept in another way replaces none
            upload_folder(self.uri, self._artifacts(run_id), folder, place)
            self._register(name)
            made = self.client.create_model_version(name, f"runs:/{run_id}/{place}", run_id, tags=dict(tags))
        except FAILURES as error:
            raise CatsError(
                f"MLflow at {self.shown} could not store the classifier {name}: {reason_of(error, model=name)}"
            ) from error
        return _version(made)

    def _published(self, name: str, tag: str, tags: Mapping[str, str]) -> Version | None:
        """The version of this name with an equal tag; None if there is none. Raises CatsError if its place is not trusted."""
        old = next((each for each in self.versions(name) if each.tags.get(tag) == tags[tag]), None)
        if old is not None:
            check_place(self.uri, self._artifacts(old.run_id))
        return old

    def _register(self, name: str) -> None:
        try:
            self.client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def download(self, version: Version, folder: Path) -> Path:
        """Download the weights of a version, and nothing else, into a folder; the file gets our name, not the server's.

        Raises CatsError if they cannot be had, or if what comes does not lie in the folder.
        """
        try:
            return fetched(self.uri, self._artifacts(version.run_id), f"{FOLDER}/{WEIGHTS}", folder)
        except FAILURES as error:
            raise CatsError(f"the weights of {version} could not be fetched from {self.shown}: {reason_of(error)}") from error

    def _artifacts(self, run_id: str) -> str:
        return str(self.client.get_run(run_id).info.artifact_uri)


def _check_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise CatsError(f"a registered model cannot be called '{name}'; letters, digits and _ . - are allowed")


def _version(model: ModelVersion) -> Version:
    tags: Any = model.tags
    return Version(str(model.name), str(model.version), str(model.run_id or ""), dict(tags))
