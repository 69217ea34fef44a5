"""Other tools redact transcripts: earlier bytes change and later ones move (CLAUDE_CODE section 8, point 14)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from store.reads.filter import EVERYTHING
from tracker.hidden_spend import hidden_in

from .dump import differences, dump
from .plain import COST, FILE, SESSION, answer, at, encoded, prompt
from .reading import dump_of_tree, take_in, write_tree

SECRET = "the secret is " + "x" * 3000
KINDS = ["api_error", "compact", "pull_request", "reply", "reply"]


def system(subtype: str, second: int, **more: Any) -> dict[str, Any]:
    return {"type": "system", "subtype": subtype, "sessionId": SESSION, "timestamp": at(second), **more}


def total(calls: int, hidden: int) -> dict[str, Any]:
    """The client's total of plain calls and `hidden` nano-dollars."""
    cost = (calls * COST + hidden) / 10**9
    return {"type": "cost-state", "sessionId": SESSION, "totalCostUSD": cost, "startTime": 1_795_100_000_000}


def transcript(secret: str, *more: dict[str, Any]) -> bytes:
    """A session of two prompts with marks and totals behind a row that tells a secret; `more` lines follow."""
    return encoded(
        {"type": "attachment", "sessionId": SESSION, "timestamp": at(0), "attachment": {"content": secret}},
        prompt(),
        answer(1),
        total(1, 50_000_000),
        system("compact_boundary", 2, compactMetadata={"trigger": "auto", "preTokens": 150_000, "postTokens": 9_000}),
        system("api_error", 3, error={"status": 529}),
        {"type": "pr-link", "sessionId": SESSION, "timestamp": at(4), "prUrl": "https://example.org/pull/1"},
        prompt("go on", second=5),
        answer(6),
        total(2, 60_000_000),
        *more,
    )


def kinds(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT kind FROM event ORDER BY kind")]


@pytest.mark.parametrize("words", ["", "the secret is [redacted]"])
def test_a_shortened_transcript_is_as_if_it_had_never_been_longer(words: str, tmp_path: Path) -> None:
    more = (prompt("and more", second=8), answer(9), total(3, 70_000_000))
    redacted = {FILE: transcript(words, *more)}
    root = write_tree(tmp_path / "claude", {FILE: transcript(SECRET)})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        assert kinds(db) == KINDS
        take_in(db, write_tree(root, redacted))
        assert differences(dump_of_tree(tmp_path / "fresh", redacted), dump(db, root)) == []
        assert hidden_in(db, EVERYTHING).cost == 70_000_000


def test_in_a_lengthened_transcript_each_mark_is_still_one(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: transcript("a key")})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        take_in(db, write_tree(root, {FILE: transcript(SECRET)}))
        assert kinds(db) == KINDS
        assert hidden_in(db, EVERYTHING).cost == 60_000_000
        more = (prompt("and more", second=8), answer(9), total(3, 70_000_000))
        take_in(db, write_tree(root, {FILE: transcript(SECRET, *more)}))
        assert hidden_in(db, EVERYTHING).cost == 70_000_000


def test_a_rewritten_reply_is_still_one(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(SECRET), answer(1))})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        blank = answer(1, message={"content": [{"type": "text", "text": "removed from here"}]})
        take_in(db, write_tree(root, {FILE: encoded(prompt(""), blank)}))
        assert kinds(db) == ["reply"]


def test_a_redacted_copy_beside_the_original_doubles_nothing(tmp_path: Path) -> None:
    files = {FILE: transcript(SECRET), f"-home-dev-copy/{SESSION}.jsonl": transcript("")}
    root = write_tree(tmp_path / "claude", files)
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        assert kinds(db) == KINDS
        assert hidden_in(db, EVERYTHING).cost == 60_000_000


def test_what_a_deleted_transcript_said_stays(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: transcript(SECRET)})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        (root / "projects" / FILE).unlink()
        take_in(db, root)
        assert kinds(db) == KINDS
        assert hidden_in(db, EVERYTHING).cost == 60_000_000
