"""The six screens, the opened task, and the panels over them: help, settings, questions."""

import time
from importlib import import_module

from textual.screen import Screen

from tui.keys import SCREENS

_BETWEEN_IMPORTS_SECONDS = 0.02


def make_screen(name: str) -> Screen[None]:
    """A screen by its name: `now` is NowScreen of a module `now`, which is imported when it is first shown."""
    screen: Screen[None] = getattr(import_module(f"tui.screens.{name}"), f"{name.title()}Screen")()
    return screen


def import_all() -> None:
    """Import the modules of screens not shown yet, so that no key waits for them later.

    One module at a time, because an import hardly yields to other threads.
    """
    readers = [f"readers.{name}" for name in ("tasks", "spend", "cache", "plans", "nudges")]
    screens = [f"screens.{name}" for name in (*SCREENS, "task", "help", "questions", "misses", "settings")]
    for name in (*readers, *screens):
        import_module(f"tui.{name}")
        time.sleep(_BETWEEN_IMPORTS_SECONDS)
