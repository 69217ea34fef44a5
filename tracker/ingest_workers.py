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

from store.ledger import LedgerError, open_ledger
from tracker.ingest import Progress, SyncReport, Work, take_share
from tracker.processes import start, starting_anew

# A checkpoint waits for the disk while nobody else can write: a tenth as often as SQLite would do it by itself.
_CHECKPOINT_PAGES = 10_000
_NICER = 5


def read_in_processes(
    ledger: Path,
    work: Work,
    workers: int,
    report: SyncReport,
    on_progress: Callable[[Progress], None],
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
            on_progress(work.progress(*told.values()))
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
            for so_far in take_share(db, work, _indices(following, len(work.files))):
                pipe.send(so_far)
    except (sqlite3.Error, LedgerError):
        pass  # the caller meets the same trouble with what is left, and reports it
    except BrokenPipeError:
        pass  # the caller is gone
    pipe.close()


def _indices(following: "Synchronized[int]", end: int) -> Iterator[int]:
    """Numbers below `end` that no other worker got."""
    while True:
        with following.get_lock():
            index = following.value
            following.value += 1
        if index >= end:
            return
        yield index
