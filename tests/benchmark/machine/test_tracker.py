"""Codecarbon with our settings alone, whatever another project has configured."""

import inspect
import os

import pytest
from codecarbon.emissions_tracker import BaseEmissionsTracker, OfflineEmissionsTracker

from benchmark.machine import meter as meters
from benchmark.machine import tracker as trackers
from benchmark.machine.meter import Meter
from benchmark.machine.tracker import SETTINGS, hardware, tracker

FOREIGN = {
    "force_cpu_power": "4000", "force_ram_power": "90000", "pue": "3", "wue": "2", "tracking_mode": "process",
    "measure_power_secs": "1", "force_carbon_intensity_g_co2e_kwh": "9999", "force_mode_cpu_load": "true",
    "rapl_include_dram": "true", "emissions_endpoint": "http://127.0.0.1:9/emissions", "output_methods": "csv,api",
    "save_to_file": "true", "country_2letter_iso_code": "PL", "region": "silesia", "cloud_provider": "aws",
    "cloud_region": "us-east-1", "co2_signal_api_token": "secret", "electricitymaps_api_token": "secret", "gpu_ids": "7",
}  # fmt: skip
FILE = "[codecarbon]\n" + "\n".join(f"{name}={value}" for name, value in FOREIGN.items())
DECIDES_NOTHING = {"project_name", "experiment_id", "experiment_name", "api_endpoint", "api_key", "output_file",
                      "prometheus_url", "on_csv_write", "logging_logger", "metadata", "co2_signal_api_token",
                      "save_to_file", "save_to_api", "save_to_logger", "save_to_prometheus", "save_to_logfire"}  # fmt: skip


def settings():
    """What a new tracker measures by."""
    tracker.cache_clear()
    hardware.cache_clear()
    meter = Meter("NLD", "cpu")
    with meter.phase("training"):
        sum(i * i for i in range(100_000))
    (cost,), made = meter.costs, tracker("NLD", None)
    kinds = {name: (energy.provenance, energy.watts) for name, energy in cost.energy.items()}
    return made._conf, meter.facts, kinds, cost.kg_per_kwh, made._output_handlers


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """The settings without any foreign configuration; those of a test are forgotten after it."""
    for name in os.environ:
        if name.lower().startswith("codecarbon_"):
            monkeypatch.delenv(name)
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path / "nothing")
    yield settings()
    tracker.cache_clear()
    hardware.cache_clear()


@pytest.mark.parametrize("where", ["home", "folder", "variables", "all", "damaged", "no text"])
def test_a_foreign_configuration_of_codecarbon_changes_no_figure(ours, tmp_path, monkeypatch, capfd, where):
    """Before, it changed figures 12,000 times without a word; a damaged file left energy missing."""
    home, place, variables = tmp_path / "home", tmp_path / "place", {}
    for folder, name in ((home, "home"), (place, "folder")):
        folder.mkdir()
        if where in (name, "all"):
            (folder / ".codecarbon.config").write_text(FILE)
    if where in ("variables", "all"):
        variables = {f"CODECARBON_{name.upper()}": value for name, value in FOREIGN.items()} | {"codecarbon_pue": "9"}
    if where == "damaged":
        (home / ".codecarbon.config").write_text("force_cpu_power=4000\n[[codecarbon\n%(x)s")
    if where == "no text":
        (place / ".codecarbon.config").write_bytes(bytes(range(128, 256)))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(place)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = settings()
    assert found[:3] == ours[:3]
    assert found[3] == pytest.approx(ours[3], rel=1e-6)
    assert (found[2]["ram"][0], found[4]) == ("modelled", [])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("told", [None, "JobId=7 NumCPUs=1 AllocTRES=cpu=1,mem=1G,node=1"])
def test_a_job_of_slurm_changes_no_figure_also_where_its_command_is_missing(ours, tmp_path, monkeypatch, told):
    """Before, energy was missing in a container; elsewhere the memory of the job was divided by the cores of the machine."""
    for module in ("core.util", "external.ram"):
        monkeypatch.setattr(f"codecarbon.{module}.SLURM_JOB_ID", "7")  # which codecarbon reads when it is imported
    if told is not None:
        (tmp_path / "scontrol").write_text(f"#!/bin/sh\necho {told}\n")
        (tmp_path / "scontrol").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = settings()
    assert found[:3] == ours[:3]
    assert found[2]["ram"][0] == "modelled"


def test_every_setting_of_codecarbon_is_ours_or_decides_no_figure():
    """A setting that a later version adds is a decision to take."""
    known = {*inspect.signature(BaseEmissionsTracker.__init__).parameters}
    known |= {*inspect.signature(OfflineEmissionsTracker.__init__).parameters}
    assert known - {"self", "args", "kwargs", "country_iso_code"} == SETTINGS.keys() | DECIDES_NOTHING


@pytest.mark.parametrize(
    ("part", "name", "value"), [("CPU", "_tdp", None), ("CPU", "_tdp", "unknown"), ("RAM", "total_power", lambda: 20.0)]
)
def test_a_version_of_codecarbon_that_answers_otherwise_fails_no_training(ours, monkeypatch, caplog, part, name, value):
    parts = {type(item).__name__: item for item in tracker("NLD", None)._hardware}
    stop = meters._stop

    def changed(*arguments):
        measured = stop(*arguments)
        monkeypatch.setattr(parts[part], name, value)
        return measured

    monkeypatch.setattr(meters, "_stop", changed)
    monkeypatch.setattr(trackers, "cpu_counted", lambda country, card: False)  # a nominal power is read without a counter only
    hardware.cache_clear()
    meter = Meter("NLD", "cpu")
    with meter.phase("training"):
        sum(range(1000))
    assert meter.costs[0].missing == ["cpu", "ram"]
    assert caplog.messages == ["codecarbon's figures could not be read; energy is missing"]
