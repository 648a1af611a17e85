"""IHC: is a patch of colon tissue stained? Cut from the picture of colon tissue that ships inside scikit-image.

Brown DAB marks FHL2, blue haematoxylin marks nuclei. Colour deconvolution (Ruifrok & Johnston 2001) gives both; a patch is
positive when its mean DAB exceeds `RATIO` times its mean haematoxylin. Patches are grey with equal mean and contrast;
otherwise the mean would reveal the label, while texture is what transfers. The picture has 4 × 4 blocks; a block
belongs to one part, and a margin inside each keeps patches of different blocks 16 pixels apart, so that neighbours never
sit on two sides.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark import CatsError, Dataset, Samples, Target

SHA256 = "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef"  # of scikit-image's data/ihc.png
BLOCK, MARGIN, PATCH, STRIDE = 128, 8, 32, 16
RATIO = 2.2  # splits the training patches about evenly
PARTS = (
    ("train", "val", "train", "test"),
    ("test", "train", "val", "train"),
    ("train", "test", "train", "val"),
    ("val", "train", "test", "train"),
)


def read(_: Path) -> Samples:
    """Cut, label and split the picture. Raises CatsError if scikit-image ships another picture."""
    import skimage
    from skimage import color, data

    path = Path(skimage.__file__).parent / "data" / "ihc.png"
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise CatsError(f"ihc: {path} is not the expected picture (sha256 {SHA256}); reinstall scikit-image")
    picture = data.immunohistochemistry()
    stains = color.rgb2hed(picture)
    grey = color.rgb2gray(picture)
    images, labels, ids, groups, parts = [], [], [], [], []
    for row, column, y, x in corners():
        here = np.s_[y : y + PATCH, x : x + PATCH]
        images.append(levelled(grey[here]))
        labels.append(int(stains[here][..., 2].mean() > RATIO * stains[here][..., 0].mean()))
        ids.append(f"{y}-{x}")
        groups.append(f"block-{row}-{column}")
        parts.append(PARTS[row][column])
    return Samples(images, np.array(labels), ids, groups, parts)


def levelled(patch: np.ndarray) -> np.ndarray:
    """(PATCH, PATCH) float → uint8 with mean 128 and standard deviation 48, clipped at 0 and 255."""
    level: np.ndarray = np.clip(np.rint(128 + 48 * (patch - patch.mean()) / patch.std()), 0, 255).astype(np.uint8)
    return level


def corners() -> Iterator[tuple[int, int, int, int]]:
    """Row and column of the block, and upper left corner (y, x) of the patch."""
    inside = range(MARGIN, BLOCK - MARGIN - PATCH + 1, STRIDE)
    for row in range(4):
        for column in range(4):
            for dy in inside:
                for dx in inside:
                    yield row, column, row * BLOCK + dy, column * BLOCK + dx


target = Target(
    name="ihc",
    dataset=Dataset(
        name="ihc",
        title="Stained tissue in colon immunohistochemistry, patches of 32 px",
        modality="immunohistochemistry",
        task="binary",
        classes=("unstained", "stained"),
        licence="CC0 (scikit-image, skimage.data.immunohistochemistry)",
        citation="van der Walt et al., scikit-image, PeerJ 2:e453, 2014",
        revision=f"2-{SHA256[:12]}",
        groups="block",
        official=("train", "val", "test"),
        shape=(PATCH, PATCH),
        images=576,
        read=read,
    ),
)
