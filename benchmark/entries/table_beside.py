"""Which table beside folders of pictures names these pictures, for sentences that advise to read it."""

from contextlib import suppress
from pathlib import Path

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.strangers import is_stranger
from benchmark.entries.picture_fit import fit_of
from benchmark.entries.said import Said
from benchmark.entries.table_place import is_table, place_of_table
from benchmark.entries.table_rows import rows_of
from results.error import CatsError

HALF = 0.5  # of the rows at least name a picture


def table_beside(path: Path) -> Path | None:
    """The table in a folder or archive, in no folder below, whose rows name its pictures; None if there is not just one."""
    found = [table for table in tables_beside(path) if _names_pictures(table)]
    return found[0] if len(found) == 1 else None


def tables_beside(path: Path) -> list[Path]:
    """The tables in a folder or archive, in no folder below."""
    return [path / name for name in Tree(path).names if "/" not in name and is_table(name) and not is_stranger(name)]


def _names_pictures(table: Path) -> bool:
    """Whether a column names pictures by more than bare numbers."""
    with suppress(CatsError):
        place, said = place_of_table(table, Said())
        rows, _ = rows_of(place, said)
        fits = (fit_of(rows, str(column), place.index, said) for column in rows)
        return any(fit.share >= HALF and not (fit.by_number and fit.counting) for fit in fits)
    return False
