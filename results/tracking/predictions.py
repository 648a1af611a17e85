"""Predictions of runs, fetched from MLflow once and cached beside the snapshot of their experiment."""

import io
import json
import logging
import re
import zipfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from results.atomic import atomic_write
from results.error import CatsError
from results.hidden import shown
from results.record import PREDICTIONS
from results.tracking.artifacts import local_folder
from results.tracking.snapshot import file_of

if TYPE_CHECKING:
    from results.statistics.influence import Runs, Shares, TestImageInfluence
    from results.tracking.experiment import Experiment

log = logging.getLogger(__name__)
RUN_ID = re.compile(r"[A-Za-z0-9_-]+")
VERSION = 1  # of what influence.shares_of_target computes


def predictions_of(uri: str, experiment: str, folder: Path) -> Callable[[str], pd.DataFrame | None]:
    """A function from run id to its predictions, one row per test image (see results.record.Outcome), or None.

    The files of a run that is in the snapshot below `folder` are read in place if they are on this machine. Files of a server
    are fetched once and cached beside the snapshot; the answer None is not cached.
    """
    snapshot = file_of(folder, uri, experiment)
    place = snapshot.parent / "predictions"
    opened: list[Experiment] = []  # MLflow is imported when the first predictions have to be fetched

    @cache
    def places() -> dict[str, str]:
        try:
            runs = pq.read_table(snapshot, columns=["run_id", "artifacts"]).to_pydict()
        except (OSError, pa.ArrowException):
            return {}
        return {run_id: at for run_id, at in zip(runs["run_id"], runs["artifacts"], strict=True) if at}

    def predictions(run_id: str) -> pd.DataFrame | None:
        if RUN_ID.fullmatch(run_id) is None:  # it becomes the name of a file
            raise CatsError(f"MLflow at {shown(uri)} calls a run '{run_id}', which is not a valid run id; the run is not read")
        address = places().get(run_id)
        here = local_folder(uri, address) if address else None
        for file in [*([here / PREDICTIONS] if here else []), place / f"{run_id}.parquet"]:
            try:
                return pd.read_parquet(file)
            except (OSError, pa.ArrowException):
                pass
        if not opened:
            from results.tracking.experiment import Experiment

            opened.append(Experiment(uri, experiment, create=False))
        table = opened[0].predictions(run_id)
        if table is not None and here is None:
            try:
                with atomic_write(place / f"{run_id}.parquet", f"the predictions of run {run_id}", durable=False) as draft:
                    table.to_parquet(draft, index=False)
            except CatsError as error:
                log.info("%s", error)
        return table

    return predictions


def images_of(uri: str, experiment: str, folder: Path, *, fresh: bool = False) -> "TestImageInfluence":
    """Like influence.shares_of_target, for the runs of an experiment; caches the last answer of each target below `folder`.

    The runs have ended, so their predictions do not change; `fresh` reads the predictions again all the same.
    """
    from results.metrics import metric_of
    from results.statistics.influence import shares_of_target

    place, read = file_of(folder, uri, experiment).parent / "images", predictions_of(uri, experiment, folder)

    def images(name: str, metric: str, runs: "Runs") -> "Shares":
        digest = sha256(json.dumps([VERSION, metric, {s: list(ids) for s, ids in runs.items()}]).encode()).hexdigest()
        file = place / f"{sha256(json.dumps([name, metric]).encode()).hexdigest()[:16]}.npz"
        try:
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
                if not fresh and str(stored["asked"]) == digest:
                    return (stored["images"], None) if "images" in stored else (None, str(stored["why"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass
        shares, reason = shares_of_target(metric, metric_of(metric).influence_of, runs, read)
        try:
            with atomic_write(file, f"the influence of the test images of {name}", durable=False) as draft:
                np.savez(draft, asked=digest, **({"why": reason} if shares is None else {"images": shares}))
        except CatsError as error:
            log.info("%s", error)
        return shares, reason

    return images
