"""Simple statistics of images that a person can name: brightness, contrast, sharpness, colour, size."""

import numpy as np

from benchmark.data.volumes import slice_count

# Mean grey value; standard deviation of grey values; mean absolute difference of neighbouring grey values, all from 0 to 1;
# mean of the largest minus the smallest channel, from 0 to 1; height and width in the file, in pixels.
STATISTICS = ("brightness", "contrast", "sharpness", "saturation", "height", "width")
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def image_statistics(images: np.ndarray, shapes: np.ndarray | None = None) -> np.ndarray:
    """Statistics of (N, S, S, 1 or 3) uint8 images, or strips of volumes → (N, 6) float32, the columns of STATISTICS.

    shapes: (N, 2) height and width of the pictures before they were resized; None if unknown, which becomes NaN.
    """
    scaled = np.asarray(images, np.float32) / 255
    grey = scaled[..., 0] if scaled.shape[-1] == 1 else scaled @ LUMA
    slices = grey.reshape(-1, grey.shape[2], grey.shape[2])  # of volumes: where two of them meet there is no edge
    across, down = np.abs(np.diff(slices, axis=2)), np.abs(np.diff(slices, axis=1))
    sharpness = (across.mean(axis=(1, 2)) + down.mean(axis=(1, 2))) / 2
    sides = np.full((len(scaled), 2), np.nan) if shapes is None else shapes
    columns = [
        grey.mean(axis=(1, 2)),
        grey.std(axis=(1, 2)),
        sharpness.reshape(len(scaled), slice_count(*grey.shape[1:3])).mean(axis=1),
        (scaled.max(axis=-1) - scaled.min(axis=-1)).mean(axis=(1, 2)),
        *np.asarray(sides, np.float32).T,
    ]
    return np.stack(columns, axis=1).astype(np.float32)
