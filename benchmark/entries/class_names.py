"""Which folders cannot be classes: by their names, by the patients in them, and by a table of patients beside them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmark.entries.folder_meaning import Folders, Meaning, inner_layout
from benchmark.entries.folder_names import NEARLY_ALL, are_ids, no_classes
from benchmark.entries.masks import is_mask_folder
from benchmark.entries.table_beside import table_beside
from benchmark.entries.table_of_patients import is_told_by_table, labels_of_patients
from results.error import CatsError

NO_CLASS = re.compile(
    r"(?:images?|imgs?|pictures?|photos?|masks?|labels?|annotations?|gt|ground.?truth|seg(?:mentation)?s?|overlays?|json|xml|"
    r"originals?|raw|thumb(?:nail)?s?|unlabell?ed|augmented|preview)"
)
FEWEST = 6  # folders that may be taken for patients where only their names, or one patient in each, say so
FEW = 20  # pictures; a class has more of them, or is too small to be learnt from
SERIES = re.compile(r"(?:se|ser|series|st|stu|study|scan|exam)[\s_-]*\d+", re.IGNORECASE)
LONG = re.compile(r"\d{3}")


def require_class_names(path: Path, counts: Mapping[str, int], meaning: Meaning) -> None:
    """Raises CatsError for folders that are no classes by their names, such as those of patients, or `masks` beside `images`.

    counts: pictures of each folder that would be a class.
    """
    names = list(counts)
    others = no_classes(names, meaning.root)
    if others == "patients" or _are_codes_of_few(counts) or is_told_by_table(path, names):
        raise CatsError(folders_of_patients(path, names))
    if others:
        table, meant = table_beside(path), "or --layout class if that is meant"
        ways = f"or a table of labels (--from LABELS.csv), {meant}"
        ways = f"{meant}, or the table that names the pictures: --from {table}" if table else ways
        raise CatsError(f"{path}: {_seen(names)} look like {others}, not classes; what is needed is a folder per class {ways}")
    doubtful = [name for name in names if NO_CLASS.fullmatch(name.lower()) or is_mask_folder(name)]
    if doubtful:
        raise CatsError(
            f"{path}: the folder {doubtful[0]} would be a class, which its name does not suggest; the classes would be "
            f"{', '.join(names[:6])}: choose pictures with --include '/{names[0]}/', or say --layout {meaning} if that is meant"
        )


def folders_of_patients(path: Path, names: Sequence[str], because: str = "") -> str:
    """The sentence about folders that are patients: what is needed, and the table that lies beside them."""
    return (
        f"{path}: {_seen(names)} look like patients, not classes{because}; what is needed is a folder per class, or --layout "
        f"class if that is meant, or {labels_of_patients(path)}"
    )


def layout_by_names(path: Path, below: Sequence[Folders], outside: str) -> tuple[str, ...]:
    """The meaning of folders by their names. Raises CatsError where they do not say it, and no table says more."""
    try:
        return inner_layout(path, below, outside)
    except CatsError:
        names = sorted({folders[0] for folders in below if folders})
        if is_told_by_table(path, names):
            raise CatsError(folders_of_patients(path, names)) from None
        raise


def refuse_one_patient_each(path: Path, below: Sequence[Folders], groups: Sequence[str], tag: str) -> None:
    """Raises CatsError if nearly every folder of every level holds the files of one patient: then no folder is a class.

    groups: the patient of each file, empty where it is not known. A few folders only are believed if they are called as their
    patients.
    """
    known = [(folders, group) for folders, group in zip(below, groups, strict=True) if group]
    found = [_patients_by_folder(known, level) for level in range(min((len(each) for each, _ in known), default=0))]
    open_levels = [people for people in found if len(people) > 1]
    levels = [people for people in open_levels if people is open_levels[0] or not _are_series(path, open_levels[0], people)]
    if not levels or any(sum(len(each) == 1 for each in people.values()) < NEARLY_ALL * len(people) for people in levels):
        return
    names = list(levels[0])
    called = sum(name in people for name, people in levels[0].items())
    if len(names) >= FEWEST or called >= NEARLY_ALL * len(names):
        raise CatsError(folders_of_patients(path, names, f", as each holds the files of one {tag}"))


def _are_series(path: Path, outer: Mapping[str, set[str]], inner: Mapping[str, set[str]]) -> bool:
    """True if folders divide patients, and are called series or lie below the folders that a table of patients names.

    Folders that divide patients and are called otherwise may be classes, such as views.
    """
    times = Counter(patient for people in inner.values() for patient in people)
    if 2 * sum(count > 1 for count in times.values()) <= len(times):
        return False
    return all(SERIES.fullmatch(name) for name in inner) or is_told_by_table(path, list(outer))


def _patients_by_folder(known: Sequence[tuple[Folders, str]], level: int) -> dict[str, set[str]]:
    people: dict[str, set[str]] = {}
    for folders, group in known:
        people.setdefault(folders[level], set()).add(group)
    return dict(sorted(people.items()))


def _are_codes_of_few(counts: Mapping[str, int]) -> bool:
    """True if folders are called by codes with long numbers, as those of patients, and hold few pictures each."""
    coded = len(counts) >= FEWEST and all(LONG.search(name) for name in counts) and are_ids(list(counts))
    return coded and median(counts.values()) <= FEW


def _seen(names: Sequence[str]) -> str:
    return f"the {len(names)} folders {', '.join(names[:2])}{', ...' if len(names) > 2 else ''}"
