"""Images that lie encoded in the files of a tree, decoded one by one here, or in pieces by other processes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.samples import Image
from results.error import CatsError

BYTES = 2**24  # of the files in a piece that is read here; one more file may come beyond them
Decode = Callable[[bytes, str], Image]  # content, and where it lies → image; raises CatsError for what cannot be decoded


@dataclass(frozen=True)
class Encoded:
    """The images of the named files, in their order. Iterating decodes them; the CatsError that names it is in place of one
    that cannot be decoded.

    Attributes:
        tree: folder or archive with the files.
        names: of the files in the tree.
        decode: can be pickled, so that other processes get it: a function of a module, or `partial` of one.
    """

    tree: Tree
    names: Sequence[str]
    decode: Decode

    def __iter__(self) -> Iterator[Image | CatsError]:
        return self.decoded(self.tree.read(self.names))

    def decoded(self, contents: Iterable[bytes]) -> Iterator[Image | CatsError]:
        """The images of all files, from their contents."""
        for name, content in zip(self.names, contents, strict=True):
            try:
                yield self.decode(content, f"{self.tree.path}/{name}")
            except CatsError as error:
                yield error

    def since(self, first: int) -> "Encoded":
        """The images from this number on."""
        return Encoded(self.tree, self.names[first:], self.decode)

    def pieces(self, most: Callable[[], int]) -> "Iterator[Piece]":
        """The images in pieces of at most so many, for other processes. Raises CatsError for a file that cannot be read.

        The files of a folder are read where they are decoded; an archive is read here, because each process would have to
        list it, and to unpack all of it if it is packed as a whole.
        """
        start = 0
        while self.tree.unpacked and start < len(self.names):
            piece = self._piece(self.names[start : start + most()])
            yield piece
            start += len(piece)
        if self.tree.unpacked:
            return
        names, contents, size = list[str](), list[bytes](), 0
        try:
            for name, content in zip(self.names, self.tree.read(self.names), strict=True):
                names.append(name)
                contents.append(content)
                size += len(content)
                if len(names) >= most() or size > BYTES:
                    yield self._piece(names, tuple(contents))
                    names, contents, size = [], [], 0
        except CatsError:
            if names:  # an earlier image may have another mistake, which is said first
                yield self._piece(names, tuple(contents))
            raise
        if names:
            yield self._piece(names, tuple(contents))

    def _piece(self, names: Sequence[str], contents: tuple[bytes, ...] | None = None) -> "Piece":
        return Piece(Encoded(Tree(self.tree.path), tuple(names), self.decode), contents)


@dataclass(frozen=True)
class Piece:
    """Some images in a row, as another process gets them. contents: of their files; None if it reads them."""

    images: Encoded
    contents: tuple[bytes, ...] | None

    def __len__(self) -> int:
        return len(self.images.names)

    def __iter__(self) -> Iterator[Image | CatsError]:
        return iter(self.images) if self.contents is None else self.images.decoded(self.contents)
