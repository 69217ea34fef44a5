"""The work after each sync: read the hook spool, rebuild derived tables, evaluate nudges, write the advice files.

Watcher, dashboard, background ingest and `nudges` all go through here. Outside `hooks` and its installer, only this
module knows the files that hooks read and write.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hooks.advice import claim_notice, shown_nudges, write_advice, write_today
from hooks.places import SPOOL_FILE
from hooks.spool_reader import Drained, ReaderLock, drained, folders_of, is_empty
from store.advice_format import Advice, Today
from store.nudges import mark_shown
from store.samples import put_samples
from tracker.advisor.advisor import Advisor, DueNudge
from tracker.clock import now_ms

NUDGE_SHOWN = "NudgeShown"


class HookFiles:
    """The advice files, and the marks of shown nudges, in the formats of `hooks.advice`."""

    def __init__(self, home: str) -> None:
        self._home = home

    def shown(self, session: str) -> Mapping[str, int]:
        """Nudges of a session that a hook has shown: token -> epoch ms."""
        return shown_nudges(self._home, session)

    def write(self, session: str, advice: Advice) -> bool:
        """Replace a session's advice."""
        return write_advice(self._home, session, advice)

    def write_today(self, today: Today) -> None:
        """Replace the file with today's spend."""
        write_today(self._home, today)


class LedgerKeeper:
    """Keeps everything derived from the records up to date. Not thread-safe.

    With `reads_spool` it holds the hook spool's lock until closed, unless another process has it; hooks then start no
    ingest of their own.
    """

    def __init__(self, home: str, *, reads_spool: bool = False) -> None:
        self._home = home
        self.advisor = Advisor(HookFiles(home), measure_immediately=True, began=now_ms())
        self._lock = ReaderLock(home) if reads_spool else None
        self._transcripts: dict[str, str] = {}  # folder -> a transcript in it that hooks reported

    def keep_current(
        self, db: sqlite3.Connection, on_progress: Callable[[int, int], None] | None = None
    ) -> list[DueNudge]:
        """After a sync: rebuild what changed and advise on it; returns the nudges to show now.

        `on_progress`: as for `rebuild`. Raises sqlite3.Error or OSError if the disk is full or the ledger locked;
        nothing is lost, the next call catches up.
        """
        from tracker.rebuild import rebuild

        self._read_spool(db)
        rebuild(db, on_progress)
        return self.advisor.refresh(db, now_ms())

    def spool_folder(self) -> Path:
        """The folder that hooks append events to, created if missing. Watchers watch it beside the records."""
        folder = Path(self._home, SPOOL_FILE).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def named_folders(self) -> list[Path]:
        """Claude Code folders that hooks reported; the holder of the spool ingests them, as hooks no longer do."""
        return folders_of(list(self._transcripts.values()))

    def work_while_idle(self, db: sqlite3.Connection) -> bool:
        """Do one piece of deferred work; False if there is none."""
        return self.advisor.work_while_idle(db, now_ms())

    def note_shown(self, db: sqlite3.Connection, nudges: Iterable[DueNudge]) -> None:
        """Record that the user was shown these nudges."""
        self.advisor.note_shown(db, list(nudges), now_ms())

    def show_on_desktop(self, nudges: Iterable[DueNudge]) -> None:
        """Show desktop notifications if enabled, each nudge once across all dashboards and watchers."""
        if not self.advisor.preferences.desktop:
            return
        from tracker.desktop import show_nudge

        for nudge in nudges:
            if claim_notice(self._home, nudge.session, nudge.token):
                show_nudge(nudge)

    def close(self) -> None:
        """Release the spool to the hooks; the next `keep_current` takes it again."""
        if self._lock is not None:
            self._lock.release()

    def _read_spool(self, db: sqlite3.Connection) -> None:
        if self._lock is None or not self._lock.acquire() or is_empty(self._home):
            return
        with drained(self._home) as taken:
            store_spooled(db, taken)
            self._transcripts |= {str(Path(path).parent): path for path in taken.transcripts()}


def store_spooled(db: sqlite3.Connection, taken: Drained) -> None:
    """Store the spool's contents: status line samples, and which nudges hooks have shown."""
    put_samples(db, taken.samples)
    for event in taken.events:
        if event.event == NUDGE_SHOWN and event.session_id and event.nudge_id:
            mark_shown(db, event.session_id, event.nudge_id, event.at)
