"""An archive as a data set in the layout of the Hugging Face hub: a card with metadata, and tables in Parquet files."""

import io
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from results.board.board import Board
from results.board.ranking import Row
from results.files.output import output
from results.record import PREDICTIONS
from results.report.export import numbered, slug
from results.sharing.archive_form import BIBTEX, BOARD, CITATION, PLAN, README, REPORT, VERSIONS
from results.sharing.archive_reading import Archive
from results.sharing.run_copy import RunCopy
from results.sharing.run_files import bytes_of, table_of
from results.text.plain import json_text
from results.tracking.mlflow_format import settings_of

BESIDE = (PLAN, BOARD, REPORT, VERSIONS, CITATION, BIBTEX)  # files of an archive that the data set holds as they are
# The hub's names of licences; other licences are `other`, with their text as the name.
LICENCES = {
    "CC-BY-4.0": "cc-by-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC-BY-NC-4.0": "cc-by-nc-4.0", "CC0-1.0": "cc0-1.0",
    "ODbL-1.0": "odbl", "PDDL-1.0": "pddl", "MIT": "mit", "Apache-2.0": "apache-2.0", "BSD-3-Clause": "bsd-3-clause",
}  # fmt: skip
COMMONS = re.compile(r"https?://creativecommons\.org/licenses/(by(?:-nc)?(?:-sa|-nd)?)/(4\.0|3\.0|2\.0)(?:/|\Z)")
DEFAULT = {"runs": {"default": True}}  # of the configurations
TAGS = ["cats-bench", "transfer-learning", "medical", "benchmark"]
SIZES = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
NAMES = ("source", "target", "backbone", "seed")


def write_data_set(archive: Archive, folder: Path, licence: str) -> list[Path]:
    """Write an archive as a data set into a folder; returns its files. `licence`: as a person states it, may be empty.

    Tables: `runs`, one row for each attempt; `board`, one for each source and target; and for each target the predictions of
    its test images. Raises CatsError if the archive is damaged or the disk refuses.
    """
    board, copies = archive.board(), list(archive.copies())
    files: dict[str, bytes] = {name: archive.content(name) for name in BESIDE if name in archive.manifest.files}
    tables = {"runs": _parquet(runs_table(copies)), "board": _parquet(board_table(board))}
    targets = sorted({copy.params["target"] for copy in copies if PREDICTIONS in copy.files and "target" in copy.params})
    for target, name in zip(targets, numbered([slug(target) for target in targets]), strict=True):
        own = [copy for copy in copies if copy.params.get("target") == target and PREDICTIONS in copy.files]
        tables[f"predictions-{name}"] = bytes_of(pd.concat(list(_predictions(archive, own)), ignore_index=True))
    places = {name: f"data/{name}.parquet" for name in tables}
    files |= {places[name]: content for name, content in tables.items()}
    files[README] = _card(archive, licence, places, len(copies)).encode()
    for name, content in sorted(files.items()):
        with output(folder / name, "the data set") as draft:
            draft.write_bytes(content)
    return [folder / name for name in sorted(files)]


def runs_table(copies: Sequence[RunCopy]) -> pd.DataFrame:
    """One row for each attempt: who, how it ended, every figure as a column, settings and facts as JSON."""
    rows = []
    for copy in copies:
        settings = {name: value for name, value in settings_of(copy.params, copy.tags).items() if name not in NAMES}
        facts = {name.removeprefix("cats."): value for name, value in copy.tags.items() if name.startswith("cats.")}
        figures = {name: value for name, value in sorted(copy.last.items()) if name not in NAMES}
        rows.append(
            {
                "key": copy.key, "attempt": copy.attempt, "kind": copy.kind, "status": copy.status, "reason": copy.reason,
                **{name: copy.params.get(name) for name in NAMES},
                "started": pd.Timestamp(copy.started, unit="ms", tz="UTC"),
                "ended": pd.NaT if copy.ended is None else pd.Timestamp(copy.ended, unit="ms", tz="UTC"),
                "settings": json_text(settings, None), "facts": json_text(facts, None), **figures,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    names = list(map(str, table.columns))
    first = names[: names.index("facts") + 1]
    return _typed(table[[*first, *sorted(set(names) - set(first))]], set(names) - set(first))


def board_table(board: Board) -> pd.DataFrame:
    """One row for each source on each target, as `cats board --format csv` has them."""
    rows = [
        {"target": target, "metric": board.metric, "rule": board.rule, **asdict(row)}
        for target, listed in board.targets.items()
        for row in listed
    ]
    return _typed(pd.DataFrame(rows), {each.name for each in fields(Row)})


def _predictions(archive: Archive, copies: Sequence[RunCopy]) -> Iterator[pd.DataFrame]:
    """The predictions of each run, with columns that say of which."""
    for copy in copies:
        table = table_of(archive.content(copy.files[PREDICTIONS]), f"the predictions of {copy.who}")
        who = {"key": copy.key, "attempt": copy.attempt, "source": copy.params.get("source"), "seed": copy.params.get("seed")}
        yield pd.concat([pd.DataFrame(who, index=table.index), table], axis=1)


def _part(name: str) -> str:
    """The split of a table: predictions are of test images, and the hub calls a table without splits `train`."""
    return "test" if name.startswith("predictions-") else "train"


def _licence(licence: str) -> dict[str, str]:
    """A licence as the metadata of the hub name it: a name that the hub knows, else an id, and where its words stand."""
    known = LICENCES.get(licence) or _of_address(licence)
    if known or not licence:
        return {"license": known or "unknown"}
    link = licence if licence.startswith(("https://", "http://")) else README
    name = slug(link.partition("://")[2].strip("/") if link != README else licence)
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", name.lower()), "license_link": link}


def _of_address(licence: str) -> str | None:
    """The hub's name of a licence of Creative Commons whose address is given."""
    found = COMMONS.match(licence)
    return None if found is None else f"cc-{found[1]}-{found[2]}"


def _typed(table: pd.DataFrame, numbers: Container[str]) -> pd.DataFrame:
    """A table in which a column without a value has the type of those with one, so that tables of several archives fit."""
    empty = [name for name in table if table[name].isna().all() and not isinstance(table[name].dtype, pd.DatetimeTZDtype)]
    return table.astype({name: "float64" if name in numbers else "string" for name in empty})


def _parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def _card(archive: Archive, licence: str, places: dict[str, str], runs: int) -> str:
    """README.md: the metadata that the hub reads, then the words of the archive."""
    head: dict[str, Any] = {
        "pretty_name": f"cats-bench: {archive.experiment}",
        **_licence(licence),
        "tags": TAGS,
        "size_categories": [next((name for most, name in SIZES if runs < most), "1M<n<10M")],
        "configs": [
            {"config_name": name, "data_files": [{"split": _part(name), "path": place}], **DEFAULT.get(name, {})}
            for name, place in places.items()
        ],
    }
    lines = [f"- `{name}`: `{place}`" for name, place in places.items()]
    tables = "`runs` has one row for each attempt, failed ones too; `board` one for each source on each target; the others hold"
    behind = "Data sets and weights behind these results have licences and citations of their own: see `references.bib` and the"
    words = [
        f"# {archive.experiment}", "",
        "Results of a comparison of sources for transfer learning, recorded by cats-bench. Each table is a configuration:", "",
        *lines, "",
        f"{tables} the answers of every run to the test images of one target. `settings` and `facts` are JSON.", "",
        *([f"Licence of the results, as their authors state it: {licence}", ""] if licence else []),
        f"{behind} report. Names of private images and patients are keyed digests.", "",
    ]  # fmt: skip
    metadata = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return "\n".join(["---", metadata.rstrip(), "---", "", *words])
