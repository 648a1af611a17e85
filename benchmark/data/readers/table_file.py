"""Tables of pictures as data frames: CSV in any separator, or Parquet; and the columns that an entry names."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmark.core.patterns import replaced, require_expression
from benchmark.data.readers.attributes import require_names
from benchmark.data.readers.cells import cell_text
from benchmark.data.readers.picture_files import Alike
from results.error import CatsError, damage_of
from results.files.parquet_size import require_small_parquet
from results.imports.separators import even_columns
from results.text.brief import short

if TYPE_CHECKING:
    import pandas as pd  # lists of entries are made without it

BLANKS = r"\s+"  # the separator of columns that any number of blanks and tabs divides
FIELD = re.compile(r"\{([^{}]+)\}")  # a column in a `path` of several


@dataclass(frozen=True)
class Columns:
    """How to read a table; see `table`."""

    file: str
    path: str
    label: str | list[str]
    classes: list[str] | dict[str, int] | dict[str, str]
    group: str = ""
    part: str = ""
    part_values: dict[str, str] | None = None
    images: str | list[str] = ""
    ending: str | list[str] = ""
    separator: str = ","
    labels_separator: str = ""
    nothing: str | None = None
    id: str = ""
    one_hot: bool = False
    missing: list[str] | None = None
    marks: dict[str, int] | None = None
    columns: list[str] | None = None
    strip: str = ""
    alike: list[Alike] | None = None
    archives: list[str] | None = None
    attributes: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Take white space from around the names of columns, as `table_of` does."""
        label = self.label.strip() if isinstance(self.label, str) else [name.strip() for name in self.label]
        object.__setattr__(self, "label", label)
        for role in ("path", "group", "part", "id"):
            object.__setattr__(self, role, getattr(self, role).strip())
        require_names(list(self.attributes or {}))
        strange = next((mark for mark in (self.marks or {}).values() if mark not in {0, 1}), None)
        if strange is not None:
            raise CatsError(f"marks says that a content means {strange}; allowed are 0 and 1")


def table_of(content: bytes, name: str, separator: str, where: str, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """The rows of a table, without empty ones, numbered from 0 by their index; cells of a CSV are text.

    White space around the names of columns is left out. columns: the names of all columns of a text that has no line of names;
    its rows are numbered from -1, so that `lines_of` counts right.

    Raises CatsError that names `where` if it cannot be read.
    """
    import pandas as pd

    try:
        if name.lower().endswith(".parquet"):
            require_small_parquet(io.BytesIO(content), where)
            rows = pd.read_parquet(io.BytesIO(content))
            rows = rows.reset_index(drop=rows.index.names == [None])
        else:
            expression = len(separator) != 1 and separator != BLANKS
            if expression:
                _require_harmless(separator, content, where)
            engine: Literal["python"] | None = "python" if expression or not separator.isascii() else None
            rows = pd.read_csv(
                io.BytesIO(content), sep=separator, engine=engine, dtype=str, keep_default_na=False, encoding="utf-8-sig",
                header="infer" if columns is None else None,
            )  # fmt: skip
    except (ValueError, OSError, OverflowError, MemoryError, NotImplementedError) as error:
        hint = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise CatsError(f"{where} cannot be read as a table: {damage_of(error)}{hint}") from error
    names = [str(column).strip() for column in (rows.columns if columns is None else columns)]
    if len(names) != len(rows.columns):
        raise CatsError(f"{where} has {len(rows.columns)} columns; `columns` names {len(names)}: {', '.join(names)}")
    twice = next((name for name, times in Counter(names).items() if name and times > 1), None)
    if twice is not None:
        raise CatsError(f"{where} has two columns called '{twice}'; rename one of them")
    rows = rows.set_axis(names, axis=1).reset_index(drop=True)
    rows.index -= columns is not None
    return rows.loc[lambda frame: ~frame.isin(["", None]).all(axis=1)]


def _require_harmless(separator: str, content: bytes, where: str) -> None:
    """Raises CatsError for several characters, a regular expression to pandas, that divide no line or take very long."""
    lines = [line.strip() for line in io.StringIO(content.decode("utf-8-sig", "replace"), newline="")]
    try:
        require_expression(separator)
        if re.search(separator, "") is None:
            replaced(separator, "", lines)
            return
    except CatsError as error:
        raise CatsError(f"{where}, separator: {error}") from error
    raise CatsError(
        f"{where}: the separator '{short(separator)}' is a regular expression that finds a place between two letters; allowed "
        r"is one character, such as ';', or '\s+' for blanks, or several that are no such expression, as '\|\|'"
    )


def lines_of(rows: "pd.DataFrame") -> list[int]:
    """The line of each row in the file; the names of the columns are line 1, unless the file has none."""
    return [int(number) + 2 for number in rows.index]


def separator_of(content: bytes) -> str:
    """The sign that separates the columns of a CSV: comma, semicolon, tab or bar, or else blanks.

    It is the one that divides the first lines into equally many columns, two or more, of several the one that makes the most
    columns; if none does, the most frequent one of the first line.
    """
    text = content.decode("utf-8-sig", "replace").lstrip("\r\n")
    even = even_columns(text)
    if even:
        return max(even, key=lambda sign: even[sign])
    first, *others = text.splitlines()[:50] or [""]
    blank = {len(line.split()) for line in (first, *others) if line.strip()}
    if not any(sign in first for sign in ",;|") and len(blank) == 1 and blank != {1}:
        return BLANKS
    return max(",;\t", key=first.count)


def texts_of(rows: "pd.DataFrame", column: str) -> list[str]:
    """The cells of a column as text."""
    return [cell_text(value) for value in rows[column]]


def fields_of(path: str, columns: Sequence[str]) -> list[str]:
    """The columns that name a picture together, as `{folder}/{file}` does; the column itself if there is one of this name."""
    return [path] if path in columns else FIELD.findall(path) or [path]


def paths_of(rows: "pd.DataFrame", path: str) -> list[str]:
    """The names of pictures that a column holds, or that several columns make together, as `{folder}/{file}`."""
    if path in rows or not FIELD.search(path):
        return texts_of(rows, path)
    texts = {name: [cell.strip() for cell in texts_of(rows, name.strip())] for name in FIELD.findall(path)}
    return [FIELD.sub(lambda found, row=row: texts[found[1]][row], path) for row in range(len(rows))]  # type: ignore[misc]
