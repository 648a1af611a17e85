"""What a zip or tar archive lists: its files, also where it was packed on Windows, and what its links lead to."""

import posixpath
import stat
import tarfile
import zipfile
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from results.error import CatsError

STEPS = 400  # folders and links on the way to a file; a circle of links ends there
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
    """The listing of a zip. Raises CatsError for a name that leads out of it."""
    files, links = {}, {}
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            name = _inner(path, item.filename.replace("\\", "/"))  # zips of some programs for Windows
            if stat.S_ISLNK(item.external_attr >> 16):
                with archive.open(item) as link:
                    links[name] = link.read(LONGEST).decode("utf-8", "replace")
            elif not name.endswith("/"):
                files[name] = item.filename
    return _followed(files, links)


def listed_tar(path: Path) -> Listing:
    """The listing of a tar, packed or not. Raises CatsError for a name that leads out of it."""
    files, links = {}, {}
    with tarfile.open(path) as tar:
        for item in tar:
            if item.issym():
                links[_inner(path, item.name)] = item.linkname
            elif item.isfile() or item.islnk():
                files[_inner(path, item.name)] = item.name
    return _followed(files, links)


def _inner(path: Path, name: str) -> str:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name or name[1:3] == ":/":
        raise CatsError(f"{path} holds '{name}', which leads out of it; it is not read")
    return name.removeprefix("./")


def _followed(files: dict[str, str], links: dict[str, str]) -> Listing:
    """The files, and under their own names the files and folders that links lead to."""
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
