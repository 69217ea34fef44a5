"""MODEL section 10, checks 3, 5 and 9, as decisions: what is done at these figures, not only what they come to.

The shape is that of the checks: B 22k, B_s 15k, S_g 5k, S_k 6k, R 8k, n_R 3, o 500. In place of check 4's reorder level
stands the level by break-even.
"""

from dataclasses import replace

import pytest

from tests.unit.rates import RATES
from tests.unit.situations import SITUATION
from tracker.model.advice.compaction import CompactionShape, CompactionState, LevelInputs, compact_level
from tracker.model.advice.nudge import Evaluation, Situation
from tracker.model.advice.session_nudges import cold_resume_nudge, compact_nudge
from tracker.model.defaults import DEFAULTS, TTL_1H_MS, TTL_5M_MS

TTL = {"5m": TTL_5M_MS, "1h": TTL_1H_MS}
SHAPE = CompactionShape(22_000, 15_000, 5_000, 6_000, 8_000, 3, 500)


def situation(rates: str, ttl: str, context: int, **changes: object) -> Situation:
    made = replace(SITUATION, context=context, shape=SHAPE, tariff=RATES[rates].tariff(TTL[ttl]), cold_probability=0.0)
    return replace(made, **changes)  # type: ignore[arg-type]


def at_turn_end(here: Situation, level: float) -> Evaluation:
    return compact_nudge(here, CompactionState(here.context, None, False, False), level)


@pytest.mark.parametrize(
    ("rates", "ttl", "calls"),
    [("A", "5m", 7.3), ("A", "1h", 8.7), ("S", "5m", 7.3), ("H", "5m", 7.3), ("N", "1h", 15.2)],
)
def test_check_3_compacting_pays_from_the_break_even_call_on(rates: str, ttl: str, calls: float) -> None:
    for offset, gains in ((-0.1, False), (0.1, True)):
        here = situation(rates, ttl, 150_000, remaining_calls=calls + offset)
        nudge = at_turn_end(here, level=90_000)
        assert nudge.saving is not None
        assert (nudge.saving.point_nano > 0) is gains
        assert ("saves ~$" in (nudge.text or "")) is gains, "a saving that is none is not shown"
    assert at_turn_end(situation(rates, ttl, 150_000), 90_000).payback_turns == pytest.approx(calls / 10, abs=0.005)


@pytest.mark.parametrize(
    ("rates", "ttl", "due"),
    [("A", "5m", 87_300), ("A", "1h", 98_600), ("N", "5m", 129_300), ("N", "1h", 151_800)],
)
def test_the_decision_flips_where_compacting_is_earned_back_in_three_tenths_of_the_calls_ahead(
    rates: str, ttl: str, due: int
) -> None:
    inputs = LevelInputs(SHAPE, cold_probability=0.0, trigger_tokens=967_000)
    level = compact_level(inputs, RATES[rates].tariff(TTL[ttl]), 50.0)
    for context, fires in ((due - 100, False), (due + 100, True)):
        nudge = at_turn_end(situation(rates, ttl, context), level)
        assert nudge.fired is fires
        assert nudge.payback_turns == pytest.approx(1.5, abs=0.02), "fifteen calls, ten a turn"


@pytest.mark.parametrize(
    ("rates", "ttl", "context", "price"),
    [
        ("A", "1h", 150_000, 1.36),
        ("A", "1h", 500_000, 4.86),
        ("S", "1h", 150_000, 0.81),
        ("N", "1h", 150_000, 1.08),
        ("A", "5m", 150_000, 0.85),
        ("H", "5m", 150_000, 0.17),
    ],
)
def test_check_5_a_cold_resume_speaks_when_the_better_way_gains_a_quarter_dollar(
    rates: str, ttl: str, context: int, price: float
) -> None:
    here = situation(rates, ttl, context, remaining_calls=25.0)
    nudge = cold_resume_nudge(here, ttl_ms=TTL[ttl], task_completed=False)
    penalty = float(nudge.inputs["one_off_nano"] or 0) - float(nudge.inputs["extra_nano"] or 0)
    assert (penalty + context * here.tariff.read) / 1e9 == pytest.approx(price, abs=0.006), "the cold call itself"
    assert nudge.saving is not None
    assert nudge.fired is (nudge.saving.point_nano >= DEFAULTS.min_saving_nano)
    assert nudge.fired is (rates != "H"), "at a fifth of the price the same pause is not worth a word"


def test_check_9_the_saving_shown_is_the_expected_value_over_25_calls() -> None:
    here = situation("A", "1h", 150_000, cold_probability=0.006, remaining_calls=25.0)
    nudge = at_turn_end(here, level=95_000)
    assert nudge.fired
    assert nudge.text is not None
    assert nudge.text.startswith("Compact now if you go on, 150k of context: saves ~$1.09 (")
