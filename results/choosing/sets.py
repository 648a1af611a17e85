"""Sets of sources that hold the best one, or one that is nearly as good, with a stated confidence: conformal over targets.

On each other target, the order of sources that the remaining targets give has a place for the best source. With n such places,
the first k sources of the order hold the best one of a new target with probability `level`, where k is the
ceil((n + 1) × level)-th smallest place (split conformal prediction; Vovk et al. 2005), if targets are exchangeable. Where
(n + 1) × level > n, no set that is smaller than all sources has that confidence.

Only targets count on which every source in question was measured: among two of six sources, the best has place 1 or 2 whatever
the other four would have shown. Targets that are one data set with different options count once, with the largest place.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.board.candidates import plain_source
from results.choosing.orders import by_loss, chosen_scores, orders_of
from results.choosing.prior import Prior, data_set_of

LEVEL = 0.9


@dataclass(frozen=True)
class SourceSet:
    """The first sources of an order.

    Attributes:
        names: the sources of the set.
        targets: how many targets the statement rests on; one data set with different options counts once.
        held: on how many of these the same set, made without the target, holds such a source.
        level: the confidence that was asked for; None where so few targets cannot give it, and the set is all sources.
        families: of how many families these targets are; targets of one family are not independent.
    """

    names: tuple[str, ...]
    targets: int
    held: int
    level: float | None
    families: int


def source_set(
    prior: Prior, candidates: Sequence[str], eps: float | None, level: float = LEVEL, pool: Sequence[str] = ()
) -> SourceSet:
    """The set that holds the best source of a new target, or with `eps` a source within eps of the best.

    The prior is one without the target and its family. Candidates that the prior does not know are in no set. With `eps`
    replicates are averaged first, so that no run wins by chance. `pool` holds the sources among which the places on other
    targets are counted; by default the candidates. It also names sources that only this target cannot use, such as itself.
    """
    goal = orders_of(prior).cells if eps is not None else chosen_scores(prior.val_loss, prior.score)
    places = places_of(prior, goal, pool or candidates, eps or 0.0)
    order = [source for source in orders_of(prior).by_loss if source in candidates]
    size = conformal_size(list(places.values()), level)
    names = tuple(order if size is None else order[:size])
    held = sum(_held(places, target, level) for target in places)
    families = {prior.family_of(target) for target in places}
    return SourceSet(names, len(places), held, None if size is None else level, len(families))


def _held(places: Mapping[str, int], target: str, level: float) -> bool:
    size = conformal_size([place for name, place in places.items() if name != target], level)
    return size is None or places[target] <= size


def conformal_size(places: Sequence[int], level: float) -> int | None:
    """The ceil((n + 1) × level)-th smallest of n places; None where that is beyond the largest."""
    rank = math.ceil((len(places) + 1) * level - 1e-9)
    return sorted(places)[rank - 1] if 0 < rank <= len(places) else None


def places_of(prior: Prior, goal: np.ndarray, candidates: Sequence[str], eps: float) -> dict[str, int]:
    """For each data set, the place of the first source within eps of its best one, in the order that other families give.

    Data sets on which a candidate that the prior knows was not measured are left out, unless the pair shares images: such a
    pair cannot be measured.

    Args:
        prior: runs of other targets.
        goal: the scores that say which source is the best, (targets, sources).
        candidates: the sources among which places are counted.
        eps: how near to the best is near enough.
    """
    cells = orders_of(prior).cells
    known = set(orders_of(prior).ranked)
    wanted = np.array([source in candidates and source in known for source in prior.sources], dtype=bool)
    places: dict[str, int] = {}
    for number, target in enumerate(prior.targets):
        here = goal[number]
        if any(wanted & ~np.isfinite(here) & ~_barred(prior, target)):
            continue
        left = [name not in prior.relatives(target) for name in prior.targets]
        able = [index for index in by_loss(cells[left], prior.metric) if wanted[index] and np.isfinite(here[index])]
        if len(able) > 1:
            best = max(here[index] for index in able)
            place = 1 + next(place for place, index in enumerate(able) if here[index] >= best - eps - 1e-12)
            places[data_set_of(target)] = max(place, places.get(data_set_of(target), 0))
    return places


def _barred(prior: Prior, target: str) -> np.ndarray:
    """The sources that share images with a target, as a mask over the sources of the prior."""
    own = data_set_of(target)
    barred = [data_set_of(plain_source(source)) == own or (source, target) in prior.apart for source in prior.sources]
    return np.array(barred, dtype=bool)
