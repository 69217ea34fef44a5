"""Finds task boundaries within a session (MODEL section 2.1): hard rules, forbidding rules, and an explainable score.

A prompt starts a task if its score reaches 1. While the turn runs, the score uses what was done so far. It compares
with the previous turn, not with the task so far, so a wrong decision does not cause the next one.
"""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from store.records import Agent, EventKind, TurnKind
from tracker.model.defaults import DEFAULTS, HOUR_MS, MINUTE_MS, SECOND_MS
from tracker.model.tasks import word_weights
from tracker.model.tasks.prompt_words import (
    announces_new,
    brings_news,
    is_acknowledgement,
    is_continuation,
    is_finishing,
    is_notice,
    is_remark,
)
from tracker.model.tasks.turns import (
    Ending,
    TurnInfo,
    edited_files,
    ending_of,
    has_pushed,
    reply_words,
    touched_folders,
)

WORD_BYTES = 4
_FEW_WORDS = 3
_AFTER_INTERRUPTION_MS = 30 * SECOND_MS
_GAP_FROM_MS, _GAP_TO_MS = 5 * MINUTE_MS, 4 * HOUR_MS
_LENGTH_FROM_CHARS, _LENGTH_TO_CHARS = 40, 600
_PASTED_FROM_CHARS = 1_200
_SAID_AGAIN_SHARE = 0.5
_WHOLE_TASK_AGENTS = frozenset({Agent.CLINE, Agent.ROO})


class Decision:
    """Decisions at a prompt."""

    FIRST = "first"  # the session's first turn, or its first after /clear
    START = "start"
    CONTINUE = "continue"
    NEVER = "never"  # a rule forbids a start here
    JOIN = "join"  # an edit put the turn on another task


class Features(NamedTuple):
    """Features of the score: of the prompt, and of its difference from the previous one; 0..1, first words -1..1."""

    announces_new: float = 0.0
    brings_news: float = 0.0
    continuation: float = 0.0
    finishing: float = 0.0
    length: float = 0.0
    pasted: float = 0.0
    unlike_answer: float = 0.0
    new_words: float = 0.0
    new_folders: float = 0.0
    other_edits: float = 0.0
    gap: float = 0.0
    pushed: float = 0.0
    interrupted: float = 0.0
    wording: float = 0.0
    reply: float = 0.0


class Weights(Features):
    """Weight of each feature."""


# Each feature's shipped weight, and its wording in explanations.
_SHIPPED = {
    "announces_new": (0.28, "says that something new comes"),
    "brings_news": (0.10, "opens with news or a wish"),
    "continuation": (-0.14, "opens as a reply"),
    "finishing": (-0.15, "last step"),
    "length": (0.22, "long prompt"),
    "pasted": (-0.14, "mostly pasted"),
    "unlike_answer": (0.67, "not about the last answer"),
    "new_words": (0.22, "other words than before"),
    "new_folders": (0.23, "other folders"),
    "other_edits": (-0.14, "other files"),
    "gap": (0.21, "pause"),
    "pushed": (0.17, "just pushed"),
    "interrupted": (-0.22, "after an interruption"),
    "wording": (0.60, "first words"),
    "reply": (0.60, "the agent's first words"),
}
WEIGHTS = Weights(**{name: weight for name, (weight, _) in _SHIPPED.items()})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one turn; `group` is the index of the turn that starts its task."""

    group: int
    decision: str
    score: float | None = None
    features: Features | None = None  # also if the user's edit overrides them
    weights: Weights = WEIGHTS

    @property
    def reasons(self) -> str:
        """The features that contributed most, in words; empty if the score did not decide."""
        if self.features is None or self.score is None:
            return ""
        parts = sorted(contributions(self.features, self.weights).items(), key=lambda part: -abs(part[1]))
        return ", ".join(_SHIPPED[name][1] for name, share in parts[:3] if abs(share) >= 0.1)


def contributions(features: Features, weights: Weights = WEIGHTS) -> dict[str, float]:
    """Contribution of each feature to the score."""
    return {
        name: weight * value
        for name, weight, value in zip(Features._fields, weights, features, strict=True)
        if weight * value
    }


def score_of(features: Features, weights: Weights = WEIGHTS) -> float:
    """The score of a prompt."""
    return sum(weight * value for weight, value in zip(weights, features, strict=True))


def word_set(words: bytes) -> frozenset[bytes]:
    """Hashes of a prompt's content words."""
    return frozenset(words[start : start + WORD_BYTES] for start in range(0, len(words), WORD_BYTES))


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, logarithmic in between."""
    return min(1.0, max(0.0, math.log(max(value, 1.0) / low) / math.log(high / low)))


def features_of(turn: TurnInfo, previous: TurnInfo) -> Features:
    """Features of a prompt after `previous`, and of the agent's work on it so far."""
    row = turn.row
    words, before = word_set(row.words), word_set(previous.row.words)
    folders, edited = touched_folders(turn), edited_files(turn)
    is_new, is_news = announces_new(row.text), brings_news(row.text)
    return Features(
        announces_new=float(is_new),
        brings_news=float(is_news),
        continuation=float(not is_new and not is_news and is_continuation(row.text)),
        finishing=float(is_finishing(row.text)),
        length=_ramp(row.chars, _LENGTH_FROM_CHARS, _LENGTH_TO_CHARS),
        pasted=float(row.chars > _PASTED_FROM_CHARS),
        unlike_answer=0.5 if len(words) < _FEW_WORDS or row.echo is None else 1 - row.echo / 1000,
        new_words=len(words - before) / len(words) if words else 0.5,
        new_folders=len(folders - touched_folders(previous)) / len(folders) if folders else 0.0,
        other_edits=float(bool(edited) and set(edited).isdisjoint(edited_files(previous))),
        gap=_ramp(turn.gap_ms, _GAP_FROM_MS, _GAP_TO_MS),
        pushed=float(has_pushed(previous)),
        interrupted=float(ending_of(previous) == Ending.INTERRUPTED),
        wording=word_weights.of_prompt(row.text),
        reply=word_weights.of_reply(reply_words(turn)),
    )


def is_forbidden(turn: TurnInfo, previous: TurnInfo, agent: str) -> bool:
    """Rules under which a prompt never starts a task, whatever its score."""
    row = turn.row
    if turn.is_foreign and turn.calls:
        return True
    if row.kind not in (TurnKind.PROMPT, TurnKind.COMMAND):
        return True
    if agent in _WHOLE_TASK_AGENTS or is_notice(row.text):
        return True
    if any(event.kind == EventKind.REWIND and event.position >= row.position for event in turn.events):
        return True
    if ending_of(previous) == Ending.INTERRUPTED:
        marks = [event.at for event in previous.events if event.kind == EventKind.INTERRUPT and event.at is not None]
        if marks and row.at - max(marks) <= _AFTER_INTERRUPTION_MS:
            return True
    if not row.text:
        return row.chars <= 2
    is_answer = is_acknowledgement(row.text, row.chars) or is_remark(row.text, row.chars)
    return is_answer and not announces_new(row.text)  # "next task: the search"


def is_said_again(turn: TurnInfo, previous: TurnInfo, prompts: AbstractSet[frozenset[bytes]]) -> bool:
    """Whether it repeats one of the task's `prompts`, as after a failed request, or rephrases an unanswered one."""
    words = word_set(turn.row.words)
    if len(words) < _FEW_WORDS:
        return False
    before = word_set(previous.row.words)
    is_command = turn.row.kind == TurnKind.COMMAND  # a repeated command starts its work again
    unanswered = not previous.calls and not previous.copies and bool(before)
    return (words in prompts and not is_command) or (
        unanswered and len(words & before) >= _SAID_AGAIN_SHARE * min(len(words), len(before))
    )


class LocalPlacement(NamedTuple):
    """A placement (tracker.model.tasks.edits) by turn index; the target is None if it is in another session."""

    kind: str  # start | continue | join | move
    target: int | None = None


NO_PLACEMENTS: Mapping[int, LocalPlacement] = MappingProxyType({})


def decide(
    turns: Sequence[TurnInfo],
    agent: str,
    placements: Mapping[int, LocalPlacement] = NO_PLACEMENTS,
    *,
    weights: Weights = WEIGHTS,
    is_whole: bool = False,
) -> list[Verdict]:
    """One verdict per turn, in order; `placements`, by turn index, override every rule.

    A notification belongs to the task of the turn that started its agent. Turns that follow a joined turn go with it;
    those that follow a moved one do not. With `is_whole`, as for a teammate's session, only placements start tasks.
    """
    walk = _Walk(agent, weights, is_whole)
    for turn in turns:
        walk.step(turn, turns, placements.get(turn.index))
    return walk.verdicts


class _Walk:
    """The state of a walk through a session's turns."""

    def __init__(self, agent: str, weights: Weights, is_whole: bool) -> None:
        self.verdicts: list[Verdict] = []
        self._agent, self._weights, self._is_whole = agent, weights, is_whole
        self._group: int | None = None
        self._prompts: dict[int, set[frozenset[bytes]]] = {}  # by group
        self._previous: TurnInfo | None = None

    def step(self, turn: TurnInfo, turns: Sequence[TurnInfo], placement: LocalPlacement | None) -> None:
        """Decide one turn."""
        if turn.origin is not None and placement is None:
            self._put(turn, Verdict(self.verdicts[turn.origin].group, Decision.NEVER))
            return
        if placement is not None and placement.kind in ("join", "move"):
            earlier = placement.target is not None and placement.target < turn.index
            group = self.verdicts[placement.target].group if earlier and placement.target is not None else turn.index
            self._put(turn, Verdict(group, Decision.JOIN, features=self._features(turn, turns)))
            if placement.kind == "join":
                self._group = group
        else:
            verdict = self._judge(turn, turns, placement)
            self._group = verdict.group
            self._put(turn, verdict)
        self._previous = turn

    def _judge(self, turn: TurnInfo, turns: Sequence[TurnInfo], placement: LocalPlacement | None) -> Verdict:
        if self._group is None:
            return Verdict(turn.index, Decision.FIRST)
        score, features = None, self._features(turn, turns)
        if placement is not None:
            decision = Decision.START if placement.kind == "start" else Decision.CONTINUE
        elif is_cleared_before(turn, turns) and not self._is_whole:
            decision = Decision.FIRST
        elif features is None:
            decision = Decision.NEVER
        else:
            score = None if has_moved(turn) else score_of(features, self._weights)
            decision = Decision.START if score is None or score >= DEFAULTS.boundary_score else Decision.CONTINUE
        starts = decision in (Decision.FIRST, Decision.START)
        return Verdict(turn.index if starts else self._group, decision, score, features, self._weights)

    def _features(self, turn: TurnInfo, turns: Sequence[TurnInfo]) -> Features | None:
        """The features of the score; None if a rule decides without it."""
        previous, group = self._previous, self._group
        if previous is None or group is None or self._is_whole or is_cleared_before(turn, turns):
            return None
        if is_forbidden(turn, previous, self._agent) or is_said_again(turn, previous, self._prompts[group]):
            return None
        return features_of(turn, previous)

    def _put(self, turn: TurnInfo, verdict: Verdict) -> None:
        self._prompts.setdefault(verdict.group, set()).add(word_set(turn.row.words))
        self.verdicts.append(verdict)


def is_cleared_before(turn: TurnInfo, turns: Sequence[TurnInfo]) -> bool:
    """Whether the context was cleared between the previous turn and this one, in the same file."""
    before = turns[turn.index - 1]
    return any(event.kind == EventKind.CLEAR and event.position > before.row.position for event in before.events)


def has_moved(turn: TurnInfo) -> bool:
    """Whether the prompt was typed in another project than the previous one."""
    return any(event.kind == EventKind.FOLDER and event.position == turn.row.position for event in turn.events)
