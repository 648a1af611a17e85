"""Official parts of a table: what the words of its part column mean."""

from collections.abc import Mapping, Sequence

from benchmark.data.readers.folders import NO_PART
from benchmark.data.readers.part_words import ALLOWED, part_of
from benchmark.data.readers.samples import PARTS
from results.error import CatsError


def parts_of_words(words: Sequence[str], declared: Mapping[str, str], where: str) -> dict[str, str]:
    """Word → train, val, test or `extra`: as declared, else as the word is understood.

    Raises CatsError for a word that nobody has declared or that is not known: its rows would be used nowhere.
    """
    meant = {str(word): str(part) for word, part in declared.items()}
    parts = {word: NO_PART if meant.get(word) == NO_PART else part_of(meant.get(word, word)) for word in words}
    unknown = min((word for word, part in parts.items() if part is None), default=None)
    if unknown is None:
        return {word: str(part) for word, part in parts.items()}
    if unknown in meant:
        raise CatsError(f"part_values says that '{unknown}' is '{meant[unknown]}'; allowed are {ALLOWED}; {NO_PART} (no part)")
    seen = f"holds '{unknown}'" if unknown.strip() else "is blank in some rows"
    raise CatsError(
        f"{where} {seen}; allowed are {ALLOWED}; declare another word under part_values, as {{{unknown!r}: test}}, or "
        f"{{{unknown!r}: {NO_PART}}} for rows that are in no part"
    )


def require_parts(keys: Sequence[str], option: str) -> None:
    """Raises CatsError if a key of an option that names parts is none: its images would be used nowhere."""
    wrong = next((key for key in keys if key not in {*PARTS, NO_PART}), None)
    if wrong is not None:
        meant = part_of(str(wrong))
        hint = f"; '{wrong}' is called {meant}" if meant else ""
        raise CatsError(f"{option} names the part '{wrong}'; allowed are {', '.join(PARTS)}, and {NO_PART} for no part{hint}")


def differ_from_before(parts: Mapping[str, str], declared: Mapping[str, str]) -> bool:
    """True if earlier versions, which took every word as it is, used other rows in a part."""
    return any(part != declared.get(word, word) and part != NO_PART for word, part in parts.items())
