"""What `doctor` re-derives: it holds over a ledger as it is made, and each statement notices what would break it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.invariants import check_invariants
from tests.unit.tasks.making import FIXTURES
from tracker.rebuild import rebuild

from .reading import ledger_of


@pytest.fixture
def modelled(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A ledger of a session and its fork, tasks included."""
    with ledger_of(tmp_path, FIXTURES / "s08_resume_continue_fork") as db:
        rebuild(db)
        yield db


def broken(db: sqlite3.Connection) -> set[str]:
    return {check.statement for check in check_invariants(db) if check.broken}


def test_a_ledger_as_it_is_made(modelled: sqlite3.Connection) -> None:
    assert broken(modelled) == set()


@pytest.mark.parametrize(
    ("damage", "statement"),
    [
        ("UPDATE call SET chain_id = 10 * chain_id", "every call has a session and a chain of that session"),
        ("INSERT INTO call_alias SELECT message_id, 0, id + 1 FROM call LIMIT 1", "no two calls share a key"),
        ("UPDATE call SET output = -1", "no count is negative"),
        ("DELETE FROM price", "every cost points at a stored price row"),
        ("UPDATE price SET output = 2 * output", "every list price gives its calls' costs"),
        ("UPDATE spend SET cost = cost + 1", "daily sums equal the sums of their calls"),
        ("UPDATE sighting SET session_id = 99", "a call seen in several places is credited to one of them"),
        ("DELETE FROM call_split WHERE call_id = 1", "every call of a modelled session belongs to one task"),
        ("UPDATE call_split SET fresh = fresh + 1", "the parts of a call add up to its cost"),
        ("UPDATE task SET cost = cost - 1", "a task costs what its calls cost"),
    ],
)
def test_what_breaks_it_is_noticed(damage: str, statement: str, modelled: sqlite3.Connection) -> None:
    modelled.execute("PRAGMA foreign_keys = off")
    assert modelled.execute(damage).rowcount > 0
    assert statement in broken(modelled)
