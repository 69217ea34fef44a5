"""Interfaces: the dashboard listens, the feed reads."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from tui.edits import Edit, Edited
from tui.snapshot import Health, Snapshot, ViewRequest

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge


Clock = Callable[[], int]  # epoch milliseconds


class Listener(Protocol):
    """The dashboard, to its feed; every method is called on a thread of the feed."""

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """What is to be on screen."""

    def take_health(self, health: Health) -> None:
        """What the feed is doing."""

    def take_notice(self, words: str) -> None:
        """Something that happened and does not last."""

    def take_nudge(self, nudge: "DueNudge") -> None:
        """A nudge whose time has come; whoever shows it says so with an edit."""


class Feed(Protocol):
    """What the app needs of a source of snapshots."""

    def start(self, listener: Listener) -> None:
        """Begin to read, also after a stop; the listener gets what was read."""

    def ask(self, request: ViewRequest) -> None:
        """Build snapshots for this request from now on, the first one at once."""

    def look_again(self) -> None:
        """Read the agents' records now."""

    def edit(self, edit: Edit) -> Edited:
        """Change a task; may take a moment, so not on the thread that draws."""

    def brief(self, session_id: int) -> str:
        """The handover of a session; LedgerError or sqlite3.Error if the ledger cannot be read."""

    def hindsight(self, task: str) -> Sequence[str] | None:
        """What would have been cheaper in a task, in sentences, None if that is not known; errors as above."""

    def stop(self) -> None:
        """End the threads; returns when they no longer touch ledger and spool."""
