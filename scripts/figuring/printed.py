"""What a command prints as Markdown, in parts: tables below their titles, and notes."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

TITLE = re.compile(r"\*\*.+?\*\*")


@dataclass
class Part:
    """A title with its table; a part without a table is a sentence."""

    title: str = ""
    rows: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The part as Markdown."""
        return "\n\n".join(filter(None, [self.title, "\n".join(self.rows)]))


def parts(text: str) -> tuple[list[Part], list[str]]:
    """The titled tables of a printed result in their order, and the notes below them."""
    found: list[Part] = []
    notes: list[str] = []
    before = ""
    for line in text.splitlines():
        if TITLE.match(line):
            found.append(Part(line))
        elif line.startswith("|"):
            if not found or (found[-1].rows and not before.startswith("|")):
                found.append(Part())
            found[-1].rows.append(line)
        elif line.startswith("- "):
            notes.append(line)
        before = line
    return found, notes


def cells(row: str) -> list[str]:
    """The cells of a row of a table."""
    return [cell.strip() for cell in row.strip().strip("|").split(" | ")]


def narrowed(rows: list[str], columns: tuple[str, ...], first: int, keep: tuple[str, ...]) -> list[str]:
    """A table with these columns, all if there are none, of its first rows and of the rows whose first cell is one of `keep`.

    A sentence, which has no rows, stays without. Raises ValueError for a column that the table does not have.
    """
    if not rows:
        return []
    head = cells(rows[0])
    places = [head.index(name) for name in columns] or list(range(len(head)))
    shown = [row for place, row in enumerate(rows[2:]) if place < first or cells(row)[0] in keep]
    return ["| " + " | ".join(cells(row)[place] for place in places) + " |" for row in (*rows[:2], *shown)]


def sheet(path: Path) -> str:
    """A file of comma-separated values as a table in Markdown; columns behind the first are figures."""
    head, *body = csv.reader(path.read_text(encoding="utf-8").splitlines())
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))
