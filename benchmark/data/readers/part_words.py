"""Words for the official parts of a data set, as people write them: `TRAIN`, `Validation`, `test_set`, `train_images`.

`cats new`, the readers and `cats check` use this one function, so that a word means the same everywhere. A word that is not
recognised is never guessed: the caller refuses it by its name.
"""

import re
import unicodedata
from collections.abc import Iterable

VARIANTS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validate", "validation", "dev"),
    "test": ("test", "testing", "tst", "holdout", "heldout"),
}
PART_OF = {word: part for part, words in VARIANTS.items() for word in words}
ADDITIONS = (
    "set", "data", "dataset", "subset", "split", "part", "partition", "fold", "folder", "images", "image", "imgs", "img",
    "pictures", "photos", "samples", "files",
)  # fmt: skip
ALLOWED = "; ".join(f"{part} ({', '.join(words[1:])})" for part, words in VARIANTS.items())
SIMILAR = {*PART_OF, "trainval", "eval", "evaluation"}
LONGEST = 60  # characters of such a word; `dataset` is two additions too, which is tried in all ways in a long one
MOST_WORDS = 8  # more different values are names of pictures, such as train_17
WHOLE = re.compile(f"(?:{'|'.join(ADDITIONS)})*({'|'.join(PART_OF)})(?:{'|'.join(ADDITIONS)})*")


def part_of(text: str) -> str | None:
    """The part (train, val or test) that a word names, in any case and with additions such as `set` or `images`; else None.

    A number or another word beside it (`test_2`, `TEST_SIMPLE`, `external test`) makes it another word, which is not guessed.
    """
    if len(text) > LONGEST:
        return None
    match = WHOLE.fullmatch("".join(_tokens(text)))
    return PART_OF[match[1]] if match else None


def are_parts(values: Iterable[str]) -> bool:
    """True if all values that are not blank are words for parts, and not all the same word; blank ones are in no part."""
    found = {value.strip() for value in values} - {""}
    return 1 < len(found) <= MOST_WORDS and all(map(resembles_part, found))


def resembles_part(text: str) -> bool:
    """True if a word for a part is among the words of a name, as in `TEST_SIMPLE`, `train2` or `PublicTest`."""
    return any(re.sub(r"\d+", "", token) in SIMILAR for token in _tokens(text)) or part_of(text) is not None


def suggested_part(text: str) -> str | None:
    """The only part that is named among the words of a name, as in `seg_train` or `test_1`: to be offered, never taken."""
    found = {PART_OF.get(re.sub(r"\d+", "", token)) for token in _tokens(text)} - {None}
    return found.pop() if len(found) == 1 else None


def _tokens(text: str) -> list[str]:
    """The words of a name in lower case: `TrainSet`, `train-set` and `train set` are the same two words."""
    plain = unicodedata.normalize("NFKC", text).strip()
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).casefold()
    return re.split(r"[\s_.\-]+", re.sub(r"\b(hold|held)[\s_\-]out\b", r"\1out", apart.replace("_", " ")))
