"""Long work says on a terminal how far it has come, and leaves nothing behind."""

import time
from collections.abc import Callable

import pytest

from tests.cli.running import Taximeter
from tracker.cli import progress_bar
from tracker.cli.progress_bar import progress_bar as shown_progress


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """What is drawn on stderr, a terminal, without waiting for work that takes long."""
    monkeypatch.setattr(progress_bar, "_columns", lambda: 80)
    monkeypatch.setattr(progress_bar, "_AFTER_SECONDS", 0.0)
    return lambda: capsys.readouterr().err


def _lines(drawn: str) -> list[str]:
    return [line.rstrip() for line in drawn.split("\r\x1b[2K")]


def test_a_share_is_a_bar_and_what_is_no_share_are_words(terminal: Callable[[], str]) -> None:
    with shown_progress("finding tasks") as show:
        show(None, "1,425 sessions")
        show(0.5, "not so soon")
    assert _lines(terminal()) == ["", "finding tasks  1,425 sessions", ""]


def test_the_bar_grows_and_tells_the_time_left(terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 101.0, 103.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with shown_progress("reading") as show:
        show(0.0, "0/8 files")
        show(0.25, "2/8 files")
    assert _lines(terminal())[1:] == [
        f"reading  {'░' * 24}  0/8 files",
        f"reading  {'█' * 6}{'░' * 18}  2/8 files  9.0 s left",
        "",
    ]


def test_a_narrow_terminal_gets_the_words_alone_and_no_second_line(
    terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "12,345/12,345 files  10,234 of 13,000 MB"
    with shown_progress("reading") as show:
        monkeypatch.setattr(progress_bar, "_columns", lambda: 60)
        show(0.0, words)
        monkeypatch.setattr(progress_bar, "_EVERY_SECONDS", 0.0)
        monkeypatch.setattr(progress_bar, "_columns", lambda: 40)
        show(0.0, words)
    assert _lines(terminal()) == ["", f"reading  {words}", f"reading  {words}"[:39], ""]


def test_short_work_shows_nothing(terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "_AFTER_SECONDS", 60.0)
    with shown_progress("reading") as show:
        show(0.5, "2/4 files")
    assert terminal() == ""


def test_a_pipe_gets_nothing(terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "_columns", lambda: 0)
    with shown_progress("reading") as show:
        show(0.5, "2/4 files")
    assert terminal() == ""


def test_a_backtest_tells_of_each_of_its_steps(captured: Taximeter, terminal: object) -> None:
    drawn = captured("backtest", "--json").err
    verbs = [line.partition("  ")[0] for line in _lines(drawn)]
    assert [verb for verb in dict.fromkeys(verbs) if verb] == ["reading", "finding tasks", "replaying"]
