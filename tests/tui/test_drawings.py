"""Bars, split bar, heat map, gauges, cache clock and hatch as text."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import HOSTILE, NOW_MS, TODAY, usd
from tracker.bars import bar, lengths
from tui.widgets.bars import Row, bar_rows, legend
from tui.widgets.cache_clock import cache_state, clock_words
from tui.widgets.empty import hatched, reading
from tui.widgets.gauge import context_gauge, share_gauge
from tui.widgets.heatmap import bounds, heatmap, shade
from tui.widgets.plot import Series
from tui.widgets.split_bar import SPLIT, Part, split_bar, split_key


def text(lines: Sequence[object]) -> list[str]:
    return [str(line).rstrip() for line in lines]


def test_bars_lie_between_name_and_figure() -> None:
    rows = [Row("api", 40, "$40.00", note="80%"), Row("web", 10, "$10.00", note="20%")]
    assert text(bar_rows(rows, 34, 5)) == [
        "api ███████████████████ $40.00 80%",
        "web ████▊               $10.00 20%",
    ]


def test_names_that_would_read_the_same_are_cut_in_their_middle() -> None:
    rows = [Row("payments · work", 40, "$40.00", note="80%"), Row("payments · home", 10, "$10.00", note="20%")]
    assert [text(bar_rows(rows, width, 5))[0] for width in (34, 29, 28, 25, 16)] == [
        "payments · work ███████ $40.00 80%",
        "payme… work ██████ $40.00 80%",
        "paym… work ██████ $40.00 80%",
        "pay…work █████ $40.00 80%",
        "paym…work $40.00",
    ]


def test_bars_make_room_where_names_differ_in_their_middle_alone() -> None:
    rows = [Row("payments-one-work", 40, "$40.00"), Row("payments-two-work", 10, "$10.00")]
    assert text(bar_rows(rows, 24, 5)) == ["payments-o… █████ $40.00", "payments-t… █▎    $10.00"]


def test_bars_without_room_say_how_many_are_missing() -> None:
    rows = [Row(name, 1, "$1.00") for name in "abcde"]
    assert text(bar_rows(rows, 30, 3))[-1] == "3 others"


def test_a_sliver_for_anything_above_nothing() -> None:
    assert bar(0.0001, 100, 10) == "▏"
    assert bar(0, 100, 10) == ""


def test_legend_leaves_out_what_does_not_fit() -> None:
    series = [Series("█", "", "opus"), Series("▒", "", "a-very-long-model-name")]
    assert str(legend(series, 20)) == "█ opus"
    assert str(legend(series, 60, ["$1.00", ""])) == "█ opus $1.00"


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=7), st.integers(7, 200))
def test_split_bar_fills_its_width_and_shows_every_part(amounts: list[int], width: int) -> None:
    sizes = lengths(amounts, width)
    assert sum(sizes) == (width if sum(amounts) else 0)
    assert all(size >= 1 for size, amount in zip(sizes, amounts, strict=True) if amount)


def test_split_bar_reads_without_colour() -> None:
    parts = [Part(series, usd(amount)) for series, amount in zip(SPLIT.values(), (1, 1, 1, 2, 2, 1, 0), strict=True)]
    assert str(split_bar(parts, 16)) == "▒▒▓▓░░████▇▇▇▇▚▚"
    assert len({series.glyph for series in SPLIT.values()}) == len(SPLIT)
    assert str(split_key(parts, 80)[0]).startswith("▒ baseline 12%   ▓ inherited 12%   ░ own 12%   █ fresh 25%")
    assert str(split_key(parts, 90, with_dollars=True)[0]).startswith("▒ baseline $1.00")


def test_heat_map_puts_days_on_their_weekday_and_names_its_shades() -> None:
    amounts = {TODAY: 4.0, TODAY - timedelta(days=1): 1.0, TODAY - timedelta(days=2): 2.0, date(2020, 1, 1): 99.0}
    lines = text(heatmap(amounts, TODAY, 20))
    assert lines[1].startswith("Mon ·")
    assert lines[5][-1] == "▓"  # Friday, the last day shown
    assert lines[4][-1] == "░"
    assert lines[7][-1] == "·"  # the Sunday before
    assert "to $1" in str(heatmap(amounts, TODAY, 80)[-1])


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (80, "    · nothing  ░ to $0.39  ▒ to $0.90  ▓ to $1.52  █ more"),
        (56, "   · nothing  ░ to $0.39  ▒ to $0.90  ▓ to $1.52  █ more"),
        (48, "    · nothing ░ $0.39 ▒ $0.90 ▓ $1.52 █ more"),
        (36, "  · 0 ░ $0.39 ▒ $0.90 ▓ $1.52 █ more"),
        (30, "· 0 ░ $0.39 ▒ $0.90 ▓ $1.52 █…"),
    ],
)
def test_the_key_of_the_heat_map_fits(width: int, words: str) -> None:
    amounts = {TODAY - timedelta(days=index): amount for index, amount in enumerate((0.39, 0.90, 1.52, 7.0))}
    assert str(heatmap(amounts, TODAY, width)[-1]) == words


def test_the_key_of_few_days_names_each_amount_once() -> None:
    amounts = {TODAY: 75.54, TODAY - timedelta(days=1): 0.02, TODAY - timedelta(days=2): 0.02}
    key = text(heatmap(amounts, TODAY, 80))[-1]
    assert key.split() == ["·", "nothing", "░", "to", "$0.02", "▓", "to", "$75.54", "█", "more"]


def test_heat_map_of_nothing_is_a_calendar_of_dots() -> None:
    assert set("".join(text(heatmap({}, TODAY, 60)[1:8]))) <= set("MonWedFri· ")


@given(st.dictionaries(st.dates(TODAY - timedelta(days=300), TODAY), st.floats(0.01, 1e6), min_size=4))
def test_heat_shades_rise_with_the_amount(amounts: dict[date, float]) -> None:
    limits = bounds(amounts)
    shades = [shade(amount, limits) for amount in sorted(amounts.values())]
    assert shades == sorted(shades)
    assert shades[0] == 1


def test_context_gauge_marks_the_compact_level() -> None:
    drawn = str(context_gauge(148_000, 200_000, 112_000, 40))
    assert drawn.startswith(" 148k █")
    assert drawn.endswith(" 200k")
    assert "│" in drawn


def test_share_gauge_warns_in_words() -> None:
    assert str(share_gauge("5h", 0.42, 40)).endswith(" 42%")
    assert str(share_gauge("wk", 0.95, 40)).endswith("95% nearly full")
    assert str(share_gauge("wk", 1.3, 40)).endswith("130% over")


@pytest.mark.parametrize(
    ("age_seconds", "words"),
    [
        (0, "warm 60:00"),
        (1308, "warm 38:12"),
        (3546, "cooling 0:54"),
        (3600, "cold"),
        (99_999, "cold"),
        (-3, "warm 59:57"),
        (-99_999, "cold"),
    ],
)
def test_cache_clock_runs_from_warm_to_cold(age_seconds: int, words: str) -> None:
    assert str(clock_words(cache_state(NOW_MS - age_seconds * 1000, 3_600_000, NOW_MS))) == words


def test_cache_clock_without_a_lifetime_claims_nothing() -> None:
    assert str(clock_words(cache_state(NOW_MS, None, NOW_MS))) == "unknown"


@given(st.integers(1, 140), st.integers(1, 45), st.sampled_from(HOSTILE))
def test_hatch_fits_any_size(width: int, height: int, title: str) -> None:
    lines = hatched(title, "looked in ~/.claude", command="taximeter demo")(width, height)
    assert len(lines) == height
    assert all(line.cell_length <= width for line in lines)


def test_hatch_names_reason_and_command() -> None:
    lines = text(hatched("No sessions yet", "looked in ~/.claude/projects", command="taximeter demo")(60, 12))
    assert any("No sessions yet" in line for line in lines)
    assert any(" taximeter demo " in line for line in lines)
    assert lines[0].startswith("╱     ╱     ╱")


@pytest.mark.parametrize("height", [4, 5, 8])
def test_a_hatch_without_room_for_all_keeps_the_command(height: int) -> None:
    lines = text(hatched("No sessions yet", *["looked in a folder"] * 9, command="taximeter demo")(40, height))
    assert len(lines) == height
    assert any(" No sessions yet " in line for line in lines)
    assert any(" taximeter demo " in line for line in lines)


def test_progress_is_a_bar_with_words() -> None:
    lines = text(reading(0.5, "40 of 80 files, 200 of 400 MB", 80, 10))
    assert any("40 of 80 files" in line for line in lines)
    assert any("█" * 24 + "─" * 24 in line for line in lines)
