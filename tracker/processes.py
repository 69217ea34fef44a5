"""Processes beside threads, an open ledger and a screen: a fork would take along locks and SQLite's state."""

import multiprocessing
import sys
from contextlib import redirect_stderr
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext


def starting_anew() -> SpawnContext:
    """What makes such processes, and what they share; what they are given is pickled."""
    if sys.platform != "win32":
        with redirect_stderr(sys.__stderr__):  # Textual's has no descriptor to hand on
            resource_tracker.ensure_running()
    return multiprocessing.get_context("spawn")
