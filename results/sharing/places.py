"""Where runs to be merged come from: an archive, a sqlite file or a tracking server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from results.error import CatsError, nearest
from results.sharing.archive_reading import Archive, opened
from results.sharing.gather import copies_of
from results.sharing.merge import Files
from results.sharing.run_copy import RunCopy
from results.text.counting import each_counted
from results.text.hidden import shown
from results.tracking.change_counter import MAGIC, SQLITE, is_missing
from results.tracking.experiment import Experiment
from results.tracking.experiments import experiment_names

Say = Callable[[str], object]


@dataclass(frozen=True)
class SharedRuns:
    """The runs of one experiment at one place.

    Attributes:
        where: the place, as sentences name it.
        read: yields every run with a function that reads its files; it gets what is to be said about runs that are left out.
    """

    where: str
    experiment: str
    read: Callable[[Say], Iterator[tuple[RunCopy, Files]]]


def shared_runs(place: str, only: str | None, stack: ExitStack) -> list[SharedRuns]:
    """The experiments of a place; an archive is checked whole, and is open until `stack` is closed.

    `only`: of a database, the name of one experiment. Raises CatsError if the place cannot be read, or holds no such runs.
    """
    path = Path(place)
    if "://" in place or _is_sqlite(path):
        return _of_database(place if "://" in place else f"{SQLITE}{path}", shown(place), only)
    archive = stack.enter_context(opened(path))
    if only is not None and only != archive.experiment:
        raise CatsError(f"{path} holds runs of the experiment '{archive.experiment}', not of '{only}'")
    for copy in archive.copies():
        archive.files(copy)
    return [SharedRuns(str(path), archive.experiment, partial(_of_archive, archive))]


def _of_archive(archive: Archive, _: Say) -> Iterator[tuple[RunCopy, Files]]:
    for copy in each_counted(f"merging {archive.path}", archive.copies(), archive.manifest.runs, "runs"):
        yield copy, partial(archive.files, copy)


def _of_database(uri: str, where: str, only: str | None) -> list[SharedRuns]:
    if is_missing(uri):
        raise CatsError(f"there is no database {shown(uri)}")
    names = experiment_names(uri)
    if only is not None and only not in names:
        raise CatsError(f"no experiment '{only}' on {shown(uri)}{nearest(only, names)}")
    return [SharedRuns(where, name, partial(_of_experiment, uri, name)) for name in names if only in {None, name}]


def _of_experiment(uri: str, name: str, say: Say) -> Iterator[tuple[RunCopy, Files]]:
    for copy, files in copies_of(Experiment(uri, name, create=False), say):
        yield copy, partial(dict, files)


def _is_sqlite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
