"""The public runs that ship, and the file that holds them."""

import numpy as np
import pytest

from benchmark.specs import catalogue
from benchmark.specs.family import declared_families
from results.choosing.matrix import Matrix
from results.choosing.public_runs import FILE, public_runs, write_public_runs
from results.choosing.replay import ReplayQuestion, replay
from results.choosing.verdict import policy_regrets
from results.error import CatsError
from tests.results.choosing.matrices import drawn


def test_it_holds_what_was_written(tmp_path):
    matrix = drawn()
    path = tmp_path / "runs.parquet"
    write_public_runs(path, matrix, {"t1": "f"}, ["by hand"])
    prior = public_runs(path)
    assert (prior.targets, prior.sources, prior.family, prior.origin) == (
        matrix.targets,
        matrix.sources,
        {"t1": "f"},
        ("by hand",),
    )
    assert [setting.name for setting in prior.settings] == [setting.name for setting in matrix.settings]
    assert np.allclose(prior.score, matrix.score[..., 0], atol=6e-6)
    assert np.allclose(prior.val_loss, matrix.val_loss[..., 0], rtol=6e-4)
    assert np.allclose(prior.kwh, matrix.kwh[..., 0], rtol=1e-3)


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(CatsError, match="cannot be read"):
        public_runs(tmp_path / "runs.parquet")


def test_the_shipped_table_is_small_and_says_whose_runs_they_are():
    prior = public_runs()
    assert FILE.stat().st_size < 300_000
    assert prior.score.shape == (12, 15, 120)
    assert np.isfinite(prior.score).sum() == 20_157
    assert "licence MIT, commit 7e308c4" in prior.origin[0]
    assert len({prior.family[name] for name in ("organamnist", "organcmnist", "organsmnist")}) == 1
    assert prior.family["chestmnist"] == prior.family["pneumoniamnist"]
    assert sorted(prior.portable().settings[0].values) == ["lr", "momentum", "weight_decay"]


@pytest.mark.parametrize(
    ("target", "siblings"),
    [
        ("busi", {"breastmnist"}),
        ("kermany_oct", {"octmnist"}),
        ("nct_crc", {"pathmnist"}),
        ("ham10000", {"dermamnist"}),
        ("isic2018", {"dermamnist"}),
        ("chestxray14", {"chestmnist", "pneumoniamnist"}),
        ("organamnist[size=64]", {"organamnist", "organcmnist", "organsmnist"}),
        ("bloodmnist[size=64]", {"bloodmnist"}),
        ("idc", set()),
    ],
)
def test_no_sibling_of_the_shipped_table_speaks_for_a_target(target, siblings):
    """The entries say which collections are the same pictures; the table holds what they declare of all its targets."""
    prior = public_runs()
    assert prior.family == declared_families(prior.targets)
    assert prior.relatives(target, catalogue.target(target).dataset.relatives) == siblings


@pytest.mark.slow
def test_the_averaged_figures_of_the_study_are_found():
    """Mean of 20 relabellings at .1, .3, 1, 2 and 5 % of the energy, by the bars of the study; the full sweep loses .0062."""
    found = replay(Matrix.of(public_runs()), ReplayQuestion(("race",), 20))
    race = policy_regrets(found)[0]
    assert all(mean.value <= bar for mean, bar in zip(race.regret, (0.016, 0.006, 0.0045, 0.004, 0.004), strict=True))
    assert race.worst[2] <= 0.015
    assert found.sweep.mean() == pytest.approx(0.0062, abs=1e-4)
    assert sum(some.holds_near for some in found.sets) >= 11
    assert np.mean([len(some.near.names) for some in found.sets]) <= 2.5
