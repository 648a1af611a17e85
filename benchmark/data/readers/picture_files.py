"""The way from a cell of a table to the file of its picture. The reader of tables and `cats new` both go this way."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal

from benchmark.data.readers.cells import number_of
from benchmark.data.readers.file_tree import composed
from benchmark.data.readers.picture_format import ALL_ENDINGS, ending_of
from benchmark.data.readers.strangers import is_stranger

BELOW = "/**"  # behind a folder in `images`: any folder below that one
DICOM_ENDINGS = {".dcm", ".dicom", ".ima"}
ENDINGS = ALL_ENDINGS | DICOM_ENDINGS
ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
Alike = Literal["case", "ending", "zeros"]  # what may differ between a cell and the name of its file


def form_of(name: str, alike: Iterable[Alike] = ()) -> str:
    """The form in which names agree that differ in the spelling of accents, and in what `alike` lists."""
    form = composed(name)
    if "ending" in alike and ending_of(form) in ENDINGS:
        form = form.rpartition(".")[0]
    form = form.casefold() if "case" in alike else form
    return ZEROS.sub("", form) if "zeros" in alike else form


class PictureFiles:
    """The files that the cells of one column name, given the folders and endings that the cells leave out.

    strip: beginning of the cells that is no folder here. alike: what may differ between a cell and the name of its file.
    """

    def __init__(
        self, names: Sequence[str], images: str | Sequence[str] = "", ending: str | Sequence[str] = "", *, strip: str = "",
        alike: Sequence[Alike] = (),
    ) -> None:  # fmt: skip
        self._names, self._strip, self._alike = set(names), slashed(strip), alike
        self._composed: dict[str, list[str]] = {}
        for name in names:
            self._composed.setdefault(form_of(name, alike), []).append(name)
        folders = [images] if isinstance(images, str) else list(images)
        self.endings = [ending] if isinstance(ending, str) else list(ending)
        self.folders = [folder for folder in folders if not is_open(folder)]
        folder = str(PurePosixPath(self.folders[0])) if self.folders else "."
        single = len(folders) == len(self.folders) == len(self.endings) == 1
        self._usual = ("" if folder == "." else f"{folder}/", self.endings[0]) if single else None
        self._last: dict[str, list[str]] = {}  # last component of a name → the names below an open folder
        roots = [folder.removesuffix("**").rstrip("/") for folder in folders if is_open(folder)]
        for name in names if roots else ():
            if not is_stranger(name) and any(not root or name.startswith(f"{root}/") for root in roots):
                self._last.setdefault(form_of(PurePosixPath(name).name, alike), []).append(name)

    def of(self, cell: str) -> list[str]:
        """The files that a cell names: one, unless the table is wrong or the way is ambiguous."""
        cell = slashed(cell).removeprefix(self._strip) if self._strip else cell
        if self._usual is not None and (name := f"{self._usual[0]}{cell}{self._usual[1]}") in self._names:
            return [name]  # almost every cell, at once
        for form in forms_of(cell):
            found = list(dict.fromkeys(name for ending in self.endings for name in self._with(form + ending)))
            if found:
                return found
        return []

    def expected(self, cell: str) -> str:
        """The name that a cell gives, for a sentence about a file that does not exist."""
        return str(PurePosixPath(self.folders[0] if self.folders else "") / f"{cell}{self.endings[0]}")

    def _with(self, name: str) -> Iterable[str]:
        for folder in self.folders:
            path = str(PurePosixPath(folder) / name)
            yield from [path] if path in self._names else self._composed.get(form_of(path, self._alike), [])
        if self._last:
            last = form_of(str(PurePosixPath(name)), self._alike)
            for path in self._last.get(PurePosixPath(last).name, []):
                if f"/{form_of(path, self._alike)}".endswith(f"/{last}"):
                    yield path


def is_open(folder: str) -> bool:
    """True for `pictures/**` and `**`: the pictures lie in any folder below."""
    return folder == "**" or folder.endswith(BELOW)


def slashed(cell: str) -> str:
    """A path with `/`, without white space around it."""
    return cell.strip().replace("\\", "/")


def forms_of(cell: str) -> list[str]:
    """The cell as it is, then other forms of the same name: without white space, with /, and 1 for 1.0."""
    plain = slashed(cell).removeprefix("./")
    number = number_of(plain)
    whole = [str(int(number))] if number is not None and re.fullmatch(r"\d+\.0*", plain) else []
    return list(dict.fromkeys([cell, plain, *whole]))
