"""BreastMNIST: breast ultrasound, from MedMNIST v2.

The ultrasound pictures behind it (BUSI) hold many lesions twice, and the official split does not know it: of the 234 images
of val and test at 28 pixels 62 lie in an earlier part too. A few more may be told at the larger sizes.
"""

from benchmark import Target, medmnist_target


def target(size: int = 28) -> Target:
    """The set at 28, 64, 128 or 224 pixels."""
    twice = 62 if size == 28 else 75
    return medmnist_target("breastmnist", size, modality="breast ultrasound", family="busi", known_duplicates=twice)
