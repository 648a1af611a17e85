"""SynapseMNIST3D: synapses of one neuron, 28 or 64 voxels a side, from MedMNIST v2.

All volumes are from one animal.
"""

from benchmark import Target, medmnist_volumes


def target(size: int = 28, views: str = "slices", slices: int = 9) -> Target:
    """The set at 28 or 64 voxels a side; a network sees `slices` of them, along one axis or `orthogonal` along all three."""
    return medmnist_volumes("synapsemnist3d", size, views, slices, modality="electron microscopy of a rat brain")
