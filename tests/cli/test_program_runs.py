"""What programs and subagents alone did, in `tasks`: counted beside what people asked for."""

import csv
import io
from pathlib import Path
from typing import Any

from tests.cli.running import Taximeter
from tests.unit.tasks.making import Transcript


def programs(root: Path, *, typed: int) -> str:
    """Three runs of a program, and so many prompts of the person beside it."""
    for number in range(3):
        given: dict[str, Any] = {"entrypoint": "sdk-cli"}
        one = Transcript(root, f"run{number}", project="/code/p")
        one.minute = 30 * number
        one.prompt(f"You judge the change that was just made: {number}", **given).answer(f"r{number}", **given)
    for number in range(typed):
        Transcript(root, f"typed{number}").prompt(f"{number} is what I ask").answer(f"t{number}")
    return str(root)


def test_runs_of_programs_are_counted_beside_the_tasks(taximeter: Taximeter, tmp_path: Path) -> None:
    folder = programs(tmp_path / "c", typed=1)
    shown = taximeter("tasks", "--claude-dir", folder).out
    assert "1 task, 3 runs" in shown
    assert "--runs lists them" in shown
    rows = csv.DictReader(io.StringIO(taximeter("tasks", "--csv", "--no-sync").out))
    assert sorted((row["title"][:3], row["program_run"]) for row in rows) == [("0 i", "no"), *[("You", "yes")] * 3]


def test_where_programs_did_everything_their_runs_are_listed(taximeter: Taximeter, tmp_path: Path) -> None:
    shown = taximeter("tasks", "--claude-dir", programs(tmp_path / "c", typed=0)).out
    assert shown.count("✔") == 3
    assert "3 program runs" in shown
    assert "left out of averages. Most often" in shown
    assert "--runs" not in shown
    assert any(line.strip().startswith("3 runs  ") for line in shown.splitlines())


def test_subagents_whose_session_is_gone_are_called_so_and_no_programs(taximeter: Taximeter, tmp_path: Path) -> None:
    """In folders that were kept, many a session's own file is gone and its subagents' files are not."""
    for number in range(2):
        Transcript(tmp_path / "c", f"gone{number}").answer(f"m{number}", isSidechain=True, agentId=f"a{number}")
    Transcript(tmp_path / "c", "talked").prompt("mend it").answer("t")
    shown = taximeter("tasks", "--runs", "--claude-dir", str(tmp_path / "c")).out
    assert shown.count("(only subagents on record)") == 2
    assert "2 runs with subagent records only, $" in shown
    assert "of programs" not in shown
