"""Inference from a folder per class, in a folder or an archive."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.core.patterns import require_expression, searched
from benchmark.data.readers.cells import spelling
from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.folders import OUT, Layout
from benchmark.data.readers.nifti import nifti_names
from benchmark.data.readers.picture_format import OTHER_ENDINGS, PICTURE_ENDINGS, ending_of, picture_names
from benchmark.data.readers.registry import READERS
from benchmark.data.readers.strangers import is_stranger
from benchmark.entries.class_names import layout_by_names, require_class_names
from benchmark.entries.folder_meaning import Folders, Meaning, common_folders, stated_layout
from benchmark.entries.folder_parts import parts_level, require_no_folds
from benchmark.entries.infer_labels import named_numbers, names_in_words
from benchmark.entries.inferred import (
    Inferred,
    in_part_order,
    number_of_groups,
    picture_shapes,
    require_two_classes,
    several_pages,
)
from benchmark.entries.known_sets import known_file, known_set
from benchmark.entries.left_out import left_out, require_few, require_whole_folders
from benchmark.entries.masks import require_no_mask_folders, require_no_masks
from benchmark.entries.nested_copy import require_no_copy
from benchmark.entries.said import Said
from benchmark.entries.shared_beginnings import shared_beginnings
from benchmark.entries.volume_entry import require_no_volumes
from results.error import CatsError


def infer_folders(path: Path, said: Said) -> Inferred:
    """Infer classes, official parts and groups from folders, and name the shipped entry whose layout they have.

    Raises CatsError as `_infer` does; the sentence ends with that entry.
    """
    try:
        found = _infer(path, said)
    except CatsError as error:
        arrays = [path / name for name in Tree(path).names if ending_of(name) in {".h5", ".hdf5", ".npz"}]
        known = known_set(path) or next(filter(None, map(known_file, arrays[:20])), "")
        raise CatsError(f"{error}; {known}" if known else str(error)) from error
    known = known_set(path)
    return replace(found, notes=(*found.notes, known)) if known else found


def _infer(path: Path, said: Said) -> Inferred:
    """Infer classes, official parts and groups from folders, which may lie below common outer folders.

    Raises CatsError if there is no picture, if many files cannot be read, or if it is not clear what the folders mean; the
    sentence then names the option that decides.
    """
    tree = Tree(path)
    require_expression(said.include or "")
    names = included(said.include, picture_names(tree))
    left = left_out(tree, names, lambda _: not said.include)
    if not names:
        require_no_volumes(path, included(said.include, nifti_names(tree)))
        found = f"; {'; '.join(left.sentences())}" if left.sentences() else ""
        found += _way_to_archives(tree) if left.archives else ""
        raise CatsError(
            f"{path} holds no picture; pictures end in {', '.join([*sorted(PICTURE_ENDINGS), *sorted(OTHER_ENDINGS)])}{found}"
        )
    _require_text(path, names)
    require_few(tree, left, names)
    if not said.include:
        require_whole_folders(tree, names)
    require_no_masks(path, names, said.include or "")
    meaning = meaning_of(path, [PurePosixPath(composed(name)).parts[:-1] for name in names], said)
    options: dict[str, Any] = meaning.options()
    options |= {"include": said.include} if said.include else {}
    options |= {"group": said.group} if said.group else {}
    facts, read = counted(tree, names, {"folders": options}, meaning, said)
    shapes, grey = picture_shapes(tree, read, said.broken or 0.0)
    notes = left_out(tree, read, lambda _: not said.include).sentences()
    if facts.groups is None and said.group is None:
        notes += list(filter(None, [shared_beginnings([composed(name) for name in read], len(facts.counts))]))
    return replace(facts, shapes=shapes, grey=grey, notes=(*facts.notes, *notes, *several_pages(tree, read)))


def included(include: str | None, names: Sequence[str]) -> list[str]:
    """The names in which a regular expression finds something; all of them without an expression."""
    found = searched(include or "", [composed(name) for name in names])
    return [name for name, groups in zip(names, found, strict=True) if groups is not None]


def _way_to_archives(tree: Tree) -> str:
    """The end of a sentence about a folder of archives: a table of labels beside them reads them in place."""
    tables = [name for name in tree.names if "/" not in name and ending_of(name) in {".csv", ".tsv", ".parquet"}]
    return "; unpack the archives" + (f", or name the table of labels: --from {tree.path / tables[0]}" if tables else "")


def _require_text(path: Path, names: Sequence[str]) -> None:
    """Raises CatsError for a name that is not UTF-8, which happens where an archive of another system was unpacked."""
    strange = next((name for name in names if name.encode("utf-8", "ignore").decode() != name), None)
    if strange is not None:
        raise CatsError(f"{path}: the name {strange!a} is not written in UTF-8; rename it")


Inner = Callable[[Path, Sequence[Folders], Sequence[int], str], tuple[str, ...]]


def _by_names(path: Path, below: Sequence[Folders], _: Sequence[int], outside: str) -> tuple[str, ...]:
    return layout_by_names(path, below, outside)


def meaning_of(path: Path, paths: list[Folders], said: Said, inner_of: Inner = _by_names) -> Meaning:
    """What the folders of each picture mean, as the user states, else as the folders show.

    inner_of: what the folders below root and parts mean, of the pictures with these numbers; its last argument is `part/` if
    folders of parts lie around them.
    """
    stated = said.part_values(OUT)
    require_no_mask_folders(path, paths, said.include or "")
    if not said.include:
        require_no_folds(path, paths)
    if not said.include and not stated:
        require_no_copy(path, paths)
    if said.layout:
        return stated_layout(path, said.layout, paths, stated)
    root = common_folders(paths)
    below = [each[len(root) :] for each in paths]
    if any(not each for each in below):
        what = "pictures outside of any class folder" if any(below) else "one folder of pictures only"
        loose = "; pictures beside the class folders are left out with --include /" if any(below) and not root else ""
        tables = [n for n in Tree(path).names if ending_of(n) in {".csv", ".tsv", ".parquet"} and not is_stranger(n)]
        table = path / tables[0] if len(tables) == 1 else "LABELS.csv"
        raise CatsError(
            f"{path} holds {what}; what is needed is a folder per class, at least two, "
            f"or a table of labels beside the pictures: --from {table}{loose}"
        )
    level, parts = parts_level(path, below, stated)
    if level is None:
        return Meaning(root, inner_of(path, below, range(len(below)), ""))
    short = next((each for each in below if len(each) <= level), None)
    if short is not None:
        raise CatsError(f"{path}: pictures lie in {'/'.join(short)}, which is not in one of {', '.join(parts)}; say --layout")
    rows = [row for row, each in enumerate(below) if parts[each[level]] != OUT]
    kept = [below[row] for row in rows]
    twice = all(each[level + 1 : level + 2] == (each[level],) for each in kept)  # train/train/CLASS, as some archives unpack
    depth = level + 1 + twice
    others = [each[:level] + each[depth:] for each in kept]
    bare = sorted({each[level] for each, other in zip(kept, others, strict=True) if not other})
    if bare:
        raise CatsError(
            f"{path}: {', '.join(bare)} holds pictures in no class folder, other parts have some; leave it out with "
            f"--parts '{','.join(f'{name}={OUT if name in bare else part}' for name, part in parts.items())}'"
        )
    inner = inner_of(path, others, rows, "part/" if level == 0 else "")
    levels = (*inner[:level], *["part"] * (depth - level), *inner[level:])
    used = [name for name, part in parts.items() if part != OUT]
    if len(used) == 1 and level == 0:  # the only part is no part: it holds all images
        return Meaning((*root, *used * (depth - level)), inner)
    return Meaning(root, levels, parts)


def counted(
    tree: Tree, names: Sequence[str], reader: dict[str, dict[str, Any]], meaning: Meaning, said: Said
) -> tuple[Inferred, list[str]]:
    """The facts of a reader and its options, counted by the reader itself, so that nothing is counted that it does not read.

    names: of the pictures. Also returns the names of those that are read.
    """
    path = tree.path
    kind, options = next(iter(reader.items()))
    layout = Layout([], **{key: value for key, value in options.items() if key in Layout.__dataclass_fields__})
    folder_of = {name: layout.levels.class_folder(name) for name in layout.of(names)}
    classes = _merged(sorted(set(folder_of.values()))) if said.merge_labels else {name: name for name in folder_of.values()}
    numbers = named_numbers(classes.values(), said)
    classes = {folder: numbers.get(name, name) for folder, name in classes.items()}
    class_of = {name: classes[folder] for name, folder in folder_of.items()}
    counts = dict(sorted(Counter(class_of.values()).items()))
    require_two_classes(path, counts)
    if not said.layout and not said.classes:
        require_class_names(path, counts, meaning)
    samples = READERS[kind].make({"classes": classes, **options})(path)
    if samples.parts:
        _require_same_classes(path, set(zip(class_of.values(), samples.parts, strict=True)))
    groups = meaning.group or ("patient" if samples.groups else None)
    people = f", with {number_of_groups(samples.groups, str(groups))}" if samples.groups else ""
    facts = [f"folders are read as {'/'.join((*meaning.root, *meaning.levels))}{people}"]
    facts += [f"empty folders: {', '.join(tree.listing.empty[:6])}"] if tree.listing.empty else []
    inferred = Inferred(
        path, reader, counts, parts=in_part_order(Counter(samples.parts or ())), groups=groups, broken=said.broken or 0.0,
        spellings=classes if said.merge_labels or numbers else {}, notes=(*facts, *names_in_words(numbers)),
    )  # fmt: skip
    return inferred, samples.ids


def _merged(names: Sequence[str]) -> dict[str, str]:
    """Folder → class, where folders that differ only in case or white space are one class."""
    first: dict[str, str] = {}
    return {name: first.setdefault(spelling(name), name) for name in names}


def _require_same_classes(path: Path, pairs: set[tuple[str, str]]) -> None:
    """Raises CatsError for a class that is not in every official part."""
    parts = sorted({part for _, part in pairs})
    for name in sorted({name for name, _ in pairs}):
        absent = [part for part in parts if (name, part) not in pairs]
        if absent:
            present = next(part for part in parts if part not in absent)
            alike = [other for other, _ in pairs if other != name and spelling(other) == spelling(name)]
            way = "leave out a part with --parts, or have new parts drawn with --layout -/class"
            way = f"say with --merge-labels that {alike[0]} is the same class" if alike else way
            raise CatsError(
                f"{path}: the class folder {name} is in {present} and not in {', '.join(absent)}; each class must be in each "
                f"part: {way}"
            )
