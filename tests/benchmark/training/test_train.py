from contextlib import nullcontext

import numpy as np
import pytest
import torch

from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import evaluate, out_of_memory, train
from benchmark.training.augment import FLIPS, SAMPLERS, WARPS, augment_batch, draw_augmentation
from benchmark.training.device_images import Images, as_float, batches
from benchmark.training.optimiser import schedule
from benchmark.training.step import Step
from benchmark.training.validation import Validation
from results.error import CatsError
from tests.support.epochs import before_validation, say_figures
from tests.support.stripes import network, state, stripes

RECIPE = Recipe(size=16, epochs=4, batch_size=16, lr=3e-3, precision="fp32", augment=Augment(flip=0.5, shift=0.1))


def fitted(recipe=RECIPE, seed=0, rule="min_val_loss", images=stripes):
    made = network()
    return made, train.fit(made, images(64), images(32, seed=1), recipe, seed, rule)


def test_it_learns_what_is_easy():
    _, fit = fitted()
    assert max(fit.curves["val_auc"]) > 0.95


def test_it_learns_several_labels_at_once():
    made, fit = fitted(images=lambda count, seed=0: stripes(count, seed, multilabel=True))
    assert max(fit.curves["val_auc"]) > 0.95
    assert torch.isfinite(evaluate.predict(made, stripes(8), torch.float32)).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_bit_for_bit_and_another_seed_another():
    states = [fitted(RECIPE.model_copy(update={"dropout": 0.3}), seed)[0].state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    assert not all(torch.equal(states[0][k], states[2][k]) for k in states[0])


@pytest.mark.parametrize("rule", ["min_val_loss", "max_val_auc", "last_epoch"])
def test_the_epoch_that_the_rule_names_is_restored(rule):
    made, fit = fitted(rule=rule)
    curves = fit.curves
    best = {"min_val_loss": np.argmin(curves["val_loss"]), "max_val_auc": np.argmax(curves["val_auc"]), "last_epoch": 3}[rule]
    assert fit.best_epoch == best
    val = stripes(32, seed=1)
    loss, auc = evaluate.loss_and_auc(evaluate.predict(made, val, torch.float32), val.labels)
    assert (loss, auc) == (pytest.approx(curves["val_loss"][best]), pytest.approx(curves["val_auc"][best]))
    assert fit.best()["val_loss"] == curves["val_loss"][best]


def test_patience_stops_after_so_many_epochs_without_a_better_one():
    recipe = RECIPE.model_copy(update={"epochs": 50, "patience": 2, "lr": 0.5, "schedule": "constant", "optimiser": "sgd"})
    _, fit = fitted(recipe)
    assert len(fit.curves["val_loss"]) == fit.best_epoch + 3 < 50


def test_a_loss_that_is_not_finite_names_epoch_and_learning_rate():
    with pytest.raises(CatsError, match=r"the training loss is nan in epoch 1 at learning rate .*e\+"):
        fitted(RECIPE.model_copy(update={"optimiser": "sgd", "lr": 1e30}))


def test_zero_epochs_leave_the_network_as_it_is():
    made, fit = fitted(RECIPE.model_copy(update={"epochs": 0}))
    assert fit.best() == {"best_epoch": 0.0, "epochs_run": 0.0}
    assert all(torch.equal(a, b) for a, b in zip(made.state_dict().values(), network().state_dict().values(), strict=True))


def test_only_training_images_are_augmented(monkeypatch):
    seen = []
    real = augment_batch
    monkeypatch.setattr(
        "benchmark.training.step.augment_batch", lambda images, *rest: (seen.append(len(images)), real(images, *rest))[1]
    )
    fitted()
    assert seen == [16] * (4 * 64 // 16)


def test_predictions_do_not_depend_on_how_images_are_batched(monkeypatch):
    made, images = network(), stripes(40)
    whole = evaluate.predict(made, images, torch.float32)
    monkeypatch.setattr(evaluate, "EVALUATION_BATCH", 7)
    torch.testing.assert_close(evaluate.predict(made, images, torch.float32), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "at_once"),
    [((3, 28, 28), 256), ((3, 128, 128), 256), ((3, 224, 224), 83), ((1, 5 * 64, 64), 51), ((3, 4096, 4096), 1)],
)
def test_fewer_large_images_are_evaluated_at_once(shape, at_once):
    assert evaluate.evaluation_batch(torch.empty(1, *shape, device="meta")) == at_once


SCRIPT = {"val_loss": [3.0, 1.0, 2.0, 4.0], "val_auc": [0.5, 0.6, 0.9, 0.7]}
SPREAD = np.array([-0.1, 0.0, 0.1])  # of the images' losses around their mean, the same in every epoch


@pytest.fixture
def scripted(monkeypatch):
    """`scripted(losses, aucs)` makes validation return these numbers, and returns the validated states."""

    def say(losses, aucs):
        figures, states = ((loss, auc, loss + SPREAD) for loss, auc in zip(losses, aucs, strict=True)), []
        before_validation(monkeypatch, lambda made: states.append(state(made)))
        say_figures(monkeypatch, lambda: next(figures))
        return states

    return say


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "best"), [("min_val_loss", 1), ("within_one_se", 1), ("max_val_auc", 2), ("last_epoch", 3)])
def test_each_rule_restores_its_own_epoch_bit_for_bit(rule, best, scripted):
    states = scripted(*SCRIPT.values())
    made, fit = fitted(rule=rule)
    assert fit.best_epoch == best
    assert all(torch.equal(made.state_dict()[k], states[best][k]) for k in states[best])
    assert not all(torch.equal(made.state_dict()[k], states[best - 1][k]) for k in states[best])
    assert fit.best()["val_loss"] == SCRIPT["val_loss"][best]
    assert fit.best()["epochs_run"] == 4


def test_of_two_equal_epochs_the_first_is_restored(scripted):
    scripted([1.0] * 4, [0.9] * 4)
    assert fitted()[1].best_epoch == 0


def test_of_two_equal_epochs_the_last_is_restored_if_it_is_only_to_be_no_worse(scripted):
    scripted([1.0] * 4, [0.9] * 4)
    assert fitted(rule="within_one_se")[1].best_epoch == 3


def test_patience_counts_from_the_best_epoch(scripted):
    scripted([3.0, 2.0, 1.0, 5.0, 5.0, 5.0, 0.0], [0.5] * 7)
    _, fit = fitted(RECIPE.model_copy(update={"epochs": 7, "patience": 2}))
    assert (fit.best_epoch, len(fit.curves["val_loss"])) == (2, 5)


def test_patience_counts_from_the_last_epoch_that_is_no_worse(scripted):
    scripted([1.0, 1.0, 1.0, 5.0, 5.0, 0.0], [0.5] * 6)
    _, fit = fitted(RECIPE.model_copy(update={"epochs": 6, "patience": 2}), rule="within_one_se")
    assert (fit.best_epoch, len(fit.curves["val_loss"])) == (2, 5)


def test_patience_does_not_stop_a_training_whose_last_epoch_is_wanted(scripted):
    scripted([1.0, 2.0, 3.0, 4.0], [0.5] * 4)
    _, fit = fitted(RECIPE.model_copy(update={"patience": 1}), rule="last_epoch")
    assert fit.best_epoch == 3


def test_a_training_that_breaks_in_its_last_step_is_an_error_and_not_an_untrained_network():
    """The loss of the only step is still finite; what the step leaves is not."""
    recipe = RECIPE.model_copy(update={"epochs": 1, "batch_size": 64, "optimiser": "sgd", "lr": 1e30, "warmup": 0.0})
    with pytest.raises(CatsError, match=r"the last was epoch 1, at learning rate 1e\+30"):
        fitted(recipe)


def test_a_rule_without_a_figure_is_an_error_and_not_an_untrained_network():
    """Validation images of one class have no AUC, so no epoch is the best one by it."""
    images, val = stripes(64), stripes(32)
    val = Images(val.pixels, torch.zeros_like(val.labels))
    with pytest.raises(CatsError, match="AUC"):
        train.fit(network(), images, val, RECIPE, 0, "max_val_auc")


def test_an_epoch_shows_no_image_twice_and_leaves_out_others_each_time(monkeypatch):
    shown, real = [], Images.batch
    monkeypatch.setattr(Images, "batch", lambda self, index: (shown.append(index.tolist()), real(self, index))[1])
    fitted(RECIPE.model_copy(update={"epochs": 3}), images=lambda count, seed=0: stripes(count - 1 if count == 64 else 8, seed))
    steps = [index for index in shown if len(index) == 16]
    assert len(steps) == 3 * 3  # 63 images
    epochs = [[image for step in steps[i : i + 3] for image in step] for i in (0, 3, 6)]
    assert [len(set(epoch)) for epoch in epochs] == [48] * 3
    assert len({frozenset(range(63)) - frozenset(epoch) for epoch in epochs}) == 3


def test_a_batch_larger_than_the_training_set_is_the_training_set():
    _, fit = fitted(RECIPE.model_copy(update={"batch_size": 1000, "epochs": 2}))
    assert len(fit.curves["train_loss"]) == 2


def test_the_curve_of_the_rate_is_that_of_the_last_step_of_each_epoch():
    recipe = RECIPE.model_copy(update={"warmup": 0.25})
    _, fit = fitted(recipe)
    expected = [recipe.lr * schedule(recipe, (4 * epoch + 3) / 16, 1 / 16) for epoch in range(4)]
    assert fit.curves["learning_rate"] == pytest.approx(expected)
    assert {len(values) for values in fit.curves.values()} == {4}


def test_the_loss_by_hand():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    log = torch.log_softmax(logits, 1)
    assert float(evaluate.loss_of(logits, torch.tensor([0, 0]))) == pytest.approx(float(-(log[0, 0] + log[1, 0]) / 2))
    smooth = -(0.9 * log[:, 0] + 0.1 * log.mean(1)).mean()
    assert float(evaluate.loss_of(logits, torch.tensor([0, 0]), 0.1)) == pytest.approx(float(smooth))


def test_the_loss_of_several_labels_by_hand():
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    p = logits.sigmoid()
    assert float(evaluate.loss_of(logits, labels)) == pytest.approx(float(-(p[0, 0].log() + (1 - p[0, 1]).log()) / 2))
    both, truth = torch.cat([logits, -logits]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    each = evaluate.loss_of(both, truth, each=True)
    assert each[0] == pytest.approx(float(evaluate.loss_of(logits, labels)))
    assert float(each.mean()) == pytest.approx(float(evaluate.loss_of(both, truth)))
    soft = torch.tensor([[0.95, 0.05]])
    expected = -(soft * p.log() + (1 - soft) * (1 - p).log()).mean()
    assert float(evaluate.loss_of(logits, labels, 0.1)) == pytest.approx(float(expected))


def test_probabilities_are_softmax_or_one_sigmoid_per_label():
    logits = torch.tensor([[1.0, 2.0, 3.0]])
    one, several = evaluate.to_probabilities(logits, multilabel=False), evaluate.to_probabilities(logits, multilabel=True)
    assert one.sum() == pytest.approx(1)
    assert one.dtype == np.float64
    np.testing.assert_allclose(several, 1 / (1 + np.exp(-logits.double().numpy())))


def test_prediction_neither_trains_nor_drops_out():
    torch.manual_seed(0)
    made = Network("test_resnet", Trained(), 2, Recipe(dropout=0.5)).train()
    before = {k: v.clone() for k, v in made.state_dict().items()}
    first, second = (evaluate.predict(made, stripes(8), torch.float32) for _ in range(2))
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert all(torch.equal(v, before[k]) for k, v in made.state_dict().items())


def test_features_are_what_the_head_sees():
    made, images = network(), stripes(8)
    features = evaluate.extract(made, images, torch.float32)
    torch.testing.assert_close(made.head(features), evaluate.predict(made, images, torch.float32))


def short_of_memory(monkeypatch, most, error=torch.OutOfMemoryError, sentence="CUDA out of memory"):
    """In training no more than `most` images go through a network at once; returns how many did, or tried to."""
    tried, real = [], Network.forward

    def forward(self, images):
        if self.training:
            tried.append(len(images))
            if len(images) > most:
                raise error(sentence)
        return real(self, images)

    monkeypatch.setattr(Network, "forward", forward)
    return tried


# A frozen backbone has no statistics of a batch; what is drawn for dropout and augmentation must be the same in parts.
PARTS = RECIPE.model_copy(
    update={"optimiser": "sgd", "lr": 0.05, "epochs": 2, "dropout": 0.5, "hidden": (8,), "label_smoothing": 0.1}
    | {"augment": Augment(flip=0.5, shift=0.1, rotate=20, cutout=0.3)}
)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"trained": "head"}, {}], ids=["frozen", "without batch norm"])
@pytest.mark.parametrize("most", [8, 3])
@pytest.mark.parametrize("multilabel", [False, True], ids=["one label", "several"])
def test_a_batch_in_parts_trains_as_a_whole_one_does(monkeypatch, changes, most, multilabel):
    recipe = PARTS.model_copy(update=changes)
    backbone = "test_resnet" if changes else "test_convnext"  # which has layer norm
    images, val = (stripes(n, multilabel=multilabel, side=32) for n in (32, 8))
    whole, parts = network(recipe, backbone=backbone), network(recipe, backbone=backbone)
    expected = train.fit(whole, images, val, recipe, 0)
    tried = short_of_memory(monkeypatch, most)
    fit = train.fit(parts, images, val, recipe, 0)
    micro = {8: 8, 3: 2}[most]
    assert (expected.micro_batch, fit.micro_batch) == (16, micro)
    assert tried == [16, *([8, 4] if most == 3 else []), *[micro] * (4 * 16 // micro)]  # what did not fit is not tried again
    assert fit.curves["train_loss"] == pytest.approx(expected.curves["train_loss"], rel=1e-4)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)
    assert not torch.equal(parts.head.weight, network(recipe, backbone=backbone).head.weight)


def test_parts_are_warned_of_once(monkeypatch, caplog):
    short_of_memory(monkeypatch, 8)
    fitted()
    assert caplog.messages == ["memory does not suffice for 16 images at once: 8 from now on"]


def test_each_halving_says_what_was_too_much(monkeypatch, caplog):
    short_of_memory(monkeypatch, 5)
    fitted()
    assert caplog.messages == [f"memory does not suffice for {a} images at once: {b} from now on" for a, b in ((16, 8), (8, 4))]


def test_no_part_is_a_last_image_alone_since_batch_norm_has_no_statistics_of_one(monkeypatch):
    tried = short_of_memory(monkeypatch, 3)
    fit = fitted(RECIPE.model_copy(update={"batch_size": 7, "epochs": 1}))[1]
    assert fit.micro_batch == 3
    assert tried == [7, *[2, 2, 3] * 9]


def test_memory_for_less_than_two_images_is_no_memory(monkeypatch):
    tried = short_of_memory(monkeypatch, 1)
    with pytest.raises(torch.OutOfMemoryError):
        fitted()
    assert tried == [16, 8, 4, 2]


def test_another_error_is_not_mistaken_for_a_lack_of_memory(monkeypatch, caplog):
    tried = short_of_memory(monkeypatch, 1, RuntimeError, "mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        fitted()
    assert (tried, caplog.messages) == ([16], [])


def test_a_cpu_without_memory_is_known_by_what_torch_says():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert out_of_memory.is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("said", "lacking"),
    [
        ("CUDA error: out of memory", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", True),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", True),
        ("CUDA error: an illegal memory access was encountered", False),
        ("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", False),
        ("out of order", False),
    ],
)
def test_a_gpu_without_memory_is_known_by_what_its_libraries_say(said, lacking):
    assert out_of_memory.is_out_of_memory(RuntimeError(said)) is lacking


@pytest.mark.parametrize(
    "said",
    [
        "GET was unable to find an engine to execute this computation",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    ],
)
def test_errors_that_may_mean_a_lack_of_memory_do_so_where_little_is_free(monkeypatch, said):
    assert not out_of_memory.is_out_of_memory(RuntimeError(said))
    for free, lacking in ((4, True), (6, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, 100))
        assert out_of_memory.is_out_of_memory(RuntimeError(said)) is lacking


def evaluated(monkeypatch, most):
    """In evaluation no more than `most` images go through a backbone at once; returns how many did, or tried to."""
    tried, real = [], Network.features

    def features(self, images):
        if not self.training:
            tried.append(len(images))
            if len(images) > most:
                raise torch.OutOfMemoryError
        return real(self, images)

    monkeypatch.setattr(Network, "features", features)
    return tried


@pytest.mark.parametrize("what", [evaluate.predict, evaluate.extract])
def test_an_evaluation_in_parts_says_what_a_whole_one_does_and_says_once_that_it_is_one(monkeypatch, caplog, what):
    made, images = network(), stripes(23)
    whole = what(made, images, torch.float32)
    tried = evaluated(monkeypatch, 12)
    parts = [what(made, images, torch.float32) for _ in range(2)]
    for one in parts:
        torch.testing.assert_close(one, whole, rtol=1e-4, atol=1e-5)
    assert tried == [23, 11, 11, 1, 11, 11, 1]  # what did not fit is not tried again
    assert caplog.messages == ["memory does not suffice for 23 images at once: 11 from now on"]


def test_another_network_is_evaluated_in_batches_of_its_own(monkeypatch):
    tried = evaluated(monkeypatch, 12)
    for _ in range(2):
        evaluate.predict(network(), stripes(20), torch.float32)
    assert tried == [20, 10, 10] * 2


def test_an_evaluation_that_fails_for_another_reason_or_for_two_images_fails(monkeypatch):
    tried = evaluated(monkeypatch, 1)
    with pytest.raises(torch.OutOfMemoryError):
        evaluate.predict(network(), stripes(8), torch.float32)
    assert tried == [8, 4, 2]
    monkeypatch.setattr(Network, "features", lambda self, images: torch.zeros(1, 1) @ torch.zeros(2, 2))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        evaluate.predict(network(), stripes(8), torch.float32)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_an_optimiser_without_memory_is_a_reason_and_not_a_smaller_batch(monkeypatch, caplog, name):
    def step(self):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr({"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[name], "step", step)
    reason = rf"the state that {name} keeps for each weight: CUDA out of memory\. Tried to allocate 2 GiB"
    with pytest.raises(CatsError, match=reason):
        fitted(RECIPE.model_copy(update={"optimiser": name}))
    assert caplog.messages == []


def test_an_optimiser_that_fails_for_another_reason_says_its_own(monkeypatch):
    def step(self):
        raise RuntimeError("weights on two devices")

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    with pytest.raises(RuntimeError, match="^weights on two devices$"):
        fitted()


def test_a_try_that_failed_leaves_no_trace_in_the_statistics_of_norm_layers(monkeypatch):
    """The first try fails after the backbone; afterwards all numbers are as without it."""
    images, draws = stripes(16), draw_augmentation(RECIPE.augment, 16, torch.Generator().manual_seed(0))
    found = []
    for micro, most in ((8, 16), (16, 8)):
        made, real = network(), Network.features

        def features(self, images, real=real, most=most):
            seen = real(self, images)
            if len(images) > most:
                raise torch.OutOfMemoryError
            return seen

        with monkeypatch.context() as patch:
            patch.setattr(Network, "features", features)
            Step(made.train(), RECIPE, micro)(images.pixels, images.labels, draws, 0.1)
        found.append(state(made))
    assert not torch.equal(found[0]["backbone.bn1.running_mean"], network().state_dict()["backbone.bn1.running_mean"])
    for name, value in found[0].items():
        assert torch.equal(found[1][name], value), name


def test_a_batch_that_runs_out_of_memory_in_the_middle_leaves_no_gradient_of_its_first_part(monkeypatch):
    """The second part of the first batch fails; the gradients of the first part must not be counted twice."""
    recipe = PARTS.model_copy(update={"trained": "head"})
    whole, parts = network(recipe), network(recipe)
    train.fit(whole, stripes(32), stripes(8), recipe, 0)
    calls, real = [], Network.forward

    def forward(self, images):
        if self.training:
            calls.append(len(images))
            if calls in ([16], [16, 8, 8]):
                raise torch.OutOfMemoryError
        return real(self, images)

    monkeypatch.setattr(Network, "forward", forward)
    train.fit(parts, stripes(32), stripes(8), recipe, 0)
    assert calls[:5] == [16, 8, 8, 4, 4]
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_validation_and_test_images_are_seen_as_they_are(monkeypatch):
    """Nothing is drawn for them, nothing changes them, and no statistics of norm layers follow them."""
    seen, real = [], Network.forward
    monkeypatch.setattr(Network, "forward", lambda self, images: (seen.append((self.training, images)), real(self, images))[1])
    recipe = RECIPE.model_copy(update={"augment": Augment(flip=1.0, rotate=90, cutout=0.5, mixup=1.0), "epochs": 2})
    made, val = network(), stripes(20, seed=1)
    train.fit(made, stripes(32), val, recipe, 0)
    before = state(made)
    evaluate.predict(made, val, torch.float32)
    shown = [images for training, images in seen if not training]
    assert [len(images) for images in shown] == [20] * 3
    assert all(torch.equal(images, as_float(val.pixels)) for images in shown)
    assert len([images for training, images in seen if training]) == 4
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_validation_leaves_a_training_as_it_would_be_without(monkeypatch):
    whole = fitted(rule="last_epoch")[0]
    monkeypatch.setattr(Validation, "__call__", lambda self: torch.zeros(len(self.images), 2))
    blind = fitted(rule="last_epoch")[0]
    assert all(torch.equal(value, blind.state_dict()[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_frozen_backbone_does_not_change_by_a_bit_nor_keep_a_gradient(ema):
    recipe = RECIPE.model_copy(update={"trained": "head", "hidden": (8,), "dropout": 0.2, "ema": ema})
    made = network(recipe)
    before = state(made)
    train.fit(made, stripes(64), stripes(32, seed=1), recipe, 0, "last_epoch")
    moved = {name for name, value in made.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"dense.0.1.weight", "dense.0.1.bias", "head.weight", "head.bias"}
    assert not any(layer.training for layer in made.train().backbone.modules())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in made.backbone.parameters())
    assert not made.features(torch.rand(2, 3, 16, 16)).requires_grad


def test_a_backbone_that_is_not_frozen_moves_with_its_statistics():
    made = network()
    before = state(made)
    train.fit(made, stripes(64), stripes(32, seed=1), RECIPE, 0, "last_epoch")
    moved = {name for name, value in made.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == set(before)


def logits_of(images):
    """The outputs of a network without weights, different for every image."""
    grey = images.mean(dim=(1, 2, 3))
    return torch.stack([grey, 1 - 2 * grey], dim=1)


@pytest.mark.parametrize("multilabel", [False, True], ids=["one label", "several"])
def test_the_loss_of_mixed_images_by_hand(monkeypatch, multilabel):
    """Image i with the share s of itself and 1 - s of the next one, and the label shared as the image is."""
    recipe = Recipe(size=16, batch_size=4, label_smoothing=0.1, precision="fp32", augment=Augment(flip=0, mixup=0.4))
    made, images = network(), stripes(4, multilabel=multilabel)
    draws = draw_augmentation(recipe.augment, 4, torch.Generator().manual_seed(0))
    share = draws.of("mixup")
    assert share.min() < 0.9
    monkeypatch.setattr(Network, "forward", lambda self, images: logits_of(images) + 0 * self.head.bias)
    loss = Step(made, recipe, 4)(images.pixels, images.labels, draws, 0.1)

    plain = as_float(images.pixels)
    logits = logits_of(share[:, :, None, None] * plain + (1 - share[:, :, None, None]) * plain[[1, 2, 3, 0]])
    truth = images.labels if multilabel else torch.eye(2)[images.labels]
    truth = share * truth + (1 - share) * truth[[1, 2, 3, 0]]
    truth = 0.9 * truth + 0.1 / 2
    if multilabel:
        p = logits.sigmoid()
        expected = -(truth * p.log() + (1 - truth) * (1 - p).log()).mean()
    else:
        expected = -(truth * torch.log_softmax(logits, 1)).sum(1).mean()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_mixed_images_are_learned_too():
    recipe = RECIPE.model_copy(update={"augment": Augment(mixup=0.2), "epochs": 6})
    assert max(fitted(recipe)[1].curves["val_auc"]) > 0.95


def test_a_pack_that_is_asked_to_stop_stops_after_the_epoch(monkeypatch):
    epochs = []
    monkeypatch.setattr(train, "stop_requested", lambda: len(epochs) == 2)
    before_validation(monkeypatch, epochs.append)
    with pytest.raises(KeyboardInterrupt):
        fitted()
    assert len(epochs) == 2


EVERYTHING = Recipe(
    size=16, batch_size=4, dropout=0.5, hidden=(8,), label_smoothing=0.1, precision="fp32",
    augment=Augment(
        flip=0.5, flip_vertical=0.5, rotate=20, shift=0.1, zoom=0.1, crop=0.5, brightness=0.1, contrast=0.1, saturation=0.1,
        hue=0.1, sharpness=0.5, autocontrast=0.5, equalize=0.5, stain=0.1, cutout=0.2, mixup=0.2,
    ),
)  # fmt: skip


def test_the_recipe_of_everything_has_every_change():
    made = draw_augmentation(EVERYTHING.augment, 4, torch.Generator())
    assert set(made.columns) == set(SAMPLERS) - {*WARPS, *FLIPS} | {"affine"}


@pytest.mark.parametrize("changes", [{}, {"augment": Augment()}], ids=["everything", "a flip"])
@pytest.mark.parametrize("multilabel", [False, True], ids=["one label", "several"])
def test_no_number_of_a_step_is_asked_for_while_it_is_made(monkeypatch, changes, multilabel):
    """On a device where tensors have no values, so that asking for one is an error."""
    recipe, meta = EVERYTHING.model_copy(update=changes), torch.device("meta")
    monkeypatch.setattr("benchmark.training.step.make_optimiser", lambda *rest: None)  # fused ones want a real device
    monkeypatch.setattr("benchmark.training.step.autocast", lambda *rest: nullcontext())
    real = stripes(8, multilabel=multilabel)
    images = Images(real.pixels.to(meta), real.labels.to(meta))
    step = Step(network(recipe).to(meta).train(), recipe, 4)
    draws = draw_augmentation(recipe.augment, 8, torch.Generator()).to(meta)
    losses = [
        step.accumulate(pixels, labels, draws[4 * number : 4 * number + 4])
        for number, (pixels, labels) in enumerate(batches(images, torch.randperm(8), 4))
    ]
    assert [tuple(loss.shape) for loss in losses] == [(), ()]
    assert step.network.head.weight.grad.shape == step.network.head.weight.shape
    with pytest.raises(RuntimeError, match="meta"):
        float(losses[0])


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_no_step_on_a_gpu_waits_for_it():
    device, there = torch.device("cuda"), stripes(16)
    images = Images(there.pixels.to(device), there.labels.to(device))
    recipe = EVERYTHING.model_copy(update={"precision": "auto"})
    made = network(recipe).to(device).train()
    optimise_for_device(made)
    step = Step(made, recipe, 4)
    draws = draw_augmentation(recipe.augment, 16, torch.Generator()).to(device)
    try:
        for number, (pixels, labels) in enumerate(batches(images, torch.arange(16), 4)):
            step(pixels, labels, draws[4 * number : 4 * number + 4], 1e-3)
            if number == 0:  # the first one also sets up libraries
                torch.cuda.set_sync_debug_mode("error")
    finally:
        torch.cuda.set_sync_debug_mode("default")
