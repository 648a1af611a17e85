"""A source is chosen for a target within a budget, and its network kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.answers.door import Door
from benchmark.answers.engines import engine_of
from benchmark.execution.engine import EngineOptions, held
from results.error import CatsError
from results.text.counts import how_many
from results.text.plain import json_text

if TYPE_CHECKING:
    from benchmark.choosing.driver import Driver
    from benchmark.choosing.question import Question
    from results.choosing.choice import Choice

NONE = "none"


@dataclass(frozen=True)
class How:
    """How a choice is made.

    Attributes:
        options: of the engine, among them the address of the MLflow server or database. engine: its name.
        prior: experiments whose runs speak for the sources; None: all that fit.
        keep: folder of the kept classifier; None: models/TARGET.
    """

    options: EngineOptions
    engine: str = "local"
    prior: Sequence[str] | None = None
    keep: str | None = None

    @property
    def uri(self) -> str:
        """The address of the MLflow server or database."""
        return str(self.options.tracking_uri)


def tried(question: "Question", how: How, door: Door) -> "Driver":
    """Try what the question allows. Raises CatsError if nothing can be tried."""
    from benchmark.choosing.background import Asked, background_of
    from benchmark.choosing.choose import arms_of, run_choice, sources_for
    from benchmark.choosing.driver import Driver
    from benchmark.choosing.going_on import changed_since, last_answer
    from benchmark.choosing.steps import Chooser
    from results.choosing.policy import policy_named

    chosen_policy = policy_named(question.policy)
    recipe = question.points()[0]
    found = sources_for(question, how.uri, door.say)
    prior = None if how.prior is None else tuple(how.prior)
    known = background_of(question.target, prior, how.uri, door.say, Asked(recipe, found.backbone, found.own))
    arms = arms_of(question, found, known, how.uri, door.say)
    earlier = last_answer(how.uri, arms.resolved.plan.experiment)
    if earlier is not None and (sentence := changed_since(earlier, known, arms)) is not None:
        door.say(sentence)
    chooser = Chooser(arms, chosen_policy, known)
    made = engine_of(how.engine, how.options, arms.resolved.plan)
    with held(made) as (ready, places), door.progress() as watch:
        driver = Driver(chooser, ready, places, watch)
        run_choice(driver, how.uri, door.say)
    return driver


def sentences_of(driver: "Driver") -> Iterator[str]:
    """What went wrong while sources were tried."""
    state = driver.state
    for record in state.failed:
        yield f"failed: {record.kind} {state.name(record)}: {record.reason}"
    if state.waiting:
        records = how_many(state.waiting, "record waits in the outbox", "records wait in the outbox")
        yield f"{records}; the next `cats choose` sends {'it' if state.waiting == 1 else 'them'}"
    if state.refused:
        records, them = how_many(state.refused, "record was", "records were"), "it" if state.refused == 1 else "them"
        yield f"{records} set aside for the reasons above; the next `cats choose` tries to send {them} again"


def answer(question: "Question", driver: "Driver", how: How, door: Door) -> "tuple[Choice, str | None]":
    """The answer, which is stored in MLflow for `cats report`, and why a part of the question was refused, if one was.

    The network of the winner is kept if the question asks for it.
    """
    from benchmark.choosing.answer import choice_of, with_score
    from benchmark.choosing.choose import past_of
    from benchmark.choosing.trials import trials_of
    from benchmark.choosing.winner import keep_winner, recorded_winner, tested, winner_among
    from benchmark.machine.device import device_of
    from benchmark.machine.meter import Meter
    from benchmark.models.place import named_folder

    arms = driver.chooser.arms
    plan = arms.resolved.plan
    past = past_of(how.uri, plan.experiment)
    winner = winner_among(trials_of(driver.tried), plan.seeds)
    choice, refused = choice_of(question, driver, winner, past), driver.state.unkept
    recorded = None if winner is None or past.frame is None else recorded_winner(winner, arms, past.frame, how.uri)
    if winner is not None and recorded is not None:
        choice = with_score(choice, tested(recorded, plan.metric))
        if plan.keep != NONE:
            folder = Path(how.keep) if how.keep else named_folder(question.target)
            meter = Meter(plan.country, str(device_of(how.options.device)))
            cell = arms.cells[winner.arm, winner.seed]
            try:
                choice = replace(choice, kept=str(keep_winner(cell, recorded, folder, meter)))
            except CatsError as error:  # the answer of hours of work comes first
                refused = refused or str(error)
    if driver.tried:
        _log(choice, how.uri, door)
    return choice, refused


def _log(choice: "Choice", uri: str, door: Door) -> None:
    """Store the answer in MLflow for `cats report`, without the folder of this machine."""
    from results.tracking.experiment import Experiment
    from results.tracking.log_choice import log_choice

    try:
        log_choice(Experiment(uri, choice.experiment, create=False), json_text(replace(choice, kept="").to_dict()))
    except CatsError as error:
        door.say(f"{error}; `cats report` will not show it")
