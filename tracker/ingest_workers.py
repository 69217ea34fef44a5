"""Worker processes for large imports. Each takes file after file, reads it and writes it, as any other process could.

A worker that dies or cannot write leaves its share undone; the caller's next sync finds it.
"""

import gc
import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from store.ledger import LedgerError, begin, open_ledger
from store.spend import sum_up_changed
from tracker.ingest import Intake, Progress, SyncReport, Work, read_file
from tracker.processes import start, starting_anew
from tracker.sources.base import Piece

# What a worker has read before it writes. Larger groups write fewer pages twice, smaller ones need less memory.
_GROUP_BYTES = 32 << 20
# While another process writes, a worker reads on up to this much.
_MOST_BYTES = 64 << 20
# A checkpoint waits for the disk while nobody else can write: a tenth as often as SQLite would do it by itself.
_CHECKPOINT_PAGES = 10_000
_NICER = 5


def read_in_processes(
    ledger: Path,
    work: Work,
    workers: int,
    report: SyncReport,
    on_progress: Callable[[Progress], None] | None,
    *,
    beside_a_screen: bool,
) -> None:
    """Read `work` into the ledger from several processes at once, adding to `report`.

    They are forked where that is safe, which takes milliseconds: libraries of macOS may end a forked process. SQLite
    must not be carried over a fork, so the caller has no ledger open. `beside_a_screen`: the caller may, and has
    threads; the processes start anew, and give way to keys.
    """
    started = time.monotonic()
    forks = sys.platform not in ("win32", "darwin") and not beside_a_screen
    context: Any = multiprocessing.get_context("fork") if forks else starting_anew()
    following = context.Value("i", 0)
    pipes: list[Connection] = []
    processes = []
    told: dict[Connection, SyncReport] = {}
    total = work.bytes
    try:
        for _ in range(min(workers, len(work.files))):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_worker,
                args=(ledger, work, following, theirs, beside_a_screen),
                daemon=True,
            )
            start(process)
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        for pipe, so_far in _reports(pipes):
            told[pipe] = so_far
            if on_progress is not None:
                files = sum(one.files for one in told.values())
                on_progress(Progress(files, len(work.files), sum(one.bytes for one in told.values()), total))
    finally:
        for process in processes:
            if pipes:
                process.terminate()
            process.join()
    for one in told.values():
        report.add(one)
    report.seconds += time.monotonic() - started


def _reports(pipes: list[Connection]) -> Iterator[tuple[Connection, SyncReport]]:
    """What each worker has done so far, whenever one tells; the pipe of one that ends is taken off the list."""
    while pipes:
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            try:
                so_far = pipe.recv()
            except (EOFError, OSError):
                pipes.remove(pipe)
            else:
                yield pipe, so_far


def _worker(ledger: Path, work: Work, following: "Synchronized[int]", pipe: Connection, gives_way: bool) -> None:
    gc.disable()
    if gives_way and sys.platform != "win32":
        os.nice(_NICER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    try:
        with closing(open_ledger(ledger)) as db:
            db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            _take_share(db, work, following, pipe)
    except (sqlite3.Error, LedgerError):
        pass  # the caller meets the same trouble with what is left, and reports it
    except BrokenPipeError:
        pass  # the caller is gone
    pipe.close()


def _take_share(db: sqlite3.Connection, work: Work, following: "Synchronized[int]", pipe: Connection) -> None:
    intake = Intake(db, work)
    problems: list[str] = []
    held: list[tuple[int, Piece]] = []
    held_bytes = files = 0

    def write(*, wait: bool) -> None:
        nonlocal held_bytes
        if not _begin(db, wait=wait):
            return
        for index, piece in held:
            intake.put(index, piece)
        intake.joined += sum_up_changed(db)
        db.execute("COMMIT")
        pipe.send(intake.so_far(files, problems))
        held.clear()
        held_bytes = 0

    for index in _indices(following, len(work.files)):
        for piece in read_file(work, index, problems):
            held.append((index, piece))
            held_bytes += piece.state.offset
            if held_bytes >= _GROUP_BYTES:
                write(wait=held_bytes >= _MOST_BYTES)
        files += 1
    write(wait=True)


def _indices(following: "Synchronized[int]", end: int) -> Iterator[int]:
    """Numbers below `end` that no other worker got."""
    while True:
        with following.get_lock():
            index = following.value
            following.value += 1
        if index >= end:
            return
        yield index


def _begin(db: sqlite3.Connection, *, wait: bool) -> bool:
    """Begin to write; False if another process is writing and `wait` is not set."""
    patience_ms = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout = {patience_ms if wait else 0}")
    try:
        begin(db)
    except sqlite3.OperationalError as error:
        if wait or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return True
