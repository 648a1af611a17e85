"""Families of targets: which ones share images or come from one collection, so that none may speak for another."""

from collections.abc import Iterable, Sequence

from benchmark.specs.catalogue import names, target
from results.error import CatsError, nearest


def declared_families(targets: Iterable[str]) -> dict[str, str]:
    """Return target → family, of the targets whose entries declare one; targets without an entry are left out."""
    known = set(names("targets"))
    found = {}
    for reference in targets:
        if reference.split("[")[0] in known:
            try:
                family = target(reference).dataset.family
            except CatsError:  # an entry of another machine may have had other options
                continue
            if family:
                found[reference] = family
    return found


def stated_families(texts: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    """Return target → family from options of the form NAME=TARGET,TARGET.

    Raises CatsError for an option of another form, a target that is not among `targets`, and a target in two families.
    """
    found: dict[str, str] = {}
    for text in texts:
        family, equals, listed = text.partition("=")
        members = [name.strip() for name in listed.split(",") if name.strip()]
        if not equals or not family.strip() or not members:
            raise CatsError(f"--family is '{text}'; write it as NAME=TARGET,TARGET, such as organ=organamnist,organcmnist")
        for name in members:
            if name not in targets:
                raise CatsError(f"--family {family} names the target '{name}', which has no run{nearest(name, targets)}")
            if name in found:
                raise CatsError(f"--family puts {name} into two families, {found[name]} and {family.strip()}")
            found[name] = family.strip()
    return found
