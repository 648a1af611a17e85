"""A limit of time for calls of libraries that have none, such as the look-up of a host's name."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return the result of a call. Raises TimeoutError if the call takes longer, which then goes on unheard; else its error."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - every error belongs to the caller
            errors.append(error)

    thread = threading.Thread(target=work, name="cats patience", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no whole answer within {seconds:g} seconds")
    return results[0]
