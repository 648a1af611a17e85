"""Plans that are looked up: their cells, the starts of their networks, their leaks."""

import os

from benchmark.execution.resolution import resolve_pairs, resolve_plan, starts_of
from benchmark.specs.lineage import lineage
from benchmark.specs.resolve import start_of


def registry():
    """The server that published weights are looked up at: the one of the test, else a database that is not there."""
    return os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")


def resolved(plan):
    return resolve_plan(plan, registry())


def cells_of(plan):
    return iter(resolved(plan).cells())


def leaks_of(plan):
    """The pairs that share images as far as that is known before images are compared."""
    return resolve_pairs(plan, registry()).leaks


def plan_start(plan, source, backbone, seed):
    """What the network of a cell of the plan starts from."""
    return starts_of(plan, lineage(source), backbone, registry())[seed]


def source_start(source, backbone):
    """What a source gives to a backbone, without a plan."""
    return start_of(lineage(source), backbone, 0, {}, registry())
