"""A sentence without whatever may be a name: for texts about private data whose names are not known.

Words of a sentence, small numbers and what the caller allows are kept; a path, a quoted text, a number of four digits, a word
with capitals, digits or signs in it, and what follows `image` or `patient` are replaced by `…`. Too much is replaced rather
than too little.
"""

import re
from collections.abc import Collection

from results.text.identifiers import DIGEST

GONE = "…"
KINDS = ("image", "file", "patient", "slide", "lesion", "block", "group")  # a name may follow each of them
NO_NAMES = re.compile(
    r"a|all|an|and|are|as|at|be|but|by|can|cannot|data|do|does|files|folder|for|from|had|has|have|holds|ids?|in|is|it|may|must"
    r"|not|of|on|or|read|than|that|the|to|was|were|which|with|without"
)
USUAL = re.compile(
    r"CATS_DATA|CATS_HOME|CPU|CSV|CUDA|DICOM|GB|GPU|GiB|HDF5|I|JPEG|JSON|KiB|MB|MiB|MLflow|NaN|PNG|RGB|TIFF|UTF-8|YAML"
)
QUOTED = re.compile(r"'([^'\n]*)'(?!\w)|\"([^\"\n]*)\"")
AFTER_KIND = re.compile(rf"\b({'|'.join(KINDS)}) ([^\s,;…]+?)(?=[,;:'\"]?(?:\s|\Z))")
TOKEN = re.compile(r"(?P<before>[\s('\"`\[]*)(?P<core>\S*?)(?P<after>[)'\"`\],;:.!?]*)(?=\s|\Z)")
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*|[\d.,]{1,3}%?|[^\w/\\]+|\w*(?:Error|Exception|Warning)")
BEGINS = re.compile(r"[A-Z][a-z]*")


def unnamed(text: str, allowed: Collection[str] = ()) -> str:
    """The text with `…` for all that may be a name, unless it is `allowed`, for example a class. Digests are kept."""
    known = frozenset(allowed)
    text = QUOTED.sub(lambda found: found[0] if _is_known(found[1] or found[2] or "", known) else f"'{GONE}'", text)
    text = AFTER_KIND.sub(lambda found: found[0] if _no_name(found[2], known) else f"{found[1]} {GONE}", text)
    return re.sub(rf"{GONE}(?:[ ]?{GONE})+", GONE, TOKEN.sub(lambda found: _kept(found, known), text))


def _is_known(word: str, known: Collection[str]) -> bool:
    return word in known or word == GONE or DIGEST.fullmatch(word) is not None


def _no_name(word: str, known: Collection[str]) -> bool:
    quoted = word.strip("'\"")  # has been looked at
    return quoted != word or _is_known(word, known) or NO_NAMES.fullmatch(word) is not None


def _kept(found: re.Match[str], known: Collection[str]) -> str:
    core = found["core"]
    begins = not found.start("core") and BEGINS.fullmatch(core)
    keep = not core or core in known or begins or any(form.fullmatch(core) for form in (WORD, USUAL, DIGEST))
    return found[0] if keep else f"{found['before']}{GONE}{found['after']}"
