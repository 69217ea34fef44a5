"""The same work paid for otherwise: hand-worked ranges."""

from collections.abc import Callable

import pytest

from tests.unit.plans.calls import OPUS, call
from tests.unit.rates import RATES, per_mtok
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.plans.billing import LoggedCall
from tracker.model.plans.plan import Range
from tracker.model.plans.whatif import (
    NEW_TOKENS,
    OLD_TOKENS,
    SAME_TOKENS,
    Case,
    in_batches,
    on_another_model,
    other_cache_life,
    other_lifetime,
    token_factor,
    without_baseline_above,
)

SONNET = per_mtok("2", "10", "2.50", "4", "0.10")


def test_tokens_are_scaled_only_across_the_tokenizer_break() -> None:
    assert token_factor("new", "new") == SAME_TOKENS
    assert token_factor("old", "new") == NEW_TOKENS == Range(1.0, 1.3, 1.35)
    assert token_factor("new", "old") == OLD_TOKENS
    assert OLD_TOKENS.is_valid


def test_half_the_price_and_the_same_tokens_is_half_the_cost() -> None:
    calls = [call(1, 0, fresh=100, write_5m=10_000, output=1_000), call(2, 1, read=10_000, output=500)]
    case = on_another_model(calls, lambda _: SAME_TOKENS, lambda _: SONNET, 1_000_000)
    assert case.actual == sum(one.cost or 0 for one in calls)
    assert case.otherwise == pytest.approx((case.actual / 2,) * 3)
    assert case.saving.mid == pytest.approx(case.actual / 2)
    assert (case.calls, case.left_out, case.does_not_fit) == (2, 0, 0)


def test_sonnet_4_6_to_sonnet_5_is_13_percent_cheaper_not_33() -> None:
    """PRICES 1.4: 3 dollars a million against 2, but 1.3 times the tokens."""
    old, new = RATES["S"], per_mtok("2", "10", "2.50", "4", "0.20")
    calls = [call(1, 0, fresh=1_000_000, rates=old)]
    case = on_another_model(calls, lambda _: NEW_TOKENS, lambda _: new, None)
    assert case.saving.mid / case.actual == pytest.approx(1 - 2 * 1.3 / 3)
    assert case.saving.low / case.actual == pytest.approx(0.1)
    assert case.saving.high / case.actual == pytest.approx(1 / 3)


def test_what_a_cost_holds_beside_tokens_stays() -> None:
    searched = call(1, 0, output=1_000)._replace(cost=20_000_000 + 10_000_000)
    case = on_another_model([searched], lambda _: SAME_TOKENS, lambda _: SONNET, None)
    assert case.otherwise.mid == pytest.approx(10_000_000 + 10_000_000)


def test_prompts_that_are_too_large_and_calls_without_rates_are_counted() -> None:
    calls = [call(1, 0, read=190_000), call(2, 1, fresh=5, priced=False), call(3, 2, fresh=5, model="gpt-5")]
    case = on_another_model(calls, lambda model: None if model == "gpt-5" else NEW_TOKENS, lambda _: SONNET, 200_000)
    assert (case.calls, case.left_out, case.does_not_fit) == (1, 2, 1)


def test_long_prompts_may_pay_other_rates() -> None:
    dear = per_mtok("10", "10", "10", "10", "10")
    case = on_another_model(
        [call(1, 0, fresh=90_000)], lambda _: NEW_TOKENS, lambda prompt: dear if prompt > 100_000 else SONNET, None
    )
    assert case.otherwise.low == pytest.approx(90_000 * 2_000)
    assert case.otherwise.mid == pytest.approx(117_000 * 10_000)


def test_the_other_cache_life_is_the_one_that_was_not_used() -> None:
    assert other_lifetime([call(1, 0, write_1h=5)]) == TTL_5M_MS
    assert other_lifetime([call(1, 0, write_5m=5)]) == TTL_1H_MS
    calls = [call(1, 0, write_5m=100_000), call(2, 30, write_5m=101_000)]
    case = other_cache_life(calls, TTL_1H_MS, 0)
    assert case.otherwise.mid == 100_000 * 8_000 + 100_000 * 200 + 1_000 * 8_000
    assert case.otherwise.low <= case.otherwise.mid <= case.otherwise.high


def test_a_shorter_life_keeps_the_static_block_at_its_cheap_end_only() -> None:
    calls = [call(1, 0, write_1h=100_000), call(2, 30, read=100_000)]
    case = other_cache_life(calls, TTL_5M_MS, 20_000)
    assert case.otherwise.mid == 100_000 * 5_000 * 2
    assert case.otherwise.low == 100_000 * 5_000 + 80_000 * 5_000 + 20_000 * 200


def test_batches_halve_at_best_and_lose_the_cache_at_worst() -> None:
    calls = [call(1, 0, read=1_000_000, output=10_000)]
    actual = 200_000_000 + 200_000_000
    case = in_batches(calls, 1.0)
    assert case.otherwise.low == pytest.approx(actual / 2)
    assert case.otherwise.high == pytest.approx((1_000_000 * 4_000 + 200_000_000) / 2)
    assert case.saving.low < 0 < case.saving.high
    assert in_batches(calls, 0.0).otherwise == pytest.approx((actual,) * 3)


def test_where_caching_did_not_pay_the_uncached_end_of_batches_is_the_cheap_one() -> None:
    case = in_batches([call(1, 0, write_5m=1_000_000)], 1.0)
    assert case.otherwise == pytest.approx((2_000_000_000, 2_250_000_000, 2_500_000_000))
    assert case.saving.low <= case.saving.mid <= case.saving.high


def test_batches_do_not_halve_what_a_cost_holds_beside_tokens() -> None:
    searched = call(1, 0, output=1_000)._replace(cost=20_000_000 + 10_000_000)
    assert in_batches([searched], 1.0).otherwise == pytest.approx((10_000_000 + 10_000_000,) * 3)


def test_a_smaller_baseline_is_neither_written_nor_read_again() -> None:
    main = [call(1, 0, write_5m=30_000), call(2, 1, read=30_000, write_5m=500), call(3, 20, write_5m=31_000)]
    agent = [call(4, 1, write_5m=25_000, chain=2)]
    begun = {1: 30_000, 2: 25_000}
    case = without_baseline_above([main], [agent], begun, 20_000)
    of_main = 10_000 * 5_000 + 10_000 * 200 + 10_000 * 5_000
    assert case.saving.low == pytest.approx(of_main)
    assert case.saving.high == pytest.approx(of_main + 5_000 * 5_000)
    assert without_baseline_above([main], [agent], begun, 40_000).saving == pytest.approx((0, 0, 0))
    later = without_baseline_above([main[1:]], [], begun, 20_000)
    assert later.saving.low == pytest.approx(10_000 * 200 + 10_000 * 5_000), "the days may begin in mid-session"


def test_what_is_too_much_stands_after_the_tokens_that_are_left_whatever_the_cache_still_held() -> None:
    cold = call(1, 0, read=15_000, write_5m=5_000, write_1h=5_000, fresh=9_000)
    case = without_baseline_above([[cold]], [], {1: 30_000}, 20_000)
    assert case.saving.low == pytest.approx(5_000 * 6_500 + 5_000 * 4_000)
    short = without_baseline_above([[cold._replace(input=1_000)]], [], {1: 30_000}, 20_000)
    assert short.saving.low == pytest.approx(5_000 * 6_500 + 1_000 * 4_000)
    fits = call(2, 1, read=3_000, write_5m=2_000, write_1h=2_000, fresh=9_000)
    assert without_baseline_above([[fits]], [], {1: 30_000}, 20_000).saving == pytest.approx((0, 0, 0))


def test_a_first_prompt_shorter_by_10000_tokens_saves_2250_cents_over_3000_calls_and_120_cold_starts() -> None:
    chains = [
        [
            call(1, 0, read=15_000, write_5m=23_000, chain=chain, rates=RATES["A"]),
            *(call(2 + n, 1 + n, read=38_000, chain=chain, rates=RATES["A"]) for n in range(25)),
        ]
        for chain in range(120)
    ]
    case = without_baseline_above(chains, [], dict.fromkeys(range(120), 38_000), 28_000)
    assert case.saving.low == pytest.approx(22_500_000_000)


def test_a_model_without_write_rates_bills_writes_as_input() -> None:
    plain = per_mtok("2", "10", "0", "0", "0.10")
    case = on_another_model([call(1, 0, write_5m=30, write_1h=10)], lambda _: SAME_TOKENS, lambda _: plain, None)
    assert case.otherwise == pytest.approx((40 * 2_000,) * 3)


def test_a_prompt_for_which_the_other_model_has_no_price_is_left_out() -> None:
    case = on_another_model([call(1, 0, fresh=5)], lambda _: NEW_TOKENS, lambda _: None, None)
    assert (case.actual, case.calls, case.left_out) == (0, 0, 1)


CASES: list[Callable[[list[LoggedCall]], Case]] = [
    lambda calls: on_another_model(calls, lambda _: SAME_TOKENS, lambda _: SONNET, None),
    lambda calls: other_cache_life(calls, TTL_1H_MS, 0),
    lambda calls: in_batches(calls, 0.5),
    lambda calls: without_baseline_above([calls], [], {1: 30_000}, 20_000),
]


@pytest.mark.parametrize("case_of", CASES)
def test_calls_without_a_price_are_counted_and_change_no_figure(case_of: Callable[[list[LoggedCall]], Case]) -> None:
    priced = [call(1, 0, write_5m=30_000), call(2, 1, read=30_000)]
    unknown = [call(3, 2, fresh=9, priced=False), call(4, 3, fresh=9, priced=False)._replace(cost=77)]
    alone, beside = case_of(priced), case_of([*priced, *unknown])
    assert (alone.calls, alone.left_out) == (2, 0)
    assert (beside.actual, beside.otherwise, beside.calls, beside.left_out) == (alone.actual, alone.otherwise, 2, 2)


def test_without_calls_there_is_no_result() -> None:
    for case in (
        other_cache_life([], TTL_1H_MS, 0),
        in_batches([], 1.0),
        without_baseline_above([], [], {}, 1),
        on_another_model([], lambda _: SAME_TOKENS, lambda _: OPUS, None),
    ):
        assert (case.actual, case.calls) == (0, 0)
        assert case.saving == pytest.approx((0, 0, 0))
