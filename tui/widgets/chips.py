"""The active sessions as a row of chips, with the shown one marked."""

from collections.abc import Collection, Sequence

from textual.content import Content

from store.reads.board import SessionSum
from tracker.words import cost_text, counted
from tui.widgets.grid import clickable, line
from tui.words import cells, fit, session_name

_MIN_CELLS = 14
_ROOM_FOR_KEYS = 60
_NUDGE_SIGN = "▲"


def chips(
    sessions: Sequence[SessionSum], shown: str, width: int, unlisted: int = 0, nudged: Collection[int] = ()
) -> Content:
    """As many chips as fit, always including the shown session; at the end how many more there are, and the keys.

    A click on a chip shows its session.
    `unlisted`: number of further active sessions; `nudged`: ids of sessions with a nudge that nothing else shows.
    """
    room = max(1, min(len(sessions), width // (_MIN_CELLS + 12)))
    at = next((index for index, one in enumerate(sessions) if one.native_id == shown), 0)
    first = max(0, min(at - room // 2, len(sessions) - room))
    drawn = sessions[first : first + room]
    more = len(sessions) - room + unlisted
    tail = f" +{more:,}" if more else ""
    if any(one.id in nudged for one in sessions if one not in drawn):
        tail += f" {_NUDGE_SIGN}"
    if len(sessions) > 1 and width >= _ROOM_FOR_KEYS:
        tail += "  ← →"
    each = (width - cells(tail)) // room
    strip = Content("")
    for session in drawn:
        cost = cost_text(session)
        sign = f"{_NUDGE_SIGN} " if session.id in nudged else ""
        name = fit(session_name(session), max(1, min(28, each - cells(cost) - 5) - cells(sign)))
        active = session.native_id == sessions[at].native_id
        style = "bold $taxi on $tab" if active else "$dim"
        chip = line((f" {'●' if active else '○'} ", style), (sign, "bold $warn"), (f"{name} {cost} ", style))
        strip += clickable(chip, f"show_session({session.id})")
    return strip + line((tail, "$dim"))


def at_rest(last: str, watched: int, width: int) -> Content:
    """The text while no session is active; `last` is the time of the shown session's last record."""
    watching = f" · watching {counted(watched, 'folder')} for the next"
    return line((f" ◌ the last session, {last}", "$warn"), (watching, "$dim")).truncate(width, ellipsis=True)
