"""From a question to what was tried: names, data and weights are looked up, then the driver makes cells."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from benchmark.choosing.arms import Arms
from benchmark.choosing.candidates import Candidates, candidates_of
from benchmark.choosing.driver import Driver
from benchmark.choosing.question import Question
from benchmark.choosing.settings import settings_of
from benchmark.execution.leakage import leak_sentences
from benchmark.execution.records import finished_in, outbox_of, runs_of
from benchmark.execution.resolution import resolve_plan
from benchmark.execution.runner import Past, look
from benchmark.specs import catalogue
from benchmark.specs.plan_facts import plan_text
from results.choosing.prior import Prior
from results.error import CatsError, NoExperimentError
from results.tracking.change_counter import absolute, is_missing
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.plan_run import fold
from results.tracking.writer import Writer

Say = Callable[[str], None]


def sources_for(question: Question, uri: str, say: Say) -> Candidates:
    """The backbone and the sources that are tried; how they were found is said.

    Raises CatsError for a wrong name or value, or if no source has weights for the backbone.
    """
    catalogue.target(question.target)  # a wrong name is said before weights are looked for
    found = candidates_of(question.sources, question.backbone, absolute(uri))
    for sentence in found.notes:
        say(sentence)
    return found


def arms_of(question: Question, found: Candidates, prior: Prior, uri: str, say: Say) -> Arms:
    """Everything that may be tried with the candidates that were found. What is left out is said by name.

    Raises CatsError for a wrong name or value, or if every source shares images with the target.
    """
    points = question.points()
    resolved = resolve_plan(question.plan(found.candidates), uri)
    settings = settings_of(question.recipe_name, points, prior)
    say(settings.note)
    arms = Arms.of(resolved, settings)
    reasons = [sentence.partition("; drop ")[0] for sentence in leak_sentences(resolved.leaks, allowed=False)]
    if not arms.sources:
        raise CatsError(f"no source is left for {question.target}: {'; '.join(reasons)}; name others with --sources")
    for sentence in reasons:
        say(sentence)
    return arms


def past_of(uri: str, experiment: str) -> Past:
    """What an earlier call has made: the runs of the experiment, and the records that wait to be sent."""
    waiting = [outcome.record for _, outcome in outbox_of(uri, experiment)]
    finished = {record.key for record in waiting if record.status == "finished"}
    frame = None
    with suppress(NoExperimentError):
        frame = None if is_missing(uri) else runs_of(uri, experiment)
    return Past(frame, frozenset(finished | (finished_in(frame) if frame is not None else set())), waiting)


def run_choice(driver: Driver, uri: str, say: Say) -> None:
    """Make what the choice still needs; nothing is touched if it has ended before.

    Raises CatsError for whatever refuses a plan: data, weights, a budget that holds no cell, MLflow that cannot be used.
    """
    experiment = driver.chooser.arms.resolved.plan.experiment
    past = past_of(uri, experiment)
    driver.read(past)
    going_on = bool(driver.next_cells()) and _may_go_on(driver, past, say)
    if going_on or _is_unsettled(past):
        tracking, outbox = Experiment(uri, experiment), outbox_of(uri, experiment)
        with Lease(tracking, outbox, say) as lease:
            fold(tracking, plan_text(driver.chooser.arms.resolved.plan))
            driver.run(Writer(tracking, outbox, lease), going_on=going_on)


def _is_unsettled(past: Past) -> bool:
    """Whether a call that was killed has left a record that waits, or a run without an end."""
    frame = past.frame
    return bool(past.waiting) or (frame is not None and len(frame) > 0 and bool((frame["status"] == "RUNNING").any()))


def _may_go_on(driver: Driver, past: Past, say: Say) -> bool:
    """Look at data, weights and budget for the next cells; returns whether the budget holds one of them."""
    arms = driver.chooser.arms
    # Before anything is made, so that a choice that is refused leaves no empty experiment behind.
    resolved = look(arms.resolved, set(past.finished), driver.engine, driver.watch)
    driver.chooser = replace(driver.chooser, arms=Arms(resolved, arms.settings))
    for source in arms.sources:
        if source not in driver.chooser.arms.sources:
            say(f"not run: {source}: {resolved.leaks[source, resolved.plan.targets[0]]}")
    driver.read(past)
    return driver.open_budget(past)
