"""Download of the files of a data set: into a draft, compared with the checksum, then moved into place."""

from collections.abc import Callable
from pathlib import Path

from benchmark.core.paths import downloads_folder
from benchmark.data.dataset import Dataset
from benchmark.data.download import Progress, download, silent
from benchmark.entries import medmnist as medmnist_sets
from benchmark.specs import catalogue
from benchmark.specs.reference import split_reference
from benchmark.specs.resolve import obtained
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.error import CatsError


def fetch(name: str, say: Callable[[str], None], progress: Progress = silent) -> None:
    """Download missing files into CATS_HOME/data and compare all files with their checksums; the licence is printed first.

    Raises CatsError if no address is declared, or if a downloaded file differs from the declared one.
    """
    dataset = _dataset(name)
    try:
        dataset.folder()
    except CatsError:
        without = [file.path for file in dataset.files if not file.url]
        if without:
            raise CatsError(f"{name}: no address is declared for {', '.join(without)}; see `cats show {name}`") from None
        say(f"{dataset.title}: licence {dataset.licence}; {dataset.citation}")
        _download_files(dataset, downloads_folder(), progress)
        dataset.folder()
    else:
        dataset.verify()
    for file in dataset.files:
        proof = "checksum correct" if file.declared else "no checksum is declared"
        say(f"{name} is here, {proof}: {dataset.file(file)}")


def _dataset(name: str) -> Dataset:
    plain = split_reference(name)[0]
    entry = catalogue.target(name) if plain in catalogue.names("targets") else catalogue.source(name)
    if entry.dataset is None:
        raise CatsError(f"{name} has no files to fetch: {_instead(entry)}")
    if not entry.dataset.files:
        where = entry.dataset.obtain or "its data are your own" if entry.dataset.tree else "it is made here"
        raise CatsError(f"{name} has no files to fetch: {where}")
    return entry.dataset


def _instead(entry: Source | Target) -> str:
    """Why a source without a data set has no files to fetch, and how its weights are had."""
    weights = entry.weights if isinstance(entry, Source) else None
    if weights is None:
        return "it has no data set"
    fetched = "they are fetched when they are first used" if weights.timm or weights.hub or weights.mlflow else ""
    how = "; ".join(filter(None, [obtained(weights), fetched]))
    return f"it is ready weights{f'; {how}' if how else ', and it has no data set'}"


def _download_files(dataset: Dataset, folder: Path, progress: Progress) -> None:
    if medmnist_sets.is_medmnist(dataset):
        medmnist_sets.download_set(dataset, folder)
        return
    for file in dataset.files:
        download(file, folder / file.path, dataset.name, progress)
