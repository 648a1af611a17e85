"""An agreement as text: for the terminal, for a page, for a spreadsheet."""

from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.agreement.result import SHARE, Agreement, JudgedMeasure, Statistic
from results.text.printing import (
    REGRET_DIGITS,
    csv_text,
    figure_text,
    markdown_notes,
    markdown_section,
    terminal_notes,
    terminal_table,
)

HEADINGS = {
    "weighted_tau": "weighted τ", "regret_1": "top-1 regret", "spearman": "Spearman ρ", "regret_3": "top-3 regret",
    "top_tie": "P(in top tie)",
}  # fmt: skip
TESTS, GAIN = ["p of τ", "p of top-1", "τ ahead of static"], "less regret than imagenet"
HEAD = ["measure", "targets", "scored", *list(HEADINGS.values())[:2], *TESTS, GAIN, *list(HEADINGS.values())[2:]]
BY_TARGET = "Weighted Kendall τ on each target"
LEGEND = [
    "figures are means over targets; 95 %: Student's t over targets on the logit scale, never below the sampling error",
    "on one target the interval holds the sampling error of seeds and test images, where known, and that of the measure",
    f"scored: the share of the sources that the measure orders; below {SHARE:.0%} it is not ranked",
    "p is against random order; p of measures is corrected for the number of measures (Holm), p of constants is not",
    "regret is the best source minus the chosen one, and minus the best of the first three; equal scores choose at random",
    "p assumes that targets are independent: targets that resemble each other make it too small",
]
OF_GAIN = f"{GAIN}: top-1 regret of always imagenet minus that of the measure, on the same targets"


@dataclass(frozen=True)
class AgreementText:
    """An agreement in the four forms of results.text.printing.Printable."""

    agreement: Agreement

    @property
    def sentences(self) -> list[str]:
        """The verdict, and what is to be known of the runs and scores."""
        return [self.agreement.verdict, *self.agreement.notes]

    def table(self) -> RenderableType:
        """For the terminal."""
        head, lines = tau_by_target(self.agreement)
        verdict = terminal_table(self.agreement.verdict, *measure_table(self.agreement), HEAD[:1])
        targets = terminal_table(BY_TARGET, head, lines, head[:1])
        return Group(verdict, Text(""), targets, Text(""), terminal_notes(_notes(self.agreement)))

    def markdown(self) -> str:
        """For a README or an issue."""
        head, lines = tau_by_target(self.agreement)
        text = markdown_section(self.agreement.verdict, *measure_table(self.agreement), HEAD[:1])
        text += markdown_section(BY_TARGET, head, lines, head[:1])
        return "\n".join([*text, *markdown_notes(_notes(self.agreement))]) + "\n"

    def csv(self) -> str:
        """One line for each measure, target (`mean` for all of them) and statistic, numbers in full."""
        lines = [
            [row.name, row.constant, target, name, *vars(statistics[name]).values()]
            for row in self.agreement.rows
            for target, statistics in [("mean", row.over_targets), *row.targets.items()]
            for name in statistics
        ]
        return csv_text(["measure", "constant", "target", "statistic", *Statistic.__dataclass_fields__], lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return self.agreement.to_dict()


def measure_table(agreement: Agreement) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the measures. Where imagenet is no source, nothing is compared with it, and the column is left out."""
    lines = measure_lines(agreement)
    if _gains(agreement):
        return HEAD, lines
    place = HEAD.index(GAIN)
    head, *others = [[*line[:place], *line[place + 1 :]] for line in [HEAD, *lines]]
    return head, others


def _gains(agreement: Agreement) -> bool:
    return any(row.gain.value is not None for row in agreement.rows)


def measure_lines(agreement: Agreement) -> list[list[str]]:
    """One line for each row of the agreement, with the columns of HEAD."""
    return [
        [
            row.name, f"{row.judged} of {len(agreement.targets)}", f"{row.coverage:.0%}",
            *(statistic_text(row.mean[name], name) for name in list(HEADINGS)[:2]),
            _p(row.mean["weighted_tau"], row), _p(row.mean["regret_1"], row), statistic_text(row.lead, "weighted_tau"),
            statistic_text(row.gain, "regret_1"),
            *(statistic_text(row.mean[name], name) for name in list(HEADINGS)[2:]),
        ]
        for row in agreement.rows
    ]  # fmt: skip


def statistic_text(statistic: Statistic, name: str) -> str:
    """A statistic with its interval, as `cats agree`, `cats cost` and the report write it: regrets with four digits."""
    return figure_text(statistic.value, statistic.low, statistic.high, REGRET_DIGITS if name.startswith("regret") else 2)


def _p(statistic: Statistic, row: JudgedMeasure) -> str:
    p = statistic.p if row.constant else statistic.p_holm
    return "–" if p is None else f"{p:.2g}"


def tau_by_target(agreement: Agreement) -> tuple[list[str], list[list[str]]]:
    """Weighted tau on each target: head, and a line for each measure or constant that orders sources."""
    rows = [
        row for row in agreement.rows if row.mean["weighted_tau"].value is not None and row.name not in {"random", "oracle"}
    ]
    lines = [
        [row.name, *(statistic_text(row.targets[target]["weighted_tau"], "weighted_tau") for target in agreement.targets)]
        for row in rows
    ]
    return ["measure", *agreement.targets], lines


def _reasons(agreement: Agreement) -> list[str]:
    """Where measures give no scores, each reason once."""
    targets_of: dict[tuple[str, str], list[str]] = {}
    for row in agreement.rows:
        for target, reason in row.reasons.items():
            targets_of.setdefault((row.name, reason), []).append(target)
    return [f"{name}: {reason} on {', '.join(targets)}" for (name, reason), targets in targets_of.items()]


def _notes(agreement: Agreement) -> list[str]:
    first = f"experiment {agreement.experiment}, metric {agreement.metric}"
    legend = [*LEGEND, OF_GAIN] if _gains(agreement) else LEGEND
    return [first, *legend, *_reasons(agreement), *agreement.notes]
