import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from results.evaluation.calibration import apply_temperature, temperature_of


def drawn(rng, count, classes, task="multiclass"):
    """Logits, and labels that follow their probabilities exactly."""
    logits = rng.normal(scale=2, size=(count, classes))
    if task == "multilabel":
        return logits, (rng.random(logits.shape) < expit(logits)).astype(int)
    gumbel = -np.log(-np.log(rng.random(logits.shape)))
    return logits, (logits + gumbel).argmax(axis=1)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_factor_by_which_logits_were_multiplied(classes, factor):
    logits, labels = drawn(np.random.default_rng(1), 20_000, classes)
    assert temperature_of("multiclass", labels, softmax(logits * factor, axis=1)).value == pytest.approx(factor, rel=0.04)


@pytest.mark.parametrize("task", ["binary", "ordinal", "multiclass", "multilabel"])
def test_the_temperature_is_that_of_a_search_by_brute_force(task):
    rng = np.random.default_rng(2)
    logits, labels = drawn(rng, 150, 2 if task == "binary" else 4, task)
    logits = 2.5 * logits + rng.normal(size=logits.shape)
    probabilities = expit(logits) if task == "multilabel" else softmax(logits, axis=1)

    def loss(temperature):
        if task == "multilabel":
            p = expit(logits / temperature)
            return -np.log(np.where(labels == 1, p, 1 - p)).mean()
        return -np.log(softmax(logits / temperature, axis=1)[np.arange(150), labels]).mean()

    known = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-9}).x
    assert temperature_of(task, labels, probabilities).value == pytest.approx(known, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_applying_a_temperature_divides_the_logits(temperature):
    logits = np.random.default_rng(3).normal(scale=8, size=(50, 3))  # some probabilities are below 1e-12
    applied = apply_temperature("multiclass", softmax(logits, axis=1), temperature)
    assert applied == pytest.approx(softmax(logits / temperature, axis=1), abs=1e-9)
    several = apply_temperature("multilabel", expit(logits), temperature)
    assert several == pytest.approx(expit(logits / temperature), abs=1e-6)


def test_probabilities_of_zero_and_one_stay_finite():
    hard = np.eye(3)[np.arange(30) % 3]
    labels = np.concatenate([np.arange(20) % 3, (np.arange(20, 30) + 1) % 3])  # ten are wrong, with certainty
    found = temperature_of("multiclass", labels, hard)
    # Two thirds are right: the loss is smallest where the probability of the guess is two thirds.
    assert apply_temperature("multiclass", hard, found.value).max() == pytest.approx(2 / 3, abs=1e-9)
    assert 0 < apply_temperature("multilabel", hard, 5.0).min() < apply_temperature("multilabel", hard, 5.0).max() < 1


@pytest.mark.parametrize(
    ("labels", "probabilities", "why"),
    [
        (np.arange(9) % 2, np.full((9, 2), 0.5), "9 validation images are too few; 10 are needed"),
        (
            np.ones(30, int),
            softmax(np.random.default_rng(4).normal(size=(30, 2)), axis=1),
            "all 30 validation images have the same label",
        ),
        (np.arange(30) % 2, np.eye(2)[np.arange(30) % 2] * 0.8 + 0.1, "right about all 30 validation images"),
        (np.arange(30) % 2, np.full((30, 2), np.nan), "not finite"),
    ],
)
def test_images_that_say_nothing_leave_the_probabilities_alone(labels, probabilities, why):
    found = temperature_of("binary", labels, probabilities)
    assert found.value == 1.0
    assert why in found.note


def test_a_network_that_is_always_wrong_gets_the_largest_temperature():
    labels = np.arange(40) % 2
    wrong = np.eye(2)[1 - labels] * 0.9 + 0.05
    found = temperature_of("binary", labels, wrong)
    assert found.value == 20
    assert "no better than chance" in found.note


def test_a_network_that_hardly_dares_gets_the_smallest_temperature():
    rng = np.random.default_rng(5)
    logits, labels = drawn(rng, 2000, 2)
    found = temperature_of("binary", labels, softmax(logits / 50, axis=1))
    assert (found.value, "far less certain" in found.note) == (0.05, True)


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError, match="a finite number above 0"):
        apply_temperature("binary", np.full((3, 2), 0.5), temperature)
