"""Trainings, scores and choices as results of a notebook; each call goes on where an earlier one ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from benchmark.answers import choose as choosing
from benchmark.answers import run as running
from benchmark.answers import score as scoring
from benchmark.answers.engines import engine_of
from benchmark.execution.adaptive_terms import terms_from
from benchmark.execution.engine import EngineOptions
from benchmark.execution.resolution import resolve_plan
from benchmark.execution.watch import Run
from benchmark.machine.signals import stop_on_signal
from benchmark.notebook.attempts import runs
from benchmark.notebook.door import NotebookDoor
from benchmark.notebook.subject import Subject, address, name_of, plan_of, several
from results.error import CatsError
from results.notebook.answers import Chosen, choice_result, scores_result
from results.notebook.board import Board, board_result
from results.notebook.result import Result

STOPPED = "stopped; nothing finished is lost, and the same call goes on from here"


@dataclass(frozen=True, eq=False, repr=False)
class Ran(Result):
    """What `run` has done.

    Attributes:
        board: the board of the plan; None if no cell is finished.
        failed: sentences about attempts that failed; the next call tries them again.
    """

    board: Board | None = field(kw_only=True)
    failed: Sequence[str] = field(kw_only=True)


def run(
    plan: Subject,
    *,
    device: str = "auto",
    engine: str = "local",
    scheduler: str | None = None,
    workers: int | None = None,
    kwh: float | None = None,
    hours: float | None = None,
    co2e_kg: float | None = None,
    cells: int | None = None,
    adaptive: bool = False,
    level: float | None = None,
    margin: float | None = None,
    tracking_uri: str | None = None,
) -> Ran:
    """Train and test every cell of a plan that is not done yet, as `cats run` does; a new call resumes.

    Args:
        plan: a plan, see the module catsbench.
        device: auto, cpu or cuda; auto is a GPU if there is one.
        engine: local (this process), dask (workers), or the name of an engine of another package.
        scheduler: address of a running Dask scheduler, such as tcp://host:8786.
        workers: number of workers that the engine dask starts here.
        kwh: budget: kWh of all attempts, including earlier calls.
        hours: budget: wall-clock hours of this call.
        co2e_kg: budget: kg CO2e of all attempts, including earlier calls.
        cells: budget: number of finished cells, including those of earlier calls.
        adaptive: run seeds only where it is open which source of a target is best.
        level: with adaptive: probability that an answer is right, 0.95 by default.
        margin: with adaptive: a source is also decided upon if no other one is better by this.
        tracking_uri: address of the MLflow server or database.

    Returns:
        The attempts as `runs` gives them, with the `board` of the plan and the sentences `failed`.

    Raises:
        CatsError: the plan is wrong or cannot be run here, or records wait because MLflow cannot be reached.
        KeyboardInterrupt: the call was interrupted; nothing finished is lost.

    Example:
        >>> plan = {"experiment": "tiny", "sources": ["scratch", "texturs"], "targets": ["ihc"], "backbones": ["test_resnet"]}
        >>> catsbench.run(plan)
        Traceback (most recent call last):
            ...
        results.error.CatsError: no source called 'texturs' in the plan; did you mean 'textures'?
    """
    asked = plan_of(plan).limited(kwh=kwh, hours=hours, co2e_kg=co2e_kg, cells=cells)
    uri, name, place = address(tracking_uri), name_of(plan), NotebookDoor()
    terms = terms_from(asked, level, margin, asked=adaptive)
    with stop_on_signal(shared=True):
        options = EngineOptions(device, scheduler, workers, tracking_uri=uri)
        how = running.How(uri, engine_of(engine, options, asked))
        state, frame = running.run_plan(replace(resolve_plan(asked, uri), terms=terms), how, place.door)
    for sentence in (*running.sentences_of(state, name), state.budget):
        place.say(sentence or "")
    _require_whole(state, name)
    made = None
    if state.pairs is not None and state.done + state.made:
        best = asked.keep == "best" and state.complete
        made = board_result(running.board_after(state.pairs, uri, frame, best=best), place.said)
    attempts = runs(asked, tracking_uri=uri)
    shown = attempts if made is None else made
    failed = [sentence.strip() for sentence in running.failures(state)]
    title = f"{name}: {running.made_in_words(state, ',')}"
    notes = place.said if made is None else made.notes
    return Ran(title, attempts.frame, notes, shown.sheets, shown.drawing, board=made, failed=failed)


def score(
    plan: Subject,
    *,
    device: str = "auto",
    images: int = 1000,
    draws: int = 50,
    neutral: str = "imagenet",
    workers: int = 1,
    shares: Literal["held", "drawn"] = "held",
    tracking_uri: str | None = None,
) -> Result:
    """Score every source on every target by measures of transferability, as `cats score` does, without training.

    Args:
        plan: a plan, see the module catsbench.
        device: auto, cpu or cuda; auto is a GPU if there is one.
        images: largest number of images of each target and source, 10 or more.
        draws: number of bootstrap resamples for each interval, 10 or more.
        neutral: source whose network embeds both data sets when their images are compared.
        workers: number of processes that score pairs side by side, one thread each; scores depend on it by rounding at most. A
            script that takes more than one must call this below `if __name__ == "__main__":`, as with every module that starts
            processes.
        shares: "held" or "drawn": whether resamples hold the shares of the classes, or draw them as new images would.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each pair and measure: `value`, higher is better, with `low` and `high`; `reason` where there is none.

    Raises:
        CatsError: the plan is wrong or cannot be scored here, or records wait because MLflow cannot be reached.
        KeyboardInterrupt: the call was interrupted; nothing finished is lost.

    Example:
        >>> catsbench.score("frist")
        Traceback (most recent call last):
            ...
        results.error.CatsError: there is no plan file 'frist', and no plan of that name; did you mean 'first'?
    """
    asked, uri, name, place = plan_of(plan), address(tracking_uri), name_of(plan), NotebookDoor()
    for what, number, least in (("images", images, 10), ("draws", draws, 10), ("workers", workers, 1)):
        if not isinstance(number, int) or number < least:
            raise CatsError(f"{what} is {number}; give a whole number of {least} or more")
    if shares not in {"held", "drawn"}:
        raise CatsError(f"shares is {shares!r}; it must be 'held' or 'drawn'")
    how = scoring.How(uri, device, images, draws, neutral, workers, shares)
    with stop_on_signal(shared=True):
        state, resolved = scoring.score_pairs(asked, how, place.door)
    for sentence in scoring.sentences_of(state, resolved):
        place.say(sentence)
    _require_whole(state, name)
    if not state.done + state.made:
        raise CatsError(*(sentence.strip() for sentence in running.failures(state)))
    text, notes = scoring.scores_after(resolved, uri, name)
    return scores_result(text.rows, asked.experiment, [*place.said, *notes, *text.advice])


def choose(
    target: str,
    *,
    sources: Sequence[str] = (),
    backbone: str | None = None,
    recipe: str = "fast",
    kwh: float | None = None,
    hours: float | None = None,
    cells: int | None = None,
    policy: str = "race",
    prior: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    keep: str | None = None,
    experiment: str | None = None,
    country: str = "NLD",
    device: str = "auto",
    tracking_uri: str | None = None,
) -> Chosen:
    """Find the source from which to transfer to a target within a budget, as `cats choose` does.

    Args:
        target: name of a target.
        sources: sources to choose among; by default those whose weights for the backbone lie on this machine.
        backbone: by default the one for which most sources have weights on this machine.
        recipe: a shipped recipe, or a YAML file of recipe keys.
        kwh: budget: kWh of all attempts, including earlier calls.
        hours: budget: wall-clock hours of this call.
        cells: budget: number of finished runs, including those of earlier calls.
        policy: what is tried next.
        prior: experiments whose runs speak for the sources, beside the public runs; by default all that fit.
        seeds: the first one is that of all runs; the finalists get all of them if the budget allows.
        keep: folder that receives the winner as a classifier; None keeps none.
        experiment: experiment of the records; by default choose-TARGET.
        country: country whose electricity is used, three capital letters.
        device: auto, cpu or cuda.
        tracking_uri: address of the MLflow server or database.

    Returns:
        One row for each run that was tried; `taken` marks the recommended one, and the title says what to take.

    Raises:
        CatsError: there is no such target, source, recipe or policy, or nothing can be tried here.
        KeyboardInterrupt: the call was interrupted; nothing finished is lost.

    Example:
        >>> catsbench.choose("ihc", kwh=-1)
        Traceback (most recent call last):
            ...
        results.error.CatsError: the budget: kwh is -1; allowed is a number above 0
    """
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.choosing.question import Question
    from benchmark.specs.budget import Budget

    budget = Budget().replaced({"kwh": kwh, "hours": hours, "cells": cells})
    question = Question(
        target, several("sources", sources), backbone, recipe, policy, several("seeds", seeds), budget, experiment or "",
        country, keep is not None,
    )  # fmt: skip
    options, place = EngineOptions(device, tracking_uri=address(tracking_uri)), NotebookDoor()
    how = choosing.How(options, prior=None if prior is None else several("prior", prior), keep=keep)
    with stop_on_signal(shared=True):
        driver = choosing.tried(question, how, place.door)
        if driver.state.interrupted:
            raise KeyboardInterrupt(STOPPED)
        choice, refused = choosing.answer(question, driver, how, place.door)
    for sentence in (*choosing.sentences_of(driver), refused):
        place.say(sentence or "")
    return choice_result(choice, place.said)


def _require_whole(state: Run, name: str) -> None:
    """Raises KeyboardInterrupt if the call was stopped, CatsError if its budget was not kept or MLflow has not every record."""
    if state.interrupted:
        raise KeyboardInterrupt(STOPPED)
    if state.unkept:
        raise CatsError(state.unkept)
    waiting = list(running.waiting(state, name))
    if waiting:  # a board without these records would be incomplete
        raise CatsError(*waiting)
