"""Damage inside a transcript: each bad line is counted, and everything around it is read."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tracker.sources.bounds import LARGEST_COUNT

from .plain import COST, FILE, OTHER, SESSION, TOKENS, answer, at, encoded, healthy_neighbour, prompt, session_of, usage
from .reading import take_in

MEGABYTE = 1 << 20


class Reading:
    """What a ledger has after a damaged transcript and its healthy neighbour were read."""

    def __init__(self, db: sqlite3.Connection, bad_lines: int, problems: list[str]) -> None:
        self.bad_lines = bad_lines
        self.problems = problems
        self.stored_bad_lines = db.execute("SELECT SUM(bad_lines) FROM source_file").fetchone()[0]
        self.costs: dict[str, int] = dict(db.execute("SELECT message_id, cost FROM call ORDER BY first_at"))
        self.times: dict[str, int] = dict(db.execute("SELECT message_id, first_at FROM call"))
        self.kinds: dict[str, str] = dict(
            db.execute("SELECT message_id, kind FROM call JOIN chain ON chain.id = chain_id")
        )
        self.prompts = [row[0] for row in db.execute("SELECT prompt_uuid FROM turn ORDER BY at")]


def read(place: Path, content: bytes) -> Reading:
    """Read a transcript of that content; the neighbour has to be read whole, whatever happens."""
    root = place / "claude"
    healthy_neighbour(root)
    (root / "projects" / FILE).write_bytes(content)
    with closing(open_ledger(place / "ledger.db")) as db:
        report = take_in(db, root)
        reading = Reading(db, report.bad_lines, report.problems)
    assert reading.costs.pop("msg_100") == COST
    assert reading.problems == []
    return reading


SECOND = encoded(answer(2))
# What a file holds, the calls that are read of it, and how many of its lines are bad.
CONTENTS: dict[str, tuple[bytes, tuple[int, ...], int]] = {
    "NUL bytes for a line": (session_of(1) + b"\0" * 3000 + b"\n" + encoded(answer(2)), (1, 2), 1),
    # A machine that lost its power leaves them; the client goes on behind them.
    "NUL bytes at the end": (session_of(1) + b"\0" * 3000 + encoded(answer(2)), (1, 2), 0),
    "half a line in the middle": (session_of(1) + SECOND[:200] + b"\n" + encoded(answer(3)), (1, 3), 1),
    # A killed client's last record has no newline; the next client appends to it.
    "half a line that the next record follows at once": (
        session_of(1) + SECOND[:200] + encoded({"parentUuid": None, **answer(3)}, answer(4)),
        (1, 3, 4),
        1,
    ),
    "half a line at the end, which waits": (session_of(1) + SECOND[:-100], (1,), 0),
    "two records on a line": (session_of(1) + SECOND[:-1] + encoded(answer(3), answer(4)), (1, 2, 3, 4), 0),
    "two records on the last line, without a newline": (
        session_of(1) + SECOND[:-1] + encoded(answer(3))[:-1],
        (1, 2, 3),
        0,
    ),
    "nesting without end": (
        session_of(1) + b'{"type":"user","message":' + b"[" * 200_000 + b"\n" + SECOND,
        (1, 2),
        1,
    ),
    "a text that is no UTF-8": (
        session_of(1) + SECOND.replace(b'"done"', b'"d\xff\xfe\xc3ne"') + encoded(answer(3)),
        (1, 2, 3),
        0,
    ),
    "a text that is no UTF-8 on the last line, without a newline": (
        session_of(1) + SECOND.replace(b'"done"', b'"d\xff\xfe\xc3ne"')[:-1],
        (1, 2),
        0,
    ),
    # An empty object and empty lines are nothing, but no damage.
    "JSON that is no record": (
        session_of(1) + b'5\n"text"\nnull\n[1,2]\n{}\n\n   \n' + SECOND,
        (1, 2),
        4,
    ),
    "carriage returns and a byte order mark": (
        b"\xef\xbb\xbf" + session_of(2).replace(b"\n", b"\r\n"),
        (1, 2),
        0,
    ),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_damage_costs_no_call_but_its_own(what: str, tmp_path: Path) -> None:
    content, calls, bad_lines = CONTENTS[what]
    reading = read(tmp_path, content)
    assert reading.costs == {f"msg_{number}": COST for number in calls}
    assert reading.bad_lines == reading.stored_bad_lines == bad_lines


def test_a_subagents_lines_out_of_half_a_progress_record_stay_a_subagents(tmp_path: Path) -> None:
    def half(inner: dict[str, Any]) -> bytes:
        message = {"type": inner["type"], **{key: inner[key] for key in ("message", "uuid", "timestamp")}}
        data = {"message": message, "type": "agent_progress", "agentId": "ab1"}
        return encoded({"type": "progress", "sessionId": SESSION, "data": data, "timestamp": at(5)})[:-50]

    asked, said = prompt("look around", second=4), answer(4)
    reading = read(tmp_path, session_of(1) + half(asked) + encoded(answer(2)) + half(said) + encoded(answer(3)))
    assert reading.costs == dict.fromkeys(("msg_1", "msg_2", "msg_3", "msg_4"), COST)
    assert reading.kinds["msg_4"] == "subagent"
    assert asked["uuid"] not in reading.prompts
    assert reading.bad_lines == 2


def test_a_client_total_that_shares_its_line_is_kept(tmp_path: Path) -> None:
    row = {"type": "cost-state", "sessionId": SESSION, "totalCostUSD": 0.25, "startTime": 1_795_000_000_000}
    for place, lines in (("first", (row, answer(2))), ("second", (answer(2), row))):
        reading = read(tmp_path / place, session_of(1) + encoded(*lines).replace(b"}\n{", b"}{"))
        assert reading.costs == {"msg_1": COST, "msg_2": COST}
        assert reading.bad_lines == 0
        with closing(open_ledger(tmp_path / place / "ledger.db")) as db:
            assert db.execute("SELECT cost FROM client_total").fetchall() == [(250_000_000,)]


def test_fifty_megabytes_on_a_line_of_rubbish(tmp_path: Path) -> None:
    reading = read(tmp_path, session_of(1) + b"x" * (50 * MEGABYTE) + b"\n" + encoded(answer(2)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST}
    assert reading.bad_lines == 1


def test_fifty_megabytes_on_a_line_that_holds_a_call(tmp_path: Path) -> None:
    text = [{"type": "text", "text": "y" * (50 * MEGABYTE)}]
    reading = read(tmp_path, session_of(1) + encoded(answer(2, message={"content": text}), answer(3)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST, "msg_3": COST}
    assert reading.bad_lines == 0


def test_half_a_line_that_holds_thousands_of_objects_takes_no_longer_than_it_is(tmp_path: Path) -> None:
    half = b'{"type":"user","toolUseResult":{"rows":[' + b'{"type":"row","name":"something"},' * 50_000
    begun = time.process_time()
    reading = read(tmp_path, session_of(1) + half + encoded(answer(2)))
    assert time.process_time() - begun < 20, "looking at all of the line again for each of them would take minutes"
    assert reading.costs == {"msg_1": COST, "msg_2": COST}
    assert reading.bad_lines == 1


@pytest.mark.parametrize("opening", [b'{"type":1,"a":', b'{"type":"'])
def test_a_line_of_records_that_never_end_takes_no_longer_than_it_is(opening: bytes, tmp_path: Path) -> None:
    line = opening * (900_000 // len(opening))
    begun = time.process_time()
    reading = read(tmp_path, session_of(1) + line + b"\n" + encoded(answer(2)))
    assert time.process_time() - begun < 10, "each of them would be followed to the end of all"
    assert reading.costs == {"msg_1": COST, "msg_2": COST}
    assert reading.bad_lines == 1


def bookkeeping(kind: str, **fields: Any) -> dict[str, Any]:
    """A row that is neither prompt nor answer."""
    return {"type": kind, "sessionId": SESSION, "timestamp": at(2), **fields}


def blocks(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A user line of content blocks."""
    return prompt("", second=2, message={"role": "user", "content": list(content)}, **more)


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
COMMAND = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "x@y"}}
TEXTS: dict[str, dict[str, Any]] = {
    "an answer": answer(2, message={"content": [{"type": "text", "text": "x@y"}]}),
    "a thought": answer(2, message={"content": [{"type": "thinking", "thinking": "x@y"}]}),
    "a command": answer(2, message={"content": [COMMAND]}),
    "a prompt": prompt("x@y", second=2),
    "a prompt of blocks": blocks({"type": "text", "text": "x@y"}),
    "a result": blocks({**RESULT, "content": "x@y"}),
    "a kept result": blocks(RESULT, toolUseResult={"agentId": "x@y"}),
    "a title": bookkeeping("custom-title", customTitle="x@y"),
    "a folder": prompt(second=2, cwd="/home/x@y"),
    "a local command": bookkeeping("system", subtype="local_command", content="x@y"),
    "an error": bookkeeping("system", subtype="api_error", error={"type": "x@y"}),
    "progress": bookkeeping("progress", data={"type": "agent_progress", "agentId": "x@y"}),
    "a total": bookkeeping("cost-state", totalCostUSD=1, modelUsage={"x@y": {"costUSD": 1}}),
}


def test_nesting_that_parts_of_a_line_are_just_too_deep_for_costs_no_call(tmp_path: Path) -> None:
    """A line may be as deep as its decoder goes, and what is decoded of it later on stands further down the stack."""
    known = "@@"
    lines = [
        answer(2, message={"content": [{"type": "tool_use", "id": "t", "name": "Agent", "input": {}}]}),
        blocks(RESULT, toolUseResult=known),
        bookkeeping("cost-state", totalCostUSD=1, modelUsage=known),
        bookkeeping("system", subtype="api_error", error=known),
    ]
    for depth in range(900, 1000, 2):  # the decoder's limit is counted from where the stack is
        nested = b'{"a":' * depth + b"1" + b"}" * depth
        reading = read(tmp_path / str(depth), session_of(1) + encoded(*lines).replace(b'"@@"', nested))
        assert reading.costs == {"msg_1": COST, "msg_2": COST}


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"\xc3", b"\\ud83d", b"\\udc00", b"\x00"])
@pytest.mark.parametrize("where", TEXTS)
def test_invalid_text_does_not_stop_the_reader(where: str, damage: bytes, tmp_path: Path) -> None:
    """Bytes that are no UTF-8, half an emoji, a bare NUL: the lines around it count, before and after the next one."""
    bad = encoded(TEXTS[where]).replace(b"@", damage)
    for place, content in (
        ("last", session_of(1) + bad),
        ("between", session_of(1) + bad + encoded(prompt(second=5), answer(6))),
    ):
        reading = read(tmp_path / place, content)
        assert reading.costs.pop("msg_2", COST) == COST
        assert set(reading.costs) == ({"msg_1"} if place == "last" else {"msg_1", "msg_6"})


def test_lone_surrogates_in_a_title_do_not_stop_the_reader(tmp_path: Path) -> None:
    odd = b'{"type":"custom-title","customTitle":"a\\ud800b","sessionId":"%s"}\n' % SESSION.encode()
    reading = read(
        tmp_path,
        session_of(1) + odd + encoded(prompt("x", second=50)).replace(b'"x"', b'"\\udfff"') + encoded(answer(60)),
    )
    assert reading.costs == {"msg_1": COST, "msg_60": COST}


WRONG_TYPES: dict[str, dict[str, Any]] = {
    "usage is a text": {"message": {"usage": "many"}},
    "usage is a list": {"message": {"usage": [1, 2]}},
    "a count is a text": {"message": {"usage": usage(output_tokens="50")}},
    "a count is a fraction": {"message": {"usage": usage(output_tokens=50.5)}},
    "a count is true": {"message": {"usage": usage(output_tokens=True)}},
    "an absurd count": {"message": {"usage": usage(output_tokens=10**30)}},
    "a count beyond 64 bits": {"message": {"usage": usage(cache_read_input_tokens=2**64)}},
    "a count beyond any model": {"message": {"usage": usage(input_tokens=10**15)}},
    "a negative count": {"message": {"usage": usage(output_tokens=-50)}},
    "a negative split": {"message": {"usage": usage(cache_creation={"ephemeral_5m_input_tokens": -1})}},
    "the speed is a number": {"message": {"usage": usage(speed=3)}},
    "message is a number": {"message": 5},
    "message is a list": {"message": [{}]},
    "the model is a number": {"message": {"model": 55}},
    "the id is a number": {"message": {"id": 7}},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_TYPES)
def test_wrong_types_where_it_counts_are_one_bad_line(what: str, tmp_path: Path) -> None:
    """No call is made up from a line whose bill makes no sense; it is one line, so it counts as one."""
    change = WRONG_TYPES[what]
    bad = (
        {**answer(2), "message": change["message"]}
        if not isinstance(change["message"], dict)
        else answer(2, message=change["message"])
    )
    reading = read(tmp_path, session_of(1) + encoded(bad, answer(3)))
    assert reading.costs == {"msg_1": COST, "msg_3": COST}
    assert reading.bad_lines == reading.stored_bad_lines == 1


ODD_SIDES: dict[str, dict[str, Any]] = {
    "iterations is a text": {"iterations": "two"},
    "an inner request is a number": {"iterations": [1]},
    "server_tool_use is a list": {"server_tool_use": []},
    "an absurd count of searches": {"server_tool_use": {"web_search_requests": 10**12}},
    "thinking is a text": {"output_tokens_details": {"thinking_tokens": "long"}},
    "half of a character": {"iterations": "\ud800", "server_tool_use": {"\udc00": 1}},
    "all of them": {"iterations": {}, "server_tool_use": "web", "output_tokens_details": 1},
}


@pytest.mark.parametrize("what", ODD_SIDES)
def test_a_wrong_type_beside_the_counts_is_a_bad_line_and_does_not_cost_the_call(what: str, tmp_path: Path) -> None:
    odd = answer(2, message={"usage": usage(**ODD_SIDES[what])})
    reading = read(tmp_path, session_of(1) + encoded(odd, answer(3)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST, "msg_3": COST}
    assert reading.bad_lines == reading.stored_bad_lines == 1


def test_a_count_with_a_point_counts(tmp_path: Path) -> None:
    pointed = answer(2, message={"usage": usage(input_tokens=10.0, output_tokens=50.0)})
    reading = read(tmp_path, session_of(1) + encoded(pointed, answer(3)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST, "msg_3": COST}
    assert reading.bad_lines == 0


ABSURD_TOTALS: dict[str, dict[str, Any]] = {
    "an endless total": {"totalCostUSD": 1e300},
    "a negative total": {"totalCostUSD": -1},
    "an endless cost of a model": {"totalCostUSD": 1, "modelUsage": {"m": {"costUSD": 1e300}}},
    "endless tokens of a model": {"totalCostUSD": 1, "modelUsage": {"m": {"inputTokens": 10**15}}},
}


@pytest.mark.parametrize("what", ABSURD_TOTALS)
def test_an_absurd_client_total_is_one_bad_line(what: str, tmp_path: Path) -> None:
    row = {"type": "cost-state", "sessionId": SESSION, **ABSURD_TOTALS[what]}
    reading = read(tmp_path, session_of(1) + encoded(row, answer(2)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST}
    assert reading.bad_lines == 1


@pytest.mark.parametrize("count", [LARGEST_COUNT, LARGEST_COUNT + 1, 10**12])
def test_the_largest_counts_can_be_summed_and_larger_ones_are_damage(count: int, tmp_path: Path) -> None:
    wild = usage(input_tokens=count, cache_read_input_tokens=count, cache_creation_input_tokens=count)
    lines = [answer(number, message={"usage": {**wild, "output_tokens": count}}) for number in range(1000, 2000)]
    reading = read(tmp_path, session_of(1) + encoded(*lines))
    assert len(reading.costs) == (1001 if count == LARGEST_COUNT else 1)
    assert reading.bad_lines == 1001 - len(reading.costs)


HARMLESS_TYPES: dict[str, dict[str, Any]] = {
    "content is an object": {"message": {"content": {"a": 1}}},
    "the reason to stop is an object": {"message": {"stop_reason": {"type": "end_turn"}}},
    "content holds numbers": {"message": {"content": [1, None]}},
    "a block's id is a number": {"message": {"content": [{"type": "tool_use", "id": 3, "name": 4, "input": []}]}},
    "uuid is a list": {"uuid": [1]},
    "the timestamp is a number": {"timestamp": 12},
    "the timestamp is no time": {"timestamp": "yesterday"},
    "the timestamp is before all time": {"timestamp": "0000-13-45T99:00:00Z"},
    "cwd is an object": {"cwd": {"path": "/home"}},
    "isSidechain is a text": {"isSidechain": "no"},
}


@pytest.mark.parametrize("what", HARMLESS_TYPES)
def test_wrong_types_elsewhere_do_not_cost_the_call(what: str, tmp_path: Path) -> None:
    reading = read(tmp_path, session_of(1) + encoded(answer(2, **HARMLESS_TYPES[what]), answer(3)))
    assert reading.costs == {"msg_1": COST, "msg_2": COST, "msg_3": COST}


def test_a_clock_that_goes_backwards(tmp_path: Path) -> None:
    lines = [prompt(), answer(30), answer(2, timestamp=at(10)), answer(3, timestamp=at(5)), answer(40)]
    reading = read(tmp_path, encoded(*lines))
    assert set(reading.costs) == {"msg_30", "msg_2", "msg_3", "msg_40"}
    assert reading.times["msg_3"] < reading.times["msg_2"] < reading.times["msg_30"]
    assert reading.bad_lines == 0


def test_times_beyond_all_bounds_do_not_stop_the_reader(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        session_of(1)
        + encoded(answer(2, timestamp="9999-12-31T23:59:59.999Z"), answer(3, timestamp="1970-01-01T00:00:00.000Z")),
    )
    assert set(reading.costs) == {"msg_1", "msg_2", "msg_3"}


def test_bad_lines_are_counted_once_however_often_the_file_is_read_on(tmp_path: Path) -> None:
    root = tmp_path / "claude"
    path = root / "projects" / FILE
    healthy_neighbour(root)
    path.write_bytes(session_of(1) + b"rubbish\n")
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).bad_lines == 1
        with path.open("ab") as handle:
            handle.write(encoded(answer(2)) + b"more rubbish\n")
        assert take_in(db, root).bad_lines == 1
        assert db.execute("SELECT bad_lines FROM source_file WHERE path = ?", (str(path),)).fetchone() == (2,)
        os.utime(path, (1, 1))  # read again from the start
        take_in(db, root)
        assert db.execute("SELECT bad_lines FROM source_file WHERE path = ?", (str(path),)).fetchone() == (2,)


def test_titles_with_terminal_escapes_are_stored_as_plain_text(tmp_path: Path) -> None:
    title = "\x1b[31mred\x1b[0m\r\n\x07 [bold]x[/bold] \u202egnp"
    root = tmp_path / "claude"
    healthy_neighbour(root)
    row = {"type": "custom-title", "customTitle": title, "sessionId": SESSION}
    (root / "projects" / FILE).write_bytes(session_of(1) + encoded(row, prompt(title, second=20)))
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        stored = [
            row[0]
            for row in db.execute("SELECT title FROM session WHERE title IS NOT NULL UNION ALL SELECT text FROM turn")
        ]
    assert any("[bold]x[/bold]" in text for text in stored)
    assert all(char.isprintable() for text in stored for char in text)


def test_the_neighbour_is_another_session() -> None:
    """What the tests above rely on."""
    assert json.loads(session_of(1, OTHER, 100).splitlines()[1])["sessionId"] == OTHER
    assert sum(TOKENS) == 1160
