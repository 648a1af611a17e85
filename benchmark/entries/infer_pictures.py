"""Inference of the column that names pictures: all its cells must name one picture each, and no other column may do so too."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.file_tree import composed
from benchmark.data.readers.picture_files import BELOW
from benchmark.data.readers.table_file import lines_of
from benchmark.entries.infer_columns import listed
from benchmark.entries.picture_fit import Fit, Hit, fit_of, is_index, pictures_by_cell
from benchmark.entries.said import Said
from results.error import CatsError

MANY = 10  # folders; of more the common one is written, with `/**`


def picture_column(rows: pd.DataFrame, said: Said, names: Sequence[str], besides: Sequence[str], path: Path) -> Fit:
    """The column that names the pictures `names`, decided by all its cells, its name, and the endings of its cells.

    rows: those with a label. besides: columns that have another role. Raises CatsError that says what was seen and which
    option decides.
    """
    if not names:
        raise CatsError(f"{path.parent} holds no picture; put {path.name} into the folder that holds the pictures")
    index = pictures_by_cell(names)
    columns = [said.path] if said.path else [str(column) for column in rows if str(column) not in besides]
    fits = [fit_of(rows, column, index, said) for column in columns]
    whole = [fit for fit in fits if fit.whole and (said.path or not is_index(fit.column))]
    if not whole:
        raise CatsError(_other_folders(fits, index, path) or _nothing_fits(rows, fits, said, path))
    best = _best(whole)
    if best is None:
        seen = "; ".join(f"'{fit.column}' ('{fit.cells[0]}' is {fit.hits[0][0].name})" for fit in whole)
        raise CatsError(f"{path} has several columns that may name the pictures: {seen}; say which with --path")
    if best.by_number and not said.path:
        _refuse_numbers(best, fits, path)
    _refuse_ambiguous(best, path)
    return best


def place_of(fit: Fit) -> tuple[str | list[str], str | list[str]]:
    """(images, ending) of an entry: the folders and endings that the cells leave out, the most frequent first."""
    folders = [folder for folder, _ in Counter(hits[0].folder for hits in fit.hits).most_common()]
    endings = [ending for ending, _ in Counter(hits[0].ending for hits in fit.hits).most_common()]
    if len(folders) > MANY:
        shared = PurePosixPath(folders[0]).parts
        for folder in folders:
            parts = PurePosixPath(folder).parts
            shared = shared[: next((i for i, (a, b) in enumerate(zip(shared, parts, strict=False)) if a != b), len(parts))]
        folders = ["/".join(shared) + BELOW if shared else BELOW.strip("/")]
    return folders[0] if len(folders) == 1 else sorted(folders), endings[0] if len(endings) == 1 else sorted(endings)


def _best(whole: Sequence[Fit]) -> Fit | None:
    """The column that is at least as explicit and as speaking as all others, or names the same pictures; None if unclear."""
    for fit in sorted(whole, key=lambda fit: (fit.explicit, fit.speaking), reverse=True):
        others = [other for other in whole if [h[0].name for h in other.hits] != [h[0].name for h in fit.hits]]
        if all(
            (fit.explicit, fit.speaking) != (other.explicit, other.speaking)
            and fit.explicit >= other.explicit
            and fit.speaking >= other.speaking
            for other in others
        ):
            return fit
    return None


def _refuse_ambiguous(fit: Fit, path: Path) -> None:
    several = next((i for i, hits in enumerate(fit.hits) if len(hits) > 1), None)
    if several is None:
        return
    hits = fit.hits[several]
    option = "--images FOLDER" if len({hit.folder for hit in hits}) > 1 else "--ending ENDING"
    count = sum(len(hits) > 1 for hits in fit.hits)
    raise CatsError(
        f"{path}: '{fit.cells[several]}' in the column '{fit.column}' may be {quoted(hit.name for hit in hits)}, and so in "
        f"{count:,} rows; say which with {option}"
    )


def _refuse_numbers(best: Fit, fits: Sequence[Fit], path: Path) -> None:
    """Raises CatsError if numbers that fit may count something else: by the column's name, or as another column names files."""
    rival = next((fit for fit in fits if fit.contradicts(best)), None)
    if rival or best.counting:
        wrong = next((cell for cell, hits in zip(rival.cells, rival.hits, strict=True) if not hits), "") if rival else ""
        other = f", while '{rival.column}' holds names such as '{wrong}', which are not there" if rival else ""
        raise CatsError(
            f"{path}: the column '{best.column}' fits the pictures in {path.parent} by its numbers alone ('{best.cells[0]}' "
            f"would be {best.hits[0][0].name}){other}; say --path {shlex.quote(best.column)} if it names them"
        )


def _other_folders(fits: Sequence[Fit], index: dict[str, list[Hit]], path: Path) -> str:
    """The sentence about cells that begin with folders of another machine; empty if there are none."""
    for fit in fits:
        last = [cell.replace("\\", "/").rpartition("/")[2] for cell in fit.cells]
        if not any(fit.hits) and last != fit.cells and all(composed(name) in index for name in last):
            found = index[composed(last[0])][0].name
            return (
                f"{path}: the column '{fit.column}' names '{fit.cells[0]}', whose folders are not in {path.parent}; write "
                f"'{found}' or '{last[0]}' into the table"
            )
    return ""


def _nothing_fits(rows: pd.DataFrame, fits: Sequence[Fit], said: Said, path: Path) -> str:
    """The sentence about the column that comes nearest to naming the pictures."""
    index = next((f"; '{fit.column}' numbers the rows and is not taken" for fit in fits if fit.whole), "")
    named = [fit for fit in fits if said.path or not is_index(fit.column)]
    near = max(named, key=lambda fit: (fit.share, fit.explicit), default=None)
    if near is None or near.share < 0.5:
        what = (
            f"no value of the column '{said.path}' of {path}"
            if said.path and not (near and near.share)
            else f"no column of {path}"
        )
        return f"{what} names a picture for each row in {path.parent}{index}; name the column with --path, {listed(rows)}"
    lines = lines_of(rows)
    if near.twice:
        one, other = [line for line, hits in zip(lines, near.hits, strict=True) if hits and hits[0].name == near.twice][:2]
        return f"{path}: the column '{near.column}' names {near.twice} in lines {one} and {other}; each picture needs one row"
    absent = next(i for i, hits in enumerate(near.hits) if not hits)
    if not near.cells[absent].strip():
        return f"{path}, line {lines[absent]} names no picture: the column '{near.column}' is blank"
    images, ending = place_of(Fit(near.column, near.cells, [hits for hits in near.hits if hits]))
    folder, end = (given if isinstance(given, str) else "" for given in (images, ending))
    name = str(PurePosixPath(folder) / f"{near.cells[absent]}{end}")
    missing = f"({sum(not hits for hits in near.hits):,} of {len(near.hits):,} are not)"
    if (path.parent / name).is_file():
        return f"{path} names {name}, which is no picture that can be read {missing}"
    return f"{path} names {name}, which is not in {path.parent} {missing}"
