"""For which size of images the positions of weights were made, where that explains why the weights do not fit."""

from collections.abc import Mapping
from math import isqrt

from torch import Tensor, nn


def other_size(model: nn.Module, state: Mapping[str, Tensor]) -> str:
    """The end of a sentence about weights that do not fit a transformer: the argument to write if they are for another size."""
    own, embed = getattr(model, "pos_embed", None), getattr(model, "patch_embed", None)
    grid, patch = getattr(embed, "grid_size", None), getattr(embed, "patch_size", None)
    given = next((value for name, value in state.items() if name.rpartition(".")[2] == "pos_embed"), None)
    if not grid or not patch or not isinstance(own, Tensor) or given is None or given.ndim != 3 or own.ndim != 3:
        return ""
    count = given.shape[1] - (own.shape[1] - grid[0] * grid[1])  # without the positions of class and register tokens
    side = isqrt(max(count, 0))
    if given.shape[2] != own.shape[2] or side**2 != count or side in {0, grid[0]}:
        return ""
    size = side * patch[0]
    return (
        f"; their positions are those of images of {size} pixels: if they were made for this size, write "
        f"arguments: {{img_size: {size}}} under `weights` of the entry"
    )
