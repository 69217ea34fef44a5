"""Protocols between the dashboard (listener) and the feed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from tui.edits import Edit, Edited
from tui.snapshot import Health, Month, Snapshot, ViewRequest

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge
    from tracker.reports.carried import Carried


Clock = Callable[[], int]  # epoch milliseconds


class Listener(Protocol):
    """The dashboard, to its feed; every method is called on a thread of the feed."""

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """A new snapshot to show."""

    def take_health(self, health: Health) -> None:
        """The feed's new state."""

    def take_notice(self, words: str) -> None:
        """A message to show briefly."""

    def take_nudge(self, nudge: "DueNudge") -> None:
        """A nudge that is due; the listener sends an edit once it has shown it."""


class Feed(Protocol):
    """What the app needs from a source of snapshots."""

    def start(self, listener: Listener) -> None:
        """Start reading, also after a stop; snapshots go to the listener."""

    def ask(self, request: ViewRequest) -> None:
        """Build snapshots for this request from now on, the first one at once."""

    def rescan(self) -> None:
        """Ingest new records now."""

    def edit(self, edit: Edit) -> Edited:
        """Apply an edit; may take a moment, so never call it on the drawing thread."""

    def brief(self, session_id: int) -> str:
        """The handover of a session; LedgerError or sqlite3.Error if the ledger cannot be read."""

    def hindsight(self, task: str) -> Sequence[str] | None:
        """What would have been cheaper in a task, in sentences; None if unknown. Errors as for `brief`."""

    def carried(self, task: str, stop: Callable[[], bool]) -> "Carried":
        """A task's bill by what was in the context of its calls; errors as above, one of them soon after `stop()`."""

    def carried_in(self, month: Month, stop: Callable[[], bool]) -> "Carried":
        """The same of a month's calls."""

    def stop(self) -> None:
        """End the threads; returns once they have released ledger and spool."""
