"""Samples of the status line in the ledger: only what is new, whatever the order and however often."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.ledger import open_ledger
from store.samples import LimitReading, StatusSample, put_samples

MINUTE_MS = 60_000


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = open_ledger()
    yield connection
    connection.close()


def sample(at: int, cost: int | None = None, five_hour: float | None = None, session: str = "s") -> StatusSample:
    limits = [] if five_hour is None else [LimitReading("five_hour", five_hour, 9 * 10**12)]
    return StatusSample(session, at, cost, at - 10, limits)


def limits(db: sqlite3.Connection) -> list[tuple[str, int, float]]:
    return db.execute(
        "SELECT native_id, at, used_percent FROM limit_sample JOIN session ON session.id = session_id"
        " ORDER BY at, native_id"
    ).fetchall()


def totals(db: sqlite3.Connection) -> list[tuple[int, int, int, int]]:
    return db.execute("SELECT position, started_at, at, cost FROM client_total ORDER BY position").fetchall()


def test_a_reading_that_has_not_changed_is_stored_every_five_minutes(db: sqlite3.Connection) -> None:
    at = [0, 1, MINUTE_MS, 5 * MINUTE_MS, 6 * MINUTE_MS]
    assert [put_samples(db, [sample(one, five_hour=42)]) > 0 for one in at] == [True, False, False, True, False]
    assert put_samples(db, [sample(7 * MINUTE_MS, five_hour=43)]) == 1
    assert [row[1:] for row in limits(db)] == [(0, 42.0), (5 * MINUTE_MS, 42.0), (7 * MINUTE_MS, 43.0)]


def test_sessions_are_distinguished(db: sqlite3.Connection) -> None:
    for at in range(4):
        put_samples(db, [sample(at * 10, five_hour=42, session="a"), sample(at * 10 + 5, five_hour=41, session="b")])
    assert limits(db) == [("a", 0, 42.0), ("b", 5, 41.0)]


def test_a_counter_that_grows_is_one_row_and_one_that_starts_again_another(db: sqlite3.Connection) -> None:
    for at, cost in ((100, 5), (200, 5), (300, 9), (400, 2), (500, 3)):
        put_samples(db, [sample(at, cost)])
    assert totals(db) == [(0, 90, 300, 9), (1, 390, 500, 3)]
    assert put_samples(db, [sample(450, 7)]) == 0


def test_a_session_gets_its_row_only_with_something_to_keep(db: sqlite3.Connection) -> None:
    assert put_samples(db, [sample(5, 0)]) == 0
    assert db.execute("SELECT COUNT(*) FROM session").fetchone() == (0,)
    put_samples(db, [sample(6, 1)])
    assert db.execute("SELECT agent, native_id FROM session").fetchall() == [("claude-code", "s")]


SAMPLES = st.lists(
    st.builds(
        sample,
        st.integers(0, 10**7),
        st.none() | st.integers(0, 20),
        st.none() | st.integers(0, 100).map(float),
        st.sampled_from(["a", "b"]),
    ),
    max_size=12,
    unique_by=lambda one: one.at,
)


@given(SAMPLES)
def test_taking_the_same_samples_twice_or_together_changes_nothing(samples: list[StatusSample]) -> None:
    def stored(*batches: list[StatusSample]) -> list[str]:
        db = open_ledger()
        db.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                put_samples(db, batch)
            return list(map(str, [*limits(db), *totals(db)]))
        finally:
            db.execute("ROLLBACK")
            db.close()

    in_order = sorted(samples, key=lambda one: one.at)
    together = stored(samples)
    assert stored(*[[one] for one in in_order]) == together
    assert stored(samples, samples) == together
    assert stored(in_order[: len(in_order) // 2], samples) == together


def test_a_failing_sample_leaves_no_transaction_open(db: sqlite3.Connection) -> None:
    with pytest.raises(OverflowError):
        put_samples(db, [sample(1, 5), sample(2, 10**30)])
    assert not db.in_transaction
    assert totals(db) == []
