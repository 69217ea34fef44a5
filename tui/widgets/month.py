"""A month's cumulative spend with its forecast, against the plans' prices."""

from collections.abc import Sequence
from itertools import accumulate

from textual.content import Content

from tracker.model.plans.projection import Band
from tui.widgets.grid import Grid, line
from tui.widgets.plot import Axis, Level, Series, draw_scale, draw_stack, nice_top
from tui.words import axis_usd, cells

SPENT = Series("█", "$series-1", "spent")
SURE = Series("░", "$series-1", "")
BAND = Series("▒", "$band", "8 of 10 months")


def month_plot(
    spent: Sequence[float], days: int, ahead: Band | None, plans: Sequence[tuple[str, float]], width: int, height: int
) -> list[Content]:
    """The plot, and in a line below it the plans whose price is above its scale.

    `spent`: dollars of the days so far; `ahead`: by the month's end; `plans`: names and prices. Days to come are drawn
    as a band between the percentiles, on straight lines from today to the month's end.
    """
    sums = list(accumulate(spent))
    now = sums[-1] if sums else 0.0
    peak = max(now, ahead.p90 if ahead else 0.0)
    prices = [Level(price, f"{name} {axis_usd(price)}") for name, price in plans if price > 0]
    levels = [one for one in prices if one.value <= max(2 * peak, 25.0)]
    above = [one.words for one in prices if one not in levels]
    height -= bool(above)
    rows = max(1, height - 1)
    axis = Axis(nice_top(max(peak, *(one.value for one in levels), 0.0)), axis_usd)
    grid = Grid(width, height)
    labels = max((cells(level.words) + 1 for level in levels), default=0)
    room = max(1, width - axis.width - labels)
    for x in range(room):
        index = x * days // room
        if index < len(sums):
            draw_stack(grid, axis.width + x, rows, (sums[index],), (SPENT,), axis.top)
        elif ahead is not None:
            share = (index + 1 - len(sums)) / max(1, days - len(sums))
            low, high = now + (ahead.p10 - now) * share, now + (ahead.p90 - now) * share
            draw_stack(grid, axis.width + x, rows, (low, max(0.0, high - low)), (SURE, BAND), axis.top)
    draw_scale(grid, axis, rows, levels)
    _name_days(grid, axis.width, room, days, len(spent), rows)
    if not above:
        return grid.lines()
    return [*grid.lines(), line((f"above the scale: {', '.join(above)}", "$dim")).truncate(width, ellipsis=True)]


def _name_days(grid: Grid, left: int, room: int, days: int, today: int, y: int) -> None:
    """Today, then the first and every fifth day where there is room."""
    for day in (today, 1, *range(5, days + 1, 5)):
        x = left + (day - 1) * room // days
        text = f"today {day}" if day == today and room >= 40 else str(day)
        if 1 <= day <= days and grid.is_free(max(left, x - 1), y, len(text) + 2):
            grid.text(x, y, text, "bold $taxi" if day == today else "$dim")
