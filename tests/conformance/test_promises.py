"""Every entry whose data are at hand keeps every promise; what is not at hand is skipped by its name."""

import os

import pytest

from benchmark.data.dataset import Dataset
from benchmark.entries.conformance import PROMISES, Case, examine_data
from benchmark.entries.conformance_weights import examine_weights
from benchmark.entries.examine import subjects
from benchmark.specs import catalogue
from benchmark.specs.resolve import backbones_with_file
from results.error import CatsError

NAMES = sorted({*catalogue.names("sources"), *catalogue.names("targets")})
SIZE = 32
GIVEN_TO_CI = {"breastmnist", "pneumoniamnist", "retinamnist", "idc", "mednist", "cifar10", "ham10000"}
GIVEN = {name: os.environ.get(name) for name in ("CATS_DATA", "CATS_WEIGHTS")}


@pytest.fixture(autouse=True)
def at_hand(home, monkeypatch):
    for name, value in GIVEN.items():
        if value is not None:
            monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_entry_keeps_its_promises(name):
    for subject in subjects(name):
        findings = list(data(subject) if isinstance(subject, Dataset) else weights(subject))
        broken = [f"{finding.promise}: {finding.sentence}" for finding in findings if finding.state == "broken"]
        assert not broken
        if isinstance(subject, Dataset):
            assert [finding.promise for finding in findings] == [promise.__name__ for promise in PROMISES]


def data(dataset):
    try:
        dataset.folder()
    except CatsError as absent:
        if os.environ.get("CATS_REQUIRE_DATA") == "1" and dataset.name in GIVEN_TO_CI:
            pytest.fail(str(absent))
        pytest.skip(str(absent))
    return examine_data(Case(dataset, SIZE, is_target=dataset.name in catalogue.names("targets")))


def weights(source):
    if source.weights and not backbones_with_file(source.weights):
        pytest.skip(f"{source.name}: no file BACKBONE.{source.weights.file}.safetensors in CATS_WEIGHTS")
    return examine_weights(source, "sqlite:///mlflow.db")
