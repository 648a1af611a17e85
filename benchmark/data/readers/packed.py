"""A folder whose archives are read in place: `images.zip/0.png` is 0.png in the archive images.zip of the folder."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from benchmark.data.readers.archive import Listing
from benchmark.data.readers.file_tree import Tree
from results.error import CatsError


class Packed(Tree):
    """The files of a folder, and those inside of some of its archives."""

    def __init__(self, path: Path, archives: Sequence[str]) -> None:
        super().__init__(path)
        self._inside = {name: Tree(path / name) for name in archives}

    @property
    def unpacked(self) -> bool:
        """False: some files lie in archives."""
        return False

    @cached_property
    def listing(self) -> Listing:
        """The files of the folder, the archives left out, and those inside of the archives.

        Raises CatsError for an archive that is not there.
        """
        outer = super().listing
        strange = next((name for name in self._inside if name not in outer.members), None)
        if strange is not None:
            raise CatsError(f"{self.path} holds no archive '{strange}', which `archives` names")
        members = {name: name for name in outer.members if name not in self._inside}
        for archive, tree in self._inside.items():
            members |= {f"{archive}/{name}": f"{archive}/{name}" for name in tree.names}
        return Listing(members, outer.followed, outer.lost, outer.empty)

    def files(self, names: Sequence[str]) -> list[str]:
        """The files of the folder that hold these names: archives, or the names themselves."""
        return list(dict.fromkeys(self._place(name)[0] or name for name in names))

    def heads(self, names: Sequence[str]) -> dict[str, bytes]:
        """As Tree.heads."""
        found: dict[str, bytes] = {}
        for archive, inner in self._divided(names).items():
            tree = self._inside.get(archive)
            heads = super().heads(inner) if tree is None else tree.heads(inner)
            found |= {f"{archive}/{name}" if archive else name: head for name, head in heads.items()}
        return {name: found[name] for name in names}

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """As Tree.read; each archive is opened once."""
        streams = {
            archive: super(Packed, self).read(inner) if archive not in self._inside else self._inside[archive].read(inner)
            for archive, inner in self._divided(names).items()
        }
        for name in names:
            yield next(streams[self._place(name)[0]])

    def _divided(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Archive → names in it; the empty archive is the folder itself."""
        found: dict[str, list[str]] = {}
        for name in names:
            archive, inner = self._place(name)
            found.setdefault(archive, []).append(inner)
        return found

    def _place(self, name: str) -> tuple[str, str]:
        """The archive that holds a file, and its name there; an empty archive for a file of the folder."""
        archive = next((archive for archive in self._inside if name.startswith(f"{archive}/")), "")
        return archive, name.removeprefix(f"{archive}/") if archive else name
