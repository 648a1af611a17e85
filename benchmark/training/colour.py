"""Changes of colour of a batch of images, each image by its own factor, by torchvision's formulas.

All take and give (N, 3, H, W) float in [0, 1] and a factor, or a choice (1 or 0), per image (N, 1). What changes all three
colours alike keeps grey images grey.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

GREY = (0.2989, 0.587, 0.114)  # torchvision's weights of red, green and blue
LEVELS = 256
DARKEST = 1 / 510  # half a level: as little light as a pixel of level 0 may stand for


def adjust_colour(images: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
    """The images after the changes that are drawn, in one fixed order.

    A random order, as torchvision's ColorJitter has it, would need another sequence of operations for every image, where a
    fixed one does each change once for the whole batch. It follows the light, from the tissue to the screen: equalising
    after the factors would undo them.
    """
    for name, change in ORDER.items():
        if name in drawn:
            images = change(images, drawn[name])
    return images


def each(numbers: Tensor) -> Tensor:
    """(N, k) as (N, k, 1, 1), to stand beside images."""
    return numbers[:, :, None, None]


def grey(images: Tensor) -> Tensor:
    """(N, 1, H, W)."""
    red, green, blue = images.unbind(dim=1)
    return (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])[:, None]


def jitter_stains(images: Tensor, drawn: Tensor) -> Tensor:
    """A matrix and an offset (N, 12) applied to optical densities, as H and E jitter does (Tellez et al. 2018).

    Density is -log10 of the light that comes through, as of a slide before a white lamp.
    """
    light = images.clamp(min=DARKEST).log_().flatten(2)  # (N, 3, HW)
    matrix, offset = drawn[:, :9].view(-1, 3, 3), drawn[:, 9:, None]
    made = matrix[:, :, :1] * light[:, :1] - math.log(10) * offset
    for i in (1, 2):  # sums, not a product of matrices: GPUs may round those to ten bits
        made.addcmul_(matrix[:, :, i : i + 1], light[:, i : i + 1])
    return made.exp_().clamp_(max=1).view(images.shape)


def equalize(images: Tensor, chosen: Tensor) -> Tensor:
    """The histogram of each colour made even on 256 levels, by Pillow's scheme, where chosen."""
    levels = (images * (LEVELS - 1)).round_().long().flatten(2)  # (N, 3, HW)
    histogram = levels.new_zeros((*levels.shape[:2], LEVELS))
    histogram.scatter_add_(2, levels, levels.new_ones(1).expand_as(levels))
    below = histogram.cumsum(dim=2) - histogram
    highest = levels.amax(dim=2, keepdim=True)
    step = below.gather(2, highest) // (LEVELS - 1)  # of all pixels but those of the highest level
    table = ((below + step // 2) // step.clamp(min=1)).clamp_(max=LEVELS - 1) / (LEVELS - 1)
    made = table.to(images.dtype).gather(2, levels).view(images.shape)
    return torch.where(each(chosen).bool() & (step > 0)[..., None], made, images)


def autocontrast(images: Tensor, chosen: Tensor) -> Tensor:
    """Each colour stretched to reach from 0 to 1, where chosen."""
    low, high = images.amin(dim=(2, 3), keepdim=True), images.amax(dim=(2, 3), keepdim=True)
    scale = 1 / (high - low)
    wide = each(chosen).bool() & scale.isfinite()
    return (images - torch.where(wide, low, 0.0)).mul_(torch.where(wide, scale, 1.0)).clamp_(0, 1)


def sharpen(images: Tensor, chosen: Tensor) -> Tensor:
    """Twice the sharpness, where chosen: away from a blur by ((1, 1, 1), (1, 5, 1), (1, 1, 1)) / 13; borders are kept."""
    rows = (images[:, :, :-2] + images[:, :, 1:-1]).add_(images[:, :, 2:])
    square = (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:])
    middle = images[:, :, 1:-1, 1:-1]
    made = images.clone()
    made[:, :, 1:-1, 1:-1] += each(chosen) * (9 * middle - square) / 13  # image - blurred, of which 4 / 13 is its own
    return made.clamp_(0, 1)


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Each pixel times the factor."""
    return (images * each(factor)).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Each pixel's distance from the mean of the grey image times the factor."""
    middle = grey(images.mean(dim=(2, 3), keepdim=True))
    return torch.lerp(middle, images, each(factor)).clamp_(0, 1)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Each pixel's distance from its own grey times the factor."""
    return torch.lerp(grey(images), images, each(factor)).clamp_(0, 1)


def rotate_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Each pixel's hue turned by this part of the circle; saturation and value stay (HSV)."""
    red, green, blue = images.unbind(dim=1)
    high = torch.maximum(torch.maximum(red, green), blue)
    spread = high - torch.minimum(torch.minimum(red, green), blue)
    some = spread.clamp(min=torch.finfo(images.dtype).tiny)
    from_green, from_blue = (blue - red).add_(some, alpha=2), (red - green).add_(some, alpha=4)
    sixths = torch.where(high == red, green - blue, torch.where(high == green, from_green, from_blue))
    sixths = sixths.div_(some).add_(6 * turn[:, :, None])  # (N, H, W)
    made = torch.empty_like(images)
    for i, start in enumerate((5, 3, 1)):  # how far red, green and blue stay below the value, k sixths along the circle
        k = (sixths + start).remainder_(6)
        torch.sub(high, torch.minimum(k, 4 - k).clamp_(0, 1).mul_(spread), out=made[:, i])
    return made


ORDER: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "stain": jitter_stains,
    "equalize": equalize,
    "autocontrast": autocontrast,
    "sharpness": sharpen,
    "brightness": adjust_brightness,
    "contrast": adjust_contrast,
    "saturation": adjust_saturation,
    "hue": rotate_hue,
}
PLANES = {"stain", "equalize", "autocontrast", "saturation", "hue"}  # work on one colour at a time
