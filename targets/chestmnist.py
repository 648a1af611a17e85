"""ChestMNIST: chest X-ray, from MedMNIST v2."""

from benchmark import Target, medmnist_target


def target(size: int = 28) -> Target:
    """The set at 28, 64, 128 or 224 pixels."""
    return medmnist_target("chestmnist", size, modality="chest X-ray", family="chest_xray")
