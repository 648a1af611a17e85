"""One self-contained HTML page: sections of charts and tables, and a browser of cells. It makes no network request.

Text is made plain, and escaped by Jinja2; data stand in a script tag of their own, with every `<` coded. A policy in the
page's head forbids all requests, and all scripts but the page's own, which it names by their hash.
"""

import base64
import hashlib
import json
import math
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from results.text.drawing import ACCENT, GRID, INK, PAPER, SOFT
from results.text.plain import plain

# A drawing is made once, for papers; in the page its colours become those of the theme.
THEME = {INK: "--ink", ACCENT: "--accent", SOFT: "--soft", GRID: "--grid", PAPER: "--paper"}
CHOSEN: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cats",
}  # text stays text; ids do not change from one drawing to the next


@dataclass(frozen=True)
class Chart:
    """A drawing.

    Attributes:
        name: of its files. title: what is seen. text: the same for those who do not see it.
        draw: writes a PNG or an SVG, by the ending of the path.
        inline: whether the page shows it; a table may show the same there.
    """

    name: str
    title: str
    text: str
    draw: Callable[[Path], None]
    inline: bool = True


@dataclass(frozen=True)
class Table:
    """Cells as text. `left`: the columns of words. `best`: the rows that cannot be told apart from the best."""

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[str] = frozenset()
    best: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Shade:
    """One cell of a heat map. `depth`: 0 worst to 1 best, None where nothing was measured; `top`: not told from the best."""

    text: str
    tip: str
    depth: float | None = None
    top: bool = False


@dataclass(frozen=True)
class Heat:
    """A heat map as a table: `rows` are (name, cells)."""

    caption: str
    corner: str
    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Shade]]]


@dataclass(frozen=True)
class Section:
    """A part of the page. `left_out`: a sentence that says why the part is empty."""

    id: str
    title: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    heat: Heat | None = None
    left_out: str | None = None
    parts: "Sequence[Section]" = ()

    def all_charts(self) -> list[Chart]:
        """Its own, then those of its parts."""
        return [*self.charts, *(chart for part in self.parts for chart in part.all_charts())]

    def all_tables(self) -> list[Table]:
        """Its own, then those of its parts."""
        return [*self.tables, *(table for part in self.parts for table in part.all_tables())]


@dataclass(frozen=True)
class Page:
    """The whole report. `cells`: the data of the browser of cells (results.report.attempts.Cells.to_dict), or None."""

    title: str
    lead: str
    sections: Sequence[Section]
    cells: Mapping[str, Any] | None = None
    cell_notes: Sequence[str] = field(default=())


def render(page: Page) -> str:
    """The page as HTML."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=harmless
    )
    environment.filters["drawn"] = lambda chart: Markup(inline(chart))  # noqa: S704 - matplotlib's own, which escapes text
    environment.filters["shade"] = shade
    script = _shipped("report.js")
    return environment.from_string(_shipped("report.html")).render(
        page=page,
        style=Markup(_shipped("report.css")),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        data=Markup(coded(harmless(page.cells))),  # noqa: S704 - coded: it holds no < > &
        policy=policy(script),
    )


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


def finite(value: Any) -> Any:
    """The content with None for NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(one) for key, one in value.items()}
    return [finite(one) for one in value] if isinstance(value, list | tuple) else value


def inline(chart: Chart) -> str:
    """A chart as an SVG element: colours of the theme, ids of its own, a text for screen readers."""
    import matplotlib as mpl

    with tempfile.TemporaryDirectory() as folder, mpl.rc_context(CHOSEN):
        path = Path(folder) / "chart.svg"
        chart.draw(path)
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = text[text.index("<svg") :]
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    width = float(size.group(1)) if size else 600.0
    body = text.split(">", 1)[1]
    box = size.group(0) if size else ""
    body = re.sub(r'xlink:href="#', 'href="#', body)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>drawing-{chart.name}-", body)
    for colour, name in THEME.items():
        body = body.replace(colour, f"var({name})")
    label = _attribute(f"{chart.title}. {chart.text}")
    return f'<svg {box} role="img" aria-label="{label}" style="width:{width * 4 / 3:.0f}px">{body}'


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(plain(text)))


def shade(depth: float | None) -> str:
    """Background and ink of a cell of a heat map: cividis, the same to people who see red and green alike."""
    if depth is None:
        return ""
    import matplotlib as mpl

    red, green, blue, _ = mpl.colormaps["cividis"](0.15 + 0.85 * min(max(depth, 0.0), 1.0))
    # Relative luminance and contrast as WCAG defines them; the ink with more contrast.
    light = sum(w * _linear(c) for w, c in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True))
    ink = "#000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#fff"
    return f"background:#{int(255 * red):02x}{int(255 * green):02x}{int(255 * blue):02x};color:{ink}"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


@cache
def _shipped(name: str) -> str:
    return resources.files("results.report").joinpath("templates", name).read_text(encoding="utf-8")
