"""One line of stderr on which long work says how far it has come; only on a terminal, and only if it takes a moment."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from tracker.cli.output import supports_escapes
from tracker.words import time_left

_AFTER_SECONDS = 0.4
_EVERY_SECONDS = 0.1
_CELLS = 24
_CLEAR_LINE = "\r\x1b[2K"

Show = Callable[[float | None, str], None]  # the share that is done, if known, and words on it


@contextmanager
def progress_bar(verb: str) -> Iterator[Show]:
    """What is given to the yielded function is drawn, shares ten times a second; the line goes at the end."""
    started = time.monotonic()
    shown = 0.0

    def show(share: float | None, words: str) -> None:
        nonlocal shown
        now = time.monotonic()
        is_soon = share is not None and now - shown < _EVERY_SECONDS
        if is_soon or now - started < _AFTER_SECONDS or not (columns := _columns()):
            return
        shown = now
        bar = left = ""
        if share is not None:
            filled = int(_CELLS * share)
            bar = f"{'█' * filled}{'░' * (_CELLS - filled)}  "
            left = f"  {time_left(now - started, share)}".rstrip()
        text = f"{verb}  {bar}{words}{left}"
        if len(text) >= columns:  # what wraps is not cleared
            text = f"{verb}  {words}{left}"[: columns - 1]
        _print(_CLEAR_LINE + text)

    try:
        yield show
    finally:
        if shown:
            _print(_CLEAR_LINE)


def _columns() -> int:
    """Of the terminal that stderr is; 0 if it is none, or one on which no line can be cleared."""
    is_one = sys.stderr.isatty() and supports_escapes()
    return (os.get_terminal_size(sys.stderr.fileno()).columns or 80) if is_one else 0


def _print(text: str) -> None:
    click.echo(text, nl=False, err=True, color=True)  # what clears the line is no colour: NO_COLOR keeps it
