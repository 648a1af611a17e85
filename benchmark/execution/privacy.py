"""Names of images and patients become digests on the way of an outcome to the outbox, so that none leaves this machine.

The driver does this for all engines: the workers of a cluster never need the key, and their outcomes have equal digests.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

import benchmark.data
from benchmark.core.identifier_key import identifier_key
from benchmark.data.dataset import Dataset
from benchmark.data.private_names import digested_text
from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.error import CatsError, first_line
from results.record import Outcome
from results.text.counts import how_many
from results.text.identifiers import DIGEST, digested, fingerprint
from results.text.unnamed import unnamed
from results.tracking.prediction_file import read_predictions

FACT = "identifiers"  # the fact that says by which key names became digests; without it names are plain
HELP = "--identifier DIGEST`"
QUOTING = ("leak", "duplicates", "incomplete")  # facts that are sentences about images
READERS = Path(benchmark.data.__file__).parent
ENTRIES = ("cats_entries.", "sources.", "targets.")  # modules with readers of their own


def without_names(outcome: Outcome) -> Outcome:
    """The outcome as it may leave this machine: in tables and sentences, names of private data are digests.

    Raises CatsError if there is no key.
    """
    private = private_data(outcome.record.names)
    if not private:
        return outcome
    key, record = identifier_key(), outcome.record
    facts = dict(record.facts)
    for name in QUOTING:
        if name in facts:
            facts[name] = text_without_names(facts[name], private, key, strict=name == "incomplete")
    if "reasons" in facts:  # JSON, in which letters beyond ASCII are codes
        reasons = {
            name: text_without_names(str(text), private, key, strict=True)
            for name, text in json.loads(facts["reasons"]).items()
        }
        facts["reasons"] = json.dumps(reasons)
    reason = record.reason and _with_help(text_without_names(record.reason, private, key, strict=outcome.quotes_data), private)
    tables: dict[str, Any] = {}
    if "target" in private:
        facts[FACT] = fingerprint(key)
        named = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
        tables = {name: digested(table, key) for name, table in named.items() if isinstance(table, pd.DataFrame)}
    return replace(outcome, record=record.model_copy(update={"facts": facts, "reason": reason}), **tables)


def waiting_without_names(outcome: Outcome) -> Outcome:
    """A record of an outbox as it may leave this machine: versions before the digests stored plain names.

    A record of this version comes back as it is. Raises CatsError if there is no key, or if the predictions are damaged.
    """
    private = private_data(outcome.record.names)
    if not private or FACT in outcome.record.facts:
        return outcome
    named = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    tables: dict[str, Any] = {name: _table(path) for name, path in named.items() if isinstance(path, Path)}
    # Whether the reason quotes data was not stored; that of a private source may be of this version and has digests then.
    return without_names(replace(outcome, quotes_data="target" in private, **tables))


def _table(path: Path) -> pd.DataFrame:
    try:
        return read_predictions(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are among them
        raise CatsError(f"the waiting record {path.parent} cannot be read: {first_line(error)}") from error


def sentence_without_names(text: str, names: Mapping[str, str]) -> str:
    """A sentence about a source and a target, as it may leave this machine. `names`: see results.record.Record.

    Raises CatsError if there is no key.
    """
    private = private_data(names)
    return text_without_names(text, private, identifier_key(), strict=False) if private else text


def private_data(names: Mapping[str, str]) -> dict[str, Dataset | None]:
    """The private data sets behind a record (see results.record.Record.names), by `target`, or the name of a source.

    A data set whose entry is not there any more counts as private; it is None.
    """
    found: dict[str, Dataset | None] = {}
    try:
        if "target" in names:
            found["target"] = catalogue.target(names["target"]).dataset
        for link in lineage(names["source"]) if "source" in names else ():
            if link.dataset is not None:
                found[link.name] = link.dataset
    except CatsError:
        found.setdefault("target", None)
    return {name: dataset for name, dataset in found.items() if dataset is None or dataset.private}


def text_without_names(text: str, private: Mapping[str, Dataset | None], key: bytes, *, strict: bool) -> str:
    """A text in which the names of private data are digests. `strict`: whether it quotes data, so that any word may be one."""
    for dataset in private.values():
        text = unnamed(text) if dataset is None else digested_text(text, dataset, key, strict=strict)
    return text


def _with_help(text: str, private: Mapping[str, Dataset | None]) -> str:
    """The text, with the command that shows the names behind its digests."""
    names = [dataset.name for dataset in private.values() if dataset is not None]
    if not names or DIGEST.search(text) is None or HELP in text:
        return text
    return f"{text} (`cats check {names[0]} {HELP} shows the name)"


def comes_from_data(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, came up while images or labels were read, so that its text may quote names."""
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame
            if READERS in Path(code.f_code.co_filename).parents or str(code.f_globals.get("__name__")).startswith(ENTRIES):
                return True
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return False


def prepare_key(sources: Mapping[str, tuple[Source, ...]], targets: Mapping[str, Target]) -> None:
    """Make or read the key if a plan has private data; raises CatsError if it is damaged, before anything is trained."""
    if any(dataset.private for dataset in _data_of(sources, targets)):
        identifier_key()


def _data_of(sources: Mapping[str, tuple[Source, ...]], targets: Mapping[str, Target]) -> Iterator[Dataset]:
    yield from (target.dataset for target in targets.values())
    yield from (link.dataset for links in sources.values() for link in links if link.dataset is not None)


def other_keys(targets: Mapping[str, Target], frame: pd.DataFrame) -> Iterable[str]:
    """Sentences about private targets whose earlier runs name their images by digests of another key than that of this home."""
    if not len(frame) or FACT not in frame:
        return
    for name, target in targets.items():
        if target.dataset.private:
            known = frame.loc[frame["target"] == name, FACT].dropna()
            count = int((known != fingerprint(identifier_key())).sum())
            if count:
                runs = how_many(count, "run of the experiment names its", "runs of the experiment name their")
                yield (
                    f"{name}: {runs} images by digests of another key, so that test images "
                    "and patients of these and of new runs cannot be paired; copy the file identifiers.key from the CATS_HOME "
                    "where those runs were made, if it is yours"
                )
