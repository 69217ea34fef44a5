"""Where each client shortens the context by itself, worked out from its published rule."""

import pytest

from tracker.model.forecast.auto_compaction import Client, shipped_trigger, unknown_window


@pytest.mark.parametrize(
    ("client", "window", "trigger"),
    [
        (Client.CLAUDE_CODE, 200_000, 167_000),
        (Client.CLAUDE_CODE, 1_000_000, 967_000),
        (Client.CLINE, 200_000, 180_000),
        (Client.CLINE, 1_000_000, 900_000),
        (Client.CLINE, 128_000, 115_200),
        (Client.CLINE_CLASSIC, 64_000, 37_000),
        (Client.CLINE_CLASSIC, 128_000, 98_000),
        (Client.CLINE_CLASSIC, 131_072, 104_858),
        (Client.CLINE_CLASSIC, 200_000, 160_000),
        (Client.CLINE_CLASSIC, 1_000_000, 960_000),
        (Client.ROO, 200_000, 171_808),
        (Client.ROO, 128_000, 107_008),
    ],
)
def test_each_client_has_its_own_size(client: Client, window: int, trigger: int) -> None:
    assert shipped_trigger(client, window) == trigger


@pytest.mark.parametrize(
    ("version", "trigger"),
    [("2.1.20", 155_000), ("2.1.21", 167_000), ("3.0.65", 167_000), ("", 167_000), (None, 167_000)],
)
def test_claude_codes_margin_was_wider(version: str | None, trigger: int) -> None:
    assert shipped_trigger(Client.CLAUDE_CODE, 200_000, version) == trigger


def test_a_model_that_the_client_does_not_know_gets_its_stand_in() -> None:
    assert [unknown_window(client) for client in Client] == [200_000, 128_000, 128_000, 128_000]
