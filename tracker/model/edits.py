"""The user's word on tasks: an append-only list of edits, laid over what the rules find (MODEL section 2.1).

An edit names turns by the agents' own ids: the message ids of the turn's first calls, and the prompt's record id for
turns without calls. So it holds after any rebuild, re-read or upgrade. Each structural edit says one thing about one
turn; the latest word on a turn counts. A user's word stands above a suggestion's, whichever came later. A task that was
named, judged or left out stays in one piece, whatever newer rules think of it; a model that is asked may part it.
"""

from collections.abc import Callable, Iterable, Mapping
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
    """Names a turn for good."""

    agent: str
    session: str
    prompt: str
    calls: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an edit says about one decision of the score: its features then, and whether a task starts there."""

    session: str
    prompt: str
    features: dict[str, float]
    starts: bool
    is_word: bool = False  # the edit is about this turn; else the decision stood beside it and was left alone


class EditBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The particulars of an edit; which fields are set depends on its kind."""

    turns: tuple[Anchor, ...] = ()
    into: Anchor | None = None
    follower: Anchor | None = None  # move: the turn after a moved first turn, which must start what is left
    later: tuple[Anchor, ...] = ()  # split: first turns of later parts, which go with the new task
    earlier: tuple[Anchor, ...] = ()  # split: first turns of parts before the one that names the task
    kept: tuple[Anchor, ...] = ()  # rename, status, exclude: the further turns that were judged as one task
    title: str | None = None
    status: str | None = None
    is_on: bool = True
    undone: int | None = None
    features: int = 1  # which set of features was seen (tracker.model.boundary_fit)
    seen: tuple[Seen, ...] = ()  # what the weights are fitted to (tracker.model.boundary_fit)


TurnKey = tuple[int, str]  # session id of the ledger, prompt's record id


class Word(NamedTuple):
    """What is said about the place of a turn: it starts a task, goes on, or belongs with another turn."""

    kind: str  # start | continue | join | move
    target: TurnKey | None
    by: str  # you | refined


class Named(NamedTuple):
    """A title, status or exclusion that somebody gave to the task of a turn; the highest order counts."""

    value: str
    by: str
    order: tuple[int, int]


class Overlay(NamedTuple):
    """All words in force, by the turn that they are about; the fields of `named` are title, status and excluded."""

    words: Mapping[TurnKey, Word]
    named: Mapping[TurnKey, Mapping[str, Named]]

    def linked_sessions(self) -> list[tuple[int, int]]:
        """Pairs of sessions that a word binds together."""
        return [
            (key[0], word.target[0])
            for key, word in self.words.items()
            if word.target is not None and word.target[0] != key[0]
        ]


YOU = "you"
REFINED = "refined"
NOTHING_SAID = Overlay({}, {})

_decode_body = msgspec.json.Decoder(EditBody).decode


def decode_body(body: str) -> EditBody:
    """The particulars of a stored edit; msgspec.DecodeError if they are damaged."""
    return _decode_body(body)


def in_force(edits: Iterable[EditRow]) -> list[tuple[EditRow, EditBody]]:
    """Edits that were not taken back, oldest first."""
    decoded = [(edit, decode_body(edit.body)) for edit in sorted(edits)]
    undone = {body.undone for edit, body in decoded if edit.kind == EditKind.UNDO}
    return [(edit, body) for edit, body in decoded if edit.kind != EditKind.UNDO and edit.id not in undone]


def overlay(
    edits: Iterable[EditRow], suggestions: Iterable[EditRow], resolve: Callable[[Anchor], TurnKey | None]
) -> Overlay:
    """Everything that is said, suggestions first, so that the user's word comes last and counts.

    `resolve` finds the turn of an anchor in the ledger; an edit about turns that are not there waits for them.
    """
    words: dict[TurnKey, Word] = {}
    named: dict[TurnKey, dict[str, Named]] = {}
    for rank, by, rows in ((0, REFINED, suggestions), (1, YOU, edits)):
        for edit, body in in_force(rows):
            turns = [key for turn in body.turns if (key := resolve(turn)) is not None]
            target = resolve(body.into) if body.into is not None else None
            if edit.kind == EditKind.SPLIT:
                words.update((turn, Word("start" if body.is_on else "continue", None, by)) for turn in turns)
                later = [key for turn in body.later if (key := resolve(turn)) is not None]
                earlier = [key for turn in body.earlier if (key := resolve(turn)) is not None]
                words.update((turn, Word("join", turns[0], by)) for turn in later if turns)
                words.update((turn, Word("join", earlier[0], by)) for turn in earlier[1:])
                words.update((turn, Word("start", None, by)) for turn in earlier[:1])
            elif edit.kind in (EditKind.MERGE, EditKind.MOVE):
                kind = "join" if edit.kind == EditKind.MERGE else "move"
                words.update((turn, Word(kind, target, by)) for turn in turns if target is not None)
                follower = resolve(body.follower) if body.follower is not None and target is not None else None
                if follower is not None:
                    words[follower] = Word("start", None, by)
            else:
                for field, value in _values(edit.kind, body):
                    for turn in turns:
                        named.setdefault(turn, {})[field] = Named(value, by, (rank, edit.id))
                for key in map(resolve, body.kept):
                    if key is not None:
                        words.setdefault(key, Word("continue", None, by))
    return Overlay(words, named)


def _values(kind: str, body: EditBody) -> list[tuple[str, str]]:
    if kind == EditKind.RENAME and body.title:
        return [("title", body.title)]
    if kind == EditKind.STATUS and body.status:
        return [("status", body.status)]
    if kind == EditKind.EXCLUDE:
        return [("excluded", "1" if body.is_on else "")]
    return []
