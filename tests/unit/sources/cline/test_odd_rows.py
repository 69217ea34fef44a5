"""Rows of a classic task that say less than others, or what is not theirs, are passed over, and nothing is lost."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from store.records import Batch, ToolFlag

ReadAll = Callable[..., Batch]


@pytest.mark.parametrize("text", ["", "{half a", '{"path": "a.py"}', "[]"])
def test_a_tool_row_that_names_no_tool_is_a_bad_line(text: str, task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40), rows.say("tool", text), rows.request(5, 50)])
    batch = read_all(task.root)
    assert (batch.tools, batch.bad_lines, len(batch.calls)) == ([], 1, 2)


def test_progress_of_blank_lines_takes_no_longer_than_it_is(task: Any, rows: Any, read_all: ReadAll) -> None:
    blank = "\n" * 100_000
    task.write([rows.say("task", "Go"), rows.request(4, 40), rows.say("task_progress", f"{blank}\t- [x] one{blank}")])
    begun = time.process_time()
    assert [tool.target for tool in read_all(task.root).tools] == ["1/1"]
    assert time.process_time() - begun < 5, "looking at all of them again from each would take a minute"


def test_progress_without_a_checklist_is_no_list_of_things_to_do(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40), rows.say("task_progress", "I am *half* done")])
    batch = read_all(task.root)
    assert (batch.tools, batch.bad_lines) == ([], 0)


def test_only_a_command_that_commits_has_a_commit(task: Any, rows: Any, read_all: ReadAll) -> None:
    said = [rows.ask("command", "cat notes"), rows.say("command_output", "[main 1a2b3c4] x")]
    task.write([rows.say("task", "Go"), rows.request(4, 40), *said])
    [use] = read_all(task.root).tools
    assert (use.commit, use.flags & ToolFlag.COMMIT) == (None, 0)
