"""Looks up the price of every recorded call again and applies the changes."""

import sqlite3
from typing import NamedTuple

from store.ledger import transaction
from store.prices import PricedCall, apply_prices, forget_list_prices, list_priced_after, priced_calls
from store.queries import stored_prices
from store.records import CallFlag, Price
from store.spend import refresh_spend
from tracker.pricing import PriceBook, cost


class Repriced(NamedTuple):
    """What a new table does to the calls of one model; amounts in nano-dollars, None where nothing had a price."""

    model: str
    calls: int
    before: int | None
    after: int | None


def reprice_list_priced(db: sqlite3.Connection, book: PriceBook) -> None:
    """Price the calls anew that were added while the user's own prices could not be read."""
    reprice_ledger(db, book, dry_run=False, added_after=list_priced_after(db) or 0)
    forget_list_prices(db)


def reprice_ledger(db: sqlite3.Connection, book: PriceBook, *, dry_run: bool, added_after: int = 0) -> list[Repriced]:
    """Apply the table as it is now; returns the models whose calls change, dearest change first.

    `added_after`: only to calls that were added after the one with this id.
    A call that has a price keeps it if the table no longer knows its model: a correction never makes a cost unknown.
    So does a call of several requests of which only some were long: how its tokens divide is not in the ledger.
    """
    stored = {price.id: price for price in stored_prices(db)}
    changes: list[tuple[str | None, int, int]] = []
    rows: dict[str, Price] = {}
    sums: dict[str, list[int | None]] = {}
    for call in priced_calls(db, added_after):
        price = book.resolve(
            call.model, call.asked_provider, call.first_at, call.prompt, call.speed, call.tier, call.geo
        )
        if price is None:
            continue
        amount = _cost(call, price)
        known = stored.get(call.price_id or "")
        if call.flags & CallFlag.SEVERAL_REQUESTS and known is not None and call.cost != _cost(call, known):
            continue
        if amount == call.cost and price.id == call.price_id:
            continue
        changes.append((price.id, amount, call.id))
        rows[price.id] = price
        if amount != call.cost:
            before, after, calls = sums.get(call.model, [None, None, 0])
            sums[call.model] = [
                before if call.cost is None else (before or 0) + call.cost,
                (after or 0) + amount,
                (calls or 0) + 1,
            ]
    if changes and not dry_run:
        with transaction(db):
            apply_prices(db, list(rows.values()), changes)
        refresh_spend(db)
    made = [Repriced(model, calls or 0, before, after) for model, (before, after, calls) in sums.items()]
    return sorted(made, key=lambda one: -abs((one.after or 0) - (one.before or 0)))


def _cost(call: PricedCall, price: Price) -> int:
    return cost(price, call.input, call.cache_read, call.write_5m, call.write_1h, call.output, call.web_searches)
