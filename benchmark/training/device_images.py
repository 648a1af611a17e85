"""Images for training: on the device if they fit into its memory, else on the host and streamed one batch ahead."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

log = logging.getLogger(__name__)
SHARE = 0.5  # images may take this share of a GPU's free memory; the rest is for network, gradients and activations
Copy = tuple[tuple[Tensor, Tensor], torch.cuda.Event | None]


@dataclass(frozen=True)
class Images:
    """Pixels (N, C, S, S) uint8, C 1 or 3, or strips of volumes (N, C, K·S, S), on the device or on the host; labels (N,)
    int64, multi-label (N, L) float, on the device.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """The device of the batches."""
        return self.labels.device

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels and labels of the images at `index` (B,), a tensor on the device of the pixels. Does not wait for the copy."""
        if self.pixels.device == self.device:
            return self.pixels[index], self.labels[index]
        labels = self.labels[index.to(self.device, non_blocking=True)]
        return self.pixels[index].pin_memory().to(self.device, non_blocking=True), labels


def on_device(pixels: np.ndarray, labels: np.ndarray, device: torch.device) -> Images:
    """Convert pixels (N, S, S, C) uint8 and labels. Pixels stay on the host if they exceed half of a GPU's free memory."""
    tensor = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    dtype = torch.float32 if labels.ndim > 1 else torch.int64
    truth = torch.from_numpy(np.ascontiguousarray(labels)).to(device, dtype)
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        if tensor.nbytes > SHARE * free:
            log.info(
                "%d images of %.1f GB are streamed: %.1f GB of the GPU are free", len(truth), tensor.nbytes / 1e9, free / 1e9
            )
            return Images(tensor, truth)  # single batches are pinned
    return Images(tensor.to(device), truth)


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on the device. The host waits neither for the copy nor for the work of a GPU that was asked for before."""
    pinned = device.type == "cuda" and tensor.device.type == "cpu"
    return tensor.pin_memory().to(device, non_blocking=True) if pinned else tensor.to(device)


def batches(images: Images, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of `size` images in the given order; the last one may be smaller.

    If the images are on the host and the device is a GPU, the next batch is copied while the current one is used. The copy runs
    in a separate stream, so that it does not wait for the computation.
    """
    device = images.device
    streamed = device.type == "cuda" and images.pixels.device != device
    side = _side_stream(device, torch.cuda.current_stream(device)) if streamed else None
    if side is not None:
        side.wait_stream(torch.cuda.current_stream(device))  # the labels were copied in it
    upcoming: Copy | None = None
    for index in torch.split(order.to(images.pixels.device), size):
        now, upcoming = upcoming, _start_copy(images, index, side)
        if now is not None:
            yield _wait_for_copy(now, device)
    if upcoming is not None:
        yield _wait_for_copy(upcoming, device)


def all_batches(images: Images, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all images in batches of `size`; on the device they are parts of the images themselves, and no copies."""
    if images.pixels.device == images.device:
        yield from zip(torch.split(images.pixels, size), torch.split(images.labels, size), strict=True)
    else:
        yield from batches(images, torch.arange(len(images)), size)


@cache
def _side_stream(device: torch.device, work: torch.cuda.Stream) -> torch.cuda.Stream:
    """The stream that copies batches for a stream of work, always the same one: torch keeps memory apart for each stream."""
    del work  # copies for several streams of work do not wait for each other
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _start_copy(images: Images, index: Tensor, side: torch.cuda.Stream | None) -> Copy:
    """Start the copy of a batch. Returns the batch and, if it is copied in a separate stream, the event of its completion."""
    if side is None:
        return images.batch(index), None
    with torch.cuda.stream(side):
        return images.batch(index), side.record_event()


def _wait_for_copy(copy: Copy, device: torch.device) -> tuple[Tensor, Tensor]:
    batch, copied = copy
    if copied is not None:
        stream = torch.cuda.current_stream(device)
        stream.wait_event(copied)
        for tensor in batch:
            tensor.record_stream(stream)  # else its memory is reused for a later batch while this one is still in use
    return batch


def as_float(pixels: Tensor) -> Tensor:
    """(N, C, S, S) uint8 → (N, 3, S, S) float in [0, 1], channels last."""
    return coloured(in_unit(pixels))


def in_unit(pixels: Tensor) -> Tensor:
    """(N, C, S, S) uint8 → (N, C, S, S) float in [0, 1]."""
    return pixels.to(torch.float32).div_(255)


def coloured(images: Tensor) -> Tensor:
    """(N, 1 or 3, S, S) → (N, 3, S, S), channels last; a single channel becomes three equal ones."""
    return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
