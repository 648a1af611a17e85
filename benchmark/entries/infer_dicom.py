"""Inference from DICOM files: in one folder per class, or named by a table."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.core.patterns import require_expression
from benchmark.data.dataset import GROUP_KINDS
from benchmark.data.readers.dicom import dicom_names, without_image
from benchmark.data.readers.dicom_pixels import library
from benchmark.data.readers.file_tree import Tree, composed
from benchmark.data.readers.picture_format import picture_names
from benchmark.entries.class_names import layout_by_names, refuse_one_patient_each
from benchmark.entries.dicom_facts import PATIENT, DicomFacts, examined, kind_of_tag, require_decodable, view_of
from benchmark.entries.folder_meaning import ANY, Folders
from benchmark.entries.infer_folders import counted, included, meaning_of
from benchmark.entries.inferred import Inferred, number_of_groups
from benchmark.entries.left_out import left_out, require_few, require_whole_folders
from benchmark.entries.said import Said
from results.error import CatsError
from results.text.counts import how_many


def chosen_dicom(tree: Tree, said: Said) -> list[str]:
    """The DICOM files that are asked for. Raises CatsError if pictures lie beside them."""
    require_expression(said.include or "")
    names, others = (included(said.include, found) for found in (dicom_names(tree), picture_names(tree)))
    if names and others:
        raise CatsError(
            f"{tree.path} holds {len(names):,} DICOM files and {len(others):,} pictures of other formats ({others[0]}); say "
            "which are meant with --include, a regular expression on their paths"
        )
    return names


def infer_dicom_folders(tree: Tree, names: list[str], said: Said) -> Inferred:
    """Infer classes and official parts from folders, patients from the files.

    Raises CatsError where the folders or the files do not say what they mean; the sentence names the option that decides.
    """
    library()
    left = left_out(tree, names, lambda _: not said.include)
    require_few(tree, left, names)
    if not said.include:
        require_whole_folders(tree, names)
    by_path = said.group is not None and "(" in said.group
    view = view_of(said, grouped=by_path)
    grouped = by_path or (said.layout is not None and _states_groups(said.layout))
    facts = examined(tree, names, view, said.broken or 0.0, grouped=grouped)
    paths = [PurePosixPath(composed(name)).parts[:-1] for name in facts.names]

    def inner_of(path: Path, below: Sequence[Folders], rows: Sequence[int], outside: str) -> tuple[str, ...]:
        groups = [facts.groups[row] for row in rows] if facts.groups is not None else None
        if groups is not None and not said.classes:
            refuse_one_patient_each(path, below, groups, view.get("group_tag", PATIENT))
        return _inner(path, below, groups, outside)

    meaning = meaning_of(tree.path, paths, said, inner_of)
    options: dict[str, Any] = meaning.options() | view
    options |= {"include": said.include} if said.include else {}
    options |= {"group": said.group} if by_path else {}
    inferred, read = counted(tree, facts.names, {"dicom_folders": options}, meaning, said)
    require_decodable(tree, read, view, said.broken or 0.0)
    kind = inferred.groups if meaning.group or by_path else kind_of_tag(view)
    return replace(inferred, groups=kind, shapes=dict(facts.shapes.most_common()), grey=facts.grey,
                   notes=(*inferred.notes, *_notes(facts, view), *left.sentences()))  # fmt: skip


def _states_groups(layout: str) -> bool:
    return any(word.strip() in GROUP_KINDS for word in layout.split("/"))


def _inner(path: Path, below: Sequence[Folders], groups: Sequence[str] | None, outside: str) -> tuple[str, ...]:
    """The level of the classes: each of its folders holds several patients; of several such levels, each patient is in one.

    Folders of patients and studies hold one patient each, and those of series divide a patient: they say nothing that the files
    do not say.
    """
    depth = min(map(len, below))
    if groups is None or depth == 1:
        if depth > 1:
            return layout_by_names(path, below, outside)
        return ("class",) if {len(each) for each in below} == {1} else ("class", ANY)
    known = [(each, group) for each, group in zip(below, groups, strict=True) if group]  # a broken file names no patient
    shared = [level for level in range(depth) if _several(known, level)]
    if len(shared) > 1:
        pairs = {level: len({(each[level], group) for each, group in known}) for level in shared}
        shared = [level for level in shared if pairs[level] == len({group for _, group in known})]
    if len(shared) != 1:
        return layout_by_names(path, below, outside)
    return (*[ANY] * shared[0], "class", ANY) if max(map(len, below)) > shared[0] + 1 else (*[ANY] * shared[0], "class")


def _several(known: Sequence[tuple[Folders, str]], level: int) -> bool:
    """True for a level of several folders of which each holds several patients."""
    found: dict[str, set[str]] = {}
    for folders, group in known:
        found.setdefault(folders[level], set()).add(group)
    return len(found) > 1 and all(len(people) > 1 for people in found.values())


def dicom_of_table(inferred: Inferred, tree: Tree, files: Sequence[str], said: Said) -> Inferred:
    """What was inferred from a table whose pictures are DICOM files: their reader, shapes, frames and patients."""
    library()
    options = inferred.reader["table"]
    grouped = inferred.groups is not None
    view = view_of(said, grouped=grouped)
    facts = examined(tree, files, view, said.broken or 0.0, grouped=grouped)
    if facts.others:
        others = how_many(facts.others, "DICOM file that holds", "DICOM files that hold")
        raise CatsError(f"{inferred.path}: the table names {others} no image (reports, contours)")
    require_decodable(tree, files, view, said.broken or 0.0)
    kind = inferred.groups if grouped else kind_of_tag(view)
    facts_of_groups = [number_of_groups(facts.groups, str(kind))] if facts.groups else []
    return replace(inferred, reader={"dicom": options | view}, groups=kind, shapes=dict(facts.shapes.most_common()),
                   grey=facts.grey, notes=(*inferred.notes, *facts_of_groups, *_notes(facts, view)))  # fmt: skip


def _notes(facts: DicomFacts, view: dict[str, Any]) -> list[str]:
    notes = [without_image(facts.others)] if facts.others else []
    if facts.frames:
        which = f"the {view['frame']} one" if isinstance(view["frame"], str) else f"number {view['frame']}"
        notes.append(f"of {how_many(len(facts.frames), 'file')} with several frames {which} is read")
    return notes
