"""Inference of official parts from the words of a column."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd

from benchmark.data.readers.cells import counted, quoted, spelling
from benchmark.data.readers.folders import NO_PART
from benchmark.data.readers.part_words import ALLOWED, part_of
from benchmark.data.readers.samples import PARTS
from benchmark.data.readers.table_file import texts_of
from benchmark.entries.inferred import in_part_order
from benchmark.entries.said import Said
from results.error import CatsError
from results.text.counts import how_many


def parts_of_column(
    rows: pd.DataFrame, column: str, said: Said, where: str
) -> tuple[dict[str, int], dict[str, Any], tuple[str, ...]]:
    """(images of each part, options of the reader, sentences). Raises CatsError for words that nobody has
    explained, and if there is no training or no test part.
    """
    counts = Counter(texts_of(rows, column))
    meant = {spelling(word): part for word, part in said.part_values().items()}
    words = {word: meant.get(spelling(word)) or part_of(word) for word in counts}
    unknown = {word: counts[word] for word, part in words.items() if part is None}
    if unknown:
        word = min(unknown)
        seen = f"holds '{word}'" if word.strip() else "is blank in some rows"
        raise CatsError(
            f"{where}: the column '{column}' {seen}; allowed are {ALLOWED}; unknown are {counted(unknown)}: say what "
            f"each means with --parts '{_offered(unknown)}' (train, val, test, or {NO_PART} for rows that are in no part), or "
            "--part '' if the column holds no parts"
        )
    parts = Counter(dict.fromkeys(PARTS, 0))
    for word, part in words.items():
        parts[str(part)] += counts[word]
    _require_train_and_test(
        {word: str(part) for word, part in words.items()}, in_part_order(parts), f"{where}: the column '{column}'"
    )
    unused = {word: counts[word] for word, part in words.items() if part == NO_PART}
    images = how_many(sum(unused.values()), "image is", "images are")
    notes = (f"{images} in no part, as declared: {counted(unused)}",) if unused else ()
    return in_part_order(parts), {"part_values": dict(sorted(words.items()))} if set(words) - set(PARTS) else {}, notes


def _offered(words: Iterable[str]) -> str:
    """`--parts` for words that are not known, with a gap for each meaning; blank cells are usually in no part."""
    return ",".join(f"{word.strip()}=..." if word.strip() else f"={NO_PART}" for word in words)


def _require_train_and_test(words: dict[str, str], parts: dict[str, int], column: str) -> None:
    """Raises CatsError that says what decides if no row is in the training or in the test part.

    words: word → part. parts: images of each part.
    """
    absent = [part for part in ("train", "test") if part not in parts]
    if not absent:
        return
    seen = ", ".join(f"{part} {count:,}" for part, count in parts.items()) or "no row in a part"
    val = [word.strip() for word, part in words.items() if part == "val"]
    test = f"--parts '{','.join(f'{word}=test' for word in val)}' to test on {quoted(val)} (val is then drawn from train), or "
    way = test if absent == ["test"] and val else ""
    raise CatsError(
        f"{column} says {seen}, and no row is in {' or '.join(absent)}: say {way}--part '' to have all parts drawn, 70/15/15"
    )
