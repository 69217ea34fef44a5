"""How full something is: a context window with its levels, a plan's window, a budget."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from tracker.bars import bar
from tracker.words import percent
from tui.widgets.grid import Grid, Piece, line
from tui.words import fit, tokens


class Notch(NamedTuple):
    """A level on a gauge."""

    value: float
    glyph: str
    style: str


def gauge(value: float, top: float, width: int, *, notches: Sequence[Notch] = (), style: str = "$taxi") -> Content:
    """A bar on a track, with the notches on it; past the top it is full."""
    grid = Grid(width, 1)
    filled = bar(min(value, top), top, width)
    grid.text(0, 0, filled, style)
    for x in range(len(filled), width):
        grid.put(x, 0, "─", "$faint")
    for notch in notches:
        if 0 < notch.value <= top:
            grid.put(min(width - 1, int(notch.value / top * width)), 0, notch.glyph, notch.style)
    return grid.lines()[0]


def context_gauge(context: int, limit: int, compact_level: int | None, width: int) -> Content:
    """`148k ████████│──── 200k`: the context of now, the level to compact at, the size at which the client does."""
    left, right = fit(tokens(context), 5, right=True), tokens(limit)
    notches = [Notch(compact_level, "│", "$level")] if compact_level else []
    style = "$warn" if compact_level and context >= compact_level else "$baseline"
    middle = gauge(context, limit, max(4, width - len(left) - len(right) - 2), notches=notches, style=style)
    return line((left, "bold"), " ") + middle + line(" ", (right, "$dim"))


def level_of(share: float) -> tuple[str, str]:
    """The style and the word for how near a limit is."""
    if share >= 1:
        return "$bad", "over"
    if share >= 0.9:
        return "$bad", "nearly full"
    return ("$warn", "filling") if share >= 0.75 else ("$good", "")


def share_gauge(name: str, share: float, width: int, *, name_width: int = 4) -> Content:
    """`5h  ███████────── 42%`, with a word where it gets narrow."""
    style, word = level_of(share)
    figure = fit(percent(share), 4, right=True)
    pieces: list[Piece | str] = [(fit(name, name_width), "$dim")]
    tail = f" {word}" if word and width >= name_width + 24 else ""
    middle = gauge(share, 1.0, max(4, width - name_width - 5 - len(tail)), style=style)
    return line(*pieces) + middle + line(" ", (figure, "bold"), (tail, style))
