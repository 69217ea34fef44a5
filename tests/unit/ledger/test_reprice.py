"""Looking every price up again changes what a corrected table changes, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from tracker.pricing import PriceBook
from tracker.reprice import reprice_ledger

from .plain import FILE, answer, encoded, prompt, usage
from .reading import ledger_of, price_book, write_tree

LONGER = """
[[price]]
model = "claude-haiku-5-5"
input = 0.2
output = 1
long_context_threshold = 100000
long_input = 1
long_output = 5
"""


def of_parts(*parts: tuple[int, int]) -> dict[str, Any]:
    """A call of Haiku 5.5 that was several requests, each of (input, output) tokens."""
    iterations = [{"type": "message", "input_tokens": read, "output_tokens": made} for read, made in parts]
    counts = usage(
        input_tokens=sum(read for read, _ in parts),
        output_tokens=sum(made for _, made in parts),
        cache_read_input_tokens=0,
        cache_creation_input_tokens=0,
        cache_creation=...,
        iterations=iterations,
    )
    return answer(1, message={"model": "claude-haiku-5-5", "usage": counts})


@pytest.mark.parametrize(
    ("parts", "cost"),
    [
        (((60_000, 100), (70_000, 100)), 130_000 * 100 + 200 * 500),
        (((130_000, 100), (140_000, 100)), 270_000 * 500 + 200 * 2500),
        (((60_000, 100), (130_000, 100)), 60_000 * 100 + 100 * 500 + 130_000 * 500 + 100 * 2500),
        (((130_000, 200),), 130_000 * 500 + 200 * 2500),
    ],
)
def test_the_same_table_gives_requests_inside_a_call_the_same_cost(
    parts: tuple[tuple[int, int], ...], cost: int, tmp_path: Path
) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), of_parts(*parts))})
    with ledger_of(tmp_path, root) as db:
        assert db.execute("SELECT cost FROM call").fetchall() == [(cost,)]
        assert reprice_ledger(db, price_book(), dry_run=False) == []
        assert db.execute("SELECT cost FROM call").fetchall() == [(cost,)]


@pytest.mark.parametrize(
    ("parts", "cost"),
    [
        (((60_000, 100), (70_000, 100)), 130_000 * 200 + 200 * 1000),
        (((130_000, 100), (140_000, 100)), 270_000 * 1000 + 200 * 5000),
    ],
)
def test_a_corrected_table_prices_them_for_prompts_of_the_same_length(
    parts: tuple[tuple[int, int], ...], cost: int, tmp_path: Path
) -> None:
    (tmp_path / "prices.toml").write_text(LONGER)
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), of_parts(*parts))})
    with ledger_of(tmp_path, root) as db:
        (changed,) = reprice_ledger(db, PriceBook(tmp_path / "prices.toml"), dry_run=False)
        assert changed.after == cost
        assert reprice_ledger(db, PriceBook(tmp_path / "prices.toml"), dry_run=False) == []


def test_a_call_whose_usage_nobody_wrote_down_stays_without_a_cost(tmp_path: Path) -> None:
    line = answer(1) | {"message": {"id": "msg_1", "model": "gpt-5-mini"}}
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), line, answer(2))})
    with ledger_of(tmp_path, root) as db:
        assert reprice_ledger(db, price_book(), dry_run=False) == []
        assert db.execute("SELECT model, cost FROM call WHERE cost IS NULL").fetchall() == [("gpt-5-mini", None)]
