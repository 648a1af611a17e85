"""The board at any place that may hold one: a file, an archive, a plan or an experiment."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from results.files.limits import whole_file

if TYPE_CHECKING:
    from results.board.board import Board


def board_at(place: str, tracking_uri: str, say: Callable[[str], None], *, images: bool = True) -> "Board":
    """The board that a person names.

    Args:
        place: a `board.json`, a file of `cats archive`, a plan, or the name of an experiment.
        tracking_uri: address of the MLflow server or database, for plans and experiments.
        say: gets sentences about runs that are left out.
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
    return make_board(reader.frame(), reader.query, Terms(images=images).judging(reader))
