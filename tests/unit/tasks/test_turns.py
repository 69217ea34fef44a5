"""Every call falls in exactly one turn, and what happened in a turn is told by its tools and marks."""

from typing import Any

import pytest

from store.records import CallFlag, EventKind, ToolFlag
from store.task_rows import ChainRow
from tests.unit.tasks.making import MINUTE, call, event, records, tool, turn
from tracker.model.tasks.turns import (
    NO_PROMPT,
    Ending,
    arrange,
    ending_of,
    has_commit,
    has_pull_request,
    is_retry,
    last_check,
    todos_of,
    waited_ms,
)


def chain(key: str, **given: object) -> ChainRow:
    return ChainRow(key, *(given.get(name) for name in ("first_at", "spawn", "prompt_id")))  # type: ignore[arg-type]


def turn_of(arranged, key: int) -> str:
    return next(one.row.prompt_uuid for one in arranged if key in [call.id for call in one.calls])


def test_a_call_before_any_prompt_belongs_to_the_first_turn() -> None:
    arranged = arrange(records(calls=[call(1, 5), call(2, 30, turn="a")], turns=[turn("a", 20)]))
    assert [turn_of(arranged, key) for key in (1, 2)] == ["a", "a"]


def test_a_session_without_a_prompt_is_one_turn_of_its_own() -> None:
    arranged = arrange(records(calls=[call(1, 5), call(2, 9)]))
    assert [(one.row.kind, len(one.calls)) for one in arranged] == [(NO_PROMPT, 2)]


def test_a_subagent_belongs_to_the_turn_whose_tool_started_it() -> None:
    made = records(
        calls=[call(1, 11, turn="a"), call(2, 21, turn="b"), call(3, 0, chain="x", first_at=99_000)],
        turns=[turn("a", 10), turn("b", 20)],
        tools=[tool("t1", 12, turn="a", name="Agent", flags=int(ToolFlag.AGENT), spawned="x")],
        chains=[chain("x")],
    )
    assert turn_of(arrange(made), 3) == "a"


def test_a_subagent_that_is_taken_up_again_belongs_from_there_on_to_the_later_turn() -> None:
    made = records(
        calls=[
            call(1, 11, turn="a"),
            call(2, 0, chain="x", first_at=13_000),
            call(3, 21, turn="b"),
            call(4, 50, chain="x", first_at=30_000),
        ],
        turns=[turn("a", 10), turn("b", 20)],
        tools=[tool("t1", 12, turn="a", spawned="x"), tool("t2", 22, turn="b", spawned="x"), tool("t3", 51, chain="x")],
        chains=[chain("x", spawn="t1")],
    )
    arranged = arrange(made)
    assert [turn_of(arranged, key) for key in (2, 4)] == ["a", "b"]
    assert [tool.id for tool in arranged[1].tools] == ["t2", "t3"]


def test_the_report_of_an_agent_that_was_taken_up_again_goes_back_to_the_later_turn() -> None:
    made = records(
        turns=[
            turn("a", 10),
            turn("b", 20),
            turn("n", 15, kind="notification", seen_agent="x"),
            turn("m", 40, kind="notification", seen_agent="x"),
        ],
        tools=[tool("t1", 12, turn="a", spawned="x"), tool("t2", 22, turn="b", spawned="x")],
    )
    arranged = {one.row.prompt_uuid: one for one in arrange(made)}
    assert [arranged[name].origin for name in "nm"] == [arranged["a"].index, arranged["b"].index]


def test_a_subagent_of_a_subagent_belongs_to_the_turn_that_started_the_first() -> None:
    made = records(
        calls=[call(1, 11, turn="a"), call(2, 21, turn="b"), call(3, 0, chain="x"), call(4, 0, chain="y")],
        turns=[turn("a", 10), turn("b", 20)],
        tools=[
            tool("t1", 12, turn="a", spawned="x"),
            tool("t2", 3, chain="x", spawned="y"),
        ],
        chains=[chain("x"), chain("y")],
    )
    assert turn_of(arrange(made), 4) == "a"


def test_agents_that_name_each_other_as_parents_still_find_a_turn() -> None:
    made = records(
        calls=[call(1, 11, turn="a"), call(3, 0, chain="x"), call(4, 0, chain="y")],
        turns=[turn("a", 10)],
        tools=[tool("t1", 1, chain="y", spawned="x"), tool("t2", 1, chain="x", spawned="y")],
        chains=[chain("x"), chain("y")],
    )
    assert turn_of(arrange(made), 3) == turn_of(arrange(made), 4) == "a"


def test_a_subagent_is_found_by_its_prompt_then_by_time_then_by_the_first_turn() -> None:
    turns = [turn("a", 10, prompt_id="p1"), turn("b", 20, prompt_id="p2")]
    by_prompt = records(
        calls=[call(3, 0, chain="x", first_at=99_000)], turns=turns, chains=[chain("x", prompt_id="p1")]
    )
    by_time = records(calls=[call(3, 0, chain="x", first_at=15_000)], turns=turns, chains=[chain("x")])
    too_early = records(calls=[call(3, 0, chain="x", first_at=1)], turns=turns, chains=[chain("x")])
    assert [turn_of(arrange(made), 3) for made in (by_prompt, by_time, too_early)] == ["a", "a", "a"]
    later = records(calls=[call(3, 0, chain="x", first_at=25_000)], turns=turns, chains=[chain("x")])
    assert turn_of(arrange(later), 3) == "b"


def test_a_notification_goes_back_to_the_turn_that_started_its_agent() -> None:
    made = records(
        calls=[call(1, 11, turn="a"), call(2, 21, turn="b"), call(3, 31, turn="n")],
        turns=[turn("a", 10), turn("b", 20), turn("n", 30, kind="notification", source_tool_use="t1")],
        tools=[tool("t1", 12, turn="a", spawned="x")],
    )
    turns = arrange(made)
    assert [one.origin for one in turns] == [None, None, 0]


def test_an_unknown_notification_has_no_origin() -> None:
    made = records(turns=[turn("a", 10), turn("n", 30, kind="notification", source_tool_use="gone")])
    assert arrange(made)[1].origin is None


def test_copies_of_a_fork_are_no_calls_of_it() -> None:
    made = records(
        calls=[call(1, 11, turn="a", home_id=2, copied=True), call(2, 21, turn="b")],
        turns=[turn("a", 10), turn("b", 20)],
        foreign={"a": 2},
    )
    arranged = arrange(made)
    assert [(one.is_foreign, one.is_own, len(one.calls)) for one in arranged] == [
        (True, False, 0),
        (False, True, 1),
    ]


def test_gaps_run_from_the_end_of_the_last_main_call() -> None:
    made = records(calls=[call(1, 11, turn="a", last_at=40_000)], turns=[turn("a", 10), turn("b", 100)])
    assert arrange(made)[1].gap_ms == 60_000


def only_turn(**given: object):
    made = records(calls=[call(1, 11, turn="a", **given.pop("call", {}))], turns=[turn("a", 10)], **given)  # type: ignore[arg-type]
    return arrange(made)[0]


def test_a_turn_ends_normally_running_interrupted_or_with_an_error() -> None:
    assert ending_of(only_turn()) == Ending.NORMAL
    assert ending_of(only_turn(call={"stop": None})) == Ending.NORMAL
    assert ending_of(only_turn(call={"stop": "tool_use"})) == Ending.RUNNING
    assert ending_of(only_turn(events=[event(EventKind.INTERRUPT, 12)])) == Ending.INTERRUPTED
    assert ending_of(only_turn(events=[event(EventKind.API_ERROR, 12)])) == Ending.ERROR
    # A retry that was followed by an answer is no end.
    assert ending_of(only_turn(events=[event(EventKind.API_ERROR, 10)])) == Ending.NORMAL
    assert ending_of(arrange(records(turns=[turn("a", 10)]))[0]) == Ending.RUNNING


def test_a_request_within_the_last_call_says_neither_how_the_turn_ended_nor_how_large_its_context_was() -> None:
    # Read while the answer was written: the refused first try is known from the answer's last line only.
    refused = call(2, 12, turn="a", flags=int(CallFlag.ITERATION), input=9)
    made = records(calls=[call(1, 11, turn="a", stop="tool_use"), refused], turns=[turn("a", 10)])
    only = arrange(made)[0]
    assert ending_of(only) == Ending.RUNNING
    assert only.last_main_call is made.calls[0]


def edit(key: str, position: int, file: str):
    return tool(key, position, name="Edit", target=file, flags=int(ToolFlag.EDIT), turn="a")


def run(key: str, position: int, flags: int = 0, **given: object):
    return tool(key, position, flags=int(ToolFlag.RUN) | flags, turn="a", **given)


def test_a_retry_is_an_edit_after_a_run_after_an_edit_of_the_same_file() -> None:
    assert is_retry(only_turn(tools=[edit("1", 12, "/f"), run("2", 13), edit("3", 14, "/f")]))
    assert not is_retry(only_turn(tools=[edit("1", 12, "/f"), run("2", 13), edit("3", 14, "/g")]))
    assert not is_retry(only_turn(tools=[edit("1", 12, "/f"), edit("2", 13, "/f"), run("3", 14)]))


def test_a_check_counts_only_after_the_last_edit() -> None:
    check = int(ToolFlag.CHECK)
    assert last_check(only_turn(tools=[edit("1", 12, "/f"), run("2", 13, check)])) is True
    assert last_check(only_turn(tools=[run("1", 12, check), edit("2", 13, "/f")])) is None
    assert last_check(only_turn(tools=[run("1", 12, check, is_error=1)])) is False


def test_a_check_whose_output_tells_of_failure_failed() -> None:
    check = int(ToolFlag.CHECK)
    hidden = run("2", 13, check | int(ToolFlag.FAILED))
    assert last_check(only_turn(tools=[run("1", 12, check), hidden])) is False
    assert last_check(only_turn(tools=[hidden, run("3", 14, check, is_error=None)])) is False
    assert last_check(only_turn(tools=[hidden, run("3", 14, check)])) is True


def test_a_commit_that_failed_is_none() -> None:
    flag = int(ToolFlag.COMMIT)
    assert has_commit(only_turn(tools=[run("1", 12, flag)]))
    assert not has_commit(only_turn(tools=[run("1", 12, flag, is_error=1)]))
    assert not has_commit(only_turn(tools=[run("1", 12, flag, is_error=None)]))


def test_todos_in_both_forms() -> None:
    flag = int(ToolFlag.TODOS)
    listed = only_turn(tools=[tool("1", 12, target="1/3+", flags=flag), tool("2", 13, target="3/3", flags=flag)])
    assert todos_of(listed) == (3, 3)
    single = only_turn(
        tools=[
            tool("1", 12, target="new:pending", flags=flag),
            tool("2", 13, target="new:pending", flags=flag),
            tool("3", 14, target="1:completed", flags=flag),
        ]
    )
    assert todos_of(single) == (1, 2)
    assert todos_of(only_turn()) == (None, None)


@pytest.mark.parametrize("own", ["new:pending", "0/1"])
def test_a_subagent_closes_entries_of_the_task_but_a_list_of_its_own_says_nothing_of_it(own: str) -> None:
    flag = int(ToolFlag.TODOS)
    listed = tool("1", 12, target="new:pending", flags=flag)
    closed = tool("3", 14, target="1:completed", flags=flag, chain="ab1")
    assert todos_of(only_turn(tools=[listed, closed])) == (1, 1)
    own_list = tool("2", 13, target=own, flags=flag, chain="ab1")
    assert todos_of(only_turn(tools=[listed, own_list, closed])) == (0, 1)
    assert todos_of(only_turn(tools=[own_list, closed])) == (None, None)


def test_a_pull_request_is_of_the_turn_that_first_names_it() -> None:
    """Clients write it again at each push, and with their other notes on the session, to its end."""
    links = [
        event(EventKind.PULL_REQUEST, at, detail=f"https://example.org/pull/{n}")
        for at, n in ((32, 1), (12, 1), (42, 2))
    ]
    made = records(turns=[turn(name, at) for name, at in (("a", 10), ("b", 20), ("c", 30), ("d", 40))], events=links)
    assert [has_pull_request(one) for one in arrange(made)] == [True, False, False, True]


def test_pauses_of_more_than_ten_minutes_are_the_users() -> None:
    def at(minute: int) -> dict[str, Any]:
        return {"first_at": minute * MINUTE, "last_at": (minute + 1) * MINUTE, "turn": "a"}

    calls = [call(1, 11, **at(1)), call(2, 12, **at(12)), call(3, 13, **at(500)), call(4, 0, chain="x", **at(495))]
    made = records(calls=calls, turns=[turn("a", 10, at=0)], chains=[chain("x")])
    assert waited_ms(arrange(made)[0]) == (495 - 13 - 10) * MINUTE
