"""Textures: patches of the texture pictures that ship inside scikit-image, one class per picture; nothing is downloaded.

None of these pictures is medical, and none is the one behind the target `ihc`. Train, val and test patches come from
separate bands of each picture.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark import Dataset, Samples, Source, generator

PICTURES = ("brick", "grass", "gravel", "coins", "moon", "hubble_deep_field", "page", "coffee")
BANDS = {"train": (0.0, 0.7, 200), "val": (0.7, 0.85, 40), "test": (0.85, 1.0, 40)}  # from, to, patches
SIDE = 64


def read(_: Path) -> Samples:
    """Random squares of 24 to 64 pixels from each band, scaled to 64."""
    rows = [(label, part, i) for label in range(len(PICTURES)) for part, band in BANDS.items() for i in range(band[2])]
    return Samples(
        images=patches(),
        labels=np.array([label for label, _, _ in rows]),
        ids=[f"{PICTURES[label]}-{part}-{i}" for label, part, i in rows],
        parts=[part for _, part, _ in rows],
    )


def patches() -> Iterator[np.ndarray]:
    """(SIDE, SIDE) uint8, in the order of the rows above."""
    from PIL import Image
    from skimage import color, data, util

    for name in PICTURES:
        loaded = getattr(data, name)()
        grey = util.img_as_ubyte(color.rgb2gray(loaded[..., :3]) if loaded.ndim == 3 else loaded)
        for part, (first, last, count) in BANDS.items():
            band = grey[:, int(first * grey.shape[1]) : int(last * grey.shape[1])]
            rng = generator("textures", name, part)
            for _ in range(count):
                side = int(rng.integers(24, min(64, *band.shape) + 1))
                y, x = (int(rng.integers(0, extent - side + 1)) for extent in band.shape)
                yield np.asarray(Image.fromarray(band[y : y + side, x : x + side]).resize((SIDE, SIDE)))


dataset = Dataset(
    name="textures",
    title="Patches of texture pictures",
    modality="photograph",
    task="multiclass",
    classes=PICTURES,
    licence="CC0 and public domain (scikit-image, skimage.data)",
    citation="van der Walt et al., scikit-image, PeerJ 2:e453, 2014",
    shape=(SIDE, SIDE),
    images=len(PICTURES) * 280,
    read=read,
)
source = Source(name="textures", title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
