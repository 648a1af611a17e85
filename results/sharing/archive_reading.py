"""Reads an archive of others: nothing is unpacked to the disk, and what an archive may hold is checked before it is read."""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from results.board.board import Board
from results.board.export import read_board
from results.error import CatsError, first_line
from results.files.limits import FILE, FILES, amount, require_ratio, require_regular
from results.sharing.archive_form import BOARD, CRATE, MANIFEST, PREDICTIONS, RECORDS, Manifest
from results.sharing.run_copy import RunCopy, kept_tags
from results.sharing.run_files import SMALL, TABLES, table_of
from results.text.plain import fault_of_name, plain, shortened

PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
)
LONGEST_NAME = 1000


@dataclass(frozen=True)
class Archive:
    """An archive whose list of files has been checked.

    Attributes:
        path: of the file. manifest: what it holds.
    """

    path: Path
    zip: zipfile.ZipFile
    manifest: Manifest

    @property
    def experiment(self) -> str:
        """The experiment whose runs it holds."""
        return self.manifest.experiment

    def content(self, name: str) -> bytes:
        """One file. Raises CatsError if the archive does not list it, or if its checksum differs."""
        listed = self.manifest.files.get(name)
        if listed is None:
            raise CatsError(f"{self.path} holds no file {_short(name)}, which its records or a reader need")
        data = _unpacked(self.path, self.zip, name)
        if hashlib.sha256(data).hexdigest() != listed.sha256:
            raise CatsError(
                f"{self.path}: {_short(name)} has another checksum than {MANIFEST} says; the archive is damaged or was changed"
            )
        return data

    def copies(self) -> Iterator[RunCopy]:
        """Every record of the archive, without tags that no copy holds. Raises CatsError at the first line that is none."""
        for number, line in enumerate(self.content(RECORDS).splitlines(), 1):
            try:
                copy = RunCopy.model_validate_json(line)
            except (ValidationError, RecursionError) as error:
                raise CatsError(f"{self.path}: line {number} of {RECORDS} is no record: {_fault(error)}") from error
            for name, place in copy.files.items():
                if SMALL.fullmatch(name) is None or not place.startswith(f"{PREDICTIONS}/"):
                    raise CatsError(
                        f"{self.path}: line {number} of {RECORDS} names the file {_short(place)}, which is none of a run"
                    )
            yield copy.model_copy(update={"tags": kept_tags(copy.tags)})

    def files(self, copy: RunCopy) -> dict[str, bytes]:
        """The contents of the files of a record. Raises CatsError if they are not what they should be."""
        found = {name: self.content(place) for name, place in copy.files.items()}
        for name in TABLES:
            if name in found:
                table_of(found[name], f"{self.path}: {name} of {copy.who}")
        return found

    def board(self) -> Board:
        """The board of the archive."""
        return read_board(self.content(BOARD), f"{self.path}: {BOARD}")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An archive, open while the block runs.

    Raises CatsError if the file is none, is damaged, or holds what no archive of ours does: a path that leads out of it, a
    link, a file twice, an encrypted file, more or larger files than are allowed, or a file that its list does not name.
    """
    require_regular(path)
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise CatsError(f"there is no file {path}") from None
    except DAMAGED as error:
        raise CatsError(f"{path} is no archive: {first_line(error)}; give a file that `cats archive` has written") from error
    with archive:
        names = _checked_names(path, archive)
        if MANIFEST not in names:
            raise CatsError(
                f"{path} is no archive of cats: it holds no {MANIFEST}; give a file that `cats archive` has written"
            )
        manifest = _manifest(path, _unpacked(path, archive, MANIFEST))
        _require_listed(path, names, manifest)
        yield Archive(path, archive, manifest)


def _checked_names(path: Path, archive: zipfile.ZipFile) -> dict[str, int]:
    """Name → length of each file. Raises CatsError for what no archive may hold."""
    members = archive.infolist()
    if len(members) > FILES:
        raise CatsError(f"{path} holds {len(members):,} files; {FILES:,} are allowed")
    found: dict[str, int] = {}
    for member in members:
        name = member.filename
        fault = _fault_of(member, name)
        if fault is None and name in found:
            fault = "comes twice"
        if fault is not None:
            raise CatsError(f"{path} is refused: its file {_short(name)} {fault}")
        require_ratio(member.file_size, member.compress_size, f"{path}: {_short(name)}")
        if not member.is_dir():
            found[name] = member.file_size
    require_ratio(sum(found.values()), path.stat().st_size, str(path))
    return found


def _fault_of(member: zipfile.ZipInfo, name: str) -> str | None:
    """What is wrong with a file of an archive, as the end of a sentence; None if nothing is."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    faults = (
        (_leads_out(member.orig_filename), "has a path that leads out of the archive"),
        (len(name) > LONGEST_NAME, f"has a path of {len(name):,} characters; {LONGEST_NAME:,} are allowed"),
        (kind not in {0, stat.S_IFREG, stat.S_IFDIR}, "is a link or no regular file"),
        (member.flag_bits & 1, "is encrypted"),
        (member.compress_type not in PACKED, "is packed in a way that is not read; only deflate is"),
        (member.file_size > FILE, f"has {amount(member.file_size)} unpacked; {amount(FILE)} are allowed"),
    )
    return next((fault for met, fault in faults if met), None)


def _leads_out(name: str) -> bool:
    """Whether the path of a file leads out of the archive on any system, or is none."""
    parts = PurePosixPath(name).parts
    return not parts or name.startswith("/") or ".." in parts or ":" in parts[0] or bool({"\\", "\0"} & set(name))


def _unpacked(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of a file, whose length has been checked. Raises CatsError if it is damaged."""
    try:
        return archive.read(name)
    except DAMAGED as error:
        raise CatsError(f"{path} is damaged: {_short(name)} cannot be unpacked ({first_line(error)})") from error


def _manifest(path: Path, content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise CatsError(
            f"{path} is no archive that this version of cats-bench reads: {MANIFEST}: {_fault(error)}; "
            "a newer version may have written it"
        ) from error
    fault = fault_of_name(manifest.experiment)
    if fault is not None:
        raise CatsError(f"{path}: the name of its experiment {fault}")
    return manifest


def _require_listed(path: Path, names: dict[str, int], manifest: Manifest) -> None:
    """Raises CatsError unless an archive holds exactly the files that its list names, each as long as it says."""
    wanted = {name: listed.size for name, listed in manifest.files.items()}
    held = {name: size for name, size in names.items() if name not in {MANIFEST, CRATE}}
    missing, more = sorted(wanted.keys() - held.keys()), sorted(held.keys() - wanted.keys())
    other = sorted(name for name in wanted.keys() & held.keys() if wanted[name] != held[name])
    for found, what in (
        (missing, "is missing"),
        (more, f"is not named in {MANIFEST}"),
        (other, "has another length than it should"),
    ):
        if found:
            raise CatsError(f"{path} is refused: its file {_short(found[0])} {what}; the archive is damaged or was changed")


def _fault(error: Exception) -> str:
    """The first thing that is wrong with JSON, in words."""
    if not isinstance(error, ValidationError):
        return "it is nested too deeply"
    return plain(shortened(first_line(error), 200))


def _short(name: str) -> str:
    return f"'{plain(shortened(name, 80))}'"
