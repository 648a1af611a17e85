"""What has changed since the last answer of a choice that goes on: its prior and its settings, in one sentence."""

from collections.abc import Sequence
from contextlib import suppress

from benchmark.choosing.arms import Arms
from benchmark.choosing.background import PUBLIC
from benchmark.choosing.settings import listed
from results.choosing.choice import Choice, read_choice
from results.choosing.prior import Prior
from results.error import CatsError
from results.tracking.change_counter import is_missing
from results.tracking.experiment import Experiment
from results.tracking.log_choice import last_choice


def last_answer(uri: str, experiment: str) -> Choice | None:
    """The last answer of an experiment; None where there is none that can be read."""
    with suppress(CatsError):  # a choice goes on without it, and whatever is wrong with MLflow is said where runs are read
        text = None if is_missing(uri) else last_choice(Experiment(uri, experiment, create=False))
        return None if text is None else read_choice(text)
    return None


def changed_since(earlier: Choice, prior: Prior, arms: Arms) -> str | None:
    """How prior and settings differ from those of an earlier answer, with the settings now; None where nothing is known to.

    An answer of an older version does not say which settings it had: then the prior alone is compared.
    """
    held, had = _names(prior.origin), _names(earlier.prior)
    came, went = [each for each in held if each not in had], [each for each in had if each not in held]
    now = list(arms.settings.table)
    settings = bool(earlier.settings) and set(now) != set(earlier.settings)
    if not came and not went and not settings:
        return None
    if came or went:
        moved = [f"{what}: {', '.join(names)}" for what, names in (("new in it", came), ("no longer in it", went)) if names]
        begin = f"the prior has changed since the last answer ({'; '.join(moved)})"
    else:
        begin = "the settings are not those of the last answer"
    dropped = [name for name in earlier.settings if name not in now]
    left = f"; no longer tried: {listed(dropped)}" if dropped else ""
    return f"{begin}; the settings now are {listed(now)}{left}"


def _names(origin: Sequence[str]) -> list[str]:
    """What runs are of, without what else is to be said of them."""
    return [sentence.partition(": ")[0] for sentence in origin if sentence != PUBLIC]
