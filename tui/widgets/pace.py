"""A session's burn rate: recent dollars an hour, and the last hour as columns."""

from collections.abc import Sequence

from textual.content import Content

from store.money import short_usd, sum_usd
from store.reads.board import CallCost
from tracker.model.defaults import HOUR_MS, MINUTE_MS
from tui.widgets.grid import Grid, line, spread
from tui.widgets.plot import Series, draw_stack
from tui.words import dollars

_BURN_MS = 15 * MINUTE_MS
_MIN_BURN_MS = 5 * MINUTE_MS
_SPENT = Series("█", "$taxi", "spent")
_MIN_ROWS, _MAX_ROWS = 2, 5
_COLUMN_MINUTES = (3, 4, 5, 6, 10)


def burn_words(costs: Sequence[CallCost], now_ms: int) -> str:
    """Dollars an hour over the last fifteen minutes, "" without a call in them.

    A session younger than five minutes counts as five.
    """
    recent = [call for call in costs if call.at > now_ms - _BURN_MS]
    if not recent:
        return ""
    priced = [call.cost for call in recent if call.cost is not None]
    stretch = min(_BURN_MS, max(_MIN_BURN_MS, now_ms - costs[0].at))
    floor = sum(call.is_floor for call in recent)
    return sum_usd(sum(priced) * HOUR_MS // stretch, len(recent), len(recent) - len(priced), floor)


def last_hour(costs: Sequence[CallCost], now_ms: int, width: int, height: int) -> list[Content]:
    """What calls of the last hour cost, as columns of a few minutes from zero up, with the highest one named.

    The heading says what a column covers: the highest one is not the hour's total. Columns stand on whole minutes of
    the clock, so that they fill but never slide by parts. It takes three lines.
    """
    rows = min(_MAX_ROWS, height - 1)
    minutes = next((one for one in _COLUMN_MINUTES if 60 // one <= width), 0)
    if rows < _MIN_ROWS or not minutes:
        return []
    last = now_ms // (minutes * MINUTE_MS)
    sums = [0] * (60 // minutes)
    for call in costs:
        age = last - call.at // (minutes * MINUTE_MS)
        if 0 <= age < len(sums):
            sums[-1 - age] += call.cost or 0
    peak = max(sums)
    if not peak:
        return []
    grid = Grid(width, rows)
    for x, nano in enumerate(sums, width - len(sums)):
        if nano:
            draw_stack(grid, x, rows, (dollars(nano),), (_SPENT,), dollars(peak))
        else:
            grid.put(x, rows - 1, "▁", "$faint")
    head = spread(line((f"top {minutes} min", "$dim")), line((short_usd(peak), "bold")), width)
    return [*([Content("")] * min(1, height - rows - 1)), head, *grid.lines()]
