"""What a page shows of an experiment with several numbers of training images: the attempts with one of them."""

from dataclasses import dataclass, replace

import pandas as pd

from results.board.request import RunQuery, runs_of_query
from results.board.sizes import counts_each_class, images_text, in_order, size_text, sizes_in


@dataclass(frozen=True)
class Part:
    """The attempts with one of several numbers of training images.

    Attributes:
        shown, of: numbers of attempts at cells, of the page and of all numbers of training images.
        images: the number of training images of the page, as sentences name it. others: the other numbers.
    """

    shown: int
    of: int
    images: str
    others: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """How much of the experiment the page shows, and what the other attempts are."""
        shown = f"Shown are {self.shown:,} of {self.of:,} attempts at cells, those with {self.images}"
        several = f"{', '.join(self.others[:-1])} or " if len(self.others) > 1 else ""
        return f"{shown}; the others have {several}{self.others[-1]}."


def part_of(frame: pd.DataFrame, query: RunQuery) -> Part | None:
    """What a query about one number of training images shows; None if the runs have no other number. frame: all runs."""
    whole = query.of_every_size if query.selection is not None else replace(query, size=None)
    cells, every = (_cells(runs_of_query(frame, each)) for each in (query, whole))
    own, numbers = sizes_in(cells), sizes_in(every)
    if query.selection is not None and query.selection.sizes:
        own, numbers = [query.selection.size], in_order({*query.selection.sizes})
    others = tuple(size_text(size) for size in numbers if size not in own)
    if not others or len(own) != 1:
        return None
    return Part(len(cells), len(every), images_text(own[0], per_class=counts_each_class(cells)), others)


def _cells(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[runs["kind"] == "cell"]
