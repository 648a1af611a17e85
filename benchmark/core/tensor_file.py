"""The header of a safetensors file, read without torch."""

import json
from pathlib import Path

LONGEST = 100_000_000  # bytes of a header that the library accepts


def require_whole(path: Path) -> Path:
    """Return the path of a safetensors file. Raises ValueError if the file is shorter or longer than its header says."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST:
            raise ValueError("its header is damaged")
        header = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    if path.stat().st_size != 8 + length + max(ends, default=0):
        raise ValueError("its tensors are not whole")
    return path
