"""What differs between two boards: ranks, ties and figures, and why, as far as the boards say what their figures rest on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from results.board.board import Board
from results.error import CatsError
from results.sharing.reasons import Reasons, close
from results.text.plain import plain

ALL = ""  # the target of a change over all targets


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


NOWHERE = Place()


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
        names: of both boards, as the user gave them. metrics: of both, which are the same.
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
    """How `after` differs from `before`. Raises CatsError if they show different metrics, which cannot be compared."""
    if before.metric != after.metric:
        first, second = (plain(each) for each in names)
        raise CatsError(
            f"{first} shows {before.metric} and {second} shows {after.metric}, and figures of different metrics cannot be "
            f"compared; write one of them again with `cats board --metric {before.metric} --output FOLDER`, or the other one "
            f"with --metric {after.metric}"
        )
    reasons = Reasons(before, after)
    changes, same = list[Change](), 0
    for target in _both(before.targets, after.targets):
        old = {row.source: Place(row.rank, row.tie, row.mean, row.low, row.high) for row in before.targets.get(target, ())}
        new = {row.source: Place(row.rank, row.tie, row.mean, row.low, row.high) for row in after.targets.get(target, ())}
        found, equal = _changes(target, old, new, reasons.of_cell)
        changes, same = changes + found, same + equal
    old = {row.source: Place(row.mean_rank, row.tie, row.mean, row.low, row.high) for row in before.overall}
    new = {row.source: Place(row.mean_rank, row.tie, row.mean, row.low, row.high) for row in after.overall}
    found, equal = _changes(ALL, old, new, _of_overall(changes, old, new) if reasons.known else lambda *_: ())
    return BoardDifference(names, (before.metric, after.metric), changes + found, same + equal, _notes(before, after, reasons))


def _changes(
    target: str,
    before: dict[str, Place],
    after: dict[str, Place],
    why: Callable[[str, str], tuple[str, ...]],
) -> tuple[list[Change], int]:
    """The sources whose place differs, in the order of the second board, and how many others there are."""
    changes, same = list[Change](), 0
    for source in _both(after, before):
        old, new = before.get(source), after.get(source)
        if old is not None and new is not None and _equal(old, new):
            same += 1
        else:
            changes.append(Change(target, source, old, new, why(target, source)))
    return changes, same


def _equal(old: Place, new: Place) -> bool:
    return all(close(one, other) for one, other in zip(astuple(old), astuple(new), strict=True))


def _of_overall(
    changes: Sequence[Change], before: dict[str, Place], after: dict[str, Place]
) -> Callable[[str, str], tuple[str, ...]]:
    """Why the place of a source over all targets differs: because of its places on targets, or of those of others."""

    def why(_: str, source: str) -> tuple[str, ...]:
        own = [each.target for each in changes if each.source == source]
        if own:
            return (f"its {'place' if len(own) == 1 else 'places'} on {', '.join(own)}",)
        old, new = before.get(source, NOWHERE), after.get(source, NOWHERE)
        return ("places of other sources" if close(old.rank, new.rank) else "what counts for pairs that were not measured",)

    return why


def _notes(before: Board, after: Board, reasons: Reasons) -> list[str]:
    """What differs between the boards as a whole."""
    pairs = [
        ("experiment", before.experiment, after.experiment),
        ("rule", before.rule, after.rule),
        ("stated noise", _said(before.noise), _said(after.noise)),
        ("targets whose intervals hold the test images", _list(sorted(before.images)), _list(sorted(after.images))),
    ]
    notes = [f"{name}: {old} → {new}" for name, old, new in pairs if old != new]
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


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
