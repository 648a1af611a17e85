"""The board at any place that may hold one: a file, an archive, a plan or an experiment; and two of them, to be compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from results.files.limits import whole_file

if TYPE_CHECKING:
    from results.board.board import Board

FILES = (".zip", ".json")  # endings of files that hold a board, which is of one metric


def boards_at(
    places: tuple[str, str], tracking_uri: str, say: Callable[[str], None], metric: str | None = None, *, images: bool = True
) -> "tuple[Board, Board]":
    """Two boards to be compared, of one metric where that can be.

    Plans and experiments are judged by `metric`; without it by that of the file that they are compared with, and of two plans
    or experiments the second by that of the first. `say` hears of it where a plan states another one. See board_at.
    """
    one, other = places
    if is_file(other) and not is_file(one):
        second = board_at(other, tracking_uri, say, images=images)
        return board_at(one, tracking_uri, say, metric or second.metric, images=images), second
    first = board_at(one, tracking_uri, say, metric, images=images)
    return first, board_at(other, tracking_uri, say, metric or first.metric, images=images)


def is_file(place: str) -> bool:
    """Whether a place is a file with a board."""
    return Path(place).suffix in FILES


def board_at(
    place: str, tracking_uri: str, say: Callable[[str], None], metric: str | None = None, *, images: bool = True
) -> "Board":
    """The board that a person names.

    Args:
        place: a `board.json`, a file of `cats archive`, a plan, or the name of an experiment.
        tracking_uri: address of the MLflow server or database, for plans and experiments.
        say: gets sentences about runs that are left out, and about a metric that is not the plan's.
        metric: of plans and experiments; None: the plan's.
        images: of plans and experiments, whether intervals hold the sampling error of the test images.

    Raises:
        CatsError: there is no such board.
    """
    path = Path(place)
    if path.suffix == ".zip":
        from results.sharing.archive_reading import opened

        with opened(path) as archive:
            return archive.board()
    if path.suffix == ".json":
        from results.board.export import read_board
        from results.error import CatsError

        try:
            return read_board(whole_file(path), place)
        except OSError as error:
            raise CatsError(f"{place} cannot be read: {error.strerror}") from error
    from benchmark.answers.judged import Terms
    from benchmark.answers.query import reader_of
    from results.board.board import make_board

    reader = replace(reader_of(place, tracking_uri), say=say)
    stated = reader.query.metric
    if metric is not None and metric != stated:
        say(f"{place} is judged by {metric}, not by {stated}, so that it can be compared")
        reader = replace(reader, query=replace(reader.query, metric=metric))
    return make_board(reader.frame(), reader.query, Terms(images=images).judging(reader))
