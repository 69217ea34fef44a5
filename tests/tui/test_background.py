"""Background jobs run in a separate process, so that keys do not wait for them; their errors are raised here."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hooks.program import wait_until
from tui.readers.background import BackgroundJob


def process_and_sessions(db: sqlite3.Connection) -> tuple[int, int]:
    """The process that runs a job, and a figure from its ledger."""
    return os.getpid(), db.execute("SELECT COUNT(*) FROM session").fetchone()[0]


def ask_for_a_table_that_is_not(db: sqlite3.Connection) -> int:
    return db.execute("SELECT 1 FROM no_such").fetchone()[0]  # type: ignore[no-any-return]


def be_killed(_: sqlite3.Connection) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def be_stopped(_: sqlite3.Connection) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def done(
    background: BackgroundJob, ready: threading.Event, db: sqlite3.Connection, job: Callable[..., Any]
) -> list[Any]:
    """The results of the job once it is done."""
    made: list[Any] = []
    background.begin(db, job, made.append)
    assert background.is_at_work
    assert ready.wait(20)
    assert not background.is_at_work
    return made


@pytest.fixture
def ready() -> threading.Event:
    return threading.Event()


@pytest.fixture
def background(ready: threading.Event) -> BackgroundJob:
    return BackgroundJob(ready.set)


def test_a_job_runs_in_another_process(
    background: BackgroundJob, ready: threading.Event, sample_db: sqlite3.Connection
) -> None:
    here, sessions = process_and_sessions(sample_db)
    made = done(background, ready, sample_db, process_and_sessions)
    background.raise_trouble()
    assert made[0][0] != here
    assert made[0][1] == sessions


@pytest.mark.parametrize(
    ("job", "trouble", "words"),
    [
        (ask_for_a_table_that_is_not, sqlite3.OperationalError, "no such table: no_such"),
        (be_killed, ChildProcessError, "was killed"),
    ],
)
def test_an_error_in_a_job_is_raised_once(
    background: BackgroundJob,
    ready: threading.Event,
    sample_db: sqlite3.Connection,
    job: Callable[..., object],
    trouble: type[Exception],
    words: str,
) -> None:
    assert done(background, ready, sample_db, job) == []
    with pytest.raises(trouble, match=words):
        background.raise_trouble()
    background.raise_trouble()


def test_a_job_ignores_ctrl_c_while_it_loads(
    background: BackgroundJob, ready: threading.Event, sample_db: sqlite3.Connection
) -> None:
    """An interrupted job would print a traceback over the dashboard."""
    made: list[tuple[int, int]] = []
    background.begin(sample_db, process_and_sessions, made.append)
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGINT)
    assert ready.wait(20)
    assert made


def test_a_stopped_job_can_be_killed(
    background: BackgroundJob, ready: threading.Event, sample_db: sqlite3.Connection
) -> None:
    """Otherwise quitting would wait for it forever."""
    background.begin(sample_db, be_stopped, print)
    (child,) = multiprocessing.active_children()
    stat = Path(f"/proc/{child.pid}/stat")
    try:
        if stat.exists():
            wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
    finally:
        background.end()
    assert ready.wait(20)
    assert not multiprocessing.active_children()
