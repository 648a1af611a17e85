"""The kinds of tables and pictures in README and docs: what makes one, and how it comes to its place."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from documentation.place import put
from figuring.printed import Part, narrowed, parts, sheet

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "published"
EVERYTHING = 10_000  # rows, or tables


@dataclass(frozen=True)
class Figure:
    """Something that a command makes. In a command, `{folder}` is a temporary folder for what it writes."""

    name: str
    where: str  # a page, or files below docs/published
    command: str
    prints_markdown = False
    named_only = False  # takes long, so that it is made only if it is named

    def place(self, text: str, folder: Path) -> None:
        """Put what the command has printed, or written into the folder, where it stands."""


@dataclass(frozen=True)
class Table(Figure):
    """Tables that a command of `cats` prints: in a page, below the command itself."""

    titles: tuple[str, ...] = ()  # beginnings of the titles of the tables that are shown; empty shows all
    columns: tuple[str, ...] = ()  # empty shows all
    first: int = EVERYTHING  # rows from the top
    keep: tuple[str, ...] = ()  # rows that are shown in any case, by their first cell
    tables: int = EVERYTHING  # of those with such a title, how many from the first on
    notes: bool = False
    prints_markdown = True

    def place(self, text: str, folder: Path) -> None:  # noqa: ARG002
        """Raises ValueError if the command has printed no such table."""
        found, notes = parts(text)
        shown = [part for part in found if not self.titles or part.title.strip("*").startswith(self.titles)][: self.tables]
        if not shown:
            msg = f"{self.command} has printed no table whose title begins with {' or '.join(self.titles)}"
            raise ValueError(msg)
        cut = [Part(part.title, narrowed(part.rows, self.columns, self.first, self.keep)) for part in shown]
        put(
            ROOT / self.where,
            self.name,
            block(self.command, [*(part.text() for part in cut), *(["\n".join(notes)] * self.notes)]),
        )


@dataclass(frozen=True)
class Page(Figure):
    """A page below docs/published with all that a command of `cats` prints."""

    title: str
    prints_markdown = True

    def place(self, text: str, folder: Path) -> None:  # noqa: ARG002
        """Write the page."""
        page = f"# {self.title}\n\n`{self.command}` prints this page.\n\n{text}"
        (PUBLISHED / self.where).write_text(page, encoding="utf-8")


@dataclass(frozen=True)
class Sheet(Figure):
    """A table that a command writes as comma-separated values: in a page, below the command."""

    made: str

    def place(self, text: str, folder: Path) -> None:  # noqa: ARG002
        """Put the table into the page."""
        put(ROOT / self.where, self.name, block(self.command.format(folder="figures"), [sheet(folder / self.made)]))


@dataclass(frozen=True)
class Pictures(Figure):
    """Pictures below docs/published; `made` is the name of a picture that has another one where the command writes it."""

    made: str = ""

    def place(self, text: str, folder: Path) -> None:  # noqa: ARG002
        """Copy the pictures to their places."""
        for file in self.where.split(", "):
            shutil.copyfile(folder / (self.made or file), PUBLISHED / file)


@dataclass(frozen=True)
class Measurement(Figure):
    """Tables that a script measures or simulates, and writes into the page itself."""

    takes: str
    named_only = True


def block(command: str, paragraphs: list[str]) -> str:
    """The command, and below it what it gives."""
    return "\n\n".join(["", f"```sh\n{command}\n```", *paragraphs, ""]).removeprefix("\n")
