"""Figures and foreign text as people read them."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import HOSTILE, NOW_MS
from tui import words


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (912, "912"), (1000, "1.0k"), (14_230, "14.2k"), (148_000, "148k"), (1_254_000, "1.25M"), (None, "–")],
)
def test_tokens_in_three_figures(count: int | None, text: str) -> None:
    assert words.tokens(count) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(1900, "1.9 s"), (42_000, "42 s"), (24 * 60_000, "24 min"), (70 * 60_000, "1h10"), (72 * 3_600_000, "3 d")],
)
def test_durations_are_in_their_largest_unit(milliseconds: int, text: str) -> None:
    assert words.duration(milliseconds) == text


@pytest.mark.parametrize(("share", "text"), [(None, "–"), (0, "0%"), (0.0004, "<1%"), (0.484, "48%"), (1, "100%")])
def test_shares_never_round_something_to_nothing(share: float | None, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("dollars", "text"), [(0, "$0"), (1.5, "$1.50"), (12.0, "$12"), (300, "$300"), (12_000, "$12k"), (0.003, "$0.0030")]
)
def test_axis_money_is_short(dollars: float, text: str) -> None:
    assert words.axis_usd(dollars) == text


def test_call_costs_line_up() -> None:
    assert [words.fine_usd(nano) for nano in (51_900_000, 400_000, None)] == ["$0.0519", "$0.0004", "?"]


def test_names_without_their_wrapping() -> None:
    assert words.model_name("claude-opus-4-5-20251101") == "opus-4-5"
    assert words.model_name("anthropic/claude-sonnet-5-5") == "sonnet-5-5"
    assert words.project_name("D:\\work\\oh-my-posh") == "oh-my-posh"
    assert words.project_name("/") == "/"
    assert words.project_name(None) == "–"


def test_projects_of_one_name_are_told_apart_by_their_folders() -> None:
    paths = ["/home/u/work/api", "C:\\play\\api\\", "/srv/web", None, "/api"]
    assert words.project_names(paths) == ["api · work", "api · play", "web", "–", "api · /"]


@given(st.lists(st.sampled_from([*HOSTILE, "/a/b", "b", "/", "\\"]), max_size=6))
def test_every_project_has_a_plain_name(paths: list[str]) -> None:
    assert all(name and name == words.plain(name) for name in words.project_names(paths))


def test_times_are_of_the_given_zone() -> None:
    assert words.time_of_day(NOW_MS, UTC) == "14:02:11"
    assert words.day_and_time(NOW_MS, UTC) == "Nov 20 14:02"


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_becomes_one_plain_line(text: str) -> None:
    assert words.plain(text).isprintable()


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_fitted_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert words.cells(words.fit(text, width, right=right)) == width


def test_fitted_text_says_that_it_was_cut() -> None:
    assert words.fit("fix the upload", 8) == "fix the…"
    assert words.fit("任务修复", 6) == "任务… "
