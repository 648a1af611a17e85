"""What a DICOM file may promise: looked at before pydicom makes objects or arrays of it."""

import io
import zlib
from typing import Any, BinaryIO

from results.error import CatsError
from results.files.limits import FILE, amount, require_ratio

ELEMENTS = 2_000_000  # parts of a header that are read one by one
ITEMS = 300_000  # of sequences; a series of 1,000 enhanced frames has some 10,000
FRAMES = 1_000_000
NUMBERS = 2**26  # of one frame, all samples together; the largest mammograms have 2**25
ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # what each item of a sequence begins with, in both orders of bytes
PIXELS = (b"\xe0\x7f\x10\0", b"\x7f\xe0\0\x10")  # what the pixels begin with, in both orders of bytes
CHUNK = 2**20  # bytes that are unpacked at a time to count them


class BoundedFile:
    """A DICOM file whose header must be of a size that real files have, packed or not.

    `refused` keeps the sentence about a header that is too large: pydicom replaces errors that occur while it reads.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self.seek, self.tell, self.close = file.seek, file.tell, file.close
        self._read, self._where, self._elements, self._items = file.read, where, 0, 0
        self._pixels = False  # whether the next long read is that of pixels, which hold no items
        self.refused: CatsError | None = None
        start = file.tell()
        self._size = file.seek(0, io.SEEK_END)
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises CatsError for a header that would fill the memory."""
        try:
            return self._judged(size)
        except CatsError as error:
            self.refused = error
            raise

    def _judged(self, size: int) -> bytes:
        left = max(self._size - self.tell(), 0)
        content = self._read(min(size, left))  # Python makes room for all that it is asked for, whether it is there or not
        self._elements += 1
        if not self._pixels:
            self._count(content)
        if size == 8:  # tag, and kind or length; a kind of its own may say that the pixels are a sequence
            self._pixels = content[:4] in PIXELS and content[4:6] not in {b"SQ", b"UN"}
        elif size != 4:  # the length of a long element
            self._pixels = False
        if size < 0:  # pydicom reads and unpacks all the rest of a deflated file
            self._look_into(content)
        if self._elements > ELEMENTS or self._items > ITEMS:
            raise CatsError(f"{self._where} has a header of more than {ELEMENTS:,} parts or {ITEMS:,} items; it is not read")
        return content

    def _count(self, content: bytes) -> None:
        self._items += sum(map(content.count, ITEM))

    def _look_into(self, packed: bytes) -> None:
        """Unpack a deflated file piece by piece, to see how much it becomes."""
        unpacker, size, rest = zlib.decompressobj(-zlib.MAX_WBITS), 0, packed
        try:
            while rest and not unpacker.eof:
                piece = unpacker.decompress(rest, CHUNK)
                rest, size = unpacker.unconsumed_tail, size + len(piece)
                self._count(piece)
                require_ratio(size, len(packed), self._where)
                if size > FILE:
                    raise CatsError(f"{self._where} would become more than {amount(FILE)}, the most that is read of one file")
        except zlib.error:
            return  # pydicom says that the file is damaged


def require_frame(file: Any, where: str) -> int:
    """The number of frames. Raises CatsError for a frame that would fill the memory, and for an impossible number of frames."""
    rows, columns, samples = (int(file.get(name) or 0) for name in ("Rows", "Columns", "SamplesPerPixel"))
    if rows * columns * max(samples, 1) > NUMBERS:
        raise CatsError(
            f"{where} has {rows:,} × {columns:,} pixels of {max(samples, 1)} samples; at most {NUMBERS:,} numbers are read of "
            "one picture: put a smaller copy or tiles of it in its place"
        )
    frames = int(file.get("NumberOfFrames", 1) or 1)
    if not 1 <= frames <= FRAMES:
        raise CatsError(f"{where} says that it holds {frames:,} frames; 1 to {FRAMES:,} are possible")
    return frames
