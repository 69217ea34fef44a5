"""Converts between the nudge log and the types of the delivery rules."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from store.nudges import KindChoice, NudgeRow
from tracker.advisor.assessment import Assessment
from tracker.advisor.evaluate import TimedEvaluation
from tracker.advisor.preferences import Preferences
from tracker.model.advice.delivery import DeliveryContext, LogEntry, NudgeAction, deliver


def log_entries(rows: Iterable[NudgeRow], choices: Iterable[KindChoice]) -> list[LogEntry]:
    """Log entries of nudges shown and dismissed, and of kinds the user switched on again."""
    entries = [LogEntry(choice.kind, choice.action, choice.at, "", 0) for choice in choices]
    for row in rows:
        subject = row.subject or None
        if row.shown_at is not None:
            entries.append(LogEntry(row.kind, NudgeAction.SHOWN, row.shown_at, row.session, row.context, subject))
        if row.dismissed_at is not None:
            entries.append(
                LogEntry(row.kind, NudgeAction.DISMISSED, row.dismissed_at, row.session, row.context, subject)
            )
    return entries


def token_of(session_id: int, timed: TimedEvaluation) -> str:
    """A nudge's token in the advice file: the same for the same evaluation in every process."""
    parts = (str(session_id), timed.moment, timed.anchor, timed.evaluation.kind, timed.evaluation.subject or "")
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()
    return f"{timed.evaluation.kind}-{digest}"


def decided_rows(
    assessment: Assessment,
    evaluations: Sequence[TimedEvaluation],
    entries: Sequence[LogEntry],
    preferences: Preferences,
) -> list[NudgeRow]:
    """Evaluations of one moment as log rows; the delivery rules choose at most one to show.

    Growth and output are stored with the inputs, to compare the promise with what came (MODEL 8).
    """
    if not evaluations:
        return []
    session, context = assessment.state.session, assessment.situation.context
    delivery = deliver(
        [timed.evaluation for timed in evaluations if timed.evaluation.kind in preferences.enabled],
        entries,
        DeliveryContext(now_ms=evaluations[0].due_at, session=session.native_id, context=context),
    )
    moment_inputs = {
        "growth": round(assessment.estimate.growth, 1),
        "output": round(assessment.estimate.output, 1),
        "trigger": assessment.trigger.tokens,
    }
    refused = {id(refusal.evaluation): refusal.reason for refusal in delivery.refused}
    rows = []
    for timed in evaluations:
        made, saving = timed.evaluation, timed.evaluation.saving
        reason = refused.get(id(made), made.reason)
        if made.fired and made.kind in preferences.off:
            reason = "switched off"
        rows.append(
            NudgeRow(
                id=0,
                session_id=session.id,
                kind=made.kind,
                moment=timed.moment,
                anchor=timed.anchor,
                subject=made.subject or "",
                at=timed.at,
                due_at=timed.due_at,
                expires_at=timed.expires_at,
                context=context,
                fired=int(made.fired),
                chosen=int(made is delivery.chosen),
                reason=reason,
                token=token_of(session.id, timed),
                text=made.text,
                saving=saving.point_nano if saving else None,
                saving_low=saving.low_nano if saving else None,
                saving_high=saving.high_nano if saving else None,
                payback_turns=made.payback_turns,
                inputs=msgspec.json.encode({**made.inputs, **moment_inputs}).decode(),
                shown_at=None,
                dismissed_at=None,
                followed=None,
                agent=session.agent,
                session=session.native_id,
                project=session.project,
            )
        )
    return rows
