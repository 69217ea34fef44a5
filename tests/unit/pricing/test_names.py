"""Every form of an id leads to one name, and nothing that is not a model leads to a model."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import Price
from tracker.pricing import PriceBook, normalise

Resolve = Callable[..., Price | None]

FORMS = [
    # id, canonical, provider of the form, region multiplier, fast
    ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", "anthropic", 1000, False),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", 1000, False),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", "anthropic", 1000, False),
    ("claude-3-5-sonnet", "claude-3-5-sonnet-20241022", "anthropic", 1000, False),
    ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20240620", "anthropic", 1000, False),
    ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", "anthropic", 1000, False),
    ("claude-3-haiku", "claude-3-haiku-20240307", "anthropic", 1000, False),
    ("claude-opus-4-0", "claude-opus-4-20250514", "anthropic", 1000, False),
    ("claude-opus-4", "claude-opus-4-20250514", "anthropic", 1000, False),
    ("claude-opus-4-20250514", "claude-opus-4-20250514", "anthropic", 1000, False),
    ("claude-opus-4-1", "claude-opus-4-1-20250805", "anthropic", 1000, False),
    ("claude-4-opus", "claude-opus-4-20250514", "anthropic", 1000, False),
    ("claude-mythos-preview", "claude-mythos-preview", "anthropic", 1000, False),
    ("claude-opus-5-latest", "claude-opus-5", "anthropic", 1000, False),
    ("claude-opus-5-5-20260922", "claude-opus-5-5", "anthropic", 1000, False),
    # the client's suffix
    ("claude-sonnet-4-20250514[1m]", "claude-sonnet-4-20250514", "anthropic", 1000, False),
    ("claude-opus-4-6[1m]", "claude-opus-4-6", "anthropic", 1000, False),
    ("claude-opus-4-6 [1M]", "claude-opus-4-6", "anthropic", 1000, False),
    # classic Cline's suffixes
    ("claude-sonnet-4-5-20250929:1m", "claude-sonnet-4-5-20250929", "anthropic", 1000, False),
    ("claude-opus-4-6:fast", "claude-opus-4-6", "anthropic", 1000, True),
    ("claude-opus-4-6:1m:fast", "claude-opus-4-6", "anthropic", 1000, True),
    # Bedrock
    ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "bedrock", 1100, False),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "bedrock", 1100, False),
    ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001", "bedrock", 1100, False),
    ("apac.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514", "bedrock", 1000, False),
    ("au.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "bedrock", 1100, False),
    ("jp.anthropic.claude-opus-4-8", "claude-opus-4-8", "bedrock", 1100, False),
    ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "bedrock", 1000, False),
    ("anthropic.claude-opus-4-8", "claude-opus-4-8", "bedrock", 1100, False),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250805", "bedrock", 1000, False),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022", "bedrock", 1000, False),
    ("anthropic.claude-sonnet-4-20250514-v1:0:1m", "claude-sonnet-4-20250514", "bedrock", 1000, False),
    (
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6",
        "claude-sonnet-4-6",
        "bedrock",
        1100,
        False,
    ),
    (
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "claude-haiku-4-5-20251001",
        "bedrock",
        1000,
        False,
    ),
    # Vertex
    ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001", "vertex", 1000, False),
    ("claude-sonnet-4-5@default", "claude-sonnet-4-5-20250929", "vertex", 1000, False),
    ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022", "vertex", 1000, False),
    (
        "projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-6",
        "claude-opus-4-6",
        "vertex",
        1100,
        False,
    ),
    ("locations/global/publishers/anthropic/models/claude-opus-4-6", "claude-opus-4-6", "vertex", 1000, False),
    # OpenRouter
    ("anthropic/claude-sonnet-4.6", "claude-sonnet-4-6", "openrouter", 1000, False),
    ("anthropic/claude-3.7-sonnet", "claude-3-7-sonnet-20250219", "openrouter", 1000, False),
    ("anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet-20250219", "openrouter", 1000, False),
    ("anthropic/claude-sonnet-4:beta", "claude-sonnet-4-20250514", "openrouter", 1000, False),
    ("anthropic/claude-sonnet-4.5:1m", "claude-sonnet-4-5-20250929", "openrouter", 1000, False),
    ("anthropic/claude-4.6-opus-fast-20260407", "claude-opus-4-6", "openrouter", 1000, True),
    ("anthropic/claude-opus-4.6-fast", "claude-opus-4-6", "openrouter", 1000, True),
    ("anthropic/claude-4.5-sonnet-20250929", "claude-sonnet-4-5-20250929", "openrouter", 1000, False),
    ("anthropic/claude-5-fable-20260609", "claude-fable-5", "openrouter", 1000, False),
    ("anthropic/claude-opus-5.5-20260921", "claude-opus-5-5", "openrouter", 1000, False),
    # gateways that sell a model's thinking under a name of its own
    ("claude-opus-4-6-thinking", "claude-opus-4-6", "anthropic", 1000, False),
    ("claude-sonnet-4-5-20250929-thinking", "claude-sonnet-4-5-20250929", "anthropic", 1000, False),
    # noise
    ("  Claude-Sonnet-5 \n", "claude-sonnet-5", "anthropic", 1000, False),
    ("Claude Opus 4.5", "claude-opus-4-5-20251101", "anthropic", 1000, False),
    # a model newer than the table keeps its own name
    ("us.anthropic.claude-opus-7-1-v1:0", "claude-opus-7-1", "bedrock", 1100, False),
    ("claude-opus-4-55", "claude-opus-4-55", "anthropic", 1000, False),
    # no Claude model: the id as it is
    ("gpt-5-mini", "gpt-5-mini", "", 1000, False),
    ("deepseek/deepseek-chat-v3:free", "deepseek/deepseek-chat-v3:free", "", 1000, False),
    ("opus[1m]", "opus", "", 1000, False),
    ("<synthetic>", "", "", 1000, False),
    ("", "", "", 1000, False),
]


@pytest.mark.parametrize(("model", "canonical", "provider", "permille", "fast"), FORMS)
def test_every_form_of_an_id_leads_to_its_model(
    model: str, canonical: str, provider: str, permille: int, fast: bool
) -> None:
    assert normalise(model) == (canonical, provider, permille, fast)


def test_each_id_of_the_table_names_itself(book: PriceBook) -> None:
    for row in book.rows():
        assert normalise(row.model).canonical == row.model


@pytest.mark.parametrize(
    "model",
    [
        *("opus", "sonnet", "haiku", "fable", "best", "opusplan", "default", "sonnet[1m]", "opusplan[1m]"),
        *("<synthetic>", "", "claude", "claude-opus", "claude-opus-latest", "claude-sonnet", "anthropic/claude"),
        *("claude-opus-4-9", "claude-opus-4-55", "claude-opus-55", "claude-haiku-5", "claude-sonnet-4-5-5"),
        *("claude-opus-5-5-turbo", "claude-opus-5-5-mini", "my-claude-opus-5-5", "claude-opus-5-5-2026"),
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/claude-opus-4-5",
        "global.anthropic.claude-opus-9-v1:0",
    ],
)
@pytest.mark.parametrize("provider", [None, "anthropic", "bedrock", "openrouter", "vertex"])
def test_an_unknown_model_name_has_no_price(model: str, provider: str | None, resolve: Resolve) -> None:
    assert resolve(model, provider=provider) is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error_and_alike_in_capitals(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert normalise(plain.upper()) == normalise(plain.lower())
    assert isinstance(normalise(text).canonical, str)


@given(st.sampled_from([form for form in FORMS if form[1]]), st.text(alphabet=" \t\n", max_size=4))
def test_space_around_an_id_changes_nothing(form: tuple[str, str, str, int, bool], space: str) -> None:
    assert normalise(space + form[0].upper() + space) == form[1:]
