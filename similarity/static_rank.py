"""Which source is good elsewhere: a ranking that looks at nothing of the target."""

from collections.abc import Mapping

from benchmark import Source, Undefined, measure


@measure(grows="1", citation="a constant baseline; on the matrix of CATS 2024 it is ahead of every published measure")
def static_rank(source: Source, elsewhere: Mapping[str, float]) -> float:
    """Minus the mean rank of the source on the plan's other targets, as far as their cells have been run."""
    if source.name not in elsewhere:
        raise Undefined(f"{source.name} has not been run on another target of the plan yet")
    return -elsewhere[source.name]
