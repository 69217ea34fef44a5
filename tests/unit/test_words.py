"""Shares, stretches of time and days as people read them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tracker import clock
from tracker.words import duration, modelled_percent, percent, tokens


@pytest.fixture(autouse=True)
def new_year(zone: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of January 2026 in UTC."""
    zone("UTC")
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 2, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (1900, "1.9 s"),
        (42_000, "42 s"),
        (24 * 60_000, "24 min"),
        (70 * 60_000, "1h10"),
        (72 * 3_600_000, "3 d"),
    ],
)
def test_durations_are_in_their_largest_unit(milliseconds: int | None, text: str) -> None:
    assert duration(milliseconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (0, "0%"), (0.0004, "<1%"), (0.484, "48%"), (1, "100%"), (-0.001, "0%")]
)
def test_shares_never_round_something_to_nothing(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(None, "?"), (0, "<1%"), (0.004, "<1%"), (0.006, "~1%"), (1, "~100%")])
def test_what_is_modelled_is_never_nothing(share: float | None, text: str) -> None:
    assert modelled_percent(share) == text


def test_times_of_another_year_name_it_in_no_more_room() -> None:
    ours, before = (datetime(year, 1, 1, 9, 12, tzinfo=UTC).timestamp() * 1000 for year in (2026, 2025))
    assert (clock.short_day(ours), clock.short_day(before)) == ("01-01", "2025-01-01")
    assert (clock.short_time(ours), clock.short_time(before)) == ("01-01 09:12", "2025-01-01")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (912, "912"),
        (1000, "1.0k"),
        (14_230, "14.2k"),
        (99_960, "100k"),
        (148_000, "148k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_254_000, "1.25M"),
        (9_994_999, "9.99M"),
        (9_996_000, "10.0M"),
        (12_345_000, "12.3M"),
        (None, "–"),
    ],
)
def test_tokens_in_three_figures(count: int | None, text: str) -> None:
    assert tokens(count) == text
