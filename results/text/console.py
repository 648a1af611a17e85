"""The console of rich, which draws tables and progress at a terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> "Console":
    """A console for progress bars; what is printed with it is no markup. Texts of others must be made plain before."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
