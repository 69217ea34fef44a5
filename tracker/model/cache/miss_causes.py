"""Cause of a cache miss (MODEL section 4): the first matching rule of an ordered list.

A cause is `reported` if the API or the client named it, else `inferred`.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from tracker.model.cost.chain_call import ChainCall, Reset
from tracker.model.defaults import DEFAULTS, TTL_1H_MS, TTL_5M_MS


class Cause:
    """Names of causes, in the order in which their rules are tried; the API may report any of them."""

    REPORTED = "reported"  # the API gave a reason without a name here
    MESSAGES = "messages_changed"  # only if the API says so; never inferred
    MODEL = "model_changed"
    EFFORT = "effort_changed"  # effort or fast mode
    EXPIRED = "expired"
    RESTART = "restart"
    HISTORY = "history_edited"
    SKILL = "skill_or_command"
    SYSTEM = "system_or_tools_changed"
    PAUSE = "lost_after_pause"
    LOOK_BACK = "breakpoint_look_back"
    UNKNOWN = "messages_changed_or_unknown"


UNEXPLAINED = (Cause.MESSAGES, Cause.LOOK_BACK, Cause.UNKNOWN)  # the system prompt is not the cause


class Source:
    """Where a cause comes from."""

    REPORTED = "reported"
    INFERRED = "inferred"


class Circumstances(NamedTuple):
    """The inputs of the rules."""

    call: ChainCall
    previous: ChainCall
    expected_read: int
    ttl_ms: int | None
    age_ms: int | None
    expired: bool
    static_floor: int | None
    kept_reads: Collection[
        int
    ]  # cache reads of earlier misses where the messages changed: they may be the whole system prompt


# The API's diagnosis is "unavailable" or "previous_message_not_found" if it could not compare: no cause.
_NO_VERDICT = frozenset({"unavailable", "previous_message_not_found"})
_REPORTED_NAMES = {
    "model_changed": Cause.MODEL,
    "effort_changed": Cause.EFFORT,
    "system_changed": Cause.SYSTEM,
    "tools_changed": Cause.SYSTEM,
    "messages_changed": Cause.MESSAGES,
    "expired": Cause.EXPIRED,
}


def _differ(before: str | None, now: str | None) -> bool:
    """Whether both values are recorded and differ."""
    return before is not None and now is not None and before != now


def _effort(facts: Circumstances) -> bool:
    return _differ(facts.previous.effort, facts.call.effort) or _differ(facts.previous.speed, facts.call.speed)


def _restart(facts: Circumstances) -> bool:
    call, previous = facts.call, facts.previous
    return call.restart_before or _differ(previous.version, call.version) or previous.session != call.session


def _history(facts: Circumstances) -> bool:
    cut = facts.call.context < facts.expected_read - DEFAULTS.history_cut_tokens
    return cut or facts.call.reset_before == Reset.MICROCOMPACT


def _pause(facts: Circumstances) -> bool:
    return facts.ttl_ms == TTL_1H_MS and facts.age_ms is not None and facts.age_ms > TTL_5M_MS


def _system(facts: Circumstances) -> bool:
    read = facts.call.cache_read
    if facts.static_floor is None or read in facts.kept_reads or not 0 < read < facts.previous.cache_read:
        return False
    return read <= facts.static_floor + DEFAULTS.static_floor_slack_tokens


_Rule = Callable[[Circumstances], bool]
_INFERENCES: tuple[tuple[str, _Rule], ...] = (
    (Cause.MODEL, lambda facts: facts.previous.model != facts.call.model),
    (Cause.EFFORT, _effort),
    (Cause.EXPIRED, lambda facts: facts.expired),
    (Cause.RESTART, _restart),
    (Cause.HISTORY, _history),
    (Cause.SKILL, lambda facts: facts.call.skill_or_command),
    (Cause.SYSTEM, _system),  # before _pause: the API reports the system prompt for these, idle or not
    (Cause.PAUSE, _pause),
    (Cause.LOOK_BACK, lambda facts: facts.call.tool_results >= DEFAULTS.parallel_tool_results),
)


def name_cause(facts: Circumstances) -> tuple[str, str]:
    """(Cause, Source) of a miss; the last cause of the list if no rule matches."""
    reason = facts.call.miss_reason
    if reason is not None and reason not in _NO_VERDICT:
        return _REPORTED_NAMES.get(reason, Cause.REPORTED), Source.REPORTED
    for cause, holds in _INFERENCES:
        if holds(facts):
            return cause, Source.INFERRED
    return Cause.UNKNOWN, Source.INFERRED
