"""BreastMNIST: breast ultrasound, from MedMNIST v2."""

from benchmark.medmnist_sets import medmnist_target
from benchmark.target import Target


def target(size: int = 28) -> Target:
    """The set at 28, 64, 128 or 224 pixels."""
    return medmnist_target("breastmnist", size, modality="breast ultrasound", family="busi")
