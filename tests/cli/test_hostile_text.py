"""What agents and models wrote reaches a terminal as plain text, whatever the command."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tests.cli.running import Taximeter
from tests.unit.ledger.plain import FILE, SESSION, answer, encoded, prompt, usage
from tests.unit.ledger.reading import write_tree

# A window's title, a bell, a control sequence in one character, and text that turns its order. Click takes common
# colour sequences out of redirected output by itself, so none is among them.
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202egnp"
COMMANDS = (
    "tasks", "spend --by model", "spend --by project", "spend --by branch", "spend --by subagent", "sessions", "calls",
    "context", "cache", "nudges --all", "backtest", "plans --tasks", "budget", "reconcile --offline", "whatif", "sync",
    "doctor", "handover",
)  # fmt: skip


@pytest.fixture
def hostile(taximeter: Taximeter, tmp_path: Path) -> Taximeter:
    """The command line over a session every name of which is hostile: one priced model, one that nobody knows."""
    names: dict[str, Any] = {"cwd": f"/home/dev/{HOSTILE}", "gitBranch": HOSTILE, "version": HOSTILE}
    run = {"type": "tool_use", "id": "run", "name": "Bash", "input": {"command": f"pytest {HOSTILE}"}}
    odd = {"type": "tool_use", "id": "odd", "name": HOSTILE, "input": {}}
    result = {"type": "tool_result", "tool_use_id": "run", "is_error": True, "content": f"{HOSTILE}\nfailed"}
    lines = [
        prompt(f"mend it {HOSTILE}", **names),
        answer(1, message={"content": [run, odd], "stop_reason": "tool_use"}, **names),
        prompt(second=2, **names, message={"role": "user", "content": [result]}),
        answer(3, message={"content": [{"type": "text", "text": HOSTILE}]}, **names),
        answer(4, message={"model": f"unknown-{HOSTILE}"}, **names),
        answer(5, isSidechain=True, agentId="a1", attributionAgent=HOSTILE, **names),
    ]
    taximeter.claude_dirs = [write_tree(tmp_path / f"claude{HOSTILE}", {FILE: encoded(*lines)})]
    return taximeter


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_printed_is_plain(command: str, hostile: Taximeter) -> None:
    ran = hostile(*command.split())
    assert ran.code in (0, 1)
    assert ran.out
    assert (ran.out + ran.err).replace("\n", "").isprintable()


def test_an_opened_task_is_plain(hostile: Taximeter) -> None:
    [one] = hostile("tasks", "--json").json()["tasks"]
    drawn = hostile("task", one["id"]).out
    assert "mend it" in drawn
    assert drawn.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", ["tasks", "calls", "sessions", "spend --by model", "spend --by project", "cache"])
def test_rows_for_programs_hold_nothing_that_a_terminal_acts_on(command: str, hostile: Taximeter) -> None:
    for form in ("--csv", "--json"):
        printed = hostile(*command.split(), form).out
        assert not {char for char in printed if unicodedata.category(char) == "Cc"} - set("\n")
    assert "\u202e" not in printed
    assert "\\u202e" in printed or command == "cache", "to a program it is the same"


@pytest.mark.parametrize("text", ["=cmd|'/C calc'!A0", "+1+1", "- tidy up", "@SUM(A1)", "  =1+1"])
def test_no_text_in_csv_is_a_formula_to_a_spreadsheet(text: str, taximeter: Taximeter, tmp_path: Path) -> None:
    lines = [prompt("mend it", gitBranch=text), answer(1, gitBranch=text, message={"model": text})]
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
    assert f"'{text}" in taximeter("sessions", "--csv").rows()[1]
    [call] = taximeter("calls", "--json").json_lines()
    assert call["model"] == text
    taximeter("export", str(tmp_path / "out"))
    assert f",'{text}," in (tmp_path / "out" / "session.csv").read_text()
    assert f'"{text}"' in (tmp_path / "out" / "session.jsonl").read_text()


def test_a_name_without_end_neither_hides_the_report_nor_holds_it_up(taximeter: Taximeter, tmp_path: Path) -> None:
    names = ["wide-" + "宽" * 200_000, *(f"unknown-{number}" for number in range(30))]
    lines = [prompt(), *(answer(number, message={"model": name}) for number, name in enumerate(names, 1))]
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
    for command in ("sync", "spend --by model", "calls", "doctor", "plans"):
        printed = taximeter(*command.split()).out
        assert max(map(len, printed.splitlines())) < 1_000, command
        assert "19 more" in printed or command == "calls"


def test_a_suggested_command_is_one_argument_whatever_the_session_is_called(
    taximeter: Taximeter, tmp_path: Path
) -> None:
    grown = [
        answer(number, "`id`;ls $(x)", message={"usage": usage(cache_read_input_tokens=100_000 + 1500 * number)})
        for number in range(1, 30)
    ]
    tree = {FILE: encoded(prompt(session="`id`;ls $(x)"), *grown)}
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", tree)]
    said = taximeter("context").out
    assert "taximeter handover '`id`;ls '" in said


def test_an_error_is_plain(taximeter: Taximeter) -> None:
    ran = taximeter("context", HOSTILE)
    assert "owned" in ran.err or "No sessions" in ran.out
    assert (ran.out + ran.err).replace("\n", "").isprintable()


def test_a_change_of_settings_is_shown_as_it_is_written(taximeter: Taximeter, tmp_path: Path) -> None:
    """An agent may have written them: what turns the order of text would show another command than is agreed to."""
    folder = tmp_path / f"claude{HOSTILE}"
    folder.mkdir()
    odd = "echo \x9b31m\u202egnp"
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": f"{odd}; taximeter hook Stop"}]}]}
    settings = {"statusLine": {"type": "command", "command": odd}, "hooks": hooks}
    (folder / "settings.json").write_text(json.dumps(settings, ensure_ascii=False))
    taximeter.claude_dirs = [folder]
    for command in ("install claude-code --yes", "status claude-code", "doctor", "uninstall claude-code --yes"):
        ran = taximeter(*command.split())
        assert "claude" in ran.out + ran.err
        assert (ran.out + ran.err).replace("\n", "").isprintable(), command
    assert odd in (folder / "settings.json").read_text()


def test_a_brief_tells_what_failed_without_its_colours(taximeter: Taximeter, tmp_path: Path) -> None:
    run = {"type": "tool_use", "id": "run", "name": "Bash", "input": {"command": "pytest -q"}}
    result = {"type": "tool_result", "tool_use_id": "run", "is_error": True, "content": "\x1b[31mFAILED\x1b[0m one"}
    lines = [
        prompt(),
        answer(1, message={"content": [run], "stop_reason": "tool_use"}),
        prompt(second=2, message={"role": "user", "content": [result]}),
        answer(3),
    ]
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
    text = taximeter("handover", SESSION, "--json").json()["text"]
    assert "> FAILED one" in text
    assert json.dumps(text).find("\\u001b") < 0


def test_names_without_end_are_cut_and_shorter_ones_are_not(taximeter: Taximeter, tmp_path: Path) -> None:
    endless = "x" * 100_000
    use = {"type": "tool_use", "id": "t", "name": endless, "input": {}}
    lines = [
        prompt("mend it", gitBranch=endless),
        answer(1, message={"model": endless, "content": [use]}, gitBranch=endless),
        answer(2, message={"model": "m" * 300}, gitBranch=endless),
    ]
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: encoded(*lines)})]
    calls = taximeter("calls", "--json").json_lines()
    assert {call["model"] for call in calls} == {"x" * 300, "m" * 300}
    [task] = taximeter("tasks", "--json").json()["tasks"]
    for command in ("context", f"task {task['id']}", "tasks", "spend --by model"):
        assert endless[:301] not in taximeter(*command.split()).out
    db = open_ledger()
    assert db.execute("SELECT MAX(LENGTH(name)) FROM tool_use").fetchone() == (300,)
    assert db.execute("SELECT branch, kind FROM session LEFT JOIN event ON kind = 'branch'").fetchall() == [
        (endless[:300], None)
    ]
