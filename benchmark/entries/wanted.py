"""What the entries of a list must be: words to search for, a modality, a task, data on this machine."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.error import CatsError, first_of, near_name

OF_DATA = ("sources", "targets")  # kinds of entries that have a data set
WORD = re.compile(r"[^\W_][^\s,;()/]*[^\W_]")


@dataclass(frozen=True)
class Wanted:
    """What a listed entry must be; an empty field is no condition. Capital letters, hyphens and underscores do not count."""

    words: tuple[str, ...] = ()
    modality: str = ""
    task: str = ""
    here: bool = False

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether an entry fits: all words are in its row."""
        return (
            all(_has(row, word) for word in self.words)
            and _plain(self.modality) in _plain(row.get("modality") or "")
            and self.task in ("", row.get("task"))
            and (not self.here or row.get("here") == "yes")
        )

    def require_kind(self, kind: str) -> None:
        """Raises CatsError for a condition that says nothing of this kind of entry."""
        given = {"--modality": self.modality, "--task": self.task, "--here": self.here}
        wrong = next((option for option, value in given.items() if value), None)
        if wrong is not None and kind not in OF_DATA:
            raise CatsError(f"{wrong} is for {' and '.join(OF_DATA)}; {kind} have no data set; give words to search for")

    def require_known(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raises CatsError for a modality, a task or a word that no entry of this kind has, with the nearest one."""
        for option, column, value in (("--modality", "modality", self.modality), ("--task", "task", self.task)):
            known = sorted({str(row[column]) for row in rows if row.get(column)})
            if value and not any(_plain(value) in _plain(each) for each in known):
                near, there = _near(value, [*known, *_words(known)]), first_of([f"'{each}'" for each in known])
                others = f"there are {there}" if near is None else f"did you mean '{near}'? There are {there}"
                raise CatsError(f"{option} is '{value}', which none of the {kind} has; {others}")
        for word in self.words:
            if not any(_has(row, word) for row in rows):
                names = [str(row["name"]) for row in rows]
                near = _near(word, [*names, *_words(str(value) for row in rows for value in row.values())])
                others = f"`cats list {kind}` lists all" if near is None else f"did you mean '{near}'?"
                raise CatsError(f"'{word}' is in no name and no other column of the {kind}; {others}")

    def advice(self, kind: str, fitting: Sequence[Mapping[str, Any]]) -> list[str]:
        """What an empty or short list means: no entry meets all conditions, or its data are looked for elsewhere."""
        conditions = [*self.words, self.modality, self.task, self.here]
        none = not fitting and sum(map(bool, conditions)) > 1
        found = [f"each of these conditions is met by some of the {kind}, but no one meets all"] if none else []
        places = "data and weights are looked for in the folders that `cats config` shows"
        return [*found, *([f"{places}; CATS_DATA and CATS_WEIGHTS name others"] if self.here else [])]


def _has(row: Mapping[str, Any], word: str) -> bool:
    return _plain(word) in _plain(" ".join(str(value) for value in row.values() if value is not None))


def _plain(text: object) -> str:
    return str(text).lower().replace("-", "").replace("_", "")


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in WORD.findall(text)}


def _near(value: str, known: Iterable[str]) -> str | None:
    by_letters = {_plain(each): each for each in sorted(known)}  # of one word in several spellings the one of small letters
    near = near_name(_plain(value), by_letters)
    return None if near is None else by_letters[near]
