"""The names of metrics in MLflow, which depend on the version of a record, by their names in the table of runs."""

from collections.abc import Callable
from functools import lru_cache

from results.tracking.experiment import Experiment
from results.tracking.mlflow_format import curves_of, figure_names

KEPT = 10_000  # runs whose names are kept, so that several curves of a run ask MLflow once


def name_reader(tracking: Experiment) -> Callable[[str, str], str]:
    """(run id, column of the table of runs, such as "curve_val_auc") → the name of the metric in MLflow, "val_auc".

    The function raises what MLflow raises.
    """

    @lru_cache(KEPT)
    def names(run_id: str) -> dict[str, str]:
        run = tracking.client.get_run(run_id)
        try:
            named = figure_names(run.data.metrics, curves_of(run.data.tags))
        except ValueError:  # the tag was changed since the table was made
            return {}
        return {column: name for name, column in named.items()}

    return lambda run_id, column: names(run_id).get(column, column)
