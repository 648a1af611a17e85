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


def test_a_flip_of_probability_zero_never_happens():
    many = images(500, 4)
    assert torch.equal(augmented(many, Augment(flip=0.0, flip_vertical=0.0), luck()), many)


def angles(**change):
    """How far each of 200 arms that pointed right has turned, degrees, clockwise as seen; and the length it has now."""
    arm = torch.zeros(200, 1, 41, 41)
    arm[:, :, 20, 34] = 1
    arm = torch.nn.functional.avg_pool2d(arm, 3, 1, 1)
    made = augmented(arm, Augment(**({"flip": 0.0} | change)), luck())[:, 0]
    y, x = torch.meshgrid(*(torch.arange(41.0) - 20,) * 2, indexing="ij")
    mass = made.sum(dim=(1, 2))
    x, y = (made * x).sum(dim=(1, 2)) / mass, (made * y).sum(dim=(1, 2)) / mass
    return torch.rad2deg(torch.atan2(y, x)), torch.hypot(x, y)


def test_a_rotation_turns_both_ways_as_far_as_it_says_and_keeps_lengths():
    turned, length = angles(rotate=30)
    assert -30.5 < turned.min() < -25
    assert 25 < turned.max() < 30.5
    torch.testing.assert_close(length, torch.full((200,), 14.0), atol=0.15, rtol=0)


def corners(**change):
    """The sense in which right, and then up, lie around the middle of each of 50 pictures: 1 as before, -1 mirrored."""
    senses = []
    for y, x in ((20, 34), (6, 20)):
        point = torch.zeros(50, 1, 41, 41)
        point[:, :, y, x] = 1
        made = augmented(torch.nn.functional.avg_pool2d(point, 3, 1, 1), Augment(**change), luck())[:, 0]
        mass, line = made.sum(dim=(1, 2)), torch.arange(41.0) - 20
        senses.append(((made * line).sum(dim=(1, 2)) / mass, (made * line[:, None]).sum(dim=(1, 2)) / mass))
    (x1, y1), (x2, y2) = senses
    return torch.sign(x2 * y1 - x1 * y2)


def test_a_rotation_is_no_mirror_and_a_flip_is_one_at_every_angle():
    assert (corners(flip=0.0, rotate=90) == 1).all()
    assert (corners(flip=1.0, rotate=90) == -1).all()
    assert (corners(flip=0.0, flip_vertical=1.0, rotate=90) == -1).all()
    assert (corners(flip=1.0, flip_vertical=1.0, rotate=90) == 1).all()


def test_a_zoom_changes_size_as_far_as_it_says_and_no_direction():
    turned, length = angles(zoom=0.2)
    assert turned.abs().max() < 0.5
    assert 14 * 0.795 < length.min() < 14 * 0.85
    assert 14 * 1.15 < length.max() < 14 * 1.205


def test_what_comes_from_outside_is_mirrored_and_never_black():
    white = torch.ones(50, 3, 16, 16)
    made = augmented(white, Augment(flip=0.5, rotate=180, shift=0.5, zoom=0.5), luck())
    torch.testing.assert_close(made, white)


def test_brightness_scales_the_mean_and_contrast_keeps_it():
    grey = 0.4 + 0.1 * images(200, 8)
    bright = augmented(grey, Augment(flip=0.0, brightness=0.2), luck()).mean(dim=(1, 2, 3)) / grey.mean(dim=(1, 2, 3))
    assert 0.8 <= bright.min() < 0.85
    assert 1.15 < bright.max() <= 1.2
    hard = augmented(grey, Augment(flip=0.0, contrast=0.5), luck())
    torch.testing.assert_close(hard.mean(dim=(1, 2, 3)), grey.mean(dim=(1, 2, 3)))
    spread = hard.flatten(1).std(1) / grey.flatten(1).std(1)
    assert 0.5 <= spread.min() < 0.6
    assert 1.4 < spread.max() <= 1.5


def test_everything_at_once_stays_between_0_and_1():
    extreme = Augment(flip=0.5, flip_vertical=0.5, rotate=180, shift=0.5, zoom=0.9, brightness=0.9, contrast=0.9)
    made = augmented(images(200), extreme, luck())
    assert torch.isfinite(made).all()
    assert 0 <= made.min() < made.max() <= 1


def test_its_input_is_left_as_it_is():
    given = images()
    augmented(given, Augment(flip=0.5, rotate=20, brightness=0.5), luck())
    assert torch.equal(given, images())


def test_switching_one_change_off_leaves_the_draws_of_the_others():
    one = augmented(images(), Augment(flip=0.5), luck())
    other = augmented(images(), Augment(flip=0.5, brightness=1e-6), luck())
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
