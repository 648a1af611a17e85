"""What a source was trained on, families."""

from benchmark.specs import catalogue
from benchmark.specs.source import Source
from results.error import CatsError


def lineage(name: str) -> list[Source]:
    """A source and every source that its pretraining starts from. Raises CatsError if they start from each other."""
    links = [catalogue.source(name)]
    while links[-1].dataset is not None:
        links.append(catalogue.source(links[-1].start))
        if links[-1].name in {link.name for link in links[:-1]}:
            raise CatsError(f"the sources {' → '.join(link.name for link in links)} start from each other; one must begin")
    return links
