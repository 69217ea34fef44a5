"""What the feed tells the app. A newer message takes the place of one that still waits."""

from typing import TYPE_CHECKING

from textual.message import Message

from tui.edits import Edit, Edited
from tui.snapshot import Health, Snapshot

if TYPE_CHECKING:
    from tracker.advisor.advisor import Told


class Arrived(Message):
    """A snapshot is there."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the latest snapshot counts."""
        return isinstance(message, Arrived)


class HealthChanged(Message):
    """The feed's state changed."""

    def __init__(self, health: Health) -> None:
        super().__init__()
        self.health = health

    def can_replace(self, message: Message) -> bool:
        """Only the latest state counts."""
        return isinstance(message, HealthChanged)


class EditDone(Message):
    """An edit was made, or could not be."""

    def __init__(self, edit: Edit, edited: Edited) -> None:
        super().__init__()
        self.edit, self.edited = edit, edited


class BriefWritten(Message):
    """A handover was written."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Noticed(Message):
    """Something happened that does not last."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class NudgeDue(Message):
    """A nudge is to be said."""

    def __init__(self, told: "Told") -> None:
        super().__init__()
        self.told = told
