"""What a replay can say and what it cannot, as sentences."""

import math
from collections.abc import Sequence

from results.choosing.replay import Replayed
from results.choosing.sets import LEVEL
from results.choosing.trust import TARGETS
from results.choosing.verdict import INTERVAL, PolicyRegret, mean_over_targets
from results.text.counts import how_many
from results.text.printing import REGRET_DIGITS, figure_text

ENOUGH = 10  # runs that fit into the share whose details are shown
FEW = math.ceil(LEVEL / (1 - LEVEL) - 1e-9)  # other targets that a set of LEVEL needs, see conformal_size


def notes_of(found: Replayed, policies: Sequence[PolicyRegret]) -> list[str]:
    """The sentences below the tables."""
    targets, question, whole = len(found.targets), found.question, mean_over_targets(found.sweep)
    notes = [
        "regret: the score of the best source, at its smallest validation loss, minus the score of the recommended run",
        "a policy sees validation losses of the target and all runs of the others; the smallest validation loss is recommended",
        "95 %: bootstrap over targets",
        "the first run always counts, also where it costs more than the share",
        f"all runs together, smallest validation loss: regret {figure_text(whole.value, whole.low, whole.high, REGRET_DIGITS)}",
        *found.notes,
        *_of_chance(policies, found),
        *_of_differences(policies, found),
        *_of_few_targets(targets),
    ]
    if question.hidden:
        notes.append(f"hidden from the prior, candidates all the same, and in no set: {', '.join(question.hidden)}")
    absent = sum(played.absent for some in found.plays for played in some)
    if absent:
        asked = f"{question.policies[0]} asked {how_many(absent, 'time')}"
        notes.append(f"{asked} for runs that the experiment does not hold; they cost nothing")
    notes.append("pretrainings are not counted: a share is one of the costs of the cells")
    return notes


def main_share(found: Replayed) -> int:
    """The place of the share whose details are shown: the first into which ENOUGH runs of the first policy fit, or the last."""
    counts = found.runs[found.question.policies[0]]
    return next((place for place, count in enumerate(counts) if count >= ENOUGH), len(counts) - 1)


def _of_chance(policies: Sequence[PolicyRegret], found: Replayed) -> list[str]:
    if not found.question.relabellings or found.no_replicates:
        return []
    first = policies[0]
    at = main_share(found)
    low, high = first.by_chance[at]
    if not math.isfinite(first.plain[at]):
        return []
    drawn = (
        f"{first.plain[at]:z.4f} at {100 * found.shares[at]:g} %, which is one draw from a range of {low:z.4f} to {high:z.4f}"
    )
    return [f"the experiment as it is gives {first.name} {drawn}: no single replay is a result"]


def _of_differences(policies: Sequence[PolicyRegret], found: Replayed) -> list[str]:
    open_ones = [
        policy.name
        for policy in policies
        if policy.first_minus is not None
        and all(mean.low is None or mean.high is None or mean.low <= 0 <= mean.high for mean in policy.first_minus)
    ]
    if not open_ones:
        return []
    return [f"{len(found.targets)} targets cannot tell {policies[0].name} from {', '.join(open_ones)} at any share"]


def _of_few_targets(targets: int) -> list[str]:
    notes = []
    if targets == 1:
        notes.append("there is one target: no other target can be a prior, so only policies without a prior are judged")
    elif targets < INTERVAL:
        notes.append(f"{targets} targets are too few for an interval over targets; {INTERVAL} are needed")
    if 1 < targets <= FEW:
        most, others = (targets - 1) / targets, how_many(targets - 1, "other target")
        notes.append(
            f"with {others} no set below all sources has {LEVEL:.0%} confidence; {most:.0%} is the most, "
            f"and {FEW} other targets are needed"
        )
    if targets <= TARGETS:
        notes.append(f"P(within eps) needs {TARGETS} other targets, so nothing is said about it")
    return notes
