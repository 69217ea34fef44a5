"""Computes the placements that move exactly an edit's turns to another task and leave all others on theirs.

Needed if placing the edit's own turn would take along turns that are linked to it or follow it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tracker.model.tasks.edits import TurnKey


class TurnSlot(NamedTuple):
    """A turn in its session's order, with the task it should end up on."""

    key: TurnKey
    task: str
    is_alone: bool  # it was moved there alone: the turns after it do not follow
    is_placed: bool  # an edit fixes its task, whatever comes before it


class PlacedTurn(NamedTuple):
    """A turn and its placement, as in `tracker.model.tasks.edits.Placement`."""

    key: TurnKey
    kind: str
    target: TurnKey | None = None


def is_same_grouping(wanted: Mapping[TurnKey, str], found: Mapping[TurnKey, str]) -> bool:
    """Whether `found` groups the turns of `wanted` in the same way; task ids may differ."""
    pairs = {(task, found.get(key)) for key, task in wanted.items()}
    return len(pairs) == len({task for task, _ in pairs}) == len({other for _, other in pairs})


def placements(sessions: Iterable[Sequence[TurnSlot]], first_of: Mapping[str, TurnKey]) -> list[PlacedTurn]:
    """Placements for every turn of the tasks in `first_of`, which maps a task to the turn that names it.

    Turns of other tasks are placed only if they would otherwise follow one of these turns.
    """
    return [placed for slots in sessions for placed in _in_session(slots, first_of)]


def _in_session(slots: Sequence[TurnSlot], first_of: Mapping[str, TurnKey]) -> Iterable[PlacedTurn]:
    began: dict[str, TurnKey] = {}
    task: str | None = None  # task of the turn that the next one follows
    for slot in slots:
        is_first = slot.task not in began
        first = began.setdefault(slot.task, slot.key)
        name = first_of.get(slot.task)
        if name == slot.key:
            yield PlacedTurn(slot.key, "start")
        elif name is not None and (is_first or slot.is_alone or slot.task != task):
            yield PlacedTurn(slot.key, "move" if slot.is_alone else "join", name if is_first else first)
        elif name is not None:
            yield PlacedTurn(slot.key, "continue")
        elif task in first_of and not slot.is_placed:
            yield PlacedTurn(slot.key, "start") if is_first else PlacedTurn(slot.key, "join", first)
        if name == slot.key or not slot.is_alone:
            task = slot.task
