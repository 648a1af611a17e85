"""What tests of README and docs read out of Markdown: links, headings, code blocks, commands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ASSIGNMENT = re.compile(r"^[A-Z_]+=")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return [content for name, content in BLOCK.findall(text) if name == language]


def prose(text: str) -> str:
    """The text without its code blocks."""
    return BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """The targets of all links and pictures outside of code blocks."""
    found: list[str] = LINK.findall(prose(text))
    return found


def anchors(path: Path) -> set[str]:
    """The anchors of a page, as GitHub and mkdocs make them of its headings."""
    found = set()
    for heading in HEADING.findall(prose(path.read_text(encoding="utf-8"))):
        plain = re.sub(r"[^\w\s-]", "", heading.lower().replace("`", ""))
        found.add(re.sub(r"\s+", "-", plain.strip()))
    return found


def shell_lines(text: str) -> list[list[str]]:
    """Every command line of the shell blocks, in words, without comments and assignments before the command."""
    found = []
    for block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and ASSIGNMENT.match(words[0]):
                words = words[1:]
            if words:
                found.append(words)
    return found


def inline_commands(text: str, name: str) -> Iterator[list[str]]:
    """Every command of this name that stands in a sentence or a table, in words."""
    for code in INLINE.findall(prose(text)):
        if code.startswith(f"{name} "):
            yield shlex.split(code.replace("\\|", "|"))
