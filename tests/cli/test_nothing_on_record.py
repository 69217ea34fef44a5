"""Where nothing is on record: each report says so, where it looked, and what to try."""

from pathlib import Path

import pytest

from tests.cli.running import Taximeter, too_wide
from tracker.cli.output import say


def test_an_empty_part_is_not_an_empty_ledger(tree: Path, taximeter: Taximeter) -> None:
    assert tree
    for report in ("spend", "sessions", "calls", "tasks", "cache"):
        ran = taximeter(report, "--project", "nowhere")
        assert ran.code == 0
        assert "Nothing matches. The ledger has 3 calls of 1 session from" in ran.out, report
        assert "No sessions found" not in ran.out


def test_csv_without_rows_still_has_a_header(tree: Path, taximeter: Taximeter) -> None:
    assert tree
    full, empty = taximeter("calls", "--csv").rows(), taximeter("calls", "--csv", "--project", "nowhere").rows()
    assert empty == full[:1]
    assert list(taximeter("calls", "--json").json_lines()[0]) == full[0]
    header = taximeter("record", "--csv").rows()
    job = taximeter("record", "clip", "--provider-cost", "1", "--json").json()["jobs"][0]
    assert header == [list(job)]


def test_programs_get_an_error_and_no_prose_of_an_empty_ledger(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [tmp_path]
    for form in ("--json", "--csv"):
        ran = taximeter("context", form)
        assert (ran.code, ran.out) == (1, "")
        assert "no session is on record" in ran.err
    assert "No sessions found" in taximeter("calls").out


def test_an_empty_machine_is_told_where_was_looked(taximeter: Taximeter, tmp_path: Path) -> None:
    assert too_wide(taximeter("sync").out) == []
    taximeter.claude_dirs = [tmp_path / "one", tmp_path / "two"]
    for folder in taximeter.claude_dirs:
        folder.mkdir()
    lines = taximeter("sync").out.splitlines()
    assert lines[0] == "No sessions found."
    assert [line.split()[-1].rstrip(",") for line in lines[1:3]] == [str(folder) for folder in taximeter.claude_dirs]


def test_on_a_narrow_terminal_words_of_doctor_and_of_errors_are_whole(
    taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tracker.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    told = taximeter("doctor").out
    assert too_wide(told) == []
    assert "looked in ~/.claude/projects,\n  ~/.config/claude/projects, " in told
    error = f"error: there is no {'word ' * 30}here"
    say(error)
    assert capsys.readouterr().err == f"taximeter: {error}\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    say(error)
    told = capsys.readouterr().err
    assert too_wide(told) == []
    assert told.split() == f"taximeter: {error}".split()


def test_what_moves_an_agents_folder_moves_where_was_looked(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_in() -> list[str]:
        said = taximeter("sync").out.partition("looked in:")[2].partition("elsewhere:")[0]
        return [place.strip() for place in said.split(",\n")]

    theirs = "editors' storage folders"
    assert looked_in() == ["~/.claude/projects", "~/.config/claude/projects", "~/.cline", theirs]
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{tmp_path / 'a'},~/b")
    monkeypatch.setenv("CLINE_DIR", str(tmp_path / "c"))
    assert looked_in() == [str(tmp_path / "a" / "projects"), "~/b/projects", str(tmp_path / "c"), theirs]


@pytest.mark.parametrize("words", [("budget", "--set", "month=9"), ("whatif",), ("plans",), ("context",), ("cache",)])
def test_reports_on_an_empty_ledger_say_where_was_looked(
    words: tuple[str, ...], taximeter: Taximeter, tmp_path: Path
) -> None:
    taximeter.claude_dirs = [tmp_path]
    out = taximeter(*words).out
    assert f"No sessions found.\n  looked in: {tmp_path}\n" in out
    assert ("$9.00" in out) == (words[0] == "budget")


def test_a_folder_one_too_deep_is_named(tree: Path, taximeter: Taximeter) -> None:
    assert taximeter("spend").err == ""
    taximeter.claude_dirs = [tree / "projects"]
    ran = taximeter("spend")
    assert ran.code == 0
    assert ran.err == f"taximeter: no projects/ in {tree / 'projects'}: nothing is read there (name {tree})\n"


def test_a_folder_without_records_of_cline_is_reported(taximeter: Taximeter, tmp_path: Path) -> None:
    (tmp_path / ".cline" / "data" / "sessions").mkdir(parents=True)
    said = f"taximeter: no records of Cline or Roo in {tmp_path}: nothing is read there (name {tmp_path / '.cline'})\n"
    assert taximeter("spend", "--cline-dir", str(tmp_path)).err == said
    assert taximeter("spend", "--cline-dir", str(tmp_path / ".cline")).err == ""
