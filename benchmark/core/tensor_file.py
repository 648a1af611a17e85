"""The header of a safetensors file, read without torch."""

import json
from functools import lru_cache
from pathlib import Path

LONGEST = 100_000_000  # bytes of a header that the library accepts


def require_whole(path: Path) -> Path:
    """Return the path of a safetensors file. Raises ValueError if the file is shorter or longer than its header says.

    A file that has not changed is read once: plans of thousands of cells ask for the same weights again and again.
    """
    state = path.stat()
    _require_whole(path, state.st_size, state.st_ctime_ns)
    return path


@lru_cache(maxsize=1024)
def _require_whole(path: Path, size: int, _changed: int) -> None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST:
            raise ValueError("its header is damaged")
        header = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    if size != 8 + length + max(ends, default=0):
        raise ValueError("its tensors are not whole")
