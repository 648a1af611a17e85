"""A board of several targets, narrowed to one of them."""

from dataclasses import replace

from results.board.board import Board
from results.error import CatsError, nearest


def of_target(board: Board, target: str) -> Board:
    """The board of one target, whose figures stay as they are: what holds over targets is left out.

    Raises CatsError for a target that the board does not have.
    """
    known = dict.fromkeys([*board.targets, *(pair.target for pair in board.leaking)])
    if target not in known:
        raise CatsError(f"the board has no target '{target}'{nearest(target, known)}")
    others = tuple(f"{name}: " for name in known if name != target)
    return replace(
        board,
        targets={target: board.targets[target]} if target in board.targets else {},
        overall=[],
        notes=[note for note in board.notes if not note.startswith(others)],
        leaking=[pair for pair in board.leaking if pair.target == target],
        images=[name for name in board.images if name == target],
        difference=None,
        basis=[each for each in board.basis if each.target == target],
        outlook="",
        behind={name: each for name, each in board.behind.items() if name == target},
    )
