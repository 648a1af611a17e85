"""Dropout whose random numbers come from the CPU, so that they are the same on every device."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout with a separate generator: torch's generator is shared by all networks that the process trains side by side.

    Attributes:
        rate, width: the probability that a feature becomes 0, and the number of features.
        mask: a mask (N, D) to use instead of a drawn one, on the device; None: each call draws one.
    """

    def __init__(self, rate: float, width: int) -> None:
        super().__init__()
        self.rate, self.width, self.rng = rate, width, torch.Generator()
        self.mask: Tensor | None = None

    def draw(self, *counts: int) -> Tensor:
        """Which features stay, (*counts, width) bool, on the CPU: the same numbers as in calls for one after the other."""
        return torch.rand(*counts, self.width, generator=self.rng) >= self.rate

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) → (N, D); in training each feature becomes 0 with probability `rate`, and the others are scaled up."""
        if not self.training or not self.rate:
            return features
        mask = self.mask
        if mask is None:
            mask = torch.rand(features.shape, generator=self.rng) >= self.rate
            if features.is_cuda:
                mask = mask.pin_memory()  # from other memory the host would wait for the copy
            mask = mask.to(features.device, non_blocking=True)
        return features * mask / (1 - self.rate)
