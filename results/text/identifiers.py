"""Names of images and of patients as keyed digests: equal names have equal digests, and nobody gets back without the key.

A digest is HMAC-SHA256 (RFC 2104) of the kind and the name, cut to 80 bits, behind a letter for the kind: `f:` an image (a
file), `g:` a group (a patient, a slide, a lesion). A plain checksum would not do: names are so regular that all can be tried.
"""

import hmac
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["sample", "group"]  # the columns of a table of predictions that hold names
LETTERS: dict[Kind, str] = {"sample": "f", "group": "g"}
DIGITS = 20  # hexadecimal: among a million names, two have one digest with a probability below 10⁻¹²
DIGEST = re.compile(rf"\b[fg]:[0-9a-f]{{{DIGITS}}}(?!\w)")


def identifier(kind: Kind, name: str, key: bytes) -> str:
    """The digest of a name. An empty name means that there is none, and stays empty."""
    if not name:
        return ""
    made = hmac.digest(key, f"{kind}\0{name}".encode(), "sha256")
    return f"{LETTERS[kind]}:{made.hex()[:DIGITS]}"


def fingerprint(key: bytes) -> str:
    """Eight letters by which two keys are told apart, and from which no key can be computed."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:8]


def digested(table: "pd.DataFrame", key: bytes) -> "pd.DataFrame":
    """A table with the names in its columns `sample` and `group` as digests; a missing name stays missing."""
    changed = {}
    for kind in LETTERS:
        if kind in table:
            names = table[kind]
            digests = {name: identifier(kind, str(name), key) for name in names.dropna().unique()}
            changed[kind] = names.map(digests, na_action="ignore").astype(object)
    return table.assign(**changed)


def are_digests(names: Iterable[str]) -> bool:
    """Whether all names are digests."""
    return all(DIGEST.fullmatch(name) for name in names)
