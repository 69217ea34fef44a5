"""The user's own weights of the boundary score, fitted to their corrections (MODEL section 2.1).

Each correction that says of a turn "a task starts here" or "this goes on" is a label; from 30 on, a logistic model is
fitted to them, drawn towards the shipped weights. Corrections are a biased sample: nobody marks what is right. So the
decisions that stood beside a corrected one and were left alone are labels too, and in full, as a lower weight was
measured to be worse. Even so a fit to mistakes that no weight can mend does harm. It counts only if, on sessions that
it was not fitted to, it finds the user's starts clearly better than the shipped weights do.

Labels are in the edits themselves, as the decisions looked when the user judged them: the same edits give the same
weights whatever the ledger holds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker.model.tasks.boundaries import WEIGHTS, Decision, Features, Verdict, Weights, score_of
from tracker.model.tasks.edits import EditBody, Seen
from tracker.model.tasks.turns import TurnInfo

FEATURES = 2  # the set of features that edits see; raised where one changes its meaning
FEWEST_CORRECTIONS = 30
REFIT_EVERY = 10
MIN_GAIN_F1 = 0.05
MAX_WEIGHT = 0.9  # below the threshold: nothing starts a task alone

_NEAR_TURNS = 60
# Chance of a start is logistic in the shipped score: 30 % at the threshold on the labels of docs/tasks.md.
_SLOPE, _AT_THRESHOLD = 5.0, -0.85
_PRIOR_DEVIATION = 0.1  # of a weight, and of the threshold
_FOLDS = 5
_STEPS, _STEPS_FROM_NEAR, _LONGEST_STEP, _SETTLED = 25, 3, 0.3, 1e-6
_THRESHOLD_FROM, _THRESHOLD_TO = 0.5, 2.0


class Label(NamedTuple):
    """One decision as the user wants it; `is_word`: they edited it, else they left it alone."""

    session: str
    features: Features
    starts: bool
    is_word: bool


class OwnWeights(NamedTuple):
    """Fitted weights, and how many corrections they come from."""

    weights: Weights
    corrections: int


def seen_decisions(
    session: str, turns: Sequence[TurnInfo], before: Sequence[Verdict], after: Sequence[Verdict], edited: set[int]
) -> tuple[Seen, ...]:
    """What an edit says about the decisions of one session: on the `edited` turns, and on those left alone near them.

    `edited` are indices; `before` and `after` are the verdicts without and with the edit. A turn goes on if it is on
    the task of the turn before it; one that was moved elsewhere does not. What a rule decides without a score tells
    nothing about weights.
    """
    found: list[Seen] = []
    previous: int | None = None
    for turn, old, new in zip(turns, before, after, strict=True):
        is_word = turn.index in edited
        leaves = new.group != previous
        if turn.origin is None:
            previous = new.group
        if not turn.is_own or old.features is None or not (is_word or old.score is not None):
            continue
        if min((abs(turn.index - index) for index in edited), default=_NEAR_TURNS + 1) > _NEAR_TURNS:
            continue
        features = {name: round(value, 3) for name, value in old.features._asdict().items() if value}
        starts = leaves if is_word else old.decision == Decision.START
        found.append(Seen(session, turn.row.prompt_uuid, features, starts, is_word))
    return tuple(found)


def labels_of(bodies: Iterable[EditBody]) -> list[Label]:
    """Labels of the edits in force, oldest first, as many as count: the first 30, 40, 50 … corrected turns.

    The latest word on a turn counts, and any word more than a decision left alone. Fewer than 30 give none. Edits that
    saw another set of features (`FEATURES`) do not count.
    """
    edits = [body.seen for body in bodies if body.seen and body.features == FEATURES]
    corrected = {(one.session, one.prompt) for seen in edits for one in seen if one.is_word}
    if len(corrected) < FEWEST_CORRECTIONS:
        return []
    wanted = len(corrected) - (len(corrected) - FEWEST_CORRECTIONS) % REFIT_EVERY
    kept: dict[tuple[str, str], Label] = {}
    said: set[tuple[str, str]] = set()
    for seen in edits:
        if len(said) >= wanted:
            break
        for one in seen:
            key = (one.session, one.prompt)
            if one.is_word or key not in said:
                kept[key] = Label(one.session, _features(one), one.starts, one.is_word)
            if one.is_word:
                said.add(key)
    return list(kept.values())


def own_weights(bodies: Iterable[EditBody]) -> OwnWeights | None:
    """The user's own weights, None where the shipped ones are to be used: too few corrections, or no clear gain."""
    labels = labels_of(bodies)
    if not labels:
        return None
    fitted = fit(labels)
    if gain_f1(labels, fitted) < MIN_GAIN_F1:
        return None
    return OwnWeights(as_weights(fitted), sum(label.is_word for label in labels))


def _features(seen: Seen) -> Features:
    return Features(**{name: seen.features.get(name, 0.0) for name in Features._fields})


# -- penalised logistic regression by Newton's method -----------------------------------------------------------------

_START = (*WEIGHTS, 1.0)  # the threshold is the last parameter


def as_weights(fitted: Sequence[float]) -> Weights:
    """Weights within bounds, scaled so that 1 still starts a task."""
    threshold = min(_THRESHOLD_TO, max(_THRESHOLD_FROM, fitted[-1]))
    return Weights._make(round(min(MAX_WEIGHT, max(-MAX_WEIGHT, weight / threshold)), 3) for weight in fitted[:-1])


def fit(labels: Sequence[Label], start: Sequence[float] = _START, steps: int = _STEPS) -> list[float]:
    """The most likely weights, in the order of Features, and threshold for these labels, drawn towards the shipped."""
    rows = [
        ([(place, _SLOPE * value) for place, value in enumerate((*label.features, -1.0)) if value], label.starts)
        for label in labels
    ]
    at = list(start)
    for _ in range(steps):
        step = _newton_step(rows, at)
        longest = max(map(abs, step))
        share = min(1.0, _LONGEST_STEP / longest) if longest else 1.0
        at = [value + share * change for value, change in zip(at, step, strict=True)]
        if longest < _SETTLED:
            break
    return at


def _newton_step(rows: Sequence[tuple[list[tuple[int, float]], bool]], at: Sequence[float]) -> list[float]:
    size = len(at)
    precision = 1 / _PRIOR_DEVIATION**2
    slope = [precision * (prior - value) for prior, value in zip(_START, at, strict=True)]
    bend = [[precision if row == column else 0.0 for column in range(size)] for row in range(size)]
    for parts, starts in rows:
        logit = _AT_THRESHOLD + sum(at[place] * value for place, value in parts)
        chance = 1 / (1 + math.exp(-min(30.0, max(-30.0, logit))))
        spread = chance * (1 - chance)
        for place, value in parts:
            slope[place] += (starts - chance) * value
            row, weighed = bend[place], spread * value
            for other, more in parts:
                row[other] += weighed * more
    return _solved(bend, slope)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solution of a positive definite system, by elimination."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            factor = rows[below][pivot] / rows[pivot][pivot]
            for column in range(pivot, size + 1):
                rows[below][column] -= factor * rows[pivot][column]
    found = [0.0] * size
    for row in reversed(range(size)):
        known = sum(rows[row][column] * found[column] for column in range(row + 1, size))
        found[row] = (rows[row][size] - known) / rows[row][row]
    return found


# -- whether it helps -------------------------------------------------------------------------------------------------


def gain_f1(labels: Sequence[Label], fitted: Sequence[float]) -> float:
    """F1 of starts on sessions that a fit has not seen, less that of the shipped weights.

    Of the sessions' fifths, any one is left out in turn, and the smallest gain counts: no single piece of work carries
    it. `fitted` is the fit to all, from where those to four fifths begin.
    """
    fold_of: dict[str, int] = {}
    for label in labels:
        fold_of.setdefault(label.session, len(fold_of) % _FOLDS)
    folds: list[list[_Decided]] = [[] for _ in range(_FOLDS)]
    for fold, decided in enumerate(folds):
        weights = as_weights(fit([one for one in labels if fold_of[one.session] != fold], fitted, _STEPS_FROM_NEAR))
        for label in labels:
            if fold_of[label.session] == fold:
                own, shipped = score_of(label.features, weights) >= 1, score_of(label.features) >= 1
                decided.append(_Decided(own, shipped, label.starts))
    return min(_gain([one for fold in folds if fold is not left_out for one in fold]) for left_out in folds)


class _Decided(NamedTuple):
    """Whether a task starts at a turn: by both kinds of weights, and as the user wants it."""

    own: bool
    shipped: bool
    wanted: bool


def _gain(decided: Sequence[_Decided]) -> float:
    return _f1((one.own, one.wanted) for one in decided) - _f1((one.shipped, one.wanted) for one in decided)


def _f1(pairs: Iterable[tuple[bool, bool]]) -> float:
    """F1 of (found, wanted)."""
    counts = Counter(pairs)
    right = counts[True, True]
    return 2 * right / max(1, 2 * right + counts[True, False] + counts[False, True])
