"""The nudge log as the delivery rules read it, and evaluations as the log keeps them."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from store.nudges import NudgeRow, Word
from tracker.advisor.evaluate import Look
from tracker.advisor.preferences import Preferences
from tracker.advisor.standing import Standing
from tracker.model.defaults import DEFAULTS
from tracker.model.delivery import Delivery, LogEntry, Moment, NudgeAction, deliver


def log_entries(said: Iterable[NudgeRow], words: Iterable[Word]) -> list[LogEntry]:
    """What was shown and dismissed, and what the user said about kinds."""
    entries = [LogEntry(word.kind, word.word, word.at, "", 0) for word in words]
    for row in said:
        subject = row.subject or None
        if row.shown_at is not None:
            entries.append(LogEntry(row.kind, NudgeAction.SHOWN, row.shown_at, row.session, row.context, subject))
        if row.dismissed_at is not None:
            entries.append(
                LogEntry(row.kind, NudgeAction.DISMISSED, row.dismissed_at, row.session, row.context, subject)
            )
    return entries


def token_of(session_id: int, look: Look) -> str:
    """The name of a nudge in the advice file: the same for the same evaluation, whoever makes it."""
    parts = (str(session_id), look.moment, look.anchor, look.evaluation.kind, look.evaluation.subject or "")
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()
    return f"{look.evaluation.kind}-{digest}"


def decided_rows(
    standing: Standing, looks: Sequence[Look], entries: Sequence[LogEntry], preferences: Preferences
) -> list[NudgeRow]:
    """Evaluations of one moment as rows, the one to say picked by the delivery rules."""
    if not looks:
        return []
    state = standing.state
    delivery = deliver(
        [look.evaluation for look in looks if look.evaluation.kind in preferences.enabled],
        entries,
        Moment(
            now_ms=looks[0].due_at,
            session=state.session.native_id,
            context=state.last.context,
            topic_is_unrelated=standing.boundary_score >= DEFAULTS.boundary_score,
        ),
    )
    return evaluation_rows(standing, looks, delivery, preferences.off)


def evaluation_rows(
    standing: Standing, looks: Sequence[Look], delivery: Delivery, off: frozenset[str]
) -> list[NudgeRow]:
    """The looks of one moment as rows of the log, with what became of them.

    Growth and output of the moment are kept with the inputs: what was said is later held against what came (MODEL 8).
    """
    session, context = standing.state.session, standing.situation.context
    moment_inputs = {
        "growth": round(standing.estimate.growth, 1),
        "output": round(standing.estimate.output, 1),
        "trigger": standing.trigger,
    }
    refused = {id(one.evaluation): one.reason for one in delivery.refused}
    rows = []
    for look in looks:
        made = look.evaluation
        is_chosen = made is delivery.chosen
        reason = refused.get(id(made), made.reason)
        if made.fired and made.kind in off:
            reason = "switched off"
        saving = made.saving
        rows.append(
            NudgeRow(
                id=0,
                session_id=session.id,
                kind=made.kind,
                moment=look.moment,
                anchor=look.anchor,
                subject=made.subject or "",
                at=look.at,
                due_at=look.due_at,
                expires_at=look.expires_at,
                context=context,
                fired=int(made.fired),
                chosen=int(is_chosen),
                reason=reason,
                token=token_of(session.id, look),
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
