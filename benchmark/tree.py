"""A tree of files: a folder, or a zip or tar archive read in place. Names use `/` and never lead out of the tree."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from benchmark.digest import digest, file_digest
from results.error import CatsError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")


class Tree:
    """The files below a folder or inside an archive. Opening it lists the names; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """All files, sorted. Raises CatsError for a damaged archive, or a name that leads out of it."""
        if self.path.is_dir():
            return sorted(p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file())
        try:
            if zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    names = [item.filename for item in archive.infolist() if not item.is_dir()]
            else:
                with tarfile.open(self.path) as tar:
                    names = [item.name for item in tar if item.isfile()]
        except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
            raise CatsError(f"{self.path} is not a whole zip or tar archive: {error}") from error
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise CatsError(f"{self.path} holds '{name}', which leads out of the archive; it is not read")
        return sorted(name.removeprefix("./") for name in names)

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
                        yield archive.read(name)
            else:
                with tarfile.open(self.path) as tar:
                    for name in names:
                        member = tar.extractfile(name) or tar.extractfile(f"./{name}")
                        yield member.read() if member else b""
        except (OSError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
            raise CatsError(f"{self.path}: {name} cannot be read: {error}") from error

    def digest(self) -> str:
        """sha256 of an archive; of a folder that of its names and contents."""
        if not self.path.is_dir():
            return file_digest(self.path)
        return digest([[name, file_digest(self.path / name)] for name in self.names])


def find_tree(name: str, folders: Sequence[Path]) -> Path | None:
    """`name` as a folder or archive in one of the data folders, or in the `archives` folder of one of them."""
    for folder in folders:
        for place in (folder, folder / "archives"):
            for path in (place / name, *(place / f"{name}{ending}" for ending in ENDINGS)):
                if path.is_dir() or (path.is_file() and path.name != name):
                    return path
    return None
