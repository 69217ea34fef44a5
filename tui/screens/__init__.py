"""The six screens, the opened task, and what lies over them: help, settings, questions."""

import time
from importlib import import_module

from textual.screen import Screen

_BETWEEN_IMPORTS_SECONDS = 0.02
_CLASSES = {
    "now": "NowScreen",
    "tasks": "TasksScreen",
    "task": "TaskScreen",
    "spend": "SpendScreen",
    "cache": "CacheScreen",
    "plans": "PlansScreen",
    "nudges": "NudgesScreen",
}


def make_screen(name: str) -> Screen[None]:
    """A screen by its name; its module is imported when it is first shown."""
    screen: Screen[None] = getattr(import_module(f"tui.screens.{name}"), _CLASSES[name])()
    return screen


def import_all() -> None:
    """Import what the screens that were not shown yet need, so that no key waits for it later.

    One module at a time: an import hardly lets another thread have its turn.
    """
    readers = [f"readers.{name}" for name in ("tasks", "spend", "cache", "plans", "nudges")]
    screens = [f"screens.{name}" for name in (*_CLASSES, "help", "questions", "misses", "settings")]
    for name in (*readers, *screens):
        import_module(f"tui.{name}")
        time.sleep(_BETWEEN_IMPORTS_SECONDS)
