"""What happens to files that are kept: disks, power cuts and people."""

import os
import random
from pathlib import Path


def _flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


CONTENTS = {
    "empty": lambda data: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "one bit flipped": _flipped,
    "last bit flipped": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: random.Random(0).randbytes(len(data)),
    "longer": lambda data: data + b"\0",
}
DAMAGES = [*CONTENTS, "a folder instead"]


def damage_file(path: Path, how: str) -> None:
    """Damage a file; a disk that does so leaves the time of the last change as it is."""
    state = path.stat()
    if how in CONTENTS:
        path.write_bytes(CONTENTS[how](path.read_bytes()))
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        path.unlink()
        path.mkdir()
        (path / "file").write_text("text")
