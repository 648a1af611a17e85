"""An agreement as text: table, markdown, csv."""

import csv
import io
from collections.abc import Iterator

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from results.agreement.result import Agreement, Figure, Judged
from results.statistics.rank_agreement import STATISTICS

HEADS = {
    "weighted_tau": "weighted τ", "spearman": "Spearman ρ", "regret_1": "top-1 regret", "regret_3": "top-3 regret",
    "top_tie": "P(in top tie)",
}  # fmt: skip
HEAD = ["measure", "targets", *HEADS.values(), "p of τ", "p of top-1", "τ ahead of static"]
LEGEND = [
    "mean over targets; 95 %: Student's t over targets, longer where they are skewed, never below the luck inside targets",
    "of one target: the luck of seeds (Student's t) and of test images where they are known, and a measure's own interval",
    "p: against random order; of measures corrected for their number (Holm), of constants not",
    "regret: best source minus the chosen one, and minus the best of the first three; equal scores choose at random",
    "p takes the targets for independent: targets that resemble each other make it too small",
]


def lines(agreement: Agreement) -> list[list[str]]:
    """One line for each measure, then each constant."""
    return [
        [
            row.name, f"{row.judged} of {len(agreement.targets)}",
            *(_shown(row.mean[name], _digits(name)) for name in STATISTICS),
            _p(row.mean["weighted_tau"], row), _p(row.mean["regret_1"], row), _shown(row.lead, 2),
        ]
        for row in agreement.rows
    ]  # fmt: skip


def _digits(name: str) -> int:
    return 4 if name.startswith("regret") else 2


def _shown(figure: Figure, digits: int) -> str:
    if figure.value is None:
        return "–"
    # z: never a minus before what is shown as zero
    ends = "" if figure.low is None else f" ({figure.low:z.{digits}f} – {figure.high:z.{digits}f})"
    return f"{figure.value:z.{digits}f}{ends}"


def _p(figure: Figure, row: Judged) -> str:
    p = figure.p if row.constant else figure.p_holm
    return "–" if p is None else f"{p:.2g}"


def per_target(agreement: Agreement) -> tuple[list[str], list[list[str]]]:
    """Weighted tau on each target: head, and a line for each target."""
    rows = [
        row for row in agreement.rows if row.mean["weighted_tau"].value is not None and row.name not in {"random", "oracle"}
    ]
    found = [[target, *(_shown(row.targets[target]["weighted_tau"], 2) for row in rows)] for target in agreement.targets]
    return ["target", *(row.name for row in rows)], found


def reasons(agreement: Agreement) -> list[str]:
    """What measures say nothing of, each reason once."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in agreement.rows:
        for target, reason in row.reasons.items():
            found.setdefault((row.name, reason), []).append(target)
    return [f"{name}: {reason} on {', '.join(targets)}" for (name, reason), targets in found.items()]


def _foot(agreement: Agreement) -> list[str]:
    return [f"experiment {agreement.experiment}, metric {agreement.metric}", *LEGEND, *reasons(agreement), *agreement.notes]


def table(agreement: Agreement) -> Group:
    """For the terminal."""
    parts: list[Table | Text] = [_table(agreement.verdict, HEAD, lines(agreement)), Text("")]
    parts += [_table("Weighted Kendall τ on each target", *per_target(agreement)), Text("")]
    return Group(*parts, Text("\n".join(f"· {note}" for note in _foot(agreement))))


def _table(title: str, names: list[str], rows: list[list[str]]) -> Table:
    made = Table(title=escape(title), title_justify="left", title_style="bold")
    for i, name in enumerate(names):
        made.add_column(escape(name), justify="right" if i else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made


def markdown(agreement: Agreement) -> str:
    """For a page."""
    means, targets = (HEAD, lines(agreement)), per_target(agreement)
    text = [f"**{agreement.verdict}**", "", *_pipes(*means), "", "**Weighted Kendall τ on each target**", "", *_pipes(*targets)]
    return "\n".join([*text, "", *(f"- {note}" for note in _foot(agreement))]) + "\n"


def _pipes(names: list[str], rows: list[list[str]]) -> Iterator[str]:
    clean = [[cell.replace("|", "\\|") for cell in row] for row in (names, *rows)]
    for row in [clean[0], ["---", *["---:"] * (len(names) - 1)], *clean[1:]]:
        yield f"| {' | '.join(row)} |"


def comma_separated(agreement: Agreement) -> str:
    """One line for each measure, target (`mean` for all of them) and statistic, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["measure", "constant", "target", "statistic", *Figure.__dataclass_fields__])
    for row in agreement.rows:
        for target, figures in [("mean", {**row.mean, "lead": row.lead}), *row.targets.items()]:
            writer.writerows([row.name, row.constant, target, name, *vars(figures[name]).values()] for name in figures)
    return out.getvalue()
