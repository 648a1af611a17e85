"""PneumoniaMNIST: chest X-ray, from MedMNIST v2. 8 X-rays of its official val lie, pixel by pixel, in train too."""

from benchmark import Target, medmnist_target


def target(size: int = 28) -> Target:
    """The set at 28, 64, 128 or 224 pixels."""
    return medmnist_target("pneumoniamnist", size, modality="chest X-ray", family="chest_xray", known_duplicates=8)
