"""Why the place of a source differs between two boards, as far as both say what their figures rest on.

A cause is named where it can be one: what differs between runs of equal seeds whose values differ. What only follows from
another cause is left out: with other data the drawn split differs too, and with another trainer the digest of every point.
"""

import math
from collections.abc import Mapping, Sequence

from results.board.basis import BEFORE, ON_DATA, VERSIONS, Basis, Meanings
from results.board.board import Board
from results.board.rules import rule_in_words

TRAINER = VERSIONS + "trainer"
FIRST = ("trainer", "commit", "cats_bench")  # versions that are named first
SHORT = 8  # characters of a digest in a sentence
NAMED = 3  # other sources that a sentence names
IN_ALL_CELLS = "what differs in all cells"


class Reasons:
    """Why the places of sources on targets differ."""

    def __init__(self, before: Board, after: Board) -> None:
        self.known = bool(before.basis) and bool(after.basis)
        self._boards = before, after
        self._old = {(each.target, each.source): each for each in before.basis}
        self._new = {(each.target, each.source): each for each in after.basis}
        self._found = {cell: self._causes(cell) for cell in self._old.keys() & self._new.keys()}
        said = [set(causes) for causes in self._found.values()]
        self.everywhere = sorted(set.intersection(*said)) if len(said) > 1 else []

    def of_cell(self, target: str, source: str) -> tuple[str, ...]:
        """Sentences about one source on one target; none where a board does not say what it rests on."""
        cell = target, source
        if not self.known or (cell not in self._old and cell not in self._new):
            return ()
        kept = [(source, target) in {(each.source, each.target) for each in board.leaking} for board in self._boards]
        if kept[0] != kept[1]:
            return (f"kept off the {'first' if kept[0] else 'second'} board because of shared images",)
        if cell not in self._found:
            return (f"only the {'first' if cell in self._old else 'second'} board has runs of it",)
        found = self._found[cell]
        own = [each for each in found if each not in self.everywhere]
        return tuple(own) or ((IN_ALL_CELLS,) if found else self._of_others(target, source))

    def _causes(self, cell: tuple[str, str]) -> list[str]:
        """What differs between the runs of a cell; empty if its runs say the same on both boards."""
        old, new = self._old[cell], self._new[cell]
        seeds = [seed for seed in old.seeds if seed in set(new.seeds)]
        found = _seeds(old, new)
        others = [seed for seed in seeds if not close(_value(old, seed), _value(new, seed))]
        if seeds and not others:
            return found
        facts = old.of_seeds(others), new.of_seeds(others)
        named = self._named(*facts)
        if others and not named:
            return [*found, f"other runs of seed {', '.join(others)}, of the same recipe, data and versions"]
        return found + named

    def _named(self, old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> list[str]:
        """Sentences about what differs in the facts of two cells (Basis.of_seeds)."""
        before, after = self._boards
        differ = {name for name in old.keys() & new.keys() if old[name] != new[name]}
        found, settings = list[str](), list[str]()
        if "backbones" in differ:
            found.append(f"backbone {_pair(old['backbones'], new['backbones'])}")
        if "data" in differ:
            found.append(f"other data ({_short(old['data'])} → {_short(new['data'])})")
        elif "splits" in differ:
            found.append(f"other drawn split ({_short(old['splits'])} → {_short(new['splits'])})")
        if "starts" in differ:
            follows = {TRAINER, "backbones"} & differ  # by which the key of a pretraining differs, too
            found += self._starts(old["starts"], new["starts"], known="backbones" in differ, follows=bool(follows))
        if "points" in differ:
            settings = _settings(*(_together(board.meanings, each["points"]) for board, each in ((before, old), (after, new))))
            known = all(point in board.meanings for board, each in ((before, old), (after, new)) for point in each["points"])
            if not settings and not (known and TRAINER in differ):
                settings = [f"other recipe, rule or subsample ({_short(old['points'])} → {_short(new['points'])})"]
        if before.rule != after.rule and not any(each.startswith("rule ") for each in settings):
            chosen = f"runs chosen by another rule ({rule_in_words(before.rule)} → {rule_in_words(after.rule)})"
            settings = [f"{chosen}: {', '.join(settings)}" if settings else chosen]
        versions = sorted((name for name in differ if name.startswith(VERSIONS)), key=_rank)
        return [*found, *settings, *(f"{_plain(name)} {_pair(old[name], new[name])}" for name in versions)]

    def _starts(self, old: Sequence[str], new: Sequence[str], *, known: bool, follows: bool) -> list[str]:
        """What differs behind other start weights: in their pretrainings, if both boards know these.

        known: whether another cause explains all of it. follows: whether one explains other pretrainings of equal settings.
        """
        chains = [_chain(board.meanings, starts) for board, starts in zip(self._boards, (old, new), strict=True)]
        found = [
            f"pretraining of {source}: {each}"
            for source in chains[0].keys() & chains[1].keys()
            for each in _settings(chains[0][source], chains[1][source])
        ]
        if found or known or (follows and chains[0] and chains[0].keys() == chains[1].keys()):
            return sorted(found)
        return [f"other start weights ({_short(old)} → {_short(new)})"]

    def _of_others(self, target: str, source: str) -> tuple[str, ...]:
        """Why a source whose own runs are the same has another place."""
        before, after = self._boards
        found = []
        if before.noise != after.noise:
            found.append(f"stated noise {_said(before.noise)} → {_said(after.noise)}")
        if (target in before.images) != (target in after.images):
            which = "first" if target in before.images else "second"
            found.append(f"only on the {which} board its interval holds the test images")
        others = [name for place, name in [*self._old, *self._new] if place == target and name != source]
        moved = [name for name in dict.fromkeys(others) if (target, name) not in self._found or self._found[target, name]]
        if moved:
            more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
            found.append(f"its runs are the same, those of {', '.join(moved[:NAMED])}{more} are not")
        return tuple(found) or ("its runs are the same; how the board judges has changed",)


def close(one: float | None, other: float | None) -> bool:
    """Whether two figures are the same."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def _seeds(old: Basis, new: Basis) -> list[str]:
    gone, more = [each for each in old.seeds if each not in new.seeds], [each for each in new.seeds if each not in old.seeds]
    return [*([f"without seed {', '.join(gone)}"] if gone else []), *([f"with seed {', '.join(more)} too"] if more else [])]


def _value(basis: Basis, seed: str) -> float:
    return basis.values[basis.seeds.index(seed)]


def _together(meanings: Meanings, digests: Sequence[str]) -> dict[str, list[str]]:
    """The settings that some digests stand for: name → each value once."""
    found: dict[str, set[str]] = {}
    for each in digests:
        for name, value in meanings.get(each, {}).items():
            found.setdefault(name, set()).add(value)
    return {name: sorted(values) for name, values in found.items()}


def _chain(meanings: Meanings, starts: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The pretrainings behind some starts: source → its settings, each value once."""
    held: dict[str, list[str]] = {}
    for start in starts:
        key = start
        while key in meanings and key not in {each for keys in held.values() for each in keys}:
            held.setdefault(meanings[key].get("source", ""), []).append(key)
            key = meanings[key].get(BEFORE, "")
    return {source: _together(meanings, keys) for source, keys in held.items()}


def _settings(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> list[str]:
    """The settings that differ. One that a board does not name came later, and is not compared."""
    names = [name for name in sorted(old.keys() & new.keys() - {BEFORE}) if old[name] != new[name]]
    return [
        f"other data ({_short(old[n])} → {_short(new[n])})" if n == ON_DATA else f"{n} {_words(n, old, new)}" for n in names
    ]


def _words(name: str, old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> str:
    """Both values of a setting; no number of images means all of them."""
    every = {"None": "all"} if name.startswith("subsample.") else {}
    return _pair(*([every.get(value, value) for value in each[name]] for each in (old, new)))


def _rank(name: str) -> tuple[bool, str]:
    return _plain(name) not in FIRST, _plain(name)


def _plain(name: str) -> str:
    return name.removeprefix(VERSIONS)


def _pair(old: Sequence[str], new: Sequence[str]) -> str:
    return " → ".join(" and ".join(each) for each in (old, new))


def _short(digests: Sequence[str]) -> str:
    return " and ".join(each[:SHORT] for each in digests)


def _said(value: object) -> str:
    return "none" if value is None else str(value)
