"""Rank on other targets: which sources are good elsewhere, whatever the target."""

from collections.abc import Mapping

from benchmark import Source, Undefined, measure


@measure(grows="1", citation="a constant baseline; on the matrix of CATS 2024 it is ahead of every published measure")
def static_rank(source: Source, elsewhere: Mapping[str, float]) -> float:
    """Negated mean rank of the source on the other targets of the plan whose cells have been run. No image is used."""
    if source.name not in elsewhere:
        raise Undefined(f"{source.name} has not been run on another target of the plan yet")
    return -elsewhere[source.name]
