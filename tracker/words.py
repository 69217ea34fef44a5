"""Formats shares, durations, sums and lists of names for command line and dashboard."""

from collections.abc import Collection, Container, Iterable
from itertools import islice
from typing import Protocol

from store.money import short_usd, sum_usd
from store.records import Agent

# Nominal coverage of every range of the model; docs/accuracy.md has the measured one.
MEANT_TO_HOLD = "meant to hold 8 of 10 times"
_LINE = "–"
_MAX_NAMES = 12
_LONGEST_NAME = 60
_ESTIMATE_FROM_SHARE = 0.02


def percent(share: float | None) -> str:
    """A share (1 = all): 42%, <1% if positive but small, a dash for None."""
    if share is None:
        return _LINE
    return "<1%" if 0 < share < 0.005 else f"{round(share, 2) + 0.0:.0%}"  # never -0%


def modelled_percent(share: float | None) -> str:
    """A modelled share: ~42%, <1% even for 0, since no model is that exact; `?` for None."""
    if share is None:
        return "?"
    return f"~{share:.0%}" if share >= 0.005 else "<1%"


def duration(milliseconds: float | None) -> str:
    """A duration: 1.9 s, 24 min, 1h10, 3 d; a dash for None."""
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
    """Estimated remaining time after `seconds` for `share` of the work: 30 s left; empty if too early to tell."""
    return f"{duration(1000 * seconds * (1 - share) / share)} left" if share > _ESTIMATE_FROM_SHARE else ""


def countdown(milliseconds: int) -> str:
    """Minutes and seconds left, never negative."""
    seconds = max(0, milliseconds) // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def tokens(count: float | None) -> str:
    """A token count: 912, 14.2k, 148k, 1.25M."""
    if count is None:
        return _LINE
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size * 0.9995:  # from here the smaller unit would be rounded to 1,000
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
    """An agent's name in a column; long names have a short form."""
    return "cc" if agent == Agent.CLAUDE_CODE else agent


def chain_name(chain: str, agent_type: str | None) -> str:
    """What a chain of calls is called: main, or the subagent's type where it is recorded."""
    return (agent_type or "subagent") if chain else "main"


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 turn, 2,000 turns."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Sums(Protocol):
    """Cost sums of a row over several calls, nano-dollars."""

    @property
    def calls(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def unpriced(self) -> int: ...
    @property
    def floor(self) -> int: ...


def cost_text(*rows: Sums) -> str:
    """Total cost of the rows: `?` if no call has a price, "+?" if some have none, "≥" before a floor."""
    return sum_usd(
        sum(row.cost for row in rows),
        sum(row.calls for row in rows),
        sum(row.unpriced for row in rows),
        sum(row.floor for row in rows),
    )


def hidden_text(cost: int, sessions: int) -> str:
    """A sentence on hidden spend: counted by clients, missing from the records; nano-dollars."""
    return (
        f"{short_usd(cost)} of unrecorded requests (compaction, titles, web search …), known from the client's own"
        f" totals for {counted(sessions, 'session')}."
    )


def unpriced_text(models: Collection[str], uncounted: Container[str]) -> str:
    """A sentence on models without a price and how to add one; calls of the `uncounted` have no recorded usage."""
    names = join_names(f"{model} (no token counts)" if model in uncounted else model for model in models)
    return names if all(model in uncounted for model in models) else f"{names} (taximeter prices --help)"
