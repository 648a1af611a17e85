"""Names of files that tell the patient, as 10253_x1001_y451.png does: cats asks for no groups there, and names the option."""

from collections.abc import Sequence

from benchmark.core.patterns import searched
from benchmark.entries.folder_names import are_ids

FORMS = (r"\d+", r"[A-Za-z]+\d+", r"[A-Za-z]+[_-]\d+")  # how a patient may be called at the beginning of the name of a file
FEWEST = 6  # beginnings below which they may be classes, sites or scanners


def shared_beginnings(names: Sequence[str], classes: int) -> str:
    """A sentence about numbers at the beginning of the names of files that several pictures share; empty if there are none.

    Several pictures with the number 10253 may be of one patient, and then they must not lie in two parts. Nobody can know: the
    sentence says which `--group` keeps them together.
    """
    for form in FORMS:
        pattern = rf"(?:^|/)({form})[_-][^/]*$"
        found = [groups[1] or "" for groups in searched(pattern, names) if groups]
        kinds = sorted(set(found))
        if len(found) == len(names) and max(FEWEST, 2 * classes) <= len(kinds) <= len(names) / 2 and are_ids(kinds):
            return (
                f"names of files begin with {len(kinds):,} names or numbers that several pictures share, such as {kinds[0]}: "
                f"if these are patients, remove the entry again and say --group '{pattern}'"
            )
    return ""
