"""What hooks and status line are given of a session: its picked nudges, the budget's stop, and a few figures."""

from collections.abc import Sequence
from datetime import timedelta

from store.advice_format import Advice, Block, Nudge
from store.money import short_usd
from store.nudges import NudgeRow
from tracker.advisor.evaluate import EVENTS_OF, STOP, Moment
from tracker.advisor.preferences import Preferences
from tracker.reports.times import day_begins, local


def file_nudge(row: NudgeRow, *, is_waiting: bool) -> Nudge:
    """A picked nudge as the file holds it; while its turn runs it may be said at the turn's Stop only."""
    events = list(EVENTS_OF[row.moment])
    if not is_waiting and row.moment in (Moment.TURN_END, Moment.SESSION_START, Moment.PROMPT):
        events = [STOP]
    return Nudge(
        id=row.token,
        text=row.text or "",
        kind=row.kind,
        expires_at=row.expires_at,
        not_before=row.due_at,
        events=events,
    )


def stop_of(preferences: Preferences, day_cost: int, task_cost: int | None, now: int) -> Block | None:
    """The hard stop of a budget that is used up; None while there is room, or where budgets only tell."""
    if not preferences.hard_stop:
        return None
    if preferences.day_budget is not None and day_cost >= preferences.day_budget:
        spent = f"today's budget of {short_usd(preferences.day_budget)} is used up ({short_usd(day_cost)})"
        return Block(reason=_reason(spent, "day"), expires_at=day_ends(now), budget="day", spent_nano=day_cost)
    if preferences.task_budget is not None and task_cost is not None and task_cost >= preferences.task_budget:
        spent = f"this task's budget of {short_usd(preferences.task_budget)} is used up ({short_usd(task_cost)})"
        return Block(reason=_reason(spent, "task"), budget="task", spent_nano=task_cost)
    return None


def advice_file(
    nudges: Sequence[NudgeRow],
    *,
    is_waiting: bool,
    block: Block | None,
    task_cost: int | None,
    day_cost: int,
    day_ends_at: int,
    compact_at: int | None,
    api_equivalent: bool,
) -> Advice:
    """The whole file; `nudges` in order of moment, the one for now first."""
    made = [file_nudge(row, is_waiting=is_waiting) for row in nudges]
    return Advice(
        nudge=made[0] if made else None,
        pending=made[1:],
        block=block,
        task_cost_nano=task_cost,
        today_cost_nano=day_cost,
        today_ends_at=day_ends_at,
        compact_at_tokens=compact_at,
        api_equivalent=api_equivalent,
    )


def local_day(now: int) -> str:
    """The local day of a time, as the ledger cuts days."""
    return local(now).date().isoformat()


def day_ends(now: int) -> int:
    """When the local day of a time ends, epoch ms."""
    return day_begins(local(now).date() + timedelta(days=1))


def _reason(spent: str, what: str) -> str:
    return f"Taximeter: {spent}. To go on: taximeter budget --help ([budget] {what}, hard_stop in settings.toml)"
