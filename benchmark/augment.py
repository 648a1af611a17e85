"""Augmentation of a whole batch at once, with one draw per image."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.recipe import Augment


def augmented(images: Tensor, augment: Augment, luck: torch.Generator) -> Tensor:
    """(N, C, H, W) float in [0, 1] → the same, each image changed on its own.

    Random numbers are drawn on the CPU, so every device sees the same ones. Flip, rotation, shift and zoom are one affine
    map, sampled bilinearly; what comes from outside the image is mirrored.
    """
    count = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return (low + (high - low) * torch.rand(count, generator=luck)).to(images.device)

    a = augment
    sign_x = torch.where(uniform(0, 1) < a.flip, -1.0, 1.0)
    sign_y = torch.where(uniform(0, 1) < a.flip_vertical, -1.0, 1.0)
    angle = uniform(-a.rotate, a.rotate) * (math.pi / 180)
    scale = 1 / uniform(1 - a.zoom, 1 + a.zoom)
    move_x, move_y = 2 * uniform(-a.shift, a.shift), 2 * uniform(-a.shift, a.shift)
    brightness = uniform(1 - a.brightness, 1 + a.brightness).view(-1, 1, 1, 1)
    contrast = uniform(1 - a.contrast, 1 + a.contrast).view(-1, 1, 1, 1)
    if a.rotate or a.shift or a.zoom:
        cos, sin = scale * angle.cos(), scale * angle.sin()
        rows = [sign_x * cos, -sign_x * sin, move_x, sign_y * sin, sign_y * cos, move_y]
        theta = torch.stack(rows, dim=1).view(count, 2, 3)  # output → input coordinates, both in [-1, 1]
        grid = F.affine_grid(theta, list(images.shape), align_corners=False).to(images.dtype)
        images = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    else:
        images = torch.where((sign_x < 0).view(-1, 1, 1, 1), images.flip(3), images)
        images = torch.where((sign_y < 0).view(-1, 1, 1, 1), images.flip(2), images)
    if a.brightness or a.contrast:
        middle = images.mean(dim=(1, 2, 3), keepdim=True)
        images = ((images - middle) * contrast + middle * brightness).clamp(0, 1)
    return images
