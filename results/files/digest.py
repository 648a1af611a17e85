"""Digests of plain data: the same content has the same name."""

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """sha256 (hex) of the canonical JSON of plain data: sorted keys, no spaces, no NaN."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
