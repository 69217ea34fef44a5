"""Reads into a ledger while both stores are rewritten in place: no row lost, none twice, nothing to complain of.

The suite reads a thousand times; the whole proof is `python -m tests.unit.sources.cline.torn` (ten thousand reads).
"""

import argparse
import json
import multiprocessing
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from store.invariants import check_invariants
from store.ledger import open_ledger
from tests.unit.sources.cline.writing import Rows, SessionFolder, TaskFolder, metrics
from tracker.ingest import sync
from tracker.reader_options import options_of
from tracker.sources.cline import ClineSource

TASK = "1795000000000"
SESSION = "1795000100000_abcde"


def rewrite_until(stop: Event | threading.Event, path: Path, versions: Sequence[bytes]) -> None:
    """Write ever longer versions of a file over it, in pieces and without care, and begin again with the first.

    The last version is what stays.
    """
    while not stop.is_set():
        for version in versions:
            _overwrite(path, version)
            stop.wait(0.001)
    _overwrite(path, versions[-1])


def _overwrite(path: Path, version: bytes) -> None:
    with path.open("wb", buffering=0) as handle:
        for start in range(0, len(version), 3_000):
            handle.write(version[start : start + 3_000])


class TornStores:
    """A session and a classic task below a folder, each with a writer of its own, in a process of its own.

    `truth`: input and output of every call by its key, once both files are whole.
    """

    def __init__(self, root: Path) -> None:
        session, task, rows = SessionFolder(root, SESSION), TaskFolder(root, TASK), Rows(int(TASK))
        self.truth: dict[str, tuple[int, int]] = {}
        transcripts, lists = [], []
        written: list[dict[str, Any]] = [rows.say("task", "word " * 200)]
        for number in range(1, 13):
            session.user("word " * 200)
            answer = session.answer(metrics(1_000 * number, number))
            self.truth[answer["id"]] = (1_000 * number, number)
            session.write()
            transcripts.append(session.path.read_bytes())
            asked = rows.say("api_req_started", json.dumps({"request": "…"}))
            lists.append(json.dumps([*written, asked]).encode())
            counts = {"request": "…", "tokensIn": number, "tokensOut": 10 * number, "cost": 0.01}
            written += [{**asked, "text": json.dumps(counts)}, rows.say("text", "word " * 200)]
            self.truth[f"cline:{TASK}:{asked['ts']}"] = (number, 10 * number)
            lists.append(json.dumps(written).encode())
        rows_path = task.folder / "ui_messages.json"
        rows_path.write_bytes(lists[0])
        context = multiprocessing.get_context("spawn")
        self.stop = context.Event()
        self.writers = [
            context.Process(target=rewrite_until, args=(self.stop, path, versions), daemon=True)
            for path, versions in ((session.path, transcripts), (rows_path, lists))
        ]


def recorded(db: sqlite3.Connection) -> list[tuple[str, tuple[int, int]]]:
    """Key, input and output of every call in the ledger."""
    return [(key, (given, made)) for key, given, made in db.execute("SELECT message_id, input, output FROM call")]


def read_beside_writers(db: sqlite3.Connection, root: Path, reads: int) -> int:
    """Sync `reads` times while the files below `root` are rewritten; returns how many looks met a torn file."""
    stores = TornStores(root)
    source = ClineSource()
    sources = [(source, source.roots([root]))]
    options, torn, known = options_of(db), 0, 0
    for writer in stores.writers:
        writer.start()
    try:
        for _ in range(reads):
            report = sync(db, sources, options)
            assert (report.problems, report.bad_lines) == ([], 0)
            torn += report.files > 0 and report.bytes <= 0
            rows = recorded(db)
            assert len(rows) >= known, "a row was lost"
            assert dict(rows).items() <= stores.truth.items()
            assert len(rows) == len(dict(rows)), "a row is there twice"
            known = len(rows)
    finally:
        stores.stop.set()
        for writer in stores.writers:
            writer.join()
    sync(db, sources, options)
    assert dict(recorded(db)) == stores.truth
    assert db.execute("SELECT SUM(calls) FROM spend").fetchone() == (len(stores.truth),)
    assert [one for one in check_invariants(db) if one.broken] == []
    return torn


def main() -> None:
    """Read as often as asked and say what was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=10_000)
    reads = parser.parse_args().reads
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        torn = read_beside_writers(open_ledger(Path(folder) / "ledger.db"), Path(folder) / ".cline", reads)
    print(
        f"{reads:,} reads in {time.monotonic() - started:.0f} s, {torn:,} of them met nothing but torn files:"
        " no call lost, none twice, no problem reported"
    )


if __name__ == "__main__":
    main()
