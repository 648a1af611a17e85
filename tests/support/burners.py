"""Processes that keep cores busy and are no children of ours: the work of others."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

BURN = "print(flush=True)\nwhile True: pass"


@contextmanager
def burners(count):
    """Keep so many cores busy. A shell that ends at once leaves its child to the first process of the machine."""
    pids, streams = [], []
    try:
        for _ in range(count):
            code = f"import os, sys; os.fork() and os._exit(0)\nprint(os.getpid(), flush=True)\n{BURN}"
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            streams.append(process.stdout)
            pids.append(int(process.stdout.readline()))
            process.wait()
            process.stdout.readline()  # it works now
        yield pids
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for stream in streams:
            stream.close()
