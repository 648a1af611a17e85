"""A cache of images on a device, so that cells of one target share them; least recently used images are evicted first."""

import threading
import weakref
from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
import torch

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.machine import nvml
from benchmark.training.device_images import Images, on_device

HOST_BYTES = 2**31
_cache: dict[Hashable, Images] = {}  # in order of use, the most recent last
_spare: list[tuple[Hashable, object]] = []  # all of one kind, because they may hold gigabytes of a GPU
_lock = threading.Lock()  # cells side by side request the same images at the same time


def get_or_upload(key: Hashable, size: int, device: torch.device, make: Callable[[], Images]) -> Images:
    """Return the cached device images for `key`.

    On a miss, evict the least recently used entries until `size` bytes fit (into half of the GPU's memory, divided by the
    processes that compute on it, or 2 GiB on the host), then call `make`.
    """
    with _lock:
        images = _cache.pop(key, None)
        if images is None:
            limit = _share(device) if device.type == "cuda" else HOST_BYTES
            while _cache and sum(each.pixels.nbytes for each in _cache.values()) + size > limit:
                del _cache[next(iter(_cache))]
            images = make()
        _cache[key] = images
        return images


def _share(device: torch.device) -> int:
    """The bytes of a GPU that images of this process may take."""
    return torch.cuda.mem_get_info(device)[1] // 2 // nvml.processes(str(device))


def keep_spare(key: Hashable, thing: object) -> None:
    """Keep what later work of the same kind can use, instead of what was kept of another kind."""
    with _lock:
        _spare[:] = [(kind, each) for kind, each in _spare if kind == key] + [(key, thing)]


def take_spare(key: Hashable) -> object | None:
    """What was kept of this kind, for its new owner alone; None if nothing is left. What is of another kind makes room."""
    with _lock:
        _spare[:] = [(kind, each) for kind, each in _spare if kind == key]
        return _spare.pop()[1] if _spare else None


def evict_unused() -> bool:
    """Evict entries that nothing else references, and all that is kept for later work. Returns True if any was evicted."""
    with _lock:
        spare = bool(_spare)
        _spare.clear()
        references = {key: weakref.ref(images) for key, images in _cache.items()}
        _cache.clear()
        _cache.update({key: images for key, reference in references.items() if (images := reference()) is not None})
        return spare or len(_cache) < len(references)


def cached_images(dataset: Dataset, size: int, rows: np.ndarray, device: torch.device) -> Images:
    """Return the images at `rows` of a data set on the device, from the cache or uploaded into it."""
    images = load_images_cached(dataset, size)
    upload = partial(_upload, images, rows, device)
    return get_or_upload((dataset, size, device, rows.tobytes()), len(rows) * images.images[:1].nbytes, device, upload)


def _upload(images: Decoded, rows: np.ndarray, device: torch.device) -> Images:
    return on_device(images.images[rows], images.labels[rows], device)
