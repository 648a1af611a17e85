"""The images of a run as a data set of MLflow: name, digest, source, and how many images and classes the data set has.

MLflow stores one entry for each name and digest, and drops whatever is said of it later. So the digest is one of all that the
entry says: what an earlier version has said, or an attempt that ended before it knew the number of images, stays with its own
runs.
"""

import json
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag

from results.files.digest import digest as digest_of
from results.record import Record
from results.text.plain import LONGEST_NAME, plain, shortened

DIGITS = 8  # of the digest of a data set, as MLflow's own digests have
PROFILE = {"num_rows": "data_images", "num_classes": "data_classes"}  # MLflow's words → facts of a record


def data_of(record: Record) -> list[DatasetInput]:
    """The target of a record, or what was pretrained on, if that is known; `mlflow.data.get_source` understands its source.

    Raises KeyError if the record does not say the digest of the data of its target.
    """
    if "target" in record.names:
        return [_input(record, record.names["target"], "evaluation")]
    name = record.facts.get("data_name")
    return [] if name is None else [_input(record, name, "training")]


def _input(record: Record, name: str, context: str) -> DatasetInput:
    facts = record.facts
    kind, source = _source(facts.get("data_source", ""), plain(name), facts["data"])
    said = [kind, json.dumps(source), json.dumps({word: int(facts[fact]) for word, fact in PROFILE.items() if fact in facts})]
    digest = digest_of([facts["data"], *said])[:DIGITS]
    profile = said[2] if PROFILE.values() & facts.keys() else None
    data = Dataset(shortened(plain(name), LONGEST_NAME), digest, kind, said[1], profile=profile)
    return DatasetInput(data, [InputTag("mlflow.data.context", context)])


def _source(origin: str, name: str, digest: str) -> tuple[str, dict[str, Any]]:
    """Kind and content of a source of MLflow: a repository of the hub, an address, else the entry, by its name."""
    if origin.startswith("hub:"):
        path, _, revision = origin.removeprefix("hub:").rpartition("@")
        return "hugging_face", {"path": path, "revision": revision}
    if origin:
        return "http", {"url": origin}
    return "code", {"tags": {"mlflow.source.name": "cats-bench", "cats.data_set": name, "cats.data": digest}}
