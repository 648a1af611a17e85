"""Augmentation of a whole batch at once, each image by its own random numbers, with the same result on every device.

The random numbers of an epoch are drawn on the CPU and copied to the device once; a batch uses its rows of them. Quantities
such as the affine maps are computed once per epoch, not for every batch. No branch depends on the value of a tensor, so that
the host never waits for the device.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.networks.slices import apart, count_slices, together
from benchmark.specs.recipe import Augment
from benchmark.training.colour import PLANES, adjust_colour
from benchmark.training.device_images import coloured, sent

WARPS = ("rotate", "shift", "zoom", "crop")
FLIPS = ("flip", "flip_vertical")
SHAPES = (math.log(3 / 4), math.log(4 / 3))  # of crops, width to height, as in torchvision's RandomResizedCrop
# Rows are the stains of Ruifrok and Johnston (2001), haematoxylin, eosin and DAB, which takes the residual; columns are the
# optical densities of red, green and blue.
STAINS = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


@dataclass(frozen=True)
class AugmentationDraws:
    """The random numbers of N images: table (N, K) float32, and the columns of each augmentation in it."""

    table: Tensor
    columns: Mapping[str, slice]

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: slice | Tensor) -> "AugmentationDraws":
        return AugmentationDraws(self.table[rows], self.columns)

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def to(self, device: torch.device | str) -> "AugmentationDraws":
        """Copy the numbers to a device, in one transfer."""
        return AugmentationDraws(sent(self.table, torch.device(device)), self.columns)

    def of(self, name: str) -> Tensor:
        """The columns of an augmentation, (N, k)."""
        return self.table[:, self.columns[name]]


def draw_augmentation(augment: Augment, count: int, rng: torch.Generator) -> AugmentationDraws:
    """The random numbers of `count` images, on the CPU. `rng` advances equally far for every augmentation.

    Every augmentation has its own generator, so that switching one on or off does not change the numbers of the others.
    """
    seeds = torch.randint(2**32, (len(SAMPLERS),), generator=rng).tolist()
    drawn: dict[str, Tensor] = {}
    for (name, sample), seed in zip(SAMPLERS.items(), seeds, strict=True):
        value = getattr(augment, name)
        if value != (1 if name == "crop" else 0):
            drawn[name] = sample(value, count, torch.Generator().manual_seed(seed))
    if any(name in drawn for name in WARPS):
        drawn = {"affine": affine_maps(drawn, count)} | {k: v for k, v in drawn.items() if k not in WARPS + FLIPS}
    if "stain" in drawn:
        drawn["stain"] = stain_maps(drawn["stain"])
    ends = np.cumsum([0, *(column.shape[1] for column in drawn.values())]).tolist()
    columns = {name: slice(*ends[i : i + 2]) for i, name in enumerate(drawn)}
    return AugmentationDraws(torch.cat([torch.empty(count, 0), *drawn.values()], dim=1), columns)


def sample_chance(probability: float, count: int, rng: torch.Generator) -> Tensor:
    """Draw (N, 1): 1 with this probability, else 0."""
    return (torch.rand(count, 1, generator=rng) < probability).float()


def sample_within(bound: float, count: int, rng: torch.Generator, width: int = 1) -> Tensor:
    """Draw (N, width), uniform between -bound and bound."""
    return bound * (2 * torch.rand(count, width, generator=rng) - 1)


def sample_factor(bound: float, count: int, rng: torch.Generator) -> Tensor:
    """Draw (N, 1), uniform between 1 - bound and 1 + bound."""
    return 1 + sample_within(bound, count, rng)


def sample_crop(smallest: float, count: int, rng: torch.Generator) -> Tensor:
    """Draw (N, 4): width and height of a crop, as shares of the image, and its centre, in coordinates from -1 to 1.

    As in torchvision's RandomResizedCrop: the first of ten tries that fits into the image, else the whole image.
    """
    area, shape = torch.rand(2, count, 10, generator=rng).unbind()
    area = smallest + (1 - smallest) * area
    shape = (SHAPES[0] + (SHAPES[1] - SHAPES[0]) * shape).exp()
    sides = torch.stack([(area * shape).sqrt(), (area / shape).sqrt()])  # (2, N, 10)
    fits = (sides <= 1).all(dim=0)
    first = fits.float().argmax(dim=1, keepdim=True)  # argmax returns the first maximum
    chosen = sides.gather(2, first.expand(2, -1, -1)).squeeze(2).T  # (N, 2)
    chosen = torch.where(fits.any(dim=1, keepdim=True), chosen, 1.0)
    return torch.cat([chosen, (1 - chosen) * sample_within(1, count, rng, 2)], dim=1)


def sample_stain(bound: float, count: int, rng: torch.Generator) -> Tensor:
    """Draw (N, 6): a factor for each stain around 1, and an offset a tenth as large, in optical densities."""
    return sample_within(bound, count, rng, 6) * torch.tensor([1.0] * 3 + [0.1] * 3) + torch.tensor([1.0] * 3 + [0.0] * 3)


def sample_beta(a: float, count: int, rng: torch.Generator) -> Tensor:
    """Draw (N, 1) from Beta(a, a) by numpy, since torch's sampler takes no generator."""
    seed = int(torch.randint(2**32, (1,), generator=rng))
    shares = np.random.default_rng(seed).beta(min(a, 1e9), min(a, 1e9), (count, 1))  # larger parameters overflow in numpy
    return torch.from_numpy(shares).float()


SAMPLERS: dict[str, Callable[[float, int, torch.Generator], Tensor]] = {  # add new ones at the end: the order decides the seeds
    "flip": sample_chance,
    "flip_vertical": sample_chance,
    "rotate": lambda degrees, count, rng: sample_within(math.radians(degrees), count, rng),
    "shift": lambda part, count, rng: sample_within(2 * part, count, rng, 2),  # the width is 2, from -1 to 1
    "zoom": lambda bound, count, rng: sample_factor(bound, count, rng).clamp(min=1e-3),  # a zoom of 0 has no inverse
    "crop": sample_crop,
    "brightness": sample_factor,
    "contrast": sample_factor,
    "saturation": sample_factor,
    "hue": sample_within,
    "sharpness": sample_chance,
    "autocontrast": sample_chance,
    "equalize": sample_chance,
    "stain": sample_stain,
    "cutout": lambda _, count, rng: sample_within(1, count, rng, 2),
    "mixup": sample_beta,
}


def affine_maps(drawn: Mapping[str, Tensor], count: int) -> Tensor:
    """Combine draws into affine maps (N, 6) from output to input coordinates, row by row, which run from -1 to 1.

    The image is cropped, shifted, flipped, rotated and zoomed, in this order.
    """

    def of(name: str, width: int, absent: float) -> tuple[Tensor, ...]:
        return drawn.get(name, torch.full((count, width), absent)).unbind(dim=1)

    (angle,), (zoom,), (move_x, move_y) = of("rotate", 1, 0), of("zoom", 1, 1), of("shift", 2, 0)
    (flip,), (flip_vertical,) = of("flip", 1, 0), of("flip_vertical", 1, 0)
    (width, height), (x, y) = of("crop", 4, 1)[:2], of("crop", 4, 0)[2:]
    cos, sin = angle.cos() / zoom, angle.sin() / zoom
    across, down = width * (1 - 2 * flip), height * (1 - 2 * flip_vertical)
    rows = [across * cos, -across * sin, width * move_x + x, down * sin, down * cos, height * move_y + y]
    return torch.stack(rows, dim=1)


def stain_maps(drawn: Tensor) -> Tensor:
    """Convert factors and offsets of three stains (N, 6) to a matrix and an offset of optical densities (N, 12).

    With the densities of the stains as columns of M, densities d consist of stains inv(M) d; they become
    M (alpha inv(M) d + beta).
    """
    mixing = torch.tensor(STAINS, dtype=torch.float64).T
    matrix = mixing @ (drawn[:, :3, None] * mixing.inverse())
    return torch.cat([matrix.flatten(1), drawn[:, 3:].double() @ mixing.T], dim=1).float()


def augment_batch(images: Tensor, augment: Augment, draws: AugmentationDraws) -> Tensor:
    """Augment images (N, 1 or 3, S, S) in [0, 1] by row i of `draws` for image i. Returns (N, 3, S, S), in their memory format.

    All slices of a volume, a strip (N, 3, K·S, S), are augmented by its row. Geometric changes are one affine map, sampled
    bilinearly, with mirrored borders; flips alone are exact. Grey images get their three equal channels after these. Mixup is a
    separate function (`mix_up`), because it changes the labels too.
    """
    last = images.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    count = count_slices(images)
    if count > 1:
        images, draws = apart(images), draws[torch.arange(len(images), device=draws.table.device).repeat_interleave(count)]
    if "affine" in draws:
        images = warp(images, draws.of("affine"))
    for name, axis in zip(FLIPS, (3, 2), strict=True):
        if name in draws:
            images = torch.where(draws.of(name)[:, :, None, None] > 0, images.flip(axis), images)
    images = coloured(images) if images.shape[1] == 1 else images
    if any(name in draws for name in PLANES):
        images = images.contiguous()  # on a CPU, operations on single colours are several times faster in this format
    images = adjust_colour(images, {name: draws.of(name) for name in draws.columns})
    if "cutout" in draws:
        images = cut_out(images, augment.cutout, draws.of("cutout"))
    return together(images, count).contiguous(memory_format=layout)


def pixel_centres(count: int, device: torch.device) -> Tensor:
    """The centres of `count` pixels in coordinates from -1 to 1."""
    return torch.arange(1 - count, count, 2, device=device) / count


def warp(images: Tensor, theta: Tensor) -> Tensor:
    """Warp images (N, C, H, W) by affine maps theta (N, 6), from output to input coordinates.

    The grid equals that of F.affine_grid, which takes as long as the sampling; here it is computed plane by plane.
    """
    height, width = images.shape[2:]
    maps = theta.view(-1, 2, 3, 1, 1)
    across, down = pixel_centres(width, images.device), pixel_centres(height, images.device)[:, None]
    grid = maps[:, :, 0] * across + (maps[:, :, 1] * down + maps[:, :, 2])  # (N, 2, H, W)
    grid = grid.permute(0, 2, 3, 1)
    made = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return made.clamp_(0, 1)  # the four weights may add up to a little more than 1


def cut_out(images: Tensor, side: float, centre: Tensor) -> Tensor:
    """Replace a square, with its centre (N, 2), by the mean grey of the image (DeVries and Taylor 2017)."""
    height, width = images.shape[2:]
    x, y = centre[:, :, None].unbind(dim=1)
    columns = (pixel_centres(width, images.device) - x).abs() < side  # (N, W); a side is half as long as in these coordinates
    rows = (pixel_centres(height, images.device) - y).abs() < side
    square = (rows[:, :, None] & columns[:, None])[:, None]
    return torch.where(square, images.mean(dim=(1, 2, 3), keepdim=True), images)


def mix_up(images: Tensor, labels: Tensor, draws: AugmentationDraws) -> tuple[Tensor, Tensor]:
    """Mix each image (N, 3, H, W) and its labels (N, C) float with the next one (mixup, Zhang et al. 2018)."""
    if "mixup" not in draws:
        return images, labels
    share = draws.of("mixup")  # of the image itself
    both = torch.lerp(images.roll(-1, 0), images, share[:, :, None, None])
    return both, torch.lerp(labels.roll(-1, 0), labels, share)
