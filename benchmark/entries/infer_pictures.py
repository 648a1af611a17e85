"""Inference of the column that names pictures: all its cells must name one picture each, and no other column may do so too."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.file_tree import composed
from benchmark.data.readers.picture_files import BELOW, slashed
from benchmark.data.readers.table_file import fields_of, lines_of
from benchmark.entries.infer_columns import listed, require_column
from benchmark.entries.picture_fit import Fit, Hit, fit_of, is_index
from benchmark.entries.picture_ways import leads_to, near_fits, stripped_fit
from benchmark.entries.said import Said
from benchmark.entries.table_of_patients import JOIN, row_per_patient
from benchmark.entries.table_place import Place
from results.error import CatsError

MANY = 10  # folders; of more the common one is written, with `/**`


def picture_column(rows: pd.DataFrame, said: Said, place: Place, besides: Sequence[str]) -> Fit:
    """The column that names the pictures of a place, decided by all its cells, its name, and the endings of its cells.

    Where no column does so letter by letter, those are taken whose cells begin with the folder of the pictures itself, differ
    from the names of the files in case, ending or zeros, or name them together with another column.

    rows: those with a label. besides: columns that have another role. Raises CatsError that says what was seen and which
    option decides.
    """
    index = place.index
    for column in fields_of(said.path, list(map(str, rows))) if said.path else ():
        require_column(rows, column, place.where)
    columns = [said.path] if said.path else [str(column) for column in rows if str(column) not in besides]
    fits = [fit_of(rows, column, index, said) for column in columns]
    whole = [fit for fit in fits if fit.whole and (said.path or not is_index(fit.column))]
    if not whole:
        whole = _other_ways(rows, fits, said, place, besides)
    best = _best(whole)
    if best is None:
        seen = "; ".join(f"'{fit.column}' ('{fit.cells[0]}' is {fit.hits[0][0].name})" for fit in whole)
        raise CatsError(f"{place.where} has several columns that may name the pictures: {seen}; say which with --path")
    if best.by_number and not said.path:
        _refuse_numbers(best, fits, place)
    _refuse_ambiguous(best, place.where)
    return best


def _other_ways(rows: pd.DataFrame, fits: Sequence[Fit], said: Said, place: Place, besides: Sequence[str]) -> list[Fit]:
    """The columns that name the pictures in another way than by their paths. Raises CatsError if there is none."""
    index = place.index
    other = None if said.strip else stripped_fit(fits, index, said)
    if other is not None and leads_to(other.strip, place.tree.path):
        return [other]
    if other is not None:
        raise CatsError(_other_folders(other, index, place))
    moved = next((fit for fit in fits if _only_last_names(fit, index)), None)
    if moved is not None:
        raise CatsError(_other_folders(moved, index, place))
    near = near_fits(rows, [fit.column for fit in fits], place.names, said, place.where)
    if not near:
        patients = row_per_patient(rows, place, besides)
        if patients:
            raise CatsError(
                f"{place.where} has {patients}; join it to the pictures {JOIN}, and say --from the table that this writes"
            )
        raise CatsError(_nothing_fits(rows, fits, said, place))
    return near


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


def _refuse_ambiguous(fit: Fit, where: str) -> None:
    several = next((i for i, hits in enumerate(fit.hits) if len(hits) > 1), None)
    if several is None:
        return
    hits = fit.hits[several]
    folders = deciding_folders(fit)
    named = f"'{','.join(folders)}'" if len(folders) > 1 else "FOLDER"
    option = f"--images {named}" if len({hit.folder for hit in hits}) > 1 else "--ending ENDING"
    count = sum(len(hits) > 1 for hits in fit.hits)
    raise CatsError(
        f"{where}: '{fit.cells[several]}' in the column '{fit.column}' may be {quoted(hit.name for hit in hits)}, and so in "
        f"{count:,} rows; say which with {option}"
    )


def deciding_folders(fit: Fit) -> list[str]:
    """Folders that hold one picture for each row, where the pictures lie in several folders, each twice; else empty.

    Of folders that hold the same pictures the first one is named.
    """
    chosen, others = set[str](), set[str]()
    for hits in fit.hits:
        folders = sorted({hit.folder for hit in hits})
        first = next((folder for folder in folders if folder in chosen), folders[0])
        chosen.add(first)
        others |= set(folders) - {first}
    return sorted(chosen) if not chosen & others else []


def _refuse_numbers(best: Fit, fits: Sequence[Fit], place: Place) -> None:
    """Raises CatsError if numbers that fit may count something else: by the column's name, or as another column names files."""
    rival = next((fit for fit in fits if fit.contradicts(best)), None)
    if rival or best.counting:
        wrong = next((cell for cell, hits in zip(rival.cells, rival.hits, strict=True) if not hits), "") if rival else ""
        other = f", while '{rival.column}' holds names such as '{wrong}', which are not there" if rival else ""
        raise CatsError(
            f"{place.where}: the column '{best.column}' fits the pictures in {place.tree.path} by its numbers alone "
            f"('{best.cells[0]}' would be {best.hits[0][0].name}){other}; say --path {shlex.quote(best.column)} if it names "
            "them"
        )


def _only_last_names(fit: Fit, index: dict[str, list[Hit]]) -> bool:
    """True if cells begin with folders that are not here, and what follows the last of them names pictures."""
    last = [slashed(cell).rpartition("/")[2] for cell in fit.cells]
    return not any(fit.hits) and last != fit.cells and all(composed(name) in index for name in last)


def _other_folders(fit: Fit, index: dict[str, list[Hit]], place: Place) -> str:
    """The sentence about cells that begin with folders of another machine, or with folders that differ from row to row."""
    last = [slashed(cell).rpartition("/")[2] for cell in fit.cells]
    found = fit.hits[0][0].name if fit.hits[0] else index[composed(last[0])][0].name
    plain = f" or '{last[0]}'" if all(len(index.get(composed(name), ())) == 1 for name in last) else ""
    way = f", or say --strip {shlex.quote(fit.strip)} if that is the same folder" if fit.strip else ""
    return (
        f"{place.where}: the column '{fit.column}' names '{fit.cells[0]}', whose folders are not in {place.tree.path}; write "
        f"'{found}'{plain} into the table{way}"
    )


def _nothing_fits(rows: pd.DataFrame, fits: Sequence[Fit], said: Said, place: Place) -> str:
    """The sentence about the column that comes nearest to naming the pictures."""
    where, folder_of_all = place.where, place.tree.path
    index = next((f"; '{fit.column}' numbers the rows and is not taken" for fit in fits if fit.whole), "")
    named = [fit for fit in fits if said.path or not is_index(fit.column)]
    near = max(named, key=lambda fit: (fit.share, fit.explicit), default=None)
    if near is None or near.share < 0.5:
        what = (
            f"no value of the column '{said.path}' of {where}"
            if said.path and not (near and near.share)
            else f"no column of {where}"
        )
        return f"{what} names a picture for each row in {folder_of_all}{index}; name the column with --path, {listed(rows)}"
    lines = lines_of(rows)
    if near.twice:
        one, other = [line for line, hits in zip(lines, near.hits, strict=True) if hits and hits[0].name == near.twice][:2]
        return f"{where}: the column '{near.column}' names {near.twice} in lines {one} and {other}; each picture needs one row"
    absent = next(i for i, hits in enumerate(near.hits) if not hits)
    if not near.cells[absent].strip():
        return f"{where}, line {lines[absent]} names no picture: the column '{near.column}' is blank"
    images, ending = place_of(Fit(near.column, near.cells, [hits for hits in near.hits if hits]))
    folder, end = (given if isinstance(given, str) else "" for given in (images, ending))
    name = str(PurePosixPath(folder) / f"{near.cells[absent]}{end}")
    missing = f"({sum(not hits for hits in near.hits):,} of {len(near.hits):,} are not)"
    if place.tree.unpacked and (folder_of_all / name).is_file():
        return f"{where} names {name}, which is no picture that can be read {missing}"
    return f"{where} names {name}, which is not in {folder_of_all} {missing}"
