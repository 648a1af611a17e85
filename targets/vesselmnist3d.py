"""VesselMNIST3D: segments of brain vessels, 28 or 64 voxels a side, from MedMNIST v2.

The volumes are filled meshes of IntrA, without grey levels.
"""

from benchmark import Target, medmnist_volumes


def target(size: int = 28, views: str = "slices", slices: int = 9) -> Target:
    """The set at 28 or 64 voxels a side; a network sees `slices` of them, along one axis or `orthogonal` along all three."""
    return medmnist_volumes("vesselmnist3d", size, views, slices, modality="meshes of brain vessels in MRA", family="intra")
