"""BreastMNIST: breast ultrasound, from MedMNIST v2.

The ultrasound pictures behind it (BUSI) show many lesions twice, and the official split ignores this: of the 234 images of
val and test, 62 also lie in an earlier part at 28 pixels. A few more duplicates may be recognised at the larger sizes.
"""

from benchmark import Target, medmnist_target


def target(size: int = 28) -> Target:
    """The set at 28, 64, 128 or 224 pixels."""
    twice = 62 if size == 28 else 75
    return medmnist_target("breastmnist", size, modality="breast ultrasound", family="busi", known_duplicates=twice)
