"""An unchanged price table changes no call of Cline or Roo, whatever sums and reported figures there are."""

import sqlite3
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.sources.cline.writing import CAPTURES, Rows, TaskFolder
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.reader_options import options_of
from tracker.reprice import reprice_ledger
from tracker.sources.cline import ClineSource, RooSource


def costs_before_and_after(root: Path) -> tuple[list[tuple[int]], list[tuple[int]]]:
    """The costs of all calls below a folder as taken in, and as repriced by the same table."""
    db: sqlite3.Connection = open_ledger()
    sources = [(source, source.roots([root])) for source in (ClineSource(), RooSource())]
    assert sync(db, sources, options_of(db)).problems == []
    used = db.execute("SELECT DISTINCT price_id FROM call WHERE price_id IS NOT NULL ORDER BY 1").fetchall()
    assert db.execute("SELECT id FROM price ORDER BY 1").fetchall() == used, "the rows that calls point at are stored"
    before = db.execute("SELECT cost FROM call ORDER BY id").fetchall()
    reprice_ledger(db, PriceBook(), dry_run=False)
    return before, db.execute("SELECT cost FROM call ORDER BY id").fetchall()


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURES.iterdir() if path.is_dir()))
def test_captures_keep_their_costs(name: str) -> None:
    before, after = costs_before_and_after(CAPTURES / name / ".cline")
    assert before == after


def test_a_sum_of_many_small_prompts_is_no_long_prompt(tmp_path: Path) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    rows.model = {"providerId": "gemini", "modelId": "gemini-2.5-pro", "mode": "act"}
    agents = '{"source": "subagents", "tokensIn": 300000, "tokensOut": 500, "cost": 0.4}'
    progress = '{"status": "completed", "maxContextTokens": 30000}'
    task.write(
        [
            rows.say("task", "Go"),
            rows.request(1000, 10),
            rows.say("use_subagents"),
            rows.say("subagent", progress),
            rows.say("subagent_usage", agents),
            rows.deleted(400_000, 100, 0, 0, 0.5),
        ]
    )
    before, after = costs_before_and_after(tmp_path / ".cline")
    assert before == after
    # $1.25 and $10 a million up to 200,000 tokens of one prompt, twice that above.
    assert [cost for (cost,) in before] == [1_350_000, 380_000_000, 501_000_000]
