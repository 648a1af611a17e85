"""The command that this process runs, by the name under which records say it."""

from contextvars import ContextVar

NOTEBOOK = "catsbench"  # the module that Python code imports
_running: ContextVar[str] = ContextVar("_running", default=NOTEBOOK)


def begin(name: str) -> None:
    """Say that the command of this name, such as "cats run", has begun."""
    _running.set(name)


def program() -> str:
    """The command that has begun; the module for notebooks if none has."""
    return _running.get()
