"""Codecarbon's tracker with our settings alone, and what it knows of this machine.

Codecarbon reads `.codecarbon.config` in the home and in the working folder, and every variable CODECARBON_*. Those of another
project would change our figures (by `force_cpu_power` or `pue`, for example) without a word, or keep the tracker from starting.
They are not read, and every setting that decides a figure is passed.

In a job of Slurm codecarbon asks `scontrol` for the cores and the memory of the job. Those of the machine are wanted, of which
benchmark.machine.own_energy takes our share; and in a container there is no `scontrol`, so that codecarbon would not start.
"""

import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import psutil

COUNTERS = ("rapl", "power_gadget", "windows_emi", "applesilicon")
JOB = "SLURM_JOB_ID"  # codecarbon's name of the job of Slurm, in two of its modules
READS = "get_hierarchical_config"  # codecarbon's function that reads files and variables
MODE = "machine"  # codecarbon's figures are those of the whole machine; benchmark.machine.own_energy takes our share of them
# Every setting of codecarbon that decides a figure, or that sends or writes something.
SETTINGS: dict[str, Any] = {
    "tracking_mode": MODE, "measure_power_secs": 15, "pue": 1.0, "wue": 0, "force_cpu_power": None, "force_ram_power": None,
    "force_mode_cpu_load": False, "force_carbon_intensity_g_co2e_kwh": None, "rapl_include_dram": False,
    "rapl_prefer_psys": False, "electricitymaps_api_token": "", "gpu_ids": None, "allow_multiple_runs": True,
    "output_methods": [], "output_handlers": [], "output_dir": ".", "emissions_endpoint": None, "api_call_interval": -1,
    "log_level": "error", "logger_preamble": "", "region": None, "cloud_provider": None, "cloud_region": None,
    "country_2letter_iso_code": None,
}  # fmt: skip


@dataclass(frozen=True)
class Hardware:
    """What codecarbon knows of this machine.

    Attributes:
        watts: nominal power of hardware whose energy is modelled: `cpu` when all cores work, `ram` always.
        facts: for a record: model and cores of the processor, size of the memory, codecarbon's version and mode, RAPL or not.
    """

    watts: dict[str, float]
    facts: dict[str, str]


@cache
def tracker(country: str, card: int | None) -> Any:
    """Return the tracker of this process. Starting one takes more than a second; a task of a running one, milliseconds.

    `card`: the number by which NVML knows the GPU in use; None measures all GPUs.
    """
    from codecarbon import OfflineEmissionsTracker
    from codecarbon.core import util
    from codecarbon.emissions_tracker import BaseEmissionsTracker
    from codecarbon.emissions_tracker import OfflineEmissionsTracker as Offline
    from codecarbon.external import ram

    for module in (util, ram):
        setattr(module, JOB, None)
    logging.getLogger("codecarbon").setLevel(logging.ERROR)  # importing codecarbon has reset the level
    known = {**inspect.signature(BaseEmissionsTracker.__init__).parameters, **inspect.signature(Offline.__init__).parameters}
    settings = {name: value for name, value in SETTINGS.items() if name in known}  # older versions know fewer
    cards: dict[str, Any] = {} if card is None else {"gpu_ids": [card]}
    with _no_configuration():
        return OfflineEmissionsTracker(country_iso_code=country, **settings | cards)


def cpu_counted(country: str, card: int | None) -> bool:
    """Whether the processor's energy is read from a counter."""
    hardware = getattr(tracker(country, card), "_hardware", [])
    return any(word in repr(item).lower().replace(" ", "_") for item in hardware for word in COUNTERS)


@cache
def hardware(country: str, card: int | None) -> Hardware:
    """Return what the tracker knows of this machine, once it has run."""
    made, counted = vars(tracker(country, card)), cpu_counted(country, card)
    parts = {type(item).__name__: item for item in made.get("_hardware", [])}
    conf, processor, watts = made.get("_conf", {}), vars(parts.get("CPU", object)), dict[str, float]()
    if "RAM" in parts:
        watts["ram"] = float(parts["RAM"].total_power().W)
    if not counted and "_tdp" in processor:
        watts["cpu"] = float(processor["_tdp"])
    how = processor.get("_mode", "counter" if counted else "unknown")
    facts = {
        "cpu": str(conf.get("cpu_model") or "unknown"), "cores": str(psutil.cpu_count()),
        "ram_gb": f"{conf.get('ram_total_size') or psutil.virtual_memory().total / 2**30:.1f}",
        "codecarbon": version("codecarbon"), "energy_mode": f"{MODE}, {how}", "rapl": "yes" if "rapl" in how else "no",
        **{f"{name}_watts": f"{value:g}" for name, value in watts.items()},
    }  # fmt: skip
    return Hardware(watts, facts)


@contextmanager
def _no_configuration() -> Iterator[None]:
    """Let codecarbon read no file and no variable of another project, which may even be damaged."""
    from codecarbon import emissions_tracker as library

    read = getattr(library, READS, dict)  # a version that reads otherwise still has our settings
    setattr(library, READS, dict)
    try:
        yield
    finally:
        setattr(library, READS, read)
