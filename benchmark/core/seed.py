"""All randomness comes from names: the same names give the same numbers, other names give others."""

import hashlib

import numpy as np


def seed_of(*names: str | int) -> int:
    """A seed in [0, 2**63) made from names, in their order."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(*names: str | int) -> np.random.Generator:
    """numpy's generator, seeded by names."""
    return np.random.default_rng(seed_of(*names))
