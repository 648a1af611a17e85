"""Several views of each image, made by random changes, and their features."""

import torch
from torch import Tensor

from benchmark.measures.gradients import features_of
from benchmark.networks.network import Network
from benchmark.specs.needs import Array
from benchmark.specs.recipe import Augment
from benchmark.training.augment import augment_batch, draw_augmentation

VIEW = Augment(flip=0.5, crop=0.5, brightness=0.2, contrast=0.2)


def features_of_views(network: Network, images: Tensor, views: int, seed: int) -> Array:
    """Features (n, views, D) float64 of images that are flipped, cropped to half of their area or more, and changed in light.

    Each image has its own random numbers from `seed`; those of one place in the order are the same for every network.
    """
    rng = torch.Generator().manual_seed(seed)
    made = []
    for _ in range(views):
        drawn = draw_augmentation(VIEW, len(images), rng).to(images.device)
        made.append(features_of(network, augment_batch(images, VIEW, drawn)))
    features: Array = torch.stack(made, dim=1).cpu().double().numpy()
    return features
