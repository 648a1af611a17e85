"""A cache of one result: a score and its resamples, and measures of the same features, need the same intermediate arrays."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")


def cache_last(work: Callable[..., Result]) -> Callable[..., Result]:
    """Decorator: a call with the same objects as the previous call returns the result of that call."""
    return _remembering(work, _same_object)


def cache_last_view(work: Callable[..., Result]) -> Callable[..., Result]:
    """Decorator: so does a call with other views of the same arrays, if nobody can write into these arrays.

    Each measure gets a view of its own of one array of features. The result is shared, so its arrays become read-only.
    """
    return _remembering(work, _same_numbers)


def _remembering(work: Callable[..., Result], same: Callable[[Any, Any], bool]) -> Callable[..., Result]:
    last: list[Any] = []

    @wraps(work)
    def cached(*arguments: Any, **named: Any) -> Result:
        again = last and len(last[0]) == len(arguments) and all(map(same, last[0], arguments)) and last[1] == named
        if not again:
            made = work(*arguments, **named)
            if same is _same_numbers:
                _fix(made)
            last[:] = [arguments, named, made]
        result: Result = last[2]
        return result

    return cached


def _same_object(one: Any, other: Any) -> bool:
    """Whether both are the same object, or equal scalars."""
    return one is other or (isinstance(one, int | float | str) and type(one) is type(other) and one == other)


def _same_numbers(one: Any, other: Any) -> bool:
    """Whether both are the same object, equal scalars, or views of the same read-only memory."""
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return _same_object(one, other)
    where, there = one.__array_interface__, other.__array_interface__
    alike = all(where[name] == there[name] for name in ("data", "shape", "strides", "typestr"))
    return alike and _read_only(one) and _read_only(other)


def _read_only(array: np.ndarray) -> bool:
    """Whether neither the array nor the one that owns its memory may be written."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        if array.base is None:
            return True
        array = array.base
    return False


def _fix(made: Any) -> None:
    for one in made if isinstance(made, tuple) else (made,):
        if isinstance(one, np.ndarray):
            one.flags.writeable = False
