"""The table of coverages, from the cells that are there."""

import math
from collections.abc import Mapping, Sequence

from measure_coverage.cell import Cell, judged


def table(
    cells: Mapping[tuple[str, str], Cell | None], measures: Sequence[str], titles: Mapping[str, tuple[str, float]]
) -> str:
    """Markdown; titles: of each setting, with the share of a finite population that a sample takes."""
    lines = ["| measure | " + " | ".join(title for title, _ in titles.values()) + " |", "| --- |" + " ---: |" * len(titles)]
    reasons: list[str] = []
    known = [cell for cell in cells.values() if cell is not None]
    most = max((len(cell.values) for cell in known), default=0)
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
    found, fewer = judged(cell, taken), f", n = {len(cell.values)}" if len(cell.values) < most else ""
    if found is None:
        reason = max(cell.reasons, key=lambda each: cell.reasons[each])
        if reason not in reasons:
            reasons.append(reason)
        return f"– [{reasons.index(reason) + 1}]"
    share, ratio = found
    return f"{100 * share:.0f} ({'all equal' if math.isnan(ratio) else f'{ratio:.2f}'}){fewer}"
