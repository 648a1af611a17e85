import numpy as np
import pytest
import torch

from benchmark import train
from benchmark.network import Network, Trained
from benchmark.recipe import Augment, Recipe
from results.error import CatsError

CPU = torch.device("cpu")
RECIPE = Recipe(size=16, epochs=4, batch_size=16, lr=3e-3, precision="fp32", augment=Augment(flip=0.5, shift=0.1))


def stripes(count, seed=0, multilabel=False):
    """Easy pictures: class 1 has a bright upper half."""
    luck = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pixels = luck.integers(0, 120, (count, 16, 16, 1), dtype=np.uint8)
    pixels[labels == 1, :8] += 120
    return train.on_device(pixels, np.stack([labels, 1 - labels], 1) if multilabel else labels, CPU)


def network(seed=0, classes=2):
    torch.manual_seed(seed)
    return Network("test_resnet", Trained(), classes)


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


def test_the_rate_rises_then_falls_as_a_cosine():
    recipe = Recipe(warmup=0.1)
    assert train.schedule(recipe, 0.0, 0.01) == pytest.approx(0.1)
    assert train.schedule(recipe, 0.09, 0.01) == pytest.approx(1.0)
    assert train.schedule(recipe, 0.1, 0.01) == 1.0
    assert train.schedule(recipe, 0.55, 0.01) == pytest.approx(0.5)
    assert train.schedule(recipe, 1.0, 0.01) == pytest.approx(0.0)
    assert train.schedule(Recipe(warmup=0, schedule="constant"), 0.7, 0.01) == 1.0


def test_biases_and_norm_layers_are_not_decayed():
    made = network()
    decayed, free = train.make_optimiser(made, Recipe(weight_decay=0.1)).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert {p.ndim for p in free["params"]} == {1}
    assert sum(len(g["params"]) for g in (decayed, free)) == len(list(made.parameters()))


def test_sgd_is_nesterovs_only_with_momentum():
    assert train.make_optimiser(network(), Recipe(optimiser="sgd", momentum=0.9)).param_groups[0]["nesterov"]
    assert not train.make_optimiser(network(), Recipe(optimiser="sgd", momentum=0.0)).param_groups[0]["nesterov"]


def test_predictions_do_not_depend_on_how_images_are_batched(monkeypatch):
    made, images = network(), stripes(40)
    whole = train.predict(made, images, torch.float32)
    monkeypatch.setattr(train, "EVALUATION_BATCH", 7)
    torch.testing.assert_close(train.predict(made, images, torch.float32), whole, rtol=1e-4, atol=1e-5)


def test_grey_becomes_three_equal_channels_between_0_and_1():
    batch = stripes(4).batch(torch.arange(4))
    assert batch.shape == (4, 3, 16, 16)
    assert torch.equal(batch[:, 0], batch[:, 2])
    assert 0 <= batch.min() <= batch.max() <= 1


def test_depthwise_networks_and_small_images_stay_in_fp32_on_a_cpu(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    mobile = Network("mobilenetv3_small_050", Trained(), 2)
    assert train.precision(mobile, Recipe(size=64)) is torch.float32
    assert train.precision(network(), Recipe(size=28)) is torch.float32
    assert train.precision(network(), Recipe(size=64)) is torch.bfloat16
    assert train.precision(mobile, Recipe(size=64, precision="bf16")) is torch.bfloat16


def test_bf16_gives_nearly_the_same_predictions():
    made, images = network(), stripes(32)
    exact, rough = (
        train.to_probabilities(train.predict(made, images, p), multilabel=False) for p in (torch.float32, torch.bfloat16)
    )
    np.testing.assert_allclose(exact, rough, atol=0.02)
