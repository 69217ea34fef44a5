"""Due nudges, until it is known where each was shown."""

from typing import TYPE_CHECKING

from tui.snapshot import NowPart, Snapshot

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge


class DueNudges:
    """Nudges that Now may be about to draw: only one that was drawn counts as shown."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[DueNudge, int]] = {}  # by token, and since when

    def wait(self, nudge: "DueNudge", at_ms: int) -> None:
        """Hold a nudge until it is known whether Now draws it."""
        self._waiting[nudge.token] = (nudge, at_ms)

    def settled(self, now: NowPart | None, snapshot: Snapshot | None) -> tuple[list["DueNudge"], list["DueNudge"]]:
        """The nudges that `now` has drawn, and those that it will not draw; each is returned once.

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
