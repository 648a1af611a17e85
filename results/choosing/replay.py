"""Judges policies by replay: each target of an experiment plays the new one, and the others are the prior."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.choosing import EPSILON
from results.choosing.costs import costs_of
from results.choosing.draws import generator
from results.choosing.matrix import Matrix
from results.choosing.orders import averaged_scores, chosen_scores
from results.choosing.play import Played, column_of, play
from results.choosing.policy import policy_named
from results.choosing.posterior import belief_of
from results.choosing.prior import Prior, known_mean
from results.choosing.relabel import has_replicates, relabelled
from results.choosing.sets import SourceSet, source_set
from results.choosing.stopping import LOOKS, stated_within
from results.error import CatsError

SHARES = (0.001, 0.003, 0.01, 0.02, 0.05)
MORE_SHARES = (0.1, 0.25, 0.5)  # also of experiments that are so small that SHARES are a few runs
SMALL = 400  # runs of a target
LONGEST = 20  # runs that each policy makes at least, so that stop rules can be compared


class NothingToChooseError(CatsError):
    """No target has two sources to choose from."""


@dataclass(frozen=True)
class ReplayQuestion:
    """What is to be judged.

    Attributes:
        policies: names; the first one is compared with all others, and stop rules and P(within eps) are those of the first.
        relabellings: how often replicates exchange their names at random.
        family: whether the targets of the same family leave the prior, too.
        hidden: sources that are candidates and of which the prior knows nothing.
        eps: how near to the best source is near enough.
        shares: of the cost of all runs of a target, at which policies are judged; by default SHARES.
    """

    policies: tuple[str, ...]
    relabellings: int = 40
    family: bool = False
    hidden: tuple[str, ...] = ()
    eps: float = EPSILON
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class SetFound:
    """The two sets of a target, each with whether it holds such a source."""

    best: SourceSet
    holds_best: bool
    near: SourceSet
    holds_near: bool


@dataclass(frozen=True)
class Replayed:
    """What came out, before anything is averaged.

    Attributes:
        shares: of the cost of all runs of a target.
        regret: of each policy, (relabellings + 1, targets, shares); the first relabelling is the experiment as it is.
        after: regret after 1 to LONGEST runs, (relabellings + 1, targets, LONGEST).
        runs: how many runs fit into each share, mean over relabellings and targets, of each policy.
        plays: of the first policy, by target and relabelling.
        stated: P(within eps) at each look of LOOKS, (targets, relabellings + 1, looks), NaN where it cannot be stated.
        best: the best score of each target: the largest over sources at the setting that the smallest validation loss chooses.
        sweep: regret of the smallest validation loss of all runs, (targets,).
        sets: by target.
        families: what left the prior with each target: its family, or only its data set where families stay.
        no_replicates: True if no two runs are replicates, so that each regret holds the whole random variation of single runs.
    """

    question: ReplayQuestion
    metric: str
    unit: str
    targets: tuple[str, ...]
    shares: tuple[float, ...]
    regret: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    runs: dict[str, np.ndarray]
    plays: list[list[Played]]
    stated: np.ndarray
    best: np.ndarray
    sweep: np.ndarray
    sets: list[SetFound]
    notes: tuple[str, ...]
    families: tuple[str, ...]
    no_replicates: bool


def replay(matrix: Matrix, question: ReplayQuestion) -> Replayed:
    """Play every policy on every target and relabelling.

    Raises:
        CatsError: a policy does not exist.
        NothingToChooseError: no target has anything to choose from.
    """
    policies = [policy_named(name) for name in question.policies]
    if not question.family:
        matrix = replace(matrix, family={})
    matrix, notes = _with_choice(matrix)
    deals = [relabelled(matrix, number) for number in range(question.relabellings + 1)]
    units, costs, said = zip(*map(costs_of, deals), strict=True)
    unit, more = units[0], said[0]
    cells = _cells(matrix)
    best = np.nanmax(cells, axis=1)
    small = matrix.made.sum() / len(matrix.targets) < SMALL
    shares = question.shares or (*SHARES, *(MORE_SHARES if small else ()))
    after = {name: np.full((len(deals), len(matrix.targets), LONGEST), np.nan) for name in question.policies}
    regret = {name: np.full((len(deals), len(matrix.targets), len(shares)), np.nan) for name in question.policies}
    runs = {name: np.zeros((len(deals), len(matrix.targets), len(shares))) for name in question.policies}
    plays: list[list[Played]] = []
    stated = np.full((len(matrix.targets), len(deals), len(LOOKS)), np.nan)
    sets, whole = [], matrix.prior()
    for target, name in enumerate(matrix.targets):
        prior = hidden_from(whole.without(name), question.hidden)
        belief = belief_of(prior)
        plays.append([])
        for number, (deal, cost) in enumerate(zip(deals, costs, strict=True)):
            order = generator("order", number, *matrix.sources).permutation(len(matrix.sources))
            column = column_of(deal, cost, target, unit, order if number else np.arange(len(order)))
            for policy, called in zip(policies, question.policies, strict=True):
                played = play(policy, column, prior, shares[-1], LONGEST)
                within = [played.runs_within(share) for share in shares]
                regret[called][number, target] = [best[target] - played.score(count) for count in within]
                runs[called][number, target] = within
                after[called][number, target] = [best[target] - played.score(count) for count in range(1, LONGEST + 1)]
                if called == question.policies[0]:
                    plays[-1].append(played)
                    stated[target, number] = stated_within(belief, played, column, question.eps)
        if belief is not None:
            belief.forget()
        sets.append(_sets(prior, matrix, target, cells[target], question.eps))
    no_replicates = not has_replicates(matrix)
    if no_replicates:
        notes.append(
            "no two runs are replicates: the random variation of single runs cannot be averaged, so each regret holds all of it"
        )
    return Replayed(
        question, matrix.metric, unit, matrix.targets, shares, regret, after,
        {name: counts[1:].mean(axis=(0, 1)) for name, counts in runs.items()}, plays, stated, best,
        best - _sweep(matrix), sets, (*matrix.notes, *notes, *more),
        tuple(map(whole.family_of, matrix.targets)), no_replicates,
    )  # fmt: skip


def hidden_from(prior: Prior, hidden: Sequence[str]) -> Prior:
    """The prior without the rows of some sources."""
    return prior.of_sources([source not in hidden for source in prior.sources]) if hidden else prior


def _with_choice(matrix: Matrix) -> tuple[Matrix, list[str]]:
    """The targets on which there is a choice between sources, and a sentence about the others."""
    finished = matrix.made & np.isfinite(matrix.val_loss) & np.isfinite(matrix.score)
    able = (finished.any(axis=(2, 3)).sum(axis=1) > 1).tolist()
    if not any(able):
        raise NothingToChooseError(
            "no target is left to judge policies on: none has two sources with a finished run, a validation loss and "
            f"a test score ({matrix.metric}), other than runs of pairs that share images"
        )
    lost = [target for target, keep in zip(matrix.targets, able, strict=True) if not keep]
    return matrix.of_targets(able), [f"{name} is left out: fewer than two sources can be chosen there" for name in lost]


def _cells(matrix: Matrix) -> np.ndarray:
    """The score of each target and source at the setting that the smallest validation loss chooses, mean over seeds."""
    return known_mean(chosen_scores(np.swapaxes(matrix.val_loss, 2, 3), np.swapaxes(matrix.score, 2, 3)), 2)


def _sweep(matrix: Matrix) -> np.ndarray:
    flat = (len(matrix.targets), -1)
    return chosen_scores(matrix.val_loss.reshape(flat), matrix.score.reshape(flat))


def _sets(prior: Prior, matrix: Matrix, target: int, cells: np.ndarray, eps: float) -> SetFound:
    """The sets that the prior gives for a target, and whether they hold what they say."""
    candidates = [source for source, score in zip(matrix.sources, cells, strict=True) if np.isfinite(score)]
    best, near = (source_set(prior, candidates, near_by, pool=matrix.sources) for near_by in (None, eps))
    averaged = averaged_scores(matrix.of_targets([number == target for number in range(len(matrix.targets))]).prior())[0]
    winners = _near(matrix.sources, cells, 0.0)
    return SetFound(
        best, not winners.isdisjoint(best.names), near, not _near(matrix.sources, averaged, eps).isdisjoint(near.names)
    )


def _near(sources: Sequence[str], scores: np.ndarray, eps: float) -> set[str]:
    best = np.nanmax(scores)
    return {source for source, score in zip(sources, scores, strict=True) if score >= best - eps - 1e-12}
