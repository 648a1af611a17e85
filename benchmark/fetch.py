"""Brings the files of a data set to this machine."""

from collections.abc import Callable

from benchmark import catalogue, medmnist_sets
from benchmark.dataset import Dataset
from benchmark.home import home
from results.error import CatsError


def fetch(name: str, say: Callable[[str], None]) -> None:
    """Download what is missing into CATS_HOME/data and compare it with its checksum; the licence is said first.

    Raises CatsError if there is nothing to fetch from, or if what came is not what was declared.
    """
    plain = catalogue.split_reference(name)[0]
    entry = catalogue.target(name) if plain in catalogue.names("targets") else catalogue.source(name)
    dataset: Dataset | None = entry.dataset
    if dataset is None or not dataset.files:
        raise CatsError(f"{name} has no files to fetch: " + ("it has no data set" if dataset is None else "it is made here"))
    try:
        folder = dataset.folder()
    except CatsError:
        if not any(file.url for file in dataset.files):
            raise CatsError(f"{name}: no address is declared for {dataset.files[0].path}; see `cats show {name}`") from None
        say(f"{dataset.title}: licence {dataset.licence}; {dataset.citation}")
        folder = home() / "data"
        medmnist_sets.download(dataset, folder)
    dataset.verify(folder)
    say(f"{name} is here, checksum right: {folder / dataset.files[0].path}")
