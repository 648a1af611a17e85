"""Libraries report nothing about their use, unless the user wants it."""

import subprocess
import sys

import pytest

from results import NO_TELEMETRY, NO_TRACKING, without_telemetry


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, NO_TELEMETRY | {NO_TRACKING: "true"}),
        ({"MLFLOW_DISABLE_TELEMETRY": "false"}, NO_TELEMETRY | {"MLFLOW_DISABLE_TELEMETRY": "false"}),
        ({"HF_HUB_DISABLE_TELEMETRY": ""}, NO_TELEMETRY | {"HF_HUB_DISABLE_TELEMETRY": ""}),
        ({NO_TRACKING: "false"}, NO_TELEMETRY | {NO_TRACKING: "false"}),
    ],
)
def test_what_the_user_has_set_stays(given, left):
    environ = dict(given)
    without_telemetry(environ)
    assert environ == left


def test_mlflow_takes_telemetry_for_disabled_outside_of_tests_too(monkeypatch):
    from mlflow.telemetry import utils

    monkeypatch.setattr(utils, "_IS_IN_CI_ENV_OR_TESTING", False)
    assert utils.is_telemetry_disabled()
    assert utils.fetch_ui_telemetry_config()["disable_ui_telemetry"] is True
    monkeypatch.delenv(NO_TRACKING)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    assert not utils.is_telemetry_disabled()


@pytest.mark.parametrize("name", [*NO_TELEMETRY, NO_TRACKING])
def test_huggingface_hub_reads_one_of_the_variables(name, monkeypatch):
    from huggingface_hub import constants

    assert constants.HF_HUB_DISABLE_TELEMETRY
    environ = {}
    without_telemetry(environ)
    assert environ[name].upper() in constants.ENV_VARS_TRUE_VALUES


CODE = """
import os, sys
import {module}
assert not [name for name in sys.modules if name.split(".")[0] in ("mlflow", "timm", "huggingface_hub")], "loaded too early"
print(os.environ["MLFLOW_DISABLE_TELEMETRY"], os.environ["HF_HUB_DISABLE_TELEMETRY"], os.environ["DO_NOT_TRACK"])
"""


@pytest.mark.parametrize("module", ["benchmark", "results"])
def test_the_variables_are_set_before_any_library_is_loaded(module, monkeypatch):
    for name in (*NO_TELEMETRY, NO_TRACKING):
        monkeypatch.delenv(name)
    made = subprocess.run([sys.executable, "-c", CODE.format(module=module)], capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["true", "1", "true"]
