"""The names of all experiments of a tracking server."""

from mlflow.entities import ViewType

from results.error import CatsError
from results.text.hidden import shown
from results.tracking.change_counter import absolute
from results.tracking.client import Client
from results.tracking.connection import FAILURES, engine_address, quiet, reach, reason_of
from results.tracking.uri import check


def experiment_names(uri: str) -> list[str]:
    """The names of the experiments that were not deleted, in order; not MLflow's own `Default`, which holds none of ours.

    Raises CatsError if MLflow cannot be used.
    """
    quiet()
    check(uri)
    address = absolute(uri)
    try:
        reach(address)
        found = Client(tracking_uri=engine_address(address)).search_experiments(ViewType.ACTIVE_ONLY)
    except (*FAILURES, ValueError) as error:
        raise CatsError(f"MLflow at {shown(address)} cannot be used: {reason_of(error)}") from error
    return sorted(str(each.name) for each in found if each.experiment_id != "0")
