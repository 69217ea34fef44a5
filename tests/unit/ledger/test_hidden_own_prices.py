"""Hidden spend where the user pays other prices than the list's, at which the client counts."""

from contextlib import closing
from pathlib import Path
from typing import Any

from store.ledger import open_ledger
from store.reads.filter import EVERYTHING
from tracker.hidden_spend import SessionHidden, hidden_in
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

from .counters import CENT, counter
from .plain import COST, FILE, MODEL, answer, encoded, prompt
from .reading import write_tree


class TestPricesOfTheUsersOwn:
    """The client counts at list price, the ledger at half of it here."""

    half = f"""
        [[price]]
        model = "{MODEL}"
        input = 2
        output = 10
        cache_write_5m = 2.5
        cache_read = 0.1
    """

    def hidden(self, place: Path, *lines: dict[str, Any], prices: str = half) -> SessionHidden:
        (place / "prices.toml").write_text(prices)
        root = write_tree(place / "claude", {FILE: encoded(*lines)})
        with closing(open_ledger(place / "ledger.db")) as db:
            sync(db, [(ClaudeCodeSource(), [root])], Options(PriceBook(place / "prices.toml")))
            assert db.execute("SELECT cost FROM call").fetchone() == (COST // 2,)
            (row,) = hidden_in(db, EVERYTHING).rows
        return row

    def test_the_discount_is_not_hidden(self, tmp_path: Path) -> None:
        assert self.hidden(tmp_path, prompt(), answer(1), answer(2), counter(2, 0)).cost == 0

    def test_what_is_hidden_has_the_users_price(self, tmp_path: Path) -> None:
        row = self.hidden(tmp_path, prompt(), answer(1), counter(1, 10 * CENT))
        assert (row.cost, row.by_model) == (5 * CENT, {MODEL: 5 * CENT})

    def test_other_models_keep_the_list_price(self, tmp_path: Path) -> None:
        row = counter(1, 10 * CENT)
        row["totalCostUSD"] += 0.03
        row["modelUsage"]["claude-haiku-5-5"] = {"costUSD": 0.03}
        found = self.hidden(tmp_path, prompt(), answer(1), row)
        assert (found.cost, found.by_model) == (8 * CENT, {MODEL: 5 * CENT, "claude-haiku-5-5": 3 * CENT})

    def test_without_tokens_it_is_unknown(self, tmp_path: Path) -> None:
        assert self.hidden(tmp_path, prompt(), answer(1), {**counter(1, 0), "modelUsage": {}}).cost is None

    def test_a_price_of_the_users_from_a_day_on(self, tmp_path: Path) -> None:
        """Calls of both prices in one counter; what is hidden has the latest."""
        dated = f"{self.half}\n        effective_from = 2026-11-21\n"
        lines = [prompt(), answer(1, timestamp="2026-11-21T09:00:00.000Z"), answer(2), counter(2, 10 * CENT)]
        assert self.hidden(tmp_path, *lines, prices=dated).cost == 5 * CENT
