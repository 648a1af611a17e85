"""No module needs at import time what only POSIX systems have."""

import subprocess
import sys

import pytest

CODE = """
import importlib, os, pkgutil, signal, sys

# Other libraries choose for themselves what they import.
import distributed, huggingface_hub, matplotlib.pyplot, mlflow, pyarrow.parquet, sklearn, torch

for name in ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for name in ("fork", "getuid", "killpg", "sched_getaffinity", "setsid", "sysconf"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGXFSZ", "SIGUSR1", "SIGALRM"):
    delattr(signal, name)
assert not [name for name in sys.modules if name.split(".")[0] in {"benchmark", "results"}], "ours were imported too early"
count = 0
for package in ("results", "benchmark"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if module.name != "benchmark.__main__":
            importlib.import_module(module.name)
            count += 1
print(count)
"""


@pytest.mark.slow
def test_every_module_is_imported_without_what_only_posix_systems_have():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 150
