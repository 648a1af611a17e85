"""What the names of folders look like: patients, slides, magnifications, dates, sites, folds."""

import re
from collections.abc import Sequence

YEAR, MONTH, DAY_OF_MONTH = r"(?:199\d|20\d\d)", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
NEARLY_ALL = 0.75  # of the folders; one called `unsorted` may lie beside the months
MAGNIFICATION = re.compile(r"(?:mag)?[\s_-]*\d+(?:[.,]\d+)?\s?[xX]|[xX]\d+")
DATE = re.compile(r"(?:19|20)\d\d(?:[\s_.-]?\d\d){0,2}")  # a year, a month of it, or a day
OTHER = re.compile(
    r"grad|class|type|stage|level|degree|fold|split|birads|score|categor|kind|cluster|gleason|isup|label|batch|site|cent(?:er|re)|"
    r"hosp|scanner|device|camera|institut|vendor|day|week|month|visit|session|dose|zoom|mag|scale|size|plate"
)
DAY = re.compile(  # stricter, for what would be a class otherwise
    rf"{YEAR}(?:[\s_.-]?{MONTH}(?:[\s_.-]?{DAY_OF_MONTH})?)?|{DAY_OF_MONTH}[\s_.-]{MONTH}[\s_.-]{YEAR}"
)
SITE = re.compile(r"(?:site|hospital|clinic|cent(?:er|re)|institut(?:e|ion))s?[\s_-]*(?:\d+|[a-z])")
PERSON = re.compile(
    r"(?<![a-z])(?:p|pt|pat|patients?|sub|subj|subject|case|id|person|participant|volunteer|donor|mouse|animal|slide|wsi|lesion)"
    r"(?![a-z])"
)
FOLD = re.compile(
    r"(?:(?:cv|k|f|fold|split|run|rep|repeat|partition|set)[\s_-]*)+\d+|\d+[\s_-]*(?:st|nd|rd|th)?[\s_-]*folds?", re.IGNORECASE
)
NUMBER = re.compile(r"[\d\s_.-]+|[0-9a-f-]{6,}|.*\d{3,}.*")  # digits, hexadecimal digits, or a long number in a name


def are_ids(names: Sequence[str]) -> bool:
    """True if names look like those of patients or slides: numbered, and no grades, folds, sites or dates."""
    return all(_is_id(name.lower()) for name in names)


def are_people(names: Sequence[str]) -> bool:
    """True if names say that they are patients, slides or lesions, as `patient_12`."""
    return all(_is_id(name.lower()) and PERSON.search(name.lower()) for name in names)


def _is_id(name: str) -> bool:
    if not re.search(r"\d", name) or MAGNIFICATION.fullmatch(name) or DATE.fullmatch(name) or OTHER.search(name):
        return False
    return bool(PERSON.search(name) or NUMBER.fullmatch(name))


def kind_of(names: Sequence[str]) -> str:
    """What such folders are called by their names: slide, lesion, or else patient."""
    text = " ".join(names[:50]).lower()
    return "slide" if re.search(r"slide|wsi", text) else "lesion" if "lesion" in text else "patient"


def no_classes(names: Sequence[str], outer: Sequence[str] = ()) -> str:
    """What folders are that would be classes, in the plural, as `patients`; empty if they may be classes.

    outer: the folders that all of them lie in, where a year may be the beginning of their dates.
    """
    if len(names) < 2:
        return ""
    dates = sum(_is_date(name, outer) for name in names)
    looks = {
        "patients": len(names) > 2 and are_people(names),
        "dates": dates > 1 and dates >= NEARLY_ALL * len(names),
        "sites": all(SITE.fullmatch(name.lower()) for name in names),
        "folds": all(FOLD.fullmatch(name) and "fold" in name.lower() for name in names),
        "magnifications": all(MAGNIFICATION.fullmatch(name) for name in names),
    }
    return next((what for what, so in looks.items() if so), "")


def _is_date(name: str, outer: Sequence[str]) -> bool:
    return any(DAY.fullmatch("-".join((*outer[len(outer) - depth :], name))) for depth in range(min(len(outer), 2) + 1))
