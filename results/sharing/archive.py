"""Writes an archive: everything of a plan or an experiment that another person needs to read, check and merge its results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from results.board.basis import versions_of
from results.board.board import Board
from results.board.export import board_json
from results.error import CatsError
from results.files.digest import digest
from results.report.references import Reference, bibtex
from results.sharing.archive_form import (
    BIBTEX,
    BOARD,
    CITATION,
    CRATE,
    MANIFEST,
    PLAN,
    PREDICTIONS,
    README,
    RECORDS,
    REPORT,
    VERSIONS,
    Manifest,
    ZipWriter,
    lines,
    written_archive,
)
from results.sharing.crate import SPDX, Described, crate
from results.sharing.run_copy import RunCopy
from results.sharing.run_files import TABLES
from results.text.counts import how_many
from results.text.plain import json_text

WRITERS = ("cats-bench", "mlflow", "numpy", "pandas", "pyarrow", "scipy")  # whose versions an archive states, too


@dataclass(frozen=True)
class Content:
    """What goes into an archive.

    Attributes:
        board: judged by the runs of the archive; report: the page about them. plan: its YAML; None for an experiment.
        environments: versions and hardware of the runs, JSON texts (the column `environment` of Experiment.frame).
        used: data sets and weights. authors, licence: as the person states them.
    """

    board: Board
    report: str
    environments: Iterable[str]
    plan: str | None = None
    used: Sequence[Reference] = ()
    authors: Sequence[str] = ()
    licence: str = ""
    title: str = ""
    notes: Sequence[str] = field(default=())


def write_archive(
    path: Path, content: Content, runs: Iterable[tuple[RunCopy, Mapping[str, bytes]]], say: Callable[[str], object]
) -> Manifest:
    """Write an archive. `runs`: copies with the contents of their files, as they may leave this machine.

    The same content gives the same bytes, whenever and wherever it is written by the same versions of the libraries. `say` gets
    a sentence about a run that comes twice. Raises CatsError if there is no run, or if the disk refuses.
    """
    with written_archive(path) as archive:
        copies = _add_runs(archive, runs, say)
        if not copies:
            raise CatsError(f"experiment '{content.board.experiment}' holds no run that has ended; an archive would be empty")
        about = _described(content, copies)
        if content.plan is not None:
            archive.add(PLAN, content.plan)
        archive.add(BOARD, board_json(content.board) + "\n")
        archive.add(REPORT, content.report)
        archive.add(VERSIONS, json_text(_versions(content.environments)) + "\n")
        archive.add(BIBTEX, bibtex(content.used) or "% no citation is stated\n")
        archive.add(CITATION, _citation(about))
        archive.add(README, _readme(about, content, len(copies)))
        archive.add(RECORDS, lines([copy.model_dump_json() for copy in copies]))
        made = Manifest(experiment=content.board.experiment, runs=len(copies), files=dict(sorted(archive.files.items())))
        archive.add(MANIFEST, json_text(made.model_dump()) + "\n")
        archive.add(CRATE, crate(about, dict(sorted(archive.files.items()))))
        return made


def _add_runs(
    archive: ZipWriter, runs: Iterable[tuple[RunCopy, Mapping[str, bytes]]], say: Callable[[str], object]
) -> list[RunCopy]:
    """Add the predictions of all runs; the copies, which name these files, in the order of their keys.

    Other files of a run are not ours: what they say of patients is not known, and they stay where they are.
    """
    copies: dict[tuple[str, str], RunCopy] = {}
    others = 0
    for copy, files in runs:
        who = (copy.key, copy.attempt)
        if who in copies:
            say(f"{copy.who} comes twice; the first run of the attempt is archived")
            continue
        folder = f"{PREDICTIONS}/{digest(who)[:24]}"
        named = {name: f"{folder}/{name}" for name in sorted(files) if name in TABLES}
        others += len(files) - len(named)
        for name, place in named.items():
            archive.add(place, files[name])
        copies[who] = copy.model_copy(update={"files": named})
    if others:
        say(f"{how_many(others, 'file')} that cats has not written {'is' if others == 1 else 'are'} left out of the archive")
    return [copies[who] for who in sorted(copies)]


def _described(content: Content, copies: Sequence[RunCopy]) -> Described:
    board = content.board
    newest = max(copy.ended or copy.started for copy in copies)
    what = f"{how_many(len(board.overall), 'source')} on {how_many(len(board.targets), 'target')}, judged by {board.metric}"
    text = (
        f"{what}; {how_many(len(copies), 'attempt')} with records and predictions, the board, the report and the versions of "
        "the programs. Written by cats-bench."
    )
    return Described(
        title=content.title or f"{board.experiment}: from which source to transfer",
        description=text,
        date=datetime.fromtimestamp(newest / 1000, UTC).strftime("%Y-%m-%d"),
        version=version("cats-bench"),
        authors=content.authors,
        licence=content.licence,
        used=content.used,
    )


def _versions(environments: Iterable[str]) -> dict[str, Any]:
    found: dict[str, set[str]] = {}
    for text in environments:
        for name, value in versions_of(text).items():
            found.setdefault(name, set()).add(value)
    runs = {name: sorted(values) for name, values in sorted(found.items())}
    return {"runs": runs, "archive": {name: version(name) for name in WRITERS}}


def _citation(about: Described) -> str:
    """CITATION.cff: authors are a must there, so that those who are not stated are called so.

    Entries of data sets and weights state no list of authors but a sentence, which is the note.
    """
    content = {
        "cff-version": "1.2.0",
        "message": "If you use these results, please cite them, and the data sets and weights named in references.bib.",
        "type": "dataset",
        "title": about.title,
        "abstract": about.description,
        "authors": [{"name": name} for name in about.authors] or [{"name": "Authors not stated"}],
        "date-released": datetime.strptime(about.date, "%Y-%m-%d").replace(tzinfo=UTC).date(),
        "references": [
            {
                "type": "data",
                "title": each.title or each.name,
                "authors": [{"name": f"The authors of {each.title or each.name}"}],
                "notes": each.citation,
            }
            for each in about.used
            if each.citation
        ],
    }
    if about.licence.startswith(("https://", "http://")):
        content["license-url"] = about.licence
    elif about.licence in SPDX:
        content["license"] = about.licence
    return yaml.safe_dump({name: value for name, value in content.items() if value}, sort_keys=False, allow_unicode=True)


def _readme(about: Described, content: Content, runs: int) -> str:
    how = "cats run plan.yaml" if content.plan is not None else "the plan is not part of this archive"
    attempts = how_many(runs, "attempt")
    text = [
        f"# {about.title}", "", about.description, "",
        f"- `{RECORDS}`: {attempts}, one JSON object in each line; `{PREDICTIONS}/` holds their predictions (Parquet).",
        f"- `{BOARD}`, `{REPORT}`: the board and the report, made of exactly these runs.",
        f"- `{VERSIONS}`, `{MANIFEST}`: versions and hardware; lengths and checksums of all files.",
        f"- `{CITATION}`, `{BIBTEX}`: how to cite the archive, and what it used.",
        "", "Merge the runs into your own MLflow database: `cats merge THIS.zip`. Make them again: " + how + ".", "",
        *[f"- {note}" for note in content.notes],
    ]  # fmt: skip
    return "\n".join(text).rstrip() + "\n"
