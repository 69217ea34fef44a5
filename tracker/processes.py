"""Starts processes from one with threads or an open ledger: a fork would copy locks and SQLite's state."""

import multiprocessing
import signal
import sys
from contextlib import redirect_stderr
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess


def spawn_context() -> SpawnContext:
    """A context whose processes are spawned, not forked; their arguments are pickled."""
    if sys.platform != "win32":
        with redirect_stderr(sys.__stderr__):  # Textual's stderr has no file descriptor to inherit
            resource_tracker.ensure_running()
    return multiprocessing.get_context("spawn")


def start_process(process: BaseProcess) -> None:
    """Start a process that ignores Ctrl-C, even while it loads: its parent handles it."""
    if sys.platform == "win32":
        process.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
