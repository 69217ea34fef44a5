"""What people see: nothing is wider than their terminal, no name is cut out of recognition."""

import contextlib
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.cli.history import NOW
from tests.cli.running import Taximeter, too_wide
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.plain import FILE, SESSION, answer, encoded, prompt, session_of
from tests.unit.ledger.reading import write_tree
from tests.unit.sources.cline.writing import CAPTURES
from tracker.cli.output import Column, fit, paragraph, print_table, width, wrapped
from tracker.demo.samples import write_samples
from tracker.words import tokens

ROOT = Path(__file__).parents[2]
REPORTS = (
    "tasks", "tools", "spend", "spend --by model", "spend --by project", "spend --by branch", "spend --by session",
    "spend --by subagent", "sessions", "calls", "context", "cache", "nudges", "backtest", "plans", "budget",
    "whatif --since 2026-01-01", "record", "reconcile --offline", "prices",
    "sessions --since 2020-01-01 --until 2020-01-02",
)  # fmt: skip


@pytest.fixture
def narrow(taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Taximeter:
    """The sample sessions on a terminal of 80 columns."""
    write_samples(tmp_path / "claude", now=NOW.timestamp())
    taximeter.claude_dirs = [tmp_path / "claude"]
    monkeypatch.setattr("tracker.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    return taximeter


def test_no_report_is_wider_than_the_terminal(narrow: Taximeter) -> None:
    for report in REPORTS:
        ran = narrow(*report.split())
        assert ran.code == 0, ran.err
        assert too_wide(ran.out) == [], report
    for task in narrow("tasks", "--json").json()["tasks"][:5]:
        opened = narrow("task", task["id"]).out
        assert too_wide(opened) == []
        assert not re.search(r"(check|files?).*…$", opened, re.MULTILINE)


def test_no_report_on_cline_and_on_dated_models_is_wider_either(narrow: Taximeter, tmp_path: Path) -> None:
    one = Transcript(tmp_path / "claude", model="claude-opus-4-5-20251101").prompt("mend the parser").call(20_000)
    one.model = "claude-sonnet-4-5-20250929"
    one.prompt("now the tests").call(30_000)
    cline = [word for folder in CAPTURES.glob("*/.cline") for word in ("--cline-dir", str(folder))]
    for report in REPORTS:
        assert too_wide(narrow(*cline, *report.split()).out) == [], report
    for task in narrow("tasks", "--json").json()["tasks"]:
        assert too_wide(narrow("task", task["id"]).out) == []


def test_on_a_narrow_terminal_calls_of_cline_have_what_was_not_in_the_cache_in_one_column(narrow: Taximeter) -> None:
    folder = CAPTURES / "v2-openai-priced" / ".cline"
    out = narrow("--cline-dir", str(folder), "calls", "--session", "1795227291462").out
    titles, *lines = [line.split() for line in out.splitlines()[:3]]
    assert titles[4:] == ["read", "new", "out", "cost"]
    assert [line[5:8] for line in lines] == [["0", "9.1k", "151"], ["9.0k", "420", "83"]]


def test_an_opened_task_says_where_its_further_sessions_begin(taximeter: Taximeter, tmp_path: Path) -> None:
    for number in range(1, 8):
        Transcript(tmp_path / "c").wait(number).prompt(f"part {number}").call(20_000)
    taximeter.claude_dirs = [tmp_path / "c"]
    first, *others = (task["id"] for task in taximeter("tasks", "--json").json()["tasks"])
    assert "begin" not in taximeter("task", first).out
    taximeter("task", "edit", "merge", first, others[0])
    assert "N as above (another session begins at 2)" in taximeter("task", first).out
    taximeter("task", "edit", "merge", first, *others[1:])
    assert "(other sessions begin at 2, 3, 4, 5, 6 …)" in " ".join(taximeter("task", first).out.split())


def test_the_samples_show_that_two_tasks_may_be_one(narrow: Taximeter) -> None:
    listed = narrow("tasks").out
    [join] = narrow("tasks", "--json").json()["joins"]
    assert f"Does {join['task'][:5]} continue {join['into'][:5]}? {join['to_join'][:31]}" in listed
    assert "Flaky webhook test, again" in listed


def fractions(value: object) -> list[float]:
    """Every number of a JSON document that is no whole one."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, float) else [one for part in inner for one in fractions(part)]


def test_no_figure_of_a_json_has_more_digits_than_it_can_have_meaning(narrow: Taximeter) -> None:
    for report in REPORTS:
        if report.split()[0] != "calls":
            found = fractions(narrow(*report.split(), "--json").json())
            assert [one for one in found if one != round(one, 6)] == [], report


def test_on_the_narrowest_terminal_a_day_is_whole(narrow: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    _, *rows = narrow("spend", "--since", "2026-11-01", "--until", "2026-11-15").out.splitlines()
    assert rows[0].startswith("2026-11-")


def on_a_terminal(*words: str | Path, errors: int | None = None, **variables: str) -> bytes:
    """What a command draws on a terminal that it has all to itself; `errors`: where else standard error goes."""
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "taximeter", *words],
        stdin=theirs, stdout=theirs, stderr=theirs if errors is None else errors, check=True, cwd=ROOT,
        env={**os.environ, **variables}, timeout=60,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux ends it so, macOS with nothing
        while piece := os.read(ours, 1 << 16):
            shown += piece
    os.close(ours)
    return shown


@pytest.mark.parametrize(("no_color", "has_escapes"), [("", True), ("1", False)])
def test_no_color_is_respected_on_a_terminal(no_color: str, has_escapes: bool, tree: Path) -> None:
    shown = on_a_terminal("--claude-dir", tree, "doctor", NO_COLOR=no_color, TERM="xterm")
    assert b"every call has a session" in shown
    assert (b"\x1b[" in shown) is has_escapes


@pytest.mark.parametrize(("words", "said"), [((), b"1 task"), (("demo",), b"opus-5-5"), (("cache",), b"survival")])
def test_a_terminal_that_knows_no_escapes_gets_plain_reports(words: tuple[str, ...], said: bytes, tree: Path) -> None:
    """Emacs' shell is one: the dashboard would be a heap of codes there."""
    shown = on_a_terminal("--claude-dir", tree, *words, TERM="dumb", NO_COLOR="")
    assert said in shown
    assert b"\x1b" not in shown


def test_no_dashboard_is_opened_where_what_it_draws_would_not_be_seen(tree: Path) -> None:
    """Textual draws on standard error: the terminal was blank, and took keys."""
    shown = on_a_terminal("--claude-dir", tree, errors=subprocess.DEVNULL, TERM="xterm")
    assert b"1 task" in shown
    assert b"\x1b[?1049h" not in shown


def test_text_that_distinguishes_rows_is_not_cut(narrow: Taximeter) -> None:
    assert "claude-3-5-sonnet-20241022" in narrow("prices").out
    assert "best in hindsight" in narrow("backtest").out
    one = narrow("calls", "--json", "--limit", "1").json_lines()[0]
    (line,) = [row for row in narrow("calls", "--limit", "1").out.splitlines() if one["session"][:8] in row]
    assert one["model"].removeprefix("claude-") in line
    sessions = {row["key"][:8] for row in narrow("spend", "--by", "session", "--json").json()["rows"]}
    assert {line.split()[0] for line in narrow("spend", "--by", "session").out.splitlines()} > sessions


def test_a_path_that_is_too_long_keeps_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.cli.output.terminal_width", lambda: 30)
    columns = (Column("project", cut="start"), Column("task"), Column("id", cut="never"), Column("cost", right=True))
    print_table(columns, [("/home/dev/work/orders-api", "Flaky invoice test", "t123456789", "$1,234.56")])
    # Ten for the id, nine for the cost, six between: the other two get their least.
    assert capsys.readouterr().out.splitlines()[1] == "…ers-api  Flaky i…  t123456789  $1,234.56"


def test_a_sentence_without_room_beside_its_row_stands_under_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.cli.output.terminal_width", lambda: 30)
    columns = (Column("when"), Column("saves", right=True), Column("said", cut="below"))
    print_table(columns, [("11-20", "~$1.43", "few losses"), ("11-19", "", "Compact now if you go on")])
    assert capsys.readouterr().out.splitlines() == [
        "when    saves  said",
        "11-20  ~$1.43  few losses",
        "11-19",
        "       Compact now if you go",
        "       on",
    ]


def test_lines_break_between_the_parts_of_a_headline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.cli.output.terminal_width", lambda: 24)
    assert wrapped("9 of 12 · median $2.06 · p90 $13.82") == "9 of 12 · median $2.06 ·\np90 $13.82"
    assert wrapped("9 of 12 · median $20.067 · p90 $13") == "9 of 12 ·\nmedian $20.067 · p90 $13"
    assert wrapped("  one two three four five six") == "  one two three four\n  five six"


@pytest.mark.parametrize(("columns", "is_terminal", "longest"), [(60, True, 59), (240, True, 99), (240, False, 79)])
def test_sentences_are_no_wider_than_is_good_to_read(
    columns: int,
    is_terminal: bool,
    longest: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tracker.cli.output.is_terminal", lambda: is_terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    for dim in (False, True):
        paragraph("a " * 500, dim=dim)
        assert max(map(len, capsys.readouterr().out.splitlines())) == longest


def test_no_count_is_rounded_to_1000k() -> None:
    assert [tokens(count) for count in (999, 99_949, 999_499, 999_500, 1_000_000)] == [
        "999", "99.9k", "999k", "1.00M", "1.00M",
    ]  # fmt: skip


def test_a_list_of_calls_says_that_it_goes_on(tree: Path, taximeter: Taximeter) -> None:
    assert tree
    assert "Older calls left out" in taximeter("calls", "--limit", "2").out
    assert "left out" not in taximeter("calls", "--limit", "3").out


def test_marks_of_calls_are_words_in_csv(taximeter: Taximeter) -> None:
    taximeter.claude_dirs = [DATA / "v1_0_128"]
    header, *rows = taximeter("calls", "--csv").rows()
    assert "output_is_floor" in {row[header.index("flags")] for row in rows}


def test_floors_are_marked_in_every_list(taximeter: Taximeter) -> None:
    taximeter.claude_dirs = [DATA / "v1_0_128"]
    for report in ("spend", "sessions", "tasks"):
        lines = taximeter(report).out.splitlines()
        assert any("≥$" in line for line in lines), report
    (total,) = [line for line in taximeter("spend").out.splitlines() if line.startswith("total")]
    assert "≥$" in total


def test_a_floor_is_explained_without_naming_a_cause_that_it_may_not_have(taximeter: Taximeter) -> None:
    """This one is a stream that was cut off, by a client of this year."""
    for report, says in (
        ("spend", "≥ a floor: the output of 1 call is not fully recorded."),
        ("sessions", "≥ a floor: the output of some calls is not fully recorded."),
        ("tasks", "≥ a floor: the output of some calls is not fully recorded."),
    ):
        assert says in taximeter("--cline-dir", str(CAPTURES / "v2-error-retry" / ".cline"), report).out


@pytest.mark.parametrize("report", ["sessions", "tasks"])
def test_costs_in_which_calls_are_missing_are_explained(report: str, taximeter: Taximeter, tmp_path: Path) -> None:
    lines = encoded(prompt(), answer(1), answer(2, message={"model": "nobody-prices-this"}))
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: lines})]
    assert "?: calls without a price are not in it (taximeter spend names their models)." in taximeter(report).out


@pytest.mark.parametrize(
    "first",
    [
        "please mend the parser",
        "<command-name>/review</command-name><command-args>42</command-args>",
        '<teammate-message teammate_id="lead" summary="Mend the parser">It fails.</teammate-message>',
    ],
)
def test_a_session_without_a_title_is_called_by_its_first_prompt(
    first: str, taximeter: Taximeter, tmp_path: Path
) -> None:
    lines = encoded(prompt(first), answer(1), answer(2))
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: lines})]
    opening = taximeter("tasks", "--json").json()["tasks"][0]["title"]
    (session,) = taximeter("sessions", "--json").json()["sessions"]
    assert session["title"] == opening
    assert taximeter("context").out.startswith(opening)


@pytest.mark.parametrize(("one_hour", "words"), [(False, "· 5 min cache, idle"), (True, "· 1 h cache, idle")])
def test_context_names_the_cache_as_the_dashboard_does(
    taximeter: Taximeter, tmp_path: Path, one_hour: bool, words: str
) -> None:
    (tmp_path / "claude" / "projects").mkdir(parents=True)
    Transcript(tmp_path / "claude", start_ms=1_700_000_000_000, one_hour=one_hour).prompt("go").call(20_000)
    taximeter.claude_dirs = [tmp_path / "claude"]
    assert words in taximeter("context").out


def test_context_of_a_session_of_which_only_a_subagent_is_on_record(taximeter: Taximeter, tmp_path: Path) -> None:
    alone = encoded(answer(1, isSidechain=True, agentId="a1"))
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {"-home-dev-app/agent-a1.jsonl": alone})]
    assert len(taximeter("calls", "--json").json_lines()) == 1
    ran = taximeter("context")
    assert (ran.code, ran.err) == (
        1,
        f"taximeter: error: session {SESSION} has no recorded call in its main conversation\n",
    )


def test_a_task_that_a_filter_touches_is_said_to_be_whole(tree: Path, taximeter: Taximeter) -> None:
    assert tree
    said = "Tasks are counted in full"
    assert said in taximeter("tasks", "--since", "2020-01-01").out
    assert said in taximeter("tasks", "--session", SESSION).out
    assert said not in taximeter("tasks").out


def test_a_single_thing_is_written_in_the_singular(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(1)})]
    assert taximeter("sync").out.startswith("1 new call from 1 file (")
    assert " 1 call of 1 session;" in taximeter("doctor").out
    assert "1 task " in taximeter("tasks").out
    assert ", 1 call " in taximeter("context").out


def test_doctor_names_the_worst_files_and_counts_the_rest(taximeter: Taximeter, tmp_path: Path) -> None:
    files = {f"p/{number:08d}-0000-4000-8000-000000000000.jsonl": b"{bad\n" * (number + 1) for number in range(12)}
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", files)]
    lines = taximeter("doctor").out.splitlines()
    (worst,) = [line for line in lines if "00000011-" in line]
    assert worst.split()[0] == "12"
    assert any("and 2 more files" in line for line in lines)


@pytest.mark.parametrize(
    "tail", [bytes(700), b'{"type":"assistant","message":{"id":"msg_', b'{"type":"last-prompt"}\n' + bytes(9)]
)
def test_doctor_names_a_transcript_that_a_crash_left_without_an_end(
    tail: bytes, taximeter: Taximeter, tmp_path: Path
) -> None:
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(1) + tail})]
    left = tmp_path / "claude" / "projects" / FILE
    assert taximeter("doctor", "--json").json()["torn_files"] == [], "it may be at work"
    os.utime(left, (1_795_000_000, 1_795_000_000))
    found = taximeter("doctor", "--json").json()
    assert (found["torn_files"], found["bad_lines"], found["calls"]) == ([str(left)], 0, 1)
    with left.open("ab") as handle:
        handle.write(b"\n" + session_of(1, first=2))
    found = taximeter("doctor", "--json").json()
    assert (found["torn_files"], found["bad_lines"], found["calls"]) == ([], 1, 2)


def test_doctor_is_content_with_a_whole_line_that_lacks_its_newline(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(1).rstrip()})]
    os.utime(tmp_path / "claude" / "projects" / FILE, (1_795_000_000, 1_795_000_000))
    found = taximeter("doctor", "--json").json()
    assert (found["torn_files"], found["calls"]) == ([], 1)


@pytest.mark.parametrize("group", [[], ["task"], ["task", "edit"], ["nudges"]])
def test_no_command_is_cut_in_a_help(group: list[str], taximeter: Taximeter) -> None:
    listed = taximeter(*group, "--help").out.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("ทำงานที่นี่", 7),
        ("दुनिया", 5),
        ("한국어", 6),
        (unicodedata.normalize("NFD", "한국어"), 6),
        ("naïve", 5),
        (unicodedata.normalize("NFD", "naïve"), 5),
        ("✈️ ☎️", 3),
        ("修正ＡＢ", 8),
    ],
)
def test_marks_over_a_letter_take_no_room_in_a_table(text: str, cells: int) -> None:
    """Those of Thai and Hindi did, and so did Korean as macOS writes it in paths: what stood right of them was off."""
    assert width(text) == cells
    assert fit(text, cells + 2).endswith("  ")
    assert fit(text, cells + 2).rstrip() == text.replace("\N{VARIATION SELECTOR-16}", "")
