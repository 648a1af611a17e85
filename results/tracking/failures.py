"""Why the attempts at cells failed, by the keys of the cells."""

from results.tracking.experiment import Experiment

UNKNOWN = "no reason was recorded"


def failures_of(tracking: Experiment) -> dict[str, str]:
    """The first line of the reason of the last failed attempt at each key, as far as its run was not deleted.

    Raises CatsError if MLflow cannot be read.
    """
    found: dict[str, str] = {}
    for run in tracking.runs("attributes.status = 'FAILED'"):  # in the order of their start
        tags = run.data.tags
        if "cats.key" in tags:
            lines = (tags.get("cats.reason") or "").strip().splitlines()
            found[tags["cats.key"]] = lines[0] if lines else UNKNOWN
    return found
