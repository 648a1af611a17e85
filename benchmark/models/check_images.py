"""The images with which an export is compared with its classifier: test images of the target, or drawn ones without them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.data.decoded import load_images
from benchmark.data.identity import data_digest
from benchmark.data.split import split
from benchmark.models.manifest import Manifest
from benchmark.specs import catalogue
from results.error import CatsError

MOST = 200  # test images
BATCHES = (1, 3, 12, 32)  # images of the first batches; the last number goes on. No export has seen them when it was traced


@dataclass(frozen=True)
class CheckImages:
    """Images of a check.

    Attributes:
        pixels: (N, S, S, 1 or 3) uint8. names: ids of test images; none of drawn ones.
        words: what the images are, such as `156 test images of breastmnist`.
    """

    pixels: np.ndarray
    words: str
    names: Sequence[str] = ()

    def batches(self) -> list[np.ndarray]:
        """The images in batches of different sizes."""
        ends = np.cumsum([*BATCHES, *[BATCHES[-1]] * (len(self.pixels) // BATCHES[-1])])
        return [batch for batch in np.split(self.pixels, ends) if len(batch)]


def check_images(manifest: Manifest) -> CheckImages:
    """Test images of the classifier's target if they are on this machine as they were in the record, else drawn ones."""
    target = manifest.names.get("target", "")
    if target not in catalogue.names("targets"):
        return drawn_images(manifest, "this machine has no entry of the target")
    try:
        if data_digest(catalogue.target(target).dataset) != manifest.facts.get("data"):
            return drawn_images(manifest, f"the data of {target} on this machine are not those of the record")
        return real_images(manifest)
    except CatsError:
        return drawn_images(manifest, f"the images of {target} cannot be read on this machine")


def real_images(manifest: Manifest, most: int = MOST) -> CheckImages:
    """Test images of the classifier's target, at most `most`, at equal distances in the order of the data set.

    Raises CatsError if the target is unknown, or if its images cannot be read.
    """
    dataset = catalogue.target(manifest.names["target"]).dataset
    images = load_images(dataset, manifest.reading.size)
    rows = split(dataset, images)["test"]
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)]
    words = f"{len(rows)} test images of {dataset.name}"
    return CheckImages(np.asarray(images.images[rows]), words, images.ids[rows].tolist())


def drawn_images(manifest: Manifest, why: str = "") -> CheckImages:
    """Drawn images: smooth fields with noise, about mean and spread of the data that the backbone was trained with.

    They are the same in each call. `why`: no test images are used.
    """
    rng = np.random.default_rng(0)
    size, channels, count = manifest.reading.size, 3 if manifest.reading.colour else 1, sum(BATCHES[:-1])
    slices = manifest.reading.slices
    mean = np.resize(np.asarray(manifest.architecture.mean), channels)
    spread = np.resize(np.asarray(manifest.architecture.std), channels)
    coarse = rng.normal(size=(count * slices, 4, 4, channels)).repeat(-(-size // 4), axis=1).repeat(-(-size // 4), axis=2)
    drawn = coarse[:, :size, :size] + 0.3 * rng.normal(size=(count * slices, size, size, channels))
    pixels = np.clip((mean + spread * drawn) * 255, 0, 255).astype(np.uint8).reshape(count, slices * size, size, channels)
    return CheckImages(pixels, f"{count} drawn images{f', because {why}' if why else ''}")
