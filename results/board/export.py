"""A board as the file `board.json`: written by `cats board`, kept in MLflow and in archives, and read back to be compared."""

import json

from pydantic import TypeAdapter, ValidationError

from results.board.board import Board
from results.error import CatsError
from results.text.plain import json_text

FILE = "board.json"
_boards = TypeAdapter(Board)  # keys that it does not know, of later versions, are passed over


def board_json(board: Board) -> str:
    """The text of `board.json`: all fields of a Board, as `cats board --format json` prints them."""
    return json_text(board.to_dict())


def read_board(content: str | bytes, where: str) -> Board:
    """The board in the text of a `board.json`. Files of older versions say less about the basis of their figures.

    Raises CatsError, naming `where`, if the text is no such board.
    """
    try:
        return _boards.validate_python(json.loads(content))
    except (ValidationError, ValueError, RecursionError) as error:
        raise CatsError(
            f"{where} is no board; give a {FILE} that `cats board --output FOLDER` or `cats board --format json` has written"
        ) from error
