"""Copies text to the clipboard, through the terminal or browser and the system's own program if there is one.

A terminal does not report whether it accepted a text; that of macOS never accepts one, nor do several on Linux.
"""

from typing import Any

from textual.app import App


def put_on_clipboard(app: App[Any], text: str) -> str:
    """Copy a text; returns words on where it is now, as far as that is known."""
    app.copy_to_clipboard(text)
    if app.is_web:  # the browser may be on another machine
        return "sent to the browser's clipboard"
    if not app.is_headless:
        from tracker.desktop import copy

        if copy(text):
            return "on the clipboard"
    return "sent to the terminal's clipboard"
