"""Whether a network takes the only training image of a cell."""

import pytest

from benchmark.data.split import Subsample
from benchmark.execution.enough_to_train import trains_on_one
from benchmark.specs.cell import Cell
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "size", "protocol", "trained"),
    [
        ("test_resnet", 16, "finetune", False),  # one pixel is left at its end, and batch norm needs two values of a channel
        ("test_resnet", 64, "finetune", True),
        ("vit_tiny_patch16_224", 64, "finetune", True),  # takes 224 pixels alone, unless it is built for 64
    ],
)
def test_one_image_is_enough_unless_a_norm_layer_needs_more_values(backbone, size, protocol, trained):
    start = Start(kind="random", source="scratch", backbone=backbone, seed=0)
    cell = Cell(
        source="scratch", target="ihc", backbone=backbone, recipe=Recipe(size=size, protocol=protocol), seed=0,
        rule="min_val_loss", subsample=Subsample(train=1), data="", start=start,
    )  # fmt: skip
    assert trains_on_one(cell, (size, size)) is trained
