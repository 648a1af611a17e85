"""The tables of number formats: ways of evaluation change what they say, and figures are those of the predictions."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.paths import ROOT

IMAGES, WORDS = torch.ones(1, 2), ("fp32", "bf16")


@pytest.fixture(scope="module")
def precision():
    sys.path.insert(0, str(ROOT / "scripts"))
    from precision import cases, tables

    sys.path.remove(str(ROOT / "scripts"))
    return cases, tables


def layer(weight):
    made = nn.Linear(2, 1, bias=False)
    made.weight.data = torch.tensor([[1.0, weight]])
    return made


def test_weights_are_rounded_to_eight_bits_within_the_block_alone(precision):
    made = layer(1 + 2**-9)
    exact = made.weight.data.clone()
    with precision[0].rounded_weights(made), torch.inference_mode():
        assert made(IMAGES).item() == 2
    assert torch.equal(made.weight.data, exact)
    assert made(IMAGES).item() == 2 + 2**-9


@pytest.mark.parametrize(("rounded", "expected"), [(False, 2 + 2**-9), (True, 2.0)])
def test_a_layer_computes_in_fp32_within_the_block_alone(precision, rounded, expected):
    made = layer(1 + 2**-9)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        with precision[0].in_fp32([made], rounded=rounded):
            inside = made(IMAGES)
        assert made(IMAGES).item() == 2
    assert (inside.item(), inside.dtype) == (expected, torch.bfloat16 if rounded else torch.float32)


def trained(cases, seed, word, shift):
    """Four images; in any way but fp32 the third has another probability, and the second seed puts it below the others."""
    positive = np.array([0.2, 0.4, 0.6, 0.8])
    ways = {"fp32": positive, **{way: positive - [0, 0, shift, 0] for way in cases.WAYS if way != "fp32"}}
    both = {way: np.stack([1 - each, each], axis=1) for way, each in ways.items()}
    epochs = {"fp32": [(0.5, 0.7), (0.4, 0.9)], "bf16": [(0.3, 0.7), (0.4, 0.9)]}
    seconds = {"training": 8.0, "bf16": 1.0, "fp32": 2.0, "test bf16": 0.5, "test fp32": 1.0}
    return cases.Trained(seed, word, np.array([0, 0, 1, 1]), both, epochs, seconds)


@pytest.fixture
def found(precision):
    cases, _ = precision
    case = cases.Case("test_vit", "breastmnist", 2, 2)
    return {case: [trained(cases, seed, word, shift) for seed, shift in enumerate((0.1, 0.3)) for word in WORDS]}


def rows(lines):
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| test_vit")]


def test_same_weights_are_compared_with_fp32(precision, found):
    """Differences of the images: 0, 0, 0.1 or 0.3, 0; AUC 1 and 3/4."""
    made = rows(precision[1].differences(found))
    ways = len(precision[0].WAYS) - 1
    assert made == [["test_vit, breastmnist, 2", word, "-0.125 ± 0.177", "0.250", *["0.300, 0.0000"] * ways] for word in WORDS]


def test_the_choice_and_the_seconds_are_those_of_the_trainings(precision, found):
    """bf16 chooses the first epoch, whose AUC is 0.2 less. A cell takes 8 + 1 + 0.5 + 0.5 = 10 s in bf16."""
    (chosen,), (seconds,) = rows(precision[1].choice(found)), rows(precision[1].seconds(found))
    assert chosen[1:] == ["4", "0", "-0.200 ± 0.000", "0.200"]
    assert seconds[-2:] == ["+10.0 %", "+20.0 %"]  # 8 + 1 + 1 + 1 = 11 s, and 8 + 2 + 1 + 1 = 12 s


def test_formats_are_compared_seed_by_seed_and_seeds_with_each_other(precision, found):
    (row,) = rows(precision[1].spread(found))
    assert row[1:4] == ["1.000 ± 0.000", "1.000 ± 0.000", "+0.000 ± 0.000"]
    assert row[4:] == ["0.00, 0.000", "0.00, 0.000"]
