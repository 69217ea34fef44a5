"""Takes in everything new: finds files, reads them on, writes each piece with its read state in one transaction.

Several processes may do this at once. A file's state carries a version: who finds that another has written in the
meantime drops what it read and looks again, so nothing is counted twice and nothing is lost.
"""

import gc
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from store.ledger import transaction
from store.spend import refresh_spend
from store.write import Writer
from tracker.sources.base import FoundFile, Options, Piece, ReadState, Source

# Below this much to read, starting worker processes costs more than it saves.
_PARALLEL_BYTES = 24 << 20
_ROUNDS = 3


class Work(NamedTuple):
    """A file with something new, and what is known of it."""

    source: int  # index into the sources
    file: FoundFile
    state: ReadState | None
    version: int


class Progress(NamedTuple):
    """How far an ingest has come."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int


class SyncReport(msgspec.Struct):
    """What an ingest did."""

    files: int = 0
    bytes: int = 0
    new_calls: int = 0
    bad_lines: int = 0
    seconds: float = 0.0
    problems: list[str] = []
    missing_roots: list[str] = []


def sync(
    db: sqlite3.Connection,
    sources: Sequence[tuple[Source, Sequence[Path]]],
    options: Options,
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> SyncReport:
    """Read all that is new under the sources' roots into the ledger.

    `workers`: processes that decode (None: one a core, when there is much to read; 0: none).
    """
    started = time.monotonic()
    report = SyncReport()
    with _no_garbage_collection():
        for _ in range(_ROUNDS):
            work = find_work(db, sources, report)
            if not work:
                break
            lost = _run(db, [source for source, _ in sources], work, options, workers, on_progress, report)
            if not lost:
                break
        refresh_spend(db)
    report.seconds = time.monotonic() - started
    return report


def find_work(
    db: sqlite3.Connection, sources: Sequence[tuple[Source, Sequence[Path]]], report: SyncReport
) -> list[Work]:
    """Files that grew, changed or are new, largest first; files that vanished are marked, their rows stay."""
    known = {
        row[0]: row[1:]
        for row in db.execute("SELECT path, inode, size, mtime_ns, version, gone_at IS NOT NULL FROM source_file")
    }
    work: list[Work] = []
    met: set[str] = set()
    changed: list[str] = []
    for index, (source, roots) in enumerate(sources):
        for root in roots:
            try:
                for file in source.discover([root]):
                    if file.path in met:
                        continue
                    met.add(file.path)
                    row = known.get(file.path)
                    if row is None:
                        work.append(Work(index, file, None, 0))
                    elif row[:3] != (file.inode, file.size, file.mtime_ns) or row[4]:
                        changed.append(file.path)
                        work.append(Work(index, file, None, row[3]))
            except OSError as error:
                _problem(report, f"{error.filename or root}: {error.strerror or error}")
    for position, one in enumerate(work):
        if one.version:
            row = db.execute("SELECT state FROM source_file WHERE path = ?", (one.file.path,)).fetchone()
            if row is not None and row[0] is not None:
                work[position] = one._replace(state=msgspec.msgpack.decode(row[0], type=ReadState))
    _mark_gone(db, [path for path, row in known.items() if path not in met and not row[4]])
    work.sort(key=lambda one: one.file.size - (one.state.offset if one.state else 0), reverse=True)
    return work


def _mark_gone(db: sqlite3.Connection, paths: list[str]) -> None:
    vanished = [path for path in paths if not os.path.exists(path)]
    if vanished:
        now = int(time.time() * 1000)
        with transaction(db):
            db.executemany("UPDATE source_file SET gone_at = ? WHERE path = ?", [(now, path) for path in vanished])


def _run(
    db: sqlite3.Connection,
    sources: list[Source],
    work: list[Work],
    options: Options,
    workers: int | None,
    on_progress: Callable[[Progress], None] | None,
    report: SyncReport,
) -> int:
    """Read and write all of `work`; returns how many files another process got to first."""
    total = sum(max(0, one.file.size - (one.state.offset if one.state else 0)) for one in work)
    if workers is None:
        workers = min(os.cpu_count() or 1, 8) if total >= _PARALLEL_BYTES and len(work) > 1 else 0
    pieces: Iterator[tuple[int, Piece | None, str | None]]
    if workers > 1:
        from tracker.workers import read_in_processes

        pieces = read_in_processes(sources, work, options, workers)
    else:
        pieces = read_here(sources, work, options)
    writer = Writer(db)
    lost: set[int] = set()
    versions = [one.version for one in work]
    done = read = 0
    for index, piece, problem in pieces:
        one = work[index]
        if problem is not None:
            _problem(report, problem)
        if piece is None:
            done += 1
        elif index not in lost:
            before = one.state.offset if one.state else 0
            if not write_piece(db, writer, one.file, versions[index], piece):
                lost.add(index)
                continue
            versions[index] += 1
            report.bad_lines += piece.batch.bad_lines
            advance = max(0, piece.state.offset - before)
            work[index] = one._replace(state=piece.state)
            report.bytes += advance
            read += advance
        if on_progress is not None:
            on_progress(Progress(done, len(work), read, total))
    report.files += len(work) - len(lost)
    report.new_calls += writer.new_calls
    return len(lost)


def write_piece(db: sqlite3.Connection, writer: Writer, file: FoundFile, version: int, piece: Piece) -> bool:
    """Write one piece and its state together; False if another process has moved the file's state on."""
    now = int(time.time() * 1000)
    state = piece.state
    encoded = msgspec.msgpack.encode(state)
    counted = writer.new_calls
    try:
        with transaction(db):
            if version == 0:
                moved = db.execute(
                    "INSERT INTO source_file (path, agent, kind, inode, size, mtime_ns, state, version, bad_lines,"
                    " first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        file.path,
                        file.agent,
                        file.kind,
                        state.inode,
                        state.size,
                        state.mtime_ns,
                        encoded,
                        piece.batch.bad_lines,
                        now,
                        now,
                    ),
                ).rowcount
            else:
                moved = db.execute(
                    "UPDATE source_file SET inode = ?, size = ?, mtime_ns = ?, state = ?, version = version + 1,"
                    " bad_lines = bad_lines * ? + ?, last_seen = ?, gone_at = NULL WHERE path = ? AND version = ?",
                    (
                        state.inode,
                        state.size,
                        state.mtime_ns,
                        encoded,
                        not piece.from_start,
                        piece.batch.bad_lines,
                        now,
                        file.path,
                        version,
                    ),
                ).rowcount
            if not moved:
                return False
            writer.write(piece.batch)
    except BaseException:
        writer.forget()
        writer.new_calls = counted
        raise
    return True


def read_here(
    sources: Sequence[Source], work: Sequence[Work], options: Options
) -> Iterator[tuple[int, Piece | None, str | None]]:
    """Pieces of every file in turn, each file closed by (index, None, problem or None)."""
    for index, one in enumerate(work):
        problem = None
        try:
            for piece in sources[one.source].read(one.file, one.state, options):
                yield index, piece, None
        except FileNotFoundError:
            pass  # deleted between listing and reading: nothing was lost that could have been read
        except OSError as error:
            problem = f"{one.file.path}: {error.strerror or error}"
        yield index, None, problem


def _problem(report: SyncReport, text: str) -> None:
    if text not in report.problems:
        report.problems.append(text)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Decoding makes many short-lived objects and no cycles; collecting in between costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
