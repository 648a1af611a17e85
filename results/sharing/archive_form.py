"""The form of an archive: a zip file whose bytes depend on its content alone, and the list of what it holds."""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from results.error import CatsError
from results.files.limits import FILE, amount
from results.files.output import output
from results.record import Frozen

FORMAT: Literal["cats-archive"] = "cats-archive"
MANIFEST, RECORDS, PLAN, BOARD, REPORT = "manifest.json", "records.jsonl", "plan.yaml", "board.json", "report.html"
VERSIONS, CITATION, BIBTEX, CRATE, README = (
    "versions.json",
    "CITATION.cff",
    "references.bib",
    "ro-crate-metadata.json",
    "README.md",
)
PREDICTIONS = "predictions"  # the folder of the files of runs
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the time of every file in an archive: the earliest that a zip file knows
PERMISSIONS = 0o644 << 16


class Listed(Frozen):
    """A file of an archive: its length in bytes and its checksum."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(Frozen):
    """What an archive is, and all its files but this list."""

    format: Literal["cats-archive"] = FORMAT
    version: Literal[1] = 1
    experiment: str
    runs: int = Field(ge=0)
    files: dict[str, Listed]


@dataclass
class ZipWriter:
    """Writes files into an archive and notes their checksums."""

    archive: zipfile.ZipFile
    files: dict[str, Listed] = field(default_factory=dict)

    def add(self, name: str, content: bytes | str) -> None:
        """Write one file. Raises CatsError if it is larger than what a reader takes."""
        data = content.encode() if isinstance(content, str) else content
        if len(data) > FILE:
            raise CatsError(
                f"{name} would have {amount(len(data))}, and no archive may hold more than {amount(FILE)} in a file"
            )
        info = zipfile.ZipInfo(name, LONG_AGO)
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, PERMISSIONS
        self.archive.writestr(info, data)
        self.files[name] = Listed(size=len(data), sha256=hashlib.sha256(data).hexdigest())


@contextmanager
def written_archive(path: Path) -> Iterator[ZipWriter]:
    """A writer of the archive `path`, which is then whole, or left as it was. Raises CatsError if the disk refuses."""
    with output(path, "the archive") as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        yield ZipWriter(archive)


def lines(texts: list[str]) -> str:
    """Texts as the lines of a file."""
    return "".join(f"{text}\n" for text in texts)
