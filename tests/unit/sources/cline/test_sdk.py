"""Sessions of the SDK store (CLINE section 2)."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from store.records import NAME_CHARS, Batch, CallFlag, CopyRank, EventKind, ToolFlag, TurnKind
from tracker.sources.base import ReadState

ReadAll = Callable[..., Batch]
Usage = Callable[..., dict[str, Any]]
LEGACY = "Warning: this is a legacy conversation, …"
TEAM_REPORT = (
    '<user_input mode="act">System-delivered teammate async run updates:\n- run_00001 (ann) -> completed iterations=1\n'
    "\nNo teammate runs are currently in progress. Continue coordination using these updates.</user_input>"
)


def test_input_excludes_what_the_cache_served_or_took(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.user("Go")
    session.answer(usage(12_751, 322, 11_832, 913, 0.01182135), metadata={})
    session.write()
    [call] = read_all(session.root).calls
    assert (call.input, call.cache_read, call.write_5m, call.output) == (6, 11_832, 913, 322)
    assert call.reported_cost == 11_821_350
    assert call.requested_at == call.first_at - 1000


def test_an_absent_cost_is_not_zero(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.answer(usage(100, 10))
    session.write()
    assert read_all(session.root).calls[0].reported_cost is None


def test_reasoning_is_part_of_the_output(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.answer({**usage(100, 50), "reasoningTokenCount": 20})
    session.write()
    [call] = read_all(session.root).calls
    assert (call.output, call.thinking) == (50, 20)


def test_a_broken_stream_is_a_call_that_cost_at_least_nothing(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.user("Go")
    session.answer(usage(0, 0))
    session.write()
    [call] = read_all(session.root).calls
    assert call.flags == CallFlag.OUTPUT_IS_FLOOR


def test_an_error_is_a_mark_and_no_call(session: Any, read_all: ReadAll) -> None:
    session.user("Go")
    shown = {"displayOnly": True, "displayRole": "error"}
    session.answer(None, "OpenRouter API Error 402: Insufficient credits", id="error_1", metadata=shown)
    session.write()
    batch = read_all(session.root)
    assert batch.calls == []
    assert [event.detail for event in batch.events if event.kind == EventKind.API_ERROR] == ["402"]


@pytest.mark.parametrize(
    "message",
    [
        {"metadata": {"userRunSpan": 0}},
        {"metadata": {"kind": "completion_reminder"}},
        {"metadata": {"kind": "compaction_summary", "displayRole": "system"}},
        {"metadata": {"displayRole": "status"}},
        {"content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
        {"content": [{"type": "text", "text": "  "}]},
        {"content": [{"type": "text", "text": "The user approved switching to act mode. Continue now."}]},
        {"content": [{"type": "text", "text": TEAM_REPORT}]},
    ],
)
def test_what_cline_writes_in_the_users_name_starts_no_turn(
    message: dict[str, Any], session: Any, read_all: ReadAll
) -> None:
    session.user("Go")
    session.user("not typed", **message)
    session.write()
    assert [turn.text for turn in read_all(session.root).turns] == ["Go"]


@pytest.mark.parametrize("start", ["<mode_notice>", "<user_input>", "<user_input ", '<user_command slash="'])
def test_tags_that_nothing_ends_take_no_longer_than_they_are(
    start: str, session: Any, usage: Usage, read_all: ReadAll
) -> None:
    """A prompt holds the pages and files that it names, which may be made to hold up who reads it."""
    session.user(start * 20_000)
    session.answer(usage(10, 1))
    session.write()
    begun = time.process_time()
    assert [turn.kind for turn in read_all(session.root).turns] == [TurnKind.PROMPT]
    assert time.process_time() - begun < 5, "looking for the end of each of them would take minutes"


def test_the_wrapper_around_a_prompt_tells_the_mode(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.user('<user_input mode="plan">Think</user_input>')
    session.answer(usage(10, 1))
    notice = "<mode_notice>The user switched from plan mode to act mode.</mode_notice>"
    session.user(f'{notice}<user_input mode="act">Do it</user_input>')
    session.user('<user_command slash="review">a long text</user_command>')
    session.user("[TASK RESUMPTION] This task was interrupted.")
    session.write()
    batch = read_all(session.root)
    assert [(turn.kind, turn.text) for turn in batch.turns] == [
        (TurnKind.PROMPT, "Think"),
        (TurnKind.PROMPT, "Do it"),
        (TurnKind.COMMAND, "/review"),
        (TurnKind.COMMAND, "resume"),
    ]
    assert [event.detail for event in batch.events if event.kind == EventKind.MODE] == ["plan", "act"]


def test_a_session_written_again_with_more_tells_only_the_more(session: Any, usage: Usage, read_all: ReadAll) -> None:
    states = dict[str, ReadState]()
    session.user("Go")
    session.answer(usage(100, 10))
    session.write()
    assert len(read_all(session.root, states=states).calls) == 1
    session.user("More")
    session.answer(usage(200, 20))
    # A resume drops the family of earlier messages: their text changes, their meaning does not.
    session.messages[1]["modelInfo"].pop("family", None)
    session.write(updated_at="2026-11-21T02:00:00Z")
    batch = read_all(session.root, states=states)
    assert [call.input for call in batch.calls] == [200]
    assert [turn.text for turn in batch.turns] == ["More"]


def test_history_that_a_fork_copied_is_marked_as_a_copy(
    session: Any, usage: Usage, read_all: ReadAll, tmp_path: Any
) -> None:
    session.user("Go")
    session.answer(usage(100, 10))
    session.write()
    fork = type(session)(session.root, "1795000900000_forkd")
    fork.messages = list(session.messages)
    fork.user("Other way")
    fork.answer(usage(200, 20))
    fork.write()
    batch = read_all(session.root)
    by_session = {(call.session, call.message_id): call.copy_rank for call in batch.calls}
    original = session.messages[1]["id"]
    assert by_session[session.session, original] == CopyRank.OWN
    assert by_session[fork.session, original] == CopyRank.FORK
    assert by_session[fork.session, fork.messages[3]["id"]] == CopyRank.OWN
    assert [turn.text for turn in batch.turns if turn.session == fork.session] == ["Other way"]
    [copy] = [one for one in batch.sessions if one.native_id == fork.session]
    assert copy.own_start_at == fork.messages[2]["ts"]


class TestContinuedClassicTask:
    """Cline copies the classic conversation into a session of the same id and invents one message's metrics."""

    def copied(self, rows: Any, task: Any, session: Any, usage: Usage) -> Any:
        task.write([rows.say("task", "Go"), rows.request(4, 40, 100, 500), rows.say("completion_result", "Done")])
        moved = type(session)(task.root, task.task)
        moved.user("Go")
        moved.answer(usage(604, 40, 500, 100, 0.01), modelInfo={"id": "my-priced-model", "provider": "unknown"})
        moved.user(LEGACY)
        return moved

    def test_is_counted_once(self, rows: Any, task: Any, session: Any, usage: Usage, read_all: ReadAll) -> None:
        moved = self.copied(rows, task, session, usage)
        moved.write()
        batch = read_all(task.root)
        assert [call.message_id for call in batch.calls] == [f"cline:{task.task}:{rows.at - 1000}"]
        assert {one.native_id for one in batch.sessions} == {task.task}
        assert [turn.text for turn in batch.turns] == ["Go"]

    def test_goes_on_in_the_same_session(
        self, rows: Any, task: Any, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        moved = self.copied(rows, task, session, usage)
        moved.user("More")
        moved.answer(usage(700, 7))
        moved.write()
        batch = read_all(task.root)
        assert {call.session for call in batch.calls} == {task.task}
        assert sorted(call.output for call in batch.calls) == [7, 40]
        assert sorted(turn.text for turn in batch.turns) == ["Go", "More"]

    def test_is_known_by_its_id_if_the_mark_is_gone(
        self, rows: Any, task: Any, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        moved = self.copied(rows, task, session, usage)
        moved.messages.pop()
        moved.write()
        assert [call.output for call in read_all(task.root).calls] == [40]

    def test_the_same_task_in_two_classic_stores_has_the_same_keys(
        self, rows: Any, task: Any, read_all: ReadAll, tmp_path: Any
    ) -> None:
        written = [rows.say("task", "Go"), rows.request(4, 40), rows.deleted(1, 1, 1, 1, 0.1)]
        task.write(written)
        other = type(task)(tmp_path / "editor", task.task)
        other.write(written)
        first, second = read_all(task.root), read_all(other.root)
        assert [call.message_id for call in first.calls] == [call.message_id for call in second.calls]
        assert first.turns == second.turns


@pytest.mark.parametrize(("told", "branch"), [("main", "main"), ("(no", None), ("(HEAD", None), (None, None)])
def test_a_worktree_without_a_branch_has_none(
    told: str | None, branch: str | None, session: Any, read_all: ReadAll
) -> None:
    manifest = {"session_id": session.session, "metadata": {"git": {"branch": told}}}
    (session.folder / f"{session.session}.json").write_text(json.dumps(manifest))
    assert [one.branch for one in read_all(session.root).sessions] == [branch]


def test_names_without_end_are_cut(session: Any, usage: Usage, read_all: ReadAll) -> None:
    endless = "x" * 100_000
    session.user("Go")
    use = {"type": "tool_use", "id": "toolu_0123456789abcdef", "name": endless, "input": {}}
    session.answer(usage(100, 10), modelInfo={"id": endless, "provider": endless}, content=[use])
    session.write()
    manifest = {"session_id": session.session, "metadata": {"git": {"branch": endless}}}
    (session.folder / f"{session.session}.json").write_text(json.dumps(manifest))
    read = read_all(session.root)
    (call,), (tool,) = read.calls, read.tools
    branches = {one.branch for one in read.sessions} - {None}
    assert {call.model, call.provider, tool.name} | branches == {endless[:NAME_CHARS]}


class TestSubagents:
    def lead(self, session: Any, usage: Usage) -> None:
        session.user("First")
        session.answer(usage(100, 10))
        session.user("Delegate")
        spawn = {"type": "tool_use", "id": "toolu_0123456789abcdef", "name": "spawn_agent", "input": {"task": "Count"}}
        session.answer(usage(200, 20), content=[spawn])

    def agent_file(self, session: Any, usage: Usage) -> None:
        messages, session.messages = session.messages, []
        session.user("Count")
        session.answer(usage(50, 5))
        session.write("agent_1.messages.json", agent="subagent")
        session.messages = messages

    def test_are_a_chain_of_the_turn_that_started_them(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        self.lead(session, usage)
        self.agent_file(session, usage)
        session.user("Something later")
        session.write()
        batch = read_all(session.root)
        [call] = [call for call in batch.calls if call.chain]
        [chain] = [chain for chain in batch.chains if chain.key]
        assert (call.chain, call.turn) == ("agent_1", batch.turns[1].prompt_uuid)
        assert (chain.kind, chain.spawn_tool_use) == ("subagent", "toolu_0123456789abcdef")
        assert len(batch.turns) == 3

    def test_a_teammate_is_started_by_the_call_that_gave_it_its_task(
        self, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        session.user("Work as a team")
        given = {"agentId": "ann", "task": "Count", "runMode": "async"}
        run = {"type": "tool_use", "id": "toolu_0123456789abcdef", "name": "team_run_task", "input": given}
        session.answer(usage(200, 20), content=[run])
        self.agent_file(session, usage)
        session.write()
        [chain] = [chain for chain in read_all(session.root).chains if chain.key]
        assert chain.spawn_tool_use == "toolu_0123456789abcdef"

    def test_wait_while_their_sessions_transcript_is_torn(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        self.lead(session, usage)
        self.agent_file(session, usage)
        session.path.write_text('{"messages": [')
        assert read_all(session.root).calls == []
        session.write()
        assert len(read_all(session.root).calls) == 3

    def test_a_message_in_an_unknown_form_hides_neither_its_call_nor_them(
        self, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        self.lead(session, usage)
        session.answer(usage(70, 3), content=[{"type": "tool_use", "id": 7, "name": "x"}])
        session.messages.insert(1, session.messages.pop())
        session.messages[1]["ts"] = session.messages[0]["ts"]
        self.agent_file(session, usage)
        session.write()
        batch = read_all(session.root)
        assert min(call.output for call in batch.calls if not call.chain) == 3
        assert [(call.chain, call.turn is not None) for call in batch.calls if call.chain] == [("agent_1", True)]
        assert batch.bad_lines == 1


class TestManifest:
    def write(self, session: Any, **facts: Any) -> None:
        manifest = {"session_id": session.session, "started_at": "2026-11-21T01:49:54.372Z", **facts}
        (session.folder / f"{session.session}.json").write_text(json.dumps(manifest))

    def test_a_run_without_a_user_that_ended_well_is_complete(self, session: Any, read_all: ReadAll) -> None:
        self.write(session, status="completed", interactive=False, ended_at="2026-11-21T01:50:00Z")
        assert [event.kind for event in read_all(session.root).events] == [EventKind.COMPLETION]

    def test_leaving_an_interactive_session_completes_nothing(self, session: Any, read_all: ReadAll) -> None:
        self.write(session, status="completed", interactive=True, ended_at="2026-11-21T01:50:00Z")
        assert read_all(session.root).events == []

    def test_a_cancelled_run_was_interrupted(self, session: Any, read_all: ReadAll) -> None:
        self.write(session, status="cancelled", interactive=False, ended_at="2026-11-21T01:50:00Z")
        assert [event.kind for event in read_all(session.root).events] == [EventKind.INTERRUPT]

    def test_names_the_session_it_was_forked_from(self, session: Any, read_all: ReadAll) -> None:
        self.write(session, metadata={"fork": {"forkedFromSessionId": "1794000000000_aaaaa"}, "title": "Go (fork)"})
        [one] = read_all(session.root).sessions
        assert (one.parent, one.title, one.first_at) == ("1794000000000_aaaaa", "Go (fork)", 1_795_225_794_372)

    @pytest.mark.parametrize("more", [{}, {"fork": {"forkedFromSessionId": "1794000000000_aaaaa"}}])
    def test_names_the_session_of_which_it_is_a_restored_checkpoint(
        self, more: dict[str, Any], session: Any, read_all: ReadAll
    ) -> None:
        self.write(session, metadata={**more, "restoredFromSessionId": "1794500000000_bbbbb"})
        batch = read_all(session.root)
        assert [one.parent for one in batch.sessions] == ["1794500000000_bbbbb"]
        assert [(event.kind, event.at) for event in batch.events] == [(EventKind.REWIND, 1_795_225_794_372)]


class TestCompaction:
    def write(self, session: Any, updated: str, **metadata: Any) -> None:
        summary = {"role": "user", "content": "Summary", "metadata": {"kind": "compaction", **metadata}}
        content = {"updated_at": updated, "messages": [summary, *session.messages]}
        (session.folder / f"{session.session}.compaction.json").write_text(json.dumps(content))

    def test_is_reported_once_however_often_the_file_is_written(
        self, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        states = dict[str, ReadState]()
        self.write(session, "2026-11-21T02:00:00Z", reason="manual_compaction")
        [event] = read_all(session.root, states=states).events
        assert (event.kind, event.detail) == (EventKind.COMPACT, "manual")
        session.answer(usage(10, 1))
        self.write(session, "2026-11-21T03:00:00Z", reason="manual_compaction")
        assert read_all(session.root, states=states).events == []

    @pytest.mark.parametrize("reason", ["auto_compaction", "overflow_recovery_compaction"])
    def test_tells_when_nobody_asked_for_it(self, session: Any, read_all: ReadAll, reason: str) -> None:
        self.write(session, "2026-11-21T02:00:00Z", reason=reason)
        assert [event.detail for event in read_all(session.root).events] == ["auto"]

    def test_its_copies_are_never_counted(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        session.answer(usage(10, 1))
        self.write(session, "2026-11-21T02:00:00Z", generatedAt=session.at + 1)
        batch = read_all(session.root)
        assert batch.calls == []
        assert [event.tokens_before for event in batch.events] == [11]

    def test_at_no_time_that_makes_sense_is_not_told(self, session: Any, read_all: ReadAll) -> None:
        self.write(session, "0001-01-01T00:00:00+09:00", generatedAt=1e300)
        assert read_all(session.root).events == []

    def test_an_absurd_size_before_it_is_not_known(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        session.answer(usage(1e300, 1))
        self.write(session, "2026-11-21T02:00:00Z", generatedAt=session.at + 1)
        assert [event.tokens_before for event in read_all(session.root).events] == [None]


def test_a_check_that_a_pipe_lets_succeed_failed_if_its_output_says_so(
    session: Any, usage: Usage, read_all: ReadAll
) -> None:
    session.user("Go")
    asked = {"type": "tool_use", "id": "t1", "name": "run_commands", "input": {"commands": ["npm test | tail -3"]}}
    session.answer(usage(100, 10), content=[asked])
    told = [{"query": "npm test | tail -3", "result": " 2 pass\n 1 fail\n", "success": True}]
    session.user("", content=[{"type": "tool_result", "tool_use_id": "t1", "content": told}])
    session.write()
    (use,) = read_all(session.root).tools
    assert use.is_error is False
    assert use.flags & ToolFlag.FAILED


def test_numbered_tool_calls_of_different_answers_stay_apart(session: Any, usage: Usage, read_all: ReadAll) -> None:
    for number in range(2):
        given = {"files": [{"path": f"{number}.py"}]}
        call = {"type": "tool_use", "id": "call_0", "name": "read_files", "input": given}
        session.answer(usage(10, 1), content=[call])
        session.user("", content=[{"type": "tool_result", "tool_use_id": "call_0", "content": "x" * (number + 1)}])
    session.write()
    tools = read_all(session.root).tools
    assert [(use.target, use.result_chars) for use in tools] == [("0.py", 3), ("1.py", 4)]
    assert len({use.id for use in tools}) == 2


def test_a_damaged_message_is_counted_and_hides_no_other(session: Any, usage: Usage, read_all: ReadAll) -> None:
    session.messages += [None, "text", {"role": "assistant", "ts": "never"}, {"role": "user", "content": 5, "ts": 1}]
    session.answer(usage(10**40, 1))
    session.answer(usage(10, 1))
    session.write()
    batch = read_all(session.root)
    assert [call.input for call in batch.calls] == [10]
    assert batch.bad_lines == 5
