"""Long prompts, fast mode and the multipliers, by model and by day (PRICES 1.1 to 1.3)."""

from collections.abc import Callable

import pytest

from store.records import Price
from tracker.pricing import PriceBook

Resolve = Callable[..., Price | None]


def priced(price: Price | None) -> Price:
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("model", "day", "prompt", "tier", "input_rate"),
    [
        ("claude-haiku-5-5", "2026-11-21", 100_000, "standard", 100_000),
        ("claude-haiku-5-5", "2026-11-21", 100_001, "long", 500_000),
        ("claude-haiku-5-5", "2026-11-21", 10**12, "long", 500_000),
        ("claude-sonnet-4-5", "2026-04-29", 200_000, "standard", 3_000_000),
        ("claude-sonnet-4-5", "2026-04-29", 200_001, "long", 6_000_000),
        ("claude-sonnet-4-5", "2026-04-30", 200_001, "standard", 3_000_000),
        ("claude-sonnet-4", "2025-08-11", 200_001, "standard", 3_000_000),
        ("claude-sonnet-4", "2025-08-12", 200_001, "long", 6_000_000),
        ("claude-opus-4-6", "2026-03-12", 200_001, "long", 10_000_000),
        ("claude-opus-4-6", "2026-03-13", 200_001, "standard", 5_000_000),
        ("claude-sonnet-4-6", "2026-03-12", 900_000, "long", 6_000_000),
        ("claude-sonnet-4-6", "2026-03-13", 900_000, "standard", 3_000_000),
        ("claude-opus-5-5", "2026-11-21", 900_000, "standard", 4_000_000),
    ],
)
def test_the_prompt_size_decides_the_tier_on_the_days_that_have_one(
    model: str, day: str, prompt: int, tier: str, input_rate: int, resolve: Resolve
) -> None:
    price = priced(resolve(model, day, prompt=prompt))
    assert (price.tier, price.input) == (tier, input_rate)


def test_both_tiers_of_a_day_come_out_of_one_book_in_any_order(book: PriceBook, at: Callable[[str], int]) -> None:
    asked = [book.resolve("claude-haiku-5-5", None, at("2026-11-21"), size) for size in (1, 10**6, 1)]
    assert [priced(price).tier for price in asked] == ["standard", "long", "standard"]


@pytest.mark.parametrize(
    ("model", "day", "tier", "input_rate"),
    [
        ("claude-opus-4-6", "2026-02-06", "standard", 5_000_000),
        ("claude-opus-4-6", "2026-02-07", "standard/fast", 30_000_000),
        ("claude-opus-4-6", "2026-06-28", "standard/fast", 30_000_000),
        ("claude-opus-4-6", "2026-06-29", "standard", 5_000_000),
        ("claude-opus-4-7", "2026-05-11", "standard", 5_000_000),
        ("claude-opus-4-7", "2026-05-12", "standard/fast", 30_000_000),
        ("claude-opus-4-7", "2026-07-24", "standard", 5_000_000),
        ("claude-opus-4-8", "2026-11-29", "standard/fast", 10_000_000),
        ("claude-opus-4-8", "2026-11-30", "standard", 5_000_000),
        ("claude-opus-5-5", "2026-11-21", "standard/fast", 8_000_000),
        ("claude-fable-5-2", "2026-11-21", "standard/fast", 16_000_000),
        ("claude-sonnet-5-5", "2026-11-21", "standard", 2_000_000),
        ("claude-haiku-4-5", "2026-11-21", "standard", 1_000_000),
    ],
)
def test_fast_is_charged_where_and_while_the_model_has_it(
    model: str, day: str, tier: str, input_rate: int, resolve: Resolve
) -> None:
    price = priced(resolve(model, day, speed="fast"))
    assert (price.tier, price.input) == (tier, input_rate)


def test_fast_rates_hold_for_any_prompt_size(resolve: Resolve) -> None:
    assert priced(resolve("claude-opus-4-6", "2026-03-01", speed="fast", prompt=900_000)).tier == "standard/fast"


def test_a_fast_id_is_a_fast_request(resolve: Resolve) -> None:
    price = priced(resolve("anthropic/claude-4.6-opus-fast-20260407", "2026-04-10", provider="openrouter"))
    assert (price.id, price.output) == ("claude-opus-4-6@2026-03-13/standard/fast", 150_000_000)


def test_standard_speed_is_not_fast(resolve: Resolve) -> None:
    assert priced(resolve("claude-opus-5-5", speed="standard")) is priced(resolve("claude-opus-5-5", speed="standard"))
    assert priced(resolve("claude-opus-5-5", speed="standard")) == priced(resolve("claude-opus-5-5"))


def test_batch_halves_every_token_rate(resolve: Resolve) -> None:
    price = priced(resolve("claude-opus-5-5", tier="batch"))
    rates = (price.input, price.output, price.write_5m, price.write_1h, price.cache_read)
    assert rates == (2_000_000, 10_000_000, 2_500_000, 4_000_000, 100_000)
    assert (price.id, price.multiplier_permille) == ("claude-opus-5-5@2026-09-22/standard/batch", 500)
    assert price.web_search == 10_000_000


def test_batch_does_not_apply_to_fast(resolve: Resolve) -> None:
    assert priced(resolve("claude-opus-5-5", tier="batch", speed="fast")).input == 8_000_000


@pytest.mark.parametrize("tier", [None, "standard", "priority"])
def test_other_service_tiers_pay_the_list_price(tier: str | None, resolve: Resolve) -> None:
    assert priced(resolve("claude-opus-5-5", tier=tier)).multiplier_permille == 1000


@pytest.mark.parametrize(
    ("model", "permille"),
    [
        ("claude-haiku-4-5", 1000),
        ("claude-opus-4-5", 1000),
        ("claude-opus-4-6", 1100),
        ("claude-sonnet-4-6", 1100),
        ("claude-mythos-preview", 1100),
        ("claude-haiku-5-5", 1100),
    ],
)
def test_us_only_inference_costs_more_from_opus_4_6_on(model: str, permille: int, resolve: Resolve) -> None:
    assert priced(resolve(model, geo="us")).multiplier_permille == permille
    assert priced(resolve(model, geo="global")).multiplier_permille == 1000


def test_us_only_applies_to_fast_and_long_too(resolve: Resolve) -> None:
    assert priced(resolve("claude-opus-5-5", speed="fast", geo="us")).cache_read == 440_000
    long = priced(resolve("claude-haiku-5-5", prompt=100_001, geo="us"))
    assert (long.id, long.input, long.write_5m) == ("claude-haiku-5-5@2026-10-07/long/us", 550_000, 687_500)


@pytest.mark.parametrize(
    ("model", "permille"),
    [
        ("us.anthropic.claude-opus-5-5", 1100),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 1100),
        ("global.anthropic.claude-opus-5-5", 1000),
        ("eu.anthropic.claude-opus-4-1-20250805-v1:0", 1000),
        ("claude-haiku-4-5@20251001", 1000),
    ],
)
def test_regional_endpoints_cost_more_from_sonnet_4_5_on(model: str, permille: int, resolve: Resolve) -> None:
    assert priced(resolve(model, provider="bedrock")).multiplier_permille == permille


def test_multipliers_multiply(resolve: Resolve) -> None:
    price = priced(resolve("us.anthropic.claude-haiku-5-5-v1:0", provider="bedrock", tier="batch"))
    assert price.id == "claude-haiku-5-5@2026-10-07/standard/batch/regional"
    assert (price.multiplier_permille, price.write_5m, price.cache_read) == (550, 68_750, 5_500)


def test_a_time_out_of_all_reason_still_has_a_price(book: PriceBook) -> None:
    for at_ms in (-(10**15), 0, 10**17):
        assert book.resolve("claude-opus-5-5", None, at_ms, 1) is not None
