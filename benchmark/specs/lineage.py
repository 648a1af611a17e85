"""Finds the images behind a source: its own, those of the sources that it starts from, and those of published weights."""

from collections.abc import Iterator, Mapping, Sequence

from benchmark.specs import catalogue
from benchmark.specs.model_registry import families
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.error import CatsError

Pair = tuple[str, str]  # names of a source and a target


def lineage(name: str) -> tuple[Source, ...]:
    """Return a source, then every source that its pretraining starts from. Raises CatsError for sources in a circle."""
    links = [catalogue.source(name)]
    while links[-1].dataset is not None:
        links.append(catalogue.source(links[-1].start))
        if links[-1].name in {link.name for link in links[:-1]}:
            circle = " → ".join(link.name for link in links)
            raise CatsError(f"the sources {circle} start from each other; let one of them start from scratch")
    return tuple(links)


def families_behind(source: Source, registry: str | None) -> set[str]:
    """Return the families of data sets whose images are behind a source, without the sources that its pretraining starts from.

    Published weights are looked up at `registry`, the address of an MLflow server; with None only declared families count.
    Raises CatsError if the server does not have the weights.
    """
    published = [families(model, registry) for model in source.published] if registry is not None else []
    return {source.relatives, *source.seen}.union(*published)


def related_pairs(
    sources: Mapping[str, Sequence[Source]], targets: Mapping[str, Target], registry: str | None
) -> Iterator[tuple[Pair, str]]:
    """Yield each pair whose source and target are of one family of data sets, with the reason as a sentence.

    `sources`: the lineage (see above) of each source by its name. `registry`: as for families_behind.
    """
    for name, links in sources.items():
        behind = {link.name: families_behind(link, registry) for link in links}
        for goal, target in targets.items():
            family, dataset = target.dataset.relatives, target.dataset.name
            shared = next((link.name for link in links if family in behind[link.name] or dataset in link.seen), None)
            if shared is not None:
                same = f"{shared} and {goal} are of one family of data sets, '{family}'"
                yield (name, goal), "they are the same images" if shared == goal else same
