"""One row of a table of other people's figures, read as its map says."""

import math
import re
from typing import Any

import pandas as pd

from results.error import CatsError
from results.imports.column_map import Column, ColumnMap, Value
from results.imports.names import require_name

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "text": 1}
UNITS = {"ms": 0.001, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}  # of durations as MLflow's pages write them
WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


class Row:
    """One row of a table, read with a column map. `where` begins the sentences about it."""

    def __init__(self, row: dict[Any, Any], where: str, how: ColumnMap) -> None:
        self.row, self.where, self.how = row, where, how

    def text(self, column: Column, field: str) -> str:
        """The name in a column, as `rename` says it. Raises CatsError where there is none, or one that cannot be a name."""
        value = column.value if isinstance(column, Value) else self.row[column]
        if (
            isinstance(value, float) and value.is_integer() and field == "seed"
        ):  # a missing value in a column turns its integers into floats
            value = int(value)
        if value is None or pd.isna(value) or not str(value).strip():
            raise CatsError(f"{self.where}: {field} is missing")
        text = str(value).strip()
        renamed: dict[str, str] = next((names for name, names in self.how.rename.items() if name == field), {})
        text = renamed.get(text, text)
        require_name(text, f"{self.where}: {field}")
        return text

    def setting(self, column: Column) -> str:
        """What a column says, as text; "None" for an empty cell."""
        value = column.value if isinstance(column, Value) else self.row[column]
        return "None" if value is None or pd.isna(value) else str(value)

    def amount(self, column: str, field: str) -> float:
        """As number(), of what cannot be negative or without end, such as a duration."""
        value = self.number(column, field)
        if value < 0 or math.isinf(value):
            raise CatsError(f"{self.where}: {field} is {value:g}, which is not possible; leave the cell empty if it is unknown")
        return value

    def number(self, column: str, field: str) -> float:
        """The number in a column; NaN where the table has none."""
        value = self.row[column]
        if value is None or pd.isna(value):
            return math.nan
        try:
            return float(value)
        except (TypeError, ValueError):
            raise CatsError(f"{self.where}: {field} is {value!r}, which is not a number") from None

    def started(self, otherwise: float) -> float:
        """Seconds since 1970; a time without a zone is taken as UTC."""
        if self.how.started is None or pd.isna(self.row[self.how.started]):
            return otherwise
        value = self.row[self.how.started]
        try:
            time = pd.Timestamp(value, unit="s" if isinstance(value, int | float) else None)
            return float((time if time.tzinfo else time.tz_localize("UTC")).timestamp())
        except (ValueError, TypeError) as error:
            raise CatsError(f"{self.where}: started is {value!r}, which is not a date or time") from error

    def seconds(self) -> float:
        """How long the run took; NaN where the table does not say it."""
        duration = self.how.duration
        if duration is None:
            return math.nan
        value = self.row[duration.column]
        if duration.unit != "text" or value is None or pd.isna(value):
            return self.amount(duration.column, "duration") * SECONDS[duration.unit]
        read = WITH_UNIT.fullmatch(str(value).strip())
        if read is None or read[2] not in UNITS:
            raise CatsError(
                f"{self.where}: duration is {value!r}; a number and its unit are needed ({', '.join(UNITS)}), such as 38.1min"
            )
        return float(read[1]) * UNITS[read[2]]
