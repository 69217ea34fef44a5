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

from store.files import Advance, advance, known_files, mark_gone, read_state
from store.ledger import transaction
from store.spend import refresh_spend
from store.write import Writer
from tracker.sources.base import FoundFile, Options, Piece, ReadState, Source

# Below this much to read, starting worker processes costs more than it saves.
_PARALLEL_BYTES = 24 << 20
_ROUNDS = 3
# Pieces are committed in groups: often enough that other writers wait no longer than this, seldom enough that a cold
# import does not write every page many times.
_COMMIT_SECONDS = 0.1


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
    known = known_files(db)
    work: list[Work] = []
    met: set[str] = set()
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
                    elif row[:3] != file[3:] or row.gone:
                        work.append(_known_work(db, index, file))
            except OSError as error:
                _problem(report, f"{error.filename or root}: {error.strerror or error}")
    vanished = [path for path, row in known.items() if path not in met and not row.gone and not os.path.exists(path)]
    if vanished:
        with transaction(db):
            mark_gone(db, vanished)
    work.sort(key=_unread, reverse=True)
    return work


def _known_work(db: sqlite3.Connection, source: int, file: FoundFile) -> Work:
    version, state = read_state(db, file.path)
    return Work(source, file, msgspec.msgpack.decode(state, type=ReadState) if state else None, version)


def _unread(one: Work) -> int:
    """Bytes that a file has grown by; all of it if it shrank."""
    offset = one.state.offset if one.state else 0
    return one.file.size - offset if one.file.size >= offset else one.file.size


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
    total = sum(map(_unread, work))
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
    open_since = 0.0
    try:
        for index, piece, problem in pieces:
            one = work[index]
            if problem is not None:
                _problem(report, problem)
            if piece is None:
                done += 1
            elif index not in lost:
                if not db.in_transaction:
                    db.execute("BEGIN IMMEDIATE")
                    open_since = time.monotonic()
                if not write_piece(db, writer, one.file, versions[index], piece):
                    lost.add(index)
                    continue
                versions[index] += 1
                read += _unread(one) - _unread(one._replace(state=piece.state))
                work[index] = one._replace(state=piece.state)
                report.bad_lines += piece.batch.bad_lines
                if time.monotonic() - open_since > _COMMIT_SECONDS:
                    db.execute("COMMIT")
            if on_progress is not None:
                on_progress(Progress(done, len(work), read, total))
        if db.in_transaction:
            db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    report.bytes += read
    report.files += len(work) - len(lost)
    report.new_calls += writer.new_calls
    return len(lost)


def write_piece(db: sqlite3.Connection, writer: Writer, file: FoundFile, version: int, piece: Piece) -> bool:
    """Write one piece and its state inside the open transaction; False if another process was first."""
    state = piece.state
    moved = advance(
        db,
        Advance(
            file.path,
            file.agent,
            file.kind,
            state.inode,
            state.size,
            state.mtime_ns,
            msgspec.msgpack.encode(state),
            piece.batch.bad_lines,
            piece.from_start,
        ),
        version,
    )
    if moved:
        writer.write(piece.batch)
    return moved


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
