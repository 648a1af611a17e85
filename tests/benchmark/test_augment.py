import pytest
import torch

from benchmark.augment import augmented
from benchmark.recipe import Augment

STILL = Augment(flip=0.0)


def images(count=6, side=16):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def luck(seed=0):
    return torch.Generator().manual_seed(seed)


def test_nothing_asked_for_changes_nothing():
    assert torch.equal(augmented(images(), STILL, luck()), images())


def test_flips_are_exact():
    assert torch.equal(augmented(images(), Augment(flip=1.0), luck()), images().flip(3))
    assert torch.equal(augmented(images(), Augment(flip=0.0, flip_vertical=1.0), luck()), images().flip(2))


def test_a_flip_of_probability_one_half_flips_about_half():
    many = images(2000, 2)
    share = (augmented(many, Augment(flip=0.5), luck()) == many.flip(3)).all(dim=(1, 2, 3)).float().mean()
    assert 0.46 < share < 0.54


def test_the_affine_path_flips_like_the_exact_one():
    turned = augmented(images(), Augment(flip=1.0, rotate=1e-4), luck())
    torch.testing.assert_close(turned, images().flip(3), atol=2e-3, rtol=0)


@pytest.mark.parametrize("change", [{"rotate": 20}, {"shift": 0.2}, {"zoom": 0.3}, {"brightness": 0.3}, {"contrast": 0.5}])
def test_each_image_is_changed_on_its_own_and_the_same_generator_repeats_it(change):
    same = images(1).expand(6, -1, -1, -1).contiguous()
    augment = Augment(flip=0.0, **change)
    made = augmented(same, augment, luck())
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made, augmented(same, augment, luck()))
    assert not torch.equal(made, augmented(same, augment, luck(1)))
    assert made.shape == same.shape
    assert made.min() >= -1e-6
    assert made.max() <= 1 + 1e-6


def test_a_shift_moves_by_at_most_the_given_part_of_the_width():
    point = torch.zeros(200, 1, 21, 21)
    point[:, :, 10, 10] = 1
    moved = augmented(point, Augment(flip=0.0, shift=0.1), luck())
    rows, columns = moved.amax(dim=(1, 3)).argmax(1), moved.amax(dim=(1, 2)).argmax(1)
    for where in (rows, columns):
        assert 7 <= where.min() < 10 < where.max() <= 13


def test_a_rotation_keeps_the_middle_and_turns_the_rest():
    cross = torch.zeros(50, 1, 21, 21)
    cross[:, :, 10] = 1
    turned = augmented(cross, Augment(flip=0.0, rotate=90), luck())
    torch.testing.assert_close(turned[:, :, 10, 10], torch.ones(50, 1), atol=0.05, rtol=0)
    assert (turned - cross).abs().flatten(1).sum(1).gt(1).float().mean() > 0.9
