"""Inference of the columns of a table that name official parts and groups, by their names and their values."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from benchmark.core.patterns import require_expression
from benchmark.data.dataset import GROUP_KINDS
from benchmark.data.readers.cells import alike_groups, quoted, without_group
from benchmark.data.readers.part_words import are_parts, part_of
from benchmark.data.readers.table_file import fields_of, texts_of
from benchmark.entries.folder_names import are_people
from benchmark.entries.infer_columns import named_labels, plain_name, require_column, same_division
from benchmark.entries.said import Said
from results.error import CatsError

PART_WORDS = ("part", "split", "set", "subset", "partition")
BEFORE = r"(?:anon|anonymi[sz]ed|deidentified|unique|original|dicom|study|the)?"
AFTER = r"(?:instance)?(?:ids?|identifiers?|numbers?|num|no|nr|names?|codes?|keys?|u?uid|index|idx)*"
CLEAR = "patient|participant|person|subject|slide|lesion"
UNCLEAR = (
    "group|case|study|series|wsi|eye|exam|examination|visit|session|scan|specimen|sample|biopsy|block|core|nodule|accession|"
    "pid|ptid|pat|mrn|subj|individual|donor|animal|mouse|family|volume|sequence|video|acquisition"
)


def part_column(rows: pd.DataFrame, said: Said, where: str) -> str | None:
    """The column of official parts: the one that is named, else the one whose name is usual for parts, else none.

    Raises CatsError if the values of another column are words for parts: it may hold the official parts.
    """
    if said.part is not None:
        return require_column(rows, said.part, where) if said.part else None
    free = _free(rows, said)
    named = [column for word in PART_WORDS for column in free if plain_name(column) == word]
    by_value = [column for column in free if are_parts(texts_of(rows, column))]
    named.sort(key=lambda column: column not in by_value)
    others = [column for column in by_value if not named or not _same_parts(rows, column, named[0])]
    if others:
        column, otherwise = others[0], quoted(named[:1]) or "''"
        values = quoted(dict.fromkeys(texts_of(rows, column)), 4)
        raise CatsError(
            f"{where}: the column '{column}' holds {values}, which look like official parts: say --part '{column}' if they "
            f"are, --part {otherwise} if they are not, or --label '{column}' if they are the classes"
        )
    return require_column(rows, named[0], where) if named else None


def refuse_folders_of_parts(names: Sequence[str], where: str) -> None:
    """Raises CatsError if the pictures of a table without parts lie in folders of parts, such as train/0.png and test/1.png."""
    folders = [name.split("/")[:-1] for name in names]
    for level in range(max(map(len, folders), default=0)):
        found = dict.fromkeys(parents[level] for parents in folders if len(parents) > level)
        if len({part_of(name) for name in found} - {None}) > 1:
            raise CatsError(
                f"{where}: the pictures lie in the folders {quoted(found, 6)}, which look like official parts: write the part "
                "of each row into a column and name it with --part COLUMN, or say --part '' if these folders are no parts"
            )


def group_column(rows: pd.DataFrame, said: Said, besides: Sequence[str], where: str) -> str | None:
    """The column of groups: the one that is named, else one whose name says patient, subject, participant, slide or the like.

    It may also be a regular expression on the names of the pictures, as `([^/]+)/`.

    besides: columns that have another role. Raises CatsError if a column such as `case_id` names what several rows share.
    """
    if said.group is not None and "(" in said.group and said.group not in rows:
        require_expression(said.group, 1)
        return said.group
    if said.group is not None:
        return require_column(rows, said.group, where) if said.group else None
    free = [column for column in _free(rows, said) if column not in besides]
    found = [column for word in CLEAR.split("|") for column in free if _is_called(column, word)]
    if found:
        return require_column(rows, found[0], where)
    asked = next((column for column in free if _is_called(column, UNCLEAR) and _repeats(texts_of(rows, column))), None)
    if asked:
        raise CatsError(
            f"{where}: the column '{asked}' may name the patient or another group, as several rows have the same value "
            f"('{_most_common(texts_of(rows, asked))}'): say --group '{asked}' if images of one value belong together, or "
            "--group '' if groups are unknown"
        )
    return None


def refuse_folders_of_groups(names: Sequence[str], where: str) -> None:
    """Raises CatsError if the pictures of a table without groups lie in folders of patients, such as patient00001/view1.jpg."""
    folders = [name.split("/")[:-1] for name in names]
    for level in range(max(map(len, folders), default=0)):
        found = sorted({parents[level] for parents in folders if len(parents) > level})
        if 2 < len(found) < len(names) and are_people(found):
            raise CatsError(
                f"{where}: the pictures lie in folders such as {quoted(found[:2])}, which look like those of patients: say "
                f"--group '^{'[^/]+/' * level}([^/]+)/' if images of one folder belong together, or --group '' if groups are "
                "unknown"
            )


def require_groups(rows: pd.DataFrame, column: str, where: str) -> None:
    """Raises CatsError if rows name no group, or if groups differ only in case or white space."""
    if column not in rows:  # a regular expression on the names of the pictures, which the reader looks at
        return
    cells = texts_of(rows, column)
    remedy = "name another column with --group, or say --group '' if groups are unknown"
    missing = without_group(column, cells)
    if missing:
        raise CatsError(f"{where}: {missing}; fill it in, {remedy}")
    alike = alike_groups(cells)
    if alike:
        raise CatsError(
            f"{where}: the column '{column}' holds groups that differ only in case or white space, {quoted(alike[0])}: spell "
            f"them alike, {remedy}"
        )


def kind_of_group(column: str | None) -> str | None:
    """What `groups:` of an entry says about a column: slide, lesion, block, or else patient."""
    if not column:
        return None
    word = plain_name(column)  # of a regular expression the letters of all its words
    return "slide" if word.startswith("wsi") else next((kind for kind in GROUP_KINDS if word.startswith(kind)), "patient")


def _free(rows: pd.DataFrame, said: Said) -> list[str]:
    """The columns to which the user has given no role."""
    path = fields_of(said.path, list(map(str, rows))) if said.path else []
    taken = {*path, said.group, said.part, *named_labels(rows, said)}
    return [str(column) for column in rows if str(column) not in taken]


def _same_parts(rows: pd.DataFrame, one: str, other: str) -> bool:
    return one == other or same_division(texts_of(rows, one), texts_of(rows, other))


def _is_called(column: str, words: str) -> bool:
    return bool(re.fullmatch(f"{BEFORE}(?:{words})s?{AFTER}", plain_name(column)))


def is_of_people(column: str) -> bool:
    """True if the name of a column says patient, subject, participant, slide or the like."""
    return _is_called(column, CLEAR)


def _repeats(cells: Sequence[str]) -> bool:
    """True if rows share values, of which there are more than two: two are sides or arms of a study."""
    return 2 < len(set(cells)) < len(cells)


def _most_common(cells: Sequence[str]) -> str:
    return Counter(cells).most_common(1)[0][0]
