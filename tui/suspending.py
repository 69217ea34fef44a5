"""Suspending with ctrl-z, as a terminal does it itself to programs that leave the key to it."""

import os
import signal
import sys
from typing import Any

from textual.app import App


def can_suspend(app: App[Any]) -> bool:
    """Whether a shell waits that can let the dashboard go on; not in a browser, on Windows, or alone in a window."""
    if sys.platform == "win32" or app.is_web or app.is_headless:
        return False
    return os.getsid(0) != os.getpgrp()


def suspend(app: App[Any]) -> None:
    """Give the terminal back and stop until the shell says to go on; what started us (`uvx`) stops as well.

    Textual's own handlers are away meanwhile: where that of SIGCONT came late, after Textual had taken the terminal
    again, it took it once more, and of two threads that waited for the same key one kept the program from ending.
    """
    with app.suspend():
        if sys.platform != "win32":
            handlers = {sign: signal.signal(sign, signal.SIG_DFL) for sign in (signal.SIGTSTP, signal.SIGCONT)}
            os.killpg(os.getpgrp(), signal.SIGTSTP)
            for sign, handler in handlers.items():
                signal.signal(sign, handler)
