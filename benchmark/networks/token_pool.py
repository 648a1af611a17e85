"""Pooling of a transformer's tokens that an entry asks for: the class token, the mean of the patches, or both side by side."""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from results.error import CatsError


class TokenPool(nn.Module):
    """Gives a timm transformer the pooling of its attribute `pool`; register tokens and other prefixes are no patches.

    A norm layer that the model applies to its pooled features is applied to each part. `both` is the class token, then the
    mean, as the authors of Virchow use them.
    """

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:  # noqa: ARG002 - timm's signature; there is no head
        """Tokens (N, T, D) → features (N, D), or (N, 2 D) for `both`."""
        parts = {"token": x[:, 0], "avg": x[:, int(self.num_prefix_tokens) :].mean(dim=1)}  # type: ignore[arg-type]
        names = ("token", "avg") if self.pool == "both" else (str(self.pool),)
        norm: Any = getattr(self, "fc_norm", None) or nn.Identity()
        return torch.cat([norm(parts[name]) for name in names], dim=1)


@cache
def _pooling_class(kind: type[nn.Module]) -> type[nn.Module]:
    return type(f"Pooled{kind.__name__}", (TokenPool, kind), {})


def pool_tokens(model: nn.Module, name: str, pool: str) -> None:
    """Give a headless timm model another pooling, in place; its names and weights stay.

    Raises CatsError if the model has no such tokens.
    """
    if not all(hasattr(model, part) for part in ("num_prefix_tokens", "forward_features", "forward_head")):
        raise CatsError(f"backbone {name} gives no tokens, so that pool: {pool} has no meaning for it; leave `pool` out")
    if pool != "avg" and getattr(model, "cls_token", None) is None:
        raise CatsError(f"backbone {name} has no class token, which pool: {pool} needs; write pool: avg, or leave `pool` out")
    width = int(model.num_features)  # type: ignore[arg-type]
    model.__class__ = _pooling_class(type(model))  # type: ignore[arg-type] # a new class keeps names and weights
    model.pool = pool  # type: ignore[assignment]
    if pool == "both":
        model.num_features = model.head_hidden_size = 2 * width  # type: ignore[assignment]
