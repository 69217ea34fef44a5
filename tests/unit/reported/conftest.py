"""A ledger filled from stores that a test writes or copies, with the program's own prices."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import SessionFolder, TaskFolder
from tracker.rebuild import rebuild

TakeIn = Callable[[Path], str]


@pytest.fixture
def db() -> sqlite3.Connection:
    return open_ledger()


@pytest.fixture
def take_in(db: sqlite3.Connection) -> TakeIn:
    """Take in everything below a folder; returns the id of the only task."""

    def read(root: Path) -> str:
        take_in_cline(db, root)
        rebuild(db)
        [(identity,)] = db.execute("SELECT id FROM task")
        return str(identity)

    return read


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    """A classic task to write."""
    return TaskFolder(tmp_path / ".cline", "1795000000000")


@pytest.fixture
def session(tmp_path: Path) -> SessionFolder:
    """An SDK session to write."""
    return SessionFolder(tmp_path / ".cline", "1795000000000_abcde")
