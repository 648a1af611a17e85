"""A tree of files: a folder, or a zip or tar archive read in place. Names use `/` and never lead out of the tree."""

import hashlib
import lzma
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path

from benchmark.core.digest import file_digest, remembered
from benchmark.data.readers.archive import Listing, content_of, content_of_zip, listed_tar, listed_zip, members_of, opened_tar
from benchmark.data.readers.strangers import is_stranger
from benchmark.data.readers.walk import files_below
from results.error import CatsError
from results.files.digest import digest
from results.files.limits import FILES, require_regular, whole_file
from results.text.brief import short
from results.text.counting import counted
from results.text.plain import storable

ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
WINDOW = 2**28  # bytes of a tar in memory at a time; to go back in a compressed tar, it must be unpacked from its beginning
HEAD = 132  # bytes of a file by which its format is known; DICOM has its mark at 128
DAMAGED = (
    OSError, EOFError, RuntimeError, ValueError, IndexError, OverflowError, MemoryError, struct.error, zipfile.BadZipFile,
    tarfile.TarError, zlib.error, lzma.LZMAError,
)  # fmt: skip


class Tree:
    """The files below a folder or inside an archive. Opening it lists the names; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heads: dict[str, bytes] = {}

    @property
    def unpacked(self) -> bool:
        """True if each name is that of a file on the disk."""
        return self.path.is_dir()

    @cached_property
    def names(self) -> list[str]:
        """Names of all files, sorted. Raises CatsError for a damaged archive, or a name that leads out of the tree."""
        return sorted(self.listing.members)

    @cached_property
    def listing(self) -> Listing:
        """The files of the folder or archive, and what became of its links."""
        if self.path.is_dir():
            found = list(islice(files_below(self.path), FILES + 1))
            if len(found) > FILES:
                raise CatsError(f"{self.path} holds more than {FILES:,} files; name a folder below it")
            empty = tuple(name.removesuffix("/") for name in found if name.endswith("/") and not is_stranger(name))
            return Listing({name: name for name in found if not name.endswith("/")}, empty=empty)
        require_regular(self.path)
        try:
            return listed_zip(self.path) if zipfile.is_zipfile(self.path) else listed_tar(self.path)
        except DAMAGED as error:
            raise CatsError(f"{self.path} is not a whole zip or tar archive: {error}") from error

    @cached_property
    def spelt(self) -> dict[str, str]:
        """Name in one spelling of its accents (NFC) → name in this tree; macOS writes another spelling than Linux."""
        return {composed(name): name for name in self.names}

    def heads(self, names: Sequence[str]) -> dict[str, bytes]:
        """The first HEAD bytes of each named file; empty bytes for a file that cannot be read."""
        missing = [name for name in names if name not in self._heads]
        self._heads |= dict.fromkeys(missing, b"")
        with suppress(*DAMAGED):  # the reader of the file names the damage
            if self.path.is_dir():
                self._heads |= {name: _beginning(self.path / name) for name in missing}
            elif zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    for name in missing:
                        with suppress(*DAMAGED), archive.open(self.listing.members[name]) as file:
                            self._heads[name] = file.read(HEAD)
            elif missing:
                self._heads_of_tar(missing)
        return {name: self._heads[name] for name in names}

    def _heads_of_tar(self, names: Sequence[str]) -> None:
        """In the order of the archive, so that a packed one is unpacked once."""
        called: dict[str, list[str]] = {}
        for name in names:
            called.setdefault(self.listing.members[name], []).append(name)
        with opened_tar(self.path) as tar:
            for item in members_of(tar, self.path):
                file = tar.extractfile(item) if item.isfile() and item.name in called else None
                if file:
                    with suppress(*DAMAGED):
                        self._heads |= dict.fromkeys(called[item.name], file.read(HEAD))

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of the named files, in the order of `names`. Raises CatsError naming a file that cannot be read."""
        name = ""
        try:
            if self.path.is_dir():
                for name in names:
                    yield whole_file(self.path / name)
            elif zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    for name in names:
                        yield content_of_zip(archive, self.listing.members[name], f"{self.path}: {name}")
            else:
                yield from self._read_tar(names)
        except (*DAMAGED, KeyError) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def _read_tar(self, names: Sequence[str]) -> Iterator[bytes]:
        """As `read`, one window of names at a time: read in the order of the archive, returned in the order of `names`."""
        name = ""
        try:
            with opened_tar(self.path) as tar:
                called = {item.name: item for item in members_of(tar, self.path)}
                items = {}
                for name in set(names):
                    item = called[self.listing.members[name]]
                    if item.islnk() and item.linkname not in called:
                        raise CatsError(
                            f"{self.path}: {name} cannot be read: it is a link to '{short(item.linkname)}', which is not in it"
                        )
                    items[name] = called[item.linkname] if item.islnk() else item  # a hard link has no content of its own
                for window in _windows(names, {name: item.size for name, item in items.items()}):
                    contents = {}
                    for name in sorted(set(window), key=lambda name: items[name].offset_data):
                        contents[name] = content_of(tar, items[name], f"{self.path}: {name}")
                    for name in window:
                        yield contents[name]
        except (*DAMAGED, KeyError) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def digest(self, names: Sequence[str] | None = None) -> str:
        """sha256 of an archive, or of the names and contents of files of a folder, cached by names, sizes and times of change.

        Without `names` these are all files but those of the operating system and of other programs.
        """
        if not self.path.is_dir():
            return file_digest(self.path)
        chosen = [name for name in self.names if not is_stranger(name)] if names is None else sorted(set(names))
        states = [(name, (self.path / name).stat()) for name in chosen]
        listing = [[name, state.st_size, state.st_mtime_ns] for name, state in states]
        large = {name for name in chosen if names is None or name.lower().endswith(ARCHIVE_ENDINGS)}
        return remembered([str(self.path.resolve()), listing], lambda: self._content_digest(chosen, large))

    def _content_digest(self, names: Sequence[str], large: set[str]) -> str:
        """The digest of names and contents. Pictures have at most FILE bytes; arrays and archives, `large`, may have any."""
        found = list[list[str]]()
        with counted(f"reading {self.path.name}", 0, len(names)) as count:
            for name in names:
                value = self._sha256(name) if name in large else hashlib.sha256(next(self.read([name]))).hexdigest()
                found.append([name, value])
                count(len(found))
        return digest(found)

    def _sha256(self, name: str) -> str:
        """The sha256 of a file of a folder, of which a part is in memory at a time. Raises CatsError that names it."""
        require_regular(self.path / name)
        try:
            with (self.path / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error


def composed(text: str) -> str:
    r"""A name with its accents in one spelling: `é` is one character, not a letter and an accent (NFC).

    Bytes that are no UTF-8 become codes, `caf\udce9`, because no entry, no record and no table can hold them.
    """
    return unicodedata.normalize("NFC", text if text.isascii() else _in_utf8(text))


def _in_utf8(name: str) -> str:
    try:
        # Where the locale is not UTF-8, Python reads every byte of an accent as unknown, although the name is UTF-8.
        return name.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return storable(name)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _windows(names: Sequence[str], sizes: dict[str, int]) -> Iterator[Sequence[str]]:
    """`names` cut into runs of at most WINDOW bytes, each of at least one file."""
    start = size = 0
    for stop, name in enumerate(names):
        if stop > start and size + sizes[name] > WINDOW:
            yield names[start:stop]
            start, size = stop, 0
        size += sizes[name]
    yield names[start:]


def find_tree(name: str, folders: Sequence[Path]) -> Path | None:
    """`name` as a folder or archive in one of the data folders, or in the `archives` folder of one of them."""
    for folder in folders:
        for place in (folder, folder / "archives"):
            for path in (place / name, *(place / f"{name}{ending}" for ending in ARCHIVE_ENDINGS)):
                if path.is_dir() or (path.is_file() and path.name != name):
                    return path
    return None
