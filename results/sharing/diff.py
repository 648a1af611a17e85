"""What differs between two boards: ranks, ties and figures, and why, as far as the boards say what their figures rest on."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from results.board.basis import Basis
from results.board.board import Board

ALL = ""  # the target of a change over all targets
SHORT = 8  # characters of a digest in a sentence
DIGESTS = {"data": "data", "splits": "drawn split", "starts": "start weights", "points": "recipe, rule or subsample"}
FIRST = ("trainer", "commit", "cats_bench")  # versions that are named first


@dataclass(frozen=True)
class Place:
    """Where a source is on one board: its rank and tie, and its mean with the 95 % interval.

    Over all targets the mean rank is the rank, and the interval is that of the mean rank.
    """

    rank: float | None = None
    tie: int | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Change:
    """A source whose place differs. `before`, `after`: None where the board does not have it. `why`: sentences, maybe none."""

    target: str
    source: str
    before: Place | None
    after: Place | None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoardDifference:
    """How one board differs from another.

    Attributes:
        names: of both boards, as the user gave them. metrics: of both.
        changes: of targets, then over all targets (target ALL). same: how many places do not differ.
        notes: sentences about the boards as a whole.
    """

    names: tuple[str, str]
    metrics: tuple[str, str]
    changes: list[Change]
    same: int
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)

    @property
    def winners(self) -> bool:
        """Whether the sources that may be the best of some target differ."""
        return any(
            1 in {each.before.tie if each.before else None, each.after.tie if each.after else None}
            and (each.before and each.before.tie) != (each.after and each.after.tie)
            for each in self.changes
        )


def difference(before: Board, after: Board, names: tuple[str, str]) -> BoardDifference:
    """How `after` differs from `before`. Figures are compared only where both boards show the same metric."""
    figures = before.metric == after.metric
    reasons = _Reasons(before.basis, after.basis, figures)
    changes, same = list[Change](), 0
    for target in _both(before.targets, after.targets):
        old = {row.source: Place(row.rank, row.tie, row.mean, row.low, row.high) for row in before.targets.get(target, ())}
        new = {row.source: Place(row.rank, row.tie, row.mean, row.low, row.high) for row in after.targets.get(target, ())}
        found, equal = _changes(target, old, new, reasons.of_cell, figures=figures)
        changes, same = changes + found, same + equal
    old = {row.source: Place(row.mean_rank, row.tie, row.mean, row.low, row.high) for row in before.overall}
    new = {row.source: Place(row.mean_rank, row.tie, row.mean, row.low, row.high) for row in after.overall}
    found, equal = _changes(ALL, old, new, lambda *_: (), figures=figures)
    return BoardDifference(names, (before.metric, after.metric), changes + found, same + equal, _notes(before, after, reasons))


def _changes(
    target: str,
    before: dict[str, Place],
    after: dict[str, Place],
    why: Callable[[str, str], tuple[str, ...]],
    *,
    figures: bool,
) -> tuple[list[Change], int]:
    """The sources whose place differs, in the order of the second board, and how many others there are."""
    changes, same = list[Change](), 0
    for source in _both(after, before):
        old, new = before.get(source), after.get(source)
        if old is not None and new is not None and _equal(old, new, figures=figures):
            same += 1
        else:
            changes.append(Change(target, source, old, new, why(target, source)))
    return changes, same


def _equal(old: Place, new: Place, *, figures: bool) -> bool:
    pairs = [(old.rank, new.rank), (old.tie, new.tie)]
    pairs += [(old.mean, new.mean), (old.low, new.low), (old.high, new.high)] if figures else []
    return all(_close(one, other) for one, other in pairs)


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


class _Reasons:
    """Why the place of a source on a target differs: what its own runs rest on, on both boards."""

    def __init__(self, before: Sequence[Basis], after: Sequence[Basis], figures: bool) -> None:
        self.known = bool(before) and bool(after)
        self._figures = figures
        self._old = {(each.target, each.source): each for each in before}
        self._new = {(each.target, each.source): each for each in after}
        self.everywhere = self._in_all_cells()

    def of_cell(self, target: str, source: str) -> tuple[str, ...]:
        """Sentences about one source on one target; none where a board does not say what it rests on."""
        old, new = self._old.get((target, source)), self._new.get((target, source))
        if not self.known:
            return ()
        if old is None or new is None:
            return (f"only the {'second' if old is None else 'first'} board has runs of it",) if old is not new else ()
        versions = _versions(old, new)
        found = [*_seeds(old, new), *_digests(old, new), *(each for each in versions if each not in self.everywhere)]
        if not (found or versions) and self._figures:
            found = _values(old, new)
        if versions and not found:
            return ("the versions that differ in all cells",)
        return tuple(found) or ("its runs are the same; those of other sources changed, or how the board judges",)

    def _in_all_cells(self) -> list[str]:
        """The versions that differ in the same way in all cells that both boards have, so that one sentence says it."""
        pairs = [(self._old[each], self._new[each]) for each in self._old.keys() & self._new.keys()]
        said = [set(_versions(old, new)) for old, new in pairs]
        return sorted(set.intersection(*said)) if said else []


def _seeds(old: Basis, new: Basis) -> list[str]:
    gone, more = [each for each in old.seeds if each not in new.seeds], [each for each in new.seeds if each not in old.seeds]
    return [*([f"without seed {', '.join(gone)}"] if gone else []), *([f"with seed {', '.join(more)} too"] if more else [])]


def _digests(old: Basis, new: Basis) -> list[str]:
    found = []
    for name, word in DIGESTS.items():
        one, other = getattr(old, name), getattr(new, name)
        if one and other and one != other:
            found.append(f"other {word} ({_short(one)} → {_short(other)})")
    return found


def _versions(old: Basis, new: Basis) -> list[str]:
    names = sorted(old.versions.keys() & new.versions.keys(), key=lambda name: (name not in FIRST, name))
    return [
        f"{name} {' and '.join(old.versions[name])} → {' and '.join(new.versions[name])}"
        for name in names
        if old.versions[name] != new.versions[name]
    ]


def _values(old: Basis, new: Basis) -> list[str]:
    """Whether equal seeds have other values although nothing else differs."""
    later = dict(zip(new.seeds, new.values, strict=True))
    other = [
        seed for seed, value in zip(old.seeds, old.values, strict=True) if seed in later and not _close(value, later[seed])
    ]
    return [f"other runs of seed {', '.join(other)}, of the same recipe, data and versions"] if other else []


def _notes(before: Board, after: Board, reasons: _Reasons) -> list[str]:
    """What differs between the boards as a whole."""
    pairs = [
        ("experiment", before.experiment, after.experiment),
        ("metric", before.metric, after.metric),
        ("rule", before.rule, after.rule),
        ("stated noise", _said(before.noise), _said(after.noise)),
        ("targets whose intervals hold the test images", _list(before.images), _list(after.images)),
    ]
    notes = [f"{name}: {old} → {new}" for name, old, new in pairs if old != new]
    if before.metric != after.metric:
        notes.append("the boards show different metrics, so that only ranks and ties are compared")
    old, new = ({(each.source, each.target) for each in board.leaking} for board in (before, after))
    notes += [
        f"{source} on {target} is kept off the second board because of shared images" for source, target in sorted(new - old)
    ]
    notes += [
        f"{source} on {target} is kept off the first board because of shared images" for source, target in sorted(old - new)
    ]
    notes += [f"in all cells: {sentence}" for sentence in reasons.everywhere]
    if not reasons.known:
        notes.append("a board of an older version does not say what it rests on, so that nothing is said of why figures differ")
    return notes


def _both(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _short(digests: Sequence[str]) -> str:
    return " and ".join(each[:SHORT] for each in digests)


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
