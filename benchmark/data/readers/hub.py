"""Reader of data sets of the Hugging Face hub, pinned to a revision."""

import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.cells import cell_text, without_group
from benchmark.data.readers.image_file import decode_picture, stored_picture
from benchmark.data.readers.numbered_labels import numbered_labels
from benchmark.data.readers.samples import Reader, Samples, StoredNumbers
from benchmark.data.readers.scale import Scale
from benchmark.data.readers.table_parts import require_parts
from results.error import CatsError, first_line
from results.files.limits import whole_file
from results.files.parquet_size import require_small_parquet

WITH_OWNER = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
ALONE = re.compile(r"[A-Za-z0-9][\w-]*")  # some of the oldest repositories, as `beans`; a name with a dot would be a file
# The client of the hub takes these names for its readers of files, not for repositories.
BUILDERS = {
    "arrow", "audiofolder", "cache", "conll", "csv", "eval", "fasta", "fastq", "genbank", "generator", "harbor", "hdf5",
    "iceberg", "imagefolder", "json", "lance", "meshfolder", "mmcif", "niftifolder", "pandas", "parquet", "pdb", "pdffolder",
    "spark", "sql", "text", "tsfile", "videofolder", "vortex", "webdataset", "xml",
}  # fmt: skip


def hub(  # noqa: PLR0913 - the options of an entry, each by its name
    *,
    repository: str,
    revision: str,
    image: str,
    label: str,
    splits: dict[str, str],
    group: str = "",
    missing: list[Any] | None = None,
    one_hot: bool = False,
    **values: Any,
) -> Reader:
    """repository: `owner/name` on the hub, `name` where it has no owner, or the absolute path of a folder of Parquet files.

    revision: the commit, 40 hexadecimal digits: a branch or tag may hold other images tomorrow. Of a folder: any name.

    image, label, group: names of columns; splits: part → the hub's split. missing: labels of images that have none ("" is
    a cell without content, -1 is usual on the hub); these images are left out and counted. one_hot: a cell of the label holds
    numbers 0 and 1, of which exactly one is 1. values: white or range, see Scale.
    """
    scale = Scale(**values)
    require_parts(list(splits), "splits")
    local = Path(repository).is_absolute()
    if not local and not WITH_OWNER.fullmatch(repository) and not _is_name_alone(repository):
        raise CatsError(
            f"'{repository}' is no repository of the hub; write owner/name, name where it has no owner, or the "
            "absolute path of a folder"
        )
    if not local and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise CatsError(f"the revision of {repository} is '{revision}'; it must be a commit, 40 hexadecimal digits")

    def read(_: Path) -> Samples:
        loaded = {part: _load(repository, revision, split) for part, split in splits.items()}
        for table in loaded.values():
            for column in (image, label, *([group] if group else [])):
                if column not in table.column_names:
                    raise CatsError(f"{repository} has no column '{column}'; it has {', '.join(table.column_names)}")
                if column != image:
                    _require_values(table.features[column], f"{repository}: the column '{column}'")
        ids = [f"{part}/{i}" for part, table in loaded.items() for i in range(len(table))]
        raw = np.concatenate([_labels(table, label, repository, gaps=bool(missing)) for table in loaded.values()])
        found = numbered_labels(raw, ids, f"{repository}: the column '{label}'", missing, one_hot=one_hot)
        return Samples(
            images=itertools.compress(_images(loaded, image, repository, scale), found.kept),
            labels=found.labels,
            ids=found.of(ids),
            groups=found.of(_groups(loaded, group, repository)) if group else None,
            parts=found.of([part for part, table in loaded.items() for _ in range(len(table))]),
            left_out=found.left_out,
            stored=StoredNumbers(
                lambda rows: _stored(itertools.compress(_contents(loaded, image, repository), found.kept), set(rows)), scale
            ),
        )

    return read


def _is_name_alone(repository: str) -> bool:
    return ALONE.fullmatch(repository) is not None and repository.lower() not in BUILDERS


def _load(repository: str, revision: str, split: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise CatsError("data sets of the hub need the package datasets: pip install 'cats-bench[hub]'") from None
    try:
        if Path(repository).is_absolute():
            for file in sorted(Path(repository).rglob("*.parquet")):
                require_small_parquet(file, str(file), texts=False)
            return datasets.load_dataset("parquet", data_dir=repository, split=split)
        if "/" not in repository and Path(repository).exists():
            raise CatsError(
                f"the folder {repository} lies here, and the hub's client would read that one; start cats in another folder"
            )
        return datasets.load_dataset(repository, revision=revision, split=split)
    except CatsError:
        raise
    except Exception as error:
        raise CatsError(f"{repository} at {revision} could not be loaded from the hub: {first_line(error)}") from error


def _require_values(feature: Any, where: str) -> None:
    """Raises CatsError for a column of pictures, sounds or videos, which `datasets` would decode in any format."""
    inner = getattr(feature, "feature", None)
    if inner is not None:
        _require_values(inner, where)
    elif type(feature).__name__ not in {"Value", "ClassLabel"}:
        raise CatsError(f"{where} holds {type(feature).__name__}; labels and groups must be numbers or text")


def _labels(table: Any, column: str, repository: str, *, gaps: bool) -> np.ndarray:
    """The labels of a split, as numbers; with `gaps` a cell without content is NaN."""
    cells = table[column][:]
    try:
        raw = np.asarray([np.nan if cell is None else cell for cell in cells] if gaps else cells)
        whole = np.where(np.isnan(raw), 0, raw).astype(np.int64) if gaps else raw.astype(np.int64)
    except (ValueError, TypeError) as error:
        raise CatsError(f"{repository}: the column '{column}' must hold whole numbers: {error}") from error
    if raw.dtype.kind not in "iubf" or not np.array_equal(np.where(np.isnan(raw), 0, raw) if gaps else raw, whole):
        raise CatsError(f"{repository}: the column '{column}' must hold whole numbers, not {raw.dtype}")
    return raw


def _groups(loaded: dict[str, Any], column: str, repository: str) -> list[str]:
    """The group of each image. Raises CatsError for a cell without content: unknown patients are not one patient."""
    groups = [cell_text(name) and str(name) for table in loaded.values() for name in table[column]]
    missing = without_group(column, groups)
    if missing:
        raise CatsError(f"{repository}: {missing}")
    return groups


Content = tuple[str, bytes | CatsError]  # the name of a picture, and its bytes or what is wrong


def _contents(loaded: dict[str, Any], column: str, repository: str) -> Iterator[Content]:
    import datasets

    for part, table in loaded.items():
        raw = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
        for number, row in enumerate(raw):
            where = f"{repository}:{part}/{number}"
            try:
                yield where, _content(row[column] or {}, where, repository)
            except CatsError as error:
                yield where, error


def _images(loaded: dict[str, Any], column: str, repository: str, scale: Scale) -> Iterator[np.ndarray | CatsError]:
    for where, content in _contents(loaded, column, repository):
        try:
            yield content if isinstance(content, CatsError) else decode_picture(content, where, scale)
        except CatsError as error:
            yield error


def _stored(contents: Iterator[Content], rows: set[int]) -> Iterator[tuple[int, np.ndarray]]:
    for row, (where, content) in enumerate(contents):
        if row in rows and isinstance(content, bytes):
            with suppress(CatsError):
                yield row, stored_picture(content, where).values


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
        return whole_file(path)
    except OSError as error:
        raise CatsError(f"{where}: {path} cannot be read: {error.strerror}") from error
