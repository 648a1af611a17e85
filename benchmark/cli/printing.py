"""Prints the result of a command to the standard output, as a table or as JSON."""

from typing import TYPE_CHECKING

from benchmark.cli.options import Format
from benchmark.cli.terminal import print_table, print_text
from results.text.plain import json_text

if TYPE_CHECKING:
    from results.text.printing import Printable


def print_as(result: "Printable", form: Format) -> None:
    """Print a result to the standard output, in the form that the user has chosen."""
    match form:
        case Format.table:
            print_table(result.table())
        case Format.json:
            print_text(json_text(result.to_dict()))
        case Format.csv:
            print_text(result.csv())
        case Format.markdown:
            print_text(result.markdown())
