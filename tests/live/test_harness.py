"""The harness itself against the real Claude Code: what the server billed is what the transcripts say."""

import json
import shlex
import sys
import time
from pathlib import Path

from .claude_client import VERSION, ClaudeClient, claude_binary
from .claude_home import ClaudeHome
from .context import ContextSimulation, ContextSize
from .messages_server import MessagesServer
from .script import Failure, Reply, Text, ToolUse, Usage, limit_headers, say, use
from .truth import Exchange
from .waiting import wait_until


def billed_usage(calls: list[Exchange]) -> dict[str, Usage]:
    """Usage by message id as the server billed it."""
    return {str(call.message_id): call.usage for call in calls if call.usage is not None}


def billed_turns(server: MessagesServer) -> dict[str, Usage]:
    """Usage of the calls that a transcript should hold: neither compaction nor side requests."""
    return billed_usage([call for call in server.truth.billed if call.kind in ("main", "subagent")])


def test_the_pinned_version_is_installed(client: ClaudeClient) -> None:
    assert client.cli("--version").stdout.startswith(VERSION)


def test_print_mode_with_tools_records_what_the_server_billed(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    notes = home.project / "notes.txt"
    server.script(
        "tools",
        use("Read", {"file_path": str(home.project / "README.md")}, text="Reading."),
        Reply(
            blocks=(
                Text("Two at once."),
                ToolUse("Write", {"file_path": str(notes), "content": "seen\n"}),
                ToolUse("Bash", {"command": "ls", "description": "List files"}),
            ),
            usage=Usage(7, 12_000, 900, 300, 250),
        ),
        say("All done."),
    )
    done = client.run_print("Do the work [[tools]]")
    assert done.exit_code == 0, done.stderr
    assert done.json()["result"] == "All done."
    assert notes.read_text() == "seen\n"
    assert server.left_over() == {}
    assert len(server.truth.billed) == 3
    assert home.recorded_usage() == billed_turns(server)
    assert server.truth.total().output_tokens == 40 + 250 + 40


def test_a_transcript_lies_under_projects_with_the_session_id_of_the_requests(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    done = client.run_print("Hello")
    [transcript] = home.transcripts
    assert transcript.parent.parent == home.config / "projects"
    assert {transcript.stem} == {call.session_id for call in server.truth.calls} == {done.json()["session_id"]}


def test_a_subagent_has_its_own_calls_and_its_own_file(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    agent = {
        "description": "look",
        "prompt": "Look around [[look]]",
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    server.script("delegate", use("Agent", agent), say("The agent looked."))
    server.script("look", use("Bash", {"command": "ls", "description": "List files"}), say("One file."))
    assert client.run_print("Delegate [[delegate]]").json()["result"] == "The agent looked."
    assert [call.marker for call in server.truth.of("subagent")] == ["look", "look"]
    assert [path.parent.name for path in home.transcripts].count("subagents") == 1
    assert home.recorded_usage() == billed_turns(server)


def test_refused_and_broken_answers_are_retried_and_the_truth_knows_them(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    server.script(
        "trouble",
        Failure(529, "overloaded_error", headers={"retry-after": "0"}),
        say("This never arrives whole.", ending="cut"),
        say("Nor does this.", ending="error"),
        say("In the end."),
    )
    done = client.run_print("Try [[trouble]]")
    assert done.json()["result"] == "In the end."
    assert [call.billed for call in server.truth.calls] == ["no", "partial", "partial", "yes"]
    assert home.recorded_usage() == billed_turns(server)


def test_two_prompts_compact_exit_and_resume_on_a_terminal(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    server.context = ContextSimulation(ContextSize(base_tokens=150_000))
    server.script("first", use("Bash", {"command": "ls", "description": "List files"}), say("First is done."))
    server.script("second", say("Second is done."))
    with client.interactive() as session:
        assert "First is done." in session.prompt("Do the first thing [[first]]")
        assert "Second is done." in session.prompt("And the second [[second]]")
        large = server.truth.calls[-1].usage
        session.compact()
        session.prompt("And after that [[third]]")
        small = server.truth.calls[-1].usage
        session_id = session.session_id
        session.exit()
    assert large is not None
    assert small is not None
    assert large.prompt_tokens > 150_000 > 20_000 > small.prompt_tokens
    [compaction] = server.truth.of("compaction")
    assert compaction.usage is not None
    assert compaction.usage.prompt_tokens > large.prompt_tokens
    assert str(compaction.message_id) not in home.recorded_usage()

    with client.interactive("--resume", session_id) as session:
        session.prompt("Go on [[fourth]]")
        assert session.session_id == session_id
        session.exit()
    resumed = server.truth.calls[-1].usage
    assert resumed is not None
    assert resumed.cache_read_tokens >= small.prompt_tokens - ContextSize().uncached_tokens
    assert [path.stem for path in home.transcripts] == [session_id]
    assert home.recorded_usage() == billed_turns(server)
    assert [row["subtype"] for row in home.rows() if row.get("subtype") == "compact_boundary"] == ["compact_boundary"]


def test_escape_breaks_a_stream_and_the_call_counts_as_partly_billed(
    client: ClaudeClient, server: MessagesServer
) -> None:
    server.script("long", say("This takes a while, so long that it is never said.", pause_seconds=60))
    with client.interactive() as session:
        session.send("Talk [[long]]")
        broken = server.wait_for_stream("long")
        session.interrupt()
        server.wait_idle()
        assert (broken.billed, broken.done) == ("partial", True)
        assert "Done." in session.prompt("Never mind [[other]]")
        session.exit()


def test_a_killed_client_leaves_its_calls_and_no_total(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    with client.interactive() as session:
        session.prompt("Hello [[hello]]")
        session.crash()
    assert home.recorded_usage() == billed_turns(server)
    assert not [row for row in home.rows() if row["type"] == "cost-state"]


def test_hooks_and_the_status_line_run_from_settings_and_their_message_reaches_no_request(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, tmp_path: Path
) -> None:
    nudge = "compact now: the next turns get cheaper"
    seen = tmp_path / "status.jsonl"
    script = tmp_path / "stop.py"
    script.write_text(f"import json\nprint(json.dumps({{'systemMessage': {nudge!r}}}))\n")
    status = f"cat >> {shlex.quote(str(seen))}; echo >> {shlex.quote(str(seen))}; echo meter is running"
    command = shlex.join([sys.executable, "-I", str(script)])
    home.update_settings(
        {
            "statusLine": {"type": "command", "command": status},
            "hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]},
        }
    )
    with client.interactive() as session:
        session.prompt("Hello [[hello]]")
        session.wait_for_text(nudge)
        session.wait_for_text("meter is running")
        session.prompt("Again [[again]]")
        session.exit()
    assert server.truth.containing("Again [[again]]")
    assert server.truth.containing(nudge) == []
    samples = [json.loads(line) for line in seen.read_text().splitlines() if line.strip()]
    assert samples[-1]["cost"]["total_cost_usd"] > 0


def test_a_plugin_from_a_folder_validates_installs_and_its_hook_fires(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, tmp_path: Path
) -> None:
    market, fired = tmp_path / "market", tmp_path / "fired.json"
    plugin = market / "plugins" / "probe"
    files = {
        market / ".claude-plugin" / "marketplace.json": {
            "name": "probe-market",
            "owner": {"name": "Live Test"},
            "description": "Plugins of a test",
            "plugins": [{"name": "probe", "source": "./plugins/probe", "description": "Probe", "version": "0.1.0"}],
        },
        plugin / ".claude-plugin" / "plugin.json": {"name": "probe", "version": "0.1.0", "description": "Probe"},
        plugin / "hooks" / "hooks.json": {
            "hooks": {"Stop": [{"hooks": [{"type": "command", "command": f"cat > {shlex.quote(str(fired))}"}]}]}
        },
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    for arguments in (
        ("validate", str(market)),
        ("marketplace", "add", str(market)),
        ("install", "probe@probe-market"),
    ):
        done = client.cli("plugin", *arguments)
        assert done.exit_code == 0, done.stdout + done.stderr
    assert home.settings()["enabledPlugins"] == {"probe@probe-market": True}
    client.run_print("Hello [[hello]]")
    event = json.loads(fired.read_text())
    assert (event["hook_event_name"], event["session_id"]) == ("Stop", server.truth.calls[-1].session_id)


def test_a_subscription_token_asks_for_the_one_hour_cache(server: MessagesServer, home: ClaudeHome) -> None:
    subscriber = ClaudeClient(claude_binary(), home, server, subscription=True)
    assert subscriber.run_print("Hello").exit_code == 0
    [call] = server.truth.billed
    assert call.usage is not None
    assert call.usage.cache_write_1h_tokens > 0
    assert "x-api-key" not in call.headers
    assert home.recorded_usage() == billed_turns(server)


def test_limit_headers_reach_the_status_line_of_a_subscriber(
    server: MessagesServer, home: ClaudeHome, tmp_path: Path
) -> None:
    seen = shlex.quote(str(tmp_path / "status.jsonl"))
    home.update_settings({"statusLine": {"type": "command", "command": f"cat >> {seen}; echo >> {seen}; echo meter"}})
    resets_at = int(time.time()) + 3600
    server.default_reply = say("Done.", headers=limit_headers(0.42, 0.17, resets_at=resets_at))
    with ClaudeClient(claude_binary(), home, server, subscription=True).interactive() as session:
        session.prompt("Hello")
        session.prompt("Again")
        # The client draws the line when it finds the time: the last one may be from before the answer.
        wait_until(
            lambda: "rate_limits" in (tmp_path / "status.jsonl").read_text(),
            timeout_seconds=20,
            facts=session.screen,
        )
        session.exit()
    samples = [json.loads(line) for line in (tmp_path / "status.jsonl").read_text().splitlines() if line.strip()]
    [limits, *_] = [sample["rate_limits"] for sample in samples if "rate_limits" in sample]
    assert limits["five_hour"] == {"used_percentage": 42, "resets_at": resets_at}
    assert limits["seven_day"]["used_percentage"] == 17


def test_a_cold_cache_is_written_again_and_clear_starts_another_session(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome
) -> None:
    server.context = ContextSimulation(ContextSize(base_tokens=90_000))
    with client.interactive() as session:
        session.prompt("Hello [[one]]")
        session.prompt("More [[two]]")
        first_id = session.session_id
        server.context.expire_cache()
        session.prompt("After a pause [[three]]")
        session.send("/clear")
        session.prompt("!echo something else")
        assert session.session_id != first_id
        session.exit()
    usages = [call.usage for call in server.truth.billed if call.usage is not None]
    assert [usage.cache_read_tokens > 90_000 for usage in usages] == [False, True, False, False]
    assert [usage.prompt_tokens > 90_000 for usage in usages] == [True, True, True, False]
    assert len(home.transcripts) == 2
    assert home.recorded_usage() == billed_turns(server)


def test_titles_are_side_requests_that_no_transcript_shows(server: MessagesServer, home: ClaudeHome) -> None:
    chatty = ClaudeClient(claude_binary(), home, server, environment={"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": None})
    server.script("one", say("One answer."))
    with chatty.interactive() as session:
        assert "One answer." in session.prompt("Tell me one thing [[one]]")
        server.wait_for(lambda: bool(server.truth.of("side")))
        session.wait_idle()
        session.exit()
    assert server.truth.of("side")
    assert home.recorded_usage() == billed_turns(server)
