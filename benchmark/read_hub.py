"""Data sets of the Hugging Face hub, pinned to a revision."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.dataset import Reader, Samples
from benchmark.picture import picture
from results.error import CatsError


def hub(*, repository: str, revision: str, image: str, label: str, splits: dict[str, str], group: str = "") -> Reader:
    """repository: `owner/name` on the hub, or a folder of Parquet files; revision: a commit, always given.

    image, label, group: names of columns; splits: part → the hub's split.
    """

    def read(_: Path) -> Samples:
        loaded = {part: _load(repository, revision, split) for part, split in splits.items()}
        for table in loaded.values():
            for column in (image, label, *([group] if group else [])):
                if column not in table.column_names:
                    raise CatsError(f"{repository} has no column '{column}'; it has {', '.join(table.column_names)}")
        return Samples(
            images=_images(loaded, image, repository),
            labels=np.concatenate([np.asarray(table[label], dtype=np.int64) for table in loaded.values()]),
            ids=[f"{part}/{i}" for part, table in loaded.items() for i in range(len(table))],
            groups=[str(name) for table in loaded.values() for name in table[group]] if group else None,
            parts=[part for part, table in loaded.items() for _ in range(len(table))],
        )

    return read


def _load(repository: str, revision: str, split: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise CatsError("data sets of the hub need datasets: pip install 'cats-bench[hub]'") from None
    try:
        if Path(repository).is_dir():
            return datasets.load_dataset("parquet", data_dir=repository, split=split)
        return datasets.load_dataset(repository, revision=revision, split=split)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CatsError(f"{repository} at {revision} could not be loaded from the hub: {reason}") from error


def _images(loaded: dict[str, Any], column: str, repository: str) -> Iterator[np.ndarray | CatsError]:
    import datasets

    for part, table in loaded.items():
        raw = table.cast_column(column, datasets.Image(decode=False))
        for number, row in enumerate(raw):
            content = row[column]["bytes"] or Path(row[column]["path"]).read_bytes()
            try:
                yield picture(content, f"{repository}:{part}/{number}")
            except CatsError as error:
                yield error
