"""Outcomes of jobs that nobody ran: workers return them in tests of engines."""

import json
import time

from benchmark.execution.execute import attempts_at
from results.record import Cost, Energy, Outcome


def outcomes_of(job, note=None, status="finished", **costs):
    """The outcomes of a job, with a note in their facts that `note_in` reads."""
    cost = Cost(phase="training", seconds=1.0, energy={"cpu": Energy(kwh=1e-3, provenance="modelled")}, kg_per_kwh=0.5)
    records = [attempt.lost("", (time.time(), 1.0)).record for attempt in attempts_at(job)]
    changes = {"status": status, "costs": (cost.model_copy(update=costs),), "validation": {"epochs_run": 2.0}}
    return [Outcome(record.model_copy(update=changes | {"facts": {"note": json.dumps(note)}})) for record in records]


def note_in(outcomes):
    return json.loads(outcomes[0].record.facts["note"])
