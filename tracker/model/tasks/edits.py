"""The user's edits of tasks: an append-only list that overrides what the rules find (MODEL section 2.1).

An edit names turns by the agents' own ids: the message ids of the turn's first calls, or the prompt's record id for
turns without calls. So it survives any rebuild, re-read or upgrade. The latest edit of a turn counts, and a user's edit
always beats a suggestion. A task that was renamed, given a status or excluded stays in one piece under newer rules, but
a model's suggestion may split it.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from store.task_rows import EditRow


class EditKind:
    """What an edit does."""

    SPLIT = "split"  # the turn starts a task
    MERGE = "merge"  # the tasks that these turns start become part of another
    MOVE = "move"  # the turn alone goes to another task
    RENAME = "rename"
    STATUS = "status"
    EXCLUDE = "exclude"
    UNDO = "undo"


class Anchor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Permanent name of a turn."""

    agent: str
    session: str
    prompt: str
    calls: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an edit says about one decision of the score: its features at that time, and whether a task starts there."""

    session: str
    prompt: str
    features: dict[str, float]
    starts: bool
    is_word: bool = False  # the edit is about this turn; else the decision was near it and left alone


class StoredPlacement(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `Placement` of some turns, as stored in an edit."""

    kind: str
    turns: tuple[Anchor, ...]
    into: Anchor | None = None


class EditBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an edit; which fields are set depends on its kind."""

    turns: tuple[Anchor, ...] = ()
    into: Anchor | None = None
    placed: tuple[StoredPlacement, ...] = ()  # other turns, kept from following
    unnamed: tuple[Anchor, ...] = ()  # leaving turns that carried their task's title, status and exclusion
    heir: Anchor | None = None  # a staying turn of that task, which carries them now
    follower: Anchor | None = None  # no longer written; move: the turn after a moved first turn, started what was left
    later: tuple[Anchor, ...] = ()  # no longer written; split: first turns of later parts, went with the new task
    earlier: tuple[Anchor, ...] = ()  # no longer written; split: first turns of parts before the one that named it
    kept: tuple[Anchor, ...] = ()  # rename, status, exclude: the task's other turns, kept on it
    title: str | None = None
    status: str | None = None
    is_on: bool = True
    undone: int | None = None
    features: int = 1  # version of the feature set (tracker.model.tasks.boundary_fit)
    seen: tuple[Seen, ...] = ()  # what the weights are fitted to (tracker.model.tasks.boundary_fit)

    def anchors(self) -> list[Anchor]:
        """Every turn that the edit names."""
        placed = [anchor for one in self.placed for anchor in (*one.turns, one.into)]
        all_of = (*self.turns, *self.later, *self.earlier, *self.kept, *self.unnamed, *placed)
        return [anchor for anchor in (*all_of, self.into, self.follower, self.heir) if anchor is not None]


TurnKey = tuple[int, str]  # session id in the ledger, record id of the prompt


class Placement(NamedTuple):
    """Where an edit puts a turn: it starts a task, continues the previous turn's, or joins another turn's."""

    kind: str  # start | continue | join | move
    target: TurnKey | None
    by: str  # you | refined


class Attribute(NamedTuple):
    """A title, status or exclusion given to a turn's task; the highest order counts."""

    value: str
    by: str
    order: tuple[int, int]


class Overlay(NamedTuple):
    """All edits and suggestions in force, by turn; the fields of `attributes` are title, status and excluded."""

    placements: dict[TurnKey, Placement]
    attributes: dict[TurnKey, dict[str, Attribute]]

    def linked_sessions(self) -> list[tuple[int, int]]:
        """Pairs of sessions where a turn of one was placed with a turn of the other."""
        return [
            (key[0], placement.target[0])
            for key, placement in self.placements.items()
            if placement.target is not None and placement.target[0] != key[0]
        ]


Resolve = Callable[[Anchor], TurnKey | None]
YOU = "you"
REFINED = "refined"
ABOUT_STARTS = (EditKind.SPLIT, EditKind.MERGE, EditKind.MOVE)
NO_EDITS = Overlay({}, {})

_decode_body = msgspec.json.Decoder(EditBody).decode


def in_force(edits: Iterable[EditRow]) -> list[tuple[EditRow, EditBody]]:
    """Edits that were not undone, oldest first."""
    decoded = [(edit, _decode_body(edit.body)) for edit in sorted(edits)]
    undone = {body.undone for edit, body in decoded if edit.kind == EditKind.UNDO}
    return [(edit, body) for edit, body in decoded if edit.kind != EditKind.UNDO and edit.id not in undone]


def build_overlay(edits: Iterable[EditRow], suggestions: Iterable[EditRow], resolve: Resolve) -> Overlay:
    """All suggestions and edits in force, in this order, so that the user's edits override.

    `resolve` finds an anchor's turn in the ledger; an edit about missing turns takes effect once they are there.
    """
    overlay = Overlay({}, {})
    for rank, by, rows in ((0, REFINED, suggestions), (1, YOU, edits)):
        for edit, body in in_force(rows):
            if edit.kind in ABOUT_STARTS:
                _place(overlay, edit.kind, body, by, resolve)
            else:
                _give(overlay, edit, body, by, rank, resolve)
    return overlay


def _place(overlay: Overlay, kind: str, body: EditBody, by: str, resolve: Resolve) -> None:
    """Apply the placements of an edit about starts."""
    turns = _all(body.turns, resolve)
    if kind == EditKind.SPLIT:
        placement = Placement("start" if body.is_on else "continue", None, by)
    else:
        target = resolve(body.into) if body.into is not None else None
        if target is None:
            return
        placement = Placement("join" if kind == EditKind.MERGE else "move", target, by)
    overlay.placements.update(dict.fromkeys(turns, placement))
    _place_as_before(overlay.placements, body, by, resolve)
    for placed in body.placed:
        targets = _all((placed.into,), resolve)
        if targets or placed.into is None:
            placement = Placement(placed.kind, targets[0] if targets else None, by)
            overlay.placements.update(dict.fromkeys(_all(placed.turns, resolve), placement))
    heirs = _all((body.heir,), resolve)
    for turn in _all(body.unnamed, resolve):
        _hand_on(overlay.attributes, turn, heirs[0] if heirs else None)


def _place_as_before(placements: dict[TurnKey, Placement], body: EditBody, by: str, resolve: Resolve) -> None:
    """Apply what edits of earlier versions imply for turns they did not name."""
    turns, earlier = _all(body.turns, resolve), _all(body.earlier, resolve)
    placements.update((turn, Placement("join", turns[0], by)) for turn in _all(body.later, resolve) if turns)
    placements.update((turn, Placement("join", earlier[0], by)) for turn in earlier[1:])
    placements.update((turn, Placement("start", None, by)) for turn in (*earlier[:1], *_all((body.follower,), resolve)))


def _give(overlay: Overlay, edit: EditRow, body: EditBody, by: str, rank: int, resolve: Resolve) -> None:
    """Apply an edit's title, status or exclusion to the task of its turns."""
    for field, value in _values(edit.kind, body):
        for turn in _all(body.turns, resolve):
            overlay.attributes.setdefault(turn, {})[field] = Attribute(value, by, (rank, edit.id))
    for turn in _all(body.kept, resolve):
        overlay.placements.setdefault(turn, Placement("continue", None, by))


def _all(anchors: Iterable[Anchor | None], resolve: Resolve) -> list[TurnKey]:
    """The turns of these anchors that are in the ledger."""
    return [key for anchor in anchors if anchor is not None and (key := resolve(anchor)) is not None]


def _hand_on(attributes: dict[TurnKey, dict[str, Attribute]], key: TurnKey, heir: TurnKey | None) -> None:
    """Transfer the attributes of a turn's task to `heir`, or drop them without one."""
    for field, value in attributes.pop(key, {}).items():
        if heir is not None:
            known = attributes.setdefault(heir, {})
            known[field] = max(value, known.get(field, value), key=lambda one: one.order)


def _values(kind: str, body: EditBody) -> list[tuple[str, str]]:
    if kind == EditKind.RENAME and body.title:
        return [("title", body.title)]
    if kind == EditKind.STATUS and body.status:
        return [("status", body.status)]
    if kind == EditKind.EXCLUDE:
        return [("excluded", "1" if body.is_on else "")]
    return []
