"""The plain loop: one PIL image at a time, fp32, all parts evaluated after every epoch, as in published code."""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from training.task import Task, network_of

from benchmark.machine.timm_import import declare_missing
from benchmark.specs.recipe import Recipe
from benchmark.training import evaluate

CHANGES = {"flip", "rotate", "shift", "zoom", "crop", "sharpness", "autocontrast", "equalize"}  # see moves()


def plain(what: Task, seed: int, device: torch.device) -> np.ndarray:
    """Train as published code does. Returns the test probabilities, with the weights of the smallest validation loss."""
    recipe, network = what.recipe, network_of(what, seed).to(device)
    torch.manual_seed(max(seed, 0))
    loader = functools.partial(torch.utils.data.DataLoader, batch_size=recipe.batch_size, num_workers=what.workers)
    training = loader(Pictures(*what.images["train"], moves(recipe)), shuffle=True)
    loaders = {name: loader(Pictures(*part, moves(None))) for name, part in what.images.items()}
    optimiser = plain_optimiser(network, recipe)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    best, best_state = math.inf, network.state_dict()
    for _ in range(recipe.epochs):
        network.train()
        for images, labels in training:
            optimiser.zero_grad()
            loss = F.cross_entropy(network(images.to(device)), labels.to(device))
            loss.backward()
            optimiser.step()
            loss.item()
        schedule.step()
        logits = {name: outputs(network, loaders[name], device) for name in ("train", "val")}
        losses = {name: float(F.cross_entropy(x, torch.from_numpy(what.images[name][1]))) for name, x in logits.items()}
        if losses["val"] < best:
            best, best_state = losses["val"], {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(best_state)
    return evaluate.to_probabilities(outputs(network, loaders["test"], device), multilabel=False)


def plain_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimiser of the recipe, as plain code makes it."""
    rates = {"lr": recipe.lr, "weight_decay": recipe.weight_decay}
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), momentum=recipe.momentum, nesterov=recipe.momentum > 0, **rates)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser](network.parameters(), **rates)


def moves(recipe: Recipe | None) -> Callable[..., torch.Tensor]:
    """torchvision's PIL transforms: for training images, or without a recipe for evaluation."""
    declare_missing()
    from torchvision import transforms

    if recipe is None:
        return transforms.ToTensor()
    augment = recipe.augment
    changed = {name for name, value in augment if value != (1 if name == "crop" else 0)}
    if changed - CHANGES:
        raise SystemExit(f"the plain loop has no {' and no '.join(sorted(changed - CHANGES))}")
    smooth = transforms.InterpolationMode.BILINEAR
    affine = transforms.RandomAffine(
        augment.rotate, (augment.shift,) * 2, (1 - augment.zoom, 1 + augment.zoom), interpolation=smooth
    )
    choices = [
        ({"crop"}, transforms.RandomResizedCrop(recipe.size, scale=(augment.crop, 1), interpolation=smooth)),
        ({"flip"}, transforms.RandomHorizontalFlip(augment.flip)),
        ({"rotate", "shift", "zoom"}, affine),
        ({"sharpness"}, transforms.RandomAdjustSharpness(2, augment.sharpness)),
        ({"autocontrast"}, transforms.RandomAutocontrast(augment.autocontrast)),
        ({"equalize"}, transforms.RandomEqualize(augment.equalize)),
    ]
    return transforms.Compose([*(way for names, way in choices if names & changed), transforms.ToTensor()])


class Pictures(torch.utils.data.Dataset):
    """PIL images through transforms, one at a time."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, change: Callable[..., torch.Tensor]) -> None:
        from PIL import Image

        self.pictures = [Image.fromarray(p.squeeze()).convert("RGB") for p in pixels]
        self.labels, self.change = labels, change

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return self.change(self.pictures[place]), int(self.labels[place])


@torch.no_grad()
def outputs(network: nn.Module, loader: torch.utils.data.DataLoader, device: torch.device) -> torch.Tensor:
    network.eval()
    return torch.cat([network(images.to(device)).cpu() for images, _ in loader])
