"""Why a figure has no interval although its test images are known: the best and the worst figure do not vary over them.

DeLong's variance of an AUC of 1 is 0, as is that of an accuracy of 1: every test image counts alike. An interval of no width
would say that the figure is known exactly, which a few test images do not show: none is given, and the reason is said instead.
"""

from collections.abc import Collection, Iterable

from results.metrics import metric_of, written

DONE = {"auc": "ranked", "accuracy": "classified", "balanced_accuracy": "classified"}
NEAR = 1e-9  # what a mean over seeds or classes may be off by


def why_exact(metric: str, value: float) -> str | None:
    """Why the test images show no variance of a figure, in words; None where it lies at no bound of its metric."""
    low, high = metric_of(metric).bounds
    bound = next((bound for bound in (low, high) if abs(value - bound) < NEAR), None)
    if bound is None:
        return None
    if metric in DONE:
        return f"every test image is {DONE[metric]} {'rightly' if bound == high else 'wrongly'}"
    return f"the {written(metric)} is exactly {bound:g}"


def exact_notes(figures: Iterable[tuple[str, str, float, float | None]], images: Collection[str], metric: str) -> list[str]:
    """One note for each target and reason about the sources that have no interval although the test images are counted.

    figures: (target, source, mean of the metric, lower end of its interval or None). images: the targets whose test images are
    counted.
    """
    without: dict[tuple[str, str], list[str]] = {}
    for target, source, mean, low in figures:
        if low is None and target in images:
            why = why_exact(metric, mean) or "every test image counts alike"
            without.setdefault((target, why), []).append(source)
    return [
        f"{target}: {', '.join(names)} {'has' if len(names) == 1 else 'have'} no interval, because {why}"
        for (target, why), names in without.items()
    ]
