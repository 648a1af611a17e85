"""Official parts among the folders of a tree. Words for parts are recognised; a folder beside them is asked for by its name."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmark.data.readers.folders import OUT
from benchmark.data.readers.part_words import part_of, resembles_part, suggested_part
from benchmark.entries.folder_meaning import Folders
from benchmark.entries.folder_names import FOLD
from results.error import CatsError, nearest


def parts_level(path: Path, paths: Sequence[Folders], stated: dict[str, str]) -> tuple[int | None, dict[str, str]]:
    """The level of the folders of parts, None if there is none, and folder → part.

    paths: of the folders of each picture, below those that all pictures lie in. stated: folder → part, as the user states it.
    Raises CatsError where folders look like parts, but it is not clear which ones or which parts they are.
    """
    for level in range(max(map(len, paths))):
        names = sorted({folders[level] for folders in paths if len(folders) > level})
        if stated:
            if set(names) & set(stated):
                return level, _stated(path, names, stated)
            continue
        known = {name: part for name in names if (part := part_of(name))}
        if _may_be_parts(names, known, level):
            _require_clear(path, paths, names, known)
            return level, known
    if stated:
        raise CatsError(f"--parts names {', '.join(stated)}; {path} has no such folder{nearest(next(iter(stated)), paths[0])}")
    return None, {}


def require_no_folds(path: Path, paths: Sequence[Folders]) -> None:
    """Raises CatsError for folders of a cross-validation with parts in each of them: every picture lies in several of them."""
    for level in range(max(map(len, paths)) - 1):
        names = sorted({folders[level] for folders in paths if len(folders) > level})
        inner = sorted({folders[level + 1] for folders in paths if len(folders) > level + 2})  # with classes below
        if len(names) > 1 and all(map(FOLD.fullmatch, names)) and len({part_of(name) for name in inner} - {None}) > 1:
            before = "/".join(re.escape(name) for name in (*paths[0][:level], names[0]))
            raise CatsError(
                f"{path}: the folders {', '.join(names[:6])} look like the folds of a cross-validation, as each holds "
                f"{', '.join(inner[:4])}, and pictures would be in several parts; take one of them with --include "
                f"'^{before}/', or all with --include '.'"
            )


def _may_be_parts(names: Sequence[str], known: dict[str, str], level: int) -> bool:
    """True if folders of one level are parts, or may be: further inside, one word alone may be a class or a person."""
    alike = len(names) > 1 and all(resembles_part(name) for name in names)
    return alike or len(set(known.values())) > 1 or bool(known and level == 0)


def _require_clear(path: Path, paths: Sequence[Folders], names: Sequence[str], known: dict[str, str]) -> None:
    """Raises CatsError unless each folder of a level is another part, and classes lie in or around them."""
    if len(known) < len(names):
        raise _ask(path, names, known, "it is not clear which of them are parts")
    if len(set(known.values())) < len(known):
        raise _ask(path, names, known, "two of them would be the same part")
    if all(len(folders) == 1 for folders in paths):
        raise CatsError(
            f"{path} holds {', '.join(names)} with pictures in them and no folder per class below; what is needed is a "
            "table of labels beside the pictures (--from LABELS.csv), or --layout class if these are classes"
        )
    _require_parts(path, names, known)


def _stated(path: Path, names: Sequence[str], stated: dict[str, str]) -> dict[str, str]:
    """The stated parts of the folders of one level. Raises CatsError if one of these folders is not stated."""
    strange = [name for name in stated if name not in names]
    if strange:
        raise CatsError(f"--parts names {strange[0]}; {path} has no such folder beside {', '.join(names)}")
    unknown = [name for name in names if name not in stated]
    if unknown:
        raise CatsError(f"--parts does not say what the folder {unknown[0]} is; add {unknown[0]}=train, val, test or {OUT}")
    found = {name: stated[name] for name in names}
    _require_parts(path, names, {name: part for name, part in found.items() if part != OUT})
    return found


def _require_parts(path: Path, names: Sequence[str], known: dict[str, str]) -> None:
    """Raises CatsError unless there is a training part, and a test part if there is any other."""
    parts = set(known.values())
    if "train" not in parts or ("test" not in parts and "val" in parts):
        absent = "training" if "train" not in parts else "test"
        tested = {name: "test" if part == "val" else part for name, part in known.items()} if absent == "test" else known
        raise _ask(path, names, tested, f"no {absent} part is among them")


def _ask(path: Path, names: Sequence[str], known: dict[str, str], why: str) -> CatsError:
    listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    likely = {name: part for name in names if name not in known and (part := suggested_part(name))}
    once = {part for part, times in Counter([*known.values(), *likely.values()]).items() if times == 1}
    offered = known | {name: part for name, part in likely.items() if part in once}
    rest = OUT if {"train", "test"} <= set(offered.values()) else "..."
    way = ",".join(f"{name}={offered.get(name, rest)}" for name in names[:6])
    return CatsError(
        f"{path}: the folders {listed} lie beside each other, and {why}; say it with --parts '{way}' (train, val, test, or "
        f"{OUT} to leave a folder out), or with --layout class if these are classes, --layout -/class if they say nothing"
    )
