"""The recipes of scripts/cluster name what a cluster needs."""

import importlib.util
import os
import signal
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.support import processes
from tests.support.paths import ROOT

RECIPES = ROOT / "scripts" / "cluster"
pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def slurm():
    spec = importlib.util.spec_from_file_location("slurm", RECIPES / "slurm.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_job_script_asks_slurm_for_the_cores_and_starts_one_worker_with_one_thread(slurm, monkeypatch, home):
    monkeypatch.setenv("CATS_DATA", "/shared/my data")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://cats:hunter2@db/cats")  # a job script can be read by others
    asked = "--cores 6 --memory 8GB --walltime 01:00:00 --sbatch=--partition=gpu --sbatch=--gres=gpu:1"
    with slurm.cluster(slurm.options(["plan.yaml", *asked.split()])) as made:
        lines = made.job_script().splitlines()
    for line in (
        "#!/usr/bin/env bash",
        "#SBATCH --cpus-per-task=6",
        "#SBATCH --mem=8G",
        "#SBATCH -t 01:00:00",
        "#SBATCH --partition=gpu",
        "#SBATCH --gres=gpu:1",
        f"export CATS_HOME={home}",
        "export CATS_DATA='/shared/my data'",
        "export OMP_NUM_THREADS=6",
    ):
        assert line in lines
    assert not any("MLFLOW_TRACKING_URI" in line for line in lines)
    assert "-m distributed.cli.dask_worker tcp://" in lines[-1]
    for option in ("--nthreads 1", "--memory-limit 0", "--nanny"):
        assert option in lines[-1]


def test_no_workers_are_refused_at_once(slurm, capsys):
    with pytest.raises(SystemExit) as stop:
        slurm.options(["plan.yaml", "--workers", "0"])
    assert (stop.value.code, "--workers and --cores must be 1 or more" in capsys.readouterr().err) == (2, True)


def test_without_slurm_is_one_sentence_and_no_scheduler_starts(slurm, monkeypatch, capsys):
    monkeypatch.setattr(slurm, "cluster", None)  # a start of a scheduler fails
    monkeypatch.setattr("sys.argv", ["slurm.py", "plan.yaml"])
    monkeypatch.setenv("PATH", "")
    assert slurm.main() == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n"), told.err.startswith("there is no command sbatch here; ")) == ("", 1, True)


def test_without_its_package_the_job_script_is_one_sentence_with_the_command_that_installs_it(slurm, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)  # as if it were not installed
    monkeypatch.setattr("sys.argv", ["slurm.py", "plan.yaml", "--print"])
    assert slurm.main() == 2
    command = "pip install -c constraints.txt -e '.[cluster]' dask-jobqueue"
    assert capsys.readouterr() == ("", f"this script needs dask_jobqueue: {command}\n")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_the_driver_leaves_no_job_in_slurms_queue(tmp_path, number):
    """There is no Slurm here: its two commands are files that keep what they are asked for."""
    for name, told in (("sbatch", "Submitted batch job 7"), ("scancel", "")):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}.asked\necho "{told}"\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "plan.yaml").write_text(
        "experiment: x\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\nrecipe: {size: 16}\n"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    process = processes.start(processes.script(RECIPES / "slurm.py", "plan.yaml"), cwd=tmp_path, stderr=subprocess.PIPE,
                              env=environment)  # fmt: skip
    for line in process.stderr:
        if "no worker is connected" in line:
            break
    process.send_signal(number)
    told = process.communicate(timeout=250)[1]
    assert process.returncode == 128 + number, told
    assert (tmp_path / "scancel.asked").read_text() == "7\n"
    assert "Traceback" not in told


def test_the_image_holds_every_package_of_this_distribution_and_its_exact_versions():
    lines = (RECIPES / "Dockerfile").read_text().splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:]}
    project = tomllib.loads((RECIPES.parents[1] / "pyproject.toml").read_text())
    packages = {pattern.removesuffix("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert all((ROOT / package).is_dir() for package in packages)
    assert packages | {"pyproject.toml", "constraints.txt"} <= copied
    (install,) = [line for line in lines if "pip install" in line]
    assert "-c constraints.txt" in install
    assert "cluster" in install


def test_the_manifest_starts_a_scheduler_and_workers_that_find_it_and_share_a_volume():
    parts = [part for part in yaml.safe_load_all((RECIPES / "kubernetes.yaml").read_text()) if part]
    named = {(part["kind"], part["metadata"]["name"]): part for part in parts}
    assert len(named) == len(parts)
    service = named["Service", "cats-scheduler"]["spec"]
    scheduler, worker = (named["Deployment", name]["spec"] for name in ("cats-scheduler", "cats-worker"))
    for deployment in (scheduler, worker):
        labels = deployment["template"]["metadata"]["labels"]
        assert deployment["selector"]["matchLabels"] == labels
        policy = named["NetworkPolicy", "cats"]["spec"]["podSelector"]["matchExpressions"][0]
        assert labels["app"] in policy["values"]
        pod = deployment["template"]["spec"]
        (container,) = pod["containers"]
        claims = {
            volume["name"]: volume["persistentVolumeClaim"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume
        }
        assert {mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in claims} == {"/cats"}
        assert [claim["claimName"] for claim in claims.values()] == ["cats"]
        assert container["envFrom"][0] == {"configMapRef": {"name": "cats"}}
    assert named["PersistentVolumeClaim", "cats"]["spec"]["accessModes"] == ["ReadWriteMany"]
    assert service["selector"] == scheduler["template"]["metadata"]["labels"]
    (port,) = service["ports"]
    command = worker["template"]["spec"]["containers"][0]["args"]
    assert command[:3] == ["dask", "worker", f"tcp://cats-scheduler:{port['port']}"]
    assert command[command.index("--nthreads") + 1] == "1"
    assert str(port["port"]) in scheduler["template"]["spec"]["containers"][0]["args"]
    assert named["ConfigMap", "cats"]["data"]["CATS_HOME"].startswith("/cats/")
