"""A progress line on stderr for long work; only on a terminal, and only if it takes a moment."""

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

Show = Callable[[float | None, str], None]  # (share done, if known; text)


@contextmanager
def progress_bar(verb: str) -> Iterator[Show]:
    """Yields a function that draws the progress, at most ten times a second; the line is cleared at the end."""
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
        if len(text) >= columns:  # a wrapped line could not be cleared
            text = f"{verb}  {words}{left}"[: columns - 1]
        _print(_CLEAR_LINE + text)

    try:
        yield show
    finally:
        if shown:
            _print(_CLEAR_LINE)


def _columns() -> int:
    """Columns of stderr's terminal; 0 if it is none, or if lines cannot be cleared on it."""
    is_one = sys.stderr.isatty() and supports_escapes()
    return (os.get_terminal_size(sys.stderr.fileno()).columns or 80) if is_one else 0


def _print(text: str) -> None:
    click.echo(
        text, nl=False, err=True, color=True
    )  # the escape that clears the line is no colour, so NO_COLOR does not apply
