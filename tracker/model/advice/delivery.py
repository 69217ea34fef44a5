"""Decides whether a nudge is shown (MODEL section 7.6), from the candidates and the log of earlier nudges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.advice.nudge import Evaluation, NudgeKind
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS


class NudgeAction:
    """Actions in the nudge log."""

    SHOWN = "shown"
    DISMISSED = "dismissed"
    ENABLED = "enabled"  # the user switched the kind on again


class LogEntry(NamedTuple):
    """One entry of the nudge log; times in epoch milliseconds."""

    kind: str
    action: str  # NudgeAction
    at_ms: int
    session: str
    context: int
    subject: str | None = None


class Refusal(NamedTuple):
    """A fired candidate that is not shown, and why."""

    evaluation: Evaluation
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """At most one nudge to show, and the refused ones for the log."""

    chosen: Evaluation | None
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """The moment of a delivery: a turn end of a session."""

    now_ms: int
    session: str
    context: int


def is_dismissed(kind: str, log: Sequence[LogEntry]) -> bool:
    """Whether the kind was dismissed three times since it was last enabled."""
    dismissals = 0
    for entry in sorted(log, key=lambda entry: entry.at_ms):
        if entry.kind != kind:
            continue
        if entry.action == NudgeAction.ENABLED:
            dismissals = 0
        elif entry.action == NudgeAction.DISMISSED:
            dismissals += 1
    return dismissals >= DEFAULTS.dismissals_until_off


def _is_dismissed_here(kind: str, log: Sequence[LogEntry], here: DeliveryContext) -> bool:
    """Whether it was dismissed in this session and the context has not grown by half since."""
    entries = [
        entry
        for entry in log
        if entry.kind == kind and entry.session == here.session and entry.action != NudgeAction.SHOWN
    ]
    if not entries:
        return False
    last = max(entries, key=lambda entry: entry.at_ms)
    return last.action == NudgeAction.DISMISSED and here.context < DEFAULTS.dismissal_growth * last.context


def _objection(candidate: Evaluation, log: Sequence[LogEntry], here: DeliveryContext) -> str | None:
    if is_dismissed(candidate.kind, log):
        return "switched off by three dismissals"
    if _is_dismissed_here(candidate.kind, log, here):
        return "dismissed; waits until the context has grown by half"
    if candidate.subject is not None:
        for entry in log:
            is_same = entry.kind == candidate.kind and entry.subject == candidate.subject
            if is_same and entry.action == NudgeAction.SHOWN and abs(here.now_ms - entry.at_ms) < DAY_MS:
                return "shown for this within a day"
    return None


def deliver(candidates: Sequence[Evaluation], log: Sequence[LogEntry], here: DeliveryContext) -> Delivery:
    """Choose the fired nudge with the highest expected value: one per turn end, at most three per session and hour."""
    objections = [(each, _objection(each, log, here)) for each in candidates if each.fired]
    refused = [Refusal(each, objection) for each, objection in objections if objection is not None]
    accepted = [each for each, objection in objections if objection is None]
    if any(each.kind == NudgeKind.COMPACT for each in accepted):
        # The next prompt is unknown, and most often continues the current work.
        fresh = [each for each in accepted if each.kind == NudgeKind.NEW_SESSION]
        refused += [Refusal(each, "the other way to shorten fits better") for each in fresh]
        accepted = [each for each in accepted if each.kind != NudgeKind.NEW_SESSION]
    shown_this_hour = sum(
        entry.session == here.session and entry.action == NudgeAction.SHOWN and 0 <= here.now_ms - entry.at_ms < HOUR_MS
        for entry in log
    )
    if shown_this_hour >= DEFAULTS.nudges_per_session_hour:
        refused += [Refusal(each, "enough nudges this hour") for each in accepted]
        return Delivery(None, tuple(refused))
    ranked = sorted(accepted, key=lambda each: -each.expected_value_nano)
    refused += [Refusal(each, "another nudge is worth more") for each in ranked[1:]]
    return Delivery(ranked[0] if ranked else None, tuple(refused))


def was_followed(calls_until_action: int | None) -> bool:
    """Whether the nudge's action came within three calls; None: it never came."""
    return calls_until_action is not None and calls_until_action <= DEFAULTS.followed_within_calls
