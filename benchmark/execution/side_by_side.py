"""Run several attempts side by side on one device: each in its own stream of a GPU, or on its share of the CPU's cores."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import torch

from benchmark.machine.cancellation import clear_stop, request_stop
from benchmark.training.neighbours import counted
from results.record import Outcome

POLL_SECONDS = 0.5  # each wait is short: a Ctrl-C just before a long one would be noticed only at its end


def side_by_side(works: Sequence[Callable[[], Outcome]], device: torch.device) -> list[Outcome]:
    """Run all works at once and return their outcomes in order. After Ctrl-C every attempt ends as interrupted."""
    cores = torch.get_num_threads()
    share = max(1, cores // len(works))

    def on_share(number: int, work: Callable[[], Outcome]) -> Outcome:
        with counted(device):
            if device.type == "cuda":
                # Else one thread of torch computes the gradients of all works on this device, one after the other.
                with torch.cuda.stream(_stream(device, number)), torch.autograd.set_multithreading_enabled(False):
                    return work()
            torch.set_num_threads(share)  # counts for this thread alone
            return work()

    pool = ThreadPoolExecutor(len(works))
    try:
        futures = [pool.submit(on_share, number, work) for number, work in enumerate(works)]
        running = set(futures)
        while running:
            try:
                running = wait(running, timeout=POLL_SECONDS).not_done
            except KeyboardInterrupt:  # a second one must not end the wait, or the outcomes would be lost
                request_stop()
    finally:
        request_stop()  # no attempt goes on, whatever ended the wait
        pool.shutdown()
        clear_stop()
        torch.set_num_threads(cores)
    return [future.result() for future in futures]


@cache
def _stream(device: torch.device, number: int) -> torch.cuda.Stream:
    """The stream of the work of this number, the same one for later works: torch keeps memory apart for each stream."""
    del number
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
