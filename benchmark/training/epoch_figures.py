"""The figures of an epoch on their way from the device: the host asks for all of them at once, and waits when it reads them."""

import numpy as np
import torch
from torch import Tensor

from benchmark.training.evaluate import loss_of, probabilities_of
from results.metrics import auc


class EpochFigures:
    """Losses and validation probabilities of an epoch."""

    def __init__(self, losses: Tensor, logits: Tensor, labels: Tensor) -> None:
        """losses: of each step. logits (N, C), labels (N,) or (N, C): of the validation images. All are on the device."""
        # The mean of the losses of all images differs from the loss in the last digits.
        found = [losses.mean()[None], loss_of(logits, labels)[None], loss_of(logits, labels, each=True)]
        wide = [each.double() for each in found]
        numbers = torch.cat([*wide, probabilities_of(logits, multilabel=labels.ndim > 1).flatten()])
        self._shape, self._copied = logits.shape, None
        if numbers.is_cuda:
            self._numbers = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
            self._numbers.copy_(numbers, non_blocking=True)
            self._copied = torch.cuda.current_stream(numbers.device).record_event()
        else:
            self._numbers = numbers

    def read(self, truth: np.ndarray) -> tuple[float, float, float, np.ndarray]:
        """(training loss, validation loss, AUC, loss of every validation image (N,)). truth: labels (N,) or (N, C) int."""
        if self._copied is not None:
            self._copied.synchronize()
        numbers, (count, classes) = self._numbers.numpy(), self._shape
        probabilities = numbers[2 + count :].reshape(count, classes)
        return float(numbers[0]), float(numbers[1]), auc(truth, probabilities), numbers[2 : 2 + count].astype(np.float32)
