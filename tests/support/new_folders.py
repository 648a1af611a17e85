"""Folders of pictures as people have them, and `cats new` on them."""

import numpy as np
from PIL import Image

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")


def put(path, number=0, kind="PNG", size=8):
    """Write a drawn picture, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 255, (size, size), dtype=np.uint8)
    Image.fromarray(pixels).save(path, kind)


def new(call, *options, path="set"):
    """Call `cats new` for the folder `path`."""
    return call("new", "target", "mine", "--from", path, *FACTS, *options)
