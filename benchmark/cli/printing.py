"""Prints the result of a command to the standard output, as a table or as JSON."""

import json
from typing import TYPE_CHECKING

from benchmark.cli.options import Format, print_line

if TYPE_CHECKING:
    from results.printing import Printable


def print_as(result: "Printable", form: Format) -> None:
    """Print a result to the standard output, in the form that the user has chosen."""
    match form:
        case Format.table:
            from rich.console import Console

            Console().print(result.table())
        case Format.json:
            print_line(json.dumps(result.to_dict(), indent=2))
        case Format.csv:
            print_line(result.csv().rstrip("\n"))
        case Format.markdown:
            print_line(result.markdown().rstrip("\n"))
