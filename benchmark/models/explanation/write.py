"""The folder of explanations: sheets, the check, a list of the images, and the maps as numbers where they are wanted."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from benchmark.models.explanation.check import CENTRE, REDRAWN
from benchmark.models.explanation.choice import Kind
from benchmark.models.explanation.explain import Explanation
from benchmark.models.explanation.maps import GAP
from benchmark.models.explanation.sentences import sentences_of
from benchmark.models.explanation.sheet import Explained, draw_sheet
from benchmark.models.manifest import CHECK, SHEET
from results.error import CatsError
from results.files.atomic import atomic_write, discard
from results.text.plain import json_text
from results.text.printing import csv_text

LIST, ARRAYS = "images.csv", "maps.safetensors"
KINDS = ("right", "wrong", "unsure", "errors", "given")  # names of `Kind`, of which each may have a sheet
WRITTEN = {CHECK, SHEET, LIST, ARRAYS, *(f"{kind}.png" for kind in KINDS)}
OVERVIEW = 4  # images of a kind on the first sheet, where there are several kinds


def require_free(folder: Path, *, overwrite: bool) -> None:
    """Raises CatsError if there is something at the place of the explanations; older ones may be there with `overwrite`."""
    if not (folder.is_file() or (folder.is_dir() and any(folder.iterdir()))):
        return
    if not (folder / CHECK).is_file():  # never remove what this command has not written
        raise CatsError(f"{folder} exists already and holds no explanations; name another folder with --output")
    if not overwrite:
        raise CatsError(f"{folder} exists already; name another folder with --output, or say --overwrite")
    strange = sorted(path.name for path in folder.iterdir() if path.name not in WRITTEN)
    if strange:
        raise CatsError(
            f"{folder} holds {strange[0]}, which is no explanation; move it away, or name another folder with --output"
        )


def write_explanation(made: Explanation, folder: Path, *, arrays: bool = False, overwrite: bool = False) -> None:
    """Write the folder, whole or not at all; with `overwrite` it takes the place of older explanations when it is whole.

    Raises CatsError as require_free does, or if the disk refuses.

    SHEET shows some images of every kind; where there are several kinds, each has a sheet of its own. The sheets hold no
    names of files: the numbers above the images are those of the list. With `arrays` ARRAYS holds what the sheets show.
    """
    require_free(folder, overwrite=overwrite)
    groups = _groups(made)
    manifest = made.model.manifest
    title = f"{manifest.name}: what its answers rest on, {made.pictures.title}"
    with atomic_write(folder.resolve(), "the explanations", durable=True) as draft:
        draft.mkdir()
        few = OVERVIEW if len(groups) > 1 else None
        draw_sheet(title, [(kind.title(len(some[:few])), some[:few]) for kind, some in groups], draft / SHEET)
        for kind, some in groups if len(groups) > 1 else ():
            draw_sheet(title, [(kind.title(len(some)), some)], draft / f"{kind.name}.png")
        (draft / CHECK).write_text(json_text(facts_of(made), 1) + "\n", encoding="utf-8")
        _write_list(made, draft / LIST)
        if arrays:
            _write_arrays(made, draft / ARRAYS)
        if overwrite:
            discard(folder.resolve())


def facts_of(made: Explanation) -> dict[str, Any]:
    """What CHECK holds."""
    manifest, gaps, check = made.model.manifest, made.maps.gaps, made.check
    facts: dict[str, Any] = {
        "format": 1, "classifier": manifest.name, "key": manifest.key, "pictures": made.pictures.title,
        "layer": made.layer.title,
        "completeness": {"allowed": GAP, "largest": float(gaps.max()), "within": float((gaps <= GAP).mean())},
    }  # fmt: skip
    if check is not None:
        inside = {name: {what: one.model_dump() for what, one in each.items()} for name, each in check.inside.items()}
        facts["redrawn_networks"], facts["centre_prior"] = REDRAWN, CENTRE
        facts["rank_correlation"] = {name: one.model_dump() for name, one in check.alike.items()}
        facts["inside_masks"] = inside or None
    return facts | {"sentences": sentences_of(made)}


def _groups(made: Explanation) -> list[tuple[Kind, list[Explained]]]:
    """The kinds with their images, numbered as in the list."""
    groups, number, shown = [], 0, made.maps.shown()
    for kind in made.kinds:
        some = []
        for row, place in zip(map(int, kind.rows), made.place(kind.rows), strict=True):
            number += 1
            maps = [np.asarray(each[place]) for each in shown.values()]
            label, answer, probability = said(made, row)
            some.append(
                Explained(number, made.pictures.pixels[row], maps[0], maps[1], answer, probability, label, made.masks.get(row))
            )
        groups.append((kind, some))
    return groups


def said(made: Explanation, row: int) -> tuple[str | None, str, float]:
    """(true class or None, the answer, probability of the explained class); of several labels, those that are positive."""
    manifest, labels, answers = made.model.manifest, made.pictures.labels, made.answers
    classes, explained = manifest.classes, int(answers.explained[row])
    probability = float(answers.probabilities[row, explained])
    if manifest.task != "multilabel":
        return None if labels is None else classes[int(labels[row])], classes[explained], probability
    truth = None if labels is None else _listed([c for c, one in zip(classes, labels[row], strict=True) if one])
    return truth, classes[explained], probability


def _listed(names: list[str]) -> str:
    return " + ".join(names) or "no label"


def _write_list(made: Explanation, path: Path) -> None:
    head = ["number", "sheet", "image", "label", "answer", "probability"]
    lines: list[list[Any]] = []
    for kind in made.kinds:
        for row in map(int, kind.rows):
            label, answer, probability = said(made, row)
            lines.append([len(lines) + 1, kind.name, made.pictures.names[row], label or "", answer, f"{probability:.6f}"])
    path.write_text(csv_text(head, lines), encoding="utf-8", newline="")


def _write_arrays(made: Explanation, path: Path) -> None:
    """The maps of the shown images, in the order of the list."""
    rows = np.concatenate([kind.rows for kind in made.kinds])
    maps = made.maps.of(made.place(rows))
    arrays = {
        "images": made.pictures.pixels[rows], "grad_cam": maps.cells, "integrated_gradients": maps.signed,
        "explained": made.answers.explained[rows].astype(np.int64), "probabilities": made.answers.probabilities[rows],
    }  # fmt: skip
    save_file({name: np.ascontiguousarray(each) for name, each in arrays.items()}, path)
