"""What a person says about data that `cats new` cannot see, or that it sees in more than one way."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmark.data.readers.folders import NO_PART, OUT
from benchmark.data.readers.part_words import part_of
from results.error import CatsError

DROP, NONE = "drop", "none"  # words of --missing and --labels-separator
OF_TABLES = (
    "path", "label", "group", "part", "images", "ending", "labels_separator", "nothing", "parts", "merge_labels", "columns",
    "marks", "strip",
)  # fmt: skip
OF_DICOM = ("frame",)
OF_LABELS = ("missing",)
OF_FOLDERS = ("layout", "include")
OF_BOTH = ("group", "parts", "merge_labels")  # of tables and folders


@dataclass(frozen=True)
class Said:
    """Options of `cats new` that decide how data are read; None and empty values leave the decision to the data.

    Attributes:
        path, group, part: columns of a table; "" says that there is no such column. path: also several columns, as in
            `{folder}/{file}`. group: also a regular expression on the names of pictures. label: a column, or several, separated
            by commas, that hold 0 and 1.
        columns: names of the columns of a table without a line of names, separated by commas.
        images: folders of the pictures, relative to the table's, separated by commas. ending: end of their names.
        strip: beginning of the cells that is no folder beside the table.
        marks: what contents of columns of 0 and 1 mean, `-1=1,=0`.
        labels_separator: between several labels in one cell; `none` if each cell is one label. nothing: content of a cell
            without any of the labels.
        missing: `drop`, or the contents of the label column that mean that there is no label, separated by commas.
        parts: what the words of the part column, or the folders of parts, mean: `cv=test,later=extra`; `-` leaves a folder out.
        merge_labels: labels that differ only in case or white space are one class.
        layout: what the folders are, `part/class/patient`. include: regular expression that the paths of pictures must contain.
        broken: share of pictures that may be unreadable.
        task, classes: as the entry declares them.
        values: stored numbers that become black and white, `0:4095`. frame: of DICOM files with several, `first`, `middle` or
            a number from 1.
    """

    path: str | None = None
    columns: str | None = None
    strip: str | None = None
    marks: str | None = None
    label: str | None = None
    group: str | None = None
    part: str | None = None
    images: str | None = None
    ending: str | None = None
    labels_separator: str | None = None
    nothing: str | None = None
    missing: str | None = None
    parts: str | None = None
    merge_labels: bool = False
    layout: str | None = None
    include: str | None = None
    broken: float | None = None
    task: str | None = None
    classes: tuple[str, ...] = ()
    values: str | None = None
    frame: str | None = None

    def part_values(self, out: str = NO_PART) -> dict[str, str]:
        """`parts` as word → part, with `out` for what is left out. Raises CatsError if it has another form."""
        pairs: dict[str, str] = {}
        for item in self.parts.split(",") if self.parts is not None else ():
            word, equals, part = item.rpartition("=")
            meant = {NO_PART: NO_PART, OUT: out}.get(part.strip()) or part_of(part)
            if not equals or meant is None:
                raise CatsError(f"--parts holds '{item}'; write WORD=PART, where PART is train, val, test, {NO_PART} or {OUT}")
            pairs[word.strip()] = meant
        return pairs

    def mark_values(self) -> dict[str, int]:
        """`marks` as content → 0 or 1. Raises CatsError if it has another form."""
        found = {}
        for item in self.marks.split(",") if self.marks is not None else ():
            content, equals, mark = item.rpartition("=")
            if not equals or mark.strip() not in {"0", "1"}:
                raise CatsError(f"--marks holds '{item}'; write CONTENT=0 or CONTENT=1, as in --marks '-1=1,=0'")
            found[content.strip()] = int(mark)
        return found

    def folders(self) -> list[str]:
        """The folders of `images`, without `./` and the last `/`."""
        return [item.strip().removeprefix("./").strip("/") for item in (self.images or "").split(",")]


def refuse_options(said: Said, names: Iterable[str], what: str) -> None:
    """Raises CatsError if one of the options is given for data that it cannot concern."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(said, name) not in {None, False}]
    if given:
        raise CatsError(f"{' and '.join(given)} cannot be used with {what}")
