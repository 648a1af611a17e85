"""A job: what one worker does at one go, a pretraining or cells side by side. It travels as specs, never as data or weights."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmark.specs.cell import Cell
from benchmark.specs.start import Start, pretrained_path

Work = Cell | Start  # a Start that is a pretraining


@dataclass(frozen=True)
class Job:
    """A pretraining (`start`), or cells that differ in the seed alone and are made at once.

    Attributes:
        experiment, country: for the record and its carbon intensity.
        needs: keys of the pretrainings whose jobs come before this one.
    """

    experiment: str
    country: str
    start: Start | None = None
    cells: tuple[Cell, ...] = ()
    needs: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[str, str]:
        """Data set and backbone: who has just worked on the same has its images decoded and on the device."""
        return (self.start.source, self.start.backbone) if self.start else (self.cells[0].target, self.cells[0].backbone)

    @property
    def key(self) -> str:
        """That of the pretraining or of the first cell; no other job of a plan has it."""
        return self.start.key if self.start else self.cells[0].key

    @property
    def keys(self) -> set[str]:
        """Those of all that it makes."""
        return {self.start.key} if self.start else {cell.key for cell in self.cells}

    def __str__(self) -> str:
        if self.start is not None:
            return f"pretraining {self.start.source}, {self.start.backbone}"
        first, *others = self.cells
        return f"{first}{''.join(f' and {cell.seed}' for cell in others)}"


def jobs_of(cells: Iterable[Cell], experiment: str, country: str, pack: int = 1) -> Iterator[Job]:
    """The cells in their order, up to `pack` at once, and before each what is to be pretrained for it, once."""
    asked: set[str] = set()
    for some in packs(cells, pack):
        starts = {start.key: start for cell in some for start in pretrainings(cell.start)}
        for start in starts.values():
            if start.key not in asked:
                before = frozenset(other.key for other in pretrainings(start) if other.key != start.key)
                yield Job(experiment, country, start=start, needs=before)
        asked |= set(starts)
        yield Job(experiment, country, cells=tuple(some), needs=frozenset(starts))


def packs(cells: Iterable[Cell], most: int) -> Iterator[list[Cell]]:
    """The cells in their order, up to `most` neighbours that differ in the seed alone together.

    Cells that are compiled go one by one, since torch compiles in one thread only.
    """

    def like(cell: Cell) -> tuple[str, str, str, str, bool]:
        return cell.source, cell.target, cell.backbone, cell.point, cell.recipe.compile

    for (*_, compiled), alike in itertools.groupby(cells, like):
        while pack := list(itertools.islice(alike, 1 if compiled else most)):
            yield pack


def pretrainings(start: Start) -> list[Start]:
    """The pretrainings that a start needs and that have left no weights yet, first things first."""
    needed = [*pretrainings(start.start), start] if start.start is not None else []
    return [one for one in needed if not pretrained_path(one).exists()]


def works(job: Job) -> Sequence[Work]:
    """The pieces of work of a job."""
    return job.cells if job.start is None else (job.start,)
