"""Which placements put exactly the turns of an edit on another task, and leave all others where they are.

Needed where placing the edit's own turn is not enough: others are linked to it, or follow it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tracker.model.tasks.edits import TurnKey


class Seat(NamedTuple):
    """A turn in the order of its session; `task` names the task that it shall be on."""

    key: TurnKey
    task: str
    is_alone: bool  # it was moved there: what follows does not go with it
    stands: bool  # an edit places it, whatever comes before it


class PlacedTurn(NamedTuple):
    """A turn and where it is to be put, as in `tracker.model.tasks.edits.Placement`."""

    key: TurnKey
    kind: str
    target: TurnKey | None = None


def is_so(wanted: Mapping[TurnKey, str], found: Mapping[TurnKey, str]) -> bool:
    """Whether the turns of `wanted` are grouped in `found` as they shall be, whatever the tasks are called."""
    pairs = {(task, found.get(key)) for key, task in wanted.items()}
    return len(pairs) == len({task for task, _ in pairs}) == len({other for _, other in pairs})


def placements(sessions: Iterable[Sequence[Seat]], first_of: Mapping[str, TurnKey]) -> list[PlacedTurn]:
    """Where every turn of the tasks in `first_of` goes; it holds the turn that names each.

    Turns of other tasks are placed only where they would follow along with a turn of these.
    """
    return [placed for seats in sessions for placed in _in_session(seats, first_of)]


def _in_session(seats: Sequence[Seat], first_of: Mapping[str, TurnKey]) -> Iterable[PlacedTurn]:
    began: dict[str, TurnKey] = {}
    task: str | None = None  # that of the turn that the next one follows
    for seat in seats:
        is_first = seat.task not in began
        first = began.setdefault(seat.task, seat.key)
        name = first_of.get(seat.task)
        if name == seat.key:
            yield PlacedTurn(seat.key, "start")
        elif name is not None and (is_first or seat.is_alone or seat.task != task):
            yield PlacedTurn(seat.key, "move" if seat.is_alone else "join", name if is_first else first)
        elif name is not None:
            yield PlacedTurn(seat.key, "continue")
        elif task in first_of and not seat.stands:
            yield PlacedTurn(seat.key, "start") if is_first else PlacedTurn(seat.key, "join", first)
        if name == seat.key or not seat.is_alone:
            task = seat.task
