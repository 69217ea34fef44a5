"""Where the client compacts by itself, before the user's own compactions have told."""

import pytest

from tracker.advisor.trigger import trigger_tokens, window_of


@pytest.mark.parametrize(
    ("model", "largest_context", "window"),
    [
        ("claude-opus-4-5-20251101", 150_000, 200_000),
        ("claude-opus-4-6", 150_000, 200_000),
        ("claude-sonnet-4-6", 0, 200_000),
        ("claude-opus-4-6", 414_202, 1_000_000),
        ("claude-opus-4-8", 150_000, 1_000_000),
        ("unheard-of", 150_000, 200_000),
    ],
)
def test_the_window_is_the_clients_until_a_session_grows_beyond_it(
    model: str, largest_context: int, window: int
) -> None:
    assert window_of(model, largest_context) == window


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
    assert trigger_tokens("claude-opus-4-5-20251101", version, {}, 50_000) == trigger


def test_what_a_small_window_taught_says_nothing_of_a_large_one() -> None:
    learned = {str(window_of("claude-opus-4-6", 167_300)): 167_300}
    assert trigger_tokens("claude-sonnet-4-6", "2.1.49", learned, 50_000) == 167_300
    assert trigger_tokens("claude-opus-4-8", "2.1.217", learned, 50_000) == 967_000
