"""Patches of four pixels by convolutions instead of one projection, as in CTransPath."""

from typing import Any

from torch import nn

from benchmark.machine.timm_import import timm

PATCH = 4  # pixels; two convolutions of stride 2


class ConvStem(timm.layers.PatchEmbed):  # type: ignore[misc, name-defined]
    """An embedding of patches for timm's Swin and ViT: conv 3 x 3, batch norm and ReLU twice, then conv 1 x 1.

    Xiao et al., Early Convolutions Help Transformers See Better, NeurIPS 2021, with the widths of MoCo v3 and CTransPath: an
    eighth and a quarter of the embedding. Raises ValueError for other patches and for a width that eight does not divide.
    """

    def __init__(self, patch_size: int = PATCH, in_chans: int = 3, embed_dim: int = 96, **others: Any) -> None:
        if patch_size != PATCH or embed_dim % 8:
            raise ValueError(f"ConvStem needs patches of {PATCH} pixels and a width that 8 divides")
        super().__init__(patch_size=patch_size, in_chans=in_chans, embed_dim=embed_dim, **others)
        layers: list[nn.Module] = []
        before = in_chans
        for width in (embed_dim // 8, embed_dim // 4):
            layers += [
                nn.Conv2d(before, width, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            before = width
        self.proj = nn.Sequential(*layers, nn.Conv2d(before, embed_dim, 1))
