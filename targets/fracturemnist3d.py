"""FractureMNIST3D: fractures of ribs, 28 or 64 voxels a side, from MedMNIST v2.

The CT scans and the split are those of RibFrac.
"""

from benchmark import Target, medmnist_volumes


def target(size: int = 28, views: str = "slices", slices: int = 9) -> Target:
    """The set at 28 or 64 voxels a side; a network sees `slices` of them, along one axis or `orthogonal` along all three."""
    return medmnist_volumes("fracturemnist3d", size, views, slices, modality="thoracic CT", family="ribfrac")
