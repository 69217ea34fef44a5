"""Files that are rewritten in place while they are read: whole or not at all, and never an exception."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.records import Batch
from tests.unit.sources.cline.torn import rewrite_until
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.cline import ClineSource, RooSource
from tracker.sources.cline.files import read_whole
from tracker.sources.cline.places import Machine

READS = 2_000


def versions_of(session: Any, usage: Callable[..., dict[str, Any]], path: Path) -> list[bytes]:
    made = []
    for number in range(1, 13):
        session.user("word " * 200)
        session.answer(usage(1_000 * number, number))
        session.write()
        made.append(path.read_bytes())
    return made


def told(batch: Batch) -> dict[str, int]:
    return {call.message_id: call.input for call in batch.calls}


def test_a_reader_beside_a_careless_writer_meets_whole_versions_only(
    session: Any, usage: Callable[..., dict[str, Any]], options: Options, found: Callable[..., FoundFile]
) -> None:
    versions = versions_of(session, usage, session.path)
    truth = {message["id"]: message["metrics"]["inputTokens"] for message in session.messages if "metrics" in message}
    source, state, torn, whole, met = ClineSource(), None, 0, 0, dict[str, int]()
    stop = threading.Event()
    writer = threading.Thread(target=rewrite_until, args=(stop, session.path, versions), daemon=True)
    file = found(session.path, "sdk")
    writer.start()
    try:
        for _ in range(READS):
            pieces = list(source.read(file, state, options))
            torn += not pieces
            whole += len(pieces)
            for piece in pieces:
                met |= told(piece.batch)
                assert piece.batch.bad_lines == 0
                assert piece.state.size in {len(version) for version in versions}
                state = piece.state
            assert met.items() <= truth.items()
    finally:
        stop.set()
        writer.join()
    assert torn > 0, "the writer was never met at work: the test shows nothing"
    assert whole > 0, "no read ever succeeded: the test shows nothing"
    for piece in source.read(file, state, options):
        met |= told(piece.batch)
    assert met == truth


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_beginning_of_a_file_yields_anything_or_moves_the_state(
    data: st.DataObject, session: Any, usage: Callable[..., dict[str, Any]], options: Options, found: Any
) -> None:
    session.messages.clear()
    session.user("Go")
    session.answer(usage(100, 10))
    session.write()
    whole = session.path.read_bytes()
    file = found(session.path, "sdk")
    [first] = ClineSource().read(file, None, options)
    length = data.draw(st.integers(0, len(whole.rstrip()) - 1))
    session.path.write_bytes(whole[:length])
    assert list(ClineSource().read(file, first.state, options)) == []
    assert list(ClineSource().read(file, None, options)) == []


BROKEN = {
    "empty": b"",
    "zeros": b"\0" * 4096,
    "an open list": b"[",
    "a hole": b'{"messages": [}',
    "no text": b"\xff\xfe",
    "nested without end": b"[" * 200_000,
    "nested too deep": b"[" * 200_000 + b"]" * 200_000,
    "null": b"null",
    "a number": b"7",
    "an object": b"{}",
}


@pytest.mark.parametrize("content", [*BROKEN.values(), b"[]"], ids=[*BROKEN, "a list"])
def test_a_broken_transcript_yields_nothing(
    content: bytes, session: Any, options: Options, found: Callable[..., FoundFile]
) -> None:
    session.path.write_bytes(content)
    assert list(ClineSource().read(found(session.path, "sdk"), None, options)) == []


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_rows_yield_nothing(
    content: bytes, task: Any, options: Options, found: Callable[..., FoundFile]
) -> None:
    path = task.folder / "ui_messages.json"
    path.write_bytes(content)
    assert list(ClineSource().read(found(path, "task"), None, options)) == []


def test_a_task_waits_while_its_metadata_are_torn(
    task: Any, rows: Any, options: Options, found: Callable[..., FoundFile]
) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40)])
    metadata = task.folder / "task_metadata.json"
    file = found(task.folder / "ui_messages.json", "task")
    metadata.write_text("")
    assert list(ClineSource().read(file, None, options)) == []
    metadata.write_text(json.dumps({"environment_history": [{"ts": 1, "cline_version": "3.82.0"}]}))
    [piece] = ClineSource().read(file, None, options)
    assert [call.version for call in piece.batch.calls] == ["3.82.0"]


class TestWhatACrashLeftTorn:
    """A file that is read beside another, and that nobody will ever write to its end."""

    @pytest.fixture(params=["", '{"a": ', "null", '{"model_usage": [{"ts": "x"}]}'])
    def left(self, request: pytest.FixtureRequest) -> Callable[[Path], None]:
        def leave(path: Path) -> None:
            path.write_text(request.param)
            os.utime(path, (1_795_000_000, 1_795_000_000))

        return leave

    def test_a_task_is_read_without_its_metadata(
        self, task: Any, rows: Any, read_all: Callable[..., Batch], left: Callable[[Path], None]
    ) -> None:
        task.write([rows.say("task", "Go"), rows.request(4, 40)])
        left(task.folder / "task_metadata.json")
        assert [(call.output, call.version) for call in read_all(task.root).calls] == [(40, None)]

    def test_a_task_of_roo_is_read_without_its_conversation(
        self, task: Any, rows: Any, read_all: Callable[..., Batch], left: Callable[[Path], None], nowhere: Machine
    ) -> None:
        task.write([rows.say("text", "Go"), rows.request(4, 40)])
        task.write([], "history_item.json")
        left(task.folder / "api_conversation_history.json")
        found = read_all(task.root / "data", RooSource(nowhere))
        assert [(call.output, call.model) for call in found.calls] == [(40, "unknown")]

    def test_a_subagent_is_read_without_its_sessions_transcript(
        self, session: Any, usage: Any, read_all: Callable[..., Batch], left: Callable[[Path], None]
    ) -> None:
        session.user("Look")
        session.answer(usage(100, 7))
        session.write("agent_1.messages.json")
        left(session.path)
        assert [(call.chain, call.output, call.turn) for call in read_all(session.root).calls] == [("agent_1", 7, None)]


def test_a_file_that_vanished_yields_nothing(task: Any, options: Options, found: Callable[..., FoundFile]) -> None:
    path = task.folder / "ui_messages.json"
    path.write_text("[]")
    file = found(path, "task")
    path.unlink()
    assert list(ClineSource().read(file, None, options)) == []


def test_a_pipe_is_not_waited_for(task: Any, options: Options, found: Callable[..., FoundFile]) -> None:
    path = task.folder / "ui_messages.json"
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        list(ClineSource().read(found(path, "task"), None, options))


def test_a_file_that_changes_under_the_read_counts_as_torn(
    task: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task.write([rows.say("task", "Go")])
    path = task.folder / "ui_messages.json"
    honest, calls = os.fstat, []

    def rewritten_between(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        if len(calls) == 2:
            path.write_text("[]     ")
        return honest(descriptor)

    monkeypatch.setattr("tracker.sources.cline.files.os.fstat", rewritten_between)
    assert read_whole(str(path)) is None


def test_an_unchanged_rewrite_advances_the_state_and_emits_nothing(
    task: Any, rows: Any, options: Options, found: Callable[..., FoundFile]
) -> None:
    written = [rows.say("task", "Go"), rows.request(4, 40)]
    path = task.folder / "ui_messages.json"
    task.write(written)
    source = ClineSource()
    [first] = source.read(found(path, "task"), None, options)
    replaced = path.with_name("other")
    replaced.write_bytes(path.read_bytes())
    replaced.replace(path)
    [second] = source.read(found(path, "task"), first.state, options)
    assert (second.batch.calls, second.batch.turns, second.batch.sessions) == ([], [], [])
    assert second.state.inode == path.stat().st_ino
    assert isinstance(second, Piece)
    assert isinstance(second.state, ReadState)
