"""Damages tables of text: as spreadsheets, editors and hurried people do."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzzing.values import odd_text, shown


@dataclass
class Sheet:
    """A table on its way to a file. `plain`: it still says what it said before, written otherwise."""

    rows: list[list[str]]
    separator: str = ","
    encoding: str = "utf-8"
    end: str = "\n"
    quoted: bool = False
    before: str = ""
    plain: bool = True

    def write(self, path: Path) -> None:
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL
        csv.writer(text, delimiter=self.separator, lineterminator=self.end, quoting=quoting).writerows(self.rows)
        errors = "surrogatepass" if self.encoding.startswith("utf") else "replace"
        path.write_bytes((self.before + text.getvalue()).encode(self.encoding, errors))


def damage_table(rng: Random, path: Path) -> tuple[str, bool]:
    """Replace a CSV file by a damaged one. Returns what was done, and whether the table still says the same."""
    with path.open(newline="", encoding="utf-8") as file:
        sheet = Sheet([row for row in csv.reader(file) if row])
    said = [rng.choice(CHANGES)(rng, sheet) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    sheet.write(path)
    if rng.random() < 0.06:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))] + rng.choice([b"", b'"', b"\0", b"\xff\xfe"]))
        return f"{path.name}: {'; '.join(said)}; cut", False
    return f"{path.name}: {'; '.join(said)}", sheet.plain


def _cell(rng: Random, sheet: Sheet) -> tuple[int, int]:
    row = rng.randrange(1, len(sheet.rows))
    return row, rng.randrange(len(sheet.rows[row]))


def _odd(rng: Random, sheet: Sheet) -> str:
    row, column = _cell(rng, sheet)
    sheet.rows[row][column], sheet.plain = odd_text(rng), False
    return f"row {row}, column {column} is {shown(sheet.rows[row][column])}"


def _blank(rng: Random, sheet: Sheet) -> str:
    row, column = _cell(rng, sheet)
    sheet.rows[row][column], sheet.plain = rng.choice(["", " ", "nan", "N/A", "-", "NULL", "-1", "?"]), False
    return f"row {row}, column {column} is blank: {shown(sheet.rows[row][column])}"


def _swap(rng: Random, sheet: Sheet) -> str:
    (row, column), (other, place) = _cell(rng, sheet), _cell(rng, sheet)
    rows, sheet.plain = sheet.rows, False
    rows[row][column], rows[other][place] = rows[other][place], rows[row][column]
    return f"cells {row},{column} and {other},{place} exchanged"


def _spell(rng: Random, sheet: Sheet) -> str:
    row, column = _cell(rng, sheet)
    text = sheet.rows[row][column]
    ways = [
        text.upper(),
        f" {text}",
        f"{text} ",
        f"{text}.0",
        f"0{text}",
        text.replace(".", ","),
        f"{text}\u00a0",
        f"{text}%",
        f"'{text}",
    ]
    sheet.rows[row][column], sheet.plain = rng.choice(ways), False
    return f"row {row}, column {column} is {shown(sheet.rows[row][column])}"


def _ragged(rng: Random, sheet: Sheet) -> str:
    row, sheet.plain = rng.randrange(len(sheet.rows)), False
    sheet.rows[row] = rng.choice(
        [sheet.rows[row][:-1], [*sheet.rows[row], "x"], [], sheet.rows[row] * 2, [""] * len(sheet.rows[row])]
    )
    return f"row {row} has {len(sheet.rows[row])} cells"


def _header(rng: Random, sheet: Sheet) -> str:
    column, sheet.plain = rng.randrange(len(sheet.rows[0])), False
    names = [sheet.rows[0][0], "", odd_text(rng), sheet.rows[0][column].upper(), f" {sheet.rows[0][column]}", "Unnamed: 0", "0"]
    sheet.rows[0][column] = rng.choice(names)
    return f"column {column} is called {shown(sheet.rows[0][column])}"


def _column(rng: Random, sheet: Sheet) -> str:
    column, sheet.plain = rng.randrange(len(sheet.rows[0])), False
    how = rng.choice(["dropped", "doubled", "blank"])
    for row in sheet.rows[how == "blank" :]:
        if column < len(row):
            row[column : column + 1] = {"dropped": [], "doubled": [row[column]] * 2, "blank": [""]}[how]
    return f"column {column} is {how}"


def _wide(rng: Random, sheet: Sheet) -> str:
    more = rng.choice([50, 3000])
    for number, row in enumerate(sheet.rows):
        row += [f"c{n}" if not number else "0" for n in range(more)]
    sheet.plain = False
    return f"{more} more columns"


def _row(rng: Random, sheet: Sheet) -> str:
    row, sheet.plain = rng.randrange(len(sheet.rows)), False
    how = rng.choice(["twice", "dropped", "a thousand times"])
    sheet.rows[row : row + 1] = [
        list(sheet.rows[row]) for _ in range({"twice": 2, "dropped": 0, "a thousand times": 1000}[how])
    ]
    if not sheet.rows:
        sheet.rows.append(["x"])
    return f"row {row} is {how}"


def _foot(rng: Random, sheet: Sheet) -> str:
    row = rng.choice([["Total", "12"], ["# exported by x"], ["", "", ""], ["sep=;"], ["\x1a"]])
    sheet.rows.insert(rng.choice([0, len(sheet.rows)]), row)
    sheet.plain = False
    return f"a row of {shown(row)}"


def _shuffle(rng: Random, sheet: Sheet) -> str:
    body = sheet.rows[1:]
    rng.shuffle(body)
    sheet.rows[1:] = body
    return "rows in another order"


def _turn(rng: Random, sheet: Sheet) -> str:
    order = list(range(len(sheet.rows[0])))
    rng.shuffle(order)
    sheet.rows = [[row[n] for n in order] if len(row) == len(order) else row for row in sheet.rows]
    return "columns in another order"


def _separate(rng: Random, sheet: Sheet) -> str:
    sheet.separator = rng.choice([";", "\t", "|"])
    return f"separated by {sheet.separator!r}"


def _written(rng: Random, sheet: Sheet) -> str:
    match rng.choice(["bom", "end", "quoted", "code"]):
        case "bom":
            sheet.before = "\ufeff"
            return "begins with a byte order mark"
        case "end":
            sheet.end = rng.choice(["\r\n", "\n", "\r"])
            return f"lines end with {sheet.end!r}"
        case "quoted":
            sheet.quoted = True
            return "all cells are quoted"
    sheet.encoding, sheet.plain = rng.choice(["utf-16", "utf-16-le", "latin-1", "utf-32"]), False
    return f"written as {sheet.encoding}"


CHANGES = (
    _odd, _odd, _odd, _blank, _blank, _swap, _spell, _spell, _ragged, _header, _header, _column, _wide, _row, _row, _foot,
    _shuffle, _turn, _separate, _written, _written,
)  # fmt: skip
