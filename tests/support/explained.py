"""Networks whose maps are known, and a target on the disk with the images of tests.support.kept_models."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from benchmark.networks.network import Network, Trained
from tests.support.kept_models import images

ENTRY = """\
dataset:
  title: Spots
  modality: drawn
  task: binary
  classes: [{classes}]
  licence: CC0
  citation: The tests
  place: {place}
  tree: spots
  read: {{folders: {{classes: [{classes}], include: '^(?!.*_mask)'}}}}
"""


class Pooled(nn.Module):
    """Channels of a 1 x 1 convolution, then their mean: what Grad-CAM gives for it can be written down."""

    def __init__(self, channels=4, activation=None):
        super().__init__()
        self.conv, self.activation, self.num_features = nn.Conv2d(3, channels, 1), activation or nn.Identity(), channels

    def forward_features(self, inputs):
        return self.activation(self.conv(inputs))

    def forward_head(self, features):
        return features.mean(dim=(2, 3))

    def forward(self, inputs):
        return self.forward_head(self.forward_features(inputs))


class Mirrored(Pooled):
    """A small convolutional network that sees left and right alike."""

    def __init__(self):
        super().__init__(6)
        self.conv = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 6, 3, padding=1), nn.ReLU())
        for layer in self.conv:
            if isinstance(layer, nn.Conv2d):
                layer.weight.data = layer.weight.data + layer.weight.data.flip(3)


def network(backbone, classes=3, seed=0):
    """A network of one of these backbones, `backbone` being its class."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(backbone(), Trained(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4)), classes).eval()


def spots_target(home, *, channels=3, count=60, classes=("benign", "malignant"), masks=False):
    """Write the target `spots` into the user's entries, each image with a mask of its upper half if `masks`."""
    folder = home / "data" / "spots"
    pixels, labels = images(count, 3, channels=channels)
    for number, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        place = folder / classes[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image if channels == 3 else image[..., 0]).save(place / f"x ({number}).png")
        if masks:
            mask = np.zeros((64, 64), np.uint8)
            mask[:32] = 255
            Image.fromarray(mask).save(place / f"x ({number})_mask.png")
    entries = home / "entries" / "targets"
    entries.mkdir(parents=True)
    (entries / "spots.yaml").write_text(ENTRY.format(place=folder.parent, classes=", ".join(classes)))
