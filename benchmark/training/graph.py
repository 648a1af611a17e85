"""Records work of a GPU as a CUDA graph, so that the host asks for all of it at once whenever it is made again."""

import threading
from collections.abc import Callable
from contextlib import suppress

import torch

from results.error import CatsError, first_line

recording = threading.Lock()  # held while a graph is recorded: memory cannot be given back to the GPU meanwhile


def replays(device: torch.device) -> bool:
    """Whether work on this device can be recorded."""
    return device.type == "cuda"


def capturing() -> bool:
    """Whether the calling thread records a graph now."""
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


def recorded(work: Callable[[], object], device: torch.device) -> tuple[torch.cuda.CUDAGraph | None, str]:
    """`work` as a graph, without making it; (None, why) if it asks for something that a graph cannot hold.

    All tensors that `work` reads must keep their places as long as the graph is used, and it must not wait for the device.
    """
    with recording:
        torch.cuda.empty_cache()  # a graph has memory of its own, which must not lie idle elsewhere
        _forget_workspaces()  # cuBLAS would let two graphs that were recorded in one stream share one
        try:
            return _recorded(work, device), ""
        except (RuntimeError, CatsError) as error:
            return None, first_line(error)
        finally:
            _forget_workspaces()


def _recorded(work: Callable[[], object], device: torch.device) -> torch.cuda.CUDAGraph:
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    # Of the streams with priority, which nothing else uses: what another thread asks for in this stream would be recorded too.
    side = torch.cuda.Stream(device, priority=-1)  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):
        graph.capture_begin(pool, capture_error_mode="thread_local")  # other threads may use the GPU meanwhile
        try:
            work()
        except BaseException:
            with suppress(RuntimeError):  # says that the recording is spoilt, and not by what
                graph.capture_end()
            _leave(pool, device)
            raise
        try:
            graph.capture_end()
        except RuntimeError:
            _leave(pool, device)
            raise
    torch.cuda.current_stream(device).wait_stream(side)
    return graph


def _leave(pool: tuple[int, int], device: torch.device) -> None:
    """End the allocations from a pool, which a spoilt recording leaves open; with one open, no memory could be given back."""
    leave = getattr(torch._C, "_cuda_endAllocateToPool", None)  # noqa: SLF001 - torch has no other way
    if leave is not None:
        with suppress(RuntimeError):
            leave(torch.cuda.current_device() if device.index is None else device.index, pool)


def _forget_workspaces() -> None:
    forget = getattr(torch._C, "_cuda_clearCublasWorkspaces", None)  # noqa: SLF001 - torch has no other way
    if forget is not None:
        forget()
