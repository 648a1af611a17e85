"""Prints the result of a command to the standard output, in the form that the user has chosen."""

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli.options import Format
from benchmark.cli.terminal import print_table, print_text, say
from results.error import CatsError
from results.text.plain import json_text

if TYPE_CHECKING:
    from results.text.printing import Printable

PICTURES = (".png", ".svg", ".pdf")


def print_as(result: "Printable", form: Format) -> None:
    """Print a result; its sentences, for which CSV has no place, then go to the standard error."""
    match form:
        case Format.table:
            print_table(result.table())
        case Format.json:
            print_text(json_text(result.to_dict()))
        case Format.csv:
            print_text(result.csv())
            for sentence in result.sentences:
                say(sentence)
        case Format.markdown:
            print_text(result.markdown())


def require_picture(path: Path) -> None:
    """Raise CatsError if the name of a file does not say which of PICTURES it is to be."""
    if path.suffix not in PICTURES:
        endings = f"{', '.join(PICTURES[:-1])} or {PICTURES[-1]}"
        raise CatsError(f"a picture cannot be written to '{path.name}'; its name must end with {endings}")
