"""Shares, stretches of time, sums and names in a row, as command line and dashboard write them."""

from collections.abc import Collection, Container, Iterable
from itertools import islice
from typing import Protocol

from store.money import short_usd, sum_usd
from store.records import Agent

# Of every range of the model; how often each does is in docs/accuracy.md.
MEANT_TO_HOLD = "meant to hold 8 of 10 times"
_LINE = "–"
_MAX_NAMES = 12
_LONGEST_NAME = 60
_ESTIMATE_FROM_SHARE = 0.02


def percent(share: float | None) -> str:
    """A share (1 is all): 42%, <1% of what is more than nothing; a dash where there is none."""
    if share is None:
        return _LINE
    return "<1%" if 0 < share < 0.005 else f"{round(share, 2) + 0.0:.0%}"  # never -0%


def modelled_percent(share: float | None) -> str:
    """A modelled share: ~42%, <1% also of none at all, for no model knows that; `?` where there is none."""
    if share is None:
        return "?"
    return f"~{share:.0%}" if share >= 0.005 else "<1%"


def duration(milliseconds: float | None) -> str:
    """A stretch of time: 1.9 s, 24 min, 1h10, 3 d; a dash where there is none."""
    if milliseconds is None:
        return _LINE
    seconds = milliseconds / 1000
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}" if hours < 48 else f"{hours // 24} d"


def time_left(seconds: float, share: float) -> str:
    """How long the rest takes after so many seconds for a share: 30 s left; empty while too little is done to tell."""
    return f"{duration(1000 * seconds * (1 - share) / share)} left" if share > _ESTIMATE_FROM_SHARE else ""


def countdown(milliseconds: int) -> str:
    """Minutes and seconds left, never below nothing."""
    seconds = max(0, milliseconds) // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def tokens(count: float | None) -> str:
    """Tokens: 912, 14.2k, 148k, 1.25M."""
    if count is None:
        return _LINE
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size * 0.9995:  # below, it would be 1,000 of the smaller unit
            scaled = count / size
            decimals = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 or unit == "k" else 2
            return f"{scaled:,.{decimals}f}{unit}"
    return f"{count:.0f}"


def join_names(names: Iterable[str]) -> str:
    """Names from other programs joined for a sentence: `a, b, …`; long names and long lists are cut."""
    rest = iter(names)
    shown = [
        name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in islice(rest, _MAX_NAMES)
    ]
    left = sum(1 for _ in rest)
    return ", ".join([*shown, f"{left:,} more"] if left else shown)


def agent_sign(agent: str) -> str:
    """An agent in a column: one whose name is too long for that has a sign."""
    return "cc" if agent == Agent.CLAUDE_CODE else agent


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 turn, 2,000 turns."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Sums(Protocol):
    """What a row of several calls knows of their cost, nano-dollars."""

    @property
    def calls(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def unpriced(self) -> int: ...
    @property
    def floor(self) -> int: ...


def cost_text(*rows: Sums) -> str:
    """The cost of the calls of all rows: `?` if none has a price, "+?" if some have none, "≥" in front of a floor."""
    return sum_usd(
        sum(row.cost for row in rows),
        sum(row.calls for row in rows),
        sum(row.unpriced for row in rows),
        sum(row.floor for row in rows),
    )


def hidden_text(cost: int, sessions: int) -> str:
    """What clients counted for some sessions and no record shows, nano-dollars."""
    return (
        f"{short_usd(cost)} of unrecorded requests (compaction, titles, web search …), known from the client's own"
        f" totals for {counted(sessions, 'session')}."
    )


def unpriced_text(models: Collection[str], uncounted: Container[str]) -> str:
    """Models of calls without a cost, and where prices are added; of the `uncounted` nobody wrote down the usage."""
    names = join_names(f"{model} (no token counts)" if model in uncounted else model for model in models)
    return names if all(model in uncounted for model in models) else f"{names} (taximeter prices --help)"
