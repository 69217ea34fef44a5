"""One call, many observations: which one represents it, and where it belongs.

Same message id or same request id is the same call (CLAUDE_CODE section 8, point 4). Two independent choices:

* *what* it cost: the observation with the largest output, taken whole; among equals one that names model and provider,
  then by their content; at the list price of the time when its earliest line was written, or, if the tables now differ
  from the recorded prices, at the price recorded first;
* *where* it was made: the sighting closest to the original, then the earliest, then the session that ended first
  (`settle_unmarked_copies`), then by the agents' ids.

Both are minima or maxima of total orders over the observations, so under one price table the result does not depend on
their order. When a call was seen in more than one place, every place is kept (`sighting`): the cache logic of a fork
needs its copies.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from store.clauses import IN_LIST, exists, json_list
from store.money import cost
from store.prices import ListPrice, add_prices, apply_prices, priced_calls
from store.records import DRIVES_CLAUDE_CODE, Call, CallFlag, CopyRank, Price, canonical_id

PLACE_COLUMNS = (
    "session_id", "chain_id", "seen_session_id", "copy_rank", "turn", "position", "requested_at", "first_at",
    "last_at", "retries",
)  # fmt: skip
CONTENT_COLUMNS = (
    "model", "provider", "input", "cache_read", "write_5m", "write_1h", "output", "thinking", "web_searches", "speed",
    "tier", "geo", "stop", "effort", "version", "flags", "price_id", "cost", "reported_cost", "miss_reason",
    "parts",
)  # fmt: skip
CALL_COLUMNS = ("message_id", "request_id", *PLACE_COLUMNS, *CONTENT_COLUMNS)

_INSERT = f"INSERT OR IGNORE INTO call (id, {', '.join(CALL_COLUMNS)}) VALUES (?, {', '.join('?' * len(CALL_COLUMNS))})"
_PUT = f"""
    INSERT INTO call (id, {", ".join(CALL_COLUMNS)}) VALUES (?, {", ".join("?" * len(CALL_COLUMNS))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in CALL_COLUMNS)}
"""
_PUT_SIGHTING = f"""
    INSERT OR REPLACE INTO sighting (call_id, {", ".join(PLACE_COLUMNS)})
    VALUES ({", ".join("?" * (1 + len(PLACE_COLUMNS)))})
"""
_SIGHTINGS = f"SELECT {', '.join(PLACE_COLUMNS)} FROM sighting WHERE call_id = ?"
_ALIASES = "SELECT key, is_request FROM call_alias WHERE call_id = ?"
_PLACE_AT = slice(2, 2 + len(PLACE_COLUMNS))
_CONTENT_AT = slice(2 + len(PLACE_COLUMNS), None)
_OUTPUT = CONTENT_COLUMNS.index("output")
_STOP = CONTENT_COLUMNS.index("stop")
_MODEL = CONTENT_COLUMNS.index("model")
_PROVIDER = CONTENT_COLUMNS.index("provider")
_PRICE_ID = CONTENT_COLUMNS.index("price_id")
_COST = CONTENT_COLUMNS.index("cost")
_AMOUNTS = itemgetter(
    *map(CONTENT_COLUMNS.index, ("input", "cache_read", "write_5m", "write_1h", "output", "web_searches"))
)
_BESIDES_PRICE = itemgetter(*(at for at in range(len(CONTENT_COLUMNS)) if at not in (_PRICE_ID, _COST)))
_ABORTED = int(CallFlag.ABORTED)
_UNMARKED = (CopyRank.OWN, CopyRank.EMBEDDED)
_UNKNOWN = "unknown"  # as the sources write it

Row = tuple[Any, ...]


def merge_calls(
    db: sqlite3.Connection, calls: Sequence[Call], rows: Sequence[Row], touched: set[int], list_price: ListPrice
) -> int:
    """Join observations (`rows` hold CALL_COLUMNS of `calls`); adds touched sessions, returns how many were new."""
    first_id = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM call").fetchone()[0]
    plain: list[int] = []
    special: list[int] = []
    aliased = _aliased(db, calls)
    for index, call in enumerate(calls):
        odd = call.more_message_ids or call.more_request_ids or call.message_id in aliased or call.request_id in aliased
        (special if odd else plain).append(index)
    new = db.executemany(_INSERT, ((first_id + index, *rows[index]) for index in plain)).rowcount if plain else 0
    if new < len(plain):
        taken = {row[0] for row in db.execute("SELECT id FROM call WHERE id >= ?", (first_id,))}
        special = sorted(special + [index for index in plain if first_id + index not in taken])
        plain = [index for index in plain if first_id + index in taken]
    copies = [index for index in plain if calls[index].session != calls[index].seen_session]
    db.executemany(_PUT_SIGHTING, [(first_id + index, *rows[index][_PLACE_AT]) for index in copies])
    for index in special:
        call = calls[index]
        message_ids = {call.message_id, *call.more_message_ids}
        request_ids = {*call.more_request_ids, *([call.request_id] if call.request_id else [])}
        new += _join(db, message_ids, request_ids, rows[index], touched, list_price)
    return new


def join_calls(db: sqlite3.Connection, call_id: int, other_id: int) -> int:
    """Merge two calls that are the same without sharing a key; both keep their keys. One may already have been merged.

    Returns the change in the number of calls.
    """
    query = f"SELECT {', '.join(CALL_COLUMNS)} FROM call WHERE id IN (?, ?) ORDER BY id"
    rows = db.execute(query, (call_id, other_id)).fetchall()
    if len(rows) < 2:
        return 0
    touched: set[int] = set()
    change = _join(db, {row[0] for row in rows}, set(), rows[0], touched, lambda _call: None)
    mark_changed(db, touched)
    return change


def settle_unmarked_copies(db: sqlite3.Connection) -> None:
    """Credit a call that several sessions claim equally to the one that ended first; looks at stale sessions only.

    Old clients copied a session's history into a new file when it was resumed, without a mark: the original ends where
    the copy continues. No client marks copied progress records: those older than everything of the session's own are
    copies. The rule looks at whole sessions, so it is applied once everything new is written. Calls that one agent made
    by running another (store.keyless) are not copied history.
    """
    claims = db.execute(
        f"""
        WITH claimed AS (
            SELECT call_id FROM sighting JOIN session ON session.id = sighting.session_id WHERE call_id IN (
                SELECT call_id FROM sighting JOIN session ON session.id = sighting.session_id WHERE spend_stale)
            GROUP BY call_id HAVING MIN(copy_rank) IN {_UNMARKED} AND COUNT(DISTINCT session_id) > 1
                AND MAX(agent) = 'claude-code'
        ), claim AS (
            SELECT sighting.*, ROW_NUMBER() OVER (
                PARTITION BY call_id
                ORDER BY copy_rank, COALESCE(sighting.first_at < session.own_start_at, 1), sighting.first_at,
                         session.last_at, session.native_id, chain.key, sighting.position
            ) AS place
            FROM sighting JOIN session ON session.id = sighting.session_id JOIN chain ON chain.id = sighting.chain_id
            WHERE call_id IN claimed AND copy_rank IN {_UNMARKED}
        )
        SELECT {", ".join(f"claim.{name}" for name in PLACE_COLUMNS)}, call.id, call.session_id FROM claim
        JOIN call ON call.id = call_id WHERE place = 1 AND call.session_id != claim.session_id
        """
    ).fetchall()
    assignments = ", ".join(f"{name} = ?" for name in PLACE_COLUMNS)
    for *home, call_id, credited in claims:
        db.execute(f"UPDATE call SET {assignments} WHERE id = ?", (*home, call_id))
        mark_changed(db, {credited, home[0]})


def mark_changed(db: sqlite3.Connection, session_ids: Iterable[int]) -> None:
    """Mark these sessions, so that their sums and tasks are derived again."""
    db.executemany(
        "UPDATE session SET spend_stale = 1, model_stale = 1 WHERE id = ? AND NOT (spend_stale AND model_stale)",
        [(one,) for one in session_ids],
    )


def _aliased(db: sqlite3.Connection, calls: Sequence[Call]) -> set[str]:
    """Which of the calls' keys are stored as a second key of another call."""
    if not exists(db, "SELECT 1 FROM call_alias"):
        return set()
    keys = [call.message_id for call in calls] + [call.request_id for call in calls if call.request_id]
    found = db.execute(
        f"SELECT key FROM call_alias WHERE key {IN_LIST}",
        (json_list(keys),),
    )
    return {row[0] for row in found}


def _join(
    db: sqlite3.Connection,
    message_ids: set[str],
    request_ids: set[str],
    row: Row,
    touched: set[int],
    list_price: ListPrice,
) -> int:
    """Merge one observation with every call that shares a key with it; returns the change in the number of calls."""
    known = _find(db, [*message_ids, *request_ids])
    is_listed = _is_listed(db, known, row[_CONTENT_AT][_PRICE_ID], list_price)
    places = [row[_PLACE_AT]]
    for call_id, recorded in known.items():
        for key, is_request in db.execute(_ALIASES, (call_id,)):
            (request_ids if is_request else message_ids).add(key)
        message_ids.add(recorded[0])
        request_ids.update([recorded[1]] if recorded[1] else [])
        places += db.execute(_SIGHTINGS, (call_id,)).fetchall() or [recorded[_PLACE_AT]]
    touched.update(place[0] for place in places)
    touched.update(place[2] for place in places)
    joined = _joined_places(places)
    home = _home(db, joined)
    message_id = canonical_id(message_ids)
    request_id = canonical_id(request_ids) if request_ids else None
    call_id = min(known) if known else db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM call").fetchone()[0]
    content = _joined_content(db, [recorded[_CONTENT_AT] for recorded in known.values()], row[_CONTENT_AT])
    made = (message_id, request_id, *home, *content)
    if known != {call_id: made}:
        others = [(one,) for one in known if one != call_id]
        for table in ("call_alias", "sighting"):
            db.executemany(f"DELETE FROM {table} WHERE call_id = ?", [(call_id,), *others])
        db.executemany("DELETE FROM call WHERE id = ?", others)
        db.execute(_PUT, (call_id, *made))
    more = [(key, 0, call_id) for key in message_ids if key != message_id]
    more += [(key, 1, call_id) for key in request_ids if key != request_id]
    db.executemany("INSERT OR REPLACE INTO call_alias VALUES (?, ?, ?)", more)
    if len(joined) > 1 or home[0] != home[2]:
        db.executemany(_PUT_SIGHTING, [(call_id, *place) for place in joined])
    if is_listed:
        _price_anew(db, call_id, list_price)
    return 1 - len(known)


def _is_listed(db: sqlite3.Connection, known: Mapping[int, Row], price_id: str | None, list_price: ListPrice) -> bool:
    """Whether the tables price the merged call: its calls differ in price, and the tables still give each of them."""
    return any(recorded[_CONTENT_AT][_PRICE_ID] != price_id for recorded in known.values()) and all(
        (found and (found[0].id, found[1])) == (call.price_id and (call.price_id, call.cost))
        for call in priced_calls(db, list(known))
        for found in [list_price(call)]
    )


def _price_anew(db: sqlite3.Connection, call_id: int, list_price: ListPrice) -> None:
    for call in priced_calls(db, [call_id]):
        found = list_price(call)
        if found is not None:
            add_prices(db, found[:1])
            apply_prices(db, [(found[0].id, found[1], call_id)])


def _find(db: sqlite3.Connection, keys: Sequence[str]) -> dict[int, Row]:
    """CALL_COLUMNS of the calls with any of these keys, by id."""
    marks = ", ".join("?" * len(keys))
    found = db.execute(
        f"SELECT id, {', '.join(CALL_COLUMNS)} FROM call WHERE message_id IN ({marks}) OR request_id IN ({marks})"
        f" OR id IN (SELECT call_id FROM call_alias WHERE key IN ({marks})) ORDER BY id",
        (*keys, *keys, *keys),
    )
    return {row[0]: row[1:] for row in found}


def _joined_places(places: Sequence[Row]) -> list[Row]:
    """Merge sightings in the same place: the earliest line gives what came before, the latest when the call ended."""
    joined: dict[Row, Row] = {}
    for place in places:
        key = place[:4]
        known = joined.get(key)
        if known is None:
            joined[key] = place
            continue
        early = min(known, place, key=lambda one: (one[5], tuple(map(_sortable, one[4:]))))
        joined[key] = (*early[:7], min(known[7], place[7]), max(known[8], place[8]), early[9])
    return list(joined.values())


def _home(db: sqlite3.Connection, places: Sequence[Row]) -> Row:
    """The place where the call was made: lowest copy rank, then earliest, then by the agents' own ids."""
    if len(places) == 1:
        return places[0]
    names: dict[Row, Row] = {}
    for place in places:
        names[place[:3]] = db.execute(
            "SELECT home.native_id, chain.key, seen.native_id FROM session home, chain, session seen"
            " WHERE home.id = ? AND chain.id = ? AND seen.id = ?",
            place[:3],
        ).fetchone()
    return min(places, key=lambda place: (place[3], place[7], names[place[:3]]))


def _representative(contents: Sequence[Row]) -> Row:
    """The content with the largest output; of those that differ only in price, the first that has one."""
    best = max(
        contents,
        key=lambda row: (
            row[_OUTPUT],
            row[_STOP] is not None,
            row[_STOP] != "tool_use",  # Cline's rows tell of a tool before they tell that the user was asked
            row[_MODEL] != _UNKNOWN,
            row[_PROVIDER] != _UNKNOWN,
            tuple(map(_sortable, _BESIDES_PRICE(row))),
            row[_PRICE_ID] is not None,
        ),
    )
    flags = CONTENT_COLUMNS.index("flags")
    aborted = _ABORTED if any(row[flags] & _ABORTED for row in contents) else 0
    return (*best[:flags], best[flags] | aborted, *best[flags + 1 :])


def _joined_content(db: sqlite3.Connection, recorded: Sequence[Row], seen: Row) -> Row:
    """The best content of all, at the recorded price. A transcript's counts win over the sum of a whole run."""
    exact = [row for row in (*recorded, seen) if row[_PROVIDER] != DRIVES_CLAUDE_CODE]
    if exact:
        recorded, seen = exact[:-1], exact[-1]
    best = _representative([*recorded, seen])
    ids = {row[_PRICE_ID] for row in (*recorded, seen)} - {None}
    if best[_PRICE_ID] is None or len(ids) == 1:
        return best
    rows = db.execute(f"SELECT * FROM price WHERE id {IN_LIST}", (json_list(ids),))
    prices = {price.id: price for price in (Price(*row) for row in rows)}
    own = prices.get(best[_PRICE_ID])
    if own is None or cost(own, *_AMOUNTS(best)) != best[_COST]:
        return best  # not the list price alone: billed by the provider, or by requests of several lengths
    known = [row for row in recorded if _is_of_one_kind(prices.get(row[_PRICE_ID]), own)]
    base = min(known or [best], key=lambda row: (prices[row[_PRICE_ID]].effective_from, row[_PRICE_ID]))
    made = list(best)
    made[_PROVIDER], made[_PRICE_ID] = base[_PROVIDER], base[_PRICE_ID]
    made[_COST] = cost(prices[base[_PRICE_ID]], *_AMOUNTS(best))
    return tuple(made)


def _is_of_one_kind(price: Price | None, other: Price) -> bool:
    return price is not None and (price.model, price.tier) == (other.model, other.tier)


def _sortable(value: Any) -> tuple[int, Any]:
    """A sort key for any column value: NULL first, then numbers, then text."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, int) else (2, value)
