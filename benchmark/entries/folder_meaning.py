"""What the folders of a tree mean: classes, official parts, groups. Evidence decides; where it does not, the user is asked."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.dataset import GROUP_KINDS
from benchmark.data.readers.part_words import part_of
from benchmark.entries.folder_names import MAGNIFICATION, are_ids, kind_of
from benchmark.entries.table_of_patients import labels_of_patients
from results.error import CatsError, meaning

ANY = "-"
WORDS = ("class", "part", *GROUP_KINDS, ANY)
Folders = tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What the folders on the way to a picture mean.

    Attributes:
        root: the folders that hold everything else.
        levels: the meaning of each folder below, one of WORDS; `-` says nothing, and at the end may be no folder or several.
        parts: folder → part, or `-` for a folder that is left out.
        restarts: patients are numbered from the beginning in each class, so that the class is a part of their name.
    """

    root: Folders
    levels: tuple[str, ...]
    parts: dict[str, str] = field(default_factory=dict)
    restarts: bool = False

    def options(self) -> dict[str, object]:
        """The options of the reader `folders` for this layout."""
        others = [word for word in self.levels if word != "part"]
        found: dict[str, object] = {"root": "/".join(self.root)} if self.root else {}
        found |= {"parts": self.parts} if self.parts else {}
        if others[-1] != "class":
            found["level"] = others.index("class") + 1
        if self.group:
            level = self.levels.index(self.group)
            before = "".join(f"{re.escape(name)}/" for name in self.root) + "[^/]+/" * (level - self.restarts)
            found["group"] = f"^{before}({'[^/]+/' * self.restarts}[^/]+)/"
        return found

    @property
    def group(self) -> str:
        """What groups are; empty if no folder says so."""
        return next((word for word in self.levels if word in GROUP_KINDS), "")

    def __str__(self) -> str:
        return "/".join(self.levels)


def stated_layout(path: Path, text: str, paths: Sequence[Folders], parts: dict[str, str]) -> Meaning:
    """The layout that the user states, as `part/class/patient`. Raises CatsError if it is no layout or does not fit."""
    levels = tuple(word.strip() for word in text.strip("/").split("/"))
    for word in levels:
        if word not in WORDS:
            raise CatsError(
                f"--layout holds '{word}'; allowed are {', '.join(WORDS)}, as in part/class/patient{meaning(word, WORDS)}"
            )
    if "class" not in levels and set(levels) & set(GROUP_KINDS):
        raise CatsError(
            f"--layout {text} names no class: if no folder of {path} is one, the labels come from {labels_of_patients(path)}"
        )
    if levels.count("class") != 1 or levels.count("part") > 1 or sum(word in GROUP_KINDS for word in levels) > 1:
        raise CatsError(f"--layout {text} must name class once, and part and one of {', '.join(GROUP_KINDS)} at most once")
    needed = len(levels) - (levels[-1] == ANY)
    short = next((folders for folders in paths if len(folders) < needed), None)
    if short is not None:
        raise CatsError(f"--layout {text} names {needed} folders; pictures of {path} lie in {'/'.join(short) or 'no folder'}")
    root = common_folders(paths)[: min(map(len, paths)) - needed]
    long = next((folders for folders in paths if len(folders) - len(root) > len(levels)), None)
    if long is not None and levels[-1] != ANY:
        raise CatsError(f"--layout {text} names {needed} folders; pictures of {path} lie in {'/'.join(long)}; end it with /-")
    below = {each[len(root) :] for each in paths}
    return Meaning(root, levels, _parts_of(path, levels, below, parts), _restarts(levels, below))


def _restarts(levels: tuple[str, ...], below: set[Folders]) -> bool:
    """True if groups lie right below classes, and their numbers are the same ones in each class."""
    level = levels.index("class") + 1
    return levels[level : level + 1] in {(word,) for word in GROUP_KINDS} and _recur(
        {each[level - 1 : level + 1] for each in below}
    )


def _recur(pairs: Iterable[Folders]) -> bool:
    """True if most names in one of the outer folders are also in another one, and are no long numbers of people.

    pairs: (outer folder, folder in it).
    """
    inside: dict[str, set[str]] = {}
    for outer, inner in pairs:
        inside.setdefault(outer, set()).add(inner)
    times = Counter(name for names in inside.values() for name in names)
    if all(re.search(r"[1-9]\d{3,}", name) for name in times):
        return False
    return any(2 * sum(times[name] > 1 for name in names) > len(names) for names in inside.values())


def _parts_of(path: Path, levels: tuple[str, ...], below: set[Folders], stated: dict[str, str]) -> dict[str, str]:
    """Folder → part, as stated or by its word. Raises CatsError for a folder that is neither."""
    if "part" not in levels:
        if stated:
            raise CatsError(f"--parts is given, but --layout {'/'.join(levels)} has no part")
        return {}
    found = {}
    for name in sorted({each[levels.index("part")] for each in below}):
        part = stated.get(name) or part_of(name)
        if part is None:
            raise CatsError(f"{path}: it is not clear which part the folder {name} is; say it with --parts '{name}=...'")
        found[name] = part
    return found


def common_folders(paths: Sequence[Folders]) -> Folders:
    """The folders that all pictures lie in."""
    first, last = min(paths), max(paths)
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return first[:depth]


def inner_layout(path: Path, paths: Sequence[Folders], outside: str = "") -> tuple[str, ...]:
    """The meaning of the folders below root and parts. Raises CatsError where the folders themselves do not say it.

    outside: `part/` if folders of parts lie around these ones.
    """
    depths = sorted({len(folders) for folders in paths})
    if len(depths) > 1:
        one, other = (
            next("/".join(folders) for folders in paths if len(folders) == depth) for depth in (depths[0], depths[-1])
        )
        raise _ask(
            path, f"pictures lie in {one or 'no folder below the parts'} and in {other}", [f"{outside}class/-"] if one else []
        )
    names = [sorted({folders[level] for folders in paths}) for level in range(depths[0])]
    open_levels = [level for level, found in enumerate(names) if len(found) > 1]
    if len(open_levels) > 2:
        seen = "; ".join(_listed(found) for found in names)
        raise _ask(path, f"folders lie in {len(names)} levels ({seen})", [f"{outside}class/-/patient", f"{outside}-/class/-"])
    words = [ANY] * depths[0]
    if len(open_levels) == 2:
        outer, inner = open_levels
        pairs = {(folders[outer], folders[inner]) for folders in paths}
        words[outer], words[inner] = _two(path, names[outer], names[inner], pairs, outside)
    else:
        words[open_levels[0] if open_levels else -1] = "class"
    while words[-1] == ANY and len(words) > 1:
        words.pop()
    return (*words, ANY) if len(words) < depths[0] else tuple(words)


def _two(path: Path, outer: list[str], inner: list[str], pairs: set[tuple[str, str]], outside: str) -> tuple[str, str]:
    """The meaning of two levels of folders: classes, and the patients (slides, lesions) that lie in or around them."""
    several = [name for name in inner if sum(below == name for _, below in pairs) > 1]
    people_inside = are_ids(inner) and len(inner) >= 2 * len(outer) and len(inner) >= 6
    people_around = are_ids(outer) and len(outer) >= 2 * len(inner) and len(outer) >= 6
    recur = _recur(pairs)
    if people_inside and not people_around and not recur and len(pairs) >= 2 * len(outer):
        return "class", kind_of(inner)
    grades = all(re.fullmatch(r"\d|10", name) for name in outer)
    if people_around and not people_inside and not grades and 2 * len(several) > len(inner):
        return kind_of(outer), "class"
    seen = f"folders lie in two levels, {_listed(outer)} and below {_listed(inner)}"
    if any(MAGNIFICATION.fullmatch(name) for name in (*outer, *inner)):
        magnified = outer if all(MAGNIFICATION.fullmatch(name) for name in outer) else inner
        ways = ["-/class"] if magnified is outer else ["class/-"]
        raise _ask(
            path, f"{seen}, which look like magnifications", ways, f"; one magnification alone: --include '/{magnified[0]}/'"
        )
    more = (
        "; class/patient takes the same name in two classes as two patients: if that is one patient, say --group as well, a "
        "regular expression whose first bracket is the patient"
    )
    ways = [f"{outside}{way}" for way in ("class/-", "-/class", "class/patient", "patient/class")]
    raise _ask(path, seen, ways, more if people_inside and recur else "")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:4])}{f', ... ({len(names)} names)' if len(names) > 4 else ''}"


def _ask(path: Path, seen: str, ways: list[str], more: str = "") -> CatsError:
    """The error that says what was seen, and the option that decides."""
    how = " or ".join(f"--layout {way}" for way in ways) or "another --from"
    return CatsError(
        f"{path}: {seen}; say what the folders are, from the outside to the inside: {how} ({', '.join(WORDS)}; "
        f"- says nothing){more}"
    )
