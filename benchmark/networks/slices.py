"""Volumes in a network: strips are taken apart into slices, and the features of the slices of each volume are pooled.

A strip is K·S pixels high and S wide (benchmark.data.volumes); a square passes as it is. Nothing is copied where the memory
format is channels last, in which a strip is its slices one after the other.
"""

from torch import Tensor

from benchmark.data.volumes import slice_count


def count_slices(images: Tensor) -> int:
    """The number of slices K of images (N, C, K·S, S)."""
    return slice_count(images.shape[2], images.shape[3])


def apart(images: Tensor) -> Tensor:
    """(N, C, K·S, S) → (N·K, C, S, S), the slices of one volume after the other."""
    if count_slices(images) == 1:
        return images
    channels, side = images.shape[1], images.shape[3]
    return images.permute(0, 2, 3, 1).reshape(-1, side, side, channels).permute(0, 3, 1, 2)


def together(slices: Tensor, count: int) -> Tensor:
    """(N·K, C, S, S) → (N, C, K·S, S), the reverse of `apart`."""
    if count == 1:
        return slices
    channels, side = slices.shape[1], slices.shape[3]
    return slices.permute(0, 2, 3, 1).reshape(-1, count * side, side, channels).permute(0, 3, 1, 2)


def pooled(features: Tensor, count: int) -> Tensor:
    """(N·K, D) → (N, D): the mean over the slices of each volume."""
    return features.reshape(-1, count, features.shape[1]).mean(dim=1) if count > 1 else features
