"""A table of other people's runs as records."""

import math
import time
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from results.error import CatsError, first_line, nearest
from results.files.digest import digest
from results.files.limits import require_regular
from results.files.parquet_size import require_small_parquet
from results.imports.column_map import Column, ColumnMap, Value
from results.imports.delimited import Writing, read_delimited
from results.imports.figures import IN_TABLE, as_shares, require_bounds, require_finite, without_missing
from results.imports.names import require_different, require_name
from results.metrics import METRICS, metric_of
from results.record import Cost, Energy, Record

STATES: dict[str, Literal["finished", "failed", "interrupted"]] = {
    "FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "interrupted",
}  # fmt: skip
REASONS = {"FAILED": "failed, its author does not say why", "KILLED": "stopped, its author does not say why"}
LEFT = "left running by its author"
SELF = "the source is the target itself"
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


def read_table(path: Path, writing: Writing = Writing()) -> pd.DataFrame:  # noqa: B008 - frozen
    """A parquet or text table. Raises CatsError, in one sentence, if it cannot be read."""
    require_regular(path)
    try:
        if path.suffix != ".parquet":
            return read_delimited(path, writing)
        with path.open("rb") as file:  # pyarrow opens no path that is not UTF-8
            require_small_parquet(file, str(path))
            return pd.read_parquet(file)
    except FileNotFoundError:
        raise CatsError(f"there is no file {path}") from None
    except (
        OSError,
        ValueError,
        OverflowError,
        MemoryError,
        NotImplementedError,
    ) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise CatsError(f"{path} cannot be read as {path.suffix or 'a CSV file'}: {first_line(error)}") from error


def runs_of(table: pd.DataFrame, how: ColumnMap, experiment: str, where: str) -> list[Record]:
    """One record for each row, failed and unfinished ones too. `where` names the table in errors.

    Raises CatsError for a missing column, a value that cannot be read, and rows that nothing distinguishes.
    """
    for column in how.columns():
        if column not in table:
            raise CatsError(f"{where} has no column '{column}'{nearest(column, map(str, table))}")
    table = _checked(table, how, where)
    now = time.time()
    records: list[Record] = []
    rows: dict[str, int] = {}
    for number, row in enumerate(table[how.columns()].to_dict("records"), 1):
        record = _run(_Row(row, f"{where}, row {number}", how), experiment, now)
        if record.key in rows:
            raise CatsError(
                f"{where}: rows {rows[record.key]} and {number} describe the same run; "
                f"name a column that identifies the runs under `run`, or one more column in which they differ under `settings`"
            )
        rows[record.key] = number
        records.append(record)
    for field in ("source", "target", "backbone"):
        require_different(dict.fromkeys(record.names[field] for record in records), where)
    for leak in how.leaks:
        for field, name in (("source", leak.source), ("target", leak.target)):
            names = {record.names[field] for record in records}
            if name not in names:
                raise CatsError(f"`leaks` names the {field} '{name}', which no row of {where} has{nearest(name, names)}")
    return records


def _checked(table: pd.DataFrame, how: ColumnMap, where: str) -> pd.DataFrame:
    """The table with the figures that the map declares as missing or as percent turned into what is meant.

    Raises CatsError for infinite scores and for figures outside the bounds of their metric. A cell that is no number is left as
    it is, and the sentence about its row comes later.
    """
    table = table.assign()
    rows = range(1, len(table) + 1)
    scores = [(name, column, metric_of(name)) for name, column in how.scores.items()]
    validation = [(name, column, METRICS.get(name.removeprefix("val_"))) for name, column in how.validation.items()]
    for name, column, metric in [*scores, *validation]:
        numbers = pd.to_numeric(table[column], errors="coerce")
        figures = without_missing(pd.DataFrame({column: numbers.to_numpy(dtype=float)}, index=rows), how.missing)
        if how.scores.get(name) == column:
            require_finite(figures, where, IN_TABLE)
        if name in how.percent:
            figures = as_shares(figures, name, where)
        if metric is not None:
            require_bounds(figures, metric, name, where, IN_TABLE)
        if how.percent or how.missing:
            table[column] = table[column].where(numbers.isna() & table[column].notna(), figures[column].to_numpy())
    return table


class _Row:
    """One row of a table, read with a column map."""

    def __init__(self, row: dict[Any, Any], where: str, how: ColumnMap) -> None:
        self.row, self.where, self.how = row, where, how

    def text(self, column: Column, field: str) -> str:
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


def _run(row: _Row, experiment: str, now: float) -> Record:
    how = row.how
    columns = {"source": how.source, "target": how.target, "backbone": how.backbone, "seed": how.seed}
    names = {field: row.text(column, field) for field, column in {**columns, "protocol": how.protocol}.items()}
    status = row.text(how.status, "status").upper()
    if status not in STATES:
        raise CatsError(
            f"{row.where}: status is '{status}'; translate other words under `rename: status:`{nearest(status, STATES)}"
        )
    settings = {name: row.setting(column) for name, column in how.settings.items()}
    started = row.started(now)
    what: dict[str, Any] = {"names": names, "settings": settings, "status": status}
    if how.started is not None:
        what["started"] = started
    seconds = row.amount(how.duration.column, "duration") if how.duration else math.nan
    seconds *= SECONDS[how.duration.unit] if how.duration else 1
    reason = row.row[how.reason] if how.reason is not None else None
    reason = str(reason) if isinstance(reason, str) and reason.strip() else REASONS.get(status)
    images = how.size(names["source"], names["target"])
    facts = facts_of(how.title, names, how.leak(names["source"], names["target"])) | (
        {} if images is None else {"source_images": str(images)}
    )
    attempt = digest(["imported run", row.text(how.run, "run") if how.run is not None else what])
    return Record(
        kind="cell", key=digest([how.title, attempt]), attempt=attempt, experiment=experiment, status=STATES[status],
        reason=LEFT if status == "RUNNING" else reason, point=digest(settings), names=names, settings=settings,
        facts=facts, scores=_numbers(row, how.scores, "test_"), validation=_numbers(row, how.validation),
        costs=_costs(row, seconds), started=started, ended=started + (0 if math.isnan(seconds) else seconds),
    )  # fmt: skip


def _numbers(row: _Row, columns: dict[str, str], before: str = "") -> dict[str, float]:
    numbers = {name: row.number(column, before + name) for name, column in columns.items()}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}


def _costs(row: _Row, seconds: float) -> tuple[Cost, ...]:
    """Power times duration gives modelled energy; without power or duration the energy of a run is missing."""
    power = row.how.power
    if power is None and math.isnan(seconds):
        return ()
    watts = row.amount(power.column, "power") if power else math.nan
    kwh = watts * seconds / 3.6e6
    energy = Energy(kwh=None, provenance="missing") if math.isnan(kwh) else Energy(kwh=kwh, provenance="modelled")
    duration = 0.0 if math.isnan(seconds) else seconds
    hardware, intensity, shared = (power.hardware, power.kg_per_kwh, power.shared) if power else ("machine", None, False)
    return (Cost(phase="training", seconds=duration, energy={hardware: energy}, kg_per_kwh=intensity, undivided=shared),)


def facts_of(origin: str, names: dict[str, str], leak: str | None = None) -> dict[str, str]:
    """Origin of the figures, and the reason of a leak: a declared one, or that the source is the target."""
    reason = SELF if names["source"].split("[")[0] == names["target"] else leak
    return {"imported": origin} | ({} if reason is None else {"leak": reason})
