"""Results on their way to other people and from them: archives are written, and runs of others are merged."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.answers.judged import Terms
from results.error import CatsError
from results.text.counts import how_many
from results.text.plain import fault_of_name, plain, shortened

if TYPE_CHECKING:
    from benchmark.answers.query import RunReader
    from results.sharing.archive_form import Manifest
    from results.sharing.merge import Merged
    from results.sharing.places import SharedRuns

Say = Callable[[str], None]


@dataclass(frozen=True)
class Words:
    """What a person states about an archive: its title, its authors, and the licence of the results; all may be unknown.

    Raises CatsError for an author without a name, and for characters that no file can show, such as bytes of another encoding.
    """

    title: str = ""
    authors: Sequence[str] = ()
    licence: str = ""

    def __post_init__(self) -> None:
        for option, text in (("title", self.title), ("licence", self.licence), *(("author", name) for name in self.authors)):
            if plain(text) != text:
                raise CatsError(
                    f"--{option} '{shortened(plain(text), 60)}' holds characters that cannot be shown; write letters"
                )
        if not all(map(str.strip, self.authors)):
            raise CatsError("--author is empty; write a name, or leave the option out")


def archive_of(reader: "RunReader", subject: str, path: Path, words: Words, terms: Terms) -> "Manifest":
    """Write the archive of a plan or an experiment to `path`; returns what it holds.

    Args:
        reader: of the runs.
        subject: the plan or the name of the experiment, as a person writes it.
        path: of the zip file.
        words: what the archive says of itself.
        terms: how the runs are judged.

    Raises:
        CatsError: there are no runs, or the disk refuses.
    """
    from benchmark.answers.page import shared_page
    from benchmark.execution.records import outbox_of
    from benchmark.execution.shared_names import copy_without_names
    from results.files.output import require_place
    from results.sharing.archive import Content, write_archive
    from results.sharing.gather import copies_of
    from results.tracking.experiment import Experiment

    require_place(path, "the archive")
    page = shared_page(subject, reader, terms)
    content = Content(
        page.board, page.html, page.runs["environment"], page.options.plan or None, page.options.used, words.authors,
        words.licence, words.title,
    )  # fmt: skip
    tracking = Experiment(reader.uri, reader.query.experiment, create=False)
    copies = copies_of(tracking, reader.say, set(page.runs["run_id"]), copy_without_names)
    made = write_archive(path, content, copies, reader.say)
    waiting = outbox_of(reader.uri, reader.query.experiment).count
    if waiting:
        records = how_many(waiting, "record waits to be sent and is", "records wait to be sent and are")
        reader.say(f"{records} not in the archive; `cats sync {subject}` sends {'it' if waiting == 1 else 'them'}")
    return made


def data_set_of(archive: Path, folder: Path | None, push_to: str | None, licence: str) -> Iterator[str]:
    """Write an archive as a data set in the hub's layout; yields a sentence about each place that has it.

    Args:
        archive: the zip file.
        folder: of the data set; None: none is kept.
        push_to: OWNER/NAME on the Hugging Face hub; None: nothing is pushed.
        licence: of the results, as a person states it.

    Raises:
        CatsError: the archive is damaged, the disk refuses, or the hub does.
    """
    from results.sharing.archive_reading import opened
    from results.sharing.hub import write_data_set
    from results.sharing.push import push

    with tempfile.TemporaryDirectory() as scratch, opened(archive) as held:
        place = folder or Path(scratch)
        files = write_data_set(held, place, licence)
        if folder is not None:
            yield f"{folder}: a data set of {len(files)} files"
        if push_to is not None:
            yield f"pushed to {push(place, push_to)}, private until you change that on its page if it is new"


@dataclass(frozen=True)
class MergedPlace:
    """What became of the runs of one experiment at one place.

    Attributes:
        where: the place. into, on: the experiment that received the runs, and its server.
        runs: what became of each.
    """

    where: str
    into: str
    on: str
    runs: "list[Merged]"

    def count(self, act: str) -> int:
        """How many runs were `added`, were `there`, or were `odd`."""
        return sum(each.act == act for each in self.runs)


def merge_places(
    places: Sequence[str], tracking_uri: str, say: Say, experiment: str | None = None, only: str | None = None
) -> Iterator[MergedPlace]:
    """Merge archives and databases into an MLflow database; yields what became of each experiment of each place.

    Args:
        places: archives, sqlite files, or addresses of servers. All archives are checked whole before anything is written.
        tracking_uri: address of the server or database that receives the runs.
        say: gets sentences about runs that are left out.
        experiment: receives all runs; None: each experiment keeps its name.
        only: merge the runs of this experiment alone.

    Raises:
        CatsError: a place cannot be read, the name of the experiment cannot be one, or MLflow refuses.
    """
    from results.sharing.places import shared_runs

    fault = None if experiment is None else fault_of_name(experiment)
    if fault:
        raise CatsError(f"--experiment '{shortened(str(experiment), 60)}' {fault}; write a name of visible characters")
    with ExitStack() as stack:
        found = [each for place in places for each in shared_runs(place, only, stack)]
        for place in found:
            merged = _merged(place, experiment or place.experiment, tracking_uri, say)
            if merged is not None:
                yield merged


def _merged(place: "SharedRuns", experiment: str, tracking_uri: str, say: Say) -> MergedPlace | None:
    """Merge one experiment; None if it holds no run of ours, such as MLflow's own experiment."""
    from benchmark.execution.records import outbox_of
    from results.sharing.merge import merge
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.plan_run import fold
    from results.tracking.writer import close_abandoned

    runs = place.read(say)
    first = next(runs, None)
    if first is None:
        return None
    tracking = Experiment(tracking_uri, experiment)
    with Lease(tracking, outbox_of(tracking_uri, experiment), say) as lease:
        fold(tracking)
        close_abandoned(tracking)
        return MergedPlace(place.where, experiment, tracking.shown, list(merge(tracking, chain([first], runs), lease)))
