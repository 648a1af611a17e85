"""Makes of README.md a description that an index of packages can show: it has no link that leads nowhere.

python scripts/packaging/description.py README.md [ADDRESS]

ADDRESS is a page of the repository's files, such as https://example.org/cats-bench/blob/v0.2.0: links and pictures of the
README become absolute. Without it, nobody knows where the files lie: pictures are left out and links become plain text.
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<place>[^)\s]+)\)")
TABLE_OF_PICTURES = re.compile(r"^\|.*\n\|[ :|-]+\|\n\|.*!\[.*\n(\|.*\n)*", re.MULTILINE)


def description(text: str, address: str = "") -> str:
    """The README without relative links. `address`: where the files of the repository can be read; may be empty."""
    if address:
        return LINK.sub(lambda found: _absolute(found, address.rstrip("/")), text)
    text = TABLE_OF_PICTURES.sub("", text)
    text = "\n".join(line for line in text.split("\n") if not line.startswith("!["))
    text = re.sub(r"^\*[^*]*\[How this picture was made\][^*]*\*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^## What it looks like\n+(?=## )", "", text, flags=re.MULTILINE)
    text = LINK.sub(lambda found: found[0] if _leads_away(found["place"]) else found["text"], text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _leads_away(place: str) -> bool:
    return "://" in place or place.startswith(("#", "mailto:"))


def _absolute(found: re.Match[str], address: str) -> str:
    if _leads_away(found["place"]):
        return found[0]
    files = address.replace("/blob/", "/raw/") if found["picture"] else address
    return f"{found['picture']}[{found['text']}]({files}/{found['place']})"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(description(file.read_text(encoding="utf-8"), *sys.argv[2:3]), encoding="utf-8")
