"""Expected read, missed tokens, what is never a miss, lifetimes and ages, and the static floor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import CallFlag
from tracker.model.cache.miss_causes import Cause
from tracker.model.cache.misses import MissKind, judge_chain
from tracker.model.cost.chain_call import carry_circumstances_forward
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS


def chain_with(make_call, read, *, expected=100_000, written=100_000, **changes):
    """Two calls: one leaves `expected` readable tokens, the next reads `read` of them."""
    return [
        make_call(0, write_5m=expected),
        make_call(1, cache_read=read, write_5m=written, input=2, **changes),
    ]


def second(make_call, read, **changes):
    return judge_chain(chain_with(make_call, read, **changes))[1]


def test_the_first_call_of_a_chain_is_a_cold_start_not_a_miss(make_call):
    verdict = judge_chain([make_call(0, write_5m=50_000)])[0]
    assert (verdict.kind, verdict.missed, verdict.expected_read) == (MissKind.COLD_START, 0, 0)


def test_a_reset_before_the_first_call_begins_no_second_epoch(make_call):
    verdict = judge_chain([make_call(0, write_5m=50_000, reset_before="compact")])[0]
    assert (verdict.epoch, verdict.missed, verdict.expired) == (0, 0, False)


def test_reading_what_is_expected_or_more_is_no_miss(make_call):
    verdict = second(make_call, 100_000)
    assert (verdict.kind, verdict.missed, verdict.up_to) == (None, 0, False)
    assert second(make_call, 104_000).missed == 0


def test_expected_read_is_reads_and_writes_of_the_call_before(make_call):
    calls = [make_call(0, input=9, cache_read=20_000, write_5m=3_000, write_1h=400), make_call(1, cache_read=23_400)]
    assert judge_chain(calls)[1].expected_read == 23_400


def test_noise_floor_is_two_thousand_tokens_or_five_percent(make_call):
    assert second(make_call, 100_000 - 4_999).missed == 0
    assert second(make_call, 100_000 - 5_000).missed == 5_000
    assert second(make_call, 18_001, expected=20_000).missed == 0
    assert second(make_call, 18_000, expected=20_000).missed == 2_000


def test_major_from_half_of_the_expected_read_on(make_call):
    assert second(make_call, 50_000).kind == MissKind.MAJOR
    assert second(make_call, 50_001).kind == MissKind.PARTIAL


def test_missed_tokens_are_clamped_to_what_was_paid_for(make_call):
    verdict = second(make_call, 10_000, written=30_000)
    assert verdict.missed == 30_002
    assert verdict.up_to, "the prompt became shorter: an upper bound"
    assert not second(make_call, 10_000, written=89_998).up_to, "as long as before"


def test_planned_rebuilds_are_reported_apart(make_call):
    for reset in ("compact", "clear", "rewind"):
        verdict = second(make_call, 0, reset_before=reset)
        assert (verdict.kind, verdict.missed, verdict.epoch) == (MissKind.PLANNED_REBUILD, 0, 1)


def test_a_micro_compaction_begins_an_epoch_but_keeps_its_miss(make_call):
    verdict = second(make_call, 10_000, reset_before="microcompact")
    assert (verdict.kind, verdict.missed, verdict.epoch) == (MissKind.MAJOR, 90_000, 1)


def test_calls_without_tokens_neither_miss_nor_give_an_expectation(make_call):
    calls = [make_call(0, write_5m=50_000), make_call(1), make_call(2, cache_read=50_000)]
    verdicts = judge_chain(calls)
    assert [verdict.missed for verdict in verdicts] == [0, 0, 0]
    assert verdicts[2].expected_read == 50_000


@pytest.mark.parametrize(("aside", "following"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        ({"reset_before": "compact"}, (MissKind.PLANNED_REBUILD, None)),
        ({"restart_before": True}, (MissKind.MAJOR, Cause.RESTART)),
        ({"skill_or_command": True}, (MissKind.MAJOR, Cause.SKILL)),
        ({"tool_results": 5}, (MissKind.MAJOR, Cause.LOOK_BACK)),
    ],
)
def test_what_came_before_a_call_without_tokens_counts_for_the_next_one(make_call, before, verdict, aside, following):
    calls = [
        make_call(0, write_5m=50_000),
        make_call(1, **(before if aside else {})),
        make_call(2, write_5m=50_000, **(before if following else {})),
    ]
    judged = judge_chain(carry_circumstances_forward(calls))[2]
    assert (judged.kind, judged.cause) == verdict


def test_an_inner_request_stands_outside_the_growing_prompt(make_call):
    inner = make_call(1, input=900, flags=CallFlag.ITERATION)
    calls = [make_call(0, write_5m=50_000), inner, make_call(2, cache_read=50_000)]
    assert [verdict.expected_read for verdict in judge_chain(calls)] == [0, 0, 50_000]


def test_an_inner_request_belongs_to_the_epoch_that_it_fell_in(make_call):
    inner = make_call(2, input=900, flags=CallFlag.ITERATION)
    calls = [make_call(0, write_5m=50_000), make_call(1, write_5m=20_000, reset_before="compact"), inner]
    verdict = judge_chain(calls)[2]
    assert (verdict.epoch, verdict.expected_read, verdict.missed, verdict.expired) == (1, 0, 0, False)


def test_a_copy_gives_the_expectation_but_is_not_counted(make_call):
    calls = [make_call(0, write_5m=80_000, copied=True), make_call(1, cache_read=0, write_5m=80_000)]
    verdicts = judge_chain(calls)
    assert [(verdict.call_id, verdict.missed) for verdict in verdicts] == [(1, 80_000)]


def test_order_is_the_place_in_the_file_not_the_clock(make_call):
    calls = chain_with(make_call, 100_000)
    late_clock = calls[0]._replace(first_at=calls[1].last_at + 99, last_at=calls[1].last_at + 99)
    verdicts = judge_chain([calls[1]._replace(call_id=3), late_clock._replace(call_id=7)])
    assert [verdict.call_id for verdict in verdicts] == [7, 3]
    assert verdicts[1].missed == 0
    assert verdicts[1].age_ms == 0, "a clock running backwards is an age of nothing"


def timed(make_call, idle_ms, **first):
    before = make_call(0, **first)
    starts = before.last_at + idle_ms
    after = make_call(1, cache_read=0, write_5m=60_000, requested_at=starts, first_at=starts + 5_000)
    return judge_chain([before, after])[1]


def test_age_runs_from_the_end_of_one_call_to_the_start_of_the_next(make_call):
    assert timed(make_call, 77_000, write_5m=60_000).age_ms == 77_000
    unknown_start = [make_call(0, write_5m=60_000), make_call(1, requested_at=None)._replace(input=1)]
    assert judge_chain(unknown_start)[1].age_ms == unknown_start[1].first_at - unknown_start[0].last_at


def test_expired_ten_seconds_after_the_lifetime(make_call):
    assert not timed(make_call, TTL_5M_MS + 9_999, write_5m=60_000).expired
    assert timed(make_call, TTL_5M_MS + 10_000, write_5m=60_000).expired
    assert not timed(make_call, TTL_5M_MS + 10_000, write_1h=60_000).expired
    assert timed(make_call, TTL_1H_MS + 10_000, write_1h=60_000).expired


def test_a_lifetime_that_no_write_told_never_expires(make_call):
    verdict = timed(make_call, 10 * TTL_1H_MS, cache_read=60_000)
    assert verdict.ttl_ms is None
    assert not verdict.expired


def test_a_call_that_wrote_nothing_keeps_the_lifetime(make_call):
    calls = [
        make_call(0, write_1h=9_000),
        make_call(1, cache_read=9_000),
        make_call(2, cache_read=9_000, write_5m=10),
        make_call(3, cache_read=9_010, write_5m=10, write_1h=10),
        make_call(4, cache_read=9_030),
    ]
    assert [verdict.ttl_ms for verdict in judge_chain(calls)] == [None, TTL_1H_MS, TTL_1H_MS, TTL_5M_MS, TTL_5M_MS]


def test_a_mixed_first_write_counts_as_the_shorter_lifetime(make_call):
    calls = [make_call(0, write_5m=10, write_1h=9_000), make_call(1, cache_read=9_010)]
    assert judge_chain(calls)[1].ttl_ms == TTL_5M_MS


amounts = st.integers(0, 300_000)


@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), max_size=30))
def test_missed_stays_within_what_was_expected_and_what_was_paid(make_call, prompts):
    calls = [
        make_call(number, input=fresh, cache_read=read, write_5m=w5, write_1h=w1)
        for number, (fresh, read, w5, w1) in enumerate(prompts)
    ]
    for call, verdict in zip(calls, judge_chain(calls), strict=True):
        assert 0 <= verdict.missed <= call.written + call.input
        assert verdict.missed <= verdict.expected_read
        assert verdict.missed == 0 or verdict.missed >= max(2_000, 0.05 * verdict.expected_read)
        assert (verdict.cause is None) == (verdict.missed == 0) == (verdict.source is None)
