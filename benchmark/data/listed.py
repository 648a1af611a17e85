"""The identity of a data set as Dataset.digest says it, for which its files are listed; a command may do that once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from benchmark.data.dataset import Dataset

Digests = list[tuple[Dataset, str]]  # data sets whose files have been listed, with their Dataset.digest

_listed: ContextVar[Digests | None] = ContextVar("_listed", default=None)


@contextmanager
def listed_once(known: Digests) -> Iterator[None]:
    """Within it, the files of a data set are listed at the first question about its identity and not again.

    `known`: what was listed before; it grows. Files that change meanwhile are not noticed.
    """
    token = _listed.set(known)
    try:
        yield
    finally:
        _listed.reset(token)


def digest_of(dataset: Dataset) -> str:
    """Dataset.digest, or what it was before within `listed_once`."""
    known = _listed.get()
    if known is None:
        return dataset.digest()
    found = next((found for other, found in known if other is dataset or other == dataset), None)
    if found is None:
        found = dataset.digest()
        known.append((dataset, found))
    return found
