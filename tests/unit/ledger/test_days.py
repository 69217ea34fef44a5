"""The calls of some days are found among the sessions that had calls near them, not in the whole history."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.clauses import local_day
from store.ledger import open_ledger
from store.reads.filter import Filter
from store.reads.plans import plan_calls
from tests.bench.history import write_history

DAYS = [f"2026-11-{day}" for day in range(14, 21)]


@pytest.fixture
def ledger(tmp_path: Path, zone: Callable[[str], None]) -> Iterator[sqlite3.Connection]:
    """Eight sessions of two days whose sums were made in UTC."""
    zone("UTC")
    write_history(tmp_path / "ledger.db", 8 * 140)
    db = open_ledger(tmp_path / "ledger.db")
    yield db
    db.close()


@pytest.mark.parametrize("elsewhere", ["UTC", "UTC+12", "UTC-14"])
def test_every_call_is_of_its_day_also_in_a_zone_the_sums_were_not_made_in(
    ledger: sqlite3.Connection, zone: Callable[[str], None], elsewhere: str
) -> None:
    zone(elsewhere)
    found = {day: {row.id for row in plan_calls(ledger, day, day)} for day in DAYS}
    every = ledger.execute(f"SELECT {local_day('first_at')}, id FROM call").fetchall()
    assert found == {day: {call_id for its_day, call_id in every if its_day == day} for day in DAYS}
    assert sum(map(len, found.values())) == len(every)


@pytest.mark.parametrize("days", [("0001-01-01", "9999-12-31"), (None, "9999-12-31"), ("0001-01-01", None)])
def test_days_without_end_hold_every_call(ledger: sqlite3.Connection, days: tuple[str | None, str | None]) -> None:
    where, values = Filter(*days).of_calls()
    [(count,)] = ledger.execute(
        f"SELECT COUNT(*) FROM call JOIN session ON session.id = call.session_id WHERE {where}", values
    )
    assert count == 8 * 140


def test_the_calls_of_a_day_are_not_looked_for_in_all_sessions(ledger: sqlite3.Connection) -> None:
    where, values = Filter(DAYS[0], DAYS[0]).of_calls()
    steps = ledger.execute(
        f"EXPLAIN QUERY PLAN SELECT call.id FROM call JOIN session ON session.id = call.session_id WHERE {where}",
        values,
    )
    assert not [step for *_, step in steps if step.startswith("SCAN call")]
