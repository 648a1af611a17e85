import math

import pytest
import torch
from skimage.color import hed2rgb, rgb2hed, rgb_from_hed

from benchmark.machine.timm_import import declare_missing
from benchmark.training.augment import STAINS, stain_maps
from benchmark.training.colour import (
    ORDER,
    adjust_brightness,
    adjust_colour,
    adjust_contrast,
    adjust_saturation,
    autocontrast,
    equalize,
    jitter_stains,
    rotate_hue,
    sharpen,
)

declare_missing()

from torchvision.transforms import functional as theirs  # noqa: E402 - it needs the operators

AS_IT_IS = {
    "brightness": 1.0,
    "contrast": 1.0,
    "saturation": 1.0,
    "hue": 0.0,
    "sharpness": 0.0,
    "autocontrast": 0.0,
    "equalize": 0.0,
}


def images(count=6, side=24):
    """Of 256 levels: noise, a dark one of few levels, one of a single grey, a grey one, black and white, a primary colour."""
    made = torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(0)).float()
    made[1] = (made[1] / 8).round() + 20
    made[2] = 128
    made[3] = made[3, :1]
    made[4] = (made[4] > 128) * 255
    made[5, 1:] = 0
    return made / 255


def column(*values):
    return torch.tensor(values)[:, None]


FACTORS = (0.0, 0.3, 0.9, 1.0, 1.4, 2.0)


@pytest.mark.parametrize(
    ("ours", "name", "factors"),
    [
        (adjust_brightness, "adjust_brightness", FACTORS),
        (adjust_contrast, "adjust_contrast", FACTORS),
        (adjust_saturation, "adjust_saturation", FACTORS),
        (rotate_hue, "adjust_hue", (-0.5, -0.31, -0.05, 0.0, 0.1, 0.5)),
    ],
)
def test_each_image_is_changed_by_its_own_factor_as_torchvision_changes_it(ours, name, factors):
    for turn in range(6):  # so that every image meets every factor
        given = factors[turn:] + factors[:turn]
        expected = torch.stack([getattr(theirs, name)(image, f) for image, f in zip(images(), given, strict=True)])
        torch.testing.assert_close(ours(images(), column(*given)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (sharpen, lambda x: theirs.adjust_sharpness(x, 2)),
        (autocontrast, theirs.autocontrast),
        (equalize, lambda x: theirs.equalize((x * 255).round().byte()).float() / 255),
    ],
)
def test_chosen_images_are_changed_as_torchvision_changes_them_and_others_not_at_all(ours, expected):
    chosen = column(1.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    made = ours(images(), chosen)
    torch.testing.assert_close(made[chosen[:, 0] > 0], expected(images()[chosen[:, 0] > 0]), atol=1e-6, rtol=0)
    assert torch.equal(made[chosen[:, 0] == 0], images()[chosen[:, 0] == 0])
    assert not torch.equal(made[1], images()[1])


def test_an_image_of_one_level_has_no_contrast_to_stretch_and_no_histogram_to_make_even():
    flat = torch.full((1, 3, 16, 16), 0.3)
    for change in (autocontrast, equalize):
        assert torch.equal(change(flat, column(1.0)), flat)


@pytest.mark.parametrize("name", sorted(AS_IT_IS))
def test_a_grey_image_stays_grey(name):
    grey = images()[:, :1].expand(-1, 3, -1, -1).contiguous()
    strong = {"brightness": 1.4, "contrast": 1.4, "saturation": 1.4, "hue": 0.3}.get(name, 1.0)
    made = adjust_colour(grey, {name: torch.full((6, 1), strong)})
    assert torch.equal(made[:, 0], made[:, 1])
    assert torch.equal(made[:, 0], made[:, 2])


@pytest.mark.parametrize("name", sorted(AS_IT_IS))
def test_the_factor_that_changes_nothing_changes_nothing(name):
    torch.testing.assert_close(ORDER[name](images(), torch.full((6, 1), AS_IT_IS[name])), images(), atol=2e-6, rtol=0)


def test_equalising_comes_before_the_factors_which_it_would_undo():
    drawn = {"brightness": torch.full((6, 1), 0.5), "equalize": torch.ones(6, 1)}
    assert torch.equal(
        adjust_colour(images(), drawn), adjust_colour(equalize(images(), torch.ones(6, 1)), {"brightness": drawn["brightness"]})
    )


def jittered(pictures, alpha=(1.0, 1.0, 1.0), beta=(0.0, 0.0, 0.0)):
    return jitter_stains(pictures, stain_maps(torch.tensor([[*alpha, *beta]]).expand(len(pictures), -1)))


def slide(*amounts):
    """One pixel's worth of each of so many amounts (of haematoxylin, eosin, DAB), as light that comes through: (N, 3, 4, 4)."""
    densities = torch.tensor(amounts) @ torch.tensor(STAINS)
    return (10**-densities)[:, :, None, None].expand(-1, -1, 4, 4)


def test_the_stains_are_those_of_scikit_image():
    torch.testing.assert_close(torch.tensor(STAINS, dtype=torch.float64), torch.from_numpy(rgb_from_hed))


def test_a_jitter_of_nothing_leaves_every_level_above_black_as_it_is():
    given = images().clamp(min=1 / 255)
    torch.testing.assert_close(jittered(given), given, atol=1e-5, rtol=0)


def test_a_jitter_and_its_inverse_give_the_image_back():
    given = slide((0.3, 0.4, 0.1), (0.1, 0.5, 0.2))
    there = jittered(given, (1.2, 0.9, 1.1), (0.02, 0.01, 0.03))
    alpha, beta = torch.tensor([1.2, 0.9, 1.1]), torch.tensor([0.02, 0.01, 0.03])
    back = jittered(there, (1 / alpha).tolist(), (-beta / alpha).tolist())
    assert (there - given).abs().max() > 0.02
    torch.testing.assert_close(back, given, atol=1e-5, rtol=0)


def test_white_stays_white_under_factors_and_is_stained_by_an_offset():
    white = torch.ones(1, 3, 4, 4)
    torch.testing.assert_close(jittered(white, (0.5, 1.5, 1.2)), white)
    torch.testing.assert_close(jittered(white, beta=(0.1, 0.0, 0.0)), slide((0.1, 0.0, 0.0)))
    assert torch.equal(jittered(white, beta=(-0.1, 0.0, 0.0)), white)  # nothing is lighter


def test_each_stain_is_multiplied_by_its_own_factor_and_moved_by_its_own_offset():
    given = slide((0.5, 0.2, 0.1), (0.1, 0.6, 0.0))
    expected = slide((0.6 + 0.01, 0.16 + 0.02, 0.1), (0.12 + 0.01, 0.48 + 0.02, 0.0))
    torch.testing.assert_close(jittered(given, (1.2, 0.8, 1.0), (0.01, 0.02, 0.0)), expected, atol=1e-5, rtol=0)


def test_factors_of_stains_are_those_of_scikit_image():
    amounts = torch.rand(16, 3, generator=torch.Generator().manual_seed(0)).mul(0.5).tolist()
    given = slide(*amounts)
    alpha = torch.tensor([1.3, 0.8, 1.1])
    expected = hed2rgb(rgb2hed(given.permute(0, 2, 3, 1).double().numpy()) * alpha.numpy())
    made = jittered(given, alpha.tolist()).permute(0, 2, 3, 1).double()
    torch.testing.assert_close(made, torch.from_numpy(expected), atol=1e-5, rtol=0)


def test_black_stays_dark_and_finite_when_stains_are_jittered():
    made = jittered(torch.zeros(1, 3, 4, 4), (1.5, 0.5, 1.5), (0.05, -0.05, 0.05))
    assert torch.isfinite(made).all()
    assert made.max() < 0.1
    assert made.min() >= 0
    assert math.isclose(float(jittered(torch.zeros(1, 3, 4, 4)).max()), 1 / 510, rel_tol=1e-3)
