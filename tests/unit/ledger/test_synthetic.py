"""Every way in which real files copy, split and hide calls, at random: each call once, whole, where it was made."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from store.invariants import check_invariants
from store.records import CallFlag

from .captured import cost_nano
from .reading import ledger_of, write_tree
from .scribe import MadeCall
from .synthetic import World

SEEDS = st.integers(0, 2**32)


def rows_by_id(db: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    """Ledger rows under every id that they know."""
    rows = {
        row[0]: row
        for row in db.execute(
            "SELECT call.id, model, session.native_id, chain.key, input, cache_read, write_5m, write_1h, output, cost,"
            " flags FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id"
        )
    }
    keys = db.execute(
        "SELECT id, message_id FROM call UNION ALL SELECT id, request_id FROM call WHERE request_id IS NOT NULL"
        " UNION ALL SELECT call_id, key FROM call_alias"
    )
    return {key: rows[call_id] for call_id, key in keys}


def mistakes(call: MadeCall, rows: dict[str, tuple[object, ...]]) -> list[str]:
    """What the ledger says otherwise of a call; empty if it is right."""
    found = {rows[key] for key in call.ids if key in rows}
    if len(found) != 1:
        return [f"{sorted(call.ids)} stands in the ledger {len(found)} times"]
    (_, model, session, chain, *tokens, cost, flags) = found.pop()
    assert isinstance(flags, int)
    told = []
    for name, got, wanted in (
        ("model", model, call.model),
        ("session", session, call.session),
        ("chain", chain, call.chain if call.chain is not None else (chain or "a sidechain")),
        ("tokens", tuple(tokens), tuple(call.tokens)),
        ("cost", cost, sum(cost_nano(call.model, tokens) for tokens in call.requests())),
        ("floor", bool(flags & CallFlag.OUTPUT_IS_FLOOR), call.is_floor),
    ):
        if got != wanted:
            told.append(f"{sorted(call.ids)}: {name} is {got}, should be {wanted}")
    return told


@settings(max_examples=120)
@given(seed=SEEDS, steps=st.integers(1, 40))
def test_each_call_counts_once_whole_and_where_it_was_made(seed: int, steps: int) -> None:
    world = World(seed).grow(steps)
    with TemporaryDirectory() as place:
        root = write_tree(Path(place) / "claude", world.contents())
        with ledger_of(Path(place), root) as db:
            rows = rows_by_id(db)
            assert [told for call in world.calls for told in mistakes(call, rows)] == []
            assert db.execute("SELECT COUNT(*) FROM call").fetchone()[0] == len(world.calls)
            assert [check for check in check_invariants(db) if check.broken] == []
