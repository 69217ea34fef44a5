"""Sentences in a terminal: wrapped to its width, never wider than is good to read."""

import textwrap

import click

from store.plain_text import plain
from tracker.cli.output import is_terminal, note, terminal_width

_WIDEST = 100
_REDIRECTED = 79


def paragraph(text: str, *, bullet: str = "", dim: bool = False) -> None:
    """Print the text in lines that fit; redirected output is wrapped for 80 columns. Later lines are aligned.

    `dim`: as a note, which is not part of the figures.
    """
    cells = min(terminal_width() - 1, _WIDEST) if is_terminal() else _REDIRECTED
    filled = textwrap.fill(
        plain(text), max(20, cells), initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
    (note if dim else click.echo)(filled)
