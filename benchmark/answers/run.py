"""A plan is run: every cell that is not done is trained and tested, and what happened becomes sentences and a board."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.answers.door import Door
from benchmark.execution.engine import Engine
from benchmark.execution.records import is_new, outbox_of
from benchmark.execution.watch import Run
from benchmark.specs.plan_facts import plan_text
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from results.error import MOST_NAMED
from results.text.counts import how_many

if TYPE_CHECKING:
    import pandas as pd

    from results.board.board import Board


@dataclass(frozen=True)
class How:
    """How a plan is run.

    Attributes:
        uri: address of the MLflow server or database.
        engine: see benchmark.answers.engines.engine_of.
        pack: number of seeds of a cell that one device trains at the same time.
    """

    uri: str
    engine: Engine
    pack: int = 1


def run_plan(resolved: ResolvedPlan, how: How, door: Door) -> "tuple[Run, pd.DataFrame | None]":
    """What was done, and the runs of the experiment if nothing was left to do.

    Raises CatsError if the plan cannot be run here, and KeyboardInterrupt if a signal comes before the first training.
    """
    from benchmark.execution.up_to_date import finished
    from results.board.candidates import absences

    for sentence in absences(resolved.absent):
        door.say(sentence)
    result = finished(resolved.cells(), resolved.plan.experiment, how.uri)
    if result is not None:
        return Run(result.cells, result.cells, pairs=resolved), result.frame
    return _run(resolved, how, door), None


def _run(resolved: ResolvedPlan, how: How, door: Door) -> Run:
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.execution.runner import Past, examine
    from benchmark.execution.runner import run as run_resolved
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.plan_run import fold
    from results.tracking.writer import Writer

    experiment = resolved.plan.experiment
    guard = None
    if is_new(how.uri, experiment):  # a plan that is refused leaves no empty experiment behind
        with door.progress() as watch:
            resolved, guard = examine(resolved, Past(), how.engine, watch, how.pack)
    tracking = Experiment(how.uri, experiment)
    outbox = outbox_of(how.uri, experiment)
    with Lease(tracking, outbox, door.say) as lease, door.progress() as watch:
        fold(tracking, plan_text(resolved.plan))
        return run_resolved(resolved, Writer(tracking, outbox, lease), how.engine, watch, how.pack, guard=guard)


def sentences_of(state: Run, plan: str) -> Iterator[str]:
    """What one call of a plan has done; `plan`: how a command names the plan."""
    from benchmark.execution.leakage import leak_sentences
    from benchmark.specs.plan import assumed_country

    yield made_in_words(state)
    if state.pairs is not None:
        for sentence in leak_sentences(state.pairs.leaks, allowed=state.pairs.plan.allow_leakage):
            yield f"  {sentence}"
    yield from failures(state)
    if state.pairs is not None and state.made:
        made = state.pairs.plan
        yield from assumed_country(made.country, made.model_fields_set)
    yield from waiting(state, plan)


def made_in_words(state: Run, colon: str = ":") -> str:
    """How many cells there are, were done, are made now and have failed; `colon`: behind the first number."""
    done, failed = how_many(state.done, "was done", "were done"), how_many(len(state.failed), "attempt")
    left = ""
    if state.unneeded:
        left = "; " + how_many(
            state.unneeded, "is not run, because no answer needs it", "are not run, because no answer needs them"
        )
    return f"{how_many(state.cells, 'cell')}{colon} {done}, {state.made:,} made now, {failed} failed{left}"


def failures(state: Run) -> Iterator[str]:
    """One sentence for each attempt that failed, of many for the first ones, and how many more there are."""
    for record in state.failed[:MOST_NAMED]:
        yield f"  failed: {record.kind} {state.name(record)}: {record.reason}"
    if len(state.failed) > MOST_NAMED:
        more = how_many(len(state.failed) - MOST_NAMED, "more attempt")
        yield f"  and {more} failed; each record says why"


def waiting(state: Run, plan: str) -> Iterator[str]:
    """Sentences about the records that MLflow does not have."""
    if state.waiting:
        records = how_many(state.waiting, "record waits in the outbox", "records wait in the outbox")
        yield f"{records}; `cats sync {plan}` sends {'it' if state.waiting == 1 else 'them'}"
    if state.refused:
        yield aside(state.refused, plan)


def aside(count: int, plan: str) -> str:
    """The sentence about records that were set aside."""
    records, them = how_many(count, "record was", "records were"), "it" if count == 1 else "them"
    return f"{records} set aside for the reasons above; `cats sync {plan}` tries to send {them} again"


def board_after(pairs: PlanPairs, uri: str, frame: "pd.DataFrame | None", *, best: bool) -> "Board":
    """The board of a plan that has been run. `best`: of its stored networks, keep only those of the cells it puts first."""
    from benchmark.answers.query import reader_of
    from benchmark.core.paths import snapshots_folder
    from results.board.board import make_board
    from results.board.page import show_in_mlflow
    from results.board.request import Judging

    reader = reader_of(pairs, uri)
    runs = reader.frame() if frame is None else frame
    judging = Judging(reader.images())
    made = make_board(runs, reader.query, judging)
    show_in_mlflow(made, uri, runs, snapshots_folder(), always=True)
    if best and isinstance(pairs, ResolvedPlan):
        from benchmark.execution.network_store import remove_networks
        from benchmark.models.choice import recommended_keys

        wanted = recommended_keys(runs, reader.query, judging)
        remove_networks(cell.key for cell in pairs.cells() if cell.key not in wanted)
    return made
