"""Reader of data sets of the Hugging Face hub, pinned to a revision."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.samples import Reader, Samples
from results.error import CatsError, first_line


def hub(*, repository: str, revision: str, image: str, label: str, splits: dict[str, str], group: str = "") -> Reader:
    """repository: `owner/name` on the hub, or the absolute path of a folder of Parquet files.

    revision: the commit, 40 hexadecimal digits: a branch or tag may hold other images tomorrow. Of a folder: any name.

    image, label, group: names of columns; splits: part → the hub's split.
    """
    local = Path(repository).is_absolute()
    if not local and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise CatsError(f"the revision of {repository} is '{revision}'; it must be a commit, 40 hexadecimal digits")

    def read(_: Path) -> Samples:
        loaded = {part: _load(repository, revision, split) for part, split in splits.items()}
        for table in loaded.values():
            for column in (image, label, *([group] if group else [])):
                if column not in table.column_names:
                    raise CatsError(f"{repository} has no column '{column}'; it has {', '.join(table.column_names)}")
        return Samples(
            images=_images(loaded, image, repository),
            labels=np.concatenate([_labels(table, label, repository) for table in loaded.values()]),
            ids=[f"{part}/{i}" for part, table in loaded.items() for i in range(len(table))],
            groups=[str(name) for table in loaded.values() for name in table[group]] if group else None,
            parts=[part for part, table in loaded.items() for _ in range(len(table))],
        )

    return read


def _load(repository: str, revision: str, split: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise CatsError("data sets of the hub need the package datasets: pip install 'cats-bench[hub]'") from None
    try:
        if Path(repository).is_absolute():
            return datasets.load_dataset("parquet", data_dir=repository, split=split)
        return datasets.load_dataset(repository, revision=revision, split=split)
    except Exception as error:
        raise CatsError(f"{repository} at {revision} could not be loaded from the hub: {first_line(error)}") from error


def _labels(table: Any, column: str, repository: str) -> np.ndarray:
    try:
        raw = np.asarray(table[column][:])
        whole = raw.astype(np.int64)
    except (ValueError, TypeError) as error:
        raise CatsError(f"{repository}: the column '{column}' must hold whole numbers: {error}") from error
    if not np.array_equal(raw, whole):
        raise CatsError(f"{repository}: the column '{column}' must hold whole numbers, not {raw.dtype}")
    return whole


def _images(loaded: dict[str, Any], column: str, repository: str) -> Iterator[np.ndarray | CatsError]:
    import datasets

    for part, table in loaded.items():
        raw = table.cast_column(column, datasets.Image(decode=False))
        for number, row in enumerate(raw):
            where = f"{repository}:{part}/{number}"
            try:
                yield decode_picture(_content(row[column] or {}, where, repository), where)
            except CatsError as error:
                yield error


def _content(image: dict[str, Any], where: str, repository: str) -> bytes:
    """The bytes of a picture; a path is followed only into the folder itself or what the hub's client has fetched."""
    import datasets
    from huggingface_hub.constants import HF_HUB_CACHE

    if image.get("bytes") is not None:
        return bytes(image["bytes"])
    allowed = [Path(place).resolve() for place in (datasets.config.HF_DATASETS_CACHE, HF_HUB_CACHE)]
    allowed += [Path(repository).resolve()] if Path(repository).is_absolute() else []
    path = Path(image.get("path") or "")
    if not any(path.resolve().is_relative_to(place) for place in allowed):
        raise CatsError(
            f"{where} holds no picture" + (f", but names {path}, which leads out of the data set" if path.name else "")
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise CatsError(f"{where}: {path} cannot be read: {error.strerror}") from error
