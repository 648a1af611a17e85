"""The training loop: images stay on the device as uint8, a batch is augmented at once, the best epoch is restored.

No number leaves the device during an epoch. Every epoch has the same number of equal batches; the few images that are
left over are others in every epoch.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.augment import augmented
from benchmark.network import Network
from benchmark.recipe import Recipe
from benchmark.score import auc
from results.error import CatsError
from results.record import Rule

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Images:
    """Images on the device: pixels (N, C, S, S) uint8, C 1 or 3; labels (N,) int64, multi-label (N, K) float."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: Tensor) -> Tensor:
        """The images at `index` (B,) as (B, 3, S, S) float in [0, 1], channels last."""
        chosen = self.pixels[index].to(torch.float32).div_(255)
        return chosen.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Fit:
    """What a training left: curves (one value per epoch) and the epoch whose weights the network has now."""

    curves: dict[str, list[float]]
    best_epoch: int

    def best(self) -> dict[str, float]:
        """What is known of the restored epoch, by names that no setting of the recipe has."""
        known = {name: values[self.best_epoch] for name, values in self.curves.items() if values}
        return {"best_epoch": float(self.best_epoch), "epochs_run": float(len(self.curves["learning_rate"])), **known}


def on_device(pixels: np.ndarray, labels: np.ndarray, device: torch.device) -> Images:
    """(N, S, S, C) uint8 and labels as Images."""
    moved = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(device)
    kind = torch.float32 if labels.ndim > 1 else torch.int64
    return Images(moved, torch.from_numpy(np.ascontiguousarray(labels)).to(device, kind))


def fit(network: Network, train: Images, val: Images, recipe: Recipe, seed: int, rule: Rule = "min_val_loss") -> Fit:
    """Train in place and restore the best epoch by `rule`. All randomness comes from `seed`.

    Raises CatsError naming epoch and learning rate if the loss stops being finite.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = min(recipe.batch_size, len(train))
    steps = len(train) // size
    total = steps * recipe.epochs
    luck = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout
    optimiser = make_optimiser(network, recipe)
    precise = precision(network, recipe)
    curves: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_auc": [], "learning_rate": []}
    best, best_epoch, best_state = -math.inf, 0, copy.deepcopy(network.state_dict())
    for epoch in range(recipe.epochs):
        network.train()
        order = torch.randperm(len(train), generator=luck).to(train.labels.device)
        losses = []
        for step in range(steps):
            rate = recipe.lr * schedule(recipe, (epoch * steps + step) / total, 1 / total)
            for group in optimiser.param_groups:
                group["lr"] = rate
            index = order[step * size : (step + 1) * size]
            images = augmented(train.batch(index), recipe.augment, luck)
            with autocast(images.device, precise):
                loss = loss_of(network(images), train.labels[index], recipe.label_smoothing)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.detach())
        val_loss, val_auc = validate(network, val, precise)
        values = {
            "train_loss": float(torch.stack(losses).float().mean()),
            "val_loss": val_loss,
            "val_auc": val_auc,
            "learning_rate": rate,
        }
        for name, value in values.items():
            curves[name].append(value)
        if not math.isfinite(values["train_loss"]):
            raise CatsError(f"the training loss is {values['train_loss']} in epoch {epoch + 1} at learning rate {rate:.3g}")
        worth = {"min_val_loss": -val_loss, "max_val_auc": val_auc, "last_epoch": float(epoch)}[rule]
        if worth > best:
            best, best_epoch, best_state = worth, epoch, copy.deepcopy(network.state_dict())
        elif recipe.patience is not None and epoch - best_epoch >= recipe.patience:
            break
    if recipe.epochs and best == -math.inf:
        figure = {"min_val_loss": "validation loss", "max_val_auc": "validation AUC", "last_epoch": "loss"}[rule]
        raise CatsError(f"no epoch has a finite {figure}, to the last one, epoch {epoch + 1} at learning rate {rate:.3g}")
    network.load_state_dict(best_state)
    return Fit(curves, best_epoch)


def make_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD (nesterov when there is momentum) or AdamW; vectors, that is biases and norm layers, are not decayed."""
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
    return torch.optim.AdamW(groups, lr=recipe.lr)


def schedule(recipe: Recipe, done: float, step: float) -> float:
    """Factor of the learning rate when the share `done` of the training is over; one step is the share `step`."""
    if done < recipe.warmup:
        return min(1.0, (done + step) / recipe.warmup)
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (done - recipe.warmup) / (1 - recipe.warmup)))


def loss_of(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy; for multi-label (labels of two dimensions) binary cross-entropy, mean over labels."""
    if labels.ndim > 1:
        soft = labels * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(logits.float(), soft)
    return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)


def validate(network: Network, val: Images, precise: torch.dtype) -> tuple[float, float]:
    """(loss, AUC) on the validation images."""
    logits = predict(network, val, precise)
    loss = float(loss_of(logits, val.labels))
    labels = val.labels.cpu().numpy()
    return loss, auc(labels.astype(np.int64), to_probabilities(logits, multilabel=labels.ndim > 1))


def to_probabilities(logits: Tensor, *, multilabel: bool) -> np.ndarray:
    """(N, C) logits → (N, C) float64: softmax, or one sigmoid per label."""
    wide = logits.double()
    return (wide.sigmoid() if multilabel else wide.softmax(dim=1)).cpu().numpy()


def predict(network: Network, images: Images, precise: torch.dtype) -> Tensor:
    """Logits (N, C) float32 of all images, in evaluation mode, without gradients."""
    return torch.cat(list(_outputs(network, images, precise, features=False)))


def extract(network: Network, images: Images, precise: torch.dtype) -> Tensor:
    """Features (N, D) float32 of all images, in evaluation mode, without gradients."""
    return torch.cat(list(_outputs(network, images, precise, features=True)))


def _outputs(network: Network, images: Images, precise: torch.dtype, *, features: bool) -> Iterator[Tensor]:
    network.eval()
    call = network.features if features else network
    for start in range(0, len(images), EVALUATION_BATCH):
        index = torch.arange(start, min(start + EVALUATION_BATCH, len(images)), device=images.labels.device)
        batch = images.batch(index)
        with torch.inference_mode(), autocast(batch.device, precise):
            yield call(batch).float()


def precision(network: nn.Module, recipe: Recipe) -> torch.dtype:
    """What `precision: auto` means for this network here: bf16 where that is faster, else fp32.

    On a GPU with bf16: bf16. On a CPU only one with AMX gains, from about 64 pixels on, and networks with depthwise
    convolutions (MobileNet, EfficientNet, ConvNeXt) lose at any size, because those have no fast bf16 kernel.
    """
    if recipe.precision != "auto":
        return torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    device = next(network.parameters()).device
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    depthwise = any(isinstance(m, nn.Conv2d) and m.groups > 1 for m in network.modules())
    amx = bool(torch.cpu._is_amx_tile_supported())  # noqa: SLF001 - torch has no public question for it
    return torch.bfloat16 if device.type == "cpu" and amx and recipe.size >= 64 and not depthwise else torch.float32


def autocast(device: torch.device, precise: torch.dtype) -> torch.autocast:
    """bf16 autocast, or nothing for fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precise is torch.bfloat16)
