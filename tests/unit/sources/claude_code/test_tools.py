"""What is kept of tool uses: names, targets, outcomes and sizes, never contents (section 1.3)."""

from pathlib import Path
from typing import Any

import pytest

from store.records import ToolFlag
from tests.unit.ledger.plain import answer, prompt
from tracker.sources.commands import command_flags

from .reading import batch_of, embedded, result_line, use_line

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
            ("TaskCreate", {"subject": "a"}, "new:pending", ToolFlag.TODOS),
            ("TaskUpdate", {"taskId": "1", "status": "completed"}, "1:completed", ToolFlag.TODOS),
            ("TaskUpdate", {"taskId": "1", "owner": "me"}, None, 0),
            ("mcp__x__y", {"anything": {"deep": [1]}}, None, 0),
        ],
    )
    def test_a_tool_use_keeps_name_and_target_of_what_was_asked(
        self, name: str, given: dict[str, Any], target: str | None, flags: int, tmp_path: Path
    ) -> None:
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
    def test_a_command_without_a_check_is_not_flagged_as_one(self, command: str) -> None:
        assert command_flags(command) == ToolFlag.RUN

    def test_a_tool_use_and_its_result_are_merged(self, tmp_path: Path) -> None:
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

    def test_the_outcome_of_a_check_in_the_background_is_unknown(self, tmp_path: Path) -> None:
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


def test_a_tool_whose_input_is_text_is_no_damage(tmp_path: Path) -> None:
    """Servers' own tools behind some gateways: their line has the answer's words and tools like any other."""
    served = {"type": "server_tool_use", "id": "call_1", "name": "reader", "input": '{"url": "https://example.org"}'}
    asked = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/home/dev/app/a.py"}}
    batch = batch_of(tmp_path, prompt(), answer(1, message={"content": [served, asked]}))
    assert [(use.name, use.target) for use in batch.tools] == [("Read", "/home/dev/app/a.py")]
    assert (len(batch.calls), batch.bad_lines) == (1, 0)


@pytest.mark.parametrize("times", [1, 2])
def test_tool_uses_inside_progress_records_are_read_as_any_other_once_each(times: int, tmp_path: Path) -> None:
    lines = [
        use_line(1, "Edit", file_path="/a/b.py"),
        result_line(2, "toolu_1", "x" * 500),
        use_line(3, "Bash", command="go test ./... | tail -3; git commit -m x"),
        result_line(4, "toolu_3", "FAIL\n[main 1a2b3c4] x"),
    ]
    records = [embedded(line) for line in lines for _ in range(times)]
    batch = batch_of(tmp_path, prompt(), *records)
    edit, commit = batch.tools
    whole = batch_of(tmp_path / "own", prompt(), *lines).tools
    for use, same in zip((edit, commit), whole, strict=True):
        assert (use.chain, use.turn) == ("ab1", None)
        assert (use.id, use.name, use.target, use.flags, use.message_id) == (
            same.id, same.name, same.target, same.flags, same.message_id
        )  # fmt: skip
        assert (use.at, use.result_chars, use.is_error, use.commit) == (
            same.at, same.result_chars, same.is_error, same.commit
        )  # fmt: skip
    assert (edit.flags, commit.commit) == (ToolFlag.EDIT, "1a2b3c4")
    assert commit.flags & ToolFlag.FAILED
    assert [call.message_id for call in batch.calls] == ["msg_1", "msg_3"]


def test_an_answer_inside_a_progress_record_leaves_the_block_free_for_a_longer_line(tmp_path: Path) -> None:
    said = answer(1, message={"content": [{"type": "text", "text": "done"}]})
    batch = batch_of(tmp_path, prompt(), embedded(said), prompt("x" * 400_000, second=5))
    assert (len(batch.calls), len(batch.turns)) == (1, 2)
