"""Which sources get a seat, and in which order each of them tries its settings: what several policies share."""

from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from results.choosing.orders import ladder, orders_of
from results.choosing.policy import Arm, Known

T = TypeVar("T")


def once(known: Known, what: str, derive: Callable[[Known], T]) -> T:
    """What `derive` makes of the sources, the settings and the prior: derived once, since a policy is asked after every run."""
    kept = orders_of(known.prior).kept
    key = (what, known.sources, tuple(known.settings))
    if key not in kept:
        kept[key] = derive(known)
    found: T = kept[key]
    return found


def strangers(known: Known) -> tuple[str, ...]:
    """The candidates of which the prior knows nothing, in the user's order."""
    ranked = orders_of(known.prior).ranked
    return tuple(source for source in known.sources if source not in ranked)


def seated(known: Known) -> tuple[list[str], int]:
    """All candidates in the order of their seats, and how many of them the prior does not know.

    First the leader of the prior, then every source that the prior does not know, in the user's order, then the other sources
    of the prior. No source speaks for another one, so that a new source gets its own trials.
    """
    order = [source for source in orders_of(known.prior).ranked if source in known.sources]
    new = strangers(known)
    return [*order[:1], *new, *order[1:]], len(new)


def own_order(known: Known, source: str) -> list[Arm]:
    """All arms of a source in the order in which to try them.

    A source that the prior knows has its own order. Any other source begins with one setting for each decade of the learning
    rate, and continues with the order that all known sources share. Settings that the prior does not hold come last.
    """
    orders = orders_of(known.prior)
    if source in orders.ranked:
        listed = [name for name in orders.own(source) if name in known.settings]
        names = [*listed, *ladder([known.settings[name] for name in known.settings if name not in set(listed)], [])]
    else:
        shared = orders.shared(known.sources) if any(name in orders.ranked for name in known.sources) else []
        names = ladder(list(known.settings.values()), shared)
    return [Arm(source, name) for name in names]


def untried(known: Known, arms: "list[Arm]", count: int) -> list[Arm]:
    """The first `count` of these arms that were neither tried nor asked for."""
    asked = {trial.arm for trial in known.trials}
    asked.update(known.pending)
    return list(islice((arm for arm in arms if arm not in asked), count))
