"""Heat map of a year: weeks from left to right, Monday on top, shades by quartiles of the user's own days."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil

from textual.content import Content

from tui.snapshot import YEAR_WEEKS
from tui.widgets.grid import Grid, line
from tui.words import axis_usd

SHADES = (("·", "$faint"), ("░", "$heat-1"), ("▒", "$heat-2"), ("▓", "$heat-3"), ("█", "$heat-4"))
_DAYS = ("Mon", "", "Wed", "", "Fri", "", "")
_LABEL = 4


def bounds(amounts: Mapping[date, float]) -> tuple[float, float, float]:
    """The bounds of the shades: quartiles of the days with any cost."""
    worked = sorted(amount for amount in amounts.values() if amount > 0)
    if not worked:
        return (0.0, 0.0, 0.0)
    return (_quarter(worked, 1), _quarter(worked, 2), _quarter(worked, 3))


def _quarter(ordered: list[float], quarter: int) -> float:
    return ordered[max(0, ceil(len(ordered) * quarter / 4) - 1)]


def shade(amount: float, limits: tuple[float, float, float]) -> int:
    """Which of the five shades an amount has; 0 is nothing."""
    return 0 if amount <= 0 else 1 + sum(amount > limit for limit in limits)


def heatmap(amounts: Mapping[date, float], until: date, width: int, *, pointed: date | None = None) -> list[Content]:
    """Eight lines (months, then the days of the week) of as many weeks up to `until` as fit, at most 53, and a key."""
    cell = 2 if width >= _LABEL + YEAR_WEEKS * 2 else 1
    weeks = max(1, min(YEAR_WEEKS, (width - _LABEL) // cell))
    monday = until - timedelta(days=until.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    limits = bounds({day: amount for day, amount in amounts.items() if first <= day <= until})
    grid = Grid(width, 8)
    for row, name in enumerate(_DAYS):
        grid.text(0, row + 1, name, "$dim")
    for index in range((until - first).days + 1):
        day, (week, row) = first + timedelta(days=index), divmod(index, 7)
        x = _LABEL + week * cell
        if row == 0 and day.day <= 7 and grid.is_free(x - 1, 0, 4):
            grid.text(x, 0, day.strftime("%b"), "$dim")
        glyph, style = SHADES[shade(amounts.get(day, 0.0), limits)]
        grid.put(x, row + 1, glyph, f"reverse {style}" if day == pointed else style)
        if cell == 2 and glyph != "·":
            grid.put(x + 1, row + 1, glyph, style)
    return [*grid.lines(), key(limits, width)]


def key(limits: tuple[float, float, float], width: int) -> Content:
    """The shades' ranges in dollars: below the weeks if there is room, otherwise in as few cells as possible."""
    amounts = [axis_usd(limit) for limit in limits]
    long, short = (["nothing", *(to + amount for amount in amounts), "more"] for to in ("to ", ""))
    for words, gap in ((long, "  "), (short, " "), (["0", *short[1:]], " ")):
        made = _groups(words, gap)
        if made.cell_length <= width:
            break
    made = made.truncate(width, ellipsis=True)
    return made.pad_left(min(_LABEL, width - made.cell_length))


def _groups(words: list[str], gap: str) -> Content:
    pieces: list[tuple[str, str] | str] = []
    for index, ((glyph, style), text) in enumerate(zip(SHADES, words, strict=True)):
        if text not in words[:index]:  # few days: shades that none of them can have
            pieces += [gap if pieces else "", (glyph, style), " ", (text, "$dim")]
    return line(*pieces)
