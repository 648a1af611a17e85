"""Exports charts and tables of a report as files, for papers and spreadsheets."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from results.error import CatsError
from results.files.output import output
from results.report.attempts import Cells, Detail
from results.report.charts import draw_curves, draw_roc
from results.report.html import Page, Table
from results.text.plain import plain
from results.text.printing import csv_text

SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "→": r"$\rightarrow$", "×": r"$\times$", "±": r"$\pm$", "≤": r"$\le$", "≥": r"$\ge$",
    "τ": r"$\tau$", "ρ": r"$\rho$", "κ": r"$\kappa$", "µ": r"$\mu$", "μ": r"$\mu$",
    "≈": r"$\approx$", "·": r"$\cdot$", "•": r"$\bullet$", "−": r"$-$", "–": "--", "`": r"\textasciigrave{}",
}  # fmt: skip
MINUS = re.compile(r"(?<![\w-])-(?=\d)")  # of a negative number: LaTeX would print the hyphen
TAU = re.compile(r"\btau\b")  # Kendall's, in captions and heads
INTERVAL = re.compile(r"(\d) – (-?\d)")  # in a paper all intervals are written alike, without spaces
LONGEST_SLUG = 100  # characters; file systems take 255 bytes with folder and ending
CELLS = 60  # whose drawings are written: each takes a second
FORMATS = ("png", "svg", "pdf")  # of charts


def write(page: Page, cells: Cells | None, folder: Path) -> int:
    """Every chart as PNG, SVG and PDF, every table as CSV and LaTeX, and drawings of the first CELLS cells as PNG and SVG.

    Returns how many files were written. Raises CatsError if the folder takes none.
    """
    try:
        (folder / "cells").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatsError(f"cannot write to {folder}: {error.strerror}") from error
    for section in page.sections:
        for chart in section.all_charts():
            for ending in FORMATS:
                with output(folder / f"{chart.name}.{ending}", "a chart") as draft:
                    chart.draw(draft)
        for table in section.all_tables():
            _write(table, folder / table.name)
    if cells is not None:
        _write(cells.table(), folder / "cells")
        drawn = cells.details[:CELLS]
        for detail, name in zip(drawn, numbered([slug(detail.title) for detail in drawn]), strict=True):
            _draw(detail, folder / "cells", name)
    return sum(path.is_file() for path in folder.rglob("*"))


def _write(table: Table, path: Path) -> None:
    """Write a table to a CSV and to a LaTeX file. `path`: without the ending."""
    for ending, text in (("csv", comma_separated(table)), ("tex", latex(table))):
        with output(path.with_name(f"{path.name}.{ending}"), "a table") as draft:
            draft.write_text(text, encoding="utf-8")


def _draw(detail: Detail, folder: Path, file: str) -> None:
    """Curves that share their last word share an axis: train_loss and val_loss."""
    kinds: dict[str, dict[str, list[float]]] = {}
    for name, values in detail.curves.items():
        kinds.setdefault(name.split("_")[-1], {})[name] = values
    for ending in ("png", "svg"):
        for kind, curves in kinds.items():
            with output(folder / f"{file}-{slug(kind)}.{ending}", "a chart") as draft:
                draw_curves(curves, detail.epochs, f"{detail.title}: {', '.join(curves)} in each epoch", kind, draft)
        if detail.rocs:
            lines = [(f"{roc.name} (area {roc.area:.3f})", roc.wrong, roc.right) for roc in detail.rocs]
            with output(folder / f"{file}-roc.{ending}", "a chart") as draft:
                draw_roc(lines, f"{detail.title}: ROC of each class against the rest", draft)


def numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each one that came before: two cells never write one file."""
    taken: set[str] = set()
    made = []
    for name in names:
        ends = ("", *(f"-{number}" for number in range(2, len(names) + 2)))
        made.append(name + next(end for end in ends if name + end not in taken))
        taken.add(made[-1])
    return made


def comma_separated(table: Table) -> str:
    """A table as CSV. An apostrophe marks text that a spreadsheet would take for a formula."""
    return csv_text(table.head, table.rows)


def latex(table: Table) -> str:
    r"""A table in LaTeX, of the package booktabs, with caption and label."""
    columns = "".join("l" if name in table.left else "r" for name in table.head)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(TAU.sub('τ', table.paper or table.caption))}}}",
        rf"\label{{tab:{table.name}}}",
    ]
    lines += [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([TAU.sub("τ", name) for name in table.head]),
        r"\midrule",
        *map(_line, table.rows),
    ]
    return "\n".join(["% needs \\usepackage{booktabs}", *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _line(cells: Sequence[str]) -> str:
    text = " & ".join(escaped(INTERVAL.sub(r"\1–\2", cell)) for cell in cells) + r" \\"
    return "{}" + text if text[0] in "[*" else text  # else it would be an option of the line before it


def escaped(text: str) -> str:
    """The text on one line, with the special characters of LaTeX escaped."""
    return "".join(SIGNS.get(sign, sign) for sign in MINUS.sub("−", plain(text)))


def slug(text: str) -> str:
    """A name that is allowed in files, labels and anchors; of a long text its beginning."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters.lower())[:LONGEST_SLUG].strip("-") or "x"
