"""The front of ways that no other way beats in cost and regret, and the share of a rectangle that they dominate."""

from collections.abc import Sequence


def on_front(points: Sequence[tuple[float | None, float]]) -> list[bool]:
    """Which points no other point dominates; less is better in both. A point of unknown cost is never on the front."""
    known = [(k, r) for k, r in points if k is not None]
    return [
        k is not None and not any(a <= k and b <= r and (a < k or b < r) for a, b in known) for k, r in points
    ]  # fmt: skip


def hypervolume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """The share, 0 to 1, of the rectangle from (0, 0) to `reference` that the points dominate; less is better in both."""
    width, height = reference
    area, lowest = 0.0, height
    for k, r in sorted(points):
        if k < width and r < lowest:
            area += (width - k) * (lowest - r)
            lowest = r
    return area / (width * height)
