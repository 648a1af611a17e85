"""The target of a run as a data set of MLflow: name, digest, source, and how many images and classes were tested."""

import json
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag

from results.record import Outcome
from results.text.plain import LONGEST_NAME, plain, shortened

DIGITS = 8  # of the digest of a data set, as MLflow's own digests have
PROBABILITY = "probability_"


def target_of(outcome: Outcome) -> DatasetInput:
    """The target of a record, whose source `mlflow.data.get_source` understands. Raises KeyError if the record has none."""
    record = outcome.record
    name, digest = record.names["target"], record.facts["data"]
    tested = {"num_rows": record.validation.get("images_test"), "num_classes": _classes(outcome)}
    profile = {what: int(number) for what, number in tested.items() if number is not None}
    kind, source = _source(record.facts.get("data_source", ""), plain(name), digest)
    data = Dataset(
        shortened(plain(name), LONGEST_NAME), digest[:DIGITS], kind, json.dumps(source),
        profile=json.dumps(profile) if profile else None,
    )  # fmt: skip
    return DatasetInput(data, [InputTag("mlflow.data.context", "evaluation")])


def _source(origin: str, name: str, digest: str) -> tuple[str, dict[str, Any]]:
    """Kind and content of a source of MLflow: a repository of the hub, an address, else the entry, by its name."""
    if origin.startswith("hub:"):
        path, _, revision = origin.removeprefix("hub:").rpartition("@")
        return "hugging_face", {"path": path, "revision": revision}
    if origin:
        return "http", {"url": origin}
    return "code", {"tags": {"mlflow.source.name": "cats-bench", "cats.target": name, "cats.data": digest}}


def _classes(outcome: Outcome) -> int | None:
    """Number of classes, from the columns of the predictions; None if there are none."""
    table = outcome.predictions
    if table is None:
        return None
    if isinstance(table, Path):
        from pyarrow.parquet import read_schema

        names = read_schema(table).names
    else:
        names = list(map(str, table.columns))
    return sum(name.startswith(PROBABILITY) for name in names) or None
