"""Gauges: a context window with its levels, a plan's window, a budget."""

from textual.content import Content

from tracker.bars import bar
from tracker.words import percent, tokens
from tui.widgets.grid import Grid, line
from tui.words import fit

_NAME = 3  # cells


def gauge(value: float, top: float, width: int, style: str, *, level: float = 0) -> Content:
    """A bar on a track with a level marked (0 for none); values above `top` draw a full bar."""
    grid = Grid(width, 1)
    filled = bar(min(value, top), top, width)
    grid.text(0, 0, filled, style)
    for x in range(len(filled), width):
        grid.put(x, 0, "─", "$faint")
    if 0 < level <= top:
        grid.put(min(width - 1, int(level / top * width)), 0, "│", "$level")
    return grid.lines()[0]


def context_gauge(context: int, limit: int, compact_level: int, width: int) -> Content:
    """`148k ████████│──── 200k`: current context, level to compact at, size at which the client compacts."""
    left, right = fit(tokens(context), 5, right=True), tokens(limit)
    style = "$warn" if 0 < compact_level <= context else "$baseline"
    middle = gauge(context, limit, max(4, width - len(left) - len(right) - 2), style, level=compact_level)
    return line((left, "bold"), " ") + middle + line(" ", (right, "$dim"))


def level_of(share: float) -> tuple[str, str]:
    """Style and word for a share of a limit."""
    if share >= 1:
        return "$bad", "over"
    if share >= 0.9:
        return "$bad", "nearly full"
    return ("$warn", "filling") if share >= 0.75 else ("$good", "")


def share_gauge(name: str, share: float, width: int) -> Content:
    """`5h  ███████────── 42%`, with a word where it gets narrow."""
    style, word = level_of(share)
    figure = fit(percent(share), 4, right=True)
    tail = f" {word}" if word and width >= _NAME + 24 else ""
    middle = gauge(share, 1.0, max(4, width - _NAME - 5 - len(tail)), style)
    return line((fit(name, _NAME), "$dim")) + middle + line(" ", (figure, "bold"), (tail, style))
