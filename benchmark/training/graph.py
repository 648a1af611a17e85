"""Records work of a GPU as a CUDA graph, so that the host asks for all of it at once whenever it is made again."""

from collections.abc import Callable

import torch

from results.error import CatsError, first_line


def replays(device: torch.device) -> bool:
    """Whether work on this device can be recorded."""
    return device.type == "cuda"


def recorded(work: Callable[[], object], device: torch.device) -> tuple[torch.cuda.CUDAGraph | None, str]:
    """`work` as a graph, without making it; (None, why) if it asks for something that a graph cannot hold.

    All tensors that `work` reads must keep their places as long as the graph is used, and it must not wait for the device.
    """
    graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream(device))
    try:
        with torch.cuda.stream(side):
            graph.capture_begin(capture_error_mode="thread_local")  # other threads may use the GPU meanwhile
            try:
                work()
            finally:
                graph.capture_end()
    except (RuntimeError, CatsError) as error:
        return None, first_line(error)
    torch.cuda.current_stream(device).wait_stream(side)
    return graph, ""
