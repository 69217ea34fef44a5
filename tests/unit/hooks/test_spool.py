"""The spool under many writers, many readers, and readers that die."""

import contextlib
import fcntl
import json
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hooks import spool
from hooks.spool import MAX_BYTES, append
from hooks.spool_reader import Drained, HookEvent, ReaderLock, drained, folders_of, is_empty
from hooks.status_sample import spool_record
from store.samples import LimitReading, StatusSample

WRITERS = 50
LINES_EACH = 20


def write_many(home: str, writer: int) -> None:
    for line in range(LINES_EACH):
        if not append(home, {"event": "Stop", "at": line, "session_id": f"{writer}-{line}", "cwd": "x" * 900}):
            os._exit(1)
    os._exit(0)


def take_all(home: Path) -> Drained:
    with drained(str(home)) as taken:
        return taken


def fail_to_take(home: Path) -> None:
    with contextlib.suppress(KeyError), drained(str(home)) as taken:
        raise KeyError(len(taken.events))


def test_fifty_writers_and_a_reader_at_once_tear_no_line_and_lose_none(isolated_home: Path) -> None:
    home = str(isolated_home)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_many, args=(home, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen: list[str | None] = []
    bad = 0
    while any(writer.is_alive() for writer in writers) or not is_empty(home):
        taken = take_all(isolated_home)
        seen += [event.session_id for event in taken.events]
        bad += taken.bad_lines
        time.sleep(0.001)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert bad == 0
    assert sorted(str(one) for one in seen) == sorted(f"{w}-{n}" for w in range(WRITERS) for n in range(LINES_EACH))


def test_a_file_taken_away_between_opening_and_writing_costs_no_line(
    isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[HookEvent] = []

    def open_and_lose(path: str, flags: int) -> int:
        descriptor = open_spool(path, flags)
        if not seen:
            os.write(descriptor, b'{"event":"Stop","at":1}\n')
            seen.extend(take_all(isolated_home).events)
        return descriptor

    open_spool = spool.open_private
    monkeypatch.setattr(spool, "open_private", open_and_lose)
    assert append(str(isolated_home), {"event": "Stop", "at": 2})
    assert [event.at for event in [*seen, *take_all(isolated_home).events]] == [1, 2]


def test_a_reader_waits_for_a_hook_that_is_about_to_write(isolated_home: Path) -> None:
    append(str(isolated_home), {"event": "Stop", "at": 1})
    slow = os.open(isolated_home / "spool" / "events.jsonl", os.O_WRONLY | os.O_APPEND)
    fcntl.flock(slow, fcntl.LOCK_SH)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(take_all, isolated_home)
        time.sleep(0.05)
        assert not reading.done()
        os.write(slow, b'{"event":"Stop","at":2}\n')
        os.close(slow)
        assert [event.at for event in reading.result().events] == [1, 2]


def test_what_was_appended_is_read_in_order_of_time_and_then_gone(isolated_home: Path) -> None:
    append(str(isolated_home), {"event": "Stop", "at": 5, "session_id": "s", "prompt_id": None})
    append(str(isolated_home), {"event": "SessionStart", "at": 3, "session_id": "s", "transcript_path": "/t é\n"})
    assert not is_empty(str(isolated_home))
    assert take_all(isolated_home).events == [
        HookEvent("SessionStart", 3, "s", transcript_path="/t é\n"),
        HookEvent("Stop", 5, "s"),
    ]
    assert is_empty(str(isolated_home))
    assert take_all(isolated_home).events == []


def test_a_reader_that_fails_leaves_the_lines_to_the_next(isolated_home: Path) -> None:
    append(str(isolated_home), {"event": "Stop", "at": 1})
    fail_to_take(isolated_home)
    append(str(isolated_home), {"event": "Stop", "at": 2})
    assert [event.at for event in take_all(isolated_home).events] == [1, 2]


def test_readers_that_always_fail_do_not_fill_the_disk(isolated_home: Path) -> None:
    for number in range(30):
        append(str(isolated_home), {"event": "Stop", "at": number})
        fail_to_take(isolated_home)
    assert len(list((isolated_home / "spool").iterdir())) < 12
    assert [event.at for event in take_all(isolated_home).events] == list(range(30))[:8]
    assert [event.at for event in take_all(isolated_home).events] == list(range(8, 30))


def test_lines_that_nobody_reads_stop_at_the_bound(isolated_home: Path) -> None:
    home = str(isolated_home)
    while append(home, {"event": "Stop", "at": 1, "cwd": "x" * 3000}):
        pass
    assert MAX_BYTES - 4096 < (isolated_home / "spool" / "events.jsonl").stat().st_size <= MAX_BYTES
    assert len(take_all(isolated_home).events) > 300
    assert append(home, {"event": "Stop", "at": 1})


def test_a_line_too_long_is_not_written(isolated_home: Path) -> None:
    assert not append(str(isolated_home), {"event": "Stop", "at": 1, "cwd": "x" * 5000})


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"5",
        b"null",
        b'{"event":"Stop"}',
        b'{"event":"Stop","at":"x"}',
        b"\xff",
        b'{"event":"Stop","at":1,"transcript_path":"/a\\u0000b"}',
        b'{"event":"Stop","at":1,"session_id":"\\ud800"}',
        b'{"event":"StatusLine","at":1,"session_id":"\\ud800"}',
        b'{"event":"StatusLine","at":1,"session_id":"a","five_hour_used_percent":1' + b"0" * 400 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_counted_and_the_rest_is_read(line: bytes, isolated_home: Path) -> None:
    append(str(isolated_home), {"event": "Stop", "at": 1})
    with (isolated_home / "spool" / "events.jsonl").open("ab") as handle:
        handle.write(line + b"\n" + b'{"event":"Stop","at":2}\n' + b'{"event":"St')
    taken = take_all(isolated_home)
    assert [event.at for event in taken.events] == [1, 2]
    assert taken.bad_lines == 2


@pytest.mark.parametrize("windows", [0, 1, 2])
def test_a_sample_goes_through_the_spool_unchanged(windows: int, isolated_home: Path) -> None:
    limits = [LimitReading("five_hour", 42.5, 77), LimitReading("seven_day", 1.0, None)][:windows]
    sample = StatusSample("s", 1_000, 5_000_000, 900, limits)
    append(str(isolated_home), spool_record(sample))
    [read] = take_all(isolated_home).samples
    assert [(one.kind, one.used_percent, one.resets_at) for one in read.limits] == [
        ("five_hour", 42.5, 77),
        ("seven_day", 1.0, None),
    ][:windows]
    assert (read.session, read.at, read.cost_nano, read.started_at) == ("s", 1_000, 5_000_000, 900)


@pytest.mark.parametrize(
    ("folder", "is_one"), [("claude/projects", True), ("claude/other", False), ("gone/projects", False)]
)
def test_a_transcript_tells_of_its_claude_folder(folder: str, is_one: bool, tmp_path: Path) -> None:
    for name in ("claude/projects", "claude/other"):
        (tmp_path / name).mkdir(parents=True)
    found = folders_of([str(tmp_path / folder / "slug" / f"{session}.jsonl") for session in "ab"])
    assert found == ([tmp_path / "claude"] if is_one else [])


@pytest.mark.parametrize("value", [10**30, "5", 1.5, True, None])
def test_numbers_that_no_ledger_holds_are_refused(value: object, isolated_home: Path) -> None:
    (isolated_home / "spool").mkdir(parents=True)
    line = {"event": "StatusLine", "at": value, "session_id": "s", "cost_nano": 1}
    (isolated_home / "spool" / "events.jsonl").write_text(json.dumps(line) + "\n")
    taken = take_all(isolated_home)
    assert (len(taken.samples), taken.bad_lines) == (0, 1)


def test_one_process_at_a_time_holds_the_readers_lock(isolated_home: Path) -> None:
    from hooks.background import reader_is_running

    first, second = ReaderLock(str(isolated_home)), ReaderLock(str(isolated_home))
    assert not reader_is_running(str(isolated_home))
    assert first.acquire()
    assert not second.acquire()
    assert reader_is_running(str(isolated_home))
    first.release()
    assert not reader_is_running(str(isolated_home))
    assert second.acquire()
    second.release()
    second.release()
