"""Says where a name belongs that was written in the wrong place, such as a source among the targets of a plan."""

from collections.abc import Collection, Mapping
from importlib import resources

ROLES = {
    "sources": "a source: name it under `sources`",
    "targets": "a target: name it under `targets`",
    "similarity": "a measure: name it under `measures` of a plan",
    "recipes": "a recipe: write `recipe: {name}`",
    "backbones": "a backbone: name it under `backbones`",
    "plans": "a plan: `cats run {name}` runs it",
}
TO_TEST = "; to test on its own images, write an entry for them under targets/, because every target is a source too"


def shipped_names(folder: str) -> list[str]:
    """Return the names of the YAML files that ship with cats-bench in a folder: `plans` or `recipes`."""
    files = resources.files("benchmark").joinpath(folder).iterdir()
    return sorted(p.name.removesuffix(".yaml") for p in files if p.name.endswith(".yaml"))


def belongs(name: object, wanted: str, entries: Mapping[str, Collection[str]]) -> str:
    """Return the end of a sentence that says what a name is and where it belongs; empty if it is the name of nothing.

    Args:
        name: what was written, perhaps with options in brackets.
        wanted: the role that the place asks for, a key of ROLES.
        entries: names of entries, by their role.
    """
    if not isinstance(name, str):
        return ""
    plain = name.partition("[")[0]
    known = {**entries, "recipes": shipped_names("recipes"), "plans": shipped_names("plans")}
    role = next((role for role in ROLES if role != wanted and plain in known.get(role, ())), None)
    if role is None and wanted != "backbones" and _is_backbone(plain):
        role = "backbones"
    if role is None:
        return ""
    hint = TO_TEST if (role, wanted) == ("sources", "targets") else ""
    return f"; '{plain}' is {ROLES[role].format(name=plain)}{hint}"


def _is_backbone(name: str) -> bool:
    """Return whether timm knows the name. timm takes seconds to load, so that it is asked only if the name holds a number."""
    if not any(letter.isdigit() for letter in name):
        return False
    from benchmark.machine.timm_import import timm

    return bool(timm.is_model(name))
