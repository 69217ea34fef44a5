"""Puts texts on the clipboard: by the terminal or browser, and by the system's own program where it has one.

A terminal does not tell whether it took a text; that of macOS never does, nor do several of Linux.
"""

from typing import Any

from textual.app import App


def put_on_clipboard(app: App[Any], text: str) -> str:
    """Copy a text; returns where it is now, as far as that is known."""
    app.copy_to_clipboard(text)
    if app.is_web:  # the browser may be on another machine
        return "sent to the browser's clipboard"
    if not app.is_headless:
        from tracker.desktop import copy

        if copy(text):
            return "on the clipboard"
    return "sent to the terminal's clipboard"
