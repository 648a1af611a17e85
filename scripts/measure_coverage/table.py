"""The table of coverages, from the cells that are there."""

import math
import re
from collections.abc import Mapping, Sequence

from measure_coverage.cell import Cell, judged

NOTHING = "– "  # before the number of a reason


def table(
    cells: Mapping[tuple[str, str], Cell | None],
    measures: Sequence[str],
    titles: Mapping[str, tuple[str, float]],
    usual: int = 0,
) -> str:
    """Markdown; titles: of each setting, with the share of a finite population that a sample takes.

    usual: a number of samples that needs no mention; by default the largest one.
    """
    lines = ["| measure | " + " | ".join(title for title, _ in titles.values()) + " |", "| --- |" + " ---: |" * len(titles)]
    reasons: list[str] = []
    known = [cell for cell in cells.values() if cell is not None]
    most = usual or max((len(cell.values) for cell in known), default=0)
    for name in measures:
        row = []
        for key, (_, taken) in titles.items():
            cell = cells.get((name, key))
            row.append("" if cell is None else _entry(cell, taken, reasons, most))
        lines.append(f"| `{name}` | " + " | ".join(row) + " |")
    minutes = sum(cell.seconds for cell in known) / 60
    lines += ["", f"{most} samples in each cell that names no other number; {minutes:.0f} minutes of CPU time in all.", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join(lines).rstrip() + "\n"


def _entry(cell: Cell, taken: float, reasons: list[str], most: int) -> str:
    found, other = judged(cell, taken), f", n = {len(cell.values)}" if len(cell.values) != most else ""
    if found is None:
        reason = max(cell.reasons, key=lambda each: cell.reasons[each])
        if reason not in reasons:
            reasons.append(reason)
        return f"– [{reasons.index(reason) + 1}]"
    share, ratio = found
    return f"{100 * share:.0f} ({'all equal' if math.isnan(ratio) else f'{ratio:.2f}'}){other}"


def renewed(before: str, made: str) -> str:
    """The table of a page with the rows of `made` in the place of the same measures' ones; both have all settings."""
    head, rows, usual = _read(before)
    title, newer, _ = _read(made)
    if title != head:
        raise SystemExit(f"the page has the columns {head}, and the rows that were made {title}; give all settings")
    if unknown := sorted(newer.keys() - rows.keys()):
        raise SystemExit(f"the page has no row of {', '.join(unknown)}; write the whole table")
    reasons: list[str] = []
    lines = before.split("\n")[:2]
    for name, entries in (rows | newer).items():
        numbered = []
        for entry in entries:
            reason = entry.removeprefix(NOTHING)
            if reason not in reasons and entry != reason:
                reasons.append(reason)
            numbered.append(entry if entry == reason else f"{NOTHING}[{reasons.index(reason) + 1}]")
        lines.append(f"| {name} | " + " | ".join(numbered) + " |")
    kept = (
        f"{usual} samples in each cell that names no other number. Rows of measures whose code changed were made again alone."
    )
    return "\n".join([*lines, "", kept, "", *(f"{number}. {reason}" for number, reason in enumerate(reasons, 1))]) + "\n"


def usual_samples(before: str) -> int:
    """The number of samples that the cells of a page's table have where they name none."""
    return _read(before)[2]


def _read(text: str) -> tuple[str, dict[str, list[str]], int]:
    """The head of a table, its entries by measure, reasons in place of their numbers, and the usual number of samples."""
    reasons = dict(re.findall(r"^(\d+)\. (.+)$", text, flags=re.MULTILINE))
    lines = [line for line in text.split("\n") if line.startswith("|")]
    rows = {}
    for line in lines[2:]:
        name, *entries = (part.strip() for part in line.strip("|").split("|"))
        rows[name] = [re.sub(r"^– \[(\d+)\]$", lambda found: NOTHING + reasons[found[1]], entry) for entry in entries]
    return lines[0], rows, int(re.findall(r"^(\d+) samples in each cell", text, flags=re.MULTILINE)[0])
