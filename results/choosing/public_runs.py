"""The public runs that ship with cats: facts about 12 targets, 15 sources and 120 settings, as the prior of a first choice.

`scripts/public_runs.py` makes the file from the imported experiment. Its figures are those of other people, with their source.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from results.choosing.matrix import Matrix
from results.choosing.prior import Prior, Setting
from results.error import CatsError, damage_of
from results.text.plain import json_text

FILE = Path(__file__).with_name("public_runs.parquet")
FACTS = b"cats.public_runs"  # the key of what the table is: names, families, metric, licence
COLUMNS = ("val_loss", "score", "seconds", "watts")


@cache
def public_runs(path: Path = FILE) -> Prior:
    """The public runs as a prior. Raises CatsError if the file of this installation is missing or damaged."""
    try:
        table = pq.read_table(path)
        facts = json.loads(table.schema.metadata[FACTS])
        settings = tuple(Setting.of(values) for values in facts["settings"])
        shape = (len(facts["targets"]), len(facts["sources"]), len(settings))
        held = {name: table[name].to_numpy().astype(float).reshape(shape) for name in COLUMNS}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise CatsError(f"the public runs {path} cannot be read: {damage_of(error)}; install cats-bench again") from error
    hours = held["seconds"] / 3600
    return Prior(
        tuple(facts["targets"]), tuple(facts["sources"]), settings, held["val_loss"], held["score"],
        hours * held["watts"] / 1000, hours, facts["family"], facts["metric"], tuple(facts["origin"]),
    )  # fmt: skip


def write_public_runs(path: Path, matrix: Matrix, family: Mapping[str, str], origin: list[str]) -> None:
    """Write a table of public runs: one row for each target, source and setting, in this order.

    Args:
        path: the file.
        matrix: the runs.
        family: target → family.
        origin: sentences that say whose runs these are, under which licence, and of which commit.
    """
    prior = matrix.prior()
    with np.errstate(invalid="ignore", divide="ignore"):
        watts = 1000 * prior.kwh / prior.hours
    figures = {
        "val_loss": _significant(prior.val_loss, 4), "score": np.round(prior.score, 5),
        "seconds": np.round(prior.hours * 3600), "watts": np.round(watts),
    }  # fmt: skip
    facts: dict[str, Any] = {
        "targets": prior.targets, "sources": prior.sources, "settings": [setting.values for setting in prior.settings],
        "family": family, "metric": prior.metric, "origin": origin,
    }  # fmt: skip
    table = pa.table({name: pa.array(values.ravel().astype(np.float32)) for name, values in figures.items()})
    table = table.replace_schema_metadata({FACTS: json_text(facts, None)})
    pq.write_table(table, path, compression="zstd", compression_level=19)


def _significant(values: np.ndarray, digits: int) -> np.ndarray:
    """Values rounded to so many significant digits; NaN stays."""
    with np.errstate(invalid="ignore", divide="ignore"):
        power = np.where(values > 0, np.floor(np.log10(values)), 0.0)
    unit = 10.0 ** (power - digits + 1)
    return np.asarray(np.round(values / unit) * unit)
