"""Outcomes of jobs that nobody ran: workers return them in tests of engines. Nothing here loads torch: workers start soon."""

import json
import time
import uuid

from benchmark.specs.recipe import flat
from results.record import Cost, Energy, Outcome, Record


def outcomes_of(job, note=None, status="finished", **costs):
    """The outcomes of a job of cells, with a note in their facts that `note_in` reads."""
    cost = Cost(phase="training", seconds=1.0, energy={"cpu": Energy(kwh=1e-3, provenance="modelled")}, kg_per_kwh=0.5)
    now = time.time()
    records = [
        Record(
            kind="cell", key=cell.key, attempt=uuid.uuid4().hex, experiment=job.experiment, status=status, point=cell.point,
            names={"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)},
            settings=_settings(cell), facts={"note": json.dumps(note)}, validation={"epochs_run": 2.0},
            costs=(cost.model_copy(update=costs),), started=now, ended=now + 1,
        )
        for cell in job.cells
    ]  # fmt: skip
    return [Outcome(record) for record in records]


def _settings(cell):
    subsample = {f"subsample.{name}": str(value) for name, value in cell.subsample.model_dump().items()}
    return flat(cell.recipe) | subsample | {"rule": cell.rule}


def note_in(outcomes):
    return json.loads(outcomes[0].record.facts["note"])
