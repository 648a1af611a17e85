"""The section of the report about an answer of `cats choose`: the answer, rounds, runs, and loss against energy."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import accumulate

from results.choosing.choice import Choice, Round
from results.choosing.choice_figures import loss_text
from results.choosing.choice_text import RIVALS, SOURCES, WORDS, notes, rival_lines, sentences, source_lines
from results.error import CatsError
from results.report.charts import draw_runs
from results.report.html import Chart, Section, Table
from results.text.units import EnergyUnit

ID = "choice"
ROUNDS = ("round", "source", "settings tried", "best val loss", "after the round")
LEFT = frozenset({*WORDS, "setting", "after the round"})
UNKNOWN = "; – after a round: it has not ended, or no other round follows"
STAYS = {True: "stays", False: "leaves", None: "–"}


def chosen(choice: Choice, unit: EnergyUnit) -> Section:
    """The section of an answer. unit: of its energies."""
    head = [*SOURCES[:-1], unit.name]
    tables = [Table("choice-sources", "What was tried of each source", head, source_lines(choice, unit), LEFT)]
    if choice.rivals:
        tables.append(
            Table("choice-rivals", "Other ways of choosing, replayed on the prior", RIVALS, rival_lines(choice), LEFT)
        )
    if choice.rounds:
        open_ended = any(seat.stays is None for each in choice.rounds for seat in each.seats)
        caption = f"Sources as they were halved{UNKNOWN if open_ended else ''}"
        tables.append(Table("choice-rounds", caption, ROUNDS, _round_lines(choice.rounds), LEFT))
    tables.append(_runs(choice, unit))
    title = f"The choice of a source for {choice.target}"
    drawn = _chart(choice, unit)
    said = [*sentences(choice, unit), *(f"{note[0].upper()}{note[1:]}." for note in notes(choice))]
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


def _runs(choice: Choice, unit: EnergyUnit) -> Table:
    """The runs, with what the drawing shows of each: its loss, the smallest loss so far, and what was spent so far."""
    head = ("run", "source", "setting", "seed", "val loss", "best so far", unit.name, f"spent so far, {unit.name}")
    lines = [
        [
            str(number), run.source, run.setting, str(run.seed), loss_text(run.val_loss),
            "–" if best is None else loss_text(best), unit.text(run.kwh), unit.text(spent),
        ]
        for number, (run, best, spent) in enumerate(zip(choice.tried, _best(choice), _spent(choice), strict=True), 1)
    ]  # fmt: skip
    tips = {
        "best so far": "Smallest loss of the validation images of all runs up to this one.",
        head[-1]: "Energy of all runs up to this one.",
    }
    return Table("choice-runs", "Runs in the order in which they began", head, lines, LEFT, tips=tips)


def _best(choice: Choice) -> list[float | None]:
    """The smallest validation loss up to each run; None before there is one."""
    losses = [math.inf if run.val_loss is None or not math.isfinite(run.val_loss) else run.val_loss for run in choice.tried]
    return [None if math.isinf(best) else best for best in accumulate(losses, min)]


def _spent(choice: Choice) -> list[float | None]:
    """The kWh up to the end of each run; None from the first run on whose energy is missing."""
    sums = accumulate(math.nan if run.kwh is None else run.kwh for run in choice.tried)
    return [None if math.isnan(total) else total for total in sums]


def _chart(choice: Choice, unit: EnergyUnit) -> Chart | None:
    """Validation loss against what was spent when the run ended; against the number of runs where energy is missing."""
    spent = _spent(choice)
    known = None not in spent
    place = [float(number) if total is None or not known else total * unit.per_kwh for number, total in enumerate(spent, 1)]
    runs: dict[str, list[tuple[float, float]]] = {}
    best: list[tuple[float, float]] = []
    for where, run, least in zip(place, choice.tried, _best(choice), strict=True):
        if run.val_loss is not None and math.isfinite(run.val_loss) and least is not None:
            runs.setdefault(run.source, []).append((where, run.val_loss))
            best.append((where, least))
    if not best:
        return None
    words = f"{unit.name} spent" if known else "runs"
    title = f"Validation loss of the runs that were tried on {choice.target}, against {words}"
    text = "Each mark is a run; the line is the smallest loss so far. The table of runs gives the figures."
    return Chart("choice", title, text, partial(draw_runs, runs, best, (title, words, "validation loss")))
