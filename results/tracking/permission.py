"""Whether a web server with permissions lets this user write to an experiment: one question, before any work starts.

MLflow's server answers every user who asks about himself, by the rule that it applies to what he writes. A server without users
has no such question.
"""

from results.error import NoExperimentError
from results.text.hidden import shown
from results.tracking.experiment import Experiment
from results.tracking.patience import within
from results.tracking.uri import WEB, scheme
from results.tracking.web import ANSWER_SECONDS, WHOLE_SECONDS, denied

QUESTION = "/api/3.0/mlflow/users/permissions/get"
NOT_WRITING = {"READ", "USE", "DENY", "NO_PERMISSIONS"}  # a permission that this version does not know may be one to write


def write_refusal(uri: str, experiment: str) -> str:
    """The sentence with which a server will refuse what this user writes to an experiment; empty if it is not known to refuse.

    Raises CatsError if MLflow cannot be used.
    """
    from mlflow.utils.credentials import read_mlflow_creds

    name = read_mlflow_creds().username
    if scheme(uri) not in WEB or not name:
        return ""
    try:
        tracking = Experiment(uri, experiment, create=False)
    except NoExperimentError:  # who makes it may write to it
        return ""
    try:
        permission = within(WHOLE_SECONDS, lambda: _permission(tracking.uri, str(name), tracking.experiment_id))
    except Exception:  # noqa: BLE001 - the client of MLflow raises errors of many libraries, and `cats run` will say what is wrong
        return ""
    return f"MLflow at {shown(uri)} cannot be written: {denied(experiment)}" if permission in NOT_WRITING else ""


def _permission(uri: str, user: str, experiment_id: str) -> str:
    """The name of a user's permission, as the server gives it; empty where it knows no users, or answers something else."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    asked = {"username": user, "resource_type": "experiment", "resource_id": experiment_id}
    with http_request(
        get_default_host_creds(uri), QUESTION, "GET", params=asked, max_retries=0, timeout=ANSWER_SECONDS, raise_on_status=False
    ) as answer:
        content = answer.json() if answer.status_code == 200 else {}
    return str(content.get("permission", "")) if isinstance(content, dict) else ""
