"""The share of a GPU's busy time that belongs to this process, by NVML's list of processes."""

import logging
import os
import threading
import time

from benchmark.machine import nvml

log = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds; NVML tells the utilisation by each process over about the last second


class GpuWatch:
    """Watches the processes on a GPU, in a thread of its own, from its creation until `share` is called.

    A container may number its processes otherwise than NVML does. Then this process is not in NVML's list, and its share is
    unknown.
    """

    def __init__(self, device: str) -> None:
        """`device`: a torch device; nothing is watched for the CPU, nor where NVML does not know the card."""
        self._card = nvml.handle(device) if device.startswith("cuda") else None
        self._listed, self._others = False, False
        self._own, self._all = 0.0, 0.0
        self._since = int(time.time() * 1e6)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="processes on the GPU", daemon=True)
        if self._card is not None:
            self._thread.start()

    def share(self) -> float | None:
        """End the watch. Returns this process's share, in (0, 1]: 1 if it was alone; None if it is unknown."""
        if self._card is None:
            return None
        self._ended.set()
        self._thread.join()
        self._look()
        if not self._listed:
            return None
        if not self._others:
            return 1.0
        return self._own / self._all if self._own else None

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        assert self._card is not None
        (library, card), mine = self._card, os.getpid()
        try:
            running = {process.pid for process in library.nvmlDeviceGetComputeRunningProcesses(card)}
            self._listed |= mine in running
            self._others |= bool(running - {mine})
            for sample in library.nvmlDeviceGetProcessUtilization(card, self._since):
                self._since = max(self._since, sample.timeStamp)
                self._all += sample.smUtil
                self._own += sample.smUtil if sample.pid == mine else 0.0
        except Exception as error:  # noqa: BLE001 - the library raises many classes of errors, one of them if nothing worked
            log.debug("NVML gave no figures of the processes: %s", error)
