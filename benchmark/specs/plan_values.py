"""Values of a plan in the short forms in which a user may write them. pydantic takes ValueError as a mistake of the user."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from results.board.candidates import Candidate
from results.text.brief import briefly

SEEDS = 100_000  # of one plan
PAIRS = "write a list like [[imagenet, resnet50], [dinov2, vit_base_patch14_dinov2]]"


def seed_list(value: Any) -> Any:
    """Return the list of seeds from a list or from the number of seeds."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= SEEDS:
        return list(range(value))
    if not isinstance(value, list | tuple):  # pydantic takes ValueError only
        what = f"neither a number of seeds, 1 or more, nor a list of seeds such as [0, 1, 2]; at most {SEEDS:,} are allowed"
        raise ValueError(f"{briefly(value)} is {what}")  # noqa: TRY004
    return value


def name_list(value: Any) -> Any:
    """Return a list of names as it is."""
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{briefly(value)} is not a list of names; write a list like [one, other]")
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(name_list)]


def pair_list(value: Any) -> Any:
    """Return candidates from a list of pairs."""
    if not isinstance(value, list | tuple):  # pydantic takes ValueError only
        raise ValueError(f"{briefly(value)} is not a list of pairs; {PAIRS}")  # noqa: TRY004
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(name, str) and name for name in pair):
            raise ValueError(f"{briefly(pair)} is not a pair of a source and a backbone; {PAIRS}")
    return tuple(Candidate(*pair) for pair in value)
