"""Creation of the entry of a user's data set from what was inferred. No data is copied, no file overwritten."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from benchmark.core.digest import file_digest
from benchmark.core.parse import parse
from benchmark.core.paths import data_folders
from benchmark.data.dataset import Dataset
from benchmark.data.readers.cells import in_class_order, label_doubts, number_of
from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS
from benchmark.entries.inferred import MAX_OPENED, Inferred
from benchmark.entries.quick import require_quick_promises
from benchmark.specs import catalogue
from benchmark.specs.reference import REFERENCE
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.error import CatsError
from results.files.output import output
from results.text.plain import fault_of_name, shortened, storable

Kind = Literal["sources", "targets"]


@dataclass(frozen=True)
class Facts:
    """Facts that cannot be inferred from pictures."""

    modality: str
    licence: str
    citation: str
    title: str
    task: str | None = None
    classes: tuple[str, ...] = ()


def new(kind: Kind, name: str, inferred: Inferred, facts: Facts, folder: Path) -> Path:
    """Write the entry below `folder` and return its path. Raises CatsError, and then nothing is written."""
    path = check_name(kind, name, folder)
    entry = entry_of(name, inferred, facts)
    content = catalogue.described(kind, name, entry)
    model: Source | Target = parse(Source, content, str(path)) if kind == "sources" else parse(Target, content, str(path))
    assert model.dataset is not None
    require_reached(model.dataset, inferred)
    require_quick_promises(model.dataset)
    write(path, entry)
    return path


def check_name(kind: Kind, name: str, folder: Path) -> Path:
    """Path of the new entry. Raises CatsError if the name is invalid or already used."""
    if not REFERENCE.fullmatch(name) or "[" in name or fault_of_name(name):
        given = shortened(name, 60)
        raise CatsError(f"'{given}' is not a valid name; allowed are lower case letters, digits and _, as in our_ultrasound")
    path = folder / kind / f"{name}.yaml"
    if path.exists():
        raise CatsError(f"{path} exists already and is not overwritten: remove it, or choose another name")
    if name in catalogue.names(kind):
        raise CatsError(f"there is a {catalogue.WORD[kind]} called '{name}' already; choose another name")
    if kind == "sources" and name in catalogue.names("targets"):
        raise CatsError(f"'{name}' is a target already, and every target is a source too; no entry is needed")
    return path


def entry_of(name: str, inferred: Inferred, facts: Facts) -> dict[str, Any]:
    """The content of the entry. Raises CatsError if the facts do not fit the data."""
    reader, options = next(iter(inferred.reader.items()))
    classes = class_names(inferred, facts)
    plain = "multilabel" if inferred.multilabel else "binary" if len(classes) == 2 else "multiclass"
    if facts.task and (facts.task == "multilabel") != inferred.multilabel:
        raise CatsError(
            f"the data have {'several labels' if inferred.multilabel else 'one label'} for an image; the task is {facts.task}"
        )
    dataset: dict[str, Any] = {
        "title": facts.title or name,
        "modality": facts.modality,
        "task": facts.task or plain,
        "classes": classes,
        "licence": facts.licence,
        "citation": facts.citation,
        "images": inferred.images,
    }
    if len(inferred.shapes) == 1 and inferred.images <= MAX_OPENED:
        dataset["shape"] = list(next(iter(inferred.shapes)))
    if inferred.groups:
        dataset["groups"] = inferred.groups
    if inferred.broken:
        dataset["broken"] = inferred.broken
    dataset |= _where(inferred)
    if isinstance(options.get("label"), list):  # a column for each class
        column_of = {meant: column for column, meant in inferred.spellings.items()}
        options = options | {"label": [column_of.get(name, name) for name in classes]}
    ways = {label: name for name in classes for label, meant in inferred.spellings.items() if meant == name}
    dataset["read"] = {reader: options if reader == "npz" else {"classes": ways or classes, **options}}
    return {"dataset": dataset}


def class_names(inferred: Inferred, facts: Facts) -> list[str]:
    """The classes in their order: as the facts say, else by number or alphabet.

    Raises CatsError if the facts name other classes, if ordered classes have no known order, or if a class looks like a
    missing label or another spelling of a class.
    """
    numbered = "npz" in inferred.reader  # an npz file only numbers its classes; otherwise --classes can only change their order
    classes = list(facts.classes) or (list(inferred.counts) if numbered else in_class_order(inferred.counts))
    if len(classes) != len(inferred.counts) or (not numbered and sorted(classes) != sorted(inferred.counts)):
        known = ", ".join(inferred.counts)
        raise CatsError(f"--classes names {', '.join(classes)}; the data have {len(inferred.counts)} classes: {known}")
    if not facts.classes and facts.task == "ordinal" and any(number_of(name) is None for name in classes):
        raise CatsError(f"the order of {', '.join(classes)} is not known: name them from the least to the most with --classes")
    doubts = label_doubts(classes) if "folders" in inferred.reader and not facts.classes else []
    if doubts:
        raise CatsError(f"{inferred.path}: {'; '.join(doubts)}; name every class with --classes if that is meant")
    return classes


def _where(inferred: Inferred) -> dict[str, Any]:
    """`tree` or `files`, and `place` unless the data are in a data folder."""
    path = Path(os.path.abspath(inferred.inside or inferred.path))  # noqa: PTH100 - resolve() would follow links
    if storable(str(path)) != str(path):
        raise CatsError(f"the name of {path} is not in UTF-8, so that no entry can hold it; rename the file or folder")
    below = next(
        (folder for folder in map(Path.absolute, data_folders()) if path.is_relative_to(folder) and path != folder), None
    )
    name = path.relative_to(below or path.parent).as_posix()
    place: dict[str, Any] = {} if below else {"place": str(path.parent)}
    if inferred.inside:
        return {**place, "files": [{"path": name, "sha256": file_digest(path)}]}
    ending = next((end for end in sorted(ARCHIVE_ENDINGS, key=len, reverse=True) if path.is_file() and name.endswith(end)), "")
    return {**place, "tree": name.removesuffix(ending)}


def yaml_of(entry: dict[str, Any]) -> str:
    """The entry as YAML: one line per fact."""
    lines = [f"{key}: {_flow(value)}" for key, value in entry["dataset"].items()]
    return "dataset:\n" + "".join(f"  {line}\n" for line in lines)


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice in full both times, without anchors."""

    def ignore_aliases(self, _: Any) -> bool:
        """True for every value."""
        return True


def _flow(value: Any) -> str:
    text = yaml.dump(value, Dumper=_Plain, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def require_reached(dataset: Dataset, inferred: Inferred) -> None:
    """Raises CatsError if an entry leads to other data than were examined."""
    reached, original = dataset.folder(), (inferred.inside or inferred.path)
    if not (reached / original.name if inferred.inside else reached).samefile(original):
        raise CatsError(f"'{dataset.tree}' leads to {reached}, not to {original}: rename one of them")


def write(path: Path, entry: dict[str, Any]) -> None:
    """Write the entry. Raises CatsError if the folder cannot be written."""
    with output(path, "the entry", new=True) as draft:
        draft.write_text(yaml_of(entry), encoding="utf-8")


def describe_data(inferred: Inferred) -> str:
    """One sentence about what was inferred."""
    classes = ", ".join(f"{name} {count:,}" for name, count in list(inferred.counts.items())[:12])
    classes += ", ..." if len(inferred.counts) > 12 else ""
    colour = "grey" if inferred.grey else "colour"
    sizes = [f"{height} × {width}" for height, width in inferred.shapes]
    shape = f"all {sizes[0]}" if len(sizes) == 1 else f"{len(sizes)} shapes, most often {sizes[0]}"
    parts = ", ".join(f"{part} {count:,}" for part, count in inferred.parts.items())
    split = f"official parts: {parts}" if parts else "no official parts, so 70/15/15 are drawn"
    groups = f"groups by {inferred.groups}" if inferred.groups else "groups are unknown"
    if parts and "val" not in inferred.parts:
        split += " (val is drawn from train)"
    facts = f"{inferred.images:,} pictures in {len(inferred.counts)} classes ({classes}); {shape}, {colour}; {split}; {groups}"
    return "; ".join((facts, *inferred.notes))
