"""Messages from the feed to the app. A newer message replaces one that is still queued."""

from dataclasses import dataclass

from textual.message import Message

from tui.snapshot import Health, Snapshot


@dataclass
class Arrived(Message):
    """A new snapshot."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the latest snapshot counts."""
        return isinstance(message, Arrived)


@dataclass
class HealthChanged(Message):
    """The feed's state changed."""

    health: Health

    def can_replace(self, message: Message) -> bool:
        """Only the latest state counts."""
        return isinstance(message, HealthChanged)
