"""An agreement as text: for the terminal, for a page, for a spreadsheet."""

from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.agreement.result import Agreement, JudgedMeasure, Statistic
from results.printing import TerminalTable, csv_text, markdown_notes, markdown_table, markdown_text, terminal_notes
from results.statistics.rank_agreement import STATISTICS

HEADINGS = {
    "weighted_tau": "weighted τ", "spearman": "Spearman ρ", "regret_1": "top-1 regret", "regret_3": "top-3 regret",
    "top_tie": "P(in top tie)",
}  # fmt: skip
HEAD = ["measure", "targets", *HEADINGS.values(), "p of τ", "p of top-1", "τ ahead of static"]
BY_TARGET = "Weighted Kendall τ on each target"
LEGEND = [
    "figures are means over targets; 95 %: Student's t over targets, longer if they are skewed, never below the sampling error",
    "on one target the interval holds the sampling error of seeds and test images, where known, and that of the measure",
    "p is against random order; p of measures is corrected for the number of measures (Holm), p of constants is not",
    "regret is the best source minus the chosen one, and minus the best of the first three; equal scores choose at random",
    "p assumes that targets are independent: targets that resemble each other make it too small",
]


@dataclass(frozen=True)
class AgreementText:
    """An agreement in the four forms of results.printing.Printable."""

    agreement: Agreement

    def table(self) -> RenderableType:
        """For the terminal."""
        verdict = _drawn(self.agreement.verdict, HEAD, measure_lines(self.agreement))
        targets = _drawn(BY_TARGET, *tau_by_target(self.agreement))
        return Group(verdict, Text(""), targets, Text(""), terminal_notes(_notes(self.agreement)))

    def markdown(self) -> str:
        """For a README or an issue."""
        head, lines = tau_by_target(self.agreement)
        means = markdown_table(HEAD, measure_lines(self.agreement), HEAD[:1])
        text = [
            f"**{markdown_text(self.agreement.verdict)}**",
            "",
            *means,
            "",
            f"**{BY_TARGET}**",
            "",
            *markdown_table(head, lines, head[:1]),
        ]
        return "\n".join([*text, "", *markdown_notes(_notes(self.agreement))]) + "\n"

    def csv(self) -> str:
        """One line for each measure, target (`mean` for all of them) and statistic, numbers in full."""
        lines = [
            [row.name, row.constant, target, name, *vars(statistics[name]).values()]
            for row in self.agreement.rows
            for target, statistics in [("mean", {**row.mean, "lead": row.lead}), *row.targets.items()]
            for name in statistics
        ]
        return csv_text(["measure", "constant", "target", "statistic", *Statistic.__dataclass_fields__], lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return self.agreement.to_dict()


def measure_lines(agreement: Agreement) -> list[list[str]]:
    """One line for each measure, then for each constant."""
    return [
        [
            row.name, f"{row.judged} of {len(agreement.targets)}",
            *(_cell(row.mean[name], _digits(name)) for name in STATISTICS),
            _p(row.mean["weighted_tau"], row), _p(row.mean["regret_1"], row), _cell(row.lead, 2),
        ]
        for row in agreement.rows
    ]  # fmt: skip


def _digits(name: str) -> int:
    return 4 if name.startswith("regret") else 2


def _cell(statistic: Statistic, digits: int) -> str:
    if statistic.value is None:
        return "–"
    # z: no minus in front of what is written as zero
    ends = "" if statistic.low is None else f" ({statistic.low:z.{digits}f} – {statistic.high:z.{digits}f})"
    return f"{statistic.value:z.{digits}f}{ends}"


def _p(statistic: Statistic, row: JudgedMeasure) -> str:
    p = statistic.p if row.constant else statistic.p_holm
    return "–" if p is None else f"{p:.2g}"


def tau_by_target(agreement: Agreement) -> tuple[list[str], list[list[str]]]:
    """Weighted tau on each target: head, and a line for each target."""
    rows = [
        row for row in agreement.rows if row.mean["weighted_tau"].value is not None and row.name not in {"random", "oracle"}
    ]
    lines = [[target, *(_cell(row.targets[target]["weighted_tau"], 2) for row in rows)] for target in agreement.targets]
    return ["target", *(row.name for row in rows)], lines


def _reasons(agreement: Agreement) -> list[str]:
    """Where measures give no scores, each reason once."""
    targets_of: dict[tuple[str, str], list[str]] = {}
    for row in agreement.rows:
        for target, reason in row.reasons.items():
            targets_of.setdefault((row.name, reason), []).append(target)
    return [f"{name}: {reason} on {', '.join(targets)}" for (name, reason), targets in targets_of.items()]


def _notes(agreement: Agreement) -> list[str]:
    first = f"experiment {agreement.experiment}, metric {agreement.metric}"
    return [first, *LEGEND, *_reasons(agreement), *agreement.notes]


def _drawn(title: str, head: list[str], rows: list[list[str]]) -> TerminalTable:
    table = TerminalTable(title, head, head[:1])
    for row in rows:
        table.add_row(*row)
    return table
