"""The metadata of an archive as a research object (RO-Crate 1.1, https://w3id.org/ro/crate/1.1): what each file is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from results.report.references import NOT_STATED, Reference
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
    Listed,
)

CONTEXT, PROFILE = "https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/crate/1.1"
SPDX = ("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC0-1.0", "ODbL-1.0", "PDDL-1.0", "MIT", "Apache-2.0", "BSD-3-Clause")
SOFTWARE, MAKING = "#cats-bench", "#making"
WHAT = {
    PLAN: ("The plan: what was compared", "application/yaml"),
    RECORDS: ("Every attempt, one JSON object in each line", "application/jsonl"),
    BOARD: ("The board: which source wins on each target, and how sure that is", "application/json"),
    REPORT: ("The report as a page that opens offline", "text/html"),
    VERSIONS: ("Versions of the programs, and the hardware", "application/json"),
    CITATION: ("How to cite this archive", "application/yaml"),
    BIBTEX: ("Citations of the data sets and weights", "application/x-bibtex"),
    README: ("What the archive holds, in words", "text/markdown"),
    MANIFEST: ("Lengths and checksums (SHA-256) of all files", "application/json"),
}
FORMATS = {"parquet": "application/vnd.apache.parquet", "json": "application/json"}


@dataclass(frozen=True)
class Described:
    """What an archive says of itself.

    Attributes:
        title, description: of the archive. date: of its newest run, YYYY-MM-DD.
        authors: of the archive; empty if they are not stated. licence: of its content, empty if it is not stated.
        version: of cats-bench. used: data sets and weights.
    """

    title: str
    description: str
    date: str
    version: str
    authors: Sequence[str] = ()
    licence: str = ""
    used: Sequence[Reference] = ()


def crate(about: Described, files: Mapping[str, Listed]) -> str:
    """The text of `ro-crate-metadata.json`. `files`: all others of the archive."""
    parts = [quote(name) for name in files if "/" not in name]
    inner = [quote(name) for name in files if "/" in name]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": about.title,
        "description": about.description,
        "datePublished": about.date,
        "license": {"@id": _licence_id(about.licence)},
        "hasPart": _ids(parts + ([f"{PREDICTIONS}/"] if inner else [])),
        "mentions": _ids([MAKING]),
    }
    if about.authors:
        root["author"] = _ids([f"#author-{number}" for number, _ in enumerate(about.authors, 1)])
    if about.used:
        root["citation"] = _ids([f"#used-{number}" for number, _ in enumerate(about.used, 1)])
    graph: list[dict[str, Any]] = [_descriptor(), root, *_files(files)]
    if inner:
        graph.append(
            {
                "@id": f"{PREDICTIONS}/", "@type": "Dataset", "name": "Files of the runs",
                "description": "Predictions of test and validation images, one folder for each run", "hasPart": _ids(inner),
            }
        )  # fmt: skip
    graph += [_licence(about.licence), *_people(about.authors), *_used(about.used), *_software(about, files)]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _descriptor() -> dict[str, Any]:
    return {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": PROFILE}, "about": {"@id": "./"}}


def _files(files: Mapping[str, Listed]) -> list[dict[str, Any]]:
    entities = []
    for name, listed in files.items():
        title, kind = WHAT.get(
            name, (name.rpartition("/")[2], FORMATS.get(name.rpartition(".")[2], "application/octet-stream"))
        )
        entity = {"@id": quote(name), "@type": "File", "name": title, "encodingFormat": kind, "contentSize": str(listed.size)}
        entities.append(entity)
    return entities


def _licence_id(licence: str) -> str:
    if licence in SPDX:
        return f"https://spdx.org/licenses/{licence}"
    return licence if licence.startswith(("https://", "http://")) else "#licence"


def _licence(licence: str) -> dict[str, Any]:
    name = licence or f"{NOT_STATED} by the authors of the archive"
    text = "Data sets and weights have licences of their own, which the archive names."
    return {"@id": _licence_id(licence), "@type": "CreativeWork", "name": name, "description": text}


def _people(authors: Sequence[str]) -> list[dict[str, Any]]:
    return [{"@id": f"#author-{number}", "@type": "Person", "name": name} for number, name in enumerate(authors, 1)]


def _used(used: Sequence[Reference]) -> list[dict[str, Any]]:
    return [
        {
            "@id": f"#used-{number}", "@type": "CreativeWork", "name": each.title or each.name, "alternateName": each.name,
            "description": f"{each.role}; licence: {each.licence or NOT_STATED}; citation: {each.citation or NOT_STATED}",
        }
        for number, each in enumerate(used, 1)
    ]  # fmt: skip


def _software(about: Described, files: Mapping[str, Listed]) -> list[dict[str, Any]]:
    made = [name for name in (RECORDS, BOARD, REPORT) if name in files]
    return [
        {"@id": SOFTWARE, "@type": "SoftwareApplication", "name": "cats-bench", "version": about.version},
        {
            "@id": MAKING, "@type": "CreateAction", "name": "Training, scoring and judging", "endTime": about.date,
            "instrument": {"@id": SOFTWARE}, **({"object": _ids([PLAN])} if PLAN in files else {}), "result": _ids(made),
        },
    ]  # fmt: skip


def _ids(names: Sequence[str]) -> list[dict[str, str]] | dict[str, str]:
    """References to entities; one alone stands without a list, as RO-Crate recommends it."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found
