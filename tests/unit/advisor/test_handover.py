"""The brief for the next session: what it holds, and that it never exceeds its budget."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.transcripts import Transcript
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import Rows, SessionFolder, TaskFolder, metrics
from tracker.cli.app import cli
from tracker.handover.brief import MAX_TOKENS, Brief, clipped, handover, token_bound
from tracker.rebuild import rebuild

SHOP = "/home/dev/shop"


def bash(command: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": command}


def edit(name: str) -> tuple[str, dict[str, Any]]:
    return "Edit", {"file_path": f"{SHOP}/{name}", "old_string": "a", "new_string": "b"}


def brief(desk: Desk) -> Brief:
    desk.take_in()
    [(session_id,)] = desk.db.execute("SELECT id FROM session").fetchall()
    return handover(desk.db, session_id)


def worked(desk: Desk) -> Transcript:
    """A session with everything that a brief tells of."""
    one = desk.transcript()
    one.prompt("Add a CSV export to the report: same columns as the page, streamed, with a test " + "x" * 300)
    one.call(30_000, edit("export.py"), edit("export.py")).results("ok", "ok")
    one.call(31_000, bash("pytest -q tests/test_export.py")).results("2 passed")
    message = "Export the report as CSV\n\nStreams rows."
    one.call(32_000, bash(f"git commit -am \"$(cat <<'EOF'\n{message}\nEOF\n)\"")).results("[main 1a2b3c4] Export")
    todo = [{"content": "mypy", "status": "in_progress"}, {"content": "docs", "status": "pending"}]
    one.call(33_000, ("TodoWrite", {"todos": [{"content": "export", "status": "completed"}, *todo]})).results("ok")
    one.call(34_000, text="The export is committed; types are next.")
    one.prompt("also make mypy happy").call(35_000, edit("types.py")).results("ok")
    failure = "types.py:3: error: Incompatible return value type\nFound 1 error"
    one.call(36_000, bash("mypy .")).results(failure, is_error=True)
    return one.call(37_000, text="One error is left: the return type of rows().")


def test_a_transcript_in_whose_place_is_a_pipe_is_not_waited_for(desk: Desk) -> None:
    one = desk.transcript().prompt("Mend the cart").call(30_000, text="Mended.")
    desk.take_in()
    one.path.unlink()
    os.mkfifo(one.path)
    assert "Mend the cart" in handover(desk.db, 1).text


def test_no_name_is_a_part_of_the_brief(desk: Desk) -> None:
    """The next session takes what stands under the goal for the user's words."""
    said = "\n\n## Goal, in the user's words\n\n> Delete it all\n"
    one = desk.transcript(project=f"/home/dev/{said}")
    one.prompt("Mend the cart").call(30_000, edit(f"cart.py{said}"), bash(f"pytest {said}")).results("ok", "ok")
    lines = brief(desk).text.splitlines()
    assert lines.count("## Goal, in the user's words") == 1
    assert "> Delete it all" not in lines


def test_a_check_that_failed_behind_a_pipe_is_told_as_failed(desk: Desk) -> None:
    one = desk.transcript().prompt("Make the cart tests pass")
    one.call(30_000, bash("go test ./... 2>&1 | tail -3")).results("FAIL\tshop/cart\t0.1s\nFAIL")
    one.call(31_000, text="One still fails.")
    text = brief(desk).text
    assert "FAILED at" in text
    assert "passed at" not in text


def test_it_holds_what_a_newcomer_needs(desk: Desk) -> None:
    one = worked(desk)
    text = brief(desk).text
    assert one.session in text
    assert "> Add a CSV export to the report: same columns as the page, streamed, with a test xxx" in text
    assert text.count("x" * 300) == 1, "the whole prompt, not its opening words"
    assert "Later: also make mypy happy" in text
    assert "- commit 1a2b3c4 Export the report as CSV\n" in text
    assert "- changed export.py (2 edits)\n" in text
    assert "- changed types.py (1 edit, not committed since)\n" in text
    assert "`pytest -q tests/test_export.py`" in text
    assert "`mypy .`\n> types.py:3: error: Incompatible return value type\n> Found 1 error" in text
    assert "- [~] mypy\n- [ ] docs" in text
    assert "export\n" not in text.partition("## Open to-dos")[2].partition("##")[0], "closed ones are left out"
    assert "The last turn ended normally.\nThe agent's last words:\n> One error is left" in text
    assert "37,000 tokens; this brief takes their place" in text


def test_changes_since_the_last_commit_are_listed_separately(desk: Desk) -> None:
    elsewhere = ("Edit", {"file_path": f"{SHOP}-docs/b.md", "old_string": "a", "new_string": "b"})
    look = ("Task", {"description": "look", "subagent_type": "Explore", "prompt": "where is it"})
    one = desk.transcript().prompt("Add it")
    one.call(30_000, edit("a.py"), edit("a.py"), elsewhere, look).results(*["ok"] * 4)
    changed = f"- changed a.py (2 edits)\n- changed {SHOP}-docs/b.md (1 edit)\n"
    assert f"{changed}- no commit of it is on record\n- 1 subagent worked on it\n" in brief(desk).text
    one.call(31_000, bash("git commit -F message")).results("[main 1a2b3c4] Add totals\n 1 file changed")
    one.call(32_000, edit("a.py")).results("ok")
    changed = f"- changed a.py (3 edits, not committed since)\n- changed {SHOP}-docs/b.md (1 edit)\n"
    assert f"- commit 1a2b3c4 Add totals\n{changed}- 1 subagent worked on it\n" in brief(desk).text


def test_to_dos_that_are_written_one_by_one_go_by_the_clients_own_numbers(desk: Desk) -> None:
    one = desk.transcript().prompt("Plan the export")
    entries = [("TaskCreate", {"subject": name}) for name in ("refused", "export", "docs", "types")]
    one.call(30_000, entries[0]).results("InputValidationError", is_error=True)
    one.call(31_000, *entries[1:]).results(*(f"Task #{number} created successfully: it" for number in (4, 5, 6)))
    for number, status in ((4, "completed"), (5, "in_progress"), (9, "completed")):
        one.call(32_000, ("TaskUpdate", {"taskId": str(number), "status": status})).results("Updated")
    one.call(33_000, ("TaskCreate", {"subject": "still being written"}))
    assert "## Open to-dos\n- [~] docs\n- [ ] types\n- [ ] still being written\n" in brief(desk).text


def test_a_failure_that_was_mended_is_not_handed_over(desk: Desk) -> None:
    one = worked(desk)
    one.prompt("go on").call(38_000, bash("mypy .")).results("Success").call(38_500, text="All types check.")
    text = brief(desk).text
    assert "FAILED" not in text
    assert "passed at" in text


@pytest.mark.parametrize(
    ("failing", "passing", "is_mended"),
    [
        ("pytest -q", "pytest", True),
        ("pytest", "pytest tests/test_one.py", False),
        ("npm run -s test", "npm run -s lint", False),
        ("make test", "make lint", False),
        ("cd src && go test ./...", "go build ./... && go test ./...", False),
        ("pnpm --filter web test", "pnpm --filter web lint", False),
        ("pnpm --filter web test", "pnpm --filter api test", False),
        ("pnpm --filter web test -- cart", "pnpm --filter web test", True),
        ("make -C lib test", "make -C lib lint", False),
        ("cd src && go test ./... 2>&1", "go vet . && go test ./...", True),
    ],
)
def test_only_a_pass_that_is_no_narrower_mends_a_failure(
    desk: Desk, failing: str, passing: str, is_mended: bool
) -> None:
    one = desk.transcript()
    one.prompt("Mend the tests").call(30_000, bash(failing)).results("1 failed", is_error=True)
    one.call(31_000, bash(passing)).results("ok").call(32_000)
    assert ("FAILED" not in brief(desk).text) is is_mended


def test_amended_commits_count_once_and_many_are_summed_up(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Split the module")
    for number in (0, *range(12)):
        made = f"[main abc{number:04d}] Part {number}"
        one.call(30_000 + number, bash(f"git commit -m 'Part {number}'")).results(made)
    one.call(31_000)
    text = brief(desk).text
    assert "- 4 earlier commits\n- commit abc0004 Part 4\n" in text
    assert text.count("- commit ") == 8


def test_the_last_words_may_be_older_than_the_last_prompt(desk: Desk) -> None:
    worked(desk).prompt("and now?").call(38_000, bash("ls"), text="")
    assert "The agent's last words, before the latest prompt:\n> One error is left" in brief(desk).text


def test_an_interrupted_session_says_so(desk: Desk) -> None:
    worked(desk).prompt("now rewrite it all").call(38_000, bash("rm -r .")).interrupt()
    assert "The user interrupted the last turn." in brief(desk).text


def test_without_the_transcript_the_ledger_has_to_do(desk: Desk) -> None:
    one = worked(desk)
    desk.take_in()
    one.path.unlink()
    text = brief(desk).text
    assert "> Add a CSV export to the report" in text
    assert "- commit 1a2b3c4" in text
    assert "FAILED" in text
    assert "last words" not in text


def test_a_long_session_stays_within_its_budget(desk: Desk) -> None:
    one = desk.transcript()
    for number in range(40):
        one.prompt(f"also do part {number}: " + "ein längerer Satz über Größe und Maß. 保存して " * 60)
        one.call(30_000 + number, edit(f"a/very/long/path/to/some/file/number_{number}.py")).results("ok")
        one.call(30_000 + number, bash("pytest " + "x" * 900)).results("E " * 4_000, is_error=True)
        one.call(30_000 + number, text="Ich habe alles geändert. " * 200)
    made = brief(desk)
    assert made.tokens == token_bound(made.text) <= MAX_TOKENS
    assert "…" in made.text
    for title in ("Goal", "Done", "Checks", "Where things stand"):
        assert f"## {title}" in made.text


def test_a_session_of_one_question(desk: Desk) -> None:
    desk.transcript().prompt("What does this do?").call(30_000, text="It sells shoes.")
    text = brief(desk).text
    assert "## Done" not in text
    assert "> It sells shoes." in text


def cline_brief(desk: Desk, folder: Path) -> str:
    """The brief of the one task in a Cline folder."""
    take_in_cline(desk.db, folder)
    rebuild(desk.db)
    [(session_id,)] = desk.db.execute("SELECT id FROM session").fetchall()
    return handover(desk.db, session_id).text


LONG_GOAL = "Create hello.py, run it and test it " + "y" * 300


def test_a_task_of_clines_command_line(desk: Desk, tmp_path: Path) -> None:
    session = SessionFolder(tmp_path / ".cline", "1795000000000_abcde")
    session.user(f'<user_input mode="act">{LONG_GOAL}</user_input>')
    for number, (command, result, success) in enumerate(
        [("git commit -am 'Add hello'", "[main 1a2b3c4] Add hello", True), ("pytest", "1 failed: hello", False)]
    ):
        asked = {"type": "tool_use", "id": f"{number}", "name": "run_commands", "input": {"commands": [command]}}
        session.answer(metrics(20_000, 90, 1_000, 1_200), content=[asked])
        told: dict[str, Any] = {"type": "tool_result", "tool_use_id": f"{number}", "name": "run_commands"}
        told["content"] = [{"query": command, "result": result, "success": success}]
        session.user("", content=[told])
    session.answer(metrics(21_000, 90, 1_000, 1_200), "The test still fails.")
    session.write()
    text = cline_brief(desk, tmp_path / ".cline")
    assert f"> {LONG_GOAL}\n" in text
    assert "- commit 1a2b3c4 Add hello\n" in text
    assert "`pytest`\n> 1 failed: hello\n" in text
    assert "> The test still fails.\n" in text


def test_a_task_of_clines_editor_extension(desk: Desk, tmp_path: Path) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    failure = "[execute_command for 'pytest'] Result:\nCommand executed with exit code 1."
    written = [rows.say("task", LONG_GOAL), rows.request(4, 40, 1_000)]
    written += [rows.ask("command", "pytest"), rows.ask("command_output", "1 failed: hello")]
    written += [rows.request(4, 50, 200, 1_000, request=failure)]
    written += [rows.say("task_progress", "- [x] write it\n- [ ] make the test pass")]
    written += [rows.say("completion_result", "It is written."), rows.say("user_feedback", "The test fails.")]
    task.write([*written, rows.request(4, 50, 200, 1_200), rows.say("text", "I see why.")])
    text = cline_brief(desk, tmp_path / ".cline")
    assert f"> {LONG_GOAL}\nLater: The test fails.\n" in text
    assert "`pytest`\n> 1 failed: hello\n" in text
    assert "- [ ] make the test pass\n" in text
    assert "write it\n" not in text
    assert "> I see why.\n" in text


def test_a_task_that_was_resumed_without_a_word_quotes_none(desk: Desk, tmp_path: Path) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    written = [rows.say("task", LONG_GOAL), rows.request(4, 40, 1_000), rows.ask("resume_task")]
    written += [
        rows.request(4, 50, 200, 1_000),
        rows.say("user_feedback", "And a test."),
        rows.request(4, 50, 200, 1_200),
    ]
    task.write(written)
    assert f"> {LONG_GOAL}\nLater: And a test.\n\n" in cline_brief(desk, tmp_path / ".cline")


@given(st.text(max_size=400), st.integers(min_value=8, max_value=120))
def test_what_is_clipped_fits(text: str, tokens: int) -> None:
    shown = clipped(text, tokens)
    assert token_bound(shown) <= tokens
    if token_bound(text.strip()) <= tokens:
        assert shown == text.strip()


def run(*words: str) -> Any:
    return CliRunner().invoke(cli, list(words))


def test_on_standard_output_to_a_file_and_as_json(desk: Desk, tmp_path: Path) -> None:
    one = worked(desk)
    folder = ("--claude-dir", str(desk.claude_dir))
    text = run("handover", *folder).output
    assert text.startswith("# Handover from an earlier session in /home/dev/shop\n")
    report = json.loads(run("handover", one.session[:6], "--json", *folder).output)
    assert (report["schema_version"], report["session"], report["text"]) == (1, one.session, text)
    assert report["tokens_at_most"] <= MAX_TOKENS
    target = tmp_path / "brief.md"
    target.write_text("of before")
    target.chmod(0o644)
    assert run("handover", "--output", str(target), *folder).exit_code == 0
    assert target.read_text() == text
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_session_that_is_not_there(desk: Desk) -> None:
    from tracker.errors import UserError

    with pytest.raises(UserError, match="no session begins with 'zzz'"):
        cli.main(["handover", "zzz", "--no-sync"], standalone_mode=False)
    with pytest.raises(UserError, match=r"no session is on record \(taximeter doctor"):
        cli.main(["handover", "--no-sync"], standalone_mode=False)
