"""What a run says of its energy so far: a sum, a lower bound, or that it is not known; never 0 for what was not measured."""

from benchmark.answers.pace import Pace
from benchmark.execution.watch import Run
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import Plan
from results.record import Energy
from tests.support.outcomes import outcomes_of
from tests.support.plans import cells_of

PLAN = Plan(
    experiment="e", sources=["scratch"], targets=["ihc"], backbones=["test_resnet"], seeds=1, recipe={"size": 16, "epochs": 0}
)


def test_energy_that_is_not_known_is_said_and_never_zero():
    (job,), pace, state = jobs_of(cells_of(PLAN), "e", "NLD"), Pace(), Run(cells=3, done=0, made=1)
    missing = {"cpu": Energy(kwh=None, provenance="missing")}

    def energy(**costs):
        (outcome,) = outcomes_of(job, **costs)
        return pace.after(outcome.record, state).split(", ", 1)[1]

    assert energy(energy=missing) == "energy unknown"
    assert energy() == "at least 1 Wh"
    (outcome,) = outcomes_of(job)
    for costs in (
        (),
        (outcome.record.costs[0].model_copy(update={"energy": {}}),),
    ):  # of a cell that failed at once; whose worker died
        pace = Pace()
        said = pace.after(outcome.record.model_copy(update={"costs": costs}), state)
        assert said.endswith(" cells/h, energy unknown")
        assert energy() == "at least 1 Wh"
    pace = Pace()
    assert energy() == "1 Wh"


def test_no_speed_is_said_before_the_first_cell_is_made():
    (job,) = jobs_of(cells_of(PLAN), "e", "NLD")
    (outcome,) = outcomes_of(job)
    assert Pace().after(outcome.record, Run(cells=3, done=0)) == "1 Wh"  # a pretraining, or an attempt that failed
