"""Days that a time zone cuts: `plans` over them, and lists that begin and end with them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.history import DOLLAR, last_days, write_history
from tests.cli.running import Taximeter

pytestmark = pytest.mark.usefixtures("still")


def test_days_are_cut_in_the_zone_of_now(taximeter: Taximeter, tmp_path: Path, zone: Callable[[str], None]) -> None:
    """Work at 23:30 UTC is the next day's in Tokyo; a change of zone moves it without a new reading."""
    moments = last_days(56, hour=23)
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    active = {}
    for name in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        zone(name)
        report = taximeter("plans", "--json").json()
        active[name] = report["history"]["first"]
        assert report["recommendation"]["plan"] == "pro"
    first = min(moments).date()
    assert active["UTC"] == first.isoformat()
    assert active["Asia/Tokyo"] == (first + timedelta(days=1)).isoformat()
    assert active["America/Los_Angeles"] == first.isoformat()


def test_a_day_of_25_hours_is_one_day(taximeter: Taximeter, tmp_path: Path, zone: Callable[[str], None]) -> None:
    zone("Europe/Berlin")
    night = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 00:30 local, before clocks go back
    moments = {night + timedelta(hours=hours): DOLLAR for hours in (0, 1, 2, 24)}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    rows = taximeter("spend", "--by", "day", "--json").json()["rows"]
    assert [(row["key"], row["cost_usd"]) for row in rows] == [("2026-10-25", "4.000000000")]
    assert taximeter("plans", "--json").json()["history"]["active_days"] == 1


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Africa/Cairo", "2026-04-24"),  # 23:59, then 01:00
        ("America/Havana", "2026-03-08"),
        ("Asia/Beirut", "2026-03-29"),
        ("America/Havana", "2026-11-01"),  # 00:59, then 00:00 again
        ("Europe/Berlin", "2026-03-29"),
    ],
)
def test_calls_and_spend_cut_a_day_at_the_same_moment(
    taximeter: Taximeter, tmp_path: Path, zone: Callable[[str], None], name: str, day: str
) -> None:
    zone(name)
    around = datetime.fromisoformat(day).replace(tzinfo=UTC)
    moments = {around + timedelta(minutes=30 * half): DOLLAR for half in range(-26, 80)}
    taximeter.claude_dirs = [write_history(tmp_path / "c", moments)]
    only = ("--since", day, "--until", day, "--json")
    listed, summed = taximeter("calls", *only).json_lines(), taximeter("spend", *only).json()
    assert len(listed) == summed["total"]["calls"] > 0
    assert {datetime.fromisoformat(one["first_at"]).astimezone().date().isoformat() for one in listed} == {day}
