"""A training that was interrupted goes on from its checkpoint and ends as one that was never interrupted, bit for bit."""

import json
import logging
import os
from itertools import pairwise

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from benchmark.core import checkpoint_files
from benchmark.core.checkpoint_files import exists, keep_costs, lock_file, mark_recorded, state_file, unrecorded_costs
from benchmark.core.paths import checkpoints_folder
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import checkpoint as kept
from benchmark.training import train
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.protocols import protocol_of
from benchmark.training.step import Step
from benchmark.training.train import Training
from results.files.lock import locked_if_free
from results.record import Cost
from tests.support.damage import DAMAGES, damage_file
from tests.support.full_disk import full_disk
from tests.support.records import OLD
from tests.support.stripes import network, state, stripes

KEY = "f" * 64
RECIPE = Recipe(size=16, epochs=4, batch_size=16, lr=3e-3, precision="fp32", augment=Augment(flip=0.5, shift=0.1))


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    monkeypatch.setattr(kept, "RATE", float("inf"))
    monkeypatch.setattr(kept, "SHARE", float("inf"))


def watch():
    return Stopwatch("NLD", "cpu")


def fitted(recipe=RECIPE, rule="min_val_loss", key=KEY, multilabel=False, change=lambda made: None, side=16):
    """A network and its fit, from the checkpoint if there is one; `change` alters the network before."""
    made = network(recipe)
    change(made)
    torch.manual_seed(5)
    images, val = (stripes(count, seed, multilabel=multilabel, side=side) for count, seed in ((32, 0), (16, 1)))
    training = Training(made, (images, val), recipe, 0, rule)
    if key is None:
        return made, training.run()
    with Checkpoint(key, "the cell", watch()) as checkpoint:
        return made, training.run(checkpoint)


def interrupted(monkeypatch, epochs, **how):
    """A training that is stopped after so many epochs."""
    asked = iter([*[False] * epochs, True])
    with monkeypatch.context() as patch:
        patch.setattr(train, "stop_requested", lambda: next(asked))
        with pytest.raises(KeyboardInterrupt):
            fitted(**how)
    torch.manual_seed(99)  # whatever else the process does with torch's global generator


def same(one, other):
    """Two networks with their fits: equal bit for bit."""
    states = [state(made) for made, _ in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert one[1].curves == other[1].curves
    assert (one[1].best_epoch, one[1].micro_batch) == (other[1].best_epoch, other[1].micro_batch)


KINDS = {
    "adamw": {},
    "adam": {"optimiser": "adam"},
    "sgd": {"optimiser": "sgd", "lr": 0.05},
    "sgd without momentum": {"optimiser": "sgd", "momentum": 0.0, "lr": 0.05},
    "a running mean": {"ema": 0.9},
    "dropout and dense layers": {"dropout": 0.3, "hidden": (8,)},
    "layer decay": {"layer_decay": 0.7},
    "the head alone": {"trained": "head"},
    "a schedule in steps": {"schedule": "step", "warmup": 0.3},
    "mixup and cutout": {"augment": Augment(mixup=0.2, cutout=0.3, rotate=20)},
    "bf16": {"precision": "bf16"},
    "low-rank updates": {"protocol": "lora", "rank": 2},
    "low-rank updates with a running mean": {"protocol": "lora", "rank": 2, "ema": 0.9},
    "the last blocks": {"protocol": "partial", "blocks": 2},
    "biases": {"protocol": "bitfit"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_goes_on_as_if_nobody_had_interrupted_it(monkeypatch, kind):
    recipe, side = RECIPE.model_copy(update=KINDS[kind]), 64 if kind == "bf16" else 16

    def change(made):
        protocol_of(recipe.protocol).adapt(made, recipe, 0)

    whole = fitted(recipe, key=None, side=side, change=change)
    interrupted(monkeypatch, 2, recipe=recipe, side=side, change=change)
    again = fitted(recipe, side=side, change=change)
    same(again, whole)
    assert again[1].best() == whole[1].best() | {"epochs_resumed": 2.0}


@pytest.mark.parametrize("epochs", [1, 3])
def test_it_goes_on_after_any_epoch(monkeypatch, epochs):
    whole = fitted(key=None)
    interrupted(monkeypatch, epochs)
    again = fitted()
    same(again, whole)
    assert again[1].resumed == epochs


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["within_one_se", "max_val_auc", "last_epoch"])
def test_a_training_goes_on_by_its_rule(monkeypatch, rule):
    whole = fitted(rule=rule, key=None)
    interrupted(monkeypatch, 3, rule=rule)
    same(fitted(rule=rule), whole)


def test_several_labels_go_on_too(monkeypatch):
    whole = fitted(multilabel=True, key=None)
    interrupted(monkeypatch, 2, multilabel=True)
    same(fitted(multilabel=True), whole)


@pytest.mark.slow
def test_a_training_that_stops_early_stops_after_the_same_epoch(monkeypatch):
    recipe = RECIPE.model_copy(update={"epochs": 50, "patience": 2, "lr": 0.5, "schedule": "constant", "optimiser": "sgd"})
    whole = fitted(recipe, key=None)
    last = len(whole[1].curves["val_loss"])
    assert 3 <= last < 50
    for epochs in (1, last - 1):
        interrupted(monkeypatch, epochs, recipe=recipe)
        again = fitted(recipe)
        same(again, whole)
        assert again[1].resumed == epochs
        state_file(KEY).unlink()


def test_it_may_be_interrupted_again_and_again(monkeypatch):
    whole = fitted(key=None)
    for epochs in (1, 1, 1):
        interrupted(monkeypatch, epochs)
    again = fitted()
    same(again, whole)
    assert again[1].resumed == 3


def test_layers_that_draw_from_the_generator_of_the_process_go_on_too(monkeypatch):
    """As Swin does, whose paths are dropped at random."""

    def dropping(made):
        made.backbone.global_pool = nn.Sequential(made.backbone.global_pool, nn.Dropout(0.3))

    whole = fitted(key=None, change=dropping)
    interrupted(monkeypatch, 3, change=dropping)
    same(fitted(change=dropping), whole)


@pytest.mark.slow
def test_a_batch_that_was_divided_stays_divided(monkeypatch):
    real = Step.accumulate

    def accumulate(self, pixels, labels, draws):
        if self.micro > 4:
            raise torch.OutOfMemoryError
        return real(self, pixels, labels, draws)

    with monkeypatch.context() as patch:
        patch.setattr(Step, "accumulate", accumulate)
        whole = fitted(key=None)
        interrupted(monkeypatch, 2)
    same(fitted(), whole)  # there is memory enough now


def test_a_short_training_writes_nothing(monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 60.0)
    fitted()
    assert not checkpoints_folder().exists()


@pytest.mark.slow
def test_a_large_state_waits_until_its_writing_is_a_small_part_of_the_time(monkeypatch):
    monkeypatch.setattr(kept, "RATE", 1.0)
    monkeypatch.setattr(kept, "SHARE", 0.02)
    fitted()
    assert not state_file(KEY).exists()


def test_after_a_checkpoint_the_next_waits_fifty_times_as_long_as_that_took(monkeypatch):
    clock, written = [0.0], []
    monkeypatch.setattr(kept.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(kept, "SHARE", 0.02)
    monkeypatch.setattr(kept, "SECONDS", 60.0)
    monkeypatch.setattr(kept, "_write", lambda *_: clock.__setitem__(0, clock[0] + 3))
    with Checkpoint(KEY, "the cell", watch()) as checkpoint:
        for _ in range(1000):
            clock[0] += 1
            before = clock[0]
            checkpoint.keep(lambda: kept.State({}, {}, {}))
            written += [before] if clock[0] > before else []
    assert written[0] == 60
    assert {later - earlier for earlier, later in pairwise(written)} == {153.0}


def damaged(path, how):
    content = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    elif how == "one bit":
        path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif how == "zeros":
        path.write_bytes(bytes(len(content)))
    elif how == "plain weights":
        save_file({"weight": torch.zeros(3)}, path)
    elif how == "no JSON":
        save_file({"weight": torch.zeros(3)}, path, {"checkpoint": "{"})
    elif how == "other JSON":
        save_file({"weight": torch.zeros(3)}, path, {"checkpoint": "[1]"})


MADE = {"trainer": "2", "torch": "2.9", "device": "cpu AVX2"}


def written(key=KEY):
    """The file of a small state."""
    state = kept.State(MADE, {"a.weight": torch.arange(300.0), "a.steps": torch.tensor(3)}, {"worth": float("-inf")})
    with Checkpoint(key, "the cell", watch()) as checkpoint:
        checkpoint.keep(lambda: state)
    return state_file(key)


def read_again(expected=MADE, key=KEY):
    with Checkpoint(key, "the cell", watch()) as checkpoint:
        return checkpoint.read(expected)


def test_a_state_is_read_as_it_was_written():
    assert read_again() is None
    written()
    state = read_again()
    assert (state.made_with, state.figures) == (MADE, {"worth": float("-inf")})
    assert torch.equal(state.part("a")["weight"], torch.arange(300.0))
    assert state.part("a")["steps"].shape == ()


@pytest.mark.parametrize("how", ["empty", "cut short", "one bit", "zeros", "plain weights", "no JSON", "other JSON"])
def test_a_damaged_checkpoint_counts_as_none(caplog, how):
    damaged(written(), how)
    assert read_again() is None
    (line,) = caplog.messages
    assert line.startswith("the cell begins again, because its checkpoint")
    assert "is damaged" in line


@pytest.mark.slow
def test_a_training_whose_checkpoint_is_damaged_begins_again(monkeypatch):
    whole = fitted(key=None)
    interrupted(monkeypatch, 3)
    damaged(state_file(KEY), "one bit")
    again = fitted()
    same(again, whole)
    assert again[1].resumed == 0


@pytest.mark.parametrize(("name", "value"), [("trainer", "3"), ("torch", "2.10"), ("device", "cuda H100"), ("new", "1")])
def test_a_checkpoint_that_was_not_made_alike_is_not_continued(caplog, name, value):
    written()
    assert read_again(MADE | {name: value}) is None
    was = MADE.get(name)
    assert caplog.messages == [f"the cell begins again, because its checkpoint was made with {name} {was} instead of {value}"]


def test_a_checkpoint_says_what_its_numbers_depend_on(monkeypatch):
    interrupted(monkeypatch, 1)
    with safe_open(state_file(KEY), framework="pt") as file:
        made = json.loads(file.metadata()["checkpoint"])["made with"]
    assert made == kept.made_with(torch.device("cpu"), torch.float32, torch.get_num_threads())
    assert {"trainer", "torch", "timm", "device", "precision"} < made.keys()


def test_a_checkpoint_names_the_threads_of_a_processor_because_they_divide_the_sums():
    made, other = (kept.made_with(torch.device("cpu"), torch.float32, threads) for threads in (1, 4321))
    assert {name for name in made if made[name] != other[name]} == {"device"}
    assert other["device"].endswith(", threads: 4321")


def test_a_checkpoint_of_another_key_is_not_continued(caplog):
    """A copy under another name."""
    written().rename(state_file("e" * 64))
    assert read_again(key="e" * 64) is None
    assert "it belongs to another training" in caplog.text


def test_a_full_disk_stops_no_training_and_is_told_once(caplog):
    whole = fitted(key=None)
    with full_disk():
        again = fitted()
    same(again, whole)
    (line,) = caplog.messages
    assert line.startswith("the cell goes on, but would begin again after an interruption: cannot keep a checkpoint in")
    assert not state_file(KEY).exists()
    assert not list(checkpoints_folder().glob(".cats-draft-*"))


def test_a_folder_that_cannot_be_made_stops_no_training(home, caplog):
    (home / "checkpoints").write_text("")
    whole = fitted(key=None)
    same(fitted(), whole)
    assert len(caplog.messages) == 1


def test_a_process_that_does_not_hold_the_lock_reads_the_state_and_writes_none(monkeypatch):
    interrupted(monkeypatch, 2)
    keep_costs(KEY, (Cost(phase="training", seconds=7, energy={}),))
    before = state_file(KEY).read_bytes()
    with locked_if_free(lock_file(KEY)) as held, Checkpoint(KEY, "the cell", meter := watch()) as checkpoint:
        assert held
        made = network(RECIPE)
        fit = Training(made, (stripes(32), stripes(16, 1)), RECIPE, 0, "min_val_loss").run(checkpoint)
    assert fit.resumed == 2
    assert meter.carried == []  # the attempt that holds the lock counts its own costs
    assert state_file(KEY).read_bytes() == before


def test_costs_of_an_attempt_whose_process_died_go_to_the_next_one():
    cost = Cost(phase="training", seconds=7, energy={})
    keep_costs(KEY, (cost,))
    with Checkpoint(KEY, "the cell", meter := watch()):
        assert meter.carried == [cost]
    with Checkpoint("e" * 64, "another", other := watch()):
        assert other.carried == []


def test_a_record_counts_what_attempts_cost_and_a_finished_one_removes_the_state():
    written()
    for status, left in (("interrupted", True), ("failed", True), ("finished", False)):
        keep_costs(KEY, (Cost(phase="training", seconds=7, energy={}),))
        mark_recorded(OLD.model_copy(update={"key": KEY, "status": status}))
        assert unrecorded_costs(KEY) == ()
        assert exists(KEY) is left
    assert list(checkpoints_folder().iterdir()) == []
    mark_recorded(OLD.model_copy(update={"key": KEY}))  # a second time


def test_a_record_that_does_not_count_the_noted_costs_leaves_them():
    """A driver writes a record without machine for a worker that died; an older record may still wait in the outbox."""
    earlier, later = OLD.model_copy(update={"key": KEY, "status": "interrupted"}), OLD.ended + 60
    keep_costs(KEY, (cost := Cost(phase="training", seconds=7, energy={}),), later)
    for record in (earlier, earlier.model_copy(update={"ended": later + 60, "environment": {}})):
        mark_recorded(record)
        assert unrecorded_costs(KEY) == (cost,)
    mark_recorded(earlier.model_copy(update={"ended": later + 60}))
    assert unrecorded_costs(KEY) == ()


def test_files_that_nobody_went_on_with_are_removed(monkeypatch):
    monkeypatch.setattr(checkpoint_files, "_swept", set())
    old, new = state_file("a" * 64), state_file("b" * 64)
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    keep_costs(KEY, ())
    assert (old.exists(), new.exists()) == (False, True)


def test_resuming_is_logged(monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger=train.log.name)
    interrupted(monkeypatch, 2)
    fitted()
    assert "the cell goes on after epoch 2 of 4" in caplog.messages


def test_a_meter_has_no_costs_of_others():
    assert Meter("NLD", "cpu").carried == []


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGES)
def test_whatever_damages_a_checkpoint_the_training_begins_again_and_ends_the_same(monkeypatch, caplog, how):
    whole, fit = fitted(key=None)
    interrupted(monkeypatch, 2)
    damage_file(state_file(KEY), how)
    with caplog.at_level(logging.WARNING):
        again, second = fitted()
    assert f"begins again, because its checkpoint {state_file(KEY)} is damaged" in caplog.text
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())
    assert second.curves == fit.curves


def test_a_flipped_bit_in_the_figures_of_a_checkpoint_is_found(monkeypatch, caplog):
    interrupted(monkeypatch, 2)
    path = state_file(KEY)
    content = path.read_bytes()
    at = content.index(b"figures") + 40
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with Checkpoint(KEY, "the cell", watch()) as checkpoint, caplog.at_level(logging.WARNING):
        assert checkpoint.read({}) is None
    assert "damaged" in caplog.text
