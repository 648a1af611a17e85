"""Why the attempts at cells failed, by the keys of the cells."""

from results.tracking.experiment import PAGE, Experiment


def failures_of(tracking: Experiment) -> dict[str, str]:
    """The first line of the reason of the last failed attempt at each key. Raises CatsError if MLflow cannot be read."""
    found: dict[str, str] = {}
    token = None
    while True:
        runs, token = tracking.page(token, PAGE, "attributes.status = 'FAILED'")
        for run in runs:
            tags = run.data.tags
            if "cats.key" in tags:
                found[tags["cats.key"]] = (tags.get("cats.reason") or "no reason was recorded").splitlines()[0]
        if token is None:
            return found
