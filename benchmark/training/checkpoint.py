"""Checkpoints: the state of a training between two epochs is kept on disk, so that an interrupted training goes on from there.

A checkpoint enters no key and decides no number: the training that goes on ends with the same weights, bit for bit, as one that
was never interrupted. Where that cannot be promised (another version of torch, another kind of device) the training begins
again.
"""

import errno
import json
import logging
import math
import os
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.checkpoint_files import exists, keep_costs, lock_file, remove_drafts, state_file, unrecorded_costs
from benchmark.core.trainer_version import TRAINER
from benchmark.machine.meter import Meter
from benchmark.machine.timm_import import timm
from benchmark.networks.precision import format_name
from results.error import CatsError
from results.files.atomic import atomic_write, disk_error
from results.files.lock import locked_if_free

log = logging.getLogger(__name__)
FORMAT = 1
SECONDS = 60.0  # between two checkpoints, at least; shorter trainings never write one
SHARE = 0.02  # of the time of a training that its checkpoints may take
RATE = 1e8  # bytes per second that even a slow disk takes; expected of the first checkpoint


@dataclass(frozen=True)
class State:
    """The state of a training between two epochs.

    Attributes:
        made_with: what the numbers depend on beside the key, see made_with().
        tensors: weights, the optimiser's memory, generators.
        figures: everything else, as plain data.
    """

    made_with: Mapping[str, str]
    tensors: Mapping[str, Tensor]
    figures: Mapping[str, Any]

    @classmethod
    def of(cls, made: Mapping[str, str], parts: Mapping[str, Mapping[str, Tensor]], figures: Mapping[str, Any]) -> "State":
        """A state from the tensors of its parts, by part and name; no name of a part contains a dot."""
        tensors = {f"{part}.{name}": tensor for part, some in parts.items() for name, tensor in some.items()}
        return cls(made, tensors, figures)

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part by their names."""
        return {key.removeprefix(f"{name}."): t for key, t in self.tensors.items() if key.startswith(f"{name}.")}


def made_with(device: torch.device, precise: torch.dtype, threads: int) -> dict[str, str]:
    """What the numbers of a training depend on beside its key: with other values another training would be continued."""
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    if device.type == "cpu":  # every number of threads divides sums in its own way
        kind = f"{kind}, threads: {threads}"
    return {
        "checkpoint format": str(FORMAT), "trainer": str(TRAINER), "torch": torch.__version__, "timm": timm.__version__,
        "device": f"{device.type} {kind}", "precision": format_name(precise),
    }  # fmt: skip


class Checkpoint:
    """The checkpoint of one cell or pretraining, a context within which this process works on it.

    If another process works on the same key, this one reads its checkpoint, but writes none.
    """

    def __init__(self, key: str, what: str, meter: Meter) -> None:
        """`what` names the cell or pretraining in the log; the costs of attempts whose process died go to the meter."""
        self.key, self.what, self.meter = key, what, meter
        self._owned, self._warned = False, False
        self._stack = ExitStack()
        self._last, self._pause, self._begun = time.monotonic(), 0.0, time.time()

    def __enter__(self) -> Self:
        if exists(self.key):
            self._own()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
        self._owned = False

    def read(self, expected: Mapping[str, str]) -> State | None:
        """The state that an earlier attempt has left; None, with a line in the log, if it is damaged or not made alike."""
        path = state_file(self.key)
        if not path.exists():
            return None
        try:
            state = _read(path, self.key)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s begins again, because its checkpoint %s is damaged: %s", self.what, path, error)
            return None
        found = state.made_with
        other = [f"{name} {found.get(name)} instead of {value}" for name, value in expected.items() if found.get(name) != value]
        if other:
            log.warning("%s begins again, because its checkpoint was made with %s", self.what, " and ".join(other))
            return None
        return state

    def due(self) -> bool:
        """Whether keep() would write now."""
        return time.monotonic() - self._last >= max(SECONDS, self._pause)

    def keep(self, state_of: Callable[[], State]) -> None:
        """Write the state after an epoch, if it is time. A disk that refuses stops nothing."""
        if not self.due():
            return
        waited = time.monotonic() - self._last
        state = state_of()
        if not self._pause:
            self._pause = sum(tensor.nbytes for tensor in state.tensors.values()) / RATE / SHARE
            if waited < self._pause:
                return
        begun = time.monotonic()
        if self._owned or self._own():
            try:
                own = self.meter.so_far()
                keep_costs(self.key, (*self.meter.carried, *own), self._begun, math.fsum(cost.seconds for cost in own))
                _write(state_file(self.key), self.key, state)
            except CatsError as error:
                self._warn(str(error))
        self._last = time.monotonic()
        self._pause = (self._last - begun) / SHARE

    def _own(self) -> bool:
        """Become the process that writes this checkpoint, unless another one is; take over what attempts before it cost."""
        path = lock_file(self.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._owned = self._stack.enter_context(locked_if_free(path))
        except OSError as error:
            self._warn(str(disk_error("a checkpoint", path.parent, error)))
        if self._owned:
            remove_drafts(self.key)
            self.meter.carried = list(unrecorded_costs(self.key))
        return self._owned

    def _warn(self, why: str) -> None:
        if not self._warned:
            log.warning("%s goes on, but would begin again after an interruption: %s", self.what, why)
        self._warned = True


def _write(path: Path, key: str, state: State) -> None:
    """Raises CatsError if the disk refuses."""
    tensors = _plain(state.tensors)
    header = {
        "key": key, "made with": dict(state.made_with), "figures": dict(state.figures), "checksum": _checksum(tensors),
    }  # fmt: skip
    text = json.dumps(header)
    with atomic_write(path, "a checkpoint", durable=True) as draft:
        try:
            save_file(tensors, draft, {"checkpoint": text, "checksum": _checksum_of(text)})
        except SafetensorError as error:
            found = re.search(r"os error (\d+)", str(error))
            number = int(found[1]) if found else errno.EIO
            raise OSError(number, os.strerror(number) if found else str(error)) from error


def _read(path: Path, key: str) -> State:
    """Raises one of several errors if the file is damaged or of another key."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        header = json.loads(metadata["checkpoint"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    if metadata.get("checksum", known := _checksum_of(metadata["checkpoint"])) != known:  # older versions wrote none
        raise ValueError("its checksum differs")
    if header["key"] != key:
        raise ValueError("it belongs to another training")
    if header["checksum"] != _checksum(tensors):
        raise ValueError("its checksum differs")
    return State(dict(header["made with"]), tensors, dict(header["figures"]))


def _checksum_of(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors on the CPU of which no two share memory, as safetensors needs them."""
    plain: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        if own.untyped_storage().data_ptr() in seen:
            own = own.clone()
        seen.add(own.untyped_storage().data_ptr())
        plain[name] = own
    return plain


def _checksum(tensors: Mapping[str, Tensor]) -> int:
    """The CRC of all names and contents: safetensors itself notices no bit that has changed."""
    value = 0
    for name in sorted(tensors):
        content: Iterable[int] = tensors[name].reshape(-1).view(torch.uint8).numpy()
        value = zlib.crc32(content, zlib.crc32(name.encode(), value))  # type: ignore[arg-type] # arrays are buffers
    return value
