"""The form of the status line: the user's template, its width, and what cannot be used."""

import os
import re
from errno import ENOSPC
from pathlib import Path

import pytest

from hooks.status_format import DEFAULT_FORMAT, fill_format, status_format
from hooks.status_segments import SEGMENTS
from tests.unit.hooks.program import SUBSCRIBER, run, shown


def filled(template: str, present: dict[str, str], columns: int | None = None) -> str:
    shown_segments = {name: (present.get(name, ""), "") for name in SEGMENTS}
    return fill_format(template, shown_segments, columns=columns, colour=False)


@pytest.mark.parametrize(
    ("present", "line"),
    [
        ({"task": "T", "context": "C", "nudge": "N"}, "T · C · N"),
        ({"nudge": "N"}, "N"),
        ({"limits": "L"}, "L"),
        ({}, ""),
    ],
)
def test_a_segment_vanishes_with_its_separator(present: dict[str, str], line: str) -> None:
    assert filled(DEFAULT_FORMAT, present) == line


def test_the_template_is_the_users() -> None:
    assert filled("[{cache} | {task}] {x} {", {"task": "T", "cache": "C"}) == "[C | T] {x} {"
    assert filled("[{cache} | {task}]", {"task": "T"}) == "[T]"
    assert filled("[{cache} | {task}]", {}) == ""
    assert filled("nothing of ours", {}) == ""


def test_only_the_nudge_is_cut_to_the_width() -> None:
    present = {"task": "task $1.23", "nudge": "compact now or pay"}
    assert filled("{task} · {nudge}", present, columns=20) == "task $1.23"
    assert filled("{task} · {nudge}", present, columns=30) == "task $1.23 · compact now or p…"
    assert filled("{task} · {nudge}", {"task": "task $1.23"}, columns=5) == "task $1.23"


def test_figures_that_do_not_fit_go_on_in_a_second_line() -> None:
    """Of what is too long the client shows the beginning."""
    present = {"task": "task $1.11 API-equivalent", "today": "today $1.11", "limits": "5h 82% until 02:52 7d 37%"}
    assert filled(DEFAULT_FORMAT, {**present, "nudge": "Compact now"}, columns=40) == (
        "task $1.11 API-equivalent · today $1.11\n5h 82% until 02:52 7d 37%"
    )
    assert filled("[{task} | {limits}]", present, columns=40) == (
        "[task $1.11 API-equivalent\n5h 82% until 02:52 7d 37%]"
    )


def test_the_client_keeps_some_columns_for_itself(home: Path) -> None:
    status = {**SUBSCRIBER, "cost": {"total_cost_usd": 2}}
    width = len(shown(home, status).rstrip("\n"))
    for columns, lines in ((width + 4, 1), (width + 3, 2)):
        done = run(["statusline"], status, home, variables={"NO_COLOR": "1", "COLUMNS": str(columns)})
        assert done.stdout.count(b"\n") == lines


def test_the_form_is_read_from_the_settings_and_again_when_they_change(home: Path) -> None:
    settings = home / "settings.toml"
    settings.write_text('[statusline]\nformat = "{limits} <{task}>"\n')
    status = {**SUBSCRIBER, "rate_limits": {"five_hour": {"used_percentage": 42}, "seven_day": {"used_percentage": 17}}}
    for _ in range(2):
        assert re.fullmatch(r"5h 42% 7d 17% <session \$[\d.]+ API-equivalent>\n", shown(home, status))
    settings.write_text('[statusline]\nformat = "{context}"\n')
    assert shown(home).startswith("context ")
    assert {path.stat().st_mode & 0o777 for path in home.glob("statusline*")} == {0o600}
    settings.unlink()
    assert shown(home).startswith("session ")


def test_what_a_full_disk_leaves_is_gone_with_the_next_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    (home / "settings.toml").write_text('[statusline]\nformat = "{task}"\n')
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(os, "replace", full)
        for process in range(3):
            meanwhile.setattr(os, "getpid", lambda process=process: process)
            assert status_format(str(home)) == "{task}"
    assert status_format(str(home)) == "{task}"
    assert [path.name for path in home.glob("statusline*")] == ["statusline.format"]


@pytest.mark.parametrize(
    "content", ["[statusline", "statusline = 5", "[statusline]\nformat = 5", "[statusline]\nformat='a\tb'"]
)
def test_a_form_that_cannot_be_used_is_passed_over(content: str, home: Path) -> None:
    (home / "settings.toml").write_text(content)
    assert shown(home).startswith("session ")
