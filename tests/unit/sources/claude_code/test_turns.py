"""What begins a turn, what only marks something, and which calls and tools belong to it (section 1.3)."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.first_words import first_words, from_text
from store.records import EventKind, TurnKind
from tests.unit.ledger.plain import OTHER, SESSION, answer, at, prompt
from tracker.sources.claude_code.prompts import classify
from tracker.sources.text import without_elements

from .reading import batch_of, marks, result_line, use_line


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
        ("<command-message>doctor</command-message><command-name>/doctor</command-name>", TurnKind.COMMAND, "/doctor"),
        ("<bash-input>ls -la</bash-input>", TurnKind.BASH, "! ls -la"),
        ("<system-reminder>be kind</system-reminder>\nadd a test", TurnKind.PROMPT, "add a test"),
        ("add a test\n<system-reminder>The user attached\na.md</system-reminder>", TurnKind.PROMPT, "add a test"),
        (
            "why <system-reminder>a</system-reminder> in b?",
            TurnKind.PROMPT,
            "why <system-reminder>a</system-reminder> in b?",
        ),
        ("\ufeffadd a test", TurnKind.PROMPT, "add a test"),
        ("<system-reminder>never closed", TurnKind.PROMPT, "<system-reminder>never closed"),
        ("<ide_opened_file>a file is open</ide_opened_file> mend it", TurnKind.PROMPT, "mend it"),
        ("<ide_selection>two lines</ide_selection>\nand these", TurnKind.PROMPT, "and these"),
    ],
)
def test_lines_that_start_a_turn(text: str, kind: str, kept: str, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt(text), answer(1))
    assert [(turn.kind, turn.text) for turn in batch.turns] == [(kind, kept)]


def test_a_prompt_is_compared_with_what_the_agent_last_said_not_with_an_empty_text_behind_it(tmp_path: Path) -> None:
    spoken = answer(1, message={"content": [{"type": "text", "text": "The parser is mended."}]})
    silent = answer(2, message={"content": [{"type": "text", "text": ""}]})
    batch = batch_of(tmp_path, prompt("one", second=0), spoken, silent, prompt("mend the parser", second=3), answer(4))
    assert batch.turns[1].echo == 500


HUNDREDS_OF_THOUSANDS = 300_000


@pytest.mark.parametrize(
    "start",
    ["<ide_selection>", "<system-reminder>", "<bash-input>", '<teammate-message a="', "<command-name>x<command-args>"],
)
def test_tags_that_nothing_ends_take_no_longer_than_they_are(start: str) -> None:
    """Text of files and of other agents' messages stands in prompts, and may be made to hold up who reads it."""
    begun = time.process_time()
    classify(start * (HUNDREDS_OF_THOUSANDS // len(start)))
    assert time.process_time() - begun < 5, "looking for the end of each of them would take a minute"


@given(st.lists(st.sampled_from(["<ide_a>", "</ide_a>", "<ide_b>", "</ide_b>", "a", "<system-reminder>", "\n"])))
def test_what_clients_put_around_is_left_out_from_each_start_to_its_next_end(parts: list[str]) -> None:
    text = "".join(parts)
    start_tag = re.compile("<(system-reminder|ide_[a-z]+)>")
    expected = re.sub(r"<(system-reminder|ide_[a-z]+)>.*?</\1>", "", text, flags=re.DOTALL)
    assert without_elements(text, start_tag) == expected


def test_tags_that_come_about_where_others_were_left_out_are_words() -> None:
    text = "<ide_z></ide_z>"
    for number in range(1500):
        name = "ide_" + "".join("abcdefghij"[int(digit)] for digit in str(number))
        text = f"<{name}></{name[:-1]}{text}{name[-1]}>"
    assert classify(text).kind == TurnKind.PROMPT


def test_a_message_nested_deeper_than_decoders_go_says_nothing(tmp_path: Path) -> None:
    note = '{"a":' * 5000 + "1" + "}" * 5000
    batch = batch_of(tmp_path, prompt(f'<teammate-message teammate_id="a">{note}</teammate-message>'), answer(1))
    assert [call.turn for call in batch.calls] == ["prompt-1-0"]


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
def test_lines_that_start_no_turn(text: str, event: str | None, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("first"), answer(1), prompt(text, second=2), answer(3))
    assert [turn.text for turn in batch.turns] == ["first"]
    assert [one.kind for one in marks(batch)] == ([event] if event else [])
    assert {call.turn for call in batch.calls} == {"prompt-1-0"}


@pytest.mark.parametrize(
    "caveat",
    [
        "<local-command-caveat>The command below was run directly in Claude Code</local-command-caveat>",
        "Caveat: The messages below were generated by the user while running local commands. DO NOT respond",
    ],
)
def test_a_command_that_hangs_on_a_caveat_never_reached_the_model(caveat: str, tmp_path: Path) -> None:
    """Which commands a client answers by itself changes with its version; `/goal` prompts the model."""
    goal = "<command-name>/goal</command-name><command-message>goal</command-message><command-args>green</command-args>"
    lines = (
        prompt("first"),
        answer(1),
        prompt(caveat, second=2, isMeta=True),
        prompt("<command-name>/cd</command-name>", second=3, parentUuid="prompt-1-2"),
        prompt("<local-command-stdout>Staying</local-command-stdout>", second=4, parentUuid="prompt-1-3"),
        prompt(goal, second=5, parentUuid="prompt-1-4"),
        answer(6),
    )
    batch = batch_of(tmp_path, *lines)
    assert [turn.text for turn in batch.turns] == ["first", "/goal green"]
    assert [(one.kind, one.detail) for one in marks(batch)] == [(EventKind.COMMAND, "cd")]


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


def test_a_message_sets_a_teammate_within_the_session_to_work_again(tmp_path: Path) -> None:
    """The result of the message has only the name; that of the start has the agent's id too."""
    started = {"status": "teammate_spawned", "agentId": "abob-73ff", "name": "bob", "teammate_id": "bob@session-1"}
    told = {"success": True, "message": "Message sent to bob's inbox", "routing": {"sender": "lead", "target": "@bob"}}
    lines = (
        prompt(),
        use_line(2, "Agent", description="mate"),
        result_line(3, "toolu_2", toolUseResult=started),
        prompt("tell bob", second=4),
        use_line(5, "SendMessage", to="bob"),
        result_line(6, "toolu_5", toolUseResult=told),
    )
    assert {use.id: use.spawned for use in batch_of(tmp_path, *lines).tools} == {
        "toolu_2": "abob-73ff",
        "toolu_5": "abob-73ff",
    }


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


@pytest.mark.parametrize("kind", ["hook_progress", "skill_progress", "agent_progress"])
def test_a_prompt_that_hangs_on_a_progress_record_is_no_rewind(kind: str, tmp_path: Path) -> None:
    progress = {"type": "progress", "sessionId": SESSION, "timestamp": at(2), "data": {"type": kind}}
    lines = [
        prompt("one", second=0, uuid="p1", parentUuid=None),
        answer(1, uuid="a1", parentUuid="p1"),
        progress | {"uuid": "h1", "parentUuid": "a1"},
        prompt("two", second=3, uuid="p2", parentUuid="h1"),
        answer(4, uuid="a2", parentUuid="p2"),
    ]
    assert marks(batch_of(tmp_path, *lines)) == []


def test_a_prompt_whose_parent_is_written_after_it_is_no_rewind(tmp_path: Path) -> None:
    stop = {"type": "system", "subtype": "stop_hook_summary", "sessionId": SESSION, "timestamp": at(2)}
    lines = [
        prompt("one", second=0, uuid="p1", parentUuid=None),
        answer(1, uuid="a1", parentUuid="p1"),
        prompt("two", second=2, uuid="p2", parentUuid="s1"),
        stop | {"uuid": "s1", "parentUuid": "a1"},
        answer(3, uuid="a2", parentUuid="p2"),
    ]
    assert marks(batch_of(tmp_path, *lines)) == []


def test_a_compaction_keeps_its_trigger_and_sizes(tmp_path: Path) -> None:
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


class TestSession:
    """Facts of a session."""

    def test_a_session_has_the_facts_of_its_lines(self, tmp_path: Path) -> None:
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

    def test_only_a_summary_of_what_was_just_said_is_the_title(self, tmp_path: Path) -> None:
        """Old clients summed earlier sessions up in the file of the one that was open."""

        def summary(text: str, leaf: str) -> dict[str, Any]:
            return {"type": "summary", "summary": text, "leafUuid": leaf}

        first, last, following = answer(1), prompt("thanks", second=2), prompt("now the docs", second=3)
        foreign = summary("Release of last week", "a-line-of-another-file")
        for lines, title in (
            ([foreign, prompt(), first], None),
            ([prompt(), first, foreign], None),
            ([prompt(), first, summary("Mend the parser", first["uuid"]), foreign, following], "Mend the parser"),
            ([prompt(), first, last, summary("Mend the parser", last["uuid"])], "Mend the parser"),
        ):
            (session,) = batch_of(tmp_path, *lines).sessions
            assert session.title == title

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


def test_a_schedule_s_prompt_begins_the_session_it_is_sent_into(tmp_path: Path) -> None:
    """The client marks it as its own; that it was submitted is said by the mode of permissions, which no hint has."""
    sent: dict[str, Any] = {"isMeta": True, "permissionMode": "acceptEdits"}
    batch = batch_of(
        tmp_path,
        prompt("<local-command-caveat>Caveat: …</local-command-caveat>", second=0, isMeta=True),
        prompt("look through the logs of the night", second=1, **sent),
        answer(2),
        prompt("look through them again", second=3, **sent),
        answer(4),
    )
    assert [(turn.text, turn.kind) for turn in batch.turns] == [("look through the logs of the night", TurnKind.PROMPT)]
    assert {call.turn for call in batch.calls} == {"prompt-1-1"}
