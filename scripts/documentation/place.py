"""The places of tables in pages of docs that scripts write: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from pathlib import Path


def put(page: Path, name: str, text: str) -> None:
    """Put a text into its place in a page, instead of what is there. Raises ValueError if the page has no such place."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    page.write_text(before + begin + text + end + after, encoding="utf-8")
