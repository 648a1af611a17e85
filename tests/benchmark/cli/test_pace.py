"""The text beside a progress bar: what its numbers count."""

import pytest

from benchmark.answers.pace import Pace
from benchmark.execution.watch import Run
from results.record import Cost, Energy, Record
from tests.support.paths import ASSETS

RECORD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())


@pytest.mark.parametrize(("done", "end"), [(0, "h, 3 Wh"), (6, "h, 3 Wh in this call")])
def test_after_a_resume_the_energy_is_that_of_this_call(done, end):
    cost = Cost(phase="training", seconds=1.0, energy={"cpu": Energy(kwh=0.003, provenance="modelled")})
    state = Run(cells=16, done=done, made=1)
    pace = Pace()
    assert pace.after(RECORD.model_copy(update={"costs": (cost,)}), state).endswith(end)
    state.made += 1
    missing = cost.model_copy(update={"energy": {"cpu": Energy(kwh=None, provenance="missing")}})
    assert pace.after(RECORD.model_copy(update={"costs": (cost, missing)}), state).endswith(f"at least 6{end[4:]}")
