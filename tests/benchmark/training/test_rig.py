"""Epochs that begin before the last one is judged, and rigs that trainings of one kind use in turn, change no number."""

import pytest
import torch

from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import captured, device_cache, rig, train, validation
from benchmark.training.checkpoint import State
from benchmark.training.device_images import Images
from benchmark.training.step import Step
from benchmark.training.train import Training
from results.error import CatsError
from tests.support.stripes import network, state, stripes

AUGMENT = Augment(flip=0.5, rotate=10, contrast=0.2, mixup=0.4)
PLAIN = Recipe(size=16, epochs=4, batch_size=8, precision="fp32", optimiser="sgd", momentum=0.9, lr=0.02, augment=AUGMENT)
MORE = PLAIN.model_copy(update={"optimiser": "adamw", "ema": 0.9, "dropout": 0.3, "hidden": (8,), "layer_decay": 0.7})
RECIPES = {"sgd": PLAIN, "adamw": MORE}
RULES = ["min_val_loss", "within_one_se", "max_val_auc", "last_epoch"]


def training(recipe, seed=0, rule="last_epoch", backbone="", images=(24, 12)):
    parts = tuple(stripes(count, 2 * seed + number) for number, count in enumerate(images))
    return Training(network(recipe, seed), parts, recipe, seed, rule, backbone)


def found(made):
    fit = made.run()
    return fit.curves, fit.best_epoch, state(made.network)


def assert_equal(one, other, **tolerance):
    for curve, values in one[0].items():
        assert other[0][curve] == (pytest.approx(values, rel=1e-4) if tolerance else values)
    assert one[1] == other[1]
    for name, value in one[2].items():
        torch.testing.assert_close(other[2][name], value, **(tolerance or {"rtol": 0, "atol": 0}))


class Graph:
    """Makes its work again when it is replayed, as a GPU does, but with a processor that can be tested here."""

    def __init__(self, work):
        self.replay = work


@pytest.fixture
def gpu(monkeypatch):
    """Lets the training take the ways that it takes on a GPU."""
    for module in (captured, rig, train, validation):
        monkeypatch.setattr(module, "replays", lambda device: True)
    for module in (captured, validation):
        monkeypatch.setattr(module, "recorded", lambda work, device: (Graph(work), ""))
    yield
    device_cache.evict_unused()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rule"), list(enumerate(RULES)))
@pytest.mark.parametrize("patience", [None, 1])
def test_an_epoch_that_begins_before_the_last_one_is_judged_changes_no_number(rule, seed, patience):
    results = []
    for ahead in (False, True):
        made = training(PLAIN.model_copy(update={"patience": patience, "lr": 0.3, "epochs": 6}), seed, rule)
        made.ahead = ahead
        results.append(found(made))
    assert_equal(*results)


def test_one_epoch_is_in_hand_while_another_is_judged(monkeypatch):
    told, begin, judge = [], Training._begin, Training._judge
    monkeypatch.setattr(Training, "_begin", lambda self, n, **how: (told.append(f"begin {n}"), begin(self, n, **how))[1])
    monkeypatch.setattr(Training, "_judge", lambda self, epoch: (told.append(f"judge {epoch.number}"), judge(self, epoch))[1])
    made = training(PLAIN.model_copy(update={"epochs": 3}))
    made.ahead = True
    made.run()
    assert told == ["begin 0", "begin 1", "judge 0", "begin 2", "judge 1", "judge 2"]
    assert len(made.spare) <= 2  # with the best one, three copies of the weights are enough


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", range(2))
def test_a_rig_that_another_training_has_left_trains_as_a_new_one(gpu, name, seed):
    recipe = RECIPES[name]
    fresh = found(training(recipe, seed, backbone="test_resnet"))
    device_cache.evict_unused()
    before = training(recipe, seed + 1, backbone="test_resnet")
    before.run()
    again = training(recipe, seed, backbone="test_resnet")
    assert again.rig is before.rig
    assert_equal(fresh, found(again))


@pytest.mark.parametrize("name", RECIPES)
def test_a_rig_trains_as_single_steps_do(gpu, name):
    recipe = RECIPES[name]
    other = training(recipe, 1, backbone="test_resnet")
    other.run()
    again = training(recipe, 0, backbone="test_resnet")
    assert again.rig is other.rig
    with pytest.MonkeyPatch.context() as patch:
        for module in (captured, rig, train, validation):
            patch.setattr(module, "replays", lambda device: False)
        plain = found(training(recipe, 0))
    assert_equal(plain, found(again), rtol=1e-2, atol=1e-4)


def places(of):
    held = [*of.network.parameters(), *of.network.buffers(), of.train.pixels, of.val.pixels, of.train.labels, of.val.labels]
    held += [value for some in of.step.optimiser.state.values() for value in some.values()]
    if of.average is not None:
        held += [*of.average.network.parameters(), *of.average.network.buffers()]
    return [tensor.data_ptr() for tensor in (*held, *of.captured.given, of.captured.losses)]


@pytest.mark.parametrize("name", RECIPES)
def test_everything_that_a_graph_reads_keeps_its_place(gpu, name):
    first = training(RECIPES[name], 0, backbone="test_resnet")
    first.run()
    before, graphs = places(first.rig), (first.rig.captured.graph, first.rig.validation.graph)
    second = training(RECIPES[name], 1, backbone="test_resnet")
    second.run()
    assert places(second.rig) == before
    assert (second.rig.captured.graph, second.rig.validation.graph) == graphs


def test_the_network_of_a_cell_is_not_that_of_the_rig_which_the_next_cell_changes(gpu):
    first = training(PLAIN, 0, backbone="test_resnet")
    first.run()
    kept = state(first.network)
    second = training(PLAIN, 1, backbone="test_resnet")
    assert second.rig is first.rig
    second.run()
    assert all(torch.equal(kept[name], value) for name, value in first.network.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        {"recipe": PLAIN.model_copy(update={"batch_size": 4})},
        {"backbone": "test_vit"},
        {"images": (32, 12)},
        {"images": (24, 16)},
        {"backbone": ""},
        {"recipe": PLAIN.model_copy(update={"trained": "head"})},
    ],
    ids=str,
)
def test_a_training_of_another_kind_gets_a_rig_of_its_own(gpu, other):
    first = training(PLAIN, backbone="test_resnet")
    first.run()
    second = training(**{"recipe": PLAIN, "backbone": "test_resnet"} | other)
    assert second.rig is not first.rig


def test_two_trainings_at_once_never_share_a_rig(gpu):
    one, other = (training(PLAIN, seed, backbone="test_resnet") for seed in (0, 1))
    assert one.rig is not other.rig
    one.run()
    other.run()
    third, fourth = (training(PLAIN, seed, backbone="test_resnet") for seed in (2, 3))
    assert {id(third.rig), id(fourth.rig)} == {id(one.rig), id(other.rig)}


def test_a_training_that_fails_leaves_no_rig(gpu):
    with pytest.raises(CatsError, match="the training loss is"):
        training(PLAIN.model_copy(update={"lr": 1e9}), backbone="test_resnet").run()
    assert device_cache._spare == []


def test_large_images_are_not_copied_for_a_rig(gpu, monkeypatch):
    monkeypatch.setattr(rig, "COPIED", 16 * 16 * 36 - 1)
    made = training(PLAIN, backbone="test_resnet")
    made.run()
    assert made.rig.network is made.network
    assert device_cache._spare == []


def test_what_is_kept_for_later_trainings_is_of_one_kind_and_leaves_when_memory_is_short():
    device_cache.keep_spare("a", "first")
    for number in range(2):
        device_cache.keep_spare("b", number)
    assert device_cache._spare == [("b", 0), ("b", 1)]
    assert device_cache.take_spare("b") == 1
    assert device_cache.take_spare("c") is None  # a new kind needs the room
    assert device_cache.take_spare("b") is None
    device_cache.keep_spare("b", 2)
    assert device_cache.evict_unused()
    assert device_cache.take_spare("b") is None
    assert not device_cache.evict_unused()


@pytest.mark.parametrize("ahead", [False, True])
def test_a_network_without_batch_norm_keeps_its_best_epoch_whenever_a_better_one_comes(ahead):
    """It has no whole numbers to copy."""
    recipe = PLAIN.model_copy(update={"epochs": 5, "size": 32})
    made = network(recipe, backbone="test_vit")
    parts = (stripes(16, side=32), stripes(8, 1, side=32))
    begun = Training(made, parts, recipe, 0, "last_epoch")
    begun.ahead = ahead
    assert begun.run().best_epoch == 4
    assert not [b for b in made.buffers() if not b.is_floating_point()]
    assert len(begun.spare) == (2 if ahead else 0)


class Due:
    """A checkpoint that is due after some epochs, and notes what is begun and judged when it is kept."""

    def __init__(self, after, told):
        self.after, self.told, self.what = after, told, "the cell"

    def read(self, expected):
        return None

    def due(self):
        return sum(each.startswith("judge") for each in self.told) in self.after

    def keep(self, state_of):
        if self.due():
            self.told.append(f"keep {len(state_of().figures['curves']['val_loss'])}")
            self.after = self.after - {sum(each.startswith("judge") for each in self.told)}


def test_no_epoch_is_in_hand_while_a_checkpoint_is_written(monkeypatch):
    told, begin, judge = [], Training._begin, Training._judge
    monkeypatch.setattr(Training, "_begin", lambda self, n, **how: (told.append(f"begin {n}"), begin(self, n, **how))[1])
    monkeypatch.setattr(Training, "_judge", lambda self, epoch: (judge(self, epoch), told.append(f"judge {epoch.number}"))[0])
    plain = found(training(PLAIN.model_copy(update={"epochs": 5})))
    told.clear()
    made = training(PLAIN.model_copy(update={"epochs": 5}))
    made.ahead = True
    fit = made.run(Due({1, 2}, told))
    assert told == [
        "begin 0", "begin 1", "judge 0", "judge 1", "keep 2", "begin 2", "begin 3", "judge 2", "begin 4", "judge 3", "judge 4",
    ]  # fmt: skip
    assert_equal(plain, (fit.curves, fit.best_epoch, state(made.network)))


def test_a_step_that_lacks_memory_is_split_with_its_dropout_and_leaves_no_rig(gpu, monkeypatch):
    real, sizes = Step.accumulate, []

    def accumulate(self, pixels, *rest):
        sizes.append(self.micro)
        if self.micro > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return real(self, pixels, *rest)

    # sgd, because adamw turns the last bit of a gradient near 0 into a whole step, and the two ways add in another order
    recipe = MORE.model_copy(update={"augment": Augment(flip=0.5), "dropout": 0.5, "optimiser": "sgd"})
    monkeypatch.setattr(Step, "accumulate", accumulate)
    made = training(recipe, backbone="test_resnet")
    split = found(made)
    assert sizes[:2] == [8, 4]
    assert made.rig.step.micro == 4
    assert device_cache._spare == []
    for module in (captured, rig, train, validation):
        monkeypatch.setattr(module, "replays", lambda device: False)
    assert_equal(found(training(recipe)), split, rtol=1e-2, atol=1e-4)


def test_a_training_that_goes_on_in_a_used_rig_keeps_its_places(gpu):
    """The graph of the first training reads them."""
    first = training(MORE, 0, backbone="test_resnet")
    first.run()
    before = places(first.rig)
    second = training(MORE, 1, backbone="test_resnet")
    second._restore(State(second.made_with, *_state_of(first)))
    assert places(second.rig) == before


def _state_of(made):
    kept = made._state()
    return {name: tensor.clone() for name, tensor in kept.tensors.items()}, kept.figures


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", RECIPES)
def test_a_used_rig_on_a_gpu_gives_the_bits_of_a_new_one(name):
    def on_gpu(seed):
        parts = tuple(
            Images(one.pixels.cuda(), one.labels.cuda()) for one in (stripes(24, 2 * seed), stripes(12, 2 * seed + 1))
        )
        made = Training(network(RECIPES[name], seed).to("cuda"), parts, RECIPES[name], seed, "last_epoch", "test_resnet")
        fit = made.run()
        assert fit.cuda_graph == "yes"
        return made.rig, (fit.curves, fit.best_epoch, {key: value.cpu() for key, value in state(made.network).items()})

    device_cache.evict_unused()
    _, fresh = on_gpu(0)
    device_cache.evict_unused()
    before, _ = on_gpu(1)
    again, found_again = on_gpu(0)
    assert again is before
    assert again.validation.graph is not None
    assert_equal(fresh, found_again)
