"""The plugin in a real Node, given what Cline gives it (CLINE section 9, "SDK plugin afterModel context")."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hooks.install.cline_files import PLUGIN_NAME, Targets, wanted_files
from hooks.install.commands import Program
from tracker.sources.cline.live_calls import LiveRow, decode_row
from tracker.sources.cline.live_rows import LiveRowsSource, rows_folder

NODE = shutil.which("node")
SESSION = "1795226994000_abcde"
CONTEXT = {
    "snapshot": {
        "agentId": "agent_1795226994512_1ay8i4",
        "conversationId": "conv_1795226994663_ox73p9h",
        "messages": [{"role": "user", "content": "a secret prompt"}],
        "usage": {"inputTokens": 11836, "outputTokens": 201, "totalCost": 0.047397},
    },
    "assistantMessage": {
        "id": "msg_CIGS8M_F",
        "role": "assistant",
        "content": [{"type": "text", "text": "a secret answer"}],
        "createdAt": 1795226995217,
        "metrics": {
            "inputTokens": 11836,
            "outputTokens": 201,
            "cacheReadTokens": 0,
            "cacheWriteTokens": 11832,
            "cost": 0.047397,
        },
        "modelInfo": {"id": "claude-sonnet-4-5-20250929", "provider": "anthropic"},
    },
    "finishReason": "tool-calls",
}
DRIVER = """
const [path, calls] = process.argv.slice(2);
const { default: plugin } = await import(path);
for (const [name, argument] of JSON.parse(calls)) {
  const result = name === "setup" ? plugin.setup({}, argument) : plugin.hooks[name](argument);
  if (result !== undefined) throw new Error(`${name} answered ${result}`);
}
console.log(JSON.stringify({ name: plugin.name, manifest: plugin.manifest, hooks: Object.keys(plugin.hooks) }));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture
def rows(home: Path, cline_folder: Path) -> Path:
    """The folder that the plugin writes to."""
    folder = rows_folder(home, cline_folder)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def plugin(where: Targets, program: Program, tmp_path: Path) -> Path:
    """The plugin as it is installed, as a module that Node takes for one."""
    [file] = [file for file in wanted_files(where, program) if file.what == "plugin"]
    assert file.path.name == PLUGIN_NAME
    path = tmp_path / "plugin.mjs"
    path.write_bytes(file.content)
    return path


def drive(plugin: Path, *calls: tuple[str, Any]) -> dict[str, Any]:
    """Load the plugin and call it; returns what it says of itself."""
    driver = plugin.with_name("driver.mjs")
    driver.write_text(DRIVER)
    command = [str(NODE), str(driver), str(plugin), json.dumps(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def setup(session: str | None = SESSION) -> tuple[str, Any]:
    return "setup", {"session": {"sessionId": session}}


def test_each_request_is_one_row_that_our_reader_takes(plugin: Path, rows: Path) -> None:
    second = {**CONTEXT, "assistantMessage": {**CONTEXT["assistantMessage"], "id": "msg_2"}}  # type: ignore[dict-item]
    drive(plugin, setup(), ("afterModel", CONTEXT), ("afterModel", second))
    [path] = rows.iterdir()
    assert path.name == f"{SESSION}.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    first, last = (decode_row(line) for line in path.read_bytes().splitlines())
    assert isinstance(first, LiveRow)
    assert (first.session, first.agent, first.parent) == (SESSION, "agent_1795226994512_1ay8i4", None)
    assert (first.id, first.at, last.id) == ("msg_CIGS8M_F", 1795226995217, "msg_2")
    assert (first.model, first.provider) == ("claude-sonnet-4-5-20250929", "anthropic")
    assert (first.metrics.input_tokens, first.metrics.cache_write_tokens, first.metrics.cost) == (
        11836,
        11832,
        0.047397,
    )


def test_no_word_of_the_conversation_is_kept(plugin: Path, rows: Path) -> None:
    drive(plugin, setup(), ("afterModel", CONTEXT))
    [path] = rows.iterdir()
    assert b"secret" not in path.read_bytes()


def test_a_subagents_row_names_its_parent(plugin: Path, rows: Path) -> None:
    snapshot = {"agentId": "agent_2_b", "parentAgentId": "agent_1_a"}
    drive(plugin, setup(), ("afterModel", {**CONTEXT, "snapshot": snapshot}))
    [path] = rows.iterdir()
    row = decode_row(path.read_bytes())
    assert (row.agent, row.parent) == ("agent_2_b", "agent_1_a")


@pytest.mark.parametrize(
    "context", [None, {}, {"assistantMessage": None}, {"assistantMessage": {"id": "msg_1"}}, {"assistantMessage": {}}]
)
def test_what_has_no_counts_leaves_no_row(context: Any, plugin: Path, rows: Path) -> None:
    drive(plugin, setup(), ("afterModel", context))
    assert list(rows.iterdir()) == []


@pytest.mark.parametrize("session", [None, "", "../../escape", "a/b", "x" * 200])
def test_a_session_without_a_decent_name_leaves_no_row(session: str | None, plugin: Path, rows: Path) -> None:
    drive(plugin, setup(session), ("afterModel", CONTEXT))
    assert list(rows.iterdir()) == []


def test_once_the_state_folder_is_gone_nothing_is_written_anywhere(plugin: Path, home: Path) -> None:
    drive(plugin, setup(), ("afterModel", CONTEXT))
    assert not (home / "live").exists()


def test_rows_of_a_month_ago_are_removed(plugin: Path, rows: Path) -> None:
    for name, age_days in (("old.jsonl", 40), ("new.jsonl", 1), ("foreign.txt", 40)):
        (rows / name).write_text("")
        moment = (rows / name).stat().st_mtime - age_days * 86_400
        os.utime(rows / name, (moment, moment))
    drive(plugin, setup())
    assert sorted(path.name for path in rows.iterdir()) == ["foreign.txt", "new.jsonl"]


def test_it_asks_for_hooks_alone(plugin: Path, rows: Path) -> None:
    assert drive(plugin) == {"name": "taximeter", "manifest": {"capabilities": ["hooks"]}, "hooks": ["afterModel"]}
    assert LiveRowsSource(rows.parents[2]).roots([]) == [rows.parent]
