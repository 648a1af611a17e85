"""Files of checkpoints, by the key of a cell or pretraining. This module needs no torch; training.checkpoint fills the files.

KEY.safetensors holds the state of a training between two epochs, KEY.json the costs of attempts at it that no record counts
yet, and KEY.lock is held by the process that writes both.
"""

import time
from contextlib import suppress
from pathlib import Path

from benchmark.core.json_cache import keep, read
from benchmark.core.paths import checkpoints_folder
from results.files.atomic import DRAFT, remove
from results.files.lock import locked_if_free
from results.record import PROGRAM, Cost, Frozen, Record

OLD = 30 * 24 * 3600  # seconds without a change after which nobody is expected to go on with a training

_swept: set[Path] = set()  # folders in which this process has looked for old files


class Unrecorded(Frozen):
    """The costs of attempts that no record counts yet: their process may die before it makes one.

    Attributes:
        begun: when the latest of these attempts began, seconds since 1970; 0 in files of older versions.
        seconds: the part of the costs that is the latest attempt's own, in seconds; 0 in files of older versions.
    """

    costs: tuple[Cost, ...] = ()
    begun: float = 0.0
    seconds: float = 0.0


def state_file(key: str) -> Path:
    """The state of the training of a cell or pretraining; it may not exist."""
    return checkpoints_folder() / f"{key}.safetensors"


def lock_file(key: str) -> Path:
    """The file whose lock the process holds that writes the checkpoints of a training."""
    return checkpoints_folder() / f"{key}.lock"


def at_work(key: str) -> bool | None:
    """Whether a process writes the checkpoints of a training at this moment; None if its lock cannot be asked.

    On a file system without locks no process is seen at work.
    """
    if not lock_file(key).exists():
        return False
    try:
        with locked_if_free(lock_file(key)) as free:
            return not free
    except OSError:  # the folder of another user, which can only be read
        return None


def _costs_file(key: str) -> Path:
    return checkpoints_folder() / f"{key}.json"


def exists(key: str) -> bool:
    """Whether an attempt has left a state or costs."""
    return state_file(key).exists() or _costs_file(key).exists()


def remove_drafts(key: str) -> None:
    """Remove what a process has left that died while it wrote. Only for the process that holds the lock."""
    for draft in checkpoints_folder().glob(f"{DRAFT}*-{key}.*"):
        remove(draft)


def unrecorded_costs(key: str) -> tuple[Cost, ...]:
    """The costs of earlier attempts that no record counts, because their process died; empty if there are none."""
    noted = read(Unrecorded, _costs_file(key))
    return () if noted is None else noted.costs


def seconds_of_attempt(key: str, started: float) -> float:
    """The seconds, of the attempt that was started at this time, that are noted for the record of the next attempt."""
    noted = read(Unrecorded, _costs_file(key))
    return 0.0 if noted is None or noted.begun < started else noted.seconds


def keep_costs(key: str, costs: tuple[Cost, ...], begun: float = 0.0, seconds: float = 0.0) -> None:
    """Note the costs of the running attempt, see Unrecorded, and of those before it, in case that its process dies."""
    _sweep()
    keep(Unrecorded(costs=costs, begun=begun, seconds=seconds), _costs_file(key))


def mark_recorded(record: Record) -> None:
    """Note that a record is on the disk: it counts what its attempt cost, and a finished training needs its state no more."""
    if record.kind == "score":
        return
    paths = [_costs_file(record.key)] if _counts(record) else []
    if record.status == "finished":
        paths += [state_file(record.key), lock_file(record.key)]
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _counts(record: Record) -> bool:
    """Whether a record counts the noted costs.

    It does not if they are of an attempt that began after it, or if the driver wrote it for a process that returned nothing:
    such a record knows neither the machine nor the energy.
    """
    noted = read(Unrecorded, _costs_file(record.key))
    return noted is None or (bool(record.environment.keys() - {PROGRAM}) and noted.begun <= record.ended)


def _sweep() -> None:
    """Remove the files of trainings with which nobody has gone on for long, once per process."""
    folder = checkpoints_folder()
    if folder in _swept or not folder.is_dir():
        return
    _swept.add(folder)
    for path in folder.iterdir():
        with suppress(OSError):  # another process removes the file at the same time
            if time.time() - path.stat().st_mtime > OLD:
                path.unlink()
