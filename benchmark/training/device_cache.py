"""Images that stay on a device between cells: those used last, as long as together they leave the other half of its memory."""

import threading
import weakref
from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
import torch

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images_cached
from benchmark.training.device_images import Images, on_device

HOST_BYTES = 2**31  # bytes
_cache: dict[Hashable, Images] = {}  # the one used last is the last one
_lock = threading.Lock()  # cells side by side want the same images at the same time


def get_or_upload(key: Hashable, size: int, device: torch.device, made: Callable[[], Images]) -> Images:
    """The images of this name, which have so many bytes of pixels; made where they are not there, others going for them."""
    with _lock:
        found = _cache.pop(key, None)
        if found is None:
            most = torch.cuda.mem_get_info(device)[1] // 2 if device.type == "cuda" else HOST_BYTES
            while _cache and sum(images.pixels.nbytes for images in _cache.values()) + size > most:
                del _cache[next(iter(_cache))]
            found = made()
        _cache[key] = found
        return found


def evict_unused() -> bool:
    """Keep only images that somebody is using. Whether there were others."""
    with _lock:
        seen = {key: weakref.ref(images) for key, images in _cache.items()}
        _cache.clear()
        _cache.update({key: images for key, there in seen.items() if (images := there()) is not None})
        return len(_cache) < len(seen)


def cached_images(dataset: Dataset, size: int, rows: np.ndarray, device: torch.device) -> Images:
    """Images of a data set on the device, where they stay between cells."""
    images = load_images_cached(dataset, size)
    made = partial(_uploaded, images, rows, device)
    return get_or_upload((dataset, size, device, rows.tobytes()), len(rows) * images.images[:1].nbytes, device, made)


def _uploaded(images: Decoded, rows: np.ndarray, device: torch.device) -> Images:
    return on_device(images.images[rows], images.labels[rows], device)
