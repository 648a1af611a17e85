"""Predictions of runs, fetched from MLflow once and cached beside the snapshot of their experiment."""

import io
import json
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from results.error import CatsError
from results.files.sealed import read_note, write_note
from results.record import PREDICTIONS
from results.text.counting import counted
from results.text.hidden import shown
from results.tracking.artifacts import PlaceError, check_place, local_folder
from results.tracking.prediction_check import checked
from results.tracking.prediction_file import read_predictions, write_predictions
from results.tracking.run_names import Key, RunNames
from results.tracking.snapshot import file_of

if TYPE_CHECKING:
    from results.statistics.influence import Runs, Shares, TestImageInfluence
    from results.tracking.experiment import Experiment

log = logging.getLogger(__name__)
RUN_ID = re.compile(r"[A-Za-z0-9_-]+")
VERSION = 1  # of what influence.shares_of_target computes
KEPT = 256  # tables of predictions that one reader keeps in memory


def predictions_of(
    uri: str, experiment: str, folder: Path, name: str = PREDICTIONS, key: Key = lambda: None
) -> Callable[[str], pd.DataFrame | None]:
    """A function from run id to its predictions, one row per test image (see results.record.Outcome), or None.

    With VALIDATION_PREDICTIONS as `name`, one row per validation image; runs of older versions have none of these.

    The function raises OddRunError if the predictions of a run are damaged, and CatsError if MLflow cannot be used.

    The files of a run that is in the snapshot below `folder` are read in place if they are on this machine. Files of a server
    are fetched once and cached beside the snapshot; the answer None is not cached.

    `key`: gives the key of this machine, with which names become digests (results.text.identifiers). Runs of older versions
    have plain names; these are made digests here if other runs of the same target have digests of this key, so that the
    images of both can be paired.
    """
    snapshot = file_of(folder, uri, experiment)
    place = snapshot.parent / Path(name).stem
    opened: list[Experiment] = []  # MLflow is imported when the first predictions have to be fetched

    names = RunNames(snapshot, key)

    def predictions(run_id: str) -> pd.DataFrame | None:
        table = stored(run_id)
        return None if table is None else names.alike(run_id, table)

    def stored(run_id: str) -> pd.DataFrame | None:
        if RUN_ID.fullmatch(run_id) is None:  # it becomes the name of a file
            raise CatsError(f"MLflow at {shown(uri)} calls a run '{run_id}', which is not a valid run id; the run is not read")
        here = _local(uri, names.place(run_id))
        cached = place / f"{run_id}.parquet"
        if here is not None:
            with suppress(FileNotFoundError):
                return checked(partial(read_predictions, here / name), run_id, shown(uri))
        known = read_note(cached, lambda content: read_predictions(io.BytesIO(content)))
        if known is not None:
            return known
        if not opened:
            opened.append(_experiment(uri, experiment, names.place(run_id)))
        table = opened[0].predictions(run_id, name)
        if table is not None and here is None:
            content = io.BytesIO()
            write_predictions(table, content)
            _keep(cached, content, f"the predictions of run {run_id}")
        return table

    return predictions


def of_trusted_places(
    read: Callable[[str], pd.DataFrame | None], say: Callable[[str], object]
) -> Callable[[str], pd.DataFrame | None]:
    """Like `read`, but None for a run of an experiment whose place is not trusted; `say` gets one sentence about the first."""
    once = _once(say)

    def predictions(run_id: str) -> pd.DataFrame | None:
        try:
            return read(run_id)
        except PlaceError as refused:
            once(str(refused))
            return None

    return predictions


def _once(say: Callable[[str], object]) -> Callable[[str], None]:
    """A function that passes only its first sentence on: those about other runs differ in the name of the run alone."""
    said: list[str] = []

    def once(sentence: str) -> None:
        if not said:
            said.append(sentence)
            say(sentence)

    return once


def _experiment(uri: str, experiment: str, address: str | None) -> "Experiment":
    """The experiment, to read from. If the server cannot be used, a place that is not trusted is the better reason."""
    from results.tracking.experiment import Experiment

    try:
        return Experiment(uri, experiment, create=False)
    except CatsError:
        if address is not None:
            check_place(uri, address)
        raise


def _local(uri: str, address: str | None) -> Path | None:
    """The folder of the artifacts of a run if it is on this machine and its place is trusted."""
    try:
        return local_folder(uri, address) if address else None
    except PlaceError:
        return None


def images_of(uri: str, experiment: str, folder: Path, *, fresh: bool = False, key: Key = lambda: None) -> "TestImageInfluence":
    """Like influence.shares_of_target, for the runs of an experiment; caches the last answer of each target below `folder`.

    The runs have ended, so their predictions do not change; `fresh` reads the predictions again all the same. If the place of
    an experiment is not trusted, nothing is read from there, which is logged once and not cached. `key`: see predictions_of.
    """
    from results.metrics import metric_of
    from results.statistics.influence import shares_of_target
    from results.statistics.pairing import KEYS, MIXED

    place = file_of(folder, uri, experiment).parent / "images"
    read = lru_cache(maxsize=KEPT)(predictions_of(uri, experiment, folder, key=key))  # each metric asks for the same runs
    once = _once(log.warning)

    def images(name: str, metric: str, runs: "Runs") -> "Shares":
        digest = sha256(json.dumps([VERSION, metric, {s: list(ids) for s, ids in runs.items()}]).encode()).hexdigest()
        file = place / f"{sha256(json.dumps([name, metric]).encode()).hexdigest()[:16]}.npz"
        stored = None if fresh else read_note(file, _arrays)
        if stored is not None and str(stored["asked"]) == digest:
            return (stored["images"], None) if "images" in stored else (None, str(stored["why"]))
        try:
            with counted(f"reading predictions of {name}", 0, sum(map(len, runs.values())), "runs") as count:
                asked = set[str]()

                def one(run_id: str) -> pd.DataFrame | None:
                    table = read(run_id)
                    asked.add(run_id)
                    count(len(asked))
                    return table

                shares, reason = shares_of_target(metric, metric_of(metric).influence_of, runs, one)
        except PlaceError as refused:
            once(str(refused))
            return None, "not every run has predictions that can be read"
        if reason in {KEYS, MIXED}:  # the key may be there next time
            return shares, reason
        content = io.BytesIO()
        np.savez(content, asked=digest, **({"why": reason} if shares is None else {"images": shares}))
        _keep(file, content, f"the influence of the test images of {name}")
        return shares, reason

    return images


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return dict(stored)


def _keep(file: Path, content: io.BytesIO, what: str) -> None:
    try:
        write_note(file, content.getvalue(), what, durable=False)
    except CatsError as error:
        log.info("%s", error)
