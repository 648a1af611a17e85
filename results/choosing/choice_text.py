"""The answer of `cats choose` as text: sentences first, then what was tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.board.exact import why_exact
from results.choosing.choice import Choice, Named, Spent, Taken, arm_text, arms_text, setting_in
from results.choosing.choice_figures import loss_text, number_text, unit_of
from results.choosing.policy import WAYS
from results.choosing.prior import ONLY
from results.metrics import written
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
from results.text.units import USUAL, EnergyUnit, duration_text, significant

SOURCES = ["source", "settings tried", "runs", "best val loss", "at", USUAL.name]
RIVALS = ["way of choosing", "regret in replays (95 %)", "this policy minus it (95 %)"]
WORDS = ("source", "at", "way of choosing")
MODEST = 0.7  # below, the stated probability was too small on public targets
MAY_BE_BELOW = (
    "a regret in replays may be negative: by chance the recommended run scores higher on its test images than the best source, "
    "whose score is that of the setting with the smallest validation loss"
)
OF_KNOWN = "of the sources that the prior knows"


def sentences(choice: Choice, unit: EnergyUnit | None = None) -> list[str]:
    """The answer, one sentence or line each. unit: of its energies; without it that of `unit_of`."""
    parts = (_taken, _ties, _untried, _sets, _within, partial(_spent, unit=unit or unit_of(choice)), _kept)
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
    below = [MAY_BE_BELOW] if choice.rivals else []
    ways = [f"{rival.name}: {WAYS[rival.name]}" for rival in choice.rivals if rival.name in WAYS]
    return [*ended, *then, *choice.prior, *(["; ".join(ways)] if ways else []), *below, *choice.notes]


def _taken(choice: Choice) -> list[str]:
    taken = choice.taken
    if taken is None:
        return [f"No answer: no run on {choice.target} has finished."]
    figures = [f"val loss {loss_text(taken.val_loss)}"]
    if taken.score is not None:
        figures.append(
            f"test {written(choice.metric)} {number_text(taken.score)}, {_interval(choice.metric, taken.score, taken)}"
        )
    setting = "" if taken.setting == ONLY else f", {taken.setting}"
    what = f"Take {taken.source} with {choice.backbone} and recipe {choice.recipe}{setting}"
    return [f"{what} ({'; '.join(figures)})."]


def _interval(metric: str, score: float, taken: Taken) -> str:
    """The interval of the test score, or why there is none."""
    if taken.low is not None and taken.high is not None:
        return f"{number_text(taken.low)} to {number_text(taken.high)}"
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
        found.append(f"{both} were not compared over seeds: {known}.{_seeds_to_come(choice)}")
    return found


def _seeds_to_come(choice: Choice) -> str:
    """What the seeds would take that compare the finalists; nothing where that is not known, or none are asked for."""
    if not choice.seeds_to_come:
        return ""
    more = how_many(choice.seeds_to_come, "more run, which comes", "more runs, which come")
    return f" Their further seeds take {more} after all others: a budget of {choice.enough_cells} cells is enough for all."


def _beside(taken: Taken, others: Sequence[str]) -> tuple[str, bool]:
    """The recommended source and the others with their settings, and whether all are one source with several settings."""
    settings = [setting for name in others if (setting := setting_in(name, taken.source)) is not None]
    if len(settings) == len(others):
        return arms_text([(taken.source, each) for each in (taken.setting, *settings)]), True
    return f"{arm_text(taken.source, taken.setting)} and {', '.join(others)}", False


def _untried(choice: Choice) -> list[str]:
    return [f"Never tried: {', '.join(choice.untried)}."] if choice.untried else []


def _sets(choice: Choice) -> list[str]:
    of_best = f"within {number_text(choice.epsilon)} of the best"
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
        return [f"P(within {number_text(choice.epsilon)}) is not stated: {choice.unstated}."] if choice.unstated else []
    targets = how_many(choice.within_targets or 0, "target")
    how = f", corrected by what held on {targets} of the prior" if choice.within_targets else ""
    modest = (
        f" (below {number_text(MODEST, 1)} such figures were too modest on public targets)"
        if choice.within < MODEST and not how
        else ""
    )
    of_known = f" of the best {OF_KNOWN}" if choice.strangers else ""
    return [f"P(within {number_text(choice.epsilon)}{of_known}) = {number_text(choice.within)}{how}{modest}."]


def _spent(choice: Choice, unit: EnergyUnit) -> list[str]:
    spent = choice.spent
    runs, lasted = how_many(spent.runs, "run"), duration_text(3600 * spent.hours)
    if spent.kwh is not None:
        took = f"{unit.text(spent.kwh)} {unit.name} and {lasted} in {runs}"
    elif spent.known_kwh:
        known = f"{unit.text(spent.known_kwh)} {unit.name} and {lasted}"
        took = f"at least {known} in {runs}; a part of the energy is missing"
    else:
        took = f"{lasted} in {runs}; the energy is missing"
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

    @property
    def _by_source(self) -> tuple[list[str], list[list[str]]]:
        """The columns and lines of the table of sources."""
        unit = unit_of(self.choice)
        return [*SOURCES[:-1], unit.name], source_lines(self.choice, unit)

    def table(self) -> RenderableType:
        """For the terminal."""
        answer = Text("\n".join(plain(sentence) for sentence in sentences(self.choice)))
        parts: list[RenderableType] = [answer, Text(""), terminal_table(None, *self._by_source, WORDS)]
        if self.choice.rivals:
            parts += [Text(""), terminal_table(None, RIVALS, rival_lines(self.choice), WORDS)]
        return Group(*parts, Text(""), terminal_notes(notes(self.choice)))

    def markdown(self) -> str:
        """For a README or an issue."""
        lines = [markdown_text(sentence) + "  " for sentence in sentences(self.choice)]
        lines += ["", *markdown_table(*self._by_source, WORDS)]
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
