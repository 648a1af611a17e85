import pytest
import torch

from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe
from benchmark.training import train
from benchmark.training.step_threads import forward_operations, limited_to, step_threads
from tests.support.stripes import network, state, stripes

RECIPE = Recipe(size=16, epochs=2, batch_size=16, precision="fp32")


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with limited_to(2):
        yield


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "size", "batch", "threads"),
    [("test_resnet", 32, 32, 1), ("test_resnet", 64, 32, 2), ("mobilenetv2_035", 32, 32, 1), ("resnet18", 64, 8, 2)],
)
def test_only_the_steps_of_small_networks_are_made_on_one_thread(two_threads, backbone, size, batch, threads):
    assert step_threads(Network(backbone, Trained(), 2), stripes(4, side=size), batch) == threads


def test_who_sets_the_number_of_threads_decides_it(two_threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert step_threads(network(), stripes(4), 16) == 2


def test_counting_operations_changes_neither_network_nor_random_generator():
    made = network().train()
    before, random = state(made), torch.get_rng_state()
    assert forward_operations(made, stripes(4, side=32)) > 3 * forward_operations(made, stripes(4)) > 0
    assert made.training
    assert all(torch.equal(value, before[name]) for name, value in state(made).items())
    assert torch.equal(random, torch.get_rng_state())


def test_a_small_training_is_the_same_bit_for_bit_on_any_number_of_threads(two_threads):
    results = []
    for threads in (1, 2):
        with limited_to(threads):
            made = network()
            fit = train.fit(made, stripes(64), stripes(32, seed=1), RECIPE, 0)
            assert torch.get_num_threads() == threads
        results.append(made.state_dict())
        assert fit.facts() == {"micro_batch": "16", "training_threads": "1"}
    assert all(torch.equal(value, results[1][name]) for name, value in results[0].items())


def test_a_training_that_fails_leaves_the_number_of_threads_as_it_was(two_threads):
    with pytest.raises(Exception, match="not finite|is nan"):
        train.fit(network(), stripes(64), stripes(32), RECIPE.model_copy(update={"optimiser": "sgd", "lr": 1e30}), 0)
    assert torch.get_num_threads() == 2
