"""The outbox: records that have not reached MLflow yet, one folder each.

A record is written to a folder whose name starts with a dot, flushed to the disk and renamed, so a crash leaves all of it or
nothing. The driver that opens the outbox next removes these folders. Other files and folders are left alone.

A record that is damaged, or that MLflow refuses, is set aside with the reason in a folder beside the outbox, so that it holds
up no record behind it. Whole ones are tried again by the next command.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from results.error import CatsError, first_line
from results.files.atomic import DRAFT, atomic_write, draft_path, remedy, remove
from results.files.kept import damage, seal_draft
from results.record import PREDICTIONS, VALIDATION_PREDICTIONS, Outcome, Record
from results.tracking.prediction_file import write_predictions

RECORD, REASON = "record.json", "reason.txt"
NAME = re.compile(r"[0-9a-f]{64}-\S*[0-9a-f]{32}")  # of the folder of a record: its key and its attempt


class Outbox:
    """Records waiting for one tracking server, under `folder`.

    `protect` gives a record that another process has left as it may be sent: one of an early version may hold plain names.
    """

    def __init__(self, folder: Path, protect: Callable[[Outcome], Outcome] = lambda outcome: outcome) -> None:
        self.folder, self.protect = folder, protect
        self._untried: set[Path] = set()  # put by this object, so no other process has begun to send them
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatsError(f"the outbox {folder} cannot be created: {error.strerror}; {remedy(error)}") from error

    def sweep(self) -> None:
        """Remove what a crash left half-written. Only for the process that holds the lease of the experiment."""
        for left in self.folder.glob(".*"):  # others are not ours, such as .git or the .DS_Store of a file manager
            ours = left.name.startswith(DRAFT) or NAME.match(left.name[1:])  # the second is how older versions named them
            if ours and left.is_dir():
                remove(left)

    @property
    def aside(self) -> Path:
        """The folder of the records that are set aside."""
        return self.folder.with_name(f"{self.folder.name}.refused")

    def set_aside(self, path: Path, reason: str) -> str:
        """Move a record out of the way, with the reason beside it. Returns a sentence that names it. Raises CatsError."""
        place = self.aside / path.name
        try:
            self.aside.mkdir(exist_ok=True)
            if place.exists():
                shutil.rmtree(place)
            path.rename(place)
            (place / REASON).write_text(f"{reason}\n", encoding="utf-8")
        except OSError as error:
            raise CatsError(f"the record {path} cannot be moved to {self.aside}: {error.strerror}; {remedy(error)}") from error
        return f"the record {path.name[:12]} is set aside in {place}: {reason}"

    def tidy(self, say: Callable[[str], object]) -> None:
        """Set every damaged record aside; `say` gets a sentence about each of them. Raises CatsError if the disk refuses."""
        for _ in self.whole(say):
            pass

    def whole(self, say: Callable[[str], object]) -> Iterator[tuple[Path, Outcome]]:
        """Like the iterator, but damaged records are set aside; see `tidy`."""
        for path in self._by_age():
            try:
                outcome = read(path)
            except CatsError as error:
                if path.exists():  # else its holder has removed it meanwhile
                    say(self.set_aside(path, str(error)))
                continue
            yield path, outcome

    def take_back(self) -> None:
        """Put the records that were set aside and can be read back into the outbox, to be tried once more."""
        for path in sorted(self.aside.iterdir()) if self.aside.is_dir() else ():
            with suppress(CatsError):
                if _is_record(path):
                    read(path)
                    self.adopt(path)

    def put(self, outcome: Outcome) -> Path:
        """Store a record; it survives a crash after the return. Raises CatsError if the disk refuses."""
        record = outcome.record
        final = self._place(outcome)
        with atomic_write(final, f"the record of {record.key[:12]}", durable=True) as draft:
            draft.mkdir()
            for name, table in outcome.tables.items():
                if isinstance(table, Path):
                    raise TypeError(f"{table} is already in an outbox; call adopt() instead of put()")
                write_predictions(table, draft / name)
            (draft / RECORD).write_text(record.model_dump_json(), encoding="utf-8")
            seal_draft(draft)
        self._untried.add(final)
        return final

    def adopt(self, path: Path) -> None:
        """Move a record here from another outbox on the same disk; a process may have begun to send it. Raises CatsError."""
        taken = self.folder / path.name
        try:
            (path / REASON).unlink(missing_ok=True)
            path.rename(taken)
        except OSError as error:
            if not taken.exists():
                raise CatsError(f"the record {path} cannot be moved to {self.folder}: {error.strerror}") from error
            shutil.rmtree(path, ignore_errors=True)  # the record was here already

    def first_try(self, path: Path) -> bool:
        """True if no process can have begun to send this record before. Call it once, just before the record is sent."""
        new = path in self._untried
        self._untried.discard(path)
        return new

    def __iter__(self) -> Iterator[tuple[Path, Outcome]]:
        """Every waiting record, oldest first, with its folder."""
        for path in self._by_age():
            try:
                outcome = read(path)
            except CatsError:
                if path.exists():
                    raise
                continue  # its holder has removed it meanwhile
            yield path, outcome

    @property
    def count(self) -> int:
        """How many records wait, damaged ones among them."""
        return len(self._waiting())

    @property
    def empty(self) -> bool:
        """Whether no record waits."""
        return not self.count

    def _place(self, outcome: Outcome) -> Path:
        return self.folder / f"{outcome.record.key}-{outcome.record.attempt}"

    def _waiting(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if _is_record(path)]

    def _by_age(self) -> list[Path]:
        return sorted(self._waiting(), key=lambda path: (_age(path), path.name))

    def discard(self, outcome: Outcome) -> None:
        """Remove a record if it is here."""
        if (path := self._place(outcome)).exists():
            self.remove(path)

    def remove(self, path: Path) -> None:
        """Delete a record that MLflow has. The folder is renamed first, so that a crash leaves no half record."""
        gone = draft_path(path)
        try:
            path.rename(gone)
        except OSError as error:
            raise CatsError(f"the record {path} is in MLflow, but its folder cannot be removed: {error.strerror}") from error
        shutil.rmtree(gone, ignore_errors=True)


def _is_record(path: Path) -> bool:
    """Whether a file or folder in an outbox is a record, whole or damaged; all else is not ours."""
    return (
        not path.name.startswith(".") and ((path / RECORD).exists() or NAME.fullmatch(path.name) is not None) and path.is_dir()
    )


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def read(path: Path) -> Outcome:
    """The record in a folder of the outbox."""
    from pyarrow.parquet import read_metadata

    with _readable(path):
        _require_whole(path / RECORD)
        record = Record.model_validate_json((path / RECORD).read_text(encoding="utf-8"))
        tables = {name: path / name for name in (PREDICTIONS, VALIDATION_PREDICTIONS) if (path / name).exists()}
        for name, table in tables.items():
            try:
                read_metadata(table)  # reads the last bytes only: counting the waiting records stays cheap
            except (OSError, ValueError) as error:
                raise ValueError(f"{name}: {error}") from error
        return Outcome(record, tables.get(PREDICTIONS), tables.get(VALIDATION_PREDICTIONS))


def examine(outcome: Outcome) -> None:
    """Read all predictions of a waiting record that another process may have left. Raises CatsError if they are damaged."""
    from pyarrow.parquet import read_table

    for table in outcome.tables.values():
        if isinstance(table, Path):
            with _readable(table.parent):
                _require_whole(table)
                read_table(table, page_checksum_verification=True)


def _require_whole(path: Path) -> None:
    """Raises ValueError for a file that is not as it was written. Files of older versions have no checksum."""
    wrong = damage(path, adopt=False)
    if wrong is not None:
        raise ValueError(f"{path.name} {wrong}")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # pydantic's and pyarrow's errors are among them
        reason = first_line(error) if isinstance(error, ValidationError) else " ".join(str(error).split())
        raise CatsError(
            f"the waiting record {path} cannot be read ({reason}); move its folder away and run the command again"
        ) from error
