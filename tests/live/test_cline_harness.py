"""The harness itself against the real Cline command line."""

from .cline_client import VERSION, ClineClient, ClineHome
from .messages_server import MessagesServer
from .script import say, use


def test_the_pinned_version_is_installed(cline_client: ClineClient) -> None:
    assert cline_client.cli("--version").stdout.strip().endswith(VERSION)


def test_two_tasks_with_tools_record_what_the_server_billed(
    cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer
) -> None:
    readme = str(cline_home.project / "README.md")
    server.script(
        "first",
        use("read_files", {"files": [{"path": readme}]}, text="Reading."),
        use("run_commands", {"commands": ["touch made.txt"]}),
        say("The first task is done."),
    )
    server.script("second", use("run_commands", {"commands": ["ls"]}), say("The second task is done."))
    for marker in ("first", "second"):
        done = cline_client.run_task(f"Do the task [[{marker}]]")
        assert done.exit_code == 0, done.stderr
        assert done.json_lines()[-1]["text"] == f"The {marker} task is done."
    assert (cline_home.project / "made.txt").exists()
    assert server.left_over() == {}
    assert len(cline_home.transcripts) == 2
    assert cline_home.recorded_usage() == [call.usage for call in server.truth.billed]


def test_a_subagent_has_its_own_file(cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer) -> None:
    server.script(
        "delegate",
        use("spawn_agent", {"systemPrompt": "You look around.", "task": "List the files [[look]]"}),
        say("The agent looked."),
    )
    server.script("look", use("run_commands", {"commands": ["ls"]}), say("One file."))
    done = cline_client.run_task("Delegate [[delegate]]")
    assert done.json_lines()[-1]["text"] == "The agent looked."
    assert [call.kind for call in server.truth.billed] == ["main", "subagent", "subagent", "main"]
    assert sum(path.name.startswith("agent_") for path in cline_home.transcripts) == 1
    assert cline_home.recorded_usage() == [call.usage for call in server.truth.billed]
