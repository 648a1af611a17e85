"""What a command that computes with torch does first, so that it shares the cores of this machine with other processes."""

from benchmark.machine.cpu_work import cores, foreign_cores
from benchmark.machine.threads import sleep_if_crowded, threads_wait


def share_cores() -> None:
    """Look for a tenth of a second at what others do here; idle threads of torch then sleep at once if cores are scarce.

    Where torch gets one thread, or the user has said how threads wait, there is nothing to decide and nothing is looked at.
    Call before torch is loaded. See benchmark.machine.threads.sleep_if_crowded.
    """
    if threads_wait():
        sleep_if_crowded(foreign_cores(), cores())
