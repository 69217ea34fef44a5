"""Single cases of the rule that pieces and order do not matter; each is one that random trees found hard."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger

from .pieces import check, line_by_line, read_in_pieces
from .plain import COST, FILE, MODEL, OTHER, OTHER_FILE, SESSION, TOKENS, answer, encoded, prompt, usage
from .reading import take_in
from .schedules import replace_by_copy

THIRD = "0a1b2c3d-0000-4000-8000-000000000003"


def tool_use(number: int, tool: str, name: str, **given: Any) -> dict[str, Any]:
    """A call that uses a tool."""
    return answer(number, message={"content": [{"type": "tool_use", "id": tool, "name": name, "input": given}]})


def tool_result(second: int, tool: str, text: str, **changes: Any) -> dict[str, Any]:
    """The line that answers it."""
    content = [{"type": "tool_result", "tool_use_id": tool, "content": text, "is_error": False}]
    return prompt("", second=second, message={"role": "user", "content": content}, **changes)


def test_the_commit_that_a_tool_made_is_known_across_a_cut(tmp_path: Path) -> None:
    ask = tool_use(1, "toolu_1", "Bash", command="git commit -m x")
    check(tmp_path, *line_by_line(prompt(), ask, tool_result(2, "toolu_1", "[main 1a2b3c4] x"), answer(3)))


def test_the_agent_that_a_tool_started_is_known_across_a_cut(tmp_path: Path) -> None:
    ask = tool_use(1, "toolu_1", "Task", description="look", subagent_type="Explore")
    result = tool_result(2, "toolu_1", "done", toolUseResult={"agentId": "abc123", "status": "completed"})
    check(tmp_path, *line_by_line(prompt(), ask, result, answer(3)))


def test_lines_of_one_call_with_a_result_between_them(tmp_path: Path) -> None:
    first = tool_use(1, "toolu_1", "Read", file_path="a.py")
    second = tool_use(1, "toolu_2", "Read", file_path="b.py")
    answers = [tool_result(2, "toolu_1", "x"), tool_result(3, "toolu_2", "y")]
    check(tmp_path, *line_by_line(prompt(), first, answers[0], second, answers[1], answer(4)))


def test_a_prompt_between_the_lines_of_one_call(tmp_path: Path) -> None:
    """A message that the user queued is written while the answer still streams."""
    check(tmp_path, *line_by_line(prompt(), answer(1), prompt("and also", second=2), answer(1), answer(3)))


def test_two_records_on_a_line_cut_between_them(tmp_path: Path) -> None:
    whole = encoded(answer(1), prompt("second", second=5), answer(6))
    glued = whole.replace(b"}\n{", b"}{", 1)
    check(tmp_path, (FILE, glued[: glued.index(b"}{") + 1]), (FILE, glued[glued.index(b"}{") + 1 :]))


def test_a_mark_that_is_the_second_record_on_a_line_is_kept_once_when_the_file_is_read_again(tmp_path: Path) -> None:
    boundary = {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": "b",
        "sessionId": SESSION,
        "timestamp": prompt()["timestamp"],
    }
    glued = encoded(answer(1), boundary).replace(b"}\n{", b"}{", 1)
    cut = glued.index(b"}{") + 1
    root = tmp_path / "claude"
    path = root / "projects" / FILE
    path.parent.mkdir(parents=True)
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        path.write_bytes(glued[:cut])
        take_in(db, root)
        path.write_bytes(glued)
        take_in(db, root)
        replace_by_copy(path)
        take_in(db, root)
        assert db.execute("SELECT COUNT(*) FROM event WHERE kind = 'compact'").fetchone() == (1,)


@pytest.mark.parametrize("first", [SESSION, OTHER])
def test_a_fork_of_a_fork_has_one_parent_however_it_is_read(first: str, tmp_path: Path) -> None:
    """Its copied lines name the sessions that made the calls, which are two."""
    second = OTHER if first == SESSION else SESSION
    lines = [
        prompt(session=THIRD),
        answer(1, THIRD, requestSessionId=first),
        answer(2, THIRD, requestSessionId=second),
        answer(9, THIRD),
    ]
    check(tmp_path, *line_by_line(*lines, name=f"-home-dev-app/{THIRD}.jsonl"))


def test_one_call_twice_in_a_file_under_different_marks(tmp_path: Path) -> None:
    """An unmarked copy of history, and a replay of one of its calls that says where it came from."""
    row = {
        "type": "queue-operation",
        "operation": "enqueue",
        "timestamp": "2026-11-20T13:00:00.000Z",
        "sessionId": OTHER,
    }
    lines = [
        row,
        prompt(session=OTHER),
        answer(1, OTHER),
        answer(1, OTHER, requestSessionId=SESSION, requestId="req_replay"),
    ]
    check(tmp_path, (FILE, encoded(prompt(), answer(1))), *line_by_line(*lines, name=OTHER_FILE))


@pytest.mark.parametrize(
    "lines",
    [
        ({"version": "2.1.197"}, {"version": "2.1.329"}),
        ({"effort": "low"}, {"effort": "high"}),
        ({"message": {"stop_reason": "tool_use"}}, {"message": {"stop_reason": "end_turn"}}),
    ],
)
def test_one_call_replayed_with_something_else(lines: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    """Both lines hold the whole output, so either could stand for the call; it has to be the same one always."""
    for first, second in (lines, lines[::-1]):
        pieces = line_by_line(prompt(), answer(1, **first), answer(1, requestId="req_replay", **second))
        check(tmp_path / str(first), *pieces)


def test_the_title_of_the_user_wins_over_a_later_one_of_the_agent(tmp_path: Path) -> None:
    titles = [
        {"type": "ai-title", "aiTitle": "first guess", "sessionId": SESSION},
        {"type": "custom-title", "customTitle": "mine", "sessionId": SESSION},
        {"type": "ai-title", "aiTitle": "second guess", "sessionId": SESSION},
        {"type": "summary", "summary": "what it was about"},
    ]
    check(tmp_path, *line_by_line(prompt(), *titles, answer(1)))


def test_the_title_of_the_work_before_a_clear_is_none_across_cuts(tmp_path: Path) -> None:
    kept = {"type": "custom-title", "customTitle": "the work before", "sessionId": SESSION}
    cleared = prompt("<command-name>/clear</command-name>")
    check(tmp_path, *line_by_line(kept, cleared, prompt(second=1), answer(2), kept, answer(3)))


def test_sidechain_lines_without_agent_ids_stay_one_chain_across_cuts(tmp_path: Path) -> None:
    side: dict[str, Any] = {"isSidechain": True}
    lines = [
        prompt(),
        prompt("look", second=1, uuid="s1", parentUuid=None, **side),
        answer(2, uuid="s2", parentUuid="s1", **side),
        prompt("", second=3, uuid="s3", parentUuid="s2", message={"role": "user", "content": []}, **side),
        answer(4, uuid="s4", parentUuid="s3", **side),
        answer(5),
    ]
    check(tmp_path, *line_by_line(*lines))


def test_a_rewind_and_a_prompt_that_stands_before_its_parent_across_cuts(tmp_path: Path) -> None:
    stop = prompt(second=6, type="system", subtype="stop_hook_summary", uuid="s1", parentUuid="a3")
    lines = [
        prompt(uuid="p1", parentUuid=None),
        answer(1, uuid="a1", parentUuid="p1"),
        prompt(second=2, uuid="p2", parentUuid="a1"),
        answer(3, uuid="a2", parentUuid="p2"),
        prompt(second=4, uuid="p3", parentUuid="a1"),
        answer(5, uuid="a3", parentUuid="p3"),
        prompt(second=6, uuid="p4", parentUuid="s1"),
        stop,
        answer(7, uuid="a4", parentUuid="p4"),
    ]
    check(tmp_path, *line_by_line(*lines))


def test_an_agents_file_read_before_and_after_its_session(tmp_path: Path) -> None:
    agent = f"-home-dev-app/{SESSION}/subagents/agent-abc.jsonl"
    extra: dict[str, Any] = {"isSidechain": True, "agentId": "abc"}
    own = (agent, encoded(prompt("look", promptId="p1", **extra), answer(2, **extra)))
    main = (FILE, encoded(prompt(promptId="p1"), answer(1), answer(3)))
    check(tmp_path / "before", own, main)
    check(tmp_path / "after", main, own)


@pytest.mark.parametrize("name", [FILE, OTHER_FILE])
def test_requests_inside_a_call_that_was_copied_under_other_ids(name: str, tmp_path: Path) -> None:
    """A fork wrote a message id of its own on each line, a replay another request id."""
    parts = [
        {"type": "message", "model": "claude-fable-5-2", "input_tokens": 1000, "output_tokens": 50},
        {"type": "compaction", "model": "claude-sonnet-5-5", "input_tokens": 2000, "output_tokens": 60},
        {"type": "fallback_message", "model": "claude-opus-5-5", "input_tokens": 10, "output_tokens": 100},
    ]
    nothing = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "cache_creation": ...}
    counts = usage(output_tokens=100, **nothing, iterations=parts)
    message = {"usage": counts}
    session = SESSION if name == FILE else OTHER
    pieces = [
        *line_by_line(answer(1, message=message)),
        *line_by_line(
            answer(1, session, requestSessionId=SESSION, message={**message, "id": "5b1f2c3d-copy"}),
            answer(1, session, requestId="req_replay", requestSessionId=SESSION, message=message),
            name=name,
        ),
    ]
    for number, order in enumerate((pieces, pieces[::-1])):
        check(tmp_path / str(number), *order)
        calls = read_in_pieces(tmp_path / f"counted-{number}", order)["call"]
        costs = sorted(dict(row)["cost"] for row in calls.elements())
        assert costs == [10 * 4000 + 100 * 20_000, 2000 * 2000 + 60 * 10_000, 1000 * 8000 + 50 * 40_000]


def test_a_copy_whose_original_is_gone_is_kept_where_it_was_seen(tmp_path: Path) -> None:
    copied = answer(1, forkedFrom={"sessionId": OTHER, "messageUuid": "x"})
    made = read_in_pieces(tmp_path, [(FILE, encoded(prompt(), copied, answer(2)))])
    (sighting,) = map(dict, made["sighting"])
    assert (sighting["call_id"], sighting["session_id"], sighting["seen_session_id"]) == ("msg_1", OTHER, SESSION)


@pytest.mark.parametrize("origin", [OTHER, THIRD])
def test_the_sessions_of_a_copy_are_modelled_anew_when_the_original_says_more(origin: str, tmp_path: Path) -> None:
    """The one that holds it, the one that it names, and the one that turns out to have made the call."""
    copied = answer(1, forkedFrom={"sessionId": origin, "messageUuid": "x"}, message={"usage": usage(output_tokens=3)})
    pieces = [
        (FILE, encoded(prompt(), copied), {SESSION, origin}),
        (OTHER_FILE, encoded(answer(1, OTHER)), {SESSION, origin, OTHER}),
    ]
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        for name, content, stale in pieces:
            path = tmp_path / "claude" / "projects" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            db.execute("UPDATE session SET model_stale = 0")
            db.commit()
            take_in(db, tmp_path / "claude")
            assert {row[0] for row in db.execute("SELECT native_id FROM session WHERE model_stale")} == stale


def test_that_the_user_stopped_an_answer_is_known_across_a_cut(tmp_path: Path) -> None:
    begun = {"stop_reason": None, "usage": usage(output_tokens=3)}
    check(tmp_path, *line_by_line(prompt(), answer(1, isAbortedMidStream=True, message=begun), answer(1)))


@pytest.mark.parametrize(
    "less", [{"stop_reason": None}, {"model": None}, {"model": "claude-fable-5", "usage": usage(output_tokens=2)}]
)
@pytest.mark.parametrize("first", [0, 1])
def test_the_line_that_tells_more_stands_for_the_call_whichever_was_read_first(
    less: dict[str, Any], first: int, tmp_path: Path
) -> None:
    lines = [answer(1, message=less), answer(1)]
    pieces = line_by_line(prompt(), lines[first], lines[1 - first])
    check(tmp_path / "cut", *pieces, besides="price")
    (call,) = map(dict, read_in_pieces(tmp_path, pieces)["call"])
    assert (call["model"], call["stop"], call["output"], call["cost"]) == (MODEL, "end_turn", TOKENS.output, COST)


def counts(place: Path, *pieces: Sequence[dict[str, Any]]) -> tuple[list[int], int]:
    """How many calls each piece of a file was said to add, and how many there are in the end."""
    path = place / "claude" / "projects" / FILE
    path.parent.mkdir(parents=True)
    added = []
    with closing(open_ledger(place / "ledger.db")) as db:
        for piece in pieces:
            with path.open("ab") as handle:
                handle.write(encoded(*piece))
            added.append(take_in(db, place / "claude").new_calls)
        (found,) = db.execute("SELECT COUNT(*) FROM call").fetchone()
    return added, found


def under(request: str | None, message: str | None) -> dict[str, Any]:
    """A line of a call, which has an id or none."""
    return answer(1, requestId=request, message={"id": message})


def test_a_call_that_was_seen_apart_under_each_of_its_ids_is_one(tmp_path: Path) -> None:
    """The third line joins two calls; then any id of either leads to the one."""
    ids = [
        (None, "m1"),
        ("r2", None),
        ("r2", "m1"),
        ("r2", "m9"),
        ("r7", "m9"),
        ("r7", "m5"),
        ("r2", "m6"),
        ("r4", "m1"),
    ]
    assert counts(tmp_path, *([under(*pair)] for pair in ids)) == ([1, 1, -1, 0, 0, 0, 0, 0], 1)


@pytest.mark.parametrize(
    ("known", "several"),
    [
        (("r1", "m0"), [("r1", "m1"), ("r2", "m1")]),
        (("r2", "m0"), [("r1", "m1"), ("r2", "m1")]),
        (("r0", "m1"), [("r1", "m1"), ("r1", "m2")]),
        (("r0", "m2"), [("r1", "m1"), ("r1", "m2")]),
    ],
)
def test_a_call_of_several_ids_is_the_one_that_was_known_under_any(
    known: tuple[str, str], several: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert counts(tmp_path, [under(*known)], [under(*pair) for pair in several]) == ([1, 0], 1)
