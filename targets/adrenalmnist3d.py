"""AdrenalMNIST3D: shapes of adrenal glands, 28 or 64 voxels a side, from MedMNIST v2.

The volumes are masks, without grey levels. Two glands of one patient are in one part.
"""

from benchmark import Target, medmnist_volumes


def target(size: int = 28, views: str = "slices", slices: int = 9) -> Target:
    """The set at 28 or 64 voxels a side; a network sees `slices` of them, along one axis or `orthogonal` along all three."""
    return medmnist_volumes("adrenalmnist3d", size, views, slices, modality="masks of adrenal glands in CT")
