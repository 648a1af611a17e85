"""Addresses of MLflow's pages: the runs of an experiment with the filter and the order of its board."""

import json
from urllib.parse import quote, urlencode

CELLS = "tags.`cats.kind` = 'cell' and attributes.status = 'FINISHED'"
TRAINING = {"workflowType": "machine_learning"}  # MLflow would show the pages for agents, which have no runs


VIEW = "board"  # name of the view, a set of columns with filter and order, that log_board leaves in the experiment
COLUMNS = ("attributes.`Created`", "params.`source`", "params.`target`", "metrics.`seconds`", "metrics.`energy_kwh`")


def experiments_page(root: str) -> str:
    """The list of all experiments of a server, for those who train models."""
    return f"{root}/#/experiments?{urlencode(TRAINING)}"


def runs_page(root: str, experiment_id: str, metric: str, *, higher: bool = True) -> str:
    """The finished cells of an experiment, those with the best figure of a metric of the test images first."""
    asked = {**TRAINING, **_facets(metric), "orderByAsc": str(not higher).lower(), "datasetsFilter": "W10="}  # an empty list
    return f"{root}/#/experiments/{quote(experiment_id)}/runs?{urlencode(asked, quote_via=quote)}"


def view_page(root: str, experiment_id: str) -> str:
    """The same page with the columns of the view that the experiment holds."""
    return f"{root}/#/experiments/{quote(experiment_id)}/runs?{urlencode({**TRAINING, 'viewStateShareKey': VIEW})}"


def view_text(metric: str, *, higher: bool = True) -> str:
    """The view as MLflow keeps it in a tag of the experiment."""
    columns = [*COLUMNS, f"metrics.`test_{metric}`"]
    return json.dumps({**_facets(metric), "orderByAsc": not higher, "datasetsFilter": [], "selectedColumns": columns})


def _facets(metric: str) -> dict[str, str]:
    shown = {"startTime": "ALL", "lifecycleFilter": "Active", "modelVersionFilter": "All Runs"}
    return {"searchFilter": CELLS, "orderByKey": f"metrics.`test_{metric}`", **shown}
