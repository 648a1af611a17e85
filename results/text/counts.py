"""Numbers with the words that stand behind them: one thing is, several things are."""


def how_many(count: int, one: str, many: str = "") -> str:
    """A number and its noun: `1 pair`, `2 pairs`, `0 pairs`.

    Args:
        count: how many there are; thousands are separated by commas.
        one: the words after 1, with the verb where there is one, as in `pair is`.
        many: the words after every other number, as in `pairs are`; empty: `one` with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def share_of(count: int, of: int, what: str, one: str, many: str) -> str:
    """A number among others and the verb: `1 of 9 cells is`, `2 of 9 cells are`; `one`, `many`: the verb."""
    return f"{count:,} of {of:,} {what} {one if count == 1 else many}"
