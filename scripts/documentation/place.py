"""The places of tables in pages of docs that scripts write: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from pathlib import Path


def taken(page: Path, name: str) -> str:
    """The text in a place of a page. Raises ValueError if the page has no such place."""
    _, rest = page.read_text(encoding="utf-8").split(f"<!-- {name}: begin -->\n")
    return rest.split(f"<!-- {name}: end -->")[0]


def put(page: Path, name: str, text: str) -> None:
    """Put a text into its place in a page, instead of what is there. Raises ValueError if the page has no such place."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    page.write_text(before + begin + text + end + after, encoding="utf-8")
