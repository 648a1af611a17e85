"""A tree of files: a folder, or a zip or tar archive read in place. Names use `/` and never lead out of the tree."""

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from benchmark.digest import digest, file_digest, remembered
from results.error import CatsError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
DAMAGED = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError, zlib.error)


class Tree:
    """The files below a folder or inside an archive. Opening it lists the names; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """All files, sorted. Raises CatsError for a damaged archive, or a name that leads out of the tree."""
        return sorted(self._members)

    @cached_property
    def _members(self) -> dict[str, str]:
        """Name → what the archive calls it; tar likes to begin names with `./`."""
        if self.path.is_dir():
            inside = self.path.resolve()
            found = [p for p in self.path.rglob("*") if p.is_file()]
            names = [p.relative_to(self.path).as_posix() for p in found]
            strays = [n for n, p in zip(names, found, strict=True) if p.is_symlink() and inside not in p.resolve().parents]
        else:
            names = self._archived()
            strays = [n for n in names if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts or "\\" in n]
        if strays:
            raise CatsError(f"{self.path} holds '{strays[0]}', which leads out of it; it is not read")
        return {name.removeprefix("./"): name for name in names}

    def _archived(self) -> list[str]:
        try:
            if zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    return [item.filename for item in archive.infolist() if not item.is_dir()]
            with tarfile.open(self.path) as tar:
                return [item.name for item in tar if item.isfile()]
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
                with tarfile.open(self.path) as tar:
                    for name in names:
                        member = tar.extractfile(self._members[name])
                        yield member.read() if member else b""
        except (*DAMAGED, KeyError) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def digest(self) -> str:
        """sha256 of an archive; of a folder that of its names and contents, remembered by names, sizes and times of change."""
        if not self.path.is_dir():
            return file_digest(self.path)
        states = [(name, (self.path / name).stat()) for name in self.names]
        listing = [[name, state.st_size, state.st_mtime_ns] for name, state in states]
        return remembered([str(self.path.resolve()), listing], self._content_digest)

    def _content_digest(self) -> str:
        contents = zip(self.names, self.read(self.names), strict=True)
        return digest([[name, hashlib.sha256(content).hexdigest()] for name, content in contents])


def find_tree(name: str, folders: Sequence[Path]) -> Path | None:
    """`name` as a folder or archive in one of the data folders, or in the `archives` folder of one of them."""
    for folder in folders:
        for place in (folder, folder / "archives"):
            for path in (place / name, *(place / f"{name}{ending}" for ending in ENDINGS)):
                if path.is_dir() or (path.is_file() and path.name != name):
                    return path
    return None
