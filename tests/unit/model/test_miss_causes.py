"""Each of the eleven causes from a minimal chain, and that an earlier cause wins over a later one."""

import pytest

from tracker.model.cache.miss_causes import Cause, Source
from tracker.model.cache.misses import judge_chain
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS

MINUTE_MS = 60_000
FLOORS: dict[tuple[str, str | None], int] = {("claude-opus-5", "2.1.329"): 14_000}


def judged(make_call, *, idle_ms=5_000, ttl="5m", read=40_000, found=60_000, before=None, now=None, floors=None):
    """A chain of two calls in which the second lost most of a 100k prefix, of which the first `found` a part."""
    first = make_call(0, **({"cache_read": found, f"write_{ttl}": 100_000 - found} | (before or {})))
    starts = first.last_at + idle_ms
    times = {"requested_at": starts, "first_at": starts, "last_at": starts}
    second = make_call(1, **({"cache_read": read, "write_5m": 100_000 - read, "input": 5} | times | (now or {})))
    verdict = judge_chain([first, second], floors)[1]
    assert verdict.missed > 0
    return verdict.cause, verdict.source


CASES = [
    # (what happened, cause, source); in the order of MODEL section 4
    ({"now": {"miss_reason": "tools_changed"}}, Cause.SYSTEM, Source.REPORTED),
    ({"now": {"miss_reason": "messages_changed"}}, Cause.MESSAGES, Source.REPORTED),
    ({"now": {"model": "claude-haiku-5-5"}}, Cause.MODEL, Source.INFERRED),
    ({"now": {"effort": "high"}}, Cause.EFFORT, Source.INFERRED),
    ({"now": {"speed": "fast"}}, Cause.EFFORT, Source.INFERRED),
    ({"idle_ms": TTL_5M_MS + 10_000}, Cause.EXPIRED, Source.INFERRED),
    ({"idle_ms": TTL_1H_MS + 10_000, "ttl": "1h"}, Cause.EXPIRED, Source.INFERRED),
    ({"now": {"version": "2.1.330"}}, Cause.RESTART, Source.INFERRED),
    ({"now": {"session": "s2"}}, Cause.RESTART, Source.INFERRED),
    ({"now": {"restart_before": True}}, Cause.RESTART, Source.INFERRED),
    ({"now": {"write_5m": 20_000}}, Cause.HISTORY, Source.INFERRED),
    ({"now": {"reset_before": "microcompact"}}, Cause.HISTORY, Source.INFERRED),
    ({"now": {"skill_or_command": True}}, Cause.SKILL, Source.INFERRED),
    ({"read": 14_300, "floors": FLOORS}, Cause.SYSTEM, Source.INFERRED),
    ({"idle_ms": TTL_5M_MS + 1, "ttl": "1h"}, Cause.PAUSE, Source.INFERRED),
    ({"now": {"tool_results": 5}}, Cause.LOOK_BACK, Source.INFERRED),
    ({}, Cause.UNKNOWN, Source.INFERRED),
]


@pytest.mark.parametrize(("chain", "cause", "source"), CASES)
def test_each_cause(make_call, chain, cause, source):
    assert judged(make_call, **chain) == (cause, source)


@pytest.mark.parametrize(
    ("chain", "cause"),
    [
        ({"read": 14_301, "floors": FLOORS}, Cause.UNKNOWN),
        ({"read": 14_300}, Cause.UNKNOWN),
        ({"read": 14_000, "floors": FLOORS, "found": 14_000}, Cause.UNKNOWN),
        ({"read": 0, "floors": FLOORS}, Cause.UNKNOWN),
        ({"now": {"tool_results": 4}}, Cause.UNKNOWN),
        ({"idle_ms": TTL_5M_MS, "ttl": "1h"}, Cause.UNKNOWN),
        ({"idle_ms": TTL_5M_MS + 9_999}, Cause.UNKNOWN),
        ({"now": {"effort": None, "speed": None, "version": None}}, Cause.UNKNOWN),
        ({"before": {"effort": None, "speed": None, "version": None}}, Cause.UNKNOWN),
        ({"now": {"write_5m": 58_000, "input": 0}}, Cause.UNKNOWN),
    ],
)
def test_just_short_of_a_cause(make_call, chain, cause):
    assert judged(make_call, **chain) == (cause, Source.INFERRED)


def test_the_first_match_of_the_list_wins(make_call):
    """Everything happens at once; taking away the winner each time walks down the list."""
    now = {
        "miss_reason": "system_changed",
        "model": "claude-haiku-5-5",
        "effort": "high",
        "restart_before": True,
        "reset_before": "microcompact",
        "skill_or_command": True,
        "tool_results": 9,
    }
    floors = {("claude-haiku-5-5", "2.1.329"): 40_000, ("claude-opus-5", "2.1.329"): 40_000}
    chain = {"ttl": "1h", "now": now}
    idle_ms = TTL_1H_MS + MINUTE_MS
    for winner, cause in (
        ("miss_reason", Cause.SYSTEM),
        ("model", Cause.MODEL),
        ("effort", Cause.EFFORT),
        ("age", Cause.EXPIRED),
        ("restart_before", Cause.RESTART),
        ("reset_before", Cause.HISTORY),
        ("skill_or_command", Cause.SKILL),
    ):
        assert judged(make_call, idle_ms=idle_ms, floors=floors, **chain)[0] == cause
        if winner == "age":
            idle_ms = 10 * MINUTE_MS
        else:
            del now[winner]
    assert judged(make_call, idle_ms=idle_ms, floors=floors, **chain)[0] == Cause.SYSTEM
    assert judged(make_call, idle_ms=idle_ms, **chain)[0] == Cause.PAUSE
    assert judged(make_call, **chain)[0] == Cause.LOOK_BACK


@pytest.mark.parametrize("reason", ["unavailable", "previous_message_not_found"])
def test_a_diagnosis_without_verdict_leaves_the_cause_to_inference(make_call, reason):
    chain = {"now": {"miss_reason": reason, "model": "claude-haiku-5-5"}}
    assert judged(make_call, **chain) == (Cause.MODEL, Source.INFERRED)


def test_an_unheard_of_reason_is_kept_as_reported(make_call):
    assert judged(make_call, now={"miss_reason": "moon_phase"}) == (Cause.REPORTED, Source.REPORTED)


def test_a_read_that_outlived_changed_messages_does_not_tell_of_another_system_prompt(make_call):
    """A teammate's first calls read what its team shares; so does a later miss, whatever other teams read cold."""
    reads = [(14_000, 20_000), (14_000, 30_000), (44_000, 5_000), (14_000, 40_000), (54_000, 5_000), (13_900, 50_000)]
    reads += [(63_900, 5_000), (13_900, 60_000)]
    calls = [make_call(number, cache_read=read, write_1h=written) for number, (read, written) in enumerate(reads)]
    causes = [verdict.cause for verdict in judge_chain(calls, FLOORS)]
    assert causes == [None, Cause.UNKNOWN, None, Cause.UNKNOWN, None, Cause.SYSTEM, None, Cause.SYSTEM]
