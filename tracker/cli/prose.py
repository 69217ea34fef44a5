"""Sentences in a terminal: wrapped to its width, never wider than is good to read."""

import textwrap

from store.plain_text import plain
from tracker.cli.output import is_terminal, terminal_width

_WIDEST = 100
_REDIRECTED = 79


def paragraph(text: str, *, bullet: str = "") -> str:
    """The text in lines that fit; redirected output is wrapped for 80 columns. Later lines are aligned."""
    cells = min(terminal_width() - 1, _WIDEST) if is_terminal() else _REDIRECTED
    return textwrap.fill(
        plain(text), max(20, cells), initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
