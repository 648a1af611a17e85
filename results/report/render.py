"""Writes a page as one self-contained HTML file. It makes no network request.

Text is made plain, and escaped by Jinja2; data are in a script tag of their own, with every `<` coded. A policy in the page's
head forbids all requests, and all scripts but the page's own, which it names by their hash.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from results.report.drawn import inline
from results.report.heads import tip
from results.report.html import Page, Section, Table
from results.report.shades import shade
from results.text.plain import finite, plain, plain_lines

if TYPE_CHECKING:
    from jinja2 import Environment

# Each file has one purpose; the page holds them one after the other.
HEAD = "head.html"  # of every page
STYLES = ("theme", "page", "bar", "tables", "plots", "code", "cells", "narrow", "print")
INTERVAL = re.compile(r"([^()]+) (\([^()]+\)|± [^()]+)")
SCRIPTS = ("elements", "theme", "menus", "tips", "sources", "metrics", "tables", "code", "cells", "drawings")


def render(page: Page) -> str:
    """The page as HTML."""
    from markupsafe import Markup

    environment = environment_of(_shipped)
    numbers = {source: str(number) for number, source in enumerate(page.sources)}
    environment.globals["number_of"] = lambda source: numbers.get(source, "")
    environment.globals["head_tip"] = head_tip
    environment.globals["tip"] = tip
    environment.globals["source_column"] = source_column
    environment.filters["drawn"] = lambda chart: Markup(inline(chart, numbers))  # noqa: S704 - matplotlib escapes text
    environment.filters["shade"] = shade
    environment.filters["divided"] = divided
    environment.filters["breakable"] = breakable
    environment.filters["lines"] = code_lines
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    script = script_of()
    return environment.get_template("report.html").render(
        page=page,
        title=page.title,
        sections=[section for section in page.sections if section.filled],
        absent=absences(page.sections),
        style=Markup(style_of()),  # noqa: S704 - files of ours
        script=Markup(script),  # noqa: S704 - files of ours
        data=Markup(coded(harmless(page.cells))),  # noqa: S704 - coded: it holds no < > &
        policy=policy(script),
    )


def environment_of(load: Callable[[str], str]) -> "Environment":
    """Jinja's environment for pages: all text is made plain and escaped.

    `load`: gives a template by its name, but for the head, which all pages share.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=harmless,
        loader=FunctionLoader(lambda name: _shipped(HEAD) if name == HEAD else load(name)),
    )  # fmt: skip


def style_of(names: Sequence[str] = STYLES, own: str = "") -> str:
    """A page's style sheet: files by name, then rules of its own."""
    return "\n".join([*(_shipped(f"css/{name}.css") for name in names), own])


def script_of(names: Sequence[str] = SCRIPTS, own: str = "") -> str:
    """A page's script: files by name, then lines of its own, in one scope."""
    return "\n".join(['"use strict";', "(() => {", *(_shipped(f"js/{name}.js") for name in names), own, "})();"])


def absences(sections: Sequence[Section]) -> list[tuple[str, str]]:
    """(what, why) of everything that the page does not show; parts of a section that share a reason are named together."""
    listed: list[tuple[str, str]] = []
    for section in sections:
        if section.left_out:
            listed.append((section.title, section.left_out))
        reasons: dict[str, list[str]] = {}
        for part in section.parts:
            if part.left_out:
                reasons.setdefault(part.left_out, []).append(part.title)
        listed += [(f"{section.title}, {', '.join(names)}", why) for why, names in reasons.items()]
    return listed


def head_tip(table: Table, name: str) -> str:
    """What a column holds."""
    return table.tips.get(name) or tip(name)


def divided(cell: str) -> tuple[str, str]:
    """A figure and its interval in brackets or behind ±, between which a narrow table may begin a new line; it may be empty."""
    found = INTERVAL.fullmatch(cell)
    return (found[1], found[2]) if found else (cell, "")


def breakable(name: str) -> Any:
    """A name with control characters as codes, escaped, that a narrow column may break before its options."""
    from markupsafe import Markup, escape

    return Markup(str(escape(plain(name))).replace("[", "<wbr>["))  # noqa: S704 - escaped before


def code_lines(text: str) -> Any:
    """Text of several lines, with control characters as codes, escaped: what a reader copies is what is shown."""
    from markupsafe import escape

    return escape(plain_lines(text))


def source_column(table: Table) -> int:
    """The place of the column of sources; -1 without one."""
    return list(table.head).index("source") if "source" in table.head else -1


def harmless(value: Any) -> Any:
    """What a page may show: text of others with control characters as codes, and what is HTML already as it is."""
    if type(value) is str:  # text that is HTML already is of a class of its own
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): harmless(one) for key, one in value.items()}
    return [harmless(one) for one in value] if isinstance(value, list | tuple) else value


def policy(script: str) -> str:
    """The Content-Security-Policy: no request, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rest = "img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src 'sha256-{digest}'; {rest}"


def coded(value: Any) -> str:
    """JSON that is safe inside a script tag; NaN and infinity become null."""
    text = json.dumps(finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _shipped(name: str) -> str:
    return resources.files("results.report").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")
