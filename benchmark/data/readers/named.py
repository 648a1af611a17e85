"""The reader that an entry names, with its options."""

from typing import Any

from benchmark.data.readers.registry import READERS
from results.error import CatsError, nearest
from results.text.brief import briefly


def named_reader(value: Any) -> Any:
    """Make the reader that YAML names: `folders`, or a mapping with options, `{folders: {file: x.zip}}`.

    Raises ValueError, as pydantic wants it, for an unknown reader and wrong options.
    """
    if isinstance(value, str | dict):
        if isinstance(value, dict) and len(value) != 1:
            raise ValueError(
                f"read names one reader with its options, not {len(value)}: {', '.join(map(str, value)) or 'none'}"
            )
        name, options = (value, {}) if isinstance(value, str) else next(iter(value.items()))
        if name not in READERS:
            raise ValueError(f"there is no reader '{name}'{nearest(name, READERS)}")
        if not isinstance(options or {}, dict):
            raise ValueError(f"the reader {name} takes options by name, not {briefly(options)}")  # noqa: TRY004 - pydantic wants it
        try:
            return READERS[name].make(options or {})
        except CatsError as error:
            raise ValueError(f"the reader {name}: {error}") from error
    if not callable(value):
        raise ValueError(f"read is {briefly(value)}; it must name a reader, with its options if there are any")  # noqa: TRY004 - as above
    return value


def plain_options(value: Any) -> Any:
    """YAML values as JSON can hold them: dates, and numbers used as keys, become text."""
    if isinstance(value, dict):
        return {str(key): plain_options(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain_options(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def identifying_options(read: dict[str, Any]) -> dict[str, Any]:
    """The options of a reader as a part of the identity of the data.

    `nothing: ""` is left out: earlier versions read a blank cell so without it, and the identity stays the same.
    """
    plain: dict[str, Any] = plain_options(read)
    return {
        name: {key: value for key, value in options.items() if (key, value) != ("nothing", "")}
        if isinstance(options, dict)
        else options
        for name, options in plain.items()
    }
