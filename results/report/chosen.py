"""The section of the report about an answer of `cats choose`: the answer, rounds, runs, and loss against energy."""

import math
from collections.abc import Sequence
from functools import partial

from results.choosing.choice import Attempted, Choice, Round
from results.choosing.choice_text import RIVALS, SOURCES, WORDS, loss_text, notes, rival_lines, sentences, source_lines, wh_text
from results.error import CatsError
from results.report.charts import draw_runs
from results.report.html import Chart, Section, Table

ID = "choice"
ROUNDS = ("round", "source", "settings tried", "best val loss", "after the round")
RUNS = ("run", "source", "setting", "seed", "val loss", "Wh")
LEFT = frozenset({*WORDS, "setting", "after the round"})
STAYS = {True: "stays", False: "leaves", None: "–"}


def chosen(choice: Choice) -> Section:
    """The section of an answer."""
    tables = [Table("choice-sources", "What was tried of each source", SOURCES, source_lines(choice), LEFT)]
    if choice.rivals:
        tables.append(
            Table("choice-rivals", "Other ways of choosing, replayed on the prior", RIVALS, rival_lines(choice), LEFT)
        )
    if choice.rounds:
        tables.append(Table("choice-rounds", "Sources as they were halved", ROUNDS, _round_lines(choice.rounds), LEFT))
    tables.append(Table("choice-runs", "Runs in the order in which they began", RUNS, _run_lines(choice.tried), LEFT))
    title = f"The choice of a source for {choice.target}"
    drawn = _chart(choice)
    said = [*sentences(choice), *(f"{note[0].upper()}{note[1:]}." for note in notes(choice))]
    return Section(ID, title, charts=[] if drawn is None else [drawn], tables=tables, notes=said)


def unreadable(reason: CatsError) -> Section:
    """The section of an answer that cannot be read."""
    return Section(ID, "The choice of a source", left_out=f"{reason}.")


def _round_lines(rounds: Sequence[Round]) -> list[list[str]]:
    return [
        [
            str(number), seat.source, str(seat.settings), loss_text(seat.best) if seat.settings else "–", STAYS[seat.stays],
        ]
        for number, each in enumerate(rounds, 1)
        for seat in each.seats
    ]  # fmt: skip


def _run_lines(tried: Sequence[Attempted]) -> list[list[str]]:
    return [
        [
            str(number), run.source, run.setting, str(run.seed), loss_text(run.val_loss), wh_text(run.kwh),
        ]
        for number, run in enumerate(tried, 1)
    ]  # fmt: skip


def _chart(choice: Choice) -> Chart | None:
    """Validation loss against what was spent when the run ended; against the number of runs where energy is missing."""
    known = all(run.kwh is not None for run in choice.tried)
    spent, place = 0.0, []
    for number, run in enumerate(choice.tried, 1):
        spent += 1000 * (run.kwh or 0.0)
        place.append(spent if known else float(number))
    runs: dict[str, list[tuple[float, float]]] = {}
    best: list[tuple[float, float]] = []
    for where, run in zip(place, choice.tried, strict=True):
        if run.val_loss is not None and math.isfinite(run.val_loss):
            runs.setdefault(run.source, []).append((where, run.val_loss))
            best.append((where, min(run.val_loss, best[-1][1]) if best else run.val_loss))
    if not best:
        return None
    unit = "Wh spent" if known else "runs"
    title = f"Validation loss of the runs that were tried on {choice.target}, against {unit}"
    text = "Each mark is a run; the line is the smallest loss so far. The table of runs gives the figures."
    return Chart("choice", title, text, partial(draw_runs, runs, best, (title, unit, "validation loss")))
