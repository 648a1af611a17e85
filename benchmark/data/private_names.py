"""The names of the images and groups of private data sets, found in texts and replaced by digests.

The names are read from the tables of decoded images below CATS_HOME, of every size and version of a data set. A name is found
in a text as a whole word, with the path before it, and also where a message has cut it short. Parts of a path are names too,
because patients may be folders; classes and words such as `train` are not. A part of lower-case letters, and any short number,
counts only in quotation marks, in a path, or behind `image`, `patient` and the like: it may be a word of the sentence.
"""

import glob
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

from benchmark.core.identifier_key import identifier_key
from benchmark.core.paths import decoded_folder
from benchmark.data.dataset import Dataset
from benchmark.data.decoded_files import TABLE, table_of
from benchmark.data.readers.part_words import part_of
from results.error import CatsError
from results.text.identifiers import Kind, identifier
from results.text.plain import plain, storable
from results.text.plain_log import hide_with
from results.text.unnamed import GONE, KINDS, unnamed

WORD = re.compile(r"[^\s'\"/\\,;:()\[\]{}=<>|`]+")
CUT = re.compile(r"['\"]?\.\.\.|…")  # the end of a text that was cut
DATA = "DATA"  # instead of a folder of data
NUMBER, SMALL = re.compile(r"\d{1,4}"), re.compile(r"\d{1,4}|[a-z]+")  # may be a number or a word of the sentence
SHORTEST = 3  # letters of a name that was cut
LONGEST = 20  # letters of a folder that is named as a part, such as validation_images
LIBRARIES = ("PIL", "pydicom", "tifffile", "h5py", "py")  # they quote files and headers; `py` is Python's, of warnings
BEFORE = "|".join(rf"(?<={mark})" for mark in ("'", '"', "/", r"\\", *(f"{kind} " for kind in KINDS)))


@dataclass(frozen=True)
class Name:
    """A name, as a message shows it, and the name from which its digest is made.

    Attributes:
        quiet: whether it may be a word or a number of a sentence, so that only a name in quotation marks and the like counts.
    """

    shown: str
    kind: Kind
    name: str
    quiet: bool

    def replaced(self, text: str, key: bytes) -> str:
        """The text with the digest in place of the name, and of a path that ends with the name."""
        name = re.escape(self.shown)
        if self.quiet:
            pattern = rf"(?:{BEFORE}){name}(?!\w)"
        else:
            pattern = rf"(?<!\w)(?:[^\s'\"]*[/\\])?{name}(?!\w)"
        made = re.sub(pattern, identifier(self.kind, self.name, key), text)
        for cut in reversed(list(CUT.finditer(made))):
            begin = self._begin(made, cut.start())
            if begin is not None:
                made = made[:begin] + GONE + made[cut.end() :]
        return made

    def _begin(self, text: str, end: int) -> int | None:
        """Where the name begins of which a part ends there; None if none does."""
        places = range(max(0, end - len(self.shown)), end - SHORTEST + 1)
        starts = (at for at in places if at == 0 or not text[at - 1].isalnum())
        return next((at for at in starts if self.shown.startswith(text[at:end])), None)


Names = Mapping[str, tuple[Name, ...]]  # the first word of a name → the names that begin with it


def names_of(dataset: Dataset) -> Names | None:
    """The names of a data set; None if its images were never decoded here, so that nobody knows them."""
    pattern = re.compile(rf"{re.escape(dataset.name)}-\d+-[0-9a-f]{{16}}")
    folders = decoded_folder().glob(f"{glob.escape(dataset.name)}-*")
    tables = [folder / TABLE for folder in folders if pattern.fullmatch(folder.name)]
    states = []
    for table in sorted(tables):
        with suppress(OSError):
            states.append((table, table.stat().st_mtime_ns))
    return _read(tuple(states), frozenset(dataset.classes)) if states else None


@lru_cache(maxsize=8)
def _read(tables: tuple[tuple[Path, int], ...], classes: frozenset[str]) -> Names | None:
    found: dict[str, Name] = {}
    ids: set[str] = set()
    for path, _ in tables:
        with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
            table = table_of(path)
            ids.update(table["ids"].tolist())
            for group in set(table["groups"].tolist()) - {""}:
                _add(found, "group", group, NUMBER)
    for name in ids:
        _add(found, "sample", name, NUMBER)
    if not ids:
        return None
    for part in {part for name in ids for part in _parts(name)} - {"", *classes}:
        if len(part) > LONGEST or part_of(part) is None:
            _add(found, "sample", part, SMALL)
    words: dict[str, list[Name]] = {}
    for each in found.values():
        first = WORD.search(each.shown)
        if first is not None:
            words.setdefault(first[0].rstrip("."), []).append(each)
    return {word: tuple(names) for word, names in words.items()}


def _add(found: dict[str, Name], kind: Kind, name: str, quiet: re.Pattern[str]) -> None:
    """A name as it may be shown: with codes for signs that cannot be shown, or as Python writes it."""
    stored = storable(name)
    for shown in {plain(stored), repr(name)[1:-1]}:
        found.setdefault(shown, Name(shown, kind, stored, quiet.fullmatch(shown) is not None))


def _parts(name: str) -> Iterator[str]:
    """The folders of a path, its file, and its file without the ending."""
    parts = re.split(r"[/\\]", name)
    yield from parts
    yield parts[-1].rpartition(".")[0]


def written_names(names: Iterable[str], dataset: Dataset) -> list[str]:
    """The names of images as files and pages may hold them: those of a private data set become digests, as in records.

    Raises CatsError if the key of the digests cannot be read.
    """
    if not dataset.private:
        return [str(name) for name in names]
    key = identifier_key()
    return [identifier("sample", str(name), key) for name in names]


def digested_text(text: str, dataset: Dataset, key: bytes, *, strict: bool) -> str:
    """A text in which no name of a private data set is left, and no folder of its data.

    Args:
        text: for example the sentence of an error.
        dataset: the data set.
        key: see results.text.identifiers.
        strict: whether the text may hold names of files that were never decoded; then all that may be a name is left out. It
            is left out too where no name of the data set is known.
    """
    names = names_of(dataset)
    for name in _hits(text, names or {}):
        text = name.replaced(text, key)
    strict = strict or names is None
    for root in _roots(dataset):
        place = re.escape(root)
        # A name with blanks ends with its ending; then too much is left out rather than too little.
        text = re.sub(rf"{place}(?:[^'\",;:\n]*\.\w{{2,8}}(?!\w)|[^\s'\",;:]*)" if strict else place, DATA, text)
    if not strict:
        return text
    return unnamed(text, (dataset.name, *dataset.classes, DATA))


def _hits(text: str, names: Names) -> list[Name]:
    """The names that a text holds or may hold in part, the longest first."""
    hits: set[Name] = set()
    for word in WORD.findall(text):
        hits.update(names.get(word.rstrip("."), ()))
        if word.endswith(("…", "...")):
            begin = word.rstrip("….")
            hits.update(name for first, begun in names.items() if first.startswith(begin) for name in begun)
    return sorted(hits, key=lambda name: (-len(name.shown), name.shown))


def _roots(dataset: Dataset) -> Iterable[str]:
    """The folders in which the data lie, the longest first."""
    places = [place / dataset.tree for place in dataset.places()] + dataset.places()
    roots = {str(form) for place in places for form in (place, place.absolute(), place.resolve())}
    return sorted((root for root in roots if len(root) > 1), key=len, reverse=True)


def note(dataset: Dataset) -> None:
    """From now on the log of this process holds no name of a private data set."""
    if dataset.private:
        _noted[dataset] = None
        hide_with(_hidden)


_noted: dict[Dataset, None] = {}  # also several of one name, whose entry has changed meanwhile: each has folders of its own


def _hidden(text: str, logger: str) -> str:
    """A text of the log without names; of a library that reads pictures, without all that may be one."""
    strict = logger.partition(".")[0] in LIBRARIES
    try:
        key = identifier_key()
    except CatsError:
        return unnamed(text)
    for dataset in list(_noted):
        if strict or names_of(dataset) is not None:
            text = digested_text(text, dataset, key, strict=strict)
    return text
