"""The way from a cell of a table to the file of its picture. The reader of tables and `cats new` both go this way."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from benchmark.data.readers.cells import number_of
from benchmark.data.readers.file_tree import composed
from benchmark.data.readers.strangers import is_stranger

BELOW = "/**"  # behind a folder in `images`: any folder below that one


class PictureFiles:
    """The files that the cells of one column name, given the folders and endings that the cells leave out."""

    def __init__(self, names: Sequence[str], images: str | Sequence[str] = "", ending: str | Sequence[str] = "") -> None:
        self._names = set(names)
        self._composed: dict[str, list[str]] = {}
        for name in names:
            self._composed.setdefault(composed(name), []).append(name)
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
                self._last.setdefault(composed(PurePosixPath(name).name), []).append(name)

    def of(self, cell: str) -> list[str]:
        """The files that a cell names: one, unless the table is wrong or the way is ambiguous."""
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
            yield from [path] if path in self._names else self._composed.get(composed(path), [])
        if self._last:
            last = composed(str(PurePosixPath(name)))
            for path in self._last.get(PurePosixPath(last).name, []):
                if f"/{composed(path)}".endswith(f"/{last}"):
                    yield path


def is_open(folder: str) -> bool:
    """True for `pictures/**` and `**`: the pictures lie in any folder below."""
    return folder == "**" or folder.endswith(BELOW)


def forms_of(cell: str) -> list[str]:
    """The cell as it is, then other forms of the same name: without white space, with /, and 1 for 1.0."""
    plain = cell.strip().replace("\\", "/").removeprefix("./")
    number = number_of(plain)
    whole = [str(int(number))] if number is not None and re.fullmatch(r"\d+\.0*", plain) else []
    return list(dict.fromkeys([cell, plain, *whole]))
