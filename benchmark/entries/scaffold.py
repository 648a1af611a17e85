"""Writes the entry of a data set of the user's own, after a look at the data. Nothing is copied, nothing overwritten."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from benchmark.core.digest import file_digest
from benchmark.core.parse import parse
from benchmark.core.paths import data_folders
from benchmark.data.dataset import Dataset
from benchmark.data.readers.file_tree import ARCHIVE_ENDINGS
from benchmark.entries.inferred import MAX_OPENED, Inferred
from benchmark.specs import catalogue
from benchmark.specs.source import Source
from benchmark.specs.target import Target
from results.error import CatsError

Kind = Literal["sources", "targets"]


@dataclass(frozen=True)
class Facts:
    """What no look at pictures can tell."""

    modality: str
    licence: str
    citation: str
    title: str
    task: str | None = None
    classes: tuple[str, ...] = ()


def new(kind: Kind, name: str, found: Inferred, facts: Facts, folder: Path) -> Path:
    """Write the entry of what was found below `folder` and return its path. Raises CatsError, and then nothing is written."""
    path = check_name(kind, name, folder)
    entry = entry_of(name, found, facts)
    content = catalogue.described(kind, name, entry)
    model: Source | Target = parse(Source, content, str(path)) if kind == "sources" else parse(Target, content, str(path))
    assert model.dataset is not None
    write(path, entry, model.dataset, found)
    return path


def check_name(kind: Kind, name: str, folder: Path) -> Path:
    """Where the new entry goes. Raises CatsError if the name will not do or is taken."""
    if not catalogue.REFERENCE.fullmatch(name) or "[" in name:
        raise CatsError(f"'{name}' is no name; allowed are lower case letters, digits and _, as in our_ultrasound")
    path = folder / kind / f"{name}.yaml"
    if path.exists():
        raise CatsError(f"{path} exists already; it is never overwritten: remove it, or take another name")
    if name in catalogue.names(kind):
        raise CatsError(f"there is a {catalogue.WORD[kind]} called '{name}' already; take another name")
    if kind == "sources" and name in catalogue.names("targets"):
        raise CatsError(f"'{name}' is a target already, and every target is a source too; nothing is to be done")
    return path


def entry_of(name: str, found: Inferred, facts: Facts) -> dict[str, Any]:
    """The entry as it goes into YAML. Raises CatsError if the data would not be found again, or facts do not fit them."""
    reader, options = next(iter(found.reader.items()))
    classes = list(facts.classes or found.counts)
    right = len(classes) == len(found.counts) if reader == "npz" else sorted(classes) == sorted(found.counts)
    if not right:  # an npz file numbers its classes; elsewhere --classes can only put them in order
        raise CatsError(f"--classes names {', '.join(classes)}; the data have {len(found.counts)}: {', '.join(found.counts)}")
    plain = "multilabel" if found.multilabel else "binary" if len(classes) == 2 else "multiclass"
    dataset: dict[str, Any] = {
        "title": facts.title or name,
        "modality": facts.modality,
        "task": facts.task or plain,
        "classes": classes,
        "licence": facts.licence,
        "citation": facts.citation,
        "images": found.images,
    }
    if len(found.shapes) == 1 and found.images <= MAX_OPENED:
        dataset["shape"] = list(next(iter(found.shapes)))
    if found.groups:
        dataset["groups"] = found.groups
    dataset |= _where(found)
    dataset["read"] = {reader: options if reader == "npz" else {"classes": classes, **options}}
    return {"dataset": dataset}


def _where(found: Inferred) -> dict[str, Any]:
    """`tree` or `files`, and `place` unless the data lie in a data folder."""
    path = (found.inside or found.path).absolute()
    below = next(
        (folder for folder in map(Path.absolute, data_folders()) if path.is_relative_to(folder) and path != folder), None
    )
    name = path.relative_to(below or path.parent).as_posix()
    place: dict[str, Any] = {} if below else {"place": str(path.parent)}
    if found.inside:
        return {**place, "files": [{"path": name, "sha256": file_digest(path)}]}
    ending = next((end for end in sorted(ARCHIVE_ENDINGS, key=len, reverse=True) if path.is_file() and name.endswith(end)), "")
    return {**place, "tree": name.removesuffix(ending)}


def yaml_of(entry: dict[str, Any]) -> str:
    """The entry as YAML: one line per fact."""
    lines = [f"{key}: {_flow(value)}" for key, value in entry["dataset"].items()]
    return "dataset:\n" + "".join(f"  {line}\n" for line in lines)


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def write(path: Path, entry: dict[str, Any], dataset: Dataset, found: Inferred) -> None:
    """Write the entry if the data are found through it. Raises CatsError if not, or if the folder cannot be written."""
    through, given = dataset.folder(), (found.inside or found.path)
    if not (through / given.name if found.inside else through).samefile(given):
        raise CatsError(f"'{dataset.tree}' leads to {through}, not to {given}: rename one of them")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(yaml_of(entry))
    except OSError as error:
        raise CatsError(f"cannot write {path}: {error.strerror}") from error


def describe_data(found: Inferred) -> str:
    """What was found, one sentence."""
    classes = ", ".join(f"{name} {count:,}" for name, count in list(found.counts.items())[:12])
    classes += ", ..." if len(found.counts) > 12 else ""
    colour = "grey" if found.grey else "colour"
    sizes = [f"{height} × {width}" for height, width in found.shapes]
    shape = f"all {sizes[0]}" if len(sizes) == 1 else f"{len(sizes)} shapes, most often {sizes[0]}"
    parts = ", ".join(f"{part} {count:,}" for part, count in found.parts.items())
    split = f"official parts: {parts}" if parts else "no official parts, so 70/15/15 are drawn"
    groups = f"groups by {found.groups}" if found.groups else "no groups known"
    return f"{found.images:,} pictures in {len(found.counts)} classes ({classes}); {shape}, {colour}; {split}; {groups}"
