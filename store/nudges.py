"""The nudge log: every evaluation with its inputs; which nudges were shown, followed or dismissed; kinds switched on.

An evaluation's key is (session, moment, anchor, kind, subject): evaluating the same moment twice changes nothing, and
once a nudge was shown, its row no longer changes. Amounts are modelled nano-dollars.
"""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.clauses import IN_LIST, columns, json_list, where_clause

# Unfired evaluations older than this keep one row a session and kind: the last one.
_UNFIRED_KEPT_MS = 30 * 86_400_000
_SAID_MS = 7 * 86_400_000
_DEFERRED = "due_at > at"


class NudgeRow(NamedTuple):
    """A row of `nudge`, with the names of its session."""

    id: int
    session_id: int
    kind: str
    moment: str
    anchor: str  # what the moment belongs to: a turn, or the call after which the session went idle
    subject: str
    at: int
    due_at: int
    expires_at: int
    context: int
    fired: int
    chosen: int
    reason: str
    token: str
    text: str | None
    saving: int | None
    saving_low: int | None
    saving_high: int | None
    payback_turns: float | None
    inputs: str
    shown_at: int | None
    dismissed_at: int | None
    followed: int | None
    agent: str = ""
    session: str = ""
    project: str | None = None


class KindChoice(NamedTuple):
    """The user's choice about a kind of nudge: to show it again in spite of earlier dismissals."""

    at: int
    kind: str
    action: str


_STORED = NudgeRow._fields[1 : NudgeRow._fields.index("agent")]
_KEY = ("session_id", "moment", "anchor", "kind", "subject")
_KEPT = frozenset({*_KEY, "shown_at", "dismissed_at", "followed"})
_PUT = (
    f"INSERT INTO nudge ({', '.join(_STORED)}) VALUES ({', '.join('?' * len(_STORED))})"
    f" ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _STORED if name not in _KEPT)
    + " WHERE shown_at IS NULL"
)
_SELECT = (
    f"SELECT {columns('nudge', ('id', *_STORED))}, agent, native_id, project"
    " FROM nudge JOIN session ON session.id = nudge.session_id"
)


def put_evaluations(db: sqlite3.Connection, rows: Iterable[NudgeRow]) -> None:
    """Store evaluations (`id` is ignored); one that was already shown stays as it is."""
    db.executemany(_PUT, [row[1 : 1 + len(_STORED)] for row in rows])


def nudges_of(db: sqlite3.Connection, session_id: int, anchors: Sequence[str]) -> list[NudgeRow]:
    """Evaluations of a session at these anchors, in the order in which they were made."""
    return _rows(db, f"session_id = ? AND anchor {IN_LIST} ORDER BY nudge.id", (session_id, json_list(anchors)))


def chosen_nudges(db: sqlite3.Connection, session_id: int) -> list[NudgeRow]:
    """The latest nudges of a session that were chosen to be shown, latest first."""
    return _rows(db, "session_id = ? AND chosen ORDER BY at DESC, nudge.id DESC LIMIT 20", (session_id,))


def forget_undue(db: sqlite3.Connection, session_id: int, until: int, kept_anchor: str) -> None:
    """Remove nudges that were prepared for a time after `until`, when the session went on: they no longer apply."""
    db.execute(
        f"DELETE FROM nudge WHERE session_id = ? AND {_DEFERRED} AND due_at >= ? AND anchor != ? AND shown_at IS NULL",
        (session_id, until, kept_anchor),
    )


def mark_shown(db: sqlite3.Connection, session: str, token: str, at: int) -> bool:
    """Record that a nudge was shown; False if it is unknown or was already recorded as shown."""
    cursor = db.execute(
        "UPDATE nudge SET shown_at = ? WHERE token = ? AND shown_at IS NULL"
        " AND session_id IN (SELECT id FROM session WHERE native_id = ?)",
        (at, token, session),
    )
    return cursor.rowcount > 0


def shown_or_dismissed(db: sqlite3.Connection, now: int) -> list[NudgeRow]:
    """The history that delivery depends on: nudges shown within a week, and all that were dismissed."""
    return _rows(db, "shown_at >= ? OR dismissed_at IS NOT NULL ORDER BY nudge.id", (now - _SAID_MS,))


def dismiss(db: sqlite3.Connection, kind: str | None, at: int) -> NudgeRow | None:
    """Record that the user dismissed the latest nudge shown (of this kind) and return it; None if none was shown."""
    chosen, values = ("AND kind = ?", (kind,)) if kind is not None else ("", ())
    found = _rows(db, f"shown_at IS NOT NULL {chosen} ORDER BY shown_at DESC, nudge.id DESC LIMIT 1", values)
    if not found:
        return None
    db.execute("UPDATE nudge SET dismissed_at = ? WHERE id = ?", (at, found[0].id))
    return found[0]._replace(dismissed_at=at)


def dismiss_nudge(db: sqlite3.Connection, nudge_id: int, at: int) -> None:
    """Record that the user dismissed this nudge, and that it was shown if that was not recorded yet."""
    db.execute(
        "UPDATE nudge SET dismissed_at = :at, shown_at = COALESCE(shown_at, :at) WHERE id = :id",
        {"at": at, "id": nudge_id},
    )


def last_dismissed_at(db: sqlite3.Connection) -> int | None:
    """When the user last dismissed a nudge (epoch ms); None if never."""
    row: tuple[int | None] = db.execute("SELECT MAX(dismissed_at) FROM nudge").fetchone()
    return row[0]


def kind_choices(db: sqlite3.Connection) -> list[KindChoice]:
    """The user's choices about kinds of nudges, oldest first."""
    return [KindChoice(*row) for row in db.execute("SELECT at, kind, word FROM nudge_word ORDER BY id")]


def add_kind_choice(db: sqlite3.Connection, kind: str, action: str) -> None:
    """Append the user's choice about a kind of nudge."""
    db.execute("INSERT INTO nudge_word (at, kind, word) VALUES (?, ?, ?)", (int(time.time() * 1000), kind, action))


def without_outcome(db: sqlite3.Connection, kinds: Sequence[str], since: int) -> list[NudgeRow]:
    """Nudges of these kinds shown since then for which it is still unknown whether they were followed."""
    return _rows(db, f"shown_at >= ? AND followed IS NULL AND kind {IN_LIST}", (since, json_list(kinds)))


def set_followed(db: sqlite3.Connection, nudge_id: int, *, followed: bool) -> None:
    """Record whether a nudge was followed."""
    db.execute("UPDATE nudge SET followed = ? WHERE id = ?", (int(followed), nudge_id))


def logged(
    db: sqlite3.Connection,
    *,
    now_ms: int,
    since: int | None,
    before: int | None,
    kind: str | None,
    fired_only: bool,
    limit: int | None,
) -> list[NudgeRow]:
    """The log for reports, latest first; None means no limit. Entries that are not due yet are left out."""
    where, values = where_clause(
        (("due_at <= ?", now_ms), ("nudge.at >= ?", since), ("nudge.at < ?", before), ("kind = ?", kind))
    )
    fired = " AND fired" if fired_only else ""
    return _rows(
        db, f"{where}{fired} ORDER BY nudge.at DESC, nudge.id DESC LIMIT ?", [*values, -1 if limit is None else limit]
    )


def shown_by_kind(
    db: sqlite3.Connection, *, since: int | None, before: int | None, kind: str | None
) -> dict[str, tuple[int, int, int, int]]:
    """By kind: how many nudges were shown, followed, have a known outcome (followed or not), and were dismissed."""
    where, values = where_clause((("at >= ?", since), ("at < ?", before), ("kind = ?", kind)))
    rows = db.execute(
        "SELECT kind, COUNT(*), COUNT(*) FILTER (WHERE followed), COUNT(followed), COUNT(dismissed_at) FROM nudge"
        f" WHERE {where} AND shown_at IS NOT NULL GROUP BY kind",
        values,
    )
    return {row[0]: row[1:] for row in rows}


def prune_unfired(db: sqlite3.Connection, now: int) -> int:
    """Delete old evaluations that did not fire, except the last of each session and kind; returns how many."""
    return db.execute(
        "DELETE FROM nudge WHERE at < ? AND NOT fired AND id NOT IN"
        " (SELECT MAX(id) FROM nudge WHERE NOT fired GROUP BY session_id, kind)",
        (now - _UNFIRED_KEPT_MS,),
    ).rowcount


def _rows(db: sqlite3.Connection, where: str, values: Sequence[object]) -> list[NudgeRow]:
    return [NudgeRow(*row) for row in db.execute(f"{_SELECT} WHERE {where}", values)]
