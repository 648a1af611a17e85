"""A job: the work that a worker gets at a time, a pretraining or several cells. A job holds specs, no data."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmark.specs.cell import Cell
from benchmark.specs.start import Start, is_pretrained

Work = Cell | Start  # a Start that is a pretraining


@dataclass(frozen=True)
class Job:
    """A pretraining (`start`), or cells that differ only in the seed and are trained at the same time.

    Attributes:
        experiment: the MLflow experiment that receives the records.
        country: ISO code of three letters; decides the carbon intensity.
        needs: keys of the pretrainings whose jobs must end before this one begins.
        keep: whether the trained networks of the cells are stored, see benchmark.execution.network_store.
        split: digest of the parts of its data set as the driver drew them (split_digest); empty where workers need not compare.
    """

    experiment: str
    country: str
    start: Start | None = None
    cells: tuple[Cell, ...] = ()
    needs: frozenset[str] = frozenset()
    split: str = ""
    keep: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Data set and backbone. A worker whose last job had the same place already has the images on its device."""
        return (self.start.source, self.start.backbone) if self.start else (self.cells[0].target, self.cells[0].backbone)

    @property
    def key(self) -> str:
        """The key of the pretraining or of the first cell; no other job of a plan has it."""
        return self.start.key if self.start else self.cells[0].key

    @property
    def keys(self) -> set[str]:
        """The keys of the pretraining or of all cells."""
        return {self.start.key} if self.start else {cell.key for cell in self.cells}

    def __str__(self) -> str:
        if self.start is not None:
            return f"pretraining {self.start.source}, {self.start.backbone}"
        first, *others = self.cells
        return f"{first}{''.join(f' and {cell.seed}' for cell in others)}"


def jobs_of(cells: Iterable[Cell], experiment: str, country: str, pack: int = 1) -> Iterator[Job]:
    """Yield jobs of up to `pack` cells, in the order of the cells, and each pretraining before the first cell that needs it."""
    planned: set[str] = set()
    for some in packs(cells, pack):
        starts = {start.key: start for cell in some for start in pretrainings(cell.start)}
        for start in starts.values():
            if start.key not in planned:
                before = frozenset(other.key for other in pretrainings(start) if other.key != start.key)
                yield Job(experiment, country, start=start, needs=before)
        planned |= set(starts)
        yield Job(experiment, country, cells=tuple(some), needs=frozenset(starts))


def packs(cells: Iterable[Cell], most: int) -> Iterator[list[Cell]]:
    """Group neighbouring cells that differ only in the seed, at most `most` in a group.

    A cell with `compile: true` is alone in its group, because torch compiles in one thread only.
    """

    def like(cell: Cell) -> tuple[str, str, str, str, bool]:
        return cell.source, cell.target, cell.backbone, cell.point, cell.recipe.compile

    for (*_, compiled), alike in itertools.groupby(cells, like):
        while pack := list(itertools.islice(alike, 1 if compiled else most)):
            yield pack


def pretrainings(start: Start) -> list[Start]:
    """Return the pretrainings that a start needs and whose weights do not exist yet, in the order in which they must run."""
    needed = [*pretrainings(start.start), start] if start.start is not None else []
    return [pretraining for pretraining in needed if not is_pretrained(pretraining)]


def works(job: Job) -> Sequence[Work]:
    """Return the pieces of work of a job: its pretraining, or its cells."""
    return job.cells if job.start is None else (job.start,)
