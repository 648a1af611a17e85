"""A look at data nobody has described yet: which reader fits, which classes, parts and shapes there are."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS, Tree
from benchmark.data.readers.image_file import PICTURE_ENDINGS
from benchmark.data.readers.samples import PARTS
from results.error import CatsError, nearest

PART_WORDS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
COLUMN_WORDS = {
    "path": ("path", "file", "filename", "file_name", "image", "image_id", "img", "name", "id"),
    "label": ("label", "class", "target", "diagnosis", "dx", "category", "y"),
    "group": ("patient", "patient_id", "subject", "subject_id", "slide", "slide_id", "lesion", "lesion_id", "group"),
    "part": ("part", "split", "set", "subset", "partition"),
}
MOST = 5000  # pictures opened to see their shape


@dataclass(frozen=True)
class Found:
    """What a look found.

    Attributes:
        path: the folder or file that was looked at.
        reader: as an entry names it, `{folders: {...}}`.
        inside: the file that the entry declares; None: `path` is its tree.
        counts, parts: images of each class and of each official part (empty: none).
        shapes: (height, width) → pictures, of those looked at; grey: whether all of them are.
    """

    path: Path
    reader: dict[str, dict[str, Any]]
    counts: dict[str, int]
    inside: Path | None = None
    parts: dict[str, int] = field(default_factory=dict)
    groups: str | None = None
    shapes: dict[tuple[int, int], int] = field(default_factory=dict)
    grey: bool = False
    multilabel: bool = False

    @property
    def images(self) -> int:
        """How many images there are; of several labels each counts once."""
        return sum(self.parts.values()) or sum(self.counts.values())


def look(path: Path, columns: dict[str, str | None]) -> Found:
    """Look at a folder, an archive, a table or an npz file; `columns` names those of a table that cannot be guessed.

    Raises CatsError if there is nothing, or nothing that a reader fits.
    """
    if not path.exists():
        raise CatsError(f"there is no folder or file {path}")
    if path.is_dir() or path.name.endswith(ARCHIVE_ENDINGS):
        return look_at_folders(path)
    if path.suffix in {".csv", ".tsv"}:
        return look_at_table(path, columns)
    if path.suffix == ".npz":
        return look_at_npz(path)
    allowed = f"a folder, an archive ({', '.join(ARCHIVE_ENDINGS)}), a table (.csv, .tsv) or an .npz file"
    raise CatsError(f"{path} is none of what can be looked at: {allowed}")


def look_at_folders(path: Path) -> Found:
    """One folder per class, perhaps below one folder per part, perhaps below a folder around everything."""
    tree = Tree(path)
    names = [name for name in tree.names if PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS and not _hidden(name)]
    if not names:
        raise CatsError(f"{path} holds no picture; looked for {', '.join(sorted(PICTURE_ENDINGS))}")
    ways = [PurePosixPath(name).parts[:-1] for name in names]
    root = _shared(ways)
    ways = [way[len(root) :] for way in ways]
    if any(not way for way in ways):
        what = "pictures outside of any class folder" if any(ways) else "one folder of pictures only"
        raise CatsError(
            f"{path} holds {what}; what is needed is a folder per class, at least two, "
            f"or a table of labels beside the pictures: --from LABELS.csv"
        )
    options: dict[str, Any] = {"root": "/".join(root)} if root else {}
    counted: Counter[str] = Counter()
    tops = sorted({way[0] for way in ways})
    if all(top.lower() in PART_WORDS for top in tops) and all(len(way) > 1 for way in ways):
        options["parts"] = {top: PART_WORDS[top.lower()] for top in tops}
        counted = Counter(PART_WORDS[way[0].lower()] for way in ways)
        ways = [way[1:] for way in ways]
    counts = dict(sorted(Counter(way[0] for way in ways).items()))
    _need_two(path, counts)
    shapes, grey = _shapes(tree, names)
    return Found(path, {"folders": options}, counts, parts=_in_order(counted), shapes=shapes, grey=grey)


def look_at_table(path: Path, columns: dict[str, str | None]) -> Found:
    """A table with one row per picture, the pictures in or below its folder."""
    rows, separator = _rows(path)
    given = {role: _column(path, rows, role, name) for role, name in columns.items()}
    if not given["label"]:
        raise CatsError(f"{path} has no column that looks like a label; name it with --label, {_listed(rows)}")
    tree = Tree(path.parent)
    names = [name for name in tree.names if PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS]
    candidates = [given["path"]] if given["path"] else list(rows[0])
    fits = [(column, *fit) for column in candidates if (fit := _file_pattern([row[column] for row in rows], names))]
    if not fits:
        what = f"the column '{given['path']}' of {path}" if given["path"] else f"no column of {path}"
        raise CatsError(f"{what} names pictures in {path.parent}; name it with --path, {_listed(rows)}")
    column, images, ending = fits[0]
    options: dict[str, Any] = {"file": path.name, "path": column, "label": given["label"]}
    options |= {key: given[key] for key in ("group", "part") if given[key]}
    options |= {key: value for key, value in (("images", images), ("ending", ending)) if value}
    options |= {"separator": separator} if separator != "," else {}
    counted: Counter[str] = Counter()
    if given["part"]:
        values = [row[given["part"]] for row in rows]
        strange = sorted({value for value in values if value.lower() not in PART_WORDS})
        if strange:
            raise CatsError(f"{path}: the column '{given['part']}' holds '{strange[0]}'; known are {', '.join(PART_WORDS)}")
        counted = Counter(PART_WORDS[value.lower()] for value in values)
        if set(values) - set(PARTS):
            options["part_values"] = {value: PART_WORDS[value.lower()] for value in sorted(set(values))}
    counts = dict(sorted(Counter(row[str(given["label"])] for row in rows).items()))
    _need_two(path, counts)
    files = [_join(images, row[column] + ending) for row in rows]
    absent = sorted(set(files) - set(names))
    if absent:
        raise CatsError(f"{path} names {absent[0]}, which is not in {path.parent} ({len(absent)} of {len(files)} are not)")
    groups = str(given["group"]).removesuffix("_id") if given["group"] else None
    shapes, grey = _shapes(tree, files)
    return Found(
        path.parent, {"table": options}, counts, parts=_in_order(counted), groups=_kind(groups), shapes=shapes, grey=grey
    )


def look_at_npz(path: Path) -> Found:
    """MedMNIST's layout, `{train,val,test}_{images,labels}`."""
    wanted = [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            absent = sorted(set(wanted) - set(content.files))
            if absent:
                raise CatsError(f"{path} lacks {', '.join(absent)}; it has {', '.join(content.files) or 'nothing'}")
            labels = {part: content[f"{part}_labels"] for part in PARTS}
            images = [content[f"{part}_images"].shape for part in PARTS]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {error}") from error
    every = np.concatenate([part.reshape(len(part), -1) for part in labels.values()])
    multilabel = every.shape[1] > 1
    if multilabel:
        counts = {f"label {i}": int(n) for i, n in enumerate(every.sum(axis=0))}
    else:
        counts = {str(i): int((every == i).sum()) for i in range(int(every.max()) + 1)}
    _need_two(path, counts)
    return Found(
        path.parent,
        {"npz": {"file": path.name}},
        counts,
        inside=path,
        parts={part: len(rows) for part, rows in labels.items()},
        shapes={(int(shape[1]), int(shape[2])): shape[0] for shape in images},
        grey=all(len(shape) == 3 or shape[3] == 1 for shape in images),
        multilabel=multilabel,
    )


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _shared(ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders around everything."""
    first, last = min(ways), max(ways)
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return first[:depth]


def _in_order(parts: Counter[str]) -> dict[str, int]:
    return {part: parts[part] for part in PARTS if parts[part]}


def _need_two(path: Path, counts: dict[str, int]) -> None:
    if len(counts) < 2:
        raise CatsError(f"{path} has the class '{next(iter(counts))}' only; at least two are needed")


def _shapes(tree: Tree, names: Sequence[str]) -> tuple[dict[tuple[int, int], int], bool]:
    """(height, width) → pictures, and whether all are grey, of up to MOST pictures. Raises CatsError naming a broken one."""
    picked = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(len(names), MOST)).astype(int))]
    shapes: Counter[tuple[int, int]] = Counter()
    grey = True
    for name, content in zip(picked, tree.read(picked), strict=True):
        try:
            with Image.open(io.BytesIO(content)) as image:
                shapes[image.height, image.width] += 1
                grey = grey and image.mode in {"1", "L", "I;16"}
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise CatsError(f"{tree.path}: {name} is not a picture that can be read: {error}") from error
    return dict(shapes.most_common()), grey


def _rows(path: Path) -> tuple[list[dict[str, str]], str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatsError(f"{path} cannot be read as a table: {error}") from error
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    if not rows or len(rows[0]) < 2:
        raise CatsError(f"{path} needs a line of column names, at least two columns, and a row per picture")
    short = next((number for number, row in enumerate(rows, 2) if None in row or None in row.values()), None)
    if short:
        raise CatsError(f"{path}, line {short} has another number of values than there are columns")
    return rows, separator


def _column(path: Path, rows: list[dict[str, str]], role: str, given: str | None) -> str | None:
    if given is not None:
        if given not in rows[0]:
            raise CatsError(f"{path} has no column '{given}'{nearest(given, rows[0])}")
        return given
    if role == "path":
        return None
    return next((column for word in COLUMN_WORDS[role] for column in rows[0] if column.strip().lower() == word), None)


def _listed(rows: list[dict[str, str]]) -> str:
    return f"one of {', '.join(rows[0])}"


def _file_pattern(values: Iterable[str], names: Sequence[str]) -> tuple[str, str] | None:
    """(folder, ending) such that folder/value + ending is a picture, from the first value that is one."""
    for value in [value for value in values if value][:20]:
        for name in names:
            if name == value or name.endswith(f"/{value}"):
                return name[: -len(value)].rstrip("/"), ""
            stem, ending = name[: -len(suffix := PurePosixPath(name).suffix)], PurePosixPath(name).suffix
            if suffix and (stem == value or stem.endswith(f"/{value}")):
                return stem[: -len(value)].rstrip("/"), ending
    return None


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _kind(column: str | None) -> str | None:
    """What `groups:` may say of a column: patient, slide, lesion or block."""
    return None if column is None else column.lower() if column.lower() in {"slide", "lesion"} else "patient"
