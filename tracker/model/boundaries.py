"""Where a task starts inside a session (MODEL section 2.1): hard rules, rules that forbid, and a readable score.

A prompt starts a task when its score reaches 1. The provisional score (at the prompt) knows no files; the final one,
after the turn, does. Only final decisions reach reports.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from store.records import EventKind, TurnKind
from tracker.model.defaults import DEFAULTS, HOUR_MS, MINUTE_MS, SECOND_MS
from tracker.model.prompt_words import (
    announces_new,
    brings_news,
    is_acknowledgement,
    is_continuation,
    is_finishing,
    is_notice,
    is_way_back,
)
from tracker.model.turns import (
    Ending,
    TurnInfo,
    asks_or_plans,
    ending_of,
    has_pushed,
    leaves_committed,
    touched_folders,
)

WORD_BYTES = 4
_FEW_WORDS = 3
_AFTER_INTERRUPTION_MS = 30 * SECOND_MS
_GAP_FROM_MS, _GAP_TO_MS = 5 * MINUTE_MS, 4 * HOUR_MS
_LENGTH_FROM_CHARS, _LENGTH_TO_CHARS = 40, 600
_PASTED_FROM_CHARS = 1_200
_SAID_AGAIN_SHARE = 0.5
_WHOLE_TASK_AGENTS = frozenset({"cline", "roo"})


class Decision:
    """What was decided at a prompt."""

    FIRST = "first"  # the session's first turn, or its first after /clear
    START = "start"
    CONTINUE = "continue"
    NEVER = "never"  # a rule forbids a start here
    JOIN = "join"  # an edit put the turn on another task


class Features(NamedTuple):
    """What the score looks at; each between 0 and 1."""

    announces_new: float = 0.0
    brings_news: float = 0.0
    way_back: float = 0.0
    length: float = 0.0
    pasted: float = 0.0
    unlike_answer: float = 0.0
    unlike_task: float = 0.0
    new_folders: float = 0.0
    gap: float = 0.0
    committed: float = 0.0
    asked: float = 0.0
    continuation: float = 0.0
    finishing: float = 0.0
    pushed: float = 0.0
    planned: float = 0.0


class Weights(NamedTuple):
    """Weight of each feature, in the order of Features."""

    announces_new: float = 0.60
    brings_news: float = 0.40
    way_back: float = 0.45
    length: float = 0.30
    pasted: float = -0.30
    unlike_answer: float = 0.30
    unlike_task: float = 0.15
    new_folders: float = 0.45
    gap: float = 0.15
    committed: float = 0.20
    asked: float = -0.15
    continuation: float = -0.35
    finishing: float = -0.25
    pushed: float = 0.30
    planned: float = 0.30


WEIGHTS = Weights()

# How a feature is worded where a decision is explained.
WORDS: Mapping[str, str] = {
    "announces_new": "says that something new comes",
    "brings_news": "opens with news or a wish",
    "way_back": "after going back to the main branch",
    "length": "long prompt",
    "pasted": "mostly pasted",
    "unlike_answer": "not about the last answer",
    "unlike_task": "other words than the task",
    "new_folders": "other folders",
    "gap": "pause",
    "committed": "all committed before",
    "asked": "after a question of the agent",
    "continuation": "opens as a reply",
    "finishing": "last step",
    "pushed": "just pushed",
    "planned": "the agent asks back or plans",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one turn; `group` names the turn that its task starts with, in this session's order."""

    group: int
    decision: str
    score: float | None = None
    features: Features | None = None  # also where the user's word stands above them
    weights: Weights = WEIGHTS

    @property
    def reasons(self) -> str:
        """The features that weighed most, in words; nothing where the score did not decide."""
        if self.features is None or self.score is None:
            return ""
        parts = sorted(contributions(self.features, self.weights).items(), key=lambda part: -abs(part[1]))
        return ", ".join(WORDS[name] for name, share in parts[:3] if abs(share) >= 0.1)


def contributions(features: Features, weights: Weights = WEIGHTS) -> dict[str, float]:
    """What each feature adds to the score."""
    return {
        name: weight * value
        for name, weight, value in zip(Features._fields, weights, features, strict=True)
        if weight * value
    }


def score_of(features: Features, weights: Weights = WEIGHTS) -> float:
    """The score of a prompt."""
    return sum(weight * value for weight, value in zip(weights, features, strict=True))


def word_set(words: bytes) -> frozenset[bytes]:
    """The hashes of a prompt's content words."""
    return frozenset(words[start : start + WORD_BYTES] for start in range(0, len(words), WORD_BYTES))


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, logarithmic in between."""
    return min(1.0, max(0.0, math.log(max(value, 1.0) / low) / math.log(high / low)))


class _TaskSoFar:
    """Words and folders of the task that a prompt would continue."""

    def __init__(self) -> None:
        self.words: set[bytes] = set()
        self.folders: set[str] = set()
        self.prompts: set[frozenset[bytes]] = set()
        self.is_committed = False  # it has committed, and edited nothing since

    def take(self, turn: TurnInfo) -> None:
        words = word_set(turn.row.words)
        self.words |= words
        self.prompts.add(words)
        self.folders |= touched_folders(turn)
        self.is_committed = leaves_committed(turn, self.is_committed)


def features_of(turn: TurnInfo, previous: TurnInfo, task: _TaskSoFar, *, is_final: bool) -> Features:
    """Features of a prompt after `previous` in the task so far; without the turn's folders unless `is_final`."""
    row = turn.row
    words = word_set(row.words)
    few = len(words) < _FEW_WORDS
    overlap = len(words & task.words) / min(len(words), len(task.words)) if words and task.words else 0.0
    folders = touched_folders(turn) if is_final else frozenset()
    is_new, is_news = announces_new(row.text), brings_news(row.text)
    return Features(
        announces_new=float(is_new),
        brings_news=float(is_news),
        way_back=float(is_way_back(previous.row.text)),
        length=_ramp(row.chars, _LENGTH_FROM_CHARS, _LENGTH_TO_CHARS),
        pasted=float(row.chars > _PASTED_FROM_CHARS),
        unlike_answer=0.5 if few or row.echo is None else 1 - row.echo / 1000,
        unlike_task=0.5 if few else 1 - overlap,
        new_folders=1 - len(folders & task.folders) / len(folders) if folders else 0.0,
        gap=_ramp(turn.gap_ms, _GAP_FROM_MS, _GAP_TO_MS),
        committed=float(task.is_committed),
        asked=float(any(event.kind == EventKind.QUESTION for event in turn.events)),
        continuation=float(not is_new and not is_news and is_continuation(row.text)),
        finishing=float(is_finishing(row.text)),
        pushed=float(has_pushed(previous)),
        planned=float(is_final and asks_or_plans(turn)),
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
    return is_acknowledgement(row.text, row.chars) if row.text else row.chars <= 2


def is_said_again(turn: TurnInfo, previous: TurnInfo, task: _TaskSoFar) -> bool:
    """The same prompt once more, as after a failed request; or other words for one that was never answered."""
    words = word_set(turn.row.words)
    if len(words) < _FEW_WORDS:
        return False
    before = word_set(previous.row.words)
    is_command = turn.row.kind == TurnKind.COMMAND  # sent again, it begins its work anew
    unanswered = not previous.calls and not previous.copies and bool(before)
    return (words in task.prompts and not is_command) or (
        unanswered and len(words & before) >= _SAID_AGAIN_SHARE * min(len(words), len(before))
    )


class Said(NamedTuple):
    """A word on a turn from outside the rules: where the target stands in this session, None if it is in another."""

    kind: str  # start | continue | join | move
    target: int | None = None


NOTHING: Mapping[int, Said] = MappingProxyType({})


def decide(
    turns: Sequence[TurnInfo],
    agent: str,
    said: Mapping[int, Said] = NOTHING,
    *,
    weights: Weights = WEIGHTS,
    is_whole: bool = False,
) -> list[Verdict]:
    """One verdict per turn, in order; `said` holds the user's words by index and stands above every rule.

    A notification is on the task of the turn that started its agent. A joined turn takes those that follow along, a
    moved one leaves them where they were. A session that `is_whole`, as a teammate's, is cut by words alone.
    """
    walk = _Walk(agent, weights, is_whole)
    for turn in turns:
        walk.step(turn, turns, said.get(turn.index))
    return walk.verdicts


class _Walk:
    """The state of a walk through a session's turns."""

    def __init__(self, agent: str, weights: Weights, is_whole: bool) -> None:
        self.verdicts: list[Verdict] = []
        self._agent, self._weights, self._is_whole = agent, weights, is_whole
        self._group: int | None = None
        self._tasks: dict[int, _TaskSoFar] = {}
        self._previous: TurnInfo | None = None

    def step(self, turn: TurnInfo, turns: Sequence[TurnInfo], said: Said | None) -> None:
        """Decide on one turn."""
        if turn.origin is not None and said is None:
            self._put(turn, Verdict(self.verdicts[turn.origin].group, Decision.NEVER))
            return
        if said is not None and said.kind in ("join", "move"):
            earlier = said.target is not None and said.target < turn.index
            group = self.verdicts[said.target].group if earlier and said.target is not None else turn.index
            self._put(turn, Verdict(group, Decision.JOIN, features=self._features(turn, turns)))
            if said.kind == "join":
                self._group = group
        else:
            verdict = self._judge(turn, turns, said)
            self._group = verdict.group
            self._put(turn, verdict)
        self._previous = turn

    def _judge(self, turn: TurnInfo, turns: Sequence[TurnInfo], said: Said | None) -> Verdict:
        if self._group is None:
            return Verdict(turn.index, Decision.FIRST)
        score, features = None, self._features(turn, turns)
        if said is not None:
            decision = Decision.START if said.kind == "start" else Decision.CONTINUE
        elif is_cleared_before(turn, turns) and not self._is_whole:
            decision = Decision.FIRST
        elif features is None:
            decision = Decision.NEVER
        else:
            score = score_of(features, self._weights)
            decision = Decision.START if score >= DEFAULTS.boundary_score else Decision.CONTINUE
        starts = decision in (Decision.FIRST, Decision.START)
        return Verdict(turn.index if starts else self._group, decision, score, features, self._weights)

    def _features(self, turn: TurnInfo, turns: Sequence[TurnInfo]) -> Features | None:
        """What the score looks at; None where a rule decides without it."""
        previous, group = self._previous, self._group
        if previous is None or group is None or self._is_whole or is_cleared_before(turn, turns):
            return None
        if is_forbidden(turn, previous, self._agent) or is_said_again(turn, previous, self._tasks[group]):
            return None
        return features_of(turn, previous, self._tasks[group], is_final=True)

    def _put(self, turn: TurnInfo, verdict: Verdict) -> None:
        self._tasks.setdefault(verdict.group, _TaskSoFar()).take(turn)
        self.verdicts.append(verdict)


def is_cleared_before(turn: TurnInfo, turns: Sequence[TurnInfo]) -> bool:
    """Whether the context was cleared between the turn before and this one, in the same file."""
    if turn.index == 0:
        return False
    before = turns[turn.index - 1]
    return any(event.kind == EventKind.CLEAR and event.position > before.row.position for event in before.events)


def provisional_score(turn: TurnInfo, turns: Sequence[TurnInfo], verdicts: Sequence[Verdict]) -> float:
    """Score at the prompt, before the turn has touched a file; the turns before it must have been decided."""
    if turn.index == 0 or not verdicts:
        return 1.0
    previous = turns[turn.index - 1]
    group = verdicts[turn.index - 1].group
    task = _TaskSoFar()
    for earlier, verdict in zip(turns, verdicts, strict=False):
        if earlier.index < turn.index and verdict.group == group:
            task.take(earlier)
    return score_of(features_of(turn, previous, task, is_final=False))
