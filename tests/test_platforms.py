"""No module needs at import time what only POSIX systems have.

In a fork of the warm process, which has imported most other libraries already; ours are imported there once more.
"""

import pytest

from tests.support import processes

CODE = """
import importlib, os, pkgutil, signal, sys

# Other libraries choose for themselves what they import.
import distributed, huggingface_hub, matplotlib.pyplot, mlflow, pyarrow.parquet, sklearn, torch

OURS = {"benchmark", "results", "sources", "targets", "similarity"}
for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
    del sys.modules[name]
for name in ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for name in ("fork", "getuid", "killpg", "sched_getaffinity", "setsid", "sysconf"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGXFSZ", "SIGUSR1", "SIGALRM"):
    delattr(signal, name)
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
    done = processes.run(["-c", CODE], timeout=200)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 150
