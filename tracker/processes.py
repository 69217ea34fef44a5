"""Processes beside threads, an open ledger and a screen: a fork would take along locks and SQLite's state."""

import multiprocessing
import signal
import sys
from contextlib import redirect_stderr
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess


def starting_anew() -> SpawnContext:
    """What makes such processes, and what they share; what they are given is pickled."""
    if sys.platform != "win32":
        with redirect_stderr(sys.__stderr__):  # Textual's has no descriptor to hand on
            resource_tracker.ensure_running()
    return multiprocessing.get_context("spawn")


def start(process: BaseProcess) -> None:
    """Start a process that Ctrl-C does not reach, not even while it loads: it is its starter's to handle."""
    if sys.platform == "win32":
        process.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
