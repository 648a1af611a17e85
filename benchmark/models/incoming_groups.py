"""The patients of new pictures, from a column of the table that names the pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.data.readers.table_file import lines_of, separator_of, table_of
from benchmark.entries.said import Said
from benchmark.entries.table_place import archived_table, is_table, place_of_table
from benchmark.models.incoming import Incoming
from results.error import CatsError, nearest


def with_groups(incoming: Incoming, path: Path, column: str) -> Incoming:
    """The pictures of a table with the group that a column states for each.

    Raises CatsError if the path is no table, or if the table does not have the column or leaves a cell of it empty.
    """
    if not (archived_table(path) or (is_table(path.name) and path.is_file())):
        raise CatsError(f"--group names a column of a table; {path} is none: name a CSV or Parquet table of the pictures")
    place, _ = place_of_table(path, Said())
    content = place.content()
    separator = "," if place.file.lower().endswith(".parquet") else separator_of(content)
    rows = table_of(content, place.file, separator, place.where)
    columns = [str(name) for name in rows]
    if column not in columns:
        raise CatsError(f"{place.where} has no column '{column}', which --group names{nearest(column, columns)}")
    cells = [str(cell).strip() for cell in rows[column]]
    for cell, line in zip(cells, lines_of(rows), strict=True):
        if not cell:
            raise CatsError(f"{place.where}, line {line} has no {column}; --group needs the patient of every picture")
    return replace(incoming, groups=np.array(cells))
