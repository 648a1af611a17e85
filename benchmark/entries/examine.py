"""Examination of an entry by its name."""

from collections.abc import Iterator

from benchmark.data.dataset import Dataset
from benchmark.entries.conformance import Case, examine_data
from benchmark.entries.finding import Finding
from benchmark.specs import catalogue
from benchmark.specs.reference import split_reference
from benchmark.specs.source import Source


def examine(name: str, registry: str, size: int = 64, backbone: str | None = None) -> Iterator[Finding]:
    """Check every promise of an entry in turn; of both entries if a name is a source and a target with different data.

    Raises CatsError if there is no such entry, or no backbone to test ready weights with.
    """
    for subject in subjects(name):
        if isinstance(subject, Dataset):
            yield from examine_data(Case(subject, size, is_target=_is_target(name, subject)))
        else:
            from benchmark.entries.conformance_weights import examine_weights

            yield from examine_weights(subject, registry, backbone)


def _is_target(name: str, dataset: Dataset) -> bool:
    return split_reference(name)[0] in catalogue.names("targets") and catalogue.target(name).dataset == dataset


def subjects(name: str) -> list[Dataset | Source]:
    """What a name refers to: the data sets of its target and source, and the source itself if it has no data set."""
    plain = split_reference(name)[0]
    subjects_of_name: list[Dataset | Source] = [catalogue.target(name).dataset] if plain in catalogue.names("targets") else []
    if plain in catalogue.names("sources") or not subjects_of_name:
        source = catalogue.source(name)
        subject = source.dataset or source
        subjects_of_name += [subject] if subject not in subjects_of_name else []
    return subjects_of_name
