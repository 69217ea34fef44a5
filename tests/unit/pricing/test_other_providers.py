"""Models beyond our own table: genai-prices' rates for exactly the model asked for, or no price."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.records import Price
from tracker.pricing import ListRates, PriceBook, cost
from tracker.pricing.other_providers import OtherPrices

Resolve = Callable[..., Price | None]

NOON_MS = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)
MODELS = [
    # provider as agents say it, provider in genai-prices, model
    ("openai-native", "openai", "gpt-5-mini"),
    ("openai", "openai", "gpt-4.1-2025-04-14"),
    ("gemini", "google", "gemini-2.5-pro"),
    ("vertex", "google", "gemini-2.5-pro"),
    ("deepseek", "deepseek", "deepseek-chat"),
    ("xai", "x-ai", "grok-4.7"),
    ("groq", "groq", "openai/gpt-oss-120b"),
    ("mistral", "mistral", "mistral-large-latest"),
    ("moonshot", "moonshotai", "kimi-k2.5"),
    ("bedrock", "aws", "us.amazon.nova-pro-v1:0"),
    ("openrouter", "openrouter", "qwen/qwen3.7-flash"),
    ("cline", "openrouter", "google/gemini-2.5-flash"),
]


@pytest.mark.parametrize(("provider", "genai_provider", "model"), MODELS)
@settings(max_examples=25)
@given(
    st.integers(0, 300_000),
    st.integers(0, 300_000),
    st.integers(0, 300_000),
    st.integers(0, 100_000),
)
def test_a_call_costs_what_genai_prices_says(
    provider: str, genai_provider: str, model: str, fresh: int, read: int, written: int, output: int
) -> None:
    price = SHARED_BOOK.resolve(model, provider, NOON_MS, fresh + read + written)
    assert price is not None
    usage = genai_prices.Usage(
        input_tokens=fresh + read + written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=output,
    )
    theirs = genai_prices.calc_price(
        usage, model, provider_id=genai_provider, genai_request_timestamp=datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    ours = cost(price, fresh, read, written, 0, output, 0)
    # Four components of half a nano-dollar, and the pico-dollar to which rates are cut.
    tolerance = 2 + (fresh + read + written + output) * Decimal("0.0005")
    assert abs(ours - theirs.total_price * 10**9) <= tolerance


SHARED_BOOK = PriceBook()


def test_a_price_says_where_it_is_from(resolve: Resolve) -> None:
    price = resolve("gpt-5-mini", provider="openai-native")
    assert price is not None
    version = genai_prices.__version__
    assert price.source == f"genai-prices {version}"
    assert price.id == f"genai-prices-{version}:openai/gpt-5-mini@1970-01-01/flat"
    assert (price.provider, price.model) == ("openai", "gpt-5-mini")


def test_without_write_rates_a_write_costs_what_input_costs(resolve: Resolve) -> None:
    price = resolve("gpt-5-mini", provider="openai-native")
    assert price is not None
    assert price.write_5m == price.write_1h == price.input
    assert price.cache_read < price.input


def test_the_prompt_size_decides_the_tier(resolve: Resolve) -> None:
    standard = resolve("gemini-2.5-pro", provider="gemini", prompt=200_000)
    long = resolve("gemini-2.5-pro", provider="gemini", prompt=200_001)
    assert standard is not None
    assert long is not None
    assert (standard.tier, standard.input, standard.output) == ("standard", 1_250_000, 10_000_000)
    assert (long.tier, long.input, long.output) == ("long", 2_500_000, 15_000_000)


def test_several_tiers_have_a_price_each(resolve: Resolve) -> None:
    prices = [resolve("qwen/qwen3.7-flash", provider="openrouter", prompt=size) for size in (32_000, 32_001, 256_001)]
    assert [price and price.tier for price in prices] == ["standard", "long-32000", "long-256000"]
    assert len({price and price.id for price in prices}) == 3


def test_the_hour_decides_where_the_price_changes_within_a_day(resolve: Resolve) -> None:
    """DeepSeek charges less between 16:30 and 00:30 UTC."""
    day = resolve("deepseek-chat", "2025-07-01T16:29", provider="deepseek")
    night = resolve("deepseek-chat", "2025-07-01T16:30", provider="deepseek")
    assert day is not None
    assert night is not None
    assert (day.input, night.input) == (270_000, 135_000)
    assert day.id != night.id


def test_a_dated_price_names_its_date(resolve: Resolve) -> None:
    before = resolve("~anthropic/claude-opus-latest", "2026-09-21", provider="openrouter")
    after = resolve("~anthropic/claude-opus-latest", "2026-09-22", provider="openrouter")
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (5_000_000, 4_000_000)
    assert after.effective_from == "2026-09-22"


def test_batch_is_discounted_from_the_day_that_the_package_knows_it(resolve: Resolve) -> None:
    plain = resolve("gemini-2.5-pro", provider="gemini")
    batch = resolve("gemini-2.5-pro", provider="gemini", tier="batch")
    assert plain is not None
    assert batch is not None
    assert (batch.tier, batch.input * 2) == ("standard/batch", plain.input)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("my-model", "openai"),
        ("gpt-99", "openai-native"),
        ("gemini-2.5-pro-lite", "gemini"),
        ("gemini-1.5-pro-ultra", "gemini"),
        ("deepseek-chat-v9", "deepseek"),
        ("deepseek-r1-distill-tiny", "deepseek"),
        ("grok-4.7-mini", "xai"),
        ("us.amazon.nova-pro-max-v1:0", "bedrock"),
        ("claude-opus-4-55", "anthropic"),
        ("claude-3-haiku-next", "anthropic"),
        ("gpt-5-mini", "anthropic"),
        ("gpt-5-mini", "ollama"),
        ("gpt-5-mini", "openai-compatible"),
        ("gpt-5-mini", "unknown"),
        ("sonar", "perplexity"),  # charged by the request as well
        ("text-embedding-3-small", "openai"),  # nothing said about output
        ("", "openai"),
    ],
)
def test_an_unknown_model_has_no_price(model: str, provider: str, resolve: Resolve) -> None:
    assert resolve(model, provider=provider) is None


@pytest.mark.parametrize(
    ("model", "provider", "seller"),
    [
        ("glm-4.5", None, "zai"),
        ("GLM-4.6", None, "zai"),
        ("glm-5.1", None, "zai"),
        ("glm-5-turbo", None, "zhipuai"),  # stands on that list alone
        ("glm-5.1", "zhipuai", "zhipuai"),
    ],
)
def test_glm_named_alone_has_the_price_in_dollars(
    model: str, provider: str | None, seller: str, resolve: Resolve
) -> None:
    price = resolve(model, provider=provider)
    assert price is not None
    assert price.provider == seller


@pytest.mark.parametrize("provider", ["openrouter", "cline", None])
@pytest.mark.parametrize("model", ["qwen/qwen3-coder:free", "brand/new-model:free"])
def test_a_variant_that_openrouter_calls_free_costs_nothing(model: str, provider: str | None, resolve: Resolve) -> None:
    price = resolve(model, provider=provider)
    assert price is not None
    assert cost(price, 4_000, 3_000, 2_000, 1_000, 500, 0) == 0
    assert price.source == "https://openrouter.ai/docs/guides/routing/model-variants/free"


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("qwen/qwen3-coder:free", "ollama"),
        ("qwen3-coder:free", None),
        ("openrouter/free", "openrouter"),
        ("qwen/qwen3-coder-free", "openrouter"),
    ],
)
def test_only_openrouters_free_suffix_makes_a_model_free(model: str, provider: str | None, resolve: Resolve) -> None:
    assert resolve(model, provider=provider) is None


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-5-mini-2025-08-07", "openai"),
        ("gemini-2.0-flash-001", "gemini"),
        ("gemini-1.5-pro-002", "gemini"),
        ("gemini-2.5-pro-preview-05-06", "gemini"),
        ("grok-4.7-20260801", "xai"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", "bedrock"),
        ("claude-2", "anthropic"),
        ("gpt-5-mini", None),
    ],
)
def test_a_snapshot_of_a_known_model_has_its_price(model: str, provider: str | None, resolve: Resolve) -> None:
    assert resolve(model, provider=provider) is not None


def test_of_what_an_arn_names_only_a_model_has_a_price(resolve: Resolve) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:{}/amazon.nova-pro-v1:0"
    assert resolve(arn.format("foundation-model"), provider="bedrock") == resolve(
        "amazon.nova-pro-v1:0", provider="bedrock"
    )
    assert resolve(arn.format("provisioned-model"), provider="bedrock") is None, "paid by the hour"


def test_rows_of_an_earlier_run_spare_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = SHARED_BOOK.resolve("gpt-5-mini", "openai-native", NOON_MS, 1)
    assert earlier is not None
    monkeypatch.setattr(genai_prices, "calc_price", lambda *_args, **_kwargs: pytest.fail("the package was asked"))
    again = PriceBook(resolved=[earlier]).resolve("gpt-5-mini", "openai-native", NOON_MS, 1)
    assert again == earlier


def test_a_flat_row_on_record_is_the_price_of_plain_requests_alone() -> None:
    flat = SHARED_BOOK.resolve("gemini-2.5-flash", "gemini", NOON_MS, 1)
    assert flat is not None
    assert flat.tier == "flat"
    others = OtherPrices([flat])
    for tier, permille, marks, half_permille in (
        (None, 1000, "flat", 2000),
        ("batch", 1000, "standard/batch", 1000),
        (None, 1100, "standard/us", 2200),
    ):
        [(_, price)], _ = others.brackets("gemini-2.5-flash", "google", NOON_MS, (None, tier, None), permille)
        assert (price.tier, price.input) == (marks, flat.input * half_permille // 2000)


def test_a_row_on_record_that_holds_from_a_day_on_is_not_the_price_before_it() -> None:
    later = SHARED_BOOK.resolve("o3", "openai", NOON_MS, 1)
    assert later is not None
    before_ms = int(datetime(2025, 5, 1, tzinfo=UTC).timestamp() * 1000)
    before = PriceBook(resolved=[later]).resolve("o3", "openai", before_ms, 1)
    assert before is not None
    assert (before.input, later.input) == (10_000_000, 2_000_000)
    assert (before.effective_from, later.effective_from) == ("1970-01-01", "2025-06-10")


def test_rows_of_another_release_of_the_package_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = SHARED_BOOK.resolve("gpt-5-mini", "openai-native", NOON_MS, 1)
    assert earlier is not None
    stale = Price(
        **{name: getattr(earlier, name) for name in earlier.__struct_fields__} | {"source": "genai-prices 0.0.1"}
    )
    again = PriceBook(resolved=[stale]).resolve("gpt-5-mini", "openai-native", NOON_MS, 1)
    assert again == earlier


def test_a_time_out_of_all_reason_still_has_a_price() -> None:
    for at_ms in (-(10**15), 0, 10**17):
        assert SHARED_BOOK.resolve("deepseek-chat", "deepseek", at_ms, 1) is not None


# Rows of our table that genai-prices 0.2.3 gives otherwise (PRICES 2.1). Informational: when an update of the package
# changes this list, look at the difference, then correct whichever is wrong.
DISAGREEMENTS = {
    "claude-3-5-haiku-20241022@2024-11-04": "launch price missing",
    "claude-sonnet-4-20250514@2025-08-12": "long tier missing",
    "claude-sonnet-4-5-20250929@2026-04-30": "keeps the long tier",
    "claude-opus-4-6@2026-02-07": "fast missing",
    "claude-opus-4-6@2026-03-13": "fast missing",
    "claude-mythos-preview@2026-04-07": "model missing",
    "claude-opus-4-7@2026-05-12": "fast missing",
    "claude-mythos-5@2026-06-09": "model missing",
    "claude-mythos-5-1@2026-09-01": "model missing",
    "claude-sonnet-5-5@2026-09-28": "later cache read price",
}


def test_genai_prices_disagrees_with_our_table_in_ten_known_rows(book: PriceBook) -> None:
    others = OtherPrices(())

    def theirs(model: str, day: int, speed: str | None) -> list[tuple[int, ListRates]]:
        brackets, _ = others.brackets(model, "anthropic", day * 86_400_000, (speed, None, None), 1000)
        return [(size, ListRates(p.input, p.output, p.write_5m, p.write_1h, p.cache_read)) for size, p in brackets]

    unlike = set()
    for row in book.rows():
        found = theirs(row.model, row.effective_day, None)
        sizes, rates = [size for size, _ in found[:-1]], [tier for _, tier in found]
        ours = [tier for tier in (row.standard, row.long) if tier is not None]
        same = rates == ours and sizes == ([row.long_threshold] if row.long else [])
        if row.fast is not None:
            same = same and [tier for _, tier in theirs(row.model, row.effective_day, "fast")] == [row.fast]
        if not same:
            unlike.add(f"{row.model}@{row.effective_from}")
    assert unlike == set(DISAGREEMENTS)
    assert len(book.rows()) - len(unlike) == 31
