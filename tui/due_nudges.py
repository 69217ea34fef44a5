"""Nudges whose time has come, until it is known where each was put before the user."""

from typing import TYPE_CHECKING

from tui.snapshot import NowPart, Snapshot

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge


class DueNudges:
    """Nudges that Now may be about to draw: only what was put before the user counts as said."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[DueNudge, int]] = {}  # by token, and since when

    def wait(self, nudge: "DueNudge", at_ms: int) -> None:
        """See whether Now draws it."""
        self._waiting[nudge.token] = (nudge, at_ms)

    def settled(self, now: NowPart | None, snapshot: Snapshot | None) -> tuple[list["DueNudge"], list["DueNudge"]]:
        """Those that `now` has drawn, and those that it will not: each is given once.

        Whether it will is known once it shows something younger: until then it may be at another session.
        """
        drawn, passed_over = [], []
        for token, (nudge, since_ms) in list(self._waiting.items()):
            if now is not None and now.nudge is not None and now.nudge.token == token:
                drawn.append(nudge)
            elif now is None or (now.session.native_id != nudge.session and snapshot and snapshot.at_ms >= since_ms):
                passed_over.append(nudge)
            else:
                continue
            del self._waiting[token]
        return drawn, passed_over
