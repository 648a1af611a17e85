"""OrganMNIST3D: eleven organs in the CT scans of Organ{A,C,S}MNIST, 28 or 64 voxels a side, from MedMNIST v2."""

from benchmark import Target, medmnist_volumes


def target(size: int = 28, views: str = "slices", slices: int = 9) -> Target:
    """The set at 28 or 64 voxels a side; a network sees `slices` of them, along one axis or `orthogonal` along all three."""
    return medmnist_volumes("organmnist3d", size, views, slices, modality="abdominal CT", family="organ_ct")
