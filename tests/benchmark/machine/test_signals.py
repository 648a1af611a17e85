import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from benchmark.machine import signals
from benchmark.machine.signals import delay_signals, exit_code, signal_received, stop_on_signal


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_what_runs_and_is_told_to_the_shell(number, code):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stop_on_signal():
        assert not signal_received()
        os.kill(os.getpid(), number)
        time.sleep(10)
    assert exit_code() == code
    assert not signal_received()  # what comes after it is not stopped
    assert signal.getsignal(number) is before


def test_in_a_process_that_does_more_every_signal_is_an_interrupt(monkeypatch):
    """The kernel of a notebook would be lost with everything in it."""
    clock = iter((0.0, 100.0))
    monkeypatch.setattr(signals, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with stop_on_signal(shared=True):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal_received()
    assert not signal_received()


def test_a_signal_waits_until_what_is_sheltered_is_done():
    done = []
    with pytest.raises(KeyboardInterrupt), stop_on_signal():
        with delay_signals():
            with delay_signals():
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        done.append("never")
    assert done == ["inner", "outer"]


def test_what_is_kept_after_a_stop_is_kept_in_peace():
    with stop_on_signal():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with delay_signals():
            pass
        assert signal_received()


def test_one_and_the_same_signal_may_come_twice():
    with stop_on_signal():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # the terminal, and who started us
        assert exit_code() == 130


@pytest.mark.slow
def test_a_second_signal_ends_the_process_at_once():
    code = (
        "import os, signal, time; from benchmark.machine.signals import stop_on_signal\n"
        "with stop_on_signal():\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    except KeyboardInterrupt: pass\n"
        "    time.sleep(0.6)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('went on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_who_was_started_with_a_signal_ignored_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signal():
            os.kill(os.getpid(), signal.SIGINT)
            assert not signal_received()
    finally:
        signal.signal(signal.SIGINT, before)
