"""Builds a session's chains for the cache model: calls in file order, with the circumstances before each.

A fork's chain includes the copies of its parent's calls: they set the expected read but are not counted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.records import EventKind, TurnKind
from store.task_rows import CallRow, EventRow, SessionRecords
from tracker.model.cost.chain_call import ChainCall, Reset, carry_circumstances_forward
from tracker.model.cost.rates import Rates

_RESETS = {
    EventKind.MICROCOMPACT: (1, Reset.MICROCOMPACT),
    EventKind.REWIND: (2, Reset.REWIND),
    EventKind.SUMMARY: (3, Reset.COMPACT),
    EventKind.COMPACT: (3, Reset.COMPACT),
    EventKind.CLEAR: (4, Reset.CLEAR),
    EventKind.PLAN: (4, Reset.CLEAR),  # in the planning session: the plan was carried out with a cleared context
}
_RESTARTS = frozenset({EventKind.EXIT, EventKind.RESUME})
_PROMPT_CHANGES = frozenset({EventKind.COMMAND, EventKind.MODE})
_PROMPT_CHANGING_TOOLS = frozenset({"Skill", "SlashCommand", "ToolSearch", "EnterPlanMode", "ExitPlanMode"})


def session_chains(records: SessionRecords, rates: Mapping[str, Rates]) -> dict[str, list[ChainCall]]:
    """The calls of each chain in file order; `rates` by price id."""
    by_chain: dict[str, list[CallRow]] = {}
    for call in records.calls:
        by_chain.setdefault(call.chain, []).append(call)
    events: dict[str, list[EventRow]] = {}
    for event in records.events:
        events.setdefault(event.chain, []).append(event)
    asked: dict[str, int] = {}
    changing: set[str] = set()
    for tool in records.tools:
        if tool.message_id is not None:
            asked[tool.message_id] = asked.get(tool.message_id, 0) + 1
            if tool.name in _PROMPT_CHANGING_TOOLS:
                changing.add(tool.message_id)
    commands = sorted(turn.position for turn in records.turns if turn.kind == TurnKind.COMMAND)
    chains: dict[str, list[ChainCall]] = {}
    for key, calls in by_chain.items():
        calls.sort(key=lambda call: (call.position, call.first_at, call.message_id))
        marks = sorted(events.get(key, ()), key=lambda event: event.position)
        chains[key] = carry_circumstances_forward(
            _chain(calls, marks, commands if not key else [], asked, changing, rates)
        )
    return chains


def _reason(stored: str | None) -> str | None:
    """The type of a reason that the API gave as an object."""
    if stored is None or not stored.startswith("{"):
        return stored
    try:
        return msgspec.json.decode(stored, type=_Reason).type
    except msgspec.DecodeError:
        return None


class _Reason(msgspec.Struct):
    type: str | None = None


class _Between(NamedTuple):
    """What happened between two calls."""

    reset: str | None = None  # the strongest
    reset_at: int | None = None
    restart: bool = False
    changed: bool = False  # what the client sends before the conversation


_NOTHING = _Between()


def _between(events: Sequence[EventRow], *, is_first: bool) -> _Between:
    """`is_first`: the events come before the chain's first call; an approved plan does not reset that."""
    resets = [event for event in events if event.kind in _RESETS and not (is_first and event.kind == EventKind.PLAN)]
    strongest = max(resets, key=lambda event: _RESETS[event.kind], default=None)
    return _Between(
        _RESETS[strongest.kind][1] if strongest is not None else None,
        strongest.at if strongest is not None else None,
        any(event.kind in _RESTARTS for event in events),
        any(event.kind in _PROMPT_CHANGES for event in events),
    )


def _chain(
    calls: list[CallRow],
    events: list[EventRow],
    commands: list[int],
    asked: Mapping[str, int],
    changing: set[str],
    rates: Mapping[str, Rates],
) -> list[ChainCall]:
    made: list[ChainCall] = []
    positions = [event.position for event in events]
    next_event = 0
    before: CallRow | None = None
    for call in calls:
        until = bisect_right(positions, call.position, next_event)
        between = _between(events[next_event:until], is_first=before is None) if until > next_event else _NOTHING
        next_event = until
        changed = between.changed
        if before is not None and not changed:
            place = bisect_left(commands, before.position)
            is_commanded = place < len(commands) and commands[place] <= call.position
            changed = is_commanded or before.message_id in changing
        made.append(
            ChainCall(
                call.id,
                call.position,
                call.requested_at,
                call.first_at,
                call.last_at,
                call.model,
                call.effort,
                call.speed,
                call.version,
                str(call.home_id),
                call.input,
                call.cache_read,
                call.write_5m,
                call.write_1h,
                call.output,
                call.web_searches,
                rates.get(call.price_id) if call.price_id is not None else None,
                call.cost,
                call.flags,
                call.copied,
                between.reset,
                between.restart,
                changed,
                asked.get(before.message_id, 0) if before is not None else 0,
                _reason(call.miss_reason),
                between.reset_at,
            )
        )
        before = call
    return made
