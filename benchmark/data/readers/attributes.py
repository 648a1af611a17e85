"""Attributes of images, such as age band, sex, site and scanner: they decide nothing, and results are shown by them."""

import re
from collections.abc import Mapping, Sequence

from results.error import CatsError
from results.text.brief import briefly

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_VALUES = 50  # of one attribute; more are no subgroups


def require_names(names: Sequence[str]) -> None:
    """Raises CatsError for a name of an attribute that could not be a part of the name of a column."""
    for name in names:
        if not NAME.fullmatch(name):
            raise CatsError(
                f"attributes names {briefly(name)}; allowed are at most 40 small letters, digits and _, a letter first, as in "
                "`attributes: {age_band: AgeBand}`"
            )


def check_attributes(owner: str, attributes: Mapping[str, Sequence[str]], count: int) -> None:
    """Raises CatsError, naming the data set `owner`, for a wrong name, number of cells, or too many different ones."""
    require_names(list(attributes))
    for name, cells in attributes.items():
        if len(cells) != count:
            raise CatsError(f"{owner} has {len(cells)} cells of the attribute {name} for {count} images")
        several = len(set(cells))
        if several > MOST_VALUES:
            raise CatsError(
                f"{owner}: the attribute {name} has {several} different contents; allowed are {MOST_VALUES}: write a column of "
                "bands, such as 40-59, and name it"
            )
