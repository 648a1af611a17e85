"""What a person says about data that `cats new` cannot see, or that it sees in more than one way."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmark.data.readers.folders import NO_PART
from results.error import CatsError

DROP, NONE = "drop", "none"  # words of --missing and --labels-separator
OF_TABLES = ("path", "label", "group", "part", "images", "ending", "labels_separator", "nothing", "parts", "merge_labels")
OF_LABELS = ("missing",)


@dataclass(frozen=True)
class Said:
    """Options of `cats new` that decide how data are read; None and empty values leave the decision to the data.

    Attributes:
        path, group, part: columns of a table; "" says that there is no such column. label: a column, or several, separated by
            commas, that hold 0 and 1.
        images: folder of the pictures, relative to the table's. ending: end of their names.
        labels_separator: between several labels in one cell; `none` if each cell is one label. nothing: content of a cell
            without any of the labels.
        missing: `drop`, or the contents of the label column that mean that there is no label, separated by commas.
        parts: what the words of the part column mean, `holdout=test,later=extra`.
        merge_labels: labels that differ only in case or white space are one class.
        task, classes: as the entry declares them.
    """

    path: str | None = None
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
    task: str | None = None
    classes: tuple[str, ...] = ()

    def part_values(self) -> dict[str, str]:
        """`parts` as word → part. Raises CatsError if it has another form."""
        pairs: dict[str, str] = {}
        for item in self.parts.split(",") if self.parts is not None else ():
            word, equals, part = item.rpartition("=")
            if not equals or part.strip() not in {"train", "val", "test", NO_PART}:
                raise CatsError(f"--parts holds '{item}'; write WORD=PART, where PART is train, val, test or {NO_PART}")
            pairs[word.strip()] = part.strip()
        return pairs


def refuse_options(said: Said, names: Iterable[str], what: str) -> None:
    """Raises CatsError if one of the options is given for data that it cannot concern."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(said, name) not in {None, False}]
    if given:
        raise CatsError(f"{' and '.join(given)} cannot be used with {what}")
