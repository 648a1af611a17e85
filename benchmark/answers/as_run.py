"""The plan as it was run: options of `cats run` change its budget and which networks are kept, and no outcome."""

from typing import TYPE_CHECKING

import yaml

from benchmark.core.parse import parse
from benchmark.specs.plan import Plan
from results.error import CatsError

if TYPE_CHECKING:
    from results.tracking.experiment import Experiment

ASKED = {"budget", "keep"}  # the keys of a plan that options change


def as_run(plan: Plan, tracking: "Experiment") -> Plan:
    """The plan with the budget and `keep` of its last call; unchanged where MLflow does not say it of this very plan."""
    from results.tracking.plan_run import last_plan

    text = last_plan(tracking)
    if text is None:
        return plan
    try:
        last = parse(Plan, yaml.safe_load(text), "the plan that was run last")
    except (CatsError, yaml.YAMLError):  # of another version of cats-bench
        return plan
    same = last.model_dump(exclude=ASKED) == plan.model_dump(exclude=ASKED)
    return plan.model_copy(update={name: getattr(last, name) for name in ASKED}) if same else plan
