"""The checks of maps: figures that are known by hand, and re-drawn networks that are others but always the same ones."""

import numpy as np
import pytest
import torch
from scipy import stats

from benchmark.models.explanation.check import (
    centre_prior,
    figure,
    mask_figures,
    rank_correlations,
    redrawn,
    share_inside,
)  # fmt: skip
from tests.support.kept_models import images, kept_model

RNG = np.random.default_rng(5)


def test_rank_correlations_are_those_of_scipy():
    one, other = RNG.integers(0, 5, (2, 6, 4, 4)).astype(float)  # with ties
    expected = [stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(rank_correlations(one, other), expected)
    assert np.isnan(rank_correlations(np.ones((1, 4, 4)), other[:1])).all()


def test_the_share_inside_is_counted():
    maps = np.array([[[1.0, 3.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])
    masks = np.array([[[True, False], [False, True]], [[True, True], [False, False]]])
    inside = share_inside(maps, masks)
    assert inside[0] == 5 / 8
    assert np.isnan(inside[1])


def test_the_centre_prior_is_a_gaussian_of_a_quarter_of_the_side():
    prior = centre_prior(64)
    assert prior[31, 31] == prior.max()
    np.testing.assert_allclose(prior, prior[::-1, ::-1])
    np.testing.assert_allclose(prior[48, 32] / prior[32, 32], np.exp(-(16.5**2 - 0.5**2) / (2 * 16**2)), rtol=1e-9)


def test_a_figure_is_a_mean_with_an_interval():
    values = np.array([0.2, 0.4, np.nan, 0.6, 0.8])
    found = figure(values, (0, 1))
    assert (found.mean, found.images) == (pytest.approx(0.5), 4)
    assert 0 < found.low < 0.5 < found.high < 1
    assert str(figure(values, (-np.inf, np.inf))) == "0.50 [0.09, 0.91]"  # 0.5 ± 3.182 · 0.2582 / 2
    assert str(figure(values[:1], (0, 1))) == "0.20"
    assert str(figure(values[2:3], (0, 1))) == "unknown"


def test_shares_stand_beside_chance_and_the_centre_prior():
    masks = np.zeros((12, 8, 8), bool)
    for number, mask in enumerate(masks):
        mask[number % 4 : number % 4 + 2, :2] = True
    maps = {"sure": masks * 2.0 + 1e-9, "same everywhere": np.ones((12, 8, 8))}
    found = mask_figures(maps, masks)
    assert found["chance"]["inside"].mean == pytest.approx(4 / 64)
    assert found["sure"]["inside"].mean == pytest.approx(1, abs=1e-6)
    assert found["same everywhere"]["inside"].mean == pytest.approx(4 / 64)
    assert found["same everywhere"]["above chance"].mean == pytest.approx(0)
    assert found["sure"]["above centre prior"].low > 0.5
    assert found["centre prior"]["inside"].mean < 4 / 64  # the masks lie at the border


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_redrawn_networks_are_others_of_the_same_kind_and_always_the_same(backbone, tmp_path):
    from benchmark.networks.network import Trained

    trained = Trained(arguments={"img_size": 32}) if backbone == "test_vit" else None
    model = kept_model(tmp_path / "m", backbone=backbone, trained=trained)
    pixels, _ = images(6, 3)
    before = torch.get_rng_state()
    first, again = list(redrawn(model, pixels)), list(redrawn(model, pixels))
    assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(first, again, strict=True):
        assert not one.training
        assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    states = [one.head.weight for one in (*first, model.network)]
    assert not any(torch.equal(states[i], states[j]) for i in range(4) for j in range(i))
    assert len(list(redrawn(model, pixels[:1]))) == len(first)
