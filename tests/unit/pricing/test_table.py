"""The bundled table says what was published, and each row answers for its own days.

published_prices.csv is an independent copy of the published figures as of 2026-11-21, without their sources.
"""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from store.money import pico_from_usd_per_mtok as pico
from store.records import Price
from tracker.pricing import ListRates, PriceBook, all_facts, facts_for

Resolve = Callable[..., Price | None]

PUBLISHED = list(csv.DictReader(Path(__file__).with_name("published_prices.csv").read_text("utf-8").splitlines()))
STANDARD = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")

# Rates above the threshold, $ per million tokens: input, output, 5 min write, 1 h write, read (PRICES 1.1).
LONG = {
    "claude-sonnet-4-20250514": "6 22.5 7.5 12 .6",
    "claude-sonnet-4-5-20250929": "6 22.5 7.5 12 .6",
    "claude-sonnet-4-6": "6 22.5 7.5 12 .6",
    "claude-opus-4-6": "10 37.5 12.5 20 1",
    "claude-haiku-5-5": ".5 2.5 .625 1 .05",
}
# Fast rates in the same order, as the client computes with them (CLAUDE_CODE section 3), and a day when they held.
FAST = {
    "claude-opus-4-6": ("2026-05-01", "30 150 37.5 60 3"),
    "claude-opus-4-7": ("2026-06-01", "30 150 37.5 60 3"),
    "claude-opus-4-8": ("2026-11-21", "10 50 12.5 20 1"),
    "claude-opus-5": ("2026-11-21", "10 50 12.5 20 1"),
    "claude-opus-5-5": ("2026-11-21", "8 40 10 16 .4"),
    "claude-fable-5-2": ("2026-11-21", "16 80 20 32 .4"),
    "claude-mythos-5-2": ("2026-11-21", "16 80 20 32 .4"),
}
# The client's own table on 2026-11-21 (CLAUDE_CODE section 3): input, output, 5 min write, 1 h write, read.
CLIENT = """
claude-3-5-haiku 0.8 4 1 1.6 0.08
claude-haiku-4-5 1 5 1.25 2 0.1
claude-haiku-5-5 0.1 0.5 0.125 0.2 0.01
claude-3-5-sonnet 3 15 3.75 6 0.3
claude-3-7-sonnet 3 15 3.75 6 0.3
claude-sonnet-4-0 3 15 3.75 6 0.3
claude-sonnet-4-5 3 15 3.75 6 0.3
claude-sonnet-4-6 3 15 3.75 6 0.3
claude-sonnet-5 2 10 2.5 4 0.2
claude-sonnet-5-5 2 10 2.5 4 0.1
claude-opus-4-0 15 75 18.75 30 1.5
claude-opus-4-1 15 75 18.75 30 1.5
claude-opus-4-5 5 25 6.25 10 0.5
claude-opus-4-6 5 25 6.25 10 0.5
claude-opus-4-7 5 25 6.25 10 0.5
claude-opus-4-8 5 25 6.25 10 0.5
claude-opus-5 5 25 6.25 10 0.5
claude-opus-5-5 4 20 5 8 0.2
claude-fable-5 10 50 12.5 20 1
claude-fable-5-1 10 50 12.5 20 0.25
claude-fable-5-2 8 40 10 16 0.2
claude-mythos-5 10 50 12.5 20 1
claude-mythos-5-1 10 50 12.5 20 0.25
claude-mythos-5-2 8 40 10 16 0.2
""".strip().splitlines()


def rates_of(price: Price | None) -> ListRates:
    assert price is not None
    return ListRates(price.input, price.output, price.write_5m, price.write_1h, price.cache_read)


def rates(text: str) -> ListRates:
    return ListRates(*(pico(number) for number in text.split()))


def published_rates(row: dict[str, str]) -> ListRates:
    return ListRates(*(pico(row[column]) for column in STANDARD))


def next_row(row: dict[str, str]) -> dict[str, str] | None:
    later = [r for r in PUBLISHED if r["model"] == row["model"] and r["effective_from"] > row["effective_from"]]
    return min(later, key=lambda r: r["effective_from"]) if later else None


def row_id(row: dict[str, str]) -> str:
    return f"{row['model']}@{row['effective_from']}"


def test_the_table_has_the_published_rows_and_no_other(book: PriceBook) -> None:
    assert [f"{row.model}@{row.effective_from}" for row in book.rows()] == [row_id(row) for row in PUBLISHED]
    assert len(PUBLISHED) == 41


@pytest.mark.parametrize("row", PUBLISHED, ids=row_id)
def test_a_row_resolves_to_itself_from_its_first_to_its_last_millisecond(
    row: dict[str, str], resolve: Resolve, book: PriceBook, at: Callable[[str], int]
) -> None:
    first_ms = at(row["effective_from"])
    following = next_row(row)
    last_ms = at(following["effective_from"]) - 1 if following else at("2030-01-01")
    for at_ms in (first_ms, (first_ms + last_ms) // 2, last_ms):
        price = book.resolve(row["model"], "anthropic", at_ms, 1000)
        assert price is not None
        assert price.id == f"{row_id(row)}/standard"
        assert rates_of(price) == published_rates(row)
        assert (price.provider, price.model, price.tier) == ("anthropic", row["model"], "standard")
        assert (price.web_search, price.multiplier_permille) == (10_000_000, 1000)
    if following:
        after = book.resolve(row["model"], "anthropic", last_ms + 1, 1000)
        assert after is not None
        assert after.effective_from == following["effective_from"]


@pytest.mark.parametrize("row", PUBLISHED, ids=row_id)
def test_the_day_before_a_row_belongs_to_the_row_before_or_else_to_the_first(
    row: dict[str, str], resolve: Resolve
) -> None:
    day_before = date.fromisoformat(row["effective_from"]) - timedelta(days=1)
    earlier = [r["effective_from"] for r in PUBLISHED if r["model"] == row["model"]]
    earlier = [day for day in earlier if day < row["effective_from"]]
    price = resolve(row["model"], f"{day_before}T23:59:59.999")
    assert price is not None
    assert price.effective_from == max(earlier, default=row["effective_from"])


@pytest.mark.parametrize("row", PUBLISHED, ids=row_id)
def test_long_and_fast_rates_are_the_published_ones(row: dict[str, str], book: PriceBook) -> None:
    stored = next(r for r in book.rows() if (r.model, r.effective_from) == (row["model"], row["effective_from"]))
    assert stored.context_window == int(row["context_window"])
    assert stored.long_threshold == (int(row["long_context_threshold"]) if row["long_context_threshold"] else None)
    assert stored.long == (rates(LONG[row["model"]]) if row["long_input"] else None)
    if stored.long and row["long_input"]:
        assert stored.long[:2] == (pico(row["long_input"]), pico(row["long_output"]))
    if row["fast_input"]:
        assert stored.fast == rates(FAST[row["model"]][1])
        assert stored.fast[:2] == (pico(row["fast_input"]), pico(row["fast_output"]))
    # Mythos 5.2 has the fast rates of Fable 5.2 in the client's table and in genai-prices, though not in the list.
    elif row["model"] != "claude-mythos-5-2":
        assert stored.fast is None


def test_cache_rates_follow_their_published_ratios_to_input(book: PriceBook) -> None:
    for row in book.rows():
        for tier in (row.standard, row.long, row.fast):
            if tier is None:
                continue
            if "3-haiku" not in row.model:  # its writes were published as rounded figures
                assert tier.write_5m == tier.input * Decimal("1.25"), row
                assert tier.write_1h == tier.input * 2, row
            assert tier.cache_read * row.standard.input == row.standard.cache_read * tier.input, row


def test_each_row_says_where_it_is_from_and_when_it_was_checked(book: PriceBook) -> None:
    for row in book.rows():
        assert row.source
        assert row.checked_on == "2026-11-21"


@pytest.mark.parametrize("line", CLIENT, ids=lambda line: line.split()[0])
def test_the_table_agrees_with_the_client_s_own(line: str, resolve: Resolve) -> None:
    model, _, figures = line.partition(" ")
    assert rates_of(resolve(model)) == rates(figures)


@pytest.mark.parametrize("model", FAST)
def test_fast_rates_agree_with_the_client_s_own(model: str, resolve: Resolve) -> None:
    day, figures = FAST[model]
    assert rates_of(resolve(model, day, speed="fast")) == rates(figures)


def test_rows_of_a_model_are_found_under_any_form_of_its_id(book: PriceBook) -> None:
    days = [row.effective_from for row in book.price_rows_for("anthropic/claude-sonnet-5.5")]
    assert days == ["2026-09-28", "2026-10-07"]
    assert book.price_rows_for("gpt-5") == ()


def test_rows_under_a_regional_id_have_the_rates_of_the_region(book: PriceBook) -> None:
    (here,) = book.price_rows_for("claude-haiku-5-5")
    (there,) = book.price_rows_for("eu.anthropic.claude-haiku-5-5-v1:0")
    assert here.long is not None
    assert there.standard == tuple(rate * 11 // 10 for rate in here.standard)
    assert there.long == tuple(rate * 11 // 10 for rate in here.long)
    assert there.fast is None


def test_every_model_of_the_table_has_facts_and_no_other(book: PriceBook) -> None:
    assert set(all_facts()) == {row.model for row in book.rows()}


@pytest.mark.parametrize(
    ("model", "window", "tokenizer"),
    [
        ("claude-3-7-sonnet", 200_000, "old"),
        ("claude-opus-4-1", 200_000, "old"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 200_000, "old"),
        ("claude-opus-4-6[1m]", 1_000_000, "old"),
        ("claude-sonnet-4-6", 1_000_000, "old"),
        ("claude-opus-4-7", 1_000_000, "new"),
        ("claude-opus-4-8", 1_000_000, "new"),
        ("claude-opus-5-5", 1_000_000, "new"),
        ("claude-haiku-5-5", 1_000_000, "new"),
        ("claude-fable-5-2", 1_000_000, "new"),
    ],
)
def test_a_model_has_its_window_and_tokenizer(model: str, window: int, tokenizer: str) -> None:
    facts = facts_for(model)
    assert facts is not None
    assert (facts.context_window, facts.tokenizer) == (window, tokenizer)


def test_an_unknown_model_has_no_facts() -> None:
    assert facts_for("gpt-5") is None
    assert facts_for("<synthetic>") is None
