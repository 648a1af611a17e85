"""What a policy is: it looks at what is known and says which sources and settings to try next.

The same code runs live (`cats choose`) and in replay (`cats replay`): a policy knows nothing of engines, cells or files. Other
packages register theirs under the entry points `cats.policies`. An entry point names a function without arguments that returns
a Policy; a class without arguments in its constructor is such a function:

    [project.entry-points."cats.policies"]
    patient = "our_package.patient:Patient"
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from results.choosing.prior import Prior, Setting
from results.extension import Extensions

DEFAULT = "race"
WAYS = {  # what the constants beside a policy do, in words
    "leader": "the source that was best on the targets of the prior alone, setting after setting",
    "static": "the first five sources of the prior with the same eight settings",
    "random": "sources and settings at random",
}
OURS = {
    name: f"results.choosing.policies.{name}:{name.title()}"
    for name in ("race", "portfolio", "leader", "static", "random", "habit")
}
POLICIES = Extensions("policy", "policies", "cats.policies", OURS, ("name", "next"))


class Arm(NamedTuple):
    """One thing that can be tried: a source with the name of a setting."""

    source: str
    setting: str


class Trial(NamedTuple):
    """One run on the target that came back.

    Attributes:
        val_loss: None if the run failed.
        kwh, hours: what the run took; None if that is unknown.
    """

    arm: Arm
    seed: int
    val_loss: float | None
    kwh: float | None = None
    hours: float | None = None


@dataclass(frozen=True)
class Budget:
    """What is left to spend; None is no limit."""

    kwh: float | None = None
    hours: float | None = None
    cells: int | None = None


@dataclass(frozen=True)
class Known:
    """Everything that a policy may look at. Test scores are in the prior's other targets only.

    Attributes:
        sources: the candidates, in the user's order.
        settings: what can be tried with every source, by name.
        prior: runs of other targets, without the target and its family; it may be empty, and it need not hold every source or
            setting.
        trials: live in the order in which they were started, in a replay in the order in which they were asked for.
        left: what the budget still allows.
        pending: arms that were asked for and are not back yet.
    """

    sources: tuple[str, ...]
    settings: Mapping[str, Setting]
    prior: Prior
    trials: tuple[Trial, ...] = ()
    left: Budget = Budget()
    pending: tuple[Arm, ...] = ()


class Policy(Protocol):
    """A way to choose what is tried next.

    A policy keeps no state: equal `Known` gives equal arms, so that an interrupted choice continues where it was. Randomness
    comes from the names in `Known` alone.
    """

    name: str

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        """At most `count` arms to try now, without those that are pending. An arm that was tried asks for one more seed.

        No arm while arms are pending: the policy waits for them. No arm and none pending: the policy has ended.
        """
        ...


def losses(trials: Sequence[Trial]) -> dict[Arm, float]:
    """The validation loss of each arm, mean over seeds; a failed run has none, and an arm whose runs all failed is infinite."""
    found: dict[Arm, list[float]] = {}
    for trial in trials:
        held = found.setdefault(trial.arm, [])
        if trial.val_loss is not None and math.isfinite(trial.val_loss):
            held.append(trial.val_loss)
    return {arm: math.fsum(held) / len(held) if held else math.inf for arm, held in found.items()}


def policy_named(name: str) -> Policy:
    """The policy of this name, which its attribute `name` has, too.

    Raises CatsError if there is none, if two packages use the name, or if another package's policy cannot be made.
    """
    policy: Policy = POLICIES.make(name)
    return policy if policy.name == name else _Called(name, policy)


class _Called:
    """A policy under the name of its entry point, by which it is looked up again, whatever its class calls it."""

    def __init__(self, name: str, policy: Policy) -> None:
        self.name, self.policy = name, policy

    def next(self, known: Known, count: int) -> Sequence[Arm]:
        return self.policy.next(known, count)
