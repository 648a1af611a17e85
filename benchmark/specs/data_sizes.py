"""The subsample of a plan. Its number of training images may be a list: the number is then an axis of the plan.

Each number of the list is a Subsample of its own, so that its cells have the keys of a plan that names this number alone.
"""

from collections import Counter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_serializer
from pydantic_core import PydanticCustomError

from benchmark.core.numeric import Numeric
from benchmark.data.split import Subsample
from results.board.sizes import ALL, DataSize, size_text
from results.text.brief import briefly

DIGITS = 16  # of a number of images in quotes; Python itself refuses to read thousands of them
LIKE = f"whole numbers from 1 on, or `{ALL}`, such as [25, 50, {ALL}]"


def _sizes(value: Any) -> tuple[DataSize, ...]:
    """The numbers of training images from a number, `all` or a list of these: ascending, None for all of them at the end."""
    if not isinstance(value, list | tuple):
        return (_single(value),)
    sizes = []
    for item in value:
        try:
            sizes.append(_single(item))
        except PydanticCustomError:
            raise ValueError(f"{briefly(item)} is no number of training images; write {LIKE}") from None
    if not sizes:
        raise ValueError(f"the list is empty; write {LIKE}")
    twice = next((size for size, times in Counter(sizes).items() if times > 1), 0)
    if twice != 0:
        raise ValueError(f"{size_text(twice)} is given twice")
    return tuple(sorted(sizes, key=lambda size: (size is None, size or 0)))


def _single(value: Any) -> DataSize:
    if value is None or value == ALL:
        return None
    if isinstance(value, bool):
        raise PydanticCustomError("truth", "a number, not a truth value")
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= DIGITS
    if not (digits or isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise PydanticCustomError("size", "a whole number from 1 on, `all`, or a list of these")
    if int(value) < 1:
        raise PydanticCustomError("size", "a whole number from 1 on")
    return int(value)


class PlanSubsample(Numeric):
    """Number of images of a part that are used, see benchmark.data.split.Subsample.

    Attributes:
        train: numbers of training images, ascending, None for all of them. A plan writes one number, `all`, or a list.
    """

    train: Annotated[tuple[DataSize, ...], BeforeValidator(_sizes)] = (None,)
    val: int | None = Field(None, ge=1)
    per_class: bool = False
    stratified: bool = True
    seed: int | None = None

    @field_serializer("train")
    def _as_written(self, train: tuple[DataSize, ...]) -> int | list[int | str] | None:
        return train[0] if len(train) == 1 else [ALL if size is None else size for size in train]

    @property
    def each(self) -> tuple[Subsample, ...]:
        """The subsample of each number of training images, the largest number last."""
        others = {name: getattr(self, name) for name in type(self).model_fields if name != "train"}
        return tuple(Subsample(train=size, **others) for size in self.train)
