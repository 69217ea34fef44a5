"""A session's cost according to its client, and the recorded calls for the same period: the inputs of hidden spend."""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from store.clauses import exists, local_day, utc_day
from store.reads.filter import Filter
from store.records import CopyRank, ModelTotal, Price


class Recorded(NamedTuple):
    """Recorded calls of one model: tokens, nano-dollars, calls without a price."""

    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    unpriced: int
    user_price: Price | None  # the latest call's, if not all of them are at list price


class CounterRow(NamedTuple):
    """The final value of one run of a client's cost counter, and the ledger's calls for the same period.

    A `--fork-session` goes on counting from its parent's total: that much is taken off, and so are the copied calls.
    A client that still runs, or was killed, has written no total: then the status line's latest reading counts, less
    the total that a resumed client began with.
    """

    session_id: int
    session: str
    client_cost: int
    unknown_model: bool
    models: dict[str, ModelTotal]
    recorded: dict[str, Recorded]
    has_start: bool  # no call of the session is from before the counter
    has_end: bool  # the session did not go on after the final value


class _Total(NamedTuple):
    """A client's total, in nano-dollars and by model."""

    cost: int
    models: dict[str, ModelTotal]


class _LastWord(NamedTuple):
    """The final value of one run of a counter, as stored."""

    session_id: int
    session: str
    is_reading: bool  # of the status line; else a total that the client wrote
    cost: int
    models: str
    unknown_model: int
    started_at: int | None
    position: int
    at: int


class _Reading(NamedTuple):
    """A counter's value in the status line, and when its session began."""

    session_id: int
    position: int
    started_at: int
    first_at: int
    cost: int


# The calls of a counter: its value less what it began with, when it began, and the recorded calls since.
_Covered = tuple[_Total, int | None, dict[str, Recorded]]

# What a session cost according to its client: the totals that it wrote, and the status line's readings of a counter
# that no total closed, as that of a resumed client is none yet. A reading does not count before the transcript was
# read, in a fork, whose counter does not begin at zero, and where two terminals work on one session and report by
# turns.
LAST_WORDS = """
    SELECT * FROM client_total WHERE source = 'cost-state'
    UNION ALL
    SELECT reading.* FROM client_total AS reading JOIN session ON session.id = reading.session_id
    WHERE source = 'statusline' AND parent IS NULL AND first_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM client_total AS closing
        WHERE closing.session_id = reading.session_id AND closing.source = 'cost-state'
              AND COALESCE(closing.started_at, 0) <= reading.at AND NOT EXISTS (
                  SELECT 1 FROM turn WHERE turn.session_id = closing.session_id
                                           AND turn.position > closing.position AND turn.at <= reading.at)
    ) AND NOT EXISTS (
        SELECT 1 FROM client_total AS other
        WHERE other.session_id = reading.session_id AND other.source = reading.source
              AND other.position != reading.position
              AND COALESCE(other.started_at, 0) < reading.at AND COALESCE(reading.started_at, 0) < other.at)
"""
# As rows of the table `spend`, so that a filter of that table serves: hidden spend counts on the day of the last word.
_DAYS = f"""
    SELECT session_id, ? AS model, {local_day("MAX(COALESCE(at, started_at))")} AS day,
           {utc_day("MAX(COALESCE(at, started_at))")} AS day_utc
    FROM ({LAST_WORDS}) GROUP BY session_id
"""
_SAME_START_MS = 1000  # readings of one counter put its start that far apart
_MODEL_FIELDS = ModelTotal.__struct_fields__
_decode_models = msgspec.json.Decoder(list[dict[str, int | str]]).decode


def counter_rows(db: sqlite3.Connection, session_ids: list[int]) -> list[CounterRow]:
    """One row for each of these sessions and counter start, the latest of each (CLAUDE_CODE section 1.8)."""
    found = db.execute(
        f"""
        SELECT total.session_id, native_id, source = 'statusline', cost, models, unknown_model, started_at, position, at
        FROM ({LAST_WORDS}) AS total JOIN session ON session.id = total.session_id
        WHERE position = (
            SELECT MAX(position) FROM client_total AS later
            WHERE later.session_id = total.session_id AND later.source = total.source
                  AND later.started_at IS total.started_at)
            AND session_id IN ({", ".join(map(str, session_ids))})
        ORDER BY total.session_id, started_at
        """
    )
    words = [_LastWord(*row) for row in found]
    starts = [one.started_at for one in words if one.is_reading and one.started_at is not None]
    going_on = _counters_going_on(db, min(starts), max(starts)) if starts else set()
    made = []
    for one in words:
        covered = _covered_by_reading(db, one, going_on) if one.is_reading else _covered_by_total(db, one)
        if covered is None:
            continue
        (cost, models), started_at, recorded = covered
        earlier = "SELECT 1 FROM call WHERE session_id = ? AND first_at < ?"
        has_start = not exists(db, earlier, (one.session_id, started_at))
        has_end = one.is_reading or _goes_on_at(db, one.session_id, one.position) is None
        has_unknown = bool(one.unknown_model)
        made.append(CounterRow(one.session_id, one.session, cost, has_unknown, models, recorded, has_start, has_end))
    return made


def _covered_by_total(db: sqlite3.Connection, last: _LastWord) -> _Covered:
    """A total less the one that a fork began with."""
    total, before = _total(last.cost, last.models), _inherited(db, last.session_id, last.started_at)
    recorded = _recorded(db, last.session_id, last.started_at, last.position, with_copies=before is None)
    return total if before is None else _less(total, before), last.started_at, recorded


def _covered_by_reading(db: sqlite3.Connection, last: _LastWord, going_on: set[tuple[int, int]]) -> _Covered | None:
    """A reading less the total that a resumed client began with; None if it is not known which calls it covers."""
    total, started_at = _total(last.cost, last.models), last.started_at
    resumed = _resumed_at(db, last.session_id, last.at)
    if resumed is not None:
        before, started_at = resumed
        total = total._replace(cost=total.cost - before)
        if _is_second_since(db, last.session_id, last.position, started_at):
            return None
    elif (last.session_id, last.position) in going_on or not _began_at_nothing(db, last.session_id):
        return None
    recorded = _recorded_by(db, last.session_id, started_at, last.at)
    if sum(one.cost for one in recorded.values()) > total.cost:
        return None  # read while calls ended: the next reading has them
    return total, started_at, recorded


def counted_sessions(db: sqlite3.Connection, chosen: Filter) -> list[int]:
    """Sessions whose client last wrote its cost count in the chosen part, whatever models they used."""
    where, values = chosen.of_spend()
    found = db.execute(
        f"SELECT spend.session_id FROM ({_DAYS}) AS spend JOIN session ON session.id = spend.session_id WHERE {where}",
        (chosen.model, *values),
    )
    return [row[0] for row in found]


def _total(cost: int, models: str) -> _Total:
    named = (msgspec.convert([model[name] for name in _MODEL_FIELDS], ModelTotal) for model in _decode_models(models))
    return _Total(cost, {model.model: model for model in named})


def _less(total: _Total, before: _Total) -> _Total:
    models = dict(total.models)
    for name, old in before.models.items():
        if name in models:
            counts = zip(msgspec.structs.astuple(models[name])[1:], msgspec.structs.astuple(old)[1:], strict=True)
            models[name] = ModelTotal(name, *(now - then for now, then in counts))
    return _Total(total.cost - before.cost, models)


def _inherited(db: sqlite3.Connection, session_id: int, started_at: int | None) -> _Total | None:
    """A counter's initial value: the parent's total when the session was forked; None if it began at zero.

    The parent may have continued since. A copy made by `/branch` begins at zero; a fork of that copy, which has its
    lines too, does not.
    """
    row = db.execute(
        """
        SELECT cost, models FROM session
        JOIN session AS origin ON origin.agent = session.agent AND origin.native_id = session.parent
        JOIN client_total AS total ON total.session_id = origin.id
        WHERE session.id = :session AND source = 'cost-state' AND started_at IS :started
              AND COALESCE(total.at, 0) <= COALESCE(
                  (SELECT MIN(first_at) FROM call WHERE call.session_id = session.id), session.last_at, 0)
              AND NOT EXISTS (
                  SELECT 1 FROM sighting
                  WHERE seen_session_id = session.id AND session_id = origin.id AND copy_rank = :branch)
        ORDER BY position DESC LIMIT 1
        """,
        {"session": session_id, "started": started_at, "branch": CopyRank.BRANCH},
    ).fetchone()
    return _total(*row) if row else None


def _began_at_nothing(db: sqlite3.Connection, session_id: int) -> bool:
    """Whether the status line's first counter began with the session, and the session without copied history.

    Clients that write no totals keep them elsewhere, and count on from there after a resume, under a later start.
    """
    return not exists(
        db,
        """
        SELECT 1 FROM call WHERE call.session_id = :session AND first_at < (
            SELECT MIN(COALESCE(started_at, 0)) FROM client_total
            WHERE client_total.session_id = :session AND source = 'statusline')
        UNION ALL SELECT 1 FROM sighting WHERE seen_session_id = :session AND copy_rank = :fork
        """,
        {"session": session_id, "fork": CopyRank.FORK},
    )


def _resumed_at(db: sqlite3.Connection, session_id: int, at: int) -> tuple[int, int] | None:
    """The initial total of a client that was resumed before `at`, and when the session resumed; None if none was.

    A client restores the total that was written last (CLAUDE_CODE section 2).
    """
    closing = db.execute(
        "SELECT cost, position FROM client_total WHERE session_id = ? AND source = 'cost-state'"
        " AND COALESCE(started_at, 0) <= ? ORDER BY position DESC LIMIT 1",
        (session_id, at),
    ).fetchone()
    went_on = _goes_on_at(db, session_id, closing[1]) if closing is not None else None
    return None if went_on is None else (closing[0], went_on)


def _is_second_since(db: sqlite3.Connection, session_id: int, position: int, since: int) -> bool:
    """Whether there is an earlier reading since a time: after a kill it is unknown what a client restores."""
    readings = "SELECT 1 FROM client_total WHERE session_id = ? AND source = 'statusline' AND position < ? AND at >= ?"
    return exists(db, readings, (session_id, position, since))


def _counters_going_on(db: sqlite3.Connection, since: int, until: int) -> set[tuple[int, int]]:
    """Session and position of the readings that include another session: `/clear` of clients up to 2.1.197.

    These clients count on under the new session's name, and under the old one's once that is resumed. Looked for among
    counters that started between two times.
    """
    rows = db.execute(
        """
        SELECT session_id, position, started_at, first_at, cost
        FROM client_total JOIN session ON session.id = session_id
        WHERE source = 'statusline' AND started_at BETWEEN ? AND ? AND first_at IS NOT NULL ORDER BY started_at
        """,
        (since - _SAME_START_MS, until + _SAME_START_MS),
    )
    found: set[tuple[int, int]] = set()
    near: list[_Reading] = []
    for reading in map(_Reading._make, rows):
        near = [one for one in near if reading.started_at - one.started_at <= _SAME_START_MS]
        for beside in near:
            if beside.session_id != reading.session_id:
                older, newer = sorted((beside, reading), key=lambda one: (one.first_at, one.cost))
                found.add((newer.session_id, newer.position))
                if older.cost >= newer.cost:
                    found.add((older.session_id, older.position))
        near.append(reading)
    return found


def _goes_on_at(db: sqlite3.Connection, session_id: int, position: int) -> int | None:
    """Time of the main chain's first prompt or call after a row; None if the row came last."""
    row: tuple[int | None] = db.execute(
        """
        SELECT MIN(at) FROM (
            SELECT at FROM turn WHERE session_id = :session AND position > :position
            UNION ALL
            SELECT call.first_at FROM call JOIN chain ON chain.id = chain_id
            WHERE call.session_id = :session AND key = '' AND position > :position)
        """,
        {"session": session_id, "position": position},
    ).fetchone()
    return row[0]


def _recorded(
    db: sqlite3.Connection, session_id: int, started_at: int | None, position: int, *, with_copies: bool
) -> dict[str, Recorded]:
    """The calls that a counter covers, by model: seen in this session, after its start, before its row.

    A `--fork-session` copy keeps counting from its parent's total, so its copied calls belong (`with_copies`) unless
    that total was taken off; those of `/branch` do not. Subagents are in other files and may outlast the main chain's
    last line before the row: their calls belong until the main chain continues.
    """
    return _sums_by_model(
        db,
        """
        SELECT call.*, call.position AS here, call.chain_id AS chain_here, call.first_at AS seen_at FROM call
        WHERE session_id = :session
        UNION ALL
        SELECT call.*, sighting.position, sighting.chain_id, sighting.first_at FROM sighting
        JOIN call ON call.id = sighting.call_id
        WHERE sighting.seen_session_id = :session AND call.session_id != :session
              AND :copies AND sighting.copy_rank != :branch
        """,
        """
        CASE WHEN chain.key = '' THEN covered.here < :position ELSE :until IS NULL OR covered.last_at < :until END
        """,
        {
            "session": session_id,
            "started": started_at,
            "position": position,
            "until": _goes_on_at(db, session_id, position),
            "copies": with_copies,
            "branch": CopyRank.BRANCH,
        },
    )


def _recorded_by(db: sqlite3.Connection, session_id: int, started_at: int | None, at: int) -> dict[str, Recorded]:
    """The session's own calls, by model, between a counter's start and its reading."""
    return _sums_by_model(
        db,
        "SELECT *, chain_id AS chain_here, first_at AS seen_at FROM call WHERE session_id = :session",
        "covered.last_at <= :at",
        {"session": session_id, "started": started_at, "at": at},
    )


def _sums_by_model(db: sqlite3.Connection, calls: str, where: str, values: Mapping[str, object]) -> dict[str, Recorded]:
    rows = db.execute(
        f"""
        SELECT model, SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h), SUM(output),
               SUM(web_searches), SUM(COALESCE(cost, 0)), SUM(cost IS NULL),
               SUM(COALESCE(price_id, '') LIKE 'user:%') > 0, price_id, MAX(covered.first_at)
        FROM ({calls}) AS covered JOIN chain ON chain.id = covered.chain_here
        WHERE (:started IS NULL OR covered.seen_at >= :started) AND {where}
        GROUP BY model
        """,
        values,
    ).fetchall()
    return {
        row[0]: Recorded._make((*row[1:9], _price(db, row[10]) if row[9] and row[10] is not None else None))
        for row in rows
    }


def _price(db: sqlite3.Connection, price_id: str) -> Price:
    return Price(*db.execute("SELECT * FROM price WHERE id = ?", (price_id,)).fetchone())
