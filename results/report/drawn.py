"""Charts as SVG elements of a page: in the colours of its theme, with ids of their own and a text for screen readers."""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from results.report.html import Chart
from results.text.drawing import ACCENT, GRID, INK, PAPER, SOFT
from results.text.plain import plain

# A drawing is made once, for papers; in the page its colours become those of the theme.
THEME = {INK: "--ink", ACCENT: "--accent", SOFT: "--soft", GRID: "--grid", PAPER: "--paper"}
PIXELS = 4 / 3  # of a point
OF_SOURCE = re.compile(r'\bid="source (\d+) [^"]*"')  # what a drawing shows of one source, see Chart.sources


def inline(chart: Chart, sources: Mapping[str, str] | None = None) -> str:
    """A chart as an SVG element, or two, of which style sheets show the one that fits the window.

    sources: source → its number on the page, by which the page highlights and hides it.
    """
    numbers = [(sources or {}).get(source, "") for source in chart.sources]
    if chart.narrow is None:
        return _svg(chart, chart.draw, chart.name, numbers)
    narrow = _svg(chart, chart.narrow, f"{chart.name}-narrow", numbers, "narrow")
    return _svg(chart, chart.draw, chart.name, numbers, "broad") + narrow


def _svg(chart: Chart, draw: Callable[[Path], None], name: str, numbers: Sequence[str], kind: str = "") -> str:
    """One drawing of a chart as an SVG element. name: begins its ids. kind: its class."""
    import matplotlib as mpl

    with tempfile.TemporaryDirectory() as folder, mpl.rc_context({"svg.fonttype": "none"}):  # text stays text
        path = Path(folder) / "chart.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = text[text.index("<svg") :]
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    width = float(size.group(1)) if size else 600.0
    body = text.split(">", 1)[1]
    box = size.group(0) if size else ""
    body = OF_SOURCE.sub(lambda found: f'data-s="{numbers[int(found[1])]}"', body) if numbers else body
    body = re.sub(r'xlink:href="#', 'href="#', body)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>drawing-{name}-", body)
    for colour, variable in THEME.items():
        body = body.replace(colour, f"var({variable})")
    label = _attribute(f"{chart.title}. {chart.text}")
    of_kind = f'class="{kind}" ' if kind else ""
    return f'<svg {of_kind}{box} role="img" aria-label="{label}" style="--natural:{width * PIXELS:.0f}px">{body}'


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(plain(text)))
