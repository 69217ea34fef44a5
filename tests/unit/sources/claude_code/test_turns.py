"""What begins a turn, what only marks something, and which calls and tools belong to it (section 1.3)."""

from pathlib import Path
from typing import Any

import pytest

from store.first_words import first_words, from_text
from store.records import EventKind, ToolFlag, TurnKind
from tests.unit.ledger.plain import OTHER, SESSION, answer, at, prompt
from tracker.sources.commands import command_flags

from .reading import batch_of, marks


def result_line(second: int, tool: str, content: Any = "ok", **changes: Any) -> dict[str, Any]:
    """A tool's result."""
    block = {"type": "tool_result", "tool_use_id": tool, "content": content, "is_error": False}
    return prompt("", second=second, message={"role": "user", "content": [block]}, **changes)


def use_line(number: int, name: str, **given: Any) -> dict[str, Any]:
    """A call that uses a tool; its id is toolu_NUMBER."""
    return answer(
        number, message={"content": [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}]}
    )


def test_calls_belong_to_the_prompt_before_them(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("one", second=0), answer(1), answer(2), prompt("two", second=3), answer(4))
    assert [(turn.prompt_uuid, turn.text, turn.kind) for turn in batch.turns] == [
        ("prompt-1-0", "one", TurnKind.PROMPT),
        ("prompt-1-3", "two", TurnKind.PROMPT),
    ]
    assert [call.turn for call in batch.calls] == ["prompt-1-0", "prompt-1-0", "prompt-1-3"]


@pytest.mark.parametrize(
    ("text", "kind", "kept"),
    [
        ("please mend the parser", TurnKind.PROMPT, "please mend the parser"),
        ("<b>not a tag of the client</b>", TurnKind.PROMPT, "<b>not a tag of the client</b>"),
        ("<command-name>/review</command-name><command-args>42</command-args>", TurnKind.COMMAND, "/review 42"),
        ("<command-message>x</command-message><command-name>/review</command-name>", TurnKind.COMMAND, "/review"),
        ("<bash-input>ls -la</bash-input>", TurnKind.BASH, "! ls -la"),
        ("<system-reminder>be kind</system-reminder>\nadd a test", TurnKind.PROMPT, "add a test"),
        ("<system-reminder>never closed", TurnKind.PROMPT, "<system-reminder>never closed"),
        ("<ide_opened_file>a file is open</ide_opened_file> mend it", TurnKind.PROMPT, "mend it"),
        ("<ide_selection>two lines</ide_selection>\nand these", TurnKind.PROMPT, "and these"),
    ],
)
def test_what_begins_a_turn(text: str, kind: str, kept: str, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt(text), answer(1))
    assert [(turn.kind, turn.text) for turn in batch.turns] == [(kind, kept)]


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("<command-name>/clear</command-name>", EventKind.CLEAR),
        ("<command-name>/exit</command-name>", EventKind.EXIT),
        ("<command-name>/cost</command-name>", EventKind.COMMAND),
        ("<local-command-stdout>12</local-command-stdout>", None),
        ("<bash-stdout>a b</bash-stdout>", None),
        ("<system-reminder>only this</system-reminder>", None),
        ("[Request interrupted by user]", EventKind.INTERRUPT),
        ("[Request interrupted by user for tool use]", EventKind.INTERRUPT),
    ],
)
def test_what_begins_none(text: str, event: str | None, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("first"), answer(1), prompt(text, second=2), answer(3))
    assert [turn.text for turn in batch.turns] == ["first"]
    assert [one.kind for one in marks(batch)] == ([event] if event else [])
    assert {call.turn for call in batch.calls} == {"prompt-1-0"}


def test_the_agents_first_words_after_a_prompt_are_kept_as_hashes(tmp_path: Path) -> None:
    def says(number: int, *texts: str) -> dict[str, Any]:
        return answer(number, message={"content": [{"type": "text", "text": text} for text in texts]})

    lines = prompt("one"), says(1, "", "  Good catch, that's right."), says(2, "More."), prompt("two", second=3)
    batch = batch_of(tmp_path, *lines, says(4))
    words = [from_text(one.detail or "") for one in batch.events if one.kind == EventKind.REPLY]
    assert words == [first_words("good catch that s right", 40)]


def test_what_the_agent_says_to_a_report_is_no_answer_to_a_prompt(tmp_path: Path) -> None:
    text = "<task-notification><task-id>ab1</task-id></task-notification>"
    batch = batch_of(tmp_path, prompt(text), answer(1))
    assert [one.kind for one in batch.events] == []


def test_a_message_takes_an_agent_up_again(tmp_path: Path) -> None:
    """`SendMessage` to an agent that had ended names it in its result; one to a teammate does not."""
    told = result_line(3, "toolu_2", toolUseResult={"success": True, "message": "…", "resumedAgentId": "ab1"})
    other = result_line(5, "toolu_4", toolUseResult={"success": True, "message": "sent", "routing": {"target": "@x"}})
    lines = prompt(), use_line(2, "SendMessage", to="ab1"), told, use_line(4, "SendMessage", to="x"), other
    assert {use.id: use.spawned for use in batch_of(tmp_path, *lines).tools} == {"toolu_2": "ab1", "toolu_4": None}


@pytest.mark.parametrize("mark", ["isMeta", "isVisibleInTranscriptOnly", "isCompactSummary"])
def test_text_that_the_client_adds_begins_no_turn(mark: str, tmp_path: Path) -> None:
    added = {**prompt("continue", second=2), mark: True}
    batch = batch_of(tmp_path, prompt("first"), answer(1), added, answer(3))
    assert [turn.text for turn in batch.turns] == ["first"]


def test_a_background_agents_report_names_what_started_it(tmp_path: Path) -> None:
    text = "<task-notification><task-id>ab1</task-id><tool-use-id>toolu_9</tool-use-id></task-notification>"
    batch = batch_of(tmp_path, prompt("first"), answer(1), prompt(text, second=2), answer(3))
    turn = batch.turns[1]
    assert (turn.kind, turn.source_tool_use, turn.seen_agent, turn.text) == (
        TurnKind.NOTIFICATION,
        "toolu_9",
        "ab1",
        "",
    )


def test_opening_words_are_cut_and_the_length_is_kept(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("word " * 200), answer(1), prompt_chars=20)
    (turn,) = batch.turns
    assert turn.text == "word word word word…"
    assert turn.chars == 1000


def test_no_words_are_kept_where_the_setting_says_so(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("my secret"), answer(1), prompt_chars=0)
    assert [turn.text for turn in batch.turns] == [""]
    assert b"secret" not in batch.turns[0].words


def test_a_prompt_of_several_blocks_is_one_text(tmp_path: Path) -> None:
    blocks = [{"type": "text", "text": "look at"}, {"type": "image", "source": {}}, {"type": "text", "text": "this"}]
    batch = batch_of(tmp_path, prompt("", message={"role": "user", "content": blocks}), answer(1))
    assert [turn.text for turn in batch.turns] == ["look at this"]


def test_a_prompt_that_hangs_on_an_older_line_is_a_rewind(tmp_path: Path) -> None:
    lines = [
        prompt("one", second=0, uuid="p1", parentUuid=None),
        answer(1, uuid="a1", parentUuid="p1"),
        prompt("two", second=2, uuid="p2", parentUuid="a1"),
        answer(3, uuid="a2", parentUuid="p2"),
        prompt("two, better", second=4, uuid="p3", parentUuid="a1"),
        answer(5, uuid="a3", parentUuid="p3"),
    ]
    batch = batch_of(tmp_path, *lines)
    assert [event.kind for event in marks(batch)] == [EventKind.REWIND]
    assert len(batch.calls) == 3, "abandoned turns were paid for"


def test_compaction_marks(tmp_path: Path) -> None:
    sizes = {"trigger": "auto", "preTokens": 180_000, "postTokens": 9_000}
    boundary = {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": "b",
        "sessionId": SESSION,
        "timestamp": at(2),
        "compactMetadata": sizes,
    }
    summary = prompt("This session continues …", second=3, isCompactSummary=True)
    batch = batch_of(tmp_path, prompt(), answer(1), boundary, summary, answer(4))
    found = [(event.kind, event.detail, event.tokens_before, event.tokens_after) for event in marks(batch)]
    assert found == [(EventKind.COMPACT, "auto", 180_000, 9_000), (EventKind.SUMMARY, None, None, None)]


def test_a_change_of_branch_is_an_event(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt(gitBranch="main"), answer(1, gitBranch="main"), answer(2, gitBranch="fix/x"))
    assert [(event.kind, event.detail) for event in marks(batch)] == [(EventKind.BRANCH, "fix/x")]


def test_cost_state_rows_are_kept_as_the_clients_totals(tmp_path: Path) -> None:
    model = {
        "inputTokens": 5,
        "outputTokens": 6,
        "cacheReadInputTokens": 7,
        "cacheCreationInputTokens": 9,
        "cacheCreationEphemeral1hInputTokens": 4,
        "webSearchRequests": 1,
        "costUSD": 0.1,
    }
    row = {
        "type": "cost-state",
        "sessionId": SESSION,
        "totalCostUSD": 0.123456789,
        "startTime": 1_795_000_000_000,
        "modelUsage": {"claude-opus-5-5": model},
    }
    (total,) = batch_of(tmp_path, prompt(), answer(1), row).totals
    assert (total.cost, total.started_at, total.unknown_model) == (123_456_789, 1_795_000_000_000, False)
    (part,) = total.models
    assert (part.input, part.output, part.cache_read, part.write_5m, part.write_1h, part.cost) == (
        5,
        6,
        7,
        5,
        4,
        100_000_000,
    )


CHECKS = [
    "npm run -s test", "npm run --workspace=web test", "npm run -w web lint", "pnpm run --if-present typecheck",
    "npm --prefix web test", "npm run-script test", "pnpm -r test", "yarn workspace web test",
    "yarn workspace @a/web run build", "make -C lib check", "make 2>&1 | tail -20", "make -j 8 && ./a.out",
    "cargo +nightly test", "cargo nextest run", "uv run --with x pytest", "python3.12 -m pytest", ".venv/bin/pytest -q",
    "./node_modules/.bin/eslint src", "/usr/local/go/bin/go test ./...", "npx vitest run", "npx vite build",
    "npx --no-install playwright test", "pnpm exec biome check src", "turbo run test", "(cd web && npm test)",
    "(pytest -q || true)", "out=$(npm test 2>&1)", "make -j$(nproc)", "npm --prefix $(pwd) test",
]  # fmt: skip
NO_CHECKS = [
    "npm run", "npm run dev", "npm run -s dev", "yarn workspace test dev", "npx playwright install", "npx vite",
    "make -C test clean", "ls node_modules/eslint", "cat /usr/bin/env", "cargo +test run", "echo Now make `x` faster",
]  # fmt: skip


class TestTools:
    """Names, targets, flags and result sizes; never contents."""

    @pytest.mark.parametrize(
        ("name", "given", "target", "flags"),
        [
            ("Edit", {"file_path": "/a/b.py", "old_string": "x"}, "/a/b.py", ToolFlag.EDIT),
            ("NotebookEdit", {"notebook_path": "n.ipynb"}, "n.ipynb", ToolFlag.EDIT),
            ("Read", {"file_path": "/a/b.py"}, "/a/b.py", ToolFlag.READ),
            ("Grep", {"pattern": "def .*", "path": "/a"}, "def .*", ToolFlag.READ),
            ("Bash", {"command": "ls -la"}, "ls -la", ToolFlag.RUN),
            (
                "Bash",
                {"command": "cd x && git commit -am 'y'"},
                "cd x && git commit -am 'y'",
                ToolFlag.RUN | ToolFlag.COMMIT,
            ),
            ("Bash", {"command": "git -C x push"}, "git -C x push", ToolFlag.RUN | ToolFlag.PUSH),
            ("Bash", {"command": "git stash push -m a"}, "git stash push -m a", ToolFlag.RUN),
            ("Bash", {"command": "git stash push; git push"}, "git stash push; git push", ToolFlag.RUN | ToolFlag.PUSH),
            ("Bash", {"command": "git config commit.gpgsign false"}, "git config commit.gpgsign false", ToolFlag.RUN),
            ("Bash", {"command": "git revert HEAD"}, "git revert HEAD", ToolFlag.RUN | ToolFlag.REVERT),
            ("Bash", {"command": "echo git; commit"}, "echo git; commit", ToolFlag.RUN),
            ("Bash", {"command": "gh pr create --fill"}, "gh pr create --fill", ToolFlag.RUN | ToolFlag.PULL_REQUEST),
            ("Bash", {"command": "python -m pytest -q"}, "python -m pytest -q", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "npm run lint"}, "npm run lint", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "pnpm --filter web test"}, "pnpm --filter web test", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "npm --prefix=a run lint"}, "npm --prefix=a run lint", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "make -C lib -j test"}, "make -C lib -j test", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "flutter analyze"}, "flutter analyze", ToolFlag.RUN | ToolFlag.CHECK),
            ("Bash", {"command": "pnpm --filter web dev"}, "pnpm --filter web dev", ToolFlag.RUN),
            ("Bash", {"command": "make clean"}, "make clean", ToolFlag.RUN),
            ("Bash", {"command": "make --version"}, "make --version", ToolFlag.RUN),
            ("Bash", {"command": "make -j8"}, "make -j8", ToolFlag.RUN | ToolFlag.CHECK),
            ("Task", {"subagent_type": "Explore", "description": "find it"}, "Explore: find it", ToolFlag.AGENT),
            ("TodoWrite", {"todos": [{"status": "completed"}, {"status": "in_progress"}]}, "1/2+", ToolFlag.TODOS),
            ("mcp__x__y", {"anything": {"deep": [1]}}, None, 0),
        ],
    )
    def test_asked(self, name: str, given: dict[str, Any], target: str | None, flags: int, tmp_path: Path) -> None:
        (use,) = batch_of(tmp_path, prompt(), use_line(1, name, **given)).tools
        assert (use.name, use.target, use.flags, use.message_id, use.turn) == (
            name,
            target,
            flags,
            "msg_1",
            "prompt-1-0",
        )

    @pytest.mark.parametrize("command", CHECKS)
    def test_checks_are_known_whatever_stands_around_them(self, command: str) -> None:
        assert command_flags(command) == ToolFlag.RUN | ToolFlag.CHECK

    @pytest.mark.parametrize("command", NO_CHECKS)
    def test_what_runs_no_check_is_none(self, command: str) -> None:
        assert command_flags(command) == ToolFlag.RUN

    def test_ask_and_answer_are_joined(self, tmp_path: Path) -> None:
        (use,) = batch_of(
            tmp_path, prompt(), use_line(1, "Read", file_path="a"), result_line(2, "toolu_1", "x" * 500)
        ).tools
        assert (use.name, use.target, use.is_error) == ("Read", "a", False)
        assert use.result_chars is not None
        assert 500 <= use.result_chars <= 502, "quotes and escapes count: it is the size in the transcript"

    def test_a_commits_sha_is_read_from_its_output_and_nothing_else_is(self, tmp_path: Path) -> None:
        lines = [
            use_line(1, "Bash", command="git commit -m x"),
            result_line(2, "toolu_1", "[main 1a2b3c4] x\n 1 file changed"),
        ]
        lines += [use_line(3, "Bash", command="cat log"), result_line(4, "toolu_3", "[main 9f9f9f9] old")]
        commits = {use.id: use.commit for use in batch_of(tmp_path, prompt(), *lines).tools}
        assert commits == {"toolu_1": "1a2b3c4", "toolu_3": None}

    def test_a_check_that_a_pipe_lets_succeed_failed_if_its_output_says_so(self, tmp_path: Path) -> None:
        lines = [
            use_line(1, "Bash", command="go test ./... 2>&1 | tail -3"),
            result_line(2, "toolu_1", "FAIL\tshop/cart\t0.1s\nFAIL"),
            use_line(3, "Bash", command="go test ./... 2>&1 | tail -3 && git commit -m x"),
            result_line(4, "toolu_3", "FAIL\n[main 1a2b3c4] x"),
            use_line(5, "Bash", command="go test ./..."),
            result_line(6, "toolu_5", "ok  \tshop/cart\t0.1s"),
            use_line(7, "Bash", command="grep -rn FAIL ."),
            result_line(8, "toolu_7", "FAIL"),
        ]
        tools = {use.id: use for use in batch_of(tmp_path, prompt(), *lines).tools}
        failed = [key for key, use in tools.items() if use.flags & ToolFlag.FAILED]
        assert failed == ["toolu_1", "toolu_3"]
        assert (tools["toolu_3"].commit, tools["toolu_3"].is_error) == ("1a2b3c4", False)

    def test_nobody_knows_what_comes_of_a_check_in_the_background(self, tmp_path: Path) -> None:
        lines = [
            use_line(1, "Bash", command="npm test", run_in_background=True),
            result_line(2, "toolu_1", "Command running in background with ID: b1. Output is being written to: /tmp/b1"),
        ]
        (use,) = batch_of(tmp_path, prompt(), *lines).tools
        assert use.is_error is None
        assert use.result_chars

    def test_the_agent_that_a_tool_started(self, tmp_path: Path) -> None:
        extra = {"toolUseResult": {"status": "async_launched", "isAsync": True, "agentId": "ab1"}}
        lines = [
            use_line(1, "Task", subagent_type="general-purpose", description="d"),
            result_line(2, "toolu_1", **extra),
        ]
        (use,) = batch_of(tmp_path, prompt(), *lines).tools
        assert use.spawned == "ab1"

    def test_nothing_of_contents_is_kept(self, tmp_path: Path) -> None:
        secret = "hunter2 hunter2"
        lines = [
            use_line(1, "Write", file_path="a", content=secret),
            result_line(2, "toolu_1", secret, toolUseResult={"stdout": secret}),
        ]
        batch = batch_of(tmp_path, prompt(), *lines, answer(3, message={"content": [{"type": "text", "text": secret}]}))
        assert secret not in repr(batch)


class TestSession:
    """Facts of a session."""

    def test_facts(self, tmp_path: Path) -> None:
        lines = [
            prompt(cwd="/home/dev/app", gitBranch="main", version="2.1.197", entrypoint="cli"),
            answer(1, cwd="/home/dev/app/sub", gitBranch="fix", version="2.1.329", entrypoint="cli"),
            {"type": "ai-title", "aiTitle": "Mend the parser", "sessionId": SESSION},
        ]
        (session,) = batch_of(tmp_path, *lines).sessions
        assert (session.native_id, session.rank, session.cwd) == (SESSION, 2, "/home/dev/app")
        assert (session.branch, session.version, session.entrypoint) == ("fix", "2.1.329", "cli")
        assert (session.title, session.billing) == ("Mend the parser", None)
        assert session.first_at is not None
        assert session.last_at is not None
        assert session.last_at - session.first_at == 1000

    def test_a_windows_path_stays_as_it_is(self, tmp_path: Path) -> None:
        (session,) = batch_of(tmp_path, prompt(cwd="D:\\work\\app"), name=f"D--work-app/{SESSION}.jsonl").sessions
        assert session.cwd == "D:\\work\\app"

    def test_asking_for_an_hour_of_cache_tells_a_plan(self, tmp_path: Path) -> None:
        (session,) = batch_of(tmp_path, prompt(), answer(1, promptCacheRequested="1h")).sessions
        assert session.billing == "plan"

    def test_a_fork_names_its_parent(self, tmp_path: Path) -> None:
        sessions = {
            one.native_id: one
            for one in batch_of(tmp_path, prompt(), answer(1, requestSessionId=OTHER), answer(2)).sessions
        }
        assert sessions[SESSION].parent == OTHER
        assert sessions[OTHER].rank == 0
