"""Several attempts side by side on one device: on a GPU each in a stream of its own, on a CPU each on a share of the cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import torch

from benchmark.machine.cancellation import _stop
from results.record import Outcome

LOOK = 0.5  # seconds; a Ctrl-C that comes just before a wait without end is seen only after it


def side_by_side(works: Sequence[Callable[[], Outcome]], device: torch.device) -> list[Outcome]:
    """Do all of them at once and give their outcomes in order. Ctrl-C lets every one of them end as interrupted."""
    cores = torch.get_num_threads()
    share = max(1, cores // len(works))

    def alone(work: Callable[[], Outcome]) -> Outcome:
        if device.type == "cuda":
            with torch.cuda.stream(torch.cuda.Stream(device)):  # type: ignore[no-untyped-call]
                return work()
        torch.set_num_threads(share)  # of this thread
        return work()

    pool = ThreadPoolExecutor(len(works))
    try:
        futures = [pool.submit(alone, work) for work in works]
        running = set(futures)
        while running:
            try:
                running = wait(running, timeout=LOOK).not_done
            except KeyboardInterrupt:  # a second one must not end the waiting: the outcomes would be lost
                _stop.set()
    finally:
        _stop.set()  # whatever ended the waiting, nobody runs on
        pool.shutdown()
        _stop.clear()
        torch.set_num_threads(cores)
    return [future.result() for future in futures]
