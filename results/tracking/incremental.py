"""Updates the runs of an experiment since they were last read, and reads as few runs as possible.

MLflow has no time of the last change of a run, and reading a run takes about 1 ms. But MLflow orders runs by (start time, run
id), both immutable. If runs are only added, finding the same run at the same position proves that all runs before it are the
same; so we bisect stored page tokens, called marks.

Found at once: new runs, also runs that arrive late and belong in the middle; deleted and restored runs; every change of a run
that was or is running; runs that were resumed and have ended since. Not found at once: tags or metrics written into a run that
had ended, a changed status of such a run, and as many runs removed for good (`mlflow gc`) as were added before the last mark.
For these each call reads a slice of the runs again, in turn: everything is correct after len / SLICE calls, of a sqlite
database after ROUND calls, or after a full reading.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from mlflow.entities import Run, ViewType

from results.tracking.experiment import PAGE, Experiment
from results.tracking.frame import ODD, table_of, together

SLICE = 200  # runs read again in each call; so many are read fully each time
ROUND = 20  # calls after which every run of a sqlite database was read again, so that later calls need not load MLflow
MOST = 20_000  # runs of a slice; MLflow gives no more than 50,000 at once
ASKED = 100  # run ids in one filter
MARGIN = 60_000  # ms by which clocks of machines may differ
Mark = tuple[int, str | None]  # a position, and the page token that begins there
UNSETTLED = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True)
class Seen:
    """All runs of an experiment, also deleted runs and runs of other programs, in MLflow's order by start.

    Attributes:
        runs: see `table_of`. marks: positions in it. cursor: where the next slice begins. looked: when, ms since 1970.
        again: how many runs were read again this time, one after the other from the cursor before.
    """

    runs: pa.Table
    marks: tuple[Mark, ...]
    cursor: Mark
    looked: int
    again: int


def read_all(tracking: Experiment, now: int) -> Seen:
    """Read every run."""
    tables, marks = _onward(tracking, (0, None), PAGE)
    made = _ordered(tables)
    return Seen(made, marks, (0, None), now, len(made))


def read_on(tracking: Experiment, seen: Seen, now: int, *, ends: bool = False) -> Seen:
    """Update `seen` as described above. Reads every run where that is as cheap, or where the positions do not fit.

    `ends`: whether the runs need not be read any more once all of an unchanged database were read again.
    """
    if len(seen.runs) <= SLICE:
        return read_all(tracking, now)
    ids = seen.runs["run_id"].to_pylist()
    start, first = _last_that_fits(tracking, seen.marks, ids)
    mark = seen.marks[start]
    late, marks = _onward(tracking, mark, SLICE if len(ids) - mark[0] <= 2 * PAGE else PAGE, first)
    earlier = seen.runs.slice(0, mark[0])
    earlier_ids = set(ids[: mark[0]])
    part = max(SLICE, min(len(ids) // ROUND + 1, MOST)) if ends else SLICE
    position, expected = seen.cursor[0], ids[seen.cursor[0] : seen.cursor[0] + part]
    again, following = tracking.page(seen.cursor[1], part)
    if [run.info.run_id for run in again if run.info.run_id in earlier_ids] != [i for i in expected if i in earlier_ids]:
        return read_all(tracking, now)
    changed = [*again, *_changed(tracking, seen.looked, first[0])]
    deleted = {run.info.run_id for run in changed if run.info.lifecycle_stage == "deleted"}
    unsure = pc.or_(pc.equal(earlier["stage"], "deleted"), pc.is_in(earlier["status"], pa.array(UNSETTLED)))
    unsure = pc.or_(unsure, pc.is_valid(earlier[ODD]))  # the run may have been mended
    doubtful = set(earlier.filter(unsure)["run_id"].to_pylist()) - deleted
    reread = list(_named(tracking, sorted(doubtful)))
    if len(reread) < len(doubtful):  # removed for good
        return read_all(tracking, now)
    fresh = {run.info.run_id: run for run in [*changed, *reread] if run.info.run_id in earlier_ids}
    untouched = earlier.filter(pc.invert(pc.is_in(earlier["run_id"], pa.array(list(fresh), pa.string()))))
    runs = _ordered([untouched, table_of(fresh.values()), *late])
    reached, cursor = position + len(again), (position + len(again), following)
    if not following or reached >= mark[0]:  # behind the mark all has been read just now
        reached, cursor = len(runs), (0, None)
    return Seen(runs, seen.marks[:start] + marks, cursor, now, reached - position)


def _last_that_fits(
    tracking: Experiment, marks: Sequence[Mark], ids: Sequence[str]
) -> tuple[int, tuple[list[Run], str | None]]:
    """The last mark whose run is still at its position, by bisection, and its first page."""
    low, high = 0, len(marks)  # the first mark fits: nothing lies before it
    page = None
    at = high - 1
    while low < at:
        position, token = marks[at]
        page = tracking.page(token, SLICE if at == len(marks) - 1 else 1)
        if page[0] and position < len(ids) and page[0][0].info.run_id == ids[position]:
            low = at
            if at == len(marks) - 1:
                return at, page
        else:
            high = at
        at = (low + high) // 2
    return low, tracking.page(marks[low][1], SLICE)


def _onward(
    tracking: Experiment, mark: Mark, size: int, page: tuple[list[Run], str | None] | None = None
) -> tuple[list[pa.Table], tuple[Mark, ...]]:
    """All runs from a mark on, and the marks on the way, the first one included. `page`: the first one, if it is known.

    A page is packed before the next one comes: millions of small objects make Python slow.
    """
    tables: list[pa.Table] = []
    marks, seen = [mark], set()
    position, token = mark
    runs, token = page if page is not None else tracking.page(token, size)
    while True:
        # A run that arrives meanwhile moves another run onto the next page, where it appears for the second time.
        tables.append(table_of(run for run in runs if run.info.run_id not in seen))
        seen |= {run.info.run_id for run in runs}
        position += len(runs)
        if not token:
            return tables, tuple(marks)
        marks.append((position, token))
        runs, token = tracking.page(token, size)


def _changed(tracking: Experiment, looked: int, late: Sequence[Run]) -> Iterable[Run]:
    """The deleted runs, the running ones, and those that ended since and began before the late runs, which have been read."""
    yield from tracking.runs(view=ViewType.DELETED_ONLY)
    for status in UNSETTLED:
        yield from tracking.runs(f"attributes.status = '{status}'")
    before = f" and attributes.start_time <= {late[0].info.start_time}" if late and late[0].info.start_time else ""
    yield from tracking.runs(f"attributes.end_time > {looked - MARGIN}{before}")


def _named(tracking: Experiment, ids: Sequence[str]) -> Iterable[Run]:
    for start in range(0, len(ids), ASKED):
        listed = ", ".join(f"'{each}'" for each in ids[start : start + ASKED])
        yield from tracking.runs(f"attributes.run_id IN ({listed})", ViewType.ALL)


def _ordered(tables: Iterable[pa.Table]) -> pa.Table:
    """All tables as one, in MLflow's order."""
    filled = [table for table in tables if len(table)]
    if not filled:
        return pa.table({"run_id": pa.array([], pa.string())})
    return together(filled).sort_by([("started", "ascending"), ("run_id", "ascending")])
