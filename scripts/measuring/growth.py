"""The growth table: CPU seconds of measures at growing N, the slope of their logarithms, and peak memory."""

import math
from typing import Any

from documentation.place import put
from measuring.child import PERFORMANCE

MEASURES = ["knn", "tmi", "ids", "parc", "otdd", "otce", "vendi", "lp"]
IMAGES = [1_000, 4_000, 16_000, 50_000]


def report(rows: list[dict[str, Any]], images: list[int], *, write: bool) -> None:
    """Print the table; put it into the page if asked."""
    head = ["measure", *(f"{count:,}" for count in images), "slope", *(f"MiB, {count:,}" for count in images)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name in dict.fromkeys(row["measure"] for row in rows):
        own = {row["N"]: row for row in rows if row["measure"] == name}
        cells = [_cell(own.get(count, {}), "cpu", ".3g") for count in images]
        peaks = [_cell(own.get(count, {}), "peak_mib", ".0f") for count in images]
        why = next(
            (f" (undefined: {row['undefined']})" for row in own.values() if "undefined" in row), ""
        )  # timed all the same
        lines.append("| " + " | ".join([f"`{name}`{why}", *cells, slope(own), *peaks]) + " |")
    text = "\n".join(lines)
    print(text)
    if write:
        put(PERFORMANCE, "growth", text + "\n")


def slope(rows: dict[int, dict[str, Any]]) -> str:
    """The slope of log CPU seconds over log N, by least squares over all N that were timed."""
    points = [(math.log(count), math.log(row["cpu"])) for count, row in rows.items() if row.get("cpu", 0) > 0]
    if len(points) < 2:
        return "–"
    x, y = (sum(side) / len(points) for side in zip(*points, strict=True))
    return f"{sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points):.2f}"


def _cell(row: dict[str, Any], name: str, form: str) -> str:
    return format(row[name], form) if name in row else "–"
