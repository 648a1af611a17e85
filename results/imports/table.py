"""A table of other people's runs as records."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from results.error import CatsError, first_line, nearest
from results.files.digest import digest
from results.files.limits import require_regular
from results.files.parquet_size import require_small_parquet
from results.imports.column_map import ColumnMap
from results.imports.delimited import Writing, read_delimited
from results.imports.figures import IN_TABLE, as_shares, require_bounds, require_finite, without_missing
from results.imports.names import require_different
from results.imports.row import Row
from results.metrics import METRICS, metric_of
from results.record import Cost, Energy, Record

STATES: dict[str, Literal["finished", "failed", "interrupted"]] = {
    "FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "interrupted",
}  # fmt: skip
REASONS = {"FAILED": "failed, its author does not say why", "KILLED": "stopped, its author does not say why"}
LEFT = "left running by its author"
SELF = "the source is the target itself"


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
    """One record for each run, failed and unfinished ones too, of a map with `scores`. `where` names the table in errors.

    A row is a run; where the map names the columns of measures, rows that differ in these alone are one.
    Raises CatsError for a missing column, a value that cannot be read, and rows that nothing distinguishes.
    """
    require_columns(table, how, where)
    table = _checked(table, how, where)
    now = time.time()
    records: list[Record] = []
    rows: dict[str, tuple[int, int]] = {}  # key → number of its first row, place of its record
    for number, row in enumerate(table[how.columns()].to_dict("records"), 1):
        record = _run(Row(row, f"{where}, row {number}", how), experiment, now)
        if record.key in rows:
            first = rows[record.key]
            if how.measures is not None:
                require_same(records[first[1]], record, (first[0], number), where)
                continue
            raise CatsError(
                f"{where}: rows {first[0]} and {number} describe the same run; "
                f"name a column that identifies the runs under `run`, or one more column in which they differ under `settings`"
            )
        rows[record.key] = number, len(records)
        records.append(record)
    for field in ("source", "target", "backbone"):
        require_different(dict.fromkeys(record.names[field] for record in records), where)
    for leak in how.leaks:
        for field, name in (("source", leak.source), ("target", leak.target)):
            names = {record.names[field] for record in records}
            if name not in names:
                raise CatsError(f"`leaks` names the {field} '{name}', which no row of {where} has{nearest(name, names)}")
    return records


def require_columns(table: pd.DataFrame, how: ColumnMap, where: str) -> None:
    """Raises CatsError, with the nearest name, for a column that the map names and the table does not have."""
    for column in how.columns():
        if column not in table:
            raise CatsError(f"{where} has no column '{column}'{nearest(column, map(str, table))}")


def require_same(one: Record, other: Record, rows: tuple[int, int], where: str) -> None:
    """Raises CatsError if two rows of one run give it other figures."""
    for name in {*one.scores, *other.scores, *one.validation, *other.validation}:
        figures = [(each.scores | each.validation).get(name) for each in (one, other)]
        if figures[0] != figures[1]:
            raise CatsError(
                f"{where}: rows {rows[0]} and {rows[1]} are the same run, and {name} is {figures[0]} in one and {figures[1]} "
                f"in the other; name one more column in which they differ under `settings`"
            )


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


def _run(row: Row, experiment: str, now: float) -> Record:
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
    seconds = row.seconds()
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


def _numbers(row: Row, columns: dict[str, str], before: str = "") -> dict[str, float]:
    numbers = {name: row.number(column, before + name) for name, column in columns.items()}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}


def _costs(row: Row, seconds: float) -> tuple[Cost, ...]:
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


def cited(records: Sequence[Record], citation: str | None, licence: str | None) -> list[Record]:
    """The records with whom to cite, and under which licence their table is, as far as these are stated."""
    stated = {name: " ".join(text.split()) for name, text in (("citation", citation), ("licence", licence)) if text}
    known = {name: text for name, text in stated.items() if text}
    return [record.model_copy(update={"facts": record.facts | known}) for record in records] if known else list(records)
