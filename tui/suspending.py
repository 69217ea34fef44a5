"""Suspending with Ctrl-Z, as the terminal itself does for programs that do not take over the key."""

import asyncio
import os
import signal
import sys
from typing import Any

from textual.app import App


def _has_terminal(app: App[Any]) -> bool:
    return not app.is_web and not app.is_headless


def can_suspend(app: App[Any]) -> bool:
    """Whether a shell can resume the dashboard; False in a browser, on Windows, or without a shell in the window."""
    return sys.platform != "win32" and _has_terminal(app) and os.getsid(0) != os.getpgrp()


def follow_signals(app: App[Any]) -> None:
    """Suspend on another program's signal as for Ctrl-Z, and redraw when one that stopped us resumes us.

    In place of Textual's handlers: at each SIGCONT its own takes a terminal once more that was never given back.
    """
    if sys.platform != "win32" and _has_terminal(app):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, app.call_later, app.run_action, "suspend")
        loop.add_signal_handler(signal.SIGCONT, app.call_later, _take_terminal_again, app)


def _take_terminal_again(app: App[Any]) -> None:
    with app.suspend():
        pass


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
