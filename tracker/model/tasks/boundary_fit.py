"""Fits the weights of the boundary score to the user's corrections (MODEL section 2.1).

Each correction that a task starts, or does not start, at a turn is a label. From 30 labels on, a logistic model is
fitted to them, regularised towards the shipped weights. Corrections are a biased sample, as nobody marks what is right,
so the decisions near a corrected one that were left alone are labels too, with full weight (a lower one measured
worse). A fit to errors that no weight can correct would still do harm: it is used only if it finds the user's starts
clearly better than the shipped weights do on sessions it was not fitted to.

The labels are stored in the edits, with the features at that time: the same edits give the same weights, whatever is in
the ledger.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tracker.model.tasks.boundaries import WEIGHTS, Decision, Features, Verdict, Weights, score_of
from tracker.model.tasks.edits import EditBody, Seen
from tracker.model.tasks.turns import TurnInfo

FEATURES = 2  # version of the feature set; increase it if a feature changes its meaning
FEWEST_CORRECTIONS = 30
REFIT_EVERY = 10
MIN_GAIN_F1 = 0.05
MAX_WEIGHT = 0.9  # below the threshold: no feature starts a task alone

_NEAR_TURNS = 60
# The probability of a start is logistic in the shipped score: 30 % at the threshold on the labels of docs/tasks.md.
_SLOPE, _AT_THRESHOLD = 5.0, -0.85
_PRIOR_DEVIATION = 0.1  # of a weight, and of the threshold
_FOLDS = 5
_STEPS, _STEPS_FROM_NEAR, _LONGEST_STEP, _SETTLED = 25, 3, 0.3, 1e-6
_THRESHOLD_FROM, _THRESHOLD_TO = 0.5, 2.0


class Label(NamedTuple):
    """A decision as the user wants it; `is_word`: explicitly edited, else left alone."""

    session: str
    features: Features
    starts: bool
    is_word: bool


class OwnWeights(NamedTuple):
    """Fitted weights, and the number of corrections they are based on."""

    weights: Weights
    corrections: int


def seen_decisions(
    session: str, turns: Sequence[TurnInfo], before: Sequence[Verdict], after: Sequence[Verdict], edited: set[int]
) -> tuple[Seen, ...]:
    """What an edit implies for the decisions of one session: on the `edited` turns, and on untouched ones near them.

    `edited` are indices; `before` and `after` are the verdicts without and with the edit. A turn continues if it is on
    the previous turn's task; one moved elsewhere does not. Decisions made by a rule without a score are left out.
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
    """Labels of the edits in force, oldest first, for the first 30, 40, 50 … corrected turns; none below 30.

    The latest edit of a turn counts, and any edit more than a decision left alone. Edits with another version of the
    feature set (`FEATURES`) do not count.
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
    """The user's own weights; None to use the shipped ones: too few corrections, or no clear gain."""
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
    """Weights clipped to the bounds and scaled so that a score of 1 still starts a task."""
    threshold = min(_THRESHOLD_TO, max(_THRESHOLD_FROM, fitted[-1]))
    return Weights._make(round(min(MAX_WEIGHT, max(-MAX_WEIGHT, weight / threshold)), 3) for weight in fitted[:-1])


def fit(labels: Sequence[Label], start: Sequence[float] = _START, steps: int = _STEPS) -> list[float]:
    """Maximum a posteriori weights (in the order of Features) and threshold, with the shipped ones as prior mean."""
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
    """Solution of a positive definite linear system, by Gaussian elimination."""
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


# -- cross-validation -------------------------------------------------------------------------------------------------


def gain_f1(labels: Sequence[Label], fitted: Sequence[float]) -> float:
    """Cross-validated F1 of starts, less that of the shipped weights.

    Each fifth of the sessions is left out in turn and the smallest gain counts, so that no single piece of work carries
    it. `fitted` is the fit to all labels, the starting point of the other fits.
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
    """Whether a task starts at a turn: by own weights, by shipped weights, and as the user wants it."""

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
