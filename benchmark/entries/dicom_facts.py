"""What the headers of DICOM files say: frames, patients, shapes; and what is asked where they do not say enough."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.data.readers.dicom import headers, holds_image
from benchmark.data.readers.dicom_pixels import library, pixels
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.file_tree import Tree
from benchmark.entries.inferred import evenly, way_to_allow
from benchmark.entries.said import Said
from results.error import CatsError
from results.text.brief import short
from results.text.counts import share_of

DECODED = 40  # files that are decoded to see damage
PATIENT = "PatientID"


@dataclass
class DicomFacts:
    """What the headers of DICOM files say.

    Attributes:
        names: files that hold an image. others: number of those that do not. frames: file → number of frames, if several.
        groups: the group of each of `names`, empty for a broken file; None if patients are unknown or come from elsewhere.
        shapes: (height, width) → files. grey: True if no file is in colour.
    """

    names: list[str] = field(default_factory=list)
    others: int = 0
    frames: dict[str, int] = field(default_factory=dict)
    groups: list[str] | None = None
    shapes: Counter[tuple[int, int]] = field(default_factory=Counter)
    grey: bool = True


def view_of(said: Said, *, grouped: bool) -> dict[str, Any]:
    """The options of View that the user states; `grouped` if the groups come from a table or the folders."""
    found: dict[str, Any] = {}
    if said.frame is not None:
        number = said.frame.isdigit() and int(said.frame)
        if not number and said.frame not in {"first", "middle"}:
            raise CatsError(f"--frame is '{said.frame}'; allowed are first, middle, and a number from 1")
        found["frame"] = number or said.frame
    if grouped or said.group is None or "(" in said.group:
        return found
    if said.group and library().datadict.tag_for_keyword(said.group) is None:
        raise CatsError(
            f"--group is '{said.group}', which is neither an attribute of DICOM, such as {PATIENT}, nor a regular expression "
            "with a bracket; '' says that patients are unknown"
        )
    return {**found, "group_tag": said.group} if said.group != PATIENT else found


def examined(tree: Tree, names: Sequence[str], view: dict[str, Any], broken: float, *, grouped: bool) -> DicomFacts:
    """The facts of these files, of which at most the share `broken` may be unreadable.

    Raises CatsError where a frame or a patient is not known, or more files are broken, and names the option that decides.
    """
    facts, tag = DicomFacts(), "" if grouped else view.get("group_tag", PATIENT)
    groups: list[str] = []
    faults: dict[int, CatsError] = {}
    for name, header in zip(names, headers(tree, names), strict=True):
        if not holds_image(header):
            facts.others += 1
            continue
        facts.names.append(name)
        fault = header if isinstance(header, CatsError) else _fault_of(header, name)
        if fault is not None:
            groups.append("")
            faults[len(groups) - 1] = fault
            continue
        groups.append(text_of(header, tag) if tag else "")
        frames = int(text_of(header, "NumberOfFrames") or 1)
        if frames > 1:
            facts.frames[name] = frames
        facts.shapes[int(text_of(header, "Rows")), int(text_of(header, "Columns"))] += 1
        facts.grey = facts.grey and text_of(header, "PhotometricInterpretation").startswith("MONOCHROME")
    _require_few_faults(tree, list(faults.values()), len(facts.names), broken)
    if facts.frames and "frame" not in view:
        name, count = max(facts.frames.items(), key=lambda pair: pair[1])
        hold = share_of(len(facts.frames), len(facts.names), "DICOM files", "holds several frames", "hold several frames")
        raise CatsError(
            f"{tree.path}: {hold} ({name} has {count}); say which one is read with "
            "--frame first, --frame middle or --frame NUMBER"
        )
    if tag:
        readable = [row for row in range(len(groups)) if row not in faults]
        _require_groups(tree, [facts.names[row] for row in readable], [groups[row] for row in readable], tag)
        facts.groups = groups
    return facts


def _fault_of(header: Any, name: str) -> CatsError | None:
    """The sentence about an element that must hold a whole number and does not; None if all do."""
    for element, default in (("NumberOfFrames", "1"), ("Rows", ""), ("Columns", "")):
        text = text_of(header, element) or default
        if not (text.isascii() and text.isdecimal()):
            return CatsError(f"{name}: its DICOM element {element} is '{short(text)}', not a whole number")
    return None


def _require_few_faults(tree: Tree, faults: Sequence[CatsError], count: int, broken: float) -> None:
    """Raises CatsError that names a file whose header cannot be read, unless at most the share `broken` is like that."""
    if len(faults) > broken * count:
        raise CatsError(
            f"{tree.path}: {faults[0]}; {len(faults):,} of {count:,} DICOM files cannot be read: repair or remove them"
            + way_to_allow(len(faults), count)
        )


def text_of(header: Any, tag: str) -> str:
    """An attribute as text; empty if it is absent or cannot be read."""
    try:
        value = header.get(tag)
    except Exception:  # noqa: BLE001 - for damaged bytes pydicom raises nearly any error
        return ""
    return "" if value is None else str(value).strip()


def _require_groups(tree: Tree, names: Sequence[str], groups: Sequence[str], tag: str) -> None:
    remedy = "name another attribute with --group, or say --group '' if patients are unknown"
    absent = [name for name, group in zip(names, groups, strict=True) if not group]
    if absent:
        have = share_of(len(absent), len(names), "DICOM files", "has", "have")
        raise CatsError(f"{tree.path}: {have} no {tag}, as {absent[0]}; {remedy}")
    if len(set(groups)) == 1:
        raise CatsError(
            f"{tree.path}: all {len(names):,} DICOM files have the {tag} '{groups[0]}', which does not tell patients apart; "
            f"{remedy}"
        )


def kind_of_tag(view: dict[str, Any]) -> str | None:
    """What `groups:` of an entry says about the attribute that names groups."""
    tag = view.get("group_tag", PATIENT)
    return None if not tag else "patient" if tag.startswith("Patient") else "block"


def require_decodable(tree: Tree, names: Sequence[str], view: dict[str, Any], broken: float) -> None:
    """Raises CatsError that names a file whose pixels cannot be shown, unless at most the share `broken` is like that."""
    chosen = evenly(names, DECODED)
    faults = []
    for name, content in zip(chosen, tree.read(chosen), strict=True):
        try:
            pixels(content, name, View(**view))
        except CatsError as error:
            faults.append(str(error))
    if len(faults) > broken * len(chosen):
        like_that = share_of(len(faults), len(chosen), "files that were looked at", "is", "are")
        raise CatsError(f"{tree.path}: {faults[0]}; {like_that} like that")
