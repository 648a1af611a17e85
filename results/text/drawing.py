"""Text in figures of matplotlib, and how they are written: names of other people are text there, never a formula."""

import textwrap
import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from results.text.plain import coded, look, plain, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, PAPER, ACCENT, SOFT, GRID = "#000000", "#ffffff", "#0b6e99", "#8a8f98", "#e3e5e8"  # a page replaces them by its own
MOST = 40  # characters of a name; longer ones would leave no room for the drawing
LONGEST_TITLE = 300


def label(text: str, path: Path, most: int = MOST) -> str:
    """A name as it is drawn in the file `path`: on one line, with … where it is cut, and no part of it a formula.

    In a PNG or PDF, letters that the font does not have are codes; all of them would be drawn as one and the same box.
    """
    shown = shortened(plain(text), most)
    if path.suffix.lower() in {".png", ".pdf"} and not shown.isascii():
        shown = "".join(sign if ord(sign) in _letters() else coded(sign) for sign in shown)
    return shown.replace("$", r"\$")


def labels(names: Sequence[str], path: Path) -> list[str]:
    """The labels of several names; where two would look alike, they are numbered."""
    made = [label(name, path) for name in names]
    looks = [look(text) for text in made]
    times, seen = Counter(looks), Counter[str]()
    for place, alike in enumerate(looks):
        if times[alike] > 1:
            seen[alike] += 1
            made[place] = f"{made[place]} ({seen[alike]})"
    return made


def title_lines(title: str, width: int, path: Path) -> list[str]:
    """A title in lines of at most `width` characters."""
    return [label(line, path, width) for line in textwrap.wrap(shortened(plain(title), LONGEST_TITLE), width)]


def save(figure: "Figure", path: Path, dpi: int) -> None:
    """Write a PNG, SVG or PDF, by the ending of `path`; the same numbers give the same file.

    The canvas of the format lays the figure out while it draws; `Figure.savefig` would draw everything twice.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure.set_dpi(dpi)
    # Without the date and the version of the library, and with ids that are not random, files do not differ from each other.
    # Publishers refuse fonts of type 3, which matplotlib writes into a PDF unless told otherwise.
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "cats", "pdf.fonttype": 42}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # an SVG is shown with other fonts
        if path.suffix == ".svg":
            FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None, "Creator": None})
        elif path.suffix == ".pdf":
            FigureCanvasPdf(figure).print_pdf(path, metadata={"CreationDate": None, "Creator": None, "Producer": None})
        else:
            FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


@cache
def _letters() -> Collection[int]:
    """The characters of the font of all drawings."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties())).get_charmap())
