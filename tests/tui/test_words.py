"""Figures and foreign text as people read them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.reads.board import RecentCall
from tests.tui.fakes import HOSTILE, NOW_MS
from tracker.ingest import Progress
from tui import words
from tui.ingest_progress import IngestProgress
from tui.widgets.calls import call_columns, short_path
from tui.widgets.columns import plain_table


def test_a_day_of_another_year_has_its_year_in_no_more_room() -> None:
    a_year_ago = NOW_MS - 365 * 86_400_000
    assert words.day_and_time(NOW_MS, NOW_MS) == "Nov 20 14:02"
    assert words.day_and_time(a_year_ago, NOW_MS) == "Nov 20 2025"


def test_a_message_has_short_paths_and_where_those_do_not_fit_names_of_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TAXIMETER_HOME", str(tmp_path / "state"))
    message = f"{tmp_path / 'state' / 'plans.toml'}: not valid TOML, nor is {tmp_path / 'x'}"
    short = words.with_short_paths(message, 80)
    assert short == "~/state/plans.toml: not valid TOML, nor is ~/x"
    assert words.with_short_paths(message, len(short) - 1) == "plans.toml: not valid TOML, nor is ~/x"


def test_ingest_progress_is_shown_ten_times_a_second_and_soon_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds, said = [100.0], list[tuple[str, float]]()
    monkeypatch.setattr("tui.ingest_progress.time.monotonic", lambda: seconds[0])
    look = IngestProgress(lambda text, share: said.append((text, share)))
    for after, files, megabytes in ((0.0, 0, 0), (0.05, 1, 1), (0.1, 9, 2), (10.0, 300, 25)):
        seconds[0] = 100 + after
        look.on_files(Progress(files, 2_000, megabytes * 10**6, 100 * 10**6))
    look.on_sessions(900, 1_000)
    assert said == [
        ("0 of 2,000 files, 0 of 100 MB", 0.0),
        ("9 of 2,000 files, 2 of 100 MB", 0.02),
        ("300 of 2,000 files, 25 of 100 MB, 30 s left", 0.25),
        ("finding tasks in 900 of 1,000 sessions", 1.0),
    ]


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


def test_a_name_without_end_is_cut_before_it_is_drawn() -> None:
    endless = "宽" * 1_000_000
    assert len(words.model_name(endless)) == len(words.project_name(endless)) == 120
    assert words.fit(endless, 7) == "宽宽宽…"
    assert words.fit(f"{endless}\x1b", 7, right=True) == "宽宽宽…"


def test_projects_of_one_name_are_distinguished_by_their_folders() -> None:
    paths = ["/home/u/work/api", "C:\\play\\api\\", "/srv/web", None, "/api"]
    assert words.project_names(paths) == ["api · work", "api · play", "web", "–", "api · /"]


@given(st.lists(st.sampled_from([*HOSTILE, "/a/b", "b", "/", "\\"]), max_size=6))
def test_every_project_has_a_plain_name(paths: list[str]) -> None:
    assert all(name and name == words.plain(name) for name in words.project_names(paths))


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_becomes_one_plain_line(text: str) -> None:
    assert words.plain(text).isprintable()


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_fitted_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert words.cells(words.fit(text, width, right=right)) == width


def test_fitted_text_says_that_it_was_cut() -> None:
    assert words.fit("fix the upload", 8) == "fix the…"
    assert words.fit("任务修复", 6) == "任务… "


def test_a_long_path_is_told_from_its_end_whatever_system_wrote_it() -> None:
    long = "/home/dev/oh-my-posh/src/terminal/writer_test.go"
    assert short_path(long) == "…/src/terminal/writer_test.go"
    assert short_path("D:" + long.replace("/", "\\")) == "…\\src\\terminal\\writer_test.go"
    assert short_path("go test ./... with/many words in it") == "go test ./... with/many words in it"


def test_a_long_text_goes_on_in_a_second_line_at_a_blank() -> None:
    assert words.in_two("short", 20) == ("short", "")
    assert words.in_two("one two three four", 12) == ("one two …", "… three four")
    assert words.in_two("one two three four", 15) == ("one two three …", "… four")
    assert words.in_two("unbreakable-as-it-is", 10) == ("unbreaka…", "…ble-as-it-is")
    assert words.in_two("anything", 4) == ("anything", "")


@given(st.sampled_from([*HOSTILE, "任务：修复上传测试任务：修复上传测试", "a " * 40]), st.integers(8, 60))
def test_no_word_is_lost_between_two_lines(text: str, width: int) -> None:
    first, rest = words.in_two(words.plain(text), width)
    assert words.cells(first) <= width
    said = first.removesuffix("…") + rest.removeprefix("…")
    assert said.split() == words.plain(text).split() or said == words.plain(text)


def test_a_subagents_kind_is_named_whole_beside_a_long_command() -> None:
    asked = RecentCall(
        "a1", "general-purpose", 0, 1_000, 2_000, "opus", 3, 146_201, 1_804, 412, 0, None, None, "Bash", "make " * 12
    )
    shown = plain_table(call_columns(None), [asked, asked._replace(chain="")], 118, 3)
    assert [str(row).split()[1:3] for row in shown[1:]] == [["↳", "general-purpose"], ["main", "3"]]
