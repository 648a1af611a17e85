"""What a zip or tar archive lists: its files, also where it was packed on Windows, and what its links lead to."""

import bz2
import gzip
import lzma
import posixpath
import re
import stat
import tarfile
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast

from results.error import CatsError
from results.files.limits import FILES, amount, require_file_size, require_ratio

STEPS = 400  # folders and links on the way to a file; a circle of links ends there
LINKS = 200_000
PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open,
}  # fmt: skip
HEADER = 2**16  # bytes of a long name and other notes about a member of a tar
DIGITS = re.compile(rb"\d{101}")
LONGEST = 4096  # bytes of a link in a zip; no system has longer paths


@dataclass(frozen=True)
class Listing:
    """The files of an archive.

    Attributes:
        members: name → name inside the archive, which in some begins with `./` or has backslashes.
        followed: names that are reached by a symbolic link inside the archive.
        lost: names of links that lead out of the archive, or to nothing in it; they are not read. empty: folders without files.
    """

    members: dict[str, str]
    followed: frozenset[str] = field(default_factory=frozenset)
    lost: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def listed_zip(path: Path) -> Listing:
    """The listing of a zip. Raises CatsError for a name that leads out of it, and for files that lie in each other."""
    files, links, packed = {}, {}, 0
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            name = _inner(path, item.filename.replace("\\", "/"))  # zips of some programs for Windows
            packed += item.compress_size
            if item.compress_type == zipfile.ZIP_BZIP2:  # Python unpacks whole blocks of it, which may have gigabytes
                raise CatsError(
                    f"{path} holds '{item.filename}', packed with bzip2, which is not read; pack it in the usual way"
                )
            if stat.S_ISLNK(item.external_attr >> 16):
                with archive.open(item) as link:
                    links[name] = link.read(LONGEST).decode("utf-8", "replace")
            elif not item.filename.replace("\\", "/").endswith("/"):
                files[_named(path, name)] = item.filename
    if packed > path.stat().st_size:
        raise CatsError(
            f"{path} promises {amount(packed)} of packed files and has {amount(path.stat().st_size)}; it is damaged"
        )
    return _followed(files, links, path)


def listed_tar(path: Path) -> Listing:
    """The listing of a tar, packed or not. Raises CatsError for a name that leads out of it."""
    files, links = {}, {}
    with opened_tar(path) as tar:
        for item in members_of(tar, path):
            if item.issym():
                links[_inner(path, item.name)] = item.linkname
            elif item.isfile() or item.islnk():
                files[_named(path, _inner(path, item.name))] = item.name
    return _followed(files, links, path)


@contextmanager
def opened_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar, packed or not, whose headers must be short."""
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        unpack = next((unpack for mark, unpack in PACKED.items() if magic.startswith(mark)), None)
        with tarfile.open(fileobj=cast("BinaryIO", _Headers(unpack(file) if unpack else file)), mode="r:") as tar:
            yield tar


def members_of(tar: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """The members of a tar in turn. Raises CatsError for more of them, or more bytes, than a real archive of this size has."""
    packed, headers = path.stat().st_size, cast("_Headers", tar.fileobj)
    members = iter(tar)
    for number in count(1):
        headers.listing = True  # between two headers the content of a file is read, which may hold anything
        item = next(members, None)
        headers.listing = False
        if item is None:
            return
        require_ratio(tar.offset, packed, str(path))  # where the next member would begin; nothing up to there is unpacked yet
        _require_few(path, number)
        yield item


def content_of(tar: tarfile.TarFile, item: tarfile.TarInfo, what: str) -> bytes:
    """The content of a member of a tar; empty if it is no file. Raises CatsError if it is too large."""
    require_file_size(item.size, what)
    file = tar.extractfile(item)
    return file.read() if file else b""


def content_of_zip(archive: zipfile.ZipFile, name: str, what: str) -> bytes:
    """The content of a member of a zip. Raises CatsError if it is too large, or packed far more than pictures can be."""
    item = archive.getinfo(name)
    require_file_size(item.file_size, what)
    require_ratio(item.file_size, item.compress_size, what)
    return archive.read(item)


class _Headers:
    """A tar file whose headers must be short; `listing` is True while they are read.

    A header may say any length, and Python reads it whole; the time for a long row of digits in it grows with its square.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self._read = file.seek, file.tell, file.read
        self.listing = True

    def read(self, size: int) -> bytes:
        """Return the next bytes. Raises tarfile.ReadError for a header that no archive needs."""
        if not self.listing:
            return self._read(size)
        if size > HEADER:
            raise tarfile.ReadError(f"a header in it has {amount(size)}")
        content = self._read(size)
        if size > tarfile.BLOCKSIZE and DIGITS.search(content):
            raise tarfile.ReadError("a header in it holds a number of more than 100 digits")
        return content


def _require_few(where: object, count: int) -> None:
    if count > FILES:
        raise CatsError(f"{where} holds more than {FILES:,} files; unpack it and divide it")


def _inner(path: Path, name: str) -> str:
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or name[1:3] == ":/":
        raise CatsError(f"{path} holds '{name}', which leads out of it; it is not read")
    return name.removeprefix("./")


def _named(path: Path, name: str) -> str:
    """The name of a file. Raises CatsError for a file that would be the archive itself."""
    if name in {"", "."}:
        raise CatsError(f"{path} holds a file without a name; it is damaged, pack it again")
    return name


def _followed(files: dict[str, str], links: dict[str, str], where: object = "the archive") -> Listing:
    """The files, and under their own names the files and folders that links lead to. Raises CatsError for too many of them."""
    _require_few(where, len(files))
    if len(links) > LINKS:
        raise CatsError(
            f"{where} holds {len(links):,} links; {LINKS:,} are followed: unpack it, with the files in place of links"
        )
    ends = {name: _end(name, links) for name in links}
    members, lost = dict(files), []
    for name, end in ends.items():
        if end in files:
            members[name] = files[end]
    reached, ordered = dict(members), sorted(members)
    for name, end in ends.items():
        if end in files:
            continue
        below = _below(end, ordered) if end and not name.startswith(f"{end}/") else []
        _require_few(where, len(members) + len(below))
        members |= {f"{name}{known.removeprefix(end or '')}": reached[known] for known in below}
        if not below:
            lost.append(name)
    return Listing(members, frozenset(members.keys() - files.keys()), tuple(lost))


def _below(folder: str, ordered: Sequence[str]) -> Sequence[str]:
    """The names below a folder, of all names in their order; the other names are not looked at one by one."""
    return ordered[bisect_left(ordered, f"{folder}/") : bisect_left(ordered, f"{folder}0")]  # 0 follows / in Unicode


def _end(name: str, links: Mapping[str, str]) -> str | None:
    """Where a link leads in the end, through all links on the way; None if that is outside, or nowhere."""
    rest, place = [name], ""
    for _ in range(STEPS):
        if not rest:
            return place
        first, _, others = rest.pop().partition("/")
        rest += [others] if others else []
        step = posixpath.normpath(posixpath.join(place, first))
        if step in links:
            step = posixpath.normpath(posixpath.join(posixpath.dirname(step), links[step].replace("\\", "/")))
            if step.startswith(("..", "/")):
                return None
            rest, place = [*rest, step], ""
        else:
            place = step
    return None
