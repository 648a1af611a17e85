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
    seconds, samples = 0.0, set[int]()
    for name in measures:
        row = []
        for key, (_, taken) in titles.items():
            cell = cells.get((name, key))
            row.append("" if cell is None else _entry(cell, taken, reasons))
            if cell is not None:
                seconds += cell.seconds
                samples.add(len(cell.values))
        lines.append(f"| `{name}` | " + " | ".join(row) + " |")
    lines += ["", f"{_range(samples)} samples in each cell; {seconds / 60:.0f} minutes of CPU time in all.", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join(lines).rstrip() + "\n"


def _entry(cell: Cell, taken: float, reasons: list[str]) -> str:
    found = judged(cell, taken)
    if found is None:
        reason = max(cell.reasons, key=lambda each: cell.reasons[each])
        if reason not in reasons:
            reasons.append(reason)
        return f"– [{reasons.index(reason) + 1}]"
    share, ratio = found
    return f"{100 * share:.0f} ({'all equal' if math.isnan(ratio) else f'{ratio:.2f}'})"


def _range(samples: set[int]) -> str:
    return "No" if not samples else str(min(samples)) if len(samples) == 1 else f"{min(samples)} to {max(samples)}"
