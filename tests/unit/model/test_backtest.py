"""Replays of chains: figures worked out by hand, and what must hold for any chain."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rates import RATES
from tracker.model.advice.backtest import (
    Nudge,
    Replay,
    ReplayCall,
    TurnEnd,
    _walk,
    advised,
    at_ends,
    fixed,
    never,
    nudge_saving,
    nudge_saving_nano,
    one_step_nano,
    optimum,
    run,
    window_share,
    with_reread,
    with_summary_kept,
)
from tracker.model.advice.backtest_score import RULES, PolicyName, backtest
from tracker.model.advice.compaction import CompactionShape, compaction_nano, observed_summary_tokens
from tracker.model.defaults import HOUR_MS, TTL_5M_MS

A_5M = RATES["A"].tariff(TTL_5M_MS)  # a read token 500, a written one 6,250 nano
# C0 = C1 = 25k; compacting at C costs 500 C + 1,000 x 25,000 + 5,750 x 15,000 = 500 C + 111,250,000 nano-dollars.
SHAPE = CompactionShape(20_000, 10_000, 1_000, 5_000, reread=0, extra_calls=0, output=0)
COMPACT_AT_100K = 161_250_000


def call(context: int, growth: int = 0, *, own: float = 0.0, warm: float = math.inf, ends: bool = True) -> ReplayCall:
    """A call that reads all but its growth; what was not `warm` is written, at 5,750 above a read."""
    made = ReplayCall(context, growth, own, context - growth, 500.0, A_5M, at_turn_end=ends, level=math.inf)
    return made._replace(warm_tokens=warm, cold_nano=5_750.0)


def chain(*calls: ReplayCall, trigger: int = 1_000_000, **changes: object) -> Replay:
    made = Replay("s", calls, SHAPE, trigger, trigger, 200_000, HOUR_MS)
    return replace(made, **changes)  # type: ignore[arg-type]


START = ReplayCall(100_000, 100_000, 625_000_000, 0, 500.0, A_5M, at_turn_end=True)  # everything is written
TEN_MORE = chain(START, *[call(100_000) for _ in range(10)])


class TestByHand:
    def test_without_a_compaction_the_replay_costs_what_was_billed_by_hand(self) -> None:
        """625m for the first call, then ten times 100k tokens read at 500."""
        assert run(TEN_MORE, never(TEN_MORE)).cost_nano == 625_000_000 + 10 * 50_000_000

    def test_compacting_after_the_first_call(self) -> None:
        """161.25m at once, then ten times 25k tokens read."""
        made = run(TEN_MORE, at_ends({0}))
        assert made.cost_nano == 625_000_000 + COMPACT_AT_100K + 10 * 12_500_000
        assert made.nudges == (Nudge(0, 100_000),)

    def test_the_one_step_counterfactual_is_the_difference(self) -> None:
        assert nudge_saving_nano(TEN_MORE, Nudge(0, 100_000)) == 10 * 37_500_000 - COMPACT_AT_100K

    def test_after_the_last_call_a_compaction_is_lost(self) -> None:
        made = run(TEN_MORE, at_ends({10}))
        assert made.last_nano == COMPACT_AT_100K
        assert nudge_saving_nano(TEN_MORE, Nudge(10, 100_000)) == -COMPACT_AT_100K

    def test_growth_goes_on_from_the_shorter_context(self) -> None:
        """Own cost 12.5m for 2k new tokens each; the prefix is 25k, then 27k."""
        replay = chain(START, call(102_000, 2_000, own=12_500_000), call(104_000, 2_000, own=12_500_000))
        assert run(replay, at_ends({0})).cost_nano == (
            625_000_000 + COMPACT_AT_100K + 2 * 12_500_000 + (25_000 + 27_000) * 500
        )

    def test_a_cold_call_stays_cold_but_for_what_was_in_the_cache(self) -> None:
        """Of 100k 85k are written again, of 25k 10k, and none where the compaction has just written them."""
        replay = chain(START, call(100_000, warm=15_000), call(100_000, warm=15_000))
        cold = 15_000 * 500 + 85_000 * 6_250
        assert run(replay, never(replay)).cost_nano == 625_000_000 + 2 * cold
        shorter = 25_000 * 500 + (15_000 * 500 + 10_000 * 6_250)
        assert run(replay, at_ends({0})).cost_nano == 625_000_000 + COMPACT_AT_100K + shorter

    def test_a_cold_call_with_less_than_what_was_in_the_cache_is_warm(self) -> None:
        replay = chain(START, call(100_000), call(100_000, warm=40_000))
        assert run(replay, at_ends({0})).cost_nano == 625_000_000 + COMPACT_AT_100K + 2 * 25_000 * 500

    def test_what_the_action_paid_for_is_not_cold_again(self) -> None:
        replay = chain(START, call(100_000, warm=0), call(100_000))
        one_off = compaction_nano(100_000, SHAPE, A_5M, is_cold=True)
        assert one_off == 100_000 * 5_000 + 111_250_000
        saved = one_step_nano(replay, Nudge(0, 100_000), one_off, 25_000)
        assert saved == (625_000_000 + 50_000_000) - one_off - 2 * 12_500_000

    def test_the_client_compacts_at_its_trigger(self) -> None:
        """The second call would pass 110k: compacted at 100k, it holds 25k + 20k, of which 25k are read."""
        replay = chain(START, call(120_000, 20_000, own=125_000_000), trigger=110_000)
        assert run(replay, never(replay)).cost_nano == 625_000_000 + COMPACT_AT_100K + 125_000_000 + 12_500_000

    def test_a_recorded_compaction_is_undone(self) -> None:
        """Its first call reads what stood there, and what it wrote for the summary is not its own."""
        after = ReplayCall(30_000, 0, 5_000_000, 30_000, 500.0, A_5M)
        replay = chain(START, after, ReplayCall(31_000, 1_000, 6_250_000, 30_000, 500.0, A_5M))
        assert run(replay, never(replay)).cost_nano == 625_000_000 + (5_000_000 + 50_000_000) + (6_250_000 + 50_000_000)

    def test_a_cut_of_the_clients_finds_less_to_cut(self) -> None:
        """40k cut of 100k; of 25k only what stands above the baseline can go."""
        replay = chain(START, ReplayCall(60_000, -40_000, 0.0, 60_000, 500.0, A_5M))
        assert run(replay, never(replay)).cost_nano == 625_000_000 + 60_000 * 500
        assert run(replay, at_ends({0})).cost_nano == 625_000_000 + COMPACT_AT_100K + 20_000 * 500

    def test_the_optimum_of_ten_calls_compacts_once_and_first(self) -> None:
        made = run(TEN_MORE, optimum(TEN_MORE))
        assert [nudge.place for nudge in made.nudges] == [0]

    def test_four_calls_are_too_few_for_the_optimum_to_compact(self) -> None:
        """Break-even is 161.25m / 37.5m = 4.3 calls."""
        for more, compacts in ((4, False), (5, True)):
            replay = chain(START, *[call(100_000) for _ in range(more)])
            assert bool(run(replay, optimum(replay)).nudges) is compacts

    def test_rules_compact_at_turn_ends_only(self) -> None:
        replay = chain(START._replace(at_turn_end=False), *[call(100_000, ends=False) for _ in range(10)])
        assert run(replay, fixed(0)).nudges == ()  # type: ignore[arg-type]
        assert run(replay, optimum(replay)).nudges == ()


class TestRules:
    def test_a_fixed_rule_compacts_from_its_limit_on(self) -> None:
        rule = fixed(100_000)(TEN_MORE)
        assert [rule(TurnEnd(0, tokens, None, False)) for tokens in (99_999, 100_000)] == [False, True]

    def test_four_fifths_of_the_window(self) -> None:
        rule = window_share(TEN_MORE)
        assert [rule(TurnEnd(0, tokens, None, False)) for tokens in (159_999, 160_000)] == [False, True]

    @pytest.mark.parametrize(
        ("changes", "since", "failed", "fires"),
        [
            ({"level": 100_000.0}, None, False, True),
            ({"level": 100_001.0}, None, False, False),
            ({"level": 100_000.0}, 11, False, False),
            ({"level": 100_000.0}, 12, False, True),
            ({"level": 100_000.0, "plan_in_progress": True}, None, False, False),
            ({"level": 100_000.0}, 20, True, False),
        ],
    )
    def test_ours_is_the_advisors_decision(
        self, changes: dict[str, Any], since: int | None, failed: bool, fires: bool
    ) -> None:
        replay = chain(START._replace(**changes))
        assert advised(replay)(TurnEnd(0, 100_000, since, failed)) is fires

    def test_twelve_calls_pass_between_two_compactions_of_ours(self) -> None:
        calls = [call(100_000 + 40_000 * number, 40_000)._replace(level=60_000.0) for number in range(30)]
        replay = chain(START._replace(level=60_000.0), *calls)
        places = [nudge.place for nudge in run(replay, advised(replay)).nudges]
        assert places == [0, 12, 24]


class TestScores:
    def test_the_figures_of_one_chain(self) -> None:
        """Never 1,125m; ours, at once: 911.25m, the optimum as well; at 150k nothing happens."""
        replay = chain(START._replace(level=100_000.0), *[call(100_000) for _ in range(10)])
        made = backtest([replay])
        ours, best, fixed_150k = (made.score(name) for name in ("taximeter", "optimum", "fixed_150k"))
        assert made.score(PolicyName.NEVER).cost_nano == 1_125_000_000
        assert (ours.cost_nano, best.cost_nano) == (911_250_000, 911_250_000)
        assert (ours.captured, ours.regret_nano, ours.nudges, ours.precision) == (1.0, 0, 1, 1.0)
        assert (ours.won_nano, ours.lost_nano) == (213_750_000, 0)
        assert (ours.nudges_per_session, ours.nudges_per_hour) == (1.0, 1.0)
        assert (fixed_150k.captured, fixed_150k.nudges, fixed_150k.precision) == (0.0, 0, None)
        assert made.saving.point_nano == 213_750_000
        assert [(one.chain, one.nudge.place, one.saving.point_nano) for one in made.nudges] == [(0, 0, 213_750_000)]

    def test_a_nudge_at_the_very_end_is_lost_and_can_be_left_out(self) -> None:
        """Two chains: one where compacting wins 213.75m, one that ends at once and loses 161.25m."""
        wins = chain(START._replace(level=100_000.0), *[call(100_000) for _ in range(10)])
        made = backtest([wins, chain(START._replace(level=100_000.0))])
        ours = made.score("taximeter")
        assert ours.captured == pytest.approx((213.75 - 161.25) / 213.75)
        assert ours.captured_without_last == pytest.approx(1.0)
        assert (ours.precision, ours.won_nano, ours.lost_nano) == (0.5, 106_875_000, 80_625_000)

    def test_where_hindsight_saves_nothing_nothing_is_captured(self) -> None:
        made = backtest([chain(START)])
        assert all(score.captured is None for score in made.scores)

    def test_reading_again_costs_what_the_assumptions_say(self) -> None:
        """R 8k and n_R 2 add 8k x 6,250 + 2 x 33k x 500 = 83m, and 8k to each of ten later calls: 40m."""
        replay = replace(TEN_MORE, shape=replace(SHAPE, reread=8_000, extra_calls=2))
        base = nudge_saving_nano(with_reread(replay, 0.0), Nudge(0, 100_000))
        assert base == 213_750_000
        assert nudge_saving_nano(replay, Nudge(0, 100_000)) == base - 83_000_000 - 40_000_000
        found = nudge_saving(replay, Nudge(0, 100_000))
        assert found.low_nano < found.point_nano < found.high_nano < base

    def test_longer_summaries_leave_more_behind(self) -> None:
        """10k more are written once at 5,750 above a read, and read ten times: 57.5m + 50m."""
        longer = with_summary_kept(TEN_MORE, 15_000)
        assert nudge_saving_nano(longer, Nudge(0, 100_000)) == 213_750_000 - 57_500_000 - 50_000_000

    def test_the_summaries_of_three_compactions_count(self) -> None:
        assert observed_summary_tokens([(30_000, 50_000)] * 2) is None
        assert observed_summary_tokens([(30_000, 50_000), (30_000, 70_000), (30_000, 40_000)]) == 20_000

    def test_without_chains_there_is_no_score(self) -> None:
        with pytest.raises(ValueError, match="no chains"):
            backtest([])


def test_what_follows_the_clients_own_compactions_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of 10,000 calls, each the end of a turn, took minutes: each end was followed to the last call."""
    looked_at = 0

    def counted(*words: Any, **more: Any) -> Iterator[Any]:
        nonlocal looked_at
        for step in _walk(*words, **more):
            looked_at += 1
            yield step

    replay = chain(START, *[call(0, 2_000) for _ in range(2_000)], trigger=110_000)
    monkeypatch.setattr("tracker.model.advice.backtest._walk", counted)
    best = optimum(replay)
    saved = [nudge_saving_nano(replay, Nudge(place, 105_000)) for place in range(2_000)]
    assert looked_at < 200 * len(replay.calls)
    monkeypatch.undo()
    assert run(replay, best).cost_nano < run(replay, advised(replay)).cost_nano
    afresh = [nudge_saving_nano(replace(replay), Nudge(place, 105_000)) for place in range(0, 2_000, 400)]
    assert saved[::400] == pytest.approx(afresh, abs=1e-3)


@st.composite
def replays(draw: st.DrawFn) -> Replay:
    """A chain with growth, cuts, cold calls and turn ends anywhere."""
    context = draw(st.integers(25_000, 150_000))
    calls = [ReplayCall(context, context, 1e6, 0, 500.0, A_5M, True, draw(st.floats(40_000, 200_000)))]
    for _ in range(draw(st.integers(0, 25))):
        growth = draw(st.integers(max(-30_000, 21_000 - context), 30_000))
        context += growth
        calls.append(
            ReplayCall(
                context,
                growth,
                draw(st.floats(0, 1e8)),
                context - max(0, growth),
                500.0,
                A_5M,
                draw(st.booleans()),
                draw(st.floats(40_000, 200_000)),
                draw(st.booleans()),
                draw(st.sampled_from([math.inf, 0, 15_000, 90_000])),
                draw(st.sampled_from([5_750.0, 4_500.0])),
            )
        )
    shape = replace(SHAPE, reread=draw(st.integers(0, 10_000)), extra_calls=draw(st.integers(0, 4)))
    return Replay("s", calls, shape, draw(st.integers(60_000, 400_000)), 167_000, 200_000, HOUR_MS)


@given(replays())
def test_a_replay_in_which_nobody_acts_costs_what_was_billed(replay: Replay) -> None:
    billed = sum(
        one.own_nano + one.prefix_tokens * one.read_nano + max(0, one.prefix_tokens - one.warm_tokens) * one.cold_nano
        for one in replay.calls
    )
    assert run(replay, never(replay), trigger=10**9).cost_nano == pytest.approx(billed)


@given(replays(), st.sets(st.integers(0, 25)))
def test_nobody_beats_hindsight(replay: Replay, ends: set[int]) -> None:
    best = run(replay, optimum(replay)).cost_nano
    for policy in RULES.values():
        assert best <= run(replay, policy(replay)).cost_nano + 1e-3
    assert best <= run(replay, at_ends(ends)).cost_nano + 1e-3


@given(replays())
def test_one_nudge_alone_saves_what_the_two_replays_differ_by(replay: Replay) -> None:
    for place in [place for place, one in enumerate(replay.calls) if one.at_turn_end][:3]:
        made = run(replay, at_ends({place}))
        gain = run(replay, never(replay)).cost_nano - made.cost_nano
        assert nudge_saving_nano(replay, made.nudges[0]) == pytest.approx(gain, abs=1e-3)


@given(st.lists(replays(), min_size=1, max_size=4))
def test_no_score_contradicts_another(chains: list[Replay]) -> None:
    made = backtest(chains)
    best = made.score(PolicyName.OPTIMUM)
    assert best.regret_nano == 0
    assert best.captured is None or best.captured == pytest.approx(1.0)
    for score in made.scores:
        # As shipped the client may compact earlier than it does here, which no rule can.
        if score.name != PolicyName.CLIENT:
            assert score.regret_nano >= 0
            assert score.captured is None or score.captured <= 1 + 1e-9
        assert score.precision is None or 0 <= score.precision <= 1
        assert (score.precision is None) is (score.nudges == 0)
    assert len(made.nudges) == made.score(PolicyName.OURS).nudges
    gain = made.score(PolicyName.NEVER).cost_nano - made.score(PolicyName.OURS).cost_nano
    assert made.saving.point_nano == pytest.approx(gain, abs=2)
