"""Colour augmentation of a batch by torchvision's formulas, each image by its own factor.

All functions map images (N, 3, H, W) in [0, 1] and a factor or a choice (1 or 0) per image (N, 1) to images. Those that change
all three colours alike keep grey images grey.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

GREY = (0.2989, 0.587, 0.114)  # torchvision's weights of red, green and blue
LEVELS = 256
DARKEST = 1 / 510  # half a level: the smallest intensity that rounds to level 1


def adjust_colour(images: Tensor, drawn: Mapping[str, Tensor]) -> Tensor:
    """Apply the changes that were drawn, in one fixed order.

    A random order, as in torchvision's ColorJitter, would need a different sequence of operations for every image, while in a
    fixed order each change is made once for the whole batch. The order follows the light from the tissue to the screen;
    equalising after the factors would undo them.
    """
    for name, change in ORDER.items():
        if name in drawn:
            images = change(images, drawn[name])
    return images


def each(numbers: Tensor) -> Tensor:
    """Reshape (N, k) to (N, k, 1, 1), for broadcasting with images."""
    return numbers[:, :, None, None]


def grey(images: Tensor) -> Tensor:
    """The grey image, (N, 1, H, W)."""
    red, green, blue = images.unbind(dim=1)
    return (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])[:, None]


def jitter_stains(images: Tensor, drawn: Tensor) -> Tensor:
    """Apply a matrix and an offset (N, 12) to optical densities, as in H&E stain jitter (Tellez et al. 2018).

    The density is -log10 of the transmitted light, as for a slide in front of a white lamp.
    """
    light = images.clamp(min=DARKEST).log_().flatten(2)  # (N, 3, HW)
    matrix, offset = drawn[:, :9].view(-1, 3, 3), drawn[:, 9:, None]
    made = matrix[:, :, :1] * light[:, :1] - math.log(10) * offset
    for i in (1, 2):  # sums instead of a matrix product, which GPUs may round to ten bits
        made.addcmul_(matrix[:, :, i : i + 1], light[:, i : i + 1])
    return made.exp_().clamp_(max=1).view(images.shape)


def equalize(images: Tensor, chosen: Tensor) -> Tensor:
    """Equalise the histogram of each colour on 256 levels, by Pillow's scheme, where chosen."""
    levels = (images * (LEVELS - 1)).round_().long().flatten(2)  # (N, 3, HW)
    histogram = levels.new_zeros((*levels.shape[:2], LEVELS))
    histogram.scatter_add_(2, levels, levels.new_ones(1).expand_as(levels))
    below = histogram.cumsum(dim=2) - histogram
    highest = levels.amax(dim=2, keepdim=True)
    step = below.gather(2, highest) // (LEVELS - 1)  # without the pixels of the highest level
    table = ((below + step // 2) // step.clamp(min=1)).clamp_(max=LEVELS - 1) / (LEVELS - 1)
    made = table.to(images.dtype).gather(2, levels).view(images.shape)
    return torch.where(each(chosen).bool() & (step > 0)[..., None], made, images)


def autocontrast(images: Tensor, chosen: Tensor) -> Tensor:
    """Stretch each colour to the range from 0 to 1, where chosen."""
    low, high = images.amin(dim=(2, 3), keepdim=True), images.amax(dim=(2, 3), keepdim=True)
    scale = 1 / (high - low)
    wide = each(chosen).bool() & scale.isfinite()
    return (images - torch.where(wide, low, 0.0)).mul_(torch.where(wide, scale, 1.0)).clamp_(0, 1)


def sharpen(images: Tensor, chosen: Tensor) -> Tensor:
    """Double the sharpness, where chosen, relative to a blur by ((1, 1, 1), (1, 5, 1), (1, 1, 1)) / 13; borders stay."""
    rows = (images[:, :, :-2] + images[:, :, 1:-1]).add_(images[:, :, 2:])
    square = (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:])
    middle = images[:, :, 1:-1, 1:-1]
    made = images.clone()
    made[:, :, 1:-1, 1:-1] += each(chosen) * (9 * middle - square) / 13  # equals image - blurred image
    return made.clamp_(0, 1)


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply each pixel by the factor."""
    return (images * each(factor)).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of each pixel from the mean of the grey image by the factor."""
    middle = grey(images.mean(dim=(2, 3), keepdim=True))
    return torch.lerp(middle, images, each(factor)).clamp_(0, 1)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of each pixel from its grey value by the factor."""
    return torch.lerp(grey(images), images, each(factor)).clamp_(0, 1)


def rotate_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Rotate the hue of each pixel by this part of the circle; saturation and value stay (HSV)."""
    red, green, blue = images.unbind(dim=1)
    high = torch.maximum(torch.maximum(red, green), blue)
    spread = high - torch.minimum(torch.minimum(red, green), blue)
    some = spread.clamp(min=torch.finfo(images.dtype).tiny)
    from_green, from_blue = (blue - red).add_(some, alpha=2), (red - green).add_(some, alpha=4)
    sixths = torch.where(high == red, green - blue, torch.where(high == green, from_green, from_blue))
    sixths = sixths.div_(some).add_(6 * turn[:, :, None])  # (N, H, W)
    made = torch.empty_like(images)
    for i, start in enumerate((5, 3, 1)):  # the distance of red, green and blue below the value, k sixths along the circle
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
PLANES = {"stain", "equalize", "autocontrast", "saturation", "hue"}  # these work on single colours
