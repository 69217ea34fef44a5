"""Reprices recorded calls with the current price tables."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from store.ledger import transaction
from store.prices import (
    PricedCall,
    apply_prices,
    forget_list_prices,
    ids_without_own_list,
    list_priced_after,
    priced_calls,
    put_prices,
    stored_prices,
)
from store.records import CallFlag, Price
from store.spend import refresh_spend
from tracker.pricing import PriceBook, cost
from tracker.pricing.parts import Amounts, price_parts


class Repriced(NamedTuple):
    """A new table's effect on the calls of one model; nano-dollars, `before` None if none of them had a price."""

    model: str
    calls: int = 0
    before: int | None = None
    after: int = 0


def reprice_list_priced(db: sqlite3.Connection, book: PriceBook) -> None:
    """Reprice the calls that were added while the user's own prices could not be read."""
    reprice_ledger(db, book, dry_run=False, added_after=list_priced_after(db) or 0)
    forget_list_prices(db)


def price_after_upgrade(db: sqlite3.Connection, book: PriceBook) -> None:
    """After an upgrade, reprice calls without a price or at another provider's; other corrections need `reprice`."""
    ids = ids_without_own_list(db)
    if ids:
        reprice_ledger(db, book, dry_run=False, ids=ids)


def reprice_ledger(
    db: sqlite3.Connection, book: PriceBook, *, dry_run: bool, added_after: int = 0, ids: Sequence[int] | None = None
) -> list[Repriced]:
    """Apply the current tables; returns the models whose calls change, largest change first.

    `added_after`: only calls added after this id. `ids`: only these, and only if their price is not of the provider
    that the tables name. A call keeps its price if the tables no longer know its model (a correction never makes a
    cost unknown), or if it is made of requests of which only some were long and the ledger lacks its parts.
    """
    stored = {price.id: price for price in stored_prices(db)}
    changes: list[tuple[str, int, int]] = []
    rows: dict[str, Price] = {}
    made: dict[str, Repriced] = {}
    for call in priced_calls(db, ids, after=added_after):
        found = list_price(book, call)
        if found is None:
            continue
        price, amount = found
        known = stored.get(call.price_id or "")
        is_divided = call.flags & CallFlag.SEVERAL_REQUESTS and call.parts is None
        if is_divided and known is not None and call.cost != _cost(call, known):
            continue
        if amount == call.cost and price.id == call.price_id:
            continue
        if ids is not None and known is not None and known.provider == price.provider:
            continue
        changes.append((price.id, amount, call.id))
        rows[price.id] = price
        if amount != call.cost:
            one = made.get(call.model, Repriced(call.model))
            before = one.before if call.cost is None else (one.before or 0) + call.cost
            made[call.model] = Repriced(call.model, one.calls + 1, before, one.after + amount)
    if changes and not dry_run:
        with transaction(db):
            put_prices(db, rows.values())
            apply_prices(db, changes)
        refresh_spend(db)
    return sorted(made.values(), key=lambda one: -abs(one.after - (one.before or 0)))


def list_price(book: PriceBook, call: PricedCall) -> tuple[Price, int] | None:
    """A call's price row by the tables, and its cost in nano-dollars; None without a price."""
    resolve = partial(book.resolve, call.model, call.asked_provider, call.first_at)
    served = call.speed, call.tier, call.geo
    if call.parts is not None:
        whole = (call.input, call.cache_read, call.write_5m, call.write_1h, call.output)
        parts = msgspec.json.decode(call.parts, type=list[Amounts])
        return price_parts(lambda prompt: resolve(prompt, served), whole, parts, call.web_searches)
    price = resolve(call.prompt, served)
    return None if price is None else (price, _cost(call, price))


def _cost(call: PricedCall, price: Price) -> int:
    return cost(price, call.input, call.cache_read, call.write_5m, call.write_1h, call.output, call.web_searches)
