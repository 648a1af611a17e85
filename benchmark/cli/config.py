"""`cats config`: shows the settings that hold, and where each comes from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmark.cli.options import Format
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from benchmark.core.settings import Setting

app = typer.Typer()
HEAD = ("key", "variable", "value", "from")


@app.command()
def config(form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table) -> None:
    """Show each setting and where it comes from: the environment, your settings file, or the default."""
    from benchmark.core.settings import settings, settings_file

    print_as(SettingsTable(settings()), form)
    file = settings_file()
    if file is not None:
        missing = "" if file.is_file() else ", which does not exist; write lines such as data = '/folder' into it"
        say(f"settings file: {file}{missing}")


@dataclass(frozen=True)
class SettingsTable:
    """The settings, one row each."""

    settings: "Sequence[Setting]"

    @property
    def sentences(self) -> Sequence[str]:
        """None: the table says it all."""
        return ()

    def table(self) -> "RenderableType":
        """For the terminal."""
        from results.text.printing import terminal_table

        rows = ([each.key, each.origin, each.value] for each in self.settings)
        return terminal_table(None, ("key", "from", "value"), rows, left=HEAD)

    def markdown(self) -> str:
        """For a README or an issue."""
        from results.text.printing import markdown_table

        return "\n".join(markdown_table(HEAD, self._rows(), left=HEAD))

    def csv(self) -> str:
        """For a spreadsheet."""
        from results.text.printing import csv_text

        return csv_text(HEAD, self._rows())

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain data."""
        return [asdict(each) for each in self.settings]

    def _rows(self) -> list[list[str]]:
        return [[each.key, each.variable, each.value, each.origin] for each in self.settings]
