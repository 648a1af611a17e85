"""Runs as they may be given to others: in those of early versions, names of private images and patients become digests here."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmark.core.identifier_key import identifier_key
from benchmark.data.dataset import Dataset
from benchmark.execution.privacy import FACT, QUOTING, private_data, text_without_names
from results.sharing.run_copy import RunCopy
from results.text.identifiers import digested, fingerprint
from results.tracking.mlflow_format import joined, pieces

SENTENCES = (*QUOTING, "reason")  # facts of a run that may quote names


def copy_without_names(copy: RunCopy, tables: Mapping[str, pd.DataFrame]) -> tuple[RunCopy, Mapping[str, pd.DataFrame]]:
    """A copy of a run and its predictions as they may leave this machine (see results.sharing.run_files.Protect).

    Runs of this version have digests already and come back as they are. Raises CatsError if there is no key.
    """
    private = _private(copy.names, copy.tags)
    if not private or not (tables or _texts(copy.tags)):
        return copy, tables
    key = identifier_key()
    tags = _tags_without_names(copy.tags, private, key)
    if "target" in private and tables:
        tags[f"cats.{FACT}"] = fingerprint(key)
        tables = {name: digested(table, key) for name, table in tables.items()}
    return copy.model_copy(update={"tags": dict(sorted(tags.items()))}), tables


def reason_without_names(params: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """Why a run did not finish, as it may leave this machine; empty if no reason is known."""
    private = _private(params, tags)
    reason = tags.get("cats.reason", "")
    return text_without_names(reason, private, identifier_key(), strict=True) if reason and private else reason


def frame_without_names(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs (see Experiment.frame) with their sentences as they may leave this machine."""
    columns = [name for name in ("leak", "duplicates", "reasons") if name in frame]
    changed: dict[str, list[Any]] = {name: list(frame[name]) for name in columns}
    names = frame.reindex(columns=["source", "target", FACT]).to_dict("records")
    known: dict[tuple[Any, Any], Mapping[str, Dataset | None]] = {}
    for place, row in enumerate(names):
        texts = {name: changed[name][place] for name in columns if isinstance(changed[name][place], str)}
        if isinstance(row[FACT], str) or not any(text not in {"", "{}"} for text in texts.values()):
            continue
        pair = (row["source"], row["target"])
        if pair not in known:
            known[pair] = private_data({name: str(row[name]) for name in ("source", "target") if isinstance(row[name], str)})
        if known[pair]:
            made = _tags_without_names({f"cats.{name}": text for name, text in texts.items()}, known[pair], identifier_key())
            for name in texts:
                changed[name][place] = joined(made, f"cats.{name}")
    return frame.assign(**changed)


def _private(names: Mapping[str, str], tags: Mapping[str, str]) -> Mapping[str, Dataset | None]:
    if f"cats.{FACT}" in tags:
        return {}
    return private_data({name: names[name] for name in ("source", "target") if name in names})


def _texts(tags: Mapping[str, str]) -> dict[str, str]:
    """The sentences among the tags of a run, by the name of the fact."""
    named = {name: tags[f"cats.{name}"] for name in SENTENCES if tags.get(f"cats.{name}")}
    reasons = joined(tags, "cats.reasons")
    return named | ({"reasons": reasons} if reasons not in {"", "{}"} else {})


def _tags_without_names(tags: Mapping[str, str], private: Mapping[str, Dataset | None], key: bytes) -> dict[str, str]:
    changed = dict(tags)
    for name, text in _texts(tags).items():
        if name == "reasons":  # JSON, in which letters beyond ASCII are codes
            told = {each: text_without_names(str(said), private, key, strict=True) for each, said in json.loads(text).items()}
            changed |= pieces("cats.reasons", json.dumps(told))
        else:
            changed[f"cats.{name}"] = text_without_names(text, private, key, strict=name in {"incomplete", "reason"})
    return changed
