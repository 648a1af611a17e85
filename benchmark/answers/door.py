"""How an answer reaches a person while it is being made: sentences and progress, at a terminal or in a notebook."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from benchmark.execution.watch import Watch


@dataclass(frozen=True)
class Door:
    """What a caller shows while its call works.

    Attributes:
        say: takes a sentence for the user.
        progress: makes a context manager, inside which its Watch shows the progress of trainings or scores.
    """

    say: Callable[[str], None]
    progress: Callable[[], AbstractContextManager[Watch]]
