"""What the feed does after each look: what is derived is kept current, what is due is told, trouble is tried again."""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.tui.fakes import NOW_MS, FrozenClock
from tests.tui.listening import Listening, make_options
from tracker.advisor.advisor import DueNudge
from tracker.keeper import LedgerKeeper
from tracker.watch import WatchTargets
from tui.edits import Rename
from tui.feed import LedgerFeed
from tui.snapshot import Phase, ViewRequest

_DUE = DueNudge("s-1", "/code/api", "Retry queue", "compact", "Compact now", "t1")
_TROUBLE = sqlite3.OperationalError("database or disk is full")


class Keeper(LedgerKeeper):
    """Fails as often as it is told to, then has one nudge that is due."""

    def __init__(self, folder: Path, *, failures: int = 0) -> None:
        super().__init__(str(folder))
        self.failures, self.on_desktop = failures, list[DueNudge]()

    def keep_current(
        self, db: sqlite3.Connection, on_progress: Callable[[int, int], None] | None = None
    ) -> list[DueNudge]:
        if self.failures:
            self.failures -= 1
            raise _TROUBLE
        super().keep_current(db, on_progress)
        return [_DUE] if not self.on_desktop else []

    def show_on_desktop(self, nudges: Iterable[DueNudge]) -> None:
        self.on_desktop += nudges


def feed_of(tmp_path: Path, keeper: LedgerKeeper | None = None) -> LedgerFeed:
    """A feed without agents."""
    ledger = tmp_path / "state" / "ledger.db"
    return LedgerFeed(WatchTargets([], make_options), clock=FrozenClock(NOW_MS), ledger=ledger, keeper=keeper)


def test_a_due_nudge_is_shown_once_here_and_on_the_desktop(tmp_path: Path) -> None:
    keeper, told = Keeper(tmp_path), Listening()
    feed = feed_of(tmp_path, keeper)
    feed.start(told)
    told.wait_for(lambda: bool(told.nudges))
    feed.stop()
    assert told.nudges == keeper.on_desktop == [_DUE]


def test_a_failed_rebuild_is_reported_and_retried_without_new_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.feed._RETRY_SECONDS", 0.1)
    told = Listening()
    feed = feed_of(tmp_path, Keeper(tmp_path, failures=3))
    feed.start(told)
    try:
        told.wait_for(lambda: any(one.phase is Phase.FAILED for one in told.health))
        told.wait_for(lambda: told.nudges == [_DUE])
        told.wait_for(lambda: (told.health[-1].phase, told.health[-1].words) == (Phase.LIVE, ""))
    finally:
        feed.stop()
    words = {one.words for one in told.health if one.phase is Phase.FAILED}
    assert words == {f"cannot write the ledger: {_TROUBLE}; retrying"}


def test_what_was_read_ahead_is_handed_over_at_once(tmp_path: Path) -> None:
    feed = feed_of(tmp_path)
    feed.read_ahead(ViewRequest(screen="spend"))
    ahead, told = Listening(), Listening()
    feed.start(ahead)
    ahead.wait_for(lambda: bool(ahead.snapshots))
    assert ahead.snapshots[0].request.screen == "spend"
    feed.start(told)
    feed.stop()
    assert told.snapshots[0].request.screen == "spend"


def test_an_edit_of_a_ledger_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    db = open_ledger(tmp_path / "state" / "ledger.db")
    db.execute("PRAGMA user_version = 999")
    db.close()
    edited = feed_of(tmp_path).edit(Rename("t0000", "x"))
    assert edited.failed
    assert "newer taximeter" in edited.words
