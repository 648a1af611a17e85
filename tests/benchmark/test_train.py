import numpy as np
import pytest
import torch

from benchmark import train
from benchmark.images import Images
from benchmark.network import Network, Trained
from benchmark.optimise import schedule
from benchmark.recipe import Augment, Recipe
from results.error import CatsError
from tests.stripes import network, stripes

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
    assert torch.isfinite(train.predict(made, stripes(8), torch.float32)).all()


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
    loss, auc = train.validate(made, stripes(32, seed=1), torch.float32)
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
    real = train.augmented
    monkeypatch.setattr(train, "augmented", lambda images, *rest: (seen.append(len(images)), real(images, *rest))[1])
    fitted()
    assert seen == [16] * (4 * 64 // 16)


def test_predictions_do_not_depend_on_how_images_are_batched(monkeypatch):
    made, images = network(), stripes(40)
    whole = train.predict(made, images, torch.float32)
    monkeypatch.setattr(train, "EVALUATION_BATCH", 7)
    torch.testing.assert_close(train.predict(made, images, torch.float32), whole, rtol=1e-4, atol=1e-5)


SCRIPT = {"val_loss": [3.0, 1.0, 2.0, 4.0], "val_auc": [0.5, 0.6, 0.9, 0.7]}


@pytest.fixture
def scripted(monkeypatch):
    """`scripted(losses, aucs)` lets validation say these numbers and keeps the state it was asked about each time."""

    def say(losses, aucs):
        told, states = iter(zip(losses, aucs, strict=True)), []

        def validate(made, val, precise):
            states.append({k: v.clone() for k, v in made.state_dict().items()})
            return next(told)

        monkeypatch.setattr(train, "validate", validate)
        return states

    return say


@pytest.mark.parametrize(("rule", "best"), [("min_val_loss", 1), ("max_val_auc", 2), ("last_epoch", 3)])
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


def test_patience_counts_from_the_best_epoch(scripted):
    scripted([3.0, 2.0, 1.0, 5.0, 5.0, 5.0, 0.0], [0.5] * 7)
    _, fit = fitted(RECIPE.model_copy(update={"epochs": 7, "patience": 2}))
    assert (fit.best_epoch, len(fit.curves["val_loss"])) == (2, 5)


def test_patience_does_not_stop_a_training_whose_last_epoch_is_wanted(scripted):
    scripted([1.0, 2.0, 3.0, 4.0], [0.5] * 4)
    _, fit = fitted(RECIPE.model_copy(update={"patience": 1}), rule="last_epoch")
    assert fit.best_epoch == 3


def test_a_training_that_breaks_in_its_last_step_is_an_error_and_not_an_untrained_network():
    """The loss of the only step is still finite; what the step leaves is not."""
    recipe = RECIPE.model_copy(update={"epochs": 1, "batch_size": 64, "optimiser": "sgd", "lr": 1e30, "warmup": 0.0})
    with pytest.raises(CatsError, match=r"epoch 1 at learning rate 1e\+30"):
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
    assert float(train.loss_of(logits, torch.tensor([0, 0]))) == pytest.approx(float(-(log[0, 0] + log[1, 0]) / 2))
    smooth = -(0.9 * log[:, 0] + 0.1 * log.mean(1)).mean()
    assert float(train.loss_of(logits, torch.tensor([0, 0]), 0.1)) == pytest.approx(float(smooth))


def test_the_loss_of_several_labels_by_hand():
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    p = logits.sigmoid()
    assert float(train.loss_of(logits, labels)) == pytest.approx(float(-(p[0, 0].log() + (1 - p[0, 1]).log()) / 2))
    soft = torch.tensor([[0.95, 0.05]])
    expected = -(soft * p.log() + (1 - soft) * (1 - p).log()).mean()
    assert float(train.loss_of(logits, labels, 0.1)) == pytest.approx(float(expected))


def test_probabilities_are_softmax_or_one_sigmoid_per_label():
    logits = torch.tensor([[1.0, 2.0, 3.0]])
    one, several = train.to_probabilities(logits, multilabel=False), train.to_probabilities(logits, multilabel=True)
    assert one.sum() == pytest.approx(1)
    assert one.dtype == np.float64
    np.testing.assert_allclose(several, 1 / (1 + np.exp(-logits.double().numpy())))


def test_prediction_neither_trains_nor_drops_out():
    torch.manual_seed(0)
    made = Network("test_resnet", Trained(), 2, Recipe(dropout=0.5)).train()
    before = {k: v.clone() for k, v in made.state_dict().items()}
    first, second = (train.predict(made, stripes(8), torch.float32) for _ in range(2))
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert all(torch.equal(v, before[k]) for k, v in made.state_dict().items())


def test_features_are_what_the_head_sees():
    made, images = network(), stripes(8)
    features = train.extract(made, images, torch.float32)
    torch.testing.assert_close(made.head(features), train.predict(made, images, torch.float32))
