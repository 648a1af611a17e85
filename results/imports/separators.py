"""By which sign the columns of a text are separated. Here beside the reader of tables, as lists of entries load no pandas."""

import csv
import io
from contextlib import suppress
from itertools import islice

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
LOOKED_AT = 50  # rows from which the separator is found out


def even_columns(text: str) -> dict[str, int]:
    """Separator → number of columns, of those that divide the first rows of a text into equally many columns, two or more.

    `cats import-runs` and the reader of tables of pictures both ask this function.
    """
    found = {}
    for sign in SEPARATORS:
        with suppress(csv.Error):
            rows = [row for row in islice(csv.reader(io.StringIO(text), delimiter=sign), LOOKED_AT) if row]
            widths = {len(row) for row in rows}
            if len(widths) == 1 and widths != {1}:
                found[sign] = widths.pop()
    return found
