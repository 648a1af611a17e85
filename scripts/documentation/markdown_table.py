"""Tables in Markdown, and what stands in their cells."""

import re
from collections.abc import Iterator
from itertools import takewhile


def table(head: list[str], rows: Iterator[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def first_sentence(text: str) -> str:
    """The first sentence of the comment that a YAML file begins with."""
    prose = takewhile(lambda line: line.startswith("# ") and not line.startswith("#  "), text.splitlines())  # until a command
    words = " ".join(line.removeprefix("#").strip() for line in prose)
    return re.split(r"(?<=[\w)])\.\s(?=[A-Z])", words, maxsplit=1)[0].rstrip(".") + "."
