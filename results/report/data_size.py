"""The section of the report about the number of training images: how far sources help, and what they are worth."""

from functools import partial

from results.data_size.curves import DataSizes
from results.data_size.plot import draw_curves, sources_of
from results.data_size.text import WORDS, CurveText
from results.data_size.words import end_texts
from results.metrics import written
from results.report.export import slug
from results.report.html import Chart, Section, Table
from results.report.sections import unique

ID, TITLE = "data-size", "How much data"


def data_size(curves: DataSizes) -> Section:
    """The answers as sentences, the drawing of all targets, and a table for each of them."""
    text = CurveText(curves)
    title = f"Test {written(curves.metric)} by number of training images"
    seen = (
        "Each curve is the mean over seeds, with 95 % intervals. The bars below are the intervals of the numbers of images at "
        f"which advantages over {curves.baseline} end; an arrow is an end beyond the measured numbers. Tables give the figures."
    )
    parts = []
    for target in curves.targets:
        name = f"{ID}-{slug(target)}"
        table = Table(name, text.title(target), text.head, text.rows(target), frozenset(WORDS))
        parts.append(Section(name, target, tables=[_ends(curves, target, name), table]))
    named = tuple(f"{target}:" for target in curves.targets)  # a name stays as it is written
    notes = [f"{note}." if note.startswith(named) else f"{note[0].upper()}{note[1:]}." for note in text.notes]
    draw = partial(draw_curves, curves)
    chart = Chart(ID, title, seen, draw, sources=sources_of(curves), narrow=partial(draw, narrow=True))
    return Section(ID, TITLE, charts=[chart], notes=notes, parts=unique(parts))


def _ends(curves: DataSizes, target: str, name: str) -> Table:
    """Where the advantage of each source ends: the figures of the bars of the drawing."""
    end = "advantage ends at"
    lines = [[curve.source, *end_texts(curve)] for curve in curves.targets[target] if not curve.is_baseline]
    tips = {
        end: f"Number of training images up to which the source is better than {curves.baseline}.",
        "95 %": "95 % interval of that number.",
    }
    caption = f"{target}: numbers of training images at which advantages over {curves.baseline} end"
    return Table(f"{name}-ends", caption, ("source", end, "95 %"), lines, frozenset(WORDS), tips=tips)
