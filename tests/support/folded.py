"""Whether MLflow folds the runs of an experiment below the run of its plan, and which programs made them."""

from results.tracking.experiment import Experiment


def makers(uri, experiment):
    """(kind, program) of the attempts of an experiment, all of which are below the one run of its plan."""
    runs = list(Experiment(uri, experiment, create=False).runs())
    (plan,) = [run.info.run_id for run in runs if run.data.tags["cats.kind"] == "plan"]
    attempts = [run.data.tags for run in runs if "cats.key" in run.data.tags]
    assert {tags.get("mlflow.parentRunId") for tags in attempts} == {plan}
    return {(tags["cats.kind"], tags["mlflow.source.name"]) for tags in attempts}
