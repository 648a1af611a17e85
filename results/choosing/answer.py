"""What can be said about a choice: which sources may be as good, how sure the answer is, and the constants beside it."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from results.choosing import EPSILON
from results.choosing.matrix import Matrix
from results.choosing.policy import DEFAULT, Arm, Known
from results.choosing.prior import Prior
from results.choosing.replay import LONGEST, NothingToChooseError, Replayed, ReplayQuestion, replay
from results.choosing.seating import strangers
from results.choosing.sets import SourceSet, source_set
from results.choosing.stopping import recommended, why_unstated, within_eps
from results.choosing.trust import Trust
from results.choosing.verdict import Mean, mean_over_targets, over_relabellings, trusted

CONSTANTS = ("leader", "random", "static")
RELABELLINGS = 4
_kept: "WeakKeyDictionary[Prior, dict[tuple[str, float], Replayed | None]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Constant:
    """What another way of choosing loses on the prior's targets, after as many runs as were made here.

    Attributes:
        regret: in the test score of the prior's metric.
        minus: regret of the policy of this choice minus that of the constant, paired over targets; an interval that holds 0
            tells nothing apart.
    """

    name: str
    regret: Mean
    minus: Mean


@dataclass(frozen=True)
class Answer:
    """What can be said about the recommended run after some trials.

    Attributes:
        best: the set that holds the best candidate, before anything was run.
        near: the set that holds a candidate within eps of the best.
        within: the probability that the recommended run is within eps of the best candidate, corrected by what was stated and
            held on the prior's targets; None where the prior cannot state it.
        within_targets: how many targets the correction rests on; 0 for none.
        policy: the replayed regret of the policy itself after as many runs, on the prior's targets; None without any.
        constants: the same of the constants.
        strangers: candidates of which the prior knows nothing; they are in no set, and `within` does not compare them.
        unstated: why `within` is None, in words.
    """

    best: SourceSet
    near: SourceSet
    within: float | None
    within_targets: int
    policy: Mean | None
    constants: tuple[Constant, ...]
    strangers: tuple[str, ...]
    unstated: str = ""


def answer(known: Known, policy: str = DEFAULT, eps: float = EPSILON, taken: Arm | None = None) -> Answer:
    """The answer after the trials in `known`, chosen by the policy of this name.

    `taken` is the arm that is recommended, where further seeds have decided; by default that of the smallest validation loss.
    """
    arm = taken or recommended(known.trials)
    stated, trust = within_eps(known, eps, arm), trust_in(known.prior, policy, eps)
    own, constants = _constants(known.prior, policy, eps, len(known.trials))
    return Answer(
        source_set(known.prior, known.sources, None),
        source_set(known.prior, known.sources, eps),
        None if stated is None else trust.of(stated),
        trust.targets,
        own,
        constants,
        strangers(known),
        why_unstated(known, arm) if stated is None else "",
    )


def trust_in(prior: Prior, policy: str = DEFAULT, eps: float = EPSILON) -> Trust:
    """How P(within eps) is corrected: by a replay of the policy on the prior's own targets, each with its family left out."""
    found = _replayed(prior, policy, eps)
    return Trust() if found is None else trusted(found)[1]


def sure(known: Known, policy: str = DEFAULT, eps: float = EPSILON) -> float | None:
    """P(within eps) after the trials in `known`, corrected; None where the prior cannot state it."""
    stated = within_eps(known, eps)
    return None if stated is None else trust_in(known.prior, policy, eps).of(stated)


def _replayed(prior: Prior, policy: str, eps: float) -> Replayed | None:
    """The replay of a policy and the constants on the prior's targets; None where these are too few to learn from."""
    kept = _kept.setdefault(prior, {})
    if (policy, eps) not in kept:
        question = ReplayQuestion(
            (policy, *(name for name in CONSTANTS if name != policy)), RELABELLINGS, True, (), eps, (0.0,)
        )
        try:
            kept[policy, eps] = replay(Matrix.of(prior), question) if len(prior.targets) > 1 else None
        except NothingToChooseError:
            kept[policy, eps] = None
    return kept[policy, eps]


def _constants(prior: Prior, policy: str, eps: float, runs: int) -> tuple[Mean | None, tuple[Constant, ...]]:
    found = _replayed(prior, policy, eps)
    if found is None or not runs:
        return None, ()
    place = min(runs, LONGEST) - 1
    by_target = {name: over_relabellings(regret)[:, place] for name, regret in found.after.items()}
    constants = tuple(
        Constant(name, mean_over_targets(values), mean_over_targets(by_target[policy] - values))
        for name, values in by_target.items()
        if name != policy
    )
    return mean_over_targets(by_target[policy]), constants
