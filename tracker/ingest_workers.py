"""Worker processes for large imports. Each takes the next file, reads it and writes it, like any ingesting process.

A worker that dies or cannot write leaves its files pending; the caller's next sync ingests them.
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
from tracker.ingest import IngestJob, Progress, SyncReport, ingest_files
from tracker.processes import spawn_context, start_process

# A checkpoint waits for the disk and blocks other writers, so do it a tenth as often as SQLite's default.
_CHECKPOINT_PAGES = 10_000
_NICER = 5


def ingest_in_processes(
    ledger: Path,
    job: IngestJob,
    workers: int,
    report: SyncReport,
    on_progress: Callable[[Progress], None],
    *,
    under_dashboard: bool,
) -> None:
    """Ingest `job` with several processes, adding their counts to `report`.

    Workers are forked where that is safe, which takes milliseconds; macOS libraries may kill a forked process. SQLite
    connections must not cross a fork, so the caller has no ledger open. `under_dashboard` the caller may have one, and
    threads: workers are spawned instead, at a lower priority so that keys stay responsive.
    """
    started = time.monotonic()
    forks = sys.platform not in ("win32", "darwin") and not under_dashboard
    context: Any = multiprocessing.get_context("fork") if forks else spawn_context()
    next_index = context.Value("i", 0)
    pipes: list[Connection] = []
    processes = []
    latest: dict[Connection, SyncReport] = {}
    try:
        for _ in range(min(workers, len(job.files))):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_worker,
                args=(ledger, job, next_index, theirs, under_dashboard),
                daemon=True,
            )
            start_process(process)
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        for pipe, so_far in _reports(pipes):
            latest[pipe] = so_far
            on_progress(job.progress(*latest.values()))
    finally:
        for process in processes:
            if pipes:
                process.terminate()
            process.join()
    for part in latest.values():
        report.add(part)
    report.seconds += time.monotonic() - started


def _reports(pipes: list[Connection]) -> Iterator[tuple[Connection, SyncReport]]:
    """Each worker's totals as they arrive; removes the pipe of a worker that ends from `pipes`."""
    while pipes:
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            try:
                so_far = pipe.recv()
            except (EOFError, OSError):
                pipes.remove(pipe)
            else:
                yield pipe, so_far


def _worker(ledger: Path, job: IngestJob, next_index: "Synchronized[int]", pipe: Connection, is_nice: bool) -> None:
    gc.disable()
    if is_nice and sys.platform != "win32":
        os.nice(_NICER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    try:
        with closing(open_ledger(ledger)) as db:
            db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            for so_far in ingest_files(db, job, _indices(next_index, len(job.files))):
                pipe.send(so_far)
    except (sqlite3.Error, LedgerError):
        pass  # the caller hits the same error with the remaining files, and reports it
    except BrokenPipeError:
        pass  # the caller has exited
    pipe.close()


def _indices(next_index: "Synchronized[int]", end: int) -> Iterator[int]:
    """Indices below `end` that no other worker has taken."""
    while True:
        with next_index.get_lock():
            index = next_index.value
            next_index.value += 1
        if index >= end:
            return
        yield index
