"""Names in other people's tables: of sources, targets, backbones and the like. They become names on boards and in MLflow."""

from collections.abc import Iterable

from results.error import CatsError
from results.text.plain import fault_of_name, look, shortened


def require_name(name: str, where: str) -> None:
    """Raises CatsError, which begins with `where`, for a text that cannot be a name."""
    fault = fault_of_name(name)
    if fault:
        raise CatsError(f"{where} '{shortened(name, 60)}' {fault}; correct it in the table, or under `rename` of a map")


def require_different(names: Iterable[str], where: str) -> None:
    """Raises CatsError if two names look the same, because their accents or widths are coded in two ways."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(look(name), name)
        if other != name:
            codes = " and ".join(each.encode("ascii", "backslashreplace").decode() for each in (other, name))
            raise CatsError(f"{where} has two names that look like '{name}' ({codes}); write both in one way")
