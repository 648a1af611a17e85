"""Runs a plan on workers that Slurm starts: `python scripts/cluster/slurm.py PLAN --workers 8 --sbatch=--gres=gpu:1`.

This process is the driver: start it on a login node, in tmux, or in a small job of its own. Workers start when Slurm grants
their jobs and may be pre-empted; run the same command again to resume. Needs `pip install '.[cluster]' dask-jobqueue`.
CATS_HOME, CATS_DATA and CATS_WEIGHTS must name folders that all nodes share.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec

SHARED = ("CATS_HOME", "CATS_DATA", "CATS_WEIGHTS", "CATS_ENTRIES")


def options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("plan", help="plan file, or name of a shipped plan")
    parser.add_argument("--workers", type=int, default=1, help="one Slurm job each; one by default")
    parser.add_argument("--cores", type=int, default=4, help="of each worker; 4 by default")
    parser.add_argument("--memory", default="16GB", help="of each worker; 16GB by default")
    parser.add_argument("--walltime", default="08:00:00", help="of each worker; 08:00:00 by default")
    parser.add_argument("--interface", help="network interface of the cluster, such as ib0")
    parser.add_argument("--print", action="store_true", help="print the job script and stop")
    parser.add_argument(
        "--sbatch", action="append", default=[], help="another option for sbatch, such as --sbatch=--gres=gpu:1"
    )
    chosen = parser.parse_args(arguments)
    if min(chosen.workers, chosen.cores) < 1:
        parser.error("--workers and --cores must be 1 or more")
    return chosen


def cluster(chosen):
    """A scheduler in this process, and the job script of its workers: one thread takes jobs, all cores of the job train."""
    from dask_jobqueue import SLURMCluster

    # Other users can read a job script, so it holds no address of a server, which may contain a password.
    shared = {name: os.environ[name] for name in SHARED if name in os.environ}
    threads = {name: str(chosen.cores) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return SLURMCluster(
        cores=1,
        job_cpu=chosen.cores,
        processes=1,
        memory=chosen.memory,
        walltime=chosen.walltime,
        interface=chosen.interface,
        python=sys.executable,
        worker_extra_args=["--no-dashboard", "--memory-limit", "0"],
        job_extra_directives=chosen.sbatch,
        job_script_prologue=[f"export {name}={shlex.quote(value)}" for name, value in {**shared, **threads}.items()],
        scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    )


def main():
    chosen = options()
    if not chosen.print and shutil.which("sbatch") is None:
        print(
            "there is no command sbatch here; run this where Slurm takes jobs, or see the job script with --print",
            file=sys.stderr,
        )
        return 2
    missing = [name for name in ("distributed", "dask_jobqueue") if find_spec(name) is None]
    if missing:
        print(
            f"this script needs {' and '.join(missing)}: pip install -c constraints.txt -e '.[cluster]' dask-jobqueue",
            file=sys.stderr,
        )
        return 2
    if "CATS_HOME" not in os.environ:
        print(
            "CATS_HOME is not set here, so the job script leaves it out: workers use the default folder, which all nodes "
            "must share if the plan pretrains",
            file=sys.stderr,
        )
    import dask_jobqueue  # noqa: F401 - before the handlers: it replaces that of the first by a plain exit

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopped)
    try:
        with cluster(chosen) as slurm:  # leaving this block cancels all jobs, those that wait in the queue too
            if chosen.print:
                print(slurm.job_script())
                return 0
            slurm.scale(jobs=chosen.workers)
            command = [sys.executable, "-m", "benchmark", "run", chosen.plan, "--engine", "dask"]
            return driven([*command, "--scheduler", slurm.scheduler_address])
    except KeyboardInterrupt as stop:  # the driver had not started
        return 128 + stop.args[0]


def driven(command):
    """Run the driver to its end. A stop signal is passed on; the driver then collects what its workers have finished."""
    driver = subprocess.Popen(command)
    while True:
        try:
            code = driver.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt as stop:
            driver.send_signal(stop.args[0])


def stopped(number, _):
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    sys.exit(main())
