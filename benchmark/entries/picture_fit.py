"""What the cells of one column of a table may name: for each row the pictures, and the evidence that the column names them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.data.readers.cells import number_of
from benchmark.data.readers.picture_files import Alike, form_of, forms_of, slashed
from benchmark.data.readers.picture_format import named_as_picture
from benchmark.data.readers.table_file import FIELD, paths_of
from benchmark.entries.said import Said

PICTURE_WORDS = {
    "file", "files", "filename", "filenames", "filepath", "filepaths", "fname", "path", "paths", "image", "images", "imageid",
    "imagename", "imagepath", "imagefile", "img", "imgs", "imgid", "imgname", "imgpath", "pic", "pics", "picture", "pictures",
    "photo", "photos", "scan", "jpg", "jpeg", "png", "dicom", "dcm",
}  # fmt: skip
NUMBER_WORDS = {
    "patient", "subject", "slide", "lesion", "group", "case", "person", "study", "series", "age", "index", "idx", "row",
    "number", "no", "nr",
}  # fmt: skip
NAME_WORDS = frozenset({"id", "name", "code", "uid", "key", "identifier"})  # under which bare numbers name something
ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]*\Z")


@dataclass(frozen=True)
class Hit:
    """A picture that a cell may name: folder/cell + ending."""

    name: str
    folder: str
    ending: str


@dataclass(frozen=True)
class Fit:
    """What the cells of a column, or of several columns (`{folder}/{file}`), name: for each row the pictures that it may be.

    strip, alike: how the cells were read, as the reader's options of these names.
    """

    column: str
    cells: list[str]
    hits: list[list[Hit]]
    strip: str = ""
    alike: tuple[Alike, ...] = ()

    @property
    def whole(self) -> bool:
        """True if every row names a picture, and no two rows the same one."""
        return all(self.hits) and not self.twice

    @property
    def clear(self) -> bool:
        """True if every row names just one picture, and no two rows the same one."""
        return self.whole and all(len(hits) == 1 for hits in self.hits)

    @property
    def share(self) -> float:
        """Share of the rows that name a picture."""
        return sum(map(bool, self.hits)) / max(len(self.hits), 1)

    @property
    def twice(self) -> str:
        """A picture that two rows name; empty if there is none."""
        return next((name for name, times in Counter(hits[0].name for hits in self.hits if hits).items() if times > 1), "")

    @property
    def explicit(self) -> bool:
        """True if the cells themselves end like files."""
        return all(ENDING.search(cell.strip()) for cell in self.cells)

    @property
    def speaking(self) -> bool:
        """True if the name of the column says that it names pictures."""
        return bool(PICTURE_WORDS & words_of(self.column))

    @property
    def by_number(self) -> bool:
        """True if the cells are bare numbers, or are made of several columns of bare numbers."""
        return all(number_of(part) is not None for cell in self.cells for part in self._parts(cell))

    @property
    def counting(self) -> bool:
        """True if the name of the column says that it counts something else, or says nothing."""
        words = words_of(self.column)
        return not self.speaking and bool(NUMBER_WORDS & words or not NAME_WORDS & words)

    def _parts(self, cell: str) -> list[str]:
        return re.split(r"[/_-]+", cell) if FIELD.search(self.column) else [cell]

    def contradicts(self, other: "Fit") -> bool:
        """True if this column, which fits not all rows, seems to name pictures more than another one."""
        named = all(named_as_picture(cell.strip()) for cell in self.cells)
        return not self.whole and (named or (self.speaking and self.share > 0 and not other.speaking))


def words_of(column: str) -> set[str]:
    """The words in the name of a column: `PatientID`, `patient_id` and `Patient Id` have `patient` and `id`."""
    apart = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).casefold())
    return {*apart, *(word.removesuffix("id") for word in apart), "".join(apart)}


def is_index(column: str) -> bool:
    """True for a column without a name, as programs write the numbers of rows."""
    return not column.strip() or column.startswith("Unnamed:") or column == "index"


def pictures_by_cell(names: Sequence[str], alike: tuple[Alike, ...] = ()) -> dict[str, list[Hit]]:
    """What a cell may hold → the pictures that it then names: the end of a path, with or without the ending of the file.

    alike: what may differ between a cell and the name.
    """
    index: dict[str, list[Hit]] = {}
    for name in names:
        for cell, folder, ending in _ends(name, whole="ending" in alike):
            index.setdefault(form_of(cell, alike), []).append(Hit(name, folder, ending))
    return index


def _ends(name: str, *, whole: bool) -> Iterator[tuple[str, str, str]]:
    """(end of the path, folder, ending) of a name; `whole`: only with the ending."""
    parts = name.split("/")
    ending = found[0] if (found := ENDING.search(parts[-1])) and found.start() else ""
    for depth in range(len(parts)):
        cell, folder = "/".join(parts[depth:]), "/".join(parts[:depth])
        yield cell, folder, ""
        if ending and not whole:
            yield cell.removesuffix(ending), folder, ending


def fit_of(rows: pd.DataFrame, column: str, index: dict[str, list[Hit]], said: Said, alike: tuple[Alike, ...] = ()) -> Fit:
    """What the cells of a column name among the pictures of `index`, which was made with `alike`."""
    return stripped(Fit(column, paths_of(rows, column), [], alike=alike), said.strip or "", index, said)


def stripped(fit: Fit, strip: str, index: dict[str, list[Hit]], said: Said) -> Fit:
    """What the cells of a fit name without their beginning `strip`."""
    plain = slashed(strip)
    cells = [slashed(cell).removeprefix(plain) for cell in fit.cells] if plain else fit.cells
    found = [next((hits for form in forms_of(cell) if (hits := index.get(form_of(form, fit.alike)))), []) for cell in cells]
    return Fit(fit.column, fit.cells, [_chosen(hits, said) for hits in found], plain, fit.alike)


def _chosen(hits: list[Hit], said: Said) -> list[Hit]:
    """The pictures in the folders and with the ending that are asked for."""
    if said.ending is not None:
        ending = f".{said.ending.lstrip('.')}".casefold()
        hits = [hit for hit in hits if hit.name.casefold().endswith(ending)]
    if said.images is not None and hits:
        folders = [folder.strip(".") for folder in said.folders()]
        below = [hit for hit in hits if any(is_below(hit, folder) for folder in folders)]
        hits = [hit for hit in below if hit.folder in folders] or below
    return hits


def is_below(hit: Hit, folder: str) -> bool:
    """True if a picture lies in a folder, or if the cell names folders below that one."""
    return hit.folder == folder or bool(folder and f"{hit.name}/".startswith(f"{folder}/"))
