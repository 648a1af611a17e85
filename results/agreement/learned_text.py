"""What is said of a ranker that was learned: what it rests on, what counts in it, and which sources it cannot tell apart."""

from collections.abc import Iterator, Sequence

import numpy as np

from results.agreement.learned import NAME, Ordered

SHOWN = 5  # inputs that are named


def basis(made: Sequence[Ordered]) -> list[str]:
    """Sentences: on how many targets it rests, which inputs weigh most, how much was missing, and where it says nothing."""
    said = [each for each in made if each.reason is None]
    if not said:
        return [f"{NAME}: {reason}" for reason in dict.fromkeys(each.reason for each in made)]
    names = list(dict.fromkeys(name for each in said for name in each.weights))
    weights = {name: float(np.mean([each.weights.get(name, 0.0) for each in said])) for name in names}
    heavy = sorted(weights, key=lambda name: -abs(weights[name]))[:SHOWN]
    listed = ", ".join(f"{name} {weights[name]:+.2f}" for name in heavy)
    missing = float(np.mean([each.missing for each in said]))
    inputs, targets, families = (
        _span(numbers) for numbers in ([len(e.weights) for e in said], [e.targets for e in said], [e.families for e in said])
    )
    first = (
        f"{NAME}: a ridge regression on the places of {inputs} inputs, which rests on {targets} targets of {families} families"
    )
    second = f"{NAME}: {missing:.0%} of its inputs are missing and count as the mean of their target"
    sentences = [
        f"{first}; no target of the family that is ordered is among them",
        f"{second}; the heaviest weights are {listed}",
    ]
    silent: dict[str, list[str]] = {}
    for each in made:
        if each.reason is not None:
            silent.setdefault(each.reason, []).append(each.pool.target)
    return [*sentences, *(f"{', '.join(targets)}: {reason}" for reason, targets in silent.items())]


def first_places(made: Sequence[Ordered]) -> Iterator[str]:
    """For each pool the source with the highest prediction, and those that cannot be told apart from it."""
    for each in made:
        if each.reason is not None:
            continue
        first, *tied = each.tied
        where = each.pool.target + (f" on {each.pool.backbone}" if len({m.pool.backbone for m in made}) > 1 else "")
        if tied:
            yield f"{NAME}, {where}: no first source; {', '.join([first, *tied])} cannot be told apart (95 %)"
        else:
            yield f"{NAME}, {where}: {first} comes first (95 %)"


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
