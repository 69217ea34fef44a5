"""The feed over a real ledger and real files: figures arrive by themselves, trouble is told, edits come back."""

import io
import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger, transaction
from tests.tui.fakes import NOW_MS, FrozenClock
from tests.tui.listening import Listening, make_options
from tests.unit.ledger.damage import damage_page_of
from tracker import ingest, ingest_workers
from tracker.advisor.advisor import DueNudge
from tracker.clock import day_start_ms, local
from tracker.ingest import sync
from tracker.ingest_workers import ingest_in_processes
from tracker.keeper import LedgerKeeper
from tracker.model.defaults import DAY_MS, HOUR_MS
from tracker.reader_options import ReaderOptions
from tracker.settings import set_value
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.watch import WatchTargets
from tui.edits import Rename, SetSetting, Undo
from tui.feed import LedgerFeed
from tui.readers.plans import PlansReader
from tui.readers.settings import SettingsReader
from tui.snapshot import Phase, ViewRequest


@pytest.fixture
def claude_dir(sample_claude_dir: Path, tmp_path: Path) -> Path:
    """A copy of the samples that tests may write to."""
    return Path(shutil.copytree(sample_claude_dir, tmp_path / "claude"))


@pytest.fixture
def feed(claude_dir: Path, tmp_path: Path) -> Iterator[LedgerFeed]:
    made = LedgerFeed(
        WatchTargets([(ClaudeCodeSource(), [claude_dir])], make_options),
        looked_in=[str(claude_dir)],
        clock=FrozenClock(NOW_MS),
        ledger=tmp_path / "state" / "ledger.db",
    )
    yield made
    made.stop()


def test_the_initial_ingest_fills_an_empty_ledger_and_says_so(feed: LedgerFeed) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(
        lambda: bool(told.snapshots) and told.snapshots[-1].calls > 400 and told.health[-1].phase is Phase.LIVE
    )
    assert any(health.phase is Phase.READING and health.is_first for health in told.health)
    told.wait_for(lambda: told.snapshots[-1].now is not None and told.snapshots[-1].now.task is not None)


def test_an_interrupted_initial_ingest_is_an_initial_one_again(
    feed: LedgerFeed, claude_dir: Path, tmp_path: Path
) -> None:
    with closing(open_ledger(tmp_path / "state" / "ledger.db")) as db:
        sync(db, [(ClaudeCodeSource(), [claude_dir])], make_options(db))  # no task was found yet
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    assert all(health.is_first for health in told.health if health.phase is Phase.READING)


def test_each_screens_request_is_answered(feed: LedgerFeed) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: bool(told.health) and told.health[-1].phase is Phase.LIVE)
    for screen in ("spend", "tasks", "cache", "plans", "nudges"):
        feed.ask(ViewRequest(screen=screen))
        told.wait_for(lambda wanted=screen: bool(told.snapshots) and told.snapshots[-1].request.screen == wanted)  # type: ignore[misc]
        # The plans are compared beside the reading: the first snapshot may be without them.
        told.wait_for(lambda wanted=screen: getattr(told.snapshots[-1], wanted) is not None)  # type: ignore[misc]


def test_figures_are_read_again_by_the_clock_on_the_wall(claude_dir: Path, tmp_path: Path) -> None:
    """It goes on while the machine sleeps, and may be set: the next day's figures came half a minute after waking."""
    clock = FrozenClock(NOW_MS)
    made = LedgerFeed(
        WatchTargets([(ClaudeCodeSource(), [claude_dir])], make_options),
        clock=clock,
        ledger=tmp_path / "state" / "ledger.db",
    )
    told = Listening()
    made.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    midnight = day_start_ms(local(NOW_MS).date() + timedelta(days=1))
    for hour in (NOW_MS + 8 * HOUR_MS, NOW_MS + 7 * HOUR_MS, midnight - 1, midnight, NOW_MS + 365 * DAY_MS):
        clock.at_ms = hour
        told.wait_for(lambda: told.snapshots[-1].at_ms == clock.at_ms)
        assert told.snapshots[-1].top.today == local(clock.at_ms).date()
    made.stop()


def test_plans_are_modelled_anew_by_the_clock(sample_db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """With new calls every half minute, at rest every ten minutes, and at once where the clock was set back."""
    monkeypatch.setattr("tui.readers.plans.plans_report", lambda *_, **__: object())
    reader, today = PlansReader(SettingsReader(), None), local(NOW_MS).date()
    made = {}
    for second, newest in ((0, 1), (40, 1), (41, 2), (60, 3), (72, 3), (600, 3), (673, 3), (600, 4)):
        part = reader.read(sample_db, today, NOW_MS + second * 1000, newest)
        assert part is not None
        made[second, newest] = (part.made_at - NOW_MS) // 1000
    assert list(made.values()) == [0, 0, 41, 41, 72, 72, 673, 600]


def test_an_append_is_on_screen_within_a_second(feed: LedgerFeed, claude_dir: Path) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: bool(told.snapshots) and told.health[-1].phase is Phase.LIVE)
    told.wait_for(lambda: told.snapshots[-1].now is not None)
    before = told.snapshots[-1].calls
    append_call = call_to_append(claude_dir)
    appended = time.monotonic()
    append_call()
    told.wait_for(lambda: told.snapshots[-1].calls == before + 1)
    assert time.monotonic() - appended < 1.0


def call_to_append(claude_dir: Path) -> Callable[[], None]:
    """Ready to append a line with a new call to the newest session."""
    path = max((claude_dir / "projects").rglob("*.jsonl"), key=lambda one: one.stat().st_mtime_ns)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    last = next(line for line in reversed(lines) if line["type"] == "assistant")
    last["uuid"] = last["requestId"] = "req_011CTestOfAnAppend0001"
    last["message"]["id"] = "msg_01TestOfAnAppend000001"
    text = json.dumps(last) + "\n"

    def append() -> None:
        with path.open("a") as file:
            file.write(text)

    return append


def test_edits_come_back_with_the_next_snapshot(feed: LedgerFeed) -> None:
    told = Listening()
    feed.ask(ViewRequest(screen="tasks"))
    feed.start(told)
    told.wait_for(lambda: bool(told.snapshots) and told.snapshots[-1].tasks is not None)
    told.wait_for(lambda: told.snapshots[-1].tasks is not None and len(told.snapshots[-1].tasks.tasks) > 5)
    tasks = told.snapshots[-1].tasks
    assert tasks is not None
    edited = feed.edit(Rename(tasks.tasks[0].id, "A better title"))
    assert (edited.words, edited.failed) == ("renamed", False)
    told.wait_for(lambda: any(task.title == "A better title" for task in told.snapshots[-1].tasks.tasks))  # type: ignore[union-attr]
    assert feed.edit(Undo()).words == "undone: rename"
    told.wait_for(lambda: told.snapshots[-1].tasks.tasks[0].title == tasks.tasks[0].title)  # type: ignore[union-attr]


def test_an_impossible_edit_returns_a_sentence(feed: LedgerFeed) -> None:
    feed.start(Listening())
    edited = feed.edit(Rename("t0000", "x"))
    assert edited.failed
    edited = feed.edit(SetSetting("plan.seats", "many"))
    assert edited.failed
    assert "not a number" in edited.words


def test_a_setting_is_written_back_and_seen(feed: LedgerFeed) -> None:
    told = Listening()
    feed.start(told)
    assert not feed.edit(SetSetting("plan.id", "max")).failed
    told.wait_for(lambda: bool(told.snapshots) and told.snapshots[-1].top.plan is not None)
    assert told.snapshots[-1].top.plan is not None
    assert told.snapshots[-1].top.plan.name == "Max"


def test_a_held_ledger_is_busy_and_passes(feed: LedgerFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.feed._BUSY_SECONDS", 0.1)
    path = tmp_path / "state" / "ledger.db"
    open_ledger(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: any(health.phase is Phase.BUSY for health in told.health))
    holder.execute("COMMIT")
    holder.close()
    told.wait_for(lambda: bool(told.snapshots))
    told.wait_for(lambda: told.health[-1].phase is Phase.LIVE)


def test_a_ledger_that_cannot_be_written_is_busy_as_long_as_that_lasts(
    feed: LedgerFeed, claude_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading goes on, so only the thread that writes knows; the good news is said once and stays nowhere."""
    monkeypatch.setattr("tui.feed._BUSY_SECONDS", 0.1)
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: bool(told.snapshots) and told.health[-1].phase is Phase.LIVE)
    append = call_to_append(claude_dir)
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        append()
        told.wait_for(lambda: told.health[-1].phase is Phase.BUSY)
        assert told.health[-1].words == "another program has locked the ledger; retrying"
        feed.ask(ViewRequest(screen="tasks"))
        told.wait_for(lambda: told.snapshots[-1].request.screen == "tasks")
        assert told.health[-1].phase is Phase.BUSY
        holder.execute("COMMIT")
    told.wait_for(lambda: told.health[-1].phase is Phase.LIVE)
    told.wait_for(lambda: told.notices == ["the ledger can be written again"])
    assert told.health[-1].words == ""


def test_a_folder_that_is_gone_is_said_until_it_is_back(feed: LedgerFeed, claude_dir: Path) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: bool(told.health) and told.health[-1].phase is Phase.LIVE)
    away = claude_dir.rename(claude_dir.with_name("away"))
    told.wait_for(lambda: "is gone" in told.health[-1].words)
    away.rename(claude_dir)
    told.wait_for(lambda: told.notices == [f"{claude_dir} is back"])
    told.wait_for(lambda: (told.health[-1].phase, told.health[-1].words) == (Phase.LIVE, ""))


@pytest.mark.parametrize("left", [(), ("-wal", "-shm")], ids=["all of it", "the file alone"])
def test_a_ledger_that_is_removed_is_made_anew(feed: LedgerFeed, tmp_path: Path, left: tuple[str, ...]) -> None:
    """As at a start: nothing is known, then the agents' records are read, and new ones are followed."""
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    calls, at = told.snapshots[-1].calls, len(told.health)
    for file in (tmp_path / "state").glob("ledger.db*"):
        if not file.name.endswith(left or "nothing"):
            file.unlink()
    told.wait_for(lambda: any(health.is_first for health in told.health[at:]))
    told.wait_for(lambda: told.is_live_with(400))
    told.wait_for(lambda: told.snapshots[-1].calls == calls)
    with closing(open_ledger(tmp_path / "state" / "ledger.db")) as db:
        assert db.execute("SELECT count(*) FROM call").fetchone() == (calls,)
        task = db.execute("SELECT id FROM task").fetchone()[0]
    assert not feed.edit(Rename(task, "Another title")).failed


def test_a_ledger_that_turns_out_to_be_damaged_is_replaced_and_reported(
    feed: LedgerFeed, claude_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "ledger.db"
    with closing(open_ledger(path)) as db:
        sync(db, [(ClaudeCodeSource(), [claude_dir])], make_options(db))
        calls, message_id = db.execute("SELECT count(*), max(message_id) FROM call").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage_page_of(path, message_id.encode())
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: any("the ledger was damaged" in words for words in told.notices))
    told.wait_for(lambda: told.is_live_with(calls - 1))
    with closing(open_ledger(path)) as db:
        assert db.execute("SELECT count(*) FROM call").fetchone() == (calls,)


def test_a_newer_ledger_is_told_in_a_sentence(feed: LedgerFeed, tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"
    db = open_ledger(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: any(health.phase is Phase.FAILED for health in told.health))
    words = next(health.words for health in told.health if health.phase is Phase.FAILED)
    assert words.startswith(f"the ledger {path} was written by a newer taximeter")


def test_broken_settings_are_reported_and_ignored(feed: LedgerFeed, isolated_home: Path) -> None:
    isolated_home.mkdir(parents=True, exist_ok=True)
    (isolated_home / "settings.toml").write_text("[plan]\nid = 3\n")
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: bool(told.snapshots))
    assert "plan.id" in told.snapshots[-1].trouble


def test_a_setting_changed_by_another_program_is_shown_without_new_records(feed: LedgerFeed) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    set_value("plan", "id", "max")
    told.wait_for(lambda: told.snapshots[-1].settings.plan.id == "max")
    set_value("plan", "id", None)
    told.wait_for(lambda: told.snapshots[-1].settings.plan.id is None)


def test_files_that_cannot_be_used_at_all_are_reported_and_the_agents_are_followed(
    claude_dir: Path, isolated_home: Path, tmp_path: Path
) -> None:
    isolated_home.mkdir(parents=True, exist_ok=True)
    for name in ("settings.toml", "prices.toml"):
        (isolated_home / name).write_text("month = \n")
    source, ledger = ClaudeCodeSource(), tmp_path / "state" / "ledger.db"
    feed = LedgerFeed(WatchTargets([(source, [claude_dir])], ReaderOptions().read), ledger=ledger)
    told = Listening()
    feed.start(told)
    try:
        told.wait_for(lambda: told.is_live_with(400))
        assert "settings.toml: not valid TOML" in told.snapshots[-1].trouble
        (isolated_home / "settings.toml").unlink()
        feed.ask(ViewRequest(screen="spend"))
        told.wait_for(lambda: "prices.toml" in told.snapshots[-1].trouble)
    finally:
        feed.stop()


class _ScreenStream(io.StringIO):
    """The error stream while Textual draws: it has no descriptor that a process could be given."""

    def fileno(self) -> int:
        return -1


def test_a_large_initial_ingest_uses_several_processes(feed: LedgerFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    new_calls = []

    def noting(*given: Any, **options: Any) -> None:
        ingest_in_processes(*given, **options)
        new_calls.append(given[3].new_calls)

    monkeypatch.setattr(sys, "stderr", _ScreenStream())
    monkeypatch.setattr(ingest, "_PARALLEL_BYTES", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(ingest_workers, "ingest_in_processes", noting)
    monkeypatch.setattr("tui.ingest_progress._EVERY_SECONDS", 0.0)  # both may end within a tenth of one
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    assert new_calls == [told.snapshots[-1].calls]
    read = [one for one in told.health if one.phase is Phase.READING and " files, " in one.words]
    assert any(one.done > 0 for one in read)  # where one of the two took every file, it tells of them once


def test_stopping_ends_every_thread(feed: LedgerFeed) -> None:
    feed.start(Listening())
    feed.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("taximeter-")]


class _LongKeeper(LedgerKeeper):
    """Finds tasks in a history without end."""

    def keep_current(
        self, db: sqlite3.Connection, on_progress: Callable[[int, int], None] | None = None
    ) -> list[DueNudge]:
        assert on_progress is not None
        while True:
            with transaction(db):
                on_progress(150, 100_000)
                time.sleep(0.01)


def test_stopping_ends_the_finding_of_tasks_and_the_ledger_is_free(claude_dir: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "state" / "ledger.db"
    sources = [(ClaudeCodeSource(), [claude_dir])]
    feed = LedgerFeed(WatchTargets(sources, make_options), ledger=ledger, keeper=_LongKeeper(str(tmp_path)))
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.health[-1].words == "finding tasks in 150 of 100,000 sessions")
    feed.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("taximeter-")]
    with closing(open_ledger(ledger, busy_seconds=0)) as db, transaction(db):
        pass


def test_a_feed_that_was_stopped_can_be_started_again(feed: LedgerFeed, claude_dir: Path) -> None:
    told = Listening()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(400))
    feed.stop()
    before = told.snapshots[-1].calls
    call_to_append(claude_dir)()
    feed.start(told)
    told.wait_for(lambda: told.is_live_with(before))
