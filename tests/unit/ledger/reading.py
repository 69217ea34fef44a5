"""Short ways to write trees of transcripts and to take them into a ledger."""

import functools
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from store.ledger import open_ledger
from tracker.cli.common import Invocation
from tracker.cli.sync import open_and_sync as command_take_in
from tracker.ingest import SyncReport, sync
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

from .dump import Dump, dump


@functools.cache
def price_book() -> PriceBook:
    """One price table for all tests."""
    return PriceBook()


def take_in(db: sqlite3.Connection, *roots: Path) -> SyncReport:
    """Read what is new below the `projects` folders of `roots`."""
    return sync(db, [(ClaudeCodeSource(), list(roots))], Options(price_book()))


def take_in_at(home: Path, root: Path, workers: int) -> None:
    """The same as the command does it, into the ledger in `home`."""
    invocation = Invocation()
    invocation.add_dirs([root], [])
    with patch.dict(os.environ, {"TAXIMETER_HOME": str(home)}):
        command_take_in(invocation, workers=workers)[0].close()


@contextmanager
def ledger_of(home: Path, *roots: Path) -> Iterator[sqlite3.Connection]:
    """A ledger in `home` that has read `roots`."""
    with closing(open_ledger(home / "ledger.db")) as db:
        take_in(db, *roots)
        yield db


@contextmanager
def before_migration(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """A ledger in which the migration of that name has yet to run; its rows are put back by who asks."""
    with closing(sqlite3.connect(path)) as db:
        yield db
        db.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (name,))
        db.execute(f"PRAGMA user_version = {int(name[1:4]) - 1}")
        db.commit()


def write_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write transcripts below `root/projects`; returns `root`."""
    for name, content in files.items():
        path = root / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def dump_of_tree(place: Path, files: Mapping[str, bytes], *, without: frozenset[str] = frozenset()) -> Dump:
    """The ledger of a tree that is read in one go, `without` some tables; `place` is an empty folder to work in."""
    root = write_tree(place / "claude", files)
    with ledger_of(place, root) as db:
        return dump(db, root, without=without)
