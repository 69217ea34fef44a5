"""Taximeter beside the real Claude Code: our plugin from our marketplace, the watcher, the status line, the nudges."""

import json
import re

import pytest

from hooks.entry import SESSION_END_WAIT_SECONDS
from store.money import short_usd

from .claude_client import ClaudeClient
from .claude_home import ClaudeHome
from .claude_screen import InteractiveSession
from .context import ContextSimulation, ContextSize
from .messages_server import MessagesServer
from .script import Reply, say, use
from .taximeter import PLUGIN, ROOT, Taximeter, let_time_pass, let_time_pass_in_ledger
from .waiting import wait_until

LONGEST_HOOK_MS = 400.0  # on a busy machine; the bench measures the medians against a bare interpreter
PAUSE_HOURS = 2
COLD = "Compact before going on (the cache is cold, 2"
EVENTS = {"SessionStart", "UserPromptSubmit", "PostToolUse", "SubagentStop", "Stop", "SessionEnd", "statusline"}
STATUS = re.compile(r"task \$\d+\.\d\d · today \$\d+\.\d\d · context 26\dk/\d+k compact · cache [45]:\d\d.*")


@pytest.fixture
def taximeter(client: ClaudeClient, home: ClaudeHome) -> Taximeter:
    """Not installed yet; this user has worked with the client before."""
    assert client.run_print("An earlier piece of work [[earlier]]").exit_code == 0
    return Taximeter(home)


def add_plugin(client: ClaudeClient) -> None:
    """From our marketplace, both found valid by the client."""
    for words in (
        ("validate", str(ROOT)),
        ("validate", str(ROOT / "hooks" / "claude_code")),
        ("marketplace", "add", str(ROOT)),
        ("install", PLUGIN),
    ):
        done = client.cli("plugin", *words)
        assert done.exit_code == 0, done.stdout + done.stderr


def install_plugin(client: ClaudeClient, taximeter: Taximeter) -> None:
    """The way that the plugin's README shows."""
    add_plugin(client)
    taximeter.run("install", "claude-code", "--no-hooks", "--yes")


def ls(number: int) -> Reply:
    return use("Bash", {"command": f"echo {number}", "description": "Say a number"})


def status_line(session: InteractiveSession) -> str:
    """The line of ours that the client shows; empty if there is none."""
    return next((line.strip() for line in session.screen().splitlines() if " · context " in line), "")


def wait_until_said(session: InteractiveSession, event: str, beginning: str) -> None:
    """Wait until the client shows a sentence that begins so as that hook's; it may be broken over lines."""
    said = f"{event} says: {beginning}"
    wait_until(lambda: said in " ".join(session.screen().split()), timeout_seconds=30.0, facts=session.screen)


def switch_model(session: InteractiveSession, model: str) -> None:
    """`/model` in a conversation whose cache is warm: the client asks first."""
    session.send(f"/model {model}")
    session.wait_for_text("Switch model?")
    session.terminal.press("Enter")
    session.wait_for_text("Set model to")
    session.wait_idle()


def script_the_day(server: MessagesServer) -> None:
    agent = {"description": "look", "prompt": "Look around [[look]]", "subagent_type": "general-purpose"}
    server.script("tools", ls(1), ls(2), say("Both are done."))
    server.script("delegate", use("Agent", agent), say("It looks around."), say("It has looked."))
    server.script("look", ls(3), say("One file."))
    server.script("long", say("This takes a while, so long that it is never said.", pause_seconds=60))


def test_a_day_beside_the_client(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, taximeter: Taximeter
) -> None:
    """Prompts, tools, a subagent, exit, a pause longer than the cache's life, resume, /compact, two models, Escape."""
    server.context = ContextSimulation(ContextSize(base_tokens=250_000))
    script_the_day(server)
    add_plugin(client)
    settings_before = taximeter.settings_files()
    taximeter.run("install", "claude-code", "--no-hooks", "--yes")
    assert taximeter.settings_files() != settings_before

    with taximeter.watching() as printed, client.interactive() as session:
        session.prompt("Do two things [[tools]]")
        wait_until_said(session, "Stop", "Compact now if you go on, 26")
        taximeter.wait_until_complete()
        cost = short_usd(taximeter.session_cost(session.session_id))
        wait_until(
            lambda: status_line(session).startswith(f"task {cost} · "), timeout_seconds=15.0, facts=session.screen
        )
        assert STATUS.fullmatch(status_line(session)), status_line(session)
        session.prompt("Delegate it [[delegate]]")
        session.wait_idle()
        taximeter.wait_until_complete()
        session_id = session.session_id
        session.exit()

    let_time_pass(home.transcripts, hours=PAUSE_HOURS)
    let_time_pass_in_ledger(taximeter.state / "ledger.db", hours=PAUSE_HOURS)
    server.context.expire_cache()
    with taximeter.watching():
        taximeter.wait_for_advice(session_id, COLD)
        with client.interactive("--resume", session_id) as session:
            wait_until_said(session, "SessionStart:resume", COLD)
            session.prompt("Go on [[resumed]]")
            taximeter.wait_until_complete()
            session.compact()
            session.prompt("And after that [[after]]")
            taximeter.wait_until_complete()
            switch_model(session, "claude-sonnet-5-5")
            session.prompt("With another model [[other]]")
            taximeter.wait_until_complete()
            switch_model(session, "default")
            session.send("Talk [[long]]")
            broken = server.wait_for_stream("long")
            session.interrupt()
            server.wait_idle()
            assert broken.billed == "partial"
            session.prompt("Never mind [[last]]")
            taximeter.wait_until_complete()
            session.exit()

    assert server.left_over() == {}
    assert asked(server) == [
        ("main", "earlier"),
        *[("main", "tools")] * 3,
        *[("main", "delegate")] * 3,
        *[("main", marker) for marker in ("resumed", "after", "other", "long", "last")],
    ], "no hook adds a turn"
    assert [call.marker for call in server.truth.of("subagent")] == ["look"] * 2
    assert len(server.truth.of("compaction")) == 1
    texts = [text for _, text in taximeter.nudges()]
    assert [server.truth.containing(text) for text in texts] == [[] for _ in texts], "the model reads none of it"
    assert server.truth.containing("says: Compact") == server.truth.containing("taximeter:") == []
    assert server.truth.containing("] completed successfully") == [], "as the client says of hooks at a compaction"
    assert printed.read_text().count(f"▸ {texts[0]}") == 1
    assert max(printed.read_text().count(text) for text in texts) == 1
    assert taximeter.hook_errors() == ""
    took = taximeter.hook_milliseconds()
    assert took.keys() >= EVENTS, took
    assert took.pop("SessionEnd") < LONGEST_HOOK_MS + 1000 * SESSION_END_WAIT_SECONDS
    assert max(took.values()) < LONGEST_HOOK_MS, took
    taximeter.run("uninstall", "claude-code", "--yes")
    assert taximeter.settings_files() == settings_before


def asked(server: MessagesServer) -> list[tuple[str, str | None]]:
    """Kind and marker of every request of a main chain, in order."""
    return [(call.kind, call.marker) for call in server.truth.of("main")]


def test_back_after_the_cache_has_expired(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, taximeter: Taximeter
) -> None:
    server.context = ContextSimulation(ContextSize(base_tokens=250_000))
    with client.interactive() as session:
        session.prompt("Begin the work [[begin]]")
        session_id = session.session_id
        session.exit()
    let_time_pass(home.transcripts, hours=PAUSE_HOURS)
    server.context.expire_cache()
    install_plugin(client, taximeter)
    with taximeter.watching():
        taximeter.wait_until_complete()
        taximeter.wait_for_advice(session_id, COLD)
        with client.interactive("--resume", session_id) as session:
            wait_until_said(session, "SessionStart:resume", COLD)
            session.prompt("Go on [[resumed]]")
            taximeter.wait_until_complete()
            session.exit()
    assert server.truth.containing("the cache is cold") == []
    assert taximeter.nudges()[0][0] in ("compact", "cold_resume")


def test_hooks_alone_keep_the_ledger_complete_and_advise(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, taximeter: Taximeter
) -> None:
    """No watcher runs: the hooks' own background ingest does the work, and the last one waits for the end."""
    server.context = ContextSimulation(ContextSize(base_tokens=250_000))
    install_plugin(client, taximeter)
    server.script("tools", ls(1), say("Done with it."))
    with client.interactive() as session:
        session.prompt("Do it [[tools]]")
        taximeter.wait_until_complete()
        taximeter.wait_for_advice(session.session_id, "Compact now")
        session.prompt("Again [[again]]")
        session.wait_for_text(" says: Compact now")  # at the end of the turn, or if that was too soon at the prompt
        taximeter.wait_until_complete()
        session.exit()
    assert client.run_print("In print mode [[print]]").exit_code == 0
    taximeter.wait_until_complete()
    assert len(taximeter.recorded_usage()) == 5
    assert taximeter.hook_errors() == ""


def test_the_first_session_ever(client: ClaudeClient, server: MessagesServer, home: ClaudeHome) -> None:
    """The watcher was there before the client had ever written anything; hooks leave the work to it."""
    taximeter = Taximeter(home)
    install_plugin(client, taximeter)
    with taximeter.watching(), client.interactive() as session:
        session.prompt("Hello [[hello]]")
        taximeter.wait_until_complete()
        session.exit()
    assert len(taximeter.recorded_usage()) == 1


def test_uninstalling_leaves_the_settings_byte_for_byte(
    client: ClaudeClient, server: MessagesServer, home: ClaudeHome, taximeter: Taximeter
) -> None:
    settings = home.config / "settings.json"
    settings.write_text(json.dumps(home.settings(), indent=3) + "\n\n")
    before = {path: path.read_bytes() for path in sorted(home.config.rglob("settings*.json"))}
    taximeter.run("install", "claude-code", "--yes")
    assert settings.read_bytes() != before[settings]
    with taximeter.watching(), client.interactive() as session:
        session.prompt("Hello [[hello]]")
        session.wait_for_text("context ")
        taximeter.wait_until_complete()
        session.exit()
    taximeter.run("uninstall", "claude-code", "--yes")
    assert {path: path.read_bytes() for path in sorted(home.config.rglob("settings*.json"))} == before
    assert {"SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"} <= set(taximeter.hook_milliseconds())


def test_the_plugin_goes_as_it_came(client: ClaudeClient, home: ClaudeHome, taximeter: Taximeter) -> None:
    before = home.settings()
    install_plugin(client, taximeter)
    assert home.settings()["enabledPlugins"] == {PLUGIN: True}
    taximeter.run("uninstall", "claude-code", "--yes")
    for words in (("uninstall", PLUGIN), ("marketplace", "remove", "taximeter")):
        done = client.cli("plugin", *words)
        assert done.exit_code == 0, done.stdout + done.stderr
    left = {key: value for key, value in home.settings().items() if value not in ({}, [])}
    assert left == before


def test_a_hard_stop_holds_the_next_prompt_back(
    client: ClaudeClient, server: MessagesServer, taximeter: Taximeter
) -> None:
    taximeter.state.mkdir(parents=True)
    (taximeter.state / "settings.toml").write_text("[budget]\ntask = 0.005\nhard_stop = true\n")
    install_plugin(client, taximeter)
    with taximeter.watching(), client.interactive() as session:
        session.prompt("Hello [[hello]]")
        taximeter.wait_until_complete()
        session.wait_for_text("task $")
        session.send("And more [[more]]")
        session.wait_for_text("this task's budget of $0.0050 is used up")
        assert asked(server)[1:] == [("main", "hello")]
