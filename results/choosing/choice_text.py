"""The answer of `cats choose` as text: sentences first, then what was tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.board.exact import why_exact
from results.choosing.choice import Choice, Named, Spent, Taken, arm_text, arms_text, setting_in
from results.choosing.policy import WAYS
from results.choosing.prior import ONLY
from results.text.counts import how_many
from results.text.plain import plain
from results.text.printing import (
    REGRET_DIGITS,
    csv_text,
    figure_text,
    markdown_notes,
    markdown_table,
    markdown_text,
    terminal_notes,
    terminal_table,
)
from results.text.units import USUAL, EnergyUnit, significant, three_digits

SOURCES = ["source", "settings tried", "runs", "best val loss", "at", USUAL.name]
RIVALS = ["way of choosing", "regret in replays (95 %)", "this policy minus it (95 %)"]
WORDS = ("source", "at", "way of choosing")
MODEST = 0.7  # below, the stated probability was too small on public targets
OF_KNOWN = "of the sources that the prior knows"


def sentences(choice: Choice, unit: EnergyUnit | None = None) -> list[str]:
    """The answer, one sentence or line each. unit: of its energies; without it kWh, or Wh where that is shorter."""
    parts = (_taken, _ties, _untried, _sets, _within, partial(_spent, unit=unit), _kept)
    return [sentence for part in parts for sentence in part(choice)]


def verdict(choice: Choice) -> list[str]:
    """The answer in the sentences that a reader needs first: what to take, why, and which others may be as good."""
    if choice.taken is None:
        return _taken(choice)
    done = [run.source for run in choice.tried if run.val_loss is not None]
    tried = f"{how_many(len(done), 'run')} of {how_many(len(set(done)), 'source')}"
    return [*_taken(choice), f"The loss of the validation images chose it, in {tried}.", *_ties(choice)]


def notes(choice: Choice) -> list[str]:
    """The sentences below the tables."""
    ended = [f"ended: {choice.ended}"] if choice.ended else []
    then = [f"with twice the budget: {choice.then}"] if choice.then else []
    ways = [f"{rival.name}: {WAYS[rival.name]}" for rival in choice.rivals if rival.name in WAYS]
    return [*ended, *then, *choice.prior, *(["; ".join(ways)] if ways else []), *choice.notes]


def _taken(choice: Choice) -> list[str]:
    taken = choice.taken
    if taken is None:
        return [f"No answer: no run on {choice.target} has finished."]
    figures = [f"val loss {_loss(taken.val_loss)}"]
    if taken.score is not None:
        figures.append(f"test {choice.metric} {_number(taken.score)}, {_interval(choice.metric, taken.score, taken)}")
    setting = "" if taken.setting == ONLY else f", {taken.setting}"
    what = f"Take {taken.source} with {choice.backbone} and recipe {choice.recipe}{setting}"
    return [f"{what} ({'; '.join(figures)})."]


def _interval(metric: str, score: float, taken: Taken) -> str:
    """The interval of the test score, or why there is none."""
    if taken.low is not None and taken.high is not None:
        return f"{_number(taken.low)} to {_number(taken.high)}"
    return f"no interval: {why}" if (why := why_exact(metric, score)) else "no interval is known"


def _ties(choice: Choice) -> list[str]:
    taken = choice.taken
    if taken is None or not choice.ties:
        return []
    seeds, found = how_many(taken.seeds, "seed"), []
    if tested := [name for name, p in choice.ties.items() if p is not None]:
        both, _ = _beside(taken, tested)
        found.append(f"Tie: {both} cannot be told apart by validation loss over {seeds}.")
    if untested := [name for name, p in choice.ties.items() if p is None]:
        both, one = _beside(taken, untested)
        both = both[0].upper() + both[1:] if one else both
        known = "which of them is better is not known, but the source is the same" if one else "whether they tie is not known"
        found.append(f"{both} were not compared over seeds: {known}.")
    return found


def _beside(taken: Taken, others: Sequence[str]) -> tuple[str, bool]:
    """The recommended source and the others with their settings, and whether all are one source with several settings."""
    settings = [setting for name in others if (setting := setting_in(name, taken.source)) is not None]
    if len(settings) == len(others):
        return arms_text([(taken.source, each) for each in (taken.setting, *settings)]), True
    return f"{arm_text(taken.source, taken.setting)} and {', '.join(others)}", False


def _untried(choice: Choice) -> list[str]:
    return [f"Never tried: {', '.join(choice.untried)}."] if choice.untried else []


def _sets(choice: Choice) -> list[str]:
    of_best = f"within {_number(choice.epsilon)} of the best"
    near, best = f"A source {of_best}", "The best source"
    if choice.strangers:
        near, best = f"{OF_KNOWN.capitalize()}, one that is {of_best} of them", f"{OF_KNOWN.capitalize()}, the best"
    sets = ((choice.near, near), (choice.best, best))
    return [_named(held, what) for held, what in sets if held is not None]


def _named(held: Named, what: str) -> str:
    right = f"a set made in this way was right on {held.hits} of {how_many(held.targets, 'target')} of the prior"
    if held.families is not None and held.families < held.targets:
        right += f", which are {how_many(held.families, 'family', 'families')}"
    return f"{what} is among {', '.join(held.sources)} ({100 * held.level:g} % confidence; {right})."


def _within(choice: Choice) -> list[str]:
    if choice.within is None:
        return [f"P(within {_number(choice.epsilon)}) is not stated: {choice.unstated}."] if choice.unstated else []
    targets = how_many(choice.within_targets or 0, "target")
    how = f", corrected by what held on {targets} of the prior" if choice.within_targets else ""
    modest = (
        f" (below {_number(MODEST, 1)} such figures were too modest on public targets)"
        if choice.within < MODEST and not how
        else ""
    )
    of_known = f" of the best {OF_KNOWN}" if choice.strangers else ""
    return [f"P(within {_number(choice.epsilon)}{of_known}) = {_number(choice.within)}{how}{modest}."]


def _spent(choice: Choice, unit: EnergyUnit | None) -> list[str]:
    spent = choice.spent
    runs = how_many(spent.runs, "run")
    if spent.kwh is not None:
        took = f"{_energy(spent.kwh, unit)} and {_time(spent.hours)} in {runs}"
    elif spent.known_kwh:
        took = f"at least {_energy(spent.known_kwh, unit)} and {_time(spent.hours)} in {runs}; a part of the energy is missing"
    else:
        took = f"{_time(spent.hours)} in {runs}; the energy is missing"
    failed = f"; {how_many(spent.failed, 'attempt')} failed" if spent.failed else ""
    share = "" if spent.share is None else f"; the trainings took {significant(100 * spent.share, 2)} % of {_sweep(spent)}"
    dearer = ", so that making each of these once would have cost less" if (spent.share or 0.0) > 1 else ""
    return [f"Spent {took}{share}{dearer}{failed}."]


def _sweep(spent: Spent) -> str:
    runs = "the only run" if spent.sweep_runs == 1 else f"all {spent.sweep_runs:,} runs"
    return f"what {runs} of one seed would take"


def _kept(choice: Choice) -> list[str]:
    return [f"Kept: {choice.kept} (cats predict, cats watch)."] if choice.kept else []


def source_lines(choice: Choice, unit: EnergyUnit = USUAL) -> list[list[str]]:
    """One line for each source, with the columns of SOURCES; the last one is the energy, in `unit`."""
    return [
        [
            lane.source, str(lane.settings), str(lane.runs), loss_text(lane.best), lane.setting or "–", unit.text(lane.kwh),
        ]
        for lane in choice.by_source
    ]  # fmt: skip


def loss_text(loss: float | None) -> str:
    """A validation loss in a table; None is that of failed runs. Small ones have two digits of their own, to be told apart."""
    if loss is None:
        return "failed"
    return significant(loss, 2) if 0 < abs(loss) < 0.01 else f"{loss:.3f}"


def rival_lines(choice: Choice) -> list[list[str]]:
    """One line for each way of choosing, with the columns of RIVALS."""
    return [
        [
            rival.name,
            figure_text(rival.regret, rival.low, rival.high, REGRET_DIGITS),
            "–" if rival.minus is None else figure_text(rival.minus, rival.minus_low, rival.minus_high, REGRET_DIGITS),
        ]
        for rival in choice.rivals
    ]


@dataclass(frozen=True)
class ChoiceText:
    """An answer in the four forms of results.text.printing.Printable."""

    choice: Choice

    @property
    def sentences(self) -> list[str]:
        """The answer, and what is to be known of it."""
        return [*sentences(self.choice), *notes(self.choice)]

    def table(self) -> RenderableType:
        """For the terminal."""
        answer = Text("\n".join(plain(sentence) for sentence in sentences(self.choice)))
        parts: list[RenderableType] = [answer, Text(""), terminal_table(None, SOURCES, source_lines(self.choice), WORDS)]
        if self.choice.rivals:
            parts += [Text(""), terminal_table(None, RIVALS, rival_lines(self.choice), WORDS)]
        return Group(*parts, Text(""), terminal_notes(notes(self.choice)))

    def markdown(self) -> str:
        """For a README or an issue."""
        lines = [markdown_text(sentence) + "  " for sentence in sentences(self.choice)]
        lines += ["", *markdown_table(SOURCES, source_lines(self.choice), WORDS)]
        if self.choice.rivals:
            lines += ["", *markdown_table(RIVALS, rival_lines(self.choice), WORDS)]
        return "\n".join([*lines, "", *markdown_notes(notes(self.choice))]) + "\n"

    def csv(self) -> str:
        """One line for each run, in the order in which the runs began, numbers in full."""
        head = ["source", "setting", "seed", "val_loss", "kwh", "hours", "taken"]
        taken = self.choice.taken
        own = None if taken is None else (taken.source, taken.setting, taken.seed)
        rows = [
            [run.source, run.setting, run.seed, run.val_loss, run.kwh, run.hours, own == (run.source, run.setting, run.seed)]
            for run in self.choice.tried
        ]
        return csv_text(head, rows)

    def to_dict(self) -> Any:
        """Plain data, as `--format json` prints it."""
        return self.choice.to_dict()


def _number(value: float, digits: int = 2) -> str:
    """A figure without the zero before its point: .31. One that three digits would show as zero has one digit of its own."""
    if 0 < abs(value) < 0.0005:
        text = significant(value, 1)
    else:
        text = f"{value:.3f}".rstrip("0") if 0 < abs(value) < 0.1 else f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if 0 < abs(value) < 1 else text


def _loss(value: float) -> str:
    """A loss, which has no upper bound, keeps the zero before its point: 0.293. See _number for a very small one."""
    return significant(value, 1) if 0 < abs(value) < 0.0005 else f"{value:.3f}"


def _energy(kwh: float, unit: EnergyUnit | None) -> str:
    if unit is not None:
        return f"{unit.text(kwh)} {unit.name}"
    return f"{three_digits(kwh)} kWh" if kwh >= 0.1 else f"{three_digits(1000 * kwh)} Wh"


def _time(hours: float) -> str:
    if hours >= 2:
        return f"{hours:.1f} hours"
    return f"{60 * hours:.0f} minutes" if hours * 60 >= 2 else f"{3600 * hours:.0f} seconds"
