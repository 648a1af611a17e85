"""A tree of files: a folder, or a zip or tar archive read in place. Names use `/` and never lead out of the tree."""

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from benchmark.core.digest import file_digest, remembered
from results.digest import digest
from results.error import CatsError

ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
WINDOW = 2**28  # bytes of a tar in memory at a time; to go back in a compressed tar, it must be unpacked from its beginning
DAMAGED = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError, zlib.error)


class Tree:
    """The files below a folder or inside an archive. Opening it lists the names; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """Names of all files, sorted. Raises CatsError for a damaged archive, or a name that leads out of the tree."""
        return sorted(self._members)

    @cached_property
    def _members(self) -> dict[str, str]:
        """Name → name inside the archive; names in tar archives often begin with `./`."""
        if self.path.is_dir():
            return {name: name for name in self._below()}
        names = self._archived()
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise CatsError(f"{self.path} holds '{name}', which leads out of it; it is not read")
        return {name.removeprefix("./"): name for name in names}

    def _below(self) -> Iterator[str]:
        """The files of a folder. A link out of it is refused, and so is a broken link: an image would be missing silently."""
        inside = self.path.resolve()
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path).as_posix()
            if path.is_symlink():
                if inside not in Path(os.path.realpath(path)).parents:
                    raise CatsError(f"{self.path} holds '{name}', which leads out of it; it is not read")
                if not path.exists():
                    raise CatsError(f"{self.path} holds '{name}', a link to a file that is not there")
                if path.is_dir():  # rglob does not enter it
                    raise CatsError(f"{self.path} holds '{name}', a link to a folder; put the folder itself there")
            if path.is_file():
                yield name

    def _archived(self) -> list[str]:
        try:
            if zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    return [item.filename for item in archive.infolist() if not item.is_dir()]
            with tarfile.open(self.path) as tar:
                return [item.name for item in tar if item.isfile() or item.islnk()]
        except DAMAGED as error:
            raise CatsError(f"{self.path} is not a whole zip or tar archive: {error}") from error

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of the named files, in the order of `names`. Raises CatsError naming a file that cannot be read."""
        name = ""
        try:
            if self.path.is_dir():
                for name in names:
                    yield (self.path / name).read_bytes()
            elif zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    for name in names:
                        yield archive.read(self._members[name])
            else:
                yield from self._read_tar(names)
        except (*DAMAGED, KeyError) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def _read_tar(self, names: Sequence[str]) -> Iterator[bytes]:
        """As `read`, one window of names at a time: read in the order of the archive, returned in the order of `names`."""
        name = ""
        try:
            with tarfile.open(self.path) as tar:
                called = {item.name: item for item in tar.getmembers()}
                items = {}
                for name in set(names):
                    item = called[self._members[name]]
                    items[name] = called[item.linkname] if item.islnk() else item  # a hard link has no content of its own
                for window in _windows(names, {name: item.size for name, item in items.items()}):
                    contents = {}
                    for name in sorted(set(window), key=lambda name: items[name].offset_data):
                        file = tar.extractfile(items[name])
                        contents[name] = file.read() if file else b""
                    for name in window:
                        yield contents[name]
        except (*DAMAGED, KeyError) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def digest(self) -> str:
        """sha256 of an archive, or of the names and contents of a folder, cached by names, sizes and times of change."""
        if not self.path.is_dir():
            return file_digest(self.path)
        states = [(name, (self.path / name).stat()) for name in self.names]
        listing = [[name, state.st_size, state.st_mtime_ns] for name, state in states]
        return remembered([str(self.path.resolve()), listing], self._content_digest)

    def _content_digest(self) -> str:
        contents = zip(self.names, self.read(self.names), strict=True)
        return digest([[name, hashlib.sha256(content).hexdigest()] for name, content in contents])


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
