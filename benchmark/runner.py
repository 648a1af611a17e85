"""Runs a plan: drops the keys that are done, makes the rest one after the other, hands every record to outbox and MLflow."""

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmark import catalogue
from benchmark.cell import Cell
from benchmark.energy import Meter, check_country
from benchmark.leakage import look, sentences
from benchmark.plan import Plan
from benchmark.start import Start, chain, pretrained_path
from results.error import CatsError
from results.outbox import Outbox
from results.record import Outcome, Record
from results.tracking import Tracking

log = logging.getLogger(__name__)


@dataclass
class Run:
    """What one call of `run` has done so far.

    Attributes:
        cells: of the plan. done: finished before this call. made, failed: in this call. waiting: records in the outbox.
        leaks: what the guard says, one sentence per reason.
    """

    cells: int
    done: int
    made: int = 0
    failed: list[Record] = field(default_factory=list)
    waiting: int = 0
    leaks: list[str] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class Watch:
    """Who is told what happens: `begins` before a piece of work, `ended` after it."""

    begins: Callable[[str], None]
    ended: Callable[[Record, Run], None]


def run(plan: Plan, tracking: Tracking, outbox: Outbox, device: str, watch: Watch, pack: int = 1) -> Run:
    """Make every cell of the plan that no run of the experiment has finished, on `device` (auto, cpu or cuda).

    `pack`: how many cells that differ in the seed alone are made at once.

    Data and weights of all cells are looked at before the first one starts, and pairs that share images are left out (see
    benchmark.leakage). Raises CatsError if something is wrong with them, or if MLflow or the disk refuse at the start; what
    fails later is recorded and the run goes on.
    """
    cells = list(plan.cells())
    waiting = {outcome.record.key for _, outcome in outbox if outcome.record.status == "finished"}
    deliver(tracking, outbox)
    tracking.close_abandoned()
    finished = tracking.finished_keys() | waiting
    found = look(plan)
    if any(cell.key not in finished and (cell.source, cell.target) in found.unknown for cell in cells):
        check_names(plan)
        found = look(plan, watch.begins)
    cells = list(plan.cells(found.leaks))
    if not cells:
        raise CatsError(f"plan '{plan.experiment}' has no cell left: {'; '.join(sentences(plan, found))}")
    todo = [cell for cell in cells if cell.key not in finished]
    state = Run(cells=len(cells), done=len(cells) - len(todo), leaks=list(sentences(plan, found)))
    if todo:
        from benchmark.device import device_of

        prepare(plan, todo, watch)
        _work(plan, todo, Delivery(tracking, outbox, str(device_of(device)), pack), watch, state)
    state.waiting = sum(1 for _ in outbox)
    return state


@dataclass(frozen=True)
class Delivery:
    """Where records go, the device they are made on, and how many cells are made on it at once."""

    tracking: Tracking
    outbox: Outbox
    device: str
    pack: int


def _work(plan: Plan, todo: list[Cell], to: Delivery, watch: Watch, state: Run) -> None:
    from benchmark.make import make_cells, make_pretraining
    from benchmark.memory import keep_memory

    keep_memory()
    tried: set[str] = set()

    def settle(outcome: Outcome) -> bool:
        """Keep a record; returns whether to go on."""
        to.outbox.put(outcome)
        deliver(to.tracking, to.outbox)
        if outcome.record.status == "failed":
            state.failed.append(outcome.record)
        elif outcome.record.kind == "cell" and outcome.record.status == "finished":
            state.made += 1
        watch.ended(outcome.record, state)
        state.interrupted |= outcome.record.status == "interrupted"
        return not state.interrupted

    for pack in packs(todo, to.pack):
        for start in [start for cell in pack for start in pretrainings(cell.start)]:
            if start.key not in tried:
                tried.add(start.key)
                watch.begins(f"pretraining {start.source}, {start.backbone}")
                if not settle(make_pretraining(start, plan.experiment, Meter(plan.country, to.device))):
                    return
        watch.begins(told(pack))
        outcomes = make_cells(pack, plan.experiment, Meter(plan.country, to.device))
        for outcome in outcomes:
            settle(outcome)
        if state.interrupted:
            return


def packs(cells: Iterable[Cell], most: int) -> Iterator[list[Cell]]:
    """The cells in their order, up to `most` neighbours that differ in the seed alone together."""
    for _, alike in itertools.groupby(cells, lambda cell: (cell.source, cell.target, cell.backbone, cell.point)):
        while pack := list(itertools.islice(alike, most)):
            yield pack


def told(pack: Sequence[Cell]) -> str:
    """What is being made."""
    first, *others = pack
    return f"{first}{''.join(f' and {cell.seed}' for cell in others)}"


def pretrainings(start: Start) -> list[Start]:
    """The pretrainings that a start needs and that have left no weights yet, first things first."""
    needed = [*pretrainings(start.start), start] if start.start is not None else []
    return [one for one in needed if not pretrained_path(one).exists()]


def check_names(plan: Plan) -> None:
    """Raises CatsError if nobody knows the country or a backbone."""
    from benchmark.network import check_backbone

    check_country(plan.country)
    for backbone in plan.backbones:
        check_backbone(backbone)


def prepare(plan: Plan, todo: Iterable[Cell], watch: Watch) -> None:
    """Look at everything the cells need: country, backbones, images, labels, split, weights. Raises CatsError."""
    check_names(plan)
    seen: set[object] = set()
    for cell in todo:
        images = (cell.target, cell.recipe.size, cell.seed)
        if images not in seen:
            watch.begins(f"reading {cell.target}")
            _look_at_images(cell)
        for start in chain(cell.start):
            if start.key not in seen:
                watch.begins(f"reading {start.source}")
                _look_at_start(start)
                seen.add(start.key)
        seen.add(images)


def _look_at_images(cell: Cell) -> None:
    from benchmark.split import subsampled
    from benchmark.store import decoded

    dataset = catalogue.target(cell.target).dataset
    subsampled(dataset, decoded(dataset, cell.recipe.size), cell.subsample, cell.seed)


def _look_at_start(start: Start) -> None:
    from benchmark.network import build
    from benchmark.split import split
    from benchmark.store import decoded
    from benchmark.weights import weights_of

    dataset = catalogue.source(start.source).dataset
    if dataset is None or start.recipe is None:
        build(start.backbone, weights_of(start))
    else:
        split(dataset, decoded(dataset, start.recipe.size))


def deliver(tracking: Tracking, outbox: Outbox) -> None:
    """Send what waits; if MLflow does not take it now, it stays in the outbox and the work goes on."""
    try:
        tracking.deliver(outbox)
    except CatsError as error:
        log.warning("%s; it waits in the outbox, `cats sync` sends it later", error)
