"""Which epoch is restored, by numbers computed by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmark.core.seed import generator
from benchmark.training.epoch_choice import EpochChoice, within_one_standard_error

IMAGES = generator("images").normal(0.7, 0.3, 40)  # their losses, as different as they are in practice
WOBBLE = generator("wobble").normal(0, 1, 40)
WOBBLE -= WOBBLE.mean()


def chosen(rule, losses, aucs=None):
    """The epoch that the rule has chosen in the end."""
    choice = EpochChoice(rule)
    aucs = aucs or [0.5] * len(losses)
    taken = [e for e, (each, auc) in enumerate(zip(losses, aucs, strict=True)) if choice.prefers(e, each.mean(), auc, each)]
    return taken[-1] if taken else None


def shifted(by, wobble=0.0):
    """Losses whose mean is larger by so much; `wobble`: by how much the differences of the images differ."""
    return IMAGES + by + wobble * WOBBLE


def test_no_worse_is_a_paired_comparison():
    """The images differ by far more than the epochs do: unpaired, a difference of 0.02 would be lost in it."""
    later = shifted(0.02, wobble=0.01)
    apart = later - IMAGES
    assert apart.mean() > stats.sem(apart)
    assert apart.mean() < stats.sem(IMAGES)
    assert not within_one_standard_error(later, IMAGES)
    assert within_one_standard_error(shifted(0.001, wobble=0.2), IMAGES)
    assert within_one_standard_error(IMAGES, IMAGES)


def test_a_network_that_is_sure_is_no_worse_than_one_that_knows_nothing():
    """After an epoch all losses are log 2; later most images are right and a few are wrong with confidence."""
    blind = np.full(50, math.log(2))
    sure = np.where(np.arange(50) < 42, 0.1, 4.2)
    assert sure.mean() > blind.mean() + stats.sem(blind)
    assert chosen("within_one_se", [blind, sure]) == 1
    assert chosen("min_val_loss", [blind, sure]) == 0


def test_the_last_epoch_counts_unless_it_is_worse():
    flat = [shifted(1.0), shifted(0.0), *(shifted(0.005, wobble) for wobble in (0.3, 0.2, 0.1))]
    assert chosen("within_one_se", flat) == 4
    assert chosen("within_one_se", [*flat, shifted(0.5, wobble=0.2)]) == 4
    assert chosen("min_val_loss", flat[:2]) == 1


def test_the_one_to_beat_is_that_of_the_smallest_loss_and_not_the_one_before():
    """Each epoch is a little worse than the one before; together they are not little."""
    creeping = [shifted(0.005 * step) + 0.05 * np.roll(WOBBLE, step) for step in range(8)]
    assert all(within_one_standard_error(later, earlier) for earlier, later in itertools.pairwise(creeping))
    assert 0 < chosen("within_one_se", creeping) < 4


def test_by_auc_and_by_order():
    losses = [shifted(0.0), shifted(0.5), shifted(1.0)]
    assert chosen("max_val_auc", losses, [0.6, 0.9, 0.9]) == 1
    assert chosen("last_epoch", losses) == 2


@pytest.mark.parametrize("rule", ["min_val_loss", "within_one_se"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_never_chosen(rule, number):
    nothing = np.full(40, number)
    assert chosen(rule, [nothing, nothing]) is None
    assert chosen(rule, [nothing, IMAGES, nothing]) == 1


def test_of_one_image_the_smallest_loss_counts():
    assert chosen("within_one_se", [np.array([0.3]), np.array([0.4])]) == 0
