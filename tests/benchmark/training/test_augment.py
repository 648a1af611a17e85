import numpy as np
import pytest
import torch
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest

from benchmark.machine.timm_import import declare_missing
from benchmark.specs.recipe import Augment
from benchmark.training import augment as module
from benchmark.training.augment import SAMPLERS, augment_batch, draw_augmentation, mix_up
from benchmark.training.device_images import coloured

declare_missing()

import torchvision.transforms as torchvision  # noqa: E402 - it needs the operators

STILL = Augment(flip=0.0)
EVERYTHING = Augment(
    flip=0.5, flip_vertical=0.5, rotate=90, shift=0.2, zoom=0.4, crop=0.3, brightness=0.5, contrast=0.5, saturation=0.5,
    hue=0.3, sharpness=0.5, autocontrast=0.5, equalize=0.5, stain=0.3, cutout=0.4, mixup=0.4,
)  # fmt: skip


def images(count=6, side=16):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def changed(given, augment, seed=0):
    return augment_batch(given, augment, draw_augmentation(augment, len(given), rng(seed)))


def asked(**change):
    return Augment(**({"flip": 0.0} | change))


# Random numbers


def test_every_setting_is_drawn_and_nothing_else():
    assert set(SAMPLERS) == set(Augment.model_fields)


def test_nothing_is_drawn_for_what_is_off():
    assert draw_augmentation(STILL, 5, rng()).table.shape == (5, 0)
    assert set(draw_augmentation(asked(hue=0.1, mixup=1), 5, rng()).columns) == {"hue", "mixup"}


def test_the_same_generator_gives_the_same_numbers_and_another_gives_others():
    one, same, other = (draw_augmentation(EVERYTHING, 20, rng(seed)) for seed in (0, 0, 1))
    assert torch.equal(one.table, same.table)
    assert not torch.equal(one.table, other.table)


def test_a_second_epoch_of_the_same_generator_has_other_numbers():
    going = rng()
    assert not torch.equal(draw_augmentation(EVERYTHING, 20, going).table, draw_augmentation(EVERYTHING, 20, going).table)


def test_the_generator_moves_on_equally_far_whatever_is_asked_for():
    one, other = rng(), rng()
    draw_augmentation(STILL, 3, one)
    draw_augmentation(EVERYTHING, 700, other)
    assert torch.equal(one.get_state(), other.get_state())


@pytest.mark.parametrize("off", sorted(set(SAMPLERS) - {"flip", "flip_vertical", "rotate", "shift", "zoom", "crop"}))
def test_switching_one_change_off_leaves_the_draws_of_the_others(off):
    every = draw_augmentation(EVERYTHING, 20, rng())
    fewer = draw_augmentation(EVERYTHING.model_copy(update={off: 0.0}), 20, rng())
    assert set(fewer.columns) == set(every.columns) - {off}
    for name in fewer.columns:
        assert torch.equal(fewer.of(name), every.of(name))


def test_switching_the_turning_on_leaves_the_flips_as_they_are():
    alone = draw_augmentation(Augment(flip=0.5), 50, rng()).of("flip")[:, 0]
    turning = draw_augmentation(Augment(flip=0.5, rotate=1e-3), 50, rng()).of("affine")[:, 0]
    assert torch.equal(turning < 0, alone > 0)


def test_rows_and_devices_are_chosen_for_all_numbers_at_once():
    draws = draw_augmentation(EVERYTHING, 20, rng())
    index = torch.tensor([3, 1, 19])
    assert torch.equal(draws[index].of("hue"), draws.of("hue")[index])
    assert torch.equal(draws[4:8].of("affine"), draws.of("affine")[4:8])
    assert len(draws[4:8]) == 4
    assert draws.to("meta").of("hue").device.type == "meta"


def factors(name, **change):
    return draw_augmentation(asked(**change), 4000, rng()).of(name)[:, 0].numpy()


def torchvision_factors(place, **change):
    torch.manual_seed(0)
    jitter = torchvision.ColorJitter(**change)
    drawn = [
        torchvision.ColorJitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
        for _ in range(2000)
    ]
    return np.array([one[place] for one in drawn])


@pytest.mark.parametrize(("place", "name"), [(1, "brightness"), (2, "contrast"), (3, "saturation"), (4, "hue")])
def test_factors_are_distributed_as_torchvisions(place, name):
    assert ks_2samp(factors(name, **{name: 0.4}), torchvision_factors(place, **{name: 0.4})).pvalue > 0.01


def test_angles_are_distributed_as_torchvisions():
    theta = draw_augmentation(asked(rotate=30), 4000, rng()).of("affine")
    torch.manual_seed(0)
    expected = [torchvision.RandomRotation.get_params([-30.0, 30.0]) for _ in range(2000)]
    assert ks_2samp(torch.rad2deg(torch.atan2(theta[:, 3], theta[:, 0])).numpy(), expected).pvalue > 0.01


@pytest.mark.parametrize("smallest", [0.08, 0.7])
def test_crops_are_distributed_as_torchvisions(smallest):
    width, _, x, _, height, y = draw_augmentation(asked(crop=smallest), 4000, rng()).of("affine").T.double()
    torch.manual_seed(0)
    picture = torch.empty(1, 1000, 1000)
    drawn = [torchvision.RandomResizedCrop.get_params(picture, [smallest, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)]
    top, left, their_height, their_width = torch.tensor(drawn, dtype=torch.float64).T / 1000
    pairs = {
        "area": (width * height, their_width * their_height),
        "aspect": (width / height, their_width / their_height),
        "left": ((x - width + 1) / 2, left),
        "top": ((y - height + 1) / 2, top),
    }
    for name, (ours, theirs) in pairs.items():  # theirs are whole pixels; those equal to nothing are compared as rounded
        assert ks_2samp(ours.mul(1000).round().numpy(), theirs.mul(1000).round().numpy()).pvalue > 0.01, name


def test_a_crop_lies_inside_the_image():
    width, _, x, _, height, y = draw_augmentation(asked(crop=0.05), 4000, rng()).of("affine").T
    assert 0.05 - 1e-6 <= (width * height).min() < 0.06
    assert ((x.abs() + width) <= 1 + 1e-6).all()
    assert ((y.abs() + height) <= 1 + 1e-6).all()


@pytest.mark.parametrize("name", ["flip", "flip_vertical", "sharpness", "autocontrast", "equalize"])
def test_a_chance_is_as_large_as_it_says(name):
    for probability in (0.2, 0.5, 1.0):
        assert abs(factors(name, **{name: probability}).mean() - probability) < 0.03


def test_shares_of_mixup_are_from_the_beta_distribution():
    for a in (0.2, 1.0, 3.0):
        assert kstest(draw_augmentation(asked(mixup=a), 4000, rng()).of("mixup")[:, 0].numpy(), "beta", (a, a)).pvalue > 0.01


@pytest.mark.parametrize("a", [1e-300, 1e-3, 1e3])
def test_shares_of_mixup_lie_between_0_and_1_for_any_a(a):
    shares = draw_augmentation(asked(mixup=a), 500, rng()).of("mixup")
    assert ((shares >= 0) & (shares <= 1)).all()
    if a > 1:
        torch.testing.assert_close(shares, torch.full((500, 1), 0.5), atol=0.1, rtol=0)


def test_stains_are_jittered_by_factors_and_by_offsets_a_tenth_as_large():
    drawn = SAMPLERS["stain"](0.3, 4000, rng())
    for column, (low, high) in zip(drawn.T, [(0.7, 1.3)] * 3 + [(-0.03, 0.03)] * 3, strict=True):
        assert kstest(column.numpy(), "uniform", (low, high - low)).pvalue > 0.01


# Geometric changes


def test_nothing_asked_for_changes_nothing():
    given = images()
    assert changed(given, STILL) is given


def test_flips_are_exact():
    assert torch.equal(changed(images(), Augment(flip=1.0)), images().flip(3))
    assert torch.equal(changed(images(), Augment(flip=0.0, flip_vertical=1.0)), images().flip(2))


def test_a_flip_of_probability_one_half_flips_about_half():
    many = images(2000, 2)
    share = (changed(many, Augment(flip=0.5)) == many.flip(3)).all(dim=(1, 2, 3)).float().mean()
    assert 0.46 < share < 0.54


def test_a_flip_alone_is_not_sampled(monkeypatch):
    monkeypatch.setattr(module, "warp", None)
    changed(images(), Augment(flip=0.5, flip_vertical=0.5))


def test_all_that_moves_is_sampled_once(monkeypatch):
    calls, real = [], module.warp
    monkeypatch.setattr(module, "warp", lambda *given: (calls.append(given), real(*given))[1])
    changed(images(), EVERYTHING)
    assert len(calls) == 1


def test_the_affine_path_flips_like_the_exact_one():
    turned = changed(images(), Augment(flip=1.0, rotate=1e-4))
    torch.testing.assert_close(turned, images().flip(3), atol=2e-3, rtol=0)


def test_the_grid_is_that_of_torch():
    theta = draw_augmentation(EVERYTHING, 6, rng()).of("affine")
    grid = torch.nn.functional.affine_grid(theta.view(-1, 2, 3), [6, 3, 16, 16], align_corners=False)
    expected = torch.nn.functional.grid_sample(images(), grid, padding_mode="reflection", align_corners=False)
    torch.testing.assert_close(module.warp(images(), theta), expected, atol=1e-5, rtol=0)


def test_a_rotation_is_that_of_torchvision():
    draws = draw_augmentation(asked(rotate=40), 6, rng())
    smooth = torch.nn.functional.interpolate(images(6, 6), size=32, mode="bicubic").clamp(0, 1)
    made = augment_batch(smooth, asked(rotate=40), draws)
    degrees = torch.rad2deg(torch.atan2(draws.of("affine")[:, 3], draws.of("affine")[:, 0]))
    bilinear = torchvision.InterpolationMode.BILINEAR
    for image, angle, result in zip(smooth, degrees, made, strict=True):
        expected = torchvision.functional.rotate(image, float(angle), bilinear)
        torch.testing.assert_close(result[:, 9:23, 9:23], expected[:, 9:23, 9:23], atol=1e-4, rtol=0)


def test_a_crop_is_that_of_torchvision():
    augment = asked(crop=0.2)
    draws = draw_augmentation(augment, 3, rng())
    boxes = [(4, 6, 20, 16), (0, 8, 24, 24), (10, 2, 13, 17)]  # top, left, height, width, of 32
    for row, (top, left, height, width) in zip(draws.table, boxes, strict=True):
        x, y = (2 * left + width) / 32 - 1, (2 * top + height) / 32 - 1
        row[draws.columns["affine"]] = torch.tensor([width / 32, 0, x, 0, height / 32, y])
    made = augment_batch(images(3, 32), augment, draws)
    for image, box, result in zip(images(3, 32), boxes, made, strict=True):
        expected = torchvision.functional.resized_crop(image, *box, [32, 32], antialias=False)
        torch.testing.assert_close(result[:, 2:-2, 2:-2], expected[:, 2:-2, 2:-2], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "change",
    [
        {"rotate": 20}, {"shift": 0.2}, {"zoom": 0.3}, {"crop": 0.3}, {"brightness": 0.3}, {"contrast": 0.5},
        {"saturation": 0.5}, {"hue": 0.2}, {"stain": 0.3}, {"cutout": 0.4},
    ],
)  # fmt: skip
def test_images_that_are_equal_are_changed_differently(change):
    same = images(1).expand(6, -1, -1, -1).contiguous()
    made = changed(same, asked(**change))
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made, changed(same, asked(**change)))
    assert not torch.equal(made, changed(same, asked(**change), seed=1))


def test_a_shift_moves_by_at_most_the_given_part_of_the_width():
    point = torch.zeros(200, 1, 21, 21)
    point[:, :, 10, 10] = 1
    made = changed(point, asked(shift=0.1))
    rows, columns = made.amax(dim=(1, 3)).argmax(1), made.amax(dim=(1, 2)).argmax(1)
    for where in (rows, columns):
        assert 7 <= where.min() < 10 < where.max() <= 13


@pytest.mark.parametrize("size", [16, 28])
@pytest.mark.parametrize("augment", [STILL, Augment(rotate=20, zoom=0.1), EVERYTHING], ids=["still", "warp", "all"])
def test_a_grey_picture_is_augmented_as_three_equal_channels(augment, size):
    grey = torch.rand(4, 1, size, size)
    draws = draw_augmentation(augment, 4, rng())
    assert torch.equal(augment_batch(grey, augment, draws), augment_batch(coloured(grey), augment, draws))


def test_a_rotation_keeps_the_middle_and_turns_the_rest():
    cross = torch.zeros(50, 1, 21, 21)
    cross[:, :, 10] = 1
    turned = changed(cross, asked(rotate=90))
    torch.testing.assert_close(turned[:, :, 10, 10], torch.ones(50, 3), atol=0.05, rtol=0)
    assert (turned - cross).abs().flatten(1).sum(1).gt(1).float().mean() > 0.9


def angles(**change):
    """How far each of 200 arms that pointed right has turned, degrees, clockwise as seen; and the length it has now."""
    arm = torch.zeros(200, 1, 41, 41)
    arm[:, :, 20, 34] = 1
    arm = torch.nn.functional.avg_pool2d(arm, 3, 1, 1)
    made = changed(arm, asked(**change))[:, 0]
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
        made = changed(torch.nn.functional.avg_pool2d(point, 3, 1, 1), Augment(**change))[:, 0]
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


def test_a_crop_is_flipped_where_it_lies():
    alone, flipped = (draw_augmentation(Augment(flip=flip, crop=0.3), 20, rng()).of("affine") for flip in (0.0, 1.0))
    torch.testing.assert_close(flipped, alone * torch.tensor([-1.0, 1, 1, 1, 1, 1]))


def test_what_comes_from_outside_is_mirrored_and_never_black():
    white = torch.ones(50, 3, 33, 33)
    made = changed(white, Augment(flip=0.5, rotate=180, shift=0.5, zoom=0.5))
    torch.testing.assert_close(made, white)
    assert made.max() <= 1  # though the four weights of a pixel may add up to a little more


def test_nothing_is_drawn_infinitely_small(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *size, generator: torch.zeros(size))  # the least that can be drawn
    assert torch.isfinite(draw_augmentation(asked(zoom=0.99999999), 3, rng()).table).all()


# Cutout and mixup


def test_a_square_as_large_as_it_says_gets_the_mean_of_the_image():
    given = images(400, 20)
    made = changed(given, asked(cutout=0.3))
    hole = made != given
    assert torch.equal(hole[:, 0], hole[:, 2])
    torch.testing.assert_close(made[hole], given.mean(dim=(1, 2, 3), keepdim=True).expand_as(given)[hole])
    high, wide = hole[:, 0].any(dim=2).sum(dim=1), hole[:, 0].any(dim=1).sum(dim=1)
    assert torch.equal(hole[:, 0].sum(dim=(1, 2)), high * wide)
    for side in (high, wide):
        assert side.max() == 6
        assert (side == 6).float().mean() > 0.6  # others reach over the border
        assert side.min() < 5
    middle = (hole[:, 0].any(dim=1).float() * torch.arange(20.0)).sum(dim=1) / wide
    assert kstest(middle[(middle > 3) & (middle < 16)].numpy(), "uniform", (2.5, 14)).pvalue > 0.01


def test_a_cutout_comes_after_all_that_changes_colour():
    both, alone = (changed(images(), asked(**{"brightness": 0.4} | more)) for more in ({"cutout": 0.5}, {}))
    kept = both == alone
    assert torch.equal(both[~kept], alone.mean(dim=(1, 2, 3), keepdim=True).expand_as(alone)[~kept])


def test_mixup_mixes_each_image_and_its_label_with_the_next_ones():
    draws = draw_augmentation(asked(mixup=1), 4, rng())
    draws.of("mixup")[:, 0] = torch.tensor([1.0, 0.75, 0.5, 0.0])
    given, labels = images(4), torch.eye(4)
    made, mixture = mix_up(given, labels, draws)
    expected = [given[0], 0.75 * given[1] + 0.25 * given[2], (given[2] + given[3]) / 2, given[0]]
    torch.testing.assert_close(made, torch.stack(expected))
    rows = [[1.0, 0, 0, 0], [0, 0.75, 0.25, 0], [0, 0, 0.5, 0.5], [1, 0, 0, 0]]
    torch.testing.assert_close(mixture, torch.tensor(rows))


def test_without_mixup_images_and_labels_are_handed_back():
    given, labels = images(), torch.eye(6)
    made = mix_up(given, labels, draw_augmentation(Augment(), 6, rng()))
    assert made[0] is given
    assert made[1] is labels


# Properties of all changes together


def test_its_input_is_left_as_it_is():
    given = images()
    for name in SAMPLERS:
        changed(given, asked(**{name: 0.5}))
        mix_up(given, torch.eye(6), draw_augmentation(asked(**{name: 0.5}), 6, rng()))
        assert torch.equal(given, images()), name


@pytest.mark.parametrize("name", sorted(SAMPLERS))
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_memory_format_stays_and_makes_no_difference(name, layout):
    augment = asked(**{name: 0.5})
    draws = draw_augmentation(augment, 6, rng())
    made = augment_batch(images().contiguous(memory_format=layout), augment, draws)
    assert made.is_contiguous(memory_format=layout)
    torch.testing.assert_close(made, augment_batch(images(), augment, draws))
    blended = mix_up(images().contiguous(memory_format=layout), torch.eye(6), draws)[0]
    assert blended.is_contiguous(memory_format=layout)


def test_grey_images_stay_grey_under_all_but_stains():
    grey = images()[:, :1].expand(-1, 3, -1, -1).contiguous()
    made = changed(grey, EVERYTHING.model_copy(update={"stain": 0.0}))
    torch.testing.assert_close(made, made[:, :1].expand(-1, 3, -1, -1))
    assert torch.equal(made[:, 0], made[:, 2])


SETTINGS = st.builds(
    Augment,
    **{
        name: st.one_of(st.just(0.0), st.floats(0, 1))
        for name in ("flip", "flip_vertical", "sharpness", "autocontrast", "equalize")
    },
    **{
        name: st.one_of(st.just(0.0), st.floats(0, 1, exclude_max=True))
        for name in ("zoom", "brightness", "contrast", "stain", "cutout")
    },
    rotate=st.one_of(st.just(0.0), st.floats(0, 180)),
    shift=st.floats(0, 0.5),
    crop=st.one_of(st.just(1.0), st.floats(0, 1, exclude_min=True)),
    saturation=st.floats(0, 1),
    hue=st.floats(0, 0.5),
    mixup=st.floats(0, 1000),
)


@pytest.mark.slow
@any_of(SETTINGS, st.integers(0, 2**31), st.integers(1, 5), st.sampled_from([8, 13]))
@settings(max_examples=60, deadline=None)
def test_any_settings_keep_shape_kind_and_range_and_change_each_image_apart_from_its_neighbours(augment, seed, count, side):
    draws = draw_augmentation(augment, count, rng(seed))
    given = images(count, side)
    given[0] = given[0].round()
    made = augment_batch(given, augment, draws)
    blended, labels = mix_up(made, torch.eye(count), draws)
    for result in (made, blended):
        assert result.shape == given.shape
        assert result.dtype == torch.float32
        assert torch.isfinite(result).all()
        assert 0 <= result.min() <= result.max() <= 1
    torch.testing.assert_close(labels.sum(dim=1), torch.ones(count))
    assert torch.equal(made, augment_batch(given, augment, draws))
    alone = [augment_batch(given[i : i + 1], augment, draws[i : i + 1]) for i in range(count)]
    torch.testing.assert_close(made, torch.cat(alone), atol=1e-5, rtol=0)


def test_no_step_asks_for_the_value_of_a_tensor():
    unknown = draw_augmentation(EVERYTHING, 6, rng()).to("meta")  # tensors there have no values
    made, labels = mix_up(augment_batch(images().to("meta"), EVERYTHING, unknown), torch.eye(6).to("meta"), unknown)
    assert made.shape == (6, 3, 16, 16)
    assert labels.shape == (6, 6)


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_gpu_makes_the_same_images_and_is_never_waited_for(name):
    augment = asked(**{name: 0.5})
    draws = draw_augmentation(augment, 6, rng())
    there, moved_draws = images().cuda(), draws.to("cuda")
    labels = torch.eye(6, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        made = mix_up(augment_batch(there, augment, moved_draws), labels, moved_draws)[0]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = mix_up(augment_batch(images(), augment, draws), torch.eye(6), draws)[0]
    torch.testing.assert_close(made.cpu(), expected, atol=1e-4, rtol=0)
