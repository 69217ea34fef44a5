"""`tasks --refine --through claude-code`: the real client asks, and sends nothing but what was shown."""

import json
import os
from pathlib import Path

from .claude_client import ClaudeClient, claude_binary
from .claude_home import ClaudeHome
from .messages_server import MessagesServer
from .script import say
from .taximeter import Taximeter
from .truth import strings_in

ANSWER = {
    "tasks": [
        {"first": 1, "title": "Look at the notes", "status": "completed"},
        {"first": 2, "title": "Another matter", "status": "open"},
    ]
}
SECRET = "kept to this machine"


def test_the_users_own_client_refines(server: MessagesServer, home: ClaudeHome, tmp_path: Path) -> None:
    secret, hook_ran = tmp_path / "secret.txt", tmp_path / "hook-ran"
    secret.write_text(SECRET)
    plan_user = ClaudeClient(claude_binary(), home, server, subscription=True)
    # An @ in a prompt sends the file along; when the prompt is asked about later it must not be sent again.
    first = plan_user.run_print(f"Look at @{secret} [[look]]")
    session = first.json()["session_id"]
    assert plan_user.run_print("and now another matter [[other]]", "--resume", session).exit_code == 0
    assert any(exchange.contains(SECRET) for exchange in server.truth.exchanges)
    (home.config / "CLAUDE.md").write_text(SECRET)
    hook = {"hooks": [{"type": "command", "command": f"touch {hook_ran}"}]}
    home.update_settings({"hooks": {"SessionStart": [hook], "UserPromptSubmit": [hook]}})
    before, files = len(server.truth.exchanges), home.transcripts
    server.default_reply = say(json.dumps(ANSWER))

    words = ("tasks", "--refine", "--through", "claude-code", "--yes", "--json")
    variables = plan_user.environment()
    path = f"{plan_user.binary.parent}{os.pathsep}{variables['PATH']}"
    # CLAUDECODE: as in a terminal of Claude Code.
    done = Taximeter(home).run(*words, environment=variables | {"PATH": path, "CLAUDECODE": "1"})

    titles = {task["title"] for task in done.json()["tasks"]}
    assert titles == {"Look at the notes", "Another matter"}, done.stderr
    (asked,) = (exchange for exchange in server.truth.exchanges[before:] if exchange.billed == "yes")
    assert asked.model == "claude-haiku-5-5"
    shown = done.stderr.split("\n", 1)[1].split("\n\nThis would go")[0]
    assert asked.contains(shown)
    assert not any(SECRET in text for text in strings_in(asked.body))
    assert not asked.body.get("tools")
    assert asked.headers["authorization"].startswith("Bearer ")
    assert not hook_ran.exists()
    assert home.transcripts == files
