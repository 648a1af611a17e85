"""Puts together the answer of a choice: the winner with its test score, what was tried, what it took, what could come next."""

import math
from collections.abc import Sequence
from dataclasses import replace

from benchmark.choosing.arms import Arms
from benchmark.choosing.driver import Driver
from benchmark.choosing.finalists import finalists, next_seeds
from benchmark.choosing.question import Question
from benchmark.choosing.trials import Tried, others_in, trials_of
from benchmark.choosing.winner import Winner
from benchmark.execution.budget.spending import spent_before
from benchmark.execution.runner import Past
from benchmark.models.manifest import Score
from results.board.candidates import apart_note
from results.choosing import EPSILON
from results.choosing.answer import RELABELLINGS, Answer, answer
from results.choosing.choice import Attempted, Choice, Named, Rival, Round, Spent, Taken, arm_text, arms_text
from results.choosing.policies.race import Race, halved
from results.choosing.policy import Budget, Known
from results.choosing.sets import SourceSet
from results.choosing.stopping import MOST
from results.choosing.verdict import Mean
from results.text.counts import how_many

SHOWN = 3  # runs that the sentence about what comes next names


def choice_of(question: Question, driver: Driver, winner: Winner | None, past: Past) -> Choice:
    """The answer without test score and kept network. `past`: the runs of the experiment after the last cell."""
    plan = driver.chooser.arms.resolved.plan
    known = driver.chooser.known(trials_of(driver.tried), Budget())
    found = answer(known, driver.chooser.policy.name, EPSILON, None if winner is None else winner.arm)
    spent, tried = spent_of(driver, past), {each.trial.arm.source for each in driver.tried}
    backbones = dict(driver.chooser.arms.resolved.candidates)
    to_come = len(next_seeds(trials_of(driver.tried), plan.seeds, finalists(trials_of(driver.tried), plan.seeds[0])))
    taken = next(iter(backbones)) if winner is None else winner.arm.source
    ties = {} if winner is None else {arm_text(*arm): p for arm, p in winner.ties.items()}
    return Choice(
        experiment=plan.experiment, target=question.target, backbone=backbones[taken], recipe=question.recipe_name,
        policy=driver.chooser.policy.name, metric=plan.metric, taken=None if winner is None else _taken(winner),
        spent=spent, tried=tuple(map(_attempted, driver.tried)), ended=driver.ended,
        then=next_best(driver, winner), ties=ties, near=_set(found.near),
        best=_set(found.best), epsilon=EPSILON, within=found.within,
        within_targets=found.within_targets, rivals=_rivals(driver.chooser.policy.name, found),
        prior=driver.chooser.prior.origin, unstated=found.unstated,
        notes=(*_notes(found, known, spent.other_runs), *_apart(driver)),
        strangers=found.strangers if len(found.strangers) < len(known.sources) else (),
        untried=tuple(source for source in known.sources if source not in tried),
        rounds=_rounds(driver), seeds_to_come=to_come, enough_cells=driver.most_cells + spent.other_runs if to_come else 0,
        settings=tuple(driver.chooser.arms.settings.table),
    )  # fmt: skip


def _rounds(driver: Driver) -> tuple[Round, ...]:
    """How a race halved the sources; it decides by the first seed alone."""
    chooser = driver.chooser
    if not isinstance(chooser.policy, Race):
        return ()
    first = chooser.arms.resolved.plan.seeds[0]
    return halved(chooser.known([trial for trial in trials_of(driver.tried) if trial.seed == first], Budget()))


def _set(found: SourceSet) -> Named | None:
    """A set of sources; None where too few targets speak for one."""
    if not found.names or found.level is None:
        return None
    return Named(found.names, found.held, found.targets, found.level, found.families)


def _rivals(policy: str, found: Answer) -> tuple[Rival, ...]:
    """The policy itself and the constants, with what they lose on targets of the prior after as many runs."""
    own = () if found.policy is None else (Rival(f"{policy} (the policy of this choice)", *_mean(found.policy)),)
    return (*own, *(Rival(other.name, *_mean(other.regret), *_mean(other.minus)) for other in found.constants))


def _mean(mean: Mean) -> tuple[float, float | None, float | None]:
    return mean.value, mean.low, mean.high


def _notes(found: Answer, known: Known, others: int) -> tuple[str, ...]:
    """What is not known, and what figures do not speak of, in words."""
    notes = []
    if found.policy is not None:
        targets = how_many(len(known.prior.targets), "target")
        settings = how_many(len(known.prior.settings), "setting")
        notes.append(
            f"the ways of choosing were replayed on the runs of the prior, {targets} with its own {settings} and recipes, "
            f"{RELABELLINGS} relabellings: the regrets are not those of this recipe"
        )
    if found.strangers:
        notes.append(f"no prior rows: {', '.join(found.strangers)}; no set and no probability speaks of them")
    if others:
        runs = how_many(others, "finished run")
        count, are = ("counts", "is") if others == 1 else ("count", "are")
        notes.append(
            f"{runs} of earlier calls with other sources or settings {count} in what was spent, and {are} not compared"
        )
    if found.near.targets and found.near.level is None:
        targets_are = how_many(found.near.targets, "target of the prior is", "targets of the prior are")
        notes.append(f"{targets_are} too few for a set of sources with 90 % confidence")
    return tuple(notes)


def _apart(driver: Driver) -> list[str]:
    """The sentence that sources on different backbones differ in both."""
    arms = driver.chooser.arms
    return apart_note((source, backbone) for source, backbone in arms.resolved.candidates if source in arms.sources)


def with_score(choice: Choice, score: Score | None) -> Choice:
    """The answer with the test score of the run that is recommended."""
    if choice.taken is None or score is None:
        return choice
    return replace(choice, taken=replace(choice.taken, score=score.value, low=score.low, high=score.high))


def _taken(winner: Winner) -> Taken:
    return Taken(winner.arm.source, winner.arm.setting, winner.seed, winner.val_loss, len(winner.losses[winner.arm]))


def _attempted(tried: Tried) -> Attempted:
    trial = tried.trial
    return Attempted(trial.arm.source, trial.arm.setting, trial.seed, trial.val_loss, trial.kwh, trial.hours)


def spent_of(driver: Driver, past: Past) -> Spent:
    """What all attempts took, and what one run of every source with every setting would take, from the runs that are there."""
    arms = driver.chooser.arms
    forecast = None if driver.guard is None else driver.guard.forecast
    own, runs = spent_before(arms.cells.values(), past.frame, past.waiting, forecast)
    other, others = others_in(past.frame, past.waiting, arms.keys)
    amount = own + other
    kwh, hours = (_sweep(arms, driver.tried, name) for name in ("kwh", "hours"))
    every = len(arms.sources) * len(arms.settings.table)
    tried_kwh, tried_hours = (_sum([getattr(each.trial, name) for each in driver.tried]) for name in ("kwh", "hours"))
    return Spent(
        amount.kwh, amount.known, amount.seconds / 3600, runs + others, len(driver.state.failed), kwh, hours, every,
        tried_kwh, tried_hours, others,
    )  # fmt: skip


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None


def _sweep(arms: Arms, tried: Sequence[Tried], figure: str) -> float | None:
    """The sum over all arms of the mean of a figure over the runs of their source, or over all runs; None if none is known."""
    known: dict[str, list[float]] = {}
    for each in tried:
        value = getattr(each.trial, figure)
        if value is not None and each.trial.val_loss is not None:
            known.setdefault(each.trial.arm.source, []).append(value)
    every = [value for values in known.values() for value in values]
    if not every:
        return None
    means = [math.fsum(values) / len(values) for values in (known.get(source, every) for source in arms.sources)]
    return math.fsum(means) * len(arms.settings.table)


def next_best(driver: Driver, winner: Winner | None) -> str:
    """What a second budget of the same size would be spent on, in words; empty where more runs are not known to help."""
    arms, trials = driver.chooser.arms, trials_of(driver.tried)
    plan = arms.resolved.plan
    if not driver.state.interrupted and not driver.stopped_by_budget:
        if winner is not None and winner.ties:
            return f"more seeds of {arms_text((winner.arm, *winner.ties))}: --seeds {2 * len(plan.seeds)}"
        return _beyond(arms, len({trial.arm for trial in trials}))
    step = driver.chooser.step(trials, Budget(), SHOWN)
    first = next_seeds(trials, plan.seeds, finalists(trials, plan.seeds[0]))
    named = [arms.by_key[cell.key] for cell in step.cells] or first[:SHOWN]
    return f"next come {', '.join(f'{arm_text(*arm)} with seed {seed}' for arm, seed in named)}" if named else ""


def _beyond(arms: Arms, runs: int) -> str:
    """What a larger budget would be spent on where the choice has ended without it."""
    if runs >= len(arms.sources) * len(arms.settings.table):
        return "every source was tried with every setting: name more with --sources, or a recipe with more settings"
    if runs >= MOST:
        return "no further run: more runs of these sources bought nothing on public targets"
    return "no further run: this choice has ended before its budget"
