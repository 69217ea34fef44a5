"""Times that a record can mean, in every form in which agents write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sources.claude_code.lines import epoch_ms
from tracker.sources.times import EARLIEST_MS, LATEST_MS, iso_ms, sane_ms

times = st.integers(EARLIEST_MS, LATEST_MS)


def iso(at: int, zone: timezone = UTC) -> str:
    return (datetime.fromtimestamp(at // 1000, zone) + timedelta(milliseconds=at % 1000)).isoformat(
        timespec="milliseconds"
    )


@given(times, st.integers(-14 * 60, 14 * 60))
def test_a_time_is_the_same_in_every_form(at: int, minutes_ahead: int) -> None:
    utc = iso(at)
    ahead = iso(at, timezone(timedelta(minutes=minutes_ahead)))
    assert epoch_ms(utc.replace("+00:00", "Z")) == iso_ms(utc) == iso_ms(ahead) == epoch_ms(ahead) == at
    assert sane_ms(at) == at


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2026-11-20T12:00:xx.000Z",
        "9999-12-31T23:59:59.000Z",
        "9999-12-31T23:59:59.000-09:00",
        "2200-01-01T00:00:00.000Z",
        "1999-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00.000+09:00",
        "0001-01-01T00:00:00",
    ],
)
def test_a_time_that_makes_no_sense_is_none(text: str | None) -> None:
    assert iso_ms(text) is None
    assert epoch_ms(text) is None


@pytest.mark.parametrize("at", [None, 0, -5, 1e300, EARLIEST_MS - 1, LATEST_MS + 1, 253_402_300_799_000])
def test_a_number_out_of_range_is_no_time(at: float | None) -> None:
    assert sane_ms(at) is None
