"""Pictures with the spectrum of photographs, and a copy as JPEG would make it."""

import io

import numpy as np
from PIL import Image

from benchmark.data.fingerprint import SIDE


def textures(count, side=SIDE, seed=0, slope=1.2):
    """(count, side, side) uint8: noise whose amplitude falls with frequency, as in photographs."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    weight = 1 / np.maximum(radius, 1 / side) ** slope
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(count, side, side))) * weight, s=(side, side))
    field = (field - field.mean((1, 2), keepdims=True)) / field.std((1, 2), keepdims=True)
    return np.clip(128 + 45 * field, 0, 255).astype(np.uint8)


def jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))
