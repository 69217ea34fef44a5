"""The six screens, the opened task, and what lies over them: help, settings, questions."""

from importlib import import_module

from textual.screen import Screen

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
    """Import what the screens that were not shown yet need, so that no key waits for it later."""
    for name in _CLASSES:
        import_module(f"tui.screens.{name}")
    for name in ("tasks", "spend", "cache", "plans", "nudges"):
        import_module(f"tui.readers.{name}")
    for name in ("help", "questions", "misses", "settings"):
        import_module(f"tui.screens.{name}")
