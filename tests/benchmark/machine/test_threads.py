"""How many threads torch gets, by hand-made control groups; and how they wait, asked of OpenMP itself."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark.machine import shared_cores, threads
from benchmark.machine.device import device_of
from benchmark.machine.threads import SPINS, WAITING, set_threads, sleep_if_crowded, usable_cores, wait_briefly
from tests.support.burners import burners


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """`machine("0::/a/b", {"a/cpu.max": "max 100000"})`: usable cores of a process that may run on 8 of 16."""
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    def usable(membership, files):
        (tmp_path / "cgroup").write_text(membership)
        for name, text in files.items():
            path = tmp_path / "mounted" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return usable_cores(tmp_path / "cgroup", tmp_path / "mounted")

    return usable


V1 = "9:name=systemd:/\n3:cpuset:/\n2:cpu,cpuacct:/box/inner\n0::/\n"


@pytest.mark.parametrize(
    ("membership", "files", "cores"),
    [
        ("0::/box\n", {"box/cpu.max": "300000 100000"}, 3),
        ("0::/box\n", {"box/cpu.max": "150000 100000"}, 2),
        ("0::/box\n", {"box/cpu.max": "10000 100000"}, 1),
        ("0::/box\n", {"box/cpu.max": "max 100000"}, 8),
        ("0::/box\n", {"box/cpu.max": "3200000 100000"}, 8),
        ("0::/box\n", {"box/cpu.max": ""}, 8),
        ("0::/box/inner\n", {"box/cpu.max": "200000 100000", "box/inner/cpu.max": "max 100000"}, 2),
        ("0::/host/name\n", {"cpu.max": "400000 100000"}, 4),
        ("0::/box\n", {"other/cpu.max": "100000 100000"}, 8),
        (V1, {"cpu,cpuacct/box/inner/cpu.cfs_quota_us": "250000", "cpu,cpuacct/box/inner/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu/box/cpu.cfs_quota_us": "50000", "cpu/box/cpu.cfs_period_us": "10000"}, 5),
        (V1, {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        (V1, {"cpuset/cpu.cfs_quota_us": "100000", "cpuset/cpu.cfs_period_us": "100000"}, 8),
        ("", {}, 8),
    ],
)
def test_the_smallest_of_machine_affinity_and_quotas_counts(machine, membership, files, cores):
    assert machine(membership, files) == cores


def test_without_control_groups_the_affinity_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    assert usable_cores(tmp_path / "absent", tmp_path) == 1


def test_where_nothing_is_known_there_is_one_core(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores(tmp_path / "absent", tmp_path) == 1


def test_this_machine_has_a_core_at_least():
    assert 1 <= usable_cores() <= os.cpu_count()


@pytest.fixture
def torch_threads(monkeypatch):
    """The numbers of threads that torch is given; it has 4 threads, and the process itself is not changed."""
    asked = {}
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: asked.get("threads", 4))
    monkeypatch.setattr(torch, "set_num_threads", lambda count: asked.update(threads=count))
    monkeypatch.setattr(torch, "set_num_interop_threads", lambda count: asked.update(between=count))
    set_threads.cache_clear()
    yield asked
    set_threads.cache_clear()


def test_torch_gets_no_more_threads_than_cores_and_the_log_says_so(torch_threads, monkeypatch, caplog):
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    with caplog.at_level(logging.INFO, "benchmark.machine.threads"):
        assert set_threads() == 2
        set_threads()
    assert torch_threads == {"threads": 2, "between": 2}
    assert caplog.messages == ["torch uses 2 threads, 2 cores are usable"]


def test_fewer_threads_than_cores_stay_fewer(torch_threads, monkeypatch):
    monkeypatch.setattr(threads, "usable_cores", lambda: 8)
    assert set_threads() == 4
    assert torch_threads == {"between": 4}


@pytest.mark.parametrize(("number", "words"), [(4, "4 threads"), (1, "1 thread")])
def test_what_the_user_set_decides_alone(torch_threads, monkeypatch, caplog, number, words):
    monkeypatch.setenv("OMP_NUM_THREADS", str(number))
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: number)
    with caplog.at_level(logging.INFO, "benchmark.machine.threads"):
        assert set_threads() == number
    assert torch_threads == {}
    assert caplog.messages == [f"torch uses {words}, as OMP_NUM_THREADS says"]


def test_it_is_no_mistake_to_come_after_parallel_work_began(torch_threads, monkeypatch):
    def late(count):
        raise RuntimeError("cannot set number of interop threads after parallel work has started")

    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch, "set_num_interop_threads", late)
    assert set_threads() == 2


def test_whoever_asks_for_a_device_has_its_threads(torch_threads, monkeypatch):
    monkeypatch.setattr(threads, "usable_cores", lambda: 3)
    assert device_of("cpu") == torch.device("cpu")
    assert torch_threads["threads"] == 3


def test_threads_wait_briefly_unless_the_user_said_how():
    environ = {}
    wait_briefly(environ)
    assert environ == {"GOMP_SPINCOUNT": SPINS}
    for name in WAITING:
        environ = {name: "7"}
        wait_briefly(environ)
        assert environ == {name: "7"}


@pytest.mark.parametrize(
    ("foreign", "cores", "given", "after"),
    [
        (2.0, 2, {}, "0"),  # nothing is left
        (0.5, 2, {}, "0"),
        (0.1, 2, {}, SPINS),  # the operating system's own work
        (30.0, 64, {}, SPINS),  # room enough
        (None, 2, {}, SPINS),
        (1.0, 2, {"OMP_NUM_THREADS": "1"}, SPINS),  # a single thread waits for nobody
        (2.0, 2, {"GOMP_SPINCOUNT": "7"}, "7"),  # the user has chosen
        (2.0, 2, {"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_threads_sleep_where_others_leave_them_no_core(monkeypatch, foreign, cores, given, after):
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    environ = dict(given)
    wait_briefly(environ)
    assert sleep_if_crowded(foreign, cores, environ) == (after == "0")
    assert environ.get("GOMP_SPINCOUNT") == after


@pytest.mark.parametrize(
    ("given", "looked"),
    [
        ({"OMP_NUM_THREADS": "2"}, True),
        ({"OMP_NUM_THREADS": "1"}, False),
        ({"OMP_NUM_THREADS": "2", "GOMP_SPINCOUNT": "7"}, False),
        ({"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "active"}, False),
    ],
)
def test_a_command_looks_at_other_processes_only_where_that_decides_something(monkeypatch, given, looked):
    seen = []
    monkeypatch.setattr(shared_cores, "foreign_cores", lambda: seen.append(1))
    for name in (*WAITING, "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    wait_briefly()
    shared_cores.share_cores()
    assert bool(seen) == looked


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="torch brings GNU's OpenMP on Linux only")
def test_openmp_sleeps_beside_a_known_foreign_load():
    openmp = Path(torch.__file__).with_name("lib") / "libgomp.so.1"  # which reads how to wait when it is loaded, as with torch
    code = (
        "from benchmark.machine.threads import sleep_if_crowded, wait_briefly; from benchmark.machine.cpu_work import *; "
        f"wait_briefly(); sleep_if_crowded(foreign_cores(0.2), cores()); import ctypes; ctypes.CDLL({str(openmp)!r})"
    )
    with burners(os.cpu_count()):
        said = fresh(code, OMP_DISPLAY_ENV="verbose", OMP_NUM_THREADS=str(max(2, os.cpu_count()))).stderr
    assert "GOMP_SPINCOUNT = '0'" in said


def fresh(code, **changes):
    """The output of a fresh interpreter, if the user has not chosen how threads wait."""
    environ = {k: v for k, v in os.environ.items() if k not in WAITING} | changes
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="torch brings GNU's OpenMP on Linux only")
def test_openmp_is_told_in_time():
    code = "from benchmark.machine.threads import wait_briefly; wait_briefly(); import torch"
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in fresh(code, OMP_DISPLAY_ENV="verbose").stderr


def test_the_command_says_so_before_anything_loads_torch():
    said = "print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    command = f"cli.typer.main.get_command = lambda _: lambda **_: {said}"
    code = f"import os, sys; from benchmark.cli import main as cli; {command}; cli.main()"
    assert fresh(code).stdout.split() == [SPINS, "False"]
