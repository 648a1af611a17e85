"""What a parquet file may promise: a few bytes of it can stand for billions of equal cells."""

from pathlib import Path
from typing import Any, BinaryIO

from results.error import CatsError
from results.files.limits import FILE, amount

VALUES = 2**28  # of a file, in all columns
COLUMNS = 100_000
BATCH = 2**16  # rows that are measured at a time


def require_small_parquet(source: Path | BinaryIO, what: str, *, texts: bool = True) -> None:
    """Raises CatsError if a parquet file expands to more values or, with `texts`, more bytes of text than fit into memory.

    Nothing is repeated in memory to find that out. Raises an error of pyarrow, a ValueError or an OSError, for a damaged file.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with ParquetFile(source) as file:
        facts, names = file.metadata, file.schema_arrow.names
        if facts.num_columns > COLUMNS:
            raise CatsError(f"{what} has {facts.num_columns:,} columns; {COLUMNS:,} are allowed")
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
        values = max(facts.num_rows * facts.num_columns, sum(chunk.num_values for chunk in chunks))
        if values > VALUES:
            raise CatsError(f"{what} expands to {values:,} values; {VALUES:,} are allowed: divide the table")
        largest = max((chunk.total_uncompressed_size for chunk in chunks), default=0)
        if not texts or facts.num_rows * largest <= FILE:
            return
        columns = [
            name for name in names if pa.types.is_string(kind := file.schema_arrow.field(name).type) or _is_text(pa, kind)
        ]
    _measure(source, columns, what)


def _is_text(pa: Any, kind: Any) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary))


def _measure(source: Path | BinaryIO, columns: list[str], what: str) -> None:
    """Raises CatsError if the texts of these columns together have more than FILE bytes."""
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile

    size = 0
    with ParquetFile(source, read_dictionary=columns) as file:  # each different text is then in memory once
        for batch in file.iter_batches(BATCH, columns=columns):
            for column in batch.columns:
                lengths = pc.binary_length(column.dictionary)
                size += pc.sum(pc.cast(lengths.take(column.indices), "int64")).as_py() or 0
            if size > FILE:
                raise CatsError(f"{what} expands to more than {amount(FILE)} of text; divide the table")
