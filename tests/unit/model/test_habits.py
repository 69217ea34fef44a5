"""Habits over many sessions: cache lifetime replay, light turns, model switches, miss storms."""

import pytest

from store.money import component_nano
from tests.unit.rates import RATES
from tracker.model.advice.habits import (
    Loss,
    TurnProfile,
    find_storm,
    is_light,
    light_share,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.advice.ttl_choice import (
    CachedCall,
    choose_ttl,
    five_minute_rewrite_share,
    one_hour_threshold,
    replay_chain_nano,
)
from tracker.model.cache.miss_causes import Cause
from tracker.model.cache.misses import MissKind
from tracker.model.defaults import MINUTE_MS, TTL_1H_MS, TTL_5M_MS

A = RATES["A"]


def paused_chain(pauses_ms, ttl_ms):
    """Growth of 2k a call from 40k; a pause past the lifetime loses everything."""
    calls, context = [], 0
    for number, pause_ms in enumerate([None, *pauses_ms]):
        is_cold = pause_ms is None or pause_ms >= ttl_ms + 10_000
        expected, read = context, 0 if is_cold else context
        context = 40_000 + 2_000 * number
        short, long = (0, context - read) if ttl_ms == TTL_1H_MS else (context - read, 0)
        calls.append(CachedCall(0, read, short, long, 100, A, expected, expected - read, ttl_ms, pause_ms))
    return calls


PAUSES = [5_000] * 5 + [20 * MINUTE_MS] + [5_000] * 5 + [90 * MINUTE_MS] + [5_000] * 5


def bill(chain):
    return sum(
        A.prompt_nano(call.input, call.cache_read, call.write_5m, call.write_1h) + component_nano(call.output, A.output)
        for call in chain
    )


@pytest.mark.parametrize("ttl_ms", [TTL_5M_MS, TTL_1H_MS])
def test_replaying_the_lifetime_in_use_gives_the_bill(ttl_ms):
    chain = paused_chain(PAUSES, ttl_ms)
    assert replay_chain_nano(chain, ttl_ms) == pytest.approx(bill(chain))


def test_replaying_the_other_lifetime_gives_the_bill_it_would_have_been():
    short, long = (paused_chain(PAUSES, ttl_ms) for ttl_ms in (TTL_5M_MS, TTL_1H_MS))
    assert replay_chain_nano(short, TTL_1H_MS) == pytest.approx(bill(long))
    assert replay_chain_nano(long, TTL_5M_MS) == pytest.approx(bill(short))


def test_choice_suggests_the_longer_lifetime_where_pauses_are_frequent():
    chains = [paused_chain([20 * MINUTE_MS] * 6, TTL_5M_MS) for _ in range(4)]
    choice = choose_ttl(chains, A)
    assert choice is not None
    assert (choice.current_ttl_ms, choice.better_ttl_ms) == (TTL_5M_MS, TTL_1H_MS)
    assert choice.saving_share > 0.03
    assert choice.saving.low_nano <= choice.saving.point_nano <= choice.saving.high_nano
    assert choice.rewrite_share > choice.threshold


def test_a_chain_that_has_the_suggested_lifetime_already_promises_nothing():
    """Subagents write for five minutes beside main chains that write for an hour."""
    mains = [paused_chain([5_000] * 10, TTL_1H_MS) for _ in range(3)]
    subagents = [paused_chain([5_000] * 5, TTL_5M_MS) for _ in range(2)]
    alone, beside = (choose_ttl(chains, A) for chains in (mains, mains + subagents))
    assert alone is not None
    assert beside is not None
    assert beside.saving.point_nano == alone.saving.point_nano > 0
    assert beside.current_nano == pytest.approx(sum(bill(chain) for chain in mains + subagents))


def test_choice_keeps_the_lifetime_in_use_where_nobody_pauses():
    choice = choose_ttl([paused_chain([5_000] * 10, TTL_5M_MS)], A)
    assert choice is not None
    assert choice.better_ttl_ms == TTL_5M_MS
    assert choice.rewrite_share == 0


def test_the_share_rule_and_the_replay_agree_at_the_threshold():
    """Of W tokens written, a share r5 as re-writes: both lifetimes then cost the same."""
    share = one_hour_threshold(A)
    five = A.write_5m
    hour = (1 - share) * A.write_1h + share * A.read
    assert five == pytest.approx(hour)


def test_pauses_over_an_hour_are_no_argument_for_one_hour():
    chain = paused_chain([90 * MINUTE_MS], TTL_5M_MS)
    assert five_minute_rewrite_share([chain]) == 0
    assert five_minute_rewrite_share([]) is None


def test_nothing_to_choose_without_writes_or_rates():
    assert choose_ttl([], A) is None
    chain = [call._replace(rates=None) for call in paused_chain(PAUSES, TTL_5M_MS)]
    assert replay_chain_nano(chain, TTL_5M_MS) == 0


@pytest.mark.parametrize(
    ("turn", "light"),
    [
        (TurnProfile(False, 1_499, 5, 1), True),
        (TurnProfile(True, 1_499, 5, 1), False),
        (TurnProfile(False, 1_500, 5, 1), False),
        (TurnProfile(False, 1_499, 6, 1), False),
    ],
)
def test_a_turn_is_light_only_within_every_bound(turn, light):
    assert is_light(turn) is light


def test_light_share_is_of_spend_not_of_turns():
    turns = [TurnProfile(False, 10, 1, 100), TurnProfile(True, 10, 1, 900)]
    assert light_share(turns) == pytest.approx(0.1)
    assert light_share([]) == 0


def test_a_storm_counts_avoidable_major_misses_of_the_last_twenty_calls():
    fine = Loss(None, None, 0)
    lost = Loss(MissKind.MAJOR, Cause.SYSTEM, 400)
    expired = Loss(MissKind.MAJOR, Cause.EXPIRED, 700)
    partial = Loss(MissKind.PARTIAL, Cause.SYSTEM, 90)
    storm = find_storm([lost] + [fine] * 15 + [lost, expired, partial, lost, Loss(MissKind.MAJOR, Cause.MODEL, 1)])
    assert (storm.misses, storm.calls, storm.waste_nano) == (3, 20, 801)
    assert storm.causes == (Cause.SYSTEM, Cause.MODEL)
    assert storm.saving.low_nano < storm.saving.point_nano == storm.waste_nano < storm.saving.high_nano
    assert find_storm([]).saving == SavingRange(0, 0, 0)
