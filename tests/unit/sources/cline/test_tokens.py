"""What each provider's counts mean (CLINE section 3), and what no count may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import CallFlag
from tracker.sources.bounds import LARGEST_COUNT
from tracker.sources.cline.tokens import (
    Recorded,
    classic_tokens,
    count,
    inclusive_tokens,
    is_plan_paid,
    nano_cost,
    reported_cost,
)

CLAUDE = "claude-sonnet-4-5-20250929"
counts = st.integers(min_value=0, max_value=10**9)
providers = st.sampled_from(
    ["anthropic", "openrouter", "openai", "litellm", "deepseek", "gemini", "xai", "bedrock", "vertex", "unknown"]
)


@pytest.mark.parametrize(
    ("provider", "recorded", "expected"),
    [
        # in, out, writes, reads -> input, read, write, output
        ("anthropic", (4, 244, 11_832, 0), (4, 0, 11_832, 244)),
        ("openrouter", (4, 241, 11_832, 500), (4, 500, 11_832, 241)),
        ("cline", (10, 20, 30, 40), (10, 40, 30, 20)),
        ("openai", (9_380, 83, 0, 8_960), (420, 8_960, 0, 83)),
        ("openai", (1_000, 10, 600, 400), (600, 400, 0, 10)),  # what missed the cache is ordinary input
        ("xai", (1_000, 10, 0, 400), (600, 400, 0, 10)),
        ("fireworks", (1_000, 10, 600, 400), (600, 400, 0, 10)),
        ("litellm", (1_000, 10, 200, 700), (100, 700, 200, 10)),
        ("requesty", (1_000, 10, 200, 700), (100, 700, 200, 10)),
        ("deepseek", (0, 10, 600, 400), (600, 400, 0, 10)),
        ("ollama", (500, 10, 0, 0), (500, 0, 0, 10)),
    ],
)
def test_counts_by_provider(
    provider: str, recorded: tuple[int, int, int, int], expected: tuple[int, int, int, int]
) -> None:
    tokens = classic_tokens(Recorded(*recorded, None), provider, "some-model")
    assert (tokens.input, tokens.cache_read, tokens.write_5m, tokens.output) == expected


@pytest.mark.parametrize(
    ("provider", "model", "flag"),
    [
        ("anthropic", CLAUDE, CallFlag.ESTIMATED),
        ("vertex", "claude-sonnet-4@20250514", CallFlag.ESTIMATED),
        ("vertex", "gemini-2.5-pro", CallFlag.OUTPUT_IS_FLOOR),
        ("gemini", "gemini-2.5-pro", CallFlag.OUTPUT_IS_FLOOR),
        ("vscode-lm", "copilot/gpt-5", CallFlag.ESTIMATED),
        ("openrouter", "anthropic/claude-sonnet-4.5", 0),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", 0),
        ("openai", "gpt-5", 0),
    ],
)
def test_doubtful_outputs_are_marked(provider: str, model: str, flag: int) -> None:
    assert classic_tokens(Recorded(10, 20, 0, 0, None), provider, model).flags == flag


def test_cache_writes_without_a_lifetime_are_marked() -> None:
    assert classic_tokens(Recorded(1, 1, 5, 0, None), "openrouter", "m").flags == CallFlag.TTL_UNKNOWN


def test_a_total_smaller_than_its_parts_is_taken_as_what_was_not_cached() -> None:
    tokens = inclusive_tokens(Recorded(4, 241, 11_832, 0, None))
    assert (tokens.input, tokens.write_5m) == (4, 11_832)
    assert tokens.flags & CallFlag.ESTIMATED


@given(counts, counts, counts, counts)
def test_an_inclusive_total_is_split_without_a_rest(fresh: int, read: int, written: int, output: int) -> None:
    tokens = inclusive_tokens(Recorded(fresh + read + written, output, written, read, None))
    assert (tokens.input, tokens.cache_read, tokens.write_5m, tokens.output) == (fresh, read, written, output)


@given(providers, counts, counts, counts, counts)
def test_no_convention_makes_tokens_or_loses_cache_reads(
    provider: str, tokens_in: int, output: int, written: int, read: int
) -> None:
    tokens = classic_tokens(Recorded(tokens_in, output, written, read, None), provider, "m")
    assert min(tokens[:4]) >= 0
    assert (tokens.cache_read, tokens.output) == (read, output)
    assert tokens.input + tokens.write_5m <= tokens_in + written
    assert tokens.input + tokens.cache_read + tokens.write_5m >= max(read, tokens_in if provider != "openai" else 0)


@pytest.mark.parametrize(
    ("provider", "amount", "expected"),
    [
        ("anthropic", 0.048042, 48_042_000),
        ("anthropic", 0.0, None),  # no price known
        ("openai", 0.0, None),
        ("openrouter", 0.0, 0),  # a free model
        ("openai-codex", 0.0, 0),  # a plan pays
        ("ollama", 0.0, 0),
        ("asksage", 12.0, None),  # counted in its own tokens, not dollars
        ("anthropic", None, None),
        ("anthropic", -1.0, None),
    ],
)
def test_a_reported_zero_counts_only_where_the_provider_may_be_free(
    provider: str, amount: float | None, expected: int | None
) -> None:
    assert reported_cost(Recorded(10, 10, 0, 0, nano_cost(amount)), provider) == expected


def test_plans_pay_where_the_provider_asks_for_nothing() -> None:
    assert is_plan_paid("claude-code", 0)
    assert is_plan_paid("cline-pass", None)
    assert not is_plan_paid("claude-code", 5_000)
    assert not is_plan_paid("anthropic", None)


@pytest.mark.parametrize(("value", "expected"), [(None, 0), (-3, 0), (7, 7), (7.0, 7), (float("nan"), 0)])
def test_counts_are_never_negative(value: float | None, expected: int) -> None:
    assert count(value) == expected


@pytest.mark.parametrize("absurd", [1e30, LARGEST_COUNT + 1])
def test_absurd_counts_are_refused(absurd: float) -> None:
    with pytest.raises(ValueError, match="not a token count"):
        count(absurd)
