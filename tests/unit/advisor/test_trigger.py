"""Where the client compacts by itself, before and after the user's own compactions have told."""

import pytest

from tracker.advisor.trigger import client_of, lesson_key, trigger_of, window_of
from tracker.model.forecast.auto_compaction import Client, TriggerSource

CLAUDE, CLINE, CLASSIC, ROO = Client


@pytest.mark.parametrize(
    ("model", "largest_context", "window"),
    [
        ("claude-opus-4-5-20251101", 150_000, 200_000),
        ("claude-opus-4-6", 150_000, 200_000),
        ("claude-sonnet-4-6", 0, 200_000),
        ("claude-opus-4-6", 414_202, 1_000_000),
        ("claude-opus-4-8", 150_000, 1_000_000),
        ("unheard-of", 150_000, 200_000),
        ("unheard-of", 1_200_000, 1_200_000),
    ],
)
def test_the_window_is_the_clients_until_a_session_grows_beyond_it(
    model: str, largest_context: int, window: int
) -> None:
    assert window_of(CLAUDE, model, largest_context) == window


@pytest.mark.parametrize(
    ("client", "model", "largest_context", "window"),
    [
        (CLINE, "claude-sonnet-4-5-20250929", 0, 200_000),
        (CLINE, "claude-sonnet-4-6", 0, 1_000_000),
        (CLASSIC, "claude-sonnet-4-6", 0, 200_000),
        (CLASSIC, "anthropic/claude-sonnet-4.5:1m", 0, 1_000_000),
        (CLASSIC, "claude-opus-4-6:1m:fast", 0, 1_000_000),
        (ROO, "claude-opus-4-7", 0, 200_000),
        (ROO, "claude-opus-4-7", 250_000, 1_000_000),
        (CLINE, "unheard-of", 120_000, 128_000),
        (CLINE, "unheard-of", 140_000, 200_000),
        (ROO, "unheard-of", 240_000, 1_000_000),
    ],
)
def test_cline_and_roo_give_windows_of_their_own(client: Client, model: str, largest_context: int, window: int) -> None:
    assert window_of(client, model, largest_context) == window


@pytest.mark.parametrize(
    ("version", "trigger"),
    [
        ("1.0.128", 155_000),
        ("2.0.76", 155_000),
        ("2.1.20", 155_000),
        ("2.1.25", 167_000),
        ("2.1.329", 167_000),
        (None, 167_000),
        ("unheard-of", 167_000),
    ],
)
def test_old_clients_kept_a_wider_margin(version: str | None, trigger: int) -> None:
    found = trigger_of(CLAUDE, "claude-opus-4-5-20251101", version, {}, 50_000)
    assert found == (trigger, TriggerSource.SHIPPED)


def test_a_version_of_clines_is_none_of_claude_codes() -> None:
    assert trigger_of(CLINE, "claude-opus-4-5-20251101", "1.2.3", {}, 50_000) == (180_000, TriggerSource.SHIPPED)


def test_what_a_small_window_taught_says_nothing_of_a_large_one() -> None:
    learned = {lesson_key(CLAUDE, "claude-opus-4-6", 167_300): 167_300}
    assert learned == {"200000": 167_300}
    assert trigger_of(CLAUDE, "claude-sonnet-4-6", "2.1.49", learned, 50_000) == (167_300, TriggerSource.LEARNED)
    assert trigger_of(CLAUDE, "claude-opus-4-8", "2.1.217", learned, 50_000) == (967_000, TriggerSource.SHIPPED)


@pytest.mark.parametrize(
    ("model", "shipped"), [("claude-opus-4-5-20251101", (180_000, 160_000)), ("m", (115_200, 98_000))]
)
def test_clines_generations_teach_nothing_about_each_other(model: str, shipped: tuple[int, int]) -> None:
    for tokens, teacher, other in ((shipped[0], CLASSIC, CLINE), (shipped[1], CLINE, CLASSIC)):
        learned = {lesson_key(teacher, model, 90_000): 95_000}
        assert trigger_of(teacher, model, None, learned, 90_000) == (95_000, TriggerSource.LEARNED)
        assert trigger_of(other, model, None, learned, 90_000).tokens == tokens


def test_where_the_window_is_unknown_a_size_is_assumed_until_its_own_compactions_tell() -> None:
    learned = {lesson_key(CLINE, "gpt-5", 244_800): 244_800}
    assert trigger_of(CLINE, "gpt-5", None, learned, 50_000) == (244_800, TriggerSource.LEARNED)
    assert trigger_of(CLINE, "unheard-of", None, learned, 50_000) == (115_200, TriggerSource.ASSUMED)
    assert trigger_of(CLINE, "unheard-of", None, learned, 150_000) == (180_000, TriggerSource.ASSUMED)


def test_a_session_beyond_the_clients_size_may_fill_the_window() -> None:
    assert trigger_of(CLASSIC, "claude-sonnet-4-6", None, {}, 171_000) == (200_000, TriggerSource.ASSUMED)


@pytest.mark.parametrize(
    ("agent", "session", "client"),
    [
        ("claude-code", "5ea3b8df-6e0c-4a8e-9d55-0a4a6f6f2a11", CLAUDE),
        ("cline", "1795225703625_e4j7i", CLINE),
        ("cline", "1795225703625", CLASSIC),
        ("roo", "1795225703625", ROO),
    ],
)
def test_clines_generations_differ_in_their_sessions_ids(agent: str, session: str, client: Client) -> None:
    assert client_of(agent, session) == client
